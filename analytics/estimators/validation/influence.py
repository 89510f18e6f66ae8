"""What single patients do to the odds ratios of a logistic model: the model fitted again without one of them.

Patients with the same covariates and the same outcome do the same, so the model is fitted once per such kind. All fits
start from the one-step approximation and are iterated side by side; one that comes to no end, because the odds ratio is
lost without the patient, is written up like any model, with its reasons.

Sources
-------
Pregibon (1981), Annals of Statistics 9:705, doi:10.1214/aos/1176345513: the one-step approximation.
Belsley, Kuh & Welsch (1980), Regression Diagnostics, doi:10.1002/0471725153, section 2.1: changes in standard errors.
Firth (1993), Biometrika 80:27, doi:10.1093/biomet/80.1.27: the penalised score.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import expit

from analytics.estimators.design import BoolArray, IntArray
from analytics.estimators.regression.binomial_likelihood import BinomialLikelihood
from analytics.estimators.regression.fitted_logistic import FittedLogistic
from analytics.estimators.regression.logistic import (
    Method,
    estimate_odds_ratios,
    read_outcome,
    read_weight,
)
from analytics.results import Coefficient, FloatArray, InfluenceResult, OddsRatio, Reason, read_only

# Of more kinds than this, those with the largest one-step change alone are left out in turn.
MOST_REFITS = 1000
_MAX_ITERATIONS = 60
# The last step is of the order of the square of the one before (with the penalty: of a tenth of it).
_TOLERANCE = 1e-12
# Beyond this linear predictor a fit is taken to diverge; the full write-up then finds out whether it does.
_DIVERGING = 30.0
# A patient whose leverage is this near to 1 holds a coefficient alone.
_ALONE = 1e-8
# Numbers held at once by the fits that are iterated side by side.
NUMBERS_AT_ONCE = 2_000_000
_LOST_REFERENCE = Reason("reference-lost")


def estimate_influence(
    outcome: ArrayLike,
    covariates: pd.DataFrame,
    *,
    weight: ArrayLike | None = None,
    method: Method = "auto",
    most_refits: int = MOST_REFITS,
) -> InfluenceResult:
    """Every odds ratio of a logistic model without one patient, for each kind of patient.

    Parameters
    ----------
    outcome, covariates, weight, method
        As for :func:`~analytics.estimators.estimate_odds_ratios`. What "auto" chose for all patients is kept
        without one of them, so that a difference is the patient's and not the method's.
    most_refits : int
        How many kinds are left out in turn, at least 1; of more, those with the largest one-step change.

    Returns
    -------
    InfluenceResult
        Kinds in the order of the patterns of the model, without the event first. Coefficients of the whole model that
        are not estimable are left out. Without a model, arrays are empty and there is a reason.

    Raises
    ------
    ValueError
        As for :func:`~analytics.estimators.estimate_odds_ratios`, or if ``most_refits`` is below 1.
    TypeError
        If ``covariates`` is no DataFrame or a column is of a kind that cannot be used.
    """
    if most_refits < 1:
        raise ValueError(f"most_refits must be at least 1: it is {most_refits}.")
    model = FittedLogistic.read(outcome, covariates, weight, method)
    if model.fit is None or model.fit.coefficients is None:
        return _nothing(model, model.reason or Reason("no-model"))
    beta = model.fit.coefficients
    information = model.fit.likelihood.information(beta)
    if np.linalg.slogdet(information)[0] <= 0:
        return _nothing(model, Reason("coefficients-not-told-apart"))
    covariance = np.asarray(np.linalg.inv(information), dtype=np.float64)
    scale = np.array([1.0 if c is None else c.scale for c in (model.design.columns[i] for i in model.kept)])
    coefficients = _coefficients(model, beta / scale, np.sqrt(np.diag(covariance)) / scale)
    if not coefficients:
        return _nothing(model, Reason("no-covariate-coefficient"))
    kinds = _Kinds.of(model, covariance)
    shift = _one_step(model, kinds, covariance)
    errors = np.sqrt(np.diag(covariance))
    chosen = np.arange(len(kinds.n))
    if len(chosen) > most_refits:
        size = np.abs(shift[:, 1:] / errors[1:]).max(axis=1)
        chosen = np.sort(np.argsort(-size, kind="stable")[:most_refits])
    kept = kinds.take(chosen)
    without, is_found = _refit_each(model, kept, beta + shift[chosen])
    values = np.where(is_found[:, None], without[:, 1:] / scale[1:], np.nan)
    reasons: list[tuple[Reason | None, ...]] = [(None,) * len(coefficients)] * len(chosen)
    source = _Source.read(outcome, covariates, weight)
    rows = _first_rows(model, kept, source.outcome)
    for i in np.flatnonzero(~is_found):
        values[i], reasons[i] = _write_up_without(source, int(rows[i]), model, coefficients)
    full = np.array([c.log_odds_ratio for c in coefficients])
    change = (values - full) / np.array([c.std_error for c in coefficients])
    rows.setflags(write=False)
    return InfluenceResult(
        coefficients=coefficients,
        row=rows,
        n=read_only(kept.n),
        event=read_only(kept.event),
        log_odds_ratio=read_only(values),
        change=read_only(change),
        reasons=tuple(reasons),
        method=model.method,
        n_patients=int(model.design.n),
        n_kinds=len(kinds.n),
        n_event=int(model.design.n_event),
    )


def _nothing(model: FittedLogistic, reason: Reason) -> InfluenceResult:
    rows = np.zeros(0, dtype=np.int64)
    rows.setflags(write=False)
    none, table = read_only([]), read_only(np.zeros((0, 0)))
    return InfluenceResult((), rows, none, none, table, table, (), model.method, int(model.design.n), 0, reason)


def _coefficients(model: FittedLogistic, beta: FloatArray, std_error: FloatArray) -> tuple[Coefficient, ...]:
    """The coefficients in use but for the intercept, which is the first."""
    found = []
    for i, index in enumerate(model.kept):
        column = model.design.columns[index]
        if column is not None:
            covariate = model.design.covariates[column.covariate]
            level = None if column.level is None else covariate.levels[column.level]
            found.append(Coefficient(covariate.name, level, float(beta[i]), float(std_error[i])))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Kinds:
    """Patients with equal covariates and outcome: their ``pattern``, ``event``, number ``n``, and whether one of them
    holds a coefficient alone (``leverage`` 1)."""

    pattern: IntArray
    event: FloatArray
    n: FloatArray
    leverage: FloatArray

    @property
    def is_alone(self) -> BoolArray:
        return np.asarray(self.leverage >= 1.0 - _ALONE, dtype=bool)

    @classmethod
    def of(cls, model: FittedLogistic, covariance: FloatArray) -> _Kinds:
        patterns = model.design.patterns
        table = np.column_stack([patterns.n - patterns.y, patterns.y])
        pattern, event = np.nonzero(table)
        matrix = model.matrix
        assert model.log_odds is not None
        variance = expit(model.log_odds) * expit(-model.log_odds)
        leverage = variance * np.einsum("ij,ij->i", matrix @ covariance, matrix)
        return cls(pattern, event.astype(np.float64), table[pattern, event], leverage[pattern])

    def take(self, index: IntArray) -> _Kinds:
        return _Kinds(self.pattern[index], self.event[index], self.n[index], self.leverage[index])


def _one_step(model: FittedLogistic, kinds: _Kinds, covariance: FloatArray) -> FloatArray:
    """-V x (y - p) / (1 - h) for one patient of each kind (Pregibon 1981, section 4.2); 0 where h is 1."""
    assert model.log_odds is not None
    residual = kinds.event - expit(model.log_odds)[kinds.pattern]
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where(kinds.is_alone, 0.0, -residual / (1.0 - kinds.leverage))
    return np.asarray(factor[:, None] * (model.matrix[kinds.pattern] @ covariance))


def _first_rows(model: FittedLogistic, kinds: _Kinds, outcome: FloatArray) -> IntArray:
    """The first row of the input that shows each kind."""
    of_row, y = model.design.patterns.of_row, outcome[model.rows]
    key = 2 * of_row + y.astype(np.intp)
    known, first = np.unique(key, return_index=True)
    place = np.searchsorted(known, 2 * kinds.pattern + kinds.event.astype(np.intp))
    return np.asarray(model.rows[first[place]], dtype=np.int64)


def _refit_each(model: FittedLogistic, kinds: _Kinds, start: FloatArray) -> tuple[FloatArray, BoolArray]:
    """Coefficients without one patient of each kind, (kinds, columns), and which of them were found."""
    beta, is_found = start.copy(), np.zeros(len(start), dtype=bool)
    todo = np.flatnonzero(~kinds.is_alone)
    patterns = model.design.patterns
    both = patterns.y.sum() - kinds.event > 0
    both &= (patterns.n - patterns.y).sum() - (1.0 - kinds.event) > 0
    todo = todo[both[todo]]
    size = max(1, NUMBERS_AT_ONCE // max(1, len(patterns.n)))
    for begin in range(0, len(todo), size):
        part = todo[begin : begin + size]
        beta[part], is_found[part] = _iterate(model, kinds.take(part), beta[part])
    return beta, is_found


def _iterate(model: FittedLogistic, kinds: _Kinds, beta: FloatArray) -> tuple[FloatArray, BoolArray]:
    """Newton's steps (with the penalty: Fisher's) for all kinds side by side."""
    matrix, patterns = model.matrix, model.design.patterns
    assert model.fit is not None
    penalised = model.method == "firth"
    plain: BinomialLikelihood = model.fit.likelihood
    each = np.arange(len(beta))
    n, y = np.tile(patterns.n, (len(beta), 1)), np.tile(patterns.y, (len(beta), 1))
    n[each, kinds.pattern] -= 1.0
    y[each, kinds.pattern] -= kinds.event
    found = np.zeros(len(beta), dtype=bool)
    active = each
    for _ in range(_MAX_ITERATIONS):
        eta = beta[active] @ matrix.T
        near = np.abs(eta).max(axis=1, initial=0.0) <= _DIVERGING
        active, eta = active[near], eta[near]
        if not len(active):
            break
        p = expit(eta)
        weights = n[active] * p * (1.0 - p)
        information = plain.gram(weights)
        try:
            residual = y[active] - n[active] * p
            if penalised:
                leverage = weights * plain.spread(np.asarray(np.linalg.inv(information), dtype=np.float64))
                residual = residual + leverage * (0.5 - p)
            step = np.linalg.solve(information, (residual @ matrix)[:, :, None])[:, :, 0]
        except np.linalg.LinAlgError:
            break
        beta[active] += step
        last = np.abs(step).max(axis=1) <= _TOLERANCE * (1.0 + np.abs(beta[active]).max(axis=1))
        found[active[last]] = True
        active = active[~last]
        if not len(active):
            break
    return beta, found


@dataclass(frozen=True, slots=True)
class _Source:
    """The input as it was given."""

    outcome: FloatArray
    covariates: pd.DataFrame
    weight: FloatArray

    @classmethod
    def read(cls, outcome: ArrayLike, covariates: pd.DataFrame, weight: ArrayLike | None) -> _Source:
        y = read_outcome(outcome)
        return cls(y, covariates, read_weight(weight, len(y)))


def _write_up_without(
    source: _Source, row: int, model: FittedLogistic, coefficients: tuple[Coefficient, ...]
) -> tuple[FloatArray, tuple[Reason | None, ...]]:
    """Coefficients without the patient of a row as far as they exist, and the reasons for the others."""
    weight = source.weight.copy()
    weight[row] -= 1.0
    method: Method = "firth" if model.method == "firth" else "ml"
    result = estimate_odds_ratios(source.outcome, source.covariates, weight=weight, method=method, conf_type="wald")
    terms = {(t.variable, t.level): t for t in result.terms}
    values, reasons = np.full(len(coefficients), np.nan), []
    for i, coefficient in enumerate(coefficients):
        # Texts that nobody has are no levels at all.
        term = terms.get((coefficient.variable, coefficient.level))
        reason = result.reason or (Reason("no-patients") if term is None else term.odds_ratio.reason)
        if reason is None and _has_other_reference(model, coefficient, terms):
            reason = _LOST_REFERENCE
        if reason is None and term is not None and term.odds_ratio.value:
            values[i] = math.log(term.odds_ratio.value)
        reasons.append(reason)
    return values, tuple(reasons)


def _has_other_reference(
    model: FittedLogistic, coefficient: Coefficient, terms: Mapping[tuple[str, str | None], OddsRatio]
) -> bool:
    """True if the model without the patient compares with another level than the whole one."""
    design = model.design
    position = next(i for i, covariate in enumerate(design.covariates) if covariate.name == coefficient.variable)
    reference = design.references[position]
    if coefficient.level is None or reference is None:
        return False
    term = terms.get((coefficient.variable, design.covariates[position].levels[reference]))
    return term is None or not term.is_reference
