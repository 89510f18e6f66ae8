"""Figures read as plain values: what is drawn, in the unit of the labels, and nothing else."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import pytest

from analytics.figures.charted import Chart, Rows, plain, read_figure, read_forest, to_hex
from analytics.figures.curves.survival import plot_survival
from analytics.figures.drawing import as_figure
from analytics.figures.theme import PALETTE
from tests.analyses.shown import analysis_of as analysis
from tests.analyses.shown import show_with


def drawn(slug: str, **choices: Any) -> Any:
    return show_with(analysis(slug), policy=True, **choices).figure


def read_chart(figure: Any) -> Chart:
    chart = read_figure(figure)
    assert isinstance(chart, Chart)
    return chart


def test_curves_have_their_groups_limits_and_marks() -> None:
    chart = read_chart(drawn("survival-by-variable"))
    kinds = {(s.name, s.kind) for s in chart.series}
    assert kinds == {
        (f"{group}{side}", kind)
        for group in ("B-ALL", "T-ALL")
        for side, kind in (("", "curve"), ("", "points"), (", upper limit", "limit"), (", lower limit", "limit"))
    }
    assert {s.colour for s in chart.series if s.group == "B"} == {PALETTE[0]}
    assert chart.y.is_percent and chart.y.ticks == (0, 0.2, 0.4, 0.6, 0.8, 1)
    assert all(0 <= y <= 1 for s in chart.series for y in s.y if y is not None)
    curve = next(s for s in chart.series if s.kind == "curve")
    # Corners: either the time or the value stays the same.
    corners = list(zip(curve.x, curve.y, strict=True))
    assert all(a[0] == b[0] or a[1] == b[1] for a, b in pairwise(corners))
    assert chart.counts is not None and [name for name, *_ in chart.counts.blocks] == ["B-ALL", "T-ALL"]


def test_an_axis_in_years_has_data_in_years() -> None:
    survival = show_with(analysis("survival-by-site")).result.curves
    words = {"labels": {}, "styles": {}, "origin": "relapse", "y_title": "Survival"}
    months = read_chart(plot_survival(survival, **words, time_unit="months"))
    years = read_chart(plot_survival(survival, **words, time_unit="years"))
    for a, b in zip(months.series, years.series, strict=True):
        assert [x / 12 for x in a.x] == pytest.approx(list(b.x), abs=1e-6) and a.y == b.y


def test_logarithms_are_read_as_what_they_are_of() -> None:
    axis = {"tickvals": [math.log(v) for v in (0.1, 1, 10)], "ticktext": ["0.1", "1", "10"], "range": [-3, 3]}
    time = {"tickvals": [0, 12], "ticktext": ["0", "12"], "range": [0, 12]}
    trace = {"type": "scatter", "mode": "markers", "x": [3], "y": [math.log(5)], "marker": {"color": "#123456"}}
    chart = read_chart(as_figure([trace], {"xaxis": time, "yaxis": axis}))
    assert chart.y.is_log and chart.y.low == pytest.approx(math.exp(-3))
    assert chart.series[0].y == pytest.approx((5.0,)) and chart.series[0].symbols == ("circle",)


def test_points_beside_names_are_rows() -> None:
    rows = read_figure(drawn("missing-values"))
    assert isinstance(rows, Rows)
    found = {row.cells[0]: row for row in rows.rows}
    share = found["High hyperdiploidy"]
    assert share.cells[1].startswith("26 of 436") and [mark.key for mark in share.marks] == ["relapsed", "no relapse"]
    assert share.marks[0].value == pytest.approx(4 / 64) and share.marks[0].low < 4 / 64 < share.marks[0].high
    assert found["In the model"].is_heading and not found["In the model"].marks


def test_forests_have_the_numbers_of_their_estimates() -> None:
    shown = show_with(analysis("relapse-predictors"), policy=True)
    rows = read_forest(shown.figure.forest)
    assert rows is not None and rows.axis.is_log and rows.guides == (1.0,)
    values = sorted(mark.value for row in rows.rows for mark in row.marks if mark.key)
    terms = shown.files["estimates"]
    assert values == pytest.approx(sorted(terms.loc[~terms["is_reference"].astype(bool), "odds_ratio"].dropna()))


def test_what_has_panels_areas_or_bars_is_not_read() -> None:
    shown = show_with(analysis("cumulative-incidence"), policy=True)
    assert read_figure(next(p for p in shown.pictures if p.title.startswith("Where")).figure) is None
    assert read_figure(as_figure([], {"xaxis": {"visible": False}, "yaxis": {"visible": False}})) is None


def test_texts_and_colours_are_plain() -> None:
    assert plain('<span style="color:#0A70C2">■</span> <b>a &lt; b</b><br>c') == "a < b c"
    assert to_hex("rgba(188,85,16,0.8)") == "#BC5510" and to_hex("#123456") == "#123456"
