"""Scripts in Python and R: run as a reader runs them, every number beside that of the page and of its files."""

from __future__ import annotations

import ast
import csv
import io
import math
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analytics.analyses import load_analyses
from analytics.analysis import Analysis
from analytics.cohort import protect_cohort
from analytics.cohort.filters import Clause, CohortFilter
from analytics.document import Document, Selection, Shown
from analytics.estimators.second_opinion import MOST_PATIENTS
from analytics.estimators.second_opinion.comparison import compare
from analytics.estimators.second_opinion.questions import list_questions
from analytics.exports.exhibit import Exhibit, ExhibitMedium, Extra, no_progress
from analytics.exports.python_script import PYTHON_SCRIPT
from analytics.exports.r_script import R_SCRIPT
from analytics.exports.scripts.steps import PYTHON, R, list_steps
from analytics.exports.scripts.writing import escape, to_python, to_r
from analytics.reporting.second_opinion import refuse_rows
from analytics.results.second_opinion import Quantity
from tests.analyses.shown import PROVENANCE, cohort_of
from tests.cohort.conftest import SECRET

ANALYSES = {analysis.slug: analysis for analysis in load_analyses()}
REFERENCE = cohort_of("reference_cohort.csv")
EVERYBODY = CohortFilter()
FEW = CohortFilter((Clause("mrd_day46", ("positive",)),))
LINK = "http://localhost:8501/a-view?x=1"
# Each analysis as it opens, then choices that lead to other functions of the libraries.
VIEWS: list[tuple[str, Mapping[str, Any], CohortFilter]] = [
    *((slug, {}, EVERYBODY) for slug in ANALYSES),
    ("relapse-predictors", {"fit": "firth"}, EVERYBODY),
    ("relapse-predictors", {"limits": "wald", "factors": ("age_years", "risk_group", "immunophenotype")}, EVERYBODY),
    ("relapse-predictors", {"horizon": "5"}, FEW),
    ("survival-by-site", {"interval": "plain", "strata": "sex"}, EVERYBODY),
    ("survival-by-variable", {"test": "late", "interval": "log", "by": "sex"}, EVERYBODY),
    ("survival-by-variable", {"test": "peto"}, FEW),
    ("survival-by-variable", {"test": "tarone-ware", "strata": "sex"}, EVERYBODY),
    ("survival-by-variable", {"endpoint": "os_relapse_after_hsct", "by": "sex", "interval": "plain"}, EVERYBODY),
    ("hazard-ratios", {"endpoint": "os_relapse_after_hsct"}, EVERYBODY),
    ("mean-survival", {"endpoint": "os_relapse_after_hsct", "by": "sex"}, EVERYBODY),
    ("survival-by-treatment", {"history": "histories", "start": 90, "strata": "sex"}, EVERYBODY),
    ("hsct-cart-chemotherapy", {"clock": "start", "adjust": ("sex",)}, EVERYBODY),
    ("hazard-ratios", {"fit": "firth"}, EVERYBODY),
    ("hazard-ratios", {"errors": "robust"}, EVERYBODY),
    ("cumulative-incidence", {"by": "mrd_day46", "adjust": ("sex", "age_years"), "interval": "log"}, EVERYBODY),
]
# What pages show, or libraries are asked for, that stands in none of their files.
NOT_IN_FILES = {("missing-values", "test of a variable"), ("adjusted-comparison", "test"), ("mean-survival", "test")}
LANGUAGES: dict[str, tuple[ExhibitMedium, list[str]]] = {
    PYTHON: (PYTHON_SCRIPT, [sys.executable]),
    R: (R_SCRIPT, ["Rscript", "--vanilla"]),
}


def open_view(slug: str, chosen: Mapping[str, Any], cohort_filter: CohortFilter) -> Document:
    analysis: Analysis[Any, Any] = ANALYSES[slug]
    return analysis.open(Selection.of(REFERENCE, cohort_filter), {**analysis.defaults(REFERENCE), **chosen})


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    return [open_view(*view) for view in VIEWS]


@dataclass(frozen=True)
class Printed:
    """A number as a script prints it."""

    name: str
    part: str
    page: float | None
    script: str

    @property
    def is_done(self) -> bool:
        return not self.script.startswith("not done here")


