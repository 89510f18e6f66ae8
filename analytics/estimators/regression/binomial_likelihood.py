"""The binomial likelihood of a logistic model, plain or with Firth's penalty, and what follows from its maximum.

The likelihood is that of a binomial count per distinct row of covariates (a *pattern*), so the cost of a fit depends on
the number of patterns and not on the number of patients.

Sources
-------
Firth (1993), Biometrika 80:27, doi:10.1093/biomet/80.1.27: the penalised likelihood and its score.
Heinze & Schemper (2002), Statistics in Medicine 21:2409, doi:10.1002/sim.1047: profile penalised limits and penalised
likelihood-ratio tests.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from scipy.special import expit

from analytics.estimators.design import BoolArray, IntArray, Solution
from analytics.estimators.newton import (
    FIXED_RATE_TOLERANCE,
    NEWTON_TOLERANCE,
    Optimum,
    Search,
    Values,
    fall_of,
    inverses,
    maximise,
    restrict,
)
from analytics.estimators.regression.profile_likelihood import profile_limits, solve_coefficients
from analytics.results import FloatArray

# Beyond this linear predictor a fit is taken to diverge; whether it truly does is for the caller to find out.
_DIVERGING = 30.0
_NEVER = 10**6
# R's glm drops a column whose part outside the earlier columns is below this share of its length.
_COLLINEAR_TOLERANCE = 1e-7
# Products of columns are kept only while there are no more of them than this (numbers of 8 bytes).
_MAX_PRODUCTS = 8_000_000
_MAX_TRIPLES = 2_000_000


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
    def search(self) -> Search:
        """How its maxima are searched for: Newton steps converge quadratically but with an approximate curvature."""
        is_quadratic = self.triples is not None or not self.penalised
        return Search(NEWTON_TOLERANCE if is_quadratic else FIXED_RATE_TOLERANCE)

    @property
    def learns(self) -> bool:
        """False: its curvature is computed."""
        return False

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

    def evaluate(self, beta: FloatArray) -> Values:
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
                inverse = inverses(curvature)
                spread = self.spread(inverse)
                leverage = weights * spread
                residual = residual + leverage * (0.5 - p)
                log_likelihood = log_likelihood + 0.5 * log_determinant
                curvature = self._penalised_curvature(curvature, inverse, spread, p, variance)
            usable = (sign > 0) & np.isfinite(curvature).all(axis=(1, 2)) & (leverage >= 0).all(axis=1)
            log_likelihood = np.where(usable, log_likelihood, -np.inf)
        return Values(log_likelihood, np.asarray(residual @ self.design), curvature)


def fit_likelihood(likelihood: BinomialLikelihood, *, stop_when_diverging: bool = False) -> Optimum:
    """The maximum over all coefficients, from the model without covariates.

    ``stop_when_diverging`` gives up, unconverged, once a pattern's probability is closer than 1e-13 to 0 or 1, and does
    not take a likelihood that no longer rises for one at its maximum.
    """

    def is_endless(beta: FloatArray, step: FloatArray, gain: float, before: float) -> bool:
        return float(np.abs(likelihood.design @ beta).max()) > _DIVERGING

    search = likelihood.search
    if stop_when_diverging:
        search = replace(search, patience=_NEVER, is_endless=is_endless)
    start = np.zeros((1, likelihood.size))
    start[0, 0] = math.log((likelihood.y.sum() + 0.5) / ((likelihood.n - likelihood.y).sum() + 0.5))
    return maximise(likelihood, start, np.ones_like(start, dtype=bool), search)


def likelihood_ratio(likelihood: BinomialLikelihood, optimum: Optimum, drop: BoolArray) -> FloatArray:
    """Twice the fall of the (penalised) log-likelihood when the ``drop`` coefficients of each row are fixed at 0.

    With the penalty it is that of Heinze & Schemper (2002, section 2.3).
    """
    return fall_of(optimum, restrict(likelihood, optimum, drop, likelihood.search))


def profile_fall(likelihood: BinomialLikelihood, optimum: Optimum, index: int, value: float) -> float:
    """Twice the fall of the (penalised) log-likelihood when one coefficient is held at a value; NaN where not found."""
    best, inverse = optimum.beta[0], inverses(optimum.curvature)[0]
    along = inverse[:, index] / inverse[index, index]
    if not np.isfinite(along).all():
        along = np.zeros(len(best))
    start = best + (value - best[index]) * along
    start[index] = value
    free = np.ones((1, len(best)), dtype=bool)
    free[0, index] = False
    return float(fall_of(optimum, maximise(likelihood, start[None], free, likelihood.search))[0])


def solve_model(
    likelihood: BinomialLikelihood, optimum: Optimum, wanted: Sequence[int], conf_type: str, conf_level: float
) -> Solution:
    """Standard errors, limits and p values of the ``wanted`` coefficients at an optimum over all coefficients."""
    beta = optimum.beta[0]

    def limits(index: IntArray, critical: float) -> tuple[FloatArray, FloatArray]:
        side = np.tile([-1.0, 1.0], len(index))
        both = profile_limits(likelihood, optimum, np.repeat(index, 2), side, critical, likelihood.search)
        return both[0::2], both[1::2]

    def fall(index: IntArray) -> FloatArray:
        return likelihood_ratio(likelihood, optimum, np.arange(likelihood.size) == index[:, None])

    return solve_coefficients(
        beta, likelihood.information(beta), likelihood.plain(beta), wanted, conf_type, conf_level, limits, fall
    )


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
