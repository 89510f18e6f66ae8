"""What every figure of curves over time is made of: lines, bands, pointer readings and the table under the axis.

A curve holds its value from one observed time to the next; survival starts at 1 and falls, an incidence at 0 and rises.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any, Literal, Protocol

import numpy as np

from analytics.dictionary import load_words
from analytics.estimators import hidden_share, n_at_risk, patients_followed
from analytics.figures.drawing import LEGEND, TIME_AXIS, chip_of, escape, round_months, round_to
from analytics.figures.theme import GRID_LINE, TEXT_COLOUR, Style, to_translucent
from analytics.formats import MISSING, format_count
from analytics.reporting.reliability import load_policy
from analytics.results import FloatArray, SurvivalCurve, read_only
from analytics.results import is_shown as marks_shown

TimeUnit = Literal["months", "years"]

MOST_VERTICES = 1000
MOST_TICKS = 9
MOST_DETAILED_GROUPS = 4
TICK_STEPS = {
    "months": (1, 2, 3, 6, 12, 24, 36, 60, 120, 240, 600),
    "years": (3, 6, 12, 24, 36, 60, 120, 240, 600),
}

# All in pixels. The table's rows must line up with text of a fixed size, so heights are fixed and domains follow.
LEFT, RIGHT, TOP, BOTTOM = 70, 14, 30, 4
PLOT_HEIGHT, AXIS_HEIGHT = 256, 48
SMALL = 11
LINE = 1.3 * SMALL  # Plotly's line height
GAP = 5
# Where few are at risk a line gets thinner. Paler, it would fall below the contrast of 3:1 that a graphic needs.
THICK, THIN = 2.4, 1.1

Lines = Sequence[tuple[str, tuple[int, ...]]]  # of a table: title, and which counts stand on the line


class StepCurve(Protocol):
    """What is drawn of a curve, one entry per distinct observed time, ascending; probabilities 0–1."""

    @property
    def group(self) -> str:
        """The level whose curve it is."""
        ...

    @property
    def time(self) -> FloatArray:
        """Observed times in months."""
        ...

    @property
    def n_risk(self) -> FloatArray:
        """Patients at risk just before each time."""
        ...

    @property
    def estimate(self) -> FloatArray:
        """The curve after each time."""
        ...

    @property
    def low(self) -> FloatArray:
        """Lower limits, NaN where not defined."""
        ...

    @property
    def high(self) -> FloatArray:
        """Upper limits, NaN where not defined."""
        ...


def cut(curve: Any) -> Any:
    """The part of a survival or incidence curve that may be drawn: until ``shown_until``, where that is set.

    The counts under the figure are made of the whole curve. A step at the end leads to a level that is not drawn, so that
    the line ends before it.
    """
    if curve.shown_until is None:
        return curve
    inside = curve.time <= curve.shown_until
    along = [f.name for f in fields(curve) if f.name not in ("entry", "n_entry")]
    arrays = {name: value for name in along if isinstance(value := getattr(curve, name), np.ndarray)}
    values = {name: array[inside] for name, array in arrays.items()}
    if inside.any() and not marks_shown(curve)[inside][-1]:
        before = start_of(curve), np.nan, np.nan, np.nan
        for name, first in zip(("estimate", "std_error", "low", "high"), before, strict=True):
            kept = values[name][:-1]
            values[name] = np.append(kept, kept[-1:] if kept.size else first)
    return replace(curve, **{name: read_only(array) for name, array in values.items()})


def start_of(curve: Any) -> float:
    """The value of a curve before its first time: 1 of a survival, 0 of an incidence."""
    return 1.0 if isinstance(curve, SurvivalCurve) else 0.0


def begin_of(curve: Any, at_least: int = 1) -> float:
    """The time at which that many patients are under observation for the first time; 0 without delayed
    entry, and for a curve of incidence, which starts at 0 for everybody."""
    if not isinstance(curve, SurvivalCurve) or not len(curve.entry):
        return 0.0
    # Just after an entry, those who entered then are at risk as well.
    at_risk = n_at_risk(curve, curve.entry * (1 + 1e-6) + 1e-6)
    enough = np.flatnonzero(at_risk >= at_least)
    return float(curve.entry[enough[0]]) if enough.size else float(curve.time[-1])


def add_exact_limits(curve: Any, begin: float = 0.0) -> Any:
    """The curve with the exact one-sided limit as its band for as long as nobody has had the event.

    The usual limits do not exist there, and a bare line at 100 % would look certain. The curve gains an entry at
    ``begin``, from which on somebody is at risk.
    """
    events = np.flatnonzero(curve.n_event_at > 0)
    first = int(events[0]) if events.size else len(curve.time)
    if not curve.n or curve.time[0] <= begin:
        return curve  # an event, or the last who left, at the very start
    # Each limit holds until the next time, and rests on those who are followed until then.
    until = np.concatenate((curve.time[:1], curve.time[1 : first + 1]))
    until = np.append(until, curve.time[-1:]) if first == len(curve.time) else until
    hidden = np.array([hidden_share(n, curve.conf_level) for n in patients_followed(curve, until).tolist()])
    survives = isinstance(curve, SurvivalCurve)
    low, high = (1 - hidden, np.ones(len(hidden))) if survives else (np.zeros(len(hidden)), hidden)
    added = {
        "time": begin,
        "n_risk": curve.n_risk[0],
        "n_event_at": 0.0,
        "n_competing_at": 0.0,
        "n_censor": 0.0,
        "estimate": start_of(curve),
        "std_error": 0.0,
        "low": low[0],
        "high": high[0],
    }
    arrays = {name: np.append(value, getattr(curve, name)) for name, value in added.items() if hasattr(curve, name)}
    arrays["low"][1 : len(hidden)], arrays["high"][1 : len(hidden)] = low[1:], high[1:]
    return replace(curve, **{name: read_only(array) for name, array in arrays.items()})


def fades_below(asked: int | None) -> int:
    """Below how many at risk a line gets thinner: as asked, or by the policy."""
    return load_policy().fade_below if asked is None else asked


def is_drawn(part: Any, begin: float = 0.0) -> bool:
    """True if the part of a curve that may be drawn has a length."""
    return bool(part.time.size) and (part.shown_until is None or float(part.time[-1]) > begin)


def is_shown(curve: Any, time: float) -> bool:
    """True if the curve may be drawn, or a value of it given, at a time in months."""
    return curve.shown_until is None or time <= curve.shown_until


def draw_key(group: str, name: str, style: Style) -> dict[str, Any]:
    """An entry of the legend without a line in the figure, which also keeps the axes of a figure without any."""
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "legendgroup": group,
        "hoverinfo": "skip",
        "x": [None],
        "y": [None],
        "line": {"color": style.colour, "dash": style.dash, "width": THIN},
    }


def choose_ticks(end: float, time_unit: TimeUnit = "months", most: int = MOST_TICKS) -> tuple[float, ...]:
    """Ticks in months from 0 up to ``end`` months, at steps that clinicians use (1, 2, 3, 6, 12, 24, … months).

    At most nine, so that the counts below them do not touch on a telephone, or ``most``, however far ``end`` lies. ``end``
    of 0 gives the tick 0 alone.
    """
    steps = TICK_STEPS[time_unit]
    step = next((s for s in steps if math.floor(end / s + 1e-9) < most), steps[-1])
    while math.floor(end / step + 1e-9) >= most:
        step *= 2
    return tuple(float(tick * step) for tick in range(math.floor(end / step + 1e-9) + 1))


def block_height(n_lines: int) -> int:
    """The height in pixels of one group's block of the table: its name and ``n_lines`` lines of counts."""
    return round((1 + n_lines) * LINE) + GAP


