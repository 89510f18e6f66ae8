"""Table 1, folded away: by relapse, by another variable or of two selections, with its file."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from analytics.reporting.tables import table_frame
from analytics.views.two_files import join_files
from pages.components import state
from pages.components.cache import load_baseline
from pages.components.context import Context
from pages.components.controls import BY_RELAPSE, ask_choice, list_overview_choices
from pages.components.files import name_file, show_files, trace_selection
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
        other, names = context.start, None if context.start is None else context.names
        table = load_baseline(cohort, context.filter, None if by == BY_RELAPSE else by, context.versus, other, names)
        if table.rows:
            show_table(table)
            provenance, stem = trace_selection(context, table.title, table.caption), name_file(context)
            if other is not None and context.versus is not None:
                alone = replace(context, cohort=other, filter=context.versus, versus=None, start=None)
                provenance = join_files(provenance, trace_selection(alone, table.title, table.caption))
                stem = f"{stem}_a-b{'_synthetic' if other.synthetic else ''}"
            show_files((FILE,), lambda: {FILE: table_frame(table)}, provenance, stem, "baseline")
