"""What an engine must do: hold patients who are checked and coded, and answer one counting query at a time.

All queries are written in one language, SQL as DuckDB reads it; an engine of another dialect renders them (`render`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Protocol

from numpy.typing import NDArray

DIALECT = "duckdb"
Columns = Mapping[str, NDArray[Any]]


class Engine(Protocol):
    """An open engine; each kind opens in its own file, in its own way.

    It holds the table ``patients``: coded variables as the position of their level in the dictionary, events as 0 and 1,
    null for a missing value, and no identifier. Where alike patients share a row, its column ``n`` says how many they are.
    Beside it there may be ``named_patients``, a row for each synthetic patient with the identifier.
    """

    def schema(self, table: str) -> Mapping[str, str]:
        """The columns of a table with their types; empty where there is no such table."""

    def run(self, sql: str, values: Sequence[Any] = ()) -> Columns:
        """The rows of a query, with ``values`` in the place of its question marks, as numpy columns, masked where null.

        Sessions ask from several threads at once.
        """

    def close(self) -> None:
        """Let the patients go."""


@lru_cache(maxsize=512)
def render(sql: str, dialect: str) -> str:
    """A query in the dialect of an engine, by sqlglot's name of it ("postgres", "spark")."""
    import sqlglot  # only other engines need it, and it takes as long to load as twenty queries

    return sqlglot.transpile(sql, read=DIALECT, write=dialect)[0]


def quoted(name: str) -> str:
    """A name as it stands in a query."""
    return '"' + name.replace('"', '""') + '"'


def quoted_text(text: str) -> str:
    """A text as it stands in a query."""
    return "'" + text.replace("'", "''") + "'"


def number(value: float) -> str:
    """A number as it stands in a query: with an exponent, which keeps an engine from reading it as a rounded decimal."""
    text = repr(float(value))
    return text if "e" in text else f"{text}e0"


def list_numbers(values: Iterable[float]) -> str:
    """Numbers as they stand in a query, one after another."""
    return ", ".join(map(number, values))


def list_texts(texts: Iterable[str]) -> str:
    """Texts as they stand in a query, one after another."""
    return ", ".join(map(quoted_text, texts))
