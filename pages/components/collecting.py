"""A view collected, and a collected one opened again: looked at anew, whatever its link or its file says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import parse_qs

import streamlit as st

from analytics.cohort.disclosure import SuppressedError, say_too_few
from analytics.cohort.filters import CohortFilter
from analytics.document import Shown
from analytics.exports.exhibit import Exhibit, Extra
from analytics.formats import format_count, name_patients
from analytics.reporting.protection import list_protected
from analytics.reporting.tables import Table
from analytics.reporting.wording import join_words
from analytics.results import Note
from analytics.study.overview import summarise_selection
from analytics.views.basket import Basket, Collected
from analytics.views.view import DATA_KEY, read_params, write_link
from pages.components import state
from pages.components.cache import Offer, load_baseline, load_document, load_outcome_counts, load_who
from pages.components.context import Context, make_context
from pages.components.files import OVERVIEW_METHOD, trace_selection
from pages.components.kept_basket import add_to_basket, keep_basket, read_basket
from pages.components.links import Links
from pages.components.open_view import OpenView

OVERVIEW_PAGE = "overview"
USUAL = (OVERVIEW_PAGE, "relapse-predictors", "survival-by-site", "hsct-cart-chemotherapy", "published-outcomes")
OF_A_SESSION = (DATA_KEY, state.PRESENT, state.OWN, state.BASKET, state.VIEW, state.PATIENT)  # no part of a view


@dataclass(frozen=True, eq=False)
class Reopened:
    """A collected view as the open cohort shows it: ``opened``, the overview as an `Extra`, or None and the ``problem``.

    ``notes`` say what its link asks for and cannot be used, ``changes`` what has changed since it was collected.
    """

    view: Collected
    opened: OpenView | Extra | None = None
    problem: str = ""
    notes: tuple[Note, ...] = ()
    changes: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """What it is called now, or was, or its address."""
        now = "" if self.opened is None else say_view(self.opened)[0]
        return now or self.view.title or self.view.page

    @property
    def whom(self) -> str:
        """Whom it shows, or showed."""
        return self.view.whom if self.opened is None else say_view(self.opened)[1]

    def to_exhibit(self, data_version: str) -> Exhibit | Extra | None:
        """The view to be given out, by its link at the address of this server; None where it cannot be shown."""
        start = str(st.context.url or "").split("?")[0].rpartition("/")[0]
        address = address_of(self.view.page).removeprefix("./")
        link = write_link(f"{start}/{address}", self.view.query | {DATA_KEY: [data_version]})
        if isinstance(self.opened, Extra):
            return replace(self.opened, link=link, comment=self.view.comment)
        if self.opened is None:
            return None
        return Exhibit(self.opened.document, self.opened.provenance, link, self.view.comment)


def address_of(page: str) -> str:
    """Where a page is from any other; the overview is the start."""
    return "./" if page == OVERVIEW_PAGE else page


def say_view(opened: OpenView | Extra) -> tuple[str, str, str]:
    """The title of a view, whom it shows, and its answer."""
    if isinstance(opened, Extra):
        return opened.title, opened.provenance.selection, " ".join(opened.shown.sentences)
    document = opened.document
    return document.title, document.sentence(), " ".join(document.answer())


def to_collected(opened: OpenView) -> Collected:
    """The open view of an analysis, without a comment."""
    query = parse_qs(opened.link.partition("?")[2], keep_blank_values=True)
    link = write_link(opened.document.slug, {key: texts for key, texts in query.items() if key not in OF_A_SESSION})
    return Collected(link, *say_view(opened), opened.context.cohort.data_version)


def to_collected_overview(context: Context) -> Collected:
    """The overview of a selection, without a comment."""
    beside = {key: texts for key, texts in context.links.beside.items() if key not in OF_A_SESSION}
    query = dict(context.links.selected) | beside
    link = write_link(OVERVIEW_PAGE, query) if query else OVERVIEW_PAGE
    whom, who = context.selection.sentence(), load_who(context.cohort, context.filter)
    return Collected(link, "Overview", whom, who, context.cohort.data_version)


def list_usual(context: Context) -> tuple[Collected, ...]:
    """What a board is mostly shown of the open selection, as far as the cohort has the columns."""
    offered = [
        page for page in USUAL if page == OVERVIEW_PAGE or (page in context.offers and not context.offers[page].lacks)
    ]
    query = {key: texts for key, texts in context.links.selected.items() if key not in OF_A_SESSION}
    return tuple(
        Collected(write_link(page, query) if query else page, data=context.cohort.data_version) for page in offered
    )


def collect(view: Collected) -> None:
    """Put a view into the basket."""
    add_to_basket(Basket((view,)))


def comment_on(view: Collected, comment: str) -> None:
    """Write a comment beside a view in the basket."""
    place = read_basket().find(view.link)
    if place is not None:
        keep_basket(read_basket().commented(place, comment))


def let_go(view: Collected) -> None:
    """Take a view out of the basket."""
    place = read_basket().find(view.link)
    if place is not None:
        keep_basket(read_basket().without(place))


def reopen(view: Collected, context: Context) -> Reopened:
    """A collected view of the cohort of a context."""
    cohort, is_overview = context.cohort, view.page == OVERVIEW_PAGE
    offer = Offer() if is_overview else context.offers.get(view.page)
    if offer is None:
        return Reopened(view, problem=f"No analysis has the address “{view.page}” in this version of the product.")
    if offer.lacks:
        return Reopened(view, problem=f"The open file has no column {join_words(offer.lacks)}, which this page needs.")
    query = view.query
    others = {*OF_A_SESSION, state.VERSUS, state.REGISTRY, state.APART, *(control.name for control in offer.controls)}
    _, notes = CohortFilter.from_query(query, cohort.dictionary, other_keys=others)
    values, choice_notes = read_params(query, offer.controls)
    notes = (*notes, *choice_notes)
    choices = tuple((control.name, values.get(control.name, control.default)) for control in offer.controls)
    there = replace(make_context(cohort, query), shown=view.page, choices=choices)
    if not there.is_answered:
        return Reopened(view, problem=f"Not shown: {say_too_few(cohort.smallest_cell)}.", notes=notes)
    opened: OpenView | Extra
    try:
        if is_overview:
            opened = _open_overview(there)
        else:
            opened = OpenView(there, choices, load_document(cohort, there.filter, view.page, choices))
    except SuppressedError as error:
        return Reopened(view, problem=f"Not shown, as small numbers are protected here: {error}.", notes=notes)
    return Reopened(view, opened, notes=notes, changes=_list_changes(view, opened, cohort.data_version))


def _open_overview(context: Context) -> Extra:
    """Who is in a selection: the numbers, Table 1, and the way there."""
    cohort = context.cohort
    numbers = summarise_selection(load_outcome_counts(cohort, context.filter))
    stages = context.selection.stages()
    way = tuple((s.text, format_count(s.n), format_count(s.left) if s.left else "") for s in stages if len(stages) > 1)
    tables = (
        Table("In numbers", ("", "Value"), tuple((one.label, one.value) for one in numbers)),
        load_baseline(cohort, context.filter),
        Table("From the cohort to this selection", ("Stage", "Left", "Lost"), way),
    )
    who = load_who(cohort, context.filter)
    notes = (*cohort.notes, *list_protected(cohort.smallest_cell))
    shown = Shown(notes, (), tuple(table for table in tables if table.rows), (who,))
    provenance = trace_selection(context, "Overview", name_patients(OVERVIEW_METHOD))
    return Extra("Overview", shown, provenance, "Who is in this cohort, and what became of them?")


def _list_changes(view: Collected, opened: OpenView | Extra, version: str) -> tuple[str, ...]:
    """What has changed since a view was collected: the data, and its answer."""
    *_, answer = say_view(opened)
    said = []
    if view.data and view.data != version:
        said.append(f"Collected with data version {view.data}; version {version} is open.")
    if view.answer and view.answer != answer:
        said += [f"Then: {view.answer}", f"Now: {answer or 'no answer'}"]
    elif said:
        said.append("Its answer is the same.")
    return tuple(said)


def link_to_turn(view: Collected, place: int, links: Links) -> str:
    """The link that presents a collected view by its place in the basket."""
    own = {key: texts for key, texts in links.beside.items() if key == state.OWN}
    session = {state.PRESENT: ["1"], state.BASKET: [str(place + 1)]}
    query = {key: texts for key, texts in view.query.items() if key not in OF_A_SESSION}
    return write_link(address_of(view.page), query | {DATA_KEY: [links.data_version]} | own | session)


def find_turn(links: Links, place: int, step: int) -> str:
    """The link to the next collected view that the open file can fill, in steps of 1 or -1; "" if there is none."""
    views = read_basket().views
    while 0 <= (place := place + step) < len(views):
        offer = links.offers.get(views[place].page)
        if views[place].page == OVERVIEW_PAGE or (offer is not None and not offer.lacks):
            return link_to_turn(views[place], place, links)
    return ""
