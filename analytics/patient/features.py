"""What is known of one patient: what is asked, and what follows from it by the rules of the dictionary."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode

from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.dictionary import DAYS_PER_MONTH, PHASES, Dictionary, Variable
from analytics.patient.definitions import Definitions, Fact, load_definitions

Value = str | float
Features = Mapping[str, Value]  # levels and numbers by the column; days for times

LATEST = PHASES.index("reinduction")  # what is known later is an outcome
TIMES = ("end of therapy day", "relapse day")  # roles that are asked, though nobody filters by them
BY_TIMES = "time of relapse"  # the role of what follows from both
VERY_EARLY, AFTER_THERAPY = 18.0 * DAYS_PER_MONTH, 6.0 * DAYS_PER_MONTH
MOST_DAYS = 36525.0  # a hundred years
MOST = 1e6
LONGEST_LINK = 4000
MOST_PATIENTS = 1000  # that may be taken for the one at hand


def list_asked(dictionary: Dictionary, columns: Collection[str]) -> tuple[Variable, ...]:
    """The variables that are asked of a patient, by phase: those known by the end of reinduction that follow from no other."""
    times = {dictionary.roles.get(role) for role in TIMES}
    known = [
        v
        for v in dictionary.variables
        if v.name in columns
        and v.kind not in ("event", "identifier")
        and PHASES.index(v.phase) <= LATEST
        and (v.is_filter or v.is_covariate or v.name in times)
    ]
    names = {v.name for v in known}
    asked = [v for v in known if not _follows(v, names)]
    return tuple(sorted(asked, key=lambda v: PHASES.index(v.phase)))


def _follows(variable: Variable, names: Collection[str]) -> bool:
    made = variable.derivation
    return (
        made is not None
        and (made.rule in ("cuts", "map") or variable.role == BY_TIMES)
        and all(source in names for source in made.source)
    )


def complete_features(entered: Features, dictionary: Dictionary) -> dict[str, Value]:
    """What was entered, and every variable that follows from it."""
    found = dict(entered)
    waiting = [v for v in dictionary.variables if v.derivation is not None and v.name not in found]
    while True:
        made = {v.name: value for v in waiting if (value := _derive(v, found)) is not None}
        if not made:
            return found
        found |= made
        waiting = [v for v in waiting if v.name not in made]


def _derive(variable: Variable, known: Features) -> Value | None:
    made = variable.derivation
    if made is None or any(source not in known for source in made.source):
        return None
    values = [known[source] for source in made.source]
    if made.rule == "cuts" and isinstance(values[0], float):
        return variable.levels[bisect_right(made.cuts, values[0])]
    if made.rule == "map":
        return dict(made.mapping).get(str(values[0]))
    if variable.role == BY_TIMES and isinstance(values[0], float) and isinstance(values[1], float):
        relapse, end = values[0], values[1]
        return variable.levels[0 if relapse < VERY_EARLY else 1 if relapse < end + AFTER_THERAPY else 2]
    return None


def is_allowed(value: object, variable: Variable | Fact) -> bool:
    """True if a value can be one of the variable, or of a fact that is asked beside them."""
    if isinstance(variable, Fact):
        if variable.levels:
            return value in variable.levels
        return isinstance(value, float) and variable.limits[0] <= value <= variable.limits[1]
    if variable.is_coded:
        return value in variable.levels
    return isinstance(value, float) and 0.0 <= value <= (MOST_DAYS if variable.kind == "duration" else MOST)


def to_text(entered: Features) -> str:
    """What was entered as one text, for a link that a reader asks for."""
    return urlencode({name: f"{v:.10g}" if isinstance(v, float) else v for name, v in entered.items()})


def _read(text: str, variable: Variable | Fact) -> Iterator[Value]:
    value: Value = text
    if not variable.levels:
        try:
            value = float(text)
        except ValueError:
            return
    if is_allowed(value, variable):
        yield value


@dataclass(frozen=True, slots=True)
class Questions:
    """What is asked of one patient: ``variables`` of the cohort by phase, and ``facts`` that no column holds.

    ``definitions`` are the published ones, None where they do not hold for the cohort's dictionary.
    """

    variables: tuple[Variable, ...]
    facts: tuple[Fact, ...]
    definitions: Definitions | None

    @classmethod
    def of(cls, cohort: Cohort) -> Questions:
        """What is asked for a cohort."""
        dictionary, definitions = cohort.dictionary, load_definitions()
        known = definitions if definitions.hold_for(dictionary, cohort.variables) else None
        facts = () if known is None else tuple(fact for fact in known.facts if fact.is_asked)
        return cls(list_asked(dictionary, cohort.variables), facts, known)

    @property
    def phases(self) -> Iterator[tuple[str, tuple[Variable | Fact, ...]]]:
        """The questions of each phase; facts that no column holds stand with the last."""
        phases = list(dict.fromkeys(v.phase for v in self.variables))
        for phase in phases:
            own: tuple[Variable | Fact, ...] = tuple(v for v in self.variables if v.phase == phase)
            yield phase, own + (self.facts if phase == phases[-1] else ())

    @property
    def all(self) -> tuple[Variable | Fact, ...]:
        """Every question."""
        return (*self.variables, *self.facts)

    @property
    def begun(self) -> dict[str, Value]:
        """What is taken for known before anything is entered."""
        return {fact.name: fact.default for fact in self.facts if fact.default}

    def read(self, text: str) -> dict[str, Value]:
        """What a link that a reader asked for says; a value that cannot be one of its variable is left out."""
        found = self.begun
        said = parse_qs(text[:LONGEST_LINK])
        for variable in self.all:
            for value in _read(said.get(variable.name, [""])[0], variable):
                found[variable.name] = value
        return found

    def list_unread(self, text: str) -> tuple[str, ...]:
        """The names in such a link of what is not asked here, or whose value cannot be."""
        found, asked = self.read(text), {v.name for v in self.all}
        names = parse_qs(text[:LONGEST_LINK], keep_blank_values=True)
        return tuple(name for name in names if name not in asked or name not in found)

    def keep_allowed(self, entered: Features) -> dict[str, Value]:
        """What of the features can be asked for this cohort."""
        asked = {v.name: v for v in self.all}
        return {name: value for name, value in entered.items() if name in asked and is_allowed(value, asked[name])}


def list_patients(cohort: Cohort, cohort_filter: CohortFilter) -> tuple[dict[str, Value], ...]:
    """What is known of each synthetic patient with the event of the dictionary, who may be taken for the one at hand.

    Nobody of a cohort that is not synthetic, or whose small numbers are protected.
    """
    event = cohort.dictionary.roles.get("relapse")
    if not cohort.synthetic or cohort.smallest_cell or event not in cohort.variables:
        return ()
    names = [v.name for v in list_asked(cohort.dictionary, cohort.variables)]
    tally = cohort.tally([str(event), *names], cohort_filter)
    rows = tally.loc[tally[event] == 1, names].head(MOST_PATIENTS).to_dict("records")
    return tuple({str(k): v if isinstance(v, str) else float(v) for k, v in row.items() if v == v} for row in rows)
