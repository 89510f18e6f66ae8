"""What engines have in common that only read a table of somebody else's: every query looks at it through views of its own."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from importlib import import_module
from threading import Lock
from typing import Any

import numpy as np

from analytics.cohort.dialects import MD5_NUMBER, NUMBER_TEXT, fill_in, render
from analytics.cohort.engine import Columns, Rows, quoted
from analytics.cohort.problems import CohortError, Problem
from analytics.cohort.waiting import wait_for

MOST_ANSWERS = 256
LONGEST_ANSWER = 50_000  # rows of one that is remembered
WHOLE, DECIMAL, TEXT = "BIGINT", "DOUBLE", "VARCHAR"  # the types of columns that are read


class RemoteEngine(ABC):
    """A `Store` whose tables are queries that are written before each question: the database is read, and nothing else.

    Parameters
    ----------
    raw
        The table as a query in the engine's own language, its columns called c0, c1, …
    types
        The type of each of them.
    """

    is_far = True
    dialect: str
    inlined = ""  # what keeps an engine from making a table of a view that is asked several times at once
    header: Sequence[str]

    def __init__(self, raw: str, types: Sequence[str]) -> None:
        self._answers: OrderedDict[str, Future[Columns | None]] = OrderedDict()
        self._asking = Lock()
        self._views: dict[str, Rows] = {}
        self._texts = {"raw": raw}
        self._types = {f"c{i}": kind for i, kind in enumerate(types)}

    def schema(self, table: str) -> Mapping[str, str]:
        """The columns of a table; their types are those of ``raw`` alone."""
        if table == "raw":
            return self._types
        return dict.fromkeys(self._views[table].columns, "") if table in self._views else {}

    def run(self, sql: str, values: Sequence[Any] = ()) -> Columns:
        """The rows of a query as numpy columns, masked where null; nobody may change them.

        What was asked is remembered, and a question that is on its way is not sent twice.
        """
        # It is not stopped where nobody waits any more: its answer is remembered.
        return wait_for(partial(self._run, self._write(sql, values)), lambda: None, lambda: None)

    def _run(self, text: str) -> Columns:
        with self._asking:
            is_new = text not in self._answers
            answer = self._answers.setdefault(text, Future())
            self._answers.move_to_end(text)
            if len(self._answers) > MOST_ANSWERS:
                self._answers.popitem(last=False)
        if not is_new and (found := answer.result()) is not None:
            return found
        try:
            found = to_columns(*self.ask(text))
            if is_new and max(map(len, found.values()), default=0) <= LONGEST_ANSWER:
                answer.set_result(found)
        finally:
            if is_new and not answer.done():
                # It failed, or is too long to be kept: who waits for it asks anew.
                with self._asking:
                    self._answers.pop(text, None)
                answer.set_result(None)
        return found

    def join_alike(self, columns: Sequence[str], identifier: str, key: str = "") -> bool:
        """Nothing is made: the database is read where it stands."""
        return False

    def define(self, table: str, rows: Rows) -> None:
        """Let a query on ``raw`` be a table."""
        self._views[table] = rows
        self._texts[table] = render(rows.sql, self.dialect)

    def hash_row(self, names: Sequence[str], decimals: Collection[str], n: int) -> str:
        """A whole number, as a text of a query, that any change of a value changes: the one of `DuckDBEngine`."""
        texts = (f"{NUMBER_TEXT}({name})" if name in decimals else f"CAST({name} AS VARCHAR)" for name in names)
        joined = " || '|' || ".join(f"coalesce({text}, '')" for text in texts)
        return f"{MD5_NUMBER}({joined})"

    def recode(self, table: str, column: str, expression: str) -> None:
        """Have a column hold another value."""
        rows = self._views[table]
        chosen = ", ".join(f"{expression} AS {quoted(c)}" if c == column else quoted(c) for c in rows.columns)
        self.define(table, Rows(f"SELECT {chosen} FROM ({rows.sql}) AS recoded", rows.columns))

    def keep(self, identifier: str, n: int, *, named: bool) -> None:
        """End the opening: from now on ``patients`` have no identifier, which those of ``named_patients`` do."""
        whole = self._views["patients"]
        if named:
            self.define("named_patients", whole)
        # Where there are more than have a name, the identifier was not read.
        others = tuple(column for column in whole.columns if column != identifier)
        chosen = ", ".join(map(quoted, others))
        self.define("patients", Rows(f"SELECT {chosen} FROM ({whole.sql}) AS identified", others))

    @abstractmethod
    def ask(self, sql: str) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
        """The names of the columns of a query in the engine's own language, and its rows."""

    def stamp(self) -> tuple[int, ...]:
        """What changes when the table does; () where the engine cannot tell."""
        return ()

    @abstractmethod
    def close(self) -> None:
        """Let the patients go."""

    def _write(self, sql: str, values: Sequence[Any]) -> str:
        tables = set(re.findall(r"\bFROM (\w+)\b", sql)) & set(self._views)
        texts = [self._texts[name] for name in ("raw", *sorted(tables))]
        named = ", ".join(
            f"{name} AS {self.inlined}({text})" for name, text in zip(("raw", *sorted(tables)), texts, strict=True)
        )
        return f"WITH {named} {render(fill_in(sql, values), self.dialect)}"


def import_library(name: str, what: str, requirements: str) -> None:
    """See that a library is there which not every dashboard needs; CohortError says how it gets there."""
    try:
        import_module(name)
    except ImportError as error:
        remedy = f"Install it: .venv/bin/python -m pip install -r {requirements}. Then start the dashboard again."
        what = f"{what} needs the library {error.name or name}, which is not installed"
        raise CohortError([Problem(what, "", remedy)]) from None


def to_columns(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> Columns:
    """Rows as numpy columns, masked where they hold None."""
    found: dict[str, Any] = {}
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    for name, column in zip(names, columns, strict=True):
        if any(isinstance(value, str) for value in column):
            values = np.empty(len(column), dtype=object)
            values[:] = column
        else:
            values = np.array([0 if value is None else value for value in column])
        missing = np.fromiter((value is None for value in column), dtype=bool, count=len(column))
        values.flags.writeable = False
        found[name] = np.ma.masked_array(values, missing) if missing.any() else values
    return found
