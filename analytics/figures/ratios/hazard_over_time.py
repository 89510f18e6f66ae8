"""How one hazard ratio of a Cox model moves over the follow-up: scaled Schoenfeld residuals with a smooth line."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import plotly.graph_objects as go

from analytics.figures.curves.steps import choose_ticks
from analytics.figures.drawing import as_figure, base_layout, escape, round_months, round_to
from analytics.figures.ratios.axis import (
    LEGEND_ABOVE,
    LINE_AT_ONE,
    number_axis,
    ratio_at,
    ratio_axis,
    ratio_limits,
)
from analytics.figures.theme import AXIS_LINE, PALETTE, to_translucent
from analytics.formats import format_count, format_level
from analytics.reporting.reasons import say_reason
from analytics.results import CoefficientOverTime, Reason

HEIGHT = 270
LEFT, RIGHT, TOP, BOTTOM = 62, 14, 26, 46
NARROWEST, WIDEST = math.log(3), math.log(1000)  # of the axis, to each side of a hazard ratio of 1


def plot_hazard_over_time(
    coefficient: CoefficientOverTime, *, origin: str, step: float = 1.0, label: str = ""
) -> go.Figure:
    """The hazard ratio at each time of an event, the smooth line through them with its band, and the model's one ratio.

    Parameters
    ----------
    coefficient
        One coefficient over time, times in months.
    origin
        Where the clock starts, for the axis.
    step
        For a number: how many units more the hazard ratio is for.
    label
        What the hazard ratio compares, for what is read on hover.

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
            "marker": {"size": 6, "color": AXIS_LINE},
            "hoverinfo": "skip",
        }
    )
    if coefficient.grid.size:
        texts = [
            f"{ratio_at(middle)} ({ratio_limits(below, above)})"
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
                "hovertemplate": f"{escape(label)}<br>%{{x:.1f}} months: hazard ratio %{{text}}<extra></extra>",
            }
        )
    traces.append(
        {
            "type": "scatter",
            "mode": "lines",
            "name": f"model: {ratio_at(model)}",
            "x": [0, round(end, 3)],
            "y": [round(min(max(model, bottom), top), 3)] * 2,
            "line": {"color": PALETTE[1], "width": 1.8, "dash": "9px,3px"},
            "hoverinfo": "skip",
        }
    )
    return as_figure(traces, _layout(bottom, top, end, origin, coefficient.reason))


def describe_hazard_over_time(
    coefficient: CoefficientOverTime,
    label: str,
    conf_level: float,
    step: float = 1.0,
    *,
    model: str = "the model’s one hazard ratio",
) -> str:
    """The smooth line in words: the hazard ratio where it begins and where it ends, beside the one of the ``model``."""
    one = f"{model} is {ratio_at(step * coefficient.coefficient)}"
    n = format_count(coefficient.time.size)
    if coefficient.reason is not None or not coefficient.grid.size:
        why = "too few of them" if coefficient.reason is None else say_reason(coefficient.reason)
        return f"{label}: {one}; no smooth line over {n} event times ({why})."
    first, last = (
        f"{ratio_at(step * coefficient.smooth[i])} "
        f"({format_level(conf_level)} limits {ratio_limits(step * coefficient.low[i], step * coefficient.high[i])}) "
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


def _layout(bottom: float, top: float, end: float, origin: str, reason: Reason | None) -> dict[str, Any]:
    months = choose_ticks(end)
    note = {
        "text": escape(f"No smooth line: {say_reason(reason)}"),
        "x": 0.5,
        "y": 1,
        "xref": "paper",
        "yref": "paper",
        "yanchor": "top",
        "showarrow": False,
        "font": {"size": 13},
    }
    return {
        **base_layout(HEIGHT, LEFT, RIGHT, TOP, BOTTOM),
        "hovermode": "x",
        "dragmode": False,
        "showlegend": True,
        "legend": LEGEND_ABOVE,
        "xaxis": {
            **number_axis(f"Months from {escape(origin)}"),
            "range": [round(-0.012 * end, 3), round(1.012 * end, 3)],
            "tickvals": list(months),
            "ticktext": [f"{month:g}" for month in months],
        },
        "yaxis": ratio_axis("Hazard ratio", bottom, top),
        "shapes": [LINE_AT_ONE],
        "annotations": [note] if reason is not None else [],
    }
