"""Odds ratios of relapse: each factor alone beside all chosen factors together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import pandas as pd

from analytics.analysis import Analysis, Background, Checks, Control, Governed, Params, lazy
from analytics.cohort import MOST_NAMED, Cohort
from analytics.cohort.disclosure import SuppressedError
from analytics.cohort.filters import CohortFilter
from analytics.comparisons.horizon import UNKNOWN, Horizon, Unfinished, WeighedOutcome, count_unfinished
from analytics.comparisons.incidence import (
    INCIDENCE_COLUMNS,
    IncidenceComparison,
    caption_comparison,
    compare_incidence,
    describe_comparison,
    incidence_rows,
    plot_comparison,
    say_incidence,
    tabulate_incidence,
)
from analytics.comparisons.power import Plan, detect_odds, tabulate_detectable, tabulate_terms, to_planning
from analytics.comparisons.regression import (
    as_read,
    chosen_references,
    fit_control,
    limits_control,
    list_factor_tests,
    note_incomplete,
    note_references,
    reference_control,
)
from analytics.comparisons.relapse import (
    ANY_TIME,
    BY_HORIZON,
    COMPETING,
    CROSS_SECTIONAL,
    DEATH,
    FIRST_FACTOR,
    OUTCOME,
    PUBLISHED,
    YEARS,
    competing_of_relapse,
    controls_of_time,
    list_unfollowed,
    note_horizon,
    note_late,
    say_unfinished,
    say_weighed,
    weigh_horizon,
)
from analytics.comparisons.validation import (
    REPLICATES,
    EventPhrases,
    ModelChecks,
    NamePatients,
    check_model,
    checks_frames,
    optimism_frames,
    resample_model,
    show_checks,
    show_optimism,
    why_no_checks,
)
from analytics.dictionary import CompetingEndpoint, Dictionary, Variable
from analytics.document import ComparedTest, Headline, HtmlFigure, Picture, Progress, Shown
from analytics.estimators.logistic import estimate_odds_ratios, estimate_univariable_odds_ratios
from analytics.estimators.second_opinion.odds import compare_odds_ratios
from analytics.figures.forest import RELAPSE, EventWords, describe_forest, plot_forest
from analytics.figures.forest_html import draw_html
from analytics.figures.forest_svg import draw_svg
from analytics.formats import format_count, format_number, format_step
from analytics.frames import BinaryOutcome, CompetingEvents, endpoint_columns, is_post_baseline
from analytics.reporting.attrition import Used, list_incomplete, list_losses, name_complete
from analytics.reporting.reasons import say_reason
from analytics.reporting.tables import Table
from analytics.reporting.wording import describe_odds_ratio, in_sentence, join_words
from analytics.results import Note, OddsRatioResult, OptimismResult, Reason, Result
from analytics.results.second_opinion import MULTIVARIABLE, UNIVARIABLE, Compared


def _nobody(row: int) -> tuple[str, ...]:
    """Where no child can be named."""
    return ()


@dataclass(frozen=True)
class RelapsePredictors(Result):
    """Univariable and multivariable odds ratios of relapse in one selection of children.

    ``horizon`` is None where relapse counts whenever it came; then ``unfinished`` counts those who died in remission or
    were followed for a short time, as far as the times are known. ``weighed`` holds all children of a horizon that some did
    not reach. ``read_events`` takes the times of relapse and death out of
    the engine; it is None without these times, or without a factor to split them by. ``name_patients`` gives the
    identifiers of children like that in a row of ``frame``, where the cohort gives any.
    """

    frame: BinaryOutcome
    dictionary: Dictionary
    univariable: tuple[OddsRatioResult, ...]
    multivariable: OddsRatioResult
    notes: tuple[Note, ...]
    horizon: Horizon | None = None
    read_events: Callable[[], CompetingEvents] | None = None
    name_patients: NamePatients = _nobody
    weighed: WeighedOutcome | None = None
    unfinished: Unfinished | None = None

    @lazy
    def curves(self) -> IncidenceComparison | None:
        """Cumulative incidence of relapse; made when it is first needed, so that the odds ratios do not wait for it.

        None also where small numbers are protected and these would be too small.
        """
        if self.read_events is None:
            return None
        try:
            events = self.read_events()
        except SuppressedError:
            return None
        return compare_incidence(events, self.dictionary[events.endpoint.cause], COMPETING, "log-log")

    @property
    def words(self) -> EventWords:
        """How the figure speaks of relapse."""
        if self.horizon is None:
            return RELAPSE
        within = self.horizon.text
        return EventWords(
            f"relapse {within}",
            f"Relapsed by {self.horizon.years} y",
            f"who relapsed {within}",
            f"with relapse {within}",
        )

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The chosen factors, in order."""
        return tuple(self.dictionary[name] for name in self.frame.covariates.columns)


