"""Noise in numbers of patients: in standard errors, tests and where a curve ends; none without it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analytics.estimators import (
    estimate_cumulative_incidence,
    estimate_odds_ratios,
    estimate_survival,
    gray_test,
    logrank_test,
)
from analytics.estimators.curves.count_noise import last_shown, spread_by_noise
from analytics.results import CellNoise

NOISE = CellNoise(2, 1.5, 5)
RNG = np.random.default_rng(4)
TIME = np.ceil(RNG.exponential(40, 400) / 3) * 3
EVENT = RNG.random(400) < 0.6
CAUSE = np.where(EVENT, RNG.integers(1, 3, 400), 0)
GROUP = RNG.choice(["a", "b"], 400)


def test_the_spread_is_that_of_curves_of_noisy_numbers() -> None:
    """Against curves whose cumulative numbers had noise drawn a thousand times."""
    grid = np.unique(TIME)
    at_once = [np.array([((t == TIME) & (y == EVENT)).sum() for t in grid], dtype=float) for y in (1, 0)]
    sums = [np.cumsum(n) for n in at_once]

    def hazards(events: np.ndarray, censored: np.ndarray) -> np.ndarray:
        total = events[-1] + censored[-1]
        before = np.concatenate([[0.0], (events + censored)[:-1]])
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.cumsum(np.diff(events, prepend=0) / (total - before)))

    drawn = []
    for _ in range(1500):
        noisy = []
        for n in sums:
            by_number = dict(
                zip(np.unique(n), RNG.choice([-2, -1, 0, 1, 2], len(np.unique(n)), p=NOISE_CHANCES), strict=True)
            )
            noisy.append(n + np.array([by_number[x] for x in n]))
        drawn.append(hazards(*noisy))
    n_risk = 400 - np.concatenate([[0.0], (sums[0] + sums[1])[:-1]])
    # With a smallest cell of 1 every number is told; what is not told is added to that, see the simulation.
    variance, error = spread_by_noise(n_risk, at_once[0], at_once[1], CellNoise(2, 1.5, 1))
    inside = (sums[0] >= 20) & (n_risk > 40)
    assert inside.sum() > 10
    assert np.sqrt(variance[inside]) == pytest.approx(np.std(drawn, axis=0)[inside], rel=0.25)
    off = np.abs(np.array(drawn) - hazards(*sums))
    assert (off[:, inside] <= error[inside] * 1.05).mean() > 0.999


NOISE_CHANCES = np.array([0.16, 0.215, 0.25, 0.215, 0.16])


def test_without_noise_nothing_changes() -> None:
    assert estimate_survival(TIME, EVENT).curves[0].shown_until is None
    assert estimate_survival(TIME, EVENT).curves[0].smallest == 0


def test_curves_are_wider_and_end_where_noise_could_move_them() -> None:
    plain, noisy = (estimate_survival(TIME, EVENT, noise=n).curves[0] for n in (None, NOISE))
    assert (noisy.estimate == plain.estimate).all() and noisy.smallest == 5
    known = np.isfinite(plain.std_error) & (plain.std_error > 0)
    assert (noisy.std_error[known] > plain.std_error[known]).all()
    assert noisy.shown_until is not None and noisy.shown_until < TIME.max()
    few = estimate_survival(TIME[:30], EVENT[:30], noise=NOISE).curves[0]
    assert few.shown_until == 0 and few.median.value is None
    assert last_shown(np.array([1.0, 2.0]), np.array([0.01, 0.06])) == 1.0
    assert last_shown(np.array([1.0, 2.0]), np.array([0.01, 0.05])) is None
    assert last_shown(np.array([1.0]), np.array([np.nan])) == 0.0


def test_incidences_are_wider_and_end_where_noise_could_move_them() -> None:
    plain, noisy = (estimate_cumulative_incidence(TIME, CAUSE, noise=n).curves for n in (None, NOISE))
    for a, b in zip(plain, noisy, strict=True):
        assert (a.estimate == b.estimate).all()
        assert (b.std_error >= a.std_error).all() and b.std_error.sum() > a.std_error.sum()
        assert b.shown_until is not None and b.shown_until < TIME.max() and b.smallest == 5


def test_tests_are_weaker() -> None:
    plain, noisy = (logrank_test(TIME, EVENT, GROUP, noise=n) for n in (None, NOISE))
    assert plain.observed == noisy.observed and noisy.statistic < plain.statistic and noisy.p_value > plain.p_value
    plain, noisy = (gray_test(TIME, CAUSE, GROUP, noise=n) for n in (None, NOISE))
    assert noisy.statistic < plain.statistic and noisy.p_value > plain.p_value


def test_odds_ratios_have_the_variance_of_noisy_cells() -> None:
    covariates = pd.DataFrame({"group": pd.Categorical(GROUP)})
    plain, noisy = (estimate_odds_ratios(EVENT, covariates, noise=n) for n in (None, NOISE))
    cells = pd.crosstab(GROUP, EVENT).to_numpy().ravel()
    (a,), (b,) = ([t for t in model.terms if not t.is_reference] for model in (plain, noisy))
    assert b.ratio.value == a.ratio.value
    expected = np.sqrt((1 / cells).sum() + NOISE.variance * (1 / cells**2).sum())
    assert b.ratio.std_error == pytest.approx(expected, rel=1e-6)
    assert b.ratio.interval.low < a.ratio.interval.low and b.ratio.interval.high > a.ratio.interval.high
    assert b.p_value > a.p_value and noisy.tests[0].p_value > plain.tests[0].p_value


def test_parts_of_patients_are_let_through_with_noise_alone() -> None:
    covariates = pd.DataFrame({"group": pd.Categorical(GROUP)})
    weight = np.full(400, 1.02)
    assert estimate_odds_ratios(EVENT, covariates, weight=weight, noise=NOISE).reason is None
    with pytest.raises(ValueError, match="number of patients"):
        estimate_odds_ratios(EVENT, covariates, weight=weight)