def figure_height(n_groups: int, n_lines: int) -> int:
    """The height in pixels of a figure of curves with a table of ``n_groups`` blocks."""
    return TOP + PLOT_HEIGHT + AXIS_HEIGHT + max(1, n_groups) * block_height(n_lines) + BOTTOM


def add_tick(ticks: tuple[float, ...], at: float | None, end: float) -> tuple[float, ...]:
    """The ticks with one more, in the place of those that are too near for its number to stand beside theirs."""
    if at is None:
        return ticks
    return tuple(sorted((at, *(tick for tick in ticks if tick == 0 or abs(tick - at) > 0.055 * end))))


def thinned(time: FloatArray, end: float) -> slice | np.ndarray:
    """Which of many vertices to keep: the last in each thousandth of the axis, less than a pixel apart."""
    if time.size <= MOST_VERTICES:
        return slice(None)
    cell = np.floor(time / end * MOST_VERTICES)
    return np.flatnonzero(np.append(cell[1:] != cell[:-1], True))


def draw_line(
    curve: StepCurve,
    name: str,
    style: Style,
    end: float,
    fade_below: int,
    start: float = 1.0,
    begin: float = 0.0,
    solid_from: float = 0.0,
) -> list[dict[str, Any]]:
    """The thick line and, where fewer than ``fade_below`` are at risk, the thin ones.

    ``start`` is the curve's value at ``begin``, where somebody is at risk for the first time; before ``solid_from`` too
    few have entered.
    """
    stop = min(float(curve.time[-1]), end)
    begin, solid_from = min(begin, stop), min(solid_from, stop)
    # The number at risk at a time holds from the observed time before it, so fading starts there.
    since = np.append(0.0, curve.time)
    few = since[(np.append(curve.n_risk, 0.0) < fade_below) & (since >= solid_from)]
    fade = min(float(few[0]), stop) if few.size else stop
    moves = (np.diff(np.append(start, curve.estimate)) != 0) & (curve.time <= stop)
    time, estimate = curve.time[moves], curve.estimate[moves]
    keep = thinned(time, end)
    time, estimate = time[keep], estimate[keep]
    steps = np.append(start, estimate)
    line = {"color": style.colour, "dash": style.dash, "shape": "hv"}
    parts = [(begin, solid_from, False), (solid_from, fade, True), (fade, stop, False)]
    shown = [part for part in parts if part[0] < part[1]] or [(stop, stop, False)]
    named = next((i for i, (_, _, is_solid) in enumerate(shown) if is_solid), 0)
    lines: list[dict[str, Any]] = []
    for i, (low, high, is_solid) in enumerate(shown):
        inside = (time > low) & (time <= high) if low > begin else time <= high
        ends = steps[np.searchsorted(time, (low, high), side="right")]
        first = start if low == begin else ends[0]
        drawn: dict[str, Any] = {
            "type": "scatter",
            "mode": "lines",
            "name": name,
            "legendgroup": curve.group,
            "hoverinfo": "skip",
            "x": round_months(np.concatenate(([low], time[inside], [high]))),
            "y": round_to(100 * np.concatenate(([first], estimate[inside], [ends[1]]))),
            "line": {**line, "width": THICK if is_solid else THIN},
        }
        if not is_solid:
            drawn["showlegend"] = i == named
        lines.append(drawn)
    return lines