def run_script(folder: Path, language: str, content: bytes) -> str:
    medium, command = LANGUAGES[language]
    script = folder / f"view.{medium.ending}"
    script.write_bytes(content)
    done = subprocess.run([*command, str(script)], capture_output=True, text=True, check=False, timeout=240, cwd=folder)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def read_printed(output: str) -> Iterator[list[Printed]]:
    """The numbers of each view, and what the script itself says of them."""
    for block in re.split(r"(?<=1,000,000\.)\n", output.strip()):
        *lines, last = block.strip().split("\n")
        _, *rows = csv.reader(io.StringIO("\n".join(lines)))
        printed = [Printed(name, part, float(page) if page else None, script) for name, part, page, script in rows]
        done = sum(number.is_done for number in printed)
        assert last == f"# {done} of {done} numbers agree to 1 in 1,000,000."
        yield printed


@pytest.fixture(scope="module")
def scripts(documents: list[Document]) -> dict[str, bytes]:
    """All views in one script of each language, which is one process."""
    exhibits = [Exhibit(document, document.provenance(), LINK) for document in documents]
    return {language: medium.write(exhibits, no_progress) for language, (medium, _) in LANGUAGES.items()}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_number_is_that_of_the_page(language: str, scripts: dict[str, bytes], tmp_path: Path) -> None:
    views = list(read_printed(run_script(tmp_path, language, scripts[language])))
    assert len(views) == len(VIEWS) - (language == R)  # Firth's Cox model is in Python alone
    for numbers in views:
        assert sum(number.is_done for number in numbers) > 0.25 * len(numbers)
        for number in numbers:
            if number.is_done:
                script = float(number.script) if number.script else None
                assert (script is None) == (number.page is None), number
                assert script is None or math.isclose(script, number.page or 0.0, rel_tol=1e-6, abs_tol=1e-12), number


def list_frames(document: Document) -> Iterator[pd.DataFrame]:
    yield from document.frames().values()
    if document.checks is not None:
        yield from document.checks.frames().values()


def test_every_number_of_the_page_stands_in_its_files(documents: list[Document]) -> None:
    """In a row with the group, level or variable of its name; what no file of the page holds stands apart."""
    for document, (slug, _, _) in zip(documents, VIEWS, strict=True):
        assert document.recipe is not None
        rows: list[tuple[set[str], list[float]]] = []
        for frame in list_frames(document):
            for row in frame.to_dict("records"):
                values = [float(v) for v in row.values() if isinstance(v, int | float) and v == v]
                rows.append(({str(v) for v in row.values() if isinstance(v, str)}, values))
        steps = list_steps(document.recipe().questions)
        assert steps
        for step in steps:
            # The exact limit of a curve of patients who come late is that of the month, not of the step before it.
            exact = {number.name for number in step.numbers if number.part == "estimate" and number.value == 1}
            for number in step.numbers:
                if number.part == "conf_low" and number.name in exact and step.call == "curves":
                    continue
                if number.value is None or step.call in ("proportional", "concordance_of", "discrimination"):
                    continue
                if (slug, number.name.split(", ")[0]) in NOT_IN_FILES:
                    continue
                _, *named = number.name.split(", ", 1)
                parts = {*named, *re.split(r", | against |: | / ", number.name)}
                found = [
                    v for texts, values in rows if texts & parts or not named or "everyone" in parts for v in values
                ]
                assert any(math.isclose(number.value, v, rel_tol=1e-9, abs_tol=1e-12) for v in found), (slug, number)


def test_a_script_says_whose_numbers_it_has_and_what_it_leaves_out(documents: list[Document]) -> None:
    for medium, _ in LANGUAGES.values():
        exhibits = [Exhibit(d, d.provenance(), LINK, "Ask\nimport os") for d in documents[:2]]
        text = medium.write(exhibits, no_progress).decode()
        assert medium.write(exhibits, no_progress).decode() == text
        for exhibit in exhibits:
            for line in (*exhibit.provenance.lines(), f"Link: {LINK}", "Comment: Ask import os"):
                assert line in " ".join(part.lstrip("# ") for part in text.split("\n")), line
        assert "SYNTHETIC DATA" in text and "Keep them as you keep the data." in text
        assert text.count("report(PAGE_") == 2 and text.count("The functions, the same in every script") == 1


