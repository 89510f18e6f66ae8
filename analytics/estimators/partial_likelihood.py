"""The partial likelihood of a Cox model, plain or with Firth's penalty, and what follows from its maximum.

Patients enter as rows that share a row of covariates (a *pattern*), are at risk from one event time to another, and
stand for a number of patients. What a fit costs depends on the rows and patterns, not on the number of patients.

Sources
-------
Cox (1972), Journal of the Royal Statistical Society B 34:187, doi:10.1111/j.2517-6161.1972.tb00899.x: the likelihood.
Efron (1977), Journal of the American Statistical Association 72:557, doi:10.1080/01621459.1977.10480613, and Breslow
(1974), Biometrics 30:89, doi:10.2307/2529620: tied event times.
Heinze & Schemper (2001), Biometrics 57:114, doi:10.1111/j.0006-341X.2001.00114.x: Firth's penalty for this likelihood.
Lin & Wei (1989), Journal of the American Statistical Association 84:1074, doi:10.1080/01621459.1989.10478874: the
robust variance.
Venzon & Moolgavkar (1988), Applied Statistics 37:87, doi:10.2307/2347496: profile limits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.optimize import brentq
from scipy.sparse import csr_array
from scipy.special import chdtrc, ndtr, ndtri

from analytics.estimators.design import BoolArray, IntArray, Solution
from analytics.results import FloatArray

_MAX_STEP = 5.0
_MAX_ITERATIONS = 200
_MAX_EVALUATIONS = 400
_MAX_INNER_EVALUATIONS = 100
_MAX_LIMIT_STEPS = 60
# With so few events the penalised likelihood is searched for a second maximum, in so many coefficients, from starts so far
# from 0, and its profile at these multiples of the distance of a limit.
_FEW_EVENTS = 5
_FEW_COLUMNS = 4
_ELSEWHERE = 4.0
_BEYOND = (2.0, 4.0)
_DEEP = 1e3
_STEP_TOLERANCE = 1e-10
# Where only the height of a maximum is asked for: it is off by the square of the step.
_HEIGHT_TOLERANCE = 1e-6
_SMALLEST_GAIN = 1e-13
_ROUNDING = 1e-14
_MAX_HALVINGS = 60
# Steps that gain nothing any more and move no linear predictor farther than this (as a share) are rounding; on the way
# to infinity it moves by about 1.
_ROUNDED = 1e-4
_PATIENCE = 4
# A fit that gains nothing in steps longer than this is on its way to infinity; in shorter ones, at its maximum.
_LONG_STEP = 1e-3
# Beyond this range of the linear predictor a fit is taken to diverge; whether it does is for the caller to find out.
_DIVERGING = 40.0
# Linear predictors that far apart belong to patients of whom the lower one no longer counts beside the higher one: the
# part of the information that is lost is below 1e-12 for values 1e11 times as large as the others.
_APART = 80.0
# Beyond this range of the linear predictor it is looked for such gaps, and beyond the second exp would underflow.
WIDE = 2.0 * _APART
WIDEST = 600.0
# A limit further from the estimate than this (log hazard ratio per standard deviation), and than so many times Wald's
# distance, is taken not to exist; nor is an estimate whose standard error is larger.
_FAR = 50.0
_FAR_WALD = 5.0
# Steps of the short search for a limit, which needs about eight.
_QUICK = 20
_ASIDE = 1e-4
# A column adds nothing if the share of its variance in the risk sets that earlier columns leave is below this.
_COLLINEAR_TOLERANCE = 1e-11
# Numbers of a table of event times by patterns that is kept; with more than the first, or than the second and four per
# row, sums over risk sets are running sums.
_MAX_TABLE = 4_000_000
_SMALL_TABLE = 1_000_000
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
        self._tie_sums: dict[str, _TieSums] = {}
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
        if self.size * patterns > max(min(4 * len(rows.n), _MAX_TABLE), _SMALL_TABLE):
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

    def tie_sums(self, ties: str) -> _TieSums:
        """The sums over tied events of Efron's or Breslow's likelihood."""
        if ties not in self._tie_sums:
            self._tie_sums[ties] = _TieSums(self.n_event, ties)
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


class _TieSums:
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
        """The sums of log(1 - cu), and of 1/(1 - cu) to the powers 1, 2 and 3, at each moment."""
        logs = np.zeros_like(u)
        powers = [self.n_event.copy() for _ in range(3)]
        if not len(self.tied):
            return logs, powers[0], powers[1], powers[2]
        own = u[self.tied]
        left = -self.share * own[self.owner]
        logs[self.tied] = np.add.reduceat(np.log1p(left), self.starts)
        inverse = 1.0 / (1.0 + left)
        term = inverse
        for power in powers:
            power[self.tied] = np.add.reduceat(term, self.starts)
            term = term * inverse
        big = np.flatnonzero(self.many)
        if len(big):
            index = self.tied[big]
            formula = _euler_maclaurin(self.n_event[index], self.many[big], own[big])
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


@dataclass(frozen=True, slots=True)
class Moments:
    """What a coefficient vector makes of each moment: the sums from which likelihood, score and information follow.

    With S the total hazard at risk, the tied patients' share u of it, and the weights 1/(1 - cu) of Efron's successive
    risk sets, their covariate means are ``risk_mean``/(1 - cu) - ``event_mean`` cu/(1 - cu). ``w01``, ``w02``, ``w03``
    are the sums over c of 1/(1 - cu) to the powers 1 to 3. ``design`` is that of the likelihood, less a constant for each
    set of patterns that are never compared with others (:func:`told_apart`).
    """

    hazard: FloatArray
    risk: FloatArray
    event: FloatArray
    risk_mean: FloatArray
    event_mean: FloatArray
    d: FloatArray
    w01: FloatArray
    w02: FloatArray
    w03: FloatArray
    design: FloatArray

    @property
    def w11(self) -> FloatArray:
        """Sum of cu/(1 - cu)."""
        return self.w01 - self.d

    @property
    def w12(self) -> FloatArray:
        """Sum of cu/(1 - cu)^2."""
        return self.w02 - self.w01

    @property
    def w22(self) -> FloatArray:
        """Sum of (cu/(1 - cu))^2."""
        return self.w02 - 2.0 * self.w01 + self.d

    @property
    def mean(self) -> FloatArray:
        """The mean of the covariate means of Efron's successive risk sets."""
        total = self.w01[:, None] * self.risk_mean - self.w11[:, None] * self.event_mean
        return np.asarray(total / self.d[:, None])

    def hazard_means(self) -> tuple[FloatArray, FloatArray]:
        """Sums over c of (1, c) times the covariate mean over the total hazard of each successive risk set."""
        r, e = self.risk_mean, self.event_mean
        everyone = (self.w02[:, None] * r - self.w12[:, None] * e) / self.risk[:, None]
        tied = (self.w12[:, None] * r - self.w22[:, None] * e) / self.event[:, None]
        return everyone, tied


