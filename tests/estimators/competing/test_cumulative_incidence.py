"""Cumulative incidence and Gray's test against R, fractions worked out by hand and slow sums over patients."""

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

from analytics.estimators import (
    estimate_cumulative_incidence,
    estimate_survival,
    gray_test,
    incidence_at,
    logrank_test,
    survival_at,
)
from analytics.results import IncidenceCurve, IncidenceResult, Reason, TestResult
from tests.estimators.said import words

REFERENCE = Path(__file__).parents[2] / "reference"
R = json.loads((REFERENCE / "competing_reference.json").read_text(encoding="utf-8"))
CLOSE: dict[str, Any] = {"rtol": 1e-10, "atol": 1e-13}
MODERATE = settings(max_examples=60, deadline=None)


def read_data(name: str) -> pd.DataFrame:
    return pd.read_csv(REFERENCE / f"competing_{name}.csv", float_precision="round_trip")


def numbers(values: Any) -> np.ndarray:
    return np.atleast_1d(np.array(values, dtype=float))


def name_of(case: dict[str, Any]) -> str:
    used = [case[key] for key in ("data", "group", "strata", "weight", "entry", "conf_type") if key in case]
    return "-".join([*(name for name in used if isinstance(name, str)), *([f"{case['rho']}"] if "rho" in case else [])])


def reference_result(case: dict[str, Any]) -> IncidenceResult:
    data = read_data(case["data"])
    columns = {key: data[case[key]] for key in ("group", "weight", "entry") if isinstance(case[key], str)}
    return estimate_cumulative_incidence(
        data["time"], data["cause"], conf_level=case["conf_level"], conf_type=case["conf_type"], **columns
    )


# Against R


@pytest.mark.parametrize("case", R["curves"], ids=name_of)
def test_every_row_of_a_curve_equals_survfit(case: dict[str, Any]) -> None:
    for curve, expected in zip(reference_result(case).curves, case["curves"], strict=True):
        assert (curve.group, curve.cause, curve.n) == (str(expected["group"]), expected["cause"], expected["n"])
        for name, ours in {
            "time": curve.time,
            "n_risk": curve.n_risk,
            "n_event": curve.n_event_at,
            "estimate": curve.estimate,
            "std_error": curve.std_error,
            "low": curve.low,
            "high": curve.high,
        }.items():
            if name in expected:
                np.testing.assert_allclose(ours, numbers(expected[name]), **CLOSE, err_msg=f"{curve.group} {name}")
        assert curve.n_event == numbers(expected["n_event"]).sum()


def test_only_delayed_entry_has_no_limits_in_the_reference() -> None:
    without = [case["data"] for case in R["curves"] for curve in case["curves"] if "low" not in curve]
    assert set(without) == {"late"}
    assert len(R["curves"]) > 14


@pytest.mark.parametrize("case", [c for c in R["curves"] if c["entry"] != "entry"], ids=name_of)
def test_values_at_times_equal_summary_survfit(case: dict[str, Any]) -> None:
    for curve, expected in zip(reference_result(case).curves, case["curves"], strict=True):
        at = {name: numbers(values) for name, values in expected["at"].items()}
        found = incidence_at(curve, at["times"])
        np.testing.assert_allclose([e.value for e in found], at["estimate"], **CLOSE)
        np.testing.assert_allclose([e.std_error for e in found], at["std_error"], **CLOSE)
        np.testing.assert_array_equal([e.n for e in found], at["n_risk"])


@pytest.mark.parametrize("case", R["tests"], ids=name_of)
def test_gray_equals_cuminc(case: dict[str, Any]) -> None:
    data = read_data(case["data"])
    named = {key: data[case[key]] for key in ("strata", "weight") if isinstance(case[key], str)}
    expected = zip(
        case["causes"], numbers(case["statistic"]), numbers(case["p_value"]), numbers(case["df"]), strict=True
    )
    for of, statistic, p_value, df in expected:
        found = gray_test(data["time"], data["cause"], data[case["group"]], of=of, rho=case["rho"], **named)
        assert found.reason is None
        np.testing.assert_allclose([found.statistic, found.p_value], [statistic, p_value], **CLOSE)
        assert found.df == df
        assert [group.group for group in found.groups] == [str(name) for name in case["groups"]]
        assert sum(found.observed) == pytest.approx(sum(found.expected), rel=1e-10)


