"""One row per patient: rows of several tables put side by side, and several rows of one patient made one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.cohort.patient_file import read_word
from analytics.dictionary import Dictionary, load_words
from analytics.formats import shorten
from analytics.intake.cells import read_number
from analytics.intake.dates import read_date
from analytics.intake.joining import find_keys, join_tables
from analytics.intake.mapping import ANY, Mapping, MappingError, Part
from analytics.intake.tables import SourceTable
from analytics.results import Note


@dataclass(frozen=True, slots=True)
class Conflict:
    """A column that differs between the rows of a patient, these patients, and whether the latest value is taken of it."""

    column: str
    patients: tuple[str, ...]
    is_latest: bool = False


@dataclass(frozen=True, slots=True)
class Times:
    """Columns that hold a time of follow-up, those of the same visit, in which order dates are written, codes for unknown."""

    columns: tuple[str, ...]
    others: tuple[str, ...]
    date_order: str = ""
    missing: tuple[str, ...] = ()


def gather_patients(
    tables: Sequence[SourceTable], mapping: Mapping, dictionary: Dictionary | None = None
) -> tuple[SourceTable, tuple[Conflict, ...]]:
    """The table of one row per patient that a mapping is applied to, and what differed between rows of a patient.

    With parts (``mapping.tables``) their rows are put side by side, for the patients of the first part that is there. Else
    several tables are joined by the column of the patient, for those of the first. With ``one_per_patient`` the first known
    value of each column stands for the patient; of an endpoint of the ``dictionary`` time and event of the row with the
    longest time, so that a visit before death does not count for survival.

    Raises
    ------
    MappingError
        If no part is there, tables share no column of the patient, or that of the mapping is not there.
    CohortError
        If two tables that are joined have several rows of one patient, or nobody is in both.
    """
    if mapping.tables:
        return _put_together(tables, mapping)
    table = tables[0] if len(tables) == 1 else join_tables(tables, _find_keys(tables, mapping))
    if not mapping.one_per_patient:
        return table, ()
    if mapping.key not in table.columns:
        raise MappingError(f"the column {mapping.key!r} of the patient is not in {table.name}. Choose another one.")
    read = dict.fromkeys(name for a in mapping.assignments for name in a.read if name in table.columns)
    times = _list_times(mapping, dictionary) if dictionary else ()
    return take_first_known(table, mapping.key, tuple(read), mapping.missing, times)


def _list_times(mapping: Mapping, dictionary: Dictionary) -> tuple[Times, ...]:
    """The columns of the time and of the event of each endpoint that is brought, how dates are written, and codes for unknown.

    A column that has another place in the mapping as well (the date of relapse) is that of one event, and not among them.
    """
    found = []
    starts = {a.origin for a in mapping.assignments}
    for endpoint in dictionary.endpoints:
        time, event = mapping.get(endpoint.time), mapping.get(endpoint.event)
        if time is not None and event is not None:
            columns = tuple(name for name in time.columns if name not in starts)
            others = tuple(name for name in event.columns if name not in starts)
            found.append(Times(columns, others, time.date_order, time.missing))
    return tuple(found)


def _find_keys(tables: Sequence[SourceTable], mapping: Mapping) -> dict[str, str]:
    """The column of the patient in each of several tables: that of the mapping, or one with the same texts."""
    keys = {t.name: mapping.key for t in tables if mapping.key in t.columns}
    if len(keys) < len(tables):
        keys = {**find_keys(tables), **keys}
    if lost := [table.name for table in tables if table.name not in keys]:
        raise MappingError(
            f"{shorten(lost[0])} shares no column with {shorten(tables[0].name)} that tells one patient from another. Leave "
            "it out, or say how they go together under [[tables]]."
        )
    return keys


def take_first_known(
    table: SourceTable,
    key: str,
    compared: Sequence[str],
    missing: Sequence[str] = (),
    latest: Sequence[Times] = (),
) -> tuple[SourceTable, tuple[Conflict, ...]]:
    """One row per patient, in the order of their first rows: of each column the first value that is known.

    Of columns of ``latest`` it is the value of the row with the longest time. Texts of ``missing`` are not known. Rows
    without a patient are left out, which a note says. Columns of ``compared`` that differ between the rows of a patient are
    named.
    """
    words = {read_word(text) for text in missing}
    frame = table.frame.copy()
    for name in frame.columns:
        texts = frame[name].dropna().unique()
        unknown = [text for text in texts if read_word(str(text)) in words]
        if unknown and name != key:
            frame[name] = frame[name].mask(frame[name].isin(unknown))
    known = frame[key].notna()
    lines = pd.Series(np.asarray(table.lines), index=frame.index)[known]
    grouped = frame[known].groupby(key, sort=False)
    first = grouped.first().reset_index()[list(frame.columns)].astype(table.frame.dtypes.to_dict())
    last = {name for times in latest for name in (*times.columns, *times.others)} & set(frame.columns) - {key}
    for times in latest:
        taken = [name for name in (*times.columns, *times.others) if name in last]
        if taken:
            visits = frame[known].iloc[_order_by_time(frame[known], times)]
            at_last = visits.groupby(key, sort=False)[taken].last().reindex(first[key])
            for column in taken:
                first[column] = at_last[column].astype(first[column].dtype).to_numpy()
    conflicts = []
    for name in compared:
        if name == key:
            continue
        pairs = frame.loc[known, [key, name]].dropna().drop_duplicates()
        if patients := tuple(dict.fromkeys(pairs.loc[pairs[key].duplicated(), key])):
            conflicts.append(Conflict(name, patients, name in last))
    words_of = load_words()
    notes = [
        Note(
            "one-per-patient",
            "info",
            f"{int(known.sum())} rows of {len(first)} {words_of.of(len(first))}: of each column the first known value is taken.",
        )
    ]
    if n := int((~known).sum()):
        rows = "row" if n == 1 else "rows"
        notes.append(Note("rows-without-patient", "caution", f"{n} {rows} without “{shorten(key)}” left out."))
    first_lines = lines.groupby(frame.loc[known, key].to_numpy(), sort=False).first().to_numpy()
    return replace(table, frame=first, lines=first_lines, notes=(*table.notes, *notes)), tuple(conflicts)


def _order_by_time(frame: pd.DataFrame, times: Times) -> NDArray[np.intp]:
    """The places of the rows from the shortest time to the longest; those without one come first, and stay in their order."""
    longest, unknown = np.full(len(frame), -np.inf), {read_word(text) for text in times.missing}
    for name in times.columns:
        if name in frame.columns:
            codes, texts = pd.factorize(frame[name])
            found = (None if read_word(str(text)) in unknown else _read_time(str(text), times) for text in texts)
            longest = np.fmax(longest, np.array([*(np.nan if n is None else n for n in found), np.nan])[codes])
    return np.argsort(longest, kind="stable")


def _read_time(text: str, times: Times) -> float | None:
    day = read_date(text, times.date_order)
    return read_number(text) if day is None else float(day)


def _put_together(tables: Sequence[SourceTable], mapping: Mapping) -> tuple[SourceTable, tuple[Conflict, ...]]:
    joined: pd.DataFrame | None = None
    base, key = tables[0], ""
    notes: list[Note] = []
    conflicts: list[Conflict] = []
    lines: NDArray[np.int64] = np.array([], dtype=np.int64)
    for part in mapping.tables:
        table = _find_table(tables, part)
        if table is None:
            continue
        rows, differing = _take_rows(table, part)
        conflicts += differing
        named = rows.frame.rename(columns=lambda name, part=part: f"{part.name}.{name}")  # type: ignore[misc]
        part_key = f"{part.name}.{part.key}"
        if joined is None:
            joined, base, key, lines = named, rows, part_key, np.asarray(rows.lines)
            continue
        strangers = int((~named[part_key].isin(joined[key])).sum())
        if strangers:
            notes.append(_note_strangers(part, strangers))
        joined = joined.merge(named, how="left", left_on=key, right_on=part_key)
    if joined is None:
        names = ", ".join(part.name for part in mapping.tables)
        raise MappingError(f"none of the tables that the mapping needs is there ({names}). Add their files.")
    name = " + ".join(dict.fromkeys(table.name for table in tables))
    return replace(base, name=name, frame=joined, lines=lines, notes=(*base.notes, *notes)), tuple(conflicts)


def _note_strangers(part: Part, n: int) -> Note:
    words = load_words()
    return Note(
        "patients-unmatched",
        "caution",
        f"{n} {words.of(n)} of {shorten(part.name)} {'is' if n == 1 else 'are'} not among the {words.plural} and left out.",
        "Check that both tables hold the same identifiers.",
    )


def _find_table(tables: Sequence[SourceTable], part: Part) -> SourceTable | None:
    """The first table that has every column that the part names."""
    needed = {part.key, *part.columns, *(name for name, _ in part.where), *filter(None, (part.order,))}
    return next((table for table in tables if needed <= set(table.columns)), None)


def _take_rows(table: SourceTable, part: Part) -> tuple[SourceTable, tuple[Conflict, ...]]:
    """One row per patient of a part: those that count, of several the first or last, or what they agree on."""
    frame = table.frame
    counts = frame[part.key].notna().to_numpy(dtype=bool)
    for name, texts in part.where:
        words = {read_word(text) for text in texts}
        found = frame[name].map(lambda text, words=words: read_word(text) in words or ANY in words, na_action="ignore")
        counts &= found.fillna("" in words).to_numpy(dtype=bool)
    rows = frame[counts]
    lines = np.asarray(table.lines)[counts]
    if not part.keep:
        others = tuple(name for name in rows.columns if name in part.columns and name != part.key)
        taken, conflicts = take_first_known(replace(table, frame=rows, lines=lines, notes=()), part.key, others)
        return taken, conflicts
    order = np.arange(len(rows))
    if part.order:
        by = pd.to_numeric(rows[part.order], errors="coerce")
        by = by if by.notna().any() else rows[part.order]
        order = by.reset_index(drop=True).sort_values(kind="stable", na_position="last").index.to_numpy()
        if part.keep == "last":
            # Rows of which the order is not known are the last resort either way.
            known = by.notna().to_numpy()[order]
            order = np.concatenate([order[~known], order[known]])
    again = rows[part.key].iloc[order].duplicated(keep="first" if part.keep == "first" else "last").to_numpy()
    kept = np.sort(order[~again])  # the patients stay in the order of the file
    return replace(table, frame=rows.iloc[kept], lines=lines[kept], notes=()), ()
