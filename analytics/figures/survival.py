"""The survival curve with its table of patients at risk, as proposed by KMunicate (Morris et al. 2019).

Morris TP, Jarvis CI, Cragg W, Phillips PPJ, Choodari-Oskooei B, Sydes MR. Proposals on Kaplan–Meier plots in medical
research and a survey of stakeholder views: KMunicate. BMJ Open 2019;9:e030215. doi:10.1136/bmjopen-2019-030215
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go

from analytics.estimators.kaplan_meier import n_at_risk, survival_at
from analytics.figures.theme import AXIS_LINE, GRID_LINE, TEXT_COLOUR, Style, style_of, to_image_config, to_translucent
from analytics.formats import format_count, format_level, format_percent, format_percent_interval
from analytics.results import FloatArray, Interval, SurvivalCurve, SurvivalResult, read_only

__all__ = [
    "RiskTable",
    "choose_ticks",
    "describe_drawing",
    "describe_survival",
    "figure_height",
    "plot_survival",
    "risk_table",
    "to_image_config",
]

TimeUnit = Literal["months", "years"]

EMPTY_SENTENCE = "No patients in this selection"
MOST_CENSOR_MARKS = 300
MOST_VERTICES = 1000
MOST_TICKS = 9
MOST_DETAILED_GROUPS = 4
TICK_STEPS = {
    "months": (1, 2, 3, 6, 12, 24, 36, 60, 120, 240, 600),
    "years": (3, 6, 12, 24, 36, 60, 120, 240, 600),
}

# All in pixels. The table's rows must line up with text of a fixed size, so heights are fixed and domains follow.
LEFT, RIGHT, TOP, BOTTOM = 70, 14, 30, 4
PLOT_HEIGHT, AXIS_HEIGHT = 256, 48
SMALL = 11
LINE = 1.3 * SMALL  # Plotly's line height
GAP = 5


@dataclass(frozen=True, slots=True)
class RiskTable:
    """Patients at risk, with the event and censored at each tick; all arrays have one entry per tick.

    Without delayed entry ``at_risk + n_event + n_censor`` equals ``n`` in every column; with it, those who have entered.
    """

    ticks: FloatArray
    at_risk: FloatArray
    n_event: FloatArray
    n_censor: FloatArray
    n: int


def risk_table(curve: SurvivalCurve, ticks: Sequence[float] | FloatArray) -> RiskTable:
    """The counts under a curve: at risk at each tick, events and censorings before it.

    A patient counts as at risk at ``t`` when the observed time is >= t, so an event at exactly ``t`` is counted under
    events from the next tick on; the three counts therefore add up to all patients (Morris et al. 2019).

    Parameters
    ----------
    curve
        One group's curve, times in months.
    ticks
        Times in months, ascending; an empty sequence gives an empty table.

    Returns
    -------
    RiskTable
        Cumulative counts. A curve without patients gives zeros.
    """
    times = np.asarray(ticks, dtype=np.float64)
    # Days divided by the length of a month miss a whole number of months by rounding alone.
    first = np.searchsorted(curve.time, times - 1e-9 * np.maximum(1.0, np.abs(times)), side="left")
    risk = n_at_risk(curve, times) if len(curve.entry) else np.append(curve.n_risk, 0.0)[first]
    events = np.append(0.0, np.cumsum(curve.n_event_at))[first]
    censored = np.append(0.0, np.cumsum(curve.n_censor))[first]
    return RiskTable(read_only(times), read_only(risk), read_only(events), read_only(censored), curve.n)


def choose_ticks(end: float, time_unit: TimeUnit = "months") -> tuple[float, ...]:
    """Ticks in months from 0 up to ``end`` months, at steps that clinicians use (1, 2, 3, 6, 12, 24, … months).

    At most nine, so that the counts below them do not touch on a telephone. ``end`` of 0 gives the tick 0 alone.
    """
    steps = TICK_STEPS[time_unit]
    step = next((s for s in steps if math.floor(end / s + 1e-9) < MOST_TICKS), steps[-1])
    return tuple(float(tick * step) for tick in range(math.floor(end / step + 1e-9) + 1))


def figure_height(n_groups: int) -> int:
    """The figure's height in pixels, which depends on the number of groups alone."""
    return TOP + PLOT_HEIGHT + AXIS_HEIGHT + max(1, n_groups) * _block_height(n_groups) + BOTTOM


