"""Relapse as a yes/no outcome, in words: what its odds say, and who had less chance to be seen to relapse."""

from __future__ import annotations

from dataclasses import dataclass

from analytics.dictionary import load_words
from analytics.formats import format_count, format_patients, format_percent, format_years
from analytics.frames import Horizon, Unfinished, is_post_baseline
from analytics.reporting.curves import IncidenceComparison
from analytics.reporting.regression import MANY_LOST
from analytics.reporting.wording import join_words
from analytics.results import Note
from analytics.speaking import word


@dataclass(frozen=True, slots=True)
class EventPhrases:
    """How checks speak of the event: ``noun`` ("relapse"), ``had`` ("relapsed"), ``had_not`` ("did not relapse")."""

    noun: str
    had: str
    had_not: str


def say_within(horizon: Horizon) -> str:
    """By when relapse counts ("within 3 years")."""
    return f"within {format_years(horizon.years)}"


def note_odds(horizon: Horizon | None) -> Note:
    """That an odds ratio is no ratio of risks, and at any time that not everybody was followed for long."""
    text = f"An odds ratio is not a ratio of risks, and it overstates one where {word('relapse')} is common."
    if horizon is None:
        text += (
            f" {word('Relapse')} is counted whenever it came; {load_words().plural} followed for a short time, and "
            "those who died "
            f"{word('free')}, have had less chance {word('to_relapse')}."
        )
    return Note("odds-not-risk", "info", text)


def note_horizon(horizon: Horizon | None, n: int) -> tuple[Note, ...]:
    """Who did not reach a horizon, beside ``n`` patients and more who did, and who died before it."""
    if horizon is None:
        return ()
    words, notes, lost = load_words(), [], horizon.n_not_followed
    if lost:
        share = lost / (lost + n)
        notes.append(
            Note(
                "not-followed-to-horizon",
                "caution" if share > MANY_LOST else "info",
                f"{format_count(lost)} of {format_patients(lost + n)} ({format_percent(share, 0)}) "
                f"{'was' if lost == 1 else 'were'} {word('without_relapse')} but not followed for "
                f"{format_years(horizon.years)}. To drop "
                f"{f'this {words.noun}' if lost == 1 else 'them'} would make {word('relapse')} look too frequent, so the "
                f"{words.plural} who were followed longer count for more than one (inverse probability of censoring weights). "
                "This takes for granted that when follow-up ended had nothing to do with the factors or with who would have "
                f"{word('had_relapse')}.",
                f"Compare with the cumulative incidence below, which uses every {words.noun} for as long as followed.",
            )
        )
    if horizon.n_competing:
        notes.append(Note("deaths-not-relapsed", "info", _say_died(horizon)))
    return tuple(notes)


def say_weighed(horizon: Horizon | None, n: int) -> str:
    """Who is not followed to a horizon or died before it, in short; empty if nobody."""
    if horizon is None:
        return ""
    said, lost = [], horizon.n_not_followed
    if lost:
        said.append(
            f"Beside the {format_patients(n)} whose outcome is known, {format_count(lost)} {word('without_relapse')} "
            f"{'was' if lost == 1 else 'were'} not followed for {format_years(horizon.years)}: weights stand for "
            f"{'it' if lost == 1 else 'them'}."
        )
    if horizon.n_competing:
        said.append(_say_died(horizon))
    return " ".join(said)


def _say_died(horizon: Horizon) -> str:
    other = "or had another first event " if horizon.n_other else ""
    return (
        f"{format_patients(horizon.n_competing)} died {word('first_free')} {other}{say_within(horizon)} and "
        f"{'counts' if horizon.n_competing == 1 else 'count'} as {word('not_had')}."
    )


def say_unfinished(unfinished: Unfinished | None, years: int) -> str:
    """Who counts as not relapsed without having been able to, or followed for ``years``; empty if nobody does."""
    if unfinished is None or not unfinished.n or not (unfinished.n_died or unfinished.n_other or unfinished.n_short):
        return ""
    parts = []
    if unfinished.n_died:
        parts.append(f"{format_count(unfinished.n_died)} died {word('free')}")
    if unfinished.n_other:
        parts.append(f"{format_count(unfinished.n_other)} had another first event")
    if unfinished.n_short:
        were = "was" if unfinished.n_short == 1 else "were"
        parts.append(f"{format_count(unfinished.n_short)} {were} followed for less than {years} years")
    words = load_words()
    who = f"one {words.noun} who counts" if unfinished.n == 1 else f"{format_patients(unfinished.n)} who count"
    return (
        f"Of the {who} as {word('not_had')}, {join_words(parts)}: they had less chance {word('to_relapse')}, or "
        "still may. Choose a horizon "
        "to take this into account."
    )


def note_unpenalised() -> Note:
    """That Firth's method was asked for, which does not know weights."""
    return Note(
        "firth-without-weights",
        "info",
        f"Firth’s penalised likelihood was asked for, but does not know the weights that stand for {load_words().plural} not "
        "followed long enough. The weighted likelihood is not penalised.",
        f"Take {word('relapse')} at any time for Firth’s method.",
    )


def say_curves(curves: IncidenceComparison) -> str:
    """Whom curves of relapse by a factor count, and whom they leave out."""
    variable, words = curves.frame.variable, load_words()
    late = hidden = ""
    if variable is not None:
        if is_post_baseline(variable, curves.endpoint):
            late = (
                f" {variable.label} is known only some weeks after {curves.endpoint.origin}; {words.plural} with an event "
                "before have no group or were placed without it."
            )
        left_out = [variable.level_label(v) for v in variable.levels if v not in curves.frame.group.categories]
        hidden = f" Left out to protect small numbers: {join_words(left_out)}." if left_out else ""
    return (
        f"Every {words.noun} in whom the factor is known, for as long as followed; death {word('first_free')} competes. Not "
        f"adjusted for the other factors.{late}{hidden}"
    )
