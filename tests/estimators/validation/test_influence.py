"""Odds ratios without one patient against R, against fitting again by hand, and against what must hold for any patients."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.estimators import estimate_influence, estimate_odds_ratios
from analytics.estimators.regression.logistic import Method
from analytics.estimators.validation import influence
from analytics.results import InfluenceResult, Reason

REFERENCE = Path(__file__).parents[2] / "reference"
MODELS = json.loads((REFERENCE / "logistic_reference.json").read_text())
R = json.loads((REFERENCE / "model_checks_reference.json").read_text())["influence"]


def read(name: str) -> tuple[pd.Series, pd.DataFrame]:
    """Outcome and covariates of a data set, its categories in R's order."""
    entry = MODELS[name]
    data = pd.read_csv(REFERENCE / f"logistic_{name}.csv")
    for column, levels in entry["levels"].items() if entry["levels"] else ():
        data[column] = pd.Categorical(data[column].astype(str), categories=levels)
    return data[entry["outcome"]], data[entry["covariates"]]


def by_patient(result: InfluenceResult, outcome: Any, covariates: pd.DataFrame) -> np.ndarray:
    """The log odds ratios without each patient in turn: those of the patient's kind."""
    kinds = pd.DataFrame(covariates).astype(str).assign(_y=np.asarray(outcome)).apply(tuple, axis=1).tolist()
    place = {kinds[row]: i for i, row in enumerate(result.row)}
    return result.log_odds_ratio[[place[kind] for kind in kinds]]


# --- R ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["birthwt", "infert"])
def test_without_each_patient_equals_refits_of_r(name: str) -> None:
    outcome, covariates = read(name)
    result = estimate_influence(outcome, covariates)
    assert result.method == "ml" and result.n_patients == len(outcome) and result.reason is None
    without = np.array(R[name]["without"])
    np.testing.assert_allclose(by_patient(result, outcome, covariates), without, rtol=1e-8, atol=1e-9)
    # dfbeta() is the whole less the one without, in the one-step approximation: near, and ordered alike.
    full = np.array([c.log_odds_ratio for c in result.coefficients])
    exact, approximate = full - without, np.array(R[name]["dfbeta"])
    errors = np.array([c.std_error for c in result.coefficients])
    assert np.abs((exact - approximate) / errors).max() < 0.25
    for j in range(exact.shape[1]):
        assert np.corrcoef(exact[:, j], approximate[:, j])[0, 1] > 0.95


def test_penalised_without_each_patient_equals_refits_of_brglm2() -> None:
    outcome, covariates = read("endometrial")
    result = estimate_influence(outcome, covariates)
    assert result.method == "firth"
    expected = np.array(R["endometrial"]["without"])
    np.testing.assert_allclose(by_patient(result, outcome, covariates), expected, rtol=1e-7, atol=1e-8)


# --- By hand ---------------------------------------------------------------------------------------------------------

# Twelve patients: with the factor 4 of 6 had the event, without it 2 of 6.
FACTOR = ["no"] * 6 + ["yes"] * 6
EVENT = [1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0]


def test_a_table_of_two_by_two_without_one_patient() -> None:
    result = estimate_influence(EVENT, pd.DataFrame({"factor": FACTOR}))
    assert [(c.variable, c.level) for c in result.coefficients] == [("factor", "yes")]
    assert result.coefficients[0].log_odds_ratio == pytest.approx(math.log((4 / 2) / (2 / 4)), abs=1e-12)
    error = math.sqrt(1 / 4 + 1 / 2 + 1 / 2 + 1 / 4)
    assert result.coefficients[0].std_error == pytest.approx(error, abs=1e-12)
    assert result.row.tolist() == [2, 0, 10, 6]
    assert result.n.tolist() == [4, 2, 2, 4]
    assert result.event.tolist() == [0, 1, 0, 1]
    ratios = [(4 / 2) / (2 / 3), (4 / 2) / (1 / 4), (4 / 1) / (2 / 4), (3 / 2) / (2 / 4)]
    assert np.exp(result.log_odds_ratio[:, 0]).tolist() == pytest.approx(ratios, abs=1e-10)
    assert result.change[:, 0] == pytest.approx((np.log(ratios) - math.log(4)) / error, abs=1e-10)
    frame = result.to_frame()
    assert frame["without"].tolist() == pytest.approx(ratios, abs=1e-10)
    assert frame["estimate"].tolist() == pytest.approx([4.0] * 4)


