"""The languages that lessons and the glossary are in, and a text in all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

Language = Literal["en", "zh"]
LANGUAGES: Mapping[Language, str] = {"en": "English", "zh": "简体中文"}  # each as it calls itself
_IN_CHINESE = ("zh", "zh-cn", "zh-sg", "zh-hans")  # what browsers call simplified Chinese


@dataclass(frozen=True, slots=True)
class Text:
    """The same said in each language; both may have fields in braces, the same ones."""

    en: str
    zh: str

    def said(self, language: Language) -> str:
        """The text in a language."""
        return self.zh if language == "zh" else self.en


def is_language(name: object) -> bool:
    """True if ``name`` is the code of a language that there is."""
    return name in get_args(Language)


def choose_language(locale: str | None) -> Language:
    """The language for a browser that prefers ``locale`` ("zh-CN"): simplified Chinese, or English for all others."""
    asked = (locale or "").lower().replace("_", "-")
    return "zh" if asked in _IN_CHINESE or asked.startswith("zh-hans") else "en"
