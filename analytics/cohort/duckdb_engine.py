"""The embedded engine: patients in the memory of this process. It also reads files, for whatever engine counts."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from analytics.cohort.engine import KEY, Columns, Rows, key_of, quoted, quoted_text
from analytics.cohort.waiting import wait_for

# What is raised on bytes that are no such file; what is raised on a query that is wrong is not among them.
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
WHOLE_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
MAX_MD5_ROWS = 1_000_000
MAX_SHARE_DISTINCT = 0.5
PART_ROWS = 1_000_000
# What is set for a connection holds for no cursor of it.
TELLING_PROGRESS = "SET enable_progress_bar = true; SET enable_progress_bar_print = false"
LEAST_LONG = 1_000_000  # rows of which a question may take a second and more
LEAST_JOINED = 100_000  # rows from which alike ones are joined before they are checked
MOST_JOINED = 2_000_000  # rows that may be left then, which are held in memory all at once
VERSION = duckdb.__version__
BrokenLines = tuple[str, Sequence[int], int]  # the kind of error, the first lines that have it, and how many do


class DamageError(ValueError):
    """Bytes that are no such file; the text says why."""


class TooLargeError(ValueError):
    """A file too large for the memory of this machine."""


@contextmanager
def _telling_damage() -> Iterator[None]:
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise TooLargeError(str(error)) from error
    except (duckdb.Error, UnicodeDecodeError, RuntimeError) as error:
        # Errors of the Parquet reader come without a kind, and some in bytes that are no text; a query that is wrong is our
        # own fault.
        if isinstance(error, DAMAGE) or type(error) is duckdb.Error or "conversion error" in str(error):
            raise DamageError(str(error)) from error
        raise


class DuckDBEngine:
    """An `Engine` in memory. Nothing is fetched from a network, and nothing about patients is written to disk, unless what is
    kept shall lie in a file, ``stored``: a new one, or with ``is_ready`` one that was written before.

    A file or frame is loaded once: its rows then stand in the view ``raw``, its columns as c0, c1, …, each whole number, float
    or text. What is wrong with a file's bytes is a `DamageError` or `TooLargeError`, here and in every query on it.
    """

    def __init__(self, stored: Path | None = None, *, is_ready: bool = False) -> None:
        config: dict[str, Any] = {
            "temp_directory": "",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "async_threads": 0,  # eight idle ones to a cohort otherwise: files are read once, patients lie in memory
        }
        if memory := os.environ.get("COHORT_MEMORY"):
            config["memory_limit"] = memory
        self._connection = duckdb.connect(config=config)
        self._connection.execute(TELLING_PROGRESS)
        self._may_be_long = True
        self._part = (0, 1)  # which of how many is at work
        self._parts: list[str] = []  # queries for what makes up a large folder, a part at a time
        self._is_stored = stored is not None
        self._is_written = self._is_stored and not is_ready
        # What is kept lies there compressed, in a tenth of the memory.
        place, how = (str(stored), "READ_ONLY" if is_ready else "READ_WRITE") if stored else (":memory:", "COMPRESS")
        with _telling_damage():
            self._connection.execute(f"ATTACH {quoted_text(place)} AS kept ({how})")
        if is_ready:
            self._show("patients")
            self._end_opening()

    is_far = False

    def schema(self, table: str) -> dict[str, str]:
        """The columns of a table or view with their types; empty where there is none of that name."""
        sql = (
            "SELECT column_name, data_type FROM duckdb_columns() "
            "WHERE table_name = ? AND database_name = 'memory' ORDER BY column_index"
        )
        found = self.run(sql, [table])
        return dict(zip(found["column_name"], found["data_type"], strict=True))

    def run(self, sql: str, values: Sequence[Any] = ()) -> Columns:
        """The rows of a query as numpy columns, masked where null."""
        # On a cursor of its own: sessions run in several threads, and a shared one mixes up their answers.
        cursor = self._connection.cursor()

        def ask() -> dict[str, Any]:
            with cursor:
                if self._may_be_long:
                    cursor.execute(TELLING_PROGRESS)
                found: dict[str, Any] = cursor.execute(sql, list(values)).fetchnumpy()
                return found

        with _telling_damage():
            return wait_for(ask, partial(self._share, cursor), cursor.interrupt) if self._may_be_long else ask()

    def close(self) -> None:
        """Let the patients go."""
        self._connection.close()

    def execute(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a statement that may change tables; only while a cohort is opened, in one thread."""

        def ask() -> list[tuple[Any, ...]]:
            return self._connection.execute(sql, list(values)).fetchall()

        with _telling_damage():
            return wait_for(ask, partial(self._share, self._connection), self._connection.interrupt)

    def _share(self, connection: duckdb.DuckDBPyConnection) -> float | None:
        """How much is done of what a connection is asked, as far as the engine knows."""
        with suppress(
            duckdb.ConnectionException, duckdb.ResourceInUseException
        ):  # it has just ended, or hands over its rows
            share, (part, of) = connection.query_progress() / 100, self._part
            return (part + max(share, 0.0)) / of if share >= 0 or of > 1 else None
        return None

    def count(self, table: str) -> int:
        """The number of rows."""
        return int(self.execute(f"SELECT count(*) FROM {table}")[0][0])

    def load_frame(self, frame: pd.DataFrame) -> None:
        """Load a frame whose columns are c0, c1, …"""
        with self._registered("frame", frame):
            self.execute(f"CREATE TABLE rows AS SELECT {self._plain_columns('frame')} FROM frame")
        self.execute("CREATE VIEW raw AS FROM rows")

    def view_parquet(self, paths: Sequence[Path], *, partitioned: bool = False) -> list[str]:
        """The header of a Parquet file, or of several that make up one table, for `load_view`.

        ``partitioned`` True takes columns from the names of their folders ("centre=1") as well.
        """
        try:
            with _telling_damage():
                files = [glob.escape(str(path)) for path in paths]
                self._connection.read_parquet(files, hive_partitioning=partitioned).create_view("file")
                self._parts = self._list_parts(files, partitioned)
            header = [row[0] for row in self.execute("DESCRIBE file")]
            if any(re.search(r"_[0-9]+$", name) for name in header):
                # Names that repeat are numbered, which would hide that one of the columns is not read.
                own = self._own_names(paths[0])
                header = own if len(own) == len(header) else header
        except duckdb.Error as error:
            raise DamageError(str(error)) from error
        return header

    def _list_parts(self, files: Sequence[str], partitioned: bool) -> list[str]:
        """Queries for a million rows each that make up all; none where they are no more than that."""
        sizes = self._connection.execute("SELECT file_name, num_rows FROM parquet_file_metadata(?)", [files]).fetchall()
        if sum(n for _, n in sizes) <= PART_ROWS:
            return []
        parts, together, n_together = [], list[str](), 0

        def read(names: Sequence[str], where: str = "") -> None:
            options = f"hive_partitioning = {partitioned}, file_row_number = {bool(where)}"
            columns = "* EXCLUDE (file_row_number)" if where else "*"
            listed = ", ".join(quoted_text(glob.escape(name)) for name in names)
            parts.append(f"SELECT {columns} FROM read_parquet([{listed}], {options}) {where}")

        for name, n in sizes:
            if n > PART_ROWS:
                for first in range(0, n, PART_ROWS):
                    read([name], f"WHERE file_row_number BETWEEN {first} AND {first + PART_ROWS - 1}")
                continue
            if n_together + n > PART_ROWS:
                read(together)
                together, n_together = [], 0
            together.append(name)
            n_together += n
        if together:
            read(together)
        return parts

    def attach(self, path: Path) -> dict[str, str]:
        """The tables and views of a DuckDB file, each by its name, or by that and its schema, with how a query calls it."""
        with _telling_damage():
            self._connection.execute(f"ATTACH {quoted_text(str(path))} AS given (READ_ONLY)")
        found = self.execute(
            "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'given' UNION ALL "
            "SELECT schema_name, view_name FROM duckdb_views() WHERE database_name = 'given' AND NOT internal ORDER BY ALL"
        )
        full = {f"{schema}.{name}": f"given.{quoted(schema)}.{quoted(name)}" for schema, name in found}
        return full | {name: full[f"{schema}.{name}"] for schema, name in found if schema == "main"}

    def view_table(self, table: str) -> list[str]:
        """The header of a table of the DuckDB file that is attached, for `load_view`."""
        try:
            self.execute(f"CREATE VIEW file AS FROM {table}")
        except duckdb.Error as error:  # a view of what is gone
            raise DamageError(str(error)) from error
        return [row[0] for row in self.execute("DESCRIBE file")]

    def load_view(self) -> int:
        """The number of rows of the Parquet files or of the table that was viewed, now loaded."""
        self.execute(f"CREATE VIEW raw AS SELECT {self._plain_columns('file')} FROM file")
        return self.count("raw")

    def load_csv(self, path: Path, n_columns: int, separator: str, n_shown: int) -> list[BrokenLines] | None:
        """The lines of a CSV file that could not be split, ``n_shown`` of each kind, the others loaded; None if unreadable."""
        names = [f"c{i}" for i in range(n_columns)]
        columns = "{" + ", ".join(f"'{name}': 'VARCHAR'" for name in names) + "}"
        # A row without anything in it is a line that a spreadsheet left behind.
        is_filled = f"coalesce({', '.join(names)}) IS NOT NULL"
        try:
            self.execute(
                f"CREATE TABLE rows AS SELECT * FROM read_csv(?, columns = {columns}, delim = ?, quote = '\"', "
                "escape = '\"', header = true, auto_detect = false, store_rejects = true, compression = 'none') "
                f"WHERE {is_filled}",
                [glob.escape(str(path)), separator],
            )
        except DamageError as error:
            if isinstance(error.__cause__, duckdb.InvalidInputException | duckdb.InternalException):
                return None
            raise
        broken = self.execute(
            f"SELECT CAST(error_type AS VARCHAR), list(DISTINCT line ORDER BY line)[:{n_shown}], count(DISTINCT line) "
            "FROM reject_errors GROUP BY 1 ORDER BY 1"
        )
        # What stands in these lines is not kept.
        self.execute("DROP TABLE reject_errors")
        self.execute("DROP TABLE reject_scans")
        self.execute("CREATE VIEW raw AS FROM rows")
        return [(kind, lines, n) for kind, lines, n in broken]

    def load_batches(self, n_columns: int, batches: Iterable[Sequence[Sequence[str | None]]]) -> None:
        """Load rows of text that come in batches."""
        names = [f"c{i}" for i in range(n_columns)]
        self.execute("DROP VIEW IF EXISTS raw")
        self.execute(f"CREATE OR REPLACE TABLE rows ({', '.join(f'{name} VARCHAR' for name in names)})")
        for batch in batches:
            with self._registered("batch", pd.DataFrame(batch, columns=names, dtype=object)):
                self.execute("INSERT INTO rows FROM batch")
        self.execute("CREATE VIEW raw AS FROM rows")

    def join_alike(self, columns: Sequence[str], identifier: str, key: str = "") -> bool:
        """Make ``alike`` of ``raw`` if that has at most half the rows, joining rows that differ in the identifier alone.

        Its columns ``n`` and ``n_synthetic`` say how many they are, and how many of them are of synthetic patients.
        """
        summed = f", CAST(sum({key}) AS BIGINT) AS {KEY}" if key else ""
        n = self.count("raw")
        if n < LEAST_JOINED or not columns:
            return False
        names = ", ".join(columns)
        estimate = self.execute(f"SELECT approx_count_distinct(hash({names})) FROM raw")[0][0]
        if estimate > min(MAX_SHARE_DISTINCT * n, MOST_JOINED):
            return False
        self._make(
            "alike",
            f"SELECT {names}, count(*) AS n, count(*) FILTER (WHERE starts_with({identifier}, 'SYN')) AS n_synthetic{summed} "
            f"FROM raw GROUP BY {names}",
        )
        return True

    def define(self, table: str, rows: Rows) -> None:
        """Make a table of a query on ``raw``, or on ``alike``."""
        # From here on nobody asks for the first rows, and without their order the engine needs less time and memory.
        self.execute("SET preserve_insertion_order = false")
        if not self._parts or self.schema("alike"):
            self._make(table, rows.sql)
            return
        # A part at a time, which is compressed before the next is read.
        (whole,) = self.execute("SELECT sql FROM duckdb_views() WHERE view_name = 'file'")[0]
        for i, part in enumerate(self._parts):
            self._part = (i, len(self._parts))
            self.execute(f"CREATE OR REPLACE VIEW file AS {part}")
            if i:
                self.execute(f"INSERT INTO kept.main.{table} {rows.sql}")
            else:
                self._make(table, rows.sql)
            self.execute("CHECKPOINT kept")
        self._part = (0, 1)
        self.execute(whole.replace("CREATE VIEW", "CREATE OR REPLACE VIEW", 1))

    def _make(self, table: str, sql: str) -> None:
        self.execute(f"CREATE TABLE kept.main.{table} AS {sql}")
        self._show(table)

    def _show(self, table: str) -> None:
        """Let queries find what is kept under its name, after every change of its columns."""
        self.execute(f"CREATE OR REPLACE VIEW {table} AS FROM kept.main.{table}")

    def hash_row(self, names: Sequence[str], decimals: Collection[str], n: int) -> str:
        """A whole number, as a text of a query, that any change of a value changes.

        MD5 is the same for every release of the engine; for millions of rows it would take half of the opening, the
        engine's own hash a second.
        """
        text = ", '|', ".join(f"coalesce(CAST({name} AS VARCHAR), '')" for name in names)
        return f"md5_number_lower(concat({text}))" if n <= MAX_MD5_ROWS else f"hash({', '.join(names)})"

    def recode(self, table: str, column: str, expression: str) -> None:
        """Have a column of a table hold another value."""
        self.execute(f"UPDATE kept.main.{table} SET {quoted(column)} = {expression}")

    def keep(self, identifier: str, n: int, *, named: bool) -> None:
        """Drop what was loaded and the identifiers, and join alike patients if that is worth it; no file is opened any more."""
        self.execute("DROP VIEW IF EXISTS raw")
        self.execute("DROP VIEW IF EXISTS file")
        self.execute("DROP TABLE IF EXISTS rows")
        self.execute("DETACH DATABASE IF EXISTS given")
        self.execute("DROP VIEW IF EXISTS alike")
        self.execute("DROP TABLE IF EXISTS kept.main.alike")
        columns = self.schema("patients")
        if named:
            self._make("named_patients", "FROM patients")
        if identifier in columns:
            self.execute(f"ALTER TABLE kept.main.patients DROP COLUMN {quoted(identifier)}")
            self._show("patients")
        # Every query then reads the distinct rows only. Below a factor of two the extra column costs what the rows save.
        values = ", ".join(quoted(name) for name in columns if name not in (identifier, KEY, "n"))
        of_rows = f"hash({values})" if values else "1"
        estimate = self.execute(f"SELECT approx_count_distinct({of_rows}) FROM patients")[0][0]
        if values and "n" not in columns and estimate <= MAX_SHARE_DISTINCT * n:
            summed = f", CAST(sum({KEY}) AS BIGINT) AS {KEY}" if KEY in columns else ""
            self._make("distinct_patients", f"SELECT {values}, count(*) AS n{summed} FROM patients GROUP BY {values}")
            self.execute("DROP TABLE kept.main.patients")
            self.execute("DROP VIEW distinct_patients")
            self.execute("ALTER TABLE kept.main.distinct_patients RENAME TO patients")
            self._show("patients")
        self.execute("CHECKPOINT kept")
        self._end_opening()

    def _end_opening(self) -> None:
        if not self._is_written:
            self.execute("SET enable_external_access = false")
        self._may_be_long = self.count("patients") >= LEAST_LONG

    def add_keys(self, salt: str) -> None:
        """Give patients whose identifiers have gone keys by all their values: who is alike in them is told apart by nothing."""
        columns = self.schema("patients")
        if KEY in columns:
            return
        if self._is_stored:
            raise ValueError("patients who are stored get no keys: open their files with the secret.")
        values = " || '|' || ".join(f"coalesce(CAST({quoted(c)} AS VARCHAR), '')" for c in columns if c != "n")
        times = "n * " if "n" in columns else ""
        with _telling_damage(), self._connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE kept.main.patients ADD COLUMN {KEY} BIGINT")
            cursor.execute(f"UPDATE kept.main.patients SET {KEY} = {times}{key_of(salt, values or quoted_text(''))}")
            cursor.execute("CREATE OR REPLACE VIEW patients AS FROM kept.main.patients")

    def write_about(self, text: str) -> None:
        """Write beside stored patients what they are, and close the file."""
        self.execute("CREATE TABLE kept.main.about (text VARCHAR)")
        self.execute("INSERT INTO kept.main.about VALUES (?)", [text])
        self.execute("DETACH kept")
        self.close()

    def read_about(self) -> str:
        """What was written beside them."""
        return str(self.execute("SELECT text FROM kept.main.about")[0][0])

    @contextmanager
    def _registered(self, name: str, frame: pd.DataFrame) -> Iterator[None]:
        self._connection.register(name, frame)
        yield
        self._connection.unregister(name)

    def _plain_columns(self, relation: str) -> str:
        chosen = []
        for i, (name, kind, *_) in enumerate(self.execute(f"DESCRIBE {relation}")):
            plain = "VARCHAR"
            if kind in WHOLE_NUMBERS:
                plain = "BIGINT"
            elif kind in ("FLOAT", "DOUBLE") or kind.startswith("DECIMAL"):
                plain = "DOUBLE"
            chosen.append(f"CAST({quoted(name)} AS {plain}) AS c{i}")
        return ", ".join(chosen)

    def _own_names(self, path: Path) -> list[str]:
        """The names of the columns as they stand in a Parquet file, without those of their parts."""
        rows = self.execute("SELECT name, coalesce(num_children, 0) FROM parquet_schema(?)", [glob.escape(str(path))])
        names, parts = [], 0  # the first row is the table itself; what has parts is followed by them
        for name, n_children in rows[1:]:
            if parts:
                parts -= 1
            else:
                names.append(name)
            parts += n_children
        return names