def test_a_number_is_per_unit() -> None:
    x = np.array([1.0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]) * 100
    y = [0, 0, 1, 0, 0, 1, 0, 1, 1, 0, 1, 1]
    result = estimate_influence(y, pd.DataFrame({"x": x}))
    for i, row in enumerate(result.row):
        rest = np.arange(12) != row
        fitted = sm.Logit(np.array(y)[rest], sm.add_constant(x[rest] / 100)).fit(disp=0, tol=1e-14)
        assert 100 * result.log_odds_ratio[i, 0] == pytest.approx(fitted.params[1], rel=1e-7)


def test_the_last_patient_on_a_side_of_a_level_has_a_reason_instead_of_a_ratio() -> None:
    # One event without the factor: leaving it out separates the outcomes.
    event = [1, 0, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0]
    result = estimate_influence(event, pd.DataFrame({"factor": FACTOR}))
    lost = [i for i, reasons in enumerate(result.reasons) if reasons[0] is not None]
    assert [result.row[i] for i in lost] == [0]
    assert result.reasons[lost[0]][0] == Reason.of("none-with-event-in-reference", n=5)
    assert np.isnan(result.log_odds_ratio[lost[0], 0]) and np.isnan(result.change[lost[0], 0])
    frame = result.to_frame()
    assert frame["without"].isna().sum() == 1 and frame["reason"].notna().sum() == 1


def test_the_only_patient_of_a_level_takes_its_ratio_along_and_leaves_the_others() -> None:
    frame = pd.DataFrame({"level": pd.Categorical([*FACTOR, "rare"], categories=["no", "yes", "rare"])})
    result = estimate_influence([*EVENT, 1], frame, method="firth")
    (alone,) = np.flatnonzero(result.row == 12)
    assert result.reasons[alone] == (None, Reason("no-patients"))
    assert math.isfinite(result.log_odds_ratio[alone, 0])
    # With the only patient of the reference level gone, nothing compares with it any more.
    frame["level"] = frame["level"].cat.reorder_categories(["rare", "no", "yes"])
    result = estimate_influence([*EVENT, 1], frame, method="firth")
    (alone,) = np.flatnonzero(result.row == 12)
    assert result.reasons[alone] == (Reason("reference-lost"),) * 2
    assert np.isnan(result.log_odds_ratio[alone]).all()


@pytest.mark.parametrize(
    ("outcome", "covariates", "reason"),
    [
        ([], pd.DataFrame({"x": pd.Series([], dtype=float)}), Reason("no-patients")),
        ([1], pd.DataFrame({"x": [1.0]}), Reason("all-had-event")),
        ([0, 0], pd.DataFrame({"x": [1.0, 2.0]}), Reason("no-events")),
        ([0, 1, 1], pd.DataFrame({"x": [1.0, 1.0, 1.0]}), Reason("no-covariate-coefficient")),
        ([0, 1, 1], pd.DataFrame(index=range(3)), Reason("no-covariate-coefficient")),
    ],
)
def test_nothing_to_fit_gives_a_reason(outcome: list[int], covariates: pd.DataFrame, reason: str) -> None:
    result = estimate_influence(outcome, covariates)
    assert (result.reason, len(result.n), result.coefficients) == (reason, 0, ())
    assert result.to_frame().empty


def test_separated_data_by_maximum_likelihood_have_no_model_to_compare_with() -> None:
    result = estimate_influence([0, 0, 0, 1, 1], pd.DataFrame({"x": [1.0, 2, 3, 4, 5]}), method="ml")
    assert result.reason == Reason("no-maximum")


def test_two_patients_one_of_each_outcome() -> None:
    result = estimate_influence([0, 1], pd.DataFrame({"x": ["a", "b"]}))
    assert result.method == "firth" and result.reason is None
    assert [reasons[0] for reasons in result.reasons] == [Reason("all-had-event"), Reason("no-events")]


