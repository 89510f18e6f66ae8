"""The door for patients: a file or a frame read, checked, coded, and put into an engine."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pandas as pd

from analytics.cohort.address import find_scheme, read_address
from analytics.cohort.cohort import Cohort
from analytics.cohort.columns import match_columns
from analytics.cohort.consistency import list_rule_checks
from analytics.cohort.derivations import Rows, with_derived
from analytics.cohort.duckdb_engine import DuckDBEngine
from analytics.cohort.engine import Engine, quoted
from analytics.cohort.patient_file import PatientFile
from analytics.cohort.problems import CohortError, Problem
from analytics.cohort.reader import finding_damage, list_parquet, load_file, load_frame, load_table
from analytics.cohort.remarks import remark_on
from analytics.cohort.rules import Everything
from analytics.cohort.validation import find_problems
from analytics.dictionary import Dictionary, Variable, open_dictionary, speaking_by
from analytics.results import Note

MAX_MD5_ROWS = 1_000_000
MAX_SHARE_DISTINCT = 0.5
MAX_NAMED = 20_000
Loader = Callable[[DuckDBEngine], tuple[list[str], list[Problem]]]


@dataclass(frozen=True, slots=True)
class Patients:
    """Patients in an engine, with the entries of their columns and what a `Cohort` tells of them."""

    engine: Engine
    dictionary: Dictionary
    name: str
    data_version: str
    synthetic: bool
    notes: tuple[Note, ...]

    def to_cohort(self) -> Cohort:
        """The cohort of these patients, with every number given out."""
        return Cohort(
            self.engine,
            self.dictionary,
            Everything(),
            name=self.name,
            data_version=self.data_version,
            synthetic=self.synthetic,
            notes=self.notes,
        )


def open_cohort(
    source: str | Path | pd.DataFrame, dictionary: Dictionary | None = None, *, name: str | None = None
) -> Cohort:
    """The cohort of a file, a folder, a table or a data frame, checked and ready to be counted.

    Parameters
    ----------
    source
        The path of a CSV or Parquet file or of a folder of Parquet files, the address of a table
        ("duckdb:///folder/file.duckdb/table"), or a frame, with one row per patient.
        Only the identifier's column is required; a variable without a column is not offered
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
    return open_patients(source, dictionary or open_dictionary(), name=name).to_cohort()


def stamp_of(source: str | Path) -> tuple[int, ...]:
    """What changes with what a source holds, () where nothing tells.

    The time of a file alone does not where one takes the place of another within a tick.
    """
    scheme = find_scheme(source)
    try:
        path = Path(read_address(str(source)).place if scheme else source)
        files = list_parquet(path) if path.is_dir() else [path]
        stats = map(os.stat, files)
        return tuple(x for s in stats for x in (s.st_mtime_ns, s.st_ctime_ns, s.st_size, s.st_ino, s.st_dev))
    except (OSError, ValueError):  # what is wrong is found when it is opened
        return ()


def open_patients(source: str | Path | pd.DataFrame, dictionary: Dictionary, *, name: str | None = None) -> Patients:
    """The patients of a file or a frame in an engine, for a `Cohort`; as `open_cohort`."""
    with speaking_by(dictionary):
        return _open_source(source, dictionary, name)


def _open_source(source: str | Path | pd.DataFrame, dictionary: Dictionary, name: str | None) -> Patients:
    load, place, called = _find_loader(source)
    engine = DuckDBEngine()
    try:
        with finding_damage(place):
            return _open(engine, load, dictionary, name or called)
    except CohortError:
        engine.close()
        raise


def _find_loader(source: str | Path | pd.DataFrame) -> tuple[Loader, Path, str]:
    """How the rows get into the engine, the path that is read, and what the cohort is called."""
    if isinstance(source, pd.DataFrame):
        return partial(load_frame, frame=source), Path("data frame"), "data frame"
    if isinstance(source, str) and find_scheme(source):
        address = read_address(source)
        return partial(load_table, address=address), Path(address.place), address.table
    path = Path(source)
    return partial(load_file, path=path), path, path.stem


def _open(engine: DuckDBEngine, load: Loader, dictionary: Dictionary, name: str) -> Patients:
    header, problems = load(engine)
    columns, notes, column_problems = match_columns(header, dictionary)
    problems += column_problems
    file = PatientFile(engine, columns, dictionary)
    if dictionary.identifier.name in columns:
        problems += find_problems(file, list_rule_checks(file, "error"))
    if problems:
        raise CohortError(problems, notes)
    return _store(file, name, notes)


