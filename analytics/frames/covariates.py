"""The covariates of a frame, and in which of its entries all are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.dictionary import CompetingEndpoint, Endpoint, Variable
from analytics.frames.exclusions import Exclusion, list_levels, months_of, to_categorical
from analytics.results import CellNoise, FloatArray, read_only


@dataclass(frozen=True, slots=True)
class Covariates:
    """Covariates with their missing values: which entries are complete, and how many patients lack each."""

    frame: pd.DataFrame
    complete: NDArray[np.bool_]
    n_missing: tuple[tuple[str, int], ...]
    exclusions: tuple[Exclusion, ...]

    @classmethod
    def from_tally(
        cls, tally: pd.DataFrame, covariates: Sequence[Variable], references: Mapping[str, str] | None
    ) -> Covariates:
        """The covariates' columns, a coded one as a categorical that begins with its reference."""
        columns: dict[str, Any] = {}
        for variable in covariates:
            column: Any = tally[variable.name].to_numpy(float) if not variable.is_coded else None
            if variable.is_coded:
                reference = (references or {}).get(variable.name) or variable.reference
                if reference not in variable.levels:
                    raise ValueError(
                        f"{variable.name}: the reference {reference!r} is none of its levels. "
                        f"Choose one of {', '.join(variable.levels)}."
                    )
                # A reference that is hidden, because too few have it, leaves its place to the next level.
                levels = sorted(list_levels(tally, variable), key=lambda level: level != reference)
                column = pd.Categorical(tally[variable.name], categories=levels)
            columns[variable.name] = column
        frame = pd.DataFrame(columns, index=pd.RangeIndex(len(tally)))
        weight = tally["n"].to_numpy(float)
        known = frame.notna().to_numpy() if columns else np.ones((len(tally), 0), dtype=bool)
        n_missing = [int(weight[~known[:, i]].sum()) for i in range(len(covariates))]
        return cls(
            frame=frame,
            complete=np.asarray(known.all(axis=1)),
            n_missing=tuple((v.name, n) for v, n in zip(covariates, n_missing, strict=True)),
            exclusions=tuple(
                Exclusion.of("covariate-missing", n, variable=v) for v, n in zip(covariates, n_missing, strict=True)
            ),
        )


class Counted:
    """What frames of counted patients have in common: how many patients there are, and in how many all is known."""

    __slots__ = ()
    weight: FloatArray
    complete: NDArray[np.bool_] | None
    noise: CellNoise | None  # that of the numbers of patients, where small ones are protected

    @property
    def n(self) -> int:
        """Patients in the analysis."""
        return round(self.weight.sum())

    @property
    def n_complete(self) -> int:
        """Patients in the analysis with every covariate known."""
        return round((self.weight if self.complete is None else self.weight[self.complete]).sum())


class CountedTimes(Counted):
    """Counted patients with or without an event."""

    __slots__ = ()
    event: FloatArray

    @property
    def n_event(self) -> int:
        """Patients with the event."""
        return int((self.weight * self.event).sum())


def read_counted(tally: pd.DataFrame, exclusions: Sequence[Exclusion], known: Covariates | None) -> dict[str, Any]:
    """The fields of a frame that say how many share a row, who is left out, and what else is known of them."""
    found = (*exclusions, *(known.exclusions if known else ()))
    return {
        "noise": tally.attrs.get("noise"),
        "weight": read_only(tally["n"].to_numpy(float)),
        "exclusions": tuple(exclusion for exclusion in found if exclusion.n),
        "covariates": None if known is None else known.frame,
        "complete": None if known is None else known.complete,
        "n_missing": () if known is None else known.n_missing,
    }


def read_times(
    tally: pd.DataFrame,
    endpoint: Endpoint | CompetingEndpoint,
    exclusions: Sequence[Exclusion],
    strata: Variable | None,
    filtered_by: Sequence[Variable],
    covariates: Sequence[Variable],
    references: Mapping[str, str] | None,
) -> dict[str, Any]:
    """The fields that every frame of times has, but for the events."""
    return {
        "endpoint": endpoint,
        "time": months_of(tally, endpoint.time),
        "strata": None if strata is None else to_categorical(tally, strata),
        "conditions": (*filtered_by, *(() if strata is None else (strata,))),
        **read_counted(tally, exclusions, Covariates.from_tally(tally, covariates, references) if covariates else None),
    }
