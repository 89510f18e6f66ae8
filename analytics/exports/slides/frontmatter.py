"""What a deck has beside its views: a cover, the questions, the way to the patients, cautions, and where numbers come from."""

from __future__ import annotations

from collections.abc import Sequence

from analytics.exports.slides.drawing import Canvas, Grid, Paragraph
from analytics.exports.slides.dress import EMU, Box
from analytics.exports.slides.leaves import Leaf, gather_notes
from analytics.exports.slides.letters import clean
from analytics.exports.slides.page import (
    ALONE_SIZES,
    BODY,
    FOOT,
    OPEN,
    Deck,
    below,
    break_table,
    continue_title,
    fit_text,
    lay_table,
    say_notes,
    write_patients,
)
from analytics.formats import format_count
from analytics.reporting.attrition import Stage
from analytics.reporting.tables import Table
from analytics.speaking import word

COVER_SIZES = (20, 18, 16, 14)


def add_front(deck: Deck, leaves: Sequence[Leaf]) -> None:
    """Before the views: the cover, the questions, and the way from the cohort to each of them."""
    _add_cover(deck, leaves)
    questions = tuple((f"{k}", leaf.question, leaf.title) for k, leaf in enumerate(leaves, start=1))
    _add_table(deck, leaves, Table("Questions", ("", "Question", "Page"), questions, words=True))
    ways = [leaf for leaf in leaves if leaf.stages]
    if ways:
        _add_table(deck, ways, _tabulate_ways(ways))
    for leaf in {leaf.selection: leaf for leaf in reversed(ways)}.values():
        if (steps := _tabulate_steps(leaf)) is not None:
            _add_table(deck, [leaf], steps)


def add_end(deck: Deck, leaves: Sequence[Leaf]) -> None:
    """After the views: what to be careful about, and where the numbers come from."""
    notes = gather_notes(leaves)
    if notes:
        rows = tuple((note.text, ", ".join(of)) for note, of in notes)
        spoken = [f"{note.text} {note.remedy}".strip() for note, _ in notes]
        _add_table(deck, leaves, Table("Cautions", ("What to know", "Said of"), rows, words=True), spoken)
    sources = tuple((leaf.title, leaf.provenance.method, leaf.provenance.comparisons) for leaf in leaves)
    has_comparisons = any(comparisons for *_, comparisons in sources)
    heads = ("Page", "Method", "Comparisons")[: 3 if has_comparisons else 2]
    table = Table("Methods", heads, tuple(row[: len(heads)] for row in sources), words=True)
    _add_table(deck, leaves, table)
    _add_links(deck, leaves)


def _add_cover(deck: Deck, leaves: Sequence[Leaf]) -> None:
    slide = deck.presentation.slides.add_slide(deck.dress.cover)
    canvas = Canvas(slide, deck.dress)
    provenance = leaves[0].provenance
    title = clean(word("title"))
    holders = list(slide.placeholders)
    head = slide.shapes.title
    second = next((shape for shape in holders if head is None or shape != head), None)
    for shape in holders:
        if shape not in (head, second):
            shape.element.getparent().remove(shape.element)
    if head is not None:
        head.text_frame.text = title
    cohorts = dict.fromkeys(leaf.provenance.cohort for leaf in leaves)
    selections = dict.fromkeys(leaf.selection for leaf in leaves)
    lines = [", ".join(cohorts), *list(selections)[:2], *([provenance.lines()[1]] if provenance.synthetic else [])]
    lines += [provenance.lines()[-2], provenance.lines()[-1]]
    width, height = deck.presentation.slide_width / EMU, deck.presentation.slide_height / EMU
    place = Box(0.08 * width, 0.5 * height, 0.84 * width, 0.4 * height)
    if second is not None:
        place = Box(*(length / EMU for length in (second.left, second.top, second.width, second.height)))
        second.element.getparent().remove(second.element)
    text, size = fit_text(deck.dress.texts, clean("\n".join(lines)), place.w, place.h, COVER_SIZES)
    canvas.write(place, [Paragraph(line, size) for line in text.split("\n")], "About")
    if head is None:
        canvas.write(Box(place.x, max(place.y - 0.9, 0.1), place.w, 0.8), [Paragraph(title, 32, bold=True)], "Title")
    say_notes(canvas, provenance.lines())


