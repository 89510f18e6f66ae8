"""A dictionary with further entries, or other ones, as a mapping brings them."""

from __future__ import annotations

from collections.abc import Mapping as Entries
from dataclasses import fields
from typing import Any

from analytics.data_rules import write_rule
from analytics.dictionary import Derivation, Dictionary, make_dictionary

# What is said of levels is said anew where the levels are other ones.
_OF_LEVELS = ("level_labels", "spoken", "optional_levels", "level_words")


def extend_dictionary(dictionary: Dictionary, entries: Entries[str, Any]) -> Dictionary:
    """The dictionary with entries as its TOML file has them: variables, endpoints, rules, lists, words and so on.

    An entry of a name that is there changes the keys that it has and keeps the others; with other levels, their labels
    and words are kept no longer, nor the roles of levels that are gone. A role that it claims is taken from who had it. New
    entries come last, a list takes the place of that of its name.

    Raises
    ------
    DictionaryError
        As `open_dictionary`, if the whole contradicts itself.
    """
    content = _content(dictionary)
    for name, entry in entries.get("variables", {}).items():
        claimed = entry.get("role")
        for other in content["variables"].values():
            if claimed and other.get("role") == claimed:
                del other["role"]
        before = content["variables"].get(name, {})
        kept = {key: value for key, value in before.items() if "levels" not in entry or key not in _OF_LEVELS}
        if "levels" in entry and (roles := kept.get("level_roles")):
            kept["level_roles"] = {role: level for role, level in roles.items() if level in entry["levels"]}
        content["variables"][name] = {**kept, **entry}
    for section in ("endpoints", "competing"):
        for name, entry in entries.get(section, {}).items():
            content[section][name] = {**content[section].get(name, {}), **entry}
    words = dict(entries.get("words", {}))
    content["words"] |= {**words, "phrases": {**content["words"]["phrases"], **words.get("phrases", {})}}
    for section in ("lists", "rules", "origins"):
        content[section].update(entries.get(section, {}))
    return make_dictionary(content, "the dictionary")


def _content(dictionary: Dictionary) -> dict[str, dict[str, Any]]:
    """What a TOML file of the dictionary holds."""
    variables = {}
    for v in dictionary.variables:
        usual = {f.name: f.default for f in fields(v)}
        entry = {key: value for key, value in _entry(v).items() if value != usual[key]}
        if v.level_labels == v.levels:
            entry.pop("level_labels", None)
        for key in ("level_words", "level_roles"):
            if key in entry:
                entry[key] = dict(entry[key])
        if v.derivation is not None:
            entry["derive"] = _derive(v.derivation)
        variables[v.name] = entry
    return {
        "variables": variables,
        "endpoints": {e.name: _entry(e) for e in dictionary.endpoints},
        "competing": {e.name: _entry(e) for e in dictionary.competing},
        "lists": dict(dictionary.lists),
        "words": _entry(dictionary.words),
        "rules": {rule.name: write_rule(rule) for rule in dictionary.rules},
        "origins": dict(dictionary.origins),
    }


def _entry(value: Any) -> dict[str, Any]:
    """The fields of an entry, but for its name and what is made of others."""
    given = {f.name: getattr(value, f.name) for f in fields(value)}
    return {key: content for key, content in given.items() if key not in ("name", "derivation", "shares_event")}


def _derive(derivation: Derivation) -> dict[str, Any]:
    given = {
        "rule": derivation.rule,
        "from": derivation.source,
        "cuts": derivation.cuts,
        "map": dict(derivation.mapping),
        "also": derivation.optional,
        "brought": derivation.brought,
        "day": derivation.day,
    }
    return {key: value for key, value in given.items() if value not in ((), {}, None)}
