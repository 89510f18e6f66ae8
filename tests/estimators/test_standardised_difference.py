"""Standardised differences against the formulas of Austin (2009), worked out by hand, and their properties."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.estimators import standardised_mean_difference, standardised_share_difference

COUNTS = st.lists(st.integers(0, 50), min_size=3, max_size=3)


def test_means_are_compared_in_standard_deviations() -> None:
    # Means 2 and 4; variances 1 and 4 with n - 1 below.
    found = standardised_mean_difference([1, 2, 3], [1, 1, 1], [2, 4, 6], [1, 1, 1])
    assert found == pytest.approx(2 / math.sqrt((1 + 4) / 2))
    assert standardised_mean_difference([1, 3], [1, 1], [1, 3], [1, 1]) == 0
    assert standardised_mean_difference([5], [1], [1, 3], [1, 1]) is None, "one patient has no spread"
    assert standardised_mean_difference([5], [4], [7], [4]) is None
    assert standardised_mean_difference([], [], [1, 3], [1, 1]) is None


def test_weights_stand_for_patients_alike() -> None:
    repeated = standardised_mean_difference(np.repeat([1, 5, 9], [4, 2, 3]), np.ones(9), [2, 3], [1, 1])
    assert standardised_mean_difference([1, 5, 9], [4, 2, 3], [2, 3], [1, 1]) == pytest.approx(repeated)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 40), st.integers(1, 40))
def test_of_two_levels_it_is_the_difference_of_shares(a: int, b: int, c: int, d: int) -> None:
    p, q = a / (a + b), c / (c + d)
    expected = abs(p - q) / math.sqrt((p * (1 - p) + q * (1 - q)) / 2)
    assert standardised_share_difference([a, b], [c, d]) == pytest.approx(expected)


def test_of_several_levels_it_is_their_distance() -> None:
    # Shares (1/2, 1/4, 1/4) and (1/4, 1/2, 1/4); the mean covariance of the last two is ((7, -3), (-3, 6)) / 32.
    difference = np.array([-1 / 4, 0])
    spread = np.array([[7, -3], [-3, 6]]) / 32
    expected = math.sqrt(difference @ np.linalg.inv(spread) @ difference)
    assert standardised_share_difference([2, 1, 1], [1, 2, 1]) == pytest.approx(expected)
    assert standardised_share_difference([2, 1, 0, 1], [1, 2, 0, 1]) == pytest.approx(expected), "a level nobody has"


@given(COUNTS, COUNTS)
def test_it_has_no_sign_and_does_not_depend_on_the_order_of_levels(one: list[int], other: list[int]) -> None:
    found = standardised_share_difference(one, other)
    again = standardised_share_difference(other[::-1], one[::-1])
    assert (found is None) == (again is None)
    if found is None:
        return
    assert again is not None and found >= 0 and again == pytest.approx(found, rel=1e-6, abs=1e-9)
    assert standardised_share_difference([7 * n for n in one], [3 * n for n in other]) == pytest.approx(found, abs=1e-9)


def test_empty_groups_and_shares_without_spread_have_none() -> None:
    assert standardised_share_difference([0, 0], [1, 2]) is None
    assert standardised_share_difference([3, 0], [0, 3]) is None
    assert standardised_share_difference([3, 0], [5, 0]) == 0
