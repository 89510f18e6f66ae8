"""The maximum of a partial likelihood, plain or with Firth's penalty, and what follows from it: limits and tests.

Sources
-------
Heinze & Schemper (2001), Biometrics 57:114, doi:10.1111/j.0006-341X.2001.00114.x: Firth's penalty for this likelihood.
Venzon & Moolgavkar (1988), Applied Statistics 37:87, doi:10.2307/2347496: profile limits.
Lin & Wei (1989), Journal of the American Statistical Association 84:1074, doi:10.1080/01621459.1989.10478874: the
robust variance.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import chdtrc, ndtr, ndtri

from analytics.estimators.design import BoolArray, IntArray, Solution
from analytics.estimators.newton import ascent, inverse_of, solve
from analytics.estimators.partial_likelihood import PartialLikelihood, Values
from analytics.results import FloatArray

_MAX_STEP = 5.0
_MAX_ITERATIONS = 200
_MAX_EVALUATIONS = 400
_MAX_INNER_EVALUATIONS = 100
_MAX_LIMIT_STEPS = 60
# With so few events the penalised likelihood is searched for a second maximum, in so many coefficients, from starts so far
# from 0, and its profile at these multiples of the distance of a limit.
_FEW_EVENTS = 5
_FEW_COLUMNS = 4
_ELSEWHERE = 4.0
_BEYOND = (2.0, 4.0)
_DEEP = 1e3
_STEP_TOLERANCE = 1e-10
# Where only the height of a maximum is asked for: it is off by the square of the step.
_HEIGHT_TOLERANCE = 1e-6
_SMALLEST_GAIN = 1e-13
_ROUNDING = 1e-14
_MAX_HALVINGS = 60
# Steps that gain nothing any more and move no linear predictor farther than this (as a share) are rounding; on the way
# to infinity it moves by about 1.
_ROUNDED = 1e-4
_PATIENCE = 4
# A fit that gains nothing in steps longer than this is on its way to infinity; in shorter ones, at its maximum.
_LONG_STEP = 1e-3
# Beyond this range of the linear predictor a fit is taken to diverge; whether it does is for the caller to find out.
_DIVERGING = 40.0
# A limit further from the estimate than this (log hazard ratio per standard deviation), and than so many times Wald's
# distance, is taken not to exist; nor is an estimate whose standard error is larger.
_FAR = 50.0
_FAR_WALD = 5.0
# Steps of the short search for a limit, which needs about eight.
_QUICK = 20
_ASIDE = 1e-4


@dataclass(frozen=True, slots=True)
class Optimum:
    """Where a maximisation ended; ``curvature`` is what it took for the negative second derivative there."""

    beta: FloatArray
    values: Values
    converged: bool
    curvature: FloatArray


def maximise(
    likelihood: PartialLikelihood,
    start: FloatArray,
    free: BoolArray | None = None,
    curvature: FloatArray | None = None,
    tolerance: float = _STEP_TOLERANCE,
    most: int = _MAX_EVALUATIONS,
) -> Optimum:
    """The maximum of the likelihood over the ``free`` coefficients, the others staying at ``start``.

    Newton's method with step halving. The penalised likelihood has no closed second derivative here: its curvature
    starts as the information, or as the ``curvature`` of an earlier maximisation, and learns from the change of the
    score along each step (the BFGS update), and it ends at a step below ``tolerance``, or unconverged after about
    ``most`` evaluations.
    """
    free = np.ones(likelihood.size, dtype=bool) if free is None else free
    beta = start.copy()
    values = likelihood.evaluate(beta)
    if not math.isfinite(values.log_likelihood):
        beta = np.where(free, 0.0, start)
        values = likelihood.evaluate(beta)
    if not free.any() or not math.isfinite(values.log_likelihood):
        return Optimum(beta, values, math.isfinite(values.log_likelihood), values.information)
    within = np.ix_(free, free)
    block = (values.information if curvature is None or not likelihood.penalised else curvature)[within]

    def end(converged: bool) -> Optimum:
        learned = values.information.copy()
        learned[within] = block
        return Optimum(beta, values, converged, learned)

    idle = evaluated = 0
    for _ in range(_MAX_ITERATIONS):
        if evaluated > most:
            break
        score = values.score[free]
        step = solve(block, score)
        if not np.isfinite(step).all() or step @ score < 0:
            block = values.information[within]
            step = solve(block, score)
            if not np.isfinite(step).all() or step @ score < 0:
                step = ascent(block, score)
        step *= min(1.0, max(_MAX_STEP, float(np.abs(beta).max())) / max(float(np.abs(step).max()), 1e-300))
        size = 1.0 + abs(values.log_likelihood)
        largest = float(np.abs(step).max())
        trial_beta = beta.copy()
        for _halving in range(_MAX_HALVINGS):
            trial_beta[free] = beta[free] + step
            trial = likelihood.evaluate(trial_beta)
            evaluated += 1
            if trial.log_likelihood >= values.log_likelihood - _SMALLEST_GAIN * size:
                break
            step = step / 2.0
        else:
            # No ascent is left: rounding is all there is to gain.
            return end(_moved(likelihood, free, step * 2.0**_MAX_HALVINGS, beta) <= _ROUNDED)
        # Along a direction without block steps never end and gain nothing.
        idle = idle + 1 if trial.log_likelihood - values.log_likelihood <= _SMALLEST_GAIN * size else 0
        change = values.score[free] - trial.score[free]
        beta, values = trial_beta, trial
        enough = tolerance if likelihood.penalised else 1e-7
        done = largest <= enough * (1.0 + float(np.abs(beta).max()))
        # Of a value 1e6 times as large as the others a step of 1e-6 is a long one.
        done = done and _moved(likelihood, free, step, beta) <= 10.0 * enough
        if done or idle >= _PATIENCE:
            return end(bool(done or _moved(likelihood, free, step, beta) <= _ROUNDED))
        if not likelihood.penalised:
            eta = likelihood.design @ beta
            if idle and largest > _LONG_STEP and float(np.ptp(eta)) > _DIVERGING:
                return end(False)
            block = values.information[within]
        elif float(step @ change) > 1e-12 * float(step @ step):
            block = _learned(block, step, change)
        else:
            block = values.information[within]
    return end(False)


def _moved(likelihood: PartialLikelihood, free: BoolArray, step: FloatArray, beta: FloatArray) -> float:
    """How far a step moves any linear predictor, as a share where that is large."""
    eta = np.abs(likelihood.design @ beta)
    return float((np.abs(likelihood.design[:, free] @ step) / (1.0 + eta)).max(initial=0.0))


def likelihood_ratio(likelihood: PartialLikelihood, optimum: Optimum, drop: BoolArray) -> float:
    """Twice the fall of the (penalised) log-likelihood when the ``drop`` coefficients are fixed at 0; NaN if not found.

    With the penalty, the information keeps the fixed coefficients' rows and columns (Heinze & Schemper 2001, section
    2), which is not the same as fitting the smaller model.
    """
    best, inverse = optimum.beta, inverse_of(optimum.values.information)
    moved = best - inverse[:, drop] @ solve(inverse[np.ix_(drop, drop)], best[drop])
    start = np.where(drop, 0.0, moved)
    restricted = maximise(likelihood, start, ~drop, optimum.curvature, _HEIGHT_TOLERANCE)
    if is_tiny(likelihood):
        others = (np.where(drop, 0.0, best), np.zeros(likelihood.size))
        more = [maximise(likelihood, other, ~drop, None, _HEIGHT_TOLERANCE) for other in others]
        restricted = _higher([restricted, *more])
    if not restricted.converged:
        return math.nan
    return max(2.0 * (optimum.values.log_likelihood - restricted.values.log_likelihood), 0.0)


def _quick_limit(
    likelihood: PartialLikelihood, optimum: Optimum, index: int, side: float, critical: float
) -> float | None:
    """The limit of :func:`profile_limit` beside at most one other coefficient; None where the search does not settle.

    Newton's method on r, while the other coefficient takes one step to its maximum each time (Venzon & Moolgavkar
    1988). What is left to gain from it is half its step times its score, up to third order in the step.
    """
    best, peak = optimum.beta, optimum.values.log_likelihood
    inverse = inverse_of(optimum.values.information)
    reach = critical * math.sqrt(float(inverse[index, index]))
    others = np.arange(likelihood.size) != index
    curvature, beta = optimum.curvature, best + side * reach * inverse[index] / inverse[index, index]
    last_beta, last_score = best, optimum.values.score
    for _ in range(_QUICK):
        beta[index] = best[index] + side * reach
        values = likelihood.evaluate(beta)
        if not math.isfinite(values.log_likelihood):
            return None
        moved, change = beta - last_beta, last_score - values.score
        if float(moved @ change) <= 0.0:
            return None
        curvature = _learned(curvature, moved, change) if likelihood.penalised else values.information
        beyond = curvature[others, index]
        both = solve(curvature[np.ix_(others, others)], np.column_stack([values.score[others], beyond]))
        step, tangent = both[:, 0], -both[:, 1]
        root = math.sqrt(max(2.0 * (peak - values.log_likelihood) - float(values.score[others] @ step), 0.0))
        slope = -side * float(values.score[index] - beyond @ step)
        if slope <= 0.0:
            return None
        further = (critical - root) * root / slope
        largest = float(np.abs(step).max(initial=0.0))
        if not abs(further) <= 0.5 * reach or not largest <= 1.0:
            return None
        if abs(further) <= 1e-8 * reach + _ROUNDING * abs(float(best[index])) and largest <= 1e-6:
            # The score of the other coefficient falls beside a maximum, and not beside a minimum.
            is_peak = not others.any() or bool(
                (likelihood.evaluate(beta + _ASIDE * others).score < values.score)[others].all()
            )
            return float(best[index] + side * (reach + further)) if is_peak else None
        last_beta, last_score, beta = beta, values.score, beta.copy()
        beta[others] += step + side * further * tangent
        reach += further
    return None


def _learned(curvature: FloatArray, step: FloatArray, change: FloatArray) -> FloatArray:
    """The curvature after the score has fallen by ``change`` along a step (the BFGS update)."""
    pushed = curvature @ step
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        # Far out the penalty's score has no bounds; what is not finite is thrown away by the next step.
        return np.asarray(
            curvature
            - np.outer(pushed, pushed) / float(step @ pushed)
            + np.outer(change, change) / float(step @ change)
        )


def highest_maximum(likelihood: PartialLikelihood) -> Optimum:
    """The maximum over all coefficients; with few events and the penalty, the highest that several starts lead to.

    The likelihood is concave, but with the penalty it may have two maxima in tiny samples.
    """
    first = maximise(likelihood, np.zeros(likelihood.size))
    if not is_tiny(likelihood):
        return first
    found = [first]
    for index in range(likelihood.size):
        for side in (-_ELSEWHERE, _ELSEWHERE):
            start = np.zeros(likelihood.size)
            start[index] = side
            there = likelihood.evaluate(start)
            # Where it falls on the way out, it most likely leads back to the same maximum.
            if math.isfinite(there.log_likelihood) and there.score[index] * side > 0.0:
                found.append(maximise(likelihood, start))
    return _higher(found)


def is_tiny(likelihood: PartialLikelihood) -> bool:
    """True if the penalised likelihood may have more than one maximum: it rests on very few events.

    Beside a value far from all others, the maxima are as far apart as that, and no search on a grid meets them.
    """
    is_small = 0 < likelihood.size <= _FEW_COLUMNS and likelihood.n_event <= _FEW_EVENTS
    return likelihood.penalised and is_small and not likelihood.has_far_value


def _higher(found: Sequence[Optimum]) -> Optimum:
    """The first of the optima that no other is clearly higher than, one that has converged before one that has not."""
    best = found[0]
    for other in found[1:]:
        gain = other.values.log_likelihood - best.values.log_likelihood
        if other.converged and (not best.converged or gain > _HEIGHT_TOLERANCE):
            best = other
    return best


class _Profile:
    """The likelihood at a distance of one coefficient from its estimate, at the highest maximum of all others."""

    def __init__(
        self, likelihood: PartialLikelihood, optimum: Optimum, index: int, side: float, critical: float
    ) -> None:
        self.likelihood, self.optimum, self.index, self.side = likelihood, optimum, index, side
        self.target_fall = critical**2 / 2.0
        self.target = optimum.values.log_likelihood - self.target_fall
        self.free = np.ones(likelihood.size, dtype=bool)
        self.free[index] = False
        self.before = optimum.beta

    def excess(self, distance: float) -> float:
        """How far the profile is above the target; minus infinity where it cannot be found."""
        found = []
        for others in (self.before, self.optimum.beta, np.zeros(self.likelihood.size)):
            start = others.copy()
            start[self.index] = self.optimum.beta[self.index] + self.side * distance
            found.append(maximise(self.likelihood, start, self.free, None, _HEIGHT_TOLERANCE, _MAX_INNER_EVALUATIONS))
            if not self.free.any():
                break
        best = _higher(found)
        self.before = best.beta
        return best.values.log_likelihood - self.target if best.converged else -math.inf

    def is_outermost(self, distance: float) -> bool:
        """True if the profile meets the target at a distance and lies below it at some points beyond."""
        if abs(self.excess(distance)) > 1e-6:
            return False
        return all(self.excess(far * distance) < 0.0 for far in _BEYOND)

    def outermost(self, reach: float) -> float:
        """The largest distance at which the profile meets the target; NaN if there is none within reason."""
        farthest = max(_FAR, _FAR_WALD * reach)
        grid = [0.0, *(reach * np.geomspace(0.1, 10.0, 16)).tolist()]
        while grid[-1] < farthest:
            grid.append(2.0 * grid[-1])
        excess = [self.target_fall, *(self.excess(distance) for distance in grid[1:])]
        last = max(place for place, value in enumerate(excess) if value >= 0.0)
        if last == len(grid) - 1:
            return math.nan
        ends = {grid[last]: excess[last], grid[last + 1]: max(excess[last + 1], -_DEEP)}

        def of(distance: float) -> float:
            # At the ends the search may find another maximum of the others the second time.
            return ends[distance] if distance in ends else max(self.excess(distance), -_DEEP)

        return float(brentq(of, grid[last], grid[last + 1], xtol=1e-9))


def profile_limit(likelihood: PartialLikelihood, optimum: Optimum, index: int, side: float, critical: float) -> float:
    """The value of a coefficient at which the profile likelihood lies critical**2 / 2 below its maximum; NaN if none.

    Newton's method, kept in a bracket, on the signed root r = sqrt(2 (l_max - l)), which is close to a straight line;
    its slope is -U_j / r because the score of the others is 0. With at most one other coefficient, a shorter search is
    tried first; with more, it might end beside a higher maximum of the others. Where the penalised likelihood may have
    several maxima, the limit is the outermost such value, so that limits of a higher level enclose those of a lower one.
    """
    quick = _quick_limit(likelihood, optimum, index, side, critical) if likelihood.size <= 2 else None
    if is_tiny(likelihood):
        profile = _Profile(likelihood, optimum, index, side, critical)
        if quick is not None and profile.is_outermost(side * (quick - float(optimum.beta[index]))):
            return quick
        reach = critical * math.sqrt(float(inverse_of(optimum.values.information)[index, index]))
        return float(optimum.beta[index] + side * profile.outermost(reach))
    if quick is not None:
        return quick
    best, peak = optimum.beta, optimum.values.log_likelihood
    inverse = inverse_of(optimum.values.information)
    reach = critical * math.sqrt(float(inverse[index, index]))
    farthest = max(_FAR, _FAR_WALD * reach)
    free = np.ones(likelihood.size, dtype=bool)
    free[index] = False
    inside, outside = 0.0, math.inf
    curvature = optimum.curvature
    beta = best + side * reach * inverse[index] / inverse[index, index]
    for _ in range(_MAX_LIMIT_STEPS):
        beta[index] = best[index] + side * reach
        inner = maximise(likelihood, beta, free, curvature, _HEIGHT_TOLERANCE, _MAX_INNER_EVALUATIONS)
        if inner.values.log_likelihood == -math.inf and outside - inside > 1e-10 * reach:
            # Beyond what can be written, and so below the target.
            outside, reach = reach, (inside + reach) / 2.0
            beta = best + side * reach * inverse[index] / inverse[index, index]
            continue
        curvature = inner.curvature
        if not inner.converged:
            return math.nan
        root = math.sqrt(max(2.0 * (peak - inner.values.log_likelihood), 0.0))
        slope = -side * float(inner.values.score[index])
        if root < critical:
            inside = reach
        else:
            outside = reach
        newton = reach + (critical - root) * root / slope if slope > 0 else math.nan
        # Where one value is 1e10 times the others, a limit may lie 1e-9 from the estimate.
        if abs(newton - reach) <= 1e-8 * reach + _ROUNDING * abs(float(best[index])):
            return float(best[index] + side * newton)
        if outside - inside <= 1e-10 * reach:
            # So steep is the fall beside a value far from all others that the limit lies between two that nothing parts.
            return float(best[index] + side * outside)
        if root < critical and reach > farthest:
            return math.nan
        upper = min(outside, 3.0 * reach)
        if not (inside < newton < upper):
            newton = (inside + upper) / 2.0 if math.isfinite(outside) else 2.0 * reach
        beta = inner.beta.copy()
        if free.any():
            information = inner.values.information
            tangent = -solve(information[np.ix_(free, free)], information[free, index])
            beta[free] += side * (newton - reach) * tangent
        reach = newton
    return math.nan


def solve_model(
    likelihood: PartialLikelihood,
    optimum: Optimum,
    wanted: Sequence[int],
    conf_type: str,
    conf_level: float,
    covariance: FloatArray | None = None,
) -> Solution:
    """Standard errors, limits and p values of the ``wanted`` coefficients at an optimum over all coefficients.

    ``covariance`` replaces the inverse of the information where it is given (a robust one).
    """
    critical = float(ndtri((1.0 + conf_level) / 2.0))
    beta, size = optimum.beta, likelihood.size
    model = inverse_of(optimum.values.information)
    with np.errstate(invalid="ignore"):
        estimable = np.asarray(np.sqrt(np.diag(model)) <= _FAR, dtype=bool)
        std_error = np.sqrt(np.diag(model if covariance is None else covariance))
    low, high, p_value = (np.full(size, np.nan) for _ in range(3))
    index = [i for i in wanted if estimable[i]]
    if conf_type == "wald":
        low, high = beta - critical * std_error, beta + critical * std_error
    else:
        for i in index:
            low[i] = profile_limit(likelihood, optimum, i, -1.0, critical)
            high[i] = profile_limit(likelihood, optimum, i, 1.0, critical)
    fall = None
    if conf_type == "profile":
        # The test that goes with the interval: its p is below 0.05 just where the 95 % interval leaves out 1.
        fall = np.full(size, np.nan)
        for i in index:
            fall[i] = likelihood_ratio(likelihood, optimum, np.arange(size) == i)
        p_value = np.asarray(chdtrc(1, fall), dtype=np.float64)
    else:
        with np.errstate(divide="ignore", invalid="ignore"):
            p_value = 2.0 * ndtr(-np.abs(beta / std_error))
    return Solution(beta, std_error, low, high, p_value, estimable, likelihood.plain(beta), fall)


def robust_covariance(likelihood: PartialLikelihood, optimum: Optimum, cluster: IntArray | None = None) -> FloatArray:
    """The covariance of the coefficients that holds for weighted or dependent rows (Lin & Wei 1989, with Efron's ties).

    ``cluster`` numbers the rows of the risk sets; without it, each patient of a row is a cluster.
    """
    inverse = inverse_of(optimum.values.information)
    risk = likelihood.risk
    at, _ = likelihood.moments(optimum.beta)
    weight = risk.mean_weight
    everyone, tied = at.hazard_means()
    rows = risk.rows
    happened = rows.event > 0
    own = np.clip(risk.last - 1, 0, None)
    x = at.design[rows.pattern]
    baseline = risk.forwards((weight * at.w01 / at.risk)[:, None])[:, 0]
    weighted = risk.forwards(weight[:, None] * everyone)
    last, first = np.maximum(risk.last, risk.first), risk.first
    exposure = baseline[last] - baseline[first]
    passed = weighted[last] - weighted[first]
    residual = np.zeros_like(x)
    if len(at.d):
        spared = np.where(happened, (weight * at.w11 / at.event)[own], 0.0)
        spared_mean = np.where(happened[:, None], (weight[:, None] * tied)[own], 0.0)
        hazard = at.hazard[rows.pattern][:, None]
        residual = np.where(happened[:, None], x - at.mean[own], 0.0)
        residual -= hazard * (x * (exposure - spared)[:, None] - (passed - spared_mean))
    influence = (residual * rows.weight[:, None]) @ inverse
    if cluster is None:
        return np.asarray((influence * rows.n[:, None]).T @ influence)
    total = np.zeros((int(cluster.max(initial=-1)) + 1, likelihood.size))
    np.add.at(total, cluster, influence * rows.n[:, None])
    return np.asarray(total.T @ total)
