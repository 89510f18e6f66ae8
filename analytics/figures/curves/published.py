"""Published results as lettered points with their intervals on a figure of curves, named in its legend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from analytics.figures.drawing import break_lines
from analytics.figures.theme import TEXT_COLOUR
from analytics.reporting.published import letter_of
from analytics.results import Interval

APART = 0.028  # of the axis, between points at the same time
SIZE, CAP, LINE, LONGEST = 14, 9, 17, 48
PAPER, INK = "#ffffff", "#1f2933"  # of the points, on which a letter has to be read in every theme


@dataclass(frozen=True, slots=True)
class PublishedPoint:
    """A published probability at a time in months; ``colour`` is that of the group it belongs to, "" without one."""

    name: str
    months: float
    value: float
    interval: Interval | None
    colour: str = ""


def draw_points(points: Sequence[PublishedPoint], end: float) -> list[dict[str, Any]]:
    """The points, those of one time side by side; they are drawn last, so that no curve hides them."""
    traces = []
    for number, point in enumerate(points):
        alike = [i for i, other in enumerate(points) if other.months == point.months]
        x = point.months + APART * end * (alike.index(number) - (len(alike) - 1) / 2)
        low, high = _limits_of(point)
        colour = point.colour or TEXT_COLOUR
        letter = letter_of(number)
        trace: dict[str, Any] = {
            "type": "scatter",
            "mode": "markers+text",
            "name": break_lines(f"{letter}: {point.name}", LONGEST),
            "x": [round(x, 3)],
            "y": [round(100 * point.value, 2)],
            "text": [f"<b>{letter}</b>"],
            "textposition": "middle center",
            "textfont": {"size": 10, "color": INK},
            "marker": {"color": PAPER, "size": SIZE, "symbol": "circle", "line": {"color": colour, "width": 2}},
            "line": {"color": colour},  # of no line here: what a chart elsewhere gives the point
            "hoverinfo": "skip",
            "legendgroup": f"published {letter}",
            "legendrank": 3000 + number,
            "showlegend": True,
            "cliponaxis": False,
        }
        if point.interval is not None:
            trace["error_y"] = {
                "array": [round(100 * (high - point.value), 2)],
                "arrayminus": [round(100 * (point.value - low), 2)],
                "color": colour,
                "thickness": 2,
                "width": CAP,
            }
        traces.append(trace)
    return traces


def _limits_of(point: PublishedPoint) -> tuple[float, float]:
    if point.interval is None:
        return point.value, point.value
    low, high = point.interval.low, point.interval.high
    return (0.0 if low is None else low), (1.0 if high is None else high)


def reach(points: Sequence[PublishedPoint], last: float) -> float | None:
    """Where the axis has to end, so that all points are on it; None where follow-up reaches further."""
    furthest = max((point.months for point in points), default=0.0)
    return furthest * (1 + APART) if furthest > last else None


def make_room(layout: dict[str, Any], points: Sequence[PublishedPoint]) -> None:
    """Height for the names of the points above the curves, one below the other, as they stand on a telephone."""
    lines = sum(break_lines(f"A: {point.name}", LONGEST).count("<br>") + 1 for point in points)
    room = LINE * lines
    layout["height"] += room
    layout["margin"]["t"] += room
