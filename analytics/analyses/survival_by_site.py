"""Survival after first relapse, by where the leukaemia came back."""

from __future__ import annotations

from analytics.analysis import Control, Params
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.comparisons.requirements import endpoint_with
from analytics.comparisons.survival import (
    SurvivalAnalysis,
    SurvivalComparison,
    caption_figure,
    compare_survival,
    endpoint_control,
    prepare_survival,
    survival_controls,
)
from analytics.frames import TimeToEvent
from analytics.results import Note

SPLITS = (
    ("relapse_site_group", "three groups"),
    ("marrow_relapse", "marrow or not"),
    ("relapse_site", "every site"),
)

SUBMICROSCOPIC = Note(
    "isolated-is-not-marrow-free",
    "info",
    "“Isolated” extramedullary relapse means fewer than 5 % blasts under the microscope, not a marrow free of leukaemia: "
    "in one study molecular methods found leukaemia in the marrow of 72 % of such children (46 of the 64 studied; Hagedorn and "
    "colleagues, Blood 2007;110:4022).",
)


class SurvivalBySiteAnalysis(SurvivalAnalysis):
    """Survival after first relapse, by where the leukaemia came back."""

    slug = "survival-by-site"
    title = "Survival by site"
    question = "How do children fare after first relapse in the marrow, outside it, or both?"
    section = "Survival"
    order = 20
    icon = ":material/location_on:"
    method = (
        "Kaplan–Meier estimates by site of first relapse; test of the curves as chosen; "
        "pairwise tests adjusted by Holm's method."
    )
    requires = endpoint_with(("relapse_site", "relapse_site_group", "marrow_relapse"), after="relapse")

    def controls(self, cohort: Cohort) -> tuple[Control, ...]:
        options = tuple((name, label) for name, label in SPLITS if name in cohort.variables)
        split = Control(
            "site", "Sites", "one", options[0][0], options, help="How finely the sites of relapse are told apart."
        )
        return (split, endpoint_control(cohort, after="relapse"), *survival_controls(cohort))

    def prepare(self, cohort: Cohort, cohort_filter: CohortFilter, params: Params) -> TimeToEvent:
        dictionary = cohort.dictionary
        endpoint = dictionary.endpoint(params["endpoint"])
        return prepare_survival(cohort, cohort_filter, params, endpoint, dictionary[params["site"]])

    def estimate(self, frame: TimeToEvent, params: Params) -> SurvivalComparison:
        return compare_survival(frame, params, (SUBMICROSCOPIC,), names_variable=False)

    def caption(self, result: SurvivalComparison, params: Params) -> str:
        """How to read the figure, and how its groups go with the overview's, which differ by the combined relapses."""
        if params["site"] == "marrow_relapse":
            groups = "Marrow: isolated and combined relapses together, as on the overview."
        else:
            groups = (
                "Isolated and combined relapses of the marrow are apart here; the overview and the published figures take them "
                "together, as “marrow or not” does."
            )
        return f"{groups} {caption_figure(result, params)}"