# Worked out by hand

# Months of relapse (1), death (2) and end of follow-up (0)
TIME = [1, 2, 2, 3, 4, 4, 5, 6, 7, 7, 9, 12]
CAUSE = [1, 1, 2, 0, 1, 0, 2, 1, 0, 2, 1, 0]
GROUP = ["a", "b"] * 6


def test_twelve_patients_by_hand() -> None:
    result = estimate_cumulative_incidence(TIME, CAUSE, causes=["relapse", "death"])
    relapse, death = result.curves
    assert (relapse.group, relapse.cause, death.cause, result.causes) == (
        "everyone",
        "relapse",
        "death",
        ("relapse", "death"),
    )
    assert relapse.time.tolist() == [1, 2, 3, 4, 5, 6, 7, 9, 12]
    assert relapse.n_risk.tolist() == [12, 11, 9, 8, 6, 5, 4, 2, 1]
    assert relapse.n_event_at.tolist() == [1, 1, 0, 1, 0, 1, 0, 1, 0]
    assert relapse.n_competing_at.tolist() == [0, 1, 0, 0, 1, 0, 1, 0, 0]
    assert relapse.n_censor.tolist() == [0, 0, 1, 1, 0, 0, 1, 0, 1]
    assert (relapse.n, relapse.n_event, death.n_event) == (12, 5, 3)
    # Free of both: 11/12, 3/4 (after 2 and 3), 21/32, 35/64, 7/16, 21/64, 21/128
    free = [Fraction(1), Fraction(11, 12), Fraction(3, 4), Fraction(3, 4), Fraction(21, 32), Fraction(35, 64)]
    free += [Fraction(7, 16), Fraction(21, 64), Fraction(21, 128)]
    for curve in (relapse, death):
        total, steps = Fraction(0), []
        for before, n, d in zip(free, curve.n_risk, curve.n_event_at, strict=True):
            total += before * Fraction(int(d), int(n))
            steps.append(float(total))
        np.testing.assert_allclose(curve.estimate, steps, rtol=1e-14)
    # Before the first death among the events at 2 the variance is that of a proportion: 1/12 of twelve.
    assert relapse.std_error[0] == pytest.approx(math.sqrt(Fraction(11, 144) / 12), rel=1e-14)
    assert relapse.std_error[1] == pytest.approx(math.sqrt(Fraction(2 * 10, 144) / 12), rel=1e-14)


def test_until_somebody_is_censored_it_is_a_share_of_the_patients() -> None:
    cause = [1, 2, 1, 1, 2, 1, 2, 1]
    (first, second) = estimate_cumulative_incidence([1, 1, 2, 3, 3, 3, 4, 4], cause, conf_type="plain").curves
    share = np.array([1, 2, 4, 5]) / 8
    np.testing.assert_allclose(first.estimate, share, rtol=1e-14)
    np.testing.assert_allclose(first.std_error, np.sqrt(share * (1 - share) / 8), rtol=1e-13)
    np.testing.assert_allclose(second.estimate[-1], 3 / 8, rtol=1e-14)


def test_log_log_limits_by_hand() -> None:
    (curve,) = estimate_cumulative_incidence([1, 2, 3, 4], [1, 0, 0, 0], conf_level=0.9).curves
    # F = 1/4, se = sqrt(3/64), on the scale log(-log F): se / (F log 4)
    spread = 1.6448536269514722 * math.sqrt(3 / 64) / (0.25 * math.log(4))
    assert curve.low[0] == pytest.approx(0.25 ** math.exp(spread), rel=1e-12)
    assert curve.high[0] == pytest.approx(0.25 ** math.exp(-spread), rel=1e-12)


