"""What is being looked at: the open cohort, the filter that the session holds, and the choices that the widgets do."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from analytics.analysis import Control
from analytics.cohort import Cohort
from analytics.cohort.filters import (
    EVERYONE,
    LONGEST_TEXT,
    Clause,
    CohortFilter,
    FilterError,
    combining_texts,
    to_text,
)
from analytics.cohort.grids import snap_limits
from analytics.cohort.problems import CohortError
from analytics.dictionary import Variable
from analytics.document import Selection
from analytics.formats import shorten
from analytics.views.two_files import carry_filter
from pages.components import state
from pages.components.cache import (
    Choices,
    Offer,
    kept,
    load_offers,
    load_selection,
)
from pages.components.links import Links
from pages.components.own_cohort import find_own_cohort
from pages.components.sources import asks_for_start, name_start, offers_start, open_start


@dataclass(frozen=True, slots=True)
class Context:
    """The cohort and filter of this run.

    ``is_answered`` is False for a selection of which nothing may be said, since too few patients are in it.
    ``versus`` is another selection that this one is compared with; None without one, or where small numbers are protected.
    ``is_apart`` is True if those in both are to be left out of either; ``whole`` are then ``filter`` and ``versus`` as they
    were asked for, where some are in both.
    ``start`` is the file of the start where ``versus`` is a selection of it, beside a reader's own patients; ``start_text`` is
    then the selection as the link asks for it, "" where it is that of ``filter``, ``not_asked`` what of it cannot be asked of
    that file, and ``start_problem`` why the file cannot be shown.
    ``shown`` is the analysis that the page showed last, and ``choices`` are its.
    """

    cohort: Cohort
    filter: CohortFilter
    is_answered: bool = True
    shown: str | None = None
    choices: Choices = ()
    versus: CohortFilter | None = None
    is_apart: bool = False
    whole: tuple[CohortFilter, CohortFilter] | None = None
    start: Cohort | None = None
    start_text: str = ""
    not_asked: tuple[str, ...] = ()
    start_problem: str = ""

    @property
    def asked(self) -> CohortFilter:
        """The selection as it was asked for, whoever is left out to compare it."""
        return self.filter if self.whole is None else self.whole[0]

    @property
    def asked_versus(self) -> CohortFilter | None:
        """The other selection as it was asked for."""
        return self.versus if self.whole is None else self.whole[1]

    @property
    def cohort_beside(self) -> Cohort:
        """The cohort of the other selection."""
        return self.cohort if self.start is None else self.start

    @property
    def names(self) -> tuple[str, str]:
        """What the reader's own file and that of the start are called."""
        return shorten(self.cohort.name), name_start()

    @property
    def selection(self) -> Selection:
        """The active cohort in words, and how many each clause leaves, counted when first asked for."""
        return load_selection(self.cohort, self.filter)

    @property
    def offers(self) -> Mapping[str, Offer]:
        """What each analysis offers for the cohort."""
        return load_offers(self.cohort)

    @property
    def links(self) -> Links:
        """The links to the other pages."""
        cohort, versus = self.cohort, self.asked_versus
        beside = {} if versus is None else {state.VERSUS: [versus_text(versus, cohort)]}
        if self.start is not None or self.start_problem:
            beside = {state.REGISTRY: ["1"]} | ({state.VERSUS: [self.start_text]} if self.start_text else {})
        beside |= {state.APART: ["1"]} if beside and self.is_apart else {}
        selected = self.asked.to_query(cohort.dictionary)
        return Links(selected, cohort.data_version, beside | say_session(), self.offers)

    def at(self, slug: str) -> Context:
        """The context of the page at an address: the choices of each page are read once in a run."""
        offer = self.offers.get(slug)
        if offer is None or slug == self.shown:
            return self
        return replace(self, shown=slug, choices=read_choices(offer.controls))


def read_context(cohort: Cohort) -> Context:
    """The filter as the session holds it, and the choices of the page last shown as their widgets do."""
    return to_context(cohort).at(st.session_state.get(state.SHOWN, ""))


def to_context(cohort: Cohort) -> Context:
    """The filter as the session holds it."""
    context = make_context(cohort, st.session_state.get(state.FILTERS, {}))
    if cohort.smallest_cell and context.is_answered:
        st.session_state[state.ANSWERED] = context.filter
    return context


def make_context(cohort: Cohort, held: Mapping[str, Sequence[str]]) -> Context:
    """The context that the parameters of a link ask for."""
    asked, _ = CohortFilter.from_query(held, cohort.dictionary)
    cohort_filter = fit_filter(asked, cohort)
    if not cohort.is_answered(cohort_filter):
        return Context(cohort, cohort_filter, is_answered=False)
    if asks_for_start(held) and offers_start(cohort):
        return put_start_beside(Context(cohort, cohort_filter), held.get(state.VERSUS, ()))
    versus = read_versus(held.get(state.VERSUS, ()), cohort)
    context = Context(cohort, cohort_filter, versus=versus)
    return set_apart(context) if versus is not None and asks_apart(held) else context


