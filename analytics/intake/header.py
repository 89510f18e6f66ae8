"""Where the names of the columns stand: below titles, above the patients."""

from __future__ import annotations

import re
from collections.abc import Sequence

from analytics.intake.numerals import NUMERAL

N_LOOKED_AT = 50
MIN_FILLED = 0.5  # of the cells of the fullest record: a title has fewer
MIN_WORDS = 0.5  # of the filled cells of a header that are neither number nor date

Record = Sequence[str | None]

_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}\b.*", re.DOTALL)


def find_header(records: Sequence[Record]) -> int:
    """The record that holds the names, counted from 1; 0 if the first one that is full holds numbers.

    It is the first that is filled as a row of the table is, with words of which most differ.
    """
    widest = max((len(_filled(record)) for record in records), default=0)
    for place, record in enumerate(records[:N_LOOKED_AT], start=1):
        filled = _filled(record)
        if len(filled) < max(1, MIN_FILLED * widest) or (widest > 1 and len(set(filled)) == 1):
            continue
        n_words = sum(map(is_word, filled))
        if n_words < len(filled) < widest and (below := _find_full(records[:N_LOOKED_AT], place, widest)):
            return below
        return place if n_words >= MIN_WORDS * len(filled) else 0
    return 1


def _find_full(records: Sequence[Record], start: int, width: int) -> int:
    """The first record below a title with a date in it that is full of words; 0 for none."""
    full = (i for i, r in enumerate(records[start:], start + 1) if len(_filled(r)) == width and has_words_alone(r))
    return next(full, 0)


def is_word(cell: str) -> bool:
    """Whether a cell is neither a number nor a date."""
    return not (NUMERAL.fullmatch(cell) or _DATE.fullmatch(cell))


def has_words_alone(record: Record) -> bool:
    """Whether a record is filled, and with nothing but words."""
    filled = _filled(record)
    return bool(filled) and all(map(is_word, filled))


def put_in_front(groups: Sequence[Record], names: Record) -> list[str]:
    """Names with what stands above them in front, each word once."""
    found = []
    for i, name in enumerate(names):
        parts = [cell for row in groups if i < len(row) and (cell := row[i])] + ([name] if name else [])
        found.append(" ".join(dict.fromkeys(parts)))
    return found


def spread(record: Record) -> list[str | None]:
    """A row of group names, each of which stands over the first of its columns, over all of them."""
    found: list[str | None] = []
    for cell in record:
        found.append(cell or (found[-1] if found else None))
    return found


def _filled(record: Record) -> list[str]:
    return [text for cell in record if cell and (text := cell.strip())]
