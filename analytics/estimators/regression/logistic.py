"""Odds ratios from logistic regression, by maximum likelihood or by Firth's penalised likelihood.

The patients are read, checked and counted per distinct row of covariates (a *pattern*); the fit is written up as one
odds ratio per level, with a reason wherever there is none, and with notes on what the reader has to know.

Sources
-------
Heinze & Schemper (2002), Statistics in Medicine 21:2409, doi:10.1002/sim.1047: the penalised likelihood against
separation.
Kosmidis & Firth (2021), Biometrika 108:71, doi:10.1093/biomet/asaa052: its maximum is always finite.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analytics.estimators.design import (
    Design,
    IntArray,
    check_covariates,
    read_covariates,
)
from analytics.estimators.regression.binomial_likelihood import (
    BinomialLikelihood,
    BoolArray,
    Optimum,
    columns_making_up,
    fit_likelihood,
    independent_columns,
    likelihood_ratio,
    solve_model,
)
from analytics.estimators.regression.count_noise import widen_odds_ratios
from analytics.estimators.regression.result import (
    NOT_CONVERGED,
    Findings,
    fit_each,
    infinite_reason,
    leave_out_collinear,
    list_separation,
    note_separation,
    test_from_statistic,
    write_up_odds_ratios,
)
from analytics.estimators.regression.separation import (
    columns_without_maximum,
    largest_log_likelihood,
    overlap_is_certain,
    separated_patterns,
)
from analytics.results import CellNoise, FloatArray, Name, OddsRatioResult, Reason, TermTest

Method = Literal["auto", "ml", "firth"]
ConfType = Literal["profile", "wald"]

SEPARATED = Reason("separated")


@dataclass(frozen=True, slots=True)
class PatternFit:
    """A logistic model fitted to patterns, and which of these are ``separated``.

    ``method`` is what was fitted ("ml" or "firth"). ``optimum`` is None where maximum likelihood was insisted on although
    the data are separated.
    """

    likelihood: BinomialLikelihood
    optimum: Optimum | None
    separated: BoolArray
    method: str

    @property
    def coefficients(self) -> FloatArray | None:
        """The coefficients, intercept first; None if there is no maximum or it was not found."""
        return self.optimum.beta[0] if self.optimum is not None and self.optimum.converged[0] else None


def fit_patterns(matrix: FloatArray, n: FloatArray, y: FloatArray, cells: BoolArray, method: str) -> PatternFit:
    """Fit a design of independent columns, the intercept first, by the :data:`Method` asked for.

    ``n`` patients and ``y`` events per row of ``matrix``, both with and without the event among all; ``cells`` as for
    :func:`~analytics.estimators.regression.separation.separated_patterns`.
    """
    separated = np.zeros(len(n), dtype=bool)
    likelihood = BinomialLikelihood(matrix, n, y, penalised=method == "firth")
    if method == "firth":
        return PatternFit(likelihood, fit_likelihood(likelihood), separated, "firth")
    optimum: Optimum | None = None
    patients, events = cells @ n, cells @ y
    if not ((patients > 0) & ((events == 0) | (events == patients))).any():
        optimum = fit_likelihood(likelihood, stop_when_diverging=True)
    if not (optimum and optimum.converged[0] and overlap_is_certain(likelihood, optimum.beta[0])):
        separated = separated_patterns(matrix, n, y, cells)
        if not separated.any() and not (optimum and optimum.converged[0]):
            optimum = fit_likelihood(likelihood)
    if not separated.any():
        return PatternFit(likelihood, optimum, separated, "ml")
    if method == "ml":
        return PatternFit(likelihood, None, separated, "ml")
    likelihood = BinomialLikelihood(matrix, n, y, penalised=True)
    return PatternFit(likelihood, fit_likelihood(likelihood), separated, "firth")


def read_outcome(outcome: ArrayLike) -> FloatArray:
    """The outcome as 0.0 and 1.0, NaN where missing.

    Raises
    ------
    ValueError
        If a value is neither.
    """
    series = pd.Series(outcome).reset_index(drop=True)
    try:
        values = np.asarray(series.to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(
            f"outcome must be 0 or 1 (or true and false): it holds {series.dtype} values such as "
            f"{series.dropna().iloc[0]!r}. Recode it before fitting."
        ) from None
    wrong = np.flatnonzero(~np.isnan(values) & (values != 0) & (values != 1))
    if len(wrong):
        raise ValueError(
            f"outcome must be 0 or 1 (or true and false): {len(wrong)} of {len(values)} values are not "
            f"(first at row {wrong[0]}: {values[wrong[0]]:g}). Recode it before fitting."
        )
    return values


def read_weight(weight: ArrayLike | None, size: int, *, is_fitted: bool = False) -> FloatArray:
    """The weights as floats, 1 each if there are none; ``is_fitted`` True lets parts of patients through.

    Raises
    ------
    ValueError
        If they are not ``size`` whole numbers from 0.
    """
    if weight is None:
        return np.ones(size)
    values = np.asarray(pd.Series(weight).to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)
    if len(values) != size:
        raise ValueError(f"weight must have one entry per row of outcome: {len(values)} against {size}.")
    wrong = np.flatnonzero(~np.isfinite(values) | (values < 0) | ((values != np.rint(values)) & (not is_fitted)))
    if len(wrong):
        raise ValueError(
            f"weight must be a number of patients (0, 1, 2, ...): {len(wrong)} of {size} values are not "
            f"(first at row {wrong[0]}: {values[wrong[0]]:g}). Use frequencies, not sampling or propensity weights."
        )
    return values


def rows_in_use(y: FloatArray, counts: FloatArray) -> IntArray:
    """The rows that stand for patients.

    Raises
    ------
    ValueError
        If the outcome of one of them is missing.
    """
    rows = np.flatnonzero(counts)
    missing = np.isnan(y[rows])
    if missing.any():
        raise ValueError(
            f"outcome is missing in {missing.sum()} of {len(rows)} rows "
            f"(first at row {rows[missing.argmax()]}). Leave these patients out before fitting."
        )
    return rows


def check_options(method: str, conf_type: str, conf_level: float) -> None:
    """An error unless the options of a logistic model are known.

    Raises
    ------
    ValueError
        If one is not, or the level does not lie between 0 and 1.
    """
    for name, value, known in (
        ("method", method, get_args(Method)),
        ("conf_type", conf_type, get_args(ConfType)),
    ):
        if value not in known:
            raise ValueError(f"{name} must be one of {', '.join(known)}: it is {value!r}.")
    if not 0 < conf_level < 1:
        raise ValueError(f"conf_level must lie between 0 and 1 (0.95, not 95): it is {conf_level}.")


def estimate_odds_ratios(
    outcome: ArrayLike,
    covariates: pd.DataFrame,
    *,
    weight: ArrayLike | None = None,
    method: Method = "auto",
    conf_type: ConfType = "profile",
    conf_level: float = 0.95,
    noise: CellNoise | None = None,
) -> OddsRatioResult:
    """Odds ratios of one logistic model with all ``covariates``.

    Parameters
    ----------
    outcome : array of length n
        1 or True where the patient had the event. Rows are matched by position.
    covariates : DataFrame with n rows
        Categorical columns are compared with their first category; text is categorical in sorted order, true/false
        compares True with False, and the odds ratio of a number is per unit. Without columns only the likelihood of
        the intercept is given.
    weight : array of length n, optional
        How many patients share the row (whole numbers); the result equals that of the repeated rows, 0 drops a row.
    method : {"auto", "ml", "firth"}
        Maximum likelihood, Firth's penalised likelihood, or ("auto") the first unless the data are separated.
    conf_type : {"profile", "wald"}
        Limits where the (penalised) profile likelihood falls by half the chi-squared quantile, or estimate +/- z SE.
    conf_level : float
        Between 0 and 1.
    noise
        That of the numbers of patients by covariate and outcome, where they have one: it is in standard errors, intervals and
        tests, and weights need not be whole.

    Returns
    -------
    OddsRatioResult
        Terms in the order of the columns and their categories. A category without patients, a column that others make
        up and a covariate with one level left keep their rows and give a reason; so does every row if nobody or
        everybody had the event, or nobody is left. Reference rows always have an odds ratio of exactly 1.
        ``std_error`` is that of the log odds ratio: for Firth, from the inverse of the Fisher information at the
        penalised estimate (Heinze & Schemper 2002), not of the information augmented by the leverages. ``statistic``
        is estimate / SE on the log scale. ``p_value`` goes with the interval: beside profile limits, that of the
        (penalised) likelihood-ratio test that this coefficient alone is 0; beside Wald's, Wald's. ``tests`` are
        likelihood-ratio tests against the model without the covariate on the same patients; ``df`` counts the
        parameters that this loses. ``log_likelihood`` leaves out the penalty.

    Notes
    -----
    Codes of notes: "separation", "collinear", "reference-empty", "single-level", "events-per-parameter".
    With method "ml" on separated data, coefficients without a finite estimate give a reason; the others, and the
    likelihood, are the limits that maximum likelihood approaches.

    Raises
    ------
    ValueError
        If lengths differ, a value is missing or infinite, the outcome is not 0/1, a weight is no number of patients,
        a name occurs twice or an option is unknown.
    TypeError
        If ``covariates`` is no DataFrame or a column is of a kind that cannot be used.
    """
    check_options(method, conf_type, conf_level)
    y = read_outcome(outcome)
    check_covariates(covariates, len(y))
    counts = read_weight(weight, len(y), is_fitted=noise is not None)
    rows = rows_in_use(y, counts)
    read = read_covariates(covariates, rows)
    found = _write_up(Design(read, y[rows], counts[rows]), method, conf_type, conf_level)
    return widen_odds_ratios(found, noise)


def estimate_univariable_odds_ratios(
    outcome: ArrayLike,
    covariates: pd.DataFrame,
    *,
    weight: ArrayLike | None = None,
    method: Method = "auto",
    conf_type: ConfType = "profile",
    conf_level: float = 0.95,
    noise: CellNoise | None = None,
) -> tuple[OddsRatioResult, ...]:
    """Odds ratios of one logistic model per covariate, in the order of the columns.

    Each model uses the patients whose own covariate is known; the others are counted in a note with the code
    "missing-excluded". Parameters, results and errors are those of :func:`estimate_odds_ratios`; no columns give ().
    """
    check_options(method, conf_type, conf_level)
    y = read_outcome(outcome)
    check_covariates(covariates, len(y))
    counts = read_weight(weight, len(y), is_fitted=noise is not None)

    def fit(known: BoolArray, covariate: pd.DataFrame) -> OddsRatioResult:
        return estimate_odds_ratios(
            y[known],
            covariate[known],
            weight=counts[known],
            method=method,
            conf_type=conf_type,
            conf_level=conf_level,
            noise=noise,
        )

    return fit_each(covariates, counts, fit)


def nothing_to_fit(n: float, n_event: float) -> Reason | None:
    """Why there is no logistic model of ``n`` patients, ``n_event`` of them with the event; None if there is one."""
    if n == 0:
        return Reason("no-patients")
    if n_event == 0:
        return Reason("no-events")
    if n_event == n:
        return Reason("all-had-event")
    return None


def _write_up(design: Design, method: str, conf_type: str, conf_level: float) -> OddsRatioResult:
    """The fit of a design and its result."""
    found = Findings("firth" if method == "firth" else "ml", conf_type, conf_level)
    reason = nothing_to_fit(design.n, design.n_event)
    if reason:
        return write_up_odds_ratios(design, replace(found, reason=reason))
    matrix = design.matrix
    kept = independent_columns(matrix)
    reasons = leave_out_collinear(design, kept, lambda index: columns_making_up(matrix, index, kept))
    fit = fit_patterns(matrix[:, kept], design.patterns.n, design.patterns.y, design.masks(), method)
    found = replace(found, method=fit.method, reasons=reasons, rank=len(kept))
    if fit.separated.any():
        infinite = infinite_columns(fit, kept)
        found_apart = list_separated(design, infinite, fit.separated)
        note_separation(design, found_apart, "penalised" if method == "auto" else "separated")
        if fit.method == "ml":
            return _write_up_separated(design, kept, ~fit.separated, infinite, found)
    likelihood, optimum = fit.likelihood, fit.optimum
    if optimum is None or not optimum.converged[0]:
        return write_up_odds_ratios(design, replace(found, reason=design.why(NOT_CONVERGED)))
    solution = solve_model(likelihood, optimum, list(range(1, len(kept))), conf_type, conf_level)
    tests = _term_tests(design, kept, likelihood, optimum, solution.fall)
    return write_up_odds_ratios(
        design,
        replace(found, columns=kept, solution=solution, tests=tests, log_likelihood=solution.log_likelihood),
    )


def infinite_columns(fit: PatternFit, kept: Sequence[int]) -> list[int]:
    """The columns of the design, of which the fit has those ``kept``, whose coefficients have no finite estimate."""
    found = columns_without_maximum(fit.likelihood.design, fit.separated)
    return [kept[i] for i in found if kept[i] > 0]


def list_separated(design: Design, infinite: Sequence[int], separated: BoolArray) -> tuple[Reason, ...]:
    """What separates the patients, with their numbers."""

    def by_others(others: tuple[Name, ...], is_beside: bool) -> Reason:
        told = float(design.patterns.n[separated].sum())
        code = "outcome-follows-beside" if is_beside else "outcome-follows"
        return Reason.of(code, told=told, n=design.n, names=others)

    return list_separation(design, infinite, by_others)


def _write_up_separated(
    design: Design, kept: list[int], overlap: BoolArray, infinite: list[int], found: Findings
) -> OddsRatioResult:
    """Maximum likelihood on separated data: the finite coefficients, from the patterns that are not told apart."""
    n, y, matrix = design.patterns.n, design.patterns.y, design.matrix
    reasons = {**found.reasons, **{index: infinite_reason(design, index, SEPARATED) for index in infinite}}
    log_likelihood = 0.0
    solution = None
    columns: list[int] = []
    if overlap.any():
        columns = [kept[i] for i in independent_columns(matrix[overlap][:, kept])]
        likelihood = BinomialLikelihood(matrix[overlap][:, columns], n[overlap], y[overlap], penalised=False)
        optimum = fit_likelihood(likelihood)
        if not optimum.converged[0]:
            return write_up_odds_ratios(design, replace(found, reason=design.why(NOT_CONVERGED)))
        wanted = [i for i, index in enumerate(columns) if index > 0 and index not in infinite]
        solution = solve_model(likelihood, optimum, wanted, found.conf_type, found.conf_level)
        log_likelihood = solution.log_likelihood
    tests = []
    for position in range(len(design.covariates)):
        own = set(design.of_covariate(position))
        rest = matrix[:, [i for i in range(matrix.shape[1]) if i not in own]]
        df = len(kept) - len(independent_columns(rest))
        lower = largest_log_likelihood(rest, n, y, design.masks(position)) if df else None
        statistic = math.nan if lower is None else max(2.0 * (log_likelihood - lower), 0.0)
        tests.append(_term_test(design, position, statistic, df))
    found = replace(found, columns=columns, solution=solution, tests=tests, reasons=reasons)
    return write_up_odds_ratios(design, replace(found, log_likelihood=log_likelihood))


def _term_test(design: Design, position: int, statistic: float, df: int) -> TermTest:
    return test_from_statistic(
        design,
        position,
        statistic,
        df,
        made_up=Reason("made-up-by-covariates"),
        unsettled=Reason("smaller-not-converged"),
    )


def _term_tests(
    design: Design,
    kept: list[int],
    likelihood: BinomialLikelihood,
    optimum: Optimum,
    fall: FloatArray | None,
) -> list[TermTest]:
    """Likelihood-ratio tests of each covariate; ``fall`` has the statistics of single coefficients known already."""
    total = len(design.covariates)
    if len(kept) == design.matrix.shape[1]:
        drop = np.zeros((total, len(kept)), dtype=bool)
        for position in range(total):
            drop[position, design.of_covariate(position)] = True
        statistics = np.full(total, np.nan)
        if fall is not None:
            single = drop.sum(axis=1) == 1
            statistics[single] = fall[drop[single].argmax(axis=1)]
        if len(unknown := np.flatnonzero(np.isnan(statistics))):
            statistics[unknown] = likelihood_ratio(likelihood, optimum, drop[unknown])
        return [_term_test(design, i, float(statistics[i]), int(drop[i].sum())) for i in range(total)]
    # Without a covariate, a column that it had made superfluous counts again: put its own columns last.
    tests = []
    for position in range(total):
        own = design.of_covariate(position)
        order = [i for i in range(design.matrix.shape[1]) if i not in own] + own
        independent = [order[i] for i in independent_columns(design.matrix[:, order])]
        drop = np.isin(independent, own)[None]
        statistic = math.nan
        if drop.any():
            again = BinomialLikelihood(design.matrix[:, independent], likelihood.n, likelihood.y, likelihood.penalised)
            same = fit_likelihood(again)
            if same.converged[0]:
                statistic = float(likelihood_ratio(again, same, drop)[0])
        tests.append(_term_test(design, position, statistic, int(drop.sum())))
    return tests
