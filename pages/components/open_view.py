"""The view that a reader has open: what it shows, of whom, by which choices, and how to come back to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from html import escape
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from analytics.analyses import load_analyses
from analytics.analysis import Control
from analytics.cohort.filters import CohortFilter
from analytics.document import Contrast, Document
from analytics.exports.medium import to_file_stem
from analytics.provenance import Provenance
from analytics.reporting.wording import join_words
from analytics.results import Note
from analytics.views.ledger import Comparison, describe_for_file, drop_idle_clauses, list_comparisons
from analytics.views.view import View, answer_link
from pages.components import state
from pages.components.cache import Choices, load_contrast, load_controls, load_document
from pages.components.context import Context, count_both, is_presenting, versus_text
from pages.components.kept_ledger import read_ledger
from pages.components.own_cohort import OwnCohort


@dataclass(frozen=True, eq=False)
class OpenView:
    """A page in its context, with its choices and its document. What follows from them is made when it is first asked for."""

    context: Context
    controls: tuple[Control, ...]
    choices: Choices
    document: Document

    @cached_property
    def view(self) -> View:
        """What a link to it reproduces."""
        return View(self.document.slug, self.context.asked, self.choices, self.context.cohort.data_version)

    @cached_property
    def link(self) -> str:
        """The whole link."""
        return link_to(self.view, self.context, self.controls)

    @cached_property
    def stem(self) -> str:
        """The telling part of the name of every file that is made of it."""
        synthetic = "synthetic" if self.context.cohort.synthetic else ""
        return to_file_stem(self.document.slug, _name_filter(self.context.filter), synthetic, day=date.today())

    @cached_property
    def comparisons(self) -> tuple[Comparison, ...]:
        """The tests that it puts before its reader."""
        context = self.context
        chosen = drop_idle_clauses(context.filter, context.funnel)
        choices, dictionary = dict(self.choices), context.cohort.dictionary
        more = () if self.contrast is None else self.contrast.tests
        return list_comparisons(
            self.document, chosen, self.controls, choices, dictionary, context.cohort.data_version, more
        )

    @cached_property
    def contrast(self) -> Contrast | None:
        """It and the other selection in one figure and one table; None without another, or where they are shown apart."""
        context = self.context
        if context.versus is None:
            return None
        n_both = 0 if context.is_apart else count_both(context)
        return load_contrast(context.cohort, (context.filter, context.versus), n_both, self.document.slug, self.choices)

    @cached_property
    def provenance(self) -> Provenance:
        """What every file of it says about itself today, the ledger so far included."""
        comparisons = describe_for_file(read_ledger(), [c.key for c in self.comparisons])
        return replace(self.document.provenance(), exported_on=date.today(), comparisons=comparisons)

    def link_of_note(self, note: Note) -> str:
        """The HTML of a link to the page that answers better, with this filter and these choices; "" without such a page."""
        cohort = self.context.cohort
        slug = note.link if note.link != self.view.page else ""
        page = next((a for a in load_analyses() if a.slug == slug and not a.missing(cohort)), None)
        if page is None:
            return ""
        address = answer_link(note, self.view, cohort.dictionary, load_controls(cohort, page.slug))
        address += _query_beside(self.context)
        dropped = [cohort.dictionary[name].label for name in note.drops if self.context.filter.clause(name)]
        which = " with the same filter" if self.context.filter else ""
        if dropped:
            which = f" without the filter on {join_words(dropped)}"
        return f' <a href="{escape(address)}" data-testid="note-link">{escape(page.title + which)}</a>'


def open_view(context: Context, slug: str, choices: Choices) -> OpenView:
    """A page of an analysis by these choices; SuppressedError where small numbers are protected and it has some."""
    cohort = context.cohort
    return OpenView(context, load_controls(cohort, slug), choices, load_document(cohort, context.filter, slug, choices))


def link_to(view: View, context: Context, controls: Sequence[Control] = ()) -> str:
    """The whole link of a view, at the address under which the page is open; only its query if that is not known."""
    address = str(st.context.url or "").split("?")[0]
    return view.to_link(address, context.cohort.dictionary, controls) + _query_beside(context)


def _query_beside(context: Context) -> str:
    """What a link says of the selection beside the open one, and that it presents, to follow the rest; "" of neither."""
    versus = context.asked_versus
    beside = {} if versus is None else {state.VERSUS: versus_text(versus, context.cohort)}
    beside |= {state.APART: "1"} if beside and context.is_apart else {}
    beside |= {state.PRESENT: "1"} if is_presenting() else {}
    beside |= {state.OWN: "1"} if isinstance(context.cohort, OwnCohort) else {}
    return "&" + urlencode(beside) if beside else ""


def link_to_page(context: Context, slug: str, choices: Mapping[str, Any] | None = None) -> str:
    """The link to another page from this one, with the same filter and these choices; "" if the file lacks what it needs.

    ``slug`` is that of an analysis or another page, "" for the overview.
    """
    cohort = context.cohort
    view = View(slug, context.asked, (), cohort.data_version)
    analysis = next((a for a in load_analyses() if a.slug == slug), None)
    if analysis is None:
        return view.to_link(slug or "./", cohort.dictionary, ()) + _query_beside(context)
    if analysis.missing(cohort):
        return ""
    controls = load_controls(cohort, slug)
    params = tuple((c.name, (choices or {}).get(c.name, c.default)) for c in controls)
    return replace(view, params=params).to_link(slug, cohort.dictionary, controls) + _query_beside(context)


def _name_filter(cohort_filter: CohortFilter) -> str:
    clauses = []
    for c in cohort_filter.clauses:
        limits = [f"{limit:g}" for limit in (c.low, c.high) if limit is not None]
        clauses.append(" ".join((c.variable, *c.levels, *limits, *(["missing"] if c.keep_missing else []))))
    if cohort_filter.memberships:
        clauses.append("combined")
    return "-".join(clauses) or "all"
