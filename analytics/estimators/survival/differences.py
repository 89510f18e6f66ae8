"""Differences between Kaplan–Meier curves at fixed times, and the times at which two curves cross.

Sources
-------
Zou & Donner (2008), Statistics in Medicine 27:1693, doi:10.1002/sim.3095: limits of a difference recovered from the
limits of its two parts (MOVER); Newcombe (1998), Statistics in Medicine 17:873, is the same for two proportions.
Tang (2021), arXiv:2110.12636: the same for survival at a milestone, with simulations.
Klein, Logan, Harhoff & Andersen (2007), Statistics in Medicine 26:4505, doi:10.1002/sim.2864: tests at a fixed time.
Fay, Brittain & Proschan (2013), Biostatistics 14:723, doi:10.1093/biostatistics/kxt016: limits where nobody had the event.
Clopper & Pearson (1934), Biometrika 26:404, doi:10.1093/biomet/26.4.404: limits where everybody had it at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc

from analytics.estimators.curves.survival_curve import survival_at
from analytics.estimators.curves.zero_events import hidden_share, patients_followed
from analytics.estimators.intervals import clopper_pearson, normal_quantile
from analytics.estimators.observations import NO_PATIENTS
from analytics.estimators.survival.kaplan_meier import estimate_survival
from analytics.results import Estimate, FloatArray, Interval, Reason, SurvivalCurve, SurvivalDifference, TestResult

DifferenceConfType = Literal["mover", "plain"]

TEST = "complementary log-log test at a fixed time"
# Curves cross where they differ by at least this much on both sides, with at least so many at risk in both groups: in
# small cohorts smaller differences come and go with every event.
CROSSING_DIFFERENCE = 0.05
CROSSING_AT_RISK = 5


@dataclass(frozen=True, slots=True)
class _Point:
    """One curve at one time, with limits that exist at 0 and 1, too."""

    group: str
    at: Estimate
    low: float
    high: float


def estimate_survival_differences(
    time: ArrayLike,
    event: ArrayLike,
    group: Any,
    *,
    weight: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    times: ArrayLike,
    conf_level: float = 0.95,
    conf_type: DifferenceConfType = "mover",
) -> tuple[SurvivalDifference, ...]:
    """Survival of each group less that of the first at fixed times, with a test at each time.

    Parameters
    ----------
    time, event, group, weight, entry
        As for :func:`analytics.estimators.estimate_survival`. The reference is the first group that has
        patients.
    times : array of shape (m,)
        Times in the unit of ``time`` (months), finite and >= 0. Choose them before looking at the curves.
    conf_level : float
        Two-sided level of the intervals, between 0 and 1.
    conf_type : {"mover", "plain"}
        "mover" combines the two groups' own limits; "plain" is difference ± z se, cut off at -1 and 1, and does not
        exist where a curve is at 1 or 0.

    Returns
    -------
    tuple of SurvivalDifference
        Group by group in order, each at all ``times`` in the order given; empty with fewer than two groups. A group
        that is no longer followed at a time has no difference there, with the reason. ``std_error`` is
        sqrt(se1^2 + se0^2) from Greenwood's formula, None where a curve is at 1 or 0. The test is on another scale than
        the interval, so that at the margin one may exclude no difference and the other not.

    Raises
    ------
    ValueError
        As for :func:`~analytics.estimators.estimate_survival`, or if a time is negative or not finite, or
        ``conf_type`` is unknown.

    Notes
    -----
    With survival S1 and S0, limits l and u of each, D = S1 - S0 has the limits (Zou & Donner 2008)

        D - sqrt((S1 - l1)^2 + (u0 - S0)^2)   and   D + sqrt((u1 - S1)^2 + (S0 - l0)^2).

    The groups' own limits are log-log. As these do not exist at 1, the exact lower limit for the patients who are still
    followed is taken there, all of whom are without the event (two-sided, as the others); at 0, the upper limit just
    before the last event, which survival cannot exceed later (the exact one where all had the event at once).

    With c(S) = log(-log S), the statistic is (c(S1) - c(S0))^2 / (v1 + v0), v = (se / (S log S))^2, chi-square with one
    degree of freedom (Klein et al. 2007). It does not exist where a curve is at 1 or 0.
    """
    if conf_type not in get_args(DifferenceConfType):
        raise ValueError(f"conf_type must be one of {', '.join(get_args(DifferenceConfType))}: it is {conf_type!r}.")
    curves = estimate_survival(time, event, group=group, weight=weight, entry=entry, conf_level=conf_level).curves
    wanted = np.atleast_1d(np.asarray(times, dtype=np.float64))
    points = [
        [
            _point(curve, at, followed, conf_level)
            for at, followed in zip(survival_at(curve, wanted), patients_followed(curve, wanted).tolist(), strict=True)
        ]
        if curve.n
        else None
        for curve in curves
    ]
    first = next((i for i, found in enumerate(points) if found is not None), None)
    if first is None:
        return ()
    base = points[first]
    assert base is not None
    differences = []
    for curve, found in zip(curves[first + 1 :], points[first + 1 :], strict=True):
        own = found or [_Point(curve.group, Estimate(None, reason=NO_PATIENTS), math.nan, math.nan)] * len(wanted)
        for moment, point, reference in zip(wanted.tolist(), own, base, strict=True):
            differences.append(
                SurvivalDifference(
                    time=moment,
                    group=curve.group,
                    reference=reference.group,
                    n_risk=point.at.n,
                    n_risk_reference=reference.at.n,
                    difference=_difference(point, reference, (curve.n, curves[first].n), conf_level, conf_type),
                    test=_test(point, reference, moment),
                )
            )
    return tuple(differences)


def find_crossings(
    curve_a: SurvivalCurve,
    curve_b: SurvivalCurve,
    *,
    min_difference: float = CROSSING_DIFFERENCE,
    min_at_risk: float = CROSSING_AT_RISK,
) -> tuple[float, ...]:
    """The times at which two curves cross, ascending; small wiggles and ends that few support are ignored.

    Parameters
    ----------
    curve_a, curve_b
        Two groups' curves, in the same unit of time.
    min_difference : float
        Curves cross between two times at which they differ by at least this probability in opposite directions.
    min_at_risk : float
        At both of these times, this many patients are at risk in each group.

    Returns
    -------
    tuple of float
        For each crossing, the observed time from which on the other curve is the higher one. Empty without patients.

    Raises
    ------
    ValueError
        If ``min_difference`` is not above 0 or ``min_at_risk`` is below 1.
    """
    if not min_difference > 0 or not min_at_risk >= 1:
        raise ValueError(
            f"min_difference must be above 0 and min_at_risk at least 1: they are {min_difference} and {min_at_risk}."
        )
    if not curve_a.n or not curve_b.n:
        return ()
    grid = np.union1d(curve_a.time, curve_b.time)
    # Equal survival computed along two ways differs in the last digits: that is no side.
    gap = np.round(_steps(curve_a, grid) - _steps(curve_b, grid), 12)
    followed = np.minimum(_at_risk(curve_a, grid), _at_risk(curve_b, grid)) >= min_at_risk
    clear = np.flatnonzero(followed & (np.abs(gap) >= round(min_difference, 12)))
    turns = np.flatnonzero(np.sign(gap[clear[:-1]]) != np.sign(gap[clear[1:]]))
    found = []
    for before, after in zip(clear[turns].tolist(), clear[turns + 1].tolist(), strict=True):
        side = np.sign(gap[after])
        found.append(before + 1 + int(np.flatnonzero(np.sign(gap[before : after + 1]) != side)[-1]))
    return tuple(float(grid[place]) for place in found)


def _steps(curve: SurvivalCurve, grid: FloatArray) -> FloatArray:
    """The curve just after each time of the grid; its last value beyond its end."""
    return np.concatenate([[1.0], curve.estimate])[np.searchsorted(curve.time, grid, side="right")]


def _at_risk(curve: SurvivalCurve, grid: FloatArray) -> FloatArray:
    return np.concatenate([curve.n_risk, [0.0]])[np.searchsorted(curve.time, grid, side="left")]


def _point(curve: SurvivalCurve, at: Estimate, followed: float, conf_level: float) -> _Point:
    if at.value is None:
        return _Point(curve.group, at, math.nan, math.nan)
    if at.interval is not None and at.interval.low is not None and at.interval.high is not None:
        return _Point(curve.group, at, at.interval.low, at.interval.high)
    if at.value > 0:
        # Half of the error on each side, as in the limits of the other group.
        return _Point(curve.group, at, 1.0 - hidden_share(followed, (1 + conf_level) / 2), 1.0)
    last = int(np.argmax(curve.estimate == 0))
    high = float(curve.high[last - 1]) if last else math.nan
    if math.isnan(high):
        exact = clopper_pearson(0, float(curve.n_risk[last]), conf_level)
        assert exact is not None and exact.high is not None
        high = exact.high
    return _Point(curve.group, at, 0.0, high)


def _difference(
    point: _Point, reference: _Point, patients: tuple[int, int], conf_level: float, conf_type: DifferenceConfType
) -> Estimate:
    n, n_event = sum(patients), point.at.n_event + reference.at.n_event
    for side in (point, reference):
        if side.at.value is None:
            return Estimate(
                None, n=n, n_event=n_event, reason=Reason.of("of-group", group=side.group, why=side.at.reason)
            )
    survival, base = point.at.value, reference.at.value
    assert survival is not None and base is not None
    difference = survival - base
    std_error = None
    if 0 < survival < 1 and 0 < base < 1:
        std_error = math.hypot(point.at.std_error or 0.0, reference.at.std_error or 0.0)
    if conf_type == "mover":
        low = difference - math.hypot(survival - point.low, reference.high - base)
        high = difference + math.hypot(point.high - survival, base - reference.low)
        interval = Interval(max(low, -1.0), min(high, 1.0), conf_level, "MOVER, log-log")
    elif std_error is not None:
        half = normal_quantile(conf_level) * std_error
        interval = Interval(max(difference - half, -1.0), min(difference + half, 1.0), conf_level, "plain")
    else:
        interval = None
    return Estimate(difference, interval, n, n_event, std_error=std_error)


def _test(point: _Point, reference: _Point, moment: float) -> TestResult:
    scores, variance = [], 0.0
    for side in (point, reference):
        survival, std_error = side.at.value, side.at.std_error
        reason: Reason | None = None
        if survival is None:
            reason = side.at.reason
        elif survival == 1:
            reason = Reason.of("no-events-until", months=moment)
        elif survival == 0:
            reason = Reason.of("nobody-left", months=moment)
        if reason is not None or survival is None or std_error is None:
            why = None if reason is None else Reason.of("of-group", group=side.group, why=reason)
            return TestResult(TEST, None, None, None, reason=why)
        scores.append(math.log(-math.log(survival)))
        variance += (std_error / (survival * math.log(survival))) ** 2
    statistic = (scores[0] - scores[1]) ** 2 / variance
    return TestResult(TEST, statistic, 1, float(chdtrc(1, statistic)))