def test_an_identifier_is_in_no_script(scripts: dict[str, bytes]) -> None:
    names = pd.read_csv("data/reference_cohort.csv", usecols=["patient_id"])["patient_id"]
    for content in scripts.values():
        assert not [name for name in names if name.encode() in content]


def test_what_a_language_cannot_do_is_named(documents: list[Document]) -> None:
    (view,) = [d for d, (slug, chosen, _) in zip(documents, VIEWS, strict=True) if chosen.get("by") == "mrd_day46"]
    python = PYTHON_SCRIPT.write([Exhibit(view, PROVENANCE, LINK)], no_progress).decode()
    assert "No library of Python has Fine and Gray’s model: see the R script." in python and "fine_gray(" not in python
    assert "fine_gray(rows_" in R_SCRIPT.write([Exhibit(view, PROVENANCE, LINK)], no_progress).decode()
    (firth,) = [d for d, v in zip(documents, VIEWS, strict=True) if v[:2] == ("hazard-ratios", {"fit": "firth"})]
    assert (
        "coxphf, which Debian does not have" in R_SCRIPT.write([Exhibit(firth, PROVENANCE, LINK)], no_progress).decode()
    )


def test_small_numbers_that_are_protected_stay_in() -> None:
    protected = protect_cohort(REFERENCE, 5, secret=SECRET)
    analysis: Analysis[Any, Any] = ANALYSES["relapse-predictors"]
    document = analysis.open(Selection.of(protected, EVERYBODY), analysis.defaults(protected))
    assert document.recipe is not None and not document.recipe().questions
    for medium, _ in LANGUAGES.values():
        text = medium.write([Exhibit(document, document.provenance(), LINK)], no_progress).decode()
        assert "No script: Small numbers are protected here: no rows of children are given out" in text
        assert all(not line or line.startswith("#") for line in text.split("\n"))


def test_what_is_withheld_is_not_in_a_script() -> None:
    """Too few events for the model: the page gives no ratio, and neither does a script."""
    document = open_view("hazard-ratios", {}, FEW)
    for medium, _ in LANGUAGES.values():
        text = medium.write([Exhibit(document, document.provenance(), LINK)], no_progress).decode()
        assert "No script: Nothing is shown here" in text and "rows_1" not in text


def test_what_is_no_analysis_is_named_without_a_script() -> None:
    extra = Extra("Published outcomes", Shown(sentences=("Some.",)), PROVENANCE)
    assert b"No script: Nothing is shown here" in PYTHON_SCRIPT.write([extra], no_progress)


def test_a_script_of_too_many_patients_is_refused() -> None:
    assert refuse_rows(MOST_PATIENTS, MOST_PATIENTS, 0) == ""
    assert "narrow the selection" in refuse_rows(MOST_PATIENTS + 1, MOST_PATIENTS, 0)


def test_what_is_compared_outside_of_a_question_is_noticed() -> None:
    row = compare(Quantity("median"), 1.0, 1.0, "scipy")
    with pytest.raises(ValueError, match="'median' is compared outside of a question"):
        list_questions(lambda: [row])


HOSTILE = [
    'say "yes"',
    "it's",
    "back\\slash",
    '"""\nimport os',
    "'; quit(); '",
    "# no comment",
    "{brace}",
    "≥ 0.01 %",
    "a\tb",
]


def test_no_text_of_a_file_ends_its_quotation_marks(tmp_path: Path) -> None:
    """Levels of a file of one's own stand in calls and in the rows: they stay text in both languages."""
    for text in HOSTILE:
        assert ast.literal_eval(to_python([text])) == [text]
        assert ast.literal_eval(f"'''{escape(text, chr(39))}'''") == text
    lines = [f"stopifnot(identical({to_r(text)}, '{escape(text, chr(39))}'))" for text in HOSTILE]
    script = "\n".join([*lines, *(f"cat(nchar({to_r(text)}, 'bytes'), '')" for text in HOSTILE)])
    assert run_script(tmp_path, R, script.encode()).split() == [str(len(text.encode())) for text in HOSTILE]
