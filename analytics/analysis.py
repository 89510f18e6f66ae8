"""The contract: what an analysis offers to a page, and how its results are kept to the policy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, update_wrapper
from typing import Any, Generic, Literal, TypeVar, final, get_args

import pandas as pd

from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.reporting.attrition import Used
from analytics.reporting.reliability import govern, note_left_out
from analytics.reporting.tables import Table
from analytics.reporting.wording import say_protection
from analytics.results import Note

Params = Mapping[str, Any]


Made = TypeVar("Made")


Section = Literal["Relapse", "Survival", "Treatment"]


SECTIONS: tuple[str, ...] = get_args(Section)  # in the order of the menu


@final
class Governed(Generic[Made]):
    """``make`` with the policy on small numbers applied to what it makes: the only place where that is done."""

    def __init__(self, make: Callable[..., Made]) -> None:
        update_wrapper(self, make)
        self._make = make

    def __call__(self, *args: Any) -> Made:
        """What is made, without what is withheld."""
        return govern(self._make(*args))


def lazy(make: Callable[[Any], Made]) -> cached_property[Made]:
    """A part of a result that is made when it is first asked for, and obeys the policy as the result itself does.

    A decorator of a method of a dataclass without slots.
    """
    return cached_property(Governed(make))


@dataclass(frozen=True, slots=True)
class Control:
    """A choice that an analysis offers: "one" or "many" of ``options`` (value, label), a "toggle", or a whole "number".

    ``name`` is the key in a link. ``place`` is "bar" (always in sight) or "more" (one click away). A number lies between
    the two of ``limits`` and moves by ``step``; a link
    may ask for any between. ``display`` marks a choice that alone makes no new comparison in the ledger: it changes what
    is drawn or listed, or the names of the tests tell what it chose.
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
    display: bool = False

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


@dataclass(frozen=True, slots=True)
class ComparedTest:
    """A test that a page puts before its reader, for the ledger of comparisons.

    ``name`` says in words what is tested, of what and between whom, so that no two tests of a page share it ("log-rank
    test of overall survival after relapse by immunophenotype"). ``p_value`` is None where it was not done or is not shown.
    """

    name: str
    p_value: float | None


def no_comparisons(result: Any) -> tuple[ComparedTest, ...]:
    """For an analysis that tests nothing."""
    return ()


def no_pictures(result: Any, params: Params) -> tuple[Picture, ...]:
    """For an analysis with its main figure alone."""
    return ()


Progress = Callable[[int, int], None]  # called with the steps done and all steps


@dataclass(frozen=True, slots=True)
class Shown:
    """What a slow part has to show, in this order."""

    notes: tuple[Note, ...] = ()
    pictures: tuple[Picture, ...] = ()
    tables: tuple[Table, ...] = ()
    sentences: tuple[str, ...] = ()


def never_refused(result: Any, params: Params) -> str:
    """For a slow part that every selection allows."""
    return ""


def no_downloads(found: Any) -> dict[str, pd.DataFrame]:
    """For a slow part without files."""
    return {}


@dataclass(frozen=True, slots=True)
class Background:
    """A part of an analysis that takes seconds: it runs only when a reader asks for it, beside the page.

    ``run(result, params, progress)`` makes a frozen result from what ``estimate`` gave. It has a fixed seed, so that the
    same selection gives the same numbers, and calls ``progress(done, total)`` between its steps, where it can be
    stopped: the call then raises, and ``run`` lets that pass. ``show(result, found, params)`` gives what is shown;
    ``found`` is None until it has run. ``about`` says beforehand what it does and how long it takes, ``button`` names it
    ("Impute {imputations} times", with the names of choices in braces). ``refusal(result, params)`` says in a sentence
    why it cannot be run, "" if it can. ``downloads(found)`` makes the frames whose names are ``files``.
    """

    name: str
    title: str
    about: str
    button: str
    run: Callable[[Any, Params, Progress], Any]
    show: Callable[[Any, Any, Params], Shown]
    refusal: Callable[[Any, Params], str] = never_refused
    files: tuple[str, ...] = ()
    downloads: Callable[[Any], Mapping[str, pd.DataFrame]] = no_downloads


