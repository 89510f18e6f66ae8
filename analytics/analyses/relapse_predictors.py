"""Odds ratios of relapse: each factor alone beside all chosen factors together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial

import pandas as pd

from analytics.analyses import (
    Analysis,
    Background,
    Checks,
    ComparedTest,
    Control,
    Headline,
    HtmlFigure,
    Params,
    Picture,
    Progress,
    Shown,
)
from analytics.cohort import MOST_NAMED, Cohort
from analytics.detectable import add_detectable, detect_odds, tabulate_detectable
from analytics.dictionary import CompetingEndpoint, Dictionary, Variable, open_dictionary
from analytics.disclosure import SuppressedError
from analytics.estimators.logistic import estimate_odds_ratios, estimate_univariable_odds_ratios
from analytics.figures.forest import RELAPSE, EventWords, describe_forest, draw_forest_table, forest_svg
from analytics.filters import CohortFilter
from analytics.formats import format_count, format_number, format_percent, format_step
from analytics.frames import BinaryOutcome, CompetingEvents, endpoint_columns, is_post_baseline
from analytics.funnel import Loss, Used, list_incomplete, list_losses, name_complete
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
from analytics.model_checks import (
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
from analytics.policy import govern
from analytics.post_baseline import note_post_baseline
from analytics.regression import (
    as_read,
    chosen_references,
    fit_control,
    limits_control,
    list_factor_tests,
    note_incomplete,
    note_references,
    reference_control,
)
from analytics.results import Note, OddsRatioResult, OptimismResult
from analytics.tables import Table
from analytics.wording import describe_odds_ratio, in_sentence, join_words

OUTCOME = "relapsed"
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


def _nobody(row: int) -> tuple[str, ...]:
    """Where no child can be named."""
    return ()


@dataclass(frozen=True)
class RelapsePredictors:
    """Univariable and multivariable odds ratios of relapse in one selection of children.

    ``horizon`` is None where relapse counts whenever it came. ``read_events`` takes the times of relapse and death out of
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

    @cached_property
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
        return govern(compare_incidence(events, self.dictionary[events.endpoint.cause], COMPETING, "log-log"))

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
        *controls_of_time(cohort, offered),
        reference_control(cohort),
        fit_control("relapse"),
        limits_control(),
    )


def controls_of_time(cohort: Cohort, offered: Sequence[Variable]) -> tuple[Control, ...]:
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
            display=True,
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
        tally = cohort.tally([OUTCOME, *params["factors"]], cohort_filter, outcome=OUTCOME)
        columns = list(tally.columns)
    else:
        tally = cohort.tally(endpoint_columns(endpoint, *variables), cohort_filter)
        columns = list(tally.columns)
        years, cause = int(params["horizon"]), dictionary[endpoint.cause]
        tally, horizon = event_within(tally, endpoint, cause, COMPETING, years, OUTCOME)
    outcome = BinaryOutcome.from_tally(tally, OUTCOME, variables, chosen_references(params))
    split = _split(dictionary, variables, params["curve"])
    read_events = None
    if endpoint is not None and split is not None:
        read_events = partial(_read_events, cohort, cohort_filter, endpoint, split)
    # The rows of the frame, with what was asked of the engine.
    rows = tally[tally[OUTCOME].notna()]
    columns.remove("n")
    name_patients = partial(_name_patients, cohort, cohort_filter, rows, columns, params["factors"])
    return _Frame(outcome, dictionary, filtered_by, horizon, read_events, name_patients)


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
        *note_late(frame.dictionary, frame.filtered_by, variables),
        *note_incomplete(data.n, data.n_complete, data.n_missing, frame.dictionary, "relapse"),
        *note_horizon(frame.horizon, data.n),
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
    )


def note_horizon(horizon: Horizon | None, n: int) -> tuple[Note, ...]:
    """Whom a horizon leaves out of ``n`` children and more, and who died before it."""
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


def note_late(dictionary: Dictionary, filtered_by: Sequence[Variable], factors: Sequence[Variable]) -> tuple[Note, ...]:
    """Notes on filters and factors that became known only after diagnosis, from which relapse is counted."""
    # A cohort without the times has no such endpoint in its dictionary; the phase of its clock is the same.
    endpoint = next((e for e in dictionary.competing if e.name == COMPETING), None) or _endpoint_of_relapse()
    return note_post_baseline(endpoint, filters=filtered_by, adjust=factors, outcome=dictionary[OUTCOME])


