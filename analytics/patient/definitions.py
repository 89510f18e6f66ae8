"""Published definitions, read from a file, and what they say of one patient."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from analytics.dictionary import DAYS_PER_MONTH, Dictionary
from analytics.results.definitions import Change, Classified, Proviso, Source, TreatmentFact

DEFINITIONS_PATH = Path(__file__).parents[2] / "data" / "definitions.toml"
MONTHS_PER_YEAR = 12.0
JUST = 1e-9  # how far below a limit a value is tried
RELAPSE_DAY = "relapse day"


@dataclass(frozen=True, slots=True)
class Fact:
    """What the rules look at: a level or a number ``of`` a role or a column, or what is ``is_asked`` on the page alone."""

    name: str
    label: str
    unit: str = ""
    of: str = ""
    is_months: bool = False
    less: str = ""
    plus: str = ""
    stand_in: float | None = None
    said: str = ""
    kind: str = ""
    levels: tuple[str, ...] = ()
    level_labels: tuple[str, ...] = ()
    limits: tuple[float, float] = (0.0, 0.0)
    or_level_of: str = ""
    level_ranges: tuple[tuple[str, tuple[float, float]], ...] = ()
    default: str = ""

    @property
    def is_asked(self) -> bool:
        """True if no column of a cohort holds it."""
        return bool(self.kind)

    def level_label(self, level: str) -> str:
        """What a reader sees for a level."""
        return self.level_labels[self.levels.index(level)]


@dataclass(frozen=True, slots=True)
class Condition:
    """What a rule asks of a fact, or of the class by another ``scheme``."""

    fact: str = ""
    scheme: str = ""
    levels: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A class, or why there is none (``outside``), where all conditions hold."""

    when: tuple[Condition, ...]
    group: str = ""
    why: str = ""
    outside: str = ""


@dataclass(frozen=True, slots=True)
class Scheme:
    """A definition: its rules in order, its sources, and the facts of which another value is tried."""

    name: str
    label: str
    sources: tuple[Source, ...]
    rules: tuple[Rule, ...]
    varied: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Option:
    """What was published on a treatment, and of whom it is told."""

    label: str
    text: str
    sources: tuple[Source, ...]
    when: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Definitions:
    """All facts, schemes and options of a file, and the roles and levels that a dictionary needs for them."""

    needs: tuple[tuple[str, tuple[str, ...]], ...]
    facts: tuple[Fact, ...]
    schemes: tuple[Scheme, ...]
    options: tuple[Option, ...]

    def hold_for(self, dictionary: Dictionary, columns: Collection[str]) -> bool:
        """True if the columns of a cohort have what the definitions look at."""
        for role, levels in self.needs:
            name = dictionary.roles.get(role)
            if name not in columns or not set(levels) <= set(dictionary[str(name)].levels):
                return False
        return True

    def fact(self, name: str) -> Fact:
        """The fact of that name."""
        return next(fact for fact in self.facts if fact.name == name)

    def scheme(self, name: str) -> Scheme:
        """The definition of that name."""
        return next(scheme for scheme in self.schemes if scheme.name == name)


def open_definitions(path: Path = DEFINITIONS_PATH) -> Definitions:
    """The definitions of a file.

    Raises
    ------
    KeyError
        If a rule or an option names a source, a fact or a scheme that the file does not have, or lacks an entry.
    ValueError
        If a rule has neither or both of a class and a reason for none.
    """
    with path.open("rb") as file:
        content = tomllib.load(file)
    sources = {name: Source(**given) for name, given in content["sources"].items()}
    facts = tuple(_read_fact(name, given) for name, given in content["facts"].items())
    schemes = tuple(
        Scheme(
            given["name"],
            given["label"],
            tuple(sources[name] for name in given["sources"]),
            tuple(_read_rule(rule) for rule in given["rules"]),
            tuple(given.get("varied", ())),
        )
        for given in content["schemes"]
    )
    options = tuple(
        Option(given["label"], given["text"], tuple(sources[name] for name in given["sources"]), _read_when(given))
        for given in content["options"]
    )
    needs = tuple((role, tuple(levels)) for role, levels in content["for"].items())
    known = {fact.name for fact in facts}, {scheme.name for scheme in schemes}
    whens = (*(rule.when for scheme in schemes for rule in scheme.rules), *(option.when for option in options))
    for condition in (condition for when in whens for condition in when):
        if condition.fact not in known[0] | {""} or condition.scheme not in known[1] | {""}:
            raise KeyError(f"{path.name}: no fact or scheme {condition.fact or condition.scheme!r}.")
    return Definitions(needs, facts, schemes, options)


@cache
def load_definitions() -> Definitions:
    """The definitions of the product."""
    return open_definitions()


