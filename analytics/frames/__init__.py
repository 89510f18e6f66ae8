"""Counted patients as validated arrays, with who is left out and why."""

from analytics.frames.binary import BinaryOutcome
from analytics.frames.covariates import Covariates
from analytics.frames.exclusions import EVERYONE, Conditioned, Exclusion, filters_of, is_post_baseline, strata_of
from analytics.frames.horizon import Horizon, Unfinished, count_unfinished, event_within
from analytics.frames.times import CompetingEvents, TimeToEvent, endpoint_columns
from analytics.frames.treatment import (
    Switches,
    TreatmentHistory,
    day_of,
    history_columns,
    is_timed_as_treatment,
    list_histories,
    list_treatments,
    name_treatment,
)

__all__ = [
    "EVERYONE",
    "BinaryOutcome",
    "CompetingEvents",
    "Conditioned",
    "Covariates",
    "Exclusion",
    "Horizon",
    "Switches",
    "TimeToEvent",
    "TreatmentHistory",
    "Unfinished",
    "count_unfinished",
    "day_of",
    "endpoint_columns",
    "event_within",
    "filters_of",
    "history_columns",
    "is_post_baseline",
    "is_timed_as_treatment",
    "list_histories",
    "list_treatments",
    "name_treatment",
    "strata_of",
]
