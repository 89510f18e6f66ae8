"""How a column of the covariates is read, whatever its dtype."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analytics.estimators import (
    estimate_hazard_ratios,
    estimate_odds_ratios,
    estimate_subdistribution_hazard_ratios,
    time_dependent_hazard_ratio,
)
from analytics.estimators.design import read_covariate
from analytics.results import Reason

ROWS = np.arange(4)


@pytest.mark.parametrize(
    "values",
    [
        [10, 2, 1, 2],
        [10.0, 2, 1.0, 2],
        [Decimal("10"), Decimal("2"), Decimal("1"), Decimal("2")],
        [np.int64(10), np.int64(2), np.float64(1), 2],
    ],
)
def test_numbers_in_a_column_of_objects_are_numbers(values: list[Any]) -> None:
    covariate, missing = read_covariate("age", pd.Series(values, dtype=object, index=list("wxyz")), ROWS)
    assert covariate.is_numeric and not missing.any()
    np.testing.assert_array_equal(covariate.values[covariate.codes], [10, 2, 1, 2])


@pytest.mark.parametrize("nothing", [None, np.nan, pd.NA])
def test_a_missing_number_among_objects_is_missing(nothing: Any) -> None:
    covariate, missing = read_covariate("age", pd.Series([3, nothing, 1, 2], dtype=object), ROWS)
    assert covariate.is_numeric
    assert missing.tolist() == [False, True, False, False]


@pytest.mark.parametrize(
    ("values", "levels"),
    [
        (["b", "a", "b", "a"], ("a", "b")),
        ([True, False, True, True], ("False", "True")),
        ([1, "a", 2, "a"], ("1", "2", "a")),
    ],
)
def test_other_objects_are_levels(values: list[Any], levels: tuple[str, ...]) -> None:
    covariate, missing = read_covariate("site", pd.Series(values, dtype=object), ROWS)
    assert covariate.levels == levels and not missing.any()


def test_a_level_of_one_patient_without_event_reads_as_one() -> None:
    sites = pd.DataFrame({"site": ["CNS", *["marrow"] * 6]})
    time, event = [3, 1, 2, 4, 5, 6, 7], [0, 1, 1, 0, 1, 0, 1]
    for result in (
        estimate_hazard_ratios(time, event, sites, method="ml"),
        estimate_odds_ratios(event, sites, method="ml"),
        estimate_subdistribution_hazard_ratios(time, event, sites),
        # Two rows of the same patient, who is treated at 1.
        time_dependent_hazard_ratio(time, event, [1, *[None] * 4, 2, 3], covariates=sites, method="ml"),
    ):
        reasons = [term.ratio.reason for term in result.terms if term.variable == "site"]
        assert reasons[1] == Reason.of("none-with-event-in-reference", n=1)
