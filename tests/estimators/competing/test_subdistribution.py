"""Fine–Gray models against R's cmprsk, equations solved by hand, and what must hold for any patients."""

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

from analytics.estimators import estimate_subdistribution_hazard_ratios
from analytics.results import HazardRatioResult, Name, Reason
from tests.estimators.said import said, words

REFERENCE = Path(__file__).parents[2] / "reference"
R = json.loads((REFERENCE / "competing_reference.json").read_text(encoding="utf-8"))
MODERATE = settings(max_examples=40, deadline=None)


def read_data(name: str) -> pd.DataFrame:
    return pd.read_csv(REFERENCE / f"competing_{name}.csv", float_precision="round_trip")


def name_of(case: dict[str, Any]) -> str:
    terms = case["terms"] if isinstance(case["terms"], list) else [case["terms"]]
    used = [case[key] for key in ("censoring", "weight") if isinstance(case[key], str)]
    return "-".join([case["data"], *terms, str(case["of"]), *used])


def columns_of(data: pd.DataFrame, terms: list[str]) -> pd.DataFrame:
    made: dict[str, Any] = {}
    for term in terms:
        made[term] = pd.Categorical(data[term[7:-1]]) if term.startswith("factor(") else data[term]
    return pd.DataFrame(made)


def fit(case: dict[str, Any]) -> HazardRatioResult:
    data = read_data(case["data"])
    terms = case["terms"] if isinstance(case["terms"], list) else [case["terms"]]
    named = {"weight": case["weight"], "censoring_group": case["censoring"]}
    options = {key: data[column] for key, column in named.items() if isinstance(column, str)}
    return estimate_subdistribution_hazard_ratios(
        data["time"], data["cause"], columns_of(data, terms), of=case["of"], **options
    )


def coefficients(result: HazardRatioResult) -> tuple[np.ndarray, np.ndarray]:
    frame = result.to_frame()
    frame = frame[~frame["is_reference"]]
    return np.log(frame["estimate"].to_numpy(float)), frame["std_error"].to_numpy(float)


# Against R


@pytest.mark.parametrize("case", R["models"], ids=name_of)
def test_coefficients_and_variances_equal_crr(case: dict[str, Any]) -> None:
    result = fit(case)
    beta, std_error = coefficients(result)
    variance = np.atleast_2d(np.array(case["variance"], dtype=float))
    np.testing.assert_allclose(beta, np.atleast_1d(case["coefficient"]), rtol=0, atol=1e-7)
    np.testing.assert_allclose(std_error, np.sqrt(np.diag(variance)), rtol=1e-7)
    assert result.log_likelihood == pytest.approx(case["log_likelihood"], rel=1e-12)
    assert (result.method, result.ties, result.std_error_type) == ("fine-gray", "breslow", "robust")
    assert result.reason is None


@pytest.mark.parametrize("case", R["models"], ids=name_of)
def test_wald_tests_use_the_covariance_of_crr(case: dict[str, Any]) -> None:
    result = fit(case)
    beta = np.atleast_1d(np.array(case["coefficient"], dtype=float))
    variance = np.atleast_2d(np.array(case["variance"], dtype=float))
    start = 0
    for test in result.tests:
        size = sum(t.variable == test.variable and not t.is_reference for t in result.terms)
        own = slice(start, start + size)
        expected = beta[own] @ np.linalg.solve(variance[own, own], beta[own])
        assert test.statistic == pytest.approx(expected, rel=1e-6, abs=1e-9)
        assert test.df == size
        start += size
    assert start == len(beta)


def test_reference_covers_ties_weights_and_censoring_groups() -> None:
    ties = read_data("ties")
    both = set(ties.loc[ties["cause"] == 0, "time"]) & set(ties.loc[ties["cause"] == 2, "time"])
    assert len(both) > 5 and 0 in ties["time"].to_numpy()
    assert {case["of"] for case in R["models"]} == {1, 2, 3}
    assert sum(isinstance(case["censoring"], str) for case in R["models"]) > 3


