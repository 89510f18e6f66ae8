"""Whether missing values matter for odds ratios of relapse: complete cases, a level of their own, multiple imputation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

import pandas as pd

from analytics.analysis import Background, Params, lazy
from analytics.comparisons.horizon import WeighedOutcome
from analytics.comparisons.regression import as_read, describe_terms, draw_forest
from analytics.comparisons.relapse import RelapseData
from analytics.dictionary import Variable
from analytics.document import Picture, Progress, Shown
from analytics.estimators.imputation import estimate_imputed_odds_ratios, why_not_imputed
from analytics.estimators.missing_data import NOT_RECORDED, own_level_name
from analytics.figures.comparison_forest import ComparisonForest, ComparisonRow, describe_comparison, plot_comparison
from analytics.figures.forest import say_fitted_by
from analytics.figures.missingness import NOTHING
from analytics.formats import (
    MISSING,
    format_count,
    format_interval,
    format_number,
    format_p,
    format_patients,
    format_percent,
    format_ratio,
    format_ratio_of,
)
from analytics.reporting.reasons import say_reason
from analytics.reporting.tables import Table
from analytics.reporting.wording import describe_odds_ratio, in_sentence, name_term
from analytics.results import (
    MissingResult,
    Note,
    OddsRatio,
    OddsRatioResult,
    PooledResult,
    Result,
    as_model,
    ratios_of,
    references_of,
)

MANY_DF = 100_000.0
COMPLETE, OWN_LEVEL, IMPUTED = "Complete cases", "Missing as own level", "Multiply imputed"


@dataclass(frozen=True)
class MissingValues(Result):
    """Missing values of the factors of a model, and of the other factors, in one selection of children.

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
        """The names of children with relapse and without."""
        return f"relapsed{self.data.within}", f"no relapse{self.data.within}"

    @property
    def weighed(self) -> WeighedOutcome | None:
        """All children of a horizon that some did not reach."""
        return self.data.weighed

    @lazy
    def complete_cases(self) -> OddsRatioResult:
        """The model of the children of whom everything is known."""
        return as_read(self.data.estimate(), self.variables)

    @lazy
    def own_level(self) -> OddsRatioResult:
        """The model of all children, "not recorded" being a level."""
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
    frame = result.data.outcome
    return estimate_imputed_odds_ratios(
        frame.covariates,
        frame.outcome,
        weight=frame.weight,
        m=params["imputations"],
        progress=progress,
        as_read=lambda fit: as_read(fit, result.variables),
        refit=None if result.weighed is None else result.weighed.estimate_imputed,
    )


def _models(result: MissingValues, found: PooledResult | None) -> dict[str, OddsRatioResult]:
    models = {COMPLETE: result.complete_cases, OWN_LEVEL: result.own_level}
    return models if found is None else {**models, IMPUTED: as_model(found)}


