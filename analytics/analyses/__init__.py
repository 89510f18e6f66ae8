"""Analyses: one file each, defining ``ANALYSIS``; adding a file is all that registers one."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_args

import pandas as pd

from analytics.cohort import Cohort
from analytics.filters import CohortFilter
from analytics.results import Note
from analytics.tables import Table

Params = Mapping[str, Any]
Section = Literal["Relapse", "Survival", "Treatment"]
SECTIONS: tuple[str, ...] = get_args(Section)  # in the order of the menu


@dataclass(frozen=True, slots=True)
class Control:
    """A choice that an analysis offers: "one" or "many" of ``options`` (value, label), a "toggle", or a whole "number".

    ``name`` is the key in a link. ``place`` is "bar" (always in sight) or "more" (one click away). A number lies between
    the two of ``limits`` and moves by ``step``; a link
    may ask for any between.
    """

    name: str
    label: str
    kind: Literal["one", "many", "toggle", "number"]
    default: Any
    options: tuple[tuple[str, str], ...] = ()
    place: Literal["bar", "more"] = "bar"
    help: str = ""
    limits: tuple[int, int] = (0, 0)
    step: int = 1

    def value(self, text: str) -> Any:
        """What ``text`` means: an option by its value or its label, or a number within the limits; else None."""
        if self.kind == "number":
            return self._number(text)
        return next((value for value, label in self.options if text in (value, label)), None)

    def _number(self, text: str) -> int | None:
        try:
            number = float(text)
        except ValueError:
            return None
        low, high = self.limits
        return int(number) if low <= number <= high and number == int(number) else None

    def allows(self, value: Any) -> bool:
        """True if the control can hold ``value``: another page may offer other options under the same name."""
        if self.kind == "toggle":
            return isinstance(value, bool)
        if self.kind == "number":
            return type(value) is int and self.limits[0] <= value <= self.limits[1]
        offered = dict(self.options)
        if self.kind == "many":
            return isinstance(value, list | tuple) and all(isinstance(v, str) and v in offered for v in value)
        return isinstance(value, str) and value in offered

    def label_of(self, value: str) -> str:
        """The label of an option."""
        return dict(self.options)[value]

    def to_text(self, value: Any) -> list[str]:
        """A value as it stands in a link: "true" or "false", a number, or labels of options; an empty text for none."""
        if self.kind == "toggle":
            return ["true" if value else "false"]
        if self.kind == "number":
            return [f"{value:g}"]
        if self.kind == "one":
            return [self.label_of(value)]
        return [self.label_of(v) for v in value] or [""]


@dataclass(frozen=True, slots=True)
class Headline:
    """One of the few numbers at the top of a page; ``help`` explains it on hover."""

    label: str
    value: str
    help: str = ""


@dataclass(frozen=True, slots=True)
class HtmlFigure:
    """A figure as HTML (``html``, in the page's colours); ``svg(title, subtitle)`` draws it standalone for downloads."""

    html: str
    svg: Callable[[str, str], str]


@dataclass(frozen=True, slots=True)
class Picture:
    """A further figure of a page, under the main one: its title, what it shows in words, and how to read it."""

    title: str
    figure: Any
    alt_text: str
    caption: str = ""


def no_pictures(result: Any, params: Params) -> tuple[Picture, ...]:
    """For an analysis with its main figure alone."""
    return ()


@dataclass(frozen=True, slots=True)
class Analysis:
    """A registered analysis; everything that a page needs to show it.

    ``prepare(cohort, filter, params)`` takes what is needed out of the engine, ``estimate(frame, params)`` makes a frozen
    result from it; the others turn that result into what is shown. ``controls(cohort)`` lists the choices; ``requires``
    names the sets of columns one of which a cohort must have; ``left_out`` counts whom the analysis could not use,
    in words; ``downloads`` makes the frames whose names are ``files``; ``pictures`` makes the further figures.
    """

    slug: str
    title: str
    question: str
    section: Section
    order: int
    icon: str
    method: str
    requires: tuple[tuple[str, ...], ...]
    controls: Callable[[Cohort], tuple[Control, ...]]
    prepare: Callable[[Cohort, CohortFilter, Params], Any]
    estimate: Callable[[Any, Params], Any]
    headlines: Callable[[Any], tuple[Headline, ...]]
    figure: Callable[[Any, Params], Any]
    caption: Callable[[Any, Params], str]
    tables: Callable[[Any], tuple[Table, ...]]
    sentences: Callable[[Any], tuple[str, ...]]
    notes: Callable[[Any], tuple[Note, ...]]
    alt_text: Callable[[Any], str]
    left_out: Callable[[Any], tuple[tuple[str, int], ...]]
    files: tuple[str, ...]
    downloads: Callable[[Any], Mapping[str, pd.DataFrame]]
    pictures: Callable[[Any, Params], tuple[Picture, ...]] = no_pictures

    def missing(self, cohort: Cohort) -> tuple[str, ...]:
        """The columns that the cohort lacks for the nearest of the required sets; empty if the analysis can be made."""
        lacking = (tuple(name for name in names if name not in cohort.variables) for names in self.requires)
        return min(lacking, key=len)

    def defaults(self, cohort: Cohort) -> dict[str, Any]:
        """The default value of every control."""
        return {control.name: control.default for control in self.controls(cohort)}


def to_reference(variable: str, level: str) -> str:
    """How a chosen reference level is written in a link."""
    return f"{variable}:{level}"


@cache
def load_analyses() -> tuple[Analysis, ...]:
    """Every ``ANALYSIS`` found in this package, in their ``order``."""
    modules = [importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__)]
    return tuple(sorted((module.ANALYSIS for module in modules), key=lambda analysis: analysis.order))
