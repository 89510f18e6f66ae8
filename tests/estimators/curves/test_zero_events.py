"""What may be hidden where nobody has had the event: against R, by hand, and as a property."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.estimators import (
    band_without_events,
    estimate_cumulative_incidence,
    estimate_survival,
    estimate_survival_differences,
    hidden_share,
    incidence_at,
    n_at_risk,
    patients_followed,
    read_curve,
    survival_at,
    tabulate_curves,
    tabulate_whole_curves,
)
from analytics.estimators.curves.zero_events import METHOD
from analytics.results import IncidenceCurve, SurvivalCurve, SurvivalResult

REFERENCE = json.loads((Path(__file__).parents[2] / "reference" / "zero_events_reference.json").read_text("utf-8"))


def survival(time: Any, event: Any = None, conf_level: float = 0.95, **options: Any) -> SurvivalCurve:
    event = np.zeros(len(time)) if event is None else event
    return estimate_survival(time, event, conf_level=conf_level, **options).curves[0]


def incidence(time: Any, cause: Any, **options: Any) -> IncidenceCurve:
    return estimate_cumulative_incidence(time, cause, causes=("relapse", "death"), **options).for_cause("relapse")[0]


@pytest.mark.parametrize("case", REFERENCE["survival"], ids=lambda c: c["name"])
def test_limits_of_a_survival_equal_those_of_r(case: dict[str, Any]) -> None:
    curve = survival(case["time"], conf_level=case["conf_level"])
    assert patients_followed(curve, case["at"]).tolist() == case["followed"]
    for estimate, hidden in zip(read_curve(curve, case["at"]), case["hidden"], strict=True):
        assert estimate.interval is not None and estimate.interval.method == METHOD
        assert (estimate.value, estimate.interval.high) == (1.0, 1.0)
        assert estimate.interval.low == pytest.approx(1 - hidden, rel=1e-10)


@pytest.mark.parametrize("case", REFERENCE["incidence"], ids=lambda c: c["name"])
def test_limits_of_an_incidence_equal_those_of_r(case: dict[str, Any]) -> None:
    curve = incidence(case["time"], case["cause"])
    assert patients_followed(curve, case["at"]) == pytest.approx(case["followed"], rel=1e-10)
    # The limit itself holds until the first event.
    just_before = case["at"][0] - 0.001
    (estimate,) = read_curve(curve, [just_before])
    assert estimate.interval is not None
    assert (estimate.value, estimate.interval.low) == (0.0, 0.0)
    assert estimate.interval.high == pytest.approx(hidden_share(case["followed"][0]), rel=1e-10)
    assert estimate.interval.high == pytest.approx(case["hidden"][0], rel=1e-10)


def test_two_of_twenty_followed_for_five_years_vouch_for_five_years() -> None:
    at_one, at_five = read_curve(survival([6.0] * 18 + [60, 72]), [6, 60])
    assert at_one.interval is not None and at_one.interval.low == pytest.approx(0.05 ** (1 / 20))
    assert at_five.interval is not None and at_five.interval.low == pytest.approx(0.05 ** (1 / 2))
    assert 1 - (at_five.interval.low or 0) == pytest.approx(0.776, abs=5e-4)


def test_limits_hold_from_the_start_and_end_with_the_first_event() -> None:
    curve = survival([1, 2, 3, 4], [0, 1, 0, 0])
    start, before, at_event, after = read_curve(curve, [0, 1.5, 2, 3])
    assert start.interval is not None and start.interval.low == pytest.approx(0.05 ** (1 / 4))
    assert before.interval is not None and before.interval.low == pytest.approx(0.05 ** (1 / 3))
    assert [at_event, after] == list(survival_at(curve, [2, 3]))


@pytest.mark.parametrize("conf_type", ["log-log", "log", "plain"])
def test_no_formula_makes_survival_certain(conf_type: Any) -> None:
    for estimate in read_curve(survival([5, 8, 9], conf_type=conf_type), [0, 5, 9]):
        assert estimate.interval is not None and estimate.interval.low is not None and estimate.interval.low < 0.5
    (beyond,) = read_curve(survival([5, 8, 9], conf_type=conf_type), [10])
    assert beyond.value is None and beyond.interval is None


def test_an_incidence_counts_those_with_another_event_as_long_as_they_would_be_followed() -> None:
    # Of 4, one dies at 1, one is censored at 2 (of 3 left), one dies at 3. Follow-up beyond 2: 2 of 3.
    curve = incidence([1, 2, 3, 4], [2, 0, 2, 0])
    assert patients_followed(curve, [0, 1, 2, 3, 4]) == pytest.approx([4, 4, 4, 2 + 2 / 3, 1 + 2 / 3 + 1])
    # All four are accounted for without censoring, also when nobody is left.
    everyone = incidence([1, 2, 3, 4], [2, 2, 2, 2])
    assert patients_followed(everyone, [4, 9]).tolist() == [4, 4]
    (late,) = read_curve(everyone, [9])
    assert late.value == 0 and late.interval is not None and late.interval.high == pytest.approx(1 - 0.05**0.25)


def test_delayed_entry_rests_on_the_fewest_at_risk_so_far() -> None:
    # At risk: 2 in (0, 3], 1 in (3, 5], then 4 in (5, 8].
    curve = survival([3, 9, 9, 9, 8], entry=[0, 0, 5, 5, 5])
    assert n_at_risk(curve, [2, 4, 6]).tolist() == [2, 1, 4]
    assert patients_followed(curve, [2, 4, 6, 9]).tolist() == [2, 1, 1, 1]
    # Before anybody is under observation nothing is said, and nothing is held against what follows.
    late = survival([4, 6, 7], entry=[2, 2, 3])
    assert patients_followed(late, [1, 2, 3, 4]).tolist() == [0, 0, 2, 2]


def test_a_gap_without_anybody_at_risk_leaves_nothing_known() -> None:
    curve = survival([2, 9], entry=[0, 5])
    (estimate,) = read_curve(curve, [6])
    assert estimate.value == 1
    assert estimate.interval is None or estimate.interval.low == 0


def test_nobody_has_no_limit() -> None:
    assert hidden_share(0) == 1
    empty = survival([1.0], weight=[0])
    assert patients_followed(empty, [0, 1]).tolist() == [0, 0]
    assert [e.interval for e in read_curve(empty, [0, 1])] == [None, None]
    assert band_without_events(empty).size == 0


def test_a_band_holds_until_the_next_time() -> None:
    curve = survival([1, 2, 3], [0, 0, 1])
    assert band_without_events(curve)[:2] == pytest.approx([0.05 ** (1 / 2), 0.05])
    assert np.isnan(band_without_events(curve)[2])
    never = band_without_events(survival([1, 2, 3]))
    assert never == pytest.approx([0.05 ** (1 / 2), 0.05, 0.05])
    assert band_without_events(incidence([1, 2, 3], [0, 0, 0])) == pytest.approx(1 - never)


TIMES = st.lists(st.integers(1, 12), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_less_follow_up_never_hides_less(data: st.DataObject) -> None:
    time = data.draw(TIMES)
    cause = data.draw(st.lists(st.sampled_from([0, 2]), min_size=len(time), max_size=len(time)))
    curve, other = survival(time), incidence(time, cause)
    grid = np.arange(0, 13)
    for limits in (patients_followed(curve, grid), patients_followed(other, grid)):
        assert (np.diff(limits) <= 1e-9).all() and limits[0] == len(time)
    # Each death counts for those who would have been followed: never fewer than are at risk, never more than all.
    at_risk = np.array([estimate.n for estimate in incidence_at(other, grid)])
    assert (patients_followed(other, grid) >= at_risk - 1e-9).all()
    repeated = incidence(np.repeat(time, 2), np.repeat(cause, 2))
    weighted = incidence(time, cause, weight=np.full(len(time), 2))
    assert patients_followed(repeated, grid) == pytest.approx(patients_followed(weighted, grid))


def test_files_have_the_limits_at_each_time() -> None:
    result = estimate_survival([1, 2, 3, 4], [0, 1, 0, 0])
    frame = tabulate_curves(result)
    assert frame["conf_type"].tolist() == [METHOD, "log-log", "log-log", "log-log"]
    assert frame["conf_low"][0] == pytest.approx(0.05 ** (1 / 4)) and frame["conf_high"][0] == 1
    pd.testing.assert_frame_equal(frame[1:], result.to_frame()[1:])
    hidden = tabulate_curves(SurvivalResult((replace(result.curves[0], shown_until=0.5),), 0.95, "log-log"))
    assert hidden[["estimate", "conf_low", "conf_high"]].isna().all(axis=None)
    assert tabulate_curves(estimate_survival([], [])).empty
    others = tabulate_curves(estimate_cumulative_incidence([1, 2], [2, 0], causes=("relapse", "death")))
    assert others["conf_high"][:2].tolist() == [pytest.approx(1 - 0.05 ** (1 / 2))] * 2


def test_whole_curves_begin_at_their_start() -> None:
    result = estimate_survival([1, 2, 3, 4], [0, 1, 0, 0], group=["a", "a", "a", "b"])
    whole = tabulate_whole_curves(result)
    assert whole["time"].tolist() == [0, 1, 2, 3, 0, 4]
    starts = whole[whole["time"] == 0]
    assert starts["n_risk"].tolist() == [3, 1] and starts["estimate"].tolist() == [1, 1]
    assert starts["conf_low"].tolist() == [pytest.approx(0.05 ** (1 / n)) for n in (3, 1)]
    rest = whole[whole["time"] > 0].reset_index(drop=True)
    pd.testing.assert_frame_equal(rest, tabulate_curves(result), check_dtype=False)
    plain = tabulate_whole_curves(result, exact=False)
    assert plain.loc[plain["time"] == 0, ["conf_low", "conf_high"]].isna().all(axis=None)
    hidden = tabulate_whole_curves(SurvivalResult((replace(result.curves[0], shown_until=0.0),), 0.95, "log-log"))
    assert hidden["estimate"].isna().all() and hidden["n_risk"][0] == 3
    assert tabulate_whole_curves(estimate_survival([], [])).empty
    others = tabulate_whole_curves(estimate_cumulative_incidence([1, 2], [2, 0], causes=("relapse", "death")))
    assert others.loc[others["time"] == 0, ["n_risk", "estimate"]].to_numpy().tolist() == [[2, 0], [2, 0]]
    # Something that happens at the very start has its own row there.
    assert tabulate_whole_curves(estimate_survival([0, 2], [1, 0]))["time"].tolist() == [0, 2]


def test_whole_curves_begin_where_all_come_under_observation() -> None:
    landmark = tabulate_whole_curves(estimate_survival([4, 5], [1, 0], entry=[3, 3]))
    assert landmark["time"].tolist() == [3, 4, 5] and landmark["n_risk"][0] == 2
    # Who comes under observation one by one moves nothing: nobody is at risk at the start.
    late = tabulate_whole_curves(estimate_survival([4, 5, 6], [1, 0, 0], entry=[0, 2, 3], group=["a", "b", "b"]))
    start = late[(late["group"] == "b")].iloc[0]
    assert (start["time"], start["n_risk"], start["estimate"]) == (0, 0, 1) and pd.isna(start["conf_low"])


def test_a_difference_rests_on_those_followed_so_far() -> None:
    # One of the treated at risk in (3, 5], though four later; half of the error is on this side.
    time, event = [3, 9, 9, 9, 8, 4, 6, 9, 9], [0, 0, 0, 0, 0, 1, 1, 0, 0]
    entry, group = [0, 0, 5, 5, 5, 0, 0, 0, 0], ["b"] * 5 + ["a"] * 4
    (found,) = estimate_survival_differences(time, event, group, entry=entry, times=[7])
    reference = survival_at(estimate_survival(time[5:], event[5:]).curves[0], [7])[0]
    assert reference.value == 0.5 and reference.interval is not None
    low = 0.5 - np.hypot(1 - 0.025, (reference.interval.high or 0) - 0.5)
    assert found.difference.interval is not None
    assert found.difference.interval.low == pytest.approx(max(low, -1))
