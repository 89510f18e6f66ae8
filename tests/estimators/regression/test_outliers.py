"""Numbers of which one is a thousand to 10^11 times the others: fits end, agree with R, and say what stands apart."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.estimators import (
    estimate_hazard_ratios,
    estimate_odds_ratios,
    estimate_odds_ratios_by_horizon,
    estimate_subdistribution_hazard_ratios,
    proportional_hazards_test,
)
from analytics.results import HazardRatioResult, Name, OddsRatioResult, Reason
from tests.estimators.said import said

R = json.loads((Path(__file__).parents[2] / "reference" / "outlier_reference.json").read_text(encoding="utf-8"))
Result = HazardRatioResult | OddsRatioResult


def of_patients(case: dict[str, Any]) -> tuple[pd.DataFrame, pd.DataFrame]:
    patients = pd.DataFrame(case["patients"])
    return patients, patients[["white_cells", "g"]]


def coefficients(result: Result) -> tuple[list[float], list[float]]:
    """Logarithms of the ratios and their standard errors, without those of reference levels."""
    terms = [term.ratio for term in result.terms if not term.is_reference]
    assert all(ratio.value is not None and ratio.std_error is not None for ratio in terms), terms
    return [math.log(ratio.value or 0.0) for ratio in terms], [ratio.std_error or 0.0 for ratio in terms]


def check(result: Result, expected: dict[str, Any], rtol: float = 1e-6) -> None:
    estimate, std_error = coefficients(result)
    np.testing.assert_allclose(estimate, np.atleast_1d(expected["estimate"]), rtol=rtol, atol=1e-12)
    np.testing.assert_allclose(std_error, np.atleast_1d(expected["std_error"]), rtol=rtol)
    assert result.log_likelihood == pytest.approx(expected["log_likelihood"], rel=1e-9)


# Against R


@pytest.mark.parametrize("case", R["drawn"])
def test_one_white_cell_count_with_a_slip_of_the_unit_as_in_r(case: dict[str, Any]) -> None:
    p, covariates = of_patients(case)
    check(estimate_hazard_ratios(p["time"], p["event"], covariates), case["cox"])
    numbers = covariates[["white_cells"]]
    check(estimate_hazard_ratios(p["time"], p["event"], numbers, strata=p["g"]), case["stratified"])
    check(estimate_hazard_ratios(p["time"], p["event"], covariates, entry=p["entry"]), case["late"])
    check(estimate_odds_ratios(p["outcome"], covariates), case["logistic"])
    check(estimate_subdistribution_hazard_ratios(p["time"], p["cause"], covariates), case["fine_gray"])
    tested = proportional_hazards_test(p["time"], p["event"], covariates)
    found = [test.statistic for test in (*tested.tests, tested.global_test)]
    assert found == pytest.approx(case["proportional"], rel=1e-5)


def test_the_maximum_lies_far_from_where_the_value_that_stands_apart_is_lost() -> None:
    """Beside it, 1000 is beyond everything: what is left is the model of the other five."""
    six = R["six"]
    result = estimate_hazard_ratios(six["time"], six["event"], pd.DataFrame({"b": six["b"]}))
    check(result, six)
    assert coefficients(result)[0] == [pytest.approx(-1.0149, abs=5e-5)]
    assert coefficients(result)[1] == [pytest.approx(0.769, abs=5e-4)]


# By hand


def test_every_search_ends_for_one_event_and_a_code() -> None:
    """The event has the least number of all: the likelihood has no maximum, whatever the largest is."""
    for largest in (9.0, 2e4, 2e7, 2e11):
        numbers = pd.DataFrame({"b": [1, 7, 8, largest]})
        found = estimate_hazard_ratios([1, 2, 4, 3], [1, 0, 0, 0], numbers, method="ml")
        assert found.terms[0].hazard_ratio.value is None
        assert "monotone likelihood" in said(found.terms[0].hazard_ratio.reason)
        assert found.log_likelihood == pytest.approx(0.0, abs=1e-12)
        test = proportional_hazards_test([1, 2, 4, 3], [1, 0, 0, 0], numbers)
        assert test.reason == Reason.of("infinite-hazard-ratios", names=(Name("b"),))
        firth = estimate_hazard_ratios([1, 2, 4, 3], [1, 0, 0, 0], numbers)
        assert firth.method == "firth" and firth.terms[0].hazard_ratio.value is not None


def test_odds_ratios_of_three_patients_of_whom_one_stands_apart() -> None:
    covariates = pd.DataFrame({"a": [7, 1e9, 4], "g": ["A", "B", "A"]})
    for method in ("auto", "ml", "firth"):
        result = estimate_odds_ratios([1, 1, 0], covariates, method=method)  # type: ignore[arg-type]
        assert [(term.variable, term.level) for term in result.terms] == [("a", None), ("g", "A"), ("g", "B")]
        assert all(term.odds_ratio.value is not None or term.odds_ratio.reason for term in result.terms)


def test_what_is_not_found_names_the_value_that_stands_apart() -> None:
    """What the events ask of b is lost beside 2.82e10: the gain is smaller than rounding."""
    result = estimate_hazard_ratios(
        [6, 5, 0, 6], [1, 0, 1, 1], pd.DataFrame({"white cells": [7.1, 3.5, 2.82e10, 13]}), method="ml"
    )
    reason = result.terms[0].hazard_ratio.reason
    if reason is not None:
        assert reason == Reason.of(
            "apart", why=Reason("not-converged"), name=Name("white cells"), value=28200000000.0, median=7.1
        )


def test_a_column_that_rounding_takes_away_has_a_reason() -> None:
    result = estimate_subdistribution_hazard_ratios(
        [0, 0, 1, 0, 0], [0, 0, 1, 1, 2], pd.DataFrame({"b": [0, 0, 0, -1e6, 1]})
    )
    assert result.terms[0].hazard_ratio.value is not None or result.terms[0].hazard_ratio.reason
    assert result.tests[0].statistic is not None or result.tests[0].reason


def test_no_separation_is_seen_where_a_large_value_hides_a_contradiction() -> None:
    """Within each group of g and h both outcomes occur: the outcome of nobody is told."""
    b = [2.1, 5.6, 155.3, 2.1, 1e10, 5.3, 39.8, 12.4, 1e10, 11.3, 40.3, 5.6]
    g, h = list("AAAAAABBBBBB"), list("UUUVVVUUUVVV")
    y = [0, 0, 1, 0, 0, 1, 0, 1, 1, 0, 1, 1]
    result = estimate_odds_ratios(y, pd.DataFrame({"b": b, "g": g, "h": h}), method="ml")
    assert "separation" not in {note.code for note in result.notes}


def limits_of(result: Result) -> tuple[float, float]:
    """Logarithms of the limits of the first ratio."""
    interval = result.terms[0].ratio.interval
    assert interval is not None and interval.low is not None and interval.high is not None, interval
    return math.log(interval.low), math.log(interval.high)


def test_limits_of_odds_ratios_beside_a_far_value_hold_the_estimate_and_agree_with_the_test() -> None:
    """The limit lies 1e-11 from the estimate, a ten-millionth of the standard error."""
    b = [8, 3, 6, 6, 0, 5, 8, 0, 5, 6, 6, 6, 4, 7, 5, 3e11, 4, 4, 5, 8, 8, 3, 3, 5, 3, 5, 4, 5, 6]
    y = [0, 0, 0, 1, 0, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1]
    groups = list("VUUVVVUUVUVUVUUUVUUUUUVVVUVUU")
    result = estimate_odds_ratios(y, pd.DataFrame({"b": b, "h": groups}), method="ml")
    estimate, (low, high) = coefficients(result)[0][0], limits_of(result)
    assert low < estimate < 0.0 < high
    assert result.terms[0].p_value == pytest.approx(0.3416, abs=5e-4)
    # Beyond the estimate only the far value's own outcome (0) speaks: it alone makes the fall of 1.92, but for its start.
    assert 0.0 < 3e11 * high < 4.0


def test_limits_of_odds_ratios_are_nested_where_rounding_parts_nothing_any_more() -> None:
    b = [
        -0.1474430602,
        -0.7122874601,
        0.0534490405,
        -0.1505869917,
        -2.202763512,
        -2.202763512,
        -0.564041081,
        -0.564041081,
    ]
    covariates = pd.DataFrame({"b": [*b, -0.1474430602, 2.82e10]})
    y = [1, 0, 1, 1, 0, 0, 0, 0, 0, 1]
    lows = []
    for level in (0.99, 0.95, 0.9):
        interval = estimate_odds_ratios(y, covariates, method="ml", conf_level=level).terms[0].odds_ratio.interval
        assert interval is not None and interval.low is not None, level
        lows.append(interval.low)
    assert lows == sorted(lows)
    assert lows[1] > 1.0  # p = 0.002


def test_limits_of_a_hazard_ratio_are_on_the_profile_where_it_falls_off_like_a_cliff() -> None:
    """Just above 0 the hazard of the far value can no longer be written; just below, it vanishes."""
    time = np.array(
        [2.81, 5.88, 27.6, 14.26, 4.38, 2.61, 6.22, 14.32, 3.64, 18.62, 12.45, 0.09, 20, 0.32, 8.51, 3.63, 1.14]
    )
    event = np.array([1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 1, 0, 1, 1, 1, 0], dtype=bool)
    b = np.array([11.9, 27.7, 74.3, 74.3, 12.1, 2.9, 2.9, 36.3, 3.9, 3e9, 74.3, 3.7, 13, 3.9, 13, 2.9, 11.9])

    def log_likelihood(beta: float) -> float:
        return float(sum(beta * b[i] - np.logaddexp.reduce(beta * b[time >= time[i]]) for i in np.flatnonzero(event)))

    result = estimate_hazard_ratios(time, event, pd.DataFrame({"b": b}), conf_type="profile")
    estimate, (low, high) = coefficients(result)[0][0], limits_of(result)
    assert result.log_likelihood == pytest.approx(log_likelihood(estimate), rel=1e-9)
    for limit in (low, high):
        assert 2.0 * (log_likelihood(estimate) - log_likelihood(limit)) == pytest.approx(3.841458821, rel=1e-5)
    assert result.terms[0].p_value == pytest.approx(0.010674, abs=5e-6)
    assert low < estimate < high < 0.0


def test_a_subdistribution_ratio_lost_beside_a_far_value_gives_a_reason() -> None:
    covariates = pd.DataFrame({"b": [8, 5, 2, 0, 5, 8, 2.82e9, 0], "g": list("ABBAABBB")})
    time = [9.99, 8.03, 13.2, 8.26, 8.92, 0.22, 3.54, 28.53]
    result = estimate_subdistribution_hazard_ratios(time, [0, 0, 2, 2, 1, 0, 1, 0], covariates)
    lost = [term.ratio for term in result.terms if not term.is_reference]
    assert all(ratio.value is None and "b 2.82e+09 stands apart" in said(ratio.reason) for ratio in lost)
    assert all(test.p_value is None and test.reason for test in result.tests)


def test_no_test_by_a_horizon_of_a_factor_whose_odds_ratio_cannot_be_written() -> None:
    """Whichever level is the reference: one choice gave a chi-square of 4e8."""
    b = [-1.14, 0.83, 0.2, -0.19, -0.85, 1e7, 0.2, -0.23, -0.44, -0.44, -0.63, 1.4, 0.53, 0.2, -0.23, 0.07, -1.55, 0.92]
    b += [-0.44, -0.16, 3000, 0.84, 0.24, 1.07, -1.05]
    time = [6, 0, 5, 4, 3, 3, 1, 3, 6, 0, 7, 4, 2, 2, 2, 1, 2, 6, 3, 2, 7, 1, 3, 7, 6]
    cause = [1, 1, 1, 0, 2, 1, 1, 1, 0, 1, 0, 1, 1, 1, 0, 0, 2, 1, 1, 2, 0, 0, 1, 2, 0]
    for levels in ("ABC", "CAB"):
        groups = pd.Categorical(list("CBAAACAABBABAAABBAAACAABA"), categories=list(levels))
        result = estimate_odds_ratios_by_horizon(time, cause, pd.DataFrame({"b": b, "g": groups}), horizon=4)
        assert any("too large or too small" in said(term.odds_ratio.reason) for term in result.terms)
        assert result.tests[1].p_value is None
        assert result.tests[1].reason == Reason("odds-ratio-too-large")


# Properties


@st.composite
def patients(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    """Few patients with ties, zero times, a number with one or two values far out, and groups."""
    n = draw(st.integers(3, 10))

    def column(values: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(values, min_size=n, max_size=n))

    number = np.array(column(st.integers(0, 9)), dtype=float)
    for _ in range(draw(st.integers(0, 2))):
        number[draw(st.integers(0, n - 1))] = draw(st.sampled_from([-1, 1, 3])) * 10.0 ** draw(st.integers(3, 11))
    covariates = pd.DataFrame({"b": number})
    if draw(st.booleans()):
        covariates["g"] = pd.Categorical(column(st.sampled_from("ABC")), categories=list("ABC"))
    if draw(st.booleans()):
        covariates["d"] = np.array(column(st.integers(0, 3))) + 2.0 * number
    return np.array(column(st.integers(0, 6)), dtype=float), np.array(column(st.integers(0, 2))), covariates


ESTIMATORS: dict[str, Callable[[np.ndarray, np.ndarray, pd.DataFrame], Any]] = {
    "cox": lambda time, cause, x: estimate_hazard_ratios(time, cause == 1, x, method="ml"),
    "cox, robust": lambda time, cause, x: estimate_hazard_ratios(time, cause == 1, x, method="ml", robust=True),
    "cox, stratified": lambda time, cause, x: estimate_hazard_ratios(time, cause == 1, x, strata=time > 2),
    "cox, late entry": lambda time, cause, x: estimate_hazard_ratios(
        time + 1, cause == 1, x, entry=np.where(time > 2, time, 0), method="ml"
    ),
    "firth": lambda time, cause, x: estimate_hazard_ratios(time, cause == 1, x),
    "proportional hazards": lambda time, cause, x: proportional_hazards_test(time, cause == 1, x),
    "fine-gray": lambda time, cause, x: estimate_subdistribution_hazard_ratios(time, cause, x),
    "logistic": lambda time, cause, x: estimate_odds_ratios(cause == 1, x, method="ml"),
    "logistic, firth": lambda time, cause, x: estimate_odds_ratios(cause == 1, x),
}


@pytest.mark.parametrize("name", ESTIMATORS)
@given(drawn=patients())
@settings(max_examples=15, deadline=None)
def test_every_fit_ends_with_an_estimate_or_a_reason(
    name: str, drawn: tuple[np.ndarray, np.ndarray, pd.DataFrame]
) -> None:
    result = ESTIMATORS[name](*drawn)
    if name == "proportional hazards":
        assert all(test.statistic is not None or test.reason for test in (*result.tests, result.global_test))
        return
    for term in result.terms:
        assert term.ratio.value is None or term.ratio.value >= 0
        assert term.ratio.value is not None or term.ratio.reason


@pytest.mark.parametrize("name", ["cox", "cox, late entry", "fine-gray", "logistic"])
@given(drawn=patients(), shift=st.integers(1, 2), unit=st.sampled_from([1e-6, 7.0, 1e5]))
@settings(max_examples=15, deadline=None)
def test_the_likelihood_depends_neither_on_the_reference_nor_on_the_unit(
    name: str, drawn: tuple[np.ndarray, np.ndarray, pd.DataFrame], shift: int, unit: float
) -> None:
    """With numbers up to a thousand times the others; beyond, what a maximum is depends on rounding."""
    time, cause, covariates = drawn
    covariates = covariates[["b", *(["g"] if "g" in covariates else [])]].assign(
        b=np.sign(covariates["b"]) * np.minimum(np.abs(covariates["b"]), 3000)
    )
    again = covariates.assign(b=covariates["b"] * unit)
    if "g" in again:
        again["g"] = again["g"].cat.reorder_categories(["ABC"[(i + shift) % 3] for i in range(3)])
    first, second = (ESTIMATORS[name](time, cause, x) for x in (covariates, again))
    assert (first.reason is None) == (second.reason is None)
    if first.log_likelihood is not None:
        assert second.log_likelihood == pytest.approx(first.log_likelihood, rel=1e-6, abs=1e-6)
