"""Kaplan–Meier curves against R, against fractions worked out by hand and against an exact oracle."""

from __future__ import annotations

import json
import math
from dataclasses import fields, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.estimators import (
    estimate_survival,
    follow_up,
    n_at_risk,
    normal_quantile,
    survival_at,
    survival_quantile,
)
from analytics.results import Estimate, Interval, Reason, SurvivalCurve
from tests.estimators.said import said
from tests.estimators.survival import survival_oracle as oracle
from tests.estimators.survival.survival_oracle import Patient

REFERENCE = Path(__file__).parents[2] / "reference"
R = json.loads((REFERENCE / "survival_reference.json").read_text(encoding="utf-8"))
CLOSE: dict[str, Any] = {"rtol": 1e-10, "atol": 1e-14}
CONF_TYPES = ("log-log", "log", "plain")
MODERATE = settings(max_examples=60, deadline=None)


def read_data(name: str) -> pd.DataFrame:
    return pd.read_csv(REFERENCE / f"survival_{name}.csv", float_precision="round_trip")


def numbers(values: Any) -> np.ndarray:
    return np.atleast_1d(np.array(values, dtype=float))


def as_nan(values: list[float | None]) -> np.ndarray:
    return np.array([np.nan if value is None else value for value in values])


def name_of(case: dict[str, Any]) -> str:
    used = [case[key] for key in ("data", "group", "weight", "entry", "conf_type") if isinstance(case[key], str)]
    return "-".join(used)


def reference_curves(case: dict[str, Any]) -> tuple[SurvivalCurve, ...]:
    data = read_data(case["data"])
    columns = {key: data[case[key]] for key in ("group", "weight", "entry") if isinstance(case[key], str)}
    result = estimate_survival(
        data["time"], data["event"], conf_level=case["conf_level"], conf_type=case["conf_type"], **columns
    )
    assert [curve.group for curve in result.curves] == [str(expected["group"]) for expected in case["curves"]]
    return result.curves


# Against R


@pytest.mark.parametrize("case", R["curves"], ids=name_of)
def test_every_row_of_a_curve_equals_survfit(case: dict[str, Any]) -> None:
    for curve, expected in zip(reference_curves(case), case["curves"], strict=True):
        for name, ours in {
            "time": curve.time,
            "n_risk": curve.n_risk,
            "n_event": curve.n_event_at,
            "n_censor": curve.n_censor,
            "estimate": curve.estimate,
            "std_error": curve.std_error,
            "low": curve.low,
            "high": curve.high,
        }.items():
            np.testing.assert_allclose(ours, numbers(expected[name]), **CLOSE, err_msg=f"{curve.group} {name}")
        assert curve.n == expected["n"]
        assert curve.n_event == numbers(expected["n_event"]).sum()


@pytest.mark.parametrize("case", R["curves"], ids=name_of)
def test_quantiles_equal_those_of_survfit(case: dict[str, Any]) -> None:
    for curve, expected in zip(reference_curves(case), case["curves"], strict=True):
        found = [survival_quantile(curve, q) for q in expected["quantile"]["q"]]
        sides = [(e.interval.low, e.interval.high) if e.interval else (None, None) for e in found]
        np.testing.assert_allclose(as_nan([e.value for e in found]), numbers(expected["quantile"]["value"]), **CLOSE)
        np.testing.assert_allclose(as_nan([low for low, _ in sides]), numbers(expected["quantile"]["low"]), **CLOSE)
        np.testing.assert_allclose(as_nan([high for _, high in sides]), numbers(expected["quantile"]["high"]), **CLOSE)
        assert curve.median == survival_quantile(curve, 0.5)


