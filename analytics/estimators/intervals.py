"""Confidence intervals, one function per formula; statsmodels works out Wilson's and the exact one.

Those of a proportion return an :class:`~analytics.results.Interval`; those of a survival probability work on arrays,
one entry per time, and return a pair of arrays in which NaN marks a limit that the formula does not define.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from analytics.results import FloatArray, Interval

SurvivalConfType = Literal["log-log", "log", "plain"]
Limits = tuple[FloatArray, FloatArray]


def normal_quantile(conf_level: float) -> float:
    """The two-sided standard normal quantile of a confidence level (1.96 for 0.95).

    Raises
    ------
    ValueError
        If the level does not lie between 0 and 1.
    """
    _check_level(conf_level)
    return float(-ndtri((1 - conf_level) / 2))


def wilson(n_event: float, n: float, conf_level: float = 0.95) -> Interval | None:
    """The score interval of a proportion; None without patients.

    Parameters
    ----------
    n_event
        Patients with the event.
    n
        All patients.
    conf_level
        Two-sided level, between 0 and 1.

    Returns
    -------
    Interval or None
        Exactly 0 below without events and exactly 1 above with events only.

    Raises
    ------
    ValueError
        If there are more events than patients, a count is negative or not finite, or the level is out of range.

    References
    ----------
    Wilson (1927), Journal of the American Statistical Association 22:209, doi:10.1080/01621459.1927.10502953.
    """
    return list_wilson([n_event], [n], conf_level)[0]


def list_wilson(n_event: ArrayLike, n: ArrayLike, conf_level: float = 0.95) -> tuple[Interval | None, ...]:
    """The score intervals of several proportions at once, each as :func:`wilson` gives it, and with its errors."""
    return _list_intervals(n_event, n, conf_level, "wilson", "Wilson")


def clopper_pearson(n_event: float, n: float, conf_level: float = 0.95) -> Interval | None:
    """The exact binomial interval of a proportion; None without patients.

    Parameters
    ----------
    n_event
        Patients with the event.
    n
        All patients.
    conf_level
        Two-sided level, between 0 and 1.

    Returns
    -------
    Interval or None
        Exactly 0 below without events and exactly 1 above with events only.

    Raises
    ------
    ValueError
        If there are more events than patients, a count is negative or not finite, or the level is out of range.

    References
    ----------
    Clopper & Pearson (1934), Biometrika 26:404, doi:10.1093/biomet/26.4.404; by quantiles of the beta distribution.
    """
    return _list_intervals([n_event], [n], conf_level, "beta", "Clopper–Pearson")[0]


def _list_intervals(
    n_event: ArrayLike, n: ArrayLike, conf_level: float, method: str, name: str
) -> tuple[Interval | None, ...]:
    from statsmodels.stats.proportion import proportion_confint

    _check_level(conf_level)
    events, patients = np.asarray(n_event, dtype=np.float64), np.asarray(n, dtype=np.float64)
    for some, whole in zip(events.tolist(), patients.tolist(), strict=True):
        _check_counts(some, whole)
    low, high = proportion_confint(events, np.maximum(patients, 1.0), alpha=1 - conf_level, method=method)
    # At the ends rounding would leave a trace.
    low, high = np.where(events > 0, low, 0.0), np.where(events < patients, high, 1.0)
    return tuple(
        Interval(a, b, conf_level, name) if whole else None
        for a, b, whole in zip(low.tolist(), high.tolist(), patients.tolist(), strict=True)
    )


def upper_limit_without_events(n: float, conf_level: float = 0.95) -> Interval | None:
    """The one-sided exact limit of a proportion where none of ``n`` patients had the event; None without patients.

    It is 1 - (1 - level)^(1/n), the Clopper–Pearson limit with all of the error on the upper side, since no lower limit
    is in question (0.22 for 0 of 12); for many patients it nears 3/n, the rule of three.

    Raises
    ------
    ValueError
        If ``n`` is negative or not finite, or the level does not lie between 0 and 1.

    References
    ----------
    Hanley & Lippman-Hand (1983), JAMA 249:1743, doi:10.1001/jama.1983.03330370053031.
    """
    _check_level(conf_level)
    _check_counts(0, n)
    if n == 0:
        return None
    return Interval(0.0, -math.expm1(math.log1p(-conf_level) / n), conf_level, "Clopper–Pearson, one-sided")


def survival_plain(estimate: ArrayLike, std_error: ArrayLike, conf_level: float = 0.95) -> Limits:
    """Lower and upper limits S ± z se(S), cut off at 0 and 1.

    Parameters
    ----------
    estimate
        Survival probabilities, 0 to 1.
    std_error
        Their standard errors on the probability scale; NaN where the estimate is 0.
    conf_level
        Two-sided level, between 0 and 1.

    Returns
    -------
    tuple of two arrays
        Shaped like ``estimate``; NaN where the standard error is. Empty input gives empty arrays.

    Raises
    ------
    ValueError
        If the level does not lie between 0 and 1.

    References
    ----------
    Greenwood (1926), Reports on Public Health and Medical Subjects 33; the normal approximation to S itself.
    """
    survival, half = _survival_and_half_width(estimate, std_error, conf_level)
    return np.maximum(survival - half, 0.0), np.minimum(survival + half, 1.0)


def survival_log(estimate: ArrayLike, std_error: ArrayLike, conf_level: float = 0.95) -> Limits:
    """Lower and upper limits S exp(± z se(S) / S), the upper cut off at 1; NaN where S is 0.

    Parameters and errors are those of :func:`survival_plain`.

    References
    ----------
    Kalbfleisch & Prentice (2002), The Statistical Analysis of Failure Time Data, 2nd edition, section 1.4.1: the normal
    approximation to log S.
    """
    survival, half = _survival_and_half_width(estimate, std_error, conf_level)
    positive = np.where(survival > 0, survival, np.nan)
    factor = np.exp(half / positive)
    return positive / factor, np.minimum(positive * factor, 1.0)


def survival_log_log(estimate: ArrayLike, std_error: ArrayLike, conf_level: float = 0.95) -> Limits:
    """Lower and upper limits S^exp(± z se(S) / (S log S)); NaN where S is 0 or 1, hence before the first event.

    Parameters and errors are those of :func:`survival_plain`.

    References
    ----------
    Kalbfleisch & Prentice (2002), The Statistical Analysis of Failure Time Data, 2nd edition, equation 1.17: the normal
    approximation to log(-log S), which never leaves 0 to 1.
    """
    survival, half = _survival_and_half_width(estimate, std_error, conf_level)
    inside = np.where((survival > 0) & (survival < 1), survival, np.nan)
    logarithm = np.log(inside)
    # log S is negative, so the wider exponent belongs to the lower limit.
    power = np.exp(half / (inside * -logarithm))
    return np.exp(logarithm * power), np.exp(logarithm / power)


_SURVIVAL_FORMULAS: dict[SurvivalConfType, Callable[[ArrayLike, ArrayLike, float], Limits]] = {
    "log-log": survival_log_log,
    "log": survival_log,
    "plain": survival_plain,
}


def survival_limits(
    estimate: ArrayLike, std_error: ArrayLike, conf_level: float = 0.95, conf_type: SurvivalConfType = "log-log"
) -> Limits:
    """Lower and upper limits of survival probabilities by the formula that ``conf_type`` names.

    Parameters and errors are those of :func:`survival_plain`; ``conf_type`` is "log-log", "log" or "plain".

    Raises
    ------
    ValueError
        If ``conf_type`` is none of the three.
    """
    check_survival_conf_type(conf_type)
    return _SURVIVAL_FORMULAS[conf_type](estimate, std_error, conf_level)


def check_survival_conf_type(conf_type: str) -> None:
    """An error that names the known formulas, unless ``conf_type`` is one of them.

    Raises
    ------
    ValueError
        If ``conf_type`` is not "log-log", "log" or "plain".
    """
    if conf_type not in _SURVIVAL_FORMULAS:
        raise ValueError(f"conf_type must be one of {', '.join(_SURVIVAL_FORMULAS)}: it is {conf_type!r}.")


def _survival_and_half_width(estimate: ArrayLike, std_error: ArrayLike, conf_level: float) -> Limits:
    z = normal_quantile(conf_level)
    return np.asarray(estimate, dtype=np.float64), z * np.asarray(std_error, dtype=np.float64)


def _check_level(conf_level: float) -> None:
    if not 0 < conf_level < 1:
        raise ValueError(f"conf_level must lie between 0 and 1 (0.95, not 95): it is {conf_level}.")


def _check_counts(n_event: float, n: float) -> None:
    if not (math.isfinite(n_event) and math.isfinite(n) and 0 <= n_event <= n):
        raise ValueError(f"n_event must lie between 0 and n: {n_event} events in {n} patients.")
