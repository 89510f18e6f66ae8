"""The methods of the product in words, each with what it answers, how it is computed here and its source."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

METHODS_PATH = Path(__file__).parents[2] / "data" / "methods.toml"


@dataclass(frozen=True, slots=True)
class DescribedMethod:
    """One method: ``answers`` is the clinical question, ``computed`` the choices made here, ``source`` the formula's.

    ``anchor`` is where links to it lead.
    """

    name: str
    anchor: str
    answers: str
    computed: str
    source: str


@cache
def load_methods() -> tuple[DescribedMethod, ...]:
    """The methods in the order in which they are shown."""
    with METHODS_PATH.open("rb") as file:
        return tuple(DescribedMethod(**entry) for entry in tomllib.load(file)["methods"])
