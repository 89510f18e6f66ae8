"""Multiple imputation: models against R and statsmodels, what is drawn, and bias and coverage in simulated patients."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.estimators import (
    combine_profiles,
    estimate_imputed_odds_ratios,
    estimate_odds_ratios,
    impute,
    pool_odds_ratios,
    why_not_imputed,
)
from analytics.estimators.missing.imputation import augment, find_crossing, fit_levels
from analytics.results import Name, OddsRatioResult, Reason

HERE = Path(__file__).parents[2] / "reference"
R = json.loads((HERE / "missing_data_reference.json").read_text())


def some_patients(seed: int = 1, n: int = 120) -> tuple[pd.DataFrame, np.ndarray]:
    """Three levels, two levels and a number, each sometimes missing; and an outcome."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=n)
    three = pd.Categorical(np.digitize(z + rng.normal(size=n), [-0.5, 0.7]).astype(str), categories=list("0123"))
    two = pd.Categorical(np.where(rng.random(n) < 0.5, "no", "yes"), categories=["no", "yes"])
    y = (rng.random(n) < 1 / (1 + np.exp(1 - z))).astype(int)
    values = pd.DataFrame({"three": three, "two": two, "z": z, "age": rng.integers(1, 17, n).astype(float)})
    for name in ("three", "two", "z"):
        values.loc[rng.random(n) < 0.2, name] = None
    return values, y


# Models of levels


def test_the_augmented_model_is_that_of_mice() -> None:
    case = R["augmented"]
    x, y = np.array(case["x"], dtype=float), np.array(case["y"])
    rows, codes, weight = augment(x, y, 2)
    assert len(rows) - len(x) == case["n_added"]
    assert weight.sum() - len(x) == pytest.approx(case["added"])
    beta, covariance = fit_levels(np.column_stack([np.ones(len(rows)), rows]), codes, weight, 2)
    assert beta[0] == pytest.approx(case["coefficients"], rel=1e-8)
    assert covariance == pytest.approx(np.array(case["covariance"]), rel=1e-7)


def test_three_levels_equal_mnlogit() -> None:
    rng = np.random.default_rng(3)
    x = np.column_stack([np.ones(80), rng.normal(size=80), rng.integers(0, 2, 80)])
    codes = rng.integers(0, 3, 80)
    weight = rng.integers(1, 4, 80)
    rows = np.repeat(np.arange(80), weight)
    peer = sm.MNLogit(codes[rows], x[rows]).fit(disp=0, method="newton", tol=1e-14, maxiter=100)
    beta, covariance = fit_levels(x, codes, weight.astype(float), 3)
    assert beta == pytest.approx(np.asarray(peer.params).T, rel=1e-8)
    assert covariance == pytest.approx(np.asarray(peer.cov_params()), rel=1e-6)


# What is filled in


def test_known_values_stay_and_missing_ones_are_filled_with_what_occurs() -> None:
    values, y = some_patients()
    outcome, sets = impute(values, y, m=3, cycles=2)
    assert outcome.tolist() == y.tolist() and len(sets) == 3
    for filled in sets:
        assert not filled.isna().any().any()
        assert list(filled.columns) == list(values.columns)
        for name in values.columns:
            known = values[name].notna()
            assert (filled[name][known] == values[name][known]).all()
            assert set(filled[name]) <= set(values[name].dropna())
            assert filled[name].dtype == values[name].dtype
    missing = values["three"].isna()
    assert not sets[0]["three"][missing].equals(sets[1]["three"][missing])


def test_the_same_seed_gives_the_same_values_however_many_sets_are_asked_for() -> None:
    values, y = some_patients()
    _, few = impute(values, y, m=2, cycles=2, seed=7)
    _, more = impute(values, y, m=4, cycles=2, seed=7)
    _, other = impute(values, y, m=2, cycles=2, seed=8)
    assert all(a.equals(b) for a, b in zip(few, more, strict=False))
    assert not few[0].equals(other[0])


@given(seed=st.integers(0, 99))
@settings(deadline=None, max_examples=8)
def test_weights_equal_repeated_rows(seed: int) -> None:
    values, y = some_patients(seed, 60)
    weight = np.random.default_rng(seed).integers(0, 3, 60)
    rows = np.repeat(np.arange(60), weight)
    if why_not_imputed(values, y, weight) is None:
        outcome, sets = impute(values, y, weight=weight, m=1, cycles=1)
        same_outcome, same = impute(values.iloc[rows], y[rows], m=1, cycles=1)
        assert outcome.tolist() == same_outcome.tolist() and sets[0].equals(same[0])


