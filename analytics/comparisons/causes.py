"""Hazard ratios of competing events: the models, the cautions that go with several causes, and their table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analytics.analysis import Params, lazy
from analytics.comparisons.incidence import title_of
from analytics.comparisons.regression import as_read, note_references
from analytics.comparisons.survival import styles_of
from analytics.dictionary import CompetingEndpoint, Dictionary, Variable, load_words
from analytics.document import Picture, Shown
from analytics.estimators.cox import estimate_hazard_ratios
from analytics.estimators.kaplan_meier import survival_at
from analytics.estimators.proportional_hazards import proportional_hazards_test
from analytics.estimators.proportional_subdistribution import proportional_subdistribution_hazards_test
from analytics.estimators.subdistribution import estimate_subdistribution_hazard_ratios
from analytics.figures.incidence import NAIVE_LABEL, plot_naive_incidence
from analytics.figures.stacked_incidence import plot_stacked_incidence
from analytics.formats import (
    MISSING,
    format_count,
    format_interval,
    format_p_cell,
    format_patients,
    format_percent,
    format_ratio_of,
    format_step,
)
from analytics.frames import CompetingEvents, filters_of
from analytics.reporting.curves import (
    MILESTONE_YEARS,
    MILESTONES,
    IncidenceComparison,
    last_milestone,
    note_small_groups,
)
from analytics.reporting.proportionality import RatiosOverTime, ratios_over_time_frame, tabulate_ratios_over_time
from analytics.reporting.reasons import say_reason
from analytics.reporting.reliability import load_policy
from analytics.reporting.tables import Table
from analytics.reporting.timing import note_post_baseline
from analytics.reporting.wording import join_words, start_sentence
from analytics.results import Estimate, HazardRatio, HazardRatioResult, Note, Result, SurvivalResult

CAUSE_OF_DEATH = "cause_of_death"


UNKNOWN_CAUSE = "death of unknown cause"  # the level of the first event after relapse


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
class CausesFrame:
    """What the page needs of a selection: the events, which of them is asked for, and the factors of the models."""

    events: CompetingEvents
    event: str
    dictionary: Dictionary
    variables: tuple[Variable, ...]
    knows_cause_of_death: bool


class Models:
    """Both models of every cause, the chosen one first; none without covariates.

    They are fitted when they are first asked for, so that the curves need not wait for them.
    """

    def __init__(self, frame: CausesFrame) -> None:
        self._frame = frame

    @lazy
    def fitted(self) -> tuple[HazardRatios, ...]:
        """The fitted models."""
        return _fit(self._frame)

    def check(self) -> RatiosOverTime | None:
        """Whether the ratios of the chosen event stay the same; None where there is no ratio."""
        if not self.fitted or (self.fitted[0].cause_specific.reason and self.fitted[0].subdistribution.reason):
            return None
        complete = _complete(self._frame.events)
        if complete is None:
            return None
        time, cause, covariates, weight = complete
        of = self._frame.dictionary[self._frame.events.endpoint.cause].levels.index(self._frame.event)
        happened = (cause == of).astype(np.float64)
        return RatiosOverTime(
            self._frame.event,
            proportional_hazards_test(time, happened, covariates, weight=weight),
            proportional_subdistribution_hazards_test(time, cause, covariates, of=of, weight=weight),
        )


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


def _complete(events: CompetingEvents) -> tuple[Any, Any, Any, Any] | None:
    """Time, cause, covariates and weight of those of whom everything is known; None without covariates."""
    kept = events.complete
    if events.covariates is None or kept is None:
        return None
    return events.time[kept], events.cause[kept], events.covariates[kept], events.weight[kept]


def _fit(frame: CausesFrame) -> tuple[HazardRatios, ...]:
    complete = _complete(frame.events)
    if complete is None:
        return ()
    time, cause, covariates, weight = complete
    levels = frame.dictionary[frame.events.endpoint.cause].levels
    found = []
    for level in (frame.event, *(level for level in levels[1:] if level != frame.event)):
        of = levels.index(level)
        happened = (cause == of).astype(np.float64)
        rate = estimate_hazard_ratios(time, happened, covariates, weight=weight, method="ml", conf_type="profile")
        share = estimate_subdistribution_hazard_ratios(time, cause, covariates, of=of, weight=weight)
        found.append(HazardRatios(level, as_read(rate, frame.variables), as_read(share, frame.variables)))
    return tuple(found)


def collect_notes(frame: CausesFrame, result: IncidenceComparison, params: Params) -> tuple[Note, ...]:
    """What a reader should know before believing the curves and ratios."""
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
            f"{format_count(n)} {load_words().of(n)} had a competing event first ({others}) and "
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
            f"{load_words().of(result.frame.n)}. One event more or less would change the curves, tests and "
            "ratios visibly.",
            "Look at the intervals before the curves; do not rank the groups.",
        ),
    )


def _note_causes_of_death(frame: CausesFrame, endpoint: CompetingEndpoint) -> tuple[Note, ...]:
    """That deaths whose cause is not recorded are a kind of their own, and how many there are."""
    causes = frame.events.causes
    if UNKNOWN_CAUSE not in causes:
        return ()
    n = frame.events.n_events[causes.index(UNKNOWN_CAUSE)]
    if not n:
        return ()
    of_all = (
        "This file holds no causes of death. " if not frame.knows_cause_of_death else ""
    ) + f"Of {format_count(n)} {load_words().of(n)} who died first, the cause of death is not recorded"
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


def _note_incomplete(frame: CausesFrame) -> tuple[Note, ...]:
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
            f"{format_count(n)} of {format_patients(events.n)} ({share}) {'is' if n == 1 else 'are'} in the "
            f"curves but not in the models of hazard ratios, because a factor is unknown: {', '.join(missing)}.",
            "Drop the factor to keep them.",
        ),
    )


def stack_causes(comparison: IncidenceComparison) -> Picture:
    """All causes stacked, in each group."""
    cause = comparison.cause
    k = last_milestone([comparison.milestones_of(curve) for curve in comparison.curves if curve.n])
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


def why_not_kaplan_meier(result: CumulativeIncidence) -> Picture:
    """How far one minus Kaplan–Meier lies from the cumulative incidence."""
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
            styles=styles_of(comparison.frame),
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
        survival = survival_at(naive[curve.group], MILESTONES)
        pairs = zip(MILESTONE_YEARS, comparison.milestones_of(curve), survival, strict=True)
        for years, right, free in pairs:
            if right.value is None or free.value is None or not right.n:
                continue
            wrong = 1 - free.value
            if best is None or wrong - right.value > best[3] - best[2]:
                best = (curve.group, years, right.value, wrong)
    return best


def tabulate_models(result: CumulativeIncidence) -> Table:
    """Cause-specific and subdistribution hazard ratios side by side."""
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
        return "not estimable (no events)" if term.n_event == 0 else say_reason(ratio.reason), MISSING
    limits = f" ({format_interval(ratio.interval)})" if ratio.interval is not None else ""
    return f"{format_ratio_of(ratio)}{limits}", format_p_cell(term.p_value, term.p_reason)


def check_models(result: CumulativeIncidence, params: Params) -> RatiosOverTime | None:
    """Whether the ratios change over time; None where none is shown."""
    return result.models.check()


def show_checks(result: CumulativeIncidence, made: RatiosOverTime | None, params: Params) -> tuple[Shown, ...]:
    """What is shown of that."""
    if made is None:
        return (Shown(sentences=("Nothing can be checked: no ratio is shown.",)),)
    return (Shown(tables=(tabulate_ratios_over_time(made, result.variables, result.comparison.event_label),)),)


def checks_frames(made: RatiosOverTime | None) -> Mapping[str, pd.DataFrame]:
    """The file of that."""
    return {"ratios-over-time": ratios_over_time_frame(made)}
