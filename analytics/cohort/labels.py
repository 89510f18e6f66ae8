"""What is said of the columns of a file, said by their labels: for whoever has never seen the dictionary's names."""

from __future__ import annotations

import re

from analytics.dictionary import Dictionary

# A name that is a word of its own is meant where one of these stands before it, or where the text begins.
_BEFORE = frozenset(
    (
        *("add", "and", "by", "check", "column", "correct", "empty", "for", "from", "give", "in"),
        *("leave", "multiply", "divide", "of", "or", "set", "than", "under", "what", "whose", "with", "without"),
    )
)
_WORD = re.compile(r"\w+")


def say_by_labels(text: str, dictionary: Dictionary) -> str:
    """A text in which the dictionary's names of columns are replaced by their labels, in quotation marks."""
    labels = {v.name: v.label for v in dictionary.variables}

    def say(found: re.Match[str]) -> str:
        name, before = found[0], text[: found.start()].split(" ")
        is_meant = "_" in name or found.start() == 0 or (len(before) > 1 and before[-2].casefold() in _BEFORE)
        return f"“{labels[name]}”" if name in labels and is_meant else name

    return _WORD.sub(say, text)