def _compare(result: MissingValues, found: PooledResult | None) -> ComparisonForest:
    """Each odds ratio by every way of dealing with missing values, one under the other."""
    models = _models(result, found)
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
        f"{name}: {format_patients(model.n)}, {format_count(model.n_event)} {'relapse' if model.n_event == 1 else 'relapses'}, "
        f"{say_fitted_by(model.method)}"
        for name, model in models.items()
    ]
    kind = "Wald" if result.complete_cases.conf_type == "wald" else "profile-likelihood"
    intervals = f"95 % {kind} intervals."
    if found is not None:
        intervals = (
            f"95 % {kind} intervals; those of {format_count(found.m)} imputed data sets are "
            f"{'combined penalised profiles (CLIP)' if found.method == 'firth' else 't intervals by Rubin’s rules'}, "
            "with the mean numbers of children. Missing info: the share of the information about an odds ratio that the "
            "missing values cost."
        )
    return ComparisonForest(
        tuple(rows),
        "odds ratio",
        "Factor, and what is done with missing values",
        ("Relapsed, of all",),
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
    picture = Picture(
        f"Odds ratios of relapse by {ways} of dealing with missing values",
        draw_forest(plot_comparison(forest)),
        describe_comparison(forest),
        "Complete cases leave out every child of whom a factor is unknown. “Missing as own level” keeps all, but can bias "
        "every odds ratio, even where values are missing by chance alone; a number then gets the mean and a mark.",
    )
    if found is None:
        return Shown(pictures=(picture,))
    return Shown(
        notes=_notes_of_imputation(found),
        pictures=(picture,),
        tables=_tabulate_factors(result, found),
        sentences=_say_imputed(result, found),
    )


def _tabulate_factors(result: MissingValues, found: PooledResult) -> tuple[Table, ...]:
    """The pooled test of every factor; nothing where none was made."""
    if not found.tests or found.reason is not None:
        return ()
    labels = {v.name: v.label for v in result.variables}
    rows = []
    for test in found.tests:
        if test.p_value is None or test.statistic is None:
            rows.append((labels[test.variable], MISSING, MISSING, f"not tested ({say_reason(test.reason)})"))
        else:
            of = "∞" if test.df_error is None or test.df_error > MANY_DF else format_number(test.df_error, 0)
            rows.append(
                (labels[test.variable], format_number(test.statistic), f"{test.df} and {of}", format_p(test.p_value))
            )
    return (
        Table(
            title="Whole factors, over the imputed data sets",
            columns=("Factor", "F", "Degrees of freedom", "p"),
            rows=tuple(rows),
            help=("", "Wald tests of all levels at once, pooled (D1)", "", "All levels at once"),
            caption="Does relapse differ between any levels of a factor, the other factors being equal? Pooled over the sets "
            "after Li, Raghunathan and Rubin, with Reiter’s degrees of freedom; of a single odds ratio, its t test squared.",
        ),
    )


def _notes_of_imputation(found: PooledResult) -> tuple[Note, ...]:
    assumed = Note(
        "missing-at-random",
        "info",
        "Imputation assumes that, among children alike in the factors of the model and in relapse, values are missing by "
        "chance (missing at random). The data cannot tell whether that holds.",
    )
    if found.method != "firth":
        return (assumed,)
    return (
        Note(
            "separation",
            "caution",
            "In at least one imputed data set a factor predicts relapse perfectly. All sets are fitted by Firth’s penalised "
            "likelihood instead of maximum likelihood; intervals and p values come from their combined profiles (CLIP), since "
            "Rubin’s rules mislead there.",
            "Rely on the intervals rather than on the odds ratios.",
        ),
        assumed,
    )


def _say_imputed(result: MissingValues, found: PooledResult) -> tuple[str, ...]:
    model = as_model(found)
    if model.reason is not None:
        return (f"No odds ratio can be pooled: {say_reason(model.reason)}.",)
    without_p = replace(model, terms=tuple(replace(term, p_value=None) for term in model.terms))
    horizon = result.data.horizon
    describe = partial(describe_odds_ratio, within=horizon.text if horizon is not None else "")
    said = (
        sentence.replace("in the model relapsed", "in the imputed data sets (on average) relapsed")
        for sentence in describe_terms(without_p, result.variables, describe)
    )
    return (*_say_change(result, model), *said)


def _say_change(result: MissingValues, model: OddsRatioResult) -> tuple[str, ...]:
    """The odds ratio that imputation changes most, against the complete cases."""
    before = ratios_of(result.complete_cases)
    changes = []
    for term in model.terms:
        was, now = before.get((term.variable, term.level)), term.odds_ratio
        if not term.is_reference and was is not None and was.value and now.value:
            factor = now.value / was.value
            changes.append((max(factor, 1 / factor), term, was, now))
    if not changes:
        return ("No odds ratio of the complete cases can be compared with an imputed one.",)
    factor, term, was, now = max(changes, key=lambda change: change[0])
    variable = result.data.dictionary[term.variable]
    references = references_of(model)
    name = in_sentence(name_term(variable, term.level, references.get(term.variable)))
    before_and_after = (
        f"{format_ratio_of(was)} ({format_interval(was.interval)}) becomes {format_ratio_of(now)} "
        f"({format_interval(now.interval)}), a factor of {format_ratio(factor)}"
    )
    return (
        f"From complete cases to imputation the odds ratio of {name} changes most: {before_and_after}; no other changes by "
        "more.",
    )


def _download_imputed(found: PooledResult) -> Mapping[str, pd.DataFrame]:
    columns = ["variable", "statistic", "df", "df_error", "p_value", "reason"]
    tests = pd.DataFrame([[getattr(t, name) for name in columns] for t in found.tests], columns=columns)
    return {"imputed-estimates": found.to_frame().assign(imputations=found.m), "imputed-tests": tests}


IMPUTATION = Background(
    name="imputation",
    title="Does it matter?",
    about="Multiple imputation fills in each missing value several times by what the other factors and relapse predict, fits "
    "the model to each completed data set and pools the results. It takes some seconds.",
    button="Impute {imputations} times",
    run=_run,
    show=_show,
    refusal=_refuse,
    files=("imputed-estimates", "imputed-tests"),
    downloads=_download_imputed,
)
