"""Kaplan–Meier curves, read at a time or at a quantile.

Sources
-------
Kalbfleisch & Prentice (2002), The Statistical Analysis of Failure Time Data, 2nd edition, section 1.4: the intervals.
Brookmeyer & Crowley (1982), Biometrics 38:29, doi:10.2307/2530286: limits of a quantile from the limits of the curve.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from analytics.estimators.observations import AT_RISK, NO_PATIENTS, TOLERANCE, read_numbers, require, time_tolerance
from analytics.results import Estimate, FloatArray, Interval, Reason, SurvivalCurve

# Probabilities closer than this are one level of a curve: sums of weights differ by less from one order of the rows to
# another, and a step of one patient among ten million is a thousand times as large.
_ONE_LEVEL = 1e-10


def survival_at(curve: SurvivalCurve, times: ArrayLike) -> tuple[Estimate, ...]:
    """Survival probabilities at given times, read from the steps of a curve without interpolation.

    Parameters
    ----------
    curve
        One group's curve.
    times : array of shape (m,)
        Times in the curve's unit (months), finite and >= 0, in any order.

    Returns
    -------
    tuple of m Estimates
        In the order of ``times``. ``n`` is the number at risk just before the time, ``n_event`` the events up to and
        including it. Past the last observed time the value is 0 where the curve has reached 0, and otherwise None with
        the reason that follow-up has ended; it is None, too, where with delayed entry nobody is at risk yet. The interval
        is None where it is not defined: at 0, and for "log-log" as long as no event has happened.

    Raises
    ------
    ValueError
        If a time is negative or not finite.
    """
    wanted = np.atleast_1d(read_numbers("times", times))
    require("times", "finite and >= 0", wanted, np.isfinite(wanted) & (wanted >= 0), "Ask for times from the start on.")
    if not curve.n:
        return tuple(Estimate(None, reason=NO_PATIENTS) for _ in wanted)
    slack = time_tolerance(curve.time)
    steps = np.searchsorted(curve.time, wanted + slack, side="right")
    events = np.concatenate([[0.0], np.cumsum(curve.n_event_at)])
    found = []
    for step, at, at_risk in zip(steps.tolist(), wanted.tolist(), n_at_risk(curve, wanted).tolist(), strict=True):
        n = round(at_risk)
        n_event = round(events[step])
        survival = float(curve.estimate[step - 1]) if step else 1.0
        if not n and survival > 0:
            reason = Reason.of("follow-up-ended", months=float(curve.time[-1]))
            if at < curve.time[-1]:
                reason = Reason.of("nobody-observed", months=at)
            found.append(Estimate(None, n=0, n_event=n_event, reason=reason))
        elif curve.shown_until is not None and at > curve.shown_until + slack:
            hidden = (curve.time > curve.shown_until + slack) & (curve.time <= at + slack) & (curve.n_event_at > 0)
            fewest = round(float(curve.n_risk[hidden].min(initial=n)))
            few = Reason.of("few-at-risk" if fewest >= n else "few-at-risk-before", n=fewest)
            found.append(Estimate(None, n=n, n_event=n_event, reason=Reason.of("withheld", why=few)))
        elif n_event < curve.smallest or n < curve.smallest:
            found.append(
                Estimate(None, reason=Reason.of("withheld", why=Reason.of("too-few-told", least=curve.smallest)))
            )
        elif step:
            found.append(
                Estimate(
                    survival,
                    _interval(curve.low[step - 1], curve.high[step - 1], curve),
                    n,
                    n_event,
                    std_error=_finite(curve.std_error[step - 1]),
                    n_are=AT_RISK,
                )
            )
        else:
            certain = None if curve.conf_type == "log-log" else _interval(1.0, 1.0, curve)
            found.append(Estimate(survival, certain, n, n_event, std_error=0.0, n_are=AT_RISK))
    return tuple(found)


def n_at_risk(curve: SurvivalCurve, times: ArrayLike) -> FloatArray:
    """Patients at risk at given times: under observation since before the time, and with an observed time >= it.

    Parameters
    ----------
    curve
        One group's curve.
    times : array of shape (m,)
        Times in the curve's unit (months). At time 0 those count who are observed from the start.

    Returns
    -------
    array of shape (m,)
        Numbers of patients; 0 for a curve without patients.
    """
    wanted = np.atleast_1d(np.asarray(times, dtype=np.float64))
    if not curve.n:
        return np.zeros(len(wanted))
    slack = time_tolerance(curve.time)
    left = np.concatenate([[0.0], np.cumsum(curve.n_event_at + curve.n_censor)])
    gone = left[np.searchsorted(curve.time, wanted - slack, side="left")]
    if not len(curve.entry):
        return curve.n - gone
    entered = np.concatenate([[0.0], np.cumsum(curve.n_entry)])
    # (entry, time] leaves out the moment of entry itself, except at the start of the clock.
    edge = np.where(wanted > 0, wanted - slack, slack)
    return entered[np.searchsorted(curve.entry, edge, side="left")] - gone


def survival_quantile(curve: SurvivalCurve, q: float) -> Estimate:
    """The time by which a share ``q`` of patients has had the event (0.5 for the median), with its interval.

    Parameters
    ----------
    curve
        One group's curve.
    q
        Share with the event, above 0 and at most 1: the first time at which the curve is at or below 1 - q.

    Returns
    -------
    Estimate
        A time in the curve's unit (months). Where the curve runs level at 1 - q, the middle of that stretch. The limits
        are the same quantile of the curve's lower and upper limits (Brookmeyer & Crowley 1982), None where they do not
        get there. ``value`` is None, with a reason, where the curve does not get there; a lower limit may exist even
        so.

    Raises
    ------
    ValueError
        If ``q`` is not above 0 and at most 1.

    Notes
    -----
    The rules for ties, tolerance (1.5e-8) and plateaus are those of ``quantile`` in R's survival package, except where
    they would give limits that do not enclose the value (with delayed entry, where limits of the curve rise again):
    then the first time counts at which a limit reaches the quantile.
    """
    if not 0 < q <= 1:
        raise ValueError(f"q must be above 0 and at most 1 (0.5 for the median): it is {q}.")
    if not curve.n:
        return Estimate(None, reason=NO_PATIENTS)
    value = _crossing(curve.time, curve.estimate, q)
    low, high = _crossing(curve.time, curve.low, q), _crossing(curve.time, curve.high, q)
    known = [limit for limit in (low, value, high) if limit is not None]
    if known != sorted(known):
        # Limits that rise again, as they may with delayed entry: what a limit has once reached counts.
        low, high = (_crossing(curve.time, np.fmin.accumulate(limits), q) for limits in (curve.low, curve.high))
    interval = None
    if low is not None or high is not None:
        interval = Interval(low, high, curve.conf_level, curve.conf_type)
    reason = None
    if value is None:
        last, left = (float(curve.time[-1]), float(curve.estimate[-1])) if len(curve.time) else (0.0, 1.0)
        reason = Reason.of("quantile-not-reached", share=left, months=last)
    return Estimate(value, interval, curve.n, curve.n_event, reason)


def _crossing(time: FloatArray, survival: FloatArray, q: float) -> float | None:
    """The time at which 1 - survival first reaches ``q``; the middle of the stretch on which it equals ``q``.

    A curve of limits may rise again and may be undefined at places: as in R, its distinct defined values are looked up
    in ascending order, each at the first time it was taken. Values that differ by rounding are one value.
    """
    share = _levelled(np.concatenate([[0.0], 1 - survival]))
    start = np.concatenate([[0.0], time])
    # NaN is one value among the distinct ones: a curve that is undefined from some time on has no last value.
    distinct = np.sort(np.unique(share, return_index=True)[1])
    share, start = share[distinct], start[distinct]
    last = share[-1]
    order = np.argsort(share, kind="stable")[: np.isfinite(share).sum()]
    ordered, begins = share[order], start[order]
    reached = int(np.searchsorted(ordered + TOLERANCE, q, side="left"))
    if reached == len(ordered):
        return None
    if abs(q - last) < TOLERANCE:
        return float((begins[reached] + time[-1]) / 2)
    passed = int(np.searchsorted(ordered - TOLERANCE, q, side="left"))
    return None if passed == len(ordered) else float((begins[reached] + begins[passed]) / 2)


def _levelled(share: FloatArray) -> FloatArray:
    """The values of a curve, those that differ by rounding only replaced by the one that was taken first."""
    order = np.argsort(share, kind="stable")
    steps = np.diff(share[order])
    near = steps <= _ONE_LEVEL
    if not near.any() or not steps[near].any():
        return share
    level = np.cumsum(np.concatenate([[0], ~near]))
    first = np.full(level[-1] + 1, len(share), dtype=np.intp)
    np.minimum.at(first, level, order)
    levelled = np.empty_like(share)
    levelled[order] = share[first[level]]
    return levelled


def _interval(low: float, high: float, curve: SurvivalCurve) -> Interval | None:
    if math.isnan(low) or math.isnan(high):
        return None
    return Interval(float(low), float(high), curve.conf_level, curve.conf_type)


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
