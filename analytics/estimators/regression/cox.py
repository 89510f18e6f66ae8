"""Hazard ratios from Cox regression, by maximum partial likelihood or by Firth's penalised likelihood.

The patients are read, checked and counted per distinct row of covariates; the fit is written up as one hazard ratio per
level, with a reason wherever there is none, and with notes on what the reader has to know.

Sources
-------
Cox (1972), Journal of the Royal Statistical Society B 34:187, doi:10.1111/j.2517-6161.1972.tb00899.x: the model.
Efron (1977), Journal of the American Statistical Association 72:557, doi:10.1080/01621459.1977.10480613: tied events.
Heinze & Schemper (2001), Biometrics 57:114, doi:10.1111/j.0006-341X.2001.00114.x: the penalised likelihood against
infinite estimates.
Lin & Wei (1989), Journal of the American Statistical Association 84:1074, doi:10.1080/01621459.1989.10478874: robust
standard errors.
Cameron & Miller (2015), Journal of Human Resources 50:317, doi:10.3368/jhr.50.2.317: how many clusters they need.
Therneau & Grambsch (2000), Modeling Survival Data, Springer, chapters 3 and 7: all of these in practice.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analytics.estimators.design import (
    BoolArray,
    NotSettled,
    check_covariates,
)
from analytics.estimators.intervals import normal_quantile
from analytics.estimators.observations import NO_PATIENTS, Observations
from analytics.estimators.regression.concordance import concordance_of
from analytics.estimators.regression.cox_sample import CoxSample
from analytics.estimators.regression.monotone_likelihood import (
    columns_without_maximum,
    limiting_risk_sets,
    maximum_is_certain,
)
from analytics.estimators.regression.partial_likelihood import (
    PartialLikelihood,
    columns_making_up,
    independent_columns,
)
from analytics.estimators.regression.partial_maximum import (
    Optimum,
    highest_maximum,
    likelihood_ratios,
    maximise,
    robust_covariance,
    solve_model,
)
from analytics.estimators.regression.result import (
    NEGLIGIBLE,
    NO_EVENTS,
    NOT_CONVERGED,
    Findings,
    fit_each,
    infinite_reason,
    list_separation,
    note_separation,
    test_from_statistic,
    wald_statistic,
    write_up_hazard_ratios,
)
from analytics.estimators.regression.risk_sets import RiskSets
from analytics.results import Estimate, FloatArray, HazardRatioResult, Name, Note, Reason, TermTest

Ties = Literal["efron", "breslow"]
Method = Literal["auto", "ml", "firth"]
ConfType = Literal["wald", "profile"]

# With fewer clusters, robust standard errors are too small as a rule (Cameron & Miller 2015, section VI).
FEW_CLUSTERS = 20
_MONOTONE = Reason("monotone")


@dataclass(frozen=True, slots=True)
class _Options:
    """How to fit and what to report; ``ratios_only`` leaves out the tests and the concordance, ``only`` names the one
    covariate whose ratios and test are reported.
    """

    ties: str = "efron"
    method: str = "auto"
    conf_type: str = "wald"
    conf_level: float = 0.95
    robust: bool = False
    ratios_only: bool = False
    only: str | None = None

    def __post_init__(self) -> None:
        for name, known in (("ties", Ties), ("method", Method), ("conf_type", ConfType)):
            if (value := getattr(self, name)) not in get_args(known):
                raise ValueError(f"{name} must be one of {', '.join(get_args(known))}: it is {value!r}.")
        normal_quantile(self.conf_level)
        if self.robust and self.method == "firth":
            raise ValueError(
                "method 'firth' has no robust standard errors: use method='ml', or neither weights nor robust."
            )
        if self.robust and self.conf_type == "profile":
            raise ValueError(
                "conf_type 'profile' has no robust form: use conf_type='wald' with robust standard errors."
            )

    def findings(self, fitted: str) -> Findings:
        """What a fit by a method has to say, before it has found anything."""
        return Findings(
            fitted,
            "profile" if fitted == "firth" else self.conf_type,
            self.conf_level,
            std_error_type="robust" if self.robust else "model",
            test_type="robust Wald" if self.robust else "likelihood ratio",
        )


def estimate_hazard_ratios(
    time: ArrayLike,
    event: ArrayLike,
    covariates: pd.DataFrame,
    *,
    entry: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    strata: Any = None,
    ties: Ties = "efron",
    method: Method = "auto",
    robust: bool = False,
    cluster: Any = None,
    sampling_weight: ArrayLike | None = None,
    conf_type: ConfType = "wald",
    conf_level: float = 0.95,
    only: str | None = None,
) -> HazardRatioResult:
    """Hazard ratios of one Cox model with all ``covariates``.

    Parameters
    ----------
    time : array of length n
        Time to the event or the end of follow-up, finite and >= 0; months in this product.
    event : array of length n
        1 or True where the event happened at ``time``, 0 or False where follow-up ended without it.
    covariates : DataFrame with n rows
        Categorical columns are compared with their first category; text is categorical in sorted order, true/false
        compares True with False, and the hazard ratio of a number is per unit. Rows are matched by position.
    entry : array of length n, optional
        Time from which the row is observed: it is at risk in (entry, time]. A patient whose covariates change has one
        row per stretch of time.
    weight : array of length n, optional
        How many patients share the row (whole numbers); the result equals that of the repeated rows, tied events
        included; 0 drops a row.
    strata : array of length n, optional
        Patients are compared within their stratum only, each stratum having its own baseline hazard.
    ties : {"efron", "breslow"}
        How tied event times enter the likelihood.
    method : {"auto", "ml", "firth"}
        Maximum likelihood, Firth's penalised likelihood, or ("auto") the first unless the likelihood is monotone.
    robust : bool
        Report Lin and Wei's robust standard errors.
    cluster : array of length n, optional
        Rows that depend on each other share a value (the hospital, the patient); implies ``robust``. Otherwise each
        patient is a cluster. With one cluster there is no standard error, and so no hazard ratio.
    sampling_weight : array of length n, optional
        How much each patient of the row counts, any number above 0 (an inverse probability of treatment); implies
        ``robust``. Rows that stand for no patient may have any.
    conf_type : {"wald", "profile"}
        Limits exp(estimate +/- z SE), or where the profile likelihood falls by half the chi-squared quantile. A
        penalised fit always has profile limits, since Wald's mislead there. The p value of each ratio is of the same
        kind: Wald's, or that of the (penalised) likelihood-ratio test that this coefficient alone is 0.
    conf_level : float
        Between 0 and 1.
    only : str, optional
        The covariate whose terms and test alone are reported, of a model with all of them: limits of many coefficients
        take their time.

    Returns
    -------
    HazardRatioResult
        Terms in the order of the columns and their categories. A category without patients, a column that others make
        up and a covariate with one level left keep their rows and give a reason; so does every row without patients or
        without events. Reference rows always have a hazard ratio of exactly 1. ``std_error`` is that of the log hazard
        ratio. ``tests`` are likelihood-ratio tests against the model without the covariate on the same patients, or
        robust Wald tests where the standard errors are robust. ``log_likelihood`` leaves out the penalty.

    Notes
    -----
    Codes of notes: "separation", "collinear", "reference-empty", "single-level", "events-per-parameter", "few-clusters".
    With method "ml", or with robust standard errors, on a monotone likelihood, coefficients without a finite estimate
    give a reason; the others, and the likelihood, are the limits that maximum likelihood approaches.

    Raises
    ------
    ValueError
        If lengths differ, a value is missing or impossible, a name occurs twice, an option is unknown, or robust
        standard errors are asked for together with the penalised likelihood or profile limits.
    TypeError
        If ``covariates`` is no DataFrame or a column is of a kind that cannot be used.
    """
    is_robust = bool(robust or cluster is not None or sampling_weight is not None)
    options = _Options(ties, method, conf_type, conf_level, is_robust, only=only)
    sample = CoxSample.from_arrays(time, event, covariates, entry, weight, strata, cluster, sampling_weight)
    return _write_up(sample, options)


def estimate_ratios_only(sample: CoxSample, conf_level: float, conf_type: ConfType = "wald") -> HazardRatioResult:
    """The ratios of :func:`estimate_hazard_ratios` by its default methods, without tests and concordance."""
    return _write_up(sample, _Options(conf_level=conf_level, conf_type=conf_type, ratios_only=True))


def check_conf_type(conf_type: str) -> None:
    """An error that names the known intervals, unless ``conf_type`` is one of them.

    Raises
    ------
    ValueError
        If it is not "wald" or "profile".
    """
    if conf_type not in get_args(ConfType):
        raise ValueError(f"conf_type must be one of {', '.join(get_args(ConfType))}: it is {conf_type!r}.")


class LargestLikelihood(NamedTuple):
    """The supremum of a model's likelihood, reached or approached, or a ``reason`` why there is none."""

    log_likelihood: float | None
    n_parameters: int
    reason: Reason | None = None