@dataclass(frozen=True, slots=True)
class Values:
    """Log-likelihood, score and information at one coefficient vector; penalised ones where there is a penalty."""

    log_likelihood: float
    score: FloatArray
    information: FloatArray


class PartialLikelihood:
    """The (penalised) log partial likelihood of a Cox model.

    At an event time with d tied patients, risk set hazard R and tied patients' hazard D, Efron's likelihood takes
    R - cD for c = 0, 1/d, ..., (d - 1)/d as successive denominators, each to the power of the mean weight of the tied
    patients; Breslow's takes R each time. The penalty is log|I|/2 with the information I; its score follows from the
    third cumulants of the covariates in the risk sets (Heinze & Schemper 2001, section 2).
    """

    def __init__(self, design: FloatArray, risk: RiskSets, ties: str, penalised: bool = False) -> None:
        self.design = design
        self.risk = risk
        self.ties = ties
        self.penalised = penalised
        self.n_event = risk.total
        self._ties = risk.tie_sums(ties)
        self._events = risk.of_pattern
        self._with_one = np.column_stack([np.ones(len(design)), design])
        # Where all who are at risk are alike, nothing depends on the coefficients: what is left of large covariates there
        # is rounding.
        self._compared: FloatArray | None = None
        self.has_far_value = float(np.abs(design).max(initial=0.0)) > WIDE
        if risk.table is not None and self.has_far_value:
            alike = (risk.table > 0).sum(axis=1) == 1
            self._compared = np.where(alike, 0.0, 1.0) if alike.any() else None

    @property
    def size(self) -> int:
        """Number of coefficients."""
        return int(self.design.shape[1])

    def with_columns(self, columns: Sequence[int], penalised: bool | None = None) -> PartialLikelihood:
        """The likelihood with some of the columns only."""
        chosen = self.penalised if penalised is None else penalised
        if chosen == self.penalised and list(columns) == list(range(self.size)):
            return self
        return PartialLikelihood(self.design[:, list(columns)], self.risk, self.ties, chosen)

    @cached_property
    def at_zero(self) -> tuple[Moments, FloatArray]:
        """The sums at coefficients of 0 and the information there."""
        at, _ = self.moments(np.zeros(self.size))
        return at, self.information(at, self._compared)

    def moments(self, beta: FloatArray) -> tuple[Moments, float]:
        """The sums at each moment and the log-likelihood without penalty (minus infinity where they underflow)."""
        eta, design, with_one = self.design @ beta, self.design, self._with_one
        is_order_kept = True
        shift, low = (float(eta.max()), float(eta.min())) if len(eta) else (0.0, 0.0)
        if shift - low > WIDE:
            classes = told_apart(eta)
            if classes.any():
                # Those with an event must be among the highest at risk: the others would add minus 80 or less.
                top, least, _ = self.risk.highest(eta)
                is_order_kept = bool((classes[top] == classes[least]).all())
                eta, design = closed_up(eta, design, beta, classes)
                with_one = np.column_stack([np.ones(len(design)), design])
                shift, low = float(eta.max()), float(eta.min())
            is_order_kept &= shift - low <= WIDEST
        hazard = np.exp(eta - shift)
        table = hazard[:, None] * with_one
        risk, event = self.risk.at_risk(table), self.risk.among_events(table)
        d, weight = self.risk.n_event, self.risk.mean_weight
        with np.errstate(divide="ignore", invalid="ignore"):
            u = np.minimum(event[:, 0] / risk[:, 0], 1.0)
            logs, w01, w02, w03 = self._ties.sums(u)
            value = float(self._events @ (eta - shift)) - float(weight @ (d * np.log(risk[:, 0]) + logs))
            found = Moments(
                hazard,
                risk[:, 0],
                event[:, 0],
                risk[:, 1:] / risk[:, :1],
                event[:, 1:] / event[:, :1],
                d,
                w01,
                w02,
                w03,
                design,
            )
        sound = is_order_kept and math.isfinite(value) and bool((event[:, 0] > 0).all())
        return found, value if sound else -math.inf

    def expected(self, at: Moments, factor: FloatArray | None = None) -> FloatArray:
        """The expected events of each pattern, each moment counted ``factor`` times."""
        weight = self.risk.mean_weight if factor is None else self.risk.mean_weight * factor
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            everyone = self.risk.over_time(weight * at.w01 / at.risk)
            return np.asarray(at.hazard * (everyone - self.risk.of_events(weight * at.w11 / at.event)))

    def score(self, at: Moments, factor: FloatArray | None = None, expected: FloatArray | None = None) -> FloatArray:
        """The score without penalty, each moment counted ``factor`` times; ``expected`` if it is known already."""
        observed = self._events if factor is None else self.risk.of_events(factor)
        return np.asarray((observed - (self.expected(at, factor) if expected is None else expected)) @ at.design)

    def information(
        self, at: Moments, factor: FloatArray | None = None, expected: FloatArray | None = None
    ) -> FloatArray:
        """The information, each moment counted ``factor`` times; ``expected`` if it is known already."""
        weight = self.risk.mean_weight if factor is None else self.risk.mean_weight * factor
        r, e = at.risk_mean, at.event_mean
        expected = self.expected(at, factor) if expected is None else expected
        total = (at.design * expected[:, None]).T @ at.design
        cross = (r * (weight * at.w12)[:, None]).T @ e
        total -= (r * (weight * at.w02)[:, None]).T @ r
        total -= (e * (weight * at.w22)[:, None]).T @ e
        total += cross + cross.T
        return np.asarray((total + total.T) / 2)

    def _penalty_score(self, at: Moments, inverse: FloatArray, expected: FloatArray) -> FloatArray:
        """Half the trace of V dI/db for V = I^-1.

        For each risk set with mean m it is half the mean of (x - m)'V(x - m) (x - m), expanded so that only sums over
        risk sets of x and x'Vx are needed.
        """
        design, weight = at.design, self.risk.mean_weight
        if self._compared is not None:
            weight = weight * self._compared
        turned = design @ inverse
        square = np.vecdot(turned, design)
        hazard = at.hazard * square
        square_risk = self.risk.at_risk(hazard) / at.risk
        square_event = self.risk.among_events(hazard) / at.event
        r, e = at.risk_mean, at.event_mean
        everyone, tied = at.hazard_means()
        along = self.risk.over_time(weight[:, None] * everyone) - self.risk.of_events(weight[:, None] * tied)
        of_pattern = expected * square - 2.0 * at.hazard * np.vecdot(turned, along)
        turned_risk = r @ inverse
        rr, re, ee = np.vecdot(turned_risk, r), np.vecdot(turned_risk, e), np.vecdot(e @ inverse, e)
        w12, w22 = at.w12, at.w22
        w13 = at.w03 - at.w02
        w23 = w13 - w12
        w33 = w23 - w22
        of_risk = 2.0 * (at.w03 * rr - 2.0 * w13 * re + w23 * ee) - at.w02 * square_risk + w12 * square_event
        of_event = 2.0 * (2.0 * w23 * re - w13 * rr - w33 * ee) + w12 * square_risk - w22 * square_event
        return np.asarray(0.5 * (of_pattern @ design + (weight * of_risk) @ r + (weight * of_event) @ e))

    def evaluate(self, beta: FloatArray) -> Values:
        """All that a Newton step needs."""
        at, value = self.moments(beta)
        if not math.isfinite(value):
            return Values(-math.inf, np.zeros(self.size), np.eye(self.size))
        expected = self.expected(at, self._compared)
        score = self.score(at, self._compared, expected)
        information = self.information(at, self._compared, expected)
        if not math.isfinite(float(score.sum()) + float(information.sum())):
            return Values(-math.inf, np.zeros(self.size), np.eye(self.size))
        if self.penalised and self.size:
            sign, log_determinant = np.linalg.slogdet(information)
            if sign <= 0 or not math.isfinite(log_determinant):
                return Values(-math.inf, score, information)
            value += 0.5 * float(log_determinant)
            score = score + self._penalty_score(at, inverse_of(information), expected)
        return Values(value, score, information)

    def plain(self, beta: FloatArray) -> float:
        """The log-likelihood without penalty."""
        return self.moments(beta)[1]


