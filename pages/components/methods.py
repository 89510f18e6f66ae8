"""The parts of the methods page: contents, search, and entries that links lead to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

import streamlit as st

from analytics.formats import name_patients
from analytics.reporting.glossary import Term
from analytics.reporting.methods import DescribedMethod
from analytics.reporting.tables import link_sources

SECTIONS = {
    "how-to-read": "How to read",
    "endpoints": "Endpoints",
    "estimators": "Estimators",
    "dictionary": "Dictionary",
}


def show_contents() -> None:
    """Links to the sections, and a field that leaves only the entries with what is typed."""
    links = "".join(f'<li><a href="#{anchor}">{title}</a></li>' for anchor, title in SECTIONS.items())
    st.html(
        f'<nav class="outcomes-contents" aria-label="Contents"><ul>{links}</ul>'
        '<input type="search" placeholder="Search all entries" aria-label="Search all entries" autocomplete="off">'
        '<span role="status"></span></nav>'
    )


def show_section(anchor: str) -> None:
    """The title of a section."""
    st.html(f'<h2 class="outcomes-h2 outcomes-section" id="{anchor}">{SECTIONS[anchor]}</h2>')


def show_paragraphs(paragraphs: Iterable[tuple[str, str]]) -> None:
    """Paragraphs, each behind its title."""
    st.html(
        "".join(f"<p class='outcomes-entry'><b>{escape(t)}.</b> {link_sources(text)}</p>" for t, text in paragraphs)
    )


def show_terms(terms: Sequence[Term], anchors: Iterable[str]) -> None:
    """What each word means, with a link to the entry that says more; ``anchors`` are those of this page."""
    known = set(anchors)
    items = "".join(
        f'<div class="outcomes-entry" id="{term.own_anchor}"><dt>{escape(term.name.en)}</dt>'
        f"<dd>{escape(term.say())} <small>{link_sources(term.source)}</small>"
        + (f' <a href="#{term.anchor}">More</a>' if term.anchor in known else "")
        + "</dd></div>"
        for term in sorted(terms, key=lambda term: term.name.en.lower())
    )
    st.html(f'<h3 class="outcomes-h2" id="words">Words</h3><dl class="outcomes-terms">{items}</dl>')


def show_methods_in_words(methods: Sequence[DescribedMethod]) -> None:
    """Every method by its name and question; how it is computed here and the source of its formula once it is opened."""
    st.html("".join(map(_entry_of, methods)))


def _entry_of(method: DescribedMethod) -> str:
    return (
        f'<details class="outcomes-entry" id="{method.anchor}"><summary><b>{escape(name_patients(method.name))}</b> '
        f"{escape(name_patients(method.answers))}</summary><p>{link_sources(name_patients(method.computed))}</p>"
        f'<p class="outcomes-caption">Source: {link_sources(method.source)}</p></details>'
    )
