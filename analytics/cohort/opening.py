"""The door for patients: a file or a frame read, checked, coded, and put into an engine."""

from __future__ import annotations

import hashlib
import os
import shutil
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pandas as pd

from analytics.cohort.address import Address, find_scheme, read_address
from analytics.cohort.cohort import Cohort
from analytics.cohort.columns import match_columns
from analytics.cohort.consistency import list_rule_checks
from analytics.cohort.derivations import with_derived
from analytics.cohort.duckdb_engine import VERSION, DamageError, DuckDBEngine
from analytics.cohort.engine import KEY, Engine, Rows, Store, quoted
from analytics.cohort.files import explain_unopened
from analytics.cohort.labels import say_by_labels
from analytics.cohort.patient_file import PatientFile
from analytics.cohort.perturbation import salt_of
from analytics.cohort.postgres_engine import PostgresEngine
from analytics.cohort.problems import CohortError, Problem, UnreachableError
from analytics.cohort.reader import finding_damage, list_parquet, load_file, load_frame, load_table
from analytics.cohort.remarks import remark_on
from analytics.cohort.remote import RemoteEngine
from analytics.cohort.rules import Everything
from analytics.cohort.spark_engine import SparkEngine
from analytics.cohort.stored import About, describe_files, describe_program, place_of
from analytics.cohort.validation import find_problems
from analytics.cohort.waiting import say_stage
from analytics.dictionary import Dictionary, Variable, open_dictionary, speaking_by
from analytics.formats import shorten
from analytics.results import Note

MAX_NAMED = 20_000
# What an opening goes through, for whoever waits.
STAGES = (
    "reading",
    "looking for {} who are alike",
    "checking every value",
    "keeping what is counted",
    "looking for what is odd",
    "summing up",
)
READING, JOINING, CHECKING, KEEPING, REMARKING, SUMMING = range(len(STAGES))
# What opens a table of somebody else's, by the scheme of its address.
REMOTE: Mapping[str, Callable[[Address], RemoteEngine]] = {
    "postgresql": PostgresEngine,
    "sc": SparkEngine,
    "spark": SparkEngine,
}


