"""Tests of proportional hazards against R's and by hand, and what they say where they cannot be done."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analytics.estimators import proportional_hazards_test
from analytics.results import Name, ProportionalHazardsResult, Reason

REFERENCE = Path(__file__).parents[2] / "reference"
CASES = [
    (case, zph)
    for case in json.loads((REFERENCE / "cox_reference.json").read_text())["models"]
    for zph in case["zph"]
    if case["cluster"] is None
]
CATEGORICAL = {"ecog", "celltype", "rx", "extent", "disease", "size", "group", "arm"}


def result_of(case: dict[str, Any], transform: str) -> ProportionalHazardsResult:
    data = pd.read_csv(REFERENCE / f"cox_{case['data']}.csv")
    covariates = data[case["covariates"]].copy()
    if case["data"] != "ovarian":
        for name in CATEGORICAL & set(covariates):
            covariates[name] = pd.Categorical(covariates[name])
    options = {key: data[case[key]] for key in ("entry", "strata") if case[key] is not None}
    return proportional_hazards_test(
        data["time"], data["event"], covariates, ties=case["ties"], transform=transform, **options
    )


@pytest.mark.parametrize(("case", "zph"), CASES, ids=lambda c: c.get("data") or c["transform"])
def test_tests_agree_with_r(case: dict[str, Any], zph: dict[str, Any]) -> None:
    result = result_of(case, zph["transform"])
    assert result.transform == zph["transform"] and result.reason is None
    tests = [*result.tests, result.global_test]
    np.testing.assert_allclose([test.statistic for test in tests], zph["statistic"], rtol=1e-7)
    assert [test.df for test in tests] == zph["df"]
    np.testing.assert_allclose([test.p_value for test in tests], zph["p"], rtol=1e-6)
    assert [test.variable for test in tests] == [*case["covariates"], "GLOBAL"]


@pytest.mark.parametrize(
    ("case", "zph"), [(c, z) for c, z in CASES if "beta" in z], ids=lambda c: c.get("data") or c["transform"]
)
def test_residuals_and_curves_agree_with_r(case: dict[str, Any], zph: dict[str, Any]) -> None:
    result = result_of(case, zph["transform"])
    time = np.array(zph["time"])
    assert len(result.coefficients) == len(zph["beta"])
    for found, beta, curve in zip(result.coefficients, zph["beta"], zph["curves"], strict=True):
        expected = np.array(beta, dtype=float)
        known = np.isfinite(expected)
        repeat = found.n_event.astype(int)
        order = np.lexsort((np.repeat(found.beta, repeat), np.repeat(found.time, repeat)))
        theirs = np.lexsort((expected[known], time[known]))
        np.testing.assert_allclose(np.repeat(found.time, repeat)[order], time[known][theirs])
        np.testing.assert_allclose(np.repeat(found.beta, repeat)[order], expected[known][theirs], rtol=1e-7, atol=1e-8)
        if curve is None:
            assert found.reason and not len(found.smooth)
            continue
        np.testing.assert_allclose(found.smooth, curve["smooth"], rtol=1e-7, atol=1e-8)
        np.testing.assert_allclose(found.high - found.smooth, curve["half"], rtol=1e-7)
        np.testing.assert_allclose(found.smooth - found.low, curve["half"], rtol=1e-7)
        assert found.grid[0] == pytest.approx(found.time[0]) and (np.diff(found.grid) >= 0).all()


# --- by hand ---------------------------------------------------------------------------------------------------------

# Twelve children after relapse: months to death or last follow-up, whether they died, and the time to relapse.
MONTHS = [2, 4, 4, 5, 7, 9, 9, 11, 12, 15, 18, 20]
DIED = [1, 1, 0, 0, 1, 1, 0, 1, 0, 1, 0, 0]
TIMING = ["early", "early", "late", "late", "early", "early", "early", "late", "early", "late", "late", "late"]


def twelve() -> pd.DataFrame:
    return pd.DataFrame({"timing": pd.Categorical(TIMING, categories=["late", "early"])})


def test_twelve_patients_by_hand() -> None:
    result = proportional_hazards_test(MONTHS, DIED, twelve(), transform="identity")
    (coefficient,) = result.coefficients
    h = math.exp(coefficient.coefficient)
    # Early relapses and late ones at risk at each death, and whether an early one died.
    at_risk = {2: (6, 6, 1), 4: (5, 6, 1), 7: (4, 4, 1), 9: (3, 4, 1), 11: (1, 4, 0), 15: (0, 3, 0)}
    share = {month: early * h / (early * h + late) for month, (early, late, _) in at_risk.items()}
    residual = {month: died - share[month] for month, (_, _, died) in at_risk.items()}
    assert sum(residual.values()) == pytest.approx(0.0, abs=1e-10)
    g = {month: month - 48 / 6 for month in at_risk}
    v = {month: p * (1 - p) for month, p in share.items()}
    score = sum(g[month] * residual[month] for month in at_risk)
    once, twice = (sum(g[month] ** power * v[month] for month in at_risk) for power in (1, 2))
    expected = score**2 / (twice - once**2 / sum(v.values()))
    assert result.tests[0].statistic == pytest.approx(expected, rel=1e-10)
    assert (result.tests[0].df, result.global_test.statistic) == (1, result.tests[0].statistic)
    np.testing.assert_array_equal(coefficient.time, list(at_risk))
    scaled = [residual[month] * 6 / sum(v.values()) + coefficient.coefficient for month in at_risk]
    np.testing.assert_allclose(coefficient.beta, scaled, rtol=1e-9)
    assert (coefficient.variable, coefficient.level, list(coefficient.n_event)) == ("timing", "early", [1.0] * 6)
    assert list(result.to_frame()["term"]) == ["timing", "GLOBAL"]


def test_a_hazard_ratio_that_turns_is_found() -> None:
    rng = np.random.default_rng(3)
    arm = np.repeat([0, 1], 400)
    first, second = rng.exponential(10, 800), rng.exponential(10, 800)
    hazard = np.where(arm == 1, 4.0, 1.0)
    # Four times the hazard before two months in one arm, a quarter of it afterwards.
    months = np.where(first / hazard < 2, first / hazard, 2 + second * hazard)
    result = proportional_hazards_test(months, np.ones(800), pd.DataFrame({"arm": arm}))
    (coefficient,) = result.coefficients
    assert result.tests[0].p_value is not None and result.tests[0].p_value < 1e-10
    early, late = (
        coefficient.smooth[coefficient.grid < 1],
        coefficient.smooth[(coefficient.grid > 8) & (coefficient.grid < 20)],
    )
    assert early.min() > 0.5 and late.max() < -0.5 and (coefficient.low <= coefficient.high).all()


@pytest.mark.parametrize("transform", ["km", "identity", "rank", "log"])
def test_weights_are_repeated_rows(transform: Any) -> None:
    data = pd.read_csv(REFERENCE / "cox_ties.csv")
    data["time"] += 1
    copies = (np.arange(len(data)) * 7) % 4
    again = np.repeat(np.arange(len(data)), copies)
    x = data[["arm", "x"]]
    options = {"strata": data["block"]}
    one = proportional_hazards_test(data["time"], data["event"], x, weight=copies, transform=transform, **options)
    other = proportional_hazards_test(
        data["time"].iloc[again],
        data["event"].iloc[again],
        x.iloc[again],
        strata=data["block"].iloc[again],
        transform=transform,
    )
    for left, right in zip((*one.tests, one.global_test), (*other.tests, other.global_test), strict=True):
        assert left.statistic == pytest.approx(right.statistic, rel=1e-9)
    for mine, theirs in zip(one.coefficients, other.coefficients, strict=True):
        np.testing.assert_allclose(mine.smooth, theirs.smooth, rtol=1e-7, atol=1e-9)
        np.testing.assert_allclose(mine.high, theirs.high, rtol=1e-7, atol=1e-9)
        assert mine.n_event.sum() == theirs.n_event.sum() == one.n_event


# --- what cannot be tested -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [0, 1, 2])
@pytest.mark.parametrize("died", [0, 1])
@pytest.mark.parametrize("transform", ["km", "identity", "rank", "log"])
def test_hardly_any_patients(n: int, died: int, transform: Any) -> None:
    x = pd.DataFrame({"site": pd.Categorical(list("ab")[:n], categories=["a", "b", "c"])})
    result = proportional_hazards_test([1.0, 2.0][:n], [died] * n, x, transform=transform)
    for test in (*result.tests, result.global_test):
        assert test.statistic is None and test.p_value is None and test.reason
    assert result.coefficients == () and result.n == n and len(result.to_frame()) == 2


def test_reasons() -> None:
    site = pd.DataFrame({"site": pd.Categorical(["b" if t == "late" else "a" for t in TIMING])})
    none_late = [int(d and t == "early") for d, t in zip(DIED, TIMING, strict=True)]
    assert proportional_hazards_test(MONTHS, none_late, site).reason == (
        Reason.of("infinite-hazard-ratios", names=(Name("site", "b"),))
    )
    at_zero = proportional_hazards_test([0, *MONTHS[1:]], DIED, twelve(), transform="log")
    assert at_zero.reason == Reason("no-logarithm-of-0")
    assert at_zero.tests[0].reason == at_zero.reason
    once = proportional_hazards_test([3] * 12, DIED, twelve())
    assert once.tests[0].reason == Reason("few-varying-times")
    assert once.coefficients[0].reason == Reason("few-times-for-curve")
    assert not len(once.coefficients[0].grid)
    constant = proportional_hazards_test(MONTHS, DIED, twelve().assign(one=1.0))
    assert constant.tests[1].reason == Reason.of("one-value", value=1.0) and constant.tests[0].statistic is not None
    strata = proportional_hazards_test(MONTHS, DIED, twelve(), strata=TIMING)
    assert strata.tests[0].reason == Reason("made-up-by-covariates-or-strata")


def test_wrong_options_are_named() -> None:
    with pytest.raises(ValueError, match="transform must be one of km, identity, rank, log: it is 'sqrt'"):
        proportional_hazards_test(MONTHS, DIED, twelve(), transform="sqrt")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="ties must be one of efron, breslow: it is 'exact'"):
        proportional_hazards_test(MONTHS, DIED, twelve(), ties="exact")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="conf_level must lie between 0 and 1"):
        proportional_hazards_test(MONTHS, DIED, twelve(), conf_level=95)