def draw_band(curve: StepCurve, style: Style, end: float) -> dict[str, Any]:
    """One polygon per stretch of defined limits; nothing where no limit is defined."""
    stop = min(float(curve.time[-1]), end)
    inside = curve.time <= stop
    time, low, high = curve.time[inside], curve.low[inside], curve.high[inside]
    same = (low[1:] == low[:-1]) | (np.isnan(low[1:]) & np.isnan(low[:-1]))
    same &= (high[1:] == high[:-1]) | (np.isnan(high[1:]) & np.isnan(high[:-1]))
    changes = np.append(True, ~same)[: time.size]
    time, low, high = time[changes], low[changes], high[changes]
    keep = thinned(time, end)
    time, low, high = time[keep], low[keep], high[keep]
    defined = np.isfinite(low) & np.isfinite(high)
    x: list[float | None] = []
    y: list[float | None] = []
    edges = np.flatnonzero(np.diff(np.concatenate(([False], defined, [False])).astype(np.int8)))
    for first, after in zip(edges[::2], edges[1::2], strict=True):
        finish = float(time[after]) if after < time.size else stop
        if finish <= time[first]:
            continue
        steps = np.repeat(np.append(time[first:after], finish), 2)[1:-1]
        upper = np.repeat(high[first:after], 2)
        lower = np.repeat(low[first:after], 2)
        x += [*([None] if x else []), *round_months(steps), *round_months(steps)[::-1]]
        y += [*([None] if y else []), *round_to(100 * upper), *round_to(100 * lower)[::-1]]
    if not x:
        return {}
    return {
        "type": "scatter",
        "mode": "lines",
        "x": x,
        "y": y,
        "fill": "toself",
        "fillcolor": to_translucent(style.colour, 0.14),
        "line": {"width": 0},
        "hoverinfo": "skip",
        "legendgroup": curve.group,
        "showlegend": False,
    }


