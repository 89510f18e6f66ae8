"""A question that a teacher made of a view: predict, then see."""

from __future__ import annotations

from html import escape

import streamlit as st

from analytics.learning import class_words
from analytics.learning.saying import fill
from analytics.reporting.wording import say_no_advice
from pages.components.asked import CHOICES, PAGE, Asked, open_asked, read_query, show_asked
from pages.components.context import Context
from pages.components.language import ask_language
from pages.components.markdown import as_markdown
from pages.components.progress import keep_progress
from pages.components.registry import LEARN, Page
from pages.components.title import show_title


def show_question(context: Context) -> None:
    """The question that the link asks, or why there is none."""
    language = ask_language()
    asked = open_asked(context, read_query())
    title = class_words.QUESTION.said(language)
    if isinstance(asked, Asked):
        show_title(title, asked.document.title, context)
        show_asked(asked, language)
    else:
        show_title(title, class_words.ABOUT.said(language), context)
        why = fill(class_words.NO_QUESTION, why=asked).said(language)
        st.html(f'<p class="outcomes-note caution" data-testid="no-question">{escape(why)}</p>')
    keep_progress()
    st.caption(as_markdown(say_no_advice()))


def list_pages() -> tuple[Page, ...]:
    """The pages of this file."""
    about = "One number of a view, asked by a teacher's link: predict it, get a code to read out, then see the view."
    return (
        Page(
            url_path=PAGE,
            title="Question",
            icon=":material/quiz:",
            show=show_question,
            order=161,
            about=about,
            section=LEARN,
            choices=CHOICES,
            is_listed=False,
        ),
    )
