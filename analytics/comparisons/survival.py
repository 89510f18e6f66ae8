"""Survival compared between groups: what every survival analysis computes, says and hands out.

The analyses differ in whom they compare and from when; the estimate, tables, sentences and files are these.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analytics.analysis import Analysis, Control, Params
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.comparisons.power import DetectedGroups, Plan, detect_groups, plan_groups, to_planning
from analytics.comparisons.proportionality import note_non_proportional
from analytics.dictionary import PHASES, Dictionary, Endpoint, Phase, Variable
from analytics.document import ComparedTest, Headline
from analytics.estimators.kaplan_meier import estimate_survival, follow_up
from analytics.estimators.logrank import logrank_test, pairwise_logrank
from analytics.estimators.second_opinion.curves import compare_curves, compare_follow_up, compare_pairs, compare_test
from analytics.estimators.zero_events import read_curve, tabulate_curves
from analytics.figures.survival import describe_drawing, plot_survival
from analytics.figures.survival import describe_survival as describe_curves
from analytics.figures.theme import Figure, Style, style_of
from analytics.formats import (
    MISSING,
    SUPPRESSED,
    format_count,
    format_interval,
    format_months,
    format_number,
    format_p,
    format_p_cell,
    format_share,
    is_withheld,
)
from analytics.frames import TimeToEvent, endpoint_columns, filters_of, is_post_baseline, strata_of
from analytics.reporting.attrition import Used
from analytics.reporting.estimates import format_probability
from analytics.reporting.reasons import say_reason, say_undone
from analytics.reporting.reliability import load_policy
from analytics.reporting.tables import Table, labels_of
from analytics.reporting.timing import note_post_baseline
from analytics.reporting.wording import (
    describe_no_events,
    describe_survival,
    describe_test,
    in_sentence,
    start_sentence,
)
from analytics.results import (
    Estimate,
    IncidenceCurve,
    Note,
    PairwiseTest,
    Result,
    SurvivalCurve,
    SurvivalResult,
    TestResult,
)
from analytics.results.second_opinion import Compared

MILESTONE_YEARS = (1, 3, 5)
FEW_FOLLOWED = 5  # with fewer followed, a later milestone is left to the table, where its interval stands beside it
NO_STRATA = "none"

INTERVALS = Control(
    "interval",
    "Confidence intervals",
    "one",
    "log-log",
    (("log-log", "log-log"), ("log", "log"), ("plain", "plain")),
    "more",
    "How the interval around each curve is made. Log-log stays between 0 and 100 % and suits small groups; "
    "log is R's default; plain is the textbook formula.",
    display=True,
)
BANDS = Control("bands", "Show confidence bands", "toggle", True, (), "more", display=True)
WEIGHTINGS: dict[str, dict[str, Any]] = {
    "logrank": {"weighting": "logrank"},
    "peto": {"weighting": "peto"},
    "tarone-ware": {"weighting": "tarone-ware"},
    "late": {"weighting": "fleming-harrington", "rho": 0, "gamma": 1},
}
TEST = Control(
    "test",
    "Test",
    "one",
    "logrank",
    (
        ("logrank", "log-rank"),
        ("peto", "Peto–Peto (early differences)"),
        ("tarone-ware", "Tarone–Ware (rather early)"),
        ("late", "Fleming–Harrington 0, 1 (late differences)"),
    ),
    "more",
    "Which part of the follow-up weighs most. Choose before looking: the log-rank test weighs all deaths alike.",
)


def strata_control(cohort: Cohort) -> Control:
    """The choice of a variable within whose levels the groups are compared."""
    options = tuple((v.name, v.label) for v in cohort.dictionary.groups if v.name in cohort.variables)
    return Control(
        "strata",
        "Compare within levels of",
        "one",
        NO_STRATA,
        ((NO_STRATA, "no stratification"), *options),
        "more",
        "A stratified test compares the groups inside each level of this variable and adds the differences up.",
    )


def endpoint_control(cohort: Cohort, default: str = "os_relapse", *, after: Phase = "diagnosis") -> Control:
    """The choice of what is survived and from when, among the endpoints whose clock starts ``after`` a phase or later.

    Raises
    ------
    ValueError
        If the cohort has the columns of none of them; ``requires`` of the analysis should have said so.
    """
    endpoints = [
        e
        for e in cohort.dictionary.endpoints
        if PHASES.index(e.phase) >= PHASES.index(after) and set(endpoint_columns(e)) <= set(cohort.variables)
    ]
    if not endpoints:
        raise ValueError(f"{cohort.name} has the columns of no endpoint from {after} on. Add them to the file.")
    names = [e.name for e in endpoints]
    return Control(
        "endpoint",
        "Endpoint",
        "one",
        default if default in names else names[0],
        tuple((e.name, name_endpoint(e, cohort.dictionary)) for e in endpoints),
        help="OS: overall survival, until death. EFS: event-free survival, until the first of relapse, remission that was not "
        "reached, another event and death. The methods page defines each.",
    )


def name_endpoint(endpoint: Endpoint, dictionary: Dictionary) -> str:
    """The endpoint as the choices name it ("OS from first relapse")."""
    late = ""
    if endpoint.entry is not None:
        late = f", entering at {dictionary[endpoint.entry].label.removeprefix('Time to ')}"
    return f"{endpoint.short} from {endpoint.origin}{late}"


def survival_controls(cohort: Cohort) -> tuple[Control, ...]:
    """The choices that all survival analyses share."""
    return (TEST, strata_control(cohort), INTERVALS, BANDS)


@dataclass(frozen=True, slots=True)
class SurvivalComparison(Result):
    """Curves by group with their tests.

    ``milestones`` has, per group in the order of ``curves.curves``, the survival at 1, 3 and 5 years;
    ``overall`` and ``pairwise`` are empty without a grouping variable, ``pairwise`` also with fewer than three groups.
    ``names_variable`` True puts the variable's label before those of the groups in sentences, where "positive" alone
    would say nothing.
    """

    frame: TimeToEvent
    curves: SurvivalResult
    milestones: tuple[tuple[Estimate, ...], ...]
    overall: TestResult | None
    pairwise: tuple[PairwiseTest, ...]
    median_follow_up: Estimate
    notes: tuple[Note, ...] = ()
    names_variable: bool = False

    @property
    def labels(self) -> Mapping[str, str]:
        """Group name to what a reader sees."""
        return labels_of(self.frame.variable, self.frame.group.categories)

    @property
    def styles(self) -> Mapping[str, Style]:
        """How each group is drawn, whichever others are there."""
        return style_of(tuple(labels_of(self.frame.variable)))

    @property
    def names(self) -> Mapping[str, str]:
        """Group name to what starts a sentence about it: its label, after the variable's where that is needed."""
        variable = self.frame.variable
        before = f"{variable.label}, " if variable is not None and self.names_variable else ""
        return {group: start_sentence(before + label) for group, label in self.labels.items()}

    @property
    def groups_form_later(self) -> bool:
        """True if a child's group is known only after the clock has started."""
        return self.frame.variable is not None and is_post_baseline(self.frame.variable, self.frame.endpoint)

    @property
    def endpoint(self) -> Endpoint:
        """What is survived, and from when."""
        return self.frame.endpoint

    @property
    def detectable(self) -> DetectedGroups | None:
        """The hazard ratios that the log-rank test of these groups would have found; None without groups."""
        return detect_groups(self.frame)


