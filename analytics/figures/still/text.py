"""Text of figures as Plotly writes it (lines, bold, coloured signs), as lines of SVG text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape, unescape

from analytics.figures.svg import INK
from analytics.figures.theme import TEXT_COLOUR

LETTER = 0.55  # of the size of the type, the width of a letter
LINE = 1.3
# In sizes of the type, as Plotly sets them: how high one line is, and where the foot of its letters stands in it. Points have
# their texts closer than notes have theirs.
NOTE, POINT = (1.2, 0.93), (1.0, 0.75)
_TAG = re.compile(r"<(/?)(\w+)([^>]*)>")
_COLOUR = re.compile(r"color:\s*([^;\"']+)")
ANCHORS = {"left": "start", "center": "middle", "right": "end"}


@dataclass(frozen=True, slots=True)
class Run:
    """Letters that look alike: bold or not, in a colour, "" for that of the text."""

    text: str
    bold: bool = False
    colour: str = ""


def read_lines(text: str) -> list[list[Run]]:
    """The lines of a text, each as its runs."""
    lines: list[list[Run]] = [[]]
    bold, colours, at = 0, [""], 0
    for tag in [*_TAG.finditer(text), None]:
        piece = unescape(text[at : tag.start() if tag else len(text)])
        if piece:
            lines[-1].append(Run(piece, bold > 0, colours[-1]))
        if tag is None:
            break
        closes, name, rest = tag.groups()
        at = tag.end()
        if name == "br":
            lines.append([])
        elif name == "b":
            bold += -1 if closes else 1
        elif name == "span" and closes and len(colours) > 1:
            colours.pop()
        elif name == "span" and not closes:
            found = _COLOUR.search(rest)
            colours.append(found[1].strip() if found else colours[-1])
    return lines


def width_of(text: str, size: float) -> float:
    """About how wide the longest line of a text is."""
    return max((LETTER * size * sum(len(run.text) for run in line) for line in read_lines(text)), default=0.0)


def draw_text(
    text: str,
    x: float,
    y: float,
    size: float,
    *,
    anchor: str = "left",
    vertical: str = "middle",
    colour: str = "",
    turned: bool = False,
    setting: tuple[float, float] = NOTE,
) -> str:
    """Text at a place: ``anchor`` and ``vertical`` say which of its edges, or its middle, stands there."""
    lines = read_lines(text)
    height, foot_of_first = setting
    first = y + size * foot_of_first
    first -= {"top": 0.0, "middle": 0.5, "bottom": 1.0}[vertical] * size * (LINE * (len(lines) - 1) + height)
    turn = f' transform="rotate(-90 {x:.2f} {y:.2f})"' if turned else ""
    ink = paint_of(colour or TEXT_COLOUR)
    drawn = []
    for i, line in enumerate(lines):
        runs = "".join(
            escape(run.text)
            if not run.bold and not run.colour
            else f"<tspan{_bold(run)}{_coloured(run)}>{escape(run.text)}</tspan>"
            for run in line
        )
        if runs.strip("\u00a0 "):
            foot = first + LINE * size * i
            drawn.append(
                f'<text x="{x:.2f}" y="{foot:.2f}" text-anchor="{ANCHORS[anchor]}" font-size="{size:g}"{ink}{turn}>{runs}</text>'
            )
    return "".join(drawn)


def _bold(run: Run) -> str:
    return ' font-weight="600"' if run.bold else ""


def _coloured(run: Run) -> str:
    return paint_of(run.colour) if run.colour else ""


def paint_of(colour: str, name: str = "fill") -> str:
    """The attributes that paint in a colour of Plotly's: #RRGGBB or rgba(r,g,b,a); the page's ink is that of a drawing."""
    if colour.startswith("rgba("):
        red, green, blue, cover = (float(part) for part in colour[5:-1].split(","))
        return f' {name}="#{int(red):02x}{int(green):02x}{int(blue):02x}" {name}-opacity="{cover:g}"'
    return f' {name}="{escape(INK if colour == TEXT_COLOUR else colour)}"'
