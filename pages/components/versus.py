"""Two selections beside each other: what a page shows of another one, and who is in both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from html import escape

import pandas as pd
import streamlit as st

from analytics.analyses import load_analyses
from analytics.dictionary import load_words, speaking_by
from analytics.document import Contrast, Document
from analytics.formats import format_count, format_patients
from analytics.reporting.files import to_files
from analytics.reporting.tables import table_frame
from analytics.reporting.wording import say_selection, start_sentence
from analytics.views.two_files import ASSUMED
from pages.components import state
from pages.components.cache import FileBeside, load_document
from pages.components.context import Context, count_both, hold_filter
from pages.components.figures import show_picture
from pages.components.files import said_html, show_files
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
        show_start_problem(context)
        return
    beside = opened.beside
    if beside is None:
        document: Document | None = load_document(context.cohort, context.versus, opened.document.slug, opened.choices)
        choices = opened.choices
    else:
        document, choices = beside.document, beside.choices
    if document is None:
        show_other(context, "")
        _show_likeness(beside)
        return
    alone = replace(
        context,
        cohort=context.cohort_beside,
        filter=context.versus,
        versus=None,
        is_apart=False,
        whole=None,
        start=None,
    )
    other = OpenView(alone, choices, document)
    enter_comparisons(other.comparisons)
    show_other(context, " ".join(document.answer()))
    _show_likeness(beside)
    contrast, stem = opened.contrast, opened.stem_beside
    with st.container(key=state.VERSUS_PLACE):
        if contrast is None:
            show_picture(document.main(), state.VERSUS_FIGURE, other.stem)
            st.html(said_html(other.provenance, opened.link, other.stem, is_beside=True))
            apart = next(a.apart for a in load_analyses() if a.slug == opened.document.slug)
            st.html(f'<p class="outcomes-caption">{escape(f"{apart} {NO_TEST}".strip())}</p>')
            return
        show_picture(contrast.picture, state.VERSUS_FIGURE, stem)
        said = opened.provenance_beside
        st.html(said_html(said, opened.link, stem, is_beside=True))
    for table in contrast.tables:
        show_table(table)
    for sentence in contrast.sentences:
        st.html(f'<p data-testid="versus-test">{escape(sentence)}</p>')
    if contrast.tables or contrast.frame is not None:
        frames = partial(_frames_of, contrast)
        show_files((FILE,), frames, said, opened.stem if context.start is None else stem, FILE)


def _show_likeness(beside: FileBeside | None) -> None:
    """What keeps the two files from being compared, or does not mean the same in both."""
    if beside is None:
        return
    for refusal in beside.likeness.refusals:
        st.html(f'<p class="outcomes-note caution" role="status" data-testid="not-beside">{escape(refusal)}</p>')
    if beside.likeness.remarks:
        items = "".join(f"<li>{escape(remark)}</li>" for remark in beside.likeness.remarks)
        st.html(f'<ul class="outcomes-says" data-testid="unlike">{items}</ul>')


def show_start_problem(context: Context) -> None:
    """Why the file of the start does not stand beside this one."""
    if context.start_problem:
        said = f"{start_sentence(context.names[1])} cannot be shown beside your file: {context.start_problem}"
        st.html(f'<p class="outcomes-note caution" role="status" data-testid="not-beside">{escape(said)}</p>')


def _frames_of(contrast: Contrast) -> Mapping[str, pd.DataFrame]:
    if contrast.frame is None:
        return {FILE: table_frame(contrast.tables[0])}
    return to_files({FILE: contrast.frame()})


def show_other(context: Context, answer: str) -> None:
    """Which selection stands beside the open one, the answer it gives, who is in both, and whether they are left out."""
    if context.versus is None:
        return
    cohort = context.cohort_beside
    with speaking_by(cohort.dictionary):
        whom = format_patients(cohort.count(context.versus))
    source = f" of {context.names[1]}" if context.start is not None else ""
    chip = '<span class="outcomes-chip">SYNTHETIC DATA</span>' if source and cohort.synthetic else ""
    st.html(
        f'<div data-testid="versus"><h2 class="outcomes-h2">{chip}Compared with {whom}{escape(source)}: '
        f"{escape(say_selection(context.versus, cohort.dictionary))}</h2>"
        f'<p class="outcomes-answer">{escape(answer)}</p>'
        f'<p class="outcomes-caption">{escape(describe_overlap(context))}</p></div>'
    )
    if context.start is not None:
        return
    # What the link says is held; the widget follows it, as after Back or Undo.
    st.session_state[state.APART_ASKED] = context.is_apart
    st.toggle("Leave out those in both", key=state.APART_ASKED, on_change=_take_apart)


def _take_apart() -> None:
    held = {key: texts for key, texts in st.session_state.get(state.FILTERS, {}).items() if key != state.APART}
    hold_filter(held | ({state.APART: ["1"]} if st.session_state[state.APART_ASKED] else {}))


def describe_overlap(context: Context) -> str:
    """How many are in both selections, and what that means for reading one beside the other."""
    if context.start is not None:
        said = [ASSUMED]
        if context.not_asked:
            name = context.names[1]
            said.append(
                f"Not asked of {name}, which does not have it or means something else by it: {'; '.join(context.not_asked)}."
            )
        return " ".join(said)
    n, words = count_both(context), load_words()
    if context.versus is None or not n:
        return f"No {words.noun} is in both selections."
    are = f"{format_count(n)} {words.of(n)} {'is' if n == 1 else 'are'} in both selections and"
    if context.is_apart:
        return f"{are} {'is' if n == 1 else 'are'} left out of either."
    if n == context.cohort.count(context.filter) == context.cohort.count(context.versus):
        return f"Both selections are the same {words.plural}."
    return f"{are} count on either side: the two are not independent of each other."
