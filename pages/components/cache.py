"""Everything that is kept between clicks: bounded, keyed by frozen values and the data version."""

from __future__ import annotations

import json
import os
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache, partial, wraps
from pathlib import Path
from threading import Lock
from typing import Any, Concatenate, ParamSpec, TypeVar

from analytics.analyses import load_analyses
from analytics.analysis import Analysis, Control
from analytics.cohort import Cohort, open_cohort, protect_cohort, stamp_of
from analytics.cohort.filters import CohortFilter
from analytics.cohort.perturbation import LARGEST_CELL, LEAST_CELL, SHORTEST_SECRET
from analytics.cohort.problems import CohortError, Problem
from analytics.cohort.waiting import Stage, begin, find_listener, listening, wait_with
from analytics.dictionary import speaking_by
from analytics.document import Contrast, Document, Selection
from analytics.figures.glance.breakdowns import draw_breakdowns
from analytics.figures.glance.flow import draw_flow
from analytics.figures.glance.swimmer import draw_swimmer
from analytics.formats import FewerThan
from analytics.languages import Language
from analytics.learning.lesson import Lesson
from analytics.learning.lessons import load_lessons
from analytics.learning.miniatures import Miniature, draw_miniatures
from analytics.learning.opening import Opened, open_lesson
from analytics.learning.paper import Paper, read_paper
from analytics.learning.paper_numbers import PaperNumbers, work_out
from analytics.learning.pathway import Pathway, open_pathway
from analytics.learning.simulating import Design, Replicates, compare_block
from analytics.patient.features import Questions, Value, list_patients
from analytics.reporting.glossary import to_browser
from analytics.reporting.likeness import describe_column
from analytics.reporting.protection import say_experimental
from analytics.reporting.reliability import load_policy
from analytics.reporting.tables import Table
from analytics.reporting.wording import join_words
from analytics.study.baseline import tabulate_baseline
from analytics.study.overview import CountedOutcomes, answer_selection, count_outcomes
from analytics.study.pictures import count_pictures
from analytics.study.published import Published, Recomputation, open_published, recompute
from analytics.study.simulation import Simulation, open_simulation
from analytics.study.ways import count_flow, list_lanes
from analytics.views.opening import to_sides
from analytics.views.two_files import Likeness, compare_meanings, fit_choices, name_files, to_file_sides
from pages.components.own_cohort import OwnCohort

REFERENCE_COHORT = Path(__file__).parents[2] / "data" / "reference_cohort.csv"
SELECTIONS = 512  # distinct (filter, analysis, parameters) remembered; each result is small
SIMULATED_BLOCKS = 512  # of simulated cohorts, 12 KB each
SESSIONS = 128  # whose ledgers and collected views are kept for a reload

Choices = tuple[tuple[str, Any], ...]
Asked = ParamSpec("Asked")
Made = TypeVar("Made")


def kept(
    size: int,
) -> Callable[[Callable[Concatenate[Cohort, Asked], Made]], Callable[Concatenate[Cohort, Asked], Made]]:
    """Have a function of a cohort remember its last ``size`` answers: for everybody, or with a reader's own patients."""

    def keep(make: Callable[Concatenate[Cohort, Asked], Made]) -> Callable[Concatenate[Cohort, Asked], Made]:
        shared = lru_cache(maxsize=size)(make)

        @wraps(make)
        def load(cohort: Cohort, *asked: Asked.args, **named: Asked.kwargs) -> Made:
            if isinstance(cohort, OwnCohort):
                key = (make, asked, tuple(named.items()))
                made: Made = cohort.memory.recall(key, partial(make, cohort, *asked, **named))
                return made
            return shared(cohort, *asked, **named)  # type: ignore[arg-type]  # all that is asked for can be hashed

        load.forget = shared.cache_clear  # type: ignore[attr-defined]
        return load

    return keep


@dataclass(frozen=True, slots=True)
class Offer:
    """What an analysis offers for a cohort: its choices, or none, and the columns that the cohort ``lacks`` for it."""

    controls: tuple[Control, ...] = ()
    lacks: tuple[str, ...] = ()

    @property
    def defaults(self) -> Choices:
        """The choices with which a page begins."""
        return tuple((control.name, control.default) for control in self.controls)


def active_source() -> str:
    """The file to open: the environment variable COHORT, or the reference cohort."""
    return os.environ.get("COHORT") or str(REFERENCE_COHORT)


def asks_for_protection() -> bool:
    """True if small numbers are to be protected, even by a setting that cannot be read."""
    return os.environ.get("SMALLEST_CELL", "").strip().lower() not in ("", "off")


