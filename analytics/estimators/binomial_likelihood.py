"""The binomial likelihood of a logistic model, plain or with Firth's penalty, and what follows from its maximum.

The likelihood is that of a binomial count per distinct row of covariates (a *pattern*), so the cost of a fit depends on
the number of patterns and not on the number of patients. All constrained fits that a result needs (one per profile
limit, one per test) share the design and are done side by side as one stack of Newton iterations.

Sources
-------
Firth (1993), Biometrika 80:27, doi:10.1093/biomet/80.1.27: the penalised likelihood and its score.
Heinze & Schemper (2002), Statistics in Medicine 21:2409, doi:10.1002/sim.1047: profile penalised limits and penalised
likelihood-ratio tests.
Venzon & Moolgavkar (1988), Applied Statistics 37:87, doi:10.2307/2347496: profile limits by a modified Newton step.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import chdtrc, expit, ndtr, ndtri

from analytics.estimators.design import BoolArray, IntArray, Solution
from analytics.results import FloatArray

# The error left after a last Newton step is of the order of its square; a step at a fixed rate leaves its own size.
_NEWTON_TOLERANCE = 1e-7
_FIXED_RATE_TOLERANCE = 1e-11
_SMALLEST_GAIN = 1e-14
_ROUNDING = 1e-14
_MAX_STEP = 5.0
_MAX_ITERATIONS = 100
_PATIENCE = 4
_MAX_JOINT_ITERATIONS = 20
_MAX_PROFILE_ITERATIONS = 100
# A limit is taken not to exist when it is further from the estimate than this (log odds ratio per standard deviation)
# and than so many times the distance of Wald's; nor is an estimate whose standard error is larger.
_FAR = 50.0
_FAR_WALD = 5.0
# Beyond this linear predictor a fit is taken to diverge; whether it truly does is for the caller to find out.
_DIVERGING = 30.0
# R's glm drops a column whose part outside the earlier columns is below this share of its length.
_COLLINEAR_TOLERANCE = 1e-7
# Products of columns are kept only while there are no more of them than this (numbers of 8 bytes).
_MAX_PRODUCTS = 8_000_000
_MAX_TRIPLES = 2_000_000


@dataclass(frozen=True, slots=True)
class _Values:
    """Log-likelihood, score and curvature for a stack of coefficient vectors."""

    log_likelihood: FloatArray
    score: FloatArray
    curvature: FloatArray

    def take(self, index: IntArray | BoolArray) -> _Values:
        return _Values(self.log_likelihood[index], self.score[index], self.curvature[index])

    def put(self, index: IntArray, other: _Values) -> None:
        self.log_likelihood[index] = other.log_likelihood
        self.score[index] = other.score
        self.curvature[index] = other.curvature


@dataclass(frozen=True, slots=True)
class _Products:
    """Where the products of two and of three columns are kept, each once: ``pair[i, j]`` is the place of columns i, j.

    ``first`` and ``second`` are the columns of each pair, ``times`` how often it occurs in a symmetric matrix;
    ``triple`` is the same for three columns, ``triple_pair`` and ``third`` make each triple from a pair and a column.
    """

    pair: IntArray
    first: IntArray
    second: IntArray
    times: FloatArray
    triple: IntArray
    triple_pair: IntArray
    third: IntArray


@lru_cache(maxsize=64)
def _products(size: int) -> _Products:
    """The places of products for a number of columns."""
    first, second = np.triu_indices(size)
    pair = np.zeros((size, size), dtype=np.intp)
    pair[first, second] = pair[second, first] = np.arange(len(first))
    ordered = np.sort(np.indices((size, size, size)).reshape(3, -1), axis=0)
    keys, triple = np.unique(np.ravel_multi_index(tuple(ordered), (size, size, size)), return_inverse=True)
    low, middle, high = np.unravel_index(keys, (size, size, size))
    times = np.where(first == second, 1.0, 2.0)
    return _Products(pair, first, second, times, triple.reshape(-1), pair[low, middle], np.asarray(high))


class BinomialLikelihood:
    """The (penalised) log-likelihood of a binomial count per pattern with a logit link.

    Penalised, it is l(b) + log|I(b)| / 2 with score X'(y - n p + h (1/2 - p)), where h is the leverage of a pattern,
    the sum of its patients' diagonal elements of the hat matrix (Firth 1993, section 3; Heinze & Schemper 2002, eq. 2).
    With w = n p (1 - p), V = I^-1, d_i = x_i'V x_i and T_l = X' diag(w (1 - 2p) x_l) X, its curvature is

        I - X' diag(w (1 - 6p (1 - p)) d) X / 2 + [tr(V T_l V T_m)] / 2.

    Where the products of three columns are too many to keep, it is taken as X' diag((n + h) p (1 - p)) X, which leaves
    out the change of h with b: the iteration then converges at a fixed rate rather than quadratically, to the same
    point.
    """

    def __init__(self, design: FloatArray, n: FloatArray, y: FloatArray, penalised: bool) -> None:
        self.design = design
        self.n = n
        self.y = y
        self.penalised = penalised
        patterns, size = design.shape
        self.places = _products(size)
        self.pairs: FloatArray | None = None
        self.triples: FloatArray | None = None
        if patterns * len(self.places.first) <= _MAX_PRODUCTS:
            self.pairs = design[:, self.places.first] * design[:, self.places.second]
            if penalised and patterns * len(self.places.third) <= _MAX_TRIPLES:
                self.triples = self.pairs[:, self.places.triple_pair] * design[:, self.places.third]

    @property
    def is_quadratic(self) -> bool:
        """True if Newton steps with this curvature converge quadratically."""
        return self.triples is not None or not self.penalised

    @property
    def size(self) -> int:
        """Number of coefficients, the intercept included."""
        return int(self.design.shape[1])

    def gram(self, weights: FloatArray) -> FloatArray:
        """X' diag(w) X for each row of ``weights``."""
        if self.pairs is not None:
            return np.take(weights @ self.pairs, self.places.pair, axis=1)
        return np.stack([(self.design * row[:, None]).T @ self.design for row in weights])

    def spread(self, inverse: FloatArray) -> FloatArray:
        """x_i' V x_i for each pattern i, for each matrix V."""
        if self.pairs is not None:
            packed = inverse[:, self.places.first, self.places.second] * self.places.times
            return np.asarray(packed @ self.pairs.T)
        return np.stack([np.einsum("ij,ij->i", self.design @ matrix, self.design) for matrix in inverse])

    def _penalised_curvature(
        self, information: FloatArray, inverse: FloatArray, spread: FloatArray, p: FloatArray, variance: FloatArray
    ) -> FloatArray:
        """The curvature of the penalised likelihood, or its approximation."""
        weights, size = self.n * variance, self.size
        if self.triples is None:
            return self.gram((self.n + weights * spread) * variance)
        packed = (weights * (1.0 - 2.0 * p)) @ self.triples
        third = np.take(packed, self.places.triple, axis=1).reshape(-1, size, size * size)
        turned = (inverse @ third).reshape(-1, size, size, size)
        left = turned.reshape(-1, size * size, size)
        right = turned.transpose(0, 2, 1, 3).reshape(-1, size * size, size)
        second = self.gram(weights * (1.0 - 6.0 * variance) * spread)
        return np.asarray(information + 0.5 * (left.transpose(0, 2, 1) @ right - second))

    def information(self, beta: FloatArray) -> FloatArray:
        """Fisher information (without penalty) at one coefficient vector."""
        eta = self.design @ beta
        return np.asarray(self.gram((self.n * expit(eta) * expit(-eta))[None])[0])

    def plain(self, beta: FloatArray) -> float:
        """Log-likelihood without penalty at one coefficient vector."""
        eta = self.design @ beta
        return float(eta @ self.y - np.logaddexp(0.0, eta) @ self.n)

    def evaluate(self, beta: FloatArray) -> _Values:
        """All that a Newton step needs, for each row of ``beta``."""
        eta = beta @ self.design.T
        small = np.exp(-np.abs(eta))
        p = np.where(eta >= 0.0, 1.0, small) / (1.0 + small)
        variance = small / (1.0 + small) ** 2
        log_likelihood = eta @ self.y - (np.maximum(eta, 0.0) + np.log1p(small)) @ self.n
        residual = self.y - self.n * p
        weights = self.n * variance
        curvature = self.gram(weights)
        if self.penalised:
            sign, log_determinant = np.linalg.slogdet(curvature)
            with np.errstate(invalid="ignore", over="ignore"):
                inverse = _inverse(curvature)
                spread = self.spread(inverse)
                leverage = weights * spread
                residual = residual + leverage * (0.5 - p)
                log_likelihood = log_likelihood + 0.5 * log_determinant
                curvature = self._penalised_curvature(curvature, inverse, spread, p, variance)
            usable = (sign > 0) & np.isfinite(curvature).all(axis=(1, 2)) & (leverage >= 0).all(axis=1)
            log_likelihood = np.where(usable, log_likelihood, -np.inf)
        return _Values(log_likelihood, np.asarray(residual @ self.design), curvature)


