"""What noise in numbers of patients adds to the ratios that are made from them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TypeVar

from scipy.special import chdtrc

from analytics.results import CellNoise, Interval, OddsRatio, OddsRatioResult, TermTest

Model = TypeVar("Model", bound=OddsRatioResult)
TOGETHER = 1.5  # times the variance, of several factors: what is not told of how they go together adds, by simulation
BINS_OF_NUMBER = 6  # cells by the outcome that a number is told in, at most


def widen_odds_ratios(model: Model, noise: CellNoise | None) -> Model:
    """The model with the noise of its cells in standard errors, intervals and p values; as it is without noise.

    Of one factor alone the variance of a log odds ratio is the sum of 1 / n over its four cells, and noise of variance V in each
    adds V times the sum of 1 / n² (the delta method). Among other factors both grow by how much the others take away, and the
    noise of the cells that say how the factors go together is added.
    """
    if noise is None or model.reason is not None:
        return model
    references = {term.variable: term for term in model.terms if term.is_reference}
    variance = noise.variance * (TOGETHER if len({term.variable for term in model.terms}) > 1 else 1.0)
    least = max(min(model.n_event, model.n - model.n_event), 1)
    terms: list[OddsRatio] = []
    most: dict[str, float] = {}
    for term in model.terms:
        std_error = term.ratio.std_error
        if term.is_reference or std_error is None or not std_error:
            terms.append(term)
            continue
        reference = references.get(term.variable)
        if reference is None:
            share = variance * BINS_OF_NUMBER / least
        else:
            cells = [max(n, 1) for t in (term, reference) for n in (t.n_event, t.n - t.n_event)]
            alone = sum(1 / n for n in cells)
            share = variance * sum(1 / n**2 for n in cells) / alone * std_error**2 / alone
        most[term.variable] = max(most.get(term.variable, 0.0), share)
        terms.append(_widen(term, math.sqrt(1 + share)))
    tests = tuple(_weaken(test, 1 + most.get(test.variable, 0.0)) for test in model.tests)
    return replace(model, terms=tuple(terms), tests=tests)


def _widen(term: OddsRatio, factor: float) -> OddsRatio:
    ratio = term.ratio
    value, std_error, interval = ratio.value, ratio.std_error, ratio.interval
    if interval is not None and value:
        low, high = (
            None if x is None or x <= 0 else value * (x / value) ** factor for x in (interval.low, interval.high)
        )
        interval = Interval(low, high, interval.level, interval.method)
    wider = replace(ratio, interval=interval, std_error=None if std_error is None else std_error * factor)
    statistic = None if term.statistic is None else term.statistic / factor
    likelihood = None if term.statistic_lr is None else term.statistic_lr / factor**2
    wald = None if statistic is None or term.p_value_wald is None else float(chdtrc(1, statistic**2))
    p_value = term.p_value
    if p_value is not None:
        p_value = wald if likelihood is None else float(chdtrc(1, likelihood))
    return replace(
        term, odds_ratio=wider, p_value=p_value, statistic=statistic, p_value_wald=wald, statistic_lr=likelihood
    )


def _weaken(test: TermTest, by: float) -> TermTest:
    if test.statistic is None or test.df is None:
        return test
    statistic = test.statistic / by
    return replace(test, statistic=statistic, p_value=float(chdtrc(test.df, statistic)))
