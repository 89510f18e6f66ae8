"""The one page that shows any registered analysis."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from analytics.analyses import load_analyses
from analytics.analysis import Analysis
from analytics.cohort.disclosure import SuppressedError
from pages.components import state
from pages.components.cache import load_document
from pages.components.collecting import to_collected
from pages.components.context import Context
from pages.components.controls import choose_reference, show_choices
from pages.components.figures import show_figure
from pages.components.kept_ledger import enter_comparisons
from pages.components.layout import BELOW, show_above
from pages.components.notes import show_lacking
from pages.components.open_view import OpenView
from pages.components.presenting import show_presenter
from pages.components.protection import show_suppressed
from pages.components.registry import Page
from pages.components.tables import show_answer
from pages.components.title import show_title


def show_analysis(analysis: Analysis[Any, Any], context: Context) -> None:
    """Choices, figure, sentences, tables and files of one analysis."""
    offer = context.offers[analysis.slug]
    st.session_state[state.SHOWN] = None if offer.lacks else analysis.slug
    if offer.lacks:
        with st.container(key=state.HEAD):
            show_title(analysis.title, analysis.question, context)
            show_lacking(context.cohort.name, offer.lacks)
        return
    head, place = st.container(key=state.HEAD), st.container(key=state.PLACE)
    try:
        document = load_document(context.cohort, context.filter, analysis.slug, context.choices)
    except SuppressedError as error:
        with head:
            show_title(analysis.title, analysis.question, context)
            show_presenter(analysis, context.links)
            show_choices(offer.controls, context.choices)
        with place:
            show_suppressed(error)
        return
    opened = OpenView(context, context.choices, document)
    # The browser draws what is sent first: the figure, then everything around it.
    with place:
        show_figure(document.main(), opened.stem, choose_reference)
    with head:
        show_title(analysis.title, analysis.question, context)
        show_presenter(analysis, context.links, to_collected(opened))
        show_answer(document.answer())
        show_choices(offer.controls, context.choices)
        show_above(opened)
    enter_comparisons(opened.comparisons)
    for show in BELOW:
        show(opened)


def list_pages() -> tuple[Page, ...]:
    """A page for each registered analysis."""
    return tuple(
        Page(a.slug, a.title, a.icon, partial(show_analysis, a), order=a.order, about=a.question, section=a.section)
        for a in load_analyses()
    )
