"""What a question to a class has everywhere: the name of the class in the link, the code of an answer, and the link itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from html import escape

import streamlit as st

from analytics.analysis import Control
from analytics.languages import Language, Text
from analytics.learning import class_words
from analytics.learning.answers import Answer
from analytics.learning.asking import LONGEST_GROUP
from analytics.learning.codes import Asked, write_code, write_file
from analytics.learning.saying import fill
from pages.components import state
from pages.components.markdown import as_markdown
from pages.components.own_cohort import find_own_cohort

CLASS = Control(state.CLASS, "Class", "text", "", limits=(0, LONGEST_GROUP))
HELD = "1"
HOLD = Control(state.HOLD, "Hold the answer", "one", "", (("", "0"), (HELD, HELD)))
WIDTH = 560


def read_group() -> str:
    """The name of the class or round that the link says, "" for none."""
    group: str = CLASS.choice(st.session_state.get(state.CLASS))
    return group


def is_held() -> bool:
    """True while the answer stays hidden until the teacher shows it."""
    return bool(HOLD.choice(st.session_state.get(state.HOLD)) == HELD)


def suggest_group() -> str:
    """The name of a class that was used last, or the day."""
    return str(st.session_state.get(state.CLASS_USED) or read_group() or date.today().isoformat())


def say_class() -> dict[str, str]:
    """What a link to the same class says."""
    group = read_group()
    return ({state.CLASS: group} if group else {}) | ({state.HOLD: HELD} if is_held() else {})


def read_round(signs: str) -> Answer | None:
    """What was answered to the question of these signs in this session."""
    rounds: dict[str, Answer] = st.session_state.get(state.ROUNDS, {})
    return rounds.get(signs)


def hold_round(signs: str, answer: Answer | None) -> None:
    """Hold an answer to a question to a class, or let it go."""
    rounds = {name: one for name, one in st.session_state.get(state.ROUNDS, {}).items() if name != signs}
    st.session_state[state.ROUNDS] = rounds if answer is None else {**rounds, signs: answer}


def show_code(signs: str, kind: Asked, answer: Answer, question: Text, language: Language) -> None:
    """The code of an answer, to be read out, and the same as a file."""
    code, group = write_code(signs, kind, answer), read_group()
    whose = fill(class_words.IN_CLASS, group=group).said(language) if group else ""
    st.html(
        f'<div class="outcomes-code" role="status"><span>{escape(class_words.YOUR_CODE.said(language))}</span>'
        f'<b data-testid="code">{escape(code)}</b><span>{escape(whose)}</span></div>'
        f'<p class="outcomes-caption">{escape(class_words.SAY_CODE.said(language))}</p>'
    )
    st.download_button(
        as_markdown(class_words.SAVE_CODE.said(language)),
        data=write_file(code, group, question.said(language), kind.say(answer).said(language)),
        file_name=f"prediction_{code}.csv",
        mime="text/csv",
        on_click="ignore",
        icon=":material/download:",
        key=state.CLASS_FILE,
    )


def show_held(kind: Asked, answer: Answer, language: Language) -> None:
    """That the answer stays hidden, beside what was predicted."""
    said = fill(class_words.YOU_SAID, yours=kind.say(answer)).said(language)
    st.html(
        f'<p class="outcomes-verdict" data-testid="held"><b>{escape(class_words.HELD.said(language))}</b> '
        f"{escape(said)}</p>"
    )


def show_class_link(to_link: Callable[[dict[str, str]], str], language: Language) -> None:
    """The name of the class, whether the answer is held, and the link that says so."""
    group = st.text_input(
        as_markdown(class_words.NAME.said(language)),
        suggest_group(),
        max_chars=LONGEST_GROUP,
        key=state.CLASS_NAME,
        width=WIDTH,
    )
    held = st.checkbox(as_markdown(class_words.KEEP_HIDDEN.said(language)), key=state.CLASS_HOLD)
    named = st.session_state[state.CLASS_USED] = str(CLASS.value(group or ""))
    chosen = ({state.CLASS: named} if named else {}) | ({state.HOLD: HELD} if held else {})
    st.caption(as_markdown(class_words.COPY.said(language)))
    st.code(to_link(chosen), language=None, wrap_lines=True)
    says = class_words.LINK_SAYS.said(language)
    if find_own_cohort() is not None:
        says += " " + fill(class_words.OWN_FILE).said(language)
    st.caption(as_markdown(says))
