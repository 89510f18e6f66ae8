"""A question made of the open view: which of its numbers, in which words, and the link for a class."""

from __future__ import annotations

import streamlit as st

from analytics.learning.asking import list_askable
from analytics.views.view import write_link
from pages.components import state
from pages.components.asked import BEFORE, NOTHING, PAGE, WORDING, say_choices
from pages.components.classroom import show_class_link
from pages.components.language import read_language
from pages.components.markdown import as_markdown
from pages.components.open_view import OpenView


def show_asking(opened: OpenView) -> None:
    """A button behind which a teacher picks a number, words the question and gets its link."""
    slug = opened.document.slug
    with st.popover(
        "Make a question of this view", icon=":material/quiz:", type="tertiary", key=state.key_of_asking(slug, "open")
    ):
        # Those with an interval first: they are what a view is about.
        askable = {one.key: one for one in sorted(list_askable(opened.document), key=lambda one: not one.has_interval)}
        if not askable:
            st.caption("This view shows no number that can be asked.")
            return
        picked = st.selectbox(
            "Which number?",
            list(askable),
            key=state.key_of_asking(slug, "number"),
            format_func=lambda name: as_markdown(f"{askable[name].label}: {askable[name].text}"),
        )
        one = askable.get(picked or "") or next(iter(askable.values()))
        wording = st.text_input(
            "The question in your words",
            placeholder=f"{one.label}?",
            max_chars=WORDING.limits[1],
            key=state.key_of_asking(slug, "wording"),
        )
        is_bare = one.has_interval and st.checkbox(
            "Show the figure only after the answer",
            value=True,  # most such numbers can be read off it
            key=state.key_of_asking(slug, "bare"),
        )
        asked = {
            state.ASKED_OF: write_link(slug, say_choices(opened.context, slug, opened.choices)),
            state.ASKED: one.key,
            **({state.ASKED_IN: str(WORDING.value(wording))} if wording else {}),
            **({BEFORE.name: NOTHING} if is_bare else {}),
        }
        links, language = opened.context.links, read_language()
        asked |= {state.LANGUAGE: language}
        show_class_link(lambda chosen: links.whole(PAGE, **(asked | chosen)), language)
