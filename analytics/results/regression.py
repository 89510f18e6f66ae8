"""Odds ratios and hazard ratios, their tests, and how they change over time and between subgroups."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, TypeVar

import pandas as pd

from analytics.results.core import Estimate, FloatArray, Note, Reason, Result
from analytics.results.survival import TestResult


@dataclass(frozen=True, slots=True)
class Ratio(Result):
    """What the ratios of all models have: one level of one covariate, or one number (``level`` None: per unit increase).

    ``n`` patients and ``n_event`` outcomes in that level. A reference row has a ratio of exactly 1 without
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


@dataclass(frozen=True, slots=True)
class OddsRatio(Ratio):
    """One odds ratio, with the fields of a :class:`Ratio`."""

    odds_ratio: Estimate
    p_value: float | None
    statistic: float | None = None
    p_value_wald: float | None = None
    statistic_lr: float | None = None
    p_reason: Reason | None = None

    @property
    def ratio(self) -> Estimate:
        """The odds ratio, by the name that every kind of ratio has."""
        return self.odds_ratio


@dataclass(frozen=True, slots=True)
class HazardRatio(Ratio):
    """One hazard ratio, with the fields of a :class:`Ratio`."""

    hazard_ratio: Estimate
    p_value: float | None
    statistic: float | None = None
    p_value_wald: float | None = None
    statistic_lr: float | None = None
    p_reason: Reason | None = None

    @property
    def ratio(self) -> Estimate:
        """The hazard ratio, by the name that every kind of ratio has."""
        return self.hazard_ratio


@dataclass(frozen=True, slots=True)
class RiskByOdds(Result):
    """What an ``odds_ratio`` makes of a ``baseline`` risk: the ``risk`` (0–1), with the limits of the ratio carried along."""

    no_rule: ClassVar[str] = "made only of an odds ratio that is shown"

    baseline: float
    risk: Estimate
    odds_ratio: Estimate

    @property
    def risk_ratio(self) -> float | None:
        """The risk divided by the baseline; None without a risk."""
        return None if self.risk.value is None else self.risk.value / self.baseline

    @property
    def odds(self) -> tuple[float, float | None]:
        """The odds without the factor, and with it."""
        odds = self.baseline / (1 - self.baseline)
        return odds, None if self.odds_ratio.value is None else odds * self.odds_ratio.value


@dataclass(frozen=True, slots=True)
class TermTest(Result):
    """The test of a whole covariate (all its levels at once): by likelihood ratio, unless the result says otherwise."""

    variable: str
    statistic: float | None
    df: int | None
    p_value: float | None
    reason: Reason | None = None


class RatioModel(Result):
    """What the results of all regression models do with the fields that each of them has: it adds none."""

    __slots__ = ()

    measure: ClassVar[str]
    scale: ClassVar[str]  # what it is a ratio of
    terms: tuple[OddsRatio | HazardRatio, ...]
    method: str
    conf_level: float
    conf_type: str
    std_error_type: str

    @property
    def ratio_test(self) -> str:
        """The test of a single ratio, whose p stands beside its interval ("likelihood-ratio test")."""
        if self.std_error_type == "robust":
            return "robust Wald test"
        return name_ratio_test_of(self.method, self.conf_type)

    def to_frame(self) -> pd.DataFrame:
        """One row per level: ``term variable level is_reference reference n n_event estimate std_error conf_low conf_high …``.

        ``estimate`` is the ratio, ``std_error`` the standard error of its logarithm. ``test`` names the test of the
        ratio with its ``statistic`` (chi-square, or z of Wald's test) and ``p_value``; ``p_value_wald`` is Wald's p.
        """
        references = {term.variable: term.level for term in self.terms if term.is_reference}
        rows = []
        for t in self.terms:
            interval = t.ratio.interval
            rows.append(
                {
                    "term": t.variable if t.level is None else f"{t.variable}: {t.level}",
                    "variable": t.variable,
                    "level": t.level,
                    "is_reference": t.is_reference,
                    "reference": references.get(t.variable),
                    "n": t.n,
                    "n_event": t.n_event,
                    "estimate": t.ratio.value,
                    "std_error": t.ratio.std_error,
                    "conf_low": interval.low if interval else None,
                    "conf_high": interval.high if interval else None,
                    "conf_level": self.conf_level,
                    "conf_type": self.conf_type,
                    "test": self.ratio_test if t.p_value is not None else None,
                    "statistic": t.statistic if t.statistic_lr is None else t.statistic_lr,
                    "p_value": t.p_value,
                    "p_value_wald": t.p_value_wald,
                    "method": self.method,
                    "reason": t.ratio.reason,
                }
            )
        return pd.DataFrame(rows)


