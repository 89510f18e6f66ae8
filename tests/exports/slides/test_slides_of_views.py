"""Slides of views: charts and tables that can be edited say what the view says, and nothing else."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
from pptx import Presentation

from analytics.analyses import load_analyses
from analytics.cohort import protect_cohort
from analytics.cohort.filters import CohortFilter
from analytics.document import HtmlFigure, Picture, Shown
from analytics.exports.exhibit import Exhibit, Extra
from analytics.exports.pptx_file import to_pptx
from analytics.figures.charted import read_figure
from analytics.results import Note
from analytics.views.opening import open_document
from tests.analyses.shown import REFERENCE, analysis_of, cohort_of
from tests.cohort.conftest import SECRET

SLUGS = [analysis.slug for analysis in load_analyses()]
CURVES = ("survival-by-site", "survival-by-variable", "survival-by-treatment", "landmark", "mean-survival")
FORESTS = {"relapse-predictors": "odds_ratio", "hazard-ratios": "hazard_ratio", "subgroups": "hazard_ratio"}
Make = Callable[[str], bytes]


def slides(content: bytes) -> list[Any]:
    return list(Presentation(io.BytesIO(content)).slides)


def charts(content: bytes) -> list[Any]:
    return [shape.chart for slide in slides(content) for shape in slide.shapes if shape.has_chart]


class Read:
    """A series of a chart as it is read back."""

    def __init__(self, series: Any) -> None:
        element = series._element  # noqa: SLF001
        self.name = series.name
        self.x = numbers(element, "xVal")
        self.y = numbers(element, "yVal")
        self.symbol = element.xpath("c:marker/c:symbol")[0].get("val") if element.xpath("c:marker/c:symbol") else "none"
        self.is_line = not element.xpath("c:spPr/a:ln/a:noFill")

    @property
    def points(self) -> list[tuple[float, float]]:
        """Its points, each once."""
        both = [(self.x[k], self.y[k]) for k in sorted(self.x) if k in self.y]
        return list(dict.fromkeys(both))


def numbers(element: Any, tag: str) -> dict[int, float]:
    """The numbers of a series that a chart shows, by their place."""
    return {
        int(point.get("idx")): float(point.xpath("c:v")[0].text) for point in element.xpath(f"c:{tag}//c:numCache/c:pt")
    }


def read(chart: Any) -> list[Read]:
    return [Read(series) for series in chart.plots[0].series]


def steps_of(frame: pd.DataFrame, column: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The curve of each group: times, and what holds from each on."""
    keys = [name for name in ("group", "method", "weighting") if name in frame]
    for _, rows in frame.groupby(keys):
        yield rows["time_months"].to_numpy(float), rows[column].to_numpy(float)


def is_part_of(points: list[tuple[float, float]], curve: tuple[np.ndarray, np.ndarray], start: float) -> bool:
    """True if all points lie on a curve of steps, on either side of a step."""
    time, value = curve
    whole = np.append(start, value)
    for x, y in points:
        around = {np.searchsorted(time, x - 0.006), np.searchsorted(time, x + 0.006, side="right")}
        if not any(abs(y - whole[k]) < 6e-5 for k in range(min(around), max(around) + 1)):
            return False
    return True


@pytest.mark.parametrize("slug", CURVES)
def test_curves_are_those_of_the_file(slug: str, exhibits: dict[str, Exhibit], slides_of: Make) -> None:
    frame = exhibits[slug].document.frames()["curves"]
    curves = list(steps_of(frame, "survival"))
    labels = {name for name, *_ in read_figure(exhibits[slug].document.main().figure).counts.blocks}
    series = [s for s in read(charts(slides_of(slug))[0]) if s.name in labels]
    assert {s.name for s in series if s.is_line} == {s.name for s in series}
    for one in series:
        assert any(is_part_of(one.points, curve, 1.0) for curve in curves), one.name
    # Each group is drawn from its start to where its curve may be drawn.
    assert len({s.name for s in series}) == frame["group"].nunique()


def test_limits_are_those_of_the_file_once_there_are_events(exhibits: dict[str, Exhibit], slides_of: Make) -> None:
    frame = exhibits["survival-by-variable"].document.frames()["curves"]
    for (_, rows), name in zip(frame.groupby("group"), ("B-ALL", "T-ALL"), strict=True):
        first = float(rows.loc[rows["n_event"] > 0, "time_months"].iloc[0])
        for side, column in (("lower", "conf_low"), ("upper", "conf_high")):
            (limit,) = (
                s for s in read(charts(slides_of("survival-by-variable"))[0]) if s.name == f"{name}, {side} limit"
            )
            after = [(x, y) for x, y in limit.points if x > first + 0.01]
            (curve,) = steps_of(rows, column)
            assert after and is_part_of(after, curve, np.nan), limit.name