@dataclass(frozen=True, slots=True)
class _Frame:
    outcome: BinaryOutcome
    dictionary: Dictionary
    filtered_by: tuple[Variable, ...]
    horizon: Horizon | None
    read_events: Callable[[], CompetingEvents] | None
    name_patients: NamePatients
    weighed: WeighedOutcome | None
    unfinished: Unfinished | None


def _name_patients(
    cohort: Cohort,
    cohort_filter: CohortFilter,
    rows: pd.DataFrame,
    columns: Sequence[str],
    factors: Sequence[str],
    row: int,
) -> tuple[str, ...]:
    """The identifiers of children with the outcome and the factors of a row of the frame, in which none is missing."""
    alike = rows
    for name in (OUTCOME, *factors):
        alike = alike[(alike[name] == rows[name].iloc[row]).to_numpy()]
    return cohort.name_patients(alike[list(columns)].head(MOST_NAMED), cohort_filter)


def _read_events(
    cohort: Cohort, cohort_filter: CohortFilter, endpoint: CompetingEndpoint, split: Variable
) -> CompetingEvents:
    times = cohort.tally(endpoint_columns(endpoint, split), cohort_filter)
    return CompetingEvents.from_tally(times, endpoint, cohort.dictionary[endpoint.cause], split)


def _split(dictionary: Dictionary, factors: Sequence[Variable], chosen: str) -> Variable | None:
    """The factor that splits the curves; None if the first one is wanted and none has levels."""
    if chosen != FIRST_FACTOR:
        return dictionary[chosen]
    return next((variable for variable in factors if variable.is_coded), None)


def _note_fit(weighed: WeighedOutcome | None, params: Params) -> tuple[Note, ...]:
    """That a way of fitting was asked for that does not know weights."""
    if weighed is None or params["fit"] != "firth":
        return ()
    return (
        Note(
            "firth-without-weights",
            "info",
            "Firth’s penalised likelihood was asked for, but does not know the weights that stand for children not followed "
            "long enough. The weighted likelihood is not penalised.",
            "Take relapse at any time for Firth’s method.",
        ),
    )


FITTED = {"ml": "maximum likelihood", "firth": "Firth’s method", "ipcw": "weights for follow-up"}


def _say_hidden(curves: IncidenceComparison) -> str:
    """The groups that are left out to protect small numbers."""
    variable, shown = curves.frame.variable, curves.frame.group.categories
    if variable is None:
        return ""
    hidden = [variable.level_label(level) for level in variable.levels if level not in shown]
    return f" Left out to protect small numbers: {join_words(hidden)}." if hidden else ""


def _plan(result: RelapsePredictors, params: Params) -> Plan:
    found = detect_odds(result.frame, result.variables)
    return Plan(tables=tabulate_detectable(result.multivariable, found, result.variables), frame=tabulate_terms(found))


def _phrases(result: RelapsePredictors) -> EventPhrases:
    within = "" if result.horizon is None else f" {result.horizon.text}"
    return EventPhrases(f"relapse{within}", f"relapsed{within}", f"did not relapse{within}")


WEIGHTED = Reason("checks-unweighted")


def _check(result: RelapsePredictors, params: Params) -> ModelChecks:
    model = result.multivariable
    if result.weighed is not None and model.reason is None:
        model = replace(model, reason=WEIGHTED)
    return check_model(result.frame, result.variables, model, params["fit"], params["limits"], result.name_patients)


