"""A view collected, and a collected one opened again: looked at anew, whatever its link or its file says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import parse_qs

import streamlit as st

from analytics.cohort.disclosure import SuppressedError, say_too_few
from analytics.cohort.filters import CohortFilter
from analytics.exports.exhibit import Exhibit
from analytics.reporting.wording import join_words
from analytics.results import Note
from analytics.views.basket import Basket, Collected
from analytics.views.view import DATA_KEY, read_params, write_link
from pages.components import state
from pages.components.cache import load_document
from pages.components.context import Context, make_context
from pages.components.kept_basket import add_to_basket, keep_basket, read_basket
from pages.components.links import Links
from pages.components.open_view import OpenView

OF_A_SESSION = (DATA_KEY, state.PRESENT, state.OWN, state.BASKET, state.VIEW, state.PATIENT)  # no part of a view


@dataclass(frozen=True, eq=False)
class Reopened:
    """A collected view as the open cohort shows it: ``opened``, or None and the ``problem``.

    ``notes`` say what its link asks for and cannot be used, ``changes`` what has changed since it was collected.
    """

    view: Collected
    opened: OpenView | None = None
    problem: str = ""
    notes: tuple[Note, ...] = ()
    changes: tuple[str, ...] = ()

    def to_exhibit(self, opened: OpenView) -> Exhibit:
        """The view to be given out, by its link at the address of this server."""
        start = str(st.context.url or "").split("?")[0].rpartition("/")[0]
        link = f"{start}/{self.view.link}{'&' if '?' in self.view.link else '?'}{DATA_KEY}={opened.view.data_version}"
        return Exhibit(opened.document, opened.provenance, link, self.view.comment)


def to_collected(opened: OpenView) -> Collected:
    """The open view, without a comment."""
    return Collected(
        link=link_of(opened),
        title=opened.document.title,
        whom=opened.document.sentence(),
        answer=" ".join(opened.document.answer()),
        data=opened.context.cohort.data_version,
    )


def link_of(opened: OpenView) -> str:
    """The link to the open view from page to page, without what is of the session alone."""
    query = parse_qs(opened.link.partition("?")[2], keep_blank_values=True)
    return write_link(opened.document.slug, {key: texts for key, texts in query.items() if key not in OF_A_SESSION})


def collect(opened: OpenView) -> None:
    """Put the open view into the basket."""
    add_to_basket(Basket((to_collected(opened),)))


def comment_on(opened: OpenView, comment: str) -> None:
    """Write a comment beside the open view in the basket."""
    place = read_basket().find(link_of(opened))
    if place is not None:
        keep_basket(read_basket().commented(place, comment))


def let_go(opened: OpenView) -> None:
    """Take the open view out of the basket."""
    place = read_basket().find(link_of(opened))
    if place is not None:
        keep_basket(read_basket().without(place))


def reopen(view: Collected, context: Context) -> Reopened:
    """A collected view of the cohort of a context."""
    cohort = context.cohort
    offer = context.offers.get(view.page)
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
    try:
        document = load_document(cohort, there.filter, view.page, choices)
    except SuppressedError as error:
        return Reopened(view, problem=f"Not shown, as small numbers are protected here: {error}.", notes=notes)
    opened = OpenView(there, choices, document)
    return Reopened(view, opened, notes=notes, changes=_list_changes(view, opened))


def _list_changes(view: Collected, opened: OpenView) -> tuple[str, ...]:
    """What has changed since a view was collected: the data, and its answer."""
    now, version = to_collected(opened), opened.context.cohort.data_version
    said = []
    if view.data and view.data != version:
        said.append(f"Collected with data version {view.data}; version {version} is open.")
    if view.answer and view.answer != now.answer:
        said += [f"Then: {view.answer}", f"Now: {now.answer or 'no answer'}"]
    elif said:
        said.append("Its answer is the same.")
    return tuple(said)


def link_to_turn(view: Collected, place: int, links: Links) -> str:
    """The link that presents a collected view by its place in the basket."""
    own = {key: texts for key, texts in links.beside.items() if key == state.OWN}
    session = {state.PRESENT: ["1"], state.BASKET: [str(place + 1)]}
    query = {key: texts for key, texts in view.query.items() if key not in OF_A_SESSION}
    return write_link(view.page, query | {DATA_KEY: [links.data_version]} | own | session)


def find_turn(links: Links, place: int, step: int) -> str:
    """The link to the next collected view that the open file can fill, in steps of 1 or -1; "" if there is none."""
    views = read_basket().views
    while 0 <= (place := place + step) < len(views):
        offer = links.offers.get(views[place].page)
        if offer is not None and not offer.lacks:
            return link_to_turn(views[place], place, links)
    return ""
