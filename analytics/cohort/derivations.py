"""Columns that follow from others: bands, joined levels, times between two days, the first of several events."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import ibis
import ibis.expr.types as ir

from analytics.dictionary import DAYS_PER_MONTH, Dictionary, DictionaryError, Variable


def is_derivable(variable: Variable, columns: Iterable[str], dictionary: Dictionary) -> bool:
    """True if the variable can be derived from the columns, or from others that can."""
    return variable.derivation is not None and all(
        name in columns or (name in dictionary and is_derivable(dictionary[name], columns, dictionary))
        for name in sources_of(variable)
    )


def with_derived(table: ir.Table, dictionary: Dictionary) -> ir.Table:
    """The table with every column the file does not bring but the dictionary derives from those at hand."""
    waiting = [v for v in dictionary.variables if v.derivation and v.name not in table.columns]
    named = [v for v in dictionary.variables if v.optional_levels and v.name in table.columns]

    def is_ready(variable: Variable) -> bool:
        # What a rule reads only where it is at hand must not be about to be derived.
        coming = [v.name for v in waiting if is_derivable(v, table.columns, dictionary)]
        return set(sources_of(variable)) <= set(table.columns) and not set(_optional(variable)) & set(coming)

    while ready := [v for v in waiting if is_ready(v)]:
        table = table.mutate(**{v.name: derive(v, table, dictionary) for v in ready})
        waiting = [v for v in waiting if v not in ready]
    # Files that name some events leave the cell empty where a child had none, or one that other columns tell.
    filled = {v.name: ibis.coalesce(table[v.name], _told(v, table, dictionary)).cast("int8") for v in named}
    return table.mutate(**filled) if filled else table


def _told(variable: Variable, table: ir.Table, dictionary: Dictionary) -> Any:
    """What other columns tell of a child's event: all of it where they are at hand, else at least that there was none."""
    if set(sources_of(variable)) <= set(table.columns):
        return derive(variable, table, dictionary)
    event = next(iter(sources_of(variable)), "")
    if event not in table.columns:
        return ibis.null("int8")
    return ibis.ifelse(table[event] == 0, _code(variable, "none"), ibis.null("int8"))


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


def derive(variable: Variable, table: ir.Table, dictionary: Dictionary) -> Any:
    """The variable's column, from those of the table; DictionaryError if its rule is unknown."""
    rule = variable.derivation.rule if variable.derivation else ""
    if rule not in DERIVATIONS:
        raise DictionaryError(f"{variable.name}: derivation {rule!r} is none of {', '.join(DERIVATIONS)}.")
    names = (*sources_of(variable), *_optional(variable), *_brought(variable))
    columns = [table[name] if name in table.columns else None for name in names]
    return DERIVATIONS[rule](variable, columns, [dictionary[name] for name in names])


def _cut(variable: Variable, columns: Sequence[Any], sources: Sequence[Variable]) -> Any:
    """Bands of a number; each cut belongs to the upper band."""
    cuts = variable.derivation.cuts if variable.derivation else ()
    band = sum((columns[0] >= cut).cast("int8") for cut in cuts)
    return ibis.ifelse(columns[0].isnull(), ibis.null("int8"), band).cast("int8")


def _map(variable: Variable, columns: Sequence[Any], sources: Sequence[Variable]) -> Any:
    """Levels joined into fewer; a level that is not mapped becomes missing."""
    mapping = variable.derivation.mapping if variable.derivation else ()
    pairs = [(sources[0].levels.index(level), variable.levels.index(joined)) for level, joined in mapping]
    return columns[0].cases(*pairs, else_=None).cast("int8")


def _present(variable: Variable, columns: Sequence[Any], sources: Sequence[Variable]) -> Any:
    """The second level (or 1) where the source has a value, the first (or 0) where it has none.

    Only within the variable's population, given as the last column; elsewhere missing.
    """
    present = columns[0].notnull().cast("int8")
    return present if variable.population is None else ibis.ifelse(columns[-1] == 1, present, ibis.null("int8"))


def _relapse_timing_bfm(variable: Variable, columns: Sequence[Any], sources: Sequence[Variable]) -> Any:
    """Very early, early and late relapse after the BFM group.

    Very early is within 18 months of diagnosis; early is later, but less than 6 months after the end of frontline
    therapy; late is thereafter. Without the end of therapy only a very early relapse can be told.
    Source: Fuster 2014, Table 2 (doi:10.5315/wjh.v3.i3.49).
    """
    relapse, end_of_therapy = columns
    return ibis.cases(
        (relapse.isnull(), ibis.null("int8")),
        (relapse < 18 * DAYS_PER_MONTH, 0),
        (end_of_therapy.isnull(), ibis.null("int8")),
        (relapse < end_of_therapy + 6 * DAYS_PER_MONTH, 1),
        else_=2,
    ).cast("int8")