def test_one_minus_kaplan_meier_is_more() -> None:
    data = read_data("mgus2")
    (curve, _) = estimate_cumulative_incidence(data["time"], data["cause"]).curves
    (naive,) = estimate_survival(data["time"], data["cause"] == 1).curves
    assert (1 - naive.estimate >= curve.estimate - 1e-12).all()
    assert 1 - naive.estimate[-1] > 1.5 * curve.estimate[-1]


def test_values_past_follow_up_are_not_made_up() -> None:
    (curve, _) = estimate_cumulative_incidence(TIME, CAUSE).curves
    early, first, late, past = incidence_at(curve, [0.5, 1, 12, 12.5])
    assert (early.value, early.interval, early.n, early.n_event, early.std_error) == (0, None, 12, 0, 0)
    assert (first.value, first.n, first.n_event) == (pytest.approx(1 / 12), 12, 1)
    assert (late.value, late.n, late.n_event) == (pytest.approx(curve.estimate[-1]), 1, 5)
    assert past.value is None and past.reason == Reason.of("follow-up-ended", months=12.0)


def test_a_curve_that_is_over_stays() -> None:
    (first, second) = estimate_cumulative_incidence([1, 2, 3], [1, 2, 1], conf_type="log").curves
    assert [e.value for e in incidence_at(first, [3, 50])] == [pytest.approx(2 / 3)] * 2
    assert [e.value for e in incidence_at(second, [50])] == [pytest.approx(1 / 3)]
    assert incidence_at(second, [50])[0].interval is not None


def test_nobody_at_risk_yet_with_delayed_entry() -> None:
    (curve,) = estimate_cumulative_incidence([4, 5, 6], [1, 0, 1], entry=[2, 3, 3]).curves
    at_one, at_three = incidence_at(curve, [1, 2.5])
    assert at_one.value is None and at_one.reason is not None and at_one.reason.code == "nobody-observed"
    assert (at_three.value, at_three.n) == (0, 1)


def test_groups_keep_their_order_and_empty_ones_their_place() -> None:
    group = pd.Categorical(GROUP, categories=["c", "b", "a"])
    result = estimate_cumulative_incidence(TIME, CAUSE, group=group, causes=["relapse", "death", "second cancer"])
    assert [(c.group, c.cause) for c in result.curves][:4] == [
        ("c", "relapse"),
        ("c", "death"),
        ("c", "second cancer"),
        ("b", "relapse"),
    ]
    empty = result.for_group("c")[0]
    assert (empty.n, len(empty.time)) == (0, 0)
    assert [e.reason for e in incidence_at(empty, [0, 5])] == [Reason("no-patients")] * 2
    assert [c.group for c in result.for_cause("death")] == ["c", "b", "a"]
    assert not result.for_cause("second cancer")[1].estimate.any()
    alone = estimate_cumulative_incidence(TIME[::2], CAUSE[::2], causes=["relapse", "death"]).curves[0]
    np.testing.assert_array_equal(result.for_group("a")[0].estimate, alone.estimate)


def test_accessors_name_what_exists() -> None:
    result = estimate_cumulative_incidence(TIME, CAUSE, group=GROUP)
    with pytest.raises(ValueError, match="there is no cause 'relapse': the causes are 1, 2"):
        result.for_cause("relapse")
    with pytest.raises(ValueError, match="there is no curve of group 'z': the groups are a, b"):
        result.for_group("z")


def test_causes_that_do_not_occur_have_no_curve_unless_they_are_named() -> None:
    assert estimate_cumulative_incidence([1, 2], [3, 0]).causes == ("3",)
    assert estimate_cumulative_incidence([1, 2], [0, 0]).curves == ()
    (curve,) = estimate_cumulative_incidence([1, 2], [0, 0], causes=["relapse"], conf_type="plain").curves
    assert curve.estimate.tolist() == curve.std_error.tolist() == curve.low.tolist() == curve.high.tolist() == [0, 0]
    (log_log,) = estimate_cumulative_incidence([1, 2], [0, 0], causes=["relapse"]).curves
    assert np.isnan(log_log.low).all() and np.isnan(log_log.high).all()
    assert estimate_cumulative_incidence([], []).to_frame().empty