def active_smallest_cell() -> int:
    """The least number of children that is given out, by the environment variable SMALLEST_CELL; 0 where every number is.

    "on" stands for that of the policy.

    Raises
    ------
    CohortError
        If it is neither "on" nor "off" nor a number that can be: nothing is opened unprotected by mistake.
    """
    if not asks_for_protection():
        return 0
    text = os.environ["SMALLEST_CELL"].strip().lower()
    if text == "on":
        return load_policy().smallest_cell
    if text.isdecimal() and LEAST_CELL <= int(text) <= LARGEST_CELL:
        return int(text)
    asked = f"on, off, or a whole number from {LEAST_CELL} to {LARGEST_CELL}"
    raise CohortError(
        [Problem(f"SMALLEST_CELL must be {asked}: it is {text!r}", "", "Start the dashboard again with one.")]
    )


def active_secret() -> str:
    """The secret of the cell keys, by the environment variable CELL_KEY_SECRET or the file that CELL_KEY_FILE names.

    Raises
    ------
    CohortError
        If there is none, it cannot be read or is too short to be one, where small numbers are to be protected.
    """
    path, secret = os.environ.get("CELL_KEY_FILE", "").strip(), os.environ.get("CELL_KEY_SECRET", "").strip()
    if path:
        with suppress(OSError, UnicodeDecodeError):
            secret = Path(path).read_text(encoding="utf-8").strip()
    if len(secret) >= SHORTEST_SECRET:
        return secret
    what = "small numbers are to be protected, and there is no secret for their keys, or it is too short"
    remedy = (
        f"Give CELL_KEY_SECRET, or a file by CELL_KEY_FILE, with {SHORTEST_SECRET} characters or more that nobody knows and that "
        "stay the same."
    )
    raise CohortError([Problem(what, "SMALLEST_CELL", remedy)])


def load_cohort(source: str) -> Cohort:
    """The cohort of a file, read again when the file has changed. CohortError says what is wrong with it.

    Its small numbers are protected where the deployment asks for that.
    """
    smallest_cell = active_smallest_cell()
    secret = active_secret() if smallest_cell else ""
    asked = (source, stamp_of(source), smallest_cell, secret)
    return OPENINGS.open(asked, partial(_open, source, smallest_cell, secret))


class Opening:
    """A cohort that is being opened, or open: whoever opens it is heard by all who wait."""

    def __init__(self, make: Callable[[], Cohort]) -> None:
        self._heard: tuple[Stage, float | None] = (Stage(), None)
        self._make = make
        self.cohort = begin(self._open)

    def wait(self) -> Cohort:
        """The cohort; whoever listens hears how far it is."""
        listener = find_listener()
        return wait_with(listener, self.cohort, lambda: self._heard) if listener else self.cohort.result()

    def _open(self) -> Cohort:
        with listening(self._hear):
            return self._make()

    def _hear(self, stage: Stage, share: float | None) -> None:
        self._heard = stage, share


class Openings:
    """The last cohorts, each opened once, in a thread of its own: a reader who leaves does not stop it for others."""

    def __init__(self, kept: int = 2) -> None:
        self._kept = kept
        self._openings: OrderedDict[Hashable, Opening] = OrderedDict()
        self._lock = Lock()

    def open(self, key: Hashable, make: Callable[[], Cohort]) -> Cohort:
        """The cohort of a key; one that could not be opened is tried again."""
        with self._lock:
            opening = self._openings.get(key)
            if opening is None or (opening.cohort.done() and opening.cohort.exception() is not None):
                opening = self._openings[key] = Opening(make)
            self._openings.move_to_end(key)
            while len(self._openings) > self._kept:
                self._openings.popitem(last=False)
        return opening.wait()


OPENINGS = Openings()


def _open(source: str, smallest_cell: int, secret: str) -> Cohort:
    if smallest_cell:
        print(f"\n  SMALLEST_CELL={smallest_cell}. {say_experimental()}\n", flush=True)
    cohort = open_cohort(source, secret=secret)
    return protect_cohort(cohort, smallest_cell, secret=secret) if smallest_cell else cohort


@lru_cache(maxsize=1)
def load_reference() -> Cohort:
    """The reference cohort, whatever is open: lessons fall back on it. Its small numbers are not protected."""
    return open_cohort(REFERENCE_COHORT)


@kept(64)
def load_lesson(cohort: Cohort, cohort_filter: CohortFilter, slug: str) -> Opened:
    """A lesson on a selection, or on the reference cohort where that cannot teach it."""
    return open_lesson(_lesson(slug), cohort, cohort_filter, load_reference())


@kept(256)
def load_taught(cohort: Cohort, cohort_filter: CohortFilter, slug: str, setting: Any) -> Any:
    """The result of a lesson for a value of its control."""
    opened = load_lesson(cohort, cohort_filter, slug)
    with speaking_by(opened.cohort.dictionary):
        return _lesson(slug).open(opened.frame, setting)


def _lesson(slug: str) -> Lesson[Any, Any]:
    return next(lesson for lesson in load_lessons() if lesson.slug == slug)