def plot_survival(
    result: SurvivalResult,
    *,
    labels: Mapping[str, str],
    styles: Mapping[str, Style],
    origin: str,
    y_title: str,
    horizon: float | None = None,
    bands: bool = True,
    censor_marks: bool = True,
    fade_below: int = 10,
    time_unit: TimeUnit = "months",
) -> go.Figure:
    """Kaplan–Meier curves from 100 %, with confidence bands and the table of patients at risk beneath.

    Parameters
    ----------
    result
        The curves, times in months.
    labels
        Level to what the reader sees, in the order of the dictionary. A level without a curve keeps its rows in the
        table, filled with zeros, so that the figure keeps its height when a filter empties a group.
    styles
        Level to style (``theme.style_of`` of all levels). A group without one gets the style of its position.
    origin
        The day the clock starts, as written on the axis ("first relapse").
    y_title
        What is survived ("Overall survival").
    horizon
        The right end of the axis in months; None ends it at the last follow-up.
    bands
        True draws the pointwise confidence limits, where they are defined.
    censor_marks
        True marks each censoring by a small vertical line, in groups of at most 300 censored patients.
    fade_below
        The curve is drawn faintly where fewer patients than this are at risk; 0 never fades it.
    time_unit
        The unit of the ticks, "months" or "years". The data stay in months.

    Returns
    -------
    plotly.graph_objects.Figure
        Its background and text colour come from the page's theme. Without patients it holds one sentence.
    """
    drawn = {curve.group: curve for curve in result.curves if curve.n > 0}
    groups = [*labels, *(curve.group for curve in result.curves if curve.group not in labels)]
    height = figure_height(len(groups))
    if not drawn:
        return _as_figure([], _empty_layout(height))
    fallback = style_of(groups)
    last = max(float(curve.time[-1]) for curve in drawn.values())
    end = max(horizon if horizon is not None else last, 1.0)
    ticks = choose_ticks(end, time_unit)
    looks = {group: styles.get(group, fallback[group]) for group in groups}
    names = {group: labels.get(group, group) for group in groups}

    traces: list[dict[str, Any]] = []
    if bands:
        traces += [_band(curve, looks[group], end) for group, curve in _in_order(drawn, groups)]
    for group, curve in _in_order(drawn, groups):
        traces += _curve_lines(curve, names[group], looks[group], end, fade_below)
    if censor_marks:
        traces += [_censor_marks(curve, looks[group], end) for group, curve in _in_order(drawn, groups)]
    for group, curve in _in_order(drawn, groups):
        traces.append(_hover_points(curve, names[group], looks[group], end))
    traces = [trace for trace in traces if trace]
    tables = [risk_table(drawn[group], ticks) if group in drawn else None for group in groups]
    cells, rows = _table_blocks(tables, ticks, [names[g] for g in groups], [looks[g].colour for g in groups])
    layout = _layout(height, len(groups), end, ticks, time_unit, origin, y_title, rows, len(drawn) > 1)
    return _as_figure([*traces, cells], layout)


def describe_survival(result: SurvivalResult, labels: Mapping[str, str], origin: str) -> str:
    """The figure in words for those who cannot see it: patients, events and survival at 1, 3 and 5 years.

    Survival is given where patients are still at risk, with its confidence interval. Without patients it says so.
    """
    drawn = {curve.group: curve for curve in result.curves if curve.n > 0}
    if not drawn:
        return f"{EMPTY_SENTENCE}."
    years = (1, 3, 5)
    sentences = [f"Kaplan–Meier curves in months from {origin}."]
    for group, curve in _in_order(drawn, [*labels, *drawn]):
        table = risk_table(curve, [12.0 * year for year in years])
        estimates = survival_at(curve, [12.0 * year for year in years])
        parts = []
        for year, risk, estimate in zip(years, table.at_risk, estimates, strict=True):
            if risk == 0 or estimate.value is None:
                continue
            limits = _limits(estimate.interval)
            parts.append(
                f"{format_percent(estimate.value)}{limits} at {year} {'year' if year == 1 else 'years'}, "
                f"{format_count(risk)} still at risk"
            )
        patients = f"{format_count(curve.n)} {'patient' if curve.n == 1 else 'patients'}"
        events = f"{format_count(curve.n_event)} {'event' if curve.n_event == 1 else 'events'}"
        tail = "; ".join(parts) if parts else "nobody followed for a year"
        sentences.append(f"{labels.get(group, group)}: {patients}, {events}; {tail}.")
    return " ".join(sentences)


