"""Estimates from several imputed data sets pooled.

Sources
-------
Rubin (1987), Multiple Imputation for Nonresponse in Surveys, section 3.3: the pooled estimate and its variance.
Barnard & Rubin (1999), Biometrika 86:948, doi:10.1093/biomet/86.4.948: degrees of freedom in small samples.
Li, Raghunathan & Rubin (1991), Journal of the American Statistical Association 86:1065, doi:10.1080/01621459.1991.10475152:
the test of several coefficients at once (D1).
Reiter (2007), Biometrika 94:502, doi:10.1093/biomet/asm028: its degrees of freedom in small samples.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc, fdtrc

from analytics.estimators.design import ratio_of
from analytics.results import (
    Estimate,
    Interval,
    OddsRatioResult,
    PooledEstimates,
    PooledRatio,
    PooledResult,
    PooledTest,
    Reason,
    read_only,
)


def pool_estimates(estimates: ArrayLike, variances: ArrayLike, df_complete: float = math.inf) -> PooledEstimates:
    """Rubin's rules.

    Parameters
    ----------
    estimates, variances : arrays of shape (m, k)
        The k estimates and their variances in each of m >= 2 imputed sets.
    df_complete : float
        The degrees of freedom that a complete data set would have had (patients less coefficients), above 0.

    Returns
    -------
    PooledEstimates
        With r = (1 + 1/m) B / W and lambda = (1 + 1/m) B / T, the degrees of freedom join (m - 1) / lambda^2 and
        (1 - lambda) d (d + 1) / (d + 3), where d is ``df_complete``, as 1 / (1/a + 1/b) (Barnard & Rubin 1999, eqs. 3
        and 6); the missing information is (r + 2 / (df + 3)) / (r + 1), and 0 where the sets do not differ at all;
        the efficiency is 1 / (1 + that / m).

    Raises
    ------
    ValueError
        If there are fewer than two sets, shapes differ, a number is not finite, or a variance or ``df_complete`` is not
        above 0.
    """
    q, u = np.atleast_2d(np.asarray(estimates, dtype=float)), np.atleast_2d(np.asarray(variances, dtype=float))
    if q.shape != u.shape or q.ndim != 2 or len(q) < 2:
        raise ValueError(
            "estimates and variances must be two tables of the same shape with one row for each of at least two sets: "
            f"they are {q.shape} and {u.shape}."
        )
    if not (np.isfinite(q).all() and np.isfinite(u).all() and (u > 0).all()):
        raise ValueError("estimates must be finite and variances above 0. Leave out what cannot be estimated in a set.")
    if not df_complete > 0:
        raise ValueError(f"df_complete must be above 0: it is {df_complete:g}. Fit fewer coefficients.")
    m = len(q)
    within, between = u.mean(axis=0), q.var(axis=0, ddof=1)
    added = (1.0 + 1.0 / m) * between
    total = within + added
    share, ratio = added / total, added / within
    # As rates (the inverse of degrees of freedom), so that sets that do not differ need no infinity.
    rate = share**2 / (m - 1)
    if math.isfinite(df_complete):
        rate = rate + (df_complete + 3.0) / ((df_complete + 1.0) * df_complete * (1.0 - share))
    with np.errstate(divide="ignore"):
        df = 1.0 / rate
    fraction = np.where(ratio > 0, (ratio + 2.0 / (df + 3.0)) / (ratio + 1.0), 0.0)
    efficiency = 1.0 / (1.0 + fraction / m)
    estimate, within, between, total = map(read_only, (q.mean(axis=0), within, between, total))
    return PooledEstimates(
        estimate, within, between, total, read_only(df), read_only(fraction), read_only(efficiency), m
    )


def pool_test(
    estimates: ArrayLike, covariances: ArrayLike, df_complete: float = math.inf, *, variable: str = ""
) -> PooledTest:
    """The test that k coefficients are all 0 (Li, Raghunathan & Rubin 1991, D1).

    Parameters
    ----------
    estimates : array of shape (m, k)
        The coefficients in each of m >= 2 imputed sets.
    covariances : array of shape (m, k, k)
        Their covariance matrices.
    df_complete : float
        The degrees of freedom of a complete data set, above 0.
    variable : str
        What the result calls them.

    Returns
    -------
    PooledTest
        F = Q' U^-1 Q / (k (1 + r)) with the means Q and U over the sets and r = (1 + 1/m) tr(B U^-1) / k, B being the
        covariance of the coefficients between the sets. The degrees of freedom of its denominator are Reiter's (2007, equations
        1 to 3) if ``df_complete`` is finite and k (m - 1) above 4, otherwise those of Li and colleagues (their equation 1.17).

    Raises
    ------
    ValueError
        If shapes do not fit, there are fewer than two sets, a number is not finite, or ``df_complete`` is not above 0.
    """
    q, u = np.asarray(estimates, dtype=float), np.asarray(covariances, dtype=float)
    if q.ndim != 2 or len(q) < 2 or not q.shape[1] or u.shape != (*q.shape, q.shape[1]):
        raise ValueError(
            "estimates must be a table with a row for each of at least two sets, and covariances a square table for each: they "
            f"are {q.shape} and {u.shape}."
        )
    if not (np.isfinite(q).all() and np.isfinite(u).all()):
        raise ValueError("estimates and covariances must be finite. Leave out what cannot be estimated in a set.")
    if not df_complete > 0:
        raise ValueError(f"df_complete must be above 0: it is {df_complete:g}. Fit fewer coefficients.")
    m, k = q.shape
    mean, within = q.mean(axis=0), u.mean(axis=0)
    spread = np.sqrt(np.maximum(np.diag(within), 0.0))
    if not (spread > 0).all() or np.linalg.eigvalsh(within / np.outer(spread, spread))[0] < 1e-12:
        return PooledTest(variable, None, None, None, None, Reason("singular-pooled-covariance"))
    between = np.atleast_2d(np.cov(q, rowvar=False))
    r = (1.0 + 1.0 / m) * float(np.trace(np.linalg.solve(within, between))) / k
    statistic = float(mean @ np.linalg.solve(within, mean)) / (k * (1.0 + r))
    df_error = _denominator(r, k, m, df_complete)
    if not df_error > 0:
        return PooledTest(variable, None, None, None, None, Reason("few-for-pooled-test"))
    p_value = float(fdtrc(k, df_error, statistic)) if math.isfinite(df_error) else float(chdtrc(k, k * statistic))
    return PooledTest(variable, statistic, k, df_error, p_value)


def _denominator(r: float, k: int, m: int, df_complete: float) -> float:
    """Degrees of freedom of the denominator of D1."""
    t = k * (m - 1)
    if math.isfinite(df_complete) and t > 4:
        a = r * t / (t - 2)
        v = df_complete * (df_complete + 1) / (df_complete + 3)
        c1, c2, b = v - 2 * (1 + a), v - 4 * (1 + a), 1 + a
        if c2 <= 0:
            return math.nan
        z = 1 / c2 + (
            a**2 * c1 / (b**2 * c2)
            + 8 * a**2 * c1 / (b * c2**2)
            + 4 * a**2 / (b * c2)
            + 4 * a**2 / (c2 * c1)
            + 16 * a**2 * c1 / c2**3
            + 8 * a**2 / c2**2
        ) / (t - 4)
        return 4 + 1 / z
    if r <= 0:
        return math.inf
    return 4 + (t - 4) * (1 + (1 - 2 / t) / r) ** 2 if t > 4 else t * (1 + 1 / k) * (1 + 1 / r) ** 2 / 2


def pool_odds_ratios(results: Sequence[OddsRatioResult]) -> PooledResult:
    """Pool the same logistic model fitted to each of several imputed sets.

    A level without an estimate in one of the sets has none in the end, with the reason of the first such set. Intervals
    are t intervals on the logarithmic scale at the level of the first result.

    Raises
    ------
    ValueError
        If there are fewer than two results, or they are not of the same levels, patients and method.
    """
    if len(results) < 2:
        raise ValueError(f"at least two imputed sets are needed: there are {len(results)}.")
    first = results[0]
    kinds = {(r.method, r.n, r.n_event, tuple((t.variable, t.level, t.is_reference) for t in r.terms)) for r in results}
    if len(kinds) > 1:
        raise ValueError(
            "the results must be of one and the same model of the same patients: levels or methods differ."
        )
    n_parameters = max(r.n_parameters for r in results)
    reason = next((r.reason for r in results if r.reason is not None), None)
    if reason is None and first.n <= n_parameters + 1:
        reason = Reason.of("few-for-odds-ratios", n=first.n, n_parameters=n_parameters)
    terms = tuple(
        _pooled_ratio([r.terms[i] for r in results], first.n - n_parameters - 1, first.conf_level, reason)
        for i in range(len(first.terms))
    )
    return PooledResult(
        terms, first.method, len(results), first.n, first.n_event, n_parameters, first.conf_level, reason
    )


def _pooled_ratio(terms: Sequence, df_complete: int, conf_level: float, reason: Reason | None) -> PooledRatio:
    first = terms[0]
    n, n_event = (round(float(np.mean([getattr(t, name) for t in terms]))) for name in ("n", "n_event"))
    who = first.variable, first.level, first.is_reference
    if first.is_reference:
        return PooledRatio(*who, Estimate(1.0, n=n, n_event=n_event))
    why = reason or next((t.odds_ratio.reason for t in terms if t.odds_ratio.value is None), None)
    if why is not None:
        return PooledRatio(*who, Estimate(None, n=n, n_event=n_event, reason=why))
    logs = [[math.log(t.odds_ratio.value)] for t in terms]
    pooled = pool_estimates(logs, [[t.odds_ratio.std_error**2] for t in terms], df_complete)
    low, high = (ratio_of(float(limit[0])) for limit in pooled.limits(conf_level))
    value = ratio_of(float(pooled.estimate[0]))
    if value is None:
        return PooledRatio(*who, Estimate(None, n=n, n_event=n_event, reason=Reason("too-large")))
    estimate = Estimate(value, Interval(low, high, conf_level, "t"), n, n_event, std_error=float(pooled.std_error[0]))
    numbers = (pooled.p_value, pooled.df, pooled.fraction_missing, pooled.efficiency)
    p_value, df, fraction_missing, efficiency = (float(number[0]) for number in numbers)
    return PooledRatio(*who, estimate, p_value, df, fraction_missing, efficiency)
