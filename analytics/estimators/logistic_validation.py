"""How far a logistic model can be trusted: discrimination, calibration, optimism, and covariates that share information.

The measures take any predicted probabilities or scores; the optimism of a model's own performance is found by fitting
it again to resampled patients.
"""

from analytics.estimators.calibration import estimate_calibration
from analytics.estimators.collinearity import variance_inflation
from analytics.estimators.discrimination import estimate_brier, estimate_discrimination, estimate_scaled_brier
from analytics.estimators.fitted_logistic import FittedLogistic, fit_probabilities
from analytics.estimators.optimism import optimism_by_bootstrap

__all__ = [
    "FittedLogistic",
    "estimate_brier",
    "estimate_calibration",
    "estimate_discrimination",
    "estimate_scaled_brier",
    "fit_probabilities",
    "optimism_by_bootstrap",
    "variance_inflation",
]
