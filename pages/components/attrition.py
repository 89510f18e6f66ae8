"""Who is left at each step from the cohort to what a page shows, as bars."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from analytics.figures.attrition import draw_attrition
from analytics.reporting.attrition import FILE, Stage, say_attrition
from pages.components import state
from pages.components.browser import GLANCE
from pages.components.markdown import as_markdown
from pages.components.open_view import OpenView

TITLE = "Whom it shows"
READING = "How to read the bars"  # a term of the glossary


def show_stages(stages: Sequence[Stage]) -> None:
    """The bars, as a picture that can be kept."""
    GLANCE(key=state.STAGES, data={"html": draw_attrition(stages), "alt": TITLE, "title": TITLE, "part": FILE})


def show_attrition(opened: OpenView) -> None:
    """The bars, one click away; what they come to stands on the lid."""
    stages = opened.document.attrition()
    with st.expander(as_markdown(say_attrition(stages)), icon=":material/filter_alt:", key=state.ATTRITION):
        show_stages(stages)
        st.html(f'<p class="outcomes-caption">{READING}</p>')
