"""Interval formulas against R, published values and their definitions."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from analytics.estimators import (
    check_survival_conf_type,
    clopper_pearson,
    normal_quantile,
    survival_limits,
    survival_log,
    survival_log_log,
    survival_plain,
    upper_limit_without_events,
    wilson,
)
from analytics.results import Interval

REFERENCE = Path(__file__).parent.parent / "reference" / "survival_reference.json"
PROPORTIONS = json.loads(REFERENCE.read_text(encoding="utf-8"))["proportions"]
MODERATE = settings(max_examples=60, deadline=None)
COUNTS = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def limits_of(interval: Interval | None) -> list[float]:
    assert interval is not None and interval.low is not None and interval.high is not None
    return [interval.low, interval.high]


@pytest.mark.parametrize("case", PROPORTIONS, ids=lambda c: f"{c['n_event']}-of-{c['n']}-at-{c['conf_level']}")
def test_intervals_of_a_proportion_equal_those_of_r(case: dict[str, Any]) -> None:
    x, n, level = case["n_event"], case["n"], case["conf_level"]
    assert limits_of(wilson(x, n, level)) == pytest.approx(case["wilson"], rel=1e-10, abs=1e-14)
    assert limits_of(clopper_pearson(x, n, level)) == pytest.approx(case["clopper_pearson"], rel=1e-10, abs=1e-14)
    if x == 0:
        one_sided = limits_of(upper_limit_without_events(n, level))
        assert one_sided == pytest.approx([0, case["one_sided"]], rel=1e-10)


def test_limits_at_no_and_at_all_events_are_exact() -> None:
    for formula in (wilson, clopper_pearson):
        assert limits_of(formula(0, 7))[0] == 0
        assert limits_of(formula(7, 7))[1] == 1


def test_upper_limit_of_none_in_twelve() -> None:
    interval = upper_limit_without_events(12)
    assert limits_of(interval) == [0, pytest.approx(1 - 0.05 ** (1 / 12), rel=1e-14)]
    # Hanley & Lippman-Hand (1983): three divided by the number of patients.
    assert limits_of(upper_limit_without_events(3000))[1] == pytest.approx(3 / 3000, rel=2e-3)


@pytest.mark.parametrize("formula", [wilson, clopper_pearson])
def test_no_patients_have_no_interval(formula: Any) -> None:
    assert formula(0, 0) is None
    assert upper_limit_without_events(0) is None


@pytest.mark.parametrize("formula", [wilson, clopper_pearson])
@pytest.mark.parametrize(("n_event", "n"), [(3, 2), (-1, 2), (1, -2), (math.nan, 2), (1, math.inf)])
def test_impossible_counts_are_refused(formula: Any, n_event: float, n: float) -> None:
    with pytest.raises(ValueError, match="n_event must lie between 0 and n"):
        formula(n_event, n)


@pytest.mark.parametrize("level", [0, 1, 95, -0.1, math.nan])
def test_impossible_levels_are_refused(level: float) -> None:
    calls = [
        lambda: wilson(1, 2, level),
        lambda: clopper_pearson(1, 2, level),
        lambda: upper_limit_without_events(2, level),
        lambda: survival_log([0.5], [0.1], level),
        lambda: normal_quantile(level),
    ]
    for call in calls:
        with pytest.raises(ValueError, match="conf_level must lie between 0 and 1"):
            call()


def test_normal_quantile() -> None:
    assert normal_quantile(0.95) == pytest.approx(1.959963984540054, rel=1e-14)


@MODERATE
@given(COUNTS)
def test_clopper_pearson_inverts_the_binomial_tails(counts: tuple[int, int]) -> None:
    x, n = counts
    low, high = limits_of(clopper_pearson(x, n))
    if x > 0:
        assert binom.sf(x - 1, n, low) == pytest.approx(0.025, rel=1e-8)
    if x < n:
        assert binom.cdf(x, n, high) == pytest.approx(0.025, rel=1e-8)


@MODERATE
@given(COUNTS)
def test_wilson_inverts_the_score_test(counts: tuple[int, int]) -> None:
    x, n = counts
    for limit in limits_of(wilson(x, n)):
        if 0 < limit < 1:
            z = abs(x - n * limit) / math.sqrt(n * limit * (1 - limit))
            assert z == pytest.approx(normal_quantile(0.95), rel=1e-8)


@MODERATE
@given(COUNTS)
def test_events_and_non_events_mirror_each_other(counts: tuple[int, int]) -> None:
    x, n = counts
    for formula in (wilson, clopper_pearson):
        low, high = limits_of(formula(x, n))
        mirrored = limits_of(formula(n - x, n))
        assert [1 - high, 1 - low] == pytest.approx(mirrored, abs=1e-12)


def test_survival_limits_by_hand() -> None:
    z = normal_quantile(0.95)
    plain = survival_plain([0.5, 0.95], [0.1, 0.1])
    np.testing.assert_allclose(plain, ([0.5 - 0.1 * z, 0.95 - 0.1 * z], [0.5 + 0.1 * z, 1]), rtol=1e-14)
    factor = math.exp(z * 0.1 / 0.5)
    np.testing.assert_allclose(survival_log([0.5], [0.1]), ([0.5 / factor], [0.5 * factor]), rtol=1e-14)
    power = math.exp(z * 0.1 / (0.5 * math.log(2)))
    np.testing.assert_allclose(survival_log_log([0.5], [0.1]), ([0.5**power], [0.5 ** (1 / power)]), rtol=1e-14)


@pytest.mark.parametrize(
    ("conf_type", "low", "high"),
    [
        ("log-log", [np.nan, np.nan], [np.nan, np.nan]),
        ("log", [1, np.nan], [1, np.nan]),
        ("plain", [1, np.nan], [1, np.nan]),
    ],
)
def test_survival_limits_at_one_and_at_zero(conf_type: Any, low: list[float], high: list[float]) -> None:
    found = survival_limits([1, 0], [0, np.nan], conf_type=conf_type)
    np.testing.assert_array_equal(found, (low, high))


@pytest.mark.parametrize("conf_type", ["log-log", "log", "plain"])
def test_survival_limits_of_nothing(conf_type: Any) -> None:
    low, high = survival_limits([], [], conf_type=conf_type)
    assert low.shape == high.shape == (0,)


def test_unknown_formula_is_refused() -> None:
    with pytest.raises(ValueError, match="conf_type must be one of log-log, log, plain: it is 'logit'"):
        check_survival_conf_type("logit")
    with pytest.raises(ValueError, match="conf_type must be one of"):
        survival_limits([0.5], [0.1], conf_type="logit")  # type: ignore[arg-type]


@MODERATE
@given(st.floats(0.01, 0.99), st.floats(0, 0.3), st.floats(0.5, 0.999), st.sampled_from(["log-log", "log", "plain"]))
def test_survival_limits_enclose_the_estimate(survival: float, std_error: float, level: float, conf_type: Any) -> None:
    low, high = survival_limits([survival], [std_error], level, conf_type)
    assert 0 <= low[0] <= survival * (1 + 1e-12)
    assert survival * (1 - 1e-12) <= high[0] <= 1
