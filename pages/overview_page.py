"""Who is in the cohort: numbers, the way from everyone to the selection, published against recomputed, Table 1."""

from __future__ import annotations

import streamlit as st

from analytics.reporting.attrition import join_stages
from analytics.study.overview import describe_other_children, describe_study, summarise_selection
from analytics.study.tables import tabulate_published, tabulate_readings
from analytics.views.view import View
from pages.components.attrition import show_stages
from pages.components.cache import (
    is_reference,
    load_baseline,
    load_outcome_counts,
    load_published,
    load_recomputation,
)
from pages.components.context import Context
from pages.components.files import show_link
from pages.components.markdown import as_markdown
from pages.components.notes import arrange_notes, show_cautions, show_notes
from pages.components.open_view import link_to
from pages.components.protection import show_protection
from pages.components.registry import Page
from pages.components.tables import show_headlines, show_table
from pages.components.title import show_title

QUESTION = "Who is in this cohort?"
REFERENCE_QUESTION = "Who is in this cohort, and does it reproduce what was published?"
PROTECTED_QUESTION = "Who is in this cohort, as far as many readers may know?"


def show_overview(context: Context) -> None:
    """Headline numbers, attrition, published figures with their cautions, and Table 1."""
    cohort = context.cohort
    question = REFERENCE_QUESTION if is_reference(cohort) else QUESTION
    show_title("Overview", PROTECTED_QUESTION if cohort.smallest_cell else question, context)
    show_headlines(summarise_selection(load_outcome_counts(cohort, context.filter)))
    warnings, remarks, more = arrange_notes(cohort.notes)
    show_notes(warnings)
    left, right = st.columns((3, 2), gap="large")
    with left:
        if cohort.smallest_cell:
            show_protection(cohort.smallest_cell)
        elif is_reference(cohort):
            _show_published(context)
        else:
            st.caption(as_markdown(describe_other_children(load_published())))
    with right:
        if is_reference(cohort):
            show_cautions(load_published().cautions)
        st.html("<h2 class='outcomes-h2'>From the cohort to this selection</h2>")
        show_stages(join_stages(context.funnel, context.filter, context.cohort.dictionary))
        show_link(link_to(View("", context.filter, (), cohort.data_version), context))
    baseline = load_baseline(cohort, context.filter)
    if baseline.rows:
        show_table(baseline)
    show_notes(remarks, more)


def _show_published(context: Context) -> None:
    published = load_published()
    show_table(tabulate_published(load_recomputation(context.cohort, context.filter), whole=not context.filter))
    study = describe_study(published, filtered=bool(context.filter), synthetic=context.cohort.synthetic)
    st.caption(as_markdown(study))
    with st.expander("Where the abstract is silent", icon=":material/help:"):
        show_table(tabulate_readings(published))


def list_pages() -> tuple[Page, ...]:
    """The pages of this file."""
    about = "Who is in the cohort, who is left after filtering, and how do recomputed figures compare with the published ones?"
    return (
        Page(url_path="overview", title="Overview", icon=":material/groups:", show=show_overview, order=0, about=about),
    )
