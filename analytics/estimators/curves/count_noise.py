"""What noise in numbers of patients does to a curve that is made from them.

The numbers of a curve are sums up to a time: of events, of patients no longer followed, of all. Each of them is a set of
patients with noise of its own; the same set at several times has the same. To first order (the delta method) the error of the
curve is the sum of these errors, each by the weight with which its number enters.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from analytics.results import CellNoise, FloatArray
from analytics.results.noise import LARGEST_ERROR, SPREADS


def spread_by_noise(
    n_risk: ArrayLike, n_event: ArrayLike, n_censor: ArrayLike, noise: CellNoise
) -> tuple[FloatArray, FloatArray]:
    """The variance of the sum of d / n up to each time, and the largest error that is reckoned with.

    With D and C the sums of events and of those no longer followed, d / n = (D - D before) / (N - D before - C before).
    The largest error is the bound of the last number of events and some standard deviations of all others.
    """
    n_risk, n_event, n_censor = (np.asarray(n, dtype=np.float64) for n in (n_risk, n_event, n_censor))
    if not len(n_risk):
        return np.zeros(0), np.zeros(0)
    inverse, steep = 1 / n_risk, n_event / n_risk**2
    follows = np.append(steep[1:], 0.0)
    of_events = inverse - np.append(inverse[1:], inverse[-1]) + follows
    events, censored = np.cumsum(n_event), np.cumsum(n_censor)
    last, before = _sum_runs(events, of_events, noise.variances_of(events))
    rest, in_run = _sum_runs(censored, follows, noise.variances_of(censored))
    # Where the curve runs level, the number of events may have moved below what noise lets be seen.
    own = np.maximum(last + inverse, inverse)
    others = before + rest**2 * noise.variances_of(censored) + in_run + 2 * noise.variance * np.cumsum(steep) ** 2
    variance = own**2 * noise.variances_of(events) + others
    return variance, np.abs(own) * noise.bounds_of(events) + SPREADS * np.sqrt(others)


def last_shown(time: FloatArray, error: FloatArray) -> float | None:
    """The time until which noise moves a curve by less than the largest error; None where it does to its end."""
    over = np.flatnonzero(~(error <= LARGEST_ERROR))
    if not len(over):
        return None
    return float(time[over[0] - 1]) if over[0] else 0.0


def _sum_runs(total: FloatArray, weight: FloatArray, variance: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Before each time: the weight of the number that still stands then, and the variance by those that stood before."""
    begins = np.concatenate([[True], np.diff(total) > 0])
    run = np.cumsum(begins) - 1
    starts = np.flatnonzero(begins)
    sums = np.concatenate([[0.0], np.cumsum(weight)])
    whole = np.diff(np.append(sums[starts], sums[-1]))
    done = np.concatenate([[0.0], np.cumsum(whole**2 * variance[starts])])
    return sums[:-1] - sums[starts][run], done[run]
