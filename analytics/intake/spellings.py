"""What the column of a variable may be called, and how a column's name is read beside as it stands."""

from __future__ import annotations

from analytics.dictionary import PHASES, Variable
from analytics.intake.names import spell_without, split_name

_COUNTED = ("days", "months", "years")
_OTHERWISE = {
    "death": ("alive", "censored", "living", "survived", "lebt", "lebend", "am Leben", "zensiert", "是否存活", "存活")
}
_OF_WHOM = frozenset(("patient", "outcome", "outcomes"))
_AT_FIRST = frozenset(("diagnosis", "baseline", "initial"))


def list_names_of(variable: Variable) -> tuple[str, ...]:
    """What a column of the variable may be called: its own names first, then in other units."""
    names = (variable.name, variable.label, *variable.other_names)
    own = next((unit for unit in _COUNTED if unit in split_name(variable.name)), "")
    others = tuple(unit for unit in _COUNTED if unit != own) if own else ()
    return names + tuple(variable.name.replace(own, unit) for unit in others)


def list_spellings(names: tuple[str, ...], variable: Variable) -> tuple[str, ...]:
    """The names of a column, and these without what they say of whom, and of the day of diagnosis where that goes without
    saying.
    """
    return spell_without(names, _OF_WHOM | (_AT_FIRST if variable.phase == PHASES[0] else frozenset()))


def list_opposites(variable: Variable) -> tuple[str, ...]:
    """What a column is called that says the opposite of an event."""
    return _OTHERWISE.get(variable.role or "", ())
