"""The parts of the glossary's page: the search, and the entries that links lead to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from itertools import groupby
from types import MappingProxyType

import streamlit as st

from analytics.languages import Language, Text
from analytics.learning.miniatures import OF_REFERENCE, Miniature
from analytics.reporting.glossary import IN_METHODS, Term
from analytics.reporting.tables import link_sources
from pages.components import state
from pages.components.browser import GLOSSARY
from pages.components.context import Context
from pages.components.links import Links

TITLE = Text("Glossary", "术语表")
ABOUT = Text("What does this word mean?", "这个词是什么意思？")
SEARCH = Text("Search in English or Chinese", "输入中文或英文查找")
CONTENTS = Text("Letters", "字母")
COUNTED = Text("{n} found", "找到 {n} 条")
ALSO = Text("Also: ", "又称：")
SOURCE = Text("Source: ", "来源：")
PICTURES = Text("The small pictures show this selection.", "小图显示以上所选人群。")
PICTURES_OF_REFERENCE = Text(
    "The small pictures show the synthetic reference cohort: small numbers of the open one are protected.",
    "小图显示合成的参考队列：当前队列的小数字受保护。",
)
IN_HTML = {"en": "en", "zh": "zh-Hans"}  # as a browser calls the languages


def show_search(terms: Sequence[Term], language: Language) -> None:
    """A field that leaves only the entries with what is typed, and links to the letters."""
    letters = "".join(f'<li><a href="#letter-{x.lower()}">{x}</a></li>' for x, _ in _by_letter(terms))
    field, counted = escape(SEARCH.said(language)), escape(COUNTED.said(language))
    st.html(
        f'<nav class="outcomes-contents glossary-contents" aria-label="{CONTENTS.said(language)}" lang="{IN_HTML[language]}">'
        f'<input type="search" placeholder="{field}" aria-label="{field}" autocomplete="off" data-counted="{counted}">'
        f'<span role="status"></span><ul>{letters}</ul></nav>'
    )


def show_whose(context: Context, language: Language) -> None:
    """Whom the pictures show."""
    said = PICTURES_OF_REFERENCE if context.cohort.smallest_cell else PICTURES
    st.html(f'<p class="outcomes-caption" data-testid="whose-pictures">{escape(said.said(language))}</p>')


def show_terms(
    terms: Sequence[Term], language: Language, links: Links, pictures: Mapping[str, Miniature] = MappingProxyType({})
) -> None:
    """Every entry, in the order of the English names, in a language; ``pictures`` by the English name."""
    parts = []
    for letter, some in _by_letter(terms):
        parts.append(f'<h2 class="outcomes-h2 outcomes-section" id="letter-{letter.lower()}">{letter}</h2>')
        parts += [_entry_of(term, language, links, pictures.get(term.name.en)) for term in some]
    html = f'<div class="outcomes-glossary" lang="{IN_HTML[language]}">{"".join(parts)}</div>'
    GLOSSARY(key=state.GLOSSARY, data={"html": html})


def _by_letter(terms: Sequence[Term]) -> Iterable[tuple[str, list[Term]]]:
    """The terms under the first letter of their English names; what begins with a figure stands first."""
    ordered = sorted(terms, key=lambda term: term.name.en.lower())
    return [(letter, list(some)) for letter, some in groupby(ordered, key=lambda term: term.name.en[0].upper())]


def _entry_of(term: Term, language: Language, links: Links, picture: Miniature | None) -> str:
    other: Language = "en" if language == "zh" else "zh"
    names = f"<b>{escape(term.name.said(language))}</b>"
    if term.name.en != term.name.zh:
        names += f' <span lang="{IN_HTML[other]}">{escape(term.name.said(other))}</span>'
    others = [other for other in term.other_names if f"({other})" not in f"{term.name.en} {term.name.zh}"]
    if others:
        names += f" <small>{ALSO.said(language)}{escape(', '.join(others))}</small>"
    if term.related:
        names += f"<span hidden>{escape(', '.join(term.related))}</span>"
    more = term.say_more(language)
    paragraphs = [f'<p class="glossary-name">{names}</p>', f"<p>{escape(term.say(language))}</p>"]
    paragraphs += [f'<p class="glossary-more">{escape(more)}</p>'] if more else []
    way = ""
    if term.anchor:
        address = escape(links.to("methods"))
        way = f' <a data-turn href="{address}#{term.anchor}">{IN_METHODS.said(language)}\u00a0→</a>'
    source = f'<p class="outcomes-caption">{SOURCE.said(language)}{link_sources(term.source)}{way}</p>'
    look, drawn = "outcomes-entry", ""
    if picture is not None:
        said = escape(picture.caption.said(language))
        said += f" <b>{escape(OF_REFERENCE.said(language))}</b>" if picture.is_reference else ""
        look, drawn = f"{look} has-picture", f"<figure>{picture.svg}<figcaption>{said}</figcaption></figure>"
    return f'<div class="{look}" id="{term.own_anchor}"><div>{"".join(paragraphs)}{source}</div>{drawn}</div>'
