"""How much may be hidden where nobody has had the event: the exact limit, by those whose follow-up reaches the time.

The normal approximations have no limits at a survival of 100 % (or, worse, limits of 100 %). With all children followed
there is the exact binomial limit; with censoring, only those count who are still followed: of 20 children of whom two
were followed for 5 years, two say anything on 5 years.

Sources
-------
Fay, Brittain & Proschan (2013), Biostatistics 14:723, doi:10.1093/biostatistics/kxt016: the beta product confidence
procedure. Without events by t and with m at risk at t, its lower limit of survival is the quantile of Beta(m, 1).
Hanley & Lippman-Hand (1983), JAMA 249:1743, doi:10.1001/jama.1983.03330370053031: all of the error on the one side that
is in question.
Fine & Gray (1999), Journal of the American Statistical Association 94:496, doi:10.1080/01621459.1999.10474144: who had
another event stays in the risk set for as long as follow-up would have lasted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analytics.estimators.curves.incidence_curve import incidence_at
from analytics.estimators.curves.survival_curve import n_at_risk, survival_at
from analytics.estimators.intervals import upper_limit_without_events
from analytics.results import (
    Estimate,
    FloatArray,
    IncidenceCurve,
    IncidenceResult,
    Interval,
    SurvivalCurve,
    SurvivalResult,
    shown_values,
)

METHOD = "exact, one-sided"
_VALUES = ("estimate", "std_error", "conf_low", "conf_high")


def patients_followed(curve: SurvivalCurve | IncidenceCurve, times: ArrayLike) -> FloatArray:
    """How many patients vouch for there being no event by each time, as long as there is none.

    Parameters
    ----------
    curve
        The curve of one group; of an incidence, the one of the cause in question.
    times : array of shape (m,)
        Times in the curve's unit (months), finite and >= 0, in any order.

    Returns
    -------
    array of shape (m,)
        Those at risk at the time. With delayed entry, the fewest who were at risk at any moment since the first came
        under observation. Of an incidence, those who had another event count for as long as they would have been
        followed by the Kaplan–Meier estimate of follow-up, so that they need not be whole numbers. 0 without patients.
    """
    wanted = np.atleast_1d(np.asarray(times, dtype=np.float64))
    if not curve.n:
        return np.zeros(len(wanted))
    if not len(curve.entry):
        return _at_risk(curve, wanted)
    first = float(curve.entry.min())
    moments = np.unique(np.concatenate([curve.time, curve.entry, wanted]))
    followed = _at_risk(curve, moments)
    begun = (moments > first) | (followed > 0)
    fewest = np.minimum.accumulate(np.where(begun, followed, np.inf))
    return np.where(begun, fewest, 0.0)[np.searchsorted(moments, wanted)]


def read_curve(curve: SurvivalCurve | IncidenceCurve, times: ArrayLike) -> tuple[Estimate, ...]:
    """The curve at given times, with the exact one-sided limit where nobody has had the event by then.

    Parameters
    ----------
    curve
        The curve of one group (and cause).
    times : array of shape (m,)
        Times in the curve's unit (months), finite and >= 0, in any order.

    Returns
    -------
    tuple of m Estimates
        As from :func:`~analytics.estimators.survival_at` or
        :func:`~analytics.estimators.incidence_at`. Where no event has happened and some are still
        followed (or had another event), the interval has the method "exact, one-sided" and ends at 1 (of an incidence,
        begins at 0).

    Raises
    ------
    ValueError
        If a time is negative or not finite.
    """
    is_survival = isinstance(curve, SurvivalCurve)
    estimates = survival_at(curve, times) if isinstance(curve, SurvivalCurve) else incidence_at(curve, times)
    nothing = 1.0 if is_survival else 0.0
    read = []
    for estimate, followed in zip(estimates, patients_followed(curve, times).tolist(), strict=True):
        if estimate.value == nothing and not estimate.n_event and followed > 0:
            hidden = hidden_share(followed, curve.conf_level)
            limits = (1.0 - hidden, 1.0) if is_survival else (0.0, hidden)
            interval = Interval(*limits, curve.conf_level, METHOD)
            estimate = replace(estimate, interval=interval)
        read.append(estimate)
    return tuple(read)


def hidden_share(followed: float, conf_level: float = 0.95) -> float:
    """The largest share with the event that fits none among so many ``followed``: 1 - (1 - level)^(1/followed).

    1 where nobody is followed. A ``followed`` below 1 (part of a patient, by estimate) is taken as it is.
    """
    limit = upper_limit_without_events(followed, conf_level)
    return 1.0 if limit is None or limit.high is None else limit.high


def band_without_events(curve: SurvivalCurve | IncidenceCurve) -> FloatArray:
    """The exact limit along a curve, for drawing a band: lower limits of a survival, upper ones of an incidence.

    Returns
    -------
    array of the length of ``curve.time``
        The limit that holds from each time until the next one, so that it is drawn as the curve's own steps are: by those
        followed beyond the time, at the last time by those followed until then. NaN from the first event on, and
        everywhere without patients. Before ``curve.time[0]`` the limit is that of all who are followed until then,
        :func:`hidden_share` of ``patients_followed(curve, curve.time[0])``.
    """
    if not curve.n:
        return np.full(len(curve.time), np.nan)
    until = np.append(curve.time[1:], curve.time[-1:])
    hidden = np.array([hidden_share(followed, curve.conf_level) for followed in patients_followed(curve, until)])
    limit = 1.0 - hidden if isinstance(curve, SurvivalCurve) else hidden
    return np.where(np.cumsum(curve.n_event_at) == 0, limit, np.nan)


def tabulate_curves(result: SurvivalResult | IncidenceResult) -> pd.DataFrame:
    """The curves' coordinates as from ``result.to_frame()``, with the exact limits where nobody has had the event yet.

    ``conf_low`` and ``conf_high`` are those at the time of the row, by those followed until then, and ``conf_type`` says
    "exact, one-sided" there.
    """
    frame = result.to_frame()
    if frame.empty:
        return frame
    low, high, is_exact = [], [], []
    for curve in result.curves:
        estimate, _, below, above = shown_values(curve)
        without = (np.cumsum(curve.n_event_at) == 0) & np.isfinite(estimate)
        hidden = np.array([hidden_share(m, curve.conf_level) for m in patients_followed(curve, curve.time)])
        is_survival = isinstance(curve, SurvivalCurve)
        low.append(np.where(without, 1.0 - hidden if is_survival else 0.0, below))
        high.append(np.where(without, 1.0 if is_survival else hidden, above))
        is_exact.append(without)
    conf_type = np.where(np.concatenate(is_exact), METHOD, result.conf_type)
    return frame.assign(conf_low=np.concatenate(low), conf_high=np.concatenate(high), conf_type=conf_type)


def tabulate_whole_curves(result: SurvivalResult | IncidenceResult, *, exact: bool = True) -> pd.DataFrame:
    """The curves' coordinates, each curve from its start on: survival from 1, an incidence from 0.

    Parameters
    ----------
    result
        The curves.
    exact
        Whether the limits are those of :func:`tabulate_curves`, otherwise those of ``result.to_frame()``.

    Returns
    -------
    frame
        As from either, with a row before those of each curve: at time 0, or where all of a group come under observation at
        one later moment, then. ``n_risk`` counts those who are observed from there; without any, there are no limits. A
        curve of which something happens at its start has its own row there.
    """
    frame = tabulate_curves(result) if exact else result.to_frame()
    begin = _begin_of(result.curves)
    place, places, starts = 0, [], []
    for curve in result.curves:
        if len(curve.time) and curve.time[0] > begin:
            places.append(place)
            starts.append(frame.iloc[place].to_dict() | _row_at_start(curve, begin, exact=exact))
        place += len(curve.time)
    columns = {}
    for name in frame:
        kind = frame[name].to_numpy().dtype
        columns[name] = np.insert(frame[name].to_numpy(), places, np.array([s[name] for s in starts], dtype=kind))
    return pd.DataFrame(columns, columns=frame.columns)


def _begin_of(curves: Sequence[SurvivalCurve | IncidenceCurve]) -> float:
    """When the curves start. Who comes under observation one by one does not move it."""
    first = [np.unique(curve.entry) for curve in curves if curve.n]
    return min((float(entry[0]) if len(entry) else 0.0 for entry in first if len(entry) < 2), default=0.0)


def _row_at_start(curve: SurvivalCurve | IncidenceCurve, begin: float, *, exact: bool) -> dict[str, Any]:
    # Those who come under observation at the start are at risk just after it.
    just_after = np.array([begin * (1 + 1e-6) + 1e-6 if len(curve.entry) else 0.0])
    if isinstance(curve, SurvivalCurve):
        is_survival, at_risk = True, n_at_risk(curve, just_after)
    else:
        is_survival, at_risk = False, _incidence_at_risk(curve, just_after)
    n_risk = float(at_risk[0])
    row: dict[str, Any] = {"time": begin, "n_risk": n_risk, "n_event": 0.0, "n_censor": 0.0, **dict.fromkeys(_VALUES)}
    row["conf_type"] = curve.conf_type
    if curve.shown_until is None or curve.shown_until > begin:
        row |= {"estimate": 1.0 if is_survival else 0.0, "std_error": 0.0}
        if exact and n_risk > 0:
            # What those tell who are followed until something happens, as where the band is drawn.
            hidden = hidden_share(float(patients_followed(curve, curve.time[:1])[0]), curve.conf_level)
            limits = (1.0 - hidden, 1.0) if is_survival else (0.0, hidden)
            row |= {"conf_low": limits[0], "conf_high": limits[1], "conf_type": METHOD}
    return row


def _at_risk(curve: SurvivalCurve | IncidenceCurve, moments: FloatArray) -> FloatArray:
    """Those at risk at each moment, and of an incidence those who had another event, as long as they would be followed."""
    if isinstance(curve, SurvivalCurve):
        return n_at_risk(curve, moments)
    n_risk, gone = curve.n_risk, curve.n_event_at + curve.n_competing_at
    left = n_risk - gone
    # The share of follow-up that reaches beyond each time: who had an event at it was followed longer.
    reach = np.cumprod(np.where(left > 0, 1.0 - curve.n_censor / np.where(left > 0, left, 1.0), 1.0))
    before = np.concatenate([[1.0], reach])
    step = np.searchsorted(curve.time, moments, side="left")
    # Once all of follow-up has ended, so has theirs.
    weight = np.divide(curve.n_competing_at, before[:-1], out=np.zeros(len(curve.time)), where=before[:-1] > 0)
    others = np.concatenate([[0.0], np.cumsum(weight)])[step] * before[step]
    return _incidence_at_risk(curve, moments) + others


def _incidence_at_risk(curve: IncidenceCurve, moments: FloatArray) -> FloatArray:
    return np.array([estimate.n for estimate in incidence_at(curve, moments)], dtype=np.float64)