@cache
def _endpoint_of_relapse() -> CompetingEndpoint:
    return open_dictionary().competing_endpoint(COMPETING)


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
            f"death in first remission competes. Not adjusted for the other factors.{late}{_say_hidden(curves)}",
        ),
    )


def _say_hidden(curves: IncidenceComparison) -> str:
    """The groups that are left out to protect small numbers."""
    variable, shown = curves.frame.variable, curves.frame.group.categories
    if variable is None:
        return ""
    hidden = [variable.level_label(level) for level in variable.levels if level not in shown]
    return f" Left out to protect small numbers: {join_words(hidden)}." if hidden else ""


def _caption(result: RelapsePredictors, params: Params) -> str:
    return (
        "Click a level to make it the reference that the others of its factor are compared with."
        if result.variables
        else ""
    )


def _tables(result: RelapsePredictors) -> tuple[Table, ...]:
    curves = result.curves
    incidence = (tabulate_incidence(curves, every_cause=False),) if curves is not None and curves.frame.n else ()
    found = detect_odds(result.frame, result.variables)
    return (
        *incidence,
        *tabulate_detectable(result.multivariable, found, result.variables),
    )


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


def _used(result: RelapsePredictors) -> Used:
    frame, horizon, model = result.frame, result.horizon, result.multivariable
    losses = (*list_losses(frame.exclusions), *list_incomplete(frame.covariates, frame.weight, result.variables))
    eligible, events = "children with a known outcome", "relapses"
    if horizon is not None:
        limit = horizon.text.removeprefix("within ")
        lost = Loss("eligible", f"{limit} of follow-up not reached, no relapse", horizon.n_not_followed)
        losses = (lost, *losses)
        eligible, events = f"children with the outcome known at {limit}", f"relapses {horizon.text}"
    return Used(eligible, losses, model.n, model.n_event, events, name_complete(result.variables))


def _alt_text(result: RelapsePredictors) -> str:
    return describe_forest(result.univariable, result.multivariable, result.dictionary, result.words)


def _comparisons(result: RelapsePredictors) -> tuple[ComparedTest, ...]:
    return list_factor_tests(result.multivariable, result.variables, result.words.event)


def _downloads(result: RelapsePredictors) -> Mapping[str, pd.DataFrame]:
    frames = [add_detectable(r.to_frame(), {}).assign(model="univariable", n_model=r.n) for r in result.univariable]
    found = detect_odds(result.frame, result.variables)
    together = add_detectable(result.multivariable.to_frame(), found)
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


def _phrases(result: RelapsePredictors) -> EventPhrases:
    within = "" if result.horizon is None else f" {result.horizon.text}"
    return EventPhrases(f"relapse{within}", f"relapsed{within}", f"did not relapse{within}")


def _check(result: RelapsePredictors, params: Params) -> ModelChecks:
    # What is not shown of the model is not checked either.
    model = govern(result.multivariable)
    made = check_model(result.frame, result.variables, model, params["fit"], params["limits"], result.name_patients)
    return govern(made)


def _show_checks(result: RelapsePredictors, made: ModelChecks, params: Params) -> tuple[Shown, ...]:
    return show_checks(made, _phrases(result))


def _resample(result: RelapsePredictors, params: Params, progress: Progress) -> OptimismResult:
    return resample_model(result.frame, params["fit"], progress)


def _refuse_to_resample(result: RelapsePredictors, params: Params) -> str:
    reason = why_no_checks(result.multivariable)
    return f"Nothing can be corrected: {reason}." if reason else ""


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
    used=_used,
    files=("estimates", "likelihood-ratio-tests", "incidence"),
    downloads=_downloads,
    comparisons=_comparisons,
    pictures=_pictures,
    checks=Checks(
        title="How good is this model?",
        about="The multivariable model in the children it was made from: how well it tells them apart, whether its "
        "probabilities agree with what happened, and how much hangs on single children and on its assumptions.",
        make=_check,
        show=_show_checks,
        background=(OPTIMISM,),
        files=("calibration", "curves", "variance-inflation"),
        downloads=checks_frames,
    ),
)
