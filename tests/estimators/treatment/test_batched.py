"""Many cohorts at once: each as the estimator of one cohort has it, and some as R has them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analytics.estimators import (
    join_fits,
    label_p_values,
    logrank_test,
    mantel_byar_p_values,
    mantel_byar_test,
    naive_hazard_ratio,
    naive_ratios,
    time_dependent_hazard_ratio,
    time_dependent_ratios,
)
from analytics.estimators.treatment.batched import DrawnCohorts, RatioFits
from analytics.results import FloatArray, HazardRatioResult

REFERENCE = Path(__file__).parents[2] / "reference"
CASES = json.loads((REFERENCE / "batched_reference.json").read_text(encoding="utf-8"))["cases"]
SEEDS = range(24)


def draw(seed: int, n_cohorts: int = 6, n: int | None = None) -> DrawnCohorts:
    """Cohorts of a size, with waiting and an effect that depend on the seed; small ones are often separated."""
    generator = np.random.default_rng(seed)
    size = (n_cohorts, n or int(generator.integers(4, 90)))
    covariate = generator.random(size) < generator.choice([0.5, 0.1])
    treated_at = generator.exponential(generator.choice([1.0, 8.0]), size)
    treated_at = np.where(generator.random(size) < generator.choice([0.2, 0.7, 1.0]), treated_at, np.inf)
    death = generator.exponential(10.0, size) * np.where(covariate, 1.0, 0.5)
    longer = np.maximum(death - treated_at, 0.0) * generator.choice([0.0, 2.0])
    death = death + longer
    end = np.minimum(generator.uniform(1.0, 20.0, size), 15.0)
    return DrawnCohorts(np.minimum(death, end), death <= end, treated_at, covariate)


def never(treated_at: FloatArray) -> FloatArray:
    return np.where(np.isfinite(treated_at), treated_at, np.nan)


def said(found: HazardRatioResult) -> tuple[float, float, float, float]:
    """Log ratio, limits and p value of the treated, NaN without."""
    term = next((t for t in found.terms if t.variable == "treatment" and t.level == "treated"), None)
    if term is None or term.is_reference or term.hazard_ratio.value is None:
        return (np.nan,) * 4  # where all are treated they are the reference themselves
    limits = term.hazard_ratio.interval
    assert limits is not None and limits.low and limits.high and term.p_value is not None
    return np.log(term.hazard_ratio.value), np.log(limits.low), np.log(limits.high), term.p_value


def agree(fits: RatioFits, single: list[tuple[float, float, float, float]]) -> None:
    for column, values in zip(
        zip(*single, strict=True), (fits.log_ratio, fits.low, fits.high, fits.p_value), strict=True
    ):
        np.testing.assert_allclose(values, column, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("seed", SEEDS)
def test_each_cohort_is_as_its_own_estimator_has_it(seed: int) -> None:
    drawn = draw(seed)
    rows = list(zip(drawn.time, drawn.event, never(drawn.treated_at), drawn.covariate, strict=True))
    agree(naive_ratios(drawn), [said(naive_hazard_ratio(t, e, a)) for t, e, a, _ in rows])
    agree(time_dependent_ratios(drawn), [said(time_dependent_hazard_ratio(t, e, a)) for t, e, a, _ in rows])
    covered = [
        said(time_dependent_hazard_ratio(t, e, a, covariates=pd.DataFrame({"covariate": x}))) for t, e, a, x in rows
    ]
    agree(time_dependent_ratios(drawn, adjusted=True), covered)
    tests = [mantel_byar_test(t, e, a).p_value for t, e, a, _ in rows]
    np.testing.assert_allclose(mantel_byar_p_values(drawn), np.array(tests, dtype=float), rtol=1e-8, atol=1e-12)


def test_cohorts_of_some_size_are_not_asked_for_one_by_one() -> None:
    drawn = draw(1, n_cohorts=50, n=150)
    assert naive_ratios(drawn).n_alone + time_dependent_ratios(drawn, adjusted=True).n_alone <= 4


@pytest.mark.parametrize("seed", SEEDS[:6])
def test_labels_are_compared_as_the_log_rank_test_compares(seed: int) -> None:
    drawn = draw(seed)
    labels = np.random.default_rng([seed, 1]).random((len(drawn.time), 4, drawn.time.shape[1])) < 0.4
    single = [
        [logrank_test(t, e, label).p_value for label in own]
        for t, e, own in zip(drawn.time, drawn.event, labels, strict=True)
    ]
    found = label_p_values(drawn.time, drawn.event, labels)
    np.testing.assert_allclose(found, np.array(single, dtype=float), rtol=1e-8, atol=1e-12)


def test_tied_times_are_left_to_the_estimator_of_one_cohort() -> None:
    drawn = draw(3, n=40)
    tied = DrawnCohorts(np.ceil(drawn.time), drawn.event, drawn.treated_at, drawn.covariate)
    fits = time_dependent_ratios(tied)
    assert fits.n_alone == len(tied.time)
    rows = zip(tied.time, tied.event, never(tied.treated_at), strict=True)
    agree(fits, [said(time_dependent_hazard_ratio(t, e, a)) for t, e, a in rows])


def test_treated_at_once_and_all_censored_together() -> None:
    drawn = draw(5, n=40)
    at_once = DrawnCohorts(
        drawn.time, drawn.event, np.where(np.isfinite(drawn.treated_at), 0.0, np.inf), drawn.covariate
    )
    rows = zip(at_once.time, at_once.event, never(at_once.treated_at), strict=True)
    agree(time_dependent_ratios(at_once), [said(time_dependent_hazard_ratio(t, e, a)) for t, e, a in rows])
    nobody = DrawnCohorts(drawn.time, np.zeros_like(drawn.event), drawn.treated_at, drawn.covariate)
    assert np.isnan(time_dependent_ratios(nobody).p_value).all()
    assert np.isnan(mantel_byar_p_values(nobody)).all()


def test_parts_are_joined_in_order() -> None:
    one, other = naive_ratios(draw(1, n=50)), naive_ratios(draw(2, n=50))
    joined = join_fits([one, other], 8)
    np.testing.assert_array_equal(joined.log_ratio, [*one.log_ratio, *other.log_ratio[:2]])


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"cohort {case['cohort']}")
def test_hazard_ratios_are_those_of_r(case: dict) -> None:  # type: ignore[type-arg]
    table = pd.read_csv(REFERENCE / "batched_cohorts.csv")
    one = table[table["cohort"] == case["cohort"]]
    columns = [one[name].to_numpy()[None] for name in ("time", "event", "treated_at", "covariate")]
    drawn = DrawnCohorts(columns[0], columns[1] > 0, np.where(np.isnan(columns[2]), np.inf, columns[2]), columns[3] > 0)
    for name, fits in (
        ("naive", naive_ratios(drawn)),
        ("switching", time_dependent_ratios(drawn)),
        ("adjusted", time_dependent_ratios(drawn, adjusted=True)),
    ):
        assert fits.n_alone == 0
        assert fits.log_ratio[0] == pytest.approx(case[name]["log_ratio"], rel=1e-8)
        assert fits.p_value[0] == pytest.approx(case[name]["p_value"], rel=1e-7)
        error = (fits.high[0] - fits.low[0]) / (2 * 1.959963984540054)
        assert error == pytest.approx(case[name]["std_error"], rel=1e-8)
    assert mantel_byar_p_values(drawn)[0] == pytest.approx(case["mantel_byar"], rel=1e-8)
