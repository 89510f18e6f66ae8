"""Everything that is wrong or odd with a table of patients, with its rows: for whoever can still correct it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from analytics.cohort.columns import match_columns
from analytics.cohort.consistency import list_rule_checks
from analytics.cohort.duckdb_engine import DuckDBEngine
from analytics.cohort.engine import quoted
from analytics.cohort.patient_file import PatientFile
from analytics.cohort.problems import CohortError
from analytics.cohort.reader import load_frame
from analytics.cohort.remarks import list_odd_rows
from analytics.cohort.suspects import suspect_events, suspect_units
from analytics.cohort.validation import Check, list_checks
from analytics.data_rules import Severity
from analytics.dictionary import Dictionary, speaking_by

LEAST_ALIKE = 6  # columns with a value that two patients must share to be taken for one
LEAST_INVERTED = 3

Remedy = Literal["", "multiply", "exchange"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One kind of thing that is wrong ("error") or odd ("caution") with some rows.

    ``code`` and ``columns`` tell it from all others of a table. ``rows`` are places from 0, ascending, ``n_rows`` how many
    the table has. ``cure`` is what would mend the whole first column where that is likely: "multiply" by ``factor``, or
    "exchange" 0 and 1.
    """

    code: str
    severity: Severity
    what: str
    remedy: str
    columns: tuple[str, ...]
    rows: tuple[int, ...]
    n_rows: int
    cure: Remedy = ""
    factor: float = 1.0

    @property
    def key(self) -> str:
        """The code with the columns."""
        return ":".join((self.code, *self.columns))

    @property
    def n(self) -> int:
        """How many rows it is about."""
        return len(self.rows)


def examine_patients(frame: pd.DataFrame, dictionary: Dictionary) -> tuple[Finding, ...]:
    """What is wrong or odd with the patients of a frame, errors first.

    Parameters
    ----------
    frame
        One row per patient, with columns of the dictionary, as `open_cohort` takes it.

    Raises
    ------
    CohortError
        If the columns themselves cannot be used: none, twice the same, or no identifier.
    """
    engine = DuckDBEngine()
    try:
        with speaking_by(dictionary):
            header, problems = load_frame(engine, frame)
            columns, notes, column_problems = match_columns(header, dictionary)
            if problems + column_problems:
                raise CohortError(problems + column_problems, notes)
            return tuple(_examine(PatientFile(engine, columns, dictionary)))
    finally:
        engine.close()


def _examine(file: PatientFile) -> Iterator[Finding]:
    yield from _find_repeated(file)
    yield from _find_inverted(file)
    yield from _look(file, [*list_checks(file), *list_rule_checks(file, "error")], "error")
    n_rows = file.count_rows(["true"])[0]
    for s in suspect_units(file):
        rows = _rows_where(file, f"{file.number(s.variable)} IS NOT NULL")
        yield Finding(s.code, "caution", s.what, s.remedy, (s.variable,), rows, n_rows, "multiply", s.factor or 1.0)
    for s in suspect_events(file):
        rows = _rows_where(file, f"{file.value(s.variable)} = 1")
        yield Finding(s.code, "caution", s.what, s.remedy, (s.variable,), rows, n_rows, "exchange")
    yield from _look(file, [*list_odd_rows(file)], "caution")
    yield from _find_alike(file)


def _look(file: PatientFile, checks: list[Check], severity: Severity) -> Iterator[Finding]:
    """What the checks find; those of one kind and of the same columns together."""
    n_rows, *counts = file.count_rows(["true", *(check.wrong for check in checks)])
    for check, n in zip(checks, counts, strict=True):
        if n:
            what = check.say(f"{n} of {n_rows} {file.dictionary.words.plural}")
            rows = _rows_where(file, check.wrong)
            yield Finding(check.code, severity, f"{what}.", check.advise(file), check.about, rows, n_rows)


def _rows_where(file: PatientFile, condition: str) -> tuple[int, ...]:
    found = file.fetch(
        f"SELECT row FROM (SELECT row_number() OVER () - 1 AS row, {condition} AS wrong FROM raw) AS numbered "
        "WHERE wrong ORDER BY row"
    )
    return tuple(int(row) for row in found["row"])


def _find_repeated(file: PatientFile) -> Iterator[Finding]:
    """Patients who stand in several rows."""
    name, words = file.dictionary.identifier.name, file.dictionary.words
    text = file.text(name)
    rows = _rows_where(file, f"{text} IS NOT NULL AND count(*) OVER (PARTITION BY {text}) > 1")
    if rows:
        yield Finding(
            "repeated",
            "error",
            f"{name} repeats: {len(rows)} rows share their identifier with another.",
            f"Keep one row per {words.noun}, or give different {words.plural} different identifiers.",
            (name,),
            rows,
            file.count_rows(["true"])[0],
        )


def _find_inverted(file: PatientFile) -> Iterator[Finding]:
    """Events whose 0 and 1 look exchanged: what only those have who had the event is given for those with 0 alone."""
    for event in file.brought:
        told = [v for v in file.brought if event.kind == "event" and v.population == event.name]
        if not told:
            continue
        given = " OR ".join(file.given(v.name) for v in told)
        without, with_event, n_rows = file.count_rows(
            [f"{file.value(event.name)} = 0 AND ({given})", f"{file.value(event.name)} = 1 AND ({given})", "true"]
        )
        if without >= LEAST_INVERTED and not with_event:
            yield Finding(
                "inverted",
                "error",
                f"{event.name} looks inverted: {', '.join(v.name for v in told)} stand beside 0 for {without} of {n_rows} "
                f"{file.dictionary.words.plural}, beside 1 for none.",
                f"If 0 means that the event happened, exchange 0 and 1 of {event.name}.",
                (event.name,),
                _rows_where(file, f"{file.value(event.name)} = 0 AND ({given})"),
                n_rows,
                "exchange",
            )


def _find_alike(file: PatientFile) -> Iterator[Finding]:
    """Patients of different identifiers whose values are all the same, and so many that they may be one patient."""
    name = file.dictionary.identifier.name
    others = [v.name for v in file.brought if v.name != name]
    numbers = [v.name for v in file.brought if v.kind in ("continuous", "duration")]
    if len(others) < LEAST_ALIKE or not numbers:
        return
    known = " + ".join(f"CAST({file.given(column)} AS INTEGER)" for column in others)
    counted = " + ".join(f"CAST({file.given(column)} AS INTEGER)" for column in numbers)
    alike = ", ".join(quoted(file.columns[column]) for column in others)
    rows = _rows_where(
        file, f"{known} >= {LEAST_ALIKE} AND {counted} >= 3 AND count(*) OVER (PARTITION BY {alike}) > 1"
    )
    if rows:
        words = file.dictionary.words
        yield Finding(
            "alike",
            "caution",
            f"{len(rows)} {words.plural} have the same values as another in every column but {name}.",
            f"If two rows are one {words.noun}, exclude one of them.",
            (name,),
            rows,
            file.count_rows(["true"])[0],
        )