@pytest.mark.parametrize("case", R["curves"], ids=name_of)
def test_values_at_times_equal_summary_survfit(case: dict[str, Any]) -> None:
    for curve, expected in zip(reference_curves(case), case["curves"], strict=True):
        at = {name: numbers(values) for name, values in expected["at"].items()}
        found = survival_at(curve, at["times"])
        np.testing.assert_array_equal([e.n for e in found], n_at_risk(curve, at["times"]))
        if len(curve.entry):
            # With delayed entry R counts those at risk at the next observed time, and gives a value before anyone is.
            at_risk = np.array([e.n > 0 or e.value == 0 for e in found])
            assert [e.value is None for e in found] == (~at_risk).tolist() and at_risk.sum() > len(found) / 2
            found = tuple(e for e, kept in zip(found, at_risk, strict=True) if kept)
            at = {name: values[at_risk] for name, values in at.items()}
        else:
            np.testing.assert_array_equal([e.n for e in found], at["n_risk"])
        np.testing.assert_allclose([e.value for e in found], at["estimate"], **CLOSE)
        np.testing.assert_allclose(as_nan([e.std_error for e in found]), at["std_error"], **CLOSE)
        # Before the first observed time R prints limits of 1 for every formula; log-log does not define them there.
        undefined = np.isnan(at["low"]) | ((at["times"] < curve.time[0]) & (curve.conf_type == "log-log"))
        lows = [e.interval.low if e.interval else None for e in found]
        highs = [e.interval.high if e.interval else None for e in found]
        np.testing.assert_allclose(as_nan(lows), np.where(undefined, np.nan, at["low"]), **CLOSE)
        np.testing.assert_allclose(as_nan(highs), np.where(undefined, np.nan, at["high"]), **CLOSE)


@pytest.mark.parametrize("case", R["follow_up"], ids=lambda case: str(case["data"]))
def test_follow_up_equals_the_reversed_survfit(case: dict[str, Any]) -> None:
    data = read_data(case["data"])
    found = follow_up(data["time"], data["event"])
    low, high = (found.interval.low, found.interval.high) if found.interval else (None, None)
    expected = [case["value"], case["low"], case["high"]]
    np.testing.assert_allclose(as_nan([found.value, low, high]), as_nan(expected), **CLOSE)
    assert (found.value is None) == (found.reason is not None)
    assert (found.n, found.n_event) == (len(data), data["event"].sum())


@pytest.mark.parametrize("data", ["heart", "channing"])
def test_number_at_risk_counts_who_has_entered_and_not_left(data: str) -> None:
    rows = read_data(data)
    (curve,) = estimate_survival(rows["time"], rows["event"], entry=rows["entry"]).curves
    times = np.concatenate([[0.0], np.unique(rows["time"])[::3], [rows["time"].max() + 1]])
    expected = [((rows["entry"] < t) & (rows["time"] >= t)).sum() if t else (rows["entry"] == 0).sum() for t in times]
    assert n_at_risk(curve, times).tolist() == expected
    assert curve.n_entry.sum() == curve.n == len(rows)


def test_nobody_is_at_risk_before_the_first_entry() -> None:
    (curve,) = estimate_survival([4, 6, 9], [1, 1, 0], entry=[2, 3, 5]).curves
    before, between, after = survival_at(curve, [1, 4, 7])
    assert (before.value, before.n) == (None, 0)
    assert before.reason == Reason.of("nobody-observed", months=1.0)
    assert (between.value, between.n) == (0.5, 2)
    assert (after.value, after.n) == (0.25, 1)


def test_reference_covers_what_it_should() -> None:
    rows = [curve for case in R["curves"] for curve in case["curves"]]
    assert len(rows) > 80
    assert any(0 in numbers(curve["estimate"])[:-1] for curve in rows), "a curve that reaches 0 early by delayed entry"
    assert any(None in np.atleast_1d(np.array(curve["quantile"]["high"], dtype=object)) for curve in rows)
    assert any(0 in numbers(curve["time"]) for curve in rows)


# Worked out by hand

# Months; + still event-free: 1, 2, 2, 2+, 3+, 4, 5, 5+, 6, 8+, 9, 12+
TWELVE_TIME = [5, 1, 2, 12, 2, 9, 2, 3, 8, 4, 5, 6]
TWELVE_EVENT = [1, 1, 1, 0, 1, 1, 0, 0, 0, 1, 0, 1]


