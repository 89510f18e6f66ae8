"""The template of a team, in whose dress slides are made for as long as the tab is open."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from hashlib import sha256

import streamlit as st

from analytics.exports.exhibit import ExhibitMedium
from analytics.exports.slides.template import MOST_BYTES, TemplateError, check_template
from analytics.formats import shorten
from pages.components import state
from pages.components.markdown import as_markdown


def show_template() -> None:
    """A place for a template; what cannot be taken is told beside it."""
    name, content = _held()
    label = f"Slides as in {shorten(name, 30)}" if content else "Slides in a template of your own"
    with st.popover(as_markdown(label), icon=":material/palette:", type="tertiary", key=state.TEMPLATE_OPEN):
        if said := st.session_state.get(state.TEMPLATE_SAID):
            st.error(as_markdown(said))
        key = f"{state.TEMPLATE_FILE}_{st.session_state.get(state.N_TEMPLATES, 0)}"
        # Of any kind: what cannot be read is told better here than by the browser.
        st.file_uploader(
            "A presentation or template of PowerPoint (.pptx, .potx): its layouts, fonts and colours are taken",
            key=key,
            max_upload_size=MOST_BYTES // 2**20,
            on_change=_take,
            args=(key,),
        )
        if content:
            st.button("Use none", key=state.FORGET_TEMPLATE, on_click=_keep, args=("", b""))


def dress_medium(medium: ExhibitMedium) -> ExhibitMedium:
    """The medium in the dress that the reader brought, where it takes one."""
    _, content = _held()
    return replace(medium, write=partial(medium.write, template=content)) if content and medium.templates else medium


def name_dress(medium: ExhibitMedium) -> str:
    """What tells files of a medium in one dress from those in another; "" without one."""
    _, content = _held()
    return sha256(content).hexdigest() if content and medium.templates else ""


def _held() -> tuple[str, bytes]:
    held: tuple[str, bytes] = st.session_state.get(state.TEMPLATE, ("", b""))
    return held


def _take(key: str) -> None:
    uploaded = st.session_state.get(key)
    if uploaded is None:
        return
    try:
        check_template(uploaded.getvalue())
    except TemplateError as error:
        st.session_state[state.TEMPLATE_SAID] = str(error)
    else:
        _keep(uploaded.name, uploaded.getvalue())
    st.session_state[state.N_TEMPLATES] = st.session_state.get(state.N_TEMPLATES, 0) + 1  # the place is empty again


def _keep(name: str, content: bytes) -> None:
    st.session_state[state.TEMPLATE] = (name, content)
    st.session_state.pop(state.TEMPLATE_SAID, None)
