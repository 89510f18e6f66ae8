"""Survival by any variable of the dictionary, for any endpoint."""

from __future__ import annotations

from analytics.analysis import Control, Params
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.comparisons.choices import chosen_group, endpoint_control, group_control, survival_controls
from analytics.comparisons.survival import SurvivalAnalysis, prepare_survival
from analytics.frames import TimeToEvent


class SurvivalByVariableAnalysis(SurvivalAnalysis):
    """Survival by any variable of the dictionary, for any endpoint."""

    slug = "survival-by-variable"
    title = "Survival by any variable"
    question = "How does survival differ between groups of your choice?"
    order = 40
    icon = ":material/stacked_line_chart:"
    method = (
        "Kaplan–Meier estimates by the chosen variable; test of the curves as chosen; "
        "pairwise tests adjusted by Holm's method."
    )

    def controls(self, cohort: Cohort) -> tuple[Control, ...]:
        return (group_control(cohort), endpoint_control(cohort), *survival_controls(cohort))

    def prepare(self, cohort: Cohort, cohort_filter: CohortFilter, params: Params) -> TimeToEvent:
        return prepare_survival(cohort, cohort_filter, params, chosen_group(cohort.dictionary, params))