def test_twelve_patients_by_hand() -> None:
    (curve,) = estimate_survival(TWELVE_TIME, TWELVE_EVENT).curves
    assert curve.group == "everyone"
    assert (curve.n, curve.n_event) == (12, 7)
    assert curve.time.tolist() == [1, 2, 3, 4, 5, 6, 8, 9, 12]
    assert curve.n_risk.tolist() == [12, 11, 8, 7, 6, 4, 3, 2, 1]
    assert curve.n_event_at.tolist() == [1, 2, 0, 1, 1, 1, 0, 1, 0]
    assert curve.n_censor.tolist() == [0, 1, 1, 0, 1, 0, 1, 0, 1]
    three_quarters = Fraction(11, 12) * Fraction(9, 11)
    after_four = three_quarters * Fraction(6, 7)
    after_five = after_four * Fraction(5, 6)
    after_six = after_five * Fraction(3, 4)
    after_nine = after_six * Fraction(1, 2)
    assert three_quarters == Fraction(3, 4) and after_six == Fraction(45, 112) and after_nine == Fraction(45, 224)
    expected = [Fraction(11, 12), three_quarters, three_quarters, after_four, after_five, after_six, after_six]
    expected += [after_nine, after_nine]
    np.testing.assert_allclose(curve.estimate, [float(s) for s in expected], rtol=1e-14)
    # Greenwood to month 5: 1/(12·11) + 2/(11·9) + 1/(7·6) + 1/(6·5)
    relative = Fraction(1, 132) + Fraction(2, 99) + Fraction(1, 42) + Fraction(1, 30)
    assert curve.std_error[4] == pytest.approx(float(after_five) * math.sqrt(relative), rel=1e-14)
    assert curve.median.value == 6
    assert (curve.median.n, curve.median.n_event) == (12, 7)


def test_twelve_patients_read_at_times() -> None:
    (curve,) = estimate_survival(TWELVE_TIME, TWELVE_EVENT).curves
    start, between, at_event, last, past = survival_at(curve, [0, 1.9, 2, 12, 12.5])
    assert (start.value, start.n, start.n_event, start.std_error, start.interval) == (1, 12, 0, 0, None)
    assert (between.value, between.n, between.n_event) == (pytest.approx(11 / 12), 11, 1)
    assert (at_event.value, at_event.n, at_event.n_event) == (pytest.approx(3 / 4), 11, 3)
    assert (last.value, last.n, last.n_event) == (pytest.approx(45 / 224), 1, 7)
    assert (past.value, past.n, past.n_event) == (None, 0, 7)
    assert past.reason == Reason.of("follow-up-ended", months=12.0)


def test_delayed_entry_by_hand() -> None:
    # Under observation in (0, 2], (0, 4], (2, 5] and (3, 6]: the third enters only after the event at 2.
    (curve,) = estimate_survival([2, 4, 5, 6], [1, 1, 0, 1], entry=[0, 0, 2, 3]).curves
    assert curve.n_risk.tolist() == [2, 3, 2, 1]
    np.testing.assert_allclose(curve.estimate, [1 / 2, 1 / 3, 1 / 3, 0], rtol=1e-15)


def test_follow_up_by_hand() -> None:
    # Reversed, follow-up ends at 2 (1 of 4 at risk), 4 (1 of 2) and 6: 3/4, 3/8, 0.
    found = follow_up([1, 2, 3, 4, 6], [1, 0, 1, 0, 0])
    assert found.value == 4
    assert (found.n, found.n_event, found.reason) == (5, 2, None)
    none_left = follow_up([1, 2], [1, 1])
    assert none_left.value is None
    assert said(none_left.reason).startswith("not reached (2 of 2 patients had the event")
    assert follow_up([], []) == Estimate(None, reason=Reason("no-patients"))


# Small and degenerate


