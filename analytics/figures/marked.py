"""What lessons mark on figures of curves: points beside a curve, a level with its time; and follow-up patient by patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from analytics.figures.drawing import LEGEND, TIME_AXIS, as_figure, base_layout
from analytics.figures.taught import GUESS
from analytics.figures.theme import AXIS_LINE, PALETTE, TEXT_COLOUR, Figure

MOST_LINES = 120  # patients of whom each is a line; of more, some are shown, evenly from short to long


@dataclass(frozen=True, slots=True)
class Mark:
    """A point beside a curve: its height in per cent, what it is, and its place among the symbols."""

    percent: float
    name: str
    symbol: str
    colour: str


def mark_guess(percent: float, name: str) -> Mark:
    """What a learner answered, as it is marked everywhere."""
    return Mark(percent, name, "circle", GUESS)


def mark_points(figure: Figure, month: float, marks: Sequence[Mark]) -> Figure:
    """The figure with points at one time, named above it."""
    drawn = figure.to_plotly_json()
    layout = drawn["layout"]
    traces = [
        {
            "type": "scatter",
            "mode": "markers",
            "x": [round(month, 3)],
            "y": [round(mark.percent, 2)],
            "name": mark.name,
            "marker": {"color": mark.colour, "size": 11, "symbol": mark.symbol},
            "hovertemplate": "%{y:.1f} %",
            "cliponaxis": False,
            "showlegend": True,
            "legendrank": 2000 + number,
        }
        for number, mark in enumerate(marks)
    ]
    if traces:
        layout["showlegend"] = True
        layout["margin"]["autoexpand"] = True
    return as_figure([*drawn["data"], *traces], layout)


def mark_level(figure: Figure, percent: float, month: float | None, text: str) -> Figure:
    """The figure with a line at a height in per cent, to the curve and down to the time where it is reached; else all along."""
    drawn = figure.to_plotly_json()
    layout = drawn["layout"]
    line = {"color": AXIS_LINE, "width": 1.5, "dash": "2px,3px"}
    start, end = 0.0, float(layout["xaxis"]["range"][1])
    shapes = [{"type": "line", "x0": start, "x1": end if month is None else month, "y0": percent, "y1": percent}]
    if month is not None:
        shapes.append({"type": "line", "x0": month, "x1": month, "y0": 0, "y1": percent})
    layout["shapes"] = [*layout.get("shapes", []), *({**shape, "line": line} for shape in shapes)]
    # Beside the line that goes down, where no curve is; without it, under the level that no curve reaches.
    at, is_late = start if month is None else month, month is not None and month > 0.6 * end
    said = {"text": text, "x": at, "y": percent if month is None else 0, "showarrow": False}
    said |= {"yanchor": "top" if month is None else "bottom", "xanchor": "right" if is_late else "left"}
    said |= {"xshift": -6 if is_late else 6, "font": {"size": 12, "color": TEXT_COLOUR}}
    layout["annotations"] = [*layout.get("annotations", []), said]
    return as_figure(drawn["data"], layout)


def thin_out(n: int) -> list[int]:
    """The places of those of so many patients who are drawn."""
    if n <= MOST_LINES:
        return list(range(n))
    return sorted({round(place) for place in np.linspace(0, n - 1, MOST_LINES)})


def plot_follow_ups(
    time: ArrayLike, event: ArrayLike, month: float, *, died: str, censored: str, x_title: str, y_title: str
) -> Figure:
    """A line for each patient, from the start to death or to when the patient was last seen alive, the longest above."""
    times, events = np.asarray(time, dtype=np.float64), np.asarray(event, dtype=np.float64)
    order = np.argsort(times, kind="stable")
    order = order[thin_out(len(order))]
    times, has_died = times[order], events[order] > 0
    rows = np.arange(1, len(times) + 1)
    lines: dict[str, list[Any]] = {"x": [], "y": []}
    for row, until in zip(rows.tolist(), times.tolist(), strict=True):
        lines["x"] += [0, round(until, 2), None]
        lines["y"] += [row, row, None]
    traces: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "mode": "lines",
            **lines,
            "line": {"color": AXIS_LINE, "width": 1.2},
            "hoverinfo": "skip",
            "showlegend": False,
        }
    ]
    for name, which, symbol, colour in (
        (died, has_died, "x", PALETTE[1]),
        (censored, ~has_died, "circle-open", PALETTE[0]),
    ):
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": np.round(times[which], 2).tolist(),
                "y": rows[which].tolist(),
                "name": name,
                "marker": {"color": colour, "symbol": symbol, "size": 7},
                "hovertemplate": "%{x:.1f}",
                "cliponaxis": False,
            }
        )
    end = float(times.max()) * 1.02
    title = {"font": {"size": 13, "color": TEXT_COLOUR}, "standoff": 6}
    ticks = [month * k for k in range(20) if month * k <= end]
    layout = base_layout(360, 34, 20, 34, 48) | {
        "showlegend": True,
        "legend": LEGEND,
        "dragmode": False,
        "hovermode": "closest",
        "xaxis": {
            **TIME_AXIS,
            "range": [-0.01 * end, end],
            "tickvals": ticks,
            "ticktext": [f"{tick:g}" for tick in ticks],
            "title": {"text": x_title, **title},
        },
        "yaxis": {
            "range": [0, len(times) + 1],
            "showticklabels": False,
            "ticks": "",
            "showgrid": False,
            "zeroline": False,
            "fixedrange": True,
            "title": {"text": y_title, **title},
        },
        "shapes": [
            {
                "type": "line",
                "x0": month,
                "x1": month,
                "y0": 0,
                "y1": 1,
                "yref": "y domain",
                "line": {"color": TEXT_COLOUR, "width": 1.5, "dash": "2px,3px"},
            }
        ],
    }
    return as_figure(traces, layout)