def reading_grid(curve: StepCurve, end: float, begin: float = 0.0) -> FloatArray:
    """Whole months, or a part or multiple of them, from ``begin`` on: where a pointer reads a curve."""
    step = next((s for s in (0.25, 0.5, 1.0, 2.0, 3.0, 6.0, 12.0, 24.0) if end / s <= 125), end / 125)
    grid = np.arange(0.0, min(float(curve.time[-1]), end) + 1e-9, step)
    return grid[grid >= begin]


def draw_readings(
    curve: StepCurve, name: str, style: Style, grid: FloatArray, at_risk: FloatArray, start: float = 1.0
) -> dict[str, Any]:
    """Invisible points on a grid of times, so that one pointer position reads all curves at the same time."""
    at = np.searchsorted(curve.time, grid + 1e-9 * np.maximum(1.0, grid), side="right")
    estimate = np.append(start, curve.estimate)[at]
    low, high = np.append(np.nan, curve.low)[at], np.append(np.nan, curve.high)[at]
    limits = [
        f" ({100 * below:.1f}–{100 * above:.1f})" if math.isfinite(below) and math.isfinite(above) else ""
        for below, above in zip(low.tolist(), high.tolist(), strict=True)
    ]
    return {
        "type": "scatter",
        "mode": "none",
        "x": round_months(grid),
        "y": round_to(100 * estimate),
        "text": limits,
        "customdata": at_risk.astype(np.int64).tolist(),
        "hovertemplate": f"{head_of(name, style)}%{{y:.1f}} %%{{text}}, %{{customdata}} at risk<extra></extra>",
        "legendgroup": curve.group,
        "showlegend": False,
    }


def draw_silent_readings(curve: Any, name: str, style: Style, grid: FloatArray, at_risk: FloatArray) -> dict[str, Any]:
    """The same where the curve is not shown and children are still followed; nothing where there is no such time."""
    if curve.shown_until is None:
        return {}
    ends_in_step = not marks_shown(curve)[curve.time <= curve.shown_until][-1:].all()
    behind = grid >= curve.shown_until if ends_in_step or curve.shown_until == 0 else grid > curve.shown_until
    if not behind.any():
        return {}
    return {
        "type": "scatter",
        "mode": "none",
        "x": round_months(grid[behind]),
        "y": [0] * int(behind.sum()),
        "customdata": at_risk[behind].astype(np.int64).tolist(),
        "hovertemplate": f"{head_of(name, style)}not shown, %{{customdata}} at risk<extra></extra>",
        "legendgroup": curve.group,
        "showlegend": False,
    }


def head_of(name: str, style: Style) -> str:
    """How the pointer's box names a group; its colour stands beside the name, which would be hard to read in it."""
    # A long name on the same line would make the box wider than a telephone.
    return f"{chip_of(style.colour)}<b>{escape(name)}</b>{': ' if len(name) <= 12 else '<br>'}"


def short_count(n: float) -> str:
    """A count that fits under a tick: exact below 100 000, then in thousands or millions; a dash for NaN."""
    if math.isnan(n):
        return MISSING
    if n >= 1e7:
        return f"{n / 1e6:.1f}M"
    return f"{n / 1e3:.0f}k" if n >= 1e5 else format_count(n)


