"""What a figure shows, drawn without a browser: lines, steps, bands, stacks, points with their intervals, bars, numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise, repeat
from typing import Any

from analytics.figures.still.axes import SIZE, Axis
from analytics.figures.still.text import POINT, draw_text, paint_of
from analytics.figures.theme import AXIS_LINE

Trace = Mapping[str, Any]
Point = tuple[float, float]
# Half a symbol, as corners around its middle.
CORNERS: dict[str, tuple[Point, ...]] = {
    "square": ((-1, -1), (1, -1), (1, 1), (-1, 1)),
    "diamond": ((0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)),
    "triangle-up": ((0, -1.15), (1.15, 0.85), (-1.15, 0.85)),
    "triangle-down": ((0, 1.15), (1.15, -0.85), (-1.15, -0.85)),
    "cross": tuple(
        (x, y)
        for x, y in (
            *((-0.4, -1.2), (0.4, -1.2), (0.4, -0.4), (1.2, -0.4), (1.2, 0.4), (0.4, 0.4)),
            *((0.4, 1.2), (-0.4, 1.2), (-0.4, 0.4), (-1.2, 0.4), (-1.2, -0.4), (-0.4, -0.4)),
        )
    ),
    "x": tuple(
        ((x - y) * 0.71, (x + y) * 0.71)
        for x, y in (
            *((-0.4, -1.2), (0.4, -1.2), (0.4, -0.4), (1.2, -0.4), (1.2, 0.4), (0.4, 0.4)),
            *((0.4, 1.2), (-0.4, 1.2), (-0.4, 0.4), (-1.2, 0.4), (-1.2, -0.4), (-0.4, -0.4)),
        )
    ),
    "star": tuple(
        (
            (1.4 if k % 2 == 0 else 0.6) * math.sin(math.pi * k / 5),
            -(1.4 if k % 2 == 0 else 0.6) * math.cos(math.pi * k / 5),
        )
        for k in range(10)
    ),
}
DASHES = {
    "solid": (),
    "dot": (1, 1),
    "dash": (3, 3),
    "longdash": (5, 5),
    "dashdot": (3, 1, 1, 1),
}  # in widths of the line


class Stacks:
    """How high the traces of a stack, and the bars at a place, reach so far."""

    def __init__(self) -> None:
        self._totals: dict[tuple[Any, ...], list[float]] = {}

    def put(self, trace: Trace) -> tuple[list[float], list[float]]:
        """The foot and the top of a trace at each of its places, on those of its stack before it."""
        key = (trace["stackgroup"], trace.get("xaxis", "x"), trace.get("yaxis", "y"))
        below = self._totals.get(key, [0.0] * len(trace["y"]))
        if len(below) != len(trace["y"]):
            raise ValueError("traces of a stack need the same places.")
        top = [a + b for a, b in zip(below, trace["y"], strict=True)]
        self._totals[key] = top
        return below, top

    def put_bar(self, trace: Trace, x: float, height: float) -> float:
        """The foot of a bar on those before it at its place."""
        key = ("bar", trace.get("yaxis", "y"), x, height < 0)
        (foot,) = self._totals.get(key, [0.0])
        self._totals[key] = [foot + height]
        return foot


def draw_trace(trace: Trace, x: Axis, y: Axis, stacks: Stacks, layout: Mapping[str, Any]) -> str:
    """One trace; nothing of those that the pointer alone reads.

    Raises
    ------
    ValueError
        If it is of a kind that is not drawn here.
    """
    kind, mode = trace.get("type", "scatter"), trace.get("mode", "lines")
    if kind == "bar":
        return _draw_bars(trace, x, y, stacks, layout)
    if kind != "scatter":
        raise ValueError(f"no drawing of a trace of type {kind!r}.")
    parts = []
    if "stackgroup" in trace:
        parts.append(_draw_stacked(trace, x, y, stacks))
    elif "lines" in mode:
        parts.append(_draw_line(trace, x, y))
    parts += [_draw_errors(trace, x, y, side) for side in ("x", "y") if f"error_{side}" in trace]
    if "markers" in mode:
        parts.append(_draw_markers(trace, x, y))
    if "text" in mode:
        parts.append(_draw_texts(trace, x, y))
    drawn = "".join(parts)
    opacity = trace.get("opacity", 1)
    return f'<g opacity="{opacity:g}">{drawn}</g>' if opacity != 1 and drawn else drawn


def _pieces(trace: Trace, x: Axis, y: Axis) -> list[list[Point]]:
    """The points in pixels, in pieces between gaps."""
    pieces: list[list[Point]] = [[]]
    for a, b in zip(trace["x"], trace["y"], strict=True):
        if a is None or b is None:
            pieces.append([])
        else:
            pieces[-1].append((x.at(a), y.at(b)))
    return [piece for piece in pieces if piece]


def _path(points: Sequence[Point], shape: str | None) -> str:
    (x, y), *others = points
    drawn = [f"M{x:g} {y:g}"]
    for a, b in others:
        drawn.append(f"H{a:g}V{b:g}" if shape == "hv" else f"L{a:g} {b:g}")
    return "".join(drawn)


def _draw_line(trace: Trace, x: Axis, y: Axis) -> str:
    line = trace.get("line", {})
    pieces = _pieces(trace, x, y)
    drawn = ""
    if trace.get("fill") == "toself" and pieces:
        d = "".join(f"{_path(piece, line.get('shape'))}Z" for piece in pieces)
        drawn = f'<path d="{d}"{paint_of(trace["fillcolor"])}/>'
    d = "".join(_path(piece, line.get("shape")) for piece in pieces if len(piece) > 1)
    return drawn + (f'<path d="{d}" fill="none"{look_of(line)}/>' if d and line.get("width", 2) else "")


def look_of(line: Mapping[str, Any]) -> str:
    """The attributes of a line: its colour, width and dashes."""
    width = line.get("width", 2)
    dash = line.get("dash", "solid")
    lengths = [width * k for k in DASHES[dash]] if dash in DASHES else [float(n) for n in re.findall(r"[\d.]+", dash)]
    dashes = f' stroke-dasharray="{" ".join(f"{n:g}" for n in lengths)}"' if lengths else ""
    return (
        f'{paint_of(line.get("color", AXIS_LINE), "stroke")} stroke-width="{width:g}"{dashes} stroke-linejoin="round"'
    )


def _draw_stacked(trace: Trace, x: Axis, y: Axis, stacks: Stacks) -> str:
    line = trace.get("line", {})
    below, top = stacks.put(trace)
    upper = _steps([(x.at(a), y.at(b)) for a, b in zip(trace["x"], top, strict=True)], line.get("shape"))
    lower = _steps([(x.at(a), y.at(b)) for a, b in zip(trace["x"], below, strict=True)], line.get("shape"))
    if not upper:
        return ""
    area = (
        f'<path d="{_path([*upper, *lower[::-1]], None)}Z"{paint_of(trace.get("fillcolor", "rgba(128,128,128,0.3)"))}/>'
    )
    return area + (f'<path d="{_path(upper, None)}" fill="none"{look_of(line)}/>' if line.get("width", 2) else "")


def _steps(points: Sequence[Point], shape: str | None) -> list[Point]:
    if shape != "hv":
        return list(points)
    found = list(points[:1])
    for a, b in points[1:]:
        found += [(a, found[-1][1]), (a, b)]
    return found


def _draw_errors(trace: Trace, x: Axis, y: Axis, side: str) -> str:
    said = trace[f"error_{side}"]
    over = said["array"]
    under = said.get("arrayminus", over)
    half = said.get("width", 4)
    d = []
    for a, b, more, less in zip(trace["x"], trace["y"], over, under, strict=True):
        if None in (a, b, more, less):
            continue
        if side == "x":
            at, ends = y.at(b), (x.at(a - less), x.at(a + more))
            d.append(f"M{ends[0]:g} {at:g}H{ends[1]:g}")
            d += [f"M{end:g} {at - half:g}V{at + half:g}" for end in ends if half]
        else:
            at, ends = x.at(a), (y.at(b - less), y.at(b + more))
            d.append(f"M{at:g} {ends[0]:g}V{ends[1]:g}")
            d += [f"M{at - half:g} {end:g}H{at + half:g}" for end in ends if half]
    look = look_of({"color": said.get("color", AXIS_LINE), "width": said.get("thickness", 2)})
    return f'<path d="{"".join(d)}" fill="none"{look}/>' if d else ""


def _each(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else repeat(value)


def _draw_markers(trace: Trace, x: Axis, y: Axis) -> str:
    marker = trace.get("marker", {})
    along = zip(
        trace["x"],
        trace["y"],
        _each(marker.get("symbol", "circle")),
        _each(marker.get("size", 6)),
        _each(marker.get("color", AXIS_LINE)),
        strict=False,
    )
    drawn = "".join(
        draw_symbol(symbol, x.at(a), y.at(b), size, colour, marker.get("line", {}))
        for a, b, symbol, size, colour in along
        if a is not None and b is not None
    )
    opacity = marker.get("opacity", 1)
    return f'<g opacity="{opacity:g}">{drawn}</g>' if opacity != 1 and drawn else drawn


def draw_symbol(symbol: str, x: float, y: float, size: float, colour: str, line: Mapping[str, Any]) -> str:
    """A point at a place; ``size`` is its width in pixels.

    Raises
    ------
    ValueError
        If no symbol has that name.
    """
    half, is_open = size / 2, symbol.endswith("-open")
    name = symbol.removesuffix("-open")
    width = line.get("width", 1 if is_open else 0)
    edge = colour if is_open else line.get("color", colour)
    border = f'{paint_of(edge, "stroke")} stroke-width="{width:g}"' if width else ""
    fill = ' fill="none"' if is_open else paint_of(colour)
    if name == "line-ns":
        stroke = f'{paint_of(colour, "stroke")} stroke-width="{line.get("width", 1):g}"'
        return f'<path d="M{x:g} {y - half * 1.4:g}V{y + half * 1.4:g}" fill="none"{stroke}/>'
    if name == "circle":
        return f'<circle cx="{x:g}" cy="{y:g}" r="{half:g}"{fill}{border}/>'
    if name not in CORNERS:
        raise ValueError(f"no drawing of the symbol {symbol!r}.")
    d = _path([(round(x + half * a, 2), round(y + half * b, 2)) for a, b in CORNERS[name]], None)
    return f'<path d="{d}Z"{fill}{border}/>'


def _draw_texts(trace: Trace, x: Axis, y: Axis) -> str:
    vertical, _, side = trace.get("textposition", "middle center").partition(" ")
    # Where a text stands under its point, its upper edge is there.
    edge = {"bottom": "top", "top": "bottom"}.get(vertical, "middle")
    anchor = {"left": "right", "right": "left"}.get(side, "center")
    font = trace.get("textfont", {})
    size = font.get("size", SIZE)
    return "".join(
        draw_text(
            text, x.at(a), y.at(b), size, anchor=anchor, vertical=edge, colour=font.get("color", ""), setting=POINT
        )
        for a, b, text in zip(trace["x"], trace["y"], _each(trace["text"]), strict=False)
        if a is not None and b is not None
    )


def _draw_bars(trace: Trace, x: Axis, y: Axis, stacks: Stacks, layout: Mapping[str, Any]) -> str:
    marker = trace.get("marker", {})
    border = marker.get("line", {})
    look = look_of(border) if border.get("width") else ""
    places = sorted(set(trace["x"]))
    apart = min((b - a for a, b in pairwise(places)), default=1.0)
    is_stacked = layout.get("barmode") in ("stack", "relative")
    drawn = []
    widths = _each(trace.get("width", apart * (1 - layout.get("bargap", 0.2))))
    for a, b, width in zip(trace["x"], trace["y"], widths, strict=False):
        foot = stacks.put_bar(trace, a, b) if is_stacked else 0.0
        left, right = sorted((x.at(a - width / 2), x.at(a + width / 2)))
        top, bottom = sorted((y.at(foot), y.at(foot + b)))
        if bottom > top:
            size = f'width="{right - left:.2f}" height="{bottom - top:.2f}"'
            drawn.append(f'<rect x="{left:g}" y="{top:g}" {size}{paint_of(marker["color"])}{look}/>')
    return "".join(drawn)
