"""How concordant a Cox model is in its own patients, and how concordant it may be expected to be in new ones.

Sources
-------
Harrell, Lee & Mark (1996), Statistics in Medicine 15:361,
doi:10.1002/(SICI)1097-0258(19960229)15:4<361::AID-SIM168>3.0.CO;2-4: correction for optimism by the bootstrap, section 4.4.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analytics.estimators.regression.concordance import concordance
from analytics.estimators.regression.cox import (
    Method,
    Ties,
    estimate_hazard_ratios,
)
from analytics.estimators.validation.optimism import (
    Resamples,
    check_replicates,
    correct_for_optimism,
)
from analytics.results import ConcordanceOptimismResult, FloatArray, HazardRatioResult, Reason

MEASURE = "concordance"


def concordance_optimism_by_bootstrap(
    time: ArrayLike,
    event: ArrayLike,
    covariates: pd.DataFrame,
    *,
    entry: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    strata: Any = None,
    ties: Ties = "efron",
    method: Method = "auto",
    replicates: int = 200,
    seed: int,
    on_progress: Callable[[float], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> ConcordanceOptimismResult:
    """Concordance of a Cox model, corrected for having been measured in the patients it was made from.

    Parameters
    ----------
    time, event, covariates, entry, weight, strata, ties, method
        As for :func:`~analytics.estimators.estimate_hazard_ratios`; no covariate is missing. Each row is a patient,
        or as many alike as ``weight`` says.
    replicates : int
        How many resamples to draw, at least 1.
    seed : int
        Equal seeds and rows give equal resamples.
    on_progress : callable, optional
        Called with the share of the resamples that are done, above 0 to 1, after each.
    should_stop : callable, optional
        Asked before each resample; True ends the drawing, and the result rests on the resamples until then.

    Returns
    -------
    ConcordanceOptimismResult
        Each resample draws as many patients as there are, with replacement, and the model is fitted to it by the same
        ``method`` ("auto" decides anew each time). The optimism is the mean of its concordance in the resample less that in all
        patients. Resamples without events, or whose model has no coefficient, are counted and left out. A level that a resample
        lacks predicts as the reference level does. Without a model of all patients, or without a pair of patients that can be
        compared, there is a reason.

    Raises
    ------
    ValueError
        As for :func:`~analytics.estimators.estimate_hazard_ratios`, or if ``replicates`` is below 1.
    TypeError
        If ``covariates`` is no DataFrame or a column is of a kind that cannot be used.

    Notes
    -----
    Codes of notes: "resamples-failed", "resamples-penalised", "stopped".
    """
    check_replicates(replicates)
    options: dict[str, Any] = {"entry": entry, "strata": strata}
    whole = estimate_hazard_ratios(time, event, covariates, weight=weight, ties=ties, method=method, **options)
    counts = np.ones(np.size(time)) if weight is None else np.asarray(pd.Series(weight), dtype=np.float64)

    def gain(rng: np.random.Generator) -> tuple[FloatArray, str] | None:
        again = resample_patients(rng, counts)
        if not again @ (np.asarray(event, dtype=np.float64) * (again > 0)) > 0:
            return None
        model = estimate_hazard_ratios(time, event, covariates, weight=again, ties=ties, method=method, **options)
        found = _gain(model, time, event, covariates, counts, options)
        return None if found is None else (np.array([found]), model.method)

    apparent = None if whole.concordance is None else whole.concordance.value
    reason = whole.reason or (None if whole.concordance is None else whole.concordance.reason)
    if reason is None and (apparent is None or not _coefficients(whole)):
        reason = Reason("no-coefficient")
    resamples = Resamples()
    if reason is None:
        resamples = Resamples.draw(gain, replicates, seed, on_progress, should_stop)
        reason = resamples.reason
    gains = np.array(resamples.gains).reshape(resamples.n_fitted)
    return ConcordanceOptimismResult(
        concordance=correct_for_optimism(MEASURE, apparent, gains, reason),
        n=whole.n,
        n_event=whole.n_event,
        n_parameters=whole.n_parameters,
        reason=reason,
        **resamples.write_up(whole.method, int(replicates), seed, "no-maximum"),
    )


def resample_patients(rng: np.random.Generator, counts: FloatArray) -> FloatArray:
    """How often each row is drawn when as many patients as there are are drawn with replacement."""
    return np.asarray(rng.multinomial(int(counts.sum()), counts / counts.sum()), dtype=np.float64)


def _coefficients(model: HazardRatioResult) -> dict[tuple[str, str | None], float]:
    """The log hazard ratios that were estimated."""
    return {
        (t.variable, t.level): math.log(t.ratio.value)
        for t in model.terms
        if t.ratio.value is not None and not t.is_reference
    }


def _gain(
    model: HazardRatioResult,
    time: ArrayLike,
    event: ArrayLike,
    covariates: pd.DataFrame,
    counts: FloatArray,
    options: dict[str, Any],
) -> float | None:
    """The concordance of a resample's model in the resample less that in all patients; None without a model or a pair."""
    beta = _coefficients(model)
    if model.reason is not None or not beta or model.concordance is None or model.concordance.value is None:
        return None
    score = np.zeros(len(counts))
    for name in covariates.columns:
        column = covariates[name]
        if (str(name), None) in beta:
            score = score + beta[str(name), None] * column.to_numpy(dtype=np.float64)
        else:
            text = column.astype(str).to_numpy(dtype=object)
            for (variable, level), value in beta.items():
                if variable == str(name):
                    score = score + value * (text == level)
    # Scores that differ by rounding alone are equal.
    score = np.round(score, 11)
    outside = concordance(time, event, score, weight=counts, **options).value
    return None if outside is None else model.concordance.value - outside
