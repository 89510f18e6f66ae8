"""Hazard ratios against R, against likelihoods written out by hand, and against what must hold for any patients."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from lifelines import CoxPHFitter
from scipy.special import ndtri

from analytics.estimators import (
    CoxSample,
    concordance,
    estimate_hazard_ratios,
    estimate_odds_ratios,
    estimate_univariable_hazard_ratios,
    proportional_hazards_test,
)
from analytics.estimators.regression import risk_sets
from analytics.estimators.regression.risk_sets import TieSums
from analytics.results import HazardRatioResult, Name, Reason
from tests.estimators.regression.cox_patients import estimated, logs, numbers
from tests.estimators.said import said, words

REFERENCE = Path(__file__).parents[2] / "reference"
R = json.loads((REFERENCE / "cox_reference.json").read_text())
CATEGORICAL = {
    "lung": ["ecog"],
    "veteran": ["celltype"],
    "colon": ["rx", "extent"],
    "colon_both": ["rx"],
    "kidney": ["disease"],
    "rotterdam": ["size"],
    "bmt": ["group"],
    "ties": ["arm"],
}


def read(name: str) -> pd.DataFrame:
    data = pd.read_csv(REFERENCE / f"cox_{name}.csv")
    for column in CATEGORICAL.get(name, []):
        data[column] = pd.Categorical(data[column])
    return data


def fitted(case: dict[str, Any], **options: Any) -> HazardRatioResult:
    data = read(case["data"])
    for argument, key in (
        ("entry", "entry"),
        ("strata", "strata"),
        ("cluster", "cluster"),
        ("sampling_weight", "share"),
    ):
        if case[key] is not None:
            options[argument] = data[case[key]]
    return estimate_hazard_ratios(
        data["time"], data["event"], data[case["covariates"]], ties=case["ties"], robust=case["robust"], **options
    )


def errors(result: HazardRatioResult) -> np.ndarray:
    return np.array([term.hazard_ratio.std_error for term in estimated(result)])


def named(case: dict[str, Any]) -> str:
    parts = [
        case["data"],
        case["ties"],
        *(f"{k}-{case[k]}" for k in ("strata", "entry", "cluster", "share") if case[k]),
    ]
    return "_".join([*parts, "robust"] if case["robust"] else parts)


# --- R ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", R["models"], ids=named)
def test_model_agrees_with_r(case: dict[str, Any]) -> None:
    result = fitted(case)
    assert result.method == "ml" and result.reason is None
    np.testing.assert_allclose(logs(result), case["estimate"], rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(errors(result), case["std_error"], rtol=1e-7)
    assert result.log_likelihood == pytest.approx(case["log_likelihood"], rel=1e-11)
    robust = bool(case["robust"] or case["cluster"] or case["share"])
    assert result.std_error_type == ("robust" if robust else "model")
    assert result.test_type == ("robust Wald" if robust else "likelihood ratio")
    for test, expected in zip(result.tests, case["tests"], strict=True):
        assert test.df == expected["df"]
        assert test.statistic == pytest.approx(expected["statistic"], rel=1e-7, abs=1e-8)
    assert result.concordance is not None
    assert result.concordance.value == pytest.approx(case["concordance"], rel=1e-10)
    assert result.concordance.std_error == pytest.approx(case["concordance_se"], rel=1e-8)
    z = np.array([term.statistic for term in estimated(result)])
    np.testing.assert_allclose(z, np.array(case["estimate"]) / case["std_error"], rtol=1e-6, atol=1e-8)
    wald = np.array(case["estimate"]) + 1.959963984540054 * np.array(case["std_error"])
    np.testing.assert_allclose(logs(result, "high"), wald, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("case", [case for case in R["models"] if "profile" in case], ids=named)
def test_profile_limits_agree_with_r(case: dict[str, Any]) -> None:
    result = fitted(case, conf_type="profile")
    np.testing.assert_allclose(logs(result, "low"), case["profile"]["low"], rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(logs(result, "high"), case["profile"]["high"], rtol=1e-7, atol=1e-8)
    assert {term.hazard_ratio.interval.method for term in estimated(result) if term.hazard_ratio.interval} == {
        "profile"
    }


@pytest.mark.parametrize("case", R["concordances"], ids=lambda c: f"{c['data']}-{c['score']}-{c['strata']}")
def test_concordance_agrees_with_r(case: dict[str, Any]) -> None:
    data = read(case["data"])
    options = {key: data[case[key]] for key in ("entry", "strata") if case[key] is not None}
    found = concordance(data["time"], data["event"], data[case["score"]], **options)
    assert found.value == pytest.approx(case["value"], rel=1e-12)
    assert found.std_error == pytest.approx(case["std_error"], rel=1e-10)


@pytest.fixture
def without_table(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Sums over risk sets by running sums, as for many distinct covariates."""
    monkeypatch.setattr(risk_sets, "MAX_TABLE", 0)
    monkeypatch.setattr(risk_sets, "SMALL_TABLE", 0)
    yield


