"""Validated arrays for the estimators, made from a tally, with a count of everyone who was left out and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analytics.dictionary import PHASES, Endpoint, Variable
from analytics.results import FloatArray, read_only

DAYS_PER_MONTH = 30.4375  # 365.25 / 12
EVERYONE = "everyone"  # the group of all when nothing splits them


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Patients whom an analysis could not use: ``text`` completes the sentence "left out: …"."""

    code: str
    text: str
    n: int


@dataclass(frozen=True, slots=True)
class TimeToEvent:
    """Time to an event by group, one entry per distinct tally row.

    ``time`` is in months from the endpoint's origin, ``event`` 1 or 0, ``weight`` how many patients share the entry,
    ``group`` a categorical in dictionary order whose categories are level names (one category, ``everyone``, without a
    grouping variable). ``strata`` is a categorical of the same kind, or None. ``conditions`` are the variables by which
    the children were filtered or stratified.
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

    @property
    def n(self) -> int:
        """Patients in the analysis."""
        return int(self.weight.sum())

    @property
    def n_event(self) -> int:
        """Patients with the event."""
        return int((self.weight * self.event).sum())

    @classmethod
    def from_tally(
        cls,
        tally: pd.DataFrame,
        endpoint: Endpoint,
        variable: Variable | None = None,
        strata: Variable | None = None,
        filtered_by: Sequence[Variable] = (),
    ) -> TimeToEvent:
        """The arrays for one endpoint from a tally of its time (days), event, the grouping variable and the strata.

        Patients without a time are not in the endpoint's population; those without a group or stratum are left out.
        Each reason is counted once per patient, in that order.
        """
        exclusions = []
        tally, n = _keep(tally, tally[endpoint.time].notna() & tally[endpoint.event].notna())
        exclusions.append(Exclusion("not-eligible", f"no follow-up from {endpoint.origin}", n))
        for code, split in (("group-missing", variable), ("stratum-missing", strata)):
            if split is not None:
                tally, n = _keep(tally, tally[split.name].notna())
                exclusions.append(Exclusion(code, f"{split.label}: {split.missing_label}", n))
        return cls(
            endpoint=endpoint,
            variable=variable,
            time=read_only(tally[endpoint.time].to_numpy(float) / DAYS_PER_MONTH),
            event=read_only(tally[endpoint.event].to_numpy(float)),
            group=_categorical(tally, variable),
            weight=read_only(tally["n"].to_numpy(float)),
            exclusions=tuple(e for e in exclusions if e.n),
            strata=None if strata is None else _categorical(tally, strata),
            conditions=(*filtered_by, *(() if strata is None else (strata,))),
        )


@dataclass(frozen=True, slots=True)
class BinaryOutcome:
    """A yes/no outcome with covariates, one entry per distinct tally row.

    ``covariates`` keeps missing values: ``complete`` marks the entries in which every covariate is known. ``n_missing``
    counts the patients without each covariate, in the order of the columns.
    """

    outcome: FloatArray
    covariates: pd.DataFrame
    weight: FloatArray
    complete: np.ndarray
    n_missing: tuple[tuple[str, int], ...]
    exclusions: tuple[Exclusion, ...]

    @property
    def n(self) -> int:
        """Patients with a known outcome."""
        return int(self.weight.sum())

    @property
    def n_complete(self) -> int:
        """Patients with a known outcome and every covariate known."""
        return int(self.weight[self.complete].sum())

    @classmethod
    def from_tally(
        cls, tally: pd.DataFrame, outcome: str, covariates: Sequence[Variable], references: dict[str, str] | None = None
    ) -> BinaryOutcome:
        """The arrays from a tally of an outcome column (0/1) and the covariates' columns.

        ``references`` maps a coded covariate to the level that becomes its first category, hence its reference;
        without an entry, the dictionary's reference is used.

        Raises
        ------
        ValueError
            If a reference is not a level of its covariate.
        """
        tally, n_unknown = _keep(tally, tally[outcome].notna())
        columns: dict[str, Any] = {}
        for variable in covariates:
            column: Any = tally[variable.name]
            if variable.is_coded:
                reference = (references or {}).get(variable.name) or variable.reference
                if reference not in variable.levels:
                    raise ValueError(
                        f"{variable.name}: the reference {reference!r} is none of its levels. "
                        f"Choose one of {', '.join(variable.levels)}."
                    )
                levels = [str(reference), *(level for level in variable.levels if level != reference)]
                column = pd.Categorical(column, categories=levels)
            columns[variable.name] = column
        frame = pd.DataFrame(columns, index=tally.index)
        weight = tally["n"].to_numpy(float)
        known = frame.notna().to_numpy() if columns else np.ones((len(tally), 0), dtype=bool)
        complete = np.asarray(known.all(axis=1))
        exclusions = [Exclusion("outcome-missing", "outcome not recorded", n_unknown)]
        exclusions += [
            Exclusion(
                "covariate-missing", f"{variable.label}: {variable.missing_label}", int(weight[~known[:, i]].sum())
            )
            for i, variable in enumerate(covariates)
        ]
        return cls(
            outcome=read_only(tally[outcome].to_numpy(float)),
            covariates=frame,
            weight=read_only(weight),
            complete=complete,
            n_missing=tuple((v.name, int(weight[~known[:, i]].sum())) for i, v in enumerate(covariates)),
            exclusions=tuple(e for e in exclusions if e.n),
        )


def endpoint_columns(endpoint: Endpoint, *variables: Variable | None) -> tuple[str, ...]:
    """The columns of the tally that :meth:`TimeToEvent.from_tally` needs."""
    return tuple(dict.fromkeys([endpoint.time, endpoint.event, *(v.name for v in variables if v is not None)]))


def is_post_baseline(variable: Variable, endpoint: Endpoint) -> bool:
    """True if the variable is known only after the endpoint's clock has started, judged by the dictionary's phases."""
    return PHASES.index(variable.phase) > PHASES.index(endpoint.phase)


def _keep(tally: pd.DataFrame, mask: pd.Series) -> tuple[pd.DataFrame, int]:
    if mask.all():
        return tally, 0
    return tally[mask], int(tally.loc[~mask, "n"].sum())


def _categorical(tally: pd.DataFrame, variable: Variable | None) -> pd.Categorical:
    if variable is None:
        everyone: Any = [EVERYONE]
        return pd.Categorical(everyone * len(tally), categories=everyone)
    return pd.Categorical(tally[variable.name], categories=list(variable.levels))
