"""Relapse as an outcome: at any time or within a horizon, its choices, cautions and words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pandas as pd

from analytics.analysis import Control, Params
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.comparisons.choices import chosen_references
from analytics.comparisons.horizon import WeighedOutcome
from analytics.comparisons.incidence import list_competing
from analytics.dictionary import CompetingEndpoint, Dictionary, Variable, Words, dictionary_with, load_words
from analytics.estimators import estimate_odds_ratios, estimate_univariable_odds_ratios, with_own_level
from analytics.estimators.second_opinion.odds import compare_odds_ratios
from analytics.figures.forest.ratios import EventWords, relapse_words
from analytics.formats import format_years
from analytics.frames import BinaryOutcome, Horizon, endpoint_columns, event_within
from analytics.frames.horizon import FIRST_EVENT_MISSING
from analytics.reporting.attrition import Loss, Used, list_incomplete, list_losses, name_complete
from analytics.reporting.relapse import EventPhrases, say_within
from analytics.reporting.timing import note_post_baseline
from analytics.reporting.wording import describe_odds_ratio
from analytics.results import Note, OddsRatioResult
from analytics.results.second_opinion import Compared
from analytics.speaking import word

COMPETING = "relapse"  # the competing endpoint, and its event, of the curves and of a horizon
ANY_TIME, YEARS = "any", (1, 2, 3, 5)
FIRST_FACTOR = "first"
PHRASES = ("relapse", "had_relapse", "not_relapsed")


@dataclass(frozen=True, slots=True)
class RelapseData:
    """Patients of whom it is known whether they relapsed, with the factors of a model of it.

    ``horizon`` is None where relapse counts whenever it came; ``weighed`` holds all patients of a horizon that some did
    not reach. ``rows`` are the entries of ``outcome`` as the engine counted them, by ``columns``.
    """

    outcome: BinaryOutcome
    dictionary: Dictionary
    filtered_by: tuple[Variable, ...]
    horizon: Horizon | None
    weighed: WeighedOutcome | None
    rows: pd.DataFrame
    columns: tuple[str, ...]

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The factors of the model, in order."""
        return tuple(self.dictionary[name] for name in self.outcome.covariates.columns)

    @property
    def within(self) -> str:
        """By when relapse counts, with a space before it; empty for any time."""
        return f" {say_within(self.horizon)}" if self.horizon is not None else ""

    @property
    def words(self) -> EventWords:
        """How the figure speaks of relapse."""
        if self.horizon is None:
            return relapse_words()
        within = self.within
        head = f"{word('Had_relapse')} by {self.horizon.years} y"
        return EventWords(
            f"{word('relapse')}{within}", head, f"who {word('had_relapse')}{within}", f"{word('with_relapse')}{within}"
        )

    @property
    def phrases(self) -> EventPhrases:
        """How checks speak of relapse."""
        return EventPhrases(*(word(term) + self.within for term in PHRASES))

    @property
    def describe(self) -> Callable[..., str]:
        """What writes an odds ratio of relapse as a sentence."""
        return partial(describe_odds_ratio, within=self.within.strip())

    def estimate(self, **options: Any) -> OddsRatioResult:
        """Odds ratios of all factors together; ways of fitting are not for a weighed outcome."""
        return (
            self.weighed.estimate()
            if self.weighed
            else estimate_odds_ratios(**self.outcome.model(), noise=self.outcome.noise, **options)
        )

    def estimate_univariable(self, **options: Any) -> tuple[OddsRatioResult, ...]:
        """Odds ratios of each factor alone."""
        if self.weighed is not None:
            return self.weighed.estimate_univariable()
        data = self.outcome
        given: dict[str, Any] = {"weight": data.weight, "noise": data.noise, **options}
        return estimate_univariable_odds_ratios(data.outcome, data.covariates, **given)

    @property
    def own_level(self) -> RelapseData:
        """The same with "not recorded" as a level of every factor, so that nobody is left out."""
        data, weighed = self.outcome, self.weighed
        covariates = with_own_level(data.covariates, data.weight)
        return replace(self, outcome=replace(data, covariates=covariates), weighed=weighed and weighed.own_level)

    def ask_libraries(self, shown: OddsRatioResult, model: str, *names: str, **shown_of: Any) -> Iterator[Compared]:
        """A model of these factors, or of all together, by libraries; ``shown_of`` is what else is shown of it."""
        steps = {v.name: v.per for v in self.dictionary.variables}
        if self.weighed is not None:
            return self.weighed.ask_libraries(shown, steps, model, names)
        return compare_odds_ratios(shown, **self.outcome.model(*names), steps=steps, model=model, **shown_of)

    def count_used(self, n: int, n_event: int) -> Used:
        """Whom a model of ``n`` patients, ``n_event`` of them with relapse, rests on."""
        data, horizon = self.outcome, self.horizon
        losses = (*list_losses(data.exclusions), *list_incomplete(data.covariates, data.weight, self.variables))
        short = "with a known outcome"
        if horizon is not None:
            short = f"with the outcome known at {format_years(horizon.years)}"
            text = f"not followed for {format_years(horizon.years)}, no {word('relapse')}: represented by weights"
            # Not dropped, but not among those counted either.
            losses = (Loss("eligible", text, horizon.n_not_followed), *losses)
        known, relapses = (
            f"{load_words().plural} {short}",
            Words(f"{word('relapse')}{self.within}", f"{word('relapses')}{self.within}"),
        )
        return Used(known, losses, n, n_event, relapses, name_complete(self.variables), short=short)


