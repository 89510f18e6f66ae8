"""The risk of one patient by a logistic model: its probability with an interval, and what moves it.

Sources
-------
Puhr, Heinze, Nold, Lusa & Geroldinger (2017), Statistics in Medicine 36:2302, doi:10.1002/sim.7273: Firth's logistic
regression with the intercept estimated again (FLIC).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import expit

from analytics.estimators.design import Design
from analytics.estimators.intervals import normal_quantile
from analytics.estimators.regression.fitted_logistic import FittedLogistic
from analytics.estimators.regression.logistic import Method
from analytics.results import Contribution, Estimate, FloatArray, Interval, Name, PredictedRisk, Reason

INTERVAL = {"ml": "delta", "firth": "delta, penalised"}


def predict_risk(
    outcome: ArrayLike,
    covariates: pd.DataFrame,
    one: Mapping[str, str | float],
    *,
    weight: ArrayLike | None = None,
    method: Method = "auto",
    conf_level: float = 0.95,
) -> PredictedRisk:
    """The probability of the event for one patient by the model of :func:`~analytics.estimators.estimate_odds_ratios`.

    Parameters
    ----------
    outcome, covariates, weight, method
        As for that function.
    one
        The patient's level or number for each covariate.
    conf_level : float
        Between 0 and 1.

    Returns
    -------
    PredictedRisk
        ``risk`` is expit(x'b) with limits expit(x'b +/- z SE), where SE² = x'Vx (delta method on the linear predictor) and V is
        the inverse of the Fisher information at the estimate. With Firth's method b and V are the penalised ones, and the
        intercept is estimated again (FLIC), as in :func:`~analytics.estimators.fit_probabilities`; that it is estimated a
        second time is not in the interval. ``steps`` go from the mean of the linear predictor over all patients to that of
        this one, a covariate at a time in the order of the columns. There is a reason in place of a risk where there is no
        model, a covariate of the patient is not given, its level occurs in nobody, or its number lies outside those of the
        patients.

    Raises
    ------
    ValueError, TypeError
        As that function.
    """
    z = normal_quantile(conf_level)
    model = FittedLogistic.read(outcome, covariates, weight, method)
    n, n_event = int(model.design.n), int(model.design.n_event)
    reason = model.reason or find_outside(covariates.iloc[model.rows], one)
    if reason is not None or model.fit is None or model.fit.coefficients is None or model.log_odds is None:
        nothing = Estimate(None, n=n, n_event=n_event, reason=reason or Reason("no-maximum"))
        return PredictedRisk(nothing, None, (), model.method, n, n_event, model.n_parameters)
    design, beta, matrix = model.design, model.fit.coefficients, model.matrix
    places = {index: place for place, index in enumerate(model.kept)}
    row = place_patient(design, covariates.iloc[model.rows], one)[model.kept]
    raw = matrix @ beta
    shift = float((model.log_odds - raw)[0])
    p = expit(raw)
    information = (matrix * (design.patterns.n * p * (1.0 - p))[:, None]).T @ matrix
    std_error = math.sqrt(float(row @ np.linalg.solve(information, row)))
    log_odds = float(row @ beta) + shift
    risk = float(expit(log_odds))
    low, high = (float(expit(log_odds + side * z * std_error)) for side in (-1, 1))
    interval = Interval(low, high, conf_level, INTERVAL[model.method])
    mean = design.patterns.n @ matrix / design.patterns.n.sum()
    moves = (row - mean) * beta
    steps = []
    at = float(mean @ beta) + shift
    average = float(expit(at))
    for position, covariate in enumerate(design.covariates):
        own = [places[index] for index in design.of_covariate(position) if index in places]
        move = float(moves[own].sum())
        steps.append(Contribution(covariate.name, move, float(expit(at)), float(expit(at + move))))
        at += move
    found = Estimate(risk, interval, n, n_event, std_error=std_error)
    return PredictedRisk(found, average, tuple(steps), model.method, n, n_event, model.n_parameters)


def find_outside(covariates: pd.DataFrame, one: Mapping[str, str | float]) -> Reason | None:
    """Why a model of these patients says nothing of one: a covariate is not known, or nobody is like that; None if it does."""
    unknown = tuple(Name(str(name)) for name in covariates.columns if name not in one)
    if unknown:
        return Reason.of("covariates-not-known", names=unknown)
    for name in covariates.columns:
        values, own = covariates[name], one[str(name)]
        if isinstance(own, str):
            if not (values.astype(object) == own).any():
                return Reason.of("level-in-nobody", name=Name(str(name), own))
        elif not float(values.min()) <= own <= float(values.max()):
            low, high = float(values.min()), float(values.max())
            return Reason.of("outside-range", name=Name(str(name)), value=float(own), low=low, high=high)
    return None


def place_patient(design: Design, covariates: pd.DataFrame, one: Mapping[str, str | float]) -> FloatArray:
    """The row of the design that a patient has, from those of others: of the same level, or along the line of a number.

    ``covariates`` are the rows that the design was read from.
    """
    row = np.zeros(design.matrix.shape[1])
    if design.has_intercept:
        row[0] = 1.0
    for position, covariate in enumerate(design.covariates):
        own = design.of_covariate(position)
        values = covariates[covariate.name]
        for index, value in zip(own, _values(design, own, values, one[covariate.name]), strict=True):
            row[index] = value
    return row


def _values(design: Design, own: list[int], values: pd.Series, of_one: str | float) -> Iterator[float]:
    patterns = design.patterns.of_row
    if isinstance(of_one, str):
        first = int(np.flatnonzero((values.astype(object) == of_one).to_numpy())[0])
        yield from (float(value) for value in design.matrix[patterns[first], own])
        return
    numbers = values.to_numpy(float)
    least, most = int(numbers.argmin()), int(numbers.argmax())
    for index in own:
        low, high = design.matrix[patterns[[least, most]], index]
        yield float(low + (high - low) * (of_one - numbers[least]) / (numbers[most] - numbers[least]))