def largest_likelihoods(sample: CoxSample) -> tuple[LargestLikelihood, LargestLikelihood]:
    """Of the model of a sample, and of the model in which each distinct row of its covariates has its own hazard."""
    design = sample.design
    if not design.n_event:
        none = LargestLikelihood(None, 0, NO_EVENTS if design.n else NO_PATIENTS)
        return none, none
    small = sample.likelihood("efron")
    large = PartialLikelihood(np.eye(len(design.patterns.n))[:, 1:], small.risk, small.ties)
    found = []
    for likelihood, events in ((small, [cell.n_event for cell in design.cells]), (large, design.patterns.y)):
        inner = likelihood.with_columns(independent_columns(likelihood))
        optimum = _largest(inner, bool(np.min(events) == 0))
        if optimum.converged:
            found.append(LargestLikelihood(optimum.values.log_likelihood, inner.size))
        else:
            found.append(LargestLikelihood(None, inner.size, design.why(NOT_CONVERGED)))
    return found[0], found[1]


def estimate_univariable_hazard_ratios(
    time: ArrayLike,
    event: ArrayLike,
    covariates: pd.DataFrame,
    *,
    entry: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    strata: Any = None,
    ties: Ties = "efron",
    method: Method = "auto",
    conf_type: ConfType = "wald",
    conf_level: float = 0.95,
) -> tuple[HazardRatioResult, ...]:
    """Hazard ratios of one Cox model per covariate, in the order of the columns.

    Each model uses the patients whose own covariate is known; the others are counted in a note with the code
    "missing-excluded". Parameters, results and errors are those of :func:`estimate_hazard_ratios`; no columns give ().
    """
    _Options(ties, method, conf_type, conf_level)
    counts = Observations.from_arrays(time, event, weight, entry)
    check_covariates(covariates, len(counts.kept), "time")
    patients = np.zeros(len(counts.kept))
    patients[counts.kept] = counts.weight

    def fit(known: BoolArray, covariate: pd.DataFrame) -> HazardRatioResult:
        return estimate_hazard_ratios(
            time,
            event,
            covariate,
            entry=entry,
            weight=np.where(known, patients, 0.0),
            strata=strata,
            ties=ties,
            method=method,
            conf_type=conf_type,
            conf_level=conf_level,
        )

    return fit_each(covariates, patients, fit)


