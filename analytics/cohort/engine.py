"""What an engine must do: hold patients who are checked and coded, and answer one counting query at a time.

All queries are written in one language, SQL as DuckDB reads it; an engine of another dialect renders them (`dialects.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

DIALECT = "duckdb"
KEY = "cell_key"  # the column of the sum of the keys of the patients of a row; there only where small numbers are protected
Columns = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Rows:
    """A query for rows, and the names of their columns."""

    sql: str
    columns: tuple[str, ...]


class Engine(Protocol):
    """An open engine; each kind opens in its own file, in its own way.

    It holds the table ``patients``: coded variables as the position of their level in the dictionary, events as 0 and 1,
    null for a missing value, and no identifier. Where alike patients share a row, its column ``n`` says how many they are.
    Where small numbers are protected, its column `KEY` has the sum of their keys.
    Beside it there may be ``named_patients``, a row for each synthetic patient with the identifier.
    """

    @property
    def is_far(self) -> bool:
        """True if a question has a way to go, so that several are better asked at once than one after another."""

    def schema(self, table: str) -> Mapping[str, str]:
        """The columns of a table with their types; empty where there is no such table."""

    def run(self, sql: str, values: Sequence[Any] = ()) -> Columns:
        """The rows of a query, with ``values`` in the place of its question marks, as numpy columns, masked where null.

        Sessions ask from several threads at once.
        """

    def close(self) -> None:
        """Let the patients go."""


class Store(Engine, Protocol):
    """An engine while a cohort is opened: the rows as they were given are its table ``raw``, with the columns c0, c1, …

    Each of these is whole numbers ("BIGINT"), numbers ("DOUBLE") or text ("VARCHAR").
    """

    def join_alike(self, columns: Sequence[str], identifier: str, key: str = "") -> bool:
        """Make a table ``alike`` of these columns of ``raw`` if it is much smaller; True where it was made.

        Its columns ``n`` and ``n_synthetic`` say how many rows each stands for, and how many identifiers of them, an
        expression, begin with SYN; `KEY` sums up the expression ``key``, if there is one.
        """

    def define(self, table: str, rows: Rows) -> None:
        """Make a table of a query on ``raw``."""

    def hash_row(self, names: Sequence[str], decimals: Collection[str], n: int) -> str:
        """A whole number, as a text of a query, that any change of a value changes, for a table of ``n`` rows.

        ``decimals`` are the columns among them that hold numbers with decimals. Up to a million rows every engine finds the same
        number for the same values.
        """

    def recode(self, table: str, column: str, expression: str) -> None:
        """Have a column of a table hold another value."""

    def keep(self, identifier: str, n: int, *, named: bool) -> None:
        """End the opening: the ``n`` ``patients`` lose their identifier; ``named`` True keeps them in ``named_patients`` too."""


def key_of(salt: str, text: str) -> str:
    """The key of a patient as it stands in a query: 32 bits of the MD5 of a text that nobody knows and the identifier."""
    return f"CAST(md5_number_lower({quoted_text(salt)} || {text}) % 4294967296 AS BIGINT)"


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
