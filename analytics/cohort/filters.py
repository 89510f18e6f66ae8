"""Filters of a cohort: one clause per variable, each saying what happens to missing values; link text in and out."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from analytics.cohort.engine import number, quoted
from analytics.dictionary import PHASES, Dictionary, Variable, load_words
from analytics.results import Note

OPEN_END = "any"
MISSING_SUFFIX = "_missing"
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


class FilterError(ValueError):
    """A filter that does not fit the dictionary; the message names the variable, the level and the known ones."""


@dataclass(frozen=True, slots=True)
class Clause:
    """What is asked of one variable.

    A coded variable passes if its value is one of ``levels``; a number if it lies between ``low`` and ``high``, both
    ends included, either of them open if None. ``keep_missing`` True lets patients without a value pass as well; with
    neither levels nor a limit it lets only them pass. Levels are kept sorted and once each, so that equal clauses
    compare equal.

    Raises
    ------
    ValueError
        If nothing is asked, levels come with a range, a limit is not finite, or low > high.
    """

    variable: str
    levels: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    keep_missing: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "levels", tuple(sorted(set(self.levels))))
        for name in ("low", "high"):
            limit = getattr(self, name)
            if limit is None:
                continue
            if not math.isfinite(limit):
                raise ValueError(f"{self.variable}: {name} must be finite or None: it is {limit}.")
            object.__setattr__(self, name, float(limit) + 0.0)  # -0.0 becomes 0.0, which prints without a sign
        if self.levels and self.is_range:
            raise ValueError(f"{self.variable}: a clause has levels or a range, not both.")
        if not self.levels and not self.is_range and not self.keep_missing:
            raise ValueError(f"{self.variable}: the clause asks for nothing. Give levels, a range or keep_missing.")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"{self.variable}: low must not exceed high: {self.low:g} > {self.high:g}. Swap the two.")

    @property
    def is_range(self) -> bool:
        """True if at least one limit is set."""
        return self.low is not None or self.high is not None


@dataclass(frozen=True, slots=True)
class FunnelStep:
    """Patients left after the clause of ``variable`` and of all before it; "" are those whom another selection leaves."""

    variable: str
    n: int


@dataclass(frozen=True, slots=True)
class Funnel:
    """How the clauses narrow the cohort: ``n_all`` patients, then one step per clause in the order of the phases.

    The last step is that of the selection whose patients are left out, where there is one.

    Where small numbers are protected, each number is rounded for itself to a multiple of ``smallest_cell``; else that is 0.
    """

    n_all: int
    steps: tuple[FunnelStep, ...] = ()
    smallest_cell: int = 0

    @property
    def n_left(self) -> int:
        """Patients left after every clause."""
        return self.steps[-1].n if self.steps else self.n_all


@dataclass(frozen=True, slots=True)
class CohortFilter:
    """Clauses that must all hold, at most one per variable, sorted by variable. Without clauses everyone passes.

    Who passes ``apart_from``, where it is given, does not pass. It has clauses alone, and is not in the query of a link.

    Raises
    ------
    ValueError
        If two clauses are about the same variable, or ``apart_from`` leaves others out itself.
    """

    clauses: tuple[Clause, ...] = ()
    apart_from: CohortFilter | None = None

    def __post_init__(self) -> None:
        if self.apart_from is not None and self.apart_from.apart_from is not None:
            raise ValueError("a selection that is left out cannot leave out others itself: give its clauses alone.")
        clauses = tuple(sorted(self.clauses, key=lambda c: c.variable))
        names = [c.variable for c in clauses]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"one clause per variable: {', '.join(twice)} has several. Join them into one.")
        object.__setattr__(self, "clauses", clauses)

    def __bool__(self) -> bool:
        return bool(self.clauses) or self.apart_from is not None

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables that decide who passes, each once."""
        others = self.apart_from.clauses if self.apart_from is not None else ()
        return tuple(dict.fromkeys(c.variable for c in (*self.clauses, *others)))

    def clause(self, variable: str) -> Clause | None:
        """The clause about ``variable``; None without one."""
        return next((c for c in self.clauses if c.variable == variable), None)

    def with_clause(self, clause: Clause) -> CohortFilter:
        """The filter with ``clause`` in the place of any other about the same variable."""
        return replace(self, clauses=(*self.without(clause.variable).clauses, clause))

    def without(self, variable: str) -> CohortFilter:
        """The filter without the clause about ``variable``; the same filter where there is none."""
        return replace(self, clauses=tuple(c for c in self.clauses if c.variable != variable))

    def both(self, other: CohortFilter) -> CohortFilter | None:
        """The filter that passes who passes this one and ``other``; None if no value can pass both.

        Raises
        ------
        ValueError
            If each leaves out another selection.
        """
        if self.apart_from is not None and other.apart_from not in (None, self.apart_from):
            raise ValueError("each of the two leaves out another selection: no one filter says both.")
        joined = self if other.apart_from is None else replace(self, apart_from=other.apart_from)
        for clause in other.clauses:
            own = self.clause(clause.variable)
            met = clause if own is None else _meet(own, clause)
            if met is None:
                return None
            joined = joined.with_clause(met)
        return joined

    def validate(self, dictionary: Dictionary) -> None:
        """Nothing, if every clause fits its variable in ``dictionary``.

        Raises
        ------
        FilterError
            If a variable is unknown or names patients, a level is unknown, or levels and ranges are mixed up.
        """
        if self.apart_from is not None:
            self.apart_from.validate(dictionary)
        for clause in self.clauses:
            if clause.variable not in dictionary or dictionary[clause.variable].kind == "identifier":
                known = [v.name for v in dictionary.variables if v.kind != "identifier"]
                raise FilterError(
                    f"{clause.variable!r} is no variable to filter by.{_suggestion(clause.variable, known)} "
                    f"Known: {', '.join(known)}."
                )
            variable = dictionary[clause.variable]
            if variable.is_coded and clause.is_range:
                raise FilterError(
                    f"{variable.name} has levels, not a range. Ask for some of {', '.join(variable.levels)}."
                )
            if clause.levels and not variable.is_coded:
                raise FilterError(f"{variable.name} is a number: ask for a range (low, high), not for levels.")
            unknown = [level for level in clause.levels if level not in variable.levels]
            if unknown:
                raise FilterError(
                    f"{variable.name} has no level {', '.join(map(repr, unknown))}. "
                    f"Known: {', '.join(variable.levels)}."
                )

    def to_query(self, dictionary: Dictionary) -> dict[str, list[str]]:
        """The clauses as link parameters, in the order of the phases.

        Levels stand as their labels in the order of the dictionary, missing values as the variable's missing label.
        A range is two numbers (``any`` for an open end); ``<variable>_missing`` is ``true`` where missing values are
        kept beside a range and ``only`` where nothing but missing values is asked for.

        Raises
        ------
        FilterError
            As in `validate`.
        """
        self.validate(dictionary)
        query: dict[str, list[str]] = {}
        for clause in in_phase_order(self.clauses, dictionary):
            variable = dictionary[clause.variable]
            if variable.is_coded:
                words = [variable.level_label(level) for level in variable.levels if level in clause.levels]
                query[variable.name] = words + ([_missing_word(variable)] if clause.keep_missing else [])
                continue
            if clause.is_range:
                query[variable.name] = [_number_text(clause.low), _number_text(clause.high)]
            if clause.keep_missing:
                query[variable.name + MISSING_SUFFIX] = ["true" if clause.is_range else "only"]
        return query

    @classmethod
    def from_query(
        cls, query: Mapping[str, Sequence[str]], dictionary: Dictionary, *, other_keys: Collection[str] = ()
    ) -> tuple[CohortFilter, tuple[Note, ...]]:
        """The filter asked for in a link, and a note for everything that was asked for but cannot be used.

        Parameters
        ----------
        query
            Parameter names with all their values. Levels may stand as level or label, in any case; a missing value as
            ``missing`` or as the variable's missing label.
        dictionary
            Its filter variables are the ones accepted.
        other_keys
            Parameters of the link that are no filters and are passed over.

        Returns
        -------
        The filter and its notes, coded ``link-unknown-variable``, ``link-unknown-level``, ``link-bad-range`` and
        ``link-reversed-range``. Never raises: a clause that cannot be read is left out and noted.
        """
        filters = {v.name: v for v in dictionary.filters}
        missing_keys = {v.name + MISSING_SUFFIX for v in filters.values() if not v.is_coded} - set(filters)
        clauses: list[Clause] = []
        notes: list[Note] = []
        for key in query:
            if key not in other_keys and key not in filters and key not in missing_keys:
                notes.append(_unknown_variable(key, filters))
        for variable in filters.values():
            values = _values(query, variable.name)
            if variable.is_coded:
                clause = _coded_clause(variable, [text for text in values if text.strip()], notes)
            else:
                key = variable.name + MISSING_SUFFIX
                clause = _range_clause(variable, values, _values(query, key) if key in missing_keys else [], notes)
            if clause:
                clauses.append(clause)
        return cls(tuple(clauses)), tuple(notes)