def told_apart(eta: FloatArray) -> IntArray:
    """Numbers, ascending with the linear predictor, for sets of patterns with a wide gap between them; 0 for the largest.

    Beside a higher set in a risk set, a lower one does not count.
    """
    order = np.argsort(eta, kind="stable")
    classes = np.empty(len(eta), dtype=np.intp)
    classes[order] = np.concatenate([[0], np.cumsum(np.diff(eta[order]) > _APART)])
    return classes - np.argmax(np.bincount(classes))


def closed_up(
    eta: FloatArray, design: FloatArray, beta: FloatArray, classes: IntArray
) -> tuple[FloatArray, FloatArray]:
    """The linear predictor with all wide gaps just wide enough, and the design less a constant for each set.

    The sets being compared within themselves only, this changes nothing but the rounding: what is 1e11 times as large
    as all else would drown it. The set numbered 0 stays where it is.
    """
    design = design.copy()
    names, first = np.unique(classes, return_index=True)
    for name, place in zip(names.tolist(), first.tolist(), strict=True):
        if name:
            own = classes == name
            design[own] = design[own] - design[place]
    inner = np.where(classes == 0, eta, design @ beta)
    low, high = (
        f.reduceat(inner[np.argsort(classes, kind="stable")], _starts(classes)) for f in (np.minimum, np.maximum)
    )
    base = np.cumsum(np.concatenate([[0.0], _APART + high[:-1] - low[1:]]))
    base -= base[int(np.searchsorted(names, 0))]
    return inner + base[np.searchsorted(names, classes)], design


