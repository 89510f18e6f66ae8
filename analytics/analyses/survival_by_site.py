"""Overall survival after first relapse, by where the leukaemia came back."""

from __future__ import annotations

from analytics.analyses import Analysis, Control, Params
from analytics.cohort import Cohort
from analytics.filters import CohortFilter
from analytics.frames import TimeToEvent
from analytics.results import Note
from analytics.survival_comparison import (
    FILES,
    SurvivalComparison,
    caption_figure,
    collect_downloads,
    collect_notes,
    compare_survival,
    describe_figure,
    list_left_out,
    plot_comparison,
    prepare_survival,
    say_comparison,
    show_headlines,
    survival_controls,
    tabulate_comparison,
)

SPLITS = (
    ("relapse_site_group", "three groups"),
    ("marrow_relapse", "marrow or not"),
    ("relapse_site", "every site"),
)

SUBMICROSCOPIC = Note(
    "isolated-is-not-marrow-free",
    "info",
    "“Isolated” extramedullary relapse means fewer than 5 % blasts under the microscope, not a marrow free of leukaemia: "
    "in 46 of 64 such children molecular methods found it (Hagedorn and colleagues, Blood 2007;110:4022).",
)


def _controls(cohort: Cohort) -> tuple[Control, ...]:
    options = tuple((name, label) for name, label in SPLITS if name in cohort.variables)
    split = Control(
        "site", "Sites", "one", options[0][0], options, help="How finely the sites of relapse are told apart."
    )
    return (split, *survival_controls(cohort))


def _prepare(cohort: Cohort, cohort_filter: CohortFilter, params: Params) -> TimeToEvent:
    dictionary = cohort.dictionary
    return prepare_survival(
        cohort, cohort_filter, params, dictionary.endpoint("os_relapse"), dictionary[params["site"]]
    )


def _estimate(frame: TimeToEvent, params: Params) -> SurvivalComparison:
    return compare_survival(frame, params, (SUBMICROSCOPIC,), names_variable=False)


ANALYSIS = Analysis(
    slug="survival-by-site",
    title="Survival by site",
    question="How do children fare after first relapse in the marrow, outside it, or both?",
    section="Survival",
    order=20,
    icon=":material/location_on:",
    method="Kaplan–Meier estimates from first relapse, by site; test of the curves as chosen; "
    "pairwise tests adjusted by Holm's method.",
    requires=(("os_relapse_days", "os_relapse_event", "relapse_site"),),
    controls=_controls,
    prepare=_prepare,
    estimate=_estimate,
    headlines=show_headlines,
    figure=plot_comparison,
    caption=caption_figure,
    tables=tabulate_comparison,
    sentences=say_comparison,
    notes=collect_notes,
    alt_text=describe_figure,
    left_out=list_left_out,
    files=FILES,
    downloads=collect_downloads,
)
