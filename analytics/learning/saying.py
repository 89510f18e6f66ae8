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

    Raises
    ------
    KeyError
        If a field has no term, and is no word of the dictionary.
    """
    chinese = {**IN_CHINESE, **_in("zh", terms)}
    return Text(text.en.format_map(_English(_in("en", terms))), text.zh.format_map(chinese))


class _English(dict[str, str]):
    def __missing__(self, name: str) -> str:
        field = f"{{{name}}}"
        said = fill_words(field)
        if said == field:
            raise KeyError(name)
        return said


def _in(language: Language, terms: Mapping[str, str | Text]) -> dict[str, str]:
    return {name: term.said(language) if isinstance(term, Text) else term for name, term in terms.items()}


def both(said: str) -> Text:
    """What is the same in both languages: a number, a name."""
    return Text(said, said)
