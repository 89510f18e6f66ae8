"""How far a result can be trusted, under the result: closed until a reader opens it, and computed only then."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from html import escape

import streamlit as st

from analytics.document import Appendix, Document
from analytics.provenance import Provenance
from analytics.reporting.wording import say_children
from pages.components import state
from pages.components.background import show_background
from pages.components.cache import Params
from pages.components.context import Context
from pages.components.markdown import as_markdown
from pages.components.output import csv_of, show_caption, show_notes, show_picture, show_table

ICONS = {state.CHECKS: ":material/verified:", state.PLANNING: ":material/edit_calendar:"}


def show_checks(document: Document, context: Context, params: Params, provenance: Provenance, stem: str) -> None:
    """The checks of an analysis behind a line to click, and a second opinion; opening them draws nothing else anew.

    They look at handfuls of children, so that where small numbers are protected there are none.
    """
    if document.checks is not None and not context.cohort.smallest_cell:
        st.fragment(_show_line)(document, document.checks, state.CHECKS, context, params, provenance, stem)
    if document.opinion is not None:
        show_background((document.opinion,), document.slug, context, params, provenance, stem)


def show_planning(document: Document, context: Context, params: Params, provenance: Provenance, stem: str) -> None:
    """What a next study of this size would find, behind a line to click: it is no part of the result."""
    if document.planning is not None and not context.cohort.smallest_cell:
        st.fragment(_show_line)(document, document.planning, state.PLANNING, context, params, provenance, stem)


def _show_line(
    document: Document,
    appendix: Appendix,
    key: str,
    context: Context,
    params: Params,
    provenance: Provenance,
    stem: str,
) -> None:
    with st.expander(as_markdown(appendix.title), icon=ICONS[key], key=key, on_change="rerun") as line:
        if not line.open:
            return
        show_caption(appendix.about)
        shown, name = appendix.parts(), key.removesuffix("s")
        for i, check in enumerate(shown):
            show_notes(check.notes)
            for j, picture in enumerate(check.pictures):
                show_picture(picture, state.key_of_picture(name, i, j), stem)
            for table in check.tables:
                show_table(table)
            items = "".join(f"<li>{escape(say_children(sentence))}</li>" for sentence in check.sentences)
            if items:
                st.html(f'<ul class="outcomes-says" data-testid="{name}-sentences">{items}</ul>')
        said = [say_children(sentence) for check in shown for sentence in check.sentences]
        _offer_files(appendix, key, replace(provenance, remarks=(*provenance.remarks, *said)), stem)
        show_background(appendix.background, document.slug, context, params, provenance, stem)


def _offer_files(appendix: Appendix, key: str, provenance: Provenance, stem: str) -> None:
    with st.container(horizontal=True):
        for file in appendix.files:
            st.download_button(
                f"CSV: {file}",
                data=partial(csv_of, appendix.frames, file, provenance),
                file_name=f"{stem}_{file}.csv",
                mime="text/csv",
                on_click="ignore",
                icon=":material/download:",
                type="tertiary",
                key=state.key_of_file(key, file),
            )
