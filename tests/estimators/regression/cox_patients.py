"""Patients of Cox models, and how their results are compared."""

from __future__ import annotations

import math

import numpy as np

from analytics.results import HazardRatio, HazardRatioResult


def estimated(result: HazardRatioResult) -> list[HazardRatio]:
    return [term for term in result.terms if not term.is_reference and term.hazard_ratio.value is not None]


def logs(result: HazardRatioResult, what: str = "value") -> np.ndarray:
    numbers = []
    for term in estimated(result):
        source = term.hazard_ratio if what == "value" else term.hazard_ratio.interval
        numbers.append(math.log(getattr(source, what)))
    return np.array(numbers)


def numbers(result: HazardRatioResult) -> np.ndarray:
    rows = [[result.log_likelihood or 0.0]]
    for term in result.terms:
        h = term.hazard_ratio
        interval = h.interval
        found = [h.value, h.std_error, term.p_value, interval and interval.low, interval and interval.high]
        rows.append([math.nan if x is None else x for x in found])
    for test in result.tests:
        rows.append([math.nan if x is None else x for x in (test.statistic, test.df, test.p_value)])
    if result.concordance is not None:
        rows.append([x or math.nan for x in (result.concordance.value, result.concordance.std_error)])
    return np.concatenate(rows)
