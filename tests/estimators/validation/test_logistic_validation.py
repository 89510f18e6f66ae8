"""Performance of logistic models against R, against counting by hand, and against what must hold for any patients."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from analytics.estimators import (
    estimate_brier,
    estimate_calibration,
    estimate_discrimination,
    estimate_odds_ratios,
    estimate_scaled_brier,
    fit_probabilities,
    optimism_by_bootstrap,
    variance_inflation,
)
from analytics.estimators.validation import optimism
from analytics.results import Estimate, Name, OptimismResult, Reason
from tests.estimators.said import words

REFERENCE = Path(__file__).parents[2] / "reference"
MODELS = json.loads((REFERENCE / "logistic_reference.json").read_text())
R = json.loads((REFERENCE / "logistic_validation_reference.json").read_text())
COMPARED = ["birthwt", "pima", "lung", "infert", "esoph", "ucb", "titanic", "endometrial"]


def read(name: str) -> tuple[pd.Series, pd.DataFrame, pd.Series | None]:
    """Outcome, covariates and weights of a data set, its categories in R's order."""
    entry = MODELS[name]
    data = pd.read_csv(REFERENCE / f"logistic_{name}.csv")
    for column, levels in entry["levels"].items() if entry["levels"] else ():
        data[column] = pd.Categorical(data[column].astype(str), categories=levels)
    return data[entry["outcome"]], data[entry["covariates"]], data[entry["weight"]] if entry.get("weight") else None


def repeated(weight: Any, *columns: Any) -> list[np.ndarray]:
    return [np.repeat(np.asarray(column), np.asarray(weight)) for column in columns]


def predicted(name: str) -> np.ndarray:
    outcome, covariates, weight = read(name)
    found = fit_probabilities(outcome, covariates, weight=weight).probability
    assert found is not None
    return np.nan_to_num(found, nan=0.5)  # rows without patients


def ends(estimate: Estimate) -> tuple[float | None, float | None]:
    assert estimate.interval is not None
    return estimate.interval.low, estimate.interval.high


# --- R ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["birthwt", "pima", "lung", "infert", "endometrial"])
def test_probabilities_equal_fitted_values(name: str) -> None:
    np.testing.assert_allclose(predicted(name), R[name]["probability"], rtol=1e-8, atol=1e-12)


def check_measures(outcome: Any, p: np.ndarray, weight: Any, expected: dict[str, Any], rtol: float) -> None:
    found, entry = estimate_discrimination(outcome, p, weight=weight), expected["discrimination"]
    assert found.value == pytest.approx(entry["auc"], abs=1e-10)
    assert found.std_error == pytest.approx(entry["std_error"], abs=1e-10)
    assert ends(found) == pytest.approx(entry["limits_95"], abs=1e-10)
    wider = estimate_discrimination(outcome, p, weight=weight, conf_level=0.8)
    assert ends(wider) == pytest.approx(entry["limits_80"], abs=1e-10)
    brier = estimate_brier(outcome, p, weight=weight)
    assert (brier.value, brier.std_error) == pytest.approx((expected["brier"], expected["brier_error"]), rel=rtol)
    assert estimate_scaled_brier(outcome, p, weight=weight).value == pytest.approx(expected["scaled_brier"], rel=rtol)
    result, entry = estimate_calibration(outcome, p, weight=weight), expected["calibration"]
    for estimate, part in (
        (result.in_the_large, "in_the_large"),
        (result.slope, "slope"),
        (result.intercept, "intercept"),
    ):
        assert estimate.value == pytest.approx(entry[part], rel=rtol, abs=1e-8)
        assert estimate.std_error == pytest.approx(entry[f"{part}_error"], rel=rtol)
        half = 1.959963984540054 * entry[f"{part}_error"]
        assert ends(estimate) == pytest.approx((entry[part] - half, entry[part] + half), rel=rtol, abs=1e-8)
    bounds = [group.low for group in result.groups] + [result.groups[-1].high]
    np.testing.assert_allclose(bounds, entry["breaks"], rtol=rtol)
    assert [group.observed.n for group in result.groups] == entry["n"]
    assert [group.observed.n_event for group in result.groups] == entry["n_event"]
    np.testing.assert_allclose([group.predicted for group in result.groups], entry["predicted"], rtol=rtol)


