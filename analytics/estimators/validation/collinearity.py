"""Covariates that share information: variance inflation.

Sources
-------
Fox & Monette (1992), Journal of the American Statistical Association 87:178, doi:10.1080/01621459.1992.10475190:
generalised variance inflation.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analytics.estimators.design import BoolArray
from analytics.estimators.regression.binomial_likelihood import columns_making_up
from analytics.estimators.regression.fitted_logistic import FittedLogistic
from analytics.estimators.regression.logistic import Method
from analytics.results import FloatArray, Reason, VarianceInflation


def variance_inflation(
    outcome: ArrayLike, covariates: pd.DataFrame, *, weight: ArrayLike | None = None, method: Method = "auto"
) -> tuple[VarianceInflation, ...]:
    """Generalised variance inflation factors of the covariates of a logistic model, in their order.

    Parameters and errors are those of :func:`~analytics.estimators.estimate_odds_ratios`.

    Returns
    -------
    tuple of VarianceInflation
        From the covariance matrix of the model's own coefficients (the inverse Fisher information), not from the
        covariates alone. 1 for a single covariate; a reason where a covariate has one level left, is made up by
        others in whole or in part, or there is no model.

    Notes
    -----
    With R the correlation matrix of all coefficients but the intercept, R_1 that of a covariate's own and R_2 that of
    the others, GVIF = |R_1| |R_2| / |R| (Fox & Monette 1992, equation 10).
    """
    model = FittedLogistic.read(outcome, covariates, weight, method)
    design = model.design
    place = {index: i for i, index in enumerate(model.kept)}
    correlation = None
    if model.fit is not None and model.log_odds is not None and model.fit.coefficients is not None:
        correlation = _correlation(model.fit.likelihood.information(model.fit.coefficients))
    found = []
    for position, covariate in enumerate(design.covariates):
        columns = design.of_covariate(position)
        dropped = [index for index in columns if index not in place]
        reason = model.reason or design.single.get(position)
        if reason is None and dropped:
            makers = columns_making_up(design.matrix, dropped[0], model.kept)
            reason = Reason.of("collinear", names=design.names_of(makers))
        gvif = None
        if reason is None:
            # The intercept is the first of the columns in use.
            own = np.isin(np.arange(1, len(model.kept)), [place[index] for index in columns])
            gvif = None if correlation is None else _inflation(correlation, own)
            if gvif is None:
                reason = Reason("next-to-nothing-known")
        if gvif is None:
            found.append(VarianceInflation(covariate.name, None, None, None, reason))
        else:
            df = len(columns)
            found.append(VarianceInflation(covariate.name, gvif, df, gvif ** (1.0 / (2 * df))))
    return tuple(found)


# Variance inflation


def _correlation(information: FloatArray) -> FloatArray | None:
    """The correlation matrix of all coefficients but the intercept; None where the information is singular."""
    if len(information) < 2:
        return np.zeros((0, 0))
    try:
        covariance = np.linalg.inv(information)[1:, 1:]
    except np.linalg.LinAlgError:
        return None
    variance = np.diag(covariance)
    if not (np.isfinite(covariance).all() and (variance > 0.0).all()):
        return None
    return np.asarray(covariance / np.sqrt(np.outer(variance, variance)))


def _inflation(correlation: FloatArray, own: BoolArray) -> float | None:
    """|R_1| |R_2| / |R|; None where a determinant is not above 0."""
    parts = (correlation[np.ix_(own, own)], correlation[np.ix_(~own, ~own)], correlation)
    (sign_1, log_1), (sign_2, log_2), (sign, log_all) = (np.linalg.slogdet(part) for part in parts)
    if min(sign_1, sign_2, sign) <= 0 or not math.isfinite(log_all):
        return None
    # Rounding apart, the other covariates never narrow what is known.
    return max(math.exp(min(float(log_1 + log_2 - log_all), 700.0)), 1.0)
