"""Texts of lessons with their numbers and the words of the dictionary in them, in each language."""

from __future__ import annotations

from collections.abc import Mapping

from analytics.languages import Language, Text
from analytics.speaking import fill_words

# What the other language has for the words that an English text takes from the dictionary.
IN_CHINESE: Mapping[str, str] = {
    "patient": "患儿",
    "patients": "患儿",
    "relapse": "复发",
    "HSCT": "HSCT",
    "CAR-T": "CAR-T",
}


def fill(text: Text, **terms: str | Text) -> Text:
    """The text with ``terms`` in its fields, and the words of the dictionary in ``{patients}``, ``{relapse}`` and so on.

    No term is called as a word of the dictionary is.

    Raises
    ------
    KeyError
        If a field has no term.
    """
    english = fill_words(text.en).format_map(_in("en", terms))
    return Text(english, text.zh.format_map({**IN_CHINESE, **_in("zh", terms)}))


def _in(language: Language, terms: Mapping[str, str | Text]) -> dict[str, str]:
    return {name: term.said(language) if isinstance(term, Text) else term for name, term in terms.items()}


def both(said: str) -> Text:
    """What is the same in both languages: a number, a name."""
    return Text(said, said)
