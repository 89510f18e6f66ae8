"""The data dictionary: one entry per variable and endpoint, read by filters, models, tables, axes and exports."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache, wraps
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

from analytics.data_rules import Rule, read_rule
from analytics.words import Words as Words

Made = TypeVar("Made")
DICTIONARY_PATH = Path(__file__).parent.parent / "data" / "dictionary.toml"

Kind = Literal["binary", "categorical", "continuous", "duration", "event", "identifier"]
Phase = Literal["diagnosis", "induction", "treatment", "relapse", "reinduction", "salvage", "follow-up"]
KINDS: tuple[str, ...] = get_args(Kind)
PHASES: tuple[str, ...] = get_args(Phase)
EVENT_LEVELS = ("0", "1")
DAYS_PER_MONTH = 30.4375  # 365.25 / 12; days in the data, months in results and on axes
DAYS_PER_YEAR = 365.25


class DictionaryError(ValueError):
    """The dictionary file contradicts itself; the message names the entry and the remedy."""


@dataclass(frozen=True, slots=True)
class Derivation:
    """How a column is made from another when the file does not bring it.

    ``rule`` is "cuts" (bands of a number, each cut belonging to the upper band), "map" (levels joined), "present"
    (whether the first source has a value), "difference" (the first source less the second), or a named rule of the
    cohort ("relapse_timing_bfm"). ``source`` are the columns it needs, ``optional`` those it reads where they are at
    hand, ``brought`` those it reads where the file itself has them. ``day`` is the day at which the rule counts what
    has no day of its own.
    """

    rule: str
    source: tuple[str, ...]
    cuts: tuple[float, ...] = ()
    mapping: tuple[tuple[str, str], ...] = ()
    optional: tuple[str, ...] = ()
    brought: tuple[str, ...] = ()
    day: float | None = None


@dataclass(frozen=True, slots=True)
class Variable:
    """One column: what it is called, what it means, which values it has and when it is known.

    ``levels`` are in the order of every axis and table, ``reference`` is one of them; ``level_labels`` are what a
    reader sees. ``missing_label`` says what an empty cell means; ``population`` is the event that a patient must have
    had for the variable to exist at all ("relapsed"). ``optional_levels``, the last of ``levels``, are offered only where
    a patient of the cohort has them; ``spoken`` says the variable with each level in a sentence ("MRD on day 19 positive",
    "Thrombocytopenia"); ``unit_one`` is the unit in the singular where that is another word ("year");
    ``level_words`` are other words under which a file may hold a level ("0" and "1" of an event). ``per`` is the
    step that the odds ratio of a number is given for (10: per 10 units more). ``is_filter``, ``is_covariate`` and
    ``is_group`` say where the variable is offered. ``role`` is what the code calls the variable, whatever its column is
    called, and ``level_roles`` are pairs of what it calls a level and the level. ``other_names`` are names that files of
    registries give the column. ``rarely_below`` is the number of days that most times exceed in any cohort, ``rarely_above`` the
    share of patients that an event hardly ever exceeds in one, ``usually_below`` the number of years that hardly anybody exceeds.
    ``is_logarithmic`` is True for a number whose axis is logarithmic; ``grid`` ascends and has the limits at which it may be cut
    where small numbers are protected. Variables of one ``family`` (what the filter that they
    share is called) are ways to ask the same, each called by its ``scheme``.
    """

    name: str
    label: str
    kind: Kind
    phase: Phase
    levels: tuple[str, ...] = ()
    level_labels: tuple[str, ...] = ()
    reference: str | None = None
    unit: str = ""
    definition: str = ""
    source: str = ""
    missing_label: str = "missing"
    population: str | None = None
    family: str = ""
    scheme: str = ""
    is_filter: bool = False
    is_covariate: bool = False
    is_group: bool = False
    derivation: Derivation | None = None
    per: float = 1.0
    unit_one: str = ""
    optional_levels: tuple[str, ...] = ()
    spoken: tuple[str, ...] = ()
    level_words: tuple[tuple[str, tuple[str, ...]], ...] = ()
    role: str | None = None
    level_roles: tuple[tuple[str, str], ...] = ()
    other_names: tuple[str, ...] = ()
    rarely_below: float | None = None
    rarely_above: float | None = None
    usually_below: float | None = None
    is_logarithmic: bool = False
    grid: tuple[float, ...] = ()

    @property
    def is_coded(self) -> bool:
        """True for variables with levels (binary and categorical)."""
        return self.kind in ("binary", "categorical")

    def level_label(self, level: str | None) -> str:
        """What a reader sees for ``level``; the missing label for None."""
        if level is None:
            return self.missing_label
        return self.level_labels[self.levels.index(level)]

    def speak(self, level: str) -> str:
        """The variable with that level as a sentence says it; label and level where the dictionary has no words for it."""
        return self.spoken[self.levels.index(level)] if self.spoken else f"{self.label} ({self.level_label(level)})"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A time to event: the column of the time, of the event, and the day the clock starts (``origin``).

    ``event_label`` is the event in words ("death from any cause"); ``population`` says who has that time, in words
    ("children who relapsed"). ``phase`` is the last phase whose variables are known when observation begins.

    ``entry`` names the column of the time at which patients come under observation where that is later than the origin
    (delayed entry, left truncation), None where observation begins at the origin. ``short`` ("EFS"), ``y_title``
    ("Event-free survival"), ``event_noun`` ("events"), ``event_one`` ("event"), ``had`` ("had an event") and ``alive`` are
    the endpoint's words in figures and sentences;
    ``alive`` is who has not had the event ("alive without an event"), to stand after "were". ``is_death`` is False if
    other events count beside death. ``eligible`` says who is in the population, to stand after a number ("relapsed"), ""
    if everybody is; ``entered`` is what brings patients under observation ("HSCT"), with ``entry`` alone.
    ``shares_event`` is True if another endpoint, with another time, comes before it with the same event: the event alone
    does not make a patient eligible then (nobody need have been transplanted to have died).
    """

    name: str
    label: str
    time: str
    event: str
    origin: str
    event_label: str
    population: str
    phase: Phase
    definition: str = ""
    entry: str | None = None
    short: str = "OS"
    y_title: str = "Overall survival"
    event_noun: str = "deaths"
    alive: str = "alive"
    event_one: str = "death"
    had: str = "died"
    is_death: bool = True
    eligible: str = ""
    entered: str = ""
    shares_event: bool = False

    @property
    def events(self) -> Words:
        """The words for one event and for several."""
        return Words(self.event_one, self.event_noun)