def prepare_survival(
    cohort: Cohort, cohort_filter: CohortFilter, params: Params, endpoint: Endpoint, variable: Variable | None
) -> TimeToEvent:
    """The arrays of one endpoint by one variable, under the filter and the chosen stratification.

    Without groups to compare, or with the groups themselves as strata, the stratification is not used.
    """
    name = params["strata"]
    strata = None if variable is None or name in (NO_STRATA, variable.name) else cohort.dictionary[name]
    columns = endpoint_columns(endpoint, variable, strata)
    filtered_by = [cohort.dictionary[clause.variable] for clause in cohort_filter.clauses]
    return TimeToEvent.from_tally(cohort.tally(columns, cohort_filter), endpoint, variable, strata, filtered_by)


def compare_survival(
    frame: TimeToEvent,
    params: Params,
    notes: tuple[Note, ...] = (),
    *,
    names_variable: bool = True,
) -> SurvivalComparison:
    """Kaplan–Meier curves by group, survival at the milestones, tests and median follow-up of one frame.

    ``notes`` come before those of the estimate; ``names_variable`` is that of the result.
    """
    conf_type = params["interval"]
    arrays: dict[str, Any] = {"weight": frame.weight, "entry": frame.entry}
    curves = estimate_survival(frame.time, frame.event, group=frame.group, conf_type=conf_type, **arrays)
    overall: TestResult | None = None
    pairwise: tuple[PairwiseTest, ...] = ()
    if frame.variable is not None:
        test = {**WEIGHTINGS[params["test"]], "strata": frame.strata, **arrays}
        overall = logrank_test(frame.time, frame.event, frame.group, **test)
        if sum(curve.n > 0 for curve in curves.curves) > 2:
            pairwise = pairwise_logrank(frame.time, frame.event, frame.group, adjust="holm", **test)
    months = [12.0 * years for years in MILESTONE_YEARS]
    return SurvivalComparison(
        frame=frame,
        curves=curves,
        milestones=tuple(read_curve(curve, months) for curve in curves.curves),
        overall=overall,
        pairwise=pairwise,
        median_follow_up=follow_up(frame.time, frame.event, conf_type=conf_type, **arrays),
        notes=(
            *notes,
            *note_post_baseline(
                frame.endpoint, group=frame.variable, filters=filters_of(frame), strata=strata_of(frame)
            ),
            *_note_entry(frame),
            *note_small_groups(curves.curves, labels_of(frame.variable)),
            *note_non_proportional(frame, curves.curves, labels_of(frame.variable)),
            *curves.notes,
        )
        + (overall.notes if overall else ()),
        names_variable=names_variable,
    )


