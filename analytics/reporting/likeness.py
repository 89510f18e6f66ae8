"""Whether two files mean the same by a column."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from analytics.dictionary import Derivation, Dictionary, Variable


def is_same(one: Variable, other: Variable) -> bool:
    """True if two files mean the same by a column: its kind, unit, definition, levels, and how it is derived.

    Optional levels, which only a file with such a patient has, may differ.
    """
    return _meaning(one) == _meaning(other) and _is_derived_alike(one.derivation, other.derivation)


def _is_derived_alike(one: Derivation | None, other: Derivation | None) -> bool:
    """True if both derive by the same rule. Levels that one file alone has to be joined make no difference."""
    if one is None or other is None:
        return one is other
    joined, others = dict(one.mapping), dict(other.mapping)
    is_joined_alike = all(joined[level] == others[level] for level in joined.keys() & others.keys())
    return (one.rule, one.cuts) == (other.rule, other.cuts) and is_joined_alike


def has_levels_of(one: Variable, other: Variable) -> bool:
    """True if two files have the same levels of a column."""
    return set(one.levels) == set(other.levels)


def _meaning(v: Variable) -> tuple[Any, ...]:
    levels = {
        level: label for level, label in zip(v.levels, v.level_labels, strict=True) if level not in v.optional_levels
    }
    return (v.label, v.kind, v.phase, v.unit, v.definition, v.population, v.per, levels)


def list_shared(own: Dictionary, other: Dictionary, names: Collection[str]) -> tuple[str, ...]:
    """Those of the columns that both files have and mean the same by, levels included."""
    return tuple(
        name
        for name in names
        if name in own and name in other and is_same(own[name], other[name]) and has_levels_of(own[name], other[name])
    )


def describe_column(name: str, dictionary: Dictionary) -> str:
    """A column by its label and name; by its name where the dictionary has none for it."""
    return f"{dictionary[name].label} ({name})" if name in dictionary else name
