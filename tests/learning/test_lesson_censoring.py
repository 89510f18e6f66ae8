"""Lesson 2, censoring: what it says is so, by lifelines, by counting, and by simulation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from lifelines import KaplanMeierFitter

from analytics.cohort.filters import CohortFilter
from analytics.dictionary import speaking_by
from analytics.formats import format_percent
from analytics.learning.curves import follow_patients
from analytics.learning.lesson import TooFewError
from analytics.learning.lessons import censoring
from analytics.learning.lessons.censoring import CUT_AT, Censored, Censoring
from analytics.learning.opening import open_lesson
from analytics.results import Estimate, Reason, read_only
from tests.learning.followed import COHORT, SELECTIONS, patients

LESSON = Censoring()


def opened(selection: str, setting: int = 0) -> Censored:
    frame = open_lesson(LESSON, COHORT, SELECTIONS[selection], COHORT).frame
    with speaking_by(COHORT.dictionary):
        return LESSON.open(frame, setting)


def made(time: list[float], event: list[int], setting: int = 0) -> Censored:
    frame = follow_patients(COHORT, CohortFilter())
    own: dict[str, Any] = {"time": read_only(time), "event": read_only(event), "weight": read_only([1] * len(time))}
    return LESSON.open(replace(frame, **own), setting)


def holding(found: Censored, part: str) -> list[str]:
    with speaking_by(COHORT.dictionary):
        return [text.en for text in LESSON.shown(getattr(LESSON, part)(found))]


@pytest.mark.parametrize("selection", SELECTIONS)
def test_the_three_answers_are_those_of_lifelines_and_of_counting(selection: str) -> None:
    rows, found = patients(selection), opened(selection)
    at = found.before
    dead = int(((rows.time <= found.month) & (rows.event == 1)).sum())
    gone = int(((rows.time < found.month) & (rows.event == 0)).sum())
    assert (at.dead, at.gone, at.known, at.n) == (dead, gone, len(rows) - dead - gone, len(rows))
    theirs = KaplanMeierFitter().fit(rows.time, rows.event).predict(found.month)
    assert at.of_curve.value == pytest.approx(theirs, rel=1e-9)
    assert LESSON.truth(found) == round(100 * theirs, 1)
    assert at.as_alive == pytest.approx(1 - dead / len(rows))
    assert at.left_out == pytest.approx(at.known / (at.known + dead))
    assert at.left_out < theirs < at.as_alive
    said = " ".join(holding(found, "explain"))
    for share in (at.as_alive, at.left_out, theirs):
        assert format_percent(share) in said
    assert "is higher than the curve" in said and "is lower than the curve" in said


@pytest.mark.parametrize("selection", SELECTIONS)
@pytest.mark.parametrize("percent", range(0, 71, 10))
def test_after_the_cut_they_are_those_of_the_shortened_follow_up(selection: str, percent: int) -> None:
    found = opened(selection, percent)
    time, event = np.array(found.time), np.array(found.event)
    order = np.lexsort((time, event))
    picked = order[[i for i in range(len(time)) if (i + 1) * percent // 100 > i * percent // 100]]
    assert abs(len(picked) - percent * len(time) / 100) < 1
    assert abs(event[picked].sum() - percent * event.sum() / 100) < 1.5, "picked evenly among the dead and the living"
    late = picked[time[picked] > CUT_AT]
    assert found.n_cut == len(late)
    time[late], event[late] = CUT_AT, 0
    curve = found.curves.curves[0]
    assert curve.n_censor[curve.time == 6].sum() == found.n_cut
    theirs = KaplanMeierFitter().fit(time, event)
    assert found.now.of_curve.value == pytest.approx(theirs.predict(found.month), rel=1e-9)
    assert found.now.dead == ((time <= found.month) & (event == 1)).sum()
    said = " ".join(holding(found, "tell"))
    assert format_percent(theirs.predict(found.month)) in said
    if found.n_cut:
        assert f"{found.n_cut} children are now censored at month 6." in said
        was = KaplanMeierFitter().fit(found.time, found.event).predict(found.month)
        apart = 100 * (found.now.as_alive - found.now.left_out)
        assert f"{apart:.1f} points apart" in said
        assert f"moved by {abs(100 * (theirs.predict(found.month) - was)):.1f}" in said
        is_between = found.now.left_out <= theirs.predict(found.month) <= found.now.as_alive
        assert is_between
        assert ("lies between" in said) == (apart > 100 * (found.before.as_alive - found.before.left_out) + 0.05)
        band = theirs.confidence_interval_survival_function_
        low, high = band[band.index <= found.month].iloc[-1]
        limits = found.before.of_curve.interval
        assert limits is not None and limits.low is not None and limits.high is not None
        assert ("is wider" in said) == (high - low > limits.high - limits.low + 5e-4)


def test_the_curve_lies_between_the_two_others_whoever_the_patients_are() -> None:
    rng = np.random.default_rng(7)
    for _ in range(60):
        n = int(rng.integers(30, 120))
        death, last = rng.exponential(rng.uniform(20, 90), n), rng.uniform(1, 60, n)
        time, event = np.minimum(death, last), (death <= last).astype(int)
        at = made(time.tolist(), event.tolist()).before
        assert at.of_curve.value is not None
        assert at.left_out <= at.of_curve.value + 1e-12 and at.of_curve.value <= at.as_alive + 1e-12


def test_with_censoring_that_tells_nothing_the_curve_is_right_and_the_others_are_not() -> None:
    rng, month, n = np.random.default_rng(11), 36.0, 20_000
    death, last = rng.exponential(60, n), rng.uniform(0, 72, n)
    true = float(np.exp(-month / 60))
    time, event = np.minimum(death, last), death <= last
    assert KaplanMeierFitter().fit(time, event).predict(month) == pytest.approx(true, abs=0.02)
    dead, gone = (event & (time <= month)).sum(), (~event & (time < month)).sum()
    assert 1 - dead / n > true + 0.05
    assert (n - dead - gone) / (n - gone) < true - 0.05
    # If the sickest vanish, the curve is too high.
    vanish = np.where(death < 30, death * 0.9, np.inf)
    gone_early = rng.random(n) < 0.5
    seen = np.where(gone_early, np.minimum(time, vanish), time)
    died = event & (seen == time)
    assert KaplanMeierFitter().fit(seen, died).predict(month) > true + 0.05


def test_sentences_give_way_to_their_opposites() -> None:
    # Nobody is censored before the last death: counting all is as good as the curve.
    late = made([1, 2, 3, 4, 5] + [20.0] * 10 + [50.0] * 25, [1] * 5 + [0] * 35)
    assert late.before.as_alive == pytest.approx(late.before.of_curve.value)
    said = " ".join(holding(late, "explain"))
    assert "no more than the curve" in said and "is higher than the curve" not in said
    # All are censored before the first death: leaving them out is as good as the curve.
    early = made([1.0] * 10 + [10, 11, 12, 13, 14] + [50.0] * 25, [0] * 10 + [1] * 5 + [0] * 25)
    assert early.before.left_out == pytest.approx(early.before.of_curve.value)
    said = " ".join(holding(early, "explain"))
    assert "no less than the curve" in said and "is lower than the curve" not in said
    # Of many, the curve hardly moves, and nothing is said of few deaths.
    rng = np.random.default_rng(3)
    death, end = rng.exponential(60, 3000), rng.uniform(0, 72, 3000)
    many = made(np.minimum(death, end).tolist(), (death <= end).astype(int).tolist(), 70)
    assert "so few died" not in " ".join(holding(many, "tell"))
    # Where hardly anybody is left, nothing is read.
    cut = opened("all", 70)
    few = replace(cut, now=replace(cut.now, of_curve=Estimate(None, reason=Reason("few-patients"))))
    assert "Too few are left" in " ".join(holding(few, "tell"))
    # More are cut, and the two other answers are no further apart.
    before = replace(cut, now=cut.before)
    assert "lies between" not in " ".join(holding(before, "tell"))
    assert "is wider" not in " ".join(holding(before, "tell"))


def test_patients_who_are_all_followed_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = follow_patients(COHORT, CohortFilter())
    whole = replace(frame, time=read_only(np.where(frame.event > 0, frame.time, 90.0)))
    monkeypatch.setattr(censoring, "follow_patients", lambda *_: whole)
    with speaking_by(COHORT.dictionary), pytest.raises(TooFewError, match="needs 10 children still followed"):
        LESSON.prepare(COHORT, CohortFilter())
