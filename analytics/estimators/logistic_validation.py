"""How far a logistic model can be trusted: discrimination, calibration, optimism, and covariates that share information.

The measures take any predicted probabilities or scores; the optimism of a model's own performance is found by fitting
it again to resampled patients. Patients are counted per distinct row of covariates, so a resample costs rows and not
patients.

Sources
-------
DeLong, DeLong & Clarke-Pearson (1988), Biometrics 44:837, doi:10.2307/2531595: the variance of an area under the curve.
Brier (1950), Monthly Weather Review 78:1, doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2: the mean squared error.
Steyerberg et al. (2010), Epidemiology 21:128, doi:10.1097/EDE.0b013e3181c30fb2: the scaled Brier score.
Cox (1958), Biometrika 45:562, doi:10.1093/biomet/45.3-4.562: calibration slope and intercept.
Harrell, Lee & Mark (1996), Statistics in Medicine 15:361,
doi:10.1002/(SICI)1097-0258(19960229)15:4<361::AID-SIM168>3.0.CO;2-4: correction for optimism by the bootstrap.
Fox & Monette (1992), Journal of the American Statistical Association 87:178, doi:10.1080/01621459.1992.10475190:
generalised variance inflation.
Puhr, Heinze, Nold, Lusa & Geroldinger (2017), Statistics in Medicine 36:2302, doi:10.1002/sim.7273: Firth's logistic
regression with the intercept estimated again (FLIC), so that predictions are not drawn towards one half.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import expit, logit

from analytics.estimators.binomial_likelihood import (
    BinomialLikelihood,
    columns_making_up,
    fit_likelihood,
    independent_columns,
)
from analytics.estimators.design import (
    BoolArray,
    Design,
    check_covariates,
    listed,
    read_covariates,
    standardised,
    totals,
)
from analytics.estimators.intervals import normal_quantile, wilson
from analytics.estimators.logistic import (
    Method,
    PatternFit,
    fit_patterns,
    nothing_to_fit,
    read_outcome,
    read_weight,
    rows_in_use,
)
from analytics.results import (
    CalibrationGroup,
    CalibrationResult,
    Estimate,
    FittedProbabilities,
    FloatArray,
    Interval,
    Note,
    Optimism,
    OptimismResult,
    VarianceInflation,
    read_only,
)

_NO_MAXIMUM = "the covariates predict the outcome exactly (separation)"
_NOT_CONVERGED = "the fit did not converge"
_ONE_PREDICTION = "every patient has the same prediction"
_CERTAIN = "some predicted probabilities are exactly 0 or 1"
_TOLD_APART = "the predictions separate patients with and without the event completely"

# Predictions that differ by less than this share of their size differ by rounding.
_SAME = 1e-12
# A standard error this small is rounding.
_NEGLIGIBLE = 1e-12
# With fewer models than this share of the resamples, those that have one are a selection.
_MIN_SHARE_FITTED = 0.9


def estimate_discrimination(
    outcome: ArrayLike, score: ArrayLike, *, weight: ArrayLike | None = None, conf_level: float = 0.95
) -> Estimate:
    """The area under the ROC curve: how often a patient with the event has a higher score than one without.

    Parameters
    ----------
    outcome : array of length n
        1 or True where the patient had the event.
    score : array of length n
        Any finite numbers, higher meaning that the event is more likely. The direction is never turned, so a score that
        works the wrong way has an area below 0.5.
    weight : array of length n, optional
        How many patients share the row (whole numbers); the result equals that of the repeated rows, 0 drops a row.
    conf_level : float
        Between 0 and 1.

    Returns
    -------
    Estimate
        Pairs with equal scores count one half. The standard error is DeLong's, and the interval is estimate +/- z SE,
        cut off at 0 and 1; both are None with fewer than two patients on a side of the outcome, and the interval also
        where the standard error is 0 (as it is at an area of 0 or 1). Without patients on a side, ``value`` is None.

    Raises
    ------
    ValueError
        If lengths differ, the outcome is not 0/1, a score is missing or infinite, a weight is no number of patients, or
        the level is out of range.
    """
    z = normal_quantile(conf_level)
    y, scores, counts = _read(outcome, score, weight, "score")
    n, n_event = int(counts.sum()), int(counts @ y)
    reason = nothing_to_fit(n, n_event)
    if reason is not None:
        return Estimate(None, n=n, n_event=n_event, reason=reason)
    area, variance = _area(scores, counts * y, counts * (1.0 - y))
    if variance is None:
        return Estimate(area, None, n, n_event)
    std_error = math.sqrt(variance)
    interval = None
    if std_error > _NEGLIGIBLE:
        interval = Interval(max(area - z * std_error, 0.0), min(area + z * std_error, 1.0), conf_level, "DeLong")
    return Estimate(area, interval, n, n_event, std_error=std_error)


def estimate_brier(outcome: ArrayLike, probability: ArrayLike, *, weight: ArrayLike | None = None) -> Estimate:
    """The Brier score: the mean squared difference between outcome (0 or 1) and predicted probability, 0 being best.

    Parameters
    ----------
    outcome, weight
        As for :func:`estimate_discrimination`.
    probability : array of length n
        Predicted probabilities of the event, 0 to 1.

    Returns
    -------
    Estimate
        Without interval; the standard error is that of a mean, None for a single patient. ``value`` is None without
        patients.

    Raises
    ------
    ValueError
        As for :func:`estimate_discrimination`, or if a probability lies outside 0 to 1.
    """
    y, predicted, counts = _read(outcome, probability, weight, "probability")
    n, n_event = int(counts.sum()), int(counts @ y)
    if not n:
        return Estimate(None, reason="no patients")
    squares = (y - predicted) ** 2
    value = float(counts @ squares) / n
    std_error = math.sqrt(float(counts @ (squares - value) ** 2) / (n - 1) / n) if n > 1 else None
    return Estimate(value, None, n, n_event, std_error=std_error)


def estimate_scaled_brier(outcome: ArrayLike, probability: ArrayLike, *, weight: ArrayLike | None = None) -> Estimate:
    """The Brier score as a share gained: 1 - Brier / Brier of predicting everybody the observed share with the event.

    Parameters and errors are those of :func:`estimate_brier`.

    Returns
    -------
    Estimate
        1 is perfect, 0 no better than the prevalence, below 0 worse; without interval or standard error. ``value`` is
        None if nobody or everybody had the event, or there are no patients.
    """
    brier = estimate_brier(outcome, probability, weight=weight)
    reason = nothing_to_fit(brier.n, brier.n_event)
    if reason is not None or brier.value is None:
        return Estimate(None, n=brier.n, n_event=brier.n_event, reason=reason)
    share = brier.n_event / brier.n
    return Estimate(1.0 - brier.value / (share * (1.0 - share)), None, brier.n, brier.n_event)


def estimate_calibration(
    outcome: ArrayLike,
    probability: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    groups: int = 10,
    conf_level: float = 0.95,
) -> CalibrationResult:
    """Whether as many patients had the event as was predicted: in all, along the predictions, and by groups of them.

    Parameters
    ----------
    outcome, probability, weight
        As for :func:`estimate_brier`.
    groups : int
        How many groups of about equal size to make along the predicted probabilities.
    conf_level : float
        Between 0 and 1.

    Returns
    -------
    CalibrationResult
        With L the log odds predicted, ``in_the_large`` is a in logit P = a + L, and ``intercept`` and ``slope`` are a
        and b in logit P = a + b L, by maximum likelihood with Wald intervals. They have a reason instead where nobody
        or everybody had the event or a probability is exactly 0 or 1; slope and intercept also where all predictions
        are equal or tell the outcomes apart. Groups are bounded by quantiles of the probabilities (type 7, the default
        of R), each bound belonging to the group below it; equal bounds are one, and a group without patients is left
        out, so there may be fewer (note "groups-joined"). Their shares have Wilson intervals.

    Raises
    ------
    ValueError
        As for :func:`estimate_brier`, or if ``groups`` is below 1 or the level out of range.
    """
    z = normal_quantile(conf_level)
    if groups != int(groups) or groups < 1:
        raise ValueError(f"groups must be a whole number from 1: it is {groups}.")
    y, predicted, counts = _read(outcome, probability, weight, "probability")
    n, n_event = int(counts.sum()), int(counts @ y)
    values, place = np.unique(predicted, return_inverse=True)
    patients, events = (totals(place, amount, len(values)) for amount in (counts, counts * y))
    reason = nothing_to_fit(n, n_event)
    if reason is None and (values[0] == 0.0 or values[-1] == 1.0):
        reason = _CERTAIN

    def estimate(value: float, std_error: float) -> Estimate:
        half = z * std_error
        interval = Interval(value - half, value + half, conf_level, "wald")
        return Estimate(value, interval, n, n_event, std_error=std_error)

    in_the_large = slope = intercept = Estimate(None, n=n, n_event=n_event, reason=reason or _NOT_CONVERGED)
    if reason is None:
        log_odds = logit(values)
        in_the_large = estimate(*_shift(log_odds, patients, events))
        line = _recalibrate(log_odds, patients, events)
        if isinstance(line, str):
            slope = intercept = Estimate(None, n=n, n_event=n_event, reason=line)
        else:
            slope = estimate(line.slope, line.slope_error)
            intercept = estimate(line.intercept, line.intercept_error)
    table = _calibration_groups(values, patients, events, int(groups), conf_level)
    notes = []
    if n and len(table) < groups:
        text = f"{len(values)} distinct predictions of {n} patients make {len(table)} groups instead of {groups}."
        notes.append(Note("groups-joined", "info", text))
    return CalibrationResult(in_the_large, slope, intercept, table, n, n_event, conf_level, tuple(notes))


def fit_probabilities(
    outcome: ArrayLike, covariates: pd.DataFrame, *, weight: ArrayLike | None = None, method: Method = "auto"
) -> FittedProbabilities:
    """Each row's probability of the event by the model of :func:`~analytics.estimators.logistic.estimate_odds_ratios`.

    Parameters and errors are those of that function.

    Returns
    -------
    FittedProbabilities
        Those of Firth's method have the intercept estimated again by maximum likelihood, with the other coefficients as they
        are (FLIC; Puhr et al. 2017, section 2.3): they add up to the number with the event, which Firth's own, drawn towards
        one half, do not. With method "ml" on separated data, the probabilities are the limits that maximum likelihood
        approaches: exactly 0 or 1 for the patients told apart. None, with a reason, if nobody or everybody had the event, or
        nobody is left.
    """
    model = FittedLogistic.read(outcome, covariates, weight, method)
    patterns, fitted = model.design.patterns, None
    if model.log_odds is not None:
        fitted = expit(model.log_odds)
    elif model.fit is not None and model.fit.separated.any():
        fitted = _limiting_probabilities(model.fit)
    probability = None
    if fitted is not None:
        spread = np.full(model.size, np.nan)
        spread[model.rows] = fitted[patterns.of_row]
        probability = read_only(spread)
    return FittedProbabilities(
        probability,
        model.method,
        int(model.design.n),
        int(model.design.n_event),
        model.n_parameters,
        model.reason if probability is None else None,
    )


def optimism_by_bootstrap(
    outcome: ArrayLike,
    covariates: pd.DataFrame,
    *,
    weight: ArrayLike | None = None,
    method: Method = "auto",
    replicates: int = 200,
    seed: int,
    on_progress: Callable[[float], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> OptimismResult:
    """How well a logistic model does in its own patients, and how well it may be expected to do in new ones.

    Parameters
    ----------
    outcome, covariates, weight, method
        As for :func:`~analytics.estimators.logistic.estimate_odds_ratios`.
    replicates : int
        How many resamples to draw, at least 1.
    seed : int
        Equal seeds give equal resamples, whether patients come as rows or as weights.
    on_progress : callable, optional
        Called with the share of the resamples that are done, above 0 to 1, after each.
    should_stop : callable, optional
        Asked before each resample; True ends the drawing, and the result rests on the resamples until then.

    Returns
    -------
    OptimismResult
        Area under the ROC curve, calibration slope and Brier score. Each resample draws as many patients as there are,
        with replacement, and the model is fitted to it by the same ``method`` ("auto" decides anew each time). The
        optimism is the mean of the model's measure in the resample less its measure in all patients (Harrell et al.
        1996, section 4.4); for the Brier score it is negative as a rule. Models by Firth's method predict with the intercept
        of :func:`fit_probabilities`. Resamples in which nobody or everybody had the
        event, or without a finite maximum, give no model and are counted; those in which a model predicts the same for
        everybody, or tells the outcomes apart completely, are left out of the slope alone. A level that a resample lacks
        has no coefficient in it and predicts as the reference level does.

    Raises
    ------
    ValueError
        As for :func:`~analytics.estimators.logistic.estimate_odds_ratios`, or if ``replicates`` is below 1.
    TypeError
        If ``covariates`` is no DataFrame or a column is of a kind that cannot be used.

    Notes
    -----
    Codes of notes: "resamples-failed", "resamples-penalised", "stopped".
    """
    if replicates != int(replicates) or replicates < 1:
        raise ValueError(f"replicates must be a whole number from 1: it is {replicates}.")
    model = FittedLogistic.read(outcome, covariates, weight, method)
    patterns, masks = model.design.patterns, model.design.masks()
    apparent: FloatArray | None = None
    gains: list[FloatArray] = []
    drawn = penalised = 0
    if model.log_odds is not None:
        apparent = _performance(model.log_odds, patterns.n, patterns.y)
        rng = np.random.default_rng(seed)
        while drawn < replicates and not (should_stop is not None and should_stop()):
            n, y = _resample(rng, patterns.n, patterns.y)
            drawn += 1
            fit = _refit(model.matrix, n, y, masks, method)
            if fit is not None:
                log_odds, fitted = fit
                penalised += fitted == "firth"
                # Patterns that the resample lacks do not count in it.
                inside = _performance(log_odds, n, y)
                gains.append(inside - _performance(log_odds, patterns.n, patterns.y))
            if on_progress is not None:
                on_progress(drawn / replicates)
    reason = model.reason
    if reason is None and not drawn:
        reason = "stopped before the first resample"
    elif reason is None and not gains:
        reason = f"none of the {drawn} resamples gave a model"
    table = np.array(gains).reshape(len(gains), 3)
    auc, slope, brier = (
        _optimism(name, None if apparent is None else float(apparent[i]), table[:, i], reason, missing)
        for i, (name, missing) in enumerate(
            (("AUC", ""), ("calibration slope", "no resample gave a calibration slope"), ("Brier score", ""))
        )
    )
    return OptimismResult(
        auc=auc,
        slope=slope,
        brier=brier,
        method=model.method,
        n=int(model.design.n),
        n_event=int(model.design.n_event),
        n_parameters=model.n_parameters,
        replicates=int(replicates),
        n_drawn=drawn,
        n_failed=drawn - len(gains),
        n_penalised=penalised,
        seed=seed,
        reason=reason,
        notes=_bootstrap_notes(model.method, int(replicates), drawn, len(gains), penalised),
    )


def variance_inflation(
    outcome: ArrayLike, covariates: pd.DataFrame, *, weight: ArrayLike | None = None, method: Method = "auto"
) -> tuple[VarianceInflation, ...]:
    """Generalised variance inflation factors of the covariates of a logistic model, in their order.

    Parameters and errors are those of :func:`~analytics.estimators.logistic.estimate_odds_ratios`.

    Returns
    -------
    tuple of VarianceInflation
        From the covariance matrix of the model's own coefficients (the inverse Fisher information), not from the
        covariates alone. 1 for a single covariate; a reason where a covariate has one level left, is made up by
        others in whole or in part, or there is no model.

    Notes
    -----
    With R the correlation matrix of all coefficients but the intercept, R_1 that of a covariate's own and R_2 that of
    the others, GVIF = |R_1| |R_2| / |R| (Fox & Monette 1992, equation 10).
    """
    model = FittedLogistic.read(outcome, covariates, weight, method)
    design = model.design
    place = {index: i for i, index in enumerate(model.kept)}
    correlation = None
    if model.fit is not None and model.log_odds is not None and model.fit.coefficients is not None:
        correlation = _correlation(model.fit.likelihood.information(model.fit.coefficients))
    found = []
    for position, covariate in enumerate(design.covariates):
        columns = design.of_covariate(position)
        dropped = [index for index in columns if index not in place]
        reason = model.reason or design.single.get(position)
        if reason is None and dropped:
            makers = columns_making_up(design.matrix, dropped[0], model.kept)
            names = {design.labels[i]: None for i in makers if i > 0}
            reason = f"not estimable: a combination of {listed(list(names) or ['the other covariates'])}"
        gvif = None
        if reason is None:
            # The intercept is the first of the columns in use.
            own = np.isin(np.arange(1, len(model.kept)), [place[index] for index in columns])
            gvif = None if correlation is None else _inflation(correlation, own)
            if gvif is None:
                reason = "not estimable: these patients say next to nothing about it beside the other covariates"
        if gvif is None:
            found.append(VarianceInflation(covariate.name, None, None, None, reason))
        else:
            df = len(columns)
            found.append(VarianceInflation(covariate.name, gvif, df, gvif ** (1.0 / (2 * df))))
    return tuple(found)


# Reading


def _read(
    outcome: ArrayLike, prediction: ArrayLike, weight: ArrayLike | None, name: str
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Outcome, prediction and patients of the rows that stand for patients."""
    y = read_outcome(outcome)
    try:
        values = np.asarray(pd.Series(prediction).to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must hold numbers: it holds text or other values. Convert it first.") from None
    if len(values) != len(y):
        raise ValueError(f"{name} must have one entry per row of outcome: {len(values)} against {len(y)}.")
    counts = read_weight(weight, len(y))
    rows = rows_in_use(y, counts)
    known = values[rows]
    wrong = ~np.isfinite(known)
    what = "be finite"
    if name == "probability":
        wrong, what = wrong | (known < 0.0) | (known > 1.0), "lie between 0 and 1"
    if wrong.any():
        first = int(wrong.argmax())
        raise ValueError(
            f"{name} must {what}: {wrong.sum()} of {len(rows)} values do not "
            f"(first at row {rows[first]}: {known[first]:g}). Correct them or leave these patients out."
        )
    return y[rows], known, counts[rows]


@dataclass(frozen=True, slots=True)
class FittedLogistic:
    """A model fitted to all patients: its design, the columns ``kept`` of it, and the log odds per pattern.

    With Firth's method these have the intercept of :func:`_predict`, which the coefficients of ``fit`` have not.
    ``log_odds`` is None exactly when ``reason`` says why there are none. ``rows`` of ``size`` stand for patients.
    """

    design: Design
    size: int
    rows: np.ndarray
    kept: list[int]
    fit: PatternFit | None
    log_odds: FloatArray | None
    method: str
    reason: str | None

    @property
    def matrix(self) -> FloatArray:
        """The columns in use, (patterns, columns)."""
        return self.design.matrix[:, self.kept]

    @property
    def n_parameters(self) -> int:
        """Coefficients in use without the intercept; none without a model."""
        return len(self.kept) - 1 if self.fit is not None else 0

    @classmethod
    def read(
        cls, outcome: ArrayLike, covariates: pd.DataFrame, weight: ArrayLike | None, method: str
    ) -> FittedLogistic:
        """Read, check and fit."""
        if method not in get_args(Method):
            raise ValueError(f"method must be one of {', '.join(get_args(Method))}: it is {method!r}.")
        y = read_outcome(outcome)
        check_covariates(covariates, len(y))
        counts = read_weight(weight, len(y))
        rows = rows_in_use(y, counts)
        design = Design(read_covariates(covariates, rows), y[rows], counts[rows])
        reason = nothing_to_fit(design.n, design.n_event)
        if reason is not None:
            return cls(design, len(y), rows, [0], None, None, "firth" if method == "firth" else "ml", reason)
        kept = independent_columns(design.matrix)
        matrix = design.matrix[:, kept]
        fit = fit_patterns(matrix, design.patterns.n, design.patterns.y, design.masks(), method)
        if fit.coefficients is None:
            reason = _NO_MAXIMUM if fit.separated.any() and fit.optimum is None else _NOT_CONVERGED
            return cls(design, len(y), rows, kept, fit, None, fit.method, reason)
        log_odds = _predict(matrix, fit, design.patterns.n, design.patterns.y)
        return cls(design, len(y), rows, kept, fit, log_odds, fit.method, None)


def _predict(matrix: FloatArray, fit: PatternFit, n: FloatArray, y: FloatArray) -> FloatArray:
    """The log odds of the rows of a design by a fit to ``n`` patients and ``y`` events of each; there is a maximum.

    After Firth's method the intercept is estimated again by maximum likelihood (FLIC).
    """
    assert fit.coefficients is not None
    log_odds = np.asarray(matrix @ fit.coefficients, dtype=np.float64)
    if fit.method == "firth":
        used = n > 0
        log_odds = log_odds + _shift(log_odds[used], n[used], y[used])[0]
    return log_odds


def _limiting_probabilities(fit: PatternFit) -> FloatArray | None:
    """What maximum likelihood approaches on separated data: 0 or 1 where told apart, a fit of the other patterns."""
    likelihood, overlap = fit.likelihood, ~fit.separated
    limits = likelihood.y / likelihood.n
    if overlap.any():
        inner = likelihood.design[overlap]
        inner = inner[:, independent_columns(inner)]
        rest = BinomialLikelihood(inner, likelihood.n[overlap], likelihood.y[overlap], penalised=False)
        optimum = fit_likelihood(rest)
        if not optimum.converged[0]:
            return None
        limits[overlap] = expit(inner @ optimum.beta[0])
    return limits


# Discrimination


def _area(score: FloatArray, with_event: FloatArray, without: FloatArray) -> tuple[float, float | None]:
    """The area under the curve and DeLong's variance, None with a single patient on a side.

    ``with_event`` and ``without`` count the patients of each score; there is at least one of both. A patient's
    placement is the share of the other side that is ranked correctly against it (DeLong et al. 1988, equations 2-5).
    """
    values, place = np.unique(score, return_inverse=True)
    m, k = (totals(place, amount, len(values)) for amount in (with_event, without))
    total_m, total_k = m.sum(), k.sum()
    below = np.cumsum(k) - k + k / 2.0
    above = total_m - np.cumsum(m) + m / 2.0
    area = float(m @ below) / float(total_m * total_k)
    if total_m < 2 or total_k < 2:
        return area, None
    spread_m = float(m @ (below / total_k - area) ** 2) / (total_m - 1.0)
    spread_k = float(k @ (above / total_m - area) ** 2) / (total_k - 1.0)
    return area, float(spread_m / total_m + spread_k / total_k)


# Calibration


@dataclass(frozen=True, slots=True)
class _Line:
    """A logistic model of the outcome on predicted log odds."""

    intercept: float
    slope: float
    intercept_error: float
    slope_error: float


def _recalibrate(log_odds: FloatArray, n: FloatArray, y: FloatArray) -> _Line | str:
    """The line by maximum likelihood, or why there is none; both outcomes occur."""
    used = n > 0
    log_odds, n, y = log_odds[used], n[used], y[used]
    if np.ptp(log_odds) <= _SAME * max(1.0, float(np.abs(log_odds).max())):
        return _ONE_PREDICTION
    # With one covariate, separation is an order of the two sides that at most one shared value interrupts.
    event, other = log_odds[y > 0], log_odds[y < n]
    if event.min() >= other.max() or event.max() <= other.min():
        return _TOLD_APART
    standard, unit = standardised(log_odds, n)
    likelihood = BinomialLikelihood(np.column_stack([np.ones(len(n)), standard]), n, y, penalised=False)
    optimum = fit_likelihood(likelihood)
    information = likelihood.information(optimum.beta[0])
    if not optimum.converged[0] or np.linalg.slogdet(information)[0] <= 0:
        return _NOT_CONVERGED
    (a, b), covariance = optimum.beta[0], np.linalg.inv(information)
    back = np.array([1.0, -float(log_odds @ n) / float(n.sum()) / unit])
    return _Line(
        float(back @ (a, b)),
        float(b) / unit,
        math.sqrt(float(back @ covariance @ back)),
        math.sqrt(float(covariance[1, 1])) / unit,
    )


def _shift(log_odds: FloatArray, n: FloatArray, y: FloatArray) -> tuple[float, float]:
    """The a of logit P = a + ``log_odds`` by maximum likelihood and its standard error; both outcomes occur."""
    share = float(logit(y.sum() / n.sum()))
    low, high = share - float(log_odds.max()), share - float(log_odds.min())

    def surplus(a: float) -> float:
        return float(n @ expit(a + log_odds) - y.sum())

    if surplus(low) >= 0.0 or surplus(high) <= 0.0:
        # Predictions are equal up to rounding.
        a = (low + high) / 2.0
    else:
        a = float(brentq(surplus, low, high, xtol=1e-14, rtol=1e-14))
    return a, 1.0 / math.sqrt(float(n @ (expit(a + log_odds) * expit(-a - log_odds))))


def _calibration_groups(
    values: FloatArray, n: FloatArray, y: FloatArray, groups: int, conf_level: float
) -> tuple[CalibrationGroup, ...]:
    """Groups between quantiles of the ascending, distinct predicted probabilities ``values``."""
    if not len(values):
        return ()
    # Quantiles of type 7 lie at (N - 1) q; in whole numbers no rounding moves a patient across a bound.
    ends = np.cumsum(n)
    steps = (int(ends[-1]) - 1) * np.arange(groups + 1)
    floor, share = steps // groups, (steps % groups) / groups
    lower, upper = (
        values[np.searchsorted(ends, np.minimum(at, ends[-1] - 1), side="right")] for at in (floor, floor + 1)
    )
    bounds = np.unique(np.where((share > 0) & (lower != upper), (1.0 - share) * lower + share * upper, lower))
    if len(bounds) == 1:
        bounds = np.repeat(bounds, 2)
    code = np.maximum(np.searchsorted(bounds, values, side="left") - 1, 0)
    size = len(bounds) - 1
    patients, events, predicted = (totals(code, amount, size) for amount in (n, y, n * values))
    return tuple(
        CalibrationGroup(
            float(bounds[i]),
            float(bounds[i + 1]),
            Estimate(
                float(events[i] / patients[i]),
                wilson(float(events[i]), float(patients[i]), conf_level),
                int(patients[i]),
                int(events[i]),
            ),
            float(predicted[i] / patients[i]),
        )
        for i in range(size)
        if patients[i]
    )


# The bootstrap


def _resample(rng: np.random.Generator, n: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Patients and events of each pattern when as many patients as there are are drawn with replacement."""
    cells = np.concatenate([y, n - y])
    drawn = np.zeros(len(cells))
    filled = np.flatnonzero(cells)
    drawn[filled] = rng.multinomial(int(cells.sum()), cells[filled] / cells.sum())
    events, others = drawn[: len(n)], drawn[len(n) :]
    return events + others, events


def _refit(
    matrix: FloatArray, n: FloatArray, y: FloatArray, masks: BoolArray, method: str
) -> tuple[FloatArray, str] | None:
    """The log odds of all patterns by the model of a resample, and what was fitted; None without a model."""
    if nothing_to_fit(n.sum(), y.sum()) is not None:
        return None
    used = n > 0
    inner = matrix[used]
    columns = independent_columns(inner)
    fit = fit_patterns(inner[:, columns], n[used], y[used], masks[:, used], method)
    if fit.coefficients is None:
        return None
    return _predict(matrix[:, columns], fit, n, y), fit.method


def _performance(log_odds: FloatArray, n: FloatArray, y: FloatArray) -> FloatArray:
    """Area under the curve, calibration slope (NaN where there is none) and Brier score; both outcomes occur."""
    # Log odds that differ by rounding alone are equal.
    order = np.argsort(log_odds)
    rank = np.zeros(len(log_odds))
    rank[order[1:]] = np.cumsum(np.diff(log_odds[order]) > _SAME * max(1.0, float(np.abs(log_odds).max())))
    area, _ = _area(rank, y, n - y)
    line = _recalibrate(log_odds, n, y)
    probability, complement = expit(log_odds), expit(-log_odds)
    brier = float(y @ complement**2 + (n - y) @ probability**2) / float(n.sum())
    return np.array([area, math.nan if isinstance(line, str) else line.slope, brier])


def _optimism(name: str, apparent: float | None, gains: FloatArray, reason: str | None, missing: str) -> Optimism:
    known = gains[np.isfinite(gains)]
    if apparent is not None and not math.isfinite(apparent):
        apparent, reason = None, reason or "the predictions have no calibration slope in these patients"
    if reason is None and not len(known):
        reason = missing
    if reason is not None or apparent is None:
        return Optimism(name, apparent, None, None, None, len(known), reason)
    mean = float(known.mean())
    std_error = float(known.std(ddof=1)) / math.sqrt(len(known)) if len(known) > 1 else None
    return Optimism(name, apparent, mean, apparent - mean, std_error, len(known))


def _bootstrap_notes(method: str, replicates: int, drawn: int, fitted: int, penalised: int) -> tuple[Note, ...]:
    notes = []
    if drawn and fitted < drawn:
        notes.append(
            Note(
                "resamples-failed",
                "caution" if fitted < _MIN_SHARE_FITTED * drawn else "info",
                f"{drawn - fitted} of {drawn} resamples gave no model and are left out of the correction.",
                "Choose fewer covariates, or join small levels where that makes clinical sense.",
            )
        )
    if method == "ml" and penalised:
        notes.append(
            Note(
                "resamples-penalised",
                "info",
                f"In {penalised} of {fitted} resamples the covariates told outcomes apart (separation); "
                "these models use Firth's penalised likelihood.",
            )
        )
    if 0 < drawn < replicates:
        text = f"The bootstrap was stopped after {drawn} of {replicates} resamples."
        notes.append(Note("stopped", "info", text))
    return tuple(notes)


# Variance inflation


def _correlation(information: FloatArray) -> FloatArray | None:
    """The correlation matrix of all coefficients but the intercept; None where the information is singular."""
    if len(information) < 2:
        return np.zeros((0, 0))
    try:
        covariance = np.linalg.inv(information)[1:, 1:]
    except np.linalg.LinAlgError:
        return None
    variance = np.diag(covariance)
    if not (np.isfinite(covariance).all() and (variance > 0.0).all()):
        return None
    return np.asarray(covariance / np.sqrt(np.outer(variance, variance)))


def _inflation(correlation: FloatArray, own: BoolArray) -> float | None:
    """|R_1| |R_2| / |R|; None where a determinant is not above 0."""
    parts = (correlation[np.ix_(own, own)], correlation[np.ix_(~own, ~own)], correlation)
    (sign_1, log_1), (sign_2, log_2), (sign, log_all) = (np.linalg.slogdet(part) for part in parts)
    if min(sign_1, sign_2, sign) <= 0 or not math.isfinite(log_all):
        return None
    # Rounding apart, the other covariates never narrow what is known.
    return max(math.exp(min(float(log_1 + log_2 - log_all), 700.0)), 1.0)
