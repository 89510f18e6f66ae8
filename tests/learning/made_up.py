"""Small cohorts made up for a test, and a lesson opened on one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from analytics.cohort import Cohort, open_cohort
from analytics.cohort.filters import Clause, CohortFilter
from analytics.dictionary import speaking_by
from analytics.learning.answers import Claim
from analytics.learning.lesson import Lesson
from pages.components.cache import REFERENCE_COHORT

REFERENCE = open_cohort(REFERENCE_COHORT)
ROWS = pd.read_csv(REFERENCE_COHORT)
EVERYBODY = CohortFilter()
BOYS = CohortFilter((Clause("sex", levels=("male",)),))
B_CELL = CohortFilter((Clause("immunophenotype", levels=("B",)),))
SELECTED = {
    "everybody": (EVERYBODY, ROWS),
    "boys": (BOYS, ROWS[ROWS["sex"] == "male"]),
    "B cell": (B_CELL, ROWS[ROWS["immunophenotype"] == "B"]),
}


def open_made_up(folder: Path, rows: pd.DataFrame) -> Cohort:
    """A cohort of these patients."""
    path = folder / "made_up.csv"
    rows.assign(patient_id=[f"P{i:04d}" for i in range(len(rows))]).to_csv(path, index=False)
    return open_cohort(path)


def find(lesson: Lesson[Any, Any], cohort: Cohort, cohort_filter: CohortFilter = EVERYBODY, setting: Any = None) -> Any:
    """The result of a lesson on a selection, which has to be able to teach it."""
    with speaking_by(cohort.dictionary):
        frame = lesson.prepare(cohort, cohort_filter)
        return lesson.open(frame, lesson.control.default if setting is None else setting)


def said(claims: tuple[Claim, ...]) -> str:
    """What is shown, in English."""
    return " ".join(claim.text.en for claim in claims if claim.holds).replace("\u00a0", " ")


def number_in(text: str, before: str, after: str = "") -> float:
    """The number that stands in a text between two others."""
    tail = text.split(before, 1)[1]
    return float((tail.split(after, 1)[0] if after else tail.split()[0]).strip(" %.,;:"))
