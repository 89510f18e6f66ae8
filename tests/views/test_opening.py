"""A document that was opened from a cohort says whom it shows, how they came to be chosen, and where its numbers come from."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from analytics import Clause, CohortFilter, load_analyses, open_cohort
from analytics.analysis import Analysis
from analytics.cohort import protect_cohort
from analytics.cohort.filters import Funnel
from analytics.document import Lazy
from analytics.views.opening import open_document

COHORT = open_cohort(Path(__file__).parents[2] / "data" / "reference_cohort.csv")
BOYS = CohortFilter((Clause("sex", ("male",)),))


@pytest.mark.parametrize("analysis", load_analyses(), ids=lambda a: a.slug)
def test_every_document_says_whom_it_shows(analysis: Analysis) -> None:
    document = open_document(analysis, COHORT, BOYS, analysis.defaults(COHORT))
    assert document.sentence().startswith("257 of 436 synthetic children")
    everyone, clause, *_ = document.attrition()
    assert (everyone.n, clause.n) == (436, 257)
    lines = document.provenance().lines()
    assert lines[:2] == (analysis.title, "SYNTHETIC DATA: no row describes a real child.")
    assert f"Selection: {document.sentence()}" in lines
    assert any(line.startswith("From the cohort to this analysis: 436 children → 257 selected") for line in lines)
    assert any(line.startswith("Choices: ") for line in lines)
    assert f"Data version: {COHORT.data_version}" in lines[-2]


def test_whom_the_clauses_leave_is_counted_when_it_is_asked_for() -> None:
    counted: list[Funnel] = []

    def count() -> Funnel:
        counted.append(COHORT.funnel(BOYS))
        return counted[-1]

    analysis = load_analyses()[0]
    document = open_document(analysis, COHORT, BOYS, analysis.defaults(COHORT), count=count)
    document.main()
    assert not counted
    for part in (document.sentence, document.attrition, document.provenance):
        part()
    assert len(counted) == 1


def test_a_protected_file_says_so() -> None:
    cohort = protect_cohort(COHORT, 5)
    analysis = next(a for a in load_analyses() if a.slug == "survival-by-site")
    provenance = open_document(analysis, cohort, CohortFilter(), analysis.defaults(cohort)).provenance()
    assert provenance.remarks[0].startswith("Small numbers are protected.")


def test_a_document_of_a_result_alone_has_no_cohort() -> None:
    analysis = load_analyses()[0]
    params = analysis.defaults(COHORT)
    document = analysis.present(analysis.run(COHORT, BOYS, params), params)
    assert (document.sentence(), document.attrition()) == ("", ())
    assert document.provenance().exported_on == date.today()
    assert isinstance(document.main, Lazy)
