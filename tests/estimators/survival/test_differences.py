"""Differences between curves at fixed times and crossings, against R, by hand, and their properties."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.estimators import estimate_survival, estimate_survival_differences, find_crossings, survival_at
from analytics.estimators.observations import NO_PATIENTS
from analytics.results import Reason

REFERENCE = Path(__file__).parents[2] / "reference"
R = json.loads((REFERENCE / "restricted_mean_reference.json").read_text(encoding="utf-8"))["differences"]
MODERATE = settings(max_examples=40, deadline=None)


def read_data(name: str) -> pd.DataFrame:
    return pd.read_csv(REFERENCE / f"survival_{name}.csv", float_precision="round_trip")


def as_nan(values: list[Any]) -> np.ndarray:
    return np.array([np.nan if value is None else value for value in values], dtype=float)


# Against R


@pytest.mark.parametrize("case", R, ids=lambda case: f"{case['data']}-{case['weight']}")
def test_differences_equal_those_from_summary_survfit(case: dict[str, Any]) -> None:
    data = read_data(case["data"])
    weight = None if case["weight"] is None else data[case["weight"]]
    shared = {"weight": weight, "times": case["times"], "conf_level": case["conf_level"]}
    found = estimate_survival_differences(data["time"], data["event"], data[case["group"]], **shared)
    plain = estimate_survival_differences(data["time"], data["event"], data[case["group"]], conf_type="plain", **shared)
    assert len(found) == len(case["pairs"]) * len(case["times"])
    for place, expected in enumerate(case["pairs"]):
        span = slice(place * len(case["times"]), (place + 1) * len(case["times"]))
        own, own_plain = found[span], plain[span]
        assert {d.group for d in own} == {str(expected["group"])}
        assert {d.reference for d in own} == {str(case["reference"])}
        assert [d.time for d in own] == case["times"]
        np.testing.assert_allclose([d.difference.value for d in own], expected["difference"], rtol=1e-10, atol=1e-14)
        np.testing.assert_array_equal([d.n_risk for d in own], expected["n_risk"])
        np.testing.assert_array_equal([d.n_risk_reference for d in own], expected["n_risk_reference"])
        for name in ("low", "high"):
            limits = [getattr(d.difference.interval, name) for d in own]
            np.testing.assert_allclose(limits, expected[name], rtol=1e-9, atol=1e-13)
            limits = as_nan([getattr(d.difference.interval, name, None) for d in own_plain])
            inside = np.array(expected["inside"])
            np.testing.assert_allclose(limits, np.where(inside, expected[f"plain_{name}"], np.nan), rtol=1e-9)
        np.testing.assert_allclose(
            as_nan([d.difference.std_error for d in own]),
            np.where(expected["inside"], expected["std_error"], np.nan),
            rtol=1e-10,
        )
        np.testing.assert_allclose(as_nan([d.test.statistic for d in own]), as_nan(expected["statistic"]), rtol=1e-9)
        np.testing.assert_allclose(as_nan([d.p_value for d in own]), as_nan(expected["p_value"]), rtol=1e-9)


def test_the_reference_holds_curves_at_one() -> None:
    assert any(not inside for case in R for pair in case["pairs"] for inside in pair["inside"])


# By hand


def test_two_groups_by_hand() -> None:
    # a: events at 1 and 3 of four, b: one event at 2 of five; nobody leaves before 4.
    time, event = [1, 3, 4, 5, 2, 4, 4, 5, 6], [1, 1, 0, 0, 1, 0, 0, 0, 0]
    (found,) = estimate_survival_differences(time, event, list("aaaabbbbb"), times=3)
    assert (found.group, found.reference, found.n_risk, found.n_risk_reference) == ("b", "a", 4, 3)
    assert found.difference.value == pytest.approx(4 / 5 - 1 / 2)
    se_b, se_a = math.sqrt(0.8 * 0.2 / 5), math.sqrt(0.5 * 0.5 / 4)
    assert found.difference.std_error == pytest.approx(math.hypot(se_a, se_b))
    z = (math.log(-math.log(0.8)) - math.log(-math.log(0.5))) / math.hypot(
        se_b / (0.8 * math.log(0.8)), se_a / (0.5 * math.log(0.5))
    )
    assert found.test.statistic == pytest.approx(z * z)
    assert found.p_value == pytest.approx(math.erfc(abs(z) / math.sqrt(2)))
    assert (found.difference.n, found.difference.n_event) == (9, 3)
    assert found.difference.interval is not None and found.difference.interval.method == "MOVER, log-log"


def test_a_group_without_events_has_an_interval_and_a_reason_for_no_test() -> None:
    # Nobody of the 12 has had the event; 9 are still followed at 20.
    time = [30] * 9 + [10] * 3 + [5, 15, 30, 30]
    event = [0] * 12 + [1, 1, 0, 0]
    (found,) = estimate_survival_differences(time, event, ["none"] * 12 + ["some"] * 4, times=[20])
    assert found.difference.value == pytest.approx(-0.5)
    assert found.difference.std_error is None
    lower_of_none = 0.025 ** (1 / 9)
    (some,) = estimate_survival([5, 15, 30, 30], [1, 1, 0, 0]).curves
    interval = found.difference.interval
    assert interval is not None
    assert interval.low == pytest.approx(-0.5 - (0.5 - some.low[1]))
    assert interval.high == pytest.approx(-0.5 + math.hypot(some.high[1] - 0.5, 1 - lower_of_none))
    assert found.p_value is None
    assert found.test.reason == Reason.of("of-group", group="none", why=Reason.of("no-events-until", months=20.0))
    (plain,) = estimate_survival_differences(time, event, ["none"] * 12 + ["some"] * 4, times=[20], conf_type="plain")
    assert plain.difference.value is not None and plain.difference.interval is None


def test_a_curve_at_zero_takes_the_limit_from_before_its_last_event() -> None:
    time, event, group = [1, 2, 4, 3, 9, 9], [1, 1, 1, 1, 0, 0], list("aaabbb")
    (found,) = estimate_survival_differences(time, event, group, times=[5])
    (a,) = estimate_survival([1, 2, 4], [1, 1, 1]).curves
    (b,) = estimate_survival([3, 9, 9], [1, 0, 0]).curves
    assert found.n_risk_reference == 0
    assert found.difference.interval is not None
    low = 2 / 3 - math.hypot(2 / 3 - b.low[0], a.high[1])
    assert found.difference.interval.low == pytest.approx(low)
    assert found.difference.interval.high == pytest.approx(b.high[0])
    assert found.test.reason == Reason.of("of-group", group="a", why=Reason.of("nobody-left", months=5.0))
    # All at once: 0 of 3, exactly.
    (at_once,) = estimate_survival_differences([2, 2, 2, 3, 9, 9], event, group, times=[5])
    assert at_once.difference.interval is not None
    low = 2 / 3 - math.hypot(2 / 3 - b.low[0], 1 - 0.025 ** (1 / 3))
    assert at_once.difference.interval.low == pytest.approx(low)


def test_follow_up_that_has_ended_gives_a_reason() -> None:
    time, event = [5, 8, 3, 30, 40], [1, 0, 1, 0, 0]
    early, late = estimate_survival_differences(time, event, list("aabbb"), times=[6, 24])
    assert early.difference.value is not None
    assert late.difference.value is None
    assert late.difference.reason == Reason.of("of-group", group="a", why=Reason.of("follow-up-ended", months=8.0))
    assert (late.n_risk, late.n_risk_reference, late.p_value) == (2, 0, None)
    assert late.test.reason == late.difference.reason


def test_groups_without_patients() -> None:
    assert estimate_survival_differences([], [], [], times=[12]) == ()
    group = pd.Categorical(["b"], categories=["a", "b", "c"])
    (found,) = estimate_survival_differences([5], [0], group, times=[3])
    assert (found.group, found.reference, found.difference.value) == ("c", "b", None)
    assert found.difference.reason == Reason.of("of-group", group="c", why=NO_PATIENTS)
    assert estimate_survival_differences([5, 6], [0, 1], ["x", "x"], times=[3]) == ()


def test_two_patients() -> None:
    (found,) = estimate_survival_differences([2, 9], [1, 0], ["x", "y"], times=[5])
    assert found.difference.value == 1
    assert found.difference.interval is not None
    assert found.difference.interval.low == pytest.approx(1 - math.hypot(0.975, 0.975))
    assert found.difference.interval.high == 1


def test_options_are_checked() -> None:
    with pytest.raises(ValueError, match="conf_type must be one of mover, plain"):
        estimate_survival_differences([1, 2], [1, 0], ["a", "b"], times=[1], conf_type="log")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="times must be finite"):
        estimate_survival_differences([1, 2], [1, 0], ["a", "b"], times=[-1])


# Crossings


def curves(time: list[float], event: list[int], group: list[str]) -> tuple[Any, Any]:
    return estimate_survival(time, event, group=group).curves  # type: ignore[return-value]


def test_one_crossing_by_hand() -> None:
    # a loses 4 of 20 at month 2 and nobody later; b loses 2 at 6, 2 at 7 (level) and 2 at 8: below from 8 on.
    time = [2.0] * 4 + [20.0] * 16 + [6.0] * 2 + [7.0] * 2 + [8.0] * 2 + [20.0] * 14
    event = [1] * 4 + [0] * 16 + [1] * 6 + [0] * 14
    a, b = curves(time, event, ["a"] * 20 + ["b"] * 20)
    assert find_crossings(a, b) == (8.0,)
    assert find_crossings(b, a) == (8.0,)
    assert find_crossings(a, b, min_difference=0.15) == ()
    assert find_crossings(a, b, min_at_risk=17) == ()
    assert find_crossings(a, a) == ()


def test_wiggles_are_no_crossing_and_two_crossings_are_two() -> None:
    # Of 100 each: a one event at 1, b two at 2, a two at 3: never more than 0.01 apart.
    time = [1.0, 3, 3] + [9.0] * 97 + [2.0, 2.0] + [9.0] * 98
    event = [1, 1, 1] + [0] * 97 + [1, 1] + [0] * 98
    a, b = curves(time, event, ["a"] * 100 + ["b"] * 100)
    assert find_crossings(a, b) == ()
    assert find_crossings(a, b, min_difference=0.01) == (2.0, 3.0)
    # a at 0.8 from 1, b at 0.6 from 2, a at 0.4 from 3.
    time = [1.0] * 2 + [3.0] * 4 + [9.0] * 4 + [2.0] * 4 + [9.0] * 6
    event = [1] * 6 + [0] * 4 + [1] * 4 + [0] * 6
    a, b = curves(time, event, ["a"] * 10 + ["b"] * 10)
    assert find_crossings(a, b, min_at_risk=1) == (2.0, 3.0)


def test_crossings_of_empty_curves_and_wrong_sizes() -> None:
    (empty,) = estimate_survival([], []).curves
    (one,) = estimate_survival([3], [1]).curves
    assert find_crossings(empty, one) == find_crossings(one, empty) == ()
    with pytest.raises(ValueError, match="min_difference must be above 0"):
        find_crossings(one, one, min_difference=0)


# Properties


@st.composite
def patients(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    n = draw(st.integers(2, 16))

    def column(low: int, high: int) -> np.ndarray:
        return np.array(draw(st.lists(st.integers(low, high), min_size=n, max_size=n)))

    return column(0, 9), column(0, 1), column(0, 2), column(0, 3)


@MODERATE
@given(patients())
def test_weights_equal_repeated_rows(drawn: tuple[np.ndarray, ...]) -> None:
    time, event, group, weight = drawn
    labels = pd.Categorical.from_codes(group, ["a", "b", "c"])
    rows = np.repeat(np.arange(len(time)), weight)
    weighted = estimate_survival_differences(time, event, labels, weight=weight, times=[0, 3, 6])
    assert weighted == estimate_survival_differences(time[rows], event[rows], labels[rows], times=[0, 3, 6])


@MODERATE
@given(patients(), st.floats(0, 9))
def test_intervals_hold_the_difference_and_swap_with_the_groups(drawn: tuple[np.ndarray, ...], moment: float) -> None:
    time, event, group, _ = drawn
    for found in estimate_survival_differences(time, event, pd.Categorical(group), times=[moment]):
        value, interval = found.difference.value, found.difference.interval
        assert (value is None) == (interval is None)
        assert (found.p_value is None) == (found.test.reason is not None)
        if value is None or interval is None:
            continue
        assert interval.low is not None and interval.high is not None
        assert -1 <= interval.low <= value + 1e-12
        assert value - 1e-12 <= interval.high <= 1
        # Even where nobody had an event, some uncertainty is left.
        assert interval.high - interval.low > 0.01
        pair = np.isin(group, [int(found.group), int(found.reference)])
        swapped = np.where(group[pair] == int(found.reference), 1, 0)
        (back,) = estimate_survival_differences(time[pair], event[pair], swapped, times=[moment])
        assert back.difference.value == pytest.approx(-value)
        assert back.difference.interval is not None
        assert back.difference.interval.low == pytest.approx(-interval.high)


@MODERATE
@given(patients())
def test_entry_at_the_start_changes_nothing_and_a_late_entry_is_that_of_the_curves(
    drawn: tuple[np.ndarray, ...],
) -> None:
    time, event, group, late = drawn
    labels = pd.Categorical.from_codes(group, ["a", "b", "c"])
    plain = estimate_survival_differences(time + 5, event, labels, times=[6, 8])
    assert estimate_survival_differences(time + 5, event, labels, entry=np.zeros(len(time)), times=[6, 8]) == plain
    found = estimate_survival_differences(time + 5, event, labels, entry=late, times=[6, 8])
    curves = estimate_survival(time + 5, event, group=labels, entry=late).curves
    at = {(c.group, t): e for c in curves if c.n for t, e in zip((6, 8), survival_at(c, [6, 8]), strict=True)}
    for difference in found:
        if difference.difference.value is not None:
            own, base = at[difference.group, difference.time], at[difference.reference, difference.time]
            assert difference.difference.value == pytest.approx(own.value - base.value)
            assert (difference.n_risk, difference.n_risk_reference) == (own.n, base.n)
