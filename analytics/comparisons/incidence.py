"""Cumulative incidence compared between groups: what every page with competing events computes, shows and says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analytics.cohort import Cohort
from analytics.comparisons.power import DetectedGroups, Plan, detect_incidence, plan_groups
from analytics.comparisons.survival import FEW_FOLLOWED, MILESTONE_YEARS, say_exact_limits
from analytics.dictionary import CompetingEndpoint, Variable, Words
from analytics.estimators.cumulative_incidence import estimate_cumulative_incidence, gray_test
from analytics.estimators.intervals import SurvivalConfType
from analytics.estimators.zero_events import read_curve
from analytics.figures.incidence import describe_drawing, plot_incidence
from analytics.figures.incidence import describe_incidence as describe_curves
from analytics.figures.theme import Figure, Style, style_of
from analytics.formats import MISSING, format_count, format_level, format_p, format_patients, is_withheld
from analytics.frames import CompetingEvents, is_post_baseline
from analytics.reporting.estimates import format_probability
from analytics.reporting.reasons import say_reason
from analytics.reporting.tables import Table, labels_of
from analytics.reporting.wording import describe_incidence, describe_no_incidence, describe_test, start_sentence
from analytics.results import Estimate, IncidenceCurve, IncidenceResult, Result, TestResult

INCIDENCE_COLUMNS = [
    *("term", "group", "cause", "n", "n_risk", "n_event", "estimate", "std_error", "conf_low", "conf_high"),
    *("conf_level", "conf_type", "statistic", "df", "p_value", "reason"),
]


@dataclass(frozen=True, slots=True)
class IncidenceComparison(Result):
    """Curves of every cause by group, with the test of one cause.

    ``cause`` is the variable that says what came first, ``event`` its level in question; ``milestones`` has, per curve
    in the order of ``incidence.curves``, the incidence at 1, 3 and 5 years. ``tests`` has Gray's test for each of
    ``incidence.causes``; it is empty without a grouping variable.
    """

    frame: CompetingEvents
    cause: Variable
    event: str
    incidence: IncidenceResult
    milestones: tuple[tuple[Estimate, ...], ...]
    tests: tuple[TestResult, ...]

    @property
    def endpoint(self) -> CompetingEndpoint:
        """The events in competition, and from when."""
        return self.frame.endpoint

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
        """Group name to what starts a sentence about it, where "positive" alone would say nothing."""
        before = f"{self.frame.variable.label}, " if self.frame.variable is not None else ""
        return {group: start_sentence(before + label) for group, label in self.labels.items()}

    @property
    def event_label(self) -> str:
        """The event in question, as a reader sees it."""
        return self.cause.level_label(self.event)

    @property
    def curves(self) -> tuple[IncidenceCurve, ...]:
        """The curves of the event in question, in group order."""
        return self.incidence.for_cause(self.event)

    @property
    def test(self) -> TestResult | None:
        """Gray's test of the event in question; None without a grouping variable."""
        return self.tests[self.incidence.causes.index(self.event)] if self.tests else None

    @property
    def detectable(self) -> DetectedGroups | None:
        """The subdistribution hazard ratios of the event in question that would have been found; None without groups."""
        return detect_incidence(self.curves, self.frame.variable)

    @property
    def others(self) -> tuple[str, ...]:
        """The labels of the competing events."""
        return tuple(self.cause.level_label(level) for level in self.incidence.causes if level != self.event)

    @property
    def n_event(self) -> int:
        """Children in whom the event in question came first."""
        return sum(curve.n_event for curve in self.curves)

    @property
    def n_competing(self) -> int:
        """Children in whom another event came first."""
        return round(sum(float(curve.n_competing_at.sum()) for curve in self.curves))

    def milestones_of(self, curve: IncidenceCurve) -> tuple[Estimate, ...]:
        """The incidences at 1, 3 and 5 years of one curve."""
        return self.milestones[next(i for i, other in enumerate(self.incidence.curves) if other is curve)]


