"""Survival after first relapse, by where the leukaemia came back."""

from __future__ import annotations

from analytics.analysis import Control, Params
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.comparisons.choices import endpoint_control, survival_controls
from analytics.comparisons.requirements import any_of, endpoint_with
from analytics.comparisons.survival import SurvivalAnalysis, SurvivalComparison, compare_survival, prepare_survival
from analytics.dictionary import load_words
from analytics.frames import TimeToEvent
from analytics.results import Note

MARROW, SITES = "marrow involvement", "sites of relapse"
# How finely the sites are told apart: the variable by its role, and what the choice is called.
SPLITS = (("site of relapse in groups", "three groups"), (MARROW, "marrow or not"), ("site of relapse", "every site"))


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
        notes = (_note_submicroscopic(),) if variable is not None and variable.role in dict(SPLITS) else ()
        return compare_survival(frame, params, notes, names_variable=False)

    def caption(self, result: SurvivalComparison, params: Params) -> str:
        """How to read the figure, and how its groups go with the overview's, which differ by the combined relapses."""
        variable = result.frame.variable
        if variable is not None and variable.role == MARROW:
            groups = "Marrow: isolated and combined relapses together, as on the overview."
        elif variable is None or variable.role not in dict(SPLITS):
            return super().caption(result, params)
        else:
            groups = (
                "Isolated and combined relapses of the marrow are apart here; the overview and the published figures take them "
                "together, as “marrow or not” does."
            )
        return f"{groups} {super().caption(result, params)}"


def _note_submicroscopic() -> Note:
    return Note(
        "isolated-is-not-marrow-free",
        "info",
        "“Isolated” extramedullary relapse means fewer than 5 % blasts under the microscope, not a marrow free of leukaemia: in "
        f"one study molecular methods found leukaemia in the marrow of 72 % of such {load_words().plural} (46 of the 64 studied; "
        "Hagedorn and colleagues, Blood 2007;110:4022).",
    )
