"""CSV files that say where their numbers come from and what their columns mean, above the header.

Those lines start with "#". Read such a file with ``pandas.read_csv(path, comment="#", float_precision="round_trip")``,
which keeps the last digit, or in R with ``read.csv(path, comment.char = "#", fileEncoding = "UTF-8-BOM")``: text stands
in quotes, so that a "#" inside it is no comment. A spreadsheet shows the lines as rows above the table.
"""

from __future__ import annotations

import csv
import re
from typing import Any

import pandas as pd

from analytics.exports.medium import Frames, Medium
from analytics.provenance import Provenance
from analytics.reporting.files import list_columns, round_numbers

# Full-width signs begin a formula in some languages of a spreadsheet; a tab or a line end hides one behind it.
_SIGNS = "=+\\-@＝＋－＠"
_FORMULA = re.compile(rf"\s*[{_SIGNS}]|[\t\r\n]")
_CELL = re.compile(rf"(?<=[,;|])(\s*)(?=[{_SIGNS}])")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def to_csv(frame: pd.DataFrame, provenance: Provenance) -> bytes:
    """The frame as CSV under comment lines that start with "# ".

    UTF-8 with a byte-order mark, by which spreadsheets recognise it. Numbers have the digits of their kind
    (`analytics.reporting.files`), missing is empty, text stands in quotes. Text that a spreadsheet would take for a formula
    gets an apostrophe in front.
    """
    key = [f"{column.name}: {column.meaning}" for column in list_columns(frame.columns)]
    lines = (*provenance.lines(), *(["Columns:", *key] if key else ()))
    header = "".join(f"# {_as_comment(line)}\n" for line in lines)
    body = (
        round_numbers(frame)
        .apply(lambda column: column.map(_as_text) if column.dtype == object else column)
        .rename(columns=_as_text)
        .to_csv(index=False, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    )
    return (header + body).encode("utf-8-sig")


def _as_text(value: Any) -> Any:
    """Text without a formula's first character; anything else as it is."""
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value


def _as_comment(line: str) -> str:
    """A statement on one line, no cell of which a spreadsheet takes for a formula.

    Quotation marks become single ones: they would hide what is between them, or open a cell that ends far below.
    """
    return _CELL.sub(r"\1'", _CONTROL.sub(" ", line).replace('"', "'"))


def _write_one(frames: Frames, provenance: Provenance) -> bytes:
    (frame,) = frames.values()
    return to_csv(frame, provenance)


CSV = Medium("CSV", "csv", "text/csv", _write_one)
