"""Where everybody is at each time: the causes of one competing-risks model stacked, one panel per group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import plotly.graph_objects as go

from analytics.figures.curves.panels import SINGLE_PANEL_HEIGHT, axes_of, empty_panel, layout_panels, title_panel
from analytics.figures.curves.steps import (
    cut,
    empty_layout,
    is_drawn,
    say_empty,
    thinned,
)
from analytics.figures.curves.words import count_group
from analytics.figures.drawing import as_figure, escape, round_months, round_to
from analytics.figures.theme import AXIS_LINE, PALETTE, to_translucent
from analytics.results import IncidenceCurve, IncidenceResult

# One colour and one hatching per cause, so that areas differ in greyscale too.
CAUSE_COLOURS = (PALETTE[1], PALETTE[3], PALETTE[6], PALETTE[2], PALETTE[5])
CAUSE_HATCHINGS = ("", "/", ".", "x", "-")
FREE_COLOUR = AXIS_LINE
FREE_FILL = "rgba(128,128,128,0.13)"


def plot_stacked_incidence(
    result: IncidenceResult, *, labels: Mapping[str, str], cause_labels: Sequence[str], free_label: str, origin: str
) -> go.Figure:
    """Where everybody is at each time: one area per cause and one for those without any, adding up to 100 %.

    Parameters
    ----------
    result
        Curves of every cause and group, times in months.
    labels
        Level to what the reader sees, in the order of the dictionary; one panel each for those with patients.
    cause_labels
        What the reader sees for each of ``result.causes``, in that order.
    free_label
        Who has had none of the causes ("alive in first remission").
    origin
        The day the clock starts.

    Returns
    -------
    plotly.graph_objects.Figure
        One panel per group, two side by side; all share one time axis. Without patients it holds one sentence.
    """
    groups = [group for group in dict.fromkeys([*labels, *(c.group for c in result.curves)]) if _n_of(result, group)]
    if not groups:
        return as_figure([], empty_layout(SINGLE_PANEL_HEIGHT, say_empty()))
    end = max(*(float(result.for_group(group)[0].time[-1]) for group in groups), 1.0)
    traces: list[dict[str, Any]] = []
    undrawn: dict[int, str] = {}
    # The first panel that is drawn names the areas for all.
    keyed = False
    for panel, group in enumerate(groups):
        curves = _cut_together(result.for_group(group))
        if is_drawn(curves[0]):
            traces += _stack(curves, cause_labels, free_label, panel, end, names_areas=not keyed)
            keyed = True
        else:
            n_event = sum(curve.n_event for curve in curves)
            undrawn[panel] = f"not drawn: {count_group(curves[0].n, n_event)}"
            traces.append(empty_panel(panel))
    panels = [title_panel(labels.get(group, group), _n_of(result, group)) for group in groups]
    return as_figure(traces, layout_panels(panels, end, origin, undrawn))


def _cut_together(curves: Sequence[IncidenceCurve]) -> list[IncidenceCurve]:
    """The curves of one group as far as all may be drawn: areas on each other have one end."""
    ends = [curve.shown_until for curve in curves if curve.shown_until is not None]
    return [cut(replace(curve, shown_until=min(ends)) if ends else curve) for curve in curves]


def _n_of(result: IncidenceResult, group: str) -> int:
    return next((curve.n for curve in result.curves if curve.group == group), 0)


def _stack(
    curves: Sequence[IncidenceCurve],
    cause_labels: Sequence[str],
    free_label: str,
    panel: int,
    end: float,
    *,
    names_areas: bool,
) -> list[dict[str, Any]]:
    """The areas of one panel, from the bottom: each cause, then those without any."""
    time = curves[0].time
    values = np.array([curve.estimate for curve in curves])
    moves = (np.diff(np.hstack([np.zeros((len(curves), 1)), values]), axis=1) != 0).any(axis=0)
    time, values = time[moves], values[:, moves]
    keep = thinned(time, end)
    time, values = time[keep], values[:, keep]
    last = values[:, -1:] if time.size else np.zeros((len(curves), 1))
    x = round_months(np.concatenate(([0.0], time, [float(curves[0].time[-1])])))
    values = np.hstack([np.zeros((len(curves), 1)), values, last])
    free = np.maximum(1 - values.sum(axis=0), 0.0)
    traces = []
    for i, label in enumerate([*cause_labels, free_label]):
        is_cause = i < len(cause_labels)
        has_area = is_cause and curves[i].n_event > 0
        colour = CAUSE_COLOURS[i % len(CAUSE_COLOURS)] if is_cause else FREE_COLOUR
        fill: dict[str, Any] = {"fillcolor": to_translucent(colour, 0.62) if is_cause else FREE_FILL}
        if is_cause and (hatching := CAUSE_HATCHINGS[i % len(CAUSE_HATCHINGS)]):
            fill["fillpattern"] = {"shape": hatching, "fgcolor": colour, "size": 6, "solidity": 0.35}
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": x,
                "y": round_to(100 * (values[i] if is_cause else free)),
                "name": label,
                "stackgroup": "all",
                "line": {"shape": "hv", "width": 1.2 if has_area else 0, "color": colour},
                **fill,
                "hovertemplate": f"{escape(label)}: %{{y:.1f}} %<extra></extra>",
                "legendgroup": label,
                "showlegend": names_areas,
                **axes_of(panel),
            }
        )
    return traces
