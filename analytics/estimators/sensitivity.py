"""How strong unmeasured confounding would have to be to explain an association away: the E-value.

Sources
-------
VanderWeele & Ding (2017), Annals of Internal Medicine 167:268, doi:10.7326/M16-2607: the E-value, and the
approximations of a risk ratio from a hazard or odds ratio.
VanderWeele (2020), Biometrics 76:746, doi:10.1111/biom.13197: how good these approximations are for common outcomes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal, get_args

from analytics.results import Estimate, EValue, Reason, SurvivalCurve

Measure = Literal["hazard ratio", "odds ratio", "risk ratio"]

# An outcome is common where more than this share of any group has had it at the end of follow-up (VanderWeele & Ding 2017).
COMMON_OUTCOME = 0.15


def highest_risk(curves: Iterable[SurvivalCurve]) -> float:
    """The share with the event by the end of follow-up in the group where it is highest; 0 without patients.

    It is one minus the Kaplan–Meier estimate at the end of the group's follow-up, since the share of all patients counts
    as free of the event whoever was not followed long enough. The outcome is rare if it is at most `COMMON_OUTCOME`.
    """
    return max((1 - float(curve.estimate[-1]) for curve in curves if curve.n), default=0.0)


def e_value_of(ratio: Estimate, risk: float) -> EValue:
    """The E-value of a hazard ratio as it was estimated, with the `highest_risk` of the groups that it compares."""
    limits = (ratio.interval.low, ratio.interval.high) if ratio.interval else (None, None)
    return e_value(ratio.value, *limits, measure="hazard ratio", rare=risk <= COMMON_OUTCOME)


def e_value(ratio: float | None, low: float | None, high: float | None, *, measure: Measure, rare: bool) -> EValue:
    """The E-value of a ratio and of that limit of its interval which is nearer to no association.

    Parameters
    ----------
    ratio : float or None
        The estimate, above 0; None where it could not be estimated.
    low, high : float or None
        Its limits. One None is a limit that does not exist (the interval goes on to 0 or without end); both None mean
        that there is no interval.
    measure : {"hazard ratio", "odds ratio", "risk ratio"}
        What ``ratio`` is.
    rare : bool
        True if the outcome is rare, in at most 15 % of each group by the end of follow-up (see :func:`highest_risk`), so
        that a hazard or odds ratio is close to the risk ratio. It has no meaning for a risk ratio.

    Returns
    -------
    EValue
        Both numbers are 1 or more, 1 meaning that no confounding is needed. ``limit`` is 1 where the interval includes
        no association. The number says nothing about whether such confounding exists.

    Raises
    ------
    ValueError
        If a number is not finite and above 0, the ratio lies outside its limits, or ``measure`` is unknown.

    Notes
    -----
    For a risk ratio RR > 1 the E-value is RR + sqrt(RR (RR - 1)); for RR < 1 that of 1 / RR. For a common outcome
    RR is approximated by sqrt(OR), or by (1 - 0.5^sqrt(HR)) / (1 - 0.5^sqrt(1 / HR)).
    """
    if measure not in get_args(Measure):
        raise ValueError(f"measure must be one of {', '.join(get_args(Measure))}: it is {measure!r}.")
    for name, value in (("ratio", ratio), ("low", low), ("high", high)):
        if value is not None and not (math.isfinite(value) and value > 0):
            raise ValueError(f"{name} must be finite and above 0: it is {value}. Give ratios, not their logarithms.")
    if ratio is None:
        return EValue(measure, None, None, None, Reason.of("no-such-ratio", measure=measure))
    if (low is not None and low > ratio) or (high is not None and high < ratio):
        raise ValueError(f"ratio must lie between its limits: {ratio} is not in {low} to {high}.")
    risk_ratio = _risk_ratio(ratio, measure, rare)
    limit = None
    if low is not None or high is not None:
        nearer = low if ratio > 1 else high
        # Beyond no association, or without end on that side: nothing has to be explained away.
        includes_none = nearer is None or (nearer <= 1 if ratio > 1 else nearer >= 1)
        limit = 1.0 if includes_none or nearer is None else _e_value(_risk_ratio(nearer, measure, rare))
    return EValue(measure, risk_ratio, _e_value(risk_ratio), limit)


def _risk_ratio(ratio: float, measure: Measure, rare: bool) -> float:
    if rare or measure == "risk ratio":
        return ratio
    if measure == "odds ratio":
        return math.sqrt(ratio)
    root = math.sqrt(ratio)
    return math.expm1(-root * math.log(2)) / math.expm1(-math.log(2) / root)


def _e_value(risk_ratio: float) -> float:
    away = max(risk_ratio, 1 / risk_ratio)
    return away + math.sqrt(away * (away - 1))
