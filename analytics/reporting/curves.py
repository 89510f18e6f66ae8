"""Curves of groups in words: survival and cumulative incidence in tables and sentences, with what to know beforehand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from analytics.dictionary import CompetingEndpoint, Endpoint, Variable, load_words
from analytics.formats import (
    MISSING,
    format_count,
    format_interval,
    format_level,
    format_number,
    format_p,
    format_years,
    is_withheld,
)
from analytics.frames import CompetingEvents, TimeToEvent, is_post_baseline
from analytics.reporting.estimates import format_probability
from analytics.reporting.literature import PublishedOutcome
from analytics.reporting.reasons import say_reason
from analytics.reporting.reliability import load_policy
from analytics.reporting.tables import Table, labels_of
from analytics.reporting.wording import (
    describe_incidence_at,
    describe_no_events,
    describe_no_incidence,
    describe_survival_at,
    describe_test,
    start_sentence,
)
from analytics.results import (
    Estimate,
    IncidenceCurve,
    IncidenceResult,
    Note,
    PairwiseTest,
    Result,
    SurvivalCurve,
    SurvivalResult,
    TestResult,
)

MILESTONE_YEARS = (1, 3, 5)
MILESTONES = tuple(12.0 * years for years in MILESTONE_YEARS)
FEW_FOLLOWED = 5  # with fewer followed, a later milestone is left to the table, where its interval stands beside it


class _Compared(Result):
    """What both kinds of curves say of their groups."""

    __slots__ = ()
    frame: TimeToEvent | CompetingEvents

    @property
    def labels(self) -> Mapping[str, str]:
        """Group name to what a reader sees."""
        return labels_of(self.frame.variable, self.frame.group.categories)

    @property
    def groups_form_later(self) -> bool:
        """True if the group of a patient is known only after the clock has started."""
        return self.frame.variable is not None and is_post_baseline(self.frame.variable, self.frame.endpoint)

    def _named(self, variable: Variable | None) -> Mapping[str, str]:
        before = f"{variable.label}, " if variable is not None else ""
        return {group: start_sentence(before + label) for group, label in self.labels.items()}


@dataclass(frozen=True, slots=True)
class SurvivalComparison(_Compared):
    """Survival curves by group with their tests.

    ``milestones`` has, per group in the order of ``curves.curves``, the survival at 1, 3 and 5 years;
    ``overall`` and ``pairwise`` are empty without a grouping variable, ``pairwise`` also with fewer than three groups.
    ``names_variable`` True puts the variable's label before those of the groups in sentences, where "positive" alone
    would say nothing. ``published`` are the results of others that are drawn beside the curves.
    """

    frame: TimeToEvent
    curves: SurvivalResult
    milestones: tuple[tuple[Estimate, ...], ...]
    overall: TestResult | None
    pairwise: tuple[PairwiseTest, ...]
    median_follow_up: Estimate
    notes: tuple[Note, ...] = ()
    names_variable: bool = False
    published: tuple[PublishedOutcome, ...] = ()

    @property
    def names(self) -> Mapping[str, str]:
        """Group name to what starts a sentence about it: its label, after the variable's where that is needed."""
        return self._named(self.frame.variable if self.names_variable else None)

    @property
    def endpoint(self) -> Endpoint:
        """What is survived, and from when."""
        return self.frame.endpoint


@dataclass(frozen=True, slots=True)
class IncidenceComparison(_Compared):
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
    def names(self) -> Mapping[str, str]:
        """Group name to what starts a sentence about it, where "positive" alone would say nothing."""
        return self._named(self.frame.variable)

    @property
    def endpoint(self) -> CompetingEndpoint:
        """The events in competition, and from when."""
        return self.frame.endpoint

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
    def others(self) -> tuple[str, ...]:
        """The labels of the competing events."""
        return tuple(self.cause.level_label(level) for level in self.incidence.causes if level != self.event)

    @property
    def n_event(self) -> int:
        """Patients in whom the event in question came first."""
        return sum(curve.n_event for curve in self.curves)

    @property
    def n_competing(self) -> int:
        """Patients in whom another event came first."""
        return round(sum(float(curve.n_competing_at.sum()) for curve in self.curves))

    def milestones_of(self, curve: IncidenceCurve) -> tuple[Estimate, ...]:
        """The incidences at 1, 3 and 5 years of one curve."""
        return self.milestones[next(i for i, other in enumerate(self.incidence.curves) if other is curve)]


def last_milestone(milestones: Sequence[Sequence[Estimate]]) -> int:
    """The latest milestone at which some patients of every group are still followed; the first if there is none."""
    reached = [k for k in range(len(MILESTONE_YEARS)) if all(own[k].n >= FEW_FOLLOWED for own in milestones)]
    return reached[-1] if milestones and reached else 0


