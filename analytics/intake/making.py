"""One variable in the making: its rule applied to every row of a table, and what could not be read on the way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.cohort.patient_file import list_words, read_word
from analytics.dictionary import EVENT_LEVELS, Variable
from analytics.formats import shorten
from analytics.intake.cells import (
    Unclear,
    find_level,
    is_number,
    list_missing,
    reader_of,
    reader_of_days,
    reader_of_ticks,
    scale,
)
from analytics.intake.mapping import ANY, Assignment, MappingError
from analytics.intake.tables import TEXT, SourceTable
from analytics.results import Note

N_TEXTS = 5  # unread texts that a note quotes
TOGETHER = " + "  # between the columns of a combination


@dataclass(frozen=True, eq=False)
class Unread:
    """One text of a column that did not fit a variable: how often, in which lines of the file, and why."""

    variable: str
    column: str
    text: str
    n: int
    lines: NDArray[np.int64]
    why: str


class Making:
    """One variable in the making, with what could not be read on the way."""

    def __init__(self, table: SourceTable, missing: Sequence[str], variable: Variable, assignment: Assignment) -> None:
        self.table, self.missing, self.variable, self.assignment = table, missing, variable, assignment
        self.unread: list[Unread] = []
        self.notes: list[Note] = []
        self.columns = [name for name in assignment.columns if name in table.frame.columns]
        self.applies = self._where()

    def run(self) -> pd.Series[Any]:
        """The variable's value in every row."""
        rules: dict[str, Callable[[], NDArray[Any]]] = {
            "days": self._days,
            "combine": self._combined,
            "present": self._present,
            "constant": self._constant,
            "line": self._line,
        }
        values = rules.get(self.assignment.rule, self._first_known)()
        if self.assignment.is_inverted:
            values = self._inverted(values)
        values[~self.applies] = np.nan if is_number(self.variable) else None
        if self.unread:
            self.notes.append(self._note_unread())
        return pd.Series(values) if is_number(self.variable) else pd.Series(values, dtype=TEXT)

    def _inverted(self, values: NDArray[Any]) -> NDArray[Any]:
        if self.variable.kind != "event":
            raise MappingError(
                f"map.{self.variable.name}: inverted is for events; {self.variable.name} is {self.variable.kind}. Leave it out."
            )
        return 1 - values

    def _note_unread(self) -> Note:
        n = sum(unread.n for unread in self.unread)
        quoted = [f"“{shorten(u.text)}” ({u.n})" for u in self.unread[:N_TEXTS]]
        more = len(self.unread) - N_TEXTS
        quoted += [f"{more} more"] if more > 0 else []
        return Note(
            "values-unread",
            "caution",
            f"{self.variable.label}: {n} of {int(self.applies.sum())} values were not read and are missing: "
            f"{', '.join(quoted)}.",
            "Say what each of them means, or state it as a code for unknown.",
        )

    def _where(self) -> NDArray[np.bool_]:
        """The rows in which each column of ``where`` holds one of its texts; "*" is any that is known."""
        applies = np.ones(len(self.table.frame), dtype=bool)
        unknown = list_missing(self.assignment, self.missing)
        for column, texts in self.assignment.where:
            words = {read_word(text) for text in texts}
            codes, found = self._cells(column)
            fits = [read_word(text) in words or (ANY in words and read_word(text) not in unknown) for text in found]
            applies &= np.array([*fits, "" in words], dtype=bool)[codes]
        return applies

    def _cells(self, column: str) -> tuple[NDArray[np.intp], list[str]]:
        """The place of each row's text among the different ones of a column, −1 where the cell is empty."""
        codes, texts = pd.factorize(self.table.frame[column])
        return codes, [str(text) for text in texts]

    def _report(self, column: str, text: str, where: NDArray[np.bool_], why: str) -> None:
        rows = np.flatnonzero(where & self.applies)
        if len(rows):
            lines = np.asarray(self.table.lines)[rows]
            self.unread.append(Unread(self.variable.name, column, text, len(rows), lines, why))

    def _sort_unread(self, column: str, codes: NDArray[np.intp], texts: list[str], read: Sequence[Any]) -> None:
        """What was unclear in a column is reported, from the most frequent on."""
        unclear = [i for i, value in enumerate(read) if isinstance(value, Unclear)]
        if not unclear:
            return
        counts = np.bincount(codes[codes >= 0], minlength=len(texts))
        for i in sorted(unclear, key=lambda i: -counts[i]):
            self._report(column, texts[i], codes == i, read[i].why)

    def _blank(self) -> NDArray[Any]:
        n = len(self.table.frame)
        return np.full(n, np.nan) if is_number(self.variable) else np.full(n, None, dtype=object)

    def _first_known(self) -> NDArray[Any]:
        read = reader_of(self.assignment, self.variable, self.missing)
        values = self._blank()
        for column in self.columns:
            codes, texts = self._cells(column)
            found = [read(text) for text in texts]
            self._sort_unread(column, codes, texts, found)
            known = [None if isinstance(value, Unclear) else value for value in (*found, None)]
            of_column = np.array(known, dtype=float if is_number(self.variable) else object)[codes]
            empty = pd.isna(values)
            values[empty] = of_column[empty]
        return values

    def _days(self) -> NDArray[Any]:
        columns = (*self.columns, self.assignment.origin)
        cells = {column: self._cells(column) for column in columns}
        every = (text for _, texts in cells.values() for text in texts)
        read = reader_of_days(self.assignment, self.variable, self.missing, every)

        def days_of(column: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
            codes, texts = cells[column]
            found = [read(text) for text in texts]
            self._sort_unread(column, codes, texts, found)
            pairs = [pair if isinstance(pair, tuple) else ("", np.nan) for pair in (*found, None)]
            numbers = np.array([number for _, number in pairs])[codes]
            return numbers, np.array([kind == "date" for kind, _ in pairs])[codes]

        n = len(self.table.frame)
        end, is_date = np.full(n, np.nan), np.zeros(n, dtype=bool)
        for column in self.columns:
            days, dates = days_of(column)
            empty = np.isnan(end)
            end[empty], is_date[empty] = days[empty], dates[empty]
        start, starts_as_date = days_of(self.assignment.origin)
        mixed = (is_date != starts_as_date) & ~np.isnan(end) & ~np.isnan(start)
        both = f"{self.columns[0]} − {self.assignment.origin}"
        self._report(both, "a date and a number", mixed, "one is a date and the other a number")
        end[mixed] = np.nan
        values = end - start
        known = ~np.isnan(values)
        different, places = np.unique(values[known], return_inverse=True)
        values[known] = np.array([scale(value, self.assignment, self.variable) for value in different])[places]
        return values

    def _combined(self) -> NDArray[Any]:
        read = reader_of_ticks(self.assignment, self.missing)
        n = len(self.table.frame)
        pattern, ticked = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=bool)
        unknown, empty = np.zeros(n, dtype=bool), np.ones(n, dtype=bool)
        for i, column in enumerate(self.columns):
            codes, texts = self._cells(column)
            found = [*(read(text) for text in texts), read("")]
            self._sort_unread(column, codes, texts, found[:-1])
            yes = np.array([value is True for value in found])[codes]
            lost = np.array([value is None or isinstance(value, Unclear) for value in found])[codes]
            pattern += yes.astype(np.int64) << i
            ticked |= yes
            unknown |= lost
            empty &= lost
        self._note_half_known(unknown & ~empty & self.applies)
        levels = {
            frozenset(text.split(TOGETHER)) if text else frozenset(): self._level(level)
            for text, level in self.assignment.levels
        }
        values = self._blank()
        for bits in np.unique(pattern[~unknown]):
            columns = [column for i, column in enumerate(self.columns) if bits >> i & 1]
            names = frozenset(TOGETHER.join(columns).split(TOGETHER)) if columns else frozenset()
            rows = (pattern == bits) & ~unknown
            if names in levels:
                values[rows] = levels[names]
            else:
                text = TOGETHER.join(columns) or "none of them"
                self._report(TOGETHER.join(self.columns), text, rows, "the combination is not in the mapping")
        return values

    def _note_half_known(self, rows: NDArray[np.bool_]) -> None:
        if n := int(rows.sum()):
            self.notes.append(
                Note(
                    "combination-unknown",
                    "caution",
                    f"{self.variable.label} is unknown in {n} rows in which some of its columns say yes or no and others "
                    "nothing.",
                    'If an empty cell means no, add "" to its texts for no.',
                )
            )

    def _level(self, level: str | None) -> str | float | None:
        if level is None:
            return np.nan if is_number(self.variable) else None
        return find_level(level, self.variable, f"map.{self.variable.name}")

    def _present(self) -> NDArray[Any]:
        levels = EVENT_LEVELS if self.variable.kind == "event" else self.variable.levels
        if len(levels) != 2:
            raise MappingError(
                f"map.{self.variable.name}: {self.variable.name} is {self.variable.kind}. The rule present is for events and for "
                "variables of two levels."
            )
        unknown = list_missing(self.assignment, self.missing)
        present = np.zeros(len(self.table.frame), dtype=bool)
        for column in self.columns:
            codes, texts = self._cells(column)
            present |= np.array([*(read_word(text) not in unknown for text in texts), False])[codes]
        values = self._blank()
        values[present], values[~present] = self._level(levels[1]), self._level(levels[0])
        return values

    def _constant(self) -> NDArray[Any]:
        values = self._blank()
        values[:] = self._level(self._named(self.assignment.value))
        return values

    def _named(self, text: str) -> str:
        """A level by one of its names in the dictionary; the text itself where it is none."""
        code = list_words(self.variable).get(read_word(text)) if self.variable.is_coded else None
        return text if code is None else self.variable.levels[code]

    def _line(self) -> NDArray[Any]:
        if self.variable.kind != "identifier":
            raise MappingError(f"map.{self.variable.name}: the rule line is for the identifier alone.")
        return np.array([str(line) for line in self.table.lines], dtype=object)