@pytest.mark.usefixtures("without_table")
@pytest.mark.parametrize("case", R["models"], ids=named)
def test_running_sums_agree_with_r(case: dict[str, Any]) -> None:
    test_model_agrees_with_r(case)


@pytest.mark.usefixtures("without_table")
@pytest.mark.parametrize("case", R["concordances"], ids=lambda c: f"{c['data']}-{c['score']}-{c['strata']}")
def test_concordance_by_dominance_agrees_with_r(case: dict[str, Any]) -> None:
    test_concordance_agrees_with_r(case)


# --- another library -------------------------------------------------------------------------------------------------


def test_lifelines_agrees() -> None:
    data = read("rotterdam")[["time", "event", "age", "nodes", "grade", "hormon"]]
    peer = CoxPHFitter().fit(data, "time", "event", fit_options={"precision": 1e-12})
    result = estimate_hazard_ratios(data["time"], data["event"], data[["age", "nodes", "grade", "hormon"]])
    np.testing.assert_allclose(logs(result), peer.params_, rtol=1e-5)
    np.testing.assert_allclose(errors(result), peer.standard_errors_, rtol=1e-5)


# --- by hand ---------------------------------------------------------------------------------------------------------

# Twelve children after relapse: months to death or last follow-up, whether they died, and the time to relapse.
MONTHS = [2, 4, 4, 5, 7, 9, 9, 11, 12, 15, 18, 20]
DIED = [1, 1, 1, 0, 1, 1, 0, 1, 0, 1, 0, 0]
TIMING = ["early", "early", "late", "late", "early", "early", "early", "late", "early", "late", "late", "late"]


def twelve() -> pd.DataFrame:
    return pd.DataFrame({"timing": pd.Categorical(TIMING, categories=["late", "early"])})


def log_likelihood_of_twelve(h: float, ties: str) -> float:
    """The logarithm of the partial likelihood of the twelve, written out; h is the hazard ratio of an early relapse.

    At risk (early, late) at 2: 6, 6; at 4: 5, 6; at 7: 4, 4; at 9: 3, 4; at 11: 1, 4; at 15: 0, 3.
    """
    second = (4.5 * h + 5.5) if ties == "efron" else (5 * h + 6)
    factors = [h / (6 * h + 6), h / (5 * h + 6), 1 / second, h / (4 * h + 4), h / (3 * h + 4), 1 / (h + 4), 1 / 3]
    return sum(math.log(factor) for factor in factors)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_twelve_patients_by_hand(ties: Any) -> None:
    result = estimate_hazard_ratios(MONTHS, DIED, twelve(), ties=ties, conf_type="profile")
    reference, early = result.terms
    ratio, interval = early.hazard_ratio.value, early.hazard_ratio.interval
    assert ratio is not None and interval is not None and interval.low is not None and interval.high is not None

    def at(beta: float) -> float:
        return log_likelihood_of_twelve(math.exp(beta), ties)

    assert result.log_likelihood == pytest.approx(at(math.log(ratio)), rel=1e-13)
    # Each death's share of early relapses among those at risk: their sum is the number of early deaths at the maximum.
    shares = [6 * ratio / (6 * ratio + 6), 5 * ratio / (5 * ratio + 6), 4 * ratio / (4 * ratio + 4)]
    second = 4.5 * ratio / (4.5 * ratio + 5.5) if ties == "efron" else shares[1]
    shares += [second, 3 * ratio / (3 * ratio + 4), ratio / (ratio + 4), 0.0]
    assert sum(shares) == pytest.approx(4, abs=1e-10)
    information = sum(share * (1 - share) for share in shares)
    assert early.hazard_ratio.std_error == pytest.approx(information**-0.5, rel=1e-9)
    for limit in (interval.low, interval.high):
        assert at(math.log(limit)) == pytest.approx(at(math.log(ratio)) - 3.841458820694124 / 2, abs=1e-10)
    assert (early.n, early.n_event, reference.n, reference.n_event) == (6, 4, 6, 3)
    assert reference.is_reference and reference.hazard_ratio.value == 1.0 and reference.p_value is None
    (test,) = result.tests
    assert test.statistic == pytest.approx(2 * (at(math.log(ratio)) - at(0.0)), rel=1e-10)
    assert (result.n, result.n_event, result.n_parameters, result.events_per_parameter) == (12, 7, 1, 7.0)
    # Pairs with the death first: 11 at 2 months, 9 for each at 4, 7 at 7, 6 at 9, 4 at 11, 2 at 15.
    # Early against late: 6 + (6 - 1) + 4 + 4; late against early: 4 + 1; the other pairs tie.
    assert result.concordance is not None
    agree, disagree, pairs = 6 + 5 + 4 + 4, 4 + 1, 11 + 9 + 9 + 7 + 6 + 4 + 2
    exact = Fraction(2 * agree + (pairs - agree - disagree), 2 * pairs)
    assert result.concordance.value == pytest.approx(float(exact), rel=1e-14)


