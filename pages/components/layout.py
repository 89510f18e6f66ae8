"""The layout of an analysis: what is in sight above its figure and below it, in this order."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from analytics.results import Note
from pages.components.files import said_html
from pages.components.folds import show_folds
from pages.components.notes import MOST_NOTES, WORST_FIRST, is_grave, notes_html
from pages.components.open_view import OpenView
from pages.components.tables import headlines_html, show_table
from pages.components.versus import show_versus


def show_above(opened: OpenView) -> None:
    """The few numbers at the top, and what is wrong with the figure before it is seen; in one piece, as it is sent."""
    headlines = [headline for headline in opened.document.headlines() if not headline.place]
    warnings = [note for note in _list_grave(opened)[:MOST_NOTES] if note.severity == "warning"]
    html = headlines_html(headlines) + notes_html(warnings, link_of=opened.link_of_note)
    st.html(f'<div class="outcomes-above">{html}</div>')


def show_beside(opened: OpenView) -> None:
    """The gravest cautions, the others one click away, and what every saved picture says.

    Beside the figure on a wide screen, and under it elsewhere.
    """
    notes = _list_grave(opened)
    shown = [note for note in notes[:MOST_NOTES] if note.severity != "warning"]
    html = notes_html(shown, notes[MOST_NOTES:], opened.link_of_note)
    said = said_html(opened.provenance, opened.link, opened.stem)
    st.html(f'<div class="outcomes-beside">{html}{said}</div>')


def show_main_table(opened: OpenView) -> None:
    """The numbers behind the figure."""
    for table in [table for table in opened.document.tables() if not table.place][:1]:
        show_table(table)


def _list_grave(opened: OpenView) -> list[Note]:
    grave = [note for note in opened.document.notes() if is_grave(note)]
    return sorted(grave, key=lambda note: WORST_FIRST.index(note.severity))


BELOW: tuple[Callable[[OpenView], None], ...] = (show_versus, show_beside, show_main_table, show_folds)