@pytest.mark.parametrize("name", COMPARED)
def test_measures_of_own_predictions_equal_r(name: str) -> None:
    outcome, _, weight = read(name)
    check_measures(outcome, predicted(name), weight, R[name]["own"], 1e-8)


@pytest.mark.parametrize("name", COMPARED[:-1])
def test_measures_of_wrong_predictions_equal_r(name: str) -> None:
    outcome, _, weight = read(name)
    p = predicted(name)
    wrong = 1.0 / (1.0 + np.exp(-0.3 - 1.7 * np.log(p / (1.0 - p))))
    check_measures(outcome, wrong, weight, R[name]["wrong"], 1e-8)


def test_predictions_with_many_ties_equal_r() -> None:
    outcome, covariates, _ = read("birthwt")
    p = np.clip(np.round(predicted("birthwt"), 1), 0.1, 0.9)
    check_measures(outcome, p, None, R["rounded"], 1e-8)
    found = estimate_discrimination(outcome, np.round(covariates["lwt"] / 25))
    assert found.value == pytest.approx(R["ties"]["auc"], abs=1e-10)
    assert found.value is not None and found.value < 0.5
    assert ends(found) == pytest.approx(R["ties"]["limits_95"], abs=1e-10)


@pytest.mark.parametrize("name", COMPARED)
def test_variance_inflation_equals_car(name: str) -> None:
    outcome, covariates, weight = read(name)
    found, entry = variance_inflation(outcome, covariates, weight=weight), R[name]["vif"]
    assert [v.variable for v in found] == entry["variable"]
    assert [v.df for v in found] == entry["df"]
    np.testing.assert_allclose([v.gvif for v in found], entry["gvif"], rtol=1e-8)
    np.testing.assert_allclose([v.scaled for v in found], entry["scaled"], rtol=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["birthwt", "pima"])
def test_optimism_equals_r_within_monte_carlo_error(name: str) -> None:
    outcome, covariates, _ = read(name)
    result, entry = optimism_by_bootstrap(outcome, covariates, replicates=600, seed=7), R[name]["optimism"]
    assert result.n_failed == 0
    for found, mean, error, sd in zip(result.measures, entry["mean"], entry["std_error"], entry["sd"], strict=True):
        assert found.optimism is not None and found.std_error is not None
        assert abs(found.optimism - mean) < 3.5 * math.hypot(error, found.std_error)
        assert found.std_error == pytest.approx(sd / math.sqrt(600), rel=0.15)


# --- By hand ---------------------------------------------------------------------------------------------------------

OUTCOME = [1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0]
SCORE = [0.9, 0.8, 0.5, 0.3, 0.8, 0.5, 0.5, 0.4, 0.3, 0.2, 0.2, 0.1]


def test_area_and_delong_variance_of_twelve_patients() -> None:
    # Of the 8 patients without the event, those with a lower score, ties half, for each of the 4 with it.
    with_event = [Fraction(8), Fraction(15, 2), Fraction(6), Fraction(7, 2)]
    # Of the 4 with the event, those with a higher score, ties half, for each of the 8 without it.
    without = [Fraction(3, 2), Fraction(5, 2), Fraction(5, 2), Fraction(3), Fraction(7, 2), *[Fraction(4)] * 3]
    area = sum(with_event) / 32
    assert area == sum(without) / 32 == Fraction(25, 32)
    variance = sum((v / 8 - area) ** 2 for v in with_event) / 3 / 4 + sum((v / 4 - area) ** 2 for v in without) / 7 / 8
    found = estimate_discrimination(OUTCOME, SCORE)
    assert found.value == float(area)
    assert found.std_error == pytest.approx(math.sqrt(variance), rel=1e-14)
    assert (found.n, found.n_event) == (12, 4)
    assert ends(found)[1] == 1.0