def test_no_patients_give_an_empty_curve_with_a_reason() -> None:
    (curve,) = estimate_survival([], []).curves
    assert (curve.n, curve.n_event, len(curve.time), len(curve.low)) == (0, 0, 0, 0)
    assert curve.median == Estimate(None, reason=Reason("no-patients"))
    assert survival_at(curve, [0, 12]) == (Estimate(None, reason=Reason("no-patients")),) * 2
    assert estimate_survival([], [], group=[]).curves == ()


def test_one_patient_with_the_event() -> None:
    (curve,) = estimate_survival([3.0], [True]).curves
    assert curve.estimate.tolist() == [0.0]
    assert np.isnan([curve.std_error[0], curve.low[0], curve.high[0]]).all()
    assert (curve.median.value, curve.median.interval) == (3.0, None)
    before, at, after = survival_at(curve, [2, 3, 99])
    assert (before.value, before.n) == (1.0, 1)
    assert (at.value, at.n, at.interval, at.std_error) == (0.0, 1, None, None)
    assert (after.value, after.n, after.n_event) == (0.0, 0, 1)


def test_one_patient_without_the_event() -> None:
    (curve,) = estimate_survival([3.0], [0]).curves
    assert curve.estimate.tolist() == [1.0]
    assert curve.std_error.tolist() == [0.0]
    assert np.isnan(curve.low[0]) and np.isnan(curve.high[0])
    assert curve.median.value is None
    assert curve.median.reason == Reason.of("quantile-not-reached", share=1.0, months=3.0)
    assert survival_at(curve, [3.1])[0].reason == Reason.of("follow-up-ended", months=3.0)


@pytest.mark.parametrize(("conf_type", "low", "high"), [("log-log", np.nan, np.nan), ("log", 1, 1), ("plain", 1, 1)])
def test_limits_without_any_event(conf_type: Any, low: float, high: float) -> None:
    (curve,) = estimate_survival([1, 2], [0, 0], conf_type=conf_type).curves
    np.testing.assert_array_equal(curve.low, [low, low])
    np.testing.assert_array_equal(curve.high, [high, high])
    interval = survival_at(curve, [0.5])[0].interval
    assert (interval is None) == (conf_type == "log-log")


def test_median_on_a_level_stretch_is_its_middle() -> None:
    assert estimate_survival([1, 2, 3, 4, 5, 6], [1] * 6).curves[0].median.value == 3.5
    assert estimate_survival([1, 2, 4, 8], [1, 1, 0, 0]).curves[0].median.value == 5


def test_median_tolerates_rounding_of_the_curve() -> None:
    # 7/10 · 6/7 · 5/6 is one half, which floating point misses.
    time = np.arange(1, 11)
    curve = estimate_survival(time, time <= 7).curves[0]
    assert curve.median.value == 5.5
    assert survival_quantile(curve, 0.3).value == 3.5


def test_limits_of_a_quantile_enclose_it_where_the_curve_limits_rise_again() -> None:
    # The lower limit is 0.0060 at month 1, 0.0110 at 5 and 0.0113 at 6; looked up by value, 10 % is first passed at 6.
    (curve,) = estimate_survival([6, 8, 6, 9, 5, 1], [0, 0, 1, 1, 1, 1], entry=[2, 2, 5, 3, 0, 0]).curves
    assert (np.diff(curve.low[:3]) > 0).all()
    found = survival_quantile(curve, 0.1)
    assert (found.value, found.interval) == (1, Interval(1, 5, 0.95, "log-log"))


def test_times_that_differ_by_rounding_are_one_time() -> None:
    (curve,) = estimate_survival([0.1 + 0.2, 0.3, 1.0], [1, 1, 0]).curves
    assert curve.time.tolist() == [0.3, 1.0]
    assert curve.n_event_at.tolist() == [2, 0]
    assert survival_at(curve, [0.1 + 0.2])[0].value == pytest.approx(1 / 3)


def test_time_asked_for_tolerates_rounding() -> None:
    (curve,) = estimate_survival([0.1 + 0.2, 1.0], [1, 0]).curves
    earlier = survival_at(curve, [0.3])[0]
    assert (earlier.value, earlier.n) == (0.5, 2)
    (curve,) = estimate_survival([0.3, 1.0], [1, 0]).curves
    later = survival_at(curve, [0.1 + 0.2])[0]
    assert (later.value, later.n) == (0.5, 2)


