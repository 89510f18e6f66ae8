"""One patient in the context of the cohort: classes by published definitions, those like this one, the risk by a model."""

from __future__ import annotations

from html import escape

import streamlit as st

from analytics.formats import name_patients
from analytics.reporting.patient import say_no_classes
from analytics.reporting.wording import say_no_advice
from pages.components.context import Context
from pages.components.markdown import as_markdown
from pages.components.patient import ask_patient, read_definitions, show_classes
from pages.components.patient_alike import show_alike
from pages.components.patient_files import show_patient_files
from pages.components.patient_risk import show_risk
from pages.components.registry import Page
from pages.components.title import show_title

TITLE = "This {patient}"
QUESTION = "Where does one {patient} stand by published definitions and in this cohort?"


def show_patient(context: Context) -> None:
    """What is known of a patient, and what follows from it."""
    show_title(name_patients(TITLE), name_patients(QUESTION), context)
    features = ask_patient(context)
    if features:
        reading = read_definitions(context, features)
        classes, facts = ((), ()) if reading is None else (reading.list_classes(), reading.list_treatments())
        if classes:
            show_classes(classes, facts)
        else:
            st.html(f'<p class="outcomes-caption">{escape(say_no_classes())}</p>')
        show_alike(context, features)
        show_risk(context, features)
        show_patient_files(context, features)
    st.caption(as_markdown(say_no_advice()))


def list_pages() -> tuple[Page, ...]:
    """The pages of this file."""
    about = (
        "One {patient} in the context of the cohort: classes by published definitions with what would change them, and what "
        "was published on treatments, what became of those like this one, and the risk of {relapse} by the models."
    )
    return (
        Page(
            url_path="this-patient",
            title=name_patients(TITLE),
            icon=":material/person_search:",
            show=show_patient,
            order=1,
            about=name_patients(about),
        ),
    )
