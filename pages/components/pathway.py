"""The map of the pathway: every way a link to the page that compares it, and the same as a list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from html import escape

import streamlit as st

from analytics.analysis import Control
from analytics.cohort.filters import Clause
from analytics.dictionary import speaking_by
from analytics.figures.glance.pathway import draw_pathway, list_pathway
from analytics.formats import format_years
from analytics.learning.mapping import Mapped
from analytics.learning.pathway import Opens, Pathway
from analytics.reporting.curves import MILESTONE_YEARS
from pages.components import state
from pages.components.browser import GLANCE
from pages.components.cache import load_pathway, load_reference
from pages.components.context import Context, read_choices
from pages.components.controls import show_choices
from pages.components.links import Links
from pages.components.notes import is_grave, show_notes

PAGE = "relapsed-all"
YEARS = tuple((str(years), format_years(years)) for years in MILESTONE_YEARS)
ALIVE_AT = Control(state.ALIVE_AT, "Alive at", "one", YEARS[1][0], YEARS, display=True)


def show_pathway(context: Context) -> None:
    """The map of the selection, or of the reference cohort with why, and the same as a list."""
    pathway = load_pathway(context.cohort, context.filter)
    whose = load_reference() if pathway.instead else context.cohort
    with speaking_by(whose.dictionary):
        _show(context, pathway)


def _show(context: Context, pathway: Pathway) -> None:
    choices = read_choices((ALIVE_AT,))
    mapped = Mapped(pathway, int(dict(choices)[state.ALIVE_AT]))
    if mapped.instead:
        st.html(f'<p class="outcomes-note caution" data-testid="instead">{escape(mapped.instead)}</p>')
    # Of what is not shown each way says why itself.
    show_notes([note for note in pathway.notes if is_grave(note)])
    st.html(f'<p class="outcomes-caption way-about">{escape(mapped.about)}</p>')
    show_choices((ALIVE_AT,), choices)
    steps = mapped.draw(partial(_open, context), partial(_narrow, context))
    listed = list_pathway(steps, mapped.narrow)
    with st.container(key=state.PATHWAY_PLACE):
        data = {
            "html": draw_pathway(steps, mapped.narrow),
            "alt": mapped.label,
            "title": mapped.title,
            "part": state.PATHWAY,
        }
        GLANCE(key=state.PATHWAY, data=data, on_ask_change=_ignore)
    # A narrow window has the list alone, a wide one the map, with the list folded away.
    st.html(
        f'<div class="way-plain" data-testid="pathway-list">{listed}</div>'
        f'<details class="way-fold"><summary>{escape(mapped.in_list)}</summary>{listed}</details>'
    )


def _open(context: Context, opens: Opens) -> str:
    """The address of the page that a way opens."""
    return _links_among(context, opens.clauses).to(opens.page, opens.choices)


def _narrow(context: Context, clause: Clause) -> str:
    """The address of a map of those of one way; "" where it is of those already."""
    kept = context.asked.clause(clause.variable)
    return "" if kept == clause else _links_among(context, (clause,)).elsewhere(PAGE)


def _links_among(context: Context, clauses: Iterable[Clause]) -> Links:
    """The links of the selection with these clauses, each in the place of any other about its variable."""
    asked = context.asked
    for clause in clauses:
        asked = asked.with_clause(clause)
    return replace(context, filter=asked, versus=context.asked_versus, whole=None).links


def _ignore() -> None:
    """The ways are links: nothing of the map asks."""
