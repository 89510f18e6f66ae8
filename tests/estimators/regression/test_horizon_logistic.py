"""Odds ratios by a horizon, weighted for censoring, against R, by hand, and against what must hold for any patients."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.estimators import (
    estimate_cumulative_incidence,
    estimate_odds_ratios,
    estimate_odds_ratios_by_horizon,
    estimate_univariable_odds_ratios_by_horizon,
    weigh_for_censoring,
)
from analytics.results import Name, OddsRatioResult, Reason
from tests.estimators.said import words

REFERENCE = Path(__file__).parents[2] / "reference"
R = json.loads((REFERENCE / "horizon_reference.json").read_text())


def logs(result: OddsRatioResult) -> tuple[list[float], list[float]]:
    """Log odds ratios and their standard errors, without the reference rows."""
    found = [t.odds_ratio for t in result.terms if not t.is_reference]
    return [math.log(r.value) for r in found], [r.std_error for r in found]


# --- R ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(R["mets"]))
def test_equals_mets_where_no_times_are_tied(name: str) -> None:
    expected, data = R["mets"][name], pd.read_csv(REFERENCE / "horizon_untied.csv")
    options: dict[str, Any] = {"horizon": expected["horizon"]}
    made = weigh_for_censoring(data["time"], data["cause"], **options)
    np.testing.assert_allclose(made.weight, expected["weight"], rtol=1e-10)
    result = estimate_odds_ratios_by_horizon(data["time"], data["cause"], data[["group", "x"]], **options)
    estimates, errors = logs(result)
    np.testing.assert_allclose(estimates, expected["estimate"][1:], rtol=1e-7)
    np.testing.assert_allclose(errors, expected["std_error"][1:], rtol=1e-7)


@pytest.mark.parametrize("entry", R["by_hand"], ids=lambda e: f"{e['data']}-{e['horizon']}-{e['of']}")
def test_equals_the_definition_where_times_are_tied(entry: dict[str, Any]) -> None:
    data = pd.read_csv(REFERENCE / f"competing_{entry['data']}.csv").dropna(subset=entry["covariates"])
    covariates = data[entry["covariates"]].copy()
    if "group" in covariates:
        covariates["group"] = covariates["group"].astype(str)
    weight = data["weight"] if entry["data"] == "ties" else None
    options: dict[str, Any] = {"horizon": entry["horizon"], "of": entry["of"], "weight": weight}
    result = estimate_odds_ratios_by_horizon(data["time"], data["cause"], covariates, **options)
    assert (result.n, result.n_event, result.method) == (entry["n"], entry["n_event"], "ipcw")
    assert (result.std_error_type, result.test_type, result.conf_type) == ("robust", "robust Wald", "wald")
    estimates, errors = logs(result)
    np.testing.assert_allclose(estimates, entry["estimate"][1:], rtol=1e-7)
    np.testing.assert_allclose(errors, entry["std_error"][1:], rtol=1e-7)
    # The whole factor, from the covariance that R gives.
    covariance = np.array(entry["covariance"])
    for test in result.tests:
        own = [
            i for i, t in enumerate((t for t in result.terms if not t.is_reference), 1) if t.variable == test.variable
        ]
        beta = np.array(entry["estimate"])[own]
        assert test.statistic == pytest.approx(beta @ np.linalg.solve(covariance[np.ix_(own, own)], beta), rel=1e-6)
        assert test.df == len(own)
    for term in result.terms:
        interval = term.odds_ratio.interval
        if not term.is_reference:
            half = 1.959963984540054 * term.odds_ratio.std_error
            assert interval.method == "wald"
            assert math.log(interval.high) == pytest.approx(math.log(term.odds_ratio.value) + half)


# --- By hand ---------------------------------------------------------------------------------------------------------


def test_weights_of_five_patients() -> None:
    """Follow-up ends at 2 for one of the four then at risk: who is known later counts 4/3 times."""
    made = weigh_for_censoring([1, 2, 3, 4, 9], [1, 0, 2, 1, 0], horizon=5)
    assert made.outcome.tolist()[0] == 1 and math.isnan(made.outcome[1]) and made.outcome.tolist()[2:] == [0, 1, 0]
    assert made.weight.tolist() == pytest.approx([1, 0, 4 / 3, 4 / 3, 4 / 3])
    assert made.n_unknown == 1


def test_an_event_on_the_day_of_a_censoring_comes_before_it() -> None:
    """At 2 one has the event and one is last seen: of the three left to be censored, one is."""
    made = weigh_for_censoring([2, 2, 5, 6], [1, 0, 0, 1], horizon=5)
    assert made.weight.tolist() == pytest.approx([1, 0, 1.5, 1.5])
    assert made.outcome.tolist()[2:] == [0, 0], "seen to the horizon without an event, and with one after it"


def test_two_groups_by_hand() -> None:
    """In each group the weighted odds: a has 1 of 1 + 4/3 + 4/3, b has 4/3 of 4/3 + 4/3."""
    time, cause = [1, 2, 3, 9, 4, 9], [1, 0, 2, 0, 1, 0]
    groups = pd.DataFrame({"g": ["a", "a", "a", "a", "b", "b"]})
    result = estimate_odds_ratios_by_horizon(time, cause, groups, horizon=5)
    w = 5 / 4
    assert result.terms[1].odds_ratio.value == pytest.approx((w / w) / (1 / (2 * w)))
    assert [(t.n, t.n_event) for t in result.terms] == [(3, 1), (2, 1)], "children whose outcome is known"


# --- What must hold --------------------------------------------------------------------------------------------------

patients = st.lists(
    st.tuples(st.integers(0, 8), st.integers(0, 2), st.sampled_from("ab"), st.integers(1, 3)), min_size=1, max_size=25
)


@settings(deadline=None)
@given(patients, st.integers(1, 8))
def test_weighted_shares_are_the_cumulative_incidences(rows: list[tuple[int, int, str, int]], horizon: int) -> None:
    """The weights add up to the patients, and the weighted share with the event is Aalen and Johansen's."""
    time, cause, _, n = (np.array(column) for column in zip(*rows, strict=True))
    made = weigh_for_censoring(time, cause, horizon=horizon, weight=n)
    curve = estimate_cumulative_incidence(time, cause, weight=n, causes=["event", "other"]).for_cause("event")[0]
    if time.max() < horizon and (cause[time == time.max()] == 0).any():
        # The last one was lost before the horizon: there is nobody to stand for this patient.
        result = estimate_odds_ratios_by_horizon(time, cause, pd.DataFrame({"n": n}), horizon=horizon, weight=n)
        assert result.reason in (Reason("no-patients"), Reason("all-lost-before-horizon"))
        return
    assert float(made.weight @ n) == pytest.approx(n.sum())
    known = made.weight > 0
    at = np.flatnonzero(curve.time <= horizon)
    incidence = curve.estimate[at[-1]] if len(at) else 0.0
    assert float((made.weight * n)[known] @ made.outcome[known]) / n.sum() == pytest.approx(incidence, abs=1e-12)