def _read_fact(name: str, given: Mapping[str, Any]) -> Fact:
    low, high = given.get("limits", (0.0, 0.0))
    return Fact(
        name,
        given.get("label", ""),
        given.get("unit", ""),
        given.get("of", ""),
        given.get("in") == "months",
        given.get("less", ""),
        given.get("plus", ""),
        given.get("stand_in"),
        given.get("said", ""),
        given.get("kind", ""),
        tuple(given.get("levels", ())),
        tuple(given.get("level_labels", ())),
        (float(low), float(high)),
        given.get("or_level_of", ""),
        tuple((level, (float(a), float(b))) for level, (a, b) in given.get("level_ranges", {}).items()),
        given.get("default", ""),
    )


def _read_rule(given: Mapping[str, Any]) -> Rule:
    if ("class" in given) == ("outside" in given):
        raise ValueError(f"a rule has either a class or a reason for none: {given}")
    return Rule(_read_when(given), given.get("class", ""), given.get("why", ""), given.get("outside", ""))


def _read_when(given: Mapping[str, Any]) -> tuple[Condition, ...]:
    return tuple(
        Condition(c.get("fact", ""), c.get("scheme", ""), tuple(c.get("is", ())), c.get("from"), c.get("below"))
        for c in given["when"]
    )


@dataclass(frozen=True, slots=True)
class _Verdict:
    """Whether a condition holds, None where that is not known; what is lacking for it, and what was approximated."""

    holds: bool | None
    lacking: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()


