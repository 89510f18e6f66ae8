"""How far weighting balances two arms, and how far their propensity scores overlap."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import plotly.graph_objects as go

from analytics.dictionary import load_words
from analytics.estimators.treatment.propensity import NEGLIGIBLE_DIFFERENCE
from analytics.figures.drawing import LEGEND, ROWS_AXIS, TICKS, as_figure, base_layout, break_lines, escape, label_row
from analytics.figures.theme import AXIS_LINE, GRID_LINE, PALETTE, TEXT_COLOUR, Style, to_translucent
from analytics.formats import format_count, format_number, format_percent
from analytics.results import Balance, FloatArray

LEFT, RIGHT, TOP, BOTTOM = 14, 28, 34, 58
HEADING_HEIGHT, ROW_HEIGHT = 24, 30
LABEL_SHARE = 0.42  # of the width, left of the dots; a share, so that it holds on a telephone, too
NARROWEST, WIDEST = 0.5, 3.0
TICK_STEPS = (0.25, 0.5, 1.0)
MOST_LETTERS = 24
BEFORE, AFTER = PALETTE[4], PALETTE[0]
OVERLAP_HEIGHT = 250
BINS = 20

_label = partial(label_row, size=11, indent=0)


def plot_balance(
    balance: Sequence[Balance],
    *,
    labels: Mapping[str, str],
    level_labels: Mapping[tuple[str, str], str],
    arms: tuple[str, str],
) -> go.Figure:
    """Standardised differences before and after weighting, one line per level, around the limits of ±0.1.

    Parameters
    ----------
    balance
        In the order of the covariates and their levels. Of a variable with two levels the first is left out, as it says
        the same with the other sign.
    labels
        Variable to what a reader sees.
    level_labels
        Variable and level to what a reader sees.
    arms
        The treated and the untreated, as written on the axis.

    Returns
    -------
    plotly.graph_objects.Figure
        Open circles before, filled ones after weighting; without weights open circles alone. A difference that does not
        exist is left out of the drawing and written as a dash. Without rows it holds one sentence.
    """
    rows = _rows(balance)
    end = _end(rows)
    y, heading = 0.0, ""
    points: dict[str, list[tuple[float, float, str]]] = {"before": [], "after": []}
    traces: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for row in rows:
        name = labels.get(row.variable, row.variable)
        if row.level is not None and row.variable != heading and _n_levels(balance, row.variable) > 2:
            annotations.append(_label(f"<b>{break_lines(name, 40)}</b>", y + HEADING_HEIGHT / 2))
            y += HEADING_HEIGHT
        heading = row.variable
        middle = y + ROW_HEIGHT / 2
        text = _row_label(row, name, level_labels, balance)
        annotations.append(
            _label(break_lines(text, MOST_LETTERS), middle, indent=10 if _n_levels(balance, row.variable) > 2 else 0)
        )
        values = {"before": row.smd_before, "after": row.smd_after}
        found = [v for v in values.values() if v is not None]
        if not found:
            annotations.append({**_label("–", middle), "x": 0, "xref": "x", "xanchor": "center"})
        elif len(found) == 2:
            traces.append(_link([_inside(v, end) for v in found], middle))
        for time, value in values.items():
            if value is not None:
                points[time].append((_inside(value, end), middle, _reading(text, row, arms)))
        y += ROW_HEIGHT
    inner = max(y, 3 * ROW_HEIGHT)
    if not rows:
        annotations.append({**_label("There is nothing to balance.", inner / 2), "x": 0.5, "xanchor": "center"})
    traces += [_dots(points["before"], "before weighting", BEFORE, "circle-open")]
    traces += [_dots(points["after"], "after weighting", AFTER, "circle")] if points["after"] else []
    annotations += _sides(arms) if rows else []
    return as_figure(traces if rows else [], _balance_layout(end, inner, annotations, bool(rows)))


def plot_overlap(
    scores: Mapping[str, tuple[FloatArray, FloatArray]], styles: Mapping[str, Style], *, treatment: str
) -> go.Figure:
    """The propensity scores of two arms as histograms back to back: where both have children, they can be compared.

    Parameters
    ----------
    scores
        Arm to the scores (0 to 1) and the number of patients with each; the first arm is drawn upwards.
    styles
        Arm to its colour.
    treatment
        Whose probability the score is, as written on the axis.

    Returns
    -------
    plotly.graph_objects.Figure
        Counts of patients in twenty classes of equal width. Without scores it holds one sentence.
    """
    edges = np.linspace(0.0, 1.0, BINS + 1)
    traces: list[dict[str, Any]] = []
    most = 1.0
    for sign, (arm, (values, counts)) in zip((1, -1), scores.items(), strict=False):
        height, _ = np.histogram(values, bins=edges, weights=counts)
        most = max(most, float(height.max(initial=0.0)))
        traces.append(_bars(arm, height, sign, edges, styles[arm]))
    step = _count_step(most)
    ticks = [k * step for k in range(-math.ceil(most / step), math.ceil(most / step) + 1)]
    layout: dict[str, Any] = {
        **_shared_layout(OVERLAP_HEIGHT, 52),
        "barmode": "overlay",
        "bargap": 0.08,
        "showlegend": True,
        "xaxis": {
            **_axis(f"Probability of {treatment} by the landmark"),
            "range": [0, 1],
            "tickvals": [0, 0.25, 0.5, 0.75, 1],
            "ticktext": ["0", "25\u2009%", "50\u2009%", "75\u2009%", "100\u2009%"],
            "side": "bottom",
        },
        "yaxis": {
            **_axis(load_words().head),
            "range": [-1.12 * most, 1.12 * most],
            "tickvals": ticks,
            "ticktext": [format_count(abs(tick)) for tick in ticks],
            "gridcolor": GRID_LINE,
            "zeroline": True,
            "zerolinecolor": AXIS_LINE,
        },
    }
    if not any(len(values) for values, _ in scores.values()):
        sentence = "There are no propensity scores."
        layout |= {"annotations": [{**_label(sentence, 0.5), "x": 0.5, "xanchor": "center", "yref": "paper"}]}
        layout |= {name: {"visible": False, "fixedrange": True} for name in ("xaxis", "yaxis")}
        return as_figure([], layout)
    return as_figure(traces, layout)


# Balance


def _rows(balance: Sequence[Balance]) -> list[Balance]:
    """The lines of the figure: of two levels the second alone."""
    seen: dict[str, int] = {}
    rows = []
    for row in balance:
        seen[row.variable] = seen.get(row.variable, 0) + 1
        if row.level is None or _n_levels(balance, row.variable) != 2 or seen[row.variable] == 2:
            rows.append(row)
    return rows


def _n_levels(balance: Sequence[Balance], variable: str) -> int:
    return sum(row.variable == variable for row in balance)


def _row_label(row: Balance, name: str, level_labels: Mapping[tuple[str, str], str], balance: Sequence[Balance]) -> str:
    if row.level is None:
        return name
    level = level_labels.get((row.variable, row.level), row.level)
    return level if _n_levels(balance, row.variable) > 2 else f"{name}: {level}"


def _end(rows: Sequence[Balance]) -> float:
    """The half width of the axis, from 0.5 to 3."""
    known = [abs(v) for row in rows for v in (row.smd_before, row.smd_after) if v is not None]
    return min(max([NARROWEST, *(1.08 * v for v in known)]), WIDEST)


def _inside(value: float, end: float) -> float:
    return round(min(max(value, -end), end), 4)


def _reading(text: str, row: Balance, arms: tuple[str, str]) -> str:
    def mean(value: float | None) -> str:
        return format_number(value, 2) if row.level is None else format_percent(value, 0)

    before = f"{format_number(row.smd_before)} ({mean(row.mean_treated)} against {mean(row.mean_untreated)})"
    after = ""
    if row.mean_treated_after is not None:
        means = f"{mean(row.mean_treated_after)} against {mean(row.mean_untreated_after)}"
        after = f"<br>after weighting: {format_number(row.smd_after)} ({means})"
    who = f"{escape(arms[0])} against {escape(arms[1])}"
    return f"<b>{escape(text)}</b><br>{who}<br>before weighting: {before}{after}<extra></extra>"


def _link(values: list[float], y: float) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": values,
        "y": [y, y],
        "line": {"color": AXIS_LINE, "width": 1.5},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _dots(points: Sequence[tuple[float, float, str]], name: str, colour: str, symbol: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [x for x, _, _ in points],
        "y": [y for _, y, _ in points],
        "hovertemplate": [text for _, _, text in points],
        "marker": {"color": colour, "symbol": symbol, "size": 10, "line": {"width": 2, "color": colour}},
    }


def _sides(arms: tuple[str, str]) -> list[dict[str, Any]]:
    """What it means to lie to the left and to the right of 0."""
    shared = {"yref": "paper", "yanchor": "top", "yshift": -40, "font": {"size": 11, "color": TEXT_COLOUR}}
    left = {**_label(f"← more in {escape(arms[1])}", 0), **shared, "x": 0}
    right = {**_label(f"more in {escape(arms[0])} →", 0), **shared, "x": 1, "xanchor": "right"}
    return [left, right]


def _balance_layout(end: float, inner: float, annotations: list[dict[str, Any]], has_rows: bool) -> dict[str, Any]:
    step = next((s for s in TICK_STEPS if end / s < 4), TICK_STEPS[-1])
    ticks = [round(k * step, 2) for k in range(-math.floor(end / step + 1e-9), math.floor(end / step + 1e-9) + 1)]
    guides = [
        {
            "type": "line",
            "x0": limit,
            "x1": limit,
            "yref": "paper",
            "y0": 0,
            "y1": 1,
            "line": {"color": AXIS_LINE, "width": 1.2, "dash": "4px,3px"},
        }
        for limit in (-NEGLIGIBLE_DIFFERENCE, NEGLIGIBLE_DIFFERENCE)
    ]
    inside = {
        "type": "rect",
        "x0": -NEGLIGIBLE_DIFFERENCE,
        "x1": NEGLIGIBLE_DIFFERENCE,
        "yref": "paper",
        "y0": 0,
        "y1": 1,
        "line": {"width": 0},
        "fillcolor": to_translucent("#808080", 0.12),
        "layer": "below",
    }
    return {
        **_shared_layout(round(TOP + inner + BOTTOM), BOTTOM),
        "showlegend": has_rows,
        "xaxis": {
            **_axis("Standardised difference"),
            "domain": [LABEL_SHARE, 1],
            "range": [-1.05 * end, 1.05 * end],
            "tickvals": ticks,
            "ticktext": [f"{tick:g}".replace("-", "−") for tick in ticks],
            "tickangle": 0,
            "visible": has_rows,
            "zeroline": True,
            "zerolinecolor": AXIS_LINE,
        },
        "yaxis": {"range": [inner, 0], "visible": False, "fixedrange": True},
        "shapes": [inside, *guides] if has_rows else [],
        "annotations": annotations,
    }


# Overlap


def _bars(arm: str, height: FloatArray, sign: int, edges: FloatArray, style: Style) -> dict[str, Any]:
    named = [
        f"{format_percent(low, 0)} to {format_percent(high, 0)}: {format_count(n)} {load_words().of(n)}"
        for low, high, n in zip(edges[:-1], edges[1:], height, strict=True)
    ]
    return {
        "type": "bar",
        "name": arm,
        "x": ((edges[:-1] + edges[1:]) / 2).round(4).tolist(),
        "y": (sign * height).tolist(),
        "width": [round(1 / BINS, 4)] * BINS,
        "marker": {
            "color": to_translucent(style.colour, 0.75),
            "line": {"color": style.colour, "width": 1},
            "pattern": {"shape": "" if sign > 0 else "/", "fgcolor": style.colour, "solidity": 0.25},
        },
        "text": named,
        "textposition": "none",
        "hovertemplate": f"<b>{escape(arm)}</b><br>%{{text}}<extra></extra>",
    }


def _count_step(most: float) -> float:
    """A round step with at most three ticks on a side."""
    size = 10.0 ** math.floor(math.log10(max(most / 3, 1.0)))
    return next(size * k for k in (1, 2, 5, 10) if most / (size * k) <= 3)


# Both


def _axis(title: str) -> dict[str, Any]:
    return {
        **TICKS,
        **ROWS_AXIS,
        "title": {"text": escape(title), "standoff": 5, "font": {"size": 12, "color": TEXT_COLOUR}},
    }


def _shared_layout(height: int, bottom: int) -> dict[str, Any]:
    return {
        **base_layout(height, LEFT if bottom == BOTTOM else 62, RIGHT, TOP, bottom),
        "uirevision": "balance",
        "dragmode": False,
        "hovermode": "closest",
        "legend": {**LEGEND, "y": 1.0},
    }
