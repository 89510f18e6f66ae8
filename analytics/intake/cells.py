"""One cell of a file as a value of a variable: a level, an event as 0 or 1, a number, or nothing that is known."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from analytics.cohort.patient_file import MISSING_WORDS, NO_WORDS, YES_WORDS, list_words, read_word
from analytics.dictionary import EVENT_LEVELS, Variable
from analytics.intake.dates import find_orders, is_ambiguous, read_date
from analytics.intake.mapping import Assignment, MappingError

Known = str | float | None
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_STATUS = re.compile(r"([01])\s*:.*")  # "1:DECEASED", as cBioPortal has it
DIGITS = 12  # what a factor makes of a number keeps no more: 3e-4 × 100 is 0.03


@dataclass(frozen=True, slots=True)
class Unclear:
    """A cell that cannot be read, and why."""

    why: str


Reader = Callable[[str], Known | Unclear]


def is_number(variable: Variable) -> bool:
    """True for variables whose values are numbers, events as 0 and 1 among them."""
    return variable.kind in ("continuous", "duration", "event")


def read_number(text: str) -> float | None:
    """The number of a text with a decimal point and without anything else; None if it is none, or too large for one."""
    number = float(text) if _NUMBER.fullmatch(text) else math.inf
    return number if math.isfinite(number) else None


def scale(value: float, assignment: Assignment, variable: Variable) -> float:
    """A number in the unit of the variable; times in whole days."""
    if assignment.factor == 1 and not assignment.added:
        return value
    scaled = float(f"{value * assignment.factor + assignment.added:.{DIGITS}g}")
    return float(round(scaled)) if variable.kind == "duration" else scaled


def list_missing(assignment: Assignment, missing: Iterable[str]) -> set[str]:
    """What stands for unknown: the usual words, those of the mapping and those of the variable."""
    return set(MISSING_WORDS) | {read_word(text) for text in (*missing, *assignment.missing)}


def find_level(text: str, variable: Variable, what: str) -> str | float:
    """A level as a mapping names it; MappingError if the variable has none of that name."""
    if variable.kind == "identifier":
        return text
    if variable.is_coded or variable.kind == "event":
        levels = variable.levels or EVENT_LEVELS
        if text not in levels:
            raise MappingError(f"{what}: {text!r} is no level of {variable.name}. Its levels are {', '.join(levels)}.")
        return text if variable.is_coded else float(text)
    number = read_number(text)
    if number is None:
        raise MappingError(f"{what}: {text!r} is no number. {variable.name} is one: write it with a decimal point.")
    return number


def reader_of(assignment: Assignment, variable: Variable, missing: Iterable[str]) -> Reader:
    """How the cells of the rules "value", "levels" and "number" are read."""
    what = f"map.{assignment.variable}"
    unknown = list_missing(assignment, missing)
    told = {
        read_word(text): None if level is None else find_level(level, variable, what)
        for text, level in assignment.levels
    }
    if len(told) < len(assignment.levels):
        raise MappingError(f"{what}, levels: two texts differ in their case alone. Keep one of them.")
    is_plain_number = variable.kind in ("continuous", "duration")
    if assignment.rule == "number" and not is_plain_number:
        raise MappingError(f"{what}: {variable.name} is {variable.kind}, no number. Use the rule levels, or value.")
    if variable.kind == "identifier":
        return lambda text: None if read_word(text) in unknown else text
    if assignment.rule == "value" and not is_plain_number:
        return _reader_of_words(variable, unknown, told)

    def read(text: str) -> Known | Unclear:
        word = read_word(text)
        if word in told:
            return told[word]
        if word in unknown:
            return None
        if assignment.rule == "levels":
            return Unclear("it is not among the texts of the mapping")
        number = read_number(text)
        return Unclear("it is no number") if number is None else scale(number, assignment, variable)

    return read


def _reader_of_words(variable: Variable, unknown: set[str], further: dict[str, str | float | None]) -> Reader:
    words = list_words(variable)
    if variable.kind == "event":
        words = {**dict.fromkeys(NO_WORDS, 0), **dict.fromkeys(YES_WORDS, 1), **words}
    told = {word for word, code in words.items() if code is not None}

    def read(text: str) -> Known | Unclear:
        word = read_word(text)
        if word in further:
            return further[word]
        # A code that was stated to mean unknown is no level; a word that usually does may be one ("none").
        if word in unknown and not (word in told and word in MISSING_WORDS):
            return None
        if word not in words and variable.kind == "event" and (found := _STATUS.fullmatch(word)):
            word = found[1]
        if word not in words:
            return Unclear("it is no level")
        code = words[word]
        if code is None:
            return None
        return float(code) if variable.kind == "event" else variable.levels[code]

    return read


def reader_of_days(
    assignment: Assignment, variable: Variable, missing: Iterable[str], texts: Iterable[str]
) -> Callable[[str], tuple[str, float] | Unclear | None]:
    """How the cells of "days" are read: as ("date", day), ("number", number), or None where it is unknown.

    ``texts`` are those of all its columns: where they can be dates of one order only, it need not be told.

    Raises
    ------
    MappingError
        If the order of day and month is not told and does not follow.
    """
    what = f"map.{assignment.variable}"
    if variable.kind not in ("continuous", "duration"):
        raise MappingError(f"{what}: {variable.name} is {variable.kind}, no number of days. Use another rule.")
    unknown = list_missing(assignment, missing)
    order = assignment.date_order
    if not order:
        known = [text for text in texts if read_word(text) not in unknown]
        orders = find_orders(known)
        if len(orders) > 1 and (doubtful := next(filter(is_ambiguous, known), None)) is not None:
            raise MappingError(
                f"{what}: dates such as {doubtful} can be read as {' or '.join(orders)}. Say which: date_order = "
                f'"{orders[0]}".'
            )
        order = orders[0] if orders else ""

    def read(text: str) -> tuple[str, float] | Unclear | None:
        if read_word(text) in unknown:
            return None
        day = read_date(text, order)
        if day is not None:
            return "date", float(day)
        number = read_number(text)
        return (
            Unclear(f"it is neither a number nor a date{f' ({order})' if order else ''}")
            if number is None
            else ("number", number)
        )

    return read


def reader_of_ticks(assignment: Assignment, missing: Iterable[str]) -> Callable[[str], bool | Unclear | None]:
    """How the cells of "combine" are read: yes, no or unknown. The text "" is an empty cell."""
    yes = {read_word(text) for text in assignment.yes or YES_WORDS}
    no = {read_word(text) for text in assignment.no or NO_WORDS}
    unknown = list_missing(assignment, missing) - yes - no

    def read(text: str) -> bool | Unclear | None:
        word = read_word(text)
        if word in yes or word in no:
            return word in yes
        return None if word in unknown else Unclear("it is neither yes nor no")

    return read