def test_to_frame_is_parallel_to_that_of_odds_ratios() -> None:
    frame = estimate_hazard_ratios(MONTHS, DIED, twelve()).to_frame()
    model = estimate_odds_ratios(DIED, twelve())
    assert list(frame.columns) == list(model.to_frame().columns)
    assert (model.measure, estimate_hazard_ratios(MONTHS, DIED, twelve()).measure) == ("odds ratio", "hazard ratio")
    assert model.terms[1].ratio is model.terms[1].odds_ratio
    assert list(frame["term"]) == ["timing: late", "timing: early"] and set(frame["reference"]) == {"late"}


@settings(max_examples=15, deadline=None, phases=[Phase.generate, Phase.shrink])
@given(st.integers(0, 10**6))
def test_weights_are_repeated_rows(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 24
    months = rng.integers(1, 6, n).astype(float)
    event, copies = rng.integers(0, 2, n), rng.integers(0, 5, n)
    event[:3], copies[:3] = 1, 1
    x = pd.DataFrame({"arm": pd.Categorical(rng.choice(list("ab"), n)), "x": rng.normal(size=n)})
    block, entry = rng.integers(0, 2, n), months - rng.integers(1, 4, n).clip(max=months)
    again = np.repeat(np.arange(n), copies)
    options: list[dict[str, Any]] = [
        {},
        {"ties": "breslow", "strata": block},
        {"entry": entry},
        {"robust": True},
        {"cluster": block * 3 + event},
        {"sampling_weight": rng.uniform(0.5, 2.0, n), "entry": entry},
        {"method": "firth"},
    ]
    for option in options:
        repeated = {key: value[again] if isinstance(value, np.ndarray) else value for key, value in option.items()}
        one = estimate_hazard_ratios(months, event, x, weight=copies, **option)
        other = estimate_hazard_ratios(months[again], event[again], x.iloc[again], **repeated)
        np.testing.assert_allclose(numbers(one), numbers(other), rtol=1e-7, atol=1e-9)
        assert (one.n, one.n_event, one.method, one.notes) == (other.n, other.n_event, other.method, other.notes)


def test_replication_is_exact_for_the_estimates() -> None:
    data = read("ties")
    copies = (np.arange(len(data)) * 7) % 5
    again = np.repeat(np.arange(len(data)), copies)
    one = estimate_hazard_ratios(data["time"], data["event"], data[["arm", "x"]], weight=copies)
    more = data.iloc[again]
    other = estimate_hazard_ratios(more["time"], more["event"], more[["arm", "x"]])
    np.testing.assert_allclose(logs(one), logs(other), rtol=1e-10)
    np.testing.assert_allclose(errors(one), errors(other), rtol=1e-10)


@pytest.mark.parametrize("d", [1, 2, 5, 64, 65, 66, 200, 12345])
@pytest.mark.parametrize("u", [1e-9, 0.01, 0.5, 0.999, 1.0])
def test_sums_over_tied_events(d: int, u: float) -> None:
    share = np.arange(d) / d
    expected = [math.fsum(np.log1p(-share * u))] + [math.fsum((1 - share * u) ** -power) for power in (1.0, 2.0, 3.0)]
    found = TieSums(np.array([float(d)]), "efron").sums(np.array([u]))
    np.testing.assert_allclose(np.array(found)[:, 0], expected, rtol=1e-12, atol=1e-11 * d)


def test_ten_million_patients() -> None:
    rng = np.random.default_rng(7)
    times, patterns = 3000, 16
    months = np.repeat(np.arange(times) + 1.0, 2 * patterns)
    event = np.tile(np.repeat([0, 1], patterns), times)
    pattern = np.tile(np.arange(patterns), 2 * times)
    weight = rng.poisson(110, len(months))
    weight[: 2 * patterns] *= 1000
    x = pd.DataFrame(
        {"site": pd.Categorical(pattern % 4), "cns": pattern // 4 % 2, "age": pd.Categorical(pattern // 8)}
    )
    started = time.perf_counter()
    result = estimate_hazard_ratios(months, event, x, weight=weight)
    assert time.perf_counter() - started < 2.0
    assert result.n > 10_000_000 and all(term.hazard_ratio.value for term in result.terms)


# --- what cannot be estimated ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [0, 1, 2])
@pytest.mark.parametrize("died", [0, 1])
@pytest.mark.parametrize("method", ["auto", "ml", "firth"])
def test_hardly_any_patients(n: int, died: int, method: Any) -> None:
    x = pd.DataFrame({"site": pd.Categorical(list("ab")[:n], categories=["a", "b", "c"]), "age": [3.0, 5.0][:n]})
    result = estimate_hazard_ratios([1.0, 2.0][:n], [died] * n, x, method=method)
    if n == 0 or not died:
        assert result.reason == (Reason("no-patients") if n == 0 else Reason("no-events"))
        assert {test.reason for test in result.tests} == {result.reason}
    assert len(result.terms) == 4 and len(result.to_frame()) == 4
    assert result.terms[2].hazard_ratio.reason == Reason("no-patients")
    for term in result.terms:
        assert (term.hazard_ratio.value is None) == (term.hazard_ratio.reason is not None)


def test_everybody_had_the_event() -> None:
    result = estimate_hazard_ratios([1, 2, 3, 4, 5, 6], [1] * 6, pd.DataFrame({"x": [1.0, 0, 1, 1, 0, 0]}))
    assert result.method == "ml" and result.terms[0].hazard_ratio.value is not None


def test_collinear_and_constant_columns() -> None:
    data = read("lung")
    x = data[["age", "sex"]].assign(twice=2.0 * data["age"] - data["sex"], one=1.0)
    result = estimate_hazard_ratios(data["time"], data["event"], x)
    alone = estimate_hazard_ratios(data["time"], data["event"], data[["age", "sex"]])
    np.testing.assert_allclose(logs(result), logs(alone), rtol=1e-9)
    assert result.terms[2].hazard_ratio.reason == Reason.of("collinear", names=(Name("age"), Name("sex")))
    assert result.terms[3].hazard_ratio.reason == Reason.of("one-value", value=1.0)
    assert {note.code for note in result.notes} == {"collinear", "single-level"}
    # Without age, twice stands in for it: nothing is lost.
    assert (result.tests[0].df, result.tests[2].df, result.n_parameters) == (None, None, 2)
    inside = estimate_hazard_ratios(data["time"], data["event"], data[["age", "sex"]], strata=data["sex"])
    reason = Reason("no-variation-at-risk")
    assert inside.terms[1].hazard_ratio.reason == reason and inside.terms[0].hazard_ratio.value is not None


def test_empty_reference_level() -> None:
    x = pd.DataFrame({"timing": pd.Categorical(TIMING, categories=["very early", "late", "early"])})
    result = estimate_hazard_ratios(MONTHS, DIED, x)
    assert [term.is_reference for term in result.terms] == [False, True, False]
    assert result.notes[0].code == "reference-empty" and "hazard ratios compare with timing: late" in words(
        result.notes[0]
    )


def test_univariable_models_leave_out_the_unknown() -> None:
    x = twelve().assign(age=[1.0, 7, 3, np.nan, 5, 6, 2, 8, 9, 4, 11, 10])
    timing, age = estimate_univariable_hazard_ratios(MONTHS, DIED, x)
    assert timing.n == 12 and age.n == 11
    assert age.notes[0].code == "missing-excluded" and words(age.notes[0]).startswith("1 of 12 patients without age")
    known = x["age"].notna().to_numpy()
    same = estimate_hazard_ratios(np.array(MONTHS)[known], np.array(DIED)[known], x.loc[known, ["age"]])
    assert same.terms == age.terms
    assert estimate_univariable_hazard_ratios(MONTHS, DIED, x[[]]) == ()


# --- inputs ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ties": "exact"}, "ties must be one of efron, breslow: it is 'exact'"),
        ({"method": "bayes"}, "method must be one of auto, ml, firth"),
        ({"conf_type": "score"}, "conf_type must be one of wald, profile"),
        ({"conf_level": 95}, "conf_level must lie between 0 and 1"),
        ({"robust": True, "method": "firth"}, "'firth' has no robust standard errors"),
        ({"robust": True, "conf_type": "profile"}, "'profile' has no robust form"),
        ({"sampling_weight": [1.0] * 11 + [0.0]}, r"sampling_weight must be finite and above 0: 1 of 12.*row 11: 0"),
        ({"sampling_weight": [1.0]}, "sampling_weight must have one value per row: it has 1 for 12"),
        ({"cluster": [1.0] * 11 + [np.nan]}, "cluster must be known: it is missing in 1 of 12"),
        ({"weight": [0.5] * 12}, "weight must be a whole number of patients"),
        ({"entry": MONTHS}, "entry must be before time"),
        ({"covariates": pd.DataFrame({"x": [1.0]})}, "one row per entry of time: 1 rows against 12"),
        ({"covariates": pd.DataFrame({"x": [1.0] * 11 + [np.nan]})}, r"'x' is missing in 1 of 12 rows .*row 11"),
        ({"event": [2] * 12}, "event must be 0 or 1"),
    ],
)
def test_wrong_input_says_what_and_where(options: dict[str, Any], message: str) -> None:
    arguments: dict[str, Any] = {"time": MONTHS, "event": DIED, "covariates": twelve(), **options}
    with pytest.raises(ValueError, match=message):
        estimate_hazard_ratios(**arguments)


