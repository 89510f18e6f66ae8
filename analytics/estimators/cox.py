"""Cox regression: hazard ratios, and the test that they do not change with time.

The model is fitted in :mod:`analytics.estimators.cox_model`, its assumption tested in
:mod:`analytics.estimators.proportional_hazards`.
"""

from analytics.estimators.cox_model import (
    ConfType,
    Method,
    Ties,
    estimate_hazard_ratios,
    estimate_univariable_hazard_ratios,
)
from analytics.estimators.proportional_hazards import proportional_hazards_test

__all__ = [
    "ConfType",
    "Method",
    "Ties",
    "estimate_hazard_ratios",
    "estimate_univariable_hazard_ratios",
    "proportional_hazards_test",
]
