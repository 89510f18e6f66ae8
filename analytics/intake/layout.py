"""How one table of a file is read. Every field is detected, and every field can be changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "excel", "parquet"]


@dataclass(frozen=True, slots=True)
class Layout:
    """How one table of a file is read.

    Attributes
    ----------
    encoding, separator, quote
        Of a text; ``quote`` is "" where quotation marks mean nothing.
    decimal
        The decimal sign of the numbers of a text, "." or ","; numbers in the table always have a point.
    decimals
        Columns with another sign than ``decimal``, by name; "" leaves the cells of a column as they are.
    header_row
        The record that holds the names, counted from 1, after a line ``sep=;`` and without lines of comment. Those above
        are titles. 0 stands for a table without names: its columns are called by their place.
    group_rows
        So many records right above the names hold what several columns have in common ("Blood" above "WBC", "Blasts"):
        it is put in front of their names.
    sheet
        Of a workbook; "" is every sheet.
    comment
        Lines that begin so are passed over; "" for none.
    """

    kind: Kind
    encoding: str = "utf-8"
    separator: str = ","
    quote: str = '"'
    decimal: str = "."
    decimals: tuple[tuple[str, str], ...] = ()
    header_row: int = 1
    group_rows: int = 0
    sheet: str = ""
    comment: str = ""
