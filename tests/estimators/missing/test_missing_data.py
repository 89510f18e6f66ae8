"""Counts and patterns of missing values by hand and against R; Rubin's rules by hand and against R's mice and mitools."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2
from scipy.stats import t as student

from analytics.estimators import (
    count_missing,
    estimate_odds_ratios,
    own_level_name,
    pool_estimates,
    pool_odds_ratios,
    pool_test,
    with_own_level,
)
from analytics.results import NOT_RECORDED, MissingResult, Reason

HERE = Path(__file__).parents[2] / "reference"
R = json.loads((HERE / "missing_data_reference.json").read_text())
COLUMNS = ["hgt", "bmi", "reg", "tv"]


def original() -> pd.DataFrame:
    return pd.read_csv(HERE / "missing_data_original.csv")


def imputed() -> list[pd.DataFrame]:
    frame = pd.read_csv(HERE / "missing_data_imputed.csv")
    regions = ["north", "east", "west", "south", "city"]
    frame["reg"] = pd.Categorical(frame["reg"], categories=regions)
    return [part for _, part in frame.groupby("set")]


# Counts

TWELVE = pd.DataFrame(
    {
        "mrd": ["neg", "pos", None, "neg", None, "pos", "neg", "neg", "pos", None, "neg", "neg"],
        "cns": ["1", None, None, "1", "1", "2", "1", None, "1", None, "1", "1"],
        "hb": [80.0, 70, math.nan, 90, 60, 75, 85, 95, 100, 65, 70, 80],
    }
)
RELAPSED = [0, 1, 1, 0, 0, 0, 1, 0, 0, 1, 0, 0]


def test_twelve_children_by_hand() -> None:
    result = count_missing(TWELVE, RELAPSED)
    assert (result.n, result.n_event, result.n_complete, result.n_missing) == (12, 4, 7, 8)
    mrd, cns, hb = result.variables
    assert (mrd.everyone.n_event, mrd.with_event.n_event, mrd.without_event.n_event) == (3, 2, 1)
    assert (cns.everyone.n_event, cns.with_event.n_event, cns.without_event.n_event) == (4, 3, 1)
    assert (hb.everyone.n_event, hb.with_event.n_event, hb.without_event.n_event) == (1, 1, 0)
    assert (mrd.with_event.n, mrd.without_event.n) == (4, 8)
    assert mrd.difference.value == 2 / 4 - 1 / 8
    found = [(p.missing, p.n, p.n_event) for p in result.patterns]
    assert found == [
        ((), 7, 1),
        (("cns",), 2, 1),
        (("mrd",), 1, 0),
        (("mrd", "cns"), 1, 1),
        (("mrd", "cns", "hb"), 1, 1),
    ]


def test_patterns_are_ordered_by_size_then_by_how_much_is_missing() -> None:
    sizes = [(p.n, len(p.missing)) for p in count_missing(TWELVE, RELAPSED).patterns[1:]]
    assert sizes == [(2, 1), (1, 1), (1, 2), (1, 3)]


def test_newcombe_s_own_example() -> None:
    # Newcombe (1998), table II, example (a), method 10: 56/70 against 48/80, limits 0.0524 and 0.3339.
    values = pd.DataFrame({"x": [None] * 56 + [1.0] * 14 + [None] * 48 + [1.0] * 32})
    difference = count_missing(values, [1] * 70 + [0] * 80).variables[0].difference
    assert (
        difference.interval is not None and difference.interval.low is not None and difference.interval.high is not None
    )
    assert difference.value == pytest.approx(0.2)
    assert difference.interval.low == pytest.approx(0.0524, abs=5e-5)
    assert difference.interval.high == pytest.approx(0.3339, abs=5e-5)


def test_patterns_equal_those_of_mice() -> None:
    data = original()
    result = count_missing(data.drop(columns="late"), data["late"])
    names = R["patterns"]["variables"]
    expected = {
        tuple(sorted(name for name, known in zip(names, row, strict=True) if not known)): n
        for n, row in zip(R["patterns"]["n"], R["patterns"]["known"], strict=True)
    }
    assert {tuple(sorted(p.missing)): p.n for p in result.patterns} == expected


@given(st.data())
@settings(deadline=None, max_examples=40)
def test_weights_equal_repeated_rows(data: st.DataObject) -> None:
    size = data.draw(st.integers(0, 12))
    rng = np.random.default_rng(data.draw(st.integers(0, 999)))
    values = pd.DataFrame({name: np.where(rng.random(size) < 0.4, np.nan, 1.0) for name in "abc"})
    y, weight = rng.integers(0, 2, size), rng.integers(0, 4, size)
    rows = np.repeat(np.arange(size), weight)
    weighted: MissingResult = count_missing(values, y, weight=weight)
    assert weighted == count_missing(values.iloc[rows], y[rows])
    assert sum(p.n for p in weighted.patterns) == weight.sum()
    for share in weighted.variables:
        lacking = values[share.variable].isna().to_numpy()
        assert share.everyone.n_event == weight[lacking].sum()
        assert share.with_event.n_event + share.without_event.n_event == share.everyone.n_event
        assert sum(p.n for p in weighted.patterns if share.variable in p.missing) == share.everyone.n_event
    text = weighted.to_frame().drop(columns=["conf_low", "conf_high"]).to_string()
    assert weighted.n_complete <= weighted.n and "inf" not in text


@pytest.mark.parametrize(("y", "n"), [([], 0), ([1], 1), ([0], 1), ([1, 1], 2)])
def test_few_patients_give_reasons(y: list[int], n: int) -> None:
    values = pd.DataFrame({"x": [None] * n}, dtype=float)
    result = count_missing(values, y)
    share = result.variables[0]
    assert (result.n, result.n_complete) == (n, 0)
    assert share.difference.reason == Reason("nobody-to-compare")
    assert (share.everyone.reason is None) == (n > 0)
    assert count_missing(values[[]], y).n_complete == n


def test_a_missing_outcome_is_refused() -> None:
    with pytest.raises(ValueError, match="outcome is missing in 1 of 2 rows"):
        count_missing(pd.DataFrame({"x": [1.0, 2.0]}), [1, None])


# A level of its own


def test_missing_levels_and_numbers_become_levels() -> None:
    values = TWELVE.assign(mrd=pd.Categorical(TWELVE["mrd"]), cns=pd.Categorical(TWELVE["cns"]), age=3.0)
    made = with_own_level(values)
    assert list(made.columns) == ["mrd", "cns", "hb", own_level_name("hb"), "age"]
    assert list(made["mrd"].cat.categories) == ["neg", "pos", NOT_RECORDED]
    assert (made["mrd"] == NOT_RECORDED).sum() == 3 and not made.isna().any().any()
    assert made["hb"].iloc[2] == pytest.approx(np.mean([80, 70, 90, 60, 75, 85, 95, 100, 65, 70, 80]))
    assert list(np.flatnonzero(made[own_level_name("hb")] == "yes")) == [2]
    assert made["age"].equals(values["age"])


def test_what_is_put_in_for_a_number_changes_its_own_level_only() -> None:
    data = original()
    made = with_own_level(data[["hgt", "tv"]])
    other = made.assign(tv=np.where(data["tv"].isna(), 100.0, made["tv"]))
    first, second = (estimate_odds_ratios(data["late"], each, conf_type="wald") for each in (made, other))
    values = [[t.odds_ratio.value for t in r.terms if t.variable in ("hgt", "tv")] for r in (first, second)]
    assert values[0] == pytest.approx(values[1], rel=1e-6)


def test_weights_count_for_the_mean() -> None:
    made = with_own_level(pd.DataFrame({"x": [1.0, 4.0, np.nan, np.nan]}), [2, 1, 1, 0])
    assert made["x"].tolist() == [1, 4, 2, 2]
    assert with_own_level(pd.DataFrame({"x": [1.0, np.nan]}), [1, 0]).columns.tolist() == ["x"]
    assert with_own_level(pd.DataFrame({"x": [np.nan, np.nan]})).columns.tolist() == []


# Rubin's rules


def test_three_sets_by_hand() -> None:
    pooled = pool_estimates([[1.0], [2.0], [3.0]], [[1.0], [1.0], [4.0]], df_complete=100)
    within, between = 2.0, 1.0
    total = within + 4 / 3 * between
    share = 4 / 3 / total
    old, observed = 2 / share**2, 101 / 103 * 100 * (1 - share)
    df = old * observed / (old + observed)
    fraction = (4 / 3 / within + 2 / (df + 3)) / (4 / 3 / within + 1)
    assert pooled.estimate[0] == 2.0
    assert (pooled.within[0], pooled.between[0], pooled.total[0]) == (within, between, total)
    assert pooled.df[0] == pytest.approx(df, rel=1e-14)
    assert pooled.fraction_missing[0] == pytest.approx(fraction, rel=1e-14)
    assert pooled.efficiency[0] == pytest.approx(1 / (1 + fraction / 3), rel=1e-14)
    assert pooled.p_value[0] == pytest.approx(2 * student.sf(2 / math.sqrt(total), df), rel=1e-12)
    low, high = pooled.limits(0.9)
    assert (low[0], high[0]) == pytest.approx(student.interval(0.9, df, 2.0, math.sqrt(total)), rel=1e-12)


def test_sets_imputed_by_mice_are_pooled_as_mice_and_mitools_pool_them() -> None:
    results = [estimate_odds_ratios(part["late"], part[COLUMNS], method="ml", conf_type="wald") for part in imputed()]
    terms = [i for i, t in enumerate(results[0].terms) if not t.is_reference]
    logs = [[math.log(r.terms[i].odds_ratio.value or 0) for i in terms] for r in results]
    variances = [[(r.terms[i].odds_ratio.std_error or 0) ** 2 for i in terms] for r in results]
    pooled = pool_estimates(logs, variances, R["df_complete"])
    names = [f"{t.variable}{t.level or ''}" for t in (results[0].terms[i] for i in terms)]
    place = [R["mice"]["term"].index(name) for name in names]
    for ours, theirs in (
        (pooled.estimate, "estimate"),
        (pooled.within, "within"),
        (pooled.between, "between"),
        (pooled.total, "total"),
        (pooled.df, "df"),
        (pooled.fraction_missing, "fmi"),
    ):
        assert ours == pytest.approx(np.array(R["mice"][theirs])[place], rel=1e-8), theirs
    # mitools takes Barnard and Rubin's degrees of freedom without the factor 1 + 1/m; without a limit they agree.
    unlimited = pool_estimates(logs, variances)
    assert unlimited.estimate == pytest.approx(np.array(R["mitools"]["estimate"])[place], rel=1e-8)
    assert unlimited.total == pytest.approx(np.array(R["mitools"]["variance"])[place], rel=1e-8)
    assert unlimited.df == pytest.approx(np.array(R["mitools"]["df_unlimited"])[place], rel=1e-8)

    whole = pool_odds_ratios(results)
    assert (whole.m, whole.n, whole.n_parameters, whole.method) == (5, R["n"], 7, "ml")
    shown = [whole.terms[i] for i in terms]
    assert [math.log(t.odds_ratio.value or 0) for t in shown] == pytest.approx(list(pooled.estimate), rel=1e-10)
    assert [t.df for t in shown] == pytest.approx(list(pooled.df), rel=1e-10)
    low = [math.log(t.odds_ratio.interval.low or 0) for t in shown if t.odds_ratio.interval]
    assert low == pytest.approx(list(pooled.limits(0.95)[0]), rel=1e-10)
    assert "nan" not in whole.to_frame().dropna(axis=1).to_string()


def test_equal_sets_are_one_complete_set() -> None:
    pooled = pool_estimates([[0.5]] * 4, [[0.04]] * 4, df_complete=60)
    assert (pooled.total[0], pooled.fraction_missing[0], pooled.efficiency[0]) == (pytest.approx(0.04), 0.0, 1.0)
    assert pooled.df[0] == pytest.approx(61 / 63 * 60)
    endless = pool_estimates([[0.5]] * 4, [[0.04]] * 4)
    assert endless.p_value[0] == pytest.approx(0.01241933, rel=1e-6)  # normal, z = 2.5


@pytest.mark.parametrize(
    ("estimates", "variances", "df", "text"),
    [
        ([[1.0]], [[1.0]], 10, "at least two sets"),
        ([[1.0], [2.0]], [[1.0]], 10, "same shape"),
        ([[1.0], [math.nan]], [[1.0], [1.0]], 10, "must be finite"),
        ([[1.0], [2.0]], [[1.0], [0.0]], 10, "variances above 0"),
        ([[1.0], [2.0]], [[1.0], [1.0]], 0, "df_complete must be above 0"),
    ],
)
def test_what_cannot_be_pooled_is_refused(estimates: list, variances: list, df: float, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        pool_estimates(estimates, variances, df)


def test_a_level_without_an_estimate_in_one_set_gives_its_reason() -> None:
    x = pd.DataFrame({"x": pd.Categorical(list("aabbaabb")), "z": [1.0, 2, 3, 4, 5, 6, 7, 8]})
    y = [0, 1, 0, 1, 1, 0, 1, 0]
    same = estimate_odds_ratios(y, x, conf_type="wald", method="ml")
    constant = estimate_odds_ratios(y, x.assign(z=1.0), conf_type="wald", method="ml")
    pooled = pool_odds_ratios([same, constant])
    assert pooled.terms[2].odds_ratio.reason == Reason.of("one-value", value=1.0)
    assert pooled.terms[1].odds_ratio.value is not None
    with pytest.raises(ValueError, match="one and the same model"):
        pool_odds_ratios([same, estimate_odds_ratios(y, x, conf_type="wald", method="firth")])
    with pytest.raises(ValueError, match="at least two"):
        pool_odds_ratios([same])


def test_too_few_patients_give_a_reason_not_an_error() -> None:
    x = pd.DataFrame({"x": pd.Categorical(list("ab")), "z": [1.0, 2.0]})
    results = [estimate_odds_ratios([0, 1], x, conf_type="wald", method="firth")] * 2
    pooled = pool_odds_ratios(results)
    assert all(t.is_reference or t.odds_ratio.reason for t in pooled.terms)


D1 = json.loads((Path(__file__).parents[2] / "reference" / "pooled_tests_reference.json").read_text())


@pytest.mark.parametrize(("name", "df"), [("reg", D1["df_complete"]), ("reg_unlimited", math.inf), ("reg_few", 20.0)])
def test_the_pooled_test_of_a_factor_equals_mice(name: str, df: float) -> None:
    found, expected = pool_test(D1["estimates"], D1["covariances"], df, variable="reg"), D1[name]
    assert (found.variable, found.df) == ("reg", expected["df"]) == ("reg", 4)
    assert found.statistic == pytest.approx(expected["statistic"], rel=1e-8)
    assert found.df_error == pytest.approx(expected["df_error"], rel=1e-7)
    assert found.p_value == pytest.approx(expected["p_value"], rel=1e-7)
    if name == "reg":
        assert [found.statistic, found.df, found.df_error, found.p_value] == pytest.approx(D1["mice"][:4], rel=1e-7)


def test_the_pooled_test_of_sets_that_do_not_differ_is_that_of_one() -> None:
    same = pool_test([[1.0, 2.0]] * 5, [np.eye(2)] * 5, 50)
    assert same.statistic == pytest.approx(2.5) and same.df_error == pytest.approx(50 * 51 / 53)
    endless = pool_test([[1.0, 2.0]] * 5, [np.eye(2)] * 5)
    assert endless.df_error == math.inf and endless.p_value == pytest.approx(chi2.sf(5.0, 2))
    few = pool_test([[1.0, 2.0], [1.5, 1.0]], [np.eye(2)] * 2, 50)
    assert few.df_error is not None and math.isfinite(few.df_error) and few.p_value is not None


def test_pooled_tests_that_cannot_be_made() -> None:
    assert pool_test([[1.0, 1.0]] * 3, [np.ones((2, 2))] * 3, 50).reason == Reason("singular-pooled-covariance")
    assert pool_test([[1.0, 2.0], [2.0, 0.0], [0.0, 1.0], [3.0, 3.0]], [np.eye(2)] * 4, 4).reason is not None
    for estimates, covariances, df, text in (
        ([[1.0]], [np.eye(1)], 10, "at least two sets"),
        ([[1.0], [2.0]], [np.eye(2)] * 2, 10, "square table"),
        ([[1.0], [math.nan]], [np.eye(1)] * 2, 10, "must be finite"),
        ([[1.0], [2.0]], [np.eye(1)] * 2, 0, "df_complete must be above 0"),
    ):
        with pytest.raises(ValueError, match=text):
            pool_test(estimates, covariances, df)
