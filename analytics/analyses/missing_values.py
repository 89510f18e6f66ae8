"""Which values are missing, in whom, and whether it matters for the odds ratios of relapse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

import pandas as pd

from analytics.analysis import Analysis, Background, Control, Params, lazy
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.comparisons.horizon import UNKNOWN, Horizon, WeighedOutcome
from analytics.comparisons.incidence import list_competing
from analytics.comparisons.regression import as_read, chosen_references, note_references, reference_control
from analytics.comparisons.relapse import (
    ANY_TIME,
    BY_HORIZON,
    COMPETING,
    CROSS_SECTIONAL,
    OUTCOME,
    PUBLISHED,
    controls_of_time,
    list_unfollowed,
    note_horizon,
    note_late,
    weigh_horizon,
)
from analytics.dictionary import Dictionary, Variable
from analytics.document import Headline, HtmlFigure, Picture, Progress, Shown
from analytics.estimators.imputation import (
    IMPUTATIONS,
    estimate_imputed_odds_ratios,
    why_not_imputed,
)
from analytics.estimators.logistic import estimate_odds_ratios
from analytics.estimators.missing_data import NOT_RECORDED, count_missing, own_level_name, with_own_level
from analytics.estimators.second_opinion.odds import compare_odds_ratios
from analytics.estimators.second_opinion.proportions import compare_missing
from analytics.figures.comparison_forest import (
    ComparisonForest,
    ComparisonRow,
    describe_comparison,
    plot_comparison,
)
from analytics.figures.forest import METHODS
from analytics.figures.forest_html import draw_html
from analytics.figures.forest_svg import draw_svg
from analytics.figures.missingness import MOST_PATTERNS, NOTHING, plot_missingness, plot_patterns
from analytics.formats import (
    MISSING,
    format_count,
    format_interval,
    format_number,
    format_p,
    format_percent,
    format_ratio,
    format_ratio_of,
    format_share,
    format_step,
)
from analytics.frames import BinaryOutcome, endpoint_columns
from analytics.reporting.attrition import Used, list_incomplete, list_losses, name_complete
from analytics.reporting.estimates import format_percent_points
from analytics.reporting.reasons import say_reason
from analytics.reporting.tables import Table
from analytics.reporting.wording import describe_odds_ratio, in_sentence, join_words
from analytics.results import (
    Estimate,
    MissingResult,
    MissingShare,
    Note,
    OddsRatio,
    OddsRatioResult,
    PooledResult,
    Result,
    as_model,
)
from analytics.results.second_opinion import Compared

# In the model at first beside the published factors, which are hardly ever missing.
OFTEN_MISSING = ("etv6_runx1", "high_hyperdiploidy", "cns_status")
FEWEST, MOST, STEP = 5, 100, 5
MANY_LOST = 0.1
MANY_DF = 100_000.0
COMPLETE, OWN_LEVEL, IMPUTED = "Complete cases", "Missing as own level", "Multiply imputed"


@dataclass(frozen=True)
class MissingValues(Result):
    """Missing values of the factors of a model, and of the other factors, in one selection of children.

    ``frame`` holds the factors of the model; ``counts`` counts these, ``others`` all further factors of the cohort that
    are not made from counted ones. ``weighed`` holds all children of a horizon that some did not reach.
    """

    frame: BinaryOutcome
    dictionary: Dictionary
    counts: MissingResult
    others: MissingResult
    notes: tuple[Note, ...]
    horizon: Horizon | None = None
    weighed: WeighedOutcome | None = None

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The factors of the model, in order."""
        return tuple(self.dictionary[name] for name in self.frame.covariates.columns)

    @property
    def labels(self) -> dict[str, str]:
        """Variable to label: the factors of the model, then the others."""
        names = [*(v.variable for v in self.counts.variables), *(v.variable for v in self.others.variables)]
        return {name: self.dictionary[name].label for name in names}

    @property
    def within(self) -> str:
        """By when relapse counts, with a space before it; empty for any time."""
        return f" {self.horizon.text}" if self.horizon is not None else ""

    @property
    def outcome(self) -> tuple[str, str]:
        """The names of children with relapse and without."""
        return f"relapsed{self.within}", f"no relapse{self.within}"

    @lazy
    def complete_cases(self) -> OddsRatioResult:
        """The model of the children of whom everything is known."""
        if self.weighed is not None:
            return as_read(self.weighed.estimate(), self.variables)
        kept = self.frame.complete
        covariates = self.frame.covariates[kept].reset_index(drop=True)
        fit = estimate_odds_ratios(self.frame.outcome[kept], covariates, weight=self.frame.weight[kept])
        return as_read(fit, self.variables)

    @lazy
    def own_level(self) -> OddsRatioResult:
        """The model of all children, "not recorded" being a level."""
        if self.weighed is not None and self.weighed.events.covariates is not None:
            events = self.weighed.events
            values = with_own_level(self.weighed.events.covariates, events.weight)
            return as_read(self.weighed.estimate_with(values), self.variables)
        values = with_own_level(self.frame.covariates, self.frame.weight)
        fit = estimate_odds_ratios(self.frame.outcome, values, weight=self.frame.weight)
        return as_read(fit, self.variables)


