"""Presenting: one figure at a time in type for a room, with its answer; keys lead through the section and out again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from analytics.analyses import load_analyses
from analytics.analysis import SECTIONS, Analysis
from analytics.results import Note
from pages.components import state
from pages.components.browser import PRESENTER
from pages.components.context import is_presenting
from pages.components.links import Links

OVERVIEW = ("", "overview")
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
    """True for the address of an analysis, or of the overview: it has a figure."""
    return page in OVERVIEW or any(analysis.slug == page for analysis in load_analyses())


def hold_presenting(is_presenting: bool) -> None:
    """Let the session present, or not."""
    st.session_state.pop(state.PRESENT, None)
    if is_presenting:
        st.session_state[state.PRESENT] = True


def show_presenter(shown: Analysis[Any, Any] | None, links: Links) -> None:
    """The button that begins, and while presenting those that turn the page and end, with their keys; None: the overview."""
    data = {"on": is_presenting()}
    PRESENTER(key=state.PRESENTER, data=data | (_turns(shown, links) if is_presenting() else {}), on_asked_change=_take)


def _turns(shown: Analysis[Any, Any] | None, links: Links) -> dict[str, str]:
    """Where a page stands in its section, and the links to those beside it; the first analysis follows the overview."""
    if shown is None:
        filled = [a for a in load_analyses() if not links.offers[a.slug].lacks]
        first = next((a.slug for section in SECTIONS for a in filled if a.section == section), "")
        return {"place": "", "previous": "", "next": links.to(first, st.session_state) if first else ""}
    filled = [a for a in load_analyses() if a.section == shown.section and not links.offers[a.slug].lacks]
    pages = [a.slug for a in filled]
    at = pages.index(shown.slug) if shown.slug in pages else -1
    return {
        "place": f"{at + 1} of {len(pages)}",
        "previous": links.to(pages[at - 1], st.session_state) if at > 0 else "",
        "next": links.to(pages[at + 1], st.session_state) if 0 <= at < len(pages) - 1 else "",
    }


def _take() -> None:
    hold_presenting(st.session_state[state.PRESENTER].asked is True)
