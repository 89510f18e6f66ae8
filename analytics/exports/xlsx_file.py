"""Workbooks: a sheet for each table, numbers as numbers, and a sheet that says whose they are and what columns mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analytics.exports.medium import Frames, Medium
from analytics.provenance import Provenance
from analytics.reporting.files import Kind, list_columns, load_columns, round_numbers

if TYPE_CHECKING:
    from xlsxwriter import Workbook

ABOUT = "About"
LONGEST_NAME, LONGEST_CELL, WIDEST = 31, 32_767, 48
_FORMATS: Mapping[Kind, str] = {
    "count": "0",
    "months": "0.0",
    "probability": "0.000",
    "ratio": "0.00",
    "p_value": "[<0.0001]0.0E+00;0.0000",
}
_FORBIDDEN = re.compile(r"[\[\]:*?/\\\x00-\x1f\x7f]")
_RESERVED = {"history", ABOUT.lower()}


def to_xlsx(frames: Frames, provenance: Provenance) -> bytes:
    """A workbook of the tables, the same bytes for the same tables on the same day.

    Text is always text, never a formula or a link. Numbers have the digits of their kind, as in the CSV of the same table,
    and a format that shows fewer. The last sheet has the statements of ``provenance`` and the key of all columns.
    """
    from xlsxwriter import Workbook  # only who asks for a workbook waits for it

    content = BytesIO()
    book = Workbook(content, {"in_memory": True})
    book.set_properties(
        {"title": _clean(provenance.title), "created": datetime.combine(provenance.exported_on, time())}
    )
    for name, frame in zip(name_sheets(frames), frames.values(), strict=True):
        _write_table(book, name, round_numbers(frame))
    names = (str(column) for frame in frames.values() for column in frame.columns)
    key = [(column.name, column.meaning) for column in list_columns(names)]
    _write_about(book, provenance, key)
    book.close()
    return content.getvalue()


def name_sheets(names: Iterable[str]) -> list[str]:
    """A name that a workbook takes for each: without forbidden characters, short enough, and no two alike."""
    taken, found = set(_RESERVED), []
    for name in names:
        whole = _FORBIDDEN.sub(" ", _clean(name)).strip(" '")[:LONGEST_NAME].strip(" '") or "table"
        chosen, n = whole, 1
        while chosen.lower() in taken:
            n += 1
            chosen = f"{whole[: LONGEST_NAME - len(f' {n}')]} {n}"
        taken.add(chosen.lower())
        found.append(chosen)
    return found


def _write_table(book: Workbook, name: str, frame: pd.DataFrame) -> None:
    sheet = book.add_worksheet(name)
    bold = book.add_format({"bold": True, "bottom": 1})
    sheet.freeze_panes(1, 0)
    known = load_columns()
    for place, title in enumerate(map(str, frame.columns)):
        values = frame.iloc[:, place].tolist()
        column = known.get(title)
        style = book.add_format({"num_format": _FORMATS[column.kind]}) if column and column.kind in _FORMATS else None
        sheet.write_string(0, place, _clean(title), bold)
        for row, value in enumerate(values, start=1):
            _write_cell(sheet, row, place, value, style)
        longest = max(len(text) for text in (title, *(v for v in values if isinstance(v, str))))
        sheet.set_column(place, place, min(longest + 2, WIDEST))


def _write_cell(sheet: Any, row: int, place: int, value: Any, style: Any) -> None:
    if value is None or pd.isna(value) or value == "":
        return
    if isinstance(value, bool | np.bool_):
        sheet.write_boolean(row, place, bool(value))
    elif isinstance(value, int | float | np.number) and np.isfinite(value):
        sheet.write_number(row, place, value, style)
    elif isinstance(value, date):
        sheet.write_datetime(row, place, value, style)
    else:
        sheet.write_string(row, place, _clean(str(value)))


def _write_about(book: Workbook, provenance: Provenance, key: Iterable[tuple[str, str]]) -> None:
    sheet = book.add_worksheet(ABOUT)
    bold, wrapped = book.add_format({"bold": True, "bottom": 1}), book.add_format({"text_wrap": True, "valign": "top"})
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 1, 110, wrapped)
    lines = list(provenance.lines())
    for row, line in enumerate(lines):
        sheet.write_string(row, 1, _clean(line), wrapped)
    start = len(lines) + 1
    for place, title in enumerate(("Column", "Meaning")):
        sheet.write_string(start, place, title, bold)
    for row, (name, meaning) in enumerate(key, start=start + 1):
        sheet.write_string(row, 0, name)
        sheet.write_string(row, 1, meaning, wrapped)


def _clean(text: str) -> str:
    """Text that a cell holds: no halves of characters, and not longer than it may be."""
    whole = text.encode("utf-8", "replace").decode()
    return whole if len(whole) <= LONGEST_CELL else f"{whole[: LONGEST_CELL - 1]}…"


XLSX = Medium(
    "XLSX", "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", to_xlsx, one_table=False
)
