"""Why nobody is left: which two clauses of a filter exclude each other."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.dictionary import load_words
from analytics.formats import format_count, format_patients
from analytics.reporting.wording import describe_clause


def describe_clash(cohort: Cohort, cohort_filter: CohortFilter) -> str:
    """Why a filter leaves nobody, and which clause to lift; "" where it leaves somebody.

    Said is the clause that nobody passes, else the first two that nobody passes together, else the one without which most
    are left.
    """
    if cohort.count(cohort_filter):
        return ""
    some = load_words().plural
    if cohort_filter.apart_from is not None:
        whole = replace(cohort_filter, apart_from=None)
        if n := cohort.count(whole):
            return (
                f"No {some}: all {format_count(n)} are in the other selection as well, and those in both are left out."
            )
        return describe_clash(cohort, whole)
    says = {c: f"“{describe_clause(c, cohort.dictionary[c.variable])}”" for c in cohort_filter.clauses}
    for clause in cohort_filter.clauses:
        if not cohort.count(CohortFilter((clause,))):
            return f"No {some}: nobody in the cohort has {says[clause]}."
    for pair in combinations(cohort_filter.clauses, 2):
        if not cohort.count(CohortFilter(pair)):
            first, second = (says[clause] for clause in pair)
            return f"No {some}: {first} and {second} exclude each other. Lift one of them."
    left = {clause: cohort.count(cohort_filter.without(clause.variable)) for clause in cohort_filter.clauses}
    best = max(left, key=lambda clause: left[clause])
    if not left[best]:
        return f"No {some}: no two filters exclude each other, but together they leave nobody. Lift more than one."
    return (
        f"No {some}: no two filters exclude each other, but together they leave nobody. Without {says[best]} "
        f"{format_patients(left[best])} would be left."
    )