def draw_counts(
    blocks: Sequence[Sequence[FloatArray] | None],
    lines: Lines,
    ticks: Sequence[float],
    names: Sequence[str],
    colours: Sequence[str],
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The table: per group one annotation (name and row titles) and one text of several lines under each tick.

    Both hang from the same height and have the same font size, hence the same line height: rows line up at any width.
    A block has one array of counts per tick for each number in ``lines``, NaN before the clock of anybody has started;
    None fills it with zeros.
    """
    titles = "<br>".join(title for title, _ in lines)
    n_counts = sum(len(counts) for _, counts in lines)
    zeros = np.zeros(len(ticks))
    text: list[str] = []
    tops: list[int] = []
    annotations = []
    for number, (block, name, colour) in enumerate(zip(blocks, names, colours, strict=True)):
        top = number * block_height(len(lines))
        for column in zip(*(block or [zeros] * n_counts), strict=True):
            rows = (" / ".join(short_count(column[k]) for k in counts) for _, counts in lines)
            text.append("\u00a0<br>" + "<br>".join(rows))
        tops += [top] * len(ticks)
        annotations.append(
            {
                "text": f"{chip_of(colour)}<b>{escape(name)}</b><br>{titles}",
                "x": 0,
                "xref": "paper",
                "xanchor": "left",
                "xshift": 4 - LEFT,
                "y": top,
                "yref": "y2",
                "yanchor": "top",
                "yshift": 3,
                "align": "left",
                "showarrow": False,
                "borderpad": 0,
                "font": {"size": SMALL},
            }
        )
    trace = {
        "type": "scatter",
        "mode": "text",
        "x": list(ticks) * len(blocks),
        "y": tops,
        "text": text,
        "textposition": "bottom center",
        "yaxis": "y2",
        "textfont": {"size": SMALL},
        "hoverinfo": "skip",
        "showlegend": False,
        "cliponaxis": False,
    }
    return trace, annotations


def layout_of(
    height: int,
    table_height: int,
    end: float,
    ticks: Sequence[float],
    time_unit: TimeUnit,
    origin: str,
    y_title: str,
    annotations: list[dict[str, Any]],
    has_legend: bool,
    percents: Sequence[int] = (0, 20, 40, 60, 80, 100),
) -> dict[str, Any]:
    """The layout of a figure of curves: the time axis, the axis in per cent with its ticks, and room for the table."""
    inner = height - TOP - BOTTOM
    ticktext = [f"{tick / 12:.3g}" if time_unit == "years" else f"{round(tick, 1):g}" for tick in ticks]
    return {
        "template": {},
        "font": {"color": TEXT_COLOUR},
        "height": height,
        "margin": {"l": LEFT, "r": RIGHT, "t": TOP, "b": BOTTOM, "pad": 0, "autoexpand": has_legend},
        "uirevision": "survival",
        "hovermode": "x unified",
        "hoverlabel": {"namelength": -1},
        "dragmode": False,
        "showlegend": has_legend,
        "legend": {
            **LEGEND,
            "itemwidth": 34,
            "tracegroupgap": 0,
            "itemclick": "toggle",
        },
        "xaxis": {
            "anchor": "y",
            "range": [round(-0.012 * end, 3), round(1.012 * end, 3)],
            "tickvals": list(ticks),
            "ticktext": ticktext,
            **TIME_AXIS,
            "title": {
                "text": f"{time_unit.capitalize()} from {escape(origin)}",
                "standoff": 6,
                "font": {"size": 13, "color": TEXT_COLOUR},
            },
            "hoverformat": ".1f",
            "unifiedhovertitle": {"text": "%{x:.1f} months"},
        },
        "yaxis": {
            "domain": [round(1 - PLOT_HEIGHT / inner, 5), 1],
            "range": [0, round(1.015 * percents[-1], 3)],
            "tickvals": list(percents),
            "ticktext": [f"{percent}\u2009%" for percent in percents],
            "ticks": "",
            "ticklabelstandoff": 4,
            "tickfont": {"color": TEXT_COLOUR},
            "gridcolor": GRID_LINE,
            "zeroline": False,
            "fixedrange": True,
            "automargin": False,
            "title": {"text": escape(y_title), "standoff": 8, "font": {"size": 13, "color": TEXT_COLOUR}},
        },
        "yaxis2": {
            "domain": [0, round(table_height / inner, 5)],
            "range": [table_height, 0],
            "visible": False,
            "fixedrange": True,
        },
        "annotations": annotations,
    }


def say_empty() -> str:
    """What stands in the place of curves of nobody."""
    return f"No {load_words().plural} in this selection"


def say_too_few() -> str:
    """What stands in the place of curves that rest on too few."""
    return f"Too few {load_words().plural} for a curve"


def empty_layout(height: int, sentence: str) -> dict[str, Any]:
    """The layout of a figure without patients, or with too few: one sentence."""
    hidden = {"visible": False, "fixedrange": True}
    return {
        "template": {},
        "font": {"color": TEXT_COLOUR},
        "height": height,
        "margin": {"l": LEFT, "r": RIGHT, "t": TOP, "b": BOTTOM},
        "uirevision": "survival",
        "xaxis": hidden,
        "yaxis": hidden,
        "annotations": [
            {
                "text": sentence,
                "x": 0.5,
                "y": 0.5,
                "xref": "paper",
                "yref": "paper",
                "showarrow": False,
                "font": {"size": 15},
            }
        ],
    }
