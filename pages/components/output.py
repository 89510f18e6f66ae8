"""Writes results to the page: sentences, numbers, notes, tables, figures and files. It formats nothing of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from html import escape
from typing import Any

import pandas as pd
import streamlit as st

from analytics.analyses import load_analyses
from analytics.cohort.address import describe_source
from analytics.cohort.problems import CohortError
from analytics.document import Document, Headline, HtmlFigure, Picture
from analytics.exports.csv_file import to_csv, to_file_stem
from analytics.figures.theme import to_image_config
from analytics.provenance import Provenance
from analytics.reporting.tables import Table
from analytics.reporting.wording import EXPERIMENTAL, join_words, say_children, say_protection
from analytics.results import Note
from analytics.views.view import View, answer_link, describe_document
from pages.components import state
from pages.components.attrition import say_way
from pages.components.browser import FOREST, TOOLBAR
from pages.components.cache import asks_for_protection, load_controls
from pages.components.context import Context
from pages.components.ledger import say_for_file
from pages.components.markdown import as_markdown
from pages.components.protection import protection_chip, source_html
from pages.components.style import STYLE

# The server sends from another thread, and the browser draws at once all that has come by then: a moment's rest after
# the figure lets it be drawn without waiting for the widgets of the sidebar.
HEAD_START_SECONDS = 0.02
WORST_FIRST = ("warning", "caution", "info")
MOST_NOTES = 3  # in sight on a page
SIGNS = {"warning": "Warning.", "caution": "Take care.", "info": "Note."}


def show_style() -> None:
    """The style sheet of all pages."""
    st.html(f"<style>{STYLE}</style>")


def show_title(title: str, question: str, context: Context) -> None:
    """The page's title and question, and the active cohort in one sentence."""
    cohort = context.cohort
    partly = any(note.code == "partly-synthetic" for note in cohort.notes)
    said = "SYNTHETIC DATA" if cohort.synthetic else "PARTLY SYNTHETIC DATA" if partly else ""
    chip = (f'<span class="outcomes-chip">{said}</span>' if said else "") + protection_chip(cohort)
    st.html(
        f'<h1 class="outcomes-title">{escape(title)}</h1><p class="outcomes-question">{escape(question)}</p>'
        f"{source_html()}"
        f'<p class="outcomes-cohort" data-testid="cohort-sentence">{chip}{escape(context.sentence)}</p>'
    )


def show_link_notes() -> None:
    """What a link asked for and could not be used, until it is dismissed."""
    notes = [Note(*texts) for texts in st.session_state.get(state.LINK_NOTES, [])]
    if not notes:
        return
    items = "".join(
        f'<li data-code="{escape(n.code)}">{escape(n.text)} <span class="remedy">{escape(n.remedy)}</span></li>'
        for n in notes
    )
    st.html(
        '<div class="outcomes-note caution" role="status" data-testid="link-notes"><b>Not everything in the link could be '
        f'used.</b><ul class="outcomes-says">{items}</ul></div>'
    )
    st.button("Dismiss", key=state.DISMISS_LINK_NOTES, on_click=st.session_state.update, args=({state.LINK_NOTES: []},))


def show_lacking(name: str, columns: Sequence[str]) -> None:
    """That a page cannot be made of this file, and what the file lacks for it."""
    st.info(as_markdown(f"{name} has no column {join_words(columns)}, which this page needs. Add it to the file."))


def show_headlines(headlines: Sequence[Headline]) -> None:
    """The few numbers at the top."""
    items = "".join(
        f'<div title="{_html(h.help)}"><span>{_html(h.label)}</span><b>{_html(h.value)}</b></div>' for h in headlines
    )
    st.html(f'<div class="outcomes-headlines" data-testid="headlines">{items}</div>')


def arrange_notes(notes: Sequence[Note]) -> tuple[list[Note], list[Note], list[Note]]:
    """The gravest few: warnings, which stand above the figure, and others, below it; then those one click away."""
    ordered = sorted(notes, key=lambda note: WORST_FIRST.index(note.severity))
    shown, others = ordered[:MOST_NOTES], ordered[MOST_NOTES:]
    return [n for n in shown if n.severity == "warning"], [n for n in shown if n.severity != "warning"], others


