"""The way from a page to the lessons on what it shows."""

from __future__ import annotations

from html import escape

import streamlit as st

from analytics.learning.related import list_related
from analytics.learning.saying import fill
from pages.components.language import read_language
from pages.components.links import Links

PAGE = "lessons"


def show_related(links: Links, page: str) -> None:
    """Links to the lessons on an analysis; nothing without any."""
    language = read_language()
    ways = [
        f'<a data-turn href="{escape(links.elsewhere(PAGE, lesson=lesson.slug))}">{escape(fill(lesson.title).said(language))}</a>'
        for lesson in list_related(page)
    ]
    if ways:
        st.html(f'<p class="outcomes-caption" data-testid="related">Learn it: {" · ".join(ways)}</p>')
