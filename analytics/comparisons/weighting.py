"""Treatments compared after weighing for who is treated: the result, its cautions, tables and sentences."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.analysis import Control
from analytics.cohort import Cohort
from analytics.comparisons.treatment import SECOND_RELAPSE, TreatmentData, treated_terms
from analytics.comparisons.treatment_words import name_term_test
from analytics.dictionary import PHASES
from analytics.estimators.kaplan_meier import survival_at
from analytics.estimators.sensitivity import COMMON_OUTCOME, e_value, highest_risk
from analytics.estimators.zero_events import read_curve
from analytics.formats import (
    MISSING,
    format_count,
    format_level,
    format_number,
    format_p_cell,
    format_patients,
    format_percent,
    format_ratio,
)
from analytics.reporting.curves import MILESTONE_YEARS, milestone_cell
from analytics.reporting.estimates import ratio_text
from analytics.reporting.reasons import say_inestimable, say_reason
from analytics.reporting.reliability import load_policy
from analytics.reporting.tables import Table
from analytics.reporting.wording import describe_hazard_ratio, in_sentence, join_words, start_sentence
from analytics.results import (
    Estimate,
    EValue,
    HazardRatio,
    HazardRatioResult,
    LandmarkResult,
    Note,
    PropensityResult,
    Reason,
    Result,
    SurvivalResult,
)

LATEST_PHASE = "reinduction"


DEFAULT_BALANCE = ("relapse_timing_bfm", "second_remission")


TWO_STATES = ("hsct", "cart")


WEIGHTS = Control(
    "weights",
    "Weigh to",
    "one",
    "ate",
    (("ate", "all children"), ("att", "the treated"), ("overlap", "those who could be either")),
    "more",
    "For whom the groups are compared: all children at the landmark (stabilised inverse probability weights), children like "
    "those treated (ATT), or those in whom treatment by the landmark was about as likely as not (overlap weights).",
    display=True,
)


WEIGHTED_TO = {
    "ate": "all children at the landmark",
    "att": "children like the treated",
    "overlap": "children who could be in either group",
}


@dataclass(frozen=True, slots=True)
class AdjustedComparison(Result):
    """The comparison at one landmark, ``days`` after relapse, without weights and with them.

    ``unadjusted`` is that of the children in whom all balanced variables are known. ``weighted`` and ``curves`` are None
    exactly where ``reason`` says why the groups are not weighted. ``treated`` and ``counts`` have one entry per record of
    the children alive and followed at the landmark: the group on that day, and how many share the record.
    """

    data: TreatmentData
    days: int
    estimand: str
    unadjusted: LandmarkResult
    propensity: PropensityResult
    treated: np.ndarray
    counts: np.ndarray
    weighted: HazardRatioResult | None
    curves: SurvivalResult | None
    reason: Reason | None
    notes: tuple[Note, ...]

    @property
    def treatment(self) -> str:
        """The name of the treatment."""
        return next(iter(self.data.treated_at))


def balance_control(cohort: Cohort) -> Control:
    """The choice of what the groups should be alike in: known at relapse, or after reinduction."""
    latest = PHASES.index(LATEST_PHASE)
    offered = [
        v
        for v in cohort.dictionary.variables
        if (v.is_group or v.is_covariate) and PHASES.index(v.phase) <= latest and v.name in cohort.variables
    ]
    names = [v.name for v in offered]
    return Control(
        "balance",
        "Make alike in",
        "many",
        tuple(name for name in DEFAULT_BALANCE if name in names),
        tuple((v.name, v.label) for v in offered),
        "more",
        "What may have decided both who was treated and who died, known before the landmark. Each needs several children in "
        "both groups: with many, the groups cannot be weighted.",
    )


def covariates_of(data: TreatmentData, chosen: np.ndarray) -> pd.DataFrame:
    """The covariates of some of the children; no column without any."""
    if data.covariates is None:
        return pd.DataFrame(index=range(int(chosen.sum())))
    return data.covariates[chosen].reset_index(drop=True)


def note_events(data: TreatmentData, unadjusted: LandmarkResult) -> tuple[Note, ...]:
    """A caution where few have the event after the landmark."""
    n, noun = unadjusted.n_event, data.endpoint.event_noun
    if not unadjusted.n or n >= load_policy().full.events:
        return ()
    counted = f"Only {format_count(n)} {data.endpoint.events.of(n)}" if n else f"No {noun}"
    return (
        Note(
            "few-events",
            "caution",
            f"{counted} after the landmark: a ratio of hazards rests on events, and one more or less would move it far. "
            "Weighting cannot add any.",
            "Read the interval, not the estimate; loosen a filter to see more children.",
        ),
    )


def note_refused(unadjusted: LandmarkResult, reason: Reason | None) -> tuple[Note, ...]:
    """Why the groups are not weighted."""
    if reason is None or not unadjusted.n:
        return ()
    return (
        Note(
            "not-weighted",
            "warning",
            f"The groups are not weighted: {say_reason(reason)}. Only the unweighted comparison is shown, which is not "
            "adjusted for anything.",
            "Choose fewer variables, another landmark, or a wider selection.",
        ),
    )


def note_second_relapse(data: TreatmentData, days: int) -> tuple[Note, ...]:
    """Whom a second relapse by the landmark leaves out."""
    n = sum(exclusion.n for exclusion in data.exclusions if exclusion.code == SECOND_RELAPSE)
    if not n:
        return ()
    return (
        Note(
            "second-relapse",
            "info",
            f"{format_count(n)} {'child is' if n == 1 else 'children are'} left out of both groups, because a second relapse "
            f"came by day {days}: it decides about treatment and outlook, and too few have it to make the groups alike in it.",
            "The landmark comparison keeps them.",
        ),
    )


def note_incomplete(data: TreatmentData) -> tuple[Note, ...]:
    """How many are left out because a variable is unknown."""
    n = int(data.weight[~data.complete].sum())
    if not n:
        return ()
    return (
        Note(
            "incomplete-cases",
            "caution",
            f"{format_count(n)} of {format_patients(data.n)} {'is' if n == 1 else 'are'} not in the comparison, weighted "
            "or not, because a variable in which the groups should be alike is unknown.",
            "Choose fewer variables to keep them.",
        ),
    )


def note_measured(data: TreatmentData) -> tuple[Note, ...]:
    """What weighting cannot mend."""
    names = join_words([in_sentence(v.label) for v in data.adjusters])
    return (
        Note(
            "measured-causes-only",
            "info",
            f"Weighting aims to make the groups alike in {names}, and in nothing else. Donors, fitness, infections and "
            "the team’s reasons are not on record: the weighted ratio is an association, not the effect of treatment.",
            "The E-value says how strong an unmeasured cause would have to be.",
        ),
    )


def ratio_of_treatment(result: AdjustedComparison, model: HazardRatioResult | None) -> Estimate:
    """The hazard ratio of the treatment, or why there is none."""
    if model is None:
        return Estimate(None, reason=result.reason or Reason("not-weighted"))
    terms = treated_terms(model)
    return terms[0].ratio if terms else Estimate(None, reason=result.unadjusted.reason or Reason("not-estimable"))


def format_treatment_ratio(ratio: Estimate) -> str:
    """A ratio with its interval, or a dash."""
    return MISSING if ratio.value is None else ratio_text(ratio)


def explain_ratio(ratio: Estimate) -> str:
    """Why there is no ratio, as a sentence; empty if there is one."""
    return f"{start_sentence(say_inestimable('hazard ratio', ratio.reason))}." if ratio.reason else ""


def caption_balance(result: AdjustedComparison) -> str:
    """How to read the figure of balance."""
    after = (
        "Filled: after weighting. "
        if result.reason is None
        else "The groups are not weighted, so there is nothing after it. "
    )
    return (
        "Difference of the groups’ means or shares, in standard deviations. Open: before weighting. "
        f"{after}Grey: within ±0.1, by convention negligible. Of two levels one is drawn."
    )


def describe_balance(result: AdjustedComparison) -> str:
    """The figure of balance in words."""
    known = [abs(b.smd_before) for b in result.propensity.balance if b.smd_before is not None]
    before = (
        f"Largest standardised difference before weighting {format_number(max(known))}"
        if known
        else "No difference known"
    )
    after = result.propensity.largest_difference
    return f"{before}{'' if after is None else f', after weighting {format_number(after)}'}."


def describe_overlap(result: AdjustedComparison) -> str:
    """The figure of overlap in words."""
    arms = (result.treatment, result.data.untreated)
    ranges = [
        f"{arm}: from {format_percent(found.low, 0)} to {format_percent(found.high, 0)}"
        for arm, found in zip(arms, result.propensity.arms, strict=True)
        if found.low is not None
    ]
    outside = result.propensity.share_outside
    beyond = (
        ""
        if outside is None
        else f" {format_percent(outside, 0)} of the children lie where the other group has nobody."
    )
    return f"Propensity scores. {'; '.join(ranges)}.{beyond}"


def e_value_of(result: AdjustedComparison, model: HazardRatioResult | None) -> EValue:
    """The E-value of the treatment's ratio in a model."""
    ratio = ratio_of_treatment(result, model)
    limits = (ratio.interval.low, ratio.interval.high) if ratio.interval else (None, None)
    curves = (*result.unadjusted.curves.curves, *(result.curves.curves if result.curves else ()))
    is_rare = highest_risk(curves) <= COMMON_OUTCOME
    return e_value(ratio.value, *limits, measure="hazard ratio", rare=is_rare)


