"""Treatments compared after relapse: whom, which treatments as they follow each other, and from which records.

A child belongs to a treatment from the day it was given, never before. The analyses share these choices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from analytics.analysis import Analysis, Control, Params
from analytics.cohort import Cohort
from analytics.cohort.filters import Clause, CohortFilter, Membership
from analytics.comparisons.choices import NO_STRATA, endpoint_control
from analytics.comparisons.regression import as_read
from analytics.comparisons.requirements import endpoint_with
from analytics.dictionary import PHASES, Endpoint, Phase
from analytics.document import ComparedTest, Headline
from analytics.estimators import e_value_of, highest_risk, simon_makuch, weighted_quantiles
from analytics.estimators.sensitivity import COMMON_OUTCOME
from analytics.figures.theme import Style, style_of
from analytics.formats import format_count
from analytics.frames import (
    Exclusion,
    TreatmentHistory,
    day_of,
    history_columns,
    is_timed_as_treatment,
    list_histories,
    list_treatments,
)
from analytics.frames.switching import NEEDS, NOT_MARROW, SECOND_RELAPSE, UNTIL_HSCT, TreatmentData
from analytics.frames.treatment import CART, HSCT
from analytics.reporting.attrition import Used
from analytics.reporting.tables import Table
from analytics.reporting.treatment import count_used, describe_waiting, name_ratio_tests, name_untreated
from analytics.reporting.treatment_tables import tabulate_e_values
from analytics.reporting.wording import start_sentence
from analytics.results import HazardRatioResult, SurvivalCurve, treated_terms

AT_LANDMARK, AT_START = "landmark", "start"  # when the clock of a comparison starts
HISTORY = Control(
    "history",
    "Compare",
    "one",
    "hsct",
    (
        ("hsct", "{HSCT} or not yet"),
        ("cart", "{CAR-T} or not yet"),
        (UNTIL_HSCT, "{CAR-T} or not yet, until {HSCT}"),
        ("histories", "{CAR-T}, {HSCT}, or both in turn"),
    ),
    help="A {patient} counts as treated from the day of treatment on, that day included, never before.",
)
UNTIL = (
    " “Until {HSCT}” ends the follow-up of every {patient} on the day of {HSCT}; otherwise what {HSCT} does after {CAR-T} counts "
    "for {CAR-T}."
)
RELAPSES = Control(
    "relapses",
    "{Relapses}",
    "one",
    "marrow",
    (("marrow", "{relapses compared}"), ("all", "all")),
    help="{why relapses are told apart}",
)
LANDMARK = Control(
    "landmark",
    "Landmark (days from {clock})",
    "number",
    180,
    limits=(30, 365),
    step=5,
    help="{Patients} are compared from this day on, by whether they had been treated by then. Choose it beforehand, by when "
    "treatment is usually given; a landmark chosen by its result proves nothing.",
)


def is_offered(view: str, cohort: Cohort) -> bool:
    """True if the cohort knows the days that a view of the treatments needs."""
    return all(day_of(treatment) in cohort.variables for treatment in NEEDS[view])


def relapse_controls(cohort: Cohort) -> tuple[Control, ...]:
    """Which relapses and what is survived, by a clock that starts at relapse for everyone, as the days of treatment do."""
    who = (RELAPSES,) if "marrow involvement" in cohort.dictionary.roles else ()
    control = endpoint_control(cohort)
    dictionary = cohort.dictionary
    at_relapse = [e.name for e in dictionary.endpoints if is_timed_as_treatment(e, dictionary)]
    options = tuple(o for o in control.options if o[0] in at_relapse)
    offered = [name for name, _ in options]
    return (*who, replace(control, options=options, default="os_relapse" if "os_relapse" in offered else offered[0]))


def treatment_controls(cohort: Cohort) -> tuple[Control, ...]:
    """Which treatments, in which relapses, and what is survived; as far as the cohort has the columns."""
    options = tuple(o for o in HISTORY.options if is_offered(o[0], cohort))
    about = HISTORY.help + (UNTIL if len(options) > 1 else "")
    return (replace(HISTORY, options=options, default=options[0][0], help=about), *relapse_controls(cohort))


def list_known_by(cohort: Cohort, phase: Phase) -> tuple[tuple[str, str], ...]:
    """What can be adjusted for, known in a phase or before: name and label."""
    latest = PHASES.index(phase)
    return tuple(
        (v.name, v.label)
        for v in cohort.dictionary.variables
        if (v.is_group or v.is_covariate) and PHASES.index(v.phase) <= latest and v.name in cohort.variables
    )


def adjust_control(cohort: Cohort) -> Control:
    """The choice of variables to adjust for: what is known at relapse or before."""
    unknown = "{Patients} in whom one of them is unknown are left out of the adjusted ratio."
    help_text = f"Variables known at {{clock}} or before. {unknown}"
    timed = [e.phase for e in cohort.dictionary.endpoints if is_timed_as_treatment(e, cohort.dictionary)]
    return Control("adjust", "Adjust for", "many", (), list_known_by(cohort, timed[0]), "more", help_text)


def prepare_landmarks(
    cohort: Cohort, cohort_filter: CohortFilter, params: Params, *, in_remission_until: int | None = None
) -> TreatmentData:
    """As `prepare_treatments`, for comparisons of those treated by a certain day."""
    return prepare_treatments(cohort, cohort_filter, params, in_remission_until=in_remission_until)


def prepare_treatments(
    cohort: Cohort, cohort_filter: CohortFilter, params: Params, *, in_remission_until: int | None = None
) -> TreatmentData:
    """The records of one comparison under the filter.

    With ``in_remission_until``, children are left out whose second relapse came by that day, as far as days are known.
    """
    dictionary = cohort.dictionary
    endpoint = dictionary.endpoint(params["endpoint"])
    left_out: list[Exclusion] = []
    if params.get("relapses") == "marrow":
        clause = Clause(dictionary.role("marrow involvement"), (dictionary.level("marrow involvement", "marrow"),))
        cohort_filter = _keep(cohort, cohort_filter, clause, left_out, NOT_MARROW)
    filters = [dictionary[name] for name in cohort_filter.variables]
    if in_remission_until is not None and "second relapse day" in dictionary.roles:
        clause = Clause(dictionary.role("second relapse day"), low=in_remission_until + 1, keep_missing=True)
        cohort_filter = _keep(cohort, cohort_filter, clause, left_out, SECOND_RELAPSE, day=in_remission_until)
    adjusters = tuple(dictionary[name] for name in params.get("adjust", ()))
    name = params.get("strata", NO_STRATA)
    strata = None if name == NO_STRATA else dictionary[name]
    known: dict[str, Any] = {
        "treatments": [
            day for t in (CART, HSCT) if t in NEEDS[params["history"]] and (day := day_of(t)) in cohort.variables
        ],
        "from_start": params.get("clock") == AT_START and "salvage day" in dictionary.roles,
    }
    columns = history_columns(dictionary, endpoint, *adjusters, strata, **known)
    # Without those of one treatment the others' risk sets would not be what they were.
    tally = cohort.tally(columns, cohort_filter, whole=True)
    history = TreatmentHistory.from_tally(tally, endpoint, strata, filters, adjusters, **known)
    names = [name for day, name in list_treatments().items() if day in history.treatments]
    untreated = name_untreated(params["history"], names)
    return TreatmentData.from_history(history, params["history"], untreated, adjusters, tuple(left_out))


def _keep(
    cohort: Cohort, cohort_filter: CohortFilter, clause: Clause, left_out: list[Exclusion], code: str, **terms: Any
) -> CohortFilter:
    """The filter with one more clause, beside what it asks of that variable; whom it leaves out is added to those left out."""
    kept = cohort_filter.among(Membership((CohortFilter((clause,)),)))
    if n := cohort.count(cohort_filter) - cohort.count(kept):
        left_out.append(Exclusion.of(code, n, **terms))
    return kept


def state_styles(data: TreatmentData) -> dict[str, Style]:
    """The style of each state: the untreated as chemotherapy alone, CAR-T and HSCT as on every other page."""
    fixed = style_of((data.untreated, *list_histories()))
    return {state: fixed[state] for state in data.states}


def read_model(data: TreatmentData, model: HazardRatioResult) -> HazardRatioResult:
    """The model in the words of the dictionary, numbers per step."""
    return as_read(model, (data.treatment, *data.adjusters))


def estimate_curves(data: TreatmentData) -> tuple[SurvivalCurve, ...]:
    """The curve of each state as children move through them, of complete cases."""
    return simon_makuch(**data.arrays(adjusted=True, without=("covariates", "strata"))).curves


def list_e_values(model: HazardRatioResult, curves: tuple[SurvivalCurve, ...]) -> tuple[Table, ...]:
    """The E-value of each treatment's ratio and of its nearer limit; nothing without a ratio.

    ``curves`` are those of the groups that the model compares: they tell whether the event is rare in every one of them.
    """
    risk = highest_risk(curves)
    found = [e_value_of(term.ratio, risk) for term in treated_terms(model)]
    return tabulate_e_values(model, found, risk, is_rare=risk <= COMMON_OUTCOME)


def list_ratio_tests(data: TreatmentData, model: HazardRatioResult, how: str = "") -> tuple[ComparedTest, ...]:
    """The test of each treatment's hazard ratio in a model with the adjusting variables; ``how`` says when it counts."""
    return tuple(ComparedTest(name, p_value) for name, p_value in name_ratio_tests(data, model, how))


