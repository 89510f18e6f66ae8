"""Profile limits of coefficients, and the table of standard errors, limits and p values that a fit ends with.

Sources
-------
Venzon & Moolgavkar (1988), Applied Statistics 37:87, doi:10.2307/2347496: profile limits by a modified Newton step.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy.special import chdtrc, ndtr, ndtri

from analytics.estimators.design import BoolArray, IntArray, Solution
from analytics.estimators.newton import (
    NEWTON_TOLERANCE,
    Likelihood,
    Optimum,
    Search,
    inverse_of,
    inverses,
    longest_of,
    maximise,
    positive_definite,
    shortened,
    solve,
    some,
)
from analytics.results import FloatArray

# Beyond this distance from the estimate (log ratio per standard deviation), and beyond so many times Wald's, a limit is
# taken not to exist; nor is an estimate whose standard error is larger.
FAR = 50.0
_FAR_WALD = 5.0
_MAX_JOINT_ITERATIONS = 20
_MAX_LIMIT_ITERATIONS = 100
_ROUNDING = 1e-14


def farthest_limit(reach: float) -> float:
    """How far from the estimate a limit may lie at the most, if Wald's lies at ``reach``."""
    return max(FAR, _FAR_WALD * reach)


def profile_limits(
    likelihood: Likelihood,
    optimum: Optimum,
    parameter: IntArray,
    side: FloatArray,
    critical: float,
    search: Search,
) -> FloatArray:
    """The limits of the coefficients ``parameter``, each on its ``side`` (-1 or 1); NaN where none was found.

    A limit is the value of the coefficient at which the likelihood, maximised over all others, lies critical**2 / 2
    below its maximum (Venzon & Moolgavkar 1988, eq. 1).
    """
    limits = np.full(len(parameter), np.nan)
    if not likelihood.learns:
        limits = _joint_limits(likelihood, optimum, parameter, side, critical, search.tolerance)
    lost = np.flatnonzero(np.isnan(limits))
    if len(lost):
        limits[lost] = _bracketed_limits(likelihood, optimum, parameter[lost], side[lost], critical, search)
    return limits


def _joint_limits(
    likelihood: Likelihood,
    optimum: Optimum,
    parameter: IntArray,
    side: FloatArray,
    critical: float,
    tolerance: float,
) -> FloatArray:
    """Profile limits by Newton steps in all coefficients at once; NaN where these do not lead to one for certain.

    With curvature H and V = H^-1, the quadratic model of l at b has its maximum at b + V U and falls to the target on
    the way from there along V e_j, so that (Venzon & Moolgavkar 1988, eqs. 4 to 8, in closed form)

        b <- b + V U +/- sqrt(2 (l + U'VU / 2 - target) / V_jj) V e_j.

    At its fixed points l is on target and the score of the other coefficients is 0. The likelihood without penalty is
    concave, so there is one such point on each side. With the penalty it need not be, and a path that leaves the
    region where it is concave is given up.
    """
    best, peak = optimum.beta[0], float(optimum.log_likelihood[0])
    target = peak - critical**2 / 2
    limits = np.full(len(parameter), np.nan)
    unit = np.zeros((len(parameter), likelihood.size))
    unit[np.arange(len(parameter)), parameter] = 1.0
    inverse = inverses(optimum.curvature)[0]
    with np.errstate(invalid="ignore", divide="ignore"):
        reach = side * critical / np.sqrt(inverse[parameter, parameter])
        beta = best + reach[:, None] * inverse[parameter]
    active = np.flatnonzero(np.isfinite(beta).all(axis=1))
    for _ in range(_MAX_JOINT_ITERATIONS):
        if not len(active):
            break
        values = likelihood.evaluate(beta[active])
        sound = np.isfinite(values.log_likelihood)
        if likelihood.penalised:
            sound &= positive_definite(values.curvature)
        if some(~sound):
            active, values = active[sound], values.take(sound)
            if not len(active):
                break
        solution = solve(values.curvature, np.stack([values.score, unit[active]], axis=2))
        newton, along = solution[:, :, 0], solution[:, :, 1]
        with np.errstate(invalid="ignore", divide="ignore"):
            rise = 0.5 * np.einsum("ij,ij->i", values.score, newton)
            above = np.sqrt(2.0 * np.maximum(values.log_likelihood + rise - target, 0.0))
            v_jj = np.einsum("ij,ij->i", along, unit[active])
            step = newton + (side[active] * above / np.sqrt(v_jj))[:, None] * along
            longest = longest_of(step)
            step = shortened(step, longest, longest_of(beta[active]))
        moving = np.isfinite(step).all(axis=1)
        active, step, level, longest = active[moving], step[moving], values.log_likelihood[moving], longest[moving]
        beta[active] += step
        done = longest <= tolerance * (1.0 + longest_of(beta[active]))
        found = beta[active, parameter[active]]
        good = (np.abs(level - target) <= 1e-6 * (1.0 + abs(target))) & (
            side[active] * (found - best[parameter[active]]) > 0
        )
        if some(done):
            limits[active[done & good]] = found[done & good]
            active = active[~done]
    return limits


