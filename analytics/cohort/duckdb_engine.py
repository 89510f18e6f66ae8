"""The embedded engine at its lowest: queries on cursors of their own, names in quotes, the types of a relation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb


def schema_of(connection: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    """The columns of a relation with their types, as Ibis names them."""
    types = {"VARCHAR": "string", "DOUBLE": "float64", "BIGINT": "int64", "TINYINT": "int8"}
    return {row[0]: types[row[1]] for row in connection.execute(f"DESCRIBE {relation}").fetchall()}


def fetch(connection: duckdb.DuckDBPyConnection, sql: str, values: Sequence[Any] = ()) -> dict[str, Any]:
    """The rows of a query, with ``values`` in the place of its question marks, as numpy columns, masked where null."""
    # On a cursor of its own: sessions run in several threads, and a shared one mixes up their answers.
    with connection.cursor() as cursor:
        return dict(cursor.execute(sql, list(values)).fetchnumpy())


def quoted(name: str) -> str:
    """A name as it stands in a query."""
    return '"' + name.replace('"', '""') + '"'
