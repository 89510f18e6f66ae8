"""What is said of a comparison of treatments: its cautions, tables and tests."""

from __future__ import annotations

from collections.abc import Sequence

from analytics.comparisons.treatment import TreatmentData, reference_of, treated_terms
from analytics.dictionary import load_words
from analytics.document import ComparedTest
from analytics.estimators.quantiles import weighted_quantiles
from analytics.estimators.sensitivity import COMMON_OUTCOME, e_value, highest_risk
from analytics.formats import (
    MISSING,
    format_count,
    format_level,
    format_number,
    format_p_cell,
    format_p_phrase,
    format_percent,
    format_ratio,
    format_step,
)
from analytics.frames import filters_of, strata_of
from analytics.reporting.estimates import ratio_text
from analytics.reporting.reliability import load_policy
from analytics.reporting.tables import Table
from analytics.reporting.timing import note_post_baseline
from analytics.reporting.wording import in_sentence, join_words, start_sentence
from analytics.results import HazardRatioResult, Note, SurvivalCurve, TestResult


def name_comparison(data: TreatmentData, how: str = "", *, adjusted: bool = False, reference: str = "") -> str:
    """What a test of the treatments compares, for the ledger; ``how`` says when treatment counts (" on day 180")."""
    reference = reference or data.untreated
    names = sorted(in_sentence(v.label) for v in data.adjusters) if adjusted else []
    by = f", adjusted for {join_words(names)}" if names else ""
    within = f", within levels of {in_sentence(data.conditions[-1].label)}" if data.strata is not None else ""
    compared = f"{join_words([state for state in data.states if state != reference])} against {reference}"
    return f"{in_sentence(data.endpoint.label)}, {compared}{how}{by}{within}"


def name_term_test(*models: HazardRatioResult | None) -> str:
    """The test of a single hazard ratio that was made, or the tests where the models differ in it."""
    found = dict.fromkeys(model.ratio_test for model in models if model is not None)
    return " or ".join(found)


def list_ratio_tests(data: TreatmentData, model: HazardRatioResult, how: str = "") -> tuple[ComparedTest, ...]:
    """The test of each treatment's hazard ratio in a model with the adjusting variables; ``how`` says when it counts."""
    name = name_term_test(model)
    what = name_comparison(data, how, adjusted=True, reference=reference_of(model))
    terms = treated_terms(model)
    return tuple(
        ComparedTest(f"{name} of the hazard ratio{f' of {t.level}' if len(terms) > 1 else ''} for {what}", t.p_value)
        for t in terms
    )


def describe_waiting(data: TreatmentData) -> str:
    """How many were treated and after how long, with how many had the event or left before: for a sentence."""
    at = data.first_treated()
    treated = at <= data.time
    n = int(data.weight[treated].sum())
    treatments = join_words(list(data.treated_at)) if len(data.treated_at) == 1 else "CAR-T or HSCT"
    if not data.n:
        return ""
    if not n:
        children = "this one child" if data.n == 1 else f"these {format_count(data.n)} children"
        return f"Nobody was given {treatments} within the follow-up of {children}."
    median = weighted_quantiles(at[treated], data.weight[treated], (0.5,))
    first = format_number(float(at[treated].min()), 1)
    wait = (
        f"after {first} months"
        if n == 1
        else f"after a median of {format_number(median[0], 1)} months, the first after {first}"
        if median
        else ""
    )
    before = int((data.weight * data.event)[~treated].sum())
    noun = data.endpoint.event_noun
    if data.n_event > 1:
        events = f"{format_count(before)} of {format_count(data.n_event)} {noun} came without it"
    elif data.n_event:
        events = f"the only {data.endpoint.event_one} came {'without' if before else 'after'} it"
    else:
        events = f"there were no {noun}"
    return f"{format_count(n)} of {count_children(data.n)} {'was' if n == 1 else 'were'} given {treatments}, {wait}; {events}."


def count_children(n: int) -> str:
    """A number of children in words ("1 child", "52 children")."""
    return f"{format_count(n)} {load_words().of(n)}"


def note_treatment_few(data: TreatmentData) -> tuple[Note, ...]:
    """A caution where hardly anyone had the event, or was treated."""
    notes = []
    enough = load_policy().full.events
    if 0 < data.n_event < enough:
        notes.append(
            Note(
                "few-events",
                "caution",
                f"Only {format_count(data.n_event)} {data.endpoint.events.of(data.n_event)}: "
                "a ratio of hazards rests on events, and one more or less would move it far.",
                "Read the interval, not the estimate; loosen a filter to see more children.",
            )
        )
    if 0 < data.n_treated < enough:
        notes.append(
            Note(
                "few-treated",
                "caution",
                f"Only {count_children(data.n_treated)} {'was' if data.n_treated == 1 else 'were'} treated within follow-up.",
                "Loosen a filter, or look at the numbers without comparing.",
            )
        )
    return tuple(notes)


def note_nobody(data: TreatmentData) -> tuple[Note, ...]:
    """Why there is nobody to compare, where the choice of relapses is what leaves nobody."""
    n = sum(exclusion.n for exclusion in data.exclusions if exclusion.code == "not-marrow")
    if data.n or not n:
        return ()
    who = "The one child" if n == 1 else f"None of the {format_count(n)} children"
    return (
        Note(
            "no-marrow-relapse",
            "caution",
            f"{who} of this selection has {'no' if n == 1 else 'a'} relapse in the marrow on record.",
            "Choose relapses: all, or loosen a filter.",
        ),
    )


