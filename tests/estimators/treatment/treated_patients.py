"""Cases of treatment with their values in R, and what tests of treatment compare."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import strategies as st

from analytics.results import HazardRatioResult, TestResult

ROOT = Path(__file__).parents[3]
REFERENCE = ROOT / "tests" / "reference"
R = json.loads((REFERENCE / "treatment_reference.json").read_text(encoding="utf-8"))
COX: dict[str, Any] = {"rtol": 1e-7, "atol": 1e-8}


def read_data(name: str) -> pd.DataFrame:
    return pd.read_csv(REFERENCE / f"treatment_{name}.csv", float_precision="round_trip")


def assert_model(found: HazardRatioResult, expected: dict[str, Any]) -> None:
    terms = [term for term in found.terms if not term.is_reference]
    coefficients = np.atleast_1d(expected["coef"])
    assert found.reason is None
    assert len(terms) == len(coefficients)
    np.testing.assert_allclose([math.log(t.hazard_ratio.value or 0) for t in terms], coefficients, **COX)
    np.testing.assert_allclose([t.hazard_ratio.std_error for t in terms], np.atleast_1d(expected["std_error"]), **COX)
    np.testing.assert_allclose([t.p_value for t in terms], np.atleast_1d(expected["p_value"]), rtol=1e-6)
    assert found.log_likelihood == pytest.approx(expected["log_likelihood"], rel=1e-9)


def estimable(test: TestResult) -> tuple[float, int, float]:
    assert test.statistic is not None and test.df is not None and test.p_value is not None
    return test.statistic, test.df, test.p_value


# Laws


@st.composite
def patients(draw: st.DrawFn, first_time: int = 0) -> dict[str, Any]:
    n = draw(st.integers(1, 25))
    lists = lambda values: np.array(draw(st.lists(values, min_size=n, max_size=n)), dtype=float)  # noqa: E731
    return {
        "time": lists(st.integers(first_time, 9)),
        "event": lists(st.integers(0, 1)),
        "treated_at": lists(st.one_of(st.integers(0, 9), st.just(math.nan))),
    }