@dataclass(frozen=True, slots=True)
class CompetingEndpoint:
    """A time to the first of several events: the column of the time and of what happened first.

    ``cause`` names a categorical variable whose first level means that none of the events has happened so far; each
    further level is one of them. ``origin``, ``population``, ``eligible`` and ``phase`` are as in :class:`Endpoint`.
    """

    name: str
    label: str
    time: str
    cause: str
    origin: str
    population: str
    phase: Phase
    definition: str = ""
    eligible: str = ""


@dataclass(frozen=True, slots=True)
class Dictionary:
    """All variables, endpoints and competing endpoints, in the order of the file, and the words for a patient.

    ``lists`` are names of variables that go together, each list under its name; ``rules`` say what cannot be true of a
    patient. ``origins`` are the days from which times are counted, as their units say ("days from relapse"), with what
    files call the date. ``whole`` is the dictionary with what a file does not bring, where that was left out of this one.
    """

    variables: tuple[Variable, ...]
    endpoints: tuple[Endpoint, ...]
    competing: tuple[CompetingEndpoint, ...] = ()
    words: Words = field(default_factory=Words)
    lists: tuple[tuple[str, tuple[str, ...]], ...] = ()
    rules: tuple[Rule, ...] = ()
    origins: tuple[tuple[str, tuple[str, ...]], ...] = ()
    whole: Dictionary | None = field(default=None, compare=False, repr=False)

    def __getitem__(self, name: str) -> Variable:
        for variable in self.variables:
            if variable.name == name:
                return variable
        raise KeyError(f"{name!r} is not in the dictionary. Known: {', '.join(v.name for v in self.variables)}.")

    def __contains__(self, name: object) -> bool:
        return any(variable.name == name for variable in self.variables)

    @property
    def roles(self) -> dict[str, str]:
        """The column of each role that a variable has."""
        return {v.role: v.name for v in self.variables if v.role is not None}

    def role(self, role: str) -> str:
        """The name of the column that has the role ("HSCT day"); KeyError names the known roles."""
        for variable in self.variables:
            if variable.role == role:
                return variable.name
        raise KeyError(f"no variable has the role {role!r}. Known: {', '.join(self.roles)}.")

    def level(self, role: str, level_role: str) -> str:
        """The level that has a role among those of the variable with ``role`` ("salvage treatment", "HSCT")."""
        levels = dict(self[self.role(role)].level_roles)
        if level_role not in levels:
            raise KeyError(f"no level of the {role} has the role {level_role!r}. Known: {', '.join(levels) or 'none'}.")
        return levels[level_role]

    def listed(self, name: str) -> tuple[str, ...]:
        """The columns of a list ("subgroups"), in order; KeyError names the known lists."""
        lists = dict(self.lists)
        if name not in lists:
            raise KeyError(f"{name!r} is no list. Known: {', '.join(lists) or 'none'}.")
        return lists[name]

    def endpoint(self, name: str) -> Endpoint:
        """The endpoint of that name; KeyError names the known ones."""
        for endpoint in self.endpoints:
            if endpoint.name == name:
                return endpoint
        raise KeyError(f"{name!r} is no endpoint. Known: {', '.join(e.name for e in self.endpoints)}.")

    def competing_endpoint(self, name: str) -> CompetingEndpoint:
        """The competing endpoint of that name; KeyError names the known ones."""
        for endpoint in self.competing:
            if endpoint.name == name:
                return endpoint
        raise KeyError(f"{name!r} is no competing endpoint. Known: {', '.join(e.name for e in self.competing)}.")

    @property
    def identifier(self) -> Variable:
        """The variable that names a patient."""
        return next(v for v in self.variables if v.kind == "identifier")

    @property
    def filters(self) -> tuple[Variable, ...]:
        """Variables offered in the sidebar, ordered by phase, then as in the file."""
        return tuple(sorted((v for v in self.variables if v.is_filter), key=lambda v: PHASES.index(v.phase)))

    @property
    def covariates(self) -> tuple[Variable, ...]:
        """Variables offered as predictors of relapse, ordered by phase, then as in the file."""
        return tuple(sorted((v for v in self.variables if v.is_covariate), key=lambda v: PHASES.index(v.phase)))

    @property
    def groups(self) -> tuple[Variable, ...]:
        """Variables offered for splitting a curve, ordered by phase, then as in the file."""
        return tuple(sorted((v for v in self.variables if v.is_group), key=lambda v: PHASES.index(v.phase)))


