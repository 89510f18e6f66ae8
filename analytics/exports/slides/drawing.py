"""What is written on slides: text, tables whose rows are measured beforehand, and what says it to those who do not see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from analytics.exports.slides.dress import EMU, Box, Dress
from analytics.exports.slides.letters import Face, clean
from analytics.figures.theme import IN_THE_DARK, TEXT_COLOUR

if TYPE_CHECKING:
    from pptx.slide import Slide

WARNING, CAUTION = "#B3261E", "#B26A00"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_PLAIN_TABLE = "{2D5ABB26-0587-4C30-8999-92F81FD0307C}"  # without a style, without a grid
PAD_X, PAD_Y = 0.06, 0.03  # inches between the edge of a cell and its text
PROSE_PAD_Y = 0.05
INDENT = 0.16
MOST_LINES = 12  # of a cell
LONGEST_LINK = 2000  # characters that a presentation takes for an address
LONGEST_SAID = 4000  # characters of what is said in the place of a picture


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph in one type. ``link`` is where ``linked``, at its end, leads; ``chip`` is a colour shown before it."""

    text: str
    size: float
    bold: bool = False
    colour: str = ""
    link: str = ""
    linked: str = ""
    chip: str = ""


@dataclass(frozen=True, slots=True)
class Grid:
    """A table laid out: the widths of its columns and the heights of its rows in inches, the head among them.

    ``bold`` are the rows that head others, ``indented`` those that belong to one.
    """

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...]
    heights: tuple[float, ...]
    size: float
    bold: frozenset[int] = frozenset()
    indented: frozenset[int] = frozenset()
    is_prose: bool = False
    chips: tuple[str, ...] = ()
    pad: float = PAD_X
    pad_y: float = PAD_Y
    is_centred: bool = False

    @property
    def height(self) -> float:
        """Of the whole table."""
        return sum(self.heights)

    def rows_from(self, first: int, room: float) -> int:
        """How many rows from one on stand in so much room, the head included; at least one.

        Rows stay with the one that heads them, where there is one and room for all.
        """
        n, used, whole = 0, self.heights[0], 0
        for height in self.heights[1 + first :]:
            used += height
            if used > room + 1e-6 and n:
                ends_in_head = n > 1 and first + n - 1 in self.bold
                return whole or n - ends_in_head
            n += 1
            if first + n in self.bold:
                whole = n
        return n

    def part(self, first: int, n: int) -> Grid:
        """Some of the rows, under the same head."""
        chosen = range(first, first + n)
        return replace(
            self,
            rows=self.rows[first : first + n],
            heights=(self.heights[0], *self.heights[1 + first : 1 + first + n]),
            bold=frozenset(row - first for row in self.bold if row in chosen),
            indented=frozenset(row - first for row in self.indented if row in chosen),
            chips=self.chips[first : first + n],
        )


def lay_grid(
    face: Face,
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    width: float,
    size: float,
    *,
    bold: frozenset[int] = frozenset(),
    indented: frozenset[int] = frozenset(),
    is_prose: bool = False,
    may_break: bool = False,
    pad_y: float = PAD_Y,
) -> Grid | None:
    """A table of a width in inches, its columns as wide as their texts ask for.

    None if a word is wider than its column, unless words ``may_break``.
    """
    pad_y = PROSE_PAD_Y if is_prose else pad_y
    heads = tuple(map(clean, heads))
    cells = [tuple(map(clean, row)) for row in rows]
    columns = [[row[k] for i, row in enumerate(cells) if i not in bold or any(row[1:])] for k in range(len(heads))]
    edge = 2 * PAD_X + 0.02
    first = INDENT if indented else 0.0
    least = [
        edge + max(face.widest_word([head], size, bold=True), face.widest_word(texts, size)) + (0 if k else first)
        for k, (head, texts) in enumerate(zip(heads, columns, strict=True))
    ]
    if sum(least) > width:
        if not may_break:
            return None
        least = [low * width / sum(least) for low in least]
    whole, halves = (
        [
            max(least[k], edge + max([length(face, head, size), *(face.width_of(cell, size) for cell in texts)]))
            + (0 if k else first)
            for k, (head, texts) in enumerate(zip(heads, columns, strict=True))
        ]
        for length in (_width_in_one, _width_in_two)
    )
    wishes = whole if sum(whole) <= width else halves
    found = []
    for share in (_share_alike, _share_by_need) if sum(wishes) > width else (_share_alike,):
        widths = share(least, wishes, width)
        spare = width - sum(widths)
        widths = [w * width / (width - spare) for w in widths] if spare < 0.25 * width or is_prose else widths
        heights, rows_cut = [_row_height(face, heads, widths, size, pad_y, bold=True)], []
        for i, row in enumerate(cells):
            heads_others = i in bold and not any(row[1:])
            spans = [sum(widths), *widths[1:]] if heads_others else widths
            spans = [spans[0] - (INDENT if i in indented else 0.0), *spans[1:]]
            row = tuple(face.cut(c, w - 2 * PAD_X, size, MOST_LINES) for c, w in zip(row, spans, strict=True))
            rows_cut.append(row)
            heights.append(_row_height(face, row, spans, size, pad_y, bold=i in bold))
        found.append(
            Grid(heads, tuple(rows_cut), tuple(widths), tuple(heights), size, bold, indented, is_prose, pad_y=pad_y)
        )
    return min(found, key=lambda grid: grid.height)


