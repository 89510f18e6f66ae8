"""Published outcomes beside those of a cohort, in tables, sentences and files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any, Literal

import pandas as pd

from analytics.dictionary import Dictionary, Endpoint, Variable, load_words
from analytics.formats import (
    MISSING,
    format_count,
    format_patients,
    format_percent,
    format_percent_interval,
    format_years,
    name_patients,
)
from analytics.frames import TimeToEvent
from analytics.reporting.estimates import format_probability
from analytics.reporting.literature import DERIVED, PublishedOutcome, Series, load_literature, match_level
from analytics.reporting.reasons import say_why
from analytics.reporting.tables import Table
from analytics.reporting.wording import in_sentence, join_words, start_sentence
from analytics.results import Estimate, Note, Result

Whom = Literal["everybody", "matched", "instead"]
SPLITS = {
    "everybody": "everybody",
    "site": "by site of {relapse}",
    "time": "by time of {relapse}",
    "lineage": "by lineage, and infants",
    "genetics": "by genetics",
    "arm": "by treatment",
}
ANCHORS = {
    "diagnosis": "diagnosis",
    "relapse": "first {relapse}",
    "randomisation": "randomisation",
    "infusion": "infusion of {CAR-T} cells",
    "HSCT": "{HSCT}",
}
PUBLISHED_COLUMNS = (
    *("term", "endpoint", "anchor", "time", "published", "published_low", "published_high", "published_conf_type"),
    *("n_published", "era", "population", "differs", "reading", "source"),
)
HERE_COLUMNS = (
    *("survival", "n_event", "std_error", "conf_low", "conf_high", "conf_level", "conf_type", "reason", "n", "n_risk"),
    "whom",
)
NOT_ADJUSTED = (
    "Published results are of others: other ages, years, treatments and ways of being counted, and nothing is adjusted "
    "for that. A difference is no finding on treatment or care, and this is no test."
)


@dataclass(frozen=True, slots=True)
class ComparedOutcome(Result):
    """A published outcome beside the cohort's at the same horizon, of the same events from the same day.

    ``here`` is survival among ``n`` patients of whom ``n_event`` had the event; ``whom`` says who they are: everybody as in
    the publication, those matched to its patients, or everybody instead of them, whom the cohort cannot tell.
    """

    outcome: PublishedOutcome
    endpoint: Endpoint
    here: Estimate
    n: int
    n_event: int
    whom: Whom


@dataclass(frozen=True, slots=True)
class PublishedComparison(Result):
    """What is published, as far as it is asked for (``listed``), and what of it the cohort can be held against.

    ``frame`` are all of the selection with the endpoint of the first that is compared.
    """

    frame: TimeToEvent
    compared: tuple[ComparedOutcome, ...]
    listed: tuple[PublishedOutcome, ...]
    n_published: int
    notes: tuple[Note, ...] = ()


def name_outcome(outcome: PublishedOutcome) -> str:
    """The series and whom of it ("COG 1996–2014, T-ALL")."""
    return f"{outcome.series.name}, {outcome.who}"


def format_printed(outcome: PublishedOutcome) -> str:
    """The printed estimate with its interval, with the decimals that were printed ("48.9 % (46.5–51.3)")."""
    value = format_percent(outcome.value, outcome.decimals)
    if outcome.interval is None:
        return value
    return f"{value} ({format_percent_interval(outcome.interval, outcome.decimals)})"


def letter_of(number: int) -> str:
    """The letter of a result among those drawn: A to Z, then A2 and so on."""
    turn, place = divmod(number, len(ascii_uppercase))
    return ascii_uppercase[place] + (str(turn + 1) if turn else "")


def describe_series(series: Series) -> str:
    """Who the patients of a publication are, in which years, and in which way they are others, in one sentence."""
    era = f"; recruited {series.era_text}" if series.era else "; years of recruitment not given"
    return f"{start_sentence(series.population)}{era}; {series.differs}."


def say_uncertainty(outcome: PublishedOutcome) -> str:
    """Where the interval comes from."""
    if outcome.interval is None:
        return "none printed"
    return "from ±1.96 standard errors" if outcome.interval.method == DERIVED else "as printed"


def say_whom(compared: ComparedOutcome) -> str:
    """Who is counted here ("the same kind", or everybody and why)."""
    if compared.whom == "matched":
        return "the same kind"
    if compared.whom == "everybody":
        return "everybody"
    return f"everybody: {compared.outcome.unmatched or 'the columns that tell them are not in this file'}"


def note_populations(compared: Sequence[ComparedOutcome]) -> tuple[Note, ...]:
    """That populations differ, and for whom everybody stands instead of the same kind."""
    notes = [Note("populations-differ", "caution", NOT_ADJUSTED)]
    if instead := [name_outcome(c.outcome) for c in compared if c.whom == "instead"]:
        text = f"Held against everybody here, because this file cannot tell the same kind: {join_words(instead)}."
        notes.append(Note("everybody-instead", "caution", text))
    return tuple(notes)


def answer_published(result: PublishedComparison) -> tuple[str, ...]:
    """The cohort's estimate, how many it rests on, and between which values the published ones lie."""
    if not result.compared:
        whom = format_patients(result.frame.n)
        return (
            f"Nothing published for these choices counts the same events from the same day as this cohort, so that the {whom} "
            "of this selection are held against none of it.",
        )
    said = []
    first = result.compared[0]
    alike = [c for c in result.compared if _key(c) == _key(first)]
    years, endpoint = format_years(first.outcome.years), first.endpoint
    of = f"{in_sentence(endpoint.label)} at {years}"
    whom = f"{format_count(first.n_event)} of {format_patients(first.n)} {first.endpoint.had}"
    if first.here.value is None:
        said.append(f"No {of} can be given here ({whom}): {say_why(first.here.reason)}.")
    else:
        said.append(f"{start_sentence(of)} is {format_probability(first.here)} here ({whom}).")
    low, high = (one(alike, key=lambda c: c.outcome.value).outcome for one in (min, max))
    printed = [format_percent(o.value, o.decimals) for o in (low, high)]
    among = f"from {printed[0]} to {printed[1]}" if len(alike) > 1 else printed[0]
    results = "1 published result" if len(alike) == 1 else f"{len(alike)} published results"
    said.append(
        f"The {results} for it and the same kind of {load_words().plural} say{'s' * (len(alike) == 1)} {among}."
    )
    return tuple(said)