def _meet(a: Clause, b: Clause) -> Clause | None:
    """What passes two clauses about one variable; None for nothing."""
    levels = tuple(set(a.levels) & set(b.levels))
    low, high = None, None
    if a.is_range and b.is_range:
        low = max((c.low for c in (a, b) if c.low is not None), default=None)
        high = min((c.high for c in (a, b) if c.high is not None), default=None)
        if low is not None and high is not None and low > high:
            low, high = None, None
    missing = a.keep_missing and b.keep_missing
    if not levels and low is None and high is None and not missing:
        return None
    return Clause(a.variable, levels, low, high, missing)


def in_phase_order(clauses: Iterable[Clause], dictionary: Dictionary) -> tuple[Clause, ...]:
    """The clauses by phase of their variable, then as in the dictionary."""
    place = {v.name: (PHASES.index(v.phase), i) for i, v in enumerate(dictionary.variables)}
    return tuple(sorted(clauses, key=lambda c: place[c.variable]))


def to_condition(clause: Clause, dictionary: Dictionary, table: str) -> str:
    """The clause as a condition on a table whose coded columns hold positions of levels: true for those who pass, never null."""
    variable = dictionary[clause.variable]
    column = f"{table}.{quoted(clause.variable)}"
    parts = [f"{column} IS NOT NULL"]
    if clause.levels:
        codes = sorted(variable.levels.index(level) for level in clause.levels)
        parts.append(f"{column} IN ({', '.join(map(str, codes))})")
    if clause.low is not None:
        parts.append(f"{column} >= {number(clause.low)}")
    if clause.high is not None:
        parts.append(f"{column} <= {number(clause.high)}")
    if not clause.keep_missing:
        return " AND ".join(parts)
    if not clause.levels and not clause.is_range:
        return f"{column} IS NULL"
    return f"{column} IS NULL OR ({' AND '.join(parts)})"


