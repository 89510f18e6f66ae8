"""What estimators remark, in words: the one table of the notes that come with terms alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from analytics.dictionary import Dictionary, dictionary_in_hand
from analytics.reporting.reasons import Terms, say_reason, speak
from analytics.results import Note, Result

_OR_JOIN = "join small levels where that makes clinical sense."
_RELY = f"Rely on the interval rather than on the {{measure}}, or {_OR_JOIN}"
_WITHOUT = "{found}. Maximum likelihood has no finite {measure} for this (separation). "
_NOT_SHOWN = "The {measure}s concerned are not shown."

# By code, and kind where one code is said in several ways: what is so, and what to do. Terms stand in braces as in
# reasons; {found} are sentences, {sets} sets of groups, {cells} pairs of a group and a subgroup.
NOTE_WORDS: Mapping[tuple[str, str], tuple[str, str]] = {
    ("collinear", ""): (
        "{name} has no {measure} of its own: among these {n:counted} it is a combination of {names}.",
        "Leave one of them out of the model.",
    ),
    ("collinear", "no-variation"): (
        "{name} has no hazard ratio: it does not vary among those at risk together at an event.",
        "Leave it out of the model, or do not stratify by what determines it.",
    ),
    ("early-zero", ""): (
        "The curve of {group} falls to 0 at {months:months}, where {n:everybody} then at risk had "
        "the event, and stays there although {later:counted} came into it later.",
        "Start the curves at a landmark by which more {patients} are in the state.",
    ),
    ("events-per-parameter", "with-event"): (
        "{n:counted} with the event for {n_parameters} estimated {n_parameters:parameter|parameters}: {ratio:.1f} per parameter.",
        "{n_parameters:R|Choose fewer covariates, or r}ead the {measure}s as exploratory.",
    ),
    ("events-per-parameter", "without-event"): (
        "{n:counted} without the event for {n_parameters} estimated {n_parameters:parameter|parameters}: {ratio:.1f} per "
        "parameter.",
        "{n_parameters:R|Choose fewer covariates, or r}ead the {measure}s as exploratory.",
    ),
    ("excluded-before-landmark", ""): (
        "{n:counted} of {n_all:count} left out: {n_event:count} with the event up to the landmark, {n_censored:count} not "
        "followed "
        "beyond it.",
        "The comparison speaks of {patients} who reach the landmark, not of all.",
    ),
    ("few-at-risk", ""): (
        "{group}: {n:patients} {n:is|are} still followed at {months:months}, so the end of the curve is uncertain.",
        "Choose an earlier horizon and see whether the means still differ.",
    ),
    ("few-clusters", ""): (
        "The robust standard errors rest on {n} {n:cluster|clusters}. With fewer than {least} they are too small as a "
        "rule, and so "
        "are the p values.",
        "Stratify by the cluster instead.",
    ),
    ("group-not-compared", ""): (
        "{group} ({n:patients}) does not enter the test: none was at risk beside another group at an event that could tell them "
        "apart.",
        "Look at when their follow-up ends before reading the test as one of all groups.",
    ),
    ("group-not-compared", "cause"): (
        "{group} ({n:patients}) does not enter the test: none was at risk beside another group at an event of this cause.",
        "Look at when their follow-up ends before reading the test as one of all groups.",
    ),
    ("groups-compared-apart", ""): (
        "The groups were never at risk together across these sets: {sets}.",
        "The test compares groups within each set only: check how the strata divide the groups.",
    ),
    ("groups-joined", ""): (
        "{distinct} distinct predictions of {n} {patients} make {made} groups instead of {groups}.",
        "",
    ),
    ("imbalance", ""): (
        "After weighting the arms still differ in {names} (standardised difference up to {largest:.2f}; {negligible:g} counts as "
        "negligible).",
        "Use overlap weights, or read the comparison as adjusted in part only.",
    ),
    ("immortal-time", ""): (
        "{n:patients} {n:counts|count} as treated from the start, although treatment began later: nobody who is to be "
        "treated can "
        "die while waiting, which favours treatment.",
        "Use treatment as it changes over time, or a landmark.",
    ),
    ("interaction-sparse", "none"): (
        "Nobody had the event in: {cells}. The test of interaction is approximate at best.",
        "Join subgroups where that makes clinical sense, or leave the question open.",
    ),
    ("interaction-sparse", "none-or-all"): (
        "Nobody or everybody had the event in: {cells}. The test of interaction is approximate at best.",
        "Join subgroups where that makes clinical sense, or leave the question open.",
    ),
    ("missing-excluded", ""): ("{n:.0f} of {n_all:.0f} {patients} without {name} were left out of its model.", ""),
    ("no-events", ""): (
        "{group}: none of {n:patients} had the event up to {months:months}, so nothing was lost and there is no interval.",
        "Read it beside the number of {patients}: a few without an event are no proof of none to come.",
    ),
    ("reference-empty", ""): (
        "No {patient} has {empty}, so its {measure}s compare with {reference} instead.",
        "Widen the filter if the usual reference level is meant.",
    ),
    ("resamples-failed", ""): (
        "{failed} of {drawn} resamples gave no model and are left out of the correction.",
        f"Choose fewer covariates, or {_OR_JOIN}",
    ),
    ("resamples-penalised", "no-maximum"): (
        "In {n} of {fitted} resamples the likelihood had no maximum (separation); these models use Firth's penalised likelihood.",
        "",
    ),
    ("resamples-penalised", "outcomes-told-apart"): (
        "In {n} of {fitted} resamples the covariates told outcomes apart (separation); these models use Firth's penalised "
        "likelihood.",
        "",
    ),
    ("separation", "monotone"): (
        f"{_WITHOUT}{_NOT_SHOWN}",
        f"Use Firth's penalised likelihood, or {_OR_JOIN}",
    ),
    ("separation", "penalised"): (f"{_WITHOUT}Firth's penalised likelihood is used instead.", _RELY),
    ("separation", "separated"): (f"{_WITHOUT}{_NOT_SHOWN}", "Use Firth's penalised likelihood."),
    ("separation", "subdistribution"): (
        "{found}. There is no finite {measure} for this (monotone likelihood), and none is shown.",
        f"Compare the cumulative incidences instead, or {_OR_JOIN}",
    ),
    ("separation", "weighted"): (
        "{found}. There is no finite odds ratio for this (separation), and Firth's penalised likelihood does not know weights. "
        "The odds ratios concerned are not shown.",
        f"Choose another horizon or any time, or {_OR_JOIN}",
    ),
    ("single-level", ""): ("{name} cannot be compared: {why}.", "Leave it out of the model or widen the filter."),
    ("stopped", ""): ("The bootstrap was stopped after {drawn} of {replicates} resamples.", ""),
    ("switch-after-landmark", ""): (
        "{n:counted} {n:changes|change} treatment after the landmark and {n:stays in the group|stay in the groups} of then.",
        "Such {patients} make the groups more alike: look at an earlier and a later landmark, too.",
    ),
    ("switching-risk-sets", ""): (
        "{n_moving:count} of {n:counted} {n_moving:moves|move} from one curve to another when treated, so no curve is the "
        "survival "
        "of a fixed group of {patients}.",
        "Read the curves as a description; compare with the Mantel–Byar test or at a landmark.",
    ),
    ("uninformative", ""): (
        "{name} has no {measure}: at the times of the events, nobody at risk differs in it alone.",
        "Look at when these {patients} leave follow-up, or leave it out of the model.",
    ),
}


def say_note(note: Note, dictionary: Dictionary | None = None) -> Note:
    """The note with its words; one that has words already as it is. Without a dictionary they are those of the one in hand."""
    if note.text:
        return note
    dictionary = dictionary or dictionary_in_hand()
    terms = Terms({"names": "the other covariates", **dict(note.terms)}, dictionary)
    for name, between in (("found", ". "), ("sets", "; "), ("cells", "; ")):
        if name in terms:
            inner = " and " if name == "sets" else ", "
            parts = [
                inner.join(part) if isinstance(part, tuple) else say_reason(part, dictionary) for part in terms.of(name)
            ]
            terms.add(name, between.join(parts))
    text, remedy = (words.format_map(terms) for words in NOTE_WORDS[note.code, note.kind])
    subgroup = note.get("subgroup")
    return replace(
        note,
        text=text if subgroup is None else f"{speak(subgroup, dictionary)}: {text}",
        remedy=remedy,
        terms=(),
        kind="",
    )


def say_notes(value: Any, dictionary: Dictionary | None = None) -> Any:
    """A result, or a tuple or mapping of results, in which every note has its words."""
    if isinstance(value, Note):
        return say_note(value, dictionary)
    if isinstance(value, tuple):
        said = tuple(say_notes(item, dictionary) for item in value)
        return said if any(a is not b for a, b in zip(said, value, strict=True)) else value
    if isinstance(value, dict):
        changed = {key: new for key, item in value.items() if (new := say_notes(item, dictionary)) is not item}
        return {**value, **changed} if changed else value
    if not isinstance(value, Result):
        return value
    old = {field.name: getattr(value, field.name) for field in fields(value) if field.init}
    new = {name: said for name, item in old.items() if (said := say_notes(item, dictionary)) is not item}
    return replace(value, **new) if new else value
