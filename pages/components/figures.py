"""Figures, their captions, and the pictures under them."""

from __future__ import annotations

import time
from collections.abc import Callable
from html import escape

import streamlit as st

from analytics.document import HtmlFigure, Picture
from analytics.figures.theme import to_image_config
from analytics.reporting.wording import say_children
from pages.components import state
from pages.components.browser import FOREST

# The server sends from another thread, and the browser draws at once all that has come by then: a moment's rest after a
# forest lets it be drawn without waiting for the widgets of the sidebar. Measured on two busy cores, with it and without it
# in turns, as medians in ms from the click to the redrawn figure: predictors 313 and 287 (20 clicks), 254 and 311 (30);
# hazard ratios 531 and 479 (20), 351 and 602 (30). Of two clicks in turn, the one without it took 19, 54, 57 and 22 ms
# longer in the middle. Curves take longer to draw than the widgets and gained nothing: 658 and 643 (20), 626 and 653 (30),
# in the middle 47 and 21 ms less without it.
HEAD_START_SECONDS = 0.02


def show_figure(picture: Picture, file_stem: str, on_reference: Callable[[], None]) -> None:
    """The main figure: of Plotly, or in HTML with rows that can be clicked."""
    figure, alt = picture.figure, say_children(picture.alt_text)
    if isinstance(figure, HtmlFigure):
        FOREST(key=state.FOREST, data={"html": say_children(figure.html), "alt": alt}, on_reference_change=on_reference)
        time.sleep(HEAD_START_SECONDS)
    else:
        st.plotly_chart(figure, key=state.FIGURE, width="stretch", config=to_image_config(file_stem), alt=alt)


def show_picture(picture: Picture, key: str, file_stem: str) -> None:
    """A further figure with its title and how to read it."""
    st.html(f'<h2 class="outcomes-h2" data-testid="picture-title">{escape(picture.title)}</h2>')
    if isinstance(picture.figure, HtmlFigure):
        st.html(
            f'<div role="img" aria-label="{escape(say_children(picture.alt_text))}">{say_children(picture.figure.html)}</div>'
        )
    else:
        config = to_image_config(f"{file_stem}_{key}")
        st.plotly_chart(picture.figure, key=key, width="stretch", config=config, alt=say_children(picture.alt_text))
    show_caption(picture.caption)


def show_caption(text: str) -> None:
    """How to read the figure above."""
    if text:
        st.html(f'<p class="outcomes-caption">{escape(say_children(text))}</p>')
