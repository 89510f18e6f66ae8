"""Odds ratios of relapse: each factor alone beside all chosen factors together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from analytics.analyses import Analysis, Control, Headline, HtmlFigure, Params
from analytics.cohort import Cohort
from analytics.dictionary import PHASES, Dictionary, Variable
from analytics.estimators.logistic import estimate_odds_ratios, estimate_univariable_odds_ratios
from analytics.figures.forest import describe_forest, draw_forest_table, forest_svg
from analytics.filters import CohortFilter
from analytics.formats import format_count, format_number, format_step
from analytics.frames import BinaryOutcome
from analytics.regression import (
    as_read,
    chosen_references,
    fit_control,
    limits_control,
    note_incomplete,
    note_references,
    reference_control,
    tabulate_e_values,
)
from analytics.results import Note, OddsRatioResult
from analytics.tables import Table
from analytics.wording import describe_odds_ratio, join_words

OUTCOME = "relapsed"
LAST_PHASE = "induction"  # of the factors; a filter on anything later selects by the outcome
PUBLISHED = ("thrombocytopenia", "bcr_abl1", "mrd_day19", "mrd_day46")
CROSS_SECTIONAL = Note(
    "odds-not-risk",
    "info",
    "An odds ratio is not a ratio of risks, and it overstates one where relapse is common. Relapse is counted whenever it "
    "came; children followed for a short time have had less chance to relapse.",
)


@dataclass(frozen=True, slots=True)
class RelapsePredictors:
    """Univariable and multivariable odds ratios of relapse in one selection of children."""

    frame: BinaryOutcome
    dictionary: Dictionary
    univariable: tuple[OddsRatioResult, ...]
    multivariable: OddsRatioResult
    notes: tuple[Note, ...]

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The chosen factors, in order."""
        return tuple(self.dictionary[name] for name in self.frame.covariates.columns)


@dataclass(frozen=True, slots=True)
class _Frame:
    outcome: BinaryOutcome
    dictionary: Dictionary
    filtered_by: tuple[Variable, ...]


def _controls(cohort: Cohort) -> tuple[Control, ...]:
    offered = [v for v in cohort.dictionary.covariates if v.name in cohort.variables]
    names = tuple((v.name, v.label) for v in offered)
    default = tuple(name for name in PUBLISHED if name in dict(names))
    return (
        Control(
            "factors",
            "Factors in the model",
            "many",
            default,
            names,
            help="Known at diagnosis or by the end of induction.",
        ),
        reference_control(cohort),
        fit_control("relapse"),
        limits_control(),
    )


def _prepare(cohort: Cohort, cohort_filter: CohortFilter, params: Params) -> _Frame:
    variables = [cohort.dictionary[name] for name in params["factors"]]
    references = chosen_references(params)
    tally = cohort.tally([OUTCOME, *params["factors"]], cohort_filter)
    filtered_by = tuple(cohort.dictionary[clause.variable] for clause in cohort_filter.clauses)
    return _Frame(BinaryOutcome.from_tally(tally, OUTCOME, variables, references), cohort.dictionary, filtered_by)


def _estimate(frame: _Frame, params: Params) -> RelapsePredictors:
    data = frame.outcome
    options = {"method": params["fit"], "conf_type": params["limits"]}
    univariable = estimate_univariable_odds_ratios(data.outcome, data.covariates, weight=data.weight, **options)
    kept = data.complete
    multivariable = estimate_odds_ratios(data.outcome[kept], data.covariates[kept], weight=data.weight[kept], **options)
    variables = [frame.dictionary[name] for name in data.covariates.columns]
    multivariable = as_read(multivariable, variables)
    univariable = tuple(as_read(result, variables) for result in univariable)
    # What is particular to a univariable model stands under the table; as notes it would only repeat these.
    own = (
        *_note_filter(frame.filtered_by),
        *note_incomplete(data.n, data.n_complete, data.n_missing, frame.dictionary, "relapse"),
        *note_references(params, variables),
    )
    return RelapsePredictors(
        data, frame.dictionary, univariable, multivariable, (*own, *multivariable.notes, CROSS_SECTIONAL)
    )


def _note_filter(filtered_by: Sequence[Variable]) -> tuple[Note, ...]:
    later = [v.label for v in filtered_by if PHASES.index(v.phase) > PHASES.index(LAST_PHASE)]
    if not later:
        return ()
    return (
        Note(
            "post-baseline-selection",
            "warning",
            f"The children are chosen by what happened after induction, relapse itself included: {join_words(later)}. "
            "That changes how many of them relapsed, and with it every odds ratio.",
            "Clear that filter to see which factors go with relapse.",
        ),
    )


