"""Hazard ratios against R, against likelihoods written out by hand, and against what must hold for any patients."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analytics.estimators.concordance import concordance
from analytics.estimators.cox import estimate_hazard_ratios
from analytics.results import HazardRatio, HazardRatioResult

REFERENCE = Path(__file__).parent.parent / "reference"
R = json.loads((REFERENCE / "cox_reference.json").read_text())
FACTORS = {"ecog": "lung", "celltype": "veteran", "rx": "colon", "extent": "colon", "disease": "kidney"}
CATEGORICAL = {
    "lung": ["ecog"],
    "veteran": ["celltype"],
    "colon": ["rx", "extent"],
    "colon_both": ["rx"],
    "kidney": ["disease"],
    "rotterdam": ["size"],
    "bmt": ["group"],
    "ties": ["arm"],
}


def read(name: str) -> pd.DataFrame:
    data = pd.read_csv(REFERENCE / f"cox_{name}.csv")
    for column in CATEGORICAL.get(name, []):
        data[column] = pd.Categorical(data[column])
    return data


def fitted(case: dict[str, Any], **options: Any) -> HazardRatioResult:
    data = read(case["data"])
    for argument, key in (
        ("entry", "entry"),
        ("strata", "strata"),
        ("cluster", "cluster"),
        ("sampling_weight", "share"),
    ):
        if case[key] is not None:
            options[argument] = data[case[key]]
    return estimate_hazard_ratios(
        data["time"], data["event"], data[case["covariates"]], ties=case["ties"], robust=case["robust"], **options
    )


def estimated(result: HazardRatioResult) -> list[HazardRatio]:
    return [term for term in result.terms if not term.is_reference and term.hazard_ratio.value is not None]


def logs(result: HazardRatioResult, what: str = "value") -> np.ndarray:
    numbers = []
    for term in estimated(result):
        source = term.hazard_ratio if what == "value" else term.hazard_ratio.interval
        numbers.append(math.log(getattr(source, what)))
    return np.array(numbers)


def errors(result: HazardRatioResult) -> np.ndarray:
    return np.array([term.hazard_ratio.std_error for term in estimated(result)])


def named(case: dict[str, Any]) -> str:
    parts = [
        case["data"],
        case["ties"],
        *(f"{k}-{case[k]}" for k in ("strata", "entry", "cluster", "share") if case[k]),
    ]
    return "_".join([*parts, "robust"] if case["robust"] else parts)


# --- R ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", R["models"], ids=named)
def test_model_agrees_with_r(case: dict[str, Any]) -> None:
    result = fitted(case)
    assert result.method == "ml" and result.reason is None
    np.testing.assert_allclose(logs(result), case["estimate"], rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(errors(result), case["std_error"], rtol=1e-7)
    assert result.log_likelihood == pytest.approx(case["log_likelihood"], rel=1e-11)
    robust = bool(case["robust"] or case["cluster"] or case["share"])
    assert result.std_error_type == ("robust" if robust else "model")
    assert result.test_type == ("robust Wald" if robust else "likelihood ratio")
    for test, expected in zip(result.tests, case["tests"], strict=True):
        assert test.df == expected["df"]
        assert test.statistic == pytest.approx(expected["statistic"], rel=1e-7, abs=1e-8)
    assert result.concordance is not None
    assert result.concordance.value == pytest.approx(case["concordance"], rel=1e-10)
    assert result.concordance.std_error == pytest.approx(case["concordance_se"], rel=1e-8)
    z = np.array([term.statistic for term in estimated(result)])
    np.testing.assert_allclose(z, np.array(case["estimate"]) / case["std_error"], rtol=1e-6, atol=1e-8)
    wald = np.array(case["estimate"]) + 1.959963984540054 * np.array(case["std_error"])
    np.testing.assert_allclose(logs(result, "high"), wald, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("case", [case for case in R["models"] if "profile" in case], ids=named)
def test_profile_limits_agree_with_r(case: dict[str, Any]) -> None:
    result = fitted(case, conf_type="profile")
    np.testing.assert_allclose(logs(result, "low"), case["profile"]["low"], rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(logs(result, "high"), case["profile"]["high"], rtol=1e-7, atol=1e-8)
    assert {term.hazard_ratio.interval.method for term in estimated(result) if term.hazard_ratio.interval} == {
        "profile"
    }


@pytest.mark.parametrize("case", R["concordances"], ids=lambda c: f"{c['data']}-{c['score']}-{c['strata']}")
def test_concordance_agrees_with_r(case: dict[str, Any]) -> None:
    data = read(case["data"])
    options = {key: data[case[key]] for key in ("entry", "strata") if case[key] is not None}
    found = concordance(data["time"], data["event"], data[case["score"]], **options)
    assert found.value == pytest.approx(case["value"], rel=1e-12)
    assert found.std_error == pytest.approx(case["std_error"], rel=1e-10)
