"""A figure as series, axes and counts in plain values, for media that draw it with the means of another program.

Nothing is computed anew: what is read is what the figure draws, in its order, colours and line styles.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from typing import Any, Literal

from analytics.figures.forest.layout import EDGE, Axis, Forest, Mark, Row, words_of
from analytics.figures.theme import AXIS_LINE, PALETTE, TEXT_COLOUR, Figure

Kind = Literal["curve", "limit", "points", "interval", "guide"]
TABLE = "y2"  # the axis of the counts under curves
_TAG, _BREAK, _CHIP = re.compile(r"<[^>]+>"), re.compile(r"<br\s*/?>"), re.compile(r"#[0-9A-Fa-f]{6}")
_RGB = re.compile(r"rgba?\(\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
UNITS = (1.0, 1 / 12, 100.0)  # of labels, against the data: months, years of months, per cent of probabilities
To = Callable[[Any], float]


@dataclass(frozen=True, slots=True)
class Series:
    """Points in their order, joined by a line where ``width`` is not 0, with marks where ``symbols`` are not empty.

    A line has a gap where ``y`` is None.

    ``group`` tells which belong together, ``kind`` what they are. ``low`` and ``high`` are the ends of intervals through the
    points, along x where ``is_across``; empty where there are none. Colours are #RRGGBB; lengths, those of dashes included,
    are pixels of the figure.
    """

    name: str
    group: str
    kind: Kind
    x: tuple[float, ...]
    y: tuple[float | None, ...]
    colour: str
    width: float = 0.0
    dash: str = "solid"
    symbols: tuple[str, ...] = ()
    size: float = 7.0
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    is_across: bool = False


@dataclass(frozen=True, slots=True)
class ChartAxis:
    """An axis from ``low`` to ``high`` with its ticks and what stands at them; in per cent, probabilities are 0 to 1."""

    title: str
    low: float
    high: float
    ticks: tuple[float, ...]
    labels: tuple[str, ...]
    is_log: bool = False
    is_percent: bool = False


@dataclass(frozen=True, slots=True)
class Counts:
    """The table under curves: per group its name, colour and rows of a title and a count for each of ``ticks``."""

    ticks: tuple[float, ...]
    heads: tuple[str, ...]
    blocks: tuple[tuple[str, str, tuple[tuple[str, tuple[str, ...]], ...]], ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """Points and lines between two axes; ``notes`` are what the figure says in its free space, or of groups it cannot draw."""

    series: tuple[Series, ...]
    x: ChartAxis
    y: ChartAxis
    counts: Counts | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RowMark:
    """What stands in a row of ``Rows``: a value with its limits, None where there is no such end.

    ``key`` names its kind, ``place`` is where in the row it stands, 0 at its top to 1.
    """

    value: float | None
    low: float | None
    high: float | None
    colour: str
    symbol: str = "square"
    key: str = ""
    place: float = 0.5
    is_thick: bool = False


@dataclass(frozen=True, slots=True)
class ChartRow:
    """A row: its cells, as many as heads, and its marks."""

    cells: tuple[str, ...]
    marks: tuple[RowMark, ...] = ()
    is_heading: bool = False
    is_indented: bool = False


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of text with marks on a common axis: forests, and points beside names.

    ``heads`` are those of the columns of text. ``sides`` say what lies to the left and to the right, or are empty;
    ``guides`` are places of vertical lines, of which the first stands for no difference.
    """

    heads: tuple[str, ...]
    rows: tuple[ChartRow, ...]
    axis: ChartAxis
    sides: tuple[str, str] = ("", "")
    guides: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()


def read_figure(figure: Figure) -> Chart | Rows | None:
    """The figure in plain values; None where it has several panels, areas or bars, or nothing but a sentence."""
    drawn = figure.to_plotly_json()
    traces, layout = drawn["data"], drawn["layout"]
    is_plain = all(t.get("type") == "scatter" and not t.get("stackgroup") and not t.get("xaxis") for t in traces)
    if not traces or not is_plain or "xaxis3" in layout or "tickvals" not in layout.get("xaxis", {}):
        return None
    if layout["yaxis"].get("visible") is False:
        return _read_rows(traces, layout)
    return _read_chart(traces, layout)


def _read_chart(traces: Sequence[Mapping[str, Any]], layout: Mapping[str, Any]) -> Chart | None:
    if "tickvals" not in layout["yaxis"]:
        return None
    (x, across), (y, up) = _read_axis(layout["xaxis"]), _read_axis(layout["yaxis"])
    names = {t["legendgroup"]: plain(t["name"]) for t in traces if t.get("legendgroup") and t.get("name")}
    series: list[Series] = []
    notes = [plain(n["text"]) for n in layout.get("annotations", ()) if n.get("xref") == n.get("yref") == "paper"]
    for trace in traces:
        if trace.get("mode") in ("none", "text") or trace.get("yaxis", "y") != "y":
            continue
        found = list(_read_trace(trace, names, across, up))
        if not found and trace.get("name"):
            notes.append(plain(trace["name"]))
        series += found
    if not series:
        return None
    series += _read_lines(layout.get("shapes", ()), x, y, across, up)
    return Chart(tuple(series), x, y, _read_counts(traces, layout, across), tuple(filter(None, notes)))


