"""Parts of an analysis that take seconds: a button, then a progress bar with a way to stop, then the result."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from html import escape

import streamlit as st

from analytics.document import BackgroundPart
from analytics.provenance import Provenance
from pages.components import state
from pages.components.files import show_files
from pages.components.jobs import Job, JobKey, Jobs, jobs_of, start_background
from pages.components.markdown import as_markdown
from pages.components.open_view import OpenView
from pages.components.presence import name_session
from pages.components.tables import show_part

LOOK_EVERY_SECONDS = 0.4


def show_background(opened: OpenView, parts: Sequence[BackgroundPart]) -> None:
    """Parts that take seconds, each redrawn on its own while it is computed.

    They look at handfuls of children, so that where small numbers are protected there are none.
    """
    if opened.context.cohort.smallest_cell:
        return
    for part in parts:
        context = opened.context
        key: JobKey = (context.cohort, context.filter, opened.document.slug, opened.choices, part.name)
        st.fragment(partial(_show_one, part, key, opened.provenance, f"{opened.stem}_{part.name}"))()


def _show_one(part: BackgroundPart, key: JobKey, provenance: Provenance, stem: str) -> None:
    st.html(f'<h2 class="outcomes-h2" data-testid="slow-title">{escape(part.title)}</h2>')
    job = jobs_of(key[0]).find(key, name_session())
    if job is not None and not job.is_finished:
        show_progress(key, job)
    elif job is None:
        _show_start(part, key, part.refusal() or jobs_of(key[0]).refusal(name_session()))
    found = job.future.result() if job is not None and job.is_finished else None
    shown = part.show(found)
    show_part(shown, "slow", state.key_of_background(part.name, "picture"), stem)
    if found is not None:
        show_files(part.files, partial(part.frames, found), provenance.remarking(shown.sentences), stem, part.name)


def _show_start(part: BackgroundPart, key: JobKey, refusal: str) -> None:
    about = refusal or part.about
    st.html(f'<p class="outcomes-caption" data-testid="slow-about">{escape(about)}</p>')
    st.button(
        as_markdown(part.button),
        key=state.key_of_background(part.name, "start"),
        icon=":material/play_arrow:",
        disabled=bool(refusal),
        on_click=start_background,
        args=(key, part, name_session()),
    )


def show_progress(key: JobKey, job: Job, jobs: Jobs | None = None) -> None:
    """How far it has come, looked at again and again until it has ended or is no longer waited for; then a new page."""
    is_first, where = True, jobs or jobs_of(key[0])

    def look() -> None:
        nonlocal is_first
        waits = not job.is_finished and where.find(key, name_session()) is job
        if not waits and not is_first:
            st.rerun()
        is_first = False
        with st.container(
            horizontal=True, vertical_alignment="center", key=state.key_of_background(key[-1], "progress")
        ):
            st.progress(job.share, _say_how_far(key, job, where), width="stretch")
            stop = state.key_of_background(key[-1], "stop")
            st.button("Stop", key=stop, icon=":material/stop:", on_click=where.stop, args=(key, name_session()))

    st.fragment(look, run_every=LOOK_EVERY_SECONDS)()


def _say_how_far(key: JobKey, job: Job, jobs: Jobs) -> str:
    if job.total:
        return f"{job.done} of {job.total}"
    if job.done:
        return f"{job.done} so far"
    if job.future.running():
        return "Beginning …"
    n_before, n_waiting = jobs.place(key)
    return f"Waiting to begin: {n_before} before yours, {n_waiting} waiting in all"
