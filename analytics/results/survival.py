"""Curves of survival and of cumulative incidence, their tests, and means of survival."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from analytics.results.core import Estimate, FloatArray, Note, Reason, Result, read_only


@dataclass(frozen=True, slots=True)
class GroupCount(Result):
    """Patients, observed and expected events of one group in a test.

    A test that weights its moments sums up weights, not events: ``n_event`` counts those; None where ``observed`` does.
    """

    group: str
    n: int
    observed: float
    expected: float
    n_event: float | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class TestResult(Result):
    """A test: statistic, degrees of freedom and p; all three None, with a reason, where it cannot be done."""

    __test__ = False  # not a pytest class

    method: str
    statistic: float | None
    df: int | None
    p_value: float | None
    groups: tuple[GroupCount, ...] = ()
    reason: Reason | None = None
    notes: tuple[Note, ...] = ()

    @property
    def observed(self) -> tuple[float, ...]:
        """Observed events, in group order."""
        return tuple(group.observed for group in self.groups)

    @property
    def expected(self) -> tuple[float, ...]:
        """Expected events, in group order."""
        return tuple(group.expected for group in self.groups)

    def to_row(self) -> dict[str, Any]:
        """The test for a file: ``term statistic df p_value reason``."""
        numbers = {"statistic": self.statistic, "df": self.df, "p_value": self.p_value}
        return {"term": self.method, **numbers, "reason": self.reason}

    def to_frame(self) -> pd.DataFrame:
        """One row per group: ``group n observed expected``, with the test's ``statistic df p_value`` repeated."""
        frame = pd.DataFrame(
            [(g.group, g.n, g.observed, g.expected) for g in self.groups],
            columns=["group", "n", "observed", "expected"],
        )
        return frame.assign(statistic=self.statistic, df=self.df, p_value=self.p_value)


@dataclass(frozen=True, slots=True)
class PairwiseTest(Result):
    """The test of one pair of groups, from those two groups' patients alone; ``p_adjusted`` over all pairs."""

    group_a: str
    group_b: str
    test: TestResult
    p_adjusted: float | None
    adjust: str


@dataclass(frozen=True, slots=True)
class SurvivalCurve(Result):
    """A Kaplan–Meier curve of one group, one entry per distinct observed time (events and censorings), ascending.

    ``time`` is in the unit it was given in (months in this product); ``n_risk`` counts patients with time >= t just
    before t; ``estimate`` is the probability 0–1 of being event-free after t; ``std_error`` is Greenwood's, on the
    probability scale; ``low`` and ``high`` are NaN where the interval is not defined (as in R at an estimate of 0).
    The curve starts at 1 at time 0, which is not stored. With delayed entry ``n_entry`` patients come under observation
    at each of the ascending times ``entry``; both are empty where everybody is observed from the start. After
    ``shown_until`` too few are at risk for the curve to be shown; None shows all of it. Where small numbers are protected none
    below ``smallest`` is told.
    """

    group: str
    n: int
    n_event: int
    time: FloatArray
    n_risk: FloatArray
    n_event_at: FloatArray
    n_censor: FloatArray
    estimate: FloatArray
    std_error: FloatArray
    low: FloatArray
    high: FloatArray
    conf_level: float
    conf_type: str
    median: Estimate
    entry: FloatArray = field(default_factory=lambda: read_only([]))
    n_entry: FloatArray = field(default_factory=lambda: read_only([]))
    shown_until: float | None = None
    smallest: int = 0


def is_shown(curve: SurvivalCurve | IncidenceCurve) -> np.ndarray:
    """True at each of the curve's times after which its value may be shown.

    A step at the time of ``shown_until`` is not: the level that it leads to rests on the few who are left.
    """
    if curve.shown_until is None:
        return np.ones(len(curve.time), dtype=bool)
    return (curve.time < curve.shown_until) | ((curve.time == curve.shown_until) & (curve.n_event_at == 0))


