"""Two selections beside each other: what a page shows of another one, and who is in both."""

from __future__ import annotations

from dataclasses import replace
from html import escape

import streamlit as st

from analytics.cohort.filters import CohortFilter
from analytics.dictionary import load_words
from analytics.formats import format_count, format_patients
from analytics.reporting.wording import say_selection
from pages.components import state
from pages.components.figures import show_picture
from pages.components.ledger import record_comparisons
from pages.components.open_view import OpenView, open_view


def show_versus(opened: OpenView) -> None:
    """The answer and the figure of the other selection, by the same choices, and how many are in both."""
    context = opened.context
    if context.versus is None:
        return
    other = open_view(replace(context, filter=context.versus, versus=None), opened.document.slug, opened.choices)
    record_comparisons(other)
    n = context.cohort.count(context.versus)
    st.html(
        f'<div data-testid="versus"><h2 class="outcomes-h2">Compared with {format_patients(n)}: '
        f"{escape(say_selection(context.versus, context.cohort.dictionary))}</h2>"
        f'<p class="outcomes-answer">{escape(" ".join(other.document.answer()))}</p>'
        f'<p class="outcomes-caption">{escape(describe_overlap(opened, context.versus))}</p></div>'
    )
    show_picture(other.document.main(), state.VERSUS_FIGURE, other.stem)


def describe_overlap(opened: OpenView, versus: CohortFilter) -> str:
    """How many are in both selections, and what that means for reading one beside the other."""
    cohort, own, words = opened.context.cohort, opened.context.filter, load_words()
    both = own.both(versus)
    n = cohort.count(both) if both is not None else 0
    if not n:
        return f"No {words.noun} is in both selections. They stand beside each other; no test compares them."
    if n == cohort.count(own) == cohort.count(versus):
        return f"Both selections are the same {words.plural}."
    return (
        f"{format_count(n)} {words.of(n)} {'is' if n == 1 else 'are'} in both selections and count on either side: they are not "
        "independent of each other, and no test compares them."
    )