def _share_by_need(least: Sequence[float], asked: Sequence[float], width: float) -> list[float]:
    """What each column gets of a width that is not enough: the same part of what it asks for beyond what it needs."""
    part = (width - sum(least)) / (sum(asked) - sum(least))
    return [need + part * (wish - need) for need, wish in zip(least, asked, strict=True)]


def _share_alike(least: Sequence[float], asked: Sequence[float], width: float) -> list[float]:
    """What each column gets of a width: what it asks for, or as much as all others that ask for more than there is."""
    if sum(asked) <= width:
        return list(asked)
    low, high = 0.0, max(asked)
    for _ in range(40):
        cap = (low + high) / 2
        if sum(max(need, min(wish, cap)) for need, wish in zip(least, asked, strict=True)) > width:
            high = cap
        else:
            low = cap
    return [max(need, min(wish, low)) for need, wish in zip(least, asked, strict=True)]


def _width_in_one(face: Face, head: str, size: float) -> float:
    return face.width_of(head, size, bold=True)


def _width_in_two(face: Face, head: str, size: float) -> float:
    """The width that a head needs on two lines."""
    words = head.split(" ")
    parts = [(" ".join(words[:k]), " ".join(words[k:])) for k in range(1, len(words))] or [(head, "")]
    return min(max(face.width_of(part, size, bold=True) for part in both) for both in parts)


def _row_height(
    face: Face, cells: Sequence[str], widths: Sequence[float], size: float, pad_y: float, *, bold: bool
) -> float:
    inner = [width - 2 * PAD_X for width in widths]
    return 2 * pad_y + max(
        [
            face.line_height(size),
            *(face.height_of(c, w, size, bold=bold) for c, w in zip(cells, inner, strict=True) if c),
        ]
    )


