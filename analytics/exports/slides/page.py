"""A slide of a view before anything is drawn on it: title, patients, method and date, and the room that is left."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import TYPE_CHECKING

from analytics.exports.slides.drawing import CAUTION, WARNING, Canvas, Grid, Paragraph, lay_grid
from analytics.exports.slides.dress import Box, Dress
from analytics.exports.slides.leaves import Leaf
from analytics.exports.slides.letters import Face, clean
from analytics.provenance import Provenance
from analytics.reporting.tables import Table
from analytics.results import Note

if TYPE_CHECKING:
    from pptx.presentation import Presentation

SMALLEST_TITLE, BODY, FOOT = 24, 14, 11
LEADS = (18, 17, 16, 15, 14)  # points of the answer, the largest that there is room for
GRID_SIZES = (14, 13, 12)
ALONE_SIZES = (18, 16, *GRID_SIZES)  # of a table that has a slide of its own
GAP = 0.1
MARK = "SYNTHETIC DATA"
OPEN = "Open this view"
CONTINUED = "(continued)"
_INSET = (0.1, 0.05)  # of a title's text from the edge of its place


class Deck:
    """A presentation that grows by pages."""

    def __init__(self, presentation: Presentation, dress: Dress) -> None:
        self.presentation = presentation
        self.dress = dress

    def add_page(self, title: str) -> tuple[Canvas, Box]:
        """A new slide with a title in the place of the layout, its number where the layout has one, and the room below."""
        slide = self.presentation.slides.add_slide(self.dress.page)
        canvas = Canvas(slide, self.dress)
        for shape in list(slide.placeholders):
            if shape != slide.shapes.title:
                shape.element.getparent().remove(shape.element)
        room = self._write_title(canvas, title, self.fit_title(title))
        for shape in self.dress.page.placeholders:
            if shape.element.ph.get("type") == "sldNum":
                number = deepcopy(shape.element)
                taken = [int(n) for n in slide.element.xpath("//p:cNvPr/@id")]
                number.xpath(".//p:cNvPr")[0].set("id", str(max(taken, default=1) + 1))
                slide.shapes.element.append(number)
        return canvas, room

    def fit_title(self, title: str, most: int = 2) -> float:
        """The type in which a title stands in its place in as few lines as can be; 0 if none is large enough for so many."""
        face, place = self.dress.heads, self.dress.title
        sizes = range(int(self.dress.title_size), SMALLEST_TITLE - 1, -1)
        needed = {size: len(face.break_lines(title, place.w - 2 * _INSET[0], size, bold=True)) for size in sizes}
        for lines in range(1, most + 1):
            for size, n in needed.items():
                if n <= lines and n * face.line_height(size) <= place.h - 2 * _INSET[1] + 0.02:
                    return size
        return 0

    def _write_title(self, canvas: Canvas, title: str, size: float) -> Box:
        from pptx.util import Inches, Pt

        place, face = self.dress.title, self.dress.heads
        if not size:
            size = SMALLEST_TITLE
            room = int((place.h - 2 * _INSET[1]) / face.line_height(size))
            title = face.cut(title, place.w - 2 * _INSET[0], size, max(min(room, 2), 1), bold=True)
        shape = canvas.slide.shapes.title
        if shape is None:
            canvas.write(place, [Paragraph(title, size, bold=True)], "Title")
            return self.dress.content
        shape.text_frame.text = clean(title)
        for run in shape.text_frame.paragraphs[0].runs:
            run.font.size = Pt(size)
        if not self.dress.is_own or len(face.break_lines(title, place.w - 2 * _INSET[0], size, bold=True)) > 1:
            return self.dress.content
        saved = face.line_height(size)
        shape.left, shape.top = Inches(place.x), Inches(place.y)
        shape.width, shape.height = Inches(place.w), Inches(place.h - saved + 0.05)
        return below(self.dress.content, -saved)


def begin_view(deck: Deck, leaf: Leaf, title: str, *, is_alone: bool) -> tuple[Canvas, Box]:
    """A slide of a view with all that stands on each of its slides, and the room in the middle."""
    canvas, room = deck.add_page(title)
    room = write_patients(canvas, room, f"{leaf.selection} {leaf.gist}".strip(), leaf.provenance)
    return canvas, write_foot(canvas, room, leaf.provenance, leaf.link, is_alone=is_alone)


def write_patients(canvas: Canvas, room: Box, text: str, provenance: Provenance) -> Box:
    """Whom the slide shows, and that they are synthetic; what is left of the room."""
    face = canvas.dress.texts
    mark = face.width_of(MARK, BODY, bold=True) + 0.2 if provenance.synthetic else 0.0
    width = room.w - mark - (0.2 if mark else 0)
    said = face.cut(clean(text), width, BODY, 2)
    height = max(face.height_of(said, width, BODY), 0.27 if mark else 0)
    canvas.write(Box(room.x, room.y, width, height), [Paragraph(said, BODY)], "Patients")
    if mark:
        shape = canvas.write(
            Box(room.right - mark, room.y, mark, 0.27),
            [Paragraph(MARK, BODY, bold=True, colour=WARNING)],
            "Mark",
            align="center",
        )
        shape.line.color.rgb = canvas.ink(WARNING)
    return below(room, height + GAP)


def write_foot(canvas: Canvas, room: Box, provenance: Provenance, link: str, *, is_alone: bool) -> Box:
    """How it was done, on which data and when, with the way back; what is left of the room."""
    face = canvas.dress.texts
    *_, version, advice = provenance.lines()
    texts = [face.cut(clean(f"Method: {provenance.method}"), room.w, FOOT, 2)]
    if provenance.comparisons:
        texts.append(face.cut(clean(provenance.comparisons), room.w, FOOT, 1))
    last = f"{version}. {advice}" if is_alone else f"{version}."
    texts.append(face.cut(clean(last), room.w - face.width_of(f" {OPEN}", FOOT), FOOT, 1))
    height = sum(face.height_of(text, room.w, FOOT) for text in texts)
    paragraphs = [Paragraph(text, FOOT) for text in texts[:-1]]
    paragraphs.append(Paragraph(texts[-1], FOOT, link=link, linked=OPEN if link else ""))
    canvas.write(Box(room.x, room.bottom - height, room.w, height), paragraphs, "Method")
    return Box(room.x, room.y, room.w, room.h - height - GAP)


def continue_title(title: str) -> str:
    """The title of a slide that goes on with what the one before it began."""
    return title if title.endswith(CONTINUED) else f"{title} {CONTINUED}"


def below(room: Box, height: float) -> Box:
    """What is left of a room under something of a height."""
    return Box(room.x, room.y + height, room.w, room.h - height)


def fit_text(face: Face, text: str, width: float, height: float, sizes: Sequence[float] = LEADS) -> tuple[str, float]:
    """The text and the largest type in which it stands in a box; in the smallest it is cut where it must be."""
    for size in sizes:
        if face.height_of(text, width, size) <= height:
            return text, size
    size = sizes[-1]
    return face.cut(text, width, size, max(int(height / face.line_height(size)), 1)), size


def write_caution(canvas: Canvas | None, room: Box, notes: Sequence[Note], most: int, face: Face) -> Box:
    """The gravest cautions at the foot of a room, in at most so many lines each, with a bar beside them; what is left of it.

    Without a canvas they are only measured.
    """
    if not notes:
        return room
    worst = notes[0].severity
    inset = 0.0 if worst == "info" else 0.14
    texts = [face.cut(clean(note.text), room.w - inset, BODY, most) for note in notes]
    height = sum(face.height_of(text, room.w - inset, BODY) for text in texts)
    top = room.bottom - height
    if canvas is not None:
        if worst != "info":
            canvas.draw_bar(Box(room.x, top, 0.06, height), WARNING if worst == "warning" else CAUTION)
        at = Box(room.x + inset, top, room.w - inset, height)
        canvas.write(at, [Paragraph(text, BODY) for text in texts], "Caution")
    return Box(room.x, room.y, room.w, room.h - height - GAP)


def lay_table(
    face: Face, table: Table, width: float, height: float, sizes: Sequence[float] = GRID_SIZES
) -> Grid | None:
    """A table in the largest type in which all of it has room, else in that of other text; None if its words do not fit."""
    indented = frozenset(i for i, is_in in enumerate(table.indent) if is_in)
    bold = frozenset(i for i, is_in in enumerate(table.indent) if not is_in)
    found = None
    for size in sizes:
        grid = lay_grid(
            face, table.columns, table.rows, width, size, bold=bold, indented=indented, is_prose=table.words
        )
        if grid is not None and grid.height <= height:
            return grid
        if grid is not None and (found is None or found.size > BODY):
            found = grid
    return found


def add_grid_pages(deck: Deck, leaf: Leaf, table: Table, *, is_alone: bool) -> None:
    """A table of a view on as many slides as it needs, each under the table's name."""
    face, first = deck.dress.texts, 0
    grid: Grid | None = None
    while True:
        title = continue_title(leaf.title) if first else leaf.title
        canvas, room = begin_view(deck, leaf, title, is_alone=is_alone)
        heading = face.cut(clean(table.title), room.w, BODY, 2, bold=True)
        high = face.height_of(heading, room.w, BODY, bold=True)
        canvas.write(Box(room.x, room.y, room.w, high), [Paragraph(heading, BODY, bold=True)], "Table’s name")
        at = below(room, high + 0.06)
        grid = grid or lay_table(face, table, at.w, at.h, ALONE_SIZES) or break_table(face, table, at.w)
        n = grid.rows_from(first, at.h)
        part = grid.part(first, n)
        canvas.put_grid(at, part, "Table", f"{table.title}. {table.caption}".strip())
        say_notes(canvas, list(leaf.say()))
        first += n
        if first >= len(grid.rows):
            write_caption(canvas, below(at, part.height + 0.08), table.caption)
            return


def break_table(face: Face, table: Table, width: float) -> Grid:
    """A table whose columns are too many for its words, which are broken."""
    size = GRID_SIZES[-1]
    grid = lay_grid(face, table.columns, table.rows, width, size, is_prose=table.words, may_break=True)
    if grid is None:
        raise ValueError("A table whose words may break has a place for each.")
    return grid


def write_caption(canvas: Canvas, room: Box, caption: str) -> None:
    """How to read what stands above, as far as there is room for it."""
    face = canvas.dress.texts
    lines = int(room.h / face.line_height(BODY))
    if caption and lines > 0:
        said = face.cut(clean(caption), room.w, BODY, lines)
        canvas.write(
            Box(room.x, room.y, room.w, face.height_of(said, room.w, BODY)), [Paragraph(said, BODY)], "How to read it"
        )


def say_notes(canvas: Canvas, lines: Sequence[str]) -> None:
    """What a speaker reads under a slide."""
    canvas.slide.notes_slide.notes_text_frame.text = clean("\n".join(lines))
