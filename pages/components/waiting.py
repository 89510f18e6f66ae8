"""What a page says while a large cohort is opened or counted: that it is at work, at which stage, and how far."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analytics.cohort import Cohort
from analytics.cohort.address import describe_source
from analytics.cohort.waiting import Stage
from analytics.formats import format_patients
from pages.components import state
from pages.components.cache import active_source

SHOWN_SECONDS = 2  # longer than until it is said again: a toast goes by itself, and not sooner


class Announcement:
    """A listener for one run of the script. What it draws lets the run end where a reader has clicked meanwhile.

    ``draw_head`` draws what a page begins with on which no cohort is open.
    """

    def __init__(self, draw_head: Callable[[], None]) -> None:
        self._draw_head = draw_head
        self._whom = ""
        self._opening: DeltaGenerator | None = None
        self._counting: DeltaGenerator | None = None

    def about(self, cohort: Cohort) -> None:
        """From now on patients of this cohort are counted."""
        self._whom = cohort.dictionary.words.plural  # how many they are is a question, too
        self._whom = format_patients(cohort.n)

    def __call__(self, stage: Stage, share: float | None) -> None:
        """Say how far a long question is."""
        if not self._whom:
            self._say_opening(stage, share)
            return
        far = "…" if share is None else f": {share:.0%}"
        text = f"Counting {self._whom}{far}"
        toast = st.toast if self._counting is None else self._counting.toast
        self._counting = toast(text, icon=":material/hourglass_top:", duration=SHOWN_SECONDS)

    def end_opening(self) -> bool:
        """Take away what was said of an opening; True if anything was."""
        if self._opening is None:
            return False
        self._opening.empty()
        return True

    def _say_opening(self, stage: Stage, share: float | None) -> None:
        if self._opening is None:
            self._draw_head()
            self._opening = st.empty()
            with self._opening.container():
                st.html(
                    '<h1 class="outcomes-title" data-testid="opening">This cohort is being opened</h1>'
                    f"<p><bdi>{escape(describe_source(active_source()))}</bdi></p>"
                )
                self._progress = st.empty()
                st.button(
                    "Show the synthetic reference cohort instead",
                    on_click=st.session_state.update,
                    args=({state.USE_REFERENCE: True},),
                    key=state.REFERENCE_MEANWHILE,
                )
        what = f"Step {stage.number} of {stage.of}: {stage.what}" if stage.number else "Beginning"
        self._progress.progress(share or 0.0, what if share is None else f"{what}, {share:.0%}")