def test_concordance_of_hardly_any_patients() -> None:
    assert concordance([], [], []).reason == Reason("no-patients")
    assert concordance([1.0, 2.0], [0, 0], [1.0, 2.0]).reason == Reason("no-events")
    assert concordance([1.0], [1], [1.0]).reason == Reason("no-pair")
    best = concordance([1.0, 2.0], [1, 1], [5.0, 2.0])
    assert best.value == 1.0 and best.interval is None
    with pytest.raises(ValueError, match=r"score must be finite: 1 of 2 values are not \(first at row 1: nan\)"):
        concordance([1.0, 2.0], [1, 1], [5.0, np.nan])


PATIENTS = pd.DataFrame(
    {
        "months": [5, 6, 6, 8, 9, 11, 12, 14, 15, 15, 18, 20],
        "died": [1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 0],
        "score": [3.0, 1.0, 2.0, 4.0, 2.0, 1.0, 0.0, 3.0, 1.0, 2.0, 0.0, 1.0],
    }
)


def test_one_cluster_has_no_robust_standard_error() -> None:
    result = estimate_hazard_ratios(
        PATIENTS["months"], PATIENTS["died"], PATIENTS[["score"]], cluster=["one hospital"] * len(PATIENTS)
    )
    (term,) = result.terms
    assert term.hazard_ratio.value is None and term.p_value is None and term.statistic is None
    assert "robust standard error is 0, as too few clusters" in said(term.hazard_ratio.reason)
    assert result.tests[0].p_value is None and result.tests[0].reason == Reason("singular-robust-covariance")
    assert result.concordance is not None and result.concordance.value is not None
    assert result.concordance.interval is None
    assert [note.code for note in result.notes if note.code == "few-clusters"] == ["few-clusters"]


