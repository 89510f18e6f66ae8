"""For a class: the codes that learners read out, and the spread of what they predicted."""

from __future__ import annotations

from html import escape

import streamlit as st

from analytics.learning import class_words
from analytics.reporting.wording import say_no_advice
from pages.components.context import Context
from pages.components.language import ask_language
from pages.components.markdown import as_markdown
from pages.components.registry import LEARN, Page
from pages.components.spread import ask_codes, show_read, show_rounds
from pages.components.title import show_title


def show_class(context: Context) -> None:
    """How a class is asked, the place for its codes, and the spread of each question."""
    language = ask_language()
    show_title(class_words.CLASS.said(language), class_words.ABOUT.said(language), context)
    how = "".join(f"<li>{escape(text.said(language))}</li>" for text in class_words.HOW)
    st.html(f'<ol class="outcomes-how">{how}</ol>')
    handed = ask_codes(context, language)
    show_read(handed, context, language)
    show_rounds(handed, language)
    st.caption(as_markdown(class_words.NOTHING_SENT.said(language)))
    st.caption(as_markdown(say_no_advice()))


def list_pages() -> tuple[Page, ...]:
    """The pages of this file."""
    about = (
        "Codes that a class reads out after predicting: how its predictions spread, beside the answer once it is shown."
    )
    return (
        Page(
            url_path="class",
            title="For a class",
            icon=":material/groups:",
            show=show_class,
            order=160,
            about=about,
            section=LEARN,
        ),
    )
