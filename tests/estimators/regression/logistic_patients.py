"""Patients of logistic models, and how their results are compared."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from analytics.estimators import estimate_odds_ratios
from analytics.results import OddsRatioResult

REFERENCE = Path(__file__).parents[2] / "reference"
R = json.loads((REFERENCE / "logistic_reference.json").read_text())


def read(name: str) -> tuple[pd.Series, pd.DataFrame, pd.Series | None]:
    """Outcome, covariates and weights of a data set, its categories in R's order."""
    entry = R[name]
    data = pd.read_csv(REFERENCE / f"logistic_{name}.csv")
    for column, levels in entry["levels"].items() if entry["levels"] else ():
        data[column] = pd.Categorical(data[column].astype(str), categories=levels)
    covariates = [entry["covariates"]] if isinstance(entry["covariates"], str) else entry["covariates"]
    return data[entry["outcome"]], data[covariates], data[entry["weight"]] if entry.get("weight") else None


def fitted(name: str, **options: Any) -> OddsRatioResult:
    outcome, covariates, weight = read(name)
    return estimate_odds_ratios(outcome, covariates, weight=weight, **options)


def codes(result: OddsRatioResult) -> set[str]:
    return {note.code for note in result.notes}


def categorical(*values: str, categories: list[str] | None = None) -> pd.Categorical:
    return pd.Categorical(list(values), categories=categories)