@dataclass(frozen=True, slots=True)
class PlainFit:
    """A maximum-likelihood fit: ``columns`` of the design in use, or a ``reason`` why there is none."""

    likelihood: PartialLikelihood
    optimum: Optimum
    columns: list[int]
    reason: Reason | None = None


def check_ties(ties: str) -> None:
    """An error that names the known ways to handle ties, unless ``ties`` is one of them.

    Raises
    ------
    ValueError
        If it is not "efron" or "breslow".
    """
    if ties not in get_args(Ties):
        raise ValueError(f"ties must be one of {', '.join(get_args(Ties))}: it is {ties!r}.")


def fit_plainly(sample: CoxSample, ties: str) -> PlainFit:
    """The maximum-likelihood fit of a sample, with what cannot be estimated left out and noted."""
    design = sample.design
    model = _Model(sample, _Options(ties=ties, method="ml"))
    reason = NO_PATIENTS if design.n == 0 else NO_EVENTS if design.n_event == 0 else None
    if reason is None:
        model.leave_out_collinear()
        design.note_single_levels()
    likelihood = model.likelihood.with_columns(model.kept)
    optimum = maximise(likelihood, np.zeros(likelihood.size))
    if reason is None and not (optimum.converged and maximum_is_certain(likelihood, optimum)):
        limiting = _limiting(likelihood)
        if limiting is not None:
            infinite = [model.kept[i] for i in np.flatnonzero(columns_without_maximum(likelihood, limiting))]
            reason = Reason.of("infinite-hazard-ratios", names=design.names_of(infinite))
        elif not optimum.converged:
            reason = design.why(NOT_CONVERGED)
    return PlainFit(likelihood, optimum, model.kept, reason)


