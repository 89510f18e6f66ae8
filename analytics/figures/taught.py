"""What lessons add to figures of curves: a time that is pointed at, a curve that a learner drew, another language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from analytics.figures.drawing import as_figure
from analytics.figures.theme import AXIS_LINE, PALETTE, TEXT_COLOUR, Figure

GUESS = PALETTE[5]
# What stands on figures of curves whatever the patients.
CHINESE: Mapping[str, str] = {
    "At risk": "风险集人数",
    "Events": "事件",
    "Censored": "删失",
    "Left": "离开",
    "Ev. / cens.": "事件/删失",
    "Ev. / left": "事件/离开",
    "Months from": "月数，起点：",
}


def point_at(figure: Figure, month: float, text: str = "") -> Figure:
    """The figure with a dotted line at a time, and what it says beside its foot, where curves of survival seldom are."""
    drawn = figure.to_plotly_json()
    layout = drawn["layout"]
    line = {"color": AXIS_LINE, "width": 1.5, "dash": "2px,3px"}
    shape = {"type": "line", "x0": month, "x1": month, "y0": 0, "y1": 1, "yref": "y domain", "line": line}
    layout["shapes"] = [*layout.get("shapes", []), shape]
    if text:
        is_late = month > 0.6 * layout["xaxis"]["range"][1]
        said = {"text": text, "x": month, "y": 0, "yref": "y domain", "yanchor": "bottom"}
        said |= {"xanchor": "right" if is_late else "left", "xshift": -4 if is_late else 4}
        said |= {"showarrow": False, "font": {"size": 12, "color": TEXT_COLOUR}}
        layout["annotations"] = [*layout.get("annotations", []), said]
    return as_figure(drawn["data"], layout)


def add_guess(figure: Figure, times: Sequence[float], percents: Sequence[float], name: str) -> Figure:
    """The figure with the curve that a learner drew, from 100 per cent at time 0."""
    drawn = figure.to_plotly_json()
    trace: dict[str, Any] = {
        "type": "scatter",
        "mode": "lines+markers",
        "x": [0.0, *times],
        "y": [100.0, *percents],
        "name": name,
        "line": {"color": GUESS, "dash": "4px,3px", "width": 1.6},
        "marker": {"color": GUESS, "size": 6},
        "hoverinfo": "skip",
        "showlegend": True,
    }
    layout = drawn["layout"]
    layout["showlegend"] = True
    layout["margin"]["autoexpand"] = True
    return as_figure([*drawn["data"], trace], layout)


def cut_after(figure: Figure, month: float) -> Figure:
    """The figure with everything later than a time hidden under a blank, for a learner to say what comes."""
    drawn = figure.to_plotly_json()
    layout = drawn["layout"]
    end = layout["xaxis"]["range"][1]
    blank = {"type": "rect", "x0": month, "x1": end, "y0": 0, "y1": 1, "yref": "y domain", "layer": "above"}
    blank |= {"fillcolor": "rgba(128,140,150,0.97)", "line": {"width": 0}}
    mark = {"text": "?", "x": (month + end) / 2, "y": 0.5, "yref": "y domain", "showarrow": False}
    layout["shapes"] = [*layout.get("shapes", []), blank]
    layout["annotations"] = [*layout.get("annotations", []), mark | {"font": {"size": 34, "color": "#ffffff"}}]
    return as_figure(drawn["data"], layout)


def in_chinese(figure: Figure, words: Mapping[str, str] = CHINESE) -> Figure:
    """The figure with the words that stand on every figure of curves in Chinese; names and numbers stay."""
    drawn = figure.to_plotly_json()
    named = [trace for trace in drawn["data"] if isinstance(trace.get("name"), str)]
    for trace in named:
        for english, chinese in words.items():
            trace["name"] = trace["name"].replace(english, chinese)
    for said in _texts_of(drawn):
        for english, chinese in words.items():
            said["text"] = said["text"].replace(english, chinese)
    return as_figure(drawn["data"], drawn["layout"])


def _texts_of(drawn: Mapping[str, Any]) -> list[dict[str, Any]]:
    layout = drawn["layout"]
    titles = [axis["title"] for name, axis in layout.items() if name[1:5] == "axis" and "title" in axis]
    return [said for said in (*layout.get("annotations", ()), *titles) if isinstance(said.get("text"), str)]