def list_competing(cohort: Cohort) -> tuple[CompetingEndpoint, ...]:
    """The competing endpoints whose columns the cohort has."""
    return tuple(e for e in cohort.dictionary.competing if e.time in cohort.variables and e.cause in cohort.variables)


def compare_incidence(
    frame: CompetingEvents, cause: Variable, event: str, conf_type: SurvivalConfType
) -> IncidenceComparison:
    """Aalen–Johansen curves of every cause by group, their values at the milestones, and Gray's test of each cause."""
    causes = cause.levels[1:]
    incidence = estimate_cumulative_incidence(
        frame.time, frame.cause, group=frame.group, weight=frame.weight, causes=causes, conf_type=conf_type
    )
    tests: tuple[TestResult, ...] = ()
    if frame.variable is not None:
        tests = tuple(
            gray_test(frame.time, frame.cause, frame.group, of=number, weight=frame.weight)
            for number in range(1, len(causes) + 1)
        )
    months = [12.0 * years for years in MILESTONE_YEARS]
    return IncidenceComparison(
        frame, cause, event, incidence, tuple(read_curve(curve, months) for curve in incidence.curves), tests
    )


def plot_comparison(result: IncidenceComparison, *, bands: bool, full_axis: bool = False) -> Figure:
    """The curves of the event in question by group, with the table of counts."""
    labels = result.labels
    return plot_incidence(
        result.curves,
        labels=labels,
        styles=result.styles,
        origin=result.endpoint.origin,
        y_title=title_of(result),
        bands=bands,
        full_axis=full_axis,
    )


def title_of(result: IncidenceComparison) -> str:
    """What the axis of a curve shows."""
    return f"{start_sentence(result.event_label)} (cumulative incidence)"


def caption_comparison(result: IncidenceComparison, *, bands: bool) -> str:
    """How to read the curves."""
    return describe_drawing(result.curves, result.incidence.conf_level, result.incidence.conf_type, bands=bands)


def describe_comparison(result: IncidenceComparison) -> str:
    """The curves in words."""
    return describe_curves(result.curves, result.names, result.endpoint.origin, result.event_label)


def tabulate_incidence(result: IncidenceComparison, *, every_cause: bool = True) -> Table:
    """The incidence at 1, 3 and 5 years per group, of each cause or of the event in question, with Gray's test."""
    level, origin = format_level(result.incidence.conf_level), result.endpoint.origin
    shown = (
        (result.event, *(c for c in result.incidence.causes if c != result.event)) if every_cause else (result.event,)
    )
    rows: list[tuple[str, ...]] = []
    indent: list[bool] = []
    for cause in shown:
        test = result.tests[result.incidence.causes.index(cause)] if result.tests else None
        p = () if test is None else (format_p(test.p_value) if test.reason is None else say_reason(test.reason),)
        rows.append((start_sentence(result.cause.level_label(cause)), *[""] * (1 + len(MILESTONE_YEARS)), *p))
        indent.append(False)
        for curve in result.incidence.for_cause(cause):
            cells = (_cell(estimate) if curve.n else MISSING for estimate in result.milestones_of(curve))
            n = f"{format_count(curve.n_event)} of {format_count(curve.n)}"
            rows.append((result.labels.get(curve.group, curve.group), n, *cells, *([""] if p else [])))
            indent.append(True)
    years = tuple(f"{years} y" for years in MILESTONE_YEARS)
    gray = () if not result.tests else ("p (Gray)",)
    return Table(
        title=f"Cumulative incidence from {origin}",
        columns=("First event", "Children", *years, *gray),
        rows=tuple(rows),
        indent=tuple(indent),
        help=(
            "",
            "In whom it came first, of all children in the group",
            *(f"Share with it by {y} {'year' if y == 1 else 'years'} ({level} interval)" for y in MILESTONE_YEARS),
            *([] if not gray else ["Gray's test that the groups share one cumulative incidence"]),
        ),
        caption=f"Aalen–Johansen estimates with {level} {result.incidence.conf_type} intervals"
        f"{_say_exact(result, shown)}. At any time the events and "
        f"“{result.cause.level_label(result.cause.levels[0])}” add up to 100\u00a0%.",
    )


