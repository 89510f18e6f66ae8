"""The slides of one view: its figure as a chart with its counts and its main table, or as rows beside their marks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from analytics.document import Picture
from analytics.exports.slides.charts import (
    KEY_WIDTH,
    Frame,
    Scale,
    draw_points,
    list_keys,
    scale_of,
    scale_of_time,
    series_of_rows,
)
from analytics.exports.slides.drawing import PAD_Y, Canvas, Grid, Paragraph, lay_grid
from analytics.exports.slides.dress import Box
from analytics.exports.slides.leaves import Leaf, read_picture
from analytics.exports.slides.letters import Face, clean
from analytics.exports.slides.page import (
    ALONE_SIZES,
    BODY,
    FOOT,
    GAP,
    GRID_SIZES,
    LEADS,
    Deck,
    add_grid_pages,
    begin_view,
    below,
    continue_title,
    fit_text,
    lay_table,
    say_notes,
    write_caption,
    write_caution,
)
from analytics.figures.charted import Chart, Counts, Rows
from analytics.reporting.tables import Table

WIDE_ENOUGH = 11.0  # inches of room for words beside a chart
PANELS = (4.6, 5.2, 5.9)  # inches of those words: as narrow as the main table lets them be
CHART_SIZE = 14
COUNT_SIZES = (12, 11)
ROW_SIZES = (*((size, PAD_Y) for size in GRID_SIZES), (GRID_SIZES[-1], 0.01))
COUNT_PAD = 0.02
AXIS, AXIS_TITLE, LEGEND_LINE = 0.3, 0.3, 0.28  # inches of the numbers at an axis, of its title, of a line of a legend
LEFT, RIGHT = 0.95, 0.2  # inches beside the area between the axes
LEAST_CHART = 1.0
LEAST_ROOM = 2.8  # inches of height for a figure: with less, words go to a slide before it
MOST_TEXT = 0.68  # of the width, for the text beside marks
LEAST_MARKS = 2.2
MOST_CAUTION = 6  # lines of a caution beside a chart
SHADED = re.compile(r"Shaded: ([^.]*\.)")


def add_view(deck: Deck, leaf: Leaf, *, is_alone: bool) -> None:
    """The slides of a view: one with its figure and answer, and others for what has no room on it."""
    title, lead = _head(deck, leaf)
    tables = list(leaf.tables)
    shown = [(picture, read_picture(picture)) for picture in leaf.pictures]
    drawn = [(picture, found) for picture, found in shown if found is not None]
    if not drawn:
        tables = _show_words(deck, leaf, title, lead, tables, is_alone=is_alone)
    is_narrow = deck.dress.content.w < WIDE_ENOUGH
    if drawn and is_narrow and _is_crowded(deck, leaf, lead, LEAST_ROOM):
        tables = _show_words(deck, leaf, title, lead, tables, is_alone=is_alone)
        title, lead, leaf = continue_title(leaf.title), "", replace(leaf, notes=())
    for k, (picture, found) in enumerate(drawn):
        heading = title if not k else picture.title
        said = lead if not k else ""
        if isinstance(found, Rows):
            _show_rows(deck, leaf, (heading, said), picture, found, is_alone=is_alone)
        else:
            tables = _show_chart(deck, leaf, (heading, said), picture, found, tables, is_alone=is_alone)
    for table in tables:
        add_grid_pages(deck, leaf, table, is_alone=is_alone)


def _head(deck: Deck, leaf: Leaf) -> tuple[str, str]:
    """The title of a slide, and what it still has to say: the answer, where it is too long for a title."""
    if leaf.answer and deck.fit_title(leaf.answer):
        return leaf.answer, leaf.more
    lead = f"{leaf.answer} {leaf.more}".strip()
    # A second line would be taken from the curves, and the question stands among those of the deck.
    return leaf.question if deck.fit_title(leaf.question, 1) else leaf.title, lead


def _show_words(deck: Deck, leaf: Leaf, title: str, lead: str, tables: list[Table], *, is_alone: bool) -> list[Table]:
    """A slide without a chart: the sentences, and the first table where there is room; the tables that are left."""
    canvas, room = begin_view(deck, leaf, title, is_alone=is_alone)
    say_notes(canvas, list(leaf.say()))
    face = canvas.dress.texts
    room = write_caution(canvas, room, leaf.grave, 3, face)
    grid = lay_table(face, tables[0], room.w, room.h, ALONE_SIZES) if tables else None
    said = lead if grid else "\n".join(dict.fromkeys(filter(None, (lead, *leaf.sentences))))
    if said:
        text, size = fit_text(face, clean(said), room.w, room.h * (0.4 if grid else 1.0))
        height = face.height_of(text, room.w, size)
        canvas.write(Box(room.x, room.y, room.w, height), [Paragraph(t, size) for t in text.split("\n")], "Answer")
        room = below(room, height + GAP)
    if grid is None or grid.height > room.h:
        return tables
    canvas.put_grid(room, grid, "Table", f"{tables[0].title}. {tables[0].caption}".strip())
    write_caption(canvas, below(room, grid.height + 0.08), tables[0].caption)
    return tables[1:]


def _show_chart(
    deck: Deck,
    leaf: Leaf,
    words: tuple[str, str],
    picture: Picture,
    chart: Chart,
    tables: list[Table],
    *,
    is_alone: bool,
) -> list[Table]:
    """A slide with curves and their counts, and words beside or above them; the tables that are left."""
    (title, lead), face = words, deck.dress.texts
    canvas, room = begin_view(deck, leaf, title, is_alone=is_alone)
    say_notes(canvas, list(leaf.say()))
    if room.w >= WIDE_ENOUGH and (lead or leaf.grave or tables):
        panel = _lay_panel(face, room, leaf, lead, tables)
        _fill_panel(canvas, panel, leaf, lead, tables)
        room = Box(room.x, room.y, room.w - panel.box.w - 0.3, room.h)
        tables = tables[1:] if panel.grid else tables
    else:
        room = write_caution(canvas, room, leaf.grave, 2, face)
        room = _write_lead(canvas, room, lead, 0.25 * room.h)
    _draw_chart(canvas, room, chart, picture, face)
    return tables


def _is_crowded(deck: Deck, leaf: Leaf, lead: str, needed: float) -> bool:
    """True if answer and caution would leave a figure less height than is needed, on slides that are not wide."""
    face, room = deck.dress.texts, deck.dress.content
    foot = (
        face.height_of(leaf.provenance.method, room.w, FOOT) + face.line_height(FOOT) + face.line_height(BODY) + 3 * GAP
    )
    left = write_caution(None, Box(room.x, room.y, room.w, room.h - foot), leaf.grave, 2, face)
    if lead:
        left = below(left, face.height_of(clean(lead), room.w, LEADS[-1]) + GAP)
    return left.h < needed


@dataclass(frozen=True, slots=True)
class _Panel:
    """What stands beside a chart: where, and the main table with its name where there is room for it."""

    box: Box
    grid: Grid | None = None
    name: str = ""


def _lay_panel(face: Face, room: Box, leaf: Leaf, lead: str, tables: Sequence[Table]) -> _Panel:
    for width in PANELS if tables else ():
        box = Box(room.right - width, room.y, width, room.h)
        name = face.cut(clean(tables[0].title), width, BODY, 2, bold=True)
        caution = write_caution(None, box, leaf.grave, MOST_CAUTION, face)
        other = box.h - caution.h + face.height_of(name, width, BODY, bold=True) + 0.04
        if lead:
            other += face.height_of(clean(lead), width, LEADS[-1]) + GAP
        for size in GRID_SIZES:
            grid = lay_table(face, tables[0], width, box.h, (size,))
            if grid is not None and grid.height + other <= box.h:
                return _Panel(box, grid, name)
    return _Panel(Box(room.right - PANELS[0], room.y, PANELS[0], room.h))


def _fill_panel(canvas: Canvas, panel: _Panel, leaf: Leaf, lead: str, tables: Sequence[Table]) -> None:
    """Answer, main table and gravest caution beside a chart."""
    face, grid = canvas.dress.texts, panel.grid
    left = write_caution(canvas, panel.box, leaf.grave, MOST_CAUTION, face)
    if grid is None:
        _write_lead(canvas, left, lead, left.h)
        return
    over = face.height_of(panel.name, left.w, BODY, bold=True) + 0.04
    left = _write_lead(canvas, left, lead, left.h - over - grid.height - GAP)
    canvas.write(Box(left.x, left.y, left.w, over), [Paragraph(panel.name, BODY, bold=True)], "Table’s name")
    canvas.put_grid(below(left, over), grid, "Table", f"{tables[0].title}. {tables[0].caption}".strip())


def _write_lead(canvas: Canvas, room: Box, lead: str, most: float) -> Box:
    """The answer in the largest type for which there is room; what is left of it."""
    if not lead:
        return room
    face = canvas.dress.texts
    text, size = fit_text(face, clean(lead), room.w, most)
    height = face.height_of(text, room.w, size)
    canvas.write(Box(room.x, room.y, room.w, height), [Paragraph(text, size)], "Answer")
    return below(room, height + GAP)


@dataclass(frozen=True, slots=True)
class _Table:
    """The counts under curves as they stand on a slide: the left end of the area of curves, its width, and the table."""

    left: float
    width: float
    grid: Grid | None


def _draw_chart(canvas: Canvas, room: Box, chart: Chart, picture: Picture, face: Face) -> None:
    """A chart in a room, with what the figure says under it and its counts at the foot."""
    x, y = scale_of_time(chart.x) if chart.counts else scale_of(chart.x), scale_of(chart.y)
    keys = list_keys(chart.series)
    keys = keys if len(keys) > 1 else []
    longest = room.w - LEFT - KEY_WIDTH
    series = [replace(each, name=face.cut(clean(each.name), longest, CHART_SIZE, 1)) for each in chart.series]
    n_lines = _count_key_lines(face, [series[k].name for k in keys], room.w)
    # The limits are lines here, as charts have no areas between points.
    limits = [f"Dotted: {found[1]}" for found in SHADED.finditer(picture.caption)]
    notes = " · ".join([*chart.notes, *limits])
    legend = n_lines * LEGEND_LINE
    table = _lay_counts(face, chart.counts, x, room)
    spare = room.h - legend - AXIS - AXIS_TITLE - LEAST_CHART - (table.grid.height if table.grid else 0.0)
    if spare < 0 and table.grid is not None:
        spare, table = spare + table.grid.height, _Table(LEFT, room.w - LEFT - RIGHT, None)
    lines = min(int((spare - 0.04) / face.line_height(COUNT_SIZES[0])), 2)
    said = face.cut(clean(notes), room.w, COUNT_SIZES[0], lines) if notes and lines > 0 else ""
    note_height = face.height_of(said, room.w, COUNT_SIZES[0]) + 0.04 if said else 0.0
    under = (table.grid.height if table.grid else 0.0) + note_height
    outer = Box(room.x, room.y, room.w, room.h - under)
    inner = Box(room.x + table.left, room.y + legend + 0.08, table.width, outer.h - legend - AXIS - AXIS_TITLE - 0.08)
    draw_points(
        canvas,
        Frame(outer, inner),
        series,
        (x, face.cut(chart.x.title, inner.w, CHART_SIZE, 1)),
        (y, face.cut(chart.y.title, inner.h, CHART_SIZE, 1)),
        CHART_SIZE,
        picture.alt_text,
        keys=keys,
        legend=Box(room.x + LEFT, room.y, room.w - LEFT, legend) if keys else None,
    )
    if said:
        canvas.write(Box(room.x, outer.bottom, room.w, note_height), [Paragraph(said, COUNT_SIZES[0])], "Remarks")
    if table.grid is not None:
        head = table.grid.heads[0]
        at = Box(room.x, outer.bottom + note_height, room.w, table.grid.height)
        canvas.put_grid(at, table.grid, "Counts", f"{head}, {chart.x.title}")


def _count_key_lines(face: Face, names: Sequence[str], width: float) -> int:
    """How many lines the legend needs: programs set its entries in columns as wide as the longest."""
    if not names:
        return 0
    widest = max(face.width_of(name, CHART_SIZE) for name in names) + KEY_WIDTH
    columns = max(int((width - LEFT) / widest), 1)
    return -(-len(names) // columns)


def _lay_counts(face: Face, counts: Counts | None, scale: Scale, room: Box) -> _Table:
    """The table of counts with a column under each tick; without one where its numbers would not fit."""
    bare = _Table(LEFT, room.w - LEFT - RIGHT, None)
    if counts is None:
        return bare
    # Of several groups those at risk stand in a line each, as where a figure is presented; of one all counts.
    if len(counts.blocks) > 1:
        head = counts.blocks[0][2][0][0]
        lines = [(name, colour, rows[0][1]) for name, colour, rows in counts.blocks]
    else:
        head, _, rows = counts.blocks[0]
        lines = [(title, "", cells) for title, cells in rows]
    places = [scale.place(tick) for tick in counts.ticks]
    middles = [(a + b) / 2 for a, b in pairwise(places)]
    first = middles[0] - places[0] if middles else 0.5
    last = places[-1] - middles[-1] if middles else 0.5
    for size in COUNT_SIZES:
        chip = face.width_of("■ ", size) if any(colour for _, colour, _ in lines) else 0.0
        asked = max([face.width_of(head, size, bold=True), *(face.width_of(n, size) + chip for n, _, _ in lines)])
        names = min(asked + 0.1, 0.32 * room.w)
        width = room.w - LEFT - RIGHT
        for _ in range(8):  # the first column reaches to the left of the area, and the last to the right
            left = max(LEFT, names + first * width)
            right = max(RIGHT, (last - (1 - places[-1])) * width)
            width = room.w - left - right
        edges = [left + (places[0] - first) * width, *(left + at * width for at in middles)]
        edges.append(left + (places[-1] + last) * width)
        widths = [edges[0], *(b - a for a, b in pairwise(edges))]
        cells = [(clean(name), *row) for name, _, row in lines]
        heads = (clean(head), *counts.heads)
        fits = all(
            face.width_of(text, size, bold=not k) + 2 * COUNT_PAD <= wide
            for k, row in enumerate((heads, *cells))
            for text, wide in zip(row[1:], widths[1:], strict=True)
        )
        if fits and width > 0.3 * room.w:
            named = [face.cut(row[0], widths[0] - 2 * COUNT_PAD - chip, size, 2) for row in cells]
            line = face.line_height(size)
            heights = [
                max(len(face.break_lines(name, widths[0] - 2 * COUNT_PAD - chip, size)), 1) * line + 2 * PAD_Y
                for name in named
            ]
            grid = Grid(
                heads,
                tuple((name, *row[1:]) for name, row in zip(named, cells, strict=True)),
                tuple(widths),
                (line + 2 * PAD_Y, *heights),
                size,
                chips=tuple(colour for _, colour, _ in lines),
                pad=COUNT_PAD,
                is_centred=True,
            )
            return _Table(left, width, grid)
    return bare


def _show_rows(deck: Deck, leaf: Leaf, words: tuple[str, str], picture: Picture, rows: Rows, *, is_alone: bool) -> None:
    """Rows of text with their marks beside them, on as many slides as they need."""
    title, lead = words
    first, face, scale = 0, deck.dress.texts, scale_of(rows.axis)
    grid: Grid | None = None
    while first < len(rows.rows):
        is_first = grid is None
        canvas, room = begin_view(deck, leaf, title if is_first else continue_title(title), is_alone=is_alone)
        say_notes(canvas, list(leaf.say()))
        foot = AXIS + (AXIS_TITLE if rows.axis.title else 0.0) + (0.28 if any(rows.sides) else 0.0)
        if grid is None:
            room = write_caution(canvas, room, leaf.grave, 2, face)
            # The answer is large only as far as the rows still stand on one slide.
            high = face.height_of(clean(lead), room.w, LEADS[-1]) + GAP if lead else 0.0
            grid = _lay_rows(face, rows, room, room.h - foot - high)
            room = _write_lead(canvas, room, lead, max(room.h - foot - grid.height - GAP, high - GAP))
        n = grid.rows_from(first, room.h - foot)
        part = grid.part(first, n)
        if is_first and part.height > room.h - foot:
            continue  # beside answer and caution not even the first rows have room
        shown = replace(rows, rows=rows.rows[first : first + n])
        _draw_rows(canvas, room, part, shown, scale, picture)
        first += n


def _lay_rows(face: Face, rows: Rows, room: Box, height: float) -> Grid:
    """The text beside the marks, in the largest type in which all of it has room, or the smallest that there is."""
    bold = frozenset(i for i, row in enumerate(rows.rows) if row.is_heading)
    indented = frozenset(i for i, row in enumerate(rows.rows) if row.is_indented)
    cells, found = [row.cells for row in rows.rows], None
    most = min(MOST_TEXT * room.w, room.w - LEAST_MARKS)
    for size, pad_y in ROW_SIZES:
        grid = lay_grid(face, rows.heads, cells, most, size, bold=bold, indented=indented, pad_y=pad_y)
        if grid is not None and grid.height <= height:
            return grid
        found = found or grid
    found = found or lay_grid(face, rows.heads, cells, most, FOOT, bold=bold, indented=indented, may_break=True)
    if found is None:
        raise ValueError("A table whose words may break has a place for each.")
    return found


def _draw_rows(canvas: Canvas, room: Box, grid: Grid, rows: Rows, scale: Scale, picture: Picture) -> None:
    width = sum(grid.widths)
    series, keys, cut = series_of_rows(rows, grid.heights[1:], scale)
    whole = sum(grid.heights[1:])
    outer = Box(room.x + width + 0.05, room.y, room.w - width - 0.05, 0.0)
    inner = Box(outer.x + 0.15, room.y + grid.heights[0], outer.w - 0.35, whole)
    title = AXIS_TITLE if rows.axis.title else 0.0
    outer = replace(outer, h=grid.height + AXIS + title)
    canvas.put_grid(room, grid, "Table", picture.title)
    vertical = Scale(0.0, whole, max(whole, 0.1), 0, "General")
    legend = Box(outer.x, room.y, outer.w, max(grid.heights[0] - 0.02, LEGEND_LINE)) if keys else None
    draw_points(
        canvas,
        Frame(outer, inner),
        series,
        (scale, rows.axis.title),
        (vertical, ""),
        12,
        picture.alt_text,
        keys=keys,
        legend=legend,
        has_y=False,
        labels=cut,
    )
    if any(rows.sides):
        at = Box(inner.x - 0.1, outer.bottom, inner.w + 0.2, 0.26)
        middle = (
            at.x + 0.1 + inner.w * min(max(scale.place(rows.guides[0]), 0.0), 1.0) if rows.guides else at.x + at.w / 2
        )
        _write_sides(canvas, at, middle, rows.sides)


def _write_sides(canvas: Canvas, at: Box, middle: float, sides: tuple[str, str]) -> None:
    """What it means to lie to the left and to the right, on the two sides of what divides them, or at the ends."""
    face, size = canvas.dress.texts, COUNT_SIZES[0]
    left, right = (clean(side).replace("←", "").replace("→", "").strip() for side in sides)
    left, right = f"← {left}", f"{right} →"
    wide = [face.width_of(side, size) + 0.02 for side in (left, right)]
    if wide[0] > middle - 0.08 - at.x or wide[1] > at.right - middle - 0.08:
        middle = min(max(at.x + wide[0] + 0.08, middle), at.right - wide[1] - 0.08)
    room = Box(at.x, at.y, max(middle - 0.08 - at.x, 0.3), at.h)
    canvas.write(room, [Paragraph(face.cut(left, room.w, size, 1), size)], "Lower side", align="right")
    room = Box(middle + 0.08, at.y, max(at.right - middle - 0.08, 0.3), at.h)
    canvas.write(room, [Paragraph(face.cut(right, room.w, size, 1), size)], "Higher side")
