"""Random draws for the reference cohort, from Python's uniform numbers alone, which are the same in every version."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable
from statistics import NormalDist
from typing import TypeVar

Item = TypeVar("Item")


class Draws:
    """Random draws that depend on the seed alone."""

    def __init__(self, seed: int) -> None:
        self._uniform = random.Random(seed).random

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        """A number between ``low`` and ``high``."""
        return low + (high - low) * self._uniform()

    def days(self, low: int, high: int) -> int:
        """A whole number of days from ``low`` to ``high``, both included."""
        return low + int(self._uniform() * (high - low + 1))

    def normal(self, mean: float = 0.0, spread: float = 1.0) -> float:
        """A number from a normal distribution."""
        return NormalDist(mean, spread).inv_cdf(max(self._uniform(), 1e-12))

    def log_normal(self, median: float, spread: float, low: float, high: float) -> float:
        """A number from a log-normal distribution with the standard deviation ``spread`` of its logarithm, cut off."""
        while not low <= (value := math.exp(self.normal(math.log(median), spread))) <= high:
            pass
        return value

    def chance(self, probability: float) -> bool:
        """True with the given probability."""
        return self._uniform() < probability

    def pick(self, items: Iterable[Item], n: int, weight: Callable[[Item], float] = lambda _: 1.0) -> list[Item]:
        """``n`` different items; one of weight 0 is never among them (weighted sampling without replacement)."""
        keys = [(self._uniform() ** (1 / w), i, item) for i, item in enumerate(items) if (w := weight(item)) > 0]
        if len(keys) < n:
            raise ValueError(f"{n} are to be drawn, but only {len(keys)} qualify.")
        return [item for _, _, item in sorted(keys, reverse=True)[:n]]

    def shuffled(self, items: Iterable[Item]) -> list[Item]:
        """All items in random order."""
        items = list(items)
        return self.pick(items, len(items))
