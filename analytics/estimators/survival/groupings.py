"""The log-rank test of many ways to split the same patients in two, all at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc

from analytics.estimators.observations import Observations
from analytics.results import FloatArray, read_only


def logrank_of_groupings(time: ArrayLike, event: ArrayLike, groupings: NDArray[np.bool_]) -> FloatArray:
    """The p values of two-sample log-rank tests of the same patients, one for each way to split them.

    Parameters
    ----------
    time, event : arrays of shape (patients,)
        As for :func:`analytics.estimators.logrank_test`; one entry per patient.
    groupings : array of shape (ways, patients)
        True for the patients of one group, in each way.

    Returns
    -------
    array of shape (ways,)
        What :func:`analytics.estimators.logrank_test` gives for each; NaN where two groups are never at risk together.

    Raises
    ------
    ValueError
        If the lengths differ, or as for :func:`~analytics.estimators.logrank_test`.

    Notes
    -----
    With n at risk at a time, n1 of them in the group, and d events, the group expects d n1 / n of them with variance
    d (n1 / n) (1 - n1 / n) (n - d) / (n - 1) (Mantel 1966, Cancer Chemotherapy Reports 50:163).
    """
    data = Observations.from_arrays(time, event)
    if groupings.ndim != 2 or groupings.shape[1] != len(data.time):
        raise ValueError(
            f"groupings must have one column per patient ({len(data.time)}): the shape is {groupings.shape}."
        )
    group = groupings.astype(np.float64)
    times = np.unique(data.time[data.event > 0])
    at_risk = (data.time[:, None] >= times).astype(np.float64)
    n, n_event = (
        at_risk.sum(axis=0),
        np.bincount(np.searchsorted(times, data.time[data.event > 0]), minlength=len(times)),
    )
    share = (group @ at_risk) / n
    observed = group @ data.event
    expected = share @ n_event
    spread = np.divide(n_event * (n - n_event), n - 1, out=np.zeros(len(times)), where=n > 1)
    variance = (share * (1 - share)) @ spread
    statistic = np.divide((observed - expected) ** 2, variance, out=np.full(len(group), np.nan), where=variance > 1e-12)
    return read_only(chdtrc(1, statistic))
