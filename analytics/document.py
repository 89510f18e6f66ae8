"""What one view shows, as one frozen value: every medium takes from it, and none computes or words anything anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import RLock
from typing import Any, Generic, TypeVar

import pandas as pd

from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter, Funnel
from analytics.dictionary import dictionary_in_hand, speaking_by
from analytics.estimators.second_opinion.questions import Question
from analytics.figures.forest.layout import Forest
from analytics.provenance import Provenance
from analytics.reporting.attrition import Stage, Used, list_stages
from analytics.reporting.tables import Place, Table
from analytics.reporting.wording import describe_cohort
from analytics.results import Note

Made = TypeVar("Made")
Progress = Callable[[int, int], None]  # called with the steps done and all steps


class Lazy(Generic[Made]):
    """A part that is made when it is first called for, once, whoever asks; what fails is made again.

    Its words are those of the dictionary that is in hand where the part is laid out.
    """

    __slots__ = ("_dictionary", "_lock", "_made", "_make")

    def __init__(self, make: Callable[[], Made]) -> None:
        self._make = make
        self._dictionary = dictionary_in_hand()
        self._made: tuple[Made, ...] = ()
        self._lock = RLock()

    def __call__(self) -> Made:
        """The part."""
        with self._lock:
            if not self._made:
                with speaking_by(self._dictionary):
                    self._made = (self._make(),)
            return self._made[0]


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """Whom a view shows: a cohort under a filter, in one sentence, and the way there, in the words of its dictionary.

    ``funnel`` counts how many each clause leaves; like its words it is made when first asked for.
    """

    cohort: Cohort
    filter: CohortFilter
    funnel: Lazy[Funnel]
    sentence: Lazy[str]
    stages: Lazy[tuple[Stage, ...]]

    @classmethod
    def of(cls, cohort: Cohort, cohort_filter: CohortFilter) -> Selection:
        """The selection of a filter."""
        dictionary = cohort.dictionary
        with speaking_by(dictionary):
            funnel = Lazy(lambda: cohort.funnel(cohort_filter))
            sentence = Lazy(
                lambda: describe_cohort(cohort_filter, dictionary, funnel().n_left, cohort.n, cohort.synthetic)
            )
            stages = Lazy(lambda: list_stages(funnel(), cohort_filter, dictionary))
        return cls(cohort, cohort_filter, funnel, sentence, stages)


@dataclass(frozen=True, slots=True)
class Headline:
    """One of the few numbers at the top of a page, or of another ``place``; ``help`` explains it on hover."""

    label: str
    value: str
    help: str = ""
    place: Place = ""


@dataclass(frozen=True, slots=True)
class HtmlFigure:
    """A figure as HTML (``html``, in the page's colours); ``svg(title, subtitle)`` draws it standalone for downloads.

    ``forest`` is what is drawn, for media that draw it in their own way; None where it is no forest.
    """

    html: str
    svg: Callable[[str, str], str]
    forest: Forest | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure of a page: its title, what it shows in words, how to read it, and where it stands if not in sight."""

    title: str
    figure: Any
    alt_text: str
    caption: str = ""
    place: Place = ""


@dataclass(frozen=True, slots=True)
class ComparedTest:
    """A test that a page puts before its reader, for the ledger of comparisons.

    ``name`` says in words what is tested, of what and between whom, so that no two tests of a page share it ("log-rank
    test of overall survival after relapse by immunophenotype"). ``p_value`` is None where it was not done or is not shown.
    """

    name: str
    p_value: float | None


@dataclass(frozen=True, slots=True)
class Shown:
    """What a slow part has to show, in this order."""

    notes: tuple[Note, ...] = ()
    pictures: tuple[Picture, ...] = ()
    tables: tuple[Table, ...] = ()
    sentences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sides:
    """Two selections beside each other: what each asks for in words, and how many are in both (0 where they are left out).

    Of two files ``names`` has what each is called; ``assumed`` is then what a test takes for granted, and ``untested`` says
    why there is none, "" where there can be one.
    """

    words: tuple[str, str]
    n_both: int
    names: tuple[str, str] | None = None
    assumed: str = ""
    untested: str = ""

    @property
    def may_be_tested(self) -> bool:
        """True if a test can compare the two."""
        return not self.n_both and not self.untested


@dataclass(frozen=True, slots=True)
class Contrast:
    """What a view shows of two selections in one: a figure, tables, and sentences that say what compares them.

    ``tests`` are those before the reader, for the ledger. ``frame()`` makes the numbers of the figure for a file, where
    they stand in no table.
    """

    picture: Picture
    tables: tuple[Table, ...] = ()
    sentences: tuple[str, ...] = ()
    tests: tuple[ComparedTest, ...] = ()
    frame: Callable[[], pd.DataFrame] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class BackgroundPart:
    """A part that takes seconds: it runs only when a reader asks for it, beside the page.

    ``run(progress)`` finds a frozen result, ``show(found)`` says what is shown of it, or of None before it has run, and
    ``frames(found)`` makes the frames whose names are ``files``. ``about`` says beforehand what it does and how long it
    takes, ``button`` names it, ``refusal`` says in a sentence why it cannot be run, "" if it can.
    """

    name: str
    title: str
    about: str
    button: str
    refusal: Lazy[str]
    run: Callable[[Progress], Any]
    show: Callable[[Any], Shown]
    files: tuple[str, ...]
    frames: Callable[[Any], Mapping[str, pd.DataFrame]]


@dataclass(frozen=True, slots=True, eq=False)
class Appendix:
    """What is folded away under a title, and made once it is opened; ``about`` says what it is for."""

    title: str
    about: str
    parts: Lazy[tuple[Shown, ...]]
    background: tuple[BackgroundPart, ...]
    files: tuple[str, ...]
    frames: Lazy[Mapping[str, pd.DataFrame]]


@dataclass(frozen=True, slots=True, eq=False)
class Recipe:
    """What a script computes again: questions with the counted rows they are about; ``refusal`` says why there are none.

    The rows are patients who are alike in what the view looks at, and how many; no identifiers. They have passed
    `Cohort.tally` as those of the view itself; where small numbers are protected they are not given out at all.
    """

    questions: tuple[Question, ...]
    refusal: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """What one view of an analysis shows.

    ``answer`` answers the question in a sentence or two. ``main`` is the figure of the page with its words and how to read
    it, ``pictures`` are further ones. ``used`` says whom of the selection the main estimate rests on and who is left out
    why, each child once; ``tests`` are those before the reader, for the ledger; ``frames`` has a frame for each name in
    ``files``; ``opinion`` asks libraries for a second one, ``recipe`` is what a script needs for the same. ``result`` is
    what was estimated, as it may be shown. ``columns`` are those that it was counted by.
    ``sentence`` says whom the cohort of the view is, ``attrition`` the way from there to the main estimate and
    ``provenance`` what every file says.
    Parts are made when they are first called for, so that the main figure waits for none of the others.
    """

    slug: str
    result: Any
    title: str
    question: str
    method: str
    sentence: Lazy[str]
    attrition: Lazy[tuple[Stage, ...]]
    provenance: Lazy[Provenance]
    main: Lazy[Picture]
    headlines: Lazy[tuple[Headline, ...]]
    answer: Lazy[tuple[str, ...]]
    notes: Lazy[tuple[Note, ...]]
    sentences: Lazy[tuple[str, ...]]
    tables: Lazy[tuple[Table, ...]]
    pictures: Lazy[tuple[Picture, ...]]
    used: Lazy[Used]
    tests: Lazy[tuple[ComparedTest, ...]]
    files: tuple[str, ...]
    frames: Lazy[Mapping[str, pd.DataFrame]]
    background: tuple[BackgroundPart, ...]
    checks: Appendix | None
    planning: Appendix | None
    opinion: BackgroundPart | None = None
    recipe: Lazy[Recipe] | None = None
    columns: tuple[str, ...] = ()
