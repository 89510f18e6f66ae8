"""Names at the ends of curves, where they stand free, and marks with the estimate at a few times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from analytics.figures.curves.groups import CurveGroups
from analytics.figures.curves.steps import PLOT_HEIGHT, RIGHT, SMALL, TOP, begin_of, is_shown, start_of
from analytics.figures.curves.words import YEARS
from analytics.figures.drawing import break_lines, chip_of
from analytics.figures.theme import TEXT_COLOUR
from analytics.formats import format_percent_interval, keep_together
from analytics.results import Estimate, FloatArray

SIZE, LETTER, LINE = 12, 6.8, 15.6  # of a name, in pixels
WIDTHS = (281.0, 860.0)  # of the area of curves, on a telephone and on a desk: a name has to stand free on both
LONGEST = 15  # letters on a line of a name
APART = 13
# Where a name may stand, the best first: behind the end, over it, under it (anchors, and shifts in pixels).
PLACES = (("left", "middle", 7, 0), ("right", "bottom", 0, 2), ("right", "top", 0, -2))

Box = tuple[float, float, float, float]  # left, top, right, bottom, in pixels from the upper left corner


def name_ends(curves: CurveGroups, highest: float = 100.0) -> list[dict[str, Any]]:
    """The names of the drawn curves as annotations at their ends; nothing where they, or lines, would collide.

    ``highest`` is the end of the axis in per cent. All or none: a name that is found in two places would be looked for.
    """
    names = {group: break_lines(keep_together(curves.names[group]), LONGEST) for group in curves.visible}
    if len(names) < 2 or any("…" in name for name in names.values()):
        return []
    lines = [_segments(curves, width, highest) for width in WIDTHS]
    taken: list[list[Box]] = [[] for _ in WIDTHS]
    named = []
    # From the last end to the first: what stands behind an end needs most room.
    for group, curve in sorted(curves.visible.items(), key=lambda item: -item[1].time[-1]):
        x, y = min(float(curve.time[-1]), curves.end), 100 * _last(curve, curves.end)
        name = names[group].split("<br>")
        size = LETTER * max(map(len, name)) + 16, LINE * len(name)
        for place in PLACES:
            boxes = [_box(place, curves, width, x, y, size, highest) for width in WIDTHS]
            if all(_is_free(*each) for each in zip(boxes, WIDTHS, lines, taken, strict=True)):
                break
        else:
            return []
        for box, boxes_there in zip(boxes, taken, strict=True):
            boxes_there.append(box)
        named.append(_name(place, group, names[group], curves.looks[group].colour, x, y))
    return named


def keep_legend(traces: Sequence[dict[str, Any]], curves: CurveGroups, names: Sequence[dict[str, Any]]) -> bool:
    """True if a figure needs its legend: without names at the ends, or for the groups that are not drawn.

    Lines that are named at their ends leave it.
    """
    if not names:
        return curves.has_legend
    for trace in traces:
        if trace.get("legendgroup") in curves.visible:
            trace["showlegend"] = False
    return len(curves.visible) < len(curves.whole)


def mark_years(
    curves: CurveGroups,
    read: Mapping[str, Sequence[Estimate]],
    at_risk: Mapping[str, Sequence[float] | FloatArray],
    highest: float = 100.0,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Points with their intervals at 1, 3 and 5 years, and the numbers beside them, where the curve may be read.

    ``read`` and ``at_risk`` have, by group, the estimate and the patients at risk at each of ``YEARS``;
    ``highest`` is the end of the axis in per cent.
    """
    traces, texts = [], []
    step = 0.008 * curves.end
    for year, at in ((year, 12.0 * year) for year in YEARS):
        found = []
        for position, (group, curve) in enumerate(curves.visible.items()):
            estimate = read[group][YEARS.index(year)]
            if (
                at <= curves.end
                and at_risk[group][YEARS.index(year)]
                and estimate.value is not None
                and is_shown(curve, at)
            ):
                # Side by side: intervals of groups that are alike would hide one another.
                x = at + step * (position - (len(curves.visible) - 1) / 2)
                found.append((estimate.value, round(x, 3), estimate, curves.looks[group].colour, group))
        for value, x, estimate, colour, group in found:
            traces.append(_mark(group, x, value, estimate, colour))
        heights = _spread([_y_of(100 * value, highest) for value, *_ in sorted(found, key=_by_height)])
        for height, (value, _, estimate, colour, _) in zip(heights, sorted(found, key=_by_height), strict=True):
            shift = _y_of(100 * value, highest) - height
            texts.append(_text(at + step * (len(curves.visible) / 2 + 0.5), value, shift, estimate, colour))
    return traces, texts


def _by_height(mark: tuple[float, float, Estimate, str, str]) -> float:
    return -mark[0]