def test_other_coefficients_are_the_limits_where_one_runs_away() -> None:
    data = read_data("bmt")
    cause = data["cause"].mask((data["group"] == 2) & (data["cause"] == 1), 2)
    covariates = columns_of(data, ["factor(group)", "age", "fab"])
    result = estimate_subdistribution_hazard_ratios(data["time"], cause, covariates)
    beta, std_error = coefficients(result)
    assert R["limit"]["runaway"] < -10
    assert math.isnan(beta[0])
    np.testing.assert_allclose(beta[1:], R["limit"]["coefficient"], atol=1e-5)
    np.testing.assert_allclose(std_error[1:], R["limit"]["std_error"], rtol=1e-5)
    assert result.log_likelihood == pytest.approx(R["limit"]["log_likelihood"], abs=1e-4)
    n = int((data["group"] == 2).sum())
    assert result.terms[1].hazard_ratio.reason == Reason.of("none-with-event", n=n)
    (note,) = [note for note in result.notes if note.code == "separation"]
    assert f"None of the {n} patients with factor(group): 2 had the event" in words(note)
    assert result.tests[0].reason and result.tests[1].statistic is not None


# Worked out by hand


def test_four_patients_by_hand() -> None:
    # Risk sets at 1, 3 and 4: 2r + 2, r + 2 and r + 1; the score is 0 where r^2 - r - 4 = 0.
    result = estimate_subdistribution_hazard_ratios([1, 2, 3, 4], [1, 2, 1, 1], pd.DataFrame({"x": [1, 0, 0, 1]}))
    (term,) = result.terms
    ratio = (1 + math.sqrt(17)) / 2
    assert term.hazard_ratio.value == pytest.approx(ratio, rel=1e-10)
    assert (term.n, term.n_event, result.n, result.n_event, result.n_parameters) == (4, 3, 4, 3, 1)
    likelihood = ratio**2 / ((2 * ratio + 2) * (ratio + 2) * (ratio + 1))
    assert result.log_likelihood == pytest.approx(math.log(likelihood), rel=1e-12)


def test_censoring_lowers_the_weight_by_hand() -> None:
    # One of four is censored between the competing event at 1 and the events at 3 and 4: it stays with weight 3/4.
    # Risk sets: 2r + 7/4 and r + 7/4, so that 2r^2 = (7/4)^2.
    result = estimate_subdistribution_hazard_ratios(
        [1, 2, 3, 4, 5], [2, 0, 1, 1, 0], pd.DataFrame({"x": [0, 1, 1, 0, 1]})
    )
    assert result.terms[0].hazard_ratio.value == pytest.approx(1.75 / math.sqrt(2), rel=1e-10)


def test_limits_are_those_of_the_logarithm() -> None:
    data = read_data("bmt")
    result = estimate_subdistribution_hazard_ratios(data["time"], data["cause"], data[["age"]], conf_level=0.9)
    estimate = result.terms[0].hazard_ratio
    assert estimate.value is not None and estimate.std_error is not None and estimate.interval is not None
    assert estimate.interval.low == pytest.approx(estimate.value * math.exp(-1.6448536269514722 * estimate.std_error))
    assert estimate.interval.high == pytest.approx(estimate.value * math.exp(1.6448536269514722 * estimate.std_error))
    assert (estimate.interval.level, estimate.interval.method) == (0.9, "wald")
    assert result.terms[0].statistic == pytest.approx(math.log(estimate.value) / estimate.std_error)
    assert result.terms[0].p_value == pytest.approx(result.tests[0].p_value)


def test_units_do_not_matter() -> None:
    data = read_data("pbc")
    one = estimate_subdistribution_hazard_ratios(data["time"], data["cause"], data[["age"]], of=2)
    other = estimate_subdistribution_hazard_ratios(data["time"], data["cause"], data[["age"]] * 1e6 + 5e8, of=2)
    first, second = one.terms[0], other.terms[0]
    assert second.statistic == pytest.approx(first.statistic, rel=1e-6)
    assert other.log_likelihood == pytest.approx(one.log_likelihood)


