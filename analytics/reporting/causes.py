"""Events that compete in words: what to know before believing their incidences and ratios, and the ratios of both kinds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analytics.dictionary import CompetingEndpoint, Dictionary, Variable, load_words
from analytics.formats import (
    MISSING,
    format_count,
    format_p_cell,
    format_patients,
    format_percent,
    name_patients,
)
from analytics.frames import CompetingEvents
from analytics.reporting.curves import IncidenceComparison
from analytics.reporting.estimates import ratio_text
from analytics.reporting.reasons import say_reason
from analytics.reporting.reliability import load_policy
from analytics.reporting.tables import Table
from analytics.reporting.wording import describe_two_hazard_ratios, join_words, name_level, start_sentence
from analytics.results import HazardRatio, HazardRatioResult, Note, Result, references_of
from analytics.speaking import word

READING = (
    "The cause-specific hazard ratio compares the rate of the event among {patients} still free of every event: the ratio "
    "for questions about causes. The subdistribution hazard ratio (Fine and Gray) compares the cumulative incidence, which "
    "also falls when a competing event takes {patients} away first: the ratio for questions about how many will have the "
    "event. Neither is complete without those of the competing events (Lau, Cole and Gange 2009; Latouche and colleagues "
    "2013)."
)


@dataclass(frozen=True, slots=True)
class CauseRatios(Result):
    """Both models of one cause: ratios of its rate, and of its cumulative incidence."""

    cause: str
    cause_specific: HazardRatioResult
    subdistribution: HazardRatioResult


def note_groups_of_the_event(
    variable: Variable | None, endpoint: CompetingEndpoint, dictionary: Dictionary
) -> tuple[Note, ...]:
    """A warning where the groups exist for those alone who had the event that is waited for."""
    relapse = dictionary.roles.get("relapse")
    if (
        variable is None
        or variable.population is None
        or variable.population != relapse
        or endpoint.phase != "diagnosis"
    ):
        return ()
    words, had = dictionary.words, word("had_relapse")
    return (
        Note(
            "groups-of-the-event",
            "warning",
            f"{variable.label} exists for {words.plural} who {had} alone, so every {words.noun} in these groups has {had} "
            f"and the curves from {endpoint.origin} only say when.",
            f"Choose an event after {word('start')}, or groups known at {word('phase_diagnosis')}.",
        ),
    )


def note_competing(result: IncidenceComparison) -> tuple[Note, ...]:
    """How many had a competing event first, and why one minus Kaplan–Meier would not do."""
    if not result.frame.n:
        return ()
    others, n = join_words(list(result.others)), result.n_competing
    if not n:
        text = f"No {load_words().noun} had a competing event ({others}) first, so these curves equal one minus Kaplan–Meier."
        return (Note("no-competing-events", "info", text),)
    return (
        Note(
            "competing-events",
            "info",
            f"{format_patients(n)} had a competing event first ({others}) and can no longer have {result.event_label} as the "
            "first event; one minus Kaplan–Meier would treat them as if they still could.",
        ),
    )


def note_few_causes(result: IncidenceComparison) -> tuple[Note, ...]:
    """A caution where the event in question came first in fewer than a full picture asks for."""
    n = result.n_event
    if n >= load_policy().full.events or not result.frame.n:
        return ()
    return (
        Note(
            "few-events",
            "caution",
            f"{start_sentence(result.event_label)} came first in {format_count(n)} of {format_patients(result.frame.n)}. One "
            "event more or less would change the curves, tests and ratios visibly.",
            "Look at the intervals before the curves; do not rank the groups.",
        ),
    )


def note_causes_of_death(events: CompetingEvents, dictionary: Dictionary) -> tuple[Note, ...]:
    """That deaths whose cause is not recorded are a kind of their own, and how many there are."""
    unknown = dict(dictionary[events.endpoint.cause].level_roles).get("unknown cause")
    n = 0 if unknown not in events.causes else events.n_events[events.causes.index(unknown)]
    if not n:
        return ()
    lacking = "" if "cause of death" in dictionary.roles else "This file holds no causes of death. "
    these, their = ("this death is", "its") if n == 1 else ("these deaths are", "their")
    return (
        Note(
            "no-cause-of-death",
            "caution",
            f"{lacking}Of {format_patients(n)} who died first, the cause of death is not recorded: {these} a kind of event of "
            f"{their} own, and {word('unknown deaths')}",
            "Add the causes of death to tell them apart.",
        ),
    )


def note_incomplete_models(events: CompetingEvents, dictionary: Dictionary) -> tuple[Note, ...]:
    """Who is in the curves but not in the models."""
    n = events.n - events.n_complete if events.complete is not None else 0
    if not n:
        return ()
    missing = [f"{dictionary[name].label} in {format_count(m)}" for name, m in events.n_missing if m]
    return (
        Note(
            "incomplete-cases",
            "caution" if n / events.n > 0.1 else "info",
            f"{format_count(n)} of {format_patients(events.n)} ({format_percent(n / events.n, 0)}) {'is' if n == 1 else 'are'} "
            f"in the curves but not in the models of hazard ratios, because a factor is unknown: {', '.join(missing)}.",
            "Drop the factor to keep them.",
        ),
    )


def tabulate_cause_ratios(models: Sequence[CauseRatios], cause: Variable, dictionary: Dictionary) -> tuple[Table, ...]:
    """Cause-specific and subdistribution hazard ratios side by side, the event in question first; nothing without models."""
    if not models:
        return ()
    rows: list[tuple[str, ...]] = []
    indent: list[bool] = []
    for model in models:
        rows.append((start_sentence(cause.level_label(model.cause)), "", "", "", "", ""))
        indent.append(False)
        for rate, share in zip(model.cause_specific.terms, model.subdistribution.terms, strict=True):
            label = name_level(dictionary[rate.variable], rate.level)
            n = f"{format_count(rate.n_event)} of {format_count(rate.n)}"
            rows.append((label, n, *_ratio_cells(rate), *_ratio_cells(share)))
            indent.append(True)
    ratio, first, words = "95 % interval in brackets; 1 means no difference.", models[0], dictionary.words
    # What the models of the event in question say about themselves, each thing once.
    remarks: dict[str, str] = {}
    for note in (*first.cause_specific.notes, *first.subdistribution.notes):
        remarks.setdefault(note.code, note.text)
    return (
        Table(
            title="Hazard ratios of both kinds, for every first event",
            columns=("First event", words.head, "Cause-specific", "p", "Subdistribution", "p"),
            rows=tuple(rows),
            indent=tuple(indent),
            help=(
                "",
                f"In whom it came first, of the {words.plural} in the models",
                f"Cox model of the rate of this event among {words.plural} free of every event. {ratio}",
                f"Against the reference level, by the {first.cause_specific.ratio_test}",
                f"Fine–Gray model of the cumulative incidence of this event. {ratio}",
                f"Against the reference level, by the {first.subdistribution.ratio_test}",
            ),
            caption=" ".join((name_patients(READING), *remarks.values())),
        ),
    )


def _ratio_cells(term: HazardRatio) -> tuple[str, str]:
    if term.is_reference and term.ratio.value is not None:
        return "1 (reference)", ""
    if term.ratio.value is None:
        return "not estimable (no events)" if term.n_event == 0 else say_reason(term.ratio.reason), MISSING
    return ratio_text(term.ratio), format_p_cell(term.p_value, term.p_reason)


def say_cause_ratios(
    models: Sequence[CauseRatios], event: str, variables: Sequence[Variable], dictionary: Dictionary
) -> tuple[str, ...]:
    """Both ratios of each factor for the event in question, in sentences; or why there is none."""
    if not models:
        return ()
    rates, shares = models[0].cause_specific, models[0].subdistribution
    reason = rates.reason or shares.reason
    if reason is not None:
        return (f"No hazard ratio of {event} can be given: {say_reason(reason)}.",)
    sentences = []
    for rate, share in zip(rates.terms, shares.terms, strict=True):
        if rate.is_reference:
            continue
        variable, reference = dictionary[rate.variable], references_of(rates).get(rate.variable)
        others = [v.label for v in variables if v.name != rate.variable]
        sentences.append(describe_two_hazard_ratios(rate, share, variable, reference, event, others))
    some = dictionary.words.plural
    return (
        *sentences,
        f"Hazard ratios are associations in these {some}; they do not say what would happen if a factor changed.",
    )
