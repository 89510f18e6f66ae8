"""Odds ratios of an event by a horizon, from logistic regression in which children not followed that long are weighted for.

Whether the event came by the horizon is not known of who was last seen before it. To drop these patients would keep the
early events and lose the late event-free, so that the event looks too frequent. Instead, each patient whose outcome is
known counts with the inverse of the probability that it could be known: one over the Kaplan–Meier estimate of still being
under observation just before the event, or before the horizon. Another event before the horizon means that the event of
interest had not come by then.

Sources
-------
Blanche, Holt & Scheike (2023), Lifetime Data Analysis 29:441, doi:10.1007/s10985-022-09564-6: the weighted score (their
"IPCW-GLM") and its variance, in which the weights were estimated.
Scheike, Zhang & Gerds (2008), Biometrika 95:205, doi:10.1093/biomet/asm096: inverse probability of censoring weights with
competing risks.
Robins & Rotnitzky (1992), in AIDS Epidemiology: Methodological Issues, 297: such weights.
Albert & Anderson (1984), Biometrika 71:1, doi:10.1093/biomet/71.1.1: separation.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import expit

from analytics.estimators.design import (
    BoolArray,
    Design,
    check_covariates,
    ratio_of,
    read_covariates,
    totals,
)
from analytics.estimators.intervals import normal_quantile
from analytics.estimators.observations import CompetingObservations, check_cause
from analytics.estimators.regression.binomial_likelihood import (
    BinomialLikelihood,
    columns_making_up,
    independent_columns,
)
from analytics.estimators.regression.logistic import (
    SEPARATED,
    fit_patterns,
    infinite_columns,
    list_separated,
    nothing_to_fit,
)
from analytics.estimators.regression.result import (
    NEGLIGIBLE,
    NOT_CONVERGED,
    Findings,
    fit_each,
    infinite_reason,
    leave_out_collinear,
    note_separation,
    solve_with_covariance,
    test_by_wald,
    write_up_odds_ratios,
)
from analytics.results import FloatArray, OddsRatioResult, Reason, Result, TermTest, read_only


@dataclass(frozen=True, slots=True)
class KnownByHorizon(Result):
    """Of each patient, in the order given, what is known of the event by a horizon.

    ``outcome`` is 1 where it came by then and 0 where it had not, NaN where the patient was last seen before; there
    ``weight`` is 0, elsewhere the inverse probability of censoring weight. ``n_unknown`` counts these patients.
    """

    outcome: FloatArray
    weight: FloatArray
    n_unknown: int

    no_rule: ClassVar[str] = "the patients themselves with their weights, before anything is estimated"


def weigh_for_censoring(
    time: ArrayLike, cause: ArrayLike, *, horizon: float, of: int = 1, weight: ArrayLike | None = None
) -> KnownByHorizon:
    """Outcome by a horizon and inverse probability of censoring weights.

    Parameters
    ----------
    time : array of shape (rows,)
        Time to the first event or the end of follow-up, finite and >= 0, in the unit of ``horizon``.
    cause : array of shape (rows,)
        0 where follow-up ended without an event, otherwise the number of the cause (1, 2, …) that came first.
    horizon : float
        Above 0. Who had an event at the horizon had it by then; who was last seen at it is known not to have had any.
    of : int
        The number of the cause that is the outcome; every other cause means that it had not come.
    weight : array of shape (rows,), optional
        How many patients share the row, a whole number. Default 1.

    Returns
    -------
    KnownByHorizon
        With weights 1 / G(min(time, horizon)-), G being the Kaplan–Meier estimate of being under observation, in which
        censorings at a time come after its events. So the weights of all patients add up to their number, and the
        weighted share with the event is the Aalen–Johansen estimate at the horizon. Rows with a ``weight`` of 0 have a
        NaN outcome and weight 0.

    Raises
    ------
    ValueError
        If an argument is not as described; the message says which values, where, and what to do.
    """
    _check_horizon(horizon)
    check_cause(of)
    sample = CompetingObservations.from_arrays(time, cause, weight)
    inner = _Sample.read(sample, horizon, of)
    outcome, weights = np.full(len(sample.data.kept), np.nan), np.zeros(len(sample.data.kept))
    kept = np.flatnonzero(sample.data.kept)
    outcome[kept[inner.is_known]] = inner.outcome[inner.is_known]
    weights[kept] = inner.weight
    return KnownByHorizon(read_only(outcome), read_only(weights), int(inner.n[~inner.is_known].sum()))


def estimate_odds_ratios_by_horizon(
    time: ArrayLike,
    cause: ArrayLike,
    covariates: pd.DataFrame,
    *,
    horizon: float,
    of: int = 1,
    weight: ArrayLike | None = None,
    conf_level: float = 0.95,
) -> OddsRatioResult:
    """Odds ratios of an event by a horizon, of one logistic model with all ``covariates``, weighted for censoring.

    Parameters
    ----------
    time, cause, horizon, of, weight
        As for :func:`weigh_for_censoring`.
    covariates : DataFrame with one row per time
        As for :func:`~analytics.estimators.estimate_odds_ratios`. Rows of patients last seen before the horizon
        are not read; their covariates may be missing.
    conf_level : float
        Level of the intervals estimate ± z SE on the log scale, between 0 and 1.

    Returns
    -------
    OddsRatioResult
        With ``method`` "ipcw", ``std_error_type`` "robust" and ``test_type`` "robust Wald". ``n`` and ``n_event``, also of
        levels, count the patients whose outcome by the horizon is known. The score of the coefficients b is
        sum_i w_i x_i (y_i - p_i(b)), and the variance is that of its patients' contributions, to the score and by way of
        the estimated weights (Blanche et al. 2023, section 3):

            w_i x_i (y_i - p_i) + sum_u h(u) / Y(u) dM_i(u),

        where M_i is patient i's martingale of censoring, Y(u) the number at risk of it at u, and h(u) the sum of
        w_j x_j (y_j - p_j) over those with min(time, horizon) after u. Coefficients without finite estimate (separation),
        a category without patients and a column that others make up keep their rows and give a reason. Without censoring
        before the horizon the odds ratios are those of maximum likelihood. ``log_likelihood`` is None.

    Raises
    ------
    ValueError
        If an argument is not as described; the message says which values, where, and what to do.
    TypeError
        If ``covariates`` is no DataFrame or a column is of a kind that cannot be used.

    Notes
    -----
    Censoring is taken to have nothing to do with the covariates or the events to come. Codes of notes: "separation",
    "collinear", "reference-empty", "single-level", "events-per-parameter".
    """
    _check_horizon(horizon)
    check_cause(of)
    normal_quantile(conf_level)
    sample = CompetingObservations.from_arrays(time, cause, weight)
    check_covariates(covariates, len(sample.data.kept), "time")
    inner = _Sample.read(sample, horizon, of)
    known = inner.is_known
    read = read_covariates(covariates, np.flatnonzero(sample.data.kept)[known])
    design = Design(read, inner.outcome[known], inner.n[known])
    return _write_up(design, inner, conf_level)


def estimate_univariable_odds_ratios_by_horizon(
    time: ArrayLike,
    cause: ArrayLike,
    covariates: pd.DataFrame,
    *,
    horizon: float,
    of: int = 1,
    weight: ArrayLike | None = None,
    conf_level: float = 0.95,
) -> tuple[OddsRatioResult, ...]:
    """Odds ratios of one model per covariate, in the order of the columns, weighted for censoring.

    Each model uses the patients whose own covariate is known, and takes its weights from these; the others are counted in
    a note with the code "missing-excluded". All else is as for :func:`estimate_odds_ratios_by_horizon`.
    """
    check_covariates(covariates, np.size(time), "time")
    times, causes = np.asarray(time), np.asarray(cause)
    counts = np.ones(len(times)) if weight is None else np.asarray(weight, dtype=np.float64)

    def fit(known: BoolArray, covariate: pd.DataFrame) -> OddsRatioResult:
        return estimate_odds_ratios_by_horizon(
            times[known],
            causes[known],
            covariate[known],
            horizon=horizon,
            of=of,
            weight=counts[known],
            conf_level=conf_level,
        )

    return fit_each(covariates, counts, fit)


def _check_horizon(horizon: float) -> None:
    if not (math.isfinite(horizon) and horizon > 0):
        raise ValueError(f"horizon must be a time above 0, in the unit of time: it is {horizon}.")


@dataclass(frozen=True, slots=True)
class _Sample:
    """Patients in rows: ``n`` of them each, and where they stand among the moments at which somebody was censored.

    ``weight`` is the inverse probability of censoring weight, 0 where the outcome is not known. ``censored_at`` is the place
    of a row's censoring before the horizon among the ascending ``moments``, -1 without one; ``n_before`` is the number of
    moments before min(time, horizon), and ``n_at_risk`` that of moments at which the row is at risk of being censored.
    """

    n: FloatArray
    outcome: FloatArray
    is_known: BoolArray
    weight: FloatArray
    censored_at: np.ndarray
    n_before: np.ndarray
    n_at_risk: np.ndarray
    hazard: FloatArray
    at_risk: FloatArray

    @classmethod
    def read(cls, sample: CompetingObservations, horizon: float, of: int) -> _Sample:
        """From checked times and causes."""
        time, cause, n = sample.data.time, sample.cause, sample.data.weight
        is_known = (cause > 0) | (time >= horizon)
        outcome = ((cause == of) & (time <= horizon)).astype(np.float64)
        moments, place = np.unique(time[~is_known], return_inverse=True)
        censored = totals(place.reshape(-1).astype(np.intp), n[~is_known], len(moments))
        # At a moment those are at risk of being censored who are under observation and do not have an event then.
        is_event = cause > 0
        n_at_risk = np.where(
            is_event, np.searchsorted(moments, time, side="left"), np.searchsorted(moments, time, side="right")
        )
        ends = totals(n_at_risk.astype(np.intp), n, len(moments) + 1)
        at_risk = (ends.sum() - np.cumsum(ends))[: len(moments)]
        hazard = censored / at_risk if len(moments) else censored
        free = np.concatenate([[1.0], np.cumprod(1.0 - hazard)])
        n_before = np.searchsorted(moments, np.minimum(time, horizon), side="left")
        weight = np.where(is_known, 1.0 / np.where(is_known, free[n_before], 1.0), 0.0)
        censored_at = np.full(len(time), -1, dtype=np.intp)
        censored_at[~is_known] = place.reshape(-1)
        return cls(n, outcome, is_known, weight, censored_at, n_before, n_at_risk, hazard, at_risk)

    @property
    def is_unbounded(self) -> bool:
        """True if everybody left was censored at once before the horizon: nobody stands for these patients."""
        return bool((self.hazard >= 1.0).any())

    def contributions(self, direct: FloatArray) -> FloatArray:
        """What each patient of a row adds to a weighted sum, directly and by way of the weights (rows, columns).

        ``direct`` is what a patient adds with the weights as they are, 0 without a known outcome.
        """
        moments, columns = len(self.hazard), direct.shape[1]
        own = direct.copy()
        if not moments:
            return own
        # Summed over those with an outcome after each moment: their weights hold that moment's factor.
        amount = np.zeros((moments + 1, columns))
        np.add.at(amount, self.n_before, direct * self.n[:, None])
        later = amount.sum(axis=0) - np.cumsum(amount, axis=0)[:moments]
        effect = later / self.at_risk[:, None]
        until = np.vstack([np.zeros((1, columns)), np.cumsum(effect * self.hazard[:, None], axis=0)])
        own -= until[self.n_at_risk]
        is_censored = self.censored_at >= 0
        own[is_censored] += effect[self.censored_at[is_censored]]
        return own


def _write_up(design: Design, sample: _Sample, conf_level: float) -> OddsRatioResult:
    """The fit of a design, whose rows are the patients with a known outcome, and its result."""
    found = Findings("ipcw", "wald", conf_level, std_error_type="robust", test_type="robust Wald")
    reason = nothing_to_fit(design.n, design.n_event)
    if design.n and sample.is_unbounded:
        reason = Reason("all-lost-before-horizon")
    if reason:
        return write_up_odds_ratios(design, replace(found, reason=reason))
    patterns, known, matrix = design.patterns, sample.is_known, design.matrix
    carried = sample.weight[known] * sample.n[known]
    n = totals(patterns.of_row, carried, len(patterns.n))
    y = totals(patterns.of_row, carried * sample.outcome[known], len(patterns.n))
    kept = independent_columns(matrix)
    reasons = leave_out_collinear(design, kept, lambda index: columns_making_up(matrix, index, kept))
    fit = fit_patterns(matrix[:, kept], n, y, design.masks(), "ml")
    columns, optimum, overlap = kept, fit.optimum, np.ones(len(n), dtype=bool)
    if fit.separated.any():
        infinite = infinite_columns(fit, kept)
        note_separation(design, list_separated(design, infinite, fit.separated), "weighted")
        reasons.update({index: infinite_reason(design, index, SEPARATED) for index in infinite})
        # In the limit, the patterns that are told apart say nothing about the other coefficients.
        overlap = ~fit.separated
        columns = [kept[i] for i in independent_columns(matrix[overlap][:, kept])] if overlap.any() else []
        if columns:
            no_cells = np.zeros((0, int(overlap.sum())), bool)
            optimum = fit_patterns(matrix[overlap][:, columns], n[overlap], y[overlap], no_cells, "ml").optimum
    found = replace(found, reasons=reasons, rank=len(kept))
    if not columns:
        tests = [_test(design, i, [], np.zeros(0), np.zeros((0, 0)), reasons) for i in range(len(design.covariates))]
        return write_up_odds_ratios(design, replace(found, tests=tests))
    if optimum is None or not optimum.converged[0]:
        return write_up_odds_ratios(design, replace(found, reason=NOT_CONVERGED))
    beta, in_use = optimum.beta[0], matrix[:, columns]
    likelihood = BinomialLikelihood(in_use[overlap], n[overlap], y[overlap], penalised=False)
    inverse = np.linalg.pinv(likelihood.information(beta), hermitian=True)
    row_design = in_use[patterns.of_row] * overlap[patterns.of_row][:, None]
    direct = np.zeros((len(sample.n), len(columns)))
    residual = sample.outcome[known] - expit(row_design @ beta)
    direct[known] = row_design * (sample.weight[known] * residual)[:, None]
    parts = sample.contributions(direct) @ inverse
    covariance = (parts * sample.n[:, None]).T @ parts
    estimable = np.sqrt(np.maximum(np.diag(covariance), 0.0)) > NEGLIGIBLE * np.sqrt(np.diag(inverse))
    solution = solve_with_covariance(beta, covariance, estimable, conf_level, 0.0)
    tests = [_test(design, i, columns, beta, covariance, reasons) for i in range(len(design.covariates))]
    return write_up_odds_ratios(design, replace(found, columns=columns, solution=solution, tests=tests))


def _test(
    design: Design,
    position: int,
    columns: Sequence[int],
    beta: FloatArray,
    covariance: FloatArray,
    reasons: Mapping[int, Reason],
) -> TermTest:
    """Wald's test of a covariate with the robust variance, none where its ratios cannot be written."""
    told = {index: Reason("not-estimable") for index in design.of_covariate(position) if index not in columns}
    for place, index in enumerate(columns):
        column = design.columns[index]
        if column is not None and ratio_of(float(beta[place] / column.scale)) is None:
            told[index] = Reason("odds-ratio-too-large")
    return test_by_wald(design, position, columns, beta, covariance, {**told, **reasons})