@cache
def load_dictionary() -> Dictionary:
    """The dictionary of the product."""
    return open_dictionary()


_IN_HAND: ContextVar[Dictionary | None] = ContextVar("dictionary in hand", default=None)


@contextmanager
def speaking_by(dictionary: Dictionary) -> Iterator[None]:
    """Let words be those of this dictionary, as far as the block goes: a cohort may have been opened by another one."""
    token = _IN_HAND.set(dictionary)
    try:
        yield
    finally:
        _IN_HAND.reset(token)


def dictionary_in_hand() -> Dictionary:
    """The dictionary whose words are spoken: that of the cohort at work, and the product's without one."""
    return _IN_HAND.get() or load_dictionary()


def dictionary_with(has: Callable[[Dictionary], Any]) -> Dictionary:
    """The dictionary in hand with what its file does not bring; the product's for what it knows nothing of."""
    whole = dictionary_in_hand().whole or dictionary_in_hand()
    return whole if has(whole) else load_dictionary()


def dictionary_naming(role: str) -> Dictionary:
    """The dictionary that knows what has the role."""
    return dictionary_with(lambda dictionary: role in dictionary.roles)


def spoken(make: Callable[..., Made]) -> Callable[..., Made]:
    """``make`` in the words of the dictionary that is in hand now, whenever it is called."""
    dictionary = dictionary_in_hand()

    @wraps(make)
    def speak(*args: Any) -> Made:
        with speaking_by(dictionary):
            return make(*args)

    return speak


def load_words() -> Words:
    """What the dictionary in hand calls a patient."""
    return dictionary_in_hand().words


