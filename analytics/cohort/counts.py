"""True numbers of patients, each in a box that only a disclosure rule opens."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.cohort.disclosure import SuppressedError, say_too_few
from analytics.cohort.engine import KEY, Columns, Engine, number, quoted
from analytics.cohort.filters import (
    Clause,
    CohortFilter,
    Funnel,
    FunnelStep,
    Membership,
    in_phase_order,
    to_condition,
)
from analytics.cohort.grids import list_bins, list_parts, snap_filter
from analytics.cohort.perturbation import CellKeys, salt_of
from analytics.dictionary import Dictionary, Variable, load_words
from analytics.formats import FewerThan
from analytics.results import Note

MAX_ROWS_UNGROUPED = 20_000
MOST_DECIMALS = 3
MOST_SIZES = 1000  # selections whose number of patients is remembered
EVENT = "had_event"  # beside the codes of a count
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Range:
    """The smallest and largest value of a number, None where nobody has one, and how many patients lack it.

    ``decimals`` are those that every value can be written with, 3 at most.
    """

    low: float | None
    high: float | None
    n_missing: int | FewerThan
    decimals: int = 0


class Cell(NamedTuple):
    """A number of patients and the sum of their keys, 0 where they have none."""

    n: int
    key: int = 0


class Exact(Generic[T]):
    """A true answer, asked of the engine only when it is revealed.

    ``cells`` are the patients it is about and those beside them: each must be enough of them where small numbers are protected.
    ``refused`` is why it is not given there, whatever they are; "" where it may be.
    """

    __slots__ = ("_answer", "_cells", "_refused")

    def __init__(self, answer: Callable[[], T], cells: Callable[[], Sequence[Cell]], refused: str = "") -> None:
        self._answer = answer
        self._cells = cells
        self._refused = refused

    def reveal(self, keys: CellKeys | None = None) -> T:
        """The answer; without ``keys`` in any case.

        Raises
        ------
        SuppressedError
            If it is refused, or one of its cells is not shown by the keys; the engine is then not asked for it.
        """
        if keys is not None:
            if self._refused:
                raise SuppressedError(self._refused)
            if not keys.show(*zip(*self._cells(), strict=True)).all():
                raise SuppressedError(say_too_few(keys.smallest))
        return self._answer()


class Counts:
    """The questions that an engine answers, each `Exact`: nothing here can be read before a disclosure rule has seen it."""

    def __init__(
        self, engine: Engine, dictionary: Dictionary, notes: Sequence[Note] = (), *, is_keyed: bool = False
    ) -> None:
        self._is_keyed = is_keyed
        self._engine = engine
        self._dictionary = dictionary
        self._notes = tuple(notes)
        self.is_far = engine.is_far
        self._variables = tuple(v.name for v in dictionary.variables if v.kind != "identifier")
        self._is_compressed = "n" in engine.schema("patients")
        self._is_named = bool(engine.schema("named_patients"))
        total = self._ask(f"SELECT {self._n_patients()} AS n, count(*) AS n_rows FROM patients AS p")
        self._n, self._n_rows = int(total["n"][0]), int(total["n_rows"][0])
        # Without a reference to itself the engine, its threads and its patients go with the last who uses them.
        self._cells = lru_cache(maxsize=MOST_SIZES)(partial(Counts._count_cells, weakref.proxy(self)))
        self._whole = partial(self._cells, CohortFilter())

    def with_keys(self, secret: str) -> Counts:
        """The same questions, with the sum of the keys beside each number of patients.

        Patients that were opened without a secret get their keys now, by all their values.

        Raises
        ------
        ValueError
            If the engine holds a table of somebody else's, which must be opened with the secret.
        """
        engine: Any = self._engine
        if KEY not in engine.schema("patients"):
            if engine.is_far:
                raise ValueError("a table of a database gets its keys when it is opened: open it with the secret.")
            engine.add_keys(salt_of(secret))
        return Counts(self._engine, self._dictionary, self._notes, is_keyed=True)

    def close(self) -> None:
        """Let the patients go; nothing can be asked any more."""
        self._engine.close()
        self._notes = ()

    def notes(self) -> Exact[tuple[Note, ...]]:
        """What was remarked on the file."""
        return Exact(lambda: self._notes, self._whole)

    def count(self, cohort_filter: CohortFilter) -> Exact[Cell]:
        """The number of patients who pass the filter."""
        return self._about(cohort_filter, self._size)

    def tally(self, columns: Sequence[str], cohort_filter: CohortFilter) -> Exact[pd.DataFrame]:
        """The distinct combinations of the columns among those who pass, with their number ``n`` and the sum of their keys."""
        return self._about(cohort_filter, partial(self._tally, list(columns)))

    def funnel(self, cohort_filter: CohortFilter) -> Exact[tuple[Funnel, tuple[Cell, ...]]]:
        """How many are left after each clause; everybody and those after each step as cells."""
        return self._about(cohort_filter, self._funnel)

    def level_counts(self, cohort_filter: CohortFilter) -> Exact[dict[str, dict[str | None, Cell]]]:
        """Patients at each level of each coded filter variable, under the clauses of all other variables."""
        return self._about(cohort_filter, self._count_levels)

    def split_counts(
        self,
        columns: Sequence[str],
        cohort_filter: CohortFilter,
        event: str | None,
        edges: Mapping[str, Sequence[float]],
    ) -> Exact[dict[str, NDArray[np.int64]]]:
        """Patients at each level of each column by an event, under the clauses of all other columns; beside them their keys."""
        return self._about(cohort_filter, lambda f: self._split_counts(list(columns), f, event, edges))

    def ranges(self) -> Exact[dict[str, tuple[Range, Cell]]]:
        """Smallest and largest value of each numeric filter variable, and who lacks it."""
        return Exact(lambda: self._ranges, self._whole)

    def names(self, patterns: pd.DataFrame, cohort_filter: CohortFilter, limit: int) -> Exact[tuple[str, ...]]:
        """The first identifiers of patients who pass and are like one of the patterns."""
        return self._about(cohort_filter, lambda f: self._names(patterns, f, limit))

    def _about(self, cohort_filter: CohortFilter, answer: Callable[[CohortFilter], T]) -> Exact[T]:
        # Where small numbers are protected, limits lie on published grids, whoever asks and by whatever way.
        asked = snap_filter(cohort_filter, self._dictionary) if self._is_keyed else cohort_filter
        return Exact(partial(answer, asked), partial(self._cells, asked), _refuse(asked))

    def _size(self, cohort_filter: CohortFilter) -> Cell:
        return self._cells(cohort_filter)[0]

    def _count_cells(self, cohort_filter: CohortFilter) -> tuple[Cell, ...]:
        """Who passes the filter; where small numbers are protected also whom each clause leaves out of those who pass all
        others, and who passes each clause by a level or by a value next to its limits."""
        cohort_filter.validate(self._dictionary)
        passed = [*map(self._passed, cohort_filter.clauses), *map(self._belongs, cohort_filter.memberships)]
        conditions = [" AND ".join(passed) or "true"]
        for i, clause in enumerate(cohort_filter.clauses if self._is_keyed else ()):
            variable = self._dictionary[clause.variable]
            others = [other for j, other in enumerate(passed) if j != i]
            parts = [f"NOT {passed[i]}", *(self._passed(part) for part in list_parts(clause) if part != clause)]
            parts += [_within(clause.variable, *bin) for bin in list_bins(clause, variable)]
            conditions += [" AND ".join((*others, part)) for part in parts]
        return self._ask_cells(dict.fromkeys(conditions))

    def _ask_cells(self, conditions: Iterable[str]) -> tuple[Cell, ...]:
        conditions = list(conditions)
        asked = [f"{self._n_patients(c)} AS n{i}" for i, c in enumerate(conditions)]
        if self._is_keyed:
            asked += [f"{self._sum_keys(c)} AS key{i}" for i, c in enumerate(conditions)]
        found = self._ask(f"SELECT {', '.join(asked)} FROM patients AS p")
        return tuple(
            Cell(int(found[f"n{i}"][0]), int(found[f"key{i}"][0]) if self._is_keyed else 0)
            for i in range(len(conditions))
        )

    def _tally(self, columns: list[str], cohort_filter: CohortFilter) -> pd.DataFrame:
        self._require(columns, f"At hand: {', '.join(self._variables)}.")
        if len(set(columns)) < len(columns):
            raise ValueError(f"each column once: {', '.join(columns)} repeats one.")
        counted = ["n", *([KEY] if self._is_keyed else [])]
        if not columns:
            size = dict(zip(counted, self._size(cohort_filter), strict=False))
            return pd.DataFrame({name: np.array([size[name]], dtype=np.int64) for name in counted})
        chosen = ", ".join(quoted(name) for name in columns)
        order = ", ".join(f"{quoted(name)} NULLS LAST" for name in columns)
        keys = f", {self._sum_keys()} AS {KEY}" if self._is_keyed else ""
        values = self._ask(
            f"SELECT {chosen}, {self._n_patients()} AS n{keys} FROM patients AS p {self._where(cohort_filter)} "
            f"GROUP BY {chosen} ORDER BY {order}"
        )
        frame = {name: self._decoded(name, values[name]) for name in columns}
        return pd.DataFrame({**frame, **{name: np.asarray(values[name], dtype=np.int64) for name in counted}})

    def _require(self, columns: Sequence[str], otherwise: str = "") -> None:
        unknown = [name for name in columns if name not in self._variables]
        if unknown:
            raise KeyError(f"{', '.join(map(repr, unknown))} is not in this cohort. {otherwise}".strip())

    def _funnel(self, cohort_filter: CohortFilter) -> tuple[Funnel, tuple[Cell, ...]]:
        cohort_filter.validate(self._dictionary)
        clauses = in_phase_order(cohort_filter.clauses, self._dictionary)
        passed = [*map(self._passed, clauses), *map(self._belongs, cohort_filter.memberships)]
        steps = [
            *(FunnelStep(c.variable, 0) for c in clauses),
            *(FunnelStep("", 0, m) for m in cohort_filter.memberships),
        ]
        everyone, *left = self._ask_cells([" AND ".join(passed[:i]) or "true" for i in range(len(passed) + 1)])
        counted = tuple(replace(step, n=cell.n) for step, cell in zip(steps, left, strict=True))
        return Funnel(everyone.n, counted), (everyone, *left)

    def _count_levels(self, cohort_filter: CohortFilter) -> dict[str, dict[str | None, Cell]]:
        variables = [v for v in self._dictionary.filters if v.is_coded]
        counts = self._count_by_codes({v.name: _code_of(v.name) for v in variables}, cohort_filter)
        return {v.name: _faceted(v, counts, cohort_filter.clauses) for v in variables}

    def _split_counts(
        self, columns: list[str], cohort_filter: CohortFilter, event: str | None, edges: Mapping[str, Sequence[float]]
    ) -> dict[str, NDArray[np.int64]]:
        self._require([*columns, *([event] if event else [])], f"At hand: {', '.join(self._variables)}.")
        # Where small numbers are protected, nobody says where the bins of a number end.
        told = [name for name in columns if not (self._is_keyed and name in edges)]
        codes = {name: _bin_of(name, edges[name]) if name in edges else _code_of(name) for name in told}
        counts = self._count_by_codes(codes, cohort_filter, event)
        split = {}
        for name in told:
            size = len(edges[name]) if name in edges else len(self._dictionary[name].levels)
            rows, code = _rows_of(name, counts, cohort_filter.clauses, size)
            column = np.ma.filled(counts[EVENT], -1)[rows].astype(np.int64) % 3 if event else np.zeros_like(code)
            split[name] = np.zeros((2, size + 1, 3), dtype=np.int64)
            for total, of in zip(split[name], ("n", KEY) if self._is_keyed else ("n",), strict=False):
                np.add.at(total, (code, column), np.ma.filled(counts[of], 0)[rows])
        return split

    def _count_by_codes(
        self, codes: Mapping[str, str], cohort_filter: CohortFilter, event: str | None = None
    ) -> Mapping[str, Any]:
        """Patients by each code and by the event, with the place of the one clause that they fail, -1 for none."""
        cohort_filter.validate(self._dictionary)
        if not codes:
            return {}
        passed = [self._passed(clause) for clause in cohort_filter.clauses]
        # A patient who fails one clause alone still counts for that clause's own variable, so one pass serves all.
        failed, among = "-1", [*map(self._belongs, cohort_filter.memberships)]
        if passed:
            failed = "CASE " + " ".join(f"WHEN NOT {p} THEN {i}" for i, p in enumerate(passed)) + " ELSE -1 END"
            among.append(" + ".join(f"CASE WHEN {p} THEN 0 ELSE 1 END" for p in passed) + " <= 1")
        where = f"WHERE {' AND '.join(among)}" if among else ""
        names = [quoted(name) for name in codes]
        chosen = ", ".join(f"{code} AS {name}" for code, name in zip(codes.values(), names, strict=True))
        always = ["failed", *([EVENT] if event else [])]
        weight = "p.n" if self._is_compressed else "1"
        key, summed = (f", p.{KEY}", f", CAST(sum({KEY}) AS BIGINT) AS {KEY}") if self._is_keyed else ("", "")
        told = f", coalesce(p.{quoted(event)}, -1) AS {EVENT}" if event else ""
        rows = f"SELECT {failed} AS failed{told}, {chosen}, {weight} AS n{key} FROM patients AS p {where}"
        if self._n_rows > MAX_ROWS_UNGROUPED:
            # Three columns to a grouping set: few combinations, which stay in cache, and few passes over the rows.
            sets = ", ".join(f"({', '.join((*always, *names[i : i + 3]))})" for i in range(0, len(names), 3))
            rows = (
                f"SELECT {', '.join((*always, *names))}, CAST(sum(n) AS BIGINT) AS n{summed} FROM ({rows}) AS one "
                f"GROUP BY GROUPING SETS ({sets})"
            )
        return self._ask(rows)

    @cached_property
    def _ranges(self) -> dict[str, tuple[Range, Cell]]:
        numbers = [v.name for v in self._dictionary.filters if not v.is_coded]
        if not numbers:
            return {}
        lacking = self._ask_cells(f"p.{quoted(name)} IS NULL" for name in numbers)
        found = self._ask(
            "SELECT "
            + ", ".join(
                f"min({x}) AS low{i}, max({x}) AS high{i}, "
                + ", ".join(
                    f"max(CASE WHEN {x} <> round({x}, {d}) THEN 1 ELSE 0 END) AS beyond{i}_{d}"
                    for d in range(MOST_DECIMALS)
                )
                for i, x in enumerate(f"p.{quoted(name)}" for name in numbers)
            )
            + " FROM patients AS p"
        )

        def limit(key: str) -> float | None:
            return None if found[key][0] is np.ma.masked else float(found[key][0])

        def decimals_of(i: int) -> int:
            return sum(int(found[f"beyond{i}_{d}"][0] == 1) for d in range(MOST_DECIMALS))

        return {
            name: (Range(limit(f"low{i}"), limit(f"high{i}"), cell.n, decimals_of(i)), cell)
            for i, (name, cell) in enumerate(zip(numbers, lacking, strict=True))
        }

    def _names(self, patterns: pd.DataFrame, cohort_filter: CohortFilter, limit: int) -> tuple[str, ...]:
        self._require(list(patterns.columns))
        where = self._where(cohort_filter)
        if not self._is_named or patterns.empty:
            return ()
        alike = " AND ".join(f"p.{quoted(name)} IS NOT DISTINCT FROM ?" for name in patterns.columns)
        any_of = " OR ".join([f"({alike})"] * len(patterns))
        identifier = f"p.{quoted(self._dictionary.identifier.name)}"
        values = [self._stored(str(name), v) for row in patterns.to_dict("records") for name, v in row.items()]
        found = self._engine.run(
            f"SELECT {identifier} AS name FROM named_patients AS p {where} {'AND' if where else 'WHERE'} ({any_of}) "
            f"ORDER BY {identifier} LIMIT {int(limit)}",
            values,
        )
        return tuple(map(str, found["name"]))

    def _ask(self, sql: str) -> Columns:
        return self._engine.run(sql)

    def _n_patients(self, condition: str = "true") -> str:
        total = "sum(p.n)" if self._is_compressed else "count(*)"
        return f"CAST(coalesce({total} FILTER (WHERE {condition}), 0) AS BIGINT)"

    def _sum_keys(self, condition: str = "true") -> str:
        return f"CAST(coalesce(sum(p.{KEY}) FILTER (WHERE {condition}), 0) AS BIGINT)"

    def _where(self, cohort_filter: CohortFilter) -> str:
        condition = self._condition(cohort_filter)
        return f"WHERE {condition}" if cohort_filter else ""

    def _condition(self, cohort_filter: CohortFilter) -> str:
        cohort_filter.validate(self._dictionary)
        belongs = map(self._belongs, cohort_filter.memberships)
        return " AND ".join((*map(self._passed, cohort_filter.clauses), *belongs)) or "true"

    def _belongs(self, membership: Membership) -> str:
        """A membership as a condition. No clause is ever null, so that NOT is exact."""
        any_of = " OR ".join(f"({self._condition(other)})" for other in membership.filters)
        return f"(NOT ({any_of}))" if membership.is_left_out else f"({any_of})"

    def _passed(self, clause: Clause) -> str:
        return f"({to_condition(clause, self._dictionary, 'p')})"

    def _stored(self, name: str, value: Any) -> float | int | None:
        """A value as the engine holds it: the position of a level, a number, None for a missing one."""
        if pd.isna(value):
            return None
        variable = self._dictionary[name]
        return variable.levels.index(value) if variable.is_coded else float(value)

    def _decoded(self, name: str, values: NDArray[Any]) -> pd.Categorical | NDArray[np.float64]:
        variable = self._dictionary[name]
        if variable.is_coded:
            codes = np.ma.filled(values, -1).astype(np.int8)
            return pd.Categorical.from_codes(codes, categories=pd.Index(variable.levels, dtype=object))
        return np.ma.filled(values.astype(np.float64), np.nan)


def _refuse(cohort_filter: CohortFilter) -> str:
    """Why nothing is said of a selection where small numbers are protected; "" where something may be."""
    if not cohort_filter.memberships:
        return ""
    return f"a selection combined with another tells the {load_words().plural} in both, who may be few"


def _within(name: str, low: float | None, high: float | None) -> str:
    column = f"p.{quoted(name)}"
    limits = [f"{column} {sign} {number(x)}" for sign, x in ((">=", low), ("<", high)) if x is not None]
    return " AND ".join(limits)


def _code_of(name: str) -> str:
    return f"coalesce(p.{quoted(name)}, -1)"


def _bin_of(name: str, edges: Sequence[float]) -> str:
    """The place of the highest edge that a number reaches; the first for all below it."""
    column = f"p.{quoted(name)}"

    def among(first: int, last: int) -> str:
        # Halved again and again: of twenty bins each number is compared with four or five edges.
        if first == last:
            return str(first)
        middle = (first + last + 1) // 2
        return (
            f"CASE WHEN {column} >= {number(edges[middle])} THEN {among(middle, last)} "
            f"ELSE {among(first, middle - 1)} END"
        )

    return f"CASE WHEN {column} IS NULL THEN -1 ELSE {among(0, len(edges) - 1)} END"


def _rows_of(
    name: str, counts: Mapping[str, Any], clauses: Sequence[Clause], size: int
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """The rows that count for a variable, and the code of each; a missing value has the code ``size``."""
    own = next((i for i, c in enumerate(clauses) if c.variable == name), -1)
    rows = ~np.ma.getmaskarray(counts[name]) & np.isin(np.ma.filled(counts["failed"], -2), (-1, own))
    codes = np.ma.filled(counts[name], -1)[rows].astype(np.int64)
    codes[codes < 0] = size
    return rows, codes


def _faceted(variable: Variable, counts: Mapping[str, Any], clauses: Sequence[Clause]) -> dict[str | None, Cell]:
    rows, codes = _rows_of(variable.name, counts, clauses, len(variable.levels))
    totals = np.zeros((2, len(variable.levels) + 1), dtype=np.int64)
    np.add.at(totals[0], codes, np.ma.filled(counts["n"], 0)[rows])
    if KEY in counts:
        np.add.at(totals[1], codes, np.ma.filled(counts[KEY], 0)[rows])
    return dict(zip((*variable.levels, None), map(Cell._make, totals.T.tolist()), strict=True))
