"""The odds ratios of many tables of two by two at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, xlogy

from analytics.results import FloatArray, read_only


def odds_ratios_of_tables(
    events: NDArray[np.int64], n: NDArray[np.int64], other_events: NDArray[np.int64], n_other: NDArray[np.int64]
) -> tuple[FloatArray, FloatArray]:
    """The odds ratio of each table and its p value, as :func:`analytics.estimators.estimate_odds_ratios` has them.

    Parameters
    ----------
    events, n, other_events, n_other : arrays of shape (tables,)
        Events and patients of the group, and of those it is compared with.

    Returns
    -------
    two arrays of shape (tables,)
        Ratios, and p values of the likelihood ratio test; NaN for a table with an empty cell, which has no odds ratio.

    Notes
    -----
    The statistic is twice the sum of O log(O / E) over the four cells, E being what the margins make expected.
    """
    cells = np.array([events, n - events, other_events, n_other - other_events], dtype=np.float64)
    total = cells.sum(axis=0)
    happened = cells[0] + cells[2]
    share = np.divide(n, total, out=np.zeros_like(total), where=total > 0)
    expected = np.array([happened * share, (total - happened) * share])
    expected = np.concatenate([expected, np.array([happened, total - happened]) - expected])
    is_full = (cells > 0).all(axis=0)
    kept, of = cells[:, is_full], expected[:, is_full]
    ratio, p_value = np.full(len(total), np.nan), np.full(len(total), np.nan)
    ratio[is_full] = kept[0] * kept[3] / (kept[1] * kept[2])
    p_value[is_full] = chdtrc(1, np.maximum(2 * (xlogy(kept, kept) - xlogy(kept, of)).sum(axis=0), 0.0))
    return read_only(ratio), read_only(p_value)
