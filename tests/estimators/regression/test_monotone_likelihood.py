"""Cox models without a maximum, Firth’s penalty, and limits that are reached."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog, minimize

from analytics.estimators import (
    estimate_hazard_ratios,
)
from analytics.estimators.regression import (
    monotone_likelihood,
    partial_maximum,
    risk_sets,
)
from analytics.results import Reason
from tests.estimators.regression.cox_patients import estimated, logs
from tests.estimators.said import words

# --- monotone likelihood ---------------------------------------------------------------------------------------------


def log_partial_likelihood(
    beta: np.ndarray, months: np.ndarray, event: np.ndarray, x: np.ndarray, penalised: bool, entry: Any = -math.inf
) -> float:
    """Efron's (penalised) log-likelihood from its definition, patient by patient."""
    total, information = 0.0, np.zeros((len(beta), len(beta)))
    hazard = np.exp(x @ beta)
    for moment in np.unique(months[event == 1]):
        dead = (months == moment) & (event == 1)
        d = int(dead.sum())
        total += float((x[dead] @ beta).sum())
        for step in range(d):
            share = np.where((entry < moment) & (months >= moment), np.where(dead, 1 - step / d, 1.0), 0.0) * hazard
            total -= math.log(share.sum())
            mean = share @ x / share.sum()
            information += (x - mean).T @ ((x - mean) * share[:, None]) / share.sum()
    return total + (0.5 * float(np.linalg.slogdet(information)[1]) if penalised else 0.0)