class Canvas:
    """A slide in a dress, on which things are put where they are told to be."""

    def __init__(self, slide: Slide, dress: Dress) -> None:
        self.slide = slide
        self.dress = dress

    def ink(self, colour: str) -> Any:
        """A colour of a figure, or the one that stands in its place on a dark slide."""
        from pptx.dml.color import RGBColor

        dark = {TEXT_COLOUR: "#FFFFFF", "#000000": "#FFFFFF", WARNING: "#FF9B93", CAUTION: "#FFC857", **IN_THE_DARK}
        return RGBColor.from_string((dark.get(colour, colour) if self.dress.is_dark else colour).lstrip("#"))

    def write(self, box: Box, paragraphs: Sequence[Paragraph], name: str, *, align: str = "left") -> Any:
        """A box of text without edges, in which lines are broken."""
        from pptx.enum.text import MSO_ANCHOR, PP_ALIGN

        shape = self.slide.shapes.add_textbox(*to_emu(box))
        shape.name = name
        frame = shape.text_frame
        frame.word_wrap = True
        frame.vertical_anchor = MSO_ANCHOR.TOP
        frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
        for i, paragraph in enumerate(paragraphs):
            written = frame.paragraphs[0] if i == 0 else frame.add_paragraph()
            written.alignment = {"left": PP_ALIGN.LEFT, "right": PP_ALIGN.RIGHT, "center": PP_ALIGN.CENTER}[align]
            self.add_runs(written, paragraph)
        return shape

    def add_runs(self, written: Any, paragraph: Paragraph) -> None:
        """The text of a paragraph, with its chip and its link."""
        from pptx.util import Pt

        parts = [(f"{paragraph.text} " if paragraph.linked else paragraph.text, "")]
        if paragraph.linked:
            parts.append((paragraph.linked, paragraph.link))
        if paragraph.chip:
            parts.insert(0, ("■ ", ""))
        for k, (text, link) in enumerate(parts):
            run = written.add_run()
            run.text = clean(text)
            run.font.size = Pt(paragraph.size)
            run.font.bold = paragraph.bold
            colour = paragraph.chip if paragraph.chip and not k else paragraph.colour
            if link and len(link) <= LONGEST_LINK:
                run.hyperlink.address = clean(link)
            elif colour:
                run.font.color.rgb = self.ink(colour)

    def draw_bar(self, box: Box, colour: str) -> None:
        """A filled rectangle without meaning of its own."""
        from pptx.enum.shapes import MSO_SHAPE

        shape = self.slide.shapes.add_shape(MSO_SHAPE.RECTANGLE, *to_emu(box))
        shape.fill.solid()
        shape.fill.fore_color.rgb = self.ink(colour)
        shape.line.fill.background()
        shape.shadow.inherit = False
        shape.name = "Mark"
        mark_decorative(shape)

    def put_grid(self, at: Box, grid: Grid, name: str, said: str) -> Any:
        """A table at the upper left corner of a box, with ``said`` for those who do not see it."""
        from pptx.util import Emu

        rows = len(grid.rows) + 1
        place = Box(at.x, at.y, sum(grid.widths), grid.height)
        frame = self.slide.shapes.add_table(rows, len(grid.heads), *to_emu(place))
        frame.name = name
        describe(frame, said)
        table = frame.table
        table.horz_banding = False
        table.first_col = True
        frame.element.find(f".//{_A}tableStyleId").text = _PLAIN_TABLE
        for column, width in zip(table.columns, grid.widths, strict=True):
            column.width = Emu(round(width * EMU))
        for row, height in zip(table.rows, grid.heights, strict=True):
            row.height = Emu(round(height * EMU))
        for i, cells in enumerate((grid.heads, *grid.rows)):
            for k, text in enumerate(cells):
                self._fill(table.cell(i, k), grid, i - 1, k, text)
        for i in grid.bold:
            if not any(grid.rows[i][1:]) and len(grid.heads) > 1:
                table.cell(i + 1, 0).merge(table.cell(i + 1, len(grid.heads) - 1))
        return frame

    def _fill(self, cell: Any, grid: Grid, row: int, column: int, text: str) -> None:
        from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
        from pptx.util import Inches

        cell.margin_left = Inches(grid.pad + (INDENT if row in grid.indented and not column else 0))
        cell.margin_right, cell.margin_top, cell.margin_bottom = (
            Inches(grid.pad),
            Inches(grid.pad_y),
            Inches(grid.pad_y),
        )
        cell.vertical_anchor = MSO_ANCHOR.BOTTOM if row < 0 else MSO_ANCHOR.TOP if grid.is_prose else MSO_ANCHOR.MIDDLE
        paragraph = cell.text_frame.paragraphs[0]
        aside = PP_ALIGN.CENTER if grid.is_centred else PP_ALIGN.RIGHT
        paragraph.alignment = PP_ALIGN.LEFT if not column or grid.is_prose else aside
        chip = grid.chips[row] if grid.chips and row >= 0 and not column else ""
        bold = row < 0 or (row in grid.bold and not column)
        lines = [text]
        if not grid.is_prose and row not in grid.bold and text:
            # Broken here, so that no program breaks an interval at the dash between its limits.
            inner = grid.widths[column] - 2 * grid.pad - (INDENT if row in grid.indented and not column else 0)
            inner -= self.dress.texts.width_of("■ ", grid.size) if chip else 0
            lines = self.dress.texts.break_lines(text, inner, grid.size, bold=bold)
        if text or chip:
            for k, line in enumerate(lines):
                if k:
                    paragraph.add_line_break()
                self.add_runs(paragraph, Paragraph(line, grid.size, bold, chip="" if k else chip))
        else:
            _set_end_size(paragraph, grid.size)
        if row < 0:
            _underline(cell)


def to_emu(box: Box) -> tuple[int, int, int, int]:
    """The box in the units of presentations."""
    return round(box.x * EMU), round(box.y * EMU), round(max(box.w, 0.01) * EMU), round(max(box.h, 0.01) * EMU)


def describe(frame: Any, text: str) -> None:
    """What is said of a chart or table to those who do not see it."""
    said = clean(text)
    said = said if len(said) <= LONGEST_SAID else f"{said[: LONGEST_SAID - 1]}…"
    frame.element.xpath(".//p:cNvPr")[0].set("descr", said.replace("\n", " "))


def mark_decorative(shape: Any) -> None:
    """A shape that is passed over when a slide is read aloud."""
    from lxml import etree

    named = shape.element.xpath(".//p:cNvPr")[0]
    named.append(
        etree.fromstring(
            f'<a:extLst xmlns:a="{_A[1:-1]}"><a:ext uri="{{C183D7F6-B498-43B3-948B-1728B52AA6E4}}">'
            '<adec:decorative xmlns:adec="http://schemas.microsoft.com/office/drawing/2017/decorative" val="1"/>'
            "</a:ext></a:extLst>"
        )
    )


def _set_end_size(paragraph: Any, size: float) -> None:
    """The type of an empty cell, which else has the height of a line of 18 points."""
    from lxml import etree

    end = etree.SubElement(paragraph._p, f"{_A}endParaRPr")  # noqa: SLF001
    end.set("sz", str(round(size * 100)))


def _underline(cell: Any) -> None:
    """A line under the head, in the colour of the text."""
    from lxml import etree

    properties = cell._tc.get_or_add_tcPr()  # noqa: SLF001
    line = etree.fromstring(
        f'<a:lnB xmlns:a="{_A[1:-1]}" w="12700"><a:solidFill><a:schemeClr val="tx1"/></a:solidFill></a:lnB>'
    )
    properties.insert(0, line)
