"""The contract: what an analysis offers to a page, and how its results are kept to the policy."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property, update_wrapper, wraps
from typing import Any, ClassVar, Generic, Literal, TypeVar, final, get_args

import pandas as pd

from analytics.cohort import Cohort
from analytics.cohort.disclosure import SuppressedError
from analytics.cohort.filters import CohortFilter
from analytics.dictionary import Dictionary, dictionary_in_hand, speaking_by, spoken
from analytics.document import (
    Appendix,
    BackgroundPart,
    ComparedTest,
    Contrast,
    Document,
    Headline,
    Lazy,
    Picture,
    Progress,
    Recipe,
    Selection,
    Shown,
    Sides,
)
from analytics.estimators.second_opinion import MOST_PATIENTS, collect
from analytics.estimators.second_opinion.questions import list_questions
from analytics.formats import format_count, name_patients
from analytics.provenance import Provenance
from analytics.reporting.attrition import Stage, Used, join_stages, say_attrition
from analytics.reporting.files import to_files
from analytics.reporting.protection import note_protection, remark_protection
from analytics.reporting.second_opinion import (
    ABOUT_OPINION,
    OPINION,
    list_figures,
    list_opinion,
    refuse_opinion,
    refuse_rows,
)
from analytics.reporting.tables import Table
from analytics.reporting.withholding import govern
from analytics.results import Note
from analytics.results.second_opinion import Compared, SecondOpinion

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

    Pages also have "text" on one line, of no more characters than the second of ``limits``.
    ``name`` is the key in a link. ``place`` is "bar" (always in sight) or "more" (one click away). A number lies between
    the two of ``limits`` and moves by ``step``; a link
    may ask for any between. ``display`` marks a choice that alone makes no new comparison in the ledger: it changes what
    is drawn or listed, or the names of the tests tell what it chose. In the texts ``{patient}`` and ``{patients}`` stand for
    the dictionary's noun (`named`).
    """

    name: str
    label: str
    kind: Literal["one", "many", "toggle", "number", "text"]
    default: Any
    options: tuple[tuple[str, str], ...] = ()
    place: Literal["bar", "more"] = "bar"
    help: str = ""
    limits: tuple[int, int] = (0, 0)
    step: int = 1
    display: bool = False

    def named(self) -> Control:
        """The control with the dictionary's noun in its texts."""
        options = tuple((value, name_patients(label)) for value, label in self.options)
        return replace(self, label=name_patients(self.label), help=name_patients(self.help), options=options)

    def value(self, text: str) -> Any:
        """What ``text`` means: an option by its value or its label, a number within the limits, a text cut to them; else None."""
        if self.kind == "number":
            return self._number(text)
        if self.kind == "text":
            return self._text(text)
        return next((value for value, label in self.options if text in (value, label)), None)

    def _number(self, text: str) -> int | None:
        try:
            number = float(text)
        except ValueError:
            return None
        low, high = self.limits
        return int(number) if low <= number <= high and number == int(number) else None

    def _text(self, text: str) -> str:
        printable = "".join(character if character.isprintable() else " " for character in text)
        return " ".join(printable.split())[: self.limits[1]].strip()

    def allows(self, value: Any) -> bool:
        """True if the control can hold ``value``: another page may offer other options under the same name."""
        if self.kind == "toggle":
            return isinstance(value, bool)
        if self.kind == "number":
            return type(value) is int and self.limits[0] <= value <= self.limits[1]
        if self.kind == "text":
            return isinstance(value, str) and value == self._text(value)
        offered = dict(self.options)
        if self.kind == "many":
            return isinstance(value, list | tuple) and all(isinstance(v, str) and v in offered for v in value)
        return isinstance(value, str) and value in offered

    def choice(self, held: Any) -> Any:
        """The value by what a widget or another page holds; the default where that is no choice."""
        if held is None or not self.allows(held):
            return self.default
        return tuple(held) if self.kind == "many" else held

    def label_of(self, value: str) -> str:
        """The label of an option."""
        return dict(self.options)[value]

    def to_text(self, value: Any) -> list[str]:
        """A value as it stands in a link: "true" or "false", a number, or labels of options; an empty text for none."""
        if self.kind == "toggle":
            return ["true" if value else "false"]
        if self.kind == "number":
            return [f"{value:g}"]
        if self.kind == "text":
            return [value]
        if self.kind == "one":
            return [self.label_of(value)]
        return [self.label_of(v) for v in value] or [""]


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
    ("Impute {imputations} times", with the names of choices in braces, and ``{patient}`` and ``{patients}`` for the
    dictionary's noun, as in ``title`` and ``about``). ``refusal(result, params)`` says in a sentence
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
    sentence or two what is looked at, and may hold ``{patient}`` and ``{patients}`` as ``title`` may; ``background`` are
    slow parts that belong here.
    """

    title: str
    about: str
    make: Callable[[Any, Params], Any]
    show: Callable[[Any, Any, Params], tuple[Shown, ...]]
    background: tuple[Background, ...] = ()
    files: tuple[str, ...] = ()
    downloads: Callable[[Any], Mapping[str, pd.DataFrame]] = no_downloads


Frame = TypeVar("Frame")
Found = TypeVar("Found")
_REGISTERED: dict[str, type[Analysis[Any, Any]]] = {}


class _Named:
    """A text of a class, with the dictionary's noun in it when it is asked for: imports read no dictionary."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __get__(self, owner: object, kind: type) -> str:
        return name_patients(self._text)


def _named_controls(controls: Callable[..., tuple[Control, ...]]) -> Callable[..., tuple[Control, ...]]:
    @wraps(controls)
    def named(analysis: Any, cohort: Cohort) -> tuple[Control, ...]:
        with speaking_by(cohort.dictionary):
            return tuple(control.named() for control in controls(analysis, cohort))

    return named


class Analysis(ABC, Generic[Frame, Found]):
    """An analysis: from the counts of a selection to the document that a page shows of it.

    A subclass registers itself, unless it is ``abstract``. It says what it is in class attributes. ``prepare`` takes what is
    needed out of the engine, ``estimate`` makes a frozen result from it, with ``notes``; the others turn that result into
    what is shown. Nobody sees a result that has not passed the policy on small numbers: `run` and `present` are final, and
    apply it. ``title``, ``question``, ``method`` and the texts of controls, checks and slow parts may hold ``{patient}`` and
    ``{patients}``, which become the dictionary's noun.
    """

    slug: ClassVar[str]
    title: ClassVar[str]
    question: ClassVar[str]
    section: ClassVar[Section]
    order: ClassVar[int]
    icon: ClassVar[str]
    method: ClassVar[str]
    files: ClassVar[tuple[str, ...]] = ()
    background: ClassVar[tuple[Background, ...]] = ()
    checks: ClassVar[Checks | None] = None
    planning: ClassVar[Checks | None] = None
    # Whether it knows of the noise in protected numbers; without that it is not shown where small numbers are protected.
    is_protected: ClassVar[bool] = False
    # Why two selections stand one below the other where `join` makes none of them, in a sentence.
    apart: ClassVar[str] = ""

    def __init_subclass__(cls, *, abstract: bool = False, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name in {"title", "question", "method", "apart"} & vars(cls).keys():
            setattr(cls, name, _Named(vars(cls)[name]))
        if "controls" in vars(cls):
            cls.controls = _named_controls(cls.controls)  # type: ignore[method-assign]
        if not abstract:
            _register(cls)

    @property
    @abstractmethod
    def requires(self) -> tuple[tuple[str, ...], ...]:
        """The sets of columns one of which a cohort must have; the dictionary is read when they are first asked for."""

    @abstractmethod
    def controls(self, cohort: Cohort) -> tuple[Control, ...]:
        """The choices that a reader has."""

    @abstractmethod
    def prepare(self, cohort: Cohort, cohort_filter: CohortFilter, params: Params) -> Frame:
        """What is needed of a selection, out of the engine."""

    @abstractmethod
    def estimate(self, frame: Frame, params: Params) -> Found:
        """The frozen result, before the policy on small numbers."""

    @abstractmethod
    def headlines(self, result: Found) -> tuple[Headline, ...]:
        """The few numbers at the top."""

    @abstractmethod
    def figure(self, result: Found, params: Params) -> Any:
        """The main figure."""

    @abstractmethod
    def alt_text(self, result: Found) -> str:
        """The main figure in words."""

    def caption(self, result: Found, params: Params) -> str:
        """How to read the main figure."""
        return ""

    def pictures(self, result: Found, params: Params) -> tuple[Picture, ...]:
        """Further figures."""
        return ()

    def tables(self, result: Found) -> tuple[Table, ...]:
        """The numbers behind the figure."""
        return ()

    @abstractmethod
    def sentences(self, result: Found) -> tuple[str, ...]:
        """What the estimates say, in plain words."""

    def answer(self, result: Found) -> tuple[str, ...]:
        """The sentence or two that answer the question, with numbers, interval and counts."""
        return self.sentences(result)[:1]

    def notes(self, result: Found) -> tuple[Note, ...]:
        """What a reader should know before believing the result."""
        return result.notes  # type: ignore[attr-defined]

    @abstractmethod
    def used(self, result: Found) -> Used:
        """Whom of the selection the main estimate rests on, and who is left out why, each child once."""

    def tests(self, result: Found) -> tuple[ComparedTest, ...]:
        """The tests that the page puts before its reader."""
        return ()

    def downloads(self, result: Found) -> Mapping[str, pd.DataFrame]:
        """The frames whose names are ``files``."""
        return {}

    def second_opinion(self, frame: Frame, result: Found, params: Params) -> Iterator[Compared]:
        """What the result shows beside what libraries give for the same frame; nothing where no library can do it."""
        return iter(())

    def join(self, first: Found, second: Found, params: Params, sides: Sides) -> Any:
        """The frozen result of two selections in one, before the policy; None where they are shown one below the other."""
        return None

    def show_joined(self, joined: Any, params: Params, sides: Sides) -> Contrast:
        """What is shown of what `join` made, once it has passed the policy."""
        raise NotImplementedError(f"{type(self).__name__} joins selections, and has to show them.")

    @final
    def contrast(
        self, first: Found, second: Found, params: Params, sides: Sides, dictionary: Dictionary
    ) -> Contrast | None:
        """Two results that have passed `run` in one figure and one table; None where they are shown one below the other."""
        with speaking_by(dictionary):
            joined = self.join(first, second, params, sides)
            return None if joined is None else self.show_joined(Governed(lambda: joined)(), params, sides)

    @final
    def missing(self, cohort: Cohort) -> tuple[str, ...]:
        """The columns that the cohort lacks for the nearest of the required sets; empty if the analysis can be made."""
        at_hand = frozenset(cohort.variables)
        with speaking_by(cohort.dictionary):
            lacking = [tuple(name for name in names if name not in at_hand) for names in self.requires]
        return min(lacking, key=len)

    @final
    def defaults(self, cohort: Cohort) -> dict[str, Any]:
        """The default value of every control."""
        return {control.name: control.default for control in self.controls(cohort)}

    @final
    def open(self, selection: Selection, params: Params) -> Document:
        """All that is shown of a selection by these choices.

        Raises
        ------
        SuppressedError
            If small numbers are protected and nothing can be shown.
        """
        record = selection.cohort.recording()
        result = self._run(record, selection.filter, params)
        return replace(self.present(result, params, selection), columns=record.asked)

    @final
    def run(self, cohort: Cohort, cohort_filter: CohortFilter, params: Params) -> Found:
        """The result for a selection as it may be shown, with notes on what was withheld, protected or left out.

        Raises
        ------
        SuppressedError
            If small numbers are protected and nothing can be shown.
        """
        return self._run(cohort.recording(), cohort_filter, params)

    def _run(self, record: Cohort, cohort_filter: CohortFilter, params: Params) -> Found:
        with speaking_by(record.dictionary):
            if record.smallest_cell and not self.is_protected:
                raise SuppressedError(f"“{self.title}” has no protected form")
            result = Governed(self.estimate)(self.prepare(record, cohort_filter, params), params)
            if not record.smallest_cell:
                return result
            left_out, protected = note_protection(record.left_out, record.dictionary, record.smallest_cell)
            return replace(result, notes=(*left_out, *result.notes, protected))  # type: ignore[type-var, attr-defined]

    @final
    def present(self, result: Found, params: Params, selection: Selection) -> Document:
        """All that is shown of a result that has passed `run`, of this selection by these choices."""
        with speaking_by(selection.cohort.dictionary):

            def part(make: Callable[..., Made], *more: Any) -> Lazy[Made]:
                return Lazy(lambda: make(result, *more))

            used, headlines, notes = part(self.used), part(self.headlines), part(self.notes)
            smallest = selection.cohort.smallest_cell

            def lead_on() -> tuple[Stage, ...]:
                return join_stages(selection.stages(), used(), smallest)

            attrition = Lazy(lead_on)

            def trace() -> Provenance:
                cohort = selection.cohort
                remarks = [*remark_protection(smallest)]
                remarks.append(say_attrition(attrition()))
                if choices := describe_choices(self.controls(cohort), params):
                    remarks.append(f"Choices: {choices}")
                remarks.append(
                    f"Numbers: {'; '.join(f'{headline.label}: {headline.value}' for headline in headlines())}"
                )
                if left_out := "; ".join(f"{format_count(n)} {text}" for text, n in used().left_out):
                    remarks.append(f"Left out: {left_out}")
                remarks += [f"Warning: {note.text}" for note in notes() if note.severity == "warning"]
                return Provenance(
                    title=self.title,
                    cohort=cohort.name,
                    selection=selection.sentence(),
                    method=self.method,
                    data_version=cohort.data_version,
                    synthetic=cohort.synthetic,
                    exported_on=date.today(),
                    remarks=tuple(remarks),
                )

            return Document(
                slug=self.slug,
                result=result,
                title=self.title,
                question=self.question,
                method=self.method,
                sentence=selection.sentence,
                attrition=attrition,
                provenance=Lazy(trace),
                main=part(self._main, params),
                headlines=headlines,
                answer=part(self.answer),
                notes=notes,
                sentences=part(self.sentences),
                tables=part(self.tables),
                pictures=part(self.pictures, params),
                used=used,
                tests=part(self.tests),
                files=self.files,
                frames=part(lambda found: to_files(self.downloads(found))),
                background=_background_parts(self.background, result, params),
                # These look at a handful of patients: there are none where small numbers are protected.
                checks=_appendix(None if smallest else self.checks, result, params),
                planning=_appendix(None if smallest else self.planning, result, params),
                opinion=self._opinion(result, params, lambda: self.prepare(selection.cohort, selection.filter, params)),
                recipe=Lazy(lambda: self._recipe(result, params, selection)),
            )

    def _main(self, result: Found, params: Params) -> Picture:
        figure = self.figure(result, params)
        return Picture(self.title, figure, self.alt_text(result), self.caption(result, params))

    def _recipe(self, result: Found, params: Params, selection: Selection) -> Recipe:
        """What libraries would be asked of the frame, without asking them."""
        refusal = refuse_rows(self.used(result).n, MOST_PATIENTS, selection.cohort.smallest_cell)
        if refusal:
            return Recipe((), refusal)
        frame = self.prepare(selection.cohort, selection.filter, params)
        return Recipe(list_questions(lambda: self.second_opinion(frame, result, params)))

    def _opinion(self, result: Found, params: Params, prepare: Callable[[], Frame]) -> BackgroundPart | None:
        """The second opinion on the frame that ``prepare`` makes anew; None where no library can do the analysis."""
        if type(self).second_opinion is Analysis.second_opinion:
            return None

        def run(result: Found, params: Params, progress: Progress) -> SecondOpinion:
            return collect(self.second_opinion(prepare(), result, params), self.used(result).n, progress)

        def show(result: Found, found: SecondOpinion | None, params: Params) -> Shown:
            return Shown() if found is None else Shown(*list_opinion(found, dictionary_in_hand()))

        opinion = Background(
            name=OPINION,
            title="A second opinion",
            about=ABOUT_OPINION,
            button="Ask these libraries",
            run=run,
            show=show,
            refusal=lambda result, params: refuse_opinion(self.used(result).n, MOST_PATIENTS),
            files=(OPINION,),
            downloads=list_figures,
        )
        return _background_part(opinion, result, params)


def describe_choices(controls: Sequence[Control], params: Params) -> str:
    """The choices that numbers depend on, in words."""
    # Toggles only show or hide a part of the figure.
    chosen = ((c.label, ", ".join(filter(None, c.to_text(params[c.name])))) for c in controls if c.kind != "toggle")
    return "; ".join(f"{label}: {text or 'none'}" for label, text in chosen)


def _appendix(checks: Checks | None, result: Any, params: Params) -> Appendix | None:
    if checks is None:
        return None
    made = Lazy(lambda: Governed(checks.make)(result, params))
    return Appendix(
        title=name_patients(checks.title),
        about=name_patients(checks.about),
        parts=Lazy(lambda: checks.show(result, made(), params)),
        background=_background_parts(checks.background, result, params),
        files=checks.files,
        frames=Lazy(lambda: to_files(checks.downloads(made()))),
    )


def _background_parts(parts: Sequence[Background], result: Any, params: Params) -> tuple[BackgroundPart, ...]:
    return tuple(_background_part(part, result, params) for part in parts)


def _background_part(part: Background, result: Any, params: Params) -> BackgroundPart:
    return BackgroundPart(
        name=part.name,
        title=name_patients(part.title),
        about=name_patients(part.about).format(**params),
        button=name_patients(part.button).format(**params),
        refusal=Lazy(lambda: part.refusal(result, params)),
        run=spoken(lambda progress: Governed(part.run)(result, params, progress)),
        show=spoken(lambda found: part.show(result, found, params)),
        files=part.files,
        frames=spoken(lambda found: to_files(part.downloads(found))),
    )


def _register(kind: type[Analysis[Any, Any]]) -> None:
    """Keep an analysis under its address.

    Raises
    ------
    ValueError
        If another one has that address.
    """
    first = _REGISTERED.setdefault(kind.slug, kind)
    if (first.__module__, first.__qualname__) != (kind.__module__, kind.__qualname__):
        raise ValueError(
            f"{first.__name__} and {kind.__name__} both have the slug {kind.slug!r}. Give one of them another."
        )


def list_registered() -> tuple[Analysis[Any, Any], ...]:
    """Every analysis that has been defined so far, in their ``order``.

    Raises
    ------
    TypeError
        If one lacks a method that is asked for; the message names it.
    """
    # Made here and not when they are defined: Python knows only after that what a class lacks.
    return tuple(sorted((kind() for kind in _REGISTERED.values()), key=lambda analysis: analysis.order))


def to_reference(variable: str, level: str) -> str:
    """How a chosen reference level is written in a link."""
    return f"{variable}:{level}"