def test_brier_of_twelve_patients() -> None:
    tenths = [1, 2, 5, 7, 8, 5, 5, 4, 3, 2, 2, 1]  # how far each prediction is from the outcome
    brier = Fraction(sum(t * t for t in tenths), 1200)
    assert estimate_brier(OUTCOME, SCORE).value == pytest.approx(float(brier), rel=1e-14)
    scaled = 1 - brier / (Fraction(1, 3) * Fraction(2, 3))
    assert estimate_scaled_brier(OUTCOME, SCORE).value == pytest.approx(float(scaled), rel=1e-12)


def test_calibration_groups_of_twelve_patients() -> None:
    # In order: .1 .2 .2 .3 | .3 .4 .5 .5 | .5 .8 .8 .9; thirds of type 7 lie at places 11/3 and 22/3 from 0: .3 and .5.
    result = estimate_calibration(OUTCOME, SCORE, groups=3)
    assert [(g.low, g.high) for g in result.groups] == [(0.1, 0.3), (0.3, 0.5), (0.5, 0.9)]
    assert [(g.observed.n, g.observed.n_event) for g in result.groups] == [(5, 1), (4, 1), (3, 2)]
    np.testing.assert_allclose([g.predicted for g in result.groups], [0.22, 0.475, 2.5 / 3], rtol=1e-14)
    assert result.notes == ()
    frame = result.to_frame()
    assert list(frame["estimate"]) == [0.2, 0.25, pytest.approx(2 / 3)]
    assert set(frame["conf_type"]) == {"Wilson"}


def test_fewer_predictions_than_groups_make_fewer_groups() -> None:
    result = estimate_calibration([0, 1, 0, 1, 1], [0.2, 0.2, 0.2, 0.7, 0.7])
    # Quantiles between 0.2 and 0.7 bound groups without patients, which are left out.
    assert [g.observed.n for g in result.groups] == [3, 2]
    assert [note.code for note in result.notes] == ["groups-joined"]
    one = estimate_calibration([0, 1, 1], [0.4, 0.4, 0.4])
    assert [(g.low, g.high, g.observed.n) for g in one.groups] == [(0.4, 0.4, 3)]
    assert one.in_the_large.value == pytest.approx(math.log(2) - math.log(0.4 / 0.6), rel=1e-12)
    assert one.slope.reason == Reason("one-prediction")


def test_variance_inflation_of_two_numbers_is_that_of_their_coefficients() -> None:
    outcome, covariates, _ = read("pima")
    pair = covariates[["bmi", "skin"]]
    covariance = sm.Logit(outcome, sm.add_constant(pair.to_numpy(dtype=float))).fit(disp=0, tol=1e-12).cov_params()
    covariance = np.asarray(covariance)
    squared = covariance[1, 2] ** 2 / covariance[1, 1] / covariance[2, 2]
    for found in variance_inflation(outcome, pair):
        assert found.gvif == pytest.approx(1.0 / (1.0 - squared), rel=1e-7)
        assert found.scaled == pytest.approx(math.sqrt(1.0 / (1.0 - squared)), rel=1e-7)


