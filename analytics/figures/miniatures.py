"""Small pictures of what a word means, as SVG in the ink of the page: curves, bars, lines of time, ratios and a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

WIDTH, HEIGHT = 264, 138
LEFT, RIGHT, TOP, BOTTOM = 30, 8, 8, 22  # room for the numbers of the axes
LETTER = 5.6  # about the width of a letter, so that what stands at the end keeps inside
Step = tuple[float, float]  # a time, and the share from then on


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve of shares that steps at its points; ``marks`` are times at which somebody left, ``band`` its limits at its points.

    ``dashed`` is drawn as what is only compared with.
    """

    points: Sequence[Step]
    name: str = ""
    colour: str = "one"
    marks: Sequence[float] = ()
    band: Sequence[tuple[float, float, float]] = ()
    is_filled: bool = False
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """A line at a time (``x``) or at a share (``y``), with what it says."""

    text: str
    x: float | None = None
    y: float | None = None


@dataclass(frozen=True, slots=True)
class Lane:
    """One patient's time: from 0 to ``wait`` in one colour, to ``end`` in another, and whether the event ended it."""

    wait: float
    end: float
    has_event: bool


@dataclass(frozen=True, slots=True)
class Axes:
    """Where times and shares lie in a picture."""

    last: float
    top: float = 1.0
    foot: int = BOTTOM
    ticks: tuple[float, ...] = field(default=())

    def x(self, time: float) -> float:
        """The place of a time."""
        return LEFT + (WIDTH - LEFT - RIGHT) * min(max(time / self.last, 0.0), 1.0)

    def y(self, share: float) -> float:
        """The height of a share."""
        return TOP + (HEIGHT - TOP - self.foot) * (1.0 - min(max(share / self.top, 0.0), 1.0))


def draw_curves(
    curves: Sequence[Curve],
    *,
    said: str,
    months: str,
    last: float,
    top: float = 1.0,
    marks: Sequence[Mark] = (),
    counts: Sequence[tuple[float, str]] = (),
) -> str:
    """Curves over time; ``counts`` are numbers under the axis, as of those at risk, ``said`` is the picture in words."""
    axes = Axes(last, top, BOTTOM + (12 if counts else 0))
    parts = [_frame(axes, months)]
    parts += [_band(curve, axes) for curve in curves if curve.band or curve.is_filled]
    parts += [_mark(mark, axes) for mark in marks]
    parts += [_curve(curve, axes) for curve in curves]
    parts += _names(curves, axes)
    parts += [
        _text(axes.x(time), HEIGHT - 2, text, "middle" if axes.x(time) > LEFT else "start", "strong")
        for time, text in counts
    ]
    return _picture(parts, said)


def draw_bars(rows: Sequence[tuple[str, float, str, str]], *, said: str) -> str:
    """A bar for each of some shares of 1: its name, the share, what is written at its end, and its colour."""
    step = (HEIGHT - 10) / max(len(rows), 1)
    parts = []
    for place, (name, share, text, colour) in enumerate(rows):
        y = 8 + place * step
        full = WIDTH - 8
        parts.append(_text(4, y + 9, name, "start"))
        parts.append(f'<rect class="pale" x="4" y="{y + 14:.1f}" width="{full}" height="12"/>')
        parts.append(
            f'<rect class="fill {colour}" x="4" y="{y + 14:.1f}" width="{full * min(share, 1):.1f}" height="12"/>'
        )
        parts.append(_text(WIDTH - 4, y + 9, text, "end", "strong"))
    return _picture(parts, said)


