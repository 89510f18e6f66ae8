"""Disclosure rules: what of a true answer is given out. Nobody else opens one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd

from analytics.cohort.counts import Cell, Exact, Range
from analytics.cohort.disclosure import Hidden, SuppressedError, protect_tally
from analytics.cohort.filters import Funnel
from analytics.cohort.grids import grid_of
from analytics.cohort.perturbation import CellKeys, IntArray
from analytics.dictionary import Dictionary
from analytics.formats import FewerThan
from analytics.results import Note

Levels = Mapping[str | None, int | FewerThan]


class Disclosure(ABC):
    """A rule with one method for each question that a cohort answers: a question without a rule cannot be answered.

    ``smallest_cell`` is the least number of patients that is given out; 0 where every number is.
    """

    smallest_cell: int

    @abstractmethod
    def is_answered(self, exact: Exact[Cell]) -> bool:
        """True if something may be said of a selection."""

    @abstractmethod
    def count(self, exact: Exact[Cell]) -> int:
        """A number of patients."""

    @abstractmethod
    def tally(
        self,
        exact: Exact[pd.DataFrame],
        dictionary: Dictionary,
        *,
        whole: bool,
        main_effects: bool,
        chosen: Collection[str],
    ) -> tuple[pd.DataFrame, tuple[Hidden, ...]]:
        """A tally, and the levels that are left out of it; ``chosen`` are the variables of the filter."""

    @abstractmethod
    def funnel(self, exact: Exact[tuple[Funnel, tuple[Cell, ...]]]) -> Funnel:
        """How many patients are left after each clause."""

    @abstractmethod
    def level_counts(self, exact: Exact[dict[str, dict[str | None, Cell]]]) -> Mapping[str, Levels]:
        """Patients at each level of each variable under a filter."""

    @abstractmethod
    def split_counts(self, exact: Exact[dict[str, IntArray]], *, by_event: bool) -> dict[str, IntArray]:
        """Patients at each level of many variables by an event."""

    @abstractmethod
    def ranges(self, exact: Exact[dict[str, tuple[Range, Cell]]], dictionary: Dictionary) -> dict[str, Range]:
        """Smallest and largest values."""

    @abstractmethod
    def names(self, exact: Exact[tuple[str, ...]]) -> tuple[str, ...]:
        """Identifiers of patients."""

    @abstractmethod
    def notes(self, exact: Exact[tuple[Note, ...]]) -> tuple[Note, ...]:
        """Remarks on a file."""


@dataclass(frozen=True)
class Everything(Disclosure):
    """The rule of a desk of one's own: every number is given out."""

    smallest_cell: int = field(default=0, init=False)

    def is_answered(self, exact: Exact[Cell]) -> bool:
        """Always."""
        return True

    def count(self, exact: Exact[Cell]) -> int:
        """The number."""
        return exact.reveal().n

    def tally(
        self,
        exact: Exact[pd.DataFrame],
        dictionary: Dictionary,
        *,
        whole: bool,
        main_effects: bool,
        chosen: Collection[str],
    ) -> tuple[pd.DataFrame, tuple[Hidden, ...]]:
        """The tally, with nothing left out."""
        return exact.reveal(), ()

    def funnel(self, exact: Exact[tuple[Funnel, tuple[Cell, ...]]]) -> Funnel:
        """The funnel."""
        return exact.reveal()[0]

    def level_counts(self, exact: Exact[dict[str, dict[str | None, Cell]]]) -> Mapping[str, Levels]:
        """The numbers."""
        return {name: {level: cell.n for level, cell in cells.items()} for name, cells in exact.reveal().items()}

    def split_counts(self, exact: Exact[dict[str, IntArray]], *, by_event: bool) -> dict[str, IntArray]:
        """The numbers."""
        return {name: n for name, (n, _) in exact.reveal().items()}

    def ranges(self, exact: Exact[dict[str, tuple[Range, Cell]]], dictionary: Dictionary) -> dict[str, Range]:
        """The ranges."""
        return {name: limits for name, (limits, _) in exact.reveal().items()}

    def names(self, exact: Exact[tuple[str, ...]]) -> tuple[str, ...]:
        """The identifiers."""
        return exact.reveal()

    def notes(self, exact: Exact[tuple[Note, ...]]) -> tuple[Note, ...]:
        """The remarks."""
        return exact.reveal()


