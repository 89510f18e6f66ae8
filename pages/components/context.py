"""What is being looked at: the open cohort and the filter, read from the widgets' state or, at first, from the link."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from analytics.analyses import load_analyses
from analytics.analysis import Control
from analytics.cohort import Cohort
from analytics.cohort.filters import Clause, CohortFilter, Funnel
from analytics.cohort.problems import CohortError
from analytics.dictionary import Variable
from analytics.formats import shorten
from analytics.reporting.wording import describe_cohort
from analytics.results import Note
from analytics.views.view import DATA_KEY, describe_data_version, read_params
from pages.components import state
from pages.components.cache import REFERENCE_COHORT, active_source, load_cohort, load_controls, load_funnel

MISSING = "missing"  # the option of a pills widget that keeps patients without a value
MOST_LINK_NOTES = 20


@dataclass(frozen=True, slots=True)
class Context:
    """The cohort and filter of this run.

    ``is_answered`` is False for a selection of which nothing may be said, since too few patients are in it.
    ``too_near`` is a selection that this session has answered and that differs from this one by too few patients for both
    to be answered, where small numbers are protected; None if there is none.
    """

    cohort: Cohort
    filter: CohortFilter
    too_near: CohortFilter | None = None
    is_answered: bool = True

    @property
    def may_be_shown(self) -> bool:
        """True if the selection is answered, and beside those that this session has seen."""
        return self.is_answered and self.too_near is None

    @property
    def funnel(self) -> Funnel:
        """How many patients each clause leaves. Counted when first asked for: a figure does not wait for it."""
        return load_funnel(self.cohort, self.filter)

    @property
    def sentence(self) -> str:
        """The active cohort in one sentence."""
        cohort = self.cohort
        return describe_cohort(self.filter, cohort.dictionary, self.funnel.n_left, cohort.n, cohort.synthetic)


def open_source() -> str:
    """The path of the file that this session shows: the one named at the start, or the reference cohort instead."""
    return str(REFERENCE_COHORT) if st.session_state.get(state.USE_REFERENCE) else active_source()


def say_source() -> str:
    """Which file is open, by its name alone: a path may tell more than a page should."""
    source = Path(open_source())
    return "Reference cohort" if source == REFERENCE_COHORT else f"File: {shorten(source.name)}"


def open_active_cohort() -> Cohort | CohortError:
    """The cohort named at the start, or what is wrong with it."""
    try:
        return load_cohort(open_source())
    except CohortError as error:
        return error


def read_context(cohort: Cohort) -> Context:
    """The filter as the widgets hold it."""
    clauses = [clause for v in filter_variables(cohort) if (clause := _read_clause(v, cohort)) is not None]
    cohort_filter = CohortFilter(tuple(clauses))
    if not cohort.is_answered(cohort_filter):
        return Context(cohort, cohort_filter, is_answered=False)
    return Context(cohort, cohort_filter, _find_too_near(cohort, cohort_filter))


def _find_too_near(cohort: Cohort, cohort_filter: CohortFilter) -> CohortFilter | None:
    """The selection beside which this one may not be answered; without one it counts as answered from now on."""
    if not cohort.smallest_cell:
        return None
    # The whole cohort is answered at the start: the sidebar counts it.
    answered = st.session_state.setdefault(state.ANSWERED, (CohortFilter(),))
    if cohort_filter in answered:
        return None
    too_near = cohort.find_too_near(cohort_filter, answered)
    if too_near is None:
        st.session_state[state.ANSWERED] = (*answered, cohort_filter)
    return too_near


def return_to_answered(cohort: Cohort) -> None:
    """Set the filters back to the selection that was answered last."""
    last = st.session_state.get(state.ANSWERED, (CohortFilter(),))[-1]
    clear_filters(cohort)
    for clause in last.clauses:
        variable = cohort.dictionary[clause.variable]
        if variable.is_coded:
            kept = [level for level in variable.levels if level in clause.levels]
            st.session_state[clause.variable] = [*kept, *([MISSING] if clause.keep_missing else [])]
            continue
        low, high = bounds(variable, cohort)
        limits = (low if clause.low is None else clause.low, high if clause.high is None else clause.high)
        st.session_state[clause.variable] = limits
        st.session_state[state.key_of_missing(variable)] = clause.keep_missing


def filter_variables(cohort: Cohort) -> tuple[Variable, ...]:
    """The variables offered in the sidebar: coded ones, and numbers with a range."""
    ranges = cohort.ranges()
    return tuple(
        v
        for v in cohort.dictionary.filters
        if v.name in cohort.variables and (v.is_coded or (v.name in ranges and ranges[v.name].low is not None))
    )


def bounds(variable: Variable, cohort: Cohort) -> tuple[float, float]:
    """The whole range of a number, rounded outwards to whole units."""
    limits = cohort.ranges()[variable.name]
    low, high = float(math.floor(limits.low or 0)), float(math.ceil(limits.high or 0))
    return low, high if high > low else low + 1.0


def clear_filters(cohort: Cohort) -> None:
    """Set every filter back to everyone."""
    for variable in filter_variables(cohort):
        st.session_state[variable.name] = [] if variable.is_coded else bounds(variable, cohort)
        if not variable.is_coded:
            st.session_state[state.key_of_missing(variable)] = False


def read_choices(controls: Sequence[Control]) -> tuple[tuple[str, Any], ...]:
    """The value of every control of a page, its default where the widget has not been drawn yet."""
    return tuple((control.name, _read_choice(control)) for control in controls)


def are_known(controls: Sequence[Control]) -> bool:
    """True if the values of a page's controls are known before they are drawn."""
    return not follows_address() and all(control.name in st.session_state for control in controls)