@dataclass(frozen=True, slots=True)
class _Frame:
    outcome: BinaryOutcome
    others: pd.DataFrame
    dictionary: Dictionary
    filtered_by: tuple[Variable, ...]
    horizon: Horizon | None
    weighed: WeighedOutcome | None


def _children(n: int) -> str:
    return f"{format_count(n)} {'child' if n == 1 else 'children'}"


def _note_lost(counts: MissingResult, dictionary: Dictionary) -> tuple[Note, ...]:
    lost = counts.n - counts.n_complete
    if not lost:
        return ()
    share = lost / counts.n
    events = counts.n_event - counts.patterns[0].n_event
    relapses = f"{format_count(counts.n_event)} {'relapse' if counts.n_event == 1 else 'relapses'}"
    return (
        Note(
            "incomplete-cases",
            "caution" if share > MANY_LOST else "info",
            f"Complete cases leave out {format_count(lost)} of {_children(counts.n)} "
            f"({format_percent(share, 0)}), and with them {format_count(events)} of {relapses}, "
            "because a factor of the model is unknown.",
            "Compare the three ways of dealing with it below.",
        ),
    )


def _note_outcome(counts: MissingResult, dictionary: Dictionary) -> tuple[Note, ...]:
    """A caution for each factor that is unknown more often on one side of the outcome than chance would explain."""
    found = [share for share in counts.variables if _excludes_none(share.difference)]
    if not found:
        return ()
    names = join_words([in_sentence(dictionary[share.variable].label) for share in found])
    return (
        Note(
            "missing-by-outcome",
            "caution",
            f"How often {names} {'is' if len(found) == 1 else 'are'} unknown differs between children with relapse and "
            "without, by more than chance would readily explain. Leaving such children out biases odds ratios if being "
            "unknown goes with a factor, too.",
            "Find out why these values are missing, and impute them below with relapse among the predictors.",
        ),
    )


def _excludes_none(difference: Estimate) -> bool:
    interval = difference.interval
    return interval is not None and ((interval.low or 0) > 0 or (interval.high is not None and interval.high < 0))


def _worst_first(counts: MissingResult) -> list[MissingShare]:
    return sorted(counts.variables, key=lambda share: -share.everyone.n_event)


def _known(counts: MissingResult, labels: Mapping[str, str]) -> list[str]:
    return [labels[s.variable] for s in counts.variables if not s.everyone.n_event]


def _describe_patterns(result: MissingValues) -> str:
    patterns = [p for p in result.counts.patterns if p.missing][:MOST_PATTERNS]
    said = [
        f"{join_words([result.labels[name] for name in p.missing])} in {format_count(p.n)}, "
        f"{format_count(p.n_event)} of them relapsed{result.within}"
        for p in patterns
    ]
    return f"Children by what is missing together: {'; '.join(said)}."


def _model_frame(model: OddsRatioResult, name: str) -> pd.DataFrame:
    return model.to_frame().assign(model=name, method=model.method, n_model=model.n)


# Does it matter?


