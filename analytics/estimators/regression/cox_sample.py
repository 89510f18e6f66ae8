"""Checked patients of a Cox model, with rows merged that are alike in everything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analytics.estimators.design import BoolArray, Covariate, Design, IntArray, check_covariates, read_covariates
from analytics.estimators.observations import Labels, Observations
from analytics.estimators.regression.partial_likelihood import PartialLikelihood
from analytics.estimators.regression.risk_sets import RiskRows, RiskSets
from analytics.results import FloatArray


@dataclass(frozen=True, slots=True)
class CoxSample:
    """Checked patients of a Cox model: the design with its counts, the rows in it, and their clusters if any."""

    design: Design
    rows: RiskRows
    cluster: IntArray | None

    @classmethod
    def from_arrays(
        cls,
        time: Any,
        event: Any,
        covariates: pd.DataFrame,
        entry: Any = None,
        weight: Any = None,
        strata: Any = None,
        cluster: Any = None,
        sampling_weight: Any = None,
    ) -> CoxSample:
        """The sample, with rows merged that are alike in everything.

        Raises
        ------
        ValueError
            If lengths differ, a value is missing or impossible, or a name occurs twice.
        TypeError
            If ``covariates`` is no DataFrame or a column is of a kind that cannot be used.
        """
        data = Observations.from_arrays(time, event, weight, entry)
        check_covariates(covariates, len(data.kept), "time")
        kept = np.flatnonzero(data.kept)
        stratum = None if strata is None else Labels.from_values("strata", strata, data.kept).codes
        clusters = None if cluster is None else Labels.from_values("cluster", cluster, data.kept).codes
        sampling = None
        if sampling_weight is not None:
            sampling = read_sampling_weight(sampling_weight, data.kept)[kept]
        read = read_covariates(covariates, kept)
        return cls.from_observations(data, read, stratum, clusters, sampling)

    @classmethod
    def from_observations(
        cls,
        data: Observations,
        covariates: Sequence[Covariate],
        stratum: IntArray | None = None,
        clusters: IntArray | None = None,
        sampling: FloatArray | None = None,
    ) -> CoxSample:
        """The sample of checked observations, with numbers for the stratum and the cluster of each."""
        design = Design(covariates, data.event, data.weight, measure="hazard ratio", intercept=False)
        columns = (design.patterns.of_row, stratum, data.time, data.event, data.entry, sampling, clusters)
        first, group = _distinct([column for column in columns if column is not None])
        rows = RiskRows(
            design.patterns.of_row[first],
            np.zeros(len(first), dtype=np.intp) if stratum is None else stratum[first],
            data.time[first],
            data.event[first],
            np.bincount(group, data.weight, len(first)).astype(np.float64),
            np.ones(len(first)) if sampling is None else sampling[first],
            None if data.entry is None else data.entry[first],
        )
        return cls(design, rows, None if clusters is None else clusters[first])

    def likelihood(self, ties: str, penalised: bool = False) -> PartialLikelihood:
        """The likelihood with all columns of the design."""
        return PartialLikelihood(self.design.matrix, RiskSets(self.rows, len(self.design.patterns.n)), ties, penalised)


def _distinct(columns: Sequence[Any]) -> tuple[IntArray, IntArray]:
    """The first row of each distinct combination of the columns, and the combination of each row."""
    key = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        values, code = np.unique(column, return_inverse=True)
        if len(values) and int(key.max(initial=0)) * len(values) >= 2**62:
            key = np.unique(key, return_inverse=True)[1]
        key = key * len(values) + code
    _, first, group = np.unique(key, return_index=True, return_inverse=True)
    return first.astype(np.intp), group.astype(np.intp)


def read_sampling_weight(values: Any, kept: BoolArray) -> FloatArray:
    """The weights of all rows; those of rows without patients may be anything."""
    weights = np.asarray(pd.Series(values).to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)
    size = len(kept)
    if len(weights) != size:
        raise ValueError(f"sampling_weight must have one value per row: it has {len(weights)} for {size} times.")
    wrong = np.flatnonzero(kept & ~(np.isfinite(weights) & (weights > 0)))
    if len(wrong):
        raise ValueError(
            f"sampling_weight must be finite and above 0: {len(wrong)} of {size} values are not (first at row "
            f"{wrong[0]}: {weights[wrong[0]]:g}). Leave out patients who should not count."
        )
    return weights
