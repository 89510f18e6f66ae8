"""Survival after relapse by treatment as it changes: Simon–Makuch curves, Mantel–Byar test, time-dependent Cox model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import cast

import pandas as pd

from analytics.analysis import Analysis, Control, Params, lazy
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.comparisons.power import detect_treatments, to_planning
from analytics.comparisons.requirements import endpoint_with
from analytics.comparisons.survival import (
    BANDS,
    INTERVALS,
    strata_control,
)
from analytics.comparisons.treatment import (
    AS_IT_CHANGES,
    MOST_RATIOS,
    NEEDS,
    UNTIL_HSCT,
    TreatmentData,
    adjust_control,
    adjusted,
    count_used,
    prepare_treatments,
    read_model,
    state_labels,
    state_styles,
    treated_terms,
    treatment_controls,
)
from analytics.comparisons.treatment_groups import NAIVE, note_naive, note_thin_starts
from analytics.comparisons.treatment_words import (
    describe_waiting,
    list_ratio_tests,
    name_comparison,
    note_late_conditions,
    note_nobody,
    note_not_random,
    note_treatment_few,
    note_unknown,
    say_two_tests,
    tabulate_e_values,
    tabulate_treatments,
)
from analytics.comparisons.until_hsct import (
    END,
    HSCT_COUNTS,
    UntilHsct,
    answer_until_hsct,
    list_until_hsct_tests,
    note_until_hsct,
    say_until_hsct,
    tabulate_until_hsct,
)
from analytics.dictionary import DAYS_PER_MONTH
from analytics.document import ComparedTest, Headline
from analytics.estimators.intervals import SurvivalConfType
from analytics.estimators.kaplan_meier import estimate_survival
from analytics.estimators.second_opinion.treatment import compare_switching, compare_treatment_ratios
from analytics.estimators.treatment import (
    ever_treated,
    mantel_byar_test,
    naive_hazard_ratio,
    simon_makuch,
    time_dependent_hazard_ratio,
)
from analytics.estimators.zero_events import read_curve, tabulate_curves
from analytics.figures.survival import Overlay, describe_drawing, describe_survival, plot_survival
from analytics.figures.theme import Figure
from analytics.formats import MISSING, format_count, format_p_cell, format_share
from analytics.reporting.attrition import Used
from analytics.reporting.curves import MILESTONE_YEARS, milestone_cell, note_small_groups, say_exact_limits
from analytics.reporting.estimates import ratio_text
from analytics.reporting.planning import Plan, plan_groups
from analytics.reporting.reasons import say_inestimable, say_undone
from analytics.reporting.tables import Table
from analytics.reporting.wording import describe_hazard_ratio, describe_test, start_sentence
from analytics.results import HazardRatioResult, Note, Result, SurvivalResult, TestResult
from analytics.results.power import DetectedGroups
from analytics.results.second_opinion import Compared

START = Control(
    "start",
    "Curves from (days from relapse)",
    "number",
    0,
    place="more",
    limits=(0, 365),
    step=5,
    help="From relapse on, the curve of the treated begins with the first few of them, and a death among these moves it for "
    "good. From a later day on it begins with all who were treated by then; children are left out of the curves who died or "
    "left before. The test and the hazard ratios are of the whole time from relapse.",
    display=True,
)


@dataclass(frozen=True)
class TreatmentSurvival(Result):
    """Curves, test and hazard ratios of one comparison of treatments.

    ``hazard`` is the time-dependent model, adjusted where variables were chosen. The naive curves and the model of ever
    against never are made when the overlay or a file first needs them, so that the figure does not wait for them.
    """

    data: TreatmentData
    curves: SurvivalResult
    test: TestResult
    hazard: HazardRatioResult
    notes: tuple[Note, ...]
    start: int = 0
    until: UntilHsct = field(default_factory=UntilHsct)

    @lazy
    def naive_curves(self) -> SurvivalResult:
        """Kaplan–Meier curves by ever against never treated."""
        data = self.data
        return estimate_survival(
            data.time,
            data.event,
            group=ever_treated(data.time, data.event, data.treated_at, untreated=data.untreated),
            weight=data.weight,
            conf_type=cast("SurvivalConfType", self.curves.conf_type),
        )

    @lazy
    def naive(self) -> HazardRatioResult:
        """The model of ever against never treated."""
        return read_model(self.data, naive_hazard_ratio(**self.data.arrays(adjusted=True), conf_type="profile"))

    @property
    def detectable(self) -> DetectedGroups | None:
        """The hazard ratios of the treatments that the model would have found; None where it cannot be made."""
        return detect_treatments(self.data.arrays(adjusted=True))

    @property
    def adjusted_for(self) -> tuple[str, ...]:
        """Labels of the adjusting variables."""
        return tuple(v.label for v in self.data.adjusters)


def _treatments(data: TreatmentData, group: str) -> str:
    return group if group != data.untreated else "treated" if len(data.treated_at) > 1 else next(iter(data.treated_at))


def _plan(result: TreatmentSurvival, params: Params) -> Plan:
    data, alike = result.data, " and adjusted alike" if result.adjusted_for else ""
    setting = f"treated when these were{alike}"
    return plan_groups(result.detectable, state_labels(data), data.endpoint.events, setting)


class SurvivalByTreatmentAnalysis(Analysis[TreatmentData, TreatmentSurvival]):
    """Survival after relapse by treatment as it changes: Simon–Makuch curves, Mantel–Byar test, time-dependent Cox model."""

    slug = "survival-by-treatment"
    title = "Survival by treatment"
    question = "How did children fare after first relapse once they were treated, against not yet?"
    section = "Treatment"
    order = 10
    icon = ":material/vaccines:"
    method = (
        "Simon–Makuch curves, Mantel–Byar test and Cox model with treatment as it changes over time (Efron ties); "
        "a child counts as treated from the day of treatment on."
    )
    requires = endpoint_with(("hsct_days", "cart_days"), origin="first relapse")
    files = ("estimates", "curves")
    planning = to_planning(_plan)

    def controls(self, cohort: Cohort) -> tuple[Control, ...]:
        # The test of the curves is not adjusted, and that of the ratio names what it is adjusted for.
        adjust = replace(adjust_control(cohort), display=True)
        # Blocks of protected children with their mean day would put many on the wrong side of a later start.
        start = () if cohort.smallest_cell else (START,)
        until = (HSCT_COUNTS,) if set(NEEDS[UNTIL_HSCT]) <= set(cohort.variables) else ()
        return (*treatment_controls(cohort), NAIVE, adjust, *until, *start, strata_control(cohort), INTERVALS, BANDS)

    def prepare(self, cohort: Cohort, cohort_filter: CohortFilter, params: Params) -> TreatmentData:
        return prepare_treatments(cohort, cohort_filter, params)

    def estimate(self, data: TreatmentData, params: Params) -> TreatmentSurvival:
        arrays, complete = data.arrays(), data.arrays(adjusted=True)
        unstratified = {name: values for name, values in arrays.items() if name != "strata"}
        start = int(params.get("start", 0))
        curves = simon_makuch(**unstratified, landmark=start / DAYS_PER_MONTH, conf_type=params["interval"])
        hazard = read_model(data, time_dependent_hazard_ratio(**complete, conf_type="profile"))
        return TreatmentSurvival(
            data=data,
            curves=curves,
            test=mantel_byar_test(**arrays),
            hazard=hazard,
            notes=(
                *((note_naive(data),) if params["naive"] else ()),
                *note_late_conditions(data),
                *note_nobody(data),
                *note_until_hsct(data),
                *note_unknown(data, "the hazard ratios"),
                *note_treatment_few(data),
                *note_small_groups(curves.curves, state_labels(data)),
                *curves.notes,
                *hazard.notes,
                *note_not_random(data),
            ),
            start=start,
            until=answer_until_hsct(data, params.get("hsct_as", END)),
        )

    def headlines(self, result: TreatmentSurvival) -> tuple[Headline, ...]:
        data = result.data
        headlines = [
            Headline("Children", format_count(data.n), "Who relapsed, in this selection."),
            Headline("Treated", format_share(data.n_treated, data.n, 0), "Given the treatment within their follow-up."),
            Headline(
                data.endpoint.event_noun.capitalize(), format_share(data.n_event, data.n, 0), "A share of all children."
            ),
        ]
        for term in treated_terms(result.hazard)[:MOST_RATIOS]:
            reason = (
                f" {start_sentence(say_inestimable('hazard ratio', term.ratio.reason))}." if term.ratio.reason else ""
            )
            headlines.append(
                Headline(
                    f"Hazard ratio, {term.level} against {data.untreated}",
                    ratio_text(term.ratio) if term.ratio.value is not None else MISSING,
                    "By a Cox model in which a child changes group on the day of "
                    f"treatment; {adjusted(data)}. In brackets the 95 % interval.{reason}",
                )
            )
        test = result.test
        detail = (
            f"Chi-square {test.statistic:.2f}, {test.df} df. The log-rank test for groups that change."
            if test.statistic is not None
            else say_undone(test.reason)
        )
        headlines.append(Headline(f"p ({test.method})", format_p_cell(test.p_value, test.reason), detail))
        return tuple(headlines)

    def figure(self, result: TreatmentSurvival, params: Params) -> Figure:
        styles = state_styles(result.data)
        overlays = []
        if params["naive"]:
            overlays = [
                Overlay(
                    curve,
                    f"naive: {'never' if curve.group == result.data.untreated else 'ever'} "
                    f"{_treatments(result.data, curve.group)}",
                    styles[curve.group].colour,
                )
                for curve in result.naive_curves.curves
            ]
        return plot_survival(
            result.curves,
            labels=state_labels(result.data),
            styles=styles,
            origin=result.data.endpoint.origin,
            y_title=result.data.endpoint.y_title,
            bands=params["bands"],
            event_noun=result.data.endpoint.event_noun,
            overlays=overlays,
            switching=True,
        )

    def caption(self, result: TreatmentSurvival, params: Params) -> str:
        begin = (
            f"They begin on day {result.start}, at 100 % of the children {result.data.endpoint.alive} and followed then, in the "
            "group of that day; test and hazard ratios count from relapse. "
            if result.start
            else ""
        )
        return (
            "Simon–Makuch curves: a child counts as not treated until the day of treatment, and then changes curve. They compare "
            f"children by their treatment at each time; no curve is the survival of one fixed group. {begin}"
            + describe_drawing(result.curves, bands=params["bands"], switching=True)
        )

    def alt_text(self, result: TreatmentSurvival) -> str:
        labels = {state: start_sentence(state) for state in result.data.states}
        drawn = describe_survival(result.curves, labels, result.data.endpoint.origin)
        drawn = drawn.replace("Kaplan–Meier curves", "Simon–Makuch curves")
        return f"From day {result.start} on. {drawn}" if result.start else drawn

    def tables(self, result: TreatmentSurvival) -> tuple[Table, ...]:
        data = result.data
        rows, milestones = [], []
        for curve in result.curves.curves:
            milestones.append(read_curve(curve, [12.0 * years for years in MILESTONE_YEARS]))
            cells = [milestone_cell(e, "nobody followed then") for e in milestones[-1]]
            counts = (format_count(curve.n), format_count(curve.n_event))
            rows.append((curve.group, *counts, *(cells if curve.n else [MISSING] * len(cells))))
        curves = Table(
            title=f"{data.endpoint.y_title} by treatment at the time"
            + (f", of those {data.endpoint.alive} at day {result.start}" if result.start else ""),
            columns=(
                "While",
                "Children ever",
                data.endpoint.event_noun.capitalize(),
                *(f"{y} y" for y in MILESTONE_YEARS),
            ),
            rows=tuple(rows),
            help=(
                "",
                "A child who was treated counts once in each row",
                "While in this state",
                *(
                    f"Height of the curve {y} {'year' if y == 1 else 'years'} after relapse, with its interval"
                    for y in MILESTONE_YEARS
                ),
            ),
            caption=f"Simon–Makuch estimates with 95 % {result.curves.conf_type} intervals"
            f"{say_exact_limits(milestones, data.endpoint.event_noun)}.",
        )
        hazard = tabulate_treatments(
            data,
            result.hazard,
            "Hazard ratios, with treatment as it changes",
            "Cox model, Efron ties; a child counts in each group for the time spent in it."
            + say_two_tests(data, result.hazard, result.test),
        )
        until = tabulate_until_hsct(data, result.until)
        # The ratio counts from relapse, and so does the risk that says how far it is from one of risks.
        whole = data.curves() if result.start else result.curves.curves
        return (hazard, *until, curves, *tabulate_e_values(data, result.hazard, whole))

    def sentences(self, result: TreatmentSurvival) -> tuple[str, ...]:
        data = result.data
        if not data.n:
            return ()
        return (
            describe_waiting(data),
            *(
                describe_hazard_ratio(term, data.treatment, data.untreated, result.adjusted_for, data.endpoint)
                for term in treated_terms(result.hazard)
            ),
            *say_until_hsct(data, result.until),
            describe_test(result.test, state_labels(data)),
        )

    def notes(self, result: TreatmentSurvival) -> tuple[Note, ...]:
        remedy = "Start the curves on a later day, by which more children are in the group."
        return (*result.notes, *note_thin_starts(result.curves.curves, remedy))

    def used(self, result: TreatmentSurvival) -> Used:
        return count_used(result.data, adjusted=False)  # the curves and the test keep those with an unknown variable

    def tests(self, result: TreatmentSurvival) -> tuple[ComparedTest, ...]:
        """The test of the curves, and that of the adjusted hazard ratio where variables were chosen."""
        data, test = result.data, result.test
        curves = ComparedTest(f"{test.method} of {name_comparison(data)}", test.p_value)
        ratios = list_ratio_tests(data, result.hazard, AS_IT_CHANGES) if data.adjusters else ()
        return (curves, *ratios, *list_until_hsct_tests(data, result.until))

    def downloads(self, result: TreatmentSurvival) -> Mapping[str, pd.DataFrame]:
        hazard = [
            result.hazard.to_frame().assign(model="time-dependent"),
            result.naive.to_frame().assign(model="naive, ever against never (biased)"),
            *(
                [result.until.weighted.model.to_frame().assign(model="until HSCT, weighted for who is transplanted")]
                if result.until.weighted is not None and result.until.weighted.model is not None
                else []
            ),
        ]
        test = pd.DataFrame(
            [
                {
                    "term": result.test.method,
                    "statistic": result.test.statistic,
                    "df": result.test.df,
                    "p_value": result.test.p_value,
                }
            ]
        )
        competing = result.until.incidence
        incidence = [] if competing is None else [competing.to_frame().assign(method="HSCT as a competing event")]
        curves = [
            tabulate_curves(result.curves).assign(method="Simon–Makuch", start_days=result.start),
            tabulate_curves(result.naive_curves).assign(method="naive, ever against never (biased)"),
        ]
        return {
            "estimates": pd.DataFrame([row for f in (*hazard, test) for row in f.to_dict("records")]),
            "curves": pd.concat([*curves, *incidence], ignore_index=True),
        }

    def second_opinion(self, data: TreatmentData, result: TreatmentSurvival, params: Params) -> Iterator[Compared]:
        months = [12.0 * years for years in MILESTONE_YEARS]
        landmark = result.start / DAYS_PER_MONTH
        yield from compare_switching(result.curves, result.test, months, **data.arrays(), landmark=landmark)
        yield from compare_treatment_ratios(result.hazard, **data.arrays(adjusted=True), steps=data.steps)
