"""Filters of a cohort: one clause per variable, each saying what happens to missing values; link text in and out."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urlencode

from analytics.cohort.engine import number, quoted
from analytics.dictionary import PHASES, Dictionary, Variable, load_words
from analytics.results import Note

OPEN_END = "any"
MISSING_SUFFIX = "_missing"
ALSO, EITHER, WITHOUT = "also", "either", "without"  # the parameters of a link that combine with other selections
COMBINING = (ALSO, EITHER, WITHOUT)
EVERYONE = "everyone"  # in the place of the query of a selection that asks for nothing
DEEPEST, LONGEST_TEXT, MOST_COMBINED = 3, 4000, 12  # of selections within a selection of a link
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
class Membership:
    """What is asked of other selections: to be in at least one of ``filters``; with ``is_left_out`` not to be in the one.

    The filters are kept sorted and once each, so that what asks the same compares equal.

    Raises
    ------
    ValueError
        If there are no filters, or several are left out: each has a membership of its own.
    """

    filters: tuple[CohortFilter, ...]
    is_left_out: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "filters", tuple(sorted(dict.fromkeys(self.filters), key=repr)))
        if not self.filters or (self.is_left_out and len(self.filters) > 1):
            raise ValueError(f"a membership is in one selection or more, or out of one: {len(self.filters)} are given.")


@dataclass(frozen=True, slots=True)
class FunnelStep:
    """Patients left after the clause of ``variable`` and of all before it; "" where it is a ``membership``."""

    variable: str
    n: int
    membership: Membership | None = None


@dataclass(frozen=True, slots=True)
class Funnel:
    """How a filter narrows the cohort: ``n_all`` patients, then one step per clause in the order of the phases.

    The steps of what is asked of other selections come last.

    Where small numbers are protected, each number has its own noise and none is below ``smallest_cell``; else that is 0.
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
    """Clauses and memberships that must all hold, at most one clause per variable. Without any everyone passes.

    Both are kept sorted, so that equal filters compare equal.

    Raises
    ------
    ValueError
        If two clauses are about the same variable.
    """

    clauses: tuple[Clause, ...] = ()
    memberships: tuple[Membership, ...] = ()

    def __post_init__(self) -> None:
        clauses = tuple(sorted(self.clauses, key=lambda c: c.variable))
        names = [c.variable for c in clauses]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"one clause per variable: {', '.join(twice)} has several. Join them into one.")
        object.__setattr__(self, "clauses", clauses)
        in_order = sorted(dict.fromkeys(self.memberships), key=lambda m: (m.is_left_out, repr(m)))
        object.__setattr__(self, "memberships", tuple(in_order))

    def __bool__(self) -> bool:
        return bool(self.clauses or self.memberships)

    @property
    def every_clause(self) -> tuple[Clause, ...]:
        """Its own clauses and those of the selections that it is combined with."""
        others = (f.every_clause for m in self.memberships for f in m.filters)
        return (*self.clauses, *(clause for clauses in others for clause in clauses))

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables that decide who passes, each once."""
        return tuple(dict.fromkeys(c.variable for c in self.every_clause))

    @property
    def conditions(self) -> tuple[CohortFilter, ...]:
        """Each clause and each membership as a filter of its own; who passes all of them passes this one."""
        alone = (CohortFilter((c,)) for c in self.clauses)
        return (*alone, *(CohortFilter(memberships=(m,)) for m in self.memberships))

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
        """The filter that passes who passes this one and ``other``; None if no value can pass both."""
        joined = replace(self, memberships=(*self.memberships, *other.memberships))
        for clause in other.clauses:
            own = self.clause(clause.variable)
            met = clause if own is None else _meet(own, clause)
            if met is None:
                return None
            joined = joined.with_clause(met)
        return joined

    def either(self, *others: CohortFilter) -> CohortFilter:
        """The filter that passes who passes this one or any of the others."""
        return CohortFilter().among(Membership((self, *others)))

    def leaving_out(self, other: CohortFilter) -> CohortFilter:
        """The filter that passes who passes this one and not ``other``."""
        return self.among(Membership((other,), is_left_out=True))

    def among(self, membership: Membership) -> CohortFilter:
        """The filter with a membership, said as simply as it can be.

        To be in one selection alone becomes clauses where one clause can say both; where none can, it stays apart, so
        that nobody passes and it can be told why.
        """
        inner = [f.memberships[0] for f in membership.filters if not f.clauses and len(f.memberships) == 1]
        if membership.is_left_out:
            if inner and inner[0].is_left_out:  # not to be out of one is to be in it
                return self.among(Membership(inner[0].filters))
        elif CohortFilter() in membership.filters:
            return self
        elif len(membership.filters) == 1:
            both = self.both(membership.filters[0])
            if both is not None:
                return both
        elif nested := [m for m in inner if not m.is_left_out]:
            # One among others is one of them all.
            others = [f for f in membership.filters if f.clauses or f.memberships not in [(m,) for m in nested]]
            return self.among(Membership((*others, *(f for m in nested for f in m.filters))))
        return replace(self, memberships=(*self.memberships, membership))

    def validate(self, dictionary: Dictionary) -> None:
        """Nothing, if every clause fits its variable in ``dictionary``.

        Raises
        ------
        FilterError
            If a variable is unknown or names patients, a level is unknown, or levels and ranges are mixed up.
        """
        for clause in self.every_clause:
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
        """The filter as link parameters, clauses in the order of the phases.

        Levels stand as their labels in the order of the dictionary, missing values as the variable's missing label.
        A range is two numbers (``any`` for an open end); ``<variable>_missing`` is ``true`` where missing values are
        kept beside a range and ``only`` where nothing but missing values is asked for. Other selections stand as the query
        of their own link under ``also`` (to be in each), ``either`` (in at least one) and ``without`` (in none).

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
        return query | combining_texts(self, lambda other: other.to_query(dictionary))

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
        The filter and its notes, coded ``link-unknown-variable``, ``link-unknown-level``, ``link-bad-range``,
        ``link-reversed-range`` and ``link-bad-combination``. Never raises: what cannot be read is left out and noted.
        """
        return cls._read(query, dictionary, other_keys, 0)

    @classmethod
    def _read(
        cls, query: Mapping[str, Sequence[str]], dictionary: Dictionary, other_keys: Collection[str], depth: int
    ) -> tuple[CohortFilter, tuple[Note, ...]]:
        filters = {v.name: v for v in dictionary.filters}
        missing_keys = {v.name + MISSING_SUFFIX for v in filters.values() if not v.is_coded} - set(filters)
        clauses: list[Clause] = []
        notes: list[Note] = []
        for key in query:
            if key not in (*other_keys, *COMBINING) and key not in filters and key not in missing_keys:
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
        found = cls(tuple(clauses))
        others = {key: cls._read_others(key, _values(query, key), dictionary, notes, depth) for key in COMBINING}
        for other in others[ALSO]:
            found = found.among(Membership((other,)))
        if others[EITHER]:
            found = found.among(Membership(tuple(others[EITHER])))
        for other in others[WITHOUT]:
            found = found.leaving_out(other)
        return found, tuple(notes)

    @classmethod
    def _read_others(
        cls, key: str, texts: Sequence[str], dictionary: Dictionary, notes: list[Note], depth: int
    ) -> list[CohortFilter]:
        """The selections that a link combines with, each from the query of its own link."""
        found = []
        for i, text in enumerate(texts):
            if i >= MOST_COMBINED or depth >= DEEPEST or len(text) > LONGEST_TEXT:
                what = f"combines more than {MOST_COMBINED} selections, or more than {DEEPEST} within each other"
                notes.append(_bad_combination(key, text, what))
                break
            asked, remarks = cls._read(parse_qs(text, keep_blank_values=True), dictionary, {EVERYONE}, depth + 1)
            notes.extend(remarks)
            if asked or text == EVERYONE:
                found.append(asked)
            else:
                notes.append(_bad_combination(key, text, "names a selection that asks for nothing here"))
        return found


def to_text(texts: Mapping[str, Sequence[str]]) -> str:
    """The query of a selection as one text, by which a link combines with it or compares with it."""
    return urlencode(texts, doseq=True) or EVERYONE


def combining_texts(
    cohort_filter: CohortFilter, texts_of: Callable[[CohortFilter], Mapping[str, Sequence[str]]]
) -> dict[str, list[str]]:
    """The link parameters of what a filter asks of other selections; ``texts_of`` gives those of each of them."""
    query: dict[str, list[str]] = {}
    for membership in cohort_filter.memberships:
        said = [to_text(texts_of(other)) for other in membership.filters]
        key = WITHOUT if membership.is_left_out else ALSO if len(said) == 1 else EITHER
        if key == EITHER and EITHER in query:
            key, said = ALSO, [to_text({EITHER: said})]
        query.setdefault(key, []).extend(said)
    return query


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


def _bad_combination(key: str, text: str, what: str) -> Note:
    return Note(
        "link-bad-combination",
        "warning",
        f"The link {what}: {key} {_quoted(text)}.",
        "It was left out. Save the selections under a name and combine them in the filters.",
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
