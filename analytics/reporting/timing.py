"""The guard of the clock: what is filtered, grouped or adjusted by must be known when it starts.

A child has to live long enough to be given a value that becomes known later. Whether a variable is such a one follows from
its phase in the dictionary and the endpoint's (:func:`analytics.frames.is_post_baseline`), for every analysis and role.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from analytics.dictionary import PHASES, CompetingEndpoint, Endpoint, Variable, dictionary_naming, load_words
from analytics.formats import format_count
from analytics.frames import is_post_baseline, list_treatments
from analytics.reporting.wording import in_sentence, join_words
from analytics.results import Note, Severity

Role = Literal["group", "filter", "adjust"]
CODES: dict[Role, str] = {
    "group": "post-baseline",
    "filter": "post-baseline-selection",
    "adjust": "post-baseline-adjustment",
}
LANDMARK_PAGE = "landmark"
SALVAGE_PAGE = "hsct-cart-chemotherapy"


def note_post_baseline(
    endpoint: Endpoint | CompetingEndpoint,
    *,
    group: Variable | None = None,
    filters: Sequence[Variable] = (),
    adjust: Sequence[Variable] = (),
    strata: Sequence[Variable] = (),
    outcome: Variable | None = None,
) -> tuple[Note, ...]:
    """A note for each role in which a variable is used that becomes known only after the endpoint's clock has started.

    Parameters
    ----------
    endpoint
        What is waited for, and from when.
    group
        The variable that makes the groups compared; None without groups.
    filters
        The variables by which the children are filtered.
    adjust, strata
        The variables of the model, and those within whose levels the groups are compared: one role.
    outcome
        The yes/no variable that is modelled in the place of times; None where times are. What becomes known only with it
        chooses by the outcome itself.

    Returns
    -------
    tuple
        At most one note per role, with the codes of `CODES`. Warnings, but for cautions where a yes/no outcome is modelled
        and the variable comes before it.
    """
    # A landmark cannot compare treatments among children chosen by theirs, nor within its levels.
    drops = tuple(
        dict.fromkeys(v.name for v in (*filters, *strata) if is_treatment(v) and is_post_baseline(v, endpoint))
    )
    notes: list[Note] = []
    for role, variables in (("group", [group]), ("filter", filters), ("adjust", [*adjust, *strata])):
        late = [v for v in variables if v is not None and is_post_baseline(v, endpoint)]
        if not late:
            continue
        if role == "group":
            notes.append(_note_group(late[0], endpoint))
        elif role == "filter":
            notes.append(_note_filter(late, endpoint, outcome))
        else:
            notes.append(_note_adjust(late, endpoint, outcome, in_model=any(v in adjust for v in late)))
    return tuple(replace(note, drops=drops) if note.link else note for note in notes)


def note_balanced(variables: Sequence[Variable], endpoint: Endpoint, day: int) -> tuple[Note, ...]:
    """A caution where groups at a landmark are made alike in what became known after the endpoint's clock had started.

    The clock starts at the landmark there, ``day`` days later, and the day on which the variables became known is not on
    record.
    """
    late = [in_sentence(v.label) for v in variables if is_post_baseline(v, endpoint)]
    if not late:
        return ()
    return (
        Note(
            "balanced-after-start",
            "caution",
            f"The day on which {join_words(late)} became known is not on record; it is taken to lie before the landmark (day "
            f"{format_count(day)}). Where it was later, it may be a result of the treatment and must not be balanced.",
            "Leave it out and see whether the answer holds.",
        ),
    )


def is_treatment(variable: Variable) -> bool:
    """True if the variable says which treatment was given after relapse, or when: what the landmark page compares."""
    made_from = variable.derivation.source if variable.derivation is not None else ()
    treatments = {_salvage_treatment(), *list_treatments()}
    return variable.name in treatments or bool(treatments & set(made_from))


def _salvage_treatment() -> str:
    return dictionary_naming("salvage treatment").role("salvage treatment")


def _note_group(variable: Variable, endpoint: Endpoint | CompetingEndpoint) -> Note:
    if isinstance(endpoint, CompetingEndpoint):
        bias = "Groups that take time to reach therefore seem to have fewer early events than they do (immortal time)."
    else:
        bias = f"{_outcome(endpoint).capitalize()} therefore looks better in groups that take time to reach (immortal time)."
    link, words = _link([variable], endpoint), load_words()
    remedy = (
        f"Compare the treatments among {words.plural} followed to a landmark, or with treatment counted from its day on."
        if link
        else "Choose an endpoint whose clock starts once it is known. Where there is none, only a landmark would do: a day by "
        f"which it is known, and the {words.plural} followed beyond it. Otherwise read this as a description."
    )
    text = (
        f"{variable.label} becomes known only after the clock has started (at {endpoint.origin}): a {words.noun} has to "
        f"{_waiting(endpoint)} to be placed in a group. {bias}"
    )
    return Note(CODES["group"], "warning", text, remedy, link)


def _note_filter(late: Sequence[Variable], endpoint: Endpoint | CompetingEndpoint, outcome: Variable | None) -> Note:
    labels, one, words = join_words([v.label for v in late]), len(late) == 1, load_words()
    which = "that filter" if one else "those filters"
    if outcome is not None:
        what = in_sentence(outcome.label)
        return Note(
            CODES["filter"],
            _severity(late, outcome),
            f"The {words.plural} are chosen by what became known only after {endpoint.origin}: {labels}. Those in whom {what} or "
            f"death came before are left out or count as unknown. That changes how often {what} is seen, and with it every odds "
            "ratio.",
            f"Clear {which} to see which factors go with {what}.",
        )
    link = _link(late, endpoint)
    return Note(
        CODES["filter"],
        "warning",
        f"The {words.plural} are chosen by what became known only after the clock had started (at {endpoint.origin}): {labels}. "
        f"Those who {_had(endpoint)} before {'it' if one else 'they'} could be known are left out or count as unknown, so "
        f"{_outcome(endpoint)} here is not that of {words.plural} at the start.",
        f"Clear {which} to see everyone from the start."
        + (f" To compare the treatments, take the {words.plural} followed to a landmark." if link else ""),
        link,
    )


def _note_adjust(
    late: Sequence[Variable], endpoint: Endpoint | CompetingEndpoint, outcome: Variable | None, *, in_model: bool
) -> Note:
    labels, one, words = join_words([v.label for v in late]), len(late) == 1, load_words()
    it, lies, known = ("it", "it lies", "it is known") if one else ("them", "they lie", "they are known")
    if outcome is not None:
        what = in_sentence(outcome.label)
        return Note(
            CODES["adjust"],
            _severity(late, outcome),
            f"{labels} became known only after {endpoint.origin}. A {words.noun} in whom {what} or death comes first has no "
            f"value and is not in the model; and where {lies} on the way from an earlier factor to {what}, the odds ratio of "
            f"that factor is only what is left beside {it}.",
            f"Leave {it} out, or read the odds ratios of each factor alone, to see what goes with {what} from the start.",
        )
    link = _link(late, endpoint)
    levels = "its" if one else "their"
    use = f"the model includes {it}" if in_model else f"the groups are compared within {levels} levels"
    remedy = f"Leave {it} out, or choose an endpoint whose clock starts once {known}."
    if link:
        remedy += f" Treatments can be compared among {words.plural} followed to a landmark."
    return Note(
        CODES["adjust"],
        "warning",
        f"{labels} became known only after the clock had started (at {endpoint.origin}), and {use}. A {words.noun} had to "
        f"{_waiting(endpoint)} to have a value: that favours the levels that take time to reach and changes every comparison "
        f"made beside {it}; and where {lies} on the way to the event, part of what goes with the other factors is hidden.",
        remedy,
        link,
    )


def _link(late: Sequence[Variable], endpoint: Endpoint | CompetingEndpoint) -> str:
    """The page that can answer instead: of the three salvage treatments with one another, or of one against not yet."""
    if not isinstance(endpoint, Endpoint) or not any(map(is_treatment, late)):
        return ""
    return SALVAGE_PAGE if any(v.name == _salvage_treatment() for v in late) else LANDMARK_PAGE


def _severity(late: Sequence[Variable], outcome: Variable) -> Severity:
    """A warning where what is used is known only with the outcome or after it, else a caution."""
    known = PHASES.index(outcome.phase)
    return "warning" if any(PHASES.index(v.phase) >= known for v in late) else "caution"


def _outcome(endpoint: Endpoint | CompetingEndpoint) -> str:
    """What is estimated, inside a sentence."""
    if isinstance(endpoint, CompetingEndpoint):
        return "the incidence"
    return "survival" if endpoint.is_death else in_sentence(endpoint.y_title)


def _waiting(endpoint: Endpoint | CompetingEndpoint) -> str:
    is_survival = isinstance(endpoint, Endpoint) and endpoint.is_death
    return "live long enough" if is_survival else "stay free of events long enough"


def _had(endpoint: Endpoint | CompetingEndpoint) -> str:
    return endpoint.had if isinstance(endpoint, Endpoint) else "had an event"