def test_all_events_of_one_cause_reach_one() -> None:
    (curve,) = estimate_cumulative_incidence([1, 2, 2], [1, 1, 1]).curves
    assert curve.estimate[-1] == pytest.approx(1, rel=1e-15)
    assert curve.std_error[-1] == pytest.approx(0, abs=1e-12)
    assert curve.estimate.max() <= 1


def test_to_frame_has_the_columns_of_every_curve() -> None:
    frame = estimate_cumulative_incidence(TIME, CAUSE, group=GROUP).to_frame()
    assert list(frame.columns) == [
        "group", "cause", "time", "n_risk", "n_event", "n_censor", "estimate", "std_error", "conf_low", "conf_high",
        "conf_level", "conf_type",
    ]  # fmt: skip
    assert frame["n_event"].sum() == 8
    assert set(zip(frame["group"], frame["cause"], strict=True)) == {("a", "1"), ("a", "2"), ("b", "1"), ("b", "2")}


def test_arrays_are_read_only() -> None:
    (curve, _) = estimate_cumulative_incidence(TIME, CAUSE).curves
    for name in ("time", "n_risk", "n_event_at", "n_competing_at", "n_censor", "estimate", "std_error", "low", "high"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(curve, name)[0] = 1


# Gray's test: by hand, and what cannot be tested


def test_gray_by_hand_without_ties() -> None:
    # At 1 all are at risk, at 2 two of b and one of a: expected in a 1/2 and 1/3. Competing events and censorings are none.
    found = gray_test([1, 2, 3, 4], [1, 1, 0, 0], ["a", "b", "a", "b"])
    assert found.observed == (1, 1)
    # After the event at 1 one of two is left in a, S = F = 1/2: it counts 1 * (1/2) / (1/2) = 1 of the 3 free of the cause.
    np.testing.assert_allclose(found.expected, [1 / 2 + 1 / 3, 1 / 2 + 2 / 3], rtol=1e-14)
    assert found.method == "Gray’s test"


def test_without_competing_events_the_expected_are_those_of_the_log_rank_test() -> None:
    data = read_data("pbc")
    event = data["cause"] == 2
    gray = gray_test(data["time"], event.astype(int), data["sex"])
    np.testing.assert_allclose(gray.expected, logrank_test(data["time"], event, data["sex"]).expected, rtol=1e-10)


def test_one_group_without_events_of_the_cause_is_compared() -> None:
    data = read_data("bmt")
    cause = data["cause"].mask((data["group"] == 1) & (data["cause"] == 1), 2)
    found = gray_test(data["time"], cause, data["group"])
    assert found.observed[0] == 0 and found.expected[0] > 0
    assert found.statistic is not None and found.df == 2


@pytest.mark.parametrize(
    ("time", "cause", "group", "reason"),
    [
        ([], [], [], Reason("no-patients")),
        ([1, 2], [1, 0], ["a", "a"], Reason("one-group")),
        ([1, 2], [1, 0], pd.Categorical(["a", "a"], categories=["b", "a"]), Reason("one-group")),
        ([1, 2], [2, 0], ["a", "b"], Reason("no-events-of-cause")),
        ([1, 2], [0, 1], ["a", "b"], Reason("no-event-compares")),
        (
            [1, 1],
            [1, 1],
            ["a", "b"],
            Reason("variance-not-estimable"),
        ),
        (
            [1, 2, 3],
            [2, 1, 1],
            ["a", "b", "b"],
            Reason("no-event-compares"),
        ),
        (
            [1, 2, 2, 3, 4],
            [1, 2, 1, 1, 1],
            ["a", "a", "a", "b", "b"],
            None,
        ),
    ],
)
def test_what_cannot_be_tested_says_why(time: Any, cause: Any, group: Any, reason: str | None) -> None:
    found = gray_test(time, cause, group)
    assert found.reason == reason
    assert (found.statistic is None) == (found.df is None) == (found.p_value is None) == (reason is not None)
    assert sum(g.n for g in found.groups) == len(time)
    assert all(math.isfinite(g.expected) for g in found.groups)


def test_a_group_gone_before_the_first_event_costs_no_degree_of_freedom() -> None:
    alone = gray_test(TIME, CAUSE, GROUP)
    found = gray_test([*TIME, 0.5, 0.6], [*CAUSE, 0, 0], [*GROUP, "c", "c"])
    assert found.statistic == pytest.approx(alone.statistic, rel=1e-12)
    assert found.df == 1
    (note,) = found.notes
    assert note.code == "group-not-compared" and words(note).startswith("c (2 patients) does not enter the test")


def test_groups_that_never_meet_are_compared_within_their_sets() -> None:
    alone = gray_test(TIME, CAUSE, GROUP)
    group = [*GROUP, *("c" if g == "a" else "d" for g in GROUP)]
    found = gray_test(TIME * 2, CAUSE * 2, group, strata=["x"] * 12 + ["y"] * 12)
    assert alone.statistic is not None
    assert found.statistic == pytest.approx(2 * alone.statistic, rel=1e-12)
    assert (found.df, found.method) == (2, "stratified Gray’s test")
    (note,) = found.notes
    assert note.code == "groups-compared-apart" and "a and b; c and d" in words(note)


def test_a_stratum_with_one_group_adds_events_but_no_information() -> None:
    alone = gray_test(TIME, CAUSE, GROUP)
    found = gray_test([*TIME, 1, 2, 3], [*CAUSE, 1, 1, 2], [*GROUP, "a", "a", "a"], strata=["x"] * 12 + ["y"] * 3)
    assert found.statistic == pytest.approx(alone.statistic, rel=1e-12)
    assert found.observed[0] == alone.observed[0] + 2


# Refusals


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"cause": [1.5, *CAUSE[1:]]},
            r"cause must be a whole number >= 0: 1 of 12 value is not \(first at row 0: 1.5\)",
        ),
        ({"cause": [-1, *CAUSE[1:]]}, "cause must be a whole number"),
        ({"cause": [None, *CAUSE[1:]]}, "leave out patients with an unknown status"),
        ({"cause": ["relapse", *["x"] * 11]}, "cause must hold whole numbers"),
        ({"cause": CAUSE[1:]}, "cause must have one value per row: it has 11 for 12 times"),
        ({"time": [-1, *TIME[1:]]}, "time must be finite and >= 0"),
        ({"weight": [0.5] * 12}, "weight must be a whole number of patients"),
        ({"group": ["a"] * 11 + [None]}, "group must be known"),
    ],
)
def test_unusable_input_is_refused(options: dict[str, Any], message: str) -> None:
    arguments = {"time": TIME, "cause": CAUSE, "group": GROUP, **options}
    for function in (estimate_cumulative_incidence, gray_test):
        with pytest.raises(ValueError, match=message):
            function(**arguments)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"causes": ["relapse"]},
            r"causes must name every cause: it has 1 names \(relapse\), but cause 2 occurs in 3 of 12",
        ),
        ({"causes": ["relapse", "relapse"]}, "causes must be a sequence of different names"),
        ({"causes": "relapse"}, "causes must be a sequence"),
        ({"conf_type": "logit"}, "conf_type must be one of log-log, log, plain"),
        ({"conf_level": 95}, "conf_level must lie between 0 and 1"),
        ({"entry": TIME}, "entry must be before time"),
    ],
)
def test_unusable_options_of_a_curve_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        estimate_cumulative_incidence(TIME, CAUSE, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"of": 0}, "of must be the number of a cause"),
        ({"of": 1.0}, "of must be the number of a cause"),
        ({"rho": math.nan}, "rho must be finite"),
        ({"strata": ["x"] * 11}, "strata must have one value per row"),
    ],
)
def test_unusable_options_of_the_test_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        gray_test(TIME, CAUSE, GROUP, **options)


