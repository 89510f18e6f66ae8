"""From an odds ratio to a risk: what it means where the risk without the factor is known.

Sources
-------
Zhang & Yu (1998), JAMA 280:1690, doi:10.1001/jama.280.19.1690: the risk ratio that an odds ratio means at a given risk. It is
exact for the odds ratio of a table of two by two, and not for one that is adjusted for other factors.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from analytics.results import Estimate, FloatArray, RiskByOdds


def risk_by_odds_ratio(risk: ArrayLike, odds_ratio: float) -> FloatArray:
    """The risk with a factor, by that without it and the odds ratio: r OR / (1 - r + r OR).

    Parameters
    ----------
    risk
        Probabilities without the factor, 0 to 1.
    odds_ratio
        Above 0 and finite.

    Returns
    -------
    array
        Shaped like ``risk``; 0 stays 0 and 1 stays 1.

    Raises
    ------
    ValueError
        If a risk does not lie between 0 and 1, or the odds ratio is not above 0.
    """
    without = np.asarray(risk, dtype=np.float64)
    if not ((without >= 0) & (without <= 1)).all():
        raise ValueError(f"risk must lie between 0 and 1 (0.114, not 11.4): it is {risk!r}.")
    if not 0 < odds_ratio < np.inf:
        raise ValueError(f"odds_ratio must be above 0 and finite: it is {odds_ratio}.")
    return np.asarray(without * odds_ratio / (1 - without + without * odds_ratio))


def apply_odds_ratio(baseline: float, odds_ratio: Estimate) -> RiskByOdds:
    """What an odds ratio makes of one risk, its limits carried along; the risk without the factor itself is taken as known.

    Raises
    ------
    ValueError
        If that risk is no probability, or 0 or 1, where no odds ratio changes it and there is no ratio of risks.
    """
    if not 0 < baseline < 1:
        raise ValueError(f"baseline must lie between 0 and 1: it is {baseline}.")
    if odds_ratio.value is None:
        return RiskByOdds(baseline, odds_ratio, odds_ratio)
    carried = replace(odds_ratio, value=float(risk_by_odds_ratio(baseline, odds_ratio.value)), std_error=None)
    if (interval := odds_ratio.interval) is not None:
        limits = (interval.low, interval.high)
        low, high = (None if limit is None else float(risk_by_odds_ratio(baseline, limit)) for limit in limits)
        carried = replace(carried, interval=replace(interval, low=low, high=high))
    return RiskByOdds(baseline, carried, odds_ratio)
