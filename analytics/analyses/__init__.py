"""Analyses: one file each, defining ``ANALYSIS``; adding a file is all that registers one."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import pandas as pd

from analytics.cohort import Cohort
from analytics.filters import CohortFilter
from analytics.results import Note
from analytics.tables import Table

Params = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Control:
    """A choice that an analysis offers: "one" or "many" of ``options`` (value, label), or a "toggle".

    ``name`` is the key in a link. ``place`` is "bar" (always in sight) or "more" (one click away).
    """

    name: str
    label: str
    kind: Literal["one", "many", "toggle"]
    default: Any
    options: tuple[tuple[str, str], ...] = ()
    place: Literal["bar", "more"] = "bar"
    help: str = ""

    def value(self, text: str) -> str | None:
        """The option meant by ``text`` (its value or its label), None if there is none."""
        return next((value for value, label in self.options if text in (value, label)), None)

    def label_of(self, value: str) -> str:
        """The label of an option."""
        return dict(self.options)[value]

    def to_text(self, value: Any) -> list[str]:
        """A value as it stands in a link: "true" or "false", or the labels of the options; an empty text for none."""
        if self.kind == "toggle":
            return ["true" if value else "false"]
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
class Analysis:
    """A registered analysis; everything that a page needs to show it.

    ``prepare(cohort, filter, params)`` takes what is needed out of the engine, ``estimate(frame, params)`` makes a frozen
    result from it; the others turn that result into what is shown. ``controls(cohort)`` lists the choices; ``requires``
    names the sets of columns one of which a cohort must have; ``left_out`` counts whom the analysis could not use,
    in words; ``downloads`` makes the frames whose names are ``files``.
    """

    slug: str
    title: str
    question: str
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
