"""What one study printed, beside the same figures computed from the reference cohort."""

from __future__ import annotations

from functools import partial
from html import escape

import streamlit as st

from analytics.study.overview import describe_other_children, describe_study
from analytics.study.published import PublishedFigure
from analytics.study.tables import tabulate_published, tabulate_readings
from pages.components.cache import is_reference, load_published, load_recomputation
from pages.components.context import Context
from pages.components.links import Links
from pages.components.markdown import as_markdown
from pages.components.notes import show_cautions
from pages.components.registry import Page
from pages.components.tables import show_table
from pages.components.title import show_title

READ, PAPER = "What does each of these figures show, and what not?", "read-the-paper"
QUESTION = "Does the reference cohort reproduce what was published?"


def show_published(context: Context) -> None:
    """Every printed figure with its recomputed one, each linked to its view, and how to read them."""
    published, cohort = load_published(), context.cohort
    show_title("The published study", QUESTION, context)
    if not is_reference(cohort):
        st.info(as_markdown(describe_other_children(published)))
        return
    show_cautions(published.cautions)
    st.html(
        f'<p class="glance-key">{READ} <a data-turn href="{escape(context.links.to(PAPER))}">Read the paper\u00a0→</a></p>'
    )
    recomputed = load_recomputation(cohort, context.filter)
    show_table(tabulate_published(recomputed, whole=not context.filter, link_of=partial(_link_of, context.links)))
    st.caption(as_markdown(describe_study(published, filtered=bool(context.filter), synthetic=cohort.synthetic)))
    with st.expander("Where the abstract is silent", icon=":material/help:"):
        show_table(tabulate_readings(published))


def _link_of(links: Links, figure: PublishedFigure) -> str:
    return links.to(figure.page, dict(figure.choices))


def list_pages() -> tuple[Page, ...]:
    """The pages of this file."""
    about = "Do recomputed figures agree with those that one study printed? With the synthetic reference cohort alone."
    return (
        Page(
            url_path="published-study",
            title="The published study",
            icon=":material/fact_check:",
            show=show_published,
            order=3,
            about=about,
            is_listed=False,
        ),
    )