# Groups


def test_categorical_groups_keep_their_order_and_empty_ones() -> None:
    group = pd.Categorical(["marrow", "CNS", "marrow"], categories=["marrow", "testis", "CNS"])
    result = estimate_survival([1, 2, 3], [1, 0, 1], group=group)
    assert [(c.group, c.n) for c in result.curves] == [("marrow", 2), ("testis", 0), ("CNS", 1)]
    assert result.curves[1].median.reason == Reason("no-patients")
    assert result.curves[1].time.shape == (0,)
    assert result.to_frame()["group"].tolist() == ["marrow", "marrow", "CNS"]
    series = estimate_survival([1, 2, 3], [1, 0, 1], group=pd.Series(group))
    assert [c.group for c in series.curves] == ["marrow", "testis", "CNS"]


@pytest.mark.parametrize(
    ("group", "names"),
    [
        (["b", "a", "b"], ["a", "b"]),
        ([10, 9, 10], ["9", "10"]),
        (np.array([True, False, True]), ["False", "True"]),
        (pd.Series(["b", "a", "b"], index=[5, 6, 7], dtype="string"), ["a", "b"]),
    ],
)
def test_other_groups_are_sorted(group: Any, names: list[str]) -> None:
    assert [c.group for c in estimate_survival([1, 2, 3], [1, 0, 1], group=group).curves] == names


def test_rows_with_weight_zero_leave_no_trace() -> None:
    result = estimate_survival([1, 2, 3], [1, 0, 1], group=["a", "b", "a"], weight=[1, 0, 2])
    assert [(c.group, c.n, c.time.tolist()) for c in result.curves] == [("a", 3, [1, 3])]


def test_results_cannot_be_changed() -> None:
    (curve,) = estimate_survival([1, 2], [1, 0]).curves
    with pytest.raises(ValueError, match="read-only"):
        curve.estimate[0] = 0.5


# Refusals

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"time": [1, math.nan]}, r"time must be finite and >= 0: 1 of 2 value is not \(first at row 1: nan\)"),
    ({"time": [-0.02, 1]}, r"time must be finite and >= 0: 1 of 2 value is not \(first at row 0: -0.02\)"),
    ({"time": [1, math.inf]}, "time must be finite"),
    ({"time": [[1, 2]]}, "time must have one dimension: it has 2"),
    ({"time": ["1", "2"]}, "time must hold numbers"),
    ({"time": pd.to_timedelta([1, 2], unit="D")}, "time must hold numbers"),
    ({"event": [1]}, "event must have one value per row: it has 1 for 2 times"),
    ({"event": [1, 2]}, r"event must be 0 or 1: .*1 = censored and 2 = event: subtract 1"),
    ({"event": [2, 2]}, "subtract 1"),
    ({"event": [1, math.nan]}, "leave out patients with an unknown status"),
    ({"event": [1, None]}, "leave out patients with an unknown status"),
    ({"event": pd.array([True, None], dtype="boolean")}, "leave out patients with an unknown status"),
    ({"event": [0.5, 1]}, "event must be 0 or 1: 1 of 2 value is not .first at row 0: 0.5"),
    ({"weight": [1, -1]}, "weight must be a whole number of patients"),
    ({"weight": [1, 0.5]}, "need another variance"),
    ({"weight": [1, math.inf]}, "weight must be"),
    ({"weight": [1]}, "weight must have one value per row"),
    ({"entry": [0, 2]}, r"entry must be before time: 1 of 2 value is not \(first at row 1: 2\)"),
    ({"entry": [0, 3], "weight": [1, 1]}, "entry must be before time"),
    ({"entry": [-1, 0]}, "entry must be finite and >= 0"),
    ({"entry": [0]}, "entry must have one value per row"),
    ({"group": ["a", None]}, r"group must be known: it is missing in 1 of 2 rows \(first at row 1\)"),
    ({"group": [1.0, math.nan]}, "group must be known"),
    ({"group": pd.Categorical(["a", None])}, "group must be known"),
    ({"group": ["a"]}, "group must have one value per row: it has 1 for 2 times"),
    ({"group": np.array(["a", 1], dtype=object)}, "group mixes kinds of values"),
    ({"group": pd.Categorical(["1", 1])}, "read alike"),
    ({"conf_level": 95}, r"conf_level must lie between 0 and 1 \(0.95, not 95\)"),
    ({"conf_type": "loglog"}, "conf_type must be one of log-log, log, plain: it is 'loglog'"),
]


