"""Whether an event had come by a given time: a yes/no outcome made from times to the first of several events."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.dictionary import DAYS_PER_YEAR, CompetingEndpoint, Variable

FIRST_EVENT_MISSING = "first-event-missing"  # the code of why an outcome at a horizon is missing


@dataclass(frozen=True, slots=True)
class Horizon:
    """How far ahead the outcome looks, and what that did.

    ``n_not_followed`` patients without the event were not followed that long, so that their outcome is not known,
    ``n_competing`` had another event before and count as without it, of them ``n_other`` one that few files know of (an
    optional level of the cause).
    """

    years: int
    n_not_followed: int
    n_competing: int
    n_other: int = 0


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
class Unfinished:
    """Of ``n`` patients who count as without the event, those who could not have had it or may have it later.

    ``n_died`` died without it, ``n_other`` had another first event, and ``n_short`` were last seen free of all within
    a number of years.
    """

    n: int
    n_died: int
    n_other: int
    n_short: int


def count_unfinished(
    tally: pd.DataFrame, endpoint: CompetingEndpoint, cause: Variable, death: str, years: int, outcome: str
) -> Unfinished:
    """Why patients who count as without an event could not have had it, or may have it later.

    Parameters
    ----------
    tally
        With the yes/no outcome, the endpoint's time (days), its cause and counts ``n``.
    endpoint, cause
        As for :func:`event_within`.
    death
        The level of the cause that is death without the event.
    years
        How long a patient without any event has to be followed, for its follow-up not to be short.
    outcome
        The column of the outcome.
    """
    weight = tally["n"].to_numpy(float)
    is_free = (tally[outcome] == 0).to_numpy(bool)
    first, days = tally[endpoint.cause], tally[endpoint.time].to_numpy(float)
    died = is_free & (first == death).to_numpy(bool)
    none = is_free & (first == cause.levels[0]).to_numpy(bool)
    other = is_free & first.notna().to_numpy(bool) & ~died & ~none
    short = none & (days < DAYS_PER_YEAR * years)
    return Unfinished(*(int(weight[rows].sum()) for rows in (is_free, died, other, short)))