@dataclass(frozen=True, slots=True)
class OddsRatioResult(RatioModel):
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
    reason: Reason | None = None
    notes: tuple[Note, ...] = ()
    std_error_type: str = "model"
    test_type: str = "likelihood ratio"

    measure: ClassVar[str] = "odds ratio"
    scale: ClassVar[str] = "odds"

    @property
    def events_per_parameter(self) -> float | None:
        """The smaller of events and non-events, per estimated parameter without the intercept; None without any."""
        return min(self.n_event, self.n - self.n_event) / self.n_parameters if self.n_parameters else None


@dataclass(frozen=True, slots=True)
class HazardRatioResult(RatioModel):
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
    reason: Reason | None = None
    notes: tuple[Note, ...] = ()

    measure: ClassVar[str] = "hazard ratio"
    scale: ClassVar[str] = "hazard"

    @property
    def events_per_parameter(self) -> float | None:
        """Events per estimated parameter; None without parameters."""
        return self.n_event / self.n_parameters if self.n_parameters else None


RatioResult = OddsRatioResult | HazardRatioResult
AnyModel = TypeVar("AnyModel", OddsRatioResult, HazardRatioResult)


def name_ratio_test(result: RatioModel) -> str:
    """The test of a single ratio that goes with the intervals of a model ("likelihood-ratio test")."""
    return result.ratio_test


def name_ratio_test_of(method: str, conf_type: str) -> str:
    """The test that goes with intervals of ``conf_type`` in a model fitted by ``method``."""
    named = {"wald": "Wald test", "t": "t test", "CLIP": "test by combined penalised profiles (CLIP)"}
    if conf_type in named:
        return named[conf_type]
    return "penalised likelihood-ratio test" if method == "firth" else "likelihood-ratio test"


def references_of(model: RatioResult) -> dict[str, str | None]:
    """Variable to the level that its others are compared with."""
    return {term.variable: term.level for term in model.terms if term.is_reference}


def ratios_of(model: RatioResult) -> dict[tuple[str, str | None], Estimate]:
    """Variable and level to ratio."""
    return {(term.variable, term.level): term.ratio for term in model.terms}


def ratios_per_step(result: AnyModel, steps: Mapping[str, float]) -> AnyModel:
    """The model with the ratio of each number per step of ``steps``, where an estimator takes it per unit."""
    terms: list[OddsRatio | HazardRatio] = []
    for term in result.terms:
        ratio = term.ratio if term.level is not None else _per_step(term.ratio, steps[term.variable])
        if isinstance(term, OddsRatio):
            terms.append(replace(term, odds_ratio=ratio))
        else:
            terms.append(replace(term, hazard_ratio=ratio))
    return replace(result, terms=tuple(terms))  # type: ignore[arg-type]


def _per_step(estimate: Estimate, step: float) -> Estimate:
    """The ratio of ``step`` units more, from that of one: its logarithm, and those of its limits, times the step."""

    def power(ratio: float | None) -> float | None:
        # Beyond this a float holds no number any more.
        return math.exp(step * math.log(ratio)) if ratio and abs(step * math.log(ratio)) < 700 else None

    value = power(estimate.value)
    if estimate.value is None or step == 1:
        return estimate
    if value is None:
        reason = Reason.of("too-large-per-step", step=step)
        return replace(estimate, value=None, interval=None, std_error=None, reason=reason)
    interval = estimate.interval
    if interval is not None:
        interval = replace(interval, low=power(interval.low), high=power(interval.high))
    error = None if estimate.std_error is None else step * estimate.std_error
    return replace(estimate, value=value, interval=interval, std_error=error)


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
    reason: Reason | None = None
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
    reason: Reason | None = None
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

    def to_row(self, conf_level: float) -> dict[str, Any]:
        """The ratio for a file, with the columns of ``EFFECT_COLUMNS``; ``std_error`` is that of its logarithm."""
        own = {name: getattr(self, name) for name in EFFECT_COLUMNS if hasattr(self, name)}
        return {"level": self.subgroup, **self.ratio.to_row(conf_level), **own}


EFFECT_COLUMNS = [
    *("level", "group", "reference", "n", "n_event", "n_reference", "n_event_reference", "estimate", "std_error"),
    *("conf_low", "conf_high", "conf_level", "conf_type", "test", "p_value", "p_value_wald", "method", "reason"),
]


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
        rows = [effect.to_row(self.conf_level) for effect in (*self.overall, *self.subgroups)]
        columns = [name for name in EFFECT_COLUMNS if name not in ("conf_level", "conf_type")]
        test = self.interaction
        return pd.DataFrame(rows, columns=columns).assign(
            conf_level=self.conf_level, statistic=test.statistic, df=test.df, p_interaction=test.p_value
        )