def test_one_resample_equals_a_fit_of_repeated_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    outcome, covariates, _ = read("pima")  # every patient is a pattern of covariates
    drawn: list[tuple[np.ndarray, np.ndarray]] = []
    genuine = optimism.resample_patients

    def recording(rng: np.random.Generator, n: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        assert (n == 1).all()
        drawn.append(genuine(rng, n, y))
        return drawn[-1]

    monkeypatch.setattr(optimism, "resample_patients", recording)
    result = optimism_by_bootstrap(outcome, covariates, replicates=1, seed=3)
    order = np.lexsort([covariates[name] for name in reversed(covariates.columns)])
    x, y = sm.add_constant(covariates.to_numpy(dtype=float))[order], np.asarray(outcome, dtype=float)[order]
    counts = drawn[0][0].astype(int)
    assert counts.sum() == len(y)
    np.testing.assert_array_equal(drawn[0][1], counts * y)
    model = sm.Logit(np.repeat(y, counts), np.repeat(x, counts, axis=0)).fit(disp=0, tol=1e-12)
    p = np.asarray(model.predict(x))
    expected = [
        (estimate_discrimination(y, p, weight=w).value, estimate_calibration(y, p, weight=w).slope.value,
         estimate_brier(y, p, weight=w).value)
        for w in (counts, None)
    ]  # fmt: skip
    for found, inside, outside in zip(result.measures, *expected, strict=True):
        assert inside is not None and outside is not None
        assert found.optimism == pytest.approx(inside - outside, rel=1e-6, abs=1e-9)
        assert found.std_error is None


# --- What must hold --------------------------------------------------------------------------------------------------


def test_apparent_measures_are_those_of_the_fitted_probabilities() -> None:
    outcome, covariates, weight = read("esoph")
    result = optimism_by_bootstrap(outcome, covariates, weight=weight, replicates=3, seed=1)
    p = predicted("esoph")
    assert result.auc.apparent == pytest.approx(estimate_discrimination(outcome, p, weight=weight).value, rel=1e-12)
    assert result.brier.apparent == pytest.approx(estimate_brier(outcome, p, weight=weight).value, rel=1e-12)
    assert result.slope.apparent == pytest.approx(1.0, abs=1e-9)  # by maximum likelihood, in its own patients
    for m in result.measures:
        assert m.apparent is not None and m.optimism is not None
        assert m.corrected == m.apparent - m.optimism
    assert list(result.to_frame()["term"]) == ["AUC", "calibration slope", "Brier score"]


def test_resampling_everybody_once_shows_no_optimism(monkeypatch: pytest.MonkeyPatch) -> None:
    outcome, covariates, _ = read("lung")
    monkeypatch.setattr(optimism, "resample_patients", lambda rng, n, y: (n, y))
    result = optimism_by_bootstrap(outcome, covariates, replicates=2, seed=1)
    assert [m.optimism for m in result.measures] == [0.0, 0.0, 0.0]
    assert [m.std_error for m in result.measures] == [0.0, 0.0, 0.0]


def test_resamples_draw_each_patient_equally_often() -> None:
    n, y = np.array([3.0, 1.0, 6.0]), np.array([1.0, 0.0, 6.0])
    rng = np.random.default_rng(5)
    draws = [optimism.resample_patients(rng, n, y) for _ in range(4000)]
    patients, events = (np.array(part) for part in zip(*draws, strict=True))
    assert (patients.sum(axis=1) == 10).all()
    assert (events <= patients).all() and (events[:, 1] == 0).all() and (events[:, 2] == patients[:, 2]).all()
    np.testing.assert_allclose(patients.mean(axis=0), n, atol=0.12)
    np.testing.assert_allclose(events.mean(axis=0), y, atol=0.12)
    np.testing.assert_allclose(patients.var(axis=0), n * (1 - n / 10), rtol=0.1)


def test_seed_decides_and_progress_is_told() -> None:
    outcome, covariates, _ = read("birthwt")
    shares: list[float] = []
    first = optimism_by_bootstrap(outcome, covariates, replicates=5, seed=11, on_progress=shares.append)
    assert shares == [0.2, 0.4, 0.6, 0.8, 1.0]
    assert optimism_by_bootstrap(outcome, covariates, replicates=5, seed=11) == first
    assert optimism_by_bootstrap(outcome, covariates, replicates=5, seed=12).auc != first.auc


def test_bootstrap_stops_when_asked() -> None:
    outcome, covariates, _ = read("birthwt")
    done: list[float] = []
    result = optimism_by_bootstrap(
        outcome, covariates, replicates=50, seed=2, on_progress=done.append, should_stop=lambda: len(done) == 4
    )
    assert (result.n_drawn, result.auc.n_replicates, len(done)) == (4, 4, 4)
    assert result.notes[-1].code == "stopped"
    assert words(result.notes[-1]) == "The bootstrap was stopped after 4 of 50 resamples."
    assert result.auc == optimism_by_bootstrap(outcome, covariates, replicates=4, seed=2).auc
    none = optimism_by_bootstrap(outcome, covariates, replicates=50, seed=2, should_stop=lambda: True)
    assert none.reason == none.auc.reason == Reason("stopped")
    assert none.auc.apparent == result.auc.apparent and none.auc.corrected is None


def test_separated_resamples_are_penalised_or_counted_as_failed() -> None:
    # One of twelve exposed patients without the event: about a third of the resamples leave that one out.
    outcome = [1] * 11 + [0] + [1] * 6 + [0] * 12
    covariates = pd.DataFrame({"exposed": ["yes"] * 12 + ["no"] * 18})
    auto = optimism_by_bootstrap(outcome, covariates, replicates=60, seed=4)
    plain = optimism_by_bootstrap(outcome, covariates, replicates=60, seed=4, method="ml")
    assert auto.method == plain.method == "ml"
    assert 10 < auto.n_penalised < 35 and auto.n_failed == 0
    assert plain.n_failed == auto.n_penalised and plain.n_penalised == 0
    assert plain.auc.n_replicates == 60 - plain.n_failed
    assert [note.code for note in auto.notes] == ["resamples-penalised"]
    assert [(note.code, note.severity) for note in plain.notes] == [("resamples-failed", "caution")]


def test_level_that_a_resample_lacks_predicts_as_the_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = [0, 1, 0, 1, 1, 0, 1, 0]
    covariates = pd.DataFrame({"group": list("aaabbbcc")})

    def without_c(rng: np.random.Generator, n: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return n * [1, 1, 0], y * [1, 1, 0]

    monkeypatch.setattr(optimism, "resample_patients", without_c)
    result = optimism_by_bootstrap(outcome, covariates, replicates=1, seed=0)
    thirds = np.array([1, 1, 1, 2, 2, 2, 1, 1]) / 3
    inside, outside = estimate_brier(outcome[:6], thirds[:6]).value, estimate_brier(outcome, thirds).value
    assert inside is not None and outside is not None
    assert result.brier.optimism == pytest.approx(inside - outside, rel=1e-9)


def test_separated_data() -> None:
    outcome, weight = [0, 1, 1], [12, 5, 7]
    covariates = pd.DataFrame({"exposed": ["no", "no", "yes"]})
    limits = fit_probabilities(outcome, covariates, weight=weight, method="ml")
    assert limits.probability is not None and limits.method == "ml"
    np.testing.assert_allclose(limits.probability, [5 / 17, 5 / 17, 1.0], rtol=1e-9)
    # With half a patient added to each cell, Firth's estimate is that of the table; its intercept is then moved until the
    # predictions add up to the twelve events.
    firth = fit_probabilities(outcome, covariates, weight=weight)
    assert firth.probability is not None and firth.method == "firth"
    odds = np.array([5.5 / 12.5, 5.5 / 12.5, 7.5 / 0.5])

    def moved(factor: float) -> np.ndarray:
        return factor * odds / (1 + factor * odds)

    factor = brentq(lambda f: float(moved(f) @ weight) - 12, 0.1, 10, xtol=1e-15)
    assert factor > 1, "Firth's own predictions add up to 11.76"
    np.testing.assert_allclose(firth.probability, moved(factor), rtol=1e-9)
    reason = Reason("no-maximum")
    assert optimism_by_bootstrap(outcome, covariates, weight=weight, method="ml", replicates=3, seed=1).reason == reason
    assert [v.reason for v in variance_inflation(outcome, covariates, weight=weight, method="ml")] == [reason]
    assert [v.gvif for v in variance_inflation(outcome, covariates, weight=weight)] == [pytest.approx(1.0)]
    assert estimate_calibration(outcome, limits.probability, weight=weight).slope.reason == (
        Reason("certain-predictions")
    )


@pytest.mark.parametrize("name", ["endometrial", "birthwt", "infert"])
def test_predictions_of_firth_with_the_intercept_estimated_again_equal_r(name: str) -> None:
    """FLIC, made by make_flic_reference.R from brglm2 and glm with an offset."""
    entry, expected = MODELS[name], json.loads((REFERENCE / "flic_reference.json").read_text())[name]
    data = pd.read_csv(REFERENCE / f"logistic_{name}.csv")
    for column, levels in entry["levels"].items() if entry["levels"] else ():
        data[column] = pd.Categorical(data[column].astype(str), categories=levels)
    outcome = data[entry["outcome"]]
    fitted = fit_probabilities(outcome, data[entry["covariates"]], method="firth")
    np.testing.assert_allclose(fitted.probability, expected["flic"], rtol=1e-7)
    assert np.abs(np.array(expected["flic"]) - expected["firth"]).max() > 1e-3
    assert fitted.probability.sum() == pytest.approx(outcome.sum(), rel=1e-12)
    assert estimate_calibration(outcome, fitted.probability).in_the_large.value == pytest.approx(0.0, abs=1e-9)


def test_predictions_that_tell_the_outcomes_apart() -> None:
    outcome, p = [0, 0, 1, 1], [0.1, 0.2, 0.7, 0.9]
    area = estimate_discrimination(outcome, p)
    assert (area.value, area.interval, area.std_error) == (1.0, None, 0.0)
    result = estimate_calibration(outcome, p)
    told = Reason("predictions-separate")
    assert result.slope.reason == result.intercept.reason == told
    assert result.in_the_large.value is not None
    assert estimate_calibration(outcome, [0.1, 0.5, 0.5, 0.9]).slope.reason == told
    assert estimate_discrimination([1, 1, 0, 0], p).value == 0.0


def test_columns_that_others_make_up() -> None:
    data = pd.read_csv(REFERENCE / "logistic_alias.csv")
    found = variance_inflation(data["case"], data[["spontaneous", "induced", "total", "age"]])
    smaller = variance_inflation(data["case"], data[["spontaneous", "induced", "age"]])
    assert found[2].gvif is None and found[2].reason == Reason.of(
        "collinear", names=(Name("spontaneous"), Name("induced"))
    )
    for one, other in zip((found[0], found[1], found[3]), smaller, strict=True):
        assert one.gvif == pytest.approx(other.gvif, rel=1e-10)
    constant = variance_inflation(data["case"], data[["spontaneous"]].assign(site="one"))
    assert constant[0].gvif == pytest.approx(1.0) and constant[1].reason == Reason("one-level")


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        ([], Reason("no-patients")),
        ([0], Reason("no-events")),
        ([1], Reason("all-had-event")),
        ([0, 0], Reason("no-events")),
    ],
)
def test_without_both_outcomes_there_is_a_reason(outcome: list[int], reason: str) -> None:
    p = [0.3] * len(outcome)
    covariates = pd.DataFrame({"age": np.arange(len(outcome), dtype=float), "sex": ["f"] * len(outcome)})
    assert estimate_discrimination(outcome, p).reason == reason
    assert estimate_scaled_brier(outcome, p).reason == reason
    brier = estimate_brier(outcome, p)
    assert brier.reason == (None if outcome else Reason("no-patients"))
    result = estimate_calibration(outcome, p)
    assert {result.in_the_large.reason, result.slope.reason, result.intercept.reason} == {reason}
    assert len(result.groups) == len(result.to_frame()) == bool(outcome)
    fitted = fit_probabilities(outcome, covariates)
    assert (fitted.probability, fitted.reason, fitted.n) == (None, reason, len(outcome))
    optimism = optimism_by_bootstrap(outcome, covariates, replicates=2, seed=0)
    assert [m.reason for m in optimism.measures] == [reason] * 3
    assert [v.reason for v in variance_inflation(outcome, covariates)] == [reason] * 2


