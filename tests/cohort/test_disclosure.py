"""Protected tallies by hand on written-out patients, and what must hold of any."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.cohort.disclosure import (
    WEEK,
    Hidden,
    SuppressedError,
    leaves_open,
    limits_of,
    protect_cells,
    protect_margins,
    round_cell,
    round_count,
    round_table,
    without_levels,
)
from analytics.formats import FewerThan, format_count

DAYS_PER_MONTH = 30.4375
LEVELS = ("a", "b", "c")
KS = st.sampled_from([2, 3, 5, 6, 11])


def tally_of(rows: list[dict[str, Any]], coded: dict[str, tuple[str, ...]]) -> pd.DataFrame:
    """The tally of patients, one row each, with the levels of the coded columns."""
    columns = list(rows[0])
    frame = pd.DataFrame(rows, columns=columns)
    for name, levels in coded.items():
        frame[name] = pd.Categorical(frame[name], categories=levels)
    counted = frame.groupby(columns, dropna=False, observed=True, sort=True).size().rename("n").reset_index()
    others = [name for name in columns if name not in coded]
    return counted.astype(dict.fromkeys(others, float) | {"n": np.int64})


def patients(*groups: tuple[str | None, float, list[float]]) -> pd.DataFrame:
    """Patients given as (group, event, months of each)."""
    rows = [{"group": g, "event": e, "time": m * DAYS_PER_MONTH} for g, e, months in groups for m in months]
    return tally_of(rows, {"group": LEVELS})


def cells(tally: pd.DataFrame, smallest: int, **options: Any) -> tuple[pd.DataFrame, tuple[Hidden, ...]]:
    """`protect_cells` of a tally of group, event and time."""
    return protect_cells(tally, durations=["time"], numbers=[], outcomes=["event"], smallest=smallest, **options)


TWELVE = patients(
    ("a", 1, [1, 2, 3]), ("a", 0, [10, 11, 12]), ("b", 1, [4, 5, 6]), ("b", 0, [20, 21, 25])
)  # fmt: skip


def test_blocks_of_twelve_patients() -> None:
    shown, hidden = cells(TWELVE, 3)
    assert hidden == ()
    assert shown["group"].tolist() == ["a", "a", "b", "b"]
    assert shown["event"].tolist() == [0, 1, 0, 1]
    # Means of 11, 2, 22 and 5 months are in the 48th, 9th, 96th and 22nd week, each told at three quarters of it.
    assert (shown["time"] / WEEK).round(9).tolist() == [47.75, 8.75, 95.75, 21.75]
    assert shown["n"].tolist() == [3, 3, 3, 3]
    assert shown.dtypes["n"] == np.int64
    assert list(shown["group"].cat.categories) == list(LEVELS), "nobody is at c: it stays, as a zero"


def test_what_is_left_over_is_rounded_to_the_nearest_block() -> None:
    shown, _ = cells(patients(("a", 1, [1, 2, 3, 4]), ("a", 0, [1, 2, 3, 4, 5])), 3)
    assert shown["n"].tolist() == [6, 3]
    # Means of 3 and 2.5 months are in the 14th and the 11th week.
    assert (shown["time"] / WEEK).round(9).tolist() == [13.75, 10.75]


def test_a_rare_level_is_left_out_whole_and_is_no_zero() -> None:
    tally = patients(
        ("a", 1, [1, 2, 3]),
        ("a", 0, [4, 5, 6, 7]),
        ("b", 1, [9]),
        ("b", 0, [5, 5]),
        (None, 1, [1] * 4),
        (None, 0, [2] * 4),
    )
    shown, hidden = cells(tally, 3)
    assert hidden == (Hidden("group", "b"),)
    assert list(shown["group"].cat.categories) == ["a", "c"]
    assert shown["group"].isna().sum() == 2
    assert shown["n"].tolist() == [3, 3, 3, 3]


def test_rare_missing_values_are_left_out_under_no_level() -> None:
    tally = patients(("a", 1, [1] * 4), ("a", 0, [2] * 6), ("b", 1, [3] * 4), ("b", 0, [4] * 6), (None, 1, [5] * 2))
    shown, hidden = cells(tally, 4)
    assert hidden == (Hidden("group", None),)
    assert not shown["group"].isna().any()
    assert list(shown["group"].cat.categories) == list(LEVELS)


def test_the_larger_part_is_never_left_out() -> None:
    with pytest.raises(SuppressedError, match="fewer than 3 children of one kind"):
        cells(patients(("a", 1, [1]), ("a", 0, [4, 5, 6, 7, 8]), ("b", 1, [1, 2, 3]), ("b", 0, [1])), 3)


def test_deaths_are_not_left_out_for_being_few() -> None:
    with pytest.raises(SuppressedError, match="fewer than 3 children of one kind have, or do not have, the event"):
        cells(patients(("a", 1, [1, 2]), ("a", 0, [4, 5, 6, 7])), 3)


def test_whole_shows_everything_or_nothing() -> None:
    rows = [("a", 1, [1.0] * 30), ("a", 0, [4.0] * 30), ("b", 1, [2.0] * 2), ("b", 0, [2.0] * 9)]
    assert cells(patients(*rows), 3)[1] == (Hidden("group", "b"),)
    with pytest.raises(SuppressedError):
        cells(patients(*rows), 3, whole=True)
    assert cells(TWELVE, 3, whole=True)[0].equals(cells(TWELVE, 3)[0])


def test_too_many_columns_are_refused() -> None:
    row = dict.fromkeys(["p", "q", "r", "s", "t"], "a")
    tally = tally_of([row] * 9, dict.fromkeys(row, LEVELS))
    with pytest.raises(SuppressedError, match="too many variables at once"):
        protect_cells(tally, durations=[], numbers=[], outcomes=[], smallest=3)


def test_who_has_no_outcome_or_no_time_is_left_out_without_a_name() -> None:
    tally = patients(
        ("a", 1, [1] * 5), ("a", 0, [2] * 5), ("b", 1, [1] * 5), ("b", 0, [2] * 5), ("c", np.nan, [np.nan] * 2)
    )
    shown, hidden = cells(tally, 5)
    assert hidden == ()
    assert shown["n"].tolist() == [5, 5, 5, 5]
    assert "c" in shown["group"].cat.categories
    shown, _ = cells(pd.concat([tally, patients(("a", np.nan, [np.nan] * 6))]), 5)
    assert shown.loc[shown["event"].isna(), "n"].tolist() == [5]


def test_nobody_is_an_empty_tally_with_every_level() -> None:
    for protect in (
        lambda: cells(TWELVE.iloc[:0], 5),
        lambda: protect_margins(TWELVE.iloc[:0], outcome="event", numbers=["time"], smallest=5),
    ):
        shown, hidden = protect()
        assert (len(shown), hidden, list(shown)) == (0, (), ["group", "event", "time", "n"])
        assert list(shown["group"].cat.categories) == list(LEVELS)
        assert shown.dtypes["n"] == np.int64


def test_fewer_than_the_smallest_cell_are_nobody_to_speak_of() -> None:
    for tally in (patients(("a", 1, [1, 2])), tally_of([{"group": "a"}] * 2, {"group": LEVELS})):
        with pytest.raises(SuppressedError):
            protect_cells(tally, durations=["time"], numbers=[], outcomes=["event"], smallest=5)


def test_one_column() -> None:
    tally = tally_of([{"group": g} for g in "aaaaaaabbbbbbbbbbbbc"], {"group": LEVELS})
    shown, hidden = protect_cells(tally, durations=[], numbers=[], outcomes=[], smallest=5)
    assert (shown["group"].tolist(), shown["n"].tolist(), hidden) == (["a", "b"], [5, 10], (Hidden("group", "c"),))
    ages = tally_of([{"age": age} for age in (1.234, 2.345, 3.456, 14.1, 15.2)], {})
    shown, hidden = protect_cells(ages, durations=[], numbers=["age"], outcomes=[], smallest=2)
    assert (shown["age"].tolist(), shown["n"].tolist(), hidden) == ([2.3, 15.0], [2, 4], ())


def test_a_second_level_goes_where_one_could_be_told_by_subtraction() -> None:
    # Of 7 children 6 are at a: the one at b would be known to be 1 or 2.
    tally = tally_of([{"group": g} for g in "aaaaaab"], {"group": LEVELS})
    with pytest.raises(SuppressedError):
        protect_cells(tally, durations=[], numbers=[], outcomes=[], smallest=5)
    tally = tally_of([{"group": g} for g in "a" * 8 + "b" * 2 + "c" * 5], {"group": LEVELS})
    shown, hidden = protect_cells(tally, durations=[], numbers=[], outcomes=[], smallest=5)
    assert (shown["group"].tolist(), hidden) == (["a", "c"], (Hidden("group", "b"),))


def test_two_durations_keep_their_order() -> None:
    rows = [{"event": 1.0, "treated": t * 30.0, "time": t * 30.0 + 10 * (i % 3)} for i, t in enumerate(range(12))]
    rows += [{"event": 0.0, "treated": np.nan, "time": 100.0 + i} for i in range(6)]
    shown, _ = protect_cells(
        tally_of(rows, {}), durations=["time", "treated"], numbers=[], outcomes=["event"], smallest=3
    )
    assert (shown["treated"].isna() | (shown["treated"] <= shown["time"])).all()
    assert shown.groupby("event")["n"].sum().tolist() == [6, 12]


def margins(tally: pd.DataFrame, smallest: int) -> tuple[pd.DataFrame, tuple[Hidden, ...]]:
    """`protect_margins` of a tally with the outcome y and the number age."""
    return protect_margins(tally, outcome="y", numbers=["age"], smallest=smallest)


def test_margins_by_hand() -> None:
    rows = [
        {"y": y, "group": g, "age": 1.0}
        for y, g, n in ((0, "a", 7), (0, "b", 4), (1, "a", 4), (1, "b", 9))
        for _ in range(n)
    ]
    shown, hidden = margins(tally_of(rows, {"group": LEVELS}), 4)
    assert hidden == ()
    assert (shown.groupby(["y", "group"], observed=True)["n"].sum() % 4 == 0).all()
    assert shown["n"].sum() == 24, "7 become 8, 9 become 8, the others stay"
    assert list(shown["group"].cat.categories) == list(LEVELS)


def test_a_level_rare_with_one_outcome_is_left_out_of_margins() -> None:
    rows = [
        {"y": y, "group": g, "age": 1.0}
        for y, g, n in ((0, "a", 12), (0, "b", 10), (1, "a", 12), (1, "b", 14), (0, "c", 6), (1, "c", 1))
        for _ in range(n)
    ]
    shown, hidden = margins(tally_of(rows, {"group": LEVELS}), 4)
    assert hidden == (Hidden("group", "c"),)
    assert list(shown["group"].cat.categories) == ["a", "b"]
    assert set(shown["y"]) == {0, 1}


def test_margins_of_a_rare_outcome_are_refused() -> None:
    rows = [{"y": float(i < 3), "group": "a", "age": 1.0} for i in range(40)]
    with pytest.raises(SuppressedError, match="fewer than 5 children of one kind"):
        margins(tally_of(rows, {"group": LEVELS}), 5)


def test_a_count_is_zero_or_few_or_rounded() -> None:
    assert [round_count(n, 5) for n in (0, 5, 7, 8, 12, 13, 22, 23)] == [0, 10, 10, 10, 10, 20, 20, 30]
    assert [format_count(round_count(n, 5)) for n in (0, 1, 4, 5)] == ["0", "<5", "<5", "10"]
    assert [round_cell(n, 4) for n in (4, 5, 6, 9, 10)] == [4, 4, 8, 8, 12]
    assert not isinstance(round_count(0, 5), FewerThan) and not isinstance(round_count(5, 5), FewerThan)


def test_a_small_count_stands_in_no_sum_and_in_no_order() -> None:
    few = round_count(3, 5)
    assert few == FewerThan(5) != round_count(3, 6) and few not in (0, 3, 4, 5) and few
    for use in (
        lambda: few + 1,
        lambda: 1 + few,
        lambda: sum([10, few]),
        lambda: few - few,
        lambda: 2 * few,
        lambda: few / 10,
        lambda: few < 5,
        lambda: few >= 1,
        lambda: max(few, few),
        lambda: int(few),
        lambda: np.array([10.0, few], dtype=float),
    ):
        with pytest.raises(TypeError):
            use()


@pytest.mark.parametrize("smallest", range(2, 13))
def test_of_two_parts_and_their_total_the_small_one_stays_open(smallest: int) -> None:
    """The rounded count of the larger part and of both leave the small part anywhere from 1 to the smallest cell − 1."""
    possible: dict[tuple[int, int], set[int]] = {}
    for other, few in itertools.product(range(smallest, 9 * smallest), range(1, smallest)):
        possible.setdefault((round_count(other, smallest), round_count(other + few, smallest)), set()).add(few)
    assert possible
    assert all(left == set(range(1, smallest)) for left in possible.values())


@given(st.lists(st.integers(0, 40), min_size=1, max_size=4), st.integers(2, 6))
@settings(max_examples=60, deadline=None)
def test_a_table_leaves_every_small_number_open(counts: list[int], smallest: int) -> None:
    """Against every table of numbers that would look the same, with its total rounded as in a tally."""
    shown = round_table(dict(enumerate(counts)), smallest)
    assert all(shown[i] == round_count(counts[i], smallest) for i in shown)
    assert not shown or all(i in shown for i, n in enumerate(counts) if n < smallest), (
        "zeros and small ones are told apart"
    )
    if not any(0 < n < smallest for n in counts):
        assert len(shown) == len(counts)
        return
    if not shown:
        return
    least, most = limits_of(sum(counts), smallest)
    ranges = []
    for i, n in enumerate(counts):
        low, high = limits_of(n, smallest) if i in shown else (smallest, most)
        ranges.append(range(low, high + 1))
    for i, n in enumerate(counts):
        if 0 < n < smallest:
            others = [r for j, r in enumerate(ranges) if j != i]
            sums = {0}
            for r in others:
                sums = {a + b for a in sums for b in r if a + b <= most}
            assert {few for few in range(1, smallest) if any(least <= few + s <= most for s in sums)} == set(
                range(1, smallest)
            )


def test_limits_are_what_is_rounded_alike() -> None:
    for smallest in range(2, 13):
        for n in range(1, 10 * smallest):
            low, high = limits_of(n, smallest)
            alike = [m for m in range(smallest, 12 * smallest) if round_cell(m, smallest) == round_cell(n, smallest)]
            assert (low, high) == ((1, smallest - 1) if n < smallest else (alike[0], alike[-1]))
            assert {round_count(m, smallest) for m in range(low, high + 1)} == {round_count(n, smallest)}


def test_what_leaves_a_number_open() -> None:
    assert leaves_open(14, [(8, 12)], 5)
    assert not leaves_open(6, [(5, 7)], 5), "1 or 2"
    assert not leaves_open(3, [(1, 4)], 5), "two levels share three children"
    assert not leaves_open(14, [(8, 12)], 5, room=2)


@st.composite
def tallies(draw: st.DrawFn) -> pd.DataFrame:
    """A tally of two coded columns, an event, two durations (one later than the other) and a number, with gaps."""
    random = np.random.default_rng(draw(st.integers(0, 10**6)))
    n = draw(st.integers(1, 160))
    columns = draw(
        st.sampled_from(
            [("g", "y", "time"), ("g", "h", "y", "time", "day"), ("y", "time", "age"), ("g", "age"), ("g",)]
        )
    )
    time = random.integers(1, 3000, n).astype(float)
    frame = pd.DataFrame(
        {
            "g": pd.Categorical(random.choice([*"abbbcccccc", None], n), categories=[*"abcd"]),
            "h": pd.Categorical(random.choice(["x", "y", "y"], n), categories=[*"xyz"]),
            "y": np.where(random.random(n) < 0.05, np.nan, random.random(n) < 0.5),
            "time": time,
            "day": np.where(random.random(n) < 0.5, np.nan, np.floor(time * random.random(n))),
            "age": np.where(random.random(n) < 0.1, np.nan, random.uniform(0, 18, n).round(1)),
        }
    )[list(columns)]
    return frame.groupby(list(columns), dropna=False, observed=True, sort=True).size().rename("n").reset_index()


def split(tally: pd.DataFrame) -> tuple[list[str], list[str]]:
    """The coded columns and the values of a drawn tally."""
    values = [name for name in ("time", "day", "age") if name in tally]
    return [name for name in ("g", "h", "y") if name in tally], values


def counts_of(tally: pd.DataFrame) -> dict[tuple[Any, ...], int]:
    """Children by codes, and which of the values are known."""
    coded, values = split(tally)
    marks = tally[coded].astype(object).where(tally[coded].notna(), None)
    known = tally[values].notna()
    keys = list(zip(*(marks[name] for name in coded), *(known[name] for name in values), strict=True))
    found: dict[tuple[Any, ...], int] = {}
    for key, n in zip(keys, tally["n"], strict=True):
        found[key] = found.get(key, 0) + int(n)
    return found


@given(tally=tallies(), smallest=KS, whole=st.booleans())
@settings(max_examples=250, deadline=None)
def test_any_tally_of_cells(tally: pd.DataFrame, smallest: int, whole: bool) -> None:
    coded, values = split(tally)
    options: dict[str, Any] = {
        "durations": [v for v in values if v != "age"],
        "numbers": [v for v in values if v == "age"],
        "outcomes": [c for c in coded if c == "y"],
        "smallest": smallest,
        "whole": whole,
    }
    true = counts_of(tally)
    try:
        shown, hidden = protect_cells(tally, **options)
    except SuppressedError:
        assert min(true.values()) < smallest, "something is left out only where something is small"
        return
    assert list(shown) == list(tally)
    assert (shown["n"] > 0).all() and (shown["n"] % smallest == 0).all()
    given_out = counts_of(shown)
    for key, n in given_out.items():
        assert n % smallest == 0 and abs(n - true[key]) < smallest
        assert true[key] >= smallest
    if min(true.values()) >= smallest:
        assert hidden == () and given_out.keys() == true.keys()
    if whole:
        assert hidden == ()
    for name in coded:
        if name == "y":
            continue
        gone = {h.level for h in hidden if h.variable == name}
        assert set(shown[name].cat.categories) == set(tally[name].cat.categories) - gone
        assert all((tally[name] == level).any() for level in gone - {None}), "an empty level is a zero, not left out"
        seen = set(tally[name].dropna()) - set(shown[name].dropna()) - gone
        unusable = tally[name].isin(list(seen))
        if seen and not hidden:
            assert tally.loc[unusable, [c for c in coded if c == "y"] + values[:1]].isna().any(axis=1).all()
    if {"day", "time"} <= set(values):
        assert (shown["day"].isna() | (shown["day"] <= shown["time"])).all()
    again = protect_cells(tally.sample(frac=1, random_state=1).sort_values(list(tally)[:-1]), **options)
    pd.testing.assert_frame_equal(shown, again[0])
    assert again[1] == hidden


@given(tally=tallies(), smallest=KS)
@settings(max_examples=100, deadline=None)
def test_every_block_is_the_mean_of_enough_children(tally: pd.DataFrame, smallest: int) -> None:
    if list(tally)[:-1] != ["g", "y", "time"]:
        tally = tally.assign(time=1.0) if "time" not in tally else tally
        tally = tally[[c for c in ("y", "time", "n") if c in tally]]
        if "y" not in tally:
            return
        tally = tally.groupby(["y", "time"], dropna=False)["n"].sum().reset_index()
    coded, _ = split(tally)
    try:
        shown, _ = protect_cells(tally, durations=["time"], numbers=[], outcomes=["y"], smallest=smallest)
    except SuppressedError:
        return
    for key, part in shown.groupby(coded, dropna=False, observed=True):
        same = np.ones(len(tally), dtype=bool)
        for name, value in zip(coded, key, strict=True):
            same &= tally[name].isna() if pd.isna(value) else tally[name] == value
        true = np.sort(np.repeat(tally.loc[same, "time"], tally.loc[same, "n"]).to_numpy())
        n_blocks = len(true) // smallest
        parts = [true[np.arange(len(true)) * n_blocks // len(true) == i] for i in range(n_blocks)]
        assert min(map(len, parts)) >= smallest
        weeks = {int(np.mean(p) // WEEK) for p in parts}
        assert sorted(part["time"] / WEEK) == pytest.approx(sorted(week + 0.75 for week in weeks))


@given(tally=tallies(), smallest=KS)
@settings(max_examples=100, deadline=None)
def test_any_tally_of_margins(tally: pd.DataFrame, smallest: int) -> None:
    if "y" not in tally or ("time" in tally and "age" not in tally and "h" not in tally):
        return
    keep = [c for c in ("g", "h", "y", "age") if c in tally]
    tally = tally.groupby(keep, dropna=False, observed=True)["n"].sum().reset_index()
    options: dict[str, Any] = {"outcome": "y", "numbers": ["age"] if "age" in keep else [], "smallest": smallest}
    try:
        shown, hidden = protect_margins(tally, **options)
    except SuppressedError:
        return
    assert (shown["n"] > 0).all()
    factors = [c for c in keep if c != "y"]
    lacking = shown[factors].isna()
    for among in (shown, shown[~lacking.any(axis=1)]):
        for factor in factors:
            level = among[factor].isna() if factor == "age" else among[factor].astype(object).fillna("missing")
            n = among.groupby([among["y"].fillna(-1), level])["n"].sum()
            assert (n % smallest == 0).all(), n
    patterns = shown.groupby([shown["y"].fillna(-1), *(lacking[f] for f in factors)])["n"].sum()
    assert (patterns % smallest == 0).all()
    for factor in (f for f in factors if f != "age"):
        gone = {h.level for h in hidden if h.variable == factor}
        assert set(shown[factor].cat.categories) == set(tally[factor].cat.categories) - gone
    again = protect_margins(tally, **options)
    pd.testing.assert_frame_equal(shown, again[0])
    assert again[1] == hidden


def test_levels_left_out_are_taken_from_the_categories_alone() -> None:
    tally = tally_of([{"group": "a"}], {"group": LEVELS})
    changed = without_levels(tally, [Hidden("group", "b"), Hidden("group", None)])
    assert list(changed["group"].cat.categories) == ["a", "c"]
    assert changed["n"].tolist() == [1]
