"""Treatments compared: at a landmark, weighed, and against unmeasured causes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from analytics.results.core import Estimate, FloatArray, Note, Reason, Result
from analytics.results.regression import HazardRatio, HazardRatioResult, OddsRatioResult
from analytics.results.survival import SurvivalResult, TestResult

TREATMENT = "treatment"  # the variable of the models of treatment


def treated_terms(model: HazardRatioResult | None) -> tuple[HazardRatio, ...]:
    """The ratios of the treated states against the untreated, without those of the covariates."""
    terms = model.terms if model is not None else ()
    return tuple(term for term in terms if term.variable == TREATMENT and not term.is_reference)


def reference_of(model: HazardRatioResult) -> str:
    """The state that the treatments of a model are compared with; "" in a model of nobody."""
    return next((str(t.level) for t in model.terms if t.variable == TREATMENT and t.is_reference), "")


def list_pairs(models: Iterable[HazardRatioResult]) -> list[tuple[str, HazardRatio]]:
    """Each pair of treatments once, as the reference and the ratio against it."""
    found: list[tuple[str, HazardRatio]] = []
    known: set[str] = set()
    for model in models:
        reference = reference_of(model)
        found += [(reference, term) for term in treated_terms(model) if term.level not in known]
        known.add(reference)
    return found


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
    reason: Reason | None = None
    notes: tuple[Note, ...] = ()

    def ratio_of(self, treatment: str | None = None) -> Estimate:
        """The hazard ratio of a treatment, or of the first one, or why there is none."""
        terms = treated_terms(self.hazard_ratio)
        found = (term.ratio for term in terms if treatment in (None, term.level))
        return next(found, Estimate(None, reason=self.reason or Reason("not-estimable")))

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
    reason: Reason | None = None
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
    reason: Reason | None = None

    no_rule: ClassVar[str] = "worked out from a ratio that is shown; without one it says so"


@dataclass(frozen=True, slots=True)
class CensoringWeights(Result):
    """The hazard ratio of treatment under weights, None with a reason; ``low`` and ``high`` are the extreme weights.

    ``n_ended`` patients had their follow-up ended.
    """

    model: HazardRatioResult | None
    n_ended: int
    low: float | None = None
    high: float | None = None
    reason: Reason | None = None

    no_rule: ClassVar[str] = "the range of the weights says nothing of an outcome, and the model has its own rule"