def test_two_patients() -> None:
    area = estimate_discrimination([0, 1], [0.5, 0.5])
    assert (area.value, area.std_error, area.interval) == (0.5, None, None)
    covariates = pd.DataFrame({"age": [3.0, 9.0]})
    result = optimism_by_bootstrap([0, 1], covariates, replicates=20, seed=0)
    assert result.method == "firth" and result.auc.apparent == 1.0
    assert result.n_failed > 0 and result.auc.n_replicates == 20 - result.n_failed
    assert result.slope.apparent is None and result.slope.reason is not None
    nothing = optimism_by_bootstrap([0, 1], covariates, method="ml", replicates=20, seed=0)
    assert nothing.auc.apparent is None and nothing.reason is not None


def test_model_without_covariates() -> None:
    result = optimism_by_bootstrap([0, 1, 1, 0, 1], pd.DataFrame(index=range(5)), replicates=5, seed=0)
    assert result.auc.apparent == 0.5 and result.auc.optimism == 0.0
    assert result.slope.apparent is None and result.brier.corrected is not None
    assert variance_inflation([0, 1], pd.DataFrame(index=range(2))) == ()


def test_rows_without_patients_are_left_out() -> None:
    outcome, score, weight = [0.0, math.nan, 1.0, 0.0, 1.0], [0.2, math.nan, 0.6, 0.7, 0.9], [1, 0, 2, 1, 1]
    found = fit_probabilities(outcome, pd.DataFrame({"x": score}), weight=weight)
    assert found.probability is not None and not found.probability.flags.writeable
    np.testing.assert_array_equal(np.isnan(found.probability), [False, True, False, False, False])
    assert estimate_discrimination(outcome, score, weight=weight).n == 5


