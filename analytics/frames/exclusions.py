"""Who is left out of a frame and why, and how counted patients are split and weighed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import pandas as pd

from analytics.dictionary import DAYS_PER_MONTH, PHASES, CompetingEndpoint, Endpoint, Variable
from analytics.results import FloatArray, read_only

EVERYONE = "everyone"  # the group of all when nothing splits them


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Patients whom an analysis could not use: how many, and why by a ``code`` with its ``terms``, (name, value) each.

    A term is a number, a text of the dictionary or an entry of it. The words are made in ``reporting``.
    """

    code: str
    n: int
    terms: tuple[tuple[str, Any], ...] = ()

    @classmethod
    def of(cls, code: str, n: int, **terms: Any) -> Exclusion:
        """The exclusion of that code."""
        return cls(code, n, tuple(terms.items()))


class Conditioned(Protocol):
    """A frame of children chosen by filters and perhaps compared within strata, whose variable is the last condition."""

    @property
    def conditions(self) -> tuple[Variable, ...]:
        """The variables of the filters, then that of the strata."""
        ...

    @property
    def strata(self) -> pd.Categorical | None:
        """The strata; None without."""
        ...


def filters_of(frame: Conditioned) -> tuple[Variable, ...]:
    """The variables by which the children of a frame were filtered."""
    return frame.conditions if frame.strata is None else frame.conditions[:-1]


def strata_of(frame: Conditioned) -> tuple[Variable, ...]:
    """The variable within whose levels the children of a frame are compared; empty without strata."""
    return () if frame.strata is None else frame.conditions[-1:]


def is_post_baseline(variable: Variable, endpoint: Endpoint | CompetingEndpoint) -> bool:
    """True if the variable is known only after the endpoint's clock has started, judged by the dictionary's phases."""
    return PHASES.index(variable.phase) > PHASES.index(endpoint.phase)


def keep_only(tally: pd.DataFrame, mask: pd.Series) -> tuple[pd.DataFrame, int]:
    """The rows of the mask, and how many patients there were in the others."""
    if mask.all():
        return tally, 0
    return tally[mask], int(tally.loc[~mask, "n"].sum())


def leave_out(
    tally: pd.DataFrame, mask: pd.Series, exclusions: list[Exclusion], code: str, **terms: Any
) -> pd.DataFrame:
    """The rows of the mask; who else there was is added to the exclusions."""
    tally, n = keep_only(tally, mask)
    exclusions.append(Exclusion.of(code, n, **terms))
    return tally


def keep_eligible(tally: pd.DataFrame, endpoint: Endpoint) -> tuple[pd.DataFrame, list[Exclusion]]:
    """The rows with follow-up from the origin, and a list that starts with who had none."""
    exclusions: list[Exclusion] = []
    time, event = tally[endpoint.time].notna(), tally[endpoint.event]
    # An event that another clock shares says nothing about this one: nobody need have been transplanted to have died.
    undated = (event == 1) & ~time & (not endpoint.shares_event)
    tally = leave_out(
        tally, (time & event.notna()) | undated, exclusions, why_not_eligible(endpoint), origin=endpoint.origin
    )
    if undated.any():
        known = tally[endpoint.time].notna()
        tally = leave_out(tally, known, exclusions, "event-day-missing", event=endpoint.event_label)
    return tally, exclusions


def keep_eligible_competing(
    tally: pd.DataFrame, endpoint: CompetingEndpoint, cause: Variable
) -> tuple[pd.DataFrame, list[Exclusion]]:
    """The rows with follow-up from the origin and a known first event, and a list that starts with who had none."""
    exclusions: list[Exclusion] = []
    time, first = tally[endpoint.time].notna(), tally[endpoint.cause]
    known = first.notna()
    undated = known & (first != cause.levels[0]) & ~time
    tally = leave_out(tally, time | undated, exclusions, why_not_eligible(endpoint), origin=endpoint.origin)
    tally = leave_out(tally, tally[endpoint.cause].notna(), exclusions, "cause-missing")
    for level, label in zip(cause.levels[1:], cause.level_labels[1:], strict=True):
        if (undated & (first == level)).any():
            dated = tally[endpoint.time].notna() | (tally[endpoint.cause] != level)
            tally = leave_out(tally, dated, exclusions, "cause-day-missing", event=label)
    return tally, exclusions


def why_not_eligible(endpoint: Endpoint | CompetingEndpoint) -> str:
    """The code of why somebody has no time from the endpoint's origin."""
    # Everybody has a diagnosis. Who has no time from a later day may not have come to it, or not have been followed.
    return "not-followed" if endpoint.phase == PHASES[0] else "not-eligible"


def split_tally(
    tally: pd.DataFrame, variable: Variable | None, strata: Variable | None, exclusions: list[Exclusion]
) -> pd.DataFrame:
    """The rows with a group and a stratum, as far as they are asked for."""
    for code, split in (("group-missing", variable), ("stratum-missing", strata)):
        if split is not None:
            tally = leave_out(tally, tally[split.name].notna(), exclusions, code, variable=split)
    return tally


def months_of(tally: pd.DataFrame, column: str) -> FloatArray:
    """A column of days in months."""
    return read_only(tally[column].to_numpy(float) / DAYS_PER_MONTH)


def to_categorical(tally: pd.DataFrame, variable: Variable | None) -> pd.Categorical:
    """The variable's values in the order of its levels; the group of everyone without a variable."""
    if variable is None:
        everyone: Any = [EVERYONE]
        return pd.Categorical(everyone * len(tally), categories=everyone)
    return pd.Categorical(tally[variable.name], categories=list_levels(tally, variable))


def list_levels(tally: pd.DataFrame, variable: Variable) -> list[str]:
    """The variable's levels in order, without those that the tally hides."""
    dtype = tally[variable.name].dtype
    known = set(dtype.categories) if isinstance(dtype, pd.CategoricalDtype) else set(variable.levels)
    return [level for level in variable.levels if level in known]