class _Model:
    """One model being fitted and written up."""

    def __init__(self, sample: CoxSample, options: _Options) -> None:
        self.sample = sample
        self.design = sample.design
        self.options = options
        self.reasons: dict[int, Reason] = {}
        self.likelihood = sample.likelihood(options.ties)
        self.kept: list[int] = []

    def leave_out_collinear(self) -> None:
        """Keep the columns that are independent within the risk sets, with a reason for each of the others."""
        design, whole = self.design, self.likelihood
        self.kept = independent_columns(whole)
        if len(self.kept) == whole.size:
            return
        spread = np.diag(whole.at_zero[1])
        for index in sorted(set(range(whole.size)) - set(self.kept)):
            column = design.columns[index]
            assert column is not None
            makers = columns_making_up(whole, index, self.kept)
            if spread[index] <= 1e-12 * whole.n_event or not makers:
                self.reasons[index] = Reason("no-variation-at-risk")
                design.notes.append(Note.of("collinear", "caution", "no-variation", name=column.name))
            else:
                self.reasons[index] = design.note_collinear(index, makers)

    def give_up_without_spread(self, optimum: Optimum, covariance: FloatArray | None, columns: Sequence[int]) -> None:
        """Give a reason for each of the ``columns`` whose robust standard error is 0, and note few clusters."""
        if covariance is None:
            return
        spread = np.diag(np.linalg.pinv(optimum.values.information))
        for place, index in enumerate(columns):
            if covariance[place, place] <= NEGLIGIBLE * spread[place]:
                who = "patients" if self.sample.cluster is None else "clusters"
                self.reasons.setdefault(index, Reason(f"no-robust-error-{who}"))
        if self.sample.cluster is not None and (n := len(np.unique(self.sample.cluster))) < FEW_CLUSTERS:
            self.design.notes.append(Note.of("few-clusters", "caution", n=n, least=FEW_CLUSTERS))

    def own_columns(self, position: int) -> list[int]:
        """Places among the columns in use of one covariate."""
        own = set(self.design.of_covariate(position))
        return [place for place, index in enumerate(self.kept) if index in own]

    def is_one_sided(self, without: int | None = None) -> bool:
        """True if a level of a covariate has no events, so that maximum likelihood is unlikely to exist."""
        return any(cell.n_event == 0 and cell.covariate != without for cell in self.design.cells)

    def note_separation(self, infinite: Sequence[int], penalised: bool) -> None:
        """A note on what makes the likelihood monotone."""

        def by_others(others: tuple[Name, ...], is_beside: bool) -> Reason:
            return Reason.of("first-beside" if is_beside else "first-every-time", names=others)

        found = list_separation(self.design, infinite, by_others)
        note_separation(self.design, found, "penalised" if penalised else "monotone")

    def write_up(self, found: Findings, concordance: Estimate | None = None) -> HazardRatioResult:
        """The result."""
        result, only = write_up_hazard_ratios(self.design, found, self.options.ties, concordance), self.options.only
        if only is None:
            return result
        terms = tuple(term for term in result.terms if term.variable == only)
        return replace(result, terms=terms, tests=tuple(test for test in result.tests if test.variable == only))

    def is_wanted(self, index: int) -> bool:
        """True for a column of the design whose ratio is reported."""
        column = self.design.columns[index]
        return self.options.only is None or (column is not None and column.name.variable == self.options.only)


