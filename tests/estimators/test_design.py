"""How a column of the covariates is read, whatever its dtype."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analytics.estimators.design import read_covariate

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
