"""A comparison of treatments until something else ends follow-up, weighted for whose follow-up it ends.

Children are followed until transplantation, and who is transplanted has another prognosis than who is not. Inverse
probability of censoring weights let those still followed stand for those like them, in what is known, whose follow-up
transplantation has ended.

Sources
-------
Robins & Finkelstein (2000), Biometrics 56:779, doi:10.1111/j.0006-341X.2000.00779.x: the weights.
Hernán, Brumback & Robins (2000), Epidemiology 11:561, doi:10.1097/00001648-200009000-00012: stabilised, changing over
time, in a Cox model with robust errors.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analytics.estimators.regression.cox import estimate_hazard_ratios
from analytics.estimators.treatment.history import (
    TREATED,
    UNTREATED,
    TreatmentRows,
)
from analytics.estimators.treatment.rows import split_at_treatment
from analytics.results import TREATMENT, CensoringWeights, FloatArray, Reason, read_only

# Patients times events: one row of the weighted model each.
MOST_ROWS = 200_000


def weighted_until(
    time: ArrayLike,
    event: ArrayLike,
    treated_at: ArrayLike,
    ended_at: ArrayLike,
    covariates: pd.DataFrame,
    *,
    weight: ArrayLike | None = None,
    untreated: str = UNTREATED,
    treated: str = TREATED,
    conf_level: float = 0.95,
) -> CensoringWeights:
    """The hazard ratio of treatment as it changes, until another treatment ends follow-up, weighted for whom it ends.

    Parameters
    ----------
    time, event, treated_at : arrays of shape (patients,)
        Time to the event or the end of follow-up, 1 for the event, and the start of treatment, NaN for never; as for
        :func:`analytics.estimators.time_dependent_hazard_ratio`.
    ended_at : array of shape (patients,)
        Time at which the other treatment ends follow-up, NaN for never. At ``time`` itself it comes before the event.
    covariates : DataFrame with one row per patient
        What decides, with treatment, whose follow-up is ended.
    weight : array of shape (patients,), optional
        How many patients share the row, whole numbers.
    untreated, treated : str
        Names of the two states.
    conf_level : float
        Two-sided level of the Wald interval.

    Returns
    -------
    CensoringWeights
        ``model`` has robust standard errors, clustered by patient, which take the weights as given. Without patients, an
        event, anybody whose follow-up is ended, or covariates there is a reason instead.

    Raises
    ------
    ValueError, TypeError
        As for :func:`analytics.estimators.time_dependent_hazard_ratio`.

    Notes
    -----
    The weight at t is exp(H(t) - G(t)): H the cumulative hazard of being ended before t of a Cox model (Breslow's ties
    and baseline) of treatment and covariates, G that of treatment alone. Each patient has one row per time of an event.
    """
    n = np.ones(len(np.asarray(time)), dtype=np.intp) if weight is None else np.asarray(weight).astype(np.intp)
    place = np.repeat(np.arange(len(n)), n)
    at, had, began, ended = (
        np.asarray(pd.Series(values), dtype=np.float64)[place] for values in (time, event, treated_at, ended_at)
    )
    given = covariates.iloc[place].reset_index(drop=True)
    is_ended = ended <= at
    stop = np.where(is_ended, ended, at)
    had = np.where(is_ended, 0.0, had)
    # What begins on the day that ends follow-up changes nothing.
    began = np.where(is_ended & (began >= ended), np.nan, began)
    n_ended = int(is_ended.sum())
    reason = _refuse(had, n_ended, given)
    if reason is not None:
        return CensoringWeights(None, n_ended, reason=reason)
    rows = split_at_treatment(stop, had, began, untreated=untreated, treated=treated)
    last = np.concatenate([rows.row[1:] != rows.row[:-1], [True]])
    end = (last & is_ended[rows.row]).astype(np.float64)
    state = pd.DataFrame({TREATMENT: rows.state})
    both = pd.concat([state, given.iloc[rows.row].reset_index(drop=True)], axis=1)
    hazards = []
    for design in (both, state):
        found = _hazard(rows, end, design)
        if isinstance(found, Reason):
            return CensoringWeights(None, n_ended, reason=found)
        hazards.append(found)
    times = np.unique(rows.time[rows.event > 0])
    cut = _cut(rows, times)
    logs = [_passed(rows, end, lp, rows.row[cut.source], cut.entry, times) for lp in hazards]
    share = np.exp(logs[0] - logs[1])
    model = estimate_hazard_ratios(
        cut.time,
        cut.event,
        pd.DataFrame({TREATMENT: rows.state[cut.source]}),
        entry=cut.entry,
        sampling_weight=share,
        cluster=rows.row[cut.source],
        conf_level=conf_level,
    )
    return CensoringWeights(model, n_ended, float(share.min()), float(share.max()), model.reason)


def _refuse(had: FloatArray, n_ended: int, given: pd.DataFrame) -> Reason | None:
    if not len(had):
        return Reason("no-patients")
    if not had.any():
        return Reason("no-events")
    if not n_ended:
        return Reason("nobody-ended")
    if not len(given.columns):
        return Reason("nothing-tells-who-ended")
    if len(had) * had.sum() > MOST_ROWS:
        return Reason.of("too-many-to-weight", n=len(had), n_event=int(had.sum()))
    return None


def _hazard(rows: TreatmentRows, end: FloatArray, design: pd.DataFrame) -> FloatArray | Reason:
    """The log hazard of being ended of each row, against that of a patient with all references; a reason without."""
    fitted = estimate_hazard_ratios(rows.time, end, design, entry=rows.entry, ties="breslow", conf_type="wald")
    total = np.zeros(len(rows.time))
    for term in fitted.terms:
        if term.is_reference or not (term.n or term.level is None):
            continue
        if term.hazard_ratio.value is None:
            return Reason.of("ended-not-told", why=term.hazard_ratio.reason)
        values = design[term.variable]
        x: Any = values.astype(np.float64) if term.level is None else values.astype(str) == term.level
        total += math.log(term.hazard_ratio.value) * np.asarray(x, dtype=np.float64)
    return fitted.reason or total


@dataclass(frozen=True, slots=True)
class _Cut:
    """Rows cut at the times of events: where each comes from, and its stretch."""

    source: Any
    entry: FloatArray
    time: FloatArray
    event: FloatArray


def _cut(rows: TreatmentRows, times: FloatArray) -> _Cut:
    """One row per row and time of an event within it; what lies after the last of them has no part in any risk set."""
    inside = (rows.entry[:, None] < times) & (rows.time[:, None] >= times)
    source, at = np.nonzero(inside)
    before = np.concatenate([[0.0], times])[at]
    entry = np.maximum(before, rows.entry[source])
    event = np.where(times[at] == rows.time[source], rows.event[source], 0.0)
    return _Cut(source, read_only(entry), read_only(times[at]), read_only(event))


def _passed(
    rows: TreatmentRows, end: FloatArray, log_hazard: FloatArray, patient: Any, entry: FloatArray, times: FloatArray
) -> FloatArray:
    """The cumulative hazard of being ended that each cut row's patient has passed before the row's time."""
    hazard = np.exp(log_hazard)
    ends = np.unique(rows.time[end > 0])
    at_risk = (rows.entry[:, None] < ends) & (rows.time[:, None] >= ends)
    number = np.array([end[rows.time == moment].sum() for moment in ends])
    step = number / (at_risk * hazard[:, None]).sum(axis=0)
    # By patient and moment; the states that a patient was in follow each other.
    moved = np.zeros((int(rows.row.max()) + 1, len(ends)))
    np.add.at(moved, rows.row, at_risk * hazard[:, None] * step)
    total = np.concatenate([np.zeros((len(moved), 1)), np.cumsum(moved, axis=1)], axis=1)
    # The row of a time t has the stretch after the time before: what happened before t.
    own = times[np.searchsorted(times, entry, side="right")]
    return np.asarray(total[patient, np.searchsorted(ends, own, side="left")])
