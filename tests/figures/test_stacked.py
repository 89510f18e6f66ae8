"""Panels under one another: rows, bars and lines stand where their numbers are, and panels do not overlap."""

from __future__ import annotations

import math
from itertools import pairwise

import plotly.graph_objects as go
import pytest

from analytics.figures.stacked import Dot, Line, Lines, Row, Rows, stack

BLUE = "#0A70C2"
RATIOS = Rows(
    "Ratios",
    (
        Row("a", "2.0 (1–9)", 2.0, BLUE, 1.0, 9.0),
        Row("b", "b", 500.0, BLUE, 0.0001, 900.0),
        Row("c", "none", None, BLUE, high=1, goes_on=True),
    ),
    "ratio",
    0.1,
    10,
    (0.1, 1, 10),
    True,
    1,
)
SHARES = Rows("Shares", (Row("d", "40 %", 40.0, BLUE, is_bar=True),), "%", 0, 100, (0, 50, 100))
CURVE = Lines("Curve", (Line("l", (0, 1), (2, 3), BLUE),), (Dot("p", 0.5, 2.5, BLUE),), "x", "y", (0, 1), (0, 4))


def drawn() -> go.Figure:
    figure = stack((RATIOS, SHARES, CURVE))
    return go.Figure(figure.to_plotly_json())  # checked by Plotly


def test_rows_stand_at_the_logarithm_of_their_ratio_and_no_further_than_the_axis() -> None:
    traces = [t for t in drawn().data if (t.xaxis or "x") == "x"]
    lines = [t for t in traces if t.mode == "lines"]
    assert list(lines[0].x) == pytest.approx([0, math.log(9)])
    assert list(lines[1].x) == pytest.approx([math.log(0.1), math.log(10)])
    assert next(t for t in traces if t.mode == "markers").x[0] == pytest.approx(math.log(2))
    endless = next(t for t in traces if t.mode == "lines+markers")
    assert list(endless.x) == pytest.approx([0, math.log(0.1)])


def test_a_bar_reaches_from_the_begin_of_the_axis_to_its_number() -> None:
    (bar,) = (t for t in drawn().data if t.xaxis == "x2")
    assert (min(bar.x), max(bar.x)) == (0, 40)


def test_panels_do_not_overlap_and_the_key_stands_between() -> None:
    layout = drawn().layout
    domains = [layout[name].domain for name in ("yaxis", "yaxis2", "yaxis3")]
    assert all(upper[0] > lower[1] for upper, lower in pairwise(domains))
    assert domains[-1][0] >= 0 and domains[0][1] <= 1
    assert domains[1][0] > layout.legend.y > domains[2][1]


def test_each_label_and_number_is_written() -> None:
    texts = [a.text for a in drawn().layout.annotations]
    assert [text for text in texts if text in {"a", "2.0 (1–9)", "40 %", "<b>Curve</b>"}] == [
        "a", "2.0 (1–9)", "40 %", "<b>Curve</b>"]  # fmt: skip
    assert [t.name for t in drawn().data if t.showlegend] == ["l", "p"]