def _inverse(stack: FloatArray) -> FloatArray:
    """Inverses of a stack of matrices; NaN for a singular one."""
    try:
        return np.asarray(np.linalg.inv(stack), dtype=np.float64)
    except np.linalg.LinAlgError:
        if len(stack) == 1:
            return np.full_like(stack, np.nan)
        return np.concatenate([_inverse(matrix[None]) for matrix in stack])


def _positive_definite(stack: FloatArray) -> BoolArray:
    """True for each matrix of a stack that has a Cholesky factor."""
    try:
        np.linalg.cholesky(stack)
        return np.ones(len(stack), dtype=bool)
    except np.linalg.LinAlgError:
        if len(stack) == 1:
            return np.zeros(1, dtype=bool)
    half = len(stack) // 2
    return np.concatenate([_positive_definite(stack[:half]), _positive_definite(stack[half:])])


def _uphill(stack: FloatArray, surely: bool = False) -> FloatArray:
    """The matrices of a stack, each indefinite one with its eigenvalues made positive so that Newton steps ascend.

    ``surely`` treats all of them so: one that is all but singular passes for definite and still leads astray.
    """
    definite = np.zeros(len(stack), dtype=bool) if surely else _positive_definite(stack)
    if definite.all():
        return stack
    mended = stack.copy()
    values, vectors = np.linalg.eigh(stack[~definite])
    sizes = np.abs(values)
    sizes = np.maximum(sizes, np.maximum(1e-8 * sizes.max(axis=1, keepdims=True), 1e-300))
    mended[~definite] = (vectors * sizes[:, None, :]) @ vectors.transpose(0, 2, 1)
    return mended


