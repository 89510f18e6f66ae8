"""The one page that shows any registered analysis."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import streamlit as st

from analytics.analysis import Analysis, Control
from analytics.cohort.disclosure import SuppressedError
from analytics.views.view import View
from pages.components import state
from pages.components.attrition import collect_files, list_files, show_way
from pages.components.background import show_background
from pages.components.cache import load_controls, load_document
from pages.components.checks import show_checks, show_planning
from pages.components.context import Context, are_known, draw_again_unless, read_choices
from pages.components.controls import ask_choices, choose_reference
from pages.components.ledger import record_comparisons, show_ledger
from pages.components.output import (
    arrange_notes,
    file_stem_of,
    link_of_note,
    link_to,
    provenance_of,
    show_caption,
    show_figure,
    show_headlines,
    show_lacking,
    show_link_notes,
    show_notes,
    show_pictures,
    show_sentences,
    show_tables,
    show_title,
    show_toolbar,
)
from pages.components.protection import show_suppressed


def show_analysis(analysis: Analysis[Any, Any], context: Context) -> None:
    """Choices, figure, sentences, tables and files of one analysis."""
    cohort = context.cohort
    missing = analysis.missing(cohort)
    st.session_state[state.SHOWN] = None if missing else analysis.slug
    if missing:
        show_title(analysis.title, analysis.question, context)
        show_link_notes()
        show_lacking(cohort.name, missing)
        return
    controls = load_controls(cohort, analysis.slug)
    head, place = st.container(), st.container()
    # What an address chooses is known only to the widgets: where it decides, they are drawn before it is computed.
    if not (choices_known := are_known(controls)):
        with head:
            _show_choices(analysis, context, controls)
    params = read_choices(controls)
    try:
        document = load_document(cohort, context.filter, analysis.slug, params)
    except SuppressedError as error:
        if choices_known:
            _show_choices(analysis, context, controls)
        show_suppressed(error)
        return
    main, stem = document.main(), file_stem_of(context, analysis.slug)

    # The browser draws what is sent first: the figure, then everything around it.
    with place:
        show_figure(main.figure, main.alt_text, stem, choose_reference)
    warnings, remarks, more = arrange_notes(document.notes())
    view = View(analysis.slug, context.filter, params, cohort.data_version)
    follow = partial(link_of_note, context, view)
    with head:
        if choices_known:
            _show_choices(analysis, context, controls)
            draw_again_unless(read_choices(controls) == params)
        show_headlines(document.headlines())
        show_notes(warnings, link_of=follow)
    show_caption(main.caption)
    compared = record_comparisons(context, document, dict(params))
    provenance, sentences = provenance_of(context, document, dict(params)), document.sentences()
    frames, link = partial(collect_files, context, document), link_to(view, context, controls)
    show_toolbar(main.figure, frames, list_files(document), link, provenance, stem, sentences)
    show_ledger(compared, context)
    show_notes(remarks, more, follow)
    show_pictures(document.pictures(), stem)
    show_tables(document.tables())
    show_background(document.background, document.slug, context, params, provenance, stem)
    show_sentences(sentences)
    show_checks(document, context, params, provenance, stem)
    show_planning(document, context, params, provenance, stem)
    show_way(context, document, provenance, stem)


def _show_choices(analysis: Analysis[Any, Any], context: Context, controls: Sequence[Control]) -> None:
    show_title(analysis.title, analysis.question, context)
    show_link_notes()
    ask_choices(controls)
