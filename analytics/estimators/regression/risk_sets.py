"""Who is at risk at each event time, as sums over patterns of covariates, and the sums over tied events.

Patients enter as rows that share a row of covariates (a *pattern*), are at risk from one event time to another, and
stand for a number of patients. What a fit costs depends on the rows and patterns, not on the number of patients.

Sources
-------
Efron (1977), Journal of the American Statistical Association 72:557, doi:10.1080/01621459.1977.10480613, and Breslow
(1974), Biometrics 30:89, doi:10.2307/2529620: tied event times.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array

from analytics.estimators.design import IntArray
from analytics.results import FloatArray

# Numbers of a table of event times by patterns that is kept; with more than the first, or than the second and four per
# row, sums over risk sets are running sums.
MAX_TABLE = 4_000_000
SMALL_TABLE = 1_000_000
_SMALLEST_TABLE = 20_000
# Tied events up to this number are summed one by one, more of them by the Euler-Maclaurin formula but for the last.
_MAX_TIES = 64
_LAST_TIES = 32


@dataclass(frozen=True, slots=True)
class RiskRows:
    """Rows of patients, one entry each: pattern, stratum, time, event (1 or 0), entry, and what they count for.

    ``n`` patients share a row; each counts ``weight`` times in the likelihood (1, or a sampling weight).
    """

    pattern: IntArray
    stratum: IntArray
    time: FloatArray
    event: FloatArray
    n: FloatArray
    weight: FloatArray
    entry: FloatArray | None = None


class RiskSets:
    """Who is at risk at each event time of each stratum (a *moment*), as sums over patterns.

    Moments are in the order of strata and of time. Row i is at risk at the moments ``first[i]`` to ``last[i]`` - 1;
    with an event, it has it at ``last[i]`` - 1. ``n_event`` counts the events at each moment, ``mean_weight`` is their
    mean weight; ``of_pattern`` is what the events of each pattern count for, ``total`` their sum. ``table`` is what
    those at risk count for and ``event_table`` what those with an event do, (moments, patterns), None if too large.
    """

    def __init__(self, rows: RiskRows, patterns: int) -> None:
        self.rows = rows
        self.patterns = patterns
        span = int(rows.stratum.max(initial=0)) + 1
        happened = rows.event > 0
        distinct, rank = np.unique(rows.time, return_inverse=True)
        reach = len(distinct) + 1
        key = rows.stratum * reach + rank
        keys = np.unique(key[happened])
        self.size = len(keys)
        self.stratum = keys // reach
        self.time = distinct[keys % reach] if len(keys) else np.zeros(0)
        self.bounds = np.searchsorted(keys, np.arange(span + 1) * reach)
        self.last = np.searchsorted(keys, key, side="right")
        self.first = self.bounds[rows.stratum]
        if rows.entry is not None:
            # At risk after the entry: from the first moment later than it.
            entered = np.searchsorted(distinct, rows.entry, side="right")
            self.first = np.searchsorted(keys, rows.stratum * reach + entered, side="left")
        counts = rows.n * rows.weight
        moment = self.last[happened] - 1
        self.n_event: FloatArray = np.bincount(moment, rows.n[happened], self.size).astype(np.float64)
        event_weight = np.bincount(moment, counts[happened], self.size)
        self.mean_weight = event_weight / self.n_event
        self.total = float((self.n_event * self.mean_weight).sum())
        self._happened = (moment, rows.pattern[happened], counts[happened])
        self.of_pattern: FloatArray = np.bincount(self._happened[1], self._happened[2], patterns).astype(np.float64)
        self._tie_sums: dict[str, TieSums] = {}
        # Products with a small table are quicker than with its few entries that are not 0.
        self.event_table = self._dense(*self._happened) if self.size * patterns <= _SMALLEST_TABLE else None
        self._events_at = self.events if self.event_table is None else self.event_table
        self._events_of = csr_array(self.events.T) if self.event_table is None else self.event_table.T
        seen = np.flatnonzero(self.first < self.last)
        late = seen[self.first[seen] > self.bounds[rows.stratum[seen]]]
        at = np.concatenate([self.last[seen] - 1, self.first[late] - 1])
        who = np.concatenate([rows.pattern[seen], rows.pattern[late]])
        steps = (at, who, np.concatenate([counts[seen], -counts[late]]))
        self.table: FloatArray | None = None
        if self.size * patterns > max(min(4 * len(rows.n), MAX_TABLE), SMALL_TABLE):
            self._steps = self._sparse(*steps)
            self._steps_of = csr_array(self._steps.T)
        else:
            self.table = self._backwards(self._dense(*steps))
            # Who has left and entered is taken off by subtraction: rounding must not pass for a patient.
            self.table[self.table < 0.5 * float(counts.min(initial=1.0))] = 0.0

    @cached_property
    def events(self) -> csr_array:
        """What the events count for, (moments, patterns)."""
        return self._sparse(*self._happened)

    def _sparse(self, moment: IntArray, pattern: IntArray, amount: FloatArray) -> csr_array:
        """A sparse table of moments by patterns, what falls in one place added up."""
        table = csr_array((amount, (moment, pattern)), shape=(self.size, self.patterns))
        table.sum_duplicates()
        return table

    def _dense(self, moment: IntArray, pattern: IntArray, amount: FloatArray) -> FloatArray:
        """The same with every entry."""
        sums = np.bincount(moment * self.patterns + pattern, amount, self.size * self.patterns)
        return sums.astype(np.float64, copy=False).reshape(self.size, self.patterns)

    def tie_sums(self, ties: str) -> TieSums:
        """The sums over tied events of Efron's or Breslow's likelihood."""
        if ties not in self._tie_sums:
            self._tie_sums[ties] = TieSums(self.n_event, ties)
        return self._tie_sums[ties]

    def _backwards(self, values: FloatArray) -> FloatArray:
        """Sums from each moment to the last of its stratum."""
        sums = np.empty_like(values)
        for start, end in zip(self.bounds[:-1].tolist(), self.bounds[1:].tolist(), strict=True):
            if end > start:
                sums[start:end] = np.cumsum(values[start:end][::-1], axis=0)[::-1]
        return sums

    def forwards(self, values: FloatArray) -> FloatArray:
        """Sums over the moments of a stratum before each place: one more row than moments, counted through all strata.

        The difference of the rows ``last`` and ``first`` of a row is its sum over the moments at which it is at risk.
        """
        return np.concatenate(
            [np.zeros_like(values[:1]) if len(values) else np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)]
        )

    def at_risk(self, values: FloatArray) -> FloatArray:
        """Sums of the patterns' ``values`` (patterns, ...) over those at risk at each moment."""
        if self.table is not None:
            return np.asarray(self.table @ values)
        return self._backwards(np.asarray(self._steps @ values))

    def over_time(self, values: FloatArray) -> FloatArray:
        """For each pattern the sum of the moments' ``values`` over moments and over its patients at risk then."""
        if self.table is not None:
            return np.asarray(self.table.T @ values)
        sums = np.empty_like(values)
        for start, end in zip(self.bounds[:-1].tolist(), self.bounds[1:].tolist(), strict=True):
            sums[start:end] = np.cumsum(values[start:end], axis=0)
        return np.asarray(self._steps_of @ sums)

    def among_events(self, values: FloatArray) -> FloatArray:
        """Sums of the patterns' ``values`` (patterns, ...) over those with an event at each moment."""
        return np.asarray(self._events_at @ values)

    def of_events(self, values: FloatArray) -> FloatArray:
        """For each pattern the sum of the moments' ``values`` over its events."""
        return np.asarray(self._events_of @ values)

    def refined(self, classes: IntArray) -> RiskSets:
        """The risk sets with the strata split by the class of each pattern."""
        r = self.rows
        _, stratum = np.unique(r.stratum * (int(classes.max(initial=0)) + 1) + classes[r.pattern], return_inverse=True)
        rows = RiskRows(r.pattern, stratum.astype(np.intp), r.time, r.event, r.n, r.weight, r.entry)
        return RiskSets(rows, self.patterns)

    def highest(self, score: FloatArray) -> tuple[IntArray, IntArray, IntArray]:
        """At each moment three patterns: the one at risk with the highest score, those with events of least and highest."""
        order = np.argsort(score, kind="stable")
        rank = np.empty(len(order), dtype=np.intp)
        rank[order] = np.arange(len(order))
        pointers, event_rank = self.events.indptr, rank[self.events.indices]
        least = np.minimum.reduceat(event_rank, pointers[:-1])
        most = np.maximum.reduceat(event_rank, pointers[:-1])
        if self.table is not None:
            top = np.where(self.table > 0, rank, -1).max(axis=1, initial=-1)
        else:
            top = np.full(self.size, -1)
            seen = self.first < self.last
            first, last, own = self.first[seen], self.last[seen], rank[self.rows.pattern[seen]]
            if self.rows.entry is None:
                np.maximum.at(top, last - 1, own)
                for start, end in zip(self.bounds[:-1].tolist(), self.bounds[1:].tolist(), strict=True):
                    top[start:end] = np.maximum.accumulate(top[start:end][::-1])[::-1]
            else:
                for moment in range(self.size):
                    top[moment] = own[(first <= moment) & (moment < last)].max()
        return order[top], order[least], order[most]


