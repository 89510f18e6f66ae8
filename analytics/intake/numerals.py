"""Decimal signs and groups of thousands, told column by column.

"1,5" has a decimal comma and "1,234,567" groups of thousands, whatever stands around them; "1,234" can be either. It is
read as the other columns of the file say, and where they say nothing the cells stay as they are, with a note.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

_BEFORE = r"(?P<before>[<>≤≥~=±]*\s*[-+−]?)"
_AFTER = r"(?P<after>(?:[eE][-+]?\d+)?\s*%?)"
_GAP = "[\u00a0\u202f'’]"
NUMERAL = re.compile(rf"{_BEFORE}(?P<digits>\d(?:[\d.,]|{_GAP}(?=\d))*){_AFTER}")
MIN_SHARE = 0.5  # of the distinct cells of a column that must be numerals

_COMMA = re.compile(rf"(?:\d+|\d{{1,3}}(?:{_GAP}\d{{3}})+|\d{{1,3}}(?:\.\d{{3}})+),\d+")
_POINT = re.compile(rf"(?:\d+|\d{{1,3}}(?:{_GAP}\d{{3}})+|\d{{1,3}}(?:,\d{{3}})+)\.\d+")
_OPEN_COMMA = re.compile(r"[1-9]\d{0,2},\d{3}")
_OPEN_POINT = re.compile(r"[1-9]\d{0,2}\.\d{3}")
_COMMA_GROUPS = re.compile(r"[1-9]\d{0,2}(?:,\d{3})+")
_POINT_GROUPS = re.compile(r"[1-9]\d{0,2}(?:\.\d{3})+")
_GAPS = re.compile(rf"\d{{1,3}}(?:{_GAP}\d{{3}})+")


@dataclass(frozen=True, slots=True)
class Signs:
    """What the cells of a column say of its decimal sign: so many for a comma, for a point, and for either.

    ``gaps`` have nothing but signs between thousands that are never decimal: "1'234".
    """

    comma: int = 0
    point: int = 0
    open_comma: int = 0
    open_point: int = 0
    gaps: int = 0

    @property
    def sign(self) -> str:
        """The decimal sign where the cells alone decide it: "," or ".", "" where they do not."""
        if self.comma and self.point:
            return "" if self.open_comma or self.open_point else ","
        return "," if self.comma else "." if self.point else ""

    def choose(self, signs: Collection[str]) -> str:
        """The decimal sign of the column among others of the ``signs``; "" where nobody can know it."""
        if self.sign or (self.comma and self.point) or (self.open_comma and self.open_point):
            return self.sign
        if self.open_comma:
            return next(iter(signs)) if len(signs) == 1 else ""
        return "" if self.open_point and set(signs) == {","} else "."


def read_signs(cells: Iterable[str]) -> Signs | None:
    """What the distinct cells of a column say of its decimal sign; None if they are no numbers, or without any sign."""
    counts = dict.fromkeys(("comma", "point", "open_comma", "open_point", "gaps"), 0)
    n = n_numerals = 0
    for cell in cells:
        n += 1
        match = NUMERAL.fullmatch(cell)
        kind = _kind(match["digits"]) if match else "text"
        n_numerals += kind != "text"
        if kind in counts:
            counts[kind] += 1
    if n_numerals < MIN_SHARE * n or not any(counts.values()):
        return None
    return Signs(**counts)


def _kind(digits: str) -> str:
    """What a numeral says of the decimal sign: a field of `Signs`, "plain", or "text"."""
    if digits.isdecimal():
        return "plain"
    if _GAPS.fullmatch(digits):
        return "gaps"
    if _OPEN_COMMA.fullmatch(digits):
        return "open_comma"
    if _OPEN_POINT.fullmatch(digits):
        return "open_point"
    # Groups of thousands by one sign tell that the other is decimal.
    if _COMMA.fullmatch(digits) or _POINT_GROUPS.fullmatch(digits):
        return "comma"
    if _POINT.fullmatch(digits) or _COMMA_GROUPS.fullmatch(digits):
        return "point"
    return "text"


def to_point(cell: str, sign: str, *, keeps_points: bool = False) -> str:
    """A numeral with a point for a decimal sign and without groups; any other text as it is.

    ``sign`` is the decimal sign of the column. With ``keeps_points`` a cell with a point alone is not looked at: numbers
    of a workbook have one whatever the language.
    """
    match = NUMERAL.fullmatch(cell)
    if not match or not sign or (keeps_points and "," not in cell):
        return cell
    digits = match["digits"]
    if sign == ",":
        if not (_COMMA.fullmatch(digits) or _POINT_GROUPS.fullmatch(digits) or _GAPS.fullmatch(digits)):
            return cell
        digits = digits.replace(".", "").replace(",", ".")
    else:
        if not (_POINT.fullmatch(digits) or _COMMA_GROUPS.fullmatch(digits) or _GAPS.fullmatch(digits)):
            return cell
        digits = digits.replace(",", "")
    return f"{match['before']}{re.sub(_GAP, '', digits)}{match['after']}"