def put_start_beside(context: Context, texts: Sequence[str]) -> Context:
    """The context with the file of the start beside the reader's own: of a selection of its own, or of the same one."""
    start, text = open_start(), texts[0][:LONGEST_TEXT] if len(texts) == 1 else ""
    if isinstance(start, CohortError):
        return replace(context, start_problem=str(start), start_text=text)
    if text:
        asked, notes = CohortFilter.from_query(parse_query(text), start.dictionary)
        versus, not_asked = fit_filter(asked, start), tuple(note.text for note in notes)
    else:
        versus, not_asked = carry_filter(context.filter, context.cohort, start)
    return replace(context, versus=versus, start=start, start_text=text, not_asked=not_asked)


def asks_apart(query: Mapping[str, Sequence[str]]) -> bool:
    """True if a link asks to leave out those in both selections."""
    return list(query.get(state.APART, ())) == ["1"]


def set_apart(context: Context) -> Context:
    """The context with those in both left out of either selection."""
    own, other = context.filter, context.versus
    if other is None or not count_both(context):
        return replace(context, is_apart=True)
    return replace(
        context, filter=own.leaving_out(other), versus=other.leaving_out(own), is_apart=True, whole=(own, other)
    )


def count_both(context: Context) -> int:
    """How many are in both selections, whether they are left out or not; nobody where they are of two files."""
    other = context.asked_versus if context.start is None else None
    both = None if other is None else context.asked.both(other)
    return context.cohort.count(both) if both is not None else 0


def read_versus(texts: Sequence[str], cohort: Cohort) -> CohortFilter | None:
    """The other selection of a link, which asks for it by the query of its own link; none where small numbers are protected."""
    if cohort.smallest_cell or len(texts) != 1 or not texts[0]:
        return None
    return read_text(texts[0], cohort)


def read_text(text: str, cohort: Cohort) -> CohortFilter:
    """The selection that stands in a link as the query of its own link."""
    asked, _ = CohortFilter.from_query(parse_query(text), cohort.dictionary)
    return fit_filter(asked, cohort)


def parse_query(text: str) -> dict[str, list[str]]:
    """The parameters of a selection that stands in a link; none of everyone."""
    return parse_qs(text[:LONGEST_TEXT]) if text != EVERYONE else {}


def versus_text(versus: CohortFilter, cohort: Cohort) -> str:
    """The other selection as the link says it."""
    return to_text(filter_texts(versus, cohort))


def read_filter(cohort: Cohort) -> CohortFilter:
    """What the session asks for."""
    asked, _ = CohortFilter.from_query(st.session_state.get(state.FILTERS, {}), cohort.dictionary)
    return fit_filter(asked, cohort)


def hold_filter(texts: Mapping[str, Sequence[str]], step: int | None = None) -> None:
    """Let the session ask for what these parameters of a link say; ``step`` is that of a click in the sidebar."""
    st.session_state[state.FILTERS] = {key: list(values) for key, values in texts.items()}
    st.session_state[state.FILTERS_STEP] = st.session_state.get(state.FILTERS_STEP, 0) + 1 if step is None else step


def fit_filter(asked: CohortFilter, cohort: Cohort) -> CohortFilter:
    """What this cohort can answer, without limits that leave everybody; no combination where small numbers are protected."""
    offered = {v.name for v in filter_variables(cohort)}
    clauses = [_fit(clause, cohort) for clause in asked.clauses if clause.variable in offered]
    fitted = CohortFilter(tuple(clause for clause in clauses if clause is not None))
    for membership in () if cohort.smallest_cell else asked.memberships:
        others = tuple(fit_filter(other, cohort) for other in membership.filters)
        fitted = fitted.among(replace(membership, filters=others))
    return fitted


def _fit(clause: Clause, cohort: Cohort) -> Clause | None:
    variable = cohort.dictionary[clause.variable]
    if variable.is_coded:
        return clause
    low, high = bounds(variable, cohort)
    used = usable_limits(clause, cohort)
    if used == (low, high):
        return None
    return Clause(
        clause.variable,
        low=used[0] if used[0] > low else None,
        high=used[1] if used[1] < high else None,
        keep_missing=clause.keep_missing,
    )


