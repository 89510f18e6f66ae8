"""What a class is asked and what it answers: a view's figure without its numbers, and how predictions spread."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from analytics.figures.drawing import ROWS_AXIS, TICKS, TIME_AXIS, as_figure, base_layout, escape
from analytics.figures.theme import AXIS_LINE, GRID_LINE, PALETTE, TEXT_COLOUR, Figure, to_translucent

PREDICTED, TRUE = PALETTE[0], PALETTE[1]
TYPE, LARGE = 15, 18  # pixels: a class looks at it from afar
DOT, HEIGHT, CURVES = 13, 340, 460
MOST_STACKED = 18  # dots above one another before they become smaller
_ANSWER = re.compile(r"\d\s*%|\bp\s*[=<>]|\bratio\b|\b[OH]R\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Words:
    """What stands on a figure: the names of its axes, of the truth and of the middle of the predictions."""

    axis: str
    learners: str
    truth: str
    middle: str


@dataclass(frozen=True, slots=True)
class Truth:
    """What the patients say, with the limits between which it is, None where there is none."""

    value: float
    low: float | None = None
    high: float | None = None


def hide_answers(figure: Figure) -> Figure:
    """The figure without texts that say an estimate or a test, and without what the pointer would say."""
    drawn = figure.to_plotly_json()
    layout = drawn["layout"]
    kept = [one for one in layout.get("annotations", []) if not _ANSWER.search(str(one.get("text", "")))]
    traces = []
    for trace in drawn["data"]:
        silent = {key: value for key, value in trace.items() if key not in ("hovertemplate", "hovertext", "customdata")}
        traces.append(silent | {"hoverinfo": "skip"})
    return as_figure(traces, {**layout, "annotations": kept, "hovermode": False})


def plot_numbers(
    values: Sequence[float],
    limits: tuple[float, float],
    words: Words,
    *,
    middle: float | None = None,
    truth: Truth | None = None,
    is_log: bool = False,
) -> Figure:
    """A dot for each prediction, above one another where they are the same; the truth is marked once it is given."""
    heights: Counter[float] = Counter()
    y = []
    for value in values:
        heights[value] += 1
        y.append(heights[value])
    tallest = max(heights.values(), default=1)
    size = DOT if tallest <= MOST_STACKED else max(4, round(DOT * MOST_STACKED / tallest))
    low, high = limits
    if truth is not None:
        low, high = min(low, truth.value), max(high, truth.value)
    axis: dict[str, Any] = {**ROWS_AXIS, **TICKS, "title": {"text": escape(words.axis), "font": {"size": TYPE}}}
    axis["tickfont"] = {"size": TYPE, "color": TEXT_COLOUR}
    if is_log:
        ticks = [tick for tick in (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50) if low <= tick <= high]
        axis |= {"type": "log", "range": [math.log10(low * 0.9), math.log10(high * 1.1)]}
        axis |= {"tickvals": ticks, "ticktext": [f"{tick:g}" for tick in ticks]}
    else:
        room = (high - low) * 0.02
        axis["range"] = [low - room, high + room]
    layout = base_layout(HEIGHT, 24, 24, 64, 64)
    layout |= {"xaxis": axis, "showlegend": False, "hovermode": False, "shapes": [], "annotations": []}
    layout["yaxis"] = {"visible": False, "fixedrange": True, "range": [0.3, max(tallest, 6) + 0.9]}
    trace: dict[str, Any] = {
        "type": "scatter",
        "mode": "markers",
        "x": list(values),
        "y": y,
        "name": words.learners,
        "hoverinfo": "skip",
    }
    trace["marker"] = {"color": PREDICTED, "size": size, "line": {"color": to_translucent(PREDICTED, 0.4), "width": 1}}
    if truth is not None:
        if truth.low is not None or truth.high is not None:
            band = {
                "type": "rect",
                "xref": "x",
                "yref": "paper",
                "y0": 0,
                "y1": 1,
                "layer": "below",
                "line": {"width": 0},
            }
            ends = (low if truth.low is None else truth.low, high if truth.high is None else truth.high)
            layout["shapes"].append(
                band | {"x0": max(ends[0], low), "x1": min(ends[1], high), "fillcolor": to_translucent(TRUE, 0.18)}
            )
        _mark(layout, truth.value, words.truth, TRUE, 36, "solid", is_log=is_log)
    if middle is not None:
        _mark(layout, middle, words.middle, PREDICTED, 8, "4px,3px", is_log=is_log)
    return as_figure([trace], layout)


def _mark(layout: dict[str, Any], at: float, text: str, colour: str, shift: int, dash: str, *, is_log: bool) -> None:
    """A line at a number, with what it is above the figure."""
    line = {"color": colour, "width": 2.5, "dash": dash}
    layout["shapes"].append(
        {"type": "line", "xref": "x", "yref": "paper", "x0": at, "x1": at, "y0": 0, "y1": 1, "line": line}
    )
    low, high = layout["xaxis"]["range"]
    place = math.log10(at) if is_log else at
    share = (place - low) / (high - low)
    anchor = "left" if share < 0.25 else "right" if share > 0.75 else "center"
    said = {"text": f'<span style="color:{colour}">━</span> {escape(text)}', "x": place, "xref": "x", "y": 1}
    said |= {"yref": "paper", "yanchor": "bottom", "yshift": shift - 8, "xanchor": anchor, "showarrow": False}
    layout["annotations"].append(said | {"font": {"size": TYPE, "color": TEXT_COLOUR}})


def plot_shares(options: Sequence[str], counts: Sequence[int], words: Words, right: int | None = None) -> Figure:
    """A bar for each option; the right one is marked once it is given."""
    total = max(sum(counts), 1)
    places = list(range(len(options)))
    layout = base_layout(70 + 64 * len(options), 24, 24, 16, 54)
    layout["xaxis"] = {**ROWS_AXIS, **TICKS, "range": [0, 108], "ticksuffix": " %", "tickvals": [0, 25, 50, 75, 100]}
    layout["xaxis"] |= {"tickfont": {"size": TYPE, "color": TEXT_COLOUR}}
    layout["xaxis"]["title"] = {"text": escape(words.axis), "font": {"size": TYPE}}
    layout["yaxis"] = {"visible": False, "fixedrange": True, "range": [len(options) - 0.3, -0.8]}
    layout |= {"showlegend": False, "hovermode": False, "bargap": 0.55}
    layout["annotations"] = [
        {
            "text": f"{'✓ <b>' if place == right else ''}{escape(option)}{'</b>' if place == right else ''}",
            "x": 0,
            "xref": "x",
            "y": place - 0.26,
            "yref": "y",
            "xanchor": "left",
            "yanchor": "bottom",
            "showarrow": False,
            "align": "left",
            "font": {"size": TYPE, "color": TEXT_COLOUR},
        }
        for place, option in zip(places, options, strict=True)
    ]
    trace = {
        "type": "bar",
        "orientation": "h",
        "x": [100 * count / total for count in counts],
        "y": places,
        "text": [f" {count}" for count in counts],
        "textposition": "outside",
        "textfont": {"size": LARGE, "color": TEXT_COLOUR},
        "marker": {"color": [TRUE if place == right else PREDICTED for place in places]},
        "hoverinfo": "skip",
        "cliponaxis": False,
    }
    return as_figure([trace], layout)


def plot_drawn(
    times: Sequence[float],
    curves: Sequence[Sequence[float]],
    words: Words,
    *,
    middle: Sequence[float] | None = None,
    truth: Sequence[float] | None = None,
) -> Figure:
    """Every curve that was drawn as a thin line, with the middle of them; that of the patients once it is given."""
    x = [0.0, *times]
    opacity = min(0.55, max(0.12, 6 / max(len(curves), 1)))

    def line(percents: Sequence[float], colour: str, width: float, name: str, dash: str = "solid") -> dict[str, Any]:
        drawn = {"type": "scatter", "mode": "lines", "x": x, "y": [100.0, *percents], "hoverinfo": "skip", "name": name}
        return drawn | {"line": {"color": colour, "width": width, "dash": dash}, "showlegend": bool(name)}

    traces = [line(curve, to_translucent(PREDICTED, opacity), 1.4, "") for curve in curves]
    if middle is not None:
        traces.append(line(middle, PREDICTED, 3, words.middle, "6px,4px"))
    if truth is not None:
        traces.append(line(truth, TRUE, 3.5, words.truth))
        traces[-1] |= {"mode": "lines+markers", "marker": {"color": TRUE, "size": 8}}
    layout = base_layout(CURVES, 64, 24, 48, 60)
    font = {"size": TYPE, "color": TEXT_COLOUR}
    layout["xaxis"] = {**TIME_AXIS, "range": [0, x[-1] * 1.02], "tickvals": x, "tickfont": font}
    layout["xaxis"]["title"] = {"text": escape(words.axis), "font": font}
    layout["yaxis"] = {"range": [0, 102], "ticksuffix": " %", "tickfont": font, "gridcolor": GRID_LINE}
    layout["yaxis"] |= {"fixedrange": True, "zeroline": False, "linecolor": AXIS_LINE, "showline": True}
    layout |= {"hovermode": False, "showlegend": True}
    layout["legend"] = {"orientation": "h", "x": 0, "y": 1.01, "yanchor": "bottom", "font": {"size": TYPE}}
    return as_figure(traces, layout)
