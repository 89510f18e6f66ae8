"""Cumulative incidence of competing events: curves with their table, causes stacked, and beside one minus Kaplan–Meier."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from analytics.estimators.zero_events import METHOD, read_curve
from analytics.figures.step_curves import (
    BOTTOM,
    EMPTY_SENTENCE,
    LEFT,
    MOST_DETAILED_GROUPS,
    RIGHT,
    SMALL,
    TOO_FEW_SENTENCE,
    TOP,
    Lines,
    add_exact_limits,
    as_figure,
    block_height,
    choose_ticks,
    count_group,
    cut,
    draw_band,
    draw_counts,
    draw_key,
    draw_line,
    draw_readings,
    draw_silent_readings,
    empty_layout,
    escape,
    fades_below,
    figure_height,
    head_of,
    is_drawn,
    is_shown,
    layout_of,
    name_undrawn,
    reading_grid,
    round_months,
    round_to,
    say_bands,
    say_ends,
    thinned,
)
from analytics.figures.theme import AXIS_LINE, GRID_LINE, PALETTE, TEXT_COLOUR, Style, style_of, to_translucent
from analytics.formats import format_count, format_level, format_patients, format_percent, format_percent_interval
from analytics.results import FloatArray, IncidenceCurve, IncidenceResult, SurvivalCurve, read_only

LINES: Lines = (("At risk", (0,)), ("Event", (1,)), ("Competing", (2,)), ("Censored", (3,)))
SHORT_LINES: Lines = (("At risk", (0,)), ("Ev. / comp.", (1, 2)), ("Censored", (3,)))
# Where the axis may end, and its steps, in per cent.
ENDS = ((10, 2), (20, 5), (30, 10), (40, 10), (60, 20), (80, 20), (100, 20))
FULL_AXIS = tuple(range(0, 101, 20))
# One colour and one hatching per cause, so that areas differ in greyscale too.
CAUSE_COLOURS = (PALETTE[1], PALETTE[3], PALETTE[6], PALETTE[2], PALETTE[5])
CAUSE_HATCHINGS = ("", "/", ".", "x", "-")
FREE_FILL = "rgba(128,128,128,0.13)"
NAIVE_LABEL = "1 − KM: too high"
NAIVE_DASH = "5px,4px"
NAIVE_COLOUR = "#808080"

PANEL_HEIGHT, PANEL_AXIS, PANEL_GAP = 170, 24, 0.07
PANEL_TITLE_WIDTH = 21  # in letters
SINGLE_PANEL_HEIGHT = 256
MOST_PANEL_TICKS = 6


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
    return IncidenceCounts(read_only(np.append(curve.n_risk, 0.0)[first]), *(read_only(n) for n in sums))


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

    Returns
    -------
    plotly.graph_objects.Figure
        Its background and text colour come from the page's theme. Without patients it holds one sentence.
    """
    fade_below = fades_below(fade_below)
    drawn, groups, looks, names = _arrange(curves, labels, styles)
    lines = LINES if len(groups) <= MOST_DETAILED_GROUPS else SHORT_LINES
    height = figure_height(len(groups), len(lines))
    if not drawn:
        return as_figure([], empty_layout(height))
    end = _end_of(drawn, horizon)
    ticks = choose_ticks(end)
    parts = {group: cut(add_exact_limits(curve)) for group, curve in drawn.items()}
    visible = {group: part for group, part in parts.items() if is_drawn(part)}
    percents = FULL_AXIS if full_axis else choose_percents(_highest(visible.values(), end, bands))
    traces: list[dict[str, Any]] = []
    if bands:
        traces += [draw_band(curve, looks[group], end) for group, curve in visible.items()]
    for group, curve in parts.items():
        if group in visible:
            traces += draw_line(curve, names[group], looks[group], end, fade_below, start=0.0)
        else:
            traces.append(draw_key(group, name_undrawn(names[group], curve.n, curve.n_event), looks[group]))
    for group, curve in visible.items():
        grid = reading_grid(curve, end)
        grid = grid[grid < curve.time[-1]] if curve.shown_until is not None else grid
        at_risk = count_incidence(drawn[group], grid).at_risk
        traces.append(draw_readings(curve, names[group], looks[group], grid, at_risk, start=0.0))
    for group, curve in drawn.items():
        grid = reading_grid(curve, end)
        at_risk = count_incidence(curve, grid).at_risk
        traces.append(draw_silent_readings(curve, names[group], looks[group], grid, at_risk))
    traces = [trace for trace in traces if trace]
    counts = [count_incidence(drawn[group], ticks) if group in drawn else None for group in groups]
    blocks = [(c.at_risk, c.n_event, c.n_competing, c.n_censor) if c else None for c in counts]
    colours = [looks[group].colour for group in groups]
    cells, rows = draw_counts(blocks, lines, ticks, [names[group] for group in groups], colours)
    table_height = len(groups) * block_height(len(lines))
    rows += _say_end(percents)
    has_legend = len(drawn) > 1 or len(visible) < len(drawn)
    layout = layout_of(height, table_height, end, ticks, "months", origin, y_title, rows, has_legend, percents)
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
        return f"{EMPTY_SENTENCE}."
    years = (1, 3, 5)
    sentences = [f"Curves of the cumulative incidence of {event_label} in months from {origin}, rising from 0\u00a0%."]
    for group in [group for group in dict.fromkeys([*labels, *drawn]) if group in drawn]:
        curve = drawn[group]
        parts = []
        for year, estimate in zip(years, read_curve(curve, [12.0 * year for year in years]), strict=True):
            if estimate.n == 0 or estimate.value is None or not is_shown(curve, 12.0 * year):
                continue
            limits = ""
            if estimate.interval is not None:
                level, exact = format_level(estimate.interval.level), estimate.interval.method == METHOD
                kind = f"{METHOD} limit" if exact else "confidence interval"
                limits = f" ({level} {kind} {format_percent_interval(estimate.interval)})"
            parts.append(
                f"{format_percent(estimate.value)}{limits} at {year} {'year' if year == 1 else 'years'}, "
                f"{format_count(estimate.n)} still at risk"
            )
        patients = format_patients(curve.n)
        events = f"{format_count(curve.n_event)} {'event' if curve.n_event == 1 else 'events'}"
        nothing = "nobody followed for a year" if is_shown(curve, 12.0) else "too few for a curve after a year"
        if not is_drawn(cut(curve)):
            nothing = "not drawn, too few for a curve"
        tail = "; ".join(parts) or nothing
        competing = format_count(curve.n_competing_at.sum())
        sentences.append(f"{labels.get(group, group)}: {patients}, {events}, {competing} competing; {tail}.")
    return " ".join(sentences)


