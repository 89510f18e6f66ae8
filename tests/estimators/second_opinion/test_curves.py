"""Curves, medians and tests by lifelines and statsmodels; what they are known to do otherwise is named."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analytics.estimators import (
    estimate_cumulative_incidence,
    estimate_restricted_mean,
    estimate_survival,
    estimate_survival_differences,
    follow_up,
    logrank_test,
    pairwise_logrank,
    read_curve,
)
from analytics.estimators.second_opinion.curves import (
    compare_curves,
    compare_differences,
    compare_follow_up,
    compare_pairs,
    compare_restricted_means,
    compare_test,
    fit_curves,
)
from analytics.estimators.second_opinion.incidence import compare_incidence_curves
from analytics.results.second_opinion import AT_ONE, AT_ZERO, JITTERED, NO_LIBRARY, PLATEAU, RISING, Compared

MONTHS = [6.0, 18.0]


def draw(seed: int, *, entry: bool = False, n: int = 120) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    start = np.floor(rng.exponential(4, n)) if entry else np.zeros(n)
    arrays = {
        "time": start + np.ceil(rng.exponential(14, n)),
        "event": rng.integers(0, 2, n).astype(float),
        "weight": rng.integers(0, 3, n).astype(float),
    }
    return {**arrays, "entry": start} if entry else arrays


def groups(seed: int, n: int = 120, k: int = 3) -> pd.Categorical:
    codes = np.random.default_rng(seed + 99).integers(0, k, n)
    return pd.Categorical.from_codes(codes.tolist(), list("abc")[:k])


def differing(rows: Iterable[Compared]) -> list[tuple[str, str, str | None]]:
    """Measure, part and reason of what does not agree."""
    found = list(rows)
    assert found
    return [(r.figure.measure, r.figure.part, r.reason) for r in found if r.agreement not in ("1e-6", "neither")]


def compared(arrays: dict[str, Any], group: Any = None, conf_type: Any = "log-log") -> Iterable[Compared]:
    shown = estimate_survival(**arrays, group=group, conf_type=conf_type)
    return compare_curves(shown, [read_curve(c, MONTHS) for c in shown.curves], MONTHS, **arrays, group=group)


@pytest.mark.parametrize("entry", [False, True])
@pytest.mark.parametrize("conf_type", ["log-log", "log", "plain"])
@pytest.mark.parametrize("seed", range(4))
def test_curves_medians_and_limits_agree(seed: int, conf_type: str, entry: bool) -> None:
    arrays = draw(seed, entry=entry)
    allowed = {AT_ONE, AT_ZERO, PLATEAU, *([RISING] if entry else [])}
    assert {reason for *_, reason in differing(compared(arrays, groups(seed), conf_type))} <= allowed
    shown = follow_up(**arrays, conf_type=conf_type)  # type: ignore[arg-type]
    rows = compare_follow_up(shown, **arrays, conf_type=conf_type)  # type: ignore[arg-type]
    assert {reason for *_, reason in differing(rows)} <= allowed


def test_a_median_on_a_level_stretch_is_its_middle_here_and_its_end_there() -> None:
    arrays = {"time": [1.0, 2, 4, 6], "event": [1.0, 1, 1, 1], "weight": [1.0] * 4}
    rows = list(compared(arrays))
    (median,) = (r for r in rows if r.figure.measure == "median" and r.figure.part == "estimate")
    assert (median.ours, median.theirs, median.reason) == (3.0, 2.0, PLATEAU)


def test_with_late_entry_limits_may_rise_again() -> None:
    assert ("median", "conf_low", RISING) in differing(compared(draw(1, entry=True), groups(1)))


def test_without_events_the_limit_is_exact_here_and_none_there() -> None:
    arrays = {"time": [20.0, 21, 22, 23, 7], "event": [0.0, 0, 0, 0, 1], "weight": [1.0] * 5}
    assert ("survival", "conf_low", AT_ONE) in differing(compared(arrays))


def test_where_nobody_is_left_the_limits_end_here_and_are_nothing_there() -> None:
    arrays = {"time": [1.0, 2, 3], "event": [1.0, 1, 1], "weight": [1.0] * 3}
    assert ("survival", "conf_high", AT_ZERO) in differing(compared(arrays))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "test",
    [
        {},
        {"weighting": "peto"},
        {"weighting": "tarone-ware"},
        {"weighting": "fleming-harrington", "rho": 0, "gamma": 1},
    ],
)
def test_tests_between_groups_agree(seed: int, test: dict[str, Any]) -> None:
    arrays, group = draw(seed), groups(seed)
    options = {**arrays, **test}
    assert not differing(compare_test(logrank_test(**options, group=group), **options, group=group))
    assert not differing(compare_pairs(pairwise_logrank(**options, group=group), **options, group=group))


def test_strata_and_late_entry_go_to_statsmodels_and_both_to_nobody() -> None:
    late, group, strata = draw(1, entry=True), groups(1), groups(2, k=2)
    plain = {name: late[name] for name in ("time", "event", "weight")}
    for options in (late, {**plain, "strata": strata}):
        rows = list(compare_test(logrank_test(**options, group=group), **options, group=group))
        assert not differing(rows) and {row.library for row in rows} == {"statsmodels"}
    both = {**late, "strata": strata}
    rows = list(compare_test(logrank_test(**both, group=group), **both, group=group))
    assert [row.reason for row in rows] == [NO_LIBRARY]


@pytest.mark.parametrize(("entry", "first"), [(False, 0.0), (True, 0.0), (True, 3.0)])
def test_restricted_means_and_differences_agree(entry: bool, first: float) -> None:
    arrays, group = draw(5, entry=entry), groups(5)
    if entry:
        arrays |= {"time": arrays["time"] + first, "entry": arrays["entry"] + first}
    found = fit_curves(
        estimate_survival(**arrays, group=group),
        arrays["time"],
        arrays["event"],
        group,
        arrays["weight"],
        arrays.get("entry"),
    )
    means = estimate_restricted_mean(**arrays, group=group, horizon=18)
    assert not differing(compare_restricted_means(means, found))
    assert not differing(compare_differences(estimate_survival_differences(**arrays, group=group, times=MONTHS), found))


def test_lifelines_moves_tied_events_by_chance_and_statsmodels_does_not() -> None:
    arrays = draw(7)
    cause = np.where(arrays["event"] > 0, np.random.default_rng(7).integers(1, 3, 120), 0)
    group = groups(7)
    shown = estimate_cumulative_incidence(
        arrays["time"], cause, group=group, weight=arrays["weight"], causes=("x", "y")
    )
    rows = list(
        compare_incidence_curves(
            *(shown, [read_curve(c, MONTHS) for c in shown.curves], MONTHS, arrays["time"], cause),
            group=group,
            weight=arrays["weight"],
        )
    )
    assert {r.reason for r in rows if r.library == "statsmodels" and r.agreement != "1e-6"} <= {AT_ONE, AT_ZERO}
    assert JITTERED in {r.reason for r in rows if r.library == "lifelines"}


def test_groups_without_patients_are_passed_over() -> None:
    arrays = draw(3)
    arrays["weight"][np.asarray(groups(3) == "b")] = 0
    assert {row.figure.group for row in compared(arrays, groups(3))} == {"a", "c"}
