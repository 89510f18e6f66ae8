"""From a tally to the arrays of an estimator: units, order, weights, and a count of everyone left out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.cohort import open_cohort
from analytics.cohort.filters import Clause, CohortFilter
from analytics.dictionary import DAYS_PER_MONTH, PHASES, Variable
from analytics.frames import (
    EVERYONE,
    BinaryOutcome,
    CompetingEvents,
    TimeToEvent,
    TreatmentHistory,
    endpoint_columns,
    history_columns,
    is_post_baseline,
)
from tests.frames.counted_children import (
    AGE,
    CAUSE,
    FIRST,
    LATE,
    MRD,
    OS,
    ROWS,
    SALVAGE,
    SITE,
    count_given,
    rows,
    said,
    tally_of,
)

# Time to event


def test_days_become_months() -> None:
    frame = TimeToEvent.from_tally(tally_of(ROWS), OS)
    assert DAYS_PER_MONTH == 365.25 / 12 == 30.4375
    np.testing.assert_array_equal(frame.time, np.array([365.25, 0, 30.4375, 100]) / 30.4375)
    assert frame.time[0] == 12.0
    assert frame.time[2] == 1.0


def test_without_a_variable_all_are_one_group() -> None:
    frame = TimeToEvent.from_tally(tally_of(ROWS), OS)
    assert list(frame.group.categories) == [EVERYONE]
    assert set(frame.group) == {EVERYONE}
    assert (frame.n, frame.n_event) == (17, 9)
    assert frame.strata is None
    assert said(frame.exclusions) == (("not-eligible", "no first relapse, or no follow-up from it", 81),)


def test_exclusions_are_counted_once_each_in_order() -> None:
    frame = TimeToEvent.from_tally(tally_of(ROWS), OS, SITE, MRD)
    assert said(frame.exclusions) == (
        ("not-eligible", "no first relapse, or no follow-up from it", 81),
        ("group-missing", "Site of relapse: not recorded", 5),
        ("stratum-missing", "MRD: not measured", 7),
    )
    assert (frame.n, frame.n_event) == (5, 2)
    assert list(frame.group) == ["CNS", "marrow"]
    assert frame.strata is not None and list(frame.strata) == ["high", "low"]


def test_groups_keep_the_dictionary_order_and_empty_levels() -> None:
    frame = TimeToEvent.from_tally(tally_of(ROWS), OS, SITE, MRD)
    assert list(frame.group.categories) == ["marrow", "CNS", "testes"]
    assert frame.strata is not None and list(frame.strata.categories) == ["low", "high"]


def test_strata_may_be_the_groups_themselves() -> None:
    frame = TimeToEvent.from_tally(tally_of(ROWS), OS, SITE, SITE)
    assert [e.code for e in frame.exclusions] == ["not-eligible", "group-missing"]
    assert frame.strata is not None and list(frame.strata) == list(frame.group)


def test_an_empty_tally_gives_empty_arrays() -> None:
    frame = TimeToEvent.from_tally(tally_of([]), OS, SITE, MRD)
    assert (frame.n, frame.n_event, frame.exclusions) == (0, 0, ())
    assert frame.time.shape == frame.event.shape == frame.weight.shape == (0,)
    assert list(frame.group.categories) == list(SITE.levels)


def test_arrays_cannot_be_changed() -> None:
    frame = TimeToEvent.from_tally(tally_of(ROWS), OS, SITE)
    for array in (frame.time, frame.event, frame.weight):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


@settings(deadline=None)
@given(rows, st.sampled_from([None, SITE, MRD]), st.sampled_from([None, SITE, MRD]))
def test_included_and_excluded_add_up_to_everyone(
    given_rows: list[dict[str, Any]], variable: Variable | None, strata: Variable | None
) -> None:
    tally = tally_of(given_rows)
    frame = TimeToEvent.from_tally(tally, OS, variable, strata)
    assert frame.n + sum(e.n for e in frame.exclusions) == tally["n"].sum()
    assert all(e.n > 0 for e in frame.exclusions)
    used = [r for r in given_rows if r["days"] is not None and r["died"] is not None]
    used = [r for r in used if all(r[v.name] is not None for v in (variable, strata) if v is not None)]
    assert frame.n == sum(r["n"] for r in used)
    assert frame.n_event == sum(r["n"] for r in used if r["died"])
    assert not pd.isna(frame.group).any()
    assert len(frame.time) == len(frame.event) == len(frame.weight) == len(frame.group) == len(used)


def test_columns_asked_of_the_cohort_come_once_each() -> None:
    assert endpoint_columns(OS) == ("days", "died")
    assert endpoint_columns(OS, SITE, None) == ("days", "died", "site")
    assert endpoint_columns(OS, SITE, SITE) == ("days", "died", "site")
    assert endpoint_columns(LATE) == ("days", "died", "hsct_days")
    assert endpoint_columns(FIRST, MRD) == ("days", "first", "mrd")
    assert endpoint_columns([OS, LATE, FIRST], SITE) == ("days", "died", "hsct_days", "first", "site")


def test_what_becomes_known_after_the_clock_starts_is_post_baseline() -> None:
    late = {
        phase
        for phase in PHASES
        if is_post_baseline(Variable("x", "X", "binary", phase, ("a", "b")), OS)  # type: ignore[arg-type]
    }
    assert late == {"reinduction", "salvage", "follow-up"}
    assert not is_post_baseline(SITE, FIRST)
    assert is_post_baseline(CAUSE, FIRST)


# Delayed entry and covariates


LATE_ROWS = [
    {"days": 304.375, "died": 1, "hsct_days": 60.875, "mrd": "low", "age_years": 4, "n": 2},
    {"days": 304.375, "died": 0, "hsct_days": None, "mrd": "low", "n": 3},
    {"days": 100, "died": 1, "hsct_days": 100, "mrd": "high", "n": 5},
    {"days": 80, "died": 0, "hsct_days": 90, "mrd": "high", "n": 7},
    {"days": None, "died": None, "hsct_days": 50, "mrd": "high", "n": 11},
    {"days": 50, "died": 0, "hsct_days": 0, "mrd": None, "age_years": None, "n": 13},
    {"days": 50, "died": 1, "hsct_days": 20, "mrd": "high", "age_years": None, "n": 17},
]


def test_children_enter_on_their_own_day() -> None:
    frame = TimeToEvent.from_tally(tally_of(LATE_ROWS), LATE)
    assert frame.entry is not None
    np.testing.assert_array_equal(frame.entry, np.array([60.875, 0, 20]) / 30.4375)
    assert frame.entry[0] == 2.0 and frame.time[0] == 10.0
    assert (frame.n, frame.n_event) == (32, 19)
    assert said(frame.exclusions) == (
        ("not-eligible", "no first relapse, or no follow-up from it", 11),
        ("no-entry", "not among transplanted children", 3),
        ("entry-too-late", "last seen on the day observation would have begun, or before", 12),
    )
    with pytest.raises(ValueError, match="read-only"):
        frame.entry[0] = 1
    assert TimeToEvent.from_tally(tally_of(LATE_ROWS), OS).entry is None


def test_covariates_of_a_time_to_event_are_those_of_a_yes_or_no() -> None:
    frame = TimeToEvent.from_tally(tally_of(LATE_ROWS), LATE, covariates=[MRD, AGE], references={"mrd": "low"})
    assert frame.covariates is not None and frame.complete is not None
    assert list(frame.covariates["mrd"].cat.categories) == ["low", "high"]
    assert list(frame.covariates.index) == [0, 1, 2]
    assert frame.covariates["mrd"].isna().tolist() == [False, True, False]
    np.testing.assert_array_equal(frame.complete, [True, False, False])
    assert frame.n_missing == (("mrd", 13), ("age_years", 30))
    assert (frame.n, frame.n_complete) == (32, 2)
    assert said(frame.exclusions[-2:]) == (
        ("covariate-missing", "MRD: not measured", 13),
        ("covariate-missing", "Age: not recorded", 30),
    )
    outcome = BinaryOutcome.from_tally(tally_of(LATE_ROWS).iloc[[0, 5, 6]], "died", [MRD, AGE], {"mrd": "low"})
    pd.testing.assert_frame_equal(outcome.covariates, frame.covariates)
    with pytest.raises(ValueError, match="mrd: the reference 'none' is none of its levels"):
        TimeToEvent.from_tally(tally_of(LATE_ROWS), OS, covariates=[MRD], references={"mrd": "none"})


def test_without_covariates_a_time_to_event_has_none() -> None:
    frame = TimeToEvent.from_tally(tally_of(LATE_ROWS), OS, None, None, [MRD])
    assert (frame.covariates, frame.complete, frame.n_missing, frame.conditions) == (None, None, (), (MRD,))
    assert frame.n_complete == frame.n


# Competing events


COMPETING = [
    {"days": 365.25, "first": "second relapse", "mrd": "high", "site": "CNS", "n": 2},
    {"days": 30.4375, "first": "none", "mrd": "low", "site": "CNS", "n": 3},
    {"days": 100, "first": "death", "mrd": None, "site": "marrow", "n": 5},
    {"days": 100, "first": None, "mrd": "low", "site": "marrow", "n": 7},
    {"days": None, "first": "death", "mrd": "low", "site": "marrow", "n": 11},
    {"days": 200, "first": "death", "mrd": "low", "site": None, "n": 13},
]


def test_causes_are_numbered_in_the_order_of_the_levels() -> None:
    frame = CompetingEvents.from_tally(tally_of(COMPETING), FIRST, CAUSE)
    assert frame.cause.tolist() == [1, 0, 2, 2]
    assert (frame.causes, frame.labels) == (("second relapse", "death"), ("a second relapse", "death without it"))
    np.testing.assert_array_equal(frame.time, np.array([365.25, 30.4375, 100, 200]) / 30.4375)
    assert (frame.n, frame.n_events) == (23, (2, 18))
    assert said(frame.exclusions) == (
        ("cause-missing", "followed, but what came first is not known", 7),
        ("cause-day-missing", "death without it on an unknown day", 11),
    )
    assert list(frame.group.categories) == [EVERYONE]
    with pytest.raises(ValueError, match="read-only"):
        frame.cause[0] = 2


def test_competing_events_have_groups_strata_and_covariates() -> None:
    frame = CompetingEvents.from_tally(tally_of(COMPETING), FIRST, CAUSE, SITE, MRD, [AGE], [AGE])
    assert said(frame.exclusions) == (
        ("cause-missing", "followed, but what came first is not known", 7),
        ("cause-day-missing", "death without it on an unknown day", 11),
        ("group-missing", "Site of relapse: not recorded", 13),
        ("stratum-missing", "MRD: not measured", 5),
        ("covariate-missing", "Age: not recorded", 5),
    )
    assert frame.cause.tolist() == [1, 0] and frame.conditions == (AGE, MRD)
    assert frame.strata is not None and list(frame.strata) == ["high", "low"]
    assert (frame.n, frame.n_complete, frame.n_events) == (5, 0, (2, 0))


def test_another_cause_is_refused() -> None:
    with pytest.raises(ValueError, match="first: the cause is first, not site"):
        CompetingEvents.from_tally(tally_of(COMPETING), FIRST, SITE)


def test_no_children_have_no_competing_events() -> None:
    frame = CompetingEvents.from_tally(tally_of([]), FIRST, CAUSE, SITE, covariates=[MRD])
    assert (frame.n, frame.n_events, frame.exclusions, frame.cause.shape) == (0, (0, 0), (), (0,))


times = st.none() | st.integers(0, 900)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "days": times,
                "died": st.none() | st.integers(0, 1),
                "first": st.none() | st.sampled_from(CAUSE.levels),
                "cart_days": times,
                "hsct_days": times,
                "salvage_treatment": st.none() | st.sampled_from(SALVAGE.levels),
                "mrd": st.none() | st.sampled_from(MRD.levels),
                "n": st.integers(1, 9),
            }
        ),
        max_size=10,
    ),
    st.booleans(),
)
def test_everybody_is_used_or_left_out_once(given_rows: list[dict[str, Any]], is_stratified: bool) -> None:
    tally, strata = tally_of(given_rows), MRD if is_stratified else None
    for frame in (
        TimeToEvent.from_tally(tally, LATE, None, strata),
        CompetingEvents.from_tally(tally, FIRST, CAUSE, None, strata),
        TreatmentHistory.from_tally(tally, OS, strata),
    ):
        assert frame.n + sum(e.n for e in frame.exclusions) == tally["n"].sum()
        assert not np.isnan(frame.time).any()
    history = TreatmentHistory.from_tally(tally, OS, strata)
    states = history.switches("histories").treated_at
    assert isinstance(states, Mapping)
    first = np.fmin.reduce([np.where(np.isnan(at), np.inf, at) for at in states.values()])
    treated_first = np.fmin(history.cart_at, history.hsct_at)
    np.testing.assert_array_equal(first, np.where(np.isnan(treated_first), np.inf, treated_first))
    time, event, cart_at = history.switches("cart", censor_at_hsct=True)
    assert (time <= history.time).all() and (event <= history.event).all()
    assert not (np.asarray(cart_at) >= history.hsct_at).any()


# The frames of the reference cohort


def test_frames_of_the_reference_cohort() -> None:
    cohort = open_cohort(Path(__file__).parents[2] / "data" / "reference_cohort.csv")
    dictionary = cohort.dictionary
    everyone = cohort.tally(endpoint_columns([*dictionary.endpoints, *dictionary.competing]))
    counts = {}
    for endpoint in dictionary.endpoints:
        frame = TimeToEvent.from_tally(everyone, endpoint)
        alone = TimeToEvent.from_tally(cohort.tally(endpoint_columns(endpoint)), endpoint)
        assert (alone.n, alone.n_event) == (frame.n, frame.n_event)
        counts[endpoint.name] = (frame.n, frame.n_event)
    # 436 children, 64 relapses (11 died, 3 of them after one of 10 second relapses, 5 of 10 without a second remission),
    # 14 deaths in remission; 40 had
    # HSCT (6 died) and 12 CAR-T.
    assert counts == {
        "os_relapse": (64, 11),
        "efs_relapse": (64, 23),
        "os_diagnosis": (436, 25),
        "efs_diagnosis": (436, 78),
        "os_salvage": (64, 11),
        "os_cart": (12, 2),
        "os_hsct": (40, 6),
        "os_relapse_after_hsct": (40, 6),
    }
    events = {}
    for competing in dictionary.competing:
        competing_events = CompetingEvents.from_tally(everyone, competing, dictionary[competing.cause])
        events[competing.name] = (competing_events.n, competing_events.n_events)
    assert events == {"relapse": (436, (64, 14)), "second_relapse": (64, (10, 3, 10))}
    marrow = CohortFilter((Clause("marrow_relapse", ("marrow",)),))
    for name in ("os_relapse", "efs_relapse"):
        endpoint = dictionary.endpoint(name)
        history = TreatmentHistory.from_tally(cohort.tally(history_columns(dictionary, endpoint), marrow), endpoint)
        assert (history.n, history.exclusions) == (52, ())
        assert (count_given(history, history.hsct_at), count_given(history, history.cart_at)) == (40, 11)
