"""A cohort for shared deployments: every door of it gives out protected numbers only."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.cohort.cohort import MOST_NAMED, Cohort, Range
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
from analytics.cohort.filters import CohortFilter, Funnel, FunnelStep
from analytics.cohort.reader import CohortError, Problem
from analytics.formats import FewerThan, shorten

MAX_MASKS = 1000


@dataclass(frozen=True)
class ProtectedCohort(Cohort):
    """A cohort in which no number from 1 to ``smallest_cell`` − 1 can be read off; see `analytics.cohort.disclosure`.

    Experimental: not for real children. Of a selection of fewer than ``smallest_cell`` patients, or of none, nothing at all is
    said: every door answers `SuppressedError` alike.

    Every public method of `Cohort` is defined here anew. What is known of the file's oddities stays with who runs the
    deployment: ``notes`` is empty.
    """

    smallest_cell: int = 5
    _left_out: list[Hidden] = field(compare=False, repr=False, default_factory=list)
    _masks: dict[CohortFilter, NDArray[np.uint8]] = field(compare=False, repr=False, default_factory=dict)
    _sizes: dict[CohortFilter, int] = field(compare=False, repr=False, default_factory=dict)

    def tally(
        self,
        columns: Sequence[str],
        cohort_filter: CohortFilter = CohortFilter(),  # noqa: B008
        *,
        outcome: str | None = None,
        whole: bool = False,
    ) -> pd.DataFrame:
        """The tally in which every row stands for ``smallest_cell`` children, or with ``outcome`` every margin.

        Errors are those of `Cohort.tally`, and SuppressedError where nothing can be shown.
        """
        self._require_answer(cohort_filter)
        exact = super().tally(columns, cohort_filter)
        if not columns:
            return exact.assign(n=np.array([self.count(cohort_filter)], dtype=np.int64))
        kinds = {name: self.dictionary[name].kind for name in columns}
        numbers = [name for name, kind in kinds.items() if kind == "continuous"]
        durations = [name for name, kind in kinds.items() if kind == "duration"]
        if outcome is not None:
            if durations:
                raise SuppressedError("it would count children by too many variables at once")
            protected, hidden = protect_margins(exact, outcome=outcome, numbers=numbers, smallest=self.smallest_cell)
        else:
            causes = {endpoint.cause for endpoint in self.dictionary.competing}
            protected, hidden = protect_cells(
                exact,
                durations=durations,
                numbers=numbers,
                outcomes=[name for name, kind in kinds.items() if kind == "event" or name in causes],
                smallest=self.smallest_cell,
                whole=whole,
            )
        self._left_out.extend(hidden)
        return protected

    def count(self, cohort_filter: CohortFilter = CohortFilter()) -> int:  # noqa: B008
        """The rounded number of patients who pass the filter; SuppressedError for fewer than ``smallest_cell``."""
        self._require_answer(cohort_filter)
        return round_many(self._size(cohort_filter), self.smallest_cell) if cohort_filter else self.n

    def is_answered(self, cohort_filter: CohortFilter) -> bool:
        """True if ``smallest_cell`` patients or more pass the filter: of fewer nothing is said, nor that there are none."""
        return self._size(cohort_filter) >= self.smallest_cell

    def _size(self, cohort_filter: CohortFilter) -> int:
        """The true number who pass the filter; kept, since every door asks for it."""
        if cohort_filter not in self._sizes:
            if len(self._sizes) >= MAX_MASKS:
                self._sizes.clear()
            self._sizes[cohort_filter] = super().count(cohort_filter)
        return self._sizes[cohort_filter]

    def _require_answer(self, cohort_filter: CohortFilter) -> None:
        if not self.is_answered(cohort_filter):
            raise SuppressedError(f"fewer than {self.smallest_cell} children, or none, are selected")

    def funnel(self, cohort_filter: CohortFilter) -> Funnel:
        """How many patients are left after each clause, rounded; SuppressedError if fewer than ``smallest_cell`` are."""
        self._require_answer(cohort_filter)
        steps = super().funnel(cohort_filter).steps
        rounded = tuple(FunnelStep(step.variable, round_many(step.n, self.smallest_cell)) for step in steps)
        return Funnel(self.n, rounded, self.smallest_cell)

    def level_counts(
        self,
        cohort_filter: CohortFilter = CohortFilter(),  # noqa: B008
    ) -> Mapping[str, Mapping[str | None, int | FewerThan]]:
        """Patients at each level of each coded filter variable under the other clauses, rounded.

        A number that would tell a small one beside it is not there. SuppressedError if fewer than ``smallest_cell`` pass the
        filter: a zero beside all levels but one would describe them.
        """
        self._require_answer(cohort_filter)
        exact = self._count_levels(cohort_filter)
        shown = {name: round_table(counts, self.smallest_cell) for name, counts in exact.items()}
        for name, levels in self._known_parts(cohort_filter):
            if name in exact:
                part = {level: n for level, n in exact[name].items() if level in levels}
                told = round_table(part, self.smallest_cell)
                shown[name] = {level: n for level, n in shown[name].items() if level not in part or level in told}
        return shown

    def _known_parts(self, cohort_filter: CohortFilter) -> Iterator[tuple[str, tuple[str | None, ...]]]:
        """Levels of a variable whose sum is told elsewhere: those of the filter, those of one joined level, all known ones."""
        for clause in cohort_filter.clauses:
            yield clause.variable, (*clause.levels, *([None] if clause.keep_missing else []))
        for variable in self.dictionary.variables:
            if variable.population is not None:
                yield variable.name, variable.levels
            if variable.derivation is not None and variable.derivation.rule == "map":
                for joined in variable.levels:
                    parts = tuple(level for level, becomes in variable.derivation.mapping if becomes == joined)
                    yield variable.derivation.source[0], parts

    def name_patients(
        self,
        patterns: pd.DataFrame,
        cohort_filter: CohortFilter = CohortFilter(),  # noqa: B008
        limit: int = MOST_NAMED,
    ) -> tuple[str, ...]:
        """Nobody."""
        return ()

    def ranges(self) -> dict[str, Range]:
        """The ranges of numbers, widened to one significant digit: the smallest and largest value are one child's."""
        return {name: self._widened(limits) for name, limits in super().ranges().items()}

    def _widened(self, limits: Range) -> Range:
        n_missing = limits.n_missing
        if not isinstance(n_missing, FewerThan):
            n_missing = round_count(n_missing, self.smallest_cell)
        if limits.low is None or limits.high is None:
            return Range(None, None, n_missing)
        largest = max(abs(limits.low), abs(limits.high))
        unit = 10.0 ** math.floor(math.log10(largest)) if largest > 0 else 1.0
        return Range(unit * math.floor(limits.low / unit), unit * math.ceil(limits.high / unit), n_missing)

    def recording(self) -> ProtectedCohort:
        """The cohort, remembering from now on in `left_out` what its tallies leave out."""
        return replace(self, _left_out=[])

    @property
    def left_out(self) -> tuple[Hidden, ...]:
        """The levels that the tallies of this record have left out, each once."""
        return tuple(dict.fromkeys(self._left_out))

    def find_too_near(self, cohort_filter: CohortFilter, answered: Sequence[CohortFilter]) -> CohortFilter | None:
        """The first of the filters ``answered`` that differs from this one by some, but too few, patients.

        Answering both would tell something of these few. Two filters that leave the same patients may both be answered.
        """
        own = self._passing(cohort_filter)
        for other in answered:
            differing = np.unpackbits(own ^ self._passing(other), count=self._n_rows).view(bool)
            if 0 < self._patients_per_row[differing].sum() < self.smallest_cell:
                return other
        return None

    def _passing(self, cohort_filter: CohortFilter) -> NDArray[np.uint8]:
        """A bit for each row, set where it passes the filter; kept, since a session asks for the same ones again."""
        mask = self._masks.get(cohort_filter)
        if mask is None:
            if len(self._masks) >= MAX_MASKS:
                self._masks.clear()
            cohort_filter.validate(self.dictionary)
            condition = " AND ".join(map(self._passed, cohort_filter.clauses)) or "true"
            mask = np.packbits(self._fetch(f"SELECT {condition} AS passed FROM patients AS p")["passed"].astype(bool))
            self._masks[cohort_filter] = mask
        return mask

    @cached_property
    def _patients_per_row(self) -> NDArray[np.int64]:
        if not self._is_compressed:
            return np.ones(self._n_rows, dtype=np.int64)
        return np.asarray(self._fetch("SELECT p.n FROM patients AS p")["n"], dtype=np.int64)


def protect_cohort(cohort: Cohort, smallest_cell: int) -> ProtectedCohort:
    """The cohort with its small numbers protected.

    Raises
    ------
    ValueError
        If the smallest cell is not a whole number from 2 to 100.
    CohortError
        If the whole cohort has fewer patients than that.
    """
    if not LEAST_CELL <= smallest_cell <= LARGEST_CELL:
        raise ValueError(
            f"the smallest cell must be from {LEAST_CELL} to {LARGEST_CELL} children: it is {smallest_cell}."
        )
    if cohort.n < smallest_cell:
        what = f"{shorten(cohort.name)} has fewer than {smallest_cell} patients, of whom nothing may be said"
        raise CohortError([Problem(what, f"SMALLEST_CELL={smallest_cell}", "Open a cohort of more patients.")])
    kept = {f.name: getattr(cohort, f.name) for f in fields(Cohort)}
    kept |= {"n": round_many(cohort.n, smallest_cell), "notes": (), "_is_named": False}
    return ProtectedCohort(**kept, smallest_cell=smallest_cell)