def note_entry(endpoint: Endpoint) -> tuple[Note, ...]:
    """That patients count from the day on which they come under observation, where that is after the clock's start."""
    if endpoint.entry is None:
        return ()
    return (
        Note(
            "delayed-entry",
            "info",
            f"The clock starts at {endpoint.origin}, but each {load_words().noun} counts as at risk only from the day of entry "
            "on, so that the wait before it does not count as survival. The first part of the curves rests on the few who "
            "entered early.",
            "Look at the numbers at risk, which may rise before they fall.",
        ),
    )


def note_small_groups(curves: Sequence[SurvivalCurve | IncidenceCurve], labels: Mapping[str, str]) -> tuple[Note, ...]:
    """A note that names the groups of fewer patients than a full picture asks for."""
    enough, words = load_policy().full.patients, load_words()
    small = [c for c in curves if 0 < c.n < enough]
    if not small:
        return ()
    listed = ", ".join(f"{labels.get(c.group, c.group)} (n = {format_count(c.n)})" for c in small)
    return (
        Note(
            "few-patients",
            "caution",
            f"Fewer than {enough} {words.plural}: {listed}. One {words.noun} more or less would change these curves visibly.",
            f"Look at the intervals and the numbers at risk before the curve; loosen a filter to see more {words.plural}.",
        ),
    )


def milestone_cell(estimate: Estimate, nobody: str = "not followed so long") -> str:
    """A curve at a milestone with its interval, or why there is none."""
    if estimate.value is None:
        return say_reason(estimate.reason) if estimate.n or is_withheld(estimate.reason) else nobody
    return format_probability(estimate)


def say_exact_limits(rows: Iterable[Iterable[Estimate]], events: str) -> str:
    """What the intervals of a table are where nobody has had the event yet, after a semicolon; "" if there are none."""
    if not any(e.interval is not None and e.interval.is_one_sided for row in rows for e in row):
        return ""
    return f"; where there are no {events} yet, exact one-sided limits by the {load_words().plural} still followed"


def tabulate_survival(result: SurvivalComparison) -> tuple[Table, ...]:
    """Survival at 1, 3 and 5 years with medians by group, then the pairwise tests where there are any."""
    level, endpoint, some = f"{100 * result.curves.conf_level:g} %", result.endpoint, load_words().plural
    rows = []
    for curve, milestones in zip(result.curves.curves, result.milestones, strict=True):
        cells = (milestone_cell(estimate) if curve.n else MISSING for estimate in milestones)
        n = f"{format_count(curve.n_event)} of {format_count(curve.n)}"
        rows.append((result.labels.get(curve.group, curve.group), n, _median_cell(curve), *cells))
    alive = start_sentence(endpoint.alive)
    table = Table(
        title=f"{endpoint.y_title} from {endpoint.origin}",
        columns=(
            "Group",
            start_sentence(endpoint.event_noun),
            "Median (months)",
            *(f"{years} y" for years in MILESTONE_YEARS),
        ),
        rows=tuple(rows),
        help=(
            "",
            f"Of the {some} in the group",
            f"Time by which half have {endpoint.had} ({level} interval)",
            *(f"{alive} {format_years(years)} after {endpoint.origin} ({level} interval)" for years in MILESTONE_YEARS),
        ),
        caption=f"Kaplan–Meier estimates with {level} {result.curves.conf_type} intervals"
        f"{say_exact_limits(result.milestones, endpoint.event_noun)}. "
        f"The table under the curves says how many {some} are still followed at each time.",
    )
    return (table, *tabulate_pairs(result.pairwise, result.labels))


def _median_cell(curve: SurvivalCurve) -> str:
    median = curve.median
    if median.value is None:
        return MISSING if curve.n == 0 else say_reason(median.reason) if is_withheld(median.reason) else "not reached"
    limits = f" ({format_interval(median.interval, 1)})" if median.interval is not None else ""
    return f"{format_number(median.value, 1)}{limits}"


def tabulate_pairs(pairs: Sequence[PairwiseTest], labels: Mapping[str, str]) -> tuple[Table, ...]:
    """The tests of groups two by two; nothing without pairs."""
    if not pairs:
        return ()
    rows = tuple(
        (f"{labels[pair.group_a]} against {labels[pair.group_b]}", _p_cell(pair.test), format_p(pair.p_adjusted))
        for pair in pairs
    )
    return (
        Table(
            title="Groups compared two by two",
            columns=("Pair", "p", "p, Holm"),
            rows=rows,
            help=(
                "",
                f"From the {load_words().plural} of these two groups alone",
                "Adjusted for the number of pairs by Holm's method",
            ),
        ),
    )


