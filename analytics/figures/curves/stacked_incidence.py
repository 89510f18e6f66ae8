"""Where everybody is at each time: the causes of one competing-risks model stacked, one panel per group."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from analytics.figures.curves.steps import (
    BOTTOM,
    LEFT,
    RIGHT,
    SMALL,
    TOP,
    choose_ticks,
    cut,
    empty_layout,
    is_drawn,
    say_empty,
    thinned,
)
from analytics.figures.curves.words import count_group
from analytics.figures.drawing import LEGEND, TIME_AXIS, as_figure, base_layout, escape, round_months, round_to
from analytics.figures.theme import GRID_LINE, PALETTE, TEXT_COLOUR, to_translucent
from analytics.formats import format_count
from analytics.results import IncidenceCurve, IncidenceResult

# One colour and one hatching per cause, so that areas differ in greyscale too.
CAUSE_COLOURS = (PALETTE[1], PALETTE[3], PALETTE[6], PALETTE[2], PALETTE[5])
CAUSE_HATCHINGS = ("", "/", ".", "x", "-")
FREE_COLOUR = "#808080"
FREE_FILL = "rgba(128,128,128,0.13)"

PANEL_HEIGHT, PANEL_AXIS, PANEL_GAP = 170, 24, 0.07
PANEL_TITLE_WIDTH = 21  # in letters
SINGLE_PANEL_HEIGHT = 256
MOST_PANEL_TICKS = 6


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
        return as_figure([], empty_layout(SINGLE_PANEL_HEIGHT, say_empty()))
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
        colour = CAUSE_COLOURS[i % len(CAUSE_COLOURS)] if is_cause else FREE_COLOUR
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
        **base_layout(height, LEFT, RIGHT, TOP, BOTTOM),
        "uirevision": "incidence",
        "hovermode": "x unified",
        "hoverlabel": {"namelength": -1},
        "dragmode": False,
        "showlegend": True,
        "legend": {
            **LEGEND,
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
            **TIME_AXIS,
            "ticklen": 3,
            "tickfont": {"color": TEXT_COLOUR, "size": SMALL},
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
