"""The restricted mean: how long patients live without the event, on average, up to a horizon.

It is the area under the Kaplan–Meier curve from 0 to the horizon. Unlike a hazard ratio it needs no proportional
hazards and speaks in months.

Sources
-------
Klein & Moeschberger (2003), Survival Analysis, 2nd edition, section 4.5, equations 4.5.1 and 4.5.2: the area and its
variance.
Uno, Claggett, Tian et al. (2014), Journal of Clinical Oncology 32:2380, doi:10.1200/JCO.2014.55.2208: differences and
ratios between groups.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from analytics.estimators.curves.survival_curve import survival_at
from analytics.estimators.intervals import normal_quantile
from analytics.estimators.observations import NO_PATIENTS
from analytics.estimators.survival.kaplan_meier import estimate_survival
from analytics.results import (
    Estimate,
    Interval,
    Note,
    Reason,
    RestrictedMean,
    RestrictedMeanContrast,
    RestrictedMeanResult,
    SurvivalCurve,
)

FEW_AT_RISK = 5  # Below this, the end of the curve rests on so few that the area near the horizon is a guess.


def estimate_restricted_mean(
    time: ArrayLike,
    event: ArrayLike,
    *,
    group: Any = None,
    weight: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    horizon: float | None = None,
    conf_level: float = 0.95,
) -> RestrictedMeanResult:
    """Mean time without the event up to a horizon in each group, with differences and ratios between groups.

    Parameters
    ----------
    time, event, group, weight, entry
        As for :func:`analytics.estimators.estimate_survival`.
    horizon : float, optional
        Time up to which the mean is taken, above 0, in the unit of ``time`` (months). Default: the latest that every
        group supports, the smallest of the groups' last observed times. A group whose curve has come down to 0
        supports any horizon; if all have, it is the largest of their last times.
    conf_level : float
        Two-sided level of the intervals, between 0 and 1.

    Returns
    -------
    RestrictedMeanResult
        One entry per group, in order, and one contrast of each later group with the first that has patients. A group
        that is not followed up to the horizon has no mean (a curve is never carried on), and neither has a contrast
        with it. Where the standard error is 0 there is no interval: it would be one point and not say how few the
        patients are. That is so without an event before the horizon, and where at the first event all who were still at
        risk had it. Without patients, every entry says so.

    Raises
    ------
    ValueError
        As for :func:`~analytics.estimators.estimate_survival`, or if the horizon is not above 0.

    Notes
    -----
    With A(t) the area under the curve from t to the horizon, d events among n at risk at t,

        variance = sum over event times t of A(t)^2 d / (n (n - d)),

    where a last step to 0 (n = d) adds nothing, as A(t) = 0. Means have plain normal intervals, cut off at 0 and at the
    horizon; a difference has the standard error sqrt(se1^2 + se0^2); the logarithm of a ratio
    sqrt((se1 / mean1)^2 + (se0 / mean0)^2). Codes of notes: "few-at-risk", "no-events".
    """
    normal_quantile(conf_level)
    if horizon is not None and not (math.isfinite(horizon) and horizon > 0):
        raise ValueError(f"horizon must be finite and above 0: it is {horizon}. Give a time in the unit of time.")
    curves = estimate_survival(time, event, group=group, weight=weight, entry=entry, conf_level=conf_level).curves
    limit = _common_horizon(curves) if horizon is None else float(horizon)
    means = [_restricted_mean(curve, limit, conf_level) for curve in curves]
    first = next((i for i, mean in enumerate(means) if mean.n), None)
    flat = {mean.group: _why_flat(curve, mean, limit) for curve, mean in zip(curves, means, strict=True)}
    later = [] if first is None else means[first + 1 :]
    contrasts = [_contrast(mean, means[first or 0], flat, conf_level) for mean in later]
    return RestrictedMeanResult(limit, tuple(means), tuple(contrasts), conf_level, _notes(curves, means, limit))


def _common_horizon(curves: Sequence[SurvivalCurve]) -> float | None:
    """The latest time up to which every curve with patients is known."""
    ends = [(float(curve.time[-1]), float(curve.estimate[-1])) for curve in curves if curve.n]
    open_ends = [last for last, survival in ends if survival > 0]
    return min(open_ends) if open_ends else max((last for last, _ in ends), default=None)


def _restricted_mean(curve: SurvivalCurve, horizon: float | None, conf_level: float) -> RestrictedMean:
    if not curve.n or horizon is None:
        nothing = Estimate(None, reason=NO_PATIENTS)
        return RestrictedMean(curve.group, 0, 0, nothing, nothing)
    (end,) = survival_at(curve, [horizon])
    reason = end.reason if horizon > 0 else Reason("not-followed-beyond-0")
    if reason is not None:
        nothing = Estimate(None, n=curve.n, n_event=end.n_event, reason=reason)
        return RestrictedMean(curve.group, curve.n, end.n_event, nothing, nothing)
    steps = int(np.searchsorted(curve.time, horizon, side="right"))
    knots = np.concatenate([[0.0], curve.time[:steps], [horizon]])
    areas = np.diff(knots) * np.concatenate([[1.0], curve.estimate[:steps]])
    ahead = np.cumsum(areas[:0:-1])[::-1]
    n_risk, n_event = curve.n_risk[:steps], curve.n_event_at[:steps]
    survivors = n_risk - n_event
    hazard = np.divide(n_event, n_risk * survivors, out=np.zeros(steps), where=survivors > 0)
    mean, std_error = float(areas.sum()), math.sqrt(float(ahead**2 @ hazard))
    # Summed up, the rectangles of a curve without events may miss the horizon in the last digit.
    mean = min(mean, horizon)
    limits = None
    lost_limits = None
    if std_error > 0:
        half = normal_quantile(conf_level) * std_error
        low, high = max(mean - half, 0.0), min(mean + half, horizon)
        limits = Interval(low, high, conf_level, "plain")
        lost_limits = Interval(horizon - high, horizon - low, conf_level, "plain")
    return RestrictedMean(
        curve.group,
        curve.n,
        end.n_event,
        Estimate(mean, limits, curve.n, end.n_event, std_error=std_error),
        Estimate(horizon - mean, lost_limits, curve.n, end.n_event, std_error=std_error),
    )


def _contrast(
    group: RestrictedMean, reference: RestrictedMean, flat: Mapping[str, Reason | None], conf_level: float
) -> RestrictedMeanContrast:
    n, n_event = group.n + reference.n, group.n_event + reference.n_event
    for side in (group, reference):
        if side.mean.value is None:
            nothing = Estimate(
                None, n=n, n_event=n_event, reason=Reason.of("of-group", group=side.group, why=side.mean.reason)
            )
            return RestrictedMeanContrast(group.group, reference.group, nothing, nothing, None, None)
    mean, base = group.mean.value, reference.mean.value
    se, base_se = group.mean.std_error, reference.mean.std_error
    assert mean is not None and base is not None and se is not None and base_se is not None
    z = normal_quantile(conf_level)
    whys = [why for side in (group, reference) if (why := flat[side.group])]
    reason = None if not whys else whys[0] if len(whys) == 1 else Reason.of("several", whys=tuple(whys))
    limits = p_difference = std_error = None
    if reason is None:
        std_error = math.hypot(se, base_se)
        half = z * std_error
        limits = Interval(mean - base - half, mean - base + half, conf_level, "plain")
        p_difference = _two_sided((mean - base) / std_error)
    difference = Estimate(mean - base, limits, n, n_event, std_error=std_error)
    empty = [side.group for side in (group, reference) if not side.mean.value]
    if empty:
        ratio = Estimate(None, n=n, n_event=n_event, reason=Reason.of("mean-is-0", group=empty[0]))
        return RestrictedMeanContrast(group.group, reference.group, difference, ratio, p_difference, None, reason)
    limits = p_ratio = std_error = None
    if reason is None:
        std_error = math.hypot(se / mean, base_se / base)
        spread = math.exp(z * std_error)
        limits = Interval(mean / base / spread, mean / base * spread, conf_level, "log")
        p_ratio = _two_sided(math.log(mean / base) / std_error)
    ratio = Estimate(mean / base, limits, n, n_event, std_error=std_error)
    return RestrictedMeanContrast(group.group, reference.group, difference, ratio, p_difference, p_ratio, reason)


def _why_flat(curve: SurvivalCurve, side: RestrictedMean, horizon: float | None) -> Reason | None:
    """Why the standard error of a group's mean is 0; None if it is not, or there is no mean."""
    if horizon is None or side.mean.value is None or side.mean.std_error:
        return None
    if not side.n_event:
        return Reason.of("flat-to-horizon", group=curve.group)
    first = int(np.flatnonzero(curve.n_event_at)[0])
    when, n = float(curve.time[first]), round(float(curve.n_risk[first]))
    if when >= horizon:
        return Reason.of("flat-before-horizon", group=curve.group)
    if n == curve.n:
        return Reason.of("all-at-one-time", group=curve.group)
    if n > 1:
        return Reason.of("all-at-risk-had-event", group=curve.group, n=n, n_all=curve.n, months=when)
    return Reason.of("only-one-at-risk-had-event", group=curve.group, months=when)


def _two_sided(z: float) -> float:
    return float(2 * ndtr(-abs(z)))


def _notes(curves: Sequence[SurvivalCurve], means: Sequence[RestrictedMean], horizon: float | None) -> tuple[Note, ...]:
    if horizon is None:
        return ()
    notes = []
    for curve, mean in zip(curves, means, strict=True):
        if mean.mean.value is None:
            continue
        (end,) = survival_at(curve, [horizon])
        if end.value and end.n < FEW_AT_RISK:
            notes.append(Note.of("few-at-risk", "caution", group=curve.group, n=end.n, months=horizon))
        if not mean.n_event:
            notes.append(Note.of("no-events", "info", group=curve.group, n=curve.n, months=horizon))
    return tuple(notes)
