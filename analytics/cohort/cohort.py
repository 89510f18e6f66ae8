"""A cohort of patients in an embedded database: opened and checked once, then left only as counts."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb
import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.cohort.address import describe_scheme, describe_source, find_scheme
from analytics.cohort.derivations import with_derived
from analytics.cohort.disclosure import Hidden
from analytics.cohort.duckdb_engine import fetch, quoted, schema_of
from analytics.cohort.filters import Clause, CohortFilter, Funnel, FunnelStep, in_phase_order, to_sql
from analytics.cohort.reader import (
    CohortError,
    PatientFile,
    Problem,
    finding_damage,
    load_file,
    load_frame,
    match_columns,
)
from analytics.cohort.validation import find_problems, remark_on
from analytics.dictionary import Dictionary, Variable, open_dictionary
from analytics.formats import FewerThan
from analytics.results import Note

MAX_CONDITIONS = 10_000
MAX_MD5_ROWS = 1_000_000
MAX_ROWS_UNGROUPED = 20_000
MAX_SHARE_DISTINCT = 0.5
MAX_NAMED = 20_000
MOST_NAMED = 5  # patients that one question names


@dataclass(frozen=True, slots=True)
class Range:
    """The smallest and largest value of a number, None where nobody has one, and how many patients lack it."""

    low: float | None
    high: float | None
    n_missing: int | FewerThan


@dataclass(frozen=True)
class Cohort:
    """Patients that have been checked, in an engine that gives out counts only.

    Identifiers stay behind, but for those of a synthetic cohort, which `name_patients` gives.

    ``n`` patients; ``data_version`` is a short text that changes with any value, and with it the cohort's identity:
    two cohorts of the same version compare and hash equal. ``synthetic`` is True if every identifier starts with
    ``SYN``. ``variables`` are the columns at hand, brought or derived, without the identifier; ``dictionary`` holds
    their entries and the endpoints they make up; ``notes`` what was left out or read differently.
    """

    name: str = field(compare=False)
    n: int = field(compare=False)
    data_version: str
    synthetic: bool = field(compare=False)
    variables: tuple[str, ...] = field(compare=False)
    notes: tuple[Note, ...] = field(compare=False)
    dictionary: Dictionary = field(compare=False, repr=False)
    _connection: duckdb.DuckDBPyConnection = field(compare=False, repr=False)
    _table: ir.Table = field(compare=False, repr=False)
    _n_rows: int = field(compare=False, repr=False)
    _ranges: tuple[tuple[str, Range], ...] = field(compare=False, repr=False)
    _is_named: bool = field(compare=False, repr=False, default=False)
    _conditions: dict[Clause, str] = field(compare=False, repr=False, default_factory=dict)

    @property
    def smallest_cell(self) -> int:
        """The least number of patients that is given out; 0 where every number is."""
        return 0

    def tally(
        self,
        columns: Sequence[str],
        cohort_filter: CohortFilter = CohortFilter(),  # noqa: B008
        *,
        outcome: str | None = None,
        whole: bool = False,
    ) -> pd.DataFrame:
        """The distinct combinations of ``columns`` among the patients who pass the filter, with their number ``n``.

        Parameters
        ----------
        columns
            Names out of `variables`, each once. None of them gives one row with the number of patients.
        cohort_filter
            Who is counted.
        outcome
            One of the columns, if its levels by those of each other column are all that will be reported: where small
            numbers are protected, more columns can then be asked for. Here it makes no difference, nor does ``whole``.
        whole
            True if nothing could be told once a rare level were left out, as it is where small numbers are protected.

        Returns
        -------
        One row per combination that occurs, sorted by the columns, missing last. Coded columns are categorical with
        the dictionary's levels in order, all others float64; NaN is missing; ``n`` is int64. Nobody left gives no rows.

        Raises
        ------
        KeyError
            If a column is not at hand.
        FilterError
            If the filter does not fit the dictionary.
        """
        columns = list(columns)
        unknown = [name for name in columns if name not in self.variables]
        if unknown:
            raise KeyError(
                f"{', '.join(map(repr, unknown))} is not in this cohort. At hand: {', '.join(self.variables)}."
            )
        if len(set(columns)) < len(columns):
            raise ValueError(f"each column once: {', '.join(columns)} repeats one.")
        if not columns:
            return pd.DataFrame({"n": np.array([self.count(cohort_filter)], dtype=np.int64)})
        chosen = ", ".join(quoted(name) for name in columns)
        order = ", ".join(f"{quoted(name)} NULLS LAST" for name in columns)
        values = self._fetch(
            f"SELECT {chosen}, {self._n_patients()} AS n FROM patients AS p {self._where(cohort_filter)} "
            f"GROUP BY {chosen} ORDER BY {order}"
        )
        frame = {name: self._decoded(name, values[name]) for name in columns}
        return pd.DataFrame({**frame, "n": values["n"]})

    def count(self, cohort_filter: CohortFilter = CohortFilter()) -> int:  # noqa: B008
        """The number of patients who pass the filter; FilterError as in `tally`."""
        if not cohort_filter:
            return self.n
        values = self._fetch(f"SELECT {self._n_patients()} AS n FROM patients AS p {self._where(cohort_filter)}")
        return int(values["n"][0])

    def funnel(self, cohort_filter: CohortFilter) -> Funnel:
        """How many patients are left after each clause, in the order of the phases; FilterError as in `tally`."""
        cohort_filter.validate(self.dictionary)
        clauses = in_phase_order(cohort_filter.clauses, self.dictionary)
        if not clauses:
            return Funnel(self.n)
        passed = [self._passed(clause) for clause in clauses]
        left = (f"{self._n_patients(' AND '.join(passed[: i + 1]))} AS step{i}" for i in range(len(passed)))
        counts = self._fetch(f"SELECT {', '.join(left)} FROM patients AS p")
        return Funnel(self.n, tuple(FunnelStep(c.variable, int(counts[f"step{i}"][0])) for i, c in enumerate(clauses)))

    def level_counts(
        self,
        cohort_filter: CohortFilter = CohortFilter(),  # noqa: B008
    ) -> Mapping[str, Mapping[str | None, int | FewerThan]]:
        """Patients at each level of each coded filter variable, under the clauses of all *other* variables.

        Returns
        -------
        One entry per coded filter variable, in the order of the phases, with every level in order and None (missing)
        last, zeros included: what a reader would have after choosing that level. FilterError as in `tally`.
        """
        return self._count_levels(cohort_filter)

    def _count_levels(self, cohort_filter: CohortFilter) -> dict[str, dict[str | None, int]]:
        cohort_filter.validate(self.dictionary)
        variables = [v for v in self.dictionary.filters if v.is_coded]
        if not variables:
            return {}
        clauses = cohort_filter.clauses
        passed = [self._passed(clause) for clause in clauses]
        # A patient who fails one clause alone still counts for that clause's own variable, so one pass serves all.
        failed, within_one = "-1", ""
        if passed:
            failed = "CASE " + " ".join(f"WHEN NOT {p} THEN {i}" for i, p in enumerate(passed)) + " ELSE -1 END"
            within_one = "WHERE " + " + ".join(f"CAST(NOT {p} AS TINYINT)" for p in passed) + " <= 1"
        names = [quoted(v.name) for v in variables]
        codes = ", ".join(f"coalesce(p.{name}, -1) AS {name}" for name in names)
        weight = "p.n" if self._is_compressed else "1"
        rows = f"SELECT {failed} AS failed, {codes}, {weight} AS n FROM patients AS p {within_one}"
        if self._n_rows > MAX_ROWS_UNGROUPED:
            # Three columns to a grouping set: few combinations, which stay in cache, and few passes over the rows.
            sets = ", ".join(f"({', '.join(('failed', *names[i : i + 3]))})" for i in range(0, len(names), 3))
            rows = (
                f"SELECT failed, {', '.join(names)}, CAST(sum(n) AS BIGINT) AS n FROM ({rows}) "
                f"GROUP BY GROUPING SETS ({sets})"
            )
        counts = self._fetch(rows)
        return {v.name: self._faceted(v, counts, clauses) for v in variables}

    def name_patients(
        self,
        patterns: pd.DataFrame,
        cohort_filter: CohortFilter = CohortFilter(),  # noqa: B008
        limit: int = MOST_NAMED,
    ) -> tuple[str, ...]:
        """The identifiers of patients whose values equal one of ``patterns``, in their order.

        The one place that gives out anything about single patients. It does so for synthetic patients alone (and no more
        than `MAX_NAMED` of them): of any other cohort no identifier is kept.

        Parameters
        ----------
        patterns
            Rows of a `tally`, the column of counts left out; NaN or a missing level is a missing value.
        cohort_filter
            Who is looked at.
        limit
            How many identifiers are given at most.

        Returns
        -------
        Sorted identifiers, ``limit`` of them at most; () where the cohort gives none.

        Raises
        ------
        KeyError
            If a column is not at hand.
        FilterError
            If the filter does not fit the dictionary.
        """
        unknown = [name for name in patterns.columns if name not in self.variables]
        if unknown:
            raise KeyError(f"{', '.join(map(repr, unknown))} is not in this cohort.")
        where = self._where(cohort_filter)
        if not self._is_named or patterns.empty:
            return ()
        alike = " AND ".join(f"p.{quoted(name)} IS NOT DISTINCT FROM ?" for name in patterns.columns)
        any_of = " OR ".join([f"({alike})"] * len(patterns))
        identifier = quoted(self.dictionary.identifier.name)
        values = [self._stored(str(name), v) for row in patterns.to_dict("records") for name, v in row.items()]
        found = fetch(
            self._connection,
            f"SELECT p.{identifier} AS name FROM named_patients AS p {where} {'AND' if where else 'WHERE'} ({any_of}) "
            f"ORDER BY p.{identifier} LIMIT {int(limit)}",
            values,
        )
        return tuple(map(str, found["name"]))

    def recording(self) -> Cohort:
        """The cohort, remembering from now on in `left_out` what its tallies leave out."""
        return self

    @property
    def left_out(self) -> tuple[Hidden, ...]:
        """The levels that tallies have left out to protect small numbers: none here."""
        return ()

    def find_too_near(self, cohort_filter: CohortFilter, answered: Sequence[CohortFilter]) -> CohortFilter | None:
        """The first of the filters ``answered`` that may not be answered beside this one: none here."""
        return None

    def is_answered(self, cohort_filter: CohortFilter) -> bool:
        """True if something may be said of the patients who pass the filter: always here."""
        return True

    def _stored(self, name: str, value: Any) -> float | int | None:
        """A value as the engine holds it: the position of a level, a number, None for a missing one."""
        if pd.isna(value):
            return None
        variable = self.dictionary[name]
        return variable.levels.index(value) if variable.is_coded else float(value)

    def ranges(self) -> dict[str, Range]:
        """Smallest and largest value and number missing of each numeric filter variable, over the whole cohort."""
        return dict(self._ranges)

    @property
    def _is_compressed(self) -> bool:
        return "n" in self._table.columns

    def _n_patients(self, condition: str = "true") -> str:
        total = "sum(p.n)" if self._is_compressed else "count(*)"
        return f"CAST(coalesce({total} FILTER (WHERE {condition}), 0) AS BIGINT)"

    def _where(self, cohort_filter: CohortFilter) -> str:
        cohort_filter.validate(self.dictionary)
        return "WHERE " + " AND ".join(self._passed(c) for c in cohort_filter.clauses) if cohort_filter else ""

    def _passed(self, clause: Clause) -> str:
        """The clause as a condition in parentheses on the table ``p``."""
        condition = self._conditions.get(clause)
        if condition is None:
            if len(self._conditions) >= MAX_CONDITIONS:
                self._conditions.clear()
            condition = f"({to_sql(clause, self._table, self.dictionary, 'p')})"
            self._conditions[clause] = condition
        return condition

    def _fetch(self, sql: str) -> dict[str, Any]:
        return fetch(self._connection, sql)

    @staticmethod
    def _faceted(variable: Variable, counts: Mapping[str, Any], clauses: Sequence[Clause]) -> dict[str | None, int]:
        own = next((i for i, c in enumerate(clauses) if c.variable == variable.name), -1)
        rows = ~np.ma.getmaskarray(counts[variable.name]) & np.isin(np.ma.filled(counts["failed"], -2), (-1, own))
        codes = np.ma.filled(counts[variable.name], -1)[rows].astype(np.int64)
        codes[codes < 0] = len(variable.levels)
        totals = np.zeros(len(variable.levels) + 1, dtype=np.int64)
        np.add.at(totals, codes, np.ma.filled(counts["n"], 0)[rows])
        return dict(zip((*variable.levels, None), totals.tolist(), strict=True))

    def _decoded(self, name: str, values: NDArray[Any]) -> pd.Categorical | NDArray[np.float64]:
        variable = self.dictionary[name]
        if variable.is_coded:
            codes = np.ma.filled(values, -1).astype(np.int8)
            return pd.Categorical.from_codes(codes, categories=pd.Index(variable.levels, dtype=object))
        return np.ma.filled(values.astype(np.float64), np.nan)


def open_cohort(
    source: str | Path | pd.DataFrame, dictionary: Dictionary | None = None, *, name: str | None = None
) -> Cohort:
    """The cohort of a CSV or Parquet file or a data frame, checked and ready to be counted.

    Parameters
    ----------
    source
        One row per patient. Only the identifier's column is required; a variable without a column is not offered
        unless the dictionary derives it from another. Level names are read in any case, with blanks around them.
    dictionary
        The project's own if None.
    name
        What the cohort is called; the file's stem if None.

    Raises
    ------
    CohortError
        With *all* problems found, each saying what is wrong, in whose row, and what to do. Addresses of databases or
        in a network are none of the files that can be opened.
    """
    dictionary = dictionary or open_dictionary()
    if not isinstance(source, pd.DataFrame) and (scheme := find_scheme(source)):
        what, remedy = describe_scheme(scheme)
        raise CohortError([Problem(what, describe_source(source), remedy)])
    # Nothing about patients is written to disk, and nothing is fetched from a network.
    connection = duckdb.connect(
        config={"temp_directory": "", "autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    )
    try:
        if isinstance(source, pd.DataFrame):
            return _open(connection, source, dictionary, name or "data frame")
        path = Path(source)
        with finding_damage(path):
            return _open(connection, path, dictionary, name or path.stem)
    except CohortError:
        connection.close()
        raise


def _open(
    connection: duckdb.DuckDBPyConnection, source: Path | pd.DataFrame, dictionary: Dictionary, name: str
) -> Cohort:
    if isinstance(source, pd.DataFrame):
        header, problems = load_frame(connection, source)
    else:
        header, problems = load_file(connection, source)
    columns, notes, column_problems = match_columns(header, dictionary)
    problems += column_problems
    raw = ibis.table(schema_of(connection, "raw"), name="raw")
    file = PatientFile(connection, raw, columns, dictionary)
    if dictionary.identifier.name in columns:
        problems += find_problems(file)
    if problems:
        raise CohortError(problems, notes)
    return _store(file, name, notes)


def _store(file: PatientFile, name: str, notes: list[Note]) -> Cohort:
    """The cohort of a file without problems; the identifiers stay behind."""
    connection, identifier = file.connection, file.dictionary.identifier.name
    values = {v.name: file.value(v.name) for v in file.brought if v.kind != "identifier"}
    patient = file.column(identifier).cast("string").strip()
    typed = with_derived(file.raw.select(**{identifier: patient}, **values), file.dictionary)
    # From here on nobody asks for the first rows, and without their order the engine needs less time and memory.
    connection.execute("SET preserve_insertion_order = false")
    # Types are stated here once more: arithmetic on small integers comes back wider than the expression says.
    chosen = ", ".join(f"CAST({quoted(c)} AS {_storage(file.dictionary[c])}) AS {quoted(c)}" for c in typed.columns)
    connection.execute(f"CREATE TABLE patients AS SELECT {chosen} FROM ({ibis.to_sql(typed, dialect='duckdb')})")
    notes += remark_on(connection, file)
    connection.execute("DROP VIEW IF EXISTS raw")
    connection.execute("DROP VIEW IF EXISTS file")
    connection.execute("DROP TABLE IF EXISTS rows")
    connection.execute("SET enable_external_access = false")
    dictionary = _without_unused_levels(connection, _at_hand(file.dictionary, typed.columns))
    n, n_synthetic, version = _summary(connection, dictionary, {v.name for v in file.brought})
    if 0 < n_synthetic < n:
        notes.append(
            Note(
                "partly-synthetic",
                "warning",
                f"{n_synthetic} of {n} patients have an identifier that starts with SYN, which marks synthetic patients; "
                "the others do not.",
                "Keep synthetic and real patients in separate files, or give real patients other identifiers.",
            )
        )
    is_named = n_synthetic == n <= MAX_NAMED
    if is_named:
        connection.execute("CREATE TABLE named_patients AS FROM patients")
    connection.execute(f"ALTER TABLE patients DROP COLUMN {quoted(identifier)}")
    _compress(connection, n)
    table = ibis.table(schema_of(connection, "patients"), name="patients")
    return Cohort(
        name=name,
        n=n,
        data_version=version,
        synthetic=n_synthetic == n,
        variables=tuple(v.name for v in dictionary.variables if v.kind != "identifier"),
        notes=tuple(notes),
        dictionary=dictionary,
        _connection=connection,
        _table=table,
        _n_rows=connection.execute("SELECT count(*) FROM patients").fetchall()[0][0],
        _ranges=_measure_ranges(connection, table, dictionary),
        _is_named=is_named,
    )


def _storage(variable: Variable) -> str:
    """The engine's type of a column: one byte for levels and events, eight for numbers."""
    if variable.is_coded or variable.kind == "event":
        return "TINYINT"
    return "VARCHAR" if variable.kind == "identifier" else "DOUBLE"


