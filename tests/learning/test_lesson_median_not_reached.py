"""Lesson 3, the median that is not reached: what it says is so, by lifelines and by counting."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from lifelines import KaplanMeierFitter
from lifelines.utils import qth_survival_time

from analytics.cohort.filters import CohortFilter
from analytics.dictionary import speaking_by
from analytics.learning.curves import follow_patients
from analytics.learning.lesson import TooFewError
from analytics.learning.lessons import median_not_reached
from analytics.learning.lessons.median_not_reached import MedianNotReached, Reached
from analytics.results import read_only
from tests.learning.followed import COHORT, SELECTIONS, patients

LESSON = MedianNotReached()
SHARES = range(5, 80, 5)


def opened(selection: str, setting: int = 50) -> Reached:
    with speaking_by(COHORT.dictionary):
        return LESSON.open(LESSON.prepare(COHORT, SELECTIONS[selection]), setting)


def made_frame(time: list[float], event: list[int]) -> Any:
    frame = follow_patients(COHORT, CohortFilter())
    own: dict[str, Any] = {"time": read_only(time), "event": read_only(event), "weight": read_only([1] * len(time))}
    return replace(frame, **own)


def made(time: list[float], event: list[int], setting: int = 50) -> Reached:
    return LESSON.open(made_frame(time, event), setting)


def holding(found: Reached, part: str) -> str:
    with speaking_by(COHORT.dictionary):
        return " ".join(text.en for text in LESSON.shown(getattr(LESSON, part)(found)))


@pytest.mark.parametrize("selection", SELECTIONS)
def test_what_is_explained_of_a_median_that_is_not_reached(selection: str) -> None:
    rows, found = patients(selection), opened(selection)
    theirs = KaplanMeierFitter().fit(rows.time, rows.event)
    assert np.isinf(theirs.median_survival_time_)
    assert LESSON.truth(found) == "never"
    said = holding(found, "explain")
    assert "never comes down to 50 %" in said and f"stands at {100 * theirs.predict(found.end):.1f}" in said
    deaths = int(rows.event.sum())
    assert f"{deaths} of {len(rows)} did" in said
    middle = float(np.median(rows.time[rows.event == 1]))
    assert f"the {deaths} who died is month {middle:.1f}" in said and "comes too early" in said
    assert f"the {len(rows) - deaths} who were not seen to die" in said
    last = rows.time.sort_values().to_numpy()[-3]
    assert found.end == pytest.approx(last), "three are at risk at the third last time"


@pytest.mark.parametrize("selection", SELECTIONS)
@pytest.mark.parametrize("percent", SHARES)
def test_times_and_limits_are_those_of_lifelines(selection: str, percent: int) -> None:
    rows, found = patients(selection), opened(selection, percent)
    theirs = KaplanMeierFitter().fit(rows.time, rows.event)
    band = theirs.confidence_interval_survival_function_
    time = qth_survival_time(1 - percent / 100, theirs)
    low, high = (qth_survival_time(1 - percent / 100, band.iloc[:, [k]].dropna()) for k in (0, 1))
    said = holding(found, "tell")
    if np.isinf(time):
        assert "is not reached" in said and f"does not come down to {100 - percent} %" in said
    else:
        assert f"By month {time:.1f}, {percent} % have died." in said
    if np.isinf(low):
        assert "There is no 95 % interval" in said.replace("\u00a0", " ")
    elif np.isinf(high):
        assert f"begins at month {low:.1f} and has no upper limit" in said
    else:
        assert f"from month {low:.1f} to {high:.1f}" in said


def test_the_smaller_the_share_the_sooner_the_curve_gets_there() -> None:
    for selection in SELECTIONS:
        times = [opened(selection, share).at.value for share in SHARES]
        reached = [time for time in times if time is not None]
        assert reached == sorted(reached)
        assert all(time is None for time in times[len(reached) :])


def test_before_the_answer_the_curve_is_seen_no_further_than_above_the_level() -> None:
    for found in (opened("all"), made(list(range(1, 41)), [1] * 40)):
        figure = LESSON.picture(found, "en", revealed=False)
        assert figure is not None
        assert found.stands.value is not None and found.stands.value >= 0.7
        end = figure.figure.layout.xaxis.range[1]
        assert end == pytest.approx(1.012 * found.shown, rel=1e-3)
        said = figure.figure.to_json() + figure.alt_text
        assert "not reached" not in said


def test_a_median_that_is_reached_is_explained_otherwise() -> None:
    # 40 patients, 15 die in months 5 to 19; the others but ten are censored at month 4.
    time = [float(t) for t in range(5, 20)] + [4.0] * 15 + [50.0] * 10
    event = [1] * 15 + [0] * 25
    found = made(time, event)
    theirs = KaplanMeierFitter().fit(time, event).median_survival_time_
    assert found.at.value == pytest.approx(theirs)
    assert LESSON.truth(found) == "year2"
    said = holding(found, "explain")
    assert f"comes down to 50 % at month {theirs:.1f}" in said
    assert "Only 15 of 40 were seen to die, fewer than half" in said
    assert "not reached" not in said and "no failure" not in said
    assert "comes too early" in said  # 12 against 17
    everybody = made([float(t) for t in range(1, 41)], [1] * 40)
    said = holding(everybody, "explain")
    assert "no earlier than the median" in said and "comes too early" not in said and "fewer than half" not in said


@pytest.mark.parametrize(
    ("median", "code"), [(12.0, "year1"), (12.1, "year2"), (24, "year2"), (60, "year5"), (61, "later")]
)
def test_options_are_told_apart_by_the_median(median: float, code: str) -> None:
    found = made([median] * 15 + [90.0] * 10, [1] * 15 + [0] * 10)
    assert found.at.value == median
    assert LESSON.truth(found) == code


def test_where_few_are_at_risk_no_time_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    # 18 are censored early; of two who are left, one dies: the curve falls from 75 to 37.5 per cent.
    time, event = [1.0] * 5 + [2.0] * 13 + [30.0, 40.0], [1] * 5 + [0] * 13 + [1, 0]
    found = made(time, event)
    assert found.at.value is None
    said = holding(found, "tell")
    assert "too few at risk" in said and "not reached" not in said and "interval" not in said
    monkeypatch.setattr(median_not_reached, "follow_patients", lambda *_: made_frame(time, event))
    with speaking_by(COHORT.dictionary), pytest.raises(TooFewError, match="needs 3 children at risk"):
        LESSON.prepare(COHORT, CohortFilter())
