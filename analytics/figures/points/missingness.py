"""How often each variable is missing, by outcome; and which variables are missing together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import plotly.graph_objects as go

from analytics.figures.drawing import LEGEND, ROWS_AXIS, TICKS, as_figure, base_layout, break_lines, escape, label_row
from analytics.figures.theme import PALETTE, SYMBOLS, TEXT_COLOUR, to_translucent
from analytics.formats import format_count, format_percent, format_percent_interval
from analytics.reporting.missing import NOTHING
from analytics.results import Estimate, MissingPattern, MissingShare

LEFT, RIGHT, TOP = 4, 10, 34
HEADING_HEIGHT, ROW_HEIGHT, AXIS_HEIGHT = 26, 40, 46
LABEL_SHARE, COUNT_SHARE = 0.36, 0.82  # of the width, so that they hold on a telephone, too
MOST_LETTERS = 22
NARROWEST = 0.05
APART = 6.5  # pixels from the middle of a row to either mark
MOST_PATTERNS = 10
BAR_HEIGHT, DOT_HEIGHT = 150, 26
KNOWN = "rgba(128,128,128,0.35)"
AXIS = {**TICKS, "tickangle": 0, **ROWS_AXIS}

_label = partial(label_row, size=11.5)


def plot_missingness(
    blocks: Sequence[tuple[str, Sequence[MissingShare]]],
    *,
    labels: Mapping[str, str],
    outcome: tuple[str, str],
) -> go.Figure:
    """The share of missing values of each variable with its interval, by outcome.

    Parameters
    ----------
    blocks
        Headings with the shares under them, drawn in this order; variables without missing values are left out, and so
        is a heading without rows.
    labels
        Variable to what a reader sees.
    outcome
        The names of those with the event and of those without, in this order.

    Returns
    -------
    plotly.graph_objects.Figure
        Squares for those with the event, circles for those without; to the right the number and share among all. Without
        any missing value it holds one sentence.
    """
    y = 0.0
    traces: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    shares = [s for _, found in blocks for s in found if s.everyone.n_event]
    end = _end(shares)
    marks: tuple[list[tuple[float, Estimate, str]], ...] = ([], [])
    for heading, found in blocks:
        rows = [s for s in found if s.everyone.n_event]
        if not rows:
            continue
        annotations.append(_label(f"<b>{escape(heading)}</b>", y + HEADING_HEIGHT / 2))
        y += HEADING_HEIGHT
        for share in rows:
            middle = y + ROW_HEIGHT / 2
            name = labels.get(share.variable, share.variable)
            annotations.append(_label(break_lines(name, MOST_LETTERS), middle))
            annotations.append(_count(share.everyone, middle))
            for side, (sign, estimate) in enumerate(((-1, share.with_event), (1, share.without_event))):
                if estimate.value is not None:
                    marks[side].append((middle + sign * APART, estimate, name))
            y += ROW_HEIGHT
    for side, (who, points) in enumerate(zip(outcome, marks, strict=True)):
        if points:
            traces.append(_points(points, who, PALETTE[1 - side], SYMBOLS[1 - side], end))
    inner = max(y, 2.0 * ROW_HEIGHT)
    if not shares:
        annotations.append({**_label(NOTHING, inner / 2), "font": {"size": 13, "color": TEXT_COLOUR}})
    layout = {
        **_layout(round(TOP + inner + AXIS_HEIGHT), AXIS_HEIGHT),
        "showlegend": bool(shares),
        "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 1, "yanchor": "bottom", "font": {"size": 12}},
        "xaxis": {
            **AXIS,
            "domain": [LABEL_SHARE, COUNT_SHARE - 0.02],
            "range": [-0.03 * end, 1.02 * end],
            "tickvals": _ticks(end),
            "ticktext": [format_percent(tick, 0) for tick in _ticks(end)],
            "title": {"text": "Missing", "standoff": 4, "font": {"size": 12, "color": TEXT_COLOUR}},
            "visible": bool(shares),
        },
        "yaxis": {"range": [inner, 0], "visible": False, "fixedrange": True},
        "annotations": annotations,
    }
    return as_figure(traces, layout)


def plot_patterns(
    patterns: Sequence[MissingPattern], *, labels: Mapping[str, str], outcome: tuple[str, str]
) -> go.Figure:
    """Which variables are missing together: one column per pattern, its children as bars, its variables as dots below.

    Parameters
    ----------
    patterns
        The complete pattern is not drawn; of the others the largest ``MOST_PATTERNS``.
    labels, outcome
        As in :func:`plot_missingness`.
    """
    drawn = [p for p in patterns if p.missing and p.n][:MOST_PATTERNS]
    if not drawn:
        sentence = {**_label(NOTHING, 0.5), "yref": "paper", "font": {"size": 13, "color": TEXT_COLOUR}}
        hidden = {"visible": False, "fixedrange": True}
        return as_figure([], {**_layout(90, 10), "annotations": [sentence], "xaxis": hidden, "yaxis": hidden})
    names = [name for name in labels if any(name in p.missing for p in drawn)]
    columns = list(range(len(drawn)))
    inner = float(DOT_HEIGHT * len(names))
    most = max(p.n for p in drawn)
    events = [p.n_event for p in drawn]
    others = [p.n - p.n_event for p in drawn]
    reading = [_pattern_reading(p, labels, outcome) for p in drawn]
    traces: list[dict[str, Any]] = [
        _bar(columns, events, outcome[0], PALETTE[1], "/", reading),
        _bar(columns, others, outcome[1], PALETTE[0], "", reading),
    ]
    rows = {name: DOT_HEIGHT * (i + 0.5) for i, name in enumerate(names)}
    for column, pattern in zip(columns, drawn, strict=True):
        own = [rows[name] for name in pattern.missing]
        traces.append(_stroke([column, column], [min(own), max(own)]))
    empty = [(c, rows[name]) for c, p in zip(columns, drawn, strict=True) for name in names if name not in p.missing]
    full = [(c, rows[name]) for c, p in zip(columns, drawn, strict=True) for name in p.missing]
    traces.append(_dots(empty, KNOWN, 7))
    traces.append(_dots(full, TEXT_COLOUR, 12))
    annotations = [{**_label(break_lines(labels[name], 24), y), "yref": "y2"} for name, y in rows.items()]
    annotations += [
        {
            **_label(f"<b>{format_count(p.n)}</b>", p.n),
            "x": column,
            "xref": "x",
            "xanchor": "center",
            "yanchor": "bottom",
            "yshift": 2,
        }
        for column, p in zip(columns, drawn, strict=True)
    ]
    height = TOP + BAR_HEIGHT + inner + 8
    split = (inner + 4) / (BAR_HEIGHT + inner + 4)
    layout = {
        **_layout(round(height), 4),
        "barmode": "stack",
        "bargap": 0.45,
        "showlegend": True,
        "legend": {
            **LEGEND,
            "y": 1,
            "traceorder": "normal",
        },
        "xaxis": {
            "domain": [LABEL_SHARE, 1],
            "range": [-0.6, max(len(drawn), 4) - 0.4],
            "visible": False,
            "fixedrange": True,
            "anchor": "y2",
        },
        "yaxis": {**AXIS, "domain": [split, 1], "range": [0, 1.18 * most], "visible": False},
        "yaxis2": {"domain": [0, split - 0.02], "range": [inner, 0], "visible": False, "fixedrange": True},
        "annotations": annotations,
    }
    return as_figure(traces, layout)


def _bar(
    columns: list[int], heights: list[int], name: str, colour: str, pattern: str, reading: list[str]
) -> dict[str, Any]:
    return {
        "type": "bar",
        "name": escape(name),
        "x": columns,
        "y": heights,
        "marker": {
            "color": to_translucent(colour, 0.8),
            "line": {"color": colour, "width": 1},
            "pattern": {"shape": pattern, "fgcolor": colour, "solidity": 0.25},
        },
        "customdata": reading,
        "hovertemplate": "%{customdata}<extra></extra>",
    }


def _stroke(x: list[int], y: list[float]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": x,
        "y": y,
        "yaxis": "y2",
        "line": {"color": TEXT_COLOUR, "width": 2},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _dots(points: Sequence[tuple[int, float]], colour: str, size: int) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [x for x, _ in points],
        "y": [y for _, y in points],
        "yaxis": "y2",
        "marker": {"color": colour, "size": size, "symbol": "circle"},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _pattern_reading(pattern: MissingPattern, labels: Mapping[str, str], outcome: tuple[str, str]) -> str:
    missing = ", ".join(labels.get(name, name) for name in pattern.missing)
    return (
        f"<b>{escape(missing)}</b><br>{escape(outcome[0])}: {format_count(pattern.n_event)}<br>"
        f"{escape(outcome[1])}: {format_count(pattern.n - pattern.n_event)}"
    )


def _points(
    points: Sequence[tuple[float, Estimate, str]], who: str, colour: str, symbol: str, end: float
) -> dict[str, Any]:
    above, below, texts = [], [], []
    for _, estimate, name in points:
        value, interval = estimate.value or 0.0, estimate.interval
        low = interval.low if interval and interval.low is not None else value
        high = interval.high if interval and interval.high is not None else value
        above.append(round(max(min(high, end) - value, 0.0), 5))
        below.append(round(max(value - low, 0.0), 5))
        texts.append(
            f"<b>{escape(name)}</b><br>{escape(who)}: {format_count(estimate.n_event)} of {format_count(estimate.n)}, "
            f"{format_percent(estimate.value)} ({format_percent_interval(interval)})<extra></extra>"
        )
    return {
        "type": "scatter",
        "mode": "markers",
        "name": escape(who),
        "x": [round(e.value or 0.0, 5) for _, e, _ in points],
        "y": [y for y, _, _ in points],
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": above,
            "arrayminus": below,
            "color": colour,
            "thickness": 1.5,
            "width": 0,
        },
        "marker": {"color": colour, "symbol": symbol, "size": 9},
        "hovertemplate": texts,
        "cliponaxis": False,
    }


def _end(shares: Sequence[MissingShare]) -> float:
    """Where the axis ends: behind the largest share, and far enough for most of the intervals."""
    values = [e.value for s in shares for e in (s.with_event, s.without_event) if e.value is not None]
    limits = [
        e.interval.high
        for s in shares
        for e in (s.with_event, s.without_event)
        if e.interval is not None and e.interval.high is not None
    ]
    reach = max([NARROWEST, *values, *limits])
    return min(reach, 1.0)


def _ticks(end: float) -> list[float]:
    """At most four round ticks from 0."""
    step = next(s for s in (0.02, 0.05, 0.1, 0.2, 0.25, 0.5) if end / s < 4)
    return [round(k * step, 2) for k in range(math.floor(end / step + 1e-9) + 1)]


def _count(everyone: Estimate, y: float) -> dict[str, Any]:
    share = format_percent(everyone.value)
    text = f"{format_count(everyone.n_event)} of {format_count(everyone.n)}<br>{share}"
    if everyone.value is None:
        text = f"{format_count(everyone.n_event)}"
    return {**_label(text, y), "x": 1, "xanchor": "right", "align": "right"}


def _layout(height: int, bottom: int) -> dict[str, Any]:
    return {
        **base_layout(height, LEFT, RIGHT, TOP, bottom),
        "uirevision": "missingness",
        "dragmode": False,
        "hovermode": "closest",
    }
