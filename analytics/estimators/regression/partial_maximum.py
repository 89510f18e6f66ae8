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
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import brentq

from analytics.estimators import newton
from analytics.estimators.design import BoolArray, IntArray, Solution
from analytics.estimators.newton import inverse_of, solve
from analytics.estimators.regression.partial_likelihood import PartialLikelihood, PartialValues
from analytics.estimators.regression.profile_likelihood import (
    farthest_limit,
    profile_limits,
    solve_coefficients,
)
from analytics.results import FloatArray

_MAX_EVALUATIONS = 400
_MAX_HALVINGS = 60
_MAX_STEPS = 200
_MAX_INNER_EVALUATIONS = 100
# With so few events the penalised likelihood is searched for a second maximum, in so many coefficients, from starts so far
# from 0, and its profile at these multiples of the distance of a limit.
_FEW_EVENTS = 5
_FEW_COLUMNS = 4
_ELSEWHERE = 4.0
_BEYOND = (2.0, 4.0)
_DEEP = 1e3
# So far below the target a step that gains less than that leads to nothing above it.
_HOPELESS = 4.0
_NEXT_TO_NOTHING = 1e-2
_STEP_TOLERANCE = 1e-10
# Where only the height of a maximum is asked for: it is off by the square of the step.
_HEIGHT_TOLERANCE = 1e-6
_SMALLEST_GAIN = 1e-13
_ROUNDING = 1e-14
# Steps that gain nothing any more and move no linear predictor farther than this (as a share) are rounding; on the way
# to infinity it moves by about 1.
_ROUNDED = 1e-4
# A fit that gains nothing in steps longer than this is on its way to infinity; in shorter ones, at its maximum.
_LONG_STEP = 1e-3
# Beyond this range of the linear predictor a fit is taken to diverge; whether it does is for the caller to find out.
_DIVERGING = 40.0
# Steps of the short search for a limit, which needs about eight.
MOST_QUICK_STEPS = 20
_ASIDE = 1e-4


@dataclass(frozen=True, slots=True)
class Optimum:
    """Where a maximisation ended; ``curvature`` is what it took for the negative second derivative there."""

    beta: FloatArray
    values: PartialValues
    converged: bool
    curvature: FloatArray

    def stacked(self) -> newton.Optimum:
        """The same as a stack of one."""
        v = self.values
        return newton.Optimum(
            self.beta[None],
            np.array([v.log_likelihood]),
            v.score[None],
            v.information[None],
            np.array([self.converged]),
            self.curvature[None],
        )


def _one(found: newton.Optimum) -> Optimum:
    """The only one of a stack."""
    values = PartialValues(float(found.log_likelihood[0]), found.score[0], found.curvature[0])
    return Optimum(found.beta[0], values, bool(found.converged[0]), found.learned[0])


def maximise(
    likelihood: PartialLikelihood,
    start: FloatArray,
    free: BoolArray | None = None,
    curvature: FloatArray | None = None,
    tolerance: float = _STEP_TOLERANCE,
    most: int = _MAX_EVALUATIONS,
) -> Optimum:
    """The maximum of the likelihood over the ``free`` coefficients, the others staying at ``start``.

    With the penalty the curvature starts as the information, or as the ``curvature`` of an earlier maximisation.
    """
    free = np.ones(likelihood.size, dtype=bool) if free is None else free
    learned = None if curvature is None else curvature[None]
    found = newton.maximise(likelihood, start[None], free[None], _search(likelihood, tolerance, most), learned)
    return _one(found)


def _search(likelihood: PartialLikelihood, tolerance: float, most: int) -> newton.Search:
    """How a maximum is searched for; without the penalty the error is of the order of the last step's square."""

    def is_endless(beta: FloatArray, step: FloatArray, gain: float, before: float) -> bool:
        has_gained = gain > _SMALLEST_GAIN * (1.0 + abs(before))
        if has_gained or float(np.abs(step).max()) <= _LONG_STEP:
            return False
        return float(np.ptp(likelihood.design @ beta)) > _DIVERGING

    return newton.Search(
        tolerance=tolerance if likelihood.penalised else newton.NEWTON_TOLERANCE,
        rounded=_ROUNDED,
        halvings=_MAX_HALVINGS,
        steps=_MAX_STEPS,
        most=most,
        is_endless=None if likelihood.penalised else is_endless,
        ends_evaluated=tolerance == _STEP_TOLERANCE,
    )


def likelihood_ratios(likelihood: PartialLikelihood, optimum: Optimum, drop: BoolArray) -> FloatArray:
    """Twice the fall of the (penalised) log-likelihood when the ``drop`` coefficients of each row are fixed at 0.

    NaN where that was not found. With the penalty, the information keeps the fixed coefficients' rows and columns
    (Heinze & Schemper 2001, section 2), which is not the same as fitting the smaller model.
    """
    inner = _search(likelihood, _HEIGHT_TOLERANCE, _MAX_EVALUATIONS)
    stacked = optimum.stacked()
    if not is_tiny(likelihood):
        return newton.fall_of(stacked, newton.restrict(likelihood, stacked, drop, inner))
    from_best, from_zero = (
        newton.maximise(likelihood, np.where(drop, 0.0, start), ~drop, inner)
        for start in (optimum.beta, np.zeros(likelihood.size))
    )
    restricted = newton.restrict(likelihood, stacked, drop, inner)
    return newton.fall_of(stacked, _higher([restricted, from_best, from_zero]))


