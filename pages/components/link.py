"""The link: what it asks for, in the terms of the filters and widgets before any is drawn, and what is written into it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import parse_qs

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from analytics.analysis import Control
from analytics.cohort import Cohort
from analytics.cohort.filters import COMBINING, Clause, CohortFilter
from analytics.dictionary import load_words
from analytics.formats import shorten
from analytics.languages import LANGUAGES
from analytics.reporting.wording import join_words
from analytics.results import Note
from analytics.views.basket import read_links
from analytics.views.view import DATA_KEY, describe_data_version, read_params
from pages.components import state
from pages.components.cache import Offer, load_offers
from pages.components.context import (
    bounds,
    filter_variables,
    follows_address,
    hold_choices,
    hold_filter,
    keys_of,
    read_choices,
    say_session,
    usable_limits,
    usable_texts,
)
from pages.components.controls import list_overview_choices
from pages.components.kept_basket import add_to_basket
from pages.components.language import hold_language
from pages.components.own_cohort import find_own_cohort
from pages.components.patient import hold_patient
from pages.components.presenting import read_presenting, say_turn
from pages.components.registry import load_pages

MOST_LINK_NOTES = 20


def read_link(cohort: Cohort, page: str) -> None:
    """Rewrite the address in the widgets' own terms where it decides their values, and note everything that it cannot.

    It does in a new session, and where a reader goes back and forward in the browser's history. ``page`` is the address of
    the page that the link leads to: a choice that several pages share, each with options of its own, means what it means
    there.

    Left to themselves, widgets drop what they cannot use without a word and let a reversed range through. A link that is
    already as the widgets write it is left alone.
    """
    query = _read_address()
    offers = load_offers(cohort)
    controls = {c.name: c for slug in sorted(offers, key=lambda slug: slug == page) for c in offers[slug].controls}
    overview = list_overview_choices(cohort)
    controls |= overview | {c.name: c for other in load_pages() for c in other.choices}
    session = {state.PRESENT, state.OWN, state.LANGUAGE, state.BASKET, state.VIEW, state.PATIENT}
    other_keys = {DATA_KEY, state.VERSUS, state.REGISTRY, state.APART, *session, *controls}
    cohort_filter, notes = CohortFilter.from_query(query, cohort.dictionary, other_keys=other_keys)
    if {state.OWN, state.REGISTRY} & query.keys() and find_own_cohort() is None:
        notes = (_note_own_file(), *notes)
    if cohort.smallest_cell and {state.VERSUS, state.REGISTRY, *COMBINING} & query.keys():
        notes = (*notes, _note_protected())
    values, choice_notes = read_params(query, tuple(controls.values()))
    for clause in cohort_filter.every_clause:
        notes = (*notes, *_note_unused(clause, cohort))
    usable = usable_texts(query, cohort_filter, cohort)
    if follows_address() or state.FILTERS not in st.session_state:
        hold_filter(usable)
    usable |= {name: controls[name].to_text(value) for name, value in values.items()}
    if follows_address():
        # What the address does not say is as the page begins.
        hold_choices({c.name: c.default for c in list_controls(offers, page)})
    hold_choices({name: value for name, value in values.items() if name not in overview})
    notes = (*notes, *choice_notes, *read_presenting(query, page), *describe_data_version(query, cohort.data_version))
    notes = (*notes, *_note_language(query))
    usable |= say_session() | say_turn()
    # Whom a link is about is read once, and the address does not keep it; nor the collected views that it carries.
    notes = (*notes, *hold_patient(query.get(state.PATIENT, ()), cohort))
    if state.VIEW in query:
        add_to_basket(read_links(query[state.VIEW]))
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


def write_link(cohort: Cohort, page: str) -> None:
    """Let the address say what the browser's, as this run began, does not: filters, choices of the page, that it presents.

    A choice that is as the page begins is not said, nor is one of another page.
    """
    offers = load_offers(cohort)
    keys = (
        *(control.name for offer in offers.values() for control in offer.controls),
        *(control.name for other in load_pages() for control in other.choices),
        *list_selecting(cohort),
        state.PRESENT,
        state.OWN,
        state.LANGUAGE,
        state.BASKET,
    )
    said = {key: st.query_params.get_all(key) for key in keys if key in st.query_params}
    controls = list_controls(offers, page)
    chosen = zip(controls, read_choices(controls), strict=True)
    asked = {control.name: control.to_text(value) for control, (_, value) in chosen if value != control.default}
    asked |= st.session_state.get(state.FILTERS, {}) | say_session() | say_turn()
    if said != asked:
        others = {key: st.query_params.get_all(key) for key in st.query_params if key not in said}
        _write_address(others | asked)


def list_controls(offers: Mapping[str, Offer], page: str) -> tuple[Control, ...]:
    """What can be chosen on the page at an address and is held by the session."""
    if page in offers:
        return offers[page].controls
    return next((other.choices for other in load_pages() if other.url_path == page), ())


def list_selecting(cohort: Cohort) -> tuple[str, ...]:
    """The parameters of an address that say whom it selects, and whom beside them."""
    variables = (key for v in filter_variables(cohort) for key in keys_of(v))
    return (state.VERSUS, state.REGISTRY, state.APART, *COMBINING, *variables)


def _note_unused(clause: Clause, cohort: Cohort) -> tuple[Note, ...]:
    """What of a clause had to be changed or left out."""
    variable = cohort.dictionary[clause.variable]
    if variable not in filter_variables(cohort):
        absent = f"The link filters on {variable.label}, which this cohort does not have."
        return (Note("link-absent-variable", "caution", absent, "Open the file that the link was made with."),)
    if variable.is_coded or not clause.is_range:
        return ()
    low, high = bounds(variable, cohort)
    asked = (low if clause.low is None else clause.low, high if clause.high is None else clause.high)
    used = usable_limits(clause, cohort)
    if used == asked:
        return ()
    change = f"The link asks for {variable.label} {asked[0]:g} to {asked[1]:g}; this cohort has {low:g} to {high:g}"
    change += ", with fixed limits between them: small numbers are protected." if cohort.smallest_cell else "."
    return (Note("link-range-clipped", "info", change, f"{used[0]:g} to {used[1]:g} is used."),)


def _note_language(query: Mapping[str, Sequence[str]]) -> tuple[Note, ...]:
    """What there is to say of the language that a link asks for, which the session speaks from now on."""
    asked = [name for name in query.get(state.LANGUAGE, ()) if not hold_language(name)]
    known = join_words([f"“{code}” ({name})" for code, name in LANGUAGES.items()])
    return tuple(
        Note("link-language", "info", f"The link asks for the language “{shorten(name)}”.", f"There are {known}.")
        for name in asked[:1]
    )


def _note_own_file() -> Note:
    some = load_words().plural
    return Note(
        "link-own-file",
        "warning",
        f"This address was made from a file that somebody opened in the browser. The {some} of that file are not in the "
        f"address, and no longer here: the {some} below are others.",
        "Open the same file again on the page “Your patients”.",
    )


def _note_protected() -> Note:
    some = load_words().plural
    why = (
        "The link compares or combines selections. Small numbers are protected: two selections, one taken from the other, "
        f"tell the {some} in one alone, who may be few."
    )
    return Note("link-versus-protected", "caution", why, "Only the first selection is shown.")


def note_texts(note: Note) -> list[str]:
    """A note as plain text, as session state keeps it."""
    return [note.code, note.severity, note.text, note.remedy]
