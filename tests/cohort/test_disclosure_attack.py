"""Attacks on protected numbers, each of which wins against the plain cohort.

The attacker knows the method, its parameters and much of the children, but neither the secret nor what he is after. He wins where
he learns an attribute of a single child, or a number below the smallest cell, and is right. Every attack is run on the plain
cohort as well, where it must win: an attack that cannot win shows nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analytics.cohort import Cohort, open_cohort, protect_cohort
from analytics.cohort.disclosure import SuppressedError
from analytics.cohort.filters import Clause, CohortFilter
from analytics.formats import FewerThan
from tests.analyses.shown import analysis_of, show

REFERENCE = Path(__file__).parents[2] / "data" / "reference_cohort.csv"
SECRET = "a secret that nobody knows"
KNOWN = ("sex", "immunophenotype", "age_group", "platelets_group", "cns_status", "white_cells_group")
HIDDEN = ("mrd_day19", "mrd_day46", "risk_group", "bcr_abl1", "relapse_site")
K = 5


@cache
def plain() -> Cohort:
    return open_cohort(REFERENCE, secret=SECRET)


@cache
def protected(smallest: int = K) -> Cohort:
    return protect_cohort(plain(), smallest, secret=SECRET)


@cache
def children() -> pd.DataFrame:
    """A row for each child, as the attacker may know them: levels of variables."""
    named = [name for name in (*KNOWN, *HIDDEN, "salvage_treatment", "relapsed") if name in plain().variables]
    numbers = ["age_years", "platelets"]
    tally = plain().tally([*named, *numbers])
    return tally.loc[tally.index.repeat(tally["n"])].reset_index(drop=True).drop(columns="n")


def describe(child: pd.Series, names: Sequence[str]) -> CohortFilter:
    """The selection of those who are as one child is."""
    return CohortFilter(
        tuple(
            Clause(name, keep_missing=True) if pd.isna(child[name]) else Clause(name, (child[name],)) for name in names
        )
    )


def drawn(n: int, seed: int = 1) -> Iterator[pd.Series]:
    rng = np.random.default_rng(seed)
    for i in rng.permutation(len(children()))[:n]:
        yield children().iloc[int(i)]


def ask(cohort: Cohort, question: str, *args: Any) -> Any:
    """What a cohort answers, or the words by which it refuses."""
    try:
        return getattr(cohort, question)(*args)
    except SuppressedError as error:
        return str(error)


def by_zeros(cohort: Cohort, tries: int) -> tuple[int, int]:
    """Of a selection of one child: the one level that has somebody. How often it is told, and how often rightly."""
    told = right = 0
    for child in drawn(tries):
        counts = ask(cohort, "level_counts", describe(child, KNOWN))
        if isinstance(counts, str):
            continue
        for name in HIDDEN:
            some = [level for level, n in counts[name].items() if isinstance(n, FewerThan) or n]
            if len(some) == 1 and len(counts[name]) > 1:
                told += 1
                right += some[0] == (None if pd.isna(child[name]) else child[name])
    return told, right


def test_zeros_tell_nothing_of_a_single_child() -> None:
    told, right = by_zeros(plain(), 150)
    assert told > 200 and right == told
    for smallest in (K, 11):
        assert by_zeros(protected(smallest), 150) == (0, 0)


def by_bisection(cohort: Cohort, tries: int) -> int:
    """How often what is said of a child's kind changes with a limit on its platelets: where it does, it has them there."""
    won = 0
    for child in drawn(tries, 2):
        if pd.isna(child["platelets"]):
            continue
        kind = describe(child, KNOWN)
        answers = [
            repr((cohort.is_answered(asked), ask(cohort, "count", asked)))
            for x in (1, 20, 50, 100, 150, 200, 300, 499)
            for asked in (kind.with_clause(Clause("platelets", high=float(x))),)
        ]
        won += len(set(answers)) > 1
    return won


