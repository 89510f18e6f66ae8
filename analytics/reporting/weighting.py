"""What is said of treatments compared after weighing for who is treated."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analytics.dictionary import load_words
from analytics.formats import MISSING, format_count, format_number, format_p_cell, format_percent
from analytics.frames import filters_of
from analytics.frames.switching import TreatmentData
from analytics.reporting.curves import MILESTONE_YEARS, milestone_cell
from analytics.reporting.estimates import ratio_text
from analytics.reporting.reasons import say_inestimable, say_reason
from analytics.reporting.tables import Table
from analytics.reporting.timing import note_balanced, note_post_baseline
from analytics.reporting.treatment import (
    list_adjusters,
    name_term_test,
    note_few_events,
    note_few_treated,
    note_incomplete_history,
    note_nobody,
    note_second_relapse,
)
from analytics.reporting.treatment_tables import cells_e_value, head_ratio, list_years
from analytics.reporting.wording import describe_hazard_ratio, in_sentence, start_sentence
from analytics.results import (
    Estimate,
    EValue,
    HazardRatioResult,
    LandmarkResult,
    Note,
    PropensityResult,
    Reason,
    Result,
    SurvivalCurve,
    SurvivalResult,
    treated_terms,
)
from analytics.speaking import word

_WEIGHTED_TO = {
    "ate": "all {} at the landmark",
    "att": "{} like the treated",
    "overlap": "{} who could be in either group",
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

    @property
    def compared(self) -> str:
        """The two groups ("HSCT against not yet transplanted")."""
        return f"{self.treatment} against {self.data.untreated}"

    @property
    def weighted_to(self) -> str:
        """Whom the groups are weighted to be like."""
        return _WEIGHTED_TO[self.estimand].format(load_words().plural)

    @property
    def models(self) -> tuple[tuple[str, HazardRatioResult | None], ...]:
        """The model without weights and with them, by name."""
        return (("unweighted", self.unadjusted.hazard_ratio), ("weighted", self.weighted))

    def ratio(self, model: HazardRatioResult | None) -> Estimate:
        """The hazard ratio of the treatment, or why there is none."""
        if model is None:
            return Estimate(None, reason=self.reason or Reason("not-weighted"))
        return replace(self.unadjusted, hazard_ratio=model).ratio_of()


def format_treatment_ratio(ratio: Estimate) -> str:
    """A ratio with its interval, or a dash."""
    return MISSING if ratio.value is None else ratio_text(ratio)


def explain_ratio(ratio: Estimate) -> str:
    """Why there is no ratio, as a sentence; empty if there is one."""
    return f"{start_sentence(say_inestimable('hazard ratio', ratio.reason))}." if ratio.reason else ""


def caption_balance(result: AdjustedComparison) -> str:
    """How to read the figure of balance."""
    after = "Filled: after weighting."
    if result.reason is not None:
        after = "The groups are not weighted, so there is nothing after it."
    return (
        "Difference of the groups’ means or shares, in standard deviations. Open: before weighting. "
        f"{after} Grey: within ±0.1, by convention negligible. Of two levels one is drawn."
    )


def describe_balance(result: AdjustedComparison) -> str:
    """The figure of balance in words."""
    known = [abs(b.smd_before) for b in result.propensity.balance if b.smd_before is not None]
    largest = format_number(max(known)) if known else ""
    before = f"Largest standardised difference before weighting {largest}" if known else "No difference known"
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
    beyond, outside = "", result.propensity.share_outside
    if outside is not None:
        beyond = f" {format_percent(outside, 0)} of the {load_words().plural} lie where the other group has nobody."
    return f"Propensity scores. {'; '.join(ranges)}.{beyond}"


def tabulate_ratios(result: AdjustedComparison, found: Sequence[EValue]) -> Table:
    """The ratio before and after weighting, with the E-values of the two."""
    unadjusted = result.unadjusted
    sizes = {
        "unweighted": f"{format_count(unadjusted.n_treated)} and {format_count(unadjusted.n_untreated)}",
        "weighted": MISSING,
    }
    if result.weighted is not None:
        effective = (format_number(arm.effective_n, 0) for arm in result.propensity.arms)
        sizes["weighted"] = f"{' and '.join(effective)} (effective)"
    rows = []
    for (kind, model), e_value in zip(result.models, found, strict=True):
        term = next(iter(treated_terms(model)), None)
        p = MISSING if term is None else format_p_cell(term.p_value, term.p_reason)
        rows.append((kind, sizes[kind], ratio_text(result.ratio(model)), p, *cells_e_value(e_value)))
    return Table(
        title=f"{result.compared}, from day {result.days} on",
        columns=("", load_words().head, head_ratio(unadjusted.hazard_ratio), "p", "E-value", "E-value of the limit"),
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
        caption=f"Weighted to {result.weighted_to}.",
    )


def ratios_frame(result: AdjustedComparison, found: Sequence[EValue]) -> pd.DataFrame:
    """The ratio before and after weighting for a file, with the E-values of the two."""
    rows = []
    for (kind, model), e_value in zip(result.models, found, strict=True):
        ratio = result.ratio(model)
        term = next(iter(treated_terms(model)), None)
        limits = ratio.interval
        rows.append(
            {
                "term": f"hazard ratio, {kind}",
                "level": result.treatment,
                "reference": result.data.untreated,
                "landmark_days": result.days,
                "estimand": result.estimand if kind == "weighted" else None,
                "n": result.unadjusted.n,
                "n_event": result.unadjusted.n_event,
                "estimate": ratio.value,
                "std_error": ratio.std_error,
                "conf_low": limits.low if limits else None,
                "conf_high": limits.high if limits else None,
                "conf_level": result.unadjusted.hazard_ratio.conf_level,
                "conf_type": limits.method if limits else None,
                "test": model.ratio_test if model and term and term.p_value is not None else None,
                "statistic": (term.statistic if term.statistic_lr is None else term.statistic_lr) if term else None,
                "p_value": term.p_value if term else None,
                "p_value_wald": term.p_value_wald if term else None,
                "e_value": e_value.point,
                "e_value_limit": e_value.limit,
                "reason": ratio.reason,
            }
        )
    return pd.DataFrame(rows)


def tabulate_weighted_survival(
    result: AdjustedComparison, milestones: Iterable[tuple[str, SurvivalCurve, Sequence[Estimate]]]
) -> Table:
    """Survival before and after weighting: ``milestones`` of each curve, with how it was weighted."""
    endpoint = result.data.endpoint
    rows = []
    for kind, curve, found in milestones:
        cells = (milestone_cell(e) if curve.n else MISSING for e in found)
        rows.append((f"{curve.group}, {kind}", f"{format_count(curve.n_event)} of {format_count(curve.n)}", *cells))
    return Table(
        title=f"{endpoint.y_title} of those {endpoint.alive} at day {result.days}",
        columns=("On that day", endpoint.event_noun.capitalize(), *(f"{y} y" for y in MILESTONE_YEARS)),
        rows=tuple(rows),
        help=("", f"After the landmark, of the {load_words().plural}", *list_years()),
        caption=f"Kaplan–Meier estimates given survival to the landmark; years are counted from {word('clock')}. "
        "Weighted limits are "
        "robust.",
    )


def say_effects(result: AdjustedComparison, model: HazardRatioResult | None, how: str) -> list[str]:
    """The treatment's ratio from the landmark on, in a sentence."""
    data = result.data
    alike = [v.label for v in data.adjusters] if model is result.weighted else []
    said = (
        describe_hazard_ratio(t, data.treatment, data.untreated, alike, data.endpoint) for t in treated_terms(model)
    )
    return [f"From day {result.days} on, {how}: {in_sentence(text)}" for text in said]


