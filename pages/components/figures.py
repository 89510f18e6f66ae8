"""Figures, their captions, and the pictures under them."""

from __future__ import annotations

import json
from collections.abc import Callable
from html import escape
from typing import Any

import streamlit as st

from analytics.document import HtmlFigure, Picture
from analytics.figures.drawing import to_browser
from analytics.figures.presented import enlarge
from pages.components import state
from pages.components.browser import FIGURE, FOREST, GLANCE
from pages.components.context import is_presenting


def show_figure(picture: Picture, file_stem: str, on_reference: Callable[[], None]) -> None:
    """The main figure: of Plotly, or in HTML with rows that can be clicked; while presenting, as a room can see it."""
    figure, alt = picture.figure, picture.alt_text
    if isinstance(figure, HtmlFigure):
        FOREST(key=state.FOREST, data={"html": figure.html, "alt": alt}, on_reference_change=on_reference)
    else:
        _draw(figure, alt, state.FIGURE, file_stem, is_presented=is_presenting())


def show_picture(picture: Picture, key: str, file_stem: str) -> None:
    """A further figure with its title and how to read it."""
    st.html(f'<h2 class="outcomes-h2" data-testid="picture-title">{escape(picture.title)}</h2>')
    if isinstance(picture.figure, HtmlFigure):
        html, alt, svg = picture.figure.html, picture.alt_text, picture.figure.svg("", "")
        GLANCE(
            key=key, data={"html": html, "alt": alt, "svg": svg, "title": picture.title, "stem": f"{file_stem}_{key}"}
        )
    else:
        _draw(picture.figure, picture.alt_text, key, f"{file_stem}_{key}")
    show_caption(picture.caption)


def show_picture_alone(picture: Picture, key: str) -> None:
    """A figure whose title stands elsewhere, and how to read it."""
    if isinstance(picture.figure, HtmlFigure):
        GLANCE(
            key=key, data={"html": picture.figure.html, "alt": picture.alt_text, "title": picture.title, "part": key}
        )
    else:
        _draw(picture.figure, picture.alt_text, key, key)
    show_caption(picture.caption)


def _draw(figure: Any, alt: str, key: str, file_stem: str, *, is_presented: bool = False) -> None:
    parts = {"alt": json.dumps(alt), "stem": json.dumps(file_stem), "figure": to_browser(figure)}
    if is_presented:
        parts["presented"] = to_browser(enlarge(figure))
    # As bytes it is written once: Streamlit would write and hash a mapping again.
    text = ", ".join(f'"{name}": {part}' for name, part in parts.items())
    FIGURE(key=key, data=f"{{{text}}}".encode(), height=int(figure.layout.height))


def show_caption(text: str) -> None:
    """How to read the figure above."""
    if text:
        st.html(f'<p class="outcomes-caption">{escape(text)}</p>')