@pytest.mark.parametrize(("change", "message"), REFUSED)
def test_unusable_input_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        estimate_survival(**{"time": [1, 2], "event": [1, 0], **change})


def test_row_in_a_message_counts_dropped_rows_as_well() -> None:
    with pytest.raises(ValueError, match=r"first at row 2: 7"):
        estimate_survival([1, 2, 3], [1, 0, 1], weight=[0, 1, 1], entry=[0, 0, 7])


@pytest.mark.parametrize("times", [[-1], [math.nan], [math.inf]])
def test_times_asked_for_must_exist(times: list[float]) -> None:
    (curve,) = estimate_survival([1], [1]).curves
    with pytest.raises(ValueError, match="times must be finite and >= 0"):
        survival_at(curve, times)


@pytest.mark.parametrize("q", [0, -0.1, 1.1, math.nan])
def test_quantile_must_be_a_share(q: float) -> None:
    (curve,) = estimate_survival([1], [1]).curves
    with pytest.raises(ValueError, match="q must be above 0 and at most 1"):
        survival_quantile(curve, q)


# Properties

PATIENTS = st.lists(
    st.builds(Patient, st.integers(0, 12), st.integers(0, 1), st.sampled_from("abc")), min_size=1, max_size=40
)
DELAYED = st.lists(
    st.builds(
        lambda entry, length, event: Patient(entry + length, event, entry=entry),
        st.integers(0, 8),
        st.integers(1, 6),
        st.integers(0, 1),
    ),
    min_size=1,
    max_size=30,
)


