"""A view opened: the document of an analysis of a selection, with whom it shows and what its files say of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from analytics.analysis import Analysis, Background, Control, Params
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter, Funnel
from analytics.document import Document, Lazy
from analytics.formats import format_count
from analytics.provenance import Provenance
from analytics.reporting.attrition import Stage, join_stages, say_attrition
from analytics.reporting.wording import describe_cohort, say_protection


def open_document(
    analysis: Analysis[Any, Any],
    cohort: Cohort,
    cohort_filter: CohortFilter,
    params: Params,
    opinion: Background | None = None,
    count: Callable[[], Funnel] | None = None,
) -> Document:
    """What an analysis shows of a selection; ``count`` counts whom each clause leaves, if that is known already.

    Raises
    ------
    SuppressedError
        If small numbers are protected and nothing can be shown.
    """
    document = analysis.present(analysis.run(cohort, cohort_filter, params), params, opinion)
    funnel = Lazy(count or (lambda: cohort.funnel(cohort_filter)))

    def list_stages() -> tuple[Stage, ...]:
        return join_stages(funnel(), cohort_filter, cohort.dictionary, document.used())

    def describe() -> str:
        return describe_cohort(cohort_filter, cohort.dictionary, funnel().n_left, cohort.n, cohort.synthetic)

    sentence, attrition = Lazy(describe), Lazy(list_stages)

    def trace() -> Provenance:
        smallest = cohort.smallest_cell
        protected = (f"Small numbers are protected. {say_protection(smallest)}",) if smallest else ()
        return replace(
            document.provenance(),
            cohort=cohort.name,
            selection=sentence(),
            data_version=cohort.data_version,
            synthetic=cohort.synthetic,
            remarks=(*protected, say_attrition(attrition()), *_describe(document, analysis.controls(cohort), params)),
        )

    return replace(document, sentence=sentence, attrition=attrition, provenance=Lazy(trace))


def _describe(document: Document, controls: Sequence[Control], params: Params) -> tuple[str, ...]:
    """The choices that a view was made by, its numbers, whom it leaves out, and its warnings."""
    # Toggles only show or hide a part of the figure: they choose nothing that a number depends on.
    chosen = ((c.label, ", ".join(filter(None, c.to_text(params[c.name])))) for c in controls if c.kind != "toggle")
    choices = "; ".join(f"{label}: {text or 'none'}" for label, text in chosen)
    numbers = "; ".join(f"{headline.label}: {headline.value}" for headline in document.headlines())
    left_out = "; ".join(f"{format_count(n)} {text}" for text, n in document.left_out)
    warnings = [note.text for note in document.notes() if note.severity == "warning"]
    return (
        *((f"Choices: {choices}",) if choices else ()),
        f"Numbers: {numbers}",
        *((f"Left out: {left_out}",) if left_out else ()),
        *(f"Warning: {text}" for text in warnings),
    )
