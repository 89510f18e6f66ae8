"""A figure as it is shown to a room: the same traces in large type, with one line a group in the table under curves."""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from analytics.figures.curves.steps import LEFT
from analytics.figures.drawing import as_figure
from analytics.figures.theme import Figure

SMALLEST, LARGEST = 18, 24  # pixels of type
SCALE = SMALLEST / 11  # the smallest type of a figure on a page becomes the smallest of a room
LINES = 2.0  # how much thicker lines become, as a thin one is far away the first to go
UNSAID = 11.25  # the type of what a figure leaves to the page
WIDEST = 300  # pixels for the names of groups beside the table
LETTER, GUTTER = 9.8, 34  # pixels of a letter, and between the names and the first count
ROW = 25  # pixels of a line of the table
TYPES = ("font", "tickfont", "textfont")
LENGTHS = ("xshift", "yshift", "standoff", "ticklen", "ticklabelstandoff", "itemwidth", "borderpad")
TABLE = "y2"


def enlarge(figure: Figure) -> Figure:
    """The figure for a room: type of 18 to 24 pixels, lines and marks that are seen from afar.

    Of the counts under curves those at risk stand in one line a group, beside its name, as all of them would leave the curves
    little room on a small screen: ``layout.meta["whole"]`` has the table and the layout with all, for a larger one.
    ``layout.meta["below"]`` says how many pixels lie under the curves, whatever the height.
    """
    drawn = figure.to_plotly_json()
    traces, layout = _enlarge(drawn["data"]), _enlarge(drawn["layout"])
    layout["font"] = {"size": _to_type(UNSAID), **layout.get("font", {})}
    layout["margin"] = {side: _stretch(size) for side, size in layout["margin"].items()}
    layout["height"] = round(layout["height"] * SCALE)
    table = next((trace for trace in traces if trace.get("yaxis") == TABLE and trace.get("mode") == "text"), None)
    if table is None:
        return as_figure(traces, {**layout, "meta": {"below": 0}})
    inner = layout["height"] - layout["margin"]["t"] - layout["margin"]["b"]
    whole = deepcopy({"table": table, "layout": layout})
    whole["layout"]["meta"] = {"below": round(inner * layout["yaxis"]["domain"][0], 1)}
    below = _lay_table(table, layout)
    return as_figure(traces, {**layout, "meta": {"below": below, "whole": whole}})


def _to_type(size: float) -> float:
    return round(min(max(size * SCALE, SMALLEST), LARGEST), 1)


def _stretch(size: Any) -> Any:
    return size if isinstance(size, bool) else round(size * SCALE, 1)


def _enlarge(value: Any, name: str = "") -> Any:
    """The value with all type, lengths, lines and marks in it enlarged; what has been drawn before stays as it is."""
    if isinstance(value, Mapping):
        return {key: _enlarge_part(part, key, name) for key, part in value.items()}
    if isinstance(value, list | tuple) and value and isinstance(value[0], Mapping):
        return [_enlarge(each, name) for each in value]
    return value


def _enlarge_part(part: Any, key: str, holder: str) -> Any:
    if isinstance(part, int | float) and not isinstance(part, bool):
        if key == "size" and holder in TYPES:
            return _to_type(part)
        if key in LENGTHS or (key == "size" and holder == "marker"):
            return _stretch(part)
        return round(part * LINES, 1) if key == "width" and holder == "line" else part
    if key == "dash" and isinstance(part, str):
        return re.sub(r"[\d.]+", lambda found: f"{float(found[0]) * SCALE:.3g}", part)
    return _enlarge(part, key)


def _lay_table(table: dict[str, Any], layout: dict[str, Any]) -> float:
    """Lay the table of counts anew, in place; how many pixels lie under the curves then."""
    margin = layout["margin"]
    inner = layout["height"] - margin["t"] - margin["b"]
    axis = inner * (layout["yaxis"]["domain"][0] - layout["yaxis2"]["domain"][1])
    heads = [note for note in layout["annotations"] if note.get("yref") == TABLE]
    tops = list(dict.fromkeys(table["y"]))
    title = heads[0]["text"].split("<br>")[1]
    names = [re.sub("</?b>", "", head["text"].split("<br>")[0]) for head in heads]
    longest = max(len(re.sub(r"<[^>]+>|&\w+;", "", name)) for name in (*names, title))
    margin["l"] = min(max(LEFT * SCALE, longest * LETTER + GUTTER), WIDEST)
    beside = {**heads[0], "xshift": 6 - margin["l"], "yanchor": "middle", "yshift": 0}
    rows = [{**beside, "text": text, "y": (i + 0.5) * ROW} for i, text in enumerate((title, *names))]
    layout["annotations"] = [*(note for note in layout["annotations"] if note.get("yref") != TABLE), *rows]
    table["y"] = [(tops.index(top) + 1.5) * ROW for top in table["y"]]
    table["text"] = [text.split("<br>")[1] for text in table["text"]]
    table["textposition"] = "middle center"
    height, curves = len(rows) * ROW, inner * (1 - layout["yaxis"]["domain"][0])
    inner = height + axis + curves
    layout["height"] = round(inner + margin["t"] + margin["b"])
    layout["yaxis"]["domain"] = [round(1 - curves / inner, 5), 1]
    layout["yaxis2"] |= {"domain": [0, round(height / inner, 5)], "range": [height, 0]}
    return round(height + axis, 1)
