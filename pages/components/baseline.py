"""Table 1, folded away: by relapse, by another variable or of two selections, with its file."""

from __future__ import annotations

from datetime import date

import streamlit as st

from analytics.exports.medium import to_file_stem
from analytics.provenance import Provenance
from analytics.reporting.tables import Table, table_frame
from analytics.reporting.wording import say_protection
from pages.components import state
from pages.components.cache import load_baseline
from pages.components.context import Context
from pages.components.controls import BY_RELAPSE, ask_choice, list_overview_choices
from pages.components.files import show_files
from pages.components.tables import show_table

FILE = "table-1"


def show_baseline(context: Context) -> None:
    """Table 1, made once it is opened, with a choice of what its columns are: two selections where they are compared."""
    with st.expander("Table 1", icon=":material/table_chart:", key=state.BASELINE, on_change="rerun") as fold:
        if not fold.open:
            return
        cohort, by = context.cohort, BY_RELAPSE
        if context.versus is None:
            by = ask_choice(list_overview_choices(cohort)[state.BASELINE_BY])
        table = load_baseline(cohort, context.filter, None if by == BY_RELAPSE else by, context.versus)
        if table.rows:
            show_table(table)
            stem = to_file_stem("overview", "synthetic" if cohort.synthetic else "", day=date.today())
            show_files((FILE,), lambda: {FILE: table_frame(table)}, _trace(context, table), stem, "baseline")


def _trace(context: Context, table: Table) -> Provenance:
    cohort = context.cohort
    protected = (
        (f"Small numbers are protected. {say_protection(cohort.smallest_cell)}",) if cohort.smallest_cell else ()
    )
    return Provenance(
        title=table.title,
        cohort=cohort.name,
        selection=context.sentence,
        method=table.caption,
        data_version=cohort.data_version,
        synthetic=cohort.synthetic,
        exported_on=date.today(),
        remarks=protected,
    )
