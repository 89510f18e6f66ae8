"""The maximum of a log-likelihood by Newton's method, over all coefficients or with some of them held.

A likelihood is anything that gives its value, score and curvature at a stack of coefficient vectors; problems that share
it (one per profile limit, one per test) are solved side by side. Where the curvature has no closed form it is learned
from the change of the score along each step.

Sources
-------
Nocedal & Wright (2006), Numerical Optimization, Springer, section 6.1: the update of Broyden, Fletcher, Goldfarb and
Shanno (BFGS).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from analytics.estimators.design import BoolArray, IntArray
from analytics.results import FloatArray

# The error left after a last Newton step is of the order of its square; a step at a fixed rate leaves its own size.
NEWTON_TOLERANCE = 1e-7
FIXED_RATE_TOLERANCE = 1e-11
_MAX_STEP = 5.0
# A predicted gain, and a fall, of this share of the log-likelihood are rounding.
_SMALLEST_GAIN = 1e-14
_SMALLEST_FALL = 1e-13
# Eigenvalues below this, in units of the diagonal, or this share of the largest, are rounding where steps must ascend.
_SMALLEST_SCALED = 1e-12
_SMALLEST_SHARE = 1e-8


@dataclass(frozen=True, slots=True)
class Values:
    """Log-likelihood, score and curvature (the negative second derivative) for a stack of coefficient vectors."""

    log_likelihood: FloatArray
    score: FloatArray
    curvature: FloatArray

    def take(self, index: IntArray | BoolArray) -> Values:
        """Some of the stack."""
        return Values(self.log_likelihood[index], self.score[index], self.curvature[index])

    def put(self, index: IntArray, other: Values) -> None:
        """Replace some of the stack."""
        self.log_likelihood[index] = other.log_likelihood
        self.score[index] = other.score
        self.curvature[index] = other.curvature


class Likelihood(Protocol):
    """What is maximised: the log-likelihood of coefficients of the columns of ``design``.

    ``penalised`` ones need not be concave. The curvature of one that ``learns`` stands for the true one at the start only.
    """

    @property
    def design(self) -> FloatArray:
        """The columns, (patterns, size)."""

    @property
    def penalised(self) -> bool:
        """True if it need not be concave."""

    @property
    def learns(self) -> bool:
        """True if its curvature has no closed form."""

    @property
    def size(self) -> int:
        """Number of coefficients."""

    def evaluate(self, beta: FloatArray) -> Values:
        """The values at each row of ``beta``; a log-likelihood of minus infinity where it cannot be computed."""


class _AtOne(Protocol):
    """A value at one coefficient vector."""

    @property
    def log_likelihood(self) -> float:
        """The log-likelihood."""

    @property
    def score(self) -> FloatArray:
        """Its gradient."""

    @property
    def information(self) -> FloatArray:
        """Its negative second derivative."""


def evaluate_each(at: Callable[[FloatArray], _AtOne], beta: FloatArray) -> Values:
    """The values of a stack of a likelihood that is computed ``at`` one coefficient vector after the other."""
    if len(beta) == 1:
        alone = at(beta[0])
        return Values(np.array([alone.log_likelihood]), alone.score[None], alone.information[None])
    found = [at(row) for row in beta]
    return Values(
        np.array([one.log_likelihood for one in found]),
        np.array([one.score for one in found]),
        np.array([one.information for one in found]),
    )


@dataclass(frozen=True, slots=True)
class Search:
    """When a search ends.

    It has converged at a step below ``tolerance``, which is taken; or when ``patience`` steps have gained nothing, or a
    step gains nothing after so many ``halvings``, and it would move no linear predictor farther than ``rounded`` (as a
    share). It gives up when ``is_endless(beta, step, gain, log_likelihood)`` says so of a step that was made, after so many
    ``steps``, and after ``most`` evaluations. ``ends_evaluated`` asks for the values after the last step, not before it.
    """

    tolerance: float = NEWTON_TOLERANCE
    patience: int = 4
    rounded: float = math.inf
    halvings: int = 40
    steps: int = 100
    most: int = 4000
    is_endless: Callable[[FloatArray, FloatArray, float, float], bool] | None = None
    ends_evaluated: bool = False


@dataclass(frozen=True, slots=True)
class Optimum:
    """Where a stack of maximisations ended; ``learned`` is the curvature, as it was learned where it is."""

    beta: FloatArray
    log_likelihood: FloatArray
    score: FloatArray
    curvature: FloatArray
    converged: BoolArray
    learned: FloatArray

    def take(self, index: IntArray | BoolArray) -> Optimum:
        """Some of the stack."""
        return Optimum(
            self.beta[index],
            self.log_likelihood[index],
            self.score[index],
            self.curvature[index],
            self.converged[index],
            self.learned[index],
        )

    def put(self, index: IntArray, other: Optimum) -> None:
        """Replace some of the stack."""
        self.beta[index] = other.beta
        self.log_likelihood[index] = other.log_likelihood
        self.score[index] = other.score
        self.curvature[index] = other.curvature
        self.converged[index] = other.converged
        self.learned[index] = other.learned


# Steps


def inverses(stack: FloatArray) -> FloatArray:
    """Inverses of a stack of matrices; NaN for a singular one."""
    try:
        return np.asarray(np.linalg.inv(stack), dtype=np.float64)
    except np.linalg.LinAlgError:
        if len(stack) == 1:
            return np.full_like(stack, np.nan)
        return np.concatenate([inverses(matrix[None]) for matrix in stack])


def inverse_of(matrix: FloatArray) -> FloatArray:
    """The inverse; NaN for a singular matrix."""
    return np.asarray(inverses(matrix[None])[0])


def solve(stack: FloatArray, right: FloatArray) -> FloatArray:
    """Solutions of a stack of symmetric systems, or of one; the least-squares one where a matrix is singular."""
    try:
        return np.asarray(np.linalg.solve(stack, right), dtype=np.float64)
    except np.linalg.LinAlgError:
        if stack.ndim == 2:
            return np.asarray(np.linalg.lstsq(stack, right, rcond=None)[0])
        return np.stack([np.linalg.lstsq(a, b, rcond=None)[0] for a, b in zip(stack, right, strict=True)])


def positive_definite(stack: FloatArray) -> BoolArray:
    """True for each matrix of a stack that has a Cholesky factor."""
    try:
        np.linalg.cholesky(stack)
        return np.ones(len(stack), dtype=bool)
    except np.linalg.LinAlgError:
        if len(stack) == 1:
            return np.zeros(1, dtype=bool)
    half = len(stack) // 2
    return np.concatenate([positive_definite(stack[:half]), positive_definite(stack[half:])])


def ascents(stack: FloatArray, score: FloatArray, scaled: bool = True) -> FloatArray:
    """Newton steps that surely ascend: with the eigenvalues of each matrix of a stack made positive.

    ``scaled`` measures them in units of the diagonal: that of an information matrix says how large a column is, that of
    a penalised curvature may be negative itself.
    """
    scale = np.ones_like(score)
    if scaled:
        scale = np.sqrt(np.abs(np.diagonal(stack, axis1=1, axis2=2)))
        scale = np.where(scale > 0, scale, 1.0)
    values, vectors = np.linalg.eigh(stack / (scale[:, :, None] * scale[:, None, :]))
    sizes = np.abs(values)
    least = _SMALLEST_SCALED if scaled else _SMALLEST_SHARE * sizes.max(axis=1, initial=0.0, keepdims=True)
    sizes = np.maximum(sizes, np.maximum(least, 1e-300))
    along = (vectors.transpose(0, 2, 1) @ (score / scale)[:, :, None])[:, :, 0] / sizes
    return np.asarray((vectors @ along[:, :, None])[:, :, 0] / scale)


def shortened(step: FloatArray, longest: FloatArray, largest: FloatArray) -> FloatArray:
    """Steps of which the ``longest`` entry is no more than the maximum (of the standardised design), or than ``largest``."""
    most = np.maximum(largest, _MAX_STEP)
    is_long = longest > most
    return np.asarray(step * (most / np.maximum(longest, most))[:, None]) if some(is_long) else step


def longest_of(rows: FloatArray) -> FloatArray:
    """The largest absolute entry of each row."""
    return np.asarray(np.abs(rows).max(axis=1, initial=0.0))


def some(marks: BoolArray) -> bool:
    """True if one of a few is marked: a tenth of the time of ``any`` for stacks of one, of which there are most."""
    return True in marks.tolist()


def _moved(likelihood: Likelihood, step: FloatArray, beta: FloatArray) -> FloatArray:
    """How far each step moves any linear predictor, as a share where that is large."""
    eta = np.abs(beta @ likelihood.design.T)
    return np.asarray((np.abs(step @ likelihood.design.T) / (1.0 + eta)).max(axis=1, initial=0.0))


def _ascending(
    likelihood: Likelihood, current: Values, learned: FloatArray, mask: BoolArray, is_whole: bool
) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Newton steps of the coefficients in ``mask`` (``is_whole``: all), what they promise to gain, and whose learned
    curvature misleads.
    """
    score = current.score if is_whole else current.score * mask

    def of_free(curvature: FloatArray, rows: IntArray | slice) -> FloatArray:
        if is_whole:
            return curvature[rows]
        within = mask[rows][:, :, None] & mask[rows][:, None, :]
        return np.where(within, curvature[rows], np.eye(likelihood.size))

    def steps(curvature: FloatArray, rows: IntArray | slice) -> FloatArray:
        return solve(curvature, score[rows][:, :, None])[:, :, 0]

    may_be_indefinite = likelihood.penalised and not likelihood.learns
    least = -_SMALLEST_GAIN * (1.0 + np.abs(current.log_likelihood)) if may_be_indefinite else 0.0
    curvature = of_free(learned, slice(None))
    with np.errstate(invalid="ignore", over="ignore"):
        step = steps(curvature, slice(None))
        if may_be_indefinite and (indefinite := ~positive_definite(curvature)).any():
            step[indefinite] = ascents(curvature[indefinite], score[indefinite], scaled=False) * mask[indefinite]
        gain = 0.5 * (step * score).sum(axis=1)
        forgotten = ~((gain >= least) & (gain < math.inf))
        if not some(forgotten):
            return step, gain, forgotten
        lost = np.flatnonzero(forgotten)
        if likelihood.learns:
            step[lost] = steps(of_free(current.curvature, lost), lost)
            gain = 0.5 * (step * score).sum(axis=1)
            lost = np.flatnonzero(~((gain >= least) & (gain < math.inf)))
        if len(lost):
            # One that is all but singular passes for definite and still leads astray.
            step[lost] = ascents(of_free(current.curvature, lost), score[lost], scaled=not may_be_indefinite)
            step[lost] *= mask[lost]
            gain = 0.5 * (step * score).sum(axis=1)
    return step, gain, forgotten