def test_most_refits_keeps_those_that_change_most() -> None:
    outcome, covariates = read("birthwt")
    every = estimate_influence(outcome, covariates)
    some = estimate_influence(outcome, covariates, most_refits=20)
    assert (len(some.n), some.n_kinds) == (20, every.n_kinds)
    size = np.abs(every.change).max(axis=1)
    strongest = set(every.row[np.argsort(-size)[:8]].tolist())
    assert strongest <= set(some.row.tolist())
    for i, row in enumerate(some.row):
        np.testing.assert_allclose(some.log_odds_ratio[i], every.log_odds_ratio[every.row == row][0], rtol=1e-12)
    with pytest.raises(ValueError, match="most_refits must be at least 1"):
        estimate_influence(outcome, covariates, most_refits=0)


def test_in_parts_is_the_same_as_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    outcome, covariates = read("birthwt")
    whole = estimate_influence(outcome, covariates)
    monkeypatch.setattr(influence, "NUMBERS_AT_ONCE", 1000)
    parts = estimate_influence(outcome, covariates)
    np.testing.assert_allclose(parts.log_odds_ratio, whole.log_odds_ratio, rtol=1e-12)


# --- Any patients ----------------------------------------------------------------------------------------------------


@st.composite
def patients(draw: st.DrawFn) -> tuple[list[int], pd.DataFrame, list[int]]:
    n = draw(st.integers(2, 25))
    outcome = draw(st.lists(st.integers(0, 1), min_size=n, max_size=n))
    levels = draw(st.lists(st.sampled_from("abc"), min_size=n, max_size=n))
    numbers = draw(st.lists(st.integers(0, 5).map(float), min_size=n, max_size=n))
    weight = draw(st.lists(st.integers(0, 3), min_size=n, max_size=n))
    return outcome, pd.DataFrame({"level": pd.Categorical(levels, list("abc")), "number": numbers}), weight


@given(patients(), st.sampled_from(["auto", "ml", "firth"]))
@settings(max_examples=60, deadline=None)
def test_every_refit_is_the_model_without_that_patient(
    drawn: tuple[list[int], pd.DataFrame, list[int]], method: Method
) -> None:
    outcome, covariates, weight = drawn
    result = estimate_influence(outcome, covariates, weight=weight, method=method)
    assert result.n_patients == sum(weight)
    if result.reason is not None:
        assert len(result.n) == 0
        return
    assert result.n.sum() == sum(weight)
    refit: Method = "firth" if result.method == "firth" else "ml"
    for i, row in enumerate(result.row):
        assert outcome[row] == result.event[i] and weight[row] > 0
        fewer = list(weight)
        fewer[row] -= 1
        alone = estimate_odds_ratios(outcome, covariates, weight=fewer, method=refit, conf_type="wald")
        terms = {(t.variable, t.level): t for t in alone.terms}
        for j, coefficient in enumerate(result.coefficients):
            ratio = terms[coefficient.variable, coefficient.level].odds_ratio
            if result.reasons[i][j] is None:
                assert ratio.value is not None
                assert result.log_odds_ratio[i, j] == pytest.approx(math.log(ratio.value), abs=1e-5)
            else:
                assert np.isnan(result.log_odds_ratio[i, j])


@given(patients())
@settings(max_examples=25, deadline=None)
def test_weights_are_repeated_rows(drawn: tuple[list[int], pd.DataFrame, list[int]]) -> None:
    outcome, covariates, weight = drawn
    weighted = estimate_influence(outcome, covariates, weight=weight)
    rows = np.repeat(np.arange(len(weight)), weight)
    repeated = estimate_influence(np.array(outcome)[rows], covariates.iloc[rows])
    assert weighted.reason == repeated.reason and weighted.reasons == repeated.reasons
    assert weighted.n.tolist() == repeated.n.tolist()
    np.testing.assert_allclose(weighted.log_odds_ratio, repeated.log_odds_ratio, atol=1e-9)
