"""A file of patients: read as CSV or Parquet, its columns matched with the dictionary, its texts with levels."""

from __future__ import annotations

import difflib
import errno
import glob
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb
import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from analytics.cohort.address import LONGEST_PATH
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
from analytics.cohort.derivations import is_derivable
from analytics.cohort.duckdb_engine import DuckDBEngine
from analytics.cohort.engine import quoted
from analytics.dictionary import Dictionary, Variable
from analytics.formats import shorten
from analytics.results import Note

MISSING_WORDS = frozenset({"", "na", "n/a", "nan", "null", "none", ".", "missing"})
NO_WORDS = ("no", "0", "false", "negative", "absent")
YES_WORDS = ("yes", "1", "true", "positive", "present")
N_LEVELS_READ = 1000
LONGEST_LEVEL = 200  # characters; a longer text is no level, and is not fetched
N_SHOWN = 5  # places that a message names
N_NAMES_SHOWN = 20  # columns that a message names
N_NEIGHBOURS = 2000  # files of a folder that are looked at for a name alike
N_HINTS = 300  # columns that are compared with the dictionary's names
MOST_PROBLEMS = 50
LONGEST_SENTENCE = 600
MAX_FOOTER_BYTES = 64_000_000
# What the engine raises on bytes that are no such file; what it raises on a query that is wrong is not among them.
DAMAGE = (
    duckdb.IOException,
    duckdb.InvalidInputException,
    duckdb.ConversionException,
    duckdb.OutOfRangeException,
    duckdb.SerializationException,
    duckdb.InternalException,
    duckdb.FatalException,
    duckdb.NotImplementedException,
    UnicodeDecodeError,
)

