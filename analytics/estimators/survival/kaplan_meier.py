"""Kaplan–Meier curves, and the length of follow-up.

Sources
-------
Kaplan & Meier (1958), Journal of the American Statistical Association 53:457, doi:10.1080/01621459.1958.10501452: the
product-limit estimate.
Greenwood (1926), Reports on Public Health and Medical Subjects 33, HMSO: its variance.
Kalbfleisch & Prentice (2002), The Statistical Analysis of Failure Time Data, 2nd edition, section 1.4: the intervals.
Schemper & Smith (1996), Controlled Clinical Trials 17:343, doi:10.1016/0197-2456(96)00075-X: follow-up.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from analytics.estimators.curves.count_noise import last_shown, spread_by_noise
from analytics.estimators.curves.survival_curve import survival_quantile
from analytics.estimators.intervals import (
    SurvivalConfType,
    check_survival_conf_type,
    normal_quantile,
    survival_limits,
)
from analytics.estimators.observations import EVERYONE, NO_PATIENTS, BoolArray, Labels, Observations
from analytics.results import CellNoise, Estimate, Reason, SurvivalCurve, SurvivalResult, read_only


def estimate_survival(
    time: ArrayLike,
    event: ArrayLike,
    *,
    group: Any = None,
    weight: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    conf_level: float = 0.95,
    conf_type: SurvivalConfType = "log-log",
    noise: CellNoise | None = None,
) -> SurvivalResult:
    """Kaplan–Meier curves, one per group.

    Parameters
    ----------
    time : array of shape (rows,)
        Time from the origin to the event or the end of follow-up, finite and >= 0; months in this product.
    event : array of shape (rows,)
        1 or True where the event happened at ``time``, 0 or False where follow-up ended without it.
    group : array of shape (rows,), optional
        The group of each row. A pandas Categorical gives one curve per category, in category order, empty ones
        included; any other array gives one per value that occurs, sorted. Without it, one curve named "everyone".
    weight : array of shape (rows,), optional
        How many patients share the row, a whole number; the result equals that of the repeated rows, and a row with
        weight 0 is dropped. Default 1.
    entry : array of shape (rows,), optional
        Time from which the row is observed, for delayed entry: it is at risk in (entry, time].
    conf_level : float
        Two-sided level of the pointwise intervals, between 0 and 1.
    conf_type : {"log-log", "log", "plain"}
        Their formula, see :mod:`analytics.estimators.intervals`.
    noise
        That of the numbers of patients, where they have one: it is in the standard errors, and a curve is shown as far as it
        moves it by no more than 5 points.

    Returns
    -------
    SurvivalResult
        One curve per group, one entry per distinct time of that group. At an estimate of 0 the standard error and the
        limits are NaN; so are log-log limits before the first event. A group without patients has empty arrays, and its
        median says "no patients".

    Raises
    ------
    ValueError
        If an argument is not as described; the message says which values, where, and what to do.

    Notes
    -----
    With d events among n at risk just before t, S(t) is the product over times s <= t of 1 - d/n (Kaplan & Meier 1958),
    and se(S) = S sqrt(sum d / (n (n - d))) (Greenwood 1926). With delayed entry S may reach 0 early, when all of a
    small first risk set have the event; it then stays 0.
    """
    check_survival_conf_type(conf_type)
    normal_quantile(conf_level)
    data = Observations.from_arrays(time, event, weight, entry)
    if group is None:
        labels = Labels(np.zeros(len(data.time), dtype=np.intp), (EVERYONE,))
    else:
        labels = Labels.from_values("group", group, data.kept)
    curves = []
    for code, name in enumerate(labels.names):
        rows = slice(None) if len(labels.names) == 1 else labels.codes == code
        curves.append(_estimate_curve(data, rows, name, conf_level, conf_type, noise))
    return SurvivalResult(tuple(curves), conf_level, conf_type)


def follow_up(
    time: ArrayLike,
    event: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    conf_level: float = 0.95,
    conf_type: SurvivalConfType = "log-log",
    noise: CellNoise | None = None,
) -> Estimate:
    """The median length of follow-up by the reverse Kaplan–Meier method.

    The curve of the time to the end of follow-up, in which the event (death) is what censors: how long patients would
    have been followed, had none of them had the event.

    Parameters
    ----------
    time, event, weight, entry, conf_level, conf_type, noise
        As for :func:`estimate_survival`.

    Returns
    -------
    Estimate
        The median in the unit of ``time`` (months); ``n`` counts patients and ``n_event`` those with the event.
        ``value`` is None, with a reason, without patients or where more than half would still be followed at the last
        observed time.

    Raises
    ------
    ValueError
        As for :func:`estimate_survival`.

    References
    ----------
    Schemper & Smith (1996), Controlled Clinical Trials 17:343, doi:10.1016/0197-2456(96)00075-X.
    """
    check_survival_conf_type(conf_type)
    data = Observations.from_arrays(time, event, weight, entry)
    reverse = Observations(data.time, 1 - data.event, data.weight, data.entry, data.kept)
    curve = _estimate_curve(reverse, slice(None), EVERYONE, conf_level, conf_type, noise)
    if not curve.n:
        return Estimate(None, reason=NO_PATIENTS)
    median = curve.median
    n_event = curve.n - curve.n_event
    reason = None
    if median.value is None:
        last = float(curve.time[-1])
        reason = Reason.of("follow-up-not-reached", n_event=n_event, n=curve.n, months=last)
    return Estimate(median.value, median.interval, curve.n, n_event, reason)


def _estimate_curve(
    data: Observations,
    rows: BoolArray | slice,
    name: str,
    conf_level: float,
    conf_type: SurvivalConfType,
    noise: CellNoise | None = None,
) -> SurvivalCurve:
    time, position = np.unique(data.time[rows], return_inverse=True)
    weight, event = data.weight[rows], data.event[rows]
    removed = np.bincount(position, weight, len(time))
    n_event = np.bincount(position, weight * event, len(time))
    n_risk = np.cumsum(removed[::-1])[::-1]
    delayed: dict[str, Any] = {}
    if data.entry is not None:
        entry, begins = np.unique(data.entry[rows], return_inverse=True)
        n_entry = np.bincount(begins, weight, len(entry))
        # A row that enters at t or later is not yet at risk at t.
        entered = np.concatenate([[0.0], np.cumsum(n_entry)])
        n_risk = n_risk - (entered[-1] - entered[np.searchsorted(entry, time, side="left")])
        if entry.any():
            delayed = {"entry": read_only(entry), "n_entry": read_only(n_entry)}
    estimate = np.cumprod((n_risk - n_event) / n_risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.cumsum(n_event / (n_risk * (n_risk - n_event)))
        if noise is not None:
            by_noise, error = spread_by_noise(n_risk, n_event, removed - n_event, noise)
            spread = spread + by_noise
            delayed |= {"shown_until": last_shown(time, estimate * error), "smallest": noise.smallest}
        std_error = estimate * np.sqrt(spread)
    low, high = survival_limits(estimate, std_error, conf_level, conf_type)
    curve = SurvivalCurve(
        group=name,
        n=int(weight.sum()),
        n_event=int(n_event.sum()),
        time=read_only(time),
        n_risk=read_only(n_risk),
        n_event_at=read_only(n_event),
        n_censor=read_only(removed - n_event),
        estimate=read_only(estimate),
        std_error=read_only(std_error),
        low=read_only(low),
        high=read_only(high),
        conf_level=conf_level,
        conf_type=conf_type,
        median=Estimate(None, reason=NO_PATIENTS),
        **delayed,
    )
    if curve.shown_until is None:
        return replace(curve, median=survival_quantile(curve, 0.5))
    is_shown = time <= curve.shown_until
    fields = ("time", "n_risk", "n_event_at", "n_censor", "estimate", "std_error", "low", "high")
    arrays: dict[str, Any] = {name: read_only(getattr(curve, name)[is_shown]) for name in fields}
    shown = replace(curve, **arrays)
    return replace(curve, median=survival_quantile(shown, 0.5))
