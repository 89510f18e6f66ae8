"""The curve of a number: where line, band, knots and straight line lie, and what is said without a curve."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import pytest

from analytics.figures.ratios.spline import describe_spline, plot_spline
from analytics.results import Reason, SplineResult, TestResult, read_only

GRID = np.linspace(0, 40, 41)
SPLINE = SplineResult(
    variable="age_years",
    knots=read_only([2, 10, 30, 45]),
    grid=read_only(GRID),
    log_odds_ratio=read_only(0.05 * (GRID - 10)),
    low=read_only(0.05 * (GRID - 10) - 0.02 * np.abs(GRID - 10)),
    high=read_only(0.05 * (GRID - 10) + 0.02 * np.abs(GRID - 10)),
    reference=10.0,
    straight=0.04,
    test=TestResult("likelihood-ratio test of non-linearity", 1.2, 2, 0.5),
    method="ml",
    conf_level=0.95,
    n=200,
    n_event=40,
)
NONE = read_only([])
EMPTY = replace(
    SPLINE,
    knots=NONE,
    grid=NONE,
    log_odds_ratio=NONE,
    low=NONE,
    high=NONE,
    reference=None,
    straight=None,
    reason=Reason("no-events"),
)


def traces(figure: go.Figure) -> dict[str, dict]:
    return {trace.get("name", "band"): trace for trace in figure.to_dict()["data"]}


def test_curve_band_line_and_knots_are_where_they_are() -> None:
    figure = plot_spline(SPLINE, label="Age <years>")
    drawn = traces(figure)
    curve = drawn["curve, 95\u00a0% band"]
    assert curve["x"] == pytest.approx(GRID.tolist())
    assert curve["y"] == pytest.approx(SPLINE.log_odds_ratio.tolist(), abs=1e-4)
    assert drawn["band"]["y"][:41] == pytest.approx(SPLINE.high.tolist(), abs=1e-4)
    assert drawn["band"]["y"][41:] == pytest.approx(SPLINE.low[::-1].tolist(), abs=1e-4)
    assert drawn["straight line"]["y"] == pytest.approx((0.04 * (GRID - 10)).tolist(), abs=1e-4)
    assert drawn["knots"]["x"] == [2, 10, 30]  # the last lies outside what is drawn
    bottom, top = figure.layout.yaxis.range
    assert bottom < SPLINE.low.min() and top > SPLINE.high.max()
    for tick, text in zip(figure.layout.yaxis.tickvals, figure.layout.yaxis.ticktext, strict=True):
        assert math.exp(tick) == pytest.approx(float(text), rel=1e-4) and bottom <= tick <= top
    assert go.Figure(figure.to_dict()).layout.xaxis.title.text == "Age &lt;years&gt;"
    assert curve["text"][10] == "1.00 (1.00–1.00)"


def test_what_lies_far_away_is_drawn_at_the_edge() -> None:
    far = replace(SPLINE, high=read_only(SPLINE.high + 500), log_odds_ratio=read_only(SPLINE.log_odds_ratio + 800))
    figure = plot_spline(far, label="Age")
    bottom, top = figure.layout.yaxis.range
    drawn = traces(figure)
    assert drawn["curve, 95\u00a0% band"]["y"] == [pytest.approx(top, abs=1e-3)] * 41
    assert top <= 1.1 * math.log(100) + 1 and bottom < 0
    assert "Infinity" not in json.dumps(figure.to_dict())
    assert "beyond number" in describe_spline(far, "Age")


def test_without_a_curve_the_reason_stands_in_the_figure_and_in_words() -> None:
    figure = plot_spline(EMPTY, label="Age")
    assert len(figure.data) == 0
    assert [a.text for a in figure.layout.annotations] == ["No curve: no events."]
    go.Figure(figure.to_dict())
    assert describe_spline(EMPTY, "Age") == "Age: no curve (no events)."


def test_words_say_both_ends_beside_the_straight_line() -> None:
    assert describe_spline(SPLINE, "Age").replace("\u00a0", " ") == (
        "Age: odds ratio against the median of 10: 0.61 (95 % limits 0.50–0.74) at 0, 0.67 by the straight line; "
        "4.48 (95 % limits 2.46–8.17) at 40, 3.32 by the straight line."
    )