def test_wrong_input_is_named() -> None:
    covariates = pd.DataFrame({"x": [1.0, 2.0]})
    with pytest.raises(ValueError, match=r"probability must lie between 0 and 1: 1 of 2 .* row 1: 1\.5"):
        estimate_brier([0, 1], [0.5, 1.5])
    with pytest.raises(ValueError, match="score must be finite: 1 of 2"):
        estimate_discrimination([0, 1], [0.5, math.nan])
    with pytest.raises(ValueError, match="score must hold numbers"):
        estimate_discrimination([0, 1], ["low", "high"])
    with pytest.raises(ValueError, match="one entry per row of outcome: 3 against 2"):
        estimate_calibration([0, 1], [0.5, 0.5, 0.5])
    with pytest.raises(ValueError, match="outcome is missing in 1 of 2"):
        estimate_brier([0, None], [0.5, 0.5])
    with pytest.raises(ValueError, match="groups must be a whole number"):
        estimate_calibration([0, 1], [0.5, 0.5], groups=0)
    with pytest.raises(ValueError, match="conf_level"):
        estimate_discrimination([0, 1], [0.5, 0.5], conf_level=95)
    with pytest.raises(ValueError, match="replicates must be a whole number"):
        optimism_by_bootstrap([0, 1], covariates, replicates=0, seed=0)
    with pytest.raises(ValueError, match="method must be one of"):
        fit_probabilities([0, 1], covariates, method="ridge")  # type: ignore[arg-type]


