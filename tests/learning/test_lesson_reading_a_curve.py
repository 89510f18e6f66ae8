"""Lesson 1, reading a curve: what it says is so, by lifelines and by counting."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from lifelines import KaplanMeierFitter

from analytics.cohort.filters import CohortFilter
from analytics.dictionary import speaking_by
from analytics.learning.curves import follow_patients
from analytics.learning.lesson import TooFewError
from analytics.learning.lessons import reading_a_curve
from analytics.learning.lessons.reading_a_curve import TIMES, Reading, ReadingACurve
from analytics.results import read_only
from tests.learning.followed import COHORT, SELECTIONS, patients

LESSON = ReadingACurve()


def opened(selection: str, setting: int = 12) -> Reading:
    with speaking_by(COHORT.dictionary):
        return LESSON.open(LESSON.prepare(COHORT, SELECTIONS[selection]), setting)


def made(time: list[float], event: list[int], setting: int = 12) -> Reading:
    frame = follow_patients(COHORT, CohortFilter())
    own: dict[str, Any] = {"time": read_only(time), "event": read_only(event), "weight": read_only([1] * len(time))}
    return LESSON.open(replace(frame, **own), setting)


def holding(found: Reading, part: str) -> str:
    with speaking_by(COHORT.dictionary):
        return " ".join(t.en for t in LESSON.shown(getattr(LESSON, part)(found))).replace("\u00a0", " ")


@pytest.mark.parametrize("selection", SELECTIONS)
def test_the_curve_asked_for_is_that_of_lifelines(selection: str) -> None:
    rows, found = patients(selection), opened(selection)
    theirs = KaplanMeierFitter().fit(rows.time, rows.event)
    assert found.times == TIMES
    assert LESSON.truth(found) == pytest.approx([100 * theirs.predict(t) for t in TIMES], rel=1e-9)
    truth = LESSON.truth(found)
    assert isinstance(truth, tuple)
    guess = tuple(x - 5 for x in truth)
    assert "5.0 points away" in LESSON.compare(found, guess).en
    with speaking_by(COHORT.dictionary):
        assert f"{len(rows)} children had a relapse." in LESSON.ask(found).text.en


@pytest.mark.parametrize("selection", SELECTIONS)
def test_what_is_explained_of_steps(selection: str) -> None:
    rows, found = patients(selection), opened(selection)
    said = holding(found, "explain")
    theirs = KaplanMeierFitter().fit(rows.time, rows.event)
    times = np.sort(rows.time[rows.event == 1].unique())
    first, last = times[0], times[-1]
    n_first, n_last = ((rows.time >= t).sum() for t in (first, last))
    left = 100 * theirs.predict(first)
    assert (
        f"at month {first:.1f}: 1 of {n_first} at risk died, and the curve falls by {100 - left:.1f} points, from 100 % to "
        f"{left:.1f} %." in said
    )
    assert f"{len(rows) - n_first} of {len(rows)} were followed no longer by then" in said
    above, below = 100 * theirs.predict(last - 0.01), 100 * theirs.predict(last)
    assert (
        f"at month {last:.1f}, when 1 of {n_last} at risk died: {above:.1f} % × 1/{n_last} = {above - below:.1f}"
        in said
    )
    assert above - below > 100 - left and "It is higher than the first, though as many died" in said
    assert f"In all {int(rows.event.sum())} of {len(rows)} died." in said


@pytest.mark.parametrize("selection", SELECTIONS)
def test_each_step_takes_the_share_of_those_at_risk_and_stands_where_somebody_died(selection: str) -> None:
    rows, found = patients(selection), opened(selection)
    curve = found.curves.curves[0]
    before = np.append(1.0, curve.estimate[:-1])
    assert 1 - curve.estimate / before == pytest.approx(curve.n_event_at / curve.n_risk)
    falls = curve.time[before > curve.estimate + 1e-12]
    assert falls == pytest.approx(np.sort(rows.time[rows.event == 1].unique()))
    assert (np.diff(curve.n_risk) < 0).all(), "those at risk become fewer and fewer"


@pytest.mark.parametrize("selection", SELECTIONS)
@pytest.mark.parametrize("month", [1, 6, 12, 24, 40, 60])
def test_what_is_read_at_a_month(selection: str, month: int) -> None:
    rows, found = patients(selection), opened(selection, month)
    theirs = KaplanMeierFitter().fit(rows.time, rows.event)
    said = holding(found, "tell")
    assert f"Month {month}: {100 * theirs.predict(month):.1f} % (" in said
    assert f"{(rows.time >= month).sum()} at risk." in said
    if rows.event[rows.time <= month].any():
        band = theirs.confidence_interval_survival_function_
        low, high = 100 * band[band.index <= month].iloc[-1]
        assert f"({low:.1f}–{high:.1f})" in said


def test_sentences_give_way_to_their_opposites() -> None:
    # Nobody is censored: steps are alike, and all are at risk at the first.
    found = made([float(t) for t in range(1, 31)], [1] * 30, 40)
    said = holding(found, "explain")
    assert "here still all 30" in said and "followed no longer" not in said
    assert "It is higher" not in said
    assert "Month 40: 0.0 % alive, 0 at risk." in holding(found, "tell")
    # All deaths on one day: there is no late step.
    once = holding(made([5.0] * 10 + [20.0] * 20, [1] * 10 + [0] * 20), "explain")
    assert "A late step" not in once and "10 of 30 at risk died" in once
    # A step where too few are at risk is not told.
    few = made([5.0] * 10 + [6.0] * 8 + [9.0, 10.0], [1] * 10 + [0] * 8 + [1, 0])
    assert few.last == few.first
    assert "Month 12: 85" in holding(opened("all", 12), "tell")
    thin = [5.0] * 10 + [6.0] * 8 + [50.0, 70.0], [1] * 10 + [0] * 10
    assert holding(made(*thin, 55), "tell") == "Month 55: 1 at risk, too few for the curve to be read."
    gone = [5.0] * 10 + [20.0] * 20, [1] * 10 + [0] * 20
    assert holding(made(*gone, 30), "tell") == "Nobody is followed for 30 months."
    # Two at a time against one: the steps are not compared.
    two = holding(
        made([5.0] * 5 + [6.0] * 10 + [20.0] * 5 + [30.0] * 5, [1] * 5 + [0] * 10 + [1] * 2 + [0] * 8), "explain"
    )
    assert "A late step" in two and "It is higher" not in two


def test_patients_who_were_followed_for_a_few_months_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = follow_patients(COHORT, CohortFilter())
    short = replace(frame, time=read_only(np.minimum(frame.time, 11.9)))
    monkeypatch.setattr(reading_a_curve, "follow_patients", lambda *_: short)
    with speaking_by(COHORT.dictionary), pytest.raises(TooFewError, match="followed for 12 months"):
        LESSON.prepare(COHORT, CohortFilter())


def test_the_month_stands_in_the_figure_and_so_does_the_guess() -> None:
    found = opened("all", 24)
    truth = LESSON.truth(found)
    assert isinstance(truth, tuple)
    assert LESSON.picture(found, "en", revealed=False) is None
    picture = LESSON.picture(found, "zh", revealed=True, answer=truth)
    assert picture is not None
    assert any(shape.x0 == 24 for shape in picture.figure.layout.shapes)
    guess = next(trace for trace in picture.figure.data if trace.name == "您画的曲线")
    assert tuple(guess.y) == (100.0, *truth)
