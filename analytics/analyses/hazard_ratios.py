"""Hazard ratios by Cox regression: each factor alone beside all chosen factors together, and whether they stay the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pandas as pd

from analytics.analysis import Checks, Control, Params
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.comparisons.choices import chosen_references, endpoint_control, note_references, strata_control
from analytics.comparisons.power import detect_hazards
from analytics.comparisons.regression import (
    RegressionAnalysis,
    as_read,
    list_factor_tests,
    list_headlines,
    list_models,
    model_controls,
    tabulate_estimates,
    tabulate_tests,
    to_model_planning,
)
from analytics.comparisons.requirements import endpoint_with
from analytics.comparisons.survival import prepare_times
from analytics.comparisons.validation import to_optimism
from analytics.dictionary import PHASES, Dictionary, Endpoint, Variable, load_words
from analytics.document import ComparedTest, Headline, Picture, Shown
from analytics.estimators import (
    concordance_optimism_by_bootstrap,
    estimate_hazard_ratios,
    estimate_univariable_hazard_ratios,
    proportional_hazards_test,
)
from analytics.estimators.second_opinion.hazards import compare_hazard_ratios, compare_proportionality
from analytics.figures.forest.ratios import EventWords, words_of
from analytics.figures.ratios.hazard_over_time import describe_hazard_over_time, plot_hazard_over_time
from analytics.formats import format_p_phrase, name_patients
from analytics.frames import TimeToEvent, filters_of, strata_of
from analytics.reporting.answers import answer_factors
from analytics.reporting.attrition import Used
from analytics.reporting.files import name_measure
from analytics.reporting.hazards import NO_ROBUST_ERRORS, RESIDUALS, explain_concordance, note_hazard, say_concordance
from analytics.reporting.proportionality import note_proportionality, tabulate_proportionality
from analytics.reporting.regression import note_incomplete
from analytics.reporting.tables import Table
from analytics.reporting.timing import note_post_baseline
from analytics.reporting.wording import describe_hazard_ratio, in_sentence, name_term, start_sentence
from analytics.results import (
    Estimate,
    HazardRatioResult,
    Note,
    ProportionalHazardsResult,
    Reason,
    Result,
    references_of,
)
from analytics.results.second_opinion import MULTIVARIABLE, UNIVARIABLE, Compared

USUAL = "usual"
MOST_PICTURES = 3
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


@dataclass(frozen=True, slots=True)
class HazardRatios(Result):
    """Univariable and multivariable hazard ratios of one endpoint in one selection."""

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
    def words(self) -> EventWords:
        """How the figure speaks of the event."""
        return words_of(self.endpoint)

    @property
    def n_complete(self) -> int:
        """Patients of whom every factor is known."""
        return self.multivariable.n


@dataclass(frozen=True, slots=True)
class _Frame:
    data: TimeToEvent
    dictionary: Dictionary
    variables: tuple[Variable, ...]


def _usual_factors(dictionary: Dictionary, endpoint: Endpoint) -> tuple[str, ...]:
    """The factors that are listed for the last phase that is known when the endpoint's clock starts."""
    phases, lists = PHASES[: PHASES.index(endpoint.phase) + 1], dict(dictionary.lists)
    return next((lists[name] for phase in reversed(phases) if (name := f"factors at {phase}") in lists), ())


def _check(result: HazardRatios, params: Params) -> Estimate:
    """The concordance of the model as it is shown; a reason where it is not."""
    model = result.multivariable
    if model.reason is not None:
        return Estimate(None, reason=model.reason)
    if model.concordance is None or not model.n_parameters:
        return Estimate(None, reason=Reason("no-coefficient"))
    return model.concordance


def _show_checks(result: HazardRatios, made: Estimate, params: Params) -> tuple[Shown, ...]:
    return (Shown(sentences=(say_concordance(made),)),)


OPTIMISM = to_optimism(
    "hazard ratio",
    concordance_optimism_by_bootstrap,
    lambda result: _check(result, {}).reason,
    name="concordance-optimism",
    worse="less concordant it is",
    wait="some seconds",
)