def _read_choice(control: Control) -> Any:
    value = st.session_state.get(control.name)
    if value is None or not control.allows(value):
        return control.default
    return tuple(value) if control.kind == "many" else value


def _read_clause(variable: Variable, cohort: Cohort) -> Clause | None:
    value = st.session_state.get(variable.name)
    if not value:
        return None
    if variable.is_coded:
        return Clause(variable.name, tuple(v for v in value if v != MISSING), keep_missing=MISSING in value)
    low, high = bounds(variable, cohort)
    if cohort.smallest_cell:
        # A link can ask for any limit; by fine ones single children could be told apart.
        value = (math.floor(value[0]), math.ceil(value[1]))
    if (value[0] <= low and value[1] >= high) or value[0] > value[1]:
        return None
    return Clause(
        variable.name,
        low=value[0] if value[0] > low else None,
        high=value[1] if value[1] < high else None,
        keep_missing=bool(st.session_state.get(state.key_of_missing(variable))),
    )


def is_drawn(cohort: Cohort) -> bool:
    """True once the filters have been drawn in this session, so that their values are known at the start of a run.

    Never without any filter: nothing tells then that the page's own icon was set, without which the browser is sent to
    another host for the one in the menu.
    """
    variables = filter_variables(cohort)
    return bool(variables) and all(variable.name in st.session_state for variable in variables)


def follows_address() -> bool:
    """True in a run in which the address decides every value that is bound to it: by Back, by Forward, by a note's link.

    What the widgets held before is then not what they will show, so that they are drawn before anything is read from them.
    """
    run = get_script_run_ctx()
    return run is not None and run.is_history_navigation


def draw_again_unless(agrees: bool) -> None:
    """Begin the run again if what is shown was computed of other values than the widgets turned out to hold.

    Only once: a run that was begun again is shown as it is, whatever it says, and `end_run` forgets it.
    """
    if not agrees and not st.session_state.get(state.DRAWN_AGAIN):
        st.session_state[state.DRAWN_AGAIN] = True
        st.rerun()


def end_run() -> None:
    """Let the next run be begun again once more, should it have to."""
    st.session_state.pop(state.DRAWN_AGAIN, None)


