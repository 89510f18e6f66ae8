"""What a reader meets where small numbers are protected: what is not shown, and why."""

from __future__ import annotations

from html import escape

import streamlit as st

from analytics.cohort.disclosure import SuppressedError, say_too_few
from analytics.dictionary import load_words
from analytics.reporting.protection import say_protection
from analytics.reporting.wording import start_sentence
from pages.components import state
from pages.components.context import Context, return_to_answered
from pages.components.title import protection_chip, source_html


def show_protection(smallest_cell: int) -> None:
    """What it means that small numbers are protected."""
    patients = load_words().plural
    st.html(
        "<h2 class='outcomes-h2'>Small numbers are protected here</h2>"
        f"<div class='outcomes-note warning' role='note'>{escape(say_protection(smallest_cell))}</div>"
        f"<ul class='outcomes-says'><li>&lt;{smallest_cell} stands for fewer than {smallest_cell} {patients} or none, … for a "
        "number beside which too few would be left. Each number has its own noise, so that they need not add up; the same "
        f"{patients} always have the same.</li>"
        f"<li>A selection is answered if at least {smallest_cell} {patients} are in it, are left out by each of its filters, "
        "have each chosen level, and lie on either side of each limit. Limits lie on "
        "fixed grids, and “up to” one means below it.</li>"
        f"<li>What looks at {patients} one by one is not offered: landmarks, subgroups, missing values, checks of models.</li>"
        "</ul>"
    )


def show_suppressed(error: SuppressedError) -> None:
    """Why a page shows nothing of a selection."""
    st.html(
        '<div class="outcomes-note caution" role="status" data-testid="suppressed" data-code="suppressed"><b>Not shown.</b> '
        f"Small numbers are protected here, and this page cannot answer without telling some: {escape(str(error))}. This is "
        'not the same as none. <span class="remedy">A wider selection, or fewer and coarser groups, may help.</span></div>'
    )


def show_unanswered(context: Context) -> None:
    """Why a selection is not answered, and the way back."""
    st.html(
        f'<h1 class="outcomes-title">This selection is not answered</h1>{source_html()}'
        f'<p class="outcomes-cohort">{protection_chip(context.cohort)}</p>'
    )
    show_too_few(context.cohort.smallest_cell)
    st.button(
        "Back to the last selection",
        icon=":material/undo:",
        on_click=return_to_answered,
        args=(context.cohort,),
        key=state.RETURN_TO_ANSWERED,
    )


def show_too_few(smallest_cell: int) -> None:
    """That nothing is said of a selection of a few; the same words for a few and for none."""
    st.html(
        '<div class="outcomes-note caution" role="status" data-testid="too-few"><b>Too few.</b> '
        f"{escape(start_sentence(say_too_few(smallest_cell)))}. Nothing is said of this selection, on no page and beside no "
        'filter. <span class="remedy">Widen the filter or take it away; let go of rare levels and of “not recorded”; move a '
        "limit to the next one.</span></div>"
    )