# Names under which registries and trial groups export the same columns; offered as a hint, never applied, because
# units and codings differ (age in days, survival status counted from diagnosis).
ALIASES = {
    "patient_id": ("PATIENT_ID", "record_id", "HONEST_BROKER_SUBJECT_ID", "USI", "ID", "subject", "MRN"),
    "age_years": ("AGE", "age_at_diagnosis", "age_dx_years", "AGE_AT_DISEASE_PHASE", "Age_Days"),
    "sex": ("GENDER", "性别"),
    "immunophenotype": ("ALL_TYPE", "lineage", "Cell of Origin"),
    "white_cells": ("WBC", "wbc_dx", "WBC at Diagnosis", "leukocytes"),
    "platelets": ("PLT", "platelets_dx", "platelet count", "血小板"),
    "haemoglobin": ("HB", "HGB", "hemoglobin"),
    "bcr_abl1": ("Ph", "t(9;22)", "BCR ABL1 Status"),
    "etv6_runx1": ("TEL AML1 Status", "t(12;21)"),
    "mrd_day19_percent": ("MRD_D19", "mrd_d19_pct"),
    "mrd_day46_percent": ("MRD_D46", "mrd_d46_pct"),
    "cns_status": ("CNS_DISEASE_STATUS", "CNS Status at Diagnosis"),
    "relapse_site": ("DISEASE_SITE", "Bone Marrow Site of Relapse"),
    "os_event": ("OS_STATUS", "Vital Status", "vital_status", "os.censor", "LKSS"),
    "os_days": ("OS_MONTHS", "os.time", "Overall Survival Time in Days"),
    "relapse_days": ("relapse_date", "REL_DATE", "time_to_relapse"),
    "efs_days": ("EFS_MONTHS", "efs.time"),
    "efs_event": ("EFS_STATUS", "efs.censor"),
    "salvage_days": ("salvage_start", "reinduction_date"),
    "hsct_days": ("SCT_DATE", "hsct_date", "age_at_sct"),
    "end_of_therapy_days": ("EOT", "end_therapy_date"),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a file (with the numbers), where, and what to do about it; each on one line and cut short."""

    what: str
    where: str
    remedy: str

    def __post_init__(self) -> None:
        for name in ("what", "where", "remedy"):
            object.__setattr__(self, name, shorten(getattr(self, name), LONGEST_SENTENCE))

    def __str__(self) -> str:
        return f"{self.what} ({self.where}). {self.remedy}" if self.where else f"{self.what}. {self.remedy}"


class CohortError(ValueError):
    """A file that cannot be used; ``problems`` holds everything found up to a limit, the text has one line for each.

    ``notes`` are remarks on its columns (renamed, left out), which may explain a problem.
    """

    def __init__(self, problems: Iterable[Problem], notes: Iterable[Note] = ()) -> None:
        found = tuple(problems)
        self.problems = found[:MOST_PROBLEMS]
        if len(found) > MOST_PROBLEMS:
            more = f"{len(found) - MOST_PROBLEMS} further problems are not listed"
            self.problems += (Problem(more, "", "Mend those above, then open the file again."),)
        self.notes = tuple(notes)
        super().__init__("\n".join(map(str, self.problems)))


@dataclass(frozen=True)
class PatientFile:
    """The columns of a file under the dictionary's names: as text, as numbers, as positions of levels.

    ``codes`` holds what each text of a coded column stands for, ``unread`` the columns that hold other texts as well.
    """

    engine: DuckDBEngine
    raw: ir.Table
    columns: Mapping[str, str]
    dictionary: Dictionary
    codes: dict[str, dict[str, int | None]] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        for variable in self.brought:
            if variable.is_coded:
                self.codes[variable.name] = self._read_codes(variable)

    @property
    def brought(self) -> tuple[Variable, ...]:
        """Variables with a column in the file, in the order of the dictionary."""
        return tuple(v for v in self.dictionary.variables if v.name in self.columns)

    def has(self, *names: str) -> bool:
        """True if the file brings all these columns."""
        return all(name in self.columns for name in names)

    def column(self, name: str) -> Any:
        """The column as it stands in the file."""
        return self.raw[self.columns[name]]

    def text(self, name: str) -> Any:
        """The column as text without blanks around it, null where it holds a word for missing."""
        text = self.column(name).cast("string").strip()
        return ibis.ifelse(text.lower().isin(sorted(MISSING_WORDS)), ibis.null("string"), text)

    def number(self, name: str) -> Any:
        """The column as float64, null where it is missing, not finite or no number."""
        column = self.column(name)
        if column.type().is_integer():
            return column.cast("float64")
        if not column.type().is_floating():
            text = self.text(name)
            if self.dictionary[name].kind == "event":
                text = text.lower().cases(("true", "1"), ("false", "0"), else_=text)
            column = text.try_cast("float64")
        return ibis.ifelse(column.isnan() | column.isinf(), ibis.null("float64"), column)

    def given(self, name: str) -> Any:
        """True where the cell holds something, readable or not."""
        column = self.column(name)
        if column.type().is_floating():
            return column.notnull() & ~column.isnan()
        return column.notnull() if column.type().is_integer() else self.text(name).notnull()

    def code(self, name: str) -> Any:
        """The position of the level, null where it is missing or unknown."""
        known = [(text, code) for text, code in self.codes[name].items() if code is not None]
        if not known:
            return ibis.null("int8")
        return self.column(name).cast("string").cases(*known, else_=None).cast("int8")

    def value(self, name: str) -> Any:
        """The column as it is stored: positions of levels, events as 0 and 1, or numbers."""
        variable = self.dictionary[name]
        if variable.is_coded:
            return self.code(name)
        return self.number(name).cast("int8") if variable.kind == "event" else self.number(name)

    def fetch(self, expression: ir.Table) -> dict[str, Any]:
        """The rows of an expression as numpy columns."""
        return dict(self.engine.run(str(ibis.to_sql(expression, dialect="duckdb"))))

    def _read_codes(self, variable: Variable) -> dict[str, int | None]:
        # The few distinct texts are matched here, in Python, so that the engine only looks them up.
        text = self.column(variable.name).cast("string").left(LONGEST_LEVEL)
        texts = self.raw.group_by(text=text).agg(n=lambda t: t.count()).order_by(ibis.desc("n")).limit(N_LEVELS_READ)
        found = [text for text in self.fetch(texts)["text"] if text is not np.ma.masked]
        words = _words(variable)
        whole = [str(text) for text in found if len(text) < LONGEST_LEVEL]
        codes = {text: words[_word(text)] for text in whole if _word(text) in words}
        if len(codes) < len(found):
            self.unread.add(variable.name)
        return codes


def schema_of(connection: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    """The columns of a relation with their types, as Ibis names them."""
    types = {"VARCHAR": "string", "DOUBLE": "float64", "BIGINT": "int64", "TINYINT": "int8"}
    return {row[0]: types[row[1]] for row in connection.execute(f"DESCRIBE {relation}").fetchall()}


def _word(text: str) -> str:
    """Text as it is compared: in lower case, without blanks around it, whole numbers without decimals."""
    return re.sub(r"^(\d+)\.0+$", r"\1", text.strip().casefold())


def _words(variable: Variable) -> dict[str, int | None]:
    """What may stand for each level of a variable, as the level's position, or for a missing value, as None."""
    words: dict[str, int | None] = dict.fromkeys((*MISSING_WORDS, variable.missing_label.strip().casefold()))
    levels = [level.casefold() for level in variable.levels]
    if len(levels) == 2:
        for no, yes in ((0, 1), (1, 0)):
            if levels[no] in NO_WORDS and levels[yes] in YES_WORDS:
                words |= dict.fromkeys(NO_WORDS, no) | dict.fromkeys(YES_WORDS, yes)
    words |= {label.strip().casefold(): code for code, label in enumerate(variable.level_labels)}
    words |= {word.casefold(): variable.levels.index(level) for level, some in variable.level_words for word in some}
    return words | {level.strip(): code for code, level in enumerate(levels)}


def load_frame(connection: duckdb.DuckDBPyConnection, frame: pd.DataFrame) -> tuple[list[str], list[Problem]]:
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
    connection.register("frame", pd.DataFrame(plain))
    connection.execute(f"CREATE TABLE rows AS SELECT {_plain_columns(connection, 'frame')} FROM frame")
    connection.execute("CREATE VIEW raw AS FROM rows")
    connection.unregister("frame")
    return [str(label) for label in frame.columns], []


def load_file(connection: duckdb.DuckDBPyConnection, path: Path) -> tuple[list[str], list[Problem]]:
    """The header of a file and its broken lines, its rows now in the view ``raw`` under the names c0, c1, …"""
    try:
        start = _read_start(path)
        if start[:4] == b"PAR1":
            return _load_parquet(connection, path)
        if not start.removeprefix(BOM).strip():
            raise CohortError([_no_columns(path.name)])
        kind = next((kind for magic, kind in _FOREIGN.items() if start.startswith(magic)), "")
        if kind or b"\0" in start:
            raise CohortError([_no_table(path, kind)])
        return _load_csv(connection, path, start)
    except OSError as error:
        raise CohortError([_unopened(path, error)]) from error


def _read_start(path: Path) -> bytes:
    """The first bytes of a file, as many as a header may have.

    What is no regular file is not read: a pipe would keep the product waiting for ever, a device might never end.
    """
    if any(c == "\0" or "\ud800" <= c <= "\udfff" for c in str(path)):
        what = "the path of the file holds characters that are not UTF-8"
        raise CohortError([Problem(what, shorten(path, LONGEST_PATH), "Rename the file or its folder.")])
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):
        raise CohortError([_no_regular_file(path, status.st_mode)])
    if not status.st_size:  # empty, or one of the system's own, which may never end
        return b""
    # Should it become a pipe at this very moment, it does not block either.
    with open(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)), "rb") as file:
        return file.read(MAX_LINE_BYTES + 1)


