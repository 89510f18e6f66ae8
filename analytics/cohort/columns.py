"""The columns of a file matched with the dictionary by their names, and hints for those that have other names."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping, Sequence
from itertools import islice

from analytics.cohort.derivations import is_derivable
from analytics.cohort.problems import N_SHOWN, Problem
from analytics.dictionary import Dictionary, Endpoint, Variable
from analytics.formats import shorten
from analytics.results import Note

N_NAMES_SHOWN = 20  # columns that a message names
N_HINTS = 300  # columns that are compared with the dictionary's names


def match_columns(header: Sequence[str], dictionary: Dictionary) -> tuple[dict[str, str], list[Note], list[Problem]]:
    """Column of each variable, what was read differently or left out, and what is missing or doubled."""
    known = {v.name: v for v in dictionary.variables}
    by_key = {_key(name): name for name in known}
    columns: dict[str, str] = {}
    brought_as: dict[str, list[str]] = {}
    unknown: list[str] = []
    notes: list[Note] = []
    for i, label in enumerate(header):
        variable = label if label in known else by_key.get(_key(label))
        if variable is None:
            unknown.append(label)
            continue
        brought_as.setdefault(variable, []).append(label)
        if variable not in columns:
            columns[variable] = f"c{i}"
            if label != variable:
                read = f"The column {_named(label)} was read as {variable}."
                notes.append(Note("column-renamed", "info", read))
    problems = [_repeated(variable, labels) for variable, labels in brought_as.items() if len(labels) > 1]
    hints = _hints(unknown, [variable for name, variable in known.items() if name not in columns])
    for label, hint in islice(hints.items(), N_NAMES_SHOWN):
        notes.append(
            Note(
                "column-near-miss",
                "caution",
                f"The column {_named(label)} is not in the dictionary and was left out. Did you mean {hint}?",
                f"Rename it to {hint} if it holds {known[hint].label} in the form the dictionary describes.",
            )
        )
    told = set(islice(hints, N_NAMES_SHOWN))
    left_out = [label for label in unknown if label not in told]
    if left_out:
        notes.append(
            Note(
                "column-unknown",
                "info",
                f"{len(left_out)} column{'s are' if len(left_out) > 1 else ' is'} not in the dictionary "
                f"and {'were' if len(left_out) > 1 else 'was'} left out: {_listed(left_out)}.",
            )
        )
    return columns, notes, problems + _missing_columns(columns, header, hints, dictionary)


def _listed(labels: Sequence[str]) -> str:
    """The first of the names of columns, and how many more there are."""
    more = f" and {len(labels) - N_NAMES_SHOWN} more" if len(labels) > N_NAMES_SHOWN else ""
    return ", ".join(shorten(label) or "(no name)" for label in labels[:N_NAMES_SHOWN]) + more


def _named(label: str) -> str:
    """The name of a column of the file in quotation marks."""
    return f"'{shorten(label)}'"


def _repeated(variable: str, labels: Sequence[str]) -> Problem:
    times = "twice" if len(labels) == 2 else f"{len(labels)} times"
    more = f" and {len(labels) - N_SHOWN} more" if len(labels) > N_SHOWN else ""
    named = [_named(label) for label in labels[:N_SHOWN]]
    return Problem(
        f"the column {variable} stands {times}",
        f"columns {' and '.join(named) if len(named) == 2 else ', '.join(named)}{more}",
        "Delete or rename all of them but one." if len(labels) > 2 else "Delete or rename one of them.",
    )


def _missing_columns(
    columns: Mapping[str, str], header: Sequence[str], hints: Mapping[str, str], dictionary: Dictionary
) -> list[Problem]:
    problems = []
    identifier = dictionary.identifier.name
    if identifier not in columns:
        close = [label for label, hint in hints.items() if hint == identifier]
        problems.append(
            Problem(
                f"the column {identifier} is missing",
                f"columns found: {_listed(header)}",
                f"Rename {_named(close[0])} to {identifier}."
                if close
                else f"Add a column {identifier} with one identifier per {dictionary.words.noun}, not their name.",
            )
        )
    elif len(columns) == 1:
        given = [v.name for v in dictionary.filters if v.derivation is None]
        problems.append(
            Problem(
                "no column besides the identifier is in the dictionary",
                f"columns found: {_listed(header)}",
                f"Rename the columns, for instance to {', '.join(given[:6])}.",
            )
        )
    for present, absent, endpoint in list_halves(columns, dictionary):
        close = [label for label, hint in hints.items() if hint == absent]
        problems.append(
            Problem(
                f"the column {present} is given without {absent}",
                f"endpoint {endpoint.label}",
                f"Rename {_named(close[0])} to {absent}."
                if close
                else f"Add {absent}, or take {present} out: {endpoint.label} needs both.",
            )
        )
    return list(dict.fromkeys(problems))


def list_halves(columns: Collection[str], dictionary: Dictionary) -> list[tuple[str, str, Endpoint]]:
    """Each time or event that no endpoint can use, with what is absent and the endpoint that lacks it."""

    def is_at_hand(*names: str) -> bool:
        return all(name in columns or is_derivable(dictionary[name], columns, dictionary) for name in names)

    # A column may serve several endpoints (death after relapse, from relapse and from HSCT); one of them is enough.
    served = {name for e in dictionary.endpoints for name in (e.time, e.event) if is_at_hand(e.time, e.event)}
    served |= {e.time for e in dictionary.competing if is_at_hand(e.time, e.cause)}
    halves = []
    for endpoint in dictionary.endpoints:
        for present, absent in ((endpoint.event, endpoint.time), (endpoint.time, endpoint.event)):
            if present in columns and present not in served:
                served.add(present)
                halves.append((present, absent, endpoint))
    return halves


def _key(name: str) -> str:
    """A column's name without case, blanks, underscores and punctuation."""
    return re.sub(r"[\W_]+", "", name.casefold())


def _hints(unknown: Sequence[str], absent: Sequence[Variable]) -> dict[str, str]:
    """Columns of other names with the absent variable that each may hold."""
    aliases = {_key(other): v.name for v in reversed(absent) for other in v.other_names}
    keys = {_key(v.name): v.name for v in absent}
    longest = 2 * max(map(len, keys), default=0)
    hints = {}
    for i, label in enumerate(dict.fromkeys(unknown)):
        key = _key(label)
        if key in aliases:
            hints[label] = aliases[key]
        elif i < N_HINTS and len(key) <= longest and (close := difflib.get_close_matches(key, keys, n=1, cutoff=0.8)):
            hints[label] = keys[close[0]]
    return hints
