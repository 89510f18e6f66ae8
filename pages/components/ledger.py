"""The ledger of comparisons on the page: what has been looked at in this session, kept, said and handed out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from html import escape
from typing import Any

import streamlit as st

from analytics.document import Document
from analytics.exports.csv_file import to_csv, to_file_stem
from analytics.formats import format_count
from analytics.provenance import Provenance
from analytics.views.ledger import (
    Comparison,
    Key,
    Ledger,
    describe_for_file,
    describe_ledger,
    describe_looks,
    drop_idle_clauses,
    list_comparisons,
    tabulate_ledger,
)
from pages.components import state
from pages.components.cache import LEDGERS, load_controls
from pages.components.context import Context
from pages.components.presence import name_session

METHOD = (
    "p adjusted by Holm's (1979) and Benjamini and Hochberg's (1995) method over the explored comparisons, and apart from "
    "them over the planned ones"
)


def read_ledger() -> Ledger:
    """The comparisons of this session."""
    return Ledger.from_plain(st.session_state.get(state.LEDGER, []))


def record_comparisons(context: Context, document: Document, params: Mapping[str, Any]) -> tuple[Comparison, ...]:
    """Enter what this view compares; its comparisons as they stand in the ledger."""
    before = read_ledger()
    seen = _list(context, document, params)
    ledger = before.with_comparisons(seen)
    if ledger is not before:
        _write(ledger)
    return ledger.of([c.key for c in seen])


def take_over_ledger(session: str) -> None:
    """Let the ledger of another session of this tab go on in this one: what it listed comes first."""
    kept = LEDGERS.get(session)
    if kept is not None:
        _write(Ledger.from_plain(kept).with_comparisons(read_ledger().comparisons))


def _write(ledger: Ledger) -> None:
    rows = ledger.to_plain()
    st.session_state[state.LEDGER] = rows
    LEDGERS.put(name_session(), rows)


def say_for_file(context: Context, document: Document, params: Mapping[str, Any]) -> str:
    """What a file of this view says of the comparisons so far."""
    return describe_for_file(read_ledger(), [c.key for c in _list(context, document, params)])


def _list(context: Context, document: Document, params: Mapping[str, Any]) -> tuple[Comparison, ...]:
    cohort = context.cohort
    chosen = drop_idle_clauses(context.filter, context.funnel)
    controls = load_controls(cohort, document.slug)
    return list_comparisons(document, chosen, controls, params, cohort.dictionary, cohort.data_version)


def show_ledger(seen: Sequence[Comparison], context: Context) -> None:
    """One quiet line on where this view stands, and the whole ledger one click away.

    What lies behind the click is always sent: the browser decides where to open it by its size.
    """
    ledger, keys = read_ledger(), [c.key for c in seen]
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=state.LEDGER_LINE):
        st.html(f'<p class="outcomes-ledger" data-testid="ledger">{escape(describe_looks(ledger, keys))}</p>')
        with st.popover("Comparisons looked at", icon=":material/checklist:", type="tertiary", key=state.LEDGER_OPEN):
            if seen:
                _ask_whether_planned(ledger.of(keys))
            st.html(f'<div class="outcomes-ledger-table">{tabulate_ledger(ledger).to_html()}</div>')
            _offer_file(ledger, context)
            _offer_to_clear(ledger)


def _ask_whether_planned(seen: Sequence[Comparison]) -> None:
    # The box shows what the ledger says of this view, whatever it said of the one before.
    st.session_state[state.PLANNED] = all(c.planned for c in seen)
    what = "This comparison was" if len(seen) == 1 else f"These {format_count(len(seen))} comparisons were"
    st.checkbox(
        f"{what} planned in advance",
        key=state.PLANNED,
        on_change=_mark,
        args=([c.key for c in seen],),
        help="Only where it was written down before these data were looked at, as in a protocol. What was planned is adjusted "
        "among itself and does not count as explored. The mark is your word, and every file repeats it.",
    )


def _mark(keys: Sequence[Key]) -> None:
    _write(read_ledger().with_plan(keys, bool(st.session_state[state.PLANNED])))


def _offer_file(ledger: Ledger, context: Context) -> None:
    st.download_button(
        "CSV: comparisons",
        data=partial(_file_of, ledger, context),
        file_name=f"{to_file_stem('comparisons', 'synthetic' if context.cohort.synthetic else '', day=date.today())}.csv",
        mime="text/csv",
        on_click="ignore",
        icon=":material/download:",
        type="tertiary",
        key=state.key_of_file("comparisons"),
    )


def _file_of(ledger: Ledger, context: Context) -> bytes:
    cohort = context.cohort
    provenance = Provenance(
        title="Comparisons looked at in this session",
        cohort=cohort.name,
        selection="that of each comparison stands in its row.",
        method=METHOD,
        data_version=cohort.data_version,
        synthetic=cohort.synthetic,
        exported_on=date.today(),
        comparisons=describe_ledger(ledger),
    )
    return to_csv(ledger.to_frame(), provenance)


def _offer_to_clear(ledger: Ledger) -> None:
    n = len(ledger.comparisons)
    so_far = "the comparison so far belongs" if n == 1 else f"the {format_count(n)} comparisons so far belong"
    is_new = st.checkbox(
        "A new question begins",
        key=state.NEW_QUESTION,
        help=f"Clear the ledger for a new question only: {so_far} to this one and still count for any result that is reported "
        "of it. Save the file before.",
    )
    st.button(
        "Clear the ledger", key=state.CLEAR_LEDGER, disabled=not is_new, on_click=_clear, icon=":material/delete:"
    )


def _clear() -> None:
    _write(Ledger())
    st.session_state[state.NEW_QUESTION] = False
