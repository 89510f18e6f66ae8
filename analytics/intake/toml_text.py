"""Plain values as the text of a TOML file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

LONGEST_LINE = 120
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def write_toml(content: dict[str, Any]) -> str:
    """The TOML text of texts, numbers, truth values, lists and dictionaries of these.

    A dictionary is a table with its own heading, at the second depth and above an inline one where it is short; a list
    of dictionaries is a list of tables. What ``tomllib`` reads of it is equal.
    """
    return "\n".join(_lines(content, ())).strip("\n") + "\n"


def _lines(table: dict[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    below: list[tuple[str, Any]] = []
    for key, value in table.items():
        line = f"{_key(key)} = {_value(value)}"
        is_table = isinstance(value, dict) and (not path or len(path) == 1 or len(line) > LONGEST_LINE)
        if is_table or _is_tables(value):
            below.append((key, value))
        else:
            yield line
    for key, value in below:
        inner = (*path, key)
        heading = ".".join(map(_key, inner))
        if isinstance(value, list):
            for item in value:
                yield from ("", f"[[{heading}]]", *_lines(item, inner))
        else:
            # A table of tables alone needs no heading of its own.
            rows = list(_lines(value, inner))
            yield from rows if rows and rows[0] == "" else ("", f"[{heading}]", *rows)


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _text(key)


def _text(text: str) -> str:
    # JSON's escapes are TOML's, which in addition wants that of the character "delete".
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, dict):
        pairs = ", ".join(f"{_key(key)} = {_value(item)}" for key, item in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    if isinstance(value, int | float):
        return repr(value)
    raise TypeError(f"{type(value).__name__} has no TOML text.")