def _no_regular_file(path: Path, mode: int) -> Problem:
    kinds = (
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
    )
    kind = next((name for test, name in kinds if test(mode)), "no file")
    remedy = "Give the CSV or Parquet file inside it." if kind == "a folder" else "Give a CSV or Parquet file."
    return Problem(f"{shorten(path.name or path)} is {kind}", shorten(path, LONGEST_PATH), remedy)


def _unopened(path: Path, error: OSError) -> Problem:
    """Why the system does not open a file."""
    where = shorten(path, LONGEST_PATH)
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return _no_file(path)
    if isinstance(error, IsADirectoryError):
        return _no_regular_file(path, stat.S_IFDIR)
    if isinstance(error, PermissionError):
        return Problem(
            f"{shorten(path.name)} may not be read by this program (permission denied)",
            where,
            "Give the account that runs the dashboard leave to read the file and to enter its folder.",
        )
    if error.errno == errno.ENAMETOOLONG:
        return Problem(
            f"the path has {len(str(path))} characters, more than this system allows", where, "Give a shorter path."
        )
    if error.errno == errno.ENXIO:  # a socket, or a pipe
        return Problem(f"{shorten(path.name)} is a socket or a pipe", where, "Give a CSV or Parquet file.")
    reason = shorten(error.strerror or "no reason given", 200)
    return Problem(f"{shorten(path.name)} cannot be opened: {reason}", where, "Check the path, and the disk it is on.")


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


