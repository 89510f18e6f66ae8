"""Dates as files write them, as numbers of days; the order of day, month and year is told, or follows, or is asked."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

ORDERS = ("dmy", "mdy", "ymd")
_TIME = r"(?:[T ]\d{1,2}:\d{2}.*)?"
_YEAR_FIRST = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})" + _TIME)
_CHINESE = re.compile(r"(\d{4})\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*日?")
_NUMBERS = re.compile(r"(\d{1,2})([-/. ])(\d{1,2})\2(\d{4}|\d{2})" + _TIME)
_DAY_NAME_YEAR = re.compile(r"(\d{1,2})[-./ ]*([^\W\d]+)[-./, ]*(\d{4}|\d{2})" + _TIME)
_NAME_DAY_YEAR = re.compile(r"([^\W\d]+)[-./ ]*(\d{1,2}),?[-./ ]+(\d{4})" + _TIME)
_CLOSE = re.compile(r"(\d{4})(\d{2})(\d{2})")
# The first three letters of the months, English and German.
_MONTHS = {
    name: month
    for month, names in enumerate(
        ("jan", "feb", "mar mär mrz", "apr", "may mai", "jun", "jul", "aug", "sep", "oct okt", "nov", "dec dez"),
        start=1,
    )
    for name in names.split()
}


def read_date(text: str, order: str = "") -> int | None:
    """The day of a text as a number of days, so that two can be subtracted; None if it is no date in that order.

    A year in front and a month by its name speak for themselves. Numbers alone need the ``order`` ("dmy", "mdy", "ymd");
    "20190304" is a date where "ymd" is told. Years of two digits from 69 on are of the last century. A time of day is
    passed over.
    """
    if found := _YEAR_FIRST.fullmatch(text):
        return _day(found[1], found[3], found[4])
    if found := _CHINESE.fullmatch(text):
        return _day(found[1], found[2], found[3])
    if found := _DAY_NAME_YEAR.fullmatch(text):
        return _day(found[3], _month(found[2]), found[1])
    if found := _NAME_DAY_YEAR.fullmatch(text):
        return _day(found[3], _month(found[1]), found[2])
    if order == "ymd" and (found := _CLOSE.fullmatch(text)):
        return _day(found[1], found[2], found[3])
    if found := _NUMBERS.fullmatch(text):
        first, second, third = found[1], found[3], found[4]
        if order == "ymd" and len(third) == 2:
            return _day(first.zfill(2), second, third)
        if order in ("dmy", "mdy"):
            return _day(third, *((second, first) if order == "dmy" else (first, second)))
    return None


def find_orders(texts: Iterable[str]) -> tuple[str, ...]:
    """The orders in which every one of the dates can be read that do not speak for themselves; all where there is none."""
    silent = {text for text in texts if _NUMBERS.fullmatch(text)}
    return tuple(order for order in ORDERS if all(read_date(text, order) is not None for text in silent))


def is_ambiguous(text: str) -> bool:
    """True for a date in numbers whose year does not stand in front."""
    return _NUMBERS.fullmatch(text) is not None


def _month(name: str) -> str:
    return str(_MONTHS.get(name.casefold()[:3], 0))


def _day(year: str, month: str, day: str) -> int | None:
    whole = int(year) + (0 if len(year) == 4 else 1900 if int(year) >= 69 else 2000)
    try:
        return date(whole, int(month), int(day)).toordinal()
    except ValueError:
        return None
