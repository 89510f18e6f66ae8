"""The log-rank tests of many groupings at once are those of one at a time, and of lifelines."""

from __future__ import annotations

import numpy as np
import pytest
from lifelines.statistics import logrank_test as logrank_of_lifelines

from analytics.estimators import logrank_of_groupings, logrank_test

RNG = np.random.default_rng(3)
TIME = np.round(RNG.exponential(20, 60), 0) + 1  # with ties
EVENT = (RNG.random(60) < 0.4).astype(float)


def test_each_p_value_is_that_of_the_test_of_two_groups() -> None:
    groupings = RNG.random((30, 60)) < 0.5
    p_values = logrank_of_groupings(TIME, EVENT, groupings)
    assert p_values.shape == (30,)
    for p_value, group in zip(p_values, groupings, strict=True):
        assert p_value == pytest.approx(logrank_test(TIME, EVENT, group.astype(int)).p_value, rel=1e-9)
        theirs = logrank_of_lifelines(TIME[group], TIME[~group], EVENT[group], EVENT[~group]).p_value
        assert p_value == pytest.approx(theirs, rel=1e-9)


def test_nobody_in_a_group_has_no_p_value() -> None:
    groupings = np.array([np.zeros(60, dtype=bool), np.arange(60) % 2 == 0])
    first, second = logrank_of_groupings(TIME, EVENT, groupings)
    assert np.isnan(first)
    assert 0 < second <= 1


def test_without_events_there_is_no_p_value() -> None:
    assert np.isnan(logrank_of_groupings(TIME, np.zeros(60), np.arange(60)[None, :] % 2 == 0)).all()


def test_a_grouping_of_other_patients_is_refused() -> None:
    with pytest.raises(ValueError, match="one column per patient"):
        logrank_of_groupings(TIME, EVENT, np.ones((3, 59), dtype=bool))
