"""What every forest plot is drawn from: the logarithmic axis, the marks of a ratio, their HTML and their SVG."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from analytics.figures.theme import PALETTE
from analytics.formats import ratio_text
from analytics.results import Estimate

ACCENT = PALETTE[0]


# Beyond these a ratio is drawn as an arrow: a wider axis would squeeze what can be read off it.
NARROWEST, WIDEST_ESTIMATE, WIDEST_LIMIT = 1, 6, 4


EDGE = 0.04


MOST_TICKS = 8


@dataclass(frozen=True, slots=True)
class Axis:
    """A logarithmic axis from 2**low to 2**high."""

    low: int
    high: int

    @property
    def ticks(self) -> tuple[float, ...]:
        """Powers of two, few enough to be labelled; 1 among them."""
        step = math.ceil((self.high - self.low + 1) / MOST_TICKS)
        return tuple(2.0**power for power in range(self.low, self.high + 1) if power % step == 0)

    @staticmethod
    def label(tick: float) -> str:
        """The tick in decimals, short enough not to touch its neighbour."""
        return f"{tick:g}" if tick >= 0.125 else f"{tick:.1g}"

    def place(self, ratio: float) -> float:
        """Where on the axis, 0 to 1; beyond the ends for ratios that leave it."""
        return EDGE + (1 - 2 * EDGE) * (math.log2(ratio) - self.low) / (self.high - self.low)


@dataclass(frozen=True, slots=True)
class Mark:
    """What is drawn for one ratio; places are 0 to 1 along the axis.

    ``point`` is None where the ratio lies beyond the axis; the arrows say that something is cut off there. ``text``
    says the ratio in words on hover.
    """

    point: float | None
    low: float
    high: float
    has_left_arrow: bool
    has_right_arrow: bool
    is_thick: bool
    text: str


def axis_around(ratios: Iterable[Estimate]) -> Axis:
    """The axis in whole powers of two around all estimates (up to 64) and most limits (up to 16)."""
    low, high = float(-NARROWEST), float(NARROWEST)
    for ratio in ratios:
        if ratio.value is None or ratio.value <= 0:
            continue
        place = math.log2(ratio.value)
        low = min(low, max(place, -WIDEST_ESTIMATE))
        high = max(high, min(place, WIDEST_ESTIMATE))
        interval = ratio.interval
        if interval is not None and interval.low is not None and interval.low > 0:
            low = min(low, max(math.log2(interval.low), -WIDEST_LIMIT))
        if interval is not None and interval.high is not None and interval.high > 0:
            high = max(high, min(math.log2(interval.high), WIDEST_LIMIT))
    return Axis(math.floor(low + 1e-9), math.ceil(high - 1e-9))


def mark_of(ratio: Estimate | None, axis: Axis, *, is_thick: bool, name: str = "") -> Mark | None:
    """The drawing of one ratio, or None where there is nothing to draw (not estimable). ``name`` starts its text."""
    if ratio is None or ratio.value is None or ratio.value <= 0:
        return None
    interval = ratio.interval
    place = axis.place(ratio.value)
    first, last = EDGE / 2, 1 - EDGE / 2
    low = high = place
    if interval is not None:
        low = axis.place(interval.low) if interval.low is not None and interval.low > 0 else -math.inf
        high = axis.place(interval.high) if interval.high is not None and interval.high > 0 else math.inf
    return Mark(
        point=place if first <= place <= last else None,
        low=min(max(low, first), last),
        high=max(min(high, last), first),
        has_left_arrow=low < first,
        has_right_arrow=high > last,
        is_thick=is_thick,
        text=f"{name}: {ratio_text(ratio)}" if name else ratio_text(ratio),
    )


# --- HTML ------------------------------------------------------------------------------------------------------------


def percent(place: float) -> str:
    """A place on the axis as a length."""
    return f"{100 * place:.2f}%"


def html_grid(axis: Axis, guide: float | None = None) -> str:
    """Vertical lines as a background, so that they run through rows of any height; ``guide`` is a broken one."""
    lines = []
    if guide is not None:
        broken = "repeating-linear-gradient(var(--forest-line) 0 3px,transparent 3px 7px)"
        lines.append(f"{broken} {percent(axis.place(guide))} 0/1px 100% no-repeat")
    for tick in sorted(axis.ticks, key=lambda tick: tick != 1):
        colour = "var(--forest-line)" if tick == 1 else "var(--forest-faint)"
        lines.append(f"linear-gradient({colour},{colour}) {percent(axis.place(tick))} 0/1px 100% no-repeat")
    return ",".join(lines)


def html_ratio(text: str, *, has_value: bool) -> str:
    """The text of a ratio in its cell: the estimate stands out, a reason stands back."""
    if not has_value:
        return f'<span class="forest-muted">{escape(text)}</span>'
    value, _, limits = text.partition(" ")
    return f'<b>{escape(value)}</b> <span class="forest-limits">{escape(limits)}</span>'


def html_lines(kind: str, low: float, high: float, top: int) -> str:
    """The line of an interval, ``kind`` "thin" or "thick", at ``top`` per cent of the row."""
    return f'<i class="forest-{kind}" style="left:{percent(low)};right:{percent(1 - high)};top:{top}%"></i>'


def html_point(kind: str, place: float, top: int) -> str:
    """The point of an estimate."""
    return f'<i class="forest-{kind}-point" style="left:{percent(place)};top:{top}%"></i>'


def html_marks(drawn: Sequence[Mark | None]) -> str:
    """The marks of a row in elements placed by percentages: an inline SVG would not outlast the cleaning of HTML."""
    marks = [mark for mark in drawn if mark]
    if not marks:
        return ""
    parts = []
    for mark in marks:
        kind = "thick" if mark.is_thick else "thin"
        top = 50 if len(marks) == 1 else (71 if mark.is_thick else 29)
        parts.append(f'<span title="{escape(mark.text)}">{html_lines(kind, mark.low, mark.high, top)}')
        for shown, place, side in ((mark.has_left_arrow, mark.low, "left"), (mark.has_right_arrow, mark.high, "right")):
            if shown:
                parts.append(f'<i class="forest-{kind}-{side}" style="left:{percent(place)};top:{top}%"></i>')
        if mark.point is not None:
            parts.append(html_point(kind, mark.point, top))
        parts.append("</span>")
    return f'<div class="forest-marks">{"".join(parts)}</div>'


def html_axis(axis: Axis, n_columns: int, sides: tuple[str, str]) -> str:
    """The row under the table: ticks, and what it means to lie to the left and to the right of 1."""
    ticks = "".join(
        f'<span class="forest-tick" style="left:{percent(axis.place(tick))}">{axis.label(tick)}</span>'
        for tick in axis.ticks
    )
    one, (lower, higher) = axis.place(1), map(escape, sides)
    return (
        f'<tr class="forest-axis"><td colspan="{n_columns}"></td><td class="forest-forest"><div class="forest-marks">'
        f'{ticks}<span class="forest-lower" style="right:{percent(1 - one)}">{lower}</span>'
        f'<span class="forest-higher" style="left:{percent(one)}">{higher}</span></div></td></tr>'
    )


# --- SVG -------------------------------------------------------------------------------------------------------------

WIDTH, MARGIN = 980, 24


LINE = 16


INK, SOFT = "#1b2330", "#5a6472"


BOLD = ' font-weight="600"'


class Drawing:
    """A growing SVG on white, 980 pixels wide: each ``add_`` writes below what is there.

    ``columns`` says where each column of text begins and ``room`` how many characters it holds at 12.5 px in the widest
    of the usual system fonts; the drawing itself begins at ``left``. The first column is the one that is indented. Thin
    marks have open round points, or filled square ones where ``has_open_points`` is set to False.
    """

    def __init__(self, axis: Axis, columns: Mapping[str, int], room: Mapping[str, int], left: int) -> None:
        self.axis = axis
        self.columns = columns
        self.room = room
        self.left = left
        self.has_open_points = True
        self.y = float(MARGIN)
        self.parts: list[str] = []

    def text(self, x: float, y: float, text: str, style: str = "", anchor: str = "start") -> None:
        """One line of text at a place."""
        self.parts.append(f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}"{style}>{escape(text)}</text>')

    def place(self, place: float) -> float:
        """A place on the axis in pixels."""
        return round(self.left + place * (WIDTH - MARGIN - self.left), 2)

    def cells(self, texts: Mapping[str, tuple[str, str]], indent: int = 0) -> float:
        """One row of wrapped cells (text and style by column); gives its height."""
        first = next(iter(self.columns))
        lines = {
            name: textwrap.wrap(text, self.room[name] - (indent // 6 if name == first else 0))
            for name, (text, _) in texts.items()
        }
        for name, (_, style) in texts.items():
            x = self.columns[name] + (indent if name == first else 0)
            for number, line in enumerate(lines[name]):
                self.text(x, self.y + 15 + number * LINE, line, style)
        return LINE * max(1, *(len(parts) for parts in lines.values())) + 8

    def add_title(self, title: str, subtitle: str) -> None:
        """The title and a line under it."""
        for text, width, style, step in (
            (title, 100, f' font-size="18"{BOLD}', 24),
            (subtitle, 140, f' fill="{SOFT}"', 17),
        ):
            for line in textwrap.wrap(text, width):
                self.y += step
                self.text(MARGIN, self.y - 6, line, style)
        self.y += 8

    def add_axis(self, top: float, sides: tuple[str, str], guide: float | None = None) -> None:
        """Ticks and grid lines from ``top`` down to here, and what lies to the left and to the right of 1."""
        lines = []
        for tick in self.axis.ticks:
            x = self.place(self.axis.place(tick))
            colour = SOFT if tick == 1 else "#e3e7ec"
            lines.append(f'<line x1="{x}" x2="{x}" y1="{top:g}" y2="{self.y:g}" stroke="{colour}"/>')
            self.text(x, self.y + 16, self.axis.label(tick), f' font-size="11" fill="{SOFT}"', "middle")
        if guide is not None:
            x = self.place(self.axis.place(guide))
            dash = f'stroke="{SOFT}" stroke-dasharray="3 4"'
            lines.append(f'<line x1="{x}" x2="{x}" y1="{top:g}" y2="{self.y:g}" {dash}/>')
        # Grid lines belong behind everything drawn so far.
        self.parts[:0] = lines
        one = self.place(self.axis.place(1))
        small = f' font-size="11" fill="{SOFT}"'
        self.text(one - 8, self.y + 32, sides[0], small, "end")
        self.text(one + 8, self.y + 32, sides[1], small)
        self.y += 42

    def add_paragraph(self, text: str) -> None:
        """A note across the whole width."""
        for line in textwrap.wrap(text, 150):
            self.y += 16
            self.text(MARGIN, self.y, line, f' font-size="11.5" fill="{SOFT}"')

    def rule(self, y: float, colour: str) -> None:
        """A horizontal line across the whole width."""
        self.parts.append(
            f'<line x1="{MARGIN}" x2="{WIDTH - MARGIN}" y1="{y:g}" y2="{y:g}" stroke="{colour}" stroke-width="0.8"/>'
        )

    def add_marks(self, drawn: Sequence[Mark | None], height: float) -> None:
        """The marks of a row of that height, which begins here; two lie one above the other."""
        marks = [mark for mark in drawn if mark]
        for mark in marks:
            shift = 0.0 if len(marks) == 1 else (5.0 if mark.is_thick else -5.0)
            self.mark(
                self.place(mark.low),
                self.place(mark.high),
                None if mark.point is None else self.place(mark.point),
                self.y + height / 2 + shift,
                is_thick=mark.is_thick,
                has_left=mark.has_left_arrow,
                has_right=mark.has_right_arrow,
            )

    def mark(
        self,
        low: float,
        high: float,
        point: float | None,
        y: float,
        *,
        is_thick: bool,
        has_left: bool = False,
        has_right: bool = False,
    ) -> None:
        """The line, arrows and point of one ratio, in pixels."""
        colour, width = (ACCENT, 2.6) if is_thick else (INK, 1)
        self.parts.append(
            f'<line x1="{low:g}" x2="{high:g}" y1="{y:g}" y2="{y:g}" stroke="{colour}" stroke-width="{width}"/>'
        )
        for shown, x, sign in ((has_left, low, 1), (has_right, high, -1)):
            if shown:
                self.parts.append(
                    f'<path d="M{x + 6 * sign:g},{y - 4:g}L{x:g},{y:g}L{x + 6 * sign:g},{y + 4:g}Z" fill="{colour}"/>'
                )
        if point is None:
            return
        if is_thick:
            self.parts.append(f'<rect x="{point - 4.5:g}" y="{y - 4.5:g}" width="9" height="9" fill="{colour}"/>')
        elif not self.has_open_points:
            self.parts.append(f'<rect x="{point - 3.5:g}" y="{y - 3.5:g}" width="7" height="7" fill="{colour}"/>')
        else:
            self.parts.append(
                f'<circle cx="{point:g}" cy="{y:g}" r="4" fill="#ffffff" stroke="{colour}" stroke-width="1.4"/>'
            )

    def to_svg(self, name: str, description: str) -> str:
        """The drawing with its name and its description in words."""
        height = math.ceil(self.y + MARGIN)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
            f'viewBox="0 0 {WIDTH} {height}" role="img" fill="{INK}" font-size="12.5" '
            "font-family=\"system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif\">"
            f"<title>{escape(name)}</title><desc>{escape(description)}</desc>"
            f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>{"".join(self.parts)}</svg>'
        )
