"""The words of the dictionary in hand, in texts that stand in the code."""

from __future__ import annotations

import re

from analytics.dictionary import Dictionary, dictionary_in_hand, dictionary_naming, dictionary_with
from analytics.words import GENERAL

_FIELD = re.compile(r"\{([^{}]+)\}")
GIVEN = "salvage treatment"  # the role of what was given


def word(name: str) -> str:
    """What a text says under a name: a phrase of the dictionary, or what it calls a treatment; "Relapse" begins a sentence.

    Raises
    ------
    KeyError
        If neither the dictionary nor the code has such a phrase.
    """
    found = _find(name)
    if found is None:
        raise KeyError(f"{name!r} is no phrase. Add it under [words.phrases].")
    return found


def fill_words(text: str) -> str:
    """A text with the words in its fields: ``{patients}``, ``{relapse}``, ``{HSCT}``; with a capital where a sentence begins.

    Other fields stay.
    """

    def say(found: re.Match[str]) -> str:
        text = _find(found[1])
        return found[0] if text is None else text

    return _FIELD.sub(say, text) if "{" in text else text


def name_phase(phase: str) -> str:
    """What a phase is called: the first, and that of the role "relapse", have words of the dictionary."""
    key = f"phase_{phase}"
    return word(key) if key in GENERAL else phase


def _find(name: str) -> str | None:
    known = dictionary_in_hand().whole or dictionary_in_hand()
    for key in (name, name[:1].lower() + name[1:]):
        text = _say(key, known)
        if text is not None:
            filled = fill_words(text)
            return filled if key == name else filled[:1].upper() + filled[1:]
    return None


def _say(key: str, known: Dictionary) -> str | None:
    words = known.words
    nouns = {"patient": words.noun, "patients": words.plural}
    others = dictionary_with(lambda some: key in some.words.phrases).words.phrases if key not in GENERAL else {}
    for text in (nouns.get(key), words.phrases.get(key), _follow(key, known), GENERAL.get(key), others.get(key)):
        if text is not None:
            return text
    return None


def _follow(key: str, known: Dictionary) -> str | None:
    """What follows from variables: the names of treatments, and the day from which they count."""
    given, roles = dictionary_naming(GIVEN), known.roles
    levels = dict(given[given.role(GIVEN)].level_roles)
    if key == "CAR-T or HSCT":
        return " or ".join(levels[t] for t in ("CAR-T", "HSCT") if t in levels) or None
    if key == "clock":
        day = roles.get("HSCT day", roles.get("CAR-T day"))
        return known[day].unit.removeprefix("days from ") if day else None
    return levels.get(key)