def _note_entry(frame: TimeToEvent) -> tuple[Note, ...]:
    if frame.endpoint.entry is None:
        return ()
    return (
        Note(
            "delayed-entry",
            "info",
            f"The clock starts at {frame.endpoint.origin}, but each child counts as at risk only from the day of entry on, so "
            "that the wait before it does not count as survival. The first part of the curves rests on the few who entered "
            "early.",
            "Look at the numbers at risk, which may rise before they fall.",
        ),
    )


def note_small_groups(curves: Sequence[SurvivalCurve | IncidenceCurve], labels: Mapping[str, str]) -> tuple[Note, ...]:
    """A note that names the groups of fewer children than a full picture asks for."""
    enough = load_policy().full.patients
    small = [c for c in curves if 0 < c.n < enough]
    if not small:
        return ()
    listed = ", ".join(f"{labels.get(c.group, c.group)} (n = {format_count(c.n)})" for c in small)
    return (
        Note(
            "few-patients",
            "caution",
            f"Fewer than {enough} children: {listed}. One child more or less would change these curves visibly.",
            "Look at the intervals and the numbers at risk before the curve; loosen a filter to see more children.",
        ),
    )


def show_headlines(result: SurvivalComparison) -> tuple[Headline, ...]:
    """Children, events, median follow-up and the test."""
    frame = result.frame
    median = result.median_follow_up
    follow_up_text = "not reached" if median.value is None and frame.n else format_months(median.value)
    if is_withheld(median.reason):
        follow_up_text = SUPPRESSED
    reason = f" {start_sentence(say_reason(median.reason))}." if median.reason else ""
    interval = f" (95 % interval {format_interval(median.interval, 1)})" if median.interval else ""
    headlines = [
        Headline("Children", format_count(frame.n), f"{start_sentence(frame.endpoint.population)}, in this selection."),
        Headline(
            start_sentence(frame.endpoint.event_noun),
            format_share(frame.n_event, frame.n, 0),
            "A share of all children, whatever their follow-up; the curves take the follow-up into account.",
        ),
        Headline(
            "Median follow-up",
            follow_up_text,
            f"By the reverse Kaplan–Meier method{interval}.{reason}",
        ),
    ]
    if result.overall is not None:
        test = result.overall
        text = format_p_cell(test.p_value, test.reason)
        detail = (
            f"Chi-square {test.statistic:.2f} on {test.df} degree{'s' if test.df != 1 else ''} of freedom."
            if test.statistic is not None
            else say_undone(test.reason)
        )
        headlines.append(Headline(f"p ({test.method})", text, detail))
    return tuple(headlines)


