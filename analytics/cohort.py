"""A cohort of patients in an embedded database: opened and checked once, then left only as counts."""

from __future__ import annotations

import csv
import difflib
import glob
import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb
import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.dictionary import Dictionary, DictionaryError, Variable, open_dictionary
from analytics.disclosure import Hidden
from analytics.filters import Clause, CohortFilter, Funnel, FunnelStep, in_phase_order, to_sql
from analytics.results import Note

DAYS_PER_MONTH = 30.4375
MAX_AGE_YEARS = 120
N_SHOWN = 5
MISSING_WORDS = frozenset({"", "na", "n/a", "nan", "null", "none", ".", "missing"})
NO_WORDS = ("no", "0", "false", "negative", "absent")
YES_WORDS = ("yes", "1", "true", "positive", "present")
N_LEVELS_READ = 1000
MAX_CONDITIONS = 10_000
MAX_MD5_ROWS = 1_000_000
MAX_ROWS_UNGROUPED = 20_000
MAX_SHARE_DISTINCT = 0.5
MAX_NAMED = 20_000

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


@dataclass(frozen=True, slots=True)
class Range:
    """The smallest and largest value of a number, None where nobody has one, and how many patients lack it."""

    low: float | None
    high: float | None
    n_missing: int


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
        chosen = ", ".join(_quoted(name) for name in columns)
        order = ", ".join(f"{_quoted(name)} NULLS LAST" for name in columns)
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

    def level_counts(self, cohort_filter: CohortFilter = CohortFilter()) -> dict[str, dict[str | None, int]]:  # noqa: B008
        """Patients at each level of each coded filter variable, under the clauses of all *other* variables.

        Returns
        -------
        One entry per coded filter variable, in the order of the phases, with every level in order and None (missing)
        last, zeros included: what a reader would have after choosing that level. FilterError as in `tally`.
        """
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
        names = [_quoted(v.name) for v in variables]
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
        limit: int = N_SHOWN,
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
        alike = " AND ".join(f"p.{_quoted(name)} IS NOT DISTINCT FROM ?" for name in patterns.columns)
        any_of = " OR ".join([f"({alike})"] * len(patterns))
        identifier = _quoted(self.dictionary.identifier.name)
        values = [self._stored(str(name), v) for row in patterns.to_dict("records") for name, v in row.items()]
        found = _fetch(
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

    def _count_differing(self, cohort_filter: CohortFilter, others: Sequence[CohortFilter]) -> list[int]:
        """How many patients pass one of the two filters only, for each of the others."""
        if not others:
            return []
        own, *conditions = (
            " AND ".join(map(self._passed, f.clauses)) or "true" for f in map(self._valid, (cohort_filter, *others))
        )
        counts = (f"{self._n_patients(f'({own}) <> ({other})')} AS n{i}" for i, other in enumerate(conditions))
        found = self._fetch(f"SELECT {', '.join(counts)} FROM patients AS p")
        return [int(found[f"n{i}"][0]) for i in range(len(others))]

    def _valid(self, cohort_filter: CohortFilter) -> CohortFilter:
        cohort_filter.validate(self.dictionary)
        return cohort_filter

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
        return _fetch(self._connection, sql)

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
        With *all* problems found, each saying what is wrong, in whose row, and what to do.
    """
    dictionary = dictionary or open_dictionary()
    # Nothing about patients is written to disk, and nothing is fetched from a network.
    connection = duckdb.connect(
        config={"temp_directory": "", "autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    )
    if isinstance(source, pd.DataFrame):
        name, (header, problems) = name or "data frame", _load_frame(connection, source)
    else:
        name, (header, problems) = name or Path(source).stem, _load_file(connection, Path(source))
    columns, notes, column_problems = _match_columns(header, dictionary)
    problems += column_problems
    raw = ibis.table(_schema(connection, "raw"), name="raw")
    file = _File(connection, raw, columns, dictionary)
    if dictionary.identifier.name in columns:
        problems += _find_problems(file)
    if problems:
        connection.close()
        raise CohortError(problems, notes)
    return _store(file, name, notes)


@dataclass(frozen=True)
class _File:
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
        return _fetch(self.connection, str(ibis.to_sql(expression, dialect="duckdb")))

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


@dataclass(frozen=True, slots=True)
class _Check:
    """Rows that are wrong: ``what`` with the places {n} and {total}, ``shown`` columns quoted beside the patient."""

    what: str
    wrong: Any
    remedy: str
    shown: tuple[str, ...] = ()


def _check_identifiers(file: _File) -> Iterator[_Check]:
    name = file.dictionary.identifier.name
    yield _Check(
        f"{name} is blank for {{n}} of {{total}} patients",
        file.text(name).isnull(),
        "Give every patient an identifier of their own, or delete the row.",
    )


def _check_levels(file: _File) -> Iterator[_Check]:
    for v in file.brought:
        if v.name not in file.unread:
            continue
        text, known = file.column(v.name).cast("string"), sorted(file.codes[v.name])
        yield _Check(
            f"{v.name} has an unknown level for {{n}} of {{total}} patients; known: {', '.join(v.levels)}",
            text.notnull() & ~text.isin(known) if known else text.notnull(),
            "Write one of the known levels, or leave the cell empty where it is not known.",
            (v.name,),
        )


def _check_numbers(file: _File) -> Iterator[_Check]:
    for v in file.brought:
        if v.kind in ("continuous", "duration"):
            yield _Check(
                f"{v.name} is no number for {{n}} of {{total}} patients",
                file.given(v.name) & file.number(v.name).isnull(),
                "Write a plain number with a decimal point and without unit or sign (0.01, not 0,01 or <0.01), "
                "or leave the cell empty.",
                (v.name,),
            )


def _check_signs(file: _File) -> Iterator[_Check]:
    for v in file.brought:
        if v.kind == "duration":
            yield _Check(
                f"{v.name} is negative for {{n}} of {{total}} patients",
                file.number(v.name) < 0,
                "A time must be >= 0: check that the later date is not before the day the clock starts.",
                (v.name,),
            )
        elif v.kind == "continuous" and v.unit:
            yield _Check(
                f"{v.name} is negative for {{n}} of {{total}} patients",
                file.number(v.name) < 0,
                f"Write a value >= 0 in {v.unit}, or leave the cell empty where it is not known.",
                (v.name,),
            )


# The largest believable value by unit, and what a larger one usually means.
_LIMITS = {
    "years": (MAX_AGE_YEARS, "Ages are in years: divide days by 365.25 and months by 12."),
    "%": (100, "Write a share in per cent, 0 to 100."),
    "10⁹/L": (2000, "Counts are in 10⁹/L: divide counts per mm³ by 1000."),
    "g/L": (300, "Haemoglobin is in g/L: multiply g/dL by 10 and mmol/L by 16.1."),
}


def _check_limits(file: _File) -> Iterator[_Check]:
    for v in file.brought:
        if v.kind == "continuous" and v.unit in _LIMITS:
            limit, remedy = _LIMITS[v.unit]
            yield _Check(
                f"{v.name} is above {limit} {v.unit} for {{n}} of {{total}} patients",
                file.number(v.name) > limit,
                remedy,
                (v.name,),
            )


def _check_events(file: _File) -> Iterator[_Check]:
    for v in file.brought:
        if v.kind == "event":
            yield _Check(
                f"{v.name} is neither 0 nor 1 for {{n}} of {{total}} patients",
                file.given(v.name) & ~file.number(v.name).isin([0.0, 1.0]).fill_null(False),
                "Write 1 where the event happened and 0 where the patient was last seen without it.",
                (v.name,),
            )


def _check_endpoints(file: _File) -> Iterator[_Check]:
    # An event that several clocks share (death after relapse, from relapse and from HSCT) belongs to the first of them
    # in the dictionary: nobody need have been transplanted to have died.
    owners: dict[str, str] = {}
    for e in file.dictionary.endpoints:
        owners.setdefault(e.event, e.name)
    pairs: set[tuple[str, str]] = set()
    for e in file.dictionary.endpoints:
        if not file.has(e.time, e.event) or (e.time, e.event) in pairs:
            continue
        time, event = file.given(e.time), file.given(e.event)
        if owners[e.event] == e.name:
            yield _Check(
                f"{e.event} is given without {e.time} for {{n}} of {{total}} patients",
                event & ~time,
                f"Give the time from {e.origin} to the event or last contact, or leave both cells empty.",
                (e.event,),
            )
        pairs.add((e.time, e.event))
        yield _Check(
            f"{e.time} is given without {e.event} for {{n}} of {{total}} patients",
            time & ~event,
            f"Say whether the time ends with {e.event_label} (1) or at last contact (0), or leave both cells empty.",
            (e.time,),
        )


# The later day cannot lie before the earlier one; both are counted from the same day.
_ORDER = (
    ("relapse_days", "os_days", "os_days ends before relapse (os_days < relapse_days)"),
    ("hsct_days", "os_relapse_days", "hsct_days lies after last contact (hsct_days > os_relapse_days)"),
    ("cart_days", "os_relapse_days", "cart_days lies after last contact (cart_days > os_relapse_days)"),
    (
        "second_relapse_days",
        "os_relapse_days",
        "second_relapse_days lies after last contact (second_relapse_days > os_relapse_days)",
    ),
    ("salvage_days", "os_relapse_days", "salvage_days lies after last contact (salvage_days > os_relapse_days)"),
    ("salvage_days", "cart_days", "cart_days lies before the start of salvage treatment (cart_days < salvage_days)"),
    ("salvage_days", "hsct_days", "hsct_days lies before the start of salvage treatment (hsct_days < salvage_days)"),
    ("efs_days", "os_days", "efs_days ends after last contact (efs_days > os_days)"),
    (
        "efs_relapse_days",
        "os_relapse_days",
        "efs_relapse_days ends after last contact (efs_relapse_days > os_relapse_days)",
    ),
    *(
        (name, "os_relapse_days", f"{name} is longer than the follow-up from relapse ({name} > os_relapse_days)")
        for name in ("os_salvage_days", "os_cart_days", "os_hsct_days")
    ),
)


def _check_order(file: _File) -> Iterator[_Check]:
    for earlier, later, what in _ORDER:
        if file.has(earlier, later):
            yield _Check(
                f"{what} for {{n}} of {{total}} patients",
                file.number(earlier) > file.number(later),
                "Check the dates of both, and from which day each is counted.",
                (earlier, later),
            )


def _check_population(file: _File) -> Iterator[_Check]:
    for v in file.brought:
        if v.population is None or not file.has(v.population):
            continue
        yield _Check(
            f"{v.name} is given for {{n}} of {{total}} patients whose {v.population} is 0",
            (file.value(v.population) == 0) & file.given(v.name),
            f"Empty {v.name} for them, or set {v.population} to 1.",
            (v.name,),
        )
    if file.has("relapsed", "relapse_days"):
        yield _Check(
            "relapsed is 1 without relapse_days for {n} of {total} patients",
            (file.value("relapsed") == 1) & ~file.given("relapse_days"),
            "Give the days from diagnosis to relapse, or set relapsed to 0.",
        )


# A treatment with a day, the labels of salvage treatment that say it was not given, and what to write instead.
_TREATED = (
    ("hsct_days", ("chemotherapy", "CAR-T"), "HSCT, which is what was finally given,"),
    ("cart_days", ("chemotherapy",), "CAR-T (HSCT if that was given too)"),
)


def _check_treatment(file: _File) -> Iterator[_Check]:
    label = "salvage_treatment"
    if not file.has(label):
        return
    levels = file.dictionary[label].levels
    for days, labels, instead in _TREATED:
        if file.has(days) and set(labels) <= set(levels):
            yield _Check(
                f"{days} is given for {{n}} of {{total}} patients whose {label} is {' or '.join(labels)}",
                file.given(days) & file.code(label).isin([levels.index(level) for level in labels]),
                f"Write {instead} under {label}, or empty {days}.",
                (label, days),
            )


CHECKS: tuple[Callable[[_File], Iterator[_Check]], ...] = (
    _check_identifiers,
    _check_levels,
    _check_numbers,
    _check_events,
    _check_signs,
    _check_limits,
    _check_endpoints,
    _check_order,
    _check_population,
    _check_treatment,
)


def _find_problems(file: _File) -> list[Problem]:
    problems = _find_repeats(file)
    total = int(file.fetch(file.raw.aggregate(n=file.raw.count()))["n"][0])
    checks = [check for find in CHECKS for check in find(file)]
    wrong = {f"check{i}": check.wrong.fill_null(False).sum().fill_null(0) for i, check in enumerate(checks)}
    counts = file.fetch(file.raw.aggregate(**wrong))
    for i, check in enumerate(checks):
        n = int(counts[f"check{i}"][0])
        if n:
            what = check.what.replace("{n}", str(n)).replace("{total}", str(total))
            problems.append(Problem(what, _where(file, check, n), check.remedy))
    return problems


def _where(file: _File, check: _Check, n: int) -> str:
    """The first patients of a failed check by identifier, or by row where that is blank, with what stands there."""
    shown = {name: file.column(name).cast("string") for name in check.shown}
    identifier = file.text(file.dictionary.identifier.name)
    rows = file.raw.select(_row=ibis.row_number(), _identifier=identifier, _wrong=check.wrong, **shown)
    found = file.fetch(rows.filter(rows._wrong).limit(N_SHOWN))
    names = []
    for i, (row, identifier) in enumerate(zip(found["_row"], found["_identifier"], strict=True)):
        patient = f"in row {row + 1}" if identifier is np.ma.masked else str(identifier)
        values = [_short(found[name][i]) for name in check.shown]
        if len(values) > 1:
            values = [f"{name} {value}" for name, value in zip(check.shown, values, strict=True)]
        names.append(f"{patient}: {', '.join(values)}" if values else patient)
    return _listed("patient", names, n)


def _listed(noun: str, names: Sequence[str], n: int) -> str:
    more = f" and {n - len(names)} more" if n > len(names) else ""
    return f"{noun}{'s' if n > 1 else ''} {'; '.join(names)}{more}"


def _short(value: object) -> str:
    if value is np.ma.masked:
        return "empty"
    text = str(value)
    return repr(text if len(text) <= 30 else text[:29] + "…")


def _find_repeats(file: _File) -> list[Problem]:
    name = file.dictionary.identifier.name
    # As many hashes as identifiers prove that none repeats, and are counted faster than the identifiers themselves.
    plain = file.column(name).cast("string").strip()
    counts = file.fetch(file.raw.aggregate(n=plain.count(), n_distinct=plain.hash().nunique(where=plain.notnull())))
    if counts["n"][0] == counts["n_distinct"][0]:
        return []
    rows = file.raw.select(row=ibis.row_number(), identifier=file.text(name)).filter(ibis._.identifier.notnull())
    repeated = rows.group_by("identifier").agg(n=rows.count(), first=rows.row.min())
    repeated = repeated.filter(repeated.n > 1)
    n_repeated = int(file.fetch(repeated.aggregate(n=repeated.count()))["n"][0])
    if not n_repeated:
        return []
    found = file.fetch(repeated.order_by("first").limit(N_SHOWN))
    names = [f"{identifier}: {n} rows" for identifier, n in zip(found["identifier"], found["n"], strict=True)]
    return [
        Problem(
            f"{name} repeats: {n_repeated} identifier{'s stand' if n_repeated > 1 else ' stands'} in several rows",
            _listed("patient", names, n_repeated),
            "Keep one row per patient: delete the copies, or give different patients different identifiers.",
        )
    ]


def _load_frame(connection: duckdb.DuckDBPyConnection, frame: pd.DataFrame) -> tuple[list[str], list[Problem]]:
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


def _load_file(connection: duckdb.DuckDBPyConnection, path: Path) -> tuple[list[str], list[Problem]]:
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
                f"{_listed('line', [str(line) for line in lines[:N_SHOWN]], n)} of {path.name}",
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
        chosen.append(f"CAST({_quoted(name)} AS {plain}) AS c{i}")
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


def _match_columns(header: Sequence[str], dictionary: Dictionary) -> tuple[dict[str, str], list[Note], list[Problem]]:
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
        if all(c in columns or _derivable(dictionary[c], columns, dictionary) for c in (e.time, e.event))
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


def _derivable(variable: Variable, columns: Iterable[str], dictionary: Dictionary) -> bool:
    return variable.derivation is not None and all(
        name in columns or (name in dictionary and _derivable(dictionary[name], columns, dictionary))
        for name in _sources(variable)
    )


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


def _store(file: _File, name: str, notes: list[Note]) -> Cohort:
    """The cohort of a file without problems; the identifiers stay behind."""
    connection, identifier = file.connection, file.dictionary.identifier.name
    values = {v.name: file.value(v.name) for v in file.brought if v.kind != "identifier"}
    patient = file.column(identifier).cast("string").strip()
    typed = _with_derived(file.raw.select(**{identifier: patient}, **values), file.dictionary)
    # From here on nobody asks for the first rows, and without their order the engine needs less time and memory.
    connection.execute("SET preserve_insertion_order = false")
    # Types are stated here once more: arithmetic on small integers comes back wider than the expression says.
    chosen = ", ".join(f"CAST({_quoted(c)} AS {_storage(file.dictionary[c])}) AS {_quoted(c)}" for c in typed.columns)
    connection.execute(f"CREATE TABLE patients AS SELECT {chosen} FROM ({ibis.to_sql(typed, dialect='duckdb')})")
    notes += _remark(connection, file)
    connection.execute("DROP VIEW IF EXISTS raw")
    connection.execute("DROP VIEW IF EXISTS file")
    connection.execute("DROP TABLE IF EXISTS rows")
    connection.execute("SET enable_external_access = false")
    dictionary = _at_hand(file.dictionary, typed.columns)
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
    connection.execute(f"ALTER TABLE patients DROP COLUMN {_quoted(identifier)}")
    _compress(connection, n)
    table = ibis.table(_schema(connection, "patients"), name="patients")
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


@dataclass(frozen=True, slots=True)
class _Remark:
    """Patients worth a second look, though nothing is plainly wrong: a note with the place {n}, given if n is large."""

    code: str
    unusual: Any
    text: str
    remedy: str
    share: float = 0.0


def _find_remarks(table: ir.Table, file: _File) -> Iterator[_Remark]:
    for v in file.brought:
        if v.derivation and set(_sources(v)) <= set(table.columns):
            derived = _derived(v, table, file.dictionary)
            yield _Remark(
                "derived-differs",
                table[v.name] != derived,
                f"{v.name} differs for {{n}} from what {_and(v.derivation.source)} give; "
                "the file's own values are used.",
                f"Correct either column, or leave {v.name} out to have it derived.",
            )
        if v.name in {e.time for e in file.dictionary.endpoints} and v.unit.startswith("days"):
            yield _Remark(
                "unit-suspect",
                table[v.name] < 20 * 12,
                f"{v.name} is below 240 for every patient: the times look like months or years, and days are expected.",
                f"If they are months, multiply {v.name} by {DAYS_PER_MONTH}.",
                share=1.0,
            )
        if v.unit == "g/L":
            yield _Remark(
                "unit-suspect",
                table[v.name] < 25,
                f"{v.name} is below 25 g/L for {{n}}: the values look like g/dL or mmol/L.",
                "Multiply g/dL by 10 and mmol/L by 16.1.",
                share=0.5,
            )
    if "relapse_timing_bfm" in table.columns and file.has("relapse_days") and not file.has("relapse_timing_bfm"):
        yield _Remark(
            "timing-unknown",
            table["relapse_days"].notnull() & table["relapse_timing_bfm"].isnull(),
            "{n} relapsed 18 months or more after diagnosis without a known end of therapy, "
            "so that the BFM time group is missing.",
            "Give end_of_therapy_days, or use the COG time groups.",
        )
    if file.has("relapse_days", "os_relapse_days", "os_days"):
        gap = table["os_days"] - table["relapse_days"] - table["os_relapse_days"]
        yield _Remark(
            "follow-up-differs",
            gap.abs() > 1,
            "os_days differs by more than a day from relapse_days + os_relapse_days for {n}.",
            "Check the date of last contact in both.",
        )
    if file.has("os_relapse_event", "os_event"):
        yield _Remark(
            "follow-up-differs",
            table["os_relapse_event"] != table["os_event"],
            "os_relapse_event and os_event disagree about whether {n} died.",
            "Check vital status at last contact in both.",
        )


def _and(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _remark(connection: duckdb.DuckDBPyConnection, file: _File) -> list[Note]:
    """Notes on what looks odd in the stored patients."""
    table = ibis.table(_schema(connection, "patients"), name="patients")
    remarks = list(_find_remarks(table, file))
    if not remarks:
        return []
    counts = {f"unusual{i}": r.unusual.fill_null(False).sum().fill_null(0) for i, r in enumerate(remarks)}
    known = {f"known{i}": r.unusual.notnull().sum().fill_null(0) for i, r in enumerate(remarks)}
    found = file.fetch(table.aggregate(**counts, **known))
    notes = []
    for i, remark in enumerate(remarks):
        n, n_known = int(found[f"unusual{i}"][0]), int(found[f"known{i}"][0])
        # A handful of patients says nothing about units.
        if n and (not remark.share or (n_known >= 20 and n >= remark.share * n_known)):
            patients = f"{n} patient{'s' if n > 1 else ''}"
            notes.append(Note(remark.code, "caution", remark.text.replace("{n}", patients), remark.remedy))
    return notes


def _storage(variable: Variable) -> str:
    """The engine's type of a column: one byte for levels and events, eight for numbers."""
    if variable.is_coded or variable.kind == "event":
        return "TINYINT"
    return "VARCHAR" if variable.kind == "identifier" else "DOUBLE"


def _with_derived(table: ir.Table, dictionary: Dictionary) -> ir.Table:
    """The table with every column the file does not bring but the dictionary derives from those at hand."""
    waiting = [v for v in dictionary.variables if v.derivation and v.name not in table.columns]

    def is_ready(variable: Variable) -> bool:
        # What a rule reads only where it is at hand must not be about to be derived.
        coming = [v.name for v in waiting if _derivable(v, table.columns, dictionary)]
        return set(_sources(variable)) <= set(table.columns) and not set(_optional(variable)) & set(coming)

    while ready := [v for v in waiting if is_ready(v)]:
        table = table.mutate(**{v.name: _derived(v, table, dictionary) for v in ready})
        waiting = [v for v in waiting if v not in ready]
    return table


def _sources(variable: Variable) -> tuple[str, ...]:
    """The columns a derivation reads: its sources and, where absence means something, the population."""
    derivation = variable.derivation
    if derivation is None:
        return ()
    if derivation.rule == "present" and variable.population is not None:
        return (*derivation.source, variable.population)
    return derivation.source


def _optional(variable: Variable) -> tuple[str, ...]:
    """The columns a derivation reads where they are at hand."""
    return variable.derivation.optional if variable.derivation else ()


def _derived(variable: Variable, table: ir.Table, dictionary: Dictionary) -> Any:
    rule = variable.derivation.rule if variable.derivation else ""
    if rule not in DERIVATIONS:
        raise DictionaryError(f"{variable.name}: derivation {rule!r} is none of {', '.join(DERIVATIONS)}.")
    names = (*_sources(variable), *_optional(variable))
    columns = [table[name] if name in table.columns else None for name in names]
    return DERIVATIONS[rule](variable, columns, [dictionary[name] for name in names])


def _cut(variable: Variable, columns: Sequence[Any], sources: Sequence[Variable]) -> Any:
    """Bands of a number; each cut belongs to the upper band."""
    cuts = variable.derivation.cuts if variable.derivation else ()
    band = sum((columns[0] >= cut).cast("int8") for cut in cuts)
    return ibis.ifelse(columns[0].isnull(), ibis.null("int8"), band).cast("int8")


def _map(variable: Variable, columns: Sequence[Any], sources: Sequence[Variable]) -> Any:
    """Levels joined into fewer; a level that is not mapped becomes missing."""
    mapping = variable.derivation.mapping if variable.derivation else ()
    pairs = [(sources[0].levels.index(level), variable.levels.index(joined)) for level, joined in mapping]
    return columns[0].cases(*pairs, else_=None).cast("int8")


def _present(variable: Variable, columns: Sequence[Any], sources: Sequence[Variable]) -> Any:
    """The second level (or 1) where the source has a value, the first (or 0) where it has none.

    Only within the variable's population, given as the last column; elsewhere missing.
    """
    present = columns[0].notnull().cast("int8")
    return present if variable.population is None else ibis.ifelse(columns[-1] == 1, present, ibis.null("int8"))


def _relapse_timing_bfm(variable: Variable, columns: Sequence[Any], sources: Sequence[Variable]) -> Any:
    """Very early, early and late relapse after the BFM group.

    Very early is within 18 months of diagnosis; early is later, but less than 6 months after the end of frontline
    therapy; late is thereafter. Without the end of therapy only a very early relapse can be told.
    Source: Fuster 2014, Table 2 (doi:10.5315/wjh.v3.i3.49).
    """
    relapse, end_of_therapy = columns
    return ibis.cases(
        (relapse.isnull(), ibis.null("int8")),
        (relapse < 18 * DAYS_PER_MONTH, 0),
        (end_of_therapy.isnull(), ibis.null("int8")),
        (relapse < end_of_therapy + 6 * DAYS_PER_MONTH, 1),
        else_=2,
    ).cast("int8")


def _difference(variable: Variable, columns: Sequence[Any], sources: Sequence[Variable]) -> Any:
    """The first number less the second: a time from relapse becomes one from the later day."""
    return columns[0] - columns[1]


def _efs_days(variable: Variable, columns: Sequence[Any], sources: Sequence[Variable]) -> Any:
    """Days from diagnosis to relapse, or to death or last contact in a child without relapse."""
    relapsed, relapse, days, event = columns
    return ibis.cases((relapsed == 1, relapse), ((relapsed == 0) & event.notnull(), days), else_=ibis.null("float64"))


def _efs_event(variable: Variable, columns: Sequence[Any], sources: Sequence[Variable]) -> Any:
    """1 for relapse or death without it, 0 for neither; missing where the time of `_efs_days` is."""
    relapsed, relapse, days, event = columns
    return ibis.cases(
        ((relapsed == 1) & relapse.notnull(), ibis.literal(1, "int8")),
        ((relapsed == 0) & days.notnull(), event),
        else_=ibis.null("int8"),
    ).cast("int8")


def _efs_relapse_days(variable: Variable, columns: Sequence[Any], sources: Sequence[Variable]) -> Any:
    """Days from first relapse to the second, or to death or last contact in a child without one.

    Missing where a second relapse is on record without its day: the child was not free of it until last contact.
    """
    second, days, event, relapsed_again = columns
    known = ibis.literal(True) if relapsed_again is None else (relapsed_again != 1).fill_null(True)
    return ibis.cases((second.notnull(), second), (known & event.notnull(), days), else_=ibis.null("float64"))


def _efs_relapse_event(variable: Variable, columns: Sequence[Any], sources: Sequence[Variable]) -> Any:
    """1 for second relapse or death without it, 0 for neither; missing where the time of `_efs_relapse_days` is."""
    second, days, event, relapsed_again = columns
    known = ibis.literal(True) if relapsed_again is None else (relapsed_again != 1).fill_null(True)
    return ibis.cases(
        (second.notnull(), ibis.literal(1, "int8")), (known & days.notnull(), event), else_=ibis.null("int8")
    ).cast("int8")


def _first_event(variable: Variable, columns: Sequence[Any], sources: Sequence[Variable]) -> Any:
    """None (0), relapse (1) or death in remission (2).

    An event of a child who neither relapsed nor died is none of these, and missing.
    """
    event, relapsed, died = columns
    return ibis.cases(
        (event == 0, 0),
        ((event == 1) & (relapsed == 1), 1),
        ((event == 1) & (relapsed == 0) & (died == 1), 2),
        else_=None,
    ).cast("int8")


def _event_after_relapse(variable: Variable, columns: Sequence[Any], sources: Sequence[Variable]) -> Any:
    """None (0), second relapse (1), death from leukaemia without one (2) or from another or an unknown cause (3).

    An event of a child who neither relapsed again nor died is none of these, and missing.
    """
    event, second, died, cause = columns
    of_leukaemia = ibis.literal(False)
    if cause is not None:
        of_leukaemia = (cause == sources[-1].levels.index("leukaemia")).fill_null(False)
    died_first = (event == 1) & second.isnull() & (died == 1)
    return ibis.cases(
        (event == 0, 0),
        ((event == 1) & second.notnull(), 1),
        (died_first & of_leukaemia, 2),
        (died_first, 3),
        else_=None,
    ).cast("int8")


DERIVATIONS: dict[str, Callable[[Variable, Sequence[Any], Sequence[Variable]], Any]] = {
    "cuts": _cut,
    "map": _map,
    "present": _present,
    "relapse_timing_bfm": _relapse_timing_bfm,
    "difference": _difference,
    "efs_days": _efs_days,
    "efs_event": _efs_event,
    "efs_relapse_days": _efs_relapse_days,
    "efs_relapse_event": _efs_relapse_event,
    "first_event": _first_event,
    "event_after_relapse": _event_after_relapse,
}


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


def _summary(
    connection: duckdb.DuckDBPyConnection, dictionary: Dictionary, brought: Collection[str]
) -> tuple[int, int, str]:
    """Number of patients, how many of them are synthetic, and the version of the data."""
    identifier = _quoted(dictionary.identifier.name)
    variables = sorted(dictionary.variables, key=lambda v: v.name)
    # What is derived follows from what was brought and its rule, so reading it would only take time.
    names = [_quoted(v.name) for v in variables if v.name in brought]
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
        for i, x in enumerate(map(_quoted, numbers))
    )
    found = connection.execute(f"SELECT {measures} FROM patients").fetchall()[0]
    return tuple((name, Range(*found[3 * i : 3 * i + 3])) for i, name in enumerate(numbers))


def _schema(connection: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    types = {"VARCHAR": "string", "DOUBLE": "float64", "BIGINT": "int64", "TINYINT": "int8"}
    return {row[0]: types[row[1]] for row in connection.execute(f"DESCRIBE {relation}").fetchall()}


def _fetch(connection: duckdb.DuckDBPyConnection, sql: str, values: Sequence[Any] = ()) -> dict[str, Any]:
    """The rows of a query, with ``values`` in the place of its question marks, as numpy columns, masked where null."""
    # On a cursor of its own: sessions run in several threads, and a shared one mixes up their answers.
    with connection.cursor() as cursor:
        return dict(cursor.execute(sql, list(values)).fetchnumpy())


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
