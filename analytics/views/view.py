"""A view: page, filter, parameters and data version; the address of what is seen, and its only home."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from analytics.analysis import Control
from analytics.cohort.filters import CohortFilter
from analytics.dictionary import Dictionary
from analytics.results import Note

DATA_KEY = "data"
MOST_CHOICES = 12  # named in a note; a longer list is not read


@dataclass(frozen=True, slots=True)
class View:
    """What a link reproduces. ``params`` are (control name, value) pairs in the order of the controls.

    A value is text for "one", a tuple of texts for "many", a bool for "toggle" and an int for "number".
    """

    page: str
    filter: CohortFilter
    params: tuple[tuple[str, Any], ...]
    data_version: str

    def to_query(self, dictionary: Dictionary, controls: Sequence[Control]) -> dict[str, list[str]]:
        """Every parameter as text, defaults included, so that a link keeps its meaning when a default changes."""
        query = self.filter.to_query(dictionary)
        values = dict(self.params)
        for control in controls:
            query[control.name] = control.to_text(values[control.name])
        query[DATA_KEY] = [self.data_version]
        return query

    def to_link(self, address: str, dictionary: Dictionary, controls: Sequence[Control]) -> str:
        """The whole link; ``address`` is the page's address without a query."""
        return write_link(address, self.to_query(dictionary, controls))


def write_link(address: str, query: Mapping[str, Sequence[str]]) -> str:
    """The whole link of an address and the texts of its parameters."""
    return f"{address}?{urlencode(query, doseq=True)}"


def answer_link(
    note: Note,
    view: View,
    dictionary: Dictionary,
    controls: Sequence[Control],
    beside: Mapping[str, Sequence[str]] | None = None,
) -> str:
    """The link, from page to page, to the one that a note offers: with the view's filter but for what the note drops.

    ``controls`` are those of that page; the choices that it shares with the view are taken along. ``beside`` is what the
    link says after the rest.
    """
    values, cohort_filter = dict(view.params), view.filter
    for variable in note.drops:
        cohort_filter = cohort_filter.without(variable)
    shared = [c for c in controls if c.name in values and c.allows(values[c.name]) and values[c.name] not in note.drops]
    there = View(note.link, cohort_filter, view.params, view.data_version)
    return write_link(note.link, there.to_query(dictionary, shared) | dict(beside or {}))


def read_params(
    query: Mapping[str, Sequence[str]], controls: Sequence[Control]
) -> tuple[dict[str, Any], tuple[Note, ...]]:
    """The values that a link asks for, by control, and a note for each that cannot be used. Absent controls are left out."""
    values: dict[str, Any] = {}
    notes: list[Note] = []
    for control in controls:
        if control.name not in query:
            continue
        texts = [text for text in query[control.name] if text != ""]
        if control.kind == "toggle":
            known = {"true": True, "false": False}
            wanted: list[Any] = [known[t.lower()] for t in texts if t.lower() in known]
            unknown = [t for t in texts if t.lower() not in known]
        else:
            wanted = [value for t in texts if (value := control.value(t)) is not None]
            unknown = [t for t in texts if control.value(t) is None]
        if control.kind == "many":
            if wanted or not unknown:
                values[control.name] = tuple(dict.fromkeys(wanted))
        elif wanted:
            values[control.name] = wanted[-1]
        for text in dict.fromkeys(unknown):
            notes.append(
                Note(
                    "link-unknown-choice",
                    "caution",
                    f"The link asks for {control.label.lower()} “{_short(text)}”, which is not offered here.",
                    _offer(control),
                )
            )
    return values, tuple(notes)


def _offer(control: Control) -> str:
    if control.kind == "number":
        return "Choose a whole number from {} to {}.".format(*control.limits)
    labels = [label for _, label in control.options if label] or ["true", "false"]
    return f"Choose one of: {', '.join(labels[:MOST_CHOICES])}{', …' if len(labels) > MOST_CHOICES else ''}."


def describe_data_version(query: Mapping[str, Sequence[str]], data_version: str) -> tuple[Note, ...]:
    """A note if the link was made with other data than what is open now."""
    asked = list(query.get(DATA_KEY, []))
    if not asked or asked[-1] == data_version:
        return ()
    return (
        Note(
            "link-other-data",
            "caution",
            f"The link was made with data version {_short(asked[-1])}; version {data_version} is open, "
            "so the numbers may differ.",
            "Open the file that the link was made with to see the same numbers.",
        ),
    )


def _short(text: str, longest: int = 40) -> str:
    """Text of a link as a note may repeat it: on one line and cut short."""
    text = "".join(character if character.isprintable() else " " for character in text)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
