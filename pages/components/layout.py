"""The layout of an analysis: what is in sight above its figure and below it, in this order."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analytics.results import Note
from pages.components import state
from pages.components.files import said_html
from pages.components.folds import show_folds
from pages.components.notes import MOST_NOTES, WORST_FIRST, is_grave, show_notes
from pages.components.open_view import OpenView
from pages.components.tables import show_headlines, show_table
from pages.components.versus import show_versus


def open_places(*keys: str) -> tuple[DeltaGenerator, ...]:
    """Places of the page, in this order."""
    return tuple(st.container(key=key) for key in keys)


def show_numbers(opened: OpenView) -> None:
    """The few numbers at the top."""
    show_headlines([headline for headline in opened.document.headlines() if not headline.place])


def show_warnings(opened: OpenView) -> None:
    """What is wrong with the figure, before it is seen."""
    show_notes(
        [note for note in _list_grave(opened)[:MOST_NOTES] if note.severity == "warning"], link_of=opened.link_of_note
    )


def show_grave_cautions(opened: OpenView) -> None:
    """The gravest cautions, the others one click away, and what every saved picture says."""
    notes = _list_grave(opened)
    shown = [note for note in notes[:MOST_NOTES] if note.severity != "warning"]
    show_notes(
        shown, notes[MOST_NOTES:], opened.link_of_note, beside=said_html(opened.provenance, opened.link, opened.stem)
    )


def show_beside(opened: OpenView) -> None:
    """What stands beside the figure on a wide screen, and under it elsewhere."""
    with st.container(key=state.BESIDE):
        show_grave_cautions(opened)


def show_main_table(opened: OpenView) -> None:
    """The numbers behind the figure."""
    for table in [table for table in opened.document.tables() if not table.place][:1]:
        show_table(table)


def _list_grave(opened: OpenView) -> list[Note]:
    grave = [note for note in opened.document.notes() if is_grave(note)]
    return sorted(grave, key=lambda note: WORST_FIRST.index(note.severity))


ABOVE: tuple[Callable[[OpenView], None], ...] = (show_numbers, show_warnings)
BELOW: tuple[Callable[[OpenView], None], ...] = (show_versus, show_beside, show_main_table, show_folds)