def show_notes(
    notes: Sequence[Note], more: Sequence[Note] = (), link_of: Callable[[Note], str] = lambda note: ""
) -> None:
    """Notes, and ``more`` of them one click away. ``link_of`` makes the HTML of a note's link."""
    shown, others = _notes_html(notes, link_of), _notes_html(more, link_of)
    if others:
        summary = f"{len(others)} more {'note' if len(others) == 1 else 'notes'}"
        shown.append(f'<details class="outcomes-more"><summary>{summary}</summary>{"".join(others)}</details>')
    if shown:
        st.html("".join(shown))


def _notes_html(notes: Sequence[Note], link_of: Callable[[Note], str]) -> list[str]:
    return [
        f'<div class="outcomes-note {n.severity}" data-code="{escape(n.code)}" role="note"><b>{SIGNS[n.severity]}</b>'
        f'{_html(n.text)} <span class="remedy">{_html(n.remedy)}</span>{link_of(n)}</div>'
        for n in notes
    ]


def link_of_note(context: Context, view: View, note: Note) -> str:
    """The link to the page that answers better, with the filter and the choices of this one; empty without such a page."""
    cohort = context.cohort
    page = next((a for a in load_analyses() if a.slug == note.link != view.page and not a.missing(cohort)), None)
    if page is None:
        return ""
    address = answer_link(note, view, cohort.dictionary, load_controls(cohort, page.slug))
    dropped = [cohort.dictionary[name].label for name in note.drops if context.filter.clause(name)]
    which = " with the same filter" if context.filter else ""
    if dropped:
        which = f" without the filter on {join_words(dropped)}"
    return f' <a href="{escape(address)}" data-testid="note-link">{escape(page.title + which)}</a>'


def show_sentences(sentences: Sequence[str], title: str = "In words") -> None:
    """What the estimates say, in plain words."""
    if sentences:
        items = "".join(f"<li>{_html(sentence)}</li>" for sentence in sentences)
        st.html(
            f'<h2 class="outcomes-says-title" style="font-size:1rem;margin:0 0 .3rem">{escape(title)}</h2>'
            f'<ul class="outcomes-says" data-testid="sentences">{items}</ul>'
        )


def show_table(table: Table) -> None:
    """A table."""
    st.html(say_children(table.to_html()))


def show_tables(tables: Sequence[Table]) -> None:
    """Tables, one below the other."""
    for table in tables:
        show_table(table)


def show_figure(figure: Any, alt: str, file_stem: str, on_reference: Callable[[], None] | None = None) -> None:
    """A Plotly figure, or a figure in HTML whose rows can be clicked."""
    if isinstance(figure, HtmlFigure):
        FOREST(
            key=state.FOREST,
            data={"html": say_children(figure.html), "alt": say_children(alt)},
            on_reference_change=on_reference,
        )
    else:
        st.plotly_chart(
            figure, key=state.FIGURE, width="stretch", config=to_image_config(file_stem), alt=say_children(alt)
        )
    time.sleep(HEAD_START_SECONDS)


def show_picture(picture: Picture, key: str, file_stem: str) -> None:
    """A further figure with its title and how to read it."""
    st.html(f'<h2 class="outcomes-h2" data-testid="picture-title">{escape(picture.title)}</h2>')
    if isinstance(picture.figure, HtmlFigure):
        st.html(f'<div role="img" aria-label="{_html(picture.alt_text)}">{say_children(picture.figure.html)}</div>')
    else:
        config = to_image_config(f"{file_stem}_{key}")
        st.plotly_chart(picture.figure, key=key, width="stretch", config=config, alt=say_children(picture.alt_text))
    show_caption(picture.caption)


def show_pictures(pictures: Sequence[Picture], file_stem: str) -> None:
    """The further figures of a page."""
    for i, picture in enumerate(pictures):
        show_picture(picture, state.key_of_picture("picture", i), file_stem)


def show_caption(text: str) -> None:
    """How to read the figure above."""
    if text:
        st.html(f'<p class="outcomes-caption">{_html(text)}</p>')


def _html(text: str) -> str:
    return escape(say_children(text))


def provenance_of(context: Context, document: Document, params: Mapping[str, Any]) -> Provenance:
    """What every file made on this page says about itself: whom it shows, by which choices, and its warnings."""
    cohort = context.cohort
    return Provenance(
        document.title,
        cohort.name,
        context.sentence,
        document.method,
        cohort.data_version,
        cohort.synthetic,
        date.today(),
        (
            *(
                (f"Small numbers are protected. {say_protection(cohort.smallest_cell)}",)
                if cohort.smallest_cell
                else ()
            ),
            say_way(context, document),
            *map(say_children, describe_document(document, load_controls(cohort, document.slug), params)),
        ),
        say_for_file(context, document, params),
    )


