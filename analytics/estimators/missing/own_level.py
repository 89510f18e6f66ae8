"""Missing values as a level of their own."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analytics.estimators.regression.logistic import read_weight
from analytics.results import NOT_RECORDED, own_level_name


def with_own_level(values: pd.DataFrame, weight: ArrayLike | None = None) -> pd.DataFrame:
    """The values with missing ones as a level of their own, so that nobody is left out.

    A column of levels gets the level ``NOT_RECORDED`` at its end. In a column of numbers missing values become the mean
    of the others, and a further column "<name> (not recorded)" says in whom ("yes" or "no"): what is put in changes only
    that column's coefficient. Columns without missing values, and those without any value, stay as they are or are left
    out respectively. Rows that ``weight`` says stand for no patient do not count for the mean.

    This keeps everybody but does not make up for what is missing: the ratios of all variables can be biased by it, even
    where values are missing by chance alone (Jones 1996, doi:10.1080/01621459.1996.10476680; Groenwold and colleagues
    2012, doi:10.1503/cmaj.110977).
    """
    counts = read_weight(weight, len(values))
    columns: dict[str, object] = {}
    for name in values.columns:
        column = values[name]
        unknown = column.isna().to_numpy(dtype=bool)
        if not unknown[counts > 0].any():
            columns[name] = column
        elif isinstance(column.dtype, pd.CategoricalDtype):
            columns[name] = column.cat.add_categories([NOT_RECORDED]).fillna(NOT_RECORDED)
        elif (counts[~unknown] > 0).any():
            numbers = column.to_numpy(dtype=float)
            mean = float(np.average(numbers[~unknown], weights=counts[~unknown]))
            columns[name] = np.where(unknown, mean, numbers)
            says = pd.Categorical(np.where(unknown, "yes", "no"), categories=["no", "yes"])
            columns[own_level_name(name)] = says
    return pd.DataFrame(columns, index=values.index)
