"""The ways of those who relapsed, from diagnosis to the last that is known, as an alluvial picture whose branches can be clicked.

Branches are as wide as the patients who took them; the dark part of each are those who died, at whatever time.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from analytics.formats import format_count, format_patients
from analytics.speaking import word

WIDTH, FOOT = 1100, 6
NODE, GAP = 9, 13


@dataclass(frozen=True, slots=True)
class _Room:
    """How high the picture is, what its heads take of it, and how wide the labels of the last stage are.

    Labels are broken after ``letters``; ``heads`` are the lines on which the heads stand in turns.
    """

    height: int
    head: int
    label: int
    letters: int
    heads: tuple[int, ...]


PAGE = _Room(330, 24, 150, 60, (13,))
PRESENTED = _Room(560, 62, 178, 14, (20, 46))  # in type for a room


@dataclass(frozen=True, slots=True)
class Node:
    """A level of a stage: ``n`` patients, of whom ``n_event`` died. ``ask`` and ``is_chosen`` are as of a bar."""

    label: str
    n: int
    n_event: int
    ask: str = ""
    is_chosen: bool = False


@dataclass(frozen=True, slots=True)
class Branch:
    """Those who come from one node of a stage (``source``, its place) to one of the next (``target``)."""

    source: int
    target: int
    n: int
    n_event: int
    ask: str = ""


@dataclass(frozen=True, slots=True)
class Stage:
    """A column of the picture, and the branches to the next one."""

    title: str
    nodes: tuple[Node, ...]
    branches: tuple[Branch, ...] = ()


@dataclass(frozen=True, slots=True)
class Flow:
    """The stages, for ``n`` patients of whom ``n_event`` died."""

    stages: tuple[Stage, ...]
    n: int
    n_event: int


def draw_flow(flow: Flow, *, presented: bool = False) -> str:
    """The picture as an SVG in the colours of the page, or as it is shown to a room; all text is escaped."""
    if not flow.n:
        return ""
    room = PRESENTED if presented else PAGE
    places = [_place(stage.nodes, flow.n, room) for stage in flow.stages]
    across = (WIDTH - room.label - NODE) / max(len(flow.stages) - 1, 1)
    branches: list[str] = []
    nodes: list[str] = []
    for k, stage in enumerate(flow.stages):
        x = k * across
        line = room.heads[k % len(room.heads)]
        nodes.append(f'<text class="flow-head" x="{x:g}" y="{line}">{escape(stage.title)}</text>')
        for node, (top, height) in zip(stage.nodes, places[k], strict=True):
            nodes.append(_node(node, stage.title, x, top, height, room))
        if stage.branches:
            branches += _branches(flow.stages[k], flow.stages[k + 1], places[k], places[k + 1], x + NODE, x + across)
    return (
        f'<svg class="flow" viewBox="0 0 {WIDTH} {room.height}" role="group" aria-label="{escape(describe_flow(flow))}">'
        f"{''.join(branches)}{''.join(nodes)}</svg>"
    )


def describe_flow(flow: Flow) -> str:
    """The picture in words."""
    stages = "; ".join(
        f"{stage.title}: {', '.join(f'{node.label} {format_count(node.n)}' for node in stage.nodes)}"
        for stage in flow.stages
    )
    return f"The ways of {format_patients(flow.n)} after {word('relapse')}, {format_count(flow.n_event)} of whom died. {stages}."


def _place(nodes: Sequence[Node], n: int, room: _Room) -> list[tuple[float, float]]:
    """The top and the height of each node: one scale for all stages, small ones kept visible by their gaps."""
    high = room.height - room.head - FOOT
    scale = (high - 5 * GAP) / n
    free = high - scale * n
    gap = min(free / max(len(nodes) - 1, 1), 3 * GAP)
    top, placed = room.head + (free - gap * (len(nodes) - 1)) / 2, []
    for node in nodes:
        placed.append((top, scale * node.n))
        top += scale * node.n + gap
    return placed


def _node(node: Node, title: str, x: float, top: float, height: float, room: _Room) -> str:
    said = f"{title}: {node.label}, {format_patients(node.n)}, {format_count(node.n_event)} died"
    dead = height * node.n_event / node.n if node.n else 0.0
    *lines, last = textwrap.wrap(f"{node.label} {format_count(node.n)}", room.letters)
    name, _, count = last.rpartition(" ")
    first = 0.32 - 0.55 * len(lines)  # so that all of them stand around the middle
    words = [*map(escape, lines), f'{escape(name)} <tspan class="flow-n">{escape(count)}</tspan>']
    label = "".join(
        f'<text x="{x + NODE + 5:g}" y="{top + height / 2:.2f}" dy="{first + 1.1 * i:.2f}em">{text}</text>'
        for i, text in enumerate(words)
    )
    return (
        f"<g{_asks(node.ask, node.is_chosen)} class='flow-node{' chosen' if node.is_chosen else ''}'>"
        f"<title>{escape(said)}</title>"
        f'<rect class="flow-hit" x="{x - 3:g}" y="{top - 4:g}" width="{room.label:g}" height="{max(height, 12) + 8:g}"/>'
        f'<rect x="{x:g}" y="{top:.2f}" width="{NODE}" height="{max(height, 1):.2f}"/>'
        f'<rect class="flow-died" x="{x:g}" y="{top + height - dead:.2f}" width="{NODE}" height="{dead:.2f}"/>{label}</g>'
    )


def _branches(
    here: Stage,
    there: Stage,
    places: Sequence[tuple[float, float]],
    next_places: Sequence[tuple[float, float]],
    left: float,
    right: float,
) -> list[str]:
    start, end = [top for top, _ in places], [top for top, _ in next_places]
    drawn: dict[tuple[int, int], str] = {}
    spans: dict[tuple[int, int], list[float]] = {}
    ordered = sorted(here.branches, key=lambda b: (b.source, b.target))
    for branch in ordered:
        spans[branch.source, branch.target] = [start[branch.source], 0.0]
        start[branch.source] += _height(branch.n, here.nodes[branch.source], places[branch.source])
    for branch in sorted(here.branches, key=lambda b: (b.target, b.source)):
        spans[branch.source, branch.target][1] = end[branch.target]
        end[branch.target] += _height(branch.n, there.nodes[branch.target], next_places[branch.target])
    for branch in ordered:
        a, b = spans[branch.source, branch.target]
        height = _height(branch.n, here.nodes[branch.source], places[branch.source])
        dead = height * branch.n_event / branch.n
        said = (
            f"{here.nodes[branch.source].label}, then {there.nodes[branch.target].label}: {format_patients(branch.n)}, "
            f"{format_count(branch.n_event)} died"
        )
        died = (
            f'<path class="flow-died" d="{_ribbon(left, right, a + height - dead, b + height - dead, dead)}"/>'
            if dead
            else ""
        )
        drawn[branch.source, branch.target] = (
            f"<g{_asks(branch.ask, False)} class='flow-branch'><title>{escape(said)}</title>"
            f'<path d="{_ribbon(left, right, a, b, height)}"/>{died}</g>'
        )
    return list(drawn.values())


def _height(n: int, node: Node, place: tuple[float, float]) -> float:
    return place[1] * n / node.n


def _ribbon(left: float, right: float, start: float, end: float, height: float) -> str:
    middle = (left + right) / 2
    return (
        f"M{left:g} {start:.2f}C{middle:g} {start:.2f} {middle:g} {end:.2f} {right:g} {end:.2f}v{height:.2f}"
        f"C{middle:g} {end + height:.2f} {middle:g} {start + height:.2f} {left:g} {start + height:.2f}Z"
    )


def _asks(ask: str, is_chosen: bool) -> str:
    if not ask:
        return ""
    return f' data-ask="{escape(ask)}" role="button" aria-pressed="{str(is_chosen).lower()}" tabindex="-1"'