def _key(compared: ComparedOutcome) -> tuple[Any, ...]:
    outcome = compared.outcome
    asked = outcome.where if compared.whom == "matched" else compared.whom
    return (compared.endpoint.name, outcome.years, asked)


def say_published(result: PublishedComparison) -> tuple[str, ...]:
    """Every published result beside the cohort's, and whether it lies inside the cohort's interval."""
    return (*answer_published(result), *map(_say, result.compared))


def _say(compared: ComparedOutcome) -> str:
    outcome, here = compared.outcome, compared.here
    what = f"{in_sentence(compared.endpoint.label)} at {format_years(outcome.years)}"
    start = f"{start_sentence(name_outcome(outcome))}: {what} {format_printed(outcome)} published"
    if here.value is None:
        return f"{start}; here none can be given: {say_why(here.reason)}."
    place = ""
    if here.interval is not None and compared.whom != "instead":
        low, high = here.interval.low, here.interval.high
        above, below = high is not None and outcome.value > high, low is not None and outcome.value < low
        place = f"; published {'above' if above else 'below' if below else 'within'} the interval here"
    whom = "" if compared.whom == "matched" else ", everybody"
    return f"{start}, {format_probability(here)} here ({format_patients(compared.n)}{whom}){place}."


def tabulate_compared(result: PublishedComparison) -> Table:
    """Each published result that counts the same as the cohort, beside the cohort's."""
    rows, indent, heading = [], [], ""
    for c in result.compared:
        if c.endpoint.label != heading:
            heading = c.endpoint.label
            rows.append((heading, *[""] * 6))
            indent.append(False)
        o = c.outcome
        size = MISSING if o.n is None else format_count(o.n)
        row = (
            format_years(o.years),
            format_printed(o),
            size,
            format_probability(c.here),
            format_count(c.n),
            say_whom(c),
        )
        rows.append((name_outcome(o), *row))
        indent.append(True)
    return Table(
        title="Published beside this cohort",
        columns=("", "At", "Published", "n", "Here", "n here", "Whom here"),
        rows=tuple(rows),
        indent=tuple(indent),
        help=(
            "The series, and whom of it",
            "Time from the start of the clock",
            "With its 95 % interval, as printed or from 1.96 standard errors on either side",
            "How many were published on, where it was printed",
            "By Kaplan and Meier, with its 95 % interval",
            "How many of this selection it rests on",
            "Whether the same kind is counted here, or everybody",
        ),
    )


def tabulate_listed(outcomes: Sequence[PublishedOutcome]) -> Table:
    """What is published, whether or not a cohort can be held against it."""
    rows = tuple(
        (
            name_outcome(o),
            MISSING if o.n is None else format_count(o.n),
            o.series.era_text or MISSING,
            start_sentence(o.endpoint),
            name_patients(ANCHORS[o.anchor]),
            format_years(o.years),
            format_printed(o),
            say_uncertainty(o),
        )
        for o in outcomes
    )
    columns = ("Series", "n", "Recruited", "Endpoint", "Counted from", "At", "Published", "Interval")
    return Table("Published results", columns, rows, caption="n: as far as printed.", words=True)


