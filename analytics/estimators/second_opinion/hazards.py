"""Cox models by lifelines and statsmodels, Firth's by firthmodels."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analytics.estimators.second_opinion.columns import Columns
from analytics.estimators.second_opinion.comparison import PatientRows, compare, names_of, not_offered
from analytics.estimators.second_opinion.firth import compare_firth, fit_firth_cox
from analytics.estimators.second_opinion.questions import question
from analytics.estimators.second_opinion.ratios import WaldFit, compare_ratios
from analytics.results import FloatArray, HazardRatioResult, ProportionalHazardsResult
from analytics.results.second_opinion import (
    APPROXIMATE,
    ESTIMATED_WEIGHTS,
    FIRTH_TIES,
    PAIRS,
    ROBUST,
    Compared,
    Model,
    Quantity,
)

TIGHT = {"precision": 1e-18, "r_precision": 1e-16}  # lifelines stops at about 1e-6 otherwise
ALIKE = 1e-9  # of the information of a column: what is left of it beside the others is rounding


@question
def compare_hazard_ratios(
    shown: HazardRatioResult,
    time: ArrayLike,
    event: ArrayLike,
    covariates: pd.DataFrame,
    *,
    weight: ArrayLike,
    entry: ArrayLike | None = None,
    strata: Any = None,
    sampling_weight: FloatArray | None = None,
    steps: Mapping[str, float] | None = None,
    model: Model = "",
    with_concordance: bool = False,
) -> Iterator[Compared]:
    """Hazard ratios with limits and p values, tests of variables and the concordance of one Cox model.

    Parameters
    ----------
    shown
        As a view shows it, numbers per step.
    time, event, covariates, weight, entry, strata
        The arrays that it was fitted to.
    sampling_weight
        What each patient of a row counts for, where groups are weighted.
    steps
        Of how many units the ratios of numbers are; 1 for those not named.
    model
        Which of a view's models it is.
    with_concordance
        True if the view shows the concordance.
    """
    if not any(term.ratio.value is not None and not term.is_reference for term in shown.terms):
        return
    patients = PatientRows.from_arrays(time, event, weight, entry)
    columns = Columns.from_covariates(covariates, patients.row, shown.terms, steps or {}, constant=True)
    blocks = None if strata is None else names_of(strata, patients.row)
    columns = columns.only(_PartialLikelihood(patients, columns, blocks).varying())
    if shown.method == "firth":
        if blocks is not None or entry is not None:
            for term in shown.terms:
                if not term.is_reference:
                    figure = Quantity("hazard ratio", model=model, variable=term.variable, level=term.level)
                    yield from not_offered(figure, term.ratio.value)
            return
        tied = len(np.unique(patients.time[patients.event > 0])) < patients.event.sum()
        yield from compare_firth(
            shown, columns, fit_firth_cox(patients, columns), model=model, why=FIRTH_TIES if tied else None
        )
        return
    if sampling_weight is not None:
        fit = _by_lifelines(patients, columns, blocks, sampling_weight[patients.row], robust=True)
        yield from compare_ratios(shown, columns, None, fit.wald, model=model, why_limits=ESTIMATED_WEIGHTS)
        return
    is_robust = shown.std_error_type == "robust"
    fit = _by_lifelines(patients, columns, blocks, None, robust=is_robust)
    likelihood = _PartialLikelihood(patients, columns, blocks)
    yield from compare_ratios(
        shown, columns, likelihood, fit.wald, model=model, why_limits=ROBUST if is_robust else None
    )
    if with_concordance and shown.concordance is not None and shown.concordance.value is not None:
        why = PAIRS if strata is not None or entry is not None else None
        figure = Quantity("concordance", model=model)
        yield compare(figure, shown.concordance.value, fit.concordance, "lifelines", why)


@question
def compare_proportionality(
    shown: ProportionalHazardsResult,
    time: ArrayLike,
    event: ArrayLike,
    covariates: pd.DataFrame,
    *,
    weight: ArrayLike,
    entry: ArrayLike | None = None,
    strata: Any = None,
    model: HazardRatioResult,
) -> Iterator[Compared]:
    """The test of each variable's proportional hazards. lifelines approximates it, column by column."""
    from lifelines.statistics import proportional_hazard_test

    if entry is not None or all(test.p_value is None for test in shown.tests):
        return
    patients = PatientRows.from_arrays(time, event, weight)
    columns = Columns.from_covariates(covariates, patients.row, model.terms, {}, constant=True)
    if not columns.names:
        return
    blocks = None if strata is None else names_of(strata, patients.row)
    columns = columns.only(_PartialLikelihood(patients, columns, blocks).varying())
    fit = _by_lifelines(patients, columns, blocks, None, robust=False)
    if fit.fitter is None:
        return
    found = proportional_hazard_test(fit.fitter, fit.frame, time_transform="km")
    p_values = dict(zip(found.name, np.atleast_1d(found.p_value), strict=True))
    for test in shown.tests:
        places = columns.of(test.variable)
        figure = Quantity("proportional hazards", "p_value", variable=test.variable)
        if test.p_value is None:
            continue
        if len(places) == 1:
            yield compare(figure, test.p_value, p_values[str(places[0])], "lifelines", APPROXIMATE)
        else:
            yield from not_offered(figure, test.p_value)


