"""How far patients are from one of them, over variables of all kinds.

Sources
-------
Gower (1971), Biometrics 27:857, doi:10.2307/2528823: a general coefficient of similarity.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analytics.results import FloatArray


def gower_distances(one: Mapping[str, str | float], others: pd.DataFrame, ranges: Mapping[str, float]) -> FloatArray:
    """The distance of each row from one patient: the mean, over what is known of both, of how far they differ.

    Parameters
    ----------
    one
        Levels and numbers of the patient by column; a column without an entry is not known.
    others : DataFrame
        A row for each other patient. Columns that have an entry in ``ranges`` are numbers, all others levels.
    ranges
        How wide each number ranges, above 0.

    Returns
    -------
    array of shape (rows,)
        Between 0 and 1. Of a number, the difference in shares of its range, 1 beyond that; of a level, 0 where it is the same,
        else 1. NaN where nothing is known of both.

    Raises
    ------
    ValueError
        If a range is not above 0.
    """
    wrong = [name for name, width in ranges.items() if not width > 0]
    if wrong:
        raise ValueError(
            f"a range must be above 0: that of {', '.join(wrong)} is not. Leave out what is the same in all."
        )
    apart = [
        np.minimum(np.abs(others[name].to_numpy(float) - float(one[name])) / ranges[name], 1.0)
        if name in ranges
        else np.where(others[name].isna(), np.nan, (others[name].astype(object) != one[name]).to_numpy(float))
        for name in others.columns
        if name in one
    ]
    if not apart:
        return np.full(len(others), np.nan)
    table = np.stack(apart)
    known = np.isfinite(table).sum(axis=0)
    return np.where(known > 0, np.nansum(table, axis=0) / np.maximum(known, 1), np.nan)
