"""Lesson 12: shares of analyses that find something by chance, recomputed test by test."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from analytics.cohort import open_cohort
from analytics.cohort.filters import Clause, CohortFilter
from analytics.estimators import logrank_test
from analytics.learning.curves import follow_patients
from analytics.learning.lesson import TooFewError
from analytics.learning.lessons.many_looks import LOOKS, SEED, ManyLooks
from analytics.results import read_only
from pages.components.cache import REFERENCE_COHORT

LESSON = ManyLooks()
COHORT = open_cohort(REFERENCE_COHORT)
SELECTIONS = {
    "all": CohortFilter(),
    "boys": CohortFilter((Clause("sex", levels=("male",)),)),
    "B": CohortFilter((Clause("immunophenotype", levels=("B",)),)),
}


@pytest.mark.parametrize("name", SELECTIONS)
def test_the_p_values_are_those_of_coins_thrown_for_the_patients(name: str) -> None:
    coins, frame = LESSON.prepare(COHORT, SELECTIONS[name]), follow_patients(COHORT, SELECTIONS[name])
    each = np.repeat(np.arange(len(frame.time)), frame.weight.astype(int))
    analyses = len(coins.p_values)
    thrown = np.random.default_rng(SEED).random((analyses * LOOKS, coins.n)) < 0.5
    for place in (0, 7, 19, 20 * (analyses - 1)):
        test = logrank_test(frame.time[each], frame.event[each], thrown[place].astype(int))
        assert coins.p_values[divmod(place, LOOKS)] == pytest.approx(test.p_value, rel=1e-9)
    assert thrown.mean() == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("name", SELECTIONS)
@pytest.mark.parametrize("looks", [1, 5, 20])
def test_the_shares_are_counted(name: str, looks: int) -> None:
    coins = LESSON.prepare(COHORT, SELECTIONS[name])
    found, p_values = LESSON.open(coins, looks), coins.p_values[:, :looks]
    plain = np.mean([(row < 0.05).any() for row in p_values])
    holm = np.mean([multipletests(row, method="holm")[1].min() < 0.05 for row in p_values])
    assert found.share == pytest.approx(plain)
    assert found.share_adjusted == pytest.approx(holm)
    assert found.chance == pytest.approx(1 - 0.95**looks)
    assert LESSON.truth(found) == pytest.approx(100 * plain, abs=0.06)
    assert found.first == pytest.approx(p_values[0].min())
    assert found.first_adjusted == pytest.approx(min(1, looks * p_values[0].min()))
    said = " ".join(text.en for text in LESSON.shown(LESSON.explain(found)))
    assert f"In {round(plain * len(p_values))} of {len(p_values)} drawn analyses at least one of {looks} coins" in said
    assert f"1 − 0.95^{looks} = {100 * (1 - 0.95**looks):.0f}\u00a0%" in said


def test_one_look_is_wrong_in_about_five_per_cent_and_twenty_in_more_than_half() -> None:
    found = LESSON.open(LESSON.prepare(COHORT, CohortFilter()), 20)
    assert found.found[0] == pytest.approx(0.05, abs=0.03)
    assert found.share == pytest.approx(1 - 0.95**20, abs=0.08)
    assert found.share > 0.5
    assert found.share_adjusted < 0.08
    said = " ".join(text.en for text in LESSON.shown(LESSON.explain(found)))
    assert "near the 5 % that the limit allows" in said
    assert "back at about 5 %" in said
    assert "not exactly" not in said


def test_more_looks_never_find_less() -> None:
    found = LESSON.open(LESSON.prepare(COHORT, CohortFilter()), 20)
    assert (np.diff(found.found) >= 0).all()
    assert found.found[0] == pytest.approx(found.adjusted[0])
    assert (found.adjusted <= found.found).all()


def test_where_the_test_does_not_keep_its_level_that_is_said() -> None:
    coins = LESSON.prepare(COHORT, CohortFilter())
    found = LESSON.open(
        replace(coins, found=read_only(coins.found + 0.1), adjusted=read_only(coins.adjusted + 0.1)), 20
    )
    said = " ".join(text.en for text in LESSON.shown(LESSON.explain(found)))
    assert "does not keep exactly to its 5 %" in said
    assert "not exactly 5 %: the test itself" in said
    assert "near the 5 % that" not in said
    assert "back at about 5 %" not in said


def test_the_same_patients_give_the_same_coins() -> None:
    first, second = (LESSON.prepare(COHORT, CohortFilter()) for _ in range(2))
    assert (first.p_values == second.p_values).all()


def test_too_few_deaths_teach_nothing() -> None:
    with pytest.raises(TooFewError):
        LESSON.prepare(COHORT, CohortFilter((Clause("age_years", low=9.0),)))
