"""The smallest ratio that a comparison of this size would have found: power, looking forward.

What can be found depends on the number of events and on how patients are divided, not on what was found. It is worked
out where there is no difference, before any ratio is estimated. The power at the *estimated* ratio ("observed power")
is not computed: it is a function of the p value alone, so that it adds nothing to it, and among results without a
difference it is the highest where the p value is the lowest (Hoenig & Heisey 2001). A detectable ratio does not replace
the confidence interval either, which says what these patients are compatible with.

Sources
-------
Schoenfeld (1981), Biometrika 68:316, doi:10.1093/biomet/68.1.316; Schoenfeld (1983), Biometrics 39:499,
doi:10.2307/2531021: events needed for a hazard ratio, from the variance of the log-rank score.
Hsieh & Lavori (2000), Controlled Clinical Trials 21:552, doi:10.1016/S0197-2456(00)00104-5: the same for a covariate of
any kind beside others, by the variance inflation 1 / (1 - R2).
Latouche, Porcher & Chevret (2004), Statistics in Medicine 23:3263, doi:10.1002/sim.1915: the same for subdistribution
hazards, from the events of interest.
Fleiss, Tytun & Ury (1980), Biometrics 36:343, doi:10.2307/2529990: two proportions in groups of unequal size.
Whittemore (1981), Journal of the American Statistical Association 76:27, doi:10.1080/01621459.1981.10477597; Hsieh,
Bloch & Larsen (1998), Statistics in Medicine 17:1623,
doi:10.1002/(SICI)1097-0258(19980730)17:14<1623::AID-SIM871>3.0.CO;2-S: logistic regression.
Hoenig & Heisey (2001), The American Statistician 55:19, doi:10.1198/000313001300339897: why not observed power.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import ndtri

from analytics.estimators.design import Covariate, check_covariates, ratio_of, read_covariates, standardised, totals
from analytics.estimators.observations import (
    NO_PATIENTS,
    Labels,
    Observations,
)
from analytics.results import FloatArray, Reason
from analytics.results.power import ALPHA, POWER, Detectable, Term

_SINGLE = Reason("one-group")
_NOT_APART = Reason("nothing-known")
# Below this share of its own variance a column is taken to be a sum of others.
_LEAST_SHARE = 1e-9


def distance(power: float = POWER, alpha: float = ALPHA) -> float:
    """How many standard errors a log ratio must lie from 0 to be found: the two normal quantiles added (2.80).

    Raises
    ------
    ValueError
        If ``alpha`` does not lie between 0 and 1, or ``power`` not between half of ``alpha`` and 1.
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must lie between 0 and 1 (0.05, not 5): it is {alpha}.")
    if not alpha / 2 < power < 1:
        raise ValueError(f"power must lie between {alpha / 2:g}, which chance alone gives, and 1: it is {power}.")
    return float(-ndtri(alpha / 2) + ndtri(power))


def detectable_ratio(
    information: float,
    *,
    measure: str = "hazard ratio",
    n: int = 0,
    n_event: int = 0,
    step: float = 1.0,
    power: float = POWER,
    alpha: float = ALPHA,
) -> Detectable:
    """The detectable ratios of a coefficient, from the information on it where there is no difference.

    Parameters
    ----------
    information : float
        The variance of the score at no difference, finite and >= 0: of two groups that of the log-rank (or Mantel–Byar)
        test. 0 is "nothing is known about it".
    measure : str
        What the ratio is.
    n, n_event : int
        Patients and events behind it, passed on.
    step : float
        The ratio is that of ``step`` units more, above 0.
    power, alpha : float
        As for :func:`distance`.

    Returns
    -------
    Detectable
        exp(-d) and exp(d) with d = ``step`` (z + z') / sqrt(``information``) (Schoenfeld 1981, 1983).

    Raises
    ------
    ValueError
        If a number is not as described.
    """
    away = distance(power, alpha)
    if not (math.isfinite(information) and information >= 0):
        raise ValueError(f"information must be finite and >= 0: it is {information}.")
    if not (math.isfinite(step) and step > 0):
        raise ValueError(f"step must be finite and above 0: it is {step}.")
    if information == 0:
        return Detectable(
            measure, None, None, n, n_event, 0.0, power, alpha, Reason("no-events") if not n_event else _NOT_APART
        )
    log_ratio = step * away / math.sqrt(information)
    low, high = ratio_of(-log_ratio), ratio_of(log_ratio)
    reason = None if high is not None else Reason.of("none-detectable", measure=measure)
    return Detectable(measure, low, high, n, n_event, information, power, alpha, reason)