class TieSums:
    """Sums over tied events: with c = 0, 1/d, ..., (d - 1)/d and a share u, the sums of log(1 - cu) and 1/(1 - cu)^m.

    They are those of Efron's likelihood, where u is the share of the tied patients in the risk set's total hazard, or
    those of Breslow's (all c = 0).
    """

    def __init__(self, n_event: FloatArray, ties: str) -> None:
        self.n_event = n_event
        tied = np.flatnonzero(n_event > 1) if ties == "efron" else np.zeros(0, dtype=np.intp)
        self.tied = tied
        d = n_event[tied]
        # The number of terms left to the formula; the others are summed one by one.
        self.many = np.where(d > _MAX_TIES, d - _LAST_TIES, 0.0)
        count = (d - self.many).astype(np.intp)
        self.starts = np.concatenate([[0], np.cumsum(count)[:-1]]) if len(count) else np.zeros(0, dtype=np.intp)
        self.owner = np.repeat(np.arange(len(tied)), count)
        step = np.arange(int(count.sum())) - np.repeat(self.starts, count)
        self.share = (step + self.many[self.owner]) / d[self.owner]

    def sums(self, u: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """The sums of log(1 - cu), and of 1/(1 - cu) to the powers 1, 2 and 3, at each moment.

        ``u`` is (moments,) or, of several coefficient vectors, (moments, vectors).
        """
        logs = np.zeros_like(u)

        def along(values: FloatArray) -> FloatArray:
            return values if u.ndim == 1 else values[:, None]

        powers = [np.empty_like(u) for _ in range(3)]
        for power in powers:
            power[...] = along(self.n_event)
        if not len(self.tied):
            return logs, powers[0], powers[1], powers[2]
        own = u[self.tied]
        left = -along(self.share) * own[self.owner]
        logs[self.tied] = np.add.reduceat(np.log1p(left), self.starts)
        inverse = 1.0 / (1.0 + left)
        term = inverse
        for power in powers:
            power[self.tied] = np.add.reduceat(term, self.starts)
            term = term * inverse
        big = np.flatnonzero(self.many)
        if len(big):
            index = self.tied[big]
            formula = _euler_maclaurin(along(self.n_event[index]), along(self.many[big]), own[big])
            logs[index] += formula[0]
            for power, part in zip(powers, formula[1:], strict=True):
                power[index] += part
        return logs, powers[0], powers[1], powers[2]


def _euler_maclaurin(d: FloatArray, m: FloatArray, u: FloatArray) -> list[FloatArray]:
    """Sums over l = 0, ..., m - 1 of log(1 - lu/d) and of (1 - lu/d)^-1, -2 and -3, for d - m >= 32.

    The integral from 0 to m, less half the difference of the ends, plus B_2j / (2j)! times that of the derivatives of
    order 2j - 1 for j up to 4. The first term left out is below 1e-15 of the last term of the sum.
    """
    h = u / d
    v = m * h
    end = 1.0 - v
    log_end = np.log1p(-v)
    integrals = [
        (-end * log_end - v) / h,
        -log_end / h,
        m / end,
        m * (2.0 - v) / (2.0 * end**2),
    ]
    found = []
    for power, integral in enumerate(integrals):
        total = integral - 0.5 * (log_end if power == 0 else end**-power - 1.0)
        for order, coefficient in ((1, 1 / 12), (3, -1 / 720), (5, 1 / 30240), (7, -1 / 1209600)):
            # The derivative of order q of (1 - xh)^-s is h^q s (s + 1) ... (s + q - 1) (1 - xh)^(-s - q).
            if power == 0:
                rising, sign = math.factorial(order - 1), -1.0
            else:
                rising, sign = math.prod(range(power, power + order)), 1.0
            total = total + coefficient * sign * rising * h**order * (end ** -(power + order) - 1.0)
        found.append(total)
    return found
