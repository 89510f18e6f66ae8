"""What many drawn cohorts find: their ratios with intervals around the true one, and how often p < 0.05 as they add up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from analytics.figures.drawing import as_figure, base_layout, escape, round_to
from analytics.figures.ratios.axis import LEGEND_ABOVE, PLAIN_AXIS, TITLE_FONT, number_axis
from analytics.figures.theme import AXIS_LINE, DASHES, GRID_LINE, PALETTE, TEXT_COLOUR, to_translucent
from analytics.formats import format_ratio
from analytics.results import FloatArray

HEIGHT = 400
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 46, 48
MOST_ROWS = 60  # more would be a smear
LOWEST, HIGHEST = math.log(0.05), math.log(8)  # of the axis, which stands still while cohorts are drawn
TICKS = (0.1, 0.3, 1, 3)
GAP = 0.025  # between panels, of the width
PLAIN = PALETTE[4]  # of an interval that holds 1


@dataclass(frozen=True, slots=True)
class RatioPanel:
    """One comparison in many cohorts: what it is called, and log hazard ratios with limits, NaN where there is none."""

    title: str
    log_ratio: FloatArray
    low: FloatArray
    high: FloatArray
    p_value: FloatArray


@dataclass(frozen=True, slots=True)
class ShareLine:
    """The share of findings among the first 1, 2, … cohorts, with its limits, and the place of its colour."""

    name: str
    share: FloatArray
    low: FloatArray
    high: FloatArray
    place: int


@dataclass(frozen=True, slots=True)
class Expected:
    """A share that is expected, 0 to 1, and what is written at its line."""

    share: float
    text: str


@dataclass(frozen=True, slots=True)
class Words:
    """What stands on the figure of ratios: the axes, and the two kinds of intervals."""

    ratio: str
    cohort: str
    significant: str
    other: str


def plot_replicates(panels: Sequence[RatioPanel], truth: float, words: Words) -> go.Figure:
    """One row per cohort, the last on top, in one panel per comparison, around the line of the true hazard ratio.

    Parameters
    ----------
    panels
        All of the same cohorts, numbered from 1. The last 60 are drawn.
    truth
        The true hazard ratio.
    words
        What is written.

    Returns
    -------
    plotly.graph_objects.Figure
        Limits beyond the axis are cut.
    """
    n = len(panels[0].log_ratio)
    first = max(n - MOST_ROWS, 0)
    traces = [trace for k, panel in enumerate(panels) for trace in _draw_panel(panel, k, first, words)]
    width = (1 - GAP * (len(panels) - 1)) / len(panels)
    layout: dict[str, Any] = {
        **base_layout(HEIGHT, LEFT, RIGHT, TOP, BOTTOM),
        "uirevision": "replicates",
        "hovermode": "closest",
        "dragmode": False,
        "showlegend": False,
        "shapes": [],
        "annotations": [],
        "yaxis": {
            **PLAIN_AXIS,
            "range": [first + 0.2, first + max(min(n, MOST_ROWS), 12) + 0.8],
            "showgrid": False,
            "tickformat": "d",
            "nticks": 7,
            "title": {"text": escape(words.cohort), "standoff": 4, "font": TITLE_FONT},
        },
    }
    for k, panel in enumerate(panels):
        suffix, start = "" if k == 0 else str(k + 1), k * (width + GAP)
        title = words.ratio if k == len(panels) // 2 else ""
        layout[f"xaxis{suffix}"] = {
            **number_axis(escape(title)),
            "domain": [round(start, 4), round(start + width, 4)],
            "anchor": "y",
            "range": [round(LOWEST, 4), round(HIGHEST, 4)],
            "tickvals": [round(math.log(tick), 4) for tick in TICKS],
            "ticktext": [f"{tick:g}" for tick in TICKS],
            "tickangle": 0,
            "tickfont": {"size": 11, "color": TEXT_COLOUR},
        }
        axis = f"x{suffix}"
        layout["shapes"] += [_upright(axis, 0.0, GRID_LINE, 1.5), _upright(axis, math.log(truth), TEXT_COLOUR, 1.6)]
        layout["annotations"].append(_head(f"<b>{escape(panel.title)}</b>", start + width / 2))
    return as_figure(traces, layout)


def _draw_panel(panel: RatioPanel, place: int, first: int, words: Words) -> list[dict[str, Any]]:
    """The intervals of a panel in two colours, each kind as one line that is broken between rows."""
    numbers = np.arange(1, len(panel.log_ratio) + 1)
    drawn = (numbers > first) & np.isfinite(panel.log_ratio)
    traces = []
    for is_found, colour, kind in ((False, PLAIN, words.other), (True, PALETTE[place], words.significant)):
        own = drawn & ((panel.p_value < 0.05) == is_found)
        if not own.any():
            continue
        low, high, value = (np.clip(a[own], LOWEST, HIGHEST) for a in (panel.low, panel.high, panel.log_ratio))
        x = np.column_stack([low, high, np.full(len(low), np.nan)]).ravel()
        axis: dict[str, Any] = {"xaxis": "x" if place == 0 else f"x{place + 1}", "yaxis": "y"}
        line: dict[str, Any] = {
            "type": "scatter",
            "mode": "lines",
            "x": [None if np.isnan(v) else round(float(v), 3) for v in x],
        }
        line |= {"y": np.repeat(numbers[own], 3).tolist(), "line": {"color": colour, "width": 1.6}, "hoverinfo": "skip"}
        read = [
            f"{words.cohort} {k}: {_ratio(v)} ({_ratio(a)}–{_ratio(b)})<br>{kind}"
            for k, v, a, b in zip(numbers[own], panel.log_ratio[own], panel.low[own], panel.high[own], strict=True)
        ]
        point: dict[str, Any] = {
            "type": "scatter",
            "mode": "markers",
            "x": round_to(value, 3),
            "y": numbers[own].tolist(),
            "text": read,
        }
        point |= {"marker": {"color": colour, "size": 5}, "hovertemplate": "%{text}<extra></extra>"}
        traces += [line | axis, point | axis]
    return traces


def _ratio(logarithm: float) -> str:
    return format_ratio(math.exp(min(max(logarithm, -20.0), 20.0)))


def _upright(axis: str, at: float, colour: str, width: float) -> dict[str, Any]:
    line = {"color": colour, "width": width}
    return {"type": "line", "xref": axis, "x0": at, "x1": at, "yref": "y domain", "y0": 0, "y1": 1, "line": line}


def _head(text: str, x: float) -> dict[str, Any]:
    return {
        "text": text,
        "x": round(x, 4),
        "xref": "paper",
        "xanchor": "center",
        "y": 1,
        "yref": "paper",
        "yanchor": "bottom",
        "yshift": 4,
        "showarrow": False,
        "font": {"size": 12, "color": TEXT_COLOUR},
    }


def plot_shares(
    lines: Sequence[ShareLine], expected: Sequence[Expected], *, x_title: str, y_title: str, height: int = HEIGHT
) -> go.Figure:
    """The running share of findings of each comparison with its interval, beside the shares that are expected.

    Parameters
    ----------
    lines
        All of the same cohorts.
    expected
        Shares at a dashed line.
    x_title, y_title
        The axes.
    height
        In pixels.

    Returns
    -------
    plotly.graph_objects.Figure
        In per cent.
    """
    n = max(len(line.share) for line in lines)
    x = list(range(1, n + 1))
    traces: list[dict[str, Any]] = []
    for line in lines:
        colour = PALETTE[line.place]
        band: dict[str, Any] = {
            "type": "scatter",
            "mode": "lines",
            "x": [*x, *reversed(x)],
            "line": {"width": 0},
            "fill": "toself",
        }
        band |= {"y": round_to(100 * np.concatenate([line.high, line.low[::-1]]), 1), "hoverinfo": "skip"}
        traces.append(band | {"fillcolor": to_translucent(colour, 0.13), "showlegend": False})
    for line in lines:
        colour = PALETTE[line.place]
        drawn: dict[str, Any] = {
            "type": "scatter",
            "mode": "lines" if n > 12 else "lines+markers",
            "name": escape(line.name),
            "x": x,
        }
        drawn |= {"y": round_to(100 * line.share, 1), "marker": {"color": colour, "size": 6}}
        drawn |= {"line": {"color": colour, "width": 2, "dash": DASHES[line.place]}}
        traces.append(drawn | {"hovertemplate": "%{y:.1f} %<extra>%{fullData.name}</extra>"})
    level = {
        "type": "line",
        "xref": "x domain",
        "x0": 0,
        "x1": 1,
        "line": {"color": TEXT_COLOUR, "width": 1.3, "dash": "dash"},
    }
    layout: dict[str, Any] = {
        **base_layout(height, LEFT, RIGHT, TOP, BOTTOM),
        "uirevision": "shares",
        "hovermode": "x unified",
        "hoverlabel": {"namelength": -1},
        "dragmode": False,
        "showlegend": True,
        "legend": LEGEND_ABOVE,
        "shapes": [level | {"y0": 100 * e.share, "y1": 100 * e.share} for e in expected],
        "annotations": [_level_text(e) for e in expected],
        "xaxis": {**number_axis(escape(x_title)), "range": [0.5, max(n, 12) + 0.5], "tickformat": "d", "nticks": 7},
        "yaxis": {
            **PLAIN_AXIS,
            "range": [0, 102],
            "tickvals": [0, 20, 40, 60, 80, 100],
            "gridcolor": GRID_LINE,
            "title": {"text": escape(y_title), "standoff": 4, "font": TITLE_FONT},
        },
    }
    layout["yaxis"]["linecolor"] = AXIS_LINE
    return as_figure(traces, layout)


def _level_text(expected: Expected) -> dict[str, Any]:
    return {
        "text": escape(expected.text),
        "x": 1,
        "xref": "x domain",
        "xanchor": "right",
        "y": 100 * expected.share,
        "yref": "y",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": 11, "color": TEXT_COLOUR},
    }