def schoenfeld_information(n_event: float, n: float, n_reference: float) -> float:
    """The information on a log hazard ratio from the events of two groups and the groups' shares: D p (1 - p).

    Schoenfeld (1983); for subdistribution hazards with the events of interest alone (Latouche and colleagues 2004). 0
    without events or with one group.

    Raises
    ------
    ValueError
        If a count is negative, or there are more events than patients.
    """
    total = n + n_reference
    if min(n_event, n, n_reference) < 0 or n_event > total:
        raise ValueError(
            f"counts must be >= 0 and events at most as many as patients: {n_event} among {n}, {n_reference}."
        )
    return n_event * n * n_reference / total**2 if total else 0.0


def detectable_hazard_ratios(
    time: ArrayLike,
    event: ArrayLike,
    covariates: pd.DataFrame,
    *,
    weight: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    strata: Any = None,
    power: float = POWER,
    alpha: float = ALPHA,
) -> Mapping[Term, Detectable]:
    """The detectable hazard ratio of every coefficient of a Cox model.

    Parameters
    ----------
    time, event, weight, entry
        As for :func:`analytics.estimators.estimate_survival`. With rows of
        :func:`analytics.estimators.split_at_treatment` the treatment changes over time.
    covariates : DataFrame with one row per entry of ``time``
        As for :func:`analytics.estimators.estimate_hazard_ratios`; one categorical covariate compares groups.
    strata : array of shape (rows,), optional
        Patients are compared within their stratum only.
    power, alpha : float
        As for :func:`distance`.

    Returns
    -------
    mapping of (covariate, level) to Detectable
        One entry per level but the reference, which is the first level that has patients; of a number one entry, with
        the level None, for the ratio of one unit. Each is that of the coefficient beside all others of the model, so
        that several levels are each compared with the reference, and adjusting costs what it costs. ``n`` and
        ``n_event`` count the level and the reference, of a number all. Empty without covariates.

    Raises
    ------
    ValueError
        As for :func:`analytics.estimators.estimate_hazard_ratios`.
    TypeError
        If ``covariates`` is no DataFrame or a column is of a kind that cannot be used.

    Notes
    -----
    The information is the variance of the score at no difference, with the hypergeometric variance of ties: of two
    groups just that of the log-rank test, of a treatment that changes over time that of the test of Mantel & Byar, and
    without ties that of Cox's partial likelihood with all coefficients at 0. That of one coefficient beside others is
    its own less what the others take, V11 - V12 V22^-1 V21, which is the variance inflation of Hsieh & Lavori (2000).
    """
    data = Observations.from_arrays(time, event, weight, entry)
    check_covariates(covariates, len(data.kept), "time")
    read = read_covariates(covariates, np.flatnonzero(data.kept))
    blocks = np.zeros(len(data.time), dtype=np.intp) if strata is None else _codes(strata, data)
    columns, x, units = _columns(read, data.weight)
    variance = _score_variance(data, x, blocks)
    partial = _partial(variance, units)
    found: dict[Term, Detectable] = {}
    for place, covariate in enumerate(read):
        for term, n, n_event, column in _terms(place, covariate, columns, data.event, data.weight):
            found[term] = (
                detectable_ratio(partial[column], n=n, n_event=n_event, power=power, alpha=alpha)
                if column is not None
                else Detectable(
                    "hazard ratio", None, None, n, n_event, 0.0, power, alpha, _why_none(term, len(data.time))
                )
            )
    return found