def _at_hand(dictionary: Dictionary, columns: Iterable[str]) -> Dictionary:
    """The dictionary without variables and endpoints whose columns are not there."""
    present = set(columns)
    endpoints = (
        e if e.competing in present else replace(e, competing=None)
        for e in dictionary.endpoints
        if {e.time, e.event, e.entry or e.time} <= present
    )
    competing = tuple(e for e in dictionary.competing if {e.time, e.cause} <= present)
    return Dictionary(tuple(v for v in dictionary.variables if v.name in present), tuple(endpoints), competing)


def _without_unused_levels(connection: duckdb.DuckDBPyConnection, dictionary: Dictionary) -> Dictionary:
    """The dictionary without the optional levels that no patient has; the positions of those after them close up."""
    variables = [v for v in dictionary.variables if v.optional_levels]
    if not variables:
        return dictionary
    lists = ", ".join(f"list(DISTINCT {quoted(v.name)})" for v in variables)
    (found,) = connection.execute(f"SELECT {lists} FROM patients").fetchall()
    changed = {}
    for v, codes in zip(variables, found, strict=True):
        kept = [i for i, level in enumerate(v.levels) if level not in v.optional_levels or i in (codes or ())]
        moved = {old: new for new, old in enumerate(kept) if old != new}
        if moved:
            cases = " ".join(f"WHEN {old} THEN {new}" for old, new in moved.items())
            name = quoted(v.name)
            connection.execute(f"UPDATE patients SET {name} = CASE {name} {cases} ELSE {name} END")
        levels, labels = ([names[i] for i in kept] for names in (v.levels, v.level_labels))
        changed[v.name] = replace(
            v,
            levels=tuple(levels),
            level_labels=tuple(labels),
            optional_levels=tuple(level for level in v.optional_levels if level in levels),
            level_words=tuple((level, words) for level, words in v.level_words if level in levels),
        )
    return replace(dictionary, variables=tuple(changed.get(v.name, v) for v in dictionary.variables))