def test_refusals_do_not_bisect_a_number_of_a_single_child() -> None:
    assert by_bisection(plain(), 60) > 50
    alone = [child for child in drawn(60, 2) if plain().count(describe(child, KNOWN)) < K]
    assert alone
    for child in alone:
        kind = describe(child, KNOWN)
        said = {
            ask(protected(), "count", kind.with_clause(Clause("platelets", high=float(x)))) for x in range(1, 500, 17)
        }
        assert len(said) == 1


def windows(cohort: Cohort, seed: int, tries: int) -> tuple[int, int]:
    """Windows of age within kinds of children: how often one with nobody is told from one with a few, and of how many."""
    rng, told, small = np.random.default_rng(seed), 0, 0
    for child in drawn(tries, seed):
        kind = describe(child, tuple(rng.choice(KNOWN, 2, replace=False)))
        said: dict[bool, set[str]] = {True: set(), False: set()}
        for low in range(0, 20, 2):
            asked = kind.with_clause(Clause("age_years", low=float(low), high=low + 1.9))
            n = plain().count(asked)
            if n < K and (cohort is plain() or not fits_grid(asked)):
                said[n == 0].add(repr(ask(cohort, "count", asked)))
        if said[True] and said[False]:
            small += 1
            told += not said[True] & said[False]
    return told, small


def fits_grid(asked: CohortFilter) -> bool:
    """True where the grid widens a window so far that it is answered for those beside it."""
    return protected().is_answered(asked)


def test_windows_with_nobody_look_like_those_with_a_few() -> None:
    told, small = windows(plain(), 3, 60)
    assert told == small > 20
    told, small = windows(protected(), 3, 60)
    assert told == 0 and small > 10


def test_a_few_at_a_level_look_like_nobody() -> None:
    seen: dict[str, set[str]] = {"few": set(), "none": set()}
    for child in drawn(80, 4):
        kind = describe(child, KNOWN[:2])
        counts = ask(protected(), "level_counts", kind)
        if isinstance(counts, str):
            continue
        for name, levels in plain().level_counts(kind).items():
            for level, n in levels.items():
                if n < K:
                    seen["none" if n == 0 else "few"].add(repr(counts[name].get(level)))
    assert seen["few"] == seen["none"] == {repr(FewerThan(K))}


@cache
def selections() -> list[tuple[CohortFilter, frozenset[int]]]:
    """The answered selections by one and two clauses, each with the children in it."""
    names = [*KNOWN, *(name for name in HIDDEN if name in children()), "salvage_treatment"]
    rows = {(n, x): frozenset(np.flatnonzero(children()[n] == x)) for n in names for x in plain().dictionary[n].levels}
    found = []
    for size in (1, 2):
        for chosen in combinations(rows, size):
            if len({name for name, _ in chosen}) == size:
                asked = CohortFilter(tuple(Clause(name, (level,)) for name, level in chosen))
                members = frozenset.intersection(*(rows[c] for c in chosen))
                if len(members) >= K and protected().is_answered(asked):
                    found.append((asked, members))
    return found


def by_one_child(cohort: Cohort, pairs: Sequence[tuple[CohortFilter, CohortFilter, int]]) -> tuple[int, int]:
    """Of two selections that differ by one child, the one level that has one more: how often told, and how often rightly."""
    told = right = 0
    for larger, smaller, who in pairs:
        first, second = cohort.level_counts(larger), cohort.level_counts(smaller)
        asked = {*larger.variables, *smaller.variables}
        for name in set(first) & set(children().columns) - asked:
            shared = [x for x in first[name] if x in second[name]]
            numbers = [(x, first[name][x], second[name][x]) for x in shared]
            more = [x for x, a, b in numbers if isinstance(a, int) and isinstance(b, int) and a - b == 1]
            if len(more) == 1:
                told += 1
                value = children()[name].iloc[who]
                right += more[0] == (None if pd.isna(value) else value)
    return told, right


