"""Lessons on a page: the list of them, and one of them, from the question to what can be changed afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from html import escape
from typing import Any

import streamlit as st

from analytics.analysis import Control
from analytics.cohort.filters import CohortFilter
from analytics.dictionary import speaking_by
from analytics.formats import format_count
from analytics.languages import Language
from analytics.learning import class_words, words
from analytics.learning.answers import Choice, Kind, Number
from analytics.learning.asking import name_lesson_round
from analytics.learning.lesson import Lesson
from analytics.learning.lessons import load_lessons
from analytics.learning.progress import VERDICTS, Done, accepts, count_right, say_verdict
from analytics.learning.quiz import N_LESSONS
from analytics.learning.saying import fill
from pages.components import state
from pages.components.browser import DRAWN, PLAY
from pages.components.cache import load_lesson, load_taught
from pages.components.classroom import (
    CLASS,
    HOLD,
    hold_round,
    is_held,
    read_group,
    read_round,
    say_class,
    show_class_link,
    show_code,
    show_held,
)
from pages.components.context import Context, hold_choices
from pages.components.figures import show_picture_alone
from pages.components.links import Links
from pages.components.markdown import as_markdown
from pages.components.progress import drop_done, hold_done, read_done

PAGE = "lessons"
QUIZ = "closing-quiz"
SLUGS = ("", *(lesson.slug for lesson in load_lessons()), QUIZ)
LESSON = Control(state.LESSON, "Lesson", "one", "", tuple((slug, slug) for slug in SLUGS))
WIDTH = 560  # pixels of a slider
FEW_OPTIONS = 6
MOST_STEPS, PAUSE = 12, 800  # of a control that plays, and milliseconds between them


@dataclass(frozen=True, slots=True, eq=False)
class Taught:
    """A lesson on the patients at hand: ``found`` for the control's default, before anything is changed."""

    lesson: Lesson[Any, Any]
    context: Context
    whom: Context
    found: Any
    language: Language

    @property
    def setting(self) -> Any:
        """Where the control stands."""
        control = self.lesson.control
        return control.choice(st.session_state.get(control.name))

    @property
    def signs(self) -> str:
        """The signs of the question in the codes of the class that the link names."""
        return name_round(self.lesson.slug, self.whom, read_group())

    @property
    def done(self) -> Done | None:
        """What was answered; in a class what was answered in this round of it, whatever was before."""
        done = read_done().get(self.lesson.slug)
        return None if read_group() and read_round(self.signs) is None else done


def name_round(slug: str, whom: Context, group: str) -> str:
    """The signs of a lesson on the patients of a context, for a class."""
    cohort = whom.cohort
    return name_lesson_round(slug, whom.asked.to_query(cohort.dictionary), cohort.data_version, group)


def list_choices() -> tuple[Control, ...]:
    """What stands in a link to a lesson: which one, and where its control stands."""
    return (LESSON, CLASS, HOLD, *(lesson.control for lesson in load_lessons()))


def read_lesson() -> str:
    """The lesson that is asked for, "" for the list of them."""
    asked: str = LESSON.choice(st.session_state.get(state.LESSON))
    return asked


def open_taught(context: Context, slug: str, language: Language) -> Taught:
    """The lesson on the selection, or on the reference cohort."""
    lesson = next(lesson for lesson in load_lessons() if lesson.slug == slug)
    opened = load_lesson(context.cohort, context.filter, slug)
    found = load_taught(context.cohort, context.filter, slug, lesson.control.default)
    whom = context if opened.instead is None else Context(opened.cohort, CohortFilter())
    return Taught(lesson, context, whom, found, language)


def say_selected(context: Context, language: Language) -> str:
    """How many of how many are looked at, for who cannot read the sentence above."""
    numbers = {"left": context.selection.funnel().n_left, "n": context.cohort.n}
    with speaking_by(context.cohort.dictionary):
        return fill(words.SELECTED, **{name: format_count(n) for name, n in numbers.items()}).said(language)


