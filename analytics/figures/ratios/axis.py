"""The layout that figures of one ratio against a number share: an upright logarithmic axis, a line at 1, a legend above."""

from __future__ import annotations

import math
from typing import Any

from analytics.figures.drawing import LEGEND
from analytics.figures.theme import AXIS_LINE, GRID_LINE, TEXT_COLOUR
from analytics.formats import format_interval, format_ratio
from analytics.results import Interval

FINE = tuple(float(f"{digit}e{power}") for power in range(-4, 4) for digit in (1, 2, 5))
COARSE = tuple(10.0**power for power in range(-4, 5))
MOST_FINE_TICKS = 7
LARGEST_LOGARITHM = 700  # beyond it a ratio is no number of the machine
TITLE_FONT = {"size": 13, "color": TEXT_COLOUR}
PLAIN_AXIS: dict[str, Any] = {
    "fixedrange": True,
    "automargin": False,
    "zeroline": False,
    "tickfont": {"color": TEXT_COLOUR},
}
LINE_AT_ONE: dict[str, Any] = {
    "type": "line",
    "xref": "paper",
    "x0": 0,
    "x1": 1,
    "y0": 0,
    "y1": 0,
    "line": {"color": AXIS_LINE, "width": 1},
    "layer": "below",
}
LEGEND_ABOVE: dict[str, Any] = {**LEGEND, "itemclick": False, "itemdoubleclick": False}


def number_axis(title: str) -> dict[str, Any]:
    """The axis of the number, without its range and ticks; ``title`` is HTML."""
    return {
        **PLAIN_AXIS,
        "ticks": "outside",
        "ticklen": 4,
        "tickcolor": AXIS_LINE,
        "showline": True,
        "linecolor": AXIS_LINE,
        "showgrid": False,
        "title": {"text": title, "standoff": 6, "font": TITLE_FONT},
    }


def ratio_axis(title: str, bottom: float, top: float) -> dict[str, Any]:
    """The axis of the ratio between two logarithms, labelled at 1, 2 and 5 of each power of ten, or at these alone."""
    fine = [ratio for ratio in FINE if bottom <= math.log(ratio) <= top]
    ticks = fine if len(fine) <= MOST_FINE_TICKS else [ratio for ratio in COARSE if bottom <= math.log(ratio) <= top]
    return {
        **PLAIN_AXIS,
        "range": [round(bottom, 4), round(top, 4)],
        "tickvals": [round(math.log(ratio), 5) for ratio in ticks],
        "ticktext": [f"{ratio:g}" for ratio in ticks],
        "gridcolor": GRID_LINE,
        "title": {"text": title, "standoff": 8, "font": TITLE_FONT},
    }


def ratio_at(logarithm: float) -> str:
    """A ratio by its logarithm, as text."""
    if abs(logarithm) < LARGEST_LOGARITHM:
        return format_ratio(math.exp(logarithm))
    return "<0.01" if logarithm < 0 else "beyond number"


def ratio_limits(low: float, high: float) -> str:
    """The limits of a ratio by their logarithms, as text."""
    ends = [math.exp(value) if abs(value) < LARGEST_LOGARITHM else None for value in (low, high)]
    return format_interval(Interval(ends[0], ends[1], 0.95, "wald"))
