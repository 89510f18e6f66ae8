"""Counted patients as an outcome that is there or not, with covariates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.dictionary import Variable
from analytics.frames.covariates import Counted, Covariates, read_counted
from analytics.frames.exclusions import Exclusion, leave_out
from analytics.results import CellNoise, FloatArray, read_only


@dataclass(frozen=True, slots=True)
class BinaryOutcome(Counted):
    """A yes/no outcome with covariates, one entry per distinct tally row.

    ``covariates`` keeps missing values: ``complete`` marks the entries in which every covariate is known. ``n_missing``
    counts the patients without each covariate, in the order of the columns.
    """

    outcome: FloatArray
    covariates: pd.DataFrame
    weight: FloatArray
    complete: NDArray[np.bool_]
    n_missing: tuple[tuple[str, int], ...]
    exclusions: tuple[Exclusion, ...]
    noise: CellNoise | None = None

    def model(self, *names: str) -> dict[str, Any]:
        """What a model of these covariates takes, or of all of them, of the patients of whom they are known."""
        covariates = self.covariates[list(names)] if names else self.covariates
        known = covariates.notna().all(axis=1).to_numpy(bool)
        return {"outcome": self.outcome[known], "covariates": covariates[known], "weight": self.weight[known]}

    @classmethod
    def from_tally(
        cls,
        tally: pd.DataFrame,
        outcome: str,
        covariates: Sequence[Variable],
        references: Mapping[str, str] | None = None,
        *,
        unknown: str = "outcome-missing",
    ) -> BinaryOutcome:
        """The arrays from a tally of an outcome column (0/1) and the covariates' columns.

        ``unknown`` is the code of why a patient has no outcome.
        ``references`` maps a coded covariate to the level that becomes its first category, hence its reference;
        without an entry, the dictionary's reference is used.

        Raises
        ------
        ValueError
            If a reference is not a level of its covariate.
        """
        exclusions: list[Exclusion] = []
        tally = leave_out(tally, tally[outcome].notna(), exclusions, unknown)
        known = Covariates.from_tally(tally, covariates, references)
        return cls(outcome=read_only(tally[outcome].to_numpy(float)), **read_counted(tally, exclusions, known))
