"""The hazard ratio over many landmarks, with how many children are left at each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from analytics.dictionary import load_words
from analytics.figures.curves.steps import (
    draw_counts,
    empty_layout,
    say_empty,
)
from analytics.figures.drawing import as_figure, base_layout, escape
from analytics.figures.theme import AXIS_LINE, GRID_LINE, PALETTE, TEXT_COLOUR
from analytics.formats import format_interval, format_ratio_of
from analytics.results import Estimate

LEFT, RIGHT, TOP, BOTTOM = 70, 14, 26, 4
PLOT_HEIGHT, AXIS_HEIGHT, TABLE_HEIGHT = 190, 46, 62
LINES = (("Treated", (0,)), ("Not yet", (1,)), ("Excluded", (2,)))
TICKS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
NARROWEST = (0.2, 5.0)
WIDEST = (0.04, 25.0)


@dataclass(frozen=True, slots=True)
class StripPoint:
    """One landmark: days, its hazard ratio, children in the group and not yet in it, and those already excluded."""

    days: int
    ratio: Estimate
    n_treated: int
    n_untreated: int
    n_excluded: int


_SAY_NONE = {
    "text": "No hazard ratio can be given at any of these landmarks",
    "x": 0.5,
    "xref": "paper",
    "y": 0,
    "yref": "y",
    "yanchor": "bottom",
    "showarrow": False,
    "font": {"size": 13, "color": TEXT_COLOUR},
}


def plot_landmark_strip(
    points: Sequence[StripPoint], *, chosen: int, origin: str, reference: str, compared: str = ""
) -> go.Figure:
    """Hazard ratios with intervals on a logarithmic axis against the day of the landmark, counts beneath.

    Parameters
    ----------
    points
        One entry per landmark, ascending. Without a hazard ratio a point has its counts alone.
    chosen
        The landmark of the curves above, in days: drawn filled, the others open.
    origin
        The day the clock starts, as written on the axis.
    reference
        What a hazard ratio above 1 means, for the axis ("above 1: higher hazard with HSCT").
    compared
        What the ratios compare ("HSCT against not yet transplanted"), for what is read on hover.

    Returns
    -------
    plotly.graph_objects.Figure
        Arrows stand for limits beyond the axis. Without points it holds one sentence.
    """
    height = TOP + PLOT_HEIGHT + AXIS_HEIGHT + TABLE_HEIGHT + BOTTOM
    if not points:
        return as_figure([], empty_layout(height, say_empty()))
    low, high = _range(points)
    shown = [p for p in points if p.ratio.value is not None]
    traces = [_draw(p, low, high, compared, is_chosen=p.days == chosen) for p in shown]
    # Plotly leaves out axes on which nothing is drawn.
    traces = traces or [{"type": "scatter", "mode": "markers", "x": [None], "y": [None], "hoverinfo": "skip"}]
    spread = max((points[-1].days - points[0].days) / max(len(points) - 1, 1), 1)
    days = [float(p.days) for p in points]
    counts = [
        np.array([getattr(p, name) for p in points], float) for name in ("n_treated", "n_untreated", "n_excluded")
    ]
    cells, titles = draw_counts([tuple(counts)], LINES, days, [load_words().head], [TEXT_COLOUR])
    inner = height - TOP - BOTTOM
    layout: dict[str, Any] = {
        **base_layout(height, LEFT, RIGHT, TOP, BOTTOM),
        "uirevision": "landmarks",
        "showlegend": False,
        "dragmode": False,
        "hovermode": "closest",
        "xaxis": {
            "anchor": "y",
            "range": [points[0].days - 0.6 * spread, points[-1].days + 0.6 * spread],
            "tickvals": days,
            "ticktext": [f"{p.days}" for p in points],
            "tickangle": 0,
            "ticks": "outside",
            "showline": True,
            "linecolor": AXIS_LINE,
            "tickcolor": AXIS_LINE,
            "tickfont": {"color": TEXT_COLOUR},
            "showgrid": False,
            "zeroline": False,
            "fixedrange": True,
            "title": {
                "text": f"Landmark, days from {origin}",
                "standoff": 6,
                "font": {"size": 13, "color": TEXT_COLOUR},
            },
        },
        "yaxis": {
            "type": "log",
            "domain": [round(1 - PLOT_HEIGHT / inner, 5), 1],
            "range": [math.log10(low), math.log10(high)],
            "tickvals": [t for t in TICKS if low <= t <= high],
            "ticktext": [f"{t:g}" for t in TICKS if low <= t <= high],
            "gridcolor": GRID_LINE,
            "tickfont": {"color": TEXT_COLOUR},
            "zeroline": False,
            "fixedrange": True,
            "title": {"text": "Hazard ratio", "standoff": 8, "font": {"size": 13, "color": TEXT_COLOUR}},
        },
        "yaxis2": {
            "domain": [0, round(TABLE_HEIGHT / inner, 5)],
            "range": [TABLE_HEIGHT, 0],
            "visible": False,
            "fixedrange": True,
        },
        "shapes": [
            {
                "type": "line",
                "xref": "paper",
                "x0": 0,
                "x1": 1,
                "y0": 1,
                "y1": 1,
                "line": {"color": AXIS_LINE, "width": 1.5, "dash": "dot"},
            }
        ],
        "annotations": [
            *titles,
            *([] if shown else [_SAY_NONE]),
            {
                "text": reference,
                "x": 0,
                "xref": "paper",
                "xanchor": "left",
                "y": 1,
                "yref": "paper",
                "yanchor": "bottom",
                "showarrow": False,
                "font": {"size": 11},
            },
        ],
    }
    return as_figure([*traces, cells], layout)


def _range(points: Sequence[StripPoint]) -> tuple[float, float]:
    """The axis: from 0.2 to 5 at least, from 0.04 to 25 at most, wide enough for estimates and most limits."""
    lows, highs = [NARROWEST[0]], [NARROWEST[1]]
    for point in points:
        if point.ratio.value is None:
            continue
        interval = point.ratio.interval
        lows.append(0.9 * (interval.low if interval and interval.low else point.ratio.value))
        highs.append(1.1 * (interval.high if interval and interval.high else point.ratio.value))
    return max(min(lows), WIDEST[0]), min(max(highs), WIDEST[1])


def _draw(point: StripPoint, low: float, high: float, compared: str, *, is_chosen: bool) -> dict[str, Any]:
    ratio = point.ratio
    value = float(ratio.value or 1.0)
    interval = ratio.interval
    bottom = (interval.low or low) if interval else value
    top = (interval.high or high) if interval else value
    limits = f" ({format_interval(interval)})" if interval else ""
    name = f"Hazard ratio of {escape(compared)}:<br>" if compared else "Hazard ratio "
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": [point.days] * 3,
        "y": [min(max(at, low), high) for at in (bottom, value, top)],
        "line": {"color": PALETTE[0], "width": 2.4 if is_chosen else 1.5},
        "marker": {
            "color": PALETTE[0],
            "size": [
                8 if interval and (interval.low or 0) < low else 0,
                11 if is_chosen else 8,
                8 if interval and (interval.high or high + 1) > high else 0,
            ],
            "symbol": ["triangle-down", "square" if is_chosen else "square-open", "triangle-up"],
        },
        "hovertemplate": f"<b>{point.days} days</b><br>{name}{format_ratio_of(ratio)}{limits}<extra></extra>",
    }
