"""What figures drawn by Plotly have in common: their frame, the key above, labels beside rows, and numbers made short."""

from __future__ import annotations

import json
from typing import Any
from zlib import crc32

import numpy as np
import plotly.graph_objects as go
from plotly.utils import PlotlyJSONEncoder

from analytics.figures.theme import AXIS_LINE, GRID_LINE, TEXT_COLOUR
from analytics.results import FloatArray

LEGEND: dict[str, Any] = {
    "orientation": "h",
    "x": 0,
    "xanchor": "left",
    "y": 1.01,
    "yanchor": "bottom",
    "font": {"size": 12},
}
# The axis under curves, which stands still.
TIME_AXIS: dict[str, Any] = {
    "tickangle": 0,
    "ticks": "outside",
    "ticklen": 4,
    "tickfont": {"color": TEXT_COLOUR},
    "tickcolor": AXIS_LINE,
    "showline": True,
    "linecolor": AXIS_LINE,
    "showgrid": False,
    "zeroline": False,
    "fixedrange": True,
    "automargin": False,
}
# The axis under rows of points, with grid lines through them: its ticks, and the rest.
TICKS: dict[str, Any] = {
    "tickfont": {"color": TEXT_COLOUR},
    "tickcolor": AXIS_LINE,
    "ticks": "outside",
    "ticklen": 4,
}
ROWS_AXIS: dict[str, Any] = {
    "showline": True,
    "linecolor": AXIS_LINE,
    "gridcolor": GRID_LINE,
    "zeroline": False,
    "fixedrange": True,
    "automargin": False,
}


def base_layout(height: int, left: int, right: int, top: int, bottom: int) -> dict[str, Any]:
    """The layout every figure begins with: no template, the page's own ink, and margins in pixels."""
    return {
        "template": {},
        "font": {"color": TEXT_COLOUR},
        "height": height,
        "margin": {"l": left, "r": right, "t": top, "b": bottom, "pad": 0},
    }


def label_row(text: str, y: float, size: float, *, indent: int | None = None) -> dict[str, Any]:
    """A text at the left end of a row of points."""
    return {
        "text": text,
        "x": 0,
        "xref": "paper",
        "xanchor": "left",
        **({} if indent is None else {"xshift": indent}),
        "y": y,
        "yref": "y",
        "yanchor": "middle",
        "align": "left",
        "showarrow": False,
        "borderpad": 0,
        "font": {"size": size, "color": TEXT_COLOUR},
    }


def break_lines(text: str, letters: int) -> str:
    """The text on lines of so many letters, at most two; a longer one is cut, the pointer shows it in full."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if len(longer) <= letters or not lines[-1]:
            lines[-1] = longer
        elif len(lines) == 2:
            return f"{escape(lines[0])}<br>{escape(lines[1])} …"
        else:
            lines.append(word)
    return "<br>".join(map(escape, lines))


def chip_of(colour: str) -> str:
    """A group's colour beside its name: letters in it would be hard to read."""
    return f'<span style="color:{colour}">■</span> '


def escape(text: str) -> str:
    """A text that Plotly writes as it is."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def round_to(values: FloatArray, decimals: int = 2) -> list[float]:
    """The values as plain numbers with a few decimals: what a screen can show, in a file that loads fast."""
    return np.round(values, decimals).tolist()


def round_months(values: FloatArray) -> list[float]:
    """Times in months, to a thousandth or, beyond 100 months, a hundredth."""
    return round_to(values, 3 if values.size == 0 or values[-1] < 100 else 2)


def as_figure(traces: list[dict[str, Any]], layout: dict[str, Any]) -> go.Figure:
    """The figure of these traces, unchecked.

    What a reader has hidden by a click on the legend is kept while the figure stays the same. Plotly keeps it by a
    trace's place in the list, so that in another figure it would hide another group.
    """
    if "uirevision" in layout:
        drawn = [(t.get("name"), t.get("mode"), len(t["x"]), t["x"][-1:], t["y"][-1:]) for t in traces]
        layout = {**layout, "uirevision": f"{layout['uirevision']} {crc32(repr(drawn).encode()):08x}"}
    # Checking every property takes longer than estimating the curves; the tests check them once.
    return go.Figure({"data": traces, "layout": layout}, _validate=False)


def to_browser(figure: go.Figure) -> str:
    """The figure as JSON, an eighth shorter than Plotly's own, which is written to stand within HTML."""
    return json.dumps(figure.to_dict(), cls=PlotlyJSONEncoder, ensure_ascii=False, separators=(",", ":"))
