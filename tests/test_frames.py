"""From a tally to the arrays of an estimator: units, order, weights, and a count of everyone left out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.dictionary import PHASES, Endpoint, Variable
from analytics.frames import (
    DAYS_PER_MONTH,
    EVERYONE,
    BinaryOutcome,
    Exclusion,
    TimeToEvent,
    endpoint_columns,
    is_post_baseline,
)

OS = Endpoint(
    "os_relapse",
    "Overall survival",
    "days",
    "died",
    "first relapse",
    "death from any cause",
    "children who relapsed",
    "relapse",
)
SITE = Variable(
    "site",
    "Site of relapse",
    "categorical",
    "relapse",
    ("marrow", "CNS", "testes"),
    ("marrow", "CNS", "testes"),
    "marrow",
    missing_label="not recorded",
)
MRD = Variable(
    "mrd", "MRD", "binary", "induction", ("low", "high"), ("low", "high"), "high", missing_label="not measured"
)
AGE = Variable("age_years", "Age", "continuous", "diagnosis", unit="years", missing_label="not recorded")


def tally_of(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """A tally as a cohort gives it: coded columns categorical, all others float."""
    frame = pd.DataFrame(rows, columns=["days", "died", "site", "mrd", "relapsed", "age_years", "n"])
    for variable in (SITE, MRD):
        frame[variable.name] = pd.Categorical(frame[variable.name], categories=list(variable.levels))
    for name in ("days", "died", "relapsed", "age_years"):
        frame[name] = frame[name].astype(float)
    return frame.astype({"n": np.int64})


ROWS = [
    {"days": 365.25, "died": 1, "site": "CNS", "mrd": "high", "n": 2},
    {"days": 0, "died": 0, "site": "marrow", "mrd": "low", "n": 3},
    {"days": 30.4375, "died": 0, "site": None, "mrd": "low", "n": 5},
    {"days": None, "died": None, "site": None, "mrd": None, "n": 70},
    {"days": 100, "died": 1, "site": "marrow", "mrd": None, "n": 7},
    {"days": 100, "died": None, "site": "marrow", "mrd": "low", "n": 11},
]


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
    assert frame.exclusions == (Exclusion("not-eligible", "no follow-up from first relapse", 81),)


def test_exclusions_are_counted_once_each_in_order() -> None:
    frame = TimeToEvent.from_tally(tally_of(ROWS), OS, SITE, MRD)
    assert frame.exclusions == (
        Exclusion("not-eligible", "no follow-up from first relapse", 81),
        Exclusion("group-missing", "Site of relapse: not recorded", 5),
        Exclusion("stratum-missing", "MRD: not measured", 7),
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


rows = st.lists(
    st.fixed_dictionaries(
        {
            "days": st.none() | st.integers(0, 4000),
            "died": st.none() | st.integers(0, 1),
            "site": st.none() | st.sampled_from(SITE.levels),
            "mrd": st.none() | st.sampled_from(MRD.levels),
            "relapsed": st.none() | st.integers(0, 1),
            "age_years": st.none() | st.floats(0, 18),
            "n": st.integers(1, 1000),
        }
    ),
    max_size=12,
)


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


def test_what_becomes_known_after_the_clock_starts_is_post_baseline() -> None:
    late = {
        phase
        for phase in PHASES
        if is_post_baseline(Variable("x", "X", "binary", phase, ("a", "b")), OS)  # type: ignore[arg-type]
    }
    assert late == {"reinduction", "salvage", "follow-up"}


# A yes/no outcome


BINARY = [
    {"relapsed": 1, "site": "CNS", "mrd": "high", "age_years": 3.5, "n": 2},
    {"relapsed": 0, "site": None, "mrd": "low", "age_years": 4, "n": 3},
    {"relapsed": 0, "site": "marrow", "mrd": "low", "age_years": None, "n": 5},
    {"relapsed": 1, "site": None, "mrd": "low", "age_years": None, "n": 7},
    {"relapsed": None, "site": None, "mrd": "low", "age_years": 1, "n": 11},
]


def test_the_reference_of_the_dictionary_comes_first() -> None:
    outcome = BinaryOutcome.from_tally(tally_of(BINARY), "relapsed", [SITE, MRD])
    assert list(outcome.covariates["site"].cat.categories) == ["marrow", "CNS", "testes"]
    assert list(outcome.covariates["mrd"].cat.categories) == ["high", "low"]


def test_a_chosen_reference_comes_first_and_the_others_keep_their_order() -> None:
    outcome = BinaryOutcome.from_tally(tally_of(BINARY), "relapsed", [SITE, MRD], {"site": "testes", "mrd": "low"})
    assert list(outcome.covariates["site"].cat.categories) == ["testes", "marrow", "CNS"]
    assert list(outcome.covariates["mrd"].cat.categories) == ["low", "high"]
    assert list(outcome.covariates["mrd"]) == ["high", "low", "low", "low"]


def test_an_unknown_reference_is_refused() -> None:
    with pytest.raises(ValueError, match=r"site: the reference 'brain' is none of its levels.*marrow, CNS, testes"):
        BinaryOutcome.from_tally(tally_of(BINARY), "relapsed", [SITE], {"site": "brain"})


def test_a_reference_of_another_variable_is_passed_over() -> None:
    outcome = BinaryOutcome.from_tally(tally_of(BINARY), "relapsed", [MRD, AGE], {"site": "CNS"})
    assert list(outcome.covariates) == ["mrd", "age_years"]


def test_missing_values_are_kept_marked_and_counted() -> None:
    outcome = BinaryOutcome.from_tally(tally_of(BINARY), "relapsed", [SITE, MRD, AGE])
    assert (outcome.n, outcome.n_complete) == (17, 2)
    np.testing.assert_array_equal(outcome.complete, [True, False, False, False])
    assert outcome.n_missing == (("site", 10), ("mrd", 0), ("age_years", 12))
    assert outcome.exclusions == (
        Exclusion("outcome-missing", "outcome not recorded", 11),
        Exclusion("covariate-missing", "Site of relapse: not recorded", 10),
        Exclusion("covariate-missing", "Age: not recorded", 12),
    )
    assert outcome.covariates["site"].isna().tolist() == [False, True, False, True]


def test_without_covariates_everyone_with_an_outcome_is_complete() -> None:
    outcome = BinaryOutcome.from_tally(tally_of(BINARY), "relapsed", [])
    assert (outcome.n, outcome.n_complete) == (17, 17)
    assert outcome.covariates.shape == (4, 0)


def test_an_empty_tally_gives_nobody() -> None:
    outcome = BinaryOutcome.from_tally(tally_of([]), "relapsed", [SITE, AGE])
    assert (outcome.n, outcome.n_complete, outcome.exclusions) == (0, 0, ())
    assert outcome.n_missing == (("site", 0), ("age_years", 0))


@settings(deadline=None)
@given(rows)
def test_outcome_counts_equal_those_of_the_rows(given_rows: list[dict[str, Any]]) -> None:
    outcome = BinaryOutcome.from_tally(tally_of(given_rows), "relapsed", [SITE, AGE])
    known = [r for r in given_rows if r["relapsed"] is not None]
    assert outcome.n == sum(r["n"] for r in known)
    assert outcome.n_complete == sum(r["n"] for r in known if r["site"] is not None and r["age_years"] is not None)
    assert (outcome.outcome * outcome.weight).sum() == sum(r["n"] for r in known if r["relapsed"])
    assert dict(outcome.n_missing)["site"] == sum(r["n"] for r in known if r["site"] is None)
