"""Treatments that begin during follow-up: against R, and in the reference cohort."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.estimators import (
    ever_treated,
    landmark_profile,
    landmark_survival,
    logrank_test,
    mantel_byar_test,
    naive_hazard_ratio,
    simon_makuch,
    split_at_treatment,
    time_dependent_hazard_ratio,
)
from analytics.estimators.newton import Values
from analytics.estimators.regression.partial_likelihood import PartialLikelihood
from analytics.results import SurvivalResult
from tests.estimators.treatment.treated_patients import ROOT, R, assert_model, estimable, patients, read_data

CASES = R["cases"]
AT_LANDMARKS = [(case, at) for case in CASES for at in case.get("landmarks", [])]
CLOSE: dict[str, Any] = {"rtol": 1e-9, "atol": 1e-12}


def name_of(case: dict[str, Any]) -> str:
    return "-".join([case["data"], *case["states"]])


def name_of_landmark(value: Any) -> str:
    return name_of(value) if "data" in value else f"{value['landmark']:g}"


def columns(case: dict[str, Any], *, with_entry: bool = True) -> dict[str, Any]:
    """The patients of a case as arguments; the names of several states are those of their columns."""
    data = read_data(case["data"])
    states = case["states"]
    found: dict[str, Any] = {"time": data["time"], "event": data["event"], "treated_at": data[states[0]]}
    if len(states) > 1:
        found["treated_at"] = {state: data[state] for state in states}
    if case["weighted"]:
        found["weight"] = data["weight"]
    if with_entry and "entry" in data:
        found["entry"] = data["entry"]
    return found


def covariates_of(case: dict[str, Any]) -> pd.DataFrame:
    return read_data(case["data"])[case["covariates"]]


def strata_of(case: dict[str, Any]) -> Any:
    return read_data(case["data"])[case["strata"]]


def assert_curves(found: SurvivalResult, expected: list[dict[str, Any]]) -> None:
    filled = [curve for curve in found.curves if curve.n]
    assert [found.curves.index(curve) for curve in filled] == [curve["state"] for curve in expected]
    for curve, other in zip(filled, expected, strict=True):
        # Before the first patient comes in, R lists the times at which others leave, with nobody at risk.
        rows = np.atleast_1d(other["n_risk"]) > 0
        keys = ("n_risk", "n_event", "estimate", "std_error", "low", "high")
        reference = {key: np.atleast_1d(np.array(other[key], dtype=float))[rows] for key in keys}
        assert len(curve.time) == rows.sum()
        np.testing.assert_allclose(curve.n_risk, reference["n_risk"])
        np.testing.assert_allclose(curve.n_event_at, reference["n_event"])
        np.testing.assert_allclose(curve.estimate, reference["estimate"], **CLOSE)
        positive = reference["estimate"] > 0
        np.testing.assert_allclose(curve.std_error[positive], reference["std_error"][positive], **CLOSE)
        np.testing.assert_allclose(curve.low[positive], reference["low"][positive], **CLOSE)
        np.testing.assert_allclose(curve.high[positive], reference["high"][positive], **CLOSE)


# Against R


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_rows_are_those_of_tmerge(case: dict[str, Any]) -> None:
    found = split_at_treatment(**columns(case))
    expected = case["rows"]
    np.testing.assert_array_equal(found.row, expected["row"])
    np.testing.assert_array_equal(found.state.codes, expected["state"])
    for name in ("entry", "time", "event"):
        np.testing.assert_allclose(getattr(found, name), expected[name], rtol=1e-13)


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_curves_with_switching_risk_sets_equal_survfit(case: dict[str, Any]) -> None:
    assert_curves(simon_makuch(**columns(case)), case["curves"])


@pytest.mark.parametrize("stratified", [False, True])
@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_mantel_byar_equals_the_score_test_of_r(case: dict[str, Any], stratified: bool) -> None:
    tests = case["stratified"] if stratified else case["tests"]
    assert stratified or len(tests) == 5
    for expected in tests or []:
        options = {key: expected[key] for key in ("weighting", "rho", "gamma")}
        found = mantel_byar_test(**columns(case), strata=strata_of(case) if stratified else None, **options)
        statistic, df, p_value = estimable(found)
        np.testing.assert_allclose([statistic, p_value], [expected["statistic"], expected["p_value"]], **CLOSE)
        np.testing.assert_allclose(found.observed, expected["observed"], **CLOSE)
        np.testing.assert_allclose(found.expected, expected["expected"], **CLOSE)
        assert df == expected["df"]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_time_dependent_models_equal_coxph(case: dict[str, Any]) -> None:
    patients = columns(case)
    assert_model(time_dependent_hazard_ratio(**patients), case["efron"])
    assert_model(time_dependent_hazard_ratio(**patients, ties="breslow"), case["breslow"])
    adjusted = time_dependent_hazard_ratio(**patients, covariates=covariates_of(case))
    assert_model(adjusted, case["adjusted"])
    assert adjusted.terms[0].variable == "treatment"
    if case["strata"]:
        others = covariates_of(case).drop(columns=case["strata"], errors="ignore")
        found = time_dependent_hazard_ratio(**patients, covariates=others, strata=strata_of(case))
        assert_model(found, case["stratified_cox"])


@pytest.mark.parametrize("case", [case for case in CASES if "naive" in case], ids=name_of)
def test_naive_comparison_equals_r(case: dict[str, Any]) -> None:
    expected, patients = case["naive"], columns(case)
    state = ever_treated(patients["time"], patients["event"], patients["treated_at"])
    weight = patients.get("weight")
    test = logrank_test(patients["time"], patients["event"], state, weight=weight)
    np.testing.assert_allclose([test.statistic, test.p_value], [expected["statistic"], expected["p_value"]], **CLOSE)
    found = naive_hazard_ratio(**patients)
    assert_model(found, expected["cox"])
    assert [term.n for term in found.terms] == expected["n"]
    assert found.notes[0].code == "immortal-time"
    assert_model(naive_hazard_ratio(**patients, covariates=covariates_of(case)), expected["adjusted"])


@pytest.mark.parametrize(("case", "expected"), AT_LANDMARKS, ids=name_of_landmark)
def test_landmark_analyses_equal_r(case: dict[str, Any], expected: dict[str, Any]) -> None:
    patients, landmark = columns(case), expected["landmark"]
    found = landmark_survival(**patients, landmark=landmark)
    for name in ("n", "n_event", "n_treated", "n_switch_later"):
        assert getattr(found, name) == expected[name], name
    total = patients["weight"].sum() if case["weighted"] else len(patients["time"])
    assert found.n + found.n_event_before + found.n_censored_before == total
    assert found.n == found.n_treated + found.n_untreated
    statistic, df, p_value = estimable(found.test)
    np.testing.assert_allclose([statistic, p_value], [expected["statistic"], expected["p_value"]], **CLOSE)
    assert df == expected["df"]
    assert_model(found.hazard_ratio, expected["cox"])
    if expected["curves"]:
        assert_curves(found.curves, expected["curves"])
    adjusted = landmark_survival(**patients, landmark=landmark, covariates=covariates_of(case))
    assert_model(adjusted.hazard_ratio, expected["adjusted"])


def test_heart_data_as_published_rows() -> None:
    data = read_data("heart")
    patients = {"time": data["time"], "event": data["event"], "treated_at": data["treated_at"]}
    assert_model(time_dependent_hazard_ratio(**patients), R["heart_rows"])
    assert mantel_byar_test(**patients).statistic == pytest.approx(R["heart_rows"]["score"], rel=1e-9)


# The reference cohort: relapses that involve the marrow, transplantation as the switch


@pytest.fixture(scope="module")
def marrow() -> dict[str, Any]:
    cohort = pd.read_csv(ROOT / "data" / "reference_cohort.csv")
    cohort = cohort[cohort["relapse_site"].fillna("").str.contains("marrow")]
    return {
        "time": cohort["os_relapse_days"],
        "event": cohort["os_relapse_event"],
        "treated_at": cohort["hsct_days"],
    }


def test_reference_cohort_loses_its_difference(marrow: dict[str, Any]) -> None:
    naive = logrank_test(marrow["time"], marrow["event"], ever_treated(**marrow))
    assert naive.p_value == pytest.approx(0.0272, abs=5e-5)
    term = time_dependent_hazard_ratio(**marrow).terms[1]
    interval = term.hazard_ratio.interval
    assert interval is not None
    assert [round(x or 0, 2) for x in (term.hazard_ratio.value, interval.low, interval.high)] == [0.45, 0.12, 1.62]
    assert term.p_value == pytest.approx(0.22, abs=0.005)
    assert (term.n, term.n_event) == (40, 6)
    months = time_dependent_hazard_ratio(marrow["time"] / 30.4375, marrow["event"], marrow["treated_at"] / 30.4375)
    assert months.terms[1].hazard_ratio.value == pytest.approx(term.hazard_ratio.value, rel=1e-9)


def test_reference_cohort_at_landmarks(marrow: dict[str, Any]) -> None:
    landmarks = [90, 120, 150, 180, 240]
    profile = landmark_profile(**marrow, landmarks=landmarks)
    assert [round(x.test.p_value or 0, 2) for x in profile[:4]] == [0.39, 0.28, 0.38, 0.90]
    assert profile[4].test.p_value == pytest.approx(0.025, abs=0.0005)
    assert [x.landmark for x in profile] == landmarks
    for light in profile:
        full = landmark_survival(**marrow, landmark=light.landmark)
        assert (light.test, light.hazard_ratio, light.notes) == (full.test, full.hazard_ratio, full.notes)
        assert light.curves.curves == () and len(full.curves.curves) == 2


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_a_profile_is_its_landmarks(data: st.DataObject) -> None:
    one = data.draw(patients())
    landmarks = np.arange(0, 11, 0.5)
    for light in landmark_profile(**one, landmarks=landmarks):
        full = landmark_survival(**one, landmark=light.landmark)
        assert light == replace(full, curves=light.curves)


@pytest.mark.slow
@pytest.mark.parametrize("ratio_conf_type", ["wald", "profile"])
def test_the_treatment_alone_is_reported_of_the_same_models(marrow: dict[str, Any], ratio_conf_type: str) -> None:
    rng = np.random.default_rng(5)
    size = len(marrow["time"])
    covariates = pd.DataFrame(
        {"kind": pd.Categorical(rng.choice(["a", "b", "c"], size)), "dose": rng.normal(size=size)}
    )
    options: dict[str, Any] = {"covariates": covariates, "ratio_conf_type": ratio_conf_type}
    landmarks = [5, 60, 120, 180, 365, 700]
    whole = landmark_profile(**marrow, landmarks=landmarks, **options)
    alone = landmark_profile(**marrow, landmarks=landmarks, **options, treatment_only=True)
    for every, own in zip(whole, alone, strict=True):
        terms, (test,) = own.hazard_ratio.terms, own.hazard_ratio.tests
        assert [term.level for term in terms] == [term.level for term in every.hazard_ratio.terms[: len(terms)]]
        assert {term.variable for term in terms} == {test.variable} == {every.hazard_ratio.terms[0].variable}
        for term, other in zip(terms, every.hazard_ratio.terms, strict=False):
            assert term.ratio.reason == other.ratio.reason
            assert (term.p_value or 0) == pytest.approx(other.p_value or 0, rel=1e-6)
            for limit in ("low", "high"):
                found, expected = (getattr(t.ratio.interval, limit, None) for t in (term, other))
                assert found == expected or found == pytest.approx(expected, rel=1e-7)
        assert (test.p_value or 0) == pytest.approx(every.hazard_ratio.tests[0].p_value or 0, rel=1e-6)
        assert (own.test, own.notes) == (every.test, every.notes)
        assert own.hazard_ratio.log_likelihood == every.hazard_ratio.log_likelihood


def test_many_landmarks_take_few_evaluations(marrow: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    evaluate = PartialLikelihood.evaluate
    counted: list[int] = []

    def counting(self: PartialLikelihood, beta: np.ndarray) -> Values:
        counted.append(len(beta))
        return evaluate(self, beta)

    monkeypatch.setattr(PartialLikelihood, "evaluate", counting)
    landmark_profile(**marrow, landmarks=(landmarks := np.linspace(60, 420, 25)))
    assert len(landmarks) < len(counted) < 10 * len(landmarks)