class Reading:
    """The definitions read for one patient, of whom ``features`` are known by column, or by the name of an asked fact."""

    def __init__(self, definitions: Definitions, dictionary: Dictionary, features: Mapping[str, str | float]) -> None:
        self.definitions, self.dictionary, self.features = definitions, dictionary, features

    def classify(self, scheme: Scheme, *, with_changes: bool = True) -> Classified:
        """The class by one definition."""
        found = Classified(scheme.label, scheme.sources)
        candidates: list[Rule] = []
        lacking: list[str] = []
        flags: list[str] = []
        decided: Rule | None = None
        for rule in scheme.rules:
            verdict = self._all(rule.when)
            flags += verdict.flags
            if verdict.holds is False:
                continue
            if verdict.holds is None and rule.outside:
                found = replace(found, provisos=(*found.provisos, *self._provisos(rule.when)))
                continue
            candidates.append(rule)
            if verdict.holds:
                decided = rule
                break
            lacking += verdict.lacking
        found = replace(found, flags=tuple(dict.fromkeys(flags)))
        groups = tuple(dict.fromkeys(rule.group for rule in candidates))
        if decided is None or len(groups) > 1:
            known = tuple(group for group in groups if group)
            return replace(found, lacking=tuple(dict.fromkeys(lacking)), possible=known, provisos=())
        if decided.outside:
            return replace(found, outside=decided.outside, provisos=())
        found = replace(found, group=decided.group, why=decided.why)
        return replace(found, changes=tuple(self._changes(scheme, found))) if with_changes else found

    def list_classes(self) -> tuple[Classified, ...]:
        """The classes by every definition."""
        return tuple(self.classify(scheme) for scheme in self.definitions.schemes)

    def list_treatments(self) -> tuple[TreatmentFact, ...]:
        """What was published on treatments for such a patient; then what would be told if more were known."""
        told: list[TreatmentFact] = []
        untold: list[TreatmentFact] = []
        for option in self.definitions.options:
            verdict = self._all(option.when)
            if verdict.holds is not False:
                (told if verdict.holds else untold).append(
                    TreatmentFact(option.label, option.text, option.sources, () if verdict.holds else verdict.lacking)
                )
        return (*told, *untold)

    def _all(self, when: Sequence[Condition]) -> _Verdict:
        verdicts = [self._judge(condition) for condition in when]
        against = [v for v in verdicts if v.holds is False]
        if against:
            # What speaks against it without an approximation needs none.
            return _Verdict(False, flags=min((v.flags for v in against), key=len))
        lacking = tuple(name for v in verdicts if v.holds is None for name in v.lacking)
        if lacking:
            return _Verdict(None, lacking)
        return _Verdict(True, flags=tuple(flag for v in verdicts for flag in v.flags))

    def _judge(self, condition: Condition) -> _Verdict:
        if condition.scheme:
            other = self.classify(self.definitions.scheme(condition.scheme), with_changes=False)
            if other.group or other.outside:
                return _Verdict(other.group in condition.levels, flags=other.flags)
            possible = [group in condition.levels for group in other.possible]
            if possible and not any(possible):
                return _Verdict(False)
            return _Verdict(True) if possible and all(possible) else _Verdict(None, other.lacking)
        fact = self.definitions.fact(condition.fact)
        lacking = _Verdict(None, (self.label_of(fact),))
        if condition.levels:
            level = self.features.get(self._column(fact.of) or fact.name)
            return lacking if level is None else _Verdict(level in condition.levels)
        known, flags = self._number(fact)
        if known is None:
            return lacking
        low, high = known
        verdicts = []
        if condition.low is not None:
            verdicts.append(True if low >= condition.low else False if high <= condition.low else None)
        if condition.high is not None:
            verdicts.append(
                True if high <= condition.high and low < condition.high else False if low >= condition.high else None
            )
        if False in verdicts:
            return _Verdict(False, flags=flags)
        return lacking if None in verdicts else _Verdict(True, flags=flags)

    def _column(self, name: str) -> str:
        """The column of a role, or the name itself where it is a column; "" for neither."""
        if not name:
            return ""
        return self.dictionary.roles.get(name, name if name in self.dictionary else "")

    def label_of(self, fact: Fact) -> str:
        """What a fact is called."""
        column = self._column(fact.of)
        return fact.label or (self.dictionary[column].label if column else fact.of)

    def _days(self, role: str) -> float | None:
        value = self.features.get(self._column(role))
        return value if isinstance(value, float) else None

    def _number(self, fact: Fact) -> tuple[tuple[float, float] | None, tuple[str, ...]]:
        """What is known of a number, as the range in which it lies, and what was approximated."""
        if fact.is_asked:
            value = self.features.get(fact.name)
            if isinstance(value, float):
                return (value, value), ()
            level = self.features.get(self._column(fact.or_level_of))
            return dict(fact.level_ranges).get(str(level)), ()
        value = self._days(fact.of)
        flags: tuple[str, ...] = ()
        if value is None:
            return None, ()
        if fact.plus:
            later = self._days(fact.plus)
            if later is None:
                return None, ()
            return (value + later / DAYS_PER_MONTH / MONTHS_PER_YEAR,) * 2, ()
        if fact.is_months:
            value /= DAYS_PER_MONTH
        if fact.less:
            other = self._days(fact.less)
            if other is None and fact.stand_in is None:
                return None, ()
            if other is None:
                flags = (fact.said,)
            value -= float(fact.stand_in or 0.0) if other is None else other / DAYS_PER_MONTH
        return (value, value), flags

    def _provisos(self, when: Sequence[Condition]) -> Iterator[Proviso]:
        for condition in when:
            if self._judge(condition).holds is None and condition.fact:
                fact = self.definitions.fact(condition.fact)
                column = self._column(fact.of)
                label = self.dictionary[column].level_label if column else fact.level_label
                levels = tuple(label(level) for level in condition.levels)
                yield Proviso(self.label_of(fact), levels, condition.low, fact.unit)

    def _changes(self, scheme: Scheme, found: Classified) -> Iterator[Change]:
        """The nearest values at which the class would be another one, in each direction."""
        for name in scheme.varied:
            fact = None if name == RELAPSE_DAY else self.definitions.fact(name)
            now = self._days(name) if fact is None else self.features.get(name)
            limits = sorted(set(self._limits(scheme, fact)))
            if fact is None:
                if not isinstance(now, float):
                    continue
                now /= DAYS_PER_MONTH
            at = now if isinstance(now, float) else None
            seen = {found.group}
            if at is None and self._number(fact)[0] is None:  # type: ignore[arg-type]
                continue
            place = at if at is not None else self._number(fact)[0][0]  # type: ignore[arg-type,index]
            for limit in sorted(limits, key=lambda limit: abs(limit - place)):
                is_more = limit > place
                tried = self._with(fact, limit if is_more else limit - JUST)
                other = tried.classify(scheme, with_changes=False)
                if other.group and other.group not in seen:
                    seen.add(other.group)
                    label = "" if fact is None else self.label_of(fact)
                    unit = "months" if fact is None else fact.unit
                    yield Change(label, unit, limit, is_more, None if at is None else abs(limit - at), other.group)

    def _with(self, fact: Fact | None, value: float) -> Reading:
        changed = dict(self.features)
        if fact is None:
            changed[self._column(RELAPSE_DAY)] = value * DAYS_PER_MONTH
        else:
            changed[fact.name] = value
        return Reading(self.definitions, self.dictionary, changed)

    def _limits(self, scheme: Scheme, varied: Fact | None) -> Iterator[float]:
        """Where a rule of the scheme, or of one that it looks at, divides the values of a fact, or the months to relapse."""
        for condition in (c for rule in scheme.rules for c in rule.when):
            if condition.scheme:
                yield from self._limits(self.definitions.scheme(condition.scheme), varied)
                continue
            fact = self.definitions.fact(condition.fact)
            is_it = fact is varied or (varied is None and fact.of == RELAPSE_DAY and fact.is_months)
            for limit in (condition.low, condition.high) if is_it else ():
                if limit is None:
                    continue
                if fact.less:
                    end = self._days(fact.less)
                    yield limit + (float(fact.stand_in or 0.0) if end is None else end / DAYS_PER_MONTH)
                else:
                    yield float(limit)
