"""The first two steps: files are brought, and read as tables."""

from __future__ import annotations

import time
from collections.abc import Sequence
from html import escape

import streamlit as st

from analytics.formats import format_count, name_patients, shorten
from analytics.intake.layout import Layout
from analytics.intake.tables import SourceTable
from analytics.reporting.wording import join_words
from pages.components import state
from pages.components.intake.held import Held, find_held, let_held_go, with_layout, without_layouts
from pages.components.markdown import as_markdown
from pages.components.notes import problems_html, show_notes

N_ROWS = 6
TELL_EVERY_SECONDS = 0.25
MOST_COLUMNS = 60  # of a preview
SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", " ": "blank"}
ENCODINGS = ("utf-8", "utf-8-sig", "windows-1252", "gb18030", "utf-16", "latin-1", "big5", "shift_jis")
PROMISE = (
    "The file goes to the computer that runs this dashboard, and nowhere else. It is held in memory for this browser tab, is not "
    "written to a disk or a log, and is forgotten two minutes after the tab is closed or loaded again. Text (CSV, TSV), Excel, "
    "Parquet, gzip and zip, and mappings (TOML); several at once. One row per {patient}, or per sample."
)


def ask_files() -> Held:
    """The files; what is held is read anew where they are others."""
    held = find_held()
    n = st.session_state.get(state.N_UPLOADERS, 0)
    key = f"{state.INTAKE_FILES}_{n}" if n else state.INTAKE_FILES
    # Of any kind: what cannot be read is told better here than by the browser.
    uploaded = st.file_uploader("Files", accept_multiple_files=True, key=key, label_visibility="collapsed")
    st.html(f'<p class="outcomes-caption">{escape(name_patients(PROMISE))}</p>')
    brought = name_apart([(file.name, file.getvalue()) for file in uploaded])
    if brought and brought != held.files:
        _read(held, brought)
    if held.files and not brought:
        st.html(
            f'<p class="outcomes-cohort">Held for this tab: {escape(join_words([shorten(name) for name in held.files]))}</p>'
        )
        st.button("Forget these files", key=state.INTAKE_FORGET, on_click=let_held_go, icon=":material/delete:")
    return held


def name_apart(files: Sequence[tuple[str, bytes]]) -> dict[str, bytes]:
    """Files by their names; of several of one name the later ones have a number."""
    named: dict[str, bytes] = {}
    for name, content in files:
        start, point, ending = name.partition(".")
        spelt = (name, *(f"{start} ({n}){point}{ending}" for n in range(2, len(files) + 1)))
        named[next(other for other in spelt if other not in named)] = content
    return named


def _read(held: Held, brought: dict[str, bytes]) -> None:
    """Read the files, with how far it has come and a way to give it up: whatever is drawn meanwhile ends the run for it."""
    began = told = time.monotonic()
    place = st.empty()
    with place.container(horizontal=True, vertical_alignment="center"):
        bar = st.progress(0.0, "Reading …", width="stretch")
        st.button("Give up", key=state.INTAKE_GIVE_UP, icon=":material/stop:", on_click=let_held_go)

    def tell(share: float, name: str) -> None:
        nonlocal told
        now = time.monotonic()
        if now - told > TELL_EVERY_SECONDS:
            told = now
            bar.progress(min(share, 1.0), as_markdown(f"Reading {shorten(name)}: {now - began:.0f} s so far"))

    held.take(brought, tell)
    place.empty()


def show_problems_of(held: Held) -> None:
    """What is wrong with files that cannot be read."""
    if held.problems:
        st.html(
            '<div class="outcomes-note warning" role="alert" data-testid="intake-problems">'
            f"<b>Not everything could be read.</b>{problems_html(held.problems)}</div>"
        )
        if held.layouts:
            st.button(
                "Detect again how they are read",
                key=state.key_of_intake(held.n_taken, "without_layouts"),
                on_click=without_layouts,
                args=(held,),
            )


