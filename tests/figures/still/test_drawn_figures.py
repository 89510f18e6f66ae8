"""Figures drawn without a browser: what they say and where their curves run is what Plotly is given."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any
from xml.etree import ElementTree

import pytest

from analytics.analyses import load_analyses
from analytics.document import HtmlFigure, Picture
from analytics.figures.drawing import as_figure, base_layout, to_browser
from analytics.figures.still.figure import draw_still, list_parts
from analytics.figures.still.text import read_lines
from tests.analyses.shown import analysis_of, show_with

SLUGS = [analysis.slug for analysis in load_analyses()]
SVG = "{http://www.w3.org/2000/svg}"
KNOWN = {f"{SVG}{name}" for name in ("svg", "title", "desc", "rect", "path", "circle", "text", "tspan", "g")}
PLACES = {"x", "y", "d", "cx", "cy", "width", "height"}
HOSTILE = '<script>alert("1")</script> & "quoted" 😀'


@cache
def pictures_of(slug: str) -> tuple[Picture, ...]:
    """Those of an analysis that Plotly draws in the browser."""
    document = show_with(analysis_of(slug), policy=True).document
    parts = document.checks.parts() if document.checks else ()
    every = (document.main(), *document.pictures(), *(one for part in parts for one in part.pictures))
    return tuple(picture for picture in every if not isinstance(picture.figure, HtmlFigure))


def words_of(text: str) -> list[str]:
    return ["".join(run.text for run in line) for line in read_lines(text) if "".join(run.text for run in line).strip()]


def lines_of(figure: Any) -> Iterator[str]:
    """Every line of text that a reader of the figure sees."""
    traces, layout = figure["data"], figure["layout"]
    for note in layout.get("annotations", ()):
        yield from words_of(note["text"])
    for name, axis in layout.items():
        if name[1:5] == "axis" and axis.get("visible", True):
            yield from words_of(axis.get("title", {}).get("text", ""))
    for trace in traces:
        if "text" in trace.get("mode", ""):
            yield from (line for text in trace["text"] for line in words_of(text))


@pytest.mark.parametrize("slug", SLUGS)
def test_all_words_stand_in_it(slug: str) -> None:
    for picture in pictures_of(slug):
        root = ElementTree.fromstring(draw_still(picture.figure, picture.title, picture.alt_text))
        assert {element.tag for element in root.iter()} <= KNOWN
        assert [root.findtext(f"{SVG}{name}") for name in ("title", "desc")] == [picture.title, picture.alt_text]
        drawn = Counter("".join(text.itertext()) for text in root.iter(f"{SVG}text"))
        assert not Counter(lines_of(json.loads(to_browser(picture.figure)))) - drawn
        numbers = [value for element in root.iter() for name, value in element.attrib.items() if name in PLACES]
        assert not re.search(r"nan|inf|None", " ".join(numbers))


def test_curves_run_where_plotly_draws_them() -> None:
    (picture,) = pictures_of("survival-by-site")
    figure = json.loads(to_browser(picture.figure))
    root = ElementTree.fromstring(draw_still(picture.figure, "", "", width=1000))
    layout = figure["layout"]
    margin, low_high = layout["margin"], layout["xaxis"]["range"]
    wide = 1000 - margin["l"] - margin["r"]
    high = layout["height"] - margin["t"] - margin["b"]
    drawn = [path.get("d") for path in root.iter(f"{SVG}path") if re.fullmatch(r"M[^MLZ]*", path.get("d"))]
    steps = [t for t in figure["data"] if t.get("line", {}).get("shape") == "hv" and len(t["x"]) > 1]
    assert len(steps) >= 3
    for trace in steps:
        x = [margin["l"] + wide * (a - low_high[0]) / (low_high[1] - low_high[0]) for a in trace["x"]]
        foot, top = (margin["t"] + high * (1 - share) for share in layout["yaxis"]["domain"])
        y = [foot + (top - foot) * b / layout["yaxis"]["range"][1] for b in trace["y"]]
        corners = [f"M{x[0]:.0f} {y[0]:.0f}", *(f"H{a:.0f}V{b:.0f}" for a, b in zip(x[1:], y[1:], strict=True))]
        rounded = {re.sub(r"[\d.]+", lambda n: f"{float(n[0]):.0f}", d) for d in drawn}
        assert "".join(corners) in rounded


def test_hostile_words_stay_words() -> None:
    trace = {"type": "scatter", "mode": "markers", "x": [1], "y": [1], "name": HOSTILE.replace("<", "&lt;")}
    axis = {"range": [0, 2], "title": {"text": HOSTILE.replace("<", "&lt;")}}
    layout = {**base_layout(200, 40, 10, 30, 40), "showlegend": True, "xaxis": axis, "yaxis": {"range": [0, 2]}}
    drawn = draw_still(as_figure([trace], layout), HOSTILE, HOSTILE)
    root = ElementTree.fromstring(drawn)
    assert "<script" not in drawn
    assert ["".join(t.itertext()) for t in root.iter(f"{SVG}text")].count(HOSTILE) == 2


def test_a_logarithmic_axis_has_its_powers_apart_evenly() -> None:
    axis = {"type": "log", "range": [-1, 1], "tickvals": [0.1, 1, 10], "ticktext": ["a", "b", "c"]}
    layout = {**base_layout(300, 50, 50, 10, 40), "xaxis": axis, "yaxis": {"range": [0, 1]}}
    root = ElementTree.fromstring(draw_still(as_figure([], layout), "", ""))
    places = {t.text: float(t.get("x")) for t in root.iter(f"{SVG}text")}
    assert [places[name] for name in "abc"] == [50, 450, 850]


def test_stacked_areas_and_bars_stand_on_those_before() -> None:
    stack = {"type": "scatter", "mode": "lines", "stackgroup": "s", "x": [0, 1], "fillcolor": "rgba(1,2,3,0.5)"}
    bars = {"type": "bar", "x": [0.5], "marker": {"color": "#123456"}, "width": 0.5}
    layout = {**base_layout(210, 0, 0, 5, 5), "barmode": "stack", "xaxis": {"range": [0, 1], "visible": False}}
    layout["yaxis"] = {"range": [0, 4], "visible": False}
    traces = [{**stack, "y": [1, 1]}, {**stack, "y": [2, 2]}, {**bars, "y": [1]}, {**bars, "y": [2]}]
    root = ElementTree.fromstring(draw_still(as_figure(traces, layout), "", "", width=100))
    areas = [path.get("d") for path in root.iter(f"{SVG}path") if path.get("fill") != "none"]
    assert areas == ["M0 155L100 155L100 205L0 205Z", "M0 55L100 55L100 155L0 155Z"]
    heights = [
        (float(r.get("y")), float(r.get("height"))) for r in root.iter(f"{SVG}rect") if r.get("fill") == "#123456"
    ]
    assert heights == [(155, 50), (55, 100)]


@pytest.mark.parametrize(
    "trace",
    [
        {"type": "pie"},
        {"type": "scatter", "mode": "markers", "x": [1], "y": [1], "marker": {"symbol": "hexagon"}},
    ],
)
def test_what_cannot_be_drawn_is_refused(trace: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no drawing of"):
        draw_still(as_figure([trace], base_layout(100, 0, 0, 0, 0)), "", "")


def test_parts_that_guidelines_ask_for_are_found() -> None:
    assert list_parts(pictures_of("survival-by-site")[0].figure) == {"table", "bands"}
    assert list_parts(as_figure([], base_layout(100, 0, 0, 0, 0))) == frozenset()