def open_dictionary(path: Path = DICTIONARY_PATH) -> Dictionary:
    """The dictionary read from a TOML file: ``[variables.…]``, ``[endpoints.…]``, ``[competing.…]``, ``[words]``, ``[lists]``,
    ``[rules.…]``, ``[origins]``.

    Raises
    ------
    DictionaryError
        If an entry lacks a label, has an unknown kind or phase, a reference that is not a level, levels without
        labels of the same number, a level twice, a role that two have, a derivation that does not fit its variables or
        goes round in a circle, a list with an unknown variable, a rule with an unknown variable or level, or an endpoint
        that lacks one of its words or whose columns are unknown or of another kind.
    """
    return _read_dictionary(path.read_text("utf-8"), path.name)


@lru_cache(maxsize=8)  # every opened cohort asks for the project's own
def _read_dictionary(text: str, name: str) -> Dictionary:
    return make_dictionary(tomllib.loads(text), name)


def make_dictionary(content: Mapping[str, Any], name: str) -> Dictionary:
    """The dictionary of what a TOML file of that name holds; raises as `open_dictionary`."""
    variables = tuple(_variable(column, entry) for column, entry in content.get("variables", {}).items())
    known = {v.name: v for v in variables}
    for variable in variables:
        _check_derivation(variable, known, name)
    _check_circles(known)
    _check_roles("variables", [(v.role, v.name) for v in variables if v.role is not None])
    lists = tuple((title, tuple(names)) for title, names in content.get("lists", {}).items())
    for title, names in lists:
        if unknown := [column for column in names if column not in known]:
            raise DictionaryError(f"list {title}: {', '.join(unknown)} is not among the variables.")
    endpoints = _sharing(_endpoint(key, entry, known) for key, entry in content.get("endpoints", {}).items())
    competing = tuple(_competing(key, entry, known) for key, entry in content.get("competing", {}).items())
    if sum(v.kind == "identifier" for v in variables) != 1:
        raise DictionaryError("exactly one variable must be of kind identifier.")
    rules = tuple(_rule(name, entry, known) for name, entry in content.get("rules", {}).items())
    origins = tuple((day, tuple(names)) for day, names in content.get("origins", {}).items())
    return Dictionary(variables, endpoints, competing, _words(content.get("words", {})), lists, rules, origins)


# The words of an endpoint that figures and sentences cannot do without, whatever defaults the class has.
_ENDPOINT_WORDS = (
    "label",
    "short",
    "y_title",
    "origin",
    "event_label",
    "event_noun",
    "event_one",
    "had",
    "alive",
    "population",
)
_COMPETING_WORDS = ("label", "origin", "population")


def _words(entry: Mapping[str, Any]) -> Words:
    try:
        words = Words(**entry)
    except TypeError as error:
        raise DictionaryError(f"words: {error}. Check the keys of [words].") from error
    if entry:
        _check_words("words", entry, ("noun", "plural"))
        _check_words("phrases", words.phrases, tuple(words.phrases))
    return words


def _rule(name: str, entry: Mapping[str, Any], known: Mapping[str, Variable]) -> Rule:
    try:
        return read_rule(
            name, entry, {v.name: ("0", "1") if v.kind == "event" else v.levels or None for v in known.values()}
        )
    except ValueError as error:
        raise DictionaryError(str(error)) from error


def _check_words(what: str, entry: Mapping[str, Any], words: Sequence[str]) -> None:
    for word in words:
        text = entry.get(word)
        if not isinstance(text, str) or not text.strip():
            raise DictionaryError(f"{what}: {word} is missing or empty. Give it a text.")


def _check_columns(what: str, known: Mapping[str, Variable], columns: Sequence[tuple[str | None, str]]) -> None:
    for column, kind in columns:
        if column is not None and column not in known:
            raise DictionaryError(f"{what}: {column!r} is not among the variables.")
        if column is not None and known[column].kind != kind:
            raise DictionaryError(f"{what}: {column} must be of kind {kind}; it is {known[column].kind}.")


def _endpoint(name: str, entry: Mapping[str, Any], known: Mapping[str, Variable]) -> Endpoint:
    try:
        endpoint = Endpoint(name=name, **entry)
    except TypeError as error:
        raise DictionaryError(f"endpoint {name}: {error}. Check the keys of [endpoints.{name}].") from error
    _check_words(f"endpoint {name}", entry, _ENDPOINT_WORDS)
    if endpoint.phase not in PHASES:
        raise DictionaryError(f"endpoint {name}: phase {endpoint.phase!r} is none of {', '.join(PHASES)}.")
    columns = (
        (endpoint.time, "duration"),
        (endpoint.event, "event"),
        (endpoint.entry, "duration"),
    )
    _check_columns(f"endpoint {name}", known, columns)
    if endpoint.entry == endpoint.time:
        raise DictionaryError(f"endpoint {name}: entry and time are the same column, {endpoint.time}.")
    return endpoint