@settings(deadline=None, max_examples=40)
@given(patients, st.integers(1, 8))
def test_weights_are_repeated_rows(rows: list[tuple[int, int, str, int]], horizon: int) -> None:
    time, cause, group, n = (np.array(column) for column in zip(*rows, strict=True))
    counted = estimate_odds_ratios_by_horizon(time, cause, pd.DataFrame({"g": group}), horizon=horizon, weight=n)
    again = np.repeat(np.arange(len(n)), n)
    repeated = estimate_odds_ratios_by_horizon(
        time[again], cause[again], pd.DataFrame({"g": group[again]}), horizon=horizon
    )
    assert [t.odds_ratio.reason for t in counted.terms] == [t.odds_ratio.reason for t in repeated.terms]
    for a, b in zip(counted.terms, repeated.terms, strict=True):
        assert (a.n, a.n_event) == (b.n, b.n_event)
        assert (a.odds_ratio.std_error is None) == (b.odds_ratio.std_error is None)
        if a.odds_ratio.std_error is not None:
            assert a.odds_ratio.value == pytest.approx(b.odds_ratio.value, rel=1e-8)
            assert a.odds_ratio.std_error == pytest.approx(b.odds_ratio.std_error, rel=1e-6, abs=1e-12)


def test_without_censoring_it_is_maximum_likelihood() -> None:
    data = pd.read_csv(REFERENCE / "competing_mgus2.csv").query("cause > 0 or time >= 120")
    covariates = data[["sex", "age"]].assign(sex=data["sex"].astype(str))
    weighted = estimate_odds_ratios_by_horizon(data["time"], data["cause"], covariates, horizon=120)
    plain = estimate_odds_ratios((data["cause"] == 1) & (data["time"] <= 120), covariates, method="ml")
    assert logs(weighted)[0] == pytest.approx(logs(plain)[0], rel=1e-8)
    # The sandwich instead of the inverse information: of the same size.
    assert logs(weighted)[1] == pytest.approx(logs(plain)[1], rel=0.35)


