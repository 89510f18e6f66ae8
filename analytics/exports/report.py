"""What a report of views says, chapter by chapter, in blocks that every kind of report writes in its own way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from analytics.document import Document, HtmlFigure, Picture
from analytics.exports.exhibit import Exhibit, Extra
from analytics.figures.forest.layout import Forest
from analytics.figures.still.figure import draw_still, list_parts
from analytics.formats import format_count
from analytics.reporting.attrition import say_attrition, tabulate_stages
from analytics.reporting.checklists import fill_checklist, load_checklists
from analytics.reporting.tables import Table
from analytics.reporting.wording import say_no_advice
from analytics.results import Note

SIGNS = {"warning": "Warning.", "caution": "Take care.", "info": "Note."}
GRAVEST_FIRST = tuple(SIGNS)
Kind = Literal["plain", "answer", "cohort", "question", "comment", "caption", "note", "warning"]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of level 1 to 3; that of a chapter has the number of its view."""

    text: str
    level: int
    chapter: int = 0


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph, by what it is; ``lead`` is said first, and stands out."""

    text: str
    kind: Kind = "plain"
    lead: str = ""


@dataclass(frozen=True, slots=True)
class Bullets:
    """Statements, one below the other."""

    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure as standalone SVG, what it shows in words, and how it is read."""

    svg: str
    alt_text: str
    caption: str


@dataclass(frozen=True, slots=True)
class Address:
    """The link to the view."""

    url: str


Block = Heading | Paragraph | Bullets | Drawing | Table | Address


def name_report(exhibits: Sequence[Exhibit | Extra]) -> str:
    """The title of a report."""
    return title_of(exhibits[0]) if len(exhibits) == 1 else f"Report of {format_count(len(exhibits))} views"


def title_of(exhibit: Exhibit | Extra) -> str:
    """The title of a chapter."""
    return exhibit.title if isinstance(exhibit, Extra) else exhibit.document.title


def list_opening(exhibits: Sequence[Exhibit | Extra]) -> Iterator[Block]:
    """What stands before the chapters."""
    yield Heading(name_report(exhibits), 1)
    yield Paragraph(say_no_advice())
    yield Paragraph(max(exhibit.provenance.exported_on for exhibit in exhibits).isoformat(), lead="Made on ")


def list_chapter(exhibit: Exhibit | Extra, number: int) -> Iterator[Block]:
    """One view: what was asked, of whom, what is answered, shown, and has to be known of it."""
    provenance = exhibit.provenance
    yield Heading(title_of(exhibit), 2, number)
    if exhibit.comment:
        yield Paragraph(exhibit.comment, "comment", "Comment: ")
    yield from (
        _list_extra(exhibit) if isinstance(exhibit, Extra) else _list_view(exhibit.document, provenance.synthetic)
    )
    yield Heading("About these numbers", 3)
    # The first line is the title, and the last, that nothing is advice, stands at the beginning once.
    yield Bullets(provenance.lines()[1:-1])
    if exhibit.link:
        yield Address(exhibit.link)


def _list_view(document: Document, synthetic: bool) -> Iterator[Block]:
    yield Paragraph(document.question, "question")
    yield Paragraph(document.sentence(), "cohort", "SYNTHETIC DATA. " if synthetic else "")
    if answer := " ".join(document.answer()):
        yield Paragraph(answer, "answer")
    warnings, others = _arrange(document.notes())
    yield from warnings
    if headlines := document.headlines():
        yield Table("The numbers at the top", ("Number", "Value"), tuple((h.label, h.value) for h in headlines))
    yield from _list_picture(document.main())
    yield from document.tables()
    for picture in document.pictures():
        yield Heading(picture.title, 3)
        yield from _list_picture(picture)
    if sentences := document.sentences():
        yield Heading("In words", 3)
        yield Bullets(sentences)
    yield from _list_notes(others)
    yield Heading("Whom it shows", 3)
    yield _tabulate_way(document)


