"""A view opened: from a cohort, a filter and choices to the document that every medium takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from analytics.analysis import Analysis, Params
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter, Funnel
from analytics.document import Document, Selection


def open_document(
    analysis: Analysis[Any, Any],
    cohort: Cohort,
    cohort_filter: CohortFilter,
    params: Params,
    count: Callable[[], Funnel] | None = None,
) -> Document:
    """What an analysis shows of a selection; ``count`` counts whom each clause leaves, if that is known already.

    Raises
    ------
    SuppressedError
        If small numbers are protected and nothing can be shown.
    """
    result = analysis.run(cohort, cohort_filter, params)
    return analysis.present(result, params, Selection.of(cohort, cohort_filter, count))