def test_times_must_be_usable() -> None:
    (curve, _) = estimate_cumulative_incidence(TIME, CAUSE).curves
    with pytest.raises(ValueError, match="times must be finite and >= 0"):
        incidence_at(curve, [1, -1])


# Properties

Row = tuple[int, int, str, int]
ROWS = st.lists(
    st.tuples(st.integers(0, 7), st.integers(0, 2), st.sampled_from("abc"), st.integers(0, 1)), min_size=1, max_size=40
)


def arrays(rows: list[Row]) -> dict[str, Any]:
    time, cause, group, strata = zip(*rows, strict=True)
    return {"time": np.array(time), "cause": np.array(cause), "group": np.array(group), "strata": np.array(strata)}


def curves_of(rows: list[Row], **options: Any) -> tuple[IncidenceCurve, ...]:
    patients = arrays(rows)
    del patients["strata"]
    return estimate_cumulative_incidence(**patients, causes=["relapse", "death"], **options).curves


def assert_same_test(one: TestResult, other: TestResult) -> None:
    assert (one.method, one.df, one.reason, one.notes) == (other.method, other.df, other.reason, other.notes)
    if one.statistic is not None:
        assert one.statistic == pytest.approx(other.statistic, rel=1e-7, abs=1e-12)
    assert [(g.group, g.n) for g in one.groups] == [(g.group, g.n) for g in other.groups]
    np.testing.assert_allclose(one.expected, other.expected, rtol=1e-12)


