"""The patients of a horizon some of whom were last seen before it: models in which the others count for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analytics.dictionary import CompetingEndpoint, Variable
from analytics.estimators import (
    estimate_odds_ratios_by_horizon,
    estimate_univariable_odds_ratios_by_horizon,
    weigh_for_censoring,
    with_own_level,
)
from analytics.estimators.second_opinion.odds import compare_odds_ratios
from analytics.frames import CompetingEvents
from analytics.results import OddsRatioResult
from analytics.results.second_opinion import Compared

MONTHS_PER_YEAR = 12.0


@dataclass(frozen=True, slots=True)
class WeighedOutcome:
    """The patients of a horizon some of whom were last seen before it, for models in which the others count for them.

    ``events`` holds all of them, ``of`` is the number of the event among its causes.
    """

    events: CompetingEvents
    years: int
    of: int

    @classmethod
    def from_tally(
        cls,
        tally: pd.DataFrame,
        endpoint: CompetingEndpoint,
        cause: Variable,
        event: str,
        years: int,
        covariates: Sequence[Variable],
        references: Mapping[str, str] | None = None,
    ) -> WeighedOutcome:
        """From the tally that :func:`event_within` takes; covariates as in :meth:`CompetingEvents.from_tally`."""
        events = CompetingEvents.from_tally(tally, endpoint, cause, covariates=covariates, references=references)
        return cls(events, years, events.causes.index(event) + 1)

    @property
    def horizon(self) -> float:
        """The horizon in months, as the times of the events are."""
        return MONTHS_PER_YEAR * self.years

    @property
    def covariates(self) -> pd.DataFrame:
        """The covariates; no column where there are none."""
        none = pd.DataFrame(index=pd.RangeIndex(len(self.events.time)))
        return none if self.events.covariates is None else self.events.covariates

    @property
    def own_level(self) -> WeighedOutcome:
        """The same with "not recorded" as a level of every covariate."""
        covariates = with_own_level(self.covariates, self.events.weight)
        return replace(self, events=replace(self.events, covariates=covariates))

    def estimate(self) -> OddsRatioResult:
        """Odds ratios of all covariates together, of the patients of whom all are known."""
        events, kept = self.events, self.covariates.notna().all(axis=1).to_numpy(bool)
        arrays = (events.time[kept], events.cause[kept], self.covariates[kept])
        return estimate_odds_ratios_by_horizon(*arrays, horizon=self.horizon, of=self.of, weight=events.weight[kept])

    def estimate_univariable(self) -> tuple[OddsRatioResult, ...]:
        """Odds ratios of each covariate alone, of the patients of whom it is known."""
        arrays = (self.events.time, self.events.cause, self.covariates)
        return estimate_univariable_odds_ratios_by_horizon(
            *arrays, horizon=self.horizon, of=self.of, weight=self.events.weight
        )

    def ask_libraries(
        self, shown: OddsRatioResult, steps: Mapping[str, float], model: str, names: Sequence[str] = ()
    ) -> Iterator[Compared]:
        """One of the models by libraries, with the same weights: of all covariates together, or of some of them."""
        covariates = self.covariates[list(names)] if names else self.covariates
        events, kept = self.events, covariates.notna().all(axis=1).to_numpy(bool)
        time, cause, weight = events.time[kept], events.cause[kept], events.weight[kept]
        known = weigh_for_censoring(time, cause, horizon=self.horizon, of=self.of, weight=weight)
        is_known = known.weight > 0
        return compare_odds_ratios(
            *(shown, known.outcome[is_known], covariates[kept][is_known]),
            weight=weight[is_known],
            sampling_weight=known.weight[is_known],
            steps=steps,
            model=model,
        )

    def estimate_imputed(self, covariates: pd.DataFrame) -> OddsRatioResult:
        """Odds ratios from completed covariates of the patients whose outcome is known, one row each, in their order."""
        events = self.events
        known = (events.cause > 0) | (events.time >= self.horizon)
        order = np.concatenate(
            [np.repeat(np.flatnonzero(rows), events.weight[rows].astype(np.intp)) for rows in (known, ~known)]
        )
        # The covariates of those last seen before the horizon are not read.
        everyone = covariates.reset_index(drop=True).reindex(range(len(order)))
        return estimate_odds_ratios_by_horizon(
            events.time[order], events.cause[order], everyone, horizon=self.horizon, of=self.of
        )
