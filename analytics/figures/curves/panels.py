"""Small panels with the same axes, one per group or level, and survival curves in them."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from analytics.dictionary import Endpoint
from analytics.estimators import n_at_risk
from analytics.figures.curves.groups import arrange_curves
from analytics.figures.curves.steps import (
    BOTTOM,
    LEFT,
    RIGHT,
    SMALL,
    TOP,
    choose_ticks,
    empty_layout,
    fades_below,
    say_empty,
)
from analytics.figures.curves.words import count_group
from analytics.figures.drawing import LEGEND, TIME_AXIS, as_figure, base_layout, escape
from analytics.figures.theme import GRID_LINE, TEXT_COLOUR, Style
from analytics.formats import format_count
from analytics.results import SurvivalResult

PANEL_HEIGHT, PANEL_AXIS, PANEL_GAP = 170, 24, 0.07
PANEL_TITLE_WIDTH = 21  # in letters
SINGLE_PANEL_HEIGHT = 256
MOST_PANEL_TICKS = 6
HIGHEST = 101.5  # so that a line at 100 % is whole


def plot_survival_panels(
    results: Mapping[str, SurvivalResult],
    *,
    labels: Mapping[str, str],
    styles: Mapping[str, Style],
    origin: str,
    bands: bool = True,
    endpoint: Endpoint | None = None,
) -> go.Figure:
    """Kaplan–Meier curves of the same groups in one small panel per level of another variable.

    Parameters
    ----------
    results
        What the reader sees of each level, to its curves, times in months. A level without patients has no panel.
    labels, styles
        Group to what the reader sees, in the order of the dictionary, and to its style.
    origin
        The day the clock starts, as written on the axis.
    bands
        True draws the pointwise confidence limits, where they are defined.
    endpoint
        Whose words count the events of a group too small for a line, which its panel names; "events" without one.

    Returns
    -------
    plotly.graph_objects.Figure
        Two panels side by side; all share one time axis, and one legend names the groups. Without patients it holds one
        sentence.
    """
    shown = {level: result for level, result in results.items() if any(curve.n for curve in result.curves)}
    if not shown:
        return as_figure([], empty_layout(SINGLE_PANEL_HEIGHT, say_empty()))
    end = max(max(float(curve.time[-1]) for r in shown.values() for curve in r.curves if curve.n), 1.0)
    traces: list[dict[str, Any]] = []
    left_out: dict[int, str] = {}
    named: set[str] = set()
    for panel, result in enumerate(shown.values()):
        groups = arrange_curves(result.curves, labels, styles, end)
        drawn = groups.draw_bands() if bands else []
        drawn += [t for t in groups.draw_lines(fades_below(None), endpoint) if t["legendgroup"] in groups.visible]
        drawn += groups.draw_readings(n_at_risk)
        for trace in filter(None, drawn):
            in_legend = trace.get("showlegend", True) and trace["legendgroup"] not in named
            named |= {trace["legendgroup"]} if in_legend else set()
            traces.append({**trace, **axes_of(panel), "showlegend": in_legend})
        small = [
            f"{groups.names[g]}: not drawn, {count_group(c.n, c.n_event, endpoint)}"
            for g, c in groups.whole.items()
            if g not in groups.visible
        ]
        if small:
            left_out[panel] = "; ".join(small)
        if not groups.visible:
            traces.append(empty_panel(panel))
    titles = [title_panel(level, sum(curve.n for curve in result.curves)) for level, result in shown.items()]
    layout = layout_panels(titles, end, origin, left_out, highest=HIGHEST)
    return as_figure(traces, {**layout, "showlegend": len(named) > 1})


def axes_of(panel: int) -> dict[str, str]:
    """The axes of a panel by its place."""
    suffix = "" if panel == 0 else str(panel + 1)
    return {"xaxis": f"x{suffix}", "yaxis": f"y{suffix}"}


def title_panel(label: str, n: int) -> str:
    """The label in lines that fit over half a telephone, and the patients."""
    lines = textwrap.wrap(f"{label} (n = {format_count(n)})", PANEL_TITLE_WIDTH)
    return "<br>".join(escape(line) for line in lines)


def empty_panel(panel: int) -> dict[str, Any]:
    """What keeps the axes of a panel without areas."""
    return {"type": "scatter", "mode": "lines", "x": [None], "y": [None], "showlegend": False, **axes_of(panel)}


def layout_panels(
    titles: Sequence[str], end: float, origin: str, undrawn: Mapping[int, str], *, highest: float = 100.0
) -> dict[str, Any]:
    """Small panels, two in a row, all with the same axes; the time is named under the lowest of each column.

    ``undrawn`` says at the foot of a panel, by its place, whom it does not draw; ``highest`` is the end of the axis in per cent.
    """
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
        "uirevision": "panels",
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
            "range": [0, highest],
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
                "name": f"panel {panel}",  # by which the browser finds what belongs to one
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
                    "name": f"panel {panel}",
                    "text": "<br>".join(textwrap.wrap(undrawn[panel], PANEL_TITLE_WIDTH)),
                    "x": round(left + width / 2, 5),
                    "xref": "paper",
                    "y": round(top - plot_height / inner, 5),
                    "yref": "paper",
                    "yanchor": "bottom",
                    "yshift": 4,
                    "showarrow": False,
                    "font": {"size": 12},
                }
            )
    return layout