def tabulate_ratios(result: AdjustedComparison) -> Table:
    """The ratio before and after weighting."""
    unadjusted = result.unadjusted
    level = format_level(unadjusted.hazard_ratio.conf_level)
    arms = result.propensity.arms
    effective = MISSING
    if result.weighted is not None:
        effective = " and ".join(format_number(arm.effective_n, 0) for arm in arms) + " (effective)"
    rows = []
    for label, model, size in (
        (
            "unweighted",
            unadjusted.hazard_ratio,
            f"{format_count(unadjusted.n_treated)} and {format_count(unadjusted.n_untreated)}",
        ),
        ("weighted", result.weighted, effective),
    ):
        ratio, e = ratio_of_treatment(result, model), e_value_of(result, model)
        shown = ratio_text(ratio) if ratio.value is not None else say_reason(ratio.reason)
        term = treated_terms(model)[0] if model and treated_terms(model) else None
        p = MISSING if term is None else format_p_cell(term.p_value, term.p_reason)
        rows.append(
            (label, size, shown, p, _e_text(e.point), _e_text(e.limit)),
        )
    return Table(
        title=f"{result.treatment} against {result.data.untreated}, from day {result.days} on",
        columns=("", "Children", f"Hazard ratio ({level} CI)", "p", "E-value", "E-value of the limit"),
        rows=tuple(rows),
        help=(
            "",
            "Treated and not yet; for the weighted groups their effective sizes",
            "Cox model, Efron ties; profile-likelihood interval, the weighted one Wald’s with an error that takes into account "
            "that the weights were estimated",
            start_sentence(name_term_test(unadjusted.hazard_ratio, result.weighted)),
            "How strongly an unmeasured cause would have to go with both treatment and event, as a ratio of risks, to explain "
            "the ratio away",
            "The same for the limit nearer to 1; 1 where the interval includes it already",
        ),
        caption=f"Weighted to {WEIGHTED_TO[result.estimand]}. An E-value does not say whether there is an unmeasured "
        "cause, nor does it cover chance.",
    )


