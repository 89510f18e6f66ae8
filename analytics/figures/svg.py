"""What drawings of our own are made of: standalone SVG on white, for slides and manuscripts."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable
from html import escape

MARGIN, LINE = 24, 16
INK, SOFT = "#1b2330", "#5a6472"
BOLD = ' font-weight="600"'


def svg_text(x: float, y: float, text: str, style: str = "", anchor: str = "start") -> str:
    """One line of text at a place."""
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}"{style}>{escape(text)}</text>'


def svg_title(title: str, subtitle: str, rooms: tuple[int, int]) -> tuple[list[str], float]:
    """The title and a line under it, wrapped at so many characters, and the height at which they end."""
    parts, y = [], float(MARGIN)
    looks = (f' font-size="18"{BOLD}', 24), (f' fill="{SOFT}"', 17)
    for text, room, (style, step) in zip((title, subtitle), rooms, looks, strict=True):
        for line in textwrap.wrap(text, room):
            y += step
            parts.append(svg_text(MARGIN, y - 6, line, style))
    return parts, y


def svg_document(width: int, y: float, name: str, description: str, parts: Iterable[str]) -> str:
    """The drawing that ends at ``y``, with its name and its description in words."""
    height = math.ceil(y + MARGIN)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img" fill="{INK}" font-size="12.5" '
        "font-family=\"system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif\">"
        f"<title>{escape(name)}</title><desc>{escape(description)}</desc>"
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>{"".join(parts)}</svg>'
    )
