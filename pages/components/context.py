"""What is being looked at: the open cohort, the filter and the choices, read from what the widgets hold."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from analytics.analysis import Control
from analytics.cohort import Cohort
from analytics.cohort.filters import Clause, CohortFilter, FilterError, Funnel
from analytics.cohort.problems import CohortError
from analytics.dictionary import Variable
from analytics.formats import shorten
from analytics.reporting.wording import describe_cohort
from pages.components import state
from pages.components.cache import REFERENCE_COHORT, Choices, active_source, load_cohort, load_controls, load_funnel

MISSING = "missing"  # the option of a pills widget that keeps patients without a value


@dataclass(frozen=True, slots=True)
class Context:
    """The cohort and filter of this run.

    ``is_answered`` is False for a selection of which nothing may be said, since too few patients are in it.
    ``too_near`` is a selection that this session has answered and that differs from this one by too few patients for both
    to be answered, where small numbers are protected; None if there is none.
    ``shown`` is the analysis that the page showed last, and ``choices`` are its, None where they are not known yet.
    """

    cohort: Cohort
    filter: CohortFilter
    too_near: CohortFilter | None = None
    is_answered: bool = True
    shown: str | None = None
    choices: Choices | None = None

    @property
    def may_be_shown(self) -> bool:
        """True if the selection is answered, and beside those that this session has seen."""
        return self.is_answered and self.too_near is None

    def choices_of(self, slug: str) -> Choices | None:
        """The choices of a page, each page's read once in a run; None where its widgets have to be drawn before."""
        return self.choices if slug == self.shown else read_choices(load_controls(self.cohort, slug))

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
    """The filter, and the choices of the page last shown, as the widgets hold them at the start of a run."""
    held = {v.name: st.session_state.get(v.name) for v in filter_variables(cohort)}
    kept = {v.name for v in filter_variables(cohort) if st.session_state.get(state.key_of_missing(v))}
    context, slug = to_context(cohort, held, kept), st.session_state.get(state.SHOWN)
    return context if slug is None else replace(context, shown=slug, choices=read_choices(load_controls(cohort, slug)))


def to_context(cohort: Cohort, held: Mapping[str, Any], kept: Collection[str]) -> Context:
    """The filter by what its widgets hold: levels or a range, and which ranges keep patients without a value."""
    clauses = [_to_clause(v, held[v.name], v.name in kept, cohort) for v in filter_variables(cohort)]
    cohort_filter = CohortFilter(tuple(clause for clause in clauses if clause is not None))
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
    choose_clauses(cohort, last.clauses)


def choose_clauses(cohort: Cohort, clauses: Iterable[Clause], *, dropped: Collection[str] = ()) -> None:
    """Have the filters ask for these clauses, each in the place of any other about its variable; the others stay.

    To be called in a callback, as of a click on a picture. What is asked of the variables in ``dropped`` is let go.

    Raises
    ------
    FilterError
        If a clause does not fit its variable, or the variable is no filter of this cohort.
    """
    chosen, offered = tuple(clauses), {v.name for v in filter_variables(cohort)}
    CohortFilter(chosen).validate(cohort.dictionary)
    if strange := {*(c.variable for c in chosen), *dropped} - offered:
        raise FilterError(
            f"no filter of this cohort: {', '.join(sorted(strange))}. Known: {', '.join(sorted(offered))}."
        )
    for name in dropped:
        _let_go(cohort.dictionary[name], cohort)
    for clause in chosen:
        _hold(clause, cohort)


def _hold(clause: Clause, cohort: Cohort) -> None:
    variable = cohort.dictionary[clause.variable]
    if variable.is_coded:
        kept = [level for level in variable.levels if level in clause.levels]
        st.session_state[clause.variable] = [*kept, *([MISSING] if clause.keep_missing else [])]
        return
    low, high = bounds(variable, cohort)
    limits = (low if clause.low is None else clause.low, high if clause.high is None else clause.high)
    st.session_state[clause.variable] = limits
    st.session_state[state.key_of_missing(variable)] = clause.keep_missing


def _let_go(variable: Variable, cohort: Cohort) -> None:
    st.session_state[variable.name] = [] if variable.is_coded else bounds(variable, cohort)
    if not variable.is_coded:
        st.session_state[state.key_of_missing(variable)] = False


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
        _let_go(variable, cohort)


def read_choices(controls: Sequence[Control]) -> Choices | None:
    """The value of every control of a page; None where the address decides, or a widget has not been drawn yet."""
    if follows_address() or not all(control.name in st.session_state for control in controls):
        return None
    return tuple((control.name, to_choice(control, st.session_state[control.name])) for control in controls)


def to_choice(control: Control, held: Any) -> Any:
    """The value of a control by what its widget holds; its default where that is no choice."""
    if held is None or not control.allows(held):
        return control.default
    return tuple(held) if control.kind == "many" else held


def _to_clause(variable: Variable, held: Any, keep_missing: bool, cohort: Cohort) -> Clause | None:
    if not held:
        return None
    if variable.is_coded:
        return Clause(variable.name, tuple(v for v in held if v != MISSING), keep_missing=MISSING in held)
    low, high = bounds(variable, cohort)
    if cohort.smallest_cell:
        # A link can ask for any limit; by fine ones single children could be told apart.
        held = (math.floor(held[0]), math.ceil(held[1]))
    if (held[0] <= low and held[1] >= high) or held[0] > held[1]:
        return None
    return Clause(
        variable.name,
        low=held[0] if held[0] > low else None,
        high=held[1] if held[1] < high else None,
        keep_missing=keep_missing,
    )


def are_filters_known(cohort: Cohort) -> bool:
    """True if what the filters say is known before they are drawn: they have been, and the address does not decide it.

    Never without any filter: nothing tells then that the page's own icon was set, without which the browser is sent to
    another host for the one in the menu.
    """
    variables = filter_variables(cohort)
    return bool(variables) and not follows_address() and all(v.name in st.session_state for v in variables)


def follows_address() -> bool:
    """True in a run in which the address decides every value that is bound to it: by Back, by Forward, by a note's link.

    What the widgets held before is then not what they will show, so that they are drawn before anything is read from them.
    """
    run = get_script_run_ctx()
    return run is not None and run.is_history_navigation