def _missing_word(variable: Variable) -> str:
    """The missing label, or "missing" where a level already has that name."""
    taken = {word.casefold() for word in (*variable.levels, *variable.level_labels)}
    return "missing" if variable.missing_label.strip().casefold() in taken else variable.missing_label


def _coded_clause(variable: Variable, values: Sequence[str], notes: list[Note]) -> Clause | None:
    words: dict[str, str | None] = {"missing": None, _missing_word(variable).strip().casefold(): None}
    words |= {level.strip().casefold(): level for level in variable.levels}
    words |= {label.strip().casefold(): lv for lv, label in zip(variable.levels, variable.level_labels, strict=True)}
    levels: set[str] = set()
    keep_missing = False
    for value in values:
        word = value.strip().casefold()
        if word not in words:
            known = ", ".join((*variable.level_labels, _missing_word(variable)))
            notes.append(
                Note(
                    "link-unknown-level",
                    "warning",
                    f"The link asks for {variable.label} {_quoted(value)}, which is none of its values ({known}).",
                    "It was left out. Choose the value in the filters instead.",
                )
            )
            continue
        level = words[word]
        if level is None:
            keep_missing = True
        else:
            levels.add(level)
    return Clause(variable.name, tuple(levels), keep_missing=keep_missing) if levels or keep_missing else None


