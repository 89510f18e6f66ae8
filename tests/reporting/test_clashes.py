"""Why nobody is left, against counts made clause by clause."""

from __future__ import annotations

from itertools import combinations

import pytest

from analytics.cohort import Cohort, open_cohort
from analytics.cohort.filters import Clause, CohortFilter, Membership
from analytics.reporting.clashes import describe_clash
from pages.components.cache import REFERENCE_COHORT


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    return open_cohort(REFERENCE_COHORT)


INFANT = Clause("age_group", ("under 1",))
OLD = Clause("age_years", low=10.0)
LYMPHOBLASTS_T = Clause("immunophenotype", ("T",))


def test_two_clauses_that_exclude_each_other_are_named(cohort: Cohort) -> None:
    assert describe_clash(cohort, CohortFilter((INFANT, OLD, Clause("sex", ("male",))))) == (
        "No children: “Age group: under 1 year” and “Age at diagnosis from 10 years” exclude each other. Lift one of them."
    )


def test_a_clause_that_nobody_passes_is_named_alone(cohort: Cohort) -> None:
    assert describe_clash(cohort, CohortFilter((Clause("age_years", low=200.0), INFANT))) == (
        "No children: nobody in the cohort has “Age at diagnosis from 200 years”."
    )


def test_where_no_two_do_it_is_said_which_to_lift(cohort: Cohort) -> None:
    clauses = [Clause(v.name, (level,)) for v in cohort.dictionary.filters if v.is_coded for level in v.levels]
    for trio in combinations(clauses[:40], 3):
        if len({c.variable for c in trio}) < 3 or cohort.count(CohortFilter(trio)):
            continue
        if all(cohort.count(CohortFilter(pair)) for pair in combinations(trio, 2)):
            break
    said = describe_clash(cohort, CohortFilter(trio))
    assert said.startswith("No children: no two filters exclude each other, but together they leave nobody. Without ")
    most = max(cohort.count(CohortFilter(pair)) for pair in combinations(trio, 2))
    assert f" {most} child" in said


def test_selections_that_are_combined_exclude_each_other_like_filters(cohort: Cohort) -> None:
    infants, old, boys = (CohortFilter((clause,)) for clause in (INFANT, OLD, Clause("sex", ("male",))))
    either = boys.among(Membership((infants, old))).leaving_out(infants).leaving_out(old)
    assert cohort.count(either) == 0
    n = cohort.count(boys.among(Membership((infants, old))).leaving_out(infants))
    assert describe_clash(cohort, either) == (
        f"No children: all {n} are in the other selection as well, and those in both are left out."
    )
    none = CohortFilter((Clause("age_years", low=1, high=9),)).among(Membership((infants, old)))
    assert describe_clash(cohort, none) == (
        "No children: “Age at diagnosis 1 to 9 years” and “either “Age group: under 1 year” or “Age at diagnosis from "
        "10 years”” exclude each other. Lift one of them."
    )


def test_nothing_is_said_where_somebody_is_left(cohort: Cohort) -> None:
    assert describe_clash(cohort, CohortFilter((LYMPHOBLASTS_T,))) == ""