def detectable_odds_ratio(
    n: float,
    n_reference: float,
    n_event: float,
    *,
    share_kept: float = 1.0,
    power: float = POWER,
    alpha: float = ALPHA,
) -> Detectable:
    """The detectable odds ratios of one group against another, from their sizes and the events of both together.

    Parameters
    ----------
    n, n_reference : float
        Patients of the group and of the reference.
    n_event : float
        Events of both groups together; their number is held while they are thought moved from one group to the other.
    share_kept : float
        The share of the information that adjustment leaves, 1 - R2 of the group on the other covariates, above 0 and at
        most 1: the groups count as if they had this share of their patients (Hsieh, Bloch & Larsen 1998).
    power, alpha : float
        As for :func:`distance`.

    Returns
    -------
    Detectable
        The odds ratios at which the score test (with the pooled variance) has the power, by the normal approximation of
        Fleiss, Tytun & Ury (1980) without continuity correction; with groups of one size that of ``power.prop.test`` in
        R. A side is None where even with all events (or all patients without) in one of the groups the power is less.

    Raises
    ------
    ValueError
        If a number is not as described.
    """
    distance(power, alpha)
    total = n + n_reference
    if min(n, n_reference, n_event) < 0 or n_event > total:
        raise ValueError(
            f"counts must be >= 0 and events at most as many as patients: {n_event} among {n}, {n_reference}."
        )
    if not 0 < share_kept <= 1:
        raise ValueError(f"share_kept must lie above 0 and at most at 1: it is {share_kept}.")
    patients, events = round(total), round(n_event)

    def refused(reason: Reason) -> Detectable:
        return Detectable("odds ratio", None, None, patients, events, 0.0, power, alpha, reason)

    if not n or not n_reference:
        return refused(_SINGLE if total else NO_PATIENTS)
    if n_event in (0, total):
        return refused(Reason("everybody-had-event" if n_event else "no-events"))
    risk = n_event / total
    information = risk * (1 - risk) * share_kept * n * n_reference / total
    high = _odds_ratio_above(n, n_reference, risk, share_kept, power, alpha)
    mirrored = _odds_ratio_above(n_reference, n, risk, share_kept, power, alpha)
    low = None if mirrored is None else 1 / mirrored
    reason = Reason.of("none-detectable", measure="odds ratio") if low is None and high is None else None
    return Detectable("odds ratio", low, high, patients, events, information, power, alpha, reason)


def _odds_ratio_above(
    n: float, n_reference: float, risk: float, kept: float, power: float, alpha: float
) -> float | None:
    """The odds ratio above 1 with the power, the risk of both groups together being given; None if there is none."""
    total = n + n_reference
    size, size_reference = kept * n, kept * n_reference
    chance = -ndtri(alpha / 2) * math.sqrt(risk * (1 - risk) * (1 / size + 1 / size_reference))

    def risks(difference: float) -> tuple[float, float]:
        one, other = risk + difference * n_reference / total, risk - difference * n / total
        return min(one, 1.0), max(other, 0.0)

    def surplus(difference: float) -> float:
        one, other = risks(difference)
        own = math.sqrt(one * (1 - one) / size + other * (1 - other) / size_reference)
        return float(difference - chance - ndtri(power) * own)

    # Below 0 at no difference and convex from there, so that it crosses 0 once, or not before a risk is 0 or 1.
    largest = min((1 - risk) * total / n_reference, risk * total / n)
    if surplus(largest) <= 0:
        return None
    one, other = risks(float(brentq(surplus, 0.0, largest, xtol=1e-14, rtol=1e-14)))
    if one >= 1 or other <= 0:
        return None
    return one * (1 - other) / (other * (1 - one))


