"""Two selections beside each other: what a page shows of another one, and who is in both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from html import escape

import pandas as pd
import streamlit as st

from analytics.dictionary import load_words
from analytics.document import Contrast
from analytics.formats import format_count, format_patients
from analytics.reporting.files import to_files
from analytics.reporting.tables import table_frame
from analytics.reporting.wording import say_selection
from pages.components import state
from pages.components.cache import load_document
from pages.components.context import Context, count_both, hold_filter
from pages.components.figures import show_picture
from pages.components.files import add_remarks, show_files
from pages.components.kept_ledger import enter_comparisons
from pages.components.open_view import OpenView
from pages.components.tables import show_table

FILE = "a-and-b"
NO_TEST = "No test compares the two."


def show_versus(opened: OpenView) -> None:
    """The other selection by the same choices: its answer, how many are in both, and both in one figure and one table.

    Where one figure cannot hold both, that of the other one stands alone.
    """
    context = opened.context
    if context.versus is None:
        return
    document = load_document(context.cohort, context.versus, opened.document.slug, opened.choices)
    alone = replace(context, filter=context.versus, versus=None, is_apart=False, whole=None)
    other = OpenView(alone, opened.choices, document)
    enter_comparisons(other.comparisons)
    show_other(context, " ".join(document.answer()))
    contrast = opened.contrast
    if contrast is None:
        show_picture(document.main(), state.VERSUS_FIGURE, other.stem)
        st.html(f'<p class="outcomes-caption">{escape(NO_TEST)}</p>')
        return
    show_picture(contrast.picture, state.VERSUS_FIGURE, f"{opened.stem}_a-b")
    for table in contrast.tables:
        show_table(table)
    for sentence in contrast.sentences:
        st.html(f'<p data-testid="versus-test">{escape(sentence)}</p>')
    if contrast.tables or contrast.frame is not None:
        frames = partial(_frames_of, contrast)
        said = add_remarks(opened.provenance, (contrast.picture.title, *contrast.sentences))
        show_files((FILE,), frames, said, opened.stem, FILE)


def _frames_of(contrast: Contrast) -> Mapping[str, pd.DataFrame]:
    if contrast.frame is None:
        return {FILE: table_frame(contrast.tables[0])}
    return to_files({FILE: contrast.frame()})


def show_other(context: Context, answer: str) -> None:
    """Which selection stands beside the open one, the answer it gives, who is in both, and whether they are left out."""
    if context.versus is None:
        return
    n = context.cohort.count(context.versus)
    st.html(
        f'<div data-testid="versus"><h2 class="outcomes-h2">Compared with {format_patients(n)}: '
        f"{escape(say_selection(context.versus, context.cohort.dictionary))}</h2>"
        f'<p class="outcomes-answer">{escape(answer)}</p>'
        f'<p class="outcomes-caption">{escape(describe_overlap(context))}</p></div>'
    )
    # What the link says is held; the widget follows it, as after Back or Undo.
    st.session_state[state.APART_ASKED] = context.is_apart
    st.toggle("Leave out those in both", key=state.APART_ASKED, on_change=_take_apart)


def _take_apart() -> None:
    held = {key: texts for key, texts in st.session_state.get(state.FILTERS, {}).items() if key != state.APART}
    hold_filter(held | ({state.APART: ["1"]} if st.session_state[state.APART_ASKED] else {}))


def describe_overlap(context: Context) -> str:
    """How many are in both selections, and what that means for reading one beside the other."""
    n, words = count_both(context), load_words()
    if context.versus is None or not n:
        return f"No {words.noun} is in both selections."
    are = f"{format_count(n)} {words.of(n)} {'is' if n == 1 else 'are'} in both selections and"
    if context.is_apart:
        return f"{are} {'is' if n == 1 else 'are'} left out of either."
    if n == context.cohort.count(context.filter) == context.cohort.count(context.versus):
        return f"Both selections are the same {words.plural}."
    return f"{are} count on either side: the two are not independent of each other."
