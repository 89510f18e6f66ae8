"""A ratio's interval and the p value beside it are of one kind: they never lie on different sides of 0.05."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.estimators import estimate_hazard_ratios, estimate_odds_ratios, subgroup_effects, subgroup_odds_ratios
from analytics.results import Estimate, HazardRatioResult, OddsRatioResult

FOLDER = Path(__file__).parents[2] / "reference"
REFERENCE = json.loads((FOLDER / "ratio_tests_reference.json").read_text(encoding="utf-8"))
FACTORS = {"ecog", "extent", "group", "size"}
# A p this close to 0.05, and a limit this close to 1, may fall on either side by rounding.
CLOSE = 1e-6


def log_limits(ratio: Estimate) -> tuple[float, float]:
    assert ratio.interval is not None and ratio.interval.low and ratio.interval.high
    return math.log(ratio.interval.low), math.log(ratio.interval.high)


def table(a: int, b: int, c: int, d: int, **options: Any) -> OddsRatioResult:
    """Of ``b`` exposed ``a`` had the event, of ``d`` others ``c``."""
    exposed = pd.Categorical(["yes", "yes", "no", "no"], categories=["no", "yes"])
    return estimate_odds_ratios([1, 0, 1, 0], pd.DataFrame({"x": exposed}), weight=[a, b - a, c, d - c], **options)


def check_sides(result: OddsRatioResult | HazardRatioResult) -> int:
    """That interval and p are on one side of no difference for every ratio; how many were compared."""
    compared = 0
    for term in result.terms:
        ratio = term.ratio
        if term.is_reference or ratio.value is None or term.p_value is None or ratio.interval is None:
            continue
        low, high = ratio.interval.low, ratio.interval.high
        excludes = (low is not None and low > 1) or (high is not None and high < 1)
        near = min((abs(math.log(x)) for x in (low, high) if x), default=1.0)
        if abs(term.p_value - 0.05) < CLOSE or near < CLOSE:
            continue
        assert excludes == (term.p_value < 0.05), (term, result.method)
        compared += 1
    return compared


@pytest.mark.parametrize("case", REFERENCE["tables"], ids=lambda c: str(c["cells"]))
def test_odds_ratios_of_a_table_equal_those_of_r(case: dict[str, Any]) -> None:
    result = table(*case["cells"])
    term = result.terms[1]
    assert result.ratio_test == "likelihood-ratio test"
    assert math.log(term.odds_ratio.value or 0) == pytest.approx(case["estimate"], rel=1e-9)
    assert log_limits(term.odds_ratio) == pytest.approx((case["low"], case["high"]), rel=1e-7)
    assert term.p_value == pytest.approx(case["p_value"], rel=1e-8)
    assert term.statistic_lr == pytest.approx(case["statistic"], rel=1e-9)
    assert term.p_value_wald == pytest.approx(case["p_wald"], rel=1e-6)
    # The factor has this one coefficient: its test is the same.
    assert (result.tests[0].statistic, result.tests[0].p_value) == (term.statistic_lr, term.p_value)


def test_one_of_30_against_32_of_157_differs_by_both() -> None:
    """Odds ratio 0.13 (<0.01-0.67): Wald's p is 0.053, that of the likelihood ratio 0.0094."""
    result = table(1, 30, 32, 157)
    term, row = result.terms[1], result.to_frame().iloc[1]
    assert term.odds_ratio.interval is not None and term.odds_ratio.interval.high == pytest.approx(0.669, abs=1e-3)
    assert (round(term.p_value or 1, 4), round(term.p_value_wald or 1, 3)) == (0.0094, 0.053)
    assert (row["test"], row["statistic"]) == ("likelihood-ratio test", pytest.approx(6.7394, abs=1e-4))
    assert (row["p_value"], row["p_value_wald"]) == (term.p_value, term.p_value_wald)
    wald = table(1, 30, 32, 157, conf_type="wald")
    row = wald.to_frame().iloc[1]
    assert (row["test"], row["conf_type"]) == ("Wald test", "wald")
    assert row["p_value"] == row["p_value_wald"] == pytest.approx(0.053, abs=1e-3)
    assert row["statistic"] == wald.terms[1].statistic == pytest.approx(-1.934, abs=1e-3)


@pytest.mark.parametrize(
    "case", REFERENCE["cox"], ids=lambda c: "-".join(map(str, [c["data"], c["strata"], c["entry"], *c["covariates"]]))
)
def test_hazard_ratios_equal_those_of_nested_fits(case: dict[str, Any]) -> None:
    data = pd.read_csv(FOLDER / f"cox_{case['data']}.csv")
    covariates = data[case["covariates"]].copy()
    for name in covariates:
        if name in FACTORS or not pd.api.types.is_numeric_dtype(covariates[name]):
            covariates[name] = pd.Categorical(covariates[name], categories=sorted(covariates[name].unique()))
    result = estimate_hazard_ratios(
        data["time"],
        data["event"],
        covariates,
        entry=data[case["entry"]] if case["entry"] else None,
        strata=data[case["strata"]] if case["strata"] else None,
        weight=case["repeated"],
        conf_type="profile",
    )
    terms = [term for term in result.terms if not term.is_reference]
    assert result.ratio_test == "likelihood-ratio test"
    for term, expected in zip(terms, case["terms"], strict=True):
        assert math.log(term.hazard_ratio.value or 0) == pytest.approx(expected["estimate"], rel=1e-7, abs=1e-9)
        assert log_limits(term.hazard_ratio) == pytest.approx((expected["low"], expected["high"]), rel=1e-7, abs=1e-8)
        assert term.statistic_lr == pytest.approx(expected["statistic"], rel=1e-8, abs=1e-9)
        assert term.p_value == pytest.approx(expected["p_value"], rel=1e-7)
        assert term.p_value_wald == pytest.approx(expected["p_wald"], rel=1e-6)
    assert check_sides(result) == len(terms)


