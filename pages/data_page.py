"""A reader's own patients: files brought, read, mapped, examined and opened, all in the browser."""

from __future__ import annotations

from html import escape

import streamlit as st

from analytics.cohort.problems import CohortError
from analytics.dictionary import speaking_by
from analytics.intake.mapping import MappingError
from analytics.reporting.wording import say_no_advice, start_sentence
from pages.components.context import Context
from pages.components.intake.columns import show_columns
from pages.components.intake.files import ask_files, show_problems_of, show_tables
from pages.components.intake.findings import show_findings
from pages.components.intake.held import Held
from pages.components.intake.opening import show_opened, show_opening
from pages.components.intake.privacy import ask_identifiers
from pages.components.markdown import as_markdown
from pages.components.registry import Page
from pages.components.title import show_bare_title

QUESTION = "What do the pages say of your own patients?"


def show_data(context: Context) -> None:
    """The steps, as far as they can be taken."""
    show_bare_title("Your patients", QUESTION, context.cohort)
    show_opened()
    _show_step(1, "Files")
    held = ask_files()
    show_problems_of(held)
    if held.tables:
        _show_step(2, "How they were read")
        show_tables(held)
        if ask_identifiers(held):
            _show_rest(held)
    st.caption(as_markdown(say_no_advice()))


def _show_rest(held: Held) -> None:
    _show_step(3, "What the columns mean")
    try:
        show_columns(held)
        imported = held.import_now()
    except (MappingError, CohortError) as error:
        st.html(
            '<div class="outcomes-note caution" role="alert" data-testid="not-mapped"><b>Not yet.</b> '
            f"{escape(start_sentence(str(error)))}</div>"
        )
        return
    with speaking_by(imported.mapped.dictionary):
        _show_step(4, "What is wrong with them")
        show_findings(held, imported.examined)
        _show_step(5, "See them")
        show_opening(held, imported)


def _show_step(n: int, title: str) -> None:
    st.html(f'<h2 class="outcomes-h2 outcomes-step"><span>{n}</span>{escape(title)}</h2>')


def list_pages() -> tuple[Page, ...]:
    """The pages of this file."""
    about = (
        "Open a file of your own in the browser: what its columns mean, what is wrong with it, then every page on it."
    )
    return (
        Page(
            url_path="your-patients",
            title="Your patients",
            icon=":material/upload_file:",
            show=show_data,
            order=1,
            about=about,
            needs_answer=False,
        ),
    )
