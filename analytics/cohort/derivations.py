"""Columns that follow from others: bands, joined levels, times between two days, the first of several events."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from analytics.cohort.engine import Rows, number, quoted
from analytics.dictionary import DAYS_PER_MONTH, Dictionary, DictionaryError, Variable


def is_derivable(variable: Variable, columns: Iterable[str], dictionary: Dictionary) -> bool:
    """True if the variable can be derived from the columns, or from others that can."""
    return variable.derivation is not None and all(
        name in columns or (name in dictionary and is_derivable(dictionary[name], columns, dictionary))
        for name in sources_of(variable)
    )


def with_derived(rows: Rows, dictionary: Dictionary) -> Rows:
    """The rows with every column the file does not bring but the dictionary derives from those at hand."""
    waiting = [v for v in dictionary.variables if v.derivation and v.name not in rows.columns]
    named = [v for v in dictionary.variables if v.derivation and v.optional_levels and v.name in rows.columns]

    def is_ready(variable: Variable) -> bool:
        # What a rule reads only where it is at hand must not be about to be derived.
        coming = [v.name for v in waiting if is_derivable(v, rows.columns, dictionary)]
        return set(sources_of(variable)) <= set(rows.columns) and not set(_optional(variable)) & set(coming)

    while ready := [v for v in waiting if is_ready(v)]:
        rows = _selected(rows, {v.name: derive(v, rows.columns, dictionary) for v in ready})
        waiting = [v for v in waiting if v not in ready]
    # Files that name some events leave the cell empty where a child had none, or one that other columns tell.
    told = {v.name: f"coalesce({quoted(v.name)}, {_told(v, rows.columns, dictionary)})" for v in named}
    return _selected(rows, told) if told else rows


def _selected(rows: Rows, expressions: Mapping[str, str]) -> Rows:
    """The rows with columns of these expressions, in the place of those of the same name or after all."""
    columns = tuple(dict.fromkeys((*rows.columns, *expressions)))
    chosen = ", ".join(f"{expressions.get(name, quoted(name))} AS {quoted(name)}" for name in columns)
    return Rows(f"SELECT {chosen} FROM ({rows.sql}) AS rows_before", columns)


def _told(variable: Variable, at_hand: Collection[str], dictionary: Dictionary) -> str:
    """What other columns tell of a child's event: all of it where they are at hand, else at least that there was none."""
    if set(sources_of(variable)) <= set(at_hand):
        return derive(variable, at_hand, dictionary)
    event = next(iter(sources_of(variable)), "")
    return _cases((f"{quoted(event)} = 0", _code(variable, "none"))) if event in at_hand else "NULL"


def sources_of(variable: Variable) -> tuple[str, ...]:
    """The columns a derivation reads: its sources and, where absence means something, the population."""
    derivation = variable.derivation
    if derivation is None:
        return ()
    if derivation.rule == "present" and variable.population is not None:
        return (*derivation.source, variable.population)
    return derivation.source


def _optional(variable: Variable) -> tuple[str, ...]:
    """The columns a derivation reads where they are at hand."""
    return variable.derivation.optional if variable.derivation else ()


def _brought(variable: Variable) -> tuple[str, ...]:
    """The columns a derivation reads where the file brings them; they may themselves be derived from its result."""
    return variable.derivation.brought if variable.derivation else ()


def derive(variable: Variable, at_hand: Collection[str], dictionary: Dictionary) -> str:
    """The variable's column as an expression of those at hand; DictionaryError if its rule is unknown."""
    rule = variable.derivation.rule if variable.derivation else ""
    if rule not in DERIVATIONS:
        raise DictionaryError(f"{variable.name}: derivation {rule!r} is none of {', '.join(DERIVATIONS)}.")
    names = (*sources_of(variable), *_optional(variable), *_brought(variable))
    columns = [quoted(name) if name in at_hand else None for name in names]
    return DERIVATIONS[rule](variable, columns, [dictionary[name] for name in names])


def _cases(*cases: tuple[str, str], otherwise: str = "NULL") -> str:
    """The value of the first condition that is true; one that is null is not."""
    return f"CASE {' '.join(f'WHEN {condition} THEN {value}' for condition, value in cases)} ELSE {otherwise} END"


def _true(condition: str) -> str:
    """The condition, false where it is null."""
    return f"coalesce({condition}, false)"


ColumnTexts = Sequence[Any]  # the text of each column that a rule reads, None for one that is not at hand


def _cuts(variable: Variable, columns: ColumnTexts, sources: Sequence[Variable]) -> str:
    """Bands of a number; each cut belongs to the upper band."""
    cuts = variable.derivation.cuts if variable.derivation else ()
    bands = [(f"{columns[0]} >= {number(cut)}", str(band)) for band, cut in enumerate(cuts, start=1)]
    return _cases((f"{columns[0]} IS NULL", "NULL"), *reversed(bands), otherwise="0")