def test_all_small_tables_have_interval_and_p_on_one_side() -> None:
    """Every table of 12 exposed and of 9 others, by maximum likelihood and with Firth's penalty where a cell is empty."""
    compared = disagreed = 0
    for a in range(13):
        for c in range(10):
            result = table(a, 12, c, 9)
            compared += check_sides(result)
            term = result.terms[1]
            if term.p_value is not None and term.p_value_wald is not None:
                disagreed += (term.p_value < 0.05) != (term.p_value_wald < 0.05)
    assert compared > 100
    # Wald's p, which used to stand there, would contradict some of them.
    assert disagreed > 5


COUNTS = st.tuples(st.integers(1, 60), st.integers(1, 60)).flatmap(
    lambda n: st.tuples(st.integers(0, n[0]), st.just(n[0]), st.integers(0, n[1]), st.just(n[1]))
)


@settings(max_examples=60, deadline=None)
@given(COUNTS, st.sampled_from(["auto", "ml", "firth"]), st.sampled_from(["profile", "wald"]))
def test_drawn_tables_have_interval_and_p_on_one_side(
    cells: tuple[int, int, int, int], method: Any, conf_type: Any
) -> None:
    check_sides(table(*cells, method=method, conf_type=conf_type))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(["auto", "firth"]))
def test_drawn_cohorts_have_interval_and_p_on_one_side(seed: int, method: Any) -> None:
    draw = np.random.default_rng(seed)
    n = int(draw.integers(8, 40))
    group = pd.Categorical.from_codes(draw.integers(0, 3, n), ["a", "b", "c"])
    covariates = pd.DataFrame({"group": group, "x": draw.normal(size=n).round(1)})
    time, event = draw.integers(1, 15, n), draw.random(n) < 0.6
    weight = draw.integers(1, 3, n)
    options: dict[str, Any] = {"weight": weight, "method": method}
    check_sides(estimate_odds_ratios(event, covariates, **options))
    check_sides(estimate_hazard_ratios(time, event, covariates, **options, conf_type="profile"))


def test_the_name_of_the_test_goes_with_the_fit() -> None:
    time, event = [1, 2, 3, 4, 5, 6, 7, 8], [1, 1, 0, 1, 1, 1, 0, 1]
    x = pd.DataFrame({"x": [0, 1, 0, 1, 1, 0, 0, 1]})
    named = {
        "Wald test": estimate_hazard_ratios(time, event, x),
        "likelihood-ratio test": estimate_hazard_ratios(time, event, x, conf_type="profile"),
        "penalised likelihood-ratio test": estimate_hazard_ratios(time, event, x, method="firth"),
        "robust Wald test": estimate_hazard_ratios(time, event, x, robust=True),
    }
    for name, result in named.items():
        assert result.ratio_test == name
        assert set(result.to_frame()["test"]) == {name}
        assert check_sides(result) == 1
    robust = named["robust Wald test"].terms[0]
    assert robust.statistic_lr is None and robust.p_value == pytest.approx(robust.p_value_wald or 0)


def test_subgroups_have_the_intervals_asked_for() -> None:
    draw = np.random.default_rng(7)
    n = 80
    group, part = draw.integers(0, 2, n), draw.integers(0, 2, n)
    time, event = draw.integers(1, 40, n), draw.random(n) < 0.6
    found = {
        kind: subgroup_effects(time, event, group, part, conf_type=kind).overall[0] for kind in ("wald", "profile")
    }
    for kind, effect in found.items():
        alone = estimate_hazard_ratios(time, event, pd.DataFrame({"g": group.astype(str)}), conf_type=kind)
        assert effect.p_value == pytest.approx(alone.terms[1].p_value or 0)
        assert effect.ratio.interval is not None and effect.ratio.interval.method == kind
    assert found["wald"].p_value != found["profile"].p_value
    odds = subgroup_odds_ratios(event, group, part).overall[0]
    assert odds.p_value == estimate_odds_ratios(event, pd.DataFrame({"g": group.astype(str)})).terms[1].p_value


@pytest.mark.parametrize("method", ["ml", "firth"])
def test_p_falls_as_the_table_moves_away(method: Any) -> None:
    """More events among the exposed than in equal shares: the further, the smaller p."""
    p = [table(a, 40, 10, 40, method=method).terms[1].p_value for a in range(10, 40, 3)]
    assert all(b < a for a, b in pairwise(p) if a is not None and b is not None)
