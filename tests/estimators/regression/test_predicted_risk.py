"""The risk of one patient against R: predict(..., se.fit), survfit(coxph) and predict.crr; and where there is none."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from analytics.estimators import fit_probabilities, predict_hazard_risk, predict_incidence, predict_risk
from analytics.reporting.withholding import govern

FOLDER = Path(__file__).parents[2] / "reference"
REFERENCE = json.loads((FOLDER / "predicted_risk_reference.json").read_text(encoding="utf-8"))
MODELS = json.loads((FOLDER / "logistic_reference.json").read_text(encoding="utf-8"))
Z = 1.959963984540054


def read_model(name: str) -> tuple[pd.Series, pd.DataFrame]:
    entry, data = MODELS[name], pd.read_csv(FOLDER / f"logistic_{name}.csv")
    for column, levels in entry.get("levels", {}).items():
        data[column] = pd.Categorical(data[column].astype(str), levels)
    return data[entry["outcome"]], data[entry["covariates"]]


def one_of(covariates: pd.DataFrame, row: int) -> dict[str, str | float]:
    return {name: v if isinstance(v, str) else float(v) for name, v in covariates.iloc[row].items()}


@pytest.mark.parametrize(
    ("name", "method"),
    [(name, m) for name in ("endometrial", "birthwt", "infert") for m in ("firth", "ml") if m in REFERENCE[name]],
)
def test_probability_and_interval_as_in_r(name: str, method: str) -> None:
    outcome, covariates = read_model(name)
    expected = REFERENCE[name][method]
    for row, fit, se in zip(REFERENCE[name]["rows"], expected["fit"], expected["se"], strict=True):
        found = predict_risk(outcome, covariates, one_of(covariates, row - 1), method=method)  # type: ignore[arg-type]
        interval = found.risk.interval
        assert interval is not None
        assert interval.method == {"ml": "delta", "firth": "delta, penalised"}[method]
        assert found.risk.value == pytest.approx(expit(fit), rel=1e-6)
        assert found.risk.std_error == pytest.approx(se, rel=1e-6)
        assert (interval.low, interval.high) == pytest.approx((expit(fit - Z * se), expit(fit + Z * se)), rel=1e-6)


def test_it_is_the_probability_of_the_fitted_model_and_the_steps_lead_to_it() -> None:
    outcome, covariates = read_model("birthwt")
    fitted = fit_probabilities(outcome, covariates).probability
    assert fitted is not None
    found = predict_risk(outcome, covariates, one_of(covariates, 6))
    assert found.risk.value == pytest.approx(fitted[6], rel=1e-10)
    assert [step.variable for step in found.steps] == list(covariates.columns)
    assert found.steps[0].before == found.average
    assert found.steps[-1].after == pytest.approx(found.risk.value, rel=1e-12)
    for step, then in zip(found.steps, found.steps[1:], strict=False):
        assert step.after == then.before
        assert math.log(step.after / (1 - step.after)) - math.log(step.before / (1 - step.before)) == pytest.approx(
            step.log_odds, abs=1e-10
        )


def test_weights_are_repeated_rows_and_patterns_that_nobody_has_are_predicted() -> None:
    outcome, covariates = read_model("birthwt")
    weight = np.arange(len(outcome)) % 3
    one = {**one_of(covariates, 6), str(covariates.columns[0]): float(covariates.iloc[:, 0].mean())}
    if isinstance(covariates.iloc[0, 0], str):
        one = one_of(covariates, 6)
    weighed = predict_risk(outcome, covariates, one, weight=weight)
    repeated = predict_risk(outcome.repeat(weight), covariates.loc[covariates.index.repeat(weight)], one)
    assert weighed.risk.value == pytest.approx(repeated.risk.value, rel=1e-9)
    assert weighed.risk.std_error == pytest.approx(repeated.risk.std_error, rel=1e-9)
    assert weighed.n == int(weight.sum())


def small() -> tuple[np.ndarray, pd.DataFrame]:
    rng = np.random.default_rng(5)
    outcome = (rng.random(60) < 0.4).astype(float)
    group = pd.Categorical(np.where(np.arange(60) % 2, "b", "a"), ["a", "b", "c"])
    return outcome, pd.DataFrame({"age": rng.uniform(1, 15, 60), "group": group})


@pytest.mark.parametrize(
    ("one", "code"),
    [
        ({"age": 5.0}, "covariates-not-known"),
        ({"age": 99.0, "group": "a"}, "outside-range"),
        ({"age": 5.0, "group": "c"}, "level-in-nobody"),
    ],
)
def test_there_is_no_risk_where_the_data_say_nothing_of_such_a_patient(one: dict[str, str | float], code: str) -> None:
    outcome, covariates = small()
    time = np.arange(1.0, 61.0)
    assert getattr(predict_risk(outcome, covariates, one).risk.reason, "code", None) == code
    by_hazard = predict_hazard_risk(time, outcome, covariates, one, [12.0])
    by_incidence = predict_incidence(time, outcome.astype(int), covariates, one, [12.0])
    for found in (*by_hazard.risks, *by_incidence.risks):
        assert getattr(found.reason, "code", None) == code


def test_without_events_there_is_no_risk() -> None:
    outcome, covariates = small()
    one = {"age": 5.0, "group": "a"}
    assert predict_risk(outcome * 0, covariates, one).risk.value is None
    assert predict_hazard_risk(np.arange(1.0, 61.0), outcome * 0, covariates, one, [12.0]).risks[0].value is None
    assert (
        predict_incidence(np.arange(1.0, 61.0), outcome.astype(int) * 0, covariates, one, [12.0]).risks[0].value is None
    )


def test_of_a_thin_model_no_risk_is_shown() -> None:
    outcome, covariates = small()
    few = np.where(np.cumsum(outcome) <= 6, outcome, 0.0)
    one = {"age": 5.0, "group": "a"}
    thin = predict_risk(few, covariates, one)
    assert thin.risk.value is not None
    shown = govern(thin)
    assert shown.risk.value is None
    assert shown.risk.reason is not None
    assert shown.risk.reason.code == "withheld"
    assert shown.steps == ()
    hazard = predict_hazard_risk(np.arange(1.0, 61.0), few, covariates, one, [12.0])
    assert govern(hazard).risks[0].value is None
    whole = predict_risk(outcome, covariates, one)
    assert govern(whole) is whole


@pytest.mark.parametrize("name", ["lung", "veteran"])
def test_by_a_cox_model_as_survfit_of_r(name: str) -> None:
    data = pd.read_csv(FOLDER / f"cox_{name}.csv")
    columns = {"lung": ["age", "sex", "ecog"], "veteran": ["celltype", "karno"]}[name]
    if name == "lung":
        data = data[["time", "event", "age", "sex", "ecog", "karno"]].dropna().reset_index(drop=True)
    else:
        data["celltype"] = pd.Categorical(data["celltype"], ["adeno", "large", "smallcell", "squamous"])
    expected = REFERENCE[name]
    for i, row in enumerate(expected["rows"]):
        one = one_of(data[columns], row - 1)
        found = predict_hazard_risk(data["time"], data["event"], data[columns], one, expected["times"])
        assert [risk.value for risk in found.risks] == pytest.approx(expected["risk"][i], rel=1e-6)
        limits = [(risk.interval.low, risk.interval.high) for risk in found.risks if risk.interval]
        assert [low for low, _ in limits] == pytest.approx(expected["low"][i], rel=1e-6)
        assert [high for _, high in limits] == pytest.approx(expected["high"][i], rel=1e-6)


def test_by_fine_and_grays_model_as_predict_of_cmprsk() -> None:
    data = pd.read_csv(FOLDER / "competing_pbc.csv")
    covariates = pd.DataFrame({"male": (data["sex"] == "m").astype(float), "age": data["age"], "bili": data["bili"]})
    expected = REFERENCE["pbc"]
    for i, row in enumerate(expected["rows"]):
        one = one_of(covariates, row - 1)
        found = predict_incidence(data["time"], data["cause"], covariates, one, expected["times"], of=2)
        assert [risk.value for risk in found.risks] == pytest.approx(expected["risk"][i], rel=1e-6)
        assert all(risk.interval is None for risk in found.risks)


def test_past_the_last_time_nothing_is_said() -> None:
    outcome, covariates = small()
    one, time = {"age": 5.0, "group": "a"}, np.arange(1.0, 61.0)
    for found in (
        predict_hazard_risk(time, outcome, covariates, one, [61.0]),
        predict_incidence(time, outcome.astype(int), covariates, one, [61.0]),
    ):
        assert found.risks[0].reason is not None
        assert found.risks[0].reason.code == "follow-up-ended"
