"""A file of patients: read as CSV or Parquet, its columns matched with the dictionary, its texts with levels."""

from __future__ import annotations

import csv
import difflib
import glob
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from analytics.derivations import is_derivable
from analytics.dictionary import Dictionary, Variable
from analytics.engine import fetch, quoted
from analytics.results import Note

MISSING_WORDS = frozenset({"", "na", "n/a", "nan", "null", "none", ".", "missing"})
NO_WORDS = ("no", "0", "false", "negative", "absent")
YES_WORDS = ("yes", "1", "true", "positive", "present")
N_LEVELS_READ = 1000
N_SHOWN = 5  # places that a message names

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
    """What is wrong with a file (with the numbers), where, and what to do about it."""

    what: str
    where: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.what} ({self.where}). {self.remedy}" if self.where else f"{self.what}. {self.remedy}"


class CohortError(ValueError):
    """A file that cannot be used; ``problems`` holds everything found, the text has one line for each.

    ``notes`` are remarks on its columns (renamed, left out), which may explain a problem.
    """

    def __init__(self, problems: Iterable[Problem], notes: Iterable[Note] = ()) -> None:
        self.problems = tuple(problems)
        self.notes = tuple(notes)
        super().__init__("\n".join(map(str, self.problems)))


@dataclass(frozen=True)
class PatientFile:
    """The columns of a file under the dictionary's names: as text, as numbers, as positions of levels.

    ``codes`` holds what each text of a coded column stands for, ``unread`` the columns that hold other texts as well.
    """

    connection: duckdb.DuckDBPyConnection
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
        return fetch(self.connection, str(ibis.to_sql(expression, dialect="duckdb")))

    def _read_codes(self, variable: Variable) -> dict[str, int | None]:
        # The few distinct texts are matched here, in Python, so that the engine only looks them up.
        text = self.column(variable.name).cast("string")
        texts = self.raw.group_by(text=text).agg(n=lambda t: t.count()).order_by(ibis.desc("n")).limit(N_LEVELS_READ)
        found = [text for text in self.fetch(texts)["text"] if text is not np.ma.masked]
        words = _words(variable)
        codes = {str(text): words[_word(text)] for text in found if _word(text) in words}
        if len(codes) < len(found):
            self.unread.add(variable.name)
        return codes


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
    if path.is_dir():
        raise CohortError([Problem(f"{path.name} is a folder", str(path), "Give the CSV or Parquet file inside it.")])
    if not path.exists():
        raise CohortError([_no_file(path)])
    with path.open("rb") as file:
        start = file.read(1 << 16)
    if start[:4] == b"PAR1":
        return _load_parquet(connection, path)
    if not start.strip():
        raise CohortError([_no_columns(path.name)])
    kind = next((kind for magic, kind in _FOREIGN.items() if start.startswith(magic)), None)
    if kind or b"\0" in start:
        raise CohortError(
            [
                Problem(
                    f"{path.name} is {kind or 'no text file'}, not a CSV or Parquet file",
                    str(path),
                    'Open it in the program it comes from and save it as "CSV UTF-8 (comma delimited)".',
                )
            ]
        )
    return _load_csv(connection, path)


_FOREIGN = {
    b"PK\x03\x04": "an Excel workbook or ZIP archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"\x1f\x8b": "a compressed file",
    b"%PDF": "a PDF file",
    b"\xff\xfe": "a text file in UTF-16",
    b"\xfe\xff": "a text file in UTF-16",
}


def _load_parquet(connection: duckdb.DuckDBPyConnection, path: Path) -> tuple[list[str], list[Problem]]:
    try:
        connection.read_parquet(glob.escape(str(path)), union_by_name=False).create_view("file")
    except duckdb.Error as error:
        raise CohortError([_unreadable(path, error)]) from error
    header = [row[0] for row in connection.execute("DESCRIBE file").fetchall()]
    connection.execute(f"CREATE VIEW raw AS SELECT {_plain_columns(connection, 'file')} FROM file")
    if connection.execute("SELECT count(*) FROM raw").fetchall() == [(0,)]:
        raise CohortError([_no_rows(path.name)])
    return header, []


def _load_csv(connection: duckdb.DuckDBPyConnection, path: Path) -> tuple[list[str], list[Problem]]:
    # The header and its separator are read here, because a guess about them would drop lines that do not fit it.
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = file.readline()
            file.seek(0)
            separator = max(",;\t|", key=first.count)
            header = [name.strip() for name in next(csv.reader(file, delimiter=separator))]
        names = "{" + ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(header))) + "}"
        connection.execute(
            f"CREATE TABLE rows AS SELECT * FROM read_csv(?, columns = {names}, delim = ?, "
            "quote = '\"', escape = '\"', header = true, auto_detect = false, store_rejects = true)",
            [glob.escape(str(path)), separator],
        )
    except (UnicodeDecodeError, csv.Error, duckdb.Error) as error:
        raise CohortError([_unreadable(path, error)]) from error
    problems = _find_broken_lines(connection, path, len(header))
    connection.execute("CREATE VIEW raw AS FROM rows")
    if connection.execute("SELECT count(*) FROM raw").fetchall() == [(0,)]:
        raise CohortError(problems or [_no_rows(path.name)])
    return header, problems


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


