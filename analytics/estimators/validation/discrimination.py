"""How well predictions tell patients with the event from those without: area under the curve and Brier score.

Both are scikit-learn's; the errors, and the area in a thousand resamples, are worked out here.

Sources
-------
DeLong, DeLong & Clarke-Pearson (1988), Biometrics 44:837, doi:10.2307/2531595: the variance of an area under the curve.
Brier (1950), Monthly Weather Review 78:1, doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2: the mean squared error.
Steyerberg et al. (2010), Epidemiology 21:128, doi:10.1097/EDE.0b013e3181c30fb2: the scaled Brier score.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analytics.estimators.design import totals
from analytics.estimators.intervals import normal_quantile
from analytics.estimators.regression.logistic import (
    nothing_to_fit,
    read_outcome,
    read_weight,
    rows_in_use,
)
from analytics.results import Estimate, FloatArray, Interval, Reason

# A standard error this small is rounding.
_NEGLIGIBLE = 1e-12


def estimate_discrimination(
    outcome: ArrayLike, score: ArrayLike, *, weight: ArrayLike | None = None, conf_level: float = 0.95
) -> Estimate:
    """The area under the ROC curve: how often a patient with the event has a higher score than one without.

    Parameters
    ----------
    outcome : array of length n
        1 or True where the patient had the event.
    score : array of length n
        Any finite numbers, higher meaning that the event is more likely. The direction is never turned, so a score that
        works the wrong way has an area below 0.5.
    weight : array of length n, optional
        How many patients share the row (whole numbers); the result equals that of the repeated rows, 0 drops a row.
    conf_level : float
        Between 0 and 1.

    Returns
    -------
    Estimate
        Pairs with equal scores count one half. The standard error is DeLong's, and the interval is estimate +/- z SE,
        cut off at 0 and 1; both are None with fewer than two patients on a side of the outcome, and the interval also
        where the standard error is 0 (as it is at an area of 0 or 1). Without patients on a side, ``value`` is None.

    Raises
    ------
    ValueError
        If lengths differ, the outcome is not 0/1, a score is missing or infinite, a weight is no number of patients, or
        the level is out of range.
    """
    from sklearn.metrics import roc_auc_score

    z = normal_quantile(conf_level)
    y, scores, counts = read_predictions(outcome, score, weight, "score")
    n, n_event = int(counts.sum()), int(counts @ y)
    reason = nothing_to_fit(n, n_event)
    if reason is not None:
        return Estimate(None, n=n, n_event=n_event, reason=reason)
    area = float(roc_auc_score(y, scores, sample_weight=counts))
    _, variance = area_under_curve(scores, counts * y, counts * (1.0 - y))
    if variance is None:
        return Estimate(area, None, n, n_event)
    std_error = math.sqrt(variance)
    interval = None
    if std_error > _NEGLIGIBLE:
        interval = Interval(max(area - z * std_error, 0.0), min(area + z * std_error, 1.0), conf_level, "DeLong")
    return Estimate(area, interval, n, n_event, std_error=std_error)


def estimate_brier(outcome: ArrayLike, probability: ArrayLike, *, weight: ArrayLike | None = None) -> Estimate:
    """The Brier score: the mean squared difference between outcome (0 or 1) and predicted probability, 0 being best.

    Parameters
    ----------
    outcome, weight
        As for :func:`estimate_discrimination`.
    probability : array of length n
        Predicted probabilities of the event, 0 to 1.

    Returns
    -------
    Estimate
        Without interval; the standard error is that of a mean, None for a single patient. ``value`` is None without
        patients.

    Raises
    ------
    ValueError
        As for :func:`estimate_discrimination`, or if a probability lies outside 0 to 1.
    """
    from sklearn.metrics import brier_score_loss

    y, predicted, counts = read_predictions(outcome, probability, weight, "probability")
    n, n_event = int(counts.sum()), int(counts @ y)
    if not n:
        return Estimate(None, reason=Reason("no-patients"))
    squares, value = (y - predicted) ** 2, float(brier_score_loss(y, predicted, sample_weight=counts))
    std_error = math.sqrt(float(counts @ (squares - value) ** 2) / (n - 1) / n) if n > 1 else None
    return Estimate(value, None, n, n_event, std_error=std_error)


def estimate_scaled_brier(outcome: ArrayLike, probability: ArrayLike, *, weight: ArrayLike | None = None) -> Estimate:
    """The Brier score as a share gained: 1 - Brier / Brier of predicting everybody the observed share with the event.

    Parameters and errors are those of :func:`estimate_brier`.

    Returns
    -------
    Estimate
        1 is perfect, 0 no better than the prevalence, below 0 worse; without interval or standard error. ``value`` is
        None if nobody or everybody had the event, or there are no patients.
    """
    brier = estimate_brier(outcome, probability, weight=weight)
    reason = nothing_to_fit(brier.n, brier.n_event)
    if reason is not None or brier.value is None:
        return Estimate(None, n=brier.n, n_event=brier.n_event, reason=reason)
    share = brier.n_event / brier.n
    return Estimate(1.0 - brier.value / (share * (1.0 - share)), None, brier.n, brier.n_event)


# Reading


def read_predictions(
    outcome: ArrayLike, prediction: ArrayLike, weight: ArrayLike | None, name: str
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Outcome, prediction and patients of the rows that stand for patients."""
    y = read_outcome(outcome)
    try:
        values = np.asarray(pd.Series(prediction).to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must hold numbers: it holds text or other values. Convert it first.") from None
    if len(values) != len(y):
        raise ValueError(f"{name} must have one entry per row of outcome: {len(values)} against {len(y)}.")
    counts = read_weight(weight, len(y))
    rows = rows_in_use(y, counts)
    known = values[rows]
    wrong = ~np.isfinite(known)
    what = "be finite"
    if name == "probability":
        wrong, what = wrong | (known < 0.0) | (known > 1.0), "lie between 0 and 1"
    if wrong.any():
        first = int(wrong.argmax())
        raise ValueError(
            f"{name} must {what}: {wrong.sum()} of {len(rows)} values do not "
            f"(first at row {rows[first]}: {known[first]:g}). Correct them or leave these patients out."
        )
    return y[rows], known, counts[rows]


# Discrimination


def area_under_curve(score: FloatArray, with_event: FloatArray, without: FloatArray) -> tuple[float, float | None]:
    """The area under the curve and DeLong's variance, None with a single patient on a side.

    ``with_event`` and ``without`` count the patients of each score; there is at least one of both. A patient's
    placement is the share of the other side that is ranked correctly against it (DeLong et al. 1988, equations 2-5).
    """
    values, place = np.unique(score, return_inverse=True)
    m, k = (totals(place, amount, len(values)) for amount in (with_event, without))
    total_m, total_k = m.sum(), k.sum()
    below = np.cumsum(k) - k + k / 2.0
    above = total_m - np.cumsum(m) + m / 2.0
    area = float(m @ below) / float(total_m * total_k)
    if total_m < 2 or total_k < 2:
        return area, None
    spread_m = float(m @ (below / total_k - area) ** 2) / (total_m - 1.0)
    spread_k = float(k @ (above / total_m - area) ** 2) / (total_k - 1.0)
    return area, float(spread_m / total_m + spread_k / total_k)
