"""Counted patients as validated arrays, with who is left out and why."""

from analytics.frames.binary import BinaryOutcome
from analytics.frames.covariates import Covariates
from analytics.frames.exclusions import EVERYONE, Conditioned, Exclusion, filters_of, is_post_baseline, strata_of
from analytics.frames.times import CompetingEvents, TimeToEvent, endpoint_columns
from analytics.frames.treatment import (
    HISTORIES,
    START,
    TREATMENT_LABEL,
    TREATMENTS,
    Switches,
    TreatmentHistory,
    history_columns,
)

__all__ = [
    "EVERYONE",
    "HISTORIES",
    "START",
    "TREATMENTS",
    "TREATMENT_LABEL",
    "BinaryOutcome",
    "CompetingEvents",
    "Conditioned",
    "Covariates",
    "Exclusion",
    "Switches",
    "TimeToEvent",
    "TreatmentHistory",
    "endpoint_columns",
    "filters_of",
    "history_columns",
    "is_post_baseline",
    "strata_of",
]