@pytest.mark.parametrize(("slug", "measure"), FORESTS.items())
def test_ratios_are_those_of_the_file(slug: str, measure: str, exhibits: dict[str, Exhibit], slides_of: Make) -> None:
    frame = exhibits[slug].document.frames()["estimates"]
    shown = frame[frame[measure].notna()]
    if "is_reference" in shown:
        shown = shown[~shown["is_reference"].astype(bool)]
    drawn = [s for chart in charts(slides_of(slug)) for s in read(chart)]
    marks = sorted(x for s in drawn if s.symbol != "none" and "limits" not in s.name for x, _ in s.points if x != 1.0)
    np.testing.assert_allclose(marks, sorted(shown[measure].astype(float)), rtol=1e-9)
    ends = [x for s in drawn if s.name.endswith("limits") for x, _ in s.points if x != 1.0]
    known = shown[["conf_low", "conf_high"]].astype(float).to_numpy().ravel()
    known = known[np.isfinite(known)]
    assert all(np.abs(known / end - 1).min() < 1e-9 for end in ends if end not in (0.0625, 0.25, 0.5, 16, 32))
    assert all(np.abs(np.array(ends) / limit - 1).min() < 1e-9 for limit in known)


def test_those_at_risk_are_counted_from_the_file(exhibits: dict[str, Exhibit], slides_of: Make) -> None:
    frame = exhibits["survival-by-site"].document.frames()["curves"]
    (table,) = (s.table for s in slides(slides_of("survival-by-site"))[0].shapes if s.name == "Counts")
    head, *rows = [[cell.text for cell in row.cells] for row in table.rows]
    assert len(rows) == frame["group"].nunique()
    for row, (_, of_group) in zip(rows, frame.groupby("group", sort=False), strict=True):
        for month, count in zip(map(float, head[1:]), map(int, row[1:]), strict=True):
            later = of_group[of_group["time_months"] >= month]
            assert count == (int(later["n_risk"].iloc[0]) if len(later) else 0)


def texts_of(slide: Any) -> list[str]:
    found = [shape.text_frame.text for shape in slide.shapes if shape.has_text_frame]
    for shape in slide.shapes:
        if shape.has_table:
            found += [cell.text.replace("\v", " ") for row in shape.table.rows for cell in row.cells]
    return found


@pytest.mark.parametrize("slug", SLUGS)
def test_a_view_is_on_its_slides(slug: str, exhibits: dict[str, Exhibit], slides_of: Make) -> None:
    document, provenance = exhibits[slug].document, exhibits[slug].provenance
    made = slides(slides_of(slug))
    first, told = made[0], [text for slide in made for text in texts_of(slide)]
    on_first = " ".join(texts_of(first))
    answer = " ".join(document.answer())
    assert first.shapes.title.text in (answer, document.question, document.title)
    assert answer in on_first or first.shapes.title.text == answer
    assert document.sentence() in on_first
    for slide in made:
        assert any(shape.has_text_frame and shape.text_frame.text == "SYNTHETIC DATA" for shape in slide.shapes)
        assert provenance.data_version in " ".join(texts_of(slide)) and provenance.method[:80] in " ".join(
            texts_of(slide)
        )
        said = slide.notes_slide.notes_text_frame.text
        for text in ("What the user noted.", *document.sentences(), exhibits[slug].link, *provenance.lines()):
            assert text in said
        for shape in slide.shapes:
            if shape.has_chart or shape.has_table:
                assert shape.element.xpath(".//p:cNvPr")[0].get("descr")
    table = next((table for table in document.tables() if not table.place), None)
    if table is not None and not isinstance(document.main().figure, HtmlFigure):
        assert {cell for row in table.rows for cell in row if cell} <= set(told)
    graves = [note.text for note in document.notes() if note.severity in ("warning", "caution")]
    if graves:
        assert any(text[:40] in on_first for text in graves)
    assert charts(slides_of(slug)), "the main figure is a chart"
    assert charts(slides_of(slug))[0]._chartSpace.xpath("//c:externalData")  # noqa: SLF001
    links = [link for slide in made for link in addresses_of(slide)]
    assert links == [exhibits[slug].link] * len(made)


def addresses_of(slide: Any) -> list[str]:
    return [
        run.hyperlink.address
        for shape in slide.shapes
        if shape.has_text_frame
        for paragraph in shape.text_frame.paragraphs
        for run in paragraph.runs
        if run.hyperlink.address
    ]


