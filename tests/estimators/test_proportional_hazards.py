"""Tests of proportional hazards against R's and by hand, and what they say where they cannot be done."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analytics.estimators.proportional_hazards import proportional_hazards_test
from analytics.results import ProportionalHazardsResult

REFERENCE = Path(__file__).parent.parent / "reference"
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