def _find_broken_lines(connection: duckdb.DuckDBPyConnection, path: Path, n_columns: int) -> list[Problem]:
    """What is wrong with lines that could not be split into columns; the record of them is deleted."""
    broken = connection.execute(
        "SELECT CAST(error_type AS VARCHAR), list(DISTINCT line ORDER BY line), any_value(error_message) "
        "FROM reject_errors GROUP BY 1 ORDER BY 1"
    ).fetchall()
    connection.execute("DROP TABLE reject_errors")
    connection.execute("DROP TABLE reject_scans")
    problems = []
    for kind, lines, message in broken:
        what, remedy = _BROKEN.get(kind, (message.splitlines()[0], "Save the file anew as CSV UTF-8."))
        n = len(lines)
        problems.append(
            Problem(
                f"{n} line{'s have' if n > 1 else ' has'} {what.replace('{columns}', str(n_columns))}",
                f"{list_places('line', [str(line) for line in lines[:N_SHOWN]], n)} of {path.name}",
                remedy,
            )
        )
    return problems


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
    if not path.parent.is_dir():
        return Problem(f"there is no folder {path.parent}", str(path), "Check the path.")
    present = sorted(file.name for file in path.parent.iterdir() if file.is_file())
    close = difflib.get_close_matches(path.name, present, n=3) or [
        file for file in present if file.endswith((".csv", ".parquet"))
    ]
    hint = f"Did you mean {' or '.join(close[:3])}?" if close else "Check the name and the folder."
    return Problem(f"there is no file {path.name}", f"in {path.parent.resolve()}", hint)


def _no_columns(name: str) -> Problem:
    return Problem(f"{name} is empty: it has no columns", "", "Give a header line and one line per patient.")


def _no_rows(name: str) -> Problem:
    return Problem(f"{name} has a header but no patients", "", "Give one line per patient under the header.")


def _unreadable(path: Path, error: Exception) -> Problem:
    if isinstance(error, UnicodeDecodeError):
        what, remedy = _BROKEN["INVALID ENCODING"]
        return Problem(f"{path.name} has {what}", f"at byte {error.start + 1}", remedy)
    reason = next((text.strip() for text in str(error).splitlines() if text.strip()), "no reason given")
    return Problem(f"{path.name} cannot be read: {reason[:200]}", str(path), "Save it anew as CSV UTF-8 or Parquet.")


def match_columns(header: Sequence[str], dictionary: Dictionary) -> tuple[dict[str, str], list[Note], list[Problem]]:
    """Column of each variable, what was read differently or left out, and what is missing or doubled."""
    known = {v.name: v for v in dictionary.variables}
    by_key = {_key(name): name for name in known}
    columns: dict[str, str] = {}
    brought_as: dict[str, str] = {}
    unknown: list[str] = []
    notes: list[Note] = []
    problems: list[Problem] = []
    for i, label in enumerate(header):
        variable = label if label in known else by_key.get(_key(label))
        if variable is None:
            unknown.append(label)
            continue
        if variable in columns:
            problems.append(
                Problem(
                    f"the column {variable} stands twice",
                    f"columns {brought_as[variable]!r} and {label!r}",
                    "Delete or rename one of them.",
                )
            )
            continue
        columns[variable], brought_as[variable] = f"c{i}", label
        if label != variable:
            notes.append(Note("column-renamed", "info", f"The column {label!r} was read as {variable}."))
    absent = [name for name in known if name not in columns]
    hints = {label: hint for label in unknown if (hint := _meant(label, absent))}
    for label, hint in hints.items():
        notes.append(
            Note(
                "column-near-miss",
                "caution",
                f"The column {label!r} is not in the dictionary and was left out. Did you mean {hint}?",
                f"Rename it to {hint} if it holds {known[hint].label} in the form the dictionary describes.",
            )
        )
    left_out = [label or "(no name)" for label in unknown if label not in hints]
    if left_out:
        notes.append(
            Note(
                "column-unknown",
                "info",
                f"{len(left_out)} column{'s are' if len(left_out) > 1 else ' is'} not in the dictionary "
                f"and {'were' if len(left_out) > 1 else 'was'} left out: {', '.join(left_out)}.",
            )
        )
    return columns, notes, problems + _missing_columns(columns, header, hints, dictionary)


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
                f"columns found: {', '.join(header[:12])}{', …' if len(header) > 12 else ''}",
                f"Rename {close[0]!r} to {identifier}."
                if close
                else f"Add a column {identifier} with one identifier per patient, not their name.",
            )
        )
    elif len(columns) == 1:
        problems.append(
            Problem(
                "no column besides the identifier is in the dictionary",
                f"columns found: {', '.join(header[:12])}{', …' if len(header) > 12 else ''}",
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
    for endpoint in dictionary.endpoints:
        for present, absent in ((endpoint.event, endpoint.time), (endpoint.time, endpoint.event)):
            if present in columns and present not in served:
                served.add(present)
                close = [label for label, hint in hints.items() if hint == absent]
                problems.append(
                    Problem(
                        f"the column {present} is given without {absent}",
                        f"endpoint {endpoint.label}",
                        f"Rename {close[0]!r} to {absent}."
                        if close
                        else f"Add {absent}, or take {present} out: {endpoint.label} needs both.",
                    )
                )
    return list(dict.fromkeys(problems))


def _key(name: str) -> str:
    """A column's name without case, blanks, underscores and punctuation."""
    return re.sub(r"[\W_]+", "", name.casefold())


def _meant(label: str, absent: Sequence[str]) -> str | None:
    """The absent variable that a column of another name may hold; None without a likely one."""
    for name in absent:
        if _key(label) in {_key(alias) for alias in ALIASES.get(name, ())}:
            return name
    keys = {_key(name): name for name in absent}
    close = difflib.get_close_matches(_key(label), keys, n=1, cutoff=0.8)
    return keys[close[0]] if close else None


def list_places(noun: str, names: Sequence[str], n: int) -> str:
    """The first of ``n`` places by their names, and how many more there are ("patients A; B and 3 more")."""
    more = f" and {n - len(names)} more" if n > len(names) else ""
    return f"{noun}{'s' if n > 1 else ''} {'; '.join(names)}{more}"
