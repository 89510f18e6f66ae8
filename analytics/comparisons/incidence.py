"""Cumulative incidence compared between groups: what every page with competing events computes, draws and hands out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pandas as pd

from analytics.cohort import Cohort
from analytics.comparisons.beside import JoinedCurves, join_frames, name_both, say_test, styles_beside, test_of
from analytics.comparisons.power import detect_incidence
from analytics.comparisons.survival import styles_of
from analytics.dictionary import CompetingEndpoint, Variable, Words
from analytics.document import Contrast, Picture, Sides
from analytics.estimators import estimate_cumulative_incidence, gray_test, read_curve
from analytics.estimators.intervals import SurvivalConfType
from analytics.figures.curves.incidence import describe_drawing, plot_incidence
from analytics.figures.curves.incidence import describe_incidence as describe_curves
from analytics.figures.theme import Figure, Style
from analytics.formats import format_count, format_patients, format_years
from analytics.frames import CompetingEvents
from analytics.reporting.curves import MILESTONE_YEARS, MILESTONES, IncidenceComparison, tabulate_incidence
from analytics.reporting.files import name_measure
from analytics.reporting.planning import Plan, plan_groups
from analytics.reporting.wording import in_sentence, start_sentence
from analytics.results import TestResult

COLUMNS = [
    *("term", "group", "cause", "n", "n_risk", "n_event", "estimate", "std_error", "conf_low", "conf_high"),
    *("conf_level", "conf_type", "statistic", "df", "p_value", "reason"),
]


def list_competing(cohort: Cohort) -> tuple[CompetingEndpoint, ...]:
    """The competing endpoints whose columns the cohort has."""
    return tuple(e for e in cohort.dictionary.competing if e.time in cohort.variables and e.cause in cohort.variables)


def compare_incidence(
    frame: CompetingEvents, cause: Variable, event: str, conf_type: SurvivalConfType, *, is_tested: bool = True
) -> IncidenceComparison:
    """Aalen–Johansen curves of every cause by group, their values at the milestones, and Gray's test of each cause.

    ``is_tested`` False leaves out the tests, as where the groups share patients.
    """
    causes = cause.levels[1:]
    incidence = estimate_cumulative_incidence(
        frame.time,
        frame.cause,
        group=frame.group,
        weight=frame.weight,
        causes=causes,
        conf_type=conf_type,
        noise=frame.noise,
    )
    tests: tuple[TestResult, ...] = ()
    if frame.variable is not None and is_tested:
        tests = tuple(
            gray_test(frame.time, frame.cause, frame.group, of=number, weight=frame.weight, noise=frame.noise)
            for number in range(1, len(causes) + 1)
        )
    milestones = tuple(read_curve(curve, MILESTONES) for curve in incidence.curves)
    return IncidenceComparison(frame, cause, event, incidence, milestones, tests)


def join_incidence(
    first: IncidenceComparison, second: IncidenceComparison, sides: Sides, conf_type: SurvivalConfType
) -> JoinedCurves:
    """The curves of two selections in one; Gray's test, which knows no strata, where they are wholes that share nobody."""
    cause = join_levels(first.cause, second.cause)
    frame, split = join_frames(count_causes(first.frame, cause), count_causes(second.frame, cause), sides)
    is_tested = sides.may_be_tested and not split.within
    compared = compare_incidence(frame, cause, first.event, conf_type, is_tested=is_tested)
    return JoinedCurves(compared, split, compared.test)


def join_levels(first: Variable, second: Variable) -> Variable:
    """The first variable with the levels that the second alone has, last: two files have not all events of a dictionary."""
    more = tuple(level for level in second.levels if level not in first.levels)
    labels = tuple(map(second.level_label, more))
    return replace(first, levels=first.levels + more, level_labels=first.level_labels + labels) if more else first


