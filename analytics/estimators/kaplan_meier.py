"""Kaplan–Meier curves, read at a time or at a quantile, and the length of follow-up.

Sources
-------
Kaplan & Meier (1958), Journal of the American Statistical Association 53:457, doi:10.1080/01621459.1958.10501452: the
product-limit estimate.
Greenwood (1926), Reports on Public Health and Medical Subjects 33, HMSO: its variance.
Kalbfleisch & Prentice (2002), The Statistical Analysis of Failure Time Data, 2nd edition, section 1.4: the intervals.
Brookmeyer & Crowley (1982), Biometrics 38:29, doi:10.2307/2530286: limits of a quantile from the limits of the curve.
Schemper & Smith (1996), Controlled Clinical Trials 17:343, doi:10.1016/0197-2456(96)00075-X: follow-up.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analytics.estimators.intervals import (
    SurvivalConfType,
    check_survival_conf_type,
    normal_quantile,
    survival_limits,
)
from analytics.results import Estimate, FloatArray, Interval, Reason, SurvivalCurve, SurvivalResult, read_only

IntArray = NDArray[np.intp]
BoolArray = NDArray[np.bool_]

EVERYONE = "everyone"
NO_PATIENTS = Reason("no-patients")
AT_RISK = "at risk"  # whom an estimate at a time counts

# Two times closer than this share of the mean time (or than this) are one time, and a probability this close to a
# quantile has reached it: computed in floating point, equal quantities differ by less.
_TOLERANCE = math.sqrt(np.finfo(np.float64).eps)
# Probabilities closer than this are one level of a curve: sums of weights differ by less from one order of the rows to
# another, and a step of one patient among ten million is a thousand times as large.
_ONE_LEVEL = 1e-10


@dataclass(frozen=True, slots=True)
class Labels:
    """A label per row: ``codes`` index ``names``, which keep the order of the groups; a name may have no row."""

    codes: IntArray
    names: tuple[str, ...]

    @classmethod
    def from_values(cls, name: str, values: Any, kept: BoolArray) -> Labels:
        """The labels of the rows that are ``kept``.

        A pandas Categorical keeps its category order and its empty categories; other values are sorted (numbers by
        value, text alphabetically) and only those that occur in kept rows count.

        Raises
        ------
        ValueError
            If the length differs from that of ``kept``, a label is missing in a kept row, labels cannot be sorted, or
            two of them read alike.
        """
        if isinstance(values, pd.Series | pd.Index):
            values = values.array
        if not isinstance(values, pd.Categorical):
            values = np.asarray(values)
            if values.ndim != 1:
                raise ValueError(f"{name} must have one dimension: it has {values.ndim}.")
        if len(values) != len(kept):
            raise ValueError(f"{name} must have one value per row: it has {len(values)} for {len(kept)} times.")
        if isinstance(values, pd.Categorical):
            codes = np.asarray(values.codes)[kept]
            levels = values.categories
        else:
            codes, levels = pd.factorize(values[kept], sort=False)
            try:
                order = np.argsort(levels, kind="stable")
            except TypeError as error:
                raise ValueError(
                    f"{name} mixes kinds of values that have no order. Give text, numbers or a pandas Categorical."
                ) from error
            levels = levels[order]
            rank = np.empty(len(order), dtype=np.intp)
            rank[order] = np.arange(len(order))
            codes = np.where(codes < 0, -1, rank[codes]) if len(order) else codes
        if (missing := codes < 0).any():
            row = int(np.flatnonzero(kept)[np.flatnonzero(missing)[0]])
            raise ValueError(
                f"{name} must be known: it is missing in {missing.sum()} of {len(codes)} rows (first at row {row}). "
                "Leave those patients out and say how many they are."
            )
        names = tuple(str(level) for level in levels)
        if len(set(names)) < len(names):
            raise ValueError(f"{name} has different values that read alike: {', '.join(names)}.")
        return cls(codes.astype(np.intp, copy=False), names)


@dataclass(frozen=True, slots=True)
class Observations:
    """Checked times to an event, one entry per row with a positive weight; ``kept`` marks those rows of the input.

    ``event`` is 1 or 0, ``weight`` a whole number of patients; a row is at risk in (``entry``, ``time``], from the
    start where ``entry`` is None.
    """

    time: FloatArray
    event: FloatArray
    weight: FloatArray
    entry: FloatArray | None
    kept: BoolArray

    @property
    def n(self) -> int:
        """Patients."""
        return int(self.weight.sum())

    @classmethod
    def from_arrays(cls, time: Any, event: Any, weight: Any = None, entry: Any = None) -> Observations:
        """The checked observations, with times merged that differ by rounding only.

        Two neighbouring times are merged into the earlier one where they differ by at most 1.5e-8, absolutely or as a
        share of the mean distinct time, as ``timefix`` does in R's survival package (Therneau, 2023).

        Raises
        ------
        ValueError
            If lengths differ, a time or an entry is not finite or negative, an event is not 0 or 1, a weight is not a
            whole number >= 0, or an entry is not before its time.
        """
        times = _numbers("time", time)
        _check_length("event", events := _numbers("event", event), times)
        _require(
            "time",
            "finite and >= 0",
            times,
            np.isfinite(times) & (times >= 0),
            "Check that no date precedes the start.",
        )
        _check_events(events)
        weights = np.ones(len(times)) if weight is None else _numbers("weight", weight)
        _check_length("weight", weights, times)
        _require(
            "weight",
            "a whole number of patients >= 0",
            weights,
            np.isfinite(weights) & (weights >= 0) & (weights == np.floor(weights)),
            "A weight says how many patients share the row; weights that balance groups need another variance.",
        )
        entries = None
        if entry is not None:
            entries = _numbers("entry", entry)
            _check_length("entry", entries, times)
            _require("entry", "finite and >= 0", entries, np.isfinite(entries) & (entries >= 0), "Use 0 for no delay.")
        kept = weights > 0
        if not kept.all():
            times, events, weights = times[kept], events[kept], weights[kept]
            entries = None if entries is None else entries[kept]
        if entries is None:
            times = _merge_times(times)
        else:
            merged = _merge_times(np.concatenate([times, entries]))
            times, entries = merged[: len(times)], merged[len(times) :]
            _require(
                "entry",
                "before time",
                entries,
                entries < times,
                "Who enters and leaves at the same moment was never at risk: leave them out or mend the dates.",
                np.flatnonzero(kept),
            )
        return cls(times, events, weights, entries, kept)


def estimate_survival(
    time: ArrayLike,
    event: ArrayLike,
    *,
    group: Any = None,
    weight: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    conf_level: float = 0.95,
    conf_type: SurvivalConfType = "log-log",
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
        curves.append(_estimate_curve(data, rows, name, conf_level, conf_type))
    return SurvivalResult(tuple(curves), conf_level, conf_type)


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
    wanted = np.atleast_1d(_numbers("times", times))
    _require(
        "times", "finite and >= 0", wanted, np.isfinite(wanted) & (wanted >= 0), "Ask for times from the start on."
    )
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
        last, left = float(curve.time[-1]), float(curve.estimate[-1])
        reason = Reason.of("quantile-not-reached", share=left, months=last)
    return Estimate(value, interval, curve.n, curve.n_event, reason)


def follow_up(
    time: ArrayLike,
    event: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    conf_level: float = 0.95,
    conf_type: SurvivalConfType = "log-log",
) -> Estimate:
    """The median length of follow-up by the reverse Kaplan–Meier method.

    The curve of the time to the end of follow-up, in which the event (death) is what censors: how long patients would
    have been followed, had none of them had the event.

    Parameters
    ----------
    time, event, weight, entry, conf_level, conf_type
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
    curve = _estimate_curve(reverse, slice(None), EVERYONE, conf_level, conf_type)
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
    data: Observations, rows: BoolArray | slice, name: str, conf_level: float, conf_type: SurvivalConfType
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
        std_error = estimate * np.sqrt(np.cumsum(n_event / (n_risk * (n_risk - n_event))))
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
    return replace(curve, median=survival_quantile(curve, 0.5))


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
    reached = int(np.searchsorted(ordered + _TOLERANCE, q, side="left"))
    if reached == len(ordered):
        return None
    if abs(q - last) < _TOLERANCE:
        return float((begins[reached] + time[-1]) / 2)
    passed = int(np.searchsorted(ordered - _TOLERANCE, q, side="left"))
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