# Not estimable

TWO = pd.DataFrame({"arm": ["a", "b"]})


@pytest.mark.parametrize(
    ("time", "cause", "covariates", "reason"),
    [
        ([], [], pd.DataFrame({"arm": pd.Categorical([], categories=["a", "b"])}), Reason("no-patients")),
        ([1, 2], [2, 0], TWO, Reason("no-events-of-cause")),
        ([1, 2], [0, 0], TWO, Reason("no-events-of-cause")),
    ],
)
def test_nothing_to_fit_says_why(time: Any, cause: Any, covariates: pd.DataFrame, reason: str) -> None:
    result = estimate_subdistribution_hazard_ratios(time, cause, covariates)
    assert (result.reason, result.log_likelihood, result.n_parameters) == (reason, None, 0)
    assert result.terms[0].is_reference
    assert result.terms[1].hazard_ratio.value is None
    assert result.tests[0].reason == reason
    assert result.n == len(time)


def test_two_patients_are_told_apart() -> None:
    result = estimate_subdistribution_hazard_ratios([1, 2], [1, 1], TWO)
    assert result.terms[1].hazard_ratio.value is None
    assert "monotone likelihood" in said(result.terms[1].hazard_ratio.reason)
    assert "separation" in {note.code for note in result.notes}
    assert result.log_likelihood == 0


def test_two_patients_at_one_time_have_no_uncertainty_to_estimate() -> None:
    result = estimate_subdistribution_hazard_ratios([1, 1], [1, 1], TWO)
    assert result.terms[1].hazard_ratio.value is None and result.terms[1].hazard_ratio.reason
    assert result.tests[0].statistic is None and result.tests[0].reason


def test_an_order_told_by_a_number_has_no_ratio() -> None:
    covariates = pd.DataFrame({"x": [6.0, 5, 4, 3, 2, 1]})
    result = estimate_subdistribution_hazard_ratios([1, 2, 3, 4, 5, 6], [1, 1, 1, 1, 0, 2], covariates)
    assert result.terms[0].hazard_ratio.value is None
    (note,) = [note for note in result.notes if note.code == "separation"]
    assert words(note).startswith("At every event, the patient was at the extreme of x among those at risk")


def test_what_is_finite_beside_an_order_is_fitted_within_equal_values() -> None:
    # Everybody with x has the event before all others: what is left compares z among equals, as strata would.
    time = np.array([1, 2, 3, 4, 5, 6, 7, 8])
    cause = np.array([1, 1, 1, 1, 0, 2, 1, 0])
    x, z = np.array([1, 1, 1, 0, 0, 0, 0, 0]), np.array([1.0, 0, 2, 1, 0, 3, 1, 0.2])
    result = estimate_subdistribution_hazard_ratios(time, cause, pd.DataFrame({"x": x, "z": z}))
    assert result.terms[0].hazard_ratio.value is None
    ratio = result.terms[1].hazard_ratio.value
    assert ratio is not None

    def score(beta: float) -> float:
        total = 0.0
        # G(7-) is 3/4, lowered by the censoring at 5, when four were left: weight 1 for the competing event at 6.
        for at, rows in ((0, [0, 1, 2]), (1, [1, 2]), (2, [2]), (3, [3, 4, 5, 6, 7]), (6, [5, 6, 7])):
            weight = np.exp(beta * z[rows])
            total += z[at] - float(weight @ z[rows] / weight.sum())
        return total

    assert score(math.log(ratio)) == pytest.approx(0, abs=1e-8)


def test_a_reference_level_without_events_leaves_no_ratio() -> None:
    data = read_data("bmt")
    cause = data["cause"].mask((data["group"] == 1) & (data["cause"] == 1), 2)
    result = estimate_subdistribution_hazard_ratios(data["time"], cause, columns_of(data, ["factor(group)", "age"]))
    reasons = [said(term.hazard_ratio.reason) for term in result.terms]
    assert all("of the reference level had the event" in reason for reason in reasons[1:3])
    assert result.terms[3].hazard_ratio.value is not None


