"""Frozen results: what an estimator returns and a figure, table, sentence or file is made from.

"Not estimable" is a result with a reason, never an exception and never a NaN in a scalar field.
Arrays inside results are read-only; in arrays alone, NaN marks a limit that is not defined.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Severity = Literal["info", "caution", "warning"]


def read_only(values: object) -> FloatArray:
    """A read-only float copy of ``values``, so that a shared result cannot be changed by its reader."""
    array = np.array(values, dtype=np.float64)
    array.setflags(write=False)
    return array


@dataclass(frozen=True, slots=True)
class Result:
    """The base of everything that an estimator returns, and of what holds such: what the policy on small numbers looks into.

    ``no_rule`` says why a class that holds numbers needs no rule of that policy.
    """

    no_rule: ClassVar[str] = ""


@dataclass(frozen=True, slots=True)
class Interval(Result):
    """A confidence interval.

    ``low`` or ``high`` is None where the limit does not exist (a median whose upper limit is not reached,
    an odds ratio without finite limit). ``level`` is 0 to 1 (0.95), ``method`` names the formula ("log-log", "profile").

    Raises
    ------
    ValueError
        If a limit is not finite, or low > high, or the level is not between 0 and 1.
    """

    low: float | None
    high: float | None
    level: float
    method: str

    def __post_init__(self) -> None:
        for name, limit in (("low", self.low), ("high", self.high)):
            if limit is not None and not math.isfinite(limit):
                raise ValueError(f"{name} must be finite or None: it is {limit}.")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low must not exceed high: {self.low} > {self.high}.")
        if not 0 < self.level < 1:
            raise ValueError(f"level must lie between 0 and 1 (0.95, not 95): it is {self.level}.")

    @property
    def is_one_sided(self) -> bool:
        """True if all of the error lies on one side: the other limit is the end of what is possible."""
        return self.method.endswith("one-sided")


@dataclass(frozen=True, slots=True)
class Estimate(Result):
    """One number with its interval and the patients it rests on; ``value`` is None exactly when ``reason`` is set.

    ``n`` patients, ``n_event`` of them with the event. ``reason`` is a short clause for the reader ("no events").
    ``n_are`` says which patients ``n`` counts where they are not all of a group ("at risk").
    """

    value: float | None
    interval: Interval | None = None
    n: int = 0
    n_event: int = 0
    reason: str | None = None
    std_error: float | None = None
    n_are: str = ""

    def __post_init__(self) -> None:
        if (self.value is None) != (self.reason is not None):
            raise ValueError("value must be None exactly when a reason is given.")
        if self.value is not None and not math.isfinite(self.value):
            raise ValueError(f"value must be finite: it is {self.value}. Give a reason instead.")


@dataclass(frozen=True, slots=True)
class Note:
    """A remark that travels with a result: ``text`` says what is so (with the numbers), ``remedy`` what to do.

    ``code`` is a stable lower-case word ("separation"), used by tests and for grouping, so that wording may improve.
    ``link`` is the address of the page that can answer better, "" for none; clauses of the filter on the variables of
    ``drops``, and choices of these variables, are not taken there.
    """

    code: str
    severity: Severity
    text: str
    remedy: str = ""
    link: str = ""
    drops: tuple[str, ...] = ()


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
    reason: str | None = None
    notes: tuple[Note, ...] = ()

    @property
    def observed(self) -> tuple[float, ...]:
        """Observed events, in group order."""
        return tuple(group.observed for group in self.groups)

    @property
    def expected(self) -> tuple[float, ...]:
        """Expected events, in group order."""
        return tuple(group.expected for group in self.groups)

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
    ``shown_until`` too few are at risk for the curve to be shown; None shows all of it.
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
    ``n_entry`` and ``shown_until`` are those of :class:`SurvivalCurve`.
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
class OddsRatio(Result):
    """One level of one covariate (or one numeric covariate, with ``level`` None: per unit increase).

    ``n`` patients and ``n_event`` outcomes in that level. A reference row has an odds ratio of exactly 1 without
    interval or p. ``p_value`` is of the same kind as the interval, so that it is below 0.05 where the 95 % interval leaves
    out 1: of the (penalised) likelihood-ratio test that this coefficient alone is 0 beside a profile interval, Wald's
    beside a Wald interval. ``statistic`` is Wald's z, ``p_value_wald`` its p, and ``statistic_lr`` the chi-square of the
    likelihood-ratio test, None where that was not made.
    ``p_reason`` says why there is no p, where the policy on small numbers took it out.
    """

    variable: str
    level: str | None
    is_reference: bool
    n: int
    n_event: int
    odds_ratio: Estimate
    p_value: float | None
    statistic: float | None = None
    p_value_wald: float | None = None
    statistic_lr: float | None = None
    p_reason: str | None = None

    @property
    def ratio(self) -> Estimate:
        """The odds ratio, by the name that every kind of ratio has."""
        return self.odds_ratio


@dataclass(frozen=True, slots=True)
class HazardRatio(Result):
    """One level of one covariate (or one numeric covariate, with ``level`` None: per unit increase).

    ``n`` patients and ``n_event`` events in that level. A reference row has a hazard ratio of exactly 1 without
    interval or p. ``p_value`` is of the same kind as the interval, so that it is below 0.05 where the 95 % interval leaves
    out 1: of the (penalised) likelihood-ratio test that this coefficient alone is 0 beside a profile interval, Wald's
    beside a Wald interval. ``statistic`` is Wald's z, ``p_value_wald`` its p, and ``statistic_lr`` the chi-square of the
    likelihood-ratio test, None where that was not made.
    ``p_reason`` says why there is no p, where the policy on small numbers took it out.
    """

    variable: str
    level: str | None
    is_reference: bool
    n: int
    n_event: int
    hazard_ratio: Estimate
    p_value: float | None
    statistic: float | None = None
    p_value_wald: float | None = None
    statistic_lr: float | None = None
    p_reason: str | None = None

    @property
    def ratio(self) -> Estimate:
        """The hazard ratio, by the name that every kind of ratio has."""
        return self.hazard_ratio


@dataclass(frozen=True, slots=True)
class TermTest(Result):
    """The test of a whole covariate (all its levels at once): by likelihood ratio, unless the result says otherwise."""

    variable: str
    statistic: float | None
    df: int | None
    p_value: float | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class OddsRatioResult(Result):
    """Odds ratios of one logistic model.

    ``method`` is what was fitted ("ml", "firth" or "ipcw", weighted for censoring); ``terms`` has one entry per level in
    the order of the covariates; ``tests`` one per covariate, of the kind ``test_type`` ("likelihood ratio" or "robust
    Wald"); ``n`` and ``n_event`` count the patients used; ``n_parameters`` excludes the intercept. ``std_error_type`` is
    "model" or "robust". ``reason`` is set when nothing could be fitted (then every term says so too).
    """

    terms: tuple[OddsRatio, ...]
    tests: tuple[TermTest, ...]
    method: str
    conf_level: float
    conf_type: str
    n: int
    n_event: int
    n_parameters: int
    log_likelihood: float | None
    reason: str | None = None
    notes: tuple[Note, ...] = ()
    std_error_type: str = "model"
    test_type: str = "likelihood ratio"

    @property
    def measure(self) -> str:
        """What the ratios are."""
        return "odds ratio"

    @property
    def ratio_test(self) -> str:
        """The test of a single ratio, whose p stands beside its interval."""
        return name_ratio_test(self)

    @property
    def events_per_parameter(self) -> float | None:
        """The smaller of events and non-events, per estimated parameter without the intercept; None without any."""
        return min(self.n_event, self.n - self.n_event) / self.n_parameters if self.n_parameters else None

    def to_frame(self) -> pd.DataFrame:
        """One row per level: ``term variable level is_reference reference n n_event estimate std_error conf_low …``.

        ``estimate`` is the odds ratio, ``std_error`` the standard error of its logarithm. ``test`` names the test of the
        ratio with its ``statistic`` (chi-square, or z of Wald's test) and ``p_value``; ``p_value_wald`` is Wald's p.
        """
        return _ratio_frame(self)


@dataclass(frozen=True, slots=True)
class HazardRatioResult(Result):
    """Hazard ratios of one Cox model.

    ``method`` is what was fitted ("ml" or "firth"), ``ties`` how tied events were handled; ``std_error_type`` is
    "model" or "robust". ``terms`` has one entry per level in the order of the covariates; ``tests`` one per covariate,
    of the kind ``test_type`` ("likelihood ratio" or "robust Wald"). ``n`` and ``n_event`` count the patients used.
    ``concordance`` is that of the model's own prediction in these patients. ``reason`` is set when nothing could be
    fitted (then every term says so too).
    """

    terms: tuple[HazardRatio, ...]
    tests: tuple[TermTest, ...]
    method: str
    ties: str
    std_error_type: str
    test_type: str
    conf_level: float
    conf_type: str
    n: int
    n_event: int
    n_parameters: int
    log_likelihood: float | None
    concordance: Estimate | None = None
    reason: str | None = None
    notes: tuple[Note, ...] = ()

    @property
    def measure(self) -> str:
        """What the ratios are."""
        return "hazard ratio"

    @property
    def ratio_test(self) -> str:
        """The test of a single ratio, whose p stands beside its interval."""
        return name_ratio_test(self)

    @property
    def events_per_parameter(self) -> float | None:
        """Events per estimated parameter; None without parameters."""
        return self.n_event / self.n_parameters if self.n_parameters else None

    def to_frame(self) -> pd.DataFrame:
        """One row per level: ``term variable level is_reference reference n n_event estimate std_error conf_low …``.

        ``estimate`` is the hazard ratio, ``std_error`` the standard error of its logarithm. ``test`` names the test of the
        ratio with its ``statistic`` (chi-square, or z of Wald's test) and ``p_value``; ``p_value_wald`` is Wald's p.
        """
        return _ratio_frame(self)


def name_ratio_test(result: OddsRatioResult | HazardRatioResult) -> str:
    """The test of a single ratio that goes with the intervals of a model ("likelihood-ratio test")."""
    if result.std_error_type == "robust":
        return "robust Wald test"
    return name_ratio_test_of(result.method, result.conf_type)


def name_ratio_test_of(method: str, conf_type: str) -> str:
    """The test that goes with intervals of ``conf_type`` in a model fitted by ``method``."""
    named = {"wald": "Wald test", "t": "t test", "CLIP": "test by combined penalised profiles (CLIP)"}
    if conf_type in named:
        return named[conf_type]
    return "penalised likelihood-ratio test" if method == "firth" else "likelihood-ratio test"


def _ratio_frame(result: OddsRatioResult | HazardRatioResult) -> pd.DataFrame:
    """One row per level of a model's ratios."""
    terms: tuple[OddsRatio | HazardRatio, ...] = result.terms
    reference = {t.variable: t.level for t in terms if t.is_reference}
    rows = []
    for t in terms:
        interval = t.ratio.interval
        rows.append(
            {
                "term": t.variable if t.level is None else f"{t.variable}: {t.level}",
                "variable": t.variable,
                "level": t.level,
                "is_reference": t.is_reference,
                "reference": reference.get(t.variable),
                "n": t.n,
                "n_event": t.n_event,
                "estimate": t.ratio.value,
                "std_error": t.ratio.std_error,
                "conf_low": interval.low if interval else None,
                "conf_high": interval.high if interval else None,
                "conf_level": result.conf_level,
                "conf_type": result.conf_type,
                "test": result.ratio_test if t.p_value is not None else None,
                "statistic": t.statistic if t.statistic_lr is None else t.statistic_lr,
                "p_value": t.p_value,
                "p_value_wald": t.p_value_wald,
                "method": result.method,
                "reason": t.ratio.reason,
            }
        )
    return pd.DataFrame(rows)


@dataclass(frozen=True, slots=True)
class LandmarkResult(Result):
    """Patients still followed at a landmark, compared by the treatment they had received until then.

    ``n`` patients are followed beyond the ``landmark``; before or at it ``n_event_before`` had the event and
    ``n_censored_before`` were last seen. Of the ``n``, ``n_treated`` had begun a treatment, ``n_untreated`` had not;
    ``n_switch_later`` change to a (further) treatment afterwards within follow-up. ``n_event`` events happen after the
    landmark. ``curves`` count time from the origin and start at 1 at the landmark; they are empty where none were asked
    for. ``test`` is the log-rank test, ``hazard_ratio`` the Cox model whose first variable is the treatment. ``reason``
    is set when the groups cannot be compared.
    """

    landmark: float
    n: int
    n_event_before: int
    n_censored_before: int
    n_treated: int
    n_untreated: int
    n_switch_later: int
    n_event: int
    curves: SurvivalResult
    test: TestResult
    hazard_ratio: HazardRatioResult
    reason: str | None = None
    notes: tuple[Note, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per treatment: ``landmark level n n_event estimate conf_low conf_high statistic df p_value …``.

        ``n`` and ``n_event`` are those of the treatment; ``estimate`` is its hazard ratio against the reference, whose
        own row has 1, and ``test``, ``statistic`` and ``p_value`` are those of the ratio. ``statistic_logrank``,
        ``df_logrank`` and ``p_value_logrank``, repeated, are those of the log-rank test.
        """
        first = self.hazard_ratio.terms[0].variable
        frame = self.hazard_ratio.to_frame()
        frame = frame[frame["variable"] == first].drop(columns=["term", "variable"])
        frame.insert(0, "landmark", self.landmark)
        return frame.assign(
            statistic_logrank=self.test.statistic,
            df_logrank=self.test.df,
            p_value_logrank=self.test.p_value,
            n_event_before=self.n_event_before,
            n_censored_before=self.n_censored_before,
            n_switch_later=self.n_switch_later,
        )


@dataclass(frozen=True, slots=True)
class CoefficientOverTime(Result):
    """How one coefficient of a Cox model (a log hazard ratio) moves over time, for a plot.

    One entry per event time and set of covariates, by ascending ``time``: ``n_event`` events, ``beta`` their scaled
    Schoenfeld residual plus the coefficient. ``smooth`` is a natural cubic spline through them at the times ``grid``
    with the pointwise limits ``low`` and ``high``; all four are empty, with a ``reason``, where there are too few event
    times for it. ``n`` counts the patients of the level or of the reference, whichever are fewer; None for a number.
    """

    variable: str
    level: str | None
    coefficient: float
    time: FloatArray
    n_event: FloatArray
    beta: FloatArray
    grid: FloatArray
    smooth: FloatArray
    low: FloatArray
    high: FloatArray
    reason: str | None = None
    n: int | None = None


@dataclass(frozen=True, slots=True)
class ProportionalHazardsResult(Result):
    """Score tests of proportional hazards against a coefficient that changes with time.

    ``tests`` has one entry per covariate (all its levels at once), ``global_test`` is for all of them; ``transform`` is
    the scale of time. ``coefficients`` has one entry per estimated coefficient.
    """

    tests: tuple[TermTest, ...]
    global_test: TermTest
    transform: str
    coefficients: tuple[CoefficientOverTime, ...]
    conf_level: float
    n: int
    n_event: int
    reason: str | None = None
    notes: tuple[Note, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per covariate and one for all ("GLOBAL"): ``term statistic df p_value transform reason``."""
        return pd.DataFrame(
            [
                (t.variable, t.statistic, t.df, t.p_value, self.transform, t.reason)
                for t in (*self.tests, self.global_test)
            ],
            columns=["term", "statistic", "df", "p_value", "transform", "reason"],
        )


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
    reason: str | None = None


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
        entries: list[tuple[str, str, str | None, Estimate, float | None, str | None]] = []
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


@dataclass(frozen=True, slots=True)
class Balance(Result):
    """One level of a covariate (or one number, ``level`` None) in the two arms, before and after weighting.

    Means are proportions for a level. ``smd_before`` and ``smd_after`` are standardised mean differences, treated less
    untreated, on one and the same scale; None where a covariate does not vary within the arms and yet differs.
    ``mean_…_after`` and ``smd_after`` are None where there are no weights.
    """

    variable: str
    level: str | None
    mean_treated: float
    mean_untreated: float
    smd_before: float | None
    mean_treated_after: float | None
    mean_untreated_after: float | None
    smd_after: float | None


@dataclass(frozen=True, slots=True)
class PropensityArm(Result):
    """One arm: ``n`` patients, their least and greatest propensity score, and what weighting makes of their number.

    ``effective_n`` is Kish's effective sample size; ``largest_share`` the share of the arm's total weight that its
    heaviest patient carries, also where the weights are refused. All four are None without a model.
    """

    is_treated: bool
    n: int
    low: float | None
    high: float | None
    effective_n: float | None
    largest_share: float | None


@dataclass(frozen=True, slots=True)
class PropensityResult(Result):
    """Propensity scores and the weights that balance the arms; one entry per row of the input.

    ``scores`` are probabilities of treatment, None without a model; ``weights`` are None exactly when ``reason`` says
    why the arms should not be weighted. Rows that stand for no patient are NaN in both. ``arms`` are the treated and
    the untreated; ``support`` is the range of scores that both arms reach and ``share_outside`` the share of patients
    beyond it. ``model`` is the logistic model of treatment. ``gradient`` (rows, parameters) is how a row's weight moves
    with the parameters that it was made with, ``influence`` by how much each patient of the row has moved these: what an
    estimate under the weights needs to know that they were estimated. None without weights.
    """

    estimand: str
    n: int
    n_parameters: int
    scores: FloatArray | None
    weights: FloatArray | None
    arms: tuple[PropensityArm, PropensityArm]
    support: tuple[float, float] | None
    share_outside: float | None
    balance: tuple[Balance, ...]
    model: OddsRatioResult
    reason: str | None = None
    notes: tuple[Note, ...] = ()
    gradient: FloatArray | None = None
    influence: FloatArray | None = None

    @property
    def largest_difference(self) -> float | None:
        """The largest standardised difference that is left after weighting, without its sign; None if none is known."""
        return max((abs(b.smd_after) for b in self.balance if b.smd_after is not None), default=None)

    def to_frame(self) -> pd.DataFrame:
        """The balance, one row per level: ``term variable level mean_treated mean_untreated smd_before … smd_after``."""
        names = ["variable", "level", "mean_treated", "mean_untreated", "smd_before"]
        names += ["mean_treated_after", "mean_untreated_after", "smd_after"]
        frame = pd.DataFrame([[getattr(b, name) for name in names] for b in self.balance], columns=names)
        terms = [b.variable if b.level is None else f"{b.variable}: {b.level}" for b in self.balance]
        frame.insert(0, "term", terms)
        return frame


@dataclass(frozen=True, slots=True)
class EValue(Result):
    """How strong an unmeasured confounder would have to be to explain an association away.

    ``point`` and ``limit`` are risk ratios >= 1 with which it would have to go along with both the group and the outcome
    to move the estimate, or the nearer limit of its interval, to no association. ``risk_ratio`` is the estimate (or its
    approximation) on the scale of risk ratios. ``point`` is None exactly when ``reason`` is set; ``limit`` is None
    without an interval.
    """

    measure: str
    risk_ratio: float | None
    point: float | None
    limit: float | None
    reason: str | None = None

    no_rule: ClassVar[str] = "worked out from a ratio that is shown; without one it says so"


@dataclass(frozen=True, slots=True)
class SubgroupEffect(Result):
    """The ratio of one group against the reference within one subgroup (``subgroup`` None: among all patients).

    ``n`` and ``n_event`` count the group's patients and events in the subgroup, ``n_reference`` and
    ``n_event_reference`` those of the reference. ``method`` is what was fitted ("ml" or "firth"). ``p_value`` is of the kind
    of the interval, ``p_value_wald`` Wald's.
    """

    subgroup: str | None
    group: str
    reference: str
    n: int
    n_event: int
    n_reference: int
    n_event_reference: int
    ratio: Estimate
    p_value: float | None
    method: str = "ml"
    p_value_wald: float | None = None

    @property
    def test(self) -> str | None:
        """The test that ``p_value`` is of; None without one."""
        if self.p_value is None or self.ratio.interval is None:
            return None
        return name_ratio_test_of(self.method, self.ratio.interval.method)


@dataclass(frozen=True, slots=True)
class SubgroupResult(Result):
    """Ratios among all patients and within each subgroup, in the order of the levels, and the test of interaction.

    ``measure`` is "hazard ratio" or "odds ratio". ``interaction`` tests that the ratio is the same in all subgroups.
    """

    measure: str
    overall: tuple[SubgroupEffect, ...]
    subgroups: tuple[SubgroupEffect, ...]
    interaction: TestResult
    conf_level: float
    notes: tuple[Note, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per ratio, those among all first: ``level group reference n n_event … estimate … p_value reason``.

        ``level`` is the subgroup; ``std_error`` is that of the ratio's logarithm. The ``statistic``, ``df`` and
        ``p_interaction`` of the test of interaction are repeated.
        """
        columns = ["level", "group", "reference", "n", "n_event", "n_reference", "n_event_reference", "estimate"]
        columns += ["std_error", "conf_low", "conf_high", "test", "p_value", "p_value_wald", "method", "reason"]
        rows = []
        for e in (*self.overall, *self.subgroups):
            low, high = (e.ratio.interval.low, e.ratio.interval.high) if e.ratio.interval else (None, None)
            counts = (e.subgroup, e.group, e.reference, e.n, e.n_event, e.n_reference, e.n_event_reference)
            numbers = (e.ratio.value, e.ratio.std_error, low, high, e.test, e.p_value, e.p_value_wald)
            rows.append((*counts, *numbers, e.method, e.ratio.reason))
        test = self.interaction
        return pd.DataFrame(rows, columns=columns).assign(
            conf_level=self.conf_level, statistic=test.statistic, df=test.df, p_interaction=test.p_value
        )


@dataclass(frozen=True, slots=True)
class FittedProbabilities(Result):
    """Each row's probability of the event by a logistic model, in the order of the rows.

    ``probability`` is NaN in rows that stand for no patient, and None exactly when ``reason`` is set. ``method`` is what
    was fitted ("ml" or "firth"); ``n_parameters`` excludes the intercept.
    """

    probability: FloatArray | None
    method: str
    n: int
    n_event: int
    n_parameters: int
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class CalibrationGroup(Result):
    """Patients whose predicted probability lies above ``low`` and at or below ``high`` (the first group: from ``low``).

    ``observed`` is the share of them with the event, ``predicted`` the mean of their probabilities; None where the policy on
    small numbers took it out.
    """

    low: float
    high: float
    observed: Estimate
    predicted: float | None


@dataclass(frozen=True, slots=True)
class CalibrationResult(Result):
    """How predicted probabilities agree with what happened.

    ``in_the_large`` is the log odds by which predictions have to be shifted so that they add up to the events (0 is
    perfect, above 0: too few were predicted); ``slope`` and ``intercept`` are those of a logistic model of the outcome
    on the log odds predicted (1 and 0 are perfect, a slope below 1: predictions too extreme). ``groups`` are ascending.
    """

    in_the_large: Estimate
    slope: Estimate
    intercept: Estimate
    groups: tuple[CalibrationGroup, ...]
    n: int
    n_event: int
    conf_level: float
    notes: tuple[Note, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per group: ``low high n n_event predicted estimate conf_low conf_high conf_level conf_type``.

        ``estimate`` is the share of patients with the event.
        """
        columns = ["low", "high", "n", "n_event", "predicted", "estimate", "conf_low", "conf_high"]
        columns += ["conf_level", "conf_type"]
        rows = []
        for g in self.groups:
            e, interval = g.observed, g.observed.interval
            limits = (interval.low, interval.high, interval.level, interval.method) if interval else (None,) * 4
            rows.append((g.low, g.high, e.n, e.n_event, g.predicted, e.value, *limits))
        return pd.DataFrame(rows, columns=columns)


@dataclass(frozen=True, slots=True)
class Optimism(Result):
    """How much better one measure looks in the patients that a model was fitted to than it would in new ones.

    ``apparent`` is the measure in these patients, ``optimism`` the mean over ``n_replicates`` resamples of the measure
    in the resample less that in all patients, ``corrected`` is ``apparent`` less ``optimism``. ``std_error`` is the
    Monte Carlo error of ``optimism``, None below two resamples; it says nothing about the patients' number. ``optimism``
    and ``corrected`` are None exactly when ``reason`` is set; ``apparent`` may exist without them.
    """

    measure: str
    apparent: float | None
    optimism: float | None
    corrected: float | None
    std_error: float | None
    n_replicates: int
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class OptimismResult(Result):
    """A logistic model's own performance and what is left of it after correction for optimism.

    ``replicates`` resamples were asked for and ``n_drawn`` drawn (fewer if it was stopped); ``n_failed`` of these gave
    no model, and ``n_penalised`` models were fitted by Firth's penalised likelihood. ``method`` is what was fitted to
    all patients ("ml" or "firth"); ``n_parameters`` excludes the intercept.
    """

    auc: Optimism
    slope: Optimism
    brier: Optimism
    method: str
    n: int
    n_event: int
    n_parameters: int
    replicates: int
    n_drawn: int
    n_failed: int
    n_penalised: int
    seed: int
    reason: str | None = None
    notes: tuple[Note, ...] = ()

    @property
    def measures(self) -> tuple[Optimism, ...]:
        """The three measures."""
        return self.auc, self.slope, self.brier

    def to_frame(self) -> pd.DataFrame:
        """One row per measure: ``term estimate optimism corrected std_error n_replicates method n n_event reason``."""
        columns = ["term", "estimate", "optimism", "corrected", "std_error", "n_replicates", "reason"]
        rows = [
            (m.measure, m.apparent, m.optimism, m.corrected, m.std_error, m.n_replicates, m.reason)
            for m in self.measures
        ]
        return pd.DataFrame(rows, columns=columns).assign(method=self.method, n=self.n, n_event=self.n_event)


@dataclass(frozen=True, slots=True)
class ConcordanceOptimismResult(Result):
    """A Cox model's own concordance and what is left of it after correction for optimism.

    ``replicates``, ``n_drawn``, ``n_failed``, ``n_penalised`` and ``method`` are as in :class:`OptimismResult`.
    """

    concordance: Optimism
    method: str
    n: int
    n_event: int
    n_parameters: int
    replicates: int
    n_drawn: int
    n_failed: int
    n_penalised: int
    seed: int
    reason: str | None = None
    notes: tuple[Note, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row: ``term estimate optimism corrected std_error n_replicates reason method n n_event``."""
        m = self.concordance
        row = (m.measure, m.apparent, m.optimism, m.corrected, m.std_error, m.n_replicates, m.reason)
        columns = ["term", "estimate", "optimism", "corrected", "std_error", "n_replicates", "reason"]
        return pd.DataFrame([row], columns=columns).assign(method=self.method, n=self.n, n_event=self.n_event)


@dataclass(frozen=True, slots=True)
class VarianceInflation(Result):
    """How much the other covariates widen what is known of one covariate's coefficients.

    ``gvif`` is the generalised variance inflation factor (1: not at all) of its ``df`` coefficients, ``scaled`` is
    gvif^(1 / (2 df)), which compares covariates with different ``df``. All three are None exactly when ``reason`` is set.
    """

    variable: str
    gvif: float | None
    df: int | None
    scaled: float | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Coefficient(Result):
    """A log odds ratio of a model: that of a level against the reference, or per unit of a number (``level`` None)."""

    variable: str
    level: str | None
    log_odds_ratio: float
    std_error: float


@dataclass(frozen=True, slots=True)
class InfluenceResult(Result):
    """What every single patient does to a logistic model: the model fitted again without one patient of each kind.

    Patients with equal covariates and outcome are one kind. Arrays hold one entry per kind that was left out, or a row
    per kind and a column per coefficient: ``row`` is the first row of the input that shows the kind, ``n`` how many
    patients are of it, ``event`` 1 or 0; ``log_odds_ratio`` is what each coefficient becomes, NaN where it is lost, and
    ``reasons`` then says why; ``change`` is by how many standard errors (of the whole model) it moves. ``n_kinds`` counts
    all kinds; of very many, only those with the largest change in a first approximation were left out in turn.
    ``n_event`` of the ``n_patients`` had the event. ``reason`` is set, and everything empty, where there is no model.
    """

    coefficients: tuple[Coefficient, ...]
    row: NDArray[np.int64]
    n: FloatArray
    event: FloatArray
    log_odds_ratio: FloatArray
    change: FloatArray
    reasons: tuple[tuple[str | None, ...], ...]
    method: str
    n_patients: int
    n_kinds: int
    reason: str | None = None
    n_event: int | None = None

    def to_frame(self) -> pd.DataFrame:
        """One row per kind and coefficient: ``row n event variable level estimate without change reason``.

        ``estimate`` and ``without`` are odds ratios, of all patients and without one of the kind.
        """
        columns = ["row", "n", "event", "variable", "level", "estimate", "without", "change", "reason"]
        rows = []
        for i, (row, n, event) in enumerate(zip(self.row, self.n, self.event, strict=True)):
            for j, c in enumerate(self.coefficients):
                without, change = (_exp(self.log_odds_ratio[i, j]), self.change[i, j])
                known = without is not None
                shown = (_exp(c.log_odds_ratio), without, float(change) if known else None, self.reasons[i][j])
                rows.append((int(row), int(n), int(event), c.variable, c.level, *shown))
        return pd.DataFrame(rows, columns=columns)


def _exp(value: float) -> float | None:
    """The ratio of a logarithm; None for NaN and where a float holds no such number."""
    return math.exp(value) if abs(value) < 700 else None


@dataclass(frozen=True, slots=True)
class SplineResult(Result):
    """A number's association with the outcome as a restricted cubic spline beside a straight line, other factors in the model.

    ``knots`` and ``grid`` are in the number's unit. ``log_odds_ratio`` compares each value of the grid with ``reference``
    (the median), ``low`` and ``high`` are its limits; ``straight`` is the log odds ratio per unit of the straight line.
    ``test`` compares the two by likelihood ratio. Where ``reason`` is set, arrays are empty and ``reference`` and
    ``straight`` None. ``method`` is what the spline was fitted by ("ml" or "firth"); ``n_parameters`` counts those of the model
    with the straight line, without the intercept.
    """

    variable: str
    knots: FloatArray
    grid: FloatArray
    log_odds_ratio: FloatArray
    low: FloatArray
    high: FloatArray
    reference: float | None
    straight: float | None
    test: TestResult
    method: str
    conf_level: float
    n: int
    n_event: int
    reason: str | None = None
    n_parameters: int = 0

    def to_frame(self) -> pd.DataFrame:
        """One row per value of the grid: ``variable value reference estimate conf_low conf_high conf_level straight``.

        The three estimates are odds ratios; ``straight`` is that of the straight line.
        """
        straight = (self.straight or 0.0) * (self.grid - (self.reference or 0.0))
        columns = {"estimate": self.log_odds_ratio, "conf_low": self.low, "conf_high": self.high, "straight": straight}
        ratios = {name: [_exp(value) for value in values.tolist()] for name, values in columns.items()}
        frame = pd.DataFrame({"value": self.grid, **{name: pd.Series(v, dtype=float) for name, v in ratios.items()}})
        frame.insert(0, "variable", self.variable)
        return frame.assign(reference=self.reference, conf_level=self.conf_level)
