"""Tables of several files put side by side by the column of the patient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pandas as pd

from analytics.cohort.problems import CohortError, Problem
from analytics.dictionary import load_words
from analytics.formats import shorten
from analytics.intake.tables import SourceTable, list_names
from analytics.results import Note

MIN_SHARED = 0.5  # of the patients of the smaller table: with fewer, two columns are not of the same patients
MOST_COMPARED = 20_000
MOST_TABLES = 12  # that are compared with one another
_SAME = "Check that both tables hold the same identifiers."
_ROW = "\0row"  # no column of a file is called so


@dataclass(frozen=True, slots=True)
class _Texts:
    """The distinct texts of a column, or an even sample of them, and whether none of them stands twice."""

    texts: frozenset[str]
    is_unique: bool


def find_keys(tables: Sequence[SourceTable]) -> dict[str, str]:
    """The column of the patient in each of several tables, by the name of the table; without those of other patients.

    Two columns are of the same patients if most of their texts are the same, and each stands once in one of them. Of
    long tables the same sample of texts is compared in each.
    """
    step = max(1, max(len(table.frame) for table in tables) // MOST_COMPARED)
    base, *others = [{name: _sample(table.frame[name], step) for name in table.columns} for table in tables]
    best: dict[str, str] = {}
    most = 0
    for column, mine in base.items():
        found, total = {tables[0].name: column}, 0
        for table, theirs in zip(tables[1:], others, strict=True):
            shared = {name: _count_shared(mine, texts) for name, texts in theirs.items()}
            # Of columns that share as much, the one of the same name.
            name = max(shared, key=lambda n: (shared[n], n.casefold() == column.casefold()))
            if shared[name]:
                found[table.name] = name
                total += shared[name]
        if total > most:
            best, most = found, total
    return best


def list_strangers(tables: Sequence[SourceTable]) -> tuple[str, ...]:
    """The names of tables that share patients with none of the others, of which some do: a sheet that explains codes.

    Of tables none of which shares any, those of a single column beside one of several.
    """
    known: set[str] = set()
    for one, other in combinations(tables[:MOST_TABLES], 2):
        if len(find_keys((one, other))) == 2:
            known |= {one.name, other.name}
    known = known or {table.name for table in tables if len(table.columns) > 1}
    return tuple(table.name for table in tables[:MOST_TABLES] if known and table.name not in known)


def with_most_first(tables: Sequence[SourceTable], keys: Mapping[str, str]) -> tuple[SourceTable, ...]:
    """The tables with that of the most patients first, which says who is one; as they are where a key is missing."""
    if any(keys.get(table.name) not in table.columns for table in tables):
        return tuple(tables)
    return tuple(sorted(tables, key=lambda table: -table.frame[keys[table.name]].nunique()))


def _sample(column: pd.Series, step: int) -> _Texts:
    known = column.dropna()
    texts = known.drop_duplicates()
    is_unique = len(texts) == len(known)
    if step > 1:
        texts = texts[pd.util.hash_array(texts.to_numpy(dtype=object)) % step == 0]
    return _Texts(frozenset(texts), is_unique)


def _count_shared(one: _Texts, other: _Texts) -> int:
    """How many texts two columns share; none unless it is most of them, and in one column each stands once."""
    if not (one.is_unique or other.is_unique):
        return 0
    n = len(one.texts & other.texts)
    return n if n and n >= MIN_SHARED * min(len(one.texts), len(other.texts)) else 0


def join_tables(tables: Sequence[SourceTable], keys: Mapping[str, str]) -> SourceTable:
    """The tables side by side, for the patients of the first one.

    Parameters
    ----------
    tables
        At least one; the first says who is a patient.
    keys
        The column of the patient, by the name of the table.

    Returns
    -------
    SourceTable
        The columns of the first table, then those of the others but their key. A column that another table has too is
        filled from it where it is empty, and stands beside it with the name of its table if they differ. Where a table
        has several rows of a patient, so has this. Who is in one table alone is counted in a note.

    Raises
    ------
    CohortError
        If a table has no such column, two tables have several rows of one patient, or nobody is in both.
    """
    base, *others = tables
    key = _find_key(base, keys)
    frame = base.frame.assign(**{_ROW: np.arange(len(base.frame))})
    notes = list(base.notes)
    for table in others:
        other_key = _find_key(table, keys)
        frame, found = _put_beside(frame, key, table, other_key, base.name)
        notes += [*table.notes, *found]
    lines = np.asarray(base.lines)[frame[_ROW].to_numpy()]
    frame = frame.drop(columns=_ROW).reset_index(drop=True)
    name = " + ".join(table.name for table in tables)
    return replace(base, name=name, frame=frame, lines=lines, notes=tuple(notes))


def _find_key(table: SourceTable, keys: Mapping[str, str]) -> str:
    key = keys.get(table.name, "")
    if key not in table.columns:
        what = (
            f"{shorten(table.name)} has no column {shorten(key)}"
            if key
            else f"no key was chosen for {shorten(table.name)}"
        )
        raise CohortError([Problem(what, "", "Choose the column that tells one patient from another.")])
    return key


def _put_beside(
    frame: pd.DataFrame, key: str, table: SourceTable, other_key: str, base: str
) -> tuple[pd.DataFrame, list[Note]]:
    """A frame with the columns of one more table, and what there is to say of it."""
    words = load_words()
    mine, theirs, notes = _match_keys(frame[key], table.frame[other_key], table.name)
    several = [n for keys, n in ((mine, base), (theirs, table.name)) if keys.dropna().duplicated().any()]
    if len(several) == 2:
        what = f"{shorten(several[0])} and {shorten(several[1])} both have several rows of one {words.noun}"
        raise CohortError([Problem(what, "", f"Take one row per {words.noun} of one of them first.")])
    known = theirs.notna()
    matched = mine.isin(theirs[known])
    if not matched.any():
        what = f"no {words.noun} of {shorten(base)} is in {shorten(table.name)}"
        raise CohortError([Problem(what, f"columns {shorten(key)} and {shorten(other_key)}", "Choose other columns.")])
    if table.name in several:
        n = int(theirs[theirs.duplicated() & known].nunique())
        text = f"{shorten(table.name)} has several rows of {n} {words.of(n)}; so has the joined table."
        notes.append(Note("one-to-many", "caution", text, f"Take one row per {words.noun}."))
    strangers = int((~theirs[known].isin(mine)).sum())
    alone = int(mine[~matched].nunique())
    nameless = int((~known).sum())
    if strangers:
        text = f"{_rows(strangers)} of {shorten(table.name)} {_are(strangers)} not in {shorten(base)} and left out."
        notes.append(Note("not-in-first", "caution", text, _SAME))
    if alone:
        text = f"{alone} {words.of(alone)} of {shorten(base)} {_are(alone)} not in {shorten(table.name)}."
        notes.append(Note("not-in-other", "caution", text, _SAME))
    if nameless:
        text = f"{_rows(nameless)} of {shorten(table.name)} without “{shorten(other_key)}” left out."
        notes.append(Note("rows-without-patient", "caution", text))
    right = table.frame[known].drop(columns=other_key).assign(**{"\0key": theirs[known]})
    beside = {name: f"{name} ({table.name})" for name in right.columns if name in frame.columns}
    joined = (
        frame.assign(**{"\0key": mine})
        .merge(right.rename(columns=beside), how="left", on="\0key")
        .drop(columns="\0key")
    )
    return _merge_alike(joined, beside, key, table.name, notes)


def _rows(n: int) -> str:
    return f"{n} {'row' if n == 1 else 'rows'}"


def _are(n: int) -> str:
    return "is" if n == 1 else "are"


def _match_keys(mine: pd.Series, theirs: pd.Series, name: str) -> tuple[pd.Series, pd.Series, list[Note]]:
    """The keys of two tables; without zeros in front and in one case where that alone makes them the same."""
    if theirs.dropna().isin(mine).all():
        return mine, theirs, []
    plain = [keys.str.casefold().str.replace(r"^0+(.)", r"\1", regex=True) for keys in (mine, theirs)]
    is_safe = all(new.nunique() == old.nunique() for new, old in zip(plain, (mine, theirs), strict=True))
    if not is_safe or plain[1].isin(plain[0]).sum() == theirs.isin(mine).sum():
        return mine, theirs, []
    n = int(plain[1].isin(plain[0]).sum() - theirs.isin(mine).sum())
    text = f"{_rows(n)} of {shorten(name)} found by keys without zeros in front, in any case of letters."
    return plain[0], plain[1], [Note("keys-alike", "caution", text, "Check that 007 and 7 are the same patient.")]


def _merge_alike(
    frame: pd.DataFrame, beside: Mapping[str, str], key: str, name: str, notes: list[Note]
) -> tuple[pd.DataFrame, list[Note]]:
    """Columns of one name in two tables made one where they do not differ."""
    differing = []
    for column, other in beside.items():
        both = frame[column].notna() & frame[other].notna()
        if (frame.loc[both, column] == frame.loc[both, other]).all():
            frame[column] = frame[column].fillna(frame[other])
            frame = frame.drop(columns=other)
        else:
            n = int(frame.loc[both & (frame[column] != frame[other]).fillna(False), key].nunique())
            differing.append(f"{column} ({n} {load_words().of(n)})")
    if differing:
        text = f"{shorten(name)} says otherwise in {list_names(differing)}: its columns stand beside the first ones."
        notes = [*notes, Note("tables-differ", "caution", text, "Choose which of them is right.")]
    return frame, notes
