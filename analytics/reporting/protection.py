"""What is said where small numbers are protected: how, and what is left out for it."""

from __future__ import annotations

from collections.abc import Sequence

from analytics.cohort.disclosure import Hidden
from analytics.cohort.perturbation import load_noise
from analytics.dictionary import Dictionary, load_words
from analytics.results import Note


def say_experimental() -> str:
    """That the protection of small numbers has not been examined by others yet."""
    return f"The protection of small numbers is experimental: not for real {load_words().plural}."


def say_protection(smallest_cell: int) -> str:
    """How small numbers are protected."""
    words, (bound, _) = load_words(), load_noise()
    some = words.plural
    return (
        f"{say_experimental()} Every number of {some} has noise of at most {bound}, drawn by a key of those who are counted, "
        f"and none below {smallest_cell} is shown. Times are told by months or quarters, and groups with fewer than "
        f"{smallest_cell} {some} of one outcome are left out. Intervals and p values contain the noise; where it could "
        f"move a curve by more than 5 points, that is not shown. Under a curve 0 stands for fewer than {smallest_cell}."
    )


def remark_protection(smallest_cell: int) -> tuple[str, ...]:
    """What a file says of how small numbers were protected; nothing where they are not."""
    return (f"Small numbers are protected. {say_protection(smallest_cell)}",) if smallest_cell else ()


def note_protection(
    hidden: Sequence[Hidden], dictionary: Dictionary, smallest_cell: int
) -> tuple[tuple[Note, ...], Note]:
    """What was left out of a result, to stand before its other notes, and that it is protected, to end them."""
    return note_left_out(hidden, dictionary, smallest_cell), _note_protected(smallest_cell)


def list_protected(smallest_cell: int) -> tuple[Note, ...]:
    """That small numbers are protected, for what is no result; nothing where they are not."""
    return (_note_protected(smallest_cell),) if smallest_cell else ()


def _note_protected(smallest_cell: int) -> Note:
    return Note("protected", "info", say_protection(smallest_cell))


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
            f"Left out, because fewer than {smallest_cell} of these {dictionary.words.plural}, or none, or fewer with one "
            f"outcome, are here: {'; '.join(names)}. They are in none of the numbers of this page.",
            "Loosen a filter, or split by something coarser.",
        ),
    )
