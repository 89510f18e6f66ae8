"""The risk of one patient by given times: by a Cox model, and by Fine and Gray's with competing events.

Sources
-------
Breslow (1972), Journal of the Royal Statistical Society B 34:216, doi:10.1111/j.2517-6161.1972.tb00900.x: the baseline hazard.
Tsiatis (1981), Annals of Statistics 9:93, doi:10.1214/aos/1176345335: the variance of a predicted cumulative hazard.
Fine & Gray (1999), Journal of the American Statistical Association 94:496, doi:10.1080/01621459.1999.10474144.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analytics.estimators.competing.subdistribution import estimate_subdistribution_hazard_ratios
from analytics.estimators.competing.subdistribution_likelihood import Subjects, WeightedRiskSets
from analytics.estimators.design import Design, check_covariates, read_covariates
from analytics.estimators.intervals import normal_quantile
from analytics.estimators.observations import CompetingObservations, Observations, time_tolerance
from analytics.estimators.regression.cox import fit_plainly
from analytics.estimators.regression.cox_sample import CoxSample
from analytics.estimators.regression.predicted_risk import find_outside, place_patient
from analytics.results import Estimate, FloatArray, Interval, Reason, RiskOverTime

NO_EVENTS = Reason("no-events")


def predict_hazard_risk(
    time: ArrayLike,
    event: ArrayLike,
    covariates: pd.DataFrame,
    one: Mapping[str, str | float],
    times: Sequence[float],
    *,
    weight: ArrayLike | None = None,
    conf_level: float = 0.95,
) -> RiskOverTime:
    """The probability of the event by given times for one patient, by a Cox model with Efron's ties.

    Parameters
    ----------
    time, event, covariates, weight
        As for :func:`~analytics.estimators.estimate_hazard_ratios`.
    one
        The patient's level or number for each covariate.
    times
        In the unit of ``time``, each above 0.
    conf_level : float
        Between 0 and 1.

    Returns
    -------
    RiskOverTime
        1 - exp(-H), where H is the cumulative hazard of the patient: Breslow's, with tied events as Efron counts them (as
        ``survfit(coxph(...))`` of R), and log-log limits from its variance (Tsiatis 1981), which counts that the coefficients
        are estimated. ``n`` of each estimate are those still followed then; past the last time there is a reason instead. So
        there is where the model, or a risk of such a patient, does not exist: see :func:`~analytics.estimators.predict_risk`;
        and where a hazard ratio is infinite.

    Raises
    ------
    ValueError, TypeError
        As that function.
    """
    z = normal_quantile(conf_level)
    data = Observations.from_arrays(time, event, weight, None)
    sample = CoxSample.from_arrays(time, event, covariates, weight=weight)
    kept = covariates.iloc[np.flatnonzero(data.kept)]
    design = sample.design
    fit = fit_plainly(sample, "efron")
    reason = fit.reason or find_outside(kept, one)
    n, n_event, size = int(design.n), int(design.n_event), len(fit.columns)
    if reason is not None:
        return _without(reason, "cox", times, n, n_event, size)
    beta = np.atleast_2d(fit.optimum.beta)[-1]
    x = design.matrix[:, fit.columns] - place_patient(design, kept, one)[fit.columns]
    covariance = np.linalg.inv(fit.optimum.values.information.reshape(size, size)) if size else np.zeros((0, 0))
    rows = sample.rows
    steps = _efron_steps(rows.time, rows.event, rows.n, x[rows.pattern], beta)
    found = []
    slack = time_tolerance(rows.time)
    for at in times:
        followed = int(rows.n[rows.time >= at - slack].sum())
        moved = steps[0] <= at + slack
        events = int(rows.n[(rows.event > 0) & (rows.time <= at + slack)].sum())
        if not followed:
            ended = Reason.of("follow-up-ended", months=float(rows.time.max()))
            found.append(Estimate(None, n=0, n_event=events, reason=ended))
            continue
        hazard, own = float(steps[1][moved].sum()), float(steps[2][moved].sum())
        spread = steps[3][moved].sum(axis=0)
        std_error = math.sqrt(own + float(spread @ covariance @ spread))
        survival = math.exp(-hazard)
        interval = None
        if hazard > 0:
            width = math.exp(z * std_error / hazard)
            low, high = 1.0 - survival ** (1.0 / width), 1.0 - survival**width
            interval = Interval(low, high, conf_level, "log-log")
        found.append(Estimate(1.0 - survival, interval, followed, events, std_error=survival * std_error))
    return RiskOverTime("cox", tuple(times), tuple(found), n, n_event, size)


def _efron_steps(
    time: FloatArray, event: FloatArray, n: FloatArray, x: FloatArray, beta: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """The times of events, and at each the step of the cumulative hazard of a patient at x = 0, of its variance with known
    coefficients, and of its derivative by them."""
    order = np.argsort(-time, kind="stable")
    time, event, n, x = time[order], event[order], n[order], x[order]
    amount = n * np.exp(x @ beta)
    sums = np.cumsum(np.column_stack([amount, amount[:, None] * x]), axis=0)
    moments = np.unique(time[event > 0])
    hazard, own, spread = np.zeros(len(moments)), np.zeros(len(moments)), np.zeros((len(moments), x.shape[1]))
    for i, moment in enumerate(moments):
        at_risk = sums[np.searchsorted(-time, -moment, side="right") - 1]
        tied = (time == moment) & (event > 0)
        among = np.concatenate([[amount[tied].sum()], amount[tied] @ x[tied]])
        d = int(n[tied].sum())
        left = at_risk - np.arange(d)[:, None] / d * among
        hazard[i], own[i] = (1.0 / left[:, 0]).sum(), (1.0 / left[:, 0] ** 2).sum()
        spread[i] = (left[:, 1:] / left[:, :1] ** 2).sum(axis=0)
    return moments, hazard, own, spread


def predict_incidence(
    time: ArrayLike,
    cause: ArrayLike,
    covariates: pd.DataFrame,
    one: Mapping[str, str | float],
    times: Sequence[float],
    *,
    of: int = 1,
    weight: ArrayLike | None = None,
) -> RiskOverTime:
    """The cumulative incidence of a cause by given times for one patient, by Fine and Gray's model.

    Parameters
    ----------
    time, cause, covariates, of, weight
        As for :func:`~analytics.estimators.estimate_subdistribution_hazard_ratios`.
    one, times
        As for :func:`predict_hazard_risk`.

    Returns
    -------
    RiskOverTime
        1 - exp(-H) with Breslow's cumulative subdistribution hazard, as ``predict`` of R's cmprsk; without intervals, for which
        there is no reference there.

    Raises
    ------
    ValueError, TypeError
        As :func:`~analytics.estimators.estimate_subdistribution_hazard_ratios`.
    """
    model = estimate_subdistribution_hazard_ratios(time, cause, covariates, of=of, weight=weight)
    sample = CompetingObservations.from_arrays(time, cause, weight)
    kept = sample.data.kept
    check_covariates(covariates, len(kept), "time")
    frame = covariates.iloc[np.flatnonzero(kept)]
    read = read_covariates(covariates, np.flatnonzero(kept))
    design = Design(
        read, (sample.cause == of).astype(np.float64), sample.data.weight, measure=model.measure, intercept=False
    )
    reason = model.reason or find_outside(frame, one)
    beta = np.zeros(len(design.columns))
    ratios = {(term.variable, term.level): term.ratio for term in model.terms}
    for index, column in enumerate(design.columns):
        assert column is not None
        ratio = ratios[column.name.variable, column.name.level]
        if ratio.value is None or not ratio.value > 0:
            reason = reason or ratio.reason or NO_EVENTS
            continue
        beta[index] = math.log(ratio.value) * column.scale
    size = len(design.columns)
    if reason is not None:
        return _without(reason, "fine-gray", times, model.n, model.n_event, size)
    subjects = Subjects.from_sample(sample, of, np.zeros(len(sample.cause), dtype=np.intp), design)
    risk = WeightedRiskSets.from_subjects(subjects, np.arange(len(subjects.place)))
    amount = subjects.weight * np.exp((subjects.x - place_patient(design, frame, one)) @ beta)
    hazard = risk.n_event / risk.sums(amount[:, None])[:, 0]
    moments = subjects.grid[risk.moment]
    slack, when = time_tolerance(subjects.grid), subjects.grid[subjects.place]
    found = []
    for at in times:
        followed = int(subjects.weight[when >= at - slack].sum())
        events = int(risk.n_event[moments <= at + slack].sum())
        if not followed:
            ended = Reason.of("follow-up-ended", months=float(subjects.grid.max()))
            found.append(Estimate(None, n=0, n_event=events, reason=ended))
            continue
        incidence = -math.expm1(-float(hazard[moments <= at + slack].sum()))
        found.append(Estimate(incidence, None, followed, events))
    return RiskOverTime("fine-gray", tuple(times), tuple(found), model.n, model.n_event, size)


def _without(reason: Reason, method: str, times: Sequence[float], n: int, n_event: int, size: int) -> RiskOverTime:
    nothing = tuple(Estimate(None, n=n, n_event=n_event, reason=reason) for _ in times)
    return RiskOverTime(method, tuple(times), nothing, n, n_event, size)
