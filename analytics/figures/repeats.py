"""Repeats of a study as points: what each estimates, apart by whether it was found significant."""

from __future__ import annotations

from typing import Any

import numpy as np

from analytics.figures.drawing import LEGEND, ROWS_AXIS, TICKS, as_figure, base_layout, round_to
from analytics.figures.theme import AXIS_LINE, PALETTE, TEXT_COLOUR, Figure, to_translucent
from analytics.results import FloatArray

HEIGHT = 360
MOST = 400  # points that are drawn
ENDS = (0.3, 20.0)
TICKS_AT = (0.5, 1, 2, 4, 8, 16)


def plot_repeats(
    ratios: FloatArray,
    is_found: np.ndarray,
    *,
    truth: tuple[float, str],
    middle: tuple[float, str] | None,
    names: tuple[str, str],
    x_title: str,
    guess: tuple[float, str] | None = None,
) -> Figure:
    """The first repeats, those found in the upper row; lines at the truth, at the middle of those found, and at a guess.

    ``names`` are those of the two rows, the upper one first. Ratios beyond the axis stand at its end.
    """
    known = np.isfinite(ratios)
    shown, found = np.clip(ratios[known][:MOST], *ENDS), is_found[known][:MOST]
    # Points that would lie on each other are spread over their row, the same ones each time.
    spread = (np.arange(len(shown)) * 0.618034) % 1.0
    traces: list[dict[str, Any]] = []
    for place, (name, chosen) in enumerate(zip(names, (found, ~found), strict=True)):
        colour = PALETTE[1] if place == 0 else AXIS_LINE
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": round_to(shown[chosen], 3),
                "y": round_to((1.15 if place == 0 else 0.05) + 0.8 * spread[chosen], 3),
                "name": name,
                "marker": {"color": to_translucent(colour, 0.6), "size": 6},
                "hovertemplate": "%{x:.2f}<extra></extra>",
            }
        )
    lines = [(*truth, "solid", PALETTE[0], 2.0)]
    lines += [(*middle, "6px,3px", PALETTE[1], 2.0)] if middle is not None else []
    lines += [(*guess, "2px,3px", PALETTE[5], 2.0)] if guess is not None else []
    for value, name, dash, colour, top in lines:
        x = float(np.clip(value, *ENDS))
        line = {"color": colour, "dash": dash, "width": 2.2}
        traces.append({"type": "scatter", "mode": "lines", "x": [x, x], "y": [0, top], "name": name, "line": line})
        traces[-1]["hoverinfo"] = "skip"
    layout = base_layout(HEIGHT, 16, 16, 84, 52)
    axis = {"type": "log", "range": [float(np.log10(end)) for end in ENDS], "tickvals": list(TICKS_AT)}
    layout["xaxis"] = {**ROWS_AXIS, **TICKS, **axis, "ticktext": [f"{tick:g}" for tick in TICKS_AT]}
    layout["xaxis"]["title"] = {"text": x_title, "font": {"size": 13, "color": TEXT_COLOUR}}
    layout["yaxis"] = {**ROWS_AXIS, "range": [0, 2], "showticklabels": False, "tickvals": [1], "showline": False}
    layout |= {"legend": LEGEND, "showlegend": True, "hovermode": "closest"}
    return as_figure(traces, layout)