@kept(64)
def load_pathway(cohort: Cohort, cohort_filter: CohortFilter) -> Pathway:
    """The pathway of a selection, or of the reference cohort where the selection cannot have one."""
    return open_pathway(cohort, cohort_filter, load_reference())


@lru_cache(maxsize=1)
def load_published() -> Published:
    """The published study and its figures."""
    return open_published()


@lru_cache(maxsize=1)
def load_paper() -> Paper:
    """What is said of the published study's figures, one by one."""
    return read_paper(load_published())


@lru_cache(maxsize=1)
def load_paper_numbers() -> PaperNumbers:
    """The numbers in it, of the reference cohort."""
    return work_out(load_published(), load_reference())


@lru_cache(maxsize=1)
def load_simulation() -> Simulation:
    """What each method finds when treatment does nothing."""
    return open_simulation()


@kept(SELECTIONS)
def load_selection(cohort: Cohort, cohort_filter: CohortFilter) -> Selection:
    """A selection in words, counted once for all pages that show it."""
    return Selection.of(cohort, cohort_filter)


@kept(SELECTIONS)
def load_document(cohort: Cohort, cohort_filter: CohortFilter, slug: str, choices: Choices) -> Document:
    """What one analysis shows of one selection; SuppressedError where small numbers are protected and it has some."""
    selection = load_selection(cohort, cohort_filter)
    return _analysis(slug).open(selection, dict(choices))


@kept(64)
def load_contrast(
    cohort: Cohort, selections: tuple[CohortFilter, CohortFilter], n_both: int, slug: str, choices: Choices
) -> Contrast | None:
    """Two selections in one figure and one table; None where an analysis shows them one below the other."""
    first, second = (load_document(cohort, one, slug, choices).result for one in selections)
    sides = to_sides(selections, n_both, cohort.dictionary)
    return _analysis(slug).contrast(first, second, dict(choices), sides, cohort.dictionary)


@dataclass(frozen=True, slots=True, eq=False)
class FileBeside:
    """What a view of a reader's own patients shows of another file: the choices that it takes, its document, and how far
    the two are alike. Without a document they may not be compared.
    """

    choices: Choices
    likeness: Likeness
    document: Document | None = None


@kept(64)
def load_beside(
    own: Cohort, selected: CohortFilter, other: Cohort, beside: CohortFilter, name: str, slug: str, choices: Choices
) -> FileBeside:
    """The other file, called ``name``, as a view of the reader's own shows it. What follows from both stays with the own."""
    offers, offer = load_offers(own), load_offers(other)[slug]
    if offer.lacks:
        lacking = join_words([describe_column(column, own.dictionary) for column in offer.lacks])
        return FileBeside(choices, Likeness((f"This page needs what {name} does not have: {lacking}.",)))
    fitted, likeness = fit_choices(offers[slug].controls, offer.controls, dict(choices), name)
    taken = tuple((control.name, fitted[control.name]) for control in offer.controls)
    if likeness.refusals:
        return FileBeside(taken, likeness)
    document = load_document(other, beside, slug, taken)
    used = (load_document(own, selected, slug, choices).columns, document.columns)
    meanings = compare_meanings(own.dictionary, other.dictionary, used, name)
    likeness = Likeness(meanings.refusals, likeness.remarks + meanings.remarks)
    return FileBeside(taken, likeness, None if likeness.refusals else document)


@kept(64)
def load_file_contrast(
    own: Cohort,
    selected: CohortFilter,
    other: Cohort,
    beside: CohortFilter,
    names: tuple[str, str],
    slug: str,
    choices: Choices,
) -> Contrast | None:
    """A reader's own patients and those of another file in one figure and one table; None as in `load_contrast`."""
    document = load_beside(own, selected, other, beside, names[1], slug, choices).document
    if document is None:
        return None
    with speaking_by(own.dictionary):
        sides = to_file_sides((own, other), (selected, beside), names)
    first = load_document(own, selected, slug, choices).result
    return _analysis(slug).contrast(first, document.result, dict(choices), sides, own.dictionary)


def _analysis(slug: str) -> Analysis[Any, Any]:
    return next(analysis for analysis in load_analyses() if analysis.slug == slug)


@kept(8)
def load_asked(cohort: Cohort) -> Questions:
    """What is asked of one patient."""
    return Questions.of(cohort)


@kept(8)
def load_patients(cohort: Cohort, cohort_filter: CohortFilter) -> tuple[dict[str, Value], ...]:
    """The synthetic patients of whom one may be taken for the one at hand."""
    return list_patients(cohort, cohort_filter)


@kept(SELECTIONS)
def load_level_counts(
    cohort: Cohort, cohort_filter: CohortFilter
) -> Mapping[str, Mapping[str | None, int | FewerThan]]:
    """How many patients every level has left under the other filters."""
    return cohort.level_counts(cohort_filter)