def describe_drawing(
    result: SurvivalResult, *, bands: bool = True, censor_marks: bool = True, fade_below: int = 10
) -> str:
    """The key to the drawing, for the line under the figure: what shading, ticks and faint lines mean."""
    parts = []
    if bands:
        parts.append(f"Shaded: pointwise {format_level(result.conf_level)} confidence interval ({result.conf_type}).")
    if censor_marks and any(0 < curve.n_censor.sum() <= MOST_CENSOR_MARKS for curve in result.curves):
        parts.append("Vertical marks: censored patients.")
    if fade_below > 0:
        parts.append(f"Faint line: fewer than {fade_below} patients at risk.")
    parts.append("Events and censored are counted before each time; with those at risk they add up to all patients.")
    return " ".join(parts)


def _in_order(drawn: Mapping[str, SurvivalCurve], groups: Sequence[str]) -> list[tuple[str, SurvivalCurve]]:
    return [(group, drawn[group]) for group in dict.fromkeys(groups) if group in drawn]


def _limits(interval: Interval | None) -> str:
    if interval is None:
        return ""
    return f" ({format_level(interval.level)} confidence interval {format_percent_interval(interval)})"


def _block_height(n_groups: int) -> int:
    lines = 4 if n_groups <= MOST_DETAILED_GROUPS else 3
    return round(lines * LINE) + GAP


def _rounded(values: FloatArray, decimals: int = 2) -> list[float]:
    return np.round(values, decimals).tolist()


def _months(values: FloatArray) -> list[float]:
    return _rounded(values, 3 if values.size == 0 or values[-1] < 100 else 2)


def _thinned(time: FloatArray, end: float) -> slice | np.ndarray:
    """Which of many vertices to keep: the last in each thousandth of the axis, less than a pixel apart."""
    if time.size <= MOST_VERTICES:
        return slice(None)
    cell = np.floor(time / end * MOST_VERTICES)
    return np.flatnonzero(np.append(cell[1:] != cell[:-1], True))


def _curve_lines(curve: SurvivalCurve, name: str, style: Style, end: float, fade_below: int) -> list[dict[str, Any]]:
    """The solid line and, where few are at risk, the faint one."""
    stop = min(float(curve.time[-1]), end)
    # The number at risk at a time holds from the observed time before it, so fading starts there.
    enough = np.append(0.0, curve.time)[np.flatnonzero(np.append(curve.n_risk, 0.0) < fade_below)]
    fade = min(float(enough[0]), stop) if enough.size else stop
    falls = (np.diff(np.append(1.0, curve.estimate)) != 0) & (curve.time <= stop)
    time, estimate = curve.time[falls], curve.estimate[falls]
    keep = _thinned(time, end)
    time, estimate = time[keep], estimate[keep]
    at_fade = float(np.append(1.0, estimate)[np.searchsorted(time, fade, side="right")]) if fade > 0 else 1.0
    at_stop = float(estimate[-1]) if estimate.size else 1.0
    solid = time <= fade if fade > 0 else np.zeros(time.size, dtype=bool)
    common = {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "legendgroup": curve.group,
        "hoverinfo": "skip",
    }
    line = {"color": style.colour, "dash": style.dash, "shape": "hv"}
    lines: list[dict[str, Any]] = []
    if fade > 0:
        lines.append(
            {
                **common,
                "x": _months(np.concatenate(([0.0], time[solid], [fade]))),
                "y": _rounded(100 * np.concatenate(([1.0], estimate[solid], [at_fade]))),
                "line": {**line, "width": 2.4},
            }
        )
    if fade < stop or not lines:
        lines.append(
            {
                **common,
                "x": _months(np.concatenate(([fade], time[~solid], [stop]))),
                "y": _rounded(100 * np.concatenate(([at_fade], estimate[~solid], [at_stop]))),
                "line": {**line, "width": 1.6},
                "opacity": 0.6,
                "showlegend": not lines,
            }
        )
    return lines


