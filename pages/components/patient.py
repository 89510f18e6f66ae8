"""One patient: what is entered stays in the session, and out of links and files unless a reader asks for a link."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from html import escape
from urllib.parse import quote

import streamlit as st

from analytics.cohort import Cohort
from analytics.dictionary import DAYS_PER_MONTH, Variable, load_words
from analytics.patient.definitions import Fact, Reading
from analytics.patient.features import Value, complete_features, to_text
from analytics.reporting.patient import (
    note_unread,
    say_features,
    say_link_holds,
    say_nothing_entered,
    say_outside,
    say_untold,
    tabulate_classes,
    tabulate_sources,
    tabulate_treatments,
)
from analytics.results import Note
from analytics.results.definitions import Classified, TreatmentFact
from analytics.speaking import name_phase
from pages.components import state
from pages.components.cache import load_asked, load_patients
from pages.components.context import Context
from pages.components.files import show_link
from pages.components.kept_patient import forget_files, jobs_of_patient
from pages.components.markdown import as_markdown
from pages.components.tables import show_table

NOT_KNOWN = "not known"
N_COLUMNS = 4
FIRST = ("age", "lineage", "site of relapse", "relapse day")  # roles


def hold_patient(texts: Sequence[str], cohort: Cohort) -> tuple[Note, ...]:
    """Hold what a link says of one patient, which somebody asked it to; a note on what of it cannot be used."""
    if len(texts) != 1 or not texts[0]:
        return ()
    asked = load_asked(cohort)
    st.session_state[state.PATIENT] = asked.read(texts[0])
    st.session_state[state.PATIENT_FOLD] = False
    return note_unread(asked.list_unread(texts[0]))


def read_patient(cohort: Cohort) -> dict[str, Value]:
    """What was entered, as far as this cohort's dictionary knows of it."""
    asked = load_asked(cohort)
    return asked.begun | asked.keep_allowed(st.session_state.get(state.PATIENT, {}))


def find_patient(cohort: Cohort) -> dict[str, Value]:
    """What is known of the patient at hand, with what follows from it; nothing where nobody was entered."""
    entered = read_patient(cohort)
    return {} if entered == load_asked(cohort).begun else complete_features(entered, cohort.dictionary)


def ask_patient(context: Context) -> dict[str, Value]:
    """The fields, folded away once a patient is taken, and what is entered."""
    cohort = context.cohort
    asked, entered = load_asked(cohort), read_patient(cohort)
    others = load_patients(cohort, context.filter)
    is_empty = entered == asked.begun
    st.session_state.setdefault(state.PATIENT_FOLD, True)
    if is_empty:
        st.html(
            f'<p class="outcomes-caption" data-testid="nothing-entered">{escape(say_nothing_entered(len(others)))}</p>'
        )
    else:
        jobs_of_patient()  # what is entered is forgotten with the tab, whether files are asked for or not
        said = say_in_short(cohort, entered)
        st.html(f'<p data-testid="patient"><b>{escape(said)}.</b></p>')
        limits = {name: (known.low, known.high) for name, known in cohort.ranges().items()}
        if outside := say_outside(entered, limits, cohort.dictionary):
            st.html(f'<p class="outcomes-note caution" role="note">{escape(outside)}</p>')
    title = f"What is known of the {load_words().noun}"
    with st.expander(
        as_markdown(title), icon=":material/edit_note:", key=state.PATIENT_FOLD, on_change="rerun"
    ) as fold:
        if fold.open:
            _show_taking(cohort, others)
            for phase, questions in asked.phases:
                _show_phase(phase, questions, entered)
    if not is_empty:
        with st.container(horizontal=True):
            st.button("Forget", icon=":material/delete:", key=state.PATIENT_FORGET, on_click=_hold, args=({},))
            is_asked = st.button("Make a link", icon=":material/link:", key=state.PATIENT_LINK)
        if is_asked:
            _show_patient_link(context, entered)
    return find_patient(cohort)


def _hold(features: dict[str, Value]) -> None:
    forget_files()
    st.session_state[state.PATIENT] = features


