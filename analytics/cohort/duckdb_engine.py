"""The embedded engine: patients in the memory of this process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb

from analytics.cohort.engine import Columns


class DuckDBEngine:
    """An `Engine` in memory. Nothing about patients is written to disk, and nothing is fetched from a network."""

    def __init__(self) -> None:
        self.connection = duckdb.connect(
            config={"temp_directory": "", "autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
        )

    def schema(self, table: str) -> dict[str, str]:
        """The columns of a table or view with their types; empty where there is none of that name."""
        sql = "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = ? ORDER BY column_index"
        found = self.run(sql, [table])
        return dict(zip(found["column_name"], found["data_type"], strict=True))

    def run(self, sql: str, values: Sequence[Any] = ()) -> Columns:
        """The rows of a query as numpy columns, masked where null."""
        # On a cursor of its own: sessions run in several threads, and a shared one mixes up their answers.
        with self.connection.cursor() as cursor:
            found: dict[str, Any] = cursor.execute(sql, list(values)).fetchnumpy()
            return found

    def close(self) -> None:
        """Let the patients go."""
        self.connection.close()
