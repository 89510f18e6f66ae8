"""What is shown of one patient as a slide or a report, made when a reader asks for it."""

from __future__ import annotations

from functools import partial
from html import escape

import streamlit as st

from analytics.exports.exhibit import ExhibitMedium, Extra, no_progress
from analytics.exports.html_file import HTML
from analytics.exports.pptx_file import SLIDES
from analytics.formats import name_patients
from analytics.patient.extra import to_extra
from analytics.patient.features import Value
from analytics.reporting.patient import say_features, say_file_holds
from analytics.reporting.protection import list_protected
from pages.components import state
from pages.components.cache import load_asked
from pages.components.context import Context
from pages.components.files import name_file, trace_selection
from pages.components.markdown import as_markdown
from pages.components.patient import read_definitions
from pages.components.patient_alike import find_alike
from pages.components.patient_risk import find_risk

MEDIA: tuple[ExhibitMedium, ...] = (HTML, SLIDES)  # a script has nothing to compute of one patient
METHOD = "One {patient} beside the cohort: published definitions, those alike or nearest, and the models of the pages."


def show_patient_files(context: Context, features: dict[str, Value]) -> None:
    """A button for each medium; the file holds what the page shows, and so what was entered."""
    with st.expander("Files", icon=":material/download:", key=state.PATIENT_FILES, on_change="rerun") as fold:
        if not fold.open:
            return
        extra = gather_patient(context, features)
        st.html(f'<p class="outcomes-caption">{escape(say_file_holds())}</p>')
        with st.container(horizontal=True):
            for medium in MEDIA:
                st.download_button(
                    as_markdown(medium.name),
                    data=partial(_write, medium, extra),
                    file_name=f"{name_file(context, 'this-patient')}.{medium.ending}",
                    mime=medium.mime,
                    on_click="ignore",
                    icon=":material/download:",
                    type="tertiary",
                    key=state.key_of_file(medium.ending, "patient"),
                )


def gather_patient(context: Context, features: dict[str, Value]) -> Extra:
    """All that the page shows of a patient, with everything open."""
    reading = read_definitions(context, features)
    classes, facts = ((), ()) if reading is None else (reading.list_classes(), reading.list_treatments())
    asked = load_asked(context.cohort).keep_allowed(features)  # what follows from it need not be said
    said = say_features(asked, context.cohort.dictionary)
    provenance = trace_selection(context, name_patients("This {patient}"), name_patients(METHOD))
    alike, risk = find_alike(context, features), find_risk(context, features)
    notes = list_protected(context.cohort.smallest_cell)
    return to_extra(said, provenance, classes, facts, alike, risk, notes=notes)


def _write(medium: ExhibitMedium, extra: Extra) -> bytes:
    return medium.write([extra], no_progress)