def _map(variable: Variable, columns: ColumnTexts, sources: Sequence[Variable]) -> str:
    """Levels joined into fewer; a level that is not mapped becomes missing."""
    mapping = variable.derivation.mapping if variable.derivation else ()
    return _cases(
        *(
            (f"{columns[0]} = {sources[0].levels.index(level)}", str(variable.levels.index(joined)))
            for level, joined in mapping
        )
    )


def _present(variable: Variable, columns: ColumnTexts, sources: Sequence[Variable]) -> str:
    """The second level (or 1) where the source has a value, the first (or 0) where it has none.

    Only within the variable's population, given as the last column; elsewhere missing.
    """
    present = _cases((f"{columns[0]} IS NOT NULL", "1"), otherwise="0")
    return present if variable.population is None else _cases((f"{columns[-1]} = 1", present))


def _relapse_timing_bfm(variable: Variable, columns: ColumnTexts, sources: Sequence[Variable]) -> str:
    """Very early, early and late relapse after the BFM group.

    Very early is within 18 months of diagnosis; early is later, but less than 6 months after the end of frontline
    therapy; late is thereafter. Without the end of therapy only a very early relapse can be told.
    Source: Fuster 2014, Table 2 (doi:10.5315/wjh.v3.i3.49).
    """
    relapse, end_of_therapy = columns
    return _cases(
        (f"{relapse} IS NULL", "NULL"),
        (f"{relapse} < {number(18 * DAYS_PER_MONTH)}", "0"),
        (f"{end_of_therapy} IS NULL", "NULL"),
        (f"{relapse} < {end_of_therapy} + {number(6 * DAYS_PER_MONTH)}", "1"),
        otherwise="2",
    )


def _difference(variable: Variable, columns: ColumnTexts, sources: Sequence[Variable]) -> str:
    """The first number less the second: a time from relapse becomes one from the later day."""
    return f"({columns[0]} - {columns[1]})"


# Two records of one day may differ by a day: a date taken before or after midnight, a difference that was rounded.
_ONE_DAY = 1


def _is(column: str | None, variable: Variable, *levels: str) -> str:
    """True where a coded column (None if it is not at hand) holds one of the levels, False elsewhere."""
    codes = [str(variable.levels.index(level)) for level in levels if level in variable.levels]
    return "false" if column is None or not codes else _true(f"{column} IN ({', '.join(codes)})")


def _code(variable: Variable, level: str) -> str:
    """The position of a level; missing where the dictionary has none of that name."""
    return str(variable.levels.index(level)) if level in variable.levels else "NULL"


def _is_later(day: str | None, than: str | None) -> str:
    """True where both days are known and the first comes more than a day after the second."""
    return "false" if day is None or than is None else _true(f"{day} - {than} > {_ONE_DAY}")


def _is_same_day(day: str | None, as_day: str | None) -> str:
    """True where both days are known and at most a day apart."""
    return "false" if day is None or as_day is None else _true(f"abs({day} - {as_day}) <= {_ONE_DAY}")


def _earlier(*days: str | None) -> str:
    """The earliest of days, None for those whose column is not at hand; missing where all are."""
    known = [day for day in days if day is not None]
    return f"least({', '.join(known)})" if len(known) > 1 else known[0]


def _failure_days(variable: Variable, columns: ColumnTexts, sources: Sequence[Variable]) -> str:
    """The day on which a remission that was not reached counts as an event: that of the dictionary.

    It is counted from the third column (the start of treatment) where that is at hand and known. Missing where remission
    was reached or is unknown, and where the second column, death or last contact, came before: a child who died earlier
    has the event at death, one who was lost earlier was not followed to it.
    """
    remission, last, start = (*columns, None)[:3]
    day = number((variable.derivation.day if variable.derivation else None) or 0.0)
    if start is not None:
        day = f"({day} + coalesce({start}, 0))"
    followed = "true" if last is None else f"coalesce({last} >= {day}, true)"
    return _cases((f"{_is(remission, sources[0], 'no')} AND {followed}", day))


def _efs_days(variable: Variable, columns: ColumnTexts, sources: Sequence[Variable]) -> str:
    """Days from diagnosis to the first event, or to death or last contact in a child without one.

    Missing where there was a relapse, or another first event that the file names, on an unknown day.
    """
    relapsed, relapse, days, event, failure, first = columns
    failed = _failed(failure, first, sources, days)
    return _cases(
        (f"{failed} IS NOT NULL AND {relapsed} = 1", _earlier(failed, relapse)),
        (f"{failed} IS NOT NULL", failed),
        (_is_other_event(first, sources[-1]), "NULL"),
        (f"{relapsed} = 1", relapse),
        (f"{relapsed} = 0 AND {event} IS NOT NULL", days),
    )


def _efs_event(variable: Variable, columns: ColumnTexts, sources: Sequence[Variable]) -> str:
    """1 for a first event, its day known or not, 0 for none; missing where no follow-up is known."""
    relapsed, _, days, event, failure, first = columns
    failed = f"{_failed(failure, first, sources, days)} IS NOT NULL"
    return _cases(
        (f"{failed} OR {_true(f'{relapsed} = 1')} OR {_is_other_event(first, sources[-1])}", "1"),
        (f"{relapsed} = 0 AND {days} IS NOT NULL", event),
    )


