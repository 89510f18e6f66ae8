"""Logistic models by statsmodels, Firth's by firthmodels, and how well a model tells patients apart by scikit-learn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analytics.estimators.second_opinion.columns import Columns
from analytics.estimators.second_opinion.comparison import compare
from analytics.estimators.second_opinion.firth import compare_firth, fit_firth_logistic
from analytics.estimators.second_opinion.questions import question
from analytics.estimators.second_opinion.ratios import WaldFit, compare_ratios
from analytics.results import Estimate, FloatArray, OddsRatioResult
from analytics.results.second_opinion import ESTIMATED_WEIGHTS, Compared, Model, Quantity


@question
def compare_odds_ratios(
    shown: OddsRatioResult,
    outcome: ArrayLike,
    covariates: pd.DataFrame,
    *,
    weight: ArrayLike,
    sampling_weight: FloatArray | None = None,
    steps: Mapping[str, float] | None = None,
    model: Model = "",
    area: Estimate | None = None,
    brier: Estimate | None = None,
) -> Iterator[Compared]:
    """Odds ratios with limits and p values and the tests of variables of one logistic model.

    Parameters
    ----------
    shown
        As a view shows it, numbers per step.
    outcome, covariates, weight
        The arrays that it was fitted to.
    sampling_weight
        What each patient of a row counts for, where others stand for those who were not followed.
    steps, model
        As for :func:`~analytics.estimators.second_opinion.hazards.compare_hazard_ratios`.
    area, brier
        The area under the curve and the Brier score of its probabilities, where they are shown.
    """
    if not any(term.ratio.value is not None and not term.is_reference for term in shown.terms):
        return
    counts = np.asarray(weight, dtype=np.float64)
    row = np.repeat(np.arange(len(counts)), counts.astype(int))
    y = np.asarray(outcome, dtype=np.float64)[row]
    columns = Columns.from_covariates(covariates, row, shown.terms, steps or {}, constant=True)
    if shown.method == "firth":
        yield from compare_firth(shown, columns, fit_firth_logistic(y, columns), model=model, why=None)
        return
    if sampling_weight is not None:
        wald = _Binomial(y, columns, sampling_weight[row]).wald(robust=True)
        yield from compare_ratios(shown, columns, None, wald, model=model, why_limits=ESTIMATED_WEIGHTS)
        return
    likelihood = _Binomial(y, columns)
    yield from compare_ratios(shown, columns, likelihood, likelihood.wald(), model=model)
    yield from compare_discrimination(y, likelihood.probabilities(), area, brier, model=model)


def compare_discrimination(
    outcome: FloatArray, probability: FloatArray, area: Estimate | None, brier: Estimate | None, *, model: Model = ""
) -> Iterator[Compared]:
    """Area under the curve and Brier score of a library's own probabilities, one entry per patient.

    The page has scikit-learn's; here the area is the share of pairs that the Mann–Whitney statistic counts.
    """
    from scipy.stats import mannwhitneyu
    from statsmodels.tools.eval_measures import mse

    if area is not None and area.value is not None:
        # Probabilities of patients alike differ in the last digits, which would make an order of them.
        score, had = np.round(probability, 10), outcome > 0
        pairs = float(had.sum()) * float((~had).sum())
        theirs = mannwhitneyu(score[had], score[~had], method="asymptotic").statistic / pairs
        yield compare(Quantity("area under the curve", model=model), area.value, theirs, "scipy")
    if brier is not None and brier.value is not None:
        yield compare(
            Quantity("Brier score", model=model), brier.value, float(mse(outcome, probability)), "statsmodels"
        )


class _Binomial:
    """A logistic model with an intercept, by statsmodels."""

    library = "statsmodels"

    def __init__(self, outcome: FloatArray, columns: Columns, share: FloatArray | None = None) -> None:
        self.outcome, self.columns, self.share = outcome, columns, share

    def _fit(self, kept: Sequence[int], offset: FloatArray | None = None, cov_type: str = "nonrobust") -> Any:
        from statsmodels.genmod.families import Binomial
        from statsmodels.genmod.generalized_linear_model import GLM

        matrix = np.column_stack([np.ones(len(self.outcome)), self.columns.matrix[:, kept]])
        model = GLM(self.outcome, matrix, family=Binomial(), offset=offset, var_weights=self.share)
        return model.fit(tol=1e-13, maxiter=100, tol_criterion="deviance", cov_type=cov_type)

    def largest(self, left_out: Sequence[int] = (), offset: FloatArray | None = None) -> tuple[FloatArray, float]:
        kept = [j for j in range(len(self.columns.names)) if j not in left_out]
        fitted = self._fit(kept, offset)
        return np.asarray(fitted.params, dtype=np.float64)[1:], float(fitted.llf)

    def wald(self, *, robust: bool = False) -> WaldFit:
        fitted = self._fit(range(len(self.columns.names)), cov_type="HC0" if robust else "nonrobust")
        scale = self.columns.scale
        return WaldFit("statsmodels", fitted.params[1:] / scale, fitted.bse[1:] / scale)

    def probabilities(self) -> FloatArray:
        return np.asarray(self._fit(range(len(self.columns.names))).fittedvalues)