def _list_extra(extra: Extra) -> Iterator[Block]:
    if extra.question:
        yield Paragraph(extra.question, "question")
    yield Paragraph(extra.provenance.selection, "cohort", "SYNTHETIC DATA. " if extra.provenance.synthetic else "")
    warnings, others = _arrange(extra.shown.notes)
    first, *more = extra.shown.sentences or ("",)
    if first:
        yield Paragraph(first, "answer")
    yield from warnings
    for picture in extra.shown.pictures:
        yield Heading(picture.title, 3)
        yield from _list_picture(picture)
    yield from extra.shown.tables
    if more:
        yield Heading("In words", 3)
        yield Bullets(tuple(more))
    yield from _list_notes(others)


def list_ending(exhibits: Sequence[Exhibit | Extra]) -> Iterator[Block]:
    """What stands after the chapters: how far the report answers what guidelines ask for."""
    parts = [frozenset() if isinstance(one, Extra) else find_parts(one.document) for one in exhibits]
    yield Heading("What guidelines ask for", 2)
    yield from (fill_checklist(checklist, parts) for checklist in load_checklists())


def find_parts(document: Document) -> frozenset[str]:
    """What a view has of that which guidelines ask for."""
    main = document.main().figure
    found = set() if isinstance(main, HtmlFigure) else set(list_parts(main))
    provenance = document.provenance()
    known = {
        "view": True,
        "notes": bool(document.notes()),
        "choices": any(remark.startswith("Choices: ") for remark in provenance.remarks),
        "left_out": bool(document.used().left_out),
        "comparisons": bool(document.tests()),
        "sensitivity": any("ensitivity" in table.title for table in document.tables()),
        "subgroups": document.slug == "subgroups",
    }
    return frozenset(found | {name for name, has in known.items() if has})


def _list_picture(picture: Picture) -> Iterator[Block]:
    """A figure, whichever way the page draws it; of a forest its rows, too, which a drawing only shows."""
    figure = picture.figure
    is_html = isinstance(figure, HtmlFigure)
    svg = figure.svg("", "") if is_html else draw_still(figure, picture.title, picture.alt_text)
    yield Drawing(svg, picture.alt_text, picture.caption)
    if is_html and figure.forest is not None and any(figure.forest.sections):
        yield tabulate_forest(figure.forest)


def tabulate_forest(forest: Forest) -> Table:
    """The rows of a forest without their marks."""
    columns = tuple(f"{column.head} {column.aside}".strip() for column in forest.columns)
    rows = [row for section in forest.sections for row in section]
    cells = tuple(tuple(" ".join(filter(None, (c.lead, c.text, c.detail))) for c in row.cells) for row in rows)
    return Table(forest.name, columns, cells, tuple(not row.is_heading for row in rows))


def _arrange(notes: Iterable[Note]) -> tuple[list[Paragraph], list[Paragraph]]:
    """The warnings among the notes, and the others, the gravest first."""
    ordered = sorted(notes, key=lambda note: GRAVEST_FIRST.index(note.severity))
    said: tuple[list[Paragraph], list[Paragraph]] = [], []
    for note in ordered:
        kind: Kind = "warning" if note.severity == "warning" else "note"
        said[kind != "warning"].append(
            Paragraph(f"{note.text} {note.remedy}".strip(), kind, f"{SIGNS[note.severity]} ")
        )
    return said


def _list_notes(notes: Sequence[Paragraph]) -> Iterator[Block]:
    if notes:
        yield Heading("Notes", 3)
        yield from notes


def _tabulate_way(document: Document) -> Table:
    stages = document.attrition()
    frame = tabulate_stages(stages)
    rows = tuple(
        (f"{term}: without {reason}" if reason else term, format_count(n), format_count(lost) if lost else "")
        for term, reason, n, lost in zip(frame["term"], frame["reason"], frame["n"], frame["n_lost"], strict=True)
    )
    return Table(say_attrition(stages), ("Stage", "Left", "Lost"), rows)
