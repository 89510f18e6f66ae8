"""What a logistic model is given: kinds of columns, empty levels, hardly any patients, and refusals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analytics.estimators import estimate_odds_ratios, estimate_univariable_odds_ratios
from analytics.results import Name, OddsRatioResult, Reason
from tests.estimators.regression.logistic_patients import codes, fitted, read
from tests.estimators.said import said, words


def assert_same(a: OddsRatioResult, b: OddsRatioResult, rtol: float = 1e-9) -> None:
    """Equal to rounding in every number of the frame, test and likelihood."""
    frame_a, frame_b = a.to_frame(), b.to_frame()
    assert (a.method, a.reason, a.n, a.n_event, a.n_parameters) == (b.method, b.reason, b.n, b.n_event, b.n_parameters)
    pd.testing.assert_frame_equal(frame_a, frame_b, rtol=rtol, atol=1e-9, check_dtype=False)
    assert [t.reason for t in a.tests] == [t.reason for t in b.tests]
    for one, other in zip(a.tests, b.tests, strict=True):
        assert one.df == other.df
        if one.statistic is not None and other.statistic is not None:
            assert one.statistic == pytest.approx(other.statistic, rel=1e-8, abs=1e-8)


# --- inputs ----------------------------------------------------------------------------------------------------------


def test_kinds_of_columns() -> None:
    rng = np.random.default_rng(5)
    size = 200
    x = pd.DataFrame(
        {
            "cat": pd.Categorical(rng.choice(["b", "a"], size), categories=["b", "a", "none"]),
            "text": rng.choice(["z", "y", "x"], size),
            "flag": rng.random(size) < 0.5,
            "nullable": pd.array(rng.random(size) < 0.5, dtype="boolean"),
            "age": rng.normal(9, 4, size),
            "count": pd.array(rng.integers(0, 5, size), dtype="Int64"),
        }
    )
    result = estimate_odds_ratios(pd.Series(rng.integers(0, 2, size), index=range(1000, 1000 + size)), x)
    rows = [(t.variable, t.level, t.is_reference) for t in result.terms]
    assert rows == [
        ("cat", "b", True),
        ("cat", "a", False),
        ("cat", "none", False),
        ("text", "x", True),
        ("text", "y", False),
        ("text", "z", False),
        ("flag", "False", True),
        ("flag", "True", False),
        ("nullable", "False", True),
        ("nullable", "True", False),
        ("age", None, False),
        ("count", None, False),
    ]
    empty = result.terms[2]
    assert (empty.n, empty.odds_ratio.value, empty.odds_ratio.reason) == (0, None, Reason("no-patients"))
    assert {t.odds_ratio.reason for t in result.terms} == {None, Reason("no-patients")}
    assert result.terms[10].n == size
    frame = result.to_frame()
    assert list(frame["term"])[:3] == ["cat: b", "cat: a", "cat: none"]
    assert len(frame) == 12


def test_empty_reference_moves_to_the_next_level_with_a_note() -> None:
    x = pd.DataFrame({"site": pd.Categorical(["cns"] * 6 + ["testis"] * 4, categories=["marrow", "cns", "testis"])})
    result = estimate_odds_ratios([1, 0, 1, 0, 0, 0, 1, 1, 1, 0], x)
    assert [t.is_reference for t in result.terms] == [False, True, False]
    assert result.terms[0].odds_ratio.reason == Reason("no-patients")
    assert result.terms[2].odds_ratio.value == pytest.approx(3 / (2 / 4), rel=1e-12)
    (note,) = [note for note in result.notes if note.code == "reference-empty"]
    assert "site: marrow" in words(note) and "cns" in words(note)


def test_one_level_left() -> None:
    x = pd.DataFrame(
        {
            "sex": pd.Categorical(["f"] * 6, categories=["f", "m"]),
            "dose": [2.0] * 6,
            "site": pd.Categorical(list("aabbbb")),
        }
    )
    result = estimate_odds_ratios([1, 0, 1, 0, 1, 0], x)
    f, m, dose, *_ = result.terms
    assert (f.odds_ratio.value, m.odds_ratio.reason) == (1.0, Reason("no-patients"))
    assert dose.odds_ratio.reason == Reason.of("one-value", value=2.0)
    assert [t.reason for t in result.tests] == [Reason("one-level"), Reason.of("one-value", value=2.0), None]
    assert result.tests[2].df == 1
    assert result.n_parameters == 1
    assert [note.code for note in result.notes].count("single-level") == 2


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        ([], Reason("no-patients")),
        ([0], Reason("no-events")),
        ([1], Reason("all-had-event")),
        ([0, 0, 0], Reason("no-events")),
    ],
)
@pytest.mark.parametrize("method", ["auto", "ml", "firth"])
def test_nothing_to_fit(outcome: list[int], reason: str, method: Any) -> None:
    x = pd.DataFrame(
        {
            "a": pd.Categorical(["u", "v", "u"][: len(outcome)], categories=["u", "v"]),
            "z": [1.0, 2.0, 5.0][: len(outcome)],
        }
    )
    result = estimate_odds_ratios(np.array(outcome, dtype=int), x, method=method)
    assert result.reason == reason
    assert (result.n, result.n_event) == (len(outcome), sum(outcome))
    assert result.n_parameters == 0 and result.events_per_parameter is None
    assert [t.odds_ratio.value for t in result.terms] == [1.0, None, None]
    assert {t.odds_ratio.reason for t in result.terms if not t.is_reference} <= {reason, Reason("no-patients")}
    assert {t.reason for t in result.tests} == {reason}
    assert len(result.to_frame()) == 3


def test_two_patients() -> None:
    x = pd.DataFrame({"a": pd.Categorical(["u", "v"]), "z": [1.0, 2.0]})
    result = estimate_odds_ratios([0, 1], x)
    assert result.method == "firth" and result.reason is None
    # Firth with a half added to every cell: (1.5 / 0.5) / (0.5 / 1.5) = 9.
    assert result.terms[1].odds_ratio.value == pytest.approx(9.0, rel=1e-9)
    assert result.terms[2].odds_ratio.reason == Reason.of("collinear", names=(Name("a", "v"),))


def test_no_covariates() -> None:
    result = estimate_odds_ratios([1, 0, 0], pd.DataFrame(index=range(3)))
    assert result.terms == () and result.tests == () and result.n_parameters == 0
    assert result.log_likelihood == pytest.approx(math.log(1 / 3) + 2 * math.log(2 / 3), rel=1e-13)
    assert estimate_univariable_odds_ratios([1, 0, 0], pd.DataFrame(index=range(3))) == ()


def test_few_events_per_parameter_is_said_with_the_number() -> None:
    result = fitted("birthwt")
    (note,) = [note for note in result.notes if note.code == "events-per-parameter"]
    assert (note.severity, result.events_per_parameter) == ("info", 59 / 8)
    assert "59 patients with the event for 8 estimated parameters: 7.4 per parameter" in words(note)
    outcome, covariates, _ = read("birthwt")
    fewer = estimate_odds_ratios(outcome[60:150], covariates[60:150])
    assert [n.severity for n in fewer.notes if n.code == "events-per-parameter"] == ["caution"]


def test_more_parameters_than_patients() -> None:
    rng = np.random.default_rng(3)
    x = pd.DataFrame({f"z{i}": rng.normal(size=6) for i in range(9)})
    result = estimate_odds_ratios([0, 1, 0, 1, 1, 0], x)
    assert result.method == "firth"
    assert result.n_parameters == 5
    reasons = [t.odds_ratio.reason for t in result.terms]
    assert reasons[:5] == [None] * 5 and all(r and r.code == "collinear" for r in reasons[5:])


@pytest.mark.parametrize(
    ("outcome", "covariates", "weight", "message"),
    [
        ([0, 2, 1], {"a": [1.0, 2, 3]}, None, r"outcome must be 0 or 1.*1 of 3 values are not \(first at row 1: 2\)"),
        (["no", "yes", "no"], {"a": [1.0, 2, 3]}, None, "outcome must be 0 or 1.*such as 'no'"),
        ([0, None, 1], {"a": [1.0, 2, 3]}, None, r"outcome is missing in 1 of 3 rows \(first at row 1\)"),
        ([0, 1, 1], {"a": [1.0, np.nan, np.nan]}, None, r"covariate 'a' is missing in 2 of 3 rows \(first at row 1\)"),
        ([0, 1, 1], {"a": ["u", None, "v"]}, None, r"covariate 'a' is missing in 1 of 3 rows"),
        ([0, 1, 1], {"a": [1.0, np.inf, 2]}, None, r"covariate 'a' must be finite: 1 of 3 values .*row 1: inf"),
        ([0, 1], {"a": [1.0, 2, 3]}, None, "3 rows against 2 entries"),
        ([0, 1, 1], {"a": [1.0, 2, 3]}, [1, 2], "weight must have one entry per row of outcome: 2 against 3"),
        ([0, 1, 1], {"a": [1.0, 2, 3]}, [1, -2, 1], r"weight must be a number of patients.*row 1: -2"),
        ([0, 1, 1], {"a": [1.0, 2, 3]}, [1, 2, 0.5], r"weight must be a number of patients.*row 2: 0.5"),
        ([0, 1, 1], {"a": [1.0, 2, 3]}, [1, np.nan, 1], r"weight must be a number of patients.*row 1: nan"),
    ],
)
def test_wrong_input_says_what_and_where(outcome: Any, covariates: Any, weight: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        estimate_odds_ratios(outcome, pd.DataFrame(covariates), weight=weight)


def test_wrong_options_and_kinds() -> None:
    x = pd.DataFrame({"a": [1.0, 2.0, 3.0]})
    with pytest.raises(ValueError, match="method must be one of auto, ml, firth"):
        estimate_odds_ratios([0, 1, 1], x, method="lasso")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="conf_type must be one of"):
        estimate_odds_ratios([0, 1, 1], x, conf_type="exact")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="conf_level"):
        estimate_odds_ratios([0, 1, 1], x, conf_level=95)
    with pytest.raises(TypeError, match="DataFrame"):
        estimate_odds_ratios([0, 1, 1], x["a"])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="'day' must be categorical"):
        estimate_odds_ratios([0, 1, 1], pd.DataFrame({"day": pd.to_datetime(["2020-01-01"] * 3)}))
    with pytest.raises(ValueError, match="distinct names: 'a'"):
        estimate_odds_ratios([0, 1, 1], pd.concat([x, x], axis=1))


def test_zero_weight_drops_even_what_is_missing() -> None:
    x = pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0, np.nan]})
    result = estimate_odds_ratios([0, 1, 0, 1, None], x, weight=[2, 1, 3, 4, 0])
    assert result.n == 10
    assert_same(result, estimate_odds_ratios([0, 1, 0, 1], x[:4], weight=[2, 1, 3, 4]))


def test_univariable_models_use_their_own_patients() -> None:
    outcome, covariates, _ = read("birthwt")
    covariates = covariates[["age", "race", "smoke"]].copy()
    covariates.loc[3:7, "race"] = None
    results = estimate_univariable_odds_ratios(outcome, covariates)
    assert [result.n for result in results] == [189, 184, 189]
    for name, result in zip(covariates, results, strict=True):
        known = covariates[name].notna()
        assert_same(result, estimate_odds_ratios(outcome[known], covariates.loc[known, [name]]))
    (note,) = [note for note in results[1].notes if note.code == "missing-excluded"]
    assert "5 of 189 patients" in words(note)
    assert "missing-excluded" not in codes(results[0])


def test_odds_ratio_beyond_the_range_of_numbers_gives_a_reason() -> None:
    rng = np.random.default_rng(2)
    z = rng.normal(size=80)
    y = (z + rng.normal(size=80) > 0).astype(int)
    result = estimate_odds_ratios(y, pd.DataFrame({"z": z / 1e6}))
    assert result.terms[0].odds_ratio.value is None
    assert "another unit" in said(result.terms[0].odds_ratio.reason)
    assert result.tests[0].statistic == pytest.approx(
        estimate_odds_ratios(y, pd.DataFrame({"z": z})).tests[0].statistic, rel=1e-9
    )