def _sharing(endpoints: Iterable[Endpoint]) -> tuple[Endpoint, ...]:
    """The endpoints, those marked that share their event with another clock before them."""
    first: dict[str, str] = {}
    return tuple(replace(e, shares_event=first.setdefault(e.event, e.time) != e.time) for e in endpoints)


def _competing(name: str, entry: Mapping[str, Any], known: Mapping[str, Variable]) -> CompetingEndpoint:
    what = f"competing endpoint {name}"
    try:
        endpoint = CompetingEndpoint(name=name, **entry)
    except TypeError as error:
        raise DictionaryError(f"{what}: {error}. Check the keys of [competing.{name}].") from error
    _check_words(what, entry, _COMPETING_WORDS)
    if endpoint.phase not in PHASES:
        raise DictionaryError(f"{what}: phase {endpoint.phase!r} is none of {', '.join(PHASES)}.")
    _check_columns(what, known, ((endpoint.time, "duration"), (endpoint.cause, "categorical")))
    if len(known[endpoint.cause].levels) < 3:
        raise DictionaryError(f"{what}: {endpoint.cause} needs a level for no event and at least two events.")
    return endpoint


def _check_derivation(variable: Variable, known: Mapping[str, Variable], file: str) -> None:
    derivation = variable.derivation
    if derivation is None:
        return
    for source in (*derivation.source, *derivation.optional, *derivation.brought):
        if source not in known:
            raise DictionaryError(f"{variable.name}: derived from {source!r}, which is not in {file}.")
    if not derivation.source or variable.name in (*derivation.source, *derivation.optional):
        raise DictionaryError(f"{variable.name}: `from` must name another variable.")
    if list(derivation.cuts) != sorted(set(derivation.cuts)):
        raise DictionaryError(f"{variable.name}: cuts must ascend: they are {', '.join(map(str, derivation.cuts))}.")
    for level, joined in derivation.mapping:
        if level not in known[derivation.source[0]].levels:
            raise DictionaryError(f"{variable.name}: {level!r} is no level of {derivation.source[0]}.")
        if joined not in variable.levels:
            raise DictionaryError(f"{variable.name}: {joined!r} is none of {', '.join(variable.levels)}.")


