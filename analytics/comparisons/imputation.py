"""Whether missing values matter for odds ratios of relapse: complete cases, a level of their own, multiple imputation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

import pandas as pd

from analytics.analysis import Background, Params, lazy
from analytics.comparisons.regression import as_read, picture_comparison
from analytics.comparisons.relapse import RelapseData
from analytics.dictionary import Variable, load_words
from analytics.document import Progress, Shown
from analytics.estimators import estimate_imputed_odds_ratios, own_level_name, why_not_imputed
from analytics.figures.forest.comparison import ComparisonForest, ComparisonRow
from analytics.figures.forest.ratios import say_fitted_by
from analytics.formats import format_count, format_patients, format_percent
from analytics.reporting.files import name_measure
from analytics.reporting.missing import NOTHING, note_imputation, say_change, tabulate_pooled_tests
from analytics.reporting.reasons import say_reason
from analytics.reporting.regression import describe_terms
from analytics.reporting.wording import name_term
from analytics.results import (
    NOT_RECORDED,
    MissingResult,
    Note,
    OddsRatio,
    OddsRatioResult,
    PooledResult,
    Result,
    as_model,
)
from analytics.speaking import word

COMPLETE, OWN_LEVEL, IMPUTED = "Complete cases", "Missing as own level", "Multiply imputed"


@dataclass(frozen=True)
class MissingValues(Result):
    """Missing values of the factors of a model, and of the other factors, in one selection of patients.

    ``data`` holds the factors of the model; ``counts`` counts these, ``others`` all further factors of the cohort that
    are not made from counted ones.
    """

    data: RelapseData
    counts: MissingResult
    others: MissingResult
    notes: tuple[Note, ...]

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The factors of the model, in order."""
        return self.data.variables

    @property
    def labels(self) -> dict[str, str]:
        """Variable to label: the factors of the model, then the others."""
        return {
            s.variable: self.data.dictionary[s.variable].label for s in (*self.counts.variables, *self.others.variables)
        }

    @property
    def outcome(self) -> tuple[str, str]:
        """The names of patients with relapse and without."""
        return self.data.phrases.had, f"no {self.data.phrases.noun}"

    @lazy
    def complete_cases(self) -> OddsRatioResult:
        """The model of the patients of whom everything is known."""
        return as_read(self.data.estimate(), self.variables)

    @lazy
    def own_level(self) -> OddsRatioResult:
        """The model of all patients, "not recorded" being a level."""
        return as_read(self.data.own_level.estimate(), self.variables)


def _refuse(result: MissingValues, params: Params) -> str:
    frame = result.data.outcome
    if not frame.n:
        return "There is nobody to impute for."
    if not len(frame.covariates.columns):
        return "No factor is chosen."
    reason = why_not_imputed(frame.covariates, frame.outcome, frame.weight)
    if reason is None:
        return ""
    if not result.counts.n_missing:
        return NOTHING
    return f"Nothing can be imputed: {say_reason(reason)}."


def _run(result: MissingValues, params: Params, progress: Progress) -> PooledResult:
    frame, weighed = result.data.outcome, result.data.weighed
    return estimate_imputed_odds_ratios(
        frame.covariates,
        frame.outcome,
        weight=frame.weight,
        m=params["imputations"],
        progress=progress,
        as_read=lambda fit: as_read(fit, result.variables),
        refit=None if weighed is None else weighed.estimate_imputed,
    )