def _tabulate_ways(leaves: Sequence[Leaf]) -> Table:
    """The way from the cohort to each view, and whom it loses why; one line for all that go the same."""
    ways: dict[tuple[Stage, ...], list[Leaf]] = {}
    for leaf in leaves:
        ways.setdefault(leaf.stages, []).append(leaf)
    rows = tuple(
        (
            ", ".join(dict.fromkeys(leaf.title for leaf in some)),
            some[0].gist,
            "; ".join(f"{format_count(n)} {text}" for stage in stages for text, n in stage.reasons),
        )
        for stages, some in ways.items()
    )
    return Table("From the cohort to the answers", ("Page", "Number left at each step", "Left out"), rows, words=True)


def _tabulate_steps(leaf: Leaf) -> Table | None:
    """The way to a selection, filter by filter; None where nothing is filtered."""
    stages = [stage for stage in leaf.stages if stage.kind in ("everyone", "clause")]
    if len(stages) < 2:
        return None
    rows = tuple((s.text, format_count(s.n), format_count(s.left) if s.left else "") for s in stages)
    return Table("The selection, step by step", ("Step", "Left", "Lost"), rows)


def _add_table(deck: Deck, leaves: Sequence[Leaf], table: Table, spoken: Sequence[str] = ()) -> None:
    """A table under its own name, on as many slides as it needs; ``spoken`` is said of its rows, without it what they hold."""
    face, first = deck.dress.texts, 0
    grid: Grid | None = None
    while first < len(table.rows):
        canvas, room = deck.add_page(continue_title(table.title) if first else table.title)
        selections = list(dict.fromkeys(leaf.selection for leaf in leaves))
        synthetic = next((leaf for leaf in leaves if leaf.provenance.synthetic), leaves[0])
        room = write_patients(canvas, room, selections[0] if len(selections) == 1 else "", synthetic.provenance)
        grid = grid or lay_table(face, table, room.w, room.h, ALONE_SIZES) or break_table(face, table, room.w)
        n = grid.rows_from(first, room.h)
        canvas.put_grid(room, grid.part(first, n), "Table", table.title)
        lines = spoken or [" · ".join(filter(None, row)) for row in table.rows]
        say_notes(canvas, lines[first : first + n])
        first += n


def _add_links(deck: Deck, leaves: Sequence[Leaf]) -> None:
    """Where each view can be opened, and what data they are of."""
    canvas, room = deck.add_page("Where the numbers come from")
    leaf = next((leaf for leaf in leaves if leaf.provenance.synthetic), leaves[0])
    room = write_patients(canvas, room, "", leaf.provenance)
    said = dict.fromkeys(f"{leaf.provenance.cohort}: {leaf.provenance.lines()[-2]}" for leaf in leaves)
    face = deck.dress.texts
    text, size = fit_text(face, clean("\n".join(said)), room.w, 0.4 * room.h, (16, 14, 12))
    canvas.write(
        Box(room.x, room.y, room.w, face.height_of(text, room.w, size)),
        [Paragraph(t, size) for t in text.split("\n")],
        "Data",
    )
    room = below(room, face.height_of(text, room.w, size) + 0.15)
    linked = [leaf for leaf in leaves if leaf.link]
    size = BODY if len(linked) * face.line_height(BODY) <= room.h else FOOT
    most = max(int(room.h / face.line_height(size)), 1)
    paragraphs = [
        Paragraph(
            face.cut(clean(leaf.title), room.w - face.width_of(f" {OPEN}", size), size, 1),
            size,
            link=leaf.link,
            linked=OPEN,
        )
        for leaf in linked[:most]
    ]
    if paragraphs:
        height = len(paragraphs) * face.line_height(size)
        canvas.write(Box(room.x, room.y, room.w, height), paragraphs, "Links")
    say_notes(canvas, [f"{leaf.title}: {leaf.link}" for leaf in linked])
