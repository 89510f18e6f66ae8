"""Lesson 4, the tail with few: what it says is so, by lifelines, by counting, and by drawing."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from lifelines import KaplanMeierFitter

from analytics.cohort.filters import CohortFilter
from analytics.dictionary import speaking_by
from analytics.learning.curves import follow_patients
from analytics.learning.lesson import TooFewError
from analytics.learning.lessons import tail_with_few
from analytics.learning.lessons.tail_with_few import FEWEST, MOST, Tail, TailWithFew
from analytics.results import read_only
from tests.learning.followed import COHORT, SELECTIONS, patients

LESSON = TailWithFew()


def opened(selection: str, setting: int = FEWEST) -> Tail:
    with speaking_by(COHORT.dictionary):
        return LESSON.open(LESSON.prepare(COHORT, SELECTIONS[selection]), setting)


def made_frame(time: list[float], event: list[int]) -> Any:
    frame = follow_patients(COHORT, CohortFilter())
    own: dict[str, Any] = {"time": read_only(time), "event": read_only(event), "weight": read_only([1] * len(time))}
    return replace(frame, **own)


def holding(found: Tail, part: str) -> str:
    with speaking_by(COHORT.dictionary):
        return " ".join(text.en for text in LESSON.shown(getattr(LESSON, part)(found)))


@pytest.mark.parametrize("selection", SELECTIONS)
@pytest.mark.parametrize("at_risk", range(FEWEST, MOST + 1))
def test_one_death_more_is_that_of_lifelines(selection: str, at_risk: int) -> None:
    rows, found = patients(selection), opened(selection, at_risk)
    assert found.n_risk >= at_risk
    assert found.n_risk == (rows.time >= found.month - 1e-9).sum()
    before = KaplanMeierFitter().fit(rows.time, rows.event).predict(found.month)
    who = rows.index[(abs(rows.time - found.month) < 1e-9) & (rows.event == 0)][0]
    rows.loc[who, "event"] = 1
    theirs = KaplanMeierFitter().fit(rows.time, rows.event)
    after = theirs.predict(found.month)
    assert found.stands.value == pytest.approx(before, rel=1e-9)
    assert found.would.value == pytest.approx(after, rel=1e-9)
    # One step takes the same share of the curve as of those at risk.
    assert after == pytest.approx(before * (1 - 1 / found.n_risk), rel=1e-9)
    said = holding(found, "tell").replace("\u00a0", " ")
    fall = 100 * (before - after)
    assert (
        f"1/{found.n_risk} of the height, {fall:.1f} points, from {100 * before:.1f} % to {100 * after:.1f} %" in said
    )
    band = theirs.confidence_interval_survival_function_
    low, high = 100 * band[band.index <= found.month + 1e-9].iloc[-1]
    assert f"({low:.1f}–{high:.1f})" in said
    assert f"even if {100 * (1 - 0.05 ** (1 / found.n_risk)):.1f} %" in said


@pytest.mark.parametrize("selection", SELECTIONS)
def test_what_is_explained(selection: str) -> None:
    rows, found = patients(selection), opened(selection)
    said = holding(found, "explain")
    first = rows.time[rows.event == 1].min()
    n_first, died = (rows.time >= first).sum(), ((rows.time == first) & (rows.event == 1)).sum()
    assert f"The first step took only {100 * died / n_first:.1f} points: {n_first} were at risk." in said
    assert died == 1
    last = rows.time[rows.event == 1].max()
    assert last < found.month and not rows.event[rows.time >= found.month].any()
    assert "The end is flat because none of these 4 died" in said
    assert f"between months {last:.1f} and {found.month:.1f}" in holding(found, "tell")
    band = KaplanMeierFitter().fit(rows.time, rows.event).confidence_interval_survival_function_
    assert band[band.index >= last].drop_duplicates().shape[0] == 1, "the band is level from the last death on"
    assert f"as narrow as at month {last:.1f} with {(rows.time >= last).sum()}." in said
    assert LESSON.truth(found) == round(100 * found.would.value, 1)


def test_the_more_at_risk_the_less_one_death_takes() -> None:
    for selection in SELECTIONS:
        falls = [opened(selection, at_risk).fall for at_risk in range(FEWEST, MOST + 1)]
        assert all(later <= earlier + 1e-12 for earlier, later in itertools.pairwise(falls))


def test_no_death_among_few_is_no_surprise_at_the_limit() -> None:
    found = opened("all")
    rng = np.random.default_rng(5)
    deaths = rng.binomial(found.n_risk, found.hidden, 200_000)
    assert (deaths == 0).mean() == pytest.approx(0.05, abs=0.002)


def test_sentences_give_way_to_their_opposites() -> None:
    # The last patient dies: the end is not flat.
    time = [float(t) for t in range(1, 31)]
    falling = LESSON.open(made_frame(time, [1] * 5 + [0] * 24 + [1]), FEWEST)
    said = holding(falling, "explain")
    assert "is not flat here" in said and "none of these" not in said
    assert "no great surprise" not in holding(falling, "tell")
    # Ten die at once at the start: the first step is larger than one at the end.
    many = LESSON.open(made_frame([1.0] * 20 + time, [1] * 20 + [0] * 30), MOST)
    said = holding(many, "explain")
    assert "The first step took 40.0 points" in said and "took only" not in said


def test_a_curve_without_censoring_at_its_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = made_frame([float(t) for t in range(1, 31)], [1] * 30)
    monkeypatch.setattr(tail_with_few, "follow_patients", lambda *_: frame)
    with speaking_by(COHORT.dictionary), pytest.raises(TooFewError, match="with 4 to 20 at risk"):
        LESSON.prepare(COHORT, CohortFilter())
