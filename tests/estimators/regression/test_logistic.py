"""Odds ratios against R, against fractions worked out by hand, and against what must hold for any patients."""

from __future__ import annotations

import math
import time
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from firthmodels import FirthLogisticRegression, detect_separation
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.estimators import estimate_odds_ratios
from analytics.results import Name, OddsRatio, OddsRatioResult, Reason
from tests.estimators.regression.logistic_patients import REFERENCE, R, codes, fitted, read
from tests.estimators.said import words

COMPARED_BY_ML = ["birthwt", "pima", "lung", "infert", "esoph", "ucb", "titanic"]
COMPARED_BY_FIRTH = [*COMPARED_BY_ML, "endometrial", "zero_cell"]


def estimated(result: OddsRatioResult) -> list[OddsRatio]:
    return [term for term in result.terms if not term.is_reference]


def logs(result: OddsRatioResult, part: str = "value") -> np.ndarray:
    """Log odds ratios (or the limit named ``part``) of the terms that are no reference."""
    found = []
    for term in estimated(result):
        number = term.odds_ratio.value if part == "value" else getattr(term.odds_ratio.interval, part)
        found.append(math.nan if number is None else math.log(number))
    return np.array(found)


def numbers(entry: Any) -> np.ndarray:
    return np.atleast_1d(np.asarray(entry, dtype=float))


