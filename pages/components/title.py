"""The head of every page: what it asks, of whom, and what the link asked for and could not be used."""

from __future__ import annotations

from html import escape

import streamlit as st

from analytics.results import Note
from pages.components import state
from pages.components.context import Context, is_presenting
from pages.components.protection import protection_chip, source_html
from pages.components.style import PRESENTED, STYLE


def show_style() -> None:
    """The style sheet of all pages, and of one that is presented."""
    st.html(f"<style>{STYLE}{PRESENTED if is_presenting() else ''}</style>")


def show_title(title: str, question: str, context: Context) -> None:
    """The page's title and question, the active cohort in one sentence, and what of the link is not used."""
    cohort = context.cohort
    partly = any(note.code == "partly-synthetic" for note in cohort.notes)
    said = "SYNTHETIC DATA" if cohort.synthetic else "PARTLY SYNTHETIC DATA" if partly else ""
    chip = (f'<span class="outcomes-chip">{said}</span>' if said else "") + protection_chip(cohort)
    st.html(
        f'<h1 class="outcomes-title">{escape(title)}</h1><p class="outcomes-question">{escape(question)}</p>'
        f"{source_html()}"
        f'<p class="outcomes-cohort" data-testid="cohort-sentence">{chip}{escape(context.sentence)}</p>'
    )
    _show_link_notes()


def _show_link_notes() -> None:
    """What a link asked for and could not be used, until it is dismissed."""
    notes = [Note(*texts) for texts in st.session_state.get(state.LINK_NOTES, [])]
    if not notes:
        return
    items = "".join(
        f'<li data-code="{escape(n.code)}">{escape(n.text)} <span class="remedy">{escape(n.remedy)}</span></li>'
        for n in notes
    )
    st.html(
        '<div class="outcomes-note caution" role="status" data-testid="link-notes"><b>Not everything in the link could be '
        f'used.</b><ul class="outcomes-says">{items}</ul></div>'
    )
    st.button("Dismiss", key=state.DISMISS_LINK_NOTES, on_click=st.session_state.update, args=({state.LINK_NOTES: []},))
