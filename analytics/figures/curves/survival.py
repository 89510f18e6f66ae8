"""The survival curve with its table of patients at risk, as proposed by KMunicate (Morris et al. 2019).

Morris TP, Jarvis CI, Cragg W, Phillips PPJ, Choodari-Oskooei B, Sydes MR. Proposals on Kaplan–Meier plots in medical
research and a survey of stakeholder views: KMunicate. BMJ Open 2019;9:e030215. doi:10.1136/bmjopen-2019-030215
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from analytics.dictionary import Endpoint
from analytics.estimators import n_at_risk, read_curve, survival_at, time_tolerance
from analytics.figures.curves import steps as step_curves
from analytics.figures.curves.ends import keep_legend, mark_years, name_ends
from analytics.figures.curves.groups import arrange_curves
from analytics.figures.curves.published import PublishedPoint, draw_points, make_room, reach
from analytics.figures.curves.steps import (
    MOST_DETAILED_GROUPS,
    Lines,
    TimeUnit,
    add_tick,
    begin_of,
    block_height,
    choose_ticks,
    cut,
    empty_layout,
    fades_below,
    is_drawn,
    layout_of,
    say_empty,
    thinned,
)
from analytics.figures.curves.words import YEARS, describe_curve, say_bands
from analytics.figures.drawing import as_figure, round_months, round_to
from analytics.figures.theme import AXIS_LINE, TEXT_COLOUR, Style, to_translucent
from analytics.results import Estimate, FloatArray, SurvivalCurve, SurvivalResult, read_only

__all__ = [
    "Overlay",
    "RiskTable",
    "choose_ticks",
    "describe_drawing",
    "describe_survival",
    "figure_height",
    "plot_survival",
    "risk_table",
    "say_empty",
]

MOST_CENSOR_MARKS = 300
READING = "How to read survival curves"  # a term of the glossary
LINES: Lines = (("At risk", (0,)), ("Events", (1,)), ("Censored", (2,)))
SHORT_LINES: Lines = (("At risk", (0,)), ("Ev. / cens.", (1, 2)))
# Where patients change group, they leave one curve without being lost to follow-up.
SWITCHING_LINES: Lines = (("At risk", (0,)), ("Events", (1,)), ("Left", (2,)))
SHORT_SWITCHING_LINES: Lines = (("At risk", (0,)), ("Ev. / left", (1, 2)))


@dataclass(frozen=True, slots=True)
class Overlay:
    """A thin dotted line drawn behind the curves, for comparison: another estimate of one of the groups."""

    curve: SurvivalCurve
    label: str
    colour: str


@dataclass(frozen=True, slots=True)
class RiskTable:
    """Patients at risk, with the event and censored at each tick; all arrays have one entry per tick.

    Without delayed entry ``at_risk + n_event + n_censor`` equals ``n`` in every column; with it, those who have entered.
    """

    ticks: FloatArray
    at_risk: FloatArray
    n_event: FloatArray
    n_censor: FloatArray
    n: int


def risk_table(curve: SurvivalCurve, ticks: Sequence[float] | FloatArray) -> RiskTable:
    """The counts under a curve: at risk at each tick, events and censorings before it.

    A patient counts as at risk at ``t`` when the observed time is >= t, so an event at exactly ``t`` is counted under
    events from the next tick on; the three counts therefore add up to all patients (Morris et al. 2019).

    Parameters
    ----------
    curve
        One group's curve, times in months.
    ticks
        Times in months, ascending; an empty sequence gives an empty table.

    Returns
    -------
    RiskTable
        Cumulative counts, 0 for one that is not told. A curve without patients gives zeros.
    """
    times = np.asarray(ticks, dtype=np.float64)
    # Days divided by the length of a month miss a whole number of months by rounding alone.
    first = np.searchsorted(curve.time, times - (time_tolerance(curve.time) if curve.n else 0.0), side="left")
    events = np.append(0.0, np.cumsum(curve.n_event_at))[first]
    censored = np.append(0.0, np.cumsum(curve.n_censor))[first]
    numbers = (n_at_risk(curve, times), events, censored)
    n_risk, n_event, n_censor = (read_only(np.where(n < curve.smallest, 0, n)) for n in numbers)
    return RiskTable(read_only(times), n_risk, n_event, n_censor, curve.n)


def figure_height(n_groups: int) -> int:
    """The figure's height in pixels, which depends on the number of groups alone."""
    return step_curves.figure_height(n_groups, len(_lines(n_groups)))


