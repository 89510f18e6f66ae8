"""Cox and logistic models by lifelines, statsmodels, firthmodels and scipy."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analytics.estimators import (
    count_missing,
    estimate_brier,
    estimate_discrimination,
    estimate_hazard_ratios,
    estimate_odds_ratios,
    estimate_odds_ratios_by_horizon,
    fit_probabilities,
    proportional_hazards_test,
    subgroup_effects,
    weigh_for_censoring,
)
from analytics.estimators.second_opinion.hazards import compare_hazard_ratios, compare_proportionality
from analytics.estimators.second_opinion.odds import compare_odds_ratios
from analytics.estimators.second_opinion.proportions import compare_missing
from analytics.estimators.second_opinion.treatment import compare_subgroups
from analytics.results.second_opinion import (
    APPROXIMATE,
    ESTIMATED_WEIGHTS,
    FIRTH_ERROR,
    FIRTH_TIES,
    NO_LIBRARY,
    PAIRS,
    ROBUST,
    Compared,
)

N = 150


def draw(seed: int, *, entry: bool = False, whole: bool = True) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    start = np.floor(rng.exponential(3, N)) if entry else np.zeros(N)
    time = start + rng.exponential(10, N) + 0.1
    arrays: dict[str, Any] = {
        "time": np.ceil(time) if whole else time,
        "event": rng.integers(0, 2, N).astype(float),
        "covariates": pd.DataFrame(
            {
                "age": rng.normal(8, 3, N),
                "site": pd.Categorical.from_codes(rng.integers(0, 3, N).tolist(), ["marrow", "cns", "testis"]),
            }
        ),
        "weight": rng.integers(0, 3, N).astype(float),
    }
    return {**arrays, "entry": start} if entry else arrays


def differing(rows: Iterable[Compared]) -> list[tuple[str, str, str | None]]:
    found = list(rows)
    assert found
    return [(r.figure.measure, r.figure.part, r.reason) for r in found if r.agreement != "1e-6"]


@pytest.mark.parametrize("entry", [False, True])
@pytest.mark.parametrize("conf_type", ["wald", "profile"])
@pytest.mark.parametrize("seed", range(3))
def test_hazard_ratios_agree(seed: int, conf_type: Any, entry: bool) -> None:
    arrays = draw(seed, entry=entry)
    shown = estimate_hazard_ratios(**arrays, conf_type=conf_type)
    rows = list(compare_hazard_ratios(shown, **arrays))
    assert not differing(rows)
    assert {row.library for row in rows} == {"lifelines", "statsmodels"}
    assert {row.figure.part for row in rows} == {"estimate", "conf_low", "conf_high", "p_value"}


def test_hazard_ratios_within_strata_agree_and_their_concordance_need_not() -> None:
    arrays = draw(4)
    strata = np.arange(N) % 3
    shown = estimate_hazard_ratios(**arrays, strata=strata, conf_type="profile")
    found = differing(compare_hazard_ratios(shown, **arrays, strata=strata, with_concordance=True))
    assert found == [("concordance", "estimate", PAIRS)]
    shown = estimate_hazard_ratios(**arrays)
    assert not differing(compare_hazard_ratios(shown, **arrays, with_concordance=True))


def test_robust_limits_of_lifelines_are_near() -> None:
    arrays = draw(5)
    shown = estimate_hazard_ratios(**arrays, robust=True)
    rows = [r for r in compare_hazard_ratios(shown, **arrays) if r.agreement != "1e-6"]
    assert rows and {row.reason for row in rows} <= {ROBUST, NO_LIBRARY}
    assert {row.figure.part for row in rows} <= {"conf_low", "conf_high", "p_value"}


def test_firths_hazard_ratios_agree_without_ties_and_the_ties_are_named() -> None:
    for whole in (False, True):
        arrays = draw(6, whole=whole)
        arrays["weight"] = np.ones(N)
        shown = estimate_hazard_ratios(**arrays, method="firth", conf_type="profile")
        found = [row for row in compare_hazard_ratios(shown, **arrays) if row.agreement != "1e-6"]
        reasons = {row.reason for row in found if row.figure.measure == "hazard ratio"}
        assert reasons == ({FIRTH_TIES} if whole else set())


def test_no_library_has_firths_cox_model_with_strata() -> None:
    arrays = draw(6)
    shown = estimate_hazard_ratios(**arrays, strata=np.arange(N) % 2, method="firth", conf_type="profile")
    rows = list(compare_hazard_ratios(shown, **arrays, strata=np.arange(N) % 2))
    assert rows and {row.reason for row in rows} == {NO_LIBRARY}


def test_the_test_of_proportional_hazards_is_an_approximation_in_lifelines() -> None:
    arrays = draw(8)
    model = estimate_hazard_ratios(**arrays)
    shown = proportional_hazards_test(**arrays)
    rows = list(compare_proportionality(shown, **arrays, model=model))
    assert [(row.figure.variable, row.reason) for row in rows] == [("age", APPROXIMATE), ("site", NO_LIBRARY)]
    assert rows[0].ours == pytest.approx(rows[0].theirs, abs=0.2)


@pytest.mark.parametrize("seed", range(3))
def test_hazard_ratios_in_subgroups_and_their_interaction_agree(seed: int) -> None:
    arrays = draw(seed)
    group = arrays.pop("covariates")["site"].array
    other = pd.Categorical.from_codes((np.arange(N) % 2).tolist(), ["girls", "boys"])
    shown = subgroup_effects(**arrays, group=group, subgroup=other, conf_type="profile")
    rows = compare_subgroups(shown, **arrays, group=group, subgroup=other, variable="site", model="sex")
    assert not differing(rows)


def binary(seed: int) -> dict[str, Any]:
    arrays = draw(seed)
    return {"outcome": arrays["event"], "covariates": arrays["covariates"], "weight": arrays["weight"]}


@pytest.mark.parametrize("conf_type", ["wald", "profile"])
@pytest.mark.parametrize("seed", range(3))
def test_odds_ratios_agree(seed: int, conf_type: Any) -> None:
    arrays = binary(seed)
    assert not differing(compare_odds_ratios(estimate_odds_ratios(**arrays, conf_type=conf_type), **arrays))


def test_numbers_are_compared_per_step() -> None:
    arrays = binary(1)
    arrays["covariates"] = arrays["covariates"][["age"]]
    (term,) = estimate_odds_ratios(**arrays).terms
    (row, *_) = compare_odds_ratios(estimate_odds_ratios(**arrays), **arrays, steps={"age": 10.0})
    assert row.theirs == pytest.approx((term.odds_ratio.value or 0) ** 10)


def test_firths_odds_ratios_agree_and_its_other_error_is_named() -> None:
    arrays = binary(2)
    shown = estimate_odds_ratios(**arrays, method="firth")
    rows = [row for row in compare_odds_ratios(shown, **arrays) if row.figure.measure == "odds ratio"]
    assert not differing(rows) and {row.library for row in rows} == {"firthmodels"}
    shown = estimate_odds_ratios(**arrays, method="firth", conf_type="wald")
    found = differing(r for r in compare_odds_ratios(shown, **arrays) if r.figure.measure == "odds ratio")
    assert found and {reason for *_, reason in found} == {FIRTH_ERROR}


def test_separation_is_answered_by_firthmodels() -> None:
    arrays = binary(3)
    arrays["covariates"] = pd.DataFrame({"b": pd.Categorical(np.where(arrays["outcome"] > 0, "yes", "no"))})
    shown = estimate_odds_ratios(**arrays)
    assert shown.method == "firth"
    rows = list(compare_odds_ratios(shown, **arrays))
    assert not [row for row in rows if row.figure.part == "estimate" and row.agreement != "1e-6"]


def test_odds_ratios_weighted_for_censoring_agree_and_their_limits_know_more() -> None:
    rng = np.random.default_rng(4)
    time, cause, count = np.ceil(rng.exponential(20, N)), rng.integers(0, 3, N), np.ones(N)
    covariates = draw(4)["covariates"]
    shown = estimate_odds_ratios_by_horizon(time, cause, covariates, horizon=12, weight=count)
    known = weigh_for_censoring(time, cause, horizon=12, weight=count)
    kept = known.weight > 0
    rows = compare_odds_ratios(
        *(shown, known.outcome[kept], covariates[kept]), weight=count[kept], sampling_weight=known.weight[kept]
    )
    found = differing(rows)
    assert found and {part for _, part, _ in found} <= {"conf_low", "conf_high", "p_value"}
    assert {reason for *_, reason in found} <= {ESTIMATED_WEIGHTS, NO_LIBRARY}


def test_area_and_brier_score_agree_with_other_libraries_than_the_page_has() -> None:
    arrays = binary(5)
    p = fit_probabilities(**arrays).probability
    assert p is not None
    area = estimate_discrimination(arrays["outcome"], p, weight=arrays["weight"])
    brier = estimate_brier(arrays["outcome"], p, weight=arrays["weight"])
    rows = list(compare_odds_ratios(estimate_odds_ratios(**arrays), **arrays, area=area, brier=brier))
    assert not differing(rows)
    assert [row.library for row in rows[-2:]] == ["scipy", "statsmodels"]


def test_columns_that_others_make_up_and_empty_levels_are_left_out() -> None:
    arrays = binary(6)
    covariates = arrays["covariates"]
    covariates["again"] = 2 * covariates["age"] + 1
    covariates["site"] = covariates["site"].cat.add_categories("bone")
    shown = estimate_odds_ratios(**arrays)
    rows = list(compare_odds_ratios(shown, **arrays))
    assert not differing(rows)
    assert {row.figure.variable for row in rows} == {"age", "site"}


def test_nothing_shown_is_nothing_compared() -> None:
    arrays = binary(7)
    arrays["outcome"] = np.zeros(N)
    assert not list(compare_odds_ratios(estimate_odds_ratios(**arrays), **arrays))


def test_shares_of_missing_values_agree() -> None:
    rng = np.random.default_rng(1)
    values = pd.DataFrame({"a": np.where(rng.random(60) < 0.2, np.nan, 1.0), "b": np.ones(60)})
    rows = list(compare_missing(count_missing(values, rng.integers(0, 2, 60))))
    assert not differing(rows) and {row.library for row in rows} == {"scipy", "statsmodels"}