@dataclass(frozen=True, slots=True)
class Patients:
    """Patients in an engine, with the entries of their columns and what a `Cohort` tells of them."""

    engine: Engine
    dictionary: Dictionary
    name: str
    data_version: str
    synthetic: bool
    notes: tuple[Note, ...]

    @property
    def n_patients(self) -> str:
        """Their number, as it stands in a query."""
        return "CAST(sum(n) AS BIGINT)" if "n" in self.engine.schema("patients") else "count(*)"

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
    source: str | Path | pd.DataFrame,
    dictionary: Dictionary | None = None,
    *,
    name: str | None = None,
    notes: Sequence[Note] = (),
    by_labels: bool = False,
    secret: str = "",
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
    notes
        What was told before, as where a file was mapped; it comes first among the notes of the cohort.
    by_labels
        True if whoever reads the notes does not know the columns by the dictionary's names.
    secret
        From it and the identifiers patients get the keys by which `protect_cohort` protects small numbers; without it they
        have none.

    Raises
    ------
    CohortError
        With *all* problems found, each saying what is wrong, in whose row, and what to do.
    """
    dictionary = dictionary or open_dictionary()
    patients = open_patients(source, dictionary, name=name, secret=secret)
    told = patients.notes
    if by_labels:
        told = tuple(
            replace(n, text=say_by_labels(n.text, dictionary), remedy=say_by_labels(n.remedy, dictionary)) for n in told
        )
    return replace(patients, notes=(*notes, *told)).to_cohort()


def stamp_of(source: str | Path) -> tuple[int, ...]:
    """What changes with what a source holds, () where nothing tells.

    The time of a file alone does not where one takes the place of another within a tick.
    """
    scheme = find_scheme(source)
    if scheme and scheme != "duckdb":
        return _stamp_of_table(str(source))
    try:
        path = Path(read_address(str(source)).place if scheme else source)
        files = list_parquet(path) if path.is_dir() else [path]
        stats = map(os.stat, files)
        return tuple(x for s in stats for x in (s.st_mtime_ns, s.st_ctime_ns, s.st_size, s.st_ino, s.st_dev))
    except (OSError, ValueError):  # what is wrong is found when it is opened
        return ()


@dataclass(frozen=True, slots=True)
class _Watched:
    """A table that is open: the engine, what it said of the table then, and the stamp under which it was opened."""

    engine: weakref.ref[RemoteEngine]
    at_first: tuple[int, ...]
    stamp: tuple[int, ...]


_WATCHED: dict[str, _Watched] = {}
_NEXT_STAMP: dict[str, tuple[int, ...]] = {}


def _watch(source: str, engine: RemoteEngine) -> None:
    _WATCHED[source] = _Watched(weakref.ref(engine), engine.stamp(), _NEXT_STAMP.get(source, ()))


def _stamp_of_table(source: str) -> tuple[int, ...]:
    """The stamp under which a table was opened, until it changes; a database that does not answer tells no change."""
    watched = _WATCHED.get(source)
    engine = watched.engine() if watched else None
    if watched is None or engine is None:
        return _NEXT_STAMP.get(source, ())
    with suppress(UnreachableError):
        if (now := engine.stamp()) != watched.at_first:
            _NEXT_STAMP[source] = now
            return now
    return watched.stamp


def open_patients(
    source: str | Path | pd.DataFrame, dictionary: Dictionary, *, name: str | None = None, secret: str = ""
) -> Patients:
    """The patients of a file or a frame in an engine, for a `Cohort`; as `open_cohort`."""
    with speaking_by(dictionary):
        return _open_source(source, dictionary, name, salt_of(secret) if secret else "")


def _open_source(source: str | Path | pd.DataFrame, dictionary: Dictionary, name: str | None, salt: str) -> Patients:
    if isinstance(source, pd.DataFrame):
        return _read(partial(load_frame, frame=source), Path("data frame"), dictionary, name or "data frame", salt)
    if not find_scheme(source):
        path = Path(source)
        # Keys of patients are made of their identifiers, which are not stored.
        stored = None if salt else _open_stored(path, dictionary, name or path.stem)
        if isinstance(stored, Patients):
            return stored
        opened = _read(partial(load_file, path=path), path, dictionary, name or path.stem, salt)
        return opened if stored is None else replace(opened, notes=(*opened.notes, stored))
    address = read_address(str(source))
    if address.scheme == "duckdb":
        load = partial(load_table, address=address)
        return _read(load, Path(address.place), dictionary, name or address.table, salt)
    _begin(READING, dictionary)
    engine = REMOTE[address.scheme](address)
    with _closing_after_problems(engine):
        opened = _open(engine, (list(engine.header), []), dictionary, name or address.name, salt)
    _watch(str(source), engine)
    return opened


def _read(
    load: Callable[[DuckDBEngine], tuple[list[str], list[Problem]]],
    place: Path,
    dictionary: Dictionary,
    name: str,
    salt: str,
) -> Patients:
    """The patients of a file, in DuckDB."""
    _begin(READING, dictionary)
    engine = DuckDBEngine()
    with _closing_after_problems(engine), finding_damage(place):
        return _open(engine, load(engine), dictionary, name, salt)


def store_patients(source: str | Path, dictionary: Dictionary | None = None) -> Path:
    """Keep the patients of a file or of a folder of Parquet files beside it, checked, coded and without identifiers.

    Opening the same file is then quick, and needs no memory for patients of whom no two are alike. What is stored is not
    used any more once a file has changed.

    Returns
    -------
    The file that was written.

    Raises
    ------
    CohortError
        If the patients cannot be used, are too few to gain anything, change meanwhile, or the file cannot be written.
    """
    path, dictionary = Path(source), dictionary or open_dictionary()
    place = place_of(path)
    new = place.with_name(f"{place.name}.new")
    try:
        new.unlink(missing_ok=True)
        engine = DuckDBEngine(new)
    except (OSError, DamageError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error).partition("\n")[0]
        remedy = "Give the account leave to write there, and room on the disk. Without it each start reads all files."
        raise CohortError([Problem(f"{place.name} cannot be written: {reason}", str(place.parent), remedy)]) from error
    try:
        with speaking_by(dictionary), _closing_after_problems(engine), finding_damage(path):
            made_of = _describe_files(path)
            opened = _open(engine, load_file(engine, path), dictionary, path.stem, "")
            n = int(engine.run(f"SELECT {opened.n_patients} AS n FROM patients")["n"][0])
            if n <= MAX_NAMED:
                what = f"{n} {dictionary.words.plural} are read so quickly that storing them gains nothing"
                raise CohortError([Problem(what, "", f"Open {shorten(path.name)} as it is.")])
            if made_of != _describe_files(path):
                raise CohortError(
                    [Problem(f"{shorten(path.name)} has changed meanwhile", "", "Try again once it rests.")]
                )
            levels = {v.name: list(v.levels) for v in opened.dictionary.variables}
            made_by = describe_program(dictionary, VERSION)
            about = About(made_of, made_by, opened.data_version, opened.synthetic, opened.notes, levels)
            engine.write_about(about.to_text())
        shutil.copymode(_list_files(path)[0], new)
        os.replace(new, place)
    finally:
        for left in (new, new.with_name(f"{new.name}.wal")):
            left.unlink(missing_ok=True)
    return place


def _open_stored(path: Path, dictionary: Dictionary, name: str) -> Patients | Note | None:
    """The patients that are stored beside a file, None without any; a note where they may not be used."""
    place = place_of(path)
    if not os.path.isfile(place):  # Path.is_file fails on a name that is none
        return None
    _begin(READING, dictionary)
    why = "cannot be read"
    with suppress(OSError, DamageError, ValueError, KeyError, TypeError):
        engine = DuckDBEngine(place, is_ready=True)
        about = About.read(engine.read_about())
        if about.made_of != _describe_files(path):
            why = f"are older than the last change of {shorten(path.name)}"
        elif about.made_by != describe_program(dictionary, VERSION):
            why = "were stored by another version of the dashboard, or with another dictionary"
        else:
            at_hand = _at_hand(dictionary, (dictionary.identifier.name, *engine.schema("patients")))
            fitted = _with_levels(at_hand, about.levels)
            return Patients(engine, fitted, name, about.data_version, about.synthetic, about.notes)
        engine.close()
    what = f"The {dictionary.words.plural} stored in {shorten(place.name)} {why}, and all files were read instead."
    return Note("stored-unused", "info", what, f"Store them anew: make store COHORT={shorten(path.name)}.")


def _list_files(path: Path) -> list[Path]:
    return list_parquet(path) if path.is_dir() else [path]


def _describe_files(path: Path) -> str:
    try:
        return describe_files(path, _list_files(path))
    except OSError as error:
        raise CohortError([explain_unopened(path, error)]) from error


def _begin(stage: int, dictionary: Dictionary) -> None:
    say_stage(stage + 1, len(STAGES), STAGES[stage].format(dictionary.words.plural))


@contextmanager
def _closing_after_problems(engine: Engine) -> Iterator[None]:
    try:
        yield
    except CohortError:
        engine.close()
        raise


def _open(
    engine: Store, given: tuple[list[str], list[Problem]], dictionary: Dictionary, name: str, salt: str
) -> Patients:
    """The patients of the table ``raw``, whose header and broken lines are given."""
    header, problems = given
    columns, notes, column_problems = match_columns(header, dictionary)
    problems += column_problems
    _begin(JOINING, dictionary)
    file = PatientFile(engine, columns, dictionary, salt=salt)
    _begin(CHECKING, dictionary)
    if dictionary.identifier.name in columns:
        problems += find_problems(file, list_rule_checks(file, "error"))
    if problems:
        raise CohortError(problems, notes)
    return _store(file, name, notes)


def _store(file: PatientFile, name: str, notes: list[Note]) -> Patients:
    """The patients of a file without problems; the identifiers stay behind."""
    engine, identifier = file.engine, file.dictionary.identifier.name
    values = {v.name: file.value(v.name) for v in file.brought if v.kind != "identifier"}
    if file.count_rows(["true"], "raw")[0] <= MAX_NAMED and not file.is_joined:
        values = {identifier: file.trimmed(identifier), **values}
    # Each in its type before anything is derived: arithmetic on what a text stands for gives a wider one.
    chosen = ", ".join(f"{_stored(file.dictionary[name], value)} AS {quoted(name)}" for name, value in values.items())
    counted = (("n",) if file.is_joined else ()) + ((KEY,) if file.salt else ())
    found = [f"{file.key} AS {KEY}" if name == KEY and not file.is_joined else name for name in counted]
    rows = with_derived(
        Rows(f"SELECT {', '.join((chosen, *found))} FROM {file.table}", (*values, *counted)), file.dictionary
    )
    columns = [c for c in rows.columns if c not in counted]
    chosen = ", ".join(f"{_stored(file.dictionary[c], quoted(c))} AS {quoted(c)}" for c in columns)
    rows = Rows(f"SELECT {', '.join((chosen, *counted))} FROM ({rows.sql}) AS derived", (*columns, *counted))
    _begin(KEEPING, file.dictionary)
    engine.define("patients", rows)
    _begin(REMARKING, file.dictionary)
    notes += remark_on(file)
    _begin(SUMMING, file.dictionary)
    dictionary = _without_unused_levels(engine, _at_hand(file.dictionary, (identifier, *rows.columns)))
    n, n_synthetic, version = _summary(file, dictionary)
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
    engine.keep(identifier, n, named=n_synthetic == n <= MAX_NAMED)
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
    return replace(
        dictionary, variables=variables, endpoints=endpoints, competing=competing, lists=lists, whole=dictionary
    )


def _without_unused_levels(engine: Store, dictionary: Dictionary) -> Dictionary:
    """The dictionary without the optional levels that no patient has; the positions of those after them close up."""
    variables = [v for v in dictionary.variables if v.optional_levels]
    if not variables:
        return dictionary
    asked = (
        f"max(CASE WHEN {quoted(v.name)} = {i} THEN 1 ELSE 0 END) AS {_has(k, i)}"
        for k, v in enumerate(variables)
        for i in range(len(v.levels))
    )
    found = engine.run(f"SELECT {', '.join(asked)} FROM patients")
    kept: dict[str, list[str]] = {}
    for k, v in enumerate(variables):
        places = [i for i, level in enumerate(v.levels) if level not in v.optional_levels or found[_has(k, i)][0] == 1]
        moved = {old: new for new, old in enumerate(places) if old != new}
        if moved:
            cases = " ".join(f"WHEN {old} THEN {new}" for old, new in moved.items())
            name = quoted(v.name)
            engine.recode("patients", v.name, f"CASE {name} {cases} ELSE {name} END")
        kept[v.name] = [v.levels[i] for i in places]
    return _with_levels(dictionary, kept)


def _with_levels(dictionary: Dictionary, kept: Mapping[str, Sequence[str]]) -> Dictionary:
    """The dictionary in which variables have no levels but those that are ``kept``."""
    changed = {}
    for v in dictionary.variables:
        levels = tuple(level for level in v.levels if level in kept.get(v.name, v.levels))
        if levels != v.levels:
            labels = dict(zip(v.levels, v.level_labels, strict=True))
            changed[v.name] = replace(
                v,
                levels=levels,
                level_labels=tuple(labels[level] for level in levels),
                optional_levels=tuple(level for level in v.optional_levels if level in levels),
                level_words=tuple((level, words) for level, words in v.level_words if level in levels),
                level_roles=tuple((role, level) for role, level in v.level_roles if level in levels),
            )
    return replace(dictionary, variables=tuple(changed.get(v.name, v) for v in dictionary.variables))


def _has(variable: int, level: int) -> str:
    return f"has{variable}_{level}"


def _summary(file: PatientFile, dictionary: Dictionary) -> tuple[int, int, str]:
    """Number of patients, how many of them are synthetic, and the version of the data."""
    brought = {v.name for v in file.brought}
    variables = sorted(dictionary.variables, key=lambda v: v.name)
    # What is derived follows from what was brought and its rule, so reading it would only take time.
    stored = file.engine.schema("patients")
    names = [quoted(v.name) for v in variables if v.name in brought and v.name in stored]
    decimals = {quoted(v.name) for v in variables if v.kind in ("continuous", "duration")}
    n, n_rows = (int(x[0]) for x in file.fetch(f"SELECT {file.n_rows} AS n, count(*) AS n_rows FROM patients").values())
    # Rows are added up, so that neither their order nor the kind of file or engine makes a difference.
    row = f"{'n * ' if file.is_joined else ''}{file.engine.hash_row(names, decimals, n_rows)}"
    found = file.fetch(f"SELECT CAST(sum({row}) AS VARCHAR) AS total FROM patients")
    if file.is_joined:
        synthetic = file.fetch("SELECT CAST(sum(n_synthetic) AS BIGINT) AS n FROM alike")
    else:
        identifier = file.trimmed(file.dictionary.identifier.name)
        synthetic = file.fetch(f"SELECT count(*) FILTER (WHERE starts_with({identifier}, 'SYN')) AS n FROM raw")
    meaning = [(v.name, v.levels, None if v.name in brought else v.derivation) for v in variables]
    version = hashlib.sha256(repr((n, int(found["total"][0]), meaning)).encode()).hexdigest()[:12]
    return n, int(synthetic["n"][0]), version
