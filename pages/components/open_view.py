"""The view that a reader has open: what it shows, of whom, by which choices, and how to come back to it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from html import escape

from analytics.analyses import load_analyses
from analytics.analysis import Control
from analytics.cohort.filters import CohortFilter
from analytics.document import Contrast, Document
from analytics.exports.medium import to_file_stem
from analytics.provenance import Provenance
from analytics.reporting.wording import join_words
from analytics.results import Note
from analytics.views.ledger import Comparison, describe_for_file, drop_idle_clauses, list_comparisons
from analytics.views.two_files import ASSUMED, join_files
from analytics.views.view import View, answer_link
from pages.components.cache import Choices, FileBeside, load_beside, load_contrast, load_file_contrast
from pages.components.context import Context, count_both
from pages.components.kept_ledger import read_ledger


@dataclass(frozen=True, eq=False)
class OpenView:
    """A page in its context, with its choices and its document. What follows from them is made when it is first asked for."""

    context: Context
    choices: Choices
    document: Document

    @property
    def controls(self) -> tuple[Control, ...]:
        """What can be chosen on the page."""
        return self.context.offers[self.document.slug].controls

    @cached_property
    def view(self) -> View:
        """What a link to it reproduces."""
        return View(self.document.slug, self.context.asked, self.choices, self.context.cohort.data_version)

    @cached_property
    def link(self) -> str:
        """The whole link."""
        return self.context.links.here(self.controls, dict(self.choices))

    @cached_property
    def stem(self) -> str:
        """The telling part of the name of every file that is made of it."""
        synthetic = "synthetic" if self.context.cohort.synthetic else ""
        return to_file_stem(self.document.slug, _name_filter(self.context.filter), synthetic, day=date.today())

    @cached_property
    def comparisons(self) -> tuple[Comparison, ...]:
        """The tests that it puts before its reader."""
        context = self.context
        chosen = drop_idle_clauses(context.filter, context.selection.funnel())
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
        if context.start is not None:
            selected = (context.cohort, context.filter, context.start, context.versus)
            return load_file_contrast(*selected, context.names, self.document.slug, self.choices)
        n_both = 0 if context.is_apart else count_both(context)
        return load_contrast(context.cohort, (context.filter, context.versus), n_both, self.document.slug, self.choices)

    @cached_property
    def beside(self) -> FileBeside | None:
        """The same view of the file of the start; None where no other file stands beside this one."""
        context = self.context
        if context.versus is None or context.start is None:
            return None
        selected = (context.cohort, context.filter, context.start, context.versus)
        return load_beside(*selected, context.names[1], self.document.slug, self.choices)

    @cached_property
    def provenance(self) -> Provenance:
        """What every file of it says about itself today, the ledger so far included."""
        comparisons = describe_for_file(read_ledger(), [c.key for c in self.comparisons])
        return replace(self.document.provenance(), exported_on=date.today(), comparisons=comparisons)

    @cached_property
    def stem_beside(self) -> str:
        """The telling part of the names of files of the two selections."""
        start = self.context.start
        is_made_up = start is not None and start.synthetic and not self.context.cohort.synthetic
        return f"{self.stem}_a-b{'_synthetic' if is_made_up else ''}"

    @cached_property
    def provenance_beside(self) -> Provenance:
        """What files of the two selections say about themselves."""
        if (contrast := self.contrast) is None:
            return self.provenance
        said = self.provenance.remarking((contrast.picture.title, *contrast.sentences))
        start, beside = self.context.start, self.beside
        if start is None or beside is None or beside.document is None:
            return said
        other, remarks = beside.document.provenance(), (ASSUMED, *beside.likeness.remarks)
        return join_files(said.remarking(remarks), other)

    def link_of_note(self, note: Note) -> str:
        """The HTML of a link to the page that answers better, with this filter and these choices; "" without such a page."""
        cohort = self.context.cohort
        page = next((a for a in load_analyses() if a.slug == note.link), None)
        if page is None or page.slug == self.view.page or self.context.offers[page.slug].lacks:
            return ""
        links = self.context.links
        address = answer_link(note, self.view, cohort.dictionary, links.offers[page.slug].controls, links.beside)
        dropped = [cohort.dictionary[name].label for name in note.drops if self.context.filter.clause(name)]
        which = " with the same filter" if self.context.filter else ""
        if dropped:
            which = f" without the filter on {join_words(dropped)}"
        return f' <a href="{escape(address)}" data-testid="note-link">{escape(page.title + which)}</a>'


def _name_filter(cohort_filter: CohortFilter) -> str:
    clauses = []
    for c in cohort_filter.clauses:
        limits = [f"{limit:g}" for limit in (c.low, c.high) if limit is not None]
        clauses.append(" ".join((c.variable, *c.levels, *limits, *(["missing"] if c.keep_missing else []))))
    if cohort_filter.memberships:
        clauses.append("combined")
    return "-".join(clauses) or "all"