def test_levels_that_cannot_be_told_keep_their_rows() -> None:
    covariates = pd.DataFrame(
        {
            "gone": pd.Categorical(["z", "a", "b", "a", "b"], categories=["a", "b", "never", "z"]),
            "same": [1, 1, 1, 1, 1],
            "twin": [1.0, 1, 2, 1, 2],
        }
    )
    result = estimate_subdistribution_hazard_ratios([1, 2, 3, 4, 5], [0, 1, 1, 1, 0], covariates)
    found = {(t.variable, t.level): t.hazard_ratio.reason for t in result.terms}
    assert found[("gone", "never")] == Reason("no-patients")
    assert found[("gone", "z")] == Reason("uninformative")
    assert found[("same", None)] == Reason.of("one-value", value=1.0)
    assert result.terms[1].hazard_ratio.value is not None
    # Among those at risk at the events, twin follows from gone; nothing in the data tells them apart.
    assert found[("twin", None)]
    assert {note.code for note in result.notes} >= {"uninformative", "single-level"}


def test_a_combination_of_covariates_is_named() -> None:
    data = read_data("bmt")
    covariates = data[["age"]].assign(again=2 * data["age"] + 1)
    result = estimate_subdistribution_hazard_ratios(data["time"], data["cause"], covariates)
    assert result.terms[0].hazard_ratio.value is not None
    assert result.terms[1].hazard_ratio.reason == Reason.of("collinear", names=(Name("age"),))
    assert [note.code for note in result.notes] == ["collinear"]


def test_without_covariates_only_the_likelihood_is_given() -> None:
    result = estimate_subdistribution_hazard_ratios([1, 2], [1, 1], pd.DataFrame(index=range(2)))
    assert (result.terms, result.tests) == ((), ())
    assert result.log_likelihood == pytest.approx(-math.log(2))
    assert result.to_frame().empty


# Refusals


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"of": 0}, "of must be the number of a cause"),
        ({"of": True}, "of must be the number of a cause"),
        ({"cause": [1, 0.5, 2]}, "cause must be a whole number >= 0: 1 of 3 value is not"),
        ({"cause": [1, 0]}, "cause must have one value per row: it has 2 for 3 times"),
        (
            {"covariates": pd.DataFrame({"x": [1, 2]})},
            "covariates must have one row per entry of time: 2 rows against 3",
        ),
        ({"covariates": pd.DataFrame({"x": [1, np.nan, 2]})}, "covariate 'x' is missing in 1 of 3 rows"),
        ({"censoring_group": ["a", None, "b"]}, "censoring_group must be known"),
        ({"weight": [1, -1, 1]}, "weight must be a whole number of patients"),
        ({"conf_level": 95}, "conf_level must lie between 0 and 1"),
    ],
)
def test_unusable_input_is_refused(options: dict[str, Any], message: str) -> None:
    arguments = {"time": [1, 2, 3], "cause": [1, 0, 2], "covariates": pd.DataFrame({"x": [1, 2, 3]}), **options}
    with pytest.raises(ValueError, match=message):
        estimate_subdistribution_hazard_ratios(**arguments)


# Properties

ROWS = st.lists(
    st.tuples(st.integers(0, 7), st.integers(0, 2), st.sampled_from("ab"), st.integers(-2, 2), st.integers(0, 1)),
    min_size=12,
    max_size=40,
)


def arrays(rows: list[tuple[int, int, str, int, int]]) -> dict[str, Any]:
    time, cause, arm, dose, clinic = zip(*rows, strict=True)
    covariates = pd.DataFrame({"arm": pd.Categorical(arm, categories=["a", "b"]), "dose": np.array(dose, dtype=float)})
    return {"time": np.array(time), "cause": np.array(cause), "covariates": covariates, "censoring_group": clinic}


