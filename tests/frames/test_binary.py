"""A yes/no outcome with its covariates: references, missing values, and who is complete."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from analytics.frames import (
    BinaryOutcome,
)
from tests.frames.counted_children import (
    AGE,
    MRD,
    SITE,
    rows,
    said,
    tally_of,
)

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
    assert said(outcome.exclusions) == (
        ("outcome-missing", "outcome not recorded", 11),
        ("covariate-missing", "Site of relapse: not recorded", 10),
        ("covariate-missing", "Age: not recorded", 12),
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
