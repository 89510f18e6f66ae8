"""Lesson 14: what is said of the repeats is counted in them, and they are drawn from the table of the patients."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analytics.cohort import open_cohort
from analytics.cohort.filters import Clause, CohortFilter
from analytics.estimators import odds_ratios_of_tables
from analytics.learning.lesson import TooFewError
from analytics.learning.lessons.published_figure import PublishedFigure, Repeats
from pages.components.cache import REFERENCE_COHORT

LESSON = PublishedFigure()
COHORT = open_cohort(REFERENCE_COHORT)
RAW = pd.read_csv(REFERENCE_COHORT)
SELECTIONS = {
    "all": (CohortFilter(), RAW),
    "boys": (CohortFilter((Clause("sex", levels=("male",)),)), RAW[RAW.sex == "male"]),
    "B": (CohortFilter((Clause("immunophenotype", levels=("B",)),)), RAW[RAW.immunophenotype == "B"]),
}


def said_of(found: Repeats) -> str:
    return " ".join(text.en for text in LESSON.shown(LESSON.explain(found)))


@pytest.mark.parametrize("name", SELECTIONS)
def test_the_truth_is_the_table_of_these_patients(name: str) -> None:
    selection, data = SELECTIONS[name]
    truth = LESSON.prepare(COHORT, selection)
    table = (
        pd.crosstab(data[truth.variable.name], data.relapsed).loc[[truth.level, truth.variable.reference]].to_numpy()
    )
    (no, yes), (other_no, other_yes) = table
    assert truth.ratio == pytest.approx(yes * other_no / (no * other_yes), rel=1e-6)
    assert truth.risk == pytest.approx(yes / (yes + no))
    assert truth.other_risk == pytest.approx(other_yes / (other_yes + other_no))
    assert truth.share == pytest.approx((yes + no) / table.sum())
    assert truth.n == table.sum()


@pytest.mark.parametrize("name", SELECTIONS)
@pytest.mark.parametrize("size", [100, 200, 1000])
def test_what_is_said_is_counted_in_the_repeats(name: str, size: int) -> None:
    found = LESSON.open(LESSON.prepare(COHORT, SELECTIONS[name][0]), size)
    significant = sorted(r for r, p in zip(found.ratios, found.p_values, strict=True) if p < 0.05)
    assert found.found.sum() == len(significant)
    assert found.middle == pytest.approx(np.median(significant))
    assert LESSON.truth(found) == pytest.approx(np.median(significant), abs=0.0051)
    assert found.least == pytest.approx(min(r for r in significant if r > 1))
    assert found.n_above == sum(r > found.truth.ratio for r in significant)
    assert found.middle_of_all == pytest.approx(found.truth.ratio, rel=0.15)
    assert ("needed an odds ratio" in said_of(found)) == (found.least > found.truth.ratio)
    assert ("was significant from" in said_of(found)) == (found.least <= found.truth.ratio)
    assert ("lie above the truth" in said_of(found)) == (2 * found.n_above > len(significant))
    told = LESSON.shown(LESSON.tell(found))
    assert f"{100 * (len(significant) / len(found.ratios)):.1f}\u00a0% of the repeats reach p < 0.05" in told[0].en
    assert (len(told) == 2) == bool(np.isnan(found.ratios).any())


def test_the_repeats_are_drawn_from_the_two_risks() -> None:
    truth = LESSON.prepare(COHORT, CohortFilter())
    found = LESSON.open(truth, 2000)
    assert np.median(found.ratios) == pytest.approx(truth.ratio, rel=0.03)
    n = round(2000 * truth.share)
    spread = np.sqrt(sum(1 / (m * p) + 1 / (m * (1 - p)) for m, p in ((n, truth.risk), (2000 - n, truth.other_risk))))
    assert np.log(found.ratios).std() == pytest.approx(spread, rel=0.06)


def test_the_excess_falls_and_the_share_rises_with_the_size() -> None:
    truth = LESSON.prepare(COHORT, CohortFilter())
    found = [LESSON.open(truth, size) for size in (100, 200, 400, 800, 1600)]
    middles, shares = [f.middle for f in found], [f.found.mean() for f in found]
    assert middles == sorted(middles, reverse=True)
    assert shares == sorted(shares)
    assert middles[0] > 1.5 * truth.ratio
    assert middles[-1] == pytest.approx(truth.ratio, rel=0.05)


def test_without_an_association_the_significant_repeats_still_show_one() -> None:
    """What is noticed for its p is too large whatever the truth: here on either side of 1."""
    rng = np.random.default_rng(1)
    sizes = np.full(2000, 100)
    ratios, p_values = odds_ratios_of_tables(rng.binomial(100, 0.2, 2000), sizes, rng.binomial(100, 0.2, 2000), sizes)
    assert (p_values < 0.05).mean() == pytest.approx(0.05, abs=0.02)
    assert np.abs(np.log(ratios[p_values < 0.05])).min() > 0.5


def test_other_repeats_make_other_sentences_true() -> None:
    found = LESSON.open(LESSON.prepare(COHORT, CohortFilter()), 200)
    assert "614 of 2\u202f000 repeats reached p < 0.05" in said_of(found)
    assert "near the truth of 1.94" in said_of(found)
    low = replace(found, truth=replace(found.truth, ratio=6.0))
    assert "lie above the truth" not in said_of(low)
    assert "near the truth" not in said_of(low)
    assert "was significant from" in said_of(low)


def test_too_few_patients_teach_nothing() -> None:
    with pytest.raises(TooFewError, match="the selection of"):
        LESSON.prepare(COHORT, CohortFilter((Clause("immunophenotype", levels=("T",)),)))