def _load_parquet(connection: duckdb.DuckDBPyConnection, path: Path) -> tuple[list[str], list[Problem]]:
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - 8, 0))
        footer = int.from_bytes(file.read(8)[:4], "little")
    if MAX_FOOTER_BYTES < footer < size:
        # The engine would read it whole.
        what = f"a Parquet file that describes itself in {footer} bytes"
        raise CohortError(
            [Problem(f"{shorten(path.name)} is {what}", shorten(path, LONGEST_PATH), "Keep fewer columns.")]
        )
    try:
        connection.read_parquet(glob.escape(str(path)), union_by_name=False).create_view("file")
    except duckdb.Error as error:
        raise CohortError([_damaged(path, error)]) from error
    header = [row[0] for row in connection.execute("DESCRIBE file").fetchall()]
    if any(re.search(r"_[0-9]+$", name) for name in header):
        # The engine numbers names that repeat, and would hide that one of the columns is not read.
        own = _own_names(connection, path)
        header = own if len(own) == len(header) else header
    if len(header) > MAX_COLUMNS:
        raise CohortError(
            [
                Problem(
                    f"{shorten(path.name)} has {len(header)} columns; at most {MAX_COLUMNS} can be read",
                    "",
                    "Keep the columns that the dictionary describes.",
                )
            ]
        )
    connection.execute(f"CREATE VIEW raw AS SELECT {_plain_columns(connection, 'file')} FROM file")
    if connection.execute("SELECT count(*) FROM raw").fetchall() == [(0,)]:
        raise CohortError([_no_rows(path.name)])
    return header, []


def _own_names(connection: duckdb.DuckDBPyConnection, path: Path) -> list[str]:
    """The names of the columns as they stand in a Parquet file, without those of their parts."""
    try:
        rows = connection.execute(
            "SELECT name, coalesce(num_children, 0) FROM parquet_schema(?)", [glob.escape(str(path))]
        ).fetchall()
    except duckdb.Error as error:
        raise CohortError([_damaged(path, error)]) from error
    names, parts = [], 0  # the first row is the table itself; what has parts is followed by them
    for name, n_children in rows[1:]:
        if parts:
            parts -= 1
        else:
            names.append(name)
        parts += n_children
    return names


def _load_csv(connection: duckdb.DuckDBPyConnection, path: Path, start: bytes) -> tuple[list[str], list[Problem]]:
    # The header and its separator are read here, because a guess about them would drop lines that do not fit it.
    try:
        layout = look_through(path)
        if layout.has_nul:
            raise CohortError([_no_table(path, "")])
        header = read_header(start)
        if not header.names:
            raise CohortError([_no_columns(path.name)])
        # The engine, ten times as fast, takes one kind of line end and a header on one line.
        problems = _read_plain(connection, path, header) if header.is_plain and layout.is_uniform else None
        if problems is None:
            problems = _read_records(connection, path, header)
    except CsvError as error:
        raise CohortError([_broken(path, error)]) from error
    connection.execute("CREATE VIEW raw AS FROM rows")
    if connection.execute("SELECT count(*) FROM raw").fetchall() == [(0,)]:
        raise CohortError(problems or [_no_rows(path.name)])
    return list(header.names), problems


