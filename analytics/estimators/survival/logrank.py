"""Tests that compare groups in their time to an event: log-rank and weighted forms, by pairs, and for trend.

At each time with events, d of the n patients at risk have one. Were the groups alike, the d would be spread over them
as in a draw without replacement, which gives the expected events and their (hypergeometric) covariance; both are
summed over times and strata.

Sources
-------
Mantel (1966), Cancer Chemotherapy Reports 50:163; Peto & Peto (1972), Journal of the Royal Statistical Society A
135:185, doi:10.2307/2344317: the log-rank test and the weights S~.
Tarone & Ware (1977), Biometrika 64:156, doi:10.1093/biomet/64.1.156: K groups and the weights sqrt(n).
Harrington & Fleming (1982), Biometrika 69:553, doi:10.1093/biomet/69.3.553; Fleming & Harrington (1991), Counting
Processes and Survival Analysis, section 7.1: the weights S^rho (1 - S)^gamma.
Tarone (1975), Biometrika 62:679, doi:10.1093/biomet/62.3.679: the test for trend.
Klein & Moeschberger (2003), Survival Analysis, 2nd edition, sections 7.3 to 7.5: all of these side by side.
Holm (1979), Scandinavian Journal of Statistics 6:65; Benjamini & Hochberg (1995), Journal of the Royal Statistical
Society B 57:289, doi:10.1111/j.2517-6161.1995.tb02031.x: adjustment for several tests.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc

from analytics.estimators.multiplicity import Adjust, adjust_p_values
from analytics.estimators.observations import (
    NO_PATIENTS,
    Labels,
    Observations,
)
from analytics.results import CellNoise, FloatArray, GroupCount, Note, PairwiseTest, Reason, TestResult

Weighting = Literal["logrank", "peto", "tarone-ware", "fleming-harrington"]

_METHODS: dict[str, str] = {
    "logrank": "log-rank test",
    "peto": "Peto–Peto test",
    "tarone-ware": "Tarone–Ware test",
    "fleming-harrington": "Fleming–Harrington test",
}
_TREND = "log-rank test for trend"


@dataclass(frozen=True, slots=True)
class _Weights:
    """Which weight an event time gets; ``rho`` and ``gamma`` are those of Fleming & Harrington."""

    weighting: Weighting = "logrank"
    rho: float = 0
    gamma: float = 0

    def __post_init__(self) -> None:
        if self.weighting not in _METHODS:
            raise ValueError(f"weighting must be one of {', '.join(_METHODS)}: it is {self.weighting!r}.")
        for name, power in (("rho", self.rho), ("gamma", self.gamma)):
            if not (math.isfinite(power) and power >= 0):
                raise ValueError(f"{name} must be finite and >= 0: it is {power}.")
        if self.weighting != "fleming-harrington" and (self.rho or self.gamma):
            raise ValueError(
                f"rho and gamma have no meaning for weighting {self.weighting!r}: they are {self.rho:g} and "
                f"{self.gamma:g}. Use weighting='fleming-harrington', or leave them out."
            )

    @property
    def method(self) -> str:
        if self.weighting == "fleming-harrington":
            return f"{_METHODS[self.weighting]} (rho = {self.rho:g}, gamma = {self.gamma:g})"
        return _METHODS[self.weighting]

    def at(self, n_event: FloatArray, n_risk: FloatArray) -> FloatArray:
        """The weights at the event times of one stratum, in ascending order."""
        if self.weighting == "tarone-ware":
            return np.sqrt(n_risk)
        if self.weighting == "peto":
            return np.asarray(np.cumprod(1 - n_event / (n_risk + 1)))
        survival = np.cumprod((n_risk - n_event) / n_risk)
        before = np.concatenate([[1.0], survival[:-1]])
        return np.asarray(before**self.rho * (1 - before) ** self.gamma)


@dataclass(frozen=True, slots=True)
class _Sample:
    """Rows of a test: times as ranks, so that pairs of groups are cut out without checking them again.

    A row is at risk at the ranks from ``start`` to ``rank``, both included; ``start`` is None without delayed entry.
    """

    rank: NDArray[np.intp]
    start: NDArray[np.intp] | None
    event: FloatArray
    weight: FloatArray
    group: Labels
    strata: Labels | None

    @classmethod
    def from_arrays(cls, time: Any, event: Any, group: Any, weight: Any, strata: Any, entry: Any = None) -> _Sample:
        data = Observations.from_arrays(time, event, weight, entry)
        groups = Labels.from_values("group", group, data.kept)
        blocks = None if strata is None else Labels.from_values("strata", strata, data.kept)
        distinct, rank = np.unique(data.time, return_inverse=True)
        # At risk in (entry, time]: not yet at a time equal to the entry.
        start = None if data.entry is None else np.searchsorted(distinct, data.entry, side="right")
        return cls(rank, start, data.event, data.weight, groups, blocks)

    def only(self, codes: Sequence[int]) -> _Sample:
        """The rows of some groups alone."""
        rows = np.isin(self.group.codes, codes)
        place = np.zeros(len(self.group.names), dtype=np.intp)
        place[list(codes)] = np.arange(len(codes))
        names = tuple(self.group.names[code] for code in codes)
        strata = None if self.strata is None else Labels(self.strata.codes[rows], self.strata.names)
        group = Labels(place[self.group.codes[rows]], names)
        start = None if self.start is None else self.start[rows]
        return _Sample(self.rank[rows], start, self.event[rows], self.weight[rows], group, strata)

    def occupied(self) -> list[int]:
        """The codes of the groups that have patients, in group order."""
        return np.flatnonzero(np.bincount(self.group.codes, minlength=len(self.group.names))).tolist()


@dataclass(frozen=True, slots=True)
class _Score:
    """Per group patients, observed and expected (weighted) events; the covariance of their difference.

    ``parts`` numbers the sets of groups that can be compared: two groups are in one set if, directly or by way of
    others, they were at risk together at an informative event time. The covariance has full rank but one in each set.
    """

    names: tuple[str, ...]
    n: FloatArray
    observed: FloatArray
    expected: FloatArray
    variance: FloatArray
    parts: NDArray[np.intp]
    n_event: float
    events: FloatArray

    @classmethod
    def from_sample(cls, sample: _Sample, weights: _Weights) -> _Score:
        """Sums over the event times of all strata; every group of the sample has patients."""
        size = len(sample.group.names)
        span = int(sample.rank.max()) + 1 if len(sample.rank) else 1
        stratum = 0 if sample.strata is None else sample.strata.codes * span
        key = stratum + sample.rank
        moments, position = np.unique(key, return_inverse=True)
        cell = position * size + sample.group.codes
        shape = (len(moments), size)
        removed = np.bincount(cell, sample.weight, len(moments) * size).reshape(shape)
        events = np.bincount(cell, sample.weight * sample.event, len(moments) * size).reshape(shape)
        block = moments // span
        # Strata follow one another, so whoever belongs to a later stratum is taken off again.
        block_end = np.searchsorted(block, block, side="right")
        later = _sums_from(removed)
        at_risk = later[:-1] - later[block_end]
        if sample.start is not None:
            cell = np.searchsorted(moments, stratum + sample.start) * size + sample.group.codes
            entering = _sums_from(np.bincount(cell, sample.weight, len(moments) * size).reshape(shape))
            at_risk = at_risk - (entering[1:] - entering[block_end])

        n_event = events.sum(axis=1)
        informative = n_event > 0
        events, at_risk, n_event, block = (
            events[informative],
            at_risk[informative],
            n_event[informative],
            block[informative],
        )
        n_risk = at_risk.sum(axis=1)
        starts = np.concatenate([[0], np.flatnonzero(np.diff(block)) + 1, [len(block)]])
        weight = np.concatenate(
            [np.zeros(0)]
            + [weights.at(n_event[a:b], n_risk[a:b]) for a, b in itertools.pairwise(starts.tolist()) if b > a]
        )
        share = at_risk / n_risk[:, None]
        scale = weight**2 * n_event * (n_risk - n_event) / np.maximum(n_risk - 1, 1)
        variance = -share.T @ (scale[:, None] * share)
        parts = _connected(variance < 0)
        variance[np.diag_indices(size)] += scale @ share
        return cls(
            names=sample.group.names,
            n=np.bincount(sample.group.codes, sample.weight, size).astype(np.float64),
            observed=weight @ events,
            expected=(weight * n_event) @ share,
            variance=variance,
            parts=parts,
            n_event=float(n_event.sum()),
            events=events.sum(axis=0),
        )

    @property
    def counts(self) -> tuple[GroupCount, ...]:
        rows = zip(self.names, self.n, self.observed, self.expected, self.events, strict=True)
        return tuple(GroupCount(name, round(n), float(o), float(e), float(d)) for name, n, o, e, d in rows)

    @property
    def n_parts(self) -> int:
        return int(self.parts.max()) + 1 if len(self.parts) else 0

    @property
    def reason(self) -> Reason | None:
        """Why the groups cannot be compared; None where they can."""
        if not self.names:
            return NO_PATIENTS
        if len(self.names) == 1:
            return Reason("one-group")
        if not self.n_event:
            return Reason("no-events")
        if self.n_parts == len(self.names):
            return Reason("no-event-compares")
        return None

    @property
    def notes(self) -> tuple[Note, ...]:
        """Groups that are listed but do not take part in the comparison, or not with all others."""
        sizes = np.bincount(self.parts)
        alone = sizes[self.parts] == 1
        found = [
            Note.of("group-not-compared", "caution", group=name, n=n)
            for name, n, is_alone in zip(self.names, self.n, alone, strict=True)
            if is_alone
        ]
        if (sizes > 1).sum() > 1:
            sets = [
                tuple(n for n, p in zip(self.names, self.parts, strict=True) if p == part)
                for part in np.flatnonzero(sizes > 1)
            ]
            found.append(Note.of("groups-compared-apart", "caution", sets=tuple(sets)))
        return tuple(found)

    def chi_square(self) -> tuple[float, int]:
        """The statistic and its degrees of freedom: groups less one for each set that can be compared."""
        firsts = np.unique(self.parts, return_index=True)[1]
        rest = np.setdiff1d(np.arange(len(self.names)), firsts)
        difference = (self.observed - self.expected)[rest]
        solved = np.linalg.solve(self.variance[np.ix_(rest, rest)], difference)
        return float(difference @ solved), len(rest)


def logrank_test(
    time: ArrayLike,
    event: ArrayLike,
    group: Any,
    *,
    weight: ArrayLike | None = None,
    strata: Any = None,
    entry: ArrayLike | None = None,
    weighting: Weighting = "logrank",
    rho: float = 0,
    gamma: float = 0,
    noise: CellNoise | None = None,
) -> TestResult:
    """The test that groups share one distribution of the time to the event.

    Parameters
    ----------
    time : array of shape (rows,)
        Time from the origin to the event or the end of follow-up, finite and >= 0; months in this product.
    event : array of shape (rows,)
        1 or True where the event happened at ``time``, 0 or False where follow-up ended without it.
    group : array of shape (rows,)
        The group of each row; order as for :func:`analytics.estimators.estimate_survival`. Groups without
        patients are left out.
    weight : array of shape (rows,), optional
        How many patients share the row, a whole number. Default 1.
    strata : array of shape (rows,), optional
        Patients are compared within their stratum only; a stratum with one group adds nothing to the statistic.
    entry : array of shape (rows,), optional
        Time from which the row is observed, for delayed entry: it is at risk in (entry, time]. A patient who changes
        group gives one row per group (:func:`analytics.estimators.split_at_treatment`); the log-rank test of
        such rows is the test of Mantel & Byar (1974). Default: at risk from the start, time 0 included.
    weighting : {"logrank", "peto", "tarone-ware", "fleming-harrington"}
        Weight of an event time: 1; the Peto–Peto estimate of pooled survival just after it, the product of
        1 - d / (n + 1); sqrt(n); or S^rho (1 - S)^gamma with the pooled Kaplan–Meier estimate S just before it.
        Weights above 1 early favour early differences ("peto", "tarone-ware", rho > 0), gamma > 0 late ones. They are
        computed in each stratum.
    rho, gamma : float
        Powers >= 0 for "fleming-harrington" alone; (1, 0) is ``survdiff(rho = 1)`` in R, (0, 0) the log-rank test.
    noise
        That of the numbers of patients, where they have one: it is in the covariance.

    Returns
    -------
    TestResult
        ``statistic`` is chi-square distributed under no difference, with ``df`` one less than the number of groups that
        can be compared. ``observed`` and ``expected`` events are weighted, too. With fewer than two groups, no events,
        or no event that can tell groups apart, all three are None and ``reason`` says why. Groups that do not enter
        the comparison are named in ``notes``.

    Raises
    ------
    ValueError
        If an argument is not as described; the message says which values, where, and what to do.
    """
    weights = _Weights(weighting, rho, gamma)
    sample = _Sample.from_arrays(time, event, group, weight, strata, entry)
    return _compare(sample.only(sample.occupied()), weights, noise)


def pairwise_logrank(
    time: ArrayLike,
    event: ArrayLike,
    group: Any,
    *,
    weight: ArrayLike | None = None,
    strata: Any = None,
    entry: ArrayLike | None = None,
    weighting: Weighting = "logrank",
    rho: float = 0,
    gamma: float = 0,
    adjust: Adjust = "holm",
    noise: CellNoise | None = None,
) -> tuple[PairwiseTest, ...]:
    """The test of every pair of groups, each from its own patients alone, with p values adjusted for their number.

    Parameters
    ----------
    time, event, group, weight, strata, entry, weighting, rho, gamma, noise
        As for :func:`logrank_test`.
    adjust : {"holm", "bh"}
        Holm (1979) bounds the chance of any false finding, Benjamini & Hochberg (1995) the expected share of false
        findings.

    Returns
    -------
    tuple of PairwiseTest
        In group order (first with second, first with third, …); empty with fewer than two groups that have patients.
        A pair that cannot be compared has ``p_adjusted`` None and does not count in the adjustment of the others.

    Raises
    ------
    ValueError
        As for :func:`logrank_test`, or if ``adjust`` is unknown.
    """
    weights = _Weights(weighting, rho, gamma)
    if adjust not in get_args(Adjust):
        raise ValueError(f"adjust must be one of {', '.join(get_args(Adjust))}: it is {adjust!r}.")
    sample = _Sample.from_arrays(time, event, group, weight, strata, entry)
    pairs = list(itertools.combinations(sample.occupied(), 2))
    tests = [_compare(sample.only(pair), weights, noise) for pair in pairs]
    adjusted = adjust_p_values([test.p_value for test in tests], adjust)
    names = sample.group.names
    return tuple(
        PairwiseTest(names[a], names[b], test, p_adjusted, adjust)
        for (a, b), test, p_adjusted in zip(pairs, tests, adjusted, strict=True)
    )


def trend_test(
    time: ArrayLike,
    event: ArrayLike,
    group: Any,
    *,
    scores: Mapping[str, float] | Sequence[float] | None = None,
    weight: ArrayLike | None = None,
    strata: Any = None,
    entry: ArrayLike | None = None,
) -> TestResult:
    """The log-rank test that events become more (or less) frequent from group to group in a given order.

    Parameters
    ----------
    time, event, group, weight, strata, entry
        As for :func:`logrank_test`.
    scores : mapping of group to number, or sequence in group order, optional
        Place of each group on the scale of the trend, groups without patients included. Default 0, 1, 2, … in group
        order, so that an empty category keeps its place.

    Returns
    -------
    TestResult
        With scores s, z = s'(O - E) / sqrt(s'V s) where V is the log-rank covariance; ``statistic`` is z squared with
        one degree of freedom. None, with a reason, where groups cannot be compared or all that can share one score.

    Raises
    ------
    ValueError
        As for :func:`logrank_test`, or if a score is missing, not finite, or there are too many or too few.

    References
    ----------
    Tarone (1975), Biometrika 62:679, doi:10.1093/biomet/62.3.679; Klein & Moeschberger (2003), section 7.4. It is the
    score test of a Cox model with the scores as covariate and the discrete (exact) treatment of ties.
    """
    sample = _Sample.from_arrays(time, event, group, weight, strata, entry)
    occupied = sample.occupied()
    places = _scores(scores, sample.group.names)[occupied]
    score = _Score.from_sample(sample.only(occupied), _Weights())
    method = _method(_TREND, sample.strata)
    if score.reason is not None:
        return TestResult(method, None, None, None, score.counts, score.reason)
    # A shift common to groups that are compared changes nothing; without it, equal scores give exactly 0.
    firsts = np.unique(score.parts, return_index=True)[1]
    places = places - places[firsts][score.parts]
    if not places.any():
        reason = Reason("same-scores")
        return TestResult(method, None, None, None, score.counts, reason)
    statistic = float(places @ (score.observed - score.expected)) ** 2 / float(places @ score.variance @ places)
    return TestResult(method, statistic, 1, float(chdtrc(1, statistic)), score.counts, notes=score.notes)


def _compare(sample: _Sample, weights: _Weights, noise: CellNoise | None = None) -> TestResult:
    score = _Score.from_sample(sample, weights)
    if noise is not None:
        # Noise in the events of a stratum has the weight of the last of them at most, which is taken to be 1 on average.
        n_strata = 1 if sample.strata is None else len(np.unique(sample.strata.codes))
        scale = float(np.trace(score.variance)) / max(float(np.trace(_spread(score.n, score.n_event))), 1e-12)
        score = replace(score, variance=score.variance + scale * n_strata * noise.covariance_of_scores(score.n))
    method = _method(weights.method, sample.strata)
    if score.reason is not None:
        return TestResult(method, None, None, None, score.counts, score.reason)
    statistic, df = score.chi_square()
    return TestResult(method, statistic, df, float(chdtrc(df, statistic)), score.counts, notes=score.notes)


def _method(name: str, strata: Labels | None) -> str:
    return name if strata is None else f"stratified {name}"


def _spread(n: FloatArray, n_event: float) -> FloatArray:
    """The covariance of unweighted scores, were the groups at risk in the proportions ``n`` throughout."""
    share = n / n.sum()
    return np.asarray(n_event * (np.diag(share) - np.outer(share, share)))


def _sums_from(counts: NDArray[Any]) -> FloatArray:
    """Per row the sum of it and all rows below it, with a last row of zeros."""
    sums = np.zeros((len(counts) + 1, counts.shape[1]))
    sums[:-1] = np.cumsum(counts[::-1], axis=0)[::-1]
    return sums


def _connected(touches: NDArray[np.bool_]) -> NDArray[np.intp]:
    """The set to which each node belongs, numbered by its first node; ``touches`` is symmetric."""
    parts = np.full(len(touches), -1, dtype=np.intp)
    for node in range(len(touches)):
        if parts[node] >= 0:
            continue
        inside = np.zeros(len(touches), dtype=bool)
        inside[node] = True
        while (grown := inside | touches[inside].any(axis=0)).sum() > inside.sum():
            inside = grown
        parts[inside] = parts.max() + 1
    return parts


def _scores(scores: Mapping[str, float] | Sequence[float] | None, names: tuple[str, ...]) -> FloatArray:
    if scores is None:
        return np.arange(len(names), dtype=np.float64)
    if isinstance(scores, Mapping):
        if missing := [name for name in names if name not in scores]:
            raise ValueError(f"scores must name every group: {', '.join(missing)} is missing.")
        scores = [scores[name] for name in names]
    places = np.asarray(scores, dtype=np.float64)
    if places.shape != (len(names),):
        raise ValueError(f"scores must hold one number per group: {places.size} for {len(names)} ({', '.join(names)}).")
    if not np.isfinite(places).all():
        raise ValueError(f"scores must be finite: they are {', '.join(f'{place:g}' for place in places)}.")
    return places