def test_few_clusters_are_noted_and_many_are_not() -> None:
    twice = pd.concat([PATIENTS, PATIENTS], ignore_index=True)
    arrays = (twice["months"], twice["died"], twice[["score"]])
    few = estimate_hazard_ratios(*arrays, cluster=np.arange(len(twice)) % 4)
    assert few.terms[0].hazard_ratio.value is not None
    assert "4 clusters" in next(words(note) for note in few.notes if note.code == "few-clusters")
    many = estimate_hazard_ratios(*arrays, cluster=np.arange(len(twice)))
    assert "few-clusters" not in {note.code for note in many.notes}


def test_robust_standard_error_of_0_is_no_estimate() -> None:
    result = estimate_hazard_ratios([5, 5], [1, 1], pd.DataFrame({"score": [1.0, 2.0]}), robust=True)
    assert result.terms[0].hazard_ratio.value is None
    assert "too few patients" in said(result.terms[0].hazard_ratio.reason)


def test_proportional_hazards_are_tested_beside_the_model() -> None:
    tests = proportional_hazards_test(PATIENTS["months"], PATIENTS["died"], PATIENTS[["score"]]).tests
    assert [test.variable for test in tests] == ["score"] and tests[0].df == 1


def test_sampling_weights_of_rows_without_patients_do_not_matter() -> None:
    weight = np.ones(len(PATIENTS))
    weight[[2, 7]] = 0
    share = np.linspace(0.5, 1.5, len(PATIENTS))
    arrays = (PATIENTS["months"], PATIENTS["died"], PATIENTS[["score"]])
    expected = estimate_hazard_ratios(*arrays, weight=weight, sampling_weight=share).terms
    share[[2, 7]] = np.nan
    assert estimate_hazard_ratios(*arrays, weight=weight, sampling_weight=share).terms == expected
    share[3] = np.nan
    with pytest.raises(ValueError, match="1 of 12 values are not"):
        estimate_hazard_ratios(*arrays, weight=weight, sampling_weight=share)