def list_factors(cohort: Cohort) -> list[Variable]:
    """What can be a factor of relapse."""
    return [v for v in cohort.dictionary.covariates if v.name in cohort.variables]


def factors_control(cohort: Cohort, *lists: str, help: str = "") -> Control:
    """The choice of factors: at first the published predictors, and the further ``lists`` of the dictionary."""
    names = tuple((v.name, v.label) for v in list_factors(cohort))
    first = [n for name in ("published predictors", *lists) for n in cohort.dictionary.listed(name) if n in dict(names)]
    if cohort.smallest_cell:
        first = first[:1]  # the more there are, the sooner one of them is too rare to be shown
    known = f"Known {word('known_early')}.{help}"
    return Control("factors", "Factors in the model", "many", tuple(first), names, help=known)


def horizon_control(cohort: Cohort) -> Control:
    """The choice of by when relapse counts, where the times of relapse and death are known."""
    horizons = [(ANY_TIME, "any time")]
    if competing_of_relapse(cohort) is not None:
        horizons += [(str(years), f"{years} {'year' if years == 1 else 'years'}") for years in YEARS]
    return Control(
        "horizon",
        f"{word('Relapse')} within",
        "one",
        ANY_TIME,
        tuple(horizons),
        help="Any time counts a {relapse} whenever it came. With a horizon, {patients} not followed that long are "
        "represented by the others (inverse probability of censoring weights).",
    )


def curve_control(cohort: Cohort) -> Control:
    """The choice of a factor for the curves, where the times of relapse and death are known."""
    offered = list_factors(cohort) if competing_of_relapse(cohort) is not None else []
    names = ((FIRST_FACTOR, "the first factor"), *((v.name, v.label) for v in offered if v.is_coded))
    about = f"The factor that splits the curves of the cumulative incidence of {word('relapse')}."
    return Control("curve", "Curves by", "one", FIRST_FACTOR, names, "more", about, display=True)


def prepare_relapse(
    cohort: Cohort,
    cohort_filter: CohortFilter,
    params: Params,
    others: Sequence[Variable] = (),
) -> RelapseData:
    """The patients of a selection with the chosen factors, and with ``others`` in their rows."""
    dictionary, endpoint, relapse = cohort.dictionary, competing_of_relapse(cohort), cohort.dictionary.role("relapse")
    chosen, references = [dictionary[name] for name in params["factors"]], chosen_references(params)
    horizon, weighed, why = None, None, {}
    if params["horizon"] == ANY_TIME or endpoint is None:
        names = [relapse, *(v.name for v in (*chosen, *others))]
        counted = tally = cohort.tally(names, cohort_filter, main_effects=True)
    else:
        counted = cohort.tally(endpoint_columns(endpoint, *chosen, *others), cohort_filter)
        years, cause, why = int(params["horizon"]), dictionary[endpoint.cause], {"unknown": FIRST_EVENT_MISSING}
        tally, horizon = event_within(counted, endpoint, cause, COMPETING, years, relapse)
        if horizon.n_not_followed:
            weighed = WeighedOutcome.from_tally(counted, endpoint, cause, COMPETING, years, chosen, references)
    return RelapseData(
        BinaryOutcome.from_tally(tally, relapse, chosen, references, **why),
        dictionary,
        tuple(dictionary[name] for name in cohort_filter.variables),
        horizon,
        weighed,
        tally[tally[relapse].notna()],
        tuple(name for name in counted.columns if name != "n"),
    )


def competing_of_relapse(cohort: Cohort) -> CompetingEndpoint | None:
    """Relapse with death in remission beside it; None where the cohort lacks its columns."""
    return next((endpoint for endpoint in list_competing(cohort) if endpoint.name == COMPETING), None)


def note_late(dictionary: Dictionary, filtered_by: Sequence[Variable], factors: Sequence[Variable]) -> tuple[Note, ...]:
    """Notes on filters and factors that became known only after diagnosis, from which relapse is counted."""
    # A cohort without the times has no such endpoint in its dictionary; the phase of its clock is the same.
    knowing = dictionary_with(lambda whole: any(e.name == COMPETING for e in whole.competing))
    endpoint = knowing.competing_endpoint(COMPETING)
    outcome = dictionary[dictionary.role("relapse")]
    return note_post_baseline(endpoint, filters=filtered_by, adjust=factors, outcome=outcome)
