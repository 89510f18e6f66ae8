"""The way from the cohort to what a page shows: on the page, among its files, and in one line on every file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from analytics.analysis import Analysis
from analytics.figures.attrition import draw_funnel, funnel_svg
from analytics.provenance import Provenance
from analytics.reporting.attrition import FILE, Stage, join_stages, say_gist, tabulate_stages
from analytics.reporting.wording import say_children
from pages.components.context import Context
from pages.components.markdown import as_markdown

TITLE = "From the cohort to this analysis"
READING = (
    "Full bars: the children who remain after each step; pale: those it leaves out, each counted once. In the last row the "
    "whole bar are the children of the estimate, its full part those with the event."
)


def way_of(context: Context, analysis: Analysis | None = None, result: Any = None) -> tuple[Stage, ...]:
    """The way to the main estimate of a result; without an analysis, the way to the selection."""
    used = None if analysis is None else analysis.used(result)
    return join_stages(context.funnel, context.filter, context.cohort.dictionary, used)


def say_way(context: Context, analysis: Analysis, result: Any) -> str:
    """The way in one line, for the head of a file."""
    return say_children(f"{TITLE}: {say_gist(way_of(context, analysis, result))}")


def list_files(analysis: Analysis) -> tuple[str, ...]:
    """The names of the files of a page: those of the analysis, and the way."""
    return (*analysis.files, FILE)


def collect_files(context: Context, analysis: Analysis, result: Any) -> Mapping[str, pd.DataFrame]:
    """The frames of these files."""
    return {**analysis.downloads(result), FILE: tabulate_stages(way_of(context, analysis, result))}


def show_funnel(stages: Sequence[Stage]) -> None:
    """The bars."""
    st.html(say_children(draw_funnel(stages)))


def show_way(context: Context, analysis: Analysis, result: Any, provenance: Provenance, stem: str) -> None:
    """The way, one click away; what it comes to stands on the lid."""
    stages = way_of(context, analysis, result)
    label = say_children(f"{TITLE}: {say_gist(stages)}")
    with st.expander(as_markdown(label), icon=":material/filter_alt:", key="way"):
        show_funnel(stages)
        st.download_button(
            "Figure: SVG",
            data=partial(_svg_of, stages, provenance),
            file_name=f"{stem}_{FILE}.svg",
            mime="image/svg+xml",
            on_click="ignore",
            icon=":material/download:",
            type="tertiary",
            key="svg_funnel",
        )
        st.html(f'<p class="outcomes-caption">{READING}</p><p class="outcomes-caption">Method: {analysis.method}</p>')


def _svg_of(stages: Sequence[Stage], provenance: Provenance) -> bytes:
    first, *others = provenance.lines()
    return say_children(funnel_svg(stages, title=f"{first}: whom it shows", subtitle=" · ".join(others))).encode()
