"""How far a result can be trusted, under the result: closed until a reader opens it, and computed only then."""

from __future__ import annotations

import streamlit as st

from analytics.document import Appendix
from pages.components import state
from pages.components.background import show_background
from pages.components.figures import show_caption
from pages.components.files import show_files
from pages.components.markdown import as_markdown
from pages.components.open_view import OpenView
from pages.components.tables import show_part

ICONS = {state.CHECKS: ":material/verified:", state.PLANNING: ":material/edit_calendar:"}
NAMES = {state.CHECKS: "check", state.PLANNING: "planning"}


def show_checks(opened: OpenView) -> None:
    """The checks of an analysis behind a line to click; opening them draws nothing else anew."""
    _show_appendix(opened, opened.document.checks, state.CHECKS)


def show_opinion(opened: OpenView) -> None:
    """A second opinion."""
    show_background(opened, (opened.document.opinion,) if opened.document.opinion is not None else ())


def show_planning(opened: OpenView) -> None:
    """What a next study of this size would find, behind a line to click: it is no part of the result."""
    _show_appendix(opened, opened.document.planning, state.PLANNING)


def _show_appendix(opened: OpenView, appendix: Appendix | None, key: str) -> None:
    if appendix is not None:
        st.fragment(_show_line)(opened, appendix, key)


def _show_line(opened: OpenView, appendix: Appendix, key: str) -> None:
    with st.expander(as_markdown(appendix.title), icon=ICONS[key], key=key, on_change="rerun") as line:
        if not line.open:
            return
        show_caption(appendix.about)
        parts, name = appendix.parts(), NAMES[key]
        for i, part in enumerate(parts):
            show_part(part, name, state.key_of_picture(name, i), opened.stem)
        provenance = opened.provenance.remarking(sentence for part in parts for sentence in part.sentences)
        show_files(appendix.files, appendix.frames, provenance, opened.stem, key)
        show_background(opened, appendix.background)