@kept(64)
def load_baseline(
    cohort: Cohort,
    cohort_filter: CohortFilter,
    by: str | None = None,
    beside: CohortFilter | None = None,
    other: Cohort | None = None,
    names: tuple[str, str] | None = None,
) -> Table:
    """Table 1 of a selection, by relapse or by another variable, or with another selection beside it, or one of another file.

    ``names`` are what the two files are called.
    """
    variables = [v for v in cohort.dictionary.covariates if v.name in cohort.variables]
    column = cohort.dictionary[by] if by else None
    if other is not None and names is not None:
        names = name_files(cohort, other, names)
    return tabulate_baseline(
        cohort, cohort_filter, variables, by=column, beside=beside, differences=True, other=other, names=names
    )


@kept(64)
def load_outcome_counts(cohort: Cohort, cohort_filter: CohortFilter) -> CountedOutcomes:
    """The tallies behind the headline numbers of a selection."""
    return count_outcomes(cohort, cohort_filter)


@kept(64)
def load_who(cohort: Cohort, cohort_filter: CohortFilter) -> str:
    """Who is in a selection, in a sentence."""
    return answer_selection(cohort, cohort_filter, load_outcome_counts(cohort, cohort_filter))


@kept(64)
def load_pictures(cohort: Cohort, cohort_filter: CohortFilter) -> str:
    """The pictures of a selection, as HTML."""
    return draw_breakdowns(count_pictures(cohort, cohort_filter))


@kept(64)
def load_flow(cohort: Cohort, cohort_filter: CohortFilter, presented: bool = False) -> str:
    """The ways of those of a selection who relapsed, as an SVG, "" without any; SuppressedError where it tells some."""
    flow = count_flow(cohort, cohort_filter)
    return draw_flow(flow, presented=presented) if flow is not None else ""


@kept(64)
def load_lanes(
    cohort: Cohort, cohort_filter: CohortFilter, order: str, by: str | None, page: int, presented: bool = False
) -> tuple[str, int]:
    """A page of lines of those of a selection who relapsed, as SVG, and how many pages there are; the last for any beyond."""
    lanes = list_lanes(cohort, cohort_filter, order=order, by=by, page=page)
    return draw_swimmer(lanes.lanes, lanes.longest, presented=presented), lanes.n_pages


@kept(64)
def is_reference(cohort: Cohort) -> bool:
    """True for the reference cohort, whose figures were made to agree with the published ones, wherever its file lies."""
    return (
        cohort.synthetic
        and not cohort.smallest_cell
        and cohort.data_version == open_cohort(REFERENCE_COHORT).data_version
    )


@kept(64)
def load_recomputation(cohort: Cohort, cohort_filter: CohortFilter) -> Recomputation:
    """The published figures computed from a selection."""
    return recompute(load_published(), cohort, cohort_filter)


@kept(8)
def load_offers(cohort: Cohort) -> Mapping[str, Offer]:
    """What each analysis offers for this cohort, by its address, in the order of the menu."""
    lacking = {analysis: analysis.missing(cohort) for analysis in load_analyses()}
    return {a.slug: Offer(lacks=lacks) if lacks else Offer(a.controls(cohort)) for a, lacks in lacking.items()}


@kept(32)
def load_miniatures(cohort: Cohort, cohort_filter: CohortFilter, language: Language) -> Mapping[str, Miniature]:
    """The small pictures of the glossary, of a selection or of the reference cohort, by the English names of the terms."""
    return draw_miniatures(cohort, cohort_filter, load_reference(), language)


@kept(8)
def load_glossary_text(_cohort: Cohort, language: Language) -> str:
    """The glossary in a language, in the words of a cohort's dictionary, as JSON for the browser."""
    return json.dumps(to_browser(language), ensure_ascii=False, separators=(",", ":"))


class Shelf:
    """What the last sessions keep for their tab, by a name that cannot be guessed; the oldest are let go."""

    def __init__(self, kept: int = SESSIONS) -> None:
        self._kept = kept
        self._values: OrderedDict[str, Any] = OrderedDict()
        self._lock = Lock()

    def put(self, name: str, value: Any) -> None:
        """Keep a value under a name."""
        with self._lock:
            self._values[name] = value
            self._values.move_to_end(name)
            while len(self._values) > self._kept:
                self._values.popitem(last=False)

    def get(self, name: str) -> Any:
        """The value of a name; None without one."""
        with self._lock:
            return self._values.get(name)


LEDGERS = Shelf()
BASKETS = Shelf()


@lru_cache(maxsize=SIMULATED_BLOCKS)
def load_simulated(design: Design, block: int) -> Replicates:
    """What comparisons find in a block of simulated cohorts; nobody is in them."""
    return compare_block(design, block)