def _broken(path: Path, error: CsvError) -> Problem:
    where = f"line {error.line} of {shorten(path.name)}" if error.line else shorten(path.name)
    return Problem(f"{shorten(path.name)} has {error}", where, error.remedy)


def _read_plain(connection: duckdb.DuckDBPyConnection, path: Path, header: Header) -> list[Problem] | None:
    """The rows of a file into the table ``rows``, and its broken lines; None if the engine cannot read it."""
    names = [f"c{i}" for i in range(len(header.names))]
    columns = "{" + ", ".join(f"'{name}': 'VARCHAR'" for name in names) + "}"
    # A row without anything in it is a line that a spreadsheet left behind.
    is_filled = f"coalesce({', '.join(names)}) IS NOT NULL"
    try:
        connection.execute(
            f"CREATE TABLE rows AS SELECT * FROM read_csv(?, columns = {columns}, delim = ?, quote = '\"', escape = '\"', "
            f"header = true, auto_detect = false, store_rejects = true, compression = 'none') WHERE {is_filled}",
            [glob.escape(str(path)), header.separator],
        )
    except (duckdb.InvalidInputException, duckdb.InternalException):
        return None
    return _find_broken_lines(connection, path, len(names))


def _read_records(connection: duckdb.DuckDBPyConnection, path: Path, header: Header) -> list[Problem]:
    """The rows of a file into the table ``rows``, read record by record, and its broken lines."""
    names = [f"c{i}" for i in range(len(header.names))]
    connection.execute(f"CREATE OR REPLACE TABLE rows ({', '.join(f'{name} VARCHAR' for name in names)})")
    records = Records(path, header)
    for batch in records.batches():
        connection.register("batch", pd.DataFrame(batch, columns=names, dtype=object))
        connection.execute("INSERT INTO rows FROM batch")
        connection.unregister("batch")
    return [
        _broken_lines(path, kind, lines, n, len(names))
        for kind, lines, n in (
            ("MISSING COLUMNS", records.few, records.n_few),
            ("TOO MANY COLUMNS", records.many, records.n_many),
        )
        if n
    ]


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


def _find_broken_lines(connection: duckdb.DuckDBPyConnection, path: Path, n_columns: int) -> list[Problem] | None:
    """What is wrong with lines that could not be split into columns; None if the engine does not say it plainly.

    The engine's record of these lines is deleted.
    """
    broken = connection.execute(
        f"SELECT CAST(error_type AS VARCHAR), list(DISTINCT line ORDER BY line)[:{N_SHOWN}], count(DISTINCT line) "
        "FROM reject_errors GROUP BY 1 ORDER BY 1"
    ).fetchall()
    connection.execute("DROP TABLE reject_errors")
    connection.execute("DROP TABLE reject_scans")
    if any(kind not in _BROKEN for kind, *_ in broken):
        return None
    return [_broken_lines(path, kind, lines, n, n_columns) for kind, lines, n in broken]


def _broken_lines(path: Path, kind: str, lines: Sequence[int], n: int, n_columns: int) -> Problem:
    what, remedy = _BROKEN[kind]
    return Problem(
        f"{n} line{'s have' if n > 1 else ' has'} {what.replace('{columns}', str(n_columns))}",
        f"{list_places('line', [str(line) for line in lines], n)} of {shorten(path.name)}",
        remedy,
    )


def _plain_columns(connection: duckdb.DuckDBPyConnection, relation: str) -> str:
    """The columns of a relation as c0, c1, …, each whole number, float or text."""
    chosen = []
    for i, (name, kind, *_) in enumerate(connection.execute(f"DESCRIBE {relation}").fetchall()):
        plain = "VARCHAR"
        if kind in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"):
            plain = "BIGINT"
        elif kind in ("FLOAT", "DOUBLE") or kind.startswith("DECIMAL"):
            plain = "DOUBLE"
        chosen.append(f"CAST({quoted(name)} AS {plain}) AS c{i}")
    return ", ".join(chosen)