def plot_comparison(result: SurvivalComparison, params: Params) -> Figure:
    """The Kaplan–Meier figure with the table at risk."""
    labels = result.labels
    return plot_survival(
        result.curves,
        labels=labels,
        styles=result.styles,
        origin=result.endpoint.origin,
        y_title=result.endpoint.y_title,
        bands=params["bands"],
        event_noun=result.endpoint.event_noun,
    )


def tabulate_comparison(result: SurvivalComparison) -> tuple[Table, ...]:
    """Survival at 1, 3 and 5 years with medians by group, then the pairwise tests where there are any."""
    level = f"{100 * result.curves.conf_level:g} %"
    endpoint, origin = result.endpoint, result.endpoint.origin
    events, alive = start_sentence(endpoint.event_noun), start_sentence(endpoint.alive)
    rows = []
    for curve, milestones in zip(result.curves.curves, result.milestones, strict=True):
        median = curve.median
        text = MISSING if curve.n == 0 else say_reason(median.reason) if is_withheld(median.reason) else "not reached"
        if median.value is not None:
            text = format_number(median.value, 1)
            text += f" ({format_interval(median.interval, 1)})" if median.interval is not None else ""
        rows.append(
            (
                result.labels.get(curve.group, curve.group),
                f"{format_count(curve.n_event)} of {format_count(curve.n)}",
                text,
                *(milestone_cell(estimate) if curve.n else MISSING for estimate in milestones),
            )
        )
    tables = [
        Table(
            title=f"{endpoint.y_title} from {origin}",
            columns=("Group", events, "Median (months)", *(f"{y} y" for y in MILESTONE_YEARS)),
            rows=tuple(rows),
            help=(
                "",
                "Of the children in the group",
                f"Time by which half have {endpoint.had} ({level} interval)",
                *(
                    f"{alive} {y} {'year' if y == 1 else 'years'} after {origin} ({level} interval)"
                    for y in MILESTONE_YEARS
                ),
            ),
            caption=f"Kaplan–Meier estimates with {level} {result.curves.conf_type} intervals"
            f"{say_exact_limits(result.milestones, result.endpoint.event_noun)}. "
            "The table under the curves says how many children are still followed at each time.",
        )
    ]
    return (*tables, *tabulate_pairs(result.pairwise, result.labels))


def milestone_cell(estimate: Estimate, nobody: str = "not followed so long") -> str:
    """Survival at a milestone with its interval, or why there is none."""
    if estimate.value is None:
        return say_reason(estimate.reason) if estimate.n or is_withheld(estimate.reason) else nobody
    return format_probability(estimate)


def say_exact_limits(rows: Iterable[Iterable[Estimate]], events: str) -> str:
    """What the intervals of a table are where nobody has had the event yet, after a semicolon; "" if there are none."""
    if not any(e.interval is not None and e.interval.is_one_sided for row in rows for e in row):
        return ""
    return f"; where there are no {events} yet, exact one-sided limits by the children still followed"