def test_a_level_follows_what_predicts_it() -> None:
    # "late" is what z > 0 says in all who are known: perfect prediction, and most of the missing must follow it.
    rng = np.random.default_rng(5)
    z = rng.normal(size=200)
    level = pd.Categorical(np.where(z > 0, "late", "early"), categories=["early", "late"])
    values = pd.DataFrame({"level": level, "z": z})
    missing = np.zeros(200, dtype=bool)
    missing[:60] = True
    values.loc[missing, "level"] = None
    _, sets = impute(values, rng.integers(0, 2, 200), m=5)
    right = np.mean([((s["level"] == "late") == (z > 0))[missing] for s in sets])
    assert right > 0.85


def test_a_level_is_drawn_as_often_as_it_occurs_where_nothing_predicts_it() -> None:
    rng = np.random.default_rng(6)
    level = pd.Categorical(rng.choice(["a", "b", "c"], 600, p=[0.6, 0.3, 0.1]))
    values = pd.DataFrame({"level": level})
    missing = rng.random(600) < 0.5
    values.loc[missing, "level"] = None
    _, sets = impute(values, rng.integers(0, 2, 600), m=40, cycles=1)
    drawn = pd.concat([s["level"][missing] for s in sets]).value_counts(normalize=True)
    known = values["level"].value_counts(normalize=True)
    assert drawn.to_dict() == pytest.approx(known.to_dict(), abs=0.04)


def test_only_one_level_known_is_given_to_all() -> None:
    values = pd.DataFrame({"x": pd.Categorical(["a"] * 30 + [None] * 5, categories=["a", "b"])})
    _, sets = impute(values, [0, 1] * 17 + [0], m=1, cycles=1)
    assert (sets[0]["x"] == "a").all()


def test_a_variable_that_is_the_same_in_all_who_have_another_says_nothing_about_it() -> None:
    """In all with a known x, w is one level: a column of its model that does not vary there is beyond estimation."""
    known, lost = ["a", "b", "a", "b", "a", "a", "b", "a"], [None] * 4
    values = pd.DataFrame({"x": pd.Categorical(known + lost), "w": pd.Categorical(list("uuuuuuuu") + list("vuvv"))})
    _, sets = impute(values, [0, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0], m=2, cycles=2)
    assert all(one["x"].notna().all() and list(one["x"][:8]) == known for one in sets)


def test_progress_is_told_and_what_it_raises_stops_the_work() -> None:
    values, y = some_patients()
    told: list[tuple[int, int]] = []
    impute(values, y, m=3, cycles=1, progress=lambda done, total: told.append((done, total)))
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]

    class Enough(Exception):
        pass

    def stop(done: int, total: int) -> None:
        told.append((done, total))
        if done == 1:
            raise Enough

    told.clear()
    with pytest.raises(Enough):
        impute(values, y, m=3, cycles=1, progress=stop)
    assert told == [(0, 3), (1, 3)]


# Refusals


def refused(values: dict[str, Any], y: list[int], weight: list[int] | None = None) -> str | None:
    return why_not_imputed(pd.DataFrame(values), y, weight)


def test_reasons_for_not_imputing() -> None:
    gap = [None, *[1.0, 2.0] * 5]
    y = [0, 1] * 5 + [0]
    assert refused({"x": [1.0] * 11}, y) == Reason("nothing-missing")
    assert refused({}, []) == Reason("nothing-missing")
    assert refused({"x": gap}, [0] * 11) == Reason("nobody-had-event")
    assert refused({"x": gap}, [1] * 11) == Reason("all-had-event")
    assert refused({"x": [None] * 11, "y": gap}, y) == Reason.of("known-in-nobody", name=Name("x"))
    assert refused({"x": gap}, y, [4000] * 11) is not None and "20000" in str(refused({"x": gap}, y, [4000] * 11))
    few = refused({"x": [1.0, 2.0, None], "z": [1.0, 2.0, 3.0]}, [0, 1, 1])
    assert few == Reason.of("known-in-few", name=Name("x"), n=2, n_coefficients=2)
    assert refused({"x": gap}, y) is None
    with pytest.raises(ValueError, match="nothing-missing"):
        impute(pd.DataFrame({"x": [1.0] * 11}), y)
    with pytest.raises(ValueError, match="m must be at least 2"):
        estimate_imputed_odds_ratios(pd.DataFrame({"x": gap}), y, m=1)
    with pytest.raises(TypeError, match="must be levels or numbers"):
        impute(pd.DataFrame({"x": [None, *["a", "b"] * 10]}, dtype=object), [0, 1] * 10 + [0])


