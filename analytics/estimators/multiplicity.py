"""Adjustment of p values for how many tests were done.

Sources
-------
Holm (1979), Scandinavian Journal of Statistics 6:65: the chance of any false finding is kept, whatever the dependence
between the tests.
Benjamini & Hochberg (1995), Journal of the Royal Statistical Society B 57:289, doi:10.1111/j.2517-6161.1995.tb02031.x: the
expected share of false ones among the findings is kept, for independent or positively dependent tests (Benjamini &
Yekutieli 2001, Annals of Statistics 29:1165, doi:10.1214/aos/1013699998).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np

Adjust = Literal["holm", "bh"]


def adjust_p_values(p_values: Sequence[float | None], adjust: Adjust) -> tuple[float | None, ...]:
    """The adjusted p value of each test, in the order given.

    Parameters
    ----------
    p_values
        Between 0 and 1; None for a test that was not done, which does not count in the adjustment of the others.
    adjust : {"holm", "bh"}
        Holm's step-down method, or that of Benjamini and Hochberg.

    Returns
    -------
    None where there was no p value; empty for none at all. With p_(1) <= … <= p_(m), Holm's are the running maximum of
    (m - i + 1) p_(i), those of Benjamini and Hochberg the running minimum, from the largest down, of m p_(i) / i; neither
    exceeds 1.

    Raises
    ------
    ValueError
        If ``adjust`` is unknown, or a p value is not between 0 and 1.
    """
    from statsmodels.stats.multitest import fdrcorrection

    if adjust not in get_args(Adjust):
        raise ValueError(f"adjust must be one of {', '.join(get_args(Adjust))}: it is {adjust!r}.")
    wrong = [(i, p) for i, p in enumerate(p_values) if p is not None and not (math.isfinite(p) and 0 <= p <= 1)]
    if wrong:
        raise ValueError(
            f"p values must lie between 0 and 1: {len(wrong)} of {len(p_values)} do not (first at position {wrong[0][0]}: "
            f"{wrong[0][1]}). Give None for a test that was not done."
        )
    known = [i for i, p in enumerate(p_values) if p is not None]
    p = np.array([p_values[i] for i in known], dtype=np.float64)
    m = len(p)
    order = np.argsort(p, kind="stable")
    ranked = p[order]
    if adjust == "holm":
        # statsmodels has it too, but searches the whole memory for garbage each time.
        ranked = np.maximum.accumulate((m - np.arange(m)) * ranked)
    elif m:
        ranked = fdrcorrection(ranked, is_sorted=True)[1]
    adjusted: list[float | None] = [None] * len(p_values)
    for place, value in zip(order, np.minimum(ranked, 1.0).tolist(), strict=True):
        adjusted[known[place]] = value
    return tuple(adjusted)