def plot_survival(
    result: SurvivalResult,
    *,
    labels: Mapping[str, str],
    styles: Mapping[str, Style],
    origin: str,
    y_title: str,
    horizon: float | None = None,
    bands: bool = True,
    censor_marks: bool = True,
    fade_below: int | None = None,
    time_unit: TimeUnit = "months",
    overlays: Sequence[Overlay] = (),
    switching: bool = False,
    mean_until: float | None = None,
    endpoint: Endpoint | None = None,
    exact_limits: bool = True,
    marks: bool = False,
    landmark: float | None = None,
    published: Sequence[PublishedPoint] = (),
) -> go.Figure:
    """Kaplan–Meier curves from 100 %, with confidence bands and the table of patients at risk beneath.

    Parameters
    ----------
    result
        The curves, times in months.
    labels
        Level to what the reader sees, in the order of the dictionary. A level without a curve keeps its rows in the
        table, filled with zeros, so that the figure keeps its height when a filter empties a group.
    styles
        Level to style (``theme.style_of`` of all levels). A group without one gets the style of its position.
    origin
        The day the clock starts, as written on the axis ("first relapse").
    y_title
        What is survived ("Overall survival").
    horizon
        The right end of the axis in months; None ends it at the last follow-up.
    bands
        True draws the pointwise confidence limits, where they are defined.
    censor_marks
        True marks each censoring by a small vertical line, in groups of at most 300 censored patients.
    fade_below
        The line is thin where fewer patients than this are at risk; 0 never makes it thin, None asks the policy.
    time_unit
        The unit of the ticks, "months" or "years". The data stay in months.
    overlays
        Other estimates, drawn behind the curves and named in the legend.
    switching
        True where patients change group: the table then says that they left, not that they were censored.
    mean_until
        The horizon of restricted means in months: marked by a line, with the area between two curves shaded up to it, or
        that under each of another number of curves. A curve that does not reach it is not shaded.
    endpoint
        Whose words the legend counts the events by of a group too small for a line; "events" without one.
    exact_limits
        True draws the exact limit before a group's first event; False where weights are no numbers of patients.
    marks
        True marks survival at 1, 3 and 5 years with its interval and writes it there.
    landmark
        A time in months at which all curves begin: marked by a dotted line and counted in the table.
    published
        Results of others, drawn over the curves as lettered points; the axis reaches to all of them.

    Returns
    -------
    plotly.graph_objects.Figure
        Its background and text colour come from the page's theme. Without patients it holds one sentence.
    """
    fade_below = fades_below(fade_below)
    if published and horizon is None:
        horizon = reach(published, max((float(curve.time[-1]) for curve in result.curves if curve.n), default=0.0))
    curves = arrange_curves(result.curves, labels, styles, horizon, exact_limits=exact_limits)
    height, end = figure_height(len(curves.groups)), curves.end
    if not curves.whole:
        return as_figure([], empty_layout(height, say_empty()))
    traces: list[dict[str, Any]] = []
    if mean_until is not None:
        traces += _shade_means(list(curves.visible.items()), curves.looks, mean_until)
    if bands:
        traces += curves.draw_bands()
    behind = [(overlay, cut(overlay.curve)) for overlay in overlays if overlay.curve.n]
    traces += [_draw_overlay(overlay, curve, end) for overlay, curve in behind if is_drawn(curve, begin_of(curve))]
    traces += curves.draw_lines(fade_below, endpoint)
    if censor_marks:
        traces += [_censor_marks(curve, curves.looks[group], end) for group, curve in curves.visible.items()]
    traces += curves.draw_readings(n_at_risk)
    traces = [trace for trace in traces if trace]
    ticks = add_tick(choose_ticks(end, time_unit), landmark, end)
    # Before anybody is under observation, as before a landmark, nobody is at risk or has left: there is nothing to count.
    counted = np.where(np.asarray(ticks) < min(map(begin_of, curves.whole.values())) - 1e-6, np.nan, 0.0)
    # Just after a landmark, those who entered there are at risk.
    times = [tick * (1 + 1e-6) + 1e-6 if tick == landmark else tick for tick in ticks]
    tables = [risk_table(curves.whole[group], times) if group in curves.whole else None for group in curves.groups]
    blocks = [
        tuple(counts + counted for counts in ((table.at_risk, table.n_event, table.n_censor) if table else [0.0] * 3))
        for table in tables
    ]
    lines = _lines(len(curves.groups), switching)
    cells, rows = curves.draw_table(blocks, lines, ticks)
    table_height = len(curves.groups) * block_height(len(lines))
    names = [] if behind or marks else name_ends(curves)
    if marks:
        read_years = _reader(exact_limits)
        read = {group: read_years(curve) for group, curve in curves.whole.items()}
        n_risk = {group: risk_table(curve, [12.0 * y for y in YEARS]).at_risk for group, curve in curves.whole.items()}
        points, texts = mark_years(curves, read, n_risk)
        traces, rows = traces + points, rows + texts
    has_legend = keep_legend(traces, curves, names) or bool(overlays) or bool(published)
    traces += draw_points(published, end)
    layout = layout_of(height, table_height, end, ticks, time_unit, origin, y_title, rows + names, has_legend)
    if landmark is not None:
        layout["shapes"] = [_landmark_line(landmark)]
    if mean_until is not None and mean_until <= end:
        layout["shapes"] = [_horizon_line(mean_until)]
    make_room(layout, published)
    return as_figure([*traces, cells], layout)


