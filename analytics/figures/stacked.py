"""Panels under one another, as lessons need them: rows of numbers with their intervals or bars, and lines with points."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from analytics.figures.drawing import ROWS_AXIS, TICKS, as_figure, base_layout, escape, label_row
from analytics.figures.theme import AXIS_LINE, GRID_LINE, TEXT_COLOUR, Figure, to_translucent

LEFT, RIGHT, TOP, GAP = 48, 16, 4, 12
TITLE, KEY_LINE, AXIS, ROW = 26, 21, 48, 40
LINES_HEIGHT = 230


@dataclass(frozen=True, slots=True)
class Row:
    """One number: its label, the number as text, its place on the axis, with limits, or as a bar from the axis' begin."""

    label: str
    text: str
    value: float | None
    colour: str
    low: float | None = None
    high: float | None = None
    symbol: str = "circle"
    is_bar: bool = False
    goes_on: bool = False  # an arrow at the begin of the axis: there is no end to it


@dataclass(frozen=True, slots=True)
class Rows:
    """A panel of rows on an axis from ``low`` to ``high``; ``line`` is where nothing differs."""

    title: str
    rows: tuple[Row, ...]
    axis: str
    low: float
    high: float
    ticks: tuple[float, ...]
    is_log: bool = False
    line: float | None = None

    @property
    def height(self) -> int:
        """In pixels, without title and axis."""
        return ROW * len(self.rows) + 8

    def place(self, value: float) -> float:
        """Where a value stands on the axis, no further than its ends."""
        held = min(max(value, self.low), self.high)
        return math.log(held) if self.is_log else held


