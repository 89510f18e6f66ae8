"""Relapse as an outcome: at any time or within a horizon, its choices, cautions and words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache

import pandas as pd

from analytics.analysis import Control
from analytics.cohort import Cohort
from analytics.comparisons.horizon import Horizon, Unfinished, WeighedOutcome, event_within
from analytics.comparisons.incidence import list_competing
from analytics.dictionary import CompetingEndpoint, Dictionary, Variable, open_dictionary
from analytics.formats import format_children, format_count, format_percent
from analytics.frames import BinaryOutcome
from analytics.reporting.attrition import Loss
from analytics.reporting.timing import note_post_baseline
from analytics.reporting.wording import join_words
from analytics.results import Note

OUTCOME = "relapsed"


PUBLISHED = ("thrombocytopenia", "bcr_abl1", "mrd_day19", "mrd_day46")


COMPETING = "relapse"  # the competing endpoint, and its event, of the curves and of a horizon


ANY_TIME, YEARS = "any", (1, 2, 3, 5)


DEATH = "death in remission"  # the level of the first event


FIRST_FACTOR = "first"


CROSS_SECTIONAL = Note(
    "odds-not-risk",
    "info",
    "An odds ratio is not a ratio of risks, and it overstates one where relapse is common. Relapse is counted whenever it "
    "came; children followed for a short time, and those who died in remission, have had less chance to relapse.",
)


BY_HORIZON = replace(
    CROSS_SECTIONAL, text="An odds ratio is not a ratio of risks, and it overstates one where relapse is common."
)


def controls_of_time(cohort: Cohort, offered: Sequence[Variable]) -> tuple[Control, ...]:
    """The choices that need the times of relapse and death."""
    is_timed = competing_of_relapse(cohort) is not None
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
            help="Any time counts a relapse whenever it came. With a horizon, children not followed that long are "
            "represented by the others (inverse probability of censoring weights).",
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


def competing_of_relapse(cohort: Cohort) -> CompetingEndpoint | None:
    """Relapse with death in remission beside it; None where the cohort lacks its columns."""
    return next((endpoint for endpoint in list_competing(cohort) if endpoint.name == COMPETING), None)


def weigh_horizon(
    tally: pd.DataFrame,
    endpoint: CompetingEndpoint,
    cause: Variable,
    years: int,
    variables: Sequence[Variable],
    references: Mapping[str, str],
) -> tuple[pd.DataFrame, Horizon, WeighedOutcome | None]:
    """The tally of those whose outcome at a horizon is known, the horizon, and all children where some did not reach it."""
    known, horizon = event_within(tally, endpoint, cause, COMPETING, years, OUTCOME)
    if not horizon.n_not_followed:
        return known, horizon, None
    weighed = WeighedOutcome.from_tally(tally, endpoint, cause, COMPETING, years, variables, references)
    return known, horizon, weighed


def note_horizon(horizon: Horizon | None, n: int) -> tuple[Note, ...]:
    """Who did not reach a horizon, beside ``n`` children and more who did, and who died before it."""
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
                f"{format_count(lost)} of {format_children(lost + n)} ({share}) {'was' if lost == 1 else 'were'} "
                f"without relapse but not followed for {horizon.text.removeprefix('within ')}. To drop "
                f"{'this child' if lost == 1 else 'them'} would make relapse look too frequent, so the children who were "
                "followed longer count for more than one (inverse probability of censoring weights). This takes for granted "
                "that when follow-up ended had nothing to do with the factors or with who would have relapsed.",
                "Compare with the cumulative incidence below, which uses every child for as long as followed.",
            )
        )
    if died:
        notes.append(
            Note(
                "deaths-not-relapsed",
                "info",
                f"{format_count(died)} {'child' if died == 1 else 'children'} died in first remission "
                f"{'or had another first event ' if horizon.n_other else ''}{horizon.text} and "
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


def say_unfinished(unfinished: Unfinished | None, frame: BinaryOutcome) -> str:
    """Who counts as not relapsed without having been able to, or having been seen long enough; empty if nobody does."""
    if unfinished is None or not unfinished.n or not (unfinished.n_died or unfinished.n_other or unfinished.n_short):
        return ""
    parts = []
    if unfinished.n_died:
        parts.append(f"{format_count(unfinished.n_died)} died in remission")
    if unfinished.n_other:
        parts.append(f"{format_count(unfinished.n_other)} had another first event")
    if unfinished.n_short:
        were = "was" if unfinished.n_short == 1 else "were"
        parts.append(f"{format_count(unfinished.n_short)} {were} followed for less than {YEARS[-1]} years")
    children = "one child who counts" if unfinished.n == 1 else f"{format_count(unfinished.n)} children who count"
    return (
        f"Of the {children} as not relapsed, {join_words(parts)}: they had less chance to "
        "relapse, or still may. Choose a horizon to take this into account."
    )


def say_weighed(horizon: Horizon | None, n: int) -> str:
    """Who is not followed to a horizon or died before it, in short; empty if nobody."""
    if horizon is None or not (horizon.n_not_followed or horizon.n_competing):
        return ""
    limit, lost, died = horizon.text.removeprefix("within "), horizon.n_not_followed, horizon.n_competing
    said = []
    if lost:
        said.append(
            f"Beside the {format_count(n)} children whose outcome is known, {format_count(lost)} without relapse "
            f"{'was' if lost == 1 else 'were'} not followed for {limit}: weights stand for {'it' if lost == 1 else 'them'}."
        )
    if died:
        said.append(
            f"{format_count(died)} {'child' if died == 1 else 'children'} died in first remission "
            f"{'or had another first event ' if horizon.n_other else ''}{horizon.text} and "
            f"{'counts' if died == 1 else 'count'} as not relapsed."
        )
    return " ".join(said)


def list_unfollowed(horizon: Horizon) -> tuple[Loss, ...]:
    """Those who did not reach a horizon, as a loss: not dropped, but not among the children counted either."""
    limit = horizon.text.removeprefix("within ")
    text = f"not followed for {limit}, no relapse: represented by weights"
    return (Loss("eligible", text, horizon.n_not_followed),)
