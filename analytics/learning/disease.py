"""The guide to the disease, as it stands in ``data/disease.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from analytics.languages import Language

DISEASE_PATH = Path(__file__).parents[2] / "data" / "disease.toml"
FIRST: Language = "en"  # the language that everything is in


@dataclass(frozen=True, slots=True)
class GuideSection:
    """A part of the guide: short paragraphs, and the sources that they rest on, each as it is cited."""

    id: str
    title: str
    paragraphs: tuple[str, ...]
    sources: tuple[str, ...]

    @property
    def n_words(self) -> int:
        """How many words its paragraphs have."""
        return sum(len(paragraph.split()) for paragraph in self.paragraphs)


@dataclass(frozen=True, slots=True)
class Guide:
    """The guide in one language."""

    title: str
    about: str
    sections: tuple[GuideSection, ...]


@cache
def load_guide(language: Language = FIRST) -> Guide:
    """The guide in a language; what is not in it is in the first one."""
    content = open_disease()
    told = tell(content["guide"], language)
    sections = tuple(
        GuideSection(entry["id"], text["title"], tuple(text["paragraphs"]), _cite(entry, content["sources"]))
        for entry in content["guide"]["sections"]
        for text in (tell(entry, language),)
    )
    return Guide(told["title"], told["about"], sections)


def tell(entry: Mapping[str, Any], language: Language = FIRST) -> Mapping[str, Any]:
    """What an entry of the file says in a language, or in the first one."""
    told: Mapping[str, Any] = entry.get(language, entry[FIRST])
    return told


def _cite(entry: Mapping[str, Any], sources: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(sources[key] for key in entry["sources"])


@cache
def open_disease(path: Path = DISEASE_PATH) -> Mapping[str, Any]:
    """What the file holds."""
    return tomllib.loads(path.read_text(encoding="utf-8"))