def _summary(
    connection: duckdb.DuckDBPyConnection, dictionary: Dictionary, brought: Collection[str]
) -> tuple[int, int, str]:
    """Number of patients, how many of them are synthetic, and the version of the data."""
    identifier = quoted(dictionary.identifier.name)
    variables = sorted(dictionary.variables, key=lambda v: v.name)
    # What is derived follows from what was brought and its rule, so reading it would only take time.
    names = [quoted(v.name) for v in variables if v.name in brought]
    n = connection.execute("SELECT count(*) FROM patients").fetchall()[0][0]
    # Rows are added up, so that neither their order nor the kind of file makes a difference. MD5 is the same for every
    # release of the engine; for millions of rows it would take half of the opening, the engine's own hash a second.
    text = ", '|', ".join(f"coalesce(CAST({name} AS VARCHAR), '')" for name in names)
    row = f"md5_number_lower(concat({text}))" if n <= MAX_MD5_ROWS else f"hash({', '.join(names)})"
    n_synthetic, total = connection.execute(
        f"SELECT count(*) FILTER (starts_with({identifier}, 'SYN')), sum({row}) FROM patients"
    ).fetchall()[0]
    meaning = [(v.name, v.levels, None if v.name in brought else v.derivation) for v in variables]
    version = hashlib.sha256(repr((n, int(total), meaning)).encode()).hexdigest()[:12]
    return n, n_synthetic, version