class HazardRatiosAnalysis(RegressionAnalysis[_Frame, HazardRatios]):
    """Hazard ratios by Cox regression: each factor alone beside all chosen factors together, and whether they stay the same."""

    slug = "hazard-ratios"
    title = "Hazard ratios"
    question = "Which factors go with an earlier event, each alone and all together?"
    section = "Survival"
    order = 50
    icon = ":material/speed:"
    method = (
        "Cox regression (Efron ties) of each factor alone and of all together, complete cases; profile-likelihood intervals "
        "and likelihood-ratio tests, or Wald's or robust ones where these are chosen; Firth's penalised likelihood where the "
        "likelihood is monotone or where it is chosen; test of proportional hazards by Grambsch and Therneau."
    )
    files = ("estimates", "tests", "residuals")
    planning = to_model_planning(detect_hazards)
    checks = Checks(
        title="How good is this model?",
        about="How well the multivariable model puts {patients} in order of their hazard, in the {patients} it was made from "
        "and, corrected, in new ones.",
        make=_check,
        show=_show_checks,
        background=(OPTIMISM,),
    )

    @property
    def requires(self) -> tuple[tuple[str, ...], ...]:
        return endpoint_with()

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
                help="The usual factors are known when the clock starts: {usual_factors}.",
            ),
            strata_control(cohort),
            *model_controls(cohort, "the event"),
            ERRORS,
        )

    def prepare(self, cohort: Cohort, cohort_filter: CohortFilter, params: Params) -> _Frame:
        dictionary = cohort.dictionary
        endpoint = dictionary.endpoint(params["endpoint"])
        names: list[str] = []
        for name in params["covariates"]:
            names += _usual_factors(dictionary, endpoint) if name == USUAL else (name,)
        # Within its own levels a factor does not vary.
        kept = [name for name in dict.fromkeys(names) if name in cohort.variables and name != params["strata"]]
        variables = tuple(dictionary[name] for name in kept)
        references = chosen_references(params)
        data = prepare_times(cohort, cohort_filter, params, covariates=variables, references=references)
        return _Frame(data, dictionary, variables)

    def estimate(self, frame: _Frame, params: Params) -> HazardRatios:
        data, variables = frame.data, frame.variables
        is_robust = params["errors"] == "robust" and params["fit"] != "firth"
        options: dict[str, Any] = {"method": params["fit"], "conf_type": "wald" if is_robust else params["limits"]}
        complete = data.model()
        multivariable = estimate_hazard_ratios(**complete, robust=is_robust, **options)
        if is_robust:
            univariable = tuple(estimate_hazard_ratios(**data.model(v.name), robust=True, **options) for v in variables)
        else:
            covariates = complete["covariates"] if data.covariates is None else data.covariates
            univariable = estimate_univariable_hazard_ratios(**data.arrays(), covariates=covariates, **options)
        proportionality = replace(proportional_hazards_test(**complete), notes=())
        multivariable = as_read(multivariable, variables)
        notes = (
            *note_post_baseline(data.endpoint, filters=filters_of(data), adjust=variables, strata=strata_of(data)),
            *note_incomplete(data.n, data.n_complete, data.n_missing, frame.dictionary, "the event"),
            *note_references(params, variables),
            *((NO_ROBUST_ERRORS,) if params["errors"] == "robust" and not is_robust else ()),
            *note_proportionality(proportionality, variables),
            *multivariable.notes,
            note_hazard(data.endpoint),
        )
        univariable = tuple(as_read(result, variables) for result in univariable)
        return HazardRatios(data, frame.dictionary, variables, univariable, multivariable, proportionality, notes)

    def headlines(self, result: HazardRatios) -> tuple[Headline, ...]:
        model, noun = result.multivariable, start_sentence(result.endpoint.event_noun)
        who = f"{start_sentence(result.endpoint.population)} of whom every chosen factor is known."
        counts = list_headlines(model, result.frame.n, who, noun, noun)
        return (*counts, Headline("Concordance", *explain_concordance(model), place="sure"))

    def caption(self, result: HazardRatios, params: Params) -> str:
        if not result.variables or result.frame.strata is None:
            return super().caption(result, params)
        strata, some = result.frame.conditions[-1].label, load_words().plural
        said = f"Stratified by {strata}: each level has a course of its own, and {some} are compared within it."
        return f"{super().caption(result, params)} {said}"

    def pictures(self, result: HazardRatios, params: Params) -> tuple[Picture, ...]:
        """The coefficients of the factors whose hazard ratio moves most, by the p of their test."""
        found, model, variables = result.proportionality, result.multivariable, {v.name: v for v in result.variables}
        p_values = {test.variable: test.p_value for test in found.tests if test.p_value is not None}
        drawn = sorted((c for c in found.coefficients if c.variable in p_values), key=lambda c: p_values[c.variable])
        # The residuals are those of the plain model, whatever the table beside them was fitted by.
        line = (
            "the one hazard ratio by maximum likelihood" if model.method == "firth" else "the model’s one hazard ratio"
        )
        pictures = []
        for number, c in enumerate(drawn[:MOST_PICTURES]):
            variable = variables[c.variable]
            label = name_term(variable, c.level, references_of(model).get(variable.name), ",")
            step = variable.per if c.level is None else 1.0
            pictures.append(
                Picture(
                    f"Hazard ratio over time: {label} ({format_p_phrase(p_values[c.variable])})",
                    plot_hazard_over_time(c, origin=result.endpoint.origin, step=step, label=label),
                    describe_hazard_over_time(c, label, found.conf_level, step, model=line),
                    "" if number else name_patients(RESIDUALS),
                    place="sure",
                )
            )
        return tuple(pictures)

    def tables(self, result: HazardRatios) -> tuple[Table, ...]:
        return tabulate_proportionality(result.proportionality, result.variables, result.multivariable.reason)

    def answer(self, result: HazardRatios) -> tuple[str, ...]:
        endpoint = result.endpoint
        return answer_factors(result.multivariable, result.variables, endpoint.event_label, endpoint.had)

    def describe(self, result: HazardRatios) -> Callable[..., str]:
        return partial(describe_hazard_ratio, endpoint=result.endpoint)

    def used(self, result: HazardRatios) -> Used:
        return Used.from_frame(result.frame, result.variables, result.multivariable)

    def tests(self, result: HazardRatios) -> tuple[ComparedTest, ...]:
        event, strata = in_sentence(result.endpoint.label), strata_of(result.frame)
        return list_factor_tests(result.multivariable, result.variables, event, strata)

    def downloads(self, result: HazardRatios) -> Mapping[str, pd.DataFrame]:
        proportionality, references = result.proportionality, references_of(result.multivariable)
        tests = [(model.test_type, kind, model.tests) for kind, model in list_models(result)]
        overall = (*proportionality.tests, proportionality.global_test)
        residuals = [
            (c.variable, c.level, references.get(c.variable), time, n, beta)
            for c in proportionality.coefficients
            for time, n, beta in zip(c.time.tolist(), c.n_event.tolist(), c.beta.tolist(), strict=True)
        ]
        return {
            "estimates": name_measure(tabulate_estimates(result, "n_event", "std_error_type"), "hazard_ratio"),
            "tests": tabulate_tests([*tests, ("proportional hazards", "multivariable", overall)]),
            "residuals": pd.DataFrame(
                residuals, columns=["variable", "level", "reference", "time", "n_event", "log_hazard_ratio"]
            ),
        }

    def second_opinion(self, frame: _Frame, result: HazardRatios, params: Params) -> Iterator[Compared]:
        data, model = frame.data, result.multivariable
        if data.covariates is None:
            return
        steps = {v.name: v.per for v in frame.variables}
        complete = data.model()
        yield from compare_hazard_ratios(model, **complete, steps=steps, model=MULTIVARIABLE, with_concordance=True)
        for name, alone in zip(data.covariates.columns, result.univariable, strict=True):
            yield from compare_hazard_ratios(alone, **data.model(name), steps=steps, model=UNIVARIABLE)
        yield from compare_proportionality(result.proportionality, **complete, model=model)
