"""The glossary: every word of statistics and of the clinic, in two languages, with small pictures of the patients at hand."""

from __future__ import annotations

from analytics.reporting.glossary import list_terms
from pages.components.cache import load_miniatures
from pages.components.context import Context
from pages.components.glossary import ABOUT, TITLE, show_search, show_terms, show_whose
from pages.components.language import ask_language
from pages.components.registry import LEARN, Page
from pages.components.title import show_bare_title, show_title


def show_glossary(context: Context) -> None:
    """Every term in alphabetical order, and a field that leaves those with what is typed."""
    language = ask_language()
    if context.is_answered:
        show_title(TITLE.said(language), ABOUT.said(language), context)
    else:
        show_bare_title(TITLE.said(language), ABOUT.said(language), context.cohort)
    terms = list_terms()
    show_search(terms, language)
    pictures = load_miniatures(context.cohort, context.filter, language)
    show_whose(context, language)
    show_terms(terms, language, context.links, pictures)


def list_pages() -> tuple[Page, ...]:
    """The pages of this file."""
    about = "What each word of statistics and of the clinic means, in English and Chinese, in a sentence and a small picture."
    return (
        Page(
            url_path="glossary",
            title="Glossary",
            icon=":material/dictionary:",
            show=show_glossary,
            order=130,
            about=about,
            section=LEARN,
            needs_answer=False,
        ),
    )
