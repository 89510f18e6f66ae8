"""What the page last shown needs, computed before anything of it is sent."""

from __future__ import annotations

from contextlib import suppress

import streamlit as st

from analytics.cohort.disclosure import SuppressedError
from pages.components import state
from pages.components.cache import load_controls, load_document
from pages.components.context import Context, are_known, read_choices


def prefetch_figure(context: Context) -> None:
    """Compute the figure that the page last shown needs now, for that page to find.

    Called before anything is sent: whatever reaches the browser earlier than the figure is drawn on its own, and the
    figure then waits for that drawing too.
    """
    slug = st.session_state.get(state.SHOWN)
    if slug is None or not context.may_be_shown:
        return
    controls = load_controls(context.cohort, slug)
    if are_known(controls):
        # What may not be shown is said where it belongs on the page.
        with suppress(SuppressedError):
            load_document(context.cohort, context.filter, slug, read_choices(controls)).main()