def time_tolerance(distinct: FloatArray) -> float:
    """How far apart two of these times may lie and still count as the same; 0 without times."""
    return _TOLERANCE * max(1.0, float(distinct.mean())) if len(distinct) else 0.0


def _merge_times(times: FloatArray) -> FloatArray:
    distinct, position = np.unique(times, return_inverse=True)
    is_new = np.concatenate([[True], np.diff(distinct) > time_tolerance(distinct)])
    if len(distinct) == 0 or is_new.all():
        return times
    return np.asarray(distinct[is_new][np.cumsum(is_new)[position] - 1])


def _numbers(name: str, values: Any) -> FloatArray:
    if isinstance(values, pd.Series | pd.Index):
        values = values.array
    if isinstance(values, pd.api.extensions.ExtensionArray) and not isinstance(values, pd.Categorical):
        array = values.to_numpy(dtype=object, na_value=np.nan) if values.dtype.kind in "biuf" else np.asarray(values)
    else:
        array = np.asarray(values)
    is_text = array.dtype.kind in "SUmM" or (array.dtype == object and any(isinstance(v, str) for v in array.flat))
    try:
        numbers = None if is_text else array.astype(np.float64)
    except (TypeError, ValueError):
        numbers = None
    if numbers is None:
        raise ValueError(f"{name} must hold numbers: it holds {array.dtype.name}. Convert it first.")
    if numbers.ndim > 1:
        raise ValueError(f"{name} must have one dimension: it has {numbers.ndim}.")
    return numbers


def _check_length(name: str, values: FloatArray, times: FloatArray) -> None:
    if len(values) != len(times):
        raise ValueError(f"{name} must have one value per row: it has {len(values)} for {len(times)} times.")


def _require(
    name: str, what: str, values: FloatArray, is_right: BoolArray, remedy: str, rows: IntArray | None = None
) -> None:
    if is_right.all():
        return
    first = int(np.argmin(is_right))
    row = first if rows is None else int(rows[first])
    n = len(values) - int(is_right.sum())
    verb = "value is" if n == 1 else "values are"
    raise ValueError(
        f"{name} must be {what}: {n} of {len(values)} {verb} not (first at row {row}: {values[first]:g}). {remedy}"
    )


def _check_events(events: FloatArray) -> None:
    is_right = (events == 0) | (events == 1)
    if is_right.all():
        return
    if set(np.unique(events)) <= {1.0, 2.0}:
        remedy = "These look like 1 = censored and 2 = event: subtract 1."
    else:
        remedy = (
            "Code the event as 1, follow-up that ended without it as 0, and leave out patients with an unknown status."
        )
    _require("event", "0 or 1", events, is_right, remedy)