def draw_lanes(lanes: Sequence[Lane], *, said: str, months: str, names: tuple[str, str]) -> str:
    """A line for each patient: the wait, what follows it, and a dot where the event ended it."""
    last = max(max((lane.end for lane in lanes), default=1.0), 1e-9)
    step = (HEIGHT - 46) / max(len(lanes), 1)
    across = Axes(last)
    parts = []
    for place, lane in enumerate(lanes):
        y = 22 + place * step
        parts.append(_line(across.x(0), y, across.x(lane.wait), y, "lane wait"))
        if lane.end > lane.wait:
            parts.append(_line(across.x(lane.wait), y, across.x(lane.end), y, "lane one"))
        ended = "event" if lane.has_event else "open"
        parts.append(f'<circle class="{ended}" cx="{across.x(lane.end):.1f}" cy="{y:.1f}" r="3"/>')
    parts += [_line(LEFT, HEIGHT - 18, WIDTH - RIGHT, HEIGHT - 18, "axis"), _months(across, months)]
    parts += [_text(LEFT, 12, names[0], "start", "waiting"), _text(WIDTH - RIGHT, 12, names[1], "end", "named one")]
    return _picture(parts, said)


def draw_ratios(rows: Sequence[tuple[str, float | None, float, float, str]], *, said: str) -> str:
    """A row for each ratio on a logarithmic axis: name, estimate (None where there is none), limits, and what is written."""
    ends = [limit for _, _, low, high, _ in rows for limit in (low, high) if 0 < limit < math.inf]
    reach = min(max(2.0, *(abs(math.log(limit)) for limit in ends), 0.0) if ends else 2.0, math.log(100))

    def across(ratio: float) -> float:
        at = -reach if ratio <= 0 else reach if ratio == math.inf else math.log(ratio)
        return 12 + (WIDTH - 24) * (min(max(at, -reach), reach) + reach) / (2 * reach)

    bottom = HEIGHT - 16
    parts = [_line(across(1), 4, across(1), bottom, "one-line"), _line(12, bottom, WIDTH - 12, bottom, "axis")]
    for tick in (0.1, 0.5, 1.0, 2.0, 10.0):
        if abs(math.log(tick)) <= reach:
            parts.append(_text(across(tick), HEIGHT - 4, f"{tick:g}", "middle"))
    step = (bottom - 6) / max(len(rows), 1)
    for place, (name, ratio, low, high, text) in enumerate(rows):
        y = 6 + place * step
        parts += [_text(4, y + 8, name, "start"), _text(WIDTH - 4, y + 8, text, "end", "strong")]
        parts.append(_line(across(low), y + 18, across(high), y + 18, "line one"))
        if ratio is not None:
            parts.append(f'<rect class="fill one" x="{across(ratio) - 4:.1f}" y="{y + 14:.1f}" width="8" height="8"/>')
    return _picture(parts, said)


def draw_cells(heads: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]], empty: str, *, said: str) -> str:
    """A small table of counts, in which the cells that say ``empty`` are marked."""
    width = 58
    first = WIDTH - width * len(heads)
    parts = [_text(first + width * (i + 0.5), 20, head, "middle") for i, head in enumerate(heads)]
    for place, (name, cells) in enumerate(rows):
        y = 34 + place * 44
        parts.append(_text(4, y + 25, name, "start"))
        for i, cell in enumerate(cells):
            look = "cell none" if cell == empty else "cell"
            x = first + width * i
            parts.append(f'<rect class="{look}" x="{x + 2:.1f}" y="{y + 2:.1f}" width="{width - 4}" height="38"/>')
            parts.append(_text(x + width / 2, y + 26, cell, "middle", "count"))
    return _picture(parts, said)


def _picture(parts: Sequence[str], said: str) -> str:
    return (
        f'<svg class="miniature" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" '
        f'aria-label="{escape(said)}">{"".join(parts)}</svg>'
    )


def _text(x: float, y: float, text: str, anchor: str, look: str = "") -> str:
    classed = f' class="{look}"' if look else ""
    return f'<text{classed} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _line(x: float, y: float, to_x: float, to_y: float, look: str) -> str:
    return f'<line class="{look}" x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}"/>'


def _frame(axes: Axes, months: str) -> str:
    floor = axes.y(0)
    parts = [_line(LEFT, axes.y(axes.top), LEFT, floor, "axis"), _line(LEFT, floor, WIDTH - RIGHT, floor, "axis")]
    for share in (0.0, axes.top / 2, axes.top):
        parts.append(_text(LEFT - 4, axes.y(share) + 3.5, f"{100 * share:.0f}%", "end"))
    return "".join([*parts, _months(axes, months, floor)])