def _failed(failure: str | None, first: str | None, sources: Sequence[Variable], last: str) -> str:
    """The day on which a first remission that was not reached counts, from its column or from the file's first event."""
    day = "CAST(NULL AS DOUBLE)" if failure is None else failure
    derivation = sources[-2].derivation
    if first is None or derivation is None or derivation.day is None:
        return day
    ends = _cases((_is(first, sources[-1], "induction failure"), _earlier(number(derivation.day), last)))
    return f"coalesce({day}, {ends})"


def _is_other_event(first: str | None, variable: Variable) -> str:
    """True where the file names a first event that is neither relapse nor death nor failure of induction."""
    return _is(first, variable, *(level for level in variable.optional_levels if level != "induction failure"))


def _efs_relapse_days(variable: Variable, columns: ColumnTexts, sources: Sequence[Variable]) -> str:
    """Days from first relapse to the first event after it, or to death or last contact in a child without one.

    Missing where a second relapse is on record without its day: the child was not free of it until last contact.
    """
    second, days, event, relapsed_again, failure = columns
    known = "true" if relapsed_again is None else f"coalesce({relapsed_again} <> 1, true)"
    first = _earlier(second, failure)
    return _cases((f"{first} IS NOT NULL", first), (f"{known} AND {event} IS NOT NULL", days))


def _efs_relapse_event(variable: Variable, columns: ColumnTexts, sources: Sequence[Variable]) -> str:
    """1 for an event after relapse, its day known or not, 0 for none; missing where no follow-up is known."""
    second, days, event, relapsed_again, failure = columns
    had_one = f"{_earlier(second, failure)} IS NOT NULL"
    if relapsed_again is not None:
        had_one += f" OR {_true(f'{relapsed_again} = 1')}"
    return _cases((had_one, "1"), (f"{days} IS NOT NULL", event))


def _first_event(variable: Variable, columns: ColumnTexts, sources: Sequence[Variable]) -> str:
    """What came first after diagnosis, told by its day where the days are at hand.

    An event of a child who had neither relapsed nor died by then is failure of induction where no remission was reached,
    and otherwise another event. Whether a child relapsed must be known for it.
    """
    event, relapsed, died, time, last, relapse, failure, remission = columns
    happened = f"{event} = 1"
    relapse_first = f"{relapsed} = 1 AND NOT {_is_later(relapse, time)}"
    death_first = f"{relapsed} = 0 AND {died} = 1 AND NOT {_is_later(last, time)}"
    return _cases(
        (f"{event} = 0", _code(variable, "none")),
        (f"{happened} AND {_is_same_day(time, failure)}", _code(variable, "induction failure")),
        (f"{happened} AND {relapse_first}", _code(variable, "relapse")),
        (f"{happened} AND {death_first}", _code(variable, "death in remission")),
        (f"{happened} AND {_is(remission, sources[-1], 'no')}", _code(variable, "induction failure")),
        (f"{happened} AND {relapsed} IS NOT NULL", _code(variable, "another first event")),
    )


def _event_after_relapse(variable: Variable, columns: ColumnTexts, sources: Sequence[Variable]) -> str:
    """What came first after first relapse, told by its day where the days are at hand.

    An event of a child who had neither relapsed again nor died by then is the failure of reinduction where no second
    remission was reached, and otherwise another event. A death whose cause is not on record is of neither kind.
    """
    event, second, died, cause, time, last, failure, remission, relapsed_again = columns
    happened = f"{event} = 1"
    again = f"{second} IS NOT NULL AND NOT {_is_later(second, time)}"
    if relapsed_again is not None:
        again += f" OR {second} IS NULL AND {_true(f'{relapsed_again} = 1')}"
    died_first = f"{happened} AND {died} = 1 AND NOT {_is_later(last, time)}"
    has_cause = "false" if cause is None else f"{cause} IS NOT NULL"
    return _cases(
        (f"{event} = 0", _code(variable, "none")),
        (f"{happened} AND {_is_same_day(time, failure)}", _code(variable, "no second remission")),
        (f"{happened} AND ({again})", _code(variable, "second relapse")),
        (f"{died_first} AND {_is(cause, sources[3], 'leukaemia')}", _code(variable, "death from leukaemia")),
        (f"{died_first} AND {has_cause}", _code(variable, "non-relapse mortality")),
        (died_first, _code(variable, "death of unknown cause")),
        (f"{happened} AND {_is(remission, sources[7], 'no')}", _code(variable, "no second remission")),
        (happened, _code(variable, "another event")),
    )


_RULES: tuple[Callable[[Variable, ColumnTexts, Sequence[Variable]], str], ...] = (
    _cuts,
    _map,
    _present,
    _relapse_timing_bfm,
    _difference,
    _failure_days,
    _efs_days,
    _efs_event,
    _efs_relapse_days,
    _efs_relapse_event,
    _first_event,
    _event_after_relapse,
)
# By the name under which the dictionary asks for them; the version of a cohort's data depends on it.
DERIVATIONS = {rule.__name__.removeprefix("_"): rule for rule in _RULES}
