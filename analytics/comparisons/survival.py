"""Survival compared between groups: what every survival analysis computes, draws and hands out.

The analyses differ in whom they compare and from when; the estimate, figure, tables, sentences and files are these.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pandas as pd

from analytics.analysis import Analysis, Governed, Params
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.comparisons.beside import JoinedCurves, join_frames, name_both, say_test, styles_beside, test_of
from analytics.comparisons.choices import NO_STRATA, WEIGHTINGS
from analytics.comparisons.power import detect_groups, to_planning
from analytics.comparisons.proportionality import note_non_proportional
from analytics.comparisons.requirements import endpoint_with
from analytics.dictionary import Variable, dictionary_in_hand, load_words
from analytics.document import ComparedTest, Contrast, Headline, Picture, Sides
from analytics.estimators import (
    estimate_survival,
    follow_up,
    logrank_test,
    pairwise_logrank,
    read_curve,
    tabulate_whole_curves,
)
from analytics.estimators.intervals import SurvivalConfType
from analytics.estimators.second_opinion.curves import compare_curves, compare_follow_up, compare_pairs, compare_test
from analytics.figures.curves.panels import plot_survival_panels
from analytics.figures.curves.published import PublishedPoint
from analytics.figures.curves.survival import describe_drawing, plot_survival
from analytics.figures.curves.survival import describe_survival as describe_curves
from analytics.figures.theme import Figure, Style, style_of
from analytics.formats import (
    SUPPRESSED,
    format_count,
    format_interval,
    format_months,
    format_p_cell,
    format_share,
    format_years,
    is_withheld,
)
from analytics.frames import CompetingEvents, TimeToEvent, endpoint_columns, filters_of, strata_of
from analytics.reporting.answers import answer_survival
from analytics.reporting.attrition import Used
from analytics.reporting.curves import (
    MILESTONE_YEARS,
    MILESTONES,
    SurvivalComparison,
    note_entry,
    note_small_groups,
    say_survival,
    tabulate_survival,
)
from analytics.reporting.files import name_measure
from analytics.reporting.literature import PublishedOutcome, match_level
from analytics.reporting.planning import plan_groups
from analytics.reporting.published import (
    describe_overlaid,
    explain_overlaid,
    format_printed,
    list_overlaid,
    name_outcome,
    note_overlaid,
    overlaid_row,
    tabulate_listed,
    tabulate_series,
)
from analytics.reporting.reasons import say_reason, say_undone
from analytics.reporting.tables import Table, labels_of
from analytics.reporting.timing import note_post_baseline
from analytics.reporting.wording import in_sentence, name_strata, start_sentence
from analytics.results import Estimate, Note, PairwiseTest, SurvivalResult, TestResult
from analytics.results.second_opinion import Compared


def prepare_survival(
    cohort: Cohort,
    cohort_filter: CohortFilter,
    params: Params,
    variable: Variable | None,
    covariates: Sequence[Variable] = (),
) -> TimeToEvent:
    """The arrays of the chosen endpoint by one variable, under the filter and the chosen stratification, with covariates.

    Without groups to compare, or with the groups themselves as strata, the stratification is not used.
    """
    without = variable is None or params["strata"] == variable.name
    own = {**params, "strata": NO_STRATA} if without else params
    return prepare_times(cohort, cohort_filter, own, variable, covariates)


def prepare_times(
    cohort: Cohort,
    cohort_filter: CohortFilter,
    params: Params,
    variable: Variable | None = None,
    covariates: Sequence[Variable] = (),
    references: Mapping[str, str] | None = None,
) -> TimeToEvent:
    """The arrays of the chosen endpoint under the filter and the chosen stratification, with covariates."""
    known, name = cohort.dictionary, params["strata"]
    endpoint, strata = known.endpoint(params["endpoint"]), None if name == NO_STRATA else known[name]
    tally = cohort.tally(endpoint_columns(endpoint, variable, strata, *covariates), cohort_filter)
    filtered_by = [known[name] for name in cohort_filter.variables]
    return TimeToEvent.from_tally(tally, endpoint, variable, strata, filtered_by, covariates, references)


def compare_survival(
    frame: TimeToEvent, params: Params, notes: tuple[Note, ...] = (), *, names_variable: bool = True
) -> SurvivalComparison:
    """Kaplan–Meier curves by group, survival at the milestones, tests and median follow-up of one frame.

    ``notes`` come before those of the estimate; ``names_variable`` is that of the result.
    """
    compared, labels = _draw_curves(frame, params["interval"]), labels_of(frame.variable)
    curves, overall = compared.curves.curves, None
    pairwise: tuple[PairwiseTest, ...] = ()
    if frame.variable is not None:
        test: dict[str, Any] = {**WEIGHTINGS[params["test"]], **frame.arrays(), "noise": frame.noise}
        overall = logrank_test(group=frame.group, **test)
        if sum(curve.n > 0 for curve in curves) > 2:
            pairwise = pairwise_logrank(group=frame.group, adjust="holm", **test)
    known: dict[str, Any] = {"group": frame.variable, "filters": filters_of(frame), "strata": strata_of(frame)}
    published = list_overlaid(frame.endpoint, frame.variable, params.get("published", ()), dictionary_in_hand())
    found = (
        *notes,
        *note_overlaid(published),
        *note_post_baseline(frame.endpoint, **known),
        *note_entry(frame.endpoint),
        *note_small_groups(curves, labels),
        *note_non_proportional(frame, curves, labels),
        *compared.curves.notes,
        *(overall.notes if overall else ()),
    )
    return replace(
        compared, overall=overall, pairwise=pairwise, notes=found, names_variable=names_variable, published=published
    )


def _draw_curves(frame: TimeToEvent, conf_type: SurvivalConfType) -> SurvivalComparison:
    """Curves by group, their values at the milestones and the median follow-up, without tests."""
    arrays: dict[str, Any] = {
        "weight": frame.weight,
        "entry": frame.entry,
        "conf_type": conf_type,
        "noise": frame.noise,
    }
    curves = estimate_survival(frame.time, frame.event, group=frame.group, **arrays)
    milestones = tuple(read_curve(curve, MILESTONES) for curve in curves.curves)
    return SurvivalComparison(frame, curves, milestones, None, (), follow_up(frame.time, frame.event, **arrays))


def join_survival(first: SurvivalComparison, second: SurvivalComparison, params: Params, sides: Sides) -> JoinedCurves:
    """The curves of two selections in one, and the test of one against the other where nobody is in both."""
    frame, split = join_frames(first.frame, second.frame, sides)
    test = None
    if sides.may_be_tested:
        within = {**frame.arrays(), "strata": split.strata, "noise": frame.noise}
        test = logrank_test(group=split.side, **WEIGHTINGS[params["test"]], **within)
    return JoinedCurves(_draw_curves(frame, params["interval"]), split, test)


def headline_patients(frame: TimeToEvent | CompetingEvents, which: str = "in this selection") -> Headline:
    """How many patients there are, and who they are."""
    who = start_sentence(frame.endpoint.population)
    return Headline(load_words().head, format_count(frame.n), f"{who}, {which}.")


def headline_test(test: TestResult | None, name: str) -> tuple[Headline, ...]:
    """The p value of a test of curves, where there is one."""
    if test is None:
        return ()
    detail = say_undone(test.reason)
    if test.statistic is not None:
        freedom = f"{test.df} degree{'s' if test.df != 1 else ''} of freedom"
        detail = f"Chi-square {test.statistic:.2f} on {freedom}."
    return (Headline(f"p ({name})", format_p_cell(test.p_value, test.reason), detail),)


def headline_events(frame: TimeToEvent, what: str) -> Headline:
    """How many events there are; ``what`` says what the share is not."""
    share = format_share(frame.n_event, frame.n, 0)
    help_text = f"A share of all {load_words().plural}, whatever their follow-up{what}."
    return Headline(start_sentence(frame.endpoint.event_noun), share, help_text)


def plot_compared_survival(
    result: SurvivalComparison,
    *,
    bands: bool,
    mean_until: float | None = None,
    marks: bool = False,
    styles: Mapping[str, Style] | None = None,
) -> Figure:
    """The Kaplan–Meier figure with the table at risk; ``styles`` are how groups look that are no levels of the dictionary."""
    looks = styles or styles_of(result.frame)
    return plot_survival(
        result.curves,
        labels=result.labels,
        styles=looks,
        origin=result.endpoint.origin,
        y_title=result.endpoint.y_title,
        bands=bands,
        endpoint=result.endpoint,
        mean_until=mean_until,
        marks=marks,
        published=[_to_point(outcome, result.frame.variable, looks) for outcome in result.published],
    )


def _to_point(outcome: PublishedOutcome, variable: Variable | None, looks: Mapping[str, Style]) -> PublishedPoint:
    level = None if variable is None else match_level(outcome, variable.name, variable.levels)
    colour = looks[level].colour if level is not None and level in looks else ""
    name = f"{name_outcome(outcome)}, {format_years(outcome.years)}: {format_printed(outcome)}"
    return PublishedPoint(name, outcome.months, outcome.value, outcome.interval, colour)


def draw_within(result: SurvivalComparison, strata: pd.Categorical, params: Params) -> Picture:
    """The curves of the groups in one panel per level of another variable, as far as the policy lets them be shown."""
    frame, variable = result.frame, result.frame.conditions[-1]
    found = {}
    for code, level in enumerate(strata.categories):
        inside = strata.codes == code
        if not inside.any():
            continue
        curves = Governed(_estimate_inside)(frame, inside, params["interval"])
        found[variable.level_label(str(level))] = curves
    origin, endpoint = result.endpoint.origin, result.endpoint
    styles = styles_of(frame)
    said = [
        f"{start_sentence(level)}. {describe_curves(curves, result.names, origin)}" for level, curves in found.items()
    ]
    return Picture(
        f"Within levels of {in_sentence(variable.label)}",
        plot_survival_panels(
            found, labels=result.labels, styles=styles, origin=origin, bands=params["bands"], endpoint=endpoint
        ),
        " ".join(said),
        f"{endpoint.y_title}. One panel for each level, with the same groups and the same axes; the stratified test adds up the "
        "differences that are seen within them.",
    )


def _estimate_inside(frame: TimeToEvent, inside: np.ndarray, conf_type: SurvivalConfType) -> SurvivalResult:
    entry = None if frame.entry is None else frame.entry[inside]
    arrays: dict[str, Any] = {
        "weight": frame.weight[inside],
        "entry": entry,
        "conf_type": conf_type,
        "noise": frame.noise,
    }
    return estimate_survival(frame.time[inside], frame.event[inside], group=frame.group[inside], **arrays)


def styles_of(frame: TimeToEvent | CompetingEvents) -> Mapping[str, Style]:
    """How each group is drawn, whichever others are there."""
    return style_of(tuple(labels_of(frame.variable)))


def describe_compared_survival(result: SurvivalComparison) -> str:
    """The figure in words."""
    return describe_curves(result.curves, result.names, result.endpoint.origin)


def ask_libraries(frame: TimeToEvent, result: SurvivalComparison, params: Params) -> Iterator[Compared]:
    """Curves, medians, follow-up and tests by lifelines and statsmodels."""
    name = "" if frame.variable is None else frame.variable.name
    given: dict[str, Any] = {"weight": frame.weight, "entry": frame.entry}
    arrays = (frame.time, frame.event)
    yield from compare_curves(
        result.curves, result.milestones, MILESTONES, *arrays, group=frame.group, variable=name, **given
    )
    yield from compare_follow_up(result.median_follow_up, *arrays, conf_type=params["interval"], **given)
    test = {**WEIGHTINGS[params["test"]], "strata": frame.strata, **given}
    yield from compare_test(result.overall, *arrays, frame.group, **test)
    yield from compare_pairs(result.pairwise, *arrays, frame.group, variable=name, **test)


class SurvivalAnalysis(Analysis[TimeToEvent, SurvivalComparison], abstract=True):
    """Survival compared between groups from one clock; a subclass says which groups, and from when."""

    section = "Survival"
    files = ("estimates", "curves")
    is_protected = True
    planning = to_planning(
        lambda result, params: plan_groups(detect_groups(result.frame), result.labels, result.endpoint.events)
    )

    @property
    def requires(self) -> tuple[tuple[str, ...], ...]:
        return endpoint_with()

    def estimate(self, frame: TimeToEvent, params: Params) -> SurvivalComparison:
        return compare_survival(frame, params)

    def headlines(self, result: SurvivalComparison) -> tuple[Headline, ...]:
        """Patients, events, median follow-up and the test."""
        frame, median, test = result.frame, result.median_follow_up, result.overall
        follow_up_text = "not reached" if median.value is None and frame.n else format_months(median.value)
        if is_withheld(median.reason):
            follow_up_text = SUPPRESSED
        reason = f" {start_sentence(say_reason(median.reason))}." if median.reason else ""
        interval = f" (95 % interval {format_interval(median.interval, 1)})" if median.interval else ""
        return (
            headline_patients(frame),
            headline_events(frame, "; the curves take the follow-up into account"),
            Headline("Median follow-up", follow_up_text, f"By the reverse Kaplan–Meier method{interval}.{reason}"),
            *headline_test(test, "" if test is None else test.method),
        )

    def figure(self, result: SurvivalComparison, params: Params) -> Figure:
        return plot_compared_survival(result, bands=params["bands"], marks=params["marks"])

    def caption(self, result: SurvivalComparison, params: Params) -> str:
        said = describe_drawing(result.curves, bands=params["bands"])
        return " ".join(filter(None, (explain_overlaid(result.published, params.get("published", ())), said)))

    def alt_text(self, result: SurvivalComparison) -> str:
        return " ".join(filter(None, (describe_compared_survival(result), describe_overlaid(result.published))))

    def pictures(self, result: SurvivalComparison, params: Params) -> tuple[Picture, ...]:
        """The curves within each level of the variable by which the test is stratified."""
        frame = result.frame
        return () if frame.strata is None else (draw_within(result, frame.strata, params),)

    def tables(self, result: SurvivalComparison) -> tuple[Table, ...]:
        drawn = result.published
        return (*tabulate_survival(result), *((tabulate_listed(drawn), tabulate_series(drawn)) if drawn else ()))

    def answer(self, result: SurvivalComparison) -> tuple[str, ...]:
        return answer_survival(result)

    def join(self, first: SurvivalComparison, second: SurvivalComparison, params: Params, sides: Sides) -> JoinedCurves:
        return join_survival(first, second, params, sides)

    def show_joined(self, joined: JoinedCurves, params: Params, sides: Sides) -> Contrast:
        compared = cast(SurvivalComparison, joined.compared)
        figure = plot_compared_survival(
            compared, bands=params["bands"], marks=params["marks"], styles=styles_beside(joined)
        )
        caption = describe_drawing(compared.curves, bands=params["bands"])
        return Contrast(
            Picture(name_both(sides), figure, describe_compared_survival(compared), caption),
            tabulate_survival(compared),
            say_test(joined, sides),
            test_of(joined, sides, in_sentence(compared.endpoint.label)),
        )

    def sentences(self, result: SurvivalComparison) -> tuple[str, ...]:
        return say_survival(result)

    def used(self, result: SurvivalComparison) -> Used:
        return Used.from_frame(result.frame)

    def tests(self, result: SurvivalComparison) -> tuple[ComparedTest, ...]:
        test, frame = result.overall, result.frame
        if test is None or frame.variable is None:
            return ()
        what = f"{test.method} of {in_sentence(frame.endpoint.label)} by {in_sentence(frame.variable.label)}"
        return (ComparedTest(what + name_strata(strata_of(frame)), test.p_value),)

    def downloads(self, result: SurvivalComparison) -> Mapping[str, pd.DataFrame]:
        """Survival at the milestones and tests ("estimates"), and the curves' coordinates ("curves").

        In "estimates", ``n`` counts the patients of the group, ``n_risk`` those still followed at the milestone and
        ``n_event`` the events until then. Published results that are drawn stand below, with their ``source``.
        """
        rows = []
        for curve, milestones in zip(result.curves.curves, result.milestones, strict=True):
            rows.append(_estimate_row("median survival", "months", curve.group, curve.n, curve.median, result))
            for years, estimate in zip(MILESTONE_YEARS, milestones, strict=True):
                term = f"survival at {format_years(years)}"
                rows.append(
                    {**_estimate_row(term, "probability", curve.group, curve.n, estimate, result), "n_risk": estimate.n}
                )
        follow_up = result.median_follow_up
        rows.append(_estimate_row("median follow-up", "months", "all", result.frame.n, follow_up, result))
        tests: list[tuple[str, TestResult, float | None]] = []
        if result.overall is not None:
            tests.append(("overall", result.overall, None))
        tests += [(f"{pair.group_a} against {pair.group_b}", pair.test, pair.p_adjusted) for pair in result.pairwise]
        rows += [{**test.to_row(), "group": group, "p_value_holm": adjusted} for group, test, adjusted in tests]
        rows += [overlaid_row(outcome, result.frame.variable) for outcome in result.published]
        curves = name_measure(tabulate_whole_curves(result.curves), "survival")
        return {"estimates": pd.DataFrame(rows), "curves": curves}

    def second_opinion(self, frame: TimeToEvent, result: SurvivalComparison, params: Params) -> Iterator[Compared]:
        return ask_libraries(frame, result, params)


def _estimate_row(
    term: str, unit: str, group: str, n: int, estimate: Estimate, result: SurvivalComparison
) -> dict[str, Any]:
    curves = result.curves
    numbers = estimate.to_row(curves.conf_level, curves.conf_type)
    return {"term": term, "unit": unit, "group": group, "n": n, "n_risk": None, **numbers}