def _starts(classes: IntArray) -> IntArray:
    """Where each class begins among the sorted ones."""
    ordered = np.sort(classes, kind="stable")
    return np.flatnonzero(np.concatenate([[True], np.diff(ordered) > 0]))


@dataclass(frozen=True, slots=True)
class Optimum:
    """Where a maximisation ended; ``curvature`` is what it took for the negative second derivative there."""

    beta: FloatArray
    values: Values
    converged: bool
    curvature: FloatArray


def inverse_of(matrix: FloatArray) -> FloatArray:
    """The inverse; NaN for a singular matrix."""
    try:
        return np.asarray(np.linalg.inv(matrix), dtype=np.float64)
    except np.linalg.LinAlgError:
        return np.full_like(matrix, np.nan)


def ascent(curvature: FloatArray, score: FloatArray) -> FloatArray:
    """A Newton step that surely ascends: with what rounding has made indefinite taken for its size."""
    scale = np.sqrt(np.abs(np.diag(curvature)))
    scale = np.where(scale > 0, scale, 1.0)
    values, vectors = np.linalg.eigh(curvature / np.outer(scale, scale))
    sizes = np.maximum(np.abs(values), 1e-12)
    return np.asarray(vectors @ ((vectors.T @ (score / scale)) / sizes) / scale)


def _solve(matrix: FloatArray, right: FloatArray) -> FloatArray:
    try:
        return np.asarray(np.linalg.solve(matrix, right), dtype=np.float64)
    except np.linalg.LinAlgError:
        return np.asarray(np.linalg.lstsq(matrix, right, rcond=None)[0])


