"""Averaging: what is left of thousands of shown numbers around a few children whose own number is not shown.

Asghar & Kaafar (2020), Proceedings on Privacy Enhancing Technologies, arXiv:1902.06414. In a large cohort every other cell is
shown, so that a level of a few can be worked out as what is left, again and again, of every partition by other variables.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from analytics.cohort.perturbation import CellKeys, load_noise

N, K, VARIABLES, TARGETS = 20_000, 5, 12, 60
IntArray = NDArray[np.int64]


def leave(codes: IntArray, n_codes: int, target: IntArray, key: IntArray, keys: CellKeys | None) -> tuple[float, int]:
    """A partition's numbers less those of the three large levels of the target in each part; and how many were asked for."""
    parts = np.zeros((2, n_codes, 4), dtype=np.int64)
    np.add.at(parts[0], (codes, target), 1)
    np.add.at(parts[1], (codes, target), key)
    whole, large = parts.sum(axis=2), parts[:, :, :3]
    assert large[0].min() >= K
    told = [(keys.show(*x) if keys else x[0]) for x in (whole, large)]
    return float(told[0].sum() - told[1].sum()), told[0].size + told[1].size


def guess(left: Sequence[float], n_cells: Sequence[int]) -> tuple[int, float]:
    """The likeliest number below the smallest cell, all alike beforehand, and how certain that is."""
    variance = np.array(n_cells) * load_noise()[1]
    likely = np.array([-(((np.array(left) - c) ** 2) / (2 * variance)).sum() for c in range(K)])
    chance = np.exp(likely - likely.max())
    return int(chance.argmax()), float((chance / chance.sum()).max())


def attack(most_together: int, *, is_protected: bool) -> tuple[float, float, int]:
    """How often the number is guessed rightly, how often with 95 % certainty and rightly, and after how many questions."""
    rng = np.random.default_rng(9)
    key = rng.integers(0, 2**32, N)
    by = [rng.choice(3, N, p=[0.5, 0.3, 0.2]) for _ in range(VARIABLES)]
    partitions: list[tuple[IntArray, int]] = [(np.zeros(N, dtype=np.int64), 1)]
    for size in range(1, most_together + 1):
        for chosen in combinations(by, size):
            partitions.append((np.ravel_multi_index(chosen, (3,) * size), 3**size))
    right = certain = asked = 0
    for number in range(TARGETS):
        keys = CellKeys(K, f"a secret that nobody knows, {number}") if is_protected else None
        target = rng.choice(3, N, p=[0.4, 0.35, 0.25])
        few = number % K
        target[rng.permutation(N)[:few]] = 3
        found = [leave(codes, n_codes, target, key, keys) for codes, n_codes in partitions]
        number_guessed, certainty = guess(*zip(*found, strict=True))
        right += number_guessed == few
        certain += number_guessed == few and certainty > 0.95
        asked = sum(n for _, n in found)
    return right / TARGETS, certain / TARGETS, asked


def test_a_hundred_questions_do_not_average_the_noise_out() -> None:
    assert attack(1, is_protected=False)[0] == 1
    right, certain, asked = attack(1, is_protected=True)
    assert asked > 100 and right < 0.7 and certain < 0.05


@pytest.mark.slow
def test_thousands_of_questions_begin_to() -> None:
    """What is said not to be protected: by some thousands of numbers around the same few, their number becomes likely.

    With 26,284 numbers 67 % were guessed rightly, 7 % with certainty.
    """
    right, certain, asked = attack(2, is_protected=True)
    assert asked > 2000 and right < 0.9 and certain < 0.1
