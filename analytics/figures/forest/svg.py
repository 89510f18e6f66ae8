"""A forest plot as a standalone SVG on white, 980 pixels wide, for slides and manuscripts."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from itertools import accumulate

from analytics.figures.forest.layout import (
    Forest,
    Mark,
    Row,
    words_of,
)
from analytics.figures.svg import BOLD, INK, LINE, MARGIN, SOFT, svg_document, svg_text, svg_title
from analytics.figures.theme import PALETTE

WIDTH = 980
ACCENT, WARNING, FAINT = PALETTE[0], "#b3261e", "#e3e7ec"
RULE = "#d5dae1"
SMALL = f' font-size="11" fill="{SOFT}"'
TONES = {"plain": "", "strong": BOLD, "soft": f' fill="{SOFT}" font-style="italic"', "warning": f' fill="{WARNING}"'}
INDENT = 14
BOLD_LETTER = 8  # pixels of a character of a heading


def draw_svg(forest: Forest, title: str, subtitle: str) -> str:
    """The forest with ``title`` and ``subtitle`` above it. Long labels are wrapped, never cut."""
    drawing = _Drawing(forest)
    drawing.parts, drawing.y = svg_title(title, subtitle, (100, 140))
    drawing.y += 8
    if any(forest.sections):
        drawing.add_head()
        top = drawing.y
        for rows in forest.sections:
            drawing.add_section(rows)
        drawing.add_axis(top)
    else:
        drawing.add_note(forest.nothing)
    for note in forest.notes:
        drawing.add_note(note)
    return svg_document(WIDTH, drawing.y, forest.name, forest.describe(), drawing.parts)


class _Drawing:
    """A growing SVG: each ``add_`` writes below what is there."""

    def __init__(self, forest: Forest) -> None:
        self.forest = forest
        *self.columns, self.left = accumulate((column.width for column in forest.columns), initial=MARGIN)
        self.is_sectioned = forest.kind == "models"
        self.y = float(MARGIN)
        self.parts: list[str] = []

    def x(self, place: float) -> float:
        """A place on the axis in pixels."""
        return round(self.left + place * (WIDTH - MARGIN - self.left), 2)

    def add_head(self) -> None:
        """The heads of the columns, the key to the marks, and a line under them."""
        columns = self.forest.columns
        texts = [(column.brief or f"{column.head} {column.aside}", BOLD) for column in columns]
        height = self.add_cells(texts, [column.room for column in columns])
        for number, name in enumerate(self.forest.keys):
            x = self.left + 20 + 112 * number
            self.add_mark(Mark(0, 0, 0, False, False, bool(number), name), (x - 12, x + 12), x, self.y + 11)
            self.parts.append(svg_text(x + 18, self.y + 15, name))
        self.y += height
        self.add_rule(self.y, INK)

    def add_section(self, rows: Sequence[Row]) -> None:
        """Rows that belong together, with a line under them or over each heading."""
        self.y += 4 if self.is_sectioned else 0
        for row in rows:
            if row.is_heading and not self.is_sectioned:
                self.add_rule(self.y, RULE)
            self.add_row(row)
            self.y -= 2 if row.is_heading and self.is_sectioned else 0
        if self.is_sectioned:
            self.y += 2
            self.add_rule(self.y, RULE)

    def add_row(self, row: Row) -> None:
        """A row of wrapped cells with its marks."""
        rooms = [column.room for column in self.forest.columns]
        indent = INDENT if "indented" in row.traits or (self.is_sectioned and not row.is_heading) else 0
        rooms[0] -= indent // 6
        if row.is_heading:
            # It runs on over the empty cells beside it.
            beside = next((i for i, cell in enumerate(row.cells) if i and cell.text), len(rooms) - 1)
            rooms[0] = max(rooms[0], (self.columns[beside] - self.columns[0]) // BOLD_LETTER - 1)
        texts = [(words_of(cell, row), TONES[cell.tone]) for cell in row.cells]
        height = self.add_cells(texts, rooms, indent)
        if "reference" in row.traits:
            one = self.x(self.forest.axis.place(1))
            self.parts.append(f'<circle cx="{one:g}" cy="{self.y + height / 2:g}" r="3" fill="{SOFT}"/>')
        for mark in row.marks:
            shift = 0.0 if len(row.marks) == 1 else (5.0 if mark.is_thick else -5.0)
            point = None if mark.point is None else self.x(mark.point)
            self.add_mark(mark, (self.x(mark.low), self.x(mark.high)), point, self.y + height / 2 + shift)
        self.y += height

    def add_cells(self, texts: Sequence[tuple[str, str]], rooms: Sequence[int], indent: int = 0) -> float:
        """Texts with their styles, each in its column, in lines of so many characters; gives the height of the row."""
        lines = [textwrap.wrap(text, room) for (text, _), room in zip(texts, rooms, strict=True)]
        for x, (_, style), parts in zip(self.columns, texts, lines, strict=True):
            for number, line in enumerate(parts):
                at = x + indent * (x == self.columns[0])
                self.parts.append(svg_text(at, self.y + 15 + number * LINE, line, style))
        return LINE * max(1, *map(len, lines)) + 8

    def add_mark(self, mark: Mark, ends: tuple[float, float], point: float | None, y: float) -> None:
        """The line, arrows and point of one ratio, in pixels."""
        (low, high), (colour, width) = ends, (ACCENT, 2.6) if mark.is_thick else (INK, 1)
        self.parts.append(
            f'<line x1="{low:g}" x2="{high:g}" y1="{y:g}" y2="{y:g}" stroke="{colour}" stroke-width="{width}"/>'
        )
        for shown, x, sign in ((mark.has_left_arrow, low, 1), (mark.has_right_arrow, high, -1)):
            if shown:
                self.parts.append(
                    f'<path d="M{x + 6 * sign:g},{y - 4:g}L{x:g},{y:g}L{x + 6 * sign:g},{y + 4:g}Z" fill="{colour}"/>'
                )
        if point is None:
            return
        if mark.is_thick or self.forest.kind == "comparisons":
            half = 4.5 if mark.is_thick else 3.5
            self.parts.append(
                f'<rect x="{point - half:g}" y="{y - half:g}" width="{2 * half:g}" height="{2 * half:g}" fill="{colour}"/>'
            )
        else:
            self.parts.append(
                f'<circle cx="{point:g}" cy="{y:g}" r="4" fill="#ffffff" stroke="{colour}" stroke-width="1.4"/>'
            )

    def add_rule(self, y: float, colour: str) -> None:
        """A horizontal line across the whole width."""
        self.parts.append(
            f'<line x1="{MARGIN}" x2="{WIDTH - MARGIN}" y1="{y:g}" y2="{y:g}" stroke="{colour}" stroke-width="0.8"/>'
        )

    def add_axis(self, top: float) -> None:
        """Ticks and grid lines from ``top`` down to here, and what lies to the left and to the right of 1."""
        axis, guide = self.forest.axis, self.forest.guide
        lines = []
        for tick in axis.ticks:
            lines.append(self.upright(axis.place(tick), top, f'stroke="{SOFT if tick == 1 else FAINT}"'))
            self.parts.append(svg_text(self.x(axis.place(tick)), self.y + 16, axis.label(tick), SMALL, "middle"))
        if guide is not None:
            lines.append(self.upright(axis.place(guide), top, f'stroke="{SOFT}" stroke-dasharray="3 4"'))
        # Grid lines belong behind everything drawn so far.
        self.parts[:0] = lines
        one, (lower, higher) = self.x(axis.place(1)), self.forest.sides
        self.parts += [
            svg_text(one - 8, self.y + 32, lower, SMALL, "end"),
            svg_text(one + 8, self.y + 32, higher, SMALL),
        ]
        self.y += 42

    def upright(self, place: float, top: float, stroke: str) -> str:
        """A line at a place of the axis, from ``top`` down to here."""
        x = self.x(place)
        return f'<line x1="{x}" x2="{x}" y1="{top:g}" y2="{self.y:g}" {stroke}/>'

    def add_note(self, text: str) -> None:
        """A note across the whole width."""
        for line in textwrap.wrap(text, 150):
            self.y += LINE
            self.parts.append(svg_text(MARGIN, self.y, line, f' font-size="11.5" fill="{SOFT}"'))
