"""The page on the disease: the guide, in short sections with their sources folded away."""

from __future__ import annotations

import re
from html import escape

import streamlit as st

from analytics.learning.disease import Guide, GuideSection
from analytics.reporting.tables import link_sources

_ADDRESS = re.compile(r"https://[^\s,]+")


def show_guide(guide: Guide) -> None:
    """Every section; each is a block of text of its own, whose words are explained."""
    st.html(
        f'<h2 class="outcomes-h2">{escape(guide.title)}</h2><p class="outcomes-caption">{escape(guide.about)}</p>'
        f'<div class="disease-guide" data-testid="guide">{"".join(map(_section, guide.sections))}</div>'
    )


def _section(section: GuideSection) -> str:
    paragraphs = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in section.paragraphs)
    sources = "".join(f"<li>{_cite(source)}</li>" for source in section.sources)
    return (
        f'<section id="disease-{section.id}"><h3>{escape(section.title)}</h3>{paragraphs}'
        f"<details><summary>Sources</summary><ul>{sources}</ul></details></section>"
    )


def _cite(source: str) -> str:
    """A source with a link from its DOI, or from its address where it has none."""
    cited = link_sources(source)
    return cited if "doi:" in source else _ADDRESS.sub(lambda found: f'<a href="{found[0]}">{found[0]}</a>', cited)
