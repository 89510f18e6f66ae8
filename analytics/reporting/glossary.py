"""What the words of statistics and of the clinic mean, and how they are found in a text."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from analytics.dictionary import Words, dictionary_in_hand, load_words
from analytics.formats import name_patients
from analytics.reporting.reliability import load_policy
from analytics.reporting.tables import link_sources

GLOSSARY_PATH = Path(__file__).parents[2] / "data" / "glossary.toml"


@dataclass(frozen=True, slots=True)
class Term:
    """A word with its meaning in one or two sentences and the source of what it states.

    ``spellings`` are those that pages have, a small first letter standing for a capital one, too; ``anchor`` is the entry
    of the methods page that says more, the term's own unless there is another.
    """

    name: str
    spellings: tuple[str, ...]
    meaning: str
    source: str
    anchor: str = ""

    @property
    def more(self) -> str:
        """The anchor of the entry that says most of it."""
        return self.anchor or self.own_anchor

    @property
    def said(self) -> str:
        """The meaning, with the words of the dictionary in hand and the numbers of the policy in its fields."""
        return name_patients(self.meaning).replace("{fade_below}", str(load_policy().fade_below))

    @property
    def own_anchor(self) -> str:
        """Where the term itself stands on the methods page."""
        return "term-" + re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")


@cache
def load_glossary() -> tuple[Term, ...]:
    """All terms."""
    with GLOSSARY_PATH.open("rb") as file:
        entries = tomllib.load(file)["terms"]
    return tuple(Term(**{**entry, "spellings": tuple(entry["spellings"])}) for entry in entries)


def list_terms() -> tuple[Term, ...]:
    """The terms, without those that explain a variable or an endpoint which the dictionary in hand does not know."""
    whole = dictionary_in_hand().whole or dictionary_in_hand()
    known = {*(f"variable-{v.name}" for v in whole.variables), *(f"endpoint-{e.name}" for e in whole.endpoints)}
    return tuple(t for t in load_glossary() if not t.anchor.startswith(("variable-", "endpoint-")) or t.anchor in known)


def find_spellings(terms: Iterable[Term]) -> str:
    """A regular expression that finds every spelling as a word of its own, the longest first, in Python and in browsers.

    Apostrophes may be straight, and dashes have word joiners around them.
    """
    spellings = sorted((spelling for term in terms for spelling in term.spellings), key=len, reverse=True)
    return rf"(?<![\w-])(?:{'|'.join(map(_pattern_of, spellings))})(?![\w])"


def _pattern_of(spelling: str) -> str:
    first = spelling[0]
    start = f"[{first.upper()}{first}]" if first.islower() else _literal(first)
    return start + "".join(map(_literal, spelling[1:]))


def _literal(sign: str) -> str:
    if sign == "–":
        return "\u2060?–\u2060?"
    if sign == " ":
        return "[ \u00a0]"
    return "['’]" if sign in "'’" else sign if sign.isalnum() or sign in "-:%" else "\\" + sign


def fold_spelling(found: str) -> str:
    """What was found in a text as the key of its term, however it is spelled."""
    return found.replace("\u2060", "").replace("\u00a0", " ").replace("’", "'").lower()


def to_browser() -> dict[str, object]:
    """The glossary as a browser takes it: what finds a term, which one it is, and what it says of it."""
    return _speak(load_words(), list_terms())


@cache
def _speak(words: Words, terms: tuple[Term, ...]) -> dict[str, object]:
    return {
        "pattern": find_spellings(terms),
        "spelled": {fold_spelling(spelling): i for i, term in enumerate(terms) for spelling in term.spellings},
        "terms": [[t.name, t.said, link_sources(t.source), t.more] for t in terms],
    }
