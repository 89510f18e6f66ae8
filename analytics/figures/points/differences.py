"""A forest plot of differences of survival, in percentage points, around the line of no difference."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from analytics.figures.drawing import as_figure, base_layout, chip_of, escape, label_row
from analytics.figures.theme import AXIS_LINE, GRID_LINE, TEXT_COLOUR, Style
from analytics.reporting.estimates import format_percent_points
from analytics.reporting.reasons import say_reason
from analytics.results import Estimate

LEFT, RIGHT, TOP, AXIS_HEIGHT = 14, 14, 4, 64
ROW_HEIGHT, LINE_HEIGHT = 38, 18
LONGEST_LINE = 44  # letters that a telephone shows on one line
NARROWEST = 20.0  # percentage points on either side: smaller differences should look small
STEPS = (5, 10, 20, 25, 50)
MOST_TICKS_ON_A_SIDE = 4


@dataclass(frozen=True, slots=True)
class DifferenceRow:
    """One difference: ``heading`` says between whom, ``label`` which; ``style`` is that of its group.

    Rows that follow each other with one heading share it. Without a value the reason is written.
    """

    heading: str
    label: str
    difference: Estimate
    style: Style


def plot_differences(rows: Sequence[DifferenceRow], *, sides: tuple[str, str], title: str) -> go.Figure:
    """Under each heading one line per difference: its label and number, and under them its interval on a common axis.

    Parameters
    ----------
    rows
        Differences on the probability scale, -1 to 1, from top to bottom. Intervals are drawn where they exist.
    sides
        What it means to lie to the left and to the right of the line at 0.
    title
        What is written under the axis.

    Returns
    -------
    plotly.graph_objects.Figure
        As high as its rows need. Without rows it holds one sentence.
    """
    end = _end(rows)
    step = next((s for s in STEPS if end / s <= MOST_TICKS_ON_A_SIDE), STEPS[-1])
    ticks = [float(k * step) for k in range(-math.floor(end / step), math.floor(end / step) + 1)]
    traces: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    y, heading = 0.0, ""
    for row in rows:
        if row.heading != heading:
            heading = row.heading
            lines = _wrapped(heading)
            text = f"{chip_of(row.style.colour)}<b>{'<br>'.join(map(escape, lines))}</b>"
            annotations.append({**_annotation(text, 0, y + 4, "left"), "yanchor": "top"})
            y += 6 + LINE_HEIGHT * len(lines)
        traces += _draw(row, y)
        annotations += _texts(row, y)
        y += ROW_HEIGHT
    inner = max(y, ROW_HEIGHT)
    height = round(TOP + inner + AXIS_HEIGHT)
    if not rows:
        annotations.append(_annotation("There is nothing to compare.", 0.5, inner / 2, "center"))
    for text, x, anchor in ((f"← {sides[0]}", 0.0, "left"), (f"{sides[1]} →", 1.0, "right")):
        annotations.append(
            {
                **_annotation(escape(text), x, 0, anchor),
                "yref": "paper",
                "yanchor": "top",
                "yshift": -42,
                "font": {"size": 11, "color": TEXT_COLOUR},
            }
        )
    layout: dict[str, Any] = {
        **base_layout(height, LEFT, RIGHT, TOP, AXIS_HEIGHT),
        "uirevision": "differences",
        "showlegend": False,
        "dragmode": False,
        "hovermode": "closest",
        "xaxis": {
            "range": [-1.03 * end, 1.03 * end],
            "tickvals": ticks,
            "ticktext": ["0" if not tick else f"{tick:+g}".replace("-", "−") for tick in ticks],
            "tickfont": {"color": TEXT_COLOUR},
            "tickcolor": AXIS_LINE,
            "ticks": "outside",
            "ticklen": 4,
            "showline": True,
            "linecolor": AXIS_LINE,
            "gridcolor": GRID_LINE,
            "zeroline": True,
            "zerolinecolor": AXIS_LINE,
            "zerolinewidth": 1.5,
            "fixedrange": True,
            "automargin": False,
            "title": {"text": escape(title), "standoff": 4, "font": {"size": 12, "color": TEXT_COLOUR}},
        },
        "yaxis": {"range": [inner, 0], "visible": False, "fixedrange": True},
        "annotations": annotations,
    }
    return as_figure(traces, layout)


def _end(rows: Sequence[DifferenceRow]) -> float:
    """The half width of the axis: the widest limit, between 20 and 100 percentage points."""
    widest = NARROWEST
    for row in rows:
        for value in (row.difference.value, *_limits(row.difference)):
            widest = max(widest, abs(100 * (value or 0.0)))
    return min(widest, 100.0)


def _wrapped(heading: str) -> list[str]:
    """The heading on lines that a telephone shows."""
    lines = [""]
    for word in heading.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if len(longer) > LONGEST_LINE and lines[-1]:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _limits(difference: Estimate) -> tuple[float | None, float | None]:
    return (difference.interval.low, difference.interval.high) if difference.interval else (None, None)


def _draw(row: DifferenceRow, top: float) -> list[dict[str, Any]]:
    value = row.difference.value
    if value is None:
        return []
    low, high = (value if limit is None else limit for limit in _limits(row.difference))
    y = top + 27
    name = escape(f"{row.heading}, {row.label}")
    reading = f"{name}<br><b>{format_percent_points(row.difference)}</b><extra></extra>"
    line = {
        "type": "scatter",
        "mode": "lines",
        "x": [round(100 * low, 2), round(100 * high, 2)],
        "y": [y, y],
        "line": {"color": row.style.colour, "width": 2.2},
        "hoverinfo": "skip",
    }
    point = {
        "type": "scatter",
        "mode": "markers",
        "x": [round(100 * value, 2)],
        "y": [y],
        "marker": {"color": row.style.colour, "symbol": row.style.symbol, "size": 11},
        "hovertemplate": reading,
    }
    return [line, point]


def _texts(row: DifferenceRow, top: float) -> list[dict[str, Any]]:
    left = _annotation(escape(row.label), 0, top + 11, "left")
    if row.difference.value is None:
        # A reason is a clause: on a line of its own it fits a telephone.
        return [left, _annotation(f"<i>{escape(say_reason(row.difference.reason))}</i>", 0, top + 27, "left")]
    return [left, _annotation(format_percent_points(row.difference), 1, top + 11, "right")]


def _annotation(text: str, x: float, y: float, anchor: str) -> dict[str, Any]:
    return {**label_row(text, y, 12), "x": x, "xanchor": anchor, "align": anchor}
