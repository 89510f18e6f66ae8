"""Charts that can be edited where slides are shown: points and lines between two axes, from what a figure draws."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from typing import TYPE_CHECKING, Any

from analytics.exports.slides.drawing import Canvas, describe, to_emu
from analytics.exports.slides.dress import Box
from analytics.exports.slides.letters import clean
from analytics.figures.charted import ChartAxis, Rows, Series
from analytics.figures.theme import AXIS_LINE, DASHES, TEXT_COLOUR

if TYPE_CHECKING:
    from pptx.chart.data import XyChartData

THICKER = 1.25  # points of a line on a slide for a pixel of one in a figure
LIMIT_WIDTH = 1.0
GRID = "#D0D0D0"
SIDES = ("◀", "▶")
_C = "http://schemas.openxmlformats.org/drawingml/2006/chart"
_A = "http://schemas.openxmlformats.org/drawingml/2006/main"
# Of the dashes of groups, and of other lines, the nearest that a presentation knows.
_DASHES = dict(
    zip(DASHES, ("solid", "dash", "sysDash", "dashDot", "lgDash", "lgDashDotDot", "sysDot"), strict=True)
) | {
    "dot": "sysDot",
    "dash": "dash",
    "1px,6px": "sysDot",
    "4px,3px": "dash",
    "5px,4px": "dash",
}
_SYMBOLS = {
    "circle": "circle",
    "square": "square",
    "diamond": "diamond",
    "triangle-up": "triangle",
    "triangle-down": "triangle",
    "cross": "plus",
    "x": "x",
    "star": "star",
    "line-ns": "plus",
}
KEY_WIDTH = 0.55  # inches of the line before a name


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis as a chart has it: its ends lie on its ticks, which are ``step`` apart, times apart if ``base`` is not 0."""

    low: float
    high: float
    step: float
    base: int
    number_format: str

    def place(self, value: float) -> float:
        """Where a value lies, 0 to 1."""
        if self.base:
            return (math.log(value) - math.log(self.low)) / (math.log(self.high) - math.log(self.low))
        return (value - self.low) / (self.high - self.low)


def scale_of(axis: ChartAxis) -> Scale:
    """The scale of a chart for an axis of a figure."""
    if axis.is_log:
        octaves = math.log2(axis.high / axis.low)
        base = 2 if octaves <= 7.5 else 4 if octaves <= 14 else 10
        least, most = _below(math.log(axis.low, base)), _above(math.log(axis.high, base))
        return Scale(float(base) ** least, float(base) ** most, float(base), base, "General")
    gaps = Counter(round(after - tick, 9) for tick, after in zip(axis.ticks, axis.ticks[1:], strict=False))
    step = max(gaps, key=lambda gap: (gaps[gap], gap), default=(axis.high - axis.low) or 1.0)
    on = next(
        (t for t, after in zip(axis.ticks, axis.ticks[1:], strict=False) if round(after - t, 9) == step), axis.low
    )
    low = on + step * _below((axis.low - on) / step)
    high = on + step * _above((axis.high - on) / step)
    is_fine = axis.is_percent and round(100 * step, 6) % 1
    return Scale(round(low, 9), round(high, 9), step, 0, "0.0%" if is_fine else "0%" if axis.is_percent else "General")


def _below(value: float) -> int:
    """The whole number below, or the one above where that is nearly reached: a figure has some space beyond its ticks."""
    return math.floor(value + 0.12)


def _above(value: float) -> int:
    return math.ceil(value - 0.12)


