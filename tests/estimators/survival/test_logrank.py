"""Log-rank tests against R, published values, fractions worked out by hand and an exact oracle."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.estimators import (
    logrank_test,
    pairwise_logrank,
    trend_test,
)
from analytics.results import Reason, TestResult
from tests.estimators.said import words
from tests.estimators.survival import survival_oracle as oracle
from tests.estimators.survival.survival_oracle import Patient

REFERENCE = Path(__file__).parents[2] / "reference"
R = json.loads((REFERENCE / "logrank_reference.json").read_text(encoding="utf-8"))
CLOSE: dict[str, Any] = {"rtol": 1e-10, "atol": 1e-13}
MODERATE = settings(max_examples=60, deadline=None)


def read_data(name: str) -> pd.DataFrame:
    return pd.read_csv(REFERENCE / f"survival_{name}.csv", float_precision="round_trip")


def name_of(case: dict[str, Any]) -> str:
    return "-".join(case[key] for key in ("data", "group", "weight", "strata") if isinstance(case[key], str))


def columns(case: dict[str, Any]) -> dict[str, Any]:
    data = read_data(case["data"])
    named = {key: data[case[key]] for key in ("weight", "strata") if isinstance(case[key], str)}
    return {"time": data["time"], "event": data["event"], "group": data[case["group"]], **named}


def assert_estimable(test: TestResult) -> tuple[float, int, float]:
    assert test.reason is None
    assert test.statistic is not None and test.df is not None and test.p_value is not None
    return test.statistic, test.df, test.p_value


# Against R


@pytest.mark.parametrize("case", R, ids=name_of)
def test_every_weighting_equals_r(case: dict[str, Any]) -> None:
    assert len(case["tests"]) == 7
    for expected in case["tests"]:
        options = {key: expected[key] for key in ("weighting", "rho", "gamma")}
        found = logrank_test(**columns(case), **options)
        statistic, df, p_value = assert_estimable(found)
        np.testing.assert_allclose([statistic, p_value], [expected["statistic"], expected["p_value"]], **CLOSE)
        assert df == expected["df"]
        np.testing.assert_allclose(found.observed, expected["observed"], **CLOSE)
        np.testing.assert_allclose(found.expected, expected["expected"], **CLOSE)
        assert [g.group for g in found.groups] == [str(name) for name in case["groups"]]
        assert [g.n for g in found.groups] == case["n"]


@pytest.mark.parametrize("case", R, ids=name_of)
def test_trend_equals_the_algebra_of_survdiff(case: dict[str, Any]) -> None:
    for expected in case["trend"]:
        found = trend_test(**columns(case), scores=expected["scores"])
        statistic, df, p_value = assert_estimable(found)
        np.testing.assert_allclose([statistic, p_value], [expected["statistic"], expected["p_value"]], **CLOSE)
        assert df == 1
    assert trend_test(**columns(case)) == trend_test(**columns(case), scores=case["trend"][0]["scores"])


@pytest.mark.parametrize("case", R, ids=name_of)
@pytest.mark.parametrize("adjust", ["holm", "bh"])
def test_pairs_equal_survdiff_and_p_adjust(case: dict[str, Any], adjust: Any) -> None:
    expected = case["pairwise"]
    found = pairwise_logrank(**columns(case), adjust=adjust)
    assert [p.group_a for p in found] == [str(name) for name in expected["group_a"]]
    assert [p.group_b for p in found] == [str(name) for name in expected["group_b"]]
    np.testing.assert_allclose([p.test.statistic for p in found], expected["statistic"], **CLOSE)
    np.testing.assert_allclose([p.test.p_value for p in found], expected["p_value"], **CLOSE)
    np.testing.assert_allclose([p.p_adjusted for p in found], expected[adjust], **CLOSE)
    assert {p.adjust for p in found} == {adjust}


# Published: Klein & Moeschberger (2003), Survival Analysis, table 7.3 (dialysis) and example 7.6 (larynx)

TABLE_7_3 = [
    ("logrank", 0, 0, 3.96, 2.53, 0.112),
    ("tarone-ware", 0, 0, 13.20, 0.40, 0.526),
    ("peto", 0, 0, 2.47, 1.40, 0.237),
    ("fleming-harrington", 0, 1, 1.41, 9.67, 0.002),
    ("fleming-harrington", 1, 0, 2.55, 1.39, 0.239),
    ("fleming-harrington", 1, 1, 1.02, 9.83, 0.002),
    ("fleming-harrington", 0.5, 0.5, 2.47, 9.28, 0.002),
    ("fleming-harrington", 0.5, 2, 0.32, 8.18, 0.004),
]


@pytest.mark.parametrize(("weighting", "rho", "gamma", "score", "statistic", "p_value"), TABLE_7_3)
def test_published_weighted_tests(
    weighting: Any, rho: float, gamma: float, score: float, statistic: float, p_value: float
) -> None:
    data = read_data("dialysis")
    found = logrank_test(data["time"], data["event"], data["type"], weighting=weighting, rho=rho, gamma=gamma)
    assert found.observed[0] - found.expected[0] == pytest.approx(score, abs=0.005)
    assert found.statistic == pytest.approx(statistic, abs=0.005)
    assert found.p_value == pytest.approx(p_value, abs=0.0005)


def test_published_trend() -> None:
    data = read_data("larynx")
    found = trend_test(data["time"], data["event"], data["stage"], scores=[1, 2, 3, 4])
    assert math.sqrt(assert_estimable(found)[0]) == pytest.approx(3.72, abs=0.005)


# Worked out by hand

# Months; a: 1, 3, 3+, 5, 7+, 9+; b: 2, 3, 4+, 5, 5+, 8
TIME = [1, 3, 3, 5, 7, 9, 2, 3, 4, 5, 5, 8]
EVENT = [1, 1, 0, 1, 0, 0, 1, 1, 0, 1, 0, 1]
GROUP = ["a"] * 6 + ["b"] * 6


def test_twelve_patients_by_hand() -> None:
    # At risk in a and b at the events: 1: 6, 6; 2: 5, 6; 3: 5, 5 (two events); 5: 3, 3 (two events); 8: 1, 1.
    found = logrank_test(TIME, EVENT, GROUP)
    expected_a = 1 / 2 + 5 / 11 + 2 * 1 / 2 + 2 * 1 / 2 + 1 / 2
    variance = 1 / 4 + 30 / 121 + 2 * 1 / 4 * 8 / 9 + 2 * 1 / 4 * 4 / 5 + 1 / 4
    assert found.observed == (3, 4)
    np.testing.assert_allclose(found.expected, [expected_a, 7 - expected_a], rtol=1e-14)
    statistic, df, p_value = assert_estimable(found)
    assert statistic == pytest.approx((3 - expected_a) ** 2 / variance, rel=1e-13)
    assert (df, found.method) == (1, "log-rank test")
    assert p_value == pytest.approx(math.erfc(math.sqrt(statistic / 2)), rel=1e-12)
    assert [(g.group, g.n) for g in found.groups] == [("a", 6), ("b", 6)]


def test_to_frame_has_one_row_per_group() -> None:
    frame = logrank_test(TIME, EVENT, GROUP).to_frame()
    assert frame["group"].tolist() == ["a", "b"]
    assert frame["statistic"].nunique() == 1


def test_events_at_time_zero_count() -> None:
    shifted = logrank_test([0, 1, 2, 3], [1, 1, 0, 1], ["a", "b", "a", "b"])
    assert shifted.observed == (1, 2)
    assert shifted.statistic == logrank_test([1, 2, 3, 4], [1, 1, 0, 1], ["a", "b", "a", "b"]).statistic


def test_times_that_differ_by_rounding_are_tied() -> None:
    rounded = logrank_test([0.3, 0.3, 1, 2], [1, 1, 0, 1], ["a", "b", "a", "b"])
    assert logrank_test([0.1 + 0.2, 0.3, 1, 2], [1, 1, 0, 1], ["a", "b", "a", "b"]) == rounded


def test_a_stratum_with_one_group_adds_events_but_no_information() -> None:
    strata = ["x"] * 12 + ["y"] * 3
    alone = logrank_test(TIME, EVENT, GROUP)
    found = logrank_test([*TIME, 1, 2, 3], [*EVENT, 1, 1, 0], [*GROUP, "a", "a", "a"], strata=strata)
    assert found.method == "stratified log-rank test"
    assert found.statistic == pytest.approx(alone.statistic, rel=1e-13)
    assert found.observed[0] == alone.observed[0] + 2
    assert found.expected[0] == pytest.approx(alone.expected[0] + 2, rel=1e-14)


def test_empty_categories_are_left_out() -> None:
    group = pd.Categorical(GROUP, categories=["c", "b", "a", "d"])
    found = logrank_test(TIME, EVENT, group)
    assert [g.group for g in found.groups] == ["b", "a"]
    assert found.df == 1
    assert [(p.group_a, p.group_b) for p in pairwise_logrank(TIME, EVENT, group)] == [("b", "a")]
    weightless = logrank_test([*TIME, 4], [*EVENT, 1], [*GROUP, "z"], weight=[1] * 12 + [0])
    assert weightless == logrank_test(TIME, EVENT, GROUP)


# Delayed entry

DELAYED = json.loads((REFERENCE / "treatment_reference.json").read_text(encoding="utf-8"))


def test_delayed_entry_equals_the_score_test_of_r() -> None:
    data = read_data("heart")
    found = logrank_test(data["time"], data["event"], data["transplant"], entry=data["entry"])
    assert found.statistic == pytest.approx(DELAYED["heart_rows"]["score"], rel=1e-9)
    assert (found.df, found.method) == (1, "log-rank test")


@pytest.mark.parametrize("case", DELAYED["cases"], ids=lambda case: "-".join([case["data"], *case["states"]]))
def test_every_weighting_with_delayed_entry_equals_r(case: dict[str, Any]) -> None:
    patients = pd.read_csv(REFERENCE / f"treatment_{case['data']}.csv").iloc[case["rows"]["row"]]
    rows = {key: case["rows"][key] for key in ("time", "event", "entry")}
    weight = patients["weight"] if case["weighted"] else None
    for tests, strata in ((case["tests"], None), (case["stratified"], case["strata"])):
        for expected in tests or []:
            options = {key: expected[key] for key in ("weighting", "rho", "gamma")}
            blocks = None if strata is None else patients[strata]
            found = logrank_test(**rows, group=case["rows"]["state"], weight=weight, strata=blocks, **options)
            np.testing.assert_allclose(found.statistic, expected["statistic"], rtol=1e-9)
            np.testing.assert_allclose(found.expected, expected["expected"], rtol=1e-9)
            assert found.df == expected["df"]


def test_delayed_entry_by_hand() -> None:
    # At risk in (entry, time]. Deaths at 3: a 2 (the one who enters at 3 is not), b 1; at 5: a 2, b 2.
    time, event, entry = [3, 6, 7, 5, 8], [1, 0, 0, 1, 0], [0, 1, 3, 2, 4]
    found = logrank_test(time, event, ["a", "a", "a", "b", "b"], entry=entry)
    assert found.expected == (2 / 3 + 1 / 2, 1 / 3 + 1 / 2)
    assert found.statistic == pytest.approx((1 - 7 / 6) ** 2 / (2 / 9 + 1 / 4), rel=1e-13)
    swapped = logrank_test(time, event, ["a", "a", "a", "b", "b"], entry=entry, weighting="tarone-ware")
    assert swapped.expected[0] == pytest.approx(math.sqrt(3) * 2 / 3 + 2 / 2, rel=1e-14)


def test_groups_that_follow_one_another_cannot_be_compared() -> None:
    found = logrank_test([2, 3, 6, 7], [1, 0, 1, 0], ["a", "a", "b", "b"], entry=[0, 0, 4, 4])
    assert (found.statistic, found.reason) == (None, Reason("no-event-compares"))
    assert found.expected == found.observed


def test_delayed_entry_is_checked() -> None:
    with pytest.raises(ValueError, match="entry must be before time: 1 of 2 value is not"):
        logrank_test([2, 3], [1, 1], ["a", "b"], entry=[1, 3])


# Not estimable


@pytest.mark.parametrize(
    ("time", "event", "group", "reason"),
    [
        ([], [], [], Reason("no-patients")),
        ([1, 2], [1, 0], ["a", "a"], Reason("one-group")),
        ([1, 2], [1, 0], pd.Categorical(["a", "a"], categories=["b", "a"]), Reason("one-group")),
        ([1, 2], [0, 0], ["a", "b"], Reason("no-events")),
        ([1, 2], [0, 1], ["a", "b"], Reason("no-event-compares")),
        ([1, 1], [1, 1], ["a", "b"], Reason("no-event-compares")),
    ],
)
@pytest.mark.parametrize("test", [logrank_test, trend_test])
def test_what_cannot_be_tested_says_why(test: Any, time: Any, event: Any, group: Any, reason: str) -> None:
    found = test(time, event, group)
    assert (found.statistic, found.df, found.p_value, found.reason) == (None, None, None, reason)
    assert sum(g.n for g in found.groups) == len(time)
    assert all(math.isfinite(g.expected) for g in found.groups)


def test_strata_that_are_the_groups_leave_nothing_to_compare() -> None:
    found = logrank_test(TIME, EVENT, GROUP, strata=GROUP)
    assert (found.statistic, found.reason) == (None, Reason("no-event-compares"))
    assert found.observed == found.expected == (3, 4)


def test_late_weights_ignore_the_first_event_time() -> None:
    found = logrank_test([1, 2, 3], [1, 0, 0], ["a", "b", "b"], weighting="fleming-harrington", gamma=1)
    assert found.reason == Reason("no-event-compares")


def test_a_group_gone_before_the_first_event_costs_no_degree_of_freedom() -> None:
    found = logrank_test([*TIME, 0.5, 0.6], [*EVENT, 0, 0], [*GROUP, "c", "c"])
    alone = logrank_test(TIME, EVENT, GROUP)
    assert (found.statistic, found.df, found.p_value) == (alone.statistic, 1, alone.p_value)
    assert (found.groups[2].n, found.groups[2].expected) == (2, 0)
    (note,) = found.notes
    assert note.code == "group-not-compared"
    assert words(note).startswith("c (2 patients) does not enter the test")
    assert alone.notes == ()


def test_groups_that_never_meet_are_compared_within_their_sets() -> None:
    time, event = TIME * 2, EVENT * 2
    group = [*GROUP, *("c" if g == "a" else "d" for g in GROUP)]
    found = logrank_test(time, event, group, strata=["x"] * 12 + ["y"] * 12)
    alone = logrank_test(TIME, EVENT, GROUP)
    assert found.statistic == pytest.approx(2 * assert_estimable(alone)[0], rel=1e-12)
    assert found.df == 2
    (note,) = found.notes
    assert note.code == "groups-compared-apart"
    assert "a and b; c and d" in words(note)


def test_pairs_that_cannot_be_compared_do_not_count_in_the_adjustment() -> None:
    time = [*TIME, 0.5, 0.6]
    event = [*EVENT, 0, 0]
    group = [*GROUP, "c", "c"]
    first, second, third = pairwise_logrank(time, event, group)
    assert first.p_adjusted == first.test.p_value
    for pair in (second, third):
        assert (pair.group_b, pair.test.statistic, pair.p_adjusted) == ("c", None, None)
        assert pair.test.reason == Reason("no-event-compares")
    assert pairwise_logrank([], [], []) == ()
    assert pairwise_logrank([1, 2], [1, 0], ["a", "a"]) == ()


def test_equal_scores_give_no_trend() -> None:
    found = trend_test(TIME, EVENT, GROUP, scores=[2, 2])
    assert (found.statistic, found.reason) == (None, Reason("same-scores"))


def test_empty_categories_keep_their_place_in_the_trend() -> None:
    group = ["a", "b", "c"] * 4
    spaced = pd.Categorical(group, categories=["a", "none", "b", "c"])
    expected = trend_test(TIME, EVENT, group, scores=[0, 2, 3])
    assert trend_test(TIME, EVENT, spaced) == expected
    assert trend_test(TIME, EVENT, group, scores={"c": 3, "b": 2, "a": 0}) == expected
    assert expected.statistic != trend_test(TIME, EVENT, group).statistic


def test_two_groups_have_a_trend_equal_to_their_difference() -> None:
    assert trend_test(TIME, EVENT, GROUP).statistic == pytest.approx(
        logrank_test(TIME, EVENT, GROUP).statistic, rel=1e-12
    )


# Refusals


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weighting": "wilcoxon"}, "weighting must be one of logrank, peto, tarone-ware, fleming-harrington"),
        ({"rho": 1}, "rho and gamma have no meaning for weighting 'logrank'"),
        ({"weighting": "fleming-harrington", "rho": -1}, "rho must be finite and >= 0: it is -1"),
        ({"weighting": "fleming-harrington", "gamma": math.nan}, "gamma must be finite"),
        ({"weight": [0.5] * 12}, "weight must be a whole number of patients"),
        ({"strata": ["x"] * 11}, "strata must have one value per row: it has 11 for 12 times"),
        ({"strata": ["x"] * 11 + [None]}, "strata must be known: it is missing in 1 of 12 rows"),
        ({"group": ["a"] * 11 + [None]}, "group must be known"),
        ({"event": [e + 1 for e in EVENT]}, "subtract 1"),
    ],
)
def test_unusable_input_is_refused(options: dict[str, Any], message: str) -> None:
    arguments = {"time": TIME, "event": EVENT, "group": GROUP, **options}
    for test in (logrank_test, pairwise_logrank):
        with pytest.raises(ValueError, match=message):
            test(**arguments)


def test_unknown_adjustment_is_refused() -> None:
    with pytest.raises(ValueError, match="adjust must be one of holm, bh: it is 'bonferroni'"):
        pairwise_logrank(TIME, EVENT, GROUP, adjust="bonferroni")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ([1], r"scores must hold one number per group: 1 for 2 \(a, b\)"),
        ([1, math.nan], "scores must be finite"),
        ({"a": 1}, "scores must name every group: b is missing"),
    ],
)
def test_unusable_scores_are_refused(scores: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        trend_test(TIME, EVENT, GROUP, scores=scores)


# Properties

PATIENTS = st.lists(
    st.builds(Patient, st.integers(0, 9), st.integers(0, 1), st.sampled_from("abc")), min_size=1, max_size=40
)
WEIGHTINGS = st.sampled_from(
    [
        {"weighting": "logrank"},
        {"weighting": "peto"},
        {"weighting": "tarone-ware"},
        {"weighting": "fleming-harrington", "rho": 1},
        {"weighting": "fleming-harrington", "gamma": 1},
    ]
)


def arrays(patients: list[Patient]) -> dict[str, Any]:
    return {
        "time": np.array([p.time for p in patients]),
        "event": np.array([p.event for p in patients]),
        "group": np.array([p.group for p in patients]),
    }


def assert_same_test(one: TestResult, other: TestResult) -> None:
    assert (one.method, one.df, one.reason, one.notes) == (other.method, other.df, other.reason, other.notes)
    if one.statistic is not None:
        assert one.statistic == pytest.approx(other.statistic, rel=1e-9, abs=1e-12)
        assert one.p_value == pytest.approx(other.p_value, rel=1e-8)
    assert [(g.group, g.n) for g in one.groups] == [(g.group, g.n) for g in other.groups]
    np.testing.assert_allclose(one.observed, other.observed, rtol=1e-12)
    np.testing.assert_allclose(one.expected, other.expected, rtol=1e-12)


@MODERATE
@given(PATIENTS, st.data())
def test_test_equals_the_exact_oracle(patients: list[Patient], data: st.DataObject) -> None:
    strata = data.draw(st.lists(st.integers(0, 2), min_size=len(patients), max_size=len(patients)))
    groups = sorted({p.group for p in patients})
    observed, expected, variance = oracle.score(patients, groups, strata)
    statistic, rank = oracle.chi_square(observed, expected, variance)
    found = logrank_test(**arrays(patients), strata=strata)
    assert found.observed == tuple(float(o) for o in observed)
    np.testing.assert_allclose(found.expected, [float(e) for e in expected], rtol=1e-12)
    assert (found.df or 0) == rank
    if rank:
        assert found.statistic == pytest.approx(float(statistic), rel=1e-9, abs=1e-12)
    else:
        assert found.statistic is None and found.reason


@MODERATE
@given(PATIENTS, WEIGHTINGS, st.data())
def test_weights_equal_repeated_rows(patients: list[Patient], options: dict[str, Any], data: st.DataObject) -> None:
    n = len(patients)
    weight = data.draw(st.lists(st.integers(0, 4), min_size=n, max_size=n))
    strata = np.array(data.draw(st.lists(st.integers(0, 1), min_size=n, max_size=n)))
    rows = np.repeat(np.arange(n), weight)
    once = {**arrays(patients), "strata": strata}
    repeated = {name: values[rows] for name, values in once.items()}
    assert_same_test(logrank_test(**once, weight=weight, **options), logrank_test(**repeated, **options))
    if set(repeated["group"]) == set(once["group"]):
        assert_same_test(trend_test(**once, weight=weight), trend_test(**repeated))


@MODERATE
@given(PATIENTS, WEIGHTINGS)
def test_all_observed_are_all_expected(patients: list[Patient], options: dict[str, Any]) -> None:
    found = logrank_test(**arrays(patients), **options)
    assert sum(found.observed) == pytest.approx(sum(found.expected), rel=1e-12, abs=1e-12)
    if found.statistic is not None:
        assert found.statistic >= 0
        assert 0 <= (found.p_value or 0) <= 1


@MODERATE
@given(PATIENTS, WEIGHTINGS, st.permutations("abc"))
def test_names_and_order_of_groups_do_not_matter(
    patients: list[Patient], options: dict[str, Any], names: list[str]
) -> None:
    renamed = {**arrays(patients), "group": [names["abc".index(p.group)] for p in patients]}
    one, other = logrank_test(**arrays(patients), **options), logrank_test(**renamed, **options)
    assert (one.df, one.reason is None) == (other.df, other.reason is None)
    if one.statistic is not None:
        assert one.statistic == pytest.approx(other.statistic, rel=1e-9, abs=1e-12)


@MODERATE
@given(PATIENTS, st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(patients: list[Patient], random: Any) -> None:
    shuffled = random.sample(patients, len(patients))
    assert_same_test(logrank_test(**arrays(patients)), logrank_test(**arrays(shuffled)))


@MODERATE
@given(PATIENTS)
def test_without_powers_fleming_harrington_is_the_logrank_test(patients: list[Patient]) -> None:
    one = logrank_test(**arrays(patients))
    other = logrank_test(**arrays(patients), weighting="fleming-harrington")
    assert (one.statistic, one.df, one.groups) == (other.statistic, other.df, other.groups)


@MODERATE
@given(PATIENTS, st.sampled_from(["holm", "bh"]))
def test_each_pair_is_the_test_of_its_own_patients(patients: list[Patient], adjust: Any) -> None:
    found = pairwise_logrank(**arrays(patients), adjust=adjust)
    groups = sorted({p.group for p in patients})
    assert [(p.group_a, p.group_b) for p in found] == list(itertools.combinations(groups, 2))
    for pair in found:
        own = [p for p in patients if p.group in (pair.group_a, pair.group_b)]
        assert_same_test(pair.test, logrank_test(**arrays(own)))
        if pair.p_adjusted is not None:
            assert (pair.test.p_value or 0) <= pair.p_adjusted <= 1


@MODERATE
@given(PATIENTS, st.data())
def test_delayed_entry_equals_the_exact_oracle(patients: list[Patient], data: st.DataObject) -> None:
    strata = data.draw(st.lists(st.integers(0, 1), min_size=len(patients), max_size=len(patients)))
    entered = [
        Patient(p.time + 1, p.event, p.group, data.draw(st.integers(0, p.time), label="entry")) for p in patients
    ]
    entry = [p.entry for p in entered]
    groups = sorted({p.group for p in entered})
    observed, expected, variance = oracle.score(entered, groups, strata)
    statistic, rank = oracle.chi_square(observed, expected, variance)
    found = logrank_test(**arrays(entered), entry=entry, strata=strata)
    assert found.observed == tuple(float(o) for o in observed)
    np.testing.assert_allclose(found.expected, [float(e) for e in expected], rtol=1e-12, atol=1e-14)
    assert (found.df or 0) == rank
    if rank:
        assert found.statistic == pytest.approx(float(statistic), rel=1e-9, abs=1e-12)
    for pair in pairwise_logrank(**arrays(entered), entry=entry, strata=strata):
        own = [i for i, p in enumerate(entered) if p.group in (pair.group_a, pair.group_b)]
        alone = [entered[i] for i in own]
        again = logrank_test(**arrays(alone), entry=[p.entry for p in alone], strata=[strata[i] for i in own])
        assert_same_test(pair.test, again)


@MODERATE
@given(PATIENTS, WEIGHTINGS, st.data())
def test_weights_equal_repeated_rows_with_delayed_entry(
    patients: list[Patient], options: dict[str, Any], data: st.DataObject
) -> None:
    n = len(patients)
    weight = data.draw(st.lists(st.integers(0, 3), min_size=n, max_size=n))
    once = arrays(patients)
    once["time"] = once["time"] + 1
    once["entry"] = np.array([data.draw(st.integers(0, p.time)) for p in patients])
    repeated = {name: np.repeat(values, weight) for name, values in once.items()}
    assert_same_test(logrank_test(**once, weight=weight, **options), logrank_test(**repeated, **options))
    if set(repeated["group"]) == set(once["group"]):
        assert_same_test(trend_test(**once, weight=weight), trend_test(**repeated))


@MODERATE
@given(PATIENTS)
def test_entry_at_the_start_changes_nothing(patients: list[Patient]) -> None:
    shifted = arrays(patients)
    shifted["time"] = shifted["time"] + 1
    assert_same_test(logrank_test(**shifted, entry=np.zeros(len(patients))), logrank_test(**arrays(patients)))