def _band(curve: SurvivalCurve, style: Style, end: float) -> dict[str, Any]:
    """One polygon per stretch of defined limits; nothing where no limit is defined."""
    stop = min(float(curve.time[-1]), end)
    inside = curve.time <= stop
    time, low, high = curve.time[inside], curve.low[inside], curve.high[inside]
    same = (low[1:] == low[:-1]) | (np.isnan(low[1:]) & np.isnan(low[:-1]))
    same &= (high[1:] == high[:-1]) | (np.isnan(high[1:]) & np.isnan(high[:-1]))
    changes = np.append(True, ~same)[: time.size]
    time, low, high = time[changes], low[changes], high[changes]
    keep = _thinned(time, end)
    time, low, high = time[keep], low[keep], high[keep]
    defined = np.isfinite(low) & np.isfinite(high)
    x: list[float | None] = []
    y: list[float | None] = []
    edges = np.flatnonzero(np.diff(np.concatenate(([False], defined, [False])).astype(np.int8)))
    for first, after in zip(edges[::2], edges[1::2], strict=True):
        finish = float(time[after]) if after < time.size else stop
        if finish <= time[first]:
            continue
        steps = np.repeat(np.append(time[first:after], finish), 2)[1:-1]
        upper = np.repeat(high[first:after], 2)
        lower = np.repeat(low[first:after], 2)
        x += [*([None] if x else []), *_months(steps), *_months(steps)[::-1]]
        y += [*([None] if y else []), *_rounded(100 * upper), *_rounded(100 * lower)[::-1]]
    if not x:
        return {}
    return {
        "type": "scatter",
        "mode": "lines",
        "x": x,
        "y": y,
        "fill": "toself",
        "fillcolor": to_translucent(style.colour, 0.14),
        "line": {"width": 0},
        "hoverinfo": "skip",
        "legendgroup": curve.group,
        "showlegend": False,
    }


def _censor_marks(curve: SurvivalCurve, style: Style, end: float) -> dict[str, Any]:
    at = (curve.n_censor > 0) & (curve.time <= end)
    if not at.any() or curve.n_censor.sum() > MOST_CENSOR_MARKS:
        return {}
    return {
        "type": "scatter",
        "mode": "markers",
        "x": _months(curve.time[at]),
        "y": _rounded(100 * curve.estimate[at]),
        "marker": {"symbol": "line-ns-open", "size": 7, "color": style.colour, "line": {"width": 1.3}},
        "hoverinfo": "skip",
        "legendgroup": curve.group,
        "showlegend": False,
        "cliponaxis": False,
    }


def _hover_points(curve: SurvivalCurve, name: str, style: Style, end: float) -> dict[str, Any]:
    """Invisible points on whole months, so that one pointer position reads all curves at the same time."""
    stop = min(float(curve.time[-1]), end)
    step = next((s for s in (0.25, 0.5, 1.0, 2.0, 3.0, 6.0, 12.0) if end / s <= 125), 24.0)
    grid = np.arange(0.0, stop + 1e-9, step)
    table = risk_table(curve, grid)
    at = np.searchsorted(curve.time, grid + 1e-9 * np.maximum(1.0, grid), side="right")
    estimate = np.append(1.0, curve.estimate)[at]
    low, high = np.append(np.nan, curve.low)[at], np.append(np.nan, curve.high)[at]
    limits = [
        f" ({100 * below:.1f}–{100 * above:.1f})" if math.isfinite(below) and math.isfinite(above) else ""
        for below, above in zip(low.tolist(), high.tolist(), strict=True)
    ]
    # A long name on the same line would make the pointer's box wider than a telephone.
    head = f'<b style="color:{style.colour}">{_escape(name)}</b>{": " if len(name) <= 12 else "<br>"}'
    return {
        "type": "scatter",
        "mode": "none",
        "x": _months(grid),
        "y": _rounded(100 * estimate),
        "text": limits,
        "customdata": table.at_risk.astype(np.int64).tolist(),
        "hovertemplate": f"{head}%{{y:.1f}} %%{{text}}, %{{customdata}} at risk<extra></extra>",
        "legendgroup": curve.group,
        "showlegend": False,
    }


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _count(n: float) -> str:
    """A count that fits under a tick: exact below 100 000, then in thousands or millions."""
    if n >= 1e7:
        return f"{n / 1e6:.1f}M"
    return f"{n / 1e3:.0f}k" if n >= 1e5 else format_count(n)