def _check_circles(known: Mapping[str, Variable]) -> None:
    """DictionaryError if a variable is derived, over whatever steps, from itself."""
    made: set[str] = set()

    def follow(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            raise DictionaryError(f"{name} is derived from itself: {' from '.join((*path[path.index(name) :], name))}.")
        derivation = known[name].derivation
        if derivation is not None and name not in made:
            for source in (*derivation.source, *derivation.optional):
                follow(source, (*path, name))
        made.add(name)

    for name in known:
        follow(name, ())


def _check_levels(variable: Variable) -> None:
    """DictionaryError if the optional levels are not the last ones, or a word stands for no level or for two."""
    name, optional = variable.name, variable.optional_levels
    if optional and (optional != variable.levels[-len(optional) :] or variable.reference in optional):
        raise DictionaryError(
            f"{name}: optional_levels must be the last levels, without the reference: they are {', '.join(optional)}."
        )
    if optional and len(variable.levels) - len(optional) < 2:
        raise DictionaryError(f"{name}: at least two levels must not be optional.")
    words = [word.casefold() for _, some in variable.level_words for word in some]
    levels = EVENT_LEVELS if variable.kind == "event" else variable.levels
    words += [level.casefold() for level in levels]
    _check_roles(f"{name}, levels", variable.level_roles)
    if lost := [level for _, level in variable.level_roles if level not in variable.levels]:
        raise DictionaryError(f"{name}: level_roles are given for {', '.join(lost)}, which is no level.")
    twice = sorted({word for word in words if words.count(word) > 1})
    unknown = [level for level, _ in variable.level_words if level not in levels]
    if unknown:
        raise DictionaryError(f"{name}: level_words are given for {', '.join(unknown)}, which is no level.")
    if twice:
        raise DictionaryError(f"{name}: each word for one level: {', '.join(twice)} stands for several.")


def _check_roles(what: str, roles: Sequence[tuple[str, str]]) -> None:
    """DictionaryError if a role, each given with who has it, is empty or stands twice."""
    holders: dict[str, str] = {}
    for role, name in roles:
        if not role.strip():
            raise DictionaryError(f"{what}: the role of {name} is empty. Give it a text, or leave it out.")
        if role in holders:
            raise DictionaryError(f"{what}: {holders[role]} and {name} both have the role {role!r}. Give it to one.")
        holders[role] = name


def _variable(name: str, entry: Mapping[str, Any]) -> Variable:
    entry = dict(entry)
    if entry.get("kind") not in KINDS:
        raise DictionaryError(f"{name}: kind {entry.get('kind')!r} is none of {', '.join(KINDS)}.")
    if entry.get("phase") not in PHASES:
        raise DictionaryError(f"{name}: phase {entry.get('phase')!r} is none of {', '.join(PHASES)}.")
    derivation = entry.pop("derive", None)
    entry["levels"] = tuple(entry.get("levels", ()))
    entry["level_labels"] = tuple(entry.get("level_labels", entry["levels"]))
    entry["spoken"] = tuple(entry.get("spoken", ()))
    entry["optional_levels"] = tuple(entry.get("optional_levels", ()))
    entry["level_words"] = tuple((level, tuple(words)) for level, words in entry.get("level_words", {}).items())
    entry["other_names"] = tuple(entry.get("other_names", ()))
    entry["level_roles"] = tuple(entry.get("level_roles", {}).items())
    entry["grid"] = tuple(float(limit) for limit in entry.get("grid", ()))
    if entry["grid"] and (len(entry["grid"]) < 3 or list(entry["grid"]) != sorted(set(entry["grid"]))):
        raise DictionaryError(f"{name}: grid must be three limits or more that ascend: it is {entry['grid']}.")
    if derivation is not None:
        lacking = [key for key in ("rule", "from") if key not in derivation]
        if lacking:
            raise DictionaryError(f"{name}: derive lacks {' and '.join(lacking)}.")
        derivation = Derivation(
            rule=derivation["rule"],
            source=tuple(derivation["from"]),
            cuts=tuple(float(cut) for cut in derivation.get("cuts", ())),
            mapping=tuple(derivation.get("map", {}).items()),
            optional=tuple(derivation.get("also", ())),
            brought=tuple(derivation.get("brought", ())),
            day=derivation.get("day"),
        )
    try:
        variable = Variable(name=name, derivation=derivation, **entry)
    except TypeError as error:
        raise DictionaryError(f"{name}: {error}. Check the keys of [variables.{name}].") from error
    if bool(variable.family) != bool(variable.scheme):
        raise DictionaryError(f"{name}: family and scheme go together. Give both, or neither.")
    if not variable.per > 0:
        raise DictionaryError(f"{name}: per must be above 0: it is {variable.per:g}.")
    if variable.is_coded and len(variable.levels) < 2:
        raise DictionaryError(f"{name}: a {variable.kind} variable needs at least two levels.")
    if len(set(variable.levels)) < len(variable.levels) or len(set(variable.level_labels)) < len(variable.level_labels):
        raise DictionaryError(f"{name}: each level and each label of a level once.")
    if len(variable.level_labels) != len(variable.levels):
        raise DictionaryError(f"{name}: {len(variable.levels)} levels but {len(variable.level_labels)} labels.")
    if variable.spoken and len(variable.spoken) != len(variable.levels):
        raise DictionaryError(f"{name}: {len(variable.levels)} levels but {len(variable.spoken)} of them spoken.")
    _check_levels(variable)
    if variable.is_coded and variable.reference not in variable.levels:
        raise DictionaryError(f"{name}: reference {variable.reference!r} is none of {', '.join(variable.levels)}.")
    if derivation and derivation.rule == "cuts" and len(derivation.cuts) + 1 != len(variable.levels):
        raise DictionaryError(
            f"{name}: {len(derivation.cuts)} cuts make {len(derivation.cuts) + 1} bands, not {len(variable.levels)}."
        )
    return variable
