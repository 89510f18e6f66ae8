"""Files and links: what can be taken away from a page."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from html import escape

import pandas as pd
import streamlit as st

from analytics.dictionary import speaking_by
from analytics.document import HtmlFigure
from analytics.exports.exhibit import Exhibit, ExhibitMedium, no_progress
from analytics.exports.media import EXHIBIT_MEDIA, MEDIA
from analytics.exports.medium import Medium, to_file_stem
from analytics.formats import name_patients
from analytics.provenance import Provenance
from analytics.reporting.attrition import FILE, tabulate_stages
from analytics.reporting.protection import remark_protection
from pages.components import state
from pages.components.assets import address_of
from pages.components.browser import TOOLBAR
from pages.components.context import Context
from pages.components.markdown import as_markdown
from pages.components.open_view import OpenView
from pages.components.template import dress_medium, show_template

OVERVIEW_METHOD = (
    "Counts of {patients}. Each of the small pictures counts under all filters but its own; the others count, or show from "
    "{relapse} on, those of the selection who {had_relapse}."
)
Frames = Callable[[], Mapping[str, pd.DataFrame]]


def show_toolbar(opened: OpenView) -> None:
    """Copy the link; save the figure as SVG or PNG and the numbers, with the sentences on them, as CSV."""
    document, provenance = opened.document, opened.provenance
    main = document.main()
    svg = main.figure.svg("", "") if isinstance(main.figure, HtmlFigure) else ""
    data = to_toolbar(opened.link, opened.stem, svg, main.alt_text)
    with st.container(horizontal=True, vertical_alignment="center", key=state.TOOLBAR):
        TOOLBAR(key=state.TOOLBAR_BUTTONS, data=data, width="content")
        with_sentences = provenance.remarking(dict.fromkeys((*document.answer(), *document.sentences())))
        show_exhibit_buttons(opened)
        show_template()
        show_file_buttons((*document.files, FILE), partial(_frames_of, opened), with_sentences, opened.stem)


def show_exhibit_buttons(opened: OpenView) -> None:
    """A button for each medium that takes the view whole."""
    for medium in EXHIBIT_MEDIA:
        st.download_button(
            as_markdown(medium.name),
            data=partial(_write_exhibit, dress_medium(medium), opened),
            file_name=f"{opened.stem}.{medium.ending}",
            mime=medium.mime,
            on_click="ignore",
            icon=":material/download:",
            type="tertiary",
            key=state.key_of_file(medium.ending, "view"),
        )


def _write_exhibit(medium: ExhibitMedium, opened: OpenView) -> bytes:
    with speaking_by(opened.context.cohort.dictionary):
        return medium.write([Exhibit(opened.document, opened.provenance, opened.link)], no_progress)


def _frames_of(opened: OpenView) -> Mapping[str, pd.DataFrame]:
    return {**opened.document.frames(), FILE: tabulate_stages(opened.document.attrition())}


def show_files(files: Sequence[str], frames: Frames, provenance: Provenance, stem: str, name: str) -> None:
    """The files of a part that is shown on its own, in a row."""
    with st.container(horizontal=True):
        show_file_buttons(files, frames, provenance, stem, name)


def show_file_buttons(files: Sequence[str], frames: Frames, provenance: Provenance, stem: str, *name: str) -> None:
    """A button for each file of each medium; ``frames()`` makes the tables once one is asked for."""
    for medium in MEDIA:
        for file, tables in medium.list_files(files):
            st.download_button(
                f"{medium.name}: {file}",
                data=partial(_write, medium, tables, frames, provenance),
                file_name=f"{'_'.join((stem, *(() if medium.one_table else name), file))}.{medium.ending}",
                mime=medium.mime,
                on_click="ignore",
                icon=":material/download:",
                type="tertiary",
                key=state.key_of_file(medium.ending, *name, file),
            )


def _write(medium: Medium, tables: Sequence[str], frames: Frames, provenance: Provenance) -> bytes:
    made = frames()
    return medium.write({table: made[table] for table in tables}, provenance)


def show_link(link: str) -> None:
    """A button that copies the link of a page without a figure."""
    TOOLBAR(key=state.LINK_BUTTON, data=to_toolbar(link), width="content")


def said_of_overview(context: Context, link: str) -> str:
    """What the pictures of the overview say of themselves when they are kept."""
    provenance = trace_selection(context, "Overview", name_patients(OVERVIEW_METHOD))
    return said_html(provenance, link, name_file(context))


def name_file(context: Context, page: str = "overview") -> str:
    """The telling part of the names of files of a page that is no analysis."""
    return to_file_stem(page, "synthetic" if context.cohort.synthetic else "", day=date.today())


def trace_selection(context: Context, title: str, method: str) -> Provenance:
    """What a file of the overview says about itself."""
    cohort = context.cohort
    return Provenance(
        title=title,
        cohort=cohort.name,
        selection=context.selection.sentence(),
        method=method,
        data_version=cohort.data_version,
        synthetic=cohort.synthetic,
        exported_on=date.today(),
        remarks=remark_protection(cohort.smallest_cell),
    )


def to_toolbar(link: str, stem: str = "", svg: str = "", alt: str = "") -> dict[str, object]:
    """What the toolbar copies and saves; without the words (``alt``) of a figure it saves none."""
    return {"link": link, "stem": stem, "alt": alt, "svg": svg, "saving": address_of("saving.js")}


def said_html(provenance: Provenance, link: str, stem: str, *, is_beside: bool = False) -> str:
    """What every picture that is saved says of itself, for the browser alone: a figure can be saved while all is folded.

    ``is_beside`` True for the pictures of the container around it, that of two selections, which say something else.
    """
    said = {"lines": provenance.lines(), "short": provenance.footer(), "link": link, "stem": stem}
    return (
        f'<div hidden data-said{"-beside" if is_beside else ""}="{escape(json.dumps(said, ensure_ascii=False))}"></div>'
    )
