"""How the odds go with a number: a restricted cubic spline with its band and knots, beside the straight line."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import plotly.graph_objects as go

from analytics.figures.drawing import as_figure, base_layout, escape, round_to
from analytics.figures.ratios.axis import (
    LEGEND_ABOVE,
    LINE_AT_ONE,
    number_axis,
    ratio_at,
    ratio_axis,
    ratio_limits,
)
from analytics.figures.theme import AXIS_LINE, PALETTE, to_translucent
from analytics.formats import format_level
from analytics.reporting.reasons import say_reason
from analytics.results import FloatArray, SplineResult

HEIGHT = 280
LEFT, RIGHT, TOP, BOTTOM = 62, 14, 44, 48
NARROWEST, WIDEST = math.log(2), math.log(100)  # of the axis, to each side of an odds ratio of 1
SENTENCE_HEIGHT = 90


def plot_spline(spline: SplineResult, *, label: str) -> go.Figure:
    """Odds ratios against the median on a logarithmic axis: the curve with its band, the straight line, the knots.

    Parameters
    ----------
    spline
        Without a curve a sentence says why.
    label
        The number with its unit, for the axis.

    Returns
    -------
    Figure
        What lies beyond a hundredfold is drawn at the edge.
    """
    if spline.reason is not None or spline.reference is None:
        return as_figure([], _layout(0.0, 1.0, np.zeros(0), label, say_reason(spline.reason)))
    straight = (spline.straight or 0.0) * (spline.grid - spline.reference)
    bottom, top = _range(spline, straight)
    grid = _round(spline.grid)

    def inside(values: FloatArray) -> list[float]:
        return round_to(np.clip(values, bottom, top), 4)

    texts = [
        f"{ratio_at(middle)} ({ratio_limits(low, high)})"
        for middle, low, high in zip(
            spline.log_odds_ratio.tolist(), spline.low.tolist(), spline.high.tolist(), strict=True
        )
    ]
    knots = spline.knots[(spline.knots >= spline.grid[0]) & (spline.knots <= spline.grid[-1])]
    traces: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": [*grid, *grid[::-1]],
            "y": [*inside(spline.high), *inside(spline.low)[::-1]],
            "fill": "toself",
            "fillcolor": to_translucent(PALETTE[0], 0.16),
            "line": {"width": 0},
            "hoverinfo": "skip",
            "showlegend": False,
        },
        {
            "type": "scatter",
            "mode": "lines",
            "name": f"curve, {format_level(spline.conf_level)} band",
            "x": grid,
            "y": inside(spline.log_odds_ratio),
            "text": texts,
            "line": {"color": PALETTE[0], "width": 2.4},
            "hovertemplate": f"%{{x}} against {_round(np.array([spline.reference]))[0]:g}: odds ratio %{{text}}<extra></extra>",
        },
        {
            "type": "scatter",
            "mode": "lines",
            "name": "straight line",
            "x": grid,
            "y": inside(straight),
            "line": {"color": PALETTE[1], "width": 1.8, "dash": "9px,3px"},
            "hoverinfo": "skip",
        },
        {
            "type": "scatter",
            "mode": "markers",
            "name": "knots",
            "x": _round(knots),
            "y": [round(bottom, 4)] * len(knots),
            "marker": {"symbol": "triangle-up", "size": 9, "color": AXIS_LINE},
            "cliponaxis": False,
            "hovertemplate": "knot at %{x}<extra></extra>",
        },
    ]
    return as_figure(traces, _layout(bottom, top, spline.grid, label, ""))


def describe_spline(spline: SplineResult, label: str) -> str:
    """The curve in words: its odds ratio against the median at both ends, beside that of the straight line."""
    if spline.reason is not None or spline.reference is None:
        return f"{label}: no curve ({say_reason(spline.reason)})."
    parts = []
    for i in (0, -1):
        at, straight = float(spline.grid[i]), (spline.straight or 0.0) * float(spline.grid[i] - spline.reference)
        parts.append(
            f"{ratio_at(float(spline.log_odds_ratio[i]))} ({format_level(spline.conf_level)} limits "
            f"{ratio_limits(float(spline.low[i]), float(spline.high[i]))}) at {at:.3g}, {ratio_at(straight)} by the straight "
            "line"
        )
    return f"{label}: odds ratio against the median of {spline.reference:.3g}: {'; '.join(parts)}."


def _round(values: FloatArray) -> list[float]:
    return [float(f"{value:.4g}") for value in values]


def _range(spline: SplineResult, straight: FloatArray) -> tuple[float, float]:
    """The two ends of the axis: around the lines and the band, but not beyond a hundredfold."""
    values = np.concatenate([[-NARROWEST, NARROWEST], spline.log_odds_ratio, spline.low, spline.high, straight])
    bottom, top = max(float(values.min()), -WIDEST), min(float(values.max()), WIDEST)
    room = 0.06 * (top - bottom)
    return bottom - room, top + room


def _layout(bottom: float, top: float, grid: FloatArray, label: str, reason: str) -> dict[str, Any]:
    has_curve = len(grid) > 0
    ends = [0.0, 1.0]
    if has_curve:
        room = 0.015 * float(grid[-1] - grid[0])
        ends = [float(f"{grid[0] - room:.5g}"), float(f"{grid[-1] + room:.5g}")]
    sentence = {
        "text": escape(f"No curve: {reason}."),
        "x": 0,
        "y": 1,
        "xref": "paper",
        "yref": "paper",
        "xanchor": "left",
        "yanchor": "top",
        "showarrow": False,
        "font": {"size": 13},
    }
    return {
        **base_layout(
            HEIGHT if has_curve else SENTENCE_HEIGHT, LEFT if has_curve else 0, RIGHT, TOP if has_curve else 10, BOTTOM
        ),
        "hovermode": "x",
        "dragmode": False,
        "showlegend": has_curve,
        "legend": LEGEND_ABOVE,
        "xaxis": {**number_axis(escape(label)), "visible": has_curve, "range": ends, "nticks": 7},
        "yaxis": {**ratio_axis("Odds ratio", bottom, top), "visible": has_curve},
        "shapes": [LINE_AT_ONE] if has_curve else [],
        "annotations": [] if has_curve else [sentence],
    }
