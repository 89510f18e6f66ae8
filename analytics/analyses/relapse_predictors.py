"""Odds ratios of relapse: each factor alone beside all chosen factors together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from analytics.analysis import Checks, Control, Governed, Params, lazy
from analytics.cohort import MOST_IDENTIFIERS, Cohort
from analytics.cohort.disclosure import SuppressedError
from analytics.cohort.filters import CohortFilter
from analytics.comparisons.choices import note_references
from analytics.comparisons.incidence import (
    caption_comparison,
    compare_incidence,
    describe_compared_incidence,
    incidence_frame,
    plot_compared_incidence,
)
from analytics.comparisons.power import detect_odds
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
from analytics.comparisons.relapse import (
    COMPETING,
    FIRST_FACTOR,
    YEARS,
    RelapseData,
    competing_of_relapse,
    curve_control,
    factors_control,
    horizon_control,
    note_late,
    prepare_relapse,
)
from analytics.comparisons.validation import checks_frames, list_checks, to_optimism
from analytics.dictionary import CompetingEndpoint, Dictionary, Variable, dictionary_naming, load_words
from analytics.document import ComparedTest, Headline, Picture, Shown
from analytics.estimators import check_model, optimism_by_bootstrap, why_no_checks
from analytics.estimators.validation.model_checks import NamePatients
from analytics.figures.forest.ratios import EventWords
from analytics.frames import BinaryOutcome, CompetingEvents, Unfinished, count_unfinished, endpoint_columns
from analytics.reporting.answers import answer_factors
from analytics.reporting.attrition import Used
from analytics.reporting.curves import IncidenceComparison, say_incidence, tabulate_incidence
from analytics.reporting.files import name_measure
from analytics.reporting.regression import note_incomplete
from analytics.reporting.relapse import (
    note_horizon,
    note_odds,
    note_unpenalised,
    say_curves,
    say_unfinished,
    say_weighed,
)
from analytics.reporting.tables import Table
from analytics.reporting.wording import in_sentence
from analytics.results import Note, OddsRatioResult, Reason, Result
from analytics.results.model_checks import ModelChecks
from analytics.results.second_opinion import MULTIVARIABLE, UNIVARIABLE, Compared
from analytics.speaking import word


def _nobody(row: int) -> tuple[str, ...]:
    """Where nobody can be named."""
    return ()


@dataclass(frozen=True, slots=True)
class Asked:
    """The patients of a model of relapse, and what can be asked of the engine later.

    ``unfinished`` counts those who died in remission or were followed for a short time where relapse counts whenever it
    came, as far as the times are known. ``read_events`` takes the times of relapse and death out of
    the engine; it is None without these times, or without a factor to split them by. ``name_patients`` gives the
    identifiers of patients like that in a row of ``data``, where the cohort gives any.
    """

    data: RelapseData
    read_events: Callable[[], CompetingEvents] | None = None
    name_patients: NamePatients = _nobody
    unfinished: Unfinished | None = None


@dataclass(frozen=True)
class RelapsePredictors(Result):
    """Univariable and multivariable odds ratios of relapse in one selection of patients."""

    asked: Asked
    univariable: tuple[OddsRatioResult, ...]
    multivariable: OddsRatioResult
    notes: tuple[Note, ...]

    @property
    def data(self) -> RelapseData:
        """The factors and the outcome."""
        return self.asked.data

    @property
    def frame(self) -> BinaryOutcome:
        """The patients whose outcome is known."""
        return self.data.outcome

    @property
    def dictionary(self) -> Dictionary:
        """Labels of factors and levels."""
        return self.data.dictionary

    @property
    def words(self) -> EventWords:
        """How the figure speaks of relapse."""
        return self.data.words

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The chosen factors, in order."""
        return self.data.variables

    @lazy
    def curves(self) -> IncidenceComparison | None:
        """Cumulative incidence of relapse; made when it is first needed, so that the odds ratios do not wait for it.

        None also where small numbers are protected and these would be too small.
        """
        if self.asked.read_events is None:
            return None
        try:
            events = self.asked.read_events()
        except SuppressedError:
            return None
        return compare_incidence(events, self.dictionary[events.endpoint.cause], COMPETING, "log-log")


def _name_patients(cohort: Cohort, cohort_filter: CohortFilter, data: RelapseData, row: int) -> tuple[str, ...]:
    """The identifiers of patients with the outcome and the factors of a row of the frame, in which none is missing."""
    alike = data.rows
    for name in (data.dictionary.role("relapse"), *data.outcome.covariates.columns):
        alike = alike[(alike[name] == data.rows[name].iloc[row]).to_numpy()]
    return cohort.name_patients(alike[list(data.columns)].head(MOST_IDENTIFIERS), cohort_filter)


