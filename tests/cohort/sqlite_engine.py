"""A second engine, for the tests alone: the queries of a cohort in another dialect, on the same patients."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from threading import Lock
from typing import Any

import numpy as np

from analytics.cohort.dialects import render
from analytics.cohort.engine import Columns, Engine, quoted


class SqliteEngine:
    """The tables of another engine, copied into memory."""

    def __init__(self, other: Engine) -> None:
        self._connection = sqlite3.connect(":memory:", check_same_thread=False)
        self._lock = Lock()
        self._schemas = {table: dict(other.schema(table)) for table in ("patients", "named_patients")}
        for table, columns in self._schemas.items():
            if columns:
                names = ", ".join(map(quoted, columns))
                self._connection.execute(f"CREATE TABLE {table} ({names})")
                rows = [x.tolist() for x in other.run(f"SELECT {names} FROM {table}").values()]
                marks = ", ".join("?" * len(columns))
                self._connection.executemany(f"INSERT INTO {table} VALUES ({marks})", zip(*rows, strict=True))

    is_far = False

    def schema(self, table: str) -> dict[str, str]:
        return self._schemas.get(table, {})

    def run(self, sql: str, values: Sequence[Any] = ()) -> Columns:
        with self._lock:
            cursor = self._connection.execute(render(sql, "sqlite"), list(values))
            rows = cursor.fetchall()
        found: dict[str, Any] = {}
        for i, (name, *_) in enumerate(cursor.description):
            column = [row[i] for row in rows]
            missing = [value is None for value in column]
            known = np.array([0 if value is None else value for value in column])
            found[name] = np.ma.masked_array(known, missing) if any(missing) else known
        return found

    def close(self) -> None:
        self._connection.close()
