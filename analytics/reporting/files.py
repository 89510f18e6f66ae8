"""Tables for files: what their columns are called, what each means, and with how many digits numbers are written."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import pandas as pd

from analytics.reporting.reasons import say_reason
from analytics.results import Reason

COLUMNS_PATH = Path(__file__).parents[2] / "data" / "columns.toml"
Kind = Literal["text", "setting", "count", "months", "probability", "ratio", "p_value", "number", "exact"]
DIGITS = 6
# Two libraries are compared by more digits than anybody reads.
MOST_DIGITS = 15
ABOUT = ("reason", "agreement")  # what a row says of its numbers, also where it has none
_WITH_UNIT = {"time": "time_months", "landmark": "landmark_months"}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of files: ``meaning`` explains it in a line, ``kind`` says what its values are."""

    name: str
    kind: Kind
    meaning: str


@cache
def load_columns() -> Mapping[str, Column]:
    """The columns of all files, by name.

    Raises
    ------
    ValueError
        If a kind is not one of `Kind`, or a column stands under two.
    """
    with COLUMNS_PATH.open("rb") as file:
        content: dict[Any, dict[str, str]] = tomllib.load(file)
    if unknown := set(content) - set(get_args(Kind)):
        raise ValueError(f"{COLUMNS_PATH.name}: no kind of column: {', '.join(sorted(unknown))}.")
    found: dict[str, Column] = {}
    for kind, entries in content.items():
        for name, meaning in entries.items():
            if name in found:
                raise ValueError(f"{COLUMNS_PATH.name}: {name} stands under {found[name].kind} and under {kind}.")
            found[name] = Column(name, kind, meaning)
    return found


def list_columns(names: Iterable[str]) -> tuple[Column, ...]:
    """The columns of a table that have an entry, once each, in its order; tables of the page have words at their heads."""
    known = load_columns()
    return tuple(known[name] for name in dict.fromkeys(names) if name in known)


def name_measure(frame: pd.DataFrame, measure: str) -> pd.DataFrame:
    """The frame with its estimates under the name of what they estimate ("odds_ratio")."""
    return frame.rename(columns={"estimate": measure})


def to_files(frames: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Frames as files have them: units in the names of columns, reasons in the words of the page, no row without content."""
    return {name: _drop_empty(_say_reasons(frame).rename(columns=_WITH_UNIT)) for name, frame in frames.items()}


def _say_reasons(frame: pd.DataFrame) -> pd.DataFrame:
    if "reason" not in frame:
        return frame
    said = [say_reason(reason) if isinstance(reason, Reason) else reason for reason in frame["reason"]]
    return frame.assign(reason=pd.Series(said, index=frame.index, dtype=object))


def _drop_empty(frame: pd.DataFrame) -> pd.DataFrame:
    """Without rows that have neither a number of their own nor a word on why there is none."""
    own = [c.name for c in list_columns(frame.columns) if c.kind not in ("text", "setting") or c.name in ABOUT]
    return frame.dropna(subset=own, how="all").reset_index(drop=True) if own else frame


def round_numbers(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame as every medium writes it: counts as whole numbers, other numbers with the digits of their kind.

    Columns without an entry stay as they are.
    """
    known = load_columns()
    columns = []
    for place, name in enumerate(frame.columns):
        column, values = known.get(name), frame.iloc[:, place]
        columns.append(values if column is None or column.kind == "text" else _round(values, column.kind))
    return pd.concat(columns, axis=1) if columns else frame


def _round(values: pd.Series, kind: Kind) -> pd.Series:
    if values.dtype == bool or not len(values):
        return values
    numbers = values.astype(float)
    if kind in ("count", "setting") and (numbers.dropna() % 1 == 0).all():
        return numbers.astype("Int64")
    digits = MOST_DIGITS if kind == "exact" else DIGITS
    return numbers.map(lambda value: _to_digits(value, digits), na_action="ignore")


def _to_digits(value: float, digits: int) -> Any:
    return float(f"{value:.{digits}g}")
