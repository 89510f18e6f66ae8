"""The covariates of a frame, and in which of its entries all are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.dictionary import Variable
from analytics.frames.exclusions import Exclusion, list_levels


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
                Exclusion("covariate-missing", f"{v.label}: {v.missing_label}", n)
                for v, n in zip(covariates, n_missing, strict=True)
            ),
        )


def list_found(exclusions: Sequence[Exclusion], covariates: Covariates | None) -> tuple[Exclusion, ...]:
    """The exclusions that concern anybody."""
    return tuple(e for e in (*exclusions, *(covariates.exclusions if covariates else ())) if e.n)