@dataclass(frozen=True, slots=True)
class Line:
    """A line with its name in the key."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    colour: str
    dash: str = "solid"


@dataclass(frozen=True, slots=True)
class Dot:
    """A point with its name in the key."""

    name: str
    x: float
    y: float
    colour: str
    symbol: str = "circle"


@dataclass(frozen=True, slots=True)
class Lines:
    """A panel of lines and points; names in the key are short, since two stand beside one another on a telephone."""

    title: str
    lines: tuple[Line, ...]
    dots: tuple[Dot, ...]
    x_title: str
    y_title: str
    x_range: tuple[float, float]
    y_range: tuple[float, float]
    height: int = LINES_HEIGHT

    @property
    def key_height(self) -> int:
        """In pixels, two names a line."""
        return KEY_LINE * ((len(self.lines) + len(self.dots) + 1) // 2) + 6


Panel = Rows | Lines


def stack(panels: Sequence[Panel]) -> Figure:
    """The panels from top to bottom, each with its title above and its axis under it; at most one has lines."""
    heads = [TITLE + (panel.key_height if isinstance(panel, Lines) else 0) for panel in panels]
    whole = sum(head + panel.height + AXIS for head, panel in zip(heads, panels, strict=True)) + GAP * (len(panels) - 1)
    traces: list[dict[str, Any]] = []
    layout: dict[str, Any] = {
        **base_layout(whole + TOP, LEFT, RIGHT, TOP, 0),
        "dragmode": False,
        "hovermode": "closest",
        "showlegend": any(isinstance(panel, Lines) for panel in panels),
        "annotations": [],
        "shapes": [],
    }
    top = 0.0
    for number, (head, panel) in enumerate(zip(heads, panels, strict=True), start=1):
        begin, end = top + head, top + head + panel.height
        domain = [1 - end / whole, 1 - begin / whole]
        key = "" if number == 1 else str(number)
        layout["annotations"].append(_title(panel.title, 1 - top / whole))
        if isinstance(panel, Rows):
            traces += _draw_rows(panel, key, domain, layout)
        else:
            traces += _draw_lines(panel, key, domain, layout)
            layout["legend"] = _legend(1 - (top + TITLE) / whole)
        top = end + AXIS + GAP
    return as_figure(traces, layout)


def _draw_rows(panel: Rows, key: str, domain: list[float], layout: dict[str, Any]) -> list[dict[str, Any]]:
    axes = {"xaxis": f"x{key}", "yaxis": f"y{key}"}
    span = [panel.place(panel.low), panel.place(panel.high)]
    layout[f"yaxis{key}"] = {"range": [panel.height, 0], "domain": domain, "visible": False, "fixedrange": True}
    layout[f"xaxis{key}"] = {
        **ROWS_AXIS,
        **TICKS,
        "anchor": f"y{key}",
        "range": span,
        "tickvals": [panel.place(tick) for tick in panel.ticks],
        "ticktext": [f"{tick:g}" for tick in panel.ticks],
        "title": _axis_title(panel.axis),
    }
    if panel.line is not None:
        at = panel.place(panel.line)
        line = {"type": "line", "x0": at, "x1": at, "xref": f"x{key}", "y0": 0, "y1": 1, "yref": f"y{key} domain"}
        layout["shapes"].append({**line, "line": {"color": AXIS_LINE, "width": 1.5}, "layer": "below"})
    traces = []
    for number, row in enumerate(panel.rows):
        top = 8 + ROW * number
        for text, x, anchor in ((row.label, 0, "left"), (row.text, 1, "right")):
            said = label_row(escape(text), top + 8, 12) | {
                "yref": f"y{key}",
                "x": x,
                "xanchor": anchor,
                "align": anchor,
            }
            layout["annotations"].append(said)
        traces += [trace | axes for trace in _draw_row(panel, row, top + 26)]
    return traces


def _draw_row(panel: Rows, row: Row, y: float) -> list[dict[str, Any]]:
    hover = f"{escape(row.label)}<br><b>{escape(row.text)}</b><extra></extra>"
    begin = panel.place(panel.low)
    if row.goes_on:
        return [
            {
                **_stroke([panel.place(panel.high) if row.high is None else panel.place(row.high), begin], [y, y], row),
                "mode": "lines+markers",
                "marker": {"color": row.colour, "symbol": ["line-ns", "triangle-left"], "size": [1, 13]},
                "hovertemplate": hover,
                "hoverinfo": None,
                "cliponaxis": False,
            }
        ]
    if row.value is None:
        return []
    at = panel.place(row.value)
    if row.is_bar:
        box = {"x": [begin, at, at, begin, begin], "y": [y - 6, y - 6, y + 6, y + 6, y - 6]}
        filled = {"fill": "toself", "fillcolor": to_translucent(row.colour, 0.75), "hoverinfo": "skip"}
        return [{"type": "scatter", "mode": "lines", **box, **filled, "line": {"width": 0}, "showlegend": False}]
    limits = [row.value if limit is None else limit for limit in (row.low, row.high)]
    point = {
        "type": "scatter",
        "mode": "markers",
        "x": [at],
        "y": [y],
        "marker": {"color": row.colour, "symbol": row.symbol, "size": 11},
        "hovertemplate": hover,
        "showlegend": False,
        "cliponaxis": False,
    }
    if row.low is None and row.high is None:
        return [point]
    return [_stroke([panel.place(limit) for limit in limits], [y, y], row), point]


def _stroke(x: list[float], y: list[float], row: Row) -> dict[str, Any]:
    line = {"color": row.colour, "width": 2.2}
    return {"type": "scatter", "mode": "lines", "x": x, "y": y, "line": line, "hoverinfo": "skip", "showlegend": False}


def _draw_lines(panel: Lines, key: str, domain: list[float], layout: dict[str, Any]) -> list[dict[str, Any]]:
    axes = {"xaxis": f"x{key}", "yaxis": f"y{key}", "showlegend": True}
    shared = {"fixedrange": True, "automargin": False, "zeroline": False, "tickfont": {"color": TEXT_COLOUR}}
    layout[f"xaxis{key}"] = {
        **ROWS_AXIS,
        **TICKS,
        "anchor": f"y{key}",
        "range": list(panel.x_range),
        "title": _axis_title(panel.x_title),
    }
    layout[f"yaxis{key}"] = {
        **shared,
        "domain": domain,
        "range": list(panel.y_range),
        "gridcolor": GRID_LINE,
        "title": {"text": escape(panel.y_title), "standoff": 6, "font": {"size": 12, "color": TEXT_COLOUR}},
    }
    traces = []
    for line in panel.lines:
        stroke = {"color": line.colour, "width": 2.2, "dash": line.dash}
        path: dict[str, Any] = {
            "type": "scatter",
            "mode": "lines",
            "x": list(line.x),
            "y": list(line.y),
            "line": stroke,
        }
        traces.append(path | axes | {"name": escape(line.name), "hoverinfo": "skip"})
    for dot in panel.dots:
        marker = {"color": dot.colour, "symbol": dot.symbol, "size": 11}
        drawn: dict[str, Any] = {
            "type": "scatter",
            "mode": "markers",
            "x": [dot.x],
            "y": [dot.y],
            "marker": marker,
            "cliponaxis": False,
        }
        hover = f"{escape(dot.name)}<br><b>{dot.x:.3g}, {dot.y:.3g}</b><extra></extra>"
        traces.append(drawn | axes | {"name": escape(dot.name), "hovertemplate": hover})
    return traces


def _title(text: str, y: float) -> dict[str, Any]:
    said = label_row(f"<b>{escape(text)}</b>", y, 13)
    return said | {"yref": "paper", "yanchor": "top", "xshift": 4 - LEFT}


def _axis_title(text: str) -> dict[str, Any]:
    return {"text": escape(text), "standoff": 4, "font": {"size": 12, "color": TEXT_COLOUR}}


def _legend(y: float) -> dict[str, Any]:
    place = {"orientation": "h", "x": 0, "xanchor": "left", "y": y, "yanchor": "top"}
    place |= {"entrywidth": 0.49, "entrywidthmode": "fraction"}
    return place | {"font": {"size": 12}, "itemclick": False, "itemdoubleclick": False}
