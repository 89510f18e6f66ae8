"""The axes of a figure that is drawn without a browser: where a value stands, ticks, grid lines and titles."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analytics.figures.still.text import draw_text, paint_of, width_of
from analytics.figures.theme import AXIS_LINE, GRID_LINE

SIZE = 11.25  # of type, where a figure says none
TICK, STANDOFF = 5, 18.75


@dataclass(frozen=True, slots=True)
class Frame:
    """The area of all axes in pixels from the upper left corner."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis: from ``start`` to ``end`` in pixels for its range from ``low`` to ``high``; ``said`` is what the figure says."""

    said: Mapping[str, Any]
    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Where a value stands, in pixels. What a logarithm cannot hold stands at the beginning."""
        if self.is_log:
            value = math.log10(value) if value > 0 else self.low
        return round(self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start), 2)

    @property
    def is_log(self) -> bool:
        """True if its range is that of the logarithms to base 10."""
        return self.said.get("type") == "log"

    @property
    def is_seen(self) -> bool:
        """True if it is drawn."""
        return bool(self.said.get("visible", True))

    def list_ticks(self) -> list[tuple[float, str]]:
        """Its ticks within its range: places in pixels, and what is written there."""
        low, high = sorted((self.start, self.end))
        if "tickvals" in self.said:
            pairs: Iterable[tuple[float, str]] = zip(
                self.said["tickvals"], self.said.get("ticktext", map(str, self.said["tickvals"])), strict=False
            )
        else:
            least, most = sorted((self.low, self.high))
            pairs = [(value, f"{value:g}") for value in choose_values(least, most, self.said.get("nticks", 6))]
        placed = [(self.at(value), text) for value, text in pairs]
        return [(at, text) for at, text in placed if low - 0.5 <= at <= high + 0.5]

    def size_of(self, part: str) -> float:
        """The size of type of its ticks or its title."""
        said = self.said.get("title", {}).get("font", {}) if part == "title" else self.said.get("tickfont", {})
        return float(said.get("size", SIZE * (1.2 if part == "title" else 1)))


def choose_values(low: float, high: float, most: int) -> list[float]:
    """Round numbers from ``low`` to ``high``, about so many."""
    rough = (high - low) / max(most, 1)
    unit = 10.0 ** math.floor(math.log10(rough)) if rough > 0 else 1.0
    step = next(unit * k for k in (1, 2, 5, 10) if unit * k >= rough)
    first = math.ceil(low / step - 1e-9)
    return [step * k for k in range(first, math.floor(high / step + 1e-9) + 1)]


def lay_axes(layout: Mapping[str, Any], frame: Frame, traces: Sequence[Mapping[str, Any]]) -> dict[str, Axis]:
    """Every axis by its short name ("x", "y2"), those that a figure does not mention included."""
    names = {"xaxis", "yaxis", *(name for name in layout if name[1:5] == "axis" and name[0] in "xy")}
    return {name[0] + name[5:]: _lay(name[0] + name[5:], layout.get(name, {}), frame, traces) for name in names}


def _lay(short: str, said: Mapping[str, Any], frame: Frame, traces: Sequence[Mapping[str, Any]]) -> Axis:
    first, last = said.get("domain", (0, 1))
    low, high = said.get("range") or _range_of(short, said, traces)
    if short[0] == "x":
        return Axis(said, low, high, frame.left + first * frame.width, frame.left + last * frame.width)
    bottom = frame.top + frame.height
    return Axis(said, low, high, bottom - first * frame.height, bottom - last * frame.height)


def _range_of(short: str, said: Mapping[str, Any], traces: Sequence[Mapping[str, Any]]) -> tuple[float, float]:
    """What an axis without a range spans: all of its values."""
    letter = short[0]
    values = [
        float(value)
        for trace in traces
        if trace.get(f"{letter}axis", letter) == short
        for value in trace.get(letter) or ()
        if value is not None
    ]
    has_bars = letter == "y" and any(t.get("type") == "bar" and t.get("yaxis", "y") == short for t in traces)
    if has_bars or said.get("rangemode") == "tozero":
        values.append(0.0)
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    spare = 0.05 * (high - low) or 1.0
    return (0.0 if low == 0 else low - spare), high + spare


def draw_axis(short: str, axis: Axis, other: Axis) -> tuple[str, str]:
    """What of an axis lies under the curves, its grid, and what stands around them; ``other`` is the one that it stands at."""
    if not axis.is_seen:
        return "", ""
    said, is_x = axis.said, short[0] == "x"
    foot = max(other.start, other.end) if is_x else min(other.start, other.end)
    line = paint_of(said.get("linecolor", AXIS_LINE), "stroke")
    ticks = axis.list_ticks()
    under, over = [], []
    if said.get("showgrid", True):
        look = paint_of(said.get("gridcolor", GRID_LINE), "stroke")
        under += [_across(is_x, at, other, look) for at, _ in ticks]
    if said.get("zeroline", True) and not axis.is_log and min(axis.low, axis.high) <= 0 <= max(axis.low, axis.high):
        look = paint_of(said.get("zerolinecolor", AXIS_LINE), "stroke")
        under.append(_across(is_x, axis.at(0), other, f'{look} stroke-width="{said.get("zerolinewidth", 1):g}"'))
    if said.get("showline"):
        ends = (axis.start, foot, axis.end, foot) if is_x else (foot, axis.start, foot, axis.end)
        over.append(_line(*ends, line))
    length = said.get("ticklen", TICK) if said.get("ticks") == "outside" else 0
    size, shift = axis.size_of("ticks"), length + said.get("ticklabelstandoff", 0) + 3
    colour = said.get("tickfont", {}).get("color", "")
    is_told = said.get("showticklabels", True)
    for at, text in ticks:
        if length:
            over.append(_line(*((at, foot, at, foot + length) if is_x else (foot, at, foot - length, at)), line))
        if is_told and is_x:
            over.append(draw_text(text, at, foot + shift, size, anchor="center", vertical="top", colour=colour))
        elif is_told:
            over.append(draw_text(text, foot - shift, at, size, anchor="right", colour=colour))
    title = said.get("title", {})
    if title.get("text"):
        used = size * 1.3 if is_x else max((width_of(text, size) for _, text in ticks), default=0.0)
        away = shift + (used if is_told else 0) + title.get("standoff", STANDOFF)
        middle, large = (axis.start + axis.end) / 2, axis.size_of("title")
        over.append(
            draw_text(title["text"], middle, foot + away, large, anchor="center", vertical="top")
            if is_x
            else draw_text(title["text"], foot - away, middle, large, anchor="center", vertical="bottom", turned=True)
        )
    return "".join(under), "".join(over)


def _across(is_x: bool, at: float, other: Axis, look: str) -> str:
    ends = (at, other.start, at, other.end) if is_x else (other.start, at, other.end, at)
    return _line(*ends, look)


def _line(x1: float, y1: float, x2: float, y2: float, look: str) -> str:
    return f'<path d="M{x1:.2f} {y1:.2f}L{x2:.2f} {y2:.2f}" fill="none"{look}/>'
