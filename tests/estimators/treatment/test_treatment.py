"""Treatments that begin during follow-up: against R, worked out by hand, in the reference cohort, and by their laws."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analytics.estimators import (
    ever_treated,
    landmark_profile,
    landmark_survival,
    logrank_test,
    mantel_byar_test,
    n_at_risk,
    naive_hazard_ratio,
    simon_makuch,
    split_at_treatment,
    survival_at,
    time_dependent_hazard_ratio,
)
from analytics.results import Reason
from tests.estimators.said import said, words
from tests.estimators.treatment.treated_patients import R, assert_model, estimable, read_data

# Twelve patients by hand

TIME = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 12]
EVENT = [1, 0, 1, 1, 0, 1, 1, 0, 0, 1, 0, 0]
SWITCH = [math.nan, math.nan, 3, 5, 2, math.nan, 0, 4, 5, 12, 6, math.inf]


#         never     never  3-4 at death  2-6  never  all  4-9 5-10 late  6-12  never


def test_twelve_patients_are_cut_by_hand() -> None:
    found = split_at_treatment(TIME, EVENT, SWITCH)
    expected = [
        (0, 0, 0, 2, 1),
        (1, 0, 0, 3, 0),
        (2, 0, 0, 3, 0),
        (2, 1, 3, 4, 1),
        (3, 0, 0, 4.5, 0),
        (3, 1, 4.5, 5, 1),  # dies on the day of treatment: treated for the last half day
        (4, 0, 0, 2, 0),
        (4, 1, 2, 6, 0),
        (5, 0, 0, 7, 1),
        (6, 1, 0, 8, 1),  # treated from the start
        (7, 0, 0, 4, 0),
        (7, 1, 4, 9, 0),
        (8, 0, 0, 5, 0),
        (8, 1, 5, 10, 0),
        (9, 0, 0, 11, 1),  # would have been treated after death
        (10, 0, 0, 6, 0),
        (10, 1, 6, 12, 0),
        (11, 0, 0, 12, 0),
    ]
    rows = zip(found.row, found.state.codes, found.entry, found.time, found.event, strict=True)
    assert list(rows) == expected
    assert list(found.state.categories) == ["not yet treated", "treated"]
    assert found.to_frame().columns.tolist() == ["row", "state", "entry", "time", "event", "weight"]
    assert not found.entry.flags.writeable and not found.row.flags.writeable


def test_twelve_patients_are_compared_by_hand() -> None:
    found = mantel_byar_test(TIME, EVENT, SWITCH)
    # At each death (untreated, treated) at risk: 2: 11, 1; 4: 7, 3; 5: 5, 4; 7: 3, 4; 8: 2, 4; 11: 2, 1.
    at_risk = [(11, 1), (7, 3), (5, 4), (3, 4), (2, 4), (2, 1)]
    expected = sum(treated / (untreated + treated) for untreated, treated in at_risk)
    variance = sum(a * b / (a + b) ** 2 for a, b in at_risk)
    statistic, df, p_value = estimable(found)
    assert found.observed == (3, 3)
    assert found.expected[1] == pytest.approx(expected, rel=1e-14)
    assert statistic == pytest.approx((3 - expected) ** 2 / variance, rel=1e-13)
    assert p_value == pytest.approx(math.erfc(math.sqrt(statistic / 2)), rel=1e-12)
    assert (df, found.method) == (1, "Mantel–Byar test")
    assert [(g.group, g.n) for g in found.groups] == [("not yet treated", 11), ("treated", 7)]


def test_twelve_patients_have_curves_by_hand() -> None:
    untreated, treated = simon_makuch(TIME, EVENT, SWITCH).curves
    steps = {2: 10 / 11, 7: 2 / 3, 11: 1 / 2}
    np.testing.assert_array_equal(untreated.time, [2, 3, 4, 4.5, 5, 6, 7, 11, 12])
    at = dict(zip(untreated.time, untreated.estimate, strict=True))
    assert at[2] == pytest.approx(10 / 11)
    # The deaths at 4 and 5 are those of treated patients.
    assert at[5] == pytest.approx(steps[2])
    assert at[12] == pytest.approx(steps[2] * steps[7] * steps[11])
    at = dict(zip(treated.time, treated.estimate, strict=True))
    assert at[4] == pytest.approx(2 / 3)
    assert at[5] == pytest.approx(2 / 3 * 3 / 4)
    assert at[12] == pytest.approx(2 / 3 * 3 / 4 * 3 / 4)
    np.testing.assert_array_equal(treated.entry, [0, 2, 3, 4, 4.5, 5, 6])
    assert n_at_risk(treated, [0, 4, 6, 13]).tolist() == [1, 3, 4, 0]


def test_twelve_patients_at_a_landmark_by_hand() -> None:
    found = landmark_survival(TIME, EVENT, SWITCH, landmark=5)
    assert (found.n, found.n_event_before, found.n_censored_before) == (8, 3, 1)
    assert (found.n_treated, found.n_untreated, found.n_switch_later, found.n_event) == (4, 4, 1, 3)
    # Treated at 5 or before: 6+, 8, 9+, 10+; not: 7, 11, 12+, 12+.
    alone = logrank_test([6, 8, 9, 10, 7, 11, 12, 12], [0, 1, 0, 0, 1, 1, 0, 0], ["b"] * 4 + ["a"] * 4)
    assert (found.test.statistic, found.test.p_value) == (alone.statistic, alone.p_value)
    assert [note.code for note in found.notes] == ["excluded-before-landmark", "switch-after-landmark"]
    assert words(found.notes[0]) == (
        "4 patients of 12 left out: 3 with the event up to the landmark, 1 not followed beyond it."
    )
    assert words(found.notes[1]) == "1 patient changes treatment after the landmark and stays in the group of then."
    untreated, treated = found.curves.curves
    assert (untreated.time.tolist(), treated.time.tolist()) == ([7, 11, 12], [6, 8, 9, 10])
    assert survival_at(treated, [4])[0].value is None  # the curve starts at the landmark
    frame = found.to_frame()
    assert frame["level"].tolist() == ["not yet treated", "treated"]
    assert frame["n"].tolist() == [4, 4]
    assert frame["p_value_logrank"].tolist() == [alone.p_value] * 2
    assert frame["statistic_logrank"].tolist() == [alone.statistic] * 2
    ratio = found.hazard_ratio.terms[1]
    assert np.isnan(frame["p_value"].iloc[0]), "the reference is compared with nothing"
    assert frame["p_value"].iloc[1] == ratio.p_value == pytest.approx(alone.p_value, abs=1e-3)
    assert frame["landmark"].tolist() == [5, 5]


def test_curves_may_start_at_a_landmark() -> None:
    untreated, treated = simon_makuch(TIME, EVENT, SWITCH, landmark=5).curves
    assert (untreated.n, treated.n) == (4, 5)  # one of the four is treated at 6
    np.testing.assert_array_equal(treated.entry, [5, 6])
    np.testing.assert_array_equal(treated.n_entry, [4, 1])
    assert untreated.time.tolist() == [6, 7, 11, 12]


def test_one_patient_passes_through_several_states() -> None:
    treated_at = {"CAR-T": [3, 5, 2, None], "HSCT": [6, 5, None, 1]}
    found = split_at_treatment([10, 10, 10, 10], [1, 0, 1, 0], treated_at, untreated="chemotherapy")
    rows = zip(found.row, found.state, found.entry, found.time, found.event, strict=True)
    assert list(rows) == [
        (0, "chemotherapy", 0, 3, 0),
        (0, "CAR-T", 3, 6, 0),
        (0, "HSCT", 6, 10, 1),
        (1, "chemotherapy", 0, 5, 0),
        (1, "HSCT", 5, 10, 0),  # both on one day: the later in the mapping
        (2, "chemotherapy", 0, 2, 0),
        (2, "CAR-T", 2, 10, 1),
        (3, "chemotherapy", 0, 1, 0),
        (3, "HSCT", 1, 10, 0),
    ]
    assert ever_treated([10] * 4, [1, 0, 1, 0], treated_at).tolist() == ["HSCT", "HSCT", "CAR-T", "HSCT"]
    backwards = {"HSCT": treated_at["HSCT"], "CAR-T": treated_at["CAR-T"]}
    assert ever_treated([10] * 4, [1, 0, 1, 0], backwards).tolist()[1] == "CAR-T"
    found_at = landmark_survival([10] * 4, [1, 0, 1, 0], treated_at, landmark=4)
    assert (found_at.n_treated, found_at.n_untreated, found_at.n_switch_later) == (3, 1, 2)


def test_delayed_entry_after_the_switch() -> None:
    found = split_at_treatment([5, 6, 7], [1, 1, 0], [1, 3, 3], entry=[2, 2, 3])
    rows = zip(found.row, found.state.codes, found.entry, found.time, strict=True)
    assert list(rows) == [(0, 1, 2, 5), (1, 0, 2, 3), (1, 1, 3, 6), (2, 1, 3, 7)]


def test_times_that_differ_by_rounding_are_one_time() -> None:
    found = split_at_treatment([0.3, 0.6], [1, 0], [0.1 + 0.2, 0.1])
    assert found.state.codes.tolist() == [0, 1, 0, 1]
    assert found.entry[1] == pytest.approx(0.25)  # half of the smallest step before the end


# The day of treatment itself


@pytest.mark.parametrize("case", ["died", "left"])
def test_what_happens_on_the_day_of_treatment_happens_under_treatment(case: str) -> None:
    expected = R["on_the_day"][case]
    patients = {name: np.array(expected[name], dtype=float) for name in ("time", "event", "treated_at")}
    found = time_dependent_hazard_ratio(**patients)
    (term,) = (t for t in found.terms if not t.is_reference)
    assert (term.n, term.n_event) == (16, 8 if case == "died" else 4)
    assert_model(found, expected)
    assert estimable(mantel_byar_test(**patients))[0] == pytest.approx(expected["score"], rel=1e-9)
    assert_model(naive_hazard_ratio(**patients), expected["naive"])
    treated = simon_makuch(**patients).curves[1]
    for name, values in (("time", treated.time), ("n_risk", treated.n_risk), ("estimate", treated.estimate)):
        np.testing.assert_allclose(values, expected["curve"][name], rtol=1e-12)
    if case == "died":
        assert f"{term.hazard_ratio.value:.2f}" == "1.08"
        wald = time_dependent_hazard_ratio(**patients, conf_type="wald").terms[1].hazard_ratio.interval
        assert wald is not None
        np.testing.assert_allclose([wald.low, wald.high], expected["interval"], rtol=1e-7)
    # Those treated on day 100 are treated on day 100, whoever dies then, and nobody is on day 99.
    at = [landmark_survival(**patients, landmark=day) for day in (99, 100, 109)]
    assert [(one.n, one.n_treated, one.n_switch_later) for one in at] == [(28, 12, 4), (27, 12, 3), (27, 12, 3)]


def test_the_days_of_the_heart_data_give_its_rows() -> None:
    data = read_data("jasa")
    found = time_dependent_hazard_ratio(data["time"] + 1, data["event"], data["treated_at"] + 1)
    assert_model(found, R["heart_rows"])


def test_a_landmark_between_the_last_moments_sees_nobody_treated_too_early() -> None:
    # By the half-day rule the first is treated from 7.5 on; by day 8, the landmark, nobody is.
    curves = simon_makuch([10, 5, 20], [1, 1, 0], [10, None, None], landmark=8).curves
    assert [curve.n for curve in curves] == [2, 1]
    assert curves[1].entry.tolist() == [9]
    found = landmark_survival([10, 5, 20], [1, 1, 0], [10, None, None], landmark=8)
    assert (found.n_treated, found.n_switch_later) == (0, 1)


def test_the_half_day_never_precedes_what_happened_before() -> None:
    found = split_at_treatment([5, 5, 3], [1, 1, 0], {"CAR-T": [5, 4, None], "HSCT": [5, 5, 3]}, entry=[4, 0, 2.5])
    rows = zip(found.row, found.state, found.entry, found.time, found.event, strict=True)
    assert list(rows) == [
        (0, "not yet treated", 4, 4.75, 0),
        (0, "HSCT", 4.75, 5, 1),
        (1, "not yet treated", 0, 4, 0),
        (1, "CAR-T", 4, 4.75, 0),
        (1, "HSCT", 4.75, 5, 1),
        (2, "not yet treated", 2.5, 2.75, 0),
        (2, "HSCT", 2.75, 3, 0),
    ]
    near = split_at_treatment([1, 1 + 2e-8], [1, 1], [None, 1 + 2e-8])
    assert (near.entry < near.time).all() and near.state.codes.tolist() == [0, 0, 1]
    assert time_dependent_hazard_ratio([1, 1 + 2e-8], [1, 1], [None, 1 + 2e-8]).n_event == 2


def test_followed_for_no_time() -> None:
    found = split_at_treatment([0, 0, 3], [1, 0, 1], [None, 0, 1])
    rows = zip(found.row, found.state.codes, found.entry, found.time, found.event, strict=True)
    assert list(rows) == [(0, 0, 0, 0.5, 1), (1, 1, 0, 0.5, 0), (2, 0, 0, 1, 0), (2, 1, 1, 3, 1)]
    untreated, treated = simon_makuch([0, 0, 3], [1, 0, 1], [None, 0, 1]).curves
    assert (untreated.time.tolist(), untreated.estimate.tolist()) == ([0, 1], [0.5, 0.5])
    assert treated.time.tolist() == [0, 3]
    assert landmark_survival([0, 0, 3], [1, 0, 1], [None, 0, 1], landmark=0).n == 1
    everyone = split_at_treatment([0, 0], [1, 1], [None, 0])
    assert everyone.time.tolist() == [0.5, 0.5]


# Early zero


def test_a_curve_that_falls_to_zero_early_says_so() -> None:
    time, event, treated_at = [4, 9, 10, 11, 12], [1, 0, 1, 0, 0], [2, 5, 6, 7, None]
    found = simon_makuch(time, event, treated_at)
    treated = found.curves[1]
    assert treated.estimate.tolist() == [0, 0, 0, 0]
    note = next(note for note in found.notes if note.code == "early-zero")
    assert words(note) == (
        "The curve of treated falls to 0 at 4.0\u00a0months, where the 1 patient then at risk had the event, and stays there "
        "although 3 patients came into it later."
    )
    later = simon_makuch(time, event, treated_at, landmark=6)
    assert "early-zero" not in [note.code for note in later.notes]
    assert later.curves[1].estimate.tolist() == [1, 0.5, 0.5]
    late_zero = simon_makuch([4, 5], [1, 1], [2, None])
    assert "early-zero" not in [note.code for note in late_zero.notes]


# Not estimable


@pytest.mark.parametrize(
    ("time", "event", "treated_at", "reason"),
    [
        ([], [], [], Reason("no-patients")),
        ([3], [1], [1], Reason("no-event-compares")),
        ([3, 4], [0, 0], [1, None], Reason("no-events")),
        ([3, 4], [1, 1], [None, None], Reason("one-group")),
        ([3, 4], [1, 1], [0, 0], Reason("one-group")),
        ([3, 4], [1, 1], [4, 9], Reason("one-group")),
    ],
)
def test_what_cannot_be_compared_says_why(time: Any, event: Any, treated_at: Any, reason: str) -> None:
    found = mantel_byar_test(time, event, treated_at)
    assert (found.statistic, found.p_value, found.reason) == (None, None, reason)
    for estimate in (time_dependent_hazard_ratio, naive_hazard_ratio):
        terms = estimate(time, event, treated_at).terms
        assert [term.level for term in terms] == ["not yet treated", "treated"]
        assert all(term.is_reference or term.hazard_ratio.reason for term in terms)
    assert [curve.group for curve in simon_makuch(time, event, treated_at).curves] == ["not yet treated", "treated"]


@pytest.mark.parametrize("landmark", [0, 2, 50])
@pytest.mark.parametrize(
    ("time", "event", "treated_at"),
    [
        ([], [], []),
        ([3], [1], [1]),
        ([3, 4], [0, 0], [1, None]),
        ([3, 4], [1, 1], [None, None]),
        ([1, 2], [0, 1], [0, None]),
    ],
)
def test_landmarks_without_a_comparison_say_why(time: Any, event: Any, treated_at: Any, landmark: float) -> None:
    found = landmark_survival(time, event, treated_at, landmark=landmark)
    assert found.reason
    assert found.test.p_value is None
    assert all(term.is_reference or term.hazard_ratio.reason for term in found.hazard_ratio.terms)
    assert len(found.to_frame()) == 2
    if landmark == 50:
        assert (found.n, found.reason) == (0, Reason("nobody-beyond-landmark"))


def test_no_death_among_the_treated_gives_a_penalised_ratio() -> None:
    found = time_dependent_hazard_ratio([3, 4, 5, 6, 7], [1, 1, 0, 1, 0], [None, None, 1, None, 2])
    assert (found.method, found.terms[1].n, found.terms[1].n_event) == ("firth", 2, 0)
    assert found.terms[1].hazard_ratio.value is not None


# Patients, not rows, are counted


def test_covariates_count_patients() -> None:
    covariates = pd.DataFrame({"age": [1.0, 4, 2, 8, 5, 7], "sex": ["f", "m", "m", "f", "m", "f"]})
    found = time_dependent_hazard_ratio(
        [5, 6, 7, 8, 9, 10], [1, 0, 1, 1, 1, 0], [2, 3, None, 1, 4, 4], weight=[1, 2, 1, 1, 1, 1], covariates=covariates
    )
    counts = {(t.variable, t.level): (t.n, t.n_event) for t in found.terms}
    assert counts == {
        ("treatment", "not yet treated"): (7, 1),
        ("treatment", "treated"): (6, 3),
        ("age", None): (7, 4),
        ("sex", "f"): (3, 2),
        ("sex", "m"): (4, 2),
    }
    assert (found.n, found.n_event, found.concordance) == (7, 4, None)


@pytest.mark.parametrize("method", ["auto", "ml"])
def test_words_count_patients_too(method: Any) -> None:
    n = 12
    arguments: dict[str, Any] = {
        "time": np.arange(3, 3 + n),
        "event": [1, 1, 0, 1, 0, 1, 1, 0, 1, 0, 1, 0],
        "treated_at": [1, None, 2] * 4,
    }
    site = np.where(np.array(arguments["event"]) == 0, "a", "b")
    covariates = pd.DataFrame({"site": pd.Categorical(site, ["b", "a"]), "flag": (site == "a").astype(float)})
    text = ""
    for name in covariates:
        found = time_dependent_hazard_ratio(**arguments, covariates=covariates[[name]], method=method)
        reasons = [said(term.hazard_ratio.reason) for term in found.terms]
        text += " ".join([*(words(note) for note in found.notes), *reasons])
    assert "None of the 5 patients with site: a had the event" in text
    assert "None of the 5 patients with flag = 1 had the event" in text
    assert ("none of the 5 patients had the event" in text) == (method == "ml")
    rows = split_at_treatment(**arguments)
    n_rows = (site[rows.row] == "a").sum()
    assert n_rows > 5 and f"{n_rows} patients" not in text


# Refusals


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"treated_at": [1, -2, -3]},
            r"treated_at must be >= 0, missing for never: 2 of 3 values are not \(rows 1, 2; first: -2",
        ),
        ({"treated_at": [1, 2]}, "treated_at must have one value per row: it has 2 for 3 times"),
        ({"treated_at": ["1", "2", "3"]}, "treated_at must hold numbers"),
        ({"treated_at": {"CAR-T": [1, 2, 3], "HSCT": [1, -math.inf, 3]}}, "treated_at of 'HSCT' must be >= 0"),
        ({"treated_at": {}}, "treated_at must name at least one state"),
        ({"treated_at": {"not yet treated": [1, 2, 3]}}, "states must have distinct names: 'not yet treated'"),
        ({"treated_at": {1: [1, 2, 3]}}, "states must be named by text: 1 is not"),
        ({"treated": ""}, "states must be named by text"),
        ({"event": [1, 2, 1]}, "subtract 1"),
        ({"weight": [0.5, 1, 1]}, "weight must be a whole number"),
    ],
)
def test_unusable_input_is_refused(options: dict[str, Any], message: str) -> None:
    arguments = {"time": [3, 4, 5], "event": [1, 0, 1], "treated_at": [1, None, 2], **options}
    for function in (
        split_at_treatment,
        simon_makuch,
        mantel_byar_test,
        time_dependent_hazard_ratio,
        naive_hazard_ratio,
    ):
        with pytest.raises(ValueError, match=message):
            function(**arguments)
    with pytest.raises(ValueError, match=message):
        landmark_survival(**arguments, landmark=1)


def test_a_weightless_row_may_hold_anything() -> None:
    found = split_at_treatment([3, 4], [1, 1], [-1, 2], weight=[0, 3])
    assert (found.row.tolist(), found.weight.tolist()) == ([1, 1], [3, 3])


@pytest.mark.parametrize("landmark", [-1, math.nan, math.inf])
def test_unusable_landmarks_are_refused(landmark: float) -> None:
    for call in (
        lambda: landmark_survival([3], [1], [1], landmark=landmark),
        lambda: landmark_profile([3], [1], [1], landmarks=[1, landmark]),
        lambda: simon_makuch([3], [1], [1], landmark=landmark),
    ):
        with pytest.raises(ValueError, match="landmark must be finite and >= 0"):
            call()


@pytest.mark.parametrize("function", [time_dependent_hazard_ratio, naive_hazard_ratio])
def test_unusable_covariates_and_strata_are_refused(function: Any) -> None:
    patients = {"time": [3, 4, 5], "event": [1, 0, 1], "treated_at": [1, None, 2]}
    with pytest.raises(ValueError, match="covariates must not be named 'treatment'"):
        function(**patients, covariates=pd.DataFrame({"treatment": [1, 2, 3]}))
    with pytest.raises(ValueError, match=r"'age' is missing in 1 of 3 rows \(first at row 2\)"):
        function(**patients, covariates=pd.DataFrame({"age": [1, 2, None]}))
    with pytest.raises(ValueError, match="covariates must have one row per entry of time"):
        function(**patients, covariates=pd.DataFrame({"age": [1, 2]}))
    with pytest.raises(ValueError, match=r"strata must be known: it is missing in 1 of 3 rows \(first at row 1\)"):
        function(**patients, strata=["a", None, "b"])
