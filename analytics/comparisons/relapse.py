"""Relapse as an outcome: at any time or within a horizon, its choices, cautions and words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import pandas as pd

from analytics.analysis import Control, Params
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.comparisons.horizon import WeighedOutcome
from analytics.comparisons.incidence import list_competing
from analytics.comparisons.regression import chosen_references
from analytics.dictionary import CompetingEndpoint, Dictionary, Variable, open_dictionary
from analytics.estimators.logistic import estimate_odds_ratios, estimate_univariable_odds_ratios
from analytics.estimators.missing_data import with_own_level
from analytics.estimators.second_opinion.odds import compare_odds_ratios
from analytics.figures.forest import RELAPSE, EventWords
from analytics.frames import BinaryOutcome, Horizon, endpoint_columns, event_within
from analytics.frames.horizon import UNKNOWN
from analytics.reporting.attrition import Loss, Used, list_incomplete, list_losses, name_complete
from analytics.reporting.relapse import EventPhrases
from analytics.reporting.timing import note_post_baseline
from analytics.reporting.wording import describe_odds_ratio
from analytics.results import Note, OddsRatioResult
from analytics.results.second_opinion import Compared

OUTCOME = "relapsed"
PUBLISHED = ("thrombocytopenia", "bcr_abl1", "mrd_day19", "mrd_day46")
COMPETING = "relapse"  # the competing endpoint, and its event, of the curves and of a horizon
ANY_TIME, YEARS = "any", (1, 2, 3, 5)
DEATH = "death in remission"  # the level of the first event
FIRST_FACTOR = "first"


@dataclass(frozen=True, slots=True)
class RelapseData:
    """Children of whom it is known whether they relapsed, with the factors of a model of it.

    ``horizon`` is None where relapse counts whenever it came; ``weighed`` holds all children of a horizon that some did
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
        return f" {self.horizon.text}" if self.horizon is not None else ""

    @property
    def words(self) -> EventWords:
        """How the figure speaks of relapse."""
        if self.horizon is None:
            return RELAPSE
        within = self.within
        head = f"Relapsed by {self.horizon.years} y"
        return EventWords(f"relapse{within}", head, f"who relapsed{within}", f"with relapse{within}")

    @property
    def phrases(self) -> EventPhrases:
        """How checks speak of relapse."""
        return EventPhrases(f"relapse{self.within}", f"relapsed{self.within}", f"did not relapse{self.within}")

    @property
    def describe(self) -> Callable[..., str]:
        """What writes an odds ratio of relapse as a sentence."""
        return partial(describe_odds_ratio, within=self.within.strip())

    def estimate(self, **options: Any) -> OddsRatioResult:
        """Odds ratios of all factors together; ways of fitting are not for a weighed outcome."""
        return self.weighed.estimate() if self.weighed else estimate_odds_ratios(**self.outcome.model(), **options)

    def estimate_univariable(self, **options: Any) -> tuple[OddsRatioResult, ...]:
        """Odds ratios of each factor alone."""
        if self.weighed is not None:
            return self.weighed.estimate_univariable()
        data = self.outcome
        return estimate_univariable_odds_ratios(data.outcome, data.covariates, weight=data.weight, **options)

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
        """Whom a model of ``n`` children, ``n_event`` of them with relapse, rests on."""
        data, horizon = self.outcome, self.horizon
        losses = (*list_losses(data.exclusions), *list_incomplete(data.covariates, data.weight, self.variables))
        known = "children with a known outcome"
        if horizon is not None:
            known = f"children with the outcome known at {horizon.limit}"
            text = f"not followed for {horizon.limit}, no relapse: represented by weights"
            # Not dropped, but not among the children counted either.
            losses = (Loss("eligible", text, horizon.n_not_followed), *losses)
        return Used(known, losses, n, n_event, f"relapses{self.within}", name_complete(self.variables))


def list_factors(cohort: Cohort) -> list[Variable]:
    """What can be a factor of relapse."""
    return [v for v in cohort.dictionary.covariates if v.name in cohort.variables]


