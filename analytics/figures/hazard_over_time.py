"""How one hazard ratio of a Cox model moves over the follow-up: scaled Schoenfeld residuals with a smooth line."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import plotly.graph_objects as go

from analytics.figures.step_curves import as_figure, choose_ticks, escape, round_months, round_to
from analytics.figures.theme import AXIS_LINE, GRID_LINE, PALETTE, TEXT_COLOUR, to_translucent
from analytics.formats import format_count, format_interval, format_level, format_ratio
from analytics.results import CoefficientOverTime, Interval

HEIGHT = 270
LEFT, RIGHT, TOP, BOTTOM = 62, 14, 26, 46
NARROWEST, WIDEST = math.log(3), math.log(1000)  # of the axis, to each side of a hazard ratio of 1
FINE = tuple(float(f"{digit}e{power}") for power in range(-4, 4) for digit in (1, 2, 5))
COARSE = tuple(10.0**power for power in range(-4, 5))
MOST_FINE_TICKS = 7


def plot_hazard_over_time(coefficient: CoefficientOverTime, *, origin: str, step: float = 1.0) -> go.Figure:
    """The hazard ratio at each time of an event, the smooth line through them with its band, and the model's one ratio.

    Parameters
    ----------
    coefficient
        One coefficient over time, times in months.
    origin
        Where the clock starts, for the axis.
    step
        For a number: how many units more the hazard ratio is for.

    Returns
    -------
    Figure
        A logarithmic axis of hazard ratios; points beyond it lie on its edge. Without a smooth line a sentence says why.
    """
    beta = step * coefficient.beta
    smooth, low, high = step * coefficient.smooth, step * coefficient.low, step * coefficient.high
    model = step * coefficient.coefficient
    bottom, top = _range(model, beta, smooth, low, high)
    inset = 0.025 * (top - bottom)  # points beyond the axis lie on its edge, whole
    end = float(coefficient.time[-1]) if coefficient.time.size else 12.0
    colour = PALETTE[0]
    traces: list[dict[str, Any]] = []
    if coefficient.grid.size:
        grid = round_months(coefficient.grid)
        edges = [*round_to(np.clip(high, bottom, top), 3), *round_to(np.clip(low, bottom, top), 3)[::-1]]
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": [*grid, *grid[::-1]],
                "y": edges,
                "fill": "toself",
                "fillcolor": to_translucent(colour, 0.16),
                "line": {"width": 0},
                "hoverinfo": "skip",
                "showlegend": False,
            }
        )
    traces.append(
        {
            "type": "scatter",
            "mode": "markers",
            "name": "events",
            "x": round_months(coefficient.time),
            "y": round_to(np.clip(beta, bottom + inset, top - inset), 3),
            "marker": {"size": 6, "color": "rgba(128,128,128,0.6)"},
            "hoverinfo": "skip",
        }
    )
    if coefficient.grid.size:
        texts = [
            f"{_ratio(middle)} ({_limits(below, above)})"
            for middle, below, above in zip(smooth.tolist(), low.tolist(), high.tolist(), strict=True)
        ]
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": "smoothed",
                "x": grid,
                "y": round_to(np.clip(smooth, bottom, top), 3),
                "text": texts,
                "line": {"color": colour, "width": 2.4},
                "hovertemplate": "%{x:.1f} months: hazard ratio %{text}<extra></extra>",
            }
        )
    traces.append(
        {
            "type": "scatter",
            "mode": "lines",
            "name": f"model: {_ratio(model)}",
            "x": [0, round(end, 3)],
            "y": [round(min(max(model, bottom), top), 3)] * 2,
            "line": {"color": PALETTE[1], "width": 1.8, "dash": "9px,3px"},
            "hoverinfo": "skip",
        }
    )
    return as_figure(traces, _layout(bottom, top, end, origin, coefficient.reason))


def describe_hazard_over_time(
    coefficient: CoefficientOverTime, label: str, conf_level: float, step: float = 1.0
) -> str:
    """The smooth line in words: the hazard ratio where it begins and where it ends, beside the model's one ratio."""
    one = f"the model’s one hazard ratio is {_ratio(step * coefficient.coefficient)}"
    n = format_count(coefficient.time.size)
    if coefficient.reason is not None or not coefficient.grid.size:
        return f"{label}: {one}; no smooth line over {n} event times ({coefficient.reason or 'too few of them'})."
    first, last = (
        f"{_ratio(step * coefficient.smooth[i])} "
        f"({format_level(conf_level)} limits {_limits(step * coefficient.low[i], step * coefficient.high[i])}) "
        f"at {coefficient.grid[i]:.1f} months"
        for i in (0, -1)
    )
    return f"{label}: smoothed over {n} event times, the hazard ratio is {first} and {last}; {one}."


