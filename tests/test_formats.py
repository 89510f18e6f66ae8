"""How numbers look in sentences, tables and axes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.dictionary import Variable
from analytics.formats import (
    MISSING,
    format_count,
    format_interval,
    format_level,
    format_months,
    format_number,
    format_p,
    format_p_phrase,
    format_percent,
    format_percent_interval,
    format_quantity,
    format_ratio,
    format_ratio_of,
    format_share,
    format_signed,
    format_step,
)
from analytics.reporting.estimates import format_difference, format_percent_points, format_probability
from analytics.results import Estimate, Interval, Reason


@pytest.mark.parametrize(
    ("n", "text"), [(0, "0"), (12, "12"), (999, "999"), (1000, "1\u202f000"), (10_000_000, "10\u202f000\u202f000")]
)
def test_counts_have_thin_spaces_between_thousands(n: int, text: str) -> None:
    assert format_count(n) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, MISSING),
        (0.0, "<0.01"),
        (0.0099, "<0.01"),
        (0.01, "0.01"),
        (2.0949, "2.09"),
        (9.994, "9.99"),
        (9.996, "10.0"),
        (12.44, "12.4"),
        (99.94, "99.9"),
        (99.96, "100"),
        (123.4, "123"),
        (999.4, "999"),
        (999.6, "1\u202f000"),
        (9_999.4, "9\u202f999"),
        (10_000.1, ">10\u202f000"),
        (1_234_567.0, ">10\u202f000"),
    ],
)
def test_ratios_have_three_significant_digits(value: float | None, text: str) -> None:
    assert format_ratio(value) == text


@settings(deadline=None)
@given(st.floats(min_value=0.01, max_value=1e4), st.floats(min_value=0.01, max_value=1e4))
def test_the_larger_ratio_never_reads_as_the_smaller_one(one: float, other: float) -> None:
    low, high = (float(re.sub(r"\s", "", format_ratio(value))) for value in sorted((one, other)))
    assert low <= high
    assert low == pytest.approx(min(one, other), rel=0.0051, abs=0.0051)


@pytest.mark.parametrize(
    ("p", "text", "phrase"),
    [
        (None, MISSING, MISSING),
        (0.0, "<0.001", "p < 0.001"),
        (0.00099, "<0.001", "p < 0.001"),
        (0.001, "0.001", "p = 0.001"),
        (0.0366, "0.037", "p = 0.037"),
        (0.0494, "0.049", "p = 0.049"),
        (0.0499, "0.0499", "p = 0.0499"),
        (0.04999, "0.04999", "p = 0.04999"),
        (0.05, "0.050", "p = 0.050"),
        (0.0504, "0.0504", "p = 0.0504"),
        (0.0506, "0.051", "p = 0.051"),
        (0.999, "0.999", "p = 0.999"),
        (0.9991, ">0.999", "p > 0.999"),
        (1.0, ">0.999", "p > 0.999"),
    ],
)
def test_p_values_have_three_decimals_and_are_never_zero_or_one(p: float | None, text: str, phrase: str) -> None:
    assert format_p(p) == text
    assert format_p_phrase(p) == phrase


@settings(deadline=None)
@given(st.floats(min_value=0, max_value=1))
def test_no_p_value_reads_as_zero_or_one(p: float) -> None:
    assert re.fullmatch(r"<0\.001|>0\.999|0\.\d{3}|0\.0(49|50)\d+", format_p(p))
    assert format_p(p) != "0.000"


@settings(deadline=None)
@given(st.floats(min_value=0.0494, max_value=0.0506))
def test_a_p_value_reads_on_its_side_of_one_in_twenty(p: float) -> None:
    read = float(format_p(p))
    assert read == pytest.approx(p, abs=0.0005)
    assert read == 0.05 or (read < 0.05) == (p < 0.05)
    assert read != 0.05 or p == pytest.approx(0.05, abs=5e-6)


def test_probabilities_become_per_cent_with_a_space_that_does_not_break() -> None:
    assert format_percent(0.7288) == "72.9\u00a0%"
    assert format_percent(0.7288, 0) == "73\u00a0%"
    assert format_percent(1.0) == "100.0\u00a0%"
    assert format_percent(0.0) == "0.0\u00a0%"
    assert format_percent(None) == MISSING


def test_shares_give_the_count_with_its_per_cent() -> None:
    assert format_share(64, 436) == "64 (14.7\u00a0%)"
    assert format_share(0, 12, 0) == "0 (0\u00a0%)"
    assert format_share(12, 12, 0) == "12 (100\u00a0%)"


def test_a_share_of_nobody_is_the_count_alone() -> None:
    assert format_share(0, 0) == "0"


def test_numbers_months_and_levels() -> None:
    assert format_number(3.949, 1) == "3.9"
    assert format_number(None) == MISSING
    assert format_months(24.64) == "24.6\u00a0months"
    assert format_months(None) == MISSING
    assert format_level(0.95) == "95\u00a0%"
    assert format_level(0.999) == "99.9\u00a0%"
    assert format_level(0.29) == "29\u00a0%"


def number(unit: str, per: float = 1.0) -> Variable:
    one = "year" if unit == "years" else ""
    return Variable("x", "X", "continuous", "diagnosis", unit=unit, unit_one=one, per=per)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(1, "years", "1 year"), (9.5, "years", "9.5 years"), (50, "10⁹/L", "50 × 10⁹/L"), (1, "%", "1 %"), (3, "", "3")],
)
def test_a_quantity_has_its_unit(value: float, unit: str, text: str) -> None:
    assert format_quantity(value, number(unit)) == text


@pytest.mark.parametrize(
    ("per", "unit", "text"),
    [
        (1, "years", "year"),
        (1, "10⁹/L", "10⁹/L"),
        (10, "10⁹/L", "10 × 10⁹/L"),
        (10, "g/L", "10 g/L"),
        (1, "%", "percentage point"),
        (1, "", "unit"),
        (5, "", "5 units"),
    ],
)
def test_the_step_of_a_ratio_is_read_after_per(per: float, unit: str, text: str) -> None:
    assert format_step(number(unit, per)) == text


@pytest.mark.parametrize(
    ("interval", "digits", "text"),
    [
        (None, 2, MISSING),
        (Interval(1.067, 4.321, 0.95, "profile"), 2, "1.07–4.32"),
        (Interval(1.0, 12.21, 0.95, "profile"), 2, "1.00–12.2"),
        (Interval(0.304, 0.9996, 0.95, "profile"), 2, "0.30–0.9996"),
        (Interval(0.304, 1.0021, 0.95, "profile"), 2, "0.30–1.002"),
        (Interval(1.0004, 4.321, 0.95, "profile"), 2, "1.0004–4.32"),
        (Interval(0.304, 0.994, 0.95, "profile"), 2, "0.30–0.99"),
        (Interval(None, 12.21, 0.95, "profile"), 2, "no lower limit to 12.2"),
        (Interval(1.1, None, 0.95, "profile"), 2, "1.10 to no upper limit"),
        (Interval(None, None, 0.95, "profile"), 2, "no lower limit to no upper limit"),
        (Interval(18.96, 48.04, 0.95, "log-log"), 1, "19.0–48.0"),
        (Interval(4.8, None, 0.95, "log-log"), 1, "4.8 to no upper limit"),
    ],
)
def test_intervals_say_where_a_limit_is_missing(interval: Interval | None, digits: int, text: str) -> None:
    assert format_interval(interval, digits) == text


@pytest.mark.parametrize(
    ("value", "low", "high", "text"),
    [
        (1.002, 1.0005, 1.004, "1.002"),
        (0.998, 0.9961, 0.9999, "0.998"),
        (1.002, 0.998, 1.006, "1.00"),
        (2.09, 1.04, 4.17, "2.09"),
    ],
)
def test_a_ratio_reads_inside_an_interval_on_one_side_of_one(value: float, low: float, high: float, text: str) -> None:
    assert format_ratio_of(Estimate(value, Interval(low, high, 0.95, "profile"))) == text
    assert format_ratio_of(Estimate(value)) == format_ratio(value)


def test_intervals_of_probabilities_are_in_per_cent_without_the_sign() -> None:
    assert format_percent_interval(Interval(0.5586, 0.8421, 0.95, "log-log")) == "55.9–84.2"
    assert format_percent_interval(Interval(0.5586, 0.8421, 0.95, "log-log"), 0) == "56–84"
    assert format_percent_interval(Interval(None, 0.8421, 0.95, "log-log")) == "no lower limit to 84.2"
    assert format_percent_interval(Interval(0.5586, None, 0.95, "log-log")) == "55.9 to no upper limit"
    assert format_percent_interval(None) == MISSING


def test_a_probability_is_given_with_its_interval_or_its_reason() -> None:
    interval = Interval(0.5586, 0.8421, 0.95, "log-log")
    assert format_probability(Estimate(0.7288, interval, 19, 11)) == "72.9\u00a0% (55.9–84.2)"
    assert format_probability(Estimate(1.0, None, 12)) == "100.0\u00a0%"
    assert format_probability(Estimate(None, reason=Reason("no-patients"))) == "no children"


def test_differences_have_a_sign_and_no_difference_has_none() -> None:
    assert [format_signed(v) for v in (3.21, -0.5, 0.0, -0.04, None)] == ["+3.2", "−0.5", "0.0", "0.0", "–"]
    interval = Interval(-8.14, 1.7, 0.95, "plain")
    assert format_difference(Estimate(-3.2, interval)) == "−3.2 (−8.1 to +1.7)"
    assert format_difference(Estimate(-3.2)) == "−3.2"
    assert format_difference(Estimate(-3.2, Interval(-6.41, -0.02, 0.95, "plain"))) == "−3.2 (−6.4 to −0.02)"
    assert format_difference(Estimate(-3.2, Interval(-6.41, 0.02, 0.95, "plain"))) == "−3.2 (−6.4 to +0.02)"
    assert format_difference(Estimate(0.03, Interval(0.01, 0.05, 0.95, "plain"))) == "+0.03 (+0.01 to +0.1)"
    assert format_difference(Estimate(None, reason=Reason("no-patients"))) == "no children"


def test_differences_of_probabilities_are_in_percentage_points() -> None:
    assert format_percent_points(Estimate(0.125, Interval(-0.01, 0.26, 0.95, "plain"))) == "+12.5 (−1.0 to +26.0)"
    assert format_percent_points(Estimate(0.125, Interval(-0.01, 0.26, 0.95, "plain")), 0) == "+12 (−1 to +26)"
    assert format_percent_points(Estimate(None, reason=Reason("no-events"))) == "no events"
