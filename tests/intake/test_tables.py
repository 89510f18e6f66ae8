"""The table that every file becomes: one text per cell, no two names alike, a line for each record."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from analytics.intake.layout import Layout
from analytics.intake.tables import TEXT, SourceTable, name_columns, to_text


@pytest.mark.parametrize(
    ("given", "names", "codes"),
    [
        (["ID", "Sex"], ("ID", "Sex"), []),
        (["Sex", "Sex", "Sex"], ("Sex", "Sex (2)", "Sex (3)"), ["doubled-names"]),
        (["Sex", "Sex", "Sex (2)"], ("Sex", "Sex (3)", "Sex (2)"), ["doubled-names"]),
        (["ID", "", " "], ("ID", "column 2", "column 3"), ["unnamed-columns"]),
        (["", "column 1"], ("column 1 (2)", "column 1"), ["unnamed-columns"]),
        (["Relapse\n(months)", " White  cells "], ("Relapse (months)", "White cells"), []),
    ],
)
def test_names_of_columns_differ(given: list[str], names: tuple[str, ...], codes: list[str]) -> None:
    found, notes = name_columns(given)
    assert found == names
    assert [note.code for note in notes] == codes


def test_a_note_names_three_columns_and_counts_the_rest() -> None:
    _, (note,) = name_columns([""] * 6)
    assert note.text == "Column 1, column 2, column 3 and 3 more have no name in the file."


@pytest.mark.parametrize("cells", [["a", None], pa.array(["a", None]), pa.chunked_array([["a"], [None]], pa.string())])
def test_cells_are_text_or_missing(cells: list[str | None] | pa.Array | pa.ChunkedArray) -> None:
    column = to_text(cells)
    assert column.dtype == TEXT
    assert column.isna().tolist() == [False, True]
    assert column[0] == "a"


def test_every_record_has_a_line_and_every_column_a_name() -> None:
    frame = pd.DataFrame({"ID": to_text(["1", "2"])})
    table = SourceTable("a.csv", Layout("text"), frame, np.array([2, 3]))
    assert table.columns == ("ID",) and table.is_text
    with pytest.raises(ValueError, match="1 lines for 2 records"):
        SourceTable("a.csv", Layout("text"), frame, np.array([2]))
    with pytest.raises(ValueError, match="two columns"):
        SourceTable("a.csv", Layout("text"), pd.concat([frame, frame], axis=1), np.array([2, 3]))
