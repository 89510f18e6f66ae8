"""Observed against predicted shares with the event, above a histogram of the predictions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import plotly.graph_objects as go

from analytics.dictionary import load_words
from analytics.figures.drawing import as_figure, base_layout, escape
from analytics.figures.ratios.axis import LEGEND_ABOVE
from analytics.figures.theme import AXIS_LINE, GRID_LINE, PALETTE, TEXT_COLOUR, to_translucent
from analytics.formats import format_count, format_percent
from analytics.reporting.estimates import format_probability
from analytics.results import CalibrationResult, FloatArray

HEIGHT = 380
LEFT, RIGHT, TOP, BOTTOM = 58, 14, 30, 50
BINS = 25
# The histogram lies in a strip of its own under the points.
STRIP, GAP = 0.17, 0.05
STEPS = (0.01, 0.02, 0.05, 0.1, 0.2)
MOST_TICKS = 6
SMALLEST, LARGEST = 5.0, 14.0  # of the points, whose area goes with the number of patients


def plot_calibration(
    calibration: CalibrationResult, probability: FloatArray, weight: FloatArray, *, event: str
) -> go.Figure:
    """The share with the event in groups of like predictions against the mean prediction, on the diagonal if they agree.

    Parameters
    ----------
    calibration
        Groups without an observed share are left out.
    probability, weight
        Predicted probabilities, 0–1, and how many patients share each; for the histogram.
    event
        What is predicted, for the axes ("relapse").

    Returns
    -------
    Figure
        Both axes in per cent over the same range. Without groups it holds one sentence.
    """
    groups = [g for g in calibration.groups if g.observed.value is not None]
    top = _top(calibration, probability)
    traces: list[dict[str, Any]] = []
    if groups:
        values = [100 * (g.observed.value or 0.0) for g in groups]
        limits = [
            (100 * (g.observed.interval.low or 0.0), 100 * (g.observed.interval.high or 0.0))
            if g.observed.interval
            else (v, v)
            for g, v in zip(groups, values, strict=True)
        ]
        most = max(g.observed.n for g in groups)
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": "perfect agreement",
                "x": [0, round(100 * top, 3)],
                "y": [0, round(100 * top, 3)],
                "line": {"color": AXIS_LINE, "width": 1.6, "dash": "6px,4px"},
                "hoverinfo": "skip",
            }
        )
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": f"groups of {load_words().plural} with like predictions",
                "x": [round(100 * (g.predicted or 0.0), 2) for g in groups],
                "y": [round(v, 2) for v in values],
                "error_y": {
                    "type": "data",
                    "symmetric": False,
                    "array": [round(high - v, 2) for v, (_, high) in zip(values, limits, strict=True)],
                    "arrayminus": [round(v - low, 2) for v, (low, _) in zip(values, limits, strict=True)],
                    "color": PALETTE[0],
                    "thickness": 1.6,
                    "width": 4,
                },
                "marker": {
                    "color": PALETTE[0],
                    "size": [round(max(SMALLEST, LARGEST * math.sqrt(g.observed.n / most)), 1) for g in groups],
                    "opacity": 0.9,
                },
                "text": [
                    f"predicted {format_percent(g.predicted)}, observed {format_probability(g.observed)}; "
                    f"{format_count(g.observed.n_event)} of {format_count(g.observed.n)}"
                    for g in groups
                ],
                "hovertemplate": "%{text}<extra></extra>",
            }
        )
        traces.append(_histogram(probability, weight, top))
    return as_figure(traces, _layout(top, event, bool(groups)))


def describe_calibration(calibration: CalibrationResult, event: str) -> str:
    """The groups in words: what was predicted and what was observed."""
    groups = [g for g in calibration.groups if g.observed.value is not None]
    if not groups:
        return "No calibration plot: there are no predictions to compare with what happened."
    parts = [
        f"predicted {format_percent(g.predicted)}, observed {format_probability(g.observed)} of "
        f"{format_count(g.observed.n)}"
        for g in groups
    ]
    return f"Observed against predicted {event} in {say_groups(len(groups))}: {'; '.join(parts)}."


def say_groups(n: int) -> str:
    """A number of groups in words ("5 groups of like predictions")."""
    return f"{n} {'group' if n == 1 else 'groups'} of like predictions"


def _top(calibration: CalibrationResult, probability: FloatArray) -> float:
    """The end of both axes: a round share above every point, its limits as far as they fit, and every prediction."""
    highest = [0.05, *probability[np.isfinite(probability)].tolist()]
    for group in calibration.groups:
        interval = group.observed.interval
        if interval is not None and interval.high is not None:
            highest.append(interval.high)
    return min(1.0, math.ceil(20 * max(highest)) / 20)


def _histogram(probability: FloatArray, weight: FloatArray, top: float) -> dict[str, Any]:
    """Numbers of patients per bin of predictions."""
    known = np.isfinite(probability)
    edges = np.linspace(0.0, top, BINS + 1)
    counts, _ = np.histogram(probability[known], edges, weights=weight[known])
    filled = np.flatnonzero(counts)
    middle = 100 * (edges[:-1] + edges[1:]) / 2
    return {
        "type": "bar",
        "name": f"{load_words().plural} by prediction",
        "x": np.round(middle[filled], 3).tolist(),
        "y": np.round(counts[filled]).tolist(),
        "width": round(100 * top / BINS * 0.92, 4),
        "marker": {"color": to_translucent(PALETTE[4], 0.75), "line": {"width": 0}},
        "text": [
            f"{format_count(counts[i])} {load_words().of(counts[i])} with a prediction of "
            f"{100 * edges[i]:.1f} to {100 * edges[i + 1]:.1f} %"
            for i in filled
        ],
        "textposition": "none",
        "hovertemplate": "%{text}<extra></extra>",
        "yaxis": "y2",
        "showlegend": False,
    }


def _layout(top: float, event: str, has_groups: bool) -> dict[str, Any]:
    step = next((s for s in STEPS if top / s <= MOST_TICKS), STEPS[-1])
    ticks = [round(100 * step * i, 6) for i in range(int(top / step + 1e-9) + 1)]
    axis = {"fixedrange": True, "automargin": False, "zeroline": False, "tickfont": {"color": TEXT_COLOUR}}
    font = {"size": 13, "color": TEXT_COLOUR}
    ends = [round(-2.5 * top, 3), round(102.5 * top, 3)]
    scale = {"range": ends, "tickvals": ticks, "ticktext": [f"{tick:g} %" for tick in ticks]}
    sentence = {
        "text": "There are no predictions to compare with what happened.",
        "x": 0.5,
        "y": 0.5,
        "xref": "paper",
        "yref": "paper",
        "showarrow": False,
        "font": {"size": 14},
    }
    return {
        **base_layout(HEIGHT if has_groups else 120, LEFT, RIGHT, TOP, BOTTOM),
        "hovermode": "closest",
        "dragmode": False,
        "bargap": 0,
        "showlegend": has_groups,
        "legend": LEGEND_ABOVE,
        "xaxis": {
            **axis,
            **scale,
            "visible": has_groups,
            "showgrid": True,
            "gridcolor": GRID_LINE,
            "anchor": "y2",
            "title": {"text": f"Predicted probability of {escape(event)}", "standoff": 6, "font": font},
        },
        "yaxis": {
            **axis,
            **scale,
            "visible": has_groups,
            "domain": [STRIP + GAP, 1],
            "gridcolor": GRID_LINE,
            "title": {"text": "Observed", "standoff": 6, "font": font},
        },
        "yaxis2": {
            **axis,
            "visible": has_groups,
            "domain": [0, STRIP],
            "rangemode": "tozero",
            "nticks": 3,
            "showgrid": False,
            "title": {"text": load_words().head, "standoff": 6, "font": {**font, "size": 11}},
        },
        "annotations": [] if has_groups else [sentence],
    }
