"""The cohort at a glance: pictures that narrow it by a click, the ways of those who relapsed, and a line for each of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from html import escape

import streamlit as st

from analytics.analyses import load_analyses
from analytics.cohort.disclosure import SuppressedError
from analytics.dictionary import load_words
from analytics.figures.glance.swimmer import key_to_lanes
from analytics.formats import name_patients
from analytics.speaking import word
from analytics.study.pictures import from_ask, toggle_clauses
from analytics.study.ways import has_lanes
from pages.components import state
from pages.components.browser import GLANCE
from pages.components.cache import (
    is_reference,
    load_document,
    load_flow,
    load_lanes,
    load_pictures,
    load_who,
)
from pages.components.context import Context, choose_clauses, is_presenting, read_filter
from pages.components.controls import (
    NO_GROUPS,
    ask_choice,
    list_overview_choices,
    read_overview_choices,
    show_page_choice,
)
from pages.components.protection import show_suppressed

# Each answer with the page that it is taken from, or that it leads to.
WHO, WHAT, FARE = "cumulative-incidence", "relapse-predictors", "survival-by-site"
NAIVE = "naive-answer"
KEY_TO_FLOW = (
    '<p class="glance-key"><span class="glance-swatch event"></span>died, at whatever time <span class="glance-swatch">'
    '</span>alive at last contact.<span class="outcomes-press"> Click a level, or a branch, to narrow the cohort to it.'
    "</span></p>"
)
LINES = "Each of those who {had_relapse}, from {relapse} on"


def show_pictures(context: Context) -> None:
    """Small multiples, those who relapsed dark; a click on a bar narrows the cohort."""
    _show_asking(context, load_pictures(context.cohort, context.filter), state.PICTURES, "The cohort at a glance")


def show_answers(context: Context) -> None:
    """Who is in the cohort, what goes with relapse and how they fare, each with a link to its page."""
    said: list[tuple[str, Sequence[str], str]] = [
        ("Who they are", (load_who(context.cohort, context.filter),), WHO),
    ]
    for title, slug, most in ((word("goes_with"), WHAT, 2), ("How they fare", FARE, 1)):
        offer = context.offers[slug]
        if offer.lacks:
            continue
        try:
            answer = load_document(context.cohort, context.filter, slug, offer.defaults).answer()[:most]
        except SuppressedError as error:
            answer = (f"Not shown: {error}.",)
        said.append((title, answer, slug))
    st.html(
        '<div class="glance-answers" data-testid="answers">'
        + "".join(
            f"<p><b>{title}.</b> {escape(' '.join(answer))} {_link_html(context, slug)}</p>"
            for title, answer, slug in said
        )
        + "</div>"
    )


def _link_html(context: Context, slug: str) -> str:
    """The HTML of a link to an analysis with this filter; "" where the file lacks what it needs."""
    address = context.links.to(slug)
    title = next(a.title for a in load_analyses() if a.slug == slug)
    return f'<a data-turn href="{escape(address)}">{escape(title)}\u00a0→</a>' if address else ""


def show_way_to_published(context: Context) -> None:
    """A link to what a study printed, beside the reference cohort alone."""
    if is_reference(context.cohort):
        address = escape(context.links.to("published-study"))
        st.html(
            '<p class="glance-key">Does the reference cohort reproduce what was published? '
            f'<a data-turn href="{address}">The published study\u00a0→</a></p>'
        )


def show_flow(context: Context) -> None:
    """The ways of those who relapsed; a click on a branch narrows the cohort to those who took it."""
    try:
        flow = load_flow(context.cohort, context.filter, is_presenting())
    except SuppressedError as error:
        show_suppressed(error)
        return
    if not flow:
        return
    title = f"The ways of those who {word('had_relapse')}"
    st.html(f"<h2 class='outcomes-h2'>{escape(title)}</h2>")
    _show_asking(context, f'{KEY_TO_FLOW}<div class="glance-scroll">{flow}</div>', state.FLOW, title)
    naive = _link_html(context, NAIVE)
    st.html(
        '<p class="outcomes-caption">These are counts of what happened, not a comparison of treatments: who died early could '
        "not be given the later ones. "
        f"{naive}</p>"
    )


def show_lanes(context: Context) -> None:
    """A line for each of those who relapsed, in the order and the groups that a reader chooses, a page at a time."""
    cohort = context.cohort
    if cohort.smallest_cell:
        st.html(
            f'<p class="outcomes-caption">There is no line for each who {word("had_relapse")}, from {word("relapse")} '
            "on: it would show single "
            f"{load_words().plural}, and small numbers are protected.</p>"
        )
        return
    if not has_lanes(cohort):
        return
    st.html(f"<h2 class='outcomes-h2'>Each of them, from {word('relapse')} on</h2>")
    choices = list_overview_choices(cohort)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        order, by = ask_choice(choices[state.LANES_ORDER]), ask_choice(choices[state.LANES_BY])
        page = dict(read_overview_choices(cohort))[state.LANES_PAGE]
        lines, n_pages = load_lanes(
            cohort, context.filter, order, None if by == NO_GROUPS else by, page, is_presenting()
        )
        if n_pages > 1:
            show_page_choice(state.LANES_PAGE, page, n_pages)
    # A sign is an SVG, which Streamlit's own cleaning of HTML would take out.
    label = name_patients(LINES)
    html = f'{key_to_lanes()}<div class="glance-scroll" tabindex="0" role="region" aria-label="{label}">{lines}</div>'
    _show_asking(context, html, state.LANES, label)


def _show_asking(context: Context, html: str, key: str, alt: str) -> None:
    """A picture whose parts ask for something when they are clicked."""
    GLANCE(
        key=key,
        data={"html": html, "alt": alt, "title": alt, "part": key},
        on_ask_change=partial(_narrow, context, key),
    )


def _narrow(context: Context, key: str) -> None:
    """Have the filters ask for what was clicked, or no longer."""
    clauses = from_ask(context.cohort.dictionary, st.session_state[key].ask or "")
    if not clauses:
        return
    before = read_filter(context.cohort)
    after = toggle_clauses(before, clauses)
    names = [c.variable for c in clauses]
    kept = [clause for name in names if (clause := after.clause(name)) is not None]
    choose_clauses(context.cohort, kept, dropped=[name for name in names if after.clause(name) is None])
