"""Taking out of a table what tells who somebody is: columns dropped, identifiers hashed, dates shifted."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import replace
from datetime import date

import pandas as pd

from analytics.intake.contents import Cells
from analytics.intake.dates import find_orders, read_date
from analytics.intake.tables import TEXT, SourceTable

DIGITS = 16  # of a hash: of a million patients two have the same one with a chance of 3 in 100 million
MOST_DAYS = 182  # that the dates of one patient are shifted, either way
KEY_BYTES = 32


def make_key() -> str:
    """A new key, to be kept by whoever hashes."""
    return secrets.token_hex(KEY_BYTES)


def hash_texts(texts: pd.Series, key: str) -> pd.Series:
    """Each text as a name that cannot be turned back without the key; the same text, the same name.

    HMAC-SHA256 (RFC 2104), of which the first 16 hexadecimal digits are kept; a missing value stays missing.

    Raises
    ------
    ValueError
        If the key is shorter than 8 characters: it could be guessed.
    """
    _check_key(key)
    return texts.map(lambda text: _digest(text, key)[:DIGITS], na_action="ignore").astype(TEXT)


def drop_columns(table: SourceTable, columns: Iterable[str]) -> SourceTable:
    """The table without these columns."""
    gone = set(columns)
    return replace(table, frame=table.frame[[name for name in table.columns if name not in gone]])


def hash_columns(table: SourceTable, columns: Iterable[str], key: str) -> SourceTable:
    """The table with these columns hashed."""
    hashed = {name: hash_texts(table.frame[name], key) for name in columns if name in table.columns}
    return replace(table, frame=table.frame.assign(**hashed))


def list_dates(table: SourceTable) -> tuple[str, ...]:
    """The columns whose known cells are dates, in whatever order of day and month."""
    return tuple(name for name in table.columns if Cells(table.frame, name).is_date)


def shift_dates(table: SourceTable, columns: Iterable[str], patient: str, key: str, order: str = "") -> SourceTable:
    """The table with the dates of each patient moved by the same number of days, which the key alone tells.

    Up to half a year either way and never by none, so that the time between two dates of a patient stays as it is. What
    cannot be read as a date is emptied: it may say when something was.

    Parameters
    ----------
    columns
        Columns of dates; they are "2019-03-04" afterwards.
    patient
        The column that tells patients apart. Who has none there loses the dates.
    order
        Of day, month and year ("dmy", "mdy") where the dates alone do not tell.
    """
    _check_key(key)
    days = table.frame[patient].map(lambda text: _shift(text, key), na_action="ignore")
    moved = {}
    for name in columns:
        cells = table.frame[name]
        found = find_orders(cells.dropna().unique())
        asked = order if order in found or not found else found[0]
        shifted = [
            None if pd.isna(cell) or pd.isna(by) or (day := read_date(cell, asked)) is None else _write(day + int(by))
            for cell, by in zip(cells, days, strict=True)
        ]
        moved[name] = pd.Series(shifted, index=cells.index, dtype=TEXT)
    return replace(table, frame=table.frame.assign(**moved))


def _write(day: int) -> str:
    return date.fromordinal(day).isoformat()


def _shift(patient: str, key: str) -> int:
    place = int(_digest(f"date {patient}", key), 16) % (2 * MOST_DAYS)
    return place - MOST_DAYS if place < MOST_DAYS else place - MOST_DAYS + 1


def _digest(text: str, key: str) -> str:
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()


def _check_key(key: str) -> None:
    if len(key) < 8:
        raise ValueError("the key must have at least 8 characters: a shorter one could be guessed")
