"""A view opened: from a cohort, a filter and choices to the document that every medium takes."""

from __future__ import annotations

from typing import Any

from analytics.analysis import Analysis, Params
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.dictionary import Dictionary
from analytics.document import Document, Selection, Sides
from analytics.reporting.wording import say_selection


def to_sides(selections: tuple[CohortFilter, CohortFilter], n_both: int, dictionary: Dictionary) -> Sides:
    """Two selections beside each other, with what each asks for in words."""
    first, second = (say_selection(selection, dictionary) for selection in selections)
    return Sides((first, second), n_both)


def open_document(
    analysis: Analysis[Any, Any],
    cohort: Cohort,
    cohort_filter: CohortFilter,
    params: Params,
) -> Document:
    """What an analysis shows of a selection.

    Raises
    ------
    SuppressedError
        If small numbers are protected and nothing can be shown.
    """
    return analysis.open(Selection.of(cohort, cohort_filter), params)