def detectable_odds_ratios(
    outcome: ArrayLike,
    covariates: pd.DataFrame,
    *,
    weight: ArrayLike | None = None,
    power: float = POWER,
    alpha: float = ALPHA,
) -> Mapping[Term, Detectable]:
    """The detectable odds ratio of every coefficient of a logistic model.

    Parameters
    ----------
    outcome, covariates, weight
        As for :func:`analytics.estimators.estimate_odds_ratios`.
    power, alpha : float
        As for :func:`distance`.

    Returns
    -------
    mapping of (covariate, level) to Detectable
        Keys as for :func:`detectable_hazard_ratios`. A level is compared with the reference by
        :func:`detectable_odds_ratio`, with what the other covariates leave of the information; of a number the log odds
        ratio per unit is (z + z') / sqrt(p (1 - p) n s2 (1 - R2)) with its variance s2 (Hsieh, Bloch & Larsen 1998).

    Raises
    ------
    ValueError, TypeError
        As for :func:`analytics.estimators.estimate_odds_ratios`.
    """
    # An outcome is an event at one and the same moment: checked as such.
    size = len(pd.Series(outcome))
    data = Observations.from_arrays(np.ones(size), pd.Series(outcome).to_numpy(np.float64, na_value=np.nan), weight)
    check_covariates(covariates, size)
    read = read_covariates(covariates, np.flatnonzero(data.kept))
    columns, x, units = _columns(read, data.weight)
    total, events = float(data.weight.sum()), float(data.weight @ data.event)
    centred = x - (data.weight @ x / total if total else 0.0)
    spread = _partial(centred.T @ (data.weight[:, None] * centred), units)
    risk = events / total if total else 0.0
    found: dict[Term, Detectable] = {}
    for place, covariate in enumerate(read):
        for term, n, n_event, column in _terms(place, covariate, columns, data.event, data.weight):
            shared: dict[str, Any] = {"power": power, "alpha": alpha}
            if column is None or spread[column] == 0:
                reason = _why_none(term, len(data.time)) if column is None else _NOT_APART
                found[term] = Detectable("odds ratio", None, None, n, n_event, 0.0, reason=reason, **shared)
            elif term[1] is None:
                found[term] = _detect_number(risk * (1 - risk) * spread[column], n, n_event, **shared)
            else:
                own = float(data.weight @ x[:, column])
                rest = n - own
                kept = min(spread[column] * n / (own * rest), 1.0)
                found[term] = detectable_odds_ratio(own, rest, n_event, share_kept=kept, **shared)
    return found


def _detect_number(information: float, n: int, n_event: int, **shared: Any) -> Detectable:
    if n_event in (0, n):
        reason = Reason("everybody-had-event" if n_event else "no-events")
        return Detectable("odds ratio", None, None, n, n_event, 0.0, reason=reason, **shared)
    return detectable_ratio(information, measure="odds ratio", n=n, n_event=n_event, **shared)