def _difference(variable: Variable, columns: Sequence[Any], sources: Sequence[Variable]) -> Any:
    """The first number less the second: a time from relapse becomes one from the later day."""
    return columns[0] - columns[1]


# Two records of one day may differ by a day: a date taken before or after midnight, a difference that was rounded.
_ONE_DAY = 1


def _is(column: Any, variable: Variable, *levels: str) -> Any:
    """True where a coded column (None if it is not at hand) holds one of the levels, False elsewhere."""
    codes = [variable.levels.index(level) for level in levels if level in variable.levels]
    return ibis.literal(False) if column is None or not codes else column.isin(codes).fill_null(False)


def _code(variable: Variable, level: str) -> Any:
    """The position of a level; missing where the dictionary has none of that name."""
    return ibis.literal(variable.levels.index(level), "int8") if level in variable.levels else ibis.null("int8")


def _is_later(day: Any, than: Any) -> Any:
    """True where both days are known and the first comes more than a day after the second."""
    return ibis.literal(False) if day is None or than is None else (day - than > _ONE_DAY).fill_null(False)


def _earlier(*days: Any) -> Any:
    """The earliest of days, None for those whose column is not at hand; missing where all are."""
    known = [day for day in days if day is not None]
    return ibis.least(*known) if len(known) > 1 else known[0]


def _failure_days(variable: Variable, columns: Sequence[Any], sources: Sequence[Variable]) -> Any:
    """The day on which a remission that was not reached counts as an event: that of the dictionary.

    It is counted from the third column (the start of treatment) where that is at hand and known. Missing where remission
    was reached or is unknown, and where the second column, death or last contact, came before: a child who died earlier
    has the event at death, one who was lost earlier was not followed to it.
    """
    remission, last, start = (*columns, None)[:3]
    fixed = ibis.literal(float((variable.derivation.day if variable.derivation else None) or 0.0))
    day = fixed if start is None else fixed + start.fill_null(0.0)
    followed = ibis.literal(True) if last is None else (last >= day).fill_null(True)
    return ibis.cases((_is(remission, sources[0], "no") & followed, day), else_=ibis.null("float64"))


def _efs_days(variable: Variable, columns: Sequence[Any], sources: Sequence[Variable]) -> Any:
    """Days from diagnosis to the first event, or to death or last contact in a child without one.

    Missing where there was a relapse, or another first event that the file names, on an unknown day.
    """
    relapsed, relapse, days, event, failure, first = columns
    failed = _failed(failure, first, sources, days)
    return ibis.cases(
        (failed.notnull() & (relapsed == 1), _earlier(failed, relapse)),
        (failed.notnull(), failed),
        (_is_other_event(first, sources[-1]), ibis.null("float64")),
        (relapsed == 1, relapse),
        ((relapsed == 0) & event.notnull(), days),
        else_=ibis.null("float64"),
    )


def _efs_event(variable: Variable, columns: Sequence[Any], sources: Sequence[Variable]) -> Any:
    """1 for a first event, its day known or not, 0 for none; missing where no follow-up is known."""
    relapsed, _, days, event, failure, first = columns
    had_one = _failed(failure, first, sources, days).notnull() | (relapsed == 1).fill_null(False)
    return ibis.cases(
        (had_one | _is_other_event(first, sources[-1]), ibis.literal(1, "int8")),
        ((relapsed == 0) & days.notnull(), event),
        else_=ibis.null("int8"),
    ).cast("int8")


def _failed(failure: Any, first: Any, sources: Sequence[Variable], last: Any) -> Any:
    """The day on which a first remission that was not reached counts, from its column or from the file's first event."""
    day = ibis.null("float64") if failure is None else failure
    derivation = sources[-2].derivation
    if first is None or derivation is None or derivation.day is None:
        return day
    ends = _earlier(ibis.literal(float(derivation.day)), last)
    return ibis.coalesce(day, ibis.ifelse(_is(first, sources[-1], "induction failure"), ends, ibis.null("float64")))


def _is_other_event(first: Any, variable: Variable) -> Any:
    """True where the file names a first event that is neither relapse nor death nor failure of induction."""
    return _is(first, variable, *(level for level in variable.optional_levels if level != "induction failure"))


