"""Overall survival after first relapse by the salvage treatment finally given: drawn as often published, biased as said."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from analytics.analyses import Analysis, Control, Params
from analytics.cohort import Cohort
from analytics.filters import Clause, CohortFilter
from analytics.formats import format_count, format_number
from analytics.frames import DAYS_PER_MONTH, Exclusion, TimeToEvent
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
from analytics.tables import weighted_quantiles

SPLITS = (("salvage_treatment", "HSCT, chemotherapy, CAR-T"), ("hsct_group", "HSCT or not"))
WHO = Control(
    "relapses",
    "Relapses",
    "one",
    "all",
    (("all", "all relapses"), ("marrow", "marrow relapses only")),
    help="The published comparison was made among marrow relapses, isolated or combined.",
)


@dataclass(frozen=True, slots=True)
class _Waiting:
    """How long the transplanted waited: months from relapse to HSCT, and how many were transplanted on a known day."""

    n: int
    shortest: float
    median: float


@dataclass(frozen=True, slots=True)
class _Frame:
    survival: TimeToEvent
    waiting: _Waiting | None


def _controls(cohort: Cohort) -> tuple[Control, ...]:
    options = tuple((name, label) for name, label in SPLITS if name in cohort.variables)
    split = Control("treatment", "Treatments", "one", options[0][0], options)
    who = (WHO,) if "marrow_relapse" in cohort.variables else ()
    return (split, *who, *survival_controls(cohort))


def _prepare(cohort: Cohort, cohort_filter: CohortFilter, params: Params) -> _Frame:
    dictionary = cohort.dictionary
    left_out: tuple[Exclusion, ...] = ()
    if params.get("relapses") == "marrow":
        n = cohort.count(cohort_filter)
        cohort_filter = cohort_filter.with_clause(Clause("marrow_relapse", ("marrow",)))
        n -= cohort.count(cohort_filter)
        left_out = (Exclusion("not-marrow", "no relapse in the marrow", n),) if n else ()
    survival = prepare_survival(
        cohort, cohort_filter, params, dictionary.endpoint("os_relapse"), dictionary[params["treatment"]]
    )
    survival = replace(survival, exclusions=left_out + survival.exclusions)
    return _Frame(survival, _measure_waiting(cohort, cohort_filter) if "hsct_days" in cohort.variables else None)


def _measure_waiting(cohort: Cohort, cohort_filter: CohortFilter) -> _Waiting | None:
    tally = cohort.tally(["hsct_days"], cohort_filter)
    known = tally[tally["hsct_days"].notna()]
    months = known["hsct_days"].to_numpy(float) / DAYS_PER_MONTH
    median = weighted_quantiles(months, known["n"].to_numpy(), (0.5,))
    return None if median is None else _Waiting(int(known["n"].sum()), float(np.min(months)), median[0])


def _estimate(frame: _Frame, params: Params) -> SurvivalComparison:
    # Immortal time is the post-baseline bias of this page, in particular: the general note would only repeat it.
    notes = (_note_immortal_time(frame.waiting),)
    return compare_survival(frame.survival, params, notes, says_timing=False, names_variable=False)


def _note_immortal_time(waiting: _Waiting | None) -> Note:
    text = (
        "These curves do not show the effect of transplantation. A child counts as HSCT only after living long enough to be "
        "transplanted, so every earlier death falls to the other groups (immortal time)"
    )
    if waiting is not None and waiting.n == 1:
        text += f": here one child waited {format_number(waiting.shortest, 1)} months, a time in which that child could not die"
    elif waiting is not None:
        text += (
            f": here {format_count(waiting.n)} children waited {format_number(waiting.shortest, 1)} months or more "
            f"(median {format_number(waiting.median, 1)}), a time in which none of them could die"
        )
    return Note(
        "immortal-time",
        "warning",
        text + ".",
        "A fair comparison starts at a landmark after relapse, or lets a child change group on the day of HSCT.",
    )


ANALYSIS = Analysis(
    slug="survival-by-treatment",
    title="Survival by treatment",
    question="How did children fare after first relapse with HSCT, chemotherapy or CAR-T?",
    section="Treatment",
    order=30,
    icon=":material/vaccines:",
    method="Kaplan–Meier estimates from first relapse, by the treatment finally given (biased by immortal time); test "
    "of the curves as chosen; pairwise tests adjusted by Holm's method.",
    requires=(("os_relapse_days", "os_relapse_event", "salvage_treatment"),),
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
