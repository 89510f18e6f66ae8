"""Odds ratios of relapse: each factor alone beside all chosen factors together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import pandas as pd

from analytics.analyses import Analysis, Control, Headline, HtmlFigure, Params, Picture
from analytics.cohort import Cohort
from analytics.dictionary import PHASES, CompetingEndpoint, Dictionary, Variable
from analytics.estimators.logistic import estimate_odds_ratios, estimate_univariable_odds_ratios
from analytics.figures.forest import RELAPSE, EventWords, describe_forest, draw_forest_table, forest_svg
from analytics.filters import CohortFilter
from analytics.formats import format_count, format_number, format_percent, format_step
from analytics.frames import BinaryOutcome, CompetingEvents, endpoint_columns, is_post_baseline
from analytics.horizon import Horizon, event_within
from analytics.incidence_comparison import (
    INCIDENCE_COLUMNS,
    IncidenceComparison,
    caption_comparison,
    compare_incidence,
    describe_comparison,
    incidence_rows,
    list_competing,
    plot_comparison,
    say_incidence,
    tabulate_incidence,
)
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
from analytics.wording import describe_odds_ratio, in_sentence, join_words

OUTCOME = "relapsed"
LAST_PHASE = "induction"  # of the factors; a filter on anything later selects by the outcome
PUBLISHED = ("thrombocytopenia", "bcr_abl1", "mrd_day19", "mrd_day46")
COMPETING = "relapse"  # the competing endpoint, and its event, of the curves and of a horizon
ANY_TIME, YEARS = "any", (1, 2, 3, 5)
FIRST_FACTOR = "first"
CROSS_SECTIONAL = Note(
    "odds-not-risk",
    "info",
    "An odds ratio is not a ratio of risks, and it overstates one where relapse is common. Relapse is counted whenever it "
    "came; children followed for a short time have had less chance to relapse.",
)

BY_HORIZON = replace(
    CROSS_SECTIONAL, text="An odds ratio is not a ratio of risks, and it overstates one where relapse is common."
)


@dataclass(frozen=True)
class RelapsePredictors:
    """Univariable and multivariable odds ratios of relapse in one selection of children.

    ``horizon`` is None where relapse counts whenever it came. ``read_events`` takes the times of relapse and death out of
    the engine; it is None without these times, or without a factor to split them by.
    """

    frame: BinaryOutcome
    dictionary: Dictionary
    univariable: tuple[OddsRatioResult, ...]
    multivariable: OddsRatioResult
    notes: tuple[Note, ...]
    horizon: Horizon | None = None
    read_events: Callable[[], CompetingEvents] | None = None

    @cached_property
    def curves(self) -> IncidenceComparison | None:
        """Cumulative incidence of relapse; made when it is first needed, so that the odds ratios do not wait for it."""
        if self.read_events is None:
            return None
        events = self.read_events()
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
        *_controls_of_time(cohort, offered),
        reference_control(cohort),
        fit_control("relapse"),
        limits_control(),
    )


def _controls_of_time(cohort: Cohort, offered: Sequence[Variable]) -> tuple[Control, ...]:
    """The choices that need the times of relapse and death."""
    is_timed = _competing(cohort) is not None
    horizons = [(ANY_TIME, "any time")]
    if is_timed:
        horizons += [(str(years), f"{years} {'year' if years == 1 else 'years'}") for years in YEARS]
    groups = [(v.name, v.label) for v in offered if v.is_coded and is_timed]
    return (
        Control(
            "horizon",
            "Relapse within",
            "one",
            ANY_TIME,
            tuple(horizons),
            help="Any time counts a relapse whenever it came. With a horizon, children without relapse count only if they "
            "were followed that long.",
        ),
        Control(
            "curve",
            "Curves by",
            "one",
            FIRST_FACTOR,
            ((FIRST_FACTOR, "the first factor"), *groups),
            "more",
            "The factor that splits the curves of the cumulative incidence of relapse.",
        ),
    )


def _competing(cohort: Cohort) -> CompetingEndpoint | None:
    return next((endpoint for endpoint in list_competing(cohort) if endpoint.name == COMPETING), None)


def _prepare(cohort: Cohort, cohort_filter: CohortFilter, params: Params) -> _Frame:
    dictionary, endpoint = cohort.dictionary, _competing(cohort)
    variables = [dictionary[name] for name in params["factors"]]
    filtered_by = tuple(dictionary[clause.variable] for clause in cohort_filter.clauses)
    horizon: Horizon | None = None
    if params["horizon"] == ANY_TIME or endpoint is None:
        tally = cohort.tally([OUTCOME, *params["factors"]], cohort_filter)
    else:
        tally = cohort.tally(endpoint_columns(endpoint, *variables), cohort_filter)
        years, cause = int(params["horizon"]), dictionary[endpoint.cause]
        tally, horizon = event_within(tally, endpoint, cause, COMPETING, years, OUTCOME)
    outcome = BinaryOutcome.from_tally(tally, OUTCOME, variables, chosen_references(params))
    split = _split(dictionary, variables, params["curve"])
    read_events = None
    if endpoint is not None and split is not None:
        read_events = partial(_read_events, cohort, cohort_filter, endpoint, split)
    return _Frame(outcome, dictionary, filtered_by, horizon, read_events)


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
        *_note_horizon(frame.horizon, data.n),
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
    )


def _note_horizon(horizon: Horizon | None, n: int) -> tuple[Note, ...]:
    if horizon is None:
        return ()
    notes = []
    lost, died = horizon.n_not_followed, horizon.n_competing
    if lost:
        share = format_percent(lost / (lost + n), 0)
        notes.append(
            Note(
                "not-followed-to-horizon",
                "caution" if lost / (lost + n) > 0.1 else "info",
                f"{format_count(lost)} of {format_count(lost + n)} children ({share}) {'was' if lost == 1 else 'were'} "
                f"without relapse but not followed for {horizon.text.removeprefix('within ')}, and "
                f"{'is' if lost == 1 else 'are'} left out. Children who relapsed stay in however short their follow-up, so "
                "relapse looks more frequent than it is, and the odds ratios are biased if follow-up goes with a factor.",
                "Compare with the cumulative incidence below, which uses every child for as long as followed.",
            )
        )
    if died:
        notes.append(
            Note(
                "deaths-not-relapsed",
                "info",
                f"{format_count(died)} {'child' if died == 1 else 'children'} died in first remission {horizon.text} and "
                f"{'counts' if died == 1 else 'count'} as not relapsed.",
            )
        )
    return tuple(notes)


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
    words = result.words

    def svg(title: str, subtitle: str) -> str:
        return forest_svg(univariable, multivariable, dictionary, words, title=title, subtitle=subtitle)

    return HtmlFigure(draw_forest_table(univariable, multivariable, dictionary, words), svg)


def _pictures(result: RelapsePredictors, params: Params) -> tuple[Picture, ...]:
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
            f"death in first remission competes. Not adjusted for the other factors.{late}",
        ),
    )


def _caption(result: RelapsePredictors, params: Params) -> str:
    return (
        "Click a level to make it the reference that the others of its factor are compared with."
        if result.variables
        else ""
    )


def _tables(result: RelapsePredictors) -> tuple[Table, ...]:
    curves = result.curves
    incidence = (tabulate_incidence(curves, every_cause=False),) if curves is not None and curves.frame.n else ()
    return (*incidence, *tabulate_e_values(result.multivariable, result.variables))


def _sentences(result: RelapsePredictors) -> tuple[str, ...]:
    model = result.multivariable
    if model.reason is not None:
        return (f"No odds ratio can be given: {model.reason}.",)
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


def _notes(result: RelapsePredictors) -> tuple[Note, ...]:
    return result.notes


def _left_out(result: RelapsePredictors) -> tuple[tuple[str, int], ...]:
    n = result.frame.n - result.frame.n_complete
    unknown = [(e.text, e.n) for e in result.frame.exclusions if e.code == "outcome-missing"]
    horizon = result.horizon
    lost: tuple[tuple[str, int], ...] = ()
    if horizon is not None and horizon.n_not_followed:
        lost = (
            (f"{horizon.text.removeprefix('within ')} of follow-up not reached, no relapse", horizon.n_not_followed),
        )
    return (*lost, *unknown, *((("a factor of the model is not known", n),) if n else ()))


def _alt_text(result: RelapsePredictors) -> str:
    return describe_forest(result.univariable, result.multivariable, result.dictionary, result.words)


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
        "incidence": pd.DataFrame(
            incidence_rows(result.curves) if result.curves is not None else [], columns=INCIDENCE_COLUMNS
        ),
    }


ANALYSIS = Analysis(
    slug="relapse-predictors",
    title="Predictors of relapse",
    question="Which factors at diagnosis and induction go with relapse?",
    section="Relapse",
    order=10,
    icon=":material/forest:",
    method="Logistic regression of relapse on each factor alone and on all together, complete cases; profile-likelihood "
    "intervals; likelihood-ratio test per factor; Firth's penalised likelihood on separation. Curves: Aalen–Johansen "
    "estimates of the cumulative incidence, death in first remission competing; Gray’s test.",
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
    files=("estimates", "likelihood-ratio-tests", "incidence"),
    downloads=_downloads,
    pictures=_pictures,
)
