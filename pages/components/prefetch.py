"""What the page last shown needs, computed before anything of it is sent."""

from __future__ import annotations

from contextlib import suppress

import streamlit as st

from analytics.analyses import load_analyses
from analytics.cohort import Cohort
from analytics.cohort.disclosure import SuppressedError
from pages.components import state
from pages.components.cache import load_controls, load_document
from pages.components.context import read_choices, read_context


def compute_ahead(cohort: Cohort) -> None:
    """Compute the figure that the page last shown needs now, for `show_analysis` to find.

    Called before anything is sent: whatever reaches the browser earlier than the figure is drawn on its own, and the
    figure then waits for that drawing too.
    """
    analysis = next((a for a in load_analyses() if a.slug == st.session_state.get(state.SHOWN)), None)
    if analysis is None:
        return
    controls = load_controls(cohort, analysis.slug)
    if all(control.name in st.session_state for control in controls):
        # What may not be shown is said where it belongs on the page.
        with suppress(SuppressedError):
            load_document(cohort, read_context(cohort).filter, analysis.slug, read_choices(controls)).main()
