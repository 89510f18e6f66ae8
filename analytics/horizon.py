"""Whether an event had come by a given time: a yes/no outcome made from times to the first of several events."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.dictionary import CompetingEndpoint, Variable

DAYS_PER_YEAR = 365.25


@dataclass(frozen=True, slots=True)
class Horizon:
    """How far ahead the outcome looks, and what that did: ``n_not_followed`` children without the event were not followed
    that long and are left out, ``n_competing`` had another event before and count as without it."""

    years: int
    n_not_followed: int
    n_competing: int

    @property
    def text(self) -> str:
        """The horizon in words ("within 3 years")."""
        return f"within {self.years} {'year' if self.years == 1 else 'years'}"


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
    return made, Horizon(years, int(weight[lost].sum()), int(weight[another].sum()))