def _spread(heights: list[float]) -> list[float]:
    """The heights, from the upper to the lower, each at least a line below the one before."""
    placed: list[float] = []
    for height in heights:
        placed.append(max(height, placed[-1] + APART) if placed else height)
    over = max(placed[-1] - (PLOT_HEIGHT - 8), 0.0) if placed else 0.0
    return [height - over for height in placed]


def _mark(group: str, x: float, value: float, estimate: Estimate, colour: str) -> dict[str, Any]:
    limits = estimate.interval
    low, high = (value, value) if limits is None else (limits.low or 0.0, 1.0 if limits.high is None else limits.high)
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [x],
        "y": [round(100 * value, 2)],
        "error_y": {
            "array": [round(100 * (high - value), 2)],
            "arrayminus": [round(100 * (value - low), 2)],
            "color": colour,
            "thickness": 1.6,
            "width": 4,
        },
        "marker": {"color": colour, "size": 7, "symbol": "circle", "line": {"color": "#ffffff", "width": 1}},
        "hoverinfo": "skip",
        "legendgroup": group,
        "showlegend": False,
    }


def _text(x: float, value: float, shift: float, estimate: Estimate, colour: str) -> dict[str, Any]:
    # Without the sign, which the axis has: on a telephone the next text begins 70 pixels further on.
    said = f"{100 * value:.0f}"
    if estimate.interval is not None:
        said += f" ({format_percent_interval(estimate.interval, 0)})"
    return {
        "text": f"{chip_of(colour).strip()}{said}",
        "x": round(x, 3),
        "xanchor": "left",
        "y": round(100 * value, 2),
        "yanchor": "middle",
        "yshift": round(shift, 1),
        "showarrow": False,
        "borderpad": 0,
        "font": {"size": SMALL, "color": TEXT_COLOUR},
    }


def _name(place: tuple[str, str, int, int], group: str, name: str, colour: str, x: float, y: float) -> dict[str, Any]:
    xanchor, yanchor, xshift, yshift = place
    return {
        "text": f"{chip_of(colour)}{name}",
        "align": "left",
        "x": round(x, 3),
        "xanchor": xanchor,
        "xshift": xshift,
        "y": round(y, 2),
        "yanchor": yanchor,
        "yshift": yshift,
        "showarrow": False,
        "borderpad": 0,
        "name": group,
        "captureevents": True,  # a click hides the curve
        "font": {"size": SIZE, "color": TEXT_COLOUR},
    }


def _last(curve: Any, end: float) -> float:
    inside = curve.estimate[curve.time <= end]
    return float(inside[-1]) if inside.size else start_of(curve)


def _x_of(time: Any, curves: CurveGroups, width: float) -> Any:
    return (time / curves.end + 0.012) / 1.024 * width


def _y_of(percent: Any, highest: float) -> Any:
    return PLOT_HEIGHT * (1 - percent / (1.015 * highest))


def _segments(
    curves: CurveGroups, width: float, highest: float
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Every piece of every line, level or upright, by its left, right, upper and lower end in pixels."""
    left, right, upper, lower = [], [], [], []
    for curve in curves.visible.values():
        x = _x_of(np.concatenate(([begin_of(curve)], np.minimum(curve.time, curves.end))), curves, width)
        y = _y_of(100 * np.concatenate(([start_of(curve)], curve.estimate)), highest)
        left += [x[:-1], x[1:]]
        right += [x[1:], x[1:]]
        upper += [y[:-1], np.minimum(y[:-1], y[1:])]
        lower += [y[:-1], np.maximum(y[:-1], y[1:])]
    return np.concatenate(left), np.concatenate(right), np.concatenate(upper), np.concatenate(lower)


def _box(
    place: tuple[str, str, int, int],
    curves: CurveGroups,
    width: float,
    x: float,
    y: float,
    size: tuple[float, float],
    highest: float,
) -> Box:
    xanchor, yanchor, xshift, yshift = place
    at, height = float(_x_of(x, curves, width)) + xshift, float(_y_of(y, highest)) - yshift
    left = at if xanchor == "left" else at - size[0]
    top = height - {"middle": size[1] / 2, "bottom": size[1], "top": 0}[yanchor]
    return left, top, left + size[0], top + size[1]


def _is_free(box: Box, width: float, lines: tuple[FloatArray, ...], taken: Sequence[Box]) -> bool:
    left, top, right, bottom = box
    if left < 0 or right > width + RIGHT or top < -TOP or bottom > PLOT_HEIGHT:
        return False
    if any(left < other[2] and other[0] < right and top < other[3] and other[1] < bottom for other in taken):
        return False
    starts, ends, upper, lower = lines
    return not bool(((starts < right) & (ends > left) & (upper < bottom - 1) & (lower > top + 1)).any())
