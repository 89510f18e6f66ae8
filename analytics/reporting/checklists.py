"""What guidelines ask of a report, and where a report of views answers it.

The items stand in ``data/checklists.toml`` in words of our own, each with its guideline's source.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from analytics.reporting.tables import Table

CHECKLISTS_PATH = Path(__file__).parents[2] / "data" / "checklists.toml"
BY_AUTHORS = "To be filled in by the authors"


@dataclass(frozen=True, slots=True)
class Item:
    """What is asked for. ``where`` is the place in a view that answers it, "" for none, if it has what this ``needs``."""

    number: str
    topic: str
    asks: str
    where: str = ""
    needs: str = "view"


@dataclass(frozen=True, slots=True)
class Checklist:
    """The items of one guideline, and its source."""

    name: str
    source: str
    items: tuple[Item, ...]


@cache
def load_checklists() -> tuple[Checklist, ...]:
    """The checklists in the order in which they are shown."""
    with CHECKLISTS_PATH.open("rb") as file:
        read = tomllib.load(file)["checklists"]
    return tuple(Checklist(c["name"], c["source"], tuple(Item(**item) for item in c["items"])) for c in read)


def fill_checklist(checklist: Checklist, parts: Sequence[Collection[str]]) -> Table:
    """The items, each with where a report answers it. ``parts`` say what each chapter of it has, "view" if it is one."""
    rows = tuple((item.number, item.topic, item.asks, _answer(item, parts)) for item in checklist.items)
    columns = ("Item", "Topic", "What is asked for", "In this report")
    return Table(
        f"Checklist: {checklist.name}", columns, rows, caption=f"{checklist.source}. In own words.", words=True
    )


def _answer(item: Item, parts: Sequence[Collection[str]]) -> str:
    if not item.where:
        return BY_AUTHORS
    found = [number for number, has in enumerate(parts, start=1) if item.needs in has]
    if not found:
        return f"{BY_AUTHORS}: no view of this report answers it"
    if len(parts) == 1:
        return item.where
    if len(found) == len(parts):
        return f"{item.where}. All views"
    return f"{item.where}. View{'s' if len(found) > 1 else ''} {_list_spans(found)}"


def _list_spans(numbers: Sequence[int]) -> str:
    """Ascending numbers, neighbours joined ("1, 3–5")."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][-1] + 1:
            spans[-1][1:] = [number]
        else:
            spans.append([number])
    return ", ".join("–".join(map(str, span)) for span in spans)