def note_late_conditions(data: TreatmentData) -> tuple[Note, ...]:
    """Notes on filters, strata and adjusting variables that become known only after relapse."""
    return note_post_baseline(data.endpoint, filters=filters_of(data), adjust=data.adjusters, strata=strata_of(data))


def note_unknown(data: TreatmentData, where: str) -> tuple[Note, ...]:
    """How many children are not in what is adjusted ("the comparison"), since a variable of it is unknown."""
    n = data.n - data.n_complete
    if not n:
        return ()
    listed = ", ".join(f"{e.text} in {format_count(e.n)}" for e in data.exclusions if e.code == "covariate-missing")
    return (
        Note(
            "incomplete-cases",
            "caution",
            f"{format_count(n)} of {count_children(data.n)} {'is' if n == 1 else 'are'} not in {where}, because a variable "
            f"to adjust for is unknown ({listed}).",
            "Adjust for fewer variables to keep them.",
        ),
    )


def note_not_random(data: TreatmentData) -> tuple[Note, ...]:
    """Treatment was not given by chance: what no method of this page can mend."""
    return (
        Note(
            "not-randomised",
            "info",
            "Who is treated is decided by remission, donors and the child’s condition. Counting time correctly removes the "
            "immortal time, not these reasons: the ratio is an association, not the effect of treatment.",
            "Adjust for what is known at relapse, or see the adjusted comparison.",
        ),
    )


def tabulate_e_values(
    data: TreatmentData, model: HazardRatioResult, curves: Sequence[SurvivalCurve]
) -> tuple[Table, ...]:
    """The E-value of each treatment's ratio and of its nearer limit; nothing without a ratio.

    ``curves`` are those of the groups that the model compares: they tell whether the event is rare in every one of them.
    """
    risk = highest_risk(curves)
    rows = []
    for term in treated_terms(model):
        if term.ratio.value is None:
            continue
        interval = term.ratio.interval
        limits = (interval.low, interval.high) if interval else (None, None)
        found = e_value(term.ratio.value, *limits, measure="hazard ratio", rare=risk <= COMMON_OUTCOME)
        limit = MISSING if found.limit is None else format_ratio(found.limit)
        rows.append(
            (f"{term.level} against {reference_of(model)}", ratio_text(term.ratio), format_ratio(found.point), limit)
        )
    if not rows:
        return ()
    scale = (
        "which is rare enough for the hazard ratio to stand for a ratio of risks."
        if risk <= COMMON_OUTCOME
        else "so the ratio of risks is first approximated from the hazard ratio."
    )
    return (
        Table(
            title="Sensitivity to unmeasured causes (E-values)",
            columns=(
                "Treatment",
                f"Hazard ratio ({format_level(model.conf_level)} CI)",
                "E-value",
                "E-value of the limit",
            ),
            rows=tuple(rows),
            help=(
                "",
                "Of the treated against those not yet treated",
                "To move the estimate to no association",
                "To move the limit nearer to 1 to no association; 1 where the interval includes it already",
            ),
            caption="An unmeasured cause would have to go with both the treatment and the event by at least this ratio of risks, "
            "beyond what is adjusted for, to explain the association away. It does not say whether there is such a cause, "
            "nor does it cover chance, selection or wrong measurement. By the end of follow-up the event came to up to "
            f"{format_percent(risk, 0)} of a group, {scale}",
        ),
    )


def say_two_tests(data: TreatmentData, model: HazardRatioResult, test: TestResult) -> str:
    """Why the p value of a ratio is not that of the curves, after a caption; empty where there are not both."""
    if test.p_value is None or all(term.p_value is None for term in treated_terms(model)):
        return ""
    name = test.method.replace("'", "’")
    asks = "asks the same of the curves" if len(data.treated_at) == 1 else "asks whether any of the curves differ"
    adjusted = ", without adjustment" if data.adjusters else ""
    return (
        f" The p here comes from this model ({name_term_test(model)}); the {name} ({format_p_phrase(test.p_value)}) "
        f"{asks}{adjusted}. They are two methods of testing, not two findings."
    )


def tabulate_treatments(data: TreatmentData, model: HazardRatioResult, title: str, caption: str) -> Table:
    """The ratios of one model, treatment first, then each covariate."""
    variables = {v.name: v for v in (data.treatment, *data.adjusters)}
    rows: list[tuple[str, ...]] = []
    for term in model.terms:
        variable = variables[term.variable]
        if term.level is None:
            label = f"{variable.label}, per {format_step(variable.per, variable.unit)}"
        else:
            label = f"{variable.label}: {variable.level_label(term.level)}"
        counts = f"{format_count(term.n_event)} of {format_count(term.n)}"
        rows.append(
            (
                label,
                counts,
                "1 (reference)" if term.is_reference else ratio_text(term.ratio),
                format_p_cell(term.p_value, term.p_reason),
            )
        )
    return Table(
        title=title,
        columns=(
            "",
            f"{data.endpoint.event_noun.capitalize()}, of all",
            f"Hazard ratio ({format_level(model.conf_level)} CI)",
            "p",
        ),
        rows=tuple(rows),
        help=(
            "",
            "In the group, of the children who were ever in it",
            "Against the reference",
            start_sentence(name_term_test(model)),
        ),
        caption=f"{caption} Intervals by {'profile likelihood' if model.conf_type == 'profile' else 'Wald'}, p by the "
        f"{name_term_test(model)}.",
    )