def assert_same(one: HazardRatioResult, other: HazardRatioResult) -> None:
    assert (one.n, one.n_event, one.n_parameters, one.reason) == (
        other.n,
        other.n_event,
        other.n_parameters,
        other.reason,
    )
    for first, second in zip(one.terms, other.terms, strict=True):
        assert first.hazard_ratio.reason == second.hazard_ratio.reason
        if first.hazard_ratio.value is not None and not first.is_reference:
            assert first.hazard_ratio.value == pytest.approx(second.hazard_ratio.value, rel=1e-6)
            assert first.hazard_ratio.std_error == pytest.approx(second.hazard_ratio.std_error, rel=1e-6)


@MODERATE
@given(ROWS, st.data())
def test_weights_equal_repeated_rows(rows: list[Any], data: st.DataObject) -> None:
    weight = data.draw(st.lists(st.integers(0, 3), min_size=len(rows), max_size=len(rows)))
    repeated = [row for row, n in zip(rows, weight, strict=True) for _ in range(n)]
    if not repeated:
        return
    once = estimate_subdistribution_hazard_ratios(**arrays(rows), weight=weight)
    assert_same(once, estimate_subdistribution_hazard_ratios(**arrays(repeated)))


@MODERATE
@given(ROWS, st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(rows: list[Any], random: Any) -> None:
    shuffled = random.sample(rows, len(rows))
    one = estimate_subdistribution_hazard_ratios(**arrays(rows))
    assert_same(one, estimate_subdistribution_hazard_ratios(**arrays(shuffled)))


@MODERATE
@given(ROWS)
def test_without_early_censoring_competing_events_stay_to_the_end(rows: list[Any]) -> None:
    complete = [(time, max(cause, 1), arm, dose, clinic) for time, cause, arm, dose, clinic in rows]
    patients = arrays(complete)
    later = {**patients, "time": np.where(patients["cause"] == 2, 100, patients["time"])}
    later["cause"] = np.where(patients["cause"] == 2, 0, 1)
    for one in (patients, later):
        del one["censoring_group"]
    assert_same(estimate_subdistribution_hazard_ratios(**patients), estimate_subdistribution_hazard_ratios(**later))


@MODERATE
@given(ROWS)
def test_the_score_is_zero_and_nothing_runs_away(rows: list[Any]) -> None:
    patients = arrays(rows)
    result = estimate_subdistribution_hazard_ratios(**patients)
    values = [t.hazard_ratio.value for t in result.terms if t.hazard_ratio.value is not None]
    assert all(1e-6 < value < 1e6 for value in values)
    if result.reason is None and all(t.hazard_ratio.reason is None for t in result.terms):
        beta = np.array([math.log(t.hazard_ratio.value or 1) for t in result.terms if not t.is_reference])
        np.testing.assert_allclose(slow_score(patients, beta), 0, atol=1e-6)


def slow_score(patients: dict[str, Any], beta: np.ndarray) -> np.ndarray:
    """The derivative of the weighted partial likelihood, patient by patient."""
    time, cause = patients["time"], patients["cause"]
    clinic = np.array(patients["censoring_group"])
    x = np.column_stack([patients["covariates"]["arm"] == "b", patients["covariates"]["dose"]]).astype(float)

    def uncensored(t: int, where: int) -> float:
        own = clinic == where
        if t > time[own].max():
            return 0.0
        value = 1.0
        for u in np.unique(time[own & (cause == 0)]):
            if u < t or (u == t == 0):
                value *= 1 - (own & (cause == 0) & (time == u)).sum() / (own & (time >= u)).sum()
        return value

    total = np.zeros(2)
    for i in np.flatnonzero(cause == 1):
        weight = np.zeros(len(time))
        for j in range(len(time)):
            if time[j] >= time[i]:
                weight[j] = 1
            elif cause[j] == 2:
                weight[j] = uncensored(time[i], clinic[j]) / uncensored(time[j], clinic[j])
        weight *= np.exp(x @ beta)
        total += x[i] - weight @ x / weight.sum()
    return total
