"""The figures of cumulative incidence: counts that add up, lines that rise, areas that fill, and text that agrees."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.estimators import estimate_cumulative_incidence, estimate_survival
from analytics.figures.curves.incidence import (
    NAIVE_LABEL,
    choose_percents,
    count_incidence,
    describe_drawing,
    describe_incidence,
    plot_incidence,
    plot_naive_incidence,
)
from analytics.figures.curves.stacked_incidence import plot_stacked_incidence
from analytics.figures.curves.steps import (
    THICK,
    THIN,
    say_empty,
    say_too_few,
)
from analytics.figures.theme import style_of
from analytics.reporting.withholding import govern
from analytics.results import IncidenceResult, SurvivalResult

CAUSES = ("relapse", "death in remission")
LABELS = {"B": "B-ALL", "T": "T-ALL"}
STYLES = style_of(list(LABELS))
ORIGIN = "diagnosis"

# Twelve children, months to what came first: 1 relapse, 2 death in remission, 0 still in remission.
TIME = [2.0, 4.0, 6.0, 6.0, 9.0, 12.0, 12.0, 15.0, 20.0, 24.0, 30.0, 36.0]
CAUSE = [1, 2, 1, 0, 1, 2, 1, 0, 1, 0, 2, 0]
GROUP = ["B", "T", "B", "T", "B", "B", "T", "B", "T", "B", "T", "B"]


def result_of(time: Any = TIME, cause: Any = CAUSE, group: Any = GROUP) -> IncidenceResult:
    return estimate_cumulative_incidence(time, cause, group=group, causes=CAUSES)


def plot(result: IncidenceResult, **options: Any) -> go.Figure:
    given_options = {"labels": LABELS, "styles": STYLES, "origin": ORIGIN, "y_title": "Relapse", **options}
    return plot_incidence(result.for_cause("relapse"), **given_options)


def naive_of(time: Any = TIME, cause: Any = CAUSE, group: Any = GROUP) -> SurvivalResult:
    return estimate_survival(time, np.asarray(cause) == 1, group=group)


def plot_naive(result: IncidenceResult, naive: SurvivalResult) -> go.Figure:
    return plot_naive_incidence(
        result.for_cause("relapse"), naive.curves, labels=LABELS, styles=STYLES, origin=ORIGIN, y_title="Relapse"
    )


def plot_stack(result: IncidenceResult) -> go.Figure:
    return plot_stacked_incidence(
        result, labels=LABELS, cause_labels=("Relapse", "Death"), free_label="Alive", origin=ORIGIN
    )


def traces(figure: go.Figure) -> list[dict[str, Any]]:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    go.Figure(figure.to_dict())  # Plotly's own check of every property
    return json.loads(figure.to_json(), parse_constant=refuse)["data"]


def lines(figure: go.Figure, group: str) -> list[dict[str, Any]]:
    return [t for t in traces(figure) if t.get("legendgroup") == group and t.get("line", {}).get("shape") == "hv"]


children = st.lists(
    st.tuples(st.integers(0, 90).map(lambda half: half / 2), st.integers(0, 2), st.sampled_from("BT")),
    min_size=1,
    max_size=40,
)


def test_twelve_children_by_hand() -> None:
    """Of seven children with B-ALL one relapses at 2, 6 and 9 months, all seven still followed, and one dies at 12."""
    curve = result_of().for_cause("relapse")[0]
    (line, *_) = lines(plot(result_of(), fade_below=0), "B")
    assert (curve.n, curve.n_event) == (7, 3)
    rises = [(x, y) for x, y, before in zip(line["x"], line["y"], [-1, *line["y"]], strict=False) if y > before]
    assert [x for x, _ in rises] == [0, 2, 6, 9]
    assert [y for _, y in rises] == pytest.approx([0, 100 / 7, 200 / 7, 300 / 7], abs=0.005)
    assert (line["x"][-1], line["y"][-1]) == (36, rises[-1][1])
    counts = count_incidence(curve, [0, 12, 24, 36])
    assert counts.at_risk.tolist() == [7, 4, 2, 1]
    assert counts.n_event.tolist() == [0, 3, 3, 3]
    assert counts.n_competing.tolist() == [0, 0, 1, 1]
    assert counts.n_censor.tolist() == [0, 0, 1, 2]
    (cells,) = (t for t in traces(plot(result_of())) if t["mode"] == "text")
    at_24 = cells["text"][cells["x"].index(24)]
    assert at_24.split("<br>")[1:] == ["2", "3", "1", "1"]


@settings(deadline=None, max_examples=60)
@given(patients=children, ticks=st.lists(st.floats(0, 50), max_size=9, unique=True).map(sorted))
def test_every_column_of_the_table_adds_up(patients: list[tuple[float, int, str]], ticks: list[float]) -> None:
    time, cause, group = (list(column) for column in zip(*patients, strict=True))
    for curve in result_of(time, cause, group).curves:
        counts = count_incidence(curve, ticks)
        total = counts.at_risk + counts.n_event + counts.n_competing + counts.n_censor
        assert (total == curve.n).all()


@settings(deadline=None, max_examples=40)
@given(patients=children)
def test_lines_start_at_zero_never_fall_and_stay_on_the_axis(patients: list[tuple[float, int, str]]) -> None:
    time, cause, group = (list(column) for column in zip(*patients, strict=True))
    result = result_of(time, cause, group)
    figure = plot(result)
    end = figure.layout.yaxis.tickvals[-1]
    for curve in result.for_cause("relapse"):
        y = [value for line in lines(figure, curve.group) for value in line["y"]]
        assert y[0] == 0 and (np.diff(y) >= 0).all()
        assert y[-1] == pytest.approx(100 * curve.estimate[-1], abs=0.01)
    for trace in traces(figure):
        if trace["mode"] != "text":
            assert all(0 <= value <= end + 0.01 for value in trace["y"] if value is not None)


@settings(deadline=None, max_examples=40)
@given(patients=children)
def test_areas_add_up_to_one_hundred_per_cent(patients: list[tuple[float, int, str]]) -> None:
    time, cause, group = (list(column) for column in zip(*patients, strict=True))
    figure = plot_stack(result_of(time, cause, group))
    drawn = traces(figure)
    assert len(drawn) == 3 * len(set(group))
    for panel in range(len(set(group))):
        areas = drawn[3 * panel : 3 * panel + 3]
        assert [area["name"] for area in areas] == ["Relapse", "Death", "Alive"]
        assert np.sum([area["y"] for area in areas], axis=0) == pytest.approx(100, abs=0.02)
        assert all(area["x"] == areas[0]["x"] for area in areas)


@settings(deadline=None, max_examples=40)
@given(patients=children)
def test_one_minus_kaplan_meier_is_never_below(patients: list[tuple[float, int, str]]) -> None:
    time, cause, group = (list(column) for column in zip(*patients, strict=True))
    figure = plot_naive(result_of(time, cause, group), naive_of(time, cause, group))
    readings = [t for t in traces(figure) if "customdata" in t]
    assert len(readings) == len(set(group))
    for trace in readings:
        assert all(naive >= right - 0.011 for naive, right in zip(trace["customdata"], trace["y"], strict=True))


def test_readings_of_both_by_hand() -> None:
    """Children with T-ALL: a death at 4, one censored at 6, a relapse at 12 and at 20, a death at 30."""
    (trace,) = (t for t in traces(plot_naive(result_of(), naive_of())) if "customdata" in t and t["legendgroup"] == "T")
    at = trace["x"].index(20)
    assert trace["y"][at] == pytest.approx(100 * (4 / 5 * 1 / 3 + 4 / 5 * 2 / 3 * 1 / 2), abs=0.01)
    assert trace["customdata"][at] == pytest.approx(100 * (1 - 2 / 3 * 1 / 2), abs=0.01)


def test_dashed_lines_are_named() -> None:
    figure = plot_naive(result_of(), naive_of())
    assert NAIVE_LABEL == "1 − KM: too high"
    assert [t["name"] for t in traces(figure) if t.get("name") == NAIVE_LABEL] == [NAIVE_LABEL]
    assert any(NAIVE_LABEL in a.text for a in figure.layout.annotations)
    dashes = {line["line"]["dash"] for line in lines(figure, "B")}
    assert dashes == {"solid", "5px,4px"}
    assert "yaxis2" not in figure.to_dict()["layout"]


@pytest.mark.parametrize(
    ("highest", "end"),
    [(0, 10), (0.1, 10), (0.11, 20), (0.21, 30), (0.4, 40), (0.41, 60), (0.7, 80), (0.81, 100), (1, 100)],
)
def test_axis_ends_at_a_round_number_that_holds_the_curve(highest: float, end: int) -> None:
    percents = choose_percents(highest)
    assert percents[0] == 0 and percents[-1] == end
    assert len(set(np.diff(percents))) == 1


def test_a_shortened_axis_says_so() -> None:
    time, cause = [1.0 + i / 10 for i in range(100)], [1 if i % 20 == 0 else 0 for i in range(100)]
    short = plot(result_of(time, cause, ["B"] * 100), bands=False)
    assert [a.text for a in short.layout.annotations][-1] == "Axis ends at 20\u2009%"
    assert short.layout.yaxis.tickvals[-1] == 20
    full = plot(result_of(time, cause, ["B"] * 100), full_axis=True)
    assert full.layout.yaxis.tickvals[-1] == 100
    assert not [a for a in full.layout.annotations if "Axis ends" in a.text]


def test_an_emptied_group_keeps_its_rows_and_the_others_their_look() -> None:
    time, cause, group = zip(*[row for row in zip(TIME, CAUSE, GROUP, strict=True) if row[2] == "T"], strict=True)
    full, part = plot(result_of()), plot(result_of(time, cause, group))
    assert full.layout.height == part.layout.height
    assert lines(full, "T")[0]["line"] == lines(part, "T")[0]["line"]
    (cells,) = (t for t in traces(part) if t["mode"] == "text")
    assert cells["text"][0] == "\u00a0<br>0<br>0<br>0<br>0"


def test_many_groups_have_a_shorter_table() -> None:
    levels = list("abcdef")
    labels = dict(zip(levels, levels, strict=True))
    result = result_of(TIME, CAUSE, levels * 2)
    figure = plot(result, labels=labels, styles=style_of(levels))
    (cells,) = (t for t in traces(figure) if t["mode"] == "text")
    assert cells["text"][0] == "\u00a0<br>2<br>0 / 0<br>0"
    assert (
        len(
            plot_stacked_incidence(
                result, labels=labels, cause_labels=("Relapse", "Death"), free_label="Alive", origin=ORIGIN
            ).data
        )
        == 18
    )


def test_line_fades_where_few_are_at_risk() -> None:
    (thin,) = lines(plot(result_of(), marks=True), "B")
    assert thin["line"]["width"] == THIN and thin.get("showlegend", True)
    (thick,) = lines(plot(result_of(), fade_below=0), "B")
    assert thick["line"]["width"] == THICK
    assert "opacity" not in thin, "a paler line would fall below the contrast of a graphic"


def test_a_group_too_small_for_a_curve_stays_in_the_legend() -> None:
    result = govern(result_of([3.0, 5.0, 9.0, 12.0, 15.0, 18.0, 7.0], [1, 0, 2, 0, 1, 0, 1], ["B"] * 6 + ["T"]))
    figure = plot(result)
    (key,) = (t for t in traces(figure) if t["mode"] == "lines" and t.get("legendgroup") == "T")
    assert key["name"] == "T-ALL: not drawn, 1 child, 1 event"
    assert key["x"] == [None] and key["line"]["color"] == STYLES["T"].colour
    assert figure.layout.showlegend
    (silent,) = (t for t in traces(figure) if t.get("legendgroup") == "T" and "hovertemplate" in t)
    assert "not shown, %{customdata} at risk" in silent["hovertemplate"] and set(silent["customdata"]) == {1}
    words = describe_incidence(result.for_cause("relapse"), LABELS, ORIGIN, "relapse")
    assert "T-ALL: 1 child, 1 event, 0 competing; not drawn, too few for a curve." in words
    stacked = plot_stack(result)
    assert "not drawn: 1 child, 1<br>event" in [a.text for a in stacked.layout.annotations]
    assert {t["xaxis"] for t in traces(stacked)} == {"x", "x2"}, "the empty panel keeps its axes"
    naive = plot_naive(result, naive_of([3.0, 5.0, 9.0, 7.0], [1, 0, 2, 1], ["B", "B", "B", "T"]))
    assert "T-ALL: not drawn, 1 child, 1 event" in [t.get("name") for t in traces(naive)]


def test_too_few_for_any_curve_are_not_nobody() -> None:
    result = govern(result_of([7.0], [1], ["T"]))
    figure = plot(result)
    assert "T-ALL: not drawn, 1 child, 1 event" in [t.get("name") for t in traces(figure)]
    assert {t.get("yaxis", "y") for t in traces(figure)} == {"y", "y2"}, "both axes keep their place"
    naive = plot_naive(result, naive_of([7.0], [1], ["T"]))
    assert [a.text for a in naive.layout.annotations] == [say_too_few()]


def test_before_the_first_event_the_band_is_the_exact_limit() -> None:
    figure = plot(result_of([10.0, 20.0, 30.0], [0, 0, 0], ["B"] * 3))
    (band,) = (t for t in traces(figure) if t.get("fill") == "toself")
    hidden = [100 * (1 - 0.05 ** (1 / n)) for n in (3, 2, 1)]
    assert max(band["y"]) == pytest.approx(hidden[2], abs=0.01)
    assert band["y"][0] == pytest.approx(hidden[0], abs=0.01) and (min(band["x"]), max(band["x"])) == (0, 30)
    (points,) = (t for t in traces(figure) if "customdata" in t)
    assert points["text"][points["x"].index(15.0)] == f" (0.0–{hidden[1]:.1f})"


def test_nobody() -> None:
    nobody = result_of([], [], [])
    for figure in (plot(nobody), plot_stack(nobody), plot_naive(nobody, naive_of([], [], []))):
        assert not figure.data
        assert figure.layout.annotations[0].text == say_empty()
    assert describe_incidence(nobody.for_cause("relapse"), LABELS, ORIGIN, "relapse") == f"{say_empty()}."
    assert describe_drawing(nobody.for_cause("relapse"), 0.95, "log-log") == ""


@pytest.mark.parametrize("cause", [0, 1, 2])
def test_one_child(cause: int) -> None:
    one = result_of([0.0], [cause], ["B"])
    for figure in (plot(one), plot_stack(one), plot_naive(one, naive_of([0.0], [cause], ["B"]))):
        assert traces(figure)


def test_the_figure_in_words() -> None:
    words = describe_incidence(result_of().for_cause("relapse"), LABELS, ORIGIN, "relapse").replace("\u00a0", " ")
    assert words.startswith("Curves of the cumulative incidence of relapse in months from diagnosis, rising from 0 %.")
    assert "B-ALL: 7 children, 3 events, 1 competing; 42.9 % (95 % confidence interval " in words
    assert "4 still at risk" in words
    assert "T-ALL: 5 children, 2 events, 2 competing; 26.7 %" in words


def test_the_key_names_the_interval_and_the_table() -> None:
    key = describe_drawing(result_of().for_cause("relapse"), 0.95, "log-log").replace("\u00a0", " ")
    assert (
        key
        == "Shaded: pointwise 95 % confidence interval (log-log; exact one-sided limit before a group’s first event). "
        "How to read incidence curves"
    )
    assert "Shaded" not in describe_drawing(result_of().for_cause("relapse"), 0.95, "log-log", bands=False)


def test_areas_on_each_other_end_where_the_first_of_their_curves_does() -> None:
    """Noise in small numbers may end the curve of one cause before that of another."""
    result = result_of(TIME, CAUSE, ["B"] * 12)
    early = tuple(
        replace(curve, shown_until=float(curve.time[2]) if curve.cause == "relapse" else None)
        for curve in result.curves
    )
    areas = [t for t in traces(plot_stack(replace(result, curves=early))) if "stackgroup" in t]
    assert len(areas) == 3
    for area in areas:
        assert max(area["x"]) == pytest.approx(float(result.curves[0].time[2]), abs=0.001)
        assert len(area["x"]) == len(areas[0]["x"])
