"""Tallies made from cells alone: what is shown, what goes, and that it adds up."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.cohort.disclosure import Hidden, SuppressedError, protect_tally
from analytics.cohort.engine import KEY
from analytics.cohort.perturbation import CellKeys, load_noise
from analytics.dictionary import DAYS_PER_MONTH, open_dictionary

DICTIONARY = open_dictionary()
BOUND = load_noise()[0]
SITES = list(DICTIONARY["relapse_site_group"].levels)


def keys(smallest: int = 5) -> CellKeys:
    return CellKeys(smallest, "a secret that nobody knows")


def tally_of(seed: int = 1, **columns: Any) -> pd.DataFrame:
    """A tally with a row for each patient."""
    frame = pd.DataFrame(columns)
    for name in frame.columns:
        variable = DICTIONARY[name]
        if variable.is_coded:
            frame[name] = pd.Categorical(frame[name], categories=list(variable.levels))
    drawn = np.random.default_rng(seed).integers(0, 2**32, len(frame))
    return frame.assign(n=1, **{KEY: drawn})


@given(
    sizes=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=3, max_size=3),
    smallest=st.sampled_from([3, 5, 11]),
    seed=st.integers(0, 99),
)
@settings(max_examples=60, deadline=None)
def test_a_group_is_there_with_every_outcome_or_not_at_all(
    sizes: list[tuple[int, int]], smallest: int, seed: int
) -> None:
    rows = [(site, y) for site, both in zip(SITES, sizes, strict=False) for y in (0, 1) for _ in range(both[y])]
    tally = tally_of(seed, relapse_site_group=[r[0] for r in rows], os_relapse_event=[float(r[1]) for r in rows])
    true = {(site, y): both[y] for site, both in zip(SITES, sizes, strict=False) for y in (0, 1)}
    try:
        shown, hidden = protect_tally(tally, DICTIONARY, keys(smallest))
    except SuppressedError:
        assert sum(min(both) >= smallest + BOUND for both in sizes) < 2
        return
    kept = set(shown["relapse_site_group"])
    assert kept == set(shown["relapse_site_group"].cat.categories)
    assert {h.level for h in hidden} == {*SITES, None} - kept, "empty levels go like rare ones"
    for site, y, n in shown.itertuples(index=False):
        assert n >= smallest and abs(n - true[site, int(y)]) <= BOUND
    for site, both in zip(SITES, sizes, strict=False):
        assert (site in kept) <= (min(both) >= smallest)


def test_what_is_refused_is_refused_by_name() -> None:
    n = 40
    durations = tally_of(os_relapse_days=np.arange(n) + 1.0, hsct_days=np.arange(n) + 1.0)
    with pytest.raises(SuppressedError, match="are asked for together, child by child"):
        protect_tally(durations, DICTIONARY, keys())
    with pytest.raises(SuppressedError, match="too many variables at once"):
        protect_tally(tally_of(age_years=np.arange(n) + 0.5, os_days=np.arange(n) + 1.0), DICTIONARY, keys())
    with pytest.raises(SuppressedError, match="have, or do not have, the event"):
        protect_tally(tally_of(relapsed=[1.0] * 3 + [0.0] * 37), DICTIONARY, keys())
    with pytest.raises(SuppressedError, match="have, or do not have, the event"):
        protect_tally(tally_of(relapsed=[0.0] * 40), DICTIONARY, keys())


def survival(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    death, end = rng.exponential(900, n), rng.uniform(300, 2000, n)
    return tally_of(seed, os_days=np.ceil(np.minimum(death, end)), os_event=(death <= end).astype(float))


@pytest.mark.parametrize(("n", "months"), [(200, 3), (800, 1)])
def test_times_are_told_on_a_grid_by_cumulative_cells(n: int, months: int) -> None:
    tally = survival(n, 3)
    shown, _ = protect_tally(tally, DICTIONARY, keys())
    step = months * DAYS_PER_MONTH
    deaths, others = shown[shown["os_event"] == 1], shown[shown["os_event"] == 0]
    assert (deaths["os_days"] / step % 1 < 1e-9).all(), "no death tells a day"
    assert (others["os_days"] / (step / 2) % 1 < 1e-9).all()
    assert abs(shown["n"].sum() - n) <= 2 * BOUND
    total = {y: keys().show(*tally.loc[tally["os_event"] == y, ["n", KEY]].sum()) for y in (0.0, 1.0)}
    assert deaths["n"].sum() == total[1.0] and others["n"].sum() == total[0.0]
    true = tally[tally["os_event"] == 1]
    at = np.arange(1, int(shown["os_days"].max() / step)) * step
    for day in at:
        near, exact = deaths.loc[deaths["os_days"] <= day + 1e-6, "n"].sum(), (true["os_days"] <= day).sum()
        # Made to ascend, neighbours share their noise; below the smallest cell the middle stands for all.
        assert abs(near - exact) <= BOUND + 1 + 2 or (exact < 5 + BOUND and near < 5 + BOUND)


def test_the_last_who_are_followed_are_not_told_apart() -> None:
    tally = survival(300, 5)
    late = tally["os_days"].nlargest(4).index
    shown, _ = protect_tally(tally, DICTIONARY, keys(11))
    later = tally.assign(os_days=tally["os_days"].where(~tally.index.isin(late), 9999.0))
    moved, _ = protect_tally(later, DICTIONARY, keys(11))
    assert shown["os_days"].max() < tally["os_days"].max()
    assert shown.equals(moved), "whenever the last of them left"
    left = shown.sort_values("os_days")
    at_risk = left["n"].sum() - left.groupby("os_days")["n"].sum().cumsum().shift(fill_value=0)
    assert (at_risk.iloc[:-2] >= 11).all()


def test_numbers_are_told_by_the_bins_of_their_grid() -> None:
    age = np.concatenate([np.full(30, 4.3), np.full(30, 7.7), np.full(3, 17.0), np.full(30, 12.1)])
    shown, hidden = protect_tally(tally_of(age_years=age), DICTIONARY, keys())
    assert not hidden
    grid = DICTIONARY["age_years"].grid
    bins = np.searchsorted(grid, shown["age_years"], side="right") - 1
    assert not set(shown["age_years"]) & set(age)
    counted = shown.groupby(bins)["n"].sum()
    assert counted.loc[:2].sum() == pytest.approx(30, abs=BOUND), "what is empty is joined like what is rare"
    assert counted[3] == pytest.approx(30, abs=BOUND)
    assert counted.loc[4:].sum() == pytest.approx(33, abs=BOUND), "three are joined with their neighbours"


def many_factors(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return tally_of(
        seed,
        relapsed=(rng.random(n) < 0.3).astype(float),
        sex=rng.choice(["male", "female"], n),
        immunophenotype=rng.choice(["B", "T"], n, p=[0.8, 0.2]),
        mrd_day19=rng.choice(["negative", "positive", None], n, p=[0.6, 0.3, 0.1]),
        age_years=rng.uniform(1, 17, n),
    )


def test_the_combinations_of_many_factors_are_not_given_out() -> None:
    """From a model of them, to many digits, a number below the smallest cell could be worked out."""
    with pytest.raises(SuppressedError, match="too many variables at once"):
        protect_tally(many_factors(600, 7), DICTIONARY, keys())


def test_two_factors_are_told_where_every_combination_is_large_enough() -> None:
    columns = ["relapsed", "sex", "immunophenotype"]
    tally = many_factors(600, 7)[[*columns, "n", KEY]]
    shown, hidden = protect_tally(tally, DICTIONARY, keys())
    assert Hidden("sex", None) in hidden and (shown["n"] >= 5).all()
    for values, part in tally.groupby(columns, observed=True):
        same = (shown[columns] == list(values)).all(axis=1)
        assert shown.loc[same, "n"].sum() == keys().show(len(part), part[KEY].sum())


def test_when_fewer_than_the_smallest_cell_came_is_not_told() -> None:
    """Of eleven who come one after the other it is told by when all have: those before may have come whenever."""
    n, smallest = 300, 11
    day = np.sort(np.random.default_rng(4).uniform(1, 3000, n))
    died = np.arange(n) % 3 == 0
    moved = day.copy()
    waiting: list[int] = []
    for end in np.arange(1, 40) * (3 * DAYS_PER_MONTH):
        waiting += np.flatnonzero(died & (day <= end) & (day > end - 3 * DAYS_PER_MONTH)).tolist()
        if len(waiting) >= smallest:  # told is at the first end of a quarter by which so many have come
            moved[waiting] = day[waiting[-1]]
            waiting = []
    shown, _ = protect_tally(tally_of(6, os_days=day, os_event=died.astype(float)), DICTIONARY, keys(smallest))
    late, _ = protect_tally(tally_of(6, os_days=moved, os_event=died.astype(float)), DICTIONARY, keys(smallest))
    told, told_late = (t[t["os_event"] == 1].reset_index(drop=True) for t in (shown, late))
    assert len(told) > 5
    assert told.equals(told_late)