def _compare(result: MissingValues, found: PooledResult | None) -> ComparisonForest:
    """Each odds ratio by every way of dealing with missing values, one under the other."""
    models = {COMPLETE: result.complete_cases, OWN_LEVEL: result.own_level}
    if found is not None:
        models[IMPUTED] = as_model(found)
    terms = {name: {(t.variable, t.level): t for t in model.terms} for name, model in models.items()}
    lost = {} if found is None else {(t.variable, t.level): t.fraction_missing for t in found.terms}
    rows: list[ComparisonRow] = []
    for variable in result.variables:
        levels = result.data.outcome.covariates[variable.name].cat.categories if variable.is_coded else [None]
        reference = None if not variable.is_coded else levels[0]
        for level in [None] if reference is None else levels[1:]:
            rows.append(ComparisonRow(name_term(variable, level, reference)))
            for name, known in terms.items():
                if (variable.name, level) in known:
                    rows.append(_row(name, known[variable.name, level], lost.get((variable.name, level))))
        for key in ((variable.name, NOT_RECORDED), (own_level_name(variable.name), "yes")):
            if key in terms[OWN_LEVEL]:
                against = "recorded" if reference is None else variable.level_label(reference)
                rows.append(ComparisonRow(f"{variable.label}: {variable.missing_label} against {against}"))
                rows.append(_row(OWN_LEVEL, terms[OWN_LEVEL][key]))
    said = [
        f"{name}: {format_patients(model.n)}, {format_count(model.n_event)} "
        f"{word('relapse' if model.n_event == 1 else 'relapses')}, "
        f"{say_fitted_by(model.method)}"
        for name, model in models.items()
    ]
    kind = "Wald" if result.complete_cases.conf_type == "wald" else "profile-likelihood"
    intervals = f"95 % {kind} intervals."
    if found is not None:
        intervals = (
            f"95 % {kind} intervals; those of {format_count(found.m)} imputed data sets are "
            f"{'combined penalised profiles (CLIP)' if found.method == 'firth' else 't intervals by Rubin’s rules'}, "
            f"with the mean numbers of {load_words().plural}. Missing info: the share of the information about an odds "
            "ratio that the missing values cost."
        )
    return ComparisonForest(
        tuple(rows),
        "odds ratio",
        "Factor, and what is done with missing values",
        (f"{word('Had_relapse')}, of all",),
        p_head="" if found is None else "Missing info",
        p_help="" if found is None else "Share of the information about this odds ratio that the missing values cost",
        sides=("lower odds", "higher odds"),
        footnotes=(f"{'; '.join(said)}. {intervals}",),
    )


def _row(name: str, term: OddsRatio, lost: float | None = None) -> ComparisonRow:
    counts = f"{format_count(term.n_event)} of {format_count(term.n)}"
    is_imputed = name == IMPUTED
    # No p: three of them side by side would be read as three tests.
    share = format_percent(lost, 0) if is_imputed and lost is not None and term.odds_ratio.value is not None else ""
    return ComparisonRow(name, term.odds_ratio, "", (counts,), share, True, is_imputed)


def _show(result: MissingValues, found: PooledResult | None, params: Params) -> Shown:
    if not result.counts.n_missing or not result.counts.n:
        return Shown()
    forest = _compare(result, found)
    ways = "two ways" if found is None else "three ways"
    picture = picture_comparison(
        f"Odds ratios of {word('relapse')} by {ways} of dealing with missing values",
        forest,
        f"Complete cases leave out every {load_words().noun} of whom a factor is unknown. “Missing as own level” keeps all, "
        "but can bias every odds ratio, even where values are missing by chance alone; a number then gets the mean and a mark.",
    )
    if found is None:
        return Shown(pictures=(picture,))
    return Shown(
        notes=note_imputation(found),
        pictures=(picture,),
        tables=tabulate_pooled_tests(found, result.variables),
        sentences=_say_imputed(result, found),
    )


def _say_imputed(result: MissingValues, found: PooledResult) -> tuple[str, ...]:
    model = as_model(found)
    if model.reason is not None:
        return (f"No odds ratio can be pooled: {say_reason(model.reason)}.",)
    without_p = replace(model, terms=tuple(replace(term, p_value=None) for term in model.terms))
    describe = partial(result.data.describe, among="in the imputed data sets (on average)")
    change = say_change(result.complete_cases, model, result.variables)
    return (change, *describe_terms(without_p, result.variables, describe))


def _download_imputed(found: PooledResult) -> Mapping[str, pd.DataFrame]:
    columns = ["variable", "statistic", "df", "df_error", "p_value", "reason"]
    tests = pd.DataFrame([[getattr(t, name) for name in columns] for t in found.tests], columns=columns)
    estimates = name_measure(found.to_frame(), "odds_ratio").assign(imputations=found.m)
    return {"imputed-estimates": estimates, "imputed-tests": tests}


IMPUTATION = Background(
    name="imputation",
    title="Does it matter?",
    about="Multiple imputation fills in each missing value several times by what the other factors and {relapse} predict, fits "
    "the model to each completed data set and pools the results. It takes some seconds.",
    button="Impute {imputations} times",
    run=_run,
    show=_show,
    refusal=_refuse,
    files=("imputed-estimates", "imputed-tests"),
    downloads=_download_imputed,
)
