"""Whether a number goes with the outcome along a straight line: restricted cubic splines in a logistic model.

A restricted cubic spline is a smooth curve of cubic pieces that join at knots and are straight beyond the outer two.

Sources
-------
Durrleman & Simon (1989), Statistics in Medicine 8:551, doi:10.1002/sim.4780080504: restricted cubic splines in regression.
Harrell (2015), Regression Modeling Strategies, 2nd edition, doi:10.1007/978-3-319-19425-7, section 2.4.5 (the basis,
equation 2.25), section 2.4.6 and table 2.3 (knots at fixed quantiles).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import chdtrc

from analytics.estimators.design import Design, check_covariates, read_covariates
from analytics.estimators.intervals import normal_quantile
from analytics.estimators.regression.binomial_likelihood import (
    BinomialLikelihood,
    fit_likelihood,
    independent_columns,
    likelihood_ratio,
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
from analytics.results import FloatArray, Reason, SplineResult, TestResult, read_only

TEST = "likelihood-ratio test of non-linearity"
MANY = 100  # patients from which on four knots are placed instead of three
GRID = 81
# The curve is drawn between these quantiles: beyond them it rests on single patients.
SHOWN = (0.025, 0.975)
_QUANTILES = {3: (0.1, 0.5, 0.9), 4: (0.05, 0.35, 0.65, 0.95), 5: (0.05, 0.275, 0.5, 0.725, 0.95)}


def place_knots(values: ArrayLike, n_knots: int | None = None, *, weight: ArrayLike | None = None) -> FloatArray:
    """Knots at fixed quantiles (Harrell 2015, table 2.3).

    Parameters
    ----------
    values : array of length n
        Finite numbers.
    n_knots : {3, 4, 5}, optional
        Four from 100 patients on and three below, if not given.
    weight : array of length n, optional
        How many patients share the value (whole numbers).

    Returns
    -------
    array
        Ascending and distinct, so there may be fewer than asked for where many patients share a value; none without
        patients. The quantiles are of type 7 (the default of R); below 100 patients the outer knots are the fifth
        smallest and the fifth largest value instead, if that leaves three.

    Raises
    ------
    ValueError
        If ``n_knots`` is none of 3, 4 and 5, a value is not finite, or a weight is no number of patients.
    """
    numbers = np.asarray(values, dtype=np.float64)
    counts = read_weight(weight, len(numbers))
    numbers, counts = numbers[counts > 0], counts[counts > 0]
    if not np.isfinite(numbers).all():
        raise ValueError("values must be finite: leave the patients without one out before placing knots.")
    n = int(counts.sum())
    number = n_knots if n_knots is not None else 4 if n >= MANY else 3
    if number not in _QUANTILES:
        raise ValueError(f"n_knots must be one of {', '.join(map(str, _QUANTILES))}: it is {n_knots}.")
    if not n:
        return read_only([])
    knots = _quantiles(numbers, counts, _QUANTILES[number])
    if 10 <= n < MANY:
        order = np.sort(np.repeat(numbers, counts.astype(np.intp)))
        outer = [float(order[4]), *knots[1:-1], float(order[-5])]
        if len(set(outer)) >= 3:
            knots = outer
    return read_only(np.unique(knots))


def spline_basis(values: ArrayLike, knots: ArrayLike) -> FloatArray:
    """The columns of a restricted cubic spline, (n, knots - 1): the number itself, then what bends the line.

    Column j + 1 is, with knots t_1 < ... < t_k and + for the positive part (Harrell 2015, equation 2.25),

        [(x - t_j)+^3 - (x - t_k-1)+^3 (t_k - t_j)/(t_k - t_k-1) + (x - t_k)+^3 (t_k-1 - t_j)/(t_k - t_k-1)]/(t_k - t_1)^2.

    Raises
    ------
    ValueError
        If there are fewer than three knots, or they do not ascend.
    """
    x, t = np.asarray(values, dtype=np.float64), np.asarray(knots, dtype=np.float64)
    if len(t) < 3 or not (np.diff(t) > 0).all():
        raise ValueError(f"knots must be at least three, ascending and distinct: they are {t.tolist()}.")

    def cubed(at: float) -> FloatArray:
        return np.asarray(np.maximum(x - at, 0.0) ** 3)

    last, before, width = float(t[-1]), float(t[-2]), float(t[-1] - t[0])
    bends = [
        (cubed(at) - cubed(before) * (last - at) / (last - before) + cubed(last) * (before - at) / (last - before))
        / width**2
        for at in t[:-2].tolist()
    ]
    return np.column_stack([x, *bends])


def estimate_spline(
    outcome: ArrayLike,
    covariates: pd.DataFrame,
    variable: str,
    *,
    weight: ArrayLike | None = None,
    method: Method = "auto",
    n_knots: int | None = None,
    conf_level: float = 0.95,
) -> SplineResult:
    """One number of a logistic model as a restricted cubic spline, and the test that a straight line would do.

    Parameters
    ----------
    outcome, covariates, weight, method
        As for :func:`~analytics.estimators.estimate_odds_ratios`.
    variable : str
        The name of the covariate, which holds numbers. The others stay in the model as they are.
    n_knots : {3, 4, 5}, optional
        As for :func:`place_knots`.
    conf_level : float
        Between 0 and 1.

    Returns
    -------
    SplineResult
        The grid runs from the 2.5 % to the 97.5 % quantile, the limits are Wald's and meet at the reference, the median.
        The test is a likelihood-ratio test with as many degrees of freedom as there are bends; under Firth's penalised
        likelihood the penalised one. The straight line is the model with the number as it is, fitted by the same method
        as the spline.

    Raises
    ------
    ValueError
        As for :func:`~analytics.estimators.estimate_odds_ratios`, if ``variable`` is no covariate or holds no
        numbers, or ``n_knots`` or the level is out of range.
    TypeError
        If ``covariates`` is no DataFrame or a column is of a kind that cannot be used.
    """
    z = normal_quantile(conf_level)
    y = read_outcome(outcome)
    check_covariates(covariates, len(y))
    counts = read_weight(weight, len(y))
    rows = rows_in_use(y, counts)
    read = read_covariates(covariates, rows)
    own = next((c for c in read if c.name == variable), None)
    if own is None:
        raise ValueError(f"{variable!r} is none of the covariates: {', '.join(c.name for c in read) or 'none'}.")
    if not own.is_numeric:
        raise ValueError(f"{variable!r} holds levels, not numbers: a spline needs a number.")
    n, n_event = int(counts[rows].sum()), int(counts[rows] @ y[rows])
    given = "firth" if method == "firth" else "ml"

    def nothing(reason: Reason, fitted: str = given) -> SplineResult:
        none = read_only([])
        test = TestResult(TEST, None, None, None, reason=reason)
        return SplineResult(
            variable, none, none, none, none, none, None, None, test, fitted, conf_level, n, n_event, reason
        )

    reason = nothing_to_fit(n, n_event)
    if reason is not None:
        return nothing(reason)
    values = own.values[own.codes]
    knots = place_knots(values, n_knots, weight=counts[rows])
    if len(knots) < 3:
        return nothing(Reason("few-values"))
    bends = spline_basis(values, knots)[:, 1:]
    names = [f"{variable} (bend {i + 1})" for i in range(bends.shape[1])]
    extra = pd.DataFrame(dict(zip(names, bends.T, strict=True)))
    wider = [*read, *read_covariates(extra, np.arange(len(extra)))]
    design = Design(wider, y[rows], counts[rows])
    fitted = _fit(design, method)
    if isinstance(fitted, Reason):
        return nothing(fitted)
    position = next(i for i, c in enumerate(read) if c.name == variable)
    straight = [i for p in (position,) for i in design.of_covariate(p)]
    curved = [i for p in range(len(read), len(wider)) for i in design.of_covariate(p)]
    place = {index: i for i, index in enumerate(fitted.kept)}
    if not straight or straight[0] not in place or any(index not in place for index in curved):
        return nothing(Reason("no-room-for-curve"), fitted.fit.method)
    line = _straight_line(fitted, [place[i] for i in curved], place[straight[0]])
    if line is None:
        return nothing(Reason("line-not-converged"), fitted.fit.method)
    column = design.columns[straight[0]]
    assert column is not None
    statistic = _likelihood_ratio(fitted.fit, [place[i] for i in curved])
    df = len(curved)
    test = (
        TestResult(TEST, statistic, df, float(chdtrc(df, statistic)))
        if statistic is not None
        else TestResult(TEST, None, None, None, reason=Reason("line-not-converged"))
    )
    low, high, middle = _quantiles(values, counts[rows], (*SHOWN, 0.5))
    grid = np.linspace(low, high, GRID) if high > low else np.zeros(0)
    if not len(grid):
        return nothing(Reason("few-values"), fitted.fit.method)
    away = (spline_basis(grid, knots) - spline_basis([middle], knots)) / _scales(design, [*straight, *curved])
    used = [place[i] for i in (*straight, *curved)]
    covariance = fitted.covariance[np.ix_(used, used)]
    log_odds = away @ fitted.beta[used]
    half = z * np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", away, covariance, away), 0.0))
    return SplineResult(
        variable=variable,
        knots=knots,
        grid=read_only(grid),
        log_odds_ratio=read_only(log_odds),
        low=read_only(log_odds - half),
        high=read_only(log_odds + half),
        reference=middle,
        straight=line / column.scale,
        test=test,
        method=fitted.fit.method,
        conf_level=conf_level,
        n=n,
        n_event=n_event,
        n_parameters=len(fitted.kept) - 1 - df,
    )


def _quantiles(values: FloatArray, counts: FloatArray, at: tuple[float, ...]) -> list[float]:
    """Quantiles of type 7 (Hyndman & Fan 1996) of values that stand for whole numbers of patients, at least one."""
    order = np.argsort(values, kind="stable")
    ordered, ends = values[order], np.cumsum(counts[order])
    found = []
    for q in at:
        where = q * (float(ends[-1]) - 1.0)
        below = math.floor(where)
        low = float(ordered[np.searchsorted(ends, below, side="right")])
        high = float(ordered[np.searchsorted(ends, min(below + 1, float(ends[-1]) - 1.0), side="right")])
        found.append(low + (where - below) * (high - low))
    return found


@dataclass(frozen=True, slots=True)
class _Fitted:
    """A model with bends: the columns in use of its design, its coefficients and their covariance."""

    kept: list[int]
    fit: PatternFit
    beta: FloatArray
    covariance: FloatArray


def _fit(design: Design, method: str) -> _Fitted | Reason:
    """The model, or why there is none."""
    kept = independent_columns(design.matrix)
    fit = fit_patterns(design.matrix[:, kept], design.patterns.n, design.patterns.y, design.masks(), method)
    if fit.coefficients is None:
        if fit.separated.any() and fit.optimum is None:
            return Reason("curve-separated")
        return Reason("not-converged")
    information = fit.likelihood.information(fit.coefficients)
    sign, _ = np.linalg.slogdet(information)
    if sign <= 0:
        return Reason("curve-not-told-apart")
    return _Fitted(kept, fit, fit.coefficients, np.asarray(np.linalg.inv(information), dtype=np.float64))


def _scales(design: Design, columns: list[int]) -> FloatArray:
    """How many units of each column's number its standardised unit is long."""
    return np.array([column.scale for column in (design.columns[i] for i in columns) if column is not None])


def _likelihood_ratio(fit: PatternFit, curved: list[int]) -> float | None:
    """Twice the fall of the (penalised) log-likelihood without the bends; None where that fit does not converge."""
    assert fit.optimum is not None
    drop = np.zeros((1, fit.likelihood.size), dtype=bool)
    drop[0, curved] = True
    statistic = float(likelihood_ratio(fit.likelihood, fit.optimum, drop)[0])
    return statistic if math.isfinite(statistic) else None


def _straight_line(fitted: _Fitted, curved: list[int], straight: int) -> float | None:
    """The coefficient of the number in the model without bends, by the method of the model with them."""
    likelihood = fitted.fit.likelihood
    rest = [i for i in range(likelihood.size) if i not in curved]
    smaller = BinomialLikelihood(likelihood.design[:, rest], likelihood.n, likelihood.y, likelihood.penalised)
    optimum = fit_likelihood(smaller)
    return float(optimum.beta[0][rest.index(straight)]) if optimum.converged[0] else None