def _efs_relapse_days(variable: Variable, columns: Sequence[Any], sources: Sequence[Variable]) -> Any:
    """Days from first relapse to the first event after it, or to death or last contact in a child without one.

    Missing where a second relapse is on record without its day: the child was not free of it until last contact.
    """
    second, days, event, relapsed_again, failure = columns
    known = ibis.literal(True) if relapsed_again is None else (relapsed_again != 1).fill_null(True)
    first = _earlier(second, failure)
    return ibis.cases((first.notnull(), first), (known & event.notnull(), days), else_=ibis.null("float64"))


def _efs_relapse_event(variable: Variable, columns: Sequence[Any], sources: Sequence[Variable]) -> Any:
    """1 for an event after relapse, its day known or not, 0 for none; missing where no follow-up is known."""
    second, days, event, relapsed_again, failure = columns
    had_one = _earlier(second, failure).notnull()
    if relapsed_again is not None:
        had_one = had_one | (relapsed_again == 1).fill_null(False)
    return ibis.cases((had_one, ibis.literal(1, "int8")), (days.notnull(), event), else_=ibis.null("int8")).cast("int8")


def _first_event(variable: Variable, columns: Sequence[Any], sources: Sequence[Variable]) -> Any:
    """What came first after diagnosis, told by its day where the days are at hand.

    An event of a child who had neither relapsed nor died by then is failure of induction where no remission was reached,
    and otherwise another event. Whether a child relapsed must be known for it.
    """
    event, relapsed, died, time, last, relapse, failure, remission = columns
    happened = event == 1
    no_remission = _is(remission, sources[-1], "no")
    at_failure = ibis.literal(False)
    if failure is not None and time is not None:
        at_failure = ((time - failure).abs() <= _ONE_DAY).fill_null(False)
    return ibis.cases(
        (event == 0, _code(variable, "none")),
        (happened & at_failure, _code(variable, "induction failure")),
        (happened & (relapsed == 1) & ~_is_later(relapse, time), _code(variable, "relapse")),
        (happened & (relapsed == 0) & (died == 1) & ~_is_later(last, time), _code(variable, "death in remission")),
        (happened & no_remission, _code(variable, "induction failure")),
        (happened & relapsed.notnull(), _code(variable, "another first event")),
        else_=ibis.null("int8"),
    ).cast("int8")


def _event_after_relapse(variable: Variable, columns: Sequence[Any], sources: Sequence[Variable]) -> Any:
    """What came first after first relapse, told by its day where the days are at hand.

    An event of a child who had neither relapsed again nor died by then is the failure of reinduction where no second
    remission was reached, and otherwise another event. A death whose cause is not on record is of neither kind.
    """
    event, second, died, cause, time, last, failure, remission, relapsed_again = columns
    happened = event == 1
    at_failure = ibis.literal(False)
    if failure is not None and time is not None:
        at_failure = ((time - failure).abs() <= _ONE_DAY).fill_null(False)
    again = second.notnull() & ~_is_later(second, time)
    if relapsed_again is not None:
        again = again | (second.isnull() & (relapsed_again == 1).fill_null(False))
    died_first = happened & (died == 1) & ~_is_later(last, time)
    has_cause = ibis.literal(False) if cause is None else cause.notnull()
    return ibis.cases(
        (event == 0, _code(variable, "none")),
        (happened & at_failure, _code(variable, "no second remission")),
        (happened & again, _code(variable, "second relapse")),
        (died_first & _is(cause, sources[3], "leukaemia"), _code(variable, "death from leukaemia")),
        (died_first & has_cause, _code(variable, "non-relapse mortality")),
        (died_first, _code(variable, "death of unknown cause")),
        (happened & _is(remission, sources[7], "no"), _code(variable, "no second remission")),
        (happened, _code(variable, "another event")),
        else_=ibis.null("int8"),
    ).cast("int8")


DERIVATIONS: dict[str, Callable[[Variable, Sequence[Any], Sequence[Variable]], Any]] = {
    "cuts": _cut,
    "map": _map,
    "present": _present,
    "relapse_timing_bfm": _relapse_timing_bfm,
    "difference": _difference,
    "failure_days": _failure_days,
    "efs_days": _efs_days,
    "efs_event": _efs_event,
    "efs_relapse_days": _efs_relapse_days,
    "efs_relapse_event": _efs_relapse_event,
    "first_event": _first_event,
    "event_after_relapse": _event_after_relapse,
}