def show_list(links: Links, language: Language) -> None:
    """Every lesson with what has become of it, and the closing quiz."""
    done = read_done()
    cards = [
        _card(
            links,
            lesson.slug,
            f"{place}. {fill(lesson.title).said(language)}",
            fill(lesson.about).said(language),
            said,
        )
        for place, lesson in enumerate(load_lessons(), start=1)
        for said in [_say_done(lesson, done.get(lesson.slug), language)]
    ]
    cards.append(_card(links, QUIZ, words.QUIZ.said(language), words.QUIZ_ABOUT.said(language), ""))
    st.html(f'<ul class="outcomes-lessons" data-testid="lessons">{"".join(cards)}</ul>')


def _say_done(lesson: Lesson[Any, Any], done: Done | None, language: Language) -> str:
    if done is None:
        return ""
    checked = fill(words.SCORE, right=str(count_right(lesson, done)), n=str(len(lesson.checks))).said(language)
    return f"✓ {VERDICTS[done.verdict].said(language)}" + (f" · {checked}" if done.chosen else "")


def _card(links: Links, slug: str, title: str, about: str, said: str) -> str:
    address, mark = links.elsewhere(PAGE, lesson=slug), ' class="done"' if said else ""
    return (
        f'<li><a data-turn href="{escape(address)}"{mark}><b>{escape(title)}</b><span>{escape(about)}</span>'
        f"{f'<em>{escape(said)}</em>' if said else ''}</a></li>"
    )


def show_question(taught: Taught) -> None:
    """What is read first, and the question; where it is not answered yet, the place to answer."""
    lesson, language = taught.lesson, taught.language
    with speaking_by(taught.whom.cohort.dictionary):
        before = "".join(f"<p>{escape(fill(text).said(language))}</p>" for text in lesson.before)
        question = lesson.ask(taught.found)
        st.html(f'<div class="outcomes-lesson">{before}</div>')
        if taught.done is not None:
            st.html(f'<p class="outcomes-ask" data-testid="question">{escape(question.text.said(language))}</p>')
            return
        picture = lesson.picture(taught.found, language, revealed=False)
        if picture is not None:
            show_picture_alone(picture, state.key_of_lesson(lesson.slug, "before"))
        st.html(f'<p class="outcomes-ask" data-testid="question">{escape(question.text.said(language))}</p>')
        _show_answering(taught, question.kind)


def _show_answering(taught: Taught, kind: Kind) -> None:
    language, slug = taught.language, taught.lesson.slug
    key = state.key_of_lesson(slug, "answer")
    if isinstance(kind, Number | Choice):
        with st.form(state.LESSON_FORM, border=False):
            if isinstance(kind, Number):
                st.slider(
                    as_markdown(f"{words.YOUR_ANSWER.said(language)} ({kind.unit.said(language)})"),
                    float(kind.low),
                    float(kind.high),
                    float(kind.start),
                    float(kind.step),
                    "%.0f" if kind.step >= 1 else "%.2f",
                    key=key,
                    width=WIDTH,
                )
            else:
                st.radio(
                    as_markdown(words.YOUR_ANSWER.said(language)),
                    [code for code, _ in kind.options],
                    index=None,
                    key=key,
                    format_func=lambda code: as_markdown(kind.say(code).said(language)),
                )
            st.form_submit_button(
                as_markdown(words.COMMIT.said(language)), type="primary", on_click=partial(_commit, taught, kind, key)
            )
        return
    data = {
        "times": kind.times,
        "axis": kind.axis.said(language),
        "label": words.DRAW.said(language),
        "point": fill(words.POINT, month="#").said(language),
        "months": "months" if language == "en" else "月",
        "commit": words.COMMIT.said(language),
    }
    st.caption(as_markdown(words.DRAW.said(language)))
    DRAWN(key=state.DRAWN, data=data, on_drawn_change=partial(_commit_drawn, taught, kind))


def _commit(taught: Taught, kind: Kind, key: str) -> None:
    _hold_answer(taught, kind, st.session_state.get(key))


