"""Many drawn cohorts compared at once: what the estimators of one cohort say of each, without a call for each.

Of cohorts of one size, without tied times, a Cox model of treatment as it changes and of one covariate of two values
needs of each death nothing but four numbers: who is at risk, by treatment and by covariate. They are counted once, and
Newton's steps are then taken for all cohorts together. Where the likelihood has no maximum, or times are tied, the
estimator of one cohort is asked.

Sources
-------
Cox (1972), Journal of the Royal Statistical Society B 34:187, doi:10.1111/j.2517-6161.1972.tb00899.x: the likelihood.
Mantel & Byar (1974), Journal of the American Statistical Association 69:81, doi:10.1080/01621459.1974.10480131: the test.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import chdtrc, ndtr

from analytics.estimators.intervals import normal_quantile
from analytics.estimators.treatment.curves import mantel_byar_test
from analytics.estimators.treatment.hazards import naive_hazard_ratio, time_dependent_hazard_ratio
from analytics.estimators.treatment.history import TREATED
from analytics.results import TREATMENT, FloatArray, HazardRatioResult, Result, read_only

BoolArray = NDArray[np.bool_]

COVARIATE = "covariate"
MOST_STEPS = 25
SETTLED = 1e-9  # of a step of Newton's: the next is its square
FURTHEST = 7.0  # log ratios beyond are those of a likelihood without a maximum


@dataclass(frozen=True, slots=True)
class RatioFits(Result):
    """The hazard ratio of treatment in each of many cohorts, as logarithms, with its interval and p value.

    Arrays have one entry per cohort, NaN where it allows no comparison. ``n_alone`` cohorts were left to the estimator
    of one cohort.
    """

    no_rule: ClassVar[str] = "it is of drawn cohorts, in which nobody is."

    log_ratio: FloatArray
    low: FloatArray
    high: FloatArray
    p_value: FloatArray
    n_alone: int = 0


def join_fits(parts: Sequence[RatioFits], n: int) -> RatioFits:
    """The first ``n`` cohorts of several fits, one after the other."""

    def join(name: str) -> FloatArray:
        return read_only(np.concatenate([getattr(part, name) for part in parts])[:n])

    n_alone = sum(part.n_alone for part in parts)
    return RatioFits(join("log_ratio"), join("low"), join("high"), join("p_value"), n_alone)


@dataclass(frozen=True, slots=True)
class DrawnCohorts(Result):
    """Cohorts of one size: ``time``, ``event``, ``treated_at`` (infinite for never) and ``covariate`` are (cohorts, patients)."""

    no_rule: ClassVar[str] = "they are drawn, and nobody is in them."

    time: FloatArray
    event: BoolArray
    treated_at: FloatArray
    covariate: BoolArray

    def ordered(self) -> DrawnCohorts:
        """The same with the patients of each cohort in the order of their times."""
        order = np.argsort(self.time, axis=1, kind="stable")
        time, treated_at = (np.take_along_axis(of, order, axis=1) for of in (self.time, self.treated_at))
        event, covariate = (np.take_along_axis(of, order, axis=1) for of in (self.event, self.covariate))
        return DrawnCohorts(time, event, treated_at, covariate)


def time_dependent_ratios(cohorts: DrawnCohorts, *, adjusted: bool = False, conf_level: float = 0.95) -> RatioFits:
    """The hazard ratio of treatment as it changes, of each cohort.

    Parameters
    ----------
    cohorts : DrawnCohorts
        The cohorts; nobody's time is 0.
    adjusted : bool
        The model has the covariate, too.
    conf_level : float
        Of Wald's interval.

    Returns
    -------
    RatioFits
        What :func:`analytics.estimators.time_dependent_hazard_ratio` says of each cohort.
    """
    return _fit(cohorts.ordered(), False, adjusted, conf_level)


def naive_ratios(cohorts: DrawnCohorts, *, conf_level: float = 0.95) -> RatioFits:
    """The hazard ratio of ever against never treated, biased by immortal time, of each cohort.

    Parameters
    ----------
    cohorts, conf_level
        As for :func:`time_dependent_ratios`.

    Returns
    -------
    RatioFits
        What :func:`analytics.estimators.naive_hazard_ratio` says of each cohort.
    """
    return _fit(cohorts.ordered(), True, False, conf_level)


def mantel_byar_p_values(cohorts: DrawnCohorts) -> FloatArray:
    """The p value of the test of Mantel and Byar of each cohort, NaN where it cannot be done.

    Parameters
    ----------
    cohorts : DrawnCohorts
        The cohorts; nobody's time is 0.

    Returns
    -------
    array of shape (cohorts,)
        What :func:`analytics.estimators.mantel_byar_test` says of each cohort.
    """
    ordered = cohorts.ordered()
    began = _began(ordered, naive=False)
    at_risk = np.arange(ordered.time.shape[1], 0, -1)
    share = _treated_at_risk(ordered.time, began, np.ones_like(began, dtype=bool)) / at_risk
    p_values = _score_p_values(share, began < ordered.time, ordered.event)
    for place in np.flatnonzero(_is_tied(ordered)):
        found = mantel_byar_test(ordered.time[place], ordered.event[place], _or_never(ordered.treated_at[place]))
        p_values[place] = np.nan if found.p_value is None else found.p_value
    return read_only(p_values)


def label_p_values(time: FloatArray, event: BoolArray, labels: BoolArray) -> FloatArray:
    """The p value of the log-rank test of those with a label against the others, by cohort and label.

    Parameters
    ----------
    time, event : arrays of shape (cohorts, patients)
        Without tied times of events.
    labels : array of shape (cohorts, labels, patients)
        True for who has the label from the start on.

    Returns
    -------
    array of shape (cohorts, labels)
        What :func:`analytics.estimators.logrank_test` says of each, NaN where it cannot be done.
    """
    order = np.argsort(time, axis=1, kind="stable")
    own = np.take_along_axis(labels, order[:, None, :], axis=2)
    at_risk = np.arange(time.shape[1], 0, -1)
    share = np.cumsum(own[:, :, ::-1], axis=2, dtype=np.float64)[:, :, ::-1] / at_risk
    return read_only(_score_p_values(share, own, np.take_along_axis(event, order, axis=1)[:, None, :]))


def _score_p_values(share: FloatArray, own: BoolArray, event: BoolArray) -> FloatArray:
    """The p values of observed less expected events; ``share`` of those at risk are in the group at each time."""
    excess = np.where(event, own - share, 0.0).sum(axis=-1)
    variance = np.where(event, share * (1 - share), 0.0).sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.where(variance > 0, excess**2 / variance, np.nan)
    return np.asarray(chdtrc(1, statistic))


def _began(cohorts: DrawnCohorts, *, naive: bool) -> FloatArray:
    """When each patient comes into the treated state, infinite where that is not within the own follow-up."""
    within = cohorts.treated_at <= cohorts.time
    return np.where(within, 0.0 if naive else cohorts.treated_at, np.inf)


def _treated_at_risk(time: FloatArray, began: FloatArray, among: BoolArray) -> FloatArray:
    """How many are at risk and treated at each time; patients are in the order of their times."""
    counted = among & np.isfinite(began)
    order = np.argsort(began, axis=1, kind="stable")
    come = np.cumsum(np.take_along_axis(counted, order, axis=1), axis=1, dtype=np.float64)
    come = np.concatenate([np.zeros((len(time), 1)), come], axis=1)
    # How many came before each time: places of the times among the moments of coming, all sorted together.
    both = np.concatenate([time, np.take_along_axis(began, order, axis=1)], axis=1)
    place = np.argsort(both, axis=1, kind="stable")
    is_moment = place >= time.shape[1]
    before = np.zeros(both.shape, dtype=np.intp)
    np.put_along_axis(before, place, np.cumsum(is_moment, axis=1), axis=1)
    left = np.cumsum(counted, axis=1, dtype=np.float64) - counted
    return np.asarray(np.take_along_axis(come, before[:, : time.shape[1]], axis=1) - left)


def _is_tied(cohorts: DrawnCohorts) -> BoolArray:
    """Cohorts in which an event is at the time of another row, or a treatment at the end of the own follow-up.

    Nearly the same is the same. Patients are in the order of their times.
    """
    scale = 1e-8 * np.maximum(cohorts.time[:, -1:], 1.0)
    is_near = np.diff(cohorts.time, axis=1) < scale
    is_tied = is_near & (cohorts.event[:, 1:] | cohorts.event[:, :-1])
    return np.asarray(is_tied.any(axis=1) | (np.abs(cohorts.time - cohorts.treated_at) < scale).any(axis=1))


def _or_never(treated_at: FloatArray) -> FloatArray:
    return np.where(np.isfinite(treated_at), treated_at, np.nan)


def _fit(cohorts: DrawnCohorts, naive: bool, adjusted: bool, conf_level: float) -> RatioFits:
    log_ratio, error, is_found = _climb(cohorts, naive, adjusted)
    reach = normal_quantile(conf_level) * error
    with np.errstate(divide="ignore", invalid="ignore"):
        p_value = 2 * ndtr(-np.abs(log_ratio) / error)
    low, high = log_ratio - reach, log_ratio + reach
    began = _began(cohorts, naive=naive)
    treated = _treated_at_risk(cohorts.time, began, np.ones_like(cohorts.event))
    at_risk = np.arange(cohorts.time.shape[1], 0, -1)
    is_bare = ~(cohorts.event & (treated > 0) & (treated < at_risk)).any(axis=1)  # at no death are there both states
    for values in (log_ratio, low, high, p_value):
        values[is_bare] = np.nan
    alone = np.flatnonzero(~is_bare & (~is_found | _is_tied(cohorts)))
    ask: Callable[..., HazardRatioResult] = naive_hazard_ratio if naive else time_dependent_hazard_ratio
    for place in alone:
        log_ratio[place], low[place], high[place], p_value[place] = _ask_alone(
            cohorts, int(place), ask, adjusted, conf_level
        )
    return RatioFits(read_only(log_ratio), read_only(low), read_only(high), read_only(p_value), len(alone))


def _climb(cohorts: DrawnCohorts, naive: bool, adjusted: bool) -> tuple[FloatArray, FloatArray, BoolArray]:
    """The log ratio of treatment and its standard error by Newton's steps, and which cohorts have come to an end."""
    began = _began(cohorts, naive=naive)
    event = cohorts.event.astype(np.float64)
    x = cohorts.covariate if adjusted else np.zeros_like(cohorts.covariate)
    z = began < cohorts.time
    at_risk = np.arange(cohorts.time.shape[1], 0, -1).astype(np.float64)
    with_x = np.cumsum(x[:, ::-1], axis=1, dtype=np.float64)[:, ::-1]
    treated = _treated_at_risk(cohorts.time, began, np.ones_like(x))
    both = _treated_at_risk(cohorts.time, began, x)
    neither, only_x, only_z = at_risk - treated - with_x + both, with_x - both, treated - both
    beta, gamma = np.zeros(len(event)), np.zeros(len(event))
    n_z, n_x = (event * z).sum(axis=1), (event * x).sum(axis=1)
    is_settled = np.zeros(len(event), dtype=bool)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        for _ in range(MOST_STEPS):
            of_z, of_x = np.exp(beta)[:, None], np.exp(gamma)[:, None]
            two = of_z * of_x * both
            whole = neither + of_x * only_x + of_z * only_z + two
            p_z, p_x, p_two = (of_z * only_z + two) / whole, (of_x * only_x + two) / whole, two / whole
            slope_z, slope_x = n_z - (event * p_z).sum(axis=1), n_x - (event * p_x).sum(axis=1)
            v_z = (event * p_z * (1 - p_z)).sum(axis=1)
            v_x = (event * p_x * (1 - p_x)).sum(axis=1) if adjusted else np.ones(len(event))
            v_two = (event * (p_two - p_z * p_x)).sum(axis=1)
            left = v_z - v_two**2 / v_x  # the information on treatment, the covariate being estimated, too
            step_z = (slope_z - v_two / v_x * slope_x) / left
            step_x = (slope_x - v_two * step_z) / v_x
            is_settled = np.maximum(np.abs(step_z), np.abs(step_x)) < SETTLED
            if is_settled.all():
                break
            beta = beta + np.clip(np.nan_to_num(step_z), -1, 1)
            gamma = gamma + np.clip(np.nan_to_num(step_x), -1, 1)
        is_found = is_settled & (np.abs(beta) < FURTHEST) & (np.abs(gamma) < FURTHEST) & (left > 0)
        return beta, 1 / np.sqrt(left), np.asarray(is_found)


def _ask_alone(
    cohorts: DrawnCohorts, place: int, ask: Callable[..., HazardRatioResult], adjusted: bool, conf_level: float
) -> tuple[float, float, float, float]:
    covariates = pd.DataFrame({COVARIATE: cohorts.covariate[place]}) if adjusted else None
    found = ask(
        cohorts.time[place],
        cohorts.event[place],
        _or_never(cohorts.treated_at[place]),
        covariates=covariates,
        conf_level=conf_level,
    )
    term = next((t for t in found.terms if t.variable == TREATMENT and t.level == TREATED), None)
    if term is None or term.hazard_ratio.value is None or term.p_value is None:
        return np.nan, np.nan, np.nan, np.nan
    limits = term.hazard_ratio.interval
    low = -np.inf if limits is None or not limits.low else float(np.log(limits.low))
    high = np.inf if limits is None or limits.high is None else float(np.log(limits.high))
    return float(np.log(term.hazard_ratio.value)), low, high, term.p_value