def count_causes(frame: CompetingEvents, cause: Variable) -> CompetingEvents:
    """The frame with its events numbered as the levels of ``cause`` are."""
    if frame.causes == cause.levels[1:]:
        return frame
    places = np.array([0, *(cause.levels.index(name) for name in frame.causes)], dtype=np.int64)
    causes = places[frame.cause]
    causes.setflags(write=False)
    return replace(frame, cause=causes, causes=cause.levels[1:], labels=cause.level_labels[1:])


def show_joined_incidence(joined: JoinedCurves, sides: Sides, *, bands: bool, full_axis: bool, marks: bool) -> Contrast:
    """The picture, table and test of two selections."""
    compared = cast(IncidenceComparison, joined.compared)
    figure = plot_compared_incidence(
        compared, bands=bands, full_axis=full_axis, marks=marks, styles=styles_beside(joined)
    )
    what = f"the cumulative incidence of {in_sentence(compared.event_label)} from {compared.endpoint.origin}"
    caption, alt = caption_comparison(compared, bands=bands), describe_compared_incidence(compared)
    table = tabulate_incidence(compared, every_cause=False)
    return Contrast(
        Picture(name_both(sides), figure, alt, caption), (table,), say_test(joined, sides), test_of(joined, sides, what)
    )


def plot_compared_incidence(
    result: IncidenceComparison,
    *,
    bands: bool,
    full_axis: bool = False,
    marks: bool = False,
    styles: Mapping[str, Style] | None = None,
) -> Figure:
    """The curves of the event in question by group, with the table of counts; ``styles`` as in `plot_compared_survival`."""
    return plot_incidence(
        result.curves,
        labels=result.labels,
        styles=styles or styles_of(result.frame),
        origin=result.endpoint.origin,
        y_title=title_of(result),
        bands=bands,
        full_axis=full_axis,
        marks=marks,
    )


def title_of(result: IncidenceComparison) -> str:
    """What the axis of a curve shows."""
    return f"{start_sentence(result.event_label)} (cumulative incidence)"


def caption_comparison(result: IncidenceComparison, *, bands: bool) -> str:
    """How to read the curves."""
    return describe_drawing(result.curves, result.incidence.conf_level, result.incidence.conf_type, bands=bands)


def describe_compared_incidence(result: IncidenceComparison) -> str:
    """The curves in words."""
    return describe_curves(result.curves, result.names, result.endpoint.origin, result.event_label)


def plan_incidence(result: IncidenceComparison) -> Plan:
    """What a next study with as many first events of the kind in question would find."""
    basis = f"{result.event_label} first in {format_count(result.n_event)} of {format_patients(result.frame.n)}"
    found = detect_incidence(result.curves, result.frame.variable)
    return plan_groups(found, result.labels, Words("event", "events"), basis=basis)


def incidence_frame(result: IncidenceComparison | None) -> pd.DataFrame:
    """For files: incidences at the milestones of every cause and group, and Gray's tests; no rows without curves.

    ``n`` counts the patients of the group, ``n_risk`` those still followed, ``n_event`` those with the event by then.
    """
    rows: list[dict[str, Any]] = []
    if result is None:
        return name_measure(pd.DataFrame(rows, columns=COLUMNS), "cumulative_incidence")
    for curve, milestones in zip(result.incidence.curves, result.milestones, strict=True):
        for years, estimate in zip(MILESTONE_YEARS, milestones, strict=True):
            named = {
                "term": f"cumulative incidence at {format_years(years)}",
                "group": curve.group,
                "cause": curve.cause,
            }
            numbers = estimate.to_row(curve.conf_level, curve.conf_type)
            rows.append({**named, "n": curve.n, "n_risk": estimate.n, **numbers})
    for cause, test in zip(result.incidence.causes, result.tests, strict=False):
        rows.append({**test.to_row(), "group": "all", "cause": cause})
    return name_measure(pd.DataFrame(rows, columns=COLUMNS), "cumulative_incidence")
