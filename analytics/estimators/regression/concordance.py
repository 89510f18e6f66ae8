"""Concordance: how often, of two patients, the one with the higher score had the event first.

Sources
-------
Harrell, Lee & Mark (1996), Statistics in Medicine 15:361,
doi:10.1002/(SICI)1097-0258(19960229)15:4<361::AID-SIM168>3.0.CO;2-4: the index.
Therneau & Watson (2015), The concordance statistic and the Cox model, Mayo Clinic technical report 85: its form as a
sum over risk sets, with delayed entry and strata, and its infinitesimal jackknife standard error.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import expit, logit

from analytics.estimators.design import IntArray
from analytics.estimators.intervals import normal_quantile
from analytics.estimators.observations import (
    NO_PATIENTS,
    Labels,
    Observations,
)
from analytics.estimators.regression.risk_sets import RiskRows, RiskSets
from analytics.results import Estimate, FloatArray, Interval, Reason

_NEGLIGIBLE = 1e-12  # A standard error this small is rounding.


def concordance(
    time: ArrayLike,
    event: ArrayLike,
    score: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    strata: Any = None,
    conf_level: float = 0.95,
) -> Estimate:
    """The concordance of a risk score with the time to an event: 0.5 without any relation, 1 for perfect order.

    Parameters
    ----------
    time, event : arrays of length n
        Time to the event or the end of follow-up (finite, >= 0), and 1 or True where the event happened.
    score : array of length n
        Any finite numbers, higher meaning an earlier event (a Cox model's linear predictor, a count of risk factors).
    entry, weight, strata : arrays of length n, optional
        Time from which the row is observed; how many patients share the row; patients are compared within their
        stratum only.
    conf_level : float
        Between 0 and 1.

    Returns
    -------
    Estimate
        The share of comparable pairs in which the patient with the event had the higher score, pairs with equal scores
        counting one half. A pair is comparable if one patient had the event while the other was under observation and
        had it later or, at the same time, not at all. The standard error is the infinitesimal jackknife's; the
        interval is Wald's on the logit scale, None where the value is 0 or 1 or the standard error 0. Without a
        comparable pair ``value`` is None, with a reason.

    Raises
    ------
    ValueError
        If an argument is not as described.
    """
    normal_quantile(conf_level)
    data = Observations.from_arrays(time, event, weight, entry)
    try:
        scores = np.asarray(pd.Series(score).to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError("score must hold numbers: it holds text or other values. Convert it first.") from None
    if scores.shape != data.kept.shape:
        raise ValueError(f"score must have one value per row: it has {scores.size} for {len(data.kept)} times.")
    wrong = np.flatnonzero(data.kept & ~np.isfinite(scores))
    if len(wrong):
        raise ValueError(
            f"score must be finite: {len(wrong)} of {len(scores)} values are not (first at row {wrong[0]}: "
            f"{scores[wrong[0]]:g}). Leave these patients out."
        )
    stratum = np.zeros(len(data.time), dtype=np.intp)
    if strata is not None:
        stratum = Labels.from_values("strata", strata, data.kept).codes
    values, rank = np.unique(scores[data.kept], return_inverse=True)
    rows = RiskRows(rank.astype(np.intp), stratum, data.time, data.event, data.weight, np.ones(len(rank)), data.entry)
    return concordance_of(RiskSets(rows, len(values)), conf_level=conf_level)


def concordance_of(risk: RiskSets, cluster: IntArray | None = None, conf_level: float = 0.95) -> Estimate:
    """The concordance of risk sets whose patterns are the ranks of the scores, lowest first.

    ``cluster`` numbers rows that depend on each other.
    """
    rows = risk.rows
    n, n_event = int(rows.n.sum()), int(rows.n @ rows.event)
    if not n:
        return Estimate(None, reason=NO_PATIENTS)
    agree, disagree, tied = _by_table(risk) if risk.table is not None else _by_dominance(risk)
    # Each pair is counted for the patient with the event and for the other.
    counts = rows.n * rows.weight
    pairs = float(counts @ (agree + disagree + tied)) / 2.0
    if pairs <= 1e-9:
        reason = Reason("no-pair" if n_event else "no-events")
        return Estimate(None, n=n, n_event=n_event, reason=reason)
    excess = float(counts @ (agree - disagree)) / 2.0 / pairs
    value = min(max((excess + 1.0) / 2.0, 0.0), 1.0)
    influence = rows.weight * ((agree - disagree) - excess * (agree + disagree + tied)) / (2.0 * pairs)
    squares = rows.n * influence**2 if cluster is None else np.bincount(cluster, rows.n * influence) ** 2
    std_error = math.sqrt(float(squares.sum()))
    interval = None
    if 0.0 < value < 1.0 and std_error > _NEGLIGIBLE:
        half = normal_quantile(conf_level) * std_error / (value * (1.0 - value))
        centre = float(logit(value))
        interval = Interval(float(expit(centre - half)), float(expit(centre + half)), conf_level, "logit")
    return Estimate(value, interval, n, n_event, std_error=std_error)


def _by_table(risk: RiskSets) -> tuple[FloatArray, FloatArray, FloatArray]:
    """For each row the concordant, discordant and tied pairs that it is in, from a table of event times by scores."""
    rows, happened = risk.rows, risk.rows.event > 0
    assert risk.table is not None
    events = np.asarray(risk.events.toarray())
    others = risk.table - events
    own, rank = risk.last - 1, rows.pattern
    others_below, events_below = (np.cumsum(table, axis=1) - table for table in (others, events))
    found = []
    for as_event, as_other in (
        (others_below, events.sum(axis=1, keepdims=True) - events_below - events),
        (others.sum(axis=1, keepdims=True) - others_below - others, events_below),
        (others, events),
    ):
        over_time = risk.forwards(as_other)
        # With an event of its own a row is not compared with other events of the same moment.
        last = np.maximum(risk.last - happened, risk.first)
        pairs = over_time[last, rank] - over_time[risk.first, rank]
        pairs[happened] += as_event[own[happened], rank[happened]]
        found.append(pairs)
    return found[0], found[1], found[2]


def _by_dominance(risk: RiskSets) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The same as :func:`_by_table`, in O(n log^2 n) for many distinct scores."""
    rows = risk.rows
    happened = rows.event > 0
    counts = rows.n * rows.weight
    last = risk.last - happened
    seen = risk.first < risk.last
    first, rank = risk.first, rows.pattern
    own = risk.last - 1
    found = []
    for sign in (1, -1):
        y = sign * rank
        y = y - y.min()
        pairs = np.zeros(len(rank))
        # As the patient with the event: others at risk with a lower score (sign 1) or a higher one (sign -1).
        at = own[happened]
        pairs[happened] = _dominated(last[seen], y[seen], counts[seen], at, y[happened])
        pairs[happened] -= _dominated(first[seen], y[seen], counts[seen], at, y[happened])
        # As the other patient: events while at risk with a higher score (or a lower one).
        turned = y.max() - y
        pairs[seen] += _dominated(at, turned[happened], counts[happened], first[seen] - 1, turned[seen])
        pairs[seen] -= _dominated(at, turned[happened], counts[happened], last[seen] - 1, turned[seen])
        found.append(pairs)
    every = np.zeros(len(rank))
    ones = np.zeros(len(rank), dtype=np.intp)
    at = own[happened]
    every[happened] = _dominated(last[seen], ones[seen], counts[seen], at, ones[happened] + 1)
    every[happened] -= _dominated(first[seen], ones[seen], counts[seen], at, ones[happened] + 1)
    events = ones[happened]
    every[seen] += _dominated(at, events, counts[happened], first[seen] - 1, ones[seen] + 1)
    every[seen] -= _dominated(at, events, counts[happened], last[seen] - 1, ones[seen] + 1)
    return found[0], found[1], every - found[0] - found[1]


def _dominated(x: IntArray, y: IntArray, weight: FloatArray, query_x: IntArray, query_y: IntArray) -> FloatArray:
    """For each query the weight of the points with a larger x and a smaller y.

    Points and queries are put in descending order of x; in blocks of doubling length, the points of each first half
    are counted for the queries of the second.
    """
    size = len(x) + len(query_x)
    where = np.concatenate([x, query_x])
    is_query = np.arange(size) >= len(x)
    # At equal x the query comes first, so that the point does not count.
    order = np.lexsort((~is_query, -where))
    position = np.empty(size, dtype=np.intp)
    position[order] = np.arange(size)
    point_at, query_at = position[: len(x)], position[len(x) :]
    span = int(max(y.max(initial=0), query_y.max(initial=0))) + 2
    total = np.zeros(len(query_x))
    by_y = np.argsort(y, kind="stable")
    half = 1
    while half < size:
        left = by_y[(point_at[by_y] // half) % 2 == 0]
        right = np.flatnonzero((query_at // half) % 2 == 1)
        block = point_at[left] // (2 * half)
        arranged = left[np.argsort(block, kind="stable")]
        keys = (point_at[arranged] // (2 * half)) * span + y[arranged]
        sums = np.concatenate([[0.0], np.cumsum(weight[arranged])])
        start = (query_at[right] // (2 * half)) * span
        total[right] += (
            sums[np.searchsorted(keys, start + query_y[right], side="left")]
            - sums[np.searchsorted(keys, start, side="left")]
        )
        half *= 2
    return total
