"""Presenting: one figure at a time in type for a room, with its answer; keys lead through the section and out again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from analytics.analyses import load_analyses
from analytics.results import Note
from pages.components import state
from pages.components.browser import PRESENTER
from pages.components.cache import load_controls
from pages.components.context import Context, is_presenting, to_choice
from pages.components.open_view import link_to_page

ANSWERS = {"1": True, "true": True, "0": False, "false": False, "": False}


def read_presenting(query: Mapping[str, Sequence[str]], page: str) -> tuple[Note, ...]:
    """Present, or not, as a link to this page says; a note where it asks for what cannot be."""
    asked = query.get(state.PRESENT, [""])[-1]
    hold_presenting(ANSWERS.get(asked.lower(), False) and is_presentable(page))
    if asked.lower() not in ANSWERS:
        text = f"The link asks to present with “{asked[:40]}”, which means nothing here."
        return (Note("link-unknown-choice", "caution", text, "Ask with present=1."),)
    if ANSWERS[asked.lower()] and not is_presentable(page):
        return (Note("link-present-elsewhere", "info", "This page has no figure to present.", "Open one that has."),)
    return ()


def is_presentable(page: str) -> bool:
    """True for the address of an analysis: it has a figure."""
    return any(analysis.slug == page for analysis in load_analyses())


def hold_presenting(is_presenting: bool) -> None:
    """Let the session present, or not."""
    st.session_state.pop(state.PRESENT, None)
    if is_presenting:
        st.session_state[state.PRESENT] = True


def show_presenter(context: Context, slug: str) -> None:
    """The button that begins, and while presenting those that turn the page and end, with their keys."""
    is_on = is_presenting()
    PRESENTER(key=state.PRESENTER, data={"on": is_on} | (_turns(context, slug) if is_on else {}), on_asked_change=_take)


def _turns(context: Context, slug: str) -> dict[str, str]:
    """Where a page stands in its section, and the links to those beside it."""
    analyses = sorted((a for a in load_analyses() if not a.missing(context.cohort)), key=lambda a: a.order)
    section = next((a.section for a in load_analyses() if a.slug == slug), "")
    pages = [a.slug for a in analyses if a.section == section or a.slug == slug]
    at = pages.index(slug) if slug in pages else -1
    return {
        "place": f"{at + 1} of {len(pages)}",
        "previous": _link_to(context, pages[at - 1]) if at > 0 else "",
        "next": _link_to(context, pages[at + 1]) if 0 <= at < len(pages) - 1 else "",
    }


def _take() -> None:
    hold_presenting(st.session_state[state.PRESENTER].asked is True)


def _link_to(context: Context, slug: str) -> str:
    held = {c.name: to_choice(c, st.session_state.get(c.name)) for c in load_controls(context.cohort, slug)}
    return link_to_page(context, slug, held)