def describe_survival(
    result: SurvivalResult,
    labels: Mapping[str, str],
    origin: str,
    *,
    exact_limits: bool = True,
    switching: bool = False,
) -> str:
    """The figure in words for those who cannot see it: patients, events and survival at 1, 3 and 5 years.

    Survival is given where patients are still at risk, with its confidence interval. Without patients it says so.
    ``switching`` says that patients change their curve.
    """
    drawn = {curve.group: curve for curve in result.curves if curve.n > 0}
    if not drawn:
        return f"{say_empty()}."
    months = [12.0 * year for year in YEARS]
    read_years = _reader(exact_limits)
    sentences = [f"{'Simon–Makuch' if switching else 'Kaplan–Meier'} curves in months from {origin}."]
    for group in dict.fromkeys([*labels, *drawn]):
        if group in drawn:
            curve = drawn[group]
            n_risk = risk_table(curve, months).at_risk
            sentences.append(describe_curve(curve, labels.get(group, group), n_risk, read_years(curve)))
    return " ".join(sentences)


def describe_drawing(
    result: SurvivalResult, *, bands: bool = True, switching: bool = False, exact_limits: bool = True
) -> str:
    """What is particular to the drawing, for the line under the figure; the glossary says how all such curves are read."""
    parts = [say_bands(result.conf_level, result.conf_type, exact_limits=exact_limits)] if bands else []
    if switching:
        parts.append("Left: changed group, or follow-up ended; the number at risk may rise.")
    return " ".join((*parts, READING))


def _reader(exact_limits: bool) -> Callable[[SurvivalCurve], Sequence[Estimate]]:
    read = read_curve if exact_limits else survival_at
    return lambda curve: read(curve, [12.0 * year for year in YEARS])


def _lines(n_groups: int, switching: bool = False) -> Lines:
    if n_groups <= MOST_DETAILED_GROUPS:
        return SWITCHING_LINES if switching else LINES
    return SHORT_SWITCHING_LINES if switching else SHORT_LINES


