"""Restricted cubic splines against R (Hmisc, rms, glm), against their definition, and against what must hold for any."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.estimators import (
    estimate_odds_ratios,
    estimate_spline,
    place_knots,
    spline_basis,
)
from analytics.estimators.regression.logistic import Method
from analytics.estimators.validation.splines import GRID
from analytics.results import Reason

REFERENCE = Path(__file__).parents[2] / "reference"
MODELS = json.loads((REFERENCE / "logistic_reference.json").read_text())
R = json.loads((REFERENCE / "model_checks_reference.json").read_text())


def read(name: str) -> tuple[pd.Series, pd.DataFrame]:
    """Outcome and covariates of a data set, its categories in R's order."""
    entry = MODELS[name]
    data = pd.read_csv(REFERENCE / f"logistic_{name}.csv")
    for column, levels in entry["levels"].items() if entry["levels"] else ():
        data[column] = pd.Categorical(data[column].astype(str), categories=levels)
    return data[entry["outcome"]], data[entry["covariates"]]


# --- R ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [3, 4, 5])
@pytest.mark.parametrize("name", ["birthwt_lwt", "birthwt_age", "pima_glu", "endometrial_pi"])
def test_knots_and_basis_equal_hmisc(name: str, k: int) -> None:
    data, column = name.split("_")
    values = read(data)[1][column.upper() if data == "endometrial" else column].to_numpy(float)
    entry = R["basis"][name][f"k{k}"]
    knots = place_knots(values, k)
    np.testing.assert_allclose(knots, entry["knots"], rtol=1e-12)
    np.testing.assert_allclose(spline_basis(values[:12], knots), entry["basis"], rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("entry", R["spline"], ids=lambda e: f"{e['data']}-{e['variable']}-{e['k']}")
def test_curve_and_test_equal_r(entry: dict[str, Any]) -> None:
    outcome, covariates = read(entry["data"])
    result = estimate_spline(outcome, covariates, entry["variable"], n_knots=entry["k"])
    assert result.reason is None and result.method == "ml"
    assert (result.n, result.n_event) == (len(outcome), outcome.sum())
    np.testing.assert_allclose(result.knots, entry["knots"], rtol=1e-12)
    test = result.test
    assert (test.statistic, test.p_value) == pytest.approx((entry["statistic"], entry["p_value"]), abs=1e-8)
    assert test.df == entry["df"]
    assert result.straight == pytest.approx(entry["straight"], rel=1e-7)
    assert result.reference == entry["at"][2]
    assert (result.grid[0], result.grid[-1]) == pytest.approx((entry["at"][0], entry["at"][-1]), rel=1e-12)
    assert len(result.grid) == GRID
    # The curve is drawn on a grid of its own: at the ends it is R's.
    for i, end in ((0, 0), (-1, -1)):
        middle, error = entry["log_odds_ratio"][end], entry["std_error"][end]
        assert result.log_odds_ratio[i] == pytest.approx(middle, rel=1e-6, abs=1e-8)
        half = 1.959963984540054 * error
        assert (result.low[i], result.high[i]) == pytest.approx((middle - half, middle + half), rel=1e-6)


def test_the_test_equals_that_of_rms() -> None:
    result = estimate_spline(*read("pima"), "glu", n_knots=5)
    assert result.test.statistic == pytest.approx(R["rms"]["statistic"], abs=1e-7)
    assert result.test.df == R["rms"]["df"]


# --- By definition ---------------------------------------------------------------------------------------------------


def test_knots_of_few_patients_lie_at_the_fifth_value_from_either_end() -> None:
    values = np.arange(1.0, 41.0)
    assert place_knots(values).tolist() == [5, 20.5, 36]
    assert len(place_knots(np.arange(100.0))) == 4
    assert len(place_knots(np.arange(99.0))) == 3


def test_knots_that_coincide_are_one() -> None:
    assert place_knots([0.0] * 90 + [1.0, 2, 3, 4, 5, 6, 7, 8, 9, 10]).tolist() == pytest.approx([0, 5.05])
    assert place_knots([]).tolist() == []
    assert place_knots([7.0]).tolist() == [7.0]


def test_the_basis_by_hand() -> None:
    basis = spline_basis([0.0, 1, 2, 5], [0.0, 1, 3])
    # With knots 0, 1, 3: [x+^3 - (x-1)+^3 3/2 + (x-3)+^3 1/2] / 9.
    bend = [0, 1 / 9, (8 - 1.5) / 9, (125 - 1.5 * 64 + 0.5 * 8) / 9]
    assert basis[:, 0].tolist() == [0, 1, 2, 5]
    assert basis[:, 1].tolist() == pytest.approx(bend, abs=1e-12)


@given(st.lists(st.integers(-50, 50), min_size=3, max_size=5, unique=True))
@settings(max_examples=30, deadline=None)
def test_the_curve_is_straight_beyond_the_outer_knots_and_smooth_between(places: list[int]) -> None:
    knots = np.sort(np.array(places, dtype=float))
    for start in (knots[0] - 30, knots[-1] + 1):
        outside = spline_basis(start + np.array([0.0, 10, 20]), knots)
        bent = np.abs(np.diff(outside, n=2, axis=0))
        assert bent.max() <= 1e-9 * (1 + np.abs(outside).max())
    step = 1e-3
    for knot in knots:
        around = spline_basis(knot + step * np.arange(-2, 3), knots)
        second = np.diff(around, n=2, axis=0) / step**2
        assert np.abs(np.diff(second, axis=0)).max() < 0.1


@pytest.mark.parametrize("knots", [[1.0, 2.0], [1.0, 1.0, 2.0], [3.0, 2.0, 1.0]])
def test_a_basis_needs_three_ascending_knots(knots: list[float]) -> None:
    with pytest.raises(ValueError, match="at least three, ascending"):
        spline_basis([1.0], knots)


def test_what_cannot_be_asked() -> None:
    frame = pd.DataFrame({"x": [1.0, 2, 3], "level": ["a", "b", "a"]})
    with pytest.raises(ValueError, match="none of the covariates: x, level"):
        estimate_spline([0, 1, 0], frame, "y")
    with pytest.raises(ValueError, match="holds levels, not numbers"):
        estimate_spline([0, 1, 0], frame, "level")
    with pytest.raises(ValueError, match="n_knots must be one of 3, 4, 5: it is 7"):
        place_knots([1.0, 2, 3], 7)
    with pytest.raises(ValueError, match="must be finite"):
        place_knots([1.0, math.inf])


# --- What is found, and what is not ----------------------------------------------------------------------------------


def simulate(shape: Any, n: int = 1500, seed: int = 5) -> tuple[np.ndarray, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    x, other = rng.normal(10, 3, n), rng.integers(0, 2, n)
    p = 1 / (1 + np.exp(-(shape(x) + 0.7 * other)))
    return (rng.random(n) < p).astype(int), pd.DataFrame({"x": x, "other": np.where(other == 1, "yes", "no")})


def test_a_bent_association_is_found_and_followed() -> None:
    outcome, covariates = simulate(lambda x: (x - 10) ** 2 / 9 - 1)
    result = estimate_spline(outcome, covariates, "x", n_knots=5)
    assert result.test.p_value is not None and result.test.p_value < 1e-6
    truth = (result.grid - 10) ** 2 / 9
    assert result.reference is not None
    truth = truth - (result.reference - 10) ** 2 / 9
    assert ((result.low <= truth) & (truth <= result.high)).mean() > 0.9


def test_a_straight_association_is_left_alone() -> None:
    outcome, covariates = simulate(lambda x: 0.3 * (x - 10))
    result = estimate_spline(outcome, covariates, "x")
    assert result.test.p_value is not None and result.test.p_value > 0.05
    terms = {t.variable: t for t in estimate_odds_ratios(outcome, covariates).terms if not t.is_reference}
    assert terms["x"].odds_ratio.value is not None
    assert result.straight == pytest.approx(math.log(terms["x"].odds_ratio.value), rel=1e-7)
    # Both are measured from the median, where the limits meet.
    assert result.reference is not None and result.straight is not None
    assert abs(result.log_odds_ratio[np.abs(result.grid - result.reference).argmin()]) < 0.05
    frame = result.to_frame()
    assert np.log(frame["straight"]).to_numpy() == pytest.approx(result.straight * (result.grid - result.reference))
    assert np.log(frame["estimate"]).to_numpy() == pytest.approx(result.log_odds_ratio)


def test_separated_data_are_fitted_by_the_penalised_likelihood() -> None:
    outcome, covariates = read("endometrial")
    result = estimate_spline(outcome, covariates, "PI")
    assert result.method == "firth" and result.reason is None
    assert result.test.p_value is not None
    forced = estimate_spline(outcome, covariates, "PI", method="ml")
    assert forced.reason == Reason("curve-separated")
    assert forced.test.reason == forced.reason and forced.to_frame().empty


@pytest.mark.parametrize(
    ("outcome", "values", "reason"),
    [
        ([], [], Reason("no-patients")),
        ([1], [2.0], Reason("all-had-event")),
        ([0, 0], [1.0, 2.0], Reason("no-events")),
        ([0, 1], [1.0, 2.0], None),
        ([0, 1, 0, 1], [1.0, 1.0, 2.0, 2.0], None),
        ([0, 1, 0], [3.0, 3.0, 3.0], Reason("few-values")),
    ],
)
def test_few_patients_give_a_reason_or_a_result(outcome: list[int], values: list[float], reason: str | None) -> None:
    result = estimate_spline(outcome, pd.DataFrame({"x": pd.Series(values, dtype=float)}), "x")
    if reason is not None:
        assert (result.reason, result.test.reason) == (reason, reason)
    assert (result.reason is None) == (len(result.grid) > 0)


def test_a_number_made_up_by_another_factor_has_no_curve_of_its_own() -> None:
    x = [1.0, 2, 3, 4] * 30
    frame = pd.DataFrame({"level": [str(v) for v in x], "x": x})
    outcome = [0, 1, 1, 0, 1, 0, 0, 1] * 15
    result = estimate_spline(outcome, frame, "x")
    assert result.reason == Reason("no-room-for-curve")


# --- Any patients ----------------------------------------------------------------------------------------------------


@st.composite
def patients(draw: st.DrawFn) -> tuple[list[int], pd.DataFrame, list[int]]:
    n = draw(st.integers(1, 40))
    outcome = draw(st.lists(st.integers(0, 1), min_size=n, max_size=n))
    levels = draw(st.lists(st.sampled_from("ab"), min_size=n, max_size=n))
    numbers = draw(st.lists(st.integers(0, 12).map(float), min_size=n, max_size=n))
    weight = draw(st.lists(st.integers(0, 6), min_size=n, max_size=n))
    return outcome, pd.DataFrame({"number": numbers, "level": levels}), weight


@given(patients(), st.sampled_from(["auto", "ml", "firth"]))
@settings(max_examples=60, deadline=None)
def test_weights_are_repeated_rows_and_nothing_is_without_a_reason(
    drawn: tuple[list[int], pd.DataFrame, list[int]], method: Method
) -> None:
    outcome, covariates, weight = drawn
    weighted = estimate_spline(outcome, covariates, "number", weight=weight, method=method)
    rows = np.repeat(np.arange(len(weight)), weight)
    repeated = estimate_spline(np.array(outcome)[rows], covariates.iloc[rows], "number", method=method)
    assert (weighted.reason, weighted.test.reason, weighted.method) == (
        repeated.reason,
        repeated.test.reason,
        repeated.method,
    )
    np.testing.assert_allclose(weighted.knots, repeated.knots)
    np.testing.assert_allclose(weighted.log_odds_ratio, repeated.log_odds_ratio, rtol=1e-5, atol=1e-6)
    if weighted.reason is None:
        assert np.isfinite(weighted.low).all() and np.isfinite(weighted.high).all()
        assert weighted.straight is not None and math.isfinite(weighted.straight)
        assert (weighted.test.p_value is None) == (weighted.test.reason is not None)
