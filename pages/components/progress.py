"""What a learner has answered, as the session holds it and the browser keeps it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import partial

import streamlit as st

from analytics.dictionary import speaking_by
from analytics.languages import Language
from analytics.learning import words
from analytics.learning.lessons import load_lessons
from analytics.learning.progress import UNSAID, Done, accepts, read_progress, read_rounds, summarise, write_progress
from pages.components import state
from pages.components.browser import PROGRESS
from pages.components.cache import load_lesson, load_taught
from pages.components.context import Context
from pages.components.markdown import as_markdown


def read_done() -> dict[str, Done]:
    """What was answered, by lesson."""
    done: dict[str, Done] = st.session_state.get(state.PROGRESS, {})
    return done


def hold_done(slug: str, done: Done) -> None:
    """Hold an answer."""
    st.session_state[state.PROGRESS] = {**read_done(), slug: done}


def drop_done(slug: str) -> None:
    """Let an answer go, to be given again."""
    st.session_state[state.PROGRESS] = {name: done for name, done in read_done().items() if name != slug}


def keep_progress() -> None:
    """Have the browser keep what is held, once it has told what it kept."""
    data = {
        "progress": write_progress(read_done(), st.session_state.get(state.ROUNDS)),
        "told": bool(st.session_state.get(state.PROGRESS_TOLD)),
        "forgotten": st.session_state.pop(state.PROGRESS_FORGOTTEN, False),
        "committed": st.session_state.pop(state.COMMITTED, False),
    }
    PROGRESS(key=state.PROGRESS_PLACE, data=data, on_kept_change=_take_over)


def _take_over() -> None:
    if not st.session_state.get(state.PROGRESS_TOLD):
        sent = st.session_state[state.PROGRESS_PLACE].kept
        kept = read_progress(sent, load_lessons())
        st.session_state[state.ROUNDS] = {**read_rounds(sent), **st.session_state.get(state.ROUNDS, {})}
        st.session_state[state.PROGRESS] = {**kept, **read_done()}
        st.session_state[state.PROGRESS_TOLD] = True


def show_summary(context: Context, language: Language) -> None:
    """What can be taken away of the progress, and forgotten."""
    st.caption(as_markdown(words.KEPT_HERE.said(language)))
    done = read_done()
    if not done:
        return
    with st.container(horizontal=True):
        st.download_button(
            as_markdown(words.DOWNLOAD.said(language)),
            data=partial(_summarise, context, language),
            file_name="lessons.txt",
            mime="text/plain",
            on_click="ignore",
            key=state.SUMMARY,
        )
        st.button(as_markdown(words.FORGET.said(language)), key=state.FORGET_PROGRESS, on_click=_forget)


def _summarise(context: Context, language: Language) -> str:
    """The summary, with what is said of answers that an earlier visit gave."""
    return summarise(_resay(context, read_done()), load_lessons(), language, date.today())


def _resay(context: Context, done: dict[str, Done]) -> dict[str, Done]:
    said = {}
    for lesson in load_lessons():
        kept = done.get(lesson.slug)
        if kept is None or kept.said != UNSAID:
            continue
        opened = load_lesson(context.cohort, context.filter, lesson.slug)
        with speaking_by(opened.cohort.dictionary):
            found = load_taught(context.cohort, context.filter, lesson.slug, lesson.control.default)
            answer = accepts(lesson.ask(found).kind, kept.answer)
            if answer is not None:
                said[lesson.slug] = replace(kept, said=lesson.compare(found, answer))
    return done | said


def _forget() -> None:
    st.session_state[state.PROGRESS] = {}
    st.session_state[state.ROUNDS] = {}
    st.session_state[state.PROGRESS_TOLD] = True
    st.session_state[state.PROGRESS_FORGOTTEN] = True
