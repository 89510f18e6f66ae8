"""Read the files of a team as tables: text, workbooks and Parquet, packed or not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

from analytics.cohort.csv_text import CsvError
from analytics.cohort.problems import CohortError, Problem, list_places
from analytics.dictionary import Words
from analytics.formats import name_patients, shorten
from analytics.intake.assembling import assemble, no_records
from analytics.intake.encodings import Damage, find_damage, is_marked, note_encoding
from analytics.intake.header import put_in_front, spread
from analytics.intake.layout import Layout
from analytics.intake.parquet_file import read_parquet
from analytics.intake.tables import SourceTable
from analytics.intake.text_records import COMMENT, Lines, detect_text, read_records
from analytics.intake.unpacking import unpack
from analytics.intake.workbooks import note_titles, read_workbook
from analytics.results import Note

N_AHEAD = 50

Progress = Callable[[float], None]


def read_tables(
    content: bytes | Path, name: str, layout: Layout | None = None, *, progress: Progress | None = None
) -> tuple[SourceTable, ...]:
    """The tables of one file: every sheet of a workbook, or one.

    Parameters
    ----------
    content
        The bytes of the file, or where it is.
    name
        What it is called in messages.
    layout
        How it is read; None detects it. What was detected is the ``layout`` of each table, and gives the same table.
    progress
        Is told how much of a text has been read, 0 to 1; of other files that they are still being read. What it raises ends
        the reading.

    Raises
    ------
    CohortError
        If the file cannot be opened or read; it says why, where and what to do.
    """
    found = unpack(content, name)
    if layout is not None and layout.kind != found.kind:
        layout = None
    if found.kind == "excel":
        return read_workbook(found.content, found.name, layout, progress)
    if found.kind == "parquet":
        return read_parquet(found.content, found.name, layout, progress)
    return (_read_text(found.content, found.name, layout, progress),)


def read_tables_as(
    content: bytes | Path,
    name: str,
    said: Mapping[str, Mapping[str, Any]],
    *,
    progress: Progress | None = None,
) -> tuple[SourceTable, ...]:
    """The tables of one file, as `read_tables`, with what is ``said`` of some of them; all else is detected with it in mind.

    Parameters
    ----------
    said
        Fields of the layout, by the name of the table.

    Raises
    ------
    CohortError
        As `read_tables`.
    """
    found = unpack(content, name)
    if found.kind == "text":
        told = said.get(found.name, said.get(name))
        try:
            layout = detect_layout(found.content, found.name, told) if told else None
        except UnicodeError as error:
            what = f"{shorten(name)} is not {shorten(str((told or {}).get('encoding', 'text')))}"
            raise CohortError([Problem(what, "", "Choose another encoding, or save the file as CSV UTF-8.")]) from error
        return (_read_text(found.content, found.name, layout, progress),)
    tables = read_tables(content, name, progress=progress)
    read: list[SourceTable] = []
    for table in tables:
        told = said.get(table.name)
        layout = replace(table.layout, **dict(told)) if told else None
        read += read_tables(content, name, layout, progress=progress) if layout else (table,)
    return tuple(read)


def detect_layout(start: bytes, name: str, said: Mapping[str, Any] | None = None) -> Layout:
    """How a file is read, by its beginning; for a text what is ``said`` by name of the field is kept.

    The decimal sign is left open ("" until the columns are read), and so are the sheets of a workbook.
    """
    if start.startswith(b"PAR1"):
        return Layout("parquet", decimal="")
    if start.startswith((b"PK", b"\xd0\xcf\x11\xe0")):
        return Layout("excel", decimal="")
    return detect_text(start, name, said or {})


def _read_text(content: bytes, name: str, layout: Layout | None, progress: Progress | None) -> SourceTable:
    is_told = layout is not None
    layout = layout or detect_layout(content, name)
    damage = _check_encoding(content, name, layout.encoding)
    try:
        table = _split(content, name, layout, progress)
    except CsvError as error:
        # Between tabs a quotation mark is often but a character.
        may_be_text = not is_told and layout.separator == "\t" and "quotation" in str(error)
        plain = _without_quotes(content, name, layout, progress) if may_be_text else None
        if plain is None:
            where = f"line {error.line} of {shorten(name)}" if error.line else ""
            raise CohortError([Problem(f"{shorten(name)} has {error}", where, error.remedy)]) from error
        table = plain
    notes = list(table.notes)
    if not is_told:
        notes += note_encoding(layout.encoding, is_marked=is_marked(content))
        if len(table.columns) == 1:
            text = "Only one column was found: no separator splits the lines alike."
            notes.append(Note("one-column", "caution", text, "Choose the separator, if there is one."))
    if damage.n:
        places = list_places(Words("line", "lines"), list(map(str, damage.lines)), max(damage.n, len(damage.lines)))
        text = f"Some characters are not {layout.encoding} and stand as \ufffd ({places})."
        notes.append(Note("broken-characters", "warning", text, "Save the file anew as CSV UTF-8, or correct them."))
    return replace(table, notes=tuple(notes))


def _check_encoding(content: bytes, name: str, encoding: str) -> Damage:
    try:
        damage = find_damage(content, encoding)
    except (LookupError, UnicodeError) as error:
        raise CohortError([Problem(f"there is no encoding {shorten(encoding)}", "", "Choose another one.")]) from error
    if damage.n and not damage.is_slight:
        where = f"line {damage.lines[0]} of {shorten(name)}" if damage.lines else ""
        what = f"{shorten(name)} has {damage.n} characters that are not {encoding}"
        raise CohortError([Problem(what, where, "Choose another encoding, or save the file as CSV UTF-8.")])
    return damage


def _without_quotes(content: bytes, name: str, layout: Layout, progress: Progress | None) -> SourceTable | None:
    """The table if quotation marks mean nothing in it; None if it has rows that do not fit then."""
    try:
        table = _split(content, name, replace(layout, quote=""), progress)
    except (CohortError, CsvError):
        return None
    if any(note.code == "short-lines" for note in table.notes):
        return None
    text = "Quotation marks are read as characters like others: some are never closed."
    return replace(table, notes=(*table.notes, Note("quotes-as-text", "caution", text)))


def _split(content: bytes, name: str, layout: Layout, progress: Progress | None) -> SourceTable:
    """The table of a text, by its layout."""
    lines = Lines(content, layout)
    records = read_records(lines, layout)
    above = list(islice(records, layout.header_row))
    ahead = list(islice(records, N_AHEAD))
    if not above and not ahead:
        remedy = name_patients("Give a table with a header, and one line for each {patient}.")
        raise CohortError([Problem(f"{shorten(name)} is empty: it has no columns", "", remedy)])
    notes: list[Note] = []
    if layout.header_row:
        if not ahead:
            raise CohortError([no_records(name)])
        names = above[-1][1]
        if names[0].startswith(COMMENT):
            names = [names[0].lstrip(COMMENT + " "), *names[1:]]
        groups = [spread(record) for _, record in above[-1 - layout.group_rows : -1]]
        names = put_in_front(groups, names) if groups else names
        widths = {len(record) for _, record in ahead}
        if widths == {len(names) + 1} and any(record[-1].strip() for _, record in ahead):
            names = ["", *names]  # R leaves out the name of the column of row names
        if n := len(above) - 1 - layout.group_rows:
            notes.append(note_titles(n))
    else:
        names = [""] * max(len(record) for _, record in ahead)
        text = "No names of columns were found: the first record holds numbers. Columns are called by their place."
        notes.append(Note("no-header", "caution", text, "Choose the row of the names, if there is one."))

    def tell() -> None:
        if progress:
            progress(lines.share)

    table = assemble(name, layout, names, chain(ahead, records), tell)
    if lines.n_comments:
        n = lines.n_comments
        text = f"{n} line{'s that begin' if n > 1 else ' that begins'} with {layout.comment} left out as comments."
        notes.append(Note("comments", "info", text))
    return replace(table, notes=(*notes, *table.notes))