def say_in_short(cohort: Cohort, features: dict[str, Value]) -> str:
    """A patient in a line."""
    return say_features(_keep_first(cohort, features) or features, cohort.dictionary)


def _keep_first(cohort: Cohort, features: dict[str, Value]) -> dict[str, Value]:
    """What a patient is told by in a line."""
    first = {v.name for v in load_asked(cohort).variables if v.role in FIRST}
    return {name: value for name, value in features.items() if name in first}


def _show_taking(cohort: Cohort, others: Sequence[dict[str, Value]]) -> None:
    if not others:
        return
    known = load_asked(cohort).begun

    def name(i: int) -> str:
        return as_markdown(f"{i + 1}: {say_features(_keep_first(cohort, others[i]), cohort.dictionary)}")

    def take() -> None:
        chosen = st.session_state[state.PATIENT_TAKEN]
        if chosen is not None:
            _hold(known | others[chosen])
            st.session_state[state.PATIENT_FOLD] = False

    st.session_state[state.PATIENT_TAKEN] = None
    label = as_markdown(f"Take one of the {len(others)} synthetic {load_words().plural}")
    st.selectbox(label, range(len(others)), index=None, format_func=name, key=state.PATIENT_TAKEN, on_change=take)


def _show_phase(phase: str, questions: Sequence[Variable | Fact], entered: dict[str, Value]) -> None:
    st.html(f"<h2 class='outcomes-h2'>{escape(name_phase(phase).capitalize())}</h2>")
    columns = st.columns(N_COLUMNS)
    for i, question in enumerate(questions):
        with columns[i % N_COLUMNS]:
            _show_feature(question, entered.get(question.name))


def _show_feature(question: Variable | Fact, value: Value | None) -> None:
    """The field of one variable; times are asked in months."""
    key = state.key_of_feature(question.name)
    is_time = isinstance(question, Variable) and question.kind == "duration"
    unit = "months" if is_time else question.unit
    label = as_markdown(f"{question.label} ({unit})" if unit else question.label)
    if question.levels:
        st.session_state[key] = value
        held = st.selectbox
        levels = question.levels
        held(label, levels, None, question.level_label, key, placeholder=NOT_KNOWN, on_change=partial(_take, question))
        return
    # What is shown is rounded, what is held is not.
    st.session_state[key] = round(value / DAYS_PER_MONTH, 2) if is_time and isinstance(value, float) else value
    st.number_input(
        label,
        0.0,
        key=key,
        value=None,
        step=1.0,
        format="%g",
        placeholder=NOT_KNOWN,
        on_change=partial(_take, question),
    )


def _take(question: Variable | Fact) -> None:
    """Hold what was entered in a field, or no longer."""
    value = st.session_state[state.key_of_feature(question.name)]
    held = dict(st.session_state.get(state.PATIENT, {}))
    held.pop(question.name, None)
    if value is not None:
        is_time = isinstance(question, Variable) and question.kind == "duration"
        held[question.name] = value * DAYS_PER_MONTH if is_time else value
    _hold(held)


def _show_patient_link(context: Context, entered: dict[str, Value]) -> None:
    st.html(f'<p class="outcomes-note caution">{escape(say_link_holds())}</p>')
    show_link(f"{context.links.here((), {})}&{state.PATIENT}={quote(to_text(entered))}")


def read_definitions(context: Context, features: dict[str, Value]) -> Reading | None:
    """The published definitions read for a patient; None where there are none for the disease."""
    definitions = load_asked(context.cohort).definitions
    return None if definitions is None else Reading(definitions, context.cohort.dictionary, features)


def show_classes(classes: Sequence[Classified], facts: Sequence[TreatmentFact]) -> None:
    """The classes by published definitions, and what is published on treatments."""
    show_table(tabulate_classes(classes))
    table, untold = tabulate_treatments(facts), say_untold(facts)
    with st.expander(
        as_markdown(f"{table.title} ({len(table.rows)})"), icon=":material/menu_book:", key=state.PATIENT_TREATMENTS
    ):
        show_table(table)
        if untold:
            st.html(f'<p class="outcomes-caption">{escape(untold)}</p>')
        show_table(tabulate_sources(classes, facts))
