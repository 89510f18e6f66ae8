"""Cumulative incidence of relapse, second relapse or death in the presence of the events that compete with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analytics.analysis import Analysis, Checks, Control, Params, lazy
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.comparisons.incidence import (
    INCIDENCE_COLUMNS,
    IncidenceComparison,
    caption_comparison,
    compare_incidence,
    describe_comparison,
    incidence_rows,
    last_milestone,
    list_competing,
    plan_incidence,
    plot_comparison,
    say_incidence,
    tabulate_incidence,
    title_of,
)
from analytics.comparisons.power import to_planning
from analytics.comparisons.ratios_over_time import (
    RatiosOverTime,
    check_ratios_over_time,
    ratios_over_time_frame,
    tabulate_ratios_over_time,
)
from analytics.comparisons.regression import as_read, chosen_references, note_references, reference_control
from analytics.comparisons.survival import BANDS, INTERVALS, MILESTONE_YEARS, note_small_groups
from analytics.dictionary import CompetingEndpoint, Dictionary, Variable
from analytics.document import ComparedTest, Headline, Picture, Shown
from analytics.estimators.cox import estimate_hazard_ratios
from analytics.estimators.cumulative_incidence import estimate_cumulative_incidence
from analytics.estimators.kaplan_meier import estimate_survival, survival_at
from analytics.estimators.second_opinion.comparison import not_offered
from analytics.estimators.second_opinion.curves import compare_curves
from analytics.estimators.second_opinion.hazards import compare_hazard_ratios
from analytics.estimators.second_opinion.incidence import compare_incidence_curves
from analytics.estimators.subdistribution import estimate_subdistribution_hazard_ratios
from analytics.estimators.zero_events import read_curve, tabulate_curves
from analytics.figures.incidence import NAIVE_LABEL, plot_naive_incidence
from analytics.figures.stacked_incidence import plot_stacked_incidence
from analytics.figures.theme import Figure
from analytics.formats import (
    MISSING,
    SUPPRESSED,
    format_children,
    format_count,
    format_interval,
    format_p_cell,
    format_percent,
    format_percent_interval,
    format_ratio_of,
    format_share,
    format_step,
    is_withheld,
    say_undone,
)
from analytics.frames import EVERYONE, CompetingEvents, endpoint_columns, filters_of
from analytics.reporting.attrition import Used, list_losses, name_complete, name_eligible
from analytics.reporting.reliability import load_policy
from analytics.reporting.tables import Table
from analytics.reporting.timing import note_post_baseline
from analytics.reporting.wording import describe_two_hazard_ratios, in_sentence, join_words, start_sentence
from analytics.results import Estimate, HazardRatio, HazardRatioResult, Note, Result, SurvivalResult
from analytics.results.second_opinion import ONE_MINUS, Compared, Quantity

CAUSE_OF_DEATH = "cause_of_death"
UNKNOWN_CAUSE = "death of unknown cause"  # the level of the first event after relapse
FULL_AXIS = Control(
    "full_axis",
    "Axis to 100 %",
    "toggle",
    False,
    (),
    "more",
    "Otherwise the axis ends at the next round number above the curves, and the figure says where.",
    display=True,
)
READING = (
    "The cause-specific hazard ratio compares the rate of the event among children still free of every event: the ratio "
    "for questions about causes. The subdistribution hazard ratio (Fine and Gray) compares the cumulative incidence, "
    "which also falls when a competing event takes children away first: the ratio for questions about how many will have "
    "the event. Neither is complete without those of the competing events (Lau, Cole and Gange 2009; Latouche and "
    "colleagues 2013)."
)


@dataclass(frozen=True, slots=True)
class HazardRatios(Result):
    """Both models of one cause: ratios of its rate, and of its cumulative incidence."""

    cause: str
    cause_specific: HazardRatioResult
    subdistribution: HazardRatioResult


@dataclass(frozen=True, slots=True)
class _Frame:
    events: CompetingEvents
    event: str
    dictionary: Dictionary
    variables: tuple[Variable, ...]
    knows_cause_of_death: bool


class Models:
    """Both models of every cause, the chosen one first; none without covariates.

    They are fitted when they are first asked for, so that the curves need not wait for them.
    """

    def __init__(self, frame: _Frame) -> None:
        self._frame = frame

    @lazy
    def fitted(self) -> tuple[HazardRatios, ...]:
        """The fitted models."""
        return _fit(self._frame)

    def check(self) -> RatiosOverTime | None:
        """Whether the ratios of the chosen event stay the same; None where there is no ratio."""
        if not self.fitted or (self.fitted[0].cause_specific.reason and self.fitted[0].subdistribution.reason):
            return None
        events, cause = self._frame.events, self._frame.dictionary[self._frame.events.endpoint.cause]
        return check_ratios_over_time(events, self._frame.event, cause.levels.index(self._frame.event))


@dataclass(frozen=True, slots=True)
class CumulativeIncidence(Result):
    """Curves by group with their tests, one minus Kaplan–Meier beside them, and the models of every cause.

    ``everyone`` is the incidence of the event in all children at 5 years; ``variables`` are the covariates of the models
    in order.
    """

    comparison: IncidenceComparison
    dictionary: Dictionary
    everyone: Estimate
    naive: SurvivalResult
    models: Models
    variables: tuple[Variable, ...]
    notes: tuple[Note, ...]


def _fit(frame: _Frame) -> tuple[HazardRatios, ...]:
    events = frame.events
    if events.covariates is None or events.complete is None:
        return ()
    levels = frame.dictionary[events.endpoint.cause].levels
    kept = events.complete
    time, cause, weight, covariates = (
        events.time[kept],
        events.cause[kept],
        events.weight[kept],
        events.covariates[kept],
    )
    found = []
    for level in (frame.event, *(level for level in levels[1:] if level != frame.event)):
        of = levels.index(level)
        happened = (cause == of).astype(np.float64)
        rate = estimate_hazard_ratios(time, happened, covariates, weight=weight, method="ml", conf_type="profile")
        share = estimate_subdistribution_hazard_ratios(time, cause, covariates, of=of, weight=weight)
        found.append(HazardRatios(level, as_read(rate, frame.variables), as_read(share, frame.variables)))
    return tuple(found)


def _collect_notes(frame: _Frame, result: IncidenceComparison, params: Params) -> tuple[Note, ...]:
    endpoint, variable = result.endpoint, frame.events.variable
    return (
        *_note_groups_of_the_event(variable, endpoint),
        *note_post_baseline(
            endpoint,
            group=variable,
            filters=filters_of(frame.events),
            adjust=[v for v in frame.variables if v is not variable],
        ),
        *_note_competing(result),
        *_note_few_events(result),
        *note_small_groups(result.curves, result.labels),
        *_note_causes_of_death(frame, endpoint),
        *_note_incomplete(frame),
        *note_references(params, frame.variables),
        *(result.test.notes if result.test is not None else ()),
    )


def _note_groups_of_the_event(variable: Variable | None, endpoint: CompetingEndpoint) -> tuple[Note, ...]:
    if variable is None or variable.population != "relapsed" or endpoint.phase != "diagnosis":
        return ()
    return (
        Note(
            "groups-of-the-event",
            "warning",
            f"{variable.label} exists for children who relapsed alone, so every child in these groups has relapsed and the "
            f"curves from {endpoint.origin} only say when.",
            "Choose an event after first relapse, or groups known at diagnosis.",
        ),
    )


def _note_competing(result: IncidenceComparison) -> tuple[Note, ...]:
    if not result.frame.n:
        return ()
    others = join_words(list(result.others))
    if not result.n_competing:
        text = f"No child had a competing event ({others}) first, so these curves equal one minus Kaplan–Meier."
        return (Note("no-competing-events", "info", text),)
    n = result.n_competing
    return (
        Note(
            "competing-events",
            "info",
            f"{format_count(n)} {'child' if n == 1 else 'children'} had a competing event first ({others}) and "
            f"can no longer have {result.event_label} as the first event; one minus Kaplan–Meier would treat them as "
            "if they still could.",
        ),
    )


def _note_few_events(result: IncidenceComparison) -> tuple[Note, ...]:
    n = result.n_event
    if n >= load_policy().full.events or not result.frame.n:
        return ()
    return (
        Note(
            "few-events",
            "caution",
            f"{start_sentence(result.event_label)} came first in {format_count(n)} of {format_count(result.frame.n)} "
            f"{'child' if result.frame.n == 1 else 'children'}. One event more or less would change the curves, tests and "
            "ratios visibly.",
            "Look at the intervals before the curves; do not rank the groups.",
        ),
    )


def _note_causes_of_death(frame: _Frame, endpoint: CompetingEndpoint) -> tuple[Note, ...]:
    """That deaths whose cause is not recorded are a kind of their own, and how many there are."""
    causes = frame.events.causes
    if UNKNOWN_CAUSE not in causes:
        return ()
    n = frame.events.n_events[causes.index(UNKNOWN_CAUSE)]
    if not n:
        return ()
    of_all = (
        "This file holds no causes of death. " if not frame.knows_cause_of_death else ""
    ) + f"Of {format_count(n)} {'child' if n == 1 else 'children'} who died first, the cause of death is not recorded"
    return (
        Note(
            "no-cause-of-death",
            "caution",
            f"{of_all}: {'this death is' if n == 1 else 'these deaths are'} a kind of event of {'its' if n == 1 else 'their'} "
            "own, and may have been of leukaemia or not. The incidences of death from leukaemia and of non-relapse mortality are "
            "too low by as much.",
            "Add the causes of death to tell them apart.",
        ),
    )


def _note_incomplete(frame: _Frame) -> tuple[Note, ...]:
    events = frame.events
    n = events.n - events.n_complete if events.complete is not None else 0
    if not n:
        return ()
    missing = [f"{frame.dictionary[name].label} in {format_count(m)}" for name, m in events.n_missing if m]
    share = format_percent(n / events.n, 0)
    return (
        Note(
            "incomplete-cases",
            "caution" if n / events.n > 0.1 else "info",
            f"{format_count(n)} of {format_children(events.n)} ({share}) {'is' if n == 1 else 'are'} in the "
            f"curves but not in the models of hazard ratios, because a factor is unknown: {', '.join(missing)}.",
            "Drop the factor to keep them.",
        ),
    )


def _stacked(comparison: IncidenceComparison) -> Picture:
    cause, k = comparison.cause, last_milestone(comparison)
    labels = [cause.level_label(level) for level in comparison.incidence.causes]
    years, parts = MILESTONE_YEARS[k], []
    for curve in (curve for curve in comparison.curves if curve.n):
        own = comparison.incidence.for_group(curve.group)
        found = [(label, comparison.milestones_of(c)[k].value) for label, c in zip(labels, own, strict=True)]
        said = [f"{label} {format_percent(value)}" for label, value in found if value is not None]
        if said:
            parts.append(f"{comparison.names.get(curve.group, curve.group)}: {', '.join(said)}.")
    when = f" {years} {'year' if years == 1 else 'years'} after {comparison.endpoint.origin}:" if parts else ""
    return Picture(
        "Where all the children are",
        plot_stacked_incidence(
            comparison.incidence,
            labels=comparison.labels,
            cause_labels=[start_sentence(label) for label in labels],
            free_label=start_sentence(cause.level_label(cause.levels[0])),
            origin=comparison.endpoint.origin,
        ),
        f"Stacked areas of the first events by group, adding up to 100\u00a0%.{when} {' '.join(parts)}".strip(),
        "At each time the heights are the shares of children with each first event so far, and of those without any; they "
        "add up to 100\u00a0%. The colours stand for events, not for groups.",
    )


def _why_not(result: CumulativeIncidence) -> Picture:
    comparison = result.comparison
    found = _largest_gap(result)
    event, others = comparison.event_label, join_words(list(comparison.others))
    if not comparison.n_competing:
        reading = "No child had a competing event first, so both lines agree."
    elif found is None:
        reading = ""
    else:
        group, years, right, wrong = found
        reading = (
            f"{comparison.names.get(group, group)}: by {years} {'year' if years == 1 else 'years'}, one minus Kaplan–Meier "
            f"says {format_percent(wrong)} where the cumulative incidence is {format_percent(right)}."
        )
    return Picture(
        "Why not 1 − Kaplan–Meier?",
        plot_naive_incidence(
            comparison.curves,
            result.naive.curves,
            labels=comparison.labels,
            styles=comparison.styles,
            origin=comparison.endpoint.origin,
            y_title=title_of(comparison),
        ),
        f"Cumulative incidence of {event} (solid) beside one minus Kaplan–Meier (dashed, {NAIVE_LABEL}). {reading}".strip(),
        f"Kaplan–Meier takes children with a competing event ({others}) as censored, as if they could still have "
        f"{event} later; the more of them there are, the further the dashed line lies above the solid one. {reading}".strip(),
    )


def _largest_gap(result: CumulativeIncidence) -> tuple[str, int, float, float] | None:
    """The group and milestone at which one minus Kaplan–Meier is furthest above the incidence, with both values."""
    best: tuple[str, int, float, float] | None = None
    comparison = result.comparison
    naive = {curve.group: curve for curve in result.naive.curves}
    for curve in (curve for curve in comparison.curves if curve.n):
        months = [12.0 * years for years in MILESTONE_YEARS]
        pairs = zip(
            MILESTONE_YEARS, comparison.milestones_of(curve), survival_at(naive[curve.group], months), strict=True
        )
        for years, right, free in pairs:
            if right.value is None or free.value is None or not right.n:
                continue
            wrong = 1 - free.value
            if best is None or wrong - right.value > best[3] - best[2]:
                best = (curve.group, years, right.value, wrong)
    return best


def _tabulate_models(result: CumulativeIncidence) -> Table:
    comparison = result.comparison
    rows: list[tuple[str, ...]] = []
    indent: list[bool] = []
    for model in result.models.fitted:
        rows.append((start_sentence(comparison.cause.level_label(model.cause)), "", "", "", "", ""))
        indent.append(False)
        for rate, share in zip(model.cause_specific.terms, model.subdistribution.terms, strict=True):
            rows.append(
                (
                    _term_label(rate, result.dictionary[rate.variable]),
                    f"{format_count(rate.n_event)} of {format_count(rate.n)}",
                    *_ratio_cells(rate),
                    *_ratio_cells(share),
                )
            )
            indent.append(True)
    ratio, first = "95 % interval in brackets; 1 means no difference.", result.models.fitted[0]
    return Table(
        title="Hazard ratios of both kinds, for every first event",
        columns=("First event", "Children", "Cause-specific", "p", "Subdistribution", "p"),
        rows=tuple(rows),
        indent=tuple(indent),
        help=(
            "",
            "In whom it came first, of the children in the models",
            f"Cox model of the rate of this event among children free of every event. {ratio}",
            f"Against the reference level, by the {first.cause_specific.ratio_test}",
            f"Fine–Gray model of the cumulative incidence of this event. {ratio}",
            f"Against the reference level, by the {first.subdistribution.ratio_test}",
        ),
        caption=" ".join((READING, *_remarks(result))),
    )


def _remarks(result: CumulativeIncidence) -> tuple[str, ...]:
    """What the models of the event in question say about themselves, each thing once."""
    model = result.models.fitted[0]
    once: dict[str, str] = {}
    for note in (*model.cause_specific.notes, *model.subdistribution.notes):
        once.setdefault(note.code, note.text)
    return tuple(once.values())


def _term_label(term: HazardRatio, variable: Variable) -> str:
    if term.level is None:
        return f"{variable.label}, per {format_step(variable.per, variable.unit)}"
    return f"{variable.label}: {variable.level_label(term.level)}"


def _ratio_cells(term: HazardRatio) -> tuple[str, str]:
    ratio = term.ratio
    if term.is_reference and ratio.value is not None:
        return "1 (reference)", ""
    if ratio.value is None:
        return "not estimable (no events)" if term.n_event == 0 else str(ratio.reason), MISSING
    limits = f" ({format_interval(ratio.interval)})" if ratio.interval is not None else ""
    return f"{format_ratio_of(ratio)}{limits}", format_p_cell(term.p_value, term.p_reason)


def _check(result: CumulativeIncidence, params: Params) -> RatiosOverTime | None:
    return result.models.check()


def _show_checks(result: CumulativeIncidence, made: RatiosOverTime | None, params: Params) -> tuple[Shown, ...]:
    if made is None:
        return (Shown(sentences=("Nothing can be checked: no ratio is shown.",)),)
    return (Shown(tables=(tabulate_ratios_over_time(made, result.variables, result.comparison.event_label),)),)


def _checks_frames(made: RatiosOverTime | None) -> Mapping[str, pd.DataFrame]:
    return {"ratios-over-time": ratios_over_time_frame(made)}


class CumulativeIncidenceAnalysis(Analysis[_Frame, CumulativeIncidence]):
    """Cumulative incidence of relapse, second relapse or death in the presence of the events that compete with it."""

    slug = "cumulative-incidence"
    title = "Cumulative incidence"
    question = "How many children relapse, or die without relapse, by a given time?"
    section = "Relapse"
    order = 20
    icon = ":material/area_chart:"
    method = (
        "Aalen–Johansen estimates; Gray’s test; Cox models of the cause-specific hazard and Fine–Gray models of the "
        "subdistribution hazard of every event, on complete cases; score tests of whether their ratios stay the same over time."
    )
    requires = (("efs_days", "first_event"), ("efs_relapse_days", "event_after_relapse"))
    files = ("estimates", "curves", "hazard-ratios")
    planning = to_planning(lambda result, params: plan_incidence(result.comparison))
    checks = Checks(
        title="Do the hazard ratios hold over time?",
        about="Both models take for granted that a ratio is the same throughout the follow-up. Tested for the chosen event, in "
        "the children in the models.",
        make=_check,
        show=_show_checks,
        files=("ratios-over-time",),
        downloads=_checks_frames,
    )

    def controls(self, cohort: Cohort) -> tuple[Control, ...]:
        dictionary = cohort.dictionary
        events = tuple(
            (f"{endpoint.name}:{level}", f"{label}, from {endpoint.origin}")
            for endpoint in list_competing(cohort)
            for level, label in list(
                zip(dictionary[endpoint.cause].levels, dictionary[endpoint.cause].level_labels, strict=True)
            )[1:]
        )
        groups = tuple((v.name, v.label) for v in dictionary.groups if v.name in cohort.variables)
        covariates = tuple((v.name, v.label) for v in dictionary.covariates if v.name in cohort.variables)
        default = next((name for name, _ in groups if name == "immunophenotype"), EVERYONE)
        return (
            Control(
                "event",
                "Event",
                "one",
                events[0][0],
                events,
                help="The event that is counted, among those of which only the first can be seen; the others compete with it.",
            ),
            Control("by", "Split by", "one", default, ((EVERYONE, "everyone together"), *groups)),
            Control(
                "adjust",
                "Adjust hazard ratios for",
                "many",
                (),
                covariates,
                "more",
                "Further factors in both models of hazard ratios, beside the groups. The curves are not adjusted.",
                display=True,
            ),
            reference_control(cohort),
            INTERVALS,
            BANDS,
            FULL_AXIS,
        )

    def prepare(self, cohort: Cohort, cohort_filter: CohortFilter, params: Params) -> _Frame:
        dictionary = cohort.dictionary
        name, event = params["event"].split(":", 1)
        endpoint = dictionary.competing_endpoint(name)
        variable = None if params["by"] == EVERYONE else dictionary[params["by"]]
        adjust = [dictionary[other] for other in params["adjust"] if other != params["by"]]
        variables = (*([variable] if variable is not None else []), *adjust)
        tally = cohort.tally(endpoint_columns(endpoint, *variables), cohort_filter)
        events = CompetingEvents.from_tally(
            tally,
            endpoint,
            dictionary[endpoint.cause],
            variable,
            filtered_by=[dictionary[clause.variable] for clause in cohort_filter.clauses],
            covariates=variables,
            references=chosen_references(params),
        )
        return _Frame(events, event, dictionary, variables, CAUSE_OF_DEATH in cohort.variables)

    def estimate(self, frame: _Frame, params: Params) -> CumulativeIncidence:
        events, dictionary = frame.events, frame.dictionary
        cause = dictionary[events.endpoint.cause]
        comparison = compare_incidence(events, cause, frame.event, params["interval"])
        number = cause.levels.index(frame.event)
        naive = estimate_survival(events.time, events.cause == number, group=events.group, weight=events.weight)
        everyone = estimate_cumulative_incidence(
            events.time, events.cause, weight=events.weight, causes=cause.levels[1:], conf_type=params["interval"]
        )
        return CumulativeIncidence(
            comparison=comparison,
            dictionary=dictionary,
            everyone=read_curve(everyone.for_cause(frame.event)[0], [12.0 * MILESTONE_YEARS[-1]])[0],
            naive=naive,
            models=Models(frame),
            variables=frame.variables,
            notes=_collect_notes(frame, comparison, params),
        )

    def headlines(self, result: CumulativeIncidence) -> tuple[Headline, ...]:
        comparison = result.comparison
        frame, years = comparison.frame, MILESTONE_YEARS[-1]
        event, others = comparison.event_label, join_words(list(comparison.others))
        interval = result.everyone.interval
        limits = f"95 % interval {format_percent_interval(interval)} %. " if interval is not None else ""
        value = SUPPRESSED if is_withheld(result.everyone.reason) else format_percent(result.everyone.value)
        reason = "" if result.everyone.reason is None else f"{start_sentence(result.everyone.reason)}. "
        headlines = [
            Headline(
                "Children",
                format_count(frame.n),
                f"{start_sentence(comparison.endpoint.population)}, in this selection.",
            ),
            Headline(
                start_sentence(event),
                format_share(comparison.n_event, frame.n, 0),
                "As the first event: a share of all children, whatever their follow-up; the curves take it into account.",
            ),
            Headline("Competing events", format_share(comparison.n_competing, frame.n, 0), f"First: {others}."),
            Headline(
                f"By {years} years, all groups",
                value,
                f"Cumulative incidence of {event} in all of these children together. {limits}{reason}".strip(),
            ),
        ]
        test = comparison.test
        if test is not None:
            detail = (
                f"Chi-square {test.statistic:.2f} on {test.df} degree{'s' if test.df != 1 else ''} of freedom."
                if test.statistic is not None
                else say_undone(test.reason)
            )
            headlines.append(Headline("p (Gray’s test)", format_p_cell(test.p_value, test.reason), detail))
        return tuple(headlines)

    def figure(self, result: CumulativeIncidence, params: Params) -> Figure:
        return plot_comparison(result.comparison, bands=params["bands"], full_axis=params["full_axis"])

    def caption(self, result: CumulativeIncidence, params: Params) -> str:
        return caption_comparison(result.comparison, bands=params["bands"])

    def alt_text(self, result: CumulativeIncidence) -> str:
        return describe_comparison(result.comparison)

    def pictures(self, result: CumulativeIncidence, params: Params) -> tuple[Picture, ...]:
        comparison = result.comparison
        if not comparison.frame.n:
            return ()
        return (_stacked(comparison), _why_not(result))

    def tables(self, result: CumulativeIncidence) -> tuple[Table, ...]:
        tables = [tabulate_incidence(result.comparison)]
        if result.models.fitted:
            tables.append(_tabulate_models(result))
        return tuple(tables)

    def sentences(self, result: CumulativeIncidence) -> tuple[str, ...]:
        comparison = result.comparison
        sentences = list(say_incidence(comparison))
        if not sentences or not result.models.fitted:
            return tuple(sentences)
        model = result.models.fitted[0]
        reason = model.cause_specific.reason or model.subdistribution.reason
        if reason is not None:
            return (*sentences, f"No hazard ratio of {comparison.event_label} can be given: {reason}.")
        references = {t.variable: t.level for t in model.cause_specific.terms if t.is_reference}
        labels = {v.name: v.label for v in result.variables}
        for rate, share in zip(model.cause_specific.terms, model.subdistribution.terms, strict=True):
            if rate.is_reference:
                continue
            others = [label for name, label in labels.items() if name != rate.variable]
            variable = result.dictionary[rate.variable]
            sentences.append(
                describe_two_hazard_ratios(
                    rate, share, variable, references.get(rate.variable), comparison.event_label, others
                )
            )
        return (
            *sentences,
            "Hazard ratios are associations in these children; they do not say what would happen if a factor changed.",
        )

    def used(self, result: CumulativeIncidence) -> Used:
        """Whom the curves show: who lacks a covariate of the models is in the curves all the same."""
        comparison = result.comparison
        frame = comparison.frame
        return Used(
            eligible=name_eligible(frame.endpoint),
            losses=list_losses(frame.exclusions),
            n=frame.n,
            n_event=comparison.n_event,
            events=f"with {comparison.event_label} first",
            complete=name_complete([frame.variable]),
        )

    def tests(self, result: CumulativeIncidence) -> tuple[ComparedTest, ...]:
        """Gray's test of the chosen event, where there are groups."""
        comparison = result.comparison
        test, variable = comparison.test, comparison.frame.variable
        if test is None or variable is None:
            return ()
        name, what = (
            test.method.replace("'", "’"),
            f"{in_sentence(comparison.event_label)} from {comparison.endpoint.origin}",
        )
        return (
            ComparedTest(
                f"{name} of the cumulative incidence of {what} by {in_sentence(variable.label)}", test.p_value
            ),
        )

    def downloads(self, result: CumulativeIncidence) -> Mapping[str, pd.DataFrame]:
        """Incidences and tests ("estimates"), the curves' coordinates ("curves") and both models ("hazard-ratios")."""
        frames = [
            model.to_frame().assign(cause=m.cause, model=kind, n_model=model.n)
            for m in result.models.fitted
            for kind, model in (("cause-specific", m.cause_specific), ("subdistribution", m.subdistribution))
        ]
        rows = [row for frame in frames for row in frame.to_dict("records")]
        numbers = {v.name: format_step(v.per, v.unit) for v in result.variables if not v.is_coded}
        ratios = pd.DataFrame(rows, columns=list(frames[0].columns) if frames else ["cause", "model", "variable"])
        return {
            "estimates": pd.DataFrame(incidence_rows(result.comparison), columns=INCIDENCE_COLUMNS),
            "curves": tabulate_curves(result.comparison.incidence),
            "hazard-ratios": ratios.assign(per=pd.Series([numbers.get(row["variable"]) for row in rows], dtype=object)),
        }

    def second_opinion(self, frame: _Frame, result: CumulativeIncidence, params: Params) -> Iterator[Compared]:
        events, comparison = frame.events, result.comparison
        months = [12.0 * years for years in MILESTONE_YEARS]
        arrays: dict[str, Any] = {"group": events.group, "weight": events.weight}
        name, cause = "" if events.variable is None else events.variable.name, events.endpoint.cause
        yield from compare_incidence_curves(
            *(comparison.incidence, comparison.milestones, months, events.time, events.cause),
            **arrays,
            variable=name,
            event=cause,
        )
        if comparison.test is not None:
            yield from not_offered(
                Quantity("Gray’s test", "p_value", model=f"{cause}: {comparison.event}"), comparison.test.p_value
            )
        happened = events.cause == events.causes.index(comparison.event) + 1
        none = [()] * len(result.naive.curves)
        yield from compare_curves(
            *(result.naive, none, (), events.time, happened),
            **arrays,
            with_median=False,
            variable=name,
            model=ONE_MINUS,
        )
        steps, kept = {v.name: v.per for v in frame.variables}, events.complete
        for models in result.models.fitted:
            if events.covariates is None:
                break
            happened = events.cause == events.causes.index(models.cause) + 1
            arrays = {"covariates": events.covariates[kept], "weight": events.weight[kept]}
            yield from compare_hazard_ratios(
                models.cause_specific,
                events.time[kept],
                happened[kept],
                **arrays,
                steps=steps,
                model=f"{cause}: {models.cause}",
            )
            for term in models.subdistribution.terms:
                if not term.is_reference:
                    names: dict[str, Any] = {
                        "variable": term.variable,
                        "level": term.level,
                        "model": f"{cause}: {models.cause}",
                    }
                    yield from not_offered(Quantity("subdistribution hazard ratio", **names), term.ratio.value)
