"""The way from the cohort to what a page shows: on the page, among its files, and in one line on every file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import pandas as pd
import streamlit as st

from analytics.document import Document
from analytics.figures.attrition import draw_funnel, funnel_svg
from analytics.provenance import Provenance
from analytics.reporting.attrition import FILE, Stage, join_stages, say_gist, tabulate_stages
from analytics.reporting.wording import say_children
from pages.components import state
from pages.components.context import Context
from pages.components.markdown import as_markdown

TITLE = "From the cohort to this analysis"
READING = (
    "Full bars: the children who remain after each step; pale: those it leaves out, each counted once. In the last row the "
    "whole bar are the children of the estimate, its full part those with the event."
)


def way_of(context: Context, document: Document | None = None) -> tuple[Stage, ...]:
    """The way to the main estimate of a view; without a document, the way to the selection."""
    used = None if document is None else document.used()
    return join_stages(context.funnel, context.filter, context.cohort.dictionary, used)


def say_way(context: Context, document: Document) -> str:
    """The way in one line, for the head of a file."""
    return say_children(f"{TITLE}: {say_gist(way_of(context, document))}")


def list_files(document: Document) -> tuple[str, ...]:
    """The names of the files of a page: its own, and the way."""
    return (*document.files, FILE)


def collect_files(context: Context, document: Document) -> Mapping[str, pd.DataFrame]:
    """The frames of these files."""
    return {**document.frames(), FILE: tabulate_stages(way_of(context, document))}


def show_funnel(stages: Sequence[Stage]) -> None:
    """The bars."""
    st.html(say_children(draw_funnel(stages)))


def show_way(context: Context, document: Document, provenance: Provenance, stem: str) -> None:
    """The way, one click away; what it comes to stands on the lid."""
    stages = way_of(context, document)
    label = say_children(f"{TITLE}: {say_gist(stages)}")
    with st.expander(as_markdown(label), icon=":material/filter_alt:", key=state.ATTRITION):
        show_funnel(stages)
        st.download_button(
            "Figure: SVG",
            data=partial(_svg_of, stages, provenance),
            file_name=f"{stem}_{FILE}.svg",
            mime="image/svg+xml",
            on_click="ignore",
            icon=":material/download:",
            type="tertiary",
            key=state.ATTRITION_SVG,
        )
        st.html(f'<p class="outcomes-caption">{READING}</p><p class="outcomes-caption">Method: {document.method}</p>')


def _svg_of(stages: Sequence[Stage], provenance: Provenance) -> bytes:
    first, *others = provenance.lines()
    return say_children(funnel_svg(stages, title=f"{first}: whom it shows", subtitle=" · ".join(others))).encode()