def _no_file(path: Path) -> Problem:
    if not os.path.isdir(path.parent):
        return Problem(f"there is no folder {shorten(path.parent)}", shorten(path, LONGEST_PATH), "Check the path.")
    try:
        with os.scandir(path.parent) as entries:
            present = sorted(entry.name for entry in islice(entries, N_NEIGHBOURS) if entry.is_file())
    except OSError:
        present = []  # a folder that may be entered, but not listed
    close = difflib.get_close_matches(path.name, present, n=3) or [
        file for file in present if file.endswith((".csv", ".parquet"))
    ]
    hint = f"Did you mean {' or '.join(map(shorten, close[:3]))}?" if close else "Check the name and the folder."
    folder = shorten(os.path.abspath(path.parent), LONGEST_PATH)
    return Problem(f"there is no file {shorten(path.name)}", f"in {folder}", hint)


def _no_columns(name: str) -> Problem:
    return Problem(f"{shorten(name)} is empty: it has no columns", "", "Give a header line and one line per patient.")


def _no_rows(name: str) -> Problem:
    return Problem(f"{shorten(name)} has a header but no patients", "", "Give one line per patient under the header.")


@contextmanager
def finding_damage(path: Path) -> Iterator[None]:
    """Turn what the engine says of a damaged file, or of one too large for it, into a `CohortError`."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        what = f"{shorten(path.name)} is too large for the memory of this machine"
        remedy = "Keep the columns that the dictionary describes, or use a machine with more memory."
        raise CohortError([Problem(what, shorten(path, LONGEST_PATH), remedy)]) from error
    except (duckdb.Error, UnicodeDecodeError, RuntimeError) as error:
        # The engine passes on errors of its Parquet reader without a kind, and some in bytes that are no text; a query
        # that is wrong is our own fault.
        if isinstance(error, DAMAGE) or type(error) is duckdb.Error or "conversion error" in str(error):
            raise CohortError([_damaged(path, error)]) from error
        raise


def _damaged(path: Path, error: Exception) -> Problem:
    reason = next((line.strip() for line in str(error).splitlines() if line.strip()), "no reason given")
    return Problem(
        f"{shorten(path.name)} cannot be read: {shorten(reason, 200)}",
        shorten(path, LONGEST_PATH),
        "The file may be damaged: save it anew as CSV UTF-8 or Parquet from where it comes from.",
    )


def match_columns(header: Sequence[str], dictionary: Dictionary) -> tuple[dict[str, str], list[Note], list[Problem]]:
    """Column of each variable, what was read differently or left out, and what is missing or doubled."""
    known = {v.name: v for v in dictionary.variables}
    by_key = {_key(name): name for name in known}
    columns: dict[str, str] = {}
    brought_as: dict[str, list[str]] = {}
    unknown: list[str] = []
    notes: list[Note] = []
    for i, label in enumerate(header):
        variable = label if label in known else by_key.get(_key(label))
        if variable is None:
            unknown.append(label)
            continue
        brought_as.setdefault(variable, []).append(label)
        if variable not in columns:
            columns[variable] = f"c{i}"
            if label != variable:
                read = f"The column {_named(label)} was read as {variable}."
                notes.append(Note("column-renamed", "info", read))
    problems = [_repeated(variable, labels) for variable, labels in brought_as.items() if len(labels) > 1]
    hints = _hints(unknown, [name for name in known if name not in columns])
    for label, hint in islice(hints.items(), N_NAMES_SHOWN):
        notes.append(
            Note(
                "column-near-miss",
                "caution",
                f"The column {_named(label)} is not in the dictionary and was left out. Did you mean {hint}?",
                f"Rename it to {hint} if it holds {known[hint].label} in the form the dictionary describes.",
            )
        )
    told = set(islice(hints, N_NAMES_SHOWN))
    left_out = [label for label in unknown if label not in told]
    if left_out:
        notes.append(
            Note(
                "column-unknown",
                "info",
                f"{len(left_out)} column{'s are' if len(left_out) > 1 else ' is'} not in the dictionary "
                f"and {'were' if len(left_out) > 1 else 'was'} left out: {_listed(left_out)}.",
            )
        )
    return columns, notes, problems + _missing_columns(columns, header, hints, dictionary)


def _listed(labels: Sequence[str]) -> str:
    """The first of the names of columns, and how many more there are."""
    more = f" and {len(labels) - N_NAMES_SHOWN} more" if len(labels) > N_NAMES_SHOWN else ""
    return ", ".join(shorten(label) or "(no name)" for label in labels[:N_NAMES_SHOWN]) + more


def _named(label: str) -> str:
    """The name of a column of the file in quotation marks."""
    return f"'{shorten(label)}'"


def _repeated(variable: str, labels: Sequence[str]) -> Problem:
    times = "twice" if len(labels) == 2 else f"{len(labels)} times"
    more = f" and {len(labels) - N_SHOWN} more" if len(labels) > N_SHOWN else ""
    named = [_named(label) for label in labels[:N_SHOWN]]
    return Problem(
        f"the column {variable} stands {times}",
        f"columns {' and '.join(named) if len(named) == 2 else ', '.join(named)}{more}",
        "Delete or rename all of them but one." if len(labels) > 2 else "Delete or rename one of them.",
    )


def _missing_columns(
    columns: Mapping[str, str], header: Sequence[str], hints: Mapping[str, str], dictionary: Dictionary
) -> list[Problem]:
    problems = []
    identifier = dictionary.identifier.name
    if identifier not in columns:
        close = [label for label, hint in hints.items() if hint == identifier]
        problems.append(
            Problem(
                f"the column {identifier} is missing",
                f"columns found: {_listed(header)}",
                f"Rename {_named(close[0])} to {identifier}."
                if close
                else f"Add a column {identifier} with one identifier per patient, not their name.",
            )
        )
    elif len(columns) == 1:
        problems.append(
            Problem(
                "no column besides the identifier is in the dictionary",
                f"columns found: {_listed(header)}",
                f"Rename the columns, for instance to {', '.join(v.name for v in dictionary.filters[:6])}.",
            )
        )
    # A column may serve several endpoints (death after relapse, from relapse and from HSCT); one of them is enough.
    served = {
        name
        for e in dictionary.endpoints
        for name in (e.time, e.event)
        if all(c in columns or is_derivable(dictionary[c], columns, dictionary) for c in (e.time, e.event))
    }
    served |= {
        e.time
        for e in dictionary.competing
        if all(c in columns or is_derivable(dictionary[c], columns, dictionary) for c in (e.time, e.cause))
    }
    for endpoint in dictionary.endpoints:
        for present, absent in ((endpoint.event, endpoint.time), (endpoint.time, endpoint.event)):
            if present in columns and present not in served:
                served.add(present)
                close = [label for label, hint in hints.items() if hint == absent]
                problems.append(
                    Problem(
                        f"the column {present} is given without {absent}",
                        f"endpoint {endpoint.label}",
                        f"Rename {_named(close[0])} to {absent}."
                        if close
                        else f"Add {absent}, or take {present} out: {endpoint.label} needs both.",
                    )
                )
    return list(dict.fromkeys(problems))


def _key(name: str) -> str:
    """A column's name without case, blanks, underscores and punctuation."""
    return re.sub(r"[\W_]+", "", name.casefold())


def _hints(unknown: Sequence[str], absent: Sequence[str]) -> dict[str, str]:
    """Columns of other names with the absent variable that each may hold."""
    aliases = {_key(alias): name for name in reversed(absent) for alias in ALIASES.get(name, ())}
    keys = {_key(name): name for name in absent}
    longest = 2 * max(map(len, keys), default=0)
    hints = {}
    for i, label in enumerate(dict.fromkeys(unknown)):
        key = _key(label)
        if key in aliases:
            hints[label] = aliases[key]
        elif i < N_HINTS and len(key) <= longest and (close := difflib.get_close_matches(key, keys, n=1, cutoff=0.8)):
            hints[label] = keys[close[0]]
    return hints


def list_places(noun: str, names: Sequence[str], n: int) -> str:
    """The first of ``n`` places by their names, and how many more there are ("patients A; B and 3 more")."""
    more = f" and {n - len(names)} more" if n > len(names) else ""
    return f"{noun}{'s' if n > 1 else ''} {'; '.join(names)}{more}"