def describe_drawing(
    curves: Sequence[IncidenceCurve],
    conf_level: float,
    conf_type: str,
    *,
    bands: bool = True,
    fade_below: int | None = None,
) -> str:
    """The key to the drawing, for the line under the figure: what shading, thin lines and the table mean."""
    if not any(curve.n for curve in curves):
        return ""
    fade_below = fades_below(fade_below)
    parts = [
        "Each curve rises from 0\u00a0% at every event; a competing event takes a child out of the running for good."
    ]
    if bands:
        parts.append(say_bands(conf_level, conf_type))
    if fade_below > 0:
        parts.append(f"Thin line: fewer than {fade_below} patients at risk.")
    parts += say_ends(curves)
    parts.append(
        "Events of either kind and censored are counted before each time; the four rows add up to all patients."
    )
    return " ".join(parts)


def plot_stacked_incidence(
    result: IncidenceResult, *, labels: Mapping[str, str], cause_labels: Sequence[str], free_label: str, origin: str
) -> go.Figure:
    """Where everybody is at each time: one area per cause and one for those without any, adding up to 100 %.

    Parameters
    ----------
    result
        Curves of every cause and group, times in months.
    labels
        Level to what the reader sees, in the order of the dictionary; one panel each for those with patients.
    cause_labels
        What the reader sees for each of ``result.causes``, in that order.
    free_label
        Who has had none of the causes ("alive in first remission").
    origin
        The day the clock starts.

    Returns
    -------
    plotly.graph_objects.Figure
        One panel per group, two side by side; all share one time axis. Without patients it holds one sentence.
    """
    groups = [group for group in dict.fromkeys([*labels, *(c.group for c in result.curves)]) if _n_of(result, group)]
    if not groups:
        return as_figure([], empty_layout(SINGLE_PANEL_HEIGHT))
    end = max(*(float(result.for_group(group)[0].time[-1]) for group in groups), 1.0)
    traces: list[dict[str, Any]] = []
    undrawn: dict[int, str] = {}
    # The first panel that is drawn names the areas for all.
    keyed = False
    for panel, group in enumerate(groups):
        curves = [cut(curve) for curve in result.for_group(group)]
        if is_drawn(curves[0]):
            traces += _stack(curves, cause_labels, free_label, panel, end, names_areas=not keyed)
            keyed = True
        else:
            n_event = sum(curve.n_event for curve in curves)
            undrawn[panel] = f"not drawn: {count_group(curves[0].n, n_event)}"
            traces.append(_empty_panel(panel))
    panels = [_panel_title(labels.get(group, group), _n_of(result, group)) for group in groups]
    return as_figure(traces, _panel_layout(panels, end, origin, undrawn))


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
    drawn, _, looks, names = _arrange(curves, labels, styles)
    height = figure_height(0, 0) - block_height(0)
    if not drawn:
        return as_figure([], empty_layout(height))
    end = _end_of(drawn, None)
    counted = drawn
    drawn = {group: part for group, curve in drawn.items() if is_drawn(part := cut(curve))}
    if not drawn:
        return as_figure([], empty_layout(height, TOO_FEW_SENTENCE))
    wrong = {c.group: _complement(c, float(drawn[c.group].time[-1])) for c in naive if c.group in drawn}
    percents = choose_percents(_highest([*drawn.values(), *(wrong[group] for group in drawn)], end, False))
    traces: list[dict[str, Any]] = []
    for group, curve in counted.items():
        colour = looks[group].colour
        if group not in drawn:
            traces.append(draw_key(group, name_undrawn(names[group], curve.n, curve.n_event), looks[group]))
            continue
        curve = drawn[group]
        solid, dashed = Style(colour, "solid", looks[group].symbol), Style(colour, NAIVE_DASH, looks[group].symbol)
        for line in draw_line(wrong[group], names[group], dashed, end, 0, start=0.0):
            traces.append({**line, "showlegend": False})
        traces += draw_line(curve, names[group], solid, end, 0, start=0.0)
    for group, curve in drawn.items():
        traces.append(_readings_of_both(curve, wrong[group], names[group], looks[group], end))
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