def without_reasonless_gaps(result: OptimismResult) -> None:
    for m in result.measures:
        assert (m.corrected is None) == (m.reason is not None)
        for number in (m.apparent, m.optimism, m.corrected, m.std_error):
            assert number is None or math.isfinite(number)


PATIENTS = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 4), st.sampled_from("abc"), st.integers(0, 3)), min_size=1, max_size=14
)


@settings(deadline=None, max_examples=40)
@given(PATIENTS)
def test_weights_equal_repeated_rows(patients: list[tuple[int, int, str, int]]) -> None:
    y, x, group, weight = (np.array(part) for part in zip(*patients, strict=True))
    p = (x + 1) / 7
    y_all, p_all, x_all, group_all = repeated(weight, y, p, x, group)
    assert estimate_discrimination(y, p, weight=weight) == estimate_discrimination(y_all, p_all)
    one, other = estimate_brier(y, p, weight=weight), estimate_brier(y_all, p_all)
    assert (one.value, one.std_error) == (pytest.approx(other.value), pytest.approx(other.std_error))
    one_table, other_table = (
        estimate_calibration(y, p, weight=weight, groups=4),
        estimate_calibration(y_all, p_all, groups=4),
    )
    assert one_table == other_table
    covariates = pd.DataFrame({"x": x.astype(float), "group": group})
    covariates_all = pd.DataFrame({"x": x_all.astype(float), "group": group_all})
    optimism = optimism_by_bootstrap(y, covariates, weight=weight, replicates=3, seed=9)
    assert optimism == optimism_by_bootstrap(y_all, covariates_all, replicates=3, seed=9)
    without_reasonless_gaps(optimism)
    assert variance_inflation(y, covariates, weight=weight) == variance_inflation(y_all, covariates_all)
    fitted, fitted_all = fit_probabilities(y, covariates, weight=weight), fit_probabilities(y_all, covariates_all)
    assert (fitted.probability is None) == (fitted_all.probability is None)
    if fitted.probability is not None and fitted_all.probability is not None:
        np.testing.assert_array_equal(np.repeat(fitted.probability, weight), fitted_all.probability)


