"""Detectable ratios against R, published examples and hand counts, and their properties."""

from __future__ import annotations

import json
import math
import time as clock
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from analytics.estimators import (
    Detectable,
    detectable_hazard_ratios,
    detectable_in_subgroups,
    detectable_interaction,
    detectable_odds_ratio,
    detectable_odds_ratios,
    detectable_ratio,
    distance,
    estimate_hazard_ratios,
    logrank_test,
    mantel_byar_test,
    schoenfeld_information,
    split_at_treatment,
)
from analytics.results import Reason

REFERENCE = Path(__file__).parent.parent / "reference"
R = json.loads((REFERENCE / "power_reference.json").read_text(encoding="utf-8"))
FEW = settings(max_examples=40, deadline=None)
SIZES = st.integers(1, 300)


def read(file: str) -> pd.DataFrame:
    return pd.read_csv(REFERENCE / file, float_precision="round_trip")


def column(data: pd.DataFrame, name: str | None) -> Any:
    return None if name is None else data[name]


# Against R


@pytest.mark.parametrize("case", R["logrank"], ids=lambda c: f"{c['data']}-{c['group']}")
def test_groups_have_the_variance_of_survdiff(case: dict[str, Any]) -> None:
    data = read(f"survival_{case['data']}.csv")
    found = detectable_hazard_ratios(
        data["time"],
        data["event"],
        pd.DataFrame({"g": data[case["group"]].astype(str)}),
        weight=column(data, case["weight"]),
        strata=column(data, case["strata"]),
        power=case["power"],
    )
    assert list(found) == [("g", level) for level in case["levels"]]
    for place, detectable in enumerate(found.values()):
        assert detectable.information == pytest.approx(case["information"][place], rel=1e-10)
        assert detectable.low == pytest.approx(case["low"][place], rel=1e-10)
        assert detectable.high == pytest.approx(case["high"][place], rel=1e-10)
        assert (detectable.n, detectable.n_event) == (case["n"][place], case["n_event"][place])


@pytest.mark.parametrize("case", R["cox"], ids=lambda c: f"{c['file']}-{'-'.join(c['covariates'])}")
def test_several_covariates_have_the_information_of_coxph_at_no_difference(case: dict[str, Any]) -> None:
    data = read(case["file"]).dropna(subset=case["covariates"])
    data = data.iloc[np.lexsort((-data["event"], data["time"]))].reset_index(drop=True)
    data["time"] += np.arange(1, len(data) + 1) * 1e-4
    found = detectable_hazard_ratios(
        data["time"],
        data["event"],
        data[case["covariates"]].astype(float),
        entry=column(data, case["entry"]),
        strata=column(data, case["strata"]),
    )
    assert list(found) == [(name, None) for name in case["names"]]
    for place, detectable in enumerate(found.values()):
        assert detectable.information == pytest.approx(case["information"][place], rel=1e-8)
        assert detectable.high == pytest.approx(case["high"][place], rel=1e-8)


@pytest.mark.parametrize("case", R["equal"], ids=lambda c: f"{c['n']}-{c['n_event']:g}")
def test_groups_of_one_size_are_those_of_power_prop_test(case: dict[str, Any]) -> None:
    found = detectable_odds_ratio(
        case["n"], case["n_reference"], case["n_event"], power=case["power"], alpha=case["alpha"]
    )
    assert found.high == pytest.approx(case["high"], rel=1e-7)
    assert found.low == pytest.approx(1 / case["high"], rel=1e-7)


@pytest.mark.parametrize("case", R["unequal"], ids=lambda c: f"{c['n']}-{c['n_reference']}-{c['n_event']}")
def test_groups_of_unequal_size_in_both_directions(case: dict[str, Any]) -> None:
    found = detectable_odds_ratio(
        case["n"],
        case["n_reference"],
        case["n_event"],
        power=case["power"],
        alpha=case["alpha"],
        share_kept=case["kept"],
    )
    for own, expected in ((found.low, case["low"]), (found.high, case["high"])):
        assert own == (None if expected is None else pytest.approx(expected, rel=1e-7))
    assert (found.reason is not None) == (case["low"] is None and case["high"] is None)


def test_the_unequal_cases_hold_sides_without_a_detectable_ratio() -> None:
    missing = [(case["low"] is None, case["high"] is None) for case in R["unequal"]]
    assert {(False, False), (True, False), (True, True)} <= set(missing)


