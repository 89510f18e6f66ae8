"""Two files beside each other: what one can be asked as the other is, and what in them does not mean the same."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from analytics.analysis import Control
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.dictionary import CompetingEndpoint, Dictionary, Endpoint, load_words
from analytics.document import Sides
from analytics.provenance import Provenance
from analytics.reporting.likeness import has_levels_of, is_same, list_shared
from analytics.reporting.wording import describe_clause, describe_membership, join_words, say_selection

ASSUMED = "That nobody is in both files is assumed: the files do not tell."
SYNTHETIC = "SYNTHETIC"


@dataclass(frozen=True, slots=True)
class Likeness:
    """How far a view of two files shows the same: ``refusals`` say why they may not be compared, ``remarks`` what differs."""

    refusals: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def carry_filter(asked: CohortFilter, own: Cohort, other: Cohort) -> tuple[CohortFilter, tuple[str, ...]]:
    """What is asked of one file, asked of the other, and in words what cannot be: columns that it lacks or means otherwise."""
    offered = [v.name for v in other.dictionary.filters if v.name in other.variables]
    shared = set(list_shared(own.dictionary, other.dictionary, offered))
    clauses = tuple(clause for clause in asked.clauses if clause.variable in shared)
    memberships = tuple(m for m in asked.memberships if {v for f in m.filters for v in f.variables} <= shared)
    dropped = [describe_clause(c, own.dictionary[c.variable]) for c in asked.clauses if c not in clauses]
    dropped += [describe_membership(m, own.dictionary) for m in asked.memberships if m not in memberships]
    return CohortFilter(clauses, memberships), tuple(dropped)


def fit_choices(
    controls: Sequence[Control], others: Sequence[Control], chosen: Mapping[str, Any], name: str
) -> tuple[dict[str, Any], Likeness]:
    """The choices of a view of one file for the same view of the other, called ``name``, as far as it offers them."""
    fitted, refusals, remarks = dict(chosen), [], []
    known = {control.name: control for control in controls}
    for control in others:
        if control.name not in chosen:
            fitted[control.name] = control.default
            said = ", ".join(filter(None, control.to_text(control.default))) or "none"
            remarks.append(f"{control.label} can be chosen for {name} alone: “{said}” is taken.")
        elif not control.allows(chosen[control.name]):
            said = ", ".join(filter(None, known[control.name].to_text(chosen[control.name])))
            refusals.append(f"{control.label}: {name} does not have “{said}”. Choose what both have.")
    return fitted, Likeness(tuple(refusals), tuple(remarks))


def compare_meanings(
    own: Dictionary, other: Dictionary, used: tuple[Sequence[str], Sequence[str]], name: str
) -> Likeness:
    """Whether what the two views were counted by means the same; ``used`` are the columns of each."""
    both = [column for column in used[0] if column in used[1]]
    causes = {e.cause for e in own.competing}
    refusals = [
        f"{own[column].label} ({column}) is defined otherwise in {name}."
        for column in both
        if not (is_same(own[column], other[column]) and (column in causes or has_levels_of(own[column], other[column])))
    ]
    remarks = []
    for letter, dictionary, mine, theirs in (("A", own, used[0], used[1]), ("B", other, used[1], used[0])):
        if alone := [dictionary[column].label for column in mine if column not in theirs]:
            remarks.append(f"{letter} alone is counted by {join_words(alone)}.")
    for endpoint in _list_endpoints(own, both):
        twin = next((e for e in _list_endpoints(other, both) if e.name == endpoint.name), None)
        if twin is None or _clock(twin) != _clock(endpoint):
            refusals.append(f"{endpoint.label} is another endpoint in {name}.")
        else:
            remarks += _remark_events(own, other, endpoint)
    return Likeness(tuple(dict.fromkeys(refusals)), tuple(dict.fromkeys(remarks)))


def _list_endpoints(dictionary: Dictionary, columns: Collection[str]) -> list[Endpoint | CompetingEndpoint]:
    """The endpoints all of whose columns are among these."""
    alone = [e for e in dictionary.endpoints if {e.time, e.event, e.entry or e.time} <= set(columns)]
    return [*alone, *(e for e in dictionary.competing if {e.time, e.cause} <= set(columns))]


def _clock(endpoint: Endpoint | CompetingEndpoint) -> tuple[Any, ...]:
    """What makes an endpoint: when its clock starts, for whom, and what stops it."""
    of_events = (
        (endpoint.event, endpoint.entry, endpoint.event_label) if isinstance(endpoint, Endpoint) else (endpoint.cause,)
    )
    return (endpoint.time, endpoint.origin, endpoint.population, endpoint.definition, *of_events)


def _remark_events(own: Dictionary, other: Dictionary, endpoint: Endpoint | CompetingEndpoint) -> list[str]:
    """Which events of an endpoint one file alone has: whether they did not happen in the other cannot be told."""
    if isinstance(endpoint, Endpoint) and endpoint.is_death:
        return []
    remarks, causes = [], {e.cause for e in (*own.competing, *other.competing) if e.origin == endpoint.origin}
    for cause in sorted(name for name in causes if name in own and name in other):
        for letter, mine, theirs in (("A", own[cause], other[cause]), ("B", other[cause], own[cause])):
            if alone := [mine.level_label(level) for level in mine.levels if level not in theirs.levels]:
                remarks.append(
                    f"{letter} alone has {join_words(alone)} among its events. That the other file has none may mean that "
                    "none was recorded."
                )
    return remarks


def join_files(own: Provenance, other: Provenance) -> Provenance:
    """What files of two selections say, each of a file of its own; what is made up is said of the one that is."""
    marks = [
        f"{letter} is {SYNTHETIC} DATA: no row of it describes a real {one.noun}."
        for letter, one in (("A", own), ("B", other))
        if one.synthetic
    ]
    return replace(
        own,
        cohort=f"A: {own.cohort}; B: {other.cohort}",
        selection=f"{' '.join(marks)} A: {own.selection} B: {other.selection}".strip(),
        data_version=f"A: {own.data_version}; B: {other.data_version}",
        synthetic=own.synthetic and other.synthetic,
        remarks=(*own.remarks, *(f"B. {remark}" for remark in other.remarks)),
    )


def name_files(own: Cohort, other: Cohort, names: tuple[str, str]) -> tuple[str, str]:
    """What the two files are called, with a mark on what is synthetic."""
    first, second = (
        f"{name}, {SYNTHETIC}" if cohort.synthetic else name for name, cohort in zip(names, (own, other), strict=True)
    )
    return first, second


def to_file_sides(
    cohorts: tuple[Cohort, Cohort], selections: tuple[CohortFilter, CohortFilter], names: tuple[str, str]
) -> Sides:
    """Two selections, each of a file of its own, with the file and what it is asked for in words."""
    named = name_files(*cohorts, names)
    first, second = (
        f"{name} ({say_selection(selection, cohort.dictionary)})"
        for name, cohort, selection in zip(named, cohorts, selections, strict=True)
    )
    made_up = [letter for letter, cohort in zip("AB", cohorts, strict=True) if cohort.synthetic]
    untested = ""
    if made_up:
        plural = load_words().plural
        what = " and ".join(made_up)
        untested = (
            f"No test compares A with B: {what} {'are' if made_up[1:] else 'is'} {SYNTHETIC}, and a p value against {plural} "
            "who were made up would say nothing of real ones."
        )
    return Sides((first, second), 0, named, ASSUMED, untested)