@settings(deadline=None, max_examples=60)
@given(PATIENTS)
def test_area_is_the_share_of_pairs(patients: list[tuple[int, int, str, int]]) -> None:
    y, x, _, _ = (np.array(part) for part in zip(*patients, strict=True))
    found, turned = estimate_discrimination(y, x), estimate_discrimination(y, -x)
    pairs = [(a > b) + (a == b) / 2 for a in x[y == 1] for b in x[y == 0]]
    if not pairs:
        assert found.value is None
        return
    assert found.value == pytest.approx(np.mean(pairs), rel=1e-12)
    assert turned.value is not None and found.value == pytest.approx(1.0 - turned.value, abs=1e-12)
    assert turned.std_error == (None if found.std_error is None else pytest.approx(found.std_error, abs=1e-12))


@settings(deadline=None, max_examples=60)
@given(PATIENTS, st.integers(1, 12))
def test_groups_hold_everybody_once(patients: list[tuple[int, int, str, int]], groups: int) -> None:
    y, x, _, _ = (np.array(part) for part in zip(*patients, strict=True))
    p = (x + 1) / 7
    result = estimate_calibration(y, p, groups=groups)
    bounds = np.unique(np.quantile(p, np.arange(groups + 1) / groups))
    assert 1 <= len(result.groups) <= max(len(bounds) - 1, 1)
    assert sum(g.observed.n for g in result.groups) == len(y)
    assert sum(g.observed.n_event for g in result.groups) == y.sum()
    assert sum(g.predicted * g.observed.n for g in result.groups) == pytest.approx(p.sum())
    for g in result.groups:
        inside = (p <= g.high) & ((p > g.low) | (g is result.groups[0]))
        assert inside.sum() == g.observed.n


@settings(deadline=None, max_examples=40)
@given(PATIENTS)
def test_fitted_probabilities_add_up_to_the_events(patients: list[tuple[int, int, str, int]]) -> None:
    y, x, group, weight = (np.array(part) for part in zip(*patients, strict=True))
    covariates = pd.DataFrame({"x": x.astype(float), "group": group})
    found = fit_probabilities(y, covariates, weight=weight, method="ml")
    model = estimate_odds_ratios(y, covariates, weight=weight, method="ml")
    assert found.reason == model.reason and found.n_parameters == model.n_parameters
    if found.probability is None:
        return
    p = np.nan_to_num(found.probability)
    assert weight @ p == pytest.approx(weight @ y, abs=1e-8)
    for level in set(group):
        own = group == level
        assert (weight * own) @ p == pytest.approx((weight * own) @ y, abs=1e-6)
    inside = weight > 0
    log_likelihood = np.log(np.where(y == 1, p, 1 - p)[inside]) @ weight[inside]
    assert log_likelihood == pytest.approx(model.log_likelihood, abs=1e-8)
