"""Quantiles of counted values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def weighted_quantiles(values: np.ndarray, weight: np.ndarray, at: Sequence[float]) -> tuple[float, ...] | None:
    """Quantiles of frequency-weighted values, equal to those of the repeated rows by type 7 (Hyndman and Fan 1996).

    None without any value.
    """
    total = int(weight.sum())
    if total == 0:
        return None
    order = np.argsort(values, kind="stable")
    upto = np.cumsum(weight[order])
    result = []
    for q in at:
        position = q * (total - 1)
        below = int(np.floor(position))
        low = values[order][np.searchsorted(upto, below, side="right")]
        high = values[order][np.searchsorted(upto, min(below + 1, total - 1), side="right")]
        result.append(float(low + (position - below) * (high - low)))
    return tuple(result)
