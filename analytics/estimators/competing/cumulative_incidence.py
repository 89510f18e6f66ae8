"""Cumulative incidence of competing causes: curves, and Gray's test between groups.

A patient is exposed to several causes of which only the first is seen (relapse, or death in remission). The cumulative
incidence of a cause is the probability of having had it by t in the presence of the others. One minus Kaplan–Meier,
which treats the other causes as censoring, overstates it: it describes patients who cannot have them.

Sources
-------
Aalen & Johansen (1978), Scandinavian Journal of Statistics 5:141: the estimate.
Andersen, Borgan, Gill & Keiding (1993), Statistical Models Based on Counting Processes, section IV.4: its variance.
Kalbfleisch & Prentice (2002), The Statistical Analysis of Failure Time Data, 2nd edition, section 8.2; Choudhury (2002),
Statistics in Medicine 21:1129, doi:10.1002/sim.1070: intervals by transformation.
Gray (1988), Annals of Statistics 16:1141, doi:10.1214/aos/1176350951: the test.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.sparse.csgraph import connected_components
from scipy.special import chdtrc

from analytics.estimators.curves.count_noise import last_shown, spread_by_noise
from analytics.estimators.intervals import SurvivalConfType, check_survival_conf_type, survival_limits
from analytics.estimators.observations import (
    EVERYONE,
    NO_PATIENTS,
    CompetingObservations,
    Labels,
    check_cause,
)
from analytics.estimators.survival.kaplan_meier import estimate_survival
from analytics.results import (
    CellNoise,
    FloatArray,
    GroupCount,
    IncidenceCurve,
    IncidenceResult,
    Note,
    Reason,
    SurvivalCurve,
    TestResult,
    read_only,
)

# A share of the variance without ties this small is rounding, and so is such a distance of the incidence from 1.
_NEGLIGIBLE = 1e-10
# What is left of a variance after its terms have cancelled to this share.
_ROUNDING = 1e-13


def estimate_cumulative_incidence(
    time: ArrayLike,
    cause: ArrayLike,
    *,
    group: Any = None,
    weight: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    causes: Sequence[str] | None = None,
    conf_level: float = 0.95,
    conf_type: SurvivalConfType = "log-log",
    noise: CellNoise | None = None,
) -> IncidenceResult:
    """Aalen–Johansen curves of the cumulative incidence, one per group and cause.

    Parameters
    ----------
    time : array of shape (rows,)
        Time from the origin to the first event or the end of follow-up, finite and >= 0; months in this product.
    cause : array of shape (rows,)
        0 where follow-up ended without an event, otherwise the number of the cause (1, 2, …) that came first.
    group : array of shape (rows,), optional
        The group of each row; order and empty categories as for
        :func:`analytics.estimators.estimate_survival`. Without it, one group named "everyone".
    weight : array of shape (rows,), optional
        How many patients share the row, a whole number; the result equals that of the repeated rows. Default 1.
    entry : array of shape (rows,), optional
        Time from which the row is observed, for delayed entry: it is at risk in (entry, time].
    causes : sequence of str, optional
        Names of the causes 1, 2, … in that order; each gets a curve, whether it occurs or not. By default the numbers
        of the causes that occur.
    conf_level : float
        Two-sided level of the pointwise intervals, between 0 and 1.
    conf_type : {"log-log", "log", "plain"}
        The scale on which the incidence F is taken as normal: log(-log F), which gives F^exp(± z se / (F log F)),
        log F, which gives F exp(± z se / F), or F itself. Limits are cut off at 0 and 1.
    noise
        As for :func:`analytics.estimators.estimate_survival`.

    Returns
    -------
    IncidenceResult
        One entry per distinct time of the group. Before the first event of a cause its log-log and log limits are NaN.
        A group without patients has empty arrays. Without causes (nobody had an event and none is named) there are no
        curves.

    Raises
    ------
    ValueError
        If an argument is not as described; the message says which values, where, and what to do.

    Notes
    -----
    With d_k events of cause k and d of any cause among n at risk just before s, and S the Kaplan–Meier estimate of being
    free of every cause, F_k(t) is the sum over s <= t of S(s-) d_k / n: the incidences and S add up to 1. The variance is
    of Greenwood type, with multinomial increments (Andersen et al. 1993, section IV.4):

        sum over s <= t of (F_k(t) - F_k(s))^2 d / (n (n - d)) - 2 (F_k(t) - F_k(s)) S(s-) d_k / n^2
                           + S(s-)^2 d_k (n - d_k) / n^3.

    Without delayed entry it equals the infinitesimal jackknife variance of ``survfit`` in R for one row per patient.
    """
    check_survival_conf_type(conf_type)
    sample = CompetingObservations.from_arrays(time, cause, weight, entry)
    numbers, names = _causes(causes, sample.cause)
    if group is None:
        labels = Labels(np.zeros(len(sample.cause), dtype=np.intp), (EVERYONE,))
    else:
        labels = Labels.from_values("group", group, sample.data.kept)
    data = sample.data
    names_of_groups: Any = list(labels.names)
    free = estimate_survival(
        data.time,
        data.event,
        group=pd.Categorical.from_codes(labels.codes.tolist(), names_of_groups),
        weight=data.weight,
        entry=data.entry,
        conf_level=conf_level,
    )
    curves = []
    for code, curve in enumerate(free.curves):
        rows = slice(None) if len(labels.names) == 1 else labels.codes == code
        curves += _estimate_curves(sample, rows, curve, numbers, names, conf_type, noise)
    return IncidenceResult(tuple(curves), names, conf_level, conf_type)


def gray_test(
    time: ArrayLike,
    cause: ArrayLike,
    group: Any,
    *,
    of: int = 1,
    weight: ArrayLike | None = None,
    strata: Any = None,
    rho: float = 0.0,
    noise: CellNoise | None = None,
) -> TestResult:
    """The test that groups share one cumulative incidence of a cause.

    Parameters
    ----------
    time, cause, group, weight
        As for :func:`estimate_cumulative_incidence`. Groups without patients are left out.
    of : int
        The number of the cause whose incidence is compared.
    strata : array of shape (rows,), optional
        Patients are compared within their stratum only; a stratum with one group adds nothing to the statistic.
    rho : float
        Power, finite, of the pooled probability of being free of the cause, the weight of an event time; 0 is the usual
        test, positive values favour early differences.
    noise
        As for :func:`analytics.estimators.logrank_test`.

    Returns
    -------
    TestResult
        ``statistic`` is chi-square distributed under no difference, with ``df`` one less than the number of groups that
        can be compared. ``observed`` counts the events of the cause and ``expected`` those under no difference, both
        weighted by ``rho``. With fewer than two groups, no events of the cause, or no event that can tell groups apart,
        all three are None and ``reason`` says why. Groups that do not enter the comparison are named in ``notes``.

    Raises
    ------
    ValueError
        If an argument is not as described; the message says which values, where, and what to do.

    Notes
    -----
    With R_i at risk in group i, S_i its Kaplan–Meier estimate of being free of every cause and F_i its cumulative
    incidence just before t, R_i (1 - F_i) / S_i stands for the patients who would be free of the cause were nobody
    censored (Gray 1988); the events of the cause are expected in these proportions. The covariance sums
    the contributions of both kinds of event to each group's score, each shrunk for ties as in a
    draw without replacement. It is the test of ``cuminc`` in R's cmprsk package.
    """
    check_cause(of)
    if not math.isfinite(rho):
        raise ValueError(f"rho must be finite: it is {rho}.")
    sample = CompetingObservations.from_arrays(time, cause, weight)
    groups = Labels.from_values("group", group, sample.data.kept)
    method = f"{'' if strata is None else 'stratified '}Gray’s test{f' (rho = {rho:g})' if rho else ''}"
    blocks = Labels(np.zeros(len(sample.cause), dtype=np.intp), ("",))
    if strata is not None:
        blocks = Labels.from_values("strata", strata, sample.data.kept)
    occupied = np.flatnonzero(np.bincount(groups.codes, minlength=len(groups.names)))
    place = np.zeros(len(groups.names), dtype=np.intp)
    place[occupied] = np.arange(len(occupied))
    names = [groups.names[i] for i in occupied]
    score = _GrayScore(len(names))
    for block in range(len(blocks.names)):
        rows = blocks.codes == block
        if rows.any():
            score.add(sample, rows, place[groups.codes], of, rho)
    n = [round(m) for m in np.bincount(place[groups.codes], sample.data.weight, len(names))]
    counts = tuple(
        GroupCount(name, m, float(o), float(e))
        for name, m, o, e in zip(names, n, score.observed, score.expected, strict=True)
    )
    has_event = bool((sample.cause == of).any())
    if reason := _nothing_to_compare(names, has_event, score):
        return TestResult(method, None, None, None, counts, reason)
    parts = score.parts()
    firsts = np.unique(parts, return_index=True)[1]
    rest = np.setdiff1d(np.arange(len(names)), firsts)
    if noise is not None:
        score.variance += len(blocks.names) * noise.covariance_of_scores(np.array(n, dtype=float))
    variance = score.variance[np.ix_(rest, rest)]
    if not len(rest):
        reason = Reason("no-event-compares")
    elif not _is_positive(variance, score.untied[rest]):
        reason = Reason("variance-not-estimable")
    else:
        difference = (score.observed - score.expected)[rest]
        statistic = float(difference @ np.linalg.solve(variance, difference))
        p_value = float(chdtrc(len(rest), statistic))
        return TestResult(method, statistic, len(rest), p_value, counts, notes=_notes(names, n, parts))
    return TestResult(method, None, None, None, counts, reason)


class _GrayScore:
    """Observed and expected events per group and the covariance of their difference, summed over strata.

    ``untied`` is the diagonal of the covariance without the shrinkage for ties, to tell rounding from variance;
    ``together`` marks groups that were at risk beside one another at an event of the cause. ``is_broken`` is True where
    the pooled incidence reaches 1 while patients remain at risk, so that the covariance has no value.
    """

    def __init__(self, size: int) -> None:
        self.observed = np.zeros(size)
        self.expected = np.zeros(size)
        self.variance = np.zeros((size, size))
        self.untied = np.zeros(size)
        self.together = np.zeros((size, size), dtype=bool)
        self.is_broken = False

    def add(
        self, sample: CompetingObservations, rows: NDArray[np.bool_], code: NDArray[np.intp], of: int, rho: float
    ) -> None:
        """Sum over the event times of one stratum; arrays are (times, groups)."""
        size = len(self.observed)
        times, position = np.unique(sample.data.time[rows], return_inverse=True)
        cell, weight, cause = position * size + code[rows], sample.data.weight[rows], sample.cause[rows]

        def count(mask: NDArray[np.bool_]) -> FloatArray:
            return np.asarray(np.bincount(cell, weight * mask, len(times) * size), dtype=np.float64).reshape(-1, size)

        own, other = count(cause == of), count((cause > 0) & (cause != of))
        n_risk = np.cumsum(count(cause >= 0)[::-1], axis=0)[::-1]
        has_event = (own + other).any(axis=1)
        own, other, n_risk = own[has_event], other[has_event], n_risk[has_event]
        if not own.any():
            return
        present = n_risk > 0
        n = np.where(present, n_risk, 1.0)
        free = np.cumprod((n - own - other) / n, axis=0)
        free_before = np.vstack([np.ones(size), free[:-1]])
        incidence = np.cumsum(free_before * own / n, axis=0)
        incidence_before = np.vstack([np.zeros(size), incidence[:-1]])
        # Patients who would be at risk, had nobody been censored; of a group that is gone, none.
        virtual = np.where(present, n_risk / np.where(present, free_before, 1.0), 0.0)
        total = virtual.sum(axis=1)
        subject = virtual * (1 - incidence_before)
        d = own.sum(axis=1)
        pooled = np.cumsum(d / total)
        pooled_before = np.concatenate([[0.0], pooled[:-1]])
        is_own = d > 0
        left = 1 - pooled_before
        if (np.abs(left[is_own]) < _NEGLIGIBLE).any() or (rho and (left[is_own] < 0).any()):
            self.is_broken = True
            return
        left = np.where(is_own, left, 1.0)
        scale = left**rho * is_own
        self.observed += scale @ own
        self.expected += (scale * d) @ (subject / np.where(is_own, subject.sum(axis=1), 1.0)[:, None])
        beside = present[is_own]
        self.together |= (beside.T.astype(np.float64) @ beside) > 0

        # How an event in group k moves the score of group i, at once (jump) and in all later terms (to_come).
        share = virtual / total[:, None]
        jump = -scale[:, None, None] * virtual[:, :, None] * share[:, None, :]
        jump[:, np.arange(size), np.arange(size)] += scale[:, None] * virtual
        drift = np.cumsum(jump * (d / (total * left))[:, None, None], axis=0)
        to_come = drift[-1] - drift
        alive = free > 0
        ratio = np.where(alive, (1 - pooled)[:, None] / np.where(alive, free, 1.0), 0.0)
        own_factor = np.where(alive, 1 - ratio, 1.0)
        moved = jump + own_factor[:, None, :] * to_come
        reach = np.where(present, total[:, None] * free_before, 2.0)
        shrink = np.where(d[:, None] > 1, 1 - (d[:, None] - 1) / np.where(reach > 1, reach - 1, 1.0), 1.0)
        rate = np.where(present, free_before * d[:, None] / (total[:, None] * n), 0.0)
        self.variance += np.einsum("tik,tjk,tk->ij", moved, moved, shrink * rate, optimize=True)
        self.untied += np.einsum("tik,tk->i", moved**2, rate)
        moved = ratio[:, None, :] * to_come
        shrink = np.where(other > 1, 1 - (other - 1) / np.where(n > 1, n - 1, 1.0), 1.0)
        rate = np.where(present, other * (free_before / n) ** 2, 0.0)
        self.variance += np.einsum("tik,tjk,tk->ij", moved, moved, shrink * rate, optimize=True)
        self.untied += np.einsum("tik,tk->i", moved**2, rate)

    def parts(self) -> NDArray[np.intp]:
        """The set to which each group belongs: groups in one set can be compared, directly or by way of others."""
        return np.asarray(connected_components(self.together, directed=False)[1], dtype=np.intp)


def _nothing_to_compare(names: Sequence[str], has_event: bool, score: _GrayScore) -> Reason | None:
    if not names:
        return NO_PATIENTS
    if len(names) == 1:
        return Reason("one-group")
    if not has_event:
        return Reason("no-events-of-cause")
    if score.is_broken:
        return Reason("everybody-counts")
    return None


def _is_positive(variance: FloatArray, untied: FloatArray) -> bool:
    """True if the covariance is positive definite beyond rounding, on the scale of the variance without ties."""
    if not (untied > 0).all():
        return False
    spread = np.sqrt(untied)
    return bool(np.linalg.eigvalsh(variance / np.outer(spread, spread))[0] > _NEGLIGIBLE)


def _notes(names: Sequence[str], n: Sequence[int], parts: NDArray[np.intp]) -> tuple[Note, ...]:
    sizes = np.bincount(parts)
    found = [
        Note.of("group-not-compared", "caution", "cause", group=name, n=m)
        for name, m, part in zip(names, n, parts, strict=True)
        if sizes[part] == 1
    ]
    if (sizes > 1).sum() > 1:
        sets = [tuple(n for n, p in zip(names, parts, strict=True) if p == part) for part in np.flatnonzero(sizes > 1)]
        found.append(Note.of("groups-compared-apart", "caution", sets=tuple(sets)))
    return tuple(found)


def _causes(causes: Sequence[str] | None, cause: NDArray[np.intp]) -> tuple[list[int], tuple[str, ...]]:
    """Numbers and names of the causes that get a curve."""
    occurring = np.unique(cause[cause > 0]).tolist()
    if causes is None:
        return occurring, tuple(str(number) for number in occurring)
    names = tuple(str(name) for name in causes)
    if isinstance(causes, str) or len(set(names)) < len(names):
        raise ValueError(f"causes must be a sequence of different names, one per cause: it is {causes!r}.")
    if occurring and occurring[-1] > len(names):
        raise ValueError(
            f"causes must name every cause: it has {len(names)} names ({', '.join(names)}), but cause {occurring[-1]} occurs "
            f"in {(cause == occurring[-1]).sum()} of {len(cause)} rows. Name it or correct the coding."
        )
    return list(range(1, len(names) + 1)), names


def _estimate_curves(
    sample: CompetingObservations,
    rows: NDArray[np.bool_] | slice,
    free: SurvivalCurve,
    numbers: Sequence[int],
    names: Sequence[str],
    conf_type: SurvivalConfType,
    noise: CellNoise | None = None,
) -> list[IncidenceCurve]:
    """The curves of one group, one per cause; ``free`` is its Kaplan–Meier curve of being free of every cause."""
    n_risk, n_any = free.n_risk, free.n_event_at
    position = np.searchsorted(free.time, sample.data.time[rows], side="right") - 1
    weight, cause = sample.data.weight[rows], sample.cause[rows]
    free_before = np.concatenate([[1.0], free.estimate[:-1]])[: len(free.time)]
    left = n_risk - n_any
    # Once nobody is left, nothing follows that could vary.
    hazard_variance = np.where(left > 0, n_any / (n_risk * np.where(left > 0, left, 1.0)), 0.0)
    curves = []
    for number, name in zip(numbers, names, strict=True):
        n_event = np.bincount(position, weight * (cause == number), len(free.time))
        # As long as no other cause has occurred, it is exactly 1 when everybody has had this one.
        is_only = np.cumsum(n_any - n_event) == 0
        estimate = np.where(is_only, 1 - free.estimate, np.minimum(np.cumsum(free_before * n_event / n_risk), 1.0))
        # Measured back from the end, the incidence is small where the terms are large: no digits are lost.
        to_come = estimate[-1:] - estimate
        own = free_before * n_event / n_risk**2
        from_later, from_own = np.cumsum(hazard_variance), np.cumsum(to_come * hazard_variance - own)
        squares = np.cumsum(to_come * (to_come * hazard_variance - 2 * own))
        at_once = np.cumsum(free_before**2 * n_event * (n_risk - n_event) / n_risk**3)
        variance = to_come**2 * from_later - 2 * to_come * from_own + squares + at_once
        # What is left of much larger terms is rounding, as when everybody has had the cause.
        is_rounding = variance <= _ROUNDING * (to_come**2 * from_later + at_once)
        std_error = np.where(is_rounding, 0.0, np.sqrt(np.maximum(variance, 0.0)))
        shown_until = None
        if noise is not None:
            # Noise in the events of the cause, of which each counts for those who are free of all, and in all others.
            for n_of, scale in ((n_event, free_before), (n_any - n_event, estimate)):
                by_noise, error = spread_by_noise(n_risk, n_of, n_risk - np.append(n_risk[1:], 0) - n_of, noise)
                std_error = np.hypot(std_error, scale * np.sqrt(by_noise))
                until = last_shown(free.time, scale * error)
                shown_until = min((end for end in (until, shown_until) if end is not None), default=None)
        low, high = survival_limits(estimate, std_error, free.conf_level, conf_type)
        curves.append(
            IncidenceCurve(
                group=free.group,
                cause=name,
                n=free.n,
                n_event=int(n_event.sum()),
                time=free.time,
                n_risk=n_risk,
                n_event_at=read_only(n_event),
                n_competing_at=read_only(n_any - n_event),
                n_censor=free.n_censor,
                estimate=read_only(estimate),
                std_error=read_only(std_error),
                low=read_only(low),
                high=read_only(high),
                conf_level=free.conf_level,
                conf_type=conf_type,
                entry=free.entry,
                n_entry=free.n_entry,
                shown_until=shown_until,
                smallest=noise.smallest if noise is not None else 0,
            )
        )
    return curves