def _read_events(
    cohort: Cohort, cohort_filter: CohortFilter, endpoint: CompetingEndpoint, split: Variable
) -> CompetingEvents:
    times = cohort.tally(endpoint_columns(endpoint, split), cohort_filter)
    return CompetingEvents.from_tally(times, endpoint, cohort.dictionary[endpoint.cause], split)


FITTED = {"ml": "maximum likelihood", "firth": "Firth’s method", "ipcw": "weights for follow-up"}


WEIGHTED = Reason("checks-unweighted")


def _check(result: RelapsePredictors, params: Params) -> ModelChecks:
    model = result.multivariable
    if result.data.weighed is not None and model.reason is None:
        model = replace(model, reason=WEIGHTED)
    kept, steps = np.flatnonzero(result.frame.complete), {v.name: v.per for v in result.variables}
    return check_model(
        *(model, result.frame.model(), steps, params["fit"], params["limits"]),
        name_patients=lambda row: result.asked.name_patients(int(kept[row])),
    )


def _show_checks(result: RelapsePredictors, made: ModelChecks, params: Params) -> tuple[Shown, ...]:
    return list_checks(made, result.variables, result.data.phrases)


OPTIMISM = to_optimism(
    "odds ratio",
    optimism_by_bootstrap,
    lambda result: why_no_checks(result.multivariable) or (WEIGHTED if result.data.weighed is not None else None),
    name="optimism",
    worse="worse it does",
    wait="a few seconds",
)