def tabulate_series(outcomes: Sequence[PublishedOutcome]) -> Table:
    """Who the patients of each publication are, and where it stands."""
    rows = []
    for series in dict.fromkeys(o.series for o in outcomes):
        readings = dict.fromkeys(o.reading for o in outcomes if o.series == series and o.reading)
        rows.append((series.name, describe_series(series), " ".join(readings) or MISSING, series.brief or MISSING))
    columns = ("Series", "Who, and in which way others", "How it is read here", "Published in")
    return Table("Who was published on, and where", columns, tuple(rows), words=True)


def published_row(outcome: PublishedOutcome) -> dict[str, Any]:
    """A published result for a file."""
    limits, series = outcome.interval, outcome.series
    return {
        "term": name_outcome(outcome),
        "endpoint": outcome.endpoint,
        "anchor": outcome.anchor,
        "time": outcome.months,
        "published": outcome.value,
        "published_low": limits.low if limits else None,
        "published_high": limits.high if limits else None,
        "published_conf_type": limits.method if limits else None,
        "n_published": outcome.n,
        "era": series.era_text or None,
        "population": series.population,
        "differs": series.differs,
        "reading": outcome.reading or None,
        "source": series.citation or None,
    }


def frame_listed(outcomes: Sequence[PublishedOutcome]) -> pd.DataFrame:
    """A row per published result."""
    return pd.DataFrame([published_row(o) for o in outcomes], columns=list(PUBLISHED_COLUMNS))


def frame_compared(result: PublishedComparison) -> pd.DataFrame:
    """A row per published result that the cohort is held against, with the cohort's."""
    rows = []
    for c in result.compared:
        numbers = c.here.to_row(0.95, "log-log")
        here = {"survival": numbers.pop("estimate"), **numbers, "n": c.n, "n_risk": c.here.n, "n_event": c.n_event}
        rows.append({**published_row(c.outcome), **here, "whom": say_whom(c)})
    return pd.DataFrame(rows, columns=[*PUBLISHED_COLUMNS, *HERE_COLUMNS])


# Drawn over curves


def list_overlaid(
    endpoint: Endpoint, variable: Variable | None, chosen: Sequence[str], dictionary: Dictionary
) -> tuple[PublishedOutcome, ...]:
    """The results of the chosen series with the events and the start of the clock of curves: of everybody, or of a group."""
    if not chosen:
        return ()
    alike = [o for o in load_literature().list_counted_as(endpoint, dictionary) if o.series.id in chosen]
    return tuple(o for o in alike if _is_whole(o) or (variable is not None and _level_of(o, variable) is not None))


def _is_whole(outcome: PublishedOutcome) -> bool:
    return not outcome.where and not outcome.unmatched


def _level_of(outcome: PublishedOutcome, variable: Variable) -> str | None:
    return match_level(outcome, variable.name, variable.levels)


def note_overlaid(drawn: Sequence[PublishedOutcome]) -> tuple[Note, ...]:
    """That the populations of points and curves differ, and how."""
    if not drawn:
        return ()
    series = dict.fromkeys(outcome.series for outcome in drawn)
    others = "; ".join(f"{one.name} ({one.differs.replace('; ', ', ')})" for one in series)
    return (Note("populations-differ", "caution", f"{NOT_ADJUSTED} {others}."),)


def explain_overlaid(drawn: Sequence[PublishedOutcome], chosen: Sequence[str]) -> str:
    """Whose results the points are, in which way those are others, and of which series there is none to be drawn."""
    parts = []
    for series in dict.fromkeys(outcome.series for outcome in drawn):
        letters = [letter_of(number) for number, outcome in enumerate(drawn) if outcome.series == series]
        parts.append(f"{join_words(letters)}: {describe_series(series)}")
    said = f"White circles, published results with 95 % intervals. {' '.join(parts)}" if parts else ""
    shown = {outcome.series.id for outcome in drawn}
    missing = [series.name for series in load_literature().series if series.id in chosen and series.id not in shown]
    if missing:
        why = "counts the same events from the same day, of everybody or of a group drawn"
        said += f"{' ' if said else ''}Not drawn, as nothing of it {why}: {join_words(missing)}."
    return said


def describe_overlaid(drawn: Sequence[PublishedOutcome]) -> str:
    """The points in words."""
    if not drawn:
        return ""
    said = [f"{name_outcome(o)}, {format_printed(o)} at {format_years(o.years)}" for o in drawn]
    return f"Published results as points: {'; '.join(said)}."


def overlaid_row(outcome: PublishedOutcome, variable: Variable | None) -> dict[str, Any]:
    """A published result among the estimates of a file."""
    level, limits = None if variable is None else _level_of(outcome, variable), outcome.interval
    return {
        "term": f"published: {name_outcome(outcome)}, {outcome.endpoint} at {format_years(outcome.years)}",
        "unit": "probability",
        "group": level or "all",
        "n": outcome.n,
        "estimate": outcome.value,
        "conf_low": limits.low if limits else None,
        "conf_high": limits.high if limits else None,
        "conf_level": limits.level if limits else None,
        "conf_type": limits.method if limits else None,
        "source": outcome.series.citation,
    }