def _refuse(result: MissingValues, params: Params) -> str:
    frame = result.frame
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
    frame = result.frame
    return estimate_imputed_odds_ratios(
        frame.covariates,
        frame.outcome,
        weight=frame.weight,
        m=params["imputations"],
        progress=progress,
        as_read=lambda fit: as_read(fit, result.variables),
        refit=None if result.weighed is None else result.weighed.estimate_imputed,
    )


Terms = Mapping[tuple[str, str | None], OddsRatio]


def _terms(model: OddsRatioResult) -> Terms:
    return {(t.variable, t.level): t for t in model.terms}


def _models(result: MissingValues, found: PooledResult | None) -> dict[str, OddsRatioResult]:
    models = {COMPLETE: result.complete_cases, OWN_LEVEL: result.own_level}
    return models if found is None else {**models, IMPUTED: as_model(found)}


def _compare(result: MissingValues, found: PooledResult | None) -> ComparisonForest:
    """Each odds ratio by every way of dealing with missing values, one under the other."""
    models = _models(result, found)
    terms = {name: _terms(model) for name, model in models.items()}
    lost = {} if found is None else {(t.variable, t.level): t.fraction_missing for t in found.terms}
    rows: list[ComparisonRow] = []
    for variable in result.variables:
        levels = result.frame.covariates[variable.name].cat.categories if variable.is_coded else [None]
        reference = None if not variable.is_coded else levels[0]
        for level in [None] if reference is None else levels[1:]:
            rows.append(ComparisonRow(_name(variable, level, reference)))
            for name, known in terms.items():
                if (variable.name, level) in known:
                    rows.append(_row(name, known[variable.name, level], lost.get((variable.name, level))))
        for key in ((variable.name, NOT_RECORDED), (own_level_name(variable.name), "yes")):
            if key in terms[OWN_LEVEL]:
                against = "recorded" if reference is None else variable.level_label(reference)
                rows.append(ComparisonRow(f"{variable.label}: {variable.missing_label} against {against}"))
                rows.append(_row(OWN_LEVEL, terms[OWN_LEVEL][key]))
    said = [
        f"{name}: {_children(model.n)}, {format_count(model.n_event)} {'relapse' if model.n_event == 1 else 'relapses'}, "
        f"{METHODS.get(model.method, model.method)}"
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


def _name(variable: Variable, level: str | None, reference: str | None) -> str:
    if level is None:
        return f"{variable.label}, per {format_step(variable.per, variable.unit)}"
    return f"{variable.label}: {variable.level_label(level)} against {variable.level_label(reference)}"


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
    drawn = plot_comparison(forest)
    figure = HtmlFigure(draw_html(drawn), partial(draw_svg, drawn))
    ways = "two ways" if found is None else "three ways"
    picture = Picture(
        f"Odds ratios of relapse by {ways} of dealing with missing values",
        figure,
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
    labels = {v.name: v.label for v in result.variables}
    references = {t.variable: t.level for t in model.terms if t.is_reference}
    said = [
        describe_odds_ratio(
            replace(term, p_value=None),
            result.dictionary[term.variable],
            references.get(term.variable),
            [label for name, label in labels.items() if name != term.variable],
            result.horizon.text if result.horizon is not None else "",
        ).replace("in the model relapsed", "in the imputed data sets (on average) relapsed")
        for term in model.terms
        if not term.is_reference
    ]
    return (*_say_change(result, model), *said)


def _say_change(result: MissingValues, model: OddsRatioResult) -> tuple[str, ...]:
    """The odds ratio that imputation changes most, against the complete cases."""
    before = _terms(result.complete_cases)
    changes = []
    for term in model.terms:
        other = before.get((term.variable, term.level))
        after = term.odds_ratio
        if term.is_reference or other is None or not other.odds_ratio.value or not after.value:
            continue
        factor = after.value / other.odds_ratio.value
        changes.append((max(factor, 1 / factor), term, other.odds_ratio, after))
    if not changes:
        return ("No odds ratio of the complete cases can be compared with an imputed one.",)
    factor, term, was, now = max(changes, key=lambda change: change[0])
    variable = result.dictionary[term.variable]
    references = {t.variable: t.level for t in model.terms if t.is_reference}
    name = in_sentence(_name(variable, term.level, references.get(term.variable)))
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


class MissingValuesAnalysis(Analysis[_Frame, MissingValues]):
    """Which values are missing, in whom, and whether it matters for the odds ratios of relapse."""

    slug = "missing-values"
    title = "Missing values"
    question = "What is not known, of whom, and does it change which factors go with relapse?"
    section = "Relapse"
    order = 30
    icon = ":material/unknown_document:"
    method = (
        "Missing values per factor by outcome, shares with Wilson and differences with Newcombe intervals. Logistic "
        "regression of complete cases, with missing values as a level of their own, and after multiple imputation by chained "
        "equations, pooled by Rubin's rules; Firth's penalised likelihood on separation."
    )
    requires = ((OUTCOME,),)
    files = ("missing", "patterns", "estimates")
    background = (IMPUTATION,)

    def controls(self, cohort: Cohort) -> tuple[Control, ...]:
        offered = [v for v in cohort.dictionary.covariates if v.name in cohort.variables]
        names = tuple((v.name, v.label) for v in offered)
        default = tuple(name for name in (*PUBLISHED, *OFTEN_MISSING) if name in dict(names))
        horizon, *_ = controls_of_time(cohort, offered)
        return (
            Control(
                "factors",
                "Factors in the model",
                "many",
                default,
                names,
                help="Known at diagnosis or by the end of induction. The same choice as for the predictors of relapse.",
            ),
            horizon,
            reference_control(cohort),
            Control(
                "imputations",
                "Imputations",
                "number",
                IMPUTATIONS,
                place="more",
                help="How many times missing values are filled in. About as many as there are children in a hundred who lack "
                "something; more make the result steadier, not the data better.",
                limits=(FEWEST, MOST),
                step=STEP,
            ),
        )

    def prepare(self, cohort: Cohort, cohort_filter: CohortFilter, params: Params) -> _Frame:
        dictionary = cohort.dictionary
        chosen = [dictionary[name] for name in params["factors"]]
        at_hand = {v.name for v in dictionary.covariates if v.name in cohort.variables}
        # What is made from another factor lacks what that one lacks.
        others = [
            v
            for v in dictionary.covariates
            if v.name in at_hand - set(params["factors"])
            and not (v.derivation is not None and set(v.derivation.source) & at_hand)
        ]
        endpoint = next((e for e in list_competing(cohort) if e.name == COMPETING), None)
        horizon: Horizon | None = None
        weighed: WeighedOutcome | None = None
        if params["horizon"] == ANY_TIME or endpoint is None:
            tally = cohort.tally([OUTCOME, *(v.name for v in (*chosen, *others))], cohort_filter)
        else:
            tally = cohort.tally(endpoint_columns(endpoint, *chosen, *others), cohort_filter)
            tally, horizon, weighed = weigh_horizon(
                tally, endpoint, dictionary[endpoint.cause], int(params["horizon"]), chosen, chosen_references(params)
            )
        why = {} if horizon is None else {"unknown": UNKNOWN}
        outcome = BinaryOutcome.from_tally(tally, OUTCOME, chosen, chosen_references(params), **why)
        kept = tally[tally[OUTCOME].notna()].reset_index(drop=True)
        filtered_by = tuple(dictionary[clause.variable] for clause in cohort_filter.clauses)
        return _Frame(outcome, kept[[v.name for v in others]], dictionary, filtered_by, horizon, weighed)

    def estimate(self, frame: _Frame, params: Params) -> MissingValues:
        data = frame.outcome
        counts = count_missing(data.covariates, data.outcome, weight=data.weight)
        others = count_missing(frame.others, data.outcome, weight=data.weight)
        variables = [frame.dictionary[name] for name in data.covariates.columns]
        general = CROSS_SECTIONAL if frame.horizon is None else BY_HORIZON
        notes = (
            *note_late(frame.dictionary, frame.filtered_by, variables),
            *_note_lost(counts, frame.dictionary),
            *_note_outcome(counts, frame.dictionary),
            *note_horizon(frame.horizon, data.n),
            *note_references(params, variables),
            general,
        )
        return MissingValues(data, frame.dictionary, counts, others, notes, frame.horizon, frame.weighed)

    def headlines(self, result: MissingValues) -> tuple[Headline, ...]:
        counts = result.counts
        cells = counts.n * len(counts.variables)
        most = max(counts.variables, key=lambda s: s.everyone.n_event, default=None)
        worst = "none"
        if most is not None and most.everyone.n_event:
            worst = f"{result.labels[most.variable]}, {format_count(most.everyone.n_event)}"
        return (
            Headline(
                "Children with every factor known",
                f"{format_count(counts.n_complete)} of {format_count(counts.n)}",
                "Complete cases: these alone are in an ordinary multivariable model.",
            ),
            Headline(
                "Relapses among them",
                f"{format_count(counts.patterns[0].n_event)} of {format_count(counts.n_event)}",
                f"Children who relapsed{result.within}.",
            ),
            Headline(
                "Values missing",
                format_share(counts.n_missing, cells) if cells else "0",
                "Of all values of the factors in the model.",
            ),
            Headline("Most often missing", worst, "The factor of the model that is unknown in most children."),
        )

    def figure(self, result: MissingValues, params: Params) -> object:
        blocks = [("In the model", _worst_first(result.counts)), ("Not in the model", _worst_first(result.others))]
        return plot_missingness(blocks, labels=result.labels, outcome=result.outcome)

    def caption(self, result: MissingValues, params: Params) -> str:
        known = [in_sentence(label) for label in _known(result.counts, result.labels)]
        nothing = f"Nothing is missing in {join_words(known)}. " if known and result.counts.n else ""
        if not result.counts.n:
            return ""
        return (
            f"{nothing}Marks: the share of children in whom the value is unknown, with its 95 % interval (Wilson). Shares far "
            "apart with and without relapse warn that leaving these children out can bias the odds ratios."
        )

    def alt_text(self, result: MissingValues) -> str:
        said = []
        for heading, counts in (("In the model", result.counts), ("Not in the model", result.others)):
            parts = [
                f"{result.labels[s.variable]} {format_share(s.everyone.n_event, counts.n)}, "
                f"{format_count(s.with_event.n_event)} of {format_count(counts.n_event)} {result.outcome[0]}"
                for s in _worst_first(counts)
                if s.everyone.n_event
            ]
            if parts:
                said.append(f"{heading}: {'; '.join(parts)}.")
        return f"Children in whom a value is missing. {' '.join(said)}" if said else NOTHING

    def pictures(self, result: MissingValues, params: Params) -> tuple[Picture, ...]:
        patterns = [p for p in result.counts.patterns if p.missing]
        if not patterns:
            return ()
        counts = result.counts
        further = sum(p.n for p in patterns[MOST_PATTERNS:])
        rest = (
            f" The {format_count(len(patterns) - MOST_PATTERNS)} smallest patterns ({format_count(further)} "
            f"{'child' if further == 1 else 'children'}) are not drawn."
            if further
            else ""
        )
        return (
            Picture(
                "Which values are missing together",
                plot_patterns(counts.patterns, labels=result.labels, outcome=result.outcome),
                _describe_patterns(result),
                "Each column is a group of children who lack exactly the factors with a full dot; the bar says how many they "
                f"are. {format_count(counts.n_complete)} of {_children(counts.n)} lack nothing.{rest}",
            ),
        )

    def tables(self, result: MissingValues) -> tuple[Table, ...]:
        shares = [s for s in _worst_first(result.counts) if s.everyone.n_event]
        if not shares:
            return ()
        counts = result.counts
        rows = tuple(
            (
                result.labels[s.variable],
                format_share(s.everyone.n_event, counts.n),
                format_share(s.with_event.n_event, counts.n_event),
                format_share(s.without_event.n_event, counts.n - counts.n_event),
                format_percent_points(s.difference),
            )
            for s in shares
        )
        relapsed, free = result.outcome
        return (
            Table(
                title="Missing values of the factors in the model",
                columns=(
                    "Factor",
                    f"All (n = {format_count(counts.n)})",
                    f"{relapsed.capitalize()} (n = {format_count(counts.n_event)})",
                    f"{free.capitalize()} (n = {format_count(counts.n - counts.n_event)})",
                    "Difference (95 % CI)",
                ),
                rows=rows,
                help=("", "", "", "", "Percentage points: relapsed less not relapsed"),
                caption="n (% of the column). Differences in percentage points, intervals by Newcombe’s method.",
            ),
        )

    def sentences(self, result: MissingValues) -> tuple[str, ...]:
        counts = result.counts
        if not counts.n:
            return ("No child is selected whose outcome is known.",)
        if not counts.variables:
            return ("No factor is chosen.",)
        said = [
            f"All factors of the model are known in {format_count(counts.n_complete)} of {_children(counts.n)}, "
            f"{format_count(counts.patterns[0].n_event)} of whom relapsed{result.within}."
        ]
        missing = [s for s in _worst_first(counts) if s.everyone.n_event]
        if not missing:
            said.append(NOTHING)
        for s in missing:
            parts = [
                f"{format_count(e.n_event)} of {format_count(e.n)} {who}"
                for e, who in ((s.with_event, f"who relapsed{result.within}"), (s.without_event, "who did not"))
                if e.n
            ]
            difference = (
                f" (difference {format_percent_points(s.difference)} percentage points)"
                if s.difference.interval
                else ""
            )
            said.append(
                f"{result.labels[s.variable]} is unknown in {format_share(s.everyone.n_event, counts.n)} of "
                f"{_children(counts.n)}: in {' and '.join(parts)}{difference}."
            )
        return tuple(said)

    def used(self, result: MissingValues) -> Used:
        frame, horizon, counts = result.frame, result.horizon, result.counts
        losses = (*list_losses(frame.exclusions), *list_incomplete(frame.covariates, frame.weight, result.variables))
        eligible, events = "children with a known outcome", "relapses"
        if horizon is not None:
            limit = horizon.text.removeprefix("within ")
            losses = (*list_unfollowed(horizon), *losses)
            eligible, events = f"children with the outcome known at {limit}", f"relapses {horizon.text}"
        return Used(
            eligible, losses, counts.n_complete, counts.patterns[0].n_event, events, name_complete(result.variables)
        )

    def downloads(self, result: MissingValues) -> Mapping[str, pd.DataFrame]:
        frames = [result.counts.to_frame().assign(in_model="yes"), result.others.to_frame().assign(in_model="no")]
        rows = [row for frame in frames for row in frame.to_dict("records")]
        models = [
            _model_frame(model, name)
            for model, name in ((result.complete_cases, "complete cases"), (result.own_level, "missing as own level"))
        ]
        estimates = [row for frame in models for row in frame.to_dict("records")]
        return {
            "missing": pd.DataFrame(rows, columns=frames[0].columns),
            "patterns": result.counts.patterns_to_frame(),
            "estimates": pd.DataFrame(estimates, columns=models[0].columns),
        }

    def second_opinion(self, frame: _Frame, result: MissingValues, params: Params) -> Iterator[Compared]:
        yield from compare_missing(result.counts)
        yield from compare_missing(result.others)
        data, steps = frame.outcome, {v.name: v.per for v in result.variables}
        if frame.weighed is not None and frame.weighed.events.covariates is not None:
            events = frame.weighed.events
            yield from frame.weighed.ask_libraries(result.complete_cases, steps, COMPLETE)
            values = with_own_level(frame.weighed.events.covariates, events.weight)
            yield from frame.weighed.ask_libraries_with(values, result.own_level, steps, OWN_LEVEL)
            return
        kept, weight = data.complete, data.weight
        yield from compare_odds_ratios(
            *(result.complete_cases, data.outcome[kept], data.covariates[kept]),
            weight=weight[kept],
            steps=steps,
            model=COMPLETE,
        )
        values = with_own_level(data.covariates, weight)
        yield from compare_odds_ratios(
            result.own_level, data.outcome, values, weight=weight, steps=steps, model=OWN_LEVEL
        )