def _write_up(sample: CoxSample, options: _Options) -> HazardRatioResult:
    """The fit of a sample and its result."""
    design = sample.design
    model = _Model(sample, options)
    found = options.findings("firth" if options.method == "firth" else "ml")
    reason = NO_PATIENTS if design.n == 0 else NO_EVENTS if design.n_event == 0 else None
    if reason:
        return model.write_up(replace(found, reason=reason))
    model.leave_out_collinear()
    likelihood = model.likelihood.with_columns(model.kept, options.method == "firth")
    optimum = None if found.method == "ml" and model.is_one_sided() else highest_maximum(likelihood)
    if found.method == "ml" and not (optimum and optimum.converged and maximum_is_certain(likelihood, optimum)):
        limiting = _limiting(likelihood)
        if limiting is not None:
            infinite = [model.kept[i] for i in np.flatnonzero(columns_without_maximum(likelihood, limiting))]
            penalised = options.method == "auto" and not options.robust
            model.note_separation(infinite, penalised)
            if not penalised:
                return _write_up_monotone(model, limiting, infinite)
            found = options.findings("firth")
            likelihood = likelihood.with_columns(range(likelihood.size), True)
            optimum = highest_maximum(likelihood)
    if optimum is None:
        optimum = highest_maximum(likelihood)
    if not optimum.converged:
        return model.write_up(replace(found, reason=design.why(NOT_CONVERGED)))
    covariance = robust_covariance(likelihood, optimum, sample.cluster) if options.robust else None
    model.give_up_without_spread(optimum, covariance, model.kept)
    wanted = [place for place, index in enumerate(model.kept) if model.is_wanted(index)]
    solution = solve_model(likelihood, optimum, wanted, found.conf_type, options.conf_level, covariance)
    found = replace(
        found,
        columns=model.kept,
        solution=solution,
        reasons=model.reasons,
        rank=len(model.kept),
        log_likelihood=solution.log_likelihood,
    )
    if options.ratios_only:
        return model.write_up(found)
    tests = _tests(model, likelihood, optimum, covariance, solution.fall)
    concordance = _model_concordance(sample, likelihood, optimum, options.conf_level)
    return model.write_up(replace(found, tests=tests), concordance)


def _model_concordance(
    sample: CoxSample, likelihood: PartialLikelihood, optimum: Optimum, conf_level: float
) -> Estimate:
    """The concordance of the linear predictor; patterns whose predictors differ by rounding only are tied."""
    predictor = likelihood.design @ optimum.beta
    order = np.argsort(predictor, kind="stable")
    steps = np.diff(predictor[order]) > 1e-12 * (1.0 + float(np.abs(predictor).max(initial=0.0)))
    rank = np.empty(len(order), dtype=np.intp)
    rank[order] = np.concatenate([[0], np.cumsum(steps)])
    risk = RiskSets(replace(sample.rows, pattern=rank[sample.rows.pattern]), int(rank.max()) + 1)
    return concordance_of(risk, sample.cluster, conf_level)


def _write_up_monotone(model: _Model, limiting: RiskSets, infinite: Sequence[int]) -> HazardRatioResult:
    """Maximum likelihood where it is monotone: the finite coefficients, from the risk sets left in the limit."""
    sample, options = model.sample, model.options
    model.reasons.update({index: infinite_reason(model.design, index, _MONOTONE) for index in infinite})
    left = PartialLikelihood(sample.design.matrix[:, model.kept], limiting, options.ties)
    inside = independent_columns(left)
    likelihood = left.with_columns(inside)
    optimum = maximise(likelihood, np.zeros(likelihood.size))
    if not optimum.converged:
        return model.write_up(replace(options.findings("ml"), reason=sample.design.why(NOT_CONVERGED)))
    covariance = robust_covariance(likelihood, optimum, sample.cluster) if options.robust else None
    columns = [model.kept[i] for i in inside]
    model.give_up_without_spread(optimum, covariance, columns)
    wanted = [place for place, index in enumerate(columns) if index not in set(infinite) and model.is_wanted(index)]
    solution = solve_model(likelihood, optimum, wanted, options.conf_type, options.conf_level, covariance)
    tests = []
    for position in range(len(sample.design.covariates)):
        own = set(model.own_columns(position))
        if options.robust and any(model.kept[i] in infinite for i in own):
            name = sample.design.covariates[position].name
            tests.append(TermTest(name, None, None, None, Reason("infinite-hazard-ratio")))
        elif covariance is not None:
            places = [place for place, i in enumerate(inside) if i in own]
            is_flat = any(columns[place] in model.reasons for place in places)
            statistic = math.nan if is_flat else wald_statistic(optimum.beta, covariance, places)
            tests.append(_term_test(model, position, statistic, len(places)))
        else:
            statistic, df = _ratio_without(model, position, optimum.values.log_likelihood)
            tests.append(_term_test(model, position, statistic, df))
    found = replace(
        options.findings("ml"),
        columns=columns,
        solution=solution,
        tests=tests,
        reasons=model.reasons,
        rank=len(model.kept),
        log_likelihood=solution.log_likelihood,
    )
    return model.write_up(found)


