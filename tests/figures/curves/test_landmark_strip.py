"""Hazard ratios over landmarks: where points, lines and arrows lie, what is counted beneath, and what has no ratio."""

from __future__ import annotations

import json
import math
from typing import Any

import plotly.graph_objects as go
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.figures.curves.landmark_strip import StripPoint, plot_landmark_strip
from analytics.figures.curves.steps import say_empty
from analytics.results import Estimate, Interval, Reason


def ratio(value: float | None, low: float | None = None, high: float | None = None) -> Estimate:
    if value is None:
        return Estimate(None, reason=Reason("no-events"))
    return Estimate(value, Interval(low, high, 0.95, "wald"), 40, 11)


POINTS = (
    StripPoint(90, ratio(2.4, 0.31, 18.8), 4, 48, 0),
    StripPoint(120, ratio(None), 0, 39, 1),
    StripPoint(150, ratio(1.79, 0.48, 6.71), 22, 24, 6),
    StripPoint(180, ratio(0.5, 0.01, 80.0), 27, 19, 6),
    StripPoint(210, ratio(0.001, None, None), 1234, 15, 10),
)


def draw(points: tuple[StripPoint, ...] = POINTS, chosen: int = 150) -> go.Figure:
    return plot_landmark_strip(
        points, chosen=chosen, origin="first relapse", reference="above 1: higher hazard with HSCT"
    )


def marks(figure: go.Figure) -> dict[int, dict[str, Any]]:
    return {t["x"][0]: t for t in figure.to_dict()["data"] if t["mode"] == "lines+markers"}


def counts(figure: go.Figure) -> dict[float, list[str]]:
    (cells,) = (t for t in figure.to_dict()["data"] if t["mode"] == "text")
    return {x: text.split("<br>")[1:] for x, text in zip(cells["x"], cells["text"], strict=True)}


def test_the_figure_is_one_that_plotly_knows() -> None:
    figure = draw()
    layout = go.Figure(figure.to_dict()).layout
    assert layout.xaxis.title.text == "Landmark, days from first relapse"
    assert layout.yaxis.title.text == "Hazard ratio"
    assert layout.yaxis.type == "log"
    assert layout.xaxis.fixedrange and layout.yaxis.fixedrange
    assert "above 1: higher hazard with HSCT" in [a.text for a in layout.annotations]


def test_every_ratio_stands_at_its_day_between_its_limits() -> None:
    drawn = marks(draw())
    assert list(drawn) == [90, 150, 180, 210]
    assert drawn[150]["y"] == [0.48, 1.79, 6.71]
    assert drawn[150]["x"] == [150, 150, 150]
    assert drawn[90]["y"] == [0.31, 2.4, 18.8]
    assert drawn[90]["hovertemplate"] == "<b>90 days</b><br>Hazard ratio 2.40 (0.31–18.8)<extra></extra>"


def test_the_chosen_landmark_is_filled_and_the_others_are_open() -> None:
    drawn = marks(draw(chosen=150))
    assert {day: trace["marker"]["symbol"][1] for day, trace in drawn.items()} == {
        90: "square-open",
        150: "square",
        180: "square-open",
        210: "square-open",
    }
    assert drawn[150]["line"]["width"] > drawn[90]["line"]["width"]
    assert drawn[150]["marker"]["size"][1] > drawn[90]["marker"]["size"][1]


def test_limits_beyond_the_axis_become_triangles() -> None:
    figure = draw()
    low, high = (10**end for end in figure.layout.yaxis.range)
    assert (low, high) == pytest.approx((0.04, 25))
    drawn = marks(figure)
    arrows = {day: [size > 0 for size in trace["marker"]["size"]] for day, trace in drawn.items()}
    assert arrows == {
        90: [False, True, False],
        150: [False, True, False],
        180: [True, True, True],
        210: [True, True, True],
    }
    assert drawn[180]["marker"]["symbol"] == ["triangle-down", "square-open", "triangle-up"]
    assert drawn[180]["y"] == pytest.approx([low, 0.5, high])
    # A ratio beyond the axis stands at its edge; the pointer reads the number itself.
    assert drawn[210]["y"] == pytest.approx([low, low, high])
    assert "<0.01" in drawn[210]["hovertemplate"] and "no lower limit to no upper limit" in drawn[210]["hovertemplate"]