def _range_clause(
    variable: Variable, values: Sequence[str], missing: Sequence[str], notes: list[Note]
) -> Clause | None:
    wanted = missing[-1].strip().casefold() if missing else "false"
    if wanted not in ("true", "false", "only"):
        notes.append(
            Note(
                "link-unknown-level",
                "warning",
                f"The link says {_quoted(missing[-1])} about missing values of {variable.label}; "
                "known are true, false and only.",
                f"{load_words().head} without a value were left out. Tick them in the filters if you want them.",
            )
        )
        wanted = "false"
    if not values:
        # "true" alone keeps everybody, so there is nothing to filter
        return Clause(variable.name, keep_missing=True) if wanted == "only" else None
    try:
        if len(values) != 2:
            raise ValueError
        low, high = _number(values[0]), _number(values[1])
    except ValueError:
        asked = ", ".join(_quoted(value) for value in values[:4])
        notes.append(
            Note(
                "link-bad-range",
                "warning",
                f"The link asks for {variable.label} {asked}, which is not a range of two numbers.",
                f"The range was left out. Write {variable.name}=low&{variable.name}=high, or set it in the filters.",
            )
        )
        return None
    if low is not None and high is not None and low > high:
        notes.append(
            Note(
                "link-reversed-range",
                "warning",
                f"The link asks for {variable.label} from {_number_text(low)} to {_number_text(high)}: "
                "the first number is the larger one.",
                "The range was left out. Swap the two numbers in the link, or set the range in the filters.",
            )
        )
        return None
    if low is None and high is None:
        return Clause(variable.name, keep_missing=True) if wanted == "only" else None
    if wanted == "only":
        notes.append(
            Note(
                "link-bad-range",
                "warning",
                f"The link asks for a range of {variable.label} and for missing values only, which cannot both hold.",
                "The range was used. Set what you want in the filters.",
            )
        )
    return Clause(variable.name, low=low, high=high, keep_missing=wanted == "true")


def _unknown_variable(key: str, filters: Mapping[str, Variable]) -> Note:
    return Note(
        "link-unknown-variable",
        "warning",
        f"The link asks for {_quoted(key)}, which is no filter of this cohort.{_suggestion(key, list(filters))}",
        "It was left out. Correct the name in the link, or set the filter by hand.",
    )


def _suggestion(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name.casefold(), known, n=1)
    return f" Did you mean {close[0]}?" if close else ""


def _values(query: Mapping[str, Sequence[str]], key: str) -> list[str]:
    """All values of ``key``; a mapping that holds bare text instead of lists is read as one value."""
    values = query.get(key, ())
    return [values] if isinstance(values, str) else [str(value) for value in values]


def _number(text: str) -> float | None:
    text = text.strip()
    if text.casefold() in ("", OPEN_END):
        return None
    if not _NUMBER.fullmatch(text) or not math.isfinite(float(text)):
        raise ValueError(f"{text!r} is not a number")
    return float(text) + 0.0


def _number_text(number: float | None) -> str:
    """The shortest text that reads back as the same number ("3.9", "10"); ``any`` for None."""
    return OPEN_END if number is None else repr(number).removesuffix(".0")


def _quoted(text: str) -> str:
    """Text of a link, cut short and without control characters, as it may be shown to a reader."""
    return repr(text if len(text) <= 40 else text[:39] + "…")