def _shade_means(
    curves: Sequence[tuple[str, SurvivalCurve]], looks: Mapping[str, Style], until: float
) -> list[dict[str, Any]]:
    """The area between two curves, in the colour of the upper one, or that under each of another number of curves."""
    reaching = [(group, curve) for group, curve in curves if curve.time[-1] >= until or curve.estimate[-1] == 0]
    if len(curves) == 2 and len(reaching) == 2:
        (first, a), (second, b) = reaching
        grid = np.union1d(a.time, b.time)
        grid = np.concatenate(([0.0], grid[(grid > 0) & (grid < until)], [until]))
        one, other = _steps(a, grid), _steps(b, grid)
        areas = [(first, np.maximum(one, other), other), (second, np.maximum(one, other), one)]
        return [_area(grid, upper, lower, looks[group].colour, 0.22) for group, upper, lower in areas]
    traces = []
    for group, curve in reaching:
        grid = np.concatenate(([0.0], curve.time[(curve.time > 0) & (curve.time < until)], [until]))
        traces.append(_area(grid, _steps(curve, grid), np.zeros(len(grid)), looks[group].colour, 0.08))
    return traces


def _steps(curve: SurvivalCurve, grid: FloatArray) -> FloatArray:
    """The curve from each time of the grid on."""
    return np.append(1.0, curve.estimate)[np.searchsorted(curve.time, grid, side="right")]


def _area(grid: FloatArray, upper: FloatArray, lower: FloatArray, colour: str, opacity: float) -> dict[str, Any]:
    keep = np.unique(np.append(np.arange(len(grid))[thinned(grid, float(grid[-1]))], (0, len(grid) - 1)))
    edges = np.repeat(grid[keep], 2)[1:-1]
    top, bottom = np.repeat(upper[keep][:-1], 2), np.repeat(lower[keep][:-1], 2)
    return {
        "type": "scatter",
        "mode": "lines",
        "x": round_months(np.concatenate((edges, edges[::-1]))),
        "y": round_to(100 * np.concatenate((top, bottom[::-1]))),
        "fill": "toself",
        "fillcolor": to_translucent(colour, opacity),
        "line": {"width": 0},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _horizon_line(until: float) -> dict[str, Any]:
    return {
        "type": "line",
        "x0": until,
        "x1": until,
        "y0": 0,
        "y1": 100,
        "line": {"color": TEXT_COLOUR, "width": 1.2, "dash": "dash"},
        "opacity": 0.7,
        "label": {
            "text": f"{until:.3g} months",
            "textposition": "start",
            "textangle": 0,
            "xanchor": "right",
            "yanchor": "bottom",
            "font": {"size": 11, "color": TEXT_COLOUR},
        },
    }


def _landmark_line(month: float) -> dict[str, Any]:
    x, line = round(month, 3), {"color": AXIS_LINE, "width": 1.5, "dash": "dot"}
    return {"type": "line", "x0": x, "x1": x, "y0": 0, "y1": 100, "yref": "y", "line": line}


def _draw_overlay(overlay: Overlay, curve: SurvivalCurve, end: float) -> dict[str, Any]:
    inside = curve.time <= end
    x = np.concatenate(([begin_of(curve)], curve.time[inside]))
    y = np.concatenate(([1.0], curve.estimate[inside]))
    keep = thinned(x, end)
    return {
        "type": "scatter",
        "mode": "lines",
        "name": overlay.label,
        "x": round_months(x[keep]),
        "y": round_to(100 * y[keep]),
        "line": {"color": overlay.colour, "dash": "1px,6px", "width": 2, "shape": "hv"},
        "opacity": 1,
        "hoverinfo": "skip",
        "legendrank": 2000,
    }


def _censor_marks(curve: SurvivalCurve, style: Style, end: float) -> dict[str, Any]:
    at = (curve.n_censor > 0) & (curve.time <= end)
    if not at.any() or curve.n_censor.sum() > MOST_CENSOR_MARKS:
        return {}
    return {
        "type": "scatter",
        "mode": "markers",
        "x": round_months(curve.time[at]),
        "y": round_to(100 * curve.estimate[at]),
        "marker": {"symbol": "line-ns-open", "size": 7, "color": style.colour, "line": {"width": 1.3}},
        "hoverinfo": "skip",
        "legendgroup": curve.group,
        "showlegend": False,
        "cliponaxis": False,
    }
