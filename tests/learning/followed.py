"""Patients of the reference cohort after relapse, read anew from its file, for lessons on curves."""

from __future__ import annotations

import pandas as pd

from analytics.cohort import open_cohort
from analytics.cohort.filters import Clause, CohortFilter
from pages.components.cache import REFERENCE_COHORT

COHORT = open_cohort(REFERENCE_COHORT)
MONTH = 365.25 / 12
SELECTIONS = {
    "all": CohortFilter(),
    "male": CohortFilter((Clause("sex", levels=("male",)),)),
    "from 3 years on": CohortFilter((Clause("age_years", low=3.0),)),
}


def relapsed(selection: str) -> pd.DataFrame:
    """The rows of those of a selection who relapsed."""
    rows = pd.read_csv(REFERENCE_COHORT)
    if selection == "male":
        rows = rows[rows["sex"] == "male"]
    if selection == "from 3 years on":
        rows = rows[rows["age_years"] >= 3]
    return rows[rows["os_relapse_days"].notna()]


def patients(selection: str) -> pd.DataFrame:
    """Their time in months and whether they died."""
    rows = relapsed(selection)
    return pd.DataFrame({"time": rows["os_relapse_days"] / MONTH, "event": rows["os_relapse_event"]})