def tabulate_pairs(pairs: Sequence[PairwiseTest], labels: Mapping[str, str]) -> tuple[Table, ...]:
    """The tests of groups two by two; nothing without pairs."""
    if not pairs:
        return ()
    rows = tuple(
        (
            f"{labels[pair.group_a]} against {labels[pair.group_b]}",
            format_p(pair.test.p_value) if pair.test.reason is None else say_reason(pair.test.reason),
            format_p(pair.p_adjusted),
        )
        for pair in pairs
    )
    return (
        Table(
            title="Groups compared two by two",
            columns=("Pair", "p", "p, Holm"),
            rows=rows,
            help=(
                "",
                "From the children of these two groups alone",
                "Adjusted for the number of pairs by Holm's method",
            ),
        ),
    )


def say_comparison(result: SurvivalComparison) -> tuple[str, ...]:
    """One sentence per group, at the latest milestone at which some children of every group are followed, and the test.

    A group without events is described by the share with them that chance could hide, since its curve has no interval.
    """
    filled = [i for i, curve in enumerate(result.curves.curves) if curve.n]
    if not filled:
        return ()
    reached = [k for k in range(len(MILESTONE_YEARS)) if all(result.milestones[i][k].n >= FEW_FOLLOWED for i in filled)]
    k = reached[-1] if reached else 0
    sentences = [_say_group(result, i, k) for i in filled]
    if result.overall is not None:
        variable = result.frame.variable if result.names_variable else None
        label, late = variable.label if variable else "", result.groups_form_later
        sentences.append(describe_test(result.overall, result.labels, label, groups_form_later=late))
    return tuple(sentences)


def _say_group(result: SurvivalComparison, i: int, k: int) -> str:
    curve, estimate = result.curves.curves[i], result.milestones[i][k]
    name, years, endpoint = result.names[curve.group], MILESTONE_YEARS[k], result.endpoint
    if curve.n_event:
        return describe_survival(name, years, endpoint, estimate)
    return describe_no_events(name, curve.n, years, endpoint, estimate.n, estimate.interval)


def collect_notes(result: SurvivalComparison) -> tuple[Note, ...]:
    """Everything a reader should know before believing the curves."""
    return result.notes


def caption_figure(result: SurvivalComparison, params: Params) -> str:
    """How to read the lines of the figure."""
    return describe_drawing(result.curves, bands=params["bands"])


def count_used(result: SurvivalComparison) -> Used:
    """Whom the curves show, and who is not in them."""
    return Used.from_frame(result.frame)


def describe_figure(result: SurvivalComparison) -> str:
    """The figure in words."""
    return describe_curves(result.curves, result.names, result.endpoint.origin)


def list_comparisons(result: SurvivalComparison) -> tuple[ComparedTest, ...]:
    """The test of the curves, where there are groups."""
    test, frame = result.overall, result.frame
    if test is None or frame.variable is None:
        return ()
    within = f", within levels of {in_sentence(frame.conditions[-1].label)}" if frame.strata is not None else ""
    what = f"{test.method} of {in_sentence(frame.endpoint.label)} by {in_sentence(frame.variable.label)}"
    return (ComparedTest(what + within, test.p_value),)


FILES = ("estimates", "curves")


def collect_downloads(result: SurvivalComparison) -> Mapping[str, pd.DataFrame]:
    """Frames for files: survival at the milestones and tests ("estimates"), and the curves' coordinates ("curves").

    In "estimates", ``n`` counts the patients of the group, ``n_risk`` those still followed at the milestone and
    ``n_event`` the events until then.
    """
    rows = []
    for curve, milestones in zip(result.curves.curves, result.milestones, strict=True):
        rows.append(_estimate_row("median survival (months)", curve.group, curve.n, curve.median, result))
        for years, estimate in zip(MILESTONE_YEARS, milestones, strict=True):
            term = f"survival at {years} year{'s' if years > 1 else ''}"
            rows.append({**_estimate_row(term, curve.group, curve.n, estimate, result), "n_risk": estimate.n})
    rows.append(
        _estimate_row("median follow-up (months)", "all", result.frame.n, result.median_follow_up, result),
    )
    tests = [("overall", result.overall)] if result.overall else []
    tests += [(f"{p.group_a} against {p.group_b}", p.test) for p in result.pairwise]
    adjusted = {f"{p.group_a} against {p.group_b}": p.p_adjusted for p in result.pairwise}
    for group, test in tests:
        rows.append(
            {
                "term": test.method,
                "group": group,
                "statistic": test.statistic,
                "df": test.df,
                "p_value": test.p_value,
                "p_value_holm": adjusted.get(group),
                "reason": test.reason,
            }
        )
    return {"estimates": pd.DataFrame(rows), "curves": tabulate_curves(result.curves)}


