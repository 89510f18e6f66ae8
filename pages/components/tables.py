"""Numbers and sentences: headlines, tables, what they say in words, and parts that hold all of these."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from analytics.document import Headline, Shown
from analytics.reporting.tables import Table
from pages.components import state
from pages.components.figures import show_picture
from pages.components.notes import show_notes


def show_headlines(headlines: Sequence[Headline], name: str = "headlines") -> None:
    """The few numbers at the top, or of a fold of that ``name``."""
    if html := headlines_html(headlines, name):
        st.html(html)


def headlines_html(headlines: Sequence[Headline], name: str = "headlines") -> str:
    """The HTML of a few numbers; "" without any."""
    if not headlines:
        return ""
    items = "".join(
        f'<div title="{escape(h.help)}"><span>{escape(h.label)}</span><b>{escape(h.value)}</b></div>' for h in headlines
    )
    return f'<div class="outcomes-headlines" data-testid="{name}">{items}</div>'


def show_sentences(sentences: Sequence[str]) -> None:
    """What the estimates say, in plain words."""
    if sentences:
        st.html(
            '<h2 class="outcomes-says-title" style="font-size:1rem;margin:0 0 .3rem">In words</h2>'
            + _list_html(sentences, "sentences")
        )


def show_answer(sentences: Sequence[str]) -> None:
    """The answer to the question of the page; without one the place stays, so that nothing below it is another element."""
    answer = f'<p class="outcomes-answer" data-testid="answer">{escape(" ".join(sentences))}</p>'
    st.html(answer if sentences else "<p hidden></p>")


def show_table(table: Table) -> None:
    """A table."""
    st.html(table.to_html())


def show_part(part: Shown, name: str, picture_key: str, file_stem: str) -> None:
    """Notes, pictures, tables and sentences of a part that is shown on its own."""
    show_notes(part.notes)
    for i, picture in enumerate(part.pictures):
        show_picture(picture, state.key_of_picture(picture_key, i), file_stem)
    for table in part.tables:
        show_table(table)
    if part.sentences:
        st.html(_list_html(part.sentences, f"{name}-sentences"))


def _list_html(sentences: Sequence[str], name: str) -> str:
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    return f'<ul class="outcomes-says" data-testid="{name}">{items}</ul>'