def detectable_in_subgroups(
    time: ArrayLike,
    event: ArrayLike,
    group: Any,
    subgroup: Any,
    *,
    weight: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    strata: Any = None,
    power: float = POWER,
    alpha: float = ALPHA,
) -> Mapping[tuple[str, str], Detectable]:
    """The detectable hazard ratio of each group against the reference within each subgroup, from its patients alone.

    Parameters
    ----------
    time, event, group, subgroup, weight, entry, strata
        As for :func:`analytics.estimators.subgroup_effects`; the first group that has patients is the
        reference.
    power, alpha : float
        As for :func:`distance`.

    Returns
    -------
    mapping of (subgroup, group) to Detectable
        As :func:`detectable_hazard_ratios` gives it for the patients of the subgroup, in the order of the subgroups.
        Where the reference has no patients in a subgroup, the reason says so. Empty without patients.

    Raises
    ------
    ValueError
        As for :func:`~analytics.estimators.subgroup_effects`.
    """
    data = Observations.from_arrays(time, event, weight, entry)
    groups, parts = (Labels.from_values(name, of, data.kept) for name, of in (("group", group), ("subgroup", subgroup)))
    if not len(data.time):
        return {}
    blocks = parts.codes if strata is None else parts.codes + len(parts.names) * _codes(strata, data)
    width, reference = len(groups.names), int(groups.codes.min())
    cell = parts.codes * width + groups.codes
    size = len(parts.names) * width
    n, n_event = totals(cell, data.weight, size), totals(cell, data.weight * data.event, size)
    others = [code for code in range(width) if code != reference]
    x = (cell[:, None] == np.array([s * width + g for s in range(len(parts.names)) for g in others])).astype(np.float64)
    # Subgroups are strata, so that the columns of one have nothing to do with those of another.
    variance = _score_variance(data, x, blocks)
    found: dict[tuple[str, str], Detectable] = {}
    for part, name in enumerate(parts.names):
        base = part * width + reference
        own = slice(part * len(others), (part + 1) * len(others))
        partial = _partial(variance[own, own], [1.0] * len(others))
        for place, code in enumerate(others):
            at = part * width + code
            both = round(float(n[at] + n[base])), round(float(n_event[at] + n_event[base]))
            reason = None
            if not n[at] or not n[base]:
                reason = Reason.of("group-empty", group=groups.names[reference if n[at] else code])
            found[name, groups.names[code]] = (
                detectable_ratio(partial[place], n=both[0], n_event=both[1], power=power, alpha=alpha)
                if reason is None
                else Detectable("hazard ratio", None, None, *both, 0.0, power, alpha, reason)
            )
    return found


def _codes(strata: Any, data: Observations) -> NDArray[np.intp]:
    return Labels.from_values("strata", strata, data.kept).codes


def detectable_interaction(one: Detectable, other: Detectable) -> Detectable:
    """How many times as high as in one subgroup a ratio would have to be in another to be found by a test of interaction.

    The two subgroups have no patients in common, so that the variances of their log ratios add up. Refused, with the
    reason, where one of them is.

    Raises
    ------
    ValueError
        If the two differ in what they measure, their power or alpha.
    """
    if (one.measure, one.power, one.alpha) != (other.measure, other.power, other.alpha):
        raise ValueError("the two must be alike in measure, power and alpha to be set against each other.")
    measure, n, n_event = f"ratio of {one.measure}s", one.n + other.n, one.n_event + other.n_event
    reason = one.reason or other.reason
    if reason is not None:
        return Detectable(measure, None, None, n, n_event, 0.0, one.power, one.alpha, reason)
    information = 1 / (1 / one.information + 1 / other.information)
    return detectable_ratio(information, measure=measure, n=n, n_event=n_event, power=one.power, alpha=one.alpha)


def _why_none(term: Term, n_rows: int) -> Reason:
    """Why a level or a number has no column of its own."""
    if not n_rows:
        return NO_PATIENTS
    return Reason("one-value") if term[1] is None else NO_PATIENTS


def _columns(
    read: list[Covariate], weight: FloatArray
) -> tuple[dict[tuple[int, int | None], int], FloatArray, list[float]]:
    """The columns of the model, (rows, columns): each level but the first that has patients, and each number.

    The index says which column is what: the covariate's place and, of a level, its code. Numbers are standardised; last
    comes the unit of each column.
    """
    index: dict[tuple[int, int | None], int] = {}
    units: list[float] = []
    parts: list[FloatArray] = []
    for place, covariate in enumerate(read):
        if covariate.is_numeric:
            if len(np.unique(covariate.codes)) > 1:
                index[place, None] = len(parts)
                values, unit = standardised(covariate.values[covariate.codes], weight)
                parts.append(values)
                units.append(unit)
            continue
        for level in np.unique(covariate.codes).tolist()[1:]:
            index[place, level] = len(parts)
            parts.append((covariate.codes == level).astype(np.float64))
            units.append(1.0)
    return index, np.column_stack(parts) if parts else np.zeros((len(weight), 0)), units