def _say_exact(result: IncidenceComparison, causes: Sequence[str]) -> str:
    """What the limits of a table of these causes are where an event has not come yet."""
    shown = [result.milestones_of(curve) for cause in causes for curve in result.incidence.for_cause(cause)]
    said = say_exact_limits(shown, "such events")
    return f"{said} or accounted for by another event" if said else ""


def _cell(estimate: Estimate) -> str:
    if estimate.value is None:
        return say_reason(estimate.reason) if estimate.n or is_withheld(estimate.reason) else "not followed so long"
    return format_probability(estimate)


def last_milestone(result: IncidenceComparison) -> int:
    """The latest milestone at which some children of every group are still followed; the first if there is none."""
    filled = [result.milestones_of(curve) for curve in result.curves if curve.n]
    reached = [k for k in range(len(MILESTONE_YEARS)) if all(m[k].n >= FEW_FOLLOWED for m in filled)]
    return reached[-1] if filled and reached else 0


def say_incidence(result: IncidenceComparison) -> tuple[str, ...]:
    """One sentence per group at the latest milestone that all groups reach, and the test.

    A group without the event is described by the share with it that chance could hide, since its curve has no interval.
    """
    k = last_milestone(result)
    years, origin, event = MILESTONE_YEARS[k], result.endpoint.origin, result.event_label
    sentences = []
    for curve in (curve for curve in result.curves if curve.n):
        name, estimate = result.names.get(curve.group, curve.group), result.milestones_of(curve)[k]
        if curve.n_event:
            sentences.append(describe_incidence(name, years, origin, event, estimate))
        else:
            others = round(float(curve.n_competing_at[curve.time <= 12 * years].sum()))
            limit = estimate.interval
            sentences.append(describe_no_incidence(name, curve.n, years, origin, event, estimate.n, others, limit))
    if sentences and result.test is not None and result.frame.variable is not None:
        variable = result.frame.variable
        late = is_post_baseline(variable, result.endpoint)
        sentences.append(describe_test(result.test, result.labels, variable.label, groups_form_later=late))
    return tuple(sentences)


def plan_incidence(result: IncidenceComparison) -> Plan:
    """What a next study with as many first events of the kind in question would find."""
    basis = f"{result.event_label} first in {format_count(result.n_event)} of {format_patients(result.frame.n)}"
    return plan_groups(result.detectable, result.labels, Words("event", "events"), basis=basis)


def incidence_rows(result: IncidenceComparison) -> list[dict[str, Any]]:
    """Rows for files: incidences at the milestones of every cause and group, and Gray's tests.

    ``n`` counts the children of the group, ``n_risk`` those still followed, ``n_event`` those with the event by then.
    """
    rows: list[dict[str, Any]] = []
    for curve, milestones in zip(result.incidence.curves, result.milestones, strict=True):
        for years, estimate in zip(MILESTONE_YEARS, milestones, strict=True):
            interval = estimate.interval
            rows.append(
                {
                    "term": f"cumulative incidence at {years} year{'s' if years > 1 else ''}",
                    "group": curve.group,
                    "cause": curve.cause,
                    "n": curve.n,
                    "n_risk": estimate.n,
                    "n_event": estimate.n_event,
                    "estimate": estimate.value,
                    "std_error": estimate.std_error,
                    "conf_low": interval.low if interval else None,
                    "conf_high": interval.high if interval else None,
                    "conf_level": curve.conf_level,
                    "conf_type": interval.method if interval else curve.conf_type,
                    "statistic": None,
                    "df": None,
                    "p_value": None,
                    "reason": estimate.reason,
                }
            )
    for cause, test in zip(result.incidence.causes, result.tests, strict=False):
        rows.append(
            {
                "term": test.method,
                "group": "all",
                "cause": cause,
                "statistic": test.statistic,
                "df": test.df,
                "p_value": test.p_value,
                "reason": test.reason,
            }
        )
    return rows
