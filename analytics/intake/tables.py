"""A table as it stands in a file: every cell a text, and for each record where it stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from analytics.formats import shorten
from analytics.intake.layout import Layout
from analytics.results import Note

TEXT = pd.StringDtype("pyarrow")
N_NAMED = 3


@dataclass(frozen=True, eq=False)
class SourceTable:
    """One table of a file.

    Attributes
    ----------
    name
        "export.xlsx, sheet Patients".
    layout
        How it was read.
    frame
        Every column a text (`TEXT`) without blanks around it, NA where a cell is empty; no two columns of one name.
        Whole numbers of Excel have no ".0", dates are "2019-03-04", a decimal sign is a point.
    lines
        The line (of a text) or row (of Excel, Parquet) of the file for each record.
    notes
        What was detected, changed or passed over.
    is_hidden
        Whether the workbook hides the sheet.
    """

    name: str
    layout: Layout
    frame: pd.DataFrame
    lines: np.ndarray
    notes: tuple[Note, ...] = ()
    is_hidden: bool = False

    def __post_init__(self) -> None:
        if len(self.lines) != len(self.frame):
            raise ValueError(f"{len(self.lines)} lines for {len(self.frame)} records")
        if not self.frame.columns.is_unique:
            raise ValueError("two columns of one name")

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(self.frame.columns)

    @property
    def is_text(self) -> bool:
        """Whether ``lines`` counts the lines of a text, not the rows of a sheet."""
        return self.layout.kind == "text"


def to_text(cells: Sequence[str | None] | pa.Array | pa.ChunkedArray) -> pd.Series:
    """A column of text; what is None or null is NA."""
    if isinstance(cells, pa.Array | pa.ChunkedArray):
        return pd.Series(pd.arrays.ArrowStringArray(cells))
    return pd.Series(cells, dtype=TEXT)


def name_columns(names: Iterable[str]) -> tuple[tuple[str, ...], tuple[Note, ...]]:
    """Names of which no two are alike, and notes on those that were given.

    Blanks and line breaks within a name are one blank. A column without a name is called by its place ("column 3"), and
    the second of one name "Sex (2)".
    """
    found: list[str] = []
    taken: set[str] = set()
    unnamed: list[str] = []
    double: list[str] = []
    told = [" ".join(name.split()) for name in names]
    for place, name in enumerate(told, start=1):
        wanted = name or f"column {place}"
        new, n = wanted, 2
        while new in taken or (new != name and new in told):
            new, n = f"{wanted} ({n})", n + 1
        if not name:
            unnamed.append(new)
        elif new != name:
            double.append(new)
        taken.add(new)
        found.append(new)
    notes = []
    if unnamed:
        what = f"{list_names(unnamed)} {'has' if len(unnamed) == 1 else 'have'} no name in the file."
        notes.append(Note("unnamed-columns", "caution", what[0].upper() + what[1:]))
    if double:
        what = f"Names stand in the header more than once; the further columns are called {list_names(double)}."
        notes.append(Note("doubled-names", "caution", what, "See that the right one of them is used."))
    return tuple(found), tuple(notes)


def list_names(names: Sequence[str]) -> str:
    """The first of several names, and how many more there are."""
    more = f" and {len(names) - N_NAMED} more" if len(names) > N_NAMED else ""
    return ", ".join(shorten(name) for name in names[:N_NAMED]) + more
