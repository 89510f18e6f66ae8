"""The one page that shows any registered analysis."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analytics.analyses import load_analyses
from analytics.analysis import Analysis
from analytics.cohort.disclosure import SuppressedError
from pages.components import state
from pages.components.cache import Choices, load_controls
from pages.components.context import Context
from pages.components.controls import ask_choices, choose_reference
from pages.components.figures import show_figure
from pages.components.layout import ABOVE, BELOW, open_places
from pages.components.ledger import record_comparisons
from pages.components.notes import show_lacking
from pages.components.open_view import open_view
from pages.components.presenting import show_presenter
from pages.components.protection import show_suppressed
from pages.components.registry import Page
from pages.components.run import run_again_unless
from pages.components.tables import show_answer
from pages.components.title import show_title


def show_analysis(analysis: Analysis[Any, Any], context: Context) -> None:
    """Choices, figure, sentences, tables and files of one analysis."""
    missing = analysis.missing(context.cohort)
    st.session_state[state.SHOWN] = None if missing else analysis.slug
    if missing:
        with st.container(key=state.HEAD):
            show_title(analysis.title, analysis.question, context)
            show_lacking(context.cohort.name, missing)
            show_presenter(context, analysis.slug)
        return
    title, said, choice, head, place = open_places()
    ask = partial(_ask_choices, analysis, context, title, choice)
    # What an address chooses is known only to the widgets: where it decides, they are drawn before it is computed.
    known = context.choices_of(analysis.slug)
    choices = ask() if known is None else known
    try:
        opened = open_view(context, analysis.slug, choices)
    except SuppressedError as error:
        if known is not None:
            ask()
        with place:
            show_suppressed(error)
        return
    # The browser draws what is sent first: the figure, then everything around it.
    with place:
        show_figure(opened.document.main(), opened.stem, choose_reference)
    if known is not None:
        run_again_unless(ask() == choices)
    with said:
        show_answer(opened.document.answer())
    with head:
        for show in ABOVE:
            show(opened)
    record_comparisons(opened)
    for show in BELOW:
        show(opened)


def _ask_choices(
    analysis: Analysis[Any, Any], context: Context, title: DeltaGenerator, choice: DeltaGenerator
) -> Choices:
    with title:
        show_title(analysis.title, analysis.question, context)
    with choice:
        choices = ask_choices(load_controls(context.cohort, analysis.slug))
    with title:
        show_presenter(context, analysis.slug)
    return choices


def list_pages() -> tuple[Page, ...]:
    """A page for each registered analysis."""
    return tuple(
        Page(a.slug, a.title, a.icon, partial(show_analysis, a), order=a.order, about=a.question, section=a.section)
        for a in load_analyses()
    )