# --- R ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COMPARED_BY_ML)
def test_maximum_likelihood_equals_glm(name: str) -> None:
    result, entry = fitted(name, method="ml"), R[name]["ml"]
    assert result.method == "ml"
    assert (result.n, result.n_event) == (R[name]["n"], R[name]["n_event"])
    wald = [(t.odds_ratio.std_error, t.p_value_wald) for t in estimated(result)]
    std_error, p_value = (np.array(v) for v in zip(*wald, strict=True))
    np.testing.assert_allclose([t.p_value for t in estimated(result)], numbers(entry["p_single"]), rtol=1e-7)
    np.testing.assert_allclose(logs(result), numbers(entry["glm"]["coef"]), rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(std_error, numbers(entry["std_error"]), rtol=1e-8)
    np.testing.assert_allclose(p_value, numbers(entry["p_wald"]), rtol=1e-8)
    # summary(glm) takes its standard errors from the last step but one.
    np.testing.assert_allclose(std_error, numbers(entry["glm"]["std_error"]), rtol=1e-6)
    np.testing.assert_allclose([t.statistic for t in estimated(result)], numbers(entry["glm"]["z"]), rtol=1e-6)
    np.testing.assert_allclose(p_value, numbers(entry["glm"]["p_value"]), rtol=1e-5, atol=1e-30)
    assert result.log_likelihood == pytest.approx(entry["log_likelihood"], rel=1e-12)


@pytest.mark.parametrize("name", COMPARED_BY_ML)
def test_profile_limits_equal_root_found_limits(name: str) -> None:
    result, entry = fitted(name, method="ml"), R[name]["ml"]
    np.testing.assert_allclose(logs(result, "low"), numbers(entry["low"]), rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(logs(result, "high"), numbers(entry["high"]), rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("name", COMPARED_BY_ML)
def test_likelihood_ratio_tests_equal_drop1(name: str) -> None:
    result, entry = fitted(name, method="ml"), R[name]["ml"]["drop1"]
    assert [test.variable for test in result.tests] == list(np.atleast_1d(entry["term"]))
    assert [test.df for test in result.tests] == list(np.atleast_1d(entry["df"]))
    np.testing.assert_allclose([test.statistic for test in result.tests], numbers(entry["statistic"]), rtol=1e-8)
    np.testing.assert_allclose([test.p_value for test in result.tests], numbers(entry["p_value"]), rtol=1e-8)


@pytest.mark.parametrize("name", COMPARED_BY_FIRTH)
def test_firth_equals_brglm2(name: str) -> None:
    result, entry = fitted(name, method="firth"), R[name]["firth"]
    assert result.method == "firth"
    np.testing.assert_allclose(logs(result), numbers(entry["brglm2"]["coef"]), rtol=1e-8, atol=1e-10)
    std_error = [term.odds_ratio.std_error for term in estimated(result)]
    np.testing.assert_allclose(std_error, numbers(entry["brglm2"]["std_error"]), rtol=1e-8)
    assert result.log_likelihood == pytest.approx(entry["log_likelihood"], rel=1e-10)


@pytest.mark.parametrize("name", COMPARED_BY_FIRTH)
def test_penalised_limits_and_tests_equal_root_found_ones(name: str) -> None:
    result, entry = fitted(name, method="firth"), R[name]["firth"]
    np.testing.assert_allclose(logs(result, "low"), numbers(entry["low"]), rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(logs(result, "high"), numbers(entry["high"]), rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose([t.p_value for t in estimated(result)], numbers(entry["p_single"]), rtol=1e-8)
    for test, expected in zip(result.tests, entry["tests"], strict=True):
        assert test.df == expected["df"]
        assert test.statistic == pytest.approx(expected["statistic"], rel=1e-8)
        assert test.p_value == pytest.approx(expected["p_value"], rel=1e-8)


def test_endometrial_cancer_as_published() -> None:
    result, published = fitted("endometrial"), R["published"]
    assert result.method == "firth"
    assert codes(result) >= {"separation"}
    nv = result.terms[0].odds_ratio
    assert nv.interval is not None and nv.value and nv.interval.low and nv.interval.high
    assert round(math.log(nv.value), 3) == published["nv"]
    assert round(math.log(nv.interval.low), 3) == published["nv_low"]
    assert round(math.log(nv.interval.high), 3) == published["nv_high"]
    assert round(nv.std_error or 0, 3) == published["nv_std_error"]
    # The penalty keeps the information of the coefficient that is fixed: 6.80, not the 7.08 of the smaller model.
    assert result.tests[0].statistic == pytest.approx(6.7985, abs=1e-4)


def test_column_made_up_by_earlier_ones_is_left_out_as_in_r() -> None:
    data = pd.read_csv(REFERENCE / "logistic_alias.csv")
    result = estimate_odds_ratios(data["case"], data.drop(columns="case"))
    by_name = {term.variable: term for term in result.terms}
    assert R["alias"]["aliased"] == "total"
    assert by_name["total"].odds_ratio.reason == Reason.of("collinear", names=(Name("spontaneous"), Name("induced")))
    assert by_name["total"].p_value is None
    for name in ("spontaneous", "induced", "age"):
        assert math.log(by_name[name].odds_ratio.value or 0) == pytest.approx(R["alias"]["coef"][name], rel=1e-8)
    assert "collinear" in codes(result)
    assert result.n_parameters == 3
    tests = {test.variable: test for test in result.tests}
    # Dropping any one of the three loses nothing, because the other two make it up; age loses one parameter.
    assert all(tests[name].statistic is None and tests[name].reason for name in ("spontaneous", "induced", "total"))
    assert tests["age"].df == 1


def test_wald_limits_are_estimate_plus_and_minus_z_standard_errors() -> None:
    for name, method in (("birthwt", "ml"), ("endometrial", "firth")):
        result = fitted(name, method=method, conf_type="wald", conf_level=0.9)
        std_error = np.array([term.odds_ratio.std_error for term in estimated(result)])
        np.testing.assert_allclose(logs(result, "low"), logs(result) - 1.6448536269514722 * std_error, rtol=1e-10)
        np.testing.assert_allclose(logs(result, "high"), logs(result) + 1.6448536269514722 * std_error, rtol=1e-10)
        assert {t.odds_ratio.interval.method for t in estimated(result) if t.odds_ratio.interval} == {"wald"}


# --- other libraries -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["birthwt", "titanic"])
def test_statsmodels_agrees(name: str) -> None:
    outcome, covariates, weight = read(name)
    design = sm.add_constant(pd.get_dummies(covariates, drop_first=True).astype(float))
    # get_dummies puts numbers first; take R's order of columns back.
    wanted = [column for c in covariates for column in design if column == c or str(column).startswith(f"{c}_")]
    model = sm.GLM(outcome, design[["const", *wanted]], family=sm.families.Binomial(), freq_weights=weight)
    fit = model.fit(tol=1e-12, maxiter=100)
    result = fitted(name, method="ml")
    np.testing.assert_allclose(logs(result), fit.params[wanted], rtol=1e-8)
    np.testing.assert_allclose([t.odds_ratio.std_error for t in estimated(result)], fit.bse[wanted], rtol=1e-7)


def test_firthmodels_agrees() -> None:
    data = pd.read_csv(REFERENCE / "logistic_endometrial.csv")
    x = data[["NV", "PI", "EH"]].to_numpy(dtype=float)
    peer = FirthLogisticRegression(backend="numpy", gtol=1e-8, xtol=1e-8, max_iter=200).fit(x, data["HG"].to_numpy())
    result = fitted("endometrial", method="firth")
    np.testing.assert_allclose(logs(result), peer.coef_, rtol=1e-8)
    limits = peer.conf_int(method="pl", tol=1e-10, max_iter=100)[:3]
    np.testing.assert_allclose(np.column_stack([logs(result, "low"), logs(result, "high")]), limits, rtol=1e-6)


# --- by hand ---------------------------------------------------------------------------------------------------------

# Twelve patients: of 7 with a late relapse 2 died, of 5 with an early relapse 4 died.
TIMING = ["late"] * 7 + ["early"] * 5
DIED = [1, 1, 0, 0, 0, 0, 0, 1, 1, 1, 1, 0]


def test_twelve_patients_by_hand() -> None:
    timing = pd.DataFrame({"timing": pd.Categorical(TIMING, categories=["late", "early"])})
    result = estimate_odds_ratios(DIED, timing)
    reference, early = result.terms
    # (4/1) / (2/5) = 10, and the variance of its logarithm is 1/4 + 1/1 + 1/2 + 1/5 = 39/20.
    exact = Fraction(4, 1) / Fraction(2, 5)
    variance = Fraction(1, 4) + Fraction(1, 1) + Fraction(1, 2) + Fraction(1, 5)
    assert early.odds_ratio.value == pytest.approx(float(exact), rel=1e-12)
    assert early.odds_ratio.std_error == pytest.approx(math.sqrt(variance), rel=1e-12)
    assert (early.n, early.n_event, reference.n, reference.n_event) == (5, 4, 7, 2)
    assert (early.variable, early.level, early.is_reference) == ("timing", "early", False)
    assert reference.is_reference and reference.odds_ratio.value == 1.0
    assert reference.odds_ratio.interval is None and reference.p_value is None
    # log-likelihood of two binomials at 4/5 and 2/7, and of one at 6/12
    full = 4 * math.log(4 / 5) + math.log(1 / 5) + 2 * math.log(2 / 7) + 5 * math.log(5 / 7)
    assert result.log_likelihood == pytest.approx(full, rel=1e-14)
    (test,) = result.tests
    assert test.df == 1
    assert test.statistic == pytest.approx(2 * (full - 12 * math.log(1 / 2)), rel=1e-12)
    # One parameter and 6 events, 6 without: 6 per parameter.
    (note,) = result.notes
    assert (note.code, note.severity) == ("events-per-parameter", "info")
    assert "6.0" in words(note)


def test_zero_cell_is_the_odds_ratio_with_a_half_added() -> None:
    result = fitted("zero_cell")
    assert result.method == "firth"
    exact = Fraction(15, 2) / Fraction(1, 2) / (Fraction(11, 2) / Fraction(25, 2))
    assert result.terms[1].odds_ratio.value == pytest.approx(float(exact), rel=1e-10)
    (note,) = [note for note in result.notes if note.code == "separation"]
    assert note.severity == "caution"
    assert "All 7 patients with exposed: yes had the event" in words(note)


def test_zero_cell_by_maximum_likelihood_gives_a_reason() -> None:
    result = fitted("zero_cell", method="ml")
    term = result.terms[1]
    assert result.method == "ml"
    assert term.odds_ratio.value is None and term.p_value is None and term.statistic is None
    assert term.odds_ratio.reason == Reason.of("all-with-event", n=7)
    # The likelihood it approaches: the exposed contribute 0, the others have their own proportion.
    assert result.log_likelihood == pytest.approx(5 * math.log(5 / 17) + 12 * math.log(12 / 17), rel=1e-12)
    assert result.tests[0].df == 1
    pooled = 12 * math.log(12 / 24) + 12 * math.log(12 / 24)
    assert result.tests[0].statistic == pytest.approx(2 * ((result.log_likelihood or 0) - pooled), rel=1e-10)


def test_finite_terms_of_separated_data_are_those_of_the_other_patients() -> None:
    result = fitted("endometrial", method="ml")
    data = pd.read_csv(REFERENCE / "logistic_endometrial.csv")
    others = data[data["NV"] == 0]
    alone = estimate_odds_ratios(others["HG"], others[["PI", "EH"]])
    assert result.terms[0].odds_ratio.value is None
    assert result.terms[0].odds_ratio.reason == Reason.of("all-with-event", n=13, name=Name("NV", value=1.0))
    for term, other in zip(result.terms[1:], alone.terms, strict=True):
        assert term.odds_ratio.value == pytest.approx(other.odds_ratio.value, rel=1e-9)
        assert term.odds_ratio.interval and other.odds_ratio.interval
        assert term.odds_ratio.interval.low == pytest.approx(other.odds_ratio.interval.low, rel=1e-8)
    assert result.log_likelihood == pytest.approx(alone.log_likelihood, rel=1e-12)


def test_separation_by_a_combination_names_it() -> None:
    def separation(names: list[str], **options: Any) -> tuple[OddsRatioResult, str]:
        result = estimate_odds_ratios(outcome, x[names], weight=weight, **options)
        (note,) = [note for note in result.notes if note.code == "separation"]
        return result, words(note)

    # The event comes with u and v of a if b is y; ages of 7 and more tell it too.
    x = pd.DataFrame({"a": list("uuvvww"), "b": list("yzyzyz"), "age": [7.0, 2.0, 8.0, 3.0, 1.0, 2.5]})
    outcome, weight = [1, 0, 1, 0, 0, 0], [4, 3, 5, 2, 3, 3]
    result, text = separation(["age"])
    assert result.method == "firth"
    assert text.startswith("The outcome of 20 of 20 patients follows exactly from age. ")
    ml, _ = separation(["age"], method="ml")
    assert ml.terms[0].odds_ratio.value is None
    assert ml.log_likelihood == 0.0
    assert separation(["a"])[1].startswith("None of the 6 patients with a: w had the event. Maximum")
    result, text = separation(["a", "b"])
    assert text.startswith("None of the 6 patients with a: w had the event. None of the 8 patients with b: z had ")
    x["c"] = x["age"] + [0.0, 6.0, -6.0, 6.0, 0.0, 0.0]
    assert separation(["c", "age"])[1].startswith(
        "The outcome of 20 of 20 patients follows exactly from c and age together. "
    )


# --- what must hold for any patients ---------------------------------------------------------------------------------


@st.composite
def tables(draw: st.DrawFn, numeric: bool = True) -> tuple[np.ndarray, pd.DataFrame, np.ndarray]:
    """A few patients: one to three categorical covariates, perhaps a number, small weights; often separated."""
    size = draw(st.integers(1, 14))
    columns: dict[str, Any] = {}
    for index in range(draw(st.integers(1, 3))):
        levels = draw(st.integers(1, 3))
        picked = draw(st.lists(st.integers(0, levels - 1), min_size=size, max_size=size))
        columns[f"c{index}"] = pd.Categorical.from_codes(picked, categories=list("uvw")[:levels])
    if numeric and draw(st.booleans()):
        picked = draw(st.lists(st.integers(-3, 3), min_size=size, max_size=size))
        columns["z"] = np.array(picked, dtype=float)
    outcome = np.array(draw(st.lists(st.integers(0, 1), min_size=size, max_size=size)))
    weight = np.array(draw(st.lists(st.integers(0, 6), min_size=size, max_size=size)))
    return outcome, pd.DataFrame(columns), weight


def assert_finite(result: OddsRatioResult) -> None:
    """No NaN or infinity in any number of a result, and a reason wherever one is lacking."""
    for term in result.terms:
        odds_ratio = term.odds_ratio
        found = [odds_ratio.value, odds_ratio.std_error, term.p_value, term.statistic]
        if odds_ratio.interval is not None:
            found += [odds_ratio.interval.low, odds_ratio.interval.high]
            low, high = odds_ratio.interval.low, odds_ratio.interval.high
            assert odds_ratio.value is not None
            assert low is None or low <= odds_ratio.value * (1 + 1e-12)
            assert high is None or high >= odds_ratio.value * (1 - 1e-12)
        assert all(number is None or math.isfinite(number) for number in found)
        assert term.p_value is None or 0 <= term.p_value <= 1
        assert 0 <= term.n_event <= term.n <= result.n
        assert term.is_reference == (odds_ratio.value is not None and odds_ratio.std_error is None)
        if term.is_reference:
            assert odds_ratio.value == 1.0 and odds_ratio.interval is None
    for test in result.tests:
        assert (test.statistic is None) == (test.p_value is None) == (test.reason is not None)
        assert test.statistic is None or (math.isfinite(test.statistic) and test.statistic >= 0)
        assert test.p_value is None or 0 <= test.p_value <= 1
    assert result.log_likelihood is None or math.isfinite(result.log_likelihood)


@settings(max_examples=150, deadline=None)
@given(tables(), st.sampled_from(["auto", "ml", "firth"]), st.sampled_from(["profile", "wald"]))
def test_results_are_always_finite_or_give_a_reason(table: Any, method: Any, conf_type: Any) -> None:
    outcome, covariates, weight = table
    result = estimate_odds_ratios(outcome, covariates, weight=weight, method=method, conf_type=conf_type)
    assert_finite(result)
    assert len(result.tests) == covariates.shape[1]
    assert result.reason != Reason("not-converged")


@settings(max_examples=60, deadline=None)
@given(tables(), st.sampled_from(["auto", "ml"]), st.randoms(use_true_random=False))
def test_weights_are_repeated_rows_in_any_order(table: Any, method: Any, random: Any) -> None:
    outcome, covariates, weight = table
    weighted = estimate_odds_ratios(outcome, covariates, weight=weight, method=method)
    rows = np.repeat(np.arange(len(outcome)), weight)
    random.shuffle(rows)
    repeated = estimate_odds_ratios(outcome[rows], covariates.iloc[rows], method=method)
    assert weighted == repeated


def is_separated_by_programme(outcome: np.ndarray, covariates: pd.DataFrame, weight: np.ndarray) -> bool:
    """The answer of a linear programme over all patients, without the shortcuts."""
    keep = weight > 0
    x = pd.get_dummies(covariates[keep]).to_numpy(dtype=float)
    x = np.column_stack([np.ones(len(x)), x])
    kept: list[int] = []
    for index in range(x.shape[1]):
        if np.linalg.matrix_rank(x[:, [*kept, index]]) > len(kept):
            kept.append(index)
    return bool(detect_separation(x[:, kept], outcome[keep], fit_intercept=False).separation)


@settings(max_examples=250, deadline=None)
@given(tables())
def test_no_separation_is_missed_and_none_invented(table: Any) -> None:
    outcome, covariates, weight = table
    result = estimate_odds_ratios(outcome, covariates, weight=weight, conf_type="wald")
    if result.reason is not None:
        return
    separated = is_separated_by_programme(outcome, covariates, weight)
    assert ("separation" in codes(result)) == separated
    assert result.method == ("firth" if separated else "ml")


def test_separation_by_numbers_is_told_from_near_separation() -> None:
    rng = np.random.default_rng(11)
    seen = set()
    for _ in range(60):
        size = int(rng.integers(8, 30))
        x = pd.DataFrame(rng.normal(size=(size, 3)), columns=list("abc"))
        y = (x["a"] + 0.5 * x["b"] + rng.normal(scale=0.3, size=size) > 0).to_numpy(dtype=int)
        if 0 < y.sum() < size:
            expected = is_separated_by_programme(y, x, np.ones(size))
            seen.add(expected)
            assert (estimate_odds_ratios(y, x, conf_type="wald").method == "firth") == expected
    assert seen == {True, False}


@st.composite
def two_by_two(draw: st.DrawFn) -> list[int]:
    return [draw(st.integers(1, 400)) for _ in range(4)]


@settings(max_examples=60, deadline=None)
@given(two_by_two())
def test_one_binary_covariate_gives_the_cross_product_ratio(cells: list[int]) -> None:
    x = pd.DataFrame({"x": pd.Categorical(list("uuvv"))})
    result = estimate_odds_ratios([0, 1, 0, 1], x, weight=cells)
    a, b, c, d = cells
    assert result.method == "ml"
    assert result.terms[1].odds_ratio.value == pytest.approx(d * a / (c * b), rel=1e-9)
    halves = estimate_odds_ratios([0, 1, 0, 1], x, weight=cells, method="firth").terms[1].odds_ratio.value
    assert halves == pytest.approx((d + 0.5) * (a + 0.5) / ((c + 0.5) * (b + 0.5)), rel=1e-9)


def mixed_cohort(seed: int, size: int = 120) -> tuple[np.ndarray, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    x = pd.DataFrame(
        {
            "site": pd.Categorical(rng.choice(["a", "b", "c"], size), categories=["a", "b", "c"]),
            "late": pd.Categorical(rng.choice(["no", "yes"], size), categories=["no", "yes"]),
            "age": rng.normal(9, 4, size).round(1),
        }
    )
    eta = -0.5 + 0.8 * (x["site"] == "b") - 0.6 * (x["late"] == "yes") + 0.1 * (x["age"] - 9)
    return (rng.random(size) < 1 / (1 + np.exp(-eta))).astype(int), x


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["ml", "firth"]))
def test_flipped_outcome_and_swapped_reference_invert(seed: int, method: Any) -> None:
    outcome, x = mixed_cohort(seed)
    plain = estimate_odds_ratios(outcome, x, method=method)
    flipped = estimate_odds_ratios(1 - outcome, x, method=method)
    np.testing.assert_allclose(logs(flipped), -logs(plain), atol=1e-9)
    np.testing.assert_allclose(logs(flipped, "low"), -logs(plain, "high"), atol=1e-9)
    np.testing.assert_allclose(
        [t.p_value for t in estimated(flipped)], [t.p_value for t in estimated(plain)], rtol=1e-7
    )
    swapped = x.assign(late=x["late"].cat.reorder_categories(["yes", "no"]))
    other = estimate_odds_ratios(outcome, swapped, method=method)
    before = next(t.odds_ratio for t in plain.terms if t.variable == "late" and t.level == "yes")
    after = next(t.odds_ratio for t in other.terms if t.variable == "late" and t.level == "no")
    assert before.value and after.value and before.interval and after.interval
    assert before.interval.low and after.interval.high
    assert math.log(before.value) == pytest.approx(-math.log(after.value), abs=1e-9)
    assert math.log(before.interval.low) == pytest.approx(-math.log(after.interval.high), abs=1e-9)
    assert other.log_likelihood == pytest.approx(plain.log_likelihood, rel=1e-12)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.floats(-1e4, 1e4), st.floats(1e-2, 1e3), st.sampled_from(["ml", "firth"]))
def test_shift_and_unit_of_a_number(seed: int, shift: float, unit: float, method: Any) -> None:
    outcome, x = mixed_cohort(seed)
    plain = estimate_odds_ratios(outcome, x, method=method)
    moved = estimate_odds_ratios(outcome, x.assign(age=(x["age"] + shift) * unit), method=method)
    scale = np.array([1.0, 1.0, 1.0, unit])
    np.testing.assert_allclose(logs(moved) * scale, logs(plain), atol=1e-8)
    np.testing.assert_allclose(logs(moved, "high") * scale, logs(plain, "high"), atol=1e-8)


@pytest.mark.parametrize("method", ["ml", "firth"])
def test_a_limit_is_where_the_profile_has_fallen_by_half_the_quantile(method: Any) -> None:
    # The likelihood with the odds ratio held at its limit is that of the rest with an offset; statsmodels has one.
    outcome, x = mixed_cohort(7)
    result = estimate_odds_ratios(outcome, x[["late", "age"]], method="ml")
    high = result.terms[1].odds_ratio.interval
    assert high is not None and high.high is not None
    late = (x["late"] == "yes").to_numpy(dtype=float)
    design = sm.add_constant(x[["age"]])
    held = sm.GLM(outcome, design, family=sm.families.Binomial(), offset=math.log(high.high) * late).fit(tol=1e-12)
    assert 2 * ((result.log_likelihood or 0) - held.llf) == pytest.approx(3.8414588206941254, rel=1e-8)
    assert estimate_odds_ratios(outcome, x[["late", "age"]], method=method).terms[1].odds_ratio.interval is not None


# --- speed -----------------------------------------------------------------------------------------------------------


def tally_of_six(total: float) -> tuple[np.ndarray, pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(1)
    bits = np.repeat((np.arange(64)[:, None] >> np.arange(6)) & 1, 2, axis=0)
    outcome = np.tile([0, 1], 64)
    p = 1 / (1 + np.exp(1 - bits @ rng.normal(0, 0.5, 6)))
    weight = rng.poisson(total / 64 * np.where(outcome == 1, p, 1 - p))
    return outcome, pd.DataFrame({f"x{i}": pd.Categorical(bits[:, i].astype(str)) for i in range(6)}), weight


def test_ten_million_patients_cost_what_their_patterns_cost() -> None:
    outcome, covariates, weight = tally_of_six(1e7)
    assert weight.sum() > 9e6
    for method in ("auto", "firth"):
        spent = []
        for _ in range(15):
            start = time.process_time()
            result = estimate_odds_ratios(outcome, covariates, weight=weight, method=method)
            spent.append(time.process_time() - start)
        assert min(spent) < 0.010
        assert all(t.odds_ratio.interval and t.odds_ratio.interval.high for t in estimated(result))