def _ratio_without(model: _Model, position: int, log_likelihood: float) -> tuple[float, int]:
    """The likelihood-ratio statistic of a covariate against the model without it, and its degrees of freedom.

    Without it, a column that it had made superfluous counts again, and the likelihood may have its largest value only
    in the limit.
    """
    own = set(model.design.of_covariate(position))
    rest = [i for i in range(model.likelihood.size) if i not in own]
    smaller = model.likelihood.with_columns(rest)
    smaller = smaller.with_columns(independent_columns(smaller))
    optimum = _largest(smaller, model.is_one_sided(position))
    df = len(model.kept) - smaller.size
    if not optimum.converged:
        return math.nan, df
    return max(2.0 * (log_likelihood - optimum.values.log_likelihood), 0.0), df


def _limiting(likelihood: PartialLikelihood) -> RiskSets | None:
    """The risk sets left of a monotone likelihood in the limit; None if it is not monotone or that cannot be told.

    Where rounding keeps the search from an answer, the fit itself tells: without a maximum it does not converge.
    """
    try:
        return limiting_risk_sets(likelihood)
    except NotSettled:
        return None


def _largest(likelihood: PartialLikelihood, is_one_sided: bool) -> Optimum:
    """Where the likelihood is largest or, if it has its largest value only in the limit, the likelihood of the limit."""
    optimum = None if is_one_sided else maximise(likelihood, np.zeros(likelihood.size))
    if not (optimum and optimum.converged and maximum_is_certain(likelihood, optimum)):
        limiting = _limiting(likelihood)
        if limiting is not None:
            left = PartialLikelihood(likelihood.design, limiting, likelihood.ties)
            left = left.with_columns(independent_columns(left))
            return maximise(left, np.zeros(left.size))
    return optimum or maximise(likelihood, np.zeros(likelihood.size))


def _tests(
    model: _Model,
    likelihood: PartialLikelihood,
    optimum: Optimum,
    covariance: FloatArray | None,
    fall: FloatArray | None,
) -> list[TermTest]:
    """The test of each covariate; ``fall`` has the likelihood-ratio statistics of single coefficients known already."""
    tests = []
    for position, covariate in enumerate(model.design.covariates):
        if model.options.only not in (None, covariate.name):
            continue
        places = model.own_columns(position)
        if covariance is not None:
            is_flat = any(model.kept[place] in model.reasons for place in places)
            statistic, df = math.nan if is_flat else wald_statistic(optimum.beta, covariance, places), len(places)
        elif len(model.kept) < model.likelihood.size and not likelihood.penalised:
            statistic, df = _ratio_without(model, position, optimum.values.log_likelihood)
        elif not places:
            statistic, df = 0.0, 0
        elif fall is not None and len(places) == 1 and math.isfinite(fall[places[0]]):
            statistic, df = float(fall[places[0]]), 1
        else:
            drop = np.isin(np.arange(likelihood.size), places)
            statistic, df = float(likelihood_ratios(likelihood, optimum, drop[None])[0]), len(places)
        tests.append(_term_test(model, position, statistic, df))
    return tests


def _term_test(model: _Model, position: int, statistic: float, df: int) -> TermTest:
    why = Reason("singular-robust-covariance" if model.options.robust else "smaller-not-converged")
    made_up = Reason("made-up-by-covariates-or-strata")
    return test_from_statistic(model.design, position, statistic, df, made_up=made_up, unsettled=why)
