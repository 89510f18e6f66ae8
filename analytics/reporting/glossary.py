"""What the words of statistics and of the clinic mean, in each language, and how they are found in a text."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from analytics.dictionary import dictionary_in_hand, load_dictionary, load_words
from analytics.formats import name_patients
from analytics.languages import Language, Text
from analytics.reporting.reliability import load_policy
from analytics.reporting.tables import link_sources

GLOSSARY_PATH = Path(__file__).parents[2] / "data" / "glossary.toml"
WORDS_EXPLAINED = Text("Words explained", "本页术语")
IN_GLOSSARY = Text("Glossary", "术语表")
IN_METHODS = Text("More in Methods", "方法说明（英文）")
NOTHING = Text("", "")
_FIELD = re.compile(r"\{\w+\}")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


@dataclass(frozen=True, slots=True)
class Term:
    """A word with its meaning in a sentence, what goes beyond it, "" for nothing, and the source of what both state.

    ``spellings`` are those that pages have, a small first letter standing for a capital one, too, and ``chinese`` those of
    Chinese texts; ``other_names``, and ``related`` words that are no names of it, are searched for alone. ``anchor`` is the
    entry of the methods page that says how it is done, "" without one. ``is_clinical`` is True for what is of the product's own
    disease, as another one's glossary lacks it.
    """

    name: Text
    spellings: tuple[str, ...]
    meaning: Text
    source: str
    more: Text = NOTHING
    chinese: tuple[str, ...] = ()
    other_names: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    anchor: str = ""
    is_clinical: bool = False

    @property
    def leads_to(self) -> str:
        """The anchor of the methods page's entry that says most of it."""
        return self.anchor or self.own_anchor

    @property
    def own_anchor(self) -> str:
        """Where the term itself stands, in the glossary and on the methods page."""
        return "term-" + re.sub(r"[^a-z0-9]+", "-", self.name.en.lower()).strip("-")

    def say(self, language: Language = "en") -> str:
        """The meaning, with the words of the dictionary in hand and the numbers of the policy in its fields."""
        return fill_fields(self.meaning, language)

    def say_more(self, language: Language = "en") -> str:
        """What goes beyond the meaning, filled likewise."""
        return fill_fields(self.more, language)


@cache
def _read() -> dict[str, Any]:
    with GLOSSARY_PATH.open("rb") as file:
        return tomllib.load(file)


@cache
def load_glossary() -> tuple[Term, ...]:
    """All terms."""
    return tuple(map(_to_term, _read()["terms"]))


def _to_term(entry: Mapping[str, Any]) -> Term:
    chinese = entry.get("spellings_zh", [re.sub(r"\s*\([^)]*\)$", "", entry["name_zh"])])
    return Term(
        name=Text(entry["name"], entry["name_zh"]),
        spellings=tuple(entry["spellings"]),
        meaning=Text(entry["meaning"], entry["meaning_zh"]),
        source=entry["source"],
        more=Text(entry.get("more", ""), entry.get("more_zh", "")),
        chinese=tuple(spelling for spelling in chinese if _CHINESE.search(spelling)),
        other_names=tuple(entry.get("other_names", ())),
        related=tuple(entry.get("related", ())),
        anchor=entry.get("anchor", ""),
        is_clinical=entry.get("is_clinical", False),
    )


def fill_fields(text: Text, language: Language) -> str:
    """A text in a language, its fields filled by the dictionary in hand and the policy; in Chinese by what it calls them."""

    def fill(found: re.Match[str]) -> str:
        said = name_patients(found[0]).replace("{fade_below}", str(load_policy().fade_below))
        if language == "en":
            return said
        chinese: str = _read()["chinese"].get(said, said)
        return chinese

    return _FIELD.sub(fill, text.said(language))


def list_terms() -> tuple[Term, ...]:
    """The terms that the dictionary in hand knows: without variables and endpoints, or a disease, that it does not have."""
    whole = dictionary_in_hand().whole or dictionary_in_hand()
    known = {*(f"variable-{v.name}" for v in whole.variables), *(f"endpoint-{e.name}" for e in whole.endpoints)}
    is_ours = load_words() == load_dictionary().words
    return tuple(
        term
        for term in load_glossary()
        if (not term.anchor.startswith(("variable-", "endpoint-")) or term.anchor in known)
        and (is_ours or not term.is_clinical)
    )


def find_spellings(terms: Iterable[Term]) -> str:
    """A regular expression that finds every spelling, the longest first, in browsers and, by ``re.ASCII``, in Python.

    English ones are words of their own, Chinese ones are found anywhere. Apostrophes may be straight, and dashes have word
    joiners around them.
    """
    terms = tuple(terms)
    english = sorted((spelling for term in terms for spelling in term.spellings), key=len, reverse=True)
    chinese = sorted((spelling for term in terms for spelling in term.chinese), key=len, reverse=True)
    words = rf"(?<![\w-])(?:{'|'.join(map(_pattern_of, english))})(?![\w])"
    return "|".join([*([words] if english else []), *("".join(map(_literal, spelling)) for spelling in chinese)])


def _pattern_of(spelling: str) -> str:
    first = spelling[0]
    start = f"[{first.upper()}{first}]" if first.islower() else _literal(first)
    return start + "".join(map(_literal, spelling[1:]))


def _literal(sign: str) -> str:
    if sign == "–":
        return "\u2060?–\u2060?"
    if sign == " ":
        return "[ \u00a0]"
    return "['’]" if sign in "'’" else sign if sign.isalnum() or sign in "-:%−" else "\\" + sign


def fold_spelling(found: str) -> str:
    """What was found in a text as the key of its term, however it is spelled."""
    return found.replace("\u2060", "").replace("\u00a0", " ").replace("’", "'").lower()


def to_browser(language: Language = "en") -> dict[str, object]:
    """The glossary as a browser takes it: what finds a term, which one it is, and what it says of it in a language.

    A term keeps its number whatever the language and the dictionary: those that the dictionary lacks are None.
    """
    terms = list_terms()
    numbers = {term: i for i, term in enumerate(load_glossary())}
    spelled = {fold_spelling(s): numbers[term] for term in terms for s in (*term.spellings, *term.chinese)}
    said = {term: _to_entry(term, language) for term in terms}
    return {
        "pattern": find_spellings(terms),
        "spelled": spelled,
        "terms": [said.get(term) for term in numbers],
        "labels": [label.said(language) for label in (WORDS_EXPLAINED, IN_GLOSSARY, IN_METHODS)],
    }


def _to_entry(term: Term, language: Language) -> list[str]:
    return [name_term(term, language), term.say(language), link_sources(term.source), term.own_anchor, term.anchor]


def name_term(term: Term, language: Language) -> str:
    """What a term is called: in Chinese with the English name behind, which the pages have."""
    if language == "en" or term.name.zh == term.name.en:
        return term.name.said(language)
    return f"{term.name.zh} · {term.name.en}"
