"""Cumulative incidence of competing events: curves with their table, and beside one minus Kaplan–Meier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import plotly.graph_objects as go

from analytics.estimators import read_curve
from analytics.figures.curves.ends import keep_legend, mark_years, name_ends
from analytics.figures.curves.groups import arrange_curves
from analytics.figures.curves.steps import (
    MOST_DETAILED_GROUPS,
    SMALL,
    Lines,
    block_height,
    choose_ticks,
    cut,
    draw_key,
    draw_line,
    empty_layout,
    fades_below,
    figure_height,
    head_of,
    layout_of,
    reading_grid,
    say_empty,
    say_too_few,
)
from analytics.figures.curves.words import YEARS, describe_curve, name_undrawn, say_bands
from analytics.figures.drawing import as_figure, round_months, round_to
from analytics.figures.theme import AXIS_LINE, Style
from analytics.formats import format_count
from analytics.results import FloatArray, IncidenceCurve, SurvivalCurve, read_only

LINES: Lines = (("At risk", (0,)), ("Event", (1,)), ("Competing", (2,)), ("Censored", (3,)))
SHORT_LINES: Lines = (("At risk", (0,)), ("Ev. / comp.", (1, 2)), ("Censored", (3,)))
# Where the axis may end, and its steps, in per cent.
ENDS = ((10, 2), (20, 5), (30, 10), (40, 10), (60, 20), (80, 20), (100, 20))
FULL_AXIS = tuple(range(0, 101, 20))
NAIVE_LABEL = "1 − KM: too high"
NAIVE_DASH = "5px,4px"
NAIVE_COLOUR = AXIS_LINE
READING = "How to read incidence curves"  # a term of the glossary


@dataclass(frozen=True, slots=True)
class IncidenceCounts:
    """Patients at risk, with the event, a competing one, and censored at each tick; one entry per tick.

    Without delayed entry the four add up to all patients in every column.
    """

    at_risk: FloatArray
    n_event: FloatArray
    n_competing: FloatArray
    n_censor: FloatArray


@dataclass(frozen=True, slots=True)
class _Complement:
    """One minus a survival curve, as the line that is drawn."""

    group: str
    time: FloatArray
    n_risk: FloatArray
    estimate: FloatArray
    low: FloatArray
    high: FloatArray


def _complement(curve: SurvivalCurve, until: float) -> _Complement:
    """One minus a survival curve, as far as the incidence beside it is shown."""
    curve = cut(curve)
    inside = curve.time <= until
    arrays = (curve.time, curve.n_risk, 1 - curve.estimate, 1 - curve.high, 1 - curve.low)
    return _Complement(curve.group, *(values[inside] for values in arrays))


def count_incidence(curve: IncidenceCurve, ticks: Sequence[float] | FloatArray) -> IncidenceCounts:
    """The counts under a curve: at risk at each tick, events of either kind and censorings before it.

    Parameters
    ----------
    curve
        The curve of one group and cause, times in months.
    ticks
        Times in months, ascending; an empty sequence gives empty arrays.

    Returns
    -------
    IncidenceCounts
        Cumulative counts. A curve without patients gives zeros.
    """
    times = np.asarray(ticks, dtype=np.float64)
    # Days divided by the length of a month miss a whole number of months by rounding alone.
    first = np.searchsorted(curve.time, times - 1e-9 * np.maximum(1.0, np.abs(times)), side="left")
    sums = (np.append(0.0, np.cumsum(n))[first] for n in (curve.n_event_at, curve.n_competing_at, curve.n_censor))
    numbers = (np.append(curve.n_risk, 0.0)[first], *sums)
    return IncidenceCounts(*(read_only(np.where(n < curve.smallest, 0, n)) for n in numbers))


def choose_percents(highest: float) -> tuple[int, ...]:
    """Ticks in per cent of an axis from 0 that just holds a probability of ``highest``; never above 100 %.

    >>> choose_percents(0.17)
    (0, 5, 10, 15, 20)
    """
    end, step = next((end_step for end_step in ENDS if 100 * highest <= end_step[0] + 1e-9), ENDS[-1])
    return tuple(range(0, end + 1, step))


def plot_incidence(
    curves: Sequence[IncidenceCurve],
    *,
    labels: Mapping[str, str],
    styles: Mapping[str, Style],
    origin: str,
    y_title: str,
    horizon: float | None = None,
    bands: bool = True,
    fade_below: int | None = None,
    full_axis: bool = False,
    marks: bool = False,
) -> go.Figure:
    """The cumulative incidence of one cause from 0 %, by group, with the table of counts beneath.

    Parameters
    ----------
    curves
        One curve per group, all of the same cause; times in months.
    labels
        Level to what the reader sees, in the order of the dictionary. A level without a curve keeps its rows in the
        table, filled with zeros, so that the figure keeps its height when a filter empties a group.
    styles
        Level to style (``theme.style_of`` of all levels). A group without one gets the style of its position.
    origin
        The day the clock starts, as written on the axis ("first relapse").
    y_title
        What the axis shows ("Relapse (cumulative incidence)").
    horizon
        The right end of the axis in months; None ends it at the last follow-up.
    bands
        True draws the pointwise confidence limits, where they are defined.
    fade_below
        The line is thin where fewer patients than this are at risk; 0 never makes it thin, None asks the policy.
    full_axis
        True ends the axis at 100 %; else at the next of 10, 20, 30, 40, 60, 80 and 100 % that holds all lines and
        bands, and a line in the figure says where it ends.
    marks
        True marks the incidence at 1, 3 and 5 years with its interval and writes it there.

    Returns
    -------
    plotly.graph_objects.Figure
        Its background and text colour come from the page's theme. Without patients it holds one sentence.
    """
    fade_below = fades_below(fade_below)
    groups = arrange_curves(curves, labels, styles, horizon)
    lines = LINES if len(groups.groups) <= MOST_DETAILED_GROUPS else SHORT_LINES
    height, end = figure_height(len(groups.groups), len(lines)), groups.end
    if not groups.whole:
        return as_figure([], empty_layout(height, say_empty()))
    traces = groups.draw_bands() if bands else []
    traces += groups.draw_lines(fade_below)
    traces += groups.draw_readings(lambda curve, times: count_incidence(curve, times).at_risk)
    traces = [trace for trace in traces if trace]
    ticks = choose_ticks(end)
    counts = [count_incidence(groups.whole[group], ticks) if group in groups.whole else None for group in groups.groups]
    blocks = [(c.at_risk, c.n_event, c.n_competing, c.n_censor) if c else None for c in counts]
    cells, rows = groups.draw_table(blocks, lines, ticks)
    table_height = len(groups.groups) * block_height(len(lines))
    percents = FULL_AXIS if full_axis else choose_percents(_highest(groups.visible.values(), end, bands))
    rows += _say_end(percents)
    names = [] if marks else name_ends(groups, percents[-1])
    if marks:
        years = [12.0 * year for year in YEARS]
        read = {group: read_curve(curve, years) for group, curve in groups.whole.items()}
        at_risk = {group: [estimate.n for estimate in found] for group, found in read.items()}
        points, texts = mark_years(groups, read, at_risk, percents[-1])
        traces, rows = traces + points, rows + texts
    has_legend = keep_legend(traces, groups, names)
    layout = layout_of(height, table_height, end, ticks, "months", origin, y_title, rows + names, has_legend, percents)
    _fit_title(layout)
    return as_figure([*traces, cells], layout)


def describe_incidence(
    curves: Sequence[IncidenceCurve], labels: Mapping[str, str], origin: str, event_label: str
) -> str:
    """The figure in words for those who cannot see it: patients, events and incidence at 1, 3 and 5 years.

    The incidence is given where patients are still at risk, with its confidence interval. Without patients it says so.
    """
    drawn = {curve.group: curve for curve in curves if curve.n > 0}
    if not drawn:
        return f"{say_empty()}."
    months = [12.0 * year for year in YEARS]
    sentences = [f"Curves of the cumulative incidence of {event_label} in months from {origin}, rising from 0\u00a0%."]
    for group in dict.fromkeys([*labels, *drawn]):
        if group in drawn:
            curve = drawn[group]
            read = read_curve(curve, months)
            competing = f", {format_count(curve.n_competing_at.sum())} competing"
            sentences.append(describe_curve(curve, labels.get(group, group), [e.n for e in read], read, competing))
    return " ".join(sentences)


def describe_drawing(curves: Sequence[IncidenceCurve], conf_level: float, conf_type: str, *, bands: bool = True) -> str:
    """What is particular to the drawing, for the line under the figure; the glossary says how all such curves are read."""
    if not any(curve.n for curve in curves):
        return ""
    return " ".join((*((say_bands(conf_level, conf_type),) if bands else ()), READING))


def plot_naive_incidence(
    curves: Sequence[IncidenceCurve],
    naive: Sequence[SurvivalCurve],
    *,
    labels: Mapping[str, str],
    styles: Mapping[str, Style],
    origin: str,
    y_title: str,
) -> go.Figure:
    """The cumulative incidence of one cause beside one minus Kaplan–Meier, which takes competing events as censored.

    Parameters
    ----------
    curves
        One curve per group, all of the same cause; times in months.
    naive
        The Kaplan–Meier curves of the same groups in which that cause alone is the event.
    labels, styles, origin, y_title
        As for :func:`plot_incidence`.

    Returns
    -------
    plotly.graph_objects.Figure
        Solid lines for the incidence, dashed ones for one minus Kaplan–Meier. Without patients it holds one sentence.
    """
    groups = arrange_curves(curves, labels, styles, exact_limits=False)
    height, end, drawn = figure_height(0, 0) - block_height(0), groups.end, groups.visible
    if not drawn:
        return as_figure([], empty_layout(height, say_too_few() if groups.whole else say_empty()))
    wrong = {c.group: _complement(c, float(drawn[c.group].time[-1])) for c in naive if c.group in drawn}
    percents = choose_percents(_highest([*drawn.values(), *(wrong[group] for group in drawn)], end, False))
    traces: list[dict[str, Any]] = []
    for group, curve in groups.whole.items():
        name, look = groups.names[group], groups.looks[group]
        if group not in drawn:
            traces.append(draw_key(group, name_undrawn(name, curve.n, curve.n_event), look))
            continue
        for line in draw_line(wrong[group], name, replace(look, dash=NAIVE_DASH), end, 0, start=0.0):
            traces.append({**line, "showlegend": False})
        traces += draw_line(drawn[group], name, replace(look, dash="solid"), end, 0, start=0.0)
    for group, curve in drawn.items():
        traces.append(_readings_of_both(curve, wrong[group], groups.names[group], groups.looks[group], end))
    key = {"color": NAIVE_COLOUR, "dash": NAIVE_DASH, "width": 2.4}
    traces.append({"type": "scatter", "mode": "lines", "x": [None], "y": [None], "name": NAIVE_LABEL, "line": key})
    highest = max((wrong[group] for group in drawn), key=lambda c: float(c.estimate[-1]))
    label = {
        "text": f"<b>{NAIVE_LABEL}</b>",
        "x": round(min(float(highest.time[-1]), end), 2),
        "y": round(100 * float(highest.estimate[-1]), 2),
        "xanchor": "right",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": 12},
    }
    annotations = [label, *_say_end(percents)]
    layout = layout_of(height, 0, end, choose_ticks(end), "months", origin, y_title, annotations, True, percents)
    # Nothing stands under the axis here, and an axis of no height would be an error.
    del layout["yaxis2"]
    layout["yaxis"]["range"] = [0, round(1.08 * percents[-1], 3)]
    _fit_title(layout)
    return as_figure(traces, layout)


def _highest(curves: Any, end: float, bands: bool) -> float:
    """The highest probability that is drawn."""
    highest = 0.0
    for curve in curves:
        inside = curve.time <= end
        for values in (curve.estimate, curve.high) if bands else (curve.estimate,):
            shown = values[inside]
            highest = max(highest, float(np.max(shown, initial=0.0, where=np.isfinite(shown))))
    return highest


def _say_end(percents: Sequence[int]) -> list[dict[str, Any]]:
    """Where the axis ends, written into the corner that a rising curve leaves empty; nothing at 100 %."""
    if percents[-1] == 100:
        return []
    return [
        {
            "text": f"Axis ends at {percents[-1]}\u2009%",
            "x": 0.01,
            "xref": "paper",
            "xanchor": "left",
            "y": 1,
            "yref": "paper",
            "yanchor": "top",
            "showarrow": False,
            "font": {"size": SMALL},
        }
    ]


def _fit_title(layout: dict[str, Any]) -> None:
    """A long axis title gets a smaller font, so that it is no longer than the axis."""
    title = layout["yaxis"]["title"]
    size = 13 if len(title["text"]) <= 36 else 12 if len(title["text"]) <= 40 else 11
    title["font"] = {**title["font"], "size": size}


def _readings_of_both(curve: IncidenceCurve, naive: _Complement, name: str, style: Style, end: float) -> dict[str, Any]:
    grid = reading_grid(curve, end)
    slack = grid + 1e-9 * np.maximum(1.0, grid)
    right = np.append(0.0, curve.estimate)[np.searchsorted(curve.time, slack, side="right")]
    wrong = np.append(0.0, naive.estimate)[np.searchsorted(naive.time, slack, side="right")]
    return {
        "type": "scatter",
        "mode": "none",
        "x": round_months(grid),
        "y": round_to(100 * right),
        "customdata": round_to(100 * wrong),
        "hovertemplate": f"{head_of(name, style)}%{{y:.1f}} %, 1 − KM %{{customdata:.1f}} %<extra></extra>",
        "legendgroup": curve.group,
        "showlegend": False,
    }