def learned_curvature(curvature: FloatArray, step: FloatArray, change: FloatArray) -> FloatArray:
    """The curvature after the score has fallen by ``change`` along a step (the BFGS update)."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        # Far out the penalty's score has no bounds; what is not finite is thrown away by the next step.
        pushed = np.vecdot(curvature, step[..., None, :])
        forgotten = pushed[..., :, None] * pushed[..., None, :] / np.vecdot(step, pushed)[..., None, None]
        return np.asarray(
            curvature
            - forgotten
            + change[..., :, None] * change[..., None, :] / np.vecdot(step, change)[..., None, None]
        )


def _relearned(
    learned: FloatArray, step: FloatArray, change: FloatArray, start: FloatArray, free: BoolArray
) -> FloatArray:
    """Learned curvatures after steps of the ``free`` coefficients; one starts anew where its score has not fallen."""
    has_fallen = np.vecdot(step, change) > 1e-12 * np.vecdot(step, step)
    if free.all():
        return np.where(has_fallen[:, None, None], learned_curvature(learned, step, change), start)
    within = free[:, :, None] & free[:, None, :]
    known = learned_curvature(np.where(within, learned, 0.0), step * free, change * free)
    return np.where(within, np.where(has_fallen[:, None, None], known, start), learned)


# The maximum


def maximise(
    likelihood: Likelihood,
    start: FloatArray,
    free: BoolArray,
    search: Search,
    learned: FloatArray | None = None,
) -> Optimum:
    """Maxima of the likelihood over the ``free`` coefficients, the others staying at ``start``; both (problems, size).

    Newton's method with step halving. ``learned`` is the curvature that an earlier maximisation has learned.
    """
    beta = start.copy()
    values = likelihood.evaluate(beta)
    flat = np.flatnonzero(~np.isfinite(values.log_likelihood))
    if len(flat):
        # Too far out to be computed: nearer to 0 it can be.
        beta[flat] = np.where(free[flat], 0.0, beta[flat])
        values.put(flat, likelihood.evaluate(beta[flat]))
    learns = likelihood.learns
    known = (values.curvature if learned is None else learned).copy() if learns else values.curvature
    sound, has_free = np.isfinite(values.log_likelihood), free.any(axis=1)
    converged, active = sound & ~has_free, np.flatnonzero(sound & has_free)
    is_whole = bool(free.all())
    idle, made = np.zeros(len(beta), dtype=np.intp), np.zeros_like(beta)
    evaluated = np.zeros(len(beta), dtype=np.intp)
    for _ in range(search.steps):
        active = active[evaluated[active] <= search.most]
        if not len(active):
            break
        current, mask, at, curvature = values, free, beta, known if learns else values.curvature
        if len(active) < len(beta):
            current, mask, at, curvature = values.take(active), free[active], beta[active], curvature[active]
        step, gain, forgotten = _ascending(likelihood, current, curvature, mask, is_whole)
        if learns and some(forgotten):
            known[active[forgotten]] = values.curvature[active[forgotten]]
        longest, largest = longest_of(step), longest_of(at)
        step = shortened(step, longest, largest)
        is_nothing = np.abs(gain) <= _SMALLEST_GAIN * (1.0 + np.abs(current.log_likelihood))
        is_last = longest <= search.tolerance * (1.0 + largest)
        if not learns:
            is_last &= is_nothing
        if math.isfinite(search.rounded) and some(is_last):
            # Of a value 1e6 times as large as the others a step of 1e-6 is a long one.
            is_last[is_last] = _moved(likelihood, step[is_last], at[is_last]) <= 10.0 * search.tolerance
        ended = is_last | (idle[active] + (0 if learns else is_nothing) >= search.patience)
        if some(ended):
            last, tired = active[is_last], active[ended & ~is_last]
            converged[last] = True
            if len(tired):
                converged[tired] = _moved(likelihood, made[tired], beta[tired]) <= search.rounded
            beta[last] += step[is_last]
            if search.ends_evaluated and len(last):
                values.put(last, likelihood.evaluate(beta[last]))
            active, step, is_nothing = active[~ended], step[~ended], is_nothing[~ended]
            if not len(active):
                break
        whole = step
        pending = np.arange(len(active))
        endless = np.zeros(len(active), dtype=bool)
        for _halving in range(search.halvings):
            rows = active[pending]
            trial = likelihood.evaluate(beta[rows] + step[pending])
            evaluated[rows] += 1
            before = values.log_likelihood[rows]
            accepted = trial.log_likelihood >= before - _SMALLEST_FALL * (1.0 + np.abs(before))
            own = pending[accepted]
            if learns and some(accepted):
                moved = rows[accepted]
                change = values.score[moved] - trial.score[accepted]
                known[moved] = _relearned(
                    known[moved], step[pending[accepted]], change, trial.curvature[accepted], free[moved]
                )
            taken, risen, level = active[own], (trial.log_likelihood - before)[accepted], before[accepted]
            if len(taken) == len(beta):
                made, beta, values = step, beta + step, trial
            else:
                made[taken] = step[own]
                beta[taken] += step[own]
                values.put(taken, trial.take(accepted))
            # What a learned curvature promises is no measure of what is left to gain.
            is_idle = risen <= _SMALLEST_FALL * (1.0 + np.abs(level)) if learns else is_nothing[own]
            idle[taken] = np.where(is_idle, idle[taken] + 1, 0)
            if search.is_endless is not None:
                for which, gained, was in zip(own, risen.tolist(), level.tolist(), strict=True):
                    endless[which] = search.is_endless(beta[active[which]], step[which], gained, was)
            pending = pending[~accepted]
            if not len(pending):
                break
            step = step.copy()
            step[pending] /= 2.0
        # A direction without any ascent left means that rounding is all there is to gain.
        if len(pending):
            stuck = active[pending]
            converged[stuck] = _moved(likelihood, whole[pending], beta[stuck]) <= search.rounded
            endless[pending] = True
        active = active[~endless]
    return Optimum(
        beta, values.log_likelihood, values.score, values.curvature, converged, known if learns else values.curvature
    )


def restrict(likelihood: Likelihood, optimum: Optimum, drop: BoolArray, search: Search) -> Optimum:
    """Maxima with the ``drop`` coefficients of each row held at 0, from where the quadratic model has them.

    With a penalty, the information matrix keeps the fixed coefficients' rows and columns, which is not the same as
    fitting the smaller model.
    """
    best, inverse = optimum.beta[0], inverses(optimum.curvature[:1])[0]
    start = np.where(drop, 0.0, best)
    for row, own in enumerate(drop):
        moved = best - inverse[:, own] @ solve(inverse[np.ix_(own, own)], best[own])
        if np.isfinite(moved).all():
            start[row] = np.where(own, 0.0, moved)
    learned = np.repeat(optimum.learned[:1], len(drop), axis=0) if likelihood.learns else None
    return maximise(likelihood, start, ~drop, search, learned)


def fall_of(optimum: Optimum, restricted: Optimum) -> FloatArray:
    """Twice the fall of the log-likelihood to each restricted maximum; NaN where that was not found."""
    fall = 2.0 * (optimum.log_likelihood[0] - restricted.log_likelihood)
    return np.asarray(np.where(restricted.converged, np.maximum(fall, 0.0), np.nan))
