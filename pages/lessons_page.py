"""Lessons: predict, reveal, change, on the patients at hand."""

from __future__ import annotations

from html import escape

import streamlit as st

from analytics.formats import name_patients
from analytics.learning import words
from analytics.learning.lessons import load_lessons
from analytics.learning.saying import fill
from pages.components.cache import load_lesson
from pages.components.closing_quiz import show_quiz
from pages.components.context import Context
from pages.components.language import ask_language
from pages.components.lessons import (
    PAGE,
    QUIZ,
    SLUGS,
    list_choices,
    open_taught,
    read_lesson,
    say_selected,
    show_committed,
    show_for_class,
    show_list,
    show_question,
    show_ways,
)
from pages.components.markdown import as_markdown
from pages.components.progress import keep_progress, show_summary
from pages.components.registry import LEARN, Page
from pages.components.title import show_title


def show_lessons(context: Context) -> None:
    """The lesson that is asked for, the closing quiz, or the list of lessons."""
    slug, language = read_lesson(), ask_language()
    if slug in ("", QUIZ):
        title, about = (words.LESSONS, words.QUESTION) if slug == "" else (words.QUIZ, words.QUIZ_ABOUT)
        show_title(title.said(language), fill(about).said(language), context)
        if slug == "":
            show_list(context.links, language)
            show_summary(context, language)
        else:
            show_quiz(context.links, language)
            show_ways(context.links, slug, language)
        keep_progress()
        st.caption(as_markdown(fill(words.NO_ADVICE).said(language)))
        return
    taught = open_taught(context, slug, language)
    lesson, instead = taught.lesson, load_lesson(context.cohort, context.filter, slug).instead
    show_title(fill(lesson.title).said(language), fill(lesson.about).said(language), taught.whom)
    place = fill(words.PLACE, order=str(SLUGS.index(slug)), n=str(len(load_lessons()))).said(language)
    note = (
        f'<p class="outcomes-note caution" data-testid="instead">{escape(instead.said(language))}</p>'
        if instead
        else ""
    )
    st.html(f'<p class="outcomes-caption">{escape(place)} · {escape(say_selected(taught.whom, language))}</p>{note}')
    show_question(taught)
    show_committed(taught)
    show_for_class(taught)
    show_ways(context.links, slug, language)
    keep_progress()
    st.caption(as_markdown(fill(words.NO_ADVICE).said(language)))


def list_pages() -> tuple[Page, ...]:
    """The pages of this file."""
    about = "Lessons on the open cohort, in English and Chinese: say what you expect, see what the {patients} say, change it."
    return (
        Page(
            url_path=PAGE,
            title="Lessons",
            icon=":material/school:",
            show=show_lessons,
            order=100,
            about=name_patients(about),
            section=LEARN,
            choices=list_choices(),
        ),
    )
