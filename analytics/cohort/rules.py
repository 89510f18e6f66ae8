"""Disclosure rules: what of a true answer is given out. Nobody else opens one."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.cohort.counts import Exact, Range
from analytics.cohort.disclosure import (
    LARGEST_CELL,
    LEAST_CELL,
    Hidden,
    SuppressedError,
    protect_cells,
    protect_margins,
    round_count,
    round_many,
    round_table,
)
from analytics.cohort.filters import CohortFilter, Funnel
from analytics.dictionary import Dictionary, load_words
from analytics.formats import FewerThan
from analytics.results import Note

Levels = Mapping[str | None, int | FewerThan]


class Disclosure(ABC):
    """A rule with one method for each question that a cohort answers: a question without a rule cannot be answered.

    ``smallest_cell`` is the least number of patients that is given out; 0 where every number is.
    """

    smallest_cell: int

    @abstractmethod
    def is_answered(self, exact: Exact[int]) -> bool:
        """True if something may be said of so many patients."""

    @abstractmethod
    def count(self, exact: Exact[int]) -> int:
        """A number of patients."""

    @abstractmethod
    def tally(
        self, exact: Exact[pd.DataFrame], dictionary: Dictionary, *, outcome: str | None, whole: bool
    ) -> tuple[pd.DataFrame, tuple[Hidden, ...]]:
        """A tally, and the levels that are left out of it."""

    @abstractmethod
    def funnel(self, exact: Exact[Funnel]) -> Funnel:
        """How many patients are left after each clause."""

    @abstractmethod
    def level_counts(
        self, exact: Exact[dict[str, dict[str | None, int]]], cohort_filter: CohortFilter, dictionary: Dictionary
    ) -> Mapping[str, Levels]:
        """Patients at each level of each variable under a filter."""

    @abstractmethod
    def split_counts(self, exact: Exact[dict[str, NDArray[np.int64]]]) -> dict[str, NDArray[np.int64]]:
        """Patients at each level of many variables by an event."""

    @abstractmethod
    def ranges(self, exact: Exact[dict[str, Range]]) -> dict[str, Range]:
        """Smallest and largest values."""

    @abstractmethod
    def names(self, exact: Exact[tuple[str, ...]]) -> tuple[str, ...]:
        """Identifiers of patients."""

    @abstractmethod
    def find_too_near(self, exact: Exact[tuple[int, ...]]) -> int | None:
        """The place of the first selection that differs from another by so many patients that not both are answered."""

    @abstractmethod
    def notes(self, exact: Exact[tuple[Note, ...]]) -> tuple[Note, ...]:
        """Remarks on a file."""


@dataclass(frozen=True)
class Everything(Disclosure):
    """The rule of a desk of one's own: every number is given out."""

    smallest_cell: int = field(default=0, init=False)

    def is_answered(self, exact: Exact[int]) -> bool:
        """Always."""
        return True

    def count(self, exact: Exact[int]) -> int:
        """The number."""
        return exact.reveal(0)

    def tally(
        self, exact: Exact[pd.DataFrame], dictionary: Dictionary, *, outcome: str | None, whole: bool
    ) -> tuple[pd.DataFrame, tuple[Hidden, ...]]:
        """The tally, with nothing left out."""
        return exact.reveal(0), ()

    def funnel(self, exact: Exact[Funnel]) -> Funnel:
        """The funnel."""
        return exact.reveal(0)

    def level_counts(
        self, exact: Exact[dict[str, dict[str | None, int]]], cohort_filter: CohortFilter, dictionary: Dictionary
    ) -> Mapping[str, Levels]:
        """The numbers."""
        return exact.reveal(0)

    def split_counts(self, exact: Exact[dict[str, NDArray[np.int64]]]) -> dict[str, NDArray[np.int64]]:
        """The numbers."""
        return exact.reveal(0)

    def ranges(self, exact: Exact[dict[str, Range]]) -> dict[str, Range]:
        """The ranges."""
        return dict(exact.reveal(0))

    def names(self, exact: Exact[tuple[str, ...]]) -> tuple[str, ...]:
        """The identifiers."""
        return exact.reveal(0)

    def find_too_near(self, exact: Exact[tuple[int, ...]]) -> int | None:
        """None: all are answered."""
        return None

    def notes(self, exact: Exact[tuple[Note, ...]]) -> tuple[Note, ...]:
        """The remarks."""
        return exact.reveal(0)


