"""Workbooks: what reads back is what the CSV of the same tables says, and text stays text."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.analyses import load_analyses
from analytics.exports.csv_file import to_csv
from analytics.exports.xlsx_file import ABOUT, LONGEST_NAME, name_sheets, to_xlsx
from analytics.provenance import Provenance
from analytics.reporting.files import load_columns
from tests.analyses.shown import show_with

PROVENANCE = Provenance("t", "=cohort", "s", "m", "v", True, date(2026, 1, 31), ("@remark",))


def read(content: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(content))


def rows_of(sheet: Any) -> list[tuple[Any, ...]]:
    return [tuple(cell.value for cell in row) for row in sheet.iter_rows()]


@pytest.mark.parametrize("analysis", load_analyses(), ids=lambda analysis: analysis.slug)
def test_every_cell_is_that_of_the_csv(analysis: Any) -> None:
    frames = show_with(analysis, policy=True).files
    book = read(to_xlsx(frames, PROVENANCE))
    assert len(book.sheetnames) == len(frames) + 1
    for sheet, frame in zip(book, frames.values(), strict=False):
        back = pd.read_csv(io.BytesIO(to_csv(frame, PROVENANCE)), comment="#", float_precision="round_trip")
        head, *body = rows_of(sheet)
        assert list(head) == list(back.columns) and len(body) == len(back)
        assert sheet.freeze_panes == "A2" and sheet["A1"].font.bold
        for cells, expected in zip(
            body, back.astype(object).where(back.notna(), None).itertuples(index=False), strict=True
        ):
            for cell, value, name in zip(cells, expected, head, strict=True):
                number = isinstance(value, int | float) and not isinstance(value, bool)
                assert cell == value, (sheet.title, name, cell, value)
                assert not number or isinstance(cell, int | float), (sheet.title, name)
    said = rows_of(book[ABOUT])
    assert [text for _, text in said[: len(PROVENANCE.lines())]] == list(PROVENANCE.lines())
    explained = dict(said[len(PROVENANCE.lines()) + 2 :])
    assert explained == {name: load_columns()[name].meaning for frame in frames.values() for name in frame}


def test_the_same_tables_make_the_same_bytes() -> None:
    frames = {"a": pd.DataFrame({"term": ["x"], "n": [1], "p_value": [0.5]})}
    assert to_xlsx(frames, PROVENANCE) == to_xlsx(frames, PROVENANCE)


def test_numbers_dates_and_truth_keep_their_kind() -> None:
    frame = pd.DataFrame(
        {"n": [3.0, None], "p_value": [0.01, 1e-9], "is_reference": [True, False], "day": [date(2026, 1, 31), None]}
    )
    sheet = read(to_xlsx({"a": frame}, PROVENANCE))["a"]
    assert [c.data_type for c in sheet[2]] == ["n", "n", "b", "n"] or sheet["D2"].is_date
    assert sheet["A2"].value == 3 and sheet["A3"].value is None and sheet["B3"].value == 1e-9


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text(min_size=1, max_size=30), min_size=1, max_size=6))
def test_text_is_never_a_formula(texts: list[str]) -> None:
    texts = [*texts, *(sign + text for text in texts for sign in "=+-@"), "{=1}", "http://x", "_x0041_", "007"]
    sheet = read(to_xlsx({"a": pd.DataFrame({"term": texts, "=1": texts})}, PROVENANCE))["a"]
    for row, text in enumerate(texts, start=2):
        for cell in sheet[row]:
            assert cell.data_type == "s" and cell.hyperlink is None, text
    assert sheet["B1"].data_type == "s" and sheet["B1"].value == "=1"
    plain = [text for text in texts if text.isascii() and text.isprintable()]
    found = [row[0] for row in rows_of(sheet)[1:]]
    assert [text for text in found if text in plain] == [text for text in texts if text in plain]


@settings(deadline=None)
@given(st.lists(st.text(max_size=50), min_size=1, max_size=8))
def test_sheets_have_names_that_a_workbook_takes(names: list[str]) -> None:
    found = name_sheets([*names, "About", "history", "x" * 40, "x" * 40])
    assert len({name.lower() for name in found}) == len(found)
    assert all(0 < len(name) <= LONGEST_NAME and not set("[]:*?/\\") & set(name) for name in found)
    assert not any(name.startswith("'") or name.endswith("'") for name in found)
    frames = {str(i): pd.DataFrame({"n": [1]}) for i in range(2)}
    assert read(to_xlsx(frames, PROVENANCE)).sheetnames == ["0", "1", ABOUT]
