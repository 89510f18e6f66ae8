"""What is folded away under a figure, by its purpose: opened by a click or a key, and most of it made only then."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from analytics.document import Headline
from analytics.reporting.tables import Place, Table
from pages.components import state
from pages.components.asking import show_asking
from pages.components.attrition import show_attrition
from pages.components.background import show_background
from pages.components.checks import show_checks, show_opinion, show_planning
from pages.components.figures import show_caption, show_picture
from pages.components.files import show_toolbar
from pages.components.ledger import show_ledger
from pages.components.markdown import as_markdown
from pages.components.notes import is_grave, show_notes
from pages.components.open_view import OpenView
from pages.components.related import show_related
from pages.components.tables import show_headlines, show_sentences, show_table


def show_more_numbers(opened: OpenView) -> None:
    """Further figures and tables, the estimates in words, and what is computed beside the page."""
    _show_pictures(opened, "", "more")
    for table in _tables_in(opened, "")[1:] + _tables_in(opened, "more"):
        show_table(table)
    show_background(opened, opened.document.background)
    show_sentences(opened.document.sentences())


def show_certainty(opened: OpenView) -> None:
    """How far the result can be trusted: notes, sensitivity, checks, a second opinion, and the next study."""
    show_headlines(_headlines_in(opened, "sure"), "headlines-sure")
    show_notes([note for note in opened.document.notes() if not is_grave(note)], link_of=opened.link_of_note)
    _show_pictures(opened, "sure")
    for table in _tables_in(opened, "sure"):
        show_table(table)
    show_checks(opened)
    show_opinion(opened)
    show_planning(opened)


def show_method(opened: OpenView) -> None:
    """How the figure is read, how its numbers were made, of whom, and where that is taught."""
    show_headlines(_headlines_in(opened, "done"), "headlines-done")
    show_caption(opened.document.main().caption)
    show_caption(f"Method: {opened.document.method}")
    show_attrition(opened)
    show_related(opened.context.links, opened.document.slug)


def show_files_fold(opened: OpenView) -> None:
    """What can be taken away, what can be asked, and what has been compared so far, which every file says."""
    show_toolbar(opened)
    show_asking(opened)
    show_ledger(opened)


def show_folds(opened: OpenView) -> None:
    """The four folds, each made once it is opened.

    The first three redraw themselves alone. With what can be taken away the page does: a mark in the ledger is written into
    every file.
    """
    _show_alone(opened)
    _show_fold("Files", state.FILES, ":material/download:", show_files_fold, opened)


@st.fragment
def _show_alone(opened: OpenView) -> None:
    _show_fold("More numbers", state.MORE, ":material/table_chart:", show_more_numbers, opened)
    _show_fold("How sure is this", state.SURE, ":material/verified:", show_certainty, opened)
    _show_fold("How it was done", state.DONE, ":material/science:", show_method, opened)


def _show_fold(title: str, key: str, icon: str, show: Callable[[OpenView], None], opened: OpenView) -> None:
    with st.expander(as_markdown(title), icon=icon, key=key, on_change="rerun") as fold:
        if fold.open:
            show(opened)


def _headlines_in(opened: OpenView, place: Place) -> list[Headline]:
    return [headline for headline in opened.document.headlines() if headline.place == place]


def _tables_in(opened: OpenView, place: Place) -> list[Table]:
    return [table for table in opened.document.tables() if table.place == place]


def _show_pictures(opened: OpenView, *places: Place) -> None:
    for i, picture in enumerate(opened.document.pictures()):
        if picture.place in places:
            show_picture(picture, state.key_of_picture("picture", i), opened.stem)
