"""How often something is found by chance, by how often one looks: shares over the number of looks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analytics.figures.drawing import LEGEND, ROWS_AXIS, TICKS, as_figure, base_layout, round_to
from analytics.figures.theme import AXIS_LINE, PALETTE, Figure
from analytics.results import FloatArray

HEIGHT = 380
PERCENTS = (0, 5, 20, 40, 60, 80, 100)


def plot_looks(
    lines: Sequence[tuple[str, FloatArray, str]],
    *,
    at: int,
    x_title: str,
    y_title: str,
    guess: tuple[float, str] | None = None,
) -> Figure:
    """Shares by the number of looks, from one look on, each line with its name and dash; ``at`` is pointed at.

    ``guess`` is what a learner said for the last number of looks (per cent) with its name.
    """
    traces: list[dict[str, Any]] = []
    for place, (name, shares, dash) in enumerate(lines):
        looks = list(range(1, len(shares) + 1))
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers" if dash == "solid" else "lines",
                "x": looks,
                "y": round_to(100 * shares, 1),
                "name": name,
                "line": {"color": PALETTE[place], "dash": dash, "width": 2.2},
                "marker": {"size": 5, "color": PALETTE[place]},
                "hovertemplate": f"{name}: %{{y:.0f}} %<extra></extra>",
            }
        )
    last = max(len(shares) for _, shares, _ in lines)
    if guess is not None:
        marker = {"color": PALETTE[5], "size": 11, "symbol": "diamond"}
        traces.append(
            {"type": "scatter", "mode": "markers", "x": [last], "y": [guess[0]], "name": guess[1], "marker": marker}
        )
    layout = base_layout(HEIGHT, 56, 16, 70, 52)
    line = {"color": AXIS_LINE, "width": 1.2, "dash": "2px,3px"}
    layout["shapes"] = [
        {"type": "line", "x0": 0.5, "x1": last + 0.5, "y0": 5, "y1": 5, "line": line},
        {"type": "line", "x0": at, "x1": at, "y0": 0, "y1": 1, "yref": "y domain", "line": line},
    ]
    ticks = [1, *range(5, last + 1, 5)]
    layout["xaxis"] = {**ROWS_AXIS, **TICKS, "range": [0.5, last + 0.5], "tickvals": ticks, "showgrid": False}
    layout["xaxis"]["title"] = {"text": x_title, "font": {"size": 13}}
    layout["yaxis"] = {
        **ROWS_AXIS,
        **TICKS,
        "range": [0, 100],
        "tickvals": [0, 20, 40, 60, 80, 100],
        "ticksuffix": " %",
    }
    layout["yaxis"]["title"] = {"text": y_title, "font": {"size": 13}}
    layout |= {"legend": LEGEND, "showlegend": True, "hovermode": "x unified"}
    return as_figure(traces, layout)
