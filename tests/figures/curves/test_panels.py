"""Survival curves in small panels, one per level of another variable."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import plotly.graph_objects as go
import pytest

from analytics.figures.curves.panels import plot_survival_panels
from analytics.figures.theme import style_of
from analytics.reporting.withholding import govern
from analytics.results import SurvivalCurve, SurvivalResult

MakeCurve = Callable[..., SurvivalCurve]
LABELS = {"hsct": "HSCT", "chemotherapy": "Chemotherapy"}


def plot(results: dict[str, SurvivalResult]) -> go.Figure:
    return plot_survival_panels(results, labels=LABELS, styles=style_of(list(LABELS)), origin="first relapse")


def lines(figure: go.Figure, axis: str) -> list[dict[str, Any]]:
    drawn = [t for t in figure.to_dict()["data"] if t.get("line", {}).get("shape") == "hv"]
    return [t for t in drawn if t["xaxis"] == axis]


@pytest.fixture
def two_levels(make_curve: MakeCurve) -> dict[str, SurvivalResult]:
    girls = (make_curve("hsct", [4, 30, 60], [1, 0, 0]), make_curve("chemotherapy", [6, 20, 50], [1, 1, 0]))
    boys = (make_curve("hsct", [10, 40, 72], [0, 1, 0]), make_curve("chemotherapy", [2, 3], [1, 0]))
    return {"girls": SurvivalResult(girls, 0.95, "log-log"), "boys": SurvivalResult(boys, 0.95, "log-log")}


def test_each_level_has_its_own_curves_on_the_same_axes(two_levels: dict[str, SurvivalResult]) -> None:
    figure = plot(two_levels)
    for axis, result in zip(("x", "x2"), two_levels.values(), strict=True):
        for curve in result.curves:
            (*_, last) = (t for t in lines(figure, axis) if t["legendgroup"] == curve.group)
            assert last["x"][-1] == pytest.approx(curve.time[-1])
            assert last["y"][-1] == pytest.approx(100 * curve.estimate[-1], abs=0.01)
    assert figure.layout.xaxis.range == figure.layout.xaxis2.range and figure.layout.xaxis.range[1] > 72
    assert figure.layout.yaxis.range == figure.layout.yaxis2.range
    assert [a.text for a in figure.layout.annotations] == ["girls (n\u00a0=\u00a06)", "boys (n\u00a0=\u00a05)"]
    assert go.Figure(figure.to_dict(), skip_invalid=False).layout.height == figure.layout.height


def test_one_legend_names_every_group_once(two_levels: dict[str, SurvivalResult]) -> None:
    named = [t["name"] for t in plot(two_levels).to_dict()["data"] if t.get("showlegend", True)]
    assert named == ["HSCT", "Chemotherapy"]


def test_a_group_too_small_for_a_line_is_counted_in_its_panel(make_curve: MakeCurve) -> None:
    small = govern(SurvivalResult((make_curve("chemotherapy", [3.0], [1]),), 0.95, "log-log"))
    full = SurvivalResult((make_curve("hsct", [4, 30, 60], [1, 0, 0]),), 0.95, "log-log")
    figure = plot({"girls": full, "boys": small, "nobody": SurvivalResult((), 0.95, "log-log")})
    assert lines(figure, "x2") == []
    texts = [a.text.replace("<br>", " ").replace("\u00a0", " ") for a in figure.layout.annotations]
    assert texts == ["girls (n = 3)", "boys (n = 1)", "Chemotherapy: not drawn, 1 child, 1 event"]
    assert figure.layout.xaxis2.range == figure.layout.xaxis.range, "an empty panel keeps its axes"


def test_without_patients_there_is_a_sentence() -> None:
    assert [a.text for a in plot({}).layout.annotations] == ["No children in this selection"]