def _arrange(
    curves: Sequence[IncidenceCurve], labels: Mapping[str, str], styles: Mapping[str, Style]
) -> tuple[dict[str, IncidenceCurve], list[str], dict[str, Style], dict[str, str]]:
    """The curves with patients and all groups in the order of the labels, with how each looks and is called."""
    found = {curve.group: curve for curve in curves if curve.n > 0}
    groups = list(dict.fromkeys([*labels, *(curve.group for curve in curves)]))
    fallback = style_of(groups)
    looks = {group: styles.get(group, fallback[group]) for group in groups}
    return (
        {group: found[group] for group in groups if group in found},
        groups,
        looks,
        {group: labels.get(group, group) for group in groups},
    )


def _end_of(drawn: Mapping[str, IncidenceCurve], horizon: float | None) -> float:
    last = max(float(curve.time[-1]) for curve in drawn.values())
    return max(horizon if horizon is not None else last, 1.0)


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


def _n_of(result: IncidenceResult, group: str) -> int:
    return next((curve.n for curve in result.curves if curve.group == group), 0)


def _panel_title(label: str, n: int) -> str:
    """The label in lines that fit over half a telephone, and the patients."""
    lines = textwrap.wrap(f"{label} (n = {format_count(n)})", PANEL_TITLE_WIDTH)
    return "<br>".join(escape(line) for line in lines)


def _stack(
    curves: Sequence[IncidenceCurve],
    cause_labels: Sequence[str],
    free_label: str,
    panel: int,
    end: float,
    *,
    names_areas: bool,
) -> list[dict[str, Any]]:
    """The areas of one panel, from the bottom: each cause, then those without any."""
    time = curves[0].time
    values = np.array([curve.estimate for curve in curves])
    moves = (np.diff(np.hstack([np.zeros((len(curves), 1)), values]), axis=1) != 0).any(axis=0)
    time, values = time[moves], values[:, moves]
    keep = thinned(time, end)
    time, values = time[keep], values[:, keep]
    last = values[:, -1:] if time.size else np.zeros((len(curves), 1))
    x = round_months(np.concatenate(([0.0], time, [float(curves[0].time[-1])])))
    values = np.hstack([np.zeros((len(curves), 1)), values, last])
    free = np.maximum(1 - values.sum(axis=0), 0.0)
    suffix = "" if panel == 0 else str(panel + 1)
    traces = []
    for i, label in enumerate([*cause_labels, free_label]):
        is_cause = i < len(cause_labels)
        has_area = is_cause and curves[i].n_event > 0
        colour = CAUSE_COLOURS[i % len(CAUSE_COLOURS)] if is_cause else NAIVE_COLOUR
        fill: dict[str, Any] = {"fillcolor": to_translucent(colour, 0.62) if is_cause else FREE_FILL}
        if is_cause and (hatching := CAUSE_HATCHINGS[i % len(CAUSE_HATCHINGS)]):
            fill["fillpattern"] = {"shape": hatching, "fgcolor": colour, "size": 6, "solidity": 0.35}
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": x,
                "y": round_to(100 * (values[i] if is_cause else free)),
                "name": label,
                "stackgroup": "all",
                "line": {"shape": "hv", "width": 1.2 if has_area else 0, "color": colour},
                **fill,
                "hovertemplate": f"{escape(label)}: %{{y:.1f}} %<extra></extra>",
                "legendgroup": label,
                "showlegend": names_areas,
                "xaxis": f"x{suffix}",
                "yaxis": f"y{suffix}",
            }
        )
    return traces


