"""Presenting: one figure at a time in type for a room, with its answer; keys lead on and out again.

The way leads through the section of the menu, or through the views that were collected.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from html import escape
from typing import Any

import streamlit as st

from analytics.analyses import load_analyses
from analytics.analysis import SECTIONS, Analysis
from analytics.results import Note
from analytics.views.basket import MOST_VIEWS, Collected
from pages.components import state
from pages.components.browser import PRESENTER
from pages.components.collecting import OVERVIEW_PAGE, collect, comment_on, find_turn, let_go
from pages.components.context import is_presenting
from pages.components.kept_basket import read_basket
from pages.components.links import Links

OVERVIEW = ("", "overview")
NOT_HERE = "The link leads through collected views, which are not in this tab. Open their list on its page first."
ANSWERS = {"1": True, "true": True, "0": False, "false": False, "": False}


def read_presenting(query: Mapping[str, Sequence[str]], page: str) -> tuple[Note, ...]:
    """Present, or not, as a link to this page says; a note where it asks for what cannot be."""
    asked = query.get(state.PRESENT, [""])[-1]
    turn = query.get(state.BASKET, [""])[-1]
    place = int(turn) - 1 if turn.isascii() and turn.isdigit() and 1 <= int(turn[:4]) <= MOST_VIEWS else None
    hold_presenting(ANSWERS.get(asked.lower(), False) and is_presentable(page), place)
    if asked.lower() not in ANSWERS:
        text = f"The link asks to present with “{asked[:40]}”, which means nothing here."
        return (Note("link-unknown-choice", "caution", text, "Ask with present=1."),)
    if ANSWERS[asked.lower()] and not is_presentable(page):
        return (Note("link-present-elsewhere", "info", "This page has no figure to present.", "Open one that has."),)
    return ()


def is_presentable(page: str) -> bool:
    """True for the address of an analysis, or of the overview: it has a figure."""
    return page in OVERVIEW or any(analysis.slug == page for analysis in load_analyses())


def hold_presenting(is_presenting: bool, turn: int | None = None) -> None:
    """Let the session present, or not; of the collected views the one at the place ``turn``."""
    for key, value in ((state.PRESENT, is_presenting or None), (state.TURN, turn if is_presenting else None)):
        st.session_state.pop(key, None)
        if value is not None:
            st.session_state[key] = value


def say_turn() -> dict[str, list[str]]:
    """Which of the collected views is presented, as an address says it."""
    turn = st.session_state.get(state.TURN)
    return {} if turn is None else {state.BASKET: [str(turn + 1)]}


def show_presenter(shown: Analysis[Any, Any] | None, links: Links, view: Collected | None = None) -> None:
    """The buttons that present and collect, and while presenting those that turn the page and end, with their keys.

    ``shown`` is None on the overview, ``view`` where there is nothing to collect. Through collected views the comment on
    each stands with it.
    """
    data: dict[str, Any] = {"on": is_presenting()}
    if is_presenting():
        data |= _turns(shown, links)
        if comment := data.pop("comment", ""):
            st.html(f'<p class="outcomes-comment" data-testid="comment">{escape(comment)}</p>')
    elif view is not None:
        # How many are collected; the comment on this view, if it is among them.
        basket = read_basket()
        place = basket.find(view.link)
        data["basket"] = [len(basket), *([] if place is None else [basket.views[place].comment])]
    PRESENTER(key=state.PRESENTER, data=data, on_asked_change=_take, on_collected_change=partial(_take_collected, view))


def _turns(shown: Analysis[Any, Any] | None, links: Links) -> dict[str, str]:
    """Where a page stands among the collected views, or in its section, and the links to those beside it.

    The first analysis follows the overview.
    """
    turn, views = st.session_state.get(state.TURN), read_basket().views
    page = OVERVIEW_PAGE if shown is None else shown.slug
    if turn is not None and turn < len(views) and views[turn].page == page:
        return {
            "place": f"{turn + 1} of {len(views)}",
            "previous": find_turn(links, turn, -1),
            "next": find_turn(links, turn, 1),
            "comment": views[turn].comment,
        }
    lacking = NOT_HERE if turn is not None and turn >= len(views) else ""
    return _turns_of_section(shown, links) | {"comment": lacking}


def _turns_of_section(shown: Analysis[Any, Any] | None, links: Links) -> dict[str, str]:
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


def _take_collected(view: Collected | None) -> None:
    """Collect the open view, or let it go, or write a comment beside it; whatever else a browser may send does nothing."""
    sent = st.session_state[state.PRESENTER].collected
    if view is None:
        return
    if sent is True:
        collect(view)
    elif sent is False:
        let_go(view)
    elif isinstance(sent, str):
        comment_on(view, sent)
