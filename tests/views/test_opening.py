"""A document that was opened from a cohort says whom it shows, how they came to be chosen, and where its numbers come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from analytics import Clause, CohortFilter, load_analyses, open_cohort
from analytics.analysis import Analysis
from analytics.cohort import Cohort, protect_cohort
from analytics.cohort.filters import Funnel
from analytics.dictionary import open_dictionary
from analytics.document import Selection
from analytics.views.opening import open_document

ROOT = Path(__file__).parents[2]
COHORT = open_cohort(ROOT / "data" / "reference_cohort.csv")
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


def test_whom_the_clauses_leave_is_counted_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[Funnel] = []
    funnel = Cohort.funnel

    def count(cohort: Cohort, cohort_filter: CohortFilter) -> Funnel:
        counted.append(funnel(cohort, cohort_filter))
        return counted[-1]

    monkeypatch.setattr(Cohort, "funnel", count)
    analysis, selection = load_analyses()[0], Selection.of(COHORT, BOYS)
    document = analysis.open(selection, analysis.defaults(COHORT))
    document.main()
    assert not counted
    for part in (selection.sentence, document.sentence, document.attrition, document.provenance):
        part()
    assert len(counted) == 1


def test_a_protected_file_says_so() -> None:
    cohort = protect_cohort(COHORT, 5)
    analysis = next(a for a in load_analyses() if a.slug == "relapse-predictors")
    provenance = open_document(analysis, cohort, CohortFilter(), analysis.defaults(cohort)).provenance()
    assert provenance.remarks[0].startswith("Small numbers are protected.")


def test_every_part_speaks_by_the_dictionary_of_its_cohort(tmp_path: Path) -> None:
    text = (ROOT / "data" / "dictionary.toml").read_text(encoding="utf-8")
    (tmp_path / "dictionary.toml").write_text(text.replace('"Sex"', '"Gender"'), encoding="utf-8")
    cohort = open_cohort(ROOT / "data" / "reference_cohort.csv", open_dictionary(tmp_path / "dictionary.toml"))
    analysis = next(a for a in load_analyses() if a.slug == "relapse-predictors")
    params = analysis.defaults(cohort) | {"factors": ("sex", "age_years")}
    document = open_document(analysis, cohort, BOYS, params)
    assert any(note.text.startswith("Gender cannot be compared") for note in document.notes())
    assert "Gender: boys" in document.provenance().lines()[3]
    assert any("Gender" in text for text in document.sentences())
