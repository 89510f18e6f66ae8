"""Who is left at each step from the cohort to what a page shows, as bars."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from analytics.figures.attrition import attrition_svg, draw_attrition
from analytics.formats import name_patients
from analytics.provenance import Provenance
from analytics.reporting.attrition import FILE, Stage, say_attrition
from pages.components import state
from pages.components.markdown import as_markdown
from pages.components.open_view import OpenView

READING = (
    "Full bars: the {patients} who remain after each step; pale: those it leaves out, each counted once. In the last row the "
    "whole bar are the {patients} of the estimate, its full part those with the event."
)


def show_stages(stages: Sequence[Stage]) -> None:
    """The bars."""
    st.html(draw_attrition(stages))


def show_attrition(opened: OpenView) -> None:
    """The bars, one click away; what they come to stands on the lid."""
    stages = opened.document.attrition()
    with st.expander(as_markdown(say_attrition(stages)), icon=":material/filter_alt:", key=state.ATTRITION):
        show_stages(stages)
        st.download_button(
            "Figure: SVG",
            data=partial(_svg_of, stages, opened.provenance),
            file_name=f"{opened.stem}_{FILE}.svg",
            mime="image/svg+xml",
            on_click="ignore",
            icon=":material/download:",
            type="tertiary",
            key=state.ATTRITION_SVG,
        )
        st.html(f'<p class="outcomes-caption">{name_patients(READING)}</p>')


def _svg_of(stages: Sequence[Stage], provenance: Provenance) -> bytes:
    first, *others = provenance.lines()
    return attrition_svg(stages, title=f"{first}: whom it shows", subtitle=" · ".join(others)).encode()