def columns(patients: list[Patient]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([p.time for p in patients], float), np.array([p.event for p in patients])


def assert_same(one: SurvivalCurve, other: SurvivalCurve) -> None:
    for field in fields(SurvivalCurve):
        ours, theirs = getattr(one, field.name), getattr(other, field.name)
        if isinstance(ours, np.ndarray):
            np.testing.assert_array_equal(ours, theirs, err_msg=field.name)
        else:
            assert ours == theirs, field.name


def assert_equals_oracle(curve: SurvivalCurve, patients: list[Patient]) -> None:
    steps = oracle.curve(patients)
    assert curve.time.tolist() == [s.time for s in steps]
    assert curve.n_risk.tolist() == [s.n_risk for s in steps]
    assert curve.n_event_at.tolist() == [s.n_event for s in steps]
    assert curve.n_censor.tolist() == [s.n_censor for s in steps]
    np.testing.assert_allclose(curve.estimate, [float(s.survival) for s in steps], rtol=1e-12)
    errors = [math.nan if s.variance is None else math.sqrt(s.variance) for s in steps]
    np.testing.assert_allclose(curve.std_error, errors, rtol=1e-12)
    z = normal_quantile(curve.conf_level)
    for i, step in enumerate(steps):
        limits = oracle.limits(step, curve.conf_type, z)
        np.testing.assert_allclose([curve.low[i], curve.high[i]], limits or [math.nan] * 2, rtol=1e-9, atol=1e-14)


@MODERATE
@given(PATIENTS, st.sampled_from(CONF_TYPES))
def test_curve_equals_the_exact_oracle(patients: list[Patient], conf_type: Any) -> None:
    (curve,) = estimate_survival(*columns(patients), conf_type=conf_type).curves
    assert_equals_oracle(curve, patients)


@MODERATE
@given(DELAYED, st.sampled_from(CONF_TYPES))
def test_curve_with_delayed_entry_equals_the_exact_oracle(patients: list[Patient], conf_type: Any) -> None:
    entry = [p.entry for p in patients]
    (curve,) = estimate_survival(*columns(patients), entry=entry, conf_type=conf_type).curves
    assert_equals_oracle(curve, patients)


@MODERATE
@given(PATIENTS, st.fractions(Fraction(1, 20), 1, max_denominator=20))
def test_quantile_equals_the_exact_oracle(patients: list[Patient], share: Fraction) -> None:
    (curve,) = estimate_survival(*columns(patients)).curves
    expected = oracle.quantile(oracle.curve(patients), share)
    found = survival_quantile(curve, float(share))
    assert found.value == (None if expected is None else pytest.approx(float(expected), abs=1e-12))
    if found.interval and None not in (found.value, found.interval.low, found.interval.high):
        assert found.interval.low <= found.value <= found.interval.high


@MODERATE
@given(PATIENTS, st.data(), st.sampled_from(CONF_TYPES))
def test_weights_equal_repeated_rows(patients: list[Patient], data: st.DataObject, conf_type: Any) -> None:
    time, event = columns(patients)
    group = np.array([p.group for p in patients])
    weight = np.array(data.draw(st.lists(st.integers(0, 4), min_size=len(time), max_size=len(time))))
    rows = np.repeat(np.arange(len(time)), weight)
    weighted = estimate_survival(time, event, group=group, weight=weight, conf_type=conf_type)
    repeated = estimate_survival(time[rows], event[rows], group=group[rows], conf_type=conf_type)
    for one, other in zip(weighted.curves, repeated.curves, strict=True):
        assert_same(one, other)
    assert follow_up(time, event, weight=weight) == follow_up(time[rows], event[rows])


@MODERATE
@given(PATIENTS, st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(patients: list[Patient], random: Any) -> None:
    shuffled = random.sample(patients, len(patients))
    groups = [[p.group for p in rows] for rows in (patients, shuffled)]
    one, other = (
        estimate_survival(*columns(rows), group=g) for rows, g in zip((patients, shuffled), groups, strict=True)
    )
    for a, b in zip(one.curves, other.curves, strict=True):
        assert_same(a, b)


@MODERATE
@given(PATIENTS, st.sampled_from(CONF_TYPES))
def test_curve_is_a_falling_probability_inside_its_limits(patients: list[Patient], conf_type: Any) -> None:
    result = estimate_survival(*columns(patients), group=[p.group for p in patients], conf_type=conf_type)
    assert sum(c.n for c in result.curves) == len(patients)
    for curve in result.curves:
        assert (np.diff(curve.time) > 0).all()
        assert (np.diff(curve.estimate, prepend=1.0) <= 0).all()
        assert ((curve.estimate >= 0) & (curve.estimate <= 1)).all()
        drawn = ~np.isnan(curve.low)
        assert (curve.low[drawn] <= curve.estimate[drawn]).all() and (curve.low[drawn] >= 0).all()
        assert (curve.high[drawn] >= curve.estimate[drawn]).all() and (curve.high[drawn] <= 1).all()
        left = curve.n_risk - curve.n_event_at - curve.n_censor
        np.testing.assert_array_equal(left, np.append(curve.n_risk[1:], 0))


@MODERATE
@given(PATIENTS)
def test_a_group_is_estimated_from_its_own_patients(patients: list[Patient]) -> None:
    result = estimate_survival(*columns(patients), group=[p.group for p in patients])
    for curve in result.curves:
        own = [p for p in patients if p.group == curve.group]
        (alone,) = estimate_survival(*columns(own)).curves
        assert_same(curve, replace(alone, group=curve.group))


@MODERATE
@given(PATIENTS)
def test_entry_before_everything_changes_nothing(patients: list[Patient]) -> None:
    time, event = columns(patients)
    (plain,) = estimate_survival(time + 1, event).curves
    (delayed,) = estimate_survival(time + 1, event, entry=np.zeros(len(time))).curves
    assert_same(plain, delayed)
