"""The cohort at a glance: three answers, pictures that narrow it by a click, what became of those who relapsed, Table 1."""

from __future__ import annotations

import streamlit as st

from analytics.dictionary import load_dictionary, speaking_by
from analytics.formats import name_patients
from analytics.reporting.wording import say_no_advice
from analytics.study.overview import describe_other_children, summarise_selection
from pages.components import state
from pages.components.attrition import show_stages
from pages.components.baseline import show_baseline
from pages.components.cache import is_reference, load_outcome_counts, load_published, load_who
from pages.components.collecting import to_collected_overview
from pages.components.context import Context
from pages.components.controls import list_overview_choices, read_overview_choices
from pages.components.files import said_of_overview, show_link
from pages.components.glance import show_answers, show_flow, show_lanes, show_pictures, show_way_to_published
from pages.components.markdown import as_markdown
from pages.components.notes import arrange_notes, show_notes
from pages.components.presenting import show_presenter
from pages.components.protection import show_protection
from pages.components.registry import Page
from pages.components.tables import show_headlines
from pages.components.title import show_title
from pages.components.versus import show_other, show_start_problem

QUESTION = "Who is in this cohort, and what became of them?"
PLACES = (state.HEAD, None, state.ANSWERS, None, state.PICTURES_PLACE)  # those without a key are not presented
PROTECTED_QUESTION = "Who is in this cohort, as far as many readers may know?"


def show_overview(context: Context) -> None:
    """Answers, pictures, the ways of those who relapsed, and what is folded away."""
    cohort = context.cohort
    title, numbers, answers, warned, pictures = (st.container(key=key) for key in PLACES)
    # The browser draws what is sent first: the pictures, which a click is about, then what is said of them.
    with pictures:
        show_pictures(context)
    with title:
        show_title("Overview", PROTECTED_QUESTION if cohort.smallest_cell else QUESTION, context)
        show_presenter(None, context.links, to_collected_overview(context))
    with numbers:
        show_headlines(summarise_selection(load_outcome_counts(cohort, context.filter)))
    with answers:
        show_answers(context)
    warnings, remarks, more = arrange_notes(cohort.notes)
    with warned:
        show_notes(warnings)
        if cohort.smallest_cell:
            show_protection(cohort.smallest_cell)
    with st.container(key=state.FLOW_PLACE):
        show_flow(context)
    with st.container(key=state.LANES_PLACE):
        show_lanes(context)
    if context.versus is not None:
        other = context.cohort_beside
        with speaking_by(other.dictionary):
            show_other(context, load_who(other, context.versus))
    show_start_problem(context)
    show_baseline(context)
    show_way_to_published(context)
    st.html("<h2 class='outcomes-h2'>From the cohort to this selection</h2>")
    show_stages(context.selection.stages())
    controls = tuple(list_overview_choices(cohort).values())
    link = context.links.here(controls, dict(read_overview_choices(cohort)))
    show_link(link)
    show_notes(remarks, more, beside=said_of_overview(context, link))
    if not (cohort.smallest_cell or is_reference(cohort)) and cohort.dictionary.words == load_dictionary().words:
        st.caption(as_markdown(describe_other_children(load_published())))
    st.caption(as_markdown(say_no_advice()))


def list_pages() -> tuple[Page, ...]:
    """The pages of this file."""
    about = (
        "Who is in the cohort, what goes with {relapse}, how do those who {had_relapse} fare, and who is left after "
        "filtering?"
    )
    return (
        Page(
            url_path="overview",
            title="Overview",
            icon=":material/groups:",
            show=show_overview,
            order=0,
            about=name_patients(about),
        ),
    )
