"""Survival after first relapse, by where the leukaemia came back."""

from __future__ import annotations

from analytics.analysis import Control, Params
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.comparisons.choices import endpoint_control, survival_controls
from analytics.comparisons.requirements import any_of, endpoint_with
from analytics.comparisons.survival import SurvivalAnalysis, SurvivalComparison, compare_survival, prepare_survival
from analytics.frames import TimeToEvent
from analytics.results import Note
from analytics.speaking import word

MARROW, SITES = "marrow involvement", "sites of relapse"
# How finely the sites are told apart: the variable by its role, and what the choice is called.
SPLITS = (("site of relapse in groups", "three groups"), (MARROW, "{sites in two}"), ("site of relapse", "every site"))


class SurvivalBySiteAnalysis(SurvivalAnalysis):
    """Survival after first relapse, by where the leukaemia came back."""

    slug = "survival-by-site"
    title = "Survival by {site}"
    question = "How do {patients} fare {by_site}?"
    order = 20
    icon = ":material/location_on:"
    method = (
        "Kaplan–Meier estimates by {site_of_relapse}; test of the curves as chosen; "
        "pairwise tests adjusted by Holm's method."
    )

    @property
    def requires(self) -> tuple[tuple[str, ...], ...]:
        return endpoint_with(any_of(SITES), after="relapse")

    def controls(self, cohort: Cohort) -> tuple[Control, ...]:
        roles = cohort.dictionary.roles
        options = tuple((roles[role], label) for role, label in SPLITS if role in roles)
        options = options or tuple((name, cohort.dictionary[name].label) for name in cohort.dictionary.listed(SITES))
        split = Control("site", "Sites", "one", options[0][0], options, help="How finely {sites} are told apart.")
        return (split, endpoint_control(cohort, after="relapse"), *survival_controls(cohort))

    def prepare(self, cohort: Cohort, cohort_filter: CohortFilter, params: Params) -> TimeToEvent:
        return prepare_survival(cohort, cohort_filter, params, cohort.dictionary[params["site"]])

    def estimate(self, frame: TimeToEvent, params: Params) -> SurvivalComparison:
        variable = frame.variable
        text = word("isolated") if variable is not None and variable.role in dict(SPLITS) else ""
        notes = (Note("isolated-is-not-marrow-free", "info", text),) if text else ()
        return compare_survival(frame, params, notes, names_variable=False)

    def caption(self, result: SurvivalComparison, params: Params) -> str:
        """How to read the figure, and how its groups go with the overview's, which differ by the combined relapses."""
        variable, said = result.frame.variable, super().caption(result, params)
        if variable is None or variable.role not in dict(SPLITS):
            return said
        return f"{word('sites together' if variable.role == MARROW else 'sites apart')} {said}".strip()
