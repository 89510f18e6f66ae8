"""How well predicted probabilities agree with what happened: slope, intercept and groups.

Sources
-------
Cox (1958), Biometrika 45:562, doi:10.1093/biomet/45.3-4.562: calibration slope and intercept.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logit

from analytics.estimators.design import standardised, totals
from analytics.estimators.intervals import list_wilson, normal_quantile
from analytics.estimators.regression.binomial_likelihood import BinomialLikelihood, fit_likelihood
from analytics.estimators.regression.fitted_logistic import shift_to_mean
from analytics.estimators.regression.logistic import nothing_to_fit
from analytics.estimators.regression.result import NOT_CONVERGED
from analytics.estimators.validation.discrimination import read_predictions
from analytics.results import CalibrationGroup, CalibrationResult, Estimate, FloatArray, Interval, Note, Reason

# Predictions that differ by less than this share of their size differ by rounding.
SAME = 1e-12
_ONE_PREDICTION = Reason("one-prediction")
_CERTAIN = Reason("certain-predictions")
_TOLD_APART = Reason("predictions-separate")


def estimate_calibration(
    outcome: ArrayLike,
    probability: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    groups: int = 10,
    conf_level: float = 0.95,
) -> CalibrationResult:
    """Whether as many patients had the event as was predicted: in all, along the predictions, and by groups of them.

    Parameters
    ----------
    outcome, probability, weight
        As for :func:`estimate_brier`.
    groups : int
        How many groups of about equal size to make along the predicted probabilities.
    conf_level : float
        Between 0 and 1.

    Returns
    -------
    CalibrationResult
        With L the log odds predicted, ``in_the_large`` is a in logit P = a + L, and ``intercept`` and ``slope`` are a
        and b in logit P = a + b L, by maximum likelihood with Wald intervals. They have a reason instead where nobody
        or everybody had the event or a probability is exactly 0 or 1; slope and intercept also where all predictions
        are equal or tell the outcomes apart. Groups are bounded by quantiles of the probabilities (type 7, the default
        of R), each bound belonging to the group below it; equal bounds are one, and a group without patients is left
        out, so there may be fewer (note "groups-joined"). Their shares have Wilson intervals.

    Raises
    ------
    ValueError
        As for :func:`estimate_brier`, or if ``groups`` is below 1 or the level out of range.
    """
    z = normal_quantile(conf_level)
    if groups != int(groups) or groups < 1:
        raise ValueError(f"groups must be a whole number from 1: it is {groups}.")
    y, predicted, counts = read_predictions(outcome, probability, weight, "probability")
    n, n_event = int(counts.sum()), int(counts @ y)
    values, place = np.unique(predicted, return_inverse=True)
    patients, events = (totals(place, amount, len(values)) for amount in (counts, counts * y))
    reason = nothing_to_fit(n, n_event)
    if reason is None and (values[0] == 0.0 or values[-1] == 1.0):
        reason = _CERTAIN

    def estimate(value: float, std_error: float) -> Estimate:
        half = z * std_error
        interval = Interval(value - half, value + half, conf_level, "wald")
        return Estimate(value, interval, n, n_event, std_error=std_error)

    in_the_large = slope = intercept = Estimate(None, n=n, n_event=n_event, reason=reason or NOT_CONVERGED)
    if reason is None:
        log_odds = logit(values)
        in_the_large = estimate(*shift_to_mean(log_odds, patients, events))
        line = recalibrate(log_odds, patients, events)
        if isinstance(line, Reason):
            slope = intercept = Estimate(None, n=n, n_event=n_event, reason=line)
        else:
            slope = estimate(line.slope, line.slope_error)
            intercept = estimate(line.intercept, line.intercept_error)
    table = _calibration_groups(values, patients, events, int(groups), conf_level)
    notes = []
    if n and len(table) < groups:
        notes.append(Note.of("groups-joined", "info", distinct=len(values), n=n, made=len(table), groups=int(groups)))
    return CalibrationResult(in_the_large, slope, intercept, table, n, n_event, conf_level, tuple(notes))


# Calibration


@dataclass(frozen=True, slots=True)
class CalibrationLine:
    """A logistic model of the outcome on predicted log odds."""

    intercept: float
    slope: float
    intercept_error: float
    slope_error: float


def recalibrate(log_odds: FloatArray, n: FloatArray, y: FloatArray) -> CalibrationLine | Reason:
    """The line by maximum likelihood, or why there is none; both outcomes occur."""
    used = n > 0
    log_odds, n, y = log_odds[used], n[used], y[used]
    if np.ptp(log_odds) <= SAME * max(1.0, float(np.abs(log_odds).max())):
        return _ONE_PREDICTION
    # With one covariate, separation is an order of the two sides that at most one shared value interrupts.
    event, other = log_odds[y > 0], log_odds[y < n]
    if event.min() >= other.max() or event.max() <= other.min():
        return _TOLD_APART
    standard, unit = standardised(log_odds, n)
    likelihood = BinomialLikelihood(np.column_stack([np.ones(len(n)), standard]), n, y, penalised=False)
    optimum = fit_likelihood(likelihood)
    information = likelihood.information(optimum.beta[0])
    if not optimum.converged[0] or np.linalg.slogdet(information)[0] <= 0:
        return NOT_CONVERGED
    (a, b), covariance = optimum.beta[0], np.linalg.inv(information)
    back = np.array([1.0, -float(log_odds @ n) / float(n.sum()) / unit])
    return CalibrationLine(
        float(back @ (a, b)),
        float(b) / unit,
        math.sqrt(float(back @ covariance @ back)),
        math.sqrt(float(covariance[1, 1])) / unit,
    )


def _calibration_groups(
    values: FloatArray, n: FloatArray, y: FloatArray, groups: int, conf_level: float
) -> tuple[CalibrationGroup, ...]:
    """Groups between quantiles of the ascending, distinct predicted probabilities ``values``."""
    if not len(values):
        return ()
    # Quantiles of type 7 lie at (N - 1) q; in whole numbers no rounding moves a patient across a bound.
    ends = np.cumsum(n)
    steps = (int(ends[-1]) - 1) * np.arange(groups + 1)
    floor, share = steps // groups, (steps % groups) / groups
    lower, upper = (
        values[np.searchsorted(ends, np.minimum(at, ends[-1] - 1), side="right")] for at in (floor, floor + 1)
    )
    bounds = np.unique(np.where((share > 0) & (lower != upper), (1.0 - share) * lower + share * upper, lower))
    if len(bounds) == 1:
        bounds = np.repeat(bounds, 2)
    code = np.maximum(np.searchsorted(bounds, values, side="left") - 1, 0)
    size = len(bounds) - 1
    patients, events, predicted = (totals(code, amount, size) for amount in (n, y, n * values))
    intervals = list_wilson(events, patients, conf_level)
    return tuple(
        CalibrationGroup(
            float(bounds[i]),
            float(bounds[i + 1]),
            Estimate(
                float(events[i] / patients[i]),
                intervals[i],
                int(patients[i]),
                int(events[i]),
            ),
            float(predicted[i] / patients[i]),
        )
        for i in range(size)
        if patients[i]
    )
