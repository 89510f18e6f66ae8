"""Hazard ratios of competing events: the models of every cause, the notes on them, and the pictures of all causes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from analytics.analysis import Params, lazy
from analytics.comparisons.choices import note_references
from analytics.comparisons.incidence import title_of
from analytics.comparisons.regression import as_read
from analytics.comparisons.survival import styles_of
from analytics.dictionary import Dictionary, Variable, load_words
from analytics.document import Picture
from analytics.estimators import (
    estimate_hazard_ratios,
    estimate_subdistribution_hazard_ratios,
    proportional_hazards_test,
    proportional_subdistribution_hazards_test,
    survival_at,
)
from analytics.figures.curves.incidence import NAIVE_LABEL, plot_naive_incidence
from analytics.figures.curves.stacked_incidence import plot_stacked_incidence
from analytics.formats import format_percent, format_years
from analytics.frames import CompetingEvents, filters_of
from analytics.reporting.causes import (
    CauseRatios,
    note_causes_of_death,
    note_competing,
    note_few_causes,
    note_groups_of_the_event,
    note_incomplete_models,
)
from analytics.reporting.curves import (
    MILESTONE_YEARS,
    MILESTONES,
    IncidenceComparison,
    last_milestone,
    note_small_groups,
)
from analytics.reporting.proportionality import RatiosOverTime
from analytics.reporting.timing import note_post_baseline
from analytics.reporting.wording import join_words, start_sentence
from analytics.results import Estimate, Note, Result, SurvivalResult


@dataclass(frozen=True, slots=True)
class CausesFrame:
    """What the page needs of a selection: the events, which of them is asked for, and the factors of the models."""

    events: CompetingEvents
    event: str
    dictionary: Dictionary
    variables: tuple[Variable, ...]


class CauseModels:
    """Both models of every cause, the chosen one first; none without covariates.

    They are fitted when they are first asked for, so that the curves need not wait for them. Where small numbers are protected
    there are none.
    """

    def __init__(self, frame: CausesFrame) -> None:
        self._frame = frame

    @lazy
    def fitted(self) -> tuple[CauseRatios, ...]:
        """The fitted models."""
        return () if self._frame.events.noise is not None else _fit(self._frame)

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

    ``everyone`` is the incidence of the event in all patients at 5 years; ``variables`` are the covariates of the models
    in order.
    """

    comparison: IncidenceComparison
    dictionary: Dictionary
    everyone: Estimate
    naive: SurvivalResult
    models: CauseModels
    variables: tuple[Variable, ...]
    notes: tuple[Note, ...]


def _complete(events: CompetingEvents) -> tuple[Any, Any, Any, Any] | None:
    """Time, cause, covariates and weight of those of whom everything is known; None without covariates."""
    kept = events.complete
    if events.covariates is None or kept is None:
        return None
    return events.time[kept], events.cause[kept], events.covariates[kept], events.weight[kept]


def _fit(frame: CausesFrame) -> tuple[CauseRatios, ...]:
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
        found.append(CauseRatios(level, as_read(rate, frame.variables), as_read(share, frame.variables)))
    return tuple(found)


def list_cause_notes(frame: CausesFrame, result: IncidenceComparison, params: Params) -> tuple[Note, ...]:
    """What a reader should know before believing the curves and ratios."""
    endpoint, variable, dictionary = result.endpoint, frame.events.variable, frame.dictionary
    others = [v for v in frame.variables if v is not variable]
    return (
        *note_groups_of_the_event(variable, endpoint, dictionary),
        *note_post_baseline(endpoint, group=variable, filters=filters_of(frame.events), adjust=others),
        *note_competing(result),
        *note_few_causes(result),
        *note_small_groups(result.curves, result.labels),
        *note_causes_of_death(frame.events, dictionary),
        *note_incomplete_models(frame.events, dictionary),
        *note_references(params, frame.variables),
        *(result.test.notes if result.test is not None else ()),
    )


def stack_causes(comparison: IncidenceComparison) -> Picture:
    """All causes stacked, in each group."""
    cause, some = comparison.cause, load_words().plural
    k = last_milestone([comparison.milestones_of(curve) for curve in comparison.curves if curve.n])
    labels = [cause.level_label(level) for level in comparison.incidence.causes]
    years, parts = MILESTONE_YEARS[k], []
    for curve in (curve for curve in comparison.curves if curve.n):
        own = comparison.incidence.for_group(curve.group)
        found = [(label, comparison.milestones_of(c)[k].value) for label, c in zip(labels, own, strict=True)]
        said = [f"{label} {format_percent(value)}" for label, value in found if value is not None]
        if said:
            parts.append(f"{comparison.names.get(curve.group, curve.group)}: {', '.join(said)}.")
    when = f" {format_years(years)} after {comparison.endpoint.origin}:" if parts else ""
    return Picture(
        f"Where all the {some} are",
        plot_stacked_incidence(
            comparison.incidence,
            labels=comparison.labels,
            cause_labels=[start_sentence(label) for label in labels],
            free_label=start_sentence(cause.level_label(cause.levels[0])),
            origin=comparison.endpoint.origin,
        ),
        f"Stacked areas of the first events by group, adding up to 100\u00a0%.{when} {' '.join(parts)}".strip(),
        f"At each time the heights are the shares of {some} with each first event so far, and of those without any; they "
        "add up to 100\u00a0%. The colours stand for events, not for groups.",
    )


def why_not_kaplan_meier(result: CumulativeIncidence) -> Picture:
    """How far one minus Kaplan–Meier lies from the cumulative incidence."""
    comparison = result.comparison
    found = _largest_gap(result)
    event, others, words = comparison.event_label, join_words(list(comparison.others)), load_words()
    if not comparison.n_competing:
        reading = f"No {words.noun} had a competing event first, so both lines agree."
    elif found is None:
        reading = ""
    else:
        group, years, right, wrong = found
        reading = (
            f"{comparison.names.get(group, group)}: by {format_years(years)}, one minus Kaplan–Meier "
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
        f"Kaplan–Meier takes {words.plural} with a competing event ({others}) as censored, as if they could still have "
        f"{event} later; the more of them there are, the further the dashed line lies above the solid one. {reading}".strip(),
    )


def _largest_gap(result: CumulativeIncidence) -> tuple[str, int, float, float] | None:
    """The group and milestone at which one minus Kaplan–Meier is furthest above the incidence, with both values."""
    comparison, naive = result.comparison, {curve.group: curve for curve in result.naive.curves}
    found = [
        (curve.group, years, right.value, 1 - free.value)
        for curve in comparison.curves
        if curve.n
        for years, right, free in zip(
            MILESTONE_YEARS, comparison.milestones_of(curve), survival_at(naive[curve.group], MILESTONES), strict=True
        )
        if right.value is not None and free.value is not None and right.n
    ]
    return max(found, key=lambda gap: gap[3] - gap[2], default=None)