def read_link(cohort: Cohort, page: str) -> None:
    """Rewrite the address in the widgets' own terms where it decides their values, and note everything that it cannot.

    It does in a new session, and where a reader goes back and forward in the browser's history. ``page`` is the address of
    the page that the link leads to: a choice that several pages share, each with options of its own, means what it means
    there.

    Left to themselves, widgets drop what they cannot use without a word and let a reversed range through. A link that is
    already as the widgets write it is left alone.
    """
    if st.session_state.get(state.LINK_READ) and not follows_address():
        return
    query = _read_address()
    analyses = sorted(load_analyses(), key=lambda analysis: analysis.slug == page)
    controls = {c.name: c for a in analyses if not a.missing(cohort) for c in load_controls(cohort, a.slug)}
    cohort_filter, notes = CohortFilter.from_query(query, cohort.dictionary, other_keys={DATA_KEY, *controls})
    values, choice_notes = read_params(query, tuple(controls.values()))
    usable: dict[str, list[str]] = {}
    for clause in cohort_filter.clauses:
        texts, clause_notes = _to_widget(clause, cohort)
        usable |= texts
        notes = (*notes, *clause_notes)
    usable |= {name: controls[name].to_text(value) for name, value in values.items()}
    notes = (*notes, *choice_notes, *describe_data_version(query, cohort.data_version))
    st.session_state[state.LINK_NOTES] = [note_texts(note) for note in notes[:MOST_LINK_NOTES]]
    st.session_state[state.LINK_READ] = True
    if usable != {key: st.query_params.get_all(key) for key in st.query_params if key != DATA_KEY}:
        _write_address(usable)


def _read_address() -> dict[str, list[str]]:
    """The parameters of the address with which this run began."""
    run = get_script_run_ctx()
    if run is None or not follows_address():
        return {key: st.query_params.get_all(key) for key in st.query_params}
    # On the way to another page Streamlit drops what belonged to a choice of the page that is left, even where the other
    # page offers that choice too and the address is its own.
    query = parse_qs(run.query_string, keep_blank_values=True)
    return {key: texts for key, texts in query.items() if key.lower() not in ("embed", "embed_options")}


def _write_address(texts: dict[str, list[str]]) -> None:
    """Make these the parameters of the address, and what the widgets begin with in this run."""
    run = get_script_run_ctx()
    if run is None:
        return
    # `st.query_params` refuses what is bound to a widget, which after the first run is nearly all of it.
    with run.session_state.query_params() as params:
        params.clear_with_no_forward_msg(preserve_embed=True)
        for key, values in texts.items():
            params.set_with_no_forward_msg(key, values)
        params.set_initial_query_params_from_current()
        params._send_query_param_msg()


def _to_widget(clause: Clause, cohort: Cohort) -> tuple[dict[str, list[str]], tuple[Note, ...]]:
    """A clause as its widget writes it into the link, and what had to be changed for that."""
    variable = cohort.dictionary[clause.variable]
    if variable not in filter_variables(cohort):
        absent = f"The link filters on {variable.label}, which this cohort does not have."
        return {}, (Note("link-absent-variable", "caution", absent, "Open the file that the link was made with."),)
    if variable.is_coded:
        return CohortFilter((clause,)).to_query(cohort.dictionary), ()
    low, high = bounds(variable, cohort)
    asked = (low if clause.low is None else clause.low, high if clause.high is None else clause.high)
    used = (min(max(asked[0], low), high), max(min(asked[1], high), low))
    if cohort.smallest_cell:
        used = (float(math.floor(used[0])), float(math.ceil(used[1])))
    texts = {clause.variable: [f"{limit:g}" for limit in used]}
    if clause.keep_missing and cohort.ranges()[clause.variable].n_missing:
        texts[state.key_of_missing(variable)] = ["true"]
    if used == asked:
        return texts, ()
    change = f"The link asks for {variable.label} {asked[0]:g} to {asked[1]:g}; this cohort has {low:g} to {high:g}."
    return texts, (Note("link-range-clipped", "info", change, f"{used[0]:g} to {used[1]:g} is used."),)


def note_texts(note: Note) -> list[str]:
    """A note as plain text, as session state keeps it."""
    return [note.code, note.severity, note.text, note.remedy]