@pytest.mark.slow
def test_no_clause_can_be_moved_by_a_few_children() -> None:
    """Two answers that differ in one clause differ by the smallest cell or more: levels and limits alike."""
    n_pairs = 0
    for name in (*KNOWN, *HIDDEN):
        levels = plain().dictionary[name].levels
        options = [Clause(name, x) for size in (1, 2) for x in combinations(levels, size)]
        for beside in (CohortFilter(), describe(children().iloc[0], ("sex",)), describe(children().iloc[5], ("sex",))):
            if beside.clause(name):
                continue
            answered = [c for c in options if protected().is_answered(beside.with_clause(c))]
            for a, b in combinations(answered, 2):
                differing = set(a.levels) ^ set(b.levels)
                n = plain().count(beside.with_clause(Clause(name, tuple(differing))))
                n_pairs += 1
                assert n >= K, (a, b)
    grid = plain().dictionary["age_years"].grid
    inner = (None, *grid[1:-1])
    ranges = [Clause("age_years", low=a, high=b) for a in inner for b in inner if (a or b) and (a or 0) < (b or 99)]
    for beside in (CohortFilter(), describe(children().iloc[0], ("sex",))):
        answered = [members(beside.with_clause(c)) for c in ranges if protected().is_answered(beside.with_clause(c))]
        for a, b in combinations(answered, 2):
            n_pairs += 1
            assert not a ^ b or len(a ^ b) >= K
    assert n_pairs > 50


def members(asked: CohortFilter) -> frozenset[int]:
    """The children of a selection by levels and by bins of ages."""
    inside = np.ones(len(children()), dtype=bool)
    grid = plain().dictionary["age_years"].grid
    for clause in asked.clauses:
        column = children()[clause.variable]
        if clause.levels:
            inside &= column.isin(clause.levels).to_numpy()
            continue
        inside &= column.notna().to_numpy()
        if clause.low is not None and clause.low > grid[0]:
            inside &= (column >= clause.low).to_numpy()
        if clause.high is not None and clause.high < grid[-1]:
            inside &= (column < clause.high).to_numpy()
    return frozenset(np.flatnonzero(inside))


@pytest.mark.slow
def test_a_child_more_is_not_a_number_more() -> None:
    """By selections of different variables that happen to differ by one child, its levels are guessed, not read."""
    pairs = [
        (*((a, b) if len(x) > len(y) else (b, a)), next(iter(x ^ y)))
        for (a, x), (b, y) in combinations(selections(), 2)
        if len(x ^ y) == 1
    ][:150]
    assert pairs, "otherwise nothing is attacked"
    told, right = by_one_child(plain(), pairs)
    assert told and right == told
    told, right = by_one_child(protected(), pairs)
    assert right <= 0.95 * told or told == 0


@pytest.mark.slow
def test_numbers_that_change_are_few_and_seldom_those_of_one_child() -> None:
    """What is not protected: a number that changes between two such selections has the child in it. They must be rare."""
    differing = [
        ((a, b) if len(x) > len(y) else (b, a)) for (a, x), (b, y) in combinations(selections(), 2) if len(x ^ y) == 1
    ]
    n_pairs = len(selections()) * (len(selections()) - 1) // 2
    assert n_pairs > 10_000 and len(differing) <= n_pairs / 5000
    told = asked = 0
    for first, second in differing:
        numbers = [protected().level_counts(selection) for selection in (first, second)]
        for name in set(numbers[0]) & set(children().columns) - {*first.variables, *second.variables}:
            changed = [x for x in numbers[0][name] if numbers[0][name].get(x) != numbers[1][name].get(x)]
            asked += 1
            told += len(changed) == 1
    assert told <= asked / 4