# Two maxima of the penalised likelihood


TWO_MAXIMA = [
    ([1, 4, 2, 3, 2], [0, 1, 0, 1, 1], [2, 10, 30, 10, 5]),
    ([1, 3, 1, 1, 1, 2], [0, 0, 0, 1, 1, 0], [2, 5, 5, 1, 1, 100]),
    ([4, 2, 4, 1, 1], [1, 0, 1, 0, 1], [5, 2, 5, 30, 1]),
    ([3, 1, 2], [1, 1, 1], [100, 2, 5]),
    ([4, 3, 1, 1, 3], [0, 1, 0, 1, 1], [0, 2, 5, 30, 1]),
]


@pytest.mark.parametrize(("time", "event", "number"), TWO_MAXIMA)
def test_firth_limits_are_the_outermost_points_of_the_profile_and_nested(
    time: list[float], event: list[int], number: list[float]
) -> None:
    covariates = pd.DataFrame({"b": np.array(number, dtype=float)})
    likelihood = CoxSample.from_arrays(time, event, covariates).likelihood("efron", penalised=True)
    unit = float(np.ptp(covariates["b"]) / np.ptp(likelihood.design))

    def height(log_ratio: float) -> float:
        return likelihood.at(np.array([log_ratio * unit])).log_likelihood

    grid = np.concatenate([-np.geomspace(30, 1e-3, 400), np.geomspace(1e-3, 30, 400)]) / unit
    heights = np.array([height(value) for value in grid])
    inside: tuple[float, float] | None = None
    for level in (0.5, 0.8, 0.9, 0.95, 0.99):
        (term,) = estimate_hazard_ratios(time, event, covariates, method="firth", conf_level=level).terms
        assert term.ratio.value is not None and term.ratio.interval is not None
        peak = height(math.log(term.ratio.value))
        assert peak >= heights.max() - 1e-9
        target = peak - float(ndtri((1 + level) / 2)) ** 2 / 2
        assert term.ratio.interval.low is not None and term.ratio.interval.high is not None
        low, high = math.log(term.ratio.interval.low), math.log(term.ratio.interval.high)
        assert height(low) == pytest.approx(target, abs=1e-6) and height(high) == pytest.approx(target, abs=1e-6)
        beyond = (grid < low - 1e-6) | (grid > high + 1e-6)
        assert (heights[beyond] < target).all()
        assert inside is None or (low <= inside[0] and inside[1] <= high)
        inside = low, high
