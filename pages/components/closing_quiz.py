"""The closing quiz: the questions of the first lessons, handed in together."""

from __future__ import annotations

from html import escape
from typing import Any

import streamlit as st

from analytics.languages import Language
from analytics.learning import words
from analytics.learning.answers import Check
from analytics.learning.lesson import Lesson
from analytics.learning.quiz import list_quiz
from analytics.learning.saying import fill
from pages.components import state
from pages.components.lessons import PAGE, QUIZ
from pages.components.links import Links
from pages.components.markdown import as_markdown


def show_quiz(links: Links, language: Language) -> None:
    """Every question; once they are handed in, how many are right, and where to look again."""
    asked = list_quiz()
    keys = [state.key_of_lesson(QUIZ, i) for i in range(len(asked))]
    is_done = bool(st.session_state.get(state.QUIZ_DONE))
    chosen = [st.session_state.get(key) for key in keys]
    n_open = sum(option is None for option in chosen)
    with st.form(state.QUIZ_FORM, border=False):
        for number, (key, (lesson, check)) in enumerate(zip(keys, asked, strict=True), start=1):
            st.radio(
                as_markdown(f"{number}. {fill(check.question).said(language)}"),
                range(len(check.options)),
                index=None,
                key=key,
                format_func=[as_markdown(fill(option).said(language)) for option in check.options].__getitem__,
            )
            if is_done and not n_open:
                _show_why(links, lesson, check, st.session_state.get(key) == check.right, language)
        st.form_submit_button(as_markdown(words.HAND_IN.said(language)), type="primary", on_click=_hand_in)
    # Where one has just handed in.
    if is_done and n_open:
        said = fill(words.UNANSWERED, n=str(n_open)).said(language)
        st.html(f'<p class="outcomes-verdict near" role="status">{escape(said)}</p>')
    elif is_done:
        right = sum(option == check.right for option, (_, check) in zip(chosen, asked, strict=True))
        said = fill(words.SCORE, right=str(right), n=str(len(asked))).said(language)
        kind = "right" if right == len(asked) else "near"
        st.html(f'<p class="outcomes-verdict {kind}" role="status" data-testid="score"><b>{escape(said)}</b></p>')


def _show_why(links: Links, lesson: Lesson[Any, Any], check: Check, is_right: bool, language: Language) -> None:
    said = f"{_say_right(check, language, is_right=is_right)} {fill(check.why).said(language)}"
    address, title = links.elsewhere(PAGE, lesson=lesson.slug), lesson.title.said(language)
    st.html(
        f'<p class="outcomes-verdict {"right" if is_right else "near"}">{escape(said)} '
        f'<a data-turn href="{escape(address)}">{escape(title)}</a></p>'
    )


def _say_right(check: Check, language: Language, *, is_right: bool) -> str:
    """That the answer is right, or which one is."""
    if is_right:
        return words.RIGHT.said(language)
    return fill(words.RIGHT_ONE, option=fill(check.options[check.right])).said(language)


def _hand_in() -> None:
    st.session_state[state.QUIZ_DONE] = True