def _store(file: PatientFile, name: str, notes: list[Note]) -> Patients:
    """The patients of a file without problems; the identifiers stay behind."""
    engine, identifier = file.engine, file.dictionary.identifier.name
    values = {v.name: file.value(v.name) for v in file.brought if v.kind != "identifier"}
    values = {identifier: file.trimmed(identifier), **values}
    # Each in its type before anything is derived: arithmetic on what a text stands for gives a wider one.
    chosen = ", ".join(f"{_stored(file.dictionary[name], value)} AS {quoted(name)}" for name, value in values.items())
    rows = with_derived(Rows(f"SELECT {chosen} FROM raw", tuple(values)), file.dictionary)
    # From here on nobody asks for the first rows, and without their order the engine needs less time and memory.
    engine.execute("SET preserve_insertion_order = false")
    chosen = ", ".join(f"{_stored(file.dictionary[c], quoted(c))} AS {quoted(c)}" for c in rows.columns)
    engine.execute(f"CREATE TABLE patients AS SELECT {chosen} FROM ({rows.sql}) AS derived")
    notes += remark_on(file)
    engine.forget_file()
    dictionary = _without_unused_levels(engine, _at_hand(file.dictionary, rows.columns))
    n, n_synthetic, version = _summary(engine, dictionary, {v.name for v in file.brought})
    if 0 < n_synthetic < n:
        patients = dictionary.words.plural
        notes.append(
            Note(
                "partly-synthetic",
                "warning",
                f"{n_synthetic} of {n} {patients} have an identifier that starts with SYN, which marks synthetic {patients}; "
                "the others do not.",
                f"Keep synthetic and real {patients} in separate files, or give real {patients} other identifiers.",
            )
        )
    is_named = n_synthetic == n <= MAX_NAMED
    if is_named:
        engine.execute("CREATE TABLE named_patients AS FROM patients")
    engine.execute(f"ALTER TABLE patients DROP COLUMN {quoted(identifier)}")
    _compress(engine, n)
    return Patients(engine, dictionary, name, version, n_synthetic == n, tuple(notes))


def _stored(variable: Variable, value: str) -> str:
    """A value in the engine's type of its column: one byte for levels and events, eight for numbers."""
    kind = "TINYINT" if variable.is_coded or variable.kind == "event" else "DOUBLE"
    return f"CAST({value} AS {'VARCHAR' if variable.kind == 'identifier' else kind})"


def _at_hand(dictionary: Dictionary, columns: Iterable[str]) -> Dictionary:
    """The dictionary without variables and endpoints whose columns are not there, nor their names in lists."""
    present = set(columns)
    endpoints = tuple(e for e in dictionary.endpoints if {e.time, e.event, e.entry or e.time} <= present)
    competing = tuple(e for e in dictionary.competing if {e.time, e.cause} <= present)
    variables = tuple(v for v in dictionary.variables if v.name in present)
    lists = tuple((title, tuple(name for name in names if name in present)) for title, names in dictionary.lists)
    return replace(dictionary, variables=variables, endpoints=endpoints, competing=competing, lists=lists)


def _without_unused_levels(engine: DuckDBEngine, dictionary: Dictionary) -> Dictionary:
    """The dictionary without the optional levels that no patient has; the positions of those after them close up."""
    variables = [v for v in dictionary.variables if v.optional_levels]
    if not variables:
        return dictionary
    lists = ", ".join(f"list(DISTINCT {quoted(v.name)})" for v in variables)
    (found,) = engine.execute(f"SELECT {lists} FROM patients")
    changed = {}
    for v, codes in zip(variables, found, strict=True):
        kept = [i for i, level in enumerate(v.levels) if level not in v.optional_levels or i in (codes or ())]
        moved = {old: new for new, old in enumerate(kept) if old != new}
        if moved:
            cases = " ".join(f"WHEN {old} THEN {new}" for old, new in moved.items())
            name = quoted(v.name)
            engine.execute(f"UPDATE patients SET {name} = CASE {name} {cases} ELSE {name} END")
        levels, labels = ([names[i] for i in kept] for names in (v.levels, v.level_labels))
        changed[v.name] = replace(
            v,
            levels=tuple(levels),
            level_labels=tuple(labels),
            optional_levels=tuple(level for level in v.optional_levels if level in levels),
            level_words=tuple((level, words) for level, words in v.level_words if level in levels),
            level_roles=tuple((role, level) for role, level in v.level_roles if level in levels),
        )
    return replace(dictionary, variables=tuple(changed.get(v.name, v) for v in dictionary.variables))


def _summary(engine: DuckDBEngine, dictionary: Dictionary, brought: Collection[str]) -> tuple[int, int, str]:
    """Number of patients, how many of them are synthetic, and the version of the data."""
    identifier = quoted(dictionary.identifier.name)
    variables = sorted(dictionary.variables, key=lambda v: v.name)
    # What is derived follows from what was brought and its rule, so reading it would only take time.
    names = [quoted(v.name) for v in variables if v.name in brought]
    n = engine.execute("SELECT count(*) FROM patients")[0][0]
    # Rows are added up, so that neither their order nor the kind of file makes a difference. MD5 is the same for every
    # release of the engine; for millions of rows it would take half of the opening, the engine's own hash a second.
    text = ", '|', ".join(f"coalesce(CAST({name} AS VARCHAR), '')" for name in names)
    row = f"md5_number_lower(concat({text}))" if n <= MAX_MD5_ROWS else f"hash({', '.join(names)})"
    n_synthetic, total = engine.execute(
        f"SELECT count(*) FILTER (starts_with({identifier}, 'SYN')), sum({row}) FROM patients"
    )[0]
    meaning = [(v.name, v.levels, None if v.name in brought else v.derivation) for v in variables]
    version = hashlib.sha256(repr((n, int(total), meaning)).encode()).hexdigest()[:12]
    return n, n_synthetic, version


def _compress(engine: DuckDBEngine, n: int) -> None:
    """Patients who are alike in every column joined into one row with their number ``n``, if that is worth it."""
    # Every query then reads the distinct rows only. Below a factor of two the extra column costs what the rows save.
    estimate = engine.execute("SELECT approx_count_distinct(patients) FROM patients")[0][0]
    if estimate > MAX_SHARE_DISTINCT * n:
        return
    engine.execute("CREATE TABLE distinct_patients AS SELECT *, count(*) AS n FROM patients GROUP BY ALL")
    engine.execute("DROP TABLE patients")
    engine.execute("ALTER TABLE distinct_patients RENAME TO patients")
