"""The one harness for analyses: what they show of a selection, whatever their contract is, and the patients of a file.

A test asks with `show` or `show_with` and reads a `Shown`. How an analysis is registered, run and asked for its words,
figures and files is known here and nowhere else in the tests.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache, cached_property
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from analytics.analyses import load_analyses
from analytics.analysis import Analysis, Checks, Control, Governed
from analytics.cohort import Cohort, open_cohort
from analytics.cohort.filters import Clause, CohortFilter
from analytics.document import Appendix, BackgroundPart, Document, Headline, HtmlFigure, Picture, Selection
from analytics.document import Shown as ShownPart
from analytics.exports.csv_file import to_csv
from analytics.provenance import Provenance
from analytics.reporting.attrition import Used
from analytics.reporting.notes import say_notes
from analytics.reporting.tables import Table
from analytics.results import Note

DATA = Path(__file__).parents[2] / "data"
FILES = REFERENCE, MISSING_MRD = ("reference_cohort.csv", "example_missing_mrd.csv")
DAYS_PER_MONTH = 365.25 / 12
NOT_WORDS = re.compile(
    r"\b(nan|NaN|inf|Infinity|null)\b|\bNone\b(?! of the)|\bsurvival rate|significant|[a-z]_[a-z]|Reason\("
)
PATIENT = re.compile(r"\bpatients?\b", re.IGNORECASE)  # the dictionary has another word for them
# What counts and reasons make of sentences where nobody looks: "1 children", "5 to 5 years", "not shown: only 4 children"
# after another colon, and denials of denials.
CLUMSY = re.compile(
    r"(?<![\d.,/–−-])\b1 (children|patients|events|deaths|years|groups|factors|pairs|models|levels|relapses|parameters)\b"
    r"|\b([02-9]|[1-9]\d+) (child|patient|event|death|year|factor|level|parameter)\b(?![-’'])"
    r"|(?<![\d.])(\d+(?:\.\d+)?) to \4 |\w: not shown: |\bonly (0|no) |\bOnly (0|no) |\(not shown: "
    r"|(in|ex)cludes? no difference"
)
MEASURES = (
    *("estimate", "odds_ratio", "hazard_ratio", "survival", "cumulative_incidence", "proportion_missing", "observed"),
)
PROVENANCE = Provenance("Title", "cohort", "selection", "method", "version", True, date(2026, 1, 31))


@cache
def cohort_of(file: str) -> Cohort:
    """The cohort of a file in the folder of data."""
    return open_cohort(DATA / file)


@cache
def patients_of(file: str) -> pd.DataFrame:
    """The patients of a file with the derived columns, each worked out with pandas alone."""
    frame = pd.read_csv(DATA / file)

    def bands(name: str, edges: list[float], labels: list[str]) -> pd.Series:
        return pd.cut(frame[name], [-np.inf, *edges, np.inf], right=False, labels=labels).astype(object)

    derived = {
        "age_group": bands("age_years", [1, 10], ["under 1", "1 to under 10", "10 and over"]),
        "white_cells_group": bands("white_cells", [50], ["under 50", "50 and over"]),
        "platelets_group": bands(
            "platelets", [20, 50, 100], ["under 20", "20 to under 50", "50 to under 100", "100 and over"]
        ),
        "thrombocytopenia": bands("platelets", [100], ["yes", "no"]),
        "mrd_day19": bands("mrd_day19_percent", [0.01], ["negative", "positive"]),
        "mrd_day46": bands("mrd_day46_percent", [0.01], ["negative", "positive"]),
        "relapse_timing_cog": bands("relapse_days", [547.875, 1095.75], ["early", "intermediate", "late"]),
        "second_relapse": pd.Series(np.where(frame.get("second_relapse_days").notna(), "yes", "no")).where(
            frame["relapsed"] == 1
        )
        if "second_relapse_days" in frame
        else None,
        "relapse_site_group": frame["relapse_site"].map(
            lambda site: (
                site
                if site == "isolated marrow"
                else "combined marrow and extramedullary"
                if site.startswith("marrow")
                else "isolated extramedullary"
            ),
            na_action="ignore",
        ),
        "marrow_relapse": frame["relapse_site"].map(
            lambda site: "marrow" if "marrow" in site else "isolated extramedullary", na_action="ignore"
        ),
        "hsct_group": frame["salvage_treatment"].map(
            lambda given: "HSCT" if given == "HSCT" else "chemotherapy or CAR-T", na_action="ignore"
        ),
        "relapse_timing_bfm": _timing(frame),
        **_times(frame),
    }
    return frame.assign(
        **{name: column for name, column in derived.items() if name not in frame and column is not None}
    )


def _times(frame: pd.DataFrame) -> dict[str, pd.Series]:
    """The times and events of the endpoints that a file has the days for."""
    days, died = frame["os_relapse_days"].astype(float), frame["os_relapse_event"].astype(float)
    found = {
        f"os_{name}_days": days - frame[f"{name}_days"]
        for name in ("salvage", "cart", "hsct")
        if f"{name}_days" in frame
    }
    if "second_relapse_days" in frame:
        again, failed = frame["second_relapse_days"], failures_of(frame)
        found["efs_relapse_days"] = pd.concat([days, again, failed], axis=1).min(axis=1).where(days.notna())
        found["efs_relapse_event"] = died.mask(again.notna() | failed.notna(), 1)
    relapsed = frame["relapsed"] == 1
    found["efs_days"] = frame["os_days"].astype(float).mask(relapsed, frame["relapse_days"])
    found["efs_event"] = frame["os_event"].astype(float).mask(relapsed, 1)
    return found


def failures_of(frame: pd.DataFrame) -> pd.Series:
    """The day on which a second remission that was not reached counts: day 35 of salvage treatment, if followed so far."""
    nowhere = pd.Series(np.nan, index=frame.index)
    day = 35 + frame.get("salvage_days", nowhere).fillna(0)
    failed = frame.get("second_remission", pd.Series("", index=frame.index)) == "no"
    return day.where(failed & (frame["os_relapse_days"] >= day))


def _timing(frame: pd.DataFrame) -> pd.Series:
    day, end = frame["relapse_days"], frame["end_of_therapy_days"]
    late = np.where(day < end + 6 * DAYS_PER_MONTH, "early", "late")
    timing = pd.Series(late, dtype=object).where(day.notna() & end.notna())
    return timing.where(~(day < 18 * DAYS_PER_MONTH), "very early")


def select(frame: pd.DataFrame, cohort_filter: CohortFilter) -> pd.DataFrame:
    """The patients who pass a filter, clause by clause."""
    for clause in cohort_filter.clauses:
        column = frame[clause.variable]
        passed = column.isin(clause.levels) if clause.levels else column.notna()
        if clause.low is not None:
            passed &= column >= clause.low
        if clause.high is not None:
            passed &= column <= clause.high
        frame = frame[passed | (column.isna() & clause.keep_missing)]
    return frame


def filters(file: str) -> st.SearchStrategy[CohortFilter]:
    """Filters of up to three clauses, most of which leave some patients."""
    cohort = cohort_of(file)

    def clause_of(name: str) -> st.SearchStrategy[Clause]:
        variable = cohort.dictionary[name]
        if variable.is_coded:
            levels = st.lists(st.sampled_from(variable.levels), min_size=1, unique=True)
            return st.builds(lambda lv, keep: Clause(name, tuple(lv), keep_missing=keep), levels, st.booleans())
        limits = cohort.ranges()[name]
        ends = st.tuples(*[st.floats(limits.low or 0, limits.high or 0)] * 2).map(sorted)
        return st.builds(lambda e, keep: Clause(name, low=e[0], high=e[1], keep_missing=keep), ends, st.booleans())

    names = [v.name for v in cohort.dictionary.filters if v.name in cohort.variables]
    chosen = st.lists(st.sampled_from(names), unique=True, max_size=3)
    return chosen.flatmap(lambda some: st.tuples(*map(clause_of, some))).map(CohortFilter)


def params_of(analysis: Analysis, cohort: Cohort) -> st.SearchStrategy[dict[str, Any]]:
    """Any choice of every control."""

    def value_of(control: Control) -> st.SearchStrategy[Any]:
        names = [value for value, _ in control.options]
        if control.kind == "toggle":
            return st.booleans()
        if control.kind == "number":
            return st.sampled_from(steps_of(control))
        if control.kind == "one":
            return st.sampled_from(names)
        return st.lists(st.sampled_from(names), unique=True, max_size=5).map(tuple)

    return st.fixed_dictionaries({c.name: value_of(c) for c in analysis.controls(cohort)})


def steps_of(control: Control) -> list[int]:
    """Every number that a control of the kind "number" moves to."""
    low, high = control.limits
    return list(range(low, high + 1, control.step))


def choices_of(control: Control) -> list[Any]:
    """Every choice of a control; of a number its limits and its default, of many none, each alone and some."""
    values = [value for value, _ in control.options]
    if control.kind == "toggle":
        return [True, False]
    if control.kind == "number":
        return sorted({control.limits[0], control.default, steps_of(control)[-1], control.limits[1]})
    if control.kind == "one":
        return values
    return [(), *((value,) for value in values), tuple(values[::5])]


def analysis_of(slug: str) -> Analysis:
    """A registered analysis."""
    return next(analysis for analysis in load_analyses() if analysis.slug == slug)


def show(
    analysis: Analysis,
    cohort: Cohort,
    cohort_filter: CohortFilter,
    params: Mapping[str, Any],
    *,
    policy: bool = False,
) -> Shown:
    """What an analysis shows of a selection; ``policy`` takes out what too few stand behind, as on a page.

    Without it, numbers can be checked as they were estimated.
    """
    selection = Selection.of(cohort, cohort_filter)
    if policy:
        return Shown(analysis, analysis.run(cohort, cohort_filter, params), params, selection)
    result = say_notes(analysis.estimate(analysis.prepare(cohort, cohort_filter, params), params))
    return Shown(analysis, result, params, selection)


def show_with(
    analysis: Analysis, *clauses: Clause, source: Cohort | str = REFERENCE, policy: bool = False, **choices: Any
) -> Shown:
    """What an analysis shows with some choices, all others as they stand at first."""
    cohort = cohort_of(source) if isinstance(source, str) else source
    return show(analysis, cohort, CohortFilter(clauses), analysis.defaults(cohort) | choices, policy=policy)


def plain(text: str) -> str:
    """A text with ordinary spaces, and none within numbers."""
    return text.replace("\u00a0", " ").replace("\u202f", "")


@dataclass(frozen=True)
class Part:
    """A part of a page that is shown on its own: one check, a plan, or what a slow part has to say."""

    notes: tuple[Note, ...] = ()
    pictures: tuple[Picture, ...] = ()
    tables: tuple[Table, ...] = ()
    sentences: tuple[str, ...] = ()

    @classmethod
    def of(cls, part: ShownPart) -> Part:
        """A part as the contract has it."""
        return cls(part.notes, part.pictures, part.tables, part.sentences)


@dataclass(frozen=True, eq=False)
class Shown:
    """What a page shows of ``result``, the numbers of one selection with the choices ``params``.

    Without a ``selection`` that is the reference cohort's, for results that were made by hand.
    """

    analysis: Analysis
    result: Any
    params: Mapping[str, Any]
    selection: Selection = field(default_factory=lambda: Selection.of(cohort_of(REFERENCE), CohortFilter()))

    @cached_property
    def document(self) -> Document:
        """What the page draws."""
        return self.analysis.present(self.result, self.params, self.selection)

    @property
    def headlines(self) -> tuple[Headline, ...]:
        """The few numbers at the top."""
        return self.document.headlines()

    def headline(self, label: str) -> str:
        """The value of the headline with this label, or whose label begins with it and a comma; in plain text."""
        (value,) = (h.value for h in self.headlines if h.label == label or h.label.startswith(f"{label},"))
        return plain(value)

    @property
    def figure(self) -> Any:
        """The main figure."""
        return self.document.main().figure

    @property
    def alt_text(self) -> str:
        """The main figure in words."""
        return self.document.main().alt_text

    @property
    def caption(self) -> str:
        """How to read the main figure."""
        return self.document.main().caption

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """The further figures."""
        return self.document.pictures()

    @property
    def tables(self) -> tuple[Table, ...]:
        """The tables."""
        return self.document.tables()

    @property
    def sentences(self) -> tuple[str, ...]:
        """The answer in words."""
        return self.document.sentences()

    @property
    def notes(self) -> tuple[Note, ...]:
        """Warnings, cautions and remarks."""
        return self.document.notes()

    @property
    def codes(self) -> set[str]:
        """The codes of all notes."""
        return {note.code for note in self.notes}

    def note(self, code: str) -> Note:
        """The one note with a code."""
        (found,) = (note for note in self.notes if note.code == code)
        return found

    @property
    def files(self) -> Mapping[str, pd.DataFrame]:
        """The tables to be saved, by name."""
        return self.document.frames()

    @property
    def tests(self) -> tuple[Any, ...]:
        """The tests put before the reader, for the ledger."""
        return self.document.tests()

    @property
    def used(self) -> Used:
        """Whom the main estimate rests on."""
        return self.document.used()

    @property
    def left_out(self) -> tuple[tuple[str, int], ...]:
        """Whom it leaves out: why, and how many."""
        return self.used.left_out

    @property
    def checks(self) -> Opened | None:
        """How far the result can be trusted, made now; None if the page has no checks."""
        return Opened.of(self.document.checks, self.analysis.checks, self)

    @property
    def planning(self) -> Opened | None:
        """What a next study would find, made now; None if the page plans nothing."""
        return Opened.of(self.document.planning, self.analysis.planning, self)

    @property
    def slow(self) -> tuple[Slow, ...]:
        """The parts of the page that a reader has to ask for."""
        return tuple(Slow(part, self) for part in self.document.background)

    def with_params(self, **choices: Any) -> Shown:
        """The same numbers with other choices of what is drawn."""
        return Shown(self.analysis, self.result, dict(self.params) | choices, self.selection)

    def texts(self) -> Iterator[str]:
        """Every text that a reader may see, but for those of further figures."""
        yield from (self.analysis.title, self.analysis.question, self.analysis.method, self.alt_text, self.caption)
        yield from (text for h in self.headlines for text in (h.label, h.value, h.help))
        yield from self.document.answer()
        yield from self.sentences
        yield from (text for note in self.notes for text in (note.text, note.remedy))
        yield from (text for text, _ in self.left_out)
        for table in self.tables:
            yield from (table.title, table.caption, *table.columns, *table.help)
            yield from (cell for row in table.rows for cell in row)


@dataclass(frozen=True)
class Opened:
    """Checks or a plan that a reader has opened: what was ``made``, what is shown of it, its files and slow parts."""

    made: Any
    parts: tuple[Part, ...]
    files: Mapping[str, pd.DataFrame]
    file_names: tuple[str, ...]
    slow: tuple[Slow, ...]

    @classmethod
    def of(cls, appendix: Appendix | None, checks: Checks | None, shown: Shown) -> Opened | None:
        """Open what the contract calls checks."""
        if appendix is None or checks is None:
            return None
        made = Governed(checks.make)(shown.result, shown.params)
        parts = tuple(map(Part.of, appendix.parts()))
        slow = tuple(Slow(part, shown) for part in appendix.background)
        return cls(made, parts, appendix.frames(), appendix.files, slow)


@dataclass(frozen=True)
class Slow:
    """A part that runs when a reader asks for it."""

    part: BackgroundPart
    shown: Shown

    @property
    def name(self) -> str:
        """Its name in keys and files."""
        return self.part.name

    @property
    def button(self) -> str:
        """The words on its button."""
        return self.part.button

    @property
    def refusal(self) -> str:
        """Why it cannot be run; empty if it can."""
        return self.part.refusal()

    @property
    def before(self) -> Part:
        """What is shown before it has run."""
        return Part.of(self.part.show(None))

    def run(self, progress: Callable[[int, int], None] = lambda done, total: None) -> Found:
        """Run it to its end."""
        found = self.part.run(progress)
        files = self.part.frames(found)
        assert tuple(files) == self.part.files
        return Found(found, Part.of(self.part.show(found)), files)


@dataclass(frozen=True)
class Found:
    """What a slow part found: the numbers, what is shown of them, and the files."""

    result: Any
    part: Part
    files: Mapping[str, pd.DataFrame]


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._skipped = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._skipped += tag == "style"
        self.found += [value or "" for name, value in attrs if name in ("title", "aria-label", "d", "x", "y", "points")]

    def handle_endtag(self, tag: str) -> None:
        self._skipped -= tag == "style"

    def handle_data(self, data: str) -> None:
        if not self._skipped:
            self.found.append(data)


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} in a figure")


def check_shown(shown: Shown) -> None:
    """Nothing that is shown or handed out holds a number that is none, and all sentences are sentences."""
    for text in shown.texts():
        assert not NOT_WORDS.search(text), text
        assert not CLUMSY.search(text), text
        assert not PATIENT.search(text), text
    for sentence in shown.sentences:
        assert sentence[0].isupper() or sentence[0].isdigit(), sentence
        assert sentence.endswith("."), sentence
        assert ".." not in sentence and " ." not in sentence and "  " not in sentence, sentence
    for note in shown.notes:
        assert re.fullmatch(r"[a-z-]+", note.code)
        assert note.text.endswith("."), note.text
        assert not note.remedy or note.remedy.endswith("."), note.remedy
    check_figure(shown.figure)
    for picture in shown.pictures:
        check_figure(picture.figure)
        for text in (picture.title, picture.alt_text, picture.caption):
            assert not NOT_WORDS.search(text), text
    assert tuple(shown.files) == shown.analysis.files
    for frame in shown.files.values():
        back = pd.read_csv(io.BytesIO(to_csv(frame, PROVENANCE)), comment="#", float_precision="round_trip")
        assert back.shape == frame.shape and list(back) == list(frame)
        numbers = frame.select_dtypes("number").to_numpy(float)
        assert not np.isinf(numbers).any()
        if "p_value" in frame:
            p_values = frame["p_value"].dropna().astype(float)
            assert p_values.between(0, 1).all()
        if "conf_low" in frame:
            assert measures_of(frame), f"{list(frame)} has limits of nothing"
        for measure in measures_of(frame):
            limits = frame[["conf_low", measure, "conf_high"]].astype(float).dropna()
            assert (limits["conf_low"] <= limits[measure] + 1e-12).all()
            assert (limits[measure] <= limits["conf_high"] + 1e-12).all()


def measures_of(frame: pd.DataFrame) -> list[str]:
    """The columns of what the limits of a file are limits of."""
    return [name for name in MEASURES if name in frame and "conf_low" in frame]


def check_figure(figure: Any) -> None:
    """A figure holds no number that is none, in its drawing or its words."""
    if not isinstance(figure, HtmlFigure):
        json.loads(figure.to_json(), parse_constant=_refuse)
        return
    for html in (figure.html, figure.svg("Title", "Subtitle")):
        parser = _Text()
        parser.feed(html)
        assert parser.found
        for text in parser.found:
            assert not NOT_WORDS.search(text), text


def check_picture(picture: Picture) -> None:
    """A further figure has a title, words and no number that is none."""
    for text in (picture.title, picture.alt_text, picture.caption):
        assert not NOT_WORDS.search(text), text
        assert "  " not in text and ".." not in text, text
    assert picture.title and picture.alt_text
    if isinstance(picture.figure, HtmlFigure):
        parser = _Text()
        parser.feed(picture.figure.html)
        assert parser.found
        for text in parser.found:
            assert not NOT_WORDS.search(text), text
    else:
        json.loads(picture.figure.to_json(), parse_constant=_refuse)
