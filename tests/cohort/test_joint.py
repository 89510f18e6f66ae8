"""Models of several factors where small numbers are protected: what they are made of, and attacks on them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from analytics.cohort.disclosure import Hidden, SuppressedError, protect_tally
from analytics.cohort.engine import KEY
from analytics.cohort.perturbation import CellKeys
from analytics.dictionary import open_dictionary
from analytics.estimators import estimate_odds_ratios
from analytics.frames import BinaryOutcome

DICTIONARY = open_dictionary()
FACTORS = ("sex", "immunophenotype", "cns_status", "mrd_day19")
RELAPSE = "relapsed"


def keys(smallest: int = 5, number: int = 0) -> CellKeys:
    return CellKeys(smallest, f"a secret that nobody knows, the {number}th")


def to_tally(frame: pd.DataFrame, key: NDArray[np.int64] | int = 0) -> pd.DataFrame:
    coded: dict[str, Any] = {
        str(name): pd.Categorical(frame[name], list(DICTIONARY[str(name)].levels)) for name in frame if name != RELAPSE
    }
    return frame.assign(**coded, **{"n": 1, KEY: key})


def draw(n: int, seed: int) -> pd.DataFrame:
    """Children with four factors that go together, and a relapse that three of them make likelier."""
    rng = np.random.default_rng(seed)
    sex = rng.choice(["female", "male"], n, p=[0.4, 0.6])
    t = rng.random(n) < np.where(sex == "male", 0.3, 0.2)
    late = rng.random(n) < np.where(t, 0.55, 0.3)
    cns = rng.choice(["CNS1", "CNS2", "CNS3"], n, p=[0.6, 0.25, 0.15])
    relapsed = rng.random(n) < 1 / (1 + np.exp(1.1 - 0.7 * t - late))
    frame = pd.DataFrame({"sex": sex, "immunophenotype": np.where(t, "T", "B"), "cns_status": cns})
    frame["mrd_day19"] = np.where(late, "positive", "negative")
    frame[RELAPSE] = relapsed.astype(float)
    return to_tally(frame, rng.integers(0, 2**32, n))


def shown_of(tally: pd.DataFrame, by: CellKeys, names: Sequence[str] = FACTORS) -> pd.DataFrame:
    return protect_tally(tally[[RELAPSE, *names, "n", KEY]], DICTIONARY, by, main_effects=True)[0]


def coefficients(tally: pd.DataFrame, names: Sequence[str] = FACTORS) -> dict[tuple[str, str], float]:
    frame = BinaryOutcome.from_tally(tally, RELAPSE, [DICTIONARY[name] for name in names])
    model = estimate_odds_ratios(**frame.model(), noise=keys().noise)
    found = {(t.variable, str(t.level)): t.ratio.value for t in model.terms if not t.is_reference}
    return {term: float(np.log(value)) for term, value in found.items() if value}


def test_a_model_counts_each_factor_by_the_outcome_as_its_cells_do() -> None:
    tally = draw(900, 1)
    shown = shown_of(tally, keys())
    assert shown.attrs["noise"] == keys().noise and len(shown) > 30
    for name in FACTORS:
        for (level, y), part in tally.groupby([name, RELAPSE], observed=True):
            told = keys().show(len(part), part[KEY].sum())
            same = (shown[name] == level) & (shown[RELAPSE] == y)
            assert shown.loc[same, "n"].sum() == pytest.approx(told, rel=0.02), "but for one total for all factors"
    plain, made = coefficients(tally), coefficients(shown)
    assert plain.keys() == made.keys()
    assert all(abs(plain[term] - made[term]) < 0.25 for term in plain)


def switch(frame: pd.DataFrame, names: Sequence[str], seed: int) -> pd.DataFrame:
    """Children of one outcome moved so that each two factors go together as often as before, but not all three."""
    rng, frame = np.random.default_rng(seed), frame.copy()
    a, b, c = names
    for _ in range(300):
        rows = frame[frame[RELAPSE] == rng.integers(0, 2)]
        one = rows.sample(1, random_state=rng).iloc[0]
        other = {x: rows.loc[rows[x] != one[x], x].iloc[0] for x in names}
        wanted = ((0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0))
        places = []
        for pattern in wanted:
            values = {x: other[x] if p else one[x] for x, p in zip(names, pattern, strict=True)}
            found = rows.index[(rows[a] == values[a]) & (rows[b] == values[b]) & (rows[c] == values[c])]
            places.append(found[0] if len(found) else None)
        if None not in places:
            for place, (_, _, p) in zip(places, wanted, strict=True):
                frame.loc[place, c] = one[c] if p else other[c]
    return frame


@pytest.mark.parametrize("smallest", [5, 11])
def test_no_combination_of_three_factors_is_looked_at(smallest: int) -> None:
    names = ("immunophenotype", "cns_status", "mrd_day19")
    frame = draw(400, 2)[[RELAPSE, *names]]
    moved = switch(frame, names, 3)
    before, after = (to_tally(f.astype({n: object for n in names})) for f in (frame, moved))
    assert (before.groupby(list(names), observed=True).size() != after.groupby(list(names), observed=True).size()).any()
    assert coefficients(before, names) != pytest.approx(coefficients(after, names), abs=1e-4), "the plain fit does"
    assert shown_of(before, keys(smallest), names).equals(shown_of(after, keys(smallest), names))


def test_of_two_factors_in_a_few_nothing_is_told() -> None:
    """Children in cells below the smallest move between them, and nothing that is shown moves."""
    rows = [("B", "CNS1", y) for y in (0, 1) for _ in range(60)]
    rows += [("T", "CNS1", y) for y in (0, 1) for _ in range(20)] + [
        ("B", "CNS2", y) for y in (0, 1) for _ in range(20)
    ]

    def build(both: int) -> pd.DataFrame:
        # Four cells of a few, by whose numbers the margins stay as they are.
        few = [("T", "CNS3", 1)] * both + [("T", "CNS2", 1)] * (4 - both)
        few += [("B", "CNS3", 1)] * (12 - both) + [("B", "CNS2", 1)] * both + [("B", "CNS3", 0)] * 12
        return to_tally(
            pd.DataFrame([*rows, *few], columns=["immunophenotype", "cns_status", RELAPSE]).astype({RELAPSE: float})
        )

    names = ("immunophenotype", "cns_status")
    shown = [shown_of(build(both), keys(11), names) for both in (0, 1, 2)]
    assert shown[0].equals(shown[1]) and shown[1].equals(shown[2])
    plain = [coefficients(build(both), names) for both in (0, 1, 2)]
    assert plain[0] != pytest.approx(plain[2], abs=1e-3)


def one_step(tally: pd.DataFrame, found: dict[tuple[str, str], float]) -> dict[tuple[str, ...], NDArray[np.float64]]:
    """How far one more child of every kind, by levels and outcome, would move the coefficients: its influence."""
    terms = list(found)
    kinds = tally.groupby(list(FACTORS), observed=True)["n"].sum()
    design = np.array([[1.0, *(float(kind[FACTORS.index(v)] == x) for v, x in terms)] for kind in kinds.index.tolist()])
    n, eta, start = kinds.to_numpy(float), design[:, 1:] @ np.array(list(found.values())), 0.0
    for _ in range(30):
        p = 1 / (1 + np.exp(-(eta + start)))
        start += float(tally.loc[tally[RELAPSE] == 1, "n"].sum() - n @ p) / float(n * p @ (1 - p))
    spread = np.linalg.inv((design * (n * p * (1 - p))[:, None]).T @ design)
    return {
        (*map(str, kind), str(y)): (spread @ design[i] * (y - p[i]))[1:]
        for i, kind in enumerate(kinds.index)
        for y in (0.0, 1.0)
    }


def by_one_child(n: int, tries: int, smallest: int) -> tuple[float, float]:
    """The share of levels guessed rightly of a child by whom two models differ, and by the commonest level of each factor."""
    right, common, told = 0, 0, 0
    for number in range(tries):
        tally, by = draw(n, 100 + number), keys(smallest or 5, number)
        child = tally.iloc[number]
        fewer = tally.drop(index=tally.index[number])
        try:
            larger, smaller = (shown_of(x, by) if smallest else x for x in (tally, fewer))
        except SuppressedError:
            continue
        found = [coefficients(x) for x in (smaller, larger)]
        if found[0].keys() != found[1].keys():
            continue
        moved = np.array([found[1][term] - found[0][term] for term in found[0]])
        steps = one_step(smaller, found[0])
        guessed = min(steps, key=lambda kind: float(np.linalg.norm(steps[kind] - moved)))
        for name, level in zip((*FACTORS, RELAPSE), guessed, strict=True):
            told += 1
            right += level == str(child[name])
            common += str(tally[name].mode()[0]) == str(child[name])
    assert told >= 2 * tries, "otherwise nothing is attacked"
    return right / told, common / told


@pytest.mark.slow
def test_two_models_that_differ_by_a_child_do_not_tell_its_levels() -> None:
    """The attacker knows the influence of every kind of child, and has all digits of both models."""
    right, _ = by_one_child(400, 20, 0)
    assert right > 0.99, "the plain models give all of it away"
    for smallest in (5, 11):
        right, common = by_one_child(400, 60, smallest)
        assert right < common + 0.1 < 0.95


def test_many_models_of_the_same_children_are_not_averaged() -> None:
    """Whatever else is in a model, a factor by the outcome is the same cells with the same noise."""
    tally = draw(900, 4)
    others = [name for name in FACTORS if name != "immunophenotype"]
    alone = []
    for size in (1, 2, 3):
        for beside in combinations(others, size):
            shown = shown_of(tally, keys(), ("immunophenotype", *beside))
            n = shown.groupby(["immunophenotype", RELAPSE], observed=True)["n"].sum()
            alone.append(n / n.groupby(RELAPSE).transform("sum"))
    for share in alone[1:]:
        assert share.to_numpy() == pytest.approx(alone[0].to_numpy(), rel=1e-5)
    true = tally.groupby(["immunophenotype", RELAPSE], observed=True)["n"].sum()
    assert alone[0].to_numpy() != pytest.approx((true / true.groupby(RELAPSE).transform("sum")).to_numpy(), rel=1e-3)


def test_a_factor_that_tells_the_outcome_of_a_level_is_refused_by_name() -> None:
    tally = draw(400, 5)
    some = tally.index[tally["mrd_day19"] == "positive"]
    tally.loc[some, RELAPSE] = 1.0
    with pytest.raises(
        SuppressedError, match="MRD on day 19: fewer than 5 children of one kind have, or do not have, the event"
    ):
        shown_of(tally, keys())
    tally.loc[some[:4], RELAPSE] = 0.0
    with pytest.raises(
        SuppressedError, match="MRD on day 19: fewer than 5 children of one kind have, or do not have, the event"
    ):
        shown_of(tally, keys())


def test_who_is_not_known_by_a_factor_is_not_in_the_model() -> None:
    tally = draw(900, 6)
    unknown = tally.sample(150, random_state=1).index
    tally.loc[unknown, "mrd_day19"] = np.nan
    shown, hidden = protect_tally(tally[[RELAPSE, *FACTORS, "n", KEY]], DICTIONARY, keys(), main_effects=True)
    assert Hidden("sex", None) in hidden and Hidden("mrd_day19", None) not in hidden
    frame = BinaryOutcome.from_tally(shown, RELAPSE, [DICTIONARY[name] for name in FACTORS])
    assert abs(frame.n - 900) <= 8 and abs(frame.n_complete - 750) <= 8
    plain, made = coefficients(tally), coefficients(shown)
    assert all(abs(plain[term] - made[term]) < 0.25 for term in plain)


def test_no_level_of_a_model_counts_fewer_than_the_smallest_cell() -> None:
    for seed in range(12):
        for smallest in (5, 11):
            try:
                shown = shown_of(draw(180, seed), keys(smallest, seed))
            except SuppressedError:
                continue
            for name in FACTORS:
                n = shown.groupby([name, RELAPSE], observed=True)["n"].sum()
                assert (np.rint(n) >= smallest).all()
