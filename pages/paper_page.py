"""One paper read figure by figure: printed, recomputed, what it shows and what it does not."""

from __future__ import annotations

from functools import partial

from analytics.cohort.filters import CohortFilter
from analytics.dictionary import speaking_by
from analytics.learning.paper import Way
from analytics.learning.paper_numbers import tell_numbers
from pages.components.cache import is_reference, load_paper, load_paper_numbers, load_published, load_reference
from pages.components.context import Context
from pages.components.figures import show_caption
from pages.components.links import Links
from pages.components.paper import BASELINE, show_cards, show_contents, show_paragraph
from pages.components.registry import LEARN, Page
from pages.components.title import show_title

TITLE = "Read the paper"


def show_paper(context: Context) -> None:
    """The figures of the paper, each on a card, recomputed on the reference cohort whichever is open."""
    published, reference, numbers = load_published(), load_reference(), load_paper_numbers()
    paper, terms = load_paper(), tell_numbers(numbers)
    cards = tuple(card.filled(terms) for card in paper.cards)
    with speaking_by(reference.dictionary):
        show_title(TITLE, paper.question, Context(reference, CohortFilter()))
    show_paragraph(f"{published.citation}. {paper.about}")
    show_contents(cards)
    show_caption(paper.synthetic)
    if not is_reference(context.cohort):
        show_paragraph(paper.other_cohort)
    elif context.filter:
        show_paragraph(paper.filtered)
    show_cards(paper, cards, published, numbers, partial(_link_of, Context(context.cohort, CohortFilter()).links))


def _link_of(links: Links, way: Way) -> str:
    if way.figure:
        figure = load_published().figure(way.figure)
        return links.to(figure.page, dict(figure.choices))
    return links.to(way.page, dict(way.choices))


def list_pages() -> tuple[Page, ...]:
    """The pages of this file."""
    about = (
        "What does each figure of one published abstract show, what does it not, and what would have to be reported?"
    )
    return (
        Page(
            url_path="read-the-paper",
            title=TITLE,
            icon=":material/article:",
            show=show_paper,
            order=140,
            about=about,
            section=LEARN,
            choices=(BASELINE,),
            needs_answer=False,
        ),
    )
