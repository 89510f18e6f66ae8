"""What is said of the columns of a file, said by their labels: for whoever has never seen the dictionary's names."""

from __future__ import annotations

import re
from functools import lru_cache

from analytics.dictionary import Dictionary

# A name that is a word of its own is meant where one of these stands before it, or where the text begins.
_BEFORE = (
    *(
        "add",
        "and",
        "by",
        "check",
        "column",
        "correct",
        "differs from",
        "empty",
        "for",
        "from",
        "give",
        "in",
        "of",
        "or",
        "set",
    ),
    *("than", "under", "whose", "with", "without", "what", "leave", "multiply", "divide"),
)


def say_by_labels(text: str, dictionary: Dictionary) -> str:
    """A text in which the dictionary's names of columns are replaced by their labels, in quotation marks."""
    labels = {v.name: v.label for v in dictionary.variables}
    return _pattern(tuple(labels)).sub(lambda found: f"“{labels[found[0]]}”", text)


@lru_cache(maxsize=8)
def _pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    """Names of several words wherever they stand, and plain words where they are names."""
    long_first = sorted(map(re.escape, names), key=len, reverse=True)
    several = "|".join(name for name in long_first if "_" in name)
    plain = "|".join(name for name in long_first if "_" not in name)
    where = "|".join(rf"(?<=\b{word} )" for word in (*_BEFORE, *map(str.capitalize, _BEFORE)))
    parts = [rf"\b(?:{several})\b"] if several else []
    parts += [rf"(?:^|{where})(?:{plain})\b"] if plain else []
    return re.compile("|".join(parts))