def _solve(stack: FloatArray, right: FloatArray) -> FloatArray:
    """Solutions of a stack of symmetric systems; the least-squares one where a matrix is singular."""
    try:
        return np.asarray(np.linalg.solve(stack, right), dtype=np.float64)
    except np.linalg.LinAlgError:
        return np.stack([np.linalg.lstsq(a, b, rcond=None)[0] for a, b in zip(stack, right, strict=True)])


@dataclass(frozen=True, slots=True)
class Optimum:
    """Where a stack of maximisations ended."""

    beta: FloatArray
    log_likelihood: FloatArray
    score: FloatArray
    curvature: FloatArray
    converged: BoolArray

    def take(self, index: BoolArray) -> Optimum:
        """Those of an index."""
        return Optimum(
            self.beta[index],
            self.log_likelihood[index],
            self.score[index],
            self.curvature[index],
            self.converged[index],
        )


def _shortened(step: FloatArray, beta: FloatArray) -> FloatArray:
    """Steps no longer than the maximum in any coefficient (of the standardised design), or than these are large."""
    longest = np.abs(step).max(axis=1, keepdims=True)
    most = np.maximum(np.abs(beta).max(axis=1, keepdims=True), _MAX_STEP)
    return np.asarray(step * (most / np.maximum(longest, most)))