def _headlines(result: RelapsePredictors) -> tuple[Headline, ...]:
    model = result.multivariable
    fitted = "maximum likelihood" if model.method == "ml" else "Firth’s method"
    return (
        Headline(
            "Children in the model",
            f"{format_count(model.n)} of {format_count(result.frame.n)}",
            "Complete cases: every chosen factor is known.",
        ),
        Headline("Relapses", format_count(model.n_event), "Among the children in the model."),
        Headline(
            "Relapses per parameter",
            format_number(model.events_per_parameter, 1),
            "Relapses (or children without, if fewer) for each odds ratio estimated. Below 10, read with care; below 5, "
            "hardly at all.",
        ),
        Headline(
            "Fitted by",
            fitted if model.reason is None else "not fitted",
            "Logistic regression. Firth’s method is used when a factor predicts relapse perfectly in these children.",
        ),
    )


def _figure(result: RelapsePredictors, params: Params) -> HtmlFigure:
    univariable, multivariable, dictionary = result.univariable, result.multivariable, result.dictionary

    def svg(title: str, subtitle: str) -> str:
        return forest_svg(univariable, multivariable, dictionary, title=title, subtitle=subtitle)

    return HtmlFigure(draw_forest_table(univariable, multivariable, dictionary), svg)


def _caption(result: RelapsePredictors, params: Params) -> str:
    return (
        "Click a level to make it the reference that the others of its factor are compared with."
        if result.variables
        else ""
    )


def _tables(result: RelapsePredictors) -> tuple[Table, ...]:
    return tabulate_e_values(result.multivariable, result.variables)


def _sentences(result: RelapsePredictors) -> tuple[str, ...]:
    model = result.multivariable
    if model.reason is not None:
        return (f"No odds ratio can be given: {model.reason}.",)
    labels = {v.name: v.label for v in result.variables}
    references = {t.variable: t.level for t in model.terms if t.is_reference}
    return tuple(
        describe_odds_ratio(
            term,
            result.dictionary[term.variable],
            references.get(term.variable),
            [label for name, label in labels.items() if name != term.variable],
        )
        for term in model.terms
        if not term.is_reference
    )


def _notes(result: RelapsePredictors) -> tuple[Note, ...]:
    return result.notes


def _left_out(result: RelapsePredictors) -> tuple[tuple[str, int], ...]:
    n = result.frame.n - result.frame.n_complete
    unknown = [(e.text, e.n) for e in result.frame.exclusions if e.code == "outcome-missing"]
    return (*unknown, *((("a factor of the model is not known", n),) if n else ()))


def _alt_text(result: RelapsePredictors) -> str:
    return describe_forest(result.univariable, result.multivariable, result.dictionary)


def _downloads(result: RelapsePredictors) -> Mapping[str, pd.DataFrame]:
    frames = [r.to_frame().assign(model="univariable", n_model=r.n) for r in result.univariable]
    frames.append(result.multivariable.to_frame().assign(model="multivariable", n_model=result.multivariable.n))
    tests = pd.DataFrame(
        [
            {
                "model": kind,
                "variable": t.variable,
                "statistic": t.statistic,
                "df": t.df,
                "p_value": t.p_value,
                "reason": t.reason,
            }
            for kind, results in (("univariable", result.univariable), ("multivariable", (result.multivariable,)))
            for r in results
            for t in r.tests
        ],
        columns=["model", "variable", "statistic", "df", "p_value", "reason"],
    )
    rows = [row for frame in frames for row in frame.to_dict("records")]
    numbers = {v.name: format_step(v.per, v.unit) for v in result.variables if not v.is_coded}
    estimates = pd.DataFrame(rows, columns=frames[-1].columns)
    return {
        "estimates": estimates.assign(per=pd.Series([numbers.get(row["variable"]) for row in rows], dtype=object)),
        "likelihood-ratio-tests": tests,
    }


ANALYSIS = Analysis(
    slug="relapse-predictors",
    title="Predictors of relapse",
    question="Which factors at diagnosis and induction go with relapse?",
    section="Relapse",
    order=10,
    icon=":material/forest:",
    method="Logistic regression of relapse on each factor alone and on all together, complete cases; profile-likelihood "
    "intervals; likelihood-ratio test per factor; Firth's penalised likelihood on separation.",
    requires=((OUTCOME,),),
    controls=_controls,
    prepare=_prepare,
    estimate=_estimate,
    headlines=_headlines,
    figure=_figure,
    caption=_caption,
    tables=_tables,
    sentences=_sentences,
    notes=_notes,
    alt_text=_alt_text,
    left_out=_left_out,
    files=("estimates", "likelihood-ratio-tests"),
    downloads=_downloads,
)
