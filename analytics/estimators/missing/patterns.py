"""Which values are missing, in whom and together with which others.

Sources
-------
Newcombe (1998), Statistics in Medicine 17:873, method 10: the difference of two shares from their score intervals.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analytics.estimators.design import check_covariates
from analytics.estimators.intervals import list_wilson
from analytics.estimators.regression.logistic import (
    read_outcome,
    read_weight,
    rows_in_use,
)
from analytics.results import Estimate, FloatArray, Interval, MissingPattern, MissingResult, MissingShare, Reason


def count_missing(
    values: pd.DataFrame, outcome: ArrayLike, *, weight: ArrayLike | None = None, conf_level: float = 0.95
) -> MissingResult:
    """Count missing values per variable, by outcome, and per pattern.

    Parameters
    ----------
    values : DataFrame with n rows
        One column per variable; missing is what pandas takes for it. No rows and no columns are allowed.
    outcome : array of length n
        1 or True where the patient had the event.
    weight : array of length n, optional
        How many patients share the row (whole numbers); the result equals that of the repeated rows.
    conf_level : float
        Of Wilson's intervals of the shares and Newcombe's of their difference.

    Raises
    ------
    ValueError
        If lengths differ, an outcome is missing or not 0/1, a weight is no number of patients or a name occurs twice.
    """
    y = read_outcome(outcome)
    check_covariates(values, len(y))
    counts = read_weight(weight, len(y))
    rows = rows_in_use(y, counts)
    y, counts = y[rows], counts[rows]
    missing = values.isna().to_numpy(dtype=bool).reshape(len(values), values.shape[1])[rows]
    n, n_event = float(counts.sum()), float(counts @ y)
    lacking, lacking_event = counts @ missing, (counts * y) @ missing
    parts = (lacking, n), (lacking_event, n_event), (lacking - lacking_event, n - n_event)
    everyone, with_event, without = (_list_shares(some, whole, conf_level) for some, whole in parts)
    shares = [
        MissingShare(str(name), of_all, one, other, _difference(one, other))
        for name, of_all, one, other in zip(values.columns, everyone, with_event, without, strict=True)
    ]
    return MissingResult(
        tuple(shares), _patterns(list(map(str, values.columns)), missing, y, counts), int(n), int(n_event), conf_level
    )


def _list_shares(parts: FloatArray, whole: float, conf_level: float) -> list[Estimate]:
    """The share of each part of the same whole."""
    if not whole:
        return [Estimate(None, reason=Reason("no-patients"))] * len(parts)
    intervals = list_wilson(parts, np.full(len(parts), whole), conf_level)
    return [
        Estimate(part / whole, interval, int(whole), int(part))
        for part, interval in zip(parts.tolist(), intervals, strict=True)
    ]


def _difference(first: Estimate, second: Estimate) -> Estimate:
    """The first share less the second, with the interval that their own limits give (Newcombe 1998, method 10)."""
    n, n_missing = first.n + second.n, first.n_event + second.n_event
    a, b = first.interval, second.interval
    if first.value is None or second.value is None or a is None or b is None:
        return Estimate(None, n=n, n_event=n_missing, reason=Reason("nobody-to-compare"))
    assert a.low is not None and a.high is not None and b.low is not None and b.high is not None
    value = first.value - second.value
    low = value - math.hypot(first.value - a.low, b.high - second.value)
    high = value + math.hypot(a.high - first.value, second.value - b.low)
    return Estimate(value, Interval(max(low, -1.0), min(high, 1.0), a.level, "Newcombe"), n, n_missing)


def _patterns(names: list[str], missing: np.ndarray, y: FloatArray, counts: FloatArray) -> tuple[MissingPattern, ...]:
    complete = MissingPattern((), 0, 0)
    others = []
    kinds, which = np.unique(missing, axis=0, return_inverse=True)
    which = which.reshape(-1)
    n = np.bincount(which, weights=counts, minlength=len(kinds))
    n_event = np.bincount(which, weights=counts * y, minlength=len(kinds))
    for kind, size, events in zip(kinds, n, n_event, strict=True):
        lacking = tuple(name for name, is_missing in zip(names, kind, strict=True) if is_missing)
        pattern = MissingPattern(lacking, int(size), int(events))
        if lacking:
            others.append(pattern)
        else:
            complete = pattern
    place = {name: i for i, name in enumerate(names)}
    others.sort(key=lambda p: (-p.n, len(p.missing), [place[name] for name in p.missing]))
    return complete, *others
