"""What is said where small numbers are protected: how, that it is an experiment, and what is left out for it."""

from __future__ import annotations

from collections.abc import Sequence

from analytics.cohort.disclosure import Hidden
from analytics.dictionary import Dictionary, load_words
from analytics.results import Note


def say_experimental() -> str:
    """That the protection of small numbers is no more than an experiment yet."""
    return f"The protection of small numbers is experimental: not for real {load_words().plural}."


def say_protection(smallest_cell: int) -> str:
    """How small numbers are protected, and that it is no more than an experiment yet."""
    some = load_words().plural
    return (
        f"{say_experimental()} Every number of {some} is rounded to a multiple of {smallest_cell}, times to a week that at "
        f"least {smallest_cell} {some} share, and groups with fewer {some}, or with fewer of one outcome, are left out. "
        "Estimates are made from these numbers: they differ a little from those of the records, and where treatment begins "
        "at different times by up to one and a half standard errors."
    )


def note_protection(
    hidden: Sequence[Hidden], dictionary: Dictionary, smallest_cell: int
) -> tuple[tuple[Note, ...], Note]:
    """What was left out of a result, to stand before its other notes, and that it is protected, to end them."""
    left_out = note_left_out(hidden, dictionary, smallest_cell)
    return left_out, Note("protected", "info", say_protection(smallest_cell))


def note_left_out(hidden: Sequence[Hidden], dictionary: Dictionary, smallest_cell: int) -> tuple[Note, ...]:
    """What was left out of a result to protect small numbers, and what would bring it back."""
    if not hidden:
        return ()
    names = []
    for h in hidden:
        variable = dictionary[h.variable]
        names.append(
            f"{variable.label}: {variable.level_label(h.level) if variable.is_coded else variable.missing_label}"
        )
    return (
        Note(
            "suppressed",
            "caution",
            f"Left out, because fewer than {smallest_cell} of these {dictionary.words.plural}, or fewer with one outcome, "
            f"are here: {'; '.join(names)}. They are in none of the numbers of this page.",
            "Loosen a filter, or split by something coarser.",
        ),
    )
