"""Views of all analyses as exhibits, of the reference cohort and of one with long labels, each made once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from analytics.analyses import load_analyses
from analytics.cohort import Cohort, open_cohort
from analytics.cohort.filters import Clause, CohortFilter
from analytics.dictionary import Dictionary, Variable, open_dictionary
from analytics.exports.exhibit import Exhibit
from analytics.exports.pptx_file import to_pptx
from analytics.views.opening import open_document
from tests.analyses.shown import DATA, REFERENCE, cohort_of

LINK = "http://localhost:8501/"
LONG = " as determined by the reference laboratory, after central review of all material sent in"
FILTER = CohortFilter((Clause("immunophenotype", ("B",)), Clause("age_group", ("1 to under 10", "10 and over"))))


def to_exhibits(cohort: Cohort, cohort_filter: CohortFilter | None = None) -> dict[str, Exhibit]:
    """A view of every analysis, by its address."""
    found = {}
    for analysis in load_analyses():
        if analysis.missing(cohort):
            continue
        document = open_document(analysis, cohort, cohort_filter or CohortFilter(), analysis.defaults(cohort))
        found[analysis.slug] = Exhibit(document, document.provenance(), LINK + analysis.slug, "What the user noted.")
    return found


def lengthen(dictionary: Dictionary) -> Dictionary:
    """The same variables and levels with labels that no slide was made for."""

    def longer(variable: Variable) -> Variable:
        labels = tuple(f"{label}{LONG}" for label in variable.level_labels)
        return replace(variable, label=f"{variable.label}{LONG}", level_labels=labels)

    return replace(dictionary, variables=tuple(map(longer, dictionary.variables)))


@pytest.fixture(scope="session")
def exhibits() -> dict[str, Exhibit]:
    """Of the reference cohort."""
    return to_exhibits(cohort_of(REFERENCE))


@pytest.fixture(scope="session")
def long_exhibits() -> dict[str, Exhibit]:
    """Of a selection of a cohort whose labels are long."""
    return to_exhibits(open_cohort(DATA / REFERENCE, lengthen(open_dictionary())), FILTER)


@pytest.fixture(scope="session")
def slides_of(exhibits: dict[str, Exhibit]) -> Callable[[str], bytes]:
    """The slides of one view of the reference cohort."""
    made: dict[str, bytes] = {}

    def make(slug: str) -> bytes:
        if slug not in made:
            made[slug] = to_pptx([exhibits[slug]])
        return made[slug]

    return make


@pytest.fixture(scope="session")
def deck(exhibits: dict[str, Exhibit]) -> bytes:
    """All views of the reference cohort in one file."""
    return to_pptx(list(exhibits.values()))
