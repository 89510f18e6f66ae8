"""The second opinion on a view as a slow part of its page."""

from __future__ import annotations

from typing import Any

from analytics.analysis import Analysis, Background, Params
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.dictionary import Dictionary, load_words
from analytics.document import Progress, Shown
from analytics.estimators.second_opinion import MOST_PATIENTS, collect
from analytics.formats import format_count
from analytics.reporting.second_opinion import (
    FILE,
    NAME,
    NOTHING_SHOWN,
    describe_opinion,
    list_figures,
    note_unexplained,
    tabulate_opinion,
)
from analytics.results.second_opinion import SecondOpinion


def to_background(analysis: Analysis[Any, Any], cohort: Cohort, cohort_filter: CohortFilter) -> Background | None:
    """The second opinion on one view, run when a reader asks for it; None where no library can do the analysis."""
    if type(analysis).second_opinion is Analysis.second_opinion:
        return None

    def run(result: Any, params: Params, progress: Progress) -> SecondOpinion:
        frame = analysis.prepare(cohort, cohort_filter, params)
        return collect(analysis.second_opinion(frame, result, params), analysis.used(result).n, progress)

    def refuse(result: Any, params: Params) -> str:
        n = analysis.used(result).n
        if n <= MOST_PATIENTS:
            return "" if n else "There is nobody to compare anything for."
        return (
            f"These libraries want every {load_words().noun} as a row of its own and would take minutes for {format_count(n)}: "
            f"narrow the selection to {format_count(MOST_PATIENTS)} or fewer."
        )

    return Background(
        name=NAME,
        title="A second opinion",
        about="Fits this view again with lifelines, statsmodels, firthmodels, scikit-learn or scipy, whichever has it, on the "
        "same {patients}, and compares every figure with the one shown here. Takes some seconds.",
        button="Ask these libraries",
        run=run,
        show=lambda result, found, params: list_opinion(found, cohort.dictionary),
        refusal=refuse,
        files=(FILE,),
        downloads=list_figures,
    )


def list_opinion(found: SecondOpinion | None, dictionary: Dictionary) -> Shown:
    """One row per estimate with its limits and p, a column for each library, and what it comes to."""
    if found is None:
        return Shown()
    if not found.rows:
        return Shown(sentences=(NOTHING_SHOWN,))
    return Shown(
        notes=note_unexplained(found),
        tables=(tabulate_opinion(found, dictionary),),
        sentences=(describe_opinion(found),),
    )
