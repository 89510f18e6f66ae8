"""The layout of an analysis: what stands above its figure and below it, in this order."""

from __future__ import annotations

from collections.abc import Callable

from pages.components.attrition import show_attrition
from pages.components.background import show_background
from pages.components.checks import show_checks, show_opinion, show_planning
from pages.components.figures import show_caption, show_picture
from pages.components.files import show_toolbar
from pages.components.ledger import show_ledger
from pages.components.notes import arrange_notes, show_notes
from pages.components.open_view import OpenView
from pages.components.state import key_of_picture
from pages.components.tables import show_headlines, show_sentences, show_table


def show_numbers(opened: OpenView) -> None:
    """The few numbers at the top."""
    show_headlines(opened.document.headlines())


def show_warnings(opened: OpenView) -> None:
    """The gravest notes."""
    warnings, _, _ = arrange_notes(opened.document.notes())
    show_notes(warnings, link_of=opened.link_of_note)


def show_reading(opened: OpenView) -> None:
    """How to read the figure."""
    show_caption(opened.document.main().caption)


def show_remarks(opened: OpenView) -> None:
    """The other notes, those of less weight one click away."""
    _, remarks, more = arrange_notes(opened.document.notes())
    show_notes(remarks, more, opened.link_of_note)


def show_pictures(opened: OpenView) -> None:
    """The further figures."""
    for i, picture in enumerate(opened.document.pictures()):
        show_picture(picture, key_of_picture("picture", i), opened.stem)


def show_tables(opened: OpenView) -> None:
    """The tables, one below the other."""
    for table in opened.document.tables():
        show_table(table)


def show_background_parts(opened: OpenView) -> None:
    """What is computed beside the page."""
    show_background(opened, opened.document.background)


def show_words(opened: OpenView) -> None:
    """What the estimates say."""
    show_sentences(opened.document.sentences())


ABOVE: tuple[Callable[[OpenView], None], ...] = (show_numbers, show_warnings)
BELOW: tuple[Callable[[OpenView], None], ...] = (
    *(
        show_reading,
        show_toolbar,
        show_ledger,
        show_remarks,
        show_pictures,
        show_tables,
        show_background_parts,
        show_words,
    ),
    *(show_checks, show_opinion, show_planning, show_attrition),
)
