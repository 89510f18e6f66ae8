"""The columns of a regression model, made from its covariates for libraries that want numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.results import FloatArray, HazardRatio, OddsRatio

Terms = Sequence[OddsRatio] | Sequence[HazardRatio]


@dataclass(frozen=True, slots=True)
class Columns:
    """One column per coefficient that can be estimated, patients in rows; ``names`` are variable and level of each.

    Columns are divided by ``scale``, so that the search of a library does not depend on the unit.
    """

    matrix: FloatArray
    names: tuple[tuple[str, str | None], ...]
    scale: FloatArray

    @classmethod
    def from_covariates(
        cls, covariates: pd.DataFrame, row: np.ndarray, terms: Terms, steps: Mapping[str, float], *, constant: bool
    ) -> Columns:
        """The columns of ``terms`` for the patients in ``row``, numbers per step; what others make up is left out.

        ``constant`` True if the model has an intercept, or, as a Cox model, cannot tell one.
        """
        known: list[FloatArray] = [np.ones(len(row))] if constant else []
        columns: list[FloatArray] = []
        names: list[tuple[str, str | None]] = []
        for term in terms:
            if term.is_reference:
                continue
            values = covariates[term.variable].iloc[row]
            if term.level is None:
                column: FloatArray = values.to_numpy(dtype=np.float64) / steps.get(term.variable, 1.0)
                column = column - column.mean() if len(column) else column
            else:
                column = np.where(values.astype(str) == term.level, 1.0, 0.0)
            size = float(np.abs(column).max(initial=0.0))
            if not size:
                continue
            scaled = column / size
            if np.linalg.matrix_rank(np.column_stack([*known, scaled]), tol=1e-9 * len(row) ** 0.5) == len(known):
                continue
            known.append(scaled)
            columns.append(column)
            names.append((term.variable, term.level))
        matrix = np.column_stack(columns) if columns else np.zeros((len(row), 0))
        scale = matrix.std(axis=0) if columns else np.zeros(0)
        return cls(matrix / np.where(scale > 0, scale, 1.0), tuple(names), np.where(scale > 0, scale, 1.0))

    def only(self, places: Sequence[int]) -> Columns:
        """Some of the columns."""
        kept = list(places)
        return Columns(self.matrix[:, kept], tuple(self.names[j] for j in kept), self.scale[kept])

    def of(self, variable: str) -> list[int]:
        """The places of a variable's columns."""
        return [i for i, (name, _) in enumerate(self.names) if name == variable]