def maximise(
    likelihood: PartialLikelihood,
    start: FloatArray,
    free: BoolArray | None = None,
    curvature: FloatArray | None = None,
    tolerance: float = _STEP_TOLERANCE,
    most: int = _MAX_EVALUATIONS,
) -> Optimum:
    """The maximum of the likelihood over the ``free`` coefficients, the others staying at ``start``.

    Newton's method with step halving. The penalised likelihood has no closed second derivative here: its curvature
    starts as the information, or as the ``curvature`` of an earlier maximisation, and learns from the change of the
    score along each step (the BFGS update), and it ends at a step below ``tolerance``, or unconverged after about
    ``most`` evaluations.
    """
    free = np.ones(likelihood.size, dtype=bool) if free is None else free
    beta = start.copy()
    values = likelihood.evaluate(beta)
    if not math.isfinite(values.log_likelihood):
        beta = np.where(free, 0.0, start)
        values = likelihood.evaluate(beta)
    if not free.any() or not math.isfinite(values.log_likelihood):
        return Optimum(beta, values, math.isfinite(values.log_likelihood), values.information)
    within = np.ix_(free, free)
    block = (values.information if curvature is None or not likelihood.penalised else curvature)[within]

    def end(converged: bool) -> Optimum:
        learned = values.information.copy()
        learned[within] = block
        return Optimum(beta, values, converged, learned)

    idle = evaluated = 0
    for _ in range(_MAX_ITERATIONS):
        if evaluated > most:
            break
        score = values.score[free]
        step = _solve(block, score)
        if not np.isfinite(step).all() or step @ score < 0:
            block = values.information[within]
            step = _solve(block, score)
            if not np.isfinite(step).all() or step @ score < 0:
                step = ascent(block, score)
        step *= min(1.0, max(_MAX_STEP, float(np.abs(beta).max())) / max(float(np.abs(step).max()), 1e-300))
        size = 1.0 + abs(values.log_likelihood)
        largest = float(np.abs(step).max())
        trial_beta = beta.copy()
        for _halving in range(_MAX_HALVINGS):
            trial_beta[free] = beta[free] + step
            trial = likelihood.evaluate(trial_beta)
            evaluated += 1
            if trial.log_likelihood >= values.log_likelihood - _SMALLEST_GAIN * size:
                break
            step = step / 2.0
        else:
            # No ascent is left: rounding is all there is to gain.
            return end(_moved(likelihood, free, step * 2.0**_MAX_HALVINGS, beta) <= _ROUNDED)
        # Along a direction without block steps never end and gain nothing.
        idle = idle + 1 if trial.log_likelihood - values.log_likelihood <= _SMALLEST_GAIN * size else 0
        change = values.score[free] - trial.score[free]
        beta, values = trial_beta, trial
        enough = tolerance if likelihood.penalised else 1e-7
        done = largest <= enough * (1.0 + float(np.abs(beta).max()))
        # Of a value 1e6 times as large as the others a step of 1e-6 is a long one.
        done = done and _moved(likelihood, free, step, beta) <= 10.0 * enough
        if done or idle >= _PATIENCE:
            return end(bool(done or _moved(likelihood, free, step, beta) <= _ROUNDED))
        if not likelihood.penalised:
            eta = likelihood.design @ beta
            if idle and largest > _LONG_STEP and float(np.ptp(eta)) > _DIVERGING:
                return end(False)
            block = values.information[within]
        elif float(step @ change) > 1e-12 * float(step @ step):
            block = _learned(block, step, change)
        else:
            block = values.information[within]
    return end(False)


def _moved(likelihood: PartialLikelihood, free: BoolArray, step: FloatArray, beta: FloatArray) -> float:
    """How far a step moves any linear predictor, as a share where that is large."""
    eta = np.abs(likelihood.design @ beta)
    return float((np.abs(likelihood.design[:, free] @ step) / (1.0 + eta)).max(initial=0.0))


def independent_columns(likelihood: PartialLikelihood) -> list[int]:
    """Indices of the columns that earlier ones do not make up within the risk sets: the later column is left out.

    A combination of columns that is the same for all who are at risk together has no variance in any risk set, which
    is what the information at coefficients of 0 adds up.
    """
    at, left = likelihood.at_zero
    own = np.diag(left).copy()
    kept: list[int] = []
    # Sums of squares over those at risk, of which the variance is what is left once the means are taken off.
    rounding = 1e-2 * (likelihood.expected(at) @ likelihood.design**2) if len(likelihood.design) else own
    floor = _COLLINEAR_TOLERANCE * (own + rounding)
    for index in range(likelihood.size):
        pivot = float(left[index, index])
        if pivot > floor[index]:
            kept.append(index)
            left = left - np.outer(left[:, index], left[index]) / pivot
    return kept


def columns_making_up(likelihood: PartialLikelihood, index: int, kept: Sequence[int]) -> list[int]:
    """Indices of those ``kept`` columns before column ``index`` of which it is a combination within the risk sets."""
    _, information = likelihood.at_zero
    earlier = [column for column in kept if column < index]
    share = np.linalg.lstsq(information[np.ix_(earlier, earlier)], information[earlier, index], rcond=None)[0]
    return [column for column, part in zip(earlier, share, strict=True) if abs(part) > 1e-6]