def _terms(
    place: int,
    covariate: Covariate,
    columns: Mapping[tuple[int, int | None], int],
    event: FloatArray,
    weight: FloatArray,
) -> list[tuple[Term, int, int, int | None]]:
    """Per level but the reference its name, the patients and events compared, and its column; None where it has none."""
    if covariate.is_numeric:
        counts = round(float(weight.sum())), round(float(weight @ event))
        return [((covariate.name, None), *counts, columns.get((place, None)))]
    n = totals(covariate.codes, weight, len(covariate.levels))
    events = totals(covariate.codes, weight * event, len(covariate.levels))
    present = np.flatnonzero(n)
    reference = int(present[0]) if len(present) else 0
    return [
        (
            (covariate.name, level),
            round(float(n[code] + n[reference])) if n[code] else 0,
            round(float(events[code] + events[reference])) if n[code] else 0,
            columns.get((place, code)),
        )
        for code, level in enumerate(covariate.levels)
        if code != reference
    ]


def _score_variance(data: Observations, x: FloatArray, blocks: NDArray[np.intp]) -> FloatArray:
    """The variance of the score at no difference: over the event times of all strata the covariances at risk, added."""
    size = x.shape[1]
    if not size or not data.event.any():
        return np.zeros((size, size))
    distinct, rank = np.unique(data.time, return_inverse=True)
    span = len(distinct)
    key = blocks * span + rank
    rows, columns = np.triu_indices(size)
    sums = data.weight[:, None] * np.column_stack([np.ones(len(x)), x, x[:, rows] * x[:, columns]])
    moments, place = np.unique(key[data.event > 0], return_inverse=True)
    n_event = totals(place, data.weight[data.event > 0], len(moments))
    ends = (moments // span + 1) * span
    at_risk = _sums_between(key, sums, moments, ends)
    if data.entry is not None:
        # At risk in (entry, time]: whoever enters at an event time or later is not there yet.
        start = blocks * span + np.searchsorted(distinct, data.entry, side="right")
        at_risk = at_risk - _sums_between(start, sums, moments + 1, ends)
    n_risk, first, second = at_risk[:, 0], at_risk[:, 1 : 1 + size], at_risk[:, 1 + size :]
    mean = first / n_risk[:, None]
    covariance = second / n_risk[:, None] - mean[:, rows] * mean[:, columns]
    scale = n_event * (n_risk - n_event) / np.maximum(n_risk - 1, 1)
    variance = np.zeros((size, size))
    variance[rows, columns] = variance[columns, rows] = scale @ covariance
    return variance


def _sums_between(key: Any, amounts: FloatArray, low: Any, high: Any) -> FloatArray:
    """Per pair of limits the sum of the rows whose key is at least the lower and below the upper one."""
    order = np.argsort(key, kind="stable")
    sums = np.zeros((len(key) + 1, amounts.shape[1]))
    np.cumsum(amounts[order], axis=0, out=sums[1:])
    ordered = key[order]
    return np.asarray(sums[np.searchsorted(ordered, high)] - sums[np.searchsorted(ordered, low)])


def _partial(variance: FloatArray, units: list[float]) -> list[float]:
    """What is known of each coefficient, per unit, beside all others; exactly 0 where others, or a sum of them, are the same."""
    own = np.diag(variance).copy()
    found = np.zeros(len(own))
    varies = own > 1e-12 * max(float(own.max(initial=0.0)), 1e-300)
    known = np.flatnonzero(varies)
    scaled = variance[np.ix_(known, known)] / np.sqrt(np.outer(own[known], own[known]))
    for i in range(len(known)):
        rest = np.delete(np.arange(len(known)), i)
        toward = scaled[rest, i]
        shared = (
            float(toward @ np.linalg.lstsq(scaled[np.ix_(rest, rest)], toward, rcond=1e-10)[0]) if len(rest) else 0.0
        )
        found[known[i]] = own[known[i]] * (1 - shared) if 1 - shared > _LEAST_SHARE else 0.0
    return [float(value * unit**2) for value, unit in zip(found, units, strict=True)]