def factors_control(cohort: Cohort, *default: str, help: str = "") -> Control:
    """The choice of factors."""
    names = tuple((v.name, v.label) for v in list_factors(cohort))
    first = tuple(name for name in (*PUBLISHED, *default) if name in dict(names))
    known = f"Known at diagnosis or by the end of induction.{help}"
    return Control("factors", "Factors in the model", "many", first, names, help=known)


def horizon_control(cohort: Cohort) -> Control:
    """The choice of by when relapse counts, where the times of relapse and death are known."""
    horizons = [(ANY_TIME, "any time")]
    if competing_of_relapse(cohort) is not None:
        horizons += [(str(years), f"{years} {'year' if years == 1 else 'years'}") for years in YEARS]
    return Control(
        "horizon",
        "Relapse within",
        "one",
        ANY_TIME,
        tuple(horizons),
        help="Any time counts a relapse whenever it came. With a horizon, children not followed that long are "
        "represented by the others (inverse probability of censoring weights).",
    )


def curve_control(cohort: Cohort) -> Control:
    """The choice of a factor for the curves, where the times of relapse and death are known."""
    is_timed = competing_of_relapse(cohort) is not None
    return Control(
        "curve",
        "Curves by",
        "one",
        FIRST_FACTOR,
        (
            (FIRST_FACTOR, "the first factor"),
            *((v.name, v.label) for v in list_factors(cohort) if v.is_coded and is_timed),
        ),
        "more",
        "The factor that splits the curves of the cumulative incidence of relapse.",
        display=True,
    )


def prepare_relapse(
    cohort: Cohort,
    cohort_filter: CohortFilter,
    params: Params,
    others: Sequence[Variable] = (),
    *,
    outcome: str | None = None,
) -> RelapseData:
    """The children of a selection with the chosen factors, and with ``others`` in their rows.

    ``outcome`` is that of `Cohort.tally`, where relapse counts at any time.
    """
    dictionary, endpoint = cohort.dictionary, competing_of_relapse(cohort)
    chosen, references = [dictionary[name] for name in params["factors"]], chosen_references(params)
    horizon: Horizon | None = None
    weighed: WeighedOutcome | None = None
    if params["horizon"] == ANY_TIME or endpoint is None:
        tally = cohort.tally([OUTCOME, *(v.name for v in (*chosen, *others))], cohort_filter, outcome=outcome)
        columns = tally.columns
    else:
        tally = cohort.tally(endpoint_columns(endpoint, *chosen, *others), cohort_filter)
        columns = tally.columns
        years, cause = int(params["horizon"]), dictionary[endpoint.cause]
        everyone, (tally, horizon) = tally, event_within(tally, endpoint, cause, COMPETING, years, OUTCOME)
        if horizon.n_not_followed:
            weighed = WeighedOutcome.from_tally(everyone, endpoint, cause, COMPETING, years, chosen, references)
    why = {} if horizon is None else {"unknown": UNKNOWN}
    return RelapseData(
        BinaryOutcome.from_tally(tally, OUTCOME, chosen, references, **why),
        dictionary,
        tuple(dictionary[clause.variable] for clause in cohort_filter.clauses),
        horizon,
        weighed,
        tally[tally[OUTCOME].notna()],
        tuple(name for name in columns if name != "n"),
    )


def competing_of_relapse(cohort: Cohort) -> CompetingEndpoint | None:
    """Relapse with death in remission beside it; None where the cohort lacks its columns."""
    return next((endpoint for endpoint in list_competing(cohort) if endpoint.name == COMPETING), None)


def note_late(dictionary: Dictionary, filtered_by: Sequence[Variable], factors: Sequence[Variable]) -> tuple[Note, ...]:
    """Notes on filters and factors that became known only after diagnosis, from which relapse is counted."""
    # A cohort without the times has no such endpoint in its dictionary; the phase of its clock is the same.
    endpoint = next((e for e in dictionary.competing if e.name == COMPETING), None) or _endpoint_of_relapse()
    return note_post_baseline(endpoint, filters=filtered_by, adjust=factors, outcome=dictionary[OUTCOME])


@cache
def _endpoint_of_relapse() -> CompetingEndpoint:
    return open_dictionary().competing_endpoint(COMPETING)