def usable_limits(clause: Clause, cohort: Cohort) -> tuple[float, float]:
    """The limits of a range as this cohort can be asked for them: within its own, and no finer than it answers."""
    low, high = bounds(cohort.dictionary[clause.variable], cohort)
    asked = (low if clause.low is None else clause.low, high if clause.high is None else clause.high)
    used = (min(max(asked[0], low), high), max(min(asked[1], high), low))
    # A link can ask for any limit; by fine ones single patients could be told apart.
    return snap_limits(clause, cohort.dictionary[clause.variable]) if cohort.smallest_cell else used


def filter_texts(cohort_filter: CohortFilter, cohort: Cohort) -> dict[str, list[str]]:
    """A filter as the link says it: levels by their labels, both limits of a range, here and in what it is combined with."""
    texts = cohort_filter.to_query(cohort.dictionary)
    texts |= combining_texts(cohort_filter, lambda other: filter_texts(other, cohort))
    for clause in cohort_filter.clauses:
        variable = cohort.dictionary[clause.variable]
        if clause.is_range:
            low, high = bounds(variable, cohort)
            limits = (low if clause.low is None else clause.low, high if clause.high is None else clause.high)
            texts[variable.name] = [f"{limit:.10g}" for limit in limits]
    return texts


def usable_texts(query: Mapping[str, Sequence[str]], asked: CohortFilter, cohort: Cohort) -> dict[str, list[str]]:
    """What a link asks for of this cohort, as the link says it; ``asked`` is the filter that was read from the link."""
    texts = filter_texts(fit_filter(asked, cohort), cohort)
    for variable in filter_variables(cohort):
        # To keep missing values can be asked for before a range is: it applies once that is narrowed.
        key = state.key_of_missing(variable)
        if not variable.is_coded and list(query.get(key, ())) == ["true"] and cohort.ranges()[variable.name].n_missing:
            texts[key] = ["true"]
    if asks_for_start(query) and offers_start(cohort):
        # What the other file can be asked is known only when it is opened: the text stays as it is.
        other = {state.VERSUS: [text[:LONGEST_TEXT] for text in query.get(state.VERSUS, ())[:1] if text]}
        return texts | {state.REGISTRY: ["1"]} | {key: asked for key, asked in other.items() if asked}
    if (versus := read_versus(query.get(state.VERSUS, ()), cohort)) is not None:
        texts[state.VERSUS] = [versus_text(versus, cohort)]
        if asks_apart(query):
            texts[state.APART] = ["1"]
    return texts


def return_to_answered(cohort: Cohort) -> None:
    """Set the filters back to the selection that was answered last."""
    hold_filter(filter_texts(st.session_state.get(state.ANSWERED, CohortFilter()), cohort))


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
        known = ", ".join(sorted(offered))
        raise FilterError(f"no filter of this cohort: {', '.join(sorted(strange))}. Known: {known}.")
    asked = read_filter(cohort)
    for name in dropped:
        asked = asked.without(name)
    for clause in chosen:
        asked = asked.with_clause(clause)
    held = st.session_state.get(state.FILTERS, {})
    others = {
        key: texts
        for key, texts in held.items()
        if key not in {k for n in dropped for k in keys_of(cohort.dictionary[n])}
    }
    hold_filter(usable_texts(others, asked, cohort))


def keys_of(variable: Variable) -> tuple[str, ...]:
    """The parameters of a link that say what is asked of a variable."""
    return (variable.name,) if variable.is_coded else (variable.name, state.key_of_missing(variable))


@kept(8)
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


def read_choices(controls: Sequence[Control]) -> Choices:
    """The value of every control of a page, as the session holds it; what another page offers alone is none here."""
    return tuple((control.name, control.choice(st.session_state.get(control.name))) for control in controls)


def hold_choices(chosen: Mapping[str, Any]) -> None:
    """Let the session hold these values of controls, by their names."""
    for name, value in chosen.items():
        st.session_state[name] = list(value) if isinstance(value, tuple) else value


def is_presenting() -> bool:
    """True while the session presents: one figure, in type for a room."""
    return bool(st.session_state.get(state.PRESENT))


def say_session() -> dict[str, list[str]]:
    """What a link says of the session: that it presents, shows the reader's own patients, and the language it was asked for."""
    said = {state.PRESENT: is_presenting(), state.OWN: find_own_cohort() is not None}
    spoken = st.session_state.get(state.LANGUAGE)
    return {key: ["1"] for key, is_so in said.items() if is_so} | ({state.LANGUAGE: [spoken]} if spoken else {})


def is_link_read() -> bool:
    """True if the session knows what its filters say before anything is drawn: it has read its link, and no other decides."""
    return bool(st.session_state.get(state.LINK_READ)) and not follows_address()


def follows_address() -> bool:
    """True in a run in which the address decides every value that stands in it: by Back, by Forward, by a note's link."""
    run = get_script_run_ctx()
    return run is not None and run.is_history_navigation
