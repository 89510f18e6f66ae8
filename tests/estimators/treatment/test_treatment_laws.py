"""Treatments that begin during follow-up: what holds for any patients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.estimators import (
    estimate_hazard_ratios,
    estimate_survival,
    ever_treated,
    landmark_survival,
    logrank_test,
    mantel_byar_test,
    naive_hazard_ratio,
    simon_makuch,
    split_at_treatment,
    time_dependent_hazard_ratio,
)
from analytics.results import HazardRatioResult, TestResult
from tests.estimators.treatment.treated_patients import patients

MODERATE = settings(max_examples=40, deadline=None)


def assert_same_test(one: TestResult, other: TestResult) -> None:
    assert (one.df, one.reason is None) == (other.df, other.reason is None)
    if one.statistic is not None:
        assert one.statistic == pytest.approx(other.statistic, rel=1e-9, abs=1e-11)
    np.testing.assert_allclose(one.expected, other.expected, rtol=1e-12)
    np.testing.assert_allclose(one.observed, other.observed, rtol=1e-12)


def assert_same_model(one: HazardRatioResult, other: HazardRatioResult) -> None:
    assert (one.n, one.n_event, one.method, one.reason) == (other.n, other.n_event, other.method, other.reason)
    for a, b in zip(one.terms, other.terms, strict=True):
        assert (a.variable, a.level, a.n, a.n_event) == (b.variable, b.level, b.n, b.n_event)
        assert (a.hazard_ratio.value is None) == (b.hazard_ratio.value is None)
        if a.hazard_ratio.value is not None:
            assert a.hazard_ratio.value == pytest.approx(b.hazard_ratio.value, rel=1e-6)


@MODERATE
@given(patients())
def test_rows_keep_all_follow_up_and_all_events(data: dict[str, Any]) -> None:
    rows = split_at_treatment(**data)
    assert (rows.entry < rows.time).all()
    follow_up = np.bincount(rows.row, rows.time - rows.entry, len(data["time"]))
    np.testing.assert_allclose(follow_up[data["time"] > 0], data["time"][data["time"] > 0])
    np.testing.assert_array_equal(np.bincount(rows.row, rows.event, len(data["time"])), data["event"])


@MODERATE
@given(patients(), st.data())
def test_weights_equal_repeated_rows(data: dict[str, Any], more: st.DataObject) -> None:
    n = len(data["time"])
    weight = np.array(more.draw(st.lists(st.integers(0, 3), min_size=n, max_size=n)))
    repeated = {name: np.repeat(values, weight) for name, values in data.items()}
    assert_same_test(mantel_byar_test(**data, weight=weight), mantel_byar_test(**repeated))
    for function in (time_dependent_hazard_ratio, naive_hazard_ratio):
        assert_same_model(function(**data, weight=weight), function(**repeated))
    one, other = simon_makuch(**data, weight=weight), simon_makuch(**repeated)
    pd.testing.assert_frame_equal(one.to_frame(), other.to_frame())
    assert one.notes == other.notes
    at, again = landmark_survival(**data, weight=weight, landmark=3), landmark_survival(**repeated, landmark=3)
    assert_same_test(at.test, again.test)
    assert_same_model(at.hazard_ratio, again.hazard_ratio)
    assert (at.n, at.n_treated, at.n_switch_later, at.notes) == (
        again.n,
        again.n_treated,
        again.n_switch_later,
        again.notes,
    )
    pd.testing.assert_frame_equal(at.curves.to_frame(), again.curves.to_frame())


@MODERATE
@given(patients())
def test_treated_from_the_start_or_never_is_the_plain_comparison(data: dict[str, Any]) -> None:
    data["treated_at"] = np.where(np.isnan(data["treated_at"]), np.nan, 0)
    group = pd.Categorical(np.where(np.isnan(data["treated_at"]), "a", "b"), ["a", "b"])
    plain = logrank_test(data["time"], data["event"], group)
    assert_same_test(mantel_byar_test(**data), plain)
    model = estimate_hazard_ratios(data["time"], data["event"], pd.DataFrame({"treatment": group}))
    for function in (time_dependent_hazard_ratio, naive_hazard_ratio):
        found = function(**data, untreated="a", treated="b")
        assert_same_model(found, model)
        assert "immortal-time" not in [note.code for note in found.notes]
    curves = simon_makuch(**data, untreated="a", treated="b")
    pd.testing.assert_frame_equal(
        curves.to_frame(), estimate_survival(data["time"], data["event"], group=group).to_frame()
    )
    later = data["time"] > 0
    found_at = landmark_survival(**data, landmark=0, untreated="a", treated="b")
    assert_same_test(found_at.test, logrank_test(data["time"][later], data["event"][later], group[later]))


@MODERATE
@given(patients())
def test_naive_is_the_model_of_ever_and_never(data: dict[str, Any]) -> None:
    ever = pd.DataFrame({"treatment": ever_treated(**data)})
    assert_same_model(naive_hazard_ratio(**data), estimate_hazard_ratios(data["time"], data["event"], ever))


@MODERATE
@given(patients())
def test_two_states_are_one_state_of_a_mapping(data: dict[str, Any]) -> None:
    mapped = {**data, "treated_at": {"HSCT": data["treated_at"]}}
    assert mantel_byar_test(**data, treated="HSCT") == mantel_byar_test(**mapped)
    one, other = split_at_treatment(**data, treated="HSCT"), split_at_treatment(**mapped)
    pd.testing.assert_frame_equal(one.to_frame(), other.to_frame())


@MODERATE
@given(patients(), st.sampled_from([0.0, 1.0, 2.5, 4.0, 9.0]))
def test_landmark_is_the_plain_comparison_of_those_who_reach_it(data: dict[str, Any], landmark: float) -> None:
    kept = data["time"] > landmark
    treated = data["treated_at"] <= landmark  # never (NaN) is not
    found = landmark_survival(**data, landmark=landmark)
    group = np.where(treated, "treated", "untreated")[kept]
    assert_same_test(
        found.test,
        logrank_test(data["time"][kept], data["event"][kept], pd.Categorical(group, ["untreated", "treated"])),
    )
    assert found.n + found.n_event_before + found.n_censored_before == len(data["time"])
    assert (found.n_treated, found.n_untreated) == (treated[kept].sum(), (~treated[kept]).sum())
    assert found.n_event == sum(curve.n_event for curve in found.curves.curves)


@MODERATE
@given(patients(first_time=1), st.sampled_from([7.0, 0.03125, 365.0]))
def test_the_unit_of_time_does_not_matter(data: dict[str, Any], scale: float) -> None:
    scaled = {**data, "time": data["time"] * scale, "treated_at": data["treated_at"] * scale}
    assert_same_test(mantel_byar_test(**data), mantel_byar_test(**scaled))
    assert_same_model(time_dependent_hazard_ratio(**data), time_dependent_hazard_ratio(**scaled))


@MODERATE
@given(patients())
def test_curves_end_where_their_patients_do(data: dict[str, Any]) -> None:
    found = simon_makuch(**data)
    rows = split_at_treatment(**data)
    for code, curve in enumerate(found.curves):
        own = rows.state.codes == code
        assert (curve.n, curve.n_event) == (own.sum(), rows.event[own].sum())
        assert (np.diff(curve.estimate) <= 0).all()
        assert (curve.n_risk > 0).all()
