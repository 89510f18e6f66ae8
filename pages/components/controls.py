"""Widgets: the choices of an analysis and of the overview. Every one is bound to the link."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from analytics.analysis import Control, to_reference
from analytics.cohort import Cohort
from analytics.speaking import word
from analytics.study.ways import ORDERS, has_lanes
from pages.components import state
from pages.components.cache import Choices, kept
from pages.components.markdown import as_markdown

FEW_OPTIONS = 3
NUMBER_WIDTH = 230
CHOICE_WIDTH = 270
MOST_PAGES = 100_000
NO_GROUPS, BY_RELAPSE = "none", "relapse"  # choices of the overview that name no variable


def ask_choices(controls: Sequence[Control]) -> Choices:
    """The choices of an analysis: the first ones in a row, the others behind a button."""
    bar = [control for control in controls if control.place == "bar"]
    more = [control for control in controls if control.place == "more"]
    chosen = {control.name: ask_choice(control) for control in bar}
    if more:
        with st.popover("Options", icon=":material/tune:"):
            chosen |= {control.name: ask_choice(control) for control in more}
    return tuple((control.name, chosen[control.name]) for control in controls)


@kept(8)
def list_overview_choices(cohort: Cohort) -> dict[str, Control]:
    """What can be chosen on the overview, by the key of its widget: order, groups and page of the lines, columns of Table 1."""
    groups = tuple((v.name, v.label) for v in cohort.dictionary.groups)
    columns = ((BY_RELAPSE, word("Relapse")), *groups)
    choices = [Control(state.BASELINE_BY, "Columns", "one", BY_RELAPSE, columns, display=True)]
    if has_lanes(cohort) and not cohort.smallest_cell:
        orders = tuple(ORDERS.items())
        choices += [
            Control(state.LANES_ORDER, "Order", "one", orders[0][0], orders, display=True),
            Control(state.LANES_BY, "Groups", "one", NO_GROUPS, ((NO_GROUPS, "none"), *groups), display=True),
            Control(state.LANES_PAGE, "Page", "number", 1, limits=(1, MOST_PAGES), display=True),
        ]
    return {choice.name: choice for choice in choices}


def read_overview_choices(cohort: Cohort) -> Choices:
    """What is chosen on the overview; where a widget is folded away, what the address says of it."""
    chosen = []
    for name, control in list_overview_choices(cohort).items():
        held = st.session_state.get(name)
        chosen.append((name, control.choice(control.value(st.query_params.get(name, "")) if held is None else held)))
    return tuple(chosen)


def ask_choice(control: Control) -> Any:
    """The widget of a choice, and what is chosen."""
    held = _ask(control)
    return control.choice(held)


def _ask(control: Control) -> Any:
    """The widget of a choice, and what it holds."""
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


def show_page_choice(key: str, page: int, n_pages: int) -> None:
    """The number of a page out of several; one beyond the last is the last."""
    st.session_state[key] = min(page, n_pages)
    shared: dict[str, Any] = {"bind": "query-params", "persist_state": "session"}
    st.number_input(f"Page of {n_pages}", 1, n_pages, key=key, width=130, **shared)


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