def _e_text(value: float | None) -> str:
    return MISSING if value is None else format_ratio(value)


def tabulate_weighted_survival(result: AdjustedComparison) -> Table:
    """Survival at the milestones before and after weighting."""
    data = result.data
    months = [12.0 * years for years in MILESTONE_YEARS]
    rows = []
    for kind, curves in (("unweighted", result.unadjusted.curves), ("weighted", result.curves)):
        for curve in curves.curves if curves else ():
            # Weighted children have no exact limit: how much each counts was estimated.
            found = read_curve(curve, months) if kind == "unweighted" else survival_at(curve, months)
            cells = [milestone_cell(e) for e in found]
            rows.append(
                (
                    f"{curve.group}, {kind}",
                    f"{format_count(curve.n_event)} of {format_count(curve.n)}",
                    *(cells if curve.n else [MISSING] * len(cells)),
                )
            )
    event = data.endpoint.event_noun
    return Table(
        title=f"{data.endpoint.y_title} of those {data.endpoint.alive} at day {result.days}",
        columns=("On that day", event.capitalize(), *(f"{y} y" for y in MILESTONE_YEARS)),
        rows=tuple(rows),
        help=(
            "",
            "After the landmark, of the children",
            *(f"{y} {'year' if y == 1 else 'years'} after relapse" for y in MILESTONE_YEARS),
        ),
        caption="Kaplan–Meier estimates given survival to the landmark; years are counted from relapse. Weighted limits are "
        "robust.",
    )


def say_ratio(result: AdjustedComparison, how: str, term: HazardRatio, adjusted: tuple[str, ...] | list[str]) -> str:
    """A ratio from the landmark on, in a sentence."""
    data = result.data
    text = describe_hazard_ratio(term, data.treatment, data.untreated, adjusted, data.endpoint)
    return f"From day {result.days} on, {how}: {in_sentence(text)}"


def say_e_value(result: AdjustedComparison) -> tuple[str, ...]:
    """The E-value in a sentence; nothing without one."""
    found = e_value_of(result, result.weighted)
    if found.point is None:
        return ()
    limit = ""
    if found.limit is not None:
        limit = (
            "; the interval includes no association already"
            if found.limit <= 1
            else f"; to move the limit of the interval there, {_e_text(found.limit)} would do"
        )
    event = result.data.endpoint.event_label
    return (
        f"An unmeasured cause would have to go with both {result.treatment} by the landmark and {event} by a ratio of risks of "
        f"{_e_text(found.point)} each to explain the weighted hazard ratio of "
        f"{result.treatment} against {result.data.untreated} away (E-value){limit}.",
    )


def say_balance(result: AdjustedComparison) -> tuple[str, ...]:
    """How alike the weighted groups are, in a sentence."""
    largest = result.propensity.largest_difference
    if largest is None:
        return ()
    most = f"at most {format_number(largest)}" if largest >= 0.01 else "less than 0.01"
    return (
        f"After weighting the groups differ by {most} standard deviations in what was chosen; in what "
        "is not on record they may differ by any amount, so this is an association.",
    )