@pytest.mark.parametrize("case", R["logistic"], ids=lambda c: "-".join(c["covariates"]))
def test_logistic_models_have_the_variance_inflation_of_a_linear_model(case: dict[str, Any]) -> None:
    data = read(f"logistic_{case['data']}.csv")
    names = {"smokeyes": ("smoke", "yes"), "raceother": ("race", "other"), "racewhite": ("race", "white")}
    found = detectable_odds_ratios(data[case["outcome"]], data[case["covariates"]])
    assert set(found) == {names.get(name, (name, None)) for name in case["names"]}
    for place, name in enumerate(case["names"]):
        detectable = found[names.get(name, (name, None))]
        if name not in names:
            assert detectable.information == pytest.approx(case["information"][place], rel=1e-9)
            assert detectable.high == pytest.approx(case["high"][place], rel=1e-9)
    if case["names"] == ["smokeyes"]:
        counts = data["smoke"].value_counts()
        alone = detectable_odds_ratio(counts["yes"], counts["no"], data["low"].sum())
        assert found["smoke", "yes"].high == pytest.approx(alone.high, rel=1e-9)
    if "smoke" in case["covariates"] and len(case["names"]) > 1:
        own = int((data["smoke"] == "yes").sum())
        kept = case["kept"][case["names"].index("smokeyes")]
        expected = detectable_odds_ratio(own, len(data) - own, data["low"].sum(), share_kept=kept)
        assert found["smoke", "yes"].high == pytest.approx(expected.high, rel=1e-9)


def test_the_example_of_power_prop_test() -> None:
    example = R["power_prop_test"]
    found = detectable_odds_ratio(50, 50, 62.5, power=example["power"])
    assert found.high == pytest.approx(0.75 / 0.25 / (0.5 / 0.5), rel=1e-7)


# Published and by hand


def test_the_example_of_a_trial_of_hepatitis() -> None:
    """Collett (2003), Modelling Survival Data in Medical Research, section 9.2: 133 deaths for 0.57 at a power of 0.9."""
    information = schoenfeld_information(133, 100, 100)
    assert information == 133 / 4
    found = detectable_ratio(information, n_event=133, power=0.9)
    assert found.low == pytest.approx(0.57, abs=5e-4)
    assert distance(0.8) == pytest.approx(2.8016, abs=5e-5)


def test_a_dozen_patients_by_hand() -> None:
    times = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
    events = [1, 1, 0, 1, 0, 1, 1, 0, 0, 1, 0, 0]
    group = ["b", "a", "a", "b", "b", "b", "a", "a", "b", "a", "b", "a"]
    # At each event the share of b among those at risk, times the share of a.
    information = 6 / 12 * 6 / 12 + 5 / 11 * 6 / 11 + 5 / 9 * 4 / 9 + 3 / 7 * 4 / 7 + 2 / 6 * 4 / 6 + 1 / 3 * 2 / 3
    found = detectable_hazard_ratios(times, events, pd.DataFrame({"g": group}))["g", "b"]
    assert found.information == pytest.approx(information, rel=1e-13)
    away = (norm.ppf(0.975) + norm.ppf(0.8)) / math.sqrt(information)
    assert (found.low, found.high) == (pytest.approx(math.exp(-away)), pytest.approx(math.exp(away)))
    assert (found.n, found.n_event, found.power, found.alpha, found.reason) == (12, 6, 0.8, 0.05, None)


def test_the_information_is_that_of_the_logrank_test_with_ties_strata_and_treatment_that_changes() -> None:
    data = read("survival_noisy.csv")
    two = data[data["arm"] != "c"]
    test = logrank_test(two["time"], two["event"], two["arm"], weight=two["weight"], strata=two["clinic"])
    found = detectable_hazard_ratios(
        two["time"], two["event"], two[["arm"]], weight=two["weight"], strata=two["clinic"]
    )["arm", "b"]
    difference = test.observed[1] - test.expected[1]
    assert difference**2 / found.information == pytest.approx(test.statistic, rel=1e-9)
    at, died, treated_at = (
        [5, 6, 6, 8, 9, 9, 12, 15, 16, 20],
        [1, 1, 1, 0, 1, 1, 0, 1, 1, 0],
        [
            *(2.0, math.nan, 3.0, 4.0, 6.0, math.nan, 1.0, math.nan, 9.0, math.nan),
        ],
    )
    rows = split_at_treatment(at, died, treated_at)
    changing = detectable_hazard_ratios(
        rows.time, rows.event, pd.DataFrame({"t": rows.state}), weight=rows.weight, entry=rows.entry
    )["t", "treated"]
    mantel = mantel_byar_test(at, died, treated_at)
    assert (mantel.observed[1] - mantel.expected[1]) ** 2 / changing.information == pytest.approx(mantel.statistic)