def _maximise(
    likelihood: BinomialLikelihood, start: FloatArray, free: BoolArray, *, stop_when_diverging: bool = False
) -> Optimum:
    """Maxima of the likelihood over the ``free`` coefficients, the others staying at ``start``; both (problems, size).

    Newton's method with step halving. ``stop_when_diverging`` gives up, unconverged, once a pattern's probability is
    closer than 1e-13 to 0 or 1, and does not take a likelihood that no longer rises for one at its maximum.
    """
    beta = start.copy()
    values = likelihood.evaluate(beta)
    flat = np.flatnonzero(~np.isfinite(values.log_likelihood))
    if len(flat):
        # Too far out for the penalty to be computed: nearer to 0 it can be.
        beta[flat] = np.where(free[flat], 0.0, beta[flat])
        values.put(flat, likelihood.evaluate(beta[flat]))
    converged = np.zeros(len(beta), dtype=bool)
    active = np.flatnonzero(np.isfinite(values.log_likelihood))
    # Where saturated probabilities leave a direction without curvature, steps along it never end and gain nothing.
    idle, patience = np.zeros(len(beta), dtype=np.intp), _MAX_ITERATIONS if stop_when_diverging else _PATIENCE
    identity = np.eye(likelihood.size)
    tolerance = _NEWTON_TOLERANCE if likelihood.is_quadratic else _FIXED_RATE_TOLERANCE
    for _ in range(_MAX_ITERATIONS):
        if not len(active):
            break
        current, mask = values.take(active), free[active]
        curvature = np.where(mask[:, :, None] & mask[:, None, :], current.curvature, identity)
        if likelihood.penalised:
            curvature = _uphill(curvature)
        step = _solve(curvature, (current.score * mask)[:, :, None])[:, :, 0]
        step = np.where(mask, step, 0.0)
        gain = 0.5 * np.einsum("ij,ij->i", step, current.score)
        lost = np.flatnonzero(~(gain >= -_SMALLEST_GAIN * (1.0 + np.abs(current.log_likelihood))))
        if len(lost):
            right = (current.score[lost] * mask[lost])[:, :, None]
            step[lost] = np.where(mask[lost], _solve(_uphill(curvature[lost], surely=True), right)[:, :, 0], 0.0)
            gain[lost] = 0.5 * np.einsum("ij,ij->i", step[lost], current.score[lost])
        step = _shortened(step, beta[active])
        last = np.abs(step).max(axis=1) <= tolerance * (1.0 + np.abs(beta[active]).max(axis=1))
        nothing = np.abs(gain) <= _SMALLEST_GAIN * (1.0 + np.abs(current.log_likelihood))
        idle[active] = np.where(nothing, idle[active] + 1, 0)
        last = nothing & (last | (idle[active] >= patience))
        beta[active[last]] += step[last]
        converged[active[last]] = True
        active, step = active[~last], step[~last]
        if not len(active):
            break
        pending = np.arange(len(active))
        for _halving in range(40):
            rows = active[pending]
            trial = likelihood.evaluate(beta[rows] + step[pending])
            floor = values.log_likelihood[rows] - 1e-13 * (1.0 + np.abs(values.log_likelihood[rows]))
            accepted = trial.log_likelihood >= floor
            beta[rows[accepted]] += step[pending[accepted]]
            values.put(rows[accepted], trial.take(accepted))
            pending = pending[~accepted]
            if not len(pending):
                break
            step[pending] /= 2.0
        # A direction without any ascent left means that rounding is all there is to gain.
        stuck = active[pending]
        converged[stuck] = np.abs(step[pending]).max(axis=1, initial=0.0) <= 1e-9
        active = np.delete(active, pending)
        if not len(active) or (stop_when_diverging and np.abs(likelihood.design @ beta[0]).max() > _DIVERGING):
            break
    return Optimum(beta, values.log_likelihood, values.score, values.curvature, converged)


def fit_likelihood(likelihood: BinomialLikelihood, *, stop_when_diverging: bool = False) -> Optimum:
    """The maximum over all coefficients, from the model without covariates."""
    start = np.zeros((1, likelihood.size))
    start[0, 0] = math.log((likelihood.y.sum() + 0.5) / ((likelihood.n - likelihood.y).sum() + 0.5))
    return _maximise(likelihood, start, np.ones_like(start, dtype=bool), stop_when_diverging=stop_when_diverging)


def likelihood_ratio(likelihood: BinomialLikelihood, optimum: Optimum, drop: BoolArray) -> FloatArray:
    """Twice the fall of the (penalised) log-likelihood when the ``drop`` coefficients of each row are fixed at 0.

    With the penalty, the information matrix keeps the fixed coefficients' rows and columns (Heinze & Schemper 2002,
    section 2.3), which is not the same as fitting the smaller model.
    """
    best, inverse = optimum.beta[0], _inverse(optimum.curvature)[0]
    start = np.where(drop, 0.0, best)
    for row, own in enumerate(drop):
        # Where the quadratic model has its maximum on drop = 0.
        moved = best - inverse[:, own] @ _solve(inverse[np.ix_(own, own)][None], best[own][None, :, None])[0, :, 0]
        if np.isfinite(moved).all():
            start[row] = np.where(own, 0.0, moved)
    restricted = _maximise(likelihood, start, ~drop)
    fall = 2.0 * (optimum.log_likelihood[0] - restricted.log_likelihood)
    return np.asarray(np.where(restricted.converged, np.maximum(fall, 0.0), np.nan))


