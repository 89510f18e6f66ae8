"""What single patients do to the odds ratios of a logistic model, in words."""

from __future__ import annotations

from collections.abc import Sequence

from analytics.dictionary import Variable, load_words
from analytics.formats import MISSING, MOST_NAMED, format_count, format_ratio, say_interval
from analytics.reporting.reasons import say_reason, say_why
from analytics.reporting.relapse import EventPhrases
from analytics.reporting.tables import Table
from analytics.reporting.wording import in_sentence, name_term
from analytics.results import Coefficient, references_of
from analytics.results.model_checks import Departure, ModelChecks, Who, Without


def tabulate_influence(checks: ModelChecks, variables: Sequence[Variable], event: EventPhrases) -> tuple[Table, ...]:
    """Every odds ratio beside what it becomes without one patient; no table where none is shown."""
    if not checks.departures:
        return ()
    words, known, influence = load_words(), {v.name: v for v in variables}, checks.influence
    rows = [
        (
            _name_level(known[d.coefficient.variable], d.coefficient),
            format_ratio(d.ratio),
            _cell(d, d.lowest, event),
            _cell(d, d.highest, event) if d.lost is None else f"no odds ratio – {_name(d.lost, event)}",
        )
        for d in checks.departures
    ]
    some = (
        f" Of {format_count(influence.n_kinds)} kinds of {words.plural} the {format_count(len(influence.row))} with the "
        "largest change in a first approximation were left out in turn."
        if influence.n_kinds > len(influence.row)
        else ""
    )
    table = Table(
        title=f"Odds ratios without one {words.noun}",
        columns=("Factor", f"All {words.plural}", "Lowest, without", "Highest, without"),
        rows=tuple(rows),
        help=("", "", *[f"The model fitted again without each {words.noun} in turn"] * 2),
        caption=f"Every {words.noun} was left out once and the model fitted again; {words.plural} alike in every factor and in "
        f"the outcome do the same.{some}",
        words=True,
    )
    return (table,)


def say_influence(checks: ModelChecks, variables: Sequence[Variable], event: EventPhrases) -> tuple[str, ...]:
    """Who moves an odds ratio most, whose interval hangs on single patients, and what that does not mean."""
    words, departures, reason = load_words(), checks.departures, checks.influence.reason
    if not departures:
        why = "no odds ratio is shown" if reason is None else say_reason(reason)
        return (f"No {words.noun} was left out: {why}.",)
    known, references = {v.name: v for v in variables}, references_of(checks.model)

    def name(departure: Departure) -> str:
        of = departure.coefficient
        return in_sentence(name_term(known[of.variable], of.level, references.get(of.variable)))

    said = []
    moved = [(d, w) for d in departures if (w := d.strongest) is not None]
    if moved:
        departure, without = max(moved, key=lambda pair: abs(pair[1].change))
        after, before = (f" ({say_interval(of.interval)})" if of.interval else "" for of in (without, departure))
        said.append(
            f"Without {_say_who(without.who, event)}, the odds ratio of {name(departure)} would be "
            f"{format_ratio(without.ratio)}{after} instead of {format_ratio(departure.ratio)}{before}. No other {words.noun} "
            f"moves any odds ratio by more than this one: {abs(without.change):.1f} of its standard error."
        )
    for d in departures:
        flipping = next((w for w in d.extremes if d.does_flip(w)), None)
        if flipping is not None:
            said.append(
                f"Without {_say_who(flipping.who, event)}, the interval of the odds ratio of {name(d)} would "
                f"{_flip(d)} 1, the value of no difference: whether it does hangs on single {words.plural}."
            )
        if d.lost is not None:
            said.append(
                f"Without {_say_who(d.lost, event)}, there would be no odds ratio of {name(d)} ({say_why(d.lost_reason)})."
            )
    said.append(
        f"A {words.noun} who moves an odds ratio is not a wrong one, and none should be left out for it. It shows how much of "
        f"the number rests on single {words.plural}."
    )
    return tuple(said)


def _name_level(variable: Variable, coefficient: Coefficient) -> str:
    level = coefficient.level
    return variable.label if level is None else f"{variable.label}: {variable.level_label(level)}"


def _cell(departure: Departure, without: Without | None, event: EventPhrases) -> str:
    if without is None:
        return MISSING
    flips = f"; interval then {_flip(departure)}s 1" if departure.does_flip(without) else ""
    return f"{format_ratio(without.ratio)} – {_name(without.who, event)}{flips}"


def _flip(departure: Departure) -> str:
    """What the interval would do with 1 where it flips."""
    return "include" if departure.interval is not None and departure.interval.excludes(1) else "exclude"


def _name(who: Who, event: EventPhrases) -> str:
    """Who was left out ("SYN0117, relapsed", "one of 12 alike, no relapse: SYN0004, SYN0009, …")."""
    had = event.had if who.event else f"no {event.noun}"
    if who.n == 1:
        return f"{_list_names(who) or f'one {load_words().noun}'}, {had}"
    return f"one of {format_count(who.n)} alike, {had}{f': {_list_names(who)}' if who.names else ''}"


def _say_who(who: Who, event: EventPhrases) -> str:
    """Who was left out, inside a sentence ("SYN0117, who relapsed")."""
    words, had = load_words(), f"who {event.had if who.event else event.had_not}"
    if who.n == 1:
        return f"{who.names[0]}, {had}" if who.names else f"one {words.noun} {had}"
    named = f" ({_list_names(who)})" if who.names else ""
    return f"any one of {format_count(who.n)} {words.plural} alike{named}, {had}"


def _list_names(who: Who) -> str:
    return ", ".join(who.names[:MOST_NAMED]) + (", …" if who.names and who.n > MOST_NAMED else "")