def _bracketed_limits(
    likelihood: Likelihood,
    optimum: Optimum,
    parameter: IntArray,
    side: FloatArray,
    critical: float,
    search: Search,
) -> FloatArray:
    """Profile limits by maximising over the other coefficients at each value tried; NaN where none was found.

    Slower than the joint steps, and sure: Newton's method, kept in a bracket, on the signed root
    r = sqrt(2 (l_max - l)), which is close to a straight line; its slope is -U_j / r because the score of the others
    is 0. All limits move together, each starting from the last one's tangent. The penalised likelihood can have several
    maxima over the other coefficients in tiny samples: the one connected with the estimate is followed.
    """
    best, peak = optimum.beta[0], float(optimum.log_likelihood[0])
    inverse = inverses(optimum.curvature)[0]
    centre = best[parameter]
    along = inverse[parameter] / inverse[parameter, parameter][:, None]
    with np.errstate(invalid="ignore"):
        reach = critical * np.sqrt(inverse[parameter, parameter])
    inside, outside = np.zeros(len(parameter)), np.full(len(parameter), np.inf)
    beta = best + (side * reach)[:, None] * along
    free = np.ones(beta.shape, dtype=bool)
    free[np.arange(len(parameter)), parameter] = False
    farthest = np.array([farthest_limit(distance) for distance in reach.tolist()])
    limits = np.full(len(parameter), np.nan)
    learned = np.repeat(optimum.learned[:1], len(parameter), axis=0)
    active = np.flatnonzero(np.isfinite(beta).all(axis=1))
    for _ in range(_MAX_LIMIT_ITERATIONS):
        if not len(active):
            break
        distance = reach[active]
        inner = maximise(likelihood, beta[active], free[active], search, learned[active])
        # Beyond what can be written, and so below the target.
        beyond = (inner.log_likelihood == -math.inf) & (outside[active] - inside[active] > 1e-10 * distance)
        outside[active[beyond]] = distance[beyond]
        reach[active[beyond]] = (inside[active[beyond]] + distance[beyond]) / 2.0
        beta[active[beyond]] = best + (side * reach)[active[beyond], None] * along[active[beyond]]
        waiting = active[beyond]
        active, distance, inner = (
            active[inner.converged],
            distance[inner.converged],
            inner.take(inner.converged),
        )
        learned[active] = inner.learned
        own = parameter[active]
        root = np.sqrt(np.maximum(2.0 * (peak - inner.log_likelihood), 0.0))
        short = root < critical
        inside[active] = np.where(short, distance, inside[active])
        outside[active] = np.where(short, outside[active], distance)
        slope = -side[active] * inner.score[np.arange(len(active)), own]
        with np.errstate(divide="ignore", invalid="ignore"):
            newton = distance + (critical - root) * root / slope
        low, high = inside[active], np.minimum(outside[active], 3.0 * distance)
        # Where one value is 1e10 times the others, a limit may lie 1e-9 from the estimate.
        near = np.abs(newton - distance) <= NEWTON_TOLERANCE * distance + _ROUNDING * np.abs(centre[active])
        done: BoolArray = np.asarray((slope > 0) & near, dtype=bool)
        limits[active[done]] = (centre[active] + side[active] * newton)[done]
        usable = (slope > 0) & (newton > low) & (newton < high)
        moved = np.where(usable, newton, np.where(np.isfinite(outside[active]), (low + high) / 2.0, 2.0 * distance))
        turned = inverses(inner.curvature)
        tangent = turned[np.arange(len(active)), own]
        with np.errstate(divide="ignore", invalid="ignore"):
            tangent = tangent / tangent[np.arange(len(active)), own][:, None]
        tangent = np.where(np.isfinite(tangent).all(axis=1, keepdims=True), tangent, along[active])
        onward: FloatArray = side[active] * (moved - distance)
        beta[active] = inner.beta + onward[:, None] * tangent
        beta[active, own] = centre[active] + side[active] * moved
        reach[active] = moved
        # So steep is the fall beside a value far from all others that a limit lies between two that nothing parts.
        pinned = ~done & (outside[active] - inside[active] <= 1e-10 * distance)
        limits[active[pinned]] = (centre[active] + side[active] * outside[active])[pinned]
        lost = short & (distance > farthest[active])
        active = np.concatenate([active[~done & ~pinned & ~lost], waiting])
    return limits


def solve_coefficients(
    beta: FloatArray,
    information: FloatArray,
    log_likelihood: float,
    wanted: Sequence[int],
    conf_type: str,
    conf_level: float,
    limits: Callable[[IntArray, float], tuple[FloatArray, FloatArray]],
    fall: Callable[[IntArray], FloatArray],
    covariance: FloatArray | None = None,
) -> Solution:
    """Standard errors, limits and p values of the ``wanted`` coefficients at a maximum over all of them.

    ``limits`` and ``fall`` give profile limits at a critical value and likelihood-ratio statistics of single
    coefficients. ``covariance`` replaces the inverse of the information where it is given (a robust one).
    """
    critical, size = float(ndtri((1.0 + conf_level) / 2.0)), len(beta)
    model = inverse_of(information)
    with np.errstate(invalid="ignore"):
        estimable = np.asarray(np.sqrt(np.diag(model)) <= FAR, dtype=bool)
        std_error = np.sqrt(np.diag(model if covariance is None else covariance))
    low, high, p_value = (np.full(size, np.nan) for _ in range(3))
    index = np.asarray([i for i in wanted if estimable[i]], dtype=np.intp)
    statistic: Any = None
    if conf_type == "wald":
        low, high = beta - critical * std_error, beta + critical * std_error
        with np.errstate(divide="ignore", invalid="ignore"):
            p_value = 2.0 * ndtr(-np.abs(beta / std_error))
    else:
        # The test that goes with the interval: its p is below 0.05 just where the 95 % interval leaves out 1.
        statistic = np.full(size, np.nan)
        if len(index):
            low[index], high[index] = limits(index, critical)
            statistic[index] = fall(index)
        p_value = np.asarray(chdtrc(1, statistic), dtype=np.float64)
    return Solution(beta, std_error, low, high, p_value, estimable, log_likelihood, statistic)
