"""The step that shows what is wrong with the patients, and asks what to do about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from html import escape

import pandas as pd
import streamlit as st

from analytics.cohort.examination import Finding
from analytics.dictionary import Words
from analytics.formats import format_count, format_patients
from analytics.intake.decisions import (
    Examined,
    accept_finding,
    correct_values,
    exclude_patients,
    list_patients,
    tabulate_rows,
    take_back,
)
from analytics.intake.mapping import Correction, Mapping
from pages.components import state
from pages.components.intake.held import Held
from pages.components.markdown import as_markdown

MOST_ROWS = 200  # that can be corrected by hand
SIGNS = {"error": ":material/error:", "caution": ":material/warning:"}


def show_findings(held: Held, examined: Examined) -> None:
    """Each finding with its rows and what can be done; then what was decided so far."""
    mapping = held.whole
    open_ones = examined.undecided
    n_errors = len(examined.errors)
    if not examined.findings:
        said = "Nothing was found that cannot be, or hardly can."
    elif not open_ones:
        said = "Something is decided about everything that was found."
    else:
        told = [f"{n_errors} must be corrected or excluded"] if n_errors else []
        n_odd = len(open_ones) - n_errors
        told += [f"{n_odd} {'looks' if n_odd == 1 else 'look'} odd and may stand"] if n_odd else []
        said = f"Found: {', '.join(told)}."
    st.html(f'<p class="outcomes-cohort" data-testid="found">{escape(said)}</p>')
    for finding, is_accepted in zip(examined.findings, examined.is_accepted, strict=True):
        if not is_accepted:
            _show_finding(held, examined, mapping, finding)
    _show_decisions(held, examined, mapping)


def _show_finding(held: Held, examined: Examined, mapping: Mapping, finding: Finding) -> None:
    with st.expander(as_markdown(finding.what), icon=SIGNS[finding.severity]):
        st.html(
            f'<p class="outcomes-caption" data-testid="finding" data-code="{escape(finding.code)}">'
            f"<b>{'To do' if finding.severity == 'error' else 'What to do'}:</b> {escape(finding.remedy)}</p>"
        )
        rows = tabulate_rows(examined, finding, MOST_ROWS)
        dictionary = examined.mapped.dictionary
        labels: dict[str, str | None] = {name: dictionary[name].label for name in rows.columns if name in dictionary}
        edited = st.data_editor(
            rows,
            column_config=labels | {"patient": dictionary.identifier.label},
            hide_index=True,
            disabled=["patient", "line"],
            key=state.key_of_intake(held.n_taken, "rows", mapping.version, finding.key),
            height=min(38 * (len(rows) + 1) + 2, 300),
        )
        if finding.n > len(rows):
            st.caption(as_markdown(f"The first {len(rows)} of {format_count(finding.n)}; all are in the report."))
        _show_remedies(held, examined, mapping, finding, rows, edited)


def _show_remedies(
    held: Held, examined: Examined, mapping: Mapping, finding: Finding, rows: pd.DataFrame, edited: pd.DataFrame
) -> None:
    patients = list_patients(examined, finding)
    corrections = _read_corrections(rows, edited)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if finding.cure:
            said = (
                f"Multiply all by {finding.factor:g}"
                if finding.cure == "multiply"
                else "Exchange 0 and 1 for everybody"
            )
            _offer(held, finding, "cure", said, lambda: _cure(mapping, finding), is_first=True)
        if corrections:
            n = len(corrections)
            said = f"Take over {n} {'correction' if n == 1 else 'corrections'}"
            _offer(held, finding, "correct", said, lambda: correct_values(mapping, corrections), is_first=True)
        if any(patients) and not finding.cure:
            _offer(
                held,
                finding,
                "exclude",
                f"Exclude {format_patients(len(set(filter(None, patients))))}",
                lambda: exclude_patients(mapping, patients, finding.what),
            )
        if any(patients) and rows.shape[1] > 2 and not finding.cure:
            column = rows.columns[2]
            emptied = [Correction(patient, column, "") for patient in patients if patient]
            said = f"Empty “{examined.mapped.dictionary[column].label}”"
            _offer(held, finding, "empty", said, lambda: correct_values(mapping, emptied))
        if finding.severity == "caution":
            note = st.text_input(
                "Why it may stand", key=state.key_of_intake(held.n_taken, "note", finding.key), width=260
            )
            _offer(held, finding, "accept", "Accept with this note", lambda: accept_finding(mapping, finding, note))


def _offer(
    held: Held,
    finding: Finding,
    name: str,
    label: str,
    decide: Callable[[], Mapping],
    *,
    is_first: bool = False,
) -> None:
    st.button(
        as_markdown(label),
        key=state.key_of_intake(held.n_taken, name, finding.key),
        type="primary" if is_first else "secondary",
        on_click=_decide,
        args=(held, decide),
    )


def _decide(held: Held, decide: Callable[[], Mapping]) -> None:
    mapping = decide()
    held.settle(replace(mapping, version=mapping.version + 1))


def _cure(mapping: Mapping, finding: Finding) -> Mapping:
    """The mapping with another factor, or 0 and 1 exchanged, for the finding's column."""
    variable = finding.columns[0]
    assignment = mapping.get(variable)
    if assignment is None:
        return mapping
    if finding.cure == "exchange":
        return mapping.with_assignment(replace(assignment, is_inverted=not assignment.is_inverted))
    rule = "number" if assignment.rule == "value" else assignment.rule
    factor, added = assignment.factor * finding.factor, assignment.added * finding.factor
    return mapping.with_assignment(replace(assignment, rule=rule, factor=factor, added=added))


def _read_corrections(rows: pd.DataFrame, edited: pd.DataFrame) -> list[Correction]:
    """What was written into other cells than those of patient and line."""
    return [
        Correction(str(rows["patient"].iloc[i]), column, str(edited[column].iloc[i] or "").strip())
        for column in rows.columns[2:]
        for i in range(len(rows))
        if str(edited[column].iloc[i] or "") != str(rows[column].iloc[i]) and rows["patient"].iloc[i]
    ]


def _show_decisions(held: Held, examined: Examined, mapping: Mapping) -> None:
    told = [
        f"{format_count(n)} {what.of(n)}"
        for n, what in (
            (examined.n_excluded, Words("excluded", "excluded")),
            (examined.n_corrected, Words("value corrected", "values corrected")),
            (sum(examined.is_accepted), Words("finding accepted", "findings accepted")),
        )
        if n
    ]
    if not told:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.html(f'<p class="outcomes-caption" data-testid="decided">Decided so far: {escape(", ".join(told))}.</p>')
        st.button(
            "Take all of it back",
            type="tertiary",
            icon=":material/undo:",
            key=state.key_of_intake(held.n_taken, "take_back"),
            on_click=_decide,
            args=(held, lambda: take_back(mapping)),
        )
    if examined.lost:
        st.warning(
            as_markdown(f"Not in this file: {'; '.join(examined.lost[:5])}. What was decided about them is not used.")
        )
