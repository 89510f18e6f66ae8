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

    def is_ready(variable: Variable) -> bool:
        # What a rule reads only where it is at hand must not be about to be derived.
        coming = [v.name for v in waiting if is_derivable(v, table.columns, dictionary)]
        return set(sources_of(variable)) <= set(table.columns) and not set(_optional(variable)) & set(coming)

    while ready := [v for v in waiting if is_ready(v)]:
        table = table.mutate(**{v.name: derive(v, table, dictionary) for v in ready})
        waiting = [v for v in waiting if v not in ready]
    return table


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


def derive(variable: Variable, table: ir.Table, dictionary: Dictionary) -> Any:
    """The variable's column, from those of the table; DictionaryError if its rule is unknown."""
    rule = variable.derivation.rule if variable.derivation else ""
    if rule not in DERIVATIONS:
        raise DictionaryError(f"{variable.name}: derivation {rule!r} is none of {', '.join(DERIVATIONS)}.")
    names = (*sources_of(variable), *_optional(variable))
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


def _efs_days(variable: Variable, columns: Sequence[Any], sources: Sequence[Variable]) -> Any:
    """Days from diagnosis to relapse, or to death or last contact in a child without relapse."""
    relapsed, relapse, days, event = columns
    return ibis.cases((relapsed == 1, relapse), ((relapsed == 0) & event.notnull(), days), else_=ibis.null("float64"))


def _efs_event(variable: Variable, columns: Sequence[Any], sources: Sequence[Variable]) -> Any:
    """1 for relapse or death without it, 0 for neither; missing where the time of `_efs_days` is."""
    relapsed, relapse, days, event = columns
    return ibis.cases(
        ((relapsed == 1) & relapse.notnull(), ibis.literal(1, "int8")),
        ((relapsed == 0) & days.notnull(), event),
        else_=ibis.null("int8"),
    ).cast("int8")


def _efs_relapse_days(variable: Variable, columns: Sequence[Any], sources: Sequence[Variable]) -> Any:
    """Days from first relapse to the second, or to death or last contact in a child without one.

    Missing where a second relapse is on record without its day: the child was not free of it until last contact.
    """
    second, days, event, relapsed_again = columns
    known = ibis.literal(True) if relapsed_again is None else (relapsed_again != 1).fill_null(True)
    return ibis.cases((second.notnull(), second), (known & event.notnull(), days), else_=ibis.null("float64"))


def _efs_relapse_event(variable: Variable, columns: Sequence[Any], sources: Sequence[Variable]) -> Any:
    """1 for second relapse or death without it, 0 for neither; missing where the time of `_efs_relapse_days` is."""
    second, days, event, relapsed_again = columns
    known = ibis.literal(True) if relapsed_again is None else (relapsed_again != 1).fill_null(True)
    return ibis.cases(
        (second.notnull(), ibis.literal(1, "int8")), (known & days.notnull(), event), else_=ibis.null("int8")
    ).cast("int8")


def _first_event(variable: Variable, columns: Sequence[Any], sources: Sequence[Variable]) -> Any:
    """None (0), relapse (1) or death in remission (2).

    An event of a child who neither relapsed nor died is none of these, and missing.
    """
    event, relapsed, died = columns
    return ibis.cases(
        (event == 0, 0),
        ((event == 1) & (relapsed == 1), 1),
        ((event == 1) & (relapsed == 0) & (died == 1), 2),
        else_=None,
    ).cast("int8")


def _event_after_relapse(variable: Variable, columns: Sequence[Any], sources: Sequence[Variable]) -> Any:
    """None (0), second relapse (1), death from leukaemia without one (2) or from another or an unknown cause (3).

    An event of a child who neither relapsed again nor died is none of these, and missing.
    """
    event, second, died, cause = columns
    of_leukaemia = ibis.literal(False)
    if cause is not None:
        of_leukaemia = (cause == sources[-1].levels.index("leukaemia")).fill_null(False)
    died_first = (event == 1) & second.isnull() & (died == 1)
    return ibis.cases(
        (event == 0, 0),
        ((event == 1) & second.notnull(), 1),
        (died_first & of_leukaemia, 2),
        (died_first, 3),
        else_=None,
    ).cast("int8")


DERIVATIONS: dict[str, Callable[[Variable, Sequence[Any], Sequence[Variable]], Any]] = {
    "cuts": _cut,
    "map": _map,
    "present": _present,
    "relapse_timing_bfm": _relapse_timing_bfm,
    "difference": _difference,
    "efs_days": _efs_days,
    "efs_event": _efs_event,
    "efs_relapse_days": _efs_relapse_days,
    "efs_relapse_event": _efs_relapse_event,
    "first_event": _first_event,
    "event_after_relapse": _event_after_relapse,
}
