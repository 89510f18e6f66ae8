"""A pathway as steps one below the other, each split into ways that are links, with bands as wide as the patients who took them.

The same as a nested list, for narrow windows and for who wants to read it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, BAND = 1000.0, 26.0  # of the bands between two steps, in units of their own
GAP = 12.0  # between two ways; the style sheet has the same, as a share of the width


@dataclass(frozen=True, slots=True)
class DrawnWay:
    """A way as it is drawn: its name, how many took it, and what is said of how they fared; all text is escaped here.

    ``value``, ``low`` and ``high`` are the probability and its limits, None where there are none. ``address`` is where a
    press leads, "" for nowhere, ``opens`` what that is called; ``narrowed`` is the address of the map of these alone.
    """

    label: str
    counted: str
    fared: str
    n: int
    value: float | None = None
    low: float | None = None
    high: float | None = None
    address: str = ""
    opens: str = ""
    narrowed: str = ""
    within: tuple[DrawnWay, ...] = ()

    @property
    def said(self) -> str:
        """The way in words."""
        return ", ".join(part for part in (self.label, self.counted, self.fared, self.opens) if part)


@dataclass(frozen=True, slots=True)
class DrawnStep:
    """A step: its title, what has to be known of it, and its ways; ``flows`` come from the last step before that had ways."""

    title: str
    said: str
    ways: tuple[DrawnWay, ...]
    flows: tuple[tuple[int, int, int], ...] = ()


def draw_pathway(steps: Sequence[DrawnStep], narrow: str) -> str:
    """The map as an HTML fragment; ``narrow`` names the link to a map of those of one way alone."""
    parts: list[str] = []
    before: DrawnStep | None = None
    scales = _scales(steps)
    for place, step in enumerate(steps):
        bands = _bands(before, step, scales[place]) if before is not None and step.flows else ""
        cards = "".join(_card(way, narrow) for way in step.ways)
        row = f'<div class="way-row" style="--ways:{len(step.ways)}">{cards}</div>' if cards else ""
        said = f'<p class="way-said">{escape(step.said)}</p>' if step.said else ""
        parts.append(f'<section class="way-step">{bands}<h3>{escape(step.title)}</h3>{row}{said}</section>')
        before = step if step.ways else before
    return f'<div class="way-map">{"".join(parts)}</div>'


def list_pathway(steps: Sequence[DrawnStep], narrow: str) -> str:
    """The same as nested lists."""
    return f'<ul class="way-list">{"".join(_listed_step(step, narrow) for step in steps)}</ul>'


def _listed_step(step: DrawnStep, narrow: str) -> str:
    said = f" <small>{escape(step.said)}</small>" if step.said else ""
    ways = "".join(_listed_way(way, narrow) for way in step.ways)
    return f"<li><b>{escape(step.title)}.</b>{said}{f'<ul>{ways}</ul>' if ways else ''}</li>"


def _listed_way(way: DrawnWay, narrow: str) -> str:
    name = _link(way, escape(way.label)) if way.address else escape(way.label)
    rest = escape(", ".join(part for part in (way.counted, way.fared) if part))
    within = "".join(_listed_way(finer, narrow) for finer in way.within)
    return f"<li>{name}: {rest}{_narrower(way, narrow)}{f'<ul>{within}</ul>' if within else ''}</li>"


def _card(way: DrawnWay, narrow: str) -> str:
    words = (
        f'<b>{escape(way.label)}</b><span class="way-n">{escape(way.counted)}</span>{_interval(way)}'
        f"<span>{escape(way.fared)}</span>"
    )
    body = _link(way, words) if way.address else f"<div>{words}</div>"
    within = "".join(f"<li>{_inner(finer)}</li>" for finer in way.within)
    return f'<div class="way-card">{body}{f"<ul>{within}</ul>" if within else ""}{_narrower(way, narrow)}</div>'


def _inner(way: DrawnWay) -> str:
    name = _link(way, escape(way.label)) if way.address else escape(way.label)
    return f"{name} <span>{escape(', '.join(part for part in (way.counted, way.fared) if part))}</span>"


def _link(way: DrawnWay, words: str) -> str:
    return f'<a data-turn href="{escape(way.address)}" aria-label="{escape(way.said)}">{words}</a>'


def _narrower(way: DrawnWay, narrow: str) -> str:
    if not way.narrowed:
        return ""
    named = f"{narrow}: {way.label}"
    return f' <a class="way-narrow" data-turn href="{escape(way.narrowed)}" aria-label="{escape(named)}">{escape(narrow)}</a>'


def _interval(way: DrawnWay) -> str:
    """A dot with its limits on a line from 0 to 100 %."""
    if way.value is None:
        return ""
    limits = ""
    if way.low is not None and way.high is not None:
        limits = f'<i style="left:{100 * way.low:.1f}%;width:{100 * (way.high - way.low):.1f}%"></i>'
    return f'<span class="way-axis" aria-hidden="true">{limits}<u style="left:{100 * way.value:.1f}%"></u></span>'


def _places(step: DrawnStep) -> tuple[list[float], float]:
    """Where each way begins, and how wide one is."""
    wide = (WIDTH - GAP * (len(step.ways) - 1)) / len(step.ways)
    return [i * (wide + GAP) for i in range(len(step.ways))], wide


def _scales(steps: Sequence[DrawnStep]) -> list[float]:
    """How wide a patient is in the bands before each step: one scale for all that lie among the same patients."""
    fits: list[float] = []
    before: DrawnStep | None = None
    for step in steps:
        fit = WIDTH
        if before is not None and step.flows:
            for which, ends in ((0, before), (1, step)):
                wide = _places(ends)[1]
                most = max(sum(flow[2] for flow in step.flows if flow[which] == i) for i in range(len(ends.ways)))
                fit = min(fit, wide / most)
        fits.append(fit)
        before = step if step.ways else before
    # The first split is among all, the later ones among those who go on.
    return [fit if place < 2 else min(fits[2:]) for place, fit in enumerate(fits)]


def _bands(before: DrawnStep, step: DrawnStep, scale: float) -> str:
    """The bands from the ways before to those of a step, each in the middle of its way."""
    places: list[dict[tuple[int, int], float]] = []
    for which, ends in ((0, before), (1, step)):
        starts, wide = _places(ends)
        found: dict[tuple[int, int], float] = {}
        for i in range(len(ends.ways)):
            mine = sorted(flow for flow in step.flows if flow[which] == i)
            x = starts[i] + (wide - scale * sum(flow[2] for flow in mine)) / 2
            for flow in mine:
                found[flow[0], flow[1]] = x
                x += scale * flow[2]
        places.append(found)
    drawn = []
    for source, target, n in step.flows:
        top, foot, wide = places[0][source, target], places[1][source, target], scale * n
        title = f"{before.ways[source].label}, {step.ways[target].label}: {n}"
        drawn.append(f'<path d="{_band(top, foot, wide)}"><title>{escape(title)}</title></path>')
    return (
        f'<svg class="way-bands" viewBox="0 0 {WIDTH:g} {BAND:g}" preserveAspectRatio="none" aria-hidden="true">'
        f"{''.join(drawn)}</svg>"
    )


def _band(top: float, foot: float, wide: float) -> str:
    half = BAND / 2
    return (
        f"M{top:.1f} 0C{top:.1f} {half:g} {foot:.1f} {half:g} {foot:.1f} {BAND:g}h{wide:.1f}"
        f"C{foot + wide:.1f} {half:g} {top + wide:.1f} {half:g} {top + wide:.1f} 0Z"
    )
