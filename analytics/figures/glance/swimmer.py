"""A line for each patient who relapsed, from relapse to death or last contact, with what happened on the way.

The wait for CAR-T or HSCT is hollow and what comes after is full, so that the time nobody can have died in who was treated
later (immortal time) is seen. Drawn as an SVG in the colours of the page.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from analytics.dictionary import dictionary_naming
from analytics.formats import format_count, format_number, format_patients, name_patients
from analytics.frames import list_treatments
from analytics.reporting.wording import in_sentence
from analytics.speaking import word

WIDTH = 1100
LEFT, RIGHT = 62, 22


@dataclass(frozen=True, slots=True)
class _Room:
    """How high the parts of the picture are: a line, the head, the axis, the name of a group; and the half of a mark.

    A picture holds as many lines as make it no higher than ``most``.
    """

    row: int
    head: int
    axis: int
    group: int
    half: float
    most: float = math.inf


PAGE = _Room(10, 18, 22, 20, 4.0)
PRESENTED = _Room(15, 30, 32, 30, 6.0, 560)  # in type for a room
TICKS = (1, 2, 3, 6, 12, 24)


@dataclass(frozen=True, slots=True)
class Lane:
    """One patient, times in months from relapse, NaN for what did not happen.

    ``end`` is death (``died``) or last contact; ``remission`` tells whether a second remission was reached, None if that is
    not known: its day is not recorded. ``group`` is what lanes are grouped by.
    """

    end: float
    died: bool
    cart: float = math.nan
    hsct: float = math.nan
    second_relapse: float = math.nan
    remission: bool | None = None
    group: str = ""

    @property
    def treated(self) -> float:
        """When CAR-T or HSCT was first given; NaN for never."""
        return min((t for t in (self.cart, self.hsct) if not math.isnan(t)), default=math.nan)


def draw_swimmer(lanes: Sequence[Lane], longest: float, *, presented: bool = False) -> str:
    """The lines in this order, with a heading where the group changes, on an axis up to ``longest`` months.

    As they are shown to a room they are several pictures, each no higher than a screen.
    """
    room = PRESENTED if presented else PAGE
    sizes = Counter(lane.group for lane in lanes)
    parts: list[list[Lane]] = []
    left, group = 0.0, ""
    for lane in lanes:
        needed = room.row + (room.group if lane.group and (lane.group != group or left < room.row) else 0)
        if needed > left or not parts:
            parts.append([])
            left = room.most - room.head - room.axis
        parts[-1].append(lane)
        left, group = left - needed, lane.group
    return "".join(_draw(part, longest, sizes, room) for part in parts)


def _draw(lanes: Sequence[Lane], longest: float, sizes: Mapping[str, int], room: _Room) -> str:
    ticks = _ticks(longest)
    reach = max(ticks[-1], longest) or 1.0
    parts: list[str] = []
    y, group = float(room.head), ""
    for lane in lanes:
        if lane.group and lane.group != group:
            group = lane.group
            name = f"{escape(group)} ({format_count(sizes[group])})"
            parts.append(f'<text class="swim-group" x="0" y="{y + 0.7 * room.group:g}">{name}</text>')
            y += room.group
        parts.append(_lane(lane, y, reach, room))
        y += room.row
    grid = "".join(
        f'<line class="swim-grid" x1="{_x(t, reach):.1f}" x2="{_x(t, reach):.1f}" y1="{room.head}" y2="{y:g}"/>'
        f'<text class="swim-tick" x="{_x(t, reach):.1f}" y="{y + 0.64 * room.axis:g}">{format_number(t, 0)}</text>'
        for t in ticks
    )
    line = round(0.67 * room.head)
    return (
        f'<svg class="swim" viewBox="0 0 {WIDTH} {y + room.axis:g}" role="img" aria-label="{escape(describe_swimmer(lanes))}">'
        f'<text class="swim-head" x="0" y="{line}">{_remission()}</text><text class="swim-head" x="{LEFT}" y="{line}">'
        f"Months from {escape(word('clock'))}</text>{grid}{''.join(parts)}</svg>"
    )


def describe_swimmer(lanes: Sequence[Lane]) -> str:
    """The picture in words."""
    treated = [lane for lane in lanes if not math.isnan(lane.treated)]
    waited = sum(lane.treated for lane in treated)
    given = " or ".join(list_treatments().values())
    after = f", after {format_number(waited / len(treated), 1)} months on average" if treated else ""
    return (
        f"A line for each of {format_patients(len(lanes))} from {word('clock')}: "
        f"{format_count(sum(x.died for x in lanes))} died; "
        f"{format_count(len(treated))} were given {given}{after}, a wait in which none of them can have died; "
        f"{format_count(sum(not math.isnan(x.second_relapse) for x in lanes))} {word('had_relapse')} again."
    )


def key_to_lanes() -> str:
    """The signs of the picture, as HTML."""
    cart, hsct = map(escape, list_treatments().values())
    signs = (
        ("hollow", f"before {cart} or {hsct} in those who had it later: immortal time"),
        ("after", "after it"),
        ("never", "never given"),
    )
    lines = "".join(f'<span class="swim-swatch {kind}"></span>{text} ' for kind, text in signs)
    marks = "".join(
        f'<svg class="swim-mark" viewBox="-6 -6 12 12" aria-hidden="true">{_mark(kind, 0, 0, PAGE.half)}</svg>{text} '
        for kind, text in (
            ("cart", cart),
            ("hsct", hsct),
            ("again", escape(word("again"))),
            ("died", "death"),
            ("alive", "alive at last contact"),
        )
    )
    return (
        f'<p class="glance-key">{lines}{marks}{_remission()}: ● reached, ○ not reached, – not recorded; its day is not '
        "known.</p>"
    )


def _remission() -> str:
    return name_patients("{second remission in short}")


def _lane(lane: Lane, y: float, reach: float, room: _Room) -> str:
    middle, thin = y + room.row / 2, room.row / 4
    end, treated = _x(lane.end, reach), lane.treated
    spans = [("never", _x(0, reach), end)]
    if not math.isnan(treated):
        start = _x(min(treated, lane.end), reach)
        spans = [("hollow", _x(0, reach), start), ("after", start, end)]
    lines = "".join(
        f'<rect class="swim-{kind}" x="{a:.1f}" y="{middle - thin:g}" width="{max(b - a, 0.5):.1f}" height="{2 * thin:g}"/>'
        for kind, a, b in spans
    )
    marks = [("again", lane.second_relapse), ("cart", lane.cart), ("hsct", lane.hsct)]
    drawn = "".join(_mark(kind, _x(t, reach), middle, room.half) for kind, t in marks if not math.isnan(t))
    last = _mark("died" if lane.died else "alive", end, middle, room.half)
    return (
        f'<g class="swim-lane"><title>{escape(say_lane(lane))}</title><rect class="swim-row" x="0" y="{y:g}" '
        f'width="{WIDTH}" height="{room.row}"/>{_sign(lane.remission, 12, middle, 0.8 * room.half)}{lines}{drawn}{last}</g>'
    )


def say_lane(lane: Lane) -> str:
    """A patient in words."""
    naming = dictionary_naming("second remission")
    remission = naming[naming.role("second remission")]
    said = [] if lane.remission is None else [in_sentence(remission.speak("yes" if lane.remission else "no"))]
    events = [
        *zip(list_treatments().values(), (lane.cart, lane.hsct), strict=True),
        (word("again"), lane.second_relapse),
    ]
    said += [f"{name} at {format_number(t, 1)}" for name, t in sorted(events, key=lambda e: e[1]) if not math.isnan(t)]
    said.append(f"{'died' if lane.died else 'alive'} at {format_number(lane.end, 1)} months")
    return ", ".join(said)


def _sign(remission: bool | None, x: float, y: float, h: float) -> str:
    """Whether a second remission was reached, as a full or an open circle; a dash where it is not known."""
    if remission is None:
        return f'<path class="swim-unknown" d="M{x - h:.1f} {y:g}h{2 * h:.1f}"/>'
    return f'<circle class="swim-{"reached" if remission else "unreached"}" cx="{x:g}" cy="{y:g}" r="{h:.1f}"/>'


def _mark(kind: str, x: float, y: float, h: float) -> str:
    shapes = {
        "cart": f"M{x:.1f} {y - h:.1f}L{x + h:.1f} {y + h:.1f}L{x - h:.1f} {y + h:.1f}Z",
        "hsct": f"M{x - h:.1f} {y - h:.1f}h{2 * h}v{2 * h}h{-2 * h}Z",
        "again": f"M{x:.1f} {y - h - 1:.1f}L{x + h + 1:.1f} {y:.1f}L{x:.1f} {y + h + 1:.1f}L{x - h - 1:.1f} {y:.1f}Z",
        "died": f"M{x - h:.1f} {y - h:.1f}L{x + h:.1f} {y + h:.1f}M{x + h:.1f} {y - h:.1f}L{x - h:.1f} {y + h:.1f}",
        "alive": f"M{x:.1f} {y - h:.1f}L{x + h:.1f} {y:.1f}L{x:.1f} {y + h:.1f}",
    }
    return f'<path class="swim-{kind}" d="{shapes[kind]}"/>'


def _x(months: float, reach: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * months / reach


def _ticks(longest: float) -> list[float]:
    """Round numbers of months from 0 to the end of the axis, ten at most."""
    step = next((t for t in TICKS if longest / t <= 10), 12 * math.ceil(longest / 120))
    return [float(step * i) for i in range(math.ceil(longest / step) + 1)]
