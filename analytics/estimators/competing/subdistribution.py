"""Subdistribution hazard ratios by the model of Fine and Gray: covariates and the cumulative incidence of a cause.

A patient with a competing event stays in the risk set, with a weight that falls as censoring would have taken the
patient away. The weights are the Kaplan–Meier estimate of being uncensored; their own uncertainty is part of the
variance.

Sources
-------
Fine & Gray (1999), Journal of the American Statistical Association 94:496, doi:10.1080/01621459.1999.10474144: the
model, its weights and the variance.
Breslow (1974), Biometrics 30:89, doi:10.2307/2529620: events at one time.
Albert & Anderson (1984), Biometrika 71:1, doi:10.1093/biomet/71.1.1; Bryson & Johnson (1981), Technometrics 23:381:
likelihoods without a maximum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analytics.estimators.competing.subdistribution_likelihood import (
    SubdistributionLikelihood,
    Subjects,
    WeightedRiskSets,
    WeightedValues,
)
from analytics.estimators.design import (
    Design,
    IntArray,
    check_covariates,
    read_covariates,
)
from analytics.estimators.intervals import normal_quantile
from analytics.estimators.newton import Search, inverse_of, maximise
from analytics.estimators.observations import NO_PATIENTS, CompetingObservations, Labels, check_cause
from analytics.estimators.regression.binomial_likelihood import columns_making_up, independent_columns
from analytics.estimators.regression.result import (
    NEGLIGIBLE,
    NOT_CONVERGED,
    Findings,
    infinite_reason,
    leave_out_collinear,
    note_separation,
    solve_with_covariance,
    test_by_wald,
    write_up_hazard_ratios,
)
from analytics.results import FloatArray, HazardRatioResult, Note, Reason

MEASURE = "subdistribution hazard ratio"
_MONOTONE = Reason("monotone-extreme")

# Beside a value far from all others, rounding is all there is to gain before the steps are short.
_SEARCH = Search(rounded=1e-4, halvings=60)
# A share of a column's variance this small is rounding; so is such a share of the range of a linear predictor.
_LEVEL = 1e-6
# Without a maximum, the likelihood gains next to nothing while the linear predictor still moves by about 1 a step.
_LITTLE_GAIN = 1e-9
_LONG_STEP = 0.1
# Coefficients that change by less than this share of the largest change may be on the way to a finite estimate.
_MINOR = 1e-3


def estimate_subdistribution_hazard_ratios(
    time: ArrayLike,
    cause: ArrayLike,
    covariates: pd.DataFrame,
    *,
    of: int = 1,
    weight: ArrayLike | None = None,
    censoring_group: Any = None,
    conf_level: float = 0.95,
) -> HazardRatioResult:
    """Subdistribution hazard ratios of one Fine–Gray model with all ``covariates``.

    A ratio above 1 goes with a higher cumulative incidence of the cause. Its size is that of an effect on the incidence,
    not on the rate of the cause among those still free of every cause.

    Parameters
    ----------
    time : array of shape (rows,)
        Time from the origin to the first event or the end of follow-up, finite and >= 0; months in this product.
    cause : array of shape (rows,)
        0 where follow-up ended without an event, otherwise the number of the cause (1, 2, …) that came first.
    covariates : DataFrame with one row per time
        Categorical columns are compared with their first category; text is categorical in sorted order, true/false
        compares True with False, and the ratio of a number is per unit.
    of : int
        The number of the cause whose cumulative incidence is modelled.
    weight : array of shape (rows,), optional
        How many patients share the row, a whole number; the result equals that of the repeated rows. Default 1.
    censoring_group : array of shape (rows,), optional
        Groups that differ in when follow-up ends: the weights are estimated within each. By default, censoring is
        taken to be the same for all.
    conf_level : float
        Level of the intervals estimate ± z SE on the log scale, between 0 and 1.

    Returns
    -------
    HazardRatioResult
        With ``method`` "fine-gray", ``ties`` "breslow" and ``std_error_type`` "robust". Terms are in the order of the
        columns and their categories. A category without patients, a column that others make up, one about which no
        event tells anything, and a coefficient without finite estimate keep their rows and give a reason; so does every
        row without patients or events of the cause. ``n_event`` counts events of the cause. ``tests`` are Wald tests of
        whole covariates with the same variance. ``log_likelihood`` is the logarithm of the weighted partial likelihood;
        where it has no maximum, the limit that it approaches.

    Raises
    ------
    ValueError
        If an argument is not as described; the message says which values, where, and what to do.
    TypeError
        If ``covariates`` is no DataFrame or a column is of a kind that cannot be used.

    Notes
    -----
    Codes of notes: "separation", "collinear", "uninformative", "reference-empty", "single-level",
    "events-per-parameter".

    With G the Kaplan–Meier estimate of being uncensored (censorings at a time come after its events), a patient with a
    competing event at X counts with weight G(t-) / G(X-) in the risk sets at t > X. As in ``crr`` of R's cmprsk package,
    G(t-) is G(0) at time 0, so that patients without follow-up do not count as followed, and 0 after the last time of
    the censoring group. Tied events are handled as by Breslow (1974). The variance I^-1 M I^-1 has the inverse
    information I^-1 and the sum M of squared contributions of the patients: to the score, and by way of G (Fine & Gray
    1999). With censoring groups, what a group's G contributes is summed, as in ``crr``, over the
    events of that group; over all events it would differ in the third or fourth digit of the standard error.
    """
    check_cause(of)
    normal_quantile(conf_level)
    sample = CompetingObservations.from_arrays(time, cause, weight)
    kept = sample.data.kept
    check_covariates(covariates, len(kept), "time")
    read = read_covariates(covariates, np.flatnonzero(kept))
    groups = np.zeros(len(sample.cause), dtype=np.intp)
    if censoring_group is not None:
        groups = Labels.from_values("censoring_group", censoring_group, kept).codes
    design = Design(read, (sample.cause == of).astype(np.float64), sample.data.weight, measure=MEASURE, intercept=False)
    return _write_up(design, Subjects.from_sample(sample, of, groups, design), conf_level)


@dataclass(frozen=True, slots=True)
class _Maximum:
    """Where the search ended; ``direction`` is set where the likelihood still rises along it without end."""

    beta: FloatArray
    value: WeightedValues
    converged: bool
    direction: FloatArray | None


def _maximise(likelihood: SubdistributionLikelihood, may_be_endless: bool = True) -> _Maximum:
    """The maximum from 0, or a direction in which there is none.

    Where long steps gain next to nothing, it is asked whether they never will: one patient far from all others may
    leave a flat stretch before the maximum.
    """
    directions: list[FloatArray] = []

    def is_endless(beta: FloatArray, step: FloatArray, gain: float, before: float) -> bool:
        is_flat = gain < _LITTLE_GAIN and float(np.abs(likelihood.x @ step).max()) > _LONG_STEP
        if is_flat and _split(likelihood, step) is not None:
            directions.append(step)
        return bool(directions)

    size = likelihood.size
    search = replace(_SEARCH, is_endless=is_endless if may_be_endless else None)
    found = maximise(likelihood, np.zeros((1, size)), np.ones((1, size), dtype=bool), search)
    beta = found.beta[0]
    converged = not size or bool(found.converged[0])
    return _Maximum(beta, likelihood.at(beta), converged, directions[0] if directions else None)


def _levels(sets: Sequence[WeightedRiskSets], predictor: FloatArray, size: FloatArray) -> list[IntArray] | None:
    """The rows that are still compared when a predictor outweighs all else; None if it contradicts an event.

    If at every event the patient has the largest predictor of the risk set, the likelihood rises without end along it.
    In the limit, patients are compared with those of the same predictor alone. ``size`` is what a row's predictor is the
    sum of, without signs: its rounding is a share of it.
    """
    slack = _slack(predictor, size)
    found = []
    for risk in sets:
        own = predictor[risk.rows]
        largest = risk.largest(own)
        wide = slack[risk.rows]
        if (own[risk.is_event] < largest[risk.seen[risk.is_event] - 1] - wide[risk.is_event]).any():
            return None
        order = np.argsort(own, kind="stable")
        level = np.zeros(len(own), dtype=np.intp)
        level[order] = np.concatenate(
            [[0], np.cumsum(np.diff(own[order]) > np.maximum(wide[order][1:], wide[order][:-1]))]
        )
        has_event = np.unique(level[risk.is_event])
        found += [risk.rows[level == one] for one in has_event]
    return found


def _split(likelihood: SubdistributionLikelihood, direction: FloatArray) -> list[IntArray] | None:
    """The rows still compared in the limit along a direction, or along its main part; None if nothing is split by it."""
    main = np.where(np.abs(direction) <= _MINOR * np.abs(direction).max(), 0.0, direction)
    before = sum(len(risk.rows) for risk in likelihood.sets)
    for tried in (direction, main):
        predictor, size = likelihood.x @ tried, np.abs(likelihood.x) @ np.abs(tried)
        found = _levels(likelihood.sets, predictor, size)
        if found is not None and (len(found) > len(likelihood.sets) or sum(map(len, found)) < before):
            return found
    return None


def _slack(predictor: FloatArray, size: FloatArray) -> FloatArray:
    """How far apart rows have to be to differ in a predictor: by a share of the distances that most of them have."""
    away = np.abs(predictor - np.median(predictor)) if len(predictor) else predictor
    rounding = 1e-12 * size
    differs = away > rounding
    usual = 10.0 * float(np.median(away[differs])) if differs.any() else 0.0
    return np.asarray(_LEVEL * min(usual, float(np.ptp(predictor))) + rounding) if len(predictor) else predictor


def _informative(information: FloatArray, spread: FloatArray) -> list[int]:
    """Columns, taken in order, about which the events tell something beside the earlier ones."""
    kept: list[int] = []
    for column in range(len(spread)):
        left = information[column, column]
        if kept:
            cross = information[kept, column]
            left = left - cross @ np.linalg.solve(information[np.ix_(kept, kept)], cross)
        if spread[column] > 0 and left > NEGLIGIBLE * spread[column]:
            kept.append(column)
    return kept


def _write_up(design: Design, subjects: Subjects, conf_level: float) -> HazardRatioResult:
    """The fit of a design and its result."""
    found = Findings("fine-gray", "wald", conf_level, std_error_type="robust", test_type="robust Wald")

    def without_estimates(reason: Reason) -> HazardRatioResult:
        return write_up_hazard_ratios(design, replace(found, reason=reason), "breslow")

    if not design.n or not design.n_event:
        return without_estimates(Reason("no-events-of-cause") if design.n else NO_PATIENTS)
    # With a constant, as in any model in which only those at risk together are compared.
    base = np.column_stack([np.ones(len(design.matrix)), design.matrix])
    independent = independent_columns(base)
    reasons = leave_out_collinear(
        design,
        [i - 1 for i in independent],
        lambda index: [i - 1 for i in columns_making_up(base, index + 1, independent) if i > 0],
    )
    columns = [i for i in range(len(design.columns)) if i not in reasons]
    sets = [WeightedRiskSets.from_subjects(subjects, np.arange(len(subjects.place)))]

    def reduced(among: Sequence[int]) -> list[int]:
        wanted = list(among)
        start = SubdistributionLikelihood(subjects, tuple(sets), subjects.x[:, wanted])
        value = start.at(np.zeros(len(wanted)))
        return [wanted[i] for i in _informative(value.information, start.squares(value))]

    whole = reduced(columns)
    for index in set(columns) - set(whole):
        column = design.columns[index]
        reasons[index] = Reason("uninformative")
        design.notes.append(Note.of("uninformative", "caution", name=column and column.name, measure=MEASURE))
    told: list[Reason] = []
    for cell in design.cells:
        # A level without events: the less its hazard, the better.
        predictor = -cell.mask[subjects.pattern].astype(np.float64)
        if cell.n_event or not _is_made_up(subjects.x[:, whole], predictor):
            continue
        if (blocks := _levels(sets, predictor, np.abs(predictor))) is not None:
            told.append(Reason.of("level-without-event", n=round(cell.n), name=cell.name))
            sets = [WeightedRiskSets.from_subjects(subjects, rows) for rows in blocks]
    in_use = reduced(whole)
    while True:
        likelihood = SubdistributionLikelihood(subjects, tuple(sets), subjects.x[:, in_use])
        maximum = _maximise(likelihood)
        if maximum.direction is None:
            break
        escaped = _split(likelihood, maximum.direction)
        assert escaped is not None
        sets = [WeightedRiskSets.from_subjects(subjects, rows) for rows in escaped]
        in_use = reduced(in_use)
    if not maximum.converged:
        return without_estimates(design.why(NOT_CONVERGED))
    infinite = _infinite(subjects, sets, whole)
    if infinite:
        _note_separation(design, infinite, told)
        reasons.update({index: infinite_reason(design, index, _MONOTONE) for index in infinite})
        # The finite coefficients first, so that none of them is given up for one without estimate.
        in_use = reduced([i for i in whole if i not in infinite] + infinite)
        likelihood = SubdistributionLikelihood(subjects, tuple(sets), subjects.x[:, in_use])
        maximum = _maximise(likelihood, may_be_endless=False)
        if not maximum.converged:
            return without_estimates(design.why(NOT_CONVERGED))
    for index in set(whole) - set(in_use) - set(reasons):
        reasons[index] = design.why(Reason("uninformative"))
    contributions = likelihood.contributions(maximum.value)
    inverse = inverse_of(maximum.value.information)
    if not np.isfinite(inverse).all():
        return without_estimates(design.why(NOT_CONVERGED))
    middle = (contributions * subjects.weight[:, None]).T @ contributions
    variance = inverse @ middle @ inverse.T
    is_known = np.diag(variance) > NEGLIGIBLE * np.diag(inverse)
    known_variance = np.where(is_known, variance, 0.0)
    found = replace(
        found,
        columns=in_use,
        solution=solve_with_covariance(maximum.beta, variance, is_known, conf_level, maximum.value.log_likelihood),
        tests=[
            test_by_wald(design, i, in_use, maximum.beta, known_variance, reasons)
            for i in range(len(design.covariates))
        ],
        reasons=reasons,
        rank=len(whole),
        log_likelihood=maximum.value.log_likelihood,
    )
    return write_up_hazard_ratios(design, found, "breslow")


def _is_made_up(x: FloatArray, predictor: FloatArray) -> bool:
    """True if a predictor is a combination of the columns and a constant."""
    base = np.column_stack([np.ones(len(x)), x])
    solution = np.linalg.lstsq(base, predictor, rcond=None)[0]
    return bool(np.abs(base @ solution - predictor).max(initial=0.0) < 1e-8)


def _infinite(subjects: Subjects, sets: Sequence[WeightedRiskSets], columns: list[int]) -> list[int]:
    """The columns whose coefficients have no finite estimate: those that the limit leaves undetermined."""
    if not columns:
        return []
    information = (
        SubdistributionLikelihood(subjects, tuple(sets), subjects.x[:, columns]).at(np.zeros(len(columns))).information
    )
    # Of a number, most rows lie within a few units.
    scale = np.minimum(np.std(subjects.x[:, columns], axis=0), 1.0)
    values, vectors = np.linalg.eigh(information / np.outer(scale, scale))
    total = float(sum(risk.n_event.sum() for risk in sets))
    free = vectors[:, values <= NEGLIGIBLE * total]
    return [column for column, row in zip(columns, free, strict=True) if np.abs(row).max(initial=0.0) > 1e-6]


def _note_separation(design: Design, infinite: Sequence[int], told: Sequence[Reason]) -> None:
    code = "at-extreme-of-several" if len(infinite) > 1 else "at-extreme"
    found = tuple(told) or (Reason.of(code, names=design.names_of(infinite)),)
    note_separation(design, found, "subdistribution")
