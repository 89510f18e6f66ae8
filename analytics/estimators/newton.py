"""Newton's method on a log-likelihood: the steps, and what they are solved with."""

from __future__ import annotations

import numpy as np

from analytics.results import FloatArray


def inverse_of(matrix: FloatArray) -> FloatArray:
    """The inverse; NaN for a singular matrix."""
    try:
        return np.asarray(np.linalg.inv(matrix), dtype=np.float64)
    except np.linalg.LinAlgError:
        return np.full_like(matrix, np.nan)


def ascent(curvature: FloatArray, score: FloatArray) -> FloatArray:
    """A Newton step that surely ascends: with what rounding has made indefinite taken for its size."""
    scale = np.sqrt(np.abs(np.diag(curvature)))
    scale = np.where(scale > 0, scale, 1.0)
    values, vectors = np.linalg.eigh(curvature / np.outer(scale, scale))
    sizes = np.maximum(np.abs(values), 1e-12)
    return np.asarray(vectors @ ((vectors.T @ (score / scale)) / sizes) / scale)


def solve(matrix: FloatArray, right: FloatArray) -> FloatArray:
    """The solution of a symmetric system; the least-squares one where the matrix is singular."""
    try:
        return np.asarray(np.linalg.solve(matrix, right), dtype=np.float64)
    except np.linalg.LinAlgError:
        return np.asarray(np.linalg.lstsq(matrix, right, rcond=None)[0])
