"""Whether an event had come by a given time: a yes/no outcome made from times to the first of several events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analytics.dictionary import CompetingEndpoint, Variable
from analytics.estimators.horizon_logistic import (
    estimate_odds_ratios_by_horizon,
    estimate_univariable_odds_ratios_by_horizon,
    weigh_for_censoring,
)
from analytics.estimators.missing_data import with_own_level
from analytics.estimators.second_opinion.odds import compare_odds_ratios
from analytics.frames import CompetingEvents
from analytics.results import FloatArray, OddsRatioResult
from analytics.results.second_opinion import Compared

DAYS_PER_YEAR = 365.25
MONTHS_PER_YEAR = 12.0
UNKNOWN = "the first event or its day not known"  # why an outcome at a horizon is missing


@dataclass(frozen=True, slots=True)
class Horizon:
    """How far ahead the outcome looks, and what that did: ``n_not_followed`` children without the event were not followed
    that long, so that their outcome is not known, ``n_competing`` had another event before and count as without it, of
    them ``n_other`` one that few files know of (an optional level of the cause)."""

    years: int
    n_not_followed: int
    n_competing: int
    n_other: int = 0

    @property
    def limit(self) -> str:
        """The horizon in words ("3 years")."""
        return f"{self.years} {'year' if self.years == 1 else 'years'}"

    @property
    def text(self) -> str:
        """By when the event counts ("within 3 years")."""
        return f"within {self.limit}"


def event_within(
    tally: pd.DataFrame, endpoint: CompetingEndpoint, cause: Variable, event: str, years: int, outcome: str
) -> tuple[pd.DataFrame, Horizon]:
    """A tally with a column of whether an event came within a number of years, and whom that leaves out.

    Parameters
    ----------
    tally
        With the endpoint's time (days), its cause, counts ``n``, and any other columns.
    endpoint
        The events in competition.
    cause
        The variable of the endpoint's cause, whose first level means that none of the events has come so far.
    event
        The level of the cause that is the outcome.
    years
        The horizon, in years from the endpoint's origin.
    outcome
        The name of the column to be made.

    Returns
    -------
    tuple
        The tally without those who were not followed to the horizon and had none of the events, with ``outcome`` 1 where
        the event came at or before the horizon, 0 where it had not, and NaN where time or cause is missing; and the
        :class:`Horizon`. An empty tally gives an empty one.
    """
    days, limit = tally[endpoint.time].to_numpy(float), DAYS_PER_YEAR * years
    first, weight = tally[endpoint.cause], tally["n"].to_numpy(float)
    is_known = first.notna().to_numpy(bool) & np.isfinite(days)
    is_free, is_event = (first == cause.levels[0]).to_numpy(bool), (first == event).to_numpy(bool)
    # Followed to the very day of the horizon is followed to the horizon.
    lost = is_known & is_free & (days < limit)
    by_then = is_known & (days <= limit)
    another = by_then & ~is_free & ~is_event
    values = np.where(is_known, (by_then & is_event).astype(np.float64), np.nan)
    made = tally.assign(**{outcome: values})[~lost]
    other = another & first.isin(cause.optional_levels).to_numpy(bool)
    return made, Horizon(years, *(int(weight[rows].sum()) for rows in (lost, another, other)))


@dataclass(frozen=True, slots=True)
class WeighedOutcome:
    """The children of a horizon some of whom were last seen before it, for models in which the others count for them.

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
        """Odds ratios of all covariates together, of the children of whom all are known."""
        events, kept = self.events, self.covariates.notna().all(axis=1).to_numpy(bool)
        arrays = (events.time[kept], events.cause[kept], self.covariates[kept])
        return estimate_odds_ratios_by_horizon(*arrays, horizon=self.horizon, of=self.of, weight=events.weight[kept])

    def estimate_univariable(self) -> tuple[OddsRatioResult, ...]:
        """Odds ratios of each covariate alone, of the children of whom it is known."""
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
        """Odds ratios from completed covariates of the children whose outcome is known, one row per child, in their order."""
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


@dataclass(frozen=True, slots=True)
class Unfinished:
    """Of ``n`` children who count as without the event: ``n_died`` died without it, ``n_other`` had another first event,
    and ``n_short`` were last seen free of all within a number of years."""

    n: int
    n_died: int
    n_other: int
    n_short: int


def count_unfinished(
    tally: pd.DataFrame, endpoint: CompetingEndpoint, cause: Variable, death: str, years: int, outcome: str
) -> Unfinished:
    """Why children who count as without an event could not have had it, or may have it later.

    Parameters
    ----------
    tally
        With the yes/no outcome, the endpoint's time (days), its cause and counts ``n``.
    endpoint, cause
        As for :func:`event_within`.
    death
        The level of the cause that is death without the event.
    years
        How long a child without any event has to be followed, for its follow-up not to be short.
    outcome
        The column of the outcome.
    """
    weight: FloatArray = tally["n"].to_numpy(float)
    is_free = (tally[outcome] == 0).to_numpy(bool)
    first, days = tally[endpoint.cause], tally[endpoint.time].to_numpy(float)
    died = is_free & (first == death).to_numpy(bool)
    none = is_free & (first == cause.levels[0]).to_numpy(bool)
    other = is_free & first.notna().to_numpy(bool) & ~died & ~none
    short = none & (days < DAYS_PER_YEAR * years)
    return Unfinished(*(int(weight[rows].sum()) for rows in (is_free, died, other, short)))
