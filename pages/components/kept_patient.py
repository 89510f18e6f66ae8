"""Files of one patient while they are made: they are the session's alone, and go with it or with the patient."""

from __future__ import annotations

import streamlit as st

from pages.components import state
from pages.components.jobs import Jobs
from pages.components.leaving import forget_with_session
from pages.components.presence import PRESENCE


class KeptFiles:
    """What is made, or was made, of the patient at hand."""

    def __init__(self) -> None:
        self.jobs = Jobs(is_here=PRESENCE.is_here)

    def forget(self) -> None:
        """Let go of the files, and of what they were asked by."""
        self.jobs = Jobs(is_here=PRESENCE.is_here)


def jobs_of_patient() -> Jobs:
    """Where files of the patient at hand are made; with the tab they go, and so does all that its session holds."""
    held: KeptFiles | None = st.session_state.get(state.PATIENT_JOBS)
    if held is None:
        held = st.session_state[state.PATIENT_JOBS] = KeptFiles()
        forget_with_session(held)
    return held.jobs


def forget_files() -> None:
    """Let go of all files of the patient at hand."""
    held: KeptFiles | None = st.session_state.get(state.PATIENT_JOBS)
    if held is not None:
        held.forget()
