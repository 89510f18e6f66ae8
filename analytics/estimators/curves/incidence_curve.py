"""Curves of cumulative incidence, read at a time."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from analytics.estimators.curves.survival_curve import survival_at
from analytics.estimators.observations import AT_RISK
from analytics.results import Estimate, IncidenceCurve, Interval, Reason, SurvivalCurve, read_only


def incidence_at(curve: IncidenceCurve, times: ArrayLike) -> tuple[Estimate, ...]:
    """Cumulative incidences at given times, read from the steps of a curve without interpolation.

    Parameters
    ----------
    curve
        The curve of one group and cause.
    times : array of shape (m,)
        Times in the curve's unit (months), finite and >= 0, in any order.

    Returns
    -------
    tuple of m Estimates
        In the order of ``times``. ``n`` is the number at risk just before the time, ``n_event`` the events of the cause
        up to and including it. Past the last observed time the value is that of the curve if the probability of being
        free of every cause is 0 (nothing can follow), and otherwise None with the reason that follow-up has ended; it
        is None, too, where with delayed entry nobody is at risk yet. The interval is None where it is not defined: for
        "log-log" and "log" as long as no event of the cause has happened.

    Raises
    ------
    ValueError
        If a time is negative or not finite.
    """
    events, every = np.cumsum(curve.n_event_at), np.cumsum(curve.n_event_at + curve.n_competing_at)
    found = []
    for free in survival_at(_event_free(curve), times):
        # The curve changes with events only, so the last event of any cause so far leads to its step.
        step = int(np.searchsorted(every, free.n_event, side="left")) if free.n_event else -1
        n_event = round(events[step]) if free.n_event else 0
        if free.value is None:
            found.append(Estimate(None, n=free.n, n_event=n_event, reason=free.reason))
        elif free.n_event:
            low, high = float(curve.low[step]), float(curve.high[step])
            interval = None if math.isnan(low) or math.isnan(high) else _interval(low, high, curve)
            std_error = float(curve.std_error[step])
            found.append(
                Estimate(float(curve.estimate[step]), interval, free.n, n_event, std_error=std_error, n_are=AT_RISK)
            )
        else:
            certain = _interval(0.0, 0.0, curve) if curve.conf_type == "plain" else None
            found.append(Estimate(0.0, certain, free.n, 0, std_error=0.0, n_are=AT_RISK))
    return tuple(found)


def _event_free(curve: IncidenceCurve) -> SurvivalCurve:
    """The probability of being free of every cause, without its uncertainty."""
    n_any = curve.n_event_at + curve.n_competing_at
    unknown = read_only(np.full(len(curve.time), np.nan))
    return SurvivalCurve(
        group=curve.group,
        n=curve.n,
        n_event=round(n_any.sum()),
        time=curve.time,
        n_risk=curve.n_risk,
        n_event_at=read_only(n_any),
        n_censor=curve.n_censor,
        estimate=read_only(np.cumprod((curve.n_risk - n_any) / curve.n_risk)),
        std_error=unknown,
        low=unknown,
        high=unknown,
        conf_level=curve.conf_level,
        conf_type=curve.conf_type,
        median=Estimate(None, reason=Reason("not-asked-for")),
        entry=curve.entry,
        n_entry=curve.n_entry,
        shown_until=curve.shown_until,
        smallest=curve.smallest,
    )


def _interval(low: float, high: float, curve: IncidenceCurve) -> Interval:
    return Interval(low, high, curve.conf_level, curve.conf_type)
