"""Lesson 11: the incidences are those of a sum over the events by hand, one minus Kaplan–Meier that of lifelines."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from lifelines import KaplanMeierFitter

from analytics.cohort import open_cohort
from analytics.cohort.filters import Clause, CohortFilter
from analytics.frames import CompetingEvents
from analytics.learning.lesson import TooFewError
from analytics.learning.lessons.competing_risks import CompetingRisks
from pages.components.cache import REFERENCE_COHORT

LESSON = CompetingRisks()
COHORT = open_cohort(REFERENCE_COHORT)
SELECTIONS = {
    "all": CohortFilter(),
    "B": CohortFilter((Clause("immunophenotype", levels=("B",)),)),
    "older": CohortFilter((Clause("age_years", low=2.0),)),
}


def events_of(frame: CompetingEvents) -> pd.DataFrame:
    """One row per patient: months and number of the first event, 0 for none."""
    data = pd.DataFrame({"time": frame.time, "cause": frame.cause})
    return data.loc[data.index.repeat(frame.weight.astype(int))].reset_index(drop=True)


def incidence_by_hand(data: pd.DataFrame, cause: int, month: float) -> float:
    """The sum over events of the share still without any just before, times the share of those at risk."""
    free, total = 1.0, 0.0
    for time, here in data[data.cause > 0].groupby("time"):
        if time > month:
            break
        at_risk = (data.time >= time).sum()
        total += free * (here.cause == cause).sum() / at_risk
        free *= 1 - len(here) / at_risk
    return total


def survival_by_lifelines(data: pd.DataFrame, event: pd.Series, month: float) -> float:
    return float(KaplanMeierFitter().fit(data.time, event).predict(month))


def test_the_patients_are_those_who_relapsed() -> None:
    raw = pd.read_csv(REFERENCE_COHORT)
    data = events_of(LESSON.prepare(COHORT, CohortFilter()))
    assert len(data) == (raw.relapsed == 1).sum()
    assert (data.cause == 1).sum() == raw.second_relapse_days.notna().sum()


@pytest.mark.parametrize("name", SELECTIONS)
@pytest.mark.parametrize("month", [6, 18, 36, 60])
def test_both_ways_are_recomputed(name: str, month: int) -> None:
    frame = LESSON.prepare(COHORT, SELECTIONS[name])
    found, data = LESSON.open(frame, month), events_of(frame)
    right = [incidence_by_hand(data, cause, month) for cause in range(1, len(frame.causes) + 1)]
    wrong = [1 - survival_by_lifelines(data, data.cause == cause, month) for cause in range(1, len(frame.causes) + 1)]
    free = survival_by_lifelines(data, data.cause > 0, month)
    assert found.right == pytest.approx(right)
    assert found.wrong == pytest.approx(wrong)
    assert found.free == pytest.approx(free)
    # All incidences and those without any event make everybody; with one minus Kaplan–Meier it is at least as much.
    assert sum(right) + free == pytest.approx(1)
    assert sum(wrong) + free >= 1 - 1e-12
    assert all(high >= low - 1e-12 for low, high in zip(right, wrong, strict=True))
    assert found.n_event == ((data.cause == 1) & (data.time <= month)).sum()
    assert found.n_other == ((data.cause > 1) & (data.time <= month)).sum()
    assert found.n_risk == (data.time >= month).sum()


@pytest.mark.parametrize("name", SELECTIONS)
def test_what_is_explained_stands_on_these_numbers(name: str) -> None:
    frame = LESSON.prepare(COHORT, SELECTIONS[name])
    found, data = LESSON.open(frame, 36), events_of(frame)
    right = 100 * incidence_by_hand(data, 1, 36)
    wrong = 100 * (1 - survival_by_lifelines(data, data.cause == 1, 36))
    total = 100 * sum(1 - survival_by_lifelines(data, data.cause == k, 36) for k in range(1, len(frame.causes) + 1))
    total += 100 * survival_by_lifelines(data, data.cause > 0, 36)
    said = " ".join(text.en for text in LESSON.shown(LESSON.explain(found)))
    assert f"stands at {wrong:.1f}\u00a0% instead of {right:.1f}\u00a0%" in said
    assert f"the sum is {total:.1f}\u00a0%: more than everybody" in said
    assert LESSON.truth(found) == pytest.approx(right, abs=0.051)
    told = " ".join(text.en for text in LESSON.shown(LESSON.tell(found)))
    assert f"{wrong - right:.1f} points too high" in told
    assert "agree" not in told + said


def test_the_step_of_either_line_is_the_share_of_those_at_risk_of_its_own_curve() -> None:
    frame = LESSON.prepare(COHORT, CohortFilter())
    found, data = LESSON.open(frame, 36), events_of(frame)
    curve, naive = found.curve, found.naive
    for place in np.flatnonzero(curve.n_event_at > 0):
        time, share = curve.time[place], curve.n_event_at[place] / curve.n_risk[place]
        without_any = survival_by_lifelines(data, data.cause > 0, time - 1e-6)
        step = curve.estimate[place] - (curve.estimate[place - 1] if place else 0.0)
        assert step == pytest.approx(without_any * share)
        here = int(np.flatnonzero(np.isclose(naive.time, time))[0])
        before = naive.estimate[here - 1] if here else 1.0
        assert before - naive.estimate[here] == pytest.approx(before * share)
        assert before >= without_any


def test_without_another_event_both_ways_agree() -> None:
    frame = LESSON.prepare(COHORT, CohortFilter())
    alone = replace(frame, cause=np.where(frame.cause > 1, 0, frame.cause))
    found = LESSON.open(alone, 36)
    assert found.right[0] == pytest.approx(found.wrong[0])
    said = " ".join(text.en for text in LESSON.shown(LESSON.explain(found)))
    assert "both ways agree" in said
    assert "more than everybody" not in said
    assert "instead of" not in said
    assert "Both ways agree so far." in [text.en for text in LESSON.shown(LESSON.tell(found))]


def test_the_lines_are_one_until_a_second_event_follows_another() -> None:
    data = events_of(LESSON.prepare(COHORT, CohortFilter()))
    first_other = data.time[data.cause > 1].min()
    parting = data.time[(data.cause == 1) & (data.time > first_other)].min()
    frame = LESSON.prepare(COHORT, CohortFilter())
    for month in range(6, 61, 6):
        found = LESSON.open(frame, month)
        assert found.right[0] is not None
        assert found.wrong[0] is not None
        assert (found.wrong[0] - found.right[0] > 1e-9) == (month >= parting)


def test_a_month_that_nobody_is_followed_for_says_so() -> None:
    frame = LESSON.prepare(COHORT, CohortFilter())
    short = replace(frame, time=np.minimum(frame.time, 40.0))
    found = LESSON.open(short, 60)
    assert [text.en for text in LESSON.shown(LESSON.tell(found))] == ["Nobody is followed for 60 months."]
    assert LESSON.picture(found, "en", revealed=True) is not None


def test_too_few_second_events_teach_nothing() -> None:
    with pytest.raises(TooFewError, match="has 4 and 10"):
        LESSON.prepare(COHORT, CohortFilter((Clause("sex", levels=("male",)),)))