def plan_comparison(result: SurvivalComparison, params: Params) -> Plan:
    """What a next study of this size would find."""
    return plan_groups(result.detectable, result.labels, result.endpoint.events)


def _estimate_row(term: str, group: str, n: int, estimate: Estimate, result: SurvivalComparison) -> dict[str, Any]:
    interval = estimate.interval
    return {
        "term": term,
        "group": group,
        "n": n,
        "n_risk": None,
        "n_event": estimate.n_event,
        "estimate": estimate.value,
        "std_error": estimate.std_error,
        "conf_low": interval.low if interval else None,
        "conf_high": interval.high if interval else None,
        "conf_level": result.curves.conf_level,
        "conf_type": interval.method if interval else result.curves.conf_type,
        "reason": estimate.reason,
    }


def ask_libraries(frame: TimeToEvent, result: SurvivalComparison, params: Params) -> Iterator[Compared]:
    """Curves, medians, follow-up and tests by lifelines and statsmodels."""
    name = "" if frame.variable is None else frame.variable.name
    arrays: dict[str, Any] = {"weight": frame.weight, "entry": frame.entry}
    months = [12.0 * years for years in MILESTONE_YEARS]
    yield from compare_curves(
        result.curves, result.milestones, months, frame.time, frame.event, group=frame.group, variable=name, **arrays
    )
    conf_type = params["interval"]
    yield from compare_follow_up(result.median_follow_up, frame.time, frame.event, conf_type=conf_type, **arrays)
    test = {**WEIGHTINGS[params["test"]], "strata": frame.strata, **arrays}
    yield from compare_test(result.overall, frame.time, frame.event, frame.group, **test)
    yield from compare_pairs(result.pairwise, frame.time, frame.event, frame.group, variable=name, **test)


class SurvivalAnalysis(Analysis[TimeToEvent, SurvivalComparison], abstract=True):
    """Survival compared between groups from one clock; a subclass says which groups, and from when."""

    files = FILES
    planning = to_planning(plan_comparison)

    def estimate(self, frame: TimeToEvent, params: Params) -> SurvivalComparison:
        return compare_survival(frame, params)

    def headlines(self, result: SurvivalComparison) -> tuple[Headline, ...]:
        return show_headlines(result)

    def figure(self, result: SurvivalComparison, params: Params) -> Figure:
        return plot_comparison(result, params)

    def caption(self, result: SurvivalComparison, params: Params) -> str:
        return caption_figure(result, params)

    def alt_text(self, result: SurvivalComparison) -> str:
        return describe_figure(result)

    def tables(self, result: SurvivalComparison) -> tuple[Table, ...]:
        return tabulate_comparison(result)

    def sentences(self, result: SurvivalComparison) -> tuple[str, ...]:
        return say_comparison(result)

    def used(self, result: SurvivalComparison) -> Used:
        return count_used(result)

    def tests(self, result: SurvivalComparison) -> tuple[ComparedTest, ...]:
        return list_comparisons(result)

    def downloads(self, result: SurvivalComparison) -> Mapping[str, pd.DataFrame]:
        return collect_downloads(result)

    def second_opinion(self, frame: TimeToEvent, result: SurvivalComparison, params: Params) -> Iterator[Compared]:
        return ask_libraries(frame, result, params)
