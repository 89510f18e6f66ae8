"""The choices of an analysis, in one component, and of the overview, in widgets that are bound to the link."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import streamlit as st

from analytics.analysis import Control, to_reference
from analytics.cohort import Cohort
from analytics.speaking import word
from analytics.study.ways import ORDERS, has_lanes
from pages.components import state
from pages.components.browser import CHOICES
from pages.components.cache import Choices, kept
from pages.components.context import hold_choices
from pages.components.markdown import as_markdown

FEW_OPTIONS = 3
CHOICE_WIDTH = 270
MOST_PAGES = 100_000
NO_GROUPS, BY_RELAPSE = "none", "relapse"  # choices of the overview that name no variable


def show_choices(controls: Sequence[Control], choices: Choices) -> None:
    """The choices of an analysis: the first ones in a row, the others behind a button.

    Like the filters they are one message of a click, and the session holds them; what another page alone offers gives way.
    """
    hold_choices(dict(choices))
    data = {
        "controls": [_describe_control(control) for control in controls],
        "value": dict(choices),
        "step": st.session_state.get(state.CHOICES_STEP, 0),
    }
    CHOICES(key=state.CHOICES, data=data, on_choices_change=partial(_take, controls))


def _describe_control(control: Control) -> dict[str, Any]:
    described: dict[str, Any] = {"name": control.name, "label": control.label, "kind": control.kind}
    if control.kind == "number":
        described |= {"limits": control.limits, "step": control.step}
    elif control.options:
        described["options"] = control.options
    if control.help:
        described["help"] = control.help
    return described | ({"more": True} if control.place == "more" else {})


def _take(controls: Sequence[Control]) -> None:
    """Hold what a click chooses; whatever else a browser may send chooses nothing."""
    sent = st.session_state[state.CHOICES].choices
    value, step = (sent.get("value"), sent.get("step")) if isinstance(sent, Mapping) else (None, None)
    if isinstance(value, Mapping) and isinstance(step, int):
        hold_choices(read_click(value, controls))
        st.session_state[state.CHOICES_STEP] = step


def read_click(value: Mapping[Any, Any], controls: Sequence[Control]) -> dict[str, Any]:
    """What a browser chooses of what is offered, each of many once."""
    chosen = {c.name: c.choice(value[c.name]) for c in controls if c.allows(value.get(c.name))}
    return {name: tuple(dict.fromkeys(one)) if isinstance(one, tuple) else one for name, one in chosen.items()}


@kept(8)
def list_overview_choices(cohort: Cohort) -> dict[str, Control]:
    """What can be chosen on the overview, by the key of its widget: order, groups and page of the lines, columns of Table 1."""
    groups = tuple((v.name, v.label) for v in cohort.dictionary.groups)
    columns = ((BY_RELAPSE, word("Relapse")), *groups)
    choices = [Control(state.BASELINE_BY, "Columns", "one", BY_RELAPSE, columns, display=True)]
    if has_lanes(cohort):
        orders = tuple(ORDERS.items())
        choices += [
            Control(state.LANES_ORDER, "Order", "one", orders[0][0], orders, display=True).named(),
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
    """The widget of a choice of the overview, and what is chosen."""
    values = [value for value, _ in control.options]
    shared: dict[str, Any] = {
        "key": control.name,
        "format_func": control.label_of,
        "bind": "query-params",
        "persist_state": "session",
    }
    label = as_markdown(control.label)
    if len(values) <= FEW_OPTIONS:
        held = st.segmented_control(label, values, default=control.default, required=True, **shared)
    else:
        held = st.selectbox(label, values, values.index(control.default), width=CHOICE_WIDTH, **shared)
    return control.choice(held)


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