def _months(axes: Axes, months: str, floor: float = HEIGHT - 18.0) -> str:
    step = next((step for step in (6, 12, 24, 36, 60, 120) if axes.last / step <= 5), 240)
    ticks = [step * i for i in range(1, int(axes.last // step) + 1)]
    last = f"{ticks[-1] if ticks else axes.last:.0f} {months}"
    end = min(axes.x(ticks[-1] if ticks else axes.last) + 6, WIDTH)
    free = end - LETTER * _width(last) - 8
    parts = [_text(axes.x(tick), floor + 11, f"{tick:g}", "middle") for tick in ticks[:-1] if axes.x(tick) < free]
    return "".join([*parts, _text(end, floor + 11, last, "end")])


def _steps(points: Sequence[Step], axes: Axes) -> str:
    """The path of a curve, to its last point or the end of the axis."""
    level = points[0][1]
    path = [f"M{axes.x(points[0][0]):.1f} {axes.y(level):.1f}"]
    for time, share in points[1:]:
        if time > axes.last:
            path.append(f"H{axes.x(axes.last):.1f}")
            break
        path.append(f"H{axes.x(time):.1f}V{axes.y(share):.1f}")
    return "".join(path)


def _curve(curve: Curve, axes: Axes) -> str:
    look = f"curve {curve.colour}" + (" dashed" if curve.dashed else "")
    parts = [f'<path class="{look}" d="{_steps(curve.points, axes)}"/>']
    for time in curve.marks:
        if time <= axes.last:
            y = axes.y(_share_at(curve.points, time))
            parts.append(_line(axes.x(time), y - 4, axes.x(time), y + 4, f"tick {curve.colour}"))
    return "".join(parts)


def _share_at(points: Sequence[Step], time: float) -> float:
    return [share for when, share in points if when <= time][-1]


def _band(curve: Curve, axes: Axes) -> str:
    if curve.is_filled:
        end = min(curve.points[-1][0], axes.last)
        path = f"{_steps(curve.points, axes)}V{axes.y(0):.1f}H{axes.x(0):.1f}Z"
        return f'<path class="area {curve.colour}" d="{path}" data-until="{end:g}"/>'
    parts = []
    for (time, low, high), (until, *_) in zip(curve.band, [*curve.band[1:], (axes.last, 0.0, 0.0)], strict=True):
        if time < axes.last:
            x, y = axes.x(time), axes.y(high)
            parts.append(
                f'<rect class="area {curve.colour}" x="{x:.1f}" y="{y:.1f}" width="{axes.x(until) - x:.1f}" '
                f'height="{axes.y(low) - y:.1f}"/>'
            )
    return "".join(parts)


def _mark(mark: Mark, axes: Axes) -> str:
    if mark.x is not None:
        x = axes.x(mark.x)
        fits = x + 4 + LETTER * _width(mark.text) < WIDTH
        return _line(x, TOP, x, axes.y(0), "mark") + _text(
            x + (3 if fits else -3), axes.y(0) - 5, mark.text, "start" if fits else "end", "strong"
        )
    y = axes.y(mark.y or 0.0)
    return _line(LEFT, y, WIDTH - RIGHT, y, "mark") + _text(WIDTH - RIGHT, y - 4, mark.text, "end", "strong")


def _width(text: str) -> float:
    return sum(1.9 if ord(sign) > 0x2E80 else 1.0 for sign in text)


def _names(curves: Sequence[Curve], axes: Axes) -> list[str]:
    """The names at the ends of curves, apart from one another."""
    named = sorted((c for c in curves if c.name), key=lambda c: axes.y(_share_at(c.points, axes.last)))
    parts, least = [], TOP + 9.0
    for curve in named:
        y = min(max(axes.y(_share_at(curve.points, axes.last)) - 5, least), axes.y(0) - 3)
        least = y + 12
        parts.append(_text(WIDTH - RIGHT, y, curve.name, "end", f"named {curve.colour}"))
    return parts