@dataclass(frozen=True)
class SmallNumbers(Disclosure):
    """The rule of a shared deployment: numbers of ``smallest_cell`` patients or more, with noise by cell keys.

    Of a selection of fewer, or that leaves out fewer, nothing at all is said: every question about it raises the same
    `SuppressedError`. See `perturbation` and `disclosure`.

    Raises
    ------
    ValueError
        If the smallest cell is not a whole number from 3 to 100, or the secret too short.
    """

    smallest_cell: int
    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        CellKeys(self.smallest_cell, self.secret)

    @cached_property
    def keys(self) -> CellKeys:
        """How numbers are shown."""
        return CellKeys(self.smallest_cell, self.secret)

    def is_answered(self, exact: Exact[Cell]) -> bool:
        """True where enough patients are selected and left out."""
        try:
            exact.reveal(self.keys)
        except SuppressedError:
            return False
        return True

    def count(self, exact: Exact[Cell]) -> int:
        """The number with its noise."""
        return int(self.keys.show(*exact.reveal(self.keys)))

    def tally(
        self,
        exact: Exact[pd.DataFrame],
        dictionary: Dictionary,
        *,
        whole: bool,
        main_effects: bool,
        chosen: Collection[str],
    ) -> tuple[pd.DataFrame, tuple[Hidden, ...]]:
        """The tally made from cells alone."""
        return protect_tally(
            exact.reveal(self.keys), dictionary, self.keys, whole=whole, main_effects=main_effects, chosen=chosen
        )

    def funnel(self, exact: Exact[tuple[Funnel, tuple[Cell, ...]]]) -> Funnel:
        """The steps with their noise: what a step leaves is a selection that is answered as well."""
        true, (everyone, *left) = exact.reveal(self.keys)
        steps = tuple(replace(step, n=self._show(cell)) for step, cell in zip(true.steps, left, strict=True))
        return Funnel(self._show(everyone), steps, self.smallest_cell)

    def level_counts(self, exact: Exact[dict[str, dict[str | None, Cell]]]) -> Mapping[str, Levels]:
        """The levels that can be selected, with their noise, and those too few; a level beside which too few are is not there."""
        few = FewerThan(self.smallest_cell)
        shown: dict[str, Levels] = {}
        for name, cells in exact.reveal(self.keys).items():
            n, key = (np.array(values, dtype=np.int64) for values in zip(*cells.values(), strict=True))
            own, rest = self.keys.show(n, key).tolist(), self.keys.show(n.sum() - n, key.sum() - key).tolist()
            told = zip(cells, own, rest, strict=True)
            shown[name] = {level: size or few for level, size, others in told if others or not size}
        return shown

    def split_counts(self, exact: Exact[dict[str, IntArray]], *, by_event: bool) -> dict[str, IntArray]:
        """Levels that enough have with every outcome, with their noise; -1 beside all others, as beside levels nobody has."""
        shown = {}
        for name, (n, key) in exact.reveal(self.keys).items():
            own = self.keys.show(n, key)
            rest = self.keys.show(n.sum(axis=0) - n, key.sum(axis=0) - key)
            used = [0, 1] if by_event else [0]
            shown[name] = np.where((own[:, used] > 0).all(axis=1) & (rest[:, used] > 0).all(axis=1), own.T, -1).T
        return shown

    def ranges(self, exact: Exact[dict[str, tuple[Range, Cell]]], dictionary: Dictionary) -> dict[str, Range]:
        """The ends of the published grid: the smallest and the largest value are one child's."""
        found: dict[str, Range] = {}
        for name, (_, lacking) in exact.reveal(self.keys).items():
            grid = grid_of(dictionary[name])
            found[name] = Range(grid[0], grid[-1], self._show(lacking) or FewerThan(self.smallest_cell))
        return found

    def names(self, exact: Exact[tuple[str, ...]]) -> tuple[str, ...]:
        """Nobody."""
        return ()

    def notes(self, exact: Exact[tuple[Note, ...]]) -> tuple[Note, ...]:
        """None: what is known of the file's oddities stays with who runs the deployment."""
        return ()

    def _show(self, cell: Cell) -> int:
        return int(self.keys.show(*cell))
