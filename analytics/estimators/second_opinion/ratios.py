"""Ratios of regression models, figure by figure, whichever model it is: a library's fit gives what they are held against."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.special import chdtrc, chdtri, ndtr

from analytics.estimators.intervals import normal_quantile
from analytics.estimators.second_opinion.columns import Columns
from analytics.estimators.second_opinion.comparison import CLOSE, compare, not_offered
from analytics.results import FloatArray, HazardRatioResult, OddsRatioResult
from analytics.results.second_opinion import CANNOT, COARSE, NO_LIBRARY, Compared, Model, Quantity

MOST_STEPS = 25


class Likelihood(Protocol):
    """A model whose likelihood a library maximises."""

    @property
    def library(self) -> str:
        """The name of the library."""
        ...

    def largest(self, left_out: Sequence[int] = (), offset: FloatArray | None = None) -> tuple[FloatArray, float]:
        """Coefficients and the largest log-likelihood without some columns, with an offset."""
        ...


@dataclass(frozen=True, slots=True)
class WaldFit:
    """Coefficients (logarithms of ratios) with standard errors, by one library."""

    library: str
    coefficient: FloatArray
    std_error: FloatArray


def compare_ratios(
    shown: OddsRatioResult | HazardRatioResult,
    columns: Columns,
    likelihood: Likelihood | None,
    wald: WaldFit | None,
    *,
    model: Model = "",
    why_limits: str | None = None,
    why_values: str | None = None,
) -> Iterator[Compared]:
    """Each ratio with its limits and p value, and the test of each variable.

    Parameters
    ----------
    shown
        The model as a view shows it.
    columns
        Of the same patients.
    likelihood
        For profile limits and likelihood-ratio tests; None if no library has them.
    wald
        For the estimates, Wald limits and Wald tests.
    why_limits, why_values
        Why limits and p values, or the estimates too, may differ.
    """
    measure = "hazard ratio" if isinstance(shown, HazardRatioResult) else "odds ratio"
    profile = _Profile(columns, likelihood) if likelihood is not None else None
    for term in shown.terms:
        if term.is_reference or term.ratio.value is None:
            continue
        figure = Quantity(measure, model=model, variable=term.variable, level=term.level)
        name = (term.variable, term.level)
        if name not in columns.names:
            yield compare(figure, term.ratio.value, None, wald.library if wald else "", CANNOT)
            continue
        j = columns.names.index(name)
        if wald is not None:
            # A search that stops early is found out by the other one.
            agrees = profile is not None and abs(profile.estimate(j) - math.log(term.ratio.value)) < CLOSE
            why = why_values or (COARSE if agrees and wald.library != profile.library else None)  # type: ignore[union-attr]
            yield compare(figure, term.ratio.value, _exp(wald.coefficient[j]), wald.library, why)
        if profile is not None and (wald is None or wald.library != profile.library):
            yield compare(figure, term.ratio.value, _exp(profile.estimate(j)), profile.library, why_values)
        interval = term.ratio.interval
        is_wald = interval is not None and interval.method == "wald"
        for part, ours, sign in (
            ("conf_low", None if interval is None else interval.low, -1),
            ("conf_high", None if interval is None else interval.high, 1),
        ):
            if ours is None or interval is None:
                continue
            why = why_limits or why_values
            if is_wald and wald is not None:
                limit = wald.coefficient[j] + sign * normal_quantile(interval.level) * wald.std_error[j]
                yield compare(figure.of(part), ours, _exp(limit), wald.library, why)  # type: ignore[arg-type]
            elif profile is not None:
                found = profile.limit(j, math.log(ours), interval.level)
                value = None if found is None else _exp(found)
                yield compare(figure.of(part), ours, value, profile.library, why or (CANNOT if value is None else None))  # type: ignore[arg-type]
            else:
                yield compare(figure.of(part), ours, None, "", NO_LIBRARY)  # type: ignore[arg-type]
        if term.p_value is not None:
            p_value = None
            library = ""
            if is_wald and wald is not None:
                p_value, library = float(2 * ndtr(-abs(wald.coefficient[j] / wald.std_error[j]))), wald.library
            elif profile is not None:
                p_value, library = float(chdtrc(1, profile.fall([j]))), profile.library
            why = (why_limits or why_values) if library else NO_LIBRARY
            yield compare(figure.of("p_value"), term.p_value, p_value, library, why)
    for test in shown.tests:
        places = columns.of(test.variable)
        if test.p_value is None or test.df is None or len(places) < 2:
            continue  # a variable of one column has the test of that
        figure = Quantity("test of a variable", "p_value", model=model, variable=test.variable)
        if profile is None or shown.test_type != "likelihood ratio":
            yield from not_offered(figure, test.p_value)
            continue
        why = why_limits or why_values or (None if len(places) == test.df else CANNOT)
        yield compare(figure, test.p_value, float(chdtrc(test.df, profile.fall(places))), profile.library, why)


def _exp(value: float) -> float:
    """The ratio of a coefficient; infinite where a float holds it no more, NaN without a coefficient."""
    with np.errstate(over="ignore"):
        return float(np.exp(value))


class _Profile:
    """A library's likelihood along one coefficient, the others at their best."""

    def __init__(self, columns: Columns, likelihood: Likelihood) -> None:
        self.columns, self.likelihood, self.library = columns, likelihood, likelihood.library
        self.best, self.peak = likelihood.largest()

    def estimate(self, j: int) -> float:
        return float(self.best[j] / self.columns.scale[j])

    def fall(self, left_out: Sequence[int]) -> float:
        """Twice the fall of the log-likelihood without some columns."""
        fall = 2 * (self.peak - self.likelihood.largest(left_out)[1])
        return fall if math.isnan(fall) else max(0.0, fall)

    def limit(self, j: int, near: float, level: float) -> float | None:
        """Where the likelihood has fallen by as much as the level says, looked for from ``near``; None if not found."""
        target, column = math.sqrt(chdtri(1, 1 - level)), self.columns.matrix[:, j] * self.columns.scale[j]
        centre = self.estimate(j)
        if math.isnan(centre):
            return None

        def fallen(at: float) -> float:
            """The signed root of twice the fall, which is nearly a straight line, less what is wanted."""
            rest = self.likelihood.largest([j], offset=at * column)[1]
            return math.nan if math.isnan(rest) else math.sqrt(max(0.0, 2 * (self.peak - rest))) - target

        one, other = near, near + 1e-3 * (near - centre or 1.0)
        f_one, f_other = fallen(one), fallen(other)
        for _ in range(MOST_STEPS):
            if not (math.isfinite(f_one) and math.isfinite(f_other)):
                return None
            if abs(f_one) < 1e-8:
                return one
            if f_one == f_other:
                return None
            step = f_one * (one - other) / (f_one - f_other)
            step = float(np.clip(step, -3.0, 3.0))
            other, f_other = one, f_one
            one = one - step
            f_one = fallen(one)
        return None
