"""Names at the ends of curves, marks at 1, 3 and 5 years, and the column of a landmark."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import plotly.graph_objects as go
import pytest

from analytics.estimators import estimate_survival, read_curve
from analytics.figures.curves.survival import plot_survival
from analytics.figures.theme import style_of
from analytics.reporting.withholding import govern
from analytics.results import SurvivalCurve, SurvivalResult

MakeCurve = Callable[..., SurvivalCurve]
LABELS = {"hsct": "HSCT", "chemotherapy": "Chemotherapy", "spared": "Isolated extramedullary"}


def plot(result: SurvivalResult, labels: dict[str, str] = LABELS, **options: Any) -> go.Figure:
    settings = {"labels": labels, "styles": style_of(list(labels)), "origin": "relapse", "y_title": "OS", **options}
    return plot_survival(result, **settings)


def ends(figure: go.Figure) -> dict[str, tuple[float, float]]:
    """Where the names of curves stand, by group."""
    return {a.name: (a.x, a.y) for a in figure.layout.annotations if a.captureevents}


def marks(figure: go.Figure) -> list[dict[str, Any]]:
    return [t for t in figure.to_dict()["data"] if "error_y" in t]


def plain(text: str) -> str:
    return re.sub(r"<[^>]*>|■| ", "", text)


def test_every_curve_is_named_where_it_ends_and_the_legend_goes(three_groups: SurvivalResult) -> None:
    figure = plot(three_groups)
    named = ends(figure)
    assert list(sorted(named)) == sorted(LABELS)
    for curve in three_groups.curves:
        assert named[curve.group] == (
            pytest.approx(curve.time[-1], abs=1e-3),
            pytest.approx(100 * curve.estimate[-1], abs=0.01),
        )
    assert figure.layout.showlegend is False
    assert not any(t.get("showlegend", True) for t in figure.to_dict()["data"])


def test_curves_that_end_together_are_named_in_the_legend(make_curve: MakeCurve) -> None:
    alike = SurvivalResult(tuple(make_curve(f"g{i}", [5 + i, 60], [1, 0]) for i in range(4)), 0.95, "log-log")
    figure = plot(alike, {f"g{i}": f"Group {i}" for i in range(4)})
    assert ends(figure) == {} and figure.layout.showlegend
    names = [t["name"] for t in figure.to_dict()["data"] if t.get("name") and t.get("showlegend", True)]
    assert names == [f"Group {i}" for i in range(4)]


def test_a_name_that_a_telephone_has_no_room_for_stands_in_the_legend(three_groups: SurvivalResult) -> None:
    long = {**LABELS, "hsct": "Haematopoietic stem cell transplantation by any donor"}
    assert ends(plot(three_groups, long)) == {}


def test_a_group_too_small_for_a_line_is_named_in_the_legend_alone(three_groups: SurvivalResult) -> None:
    tiny = estimate_survival([3.0], [1], group=["chemotherapy"]).curves
    result = govern(SurvivalResult((three_groups.curves[0], *tiny, three_groups.curves[2]), 0.95, "log-log"))
    figure = plot(result)
    assert set(ends(figure)) == {"hsct", "spared"}
    shown = [t["name"] for t in figure.to_dict()["data"] if t.get("showlegend", True)]
    assert shown == ["Chemotherapy: not drawn, 1 child, 1 event"] and figure.layout.showlegend


def test_marks_have_the_estimates_and_intervals_of_the_curve(three_groups: SurvivalResult) -> None:
    assert marks(plot(three_groups)) == []
    figure = plot(three_groups, marks=True)
    found = {(mark["legendgroup"], round(mark["x"][0] / 12)): mark for mark in marks(figure)}
    texts = [plain(a.text) for a in figure.layout.annotations if a.yref != "y2"]
    assert ends(figure) == {} and figure.layout.showlegend, "numbers stand where the names would"
    for curve in three_groups.curves:
        for year, estimate in zip((1, 3, 5), read_curve(curve, [12.0, 36.0, 60.0]), strict=True):
            if estimate.value is None or 12 * year > curve.time[-1]:
                assert (curve.group, year) not in found
                continue
            mark = found.pop((curve.group, year))
            low, high = estimate.interval.low or 0.0, 1.0 if estimate.interval.high is None else estimate.interval.high
            assert mark["y"] == [pytest.approx(100 * estimate.value, abs=0.01)]
            assert mark["error_y"]["arrayminus"] == [pytest.approx(100 * (estimate.value - low), abs=0.01)]
            assert mark["error_y"]["array"] == [pytest.approx(100 * (high - estimate.value), abs=0.01)]
            assert any(text.startswith(f"{100 * estimate.value:.0f}(") for text in texts)
    assert found == {}, "no mark stands where a curve has ended"
    assert go.Figure(figure.to_dict(), skip_invalid=False).layout.height == figure.layout.height


def test_a_curve_is_not_marked_beyond_what_the_policy_shows(make_curve: MakeCurve) -> None:
    result = govern(
        SurvivalResult((make_curve("hsct", [2, 4, 6, 8, 10, 40, 61], [1, 1, 0, 1, 0, 0, 0]),), 0.95, "log-log")
    )
    (curve,) = result.curves
    assert curve.shown_until is not None
    assert all(mark["x"][0] <= curve.shown_until for mark in marks(plot(result, marks=True)))


def test_the_table_has_a_column_at_the_landmark(three_groups: SurvivalResult) -> None:
    at = 180 / 30.4375
    late = estimate_survival([7, 9, 20, 30, 50, 61], [1, 0, 1, 0, 0, 0], group=["hsct"] * 6, entry=[at] * 6)
    figure = plot(late, {"hsct": "HSCT"}, landmark=at)
    ticks = list(figure.layout.xaxis.tickvals)
    assert ticks[:2] == [0, at] and figure.layout.xaxis.ticktext[1] == "5.9"
    (cells,) = (t for t in figure.to_dict()["data"] if t.get("mode") == "text")
    assert cells["text"][0].split("<br>")[1:] == ["–"] * 3, "nobody is followed before"
    assert cells["text"][1].split("<br>")[1:] == ["6", "0", "0"]
    (line,) = figure.layout.shapes
    assert line.x0 == line.x1 == pytest.approx(at, abs=1e-3)
    assert [tick for tick in ticks if 0 < abs(tick - at) < 0.05 * 61] == []
