"""The sheets of a workbook as tables: titles passed over, merged cells filled."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from analytics.cohort.problems import CohortError, Problem
from analytics.formats import name_patients, shorten
from analytics.intake.assembling import assemble, no_records
from analytics.intake.header import N_LOOKED_AT, find_header, has_words_alone, put_in_front
from analytics.intake.layout import Layout
from analytics.intake.limited import read_limited
from analytics.intake.tables import SourceTable, list_names
from analytics.results import Note

Row = tuple[int, list[str | None]]


@dataclass(slots=True)
class Sheet:
    """The filled rows of a sheet with their numbers, and its merged cells as (row, column) of two corners, from 0."""

    name: str
    is_hidden: bool
    merged: list[tuple[tuple[int, int], tuple[int, int]]]
    rows: list[Row] = field(default_factory=list)


def read_workbook(
    content: bytes, name: str, layout: Layout | None, tell: Callable[[float], None] | None = None
) -> tuple[SourceTable, ...]:
    """The tables of a workbook, or the one of the sheet that the layout names.

    Raises
    ------
    CohortError
        If the workbook cannot be read, has no such sheet, or no table at all.
    """
    wanted = layout.sheet if layout else ""
    told = read_limited("excel", content, name, wanted, tell).decode("utf-8").split("\n")
    first = json.loads(told[0])
    if wanted and wanted not in first["sheets"]:
        what = f"{shorten(name)} has no sheet {shorten(wanted)}"
        raise CohortError([Problem(what, "", f"Choose one of {list_names(first['sheets'])}.")])
    sheets = list(_list_sheets(told))
    del told
    filled = [sheet for sheet in sheets if sheet.rows]
    if not filled:
        what = f"{shorten(name)} has no filled cell" + (f" in sheet {shorten(wanted)}" if wanted else "")
        raise CohortError(
            [Problem(what, "", name_patients("Give a table with a header, and one line for each {patient}."))]
        )
    tables, problems = [], []
    for sheet in filled:
        try:
            tables.append(_to_table(sheet, f"{name}, sheet {sheet.name}", layout))
        except CohortError as error:
            problems.append((sheet.name, error.problems))
    if not tables:
        raise CohortError([problem for _, found in problems for problem in found])
    notes = _note_workbook(first, [s.name for s in sheets if not s.rows], [sheet for sheet, _ in problems], tables)
    return (replace(tables[0], notes=(*tables[0].notes, *notes)), *tables[1:])


def _list_sheets(told: list[str]) -> Iterator[Sheet]:
    sheet: Sheet | None = None
    for line in told[1:]:
        if not line:
            continue
        said = json.loads(line)
        if isinstance(said, list):
            assert sheet is not None
            sheet.rows.append((said[0], said[1]))
        else:
            if sheet is not None:
                yield sheet
            if "sheet" in said:
                merged = [((a[0], a[1]), (b[0], b[1])) for a, b in said["merged"]]
                sheet = Sheet(said["sheet"], said["hidden"], merged)


def _to_table(sheet: Sheet, name: str, layout: Layout | None) -> SourceTable:
    merged = _fill_merged(sheet)
    layout = _detect(sheet) if layout is None else replace(layout, kind="excel", sheet=sheet.name)
    width = max(len(row) for _, row in sheet.rows)
    rows = {number: row + [None] * (width - len(row)) for number, row in sheet.rows[: N_LOOKED_AT * 2]}
    empty: list[str | None] = [None] * width
    first = layout.header_row
    names = put_in_front([rows.get(first - i, empty) for i in range(layout.group_rows, 0, -1)], rows.get(first, empty))
    below = [row for row in sheet.rows if row[0] > first]
    if not below:
        raise CohortError([no_records(name)])
    table = assemble(name, layout, names, below)
    notes = list(table.notes)
    if n := sum(number < first - layout.group_rows for number, _ in sheet.rows):
        notes.append(note_titles(n))
    if filled := sum(bottom >= first - layout.group_rows for bottom in merged):
        what = f"{filled} merged cell{'s' if filled > 1 else ''} filled: each cell of a merged area holds its text."
        notes.append(Note("merged-cells", "info", what))
    if sheet.is_hidden:
        notes.append(Note("hidden-sheet", "caution", f"Sheet {shorten(sheet.name)} is hidden in the workbook."))
    return replace(table, notes=tuple(notes), is_hidden=sheet.is_hidden)


def note_titles(n: int) -> Note:
    """The note on what stands above the names."""
    text = f"The first {'record is' if n == 1 else f'{n} records are'} passed over as a title: the names stand below."
    return Note("titles", "info", text, "Choose another row for the names if that is wrong.")


def _detect(sheet: Sheet) -> Layout:
    """The row of the names, and the row above it that groups them by merged cells."""
    rows = sheet.rows[: N_LOOKED_AT * 2]
    place = find_header([row for _, row in rows])
    if not place:
        return Layout("excel", decimal="", header_row=0, sheet=sheet.name)
    number = rows[place - 1][0]
    below = rows[place][1] if place < len(rows) and rows[place][0] == number + 1 else []
    groups = [top for top, bottom in sheet.merged if top[0] == bottom[0] == number - 1 and bottom[1] > top[1]]
    if groups and has_words_alone(below):
        return Layout("excel", decimal="", header_row=number + 1, group_rows=1, sheet=sheet.name)
    return Layout("excel", decimal="", header_row=number, sheet=sheet.name)


def _fill_merged(sheet: Sheet) -> list[int]:
    """Write the text of merged cells into each of them; the last row of every area.

    An area over a whole row is a title, and stays in its first cell.
    """
    if not sheet.merged:
        return []
    rows = dict(sheet.rows)
    width = max(len(row) for _, row in sheet.rows)
    filled = []
    for (top, left), (bottom, right) in sheet.merged:
        start = rows.get(top + 1, [])
        text = start[left] if left < len(start) else None
        if not text or (left == 0 and right + 1 >= width and top == bottom):
            continue
        filled.append(bottom + 1)
        for number in range(top + 1, min(bottom + 1, sheet.rows[-1][0]) + 1):
            row = rows.get(number)
            if row is None:
                continue
            row += [None] * (min(right + 1, width) - len(row))
            for i in range(left, min(right + 1, width)):
                row[i] = row[i] or text
    return filled


def _note_workbook(first: dict, empty: list[str], unread: list[str], tables: list[SourceTable]) -> list[Note]:
    notes = []
    if n := first["errors"]:
        text = f"{n} cell{'s hold' if n > 1 else ' holds'} an error such as #N/A in the workbook; they are empty here."
        notes.append(Note("error-cells", "caution", text, "See in the workbook what they should be."))
    if n := first["formulas"]:
        text = f"{n} formula{'s have' if n > 1 else ' has'} no stored result; they are empty here."
        notes.append(
            Note("formulas-without-result", "warning", text, "Open the workbook in Excel, save it, and give it again.")
        )
    if unread:
        text = f"Sheets that hold no table are left out: {list_names(unread)}."
        notes.append(Note("sheets-left-out", "info", text))
    if len(tables) == 1 and len(first["sheets"]) > 1 and empty:
        notes.append(Note("empty-sheets", "info", f"Sheets without any filled cell are left out: {list_names(empty)}."))
    return notes
