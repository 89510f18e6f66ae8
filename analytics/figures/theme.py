"""Colours, line dashes and symbols of all figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

Figure = go.Figure

# The hues of the first three are those of Okabe and Ito (2008, Color Universal Design), the blue a little lighter; the
# others were chosen for their distance from these under protanopia, deuteranopia and tritanopia (Machado, Oliveira and
# Fernandes 2009, doi:10.1109/TVCG.2009.113). Okabe and Ito's yellow, orange and sky blue are left out: on white they
# fall below the contrast of 3:1 that WCAG 2.1 (criterion 1.4.11) asks of a graphic.
PALETTE: tuple[str, ...] = (
    "#0A76BC",
    "#D55E00",
    "#009E73",
    "#8A5CE6",
    "#7890A8",
    "#D6264F",
    "#9A7400",
    "#5AA02C",
)
DASHES: tuple[str, ...] = (
    "solid",
    "9px,3px",
    "3px,2px",
    "9px,3px,2px,3px",
    "14px,4px",
    "6px,2px,2px,2px,2px,2px",
    "1px,3px",
)
SYMBOLS: tuple[str, ...] = ("circle", "square", "diamond", "triangle-up", "triangle-down", "cross", "x", "star")

# The page puts its own text colour in the place of this one, light or dark; without a page it is what it says, nearly black.
TEXT_COLOUR = "#000037"

# A mid grey is visible on white and on a dark page alike; lines that mean something reach a contrast of 3:1 on both.
AXIS_LINE = "#808080"
GRID_LINE = "rgba(128,128,128,0.22)"


@dataclass(frozen=True, slots=True)
class Style:
    """How one group is drawn everywhere: ``colour`` as #RRGGBB, ``dash`` and ``symbol`` in Plotly's notation."""

    colour: str
    dash: str
    symbol: str


def style_of(variable_levels: Sequence[str]) -> dict[str, Style]:
    """The style of each level, fixed by its position among *all* levels of the variable.

    Parameters
    ----------
    variable_levels
        All levels in the dictionary's order, also those that a filter has emptied; otherwise the others would change
        colour. An empty sequence gives an empty mapping.

    Returns
    -------
    dict
        Level to style. Eight colours and seven dashes give 56 different pairs before one returns.
    """
    return {
        level: Style(
            colour=PALETTE[position % len(PALETTE)],
            dash=DASHES[position % len(DASHES)],
            symbol=SYMBOLS[position % len(SYMBOLS)],
        )
        for position, level in enumerate(dict.fromkeys(variable_levels))
    }


def to_translucent(colour: str, opacity: float) -> str:
    """The colour #RRGGBB at an opacity of 0 to 1, in the notation ``rgba(r,g,b,a)``."""
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"