def likelihood_ratio(likelihood: PartialLikelihood, optimum: Optimum, drop: BoolArray) -> float:
    """Twice the fall of the (penalised) log-likelihood when the ``drop`` coefficients are fixed at 0; NaN if not found.

    With the penalty, the information keeps the fixed coefficients' rows and columns (Heinze & Schemper 2001, section
    2), which is not the same as fitting the smaller model.
    """
    best, inverse = optimum.beta, inverse_of(optimum.values.information)
    moved = best - inverse[:, drop] @ _solve(inverse[np.ix_(drop, drop)], best[drop])
    start = np.where(drop, 0.0, moved)
    restricted = maximise(likelihood, start, ~drop, optimum.curvature, _HEIGHT_TOLERANCE)
    if is_tiny(likelihood):
        others = (np.where(drop, 0.0, best), np.zeros(likelihood.size))
        more = [maximise(likelihood, other, ~drop, None, _HEIGHT_TOLERANCE) for other in others]
        restricted = _higher([restricted, *more])
    if not restricted.converged:
        return math.nan
    return max(2.0 * (optimum.values.log_likelihood - restricted.values.log_likelihood), 0.0)


def _quick_limit(
    likelihood: PartialLikelihood, optimum: Optimum, index: int, side: float, critical: float
) -> float | None:
    """The limit of :func:`profile_limit` beside at most one other coefficient; None where the search does not settle.

    Newton's method on r, while the other coefficient takes one step to its maximum each time (Venzon & Moolgavkar
    1988). What is left to gain from it is half its step times its score, up to third order in the step.
    """
    best, peak = optimum.beta, optimum.values.log_likelihood
    inverse = inverse_of(optimum.values.information)
    reach = critical * math.sqrt(float(inverse[index, index]))
    others = np.arange(likelihood.size) != index
    curvature, beta = optimum.curvature, best + side * reach * inverse[index] / inverse[index, index]
    last_beta, last_score = best, optimum.values.score
    for _ in range(_QUICK):
        beta[index] = best[index] + side * reach
        values = likelihood.evaluate(beta)
        if not math.isfinite(values.log_likelihood):
            return None
        moved, change = beta - last_beta, last_score - values.score
        if float(moved @ change) <= 0.0:
            return None
        curvature = _learned(curvature, moved, change) if likelihood.penalised else values.information
        beyond = curvature[others, index]
        both = _solve(curvature[np.ix_(others, others)], np.column_stack([values.score[others], beyond]))
        step, tangent = both[:, 0], -both[:, 1]
        root = math.sqrt(max(2.0 * (peak - values.log_likelihood) - float(values.score[others] @ step), 0.0))
        slope = -side * float(values.score[index] - beyond @ step)
        if slope <= 0.0:
            return None
        further = (critical - root) * root / slope
        largest = float(np.abs(step).max(initial=0.0))
        if not abs(further) <= 0.5 * reach or not largest <= 1.0:
            return None
        if abs(further) <= 1e-8 * reach + _ROUNDING * abs(float(best[index])) and largest <= 1e-6:
            # The score of the other coefficient falls beside a maximum, and not beside a minimum.
            is_peak = not others.any() or bool(
                (likelihood.evaluate(beta + _ASIDE * others).score < values.score)[others].all()
            )
            return float(best[index] + side * (reach + further)) if is_peak else None
        last_beta, last_score, beta = beta, values.score, beta.copy()
        beta[others] += step + side * further * tangent
        reach += further
    return None


def _learned(curvature: FloatArray, step: FloatArray, change: FloatArray) -> FloatArray:
    """The curvature after the score has fallen by ``change`` along a step (the BFGS update)."""
    pushed = curvature @ step
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        # Far out the penalty's score has no bounds; what is not finite is thrown away by the next step.
        return np.asarray(
            curvature
            - np.outer(pushed, pushed) / float(step @ pushed)
            + np.outer(change, change) / float(step @ change)
        )


def highest_maximum(likelihood: PartialLikelihood) -> Optimum:
    """The maximum over all coefficients; with few events and the penalty, the highest that several starts lead to.

    The likelihood is concave, but with the penalty it may have two maxima in tiny samples.
    """
    first = maximise(likelihood, np.zeros(likelihood.size))
    if not is_tiny(likelihood):
        return first
    found = [first]
    for index in range(likelihood.size):
        for side in (-_ELSEWHERE, _ELSEWHERE):
            start = np.zeros(likelihood.size)
            start[index] = side
            there = likelihood.evaluate(start)
            # Where it falls on the way out, it most likely leads back to the same maximum.
            if math.isfinite(there.log_likelihood) and there.score[index] * side > 0.0:
                found.append(maximise(likelihood, start))
    return _higher(found)


def is_tiny(likelihood: PartialLikelihood) -> bool:
    """True if the penalised likelihood may have more than one maximum: it rests on very few events.

    Beside a value far from all others, the maxima are as far apart as that, and no search on a grid meets them.
    """
    is_small = 0 < likelihood.size <= _FEW_COLUMNS and likelihood.n_event <= _FEW_EVENTS
    return likelihood.penalised and is_small and not likelihood.has_far_value


