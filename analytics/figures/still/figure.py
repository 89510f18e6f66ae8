"""A whole figure as SVG: traces, axes, names and table as in the browser, at a width of its own, in the light colours."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from analytics.figures.drawing import to_browser
from analytics.figures.still.axes import SIZE, Axis, Frame, draw_axis, lay_axes
from analytics.figures.still.text import draw_text, paint_of, width_of
from analytics.figures.still.traces import Stacks, Trace, draw_symbol, draw_trace, look_of
from analytics.figures.svg import MARGIN, svg_document
from analytics.figures.theme import AXIS_LINE, Figure

WIDTH = 900
SAMPLE, GUTTER, ROW = 30, 14, 19  # of the key: a line, what is between two names, and the height of a row


def draw_still(figure: Figure, name: str, description: str, width: int = WIDTH) -> str:
    """The figure as standalone SVG with its name and its description in words.

    Raises
    ------
    ValueError
        If something in it is of a kind that is not drawn here.
    """
    drawn = json.loads(to_browser(figure))
    traces, layout = drawn["data"], drawn["layout"]
    margin = layout["margin"]
    entries = list_key(traces, layout)
    rows = arrange_key(entries, width - margin["l"] - margin["r"])
    more = ROW * max(0, len(rows) - 1)
    frame = Frame(
        margin["l"], margin["t"] + more, width - margin["l"] - margin["r"], layout["height"] - margin["t"] - margin["b"]
    )
    axes = lay_axes(layout, frame, traces)
    under, over = [], []
    for short in sorted(axes):
        below, around = draw_axis(short, axes[short], axes[_stands_at(short, axes)])
        under.append(below)
        over.append(around)
    shapes = layout.get("shapes", ())
    under += [_draw_shape(shape, axes, frame) for shape in shapes if shape.get("layer") == "below"]
    over = [_draw_shape(shape, axes, frame) for shape in shapes if shape.get("layer") != "below"] + over
    over += [_draw_note(note, axes, frame) for note in layout.get("annotations", ()) if note.get("visible", True)]
    parts = [*under, *_draw_traces(traces, layout, axes), *over]
    legend = layout.get("legend", {})
    foot = frame.top + (1 - legend.get("y", 1.01)) * frame.height
    parts += _draw_key(rows, frame.left, foot - ROW * len(rows))
    return svg_document(width, layout["height"] + more - MARGIN, name, description, parts)


def _stands_at(short: str, axes: Mapping[str, Axis]) -> str:
    """The axis at which another one stands."""
    anchor = axes[short].said.get("anchor", "")
    other = "y" if short[0] == "x" else "x"
    return (
        anchor
        if anchor in axes
        else short.replace(short[0], other)
        if short.replace(short[0], other) in axes
        else other
    )


def _draw_traces(traces: Sequence[Trace], layout: Mapping[str, Any], axes: Mapping[str, Axis]) -> list[str]:
    """Every trace within its axes; what may reach beyond them last."""
    stacks, beyond = Stacks(), []
    within: dict[tuple[str, str], list[str]] = {}
    for trace in traces:
        names = trace.get("xaxis", "x"), trace.get("yaxis", "y")
        drawn = draw_trace(trace, axes[names[0]], axes[names[1]], stacks, layout)
        if trace.get("cliponaxis") is False or trace.get("mode") == "text":
            beyond.append(drawn)
        elif drawn:
            within.setdefault(names, []).append(drawn)
    return [_clip("".join(parts), axes[x], axes[y]) for (x, y), parts in within.items()] + beyond


def _clip(drawn: str, x: Axis, y: Axis) -> str:
    """What is drawn, as far as it lies within its axes."""
    left, right = sorted((x.start, x.end))
    top, bottom = sorted((y.start, y.end))
    box = f"{left:g} {top:g} {right - left:g} {bottom - top:g}"
    place = f'x="{left:g}" y="{top:g}" width="{right - left:g}" height="{bottom - top:g}" viewBox="{box}"'
    return f"<svg {place}>{drawn}</svg>"


def _place(value: float, ref: str, axes: Mapping[str, Axis], frame: Frame) -> float:
    """Where something stands, in pixels, by its axis or by its share of the area."""
    axis, _, part = ref.partition(" ")
    if ref == "paper":
        raise ValueError("say whether a place on the paper is across or down.")
    if part == "domain":
        return axes[axis].start + value * (axes[axis].end - axes[axis].start)
    return axes[axis].at(value)


def _across(value: float, ref: str, axes: Mapping[str, Axis], frame: Frame) -> float:
    return frame.left + value * frame.width if ref == "paper" else _place(value, ref, axes, frame)


def _down(value: float, ref: str, axes: Mapping[str, Axis], frame: Frame) -> float:
    return frame.top + (1 - value) * frame.height if ref == "paper" else _place(value, ref, axes, frame)


def _draw_shape(shape: Mapping[str, Any], axes: Mapping[str, Axis], frame: Frame) -> str:
    x0, x1 = (_across(shape[key], shape.get("xref", "x"), axes, frame) for key in ("x0", "x1"))
    y0, y1 = (_down(shape[key], shape.get("yref", "y"), axes, frame) for key in ("y0", "y1"))
    line = shape.get("line", {})
    look = look_of(line) if line.get("width", 2) else ""
    if shape["type"] == "line":
        return f'<path d="M{x0:.2f} {y0:.2f}L{x1:.2f} {y1:.2f}" fill="none"{look}/>'
    if shape["type"] != "rect":
        raise ValueError(f"no drawing of a shape of type {shape['type']!r}.")
    fill = paint_of(shape["fillcolor"]) if shape.get("fillcolor") else ' fill="none"'
    left, top = min(x0, x1), min(y0, y1)
    size = f'width="{abs(x1 - x0):.2f}" height="{abs(y1 - y0):.2f}"'
    return f'<rect x="{left:.2f}" y="{top:.2f}" {size}{fill}{look}/>'


def _draw_note(note: Mapping[str, Any], axes: Mapping[str, Axis], frame: Frame) -> str:
    if not note.get("text", "").strip():
        return ""
    refs = {side: note.get(f"{side}ref", side) for side in ("x", "y")}
    x = _across(note["x"], refs["x"], axes, frame) + note.get("xshift", 0)
    y = _down(note["y"], refs["y"], axes, frame) - note.get("yshift", 0)
    across = _anchor(note.get("xanchor", "auto"), note["x"], refs["x"], ("left", "center", "right"))
    down = _anchor(note.get("yanchor", "auto"), note["y"], refs["y"], ("bottom", "middle", "top"))
    font = note.get("font", {})
    turned = note.get("textangle", 0) == -90
    return draw_text(
        note["text"],
        x,
        y,
        font.get("size", SIZE),
        anchor=across,
        vertical=down,
        colour=font.get("color", ""),
        turned=turned,
    )


def _anchor(said: str, value: float, ref: str, names: tuple[str, str, str]) -> str:
    if said != "auto":
        return said
    if ref != "paper":
        return names[1]
    return names[0] if value < 1 / 3 else names[2] if value > 2 / 3 else names[1]


def list_key(traces: Sequence[Trace], layout: Mapping[str, Any]) -> list[Trace]:
    """The traces that the key names, each name of a group once."""
    if not layout.get("showlegend", sum(1 for t in traces if t.get("name")) > 1):
        return []
    entries = [t for t in traces if t.get("name") and t.get("showlegend", True) and t.get("mode") != "none"]
    return sorted(entries, key=lambda t: t.get("legendrank", 1000))


def arrange_key(entries: Sequence[Trace], room: float) -> list[list[tuple[float, Trace]]]:
    """The entries of the key in rows, each with its place from the left."""
    rows: list[list[tuple[float, Trace]]] = []
    x = room
    for trace in entries:
        width = SAMPLE + 6 + width_of(trace["name"], 12) + GUTTER
        if not rows or x + width > room:
            rows.append([])
            x = 0.0
        rows[-1].append((x, trace))
        x += width
    return rows


def _draw_key(rows: Sequence[Sequence[tuple[float, Trace]]], left: float, top: float) -> list[str]:
    drawn = []
    for i, row in enumerate(rows):
        y = top + ROW * (i + 0.5)
        for shift, trace in row:
            x = left + shift
            drawn += [_draw_sample(trace, x, y), draw_text(trace["name"], x + SAMPLE + 6, y, 12)]
    return drawn


def _draw_sample(trace: Trace, x: float, y: float) -> str:
    marker, line = trace.get("marker", {}), trace.get("line", {})
    if trace.get("type") == "bar" or "stackgroup" in trace or trace.get("fill") == "toself":
        colour = marker.get("color") or trace.get("fillcolor", AXIS_LINE)
        return f'<rect x="{x + 8:g}" y="{y - 6:g}" width="{SAMPLE - 10}" height="12"{paint_of(_first(colour))}/>'
    drawn = ""
    if "lines" in trace.get("mode", "lines"):
        drawn = f'<path d="M{x + 2:g} {y:g}H{x + SAMPLE:g}" fill="none"{look_of(line)}/>'
    if "markers" in trace.get("mode", ""):
        symbol, size = _first(marker.get("symbol", "circle")), min(_first(marker.get("size", 6)), 12)
        colour = _first(marker.get("color", AXIS_LINE))
        drawn += draw_symbol(symbol, x + 2 + SAMPLE / 2, y, size, colour, marker.get("line", {}))
    return drawn


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) else value


def list_parts(figure: Figure) -> frozenset[str]:
    """Which of these it has: "table", counts at risk and censored under curves, and "bands", intervals around them."""
    drawn = figure.to_dict()
    under = [note["text"] for note in drawn["layout"].get("annotations", ()) if note.get("yref") == "y2"]
    parts = {
        "table": any("At risk" in text and "Censored" in text for text in under),
        "bands": any(trace.get("fill") == "toself" for trace in drawn["data"]),
    }
    return frozenset(name for name, has in parts.items() if has)
