"""Restricted means against R, against areas worked out by hand, and their properties."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.estimators import estimate_restricted_mean
from analytics.estimators.observations import NO_PATIENTS
from analytics.results import Reason
from tests.estimators.said import said

REFERENCE = Path(__file__).parents[2] / "reference"
R = json.loads((REFERENCE / "restricted_mean_reference.json").read_text(encoding="utf-8"))["means"]
MODERATE = settings(max_examples=40, deadline=None)


def read_data(name: str) -> pd.DataFrame:
    return pd.read_csv(REFERENCE / f"survival_{name}.csv", float_precision="round_trip")


def name_of(case: dict[str, Any]) -> str:
    return "-".join(str(case[key]) for key in ("data", "group", "weight", "given") if case[key] is not None)


# Against R


@pytest.mark.parametrize("case", R, ids=name_of)
def test_means_and_contrasts_equal_survfit(case: dict[str, Any]) -> None:
    data = read_data(case["data"])
    columns = {key: data[case[key]] for key in ("group", "weight", "entry") if case[key] is not None}
    result = estimate_restricted_mean(
        data["time"], data["event"], horizon=case["given"], conf_level=case["conf_level"], **columns
    )
    assert result.horizon == pytest.approx(case["horizon"], rel=1e-14)
    assert [g.group for g in result.groups] == [str(name) for name in np.atleast_1d(case["groups"])]
    np.testing.assert_allclose([g.mean.value for g in result.groups], case["mean"], rtol=1e-12)
    np.testing.assert_allclose([g.mean.std_error for g in result.groups], case["std_error"], rtol=1e-11)
    assert [c.group for c in result.contrasts] == [str(c["group"]) for c in case["contrasts"]]
    for contrast, expected in zip(result.contrasts, case["contrasts"], strict=True):
        for found, name in ((contrast.difference, "difference"), (contrast.ratio, "ratio")):
            assert found.interval is not None
            ours = [found.value, found.std_error, found.interval.low, found.interval.high]
            np.testing.assert_allclose(ours, expected[name], rtol=1e-9)
        np.testing.assert_allclose(
            [contrast.p_difference, contrast.p_ratio], [expected["p_difference"], expected["p_ratio"]], rtol=1e-9
        )


# By hand


def test_twelve_patients_by_hand() -> None:
    # Months; + still event-free: 1, 2, 2, 2+, 3+, 4, 5, 5+, 6, 8+, 9, 12+
    time = [5, 1, 2, 12, 2, 9, 2, 3, 8, 4, 5, 6]
    event = [1, 1, 1, 0, 1, 1, 0, 0, 0, 1, 0, 1]
    result = estimate_restricted_mean(time, event, horizon=6)
    (found,) = result.groups
    # 1 to month 1, 11/12 to 2, 3/4 to 4, 9/14 to 5, 15/28 to 6; the event at 6 itself takes nothing away.
    areas = [Fraction(1), Fraction(11, 12), Fraction(3, 2), Fraction(9, 14), Fraction(15, 28)]
    mean = sum(areas)
    assert found.mean.value == pytest.approx(float(mean), rel=1e-14)
    assert found.lost.value == pytest.approx(float(6 - mean), rel=1e-13)
    ahead = [sum(areas[i:]) for i in range(1, 5)]
    terms = [Fraction(1, 12 * 11), Fraction(2, 11 * 9), Fraction(1, 7 * 6), Fraction(1, 6 * 5)]
    variance = sum(a * a * term for a, term in zip(ahead, terms, strict=True))
    assert found.mean.std_error == pytest.approx(math.sqrt(variance), rel=1e-13)
    assert (found.n, found.n_event, found.mean.n, found.mean.n_event) == (12, 6, 12, 6)
    assert found.mean.interval is not None and found.lost.interval is not None
    assert found.mean.interval.high is not None and found.lost.interval.low is not None
    assert found.lost.interval.low == pytest.approx(6 - found.mean.interval.high)
    assert found.mean.interval.method == "plain"


def test_the_horizon_is_the_latest_that_every_group_supports() -> None:
    # a is followed to 9 and still above 0; b comes down to 0 at 4, which supports any horizon.
    time, event, group = [3, 9, 2, 4], [1, 0, 1, 1], list("aabb")
    result = estimate_restricted_mean(time, event, group=group)
    assert result.horizon == 9
    a, b = result.groups
    assert a.mean.value == pytest.approx(3 + 6 / 2)
    assert b.mean.value == pytest.approx(2 + 2 / 2)
    both_down = estimate_restricted_mean([3, 9, 2, 4], [1, 1, 1, 1], group=group)
    assert both_down.horizon == 9
    assert estimate_restricted_mean([3, 9, 2, 4], [1, 0, 1, 0], group=group).horizon == 4


def test_a_curve_is_never_carried_on() -> None:
    result = estimate_restricted_mean([3, 9, 2, 4], [1, 0, 1, 0], group=list("aabb"), horizon=6)
    a, b = result.groups
    assert a.mean.value is not None
    assert b.mean.value is None and b.lost.value is None
    assert b.mean.reason == Reason.of("follow-up-ended", months=4.0)
    (contrast,) = result.contrasts
    assert (contrast.difference.value, contrast.ratio.value, contrast.p_difference) == (None, None, None)
    assert contrast.difference.reason == Reason.of("of-group", group="b", why=b.mean.reason)
    at_the_end = estimate_restricted_mean([3, 9, 2, 4], [1, 0, 1, 0], group=list("aabb"), horizon=4)
    assert all(g.mean.value is not None for g in at_the_end.groups)


def test_delayed_entry_that_brings_the_curve_down_early_supports_any_horizon() -> None:
    # The only one at risk at 2 has the event; the curve stays at 0 whoever enters later.
    result = estimate_restricted_mean([2, 8], [1, 0], entry=[0, 3], horizon=20)
    assert result.groups[0].mean.value == pytest.approx(2)


# Small and degenerate


def test_no_patients() -> None:
    result = estimate_restricted_mean([], [])
    assert result.horizon is None
    assert result.groups[0].mean.reason == NO_PATIENTS
    assert result.contrasts == ()
    assert estimate_restricted_mean([], [], group=[]).groups == ()
    assert len(estimate_restricted_mean([], [], group=[]).to_frame()) == 0


def test_an_empty_category_keeps_its_row_and_is_no_reference() -> None:
    group = pd.Categorical(["b", "b", "c", "c"], categories=["a", "b", "c"])
    result = estimate_restricted_mean([2, 5, 1, 6], [1, 0, 1, 0], group=group)
    assert [g.group for g in result.groups] == ["a", "b", "c"]
    assert result.groups[0].mean.reason == NO_PATIENTS
    assert [(c.group, c.reference) for c in result.contrasts] == [("c", "b")]


def test_no_events_give_the_horizon_without_an_interval() -> None:
    result = estimate_restricted_mean([10, 20, 3, 20], [0, 0, 1, 0], group=list("xxyy"), horizon=12)
    none, some = result.groups
    assert (none.mean.value, none.mean.std_error, none.mean.interval) == (12, 0, None)
    assert none.lost.value == 0
    (contrast,) = result.contrasts
    assert contrast.difference.value == pytest.approx(some.mean.value - 12)  # type: ignore[operator]
    assert (contrast.difference.interval, contrast.p_difference, contrast.p_ratio) == (None, None, None)
    assert contrast.reason == Reason.of("flat-to-horizon", group="x")
    assert [note.code for note in result.notes] == ["few-at-risk", "no-events", "few-at-risk"]
    frame = result.to_frame()
    assert frame.loc[frame["term"] == "difference", "reason"].tolist() == [contrast.reason]


def test_one_patient_and_events_at_time_zero() -> None:
    (found,) = estimate_restricted_mean([3.0], [1]).groups
    assert (found.mean.value, found.mean.std_error, found.mean.interval) == (3, 0, None)
    (start,) = estimate_restricted_mean([0.0, 0.0], [0, 0]).groups
    assert (start.mean.value, start.mean.reason) == (None, Reason("not-followed-beyond-0"))
    dead = estimate_restricted_mean([0, 0, 1, 2], [1, 1, 1, 1], group=list("aabb"), horizon=2)
    assert dead.groups[0].mean.value == 0
    (contrast,) = dead.contrasts
    assert contrast.difference.value == 1.5
    assert (contrast.ratio.value, contrast.ratio.reason) == (None, Reason.of("mean-is-0", group="a"))
    assert contrast.reason == Reason.of("all-at-one-time", group="a")


@pytest.mark.parametrize(
    ("time", "event", "horizon", "reason"),
    [
        ([1, 2, 5], [0, 0, 1], 6, "the only one of a at risk at 5.0 months had the event then, the first of the group"),
        ([1, 5, 5], [0, 1, 1], 6, "the 2 of 3 in a at risk at 5.0 months had the event then, the first of the group"),
        ([5, 5, 5], [1, 1, 1], 6, "all of a had the event at one time"),
        ([6, 8, 9], [1, 0, 0], 6, "nobody in a had the event before the horizon"),
        ([7, 8, 9], [1, 0, 0], 6, "nobody in a had the event up to the horizon"),
    ],
)
def test_the_reason_without_an_interval_is_true(
    time: list[float], event: list[int], horizon: float, reason: str
) -> None:
    group = ["a"] * 3 + ["b"] * 3
    result = estimate_restricted_mean([*time, 2, 4, 9], [*event, 1, 1, 0], group=group, horizon=horizon)
    (contrast,) = result.contrasts
    assert result.groups[0].mean.interval is None
    assert contrast.difference.interval is None and contrast.p_difference is None
    assert said(contrast.reason).replace("\u00a0", " ") == f"no interval: {reason}"


@pytest.mark.parametrize("horizon", [0, -1, math.inf, math.nan])
def test_a_horizon_must_be_a_time(horizon: float) -> None:
    with pytest.raises(ValueError, match="horizon must be finite and above 0"):
        estimate_restricted_mean([1, 2], [1, 0], horizon=horizon)


# Properties


@st.composite
def patients(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    n = draw(st.integers(1, 14))

    def column(low: int, high: int) -> np.ndarray:
        return np.array(draw(st.lists(st.integers(low, high), min_size=n, max_size=n)))

    return column(0, 9), column(0, 1), column(0, 1), column(0, 3)


@MODERATE
@given(patients(), st.sampled_from([None, 1.0, 3.5, 7.0]))
def test_weights_equal_repeated_rows(drawn: tuple[np.ndarray, ...], horizon: float | None) -> None:
    time, event, group, weight = drawn
    labels = pd.Categorical.from_codes(group, ["a", "b"])
    weighted = estimate_restricted_mean(time, event, group=labels, weight=weight, horizon=horizon)
    rows = np.repeat(np.arange(len(time)), weight)
    repeated = estimate_restricted_mean(time[rows], event[rows], group=labels[rows], horizon=horizon)
    assert weighted == repeated


@MODERATE
@given(patients(), st.floats(0.5, 12))
def test_means_stay_within_the_horizon_and_grow_with_it(drawn: tuple[np.ndarray, ...], horizon: float) -> None:
    time, event, _, _ = drawn
    (short,) = estimate_restricted_mean(time, event, horizon=horizon / 2).groups
    (long,) = estimate_restricted_mean(time, event, horizon=horizon).groups
    assert (long.mean.value is None) == (long.mean.reason is not None)
    if long.mean.value is None:
        return
    assert short.mean.value is not None
    assert 0 <= short.mean.value <= long.mean.value + 1e-12 <= horizon + 1e-11
    assert long.mean.value + long.lost.value == pytest.approx(horizon)  # type: ignore[operator]
    # Without censoring before the horizon, it is the plain mean of the times cut off there.
    if (event[time < horizon] == 1).all():
        assert long.mean.value == pytest.approx(np.minimum(time, horizon).mean())
        n = len(time)
        assert long.mean.std_error == pytest.approx(np.minimum(time, horizon).std() / math.sqrt(n), abs=1e-12)


def test_frame_names_what_broom_names() -> None:
    frame = estimate_restricted_mean([2, 5, 1, 6, 3, 7], [1, 0, 1, 0, 1, 1], group=list("aabbaa"), horizon=4).to_frame()
    assert frame["term"].tolist() == ["restricted mean", "time lost"] * 2 + ["difference", "ratio"]
    assert set(frame.columns) >= {"group", "reference", "estimate", "std_error", "conf_low", "conf_high", "p_value"}
    assert frame.loc[5, "conf_type"] == "log" and frame.loc[5, "reference"] == "a"
