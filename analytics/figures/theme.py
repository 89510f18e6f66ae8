"""Colours, line dashes and symbols of all figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

Figure = go.Figure

# The hues of the first three are those of Okabe and Ito (2008, Color Universal Design). All eight were chosen for their
# distance from one another, seen as they are and under protanopia, deuteranopia and tritanopia (Machado, Oliveira and
# Fernandes 2009, doi:10.1109/TVCG.2009.113), and so that even a thin line has the contrast of 4.5:1 that WCAG 2.2
# (criterion 1.4.3) asks of text: on white, and in their place on a dark page those of the second palette.
PALETTE: tuple[str, ...] = (
    "#0A70C2",
    "#BC5510",
    "#006B43",
    "#7434E4",
    "#69747F",
    "#C32E5C",
    "#764C02",
    "#4B7B30",
)
DARK_PALETTE: tuple[str, ...] = (
    "#3C9BFF",
    "#F0652F",
    "#18D995",
    "#CDABF5",
    "#8592A0",
    "#F2AFC6",
    "#F7B02A",
    "#7DBB58",
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

# Axes, and lines that mean something beside the groups. A faint grid is visible on white and on a dark page alike.
AXIS_LINE = "#707070"
GRID_LINE = "rgba(128,128,128,0.22)"

# Figures are drawn, and saved, in the light colours; a dark page shows these in their place.
IN_THE_DARK: dict[str, str] = {**dict(zip(PALETTE, DARK_PALETTE, strict=True)), AXIS_LINE: "#9AA3AB"}


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