def test_about_four_in_five_studies_find_the_detectable_ratio() -> None:
    """Studies with the very ratio that is called detectable: their tests have p < 0.05 about four times in five."""
    rng = np.random.default_rng(7)
    group = np.repeat([0, 1], 60)
    times = rng.exponential(1, 120)
    null = detectable_hazard_ratios(times, np.ones(120), pd.DataFrame({"g": group.astype(str)}))["g", "1"]
    assert null.high is not None
    found = 0
    for _ in range(400):
        own = rng.exponential(1, 120) / np.where(group == 1, null.high, 1)
        found += (logrank_test(own, np.ones(120), group).p_value or 1) < 0.05
    assert 0.74 <= found / 400 <= 0.86
    odds = detectable_odds_ratio(60, 60, 60)
    assert odds.high is not None
    root = math.sqrt(odds.high)  # half of both groups have the event: the risks lie evenly around one half
    p = np.where(group == 1, root / (1 + root), 1 / (1 + root))
    seen = 0
    for _ in range(1000):
        y = rng.random(120) < p
        difference, mean = y[60:].mean() - y[:60].mean(), y.mean()
        seen += abs(difference) / math.sqrt(mean * (1 - mean) / 30) > norm.ppf(0.975)
    assert 0.76 <= seen / 1000 <= 0.85


# What does not exist


def test_nothing_is_found_without_events_or_a_second_group() -> None:
    def only(events: list[int], groups: Any) -> Detectable:
        (found,) = detectable_hazard_ratios([1, 2, 3, 4], events, pd.DataFrame({"g": groups})).values()
        return found

    two = pd.Categorical(["a", "a", "b", "b"])
    assert (only([0] * 4, two).high, only([0] * 4, two).reason) == (None, Reason("no-events"))
    one = only([1] * 4, pd.Categorical(["a"] * 4, categories=["a", "b"]))
    assert (one.low, one.n, one.reason) == (None, 0, Reason("no-patients"))
    # The only event comes when only one of the groups is left at risk.
    late = only([0, 0, 1, 0], two)
    assert (late.high, late.n_event, late.reason) == (None, 1, Reason("nothing-known"))
    assert detectable_hazard_ratios([], [], pd.DataFrame({"g": pd.Categorical([], ["a", "b"])}))["g", "b"].reason == (
        Reason("no-patients")
    )
    assert detectable_hazard_ratios([1], [1], pd.DataFrame({"x": [3.0]}))["x", None].reason == Reason("one-value")
    assert detectable_hazard_ratios([1, 2], [1, 1], pd.DataFrame(index=range(2))) == {}


def test_a_factor_that_another_one_repeats_says_nothing() -> None:
    rng = np.random.default_rng(3)
    x = pd.DataFrame({"a": rng.integers(0, 2, 40).astype(str), "b": rng.normal(size=40)}).assign(
        again=lambda d: np.where(d["a"] == "1", "high", "low")
    )
    y = rng.integers(0, 2, 40)
    for found in (detectable_hazard_ratios(rng.exponential(1, 40), y, x), detectable_odds_ratios(y, x)):
        assert found["a", "1"].reason == found["again", "low"].reason == Reason("nothing-known")
        assert found["b", None].high is not None


def test_odds_ratios_that_cannot_exist() -> None:
    none = detectable_odds_ratio(2, 30, 1)
    assert (none.low, none.high, none.reason) == (None, None, Reason.of("none-detectable", measure="odds ratio"))
    # 3 of 65 had the event: even with none of them in the small group no study would notice.
    one_sided = detectable_odds_ratio(5, 60, 3)
    assert one_sided.low is None and one_sided.high is not None and one_sided.reason is None
    assert detectable_odds_ratio(10, 10, 0).reason == Reason("no-events")
    assert detectable_odds_ratio(10, 10, 20).reason == Reason("everybody-had-event")
    assert detectable_odds_ratio(10, 0, 5).reason == Reason("one-group")
    assert detectable_odds_ratio(0, 0, 0).reason == Reason("no-patients")
    numbers = pd.DataFrame({"x": [1.0, 2.0, 3.0]})
    assert detectable_odds_ratios([1, 1, 1], numbers)["x", None].reason == Reason("everybody-had-event")
    assert detectable_odds_ratios([0, 0, 0], numbers)["x", None].reason == Reason("no-events")
    assert detectable_odds_ratios([], numbers.iloc[:0])["x", None].reason == Reason("no-patients")


