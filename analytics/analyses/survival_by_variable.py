"""Overall survival by any variable of the dictionary, from diagnosis or from first relapse."""

from __future__ import annotations

from analytics.analyses import Analysis, Control, Params
from analytics.cohort import Cohort
from analytics.filters import CohortFilter
from analytics.frames import EVERYONE, TimeToEvent
from analytics.survival_comparison import (
    FILES,
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


def _controls(cohort: Cohort) -> tuple[Control, ...]:
    groups = tuple((v.name, v.label) for v in cohort.dictionary.groups if v.name in cohort.variables)
    endpoints = tuple((e.name, f"from {e.origin}") for e in cohort.dictionary.endpoints if e.time in cohort.variables)
    default = next((name for name, _ in groups if name == "immunophenotype"), EVERYONE)
    return (
        Control("by", "Split by", "one", default, ((EVERYONE, "everyone together"), *groups)),
        Control("clock", "Clock starts", "one", endpoints[0][0], endpoints),
        *survival_controls(cohort),
    )


def _prepare(cohort: Cohort, cohort_filter: CohortFilter, params: Params) -> TimeToEvent:
    dictionary = cohort.dictionary
    variable = None if params["by"] == EVERYONE else dictionary[params["by"]]
    return prepare_survival(cohort, cohort_filter, params, dictionary.endpoint(params["clock"]), variable)


ANALYSIS = Analysis(
    slug="survival-by-variable",
    title="Survival by any variable",
    question="How does survival differ between groups of your choice?",
    section="Survival",
    order=40,
    icon=":material/stacked_line_chart:",
    method="Kaplan–Meier estimates by the chosen variable; test of the curves as chosen; "
    "pairwise tests adjusted by Holm's method.",
    requires=(("os_relapse_days", "os_relapse_event"), ("os_days", "os_event")),
    controls=_controls,
    prepare=_prepare,
    estimate=compare_survival,
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
