"""The survival figure: counts that add up, lines that fall, groups that stay, and text that says the same."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.dictionary import load_dictionary
from analytics.estimators import estimate_restricted_mean, estimate_survival
from analytics.figures.curves.steps import THICK, THIN
from analytics.figures.curves.survival import (
    READING,
    Overlay,
    choose_ticks,
    describe_drawing,
    describe_survival,
    figure_height,
    plot_survival,
    risk_table,
    say_empty,
)
from analytics.figures.theme import style_of
from analytics.reporting.withholding import govern
from analytics.results import SurvivalCurve, SurvivalResult

MakeCurve = Callable[..., SurvivalCurve]

LABELS = {"hsct": "HSCT", "chemotherapy": "Chemotherapy", "spared": "Isolated extramedullary"}
STYLES = style_of(list(LABELS))


def plot(result: SurvivalResult, **options: Any) -> go.Figure:
    settings = {"labels": LABELS, "styles": STYLES, "origin": "first relapse", "y_title": "Overall survival"}
    return plot_survival(result, **{**settings, **options})


def traces(figure: go.Figure, group: str | None = None) -> list[dict[str, Any]]:
    drawn = json.loads(figure.to_json())["data"]
    return [trace for trace in drawn if group is None or trace.get("legendgroup") == group]


def lines(figure: go.Figure, group: str) -> list[dict[str, Any]]:
    return [t for t in traces(figure, group) if t.get("line", {}).get("shape") == "hv"]


def table(figure: go.Figure) -> list[str]:
    (trace,) = (t for t in traces(figure) if t["mode"] == "text")
    return trace["text"]


def titles(figure: go.Figure) -> list[str]:
    """What stands at the left of the table, group by group."""
    return [a.text for a in figure.layout.annotations if a.yref == "y2"]


def numbers(value: Any) -> list[float]:
    if isinstance(value, dict):
        return [n for part in value.values() for n in numbers(part)]
    if isinstance(value, list | tuple):
        return [n for part in value for n in numbers(part)]
    return [value] if isinstance(value, float) else []


patients = st.lists(
    st.tuples(st.integers(0, 120).map(lambda days: days / 2), st.integers(0, 1)), min_size=1, max_size=60
)


@given(patients=patients, ticks=st.lists(st.floats(0, 80), max_size=9, unique=True).map(sorted))
def test_every_column_of_the_table_adds_up_to_all_patients(
    make_curve: MakeCurve, patients: list[tuple[float, int]], ticks: list[float]
) -> None:
    time, event = zip(*patients, strict=True)
    table = risk_table(make_curve("all", time, event), ticks)
    assert (table.at_risk + table.n_event + table.n_censor == len(patients)).all()
    times, events = np.array(time), np.array(event)
    for tick, risk, died, censored in zip(ticks, table.at_risk, table.n_event, table.n_censor, strict=True):
        assert risk == (times >= tick).sum() or np.isclose(times, tick, rtol=1e-6, atol=1e-6).any()
        if not np.isclose(times, tick, rtol=1e-6, atol=1e-6).any():
            assert died == ((times < tick) & (events == 1)).sum()
            assert censored == ((times < tick) & (events == 0)).sum()


def test_a_patient_at_the_tick_is_still_at_risk(make_curve: MakeCurve) -> None:
    table = risk_table(make_curve("all", [12, 12, 24, 36 - 1e-12], [1, 0, 1, 0]), [0, 12, 24, 36])
    assert table.at_risk.tolist() == [4, 4, 2, 1]
    assert table.n_event.tolist() == [0, 0, 1, 2]
    assert table.n_censor.tolist() == [0, 0, 1, 1]
    assert not table.at_risk.flags.writeable


def test_table_without_patients_is_zero(make_curve: MakeCurve) -> None:
    table = risk_table(make_curve("none", [], []), [0, 12])
    assert table.at_risk.tolist() == table.n_event.tolist() == table.n_censor.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("end", "unit", "expected"),
    [
        (96.4, "months", (0, 12, 24, 36, 48, 60, 72, 84, 96)),
        (60, "months", (0, 12, 24, 36, 48, 60)),
        (36, "months", (0, 6, 12, 18, 24, 30, 36)),
        (14, "months", (0, 2, 4, 6, 8, 10, 12, 14)),
        (240, "months", (0, 36, 72, 108, 144, 180, 216)),
        (60, "years", (0, 12, 24, 36, 48, 60)),
        (0, "months", (0,)),
    ],
)
def test_ticks_are_whole_clinical_steps(end: float, unit: Any, expected: tuple[float, ...]) -> None:
    assert choose_ticks(end, unit) == expected


@given(st.floats(1, 2000))
def test_ticks_are_few_and_within_follow_up(end: float) -> None:
    ticks = choose_ticks(end)
    assert 2 <= len(ticks) <= 9
    assert ticks[0] == 0 and ticks[-1] <= end * (1 + 1e-6) + 1e-6


def test_lines_start_at_one_hundred_per_cent_and_never_rise(three_groups: SurvivalResult) -> None:
    figure = plot(three_groups)
    for curve in three_groups.curves:
        x = [value for line in lines(figure, curve.group) for value in line["x"]]
        y = [value for line in lines(figure, curve.group) for value in line["y"]]
        assert (x[0], y[0]) == (0, 100)
        assert (np.diff(x) >= 0).all() and (np.diff(y) <= 0).all()
        assert x[-1] == pytest.approx(curve.time[-1], abs=1e-3)
        assert y[-1] == pytest.approx(100 * curve.estimate[-1], abs=0.01)


@pytest.mark.parametrize(("time", "event", "y"), [([0, 0], [1, 1], 0), ([0, 5], [1, 0], 50)])
def test_a_death_at_time_zero_is_a_drop_from_one_hundred(
    make_curve: MakeCurve, time: list[float], event: list[int], y: float
) -> None:
    (line,) = lines(plot(SurvivalResult((make_curve("all", time, event),), 0.95, "log-log")), "all")
    assert line["x"][:2] == [0, 0] and line["y"] == [100, y, y]


def test_line_fades_where_fewer_than_ten_are_at_risk(three_groups: SurvivalResult) -> None:
    solid, faint = lines(plot(three_groups), "hsct")
    curve = three_groups.curves[0]
    assert (solid["line"]["width"], faint["line"]["width"]) == (THICK, THIN)
    assert "opacity" not in faint, "a paler line would fall below the contrast of a graphic"
    assert solid["x"][-1] == faint["x"][0]
    at_risk_after = int((curve.time > solid["x"][-1]).sum())
    assert at_risk_after == 9
    assert len(lines(plot(three_groups, fade_below=0), "hsct")) == 1
    (all_faint,) = lines(plot(three_groups, fade_below=100, marks=True), "hsct")
    assert all_faint["line"]["width"] == THIN and all_faint["showlegend"]


def test_bands_stay_between_zero_and_one_hundred(three_groups: SurvivalResult) -> None:
    figure = plot(three_groups)
    bands = [t for t in traces(figure) if t.get("fill") == "toself"]
    assert [band["legendgroup"] for band in bands] == ["hsct", "chemotherapy", "spared"]
    for band in bands:
        assert band["x"][0] == band["x"][-1]
        assert all(0 <= value <= 100 for value in band["y"])
        half = len(band["y"]) // 2
        assert all(high >= low for high, low in zip(band["y"][:half], band["y"][::-1][:half], strict=True))
    assert not [t for t in traces(plot(three_groups, bands=False)) if t.get("fill")]


def test_band_ends_where_the_curve_reaches_zero(make_curve: MakeCurve) -> None:
    result = SurvivalResult((make_curve("all", [5, 10, 20], [1, 1, 1]),), 0.95, "log-log")
    (band,) = (t for t in traces(plot(result)) if t.get("fill"))
    assert (min(band["x"]), max(band["x"])) == (0, 20)
    assert band["y"][-1] == pytest.approx(100 * 0.05 ** (1 / 3), abs=0.01), "before the first of three events"
    assert lines(plot(result), "all")[-1]["y"][-1] == 0


def test_an_emptied_group_keeps_its_rows_and_the_others_their_look(three_groups: SurvivalResult) -> None:
    emptied = SurvivalResult((three_groups.curves[0], three_groups.curves[2]), 0.95, "log-log")
    full, part = plot(three_groups), plot(emptied)
    assert full.layout.height == part.layout.height
    assert titles(full) == titles(part)
    n_ticks = len(part.layout.xaxis.tickvals)
    assert len(table(part)) == 3 * n_ticks
    assert set(table(part)[n_ticks : 2 * n_ticks]) == {"\u00a0<br>0<br>0<br>0"}
    for group in ("hsct", "spared"):
        assert lines(full, group)[0]["line"] == lines(part, group)[0]["line"]
        assert lines(full, group)[0]["line"]["color"] == STYLES[group].colour
        assert lines(full, group)[0]["line"]["dash"] == STYLES[group].dash


def test_table_text_adds_up_in_every_column(three_groups: SurvivalResult) -> None:
    figure = plot(three_groups)
    n_ticks = len(figure.layout.xaxis.tickvals)
    for position, cell in enumerate(table(figure)):
        counts = [int(line) for line in cell.split("<br>")[1:]]
        assert sum(counts) == three_groups.curves[position // n_ticks].n


def test_groups_come_in_the_order_of_the_labels(three_groups: SurvivalResult) -> None:
    reversed_result = SurvivalResult(three_groups.curves[::-1], 0.95, "log-log")
    figure = plot(reversed_result)
    assert [re.sub(r".*<b>(.*?)</b>.*", r"\1", title) for title in titles(figure)] == list(LABELS.values())
    legend = [t["legendgroup"] for t in traces(plot(reversed_result, marks=True)) if t.get("showlegend", True)]
    assert legend == list(LABELS)


def test_many_groups_get_a_compact_table(make_curve: MakeCurve) -> None:
    result = SurvivalResult(tuple(make_curve(f"g{i}", [5 + i, 10, 20], [1, 0, 1]) for i in range(6)), 0.95, "log-log")
    figure = plot(result, labels={}, styles={})
    assert table(figure)[0] == "\u00a0<br>3<br>0 / 0"
    assert figure.layout.height == figure_height(6)
    assert len({line["line"]["color"] for i in range(6) for line in lines(figure, f"g{i}")}) == 6


def test_height_with_three_groups_fits_a_laptop_page() -> None:
    assert 430 <= figure_height(3) <= 540
    assert figure_height(0) == figure_height(1)


@given(patients=patients, fade=st.integers(0, 30), horizon=st.none() | st.floats(0.5, 100))
def test_no_drawing_holds_a_number_that_is_not_finite(
    make_curve: MakeCurve, patients: list[tuple[float, int]], fade: int, horizon: float | None
) -> None:
    time, event = zip(*patients, strict=True)
    result = SurvivalResult((make_curve("all", time, event),), 0.95, "log-log")
    figure = plot(result, fade_below=fade, horizon=horizon)
    assert all(math.isfinite(n) for n in numbers(figure.to_dict()))
    ends = [value for line in lines(figure, "all") for value in line["x"]]
    assert not ends or max(ends) <= max(horizon or max(time), 1) + 1e-3


def test_horizon_cuts_the_curve_and_the_axis(three_groups: SurvivalResult) -> None:
    figure = plot(three_groups, horizon=36.0)
    assert figure.layout.xaxis.tickvals == (0, 6, 12, 18, 24, 30, 36)
    assert max(lines(figure, "hsct")[-1]["x"]) == 36
    assert all(x is None or x <= 36 for t in traces(figure) for x in t["x"])


def test_ticks_in_years_leave_the_data_in_months(three_groups: SurvivalResult) -> None:
    figure = plot(three_groups, time_unit="years", horizon=60.0)
    assert figure.layout.xaxis.title.text == "Years from first relapse"
    assert figure.layout.xaxis.ticktext == ("0", "1", "2", "3", "4", "5")
    assert figure.layout.xaxis.tickvals == (0, 12, 24, 36, 48, 60)


def test_censor_marks_stand_at_censored_times_only_while_few(
    make_curve: MakeCurve, three_groups: SurvivalResult
) -> None:
    marks = [t for t in traces(plot(three_groups), "spared") if t["mode"] == "markers"]
    assert marks[0]["x"] == three_groups.curves[2].time.tolist()
    assert not [t for t in traces(plot(three_groups, censor_marks=False)) if t["mode"] == "markers"]
    crowd = SurvivalResult((make_curve("all", np.arange(1, 302) / 4, [0] * 301),), 0.95, "log-log")
    assert not [t for t in traces(plot(crowd)) if t["mode"] == "markers"]


def test_pointer_reads_the_curve_at_whole_months(three_groups: SurvivalResult) -> None:
    (points,) = (t for t in traces(plot(three_groups), "chemotherapy") if "customdata" in t)
    at = points["x"].index(24.0)
    curve = three_groups.curves[1]
    known = curve.time <= 24
    assert points["y"][at] == pytest.approx(100 * curve.estimate[known][-1], abs=0.01)
    assert points["customdata"][at] == (curve.n - known.sum())
    assert points["text"][at] == f" ({100 * curve.low[known][-1]:.1f}–{100 * curve.high[known][-1]:.1f})"


def test_large_cohorts_stay_small_to_send(make_curve: MakeCurve) -> None:
    generator = np.random.default_rng(7)
    time = np.ceil(generator.exponential(60, 6000) * 100) / 100
    result = SurvivalResult((make_curve("all", time, generator.integers(0, 2, 6000)),), 0.95, "log-log")
    figure = plot(result)
    curve = result.curves[0]
    assert len(figure.to_json()) < 100_000
    for line in lines(figure, "all"):
        at = np.searchsorted(curve.time, np.array(line["x"][1:-1]) + 5e-3, side="right")
        true = 100 * np.append(1.0, curve.estimate)[at]
        assert np.abs(true - line["y"][1:-1]).max() < 0.2


def test_small_figure_is_small_to_send(three_groups: SurvivalResult) -> None:
    figure = plot(three_groups)
    assert len(figure.to_json()) < 25_000
    assert json.loads(figure.to_json())["layout"]["template"] == {}


def test_plotly_accepts_every_property(three_groups: SurvivalResult) -> None:
    empty = SurvivalResult((), 0.95, "log-log")
    for figure in (plot(three_groups), plot(empty), plot(three_groups, time_unit="years", horizon=12.0)):
        assert go.Figure(figure.to_dict(), skip_invalid=False).layout.height == figure.layout.height


@pytest.mark.parametrize("with_curve", [True, False])
def test_without_patients_there_is_a_sentence(make_curve: MakeCurve, with_curve: bool) -> None:
    curves = (make_curve("hsct", [], []),) if with_curve else ()
    result = SurvivalResult(curves, 0.95, "log-log")
    figure = plot(result)
    assert [a.text for a in figure.layout.annotations] == [say_empty()]
    assert figure.layout.height == figure_height(3)
    assert describe_survival(result, LABELS, "first relapse") == f"{say_empty()}."


def test_labels_from_files_are_escaped(make_curve: MakeCurve) -> None:
    result = SurvivalResult((make_curve("x", [5, 10], [1, 0]),), 0.95, "log-log")
    text = plot(result, labels={"x": "<img src=x> & more"}, styles={}).layout.annotations[0].text
    assert "<img" not in text and "&lt;img src=x&gt; &amp; more" in text


def test_a_single_curve_has_no_legend(make_curve: MakeCurve) -> None:
    result = SurvivalResult((make_curve("all", [5, 10], [1, 0]),), 0.95, "log-log")
    assert plot(result, labels={"all": "All patients"}, styles={}).layout.showlegend is False


def test_description_names_patients_events_and_survival_while_at_risk(three_groups: SurvivalResult) -> None:
    text = describe_survival(three_groups, LABELS, "first relapse")
    chemotherapy = three_groups.curves[1]
    at_one_year = chemotherapy.estimate[chemotherapy.time <= 12][-1]
    assert "months from first relapse" in text
    assert f"Chemotherapy: 12 children, 5 events; {100 * at_one_year:.1f}\u00a0%" in text
    assert "5 still at risk" in text
    short = SurvivalResult((three_groups.curves[0],), 0.95, "log-log")
    assert "Isolated extramedullary" not in describe_survival(short, LABELS, "first relapse")


def test_key_to_the_drawing_states_level_and_how_curves_are_read(three_groups: SurvivalResult) -> None:
    text = describe_drawing(three_groups)
    assert "95\u00a0% confidence interval (log-log; exact one-sided limit before" in text and text.endswith(READING)
    assert "exact" not in describe_drawing(three_groups, exact_limits=False)
    assert describe_drawing(three_groups, bands=False) == READING


def late_curve() -> SurvivalResult:
    """Two who enter at 2 and 5 months, one event at 8 and one censored at 10."""
    return estimate_survival([8.0, 10.0, 4.0], [1, 0, 1], group=["late", "late", "early"], entry=[2.0, 5.0, 0.0])


def test_curve_of_late_entries_begins_where_somebody_is_at_risk() -> None:
    figure = plot_survival(
        late_curve(),
        labels={"early": "Early", "late": "Late"},
        styles={},
        origin="x",
        y_title="OS",
        fade_below=2,
        marks=True,
    )
    first, solid, last = (t for t in figure.to_dict()["data"] if t.get("name") == "Late")
    assert (first["x"], first["y"], first["line"]["width"]) == ([2.0, 5.0], [100.0, 100.0], THIN)
    assert (solid["x"], solid["y"], solid["line"]["width"]) == ([5.0, 8.0, 8.0], [100.0, 50.0, 50.0], THICK)
    assert (last["x"], last["y"]) == ([8.0, 10.0], [50.0, 50.0])
    assert [t.get("showlegend", True) for t in (first, solid, last)] == [False, True, False]


def test_table_of_late_entries_counts_who_has_entered() -> None:
    (curve,) = (c for c in late_curve().curves if c.group == "late")
    table = risk_table(curve, [0, 3, 6, 9])
    assert table.at_risk.tolist() == [0, 1, 2, 1]
    assert (table.at_risk + table.n_event + table.n_censor).tolist() == [0, 1, 2, 2]


def test_before_anybody_has_entered_there_is_nothing_to_count() -> None:
    result = estimate_survival([8.0, 10.0, 12.0, 14.0], [1, 0, 1, 0], group=list("aabb"), entry=[6.0] * 4)
    figure = plot(result, labels={"a": "A", "b": "B", "none": "Nobody"}, styles={}, horizon=14.0)
    ticks = list(figure.layout.xaxis.tickvals)
    cells = table(figure)
    for group in range(3):
        for tick, cell in zip(ticks, cells[group * len(ticks) :], strict=False):
            assert ("–" in cell) == (tick < 6), (group, tick)
    late = table(plot_survival(late_curve(), labels={"early": "E", "late": "L"}, styles={}, origin="x", y_title="OS"))
    assert not any("–" in cell for cell in late), "where some are at risk, none is a number"


# Groups that are too small for a line, and lines that end


def test_a_group_too_small_for_a_curve_stays_in_the_legend(make_curve: MakeCurve) -> None:
    curves = (make_curve("hsct", [5, 10, 20, 40, 50], [1, 0, 1, 1, 0]), make_curve("spared", [7], [1]))
    result = govern(SurvivalResult(curves, 0.95, "log-log"))
    figure = plot(result, endpoint=load_dictionary().endpoint("os_relapse"))
    (key,) = (t for t in traces(figure, "spared") if t["mode"] == "lines")
    assert key["name"] == "Isolated extramedullary: not drawn, 1 child, 1 died"
    assert key["line"]["color"] == STYLES["spared"].colour and figure.layout.showlegend
    (silent,) = (t for t in traces(figure, "spared") if "hovertemplate" in t)
    assert "not shown, %{customdata} at risk" in silent["hovertemplate"] and set(silent["customdata"]) == {1}
    words = describe_survival(result, LABELS, "first relapse")
    assert "Isolated extramedullary: 1 child, 1 event; not drawn, too few for a curve." in words


@pytest.mark.parametrize(
    ("time", "event", "endpoint", "said"),
    [
        ([7], [0], "os_relapse", "1 child, none died"),
        ([7, 8], [1, 1], "os_relapse", "2 children, 2 died"),
        ([7, 8], [1, 0], "efs_relapse", "2 children, 1 event"),
        ([7, 8], [0, 0], None, "2 children, no events"),
    ],
)
def test_a_figure_of_a_handful_keeps_its_axes(
    make_curve: MakeCurve, time: list[float], event: list[int], endpoint: str | None, said: str
) -> None:
    result = govern(SurvivalResult((make_curve("hsct", time, event),), 0.95, "log-log"))
    figure = plot(result, endpoint=endpoint and load_dictionary().endpoint(endpoint))
    assert f"HSCT: not drawn, {said}" in [t.get("name") for t in traces(figure)]
    assert {t.get("yaxis", "y") for t in traces(figure)} == {"y", "y2"}, "a figure without a line collapses"
    assert figure.layout.showlegend and figure.layout.height == figure_height(3)


def test_a_line_does_not_drop_where_the_step_is_not_shown(make_curve: MakeCurve) -> None:
    result = govern(SurvivalResult((make_curve("hsct", [4, 6, 10, 15, 20], [1, 0, 1, 1, 1]),), 0.95, "log-log"))
    (curve,) = result.curves
    assert curve.shown_until == 10, "three are at risk before the death at ten months, two after it"
    figure = plot(result)
    line = lines(figure, "hsct")[-1]
    assert (line["x"][-1], line["y"][-1]) == (10, 80), "it ends before the step"
    assert min(y for t in lines(figure, "hsct") for y in t["y"]) == 80
    reads = {x: t["hovertemplate"] for t in traces(figure) if "hovertemplate" in t for x in t["x"]}
    assert "not shown" not in reads[9.5] and all("not shown" in reads[x] for x in (10.0, 12.0, 20.0))
    frame = result.to_frame().set_index("time")
    assert frame["estimate"].notna().tolist() == [True, True, False, False, False]


def test_before_the_first_event_the_band_is_the_exact_limit(make_curve: MakeCurve) -> None:
    result = SurvivalResult((make_curve("spared", [10, 20, 30], [0, 0, 0]),), 0.95, "log-log")
    figure = plot(result)
    (band,) = (t for t in traces(figure, "spared") if t.get("fill") == "toself")
    limits = [100 * 0.05 ** (1 / n) for n in (3, 2, 1)]
    assert (min(band["x"]), max(band["x"])) == (0, 30) and max(band["y"]) == 100
    assert sorted({round(y, 1) for y in band["y"]}) == [round(y, 1) for y in (*limits[::-1], 100)]
    (points,) = (t for t in traces(figure, "spared") if "customdata" in t)
    assert points["text"][points["x"].index(15.0)] == f" ({limits[1]:.1f}–100.0)"
    words = describe_survival(result, LABELS, "first relapse").replace("\u00a0", " ")
    assert f"100.0 % (95 % exact, one-sided limit {limits[1]:.1f}–100.0) at 1 year" in words
    weighted = plot(result, exact_limits=False)
    assert not [t for t in traces(weighted, "spared") if t.get("fill") == "toself"], (
        "weights are no numbers of children"
    )


def test_another_figure_does_not_keep_what_was_hidden_in_this_one(three_groups: SurvivalResult) -> None:
    one, same = plot(three_groups), plot(three_groups)
    other = plot(SurvivalResult(three_groups.curves[1:], 0.95, "log-log"))
    assert one.layout.uirevision == same.layout.uirevision != other.layout.uirevision


def test_overlay_is_a_thin_dotted_line_with_a_name() -> None:
    result = late_curve()
    figure = plot_survival(
        result,
        labels={"early": "Early", "late": "Late"},
        styles={},
        origin="x",
        y_title="OS",
        overlays=[Overlay(result.curves[0], "naive", "#123456")],
        switching=True,
    )
    data = figure.to_dict()["data"]
    (line,) = (t for t in data if t.get("name") == "naive")
    assert (line["x"], line["y"], line["line"]["color"]) == ([0.0, 4.0], [100.0, 0.0], "#123456")
    assert "Left" in figure.layout.annotations[0].text
    said = describe_drawing(result, switching=True)
    assert "Left: changed group" in said and "may rise" in said


# The area of a restricted mean


def areas(figure: go.Figure) -> list[dict[str, Any]]:
    return [t for t in traces(figure) if t.get("fill") == "toself" and "legendgroup" not in t]


def area_of(trace: dict[str, Any]) -> float:
    """The area of a polygon in months (100 % over one month is one)."""
    x, y = np.array(trace["x"]), np.array(trace["y"]) / 100
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)


def test_the_area_under_one_curve_is_its_restricted_mean(make_curve: MakeCurve) -> None:
    curve = make_curve("hsct", [5, 10, 20, 40, 50], [1, 0, 1, 1, 0])
    figure = plot(SurvivalResult((curve,), 0.95, "log-log"), bands=False, mean_until=30.0)
    (area,) = areas(figure)
    expected = estimate_restricted_mean([5, 10, 20, 40, 50], [1, 0, 1, 1, 0], horizon=30.0).groups[0].mean.value
    assert area_of(area) == pytest.approx(expected, abs=0.01)
    (line,) = json.loads(figure.to_json())["layout"]["shapes"]
    assert (line["x0"], line["x1"], line["label"]["text"]) == (30.0, 30.0, "30 months")


def test_the_areas_between_two_curves_add_up_to_the_difference_of_the_means(make_curve: MakeCurve) -> None:
    one, other = ([5, 6, 7, 60, 61], [1, 1, 0, 0, 0]), ([20, 21, 22, 60, 61], [1, 1, 1, 0, 0])
    curves = (make_curve("hsct", *one), make_curve("chemotherapy", *other))
    figure = plot(SurvivalResult(curves, 0.95, "log-log"), bands=False, mean_until=50.0)
    ahead, behind = (area_of(area) for area in areas(figure))
    means = [estimate_restricted_mean(*data, horizon=50.0).groups[0].mean.value for data in (one, other)]
    assert ahead - behind == pytest.approx(means[0] - means[1], abs=0.02)
    assert ahead > 0 and behind > 0, "the curves cross, so each is ahead for a while"
    assert STYLES["hsct"].colour != STYLES["chemotherapy"].colour
    assert areas(figure)[0]["fillcolor"] != areas(figure)[1]["fillcolor"]


def test_a_curve_that_ends_before_the_horizon_is_not_shaded(make_curve: MakeCurve) -> None:
    curves = (make_curve("hsct", [5, 60], [1, 0]), make_curve("chemotherapy", [5, 20], [1, 0]))
    figure = plot(SurvivalResult(curves, 0.95, "log-log"), bands=False, mean_until=50.0)
    (area,) = areas(figure)
    assert max(area["x"]) == 50.0
    all_died = (curves[0], make_curve("chemotherapy", [5, 20], [1, 1]))
    assert len(areas(plot(SurvivalResult(all_died, 0.95, "log-log"), bands=False, mean_until=50.0))) == 2


def test_a_horizon_beyond_all_follow_up_is_not_drawn(make_curve: MakeCurve) -> None:
    figure = plot(SurvivalResult((make_curve("hsct", [5, 20], [1, 0]),), 0.95, "log-log"), mean_until=50.0)
    assert areas(figure) == [] and "shapes" not in json.loads(figure.to_json())["layout"]
    assert "shapes" not in json.loads(plot(SurvivalResult((), 0.95, "log-log"), mean_until=50.0).to_json())["layout"]