@MODERATE
@given(ROWS)
def test_incidences_and_event_free_probability_add_up_to_one(rows: list[Row]) -> None:
    patients = arrays(rows)
    free = estimate_survival(patients["time"], patients["cause"] > 0, group=patients["group"]).curves
    for curve, relapse, death in zip(free, *[iter(curves_of(rows))] * 2, strict=True):
        assert (curve.group, relapse.group, death.group) == (curve.group,) * 3
        np.testing.assert_allclose(curve.estimate + relapse.estimate + death.estimate, 1, rtol=1e-12)
        np.testing.assert_array_equal(relapse.n_competing_at, death.n_event_at)


@MODERATE
@given(ROWS)
def test_variance_equals_the_jackknife_of_patients(rows: list[Row]) -> None:
    for curve in curves_of(rows):
        own = [(t, c) for t, c, g, _ in rows if g == curve.group]
        number = 1 if curve.cause == "relapse" else 2
        for time, estimate, std_error in zip(curve.time, curve.estimate, curve.std_error, strict=True):
            expected, derivative = slow_incidence(own, number, time)
            assert estimate == pytest.approx(expected, rel=1e-12, abs=1e-15)
            assert std_error == pytest.approx(math.sqrt(sum(d * d for d in derivative)), rel=1e-8, abs=1e-9)


def slow_incidence(patients: list[tuple[int, int]], number: int, until: float) -> tuple[float, list[float]]:
    """The incidence at a time and its derivative by the weight of each patient, by sums over patients."""
    free, incidence = 1.0, 0.0
    d_free, d_incidence = [0.0] * len(patients), [0.0] * len(patients)
    for t in sorted({time for time, _ in patients if time <= until}):
        n = sum(time >= t for time, _ in patients)
        d = sum(time == t and cause > 0 for time, cause in patients)
        own = sum(time == t and cause == number for time, cause in patients)
        for i, (time, cause) in enumerate(patients):
            here = time >= t
            by_own = (float(time == t and cause == number) - here * own / n) / n
            by_any = (float(time == t and cause > 0) - here * d / n) / n
            d_incidence[i] += d_free[i] * own / n + free * by_own
            d_free[i] = d_free[i] * (1 - d / n) - free * by_any
        incidence += free * own / n
        free *= 1 - d / n
    return incidence, d_incidence


@MODERATE
@given(ROWS, st.sampled_from(["log-log", "log", "plain"]))
def test_limits_enclose_the_estimate(rows: list[Row], conf_type: Any) -> None:
    for curve in curves_of(rows, conf_type=conf_type):
        known = ~np.isnan(curve.low)
        assert (known == ~np.isnan(curve.high)).all()
        assert (curve.low[known] <= curve.estimate[known] + 1e-12).all()
        assert (curve.estimate[known] <= curve.high[known] + 1e-12).all()
        assert ((curve.low[known] >= 0) & (curve.high[known] <= 1)).all()


