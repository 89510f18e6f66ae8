"""How far two groups lie apart in a variable, in standard deviations, whatever their size.

Austin (2009), Statistics in Medicine 28:3083, doi:10.1002/sim.3697, for means and for a share; its extension to several levels
is that of Yang and Dalton (2012), SAS Global Forum, paper 335.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike


def standardised_mean_difference(
    one: ArrayLike, n_one: ArrayLike, other: ArrayLike, n_other: ArrayLike
) -> float | None:
    """The difference of two means, over the root of the mean of the two variances, without its sign.

    Parameters
    ----------
    one, other
        The values of each group; they must not be missing.
    n_one, n_other
        How many patients share each value.

    Returns
    -------
    A number of 0 or more; None where a group has fewer than two patients, or neither varies but the means differ.
    """
    means, variances = [], []
    for values, counts in ((one, n_one), (other, n_other)):
        x, n = np.asarray(values, dtype=float), np.asarray(counts, dtype=float)
        total = n.sum()
        if total < 2:
            return None
        means.append(float(n @ x / total))
        variances.append(float(n @ (x - means[-1]) ** 2 / (total - 1)))
    return _over(abs(means[0] - means[1]), math.sqrt(sum(variances) / 2))


def standardised_share_difference(one: ArrayLike, other: ArrayLike) -> float | None:
    """The distance of two distributions over the levels of a variable, in units of their mean covariance.

    Of two levels it is the difference of the shares over the root of the mean of p (1 - p).

    Parameters
    ----------
    one, other
        How many patients of each group have each level.

    Returns
    -------
    A number of 0 or more; None where a group is empty, or shares that do not vary differ.
    """
    counts = np.array([one, other], dtype=float)
    totals = counts.sum(axis=1)
    if (totals == 0).any():
        return None
    shares = (counts / totals[:, None])[:, counts.sum(axis=0) > 0][:, 1:]
    difference = shares[0] - shares[1]
    if not difference.any():
        return 0.0
    spread = sum(np.diag(p) - np.outer(p, p) for p in shares) / 2
    if np.linalg.matrix_rank(spread) < len(difference):
        return None
    return float(math.sqrt(difference @ np.linalg.solve(spread, difference)))


def _over(difference: float, spread: float) -> float | None:
    if spread > 0:
        return difference / spread
    return None if difference else 0.0