def _p_cell(test: TestResult) -> str:
    return format_p(test.p_value) if test.reason is None else say_reason(test.reason)


def say_survival(result: SurvivalComparison) -> tuple[str, ...]:
    """One sentence per group, at the latest milestone at which some patients of every group are followed, and the test.

    A group without events is described by the share with them that chance could hide, since its curve has no interval.
    """
    filled = [(curve, own) for curve, own in zip(result.curves.curves, result.milestones, strict=True) if curve.n]
    if not filled:
        return ()
    k, endpoint, sentences = last_milestone([own for _, own in filled]), result.endpoint, []
    for curve, own in filled:
        name, years, estimate = result.names[curve.group], MILESTONE_YEARS[k], own[k]
        if curve.n_event:
            sentences.append(describe_survival_at(name, years, endpoint, estimate))
        else:
            sentences.append(describe_no_events(name, curve.n, years, endpoint, estimate.n, estimate.interval))
    return (*sentences, *_say_test(result, result.overall, result.frame.variable if result.names_variable else None))


def _say_test(result: _Compared, test: TestResult | None, variable: Variable | None) -> tuple[str, ...]:
    if test is None:
        return ()
    label, late = variable.label if variable is not None else "", result.groups_form_later
    return (describe_test(test, result.labels, label, groups_form_later=late),)


def tabulate_incidence(result: IncidenceComparison, *, every_cause: bool = True) -> Table:
    """The incidence at 1, 3 and 5 years per group, of each cause or of the event in question, with Gray's test."""
    level = format_level(result.incidence.conf_level)
    causes = result.incidence.causes if every_cause else ()
    shown = (result.event, *(c for c in causes if c != result.event))
    rows: list[tuple[str, ...]] = []
    indent: list[bool] = []
    for cause in shown:
        p = (_p_cell(result.tests[result.incidence.causes.index(cause)]),) if result.tests else ()
        rows.append((start_sentence(result.cause.level_label(cause)), *[""] * (1 + len(MILESTONE_YEARS)), *p))
        indent.append(False)
        for curve in result.incidence.for_cause(cause):
            cells = (milestone_cell(estimate) if curve.n else MISSING for estimate in result.milestones_of(curve))
            n = f"{format_count(curve.n_event)} of {format_count(curve.n)}"
            rows.append((result.labels.get(curve.group, curve.group), n, *cells, *([""] if p else [])))
            indent.append(True)
    words = load_words()
    return Table(
        title=f"Cumulative incidence from {result.endpoint.origin}",
        columns=(
            "First event",
            words.head,
            *(f"{years} y" for years in MILESTONE_YEARS),
            *(["p (Gray)"] if result.tests else []),
        ),
        rows=tuple(rows),
        indent=tuple(indent),
        help=(
            "",
            f"In whom it came first, of all {words.plural} in the group",
            *(f"Share with it by {format_years(years)} ({level} interval)" for years in MILESTONE_YEARS),
            *(["Gray’s test that the groups share one cumulative incidence"] if result.tests else []),
        ),
        caption=f"Aalen–Johansen estimates with {level} {result.incidence.conf_type} intervals"
        f"{_say_exact_incidences(result, shown)}. At any time the events and "
        f"“{result.cause.level_label(result.cause.levels[0])}” add up to 100\u00a0%.",
    )


def _say_exact_incidences(result: IncidenceComparison, causes: Sequence[str]) -> str:
    """What the limits of a table of these causes are where an event has not come yet."""
    shown = [result.milestones_of(curve) for cause in causes for curve in result.incidence.for_cause(cause)]
    said = say_exact_limits(shown, "such events")
    return f"{said} or accounted for by another event" if said else ""


def say_incidence(result: IncidenceComparison) -> tuple[str, ...]:
    """One sentence per group at the latest milestone that all groups reach, and the test.

    A group without the event is described by the share with it that chance could hide, since its curve has no interval.
    """
    filled = [(curve, result.milestones_of(curve)) for curve in result.curves if curve.n]
    if not filled:
        return ()
    k = last_milestone([own for _, own in filled])
    years, origin, event, sentences = MILESTONE_YEARS[k], result.endpoint.origin, result.event_label, []
    for curve, own in filled:
        name, estimate = result.names.get(curve.group, curve.group), own[k]
        if curve.n_event:
            sentences.append(describe_incidence_at(name, years, origin, event, estimate))
        else:
            others = round(float(curve.n_competing_at[curve.time <= MILESTONES[k]].sum()))
            limit = estimate.interval
            sentences.append(describe_no_incidence(name, curve.n, years, origin, event, estimate.n, others, limit))
    return (*sentences, *_say_test(result, result.test, result.frame.variable))
