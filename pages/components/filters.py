"""The sidebar: every filter in one component, what it is told on each run, and what a click in it asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import groupby
from typing import Any

import streamlit as st

from analytics.cohort import Cohort
from analytics.cohort.filters import COMBINING, Clause, CohortFilter
from analytics.dictionary import Variable, load_words
from analytics.formats import format_count
from analytics.reporting.clashes import describe_clash
from analytics.reporting.wording import say_selection
from analytics.speaking import name_phase
from analytics.study.pictures import list_edges
from pages.components import state
from pages.components.browser import SIDEBAR, SIDEBAR_TOLD
from pages.components.cache import kept, load_level_counts
from pages.components.context import (
    Context,
    bounds,
    filter_variables,
    hold_filter,
    read_text,
    usable_texts,
)
from pages.components.sources import name_start, offers_start

OPEN_AT_FIRST = ("diagnosis", "relapse")
MOST_TEXTS = 100  # levels of one filter that a browser may name
WITHHELD = "…"  # in the place of a number that would tell a small one


def show_filters(context: Context) -> None:
    """The filters by phase, with how many patients every level has left under the other filters.

    What does not change on a click goes apart from what does: the browser then has it already.
    """
    with st.sidebar:
        SIDEBAR(
            key=state.SIDEBAR,
            data=_describe_filters(context.cohort),
            on_filters_change=partial(_take, context.cohort),
        )
        SIDEBAR_TOLD(key=state.SIDEBAR_TOLD, data=tell_filters(context))


def _take(cohort: Cohort) -> None:
    """Hold what a click asks for; whatever else a browser may send asks for nothing."""
    sent = st.session_state[state.SIDEBAR].filters
    value, step = (sent.get("value"), sent.get("step")) if isinstance(sent, Mapping) else (None, None)
    if isinstance(value, Mapping) and isinstance(step, int):
        hold_filter(read_click(value, cohort), step)


def read_click(value: Mapping[Any, Any], cohort: Cohort) -> dict[str, list[str]]:
    """What a browser asks for, as the link says it."""
    texts = {
        str(key): [str(text) for text in some[:MOST_TEXTS]]
        for key, some in value.items()
        if isinstance(some, Sequence) and not isinstance(some, str)
    }
    asked, _ = CohortFilter.from_query(texts, cohort.dictionary)
    return usable_texts(texts, asked, cohort)


def tell_filters(context: Context) -> dict[str, Any]:
    """What the filters say in this run: their value, who is left, how many each level has, and why nobody is left."""
    cohort = context.cohort
    held: Mapping[str, Sequence[str]] = st.session_state.get(state.FILTERS, {})
    told: dict[str, Any] = {
        "value": held,
        "step": st.session_state.get(state.FILTERS_STEP, 0),
        "of": format_count(cohort.n),
    }
    others = [(text, cohort) for key in COMBINING for text in held.get(key, ())]
    others += [(text, context.cohort_beside) for text in held.get(state.VERSUS, ())]
    if others:
        # What a selection that has no name in this browser is called.
        told["said"] = {text: say_selection(read_text(text, of), of.dictionary) for text, of in others}
    if offers_start(cohort):
        told["start"] = name_start()
    if not context.is_answered:
        return told
    n_left = context.selection.funnel().n_left if context.filter else cohort.n
    told |= {"left": format_count(n_left), "counts": _count_levels(context)}
    if not n_left:
        told["clash"] = _load_clash(cohort, context.filter)
    return told


def _count_levels(context: Context) -> dict[str, list[str | None]]:
    """The numbers beside the levels as a reader sees them, in their order; None for one that is withheld."""
    cohort = context.cohort
    found = dict(load_level_counts(cohort, context.filter))
    for family in list_families(cohort):
        chosen = [v.name for v in family if context.filter.clause(v.name)]
        others = [v.name for v in family if v.is_coded and v.name not in chosen]
        if not chosen or not others:
            continue
        # A level of another scheme takes the place of what is chosen now.
        beside = context.filter
        for name in chosen:
            beside = beside.without(name)
        for name in others:
            found[name] = {} if cohort.smallest_cell else load_level_counts(cohort, beside)[name]
    return {
        name: [
            format_count(levels[level]) if level in levels else WITHHELD
            for level in (
                *cohort.dictionary[name].levels,
                *([None] if offers_missing(cohort.dictionary[name], cohort) else []),
            )
        ]
        for name, levels in found.items()
    }


@kept(64)
def _load_clash(cohort: Cohort, cohort_filter: CohortFilter) -> str:
    return describe_clash(cohort, cohort_filter)


def offers_missing(variable: Variable, cohort: Cohort) -> bool:
    """True if anyone in the whole cohort lacks the value. A number that is withheld to protect small ones is not none."""
    return bool(load_level_counts(cohort, CohortFilter())[variable.name].get(None, 1))


@kept(8)
def list_families(cohort: Cohort) -> tuple[tuple[Variable, ...], ...]:
    """The filters in order, those together that are ways to ask the same: a number first, then from coarse to fine."""
    families: dict[str, list[Variable]] = {}
    for variable in filter_variables(cohort):
        families.setdefault(variable.family or variable.name, []).append(variable)
    return tuple(tuple(sorted(family, key=lambda v: len(v.levels))) for family in families.values())


@kept(8)
def _describe_filters(cohort: Cohort) -> dict[str, Any]:
    """What the filters are: all that no click changes."""
    phases = [
        {
            "name": name_phase(phase).capitalize(),
            "open": phase in OPEN_AT_FIRST,
            "families": [
                {
                    "label": family[0].family if len(family) > 1 else family[0].label,
                    "members": [_describe_variable(v, cohort) for v in family],
                }
                for family in families
            ],
        }
        for phase, families in groupby(list_families(cohort), key=lambda family: family[0].phase)
    ]
    return {"patients": load_words().plural, "compares": not cohort.smallest_cell, "phases": phases}


def _describe_variable(variable: Variable, cohort: Cohort) -> dict[str, Any]:
    said = {
        "name": variable.name,
        "label": variable.label,
        "scheme": variable.scheme,
        "definition": variable.definition,
    }
    if variable.is_coded:
        levels = [{"text": label, "label": label} for label in variable.level_labels]
        if offers_missing(variable, cohort):
            only = CohortFilter((Clause(variable.name, keep_missing=True),)).to_query(cohort.dictionary)
            levels.append({"text": only[variable.name][0], "label": variable.missing_label})
        return said | {"levels": levels}
    low, high = bounds(variable, cohort)
    n_missing = cohort.ranges()[variable.name].n_missing
    edges, bins = _load_bins(cohort).get(variable.name, ((), ()))
    return said | {
        "low": low,
        "high": high,
        "unit": variable.unit,
        "log": variable.is_logarithmic and low >= 0,
        "decimals": 0 if cohort.smallest_cell else cohort.ranges()[variable.name].decimals,
        "edges": edges,
        "bins": bins,
        "missing": f"{format_count(n_missing)} {variable.missing_label}" if n_missing else "",
    }


@kept(8)
def _load_bins(cohort: Cohort) -> dict[str, tuple[tuple[float, ...], tuple[int, ...]]]:
    """The edges of the bins of each number, and how many of the whole cohort are in each; none of what is protected."""
    edges: dict[str, tuple[float, ...]] = {}
    for variable in filter_variables(cohort):
        if not variable.is_coded:
            low, high = bounds(variable, cohort)
            found = list_edges(low, high, is_logarithmic=variable.is_logarithmic)
            edges[variable.name] = (low, *(edge for edge in found if low < edge < high))
    counted = cohort.split_counts(list(edges), edges=edges)
    return {
        name: ((*edges[name], bounds(cohort.dictionary[name], cohort)[1]), tuple(counts[:-1].sum(axis=1).tolist()))
        for name, counts in counted.items()
    }