def _commit_drawn(taught: Taught, kind: Kind) -> None:
    _hold_answer(taught, kind, st.session_state[state.DRAWN].drawn)


def _hold_answer(taught: Taught, kind: Kind, sent: object) -> None:
    answer = accepts(kind, sent)
    if answer is None:
        return
    lesson = taught.lesson
    with speaking_by(taught.whom.cohort.dictionary):
        verdict = kind.judge(answer, lesson.truth(taught.found))
        said = lesson.compare(taught.found, answer)
    hold_done(lesson.slug, Done(answer, verdict, said))
    hold_round(taught.signs, answer)
    st.session_state[state.COMMITTED] = True


def show_committed(taught: Taught) -> None:
    """What follows an answer: its code in a class, then what the patients say, unless the teacher is to show it."""
    done = taught.done
    if done is None:
        return
    if read_group():
        with speaking_by(taught.whom.cohort.dictionary):
            question = taught.lesson.ask(taught.found)
        answer = accepts(question.kind, read_round(taught.signs))
        if answer is not None:
            show_code(taught.signs, question.kind, answer, question.text, taught.language)
            if is_held():
                show_held(question.kind, answer, taught.language)
                _show_again(taught)
                return
    show_revealed(taught, done)
    show_checks(taught, done)


def _show_again(taught: Taught) -> None:
    slug, again = taught.lesson.slug, as_markdown(words.ANSWER_AGAIN.said(taught.language))
    st.button(again, key=state.LESSON_AGAIN, on_click=drop_done, args=(slug,))


def show_for_class(taught: Taught) -> None:
    """The link that a teacher gives to a class; those who opened one see none."""
    if read_group():
        return
    language, slug, links = taught.language, taught.lesson.slug, taught.context.links
    with st.expander(as_markdown(class_words.CLASS.said(language)), icon=":material/groups:", key=state.CLASS_FOLD):
        asked = {state.LESSON: slug, state.LANGUAGE: language}
        show_class_link(lambda chosen: links.whole(PAGE, **(asked | chosen)), language)
        where = links.elsewhere("class")
        st.html(
            f'<p class="outcomes-turn"><a data-turn class="outcomes-button" href="{escape(where)}">'
            f"{escape(class_words.SEE_SPREAD.said(language))}</a></p>"
        )


def show_revealed(taught: Taught, done: Done) -> None:
    """How near the answer is and why, the figure, and the control that changes it."""
    lesson, language = taught.lesson, taught.language
    with speaking_by(taught.whom.cohort.dictionary):
        kind = lesson.ask(taught.found).kind
        answer = accepts(kind, done.answer)
        verdict, compared = done.verdict, ""
        if answer is not None:  # one of an earlier visit may be of other patients
            verdict = kind.judge(answer, lesson.truth(taught.found))
            compared = lesson.compare(taught.found, answer).said(language)
        why = [text.said(language) for text in lesson.shown(lesson.explain(taught.found))]
        reasons = "".join(f"<li>{escape(said)}</li>" for said in why)
        st.html(
            f'<p class="outcomes-verdict {verdict}" role="status" tabindex="-1" data-testid="verdict"><b>'
            f"{escape(say_verdict(verdict).said(language))}</b> {escape(compared)}</p>"
            f'<ul class="outcomes-lesson outcomes-why" data-testid="why">{reasons}</ul>'
        )
        _show_control(taught)
        context = taught.context
        moved = load_taught(context.cohort, context.filter, lesson.slug, taught.setting)
        told = " ".join(text.said(language) for text in lesson.shown(lesson.tell(moved)))
        picture = lesson.picture(moved, language, revealed=True, answer=answer)
        assert picture is not None
        show_picture_alone(picture, state.key_of_lesson(lesson.slug, "after"))
        st.html(f'<div class="outcomes-lesson"><p class="outcomes-tell" data-testid="told">{escape(told)}</p></div>')
    _show_again(taught)


