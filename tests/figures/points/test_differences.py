"""The forest of differences: every row read as it is, on one axis, at any width."""

from __future__ import annotations

import json
from typing import Any

import plotly.graph_objects as go
import pytest

from analytics.figures.points.differences import (
    LONGEST_LINE,
    DifferenceRow,
    plot_differences,
)
from analytics.figures.theme import style_of
from analytics.results import Estimate, Interval, Reason

STYLES = style_of(["a", "b"])
SIDES = ("fewer alive", "more alive")
ROWS = (
    DifferenceRow("a minus b", "1 year", Estimate(-0.125, Interval(-0.31, 0.05, 0.95, "MOVER")), STYLES["a"]),
    DifferenceRow("a minus b", "3 years", Estimate(0.2), STYLES["a"]),
    DifferenceRow("c < d", "1 year", Estimate(None, reason=Reason("not-followed-beyond-0")), STYLES["b"]),
)


def plot(*rows: DifferenceRow) -> dict[str, Any]:
    figure = plot_differences(rows, sides=SIDES, title="Percentage points")
    go.Figure(figure.to_dict())  # with every property checked
    return json.loads(figure.to_json())


def texts(figure: dict[str, Any]) -> list[str]:
    return [note["text"] for note in figure["layout"]["annotations"]]


def test_rows_show_their_number_their_interval_or_their_reason() -> None:
    figure = plot(*ROWS)
    found = " ".join(texts(figure))
    assert "−12.5 (−31.0 to +5.0)" in found and "+20.0" in found and "nobody was followed" in found
    lines = [t for t in figure["data"] if t["mode"] == "lines"]
    points = [t for t in figure["data"] if t["mode"] == "markers"]
    assert [line["x"] for line in lines] == [[-31.0, 5.0], [20.0, 20.0]]
    assert [point["x"] for point in points] == [[-12.5], [20.0]]
    assert points[0]["marker"]["color"] == STYLES["a"].colour


def test_a_heading_stands_once_over_its_rows_and_is_written_as_it_is() -> None:
    found = texts(plot(*ROWS))
    assert sum("a minus b" in text for text in found) == 1
    assert any("c &lt; d" in text for text in found)


def test_long_headings_break_into_lines_of_a_telephone() -> None:
    long = "20 to under 50 × 10⁹/L minus 100 × 10⁹/L and over, among those tested"
    (heading,) = [t for t in texts(plot(DifferenceRow(long, "1 year", Estimate(0.0), STYLES["a"]))) if "20 to" in t]
    lines = heading.split("<b>", 1)[1].removesuffix("</b>").split("<br>")
    assert " ".join(lines) == long and max(map(len, lines)) <= LONGEST_LINE


@pytest.mark.parametrize(("value", "end"), [(0.01, 20.6), (-0.55, 56.65), (1.0, 103.0)])
def test_the_axis_is_symmetric_and_never_tells_small_differences_large(value: float, end: float) -> None:
    axis = plot(DifferenceRow("a", "1 year", Estimate(value), STYLES["a"]))["layout"]["xaxis"]
    assert axis["range"] == pytest.approx([-end, end])
    assert 0 in axis["tickvals"] and axis["ticktext"][axis["tickvals"].index(0)] == "0"
    assert axis["tickvals"] == [-tick for tick in axis["tickvals"][::-1]]
    assert len(axis["tickvals"]) <= 9


def test_the_height_grows_with_the_rows_and_rows_do_not_overlap() -> None:
    heights = [plot(*ROWS[:k])["layout"]["height"] for k in (1, 2, 3)]
    assert heights == sorted(set(heights))
    figure = plot(*ROWS)
    rows = [t["y"][0] for t in figure["data"] if t["mode"] == "markers"]
    assert rows[1] - rows[0] >= 30


def test_without_rows_it_says_so() -> None:
    assert "There is nothing to compare." in texts(plot())
