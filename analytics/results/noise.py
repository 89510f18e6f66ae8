"""What is known of the noise in protected numbers of patients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.results.core import FloatArray

LARGEST_ERROR = 0.05  # of a probability: one that noise could move farther is not shown
AT_RISK_TOO = 3.0  # times the variance of the events: what noise among those at risk adds, by simulation
UNTOLD_TOO = 0.5  # times the variance of what is not told between two times: what it adds to a test, by simulation
SPREADS = 4.0  # standard deviations of the noise in earlier counts that are reckoned with


@dataclass(frozen=True, slots=True)
class CellNoise:
    """Numbers of patients have noise of at most ``bound`` and this ``variance``; those below ``smallest`` are not known.

    A cumulative number that is not known stands in the middle of what it may be; it is told once as many as the smallest cell
    have come since the last.
    """

    bound: int
    variance: float
    smallest: int

    @property
    def unknown(self) -> int:
        """What stands for a cumulative number that is not known, of a few or none: with its noise it is below the smallest."""
        return self._most_unknown // 2

    @property
    def untold(self) -> int:
        """What is added to the last cumulative number that was told, until the next is: fewer than the smallest cell came."""
        return (self.smallest - 1) // 2

    @property
    def _variance_untold(self) -> float:
        return (self.smallest**2 - 1) / 12

    @property
    def _most_unknown(self) -> int:
        return self.smallest - 1 + self.bound

    def bounds_of(self, n: FloatArray) -> FloatArray:
        """The largest error of cumulative numbers."""
        return np.where(
            n >= self.smallest, self.bound + self.smallest - 1.0 - self.untold, self._most_unknown - self.unknown
        )

    def variances_of(self, n: FloatArray) -> FloatArray:
        """The variance of the error of cumulative numbers."""
        return np.where(
            n >= self.smallest, self.variance + self._variance_untold, ((self._most_unknown + 1) ** 2 - 1) / 12
        )

    def covariance_of_scores(self, n: FloatArray) -> FloatArray:
        """What noise adds to the covariance of observed less expected events of groups of ``n`` patients.

        A group's noise is in its own events, of which the others expect their share, and by those who are at risk in
        what each expects.
        """
        share = n / max(n.sum(), 1.0)
        moved = np.eye(len(n)) - share[:, None]
        variance = AT_RISK_TOO * self.variance + UNTOLD_TOO * self._variance_untold
        return np.asarray(variance * moved @ moved.T)
