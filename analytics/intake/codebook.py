"""A table that describes the columns of another: labels, choices, check boxes, and what tells who somebody is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from analytics.intake.exports import Export
from analytics.intake.tables import SourceTable

TICK = "___"  # between a field and the code of one of its boxes
_MARKUP = re.compile(r"<[^>]*>")
_YES_NO = (("1", "yes"), ("0", "no"))
_TRUE_FALSE = (("1", "true"), ("0", "false"))


@dataclass(frozen=True, slots=True)
class Codebook:
    """What is known of columns, by their names: the label, what stands for what, and which tell who somebody is.

    A check box is a column of its own, ``field___code``; its label is that of the field and of the choice.
    """

    labels: dict[str, str] = field(default_factory=dict)
    choices: dict[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    identifiers: tuple[str, ...] = ()
    boxes: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """True if nothing is known."""
        return not self.labels


def split_codebook(
    tables: Sequence[SourceTable], export: Export | None
) -> tuple[tuple[SourceTable, ...], Codebook, str]:
    """The tables without the one that describes the others, what it says, and the name of the first field, the record's key.

    Without an export that has a codebook, or without its table, all tables and an empty codebook.
    """
    keys = dict(export.codebook) if export else {}
    book = next((t for t in tables if keys and {keys["field"], keys["label"]} <= set(t.columns)), None)
    if book is None:
        return tuple(tables), Codebook(), ""
    others = tuple(table for table in tables if table is not book)
    described = [{key: str(row.get(name) or "") for key, name in keys.items()} for row in _rows(book)]
    return others, _read(described), described[0]["field"] if described else ""


def _rows(book: SourceTable) -> list[dict[str, object]]:
    frame = book.frame.astype(object).where(book.frame.notna(), None)
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def _read(described: Sequence[dict[str, str]]) -> Codebook:
    labels: dict[str, str] = {}
    choices: dict[str, tuple[tuple[str, str], ...]] = {}
    boxes: dict[str, tuple[str, ...]] = {}
    identifiers = []
    for entry in described:
        name, kind = entry["field"].strip(), entry.get("type", "").strip().casefold()
        label = " ".join(_MARKUP.sub(" ", entry["label"]).split()) or name
        if not name:
            continue
        if entry.get("identifier", "").strip().casefold() in ("y", "yes"):
            identifiers.append(name)
        listed = read_choices(entry.get("choices", ""))
        if kind == "checkbox":
            columns = {code: f"{name}{TICK}{code.casefold().replace('-', '_')}" for code, _ in listed}
            boxes[name] = tuple(columns.values())
            for code, choice in listed:
                labels[columns[code]] = f"{label}: {choice}"
                choices[columns[code]] = _YES_NO
            continue
        labels[name] = label
        if kind in ("radio", "dropdown") and listed:
            choices[name] = listed
        elif kind in ("yesno", "truefalse"):
            choices[name] = _YES_NO if kind == "yesno" else _TRUE_FALSE
    return Codebook(labels, choices, tuple(identifiers), boxes)


def read_choices(text: str) -> tuple[tuple[str, str], ...]:
    """Codes and what they stand for, of "1, Yes | 2, No"; what has no comma is no choice (a calculation)."""
    pairs = (part.partition(",") for part in text.split("|"))
    return tuple((code.strip(), " ".join(_MARKUP.sub(" ", label).split())) for code, comma, label in pairs if comma)
