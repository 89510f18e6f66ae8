"""The counted rows that the steps of a script look at, in as few tables as give each step exactly its own rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analytics.dictionary import DAYS_PER_MONTH

GROUP = "group"


@dataclass(slots=True, eq=False)
class Needed:
    """The rows of one step, ``n`` patients each, by their place in the view's frame.

    ``known`` are the columns in which a value is missing for nobody, which is how a script finds these rows in a larger
    table; ``within`` are the variable and level of a subgroup that they are. ``renamed`` maps a column to that of the table.
    """

    rows: pd.DataFrame
    known: tuple[str, ...] = ()
    within: tuple[str, str] | None = None
    table: int = 0
    renamed: dict[str, str] = field(default_factory=dict)

    def is_found_in(self, table: pd.DataFrame) -> bool:
        """True if a script finds exactly these rows in the table."""
        found = table.dropna(subset=[self.renamed.get(name, name) for name in self.known])
        if self.within is not None and self.within[0] in table:
            found = found[found[self.within[0]] == self.within[1]]
        return sorted(found.index) == sorted(self.rows.index)


def take_rows(
    time: ArrayLike | None,
    event: ArrayLike,
    weight: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    group: Any = None,
    named: str = GROUP,
    strata: Any = None,
    share: ArrayLike | None = None,
    covariates: pd.DataFrame | None = None,
    subgroup: tuple[str, Any] | None = None,
) -> pd.DataFrame:
    """The arrays of a step as a table, times in days; without rows that nobody shares."""
    columns: dict[str, Any] = {}
    if entry is not None:
        columns["entry_days"] = _days(entry)
    if time is not None:
        columns["days"] = _days(time)
    columns["event"] = np.asarray(event).astype(int)
    for name, values in ((named, group), ("strata", strata), subgroup or ("", None)):
        if values is not None:
            columns[name] = _texts(values)
    for name in [] if covariates is None else covariates.columns:
        values = covariates[name]  # type: ignore[index]
        columns[str(name)] = (
            values.to_numpy(float) if pd.api.types.is_numeric_dtype(values.dtype) else _texts(values.array)
        )
    if share is not None:
        columns["share"] = np.asarray(share, dtype=float)
    index = pd.RangeIndex(len(columns["event"])) if covariates is None else covariates.index
    rows = pd.DataFrame(columns, index=index).assign(n=np.asarray(weight, dtype=float).astype(int))
    return rows[rows["n"] > 0]


def share_tables(needed: Sequence[Needed]) -> list[pd.DataFrame]:
    """The tables, each row with ``n``; says of every step which is its, and by which names it has its columns."""
    tables: list[pd.DataFrame] = []
    members: list[list[Needed]] = []
    for one in sorted(needed, key=lambda step: -len(step.rows)):
        for place, table in enumerate(tables):
            joined = _join(table, one)
            if joined is not None and all(step.is_found_in(joined) for step in (*members[place], one)):
                tables[place], one.table = joined, place
                members[place].append(one)
                break
            one.renamed = {}
        else:
            one.within = one.within if one.is_found_in(one.rows) else None
            one.table = len(tables)
            tables.append(one.rows)
            members.append([one])
    return [_add_up(table) for table in tables]


def _join(table: pd.DataFrame, one: Needed) -> pd.DataFrame | None:
    """The table with the columns and rows of a step; None where the two say different things of a row."""
    rows = one.rows
    same_rows = len(table) == len(rows) and bool((table.index == rows.index).all())
    if same_rows and GROUP in rows:
        for name in table.columns.difference(rows.columns):
            if table[name].dtype == object and table[name].equals(rows[GROUP].rename(name)):
                one.renamed = {GROUP: name}
                rows = rows.rename(columns=one.renamed)
                break
    timed = [name for name in ("entry_days", "days", "event", "n", "share") if (name in table) != (name in rows)]
    if timed or not rows.index.is_unique:
        return None
    both, shared = table.columns.intersection(rows.columns), table.index.intersection(rows.index)
    if not len(shared) or not table.loc[shared, both].equals(rows.loc[shared, both]):
        return None
    joined = table.reindex(columns=[*table.columns, *rows.columns.difference(table.columns, sort=False)])
    joined = joined.reindex(table.index.union(rows.index))
    joined = joined.astype({name: rows[name].dtype for name in rows if rows[name].dtype == object})
    joined.loc[rows.index, rows.columns] = rows
    return joined.astype({"event": int, "n": int})


def _add_up(table: pd.DataFrame) -> pd.DataFrame:
    """One row for patients who are alike, ``n`` last."""
    by = [name for name in table.columns if name != "n"]
    return table.groupby(by, dropna=False)["n"].sum().reset_index()


def _days(months: ArrayLike) -> np.ndarray:
    return np.round(np.asarray(months, dtype=float) * DAYS_PER_MONTH, 6)


def _texts(values: Any) -> np.ndarray:
    texts = pd.Series(np.asarray(values, dtype=object))
    return texts.where(texts.isna(), texts.astype(str)).to_numpy(dtype=object)
