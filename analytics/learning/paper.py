"""One paper read figure by figure: the texts of its cards, with printed and recomputed numbers in their fields."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

from analytics.study.published import Published

PAPER_PATH = Path(__file__).parents[2] / "data" / "paper.toml"

ScaleName = Literal["", "share", "odds ratio", "hazard ratio"]
Extra = Literal["", "risk", "readings"]
_FIELD = re.compile(r"\{([a-z0-9_.]+)\}")


class PaperError(ValueError):
    """The file of cards contradicts itself or the published figures; the message names the card."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a card: a printed figure by its id, or an estimate of the cohort alone by the name it has among the numbers."""

    figure: str = ""
    estimate: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class Way:
    """A link of a card: to the view of a printed figure, or to a page with choices."""

    label: str
    figure: str = ""
    page: str = ""
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Card:
    """One figure, or some that belong together, and what is said of them.

    ``asks`` is what a reader may think about first; ``shows``, ``shows_not`` and ``report`` are behind it, ``more`` is folded
    away. ``scale`` is that of its strips, ``extra`` what else is drawn. All texts may have fields of the numbers.
    """

    id: str
    title: str
    short: str
    asks: str
    shows: tuple[str, ...]
    shows_not: tuple[str, ...]
    report: tuple[str, ...]
    more: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    ways: tuple[Way, ...] = ()
    scale: ScaleName = ""
    extra: Extra = ""

    @property
    def texts(self) -> tuple[str, ...]:
        """All that is said, in order."""
        labels = (*(row.label for row in self.rows), *(way.label for way in self.ways))
        return (self.title, self.short, self.asks, *self.shows, *self.shows_not, *self.report, *self.more, *labels)

    def filled(self, terms: Mapping[str, str]) -> Card:
        """The card with its numbers in place of the fields."""
        put = partial(fill, terms=terms)
        return replace(
            self,
            title=put(self.title),
            short=put(self.short),
            asks=put(self.asks),
            shows=tuple(map(put, self.shows)),
            shows_not=tuple(map(put, self.shows_not)),
            report=tuple(map(put, self.report)),
            more=tuple(map(put, self.more)),
            rows=tuple(replace(row, label=put(row.label)) for row in self.rows),
            ways=tuple(replace(way, label=put(way.label)) for way in self.ways),
        )


@dataclass(frozen=True, slots=True)
class Paper:
    """What a page says of the paper as a whole, and its cards."""

    question: str
    about: str
    synthetic: str
    other_cohort: str
    filtered: str
    risk: tuple[tuple[str, str], ...]
    cards: tuple[Card, ...]

    def say_risk(self, name: str, terms: Mapping[str, str]) -> str:
        """One of the texts beside the control that moves a risk."""
        return fill(dict(self.risk)[name], terms)


def fill(text: str, terms: Mapping[str, str]) -> str:
    """The text with a number in the place of each field.

    Raises
    ------
    KeyError
        If there is no such number.
    """
    return _FIELD.sub(lambda found: terms[found[1]], text)


def fields_of(texts: Iterable[str]) -> frozenset[str]:
    """The names of all fields of some texts."""
    return frozenset(name for text in texts for name in _FIELD.findall(text))


def read_paper(published: Published, path: Path = PAPER_PATH) -> Paper:
    """The cards of a TOML file with ``[page]``, ``[risk]`` and ``[[cards]]``.

    Raises
    ------
    PaperError
        If a card has an unknown key, scale or figure, or shares its id with another.
    """
    with path.open("rb") as file:
        content = tomllib.load(file)
    try:
        cards = tuple(_card(entry, published) for entry in content["cards"])
        paper = Paper(**content["page"], risk=tuple(content["risk"].items()), cards=cards)
    except (KeyError, TypeError) as error:
        raise PaperError(f"{path.name}: {error}. Check its keys.") from error
    ids = [card.id for card in paper.cards]
    if len(set(ids)) < len(ids):
        raise PaperError(f"{path.name}: each id once.")
    return paper


def _card(entry: Mapping[str, Any], published: Published) -> Card:
    entry = dict(entry)
    for name in ("shows", "shows_not", "report", "more"):
        entry[name] = tuple(entry.get(name, ()))
    entry["rows"] = tuple(Row(**row) for row in entry.get("rows", ()))
    entry["ways"] = tuple(_way(way) for way in entry.get("ways", ()))
    card = Card(**entry)
    for name in (*(row.figure for row in card.rows), *(way.figure for way in card.ways)):
        if name:
            published.figure(name)
    if card.scale not in get_args(ScaleName) or card.extra not in get_args(Extra):
        raise PaperError(f"{card.id}: no such scale or extra.")
    return card


def _way(entry: Mapping[str, Any]) -> Way:
    return Way(**{**entry, "choices": tuple(entry.get("choices", {}).items())})
