"""Widgets: the sidebar's filters and the choices of an analysis. Every one is bound to the link."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import streamlit as st

from analytics.analysis import Control, to_reference
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.dictionary import Variable
from analytics.formats import FewerThan, format_count
from pages.components import state
from pages.components.cache import Choices, load_level_counts
from pages.components.context import MISSING, Context, bounds, clear_filters, filter_variables, to_choice, to_context
from pages.components.markdown import as_markdown

FEW_OPTIONS = 3
WITHHELD = "…"  # in the place of a number that would tell a small one
NUMBER_WIDTH = 230
CHOICE_WIDTH = 270


def ask_filters(cohort: Cohort) -> Context:
    """The sidebar: filters by phase, with how many patients every level has left under the other filters."""
    held: dict[str, Any] = {}
    kept: set[str] = set()
    with st.sidebar:
        top = st.container()
        for phase, variables in groupby(filter_variables(cohort), key=lambda v: v.phase):
            st.html(f'<p class="outcomes-phase">{phase.capitalize()}</p>')
            for variable in variables:
                if variable.is_coded:
                    held[variable.name] = _ask_levels(variable, options_of(variable, cohort))
                    continue
                held[variable.name] = _ask_range(variable, cohort)
                if _ask_whether_kept(variable, cohort):
                    kept.add(variable.name)
        context = to_context(cohort, held, kept)
        if context.may_be_shown:
            st.html(_count_styles(cohort, load_level_counts(cohort, context.filter)))
    top.button(
        "Clear all filters",
        icon=":material/filter_alt_off:",
        disabled=not context.filter,
        on_click=clear_filters,
        args=(cohort,),
        width="stretch",
        key=state.CLEAR_FILTERS,
    )
    return context


def options_of(variable: Variable, cohort: Cohort) -> list[str]:
    """The levels to choose from, and "missing" where anyone in the whole cohort lacks the value."""
    everyone = load_level_counts(cohort, CohortFilter())[variable.name]
    # A number that is withheld to protect small ones is not none.
    return [*variable.levels, *([MISSING] if everyone.get(None, 1) else [])]


def _ask_levels(variable: Variable, options: list[str]) -> list[str]:
    return st.pills(
        as_markdown(variable.label),
        options,
        selection_mode="multi",
        format_func=lambda level: variable.missing_label if level == MISSING else variable.level_label(level),
        key=variable.name,
        help=as_markdown(variable.definition) or None,
        bind="query-params",
    )


def _ask_range(variable: Variable, cohort: Cohort) -> tuple[float, float]:
    low, high = bounds(variable, cohort)
    unit = f" ({variable.unit})" if variable.unit else ""
    return st.slider(
        as_markdown(f"{variable.label}{unit}"),
        low,
        high,
        (low, high),
        step=1.0,
        format="%g",
        key=variable.name,
        help=as_markdown(variable.definition) or None,
        bind="query-params",
    )


def _ask_whether_kept(variable: Variable, cohort: Cohort) -> bool:
    n_missing = cohort.ranges()[variable.name].n_missing
    return bool(n_missing) and st.checkbox(
        f"keep {format_count(n_missing)} {as_markdown(variable.missing_label)}",
        key=state.key_of_missing(variable),
        bind="query-params",
        help="Applies once the range is narrowed.",
    )


def _count_styles(cohort: Cohort, counts: Mapping[str, Mapping[str | None, int | FewerThan]]) -> str:
    """A style sheet that writes each count behind its pill.

    Counts change on every click. As part of a label they would change the widget's options, hence its link and its
    state, and redraw it; as generated text they cost one element and leave the pills alone.
    """
    rules = []
    for name, levels in counts.items():
        for i, option in enumerate(options_of(cohort.dictionary[name], cohort), start=1):
            n = levels.get(None if option == MISSING else option)
            pill = f".st-key-{name} [data-variant='pills']:nth-of-type({i})"
            # A "<" would end the style sheet.
            text = json.dumps(WITHHELD if n is None else format_count(n), ensure_ascii=False).replace("<", r"\3c ")
            rules.append(f"{pill}::after{{content:{text}}}")
            if n == 0:
                rules.append(f"{pill}{{opacity:.5}}")
    return f"<style>{''.join(rules)}</style>"


def ask_choices(controls: Sequence[Control]) -> Choices:
    """The choices of an analysis: the first ones in a row, the others behind a button."""
    bar = [control for control in controls if control.place == "bar"]
    more = [control for control in controls if control.place == "more"]
    with st.container(horizontal=True, vertical_alignment="bottom", key=state.CHOICES):
        chosen = {control.name: _ask(control) for control in bar}
        if more:
            with st.popover("Options", icon=":material/tune:"):
                chosen |= {control.name: _ask(control) for control in more}
    return tuple((control.name, to_choice(control, chosen[control.name])) for control in controls)


def _ask(control: Control) -> Any:
    values = [value for value, _ in control.options]
    shared: dict[str, Any] = {
        "key": control.name,
        "help": as_markdown(control.help) or None,
        "bind": "query-params",
        "persist_state": "session",
    }
    label, default, shown = as_markdown(control.label), control.default, control.label_of
    if control.name in st.session_state and not control.allows(st.session_state[control.name]):
        # Chosen on another page, which offers more under this name.
        st.session_state[control.name] = list(default) if control.kind == "many" else default
    if control.kind == "toggle":
        return st.toggle(label, default, **shared)
    if control.kind == "number":
        return st.slider(label, *control.limits, default, step=control.step, width=NUMBER_WIDTH, **shared)
    if control.kind == "many":
        return st.multiselect(label, values, list(default), format_func=shown, **shared)
    if len(values) <= FEW_OPTIONS:
        return st.segmented_control(label, values, default=default, format_func=shown, required=True, **shared)
    return st.selectbox(label, values, values.index(default), format_func=shown, width=CHOICE_WIDTH, **shared)


def choose_reference() -> None:
    """Make the level of the clicked row the reference of its factor."""
    clicked = st.session_state[state.FOREST].reference
    if clicked:
        chosen = to_reference(clicked["variable"], clicked["level"])
        kept = [
            r
            for r in st.session_state.get(state.REFERENCE, [])
            if not r.startswith(to_reference(clicked["variable"], ""))
        ]
        st.session_state[state.REFERENCE] = [*kept, chosen]
