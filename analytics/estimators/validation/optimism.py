"""How much better a model does in the patients it was made from than in new ones, by the bootstrap.

Sources
-------
Harrell, Lee & Mark (1996), Statistics in Medicine 15:361,
doi:10.1002/(SICI)1097-0258(19960229)15:4<361::AID-SIM168>3.0.CO;2-4: correction for optimism by the bootstrap.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import expit

from analytics.estimators.design import BoolArray
from analytics.estimators.regression.binomial_likelihood import independent_columns
from analytics.estimators.regression.fitted_logistic import FittedLogistic, predict_log_odds
from analytics.estimators.regression.logistic import (
    Method,
    fit_patterns,
    nothing_to_fit,
)
from analytics.estimators.validation.calibration import SAME, recalibrate
from analytics.estimators.validation.discrimination import area_under_curve
from analytics.results import FloatArray, Note, Optimism, OptimismResult, Reason, Severity

# With fewer models than this share of the resamples, those that have one are a selection.
_MIN_SHARE_FITTED = 0.9


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
        As for :func:`~analytics.estimators.estimate_odds_ratios`.
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
        As for :func:`~analytics.estimators.estimate_odds_ratios`, or if ``replicates`` is below 1.
    TypeError
        If ``covariates`` is no DataFrame or a column is of a kind that cannot be used.

    Notes
    -----
    Codes of notes: "resamples-failed", "resamples-penalised", "stopped".
    """
    check_replicates(replicates)
    model = FittedLogistic.read(outcome, covariates, weight, method)
    patterns, masks = model.design.patterns, model.design.masks()

    def gain(rng: np.random.Generator) -> tuple[FloatArray, str] | None:
        n, y = resample_patients(rng, patterns.n, patterns.y)
        fit = _refit(model.matrix, n, y, masks, method)
        if fit is None:
            return None
        log_odds, fitted = fit
        # Patterns that the resample lacks do not count in it.
        return _performance(log_odds, n, y) - _performance(log_odds, patterns.n, patterns.y), fitted

    apparent: FloatArray | None = None
    resamples = Resamples()
    if model.log_odds is not None:
        apparent = _performance(model.log_odds, patterns.n, patterns.y)
        resamples = Resamples.draw(gain, replicates, seed, on_progress, should_stop)
    reason = model.reason or resamples.reason
    table = np.array(resamples.gains).reshape(resamples.n_fitted, 3)
    auc, slope, brier = (
        correct_for_optimism(name, None if apparent is None else float(apparent[i]), table[:, i], reason, missing)
        for i, (name, missing) in enumerate(
            (("AUC", None), ("calibration slope", Reason("no-resample-slope")), ("Brier score", None))
        )
    )
    return OptimismResult(
        auc=auc,
        slope=slope,
        brier=brier,
        n=int(model.design.n),
        n_event=int(model.design.n_event),
        n_parameters=model.n_parameters,
        reason=reason,
        **resamples.write_up(model.method, int(replicates), seed, "outcomes-told-apart"),
    )


# The bootstrap


def resample_patients(rng: np.random.Generator, n: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
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
    return predict_log_odds(matrix[:, columns], fit, n, y), fit.method


def _performance(log_odds: FloatArray, n: FloatArray, y: FloatArray) -> FloatArray:
    """Area under the curve, calibration slope (NaN where there is none) and Brier score; both outcomes occur."""
    # Log odds that differ by rounding alone are equal.
    order = np.argsort(log_odds)
    rank = np.zeros(len(log_odds))
    rank[order[1:]] = np.cumsum(np.diff(log_odds[order]) > SAME * max(1.0, float(np.abs(log_odds).max())))
    area, _ = area_under_curve(rank, y, n - y)
    line = recalibrate(log_odds, n, y)
    probability, complement = expit(log_odds), expit(-log_odds)
    brier = float(y @ complement**2 + (n - y) @ probability**2) / float(n.sum())
    return np.array([area, math.nan if isinstance(line, Reason) else line.slope, brier])


@dataclass(frozen=True, slots=True)
class Resamples:
    """What the models of resampled patients do better in these than in all patients, one gain per model."""

    n_drawn: int = 0
    n_penalised: int = 0
    gains: tuple[FloatArray, ...] = ()

    @classmethod
    def draw(
        cls,
        gain: Callable[[np.random.Generator], tuple[FloatArray, str] | None],
        replicates: int,
        seed: int,
        on_progress: Callable[[float], None] | None,
        should_stop: Callable[[], bool] | None,
    ) -> Resamples:
        """Draw until there are ``replicates`` or it is stopped; ``gain`` gives a model's gains and method, or None."""
        rng = np.random.default_rng(seed)
        gains: list[FloatArray] = []
        drawn = penalised = 0
        while drawn < replicates and not (should_stop is not None and should_stop()):
            found = gain(rng)
            drawn += 1
            if found is not None:
                gains.append(found[0])
                penalised += found[1] == "firth"
            if on_progress is not None:
                on_progress(drawn / replicates)
        return cls(drawn, penalised, tuple(gains))

    @property
    def n_fitted(self) -> int:
        """How many resamples gave a model."""
        return len(self.gains)

    @property
    def reason(self) -> Reason | None:
        """Why nothing can be said; None if something can."""
        if not self.n_drawn:
            return Reason("stopped")
        return None if self.gains else Reason.of("no-resample-fitted", n=self.n_drawn)

    def write_up(self, method: str, replicates: int, seed: int, separated: str) -> dict[str, Any]:
        """What a result says of them; ``separated`` names what happened where Firth's likelihood was used instead."""
        drawn, fitted = self.n_drawn, self.n_fitted
        notes = []
        if drawn and fitted < drawn:
            severity: Severity = "caution" if fitted < _MIN_SHARE_FITTED * drawn else "info"
            notes.append(Note.of("resamples-failed", severity, failed=drawn - fitted, drawn=drawn))
        if method == "ml" and self.n_penalised:
            notes.append(Note.of("resamples-penalised", "info", separated, n=self.n_penalised, fitted=fitted))
        if 0 < drawn < replicates:
            notes.append(Note.of("stopped", "info", drawn=drawn, replicates=replicates))
        return {
            "method": method,
            "replicates": replicates,
            "seed": seed,
            "n_drawn": drawn,
            "n_failed": drawn - fitted,
            "n_penalised": self.n_penalised,
            "notes": tuple(notes),
        }


def check_replicates(replicates: int) -> None:
    """An error unless it is a whole number from 1."""
    if replicates != int(replicates) or replicates < 1:
        raise ValueError(f"replicates must be a whole number from 1: it is {replicates}.")


def correct_for_optimism(
    name: str, apparent: float | None, gains: FloatArray, reason: Reason | None, missing: Reason | None = None
) -> Optimism:
    """A measure less its mean gain over all patients in the resamples; ``missing`` says why no gain is known."""
    known = gains[np.isfinite(gains)]
    if apparent is not None and not math.isfinite(apparent):
        apparent, reason = None, reason or Reason("no-calibration-slope")
    if reason is None and not len(known):
        reason = missing
    if reason is not None or apparent is None:
        return Optimism(name, apparent, None, None, None, len(known), reason)
    mean = float(known.mean())
    std_error = float(known.std(ddof=1)) / math.sqrt(len(known)) if len(known) > 1 else None
    return Optimism(name, apparent, mean, apparent - mean, std_error, len(known))