def profile_fall(likelihood: BinomialLikelihood, optimum: Optimum, index: int, value: float) -> float:
    """Twice the fall of the (penalised) log-likelihood when one coefficient is held at a value; NaN where not found."""
    best, inverse = optimum.beta[0], _inverse(optimum.curvature)[0]
    along = inverse[:, index] / inverse[index, index]
    if not np.isfinite(along).all():
        along = np.zeros(len(best))
    start = best + (value - best[index]) * along
    start[index] = value
    free = np.ones((1, len(best)), dtype=bool)
    free[0, index] = False
    restricted = _maximise(likelihood, start[None], free)
    if not restricted.converged[0]:
        return math.nan
    return max(2.0 * float(optimum.log_likelihood[0] - restricted.log_likelihood[0]), 0.0)


def _profile_limits(
    likelihood: BinomialLikelihood, optimum: Optimum, which: IntArray, critical: float
) -> tuple[FloatArray, FloatArray]:
    """Lower and upper profile limits of the coefficients ``which``; NaN where none was found.

    A limit is the value of the coefficient at which the likelihood, maximised over all others, lies critical**2 / 2
    below its maximum (Venzon & Moolgavkar 1988, eq. 1).
    """
    parameter = np.repeat(which, 2)
    side = np.tile([-1.0, 1.0], len(which))
    limits = _joint_limits(likelihood, optimum, parameter, side, critical)
    lost = np.flatnonzero(np.isnan(limits))
    if len(lost):
        limits[lost] = _bracketed_limits(likelihood, optimum, parameter[lost], side[lost], critical)
    return limits[0::2], limits[1::2]