def scale_of_time(axis: ChartAxis) -> Scale:
    """The scale of an axis of time, which ends where the figure ends."""
    scale = scale_of(axis)
    return scale if scale.base else replace(scale, high=round(axis.high, 6))


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a chart stands, and in it the area between its axes."""

    outer: Box
    inner: Box


def draw_points(
    canvas: Canvas,
    frame: Frame,
    series: Sequence[Series],
    x: tuple[Scale, str],
    y: tuple[Scale, str],
    size: float,
    said: str,
    *,
    keys: Sequence[int] = (),
    legend: Box | None = None,
    has_y: bool = True,
    labels: Sequence[tuple[float, float, str]] = (),
) -> Any:
    """A chart of points and lines with its data in a sheet of its own.

    Parameters
    ----------
    canvas, frame
        The slide, and where on it.
    series
        What is drawn, the first of them farthest behind.
    x, y
        The scales and titles of the axes; ``has_y`` False draws no vertical one.
    size
        The type in points.
    said
        The chart in words.
    keys, legend
        Which of the series have an entry in the legend, and where it stands.
    labels
        Texts in the area, centred on points.
    """
    from pptx.enum.chart import XL_CHART_TYPE
    from pptx.util import Pt

    series, keys = _spread(series, keys)
    data, longest = _data(), max(len(labels), *(len(each.x) for each in series), 0)
    for each in series:
        added = data.add_series(clean(each.name) or " ")
        points = list(zip(each.x, each.y, strict=True))
        if each is series[0]:
            # LibreOffice makes a table of as many rows as the first series has, and loses it for a longer one.
            points += points[-1:] * (longest - len(points))
        for at, height in points:
            added.add_data_point(float(at), None if height is None else float(height))
    if labels:
        added = data.add_series(" ")
        for at, height, _ in labels:
            added.add_data_point(float(at), float(height))
    shape = canvas.slide.shapes.add_chart(XL_CHART_TYPE.XY_SCATTER_LINES_NO_MARKERS, *to_emu(frame.outer), data)
    shape.name = "Chart"
    describe(shape, said)
    chart = shape.chart
    chart.has_title = False
    chart.font.size = Pt(size)
    chart.font.color.rgb = canvas.ink("#000000")
    for drawn, each in zip(chart.plots[0].series, series, strict=False):
        _format_series(canvas, drawn, each)
    if labels:
        _add_labels(canvas, list(chart.plots[0].series)[-1], [text for *_, text in labels], size)
    _format_axis(canvas, chart.category_axis, *x, has_lines=not has_y)
    _format_axis(canvas, chart.value_axis, *y, has_lines=has_y)
    if not has_y:
        chart.value_axis.visible = False
    _place(chart._chartSpace.chart.plotArea, frame.inner, frame.outer, is_inner=True)  # noqa: SLF001
    _key(canvas, chart, keys, len(series) + bool(labels), legend, frame.outer, size)
    return shape


def _spread(series: Sequence[Series], keys: Sequence[int]) -> tuple[list[Series], list[int]]:
    """The series with their intervals as lines before them, a gap between each and the next, and where the keys are then.

    Error bars would be shorter; LibreOffice draws none whose ends differ.
    """
    spread, moved = [], []
    for k, each in enumerate(series):
        if each.low:
            ends = zip(each.low, each.high, each.x, each.y, strict=True)
            points: list[tuple[float, float | None]] = []
            for low, high, x, y in ends:
                points += [(low, y), (high, y), (x, None)] if each.is_across else [(x, low), (x, high), (x, None)]
            name = f"{each.name}, limits" if each.name else "limits"
            xs, ys = tuple(x for x, _ in points), tuple(y for _, y in points)
            width = 2.0 if each.width > 1 else 1.4
            spread.append(Series(name, each.group, "interval", xs, ys, each.colour, width))
        if k in keys:
            moved.append(len(spread))
        spread.append(each)
    return spread, moved


def _data() -> XyChartData:
    """Data whose sheet takes text for text, never for a formula or an address."""
    from pptx.chart.data import XyChartData
    from pptx.chart.xlsx import XyWorkbookWriter
    from xlsxwriter import Workbook

    class Writer(XyWorkbookWriter):
        """Writes the sheet of a chart."""

        @property
        def xlsx_blob(self) -> bytes:
            """The workbook."""
            content = BytesIO()
            plain = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
            with Workbook(content, plain) as book:
                self._populate_worksheet(book, book.add_worksheet())
            return content.getvalue()

    class Data(XyChartData):
        """Points of a chart."""

        @property
        def _workbook_writer(self) -> Writer:
            return Writer(self)

    return Data(number_format="General")


def _format_series(canvas: Canvas, drawn: Any, each: Series) -> None:
    from pptx.enum.chart import XL_MARKER_STYLE
    from pptx.util import Pt

    drawn.smooth = False
    line = drawn.format.line
    if each.width and each.kind != "points":
        line.color.rgb = canvas.ink(each.colour)
        line.width = Pt(LIMIT_WIDTH if each.kind == "limit" else each.width * THICKER)
        dash = "sysDot" if each.kind == "limit" else _DASHES.get(each.dash, "dash")
        if dash != "solid":
            _set_dash(line, dash)
    else:
        line.fill.background()
    shown = [symbol for symbol in each.symbols if symbol]
    if not shown:
        drawn.marker.style = XL_MARKER_STYLE.NONE
        return
    # One symbol a series: the most frequent is the one that means something.
    symbol = Counter(shown).most_common(1)[0][0]
    _set_marker(canvas, drawn.marker, symbol, each)
    for k, own in enumerate(each.symbols):
        if own != symbol:
            marker = drawn.points[k].marker
            if own:
                _set_marker(canvas, marker, own, each)
            else:
                marker.style = XL_MARKER_STYLE.NONE


def _set_marker(canvas: Canvas, marker: Any, symbol: str, each: Series) -> None:
    from pptx.enum.chart import XL_MARKER_STYLE
    from pptx.util import Pt

    style = _SYMBOLS.get(symbol.removesuffix("-open"), "circle")
    marker.style = XL_MARKER_STYLE.from_xml(style)
    marker.size = min(max(round(each.size * 0.9), 5), 14)
    marker.format.line.color.rgb = canvas.ink(each.colour)
    marker.format.line.width = Pt(1.25)
    if style in ("plus", "x", "star"):
        marker.format.fill.background()
    else:
        marker.format.fill.solid()
        marker.format.fill.fore_color.rgb = canvas.ink(each.colour)


def _set_dash(line: Any, name: str) -> None:
    from pptx.enum.dml import MSO_LINE_DASH_STYLE

    line.dash_style = MSO_LINE_DASH_STYLE.from_xml(name)


def _add_labels(canvas: Canvas, drawn: Any, texts: Sequence[str], size: float) -> None:
    from pptx.enum.chart import XL_LABEL_POSITION, XL_MARKER_STYLE
    from pptx.util import Pt

    drawn.format.line.fill.background()
    drawn.marker.style = XL_MARKER_STYLE.NONE
    for k, text in enumerate(texts):
        label = drawn.points[k].data_label
        label.position = XL_LABEL_POSITION.CENTER
        run = label.text_frame.paragraphs[0].add_run()
        run.text = text
        run.font.size = Pt(size)
        run.font.color.rgb = canvas.ink(TEXT_COLOUR)


def _format_axis(canvas: Canvas, axis: Any, scale: Scale, title: str, *, has_lines: bool) -> None:
    from lxml import etree
    from pptx.enum.chart import XL_TICK_LABEL_POSITION, XL_TICK_MARK
    from pptx.util import Pt

    axis.minimum_scale, axis.maximum_scale = scale.low, scale.high
    axis.major_unit = scale.step
    axis.has_major_gridlines = has_lines
    axis.has_minor_gridlines = False
    axis.major_tick_mark, axis.minor_tick_mark = XL_TICK_MARK.OUTSIDE, XL_TICK_MARK.NONE
    axis.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    axis.tick_labels.number_format, axis.tick_labels.number_format_is_linked = scale.number_format, False
    axis.format.line.color.rgb = canvas.ink(AXIS_LINE)
    if has_lines:
        axis.major_gridlines.format.line.color.rgb = canvas.ink("#4A4A4A" if canvas.dress.is_dark else GRID)
        axis.major_gridlines.format.line.width = Pt(0.75)
    element = axis._element  # noqa: SLF001
    if scale.base:
        element.find(f"{{{_C}}}scaling").insert(0, etree.Element(f"{{{_C}}}logBase", val=str(scale.base)))
    crosses = element.find(f"{{{_C}}}crosses")
    if crosses is not None:
        crosses.set("val", "min")
    if title:
        axis.has_title = True
        frame = axis.axis_title.text_frame
        frame.text = clean(title)
        frame.paragraphs[0].runs[0].font.bold = False
    else:
        axis.has_title = False


def _place(element: Any, box: Box, outer: Box, *, is_inner: bool = False) -> None:
    """Place a part of a chart, which else is placed anew by whatever program shows it."""
    from lxml import etree

    for old in element.findall(f"{{{_C}}}layout"):
        element.remove(old)
    lengths = {
        "x": (box.x - outer.x) / outer.w,
        "y": (box.y - outer.y) / outer.h,
        "w": box.w / outer.w,
        "h": box.h / outer.h,
    }
    target = "<c:layoutTarget val='inner'/>" if is_inner else ""
    layout = etree.fromstring(
        f"<c:layout xmlns:c='{_C}'><c:manualLayout>{target}<c:xMode val='edge'/><c:yMode val='edge'/>"
        + "".join(f"<c:{name} val='{value:.5f}'/>" for name, value in lengths.items())
        + "</c:manualLayout></c:layout>"
    )
    before = element.findall(f"{{{_C}}}legendPos") + element.findall(f"{{{_C}}}legendEntry")
    if before:
        before[-1].addnext(layout)
    else:
        element.insert(0, layout)


def _key(canvas: Canvas, chart: Any, keys: Sequence[int], n: int, legend: Box | None, outer: Box, size: float) -> None:
    from lxml import etree
    from pptx.enum.chart import XL_LEGEND_POSITION
    from pptx.util import Pt

    chart.has_legend = bool(keys) and legend is not None
    if not chart.has_legend or legend is None:
        return
    chart.legend.position = XL_LEGEND_POSITION.TOP
    chart.legend.include_in_layout = False
    chart.legend.font.size = Pt(size)
    chart.legend.font.color.rgb = canvas.ink("#000000")
    element = chart.legend._element  # noqa: SLF001
    place = element.find(f"{{{_C}}}legendPos")
    for k in reversed([k for k in range(n) if k not in keys]):
        entry = etree.fromstring(f"<c:legendEntry xmlns:c='{_C}'><c:idx val='{k}'/><c:delete val='1'/></c:legendEntry>")
        place.addnext(entry)
    _place(element, legend, outer)


def series_of_rows(
    rows: Rows, heights: Sequence[float], scale: Scale
) -> tuple[list[Series], list[int], list[tuple[float, float, str]]]:
    """The marks of rows of these heights as series: those with an entry in the legend, and the signs of limits cut off.

    The vertical axis is in inches from the foot of the rows.
    """
    whole, top, cut = sum(heights), 0.0, []
    found: dict[tuple[str, str, str, bool], list[tuple[float, float, float, float]]] = {}
    for row, height in zip(rows.rows, heights, strict=True):
        for mark in row.marks:
            if mark.value is None:
                continue
            y = whole - top - height * mark.place
            low, high = mark.low or scale.low, scale.high if mark.high is None else mark.high
            if mark.low is None or scale.place(low) < 0:
                cut.append((_value_at(scale, 0.012), y, SIDES[0]))
            if mark.high is None or scale.place(high) > 1:
                cut.append((_value_at(scale, 0.988), y, SIDES[1]))
            if 0 <= scale.place(mark.value) <= 1:
                kind = (mark.key, mark.colour, mark.symbol, mark.is_thick)
                found.setdefault(kind, []).append((mark.value, y, low, high))
        top += height
    series = [
        Series(
            name=key,
            group=key,
            kind="points",
            x=tuple(p[0] for p in points),
            y=tuple(p[1] for p in points),
            colour=colour,
            width=2.0 if is_thick else 1.0,
            symbols=(symbol,) * len(points),
            size=10.0 if is_thick else 8.0,
            low=tuple(p[2] for p in points),
            high=tuple(p[3] for p in points),
            is_across=True,
        )
        for (key, colour, symbol, is_thick), points in found.items()
    ]
    guides = [
        Series("", "", "guide", (at, at), (0.0, whole), AXIS_LINE, 1.2, "solid" if not k else "dash")
        for k, at in enumerate(rows.guides)
        if 0 <= scale.place(at) <= 1
    ]
    keys = [len(guides) + k for k, each in enumerate(series) if each.name]
    return [*guides, *series], keys if len(keys) > 1 else [], cut


def _value_at(scale: Scale, place: float) -> float:
    if scale.base:
        return math.exp(math.log(scale.low) + place * (math.log(scale.high) - math.log(scale.low)))
    return scale.low + place * (scale.high - scale.low)


def list_keys(series: Sequence[Series]) -> list[int]:
    """Which series have an entry in the legend: of each name one, that with the thickest line."""
    best: dict[str, int] = {}
    for k, each in enumerate(series):
        if each.name and each.kind == "curve" and (each.name not in best or each.width > series[best[each.name]].width):
            best[each.name] = k
    return sorted(best.values())
