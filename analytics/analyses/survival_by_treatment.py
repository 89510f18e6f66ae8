"""Survival after relapse by treatment as it changes: Simon–Makuch curves, Mantel–Byar test, time-dependent Cox model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import pandas as pd

from analytics.analysis import Control, Params, lazy
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.comparisons.choices import DRAWN, strata_control
from analytics.comparisons.regression import stack
from analytics.comparisons.treatment import (
    adjust_control,
    estimate_curves,
    is_offered,
    list_e_values,
    prepare_treatments,
    read_model,
    say_waiting,
    treatment_controls,
)
from analytics.comparisons.treatment_groups import (
    NAIVE,
    GroupsAnalysis,
    TreatmentGroups,
    fit_changing,
    headline_group_test,
    headline_ratios,
    list_group_notes,
    list_milestones,
)
from analytics.comparisons.until_hsct import (
    END,
    HSCT_COUNTS,
    answer_until_hsct,
    list_until_hsct_tables,
    list_until_hsct_tests,
)
from analytics.dictionary import DAYS_PER_MONTH, load_words
from analytics.document import ComparedTest, Headline
from analytics.estimators import naive_hazard_ratio, tabulate_whole_curves
from analytics.estimators.second_opinion.treatment import compare_switching, compare_treatment_ratios
from analytics.formats import format_count, format_share
from analytics.frames.switching import UNTIL_HSCT, TreatmentData
from analytics.reporting.attrition import Used
from analytics.reporting.curves import MILESTONES
from analytics.reporting.files import name_measure
from analytics.reporting.tables import Table
from analytics.reporting.treatment import (
    count_used,
    label_states,
    note_naive,
    note_thin_starts,
    say_ratios,
    say_two_tests,
)
from analytics.reporting.treatment_tables import tabulate_treatments
from analytics.reporting.until_hsct import UntilHsct, say_until_hsct
from analytics.reporting.wording import describe_test
from analytics.results import HazardRatioResult, Note, treated_terms
from analytics.results.second_opinion import Compared
from analytics.speaking import word

START = Control(
    "start",
    "Curves from (days from {clock})",
    "number",
    0,
    place="more",
    limits=(0, 365),
    step=5,
    help="From {clock} on, the curve of the treated begins with the first few of them, and a death among these moves it for "
    "good. From a later day on it begins with all who were treated by then; {patients} are left out of the curves who died or "
    "left before. The test and the hazard ratios are of the whole time from {clock}.",
    display=True,
)


@dataclass(frozen=True)
class TreatmentSurvival(TreatmentGroups):
    """Curves, test and hazard ratios with treatment as it changes.

    The curves begin on day ``start``; ``until`` is the answer chosen where follow-up is until HSCT. The naive
    curves and model are made when the overlay or a file first needs them, so that the figure does not wait for them.
    """

    start: int = 0
    until: UntilHsct = field(default_factory=UntilHsct)

    @lazy
    def naive(self) -> HazardRatioResult:
        """The model of ever against never treated."""
        return read_model(self.data, naive_hazard_ratio(**self.data.arrays(adjusted=True), conf_type="profile"))


class SurvivalByTreatmentAnalysis(GroupsAnalysis):
    """Survival after relapse by treatment as it changes: Simon–Makuch curves, Mantel–Byar test, time-dependent Cox model."""

    slug = "survival-by-treatment"
    title = "Survival by treatment"
    question = "How did {patients} fare after {start} once they were treated, against not yet?"
    order = 10
    icon = ":material/vaccines:"
    method = (
        "Simon–Makuch curves, Mantel–Byar test and Cox model with treatment as it changes over time (Efron ties); "
        "a {patient} counts as treated from the day of treatment on."
    )
    files = ("estimates", "curves")

    def controls(self, cohort: Cohort) -> tuple[Control, ...]:
        # The test of the curves is not adjusted, and that of the ratio names what it is adjusted for.
        adjust = replace(adjust_control(cohort), display=True)
        until = (HSCT_COUNTS,) if is_offered(UNTIL_HSCT, cohort) else ()
        return (*treatment_controls(cohort), NAIVE, adjust, *until, START, strata_control(cohort), *DRAWN)

    def prepare(self, cohort: Cohort, cohort_filter: CohortFilter, params: Params) -> TreatmentData:
        return prepare_treatments(cohort, cohort_filter, params)

    def estimate(self, data: TreatmentData, params: Params) -> TreatmentSurvival:
        start = int(params.get("start", 0))
        chosen = fit_changing(data, params["interval"], complete=False, start=start)
        naive = (note_naive(data),) if params["naive"] else ()
        notes = (*naive, *list_group_notes(data, chosen, "the hazard ratios"))
        until = answer_until_hsct(data, params.get("hsct_as", END))
        return TreatmentSurvival(data, None, chosen, notes, start, until)

    def headlines(self, result: TreatmentSurvival) -> tuple[Headline, ...]:
        data, words = result.data, load_words()
        died = data.endpoint.event_noun.capitalize()
        how = f"By a Cox model in which a {words.noun} changes group on the day of treatment; {{}}. "
        how += "In brackets the 95 % interval."
        return (
            Headline(words.head, format_count(data.n), f"{word('Whom')}, in this selection."),
            Headline("Treated", format_share(data.n_treated, data.n, 0), "Given the treatment within their follow-up."),
            Headline(died, format_share(data.n_event, data.n, 0), f"A share of all {words.plural}."),
            *(headline_ratios(result, how) if treated_terms(result.hazard) else ()),
            headline_group_test(result, " The log-rank test for groups that change."),
        )

    def caption(self, result: TreatmentSurvival, params: Params) -> str:
        words = load_words()
        begin = (
            f"They begin on day {result.start}, at 100 % of the {words.plural} {result.data.endpoint.alive} and followed then, "
            f"in the group of that day; test and hazard ratios count from {word('clock')}. "
            if result.start
            else ""
        )
        return (
            f"Simon–Makuch curves: a {words.noun} counts as not treated until the day of treatment, and then changes curve. They "
            f"compare {words.plural} by their treatment at each time; no curve is the survival of one fixed group. {begin}"
            + super().caption(result, params)
        )

    def alt_text(self, result: TreatmentSurvival) -> str:
        drawn = super().alt_text(result)
        return f"From day {result.start} on. {drawn}" if result.start else drawn

    def tables(self, result: TreatmentSurvival) -> tuple[Table, ...]:
        data, hazard = result.data, result.hazard
        caption = f"Cox model, Efron ties; a {load_words().noun} counts in each group for the time spent in it."
        caption += say_two_tests(data, hazard, result.test)
        return (
            tabulate_treatments(data, hazard, "Hazard ratios, with treatment as it changes", caption),
            *list_until_hsct_tables(data, result.until),
            list_milestones(result, result.start),
            # The ratio counts from relapse, and so does the risk that says how far it is from one of risks.
            *list_e_values(hazard, estimate_curves(data) if result.start else result.curves.curves),
        )

    def sentences(self, result: TreatmentSurvival) -> tuple[str, ...]:
        data = result.data
        if not data.n:
            return ()
        ratios = say_ratios(data, result.hazard)
        test = describe_test(result.test, label_states(data))
        return (say_waiting(data), *ratios, *say_until_hsct(data, result.until), test)

    def notes(self, result: TreatmentSurvival) -> tuple[Note, ...]:
        remedy = f"Start the curves on a later day, by which more {load_words().plural} are in the group."
        return (*result.notes, *note_thin_starts(result.curves.curves, remedy))

    def used(self, result: TreatmentSurvival) -> Used:
        return count_used(result.data, adjusted=False)  # the curves and the test keep those with an unknown variable

    def tests(self, result: TreatmentSurvival) -> tuple[ComparedTest, ...]:
        """The tests of its kind, and that of the ratio weighted for who is transplanted."""
        return (*super().tests(result), *list_until_hsct_tests(result.data, result.until))

    def downloads(self, result: TreatmentSurvival) -> Mapping[str, pd.DataFrame]:
        until, test = result.until, result.test
        models = [
            (result.hazard, "time-dependent"),
            (result.naive, "naive, ever against never (biased)"),
            (
                until.weighted.model if until.weighted else None,
                f"until {word('HSCT')}, weighted for who is {word('given HSCT')}",
            ),
        ]
        hazard = stack([model.to_frame().assign(model=name) for model, name in models if model is not None])
        tested = {"term": test.method, "statistic": test.statistic, "df": test.df, "p_value": test.p_value}
        curves = [
            tabulate_whole_curves(result.curves).assign(method="Simon–Makuch", start_days=result.start),
            tabulate_whole_curves(result.naive_curves).assign(method="naive, ever against never (biased)"),
        ]
        curves = [name_measure(frame, "survival") for frame in curves]
        if until.incidence is not None:
            incidence = tabulate_whole_curves(until.incidence, exact=False)
            curves.append(
                name_measure(incidence, "cumulative_incidence").assign(method=f"{word('HSCT')} as a competing event")
            )
        return {
            "estimates": name_measure(pd.DataFrame([*hazard.to_dict("records"), tested]), "hazard_ratio"),
            "curves": pd.concat(curves, ignore_index=True),
        }

    def second_opinion(self, data: TreatmentData, result: TreatmentSurvival, params: Params) -> Iterator[Compared]:
        start = result.start / DAYS_PER_MONTH
        yield from compare_switching(result.curves, result.test, list(MILESTONES), **data.arrays(), landmark=start)
        yield from compare_treatment_ratios(result.hazard, **data.arrays(adjusted=True), steps=data.steps)