def scaled(x: pd.DataFrame) -> np.ndarray:
    return np.column_stack(
        [pd.get_dummies(x[c], drop_first=True) if x[c].dtype == "category" else x[c] for c in x]
    ).astype(float)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_firth_is_the_maximum_of_the_penalised_likelihood(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 18
    months, event = rng.integers(1, 9, n).astype(float), rng.integers(0, 2, n)
    x = pd.DataFrame({"arm": pd.Categorical(np.repeat(["a", "b", "c"], 6)), "x": rng.normal(size=n).round(2)})
    if seed % 2:
        event[12:] = 0
    result = estimate_hazard_ratios(months, event, x, method="auto" if seed % 2 else "firth")
    assert result.method == "firth" and result.conf_type == "profile"
    design = scaled(x)

    def height(beta: np.ndarray, *fixed: Any) -> float:
        full = np.insert(beta, fixed[0], fixed[1]) if fixed else beta
        return -log_partial_likelihood(full, months, event, design, True)

    def lowest(start: np.ndarray, *fixed: Any) -> float:
        options = {"xatol": 1e-10, "fatol": 1e-13, "maxiter": 4000, "maxfev": 8000}
        rough = minimize(height, start, args=fixed, method="BFGS", options={"gtol": 1e-9})
        return float(minimize(height, rough.x, args=fixed, method="Nelder-Mead", options=options).fun)

    beta = logs(result)
    peak = -height(beta)
    for index, step in itertools.product(range(3), (-1e-4, 1e-4)):
        moved = beta.copy()
        moved[index] += step
        assert -height(moved) < peak
    rough = minimize(height, np.zeros(3), method="BFGS", options={"gtol": 1e-9})
    # The gradient vanishes there: central differences of the definition.
    for index in range(3):
        step = np.eye(3)[index] * 1e-5
        assert (height(beta + step) - height(beta - step)) / 2e-5 == pytest.approx(0.0, abs=1e-8)
    np.testing.assert_allclose(beta, rough.x, atol=1e-5)
    assert result.log_likelihood == pytest.approx(log_partial_likelihood(beta, months, event, design, False), rel=1e-12)
    for index, term in enumerate(estimated(result)):
        others = np.delete(beta, index)
        fall = 2 * (peak + lowest(others, index, 0.0))
        assert term.p_value == pytest.approx(math.erfc(math.sqrt(max(fall, 0.0) / 2)), rel=1e-5, abs=1e-7)
        interval = term.hazard_ratio.interval
        assert interval is not None
        for limit in (interval.low, interval.high):
            if limit is not None:
                assert peak + lowest(others, index, math.log(limit)) == pytest.approx(3.841458820694124 / 2, abs=1e-7)


@pytest.mark.slow
def test_a_limit_lies_where_the_highest_of_several_maxima_meets_the_target() -> None:
    """At the upper limit of v0 another maximum of the other coefficients lies 1.9 lower, and hides it from a short search."""
    rng = np.random.default_rng(1035)
    n = int(rng.integers(6, 40))
    months, event = rng.integers(2, 12, n).astype(float), (rng.random(n) < 0.1 + 0.4 * rng.random()).astype(int)
    event[0] = 1
    event[np.flatnonzero(event)[5:]] = 0
    entry = np.where(rng.random(n) < 0.5, 0.0, months - rng.integers(1, 3, n))
    size = int(rng.integers(1, 5))
    x = pd.DataFrame({f"v{j}": rng.integers(0, 3, n) if j % 2 else rng.normal(size=n).round(2) for j in range(size)})
    result = estimate_hazard_ratios(months, event, x, entry=entry, method="firth")
    interval = estimated(result)[0].hazard_ratio.interval
    assert interval is not None and interval.high is not None
    design, beta = scaled(x), logs(result)

    def height(others: np.ndarray, first: float) -> float:
        return -log_partial_likelihood(np.insert(others, 0, first), months, event, design, True, entry)

    peak = -height(beta[1:], beta[0])
    starts = (beta[1:], *(4.0 * np.eye(size - 1)), *(-4.0 * np.eye(size - 1)))
    lows = [minimize(height, start, args=(math.log(interval.high),), method="BFGS").fun for start in starts]
    assert peak + min(lows) == pytest.approx(3.841458820694124 / 2, abs=1e-5)


def test_firth_in_closed_form() -> None:
    """Two patients: the first event decides. With p the share of the second, (1 - p) sqrt(p (1 - p)) is largest at 1/4."""
    result = estimate_hazard_ratios([1, 2], [1, 0], pd.DataFrame({"x": [0.0, 1.0]}))
    assert result.method == "firth"
    assert result.terms[0].hazard_ratio.value == pytest.approx(1 / 3, rel=1e-9)
    assert result.terms[0].hazard_ratio.std_error == pytest.approx(math.sqrt(16 / 3), rel=1e-8)


def test_level_without_events() -> None:
    x = pd.DataFrame({"site": pd.Categorical(list("aaaaaaabbbbb"))})
    months = [1, 2, 3, 4, 5, 6, 7, 2.5, 3.5, 4.5, 5.5, 8]
    event = [1, 1, 1, 0, 1, 1, 0, 0, 0, 0, 0, 0]
    result = estimate_hazard_ratios(months, event, x)
    assert result.method == "firth" and result.conf_type == "profile"
    note = result.notes[0]
    assert (note.code, note.severity) == ("separation", "caution")
    assert words(note).startswith("None of the 5 patients with site: b had the event. Maximum likelihood has no finite")
    ml = estimate_hazard_ratios(months, event, x, method="ml")
    term = ml.terms[1]
    assert ml.method == "ml" and ml.n_parameters == 1
    assert term.hazard_ratio.reason == Reason.of("none-with-event", n=5)
    assert term.p_value is None and term.statistic is None
    # In the limit only site a is left: 7, 6, 5, 3 and 2 at risk. Without the covariate: 12, 11, 9, 5 and 3.
    limit = -math.log(7 * 6 * 5 * 3 * 2)
    assert ml.log_likelihood == pytest.approx(limit, rel=1e-12)
    assert ml.tests[0].statistic == pytest.approx(2 * (limit + math.log(12 * 11 * 9 * 5 * 3)), rel=1e-10)
    turned = pd.DataFrame({"site": pd.Categorical(x["site"], categories=["b", "a"])})
    reason = estimate_hazard_ratios(months, event, turned, method="ml").terms[1].hazard_ratio.reason
    assert reason == Reason.of("none-with-event-in-reference", n=5)
    robust = estimate_hazard_ratios(months, event, x, robust=True)
    assert robust.method == "ml" and robust.terms[1].hazard_ratio.value is None


def is_monotone(months: np.ndarray, event: np.ndarray, entry: np.ndarray, block: np.ndarray, x: np.ndarray) -> bool:
    """True if some direction puts every event first among those at risk, from all pairs in one linear programme."""
    pairs = [
        x[i] - x[j]
        for i in np.flatnonzero(event)
        for j in range(len(x))
        if block[i] == block[j] and entry[j] < months[i] <= months[j]
    ]
    gaps = np.array(pairs)
    found = linprog(-gaps.sum(axis=0), A_ub=-gaps, b_ub=np.zeros(len(gaps)), bounds=(-1, 1), method="highs")
    return bool(-found.fun > 1e-7)


@pytest.mark.slow
@pytest.mark.parametrize("patterns", ["listed", "tabulated", "summed"])
@pytest.mark.parametrize("seed", range(40))
def test_monotone_likelihood_is_found_exactly(seed: int, patterns: str) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(6, 14))
    months, event = rng.integers(2, 9, n).astype(float), rng.integers(0, 2, n)
    event[0] = 1
    entry = np.where(rng.random(n) < 0.5, 0.0, months - rng.integers(1, 3, n))
    block = rng.integers(0, 2, n)
    x = pd.DataFrame({"a": rng.integers(0, 2, n), "b": rng.integers(0, 3, n), "c": rng.integers(0, 2, n)})
    with pytest.MonkeyPatch.context() as patch:
        if patterns == "tabulated":
            patch.setattr(monotone_likelihood, "MOST_LISTED", 0)
        if patterns == "summed":
            patch.setattr(risk_sets, "MAX_TABLE", 0)
            patch.setattr(risk_sets, "SMALL_TABLE", 0)
        result = estimate_hazard_ratios(months, event, x, entry=entry, strata=block)
        ml = estimate_hazard_ratios(months, event, x, entry=entry, strata=block, method="ml")
    expected = is_monotone(months, event, entry, block, x.to_numpy(float))
    assert (result.method == "firth") == expected
    infinite = [term.hazard_ratio.reason for term in ml.terms if term.hazard_ratio.reason]
    marked = [reason for reason in infinite if "with-event" in reason.code or reason.code == "monotone"]
    assert bool(marked) == expected
    for found in (result, ml):
        assert found.reason is None and found.log_likelihood is not None and found.log_likelihood <= 1e-9
        for test in found.tests:
            assert (test.statistic is None) == (test.reason is not None)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40))