def say_e_value(result: AdjustedComparison, found: EValue) -> tuple[str, ...]:
    """The E-value of the weighted ratio in a sentence; nothing without one."""
    if found.point is None:
        return ()
    point, nearer = cells_e_value(found)
    limit = ""
    if found.limit is not None and found.limit <= 1:
        limit = "; the interval includes no association already"
    elif found.limit is not None:
        limit = f"; to move the limit of the interval there, {nearer} would do"
    return (
        f"An unmeasured cause would have to go with both {result.treatment} by the landmark and "
        f"{result.data.endpoint.event_label} by a ratio of risks of {point} each to explain the weighted hazard ratio of "
        f"{result.compared} away (E-value){limit}.",
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


def note_not_weighted(found: LandmarkResult, reason: Reason | None) -> tuple[Note, ...]:
    """Why groups at a landmark are not weighted."""
    if reason is None or not found.n:
        return ()
    text = (
        f"The groups are not weighted: {say_reason(reason)}. Only the unweighted comparison is shown, which is not adjusted "
        "for anything."
    )
    return (Note("not-weighted", "warning", text, "Choose fewer variables, another landmark, or a wider selection."),)


def note_measured(data: TreatmentData) -> Note:
    """What weighting cannot mend."""
    text = (
        f"Weighting aims to make the groups alike in {list_adjusters(data)}, and in nothing else. "
        f"{word('not_on_record')} are not on record: the weighted ratio is an association, not the effect of treatment."
    )
    return Note(
        "measured-causes-only", "info", text, "The E-value says how strong an unmeasured cause would have to be."
    )


def list_weighting_notes(
    data: TreatmentData,
    days: int,
    unadjusted: LandmarkResult,
    propensity: PropensityResult,
    reason: Reason | None,
    weighted: HazardRatioResult | None,
) -> tuple[Note, ...]:
    """What a reader should know of groups at a landmark, and of their weights."""
    unknown = (
        "not in the comparison, weighted or not, because a variable in which the groups should be alike is unknown."
    )
    few = note_few_events(data.endpoint, unadjusted.n_event, " after the landmark", " Weighting cannot add any.")
    # The model has the treatment alone; how few events it rests on is said of both models at once.
    fitted = tuple(n for n in (weighted.notes if weighted else ()) if n.code != "events-per-parameter")
    return (
        *note_post_baseline(data.endpoint, filters=filters_of(data)),
        *note_nobody(data),
        *note_not_weighted(unadjusted, reason),
        *note_second_relapse(data, days),
        *note_incomplete_history(data, unknown, "Choose fewer variables to keep them."),
        *note_balanced(data.adjusters, data.endpoint, days),
        *note_few_treated(data),
        *(few if unadjusted.n else ()),
        *propensity.notes,
        *fitted,
        *unadjusted.notes,
        *((note_measured(data),) if weighted else ()),
    )
