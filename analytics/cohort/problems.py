"""What is wrong with a file of patients, where, and what to do: everything that was found, in one error."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from analytics.dictionary import Words
from analytics.formats import shorten
from analytics.results import Note

N_SHOWN = 5  # places that a message names
MOST_PROBLEMS = 50
LONGEST_SENTENCE = 600


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a file (with the numbers), where, and what to do about it; each on one line and cut short."""

    what: str
    where: str
    remedy: str

    def __post_init__(self) -> None:
        for name in ("what", "where", "remedy"):
            object.__setattr__(self, name, shorten(getattr(self, name), LONGEST_SENTENCE))

    def __str__(self) -> str:
        return f"{self.what} ({self.where}). {self.remedy}" if self.where else f"{self.what}. {self.remedy}"


class CohortError(ValueError):
    """A file that cannot be used; ``problems`` holds everything found up to a limit, the text has one line for each.

    ``notes`` are remarks on its columns (renamed, left out), which may explain a problem.
    """

    def __init__(self, problems: Iterable[Problem], notes: Iterable[Note] = ()) -> None:
        found = tuple(problems)
        self.problems = found[:MOST_PROBLEMS]
        if len(found) > MOST_PROBLEMS:
            more = f"{len(found) - MOST_PROBLEMS} further problems are not listed"
            self.problems += (Problem(more, "", "Mend those above, then open the file again."),)
        self.notes = tuple(notes)
        super().__init__("\n".join(map(str, self.problems)))


class UnreachableError(CohortError):
    """A database that does not answer, or not any more: the same may work a little later."""


def list_places(words: Words, names: Sequence[str], n: int) -> str:
    """The first of ``n`` places by their names, and how many more there are ("patients A; B and 3 more")."""
    more = f" and {n - len(names)} more" if n > len(names) else ""
    return f"{words.of(n)} {'; '.join(names)}{more}"
