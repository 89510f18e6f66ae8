"""The data dictionary read from a TOML file, and what is wrong with one."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from analytics.data_rules import Rule, read_rule
from analytics.dictionary.entries import (
    EVENT_LEVELS,
    KINDS,
    PHASES,
    CompetingEndpoint,
    Derivation,
    Dictionary,
    DictionaryError,
    Endpoint,
    Variable,
)
from analytics.words import Words

DICTIONARY_PATH = Path(__file__).parents[2] / "data" / "dictionary.toml"


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
