"""Relapse models asked as a page asks them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd

from analytics.cohort import Cohort
from tests.analyses.shown import (
    analysis_of,
    show_with,
)

PREDICTORS = analysis_of("relapse-predictors")
show_predictors = partial(show_with, PREDICTORS)
PUBLISHED = ("thrombocytopenia", "bcr_abl1", "mrd_day19", "mrd_day46")


def design_of(patients: pd.DataFrame, factors: Sequence[str], cohort: Cohort) -> pd.DataFrame:
    """A column of ones, then one per level but the reference, or the number itself."""
    columns = {"constant": np.ones(len(patients))}
    for name in factors:
        variable = cohort.dictionary[name]
        if not variable.is_coded:
            columns[name] = patients[name].to_numpy(float)
        for level in variable.levels:
            if level != variable.reference:
                columns[f"{name}: {level}"] = (patients[name] == level).to_numpy(float)
    return pd.DataFrame(columns, index=patients.index)


def by_horizon(patients: pd.DataFrame, horizon: str) -> pd.DataFrame:
    """The patients with relapse until the horizon in the place of relapse, without those not followed that long."""
    if horizon == "any":
        return patients
    days = patients["relapse_days"].where(patients["relapsed"] == 1, patients["os_days"])
    is_lost = (patients["relapsed"] == 0) & (patients["os_event"] == 0) & (days < 365.25 * int(horizon))
    came = (patients["relapsed"] == 1) & (days <= 365.25 * int(horizon))
    return patients.assign(relapsed=came.astype(float).where(days.notna()))[~is_lost]
