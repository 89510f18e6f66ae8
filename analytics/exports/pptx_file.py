"""Slides of views: one alone, or a deck of several with what a presenter needs around them.

Charts and tables can be edited where they are shown. A slide is measured before it is written: what has no room goes to
the next one, or to the notes of the speaker, which have everything.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time
from io import BytesIO

from analytics.document import Progress
from analytics.exports.exhibit import Exhibit, ExhibitMedium, Extra, no_progress
from analytics.exports.slides.frontmatter import add_end, add_front
from analytics.exports.slides.leaves import to_leaf
from analytics.exports.slides.letters import clean
from analytics.exports.slides.page import Deck
from analytics.exports.slides.template import open_deck
from analytics.exports.slides.views import add_view

PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"


def to_pptx(exhibits: Sequence[Exhibit | Extra], progress: Progress = no_progress, template: bytes = b"") -> bytes:
    """A presentation: of one exhibit its slides alone, of several a deck with cover, questions, cautions and sources.

    Parameters
    ----------
    exhibits
        Views and pages that are none, in their order; at least one.
    progress
        Told after each exhibit how many are done, of all; what it raises ends the work.
    template
        A presentation or template of PowerPoint whose layouts, fonts and colours are taken; without one the product's own.

    Raises
    ------
    TemplateError
        If the template cannot be taken.
    ValueError
        Without exhibits.
    """
    if not exhibits:
        raise ValueError("There is nothing to make slides of: give at least one exhibit.")
    deck = Deck(*open_deck(template))
    leaves = [to_leaf(exhibit) for exhibit in exhibits]
    is_alone = len(leaves) == 1
    if not is_alone:
        add_front(deck, leaves)
    for done, leaf in enumerate(leaves, start=1):
        add_view(deck, leaf, is_alone=is_alone)
        progress(done, len(leaves))
    if not is_alone:
        add_end(deck, leaves)
    about, first = deck.presentation.core_properties, leaves[0].provenance
    about.title = clean(leaves[0].title if is_alone else first.cohort)[:255]
    about.author = about.last_modified_by = about.keywords = about.category = ""
    about.subject = "SYNTHETIC DATA" if any(leaf.provenance.synthetic for leaf in leaves) else ""
    about.comments = clean(first.footer())[:255]
    about.revision = 1
    about.created = about.modified = datetime.combine(first.exported_on, time())
    content = BytesIO()
    deck.presentation.save(content)
    return content.getvalue()


SLIDES = ExhibitMedium("Slides (PowerPoint)", "pptx", PPTX, to_pptx, templates=("pptx", "potx"))