def test_subgroups_are_those_of_their_patients_alone() -> None:
    data = read("survival_noisy.csv")
    arrays = {"weight": data["weight"], "strata": data["clinic"]}
    half = pd.Series(np.where(np.arange(len(data)) % 3 == 0, "x", "y"))
    found = detectable_in_subgroups(data["time"], data["event"], data["arm"], half, **arrays)
    assert list(found) == [("x", "b"), ("x", "c"), ("y", "b"), ("y", "c")]
    for part in ("x", "y"):
        own = data[half == part]
        alone = detectable_hazard_ratios(
            own["time"], own["event"], own[["arm"]], weight=own["weight"], strata=own["clinic"]
        )
        for arm in ("b", "c"):
            assert found[part, arm].high == pytest.approx(alone["arm", arm].high, rel=1e-9)
            assert (found[part, arm].n, found[part, arm].n_event) == (alone["arm", arm].n, alone["arm", arm].n_event)
    assert detectable_in_subgroups([], [], [], []) == {}
    lone = detectable_in_subgroups([1, 2, 3], [1, 0, 1], ["a", "b", "b"], ["x", "x", "y"])
    assert lone["y", "b"].reason == Reason.of("group-empty", group="a") and lone["x", "b"].high is not None


def test_an_interaction_has_the_variances_of_both_subgroups() -> None:
    one, other = detectable_ratio(10.0, n=30, n_event=12), detectable_ratio(5.0, n=20, n_event=8)
    both = detectable_interaction(one, other)
    assert both.high == pytest.approx(math.exp(distance() * math.sqrt(1 / 10 + 1 / 5)))
    assert (both.measure, both.n, both.n_event) == ("ratio of hazard ratios", 50, 20)
    assert detectable_interaction(one, detectable_ratio(0.0)).reason == Reason("no-events")
    with pytest.raises(ValueError, match="alike in measure, power and alpha"):
        detectable_interaction(one, detectable_ratio(5.0, power=0.9))


def test_errors_say_what_is_wrong() -> None:
    with pytest.raises(ValueError, match=r"alpha must lie between 0 and 1 \(0.05, not 5\): it is 5"):
        distance(0.8, 5)
    with pytest.raises(ValueError, match=r"power must lie between 0.025, which chance alone gives, and 1: it is 80"):
        distance(80)
    with pytest.raises(ValueError, match="information must be finite and >= 0: it is -1"):
        detectable_ratio(-1)
    with pytest.raises(ValueError, match="step must be finite and above 0: it is 0"):
        detectable_ratio(1, step=0)
    with pytest.raises(ValueError, match="events at most as many as patients: 9 among 4, 4"):
        detectable_odds_ratio(4, 4, 9)
    with pytest.raises(ValueError, match="events at most as many as patients: 9 among 4, 4"):
        schoenfeld_information(9, 4, 4)
    with pytest.raises(ValueError, match="share_kept must lie above 0 and at most at 1: it is 0"):
        detectable_odds_ratio(4, 4, 2, share_kept=0)
    with pytest.raises(ValueError, match="covariates must have one row per entry of outcome"):
        detectable_odds_ratios([1, 0], pd.DataFrame({"x": [1.0]}))
    with pytest.raises(ValueError, match="missing in 1 of 2 rows"):
        detectable_hazard_ratios([1, 2], [1, 0], pd.DataFrame({"x": [1.0, None]}))


# Properties


@FEW
@given(SIZES, SIZES, st.floats(0, 1), st.integers(2, 5))
def test_more_patients_find_smaller_differences_in_both_directions(n: int, m: int, risk: float, times: int) -> None:
    events = round(risk * (n + m))
    few, many = detectable_odds_ratio(n, m, events), detectable_odds_ratio(times * n, times * m, times * events)
    for small, large in ((few.high, many.high), (_above(few.low), _above(many.low))):
        assert small is None or (large is not None and 1 < large < small)
    # Exchanging the groups turns the ratios over, and so does exchanging event and no event.
    for turned in (detectable_odds_ratio(m, n, events), detectable_odds_ratio(n, m, n + m - events)):
        assert (turned.low is None) == (few.high is None) and (turned.high is None) == (few.low is None)
        if few.high is not None:
            assert turned.low == pytest.approx(1 / few.high, rel=1e-6)