def _show_control(taught: Taught) -> None:
    """The one control of a lesson, whose value the link says."""
    control, language = taught.lesson.control, taught.language
    hold_choices({control.name: taught.setting})
    change, move = words.CHANGE.said(language), fill(taught.lesson.move).said(language)
    st.html(f'<p class="outcomes-lesson"><b>{escape(change)}</b> {escape(move)}</p>')
    label = as_markdown(fill(taught.lesson.control_label).said(language))
    if control.kind == "number":
        low, high = control.limits
        with st.container(horizontal=True, vertical_alignment="bottom", key=state.PLAY_PLACE):
            st.slider(label, low, high, step=control.step, key=control.name, width=WIDTH)
            values = list(range(low, high + 1, control.step))
            every = -(-len(values) // MOST_STEPS)
            shown = [*values[:-1:every], values[-1]]
            data = {"label": words.PLAY.said(language), "control": control.name, "values": shown, "pause": PAUSE}
            PLAY(key=state.PLAY, data=data, width="content", on_at_change=partial(_hold_step, control))
        return
    names = {value: as_markdown(fill(taught.lesson.labels[value]).said(language)) for value, _ in control.options}
    if len(names) <= FEW_OPTIONS:
        st.segmented_control(label, list(names), key=control.name, format_func=names.__getitem__, required=True)
    else:
        st.selectbox(label, list(names), key=control.name, format_func=names.__getitem__, width=WIDTH)


def _hold_step(control: Control) -> None:
    """Let the control stand where playing has come to."""
    at = st.session_state[state.PLAY].at
    if control.allows(at):
        hold_choices({control.name: at})


def show_checks(taught: Taught, done: Done) -> None:
    """Questions on what was taught, each answered at once."""
    lesson, language = taught.lesson, taught.language
    with speaking_by(taught.whom.cohort.dictionary):
        _show_checks(lesson, done, language)


def _show_checks(lesson: Lesson[Any, Any], done: Done, language: Language) -> None:
    st.html(f'<h2 class="outcomes-h2">{escape(words.CHECK.said(language))}</h2>')
    for place, check in enumerate(lesson.checks):
        chosen = done.chosen[place] if place < len(done.chosen) else None
        key = state.key_of_lesson(lesson.slug, "check", place)
        st.radio(
            as_markdown(fill(check.question).said(language)),
            range(len(check.options)),
            index=chosen,
            key=key,
            format_func=[as_markdown(fill(option).said(language)) for option in check.options].__getitem__,
            on_change=partial(_hold_chosen, lesson, place, key),
        )
        if chosen is not None:
            is_right = chosen == check.right
            said = f"{(words.RIGHT if is_right else words.WRONG).said(language)} {fill(check.why).said(language)}"
            kind = "right" if is_right else "near"
            st.html(f'<p class="outcomes-verdict {kind}" role="status">{escape(said)}</p>')


def _hold_chosen(lesson: Lesson[Any, Any], place: int, key: str) -> None:
    done = read_done().get(lesson.slug)
    if done is not None:
        hold_done(lesson.slug, done.choosing(place, st.session_state[key], len(lesson.checks)))


def show_ways(links: Links, slug: str, language: Language) -> None:
    """The lessons before and after, and the list of all."""
    order = SLUGS.index(slug)
    ways = [(words.PREVIOUS, SLUGS[order - 1] if order > 1 else None), (words.ALL_LESSONS, "")]
    ways.append((words.NEXT, SLUGS[order + 1] if order + 1 < len(SLUGS) else None))
    if order == N_LESSONS:  # all that the quiz asks has been taught
        ways.append((words.QUIZ, QUIZ))
    html = "".join(
        f'<a data-turn class="outcomes-button" href="{escape(links.elsewhere(PAGE, lesson=to, **say_class()))}">'
        f"{escape(name.said(language))}</a>"
        for name, to in ways
        if to is not None
    )
    st.html(f'<nav class="outcomes-turn" aria-label="{escape(words.LESSONS.said(language))}">{html}</nav>')