def test_pairs_of_patterns_and_linear_programmes_lead_to_the_same_limit(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(8, 30))
    months, event = rng.integers(1, 12, n).astype(float), (rng.random(n) < 0.4).astype(int)
    x = pd.DataFrame({name: pd.Categorical.from_codes(rng.integers(0, 4, n), list("abcd")) for name in ("arm", "site")})
    event[(x["arm"] == "b") & (x["site"] != "c")] = 0
    # What happens late in one arm happens last of all: the arms are put in order wholly or in part.
    months += 9 * rng.integers(0, 2, 4)[x["arm"].cat.codes]
    covariates = x if seed % 2 else x[["arm"]]
    options = {"strata": rng.integers(0, 2, n) if seed % 3 else None, "weight": rng.integers(1, 4, n)}
    pairs = [estimate_hazard_ratios(months, event, covariates, method=method, **options) for method in ("ml", "auto")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(monotone_likelihood, "MOST_LISTED", 0)
        programmes = [
            estimate_hazard_ratios(months, event, covariates, method=method, **options) for method in ("ml", "auto")
        ]
    for one, other in zip(pairs, programmes, strict=True):
        pd.testing.assert_frame_equal(one.to_frame(), other.to_frame(), rtol=1e-9)
        assert one.method == other.method and one.notes == other.notes
        assert one.log_likelihood == pytest.approx(other.log_likelihood, rel=1e-12)
        for test, same in zip(one.tests, other.tests, strict=True):
            assert (test.df, test.reason) == (same.df, same.reason)
            if same.statistic is None or test.statistic is None:
                assert test.statistic is same.statistic
            else:
                assert test.statistic == pytest.approx(same.statistic, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_the_short_search_for_a_limit_ends_where_the_long_one_does(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(6, 40))
    months, event = rng.integers(1, 20, n).astype(float), (rng.random(n) < 0.5).astype(int)
    arm = rng.integers(0, 2 + seed % 2, n)
    event[0], event[arm == 1] = 1, 0
    x = pd.DataFrame({"arm": pd.Categorical.from_codes(arm, list("abc"))})
    result = estimate_hazard_ratios(months, event, x, method="firth")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(partial_maximum, "MOST_QUICK_STEPS", 0)
        longer = estimate_hazard_ratios(months, event, x, method="firth")
    pd.testing.assert_frame_equal(result.to_frame(), longer.to_frame(), rtol=1e-9)


@pytest.mark.parametrize("seed", range(8))
def test_limit_of_a_monotone_likelihood(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 40
    months, event = rng.integers(1, 15, n).astype(float), rng.integers(0, 2, n)
    x = pd.DataFrame({"arm": pd.Categorical(np.repeat(list("abcd"), 10)), "x": rng.normal(size=n).round(2)})
    event[30:] = 0
    result = estimate_hazard_ratios(months, event, x, method="ml")
    design = scaled(x)

    def height(beta: np.ndarray) -> float:
        return -log_partial_likelihood(np.array([beta[0], beta[1], -40.0, beta[2]]), months, event, design, False)

    best = minimize(height, np.zeros(3), method="BFGS", options={"gtol": 1e-8})
    assert result.log_likelihood == pytest.approx(-best.fun, rel=1e-9)
    np.testing.assert_allclose(logs(result), best.x, atol=1e-5)
    assert [term.level for term in result.terms if term.hazard_ratio.value is None] == ["d"]
