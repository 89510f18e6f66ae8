"""The language of lessons and of the glossary: the one that was chosen, by a click or a link, else that of the browser."""

from __future__ import annotations

import streamlit as st

from analytics.languages import LANGUAGES, Language, choose_language, is_language
from pages.components import state

CHOICE_WIDTH = 200


def read_language() -> Language:
    """The language to speak."""
    held: Language | None = st.session_state.get(state.LANGUAGE)
    return choose_language(st.context.locale) if held is None else held


def ask_language() -> Language:
    """The choice between the languages, which the link then says, and the language to speak."""
    spoken, key = read_language(), state.LANGUAGE_CHOICE
    st.session_state[key] = spoken
    with st.container(key=state.LANGUAGE_PLACE):
        st.segmented_control(
            "Language 语言",
            list(LANGUAGES),
            key=key,
            format_func=LANGUAGES.__getitem__,
            required=True,
            on_change=_hold_chosen,
            label_visibility="collapsed",
            width=CHOICE_WIDTH,
        )
    return spoken


def _hold_chosen() -> None:
    hold_language(st.session_state[state.LANGUAGE_CHOICE])


def hold_language(name: object) -> bool:
    """Let the session speak the language of a code; True if there is such a one."""
    if is_language(name):
        st.session_state[state.LANGUAGE] = name
    return is_language(name)