def test_separation_inside_one_set_makes_firth_of_all() -> None:
    rng = np.random.default_rng(2)
    y = np.array([1] * 12 + [0] * 48)
    rare = np.array(["no"] * 60, dtype=object)
    rare[:4] = "yes"  # all four had the event
    z = rng.normal(size=60)
    z[rng.random(60) < 0.15] = np.nan
    values = pd.DataFrame({"rare": pd.Categorical(rare, categories=["no", "yes"]), "z": z})
    pooled = estimate_imputed_odds_ratios(values, y, m=3, cycles=2)
    assert pooled.method == "firth"
    ratio = next(t for t in pooled.terms if t.level == "yes").odds_ratio
    assert ratio.value is not None and math.isfinite(ratio.value) and ratio.value > 1


# Bias and coverage

TRUE = 1.0  # the log odds ratio of the binary variable


def simulated(rng: np.random.Generator, n: int = 400) -> tuple[pd.DataFrame, np.ndarray]:
    """The level is missing by its companion and the outcome (missing at random): the complete cases are biased."""
    z = rng.normal(size=n)
    level = rng.random(n) < 1 / (1 + np.exp(-0.8 * z))
    y = rng.random(n) < 1 / (1 + np.exp(1.2 - TRUE * level - 0.5 * z))
    lost = rng.random(n) < np.where(y & (z > 0), 0.75, np.where(y, 0.05, np.where(z > 0, 0.05, 0.5)))
    text = np.where(lost, None, np.where(level, "yes", "no"))
    return pd.DataFrame({"level": pd.Categorical(text, categories=["no", "yes"]), "z": z}), y.astype(int)


@pytest.mark.slow
def test_imputation_undoes_the_bias_of_complete_cases_and_covers_the_truth() -> None:
    rng = np.random.default_rng(20251)
    complete, pooled, covered = [], [], []
    for repeat in range(80):
        values, y = simulated(rng)
        known = values.notna().all(axis=1).to_numpy()
        alone = estimate_odds_ratios(y[known], values[known], conf_type="wald")
        complete.append([math.log(t.odds_ratio.value or 0) for t in alone.terms if not t.is_reference])
        result = estimate_imputed_odds_ratios(values, y, m=5, cycles=3, seed=repeat)
        terms = [t for t in result.terms if not t.is_reference]
        pooled.append([math.log(t.odds_ratio.value or 0) for t in terms])
        interval = terms[0].odds_ratio.interval
        assert interval is not None and interval.low and interval.high
        covered.append(interval.low <= math.exp(TRUE) <= interval.high)
    bias_complete, bias_pooled = (np.mean(found, axis=0) - [TRUE, 0.5] for found in (complete, pooled))
    assert abs(bias_complete[1]) > 0.5  # the companion's coefficient suffers most
    assert abs(bias_pooled[1]) < 0.12
    assert abs(bias_pooled[0]) < 0.15
    assert 0.88 <= np.mean(covered) <= 1.0


# Combined profiles, and tests of whole factors


CLIP = json.loads((Path(__file__).parents[2] / "reference" / "clip_reference.json").read_text())


def test_combined_profiles_equal_r() -> None:
    """make_clip_reference.R writes the penalised likelihood out; level c has no events."""
    sets = [pd.DataFrame({"x": pd.Categorical(s["x"]), "z": s["z"]}) for s in CLIP["sets"]]
    y = np.array(CLIP["sets"][0]["y"], dtype=float)
    plain = [estimate_odds_ratios(y, each, method="firth", conf_type="wald") for each in sets]
    found = combine_profiles(pool_odds_ratios(plain), plain, y, sets)
    terms = [t for t in found.terms if not t.is_reference]
    for term, value, low, high, p in zip(
        terms, CLIP["estimate"], CLIP["low"], CLIP["high"], CLIP["p_value"], strict=True
    ):
        interval = term.odds_ratio.interval
        assert interval.method == "CLIP"
        assert math.log(term.odds_ratio.value) == pytest.approx(value, rel=1e-6)
        assert math.log(interval.low) == pytest.approx(low, rel=1e-5)
        assert math.log(interval.high) == pytest.approx(high, rel=1e-5)
        assert term.p_value == pytest.approx(p, rel=1e-5)
    # The interval of the level without events is lopsided, as Rubin's cannot be.
    c = terms[1].odds_ratio
    below, above = math.log(c.value / c.interval.low), math.log(c.interval.high / c.value)
    assert below > 1.5 * above
    assert all(t.reason == Reason("not-pooled-separated") for t in found.tests)