def _quick_limit(
    likelihood: PartialLikelihood, optimum: Optimum, index: int, side: float, critical: float
) -> float | None:
    """The limit of :func:`profile_limits_of` beside at most one other coefficient; None where the search does not settle.

    Newton's method on r, while the other coefficient takes one step to its maximum each time (Venzon & Moolgavkar
    1988). What is left to gain from it is half its step times its score, up to third order in the step.
    """
    best, peak = optimum.beta, optimum.values.log_likelihood
    inverse = inverse_of(optimum.values.information)
    reach = critical * math.sqrt(float(inverse[index, index]))
    others = np.arange(likelihood.size) != index
    curvature, beta = optimum.curvature, best + side * reach * inverse[index] / inverse[index, index]
    last_beta, last_score = best, optimum.values.score
    for _ in range(MOST_QUICK_STEPS):
        beta[index] = best[index] + side * reach
        values = likelihood.at(beta)
        if not math.isfinite(values.log_likelihood):
            return None
        moved, change = beta - last_beta, last_score - values.score
        if float(moved @ change) <= 0.0:
            return None
        curvature = newton.learned_curvature(curvature, moved, change) if likelihood.penalised else values.information
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
                (likelihood.at(beta + _ASIDE * others).score < values.score)[others].all()
            )
            return float(best[index] + side * (reach + further)) if is_peak else None
        last_beta, last_score, beta = beta, values.score, beta.copy()
        beta[others] += step + side * further * tangent
        reach += further
    return None


def highest_maximum(likelihood: PartialLikelihood) -> Optimum:
    """The maximum over all coefficients; with few events and the penalty, the highest that several starts lead to.

    The likelihood is concave, but with the penalty it may have two maxima in tiny samples.
    """
    first = maximise(likelihood, np.zeros(likelihood.size))
    if not is_tiny(likelihood):
        return first
    index, side = np.repeat(np.arange(likelihood.size), 2), np.tile([-_ELSEWHERE, _ELSEWHERE], likelihood.size)
    starts = np.where(np.arange(likelihood.size) == index[:, None], side[:, None], 0.0)
    there = likelihood.evaluate(starts)
    # Where it falls on the way out, it most likely leads back to the same maximum.
    rises = np.isfinite(there.log_likelihood) & (there.score[np.arange(len(index)), index] * side > 0.0)
    return _one(_higher([first.stacked(), *(maximise(likelihood, start).stacked() for start in starts[rises])]))


def is_tiny(likelihood: PartialLikelihood) -> bool:
    """True if the penalised likelihood may have more than one maximum: it rests on very few events.

    Beside a value far from all others, the maxima are as far apart as that, and no search on a grid meets them.
    """
    is_small = 0 < likelihood.size <= _FEW_COLUMNS and likelihood.n_event <= _FEW_EVENTS
    return likelihood.penalised and is_small and not likelihood.has_far_value