def _compress(connection: duckdb.DuckDBPyConnection, n: int) -> None:
    """Patients who are alike in every column joined into one row with their number ``n``, if that is worth it."""
    # Every query then reads the distinct rows only. Below a factor of two the extra column costs what the rows save.
    estimate = connection.execute("SELECT approx_count_distinct(patients) FROM patients").fetchall()[0][0]
    if estimate > MAX_SHARE_DISTINCT * n:
        return
    connection.execute("CREATE TABLE distinct_patients AS SELECT *, count(*) AS n FROM patients GROUP BY ALL")
    connection.execute("DROP TABLE patients")
    connection.execute("ALTER TABLE distinct_patients RENAME TO patients")


def _measure_ranges(
    connection: duckdb.DuckDBPyConnection, table: ir.Table, dictionary: Dictionary
) -> tuple[tuple[str, Range], ...]:
    numbers = [v.name for v in dictionary.filters if not v.is_coded]
    if not numbers:
        return ()
    n = "sum(n)" if "n" in table.columns else "count(*)"
    measures = ", ".join(
        f"min({x}) AS low{i}, max({x}) AS high{i}, "
        f"CAST(coalesce({n} FILTER (WHERE {x} IS NULL), 0) AS BIGINT) AS missing{i}"
        for i, x in enumerate(map(quoted, numbers))
    )
    found = connection.execute(f"SELECT {measures} FROM patients").fetchall()[0]
    return tuple((name, Range(*found[3 * i : 3 * i + 3])) for i, name in enumerate(numbers))
