"""A logistic model fitted to all patients, and the probabilities that it predicts.

Sources
-------
Puhr, Heinze, Nold, Lusa & Geroldinger (2017), Statistics in Medicine 36:2302, doi:10.1002/sim.7273: Firth's logistic
regression with the intercept estimated again (FLIC), so that predictions are not drawn towards one half.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import expit, logit

from analytics.estimators.design import Design, check_covariates, read_covariates
from analytics.estimators.regression.binomial_likelihood import (
    BinomialLikelihood,
    fit_likelihood,
    independent_columns,
)
from analytics.estimators.regression.logistic import (
    Method,
    PatternFit,
    fit_patterns,
    nothing_to_fit,
    read_outcome,
    read_weight,
    rows_in_use,
)
from analytics.estimators.regression.result import NOT_CONVERGED
from analytics.results import FittedProbabilities, FloatArray, Reason, read_only

NO_MAXIMUM = Reason("no-maximum")


def fit_probabilities(
    outcome: ArrayLike, covariates: pd.DataFrame, *, weight: ArrayLike | None = None, method: Method = "auto"
) -> FittedProbabilities:
    """Each row's probability of the event by the model of :func:`~analytics.estimators.estimate_odds_ratios`.

    Parameters and errors are those of that function.

    Returns
    -------
    FittedProbabilities
        Those of Firth's method have the intercept estimated again by maximum likelihood, with the other coefficients as they
        are (FLIC; Puhr et al. 2017, section 2.3): they add up to the number with the event, which Firth's own, drawn towards
        one half, do not. With method "ml" on separated data, the probabilities are the limits that maximum likelihood
        approaches: exactly 0 or 1 for the patients told apart. None, with a reason, if nobody or everybody had the event, or
        nobody is left.
    """
    model = FittedLogistic.read(outcome, covariates, weight, method)
    patterns, fitted = model.design.patterns, None
    if model.log_odds is not None:
        fitted = expit(model.log_odds)
    elif model.fit is not None and model.fit.separated.any():
        fitted = _limiting_probabilities(model.fit)
    probability = None
    if fitted is not None:
        spread = np.full(model.size, np.nan)
        spread[model.rows] = fitted[patterns.of_row]
        probability = read_only(spread)
    return FittedProbabilities(
        probability,
        model.method,
        int(model.design.n),
        int(model.design.n_event),
        model.n_parameters,
        model.reason if probability is None else None,
    )


@dataclass(frozen=True, slots=True)
class FittedLogistic:
    """A model fitted to all patients: its design, the columns ``kept`` of it, and the log odds per pattern.

    With Firth's method these have the intercept of :func:`predict_log_odds`, which the coefficients of ``fit`` have not.
    ``log_odds`` is None exactly when ``reason`` says why there are none. ``rows`` of ``size`` stand for patients.
    """

    design: Design
    size: int
    rows: np.ndarray
    kept: list[int]
    fit: PatternFit | None
    log_odds: FloatArray | None
    method: str
    reason: Reason | None

    @property
    def matrix(self) -> FloatArray:
        """The columns in use, (patterns, columns)."""
        return self.design.matrix[:, self.kept]

    @property
    def n_parameters(self) -> int:
        """Coefficients in use without the intercept; none without a model."""
        return len(self.kept) - 1 if self.fit is not None else 0

    @classmethod
    def read(
        cls, outcome: ArrayLike, covariates: pd.DataFrame, weight: ArrayLike | None, method: str
    ) -> FittedLogistic:
        """Read, check and fit."""
        if method not in get_args(Method):
            raise ValueError(f"method must be one of {', '.join(get_args(Method))}: it is {method!r}.")
        y = read_outcome(outcome)
        check_covariates(covariates, len(y))
        counts = read_weight(weight, len(y))
        rows = rows_in_use(y, counts)
        design = Design(read_covariates(covariates, rows), y[rows], counts[rows])
        reason = nothing_to_fit(design.n, design.n_event)
        if reason is not None:
            return cls(design, len(y), rows, [0], None, None, "firth" if method == "firth" else "ml", reason)
        kept = independent_columns(design.matrix)
        matrix = design.matrix[:, kept]
        fit = fit_patterns(matrix, design.patterns.n, design.patterns.y, design.masks(), method)
        if fit.coefficients is None:
            reason = NO_MAXIMUM if fit.separated.any() and fit.optimum is None else NOT_CONVERGED
            return cls(design, len(y), rows, kept, fit, None, fit.method, reason)
        log_odds = predict_log_odds(matrix, fit, design.patterns.n, design.patterns.y)
        return cls(design, len(y), rows, kept, fit, log_odds, fit.method, None)


def predict_log_odds(matrix: FloatArray, fit: PatternFit, n: FloatArray, y: FloatArray) -> FloatArray:
    """The log odds of the rows of a design by a fit to ``n`` patients and ``y`` events of each; there is a maximum.

    After Firth's method the intercept is estimated again by maximum likelihood (FLIC).
    """
    assert fit.coefficients is not None
    log_odds = np.asarray(matrix @ fit.coefficients, dtype=np.float64)
    if fit.method == "firth":
        used = n > 0
        log_odds = log_odds + shift_to_mean(log_odds[used], n[used], y[used])[0]
    return log_odds


def _limiting_probabilities(fit: PatternFit) -> FloatArray | None:
    """What maximum likelihood approaches on separated data: 0 or 1 where told apart, a fit of the other patterns."""
    likelihood, overlap = fit.likelihood, ~fit.separated
    limits = likelihood.y / likelihood.n
    if overlap.any():
        inner = likelihood.design[overlap]
        inner = inner[:, independent_columns(inner)]
        rest = BinomialLikelihood(inner, likelihood.n[overlap], likelihood.y[overlap], penalised=False)
        optimum = fit_likelihood(rest)
        if not optimum.converged[0]:
            return None
        limits[overlap] = expit(inner @ optimum.beta[0])
    return limits


def shift_to_mean(log_odds: FloatArray, n: FloatArray, y: FloatArray) -> tuple[float, float]:
    """The a of logit P = a + ``log_odds`` by maximum likelihood and its standard error; both outcomes occur."""
    share = float(logit(y.sum() / n.sum()))
    low, high = share - float(log_odds.max()), share - float(log_odds.min())

    def surplus(a: float) -> float:
        return float(n @ expit(a + log_odds) - y.sum())

    if surplus(low) >= 0.0 or surplus(high) <= 0.0:
        # Predictions are equal up to rounding.
        a = (low + high) / 2.0
    else:
        a = float(brentq(surplus, low, high, xtol=1e-14, rtol=1e-14))
    return a, 1.0 / math.sqrt(float(n @ (expit(a + log_odds) * expit(-a - log_odds))))
