"""What a reader meets where small numbers are protected: what is not shown, and why."""

from __future__ import annotations

from html import escape

import streamlit as st

from analytics.cohort.disclosure import SuppressedError
from analytics.cohort.filters import CohortFilter
from analytics.dictionary import load_words
from analytics.reporting.protection import say_protection
from analytics.reporting.wording import say_selection
from pages.components import state
from pages.components.context import Context, return_to_answered
from pages.components.title import protection_chip, source_html


def show_protection(smallest_cell: int) -> None:
    """What it means that small numbers are protected."""
    patients = load_words().plural
    st.html(
        "<h2 class='outcomes-h2'>Small numbers are protected here</h2>"
        f"<div class='outcomes-note warning' role='note'>{escape(say_protection(smallest_cell))}</div>"
        f"<ul class='outcomes-says'><li>&lt;{smallest_cell} stands for 1 to {smallest_cell - 1} {patients}, 0 for none, and … "
        "for a number that would tell a smaller one beside it. Numbers are rounded each for itself, beside the filters to twice "
        f"{smallest_cell}, so that they need not add up.</li>"
        f"<li>A selection of fewer than {smallest_cell} {patients}, or of none, is not answered at all.</li>"
        f"<li>Two selections that differ by fewer than {smallest_cell} {patients} are not both answered.</li>"
        f"<li>What looks at handfuls of {patients} is not offered: landmarks, subgroups, missing values, checks of models.</li>"
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
    if context.too_near is None:
        show_too_few(context.cohort.smallest_cell)
    else:
        show_too_near(context, context.too_near)
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
        '<div class="outcomes-note caution" role="status" data-testid="too-few"><b>Too few.</b> Fewer than '
        f"{smallest_cell} {load_words().plural}, or none at all, are selected: nothing is said of them, on no page "
        "and beside no filter. "
        '<span class="remedy">Widen the filter.</span></div>'
    )


def show_too_near(context: Context, answered: CohortFilter) -> None:
    """That a selection is too near another that was answered."""
    cohort, patients = context.cohort, load_words().plural
    before = say_selection(answered, cohort.dictionary)
    st.html(
        '<div class="outcomes-note caution" role="status" data-testid="too-near"><b>Too near another.</b> '
        f"It differs from one that you have seen ({escape(before)}) by fewer than {cohort.smallest_cell} {patients}. The two "
        "answers, one taken from the other, would describe these few. "
        f'<span class="remedy">Change the filter so that more {patients} come or go.</span></div>'
    )