def test_a_deck_has_all_that_a_presenter_needs(exhibits: dict[str, Exhibit], deck: bytes) -> None:
    made = slides(deck)
    whole = "\n".join(text for slide in made for text in texts_of(slide))
    titles = [slide.shapes.title.text for slide in made if slide.shapes.title is not None]
    for title in ("Questions", "From the cohort to the answers", "Cautions", "Methods", "Where the numbers come from"):
        assert title in titles
    for exhibit in exhibits.values():
        assert exhibit.document.question in whole and exhibit.document.method in whole
        assert {note.text for note in exhibit.document.notes()} <= set(whole.split("\n"))
    assert whole.count(exhibits["landmark"].provenance.lines()[-1]) == 1
    assert {exhibit.link for exhibit in exhibits.values()} <= set(addresses_of(made[-1]))
    about = Presentation(io.BytesIO(deck)).core_properties
    assert about.author == "" and about.subject == "SYNTHETIC DATA"
    assert about.created == datetime.combine(exhibits["landmark"].provenance.exported_on, datetime.min.time())


def test_progress_is_told_after_each_view_and_may_end_the_work(exhibits: dict[str, Exhibit]) -> None:
    told: list[tuple[int, int]] = []

    def stop(done: int, steps: int) -> None:
        told.append((done, steps))
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        to_pptx(list(exhibits.values()), stop)
    assert told == [(1, len(exhibits)), (2, len(exhibits))]
    with pytest.raises(ValueError, match="at least one exhibit"):
        to_pptx([])


def test_a_page_that_is_no_view_has_its_slides(exhibits: dict[str, Exhibit]) -> None:
    other, provenance = exhibits["survival-by-site"].document, exhibits["survival-by-site"].provenance
    picture = Picture("Not to be drawn here", HtmlFigure("<b></b>", lambda title, subtitle: ""), "What it shows")
    shown = Shown(
        (Note("few", "warning", "So few that nothing follows."),),
        (picture, other.main()),
        other.tables()[:2],
        ("Of ten children like these, six to eight live.", "More is not known."),
    )
    extra = Extra("One child", shown, provenance, "What became of children like this one?")
    made = slides(to_pptx([extra]))
    told = [text for slide in made for text in texts_of(slide)]
    assert made[0].shapes.title.text == "Of ten children like these, six to eight live."
    assert any(shape.has_chart for slide in made for shape in slide.shapes)
    assert {cell for table in shown.tables for row in table.rows for cell in row if cell} <= set(told)
    assert "So few that nothing follows." in told
    bare = slides(to_pptx([Extra("Alone", Shown(sentences=("One.", "Two.")), provenance)]))
    assert "Two." in "\n".join(texts_of(bare[0]))


def test_labels_of_a_file_are_text_wherever_they_stand(exhibits: dict[str, Exhibit]) -> None:
    one = exhibits["survival-by-site"]
    figure = one.document.main().figure.to_plotly_json()
    bad = '=HYPERLINK("http://x")\x07\ud800<b>&'
    for trace in figure["data"]:
        if trace.get("name"):
            trace["name"] = bad

    class Drawn:
        def to_plotly_json(self) -> Any:
            return figure

    picture = Picture(bad, Drawn(), bad)
    extra = Extra(bad, Shown(pictures=(picture,), sentences=(bad,)), one.provenance, bad, "http://x/" + "y" * 3000, bad)
    content = to_pptx([extra])
    (chart,) = charts(content)
    assert all("\x07" not in s.name for s in read(chart))
    book = openpyxl.load_workbook(io.BytesIO(chart.part.chart_workbook.xlsx_part.blob))
    cells = [cell for row in book.worksheets[0].iter_rows() for cell in row if cell.value is not None]
    assert any(str(cell.value).startswith("=HYPERLINK") for cell in cells)
    assert {cell.data_type for cell in cells} == {"s", "n"} and not any(cell.hyperlink for cell in cells)
    assert addresses_of(slides(content)[0]) == []
    assert not re.search(r"[\x00-\x08\ud800]", "".join(texts_of(slides(content)[0])))


def test_protected_numbers_stay_protected_and_it_is_said() -> None:
    cohort, analysis = protect_cohort(cohort_of(REFERENCE), 5, secret=SECRET), analysis_of("cumulative-incidence")
    document = open_document(analysis, cohort, CohortFilter(), analysis.defaults(cohort) | {"by": "sex"})
    content = to_pptx([Exhibit(document, document.provenance(), "")])
    first = slides(content)[0]
    (note,) = (note for note in document.notes() if note.code == "protected")
    assert note.text[:60] in " ".join(texts_of(first))
    traces = document.main().figure.to_plotly_json()["data"]
    shown = {text for trace in traces for text in "<br>".join(trace.get("text") or ()).split("<br>")}
    (counts,) = (shape.table for shape in first.shapes if shape.name == "Counts")
    assert {cell.text for row in list(counts.rows)[1:] for cell in list(row.cells)[1:]} <= shown
    drawn = np.array([y for trace in traces for y in trace.get("y") or () if y is not None])
    assert all(np.abs(drawn - 100 * y).min() < 1e-6 for s in read(charts(content)[0]) for _, y in s.points)