def _empty_panel(panel: int) -> dict[str, Any]:
    """What keeps the axes of a panel without areas."""
    suffix = "" if panel == 0 else str(panel + 1)
    axes = {"xaxis": f"x{suffix}", "yaxis": f"y{suffix}"}
    return {"type": "scatter", "mode": "lines", "x": [None], "y": [None], "showlegend": False, **axes}


def _panel_layout(titles: Sequence[str], end: float, origin: str, undrawn: Mapping[int, str]) -> dict[str, Any]:
    """Small panels, two in a row, all with the same axes; the time is named under the lowest of each column."""
    n_columns = min(len(titles), 2)
    n_rows = math.ceil(len(titles) / n_columns)
    plot_height = SINGLE_PANEL_HEIGHT if len(titles) == 1 else PANEL_HEIGHT
    title_height = 9 + round(1.3 * 12) * max(title.count("<br>") + 1 for title in titles)
    row_height = title_height + plot_height + PANEL_AXIS
    foot = 22
    height = TOP + n_rows * row_height + foot + BOTTOM
    inner = height - TOP - BOTTOM
    width = (1 - PANEL_GAP * (n_columns - 1)) / n_columns
    ticks = choose_ticks(end, most=MOST_PANEL_TICKS if n_columns > 1 else 9)
    layout: dict[str, Any] = {
        "template": {},
        "font": {"color": TEXT_COLOUR},
        "height": height,
        "margin": {"l": LEFT, "r": RIGHT, "t": TOP, "b": BOTTOM, "pad": 0},
        "uirevision": "incidence",
        "hovermode": "x unified",
        "hoverlabel": {"namelength": -1},
        "dragmode": False,
        "showlegend": True,
        "legend": {
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": 1.01,
            "yanchor": "bottom",
            "font": {"size": 12},
            "itemwidth": 34,
            "tracegroupgap": 0,
            "traceorder": "normal",
            "itemclick": False,
            "itemdoubleclick": False,
        },
        "annotations": [],
    }
    for panel, title in enumerate(titles):
        row, column = divmod(panel, n_columns)
        suffix = "" if panel == 0 else str(panel + 1)
        top = 1 - (row * row_height + title_height) / inner
        left = column * (width + PANEL_GAP)
        is_lowest = panel + n_columns >= len(titles)
        layout[f"xaxis{suffix}"] = {
            "anchor": f"y{suffix}",
            "domain": [round(left, 5), round(left + width, 5)],
            "range": [0, round(1.012 * end, 3)],
            "tickvals": list(ticks),
            "ticktext": [f"{tick:g}" for tick in ticks],
            "ticks": "outside",
            "ticklen": 3,
            "tickfont": {"color": TEXT_COLOUR, "size": SMALL},
            "tickcolor": AXIS_LINE,
            "showline": True,
            "linecolor": AXIS_LINE,
            "showgrid": False,
            "zeroline": False,
            "fixedrange": True,
            "automargin": False,
            "hoverformat": ".1f",
            "unifiedhovertitle": {"text": "%{x:.1f} months"},
            "title": {
                "text": f"Months from {escape(origin)}" if is_lowest else "",
                "standoff": 4,
                "font": {"size": 12, "color": TEXT_COLOUR},
            },
        }
        layout[f"yaxis{suffix}"] = {
            "anchor": f"x{suffix}",
            "domain": [round(top - plot_height / inner, 5), round(top, 5)],
            "range": [0, 100],
            "tickvals": [0, 25, 50, 75, 100],
            "ticktext": [f"{percent}\u2009%" for percent in (0, 25, 50, 75, 100)],
            "showticklabels": column == 0,
            "ticks": "",
            "ticklabelstandoff": 4,
            "tickfont": {"color": TEXT_COLOUR, "size": SMALL},
            "gridcolor": GRID_LINE,
            "zeroline": False,
            "fixedrange": True,
            "automargin": False,
        }
        layout["annotations"].append(
            {
                "text": title,
                "x": round(left, 5),
                "xref": "paper",
                "xanchor": "left",
                "y": round(top, 5),
                "yref": "paper",
                "yanchor": "bottom",
                "showarrow": False,
                "align": "left",
                "font": {"size": 12},
            }
        )
        if panel in undrawn:
            layout["annotations"].append(
                {
                    "text": "<br>".join(textwrap.wrap(undrawn[panel], PANEL_TITLE_WIDTH)),
                    "x": round(left + width / 2, 5),
                    "xref": "paper",
                    "y": round(top - plot_height / inner / 2, 5),
                    "yref": "paper",
                    "showarrow": False,
                    "font": {"size": 12},
                }
            )
    return layout
