"""Patients like the one at hand: the steps to them, their curve beside everyone's, and outcomes by treatment."""

from __future__ import annotations

from dataclasses import replace
from html import escape

import streamlit as st

from analytics.analyses import load_analyses
from analytics.cohort import Cohort
from analytics.cohort.disclosure import SuppressedError
from analytics.dictionary import load_words
from analytics.document import Selection
from analytics.figures.icon_array import draw_icons
from analytics.patient.features import Value
from analytics.patient.likeness import (
    HORIZON,
    Narrowing,
    PatientsAlike,
    choose_matters,
    compare_alike,
    list_matters,
    narrow,
    picture_alike,
)
from analytics.reporting.alike import (
    OF,
    count_in_ten,
    say_in_ten,
    say_no_nearest,
    say_too_few,
    say_treatments_of,
    tabulate_differences,
)
from analytics.reporting.reliability import load_policy
from analytics.reporting.tables import link_sources
from analytics.results import Note
from pages.components import state
from pages.components.attrition import show_stages
from pages.components.context import Context
from pages.components.figures import show_picture
from pages.components.files import name_file
from pages.components.markdown import as_markdown
from pages.components.notes import show_notes
from pages.components.protection import show_suppressed
from pages.components.tables import show_table

PAGE = "this-patient"
TREATMENTS = "hsct-cart-chemotherapy"  # the page whose default method compares treatments


def show_alike(context: Context, features: dict[str, Value]) -> None:
    """The cohort narrowed by what a reader says matters, and what became of those left, or of the nearest."""
    cohort, words = context.cohort, load_words()
    st.html(f'<h2 class="outcomes-h2">{escape(words.head)} like this one</h2>')
    labels = {v.name: v.label for v in list_matters(cohort, features)}
    st.session_state[state.PATIENT_MATTERS] = _read_matters(cohort, features)
    matters = st.multiselect(
        "What matters, in this order",
        list(labels),
        format_func=lambda name: as_markdown(labels[name]),
        key=state.PATIENT_MATTERS,
        on_change=_hold_matters,
    )
    try:
        narrowed = narrow(cohort, context.filter, features, matters)
        show_stages(narrowed.stages)
        found = compare_alike(cohort, narrowed, features, matters)
    except SuppressedError as error:
        show_suppressed(error)
        st.html(f'<p class="outcomes-caption">{escape(say_no_nearest())}</p>')
        return
    if said := _say_few(cohort, narrowed, found):
        st.html(f'<div class="outcomes-note caution" role="note" data-testid="too-few">{link_sources(said)}</div>')
    if found.is_nearest:
        show_table(tabulate_differences(found.differences, found.n))
    show_notes(found.notes)
    _show_outcome(context, found)
    _show_treatments(context, narrowed)


def find_alike(context: Context, features: dict[str, Value]) -> PatientsAlike | None:
    """What became of those alike, or of the nearest, by what matters; None where it may not be shown."""
    matters = _read_matters(context.cohort, features)
    try:
        narrowed = narrow(context.cohort, context.filter, features, matters)
        found = compare_alike(context.cohort, narrowed, features, matters)
    except SuppressedError:
        return None
    said = _say_few(context.cohort, narrowed, found)
    return replace(found, notes=(Note("few-alike", "caution", said), *found.notes)) if said else found


def _say_few(cohort: Cohort, narrowed: Narrowing, found: PatientsAlike) -> str:
    """That too few are alike, and who stands in for them; "" where they are enough."""
    if narrowed.n >= load_policy().full.patients:
        return ""
    return say_too_few(narrowed.n, found.n if found.is_nearest else 0, bool(cohort.smallest_cell))


def _read_matters(cohort: Cohort, features: dict[str, Value]) -> list[str]:
    known = {v.name for v in list_matters(cohort, features)}
    held = st.session_state.get(state.PATIENT_HELD, choose_matters(cohort, features))
    return [name for name in held if name in known]


def _hold_matters() -> None:
    st.session_state[state.PATIENT_HELD] = list(st.session_state[state.PATIENT_MATTERS])


def _show_outcome(context: Context, found: PatientsAlike) -> None:
    estimate, endpoint = found.at_horizon[0], found.endpoint
    said = say_in_ten(estimate, endpoint, HORIZON, is_nearest=found.is_nearest)
    counted = count_in_ten(estimate)
    icons = "" if counted is None else draw_icons(*counted, OF, said)
    st.html(f'{icons}<p class="outcomes-answer" data-testid="in-ten">{escape(said)}</p>')
    if not found.n:
        return
    show_picture(picture_alike(found), state.PATIENT_CURVES, name_file(context, PAGE))


def _show_treatments(context: Context, narrowed: Narrowing) -> None:
    """What became of those alike by treatment, by the method that the page on treatments begins with; made when it is opened."""
    offer = context.offers[TREATMENTS]
    if offer.lacks:
        return
    analysis = next(a for a in load_analyses() if a.slug == TREATMENTS)
    title = as_markdown(analysis.title)
    with st.expander(title, icon=analysis.icon, key=state.PATIENT_SALVAGE, on_change="rerun") as fold:
        if not fold.open:
            return
        stage, asked = narrowed.widest(load_policy().full.patients)
        try:
            document = analysis.open(Selection.of(context.cohort, asked), dict(offer.defaults))
        except SuppressedError as error:
            show_suppressed(error)
            return
        st.html(f'<p class="outcomes-caption">{escape(say_treatments_of(stage.text, stage.n))}</p>')
        show_notes(document.notes()[:3])
        show_picture(document.main(), state.PATIENT_TREATED, name_file(context, PAGE))
        for table in document.tables()[:1]:
            show_table(table)
