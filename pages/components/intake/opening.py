"""The last step: what these patients allow, the button that shows them, and the files to take along."""

from __future__ import annotations

from datetime import date
from functools import partial
from html import escape

import pandas as pd
import streamlit as st

from analytics.analyses import load_analyses
from analytics.cohort import Cohort
from analytics.cohort.problems import CohortError
from analytics.exports.medium import to_file_stem
from analytics.formats import format_patients, shorten
from analytics.intake.decisions import report_findings
from analytics.intake.hiding import hash_columns, list_dates, shift_dates
from analytics.intake.importing import Imported, open_imported
from analytics.intake.mapping_text import write_mapping
from analytics.reporting.likeness import describe_column
from analytics.reporting.wording import join_words
from pages.components import state
from pages.components.cache import active_smallest_cell
from pages.components.context import hold_filter
from pages.components.intake.held import Held, let_held_go
from pages.components.markdown import as_markdown
from pages.components.own_cohort import find_own_cohort, hold_own_cohort, let_own_cohort_go
from pages.components.sources import asks_for_start, name_start, offers_start


def show_opening(held: Held, imported: Imported) -> None:
    """Which pages these patients allow, and the button that opens them."""
    examined = imported.examined
    if examined.errors:
        st.html(
            '<p class="outcomes-cohort" data-testid="not-yet">Not yet: what must be corrected or excluded stands above.</p>'
        )
    else:
        try:
            with st.spinner("Counting …"):
                cohort = _open(held, imported)
        except CohortError as error:
            st.error(as_markdown(str(error)))
        else:
            _show_pages(cohort)
            st.button(
                as_markdown(f"Show {'these' if cohort.smallest_cell else format_patients(cohort.count())}"),
                type="primary",
                icon=":material/monitoring:",
                key=state.INTAKE_OPEN,
                on_click=_hold,
                args=(cohort,),
            )
    _offer_files(held, imported)


def _open(held: Held, imported: Imported) -> Cohort:
    cohort: Cohort = held.memory.recall(
        "cohort", partial(open_imported, imported, held.whole, held.name, active_smallest_cell())
    )
    return cohort


def _hold(cohort: Cohort) -> None:
    hold_own_cohort(cohort)
    st.session_state[state.INTAKE_OPENED] = True


def _show_pages(cohort: Cohort) -> None:
    """What can be asked of these patients, and what other pages lack."""
    analyses = load_analyses()
    # Once they are shown, each leads to its page.
    own = find_own_cohort()
    is_shown = own is not None and own.data_version == cohort.data_version
    titles = {a.slug: escape(a.title) for a in analyses if not a.missing(cohort)}
    able = [f'<a data-turn href="{slug}">{title}</a>' if is_shown else title for slug, title in titles.items()]
    st.html(
        f'<p class="outcomes-caption" data-testid="able"><b>Pages that these columns allow:</b> {join_words(able)}.</p>'
    )
    lacking = [(a.title, a.missing(cohort)) for a in analyses if a.missing(cohort)]
    if lacking:
        items = "".join(
            f"<li>{escape(title)}: {escape(join_words([describe_column(name, cohort.dictionary) for name in names]))}</li>"
            for title, names in lacking
        )
        need = "1 page needs" if len(lacking) == 1 else f"{len(lacking)} pages need"
        st.html(
            f'<details class="outcomes-more"><summary>{need} further columns</summary>'
            f'<ul class="outcomes-says" data-testid="lacking">{items}</ul></details>'
        )


def _offer_files(held: Held, imported: Imported) -> None:
    mapping = held.whole
    stem = to_file_stem(mapping.name, day=date.today())
    files = (
        (
            "Mapping (TOML)",
            partial(str.encode, write_mapping(mapping)),
            f"{stem}.toml",
            "What the columns mean and what was decided, to be brought with the file next time. It names patients who were "
            "excluded or corrected.",
        ),
        (
            "Report (CSV)",
            partial(_write_report, held, imported),
            f"{stem}_report.csv",
            "Everything that was found, with patients and lines, and what was decided.",
        ),
        (
            "File with codes and shifted dates (CSV)",
            partial(write_hidden, held),
            f"{stem}_hidden.csv",
            "The file without the columns that were removed, patients by their codes, and the dates of each patient moved by "
            "the same number of days, which the key alone tells.",
        ),
    )
    with st.container(horizontal=True):
        for label, write, name, help_text in files[: 3 if mapping.key else 2]:
            st.download_button(
                as_markdown(label),
                write,
                name,
                on_click="ignore",
                icon=":material/download:",
                type="tertiary",
                key=state.key_of_intake(held.n_taken, "save", name),
                help=as_markdown(help_text),
            )


def write_hidden(held: Held) -> bytes:
    """The table of patients with codes in the place of their identifiers, and their dates shifted."""
    mapping, table = held.whole, held.look().table
    order = next((a.date_order for a in mapping.assignments if a.date_order), "")
    hidden = shift_dates(table, list_dates(table), mapping.key, held.key, order)
    if mapping.key not in mapping.hashed:
        hidden = hash_columns(hidden, [mapping.key], held.key)
    return _to_csv(hidden.frame.fillna(""))


def _write_report(held: Held, imported: Imported) -> bytes:
    report = report_findings(imported.examined, held.whole)
    return _to_csv(report)


def _to_csv(table: pd.DataFrame) -> bytes:
    """A table as CSV, in which no text is a formula to a spreadsheet."""
    harmless = table.map(lambda cell: f"'{cell}" if str(cell)[:1] in ("=", "+", "@") else cell)
    return harmless.to_csv(index=False).encode("utf-8-sig")


def show_opened() -> None:
    """That the reader's own patients are shown, and the way back."""
    own = find_own_cohort()
    if own is None:
        return
    start = name_start()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.html(
            '<p class="outcomes-cohort" data-testid="own-shown">All pages show your file '
            f"<bdi>{escape(shorten(own.name))}</bdi>.</p>"
        )
        if offers_start(own):
            is_beside = asks_for_start(st.session_state.get(state.FILTERS, {}))
            st.button(
                as_markdown(f"No longer compare with {start}" if is_beside else f"Compare with {start}"),
                icon=":material/compare:",
                key=state.INTAKE_BESIDE,
                on_click=_put_beside,
                args=(not is_beside,),
                help="All pages then show both, each under the same filters as far as both have what these ask for.",
            )
        st.button(
            "Close it and return",
            icon=":material/close:",
            key=state.INTAKE_LET_GO,
            on_click=_close,
        )
    if not offers_start(own):
        st.html(
            '<p class="outcomes-caption" data-testid="own-alone">Small numbers are protected: which selections of a file were '
            "answered is followed for one file at a time, so that no other is shown beside yours.</p>"
        )


def _put_beside(is_beside: bool) -> None:
    gone = (state.REGISTRY, state.VERSUS, state.APART)
    held = {key: texts for key, texts in st.session_state.get(state.FILTERS, {}).items() if key not in gone}
    hold_filter(held | ({state.REGISTRY: ["1"]} if is_beside else {}))


def _close() -> None:
    let_own_cohort_go()
    let_held_go()
