"""How the columns of a file become variables of the dictionary: a small file that people read, keep and share."""

from __future__ import annotations

import math
from collections.abc import Mapping as Levels
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

RULES = ("value", "levels", "number", "days", "combine", "present", "constant", "line")
DATE_ORDERS = ("", "ymd", "dmy", "mdy")
TELLS_NOBODY = "identifier"  # the code under which a reader says that a column tells nobody
ANY = "*"  # whatever is known
KEPT = ("", "first", "last")
ENTRIES = ("words", "origins", "lists", "variables", "endpoints", "competing", "rules")  # those of a dictionary


class MappingError(ValueError):
    """A mapping that cannot be used; the message names the entry and the remedy."""


def require(is_right: bool, what: str, remedy: str) -> None:
    """MappingError with what is wrong and what to do, unless it is right."""
    if not is_right:
        raise MappingError(f"{what}. {remedy}.")


def _require_once(what: str, texts: Sequence[str]) -> None:
    twice = [text for text in dict.fromkeys(texts) if texts.count(text) > 1]
    require(not twice, f"{what}: {', '.join(map(repr, twice))} stands twice", "Keep one of them")


@dataclass(frozen=True, slots=True)
class Assignment:
    """How one variable is made.

    ``rule`` is

    * "value": the cell in the dictionary's own words, or a number; ``levels`` are further texts;
    * "levels": the cell looked up in ``levels``, anything else is reported;
    * "number": a number times ``factor``, with ``added``; ``levels`` says what stands for certain texts (``"<0.01"``: ``"0"``);
    * "days": the date or number of the column less that of ``origin``, times ``factor``;
    * "combine": the columns that say yes, joined by ``" + "``, looked up in ``levels`` ("" is none of them);
    * "present": whether any of the columns holds something (a date of death);
    * "constant": ``value`` for everybody;
    * "line": the line of the file, for an identifier.

    Of several ``columns``, but in "combine" and "present", the first that is known counts. ``levels`` are pairs of a
    text of the file (in any case) and a level, an event's "0" or "1", a number, or None for unknown. ``missing`` are
    this variable's codes for unknown. ``yes`` and ``no`` are what the columns of "combine" hold, where they are not the
    usual words. ``where`` are columns with the texts of which each must hold one, "" for an empty cell and "*" for
    anything that is known; elsewhere the value is missing.
    ``date_order`` ("dmy", "mdy", "ymd") is how dates with the year not in front, or of two digits, are read.
    ``is_inverted`` exchanges 0 and 1 of an event.
    """

    variable: str
    columns: tuple[str, ...] = ()
    rule: str = "value"
    levels: tuple[tuple[str, str | None], ...] = ()
    factor: float = 1.0
    added: float = 0.0
    origin: str = ""
    date_order: str = ""
    missing: tuple[str, ...] = ()
    yes: tuple[str, ...] = ()
    no: tuple[str, ...] = ()
    where: tuple[tuple[str, tuple[str, ...]], ...] = ()
    value: str = ""
    is_inverted: bool = False

    def __post_init__(self) -> None:
        what = f"map.{self.variable}"
        require(bool(self.variable.strip()), "a variable without a name", "Name the variable after `map.`")
        require(self.rule in RULES, f"{what}: rule {self.rule!r} is unknown", f"Known are {', '.join(RULES)}")
        is_constant, needs_none = self.rule == "constant", self.rule in ("constant", "line")
        require(bool(self.columns) != needs_none, f"{what}: {len(self.columns)} columns", "Give `from`, or a constant")
        require(
            bool(self.value) == is_constant, f"{what}: value {self.value!r}", "A constant has a value, and nothing else"
        )
        require(bool(self.origin) == (self.rule == "days"), f"{what}: origin {self.origin!r}", "Give it to days alone")
        needs_levels = self.rule in ("levels", "combine")
        require(bool(self.levels) or not needs_levels, f"{what}: no levels", "Say which text is which level")
        takes_levels = needs_levels or self.rule in ("value", "number")
        require(takes_levels or not self.levels, f"{what}: levels with rule {self.rule}", "Leave the levels out")
        require(
            self.date_order in DATE_ORDERS, f"{what}: date_order {self.date_order!r}", "Give dmy, mdy or ymd, or none"
        )
        is_factor = math.isfinite(self.factor) and self.factor > 0
        require(is_factor, f"{what}: factor {self.factor}", "Give a number above 0")
        is_added = math.isfinite(self.added) and (self.rule == "number" or not self.added)
        require(is_added, f"{what}: plus {self.added}", "Give it to a number alone, and no infinite one")
        _require_once(f"{what}, levels", [text for text, _ in self.levels])
        _require_once(f"{what}, where", [column for column, _ in self.where])
        require("" not in (level for _, level in self.levels), f"{what}: a level without name", "Give None for unknown")

    def with_levels(self, levels: Levels[str, str | None]) -> Assignment:
        """The same with what further texts stand for, or other ones; None for unknown."""
        return replace(self, levels=tuple({**dict(self.levels), **levels}.items()))

    @property
    def read(self) -> tuple[str, ...]:
        """Every column that is read, each once."""
        return tuple(
            dict.fromkeys((*self.columns, *filter(None, (self.origin,)), *(column for column, _ in self.where)))
        )


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one of several tables: one row per patient, whose columns are then called ``name.column``.

    The table is the one that has all ``columns``. ``key`` is its column of the patient. Rows count that hold, in each
    column of ``where``, one of the texts; of several the ``keep`` ("first", "last") by ``order``, or by the file where
    ``order`` is "".
    """

    name: str
    key: str
    columns: tuple[str, ...] = ()
    where: tuple[tuple[str, tuple[str, ...]], ...] = ()
    keep: str = ""
    order: str = ""

    def __post_init__(self) -> None:
        require(bool(self.name and self.key), f"tables: name {self.name!r}, key {self.key!r}", "Give both")
        require(self.keep in KEPT, f"tables, {self.name}: keep {self.keep!r}", "Give first or last, or neither")
        require(bool(self.keep) or not self.order, f"tables, {self.name}: order without keep", "Say which row to keep")
        _require_once(f"tables, {self.name}, where", [column for column, _ in self.where])


@dataclass(frozen=True, slots=True)
class Correction:
    """A value that stands in for the file's, in the dictionary's words; "" for unknown."""

    patient: str
    variable: str
    value: str


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A patient who is left out, and why."""

    patient: str
    reason: str


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A finding that stands, and why."""

    code: str
    note: str


@dataclass(frozen=True, slots=True)
class Mapping:
    """What one kind of file means.

    ``key`` is the column of the patient, by which tables are joined and, with ``one_per_patient``, rows of the same
    patient made one. ``missing`` are codes for unknown in every column; ``layout`` what is fixed of the way the file is
    read. ``entries`` are new or other entries of the dictionary, as in its TOML file ("variables", "endpoints",
    "competing", "rules", "lists", "words", "origins"); with ``own_dictionary`` they are all there is. ``dropped`` and
    ``hashed`` are columns that tell who somebody is.
    """

    name: str
    version: int = 1
    key: str = ""
    one_per_patient: bool = False
    own_dictionary: bool = False
    missing: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    hashed: tuple[str, ...] = ()
    layout: tuple[tuple[str, str | int], ...] = ()
    tables: tuple[Part, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    corrections: tuple[Correction, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    accepted: tuple[Acceptance, ...] = ()
    entries: dict[str, Any] = field(default_factory=dict)

    @property
    def kept(self) -> tuple[str, ...]:
        """The columns of which the reader said that they tell nobody who somebody is."""
        codes = (acceptance.code.partition(":") for acceptance in self.accepted)
        return tuple(column for code, _, column in codes if code == TELLS_NOBODY)

    def __post_init__(self) -> None:
        require(bool(self.name.strip()), "a mapping without a name", 'Give it one, on the first line: name = "…"')
        require(self.version >= 1, f"version {self.version}", "Count from 1")
        _require_once("map", [assignment.variable for assignment in self.assignments])
        _require_once("layout", [name for name, _ in self.layout])
        _require_once("tables", [part.name for part in self.tables])
        _require_once("exclude", [exclusion.patient for exclusion in self.exclusions])
        unknown = [name for name in self.entries if name not in ENTRIES]
        require(not unknown, f"{', '.join(unknown)} is unknown", f"A dictionary has {', '.join(ENTRIES)}")

    def get(self, variable: str) -> Assignment | None:
        """How the variable is made; None if it is not."""
        return next((a for a in self.assignments if a.variable == variable), None)

    def with_assignment(self, assignment: Assignment) -> Mapping:
        """The mapping with this in the place of what made the variable before, or at the end."""
        kept = [assignment if a.variable == assignment.variable else a for a in self.assignments]
        return replace(self, assignments=tuple(kept if assignment in kept else (*kept, assignment)))

    def without(self, variable: str) -> Mapping:
        """The mapping that makes no such variable."""
        return replace(self, assignments=tuple(a for a in self.assignments if a.variable != variable))