@dataclass(frozen=True, slots=True)
class Checks:
    """How far a result can be trusted, one click away: it is computed only once a reader has opened it.

    ``make(result, params)`` makes a frozen result from what ``estimate`` gave, ``show(result, made, params)`` what is
    shown of it, one after the other, ``downloads(made)`` the frames whose names are ``files``. ``about`` says in a
    sentence or two what is looked at; ``background`` are slow parts that belong here.
    """

    title: str
    about: str
    make: Callable[[Any, Params], Any]
    show: Callable[[Any, Any, Params], tuple[Shown, ...]]
    background: tuple[Background, ...] = ()
    files: tuple[str, ...] = ()
    downloads: Callable[[Any], Mapping[str, pd.DataFrame]] = no_downloads


@dataclass(frozen=True, slots=True)
class Analysis:
    """A registered analysis; everything that a page needs to show it.

    ``prepare(cohort, filter, params)`` takes what is needed out of the engine, ``estimate(frame, params)`` makes a frozen
    result from it; the others turn that result into what is shown. ``controls(cohort)`` lists the choices; ``requires``
    names the sets of columns one of which a cohort must have; ``used`` says whom of the selection the main estimate rests
    on and who is left out why, each child once; ``downloads`` makes the frames whose names are ``files``; ``pictures``
    makes the further figures; ``background`` are its slow parts; ``comparisons`` lists the headline tests of a result;
    ``checks`` say how far the result can be trusted, ``planning`` what a next study of this size would find;
    ``second_opinion(frame, result, params)`` yields what the result shows beside what libraries give (`Compared`).
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
    used: Callable[[Any], Used]
    files: tuple[str, ...]
    downloads: Callable[[Any], Mapping[str, pd.DataFrame]]
    pictures: Callable[[Any, Params], tuple[Picture, ...]] = no_pictures
    background: tuple[Background, ...] = ()
    comparisons: Callable[[Any], tuple[ComparedTest, ...]] = no_comparisons
    checks: Checks | None = None
    planning: Checks | None = None
    second_opinion: Callable[[Any, Any, Params], Iterator[Any]] | None = None

    def missing(self, cohort: Cohort) -> tuple[str, ...]:
        """The columns that the cohort lacks for the nearest of the required sets; empty if the analysis can be made."""
        lacking = (tuple(name for name in names if name not in cohort.variables) for names in self.requires)
        return min(lacking, key=len)

    def run(self, cohort: Cohort, cohort_filter: CohortFilter, params: Params) -> Any:
        """The result for a selection, with notes on how small numbers were protected and what was left out for that.

        Raises
        ------
        SuppressedError
            If small numbers are protected and nothing can be shown.
        """
        record = cohort.recording()
        result = self.estimate(self.prepare(record, cohort_filter, params), params)
        if not cohort.smallest_cell:
            return result
        left_out = note_left_out(record.left_out, cohort.dictionary, cohort.smallest_cell)
        protected = Note("protected", "info", say_protection(cohort.smallest_cell))
        return replace(result, notes=(*left_out, *result.notes, protected))

    def left_out(self, result: Any) -> tuple[tuple[str, int], ...]:
        """Whom the main estimate leaves out: why, and how many, each child once."""
        return tuple((loss.text, loss.n) for loss in self.used(result).losses if loss.n)

    def defaults(self, cohort: Cohort) -> dict[str, Any]:
        """The default value of every control."""
        return {control.name: control.default for control in self.controls(cohort)}


def to_reference(variable: str, level: str) -> str:
    """How a chosen reference level is written in a link."""
    return f"{variable}:{level}"


def _govern_parts(analysis: Analysis) -> Analysis:
    return replace(
        analysis,
        estimate=Governed(analysis.estimate),
        background=tuple(_govern_run(part) for part in analysis.background),
        checks=analysis.checks and _govern_make(analysis.checks),
        planning=analysis.planning and _govern_make(analysis.planning),
    )


def _govern_make(checks: Checks) -> Checks:
    return replace(
        checks, make=Governed(checks.make), background=tuple(_govern_run(part) for part in checks.background)
    )


def _govern_run(background: Background) -> Background:
    return replace(background, run=Governed(background.run))