def test_covariates_of_the_censored_are_not_read_and_others_must_be_known() -> None:
    time, cause = [1, 2, 3, 9, 4, 9], [1, 0, 2, 0, 1, 0]
    whole = pd.DataFrame({"g": ["a", "b", "a", "a", "b", "b"]})
    lacking = pd.DataFrame({"g": ["a", None, "a", "a", "b", "b"]})
    made, again = (estimate_odds_ratios_by_horizon(time, cause, g, horizon=5) for g in (whole, lacking))
    assert made.terms == again.terms
    with pytest.raises(ValueError, match="'g' is missing in 1 of 5 rows"):
        estimate_odds_ratios_by_horizon(time, cause, pd.DataFrame({"g": ["a", "b", None, "a", "b", "b"]}), horizon=5)
    (alone,) = estimate_univariable_odds_ratios_by_horizon(time, cause, lacking, horizon=5)
    assert alone.notes[0].code == "missing-excluded" and words(alone.notes[0]).startswith("1 of 6 patients")


def test_separation_has_a_reason_and_leaves_the_others_their_ratios() -> None:
    """Nobody in c has the event by then; a against b is as without c, whose weights are the same."""
    rng = np.random.default_rng(3)
    n = 90
    group = np.repeat(["a", "b", "c"], n // 3)
    time = np.ceil(rng.exponential(30, n))
    cause = np.where(group == "c", 2 * (rng.random(n) < 0.5), rng.integers(0, 3, n))
    result = estimate_odds_ratios_by_horizon(time, cause, pd.DataFrame({"g": group}), horizon=40)
    by_level = {t.level: t for t in result.terms}
    assert by_level["c"].odds_ratio.reason == Reason.of("none-with-event", n=by_level["c"].n)
    assert by_level["c"].p_value is None
    made = weigh_for_censoring(time, cause, horizon=40)

    def odds(level: str) -> float:
        own = (group == level) & (made.weight > 0)
        came, not_come = (float(made.weight[own] @ (made.outcome[own] == y)) for y in (1, 0))
        return came / not_come

    assert by_level["b"].odds_ratio.value == pytest.approx(odds("b") / odds("a"), rel=1e-8)
    assert result.tests[0].p_value is None and result.tests[0].reason == by_level["c"].odds_ratio.reason
    assert next(note.code for note in result.notes) == "separation"


@pytest.mark.parametrize(
    ("time", "cause", "reason"),
    [
        ([1, 2], [0, 0], Reason("no-patients")),
        ([5, 6], [0, 2], Reason("no-events")),
        ([1, 2], [1, 1], Reason("all-had-event")),
        ([1, 2], [1, 0], Reason("all-lost-before-horizon")),
    ],
)
def test_nothing_to_fit_is_a_result(time: list[float], cause: list[int], reason: str) -> None:
    result = estimate_odds_ratios_by_horizon(time, cause, pd.DataFrame({"x": [1.0, 2.0]}), horizon=5)
    assert result.reason == reason and result.terms[0].odds_ratio.reason == reason


def test_single_levels_combinations_and_wrong_horizons() -> None:
    time, cause = [1, 2, 3, 9, 4, 9], [1, 0, 2, 0, 1, 0]
    x = np.array([1.0, 2, 3, 5, 4, 2])
    result = estimate_odds_ratios_by_horizon(time, cause, pd.DataFrame({"g": ["a"] * 6, "x": x, "y": 2 * x}), horizon=5)
    assert result.terms[0].is_reference and result.tests[0].reason == Reason("one-level")
    assert result.terms[2].odds_ratio.reason == Reason.of("collinear", names=(Name("x"),))
    assert {"collinear", "single-level"} <= {note.code for note in result.notes}
    for horizon in (0, -1, math.nan, math.inf):
        with pytest.raises(ValueError, match="horizon must be a time above 0"):
            weigh_for_censoring(time, cause, horizon=horizon)
