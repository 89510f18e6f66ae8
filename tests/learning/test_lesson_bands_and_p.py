"""Lesson 5, bands against p values: what it says is so, by lifelines, by scipy, and by shuffling the groups."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from lifelines import KaplanMeierFitter
from lifelines.statistics import logrank_test

from analytics.cohort.filters import Clause, CohortFilter
from analytics.dictionary import speaking_by
from analytics.learning.lesson import TooFewError
from analytics.learning.lessons.bands_and_p import BandsAndP, Compared
from analytics.results import read_only
from tests.learning.followed import COHORT, MONTH, SELECTIONS, relapsed

LESSON = BandsAndP()


def patients(selection: str) -> pd.DataFrame:
    rows = relapsed(selection)
    in_marrow = rows["relapse_site"].str.contains("marrow")
    return pd.DataFrame({"time": rows["os_relapse_days"] / MONTH, "event": rows["os_relapse_event"], "a": in_marrow})


def frame_of(selection: str) -> Any:
    with speaking_by(COHORT.dictionary):
        return LESSON.prepare(COHORT, SELECTIONS[selection])


def opened(selection: str, setting: int = 1) -> Compared:
    frame = frame_of(selection)
    with speaking_by(COHORT.dictionary):
        return LESSON.open(frame, setting)


def made(time: list[float], event: list[int], first: list[bool], setting: int = 1) -> Compared:
    frame = frame_of("all")
    group = pd.Categorical.from_codes([0 if is_first else 1 for is_first in first], categories=frame.group.categories)
    own: dict[str, Any] = {"time": read_only(time), "event": read_only(event), "weight": read_only([1] * len(time))}
    return LESSON.open(replace(frame, group=group, **own), setting)


def holding(found: Compared, part: str) -> str:
    with speaking_by(COHORT.dictionary):
        return " ".join(t.en for t in LESSON.shown(getattr(LESSON, part)(found))).replace("\u00a0", " ")


def p_of(rows: pd.DataFrame, copies: int = 1) -> float:
    rows = pd.concat([rows] * copies)
    a, b = rows[rows.a], rows[~rows.a]
    return float(logrank_test(a.time, b.time, a.event, b.event).p_value)


@pytest.mark.parametrize("selection", SELECTIONS)
@pytest.mark.parametrize("copies", range(1, 9))
def test_p_shares_and_intervals_are_those_of_lifelines(selection: str, copies: int) -> None:
    rows, found = patients(selection), opened(selection, copies)
    theirs = p_of(rows, copies)
    assert found.test.p_value == pytest.approx(theirs, rel=1e-6)
    said = holding(found, "tell") + (holding(found, "explain") if copies == 1 else "")
    assert (f"p = {theirs:.3f}" if theirs >= 0.001 else "p < 0.001") in said
    repeated = pd.concat([rows] * copies)
    fits = [KaplanMeierFitter().fit(part.time, part.event) for part in (repeated[repeated.a], repeated[~repeated.a])]
    a, b = (fit.predict(found.month) for fit in fits)
    assert [share.value for share in found.shares] == pytest.approx([a, b], rel=1e-9)
    assert f"{100 * abs(b - a):.1f} points at month {found.month:g}" in said
    band = fits[0].confidence_interval_survival_function_
    low, high = band[band.index <= found.month].iloc[-1]
    # Nobody died in the other group: all of the error is on one side, of those still followed.
    followed = (repeated[~repeated.a].time >= found.month).sum()
    assert b == 1.0
    low_b = 0.05 ** (1 / followed)
    assert f"{100 * low:.1f}–{100 * high:.1f} % and {100 * low_b:.1f}–100.0 %" in said.replace(":", "")
    overlap = low_b <= high
    assert ("overlap" in said and "do not overlap" not in said) == overlap
    assert ("and yet p is below 0.05" in said) == (overlap and theirs < 0.05)
    assert ("That alone settles nothing" in said) == (overlap and theirs >= 0.05)
    # Of two intervals l, u: Zou and Donner's limits of the difference, the exact one two-sided.
    exact = 0.025 ** (1 / followed)
    below, above = (b - a) - math.hypot(b - exact, high - a), (b - a) + math.hypot(1 - b, a - low)
    assert f"{100 * below:.1f}".replace("-", "−") in said and f"{100 * above:.1f}" in said
    assert ("still holds 0" in said) == (theirs < 0.05 and below <= 0)
    assert above - below < (high - low) + (1 - exact), "a difference is less uncertain than both added up"
    if copies > 1:
        assert f"The same curves from {copies * len(rows)} instead of {len(rows)}: still" in said
    else:
        assert f"As it is, with {len(rows)} children" in said


@pytest.mark.parametrize("selection", SELECTIONS)
def test_the_more_alike_the_smaller_p_and_the_narrower_the_interval_while_the_difference_stays(selection: str) -> None:
    found = [opened(selection, copies) for copies in range(1, 9)]
    p_values = [each.test.p_value for each in found]
    assert None not in p_values and p_values == sorted(p_values, reverse=True)  # type: ignore[type-var]
    widths = [i.high - i.low for each in found if (i := each.difference.difference.interval) is not None]  # type: ignore[operator]
    assert len(widths) == 8 and widths == sorted(widths, reverse=True)
    assert len({round(each.difference.difference.value or 0, 9) for each in found}) == 1
    assert any(each.overlap and each.is_small for each in found), "intervals can overlap and p be below 0.05"


@pytest.mark.parametrize("selection", SELECTIONS)
def test_what_is_asked_and_explained(selection: str) -> None:
    rows, found = patients(selection), opened(selection)
    theirs = p_of(rows)
    assert LESSON.truth(found) == "middling" and 0.05 <= theirs < 0.2
    with speaking_by(COHORT.dictionary):
        asked = LESSON.ask(found).text.en
    assert f"{rows.a.sum()} children" in asked and f": {(~rows.a).sum()} and" in asked
    said = holding(found, "explain")
    assert f"p = {theirs:.3f}." in said and f"about {100 * theirs:.0f} of 100 such studies" in said
    assert (
        "Nor is it “no difference”" in said
        and "No difference at all fits these children, and so does a large one." in said
    )


def test_p_is_how_often_chance_makes_such_a_difference() -> None:
    rows = patients("all")
    rng, theirs = np.random.default_rng(1), p_of(rows)
    times = np.sort(rows.time[rows.event == 1].unique())
    at_risk = (rows.time.to_numpy()[:, None] >= times).astype(float)
    dies = ((rows.time.to_numpy()[:, None] == times) & (rows.event.to_numpy()[:, None] == 1)).astype(float)

    def statistic(a: np.ndarray) -> float:
        n, n_a, d = at_risk.sum(0), a @ at_risk, dies.sum(0)
        variance = (d * n_a / n * (1 - n_a / n) * (n - d) / np.maximum(n - 1, 1)).sum()
        return float(((a @ dies - d * n_a / n).sum()) ** 2 / variance)

    a = rows.a.to_numpy().astype(float)
    shuffled = [statistic(rng.permutation(a)) for _ in range(4000)]
    assert np.mean(np.array(shuffled) >= statistic(a) - 1e-9) == pytest.approx(theirs, abs=0.04)


@pytest.mark.parametrize(
    ("deaths", "code"),
    [(3, "large"), (6, "middling"), (9, "small"), (12, "tiny")],
    ids=["large", "middling", "small", "tiny"],
)
def test_options_are_told_apart_by_p(deaths: int, code: str) -> None:
    n = 20
    time = [5.0 + k / 10 for k in range(n)] + [5.05 + k / 10 for k in range(n)]
    event = [1] * deaths + [0] * (n - deaths) + [0] * n
    event[n + 3] = event[n + 9] = 1
    time = [t if e else 60.0 for t, e in zip(time, event, strict=True)]
    first = [True] * n + [False] * n
    found = made(time, event, first)
    theirs = p_of(pd.DataFrame({"time": time, "event": event, "a": first}))
    low, high = {"large": (0.2, 1), "middling": (0.05, 0.2), "small": (0.01, 0.05), "tiny": (0, 0.01)}[code]
    assert low <= theirs < high
    assert LESSON.truth(found) == code


def test_sentences_give_way_to_their_opposites() -> None:
    n = 30
    time, first = [5.0 + k / 10 for k in range(n)] * 2, [True] * n + [False] * n
    # Most of one group die, few of the other: p is small, the intervals lie apart, and the better group is the second or first.
    for turn in (False, True):
        event = [1] * 24 + [0] * 6 + [1] * 3 + [0] * 27
        found = made([t if e else 60.0 for t, e in zip(time, event, strict=True)], event, [a != turn for a in first])
        said = holding(found, "explain")
        assert "Nor does it say how large the difference is: 70.0 points" in said
        assert "do not overlap" in said and "no difference" not in said
        assert "fewer than 1 of 100" in said
        limits = found.difference.difference.interval
        assert limits is not None and limits.low is not None and limits.high is not None
        low, high = sorted(abs(100 * limit) for limit in (limits.low, limits.high))
        assert f"from {low:.1f} to {high:.1f}" in said, "the interval is that of the difference that is told"
    # Two large groups that hardly differ: the interval holds no large difference.
    many = [0] * 600
    for place in [*range(0, 300, 10), *range(300, 600, 9)]:
        many[place] = 1
    time = [5.0 + k % 300 / 100 if e else 60.0 for k, e in enumerate(many)]
    said = holding(made(time, many, [True] * 300 + [False] * 300), "explain")
    assert "Nor is it “no difference”" in said and "so does a large one" not in said


def test_groups_that_are_too_small_are_refused() -> None:
    few = CohortFilter((Clause("relapse_site", levels=("isolated CNS", "isolated testicular")),))
    with speaking_by(COHORT.dictionary), pytest.raises(TooFewError):
        LESSON.prepare(COHORT, few)
