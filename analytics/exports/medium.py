"""What a medium is, and the names of its files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd

from analytics.provenance import Provenance

Frames = Mapping[str, pd.DataFrame]
EVERYTHING = "tables"


@dataclass(frozen=True, slots=True)
class Medium:
    """A kind of file that takes what has been worded and computed already.

    ``write(frames, provenance)`` makes a file of named tables and of what it says above them. With ``one_table`` it is
    asked once for each table, otherwise once for all of them. ``name`` stands on its buttons, ``ending`` after the dot,
    ``mime`` tells the browser.
    """

    name: str
    ending: str
    mime: str
    write: Callable[[Frames, Provenance], bytes]
    one_table: bool = True

    def list_files(self, tables: Sequence[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Each file that it makes of so many tables: its name and the tables in it; none without tables."""
        if self.one_table:
            yield from ((table, (table,)) for table in tables)
        elif tables:
            yield EVERYTHING, tuple(tables)


def to_file_stem(*parts: str, day: date) -> str:
    """A telling file name without ending, safe on every system ("relapse-predictors_bcr-abl1-positive_2026-01-31")."""
    return "_".join([*(slug for part in parts if (slug := _slug(part))), day.isoformat()])


def _slug(text: str, longest: int = 60) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:longest].strip("-")
