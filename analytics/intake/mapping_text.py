"""A mapping as the text of a TOML file, both ways."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import MISSING, fields
from typing import Any, NamedTuple

from analytics.intake.mapping import (
    ENTRIES,
    Acceptance,
    Assignment,
    Correction,
    Exclusion,
    Mapping,
    MappingError,
    Part,
    require,
)
from analytics.intake.toml_text import write_toml


def read_mapping(text: str) -> Mapping:
    """The mapping of a TOML text, as `write_mapping` writes it.

    Raises
    ------
    MappingError
        If the text is no TOML (with the line), a key is unknown or holds a value of another kind, or an entry is not
        whole; the message names it.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MappingError(f"the mapping is no TOML: {error}. Mend that line, or save the mapping anew.") from error
    return mapping_from(content)


def mapping_from(content: dict[str, Any]) -> Mapping:
    """The mapping of what a TOML file holds; raises as `read_mapping`."""
    own = {name: entry for name, entry in content.items() if name not in ENTRIES}
    entries = {name: _table(content[name], name) for name in ENTRIES if name in content}
    return _made(Mapping, own, "the mapping", entries=entries)


def write_mapping(mapping: Mapping) -> str:
    """The TOML text that `read_mapping` reads as the same mapping."""
    return write_toml(
        {**_plain(mapping), **{name: mapping.entries[name] for name in ENTRIES if name in mapping.entries}}
    )


def _text(value: Any, what: str) -> str:
    require(isinstance(value, str), f"{what} is no text", "Put it in quotation marks")
    return str(value)


def _texts(value: Any, what: str) -> tuple[str, ...]:
    require(isinstance(value, str | list), f"{what} is no list of texts", 'Write ["…", "…"]')
    return tuple(_text(item, what) for item in ([value] if isinstance(value, str) else value))


def _number(value: Any, what: str) -> float:
    require(isinstance(value, int | float) and not isinstance(value, bool), f"{what} is no number", "Write 0.001")
    return float(value)


def _whole(value: Any, what: str) -> int:
    require(isinstance(value, int) and not isinstance(value, bool), f"{what} is no whole number", "Write 1")
    return int(value)


def _flag(value: Any, what: str) -> bool:
    require(isinstance(value, bool), f"{what} is neither true nor false", "Write true, or leave it out")
    return bool(value)


def _table(value: Any, what: str) -> dict[str, Any]:
    require(isinstance(value, dict), f"{what} is no table", f"Write [{what}] above its lines")
    return dict(value)


def _levels(value: Any, what: str) -> tuple[tuple[str, str | None], ...]:
    return tuple((text, _text(level, f"{what}.{text}") or None) for text, level in _table(value, what).items())


def _where(value: Any, what: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((column, _texts(texts, f"{what}.{column}")) for column, texts in _table(value, what).items())


def _layout(value: Any, what: str) -> tuple[tuple[str, str | int], ...]:
    table = _table(value, what)
    for name, item in table.items():
        is_plain = isinstance(item, str | int) and not isinstance(item, bool)
        require(is_plain, f"{what}.{name} is neither a text nor a whole number", "Write one of them")
    return tuple(table.items())


def _listed(kind: type) -> Callable[[Any, str], tuple[Any, ...]]:
    def read(value: Any, what: str) -> tuple[Any, ...]:
        require(isinstance(value, list), f"{what} is no list", f"Write [[{what}]] above each of them")
        return tuple(_made(kind, _table(item, what), what) for item in value)

    return read


def _assignments(value: Any, what: str) -> tuple[Assignment, ...]:
    return tuple(
        _made(Assignment, _table(entry, f"{what}.{name}"), f"{what}.{name}", variable=name)
        for name, entry in _table(value, what).items()
    )


def _whole_file(entries: Any) -> list[dict[str, Any]]:
    return [_plain(entry) for entry in entries]


class _Key(NamedTuple):
    """A key of the file: the field it stands for, how it is read, and how a field is made plain for TOML."""

    attribute: str
    read: Callable[[Any, str], Any]
    plain: Callable[[Any], Any] = lambda value: value


_WHERE: dict[str, _Key] = {
    "where": _Key("where", _where, lambda pairs: {column: list(texts) for column, texts in pairs})
}
_KEYS: dict[type, dict[str, _Key]] = {
    Mapping: {
        "name": _Key("name", _text),
        "version": _Key("version", _whole),
        "key": _Key("key", _text),
        "one_per_patient": _Key("one_per_patient", _flag),
        "own_dictionary": _Key("own_dictionary", _flag),
        "missing": _Key("missing", _texts, list),
        "dropped": _Key("dropped", _texts, list),
        "hashed": _Key("hashed", _texts, list),
        "layout": _Key("layout", _layout, dict),
        "tables": _Key("tables", _listed(Part), _whole_file),
        "map": _Key("assignments", _assignments, lambda some: {a.variable: _plain(a) for a in some}),
        "correct": _Key("corrections", _listed(Correction), _whole_file),
        "exclude": _Key("exclusions", _listed(Exclusion), _whole_file),
        "accept": _Key("accepted", _listed(Acceptance), _whole_file),
    },
    Assignment: {
        "from": _Key("columns", _texts, list),
        "rule": _Key("rule", _text),
        "levels": _Key("levels", _levels, lambda pairs: {text: level or "" for text, level in pairs}),
        "factor": _Key("factor", _number),
        "plus": _Key("added", _number),
        "origin": _Key("origin", _text),
        "date_order": _Key("date_order", _text),
        "missing": _Key("missing", _texts, list),
        "yes": _Key("yes", _texts, list),
        "no": _Key("no", _texts, list),
        **_WHERE,
        "value": _Key("value", _text),
        "inverted": _Key("is_inverted", _flag),
    },
    Part: {
        "name": _Key("name", _text),
        "key": _Key("key", _text),
        "has": _Key("columns", _texts, list),
        **_WHERE,
        "keep": _Key("keep", _text),
        "order": _Key("order", _text),
    },
    Correction: {name: _Key(name, _text) for name in ("patient", "variable", "value")},
    Exclusion: {name: _Key(name, _text) for name in ("patient", "reason")},
    Acceptance: {name: _Key(name, _text) for name in ("code", "note")},
}


def _made(kind: type, entry: dict[str, Any], what: str, **given: Any) -> Any:
    """The value of a table of the file, each key read as its kind."""
    keys = _KEYS[kind]
    unknown = [key for key in entry if key not in keys]
    require(not unknown, f"{what}: {', '.join(unknown)} is unknown", f"Known are {', '.join(keys)}")
    inner = "" if kind is Mapping else f"{what}."
    read = {keys[key].attribute: keys[key].read(value, f"{inner}{key}") for key, value in entry.items()}
    needed = [f.name for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING]
    lacking = [name for name in needed if name not in read and name not in given]
    require(not lacking, f"{what}: {', '.join(lacking)} is missing", "Add it")
    return kind(**read, **given)


def _plain(value: Any) -> dict[str, Any]:
    """The table of a value, without what is as usual."""
    usual = {f.name: f.default for f in fields(value)}
    table = {key: (getattr(value, name), name, plain) for key, (name, _, plain) in _KEYS[type(value)].items()}
    return {key: plain(content) for key, (content, name, plain) in table.items() if content != usual[name]}