def show_tables(held: Held) -> None:
    """Each table as it was read, with its first rows, and what can be changed about it."""
    for place, table in enumerate(held.tables):
        is_used = table.name not in held.passed_over
        said = f"{shorten(table.name)}: {_size(table)}"
        with st.expander(as_markdown(said if is_used else f"{said} (passed over)"), icon=":material/table:"):
            st.html(
                f'<p class="outcomes-caption" data-testid="intake-layout">{escape(describe_layout(table.layout))}</p>'
            )
            show_notes(table.notes)
            st.html(preview_html(table))
            _show_layout(held, table, place)
            if len(held.tables) > 1:
                st.checkbox(
                    "Use this table",
                    is_used,
                    key=state.key_of_intake(held.n_taken, "use", place),
                    on_change=_use,
                    args=(held, table.name, not is_used),
                )


def _use(held: Held, name: str, is_used: bool) -> None:
    held.passed_over = held.passed_over - {name} if is_used else held.passed_over | {name}
    held.begin()


def _size(table: SourceTable) -> str:
    return f"{format_count(len(table.frame))} rows, {format_count(len(table.columns))} columns"


def describe_layout(layout: Layout) -> str:
    """How a table was read, in a sentence."""
    if layout.kind == "parquet":
        return "Read as Parquet."
    names = "no row of names" if not layout.header_row else f"names in row {layout.header_row}"
    if layout.kind == "excel":
        return f"Read as a workbook, {names}."
    separator = SEPARATORS.get(layout.separator, repr(layout.separator))
    decimal = {".": "decimal point", ",": "decimal comma"}.get(layout.decimal, "")
    comment = f"lines that begin with {layout.comment} passed over" if layout.comment else ""
    said = (layout.encoding, f"between columns a {separator}", decimal, names, comment)
    return f"Read as text: {', '.join(filter(None, said))}."


def preview_html(table: SourceTable, n: int = N_ROWS) -> str:
    """The first rows of a table, as they stand in the file."""
    columns = table.columns[:MOST_COLUMNS]
    head = "".join(f"<th scope='col'>{escape(shorten(name))}</th>" for name in columns)
    rows = []
    for line, cells in zip(table.lines[:n], table.frame[list(columns)].head(n).itertuples(index=False), strict=True):
        shown = "".join(f"<td>{escape(shorten(cell)) if isinstance(cell, str) else ''}</td>" for cell in cells)
        rows.append(f"<tr><th scope='row'>{line}</th>{shown}</tr>")
    more = len(table.columns) - len(columns)
    rest = f'<p class="outcomes-caption">{more} further columns are not shown here.</p>' if more > 0 else ""
    return (
        f'<div class="outcomes-scroll" tabindex="0" role="region" aria-label="First rows of {escape(shorten(table.name))}">'
        f'<table class="outcomes-table prose outcomes-preview"><thead><tr><th scope="col">'
        f"{'line' if table.is_text else 'row'}</th>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>{rest}"
    )


def _show_layout(held: Held, table: SourceTable, place: int) -> None:
    """What can be said of how a table is read; every answer reads the file anew."""
    layout = table.layout
    if layout.kind == "parquet":
        return

    def tell(name: str) -> None:
        with_layout(held, table, **{name: st.session_state[state.key_of_intake(held.n_taken, place, name)]})

    def show_choice(name: str, label: str, options: tuple[str, ...], said: dict[str, str]) -> None:
        found = getattr(layout, name)
        offered = list(dict.fromkeys((found, *options)))
        st.selectbox(
            as_markdown(label),
            offered,
            0,
            format_func=lambda value: said.get(value, value),
            key=state.key_of_intake(held.n_taken, place, name),
            on_change=tell,
            args=(name,),
            width=170,
        )

    with st.container(horizontal=True, vertical_alignment="bottom"):
        if layout.kind == "text":
            show_choice("separator", "Between columns", tuple(SEPARATORS), SEPARATORS)
            show_choice("decimal", "Decimal sign", (".", ","), {".": "point", ",": "comma", "": "as it is"})
            show_choice("encoding", "Encoding", ENCODINGS, {})
        st.number_input(
            "Names in row",
            0,
            max(50, layout.header_row),
            layout.header_row,
            key=state.key_of_intake(held.n_taken, place, "header_row"),
            on_change=tell,
            args=("header_row",),
            width=130,
        )
