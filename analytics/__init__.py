"""Outcomes of childhood acute lymphoblastic leukaemia: cohorts, estimates, figures. No Streamlit in here.

What a notebook needs is here by name, from a file of patients to what a page says of some of them:

    cohort = analytics.open_cohort("data/reference_cohort.csv")
    girls = analytics.CohortFilter((analytics.Clause("sex", ("female",)),))
    analysis = next(a for a in analytics.load_analyses() if a.slug == "survival-by-site")
    document = analytics.open_document(analysis, cohort, girls, analysis.defaults(cohort))
    print(document.sentence(), *document.sentences(), sep="\\n")
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"
__all__ = ["Clause", "CohortFilter", "View", "load_analyses", "open_cohort", "open_document"]
# Loaded when asked for: the modules below import this package, and most need none of these.
_HOME = {
    "Clause": "analytics.cohort.filters",
    "CohortFilter": "analytics.cohort.filters",
    "View": "analytics.views.view",
    "load_analyses": "analytics.analyses",
    "open_cohort": "analytics.cohort",
    "open_document": "analytics.views.opening",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
