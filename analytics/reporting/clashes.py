"""Why nobody is left: which two conditions of a filter exclude each other."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.dictionary import load_words
from analytics.formats import format_count, format_patients
from analytics.reporting.wording import say_selection


def describe_clash(cohort: Cohort, cohort_filter: CohortFilter) -> str:
    """Why a filter leaves nobody, and which clause to lift; "" where it leaves somebody.

    Said is the clause that nobody passes, else the first two that nobody passes together, else the one without which most
    are left.
    """
    if cohort.count(cohort_filter):
        return ""
    some = load_words().plural
    if (gone := cohort_filter.memberships[-1:]) and gone[0].is_left_out:
        whole = replace(cohort_filter, memberships=cohort_filter.memberships[:-1])
        if n := cohort.count(whole):
            return (
                f"No {some}: all {format_count(n)} are in the other selection as well, and those in both are left out."
            )
        return describe_clash(cohort, whole)
    conditions = cohort_filter.conditions
    says = {one: f"“{say_selection(_plainly(one), cohort.dictionary)}”" for one in conditions}
    for one in conditions:
        if not cohort.count(one):
            return f"No {some}: nobody in the cohort has {says[one]}."
    for first, second in combinations(conditions, 2):
        both = first.both(second)
        if both is None or not cohort.count(both):
            return f"No {some}: {says[first]} and {says[second]} exclude each other. Lift one of them."
    left = {one: cohort.count(_without(cohort_filter, one)) for one in conditions}
    best = max(left, key=lambda one: left[one])
    if not left[best]:
        return f"No {some}: no two filters exclude each other, but together they leave nobody. Lift more than one."
    return (
        f"No {some}: no two filters exclude each other, but together they leave nobody. Without {says[best]} "
        f"{format_patients(left[best])} would be left."
    )


def _plainly(one: CohortFilter) -> CohortFilter:
    """To be in one other selection is said as that selection."""
    asked = [m for m in one.memberships if len(m.filters) == 1 and not m.is_left_out]
    return asked[0].filters[0] if asked else one


def _without(cohort_filter: CohortFilter, one: CohortFilter) -> CohortFilter:
    """The filter without one of its conditions."""
    clauses = tuple(c for c in cohort_filter.clauses if c not in one.clauses)
    return CohortFilter(clauses, tuple(m for m in cohort_filter.memberships if m not in one.memberships))