def _higher(found: Sequence[Optimum]) -> Optimum:
    """The first of the optima that no other is clearly higher than, one that has converged before one that has not."""
    best = found[0]
    for other in found[1:]:
        gain = other.values.log_likelihood - best.values.log_likelihood
        if other.converged and (not best.converged or gain > _HEIGHT_TOLERANCE):
            best = other
    return best


class _Profile:
    """The likelihood at a distance of one coefficient from its estimate, at the highest maximum of all others."""

    def __init__(
        self, likelihood: PartialLikelihood, optimum: Optimum, index: int, side: float, critical: float
    ) -> None:
        self.likelihood, self.optimum, self.index, self.side = likelihood, optimum, index, side
        self.target_fall = critical**2 / 2.0
        self.target = optimum.values.log_likelihood - self.target_fall
        self.free = np.ones(likelihood.size, dtype=bool)
        self.free[index] = False
        self.before = optimum.beta

    def excess(self, distance: float) -> float:
        """How far the profile is above the target; minus infinity where it cannot be found."""
        found = []
        for others in (self.before, self.optimum.beta, np.zeros(self.likelihood.size)):
            start = others.copy()
            start[self.index] = self.optimum.beta[self.index] + self.side * distance
            found.append(maximise(self.likelihood, start, self.free, None, _HEIGHT_TOLERANCE, _MAX_INNER_EVALUATIONS))
            if not self.free.any():
                break
        best = _higher(found)
        self.before = best.beta
        return best.values.log_likelihood - self.target if best.converged else -math.inf

    def is_outermost(self, distance: float) -> bool:
        """True if the profile meets the target at a distance and lies below it at some points beyond."""
        if abs(self.excess(distance)) > 1e-6:
            return False
        return all(self.excess(far * distance) < 0.0 for far in _BEYOND)

    def outermost(self, reach: float) -> float:
        """The largest distance at which the profile meets the target; NaN if there is none within reason."""
        farthest = max(_FAR, _FAR_WALD * reach)
        grid = [0.0, *(reach * np.geomspace(0.1, 10.0, 16)).tolist()]
        while grid[-1] < farthest:
            grid.append(2.0 * grid[-1])
        excess = [self.target_fall, *(self.excess(distance) for distance in grid[1:])]
        last = max(place for place, value in enumerate(excess) if value >= 0.0)
        if last == len(grid) - 1:
            return math.nan
        ends = {grid[last]: excess[last], grid[last + 1]: max(excess[last + 1], -_DEEP)}

        def of(distance: float) -> float:
            # At the ends the search may find another maximum of the others the second time.
            return ends[distance] if distance in ends else max(self.excess(distance), -_DEEP)

        return float(brentq(of, grid[last], grid[last + 1], xtol=1e-9))


def profile_limit(likelihood: PartialLikelihood, optimum: Optimum, index: int, side: float, critical: float) -> float:
    """The value of a coefficient at which the profile likelihood lies critical**2 / 2 below its maximum; NaN if none.

    Newton's method, kept in a bracket, on the signed root r = sqrt(2 (l_max - l)), which is close to a straight line;
    its slope is -U_j / r because the score of the others is 0. With at most one other coefficient, a shorter search is
    tried first; with more, it might end beside a higher maximum of the others. Where the penalised likelihood may have
    several maxima, the limit is the outermost such value, so that limits of a higher level enclose those of a lower one.
    """
    quick = _quick_limit(likelihood, optimum, index, side, critical) if likelihood.size <= 2 else None
    if is_tiny(likelihood):
        profile = _Profile(likelihood, optimum, index, side, critical)
        if quick is not None and profile.is_outermost(side * (quick - float(optimum.beta[index]))):
            return quick
        reach = critical * math.sqrt(float(inverse_of(optimum.values.information)[index, index]))
        return float(optimum.beta[index] + side * profile.outermost(reach))
    if quick is not None:
        return quick
    best, peak = optimum.beta, optimum.values.log_likelihood
    inverse = inverse_of(optimum.values.information)
    reach = critical * math.sqrt(float(inverse[index, index]))
    farthest = max(_FAR, _FAR_WALD * reach)
    free = np.ones(likelihood.size, dtype=bool)
    free[index] = False
    inside, outside = 0.0, math.inf
    curvature = optimum.curvature
    beta = best + side * reach * inverse[index] / inverse[index, index]
    for _ in range(_MAX_LIMIT_STEPS):
        beta[index] = best[index] + side * reach
        inner = maximise(likelihood, beta, free, curvature, _HEIGHT_TOLERANCE, _MAX_INNER_EVALUATIONS)
        if inner.values.log_likelihood == -math.inf and outside - inside > 1e-10 * reach:
            # Beyond what can be written, and so below the target.
            outside, reach = reach, (inside + reach) / 2.0
            beta = best + side * reach * inverse[index] / inverse[index, index]
            continue
        curvature = inner.curvature
        if not inner.converged:
            return math.nan
        root = math.sqrt(max(2.0 * (peak - inner.values.log_likelihood), 0.0))
        slope = -side * float(inner.values.score[index])
        if root < critical:
            inside = reach
        else:
            outside = reach
        newton = reach + (critical - root) * root / slope if slope > 0 else math.nan
        # Where one value is 1e10 times the others, a limit may lie 1e-9 from the estimate.
        if abs(newton - reach) <= 1e-8 * reach + _ROUNDING * abs(float(best[index])):
            return float(best[index] + side * newton)
        if outside - inside <= 1e-10 * reach:
            # So steep is the fall beside a value far from all others that the limit lies between two that nothing parts.
            return float(best[index] + side * outside)
        if root < critical and reach > farthest:
            return math.nan
        upper = min(outside, 3.0 * reach)
        if not (inside < newton < upper):
            newton = (inside + upper) / 2.0 if math.isfinite(outside) else 2.0 * reach
        beta = inner.beta.copy()
        if free.any():
            information = inner.values.information
            tangent = -_solve(information[np.ix_(free, free)], information[free, index])
            beta[free] += side * (newton - reach) * tangent
        reach = newton
    return math.nan


