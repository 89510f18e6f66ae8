"""A file of patients: found, told by its first bytes, and read as CSV or Parquet into the engine."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd

from analytics.cohort.address import LONGEST_PATH, Address
from analytics.cohort.csv_text import (
    BOM,
    MAX_COLUMNS,
    MAX_LINE_BYTES,
    CsvError,
    Header,
    Records,
    look_through,
    read_header,
)
from analytics.cohort.duckdb_engine import BrokenLines, DamageError, DuckDBEngine, TooLargeError
from analytics.cohort.files import explain_unopened, read_start
from analytics.cohort.problems import N_SHOWN, CohortError, Problem, list_places
from analytics.dictionary import Words, load_words
from analytics.formats import shorten

MAX_FOOTER_BYTES = 64_000_000


def load_frame(engine: DuckDBEngine, frame: pd.DataFrame) -> tuple[list[str], list[Problem]]:
    """The header of a frame (without problems), its rows now in the view ``raw`` under the names c0, c1, …"""
    if frame.shape[1] == 0:
        raise CohortError([_no_columns("the data frame")])
    if len(frame) == 0:
        raise CohortError([_no_rows("the data frame")])
    plain = {}
    for i in range(frame.shape[1]):
        column = frame.iloc[:, i]
        if not isinstance(column.dtype, np.dtype) or column.dtype.kind not in "iuf":
            missing = column.isna().to_numpy()
            column = column.astype(object).map(str).where(~missing, None).astype(object)
        plain[f"c{i}"] = column.to_numpy()
    engine.load_frame(pd.DataFrame(plain))
    return [str(label) for label in frame.columns], []


def load_file(engine: DuckDBEngine, path: Path) -> tuple[list[str], list[Problem]]:
    """The header of a file and its broken lines, its rows now in the view ``raw`` under the names c0, c1, …"""
    try:
        if path.is_dir() and (files := list_parquet(path)):
            return _load_parquet(engine, path, files)
        start = read_start(path, MAX_LINE_BYTES + 1)
        if start[:4] == b"PAR1":
            return _load_parquet(engine, path, [path])
        if not start.removeprefix(BOM).strip():
            raise CohortError([_no_columns(path.name)])
        kind = next((kind for magic, kind in _FOREIGN.items() if start.startswith(magic)), "")
        if kind or b"\0" in start:
            raise CohortError([_no_table(path, kind)])
        return _load_csv(engine, path, start)
    except OSError as error:
        raise CohortError([explain_unopened(path, error)]) from error


def load_table(engine: DuckDBEngine, address: Address) -> tuple[list[str], list[Problem]]:
    """The header of a table in a DuckDB file (without problems), its rows now in the view ``raw`` as those of a file."""
    path = Path(address.place)
    try:
        if read_start(path, MAX_LINE_BYTES + 1)[8:12] != b"DUCK":
            remedy = "Give the path of a DuckDB file, then / and the name of a table."
            raise CohortError([Problem(f"{shorten(path.name)} is no DuckDB file", shorten(path, LONGEST_PATH), remedy)])
    except OSError as error:
        raise CohortError([explain_unopened(path, error)]) from error
    tables = engine.attach(path)
    if address.table not in tables:
        raise address.deny_table([name for name in tables if not name.startswith("main.")])
    header = engine.view_table(tables[address.table])
    _limit_columns(address.table, header)
    if not engine.load_view():
        raise CohortError([_no_rows(address.table)])
    return header, []


def list_parquet(folder: Path) -> list[Path]:
    """The Parquet files in a folder and in those within it, sorted; what begins with a dot or an underscore is passed over."""
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith((".", "_"))]
        found += [Path(place, n) for n in names if n.endswith(".parquet") and not n.startswith((".", "_"))]
    return sorted(found)


_FOREIGN = {
    b"PK\x03\x04": "an Excel workbook or ZIP archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"\x1f\x8b": "a compressed file",
    b"%PDF": "a PDF file",
    b"\xff\xfe": "a text file in UTF-16",
    b"\xfe\xff": "a text file in UTF-16",
}


def _no_table(path: Path, kind: str) -> Problem:
    return Problem(
        f"{shorten(path.name)} is {kind or 'no text file'}, not a CSV or Parquet file",
        shorten(path, LONGEST_PATH),
        'Open it in the program it comes from and save it as "CSV UTF-8 (comma delimited)".',
    )


def _load_parquet(engine: DuckDBEngine, path: Path, files: Sequence[Path]) -> tuple[list[str], list[Problem]]:
    for one in files:
        with one.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - 8, 0))
            footer = int.from_bytes(file.read(8)[:4], "little")
        if MAX_FOOTER_BYTES < footer < size:
            # The engine would read it whole.
            what = f"a Parquet file that describes itself in {footer} bytes"
            raise CohortError(
                [Problem(f"{shorten(one.name)} is {what}", shorten(one, LONGEST_PATH), "Keep fewer columns.")]
            )
    folders = (part for one in files for part in one.relative_to(path).parts[:-1])
    header = engine.view_parquet(files, partitioned=any("=" in folder for folder in folders))
    _limit_columns(path.name, header)
    if not engine.load_view():
        raise CohortError([_no_rows(path.name)])
    return header, []


def _limit_columns(name: str, header: Sequence[str]) -> None:
    if len(header) > MAX_COLUMNS:
        what = f"{shorten(name)} has {len(header)} columns; at most {MAX_COLUMNS} can be read"
        raise CohortError([Problem(what, "", "Keep the columns that the dictionary describes.")])


def _load_csv(engine: DuckDBEngine, path: Path, start: bytes) -> tuple[list[str], list[Problem]]:
    # The header and its separator are read here, because a guess about them would drop lines that do not fit it.
    try:
        layout = look_through(path)
        if layout.has_nul:
            raise CohortError([_no_table(path, "")])
        header = read_header(start)
        if not header.names:
            raise CohortError([_no_columns(path.name)])
        # The engine, ten times as fast, takes one kind of line end and a header on one line.
        broken = None
        if header.is_plain and layout.is_uniform:
            broken = engine.load_csv(path, len(header.names), header.separator, N_SHOWN)
        if broken is None or any(kind not in _BROKEN for kind, *_ in broken):
            broken = _read_records(engine, path, header)
    except CsvError as error:
        raise CohortError([_broken(path, error)]) from error
    problems = [_broken_lines(path, kind, lines, n, len(header.names)) for kind, lines, n in broken]
    if not engine.count("raw"):
        raise CohortError(problems or [_no_rows(path.name)])
    return list(header.names), problems


def _broken(path: Path, error: CsvError) -> Problem:
    where = f"line {error.line} of {shorten(path.name)}" if error.line else shorten(path.name)
    return Problem(f"{shorten(path.name)} has {error}", where, error.remedy)


def _read_records(engine: DuckDBEngine, path: Path, header: Header) -> list[BrokenLines]:
    """The broken lines of a file that is read record by record."""
    records = Records(path, header)
    engine.load_batches(len(header.names), records.batches())
    few = ("MISSING COLUMNS", records.few, records.n_few)
    return [lines for lines in (few, ("TOO MANY COLUMNS", records.many, records.n_many)) if lines[2]]


_BROKEN = {
    "TOO MANY COLUMNS": (
        "more values than the header's {columns} columns",
        "Give every line one value per column; put text with a separator in it between double quotes.",
    ),
    "MISSING COLUMNS": (
        "fewer values than the header's {columns} columns",
        "Give every line one value per column; an unknown value is an empty cell, its separator stays.",
    ),
    "UNQUOTED VALUE": ("a quotation mark that is never closed", "Close the quotation mark, or delete it."),
    "INVALID ENCODING": (
        "characters that are not UTF-8",
        'Save the file as "CSV UTF-8 (comma delimited)" in the program it comes from.',
    ),
}


def _broken_lines(path: Path, kind: str, lines: Sequence[int], n: int, n_columns: int) -> Problem:
    what, remedy = _BROKEN[kind]
    return Problem(
        f"{n} line{'s have' if n > 1 else ' has'} {what.format(columns=n_columns)}",
        f"{list_places(Words('line', 'lines'), [str(line) for line in lines], n)} of {shorten(path.name)}",
        remedy,
    )


def _no_columns(name: str) -> Problem:
    remedy = f"Give a header line and one line per {load_words().noun}."
    return Problem(f"{shorten(name)} is empty: it has no columns", "", remedy)


def _no_rows(name: str) -> Problem:
    words = load_words()
    remedy = f"Give one line per {words.noun} under the header."
    return Problem(f"{shorten(name)} has a header but no {words.plural}", "", remedy)


@contextmanager
def finding_damage(path: Path) -> Iterator[None]:
    """Turn what the engine says of a damaged file, or of one too large for it, into a `CohortError`."""
    try:
        yield
    except TooLargeError as error:
        what = f"{shorten(path.name)} is too large for the memory of this machine"
        remedy = "Keep the columns that the dictionary describes, or use a machine with more memory."
        raise CohortError([Problem(what, shorten(path, LONGEST_PATH), remedy)]) from error
    except DamageError as error:
        reason = next((line.strip() for line in str(error).splitlines() if line.strip()), "no reason given")
        remedy = "The file may be damaged: save it anew as CSV UTF-8 or Parquet from where it comes from."
        if "Could not set lock" in reason:
            reason, remedy = "another program writes it", "Close the program that has it open, then try again."
        what = f"{shorten(path.name)} cannot be read: {shorten(reason, 200)}"
        raise CohortError([Problem(what, shorten(path, LONGEST_PATH), remedy)]) from error