def _table_blocks(
    tables: Sequence[RiskTable | None], ticks: Sequence[float], names: Sequence[str], colours: Sequence[str]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The table: per group one annotation (name and row titles) and one text of several lines under each tick.

    Both hang from the same height and have the same font size, hence the same line height: rows line up at any width.
    """
    detailed = len(tables) <= MOST_DETAILED_GROUPS
    titles = "At risk<br>Events<br>Censored" if detailed else "At risk<br>Ev. / cens."
    zeros = np.zeros(len(ticks))
    text: list[str] = []
    tops: list[int] = []
    annotations = []
    for number, (table, name, colour) in enumerate(zip(tables, names, colours, strict=True)):
        top = number * _block_height(len(tables))
        columns = zip(*((table.at_risk, table.n_event, table.n_censor) if table else (zeros,) * 3), strict=True)
        for risk, events, censored in columns:
            between = "<br>" if detailed else " / "
            text.append(f"\u00a0<br>{_count(risk)}<br>{_count(events)}{between}{_count(censored)}")
        tops += [top] * len(ticks)
        annotations.append(
            {
                "text": f'<b style="color:{colour}">{_escape(name)}</b><br>{titles}',
                "x": 0,
                "xref": "paper",
                "xanchor": "left",
                "xshift": 4 - LEFT,
                "y": top,
                "yref": "y2",
                "yanchor": "top",
                "yshift": 3,
                "align": "left",
                "showarrow": False,
                "borderpad": 0,
                "font": {"size": SMALL},
            }
        )
    trace = {
        "type": "scatter",
        "mode": "text",
        "x": list(ticks) * len(tables),
        "y": tops,
        "text": text,
        "textposition": "bottom center",
        "yaxis": "y2",
        "textfont": {"size": SMALL},
        "hoverinfo": "skip",
        "showlegend": False,
        "cliponaxis": False,
    }
    return trace, annotations


def _layout(
    height: int,
    n_groups: int,
    end: float,
    ticks: Sequence[float],
    time_unit: TimeUnit,
    origin: str,
    y_title: str,
    annotations: list[dict[str, Any]],
    has_legend: bool,
) -> dict[str, Any]:
    table_height = n_groups * _block_height(n_groups)
    inner = height - TOP - BOTTOM
    ticktext = [f"{tick / 12:g}" if time_unit == "years" else f"{tick:g}" for tick in ticks]
    return {
        "template": {},
        "font": {"color": TEXT_COLOUR},
        "height": height,
        "margin": {"l": LEFT, "r": RIGHT, "t": TOP, "b": BOTTOM, "pad": 0, "autoexpand": has_legend},
        "uirevision": "survival",
        "hovermode": "x unified",
        "hoverlabel": {"namelength": -1},
        "dragmode": False,
        "showlegend": has_legend,
        "legend": {
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": 1.01,
            "yanchor": "bottom",
            "font": {"size": 12},
            "itemwidth": 34,
            "tracegroupgap": 0,
            "itemclick": "toggle",
        },
        "xaxis": {
            "anchor": "y",
            "range": [round(-0.012 * end, 3), round(1.012 * end, 3)],
            "tickvals": list(ticks),
            "ticktext": ticktext,
            "ticks": "outside",
            "ticklen": 4,
            "tickfont": {"color": TEXT_COLOUR},
            "tickcolor": AXIS_LINE,
            "showline": True,
            "linecolor": AXIS_LINE,
            "showgrid": False,
            "zeroline": False,
            "fixedrange": True,
            "automargin": False,
            "title": {
                "text": f"{time_unit.capitalize()} from {_escape(origin)}",
                "standoff": 6,
                "font": {"size": 13, "color": TEXT_COLOUR},
            },
            "hoverformat": ".1f",
            "unifiedhovertitle": {"text": "%{x:.1f} months"},
        },
        "yaxis": {
            "domain": [round(1 - PLOT_HEIGHT / inner, 5), 1],
            "range": [0, 101.5],
            "tickvals": [0, 20, 40, 60, 80, 100],
            "ticktext": [f"{percent}\u2009%" for percent in (0, 20, 40, 60, 80, 100)],
            "ticks": "",
            "ticklabelstandoff": 4,
            "tickfont": {"color": TEXT_COLOUR},
            "gridcolor": GRID_LINE,
            "zeroline": False,
            "fixedrange": True,
            "automargin": False,
            "title": {"text": _escape(y_title), "standoff": 8, "font": {"size": 13, "color": TEXT_COLOUR}},
        },
        "yaxis2": {
            "domain": [0, round(table_height / inner, 5)],
            "range": [table_height, 0],
            "visible": False,
            "fixedrange": True,
        },
        "annotations": annotations,
    }


def _empty_layout(height: int) -> dict[str, Any]:
    hidden = {"visible": False, "fixedrange": True}
    return {
        "template": {},
        "font": {"color": TEXT_COLOUR},
        "height": height,
        "margin": {"l": LEFT, "r": RIGHT, "t": TOP, "b": BOTTOM},
        "uirevision": "survival",
        "xaxis": hidden,
        "yaxis": hidden,
        "annotations": [
            {
                "text": EMPTY_SENTENCE,
                "x": 0.5,
                "y": 0.5,
                "xref": "paper",
                "yref": "paper",
                "showarrow": False,
                "font": {"size": 15},
            }
        ],
    }


def _as_figure(traces: list[dict[str, Any]], layout: dict[str, Any]) -> go.Figure:
    # Checking every property takes longer than estimating the curves; the tests check them once.
    return go.Figure({"data": traces, "layout": layout}, _validate=False)