class RelapsePredictorsAnalysis(RegressionAnalysis[Asked, RelapsePredictors]):
    """Odds ratios of relapse: each factor alone beside all chosen factors together."""

    slug = "relapse-predictors"
    is_protected = True
    title = "Predictors of {relapse}"
    question = "Which factors {beforehand} go {with_relapse}?"
    section = "Relapse"
    order = 10
    icon = ":material/forest:"
    method = (
        "Logistic regression of {relapse} on each factor alone and on all together, complete cases; profile-likelihood "
        "intervals and likelihood-ratio tests, or Wald's where chosen; Firth's penalised likelihood on "
        "separation or where chosen. "
        "By a horizon that some were not followed to: inverse probability of censoring weights, robust standard errors, Wald "
        "intervals and tests. Curves: Aalen–Johansen estimates of the cumulative incidence, death {first_free} competing; "
        "Gray’s test."
    )
    files = ("estimates", "likelihood-ratio-tests", "incidence")
    planning = to_model_planning(detect_odds)
    checks = Checks(
        title="How good is this model?",
        about="The multivariable model in the {patients} it was made from: how well it tells them apart, whether its "
        "probabilities agree with what happened, and how much hangs on single {patients} and on its assumptions.",
        make=_check,
        show=_show_checks,
        background=(OPTIMISM,),
        files=("calibration", "curves", "variance-inflation"),
        downloads=checks_frames,
    )

    @property
    def requires(self) -> tuple[tuple[str, ...], ...]:
        return ((dictionary_naming("relapse").role("relapse"),),)

    def controls(self, cohort: Cohort) -> tuple[Control, ...]:
        usual = model_controls(cohort, word("relapse"))
        return (factors_control(cohort), horizon_control(cohort), curve_control(cohort), *usual)

    def prepare(self, cohort: Cohort, cohort_filter: CohortFilter, params: Params) -> Asked:
        dictionary, endpoint = cohort.dictionary, competing_of_relapse(cohort)
        data = prepare_relapse(cohort, cohort_filter, params)
        unfinished: Unfinished | None = None
        if endpoint is not None and data.horizon is None and not cohort.smallest_cell:
            relapse = dictionary.role("relapse")
            times = cohort.tally([relapse, endpoint.time, endpoint.cause], cohort_filter)
            death = dictionary.level("first event", "death")
            unfinished = count_unfinished(times, endpoint, dictionary[endpoint.cause], death, YEARS[-1], relapse)
        first = next((variable for variable in data.variables if variable.is_coded), None)
        split = first if params["curve"] == FIRST_FACTOR else dictionary[params["curve"]]
        read_events = None
        if endpoint is not None and split is not None:
            read_events = partial(_read_events, cohort, cohort_filter, endpoint, split)
        return Asked(data, read_events, partial(_name_patients, cohort, cohort_filter, data), unfinished)

    def estimate(self, frame: Asked, params: Params) -> RelapsePredictors:
        data, outcome, variables = frame.data, frame.data.outcome, frame.data.variables
        options = {"method": params["fit"], "conf_type": params["limits"]}
        univariable = tuple(as_read(result, variables) for result in data.estimate_univariable(**options))
        multivariable = as_read(data.estimate(**options), variables)
        # What is particular to a univariable model stands under the table; as notes it would only repeat these.
        notes = (
            *note_late(data.dictionary, data.filtered_by, variables),
            *note_incomplete(outcome.n, outcome.n_complete, outcome.n_missing, data.dictionary, word("relapse")),
            *note_horizon(data.horizon, outcome.n),
            *((note_unpenalised(),) if data.weighed is not None and params["fit"] == "firth" else ()),
            *note_references(params, variables),
            *multivariable.notes,
            note_odds(data.horizon),
        )
        return RelapsePredictors(frame, univariable, multivariable, notes)

    def headlines(self, result: RelapsePredictors) -> tuple[Headline, ...]:
        model, plural = result.multivariable, load_words().plural
        fitted = FITTED.get(model.method, model.method)
        known = "." if result.data.horizon is None else f" and so is whether {word('relapse')} came by then."
        who = f"Complete cases: every chosen factor is known{known}"
        return (
            *list_headlines(
                model, result.frame.n, who, word("Relapses"), f"{word('Relapses')} (or {plural} without, if fewer)"
            ),
            Headline(
                "Fitted by",
                fitted if model.reason is None and model.terms else "not fitted",
                f"Logistic regression. Firth’s method is used when a factor predicts {word('relapse')} perfectly in "
                f"these {plural}. "
                "Weights for follow-up: inverse probability of censoring weights, with robust standard errors and Wald "
                "intervals.",
                place="done",
            ),
        )

    def caption(self, result: RelapsePredictors, params: Params) -> str:
        parts = [say_unfinished(result.asked.unfinished, YEARS[-1]), say_weighed(result.data.horizon, result.frame.n)]
        return " ".join(part for part in (*parts, super().caption(result, params)) if part)

    def pictures(self, result: RelapsePredictors, params: Params) -> tuple[Picture, ...]:
        curves = result.curves
        if curves is None or not curves.frame.n or curves.frame.variable is None:
            return ()
        return (
            Picture(
                f"Cumulative incidence of {word('relapse')} by {in_sentence(curves.frame.variable.label)}",
                plot_compared_incidence(curves, bands=True),
                describe_compared_incidence(curves),
                f"{caption_comparison(curves, bands=True)} {say_curves(curves)}",
            ),
        )

    def tables(self, result: RelapsePredictors) -> tuple[Table, ...]:
        curves = result.curves
        if curves is None or not curves.frame.n:
            return ()
        return (replace(tabulate_incidence(curves, every_cause=False), place="more"),)

    def describe(self, result: RelapsePredictors) -> Callable[..., str]:
        return result.data.describe

    def answer(self, result: RelapsePredictors) -> tuple[str, ...]:
        phrases = result.data.phrases
        return answer_factors(result.multivariable, result.variables, phrases.noun, phrases.had)

    def sentences(self, result: RelapsePredictors) -> tuple[str, ...]:
        curves = result.curves if result.multivariable.reason is None else None
        return (*super().sentences(result), *(say_incidence(curves) if curves is not None else ()))

    def used(self, result: RelapsePredictors) -> Used:
        return result.data.count_used(result.multivariable.n, result.multivariable.n_event)

    def tests(self, result: RelapsePredictors) -> tuple[ComparedTest, ...]:
        return list_factor_tests(result.multivariable, result.variables, result.words.event)

    def downloads(self, result: RelapsePredictors) -> Mapping[str, pd.DataFrame]:
        tests = tabulate_tests([("", kind, model.tests) for kind, model in list_models(result)])
        return {
            "estimates": name_measure(tabulate_estimates(result), "odds_ratio"),
            "likelihood-ratio-tests": tests.drop(columns="test"),
            "incidence": incidence_frame(result.curves),
        }

    def second_opinion(self, frame: Asked, result: RelapsePredictors, params: Params) -> Iterator[Compared]:
        performance: dict[str, Any] = {}
        if frame.data.weighed is None:
            made = Governed(_check)(result, params)
            performance = {"area": made.area, "brier": made.brier}
        yield from frame.data.ask_libraries(result.multivariable, MULTIVARIABLE, **performance)
        for variable, model in zip(frame.data.variables, result.univariable, strict=True):
            yield from frame.data.ask_libraries(model, UNIVARIABLE, variable.name)
