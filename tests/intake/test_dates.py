"""Dates of all the forms that files have; no order is guessed."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.intake.dates import ORDERS, find_orders, is_ambiguous, read_date

FOURTH_OF_MARCH = date(2019, 3, 4).toordinal()


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("2019-03-04", ""),
        ("2019/3/4", ""),
        ("2019.03.04", "dmy"),
        ("2019-03-04 00:00:00", ""),
        ("2019-03-04T23:59:59Z", "mdy"),
        ("2019年3月4日", ""),
        ("2019年03月04", ""),
        ("04-Mar-2019", ""),
        ("4. März 2019", ""),
        ("04MAR2019", ""),
        ("March 4, 2019", ""),
        ("Mar 4 2019", ""),
        ("04.03.2019", "dmy"),
        ("4/3/2019 08:30", "dmy"),
        ("03/04/2019", "mdy"),
        ("3/4/19", "mdy"),
        ("4-3-19", "dmy"),
        ("19-03-04", "ymd"),
        ("9/3/4", None),
        ("20190304", "ymd"),
    ],
)
def test_the_fourth_of_march(text: str, order: str | None) -> None:
    assert read_date(text, order or "") == (None if order is None else FOURTH_OF_MARCH)


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("04.03.2019", ""),
        ("20190304", ""),
        ("20190304", "dmy"),
        ("04.03.2019", "ymd"),
        ("31.04.2019", "dmy"),
        ("04.13.2019", "dmy"),
        ("13/25/2019", "mdy"),
        ("2019-02-29", ""),
        ("2019-03", ""),
        ("2019", "ymd"),
        ("4 Foo 2019", ""),
        ("04.03/2019", "dmy"),
        ("4 days 2019", ""),
        ("12", "dmy"),
        ("", "dmy"),
    ],
)
def test_what_is_no_date_in_that_order(text: str, order: str) -> None:
    assert read_date(text, order) is None


def test_years_of_two_digits_from_69_on_are_of_the_last_century() -> None:
    assert read_date("1.1.68", "dmy") == date(2068, 1, 1).toordinal()
    assert read_date("1.1.69", "dmy") == date(1969, 1, 1).toordinal()


@given(st.dates(date(1000, 1, 1), date(9999, 12, 31)))
def test_every_day_is_read_as_itself(day: date) -> None:
    assert read_date(day.isoformat()) == day.toordinal()
    assert read_date(f"{day.day}.{day.month}.{day.year}", "dmy") == day.toordinal()
    assert read_date(f"{day.month:02}/{day.day:02}/{day.year}", "mdy") == day.toordinal()
    assert read_date(f"{day:%Y%m%d}".zfill(8), "ymd") == day.toordinal()


def test_the_order_follows_where_one_date_tells_it() -> None:
    assert find_orders(["03/04/2019", "2019-12-31"]) == ("dmy", "mdy")
    assert find_orders(["03/04/2019", "25/12/2019"]) == ("dmy",)
    assert find_orders(["03/04/2019", "12/25/2019"]) == ("mdy",)
    assert find_orders(["13/04/2019", "12/25/2019"]) == ()
    assert find_orders(["03/04/05"]) == ORDERS
    assert find_orders(["2019-12-31", "4. Mai 2019", "12"]) == ORDERS
    assert [is_ambiguous(text) for text in ("03/04/2019", "2019-12-31", "4. Mai 2019", "12.5")] == [True, *[False] * 3]
