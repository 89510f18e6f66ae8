"""The head of every page: what it asks, of whom, and what the link asked for and could not be used."""

from __future__ import annotations

from html import escape

import streamlit as st

from analytics.cohort import Cohort
from analytics.dictionary import load_words
from analytics.reporting.protection import say_protection
from analytics.results import Note
from pages.components import state
from pages.components.context import Context, is_presenting
from pages.components.language import read_language
from pages.components.sources import say_open_source
from pages.components.style import PRESENTED, STYLE

IN_CHINESE, PARTLY_IN_CHINESE = " · 合成数据", " · 部分为合成数据"  # who learns in Chinese has to know, too


def show_style() -> None:
    """The style sheet of all pages, and of one that is presented."""
    st.html(f"<style>{STYLE}{PRESENTED if is_presenting() else ''}</style>")


def show_title(title: str, question: str, context: Context) -> None:
    """The page's title and question, the active cohort in one sentence, and what of the link is not used."""
    cohort = context.cohort
    chip = _chips_html(cohort)
    st.html(
        f'<h1 class="outcomes-title">{escape(title)}</h1><p class="outcomes-question">{escape(question)}</p>'
        f"{source_html()}"
        f'<p class="outcomes-cohort" data-testid="cohort-sentence">{chip}{escape(context.selection.sentence())}</p>'
    )
    _show_link_notes()


def protection_chip(cohort: Cohort) -> str:
    """The HTML that says on every page that small numbers are protected, and that it is an experiment; "" where they are not."""
    if not cohort.smallest_cell:
        return ""
    return (
        f'<span class="outcomes-chip" data-testid="protected" title="{escape(say_protection(cohort.smallest_cell))}">'
        f"SMALL NUMBERS PROTECTED: EXPERIMENTAL, NOT FOR REAL {load_words().plural.upper()}</span>"
    )


def source_html() -> str:
    """The HTML that says which file is open."""
    return f'<p class="outcomes-file" data-testid="file-name"><bdi>{escape(say_open_source())}</bdi></p>'


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


def _chips_html(cohort: Cohort) -> str:
    """The marks of a cohort: synthetic, in part or as a whole, and that small numbers are protected."""
    partly = any(note.code == "partly-synthetic" for note in cohort.notes)
    said = "SYNTHETIC DATA" if cohort.synthetic else "PARTLY SYNTHETIC DATA" if partly else ""
    if said and read_language() == "zh":
        said += IN_CHINESE if cohort.synthetic else PARTLY_IN_CHINESE
    return (f'<span class="outcomes-chip">{said}</span>' if said else "") + protection_chip(cohort)


def show_bare_title(title: str, question: str, cohort: Cohort) -> None:
    """The title and question of a page that is about no selection, and which cohort the filters beside it count."""
    st.html(
        f'<h1 class="outcomes-title">{escape(title)}</h1><p class="outcomes-question">{escape(question)}</p>'
        f"{source_html()} {_chips_html(cohort)}"
    )
    _show_link_notes()