def test_children_are_counted_beneath_every_landmark_with_or_without_a_ratio() -> None:
    figure = draw()
    assert counts(figure) == {
        90.0: ["4", "48", "0"],
        120.0: ["0", "39", "1"],
        150.0: ["22", "24", "6"],
        180.0: ["27", "19", "6"],
        210.0: [counts(figure)[210.0][0], "15", "10"],
    }
    assert counts(figure)[210.0][0].replace("\u202f", "") in ("1234", "1.2k")
    (titles,) = (a.text for a in figure.layout.annotations if "Not yet" in a.text)
    assert titles.endswith("<br>Treated<br>Not yet<br>Excluded")
    assert figure.layout.xaxis.tickvals == (90, 120, 150, 180, 210)
    assert figure.layout.xaxis.ticktext == ("90", "120", "150", "180", "210")


def test_the_line_of_no_difference_and_the_ticks_lie_within_the_axis() -> None:
    for points in (POINTS, POINTS[2:3], POINTS[1:2]):
        layout = draw(points).layout
        low, high = (10**end for end in layout.yaxis.range)
        assert low <= 0.2 * (1 + 1e-9) and high >= 5 * (1 - 1e-9)
        assert all(0.999 * low <= tick <= 1.001 * high for tick in layout.yaxis.tickvals)
        assert {0.2, 0.5, 1.0, 2.0, 5.0} <= set(layout.yaxis.tickvals)
        assert [float(text) for text in layout.yaxis.ticktext] == list(layout.yaxis.tickvals)
        (line,) = layout.shapes
        assert line.y0 == line.y1 == 1
        first, last = layout.xaxis.range
        assert first < points[0].days <= points[-1].days < last


def test_no_ratio_at_any_landmark_leaves_the_counts() -> None:
    figure = draw((POINTS[1],))
    assert marks(figure) == {}
    assert counts(figure) == {120.0: ["0", "39", "1"]}


def test_no_landmark_at_all_says_so() -> None:
    figure = draw(())
    assert len(figure.data) == 0
    assert figure.layout.height == draw().layout.height
    assert [a.text for a in figure.layout.annotations] == [say_empty()]


positive = st.none() | st.floats(1e-6, 1e6)


@given(
    st.lists(
        st.tuples(positive, positive, positive, st.integers(0, 10**6), st.integers(0, 500)),
        max_size=6,
    ),
    st.integers(0, 5),
)
@settings(deadline=None, max_examples=60)
def test_whatever_the_ratios_the_drawing_stays_within_the_axis(rows: list[Any], chosen: int) -> None:
    points = []
    for i, (value, one, other, n, excluded) in enumerate(rows):
        low = None if one is None or value is None else min(one, value)
        high = None if other is None or value is None else max(other, value)
        points.append(StripPoint(30 * (i + 1), ratio(value, low, high), n, 10, excluded))
    figure = draw(tuple(points), chosen=30 * (chosen + 1))
    text = json.dumps(figure.to_dict(), default=list)
    assert "NaN" not in text and "Infinity" not in text
    if not points:
        return
    ends = [10**end for end in figure.layout.yaxis.range]
    assert math.isfinite(ends[0]) and ends[0] < 1 < ends[1]
    for point, trace in zip([p for p in points if p.ratio.value is not None], marks(figure).values(), strict=True):
        assert all(ends[0] * (1 - 1e-9) <= y <= ends[1] * (1 + 1e-9) for y in trace["y"])
        assert trace["y"] == sorted(trace["y"])
        below, _, above = (size > 0 for size in trace["marker"]["size"])
        interval = point.ratio.interval
        # The axis is written in logarithms: a limit on its very end may come back a rounding error beside it.
        assert below == (interval.low is None or interval.low < ends[0] * (1 - 1e-9))
        assert above == (interval.high is None or interval.high > ends[1] * (1 + 1e-9))
