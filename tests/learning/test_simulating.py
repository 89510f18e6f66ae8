"""Drawn cohorts: what is true of them is found, and the same number gives the same patients."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.estimators import time_dependent_hazard_ratio
from analytics.learning.simulating import (
    BLOCK,
    COMPARISONS,
    DIE_EARLY,
    DIE_IN_FIVE_YEARS,
    HORIZON,
    MOST_LOOKS,
    MOST_PATIENTS,
    SHORTEST,
    Design,
    Replicates,
    compare_block,
    draw_cohort,
    follow_share,
    join_blocks,
)

DRAWS = 2000


def draw_many(design: Design, n: int = DRAWS) -> Replicates:
    return join_blocks([compare_block(design, block) for block in range(n // BLOCK)], n)


def is_near(n_found: int, share: float, n: int = DRAWS) -> bool:
    """True within four standard errors of a binomial share: a false alarm once in 16,000 seeds, and the seed stays."""
    return abs(n_found - n * share) < 4 * np.sqrt(n * share * (1 - share))


designs = st.builds(
    Design,
    n=st.integers(1, 60),
    hazard_ratio=st.sampled_from([0.25, 1.0, 2.0]),
    treated=st.sampled_from([0.0, 0.05, 0.5, 1.0]),
    waiting=st.sampled_from([0.0, 1.0, 24.0]),
    confounder=st.sampled_from([1.0, 8.0]),
    lost=st.sampled_from([0.0, 0.5, 1.0]),
    looks=st.sampled_from([1, 3, MOST_LOOKS]),
)


@given(design=designs, number=st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_any_design_draws_a_cohort_that_can_be(design: Design, number: int) -> None:
    cohort = draw_cohort(design, number)
    assert len(cohort.time) == design.n
    assert (cohort.time > 0).all() and (cohort.time <= HORIZON).all()
    assert set(np.unique(cohort.event)) <= {0.0, 1.0}
    treated = np.isfinite(cohort.treated_at)
    assert (cohort.treated_at[treated] <= cohort.time[treated]).all()
    assert cohort.n_treated == treated.sum() and (design.treated > 0 or cohort.n_treated == 0)
    again = draw_cohort(design, number)
    np.testing.assert_array_equal(cohort.time, again.time)
    if design.n < MOST_PATIENTS:
        more = draw_cohort(replace(design, n=design.n + 1), number)
        np.testing.assert_array_equal(more.time[:-1], cohort.time)


@given(design=designs)
@settings(max_examples=6, deadline=None)
def test_no_design_ends_the_comparisons(design: Design) -> None:
    found = compare_block(design, 0)
    for comparison in COMPARISONS:
        p_value = found.fits(comparison).p_value
        assert ((p_value >= 0) & (p_value <= 1) | np.isnan(p_value)).all()
    assert found.n == BLOCK


def test_a_cohort_of_a_block_is_the_one_of_its_number() -> None:
    design = Design(confounder=3.0, hazard_ratio=0.6)
    found = compare_block(design, 1)
    cohort = draw_cohort(design, BLOCK + 7)
    began = np.where(np.isfinite(cohort.treated_at), cohort.treated_at, np.nan)
    single = time_dependent_hazard_ratio(cohort.time, cohort.event, began)
    assert found.switching.log_ratio[6] == pytest.approx(np.log(single.terms[1].hazard_ratio.value), rel=1e-8)
    assert found.first == BLOCK + 1


def test_another_number_is_another_cohort() -> None:
    assert (draw_cohort(Design(), 1).time != draw_cohort(Design(), 2).time).any()


def test_a_worse_treatment_brings_death_earlier_to_the_same_patients() -> None:
    one, other = draw_cohort(Design(n=400), 3), draw_cohort(Design(n=400, hazard_ratio=1.2), 3)
    assert (other.time <= one.time + 1e-9).all() and (other.time < one.time - 1e-6).any()
    never = ~np.isfinite(one.treated_at)
    np.testing.assert_array_equal(one.time[never], other.time[never])


def test_deaths_are_as_many_as_the_hazard_says() -> None:
    cohorts = [draw_cohort(Design(n=400, lost=0.0, treated=0.0), number) for number in range(1, 51)]
    times, events = (np.concatenate([getattr(c, name) for c in cohorts]) for name in ("time", "event"))
    assert is_near(int(((times <= 6.0) & (events > 0)).sum()), DIE_EARLY, len(times))
    assert is_near(int(events.sum()), DIE_IN_FIVE_YEARS, len(times))
    assert times.min() < SHORTEST


def test_fitter_patients_are_treated_more_often_and_die_later() -> None:
    cohorts = [draw_cohort(Design(n=400, confounder=4.0, treated=0.5, waiting=0.0), number) for number in range(1, 31)]
    fitter = np.concatenate([c.is_fitter for c in cohorts])
    treated = np.isfinite(np.concatenate([c.treated_at for c in cohorts]))
    # The odds of the share are doubled in fitter patients and halved in the others: 2/3 and 1/3.
    assert is_near(int(treated[fitter].sum()), 2 / 3, int(fitter.sum()))
    assert is_near(int(treated[~fitter].sum()), 1 / 3, int((~fitter).sum()))
    event = np.concatenate([c.event for c in cohorts])
    assert event[fitter].mean() < 0.6 * event[~fitter].mean()


@pytest.mark.parametrize("wrong", [{"n": 0}, {"hazard_ratio": 0.0}, {"treated": 1.1}, {"waiting": -1.0}, {"looks": 0}])
def test_a_design_that_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Design(**wrong)  # type: ignore[arg-type]


def test_the_share_runs_from_the_first_cohort_to_the_last() -> None:
    found = follow_share(np.array([0.01, 0.2, np.nan, 0.04]))
    np.testing.assert_allclose(found.share, [1, 1 / 2, 1 / 3, 2 / 4])
    assert (found.n_found, found.n) == (2, 4)
    assert found.interval is not None
    # Wilson's interval of 2 of 4: (p + z²/2n ± z sqrt(p q / n + z²/4n²)) / (1 + z²/n), by hand.
    assert found.interval.low == pytest.approx(0.1500, abs=5e-5) and found.interval.high == pytest.approx(
        0.8500, abs=5e-5
    )
    assert (found.low[-1], found.high[-1]) == (found.interval.low, found.interval.high)
    assert follow_share(np.array([])).n == 0 and follow_share(np.array([])).interval is None


@pytest.mark.slow
def test_nothing_is_found_as_often_as_chance_alone_finds_it() -> None:
    found = draw_many(Design(n=200))
    assert is_near(follow_share(found.mantel_byar).n_found, 0.05)
    assert is_near(follow_share(found.switching.p_value).n_found, 0.05)
    assert is_near(follow_share(found.adjusted.p_value).n_found, 0.05)
    assert follow_share(found.naive.p_value).n_found > 0.9 * DRAWS
    assert np.nanmedian(found.naive.log_ratio) < np.log(0.5)


@pytest.mark.slow
@pytest.mark.parametrize("ratio", [0.5, 1.6])
def test_intervals_hold_the_truth_as_often_as_they_say(ratio: float) -> None:
    found = draw_many(Design(n=200, hazard_ratio=ratio, confounder=3.0))
    held = (found.adjusted.low <= np.log(ratio)) & (np.log(ratio) <= found.adjusted.high)
    assert is_near(int(held.sum()), 0.95)
    unadjusted = (found.switching.low <= np.log(ratio)) & (np.log(ratio) <= found.switching.high)
    assert unadjusted.mean() < 0.9 and np.median(found.switching.log_ratio) < np.median(found.adjusted.log_ratio)


@pytest.mark.slow
def test_without_waiting_the_naive_comparison_is_sound() -> None:
    found = draw_many(Design(n=200, waiting=0.0))
    assert is_near(follow_share(found.naive.p_value).n_found, 0.05)
    np.testing.assert_allclose(found.naive.log_ratio, found.switching.log_ratio, rtol=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize("looks", [5, 20])
def test_many_looks_find_something_as_often_as_independent_tests(looks: int) -> None:
    design = Design(n=200, looks=looks)
    assert design.any_of_looks == pytest.approx({5: 0.2262, 20: 0.6415}[looks], abs=5e-5)
    assert is_near(follow_share(draw_many(design).smallest).n_found, design.any_of_looks)


@pytest.mark.slow
def test_two_hundred_cohorts_take_less_than_two_seconds() -> None:
    design = Design(n=MOST_PATIENTS, looks=MOST_LOOKS)
    taken = []
    for _ in range(3):
        began = time.perf_counter()
        draw_many(design, 200)
        taken.append(time.perf_counter() - began)
    assert min(taken) < 2