def _range(model: float, beta: Any, smooth: Any, low: Any, high: Any) -> tuple[float, float]:
    """The two ends of the axis: around the lines, the band and most points, but not beyond a thousandfold."""
    inner = np.quantile(beta, (0.05, 0.95)) if len(beta) else []
    values = np.concatenate([[model, -NARROWEST, NARROWEST], inner, smooth, low, high])
    values = values[np.isfinite(values)]
    bottom, top = max(float(values.min()), -WIDEST), min(float(values.max()), WIDEST)
    room = 0.05 * (top - bottom)
    return bottom - room, top + room


def _ratio(beta: float) -> str:
    return format_ratio(math.exp(beta)) if abs(beta) < 700 else ("<0.01" if beta < 0 else "beyond number")


def _limits(low: float, high: float) -> str:
    ends = [math.exp(value) if abs(value) < 700 else None for value in (low, high)]
    return format_interval(Interval(ends[0], ends[1], 0.95, "spline"))


def _layout(bottom: float, top: float, end: float, origin: str, reason: str | None) -> dict[str, Any]:
    fine = [ratio for ratio in FINE if bottom <= math.log(ratio) <= top]
    ticks = fine if len(fine) <= MOST_FINE_TICKS else [ratio for ratio in COARSE if bottom <= math.log(ratio) <= top]
    months = choose_ticks(end)
    axis = {"fixedrange": True, "automargin": False, "zeroline": False, "tickfont": {"color": TEXT_COLOUR}}
    title_font = {"size": 13, "color": TEXT_COLOUR}
    note = {
        "text": escape(f"No smooth line: {reason}"),
        "x": 0.5,
        "y": 1,
        "xref": "paper",
        "yref": "paper",
        "yanchor": "top",
        "showarrow": False,
        "font": {"size": 13},
    }
    return {
        "template": {},
        "font": {"color": TEXT_COLOUR},
        "height": HEIGHT,
        "margin": {"l": LEFT, "r": RIGHT, "t": TOP, "b": BOTTOM, "pad": 0},
        "hovermode": "x",
        "dragmode": False,
        "showlegend": True,
        "legend": {
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": 1.01,
            "yanchor": "bottom",
            "font": {"size": 12},
            "itemclick": False,
            "itemdoubleclick": False,
        },
        "xaxis": {
            **axis,
            "range": [round(-0.012 * end, 3), round(1.012 * end, 3)],
            "tickvals": list(months),
            "ticktext": [f"{month:g}" for month in months],
            "ticks": "outside",
            "ticklen": 4,
            "tickcolor": AXIS_LINE,
            "showline": True,
            "linecolor": AXIS_LINE,
            "showgrid": False,
            "title": {"text": f"Months from {escape(origin)}", "standoff": 6, "font": title_font},
        },
        "yaxis": {
            **axis,
            "range": [round(bottom, 4), round(top, 4)],
            "tickvals": [round(math.log(ratio), 5) for ratio in ticks],
            "ticktext": [f"{ratio:g}" for ratio in ticks],
            "gridcolor": GRID_LINE,
            "title": {"text": "Hazard ratio", "standoff": 8, "font": title_font},
        },
        "shapes": [
            {
                "type": "line",
                "xref": "paper",
                "x0": 0,
                "x1": 1,
                "y0": 0,
                "y1": 0,
                "line": {"color": AXIS_LINE, "width": 1},
                "layer": "below",
            }
        ],
        "annotations": [note] if reason is not None else [],
    }