@MODERATE
@given(ROWS)
def test_with_one_cause_it_is_one_minus_kaplan_meier(rows: list[Row]) -> None:
    patients = arrays([(t, min(c, 1), g, s) for t, c, g, s in rows])
    (curve,) = estimate_cumulative_incidence(patients["time"], patients["cause"], causes=["relapse"]).curves
    (free,) = estimate_survival(patients["time"], patients["cause"]).curves
    np.testing.assert_allclose(curve.estimate, 1 - free.estimate, rtol=1e-10, atol=1e-14)
    at = ~np.isnan(free.std_error)
    np.testing.assert_allclose(curve.std_error[at], free.std_error[at], rtol=1e-8, atol=1e-9)
    times = [0, 0.5, 3, 7, 9]
    for one, other in zip(incidence_at(curve, times), survival_at(free, times), strict=True):
        assert (one.n, one.n_event, one.reason) == (other.n, other.n_event, other.reason)


@MODERATE
@given(ROWS, st.data())
def test_weights_equal_repeated_rows(rows: list[Row], data: st.DataObject) -> None:
    weight = data.draw(st.lists(st.integers(0, 4), min_size=len(rows), max_size=len(rows)))
    repeated = [row for row, n in zip(rows, weight, strict=True) for _ in range(n)]
    if not repeated:
        return
    for one, other in zip(curves_of(rows, weight=weight), curves_of(repeated), strict=True):
        assert (one.group, one.cause, one.n, one.n_event) == (other.group, other.cause, other.n, other.n_event)
        for name in ("time", "n_risk", "n_event_at", "n_competing_at", "n_censor"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
        for name in ("estimate", "std_error", "low", "high"):
            np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-9, atol=1e-12)
    assert_same_test(gray_test(**arrays(rows), weight=weight), gray_test(**arrays(repeated)))


@MODERATE
@given(ROWS, st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(rows: list[Row], random: Any) -> None:
    shuffled = random.sample(rows, len(rows))
    assert_same_test(gray_test(**arrays(rows)), gray_test(**arrays(shuffled)))
    for one, other in zip(curves_of(rows), curves_of(shuffled), strict=True):
        np.testing.assert_array_equal(one.estimate, other.estimate)


@MODERATE
@given(ROWS, st.permutations("abc"))
def test_names_and_order_of_groups_do_not_matter(rows: list[Row], names: list[str]) -> None:
    renamed = [(t, c, names["abc".index(g)], s) for t, c, g, s in rows]
    one, other = gray_test(**arrays(rows)), gray_test(**arrays(renamed))
    assert (one.df, one.reason is None) == (other.df, other.reason is None)
    if one.statistic is not None:
        assert one.statistic == pytest.approx(other.statistic, rel=1e-7, abs=1e-12)
        assert one.statistic >= 0 and 0 <= (one.p_value or 0) <= 1


@MODERATE
@given(ROWS)
def test_all_observed_are_all_expected(rows: list[Row]) -> None:
    found = gray_test(**arrays(rows))
    if found.reason is None:
        assert sum(found.observed) == pytest.approx(sum(found.expected), rel=1e-10)
        assert sum(found.observed) == sum(c == 1 for _, c, _, _ in rows)


def test_ten_million_patients_cost_what_their_rows_cost() -> None:
    rng = np.random.default_rng(4)
    time, cause = rng.integers(0, 3000, 4000) / 30.4375, rng.integers(0, 3, 4000)
    group, weight = rng.choice(["a", "b", "c"], 4000), rng.integers(1, 5000, 4000)
    result = estimate_cumulative_incidence(time, cause, group=group, weight=weight)
    assert sum(curve.n for curve in result.for_cause("1")) == weight.sum() > 9_000_000
    curve = result.curves[0]
    share = curve.estimate[-1] * (1 - curve.estimate[-1]) / curve.n
    assert 0.5 * share < curve.std_error[-1] ** 2 < 100 * share
    assert gray_test(time, cause, group, weight=weight).df == 2
