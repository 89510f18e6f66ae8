"""Hazard ratios by Cox regression: each factor alone beside all chosen factors together, and whether they stay the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pandas as pd

from analytics.analysis import Analysis, Background, Checks, Control, Params
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.comparisons.concordance import (
    REPLICATES,
    check_concordance,
    concordance_frames,
    resample_concordance,
    show_concordance,
    show_concordance_optimism,
)
from analytics.comparisons.power import Plan, detect_hazards, tabulate_detectable, tabulate_terms, to_planning
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
from analytics.comparisons.requirements import endpoint_with
from analytics.comparisons.survival import NO_STRATA, endpoint_control, strata_control
from analytics.dictionary import PHASES, Dictionary, Endpoint, Variable
from analytics.document import ComparedTest, Headline, HtmlFigure, Picture, Progress, Shown
from analytics.estimators.cox import estimate_hazard_ratios, estimate_univariable_hazard_ratios
from analytics.estimators.proportional_hazards import proportional_hazards_test
from analytics.estimators.second_opinion.hazards import compare_hazard_ratios, compare_proportionality
from analytics.figures.forest import describe_forest, plot_forest, words_of
from analytics.figures.forest_html import draw_html
from analytics.figures.forest_svg import draw_svg
from analytics.figures.hazard_over_time import describe_hazard_over_time, plot_hazard_over_time
from analytics.formats import (
    MISSING,
    format_count,
    format_interval,
    format_number,
    format_p,
    format_p_phrase,
    format_step,
)
from analytics.frames import TimeToEvent, endpoint_columns, filters_of, strata_of
from analytics.reporting.attrition import Used, list_incomplete, list_losses, name_complete, name_eligible
from analytics.reporting.reasons import say_reason, say_why
from analytics.reporting.tables import Table
from analytics.reporting.timing import note_post_baseline
from analytics.reporting.wording import describe_hazard_ratio, in_sentence, join_words, start_sentence
from analytics.results import (
    CoefficientOverTime,
    ConcordanceOptimismResult,
    Estimate,
    HazardRatioResult,
    Note,
    ProportionalHazardsResult,
    Result,
)
from analytics.results.second_opinion import MULTIVARIABLE, UNIVARIABLE, Compared

USUAL = "usual"
# The usual factors, by the last phase that is known when the endpoint's clock starts.
USUAL_FACTORS: dict[str, tuple[str, ...]] = {
    "diagnosis": ("age_group", "immunophenotype", "white_cells_group"),
    "induction": ("age_group", "immunophenotype", "mrd_day46"),
    "relapse": ("immunophenotype", "mrd_day46"),
    "reinduction": ("relapse_timing_bfm", "mrd_after_reinduction"),
}
ERRORS = Control(
    "errors",
    "Standard errors",
    "one",
    "model",
    (("model", "of the model"), ("robust", "robust")),
    "more",
    "Robust standard errors (Lin and Wei) hold where the hazards are not quite proportional. They come with Wald "
    "intervals and Wald tests, and are not available for Firth’s method.",
    display=True,
)
FEW = 0.05
MOST_PICTURES = 3


@dataclass(frozen=True, slots=True)
class HazardRatios(Result):
    """Univariable and multivariable hazard ratios of one endpoint in one selection of children."""

    frame: TimeToEvent
    dictionary: Dictionary
    variables: tuple[Variable, ...]
    univariable: tuple[HazardRatioResult, ...]
    multivariable: HazardRatioResult
    proportionality: ProportionalHazardsResult
    notes: tuple[Note, ...]

    @property
    def endpoint(self) -> Endpoint:
        """What is waited for, and from when."""
        return self.frame.endpoint

    @property
    def n_complete(self) -> int:
        """Children of whom every factor is known."""
        return self.multivariable.n


@dataclass(frozen=True, slots=True)
class _Frame:
    data: TimeToEvent
    dictionary: Dictionary
    variables: tuple[Variable, ...]


def _usual_factors(endpoint: Endpoint) -> tuple[str, ...]:
    known = [phase for phase in USUAL_FACTORS if PHASES.index(phase) <= PHASES.index(endpoint.phase)]
    return USUAL_FACTORS[known[-1]] if known else ()


def _note_errors(params: Params) -> tuple[Note, ...]:
    if params["errors"] != "robust" or params["fit"] != "firth":
        return ()
    return (
        Note(
            "no-robust-errors",
            "caution",
            "Firth’s method has no robust standard errors; those of the model are used.",
            "Choose maximum likelihood or the automatic fit for robust standard errors.",
        ),
    )


def _note_proportionality(result: ProportionalHazardsResult, variables: Sequence[Variable]) -> tuple[Note, ...]:
    labels = {v.name: v.label for v in variables}
    drifting = [
        f"{labels[test.variable]} ({format_p_phrase(test.p_value)})"
        for test in result.tests
        if test.p_value is not None and test.p_value < FEW
    ]
    overall = result.global_test.p_value
    if not drifting and (overall is None or overall >= FEW):
        return ()
    which = f"for {join_words(drifting)}" if drifting else "for the model as a whole"
    return (
        Note(
            "non-proportional",
            "caution",
            f"Hazards are not proportional {which}; all factors together: {format_p_phrase(overall)}. The hazard ratio moves "
            "over the follow-up by more than chance would readily explain. The one number in the table is then an average over "
            "the follow-up, and would be another one with longer or shorter follow-up.",
            "Look at the figures of the hazard ratio over time below. A weighted log-rank test and the restricted mean survival "
            "time compare groups without this assumption.",
        ),
    )


def _note_hazard(endpoint: Endpoint) -> Note:
    return Note(
        "hazard-not-risk",
        "info",
        f"The hazard is the rate of {endpoint.event_label} among the children still without it. A hazard ratio is no ratio of "
        "risks and none of survival times; it is an association in these children, not the effect of a treatment.",
    )


def _name_coefficient(coefficient: CoefficientOverTime, variable: Variable, result: HazardRatios) -> str:
    if coefficient.level is None:
        return f"{variable.label}, per {format_step(variable.per, variable.unit)}"
    terms = result.multivariable.terms
    reference = next((t.level for t in terms if t.variable == variable.name and t.is_reference), None)
    return f"{variable.label}, {variable.level_label(coefficient.level)} against {variable.level_label(reference)}"


def _tabulate_proportionality(result: HazardRatios) -> tuple[Table, ...]:
    if result.multivariable.reason is not None:
        return ()
    labels = {v.name: v.label for v in result.variables}
    found, rows = result.proportionality, []
    for test in (*found.tests, found.global_test):
        label = labels.get(test.variable, "All together")
        if test.p_value is not None:
            rows.append((label, format_number(test.statistic), format_count(test.df or 0), format_p(test.p_value)))
        else:
            rows.append((label, MISSING, MISSING, "not tested" if found.reason else say_reason(test.reason)))
    caption = (
        "Grambsch and Therneau’s test on the scale of the Kaplan–Meier curve, in the multivariable model by maximum "
        "likelihood. A small p speaks against proportional hazards. A large one does not show that they are proportional: with "
        "few events only strong changes are found."
    )
    if found.reason is not None:
        caption = f"Not tested: {say_why(found.reason)}. The test needs an estimate by maximum likelihood."
    return (
        Table(
            title="Does the hazard ratio stay the same over the follow-up?",
            columns=("Factor", "Chi-square", "df", "p"),
            rows=tuple(rows),
            help=("", "Score test against a hazard ratio that changes with time", "Hazard ratios of the factor", ""),
            caption=caption,
        ),
    )


def _plan(result: HazardRatios, params: Params) -> Plan:
    found = detect_hazards(result.frame, result.variables)
    return Plan(tables=tabulate_detectable(result.multivariable, found, result.variables), frame=tabulate_terms(found))


def _check(result: HazardRatios, params: Params) -> Estimate:
    return check_concordance(result.multivariable)


def _show_checks(result: HazardRatios, made: Estimate, params: Params) -> tuple[Shown, ...]:
    return (show_concordance(made),)


def _resample(result: HazardRatios, params: Params, progress: Progress) -> ConcordanceOptimismResult:
    return resample_concordance(result.frame, params["fit"], progress)


def _refuse_to_resample(result: HazardRatios, params: Params) -> str:
    reason = _check(result, params).reason
    return "" if reason is None else f"Nothing can be corrected: {say_reason(reason)}."


def _show_optimism(result: HazardRatios, found: ConcordanceOptimismResult | None, params: Params) -> Shown:
    return show_concordance_optimism(found)


OPTIMISM = Background(
    name="concordance-optimism",
    title="Corrected for optimism",
    about=f"Draws the children anew {REPLICATES} times (with replacement), fits the model to each draw and sees how much less "
    "concordant it is in the actual children than in the draw. Takes some seconds, more with many factors.",
    button=f"Correct by {REPLICATES} resamples",
    run=_resample,
    show=_show_optimism,
    refusal=_refuse_to_resample,
    files=("optimism",),
    downloads=concordance_frames,
)


class HazardRatiosAnalysis(Analysis[_Frame, HazardRatios]):
    """Hazard ratios by Cox regression: each factor alone beside all chosen factors together, and whether they stay the same."""

    slug = "hazard-ratios"
    title = "Hazard ratios"
    question = "Which factors go with an earlier event, each alone and all together?"
    section = "Survival"
    order = 50
    icon = ":material/speed:"
    method = (
        "Cox regression (Efron ties) of each factor alone and of all together, complete cases; "
        "profile-likelihood intervals and likelihood-ratio tests, or Wald's or robust ones where these are chosen; Firth's "
        "penalised likelihood where the likelihood is monotone or where it is chosen; test of proportional "
        "hazards by Grambsch and "
        "Therneau."
    )
    requires = endpoint_with()
    files = ("estimates", "tests", "residuals")
    planning = to_planning(_plan)
    checks = Checks(
        title="How good is this model?",
        about="How well the multivariable model puts children in order of their hazard, in the children it was made from and, "
        "corrected, in new ones.",
        make=_check,
        show=_show_checks,
        background=(OPTIMISM,),
    )

    def controls(self, cohort: Cohort) -> tuple[Control, ...]:
        offered = [v for v in cohort.dictionary.variables if v.is_covariate or v.is_group]
        offered = [v for v in offered if v.name in cohort.variables]
        ordered = sorted(offered, key=lambda v: PHASES.index(v.phase))
        return (
            endpoint_control(cohort),
            Control(
                "covariates",
                "Factors in the model",
                "many",
                (USUAL,),
                ((USUAL, "usual for this endpoint"), *((v.name, v.label) for v in ordered)),
                help="The usual factors are known when the clock starts: age group, immunophenotype and white "
                "cells from diagnosis; "
                "immunophenotype and MRD on day 46 from relapse; time of relapse and MRD after reinduction from CAR-T or HSCT.",
            ),
            strata_control(cohort),
            reference_control(cohort),
            fit_control("the event"),
            limits_control(),
            ERRORS,
        )

    def prepare(self, cohort: Cohort, cohort_filter: CohortFilter, params: Params) -> _Frame:
        dictionary = cohort.dictionary
        endpoint = dictionary.endpoint(params["endpoint"])
        names: list[str] = []
        for name in params["covariates"]:
            names += _usual_factors(endpoint) if name == USUAL else (name,)
        strata = None if params["strata"] == NO_STRATA else dictionary[params["strata"]]
        # Within its own levels a factor does not vary.
        kept = [name for name in dict.fromkeys(names) if name in cohort.variables and name != params["strata"]]
        variables = tuple(dictionary[name] for name in kept)
        tally = cohort.tally(endpoint_columns(endpoint, strata, *variables), cohort_filter)
        data = TimeToEvent.from_tally(
            tally,
            endpoint,
            strata=strata,
            filtered_by=[dictionary[clause.variable] for clause in cohort_filter.clauses],
            covariates=variables,
            references=chosen_references(params),
        )
        return _Frame(data, dictionary, variables)

    def estimate(self, frame: _Frame, params: Params) -> HazardRatios:
        data, variables = frame.data, frame.variables
        is_robust = params["errors"] == "robust" and params["fit"] != "firth"
        options: dict[str, Any] = {"method": params["fit"], "conf_type": "wald" if is_robust else params["limits"]}
        covariates = pd.DataFrame(index=range(len(data.time))) if data.covariates is None else data.covariates
        complete = pd.Series(data.weight > 0).to_numpy() if data.complete is None else data.complete

        def arrays(kept: Any) -> dict[str, Any]:
            return {
                "time": data.time[kept],
                "event": data.event[kept],
                "covariates": covariates[kept],
                "entry": None if data.entry is None else data.entry[kept],
                "weight": data.weight[kept],
                "strata": None if data.strata is None else data.strata[kept],
            }

        multivariable = estimate_hazard_ratios(**arrays(complete), robust=is_robust, **options)
        if is_robust:
            known = {name: covariates[name].notna().to_numpy() for name in covariates.columns}
            univariable = tuple(
                estimate_hazard_ratios(
                    **{**arrays(kept), "covariates": covariates.loc[kept, [name]]}, robust=True, **options
                )
                for name, kept in known.items()
            )
        else:
            univariable = estimate_univariable_hazard_ratios(**arrays(slice(None)), **options)
        proportionality = replace(proportional_hazards_test(**arrays(complete)), notes=())
        multivariable = as_read(multivariable, variables)
        n_complete = int(data.weight[complete].sum())
        notes = (
            *note_post_baseline(data.endpoint, filters=filters_of(data), adjust=variables, strata=strata_of(data)),
            *note_incomplete(data.n, n_complete, data.n_missing, frame.dictionary, "the event"),
            *note_references(params, variables),
            *_note_errors(params),
            *_note_proportionality(proportionality, variables),
            *multivariable.notes,
            _note_hazard(data.endpoint),
        )
        univariable = tuple(as_read(result, variables) for result in univariable)
        return HazardRatios(data, frame.dictionary, variables, univariable, multivariable, proportionality, notes)

    def headlines(self, result: HazardRatios) -> tuple[Headline, ...]:
        model, noun = result.multivariable, result.endpoint.event_noun
        concordance = model.concordance
        text, why = MISSING, "No model was fitted."
        if concordance is not None:
            text = format_number(concordance.value)
            why = (
                start_sentence(f"{say_reason(concordance.reason)}.")
                if concordance.reason
                else "Without uncertainty that can be estimated."
            )
            if concordance.interval is not None:
                why = f"95 % interval {format_interval(concordance.interval)}."
        if not model.n_parameters:
            text, why = MISSING, "There is no model to judge."
        return (
            Headline(
                "Children in the model",
                f"{format_count(model.n)} of {format_count(result.frame.n)}",
                f"{start_sentence(result.endpoint.population)} of whom every chosen factor is known.",
            ),
            Headline(start_sentence(noun), format_count(model.n_event), "Among the children in the model."),
            Headline(
                f"{start_sentence(noun)} per parameter",
                format_number(model.events_per_parameter, 1),
                f"{start_sentence(noun)} for each hazard ratio estimated. Below 10, read with care; below 5, hardly at all.",
            ),
            Headline(
                "Concordance",
                text,
                "Of two children, how often the model gives the higher hazard to the one with the earlier event: "
                "0.5 is chance, 1 "
                f"perfect order. In the children it was made from, so too good. {why}",
            ),
        )

    def figure(self, result: HazardRatios, params: Params) -> HtmlFigure:
        univariable, multivariable, dictionary = result.univariable, result.multivariable, result.dictionary
        words = words_of(result.endpoint)
        forest = plot_forest(univariable, multivariable, dictionary, words)
        return HtmlFigure(draw_html(forest), partial(draw_svg, forest))

    def caption(self, result: HazardRatios, params: Params) -> str:
        if not result.variables:
            return ""
        strata = result.frame.conditions[-1].label if result.frame.strata is not None else ""
        within = (
            f" Stratified by {strata}: each level has a course of its own, and children are compared within it."
            if strata
            else ""
        )
        return f"Click a level to make it the reference that the others of its factor are compared with.{within}"

    def alt_text(self, result: HazardRatios) -> str:
        return describe_forest(result.univariable, result.multivariable, result.dictionary, words_of(result.endpoint))

    def pictures(self, result: HazardRatios, params: Params) -> tuple[Picture, ...]:
        """The coefficients of the factors whose hazard ratio moves most, by the p of their test."""
        p_values = {test.variable: test.p_value for test in result.proportionality.tests if test.p_value is not None}
        known = {v.name: v for v in result.variables}
        drawn = sorted(
            (c for c in result.proportionality.coefficients if c.variable in p_values),
            key=lambda c: p_values[c.variable],
        )
        pictures = []
        for number, coefficient in enumerate(drawn[:MOST_PICTURES]):
            variable = known[coefficient.variable]
            label = _name_coefficient(coefficient, variable, result)
            step = variable.per if coefficient.level is None else 1.0
            caption = (
                "Each dot is a time at which the event happened, in the scale of the hazard ratio; dots beyond "
                "the axis lie on its "
                "edge. Where the line leaves the broken one, the hazard ratio changes over the follow-up. The band is the 95 % "
                "interval of the line; at its ends it rests on few children."
                if number == 0
                else ""
            )
            pictures.append(
                Picture(
                    f"Hazard ratio over time: {label} ({format_p_phrase(p_values[coefficient.variable])})",
                    plot_hazard_over_time(coefficient, origin=result.endpoint.origin, step=step, label=label),
                    describe_hazard_over_time(
                        coefficient,
                        label,
                        result.proportionality.conf_level,
                        step,
                        # The residuals are those of the plain model, whatever the table beside them was fitted by.
                        model="the one hazard ratio by maximum likelihood"
                        if result.multivariable.method == "firth"
                        else "the model’s one hazard ratio",
                    ),
                    caption,
                )
            )
        return tuple(pictures)

    def tables(self, result: HazardRatios) -> tuple[Table, ...]:
        if not result.variables:
            return ()
        return (*_tabulate_proportionality(result),)

    def sentences(self, result: HazardRatios) -> tuple[str, ...]:
        model = result.multivariable
        if model.reason is not None:
            return (f"No hazard ratio can be given: {say_reason(model.reason)}.",)
        labels = {v.name: v.label for v in result.variables}
        references = {t.variable: t.level for t in model.terms if t.is_reference}
        return tuple(
            describe_hazard_ratio(
                term,
                result.dictionary[term.variable],
                references.get(term.variable),
                [label for name, label in labels.items() if name != term.variable],
                result.endpoint,
            )
            for term in model.terms
            if not term.is_reference
        )

    def used(self, result: HazardRatios) -> Used:
        frame, model = result.frame, result.multivariable
        return Used(
            eligible=name_eligible(frame.endpoint),
            losses=(*list_losses(frame.exclusions), *list_incomplete(frame.covariates, frame.weight, result.variables)),
            n=model.n,
            n_event=model.n_event,
            events=frame.endpoint.event_noun,
            complete=name_complete([*strata_of(frame), *result.variables]),
        )

    def tests(self, result: HazardRatios) -> tuple[ComparedTest, ...]:
        frame = result.frame
        strata = () if frame.strata is None else frame.conditions[-1:]
        return list_factor_tests(result.multivariable, result.variables, in_sentence(result.endpoint.label), strata)

    def downloads(self, result: HazardRatios) -> Mapping[str, pd.DataFrame]:
        models = [("univariable", r) for r in result.univariable] + [("multivariable", result.multivariable)]
        frames = [
            r.to_frame().assign(model=kind, n_model=r.n, n_event_model=r.n_event, std_error_type=r.std_error_type)
            for kind, r in models
        ]
        rows = [row for frame in frames for row in frame.to_dict("records")]
        numbers = {v.name: format_step(v.per, v.unit) for v in result.variables if not v.is_coded}
        estimates = pd.DataFrame(rows, columns=frames[-1].columns)
        test_columns = ["test", "model", "variable", "statistic", "df", "p_value", "reason"]
        tests = [
            (r.test_type, kind, t.variable, t.statistic, t.df, t.p_value, t.reason)
            for kind, r in models
            for t in r.tests
        ]
        proportionality = result.proportionality
        tests += [
            ("proportional hazards", "multivariable", t.variable, t.statistic, t.df, t.p_value, t.reason)
            for t in (*proportionality.tests, proportionality.global_test)
        ]
        references = {t.variable: t.level for t in result.multivariable.terms if t.is_reference}
        residuals = [
            (c.variable, c.level, references.get(c.variable), time, n, beta)
            for c in proportionality.coefficients
            for time, n, beta in zip(c.time.tolist(), c.n_event.tolist(), c.beta.tolist(), strict=True)
        ]
        return {
            "estimates": estimates.assign(per=pd.Series([numbers.get(row["variable"]) for row in rows], dtype=object)),
            "tests": pd.DataFrame(tests, columns=test_columns),
            "residuals": pd.DataFrame(
                residuals, columns=["variable", "level", "reference", "time", "n_event", "log_hazard_ratio"]
            ),
        }

    def second_opinion(self, frame: _Frame, result: HazardRatios, params: Params) -> Iterator[Compared]:
        data, covariates = frame.data, frame.data.covariates
        if covariates is None:
            return

        def arrays(kept: Any) -> dict[str, Any]:
            return {
                "time": data.time[kept],
                "event": data.event[kept],
                "weight": data.weight[kept],
                "entry": None if data.entry is None else data.entry[kept],
                "strata": None if data.strata is None else data.strata[kept],
            }

        steps = {v.name: v.per for v in frame.variables}
        complete = data.complete
        model = result.multivariable
        options: dict[str, Any] = {"covariates": covariates[complete], **arrays(complete)}
        yield from compare_hazard_ratios(model, **options, steps=steps, model=MULTIVARIABLE, with_concordance=True)
        for name, alone in zip(covariates.columns, result.univariable, strict=True):
            kept = covariates[name].notna().to_numpy()
            own = {"covariates": covariates.loc[kept, [name]], **arrays(kept)}
            yield from compare_hazard_ratios(alone, **own, steps=steps, model=UNIVARIABLE)
        yield from compare_proportionality(result.proportionality, **options, model=model)