def shown_values(curve: SurvivalCurve | IncidenceCurve) -> tuple[FloatArray, ...]:
    """Estimate, standard error and limits of a curve, NaN where it is not shown."""
    values = (curve.estimate, curve.std_error, curve.low, curve.high)
    if curve.shown_until is None:
        return values
    return tuple(np.where(is_shown(curve), array, np.nan) for array in values)


@dataclass(frozen=True, slots=True)
class SurvivalResult(Result):
    """Kaplan–Meier curves in group order."""

    curves: tuple[SurvivalCurve, ...]
    conf_level: float
    conf_type: str
    notes: tuple[Note, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per group and time: ``group time n_risk n_event n_censor estimate std_error conf_low conf_high …``."""
        columns = ["group", "time", "n_risk", "n_event", "n_censor", "estimate", "std_error", "conf_low", "conf_high"]
        parts = [
            pd.DataFrame(
                dict(
                    zip(
                        columns,
                        (c.group, c.time, c.n_risk, c.n_event_at, c.n_censor, *shown_values(c)),
                        strict=True,
                    )
                )
            )
            for c in self.curves
        ]
        frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
        return frame.assign(conf_level=self.conf_level, conf_type=self.conf_type)


@dataclass(frozen=True, slots=True)
class IncidenceCurve(Result):
    """The cumulative incidence of one cause in one group, one entry per distinct observed time, ascending.

    ``time`` is in the unit it was given in (months in this product); ``n_risk`` counts patients with time >= t just
    before t; ``n_event_at`` those who then had this cause, ``n_competing_at`` any other cause, ``n_censor`` none.
    ``estimate`` is the probability 0–1 of having had this cause by t, ``std_error`` its standard error; ``low`` and
    ``high`` are NaN where the interval is not defined (log and log-log before the first event of the cause). ``n`` and
    ``n_event`` (of this cause) are totals. The curve starts at 0 at time 0, which is not stored. ``entry``,
    ``n_entry``, ``shown_until`` and ``smallest`` are those of :class:`SurvivalCurve`.
    """

    group: str
    cause: str
    n: int
    n_event: int
    time: FloatArray
    n_risk: FloatArray
    n_event_at: FloatArray
    n_competing_at: FloatArray
    n_censor: FloatArray
    estimate: FloatArray
    std_error: FloatArray
    low: FloatArray
    high: FloatArray
    conf_level: float
    conf_type: str
    entry: FloatArray = field(default_factory=lambda: read_only([]))
    n_entry: FloatArray = field(default_factory=lambda: read_only([]))
    shown_until: float | None = None
    smallest: int = 0


@dataclass(frozen=True, slots=True)
class IncidenceResult(Result):
    """Cumulative incidence curves, one per group and cause: in group order, within it in the order of ``causes``."""

    curves: tuple[IncidenceCurve, ...]
    causes: tuple[str, ...]
    conf_level: float
    conf_type: str
    notes: tuple[Note, ...] = ()

    def for_cause(self, cause: str) -> tuple[IncidenceCurve, ...]:
        """The curves of one cause, in group order.

        Raises
        ------
        ValueError
            If there is no such cause.
        """
        if cause not in self.causes:
            raise ValueError(f"there is no cause {cause!r}: the causes are {', '.join(self.causes) or 'none'}.")
        return tuple(curve for curve in self.curves if curve.cause == cause)

    def for_group(self, group: str) -> tuple[IncidenceCurve, ...]:
        """The curves of one group, in the order of the causes.

        Raises
        ------
        ValueError
            If no curve is of that group.
        """
        if not (found := tuple(curve for curve in self.curves if curve.group == group)):
            known = dict.fromkeys(curve.group for curve in self.curves)
            raise ValueError(f"there is no curve of group {group!r}: the groups are {', '.join(known) or 'none'}.")
        return found

    def to_frame(self) -> pd.DataFrame:
        """One row per group, cause and time: ``group cause time n_risk n_event n_censor estimate std_error …``.

        ``n_event`` counts this cause alone; followed by ``conf_low conf_high conf_level conf_type``.
        """
        columns = ["group", "cause", "time", "n_risk", "n_event", "n_censor", "estimate", "std_error"]
        columns += ["conf_low", "conf_high"]
        parts = []
        for c in self.curves:
            arrays = (c.time, c.n_risk, c.n_event_at, c.n_censor, *shown_values(c))
            parts.append(pd.DataFrame(dict(zip(columns, (c.group, c.cause, *arrays), strict=True))))
        frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
        return frame.assign(conf_level=self.conf_level, conf_type=self.conf_type)


@dataclass(frozen=True, slots=True)
class RestrictedMean(Result):
    """One group's mean time without the event up to a horizon, and the mean time lost (the horizon less that mean).

    ``n`` patients, ``n_event`` of them with the event up to the horizon. ``mean`` and ``lost`` are in the unit of time
    (months) and share their standard error. Where it is 0 (no events), they have no interval.
    """

    group: str
    n: int
    n_event: int
    mean: Estimate
    lost: Estimate


@dataclass(frozen=True, slots=True)
class RestrictedMeanContrast(Result):
    """One group's restricted mean against the reference's: ``difference`` (months) and ``ratio``.

    The standard error of ``ratio`` is that of its logarithm. ``reason`` says why there is no interval and no p although
    there is a difference; where there is no difference either, the estimates themselves say why.
    """

    group: str
    reference: str
    difference: Estimate
    ratio: Estimate
    p_difference: float | None
    p_ratio: float | None
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class RestrictedMeanResult(Result):
    """Restricted means in group order, and each later group against the first that has patients.

    ``horizon`` is in the unit of time (months); None where no horizon was given and nobody was followed.
    """

    horizon: float | None
    groups: tuple[RestrictedMean, ...]
    contrasts: tuple[RestrictedMeanContrast, ...]
    conf_level: float
    notes: tuple[Note, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per number: ``term group reference time n n_event estimate std_error conf_low conf_high …``.

        ``term`` is "restricted mean", "time lost", "difference" or "ratio"; ``time`` the horizon. For a ratio,
        ``std_error`` is that of its logarithm.
        """
        entries: list[tuple[str, str, str | None, Estimate, float | None, Reason | None]] = []
        for g in self.groups:
            entries.append(("restricted mean", g.group, None, g.mean, None, g.mean.reason))
            entries.append(("time lost", g.group, None, g.lost, None, g.lost.reason))
        for c in self.contrasts:
            for term, estimate, p in (("difference", c.difference, c.p_difference), ("ratio", c.ratio, c.p_ratio)):
                entries.append((term, c.group, c.reference, estimate, p, estimate.reason or c.reason))
        columns = ["term", "group", "reference", "time", "n", "n_event", "estimate", "std_error", "conf_low"]
        columns += ["conf_high", "conf_level", "conf_type", "p_value", "reason"]
        rows = []
        for term, group, reference, e, p, reason in entries:
            low, high, method = (e.interval.low, e.interval.high, e.interval.method) if e.interval else (None,) * 3
            values = (term, group, reference, self.horizon, e.n, e.n_event, e.value, e.std_error, low, high)
            rows.append(dict(zip(columns, (*values, self.conf_level, method, p, reason), strict=True)))
        return pd.DataFrame(rows, columns=columns)


@dataclass(frozen=True, slots=True)
class SurvivalDifference(Result):
    """The survival of one group less that of the reference at one ``time`` (months), on the probability scale.

    ``n_risk`` and ``n_risk_reference`` count those still followed just before ``time``. ``difference`` counts the
    patients of both groups and their events up to ``time``. ``test`` has its own reason where it cannot be done.
    """

    time: float
    group: str
    reference: str
    n_risk: int
    n_risk_reference: int
    difference: Estimate
    test: TestResult

    @property
    def p_value(self) -> float | None:
        """The p value of ``test``."""
        return self.test.p_value