def _joint_limits(
    likelihood: BinomialLikelihood, optimum: Optimum, parameter: IntArray, side: FloatArray, critical: float
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
    tolerance = _NEWTON_TOLERANCE if likelihood.is_quadratic else _FIXED_RATE_TOLERANCE
    limits = np.full(len(parameter), np.nan)
    unit = np.zeros((len(parameter), likelihood.size))
    unit[np.arange(len(parameter)), parameter] = 1.0
    inverse = _inverse(optimum.curvature)[0]
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
            sound &= _positive_definite(values.curvature)
        active, values = active[sound], values.take(sound)
        if not len(active):
            break
        solution = _solve(values.curvature, np.stack([values.score, unit[active]], axis=2))
        newton, along = solution[:, :, 0], solution[:, :, 1]
        with np.errstate(invalid="ignore", divide="ignore"):
            rise = 0.5 * np.einsum("ij,ij->i", values.score, newton)
            above = np.sqrt(2.0 * np.maximum(values.log_likelihood + rise - target, 0.0))
            v_jj = np.einsum("ij,ij->i", along, unit[active])
            step = _shortened(newton + (side[active] * above / np.sqrt(v_jj))[:, None] * along, beta[active])
        moving = np.isfinite(step).all(axis=1)
        active, step, level = active[moving], step[moving], values.log_likelihood[moving]
        beta[active] += step
        done = np.abs(step).max(axis=1, initial=0.0) <= tolerance * (
            1.0 + np.abs(beta[active]).max(axis=1, initial=0.0)
        )
        found = beta[active, parameter[active]]
        good = (np.abs(level - target) <= 1e-6 * (1.0 + abs(target))) & (
            side[active] * (found - best[parameter[active]]) > 0
        )
        limits[active[done & good]] = found[done & good]
        active = active[~done]
    return limits


def _bracketed_limits(
    likelihood: BinomialLikelihood, optimum: Optimum, parameter: IntArray, side: FloatArray, critical: float
) -> FloatArray:
    """Profile limits by maximising over the other coefficients at each value tried; NaN where none was found.

    Slower than the joint steps, and sure: Newton's method, kept in a bracket, on the signed root
    r = sqrt(2 (l_max - l)), which is close to a straight line; its slope is -U_j / r because the score of the others
    is 0. All limits move together, each starting from the last one's tangent. The penalised likelihood can have several
    maxima over the other coefficients in tiny samples: the one connected with the estimate is followed.
    """
    best, peak = optimum.beta[0], float(optimum.log_likelihood[0])
    inverse = _inverse(optimum.curvature)[0]
    centre = best[parameter]
    along = inverse[parameter] / inverse[parameter, parameter][:, None]
    reach = critical * np.sqrt(inverse[parameter, parameter])
    inside, outside = np.zeros(len(parameter)), np.full(len(parameter), np.inf)
    beta = best + (side * reach)[:, None] * along
    free = np.ones(beta.shape, dtype=bool)
    free[np.arange(len(parameter)), parameter] = False
    farthest = np.maximum(_FAR, _FAR_WALD * reach)
    limits = np.full(len(parameter), np.nan)
    active = np.flatnonzero(np.isfinite(beta).all(axis=1))
    for _ in range(_MAX_PROFILE_ITERATIONS):
        if not len(active):
            break
        inner = _maximise(likelihood, beta[active], free[active])
        active, inner = active[inner.converged], inner.take(inner.converged)
        own = parameter[active]
        distance = reach[active]
        root = np.sqrt(np.maximum(2.0 * (peak - inner.log_likelihood), 0.0))
        short = root < critical
        inside[active] = np.where(short, distance, inside[active])
        outside[active] = np.where(short, outside[active], distance)
        slope = -side[active] * inner.score[np.arange(len(active)), own]
        with np.errstate(divide="ignore", invalid="ignore"):
            newton = distance + (critical - root) * root / slope
        low, high = inside[active], np.minimum(outside[active], 3.0 * distance)
        # Where one value is 1e10 times the others, a limit may lie 1e-9 from the estimate.
        near = np.abs(newton - distance) <= _NEWTON_TOLERANCE * distance + _ROUNDING * np.abs(centre[active])
        done: BoolArray = np.asarray((slope > 0) & near, dtype=bool)
        limits[active[done]] = (centre[active] + side[active] * newton)[done]
        usable = (slope > 0) & (newton > low) & (newton < high)
        moved = np.where(usable, newton, np.where(np.isfinite(outside[active]), (low + high) / 2.0, 2.0 * distance))
        turned = _inverse(inner.curvature)
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
        active = active[~done & ~pinned & ~lost]
    return limits


def solve_model(
    likelihood: BinomialLikelihood, optimum: Optimum, wanted: Sequence[int], conf_type: str, conf_level: float
) -> Solution:
    """Standard errors, limits and p values of the ``wanted`` coefficients at an optimum over all coefficients."""
    critical = float(ndtri((1.0 + conf_level) / 2.0))
    beta, size = optimum.beta[0], likelihood.size
    covariance = _inverse(likelihood.information(beta)[None])[0]
    with np.errstate(invalid="ignore"):
        std_error = np.sqrt(np.diag(covariance))
    estimable = np.asarray(std_error <= _FAR, dtype=bool)
    index = np.asarray([i for i in wanted if estimable[i]], dtype=np.intp)
    low, high, p_value = (np.full(size, np.nan) for _ in range(3))
    if conf_type == "wald":
        low, high = beta - critical * std_error, beta + critical * std_error
    elif len(index):
        low[index], high[index] = _profile_limits(likelihood, optimum, index, critical)
    fall = None
    if conf_type == "profile":
        # The test that goes with the interval: its p is below 0.05 just where the 95 % interval leaves out 1.
        fall = np.full(size, np.nan)
        drop = np.zeros((len(index), size), dtype=bool)
        drop[np.arange(len(index)), index] = True
        if len(index):
            fall[index] = likelihood_ratio(likelihood, optimum, drop)
        p_value = np.asarray(chdtrc(1, fall), dtype=np.float64)
    elif len(index):
        p_value = 2.0 * ndtr(-np.abs(beta / std_error))
    return Solution(beta, std_error, low, high, p_value, estimable, likelihood.plain(beta), fall)


def independent_columns(design: FloatArray) -> list[int]:
    """Indices of the columns that no earlier columns make up, as in R's glm: the later column is left out."""
    count, size = design.shape
    lengths = np.linalg.norm(design, axis=0)
    if count >= size:
        diagonal = np.abs(np.diag(np.linalg.qr(design, mode="r")))
        if (diagonal > _COLLINEAR_TOLERANCE * lengths).all():
            return list(range(size))
    kept: list[int] = []
    basis = np.zeros((count, 0))
    for index in range(size):
        rest = design[:, index]
        for _ in range(2):
            rest = rest - basis @ (basis.T @ rest)
        length = float(np.linalg.norm(rest))
        if length > _COLLINEAR_TOLERANCE * float(lengths[index]):
            kept.append(index)
            basis = np.column_stack([basis, rest / length])
    return kept


def columns_making_up(design: FloatArray, index: int, kept: Sequence[int]) -> list[int]:
    """Indices of those ``kept`` columns before column ``index`` of which it is a combination."""
    earlier = [column for column in kept if column < index]
    share = np.linalg.lstsq(design[:, earlier], design[:, index], rcond=None)[0]
    return [column for column, part in zip(earlier, share, strict=True) if abs(part) > 1e-6]