def _higher(found: Sequence[newton.Optimum]) -> newton.Optimum:
    """Of each problem the first optimum that no other is clearly higher than, a converged one before one that is not."""
    best = found[0].take(np.ones(len(found[0].beta), dtype=bool))
    for other in found[1:]:
        with np.errstate(invalid="ignore"):
            gain = other.log_likelihood - best.log_likelihood
        is_higher = other.converged & (~best.converged | (gain > _HEIGHT_TOLERANCE))
        best.put(np.flatnonzero(is_higher), other.take(is_higher))
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
        self.best, self.path = optimum.beta, optimum.beta[None]
        inner = _search(likelihood, _HEIGHT_TOLERANCE, _MAX_INNER_EVALUATIONS)
        self._inner = replace(inner, is_endless=self._is_hopeless) if likelihood.penalised else inner

    def _is_hopeless(self, beta: FloatArray, step: FloatArray, gain: float, before: float) -> bool:
        """True far out and far below the target, where a search gains next to nothing and is long in ending."""
        return before + gain < self.target - _HOPELESS and gain < _NEXT_TO_NOTHING

    def excess(self, distance: float) -> float:
        """How far the profile is above the target; minus infinity where it cannot be found."""
        starts = np.array([self.best, self.optimum.beta, np.zeros(self.likelihood.size)])
        if not self.free.any():
            starts = starts[:1]
        found = self._maxima(starts, np.full(len(starts), distance))
        highest = _higher([found.take(place) for place in np.eye(len(starts), dtype=bool)])
        self.best = highest.beta[0]
        return float(self._above(highest)[0])

    def excesses(self, distance: FloatArray) -> FloatArray:
        """The same at ascending distances, where the search begins as well at what was found at the one before."""
        n = len(distance)
        found = self._maxima(
            np.repeat([self.optimum.beta, np.zeros(self.likelihood.size)], n, axis=0), np.tile(distance, 2)
        )
        is_first = np.arange(2 * n) < n
        best = _higher([found.take(is_first), found.take(~is_first)])
        behind = np.arange(1, n if self.free.any() else 1)
        while len(behind):
            higher = _higher([best.take(behind), self._maxima(best.beta[behind - 1], distance[behind])])
            moved = (higher.beta != best.beta[behind]).any(axis=1)
            best.put(behind, higher)
            behind = behind[moved & (behind < n - 1)] + 1
        self.path = best.beta
        return self._above(best)

    def _maxima(self, start: FloatArray, distance: FloatArray) -> newton.Optimum:
        """The maxima over the other coefficients from some starts, at a distance each."""
        start = start.copy()
        start[:, self.index] = self.optimum.beta[self.index] + self.side * distance
        return newton.maximise(self.likelihood, start, np.tile(self.free, (len(start), 1)), self._inner)

    def _above(self, found: newton.Optimum) -> FloatArray:
        return np.where(found.converged, found.log_likelihood - self.target, -math.inf)

    def is_outermost(self, distance: float) -> bool:
        """True if the profile meets the target at a distance and lies below it at some points beyond."""
        at, *beyond = self.excesses(distance * np.array([1.0, *_BEYOND])).tolist()
        return abs(at) <= 1e-6 and max(beyond) < 0.0

    def outermost(self, reach: float) -> float:
        """The largest distance at which the profile meets the target; NaN if there is none within reason."""
        farthest = farthest_limit(reach)
        grid = [0.0, *(reach * np.geomspace(0.1, 10.0, 16)).tolist()]
        while grid[-1] < farthest:
            grid.append(2.0 * grid[-1])
        excess = [self.target_fall, *self.excesses(np.array(grid[1:])).tolist()]
        last = max(place for place, value in enumerate(excess) if value >= 0.0)
        if last == len(grid) - 1:
            return math.nan
        self.best = self.path[last - 1] if last else self.optimum.beta
        ends = {grid[last]: excess[last], grid[last + 1]: max(excess[last + 1], -_DEEP)}

        def of(distance: float) -> float:
            # At the ends the search may find another maximum of the others the second time.
            return ends[distance] if distance in ends else max(self.excess(distance), -_DEEP)

        return float(brentq(of, grid[last], grid[last + 1], xtol=1e-9))


def profile_limits_of(
    likelihood: PartialLikelihood, optimum: Optimum, index: IntArray, side: FloatArray, critical: float
) -> FloatArray:
    """The values of coefficients at which the profile likelihood lies critical**2 / 2 below its maximum; NaN if none.

    ``side`` is -1 for the lower limit, 1 for the upper one. Where the curvature has to be learned, and with at most one
    other coefficient, a shorter search is tried first; with more, it might end beside a higher maximum of the others.
    Where the penalised likelihood may have several maxima, a limit is the outermost such value, so that limits of a
    higher level enclose those of a lower one.
    """
    limits = np.full(len(index), np.nan)
    if is_tiny(likelihood) or (likelihood.learns and likelihood.size <= 2):
        for place, (i, s) in enumerate(zip(index.tolist(), side.tolist(), strict=True)):
            limits[place] = _limit_alone(likelihood, optimum, i, s, critical)
        if is_tiny(likelihood):
            return limits
    lost = np.flatnonzero(np.isnan(limits))
    if len(lost):
        inner = _search(likelihood, _HEIGHT_TOLERANCE, _MAX_INNER_EVALUATIONS)
        limits[lost] = profile_limits(likelihood, optimum.stacked(), index[lost], side[lost], critical, inner)
    return limits


def _limit_alone(likelihood: PartialLikelihood, optimum: Optimum, index: int, side: float, critical: float) -> float:
    """One limit of :func:`profile_limits_of` by the shorter search or as the outermost one; NaN if that finds none."""
    quick = (
        _quick_limit(likelihood, optimum, index, side, critical) if likelihood.learns and likelihood.size <= 2 else None
    )
    if not is_tiny(likelihood):
        return math.nan if quick is None else quick
    profile = _Profile(likelihood, optimum, index, side, critical)
    if quick is not None and profile.is_outermost(side * (quick - float(optimum.beta[index]))):
        return quick
    reach = critical * math.sqrt(float(inverse_of(optimum.values.information)[index, index]))
    return float(optimum.beta[index] + side * profile.outermost(reach))


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

    def limits(index: IntArray, critical: float) -> tuple[FloatArray, FloatArray]:
        both = profile_limits_of(likelihood, optimum, np.tile(index, 2), np.repeat([-1.0, 1.0], len(index)), critical)
        return both[: len(index)], both[len(index) :]

    def fall(index: IntArray) -> FloatArray:
        return likelihood_ratios(likelihood, optimum, np.arange(likelihood.size) == index[:, None])

    return solve_coefficients(
        optimum.beta,
        optimum.values.information,
        likelihood.plain(optimum.beta) if likelihood.penalised else optimum.values.log_likelihood,
        wanted,
        conf_type,
        conf_level,
        limits,
        fall,
        covariance,
    )


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