class _ByLifelines:
    """A fit of lifelines; without a fitter where it gave up, with nothing but NaN then."""

    def __init__(self, fitter: Any, frame: pd.DataFrame, scale: FloatArray) -> None:
        self.fitter, self.frame = fitter, frame
        if fitter is None:
            nothing = np.full(len(scale), np.nan)
            self.wald = WaldFit("lifelines", nothing, nothing)
            return
        coefficient = fitter.params_.to_numpy(dtype=np.float64) / scale
        std_error = fitter.standard_errors_.to_numpy(dtype=np.float64) / scale
        self.wald = WaldFit("lifelines", coefficient, std_error)

    @property
    def concordance(self) -> float:
        from lifelines.utils import concordance_index

        if self.fitter is None:
            return math.nan
        # Scores of different patients that are alike differ in the last digits, which would make an order of them.
        frame = self.frame
        score = np.round(frame[self.fitter.params_.index].to_numpy() @ self.fitter.params_.to_numpy(), 9)
        return float(concordance_index(frame["time"], -score, frame["event"]))


def _by_lifelines(
    patients: PatientRows, columns: Columns, strata: np.ndarray | None, share: FloatArray | None, *, robust: bool
) -> _ByLifelines:
    from lifelines import CoxPHFitter
    from lifelines.exceptions import ConvergenceError

    frame = pd.DataFrame(columns.matrix, columns=[str(j) for j in range(len(columns.names))])
    frame["time"], frame["event"] = patients.time, patients.event
    options: dict[str, Any] = {"robust": robust}
    if patients.entry is not None:
        frame["entry"] = patients.entry
        options["entry_col"] = "entry"
    if strata is not None:
        frame["strata"] = strata
        options["strata"] = ["strata"]
    if share is not None:
        frame["share"] = share
        options["weights_col"] = "share"
    fitter = CoxPHFitter()
    try:
        fitter.fit(frame, "time", "event", fit_options=TIGHT, **options)
    except ConvergenceError:
        fitter = None
    return _ByLifelines(fitter, frame, columns.scale)


class _PartialLikelihood:
    """Cox's partial likelihood with Efron's ties, by statsmodels."""

    library = "statsmodels"

    def __init__(self, patients: PatientRows, columns: Columns, strata: np.ndarray | None) -> None:
        self.patients, self.columns = patients, columns
        self.strata = None if strata is None else np.unique(strata, return_inverse=True)[1]
        # statsmodels counts who enters at the time of an event as at risk of it.
        self.entry = patients.late_entry
        self.best: FloatArray | None = None

    def _model(self, matrix: FloatArray, offset: FloatArray | None = None) -> Any:
        from statsmodels.duration.hazard_regression import PHReg

        patients = self.patients
        return PHReg(patients.time, matrix, patients.event, self.entry, self.strata, offset, ties="efron")

    def varying(self) -> list[int]:
        """The columns that differ among those at risk together, beyond what the columns before them do."""
        size = len(self.columns.names)
        if not size:
            return []
        information = -np.asarray(self._model(self.columns.matrix).hessian(np.zeros(size)))
        kept: list[int] = []
        for j in range(size):
            own = information[j, j]
            if kept:
                others = information[np.ix_(kept, kept)]
                own = own - information[j, kept] @ np.linalg.solve(others, information[kept, j])
            if own > ALIKE * max(information[j, j], ALIKE):
                kept.append(j)
        return kept

    def largest(self, left_out: Sequence[int] = (), offset: FloatArray | None = None) -> tuple[FloatArray, float]:
        kept = [j for j in range(len(self.columns.names)) if j not in left_out]
        patients = self.patients
        # Without a column there is nothing to maximise; one of zeros changes no likelihood.
        matrix = self.columns.matrix[:, kept] if kept else np.zeros((len(patients.time), 1))
        model = self._model(matrix, offset)
        if not kept:
            return np.zeros(0), float(model.loglike(np.zeros(1)))
        # From the largest likelihood of all columns the way to that of fewer is short.
        start = np.zeros(len(kept)) if self.best is None else self.best[kept]
        try:
            fitted = model.fit(start_params=start, disp=0, maxiter=100, tol=1e-12)
        except np.linalg.LinAlgError:
            # Newton's steps went too far; a slower search may get there.
            try:
                fitted = model.fit(start_params=start, method="bfgs", disp=0, maxiter=500, gtol=1e-9)
            except np.linalg.LinAlgError:
                return np.full(len(kept), np.nan), math.nan
        if not left_out:
            self.best = np.asarray(fitted.params, dtype=np.float64)
        return np.asarray(fitted.params, dtype=np.float64), float(fitted.llf)


def largest_likelihood(patients: PatientRows, matrix: FloatArray, strata: np.ndarray | None) -> tuple[float, int]:
    """The largest log-likelihood of a Cox model by statsmodels, and how many of its columns say something of their own."""
    columns = Columns(matrix, tuple((str(j), None) for j in range(matrix.shape[1])), np.ones(matrix.shape[1]))
    columns = columns.only(_PartialLikelihood(patients, columns, strata).varying())
    return _PartialLikelihood(patients, columns, strata).largest()[1], len(columns.names)