def _show_checks(result: RelapsePredictors, made: ModelChecks, params: Params) -> tuple[Shown, ...]:
    return show_checks(made, _phrases(result))


def _resample(result: RelapsePredictors, params: Params, progress: Progress) -> OptimismResult:
    return resample_model(result.frame, params["fit"], progress)


def _refuse_to_resample(result: RelapsePredictors, params: Params) -> str:
    reason = why_no_checks(result.multivariable) or (WEIGHTED if result.weighed is not None else None)
    return "" if reason is None else f"Nothing can be corrected: {say_reason(reason)}."


def _show_optimism(result: RelapsePredictors, found: OptimismResult | None, params: Params) -> Shown:
    return show_optimism(found, _phrases(result))


OPTIMISM = Background(
    name="optimism",
    title="Corrected for optimism",
    about=f"Draws the children anew {REPLICATES} times (with replacement), fits the model to each draw and sees how much worse "
    "it does in the actual children than in the draw. Takes a few seconds, more with many factors.",
    button=f"Correct by {REPLICATES} resamples",
    run=_resample,
    show=_show_optimism,
    refusal=_refuse_to_resample,
    files=("optimism",),
    downloads=optimism_frames,
)


class RelapsePredictorsAnalysis(Analysis[_Frame, RelapsePredictors]):
    """Odds ratios of relapse: each factor alone beside all chosen factors together."""

    slug = "relapse-predictors"
    title = "Predictors of relapse"
    question = "Which factors at diagnosis and induction go with relapse?"
    section = "Relapse"
    order = 10
    icon = ":material/forest:"
    method = (
        "Logistic regression of relapse on each factor alone and on all together, complete cases; profile-likelihood "
        "intervals and likelihood-ratio tests, or Wald's where chosen; Firth's penalised likelihood on "
        "separation or where chosen. "
        "By a horizon that some were not followed to: inverse probability of censoring weights, robust standard errors, Wald "
        "intervals and tests. Curves: Aalen–Johansen estimates of the cumulative incidence, death in first remission competing; "
        "Gray’s test."
    )
    requires = ((OUTCOME,),)
    files = ("estimates", "likelihood-ratio-tests", "incidence")
    planning = to_planning(_plan)
    checks = Checks(
        title="How good is this model?",
        about="The multivariable model in the children it was made from: how well it tells them apart, whether its "
        "probabilities agree with what happened, and how much hangs on single children and on its assumptions.",
        make=_check,
        show=_show_checks,
        background=(OPTIMISM,),
        files=("calibration", "curves", "variance-inflation"),
        downloads=checks_frames,
    )

    def controls(self, cohort: Cohort) -> tuple[Control, ...]:
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
            *controls_of_time(cohort, offered),
            reference_control(cohort),
            fit_control("relapse"),
            limits_control(),
        )

    def prepare(self, cohort: Cohort, cohort_filter: CohortFilter, params: Params) -> _Frame:
        dictionary, endpoint = cohort.dictionary, competing_of_relapse(cohort)
        variables = [dictionary[name] for name in params["factors"]]
        filtered_by = tuple(dictionary[clause.variable] for clause in cohort_filter.clauses)
        horizon: Horizon | None = None
        weighed: WeighedOutcome | None = None
        unfinished: Unfinished | None = None
        if params["horizon"] == ANY_TIME or endpoint is None:
            tally = cohort.tally([OUTCOME, *params["factors"]], cohort_filter, outcome=OUTCOME)
            columns = list(tally.columns)
            if endpoint is not None and not cohort.smallest_cell:
                times = cohort.tally([OUTCOME, endpoint.time, endpoint.cause], cohort_filter)
                unfinished = count_unfinished(times, endpoint, dictionary[endpoint.cause], DEATH, YEARS[-1], OUTCOME)
        else:
            tally = cohort.tally(endpoint_columns(endpoint, *variables), cohort_filter)
            columns = list(tally.columns)
            tally, horizon, weighed = weigh_horizon(
                tally,
                endpoint,
                dictionary[endpoint.cause],
                int(params["horizon"]),
                variables,
                chosen_references(params),
            )
        why = {} if horizon is None else {"unknown": UNKNOWN}
        outcome = BinaryOutcome.from_tally(tally, OUTCOME, variables, chosen_references(params), **why)
        split = _split(dictionary, variables, params["curve"])
        read_events = None
        if endpoint is not None and split is not None:
            read_events = partial(_read_events, cohort, cohort_filter, endpoint, split)
        # The rows of the frame, with what was asked of the engine.
        rows = tally[tally[OUTCOME].notna()]
        columns.remove("n")
        name_patients = partial(_name_patients, cohort, cohort_filter, rows, columns, params["factors"])
        return _Frame(outcome, dictionary, filtered_by, horizon, read_events, name_patients, weighed, unfinished)

    def estimate(self, frame: _Frame, params: Params) -> RelapsePredictors:
        data = frame.outcome
        if frame.weighed is not None:
            univariable, multivariable = frame.weighed.estimate_univariable(), frame.weighed.estimate()
        else:
            options = {"method": params["fit"], "conf_type": params["limits"]}
            univariable = estimate_univariable_odds_ratios(data.outcome, data.covariates, weight=data.weight, **options)
            kept = data.complete
            multivariable = estimate_odds_ratios(
                data.outcome[kept], data.covariates[kept], weight=data.weight[kept], **options
            )
        variables = [frame.dictionary[name] for name in data.covariates.columns]
        multivariable = as_read(multivariable, variables)
        univariable = tuple(as_read(result, variables) for result in univariable)
        # What is particular to a univariable model stands under the table; as notes it would only repeat these.
        own = (
            *note_late(frame.dictionary, frame.filtered_by, variables),
            *note_incomplete(data.n, data.n_complete, data.n_missing, frame.dictionary, "relapse"),
            *note_horizon(frame.horizon, data.n),
            *_note_fit(frame.weighed, params),
            *note_references(params, variables),
        )
        general = CROSS_SECTIONAL if frame.horizon is None else BY_HORIZON
        return RelapsePredictors(
            data,
            frame.dictionary,
            univariable,
            multivariable,
            (*own, *multivariable.notes, general),
            frame.horizon,
            frame.read_events,
            frame.name_patients,
            frame.weighed,
            frame.unfinished,
        )

    def headlines(self, result: RelapsePredictors) -> tuple[Headline, ...]:
        model = result.multivariable
        fitted = FITTED.get(model.method, model.method)
        return (
            Headline(
                "Children in the model",
                f"{format_count(model.n)} of {format_count(result.frame.n)}",
                "Complete cases: every chosen factor is known"
                + (" and so is whether relapse came by then." if result.horizon is not None else "."),
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
                fitted if model.reason is None and model.terms else "not fitted",
                "Logistic regression. Firth’s method is used when a factor predicts relapse perfectly in these "
                "children. Weights for "
                "follow-up: inverse probability of censoring weights, with robust standard errors and Wald intervals.",
            ),
        )

    def figure(self, result: RelapsePredictors, params: Params) -> HtmlFigure:
        univariable, multivariable, dictionary = result.univariable, result.multivariable, result.dictionary
        words = result.words
        forest = plot_forest(univariable, multivariable, dictionary, words)
        return HtmlFigure(draw_html(forest), partial(draw_svg, forest))

    def caption(self, result: RelapsePredictors, params: Params) -> str:
        parts = [say_unfinished(result.unfinished, result.frame), say_weighed(result.horizon, result.frame.n)]
        if result.variables:
            parts.append("Click a level to make it the reference that the others of its factor are compared with.")
        return " ".join(part for part in parts if part)

    def alt_text(self, result: RelapsePredictors) -> str:
        return describe_forest(result.univariable, result.multivariable, result.dictionary, result.words)

    def pictures(self, result: RelapsePredictors, params: Params) -> tuple[Picture, ...]:
        curves = result.curves
        if curves is None or not curves.frame.n or curves.frame.variable is None:
            return ()
        variable = curves.frame.variable
        late = (
            f" {variable.label} is known only some weeks after {curves.endpoint.origin}; children with an event before have no "
            "group or were placed without it."
            if is_post_baseline(variable, curves.endpoint)
            else ""
        )
        return (
            Picture(
                f"Cumulative incidence of relapse by {in_sentence(variable.label)}",
                plot_comparison(curves, bands=True),
                describe_comparison(curves),
                f"{caption_comparison(curves, bands=True)} Every child in whom the factor is known, for as long as followed; "
                f"death in first remission competes. Not adjusted for the other factors.{late}{_say_hidden(curves)}",
            ),
        )

    def tables(self, result: RelapsePredictors) -> tuple[Table, ...]:
        curves = result.curves
        incidence = (tabulate_incidence(curves, every_cause=False),) if curves is not None and curves.frame.n else ()
        return (*incidence,)

    def sentences(self, result: RelapsePredictors) -> tuple[str, ...]:
        model = result.multivariable
        if model.reason is not None:
            return (f"No odds ratio can be given: {say_reason(model.reason)}.",)
        labels = {v.name: v.label for v in result.variables}
        references = {t.variable: t.level for t in model.terms if t.is_reference}
        ratios = tuple(
            describe_odds_ratio(
                term,
                result.dictionary[term.variable],
                references.get(term.variable),
                [label for name, label in labels.items() if name != term.variable],
                result.horizon.text if result.horizon is not None else "",
            )
            for term in model.terms
            if not term.is_reference
        )
        return (*ratios, *(say_incidence(result.curves) if result.curves is not None else ()))

    def used(self, result: RelapsePredictors) -> Used:
        frame, horizon, model = result.frame, result.horizon, result.multivariable
        losses = (*list_losses(frame.exclusions), *list_incomplete(frame.covariates, frame.weight, result.variables))
        eligible, events = "children with a known outcome", "relapses"
        if horizon is not None:
            limit = horizon.text.removeprefix("within ")
            losses = (*list_unfollowed(horizon), *losses)
            eligible, events = f"children with the outcome known at {limit}", f"relapses {horizon.text}"
        return Used(eligible, losses, model.n, model.n_event, events, name_complete(result.variables))

    def tests(self, result: RelapsePredictors) -> tuple[ComparedTest, ...]:
        return list_factor_tests(result.multivariable, result.variables, result.words.event)

    def downloads(self, result: RelapsePredictors) -> Mapping[str, pd.DataFrame]:
        frames = [r.to_frame().assign(model="univariable", n_model=r.n) for r in result.univariable]
        together = result.multivariable.to_frame()
        frames.append(together.assign(model="multivariable", n_model=result.multivariable.n))
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
            "incidence": pd.DataFrame(
                incidence_rows(result.curves) if result.curves is not None else [], columns=INCIDENCE_COLUMNS
            ),
        }

    def second_opinion(self, frame: _Frame, result: RelapsePredictors, params: Params) -> Iterator[Compared]:
        steps = {v.name: v.per for v in result.variables}
        if frame.weighed is not None:
            yield from frame.weighed.ask_libraries(result.multivariable, steps, MULTIVARIABLE)
            for name, model in zip(frame.outcome.covariates.columns, result.univariable, strict=True):
                yield from frame.weighed.ask_libraries(model, steps, UNIVARIABLE, [name])
            return
        data, kept = frame.outcome, frame.outcome.complete
        made = Governed(_check)(result, params)
        yield from compare_odds_ratios(
            *(result.multivariable, data.outcome[kept], data.covariates[kept]),
            weight=data.weight[kept],
            steps=steps,
            model=MULTIVARIABLE,
            area=made.area,
            brier=made.brier,
        )
        for name, model in zip(data.covariates.columns, result.univariable, strict=True):
            kept = data.covariates[name].notna().to_numpy()
            own = data.covariates.loc[kept, [name]]
            yield from compare_odds_ratios(
                model, data.outcome[kept], own, weight=data.weight[kept], steps=steps, model=UNIVARIABLE
            )
