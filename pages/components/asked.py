"""A question made of a view: what its link asks, the prediction, and what the view shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from html import escape
from urllib.parse import parse_qs

import streamlit as st

from analytics.analysis import Control
from analytics.cohort.disclosure import SuppressedError
from analytics.dictionary import speaking_by
from analytics.document import Document, HtmlFigure, Picture
from analytics.figures.asked import hide_answers
from analytics.languages import Language, Text
from analytics.learning import class_words, words
from analytics.learning.answers import Answer, Number
from analytics.learning.asking import LONGEST_WORDING, Askable, find_askable, name_view_round, say_question
from analytics.learning.progress import say_verdict
from analytics.learning.saying import both, fill
from analytics.views.view import read_params
from pages.components import state
from pages.components.cache import Choices, load_document
from pages.components.classroom import CLASS, HOLD, WIDTH, hold_round, is_held, read_round, show_code, show_held
from pages.components.context import Context
from pages.components.figures import show_picture_alone
from pages.components.markdown import as_markdown

PAGE = "question"
FIGURE, NOTHING = "figure", "nothing"
OF = Control(state.ASKED_OF, "The view that is asked about", "text", "", limits=(0, 4_000))
NUMBER = Control(state.ASKED, "The number that is asked", "text", "", limits=(0, 400))
WORDING = Control(state.ASKED_IN, "The words of the question", "text", "", limits=(0, LONGEST_WORDING))
BEFORE = Control(state.ASKED_BEFORE, "Seen before the answer", "one", FIGURE, ((FIGURE, FIGURE), (NOTHING, NOTHING)))
CHOICES = (OF, NUMBER, WORDING, BEFORE, CLASS, HOLD)


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """A question that can be asked: of which view, which number, in which words, and its signs in codes."""

    context: Context
    document: Document
    choices: Choices
    one: Askable
    text: Text
    signs: str
    has_figure: bool


def read_query() -> dict[str, str]:
    """What the link of this page says, as the session holds it."""
    return {control.name: control.choice(st.session_state.get(control.name)) for control in CHOICES}


def open_asked(context: Context, asked: Mapping[str, str]) -> Asked | Text:
    """The question on the selection of a context, or why there is none."""
    slug, _, query = asked[state.ASKED_OF].partition("?")
    offer = context.offers.get(slug)
    if offer is None:
        return fill(class_words.NO_VIEW, name=slug) if slug else class_words.NO_LINK
    if offer.lacks:
        return class_words.LACKS_COLUMNS
    values, _ = read_params(parse_qs(query, keep_blank_values=True), offer.controls)
    choices = tuple((control.name, values.get(control.name, control.default)) for control in offer.controls)
    cohort = context.cohort
    try:
        document = load_document(cohort, context.asked, slug, choices)
        with speaking_by(cohort.dictionary):
            one = find_askable(document, asked[state.ASKED])
    except SuppressedError:
        return class_words.NOT_SHOWN
    if one is None:
        return fill(class_words.NO_NUMBER)
    signs = name_view(context, slug, choices, one.key, asked[state.CLASS])
    text = say_question(one, asked[state.ASKED_IN])
    # Forests say their numbers, and figures say counts under the curves.
    is_silent = not isinstance(document.main().figure, HtmlFigure) and one.has_interval
    is_drawn = is_silent and asked[state.ASKED_BEFORE] == FIGURE
    return Asked(context, document, choices, one, text, signs, is_drawn)


def say_choices(context: Context, slug: str, choices: Choices) -> dict[str, Sequence[str]]:
    """The choices of a view as a link says them."""
    held = dict(choices)
    return {control.name: control.to_text(held[control.name]) for control in context.offers[slug].controls}


def name_view(context: Context, slug: str, choices: Choices, key: str, group: str) -> str:
    """The signs of a number of a view on the selection of a context, for a class."""
    cohort = context.cohort
    selected = context.asked.to_query(cohort.dictionary)
    return name_view_round((slug, key), selected, say_choices(context, slug, choices), cohort.data_version, group)


def show_asked(asked: Asked, language: Language) -> None:
    """The question, the place to answer it, and after that the code and what the view shows."""
    answer = read_round(asked.signs)
    if answer is not None and not asked.one.kind.takes(answer):
        answer = None
    is_hidden = answer is None or is_held()
    st.html(f'<p class="outcomes-ask" data-testid="question">{escape(asked.text.said(language))}</p>')
    if is_hidden and asked.has_figure:
        picture = asked.document.main()
        silent = Picture(asked.document.title, hide_answers(picture.figure), asked.document.title)
        show_picture_alone(silent, state.key_of_round(asked.signs, "before"))
    if answer is None:
        _show_answering(asked, language)
        if not asked.has_figure:
            st.caption(as_markdown(class_words.FIGURE_LATER.said(language)))
        return
    show_code(asked.signs, asked.one.kind, answer, asked.text, language)
    if is_hidden:
        show_held(asked.one.kind, answer, language)
    else:
        _show_revealed(asked, answer, language)
    again = as_markdown(words.ANSWER_AGAIN.said(language))
    st.button(again, key=state.ASKED_AGAIN, on_click=hold_round, args=(asked.signs, None))


def _show_answering(asked: Asked, language: Language) -> None:
    kind, key = asked.one.kind, state.key_of_round(asked.signs, "answer")
    label = as_markdown(words.YOUR_ANSWER.said(language))
    with st.form(state.ASKED_FORM, border=False):
        if isinstance(kind, Number):
            label = as_markdown(f"{words.YOUR_ANSWER.said(language)} ({kind.unit.said(language)})")
            steps = (float(x) for x in (kind.low, kind.high, kind.start, kind.step))
            low, high, start, step = steps
            st.slider(label, low, high, start, step, key=key, width=WIDTH, format="%g")
        else:
            values = list(kind.values)
            st.select_slider(label, values, kind.start, key=key, width=WIDTH, format_func=lambda value: f"{value:g}")
        st.form_submit_button(
            as_markdown(words.COMMIT.said(language)), type="primary", on_click=partial(_commit, asked, key)
        )


def _commit(asked: Asked, key: str) -> None:
    answer = st.session_state.get(key)
    if asked.one.kind.takes(answer):
        hold_round(asked.signs, answer)


def _show_revealed(asked: Asked, answer: Answer, language: Language) -> None:
    """How near the answer is, the figure, and the way to the view."""
    verdict = asked.one.judge(answer)
    yours = fill(class_words.YOU_SAID, yours=asked.one.kind.say(answer)).said(language)
    theirs = fill(class_words.ANSWER, answer=both(asked.one.text)).said(language)
    st.html(
        f'<p class="outcomes-verdict {verdict}" role="status" data-testid="verdict"><b>'
        f"{escape(say_verdict(verdict).said(language))}</b> {escape(yours)} {escape(theirs)}</p>"
    )
    picture = asked.document.main()
    show_picture_alone(replace(picture, caption=""), state.key_of_round(asked.signs, "after"))
    address = asked.context.links.to(asked.document.slug, dict(asked.choices))
    st.html(
        f'<p class="outcomes-turn"><a data-turn class="outcomes-button" href="{escape(address)}">'
        f"{escape(class_words.OPEN_VIEW.said(language))}</a></p>"
    )
