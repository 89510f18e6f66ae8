"""Counted patients as times to an event, alone or among competing ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.dictionary import CompetingEndpoint, Endpoint, Variable
from analytics.frames.covariates import Counted, CountedTimes, read_times
from analytics.frames.exclusions import (
    Exclusion,
    keep_eligible,
    keep_eligible_competing,
    leave_out,
    months_of,
    split_tally,
    to_categorical,
)
from analytics.results import CellNoise, FloatArray, read_only


@dataclass(frozen=True, slots=True)
class TimeToEvent(CountedTimes):
    """Time to an event by group, one entry per distinct tally row.

    ``time`` is in months from the endpoint's origin, ``event`` 1 or 0, ``weight`` how many patients share the entry,
    ``group`` a categorical in dictionary order whose categories are level names (one category, ``everyone``, without a
    grouping variable). ``strata`` is a categorical of the same kind, or None. ``conditions`` are the variables by which
    the children were filtered or stratified.

    ``entry`` is the time in months at which observation begins (delayed entry), always before ``time``; None where it
    begins at the origin. ``covariates``, ``complete`` and ``n_missing`` are as in :class:`BinaryOutcome`, None and
    empty where no covariate was asked for.
    """

    endpoint: Endpoint
    variable: Variable | None
    time: FloatArray
    event: FloatArray
    group: pd.Categorical
    weight: FloatArray
    exclusions: tuple[Exclusion, ...]
    strata: pd.Categorical | None = None
    conditions: tuple[Variable, ...] = ()
    entry: FloatArray | None = None
    covariates: pd.DataFrame | None = None
    complete: NDArray[np.bool_] | None = None
    n_missing: tuple[tuple[str, int], ...] = ()
    noise: CellNoise | None = None

    def arrays(self, rows: Any = slice(None)) -> dict[str, Any]:
        """What estimators take, of some of the entries: ``time event entry weight strata``."""
        return {
            "time": self.time[rows],
            "event": self.event[rows],
            "entry": None if self.entry is None else self.entry[rows],
            "weight": self.weight[rows],
            "strata": None if self.strata is None else self.strata[rows],
        }

    def model(self, *names: str) -> dict[str, Any]:
        """What a model of these covariates takes, or of all of them, of the patients of whom they are known."""
        none = pd.DataFrame(index=pd.RangeIndex(len(self.time)))
        covariates = none if self.covariates is None else self.covariates[list(names or self.covariates.columns)]
        known = covariates.notna().all(axis=1).to_numpy(bool)
        return {"covariates": covariates[known], **self.arrays(known)}

    @classmethod
    def from_tally(
        cls,
        tally: pd.DataFrame,
        endpoint: Endpoint,
        variable: Variable | None = None,
        strata: Variable | None = None,
        filtered_by: Sequence[Variable] = (),
        covariates: Sequence[Variable] = (),
        references: Mapping[str, str] | None = None,
    ) -> TimeToEvent:
        """The arrays for one endpoint from a tally of the columns that :func:`endpoint_columns` names.

        Patients without a time are not in the endpoint's population, nor are those without an entry where the endpoint
        has one; those who were last seen by the time they entered, and those without a group or stratum, are left out.
        Each reason is counted once per patient, in that order. Patients without a covariate stay in (``complete`` marks
        the others) and are counted among the exclusions once for each covariate they lack.

        ``references`` are as in :meth:`BinaryOutcome.from_tally`.

        Raises
        ------
        ValueError
            If a reference is not a level of its covariate.
        """
        tally, exclusions = keep_eligible(tally, endpoint)
        if endpoint.entry is not None:
            entered = tally[endpoint.entry].notna()
            tally = leave_out(tally, entered, exclusions, "no-entry", population=endpoint.population)
            in_time = tally[endpoint.entry] < tally[endpoint.time]
            tally = leave_out(tally, in_time, exclusions, "entry-too-late")
        tally = split_tally(tally, variable, strata, exclusions)
        return cls(
            variable=variable,
            event=read_only(tally[endpoint.event].to_numpy(float)),
            group=to_categorical(tally, variable),
            entry=None if endpoint.entry is None else months_of(tally, endpoint.entry),
            **read_times(tally, endpoint, exclusions, strata, filtered_by, covariates, references),
        )


@dataclass(frozen=True, slots=True)
class CompetingEvents(Counted):
    """Time to the first of several events by group, one entry per distinct tally row.

    ``time`` is in months from the endpoint's origin; ``cause`` is 0 where nothing has happened until then and k for the
    k-th of ``causes``, the names of the events, whose ``labels`` a reader sees. All else is as in :class:`TimeToEvent`.
    """

    endpoint: CompetingEndpoint
    variable: Variable | None
    time: FloatArray
    cause: NDArray[np.int64]
    causes: tuple[str, ...]
    labels: tuple[str, ...]
    group: pd.Categorical
    weight: FloatArray
    exclusions: tuple[Exclusion, ...]
    strata: pd.Categorical | None = None
    conditions: tuple[Variable, ...] = ()
    covariates: pd.DataFrame | None = None
    complete: NDArray[np.bool_] | None = None
    n_missing: tuple[tuple[str, int], ...] = ()
    noise: CellNoise | None = None

    @property
    def n_events(self) -> tuple[int, ...]:
        """Patients with each event, in the order of ``causes``."""
        return tuple(int(self.weight[self.cause == k].sum()) for k in range(1, len(self.causes) + 1))

    @classmethod
    def from_tally(
        cls,
        tally: pd.DataFrame,
        endpoint: CompetingEndpoint,
        cause: Variable,
        variable: Variable | None = None,
        strata: Variable | None = None,
        filtered_by: Sequence[Variable] = (),
        covariates: Sequence[Variable] = (),
        references: Mapping[str, str] | None = None,
    ) -> CompetingEvents:
        """The arrays for one competing endpoint from a tally of the columns that :func:`endpoint_columns` names.

        ``cause`` is the variable behind the endpoint's column of that name. Who is left out, and covariates, are as in
        :meth:`TimeToEvent.from_tally`.

        Raises
        ------
        ValueError
            If ``cause`` is another variable than the endpoint's, or a reference is not a level of its covariate.
        """
        if cause.name != endpoint.cause:
            raise ValueError(
                f"{endpoint.name}: the cause is {endpoint.cause}, not {cause.name}. Give the variable {endpoint.cause}."
            )
        tally, exclusions = keep_eligible_competing(tally, endpoint, cause)
        tally = split_tally(tally, variable, strata, exclusions)
        codes = np.array(to_categorical(tally, cause).codes, dtype=np.int64)
        codes.setflags(write=False)
        return cls(
            variable=variable,
            cause=codes,
            causes=cause.levels[1:],
            labels=cause.level_labels[1:],
            group=to_categorical(tally, variable),
            **read_times(tally, endpoint, exclusions, strata, filtered_by, covariates, references),
        )


def endpoint_columns(
    endpoint: Endpoint | CompetingEndpoint | Sequence[Endpoint | CompetingEndpoint], *variables: Variable | None
) -> tuple[str, ...]:
    """The columns of the tally that the frames of one or several endpoints need, with those of the variables."""
    endpoints = [endpoint] if isinstance(endpoint, (Endpoint, CompetingEndpoint)) else endpoint
    columns: list[str] = []
    for each in endpoints:
        columns.append(each.time)
        columns.append(each.event if isinstance(each, Endpoint) else each.cause)
        if isinstance(each, Endpoint) and each.entry is not None:
            columns.append(each.entry)
    return tuple(dict.fromkeys([*columns, *(v.name for v in variables if v is not None)]))
