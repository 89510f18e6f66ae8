"""Propensity scores, weights, balance and weighted curves against R, by hand, and their properties."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.estimators import (
    estimate_propensity,
    estimate_survival,
    survival_at,
    weighted_hazard_ratio,
    weighted_survival,
)
from analytics.results import Name, PropensityResult, Reason

REFERENCE = Path(__file__).parents[2] / "reference"
R = json.loads((REFERENCE / "propensity_reference.json").read_text(encoding="utf-8"))
MODERATE = settings(max_examples=40, deadline=None)
ESTIMANDS = ("ate", "att", "overlap")


def numbers(values: Any) -> np.ndarray:
    return np.array([np.nan if v is None else v for v in np.atleast_1d(np.array(values, dtype=object))], dtype=float)


def read_arms(case: dict[str, Any]) -> tuple[np.ndarray, pd.DataFrame]:
    data = pd.read_csv(REFERENCE / case["file"], float_precision="round_trip")
    treated = data[case["treated"]]
    if treated.dtype == object:
        treated = treated == "yes"
    covariates = data[case["covariates"]].copy()
    for name in case["factors"]:
        covariates[name] = covariates[name].astype(str)
    return treated.to_numpy(), covariates


def case_name(case: dict[str, Any]) -> str:
    return f"{case['file'].removesuffix('.csv')}-{'-'.join(case['covariates'])}"


# Against R


@pytest.mark.parametrize("estimand", ESTIMANDS)
@pytest.mark.parametrize("case", R["scores"], ids=case_name)
def test_scores_weights_and_balance_equal_those_from_glm(case: dict[str, Any], estimand: Any) -> None:
    treated, covariates = read_arms(case)
    expected = case["estimands"][estimand]
    found = estimate_propensity(treated, covariates, weight=case["weight"], estimand=estimand)
    assert found.reason is None
    assert found.scores is not None and found.weights is not None
    np.testing.assert_allclose(found.scores, case["scores"], rtol=1e-8)
    np.testing.assert_allclose(found.weights, expected["weights"], rtol=1e-8)
    terms = [f"{b.variable}|{b.level or ''}" for b in found.balance]
    assert terms == case["terms"]
    np.testing.assert_allclose([b.smd_before for b in found.balance], case["smd_before"], rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose([b.smd_after for b in found.balance], expected["smd_after"], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose([a.effective_n for a in found.arms], expected["effective_n"], rtol=1e-8)
    np.testing.assert_allclose([a.largest_share for a in found.arms], expected["largest"], rtol=1e-8)
    assert found.support == pytest.approx(tuple(case["support"]), rel=1e-8)
    assert found.share_outside == pytest.approx(case["outside"], abs=1e-12)
    assert found.n_parameters == case["n_parameters"]
    assert found.n == np.sum(case["weight"])
    assert [a.is_treated for a in found.arms] == [True, False]


@pytest.mark.parametrize("case", R["curves"], ids=lambda c: f"{c['data']}-{c['conf_type']}-{c['conf_level']}")
def test_weighted_curves_equal_robust_survfit(case: dict[str, Any]) -> None:
    data = pd.read_csv(REFERENCE / f"survival_{case['data']}.csv", float_precision="round_trip")
    columns = {key: data[case[key]] for key in ("weight", "entry") if case[key] is not None}
    result = weighted_survival(
        data["time"],
        data["event"],
        data[case["group"]],
        case["share"],
        conf_level=case["conf_level"],
        conf_type=case["conf_type"],
        **columns,
    )
    assert [c.group for c in result.curves] == [str(c["group"]) for c in case["curves"]]
    for curve, expected in zip(result.curves, case["curves"], strict=True):
        for ours, name in (
            (curve.time, "time"),
            (curve.n_risk, "n_risk"),
            (curve.n_event_at, "n_event"),
            (curve.estimate, "estimate"),
            (curve.std_error, "std_error"),
            (curve.low, "low"),
            (curve.high, "high"),
        ):
            np.testing.assert_allclose(ours, numbers(expected[name]), rtol=1e-9, atol=1e-12, err_msg=name)
        median = numbers(expected["median"])[0]
        assert curve.median.value == (None if math.isnan(median) else pytest.approx(median))


# By hand


def two_dozen() -> tuple[np.ndarray, pd.DataFrame]:
    """Of 12 patients with a, 3 are treated; of 12 with b, 9."""
    risk = ["a"] * 12 + ["b"] * 12
    treated = [1] * 3 + [0] * 9 + [1] * 9 + [0] * 3
    return np.array(treated), pd.DataFrame({"risk": risk})


def test_one_covariate_by_hand() -> None:
    treated, covariates = two_dozen()
    found = estimate_propensity(treated, covariates)
    assert found.reason is None and found.weights is not None
    np.testing.assert_allclose(found.scores, [0.25] * 12 + [0.75] * 12)  # type: ignore[arg-type]
    expected = [0.5 / 0.25] * 3 + [0.5 / 0.75] * 9 + [0.5 / 0.75] * 9 + [0.5 / 0.25] * 3
    np.testing.assert_allclose(found.weights, expected)
    a, b = found.balance
    assert (a.variable, a.level, a.mean_treated, a.mean_untreated) == ("risk", "a", 0.25, 0.75)
    assert a.smd_before == pytest.approx(-0.5 / math.sqrt(0.25 * 0.75))
    assert (a.mean_treated_after, a.mean_untreated_after) == (pytest.approx(0.5), pytest.approx(0.5))
    assert b.smd_after == pytest.approx(0, abs=1e-12)
    arm = found.arms[0]
    assert arm.effective_n == pytest.approx(12**2 / (3 * 4 + 9 * 4 / 9))
    assert arm.largest_share == pytest.approx(2 / 12)
    assert (arm.low, arm.high) == (pytest.approx(0.25), pytest.approx(0.75))
    assert found.share_outside == 0
    # In so few, one untreated patient would stand for a quarter of the treated; in twice as many, for an eighth.
    assert estimate_propensity(treated, covariates, estimand="att").weights is None
    att = estimate_propensity(treated, covariates, weight=np.full(24, 2), estimand="att").weights
    np.testing.assert_allclose(att, [1] * 3 + [1 / 3] * 9 + [1] * 9 + [3] * 3)  # type: ignore[arg-type]
    frame = found.to_frame()
    assert frame["term"].tolist() == ["risk: a", "risk: b"]


def test_weighted_curve_by_hand() -> None:
    # Weights 1, 2, 1, 4: S falls by 1/8 at 1, then by 1/5 of the rest at 3.
    (curve,) = weighted_survival([1, 2, 3, 5], [1, 0, 1, 0], None, [1, 2, 1, 4]).curves
    np.testing.assert_allclose(curve.estimate, [7 / 8, 7 / 8, 7 / 10, 7 / 10])
    np.testing.assert_array_equal(curve.n_risk, [4, 3, 2, 1])
    assert (curve.n, curve.n_event) == (4, 2)
    first, second = 1 / (8 * 7), 1 / (5 * 4)
    moves = [1 * (first - 1 / 7), 2 * first, 1 * (first + second - 1 / 4), 4 * (first + second)]
    assert curve.std_error[-1] == pytest.approx(0.7 * math.hypot(*moves), rel=1e-13)
    assert survival_at(curve, [4])[0].n == 1


# Refusals


def refusal(result: PropensityResult) -> Reason:
    assert result.weights is None
    assert all(b.smd_after is None for b in result.balance)
    assert result.largest_difference is None
    assert result.reason is not None
    return result.reason


def test_arms_that_are_empty_or_small() -> None:
    nobody = estimate_propensity([], pd.DataFrame({"x": []}))
    assert refusal(nobody) == Reason("no-patients")
    assert (nobody.n, nobody.balance) == (0, ())
    assert refusal(estimate_propensity([0, 0], pd.DataFrame({"x": [1.0, 2.0]}))) == Reason("nobody-treated")
    assert refusal(estimate_propensity([1], pd.DataFrame({"x": [1.0]}))) == Reason("everybody-treated")
    two = estimate_propensity([1, 0], pd.DataFrame({"x": ["a", "b"]}))
    assert refusal(two) == Reason.of("few-treated", n=1, least=10)
    assert [b.smd_before for b in two.balance] == [None, None]
    treated, covariates = two_dozen()
    few = estimate_propensity(treated[:14], covariates[:14])
    assert refusal(few) == Reason.of("few-treated", n=5, least=10)


def test_too_many_parameters() -> None:
    levels = [f"level {i % 4}" for i in range(24)]
    result = estimate_propensity([1, 0, 0, 1, 0, 1] * 4, pd.DataFrame({"x": levels}))
    assert refusal(result) == Reason.of("few-per-parameter", n=12, n_parameters=3, least=5)
    assert result.scores is not None


def test_separation_is_named() -> None:
    treated = np.array([1] * 12 + [0] * 15)
    covariates = pd.DataFrame({"site": ["marrow"] * 10 + ["testis"] * 2 + ["marrow"] * 15})
    result = estimate_propensity(treated, covariates)
    why = (Reason.of("all-treated", n=2, name=Name("site", "testis")),)
    assert refusal(result) == Reason.of("arms-told-apart", why=why)
    assert result.scores is None and result.support is None
    assert result.model.method == "firth"
    order = pd.DataFrame({"age": np.arange(27.0)})
    assert refusal(estimate_propensity(treated, order)) == (
        Reason.of("arms-told-apart", why=(Reason.of("arm-follows", told=27, n=27),))
    )


def test_nothing_to_balance() -> None:
    treated = [1] * 12 + [0] * 12
    same = estimate_propensity(treated, pd.DataFrame({"x": ["a"] * 24}))
    assert refusal(same) == Reason("nothing-to-balance")
    assert refusal(estimate_propensity(treated, pd.DataFrame(index=range(24)))) == same.reason


def test_arms_that_hardly_meet() -> None:
    treated = np.array([0] * 30 + [1] * 30)
    age = np.concatenate([np.linspace(0, 6, 30), np.linspace(5, 11, 30)])
    result = estimate_propensity(treated, pd.DataFrame({"age": age}))
    assert refusal(result) == Reason.of("outside-support", share=pytest.approx(50 / 60), most=0.25)
    assert result.scores is not None and result.share_outside == pytest.approx(50 / 60)


def test_one_patient_who_decides() -> None:
    # One untreated child among 21 with b stands for all of them.
    treated = np.array([0] * 20 + [1] * 10 + [1] * 20 + [0])
    covariates = pd.DataFrame({"risk": ["a"] * 30 + ["b"] * 21})
    result = estimate_propensity(treated, covariates)
    assert result.arms[1].largest_share == pytest.approx(21 / (30 + 21))
    assert refusal(result) == Reason.of("one-carries-untreated", share=pytest.approx(21 / 51), most=0.2)
    assert estimate_propensity(treated, covariates, estimand="overlap").reason is None


def test_imbalance_that_is_left_is_noted() -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(size=80)
    treated = (rng.random(80) < 1 / (1 + np.exp(-1.2 * x))).astype(int)
    result = estimate_propensity(treated, pd.DataFrame({"x": x}))
    assert result.reason is None and result.largest_difference is not None
    assert [note.code for note in result.notes] == (["imbalance"] if result.largest_difference > 0.1 else [])
    assert result.largest_difference > 0.1
    assert estimate_propensity(treated, pd.DataFrame({"x": x}), estimand="overlap").notes == ()


def test_wrong_input_is_named() -> None:
    treated, covariates = two_dozen()
    with pytest.raises(ValueError, match=r"treated must be 0 or 1 .* 1 of 24 values are not \(first at row 2: 2\)"):
        estimate_propensity(np.where(np.arange(24) == 2, 2, treated), covariates)
    with pytest.raises(ValueError, match="estimand must be one of ate, att, overlap"):
        estimate_propensity(treated, covariates, estimand="all")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="one row per entry of treated"):
        estimate_propensity(treated[:3], covariates)
    with pytest.raises(ValueError, match="weight must be a number of patients"):
        estimate_propensity(treated, covariates, weight=np.full(24, 0.5))
    with pytest.raises(ValueError, match="covariate 'risk' is missing in 1 of 24 rows"):
        estimate_propensity(treated, covariates.where(np.arange(24)[:, None] != 4))
    with pytest.raises(ValueError, match=r"sampling_weight must be finite and above 0: 1 of 2 values are not"):
        weighted_survival([1, 2], [1, 0], None, [1.0, 0.0])
    with pytest.raises(ValueError, match="sampling_weight must have one value per row"):
        weighted_survival([1, 2], [1, 0], None, [1.0])


# Small and degenerate curves


def test_weighted_curves_of_few_patients() -> None:
    (none,) = weighted_survival([], [], None, []).curves
    assert (none.n, len(none.time), none.median.reason) == (0, 0, Reason("no-patients"))
    (one,) = weighted_survival([3.0], [1], None, [0.37]).curves
    assert one.estimate.tolist() == [0]
    assert np.isnan([one.std_error[0], one.low[0], one.high[0]]).all()
    (alive,) = weighted_survival([3.0, 4.0], [0, 0], None, [0.1, 0.3]).curves
    assert alive.estimate.tolist() == [1, 1] and alive.std_error.tolist() == [0, 0]
    group = pd.Categorical(["b", "b"], categories=["a", "b"])
    empty, full = weighted_survival([1, 2], [1, 1], group, [1 / 3, 0.1]).curves
    assert (empty.n, full.estimate[-1]) == (0, 0)


# Properties


@st.composite
def patients(draw: st.DrawFn) -> dict[str, np.ndarray]:
    n = draw(st.integers(1, 14))

    def column(values: Any) -> np.ndarray:
        return np.array(draw(st.lists(values, min_size=n, max_size=n)))

    time = column(st.integers(1, 9))
    return {
        "time": time,
        "event": column(st.integers(0, 1)),
        "weight": column(st.integers(0, 3)),
        "share": column(st.floats(0.1, 5)),
        "entry": np.minimum(column(st.integers(0, 5)), time - 1),
    }


@MODERATE
@given(patients(), st.booleans())
def test_weighted_curves_equal_those_of_repeated_rows(drawn: dict[str, np.ndarray], is_late: bool) -> None:
    rows = np.repeat(np.arange(len(drawn["time"])), drawn["weight"])
    entry = drawn["entry"] if is_late else None
    (one,) = weighted_survival(
        drawn["time"], drawn["event"], None, drawn["share"], weight=drawn["weight"], entry=entry
    ).curves
    (two,) = weighted_survival(
        drawn["time"][rows],
        drawn["event"][rows],
        None,
        drawn["share"][rows],
        entry=None if entry is None else entry[rows],
    ).curves
    for name in ("time", "n_risk", "n_event_at", "n_censor", "estimate", "std_error"):
        np.testing.assert_allclose(getattr(one, name), getattr(two, name), rtol=1e-9, atol=1e-12)


@MODERATE
@given(patients(), st.floats(0.1, 10), st.booleans())
def test_equal_weights_change_nothing_but_the_standard_error(
    drawn: dict[str, np.ndarray], share: float, is_late: bool
) -> None:
    entry = drawn["entry"] if is_late else None
    arguments: dict[str, Any] = {"weight": drawn["weight"], "entry": entry}
    (plain,) = estimate_survival(drawn["time"], drawn["event"], **arguments).curves
    equal = np.full(len(drawn["time"]), share)
    (weighted,) = weighted_survival(drawn["time"], drawn["event"], None, equal, **arguments).curves
    np.testing.assert_allclose(weighted.estimate, plain.estimate, rtol=1e-12)
    assert weighted.median.value == plain.median.value
    if not is_late:
        # The jackknife is Greenwood's variance without delayed entry.
        np.testing.assert_allclose(weighted.std_error, plain.std_error, rtol=1e-9, atol=1e-12)


@MODERATE
@given(st.integers(0, 2**32 - 1), st.sampled_from(ESTIMANDS))
def test_scores_of_weighted_rows_equal_those_of_repeated_rows(seed: int, estimand: Any) -> None:
    rng = np.random.default_rng(seed)
    n = 40
    frame = pd.DataFrame({"x": rng.normal(size=n).round(1), "k": rng.choice(["a", "b"], n)})
    treated, weight = rng.integers(0, 2, n), rng.integers(0, 3, n)
    rows = np.repeat(np.arange(n), weight)
    one = estimate_propensity(treated, frame, weight=weight, estimand=estimand)
    two = estimate_propensity(treated[rows], frame.iloc[rows], estimand=estimand)
    why = [r.reason and (r.reason.code, r.reason.get("n")) for r in (one, two)]
    assert (why[0], one.n, [a.n for a in one.arms]) == (why[1], two.n, [a.n for a in two.arms])
    for ours, theirs in ((one.scores, two.scores), (one.weights, two.weights)):
        assert (ours is None) == (theirs is None)
        if ours is not None and theirs is not None:
            np.testing.assert_allclose(ours[rows], theirs, rtol=1e-7)
            assert np.isnan(ours[weight == 0]).all()
            assert not ours.flags.writeable
    if one.reason is None and estimand == "overlap":
        assert one.largest_difference == pytest.approx(0, abs=1e-7)
    if one.reason is None and estimand == "ate" and one.weights is not None:
        assert all(0 < (a.effective_n or 0) <= a.n + 1e-9 for a in one.arms)


# Medians of weighted curves


def test_a_limit_on_a_flat_stretch_is_the_first_time_it_was_taken() -> None:
    (curve,) = weighted_survival([4, 3, 7, 7], [0, 1, 0, 1], None, [1.5, 1.1, 1.5, 2]).curves
    assert curve.median.value == 7 and curve.median.interval is not None
    assert curve.median.interval.low == 3 and curve.median.interval.high is None


@MODERATE
@given(st.data())
def test_a_weighted_median_depends_neither_on_the_order_of_rows_nor_on_their_splitting(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 12))
    time, event, tenths, count = (
        np.array(data.draw(st.lists(st.integers(low, high), min_size=n, max_size=n)))
        for low, high in ((0, 8), (0, 1), (5, 30), (1, 3))
    )
    weight = tenths / 10
    order = np.array(data.draw(st.permutations(range(n))))

    def median(*arrays: np.ndarray, **more: Any) -> Any:
        return weighted_survival(arrays[0], arrays[1], None, arrays[2], **more).curves[0].median

    found = median(time, event, weight, weight=count)
    assert median(time[order], event[order], weight[order], weight=count[order]) == found
    assert median(*(np.repeat(values, count) for values in (time, event, weight))) == found


# The variance of a weighted hazard ratio

WEIGHTED = json.loads((REFERENCE / "weighted_ratio_reference.json").read_text(encoding="utf-8"))["cases"]


def weighted_case(case: dict[str, Any]) -> dict[str, Any]:
    data = pd.read_csv(REFERENCE / case["file"])
    treated = (data[case["treated"]] == data[case["treated"]].max()).to_numpy()
    covariates = data[case["covariates"]].copy()
    for name in case["factors"]:
        covariates[name] = pd.Categorical(covariates[name].astype(str))
    propensity = estimate_propensity(treated, covariates, weight=case["weight"], estimand=case["estimand"])
    arm = pd.Categorical(np.where(treated, "yes", "no"), categories=["no", "yes"])
    arguments = {"time": case["time"], "event": data["event"], "arm": arm, "weight": case["weight"]}
    return {**arguments, "propensity": propensity}


@pytest.mark.parametrize("case", WEIGHTED, ids=lambda c: f"{c['estimand']}-{max(c['weight'])}")
def test_the_error_of_a_weighted_ratio_is_that_of_the_stacked_equations(case: dict[str, Any]) -> None:
    arguments = weighted_case(case)
    found = weighted_hazard_ratio(**arguments)
    (term,) = (t for t in found.terms if not t.is_reference)
    assert math.log(term.ratio.value) == pytest.approx(case["coef"], rel=1e-6)
    assert term.ratio.std_error == pytest.approx(case["std_error"], rel=1e-6)
    z = case["coef"] / case["std_error"]
    assert term.p_value == pytest.approx(math.erfc(abs(z) / math.sqrt(2)), rel=1e-5)
    assert term.ratio.interval.low == pytest.approx(math.exp(case["coef"] - 1.959963985 * case["std_error"]), rel=1e-6)
    assert found.tests[0].p_value == term.p_value
    # With the weights taken as given it is Lin and Wei's, which is larger here.
    given = replace(arguments["propensity"], gradient=0 * arguments["propensity"].gradient)
    (term,) = (t for t in weighted_hazard_ratio(**{**arguments, "propensity": given}).terms if not t.is_reference)
    assert term.ratio.std_error == pytest.approx(case["std_error_given"], rel=1e-6)
    assert case["std_error_given"] > case["std_error"]


def test_without_weights_there_is_no_weighted_ratio() -> None:
    arguments = weighted_case(WEIGHTED[0])
    none = replace(arguments["propensity"], weights=None, reason=Reason("nobody-treated"))
    with pytest.raises(ValueError, match="propensity must have weights: nobody-treated"):
        weighted_hazard_ratio(**{**arguments, "propensity": none})
