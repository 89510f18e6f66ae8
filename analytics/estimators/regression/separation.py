"""Separation: patterns whose outcome the covariates tell exactly, so that maximum likelihood has no finite estimate.

Overlap of the outcomes is proved from the residuals of a fit where that suffices; levels without patients on one side
of the outcome are found by counting, everything else by linear programming.

Sources
-------
Albert & Anderson (1984), Biometrika 71:1, doi:10.1093/biomet/71.1.1: separation and the existence of the estimate.
Konis (2007), DPhil thesis, University of Oxford, section 4: separation by linear programming.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import linprog
from scipy.special import expit

from analytics.estimators.design import NotSettled
from analytics.estimators.regression.binomial_likelihood import (
    BinomialLikelihood,
    BoolArray,
    IntArray,
    fit_likelihood,
    independent_columns,
)
from analytics.results import FloatArray

_NULL_TOLERANCE = 1e-9
# Columns with values beyond this, in units in which most lie within a few, are looked at twice.
_FAR = 1e3


def separated_patterns(design: FloatArray, n: FloatArray, y: FloatArray, cells: BoolArray) -> BoolArray:
    """True for the largest set of patterns whose outcome linear predictors tell exactly; all False if not separated.

    ``cells`` (cells, patterns) marks sets of patterns, each of whose indicators is a combination of the design's
    columns: the levels of its covariates. A cell without patients on one side of the outcome is told apart by its own
    indicator. What is told apart is set aside and the rest looked at anew, exact because a large multiple of an
    earlier direction outweighs any later one. The search ends with a proof of overlap, or when the linear programme
    finds nothing more.
    """
    rest = np.ones(len(n), dtype=bool)
    cells = np.vstack([np.ones((1, len(n)), dtype=bool), cells])
    while rest.any():
        patients, events = cells @ (n * rest), cells @ (y * rest)
        one_sided = (patients > 0) & ((events == 0) | (events == patients))
        if one_sided.any():
            rest &= ~cells[one_sided].any(axis=0)
            continue
        inner = design[rest]
        inner = inner[:, independent_columns(inner)]
        likelihood = BinomialLikelihood(inner, n[rest], y[rest], penalised=False)
        optimum = fit_likelihood(likelihood, stop_when_diverging=True)
        if optimum.converged[0] and overlap_is_certain(likelihood, optimum.beta[0]):
            break
        try:
            told = _told_apart(inner, n[rest], y[rest])
        except NotSettled:
            # Rounding: whether there is a maximum is then seen by looking for it.
            break
        if not told.any():
            break
        rest[np.flatnonzero(rest)[told]] = False
    return ~rest


def overlap_is_certain(likelihood: BinomialLikelihood, beta: FloatArray) -> bool:
    """True if the residuals at ``beta`` prove that the data are not separated. False proves nothing.

    Let s_i be +1 where all patients of pattern i had the event and -1 where none had; b separates the data if
    s_i x_i'b >= 0 on these pure patterns, x_i'b = 0 on the mixed ones and x_i'b is not 0 everywhere (Albert & Anderson
    1984). Scale b so that max |x_i'b| = 1; it is reached on a pure pattern. Any residuals r_i with s_i r_i = v_i > 0 on
    the pure patterns then give b'(X'r) >= min v_i, while b'(X'r) <= |b| |X'r| and |b| <= sqrt(patterns) / sigma_min(X).
    So sqrt(patterns) |X'r| < sigma_min(X) min v_i leaves no room for a separating b. The residuals of a converged fit
    have X'r = 0 up to rounding, which is added in full; those of a diverging fit can never pass, however small X'r is.
    """
    design, n, y = likelihood.design, likelihood.n, likelihood.y
    eta = design @ beta
    residual = np.where(y == n, n * expit(-eta), y - n * expit(eta))
    pure = (y == n) | (y == 0)
    smallest = float(np.abs(residual[pure]).min(initial=math.inf))
    count, size = design.shape
    eps = np.finfo(np.float64).eps
    score = np.abs(residual @ design) + (count + 4) * eps * (np.abs(residual) @ np.abs(design))
    gram = design.T @ design
    lowest = float(np.linalg.eigvalsh(gram)[0]) - (count + 10 * size) * eps * float(np.trace(gram))
    return lowest > 0 and math.sqrt(count) * float(np.linalg.norm(score)) < math.sqrt(lowest) * smallest


def _told_apart(design: FloatArray, n: FloatArray, y: FloatArray) -> BoolArray:
    """As :func:`_told_by_programme`, if need be without the columns that have a value far from all others.

    Beside such a value, what the other columns say of its patient is lost in rounding: with its coefficient at 0 it is
    not.
    """
    near = np.abs(design).max(axis=0, initial=0.0) <= _FAR
    if near.all():
        return _told_by_programme(design, n, y)
    try:
        told = _told_by_programme(design, n, y)
    except NotSettled:
        told = np.zeros(len(n), dtype=bool)
    return told if told.any() else _told_by_programme(design[:, near], n, y)


def _told_by_programme(design: FloatArray, n: FloatArray, y: FloatArray) -> BoolArray:
    """True for patterns whose outcome some linear predictor tells exactly without contradicting any other pattern.

    One linear programme in the manner of Konis (2007, eq. 4.23), restricted to the directions that are 0 on mixed
    patterns; it tells some pattern apart if any can be. ``design`` must have full column rank.
    """
    told = np.zeros(len(n), dtype=bool)
    pure = np.flatnonzero((y == n) | (y == 0))
    basis = _null_space(np.delete(design, pure, axis=0))
    if not basis.shape[1]:
        return told
    signed = (design[pure] * np.where(y[pure] > 0, 1.0, -1.0)[:, None]) @ basis
    length = np.linalg.norm(signed, axis=1)
    moved = length > _NULL_TOLERANCE * max(1.0, float(length.max(initial=0.0)))
    pure, signed = pure[moved], signed[moved] / length[moved, None]
    if basis.shape[1] == 1:
        told[pure] = bool((signed > 0).all() or (signed < 0).all())
        return told if not told.any() else told & _confirmed(design, n, y, basis[:, 0] * np.sign(signed[0, 0]))
    solution = linprog(
        -signed.sum(axis=0),
        A_ub=-signed,
        b_ub=np.zeros(len(signed)),
        bounds=(-1.0, 1.0),
        method="highs",
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    if solution.x is None:
        raise NotSettled(
            f"The linear programme for separation failed on {len(signed)} patterns of {signed.shape[1]} "
            f"directions: {solution.message} Check the covariates for numbers of very different size."
        )
    told[pure[signed @ solution.x > 1e-8]] = True
    return told & _confirmed(design, n, y, basis @ solution.x)


def _confirmed(design: FloatArray, n: FloatArray, y: FloatArray, direction: FloatArray) -> BoolArray:
    """True for the patterns that a direction truly tells apart; none if it contradicts a pattern.

    The programme looks at rows of length 1, in which next to a value 1e9 times as large as the others these are lost.
    """
    if np.abs(design).max(initial=0.0) <= _FAR:
        return np.ones(len(n), dtype=bool)
    size = np.abs(direction)
    direction = np.where(size <= _NULL_TOLERANCE * size.max(initial=0.0), 0.0, direction)
    score = design @ direction
    rounding = 1e-9 * (np.abs(design) @ np.abs(direction))
    ahead = np.where(y == n, score, np.where(y == 0, -score, -np.abs(score)))
    return np.asarray((ahead > rounding) & bool((ahead >= -rounding).all()))


def _null_space(matrix: FloatArray) -> FloatArray:
    """An orthonormal basis, as columns, of the vectors that ``matrix`` sends to 0."""
    if not len(matrix):
        return np.eye(matrix.shape[1])
    _, singular, right = np.linalg.svd(matrix, full_matrices=True)
    rank = int((singular > _NULL_TOLERANCE * max(1.0, float(singular[0]))).sum())
    return np.asarray(right[rank:].T)


def columns_without_maximum(design: FloatArray, separated: BoolArray) -> IntArray:
    """Indices of the columns whose coefficients maximum likelihood sends to infinity; none if nothing is ``separated``.

    They are those that can change without changing the linear predictor of any pattern that is not separated.
    ``design`` must have full column rank.
    """
    escape = _null_space(design[~separated])
    return np.flatnonzero(np.abs(escape).max(axis=1, initial=0.0) > 1e-7)


def largest_log_likelihood(design: FloatArray, n: FloatArray, y: FloatArray, cells: BoolArray) -> float | None:
    """The supremum of the likelihood, reached or (if the data are separated) approached; None if not found.

    On separated data, the patterns that are told apart contribute 0 in the limit and the others keep their own maximum.
    """
    rest = ~separated_patterns(design, n, y, cells)
    if not rest.any():
        return 0.0
    inner = design[rest]
    optimum = fit_likelihood(
        BinomialLikelihood(inner[:, independent_columns(inner)], n[rest], y[rest], penalised=False)
    )
    return float(optimum.log_likelihood[0]) if optimum.converged[0] else None