def headline_counts(curves: Sequence[SurvivalCurve], endpoint: Endpoint) -> Headline:
    """How many of each group had the event: what stands at the top where too few had it for a ratio."""
    shown = [curve for curve in curves if curve.n]
    about = (
        f"{start_sentence(endpoint.event_noun)} of all in each group. They are too few for a single ratio: its interval is in "
        "the answer and in the tables."
    )
    counts = [f"{format_count(curve.n_event)} of {format_count(curve.n)}" for curve in shown]
    label = f"{start_sentence(endpoint.event_noun)}, {' · '.join(curve.group for curve in shown)}"
    return Headline(label, " · ".join(counts), about)


def say_waiting(data: TreatmentData) -> str:
    """How many were treated and after how long."""
    at = data.first_treated()
    treated = at <= data.time
    return describe_waiting(data, weighted_quantiles(at[treated], data.weight[treated], (0.5,)))


class TreatmentAnalysis(Analysis[TreatmentData, Any], abstract=True):
    """A comparison of treatments after relapse: each asks for the same records, none of them child by child if protected."""

    section = "Treatment"

    @property
    def requires(self) -> tuple[tuple[str, ...], ...]:
        return endpoint_with((day_of(HSCT), day_of(CART)), among=is_timed_as_treatment)

    def prepare(self, cohort: Cohort, cohort_filter: CohortFilter, params: Params) -> TreatmentData:
        return prepare_landmarks(cohort, cohort_filter, params)

    def used(self, result: Any) -> Used:
        return count_used(result.data, adjusted=True)
