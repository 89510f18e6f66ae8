"""Notes, cautions, and what is wrong with a file."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from html import escape

import streamlit as st

from analytics.cohort.address import describe_source, find_scheme
from analytics.cohort.problems import CohortError, Problem, UnreachableError
from analytics.dictionary import load_words
from analytics.reporting.protection import say_experimental
from analytics.reporting.wording import join_words
from analytics.results import Note
from pages.components import state
from pages.components.cache import asks_for_protection
from pages.components.markdown import as_markdown

WORST_FIRST = ("warning", "caution", "info")
AGAIN_SECONDS = 5  # until a database that is away is looked for again
MOST_NOTES = 3  # in sight on a page
SIGNS = {"warning": "Warning.", "caution": "Take care.", "info": "Note."}


def is_grave(note: Note) -> bool:
    """True if a note stays in sight: a warning, a caution, or that small numbers are protected by an experiment."""
    return note.severity != "info" or note.code == "protected"


def arrange_notes(notes: Sequence[Note]) -> tuple[list[Note], list[Note], list[Note]]:
    """The gravest few: warnings, which stand above the figure, and others, below it; then those one click away."""
    ordered = sorted(notes, key=lambda note: WORST_FIRST.index(note.severity))
    shown, others = ordered[:MOST_NOTES], ordered[MOST_NOTES:]
    return [n for n in shown if n.severity == "warning"], [n for n in shown if n.severity != "warning"], others


def show_notes(
    notes: Sequence[Note],
    more: Sequence[Note] = (),
    link_of: Callable[[Note], str] = lambda note: "",
    *,
    beside: str = "",
) -> None:
    """Notes, ``more`` of them one click away, and HTML ``beside`` them. ``link_of`` makes the HTML of a note's link."""
    if html := notes_html(notes, more, link_of) + beside:
        st.html(html)


def notes_html(
    notes: Sequence[Note], more: Sequence[Note] = (), link_of: Callable[[Note], str] = lambda note: ""
) -> str:
    """The HTML of notes, ``more`` of them one click away; "" without any."""
    shown, others = _list_html(notes, link_of), _list_html(more, link_of)
    if others:
        summary = f"{len(others)} more {'note' if len(others) == 1 else 'notes'}"
        shown.append(f'<details class="outcomes-more"><summary>{summary}</summary>{"".join(others)}</details>')
    return "".join(shown)


def _list_html(notes: Sequence[Note], link_of: Callable[[Note], str]) -> list[str]:
    return [
        f'<div class="outcomes-note {n.severity}" data-code="{escape(n.code)}" role="note"><b>{SIGNS[n.severity]}</b>'
        f'{escape(n.text)} <span class="remedy">{escape(n.remedy)}</span>{link_of(n)}</div>'
        for n in notes
    ]


def show_lacking(name: str, columns: Sequence[str]) -> None:
    """That a page cannot be made of this file, and what the file lacks for it."""
    st.info(as_markdown(f"{name} has no column {join_words(columns)}, which this page needs. Add it to the file."))


def show_cautions(cautions: Sequence[str]) -> None:
    """The cautions that belong to the published figures."""
    items = "".join(f"<li>{escape(caution)}</li>" for caution in cautions)
    st.html(
        "<div class='outcomes-note caution' data-code='published-cautions'><b>Before quoting the published figures</b>"
        f"<ol class='outcomes-says'>{items}</ol></div>"
    )


def problems_html(problems: Sequence[Problem]) -> str:
    """A list of what is wrong, where and what to do."""
    items = "".join(
        f"<li><b>{escape(p.what)}</b> <span>{escape(p.where)}</span><br><span class='remedy'>{escape(p.remedy)}</span></li>"
        for p in problems
    )
    return f"<ol class='outcomes-says'>{items}</ol>"


def show_problems(error: CohortError, source: str) -> None:
    """What is wrong with a file or a table, where and what to do; then a way on."""
    what = "database" if find_scheme(source) else "folder" if os.path.isdir(source) else "file"
    st.html(
        f'<h1 class="outcomes-title">This {what} cannot be opened yet</h1><p><bdi>{escape(describe_source(source))}</bdi></p>'
    )
    is_away = isinstance(error, UnreachableError)
    # What is wrong names rows and values of single children: where numbers are protected, that is for those who run it.
    if asks_for_protection() and not is_away:
        st.html(
            f"<div class='outcomes-note warning' role='alert' data-testid='problems'>{say_experimental()} So "
            f"that no {load_words().noun} is described, "
            "what is wrong is written where the dashboard was started, and not shown.</div>"
        )
        return
    st.html(
        "<div class='outcomes-note warning' role='alert' data-testid='problems'>"
        f"{problems_html(error.problems)}</div><p>Nothing was changed in the {what}.</p>"
    )
    if is_away:
        look_again()
    with st.container(horizontal=True):
        again = "Try again" if is_away else f"I have mended the {what}: try again"
        st.button(again, type="primary", key=state.TRY_AGAIN)
        st.button(
            "Show the synthetic reference cohort instead",
            on_click=st.session_state.update,
            args=({state.USE_REFERENCE: True},),
            key=state.SHOW_REFERENCE,
        )


def look_again() -> None:
    """Run the page again every few seconds for as long as this is drawn."""
    is_first = True

    def look() -> None:
        nonlocal is_first
        if not is_first:
            st.rerun()
        is_first = False

    st.fragment(look, run_every=AGAIN_SECONDS)()