def solve_model(
    likelihood: PartialLikelihood,
    optimum: Optimum,
    wanted: Sequence[int],
    conf_type: str,
    conf_level: float,
    covariance: FloatArray | None = None,
) -> Solution:
    """Standard errors, limits and p values of the ``wanted`` coefficients at an optimum over all coefficients.

    ``covariance`` replaces the inverse of the information where it is given (a robust one).
    """
    critical = float(ndtri((1.0 + conf_level) / 2.0))
    beta, size = optimum.beta, likelihood.size
    model = inverse_of(optimum.values.information)
    with np.errstate(invalid="ignore"):
        estimable = np.asarray(np.sqrt(np.diag(model)) <= _FAR, dtype=bool)
        std_error = np.sqrt(np.diag(model if covariance is None else covariance))
    low, high, p_value = (np.full(size, np.nan) for _ in range(3))
    index = [i for i in wanted if estimable[i]]
    if conf_type == "wald":
        low, high = beta - critical * std_error, beta + critical * std_error
    else:
        for i in index:
            low[i] = profile_limit(likelihood, optimum, i, -1.0, critical)
            high[i] = profile_limit(likelihood, optimum, i, 1.0, critical)
    fall = None
    if conf_type == "profile":
        # The test that goes with the interval: its p is below 0.05 just where the 95 % interval leaves out 1.
        fall = np.full(size, np.nan)
        for i in index:
            fall[i] = likelihood_ratio(likelihood, optimum, np.arange(size) == i)
        p_value = np.asarray(chdtrc(1, fall), dtype=np.float64)
    else:
        with np.errstate(divide="ignore", invalid="ignore"):
            p_value = 2.0 * ndtr(-np.abs(beta / std_error))
    return Solution(beta, std_error, low, high, p_value, estimable, likelihood.plain(beta), fall)


def robust_covariance(likelihood: PartialLikelihood, optimum: Optimum, cluster: IntArray | None = None) -> FloatArray:
    """The covariance of the coefficients that holds for weighted or dependent rows (Lin & Wei 1989, with Efron's ties).

    ``cluster`` numbers the rows of the risk sets; without it, each patient of a row is a cluster.
    """
    inverse = inverse_of(optimum.values.information)
    risk = likelihood.risk
    at, _ = likelihood.moments(optimum.beta)
    weight = risk.mean_weight
    everyone, tied = at.hazard_means()
    rows = risk.rows
    happened = rows.event > 0
    own = np.clip(risk.last - 1, 0, None)
    x = at.design[rows.pattern]
    baseline = risk.forwards((weight * at.w01 / at.risk)[:, None])[:, 0]
    weighted = risk.forwards(weight[:, None] * everyone)
    last, first = np.maximum(risk.last, risk.first), risk.first
    exposure = baseline[last] - baseline[first]
    passed = weighted[last] - weighted[first]
    residual = np.zeros_like(x)
    if len(at.d):
        spared = np.where(happened, (weight * at.w11 / at.event)[own], 0.0)
        spared_mean = np.where(happened[:, None], (weight[:, None] * tied)[own], 0.0)
        hazard = at.hazard[rows.pattern][:, None]
        residual = np.where(happened[:, None], x - at.mean[own], 0.0)
        residual -= hazard * (x * (exposure - spared)[:, None] - (passed - spared_mean))
    influence = (residual * rows.weight[:, None]) @ inverse
    if cluster is None:
        return np.asarray((influence * rows.n[:, None]).T @ influence)
    total = np.zeros((int(cluster.max(initial=-1)) + 1, likelihood.size))
    np.add.at(total, cluster, influence * rows.n[:, None])
    return np.asarray(total.T @ total)
