"""Rules of a dictionary: what cannot be true of one patient, or hardly, as conditions on the columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

Severity = Literal["error", "caution"]


@dataclass(frozen=True, slots=True)
class Condition:
    """What is asked of one column; all that is given must hold.

    ``levels`` are those that the column may hold (of an event "0" or "1"). ``is_known`` True asks for a value, False for
    none. ``above`` and ``below`` are a number, or the name of another column of the same unit; ``by`` is added to it.
    """

    variable: str
    levels: tuple[str, ...] = ()
    is_known: bool | None = None
    above: float | str | None = None
    below: float | str | None = None
    by: float = 0.0

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads."""
        return (self.variable, *(limit for limit in (self.above, self.below) if isinstance(limit, str)))


@dataclass(frozen=True, slots=True)
class Rule:
    """Patients of whom all ``conditions`` hold. An "error" keeps a file from being opened, a "caution" is told.

    ``what`` goes before "for 3 of 12 patients", ``then`` after it; ``remedy`` says what to do.
    """

    name: str
    severity: Severity
    conditions: tuple[Condition, ...]
    what: str
    remedy: str
    then: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads, each once."""
        return tuple(dict.fromkeys(column for condition in self.conditions for column in condition.columns))


def read_rule(name: str, entry: Mapping[str, Any], levels: Mapping[str, tuple[str, ...] | None]) -> Rule:
    """A rule from its entry ``[rules.<name>]``.

    Parameters
    ----------
    levels
        By the name of each column the levels that it can have; None for numbers and identifiers.

    Raises
    ------
    ValueError
        If a key is not known, a text is missing, a column or a level is not in the dictionary, or nothing is asked.
    """
    entry = dict(entry)
    asked = entry.pop("all", ())
    try:
        conditions = tuple(_read_condition(dict(condition)) for condition in asked)
        rule = Rule(name=name, conditions=conditions, **entry)
    except (TypeError, AttributeError) as error:
        raise ValueError(f"rule {name}: {error}. Check the keys of [rules.{name}].") from error
    if rule.severity not in get_args(Severity):
        raise ValueError(f"rule {name}: severity {rule.severity!r} is none of {', '.join(get_args(Severity))}.")
    if not conditions or not all(isinstance(text, str) and text for text in (rule.what, rule.remedy)):
        raise ValueError(f"rule {name}: `all`, `what` and `remedy` must not be empty.")
    for column in rule.columns:
        if column not in levels:
            raise ValueError(f"rule {name}: {column!r} is not among the variables.")
    for condition in conditions:
        if condition.is_known is None and not condition.levels and condition.above is None and condition.below is None:
            raise ValueError(f"rule {name}: nothing is asked of {condition.variable}. Give is, known, above or below.")
        known = levels[condition.variable]
        if lost := [level for level in condition.levels if level not in (known or ())]:
            raise ValueError(f"rule {name}: {', '.join(lost)} is no level of {condition.variable}.")
        if known is not None and (condition.above is not None or condition.below is not None):
            raise ValueError(f"rule {name}: {condition.variable} has levels; above and below are for numbers.")
    return rule


def _read_condition(entry: dict[str, Any]) -> Condition:
    return Condition(levels=tuple(map(str, entry.pop("is", ()))), is_known=entry.pop("known", None), **entry)


def write_rule(rule: Rule) -> dict[str, Any]:
    """The entry that `read_rule` reads as the same rule."""
    conditions = []
    for c in rule.conditions:
        given = {"is": list(c.levels), "known": c.is_known, "above": c.above, "below": c.below, "by": c.by or None}
        conditions.append(
            {"variable": c.variable, **{key: value for key, value in given.items() if value not in ([], None)}}
        )
    texts = {"severity": rule.severity, "all": conditions, "what": rule.what, "then": rule.then, "remedy": rule.remedy}
    return {key: value for key, value in texts.items() if value}
