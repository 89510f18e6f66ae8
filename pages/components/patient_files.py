"""What is shown of one patient as a slide or a report, made when a reader asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from html import escape

import streamlit as st

from analytics.exports.exhibit import ExhibitMedium, Extra, no_progress
from analytics.exports.html_file import HTML
from analytics.exports.pptx_file import SLIDES
from analytics.formats import name_patients
from analytics.patient.extra import to_extra
from analytics.patient.features import Value
from analytics.patient.likeness import PatientsAlike
from analytics.patient.risk import RiskOfOne
from analytics.reporting.patient import say_features, say_file_holds
from analytics.reporting.protection import list_protected
from analytics.results.definitions import Classified, TreatmentFact
from pages.components import state
from pages.components.context import Context
from pages.components.files import name_file, trace_selection
from pages.components.markdown import as_markdown

MEDIA: tuple[ExhibitMedium, ...] = (HTML, SLIDES)  # a script has nothing to compute of one patient
METHOD = "One {patient} beside the cohort: published definitions, those alike or nearest, and the models of the pages."


def show_patient_files(
    context: Context,
    features: dict[str, Value],
    classes: Sequence[Classified],
    facts: Sequence[TreatmentFact],
    alike: PatientsAlike | None,
    risk: RiskOfOne | None,
) -> None:
    """A button for each medium; the file holds what is shown, and so what was entered."""
    with st.expander("Files", icon=":material/download:", key=state.PATIENT_FILES, on_change="rerun") as fold:
        if not fold.open:
            return
        said = say_features(features, context.cohort.dictionary)
        provenance = trace_selection(context, name_patients("This {patient}"), name_patients(METHOD))
        notes = list_protected(context.cohort.smallest_cell)
        extra = to_extra(said, provenance, classes, facts, alike, risk, notes=notes)
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


def _write(medium: ExhibitMedium, extra: Extra) -> bytes:
    return medium.write([extra], no_progress)
