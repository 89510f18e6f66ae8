"""The risk that an odds ratio means, against tables of two by two worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.estimators import risk_by_odds_ratio


def test_the_published_ratio_means_less_than_six_times_the_risk() -> None:
    # Odds 0.114 / 0.886 = 0.12867; times 5.73 is 0.73727; 0.73727 / 1.73727 = 0.42438.
    assert risk_by_odds_ratio(0.114, 5.73) == pytest.approx(0.42438, abs=5e-5)


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 60), st.integers(1, 60))
def test_it_gives_back_the_risk_of_any_table(a: int, b: int, c: int, d: int) -> None:
    assert risk_by_odds_ratio(c / (c + d), a * d / (b * c)) == pytest.approx(a / (a + b))


@given(st.floats(0.001, 0.999), st.floats(1.01, 50))
def test_the_odds_ratio_is_further_from_one_than_the_risk_ratio(risk: float, ratio: float) -> None:
    assert 1 < risk_by_odds_ratio(risk, ratio) / risk < ratio
    assert 1 > risk_by_odds_ratio(risk, 1 / ratio) / risk > 1 / ratio


def test_arrays_keep_their_shape_and_ends() -> None:
    np.testing.assert_allclose(risk_by_odds_ratio([0.0, 0.5, 1.0], 3.0), [0.0, 0.75, 1.0])


@pytest.mark.parametrize(("risk", "ratio"), [(11.4, 5.73), (-0.1, 2.0), (0.1, 0.0), (0.1, float("inf"))])
def test_what_is_no_risk_or_ratio_is_refused(risk: float, ratio: float) -> None:
    with pytest.raises(ValueError, match="must"):
        risk_by_odds_ratio(risk, ratio)
