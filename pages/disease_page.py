"""The disease: the pathway of the open cohort, and a short guide with its sources."""

from __future__ import annotations

import streamlit as st

from analytics.learning.disease import load_guide
from analytics.reporting.wording import say_no_advice
from pages.components.context import Context
from pages.components.disease import show_guide
from pages.components.markdown import as_markdown
from pages.components.pathway import ALIVE_AT, PAGE, show_pathway
from pages.components.registry import LEARN, Page
from pages.components.title import show_bare_title, show_title

QUESTION = "Which ways does the disease take, and how do those on each of them fare?"


def show_disease(context: Context) -> None:
    """The map first, then the guide."""
    cohort = context.cohort
    if cohort.smallest_cell:
        show_bare_title("The disease", QUESTION, cohort)
    else:
        show_title("The disease", QUESTION, context)
    show_pathway(context)
    show_guide(load_guide())
    st.caption(as_markdown(say_no_advice()))


def list_pages() -> tuple[Page, ...]:
    """The pages of this file."""
    about = "A map of the pathway: how many took each branch and how they fared; and the disease in five minutes."
    return (
        Page(
            url_path=PAGE,
            title="The disease",
            icon=":material/account_tree:",
            show=show_disease,
            order=110,
            about=about,
            section=LEARN,
            choices=(ALIVE_AT,),
            needs_answer=False,
        ),
    )
