"""What the data dictionary says: variables, endpoints, lists and words, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

from analytics.data_rules import Rule
from analytics.words import Words

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
