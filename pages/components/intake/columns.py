"""The step in which columns become variables: known exports at once, others by what is guessed and confirmed."""

from __future__ import annotations

from html import escape

import streamlit as st

from analytics.cohort.problems import CohortError
from analytics.formats import format_count, format_patients, shorten
from analytics.intake.importing import Imported
from analytics.intake.mapping import Assignment, Mapping, MappingError
from analytics.intake.mapping_text import read_mapping, write_mapping
from pages.components import state
from pages.components.intake.held import Held
from pages.components.notes import show_notes

LONGEST_TEXT = 200_000


def ask_columns(held: Held) -> None:
    """What each column means, as far as it is known."""
    if held.export is not None:
        st.html(
            '<div class="outcomes-note" role="status" data-testid="recognised"><b>Recognised.</b> '
            f"{escape(held.export.mapping.name)}: {escape(held.export.about)}. Its columns are known.</div>"
        )
    if held.mapping is None:
        return
    try:
        imported = held.import_now()
    except (MappingError, CohortError):
        imported = None
    if imported is not None:
        st.html(
            f'<p class="outcomes-cohort" data-testid="imported">{escape(format_patients(len(imported.mapped.frame)))}, '
            f"{format_count(len(imported.mapped.frame.columns) - 1)} variables.</p>"
        )
        show_notes(imported.notes)
        with st.expander("Each variable, and where it comes from", icon=":material/account_tree:"):
            st.html(variables_html(imported, held.mapping))
    _ask_text(held, held.mapping)


def variables_html(imported: Imported, mapping: Mapping) -> str:
    """A table: each variable, its columns, how many have a value, and its commonest values."""
    rows = []
    for name in imported.mapped.frame.columns:
        variable, values = imported.mapped.dictionary[name], imported.mapped.frame[name]
        assignment = mapping.get(name)
        commonest = values.value_counts().head(4)
        shown = ", ".join(f"{shorten(value)} ({n})" for value, n in commonest.items())
        if variable.kind in ("continuous", "duration"):
            shown = f"{values.min():g} to {values.max():g}" if values.notna().any() else ""
        if variable.kind == "identifier":
            shown = ""
        rows.append(
            f"<tr><th scope='row'>{escape(variable.label)}</th><td>{escape(_say_source(assignment, mapping))}</td>"
            f"<td>{format_count(int(values.notna().sum()))}</td><td>{escape(shown)}</td></tr>"
        )
    return (
        '<div class="outcomes-scroll" tabindex="0" role="region" aria-label="Variables"><table class="outcomes-table prose">'
        "<thead><tr><th scope='col'>Variable</th><th scope='col'>From</th><th scope='col'>Known</th>"
        f"<th scope='col'>Values</th></tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _say_source(assignment: Assignment | None, mapping: Mapping) -> str:
    if assignment is None:
        return shorten(mapping.key)
    said = " + ".join(map(shorten, assignment.columns)) or f"always {assignment.value}"
    if assignment.origin:
        said += f" − {shorten(assignment.origin)}"
    if assignment.factor != 1:
        said += f", × {assignment.factor:.6g}"
    return said + (", 0 and 1 exchanged" if assignment.is_inverted else "")


def _ask_text(held: Held, mapping: Mapping) -> None:
    """The mapping as a text that can be changed: all that the widgets can say, and what they cannot."""
    with st.expander("The mapping as text", icon=":material/edit_note:"):
        key = state.key_of_intake(held.n_taken, state.INTAKE_TEXT, mapping.version)
        st.text_area("Mapping (TOML)", write_mapping(mapping), height=320, key=key, max_chars=LONGEST_TEXT)
        st.button(
            "Use this text", key=state.key_of_intake(held.n_taken, "use_text"), on_click=_use_text, args=(held, key)
        )
        if problem := st.session_state.get(state.key_of_intake(held.n_taken, "text_problem")):
            st.error(problem)


def _use_text(held: Held, key: str) -> None:
    try:
        mapping = read_mapping(st.session_state[key])
    except MappingError as error:
        st.session_state[state.key_of_intake(held.n_taken, "text_problem")] = str(error)
        return
    st.session_state.pop(state.key_of_intake(held.n_taken, "text_problem"), None)
    held.settle(mapping)