def test_sets_that_do_not_differ_give_the_profile_limits_of_one() -> None:
    s = CLIP["sets"][0]
    each, y = pd.DataFrame({"x": pd.Categorical(s["x"]), "z": s["z"]}), np.array(s["y"], dtype=float)
    plain = [estimate_odds_ratios(y, each, method="firth", conf_type="wald")] * 2
    found = combine_profiles(pool_odds_ratios(plain), plain, y, [each, each])
    single = estimate_odds_ratios(y, each, method="firth", conf_type="profile")
    for a, b in zip(found.terms, single.terms, strict=True):
        if not a.is_reference:
            assert a.odds_ratio.interval.low == pytest.approx(b.odds_ratio.interval.low, rel=1e-6)
            assert a.odds_ratio.interval.high == pytest.approx(b.odds_ratio.interval.high, rel=1e-6)
            assert a.p_value == pytest.approx(b.p_value, rel=1e-6), "twice the tail is the likelihood-ratio p"


def test_a_number_per_step_has_the_combined_limits_of_the_step() -> None:
    s = CLIP["sets"][0]
    each, y = pd.DataFrame({"x": pd.Categorical(s["x"]), "z": s["z"]}), np.array(s["y"], dtype=float)
    each.loc[[4, 9, 17], "z"] = np.nan
    per_unit = estimate_imputed_odds_ratios(each, y, m=3, seed=1)
    assert per_unit.method == "firth"

    def tenfold(result: OddsRatioResult) -> OddsRatioResult:
        (z,) = (t for t in result.terms if t.variable == "z")
        ratio = z.odds_ratio
        interval = ratio.interval
        if interval is not None:
            interval = replace(interval, low=interval.low**2, high=interval.high**2)
        new = replace(ratio, value=ratio.value**2, std_error=2 * ratio.std_error, interval=interval)
        return replace(
            result, terms=tuple(replace(t, odds_ratio=new) if t.variable == "z" else t for t in result.terms)
        )

    per_step = estimate_imputed_odds_ratios(each, y, m=3, seed=1, as_read=tenfold)
    one, two = per_unit.terms[-1].odds_ratio, per_step.terms[-1].odds_ratio
    assert two.value == pytest.approx(one.value**2) and two.interval.method == "CLIP"
    assert two.interval.low == pytest.approx(one.interval.low**2)
    assert two.interval.high == pytest.approx(one.interval.high**2)


def test_whole_factors_are_tested_over_the_sets() -> None:
    rng = np.random.default_rng(8)
    n = 200
    group = rng.choice(list("abc"), n)
    z = rng.normal(size=n)
    y = (rng.random(n) < np.where(group == "c", 0.6, 0.3)).astype(float)
    values = pd.DataFrame({"g": pd.Categorical(group), "z": np.where(rng.random(n) < 0.15, np.nan, z)})
    found = estimate_imputed_odds_ratios(values, y, m=4, seed=2)
    g, number = found.tests
    assert (g.variable, g.df, number.variable, number.df) == ("g", 2, "z", 1)
    assert 0 < g.p_value < 0.05
    term = found.terms[-1]
    assert number.p_value == term.p_value and number.df_error == term.df
    assert number.statistic == pytest.approx((math.log(term.odds_ratio.value) / term.odds_ratio.std_error) ** 2)


def test_a_limit_where_the_profile_of_a_set_has_no_value_is_not_found() -> None:
    def below(b: float) -> float:
        return math.nan if 0.4 < b < 0.6 else b

    assert find_crossing(below, 0.0, 1.0, 0.5) is None
    assert find_crossing(below, 0.0, 1.0, 0.25) == pytest.approx(0.25)