def _above(low: float | None) -> float | None:
    return None if low is None else 1 / low


@FEW
@given(st.integers(2, 100), st.integers(1, 99), st.floats(0.1, 0.9))
def test_groups_of_one_size_are_best_and_more_events_are_better(half: int, away: int, share: float) -> None:
    total = 2 * half
    other = max(1, half - away)
    best = schoenfeld_information(share * total, half, half)
    assert schoenfeld_information(share * total, other, total - other) <= best
    assert schoenfeld_information(share * total / 2, half, half) < best
    assert (detectable_ratio(best).high or 0) <= (detectable_ratio(best / 2).high or math.inf)


@FEW
@given(st.integers(0, 10_000), st.booleans())
def test_weights_are_repeated_rows_and_adjusting_never_helps(seed: int, with_entry: bool) -> None:
    rng = np.random.default_rng(seed)
    size = int(rng.integers(2, 30))
    data = pd.DataFrame(
        {
            "time": rng.integers(2, 9, size),
            "event": rng.integers(0, 2, size),
            "weight": rng.integers(0, 4, size),
            "entry": rng.integers(0, 2, size),
            "strata": rng.integers(0, 2, size),
        }
    )
    x = pd.DataFrame({"g": pd.Categorical(rng.choice(["a", "b", "c"], size)), "x": rng.integers(0, 4, size) / 1.0})
    names = ["strata", *(["entry"] if with_entry else [])]
    weighted = detectable_hazard_ratios(
        data["time"], data["event"], x, weight=data["weight"], **{name: data[name] for name in names}
    )
    at = np.repeat(np.arange(size), data["weight"])
    rows, own = data.iloc[at], x.iloc[at]
    repeated = detectable_hazard_ratios(rows["time"], rows["event"], own, **{name: rows[name] for name in names})
    alone = detectable_hazard_ratios(rows["time"], rows["event"], own[["g"]], **{name: rows[name] for name in names})
    assert list(weighted) == list(repeated)
    for term, one in weighted.items():
        other = repeated[term]
        assert (one.n, one.n_event, one.reason) == (other.n, other.n_event, other.reason)
        assert one.information == pytest.approx(other.information, rel=1e-7, abs=1e-12)
        assert (one.high is None) == (one.low is None) == (one.reason is not None)
        if term in alone:
            assert one.information <= alone[term].information + 1e-9
    odds = detectable_odds_ratios(data["event"], x, weight=data["weight"])
    for term, one in detectable_odds_ratios(rows["event"], own).items():
        assert (one.n, one.n_event, one.reason) == (odds[term].n, odds[term].n_event, odds[term].reason)
        assert odds[term].high == (None if one.high is None else pytest.approx(one.high, rel=1e-6))


def test_the_standard_error_of_a_model_is_near_where_there_is_little_difference() -> None:
    rng = np.random.default_rng(11)
    x = pd.DataFrame({"g": rng.choice(["a", "b"], 400), "age": rng.normal(8, 4, 400)})
    times = rng.exponential(1, 400)
    model = estimate_hazard_ratios(times, np.ones(400), x)
    found = detectable_hazard_ratios(times, np.ones(400), x)
    for term in model.terms:
        if not term.is_reference:
            error = 1 / math.sqrt(found[term.variable, term.level].information)
            assert term.ratio.std_error == pytest.approx(error, rel=0.05)


def test_it_takes_no_time_on_a_click() -> None:
    rng = np.random.default_rng(5)
    x = pd.DataFrame({name: pd.Categorical(rng.choice(["a", "b", "c"], 436)) for name in "uvw"})
    times, events = rng.integers(1, 3000, 436).astype(float), rng.integers(0, 2, 436)
    spent = []
    for _ in range(7):
        start = clock.perf_counter()
        detectable_hazard_ratios(times, events, x)
        detectable_odds_ratios(events, x)
        spent.append(clock.perf_counter() - start)
    assert min(spent) < 0.01