@dataclass(frozen=True)
class SmallNumbers(Disclosure):
    """The rule of a shared deployment: no number from 1 to ``smallest_cell`` − 1 can be read off; see `disclosure`.

    Experimental: not for real children. Of a selection of fewer than ``smallest_cell`` patients, or of none, nothing at all is
    said: every question about it raises the same `SuppressedError`.

    Raises
    ------
    ValueError
        If the smallest cell is not a whole number from 2 to 100.
    """

    smallest_cell: int

    def __post_init__(self) -> None:
        if not LEAST_CELL <= self.smallest_cell <= LARGEST_CELL:
            raise ValueError(
                f"the smallest cell must be from {LEAST_CELL} to {LARGEST_CELL} {load_words().plural}: "
                f"it is {self.smallest_cell}."
            )

    def is_answered(self, exact: Exact[int]) -> bool:
        """True for ``smallest_cell`` patients or more: of fewer nothing is said, nor that there are none."""
        try:
            exact.reveal(self.smallest_cell)
        except SuppressedError:
            return False
        return True

    def count(self, exact: Exact[int]) -> int:
        """The rounded number."""
        return round_many(exact.reveal(self.smallest_cell), self.smallest_cell)

    def tally(
        self, exact: Exact[pd.DataFrame], dictionary: Dictionary, *, outcome: str | None, whole: bool
    ) -> tuple[pd.DataFrame, tuple[Hidden, ...]]:
        """The tally in which every row stands for ``smallest_cell`` children, or with ``outcome`` every margin."""
        true = exact.reveal(self.smallest_cell)
        columns = [str(name) for name in true.columns if name != "n"]
        if not columns:
            return true.assign(n=np.array([round_many(int(true["n"].iloc[0]), self.smallest_cell)])), ()
        kinds = {name: dictionary[name].kind for name in columns}
        numbers = [name for name, kind in kinds.items() if kind == "continuous"]
        durations = [name for name, kind in kinds.items() if kind == "duration"]
        if outcome is not None:
            if durations:
                raise SuppressedError(f"it would count {load_words().plural} by too many variables at once")
            return protect_margins(true, outcome=outcome, numbers=numbers, smallest=self.smallest_cell)
        causes = {endpoint.cause for endpoint in dictionary.competing}
        return protect_cells(
            true,
            durations=durations,
            numbers=numbers,
            outcomes=[name for name, kind in kinds.items() if kind == "event" or name in causes],
            smallest=self.smallest_cell,
            whole=whole,
        )

    def funnel(self, exact: Exact[Funnel]) -> Funnel:
        """The rounded steps."""
        true = exact.reveal(self.smallest_cell)
        steps = tuple(replace(step, n=round_many(step.n, self.smallest_cell)) for step in true.steps)
        return Funnel(round_many(true.n_all, self.smallest_cell), steps, self.smallest_cell)

    def level_counts(
        self, exact: Exact[dict[str, dict[str | None, int]]], cohort_filter: CohortFilter, dictionary: Dictionary
    ) -> Mapping[str, Levels]:
        """The rounded numbers; one that would tell a small one beside it is not there."""
        true = exact.reveal(self.smallest_cell)
        shown = {name: round_table(counts, self.smallest_cell) for name, counts in true.items()}
        for name, levels in _known_parts(cohort_filter, dictionary):
            if name in true:
                part = {level: n for level, n in true[name].items() if level in levels}
                told = round_table(part, self.smallest_cell)
                shown[name] = {level: n for level, n in shown[name].items() if level not in part or level in told}
        return shown

    def split_counts(self, exact: Exact[dict[str, NDArray[np.int64]]]) -> dict[str, NDArray[np.int64]]:
        """Of no variable: so many at once would tell too much, and a tally of one at a time says what may be said."""
        exact.reveal(self.smallest_cell)
        return {}

    def ranges(self, exact: Exact[dict[str, Range]]) -> dict[str, Range]:
        """The ranges, widened to one significant digit: the smallest and largest value are one child's."""
        return {name: self._widened(limits) for name, limits in exact.reveal(self.smallest_cell).items()}

    def _widened(self, limits: Range) -> Range:
        n_missing = limits.n_missing
        if not isinstance(n_missing, FewerThan):
            n_missing = round_count(n_missing, self.smallest_cell)
        if limits.low is None or limits.high is None:
            return Range(None, None, n_missing)
        largest = max(abs(limits.low), abs(limits.high))
        unit = 10.0 ** math.floor(math.log10(largest)) if largest > 0 else 1.0
        return Range(unit * math.floor(limits.low / unit), unit * math.ceil(limits.high / unit), n_missing)

    def names(self, exact: Exact[tuple[str, ...]]) -> tuple[str, ...]:
        """Nobody."""
        return ()

    def find_too_near(self, exact: Exact[tuple[int, ...]]) -> int | None:
        """The first that differs by some, but too few. Two selections of the same patients may both be answered."""
        differing = exact.reveal(self.smallest_cell)
        return next((i for i, n in enumerate(differing) if 0 < n < self.smallest_cell), None)

    def notes(self, exact: Exact[tuple[Note, ...]]) -> tuple[Note, ...]:
        """None: what is known of the file's oddities stays with who runs the deployment."""
        return ()


def _known_parts(cohort_filter: CohortFilter, dictionary: Dictionary) -> Iterator[tuple[str, tuple[str | None, ...]]]:
    """Levels of a variable whose sum is told elsewhere: those of the filter, those of one joined level, all known ones."""
    for clause in cohort_filter.clauses:
        yield clause.variable, (*clause.levels, *([None] if clause.keep_missing else []))
    for variable in dictionary.variables:
        if variable.population is not None:
            yield variable.name, variable.levels
        if variable.derivation is not None and variable.derivation.rule == "map":
            for joined in variable.levels:
                parts = tuple(level for level, becomes in variable.derivation.mapping if becomes == joined)
                yield variable.derivation.source[0], parts
