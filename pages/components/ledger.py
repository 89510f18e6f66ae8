"""The ledger of comparisons on the page: what has been looked at in this session, kept, said and handed out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from html import escape

import streamlit as st

from analytics.exports.medium import to_file_stem
from analytics.formats import format_count
from analytics.provenance import Provenance
from analytics.views.ledger import (
    Comparison,
    Key,
    Ledger,
    describe_ledger,
    describe_looks,
    tabulate_ledger,
)
from pages.components import state
from pages.components.context import Context
from pages.components.files import show_file_buttons
from pages.components.kept_ledger import keep_ledger, read_ledger
from pages.components.open_view import OpenView

FILE = "comparisons"
METHOD = (
    "p adjusted by Holm's (1979) and Benjamini and Hochberg's (1995) method over the explored comparisons, and apart from "
    "them over the planned ones"
)


def show_ledger(opened: OpenView) -> None:
    """One quiet line on where this view stands, and the whole ledger one click away.

    What lies behind the click is always sent: the browser decides where to open it by its size.
    """
    ledger, keys = read_ledger(), [c.key for c in opened.comparisons]
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=state.LEDGER_LINE):
        st.html(f'<p class="outcomes-ledger" data-testid="ledger">{escape(describe_looks(ledger, keys))}</p>')
        with st.popover("Comparisons looked at", icon=":material/checklist:", type="tertiary", key=state.LEDGER_OPEN):
            if keys:
                _ask_whether_planned(ledger.of(keys))
            st.html(f'<div class="outcomes-ledger-table">{tabulate_ledger(ledger).to_html()}</div>')
            _show_file(ledger, opened.context)
            is_new = _ask_whether_new(ledger)
            st.button(
                "Clear the ledger",
                key=state.CLEAR_LEDGER,
                disabled=not is_new,
                on_click=_clear,
                icon=":material/delete:",
            )


def _ask_whether_planned(seen: Sequence[Comparison]) -> bool:
    # The box shows what the ledger says of this view, whatever it said of the one before.
    st.session_state[state.PLANNED] = all(c.planned for c in seen)
    what = "This comparison was" if len(seen) == 1 else f"These {format_count(len(seen))} comparisons were"
    return st.checkbox(
        f"{what} planned in advance",
        key=state.PLANNED,
        on_change=_mark,
        args=([c.key for c in seen],),
        help="Only where it was written down before these data were looked at, as in a protocol. What was planned is adjusted "
        "among itself and does not count as explored. The mark is your word, and every file repeats it.",
    )


def _mark(keys: Sequence[Key]) -> None:
    keep_ledger(read_ledger().with_plan(keys, bool(st.session_state[state.PLANNED])))


def _show_file(ledger: Ledger, context: Context) -> None:
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
    stem = to_file_stem("ledger", "synthetic" if cohort.synthetic else "", day=date.today())
    show_file_buttons((FILE,), lambda: {FILE: ledger.to_frame()}, provenance, stem, "ledger")


def _ask_whether_new(ledger: Ledger) -> bool:
    n = len(ledger.comparisons)
    so_far = "the comparison so far belongs" if n == 1 else f"the {format_count(n)} comparisons so far belong"
    return st.checkbox(
        "A new question begins",
        key=state.NEW_QUESTION,
        help=f"Clear the ledger for a new question only: {so_far} to this one and still count for any result that is reported "
        "of it. Save the file before.",
    )


def _clear() -> None:
    keep_ledger(Ledger())
    st.session_state[state.NEW_QUESTION] = False