def file_stem_of(context: Context, slug: str) -> str:
    """The telling part of every file name made on this page."""
    clauses = []
    for c in context.filter.clauses:
        limits = [f"{limit:g}" for limit in (c.low, c.high) if limit is not None]
        clauses.append(" ".join((c.variable, *c.levels, *limits, *(["missing"] if c.keep_missing else []))))
    synthetic = "synthetic" if context.cohort.synthetic else ""
    return to_file_stem(slug, "-".join(clauses) or "all", synthetic, day=date.today())


def show_toolbar(
    figure: Any,
    frames: Callable[[], Mapping[str, pd.DataFrame]],
    names: Sequence[str],
    link: str,
    provenance: Provenance,
    stem: str,
    sentences: Sequence[str],
) -> None:
    """Copy the link; save the figure as SVG or PNG and the numbers, with the sentences on them, as CSV."""
    lines = provenance.lines()
    svg = say_children(figure.svg(lines[0], " · ".join(lines[1:]))) if isinstance(figure, HtmlFigure) else ""
    with st.container(horizontal=True, vertical_alignment="center", key=state.TOOLBAR):
        TOOLBAR(
            key=state.TOOLBAR_BUTTONS,
            data={"link": link, "stem": stem, "svg": svg, "lines": list(lines)},
            width="content",
        )
        for name in names:
            st.download_button(
                f"CSV: {name}",
                data=partial(
                    csv_of,
                    frames,
                    name,
                    replace(provenance, remarks=(*provenance.remarks, *map(say_children, sentences))),
                ),
                file_name=f"{stem}_{name}.csv",
                mime="text/csv",
                on_click="ignore",
                icon=":material/download:",
                type="tertiary",
                key=state.key_of_file(name),
            )


def csv_of(frames: Callable[[], Mapping[str, pd.DataFrame]], name: str, provenance: Provenance) -> bytes:
    """One of the frames as a file."""
    return to_csv(frames()[name], provenance)


def link_to(view: View, context: Context, controls: Sequence[Any]) -> str:
    """The whole link of a view, at the address under which the page is open; only its query if that is not known."""
    address = str(st.context.url or "").split("?")[0]
    return view.to_link(address, context.cohort.dictionary, controls)


def show_link(link: str) -> None:
    """A button that copies the link of a page without a figure."""
    TOOLBAR(key=state.LINK_BUTTON, data={"link": link, "stem": "", "svg": "", "lines": []}, width="content")


def show_cautions(cautions: Sequence[str]) -> None:
    """The cautions that belong to the published figures."""
    items = "".join(f"<li>{escape(caution)}</li>" for caution in cautions)
    st.html(
        "<div class='outcomes-note caution' data-code='published-cautions'><b>Before quoting the published figures</b>"
        f"<ol class='outcomes-says'>{items}</ol></div>"
    )


def show_problems(error: CohortError, source: str) -> None:
    """What is wrong with a file, where and what to do; then a way on."""
    st.html(
        f'<h1 class="outcomes-title">This file cannot be opened yet</h1><p><bdi>{escape(describe_source(source))}</bdi></p>'
    )
    if asks_for_protection():
        # What is wrong names rows and values of single children: that is for those who run the deployment.
        st.html(
            f"<div class='outcomes-note warning' role='alert' data-testid='problems'>{EXPERIMENTAL} So "
            "that no child is described, what is wrong is written where the dashboard was started, and not shown.</div>"
        )
        return
    items = "".join(
        f"<li><b>{escape(p.what)}</b> <span>{escape(p.where)}</span><br><span class='remedy'>{escape(p.remedy)}</span></li>"
        for p in error.problems
    )
    st.html(
        "<div class='outcomes-note warning' role='alert' data-testid='problems'>"
        f"<ol class='outcomes-says'>{items}</ol></div><p>Nothing was changed in the file.</p>"
    )
    with st.container(horizontal=True):
        st.button("I have mended the file: try again", type="primary", key=state.TRY_AGAIN)
        st.button(
            "Show the synthetic reference cohort instead",
            on_click=st.session_state.update,
            args=({state.USE_REFERENCE: True},),
            key=state.SHOW_REFERENCE,
        )
