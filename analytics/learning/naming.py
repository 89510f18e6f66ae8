"""What lessons call variables and their levels in each language."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from analytics.dictionary import Variable
from analytics.languages import Text

CHINESE_PATH = Path(__file__).parents[2] / "data" / "chinese_names.toml"


def name_variable(variable: Variable) -> Text:
    """The label of a variable; in English where it has no other."""
    return Text(variable.label, _chinese(variable).get("label", variable.label))


def name_level(variable: Variable, level: str) -> Text:
    """The label of a level, as it stands in a legend."""
    english = variable.level_label(level)
    return Text(english, _chinese(variable).get("levels", {}).get(level, english))


def speak_level(variable: Variable, level: str) -> Text:
    """The variable with that level as a sentence says it ("MRD on day 46 positive")."""
    known = _chinese(variable)
    short = known.get("levels", {}).get(level)
    joined = variable.speak(level) if short is None else f"{known['label']}：{short}"
    return Text(variable.speak(level), known.get("spoken", {}).get(level, joined))


def join_names(names: Sequence[Text]) -> Text:
    """Several names in a row ("a, b and c")."""
    english = [name.en for name in names]
    head = f"{', '.join(english[:-1])} and {english[-1]}" if len(names) > 1 else "".join(english)
    return Text(head, "、".join(name.zh for name in names))


def _chinese(variable: Variable) -> Mapping[str, Any]:
    return _load_chinese().get(variable.name, {})


@cache
def _load_chinese() -> Mapping[str, Mapping[str, Any]]:
    with CHINESE_PATH.open("rb") as file:
        return tomllib.load(file)
