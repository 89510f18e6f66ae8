"""Simulated cohorts: sliders, buttons that draw, and what was drawn."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from html import escape
from typing import Any

import streamlit as st

from analytics.languages import Language, Text
from analytics.learning.saying import fill
from analytics.learning.simulated_pictures import (
    draw_best_label,
    draw_honest,
    draw_naive,
    draw_ratios,
    draw_shares,
)
from analytics.learning.simulated_settings import (
    CONTROLS,
    DRAWN,
    MANY,
    MOST_DRAWN,
    PRESETS,
    SETTINGS,
    Setting,
    find_preset,
    to_design,
)
from analytics.learning.simulated_words import DRAWN_SO, say_happened
from analytics.learning.simulating import BLOCK, Design, Replicates, SimulatedCohort, draw_cohort, join_blocks
from pages.components import state
from pages.components.cache import load_simulated
from pages.components.context import hold_choices, read_choices
from pages.components.figures import show_picture
from pages.components.markdown import as_markdown

COLUMNS = 4
FEW = 20  # cohorts, while the curves of the last stand above what all have found
DRAW_ONE = Text("Draw one cohort", "抽取一个队列")
DRAW_MANY = Text("Draw {many}", "抽取 {many} 个")
DRAW_MORE = Text("Draw {many} more", "再抽取 {many} 个")
BEGIN_AGAIN = Text("Begin again", "重新开始")
COUNT = Text("Cohorts drawn: {n}", "已抽取队列：{n}")
HOW = Text("How the cohorts are drawn", "队列如何抽取")
SIMULATED = Text("SIMULATED", "模拟数据")
ABOUT = Text("Nobody is in these cohorts. The truth is set by you.", "这些队列中没有真人，真值由您设定。")
EXAMPLES = Text("Worth a look", "值得一看")


def show_simulated(language: Language) -> None:
    """The sliders, and below them what the cohorts drawn by them show."""
    st.html(
        f'<p class="outcomes-cohort"><span class="outcomes-chip">{SIMULATED.said(language)}</span>{ABOUT.said(language)}</p>'
    )
    choices = dict(read_choices(CONTROLS))
    _show_presets(choices, language)
    _show_settings(choices, language)
    design, n = to_design(choices), choices[DRAWN.name]
    _show_drawing(n, language)
    drawn = _load(design, n)
    cohort = draw_cohort(design, n)
    _say(design, cohort, drawn, choices, language)
    parts = [partial(_show_cohort, design, cohort, drawn), partial(_show_found, design, drawn)]
    for show in parts if n < FEW else reversed(parts):
        show(language)
    with st.expander(as_markdown(HOW.said(language)), icon=":material/help:"):
        for text in DRAWN_SO:
            st.markdown(as_markdown(fill(text).said(language)))


def _load(design: Design, n: int) -> Replicates:
    blocks = [load_simulated(design, block) for block in range(-(-n // BLOCK))]
    return join_blocks(blocks, n)


def _show_presets(choices: Mapping[str, Any], language: Language) -> None:
    on = find_preset(choices)
    with st.container(horizontal=True, key=state.key_of_simulated("presets")):
        for preset in PRESETS:
            st.button(
                as_markdown(preset.label.said(language)),
                key=state.key_of_simulated("preset", preset.name),
                icon=":material/check:" if preset is on else None,
                on_click=hold_choices,
                args=(preset.choices(),),
            )


def _show_settings(choices: Mapping[str, Any], language: Language) -> None:
    # Row by row: where columns stand one below the other, the sliders keep their order.
    for start in range(0, len(SETTINGS), COLUMNS):
        for column, setting in zip(st.columns(COLUMNS), SETTINGS[start : start + COLUMNS], strict=False):
            with column:
                _show_setting(setting, choices[setting.name], language)


def _show_setting(setting: Setting, value: int, language: Language) -> None:
    key = state.key_of_simulated("slider", setting.part)
    st.session_state[key] = value
    low, high = setting.control.limits
    options = sorted({*range(low, high + 1, setting.control.step), high, value})
    st.select_slider(
        as_markdown(fill(setting.label).said(language)),
        options,
        key=key,
        format_func=setting.say,
        help=as_markdown(setting.help.said(language)),
        on_change=_hold_slider,
        args=(setting.name, key),
    )


def _hold_slider(name: str, key: str) -> None:
    hold_choices({name: st.session_state[key]})


def _show_drawing(n: int, language: Language) -> None:
    # The first many are those up to that number, so that shares are of round numbers.
    many = min((n // MANY + 1) * MANY, MOST_DRAWN)
    label = DRAW_MANY if n < MANY else DRAW_MORE
    with st.container(horizontal=True, vertical_alignment="center", key=state.key_of_simulated("buttons")):
        for name, text, asked, kind in (
            ("one", DRAW_ONE, min(n + 1, MOST_DRAWN), "secondary"),
            ("many", fill(label, many=str(MANY)), many, "primary"),
            ("again", BEGIN_AGAIN, DRAWN.default, "tertiary"),
        ):
            st.button(
                as_markdown(text.said(language)),
                key=state.key_of_simulated(name),
                type=kind,  # type: ignore[arg-type]  # one of the three
                disabled=asked == n,
                on_click=hold_choices,
                args=({DRAWN.name: asked},),
            )
        count = fill(COUNT, n=str(n)).said(language)
        st.html(f'<span class="outcomes-caption" role="status" data-testid="n-drawn">{escape(count)}</span>')


def _say(
    design: Design, cohort: SimulatedCohort, drawn: Replicates, choices: Mapping[str, Any], language: Language
) -> None:
    preset = find_preset(choices)
    watch = "" if preset is None else f"{escape(preset.watch.said(language))}<br>"
    said = escape(say_happened(design, cohort, drawn).said(language))
    st.html(f'<div class="outcomes-note" role="status">{watch}<span data-testid="happened">{said}</span></div>')


def _show_cohort(design: Design, cohort: SimulatedCohort, drawn: Replicates, language: Language) -> None:
    if design.looks > 1:
        picture = draw_best_label(cohort, float(drawn.smallest[-1]), language)
        show_picture(picture, state.key_of_simulated("label"), state.SIMULATED)
        return
    for column, picture, name in zip(
        st.columns(2), (draw_naive(cohort, language), draw_honest(cohort, language)), ("naive", "honest"), strict=True
    ):
        with column:
            show_picture(picture, state.key_of_simulated(name), state.SIMULATED)


def _show_found(design: Design, drawn: Replicates, language: Language) -> None:
    shares = draw_shares(design, drawn, language)
    if design.looks > 1:
        show_picture(shares, state.key_of_simulated("shares"), state.SIMULATED)
        return
    left, right = st.columns(2)
    with left:
        show_picture(shares, state.key_of_simulated("shares"), state.SIMULATED)
    with right:
        show_picture(draw_ratios(design, drawn, language), state.key_of_simulated("ratios"), state.SIMULATED)
