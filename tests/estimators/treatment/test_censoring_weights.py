"""Inverse probability of censoring weights: against R, and where there is nothing to weigh."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analytics.estimators import time_dependent_hazard_ratio, weighted_until
from analytics.results import Reason

REFERENCE = Path(__file__).parents[2] / "reference"
CASES = json.loads((REFERENCE / "censoring_weights_reference.json").read_text(encoding="utf-8"))["cases"]


def patients_of(case: dict[str, Any]) -> tuple[dict[str, Any], pd.DataFrame]:
    data = pd.read_csv(REFERENCE / case["file"], float_precision="round_trip")
    data = data[(data["time"] > 0) & (data[case["ended_at"]] != 0)].reset_index(drop=True)
    covariates = data[case["covariates"]].copy()
    for name in case["factors"] or ():
        covariates[name] = pd.Categorical(covariates[name].astype(str))
    arrays = {"time": data["time"], "event": data["event"], "treated_at": data[case["treated_at"]]}
    return {**arrays, "ended_at": data[case["ended_at"]]}, covariates


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["file"])
def test_ratio_error_and_weights_are_those_of_r(case: dict[str, Any]) -> None:
    arrays, covariates = patients_of(case)
    found = weighted_until(**arrays, covariates=covariates)
    assert found.model is not None and found.reason is None
    ratio = found.model.terms[1].hazard_ratio
    assert math.log(ratio.value or 0) == pytest.approx(case["coef"], rel=1e-6)
    assert ratio.std_error == pytest.approx(case["std_error"], rel=1e-6)
    assert (found.low, found.high) == pytest.approx((case["low"], case["high"]), rel=1e-6)
    assert found.n_ended == case["n_ended"]


def test_weights_equal_repeated_rows() -> None:
    arrays, covariates = patients_of(CASES[1])
    weight = np.arange(len(covariates)) % 3
    one = weighted_until(**arrays, covariates=covariates, weight=weight)
    place = np.repeat(np.arange(len(weight)), weight)
    repeated = {name: values.iloc[place].reset_index(drop=True) for name, values in arrays.items()}
    other = weighted_until(**repeated, covariates=covariates.iloc[place].reset_index(drop=True))
    assert one.model is not None and other.model is not None
    assert one.model.terms[1].hazard_ratio == other.model.terms[1].hazard_ratio


def test_a_variable_that_tells_nothing_leaves_the_ratio_as_it_is() -> None:
    arrays, covariates = patients_of(CASES[1])
    found = weighted_until(**arrays, covariates=pd.DataFrame({"one": np.ones(len(covariates))}))
    stop = np.fmin(arrays["time"], arrays["ended_at"])
    event = np.where(arrays["ended_at"] <= arrays["time"], 0, arrays["event"])
    began = arrays["treated_at"].where(~(arrays["treated_at"] >= arrays["ended_at"]))
    plain = time_dependent_hazard_ratio(stop, event, began)
    assert found.reason is not None or (
        found.model is not None
        and found.model.terms[1].hazard_ratio.value == pytest.approx(plain.terms[1].hazard_ratio.value, rel=1e-8)
    )


@pytest.mark.parametrize(
    ("event", "ended", "names", "reason"),
    [
        ([0, 0, 0], [2, None, None], ["a"], Reason("no-events")),
        ([1, 0, 1], [None, None, None], ["a"], Reason("nobody-ended")),
        ([1, 0, 1], [None, 2, None], [], Reason("nothing-tells-who-ended")),
    ],
)
def test_without_anything_to_weigh_there_is_a_reason(event: Any, ended: Any, names: Any, reason: Reason) -> None:
    covariates = pd.DataFrame({name: [1.0, 2.0, 3.0] for name in names}, index=range(3))
    found = weighted_until([3, 4, 5], event, [1, None, 2], ended, covariates)
    assert found.model is None and found.reason == reason
