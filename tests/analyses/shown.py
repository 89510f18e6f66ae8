"""Everything that an analysis shows, gathered for checks; and the patients of a file with their derived columns."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from functools import cache
from html.parser import HTMLParser
from inspect import unwrap
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from analytics.analyses import load_analyses
from analytics.analysis import Analysis, Control, HtmlFigure, Picture
from analytics.cohort import Cohort, open_cohort
from analytics.cohort.filters import Clause, CohortFilter
from analytics.exports.csv_file import to_csv
from analytics.provenance import Provenance
from analytics.reporting.wording import say_children

DATA = Path(__file__).parents[2] / "data"
FILES = ("reference_cohort.csv", "example_missing_mrd.csv")
DAYS_PER_MONTH = 365.25 / 12
NOT_WORDS = re.compile(r"\b(nan|NaN|inf|Infinity|null)\b|\bNone\b(?! of the)|\bsurvival rate|significant|[a-z]_[a-z]")
# What counts and reasons make of sentences where nobody looks: "1 children", "5 to 5 years", "not shown: only 4 children"
# after another colon, and denials of denials.
CLUMSY = re.compile(
    r"(?<![\d.,/–−-])\b1 (children|patients|events|deaths|years|groups|factors|pairs|models|levels|relapses|parameters)\b"
    r"|\b([02-9]|[1-9]\d+) (child|patient|event|death|year|factor|level|parameter)\b(?![-’'])"
    r"|(?<![\d.])(\d+(?:\.\d+)?) to \4 |\w: not shown: |\bonly (0|no) |\bOnly (0|no) |\(not shown: "
    r"|(in|ex)cludes? no difference"
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


def analysis_of(slug: str, *, policy: bool = False) -> Analysis:
    """A registered analysis, without the policy on small numbers unless asked for: numbers are checked as estimated."""
    analysis = next(analysis for analysis in load_analyses() if analysis.slug == slug)
    return analysis if policy else replace(analysis, estimate=unwrap(analysis.estimate))


def run(analysis: Analysis, cohort: Cohort, cohort_filter: CohortFilter, params: Mapping[str, Any]) -> Any:
    """The result of an analysis."""
    return analysis.estimate(analysis.prepare(cohort, cohort_filter, params), params)


def texts(analysis: Analysis, result: Any, params: Mapping[str, Any]) -> Iterator[str]:
    """Every text that a reader may see, but for those of further figures."""
    yield from (analysis.title, analysis.question, analysis.method, analysis.alt_text(result))
    yield analysis.caption(result, params)
    yield from (text for h in analysis.headlines(result) for text in (h.label, h.value, h.help))
    yield from analysis.sentences(result)
    yield from (text for note in analysis.notes(result) for text in (note.text, note.remedy))
    yield from (text for text, _ in analysis.left_out(result))
    for table in analysis.tables(result):
        yield from (table.title, table.caption, *table.columns, *table.help)
        yield from (cell for row in table.rows for cell in row)


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


def check_shown(analysis: Analysis, result: Any, params: Mapping[str, Any]) -> None:
    """Nothing that is shown or handed out holds a number that is none, and all sentences are sentences."""
    for text in texts(analysis, result, params):
        assert not NOT_WORDS.search(text), text
        assert not CLUMSY.search(say_children(text)), text
    for sentence in analysis.sentences(result):
        assert sentence[0].isupper() or sentence[0].isdigit(), sentence
        assert sentence.endswith("."), sentence
        assert ".." not in sentence and " ." not in sentence and "  " not in sentence, sentence
    for note in analysis.notes(result):
        assert re.fullmatch(r"[a-z-]+", note.code)
        assert note.text.endswith("."), note.text
        assert not note.remedy or note.remedy.endswith("."), note.remedy
    check_figure(analysis.figure(result, params))
    for picture in analysis.pictures(result, params):
        check_figure(picture.figure)
        for text in (picture.title, picture.alt_text, picture.caption):
            assert not NOT_WORDS.search(text), text
    frames = analysis.downloads(result)
    assert tuple(frames) == analysis.files
    for frame in frames.values():
        back = pd.read_csv(io.BytesIO(to_csv(frame, PROVENANCE)), comment="#", float_precision="round_trip")
        assert back.shape == frame.shape and list(back) == list(frame)
        numbers = frame.select_dtypes("number").to_numpy(float)
        assert not np.isinf(numbers).any()
        if "p_value" in frame:
            p_values = frame["p_value"].dropna().astype(float)
            assert p_values.between(0, 1).all()
        if {"conf_low", "conf_high", "estimate"} <= set(frame.columns):
            limits = frame[["conf_low", "estimate", "conf_high"]].astype(float).dropna()
            assert (limits["conf_low"] <= limits["estimate"] + 1e-12).all()
            assert (limits["estimate"] <= limits["conf_high"] + 1e-12).all()


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


def headline(analysis: Analysis, result: Any, label: str) -> str:
    """The value of the headline with this label, or whose label begins with it and a comma; with ordinary spaces."""
    (value,) = (h.value for h in analysis.headlines(result) if h.label == label or h.label.startswith(f"{label},"))
    return value.replace("\u00a0", " ").replace("\u202f", "")