@pytest.mark.slow
def test_asking_again_tells_nothing_new(tmp_path: Path) -> None:
    first = {asked: protected().count(asked) for asked, _ in selections()[:40]}
    for _ in range(3):
        again = protect_cohort(open_cohort(REFERENCE, secret=SECRET), K, secret=SECRET)
        for asked, n in first.items():
            assert again.count(asked) == n
            assert again.funnel(asked).n_left == n
    by_members: dict[frozenset[int], set[int]] = {}
    for asked, who in selections():
        by_members.setdefault(who, set()).add(protected().count(asked))
    assert all(len(numbers) == 1 for numbers in by_members.values()), "the same children by another way"


def moved(change: pd.Series, column: str) -> Cohort:
    frame = pd.read_csv(REFERENCE)
    frame[column] = change
    return protect_cohort(open_cohort(frame, secret=SECRET), K, secret=SECRET)


def test_ends_of_sliders_and_numbers_within_bins_tell_nothing() -> None:
    frame = pd.read_csv(REFERENCE)
    grid = plain().dictionary["age_years"].grid
    other = moved(
        frame["age_years"].map(lambda x: grid[np.searchsorted(grid, x, side="right") - 1] + 0.01), "age_years"
    )
    assert other.ranges() == protected().ranges()
    assert other.tally(["age_years"]).equals(protected().tally(["age_years"])), "no quantile is a child's"
    plain_other = open_cohort(frame.assign(age_years=frame["age_years"] + 0.01))
    assert not plain_other.tally(["age_years"]).equals(plain().tally(["age_years"]))


def test_two_schemes_for_one_number_select_the_same_children() -> None:
    bands = {"under 1": (None, 1.0), "1 to under 10": (1.0, 10.0), "10 and over": (10.0, None)}
    for level, (low, high) in bands.items():
        by_band = CohortFilter((Clause("age_group", (level,)),))
        by_range = CohortFilter((Clause("age_years", low=low, high=high),))
        counts = [ask(protected(), "count", asked) for asked in (by_band, by_range)]
        assert any(isinstance(n, str) for n in counts) or counts[0] == counts[1]


def test_no_file_and_no_curve_tells_a_day() -> None:
    """Days moved within the quarter leave everything that is shown as it is."""
    frame = pd.read_csv(REFERENCE)
    frame = pd.concat([frame.assign(patient_id=frame["patient_id"] + f"-{i}") for i in range(4)], ignore_index=True)
    rng = np.random.default_rng(5)
    frame["os_days"] = np.maximum(frame["os_days"], 1)
    # With the month as grid a shift of the whole file within it is one that nobody may see.
    month = 30.4375
    within = np.ceil(frame["os_days"] / month) * month - rng.uniform(0.1, 1.5, len(frame))
    analysis = analysis_of("survival-by-variable")
    shown = []
    for days in (within, np.ceil(within / month) * month - 2.0):
        cohort = protect_cohort(
            open_cohort(frame[["patient_id", "sex", "os_event"]].assign(os_days=days)), K, secret=SECRET
        )
        params = analysis.defaults(cohort) | {"by": "sex"}
        with_keys = protect_cohort(
            open_cohort(frame[["patient_id", "sex", "os_event"]].assign(os_days=days), secret=SECRET), K, secret=SECRET
        )
        shown.append(
            {n: f.to_csv() for n, f in show(analysis, with_keys, CohortFilter(), params, policy=True).files.items()}
        )
        assert cohort.n
    assert shown[0] and shown[0] == shown[1]


@pytest.mark.parametrize("smallest", [K, 11])
def test_levels_of_one_child_are_never_in_an_answer(smallest: int) -> None:
    """Whatever is shown of a level, at least the smallest cell has it, and as many have not."""
    for child in drawn(60, 6):
        kind = describe(child, KNOWN[:2])
        counts = ask(protected(smallest), "level_counts", kind)
        if isinstance(counts, str):
            continue
        true = plain().level_counts(kind)
        for name, levels in counts.items():
            for level, n in levels.items():
                if not isinstance(n, FewerThan):
                    assert min(true[name][level], sum(true[name].values()) - true[name][level]) >= smallest
