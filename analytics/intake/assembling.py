"""From records to the columns of a table: cells trimmed, empty ones missing, decimal signs told."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from analytics.cohort.csv_text import BATCH_CELLS, MAX_COLUMNS
from analytics.cohort.problems import CohortError, Problem, list_places
from analytics.dictionary import Words
from analytics.formats import name_patients, shorten
from analytics.intake.layout import Layout
from analytics.intake.signs import write_points
from analytics.intake.tables import SourceTable, name_columns
from analytics.results import Note

MOST_CELLS = 50_000_000
BATCH = BATCH_CELLS // 4
N_LINES_NAMED = 5
# Blanks of every script, and marks that nobody sees: of order, of the beginning of a text, of no width.
BLANKS = (
    " \t\n\r\x0b\x0c\x85\xa0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u3000"
)
UNSEEN = "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"

Cells = Sequence[str | None]


@dataclass(slots=True)
class Records:
    """The records below a header of ``names``, those of a text checked for their width.

    ``is_text`` is False where a record may end early: a row of a workbook has no end.
    """

    name: str
    names: Sequence[str]
    is_text: bool = True
    few: list[int] = field(default_factory=list)
    many: list[int] = field(default_factory=list)
    split: list[int] = field(default_factory=list)
    n_few: int = 0
    n_many: int = 0
    n_again: int = 0
    lines: array = field(default_factory=partial(array, "q"))  # a list would take four times as much

    def fit(self, records: Iterable[tuple[int, Cells]]) -> Iterator[Cells]:
        """The records in the width of the header; those that repeat the header are passed over and counted."""
        n = len(self.names)
        n_named = max((i for i, name in enumerate(self.names, start=1) if name), default=n)
        header = [" ".join(name.split()) for name in self.names]
        before = 0
        for line, record in records:
            width = len(record)
            if width == n and record[0] == self.names[0] and [" ".join((c or "").split()) for c in record] == header:
                self.n_again += 1
                continue
            if width < n:
                if self.is_text and width < n_named:
                    self._count_few(line, is_split=before > 0 and before + width - 1 == n)
                    before = width
                else:
                    before = 0
                record = [*record, *[None] * (n - width)]
            else:
                before = 0
                if width > n:
                    if any(cell and cell.strip() for cell in record[n:]):
                        self.n_many += 1
                        if len(self.many) < N_LINES_NAMED:
                            self.many.append(line)
                    record = record[:n]
            self.lines.append(line)
            if len(self.lines) * n > MOST_CELLS:
                raise CohortError([too_large(self.name, f"more than {MOST_CELLS:,} cells")])
            yield record

    def _count_few(self, line: int, *, is_split: bool) -> None:
        self.n_few += 1
        if len(self.few) < N_LINES_NAMED:
            self.few.append(line)
        if is_split and len(self.split) < N_LINES_NAMED:
            self.split.append(line)

    def check(self) -> None:
        """CohortError if values stand in the wrong column."""
        problems = []
        if self.n_many:
            have = "lines have" if self.n_many > 1 else "line has"
            what = f"{self.n_many} {have} more values than the header's {len(self.names)} columns"
            remedy = "Give every line one value per column; put text with a separator in it between double quotes."
            problems.append(Problem(what, self._say(self.many, self.n_many), remedy))
        if self.split:
            what = "a line ends in the middle of a record"
            remedy = "Put text with a line break in it between double quotes, or delete the line break."
            problems.append(Problem(what, self._say(self.split, len(self.split)), remedy))
        if problems:
            raise CohortError(problems)

    def notes(self) -> list[Note]:
        """What was passed over or filled."""
        notes = []
        if self.n_few:
            lines = list_places(Words("line", "lines"), list(map(str, self.few)), self.n_few)
            what = f"{lines[0].upper()}{lines[1:]} {'has' if self.n_few == 1 else 'have'} fewer values than the header"
            text = f"{what}: what is missing at the end is taken as empty."
            notes.append(Note("short-lines", "warning", text, "See that no value stands in the wrong column."))
        if self.n_again:
            times = "once" if self.n_again == 1 else f"{self.n_again} times"
            notes.append(Note("repeated-header", "info", f"The header is repeated {times}; these lines are left out."))
        return notes

    def _say(self, lines: Sequence[int], n: int) -> str:
        return f"{list_places(Words('line', 'lines'), list(map(str, lines)), n)} of {shorten(self.name)}"


def too_large(name: str, what: str) -> Problem:
    """The problem of a table that does not fit into memory."""
    remedy = "Keep the columns that are needed, or start the dashboard on the file as Parquet (COHORT=…)."
    return Problem(
        f"{shorten(name)} has {what}, too many to be read here".replace(",", "\u202f", what.count(",")), "", remedy
    )


def assemble(
    name: str,
    layout: Layout,
    names: Sequence[str],
    records: Iterable[tuple[int, Cells]],
    progress: Callable[[], None] | None = None,
) -> SourceTable:
    """The table of a header and the records below it.

    Raises
    ------
    CohortError
        If it has too many columns or cells, no records, or records that are too long.
    """
    if len(names) > MAX_COLUMNS:
        what = f"a header of {len(names):,} columns; at most {MAX_COLUMNS:,} can be read".replace(",", "\u202f")
        raise CohortError([Problem(f"{shorten(name)} has {what}", "", "Keep the columns that are needed.")])
    found = Records(name, names, layout.kind == "text")
    chunks: list[list[pa.Array]] = []
    size = max(BATCH // max(len(names), 1), 1)
    for batch in _batches(found.fit(records), size):
        chunks.append([to_cells(column) for column in zip(*batch, strict=True)])
        if progress:
            progress()
    found.check()
    if not chunks:
        raise CohortError([no_records(name)])
    columns = [pa.chunked_array([chunk[i] for chunk in chunks], pa.string()) for i in range(len(names))]
    del chunks
    return to_table(name, layout, names, columns, np.array(found.lines, dtype=np.int64), found.notes())


def no_records(name: str) -> Problem:
    """The problem of a table that ends with its header."""
    remedy = name_patients("Give one line for each {patient} under the header.")
    return Problem(name_patients(f"{shorten(name)} has a header but no {{patients}}"), "", remedy)


def to_table(
    name: str,
    layout: Layout,
    names: Sequence[str],
    columns: Sequence[pa.ChunkedArray],
    lines: np.ndarray,
    notes: Sequence[Note] = (),
) -> SourceTable:
    """The table of columns whose cells are trimmed: those that hold nothing at all left out, decimal signs told."""
    kept = [i for i, column in enumerate(columns) if names[i].strip(BLANKS + UNSEEN) or column.null_count < len(column)]
    clean = [names[i].strip(BLANKS + UNSEEN) for i in kept]
    called, naming = name_columns(clean)
    found = dict(zip(called, (columns[i] for i in kept), strict=True))
    layout, more = write_points(found, layout)
    frame = pd.DataFrame({name: pd.arrays.ArrowStringArray(column) for name, column in found.items()}, copy=False)
    return SourceTable(name, layout, frame, lines, (*naming, *notes, *more))


def _batches(records: Iterator[Cells], size: int) -> Iterator[list[Cells]]:
    for first in records:
        batch = [first]
        for record in records:
            batch.append(record)
            if len(batch) >= size:
                break
        yield batch


def to_cells(column: Sequence[str | None]) -> pa.Array:
    """The cells of a column without blanks around them, null where nothing is left."""
    cells = pc.utf8_trim(pa.array(column, pa.string()), characters=BLANKS + UNSEEN)
    return pc.if_else(pc.equal(cells, ""), pa.scalar(None, pa.string()), cells)