def _read_axis(axis: Mapping[str, Any]) -> tuple[ChartAxis, To]:
    """The axis in the unit of its labels, and what brings its data into that unit."""
    labels = [plain(text) for text in axis["ticktext"]]
    ticks = [float(tick) for tick in axis["tickvals"]]
    said = {tick: value for tick, label in zip(ticks, labels, strict=True) if (value := _to_number(label)) is not None}
    is_percent = any("%" in label for label in labels)
    is_log = axis.get("type") == "log"
    to: To = float
    if said and not is_log and all(value > 0 and abs(math.log(value) - tick) < 0.01 for tick, value in said.items()):
        is_log, to = True, math.exp  # drawn as logarithms, labelled as what they are of
    elif not is_log:
        # A tick that was added may be labelled with fewer digits than it has: the others tell the unit.
        scales = [value / tick for tick, value in said.items() if tick]
        unit = next((u for u in UNITS if scales and abs(sorted(scales)[len(scales) // 2] - u) < 0.01 * u), 1.0)
        unit = unit / 100 if is_percent else unit
        to = float if unit == 1 else lambda value: round(unit * float(value), 8)
    is_power = axis.get("type") == "log"
    low, high = (10.0 ** float(end) if is_power else to(end) for end in axis["range"])
    title = plain((axis.get("title") or {}).get("text", ""))
    return ChartAxis(title, low, high, tuple(map(to, ticks)), tuple(labels), is_log, is_percent), to


def _to_number(label: str) -> float | None:
    found = _NUMBER.match(label.replace("−", "-").replace("\u202f", "").replace(",", ""))
    return float(found[0]) if found else None


def _read_trace(trace: Mapping[str, Any], names: Mapping[str, str], across: To, up: To) -> Iterator[Series]:
    group = trace.get("legendgroup") or ""
    name = plain(trace.get("name") or "") or names.get(group, "")
    line, marker, mode = trace.get("line") or {}, trace.get("marker") or {}, trace["mode"]
    if trace.get("fill") == "toself":
        # An area between two curves belongs to no group and has no line of its own: there is nothing to join.
        yield from _read_band(trace, group, name, across, up) if group else ()
        return
    for points in _split(trace):
        x, y = [across(at) for at, _ in points], [up(at) for _, at in points]
        if "lines" in mode and line.get("shape") == "hv":
            x, y = _to_steps(x, y)
        symbols = _repeat(marker.get("symbol", "circle"), len(points)) if "markers" in mode else ()
        if symbols and isinstance(marker.get("size"), list | tuple):
            symbols = tuple(s if size else "" for s, size in zip(symbols, marker["size"], strict=True))
        intervals, is_across = _read_intervals(trace, x, y, across, up)
        yield Series(
            name=name,
            group=group,
            kind="curve" if "lines" in mode else "points",
            x=tuple(x),
            y=tuple(y),
            colour=to_hex(line.get("color") or marker.get("color") or TEXT_COLOUR),
            width=float(line.get("width", 2)) if "lines" in mode else 0.0,
            dash=line.get("dash", "solid"),
            symbols=symbols,
            size=float(_largest(marker.get("size", 7))),
            low=intervals[0],
            high=intervals[1],
            is_across=is_across,
        )


def _read_band(trace: Mapping[str, Any], group: str, name: str, across: To, up: To) -> Iterator[Series]:
    """The two edges of each stretch of a band: its outline goes along the upper one, and back along the lower."""
    colour = to_hex(trace["fillcolor"])
    for points in _split(trace):
        half = len(points) // 2
        for edge, side in ((points[:half], "upper limit"), (points[half:][::-1], "lower limit")):
            x, y = tuple(across(at) for at, _ in edge), tuple(up(at) for _, at in edge)
            yield Series(f"{name}, {side}" if name else side, group, "limit", x, y, colour, 1.0)


def _read_intervals(
    trace: Mapping[str, Any], x: Sequence[float], y: Sequence[float], across: To, up: To
) -> tuple[tuple[tuple[float, ...], tuple[float, ...]], bool]:
    for key, values, to, is_across in (("error_x", x, across, True), ("error_y", y, up, False)):
        error = trace.get(key)
        if error and error.get("array") is not None:
            above = [to(by or 0) for by in error["array"]]
            below = error.get("arrayminus")
            lower = above if below is None else [to(by or 0) for by in below]
            low = tuple(v - by for v, by in zip(values, lower, strict=True))
            return (low, tuple(v + by for v, by in zip(values, above, strict=True))), is_across
    return ((), ()), False


def _read_lines(
    shapes: Sequence[Mapping[str, Any]], x: ChartAxis, y: ChartAxis, across: To, up: To
) -> Iterator[Series]:
    """Lines across the figure: a landmark, a horizon, no difference."""
    for shape in shapes:
        if shape["type"] != "line":
            continue
        ends_x = (x.low, x.high) if shape.get("xref") == "paper" else (across(shape["x0"]), across(shape["x1"]))
        ends_y = (y.low, y.high) if shape.get("yref") == "paper" else (up(shape["y0"]), up(shape["y1"]))
        line = shape.get("line") or {}
        name = plain((shape.get("label") or {}).get("text", ""))
        yield Series(
            name, "", "guide", ends_x, ends_y, to_hex(line.get("color", AXIS_LINE)), 1.5, line.get("dash", "solid")
        )


def _read_counts(traces: Sequence[Mapping[str, Any]], layout: Mapping[str, Any], across: To) -> Counts | None:
    table = next((t for t in traces if t.get("yaxis") == TABLE and t.get("mode") == "text"), None)
    heads = [n for n in layout.get("annotations", ()) if n.get("yref") == TABLE]
    if table is None or not heads:
        return None
    n_ticks = len(table["x"]) // len(heads)
    ticks = [across(tick) for tick in table["x"][:n_ticks]]
    named = dict(zip(map(float, layout["xaxis"]["tickvals"]), layout["xaxis"]["ticktext"], strict=True))
    labels = [plain(named.get(float(tick), f"{tick:g}")) for tick in table["x"][:n_ticks]]
    blocks = []
    for i, head in enumerate(heads):
        name, *titles = map(plain, _BREAK.split(head["text"]))
        columns = [_BREAK.split(text)[1:] for text in table["text"][i * n_ticks : (i + 1) * n_ticks]]
        rows = tuple((title, tuple(plain(column[k]) for column in columns)) for k, title in enumerate(titles))
        blocks.append((name, _chip_colour(head["text"]), rows))
    return Counts(tuple(ticks), tuple(labels), tuple(blocks))


def _read_rows(traces: Sequence[Mapping[str, Any]], layout: Mapping[str, Any]) -> Rows | None:
    """Points beside names: each is of the name that stands at its height, or last above it."""
    axis, across = _read_axis(layout["xaxis"])
    notes = layout.get("annotations", ())
    texts = sorted((n for n in notes if n.get("yref") == "y" and n.get("xref") == "paper"), key=lambda n: n["y"])
    sides = [n for n in notes if n.get("xref") == n.get("yref") == "paper"]
    names = [n for n in texts if n.get("xanchor") == "left" and n["x"] == 0]
    if not names or not traces:
        return None
    heights = [float(n["y"]) for n in names]
    marks: list[list[RowMark]] = [[] for _ in names]
    beside: list[list[str]] = [[] for _ in names]
    for note in texts:
        if note not in names:
            beside[_row_at(heights, float(note["y"]))].append(plain(note["text"], " · "))
    for series in (
        found for trace in traces if "markers" in trace["mode"] for found in _read_trace(trace, {}, across, float)
    ):
        joined = _joined_limits(series, traces, across)
        for k, (value, height) in enumerate(zip(series.x, series.y, strict=True)):
            y = height or 0.0
            row = _row_at(heights, y)
            low, high = (series.low[k], series.high[k]) if series.low else joined.get(y, (value, value))
            place = 0.5 + (y - heights[row]) / 40.0
            marks[row].append(
                RowMark(value, low, high, series.colour, series.symbols[k], series.name, min(max(place, 0.2), 0.8))
            )
    shapes = [s for s in layout.get("shapes", ()) if s["type"] == "line" and s["x0"] == s["x1"]]
    guides = tuple(across(s["x0"]) for s in shapes)
    if axis.low < 0 < axis.high:
        guides = (0.0, *(g for g in guides if g))
    has_beside = any(beside)
    rows = tuple(
        ChartRow(
            cells=(plain(n["text"], " "), *([" · ".join(beside[i])] if has_beside else [])),
            marks=tuple(marks[i]),
            is_heading="<b>" in n["text"] and not marks[i],
        )
        for i, n in enumerate(names)
    )
    ends = tuple(plain(n["text"]) for n in sorted(sides, key=lambda n: n["x"]))
    return Rows(
        ("", "") if has_beside else ("",), rows, axis, (ends[0], ends[1]) if len(ends) == 2 else ("", ""), guides
    )


def read_forest(forest: Forest) -> Rows | None:
    """The forest in plain values; None where it has no rows."""
    if not any(forest.sections):
        return None
    heads = tuple(column.brief or f"{column.head} {column.aside}".strip() for column in forest.columns)
    ticks = forest.axis.ticks
    low, high = forest.axis.value(EDGE), forest.axis.value(1 - EDGE)
    labels, is_log = tuple(map(forest.axis.label, ticks)), forest.axis.is_log
    axis = ChartAxis("", low, high, ticks, labels, is_log, not is_log)
    rows = tuple(
        ChartRow(
            cells=tuple(words_of(cell, row) for cell in row.cells),
            marks=tuple(_read_marks(row, forest)),
            is_heading=row.is_heading,
            is_indented="indented" in row.traits or (forest.kind == "models" and not row.is_heading),
        )
        for section in forest.sections
        for row in section
    )
    guides = tuple(at for at in (1.0 if is_log else None, forest.guide) if at is not None)
    return Rows(heads, rows, axis, forest.sides, guides, forest.notes)


def _read_marks(row: Row, forest: Forest) -> Iterator[RowMark]:
    if "reference" in row.traits:
        yield RowMark(1.0, 1.0, 1.0, AXIS_LINE, "circle")
    for mark in row.marks:
        place = 0.5 if len(row.marks) == 1 else 0.7 if mark.is_thick else 0.3
        yield RowMark(*_numbers(mark, forest.axis), *_look(mark, forest), place, mark.is_thick)


def _numbers(mark: Mark, axis: Axis) -> tuple[float | None, float | None, float | None]:
    """The value of a mark with its limits: those of its ratio, or what is drawn."""
    ratio = mark.ratio
    if ratio is None or ratio.value is None:
        low = None if mark.has_left_arrow else axis.value(mark.low)
        return None if mark.point is None else axis.value(mark.point), low, axis.value(mark.high)
    interval = ratio.interval
    return (
        (ratio.value, ratio.value, ratio.value)
        if interval is None
        else (ratio.value, interval.low or None, interval.high)
    )


def _look(mark: Mark, forest: Forest) -> tuple[str, str, str]:
    """The colour and symbol of a mark, and the name of its kind."""
    key = dict(zip((False, True), forest.keys, strict=False)).get(mark.is_thick, "")
    if mark.is_thick:
        return PALETTE[0], "square", key
    return TEXT_COLOUR, "square" if forest.kind == "comparisons" else "circle-open", key


def _row_at(heights: Sequence[float], y: float) -> int:
    return min(range(len(heights)), key=lambda i: abs(heights[i] - y) + (0 if heights[i] <= y + 12 else 12))


def _joined_limits(series: Series, traces: Sequence[Mapping[str, Any]], across: To) -> dict[float, tuple[float, float]]:
    """Level lines of the colour of the points: intervals that are drawn as lines of their own."""
    found = {}
    for trace in traces:
        is_level = trace["mode"] == "lines" and len(trace["x"]) == 2 and trace["y"][0] == trace["y"][1]
        if is_level and to_hex(trace["line"]["color"]) == series.colour:
            low, high = (across(end) for end in trace["x"])
            found[float(trace["y"][0])] = (min(low, high), max(low, high))
    return found


def _chip_colour(text: str) -> str:
    found = _CHIP.search(text)
    return found[0] if found else TEXT_COLOUR


def plain(text: str, line_end: str = " ") -> str:
    """The text of HTML as a figure has it, without marks and the chips of colour before names."""
    whole = _BREAK.sub(line_end, text)
    return unescape(_TAG.sub("", whole)).replace("■", "").strip(" \u00a0")


def to_hex(colour: str) -> str:
    """A colour as #RRGGBB, without its opacity."""
    found = _RGB.match(colour)
    return "#" + "".join(f"{int(part):02X}" for part in found.groups()) if found else colour


def _split(trace: Mapping[str, Any]) -> Iterator[list[tuple[float, float]]]:
    """The points of each stretch between gaps."""
    stretch: list[tuple[float, float]] = []
    for x, y in zip(trace["x"], trace["y"], strict=True):
        if x is None or y is None or math.isnan(x) or math.isnan(y):
            if stretch:
                yield stretch
            stretch = []
        else:
            stretch.append((float(x), float(y)))
    if stretch:
        yield stretch


def _to_steps(x: Sequence[float], y: Sequence[float]) -> tuple[list[float], list[float]]:
    """The corners of steps that hold each value until the next."""
    wide, high = [x[0]], [y[0]]
    for i in range(1, len(x)):
        wide += [x[i]] if y[i] == y[i - 1] else [x[i], x[i]]
        high += [y[i]] if y[i] == y[i - 1] else [y[i - 1], y[i]]
    return wide, high


def _repeat(value: Any, n: int) -> tuple[str, ...]:
    return tuple(value) if isinstance(value, list | tuple) else (value,) * n


def _largest(size: Any) -> float:
    return max(size) if isinstance(size, list | tuple) else size
