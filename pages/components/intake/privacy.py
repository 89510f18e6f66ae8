"""The step in which columns that tell who somebody is are removed, or hashed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import streamlit as st

from analytics.formats import shorten
from analytics.intake.identifiers import Identifier
from analytics.intake.importing import list_unsettled, say_tells_nobody
from pages.components import state
from pages.components.intake.held import Held
from pages.components.markdown import as_markdown

REMOVE, HASH, KEEP = "remove", "hash", "keep"
LABELS = {REMOVE: "Remove", HASH: "Replace by codes", KEEP: "It tells nobody"}
FOR_AGE = "Use it for the age alone"  # of a date of birth: what is kept of it is a time
NUMBERS = ("records", "insurance")
LEAST_KEY = 8
KEY = (
    "The same key gives the same codes next time, and whoever has it can try out names. It is kept in this tab alone: write it "
    "down in a safe place, or enter the one of last time."
)


def ask_identifiers(held: Held) -> bool:
    """What to do with each column that tells who somebody is; True once all are settled."""
    mapping = held.mapping
    found: tuple[Identifier, ...] = held.memory.recall("unsettled", lambda: list_unsettled(held.of_patients, mapping))
    if found:
        st.html(
            f'<div class="outcomes-note warning" role="alert" data-testid="identifiers"><b>Who somebody is.</b> {len(found)} '
            f"{'column tells' if len(found) == 1 else 'columns tell'}, or may tell, who a patient is. Nothing is done before "
            "each of them is removed, or replaced by codes that cannot be turned back without a key that only you have.</div>"
        )
        for place, identifier in enumerate(found):
            st.radio(
                as_markdown(f"{shorten(identifier.column)}: {identifier.label} ({identifier.why})"),
                (REMOVE, HASH, KEEP),
                _first_choice(identifier, held),
                format_func=partial(_label, identifier),
                horizontal=True,
                key=state.key_of_intake(held.n_taken, "identifier", place, identifier.column),
            )
        st.button(
            "Do this",
            type="primary",
            on_click=_settle,
            args=(held, found),
            key=state.key_of_intake(held.n_taken, "settle_identifiers"),
        )
    if mapping.hashed:
        _show_key(held)
    return not found


def _label(identifier: Identifier, choice: str) -> str:
    return FOR_AGE if choice == KEEP and identifier.kind == "births" else LABELS[choice]


def _first_choice(identifier: Identifier, held: Held) -> int:
    """Codes for what may be the column by which patients are told apart, which cannot be removed; of a birth the age."""
    if identifier.kind == "births":
        return 2
    return 1 if identifier.kind in NUMBERS or identifier.column == held.mapping.key else 0


def _settle(held: Held, found: Sequence[Identifier]) -> None:
    mapping = held.mapping
    for place, identifier in enumerate(found):
        column = identifier.column
        choice = st.session_state[state.key_of_intake(held.n_taken, "identifier", place, column)]
        if choice == REMOVE:
            mapping = replace(mapping, dropped=(*mapping.dropped, column))
            mapping = replace(mapping, assignments=tuple(a for a in mapping.assignments if column not in a.read))
        elif choice == HASH:
            mapping = replace(mapping, hashed=(*mapping.hashed, column))
        else:
            mapping = say_tells_nobody(mapping, column)
    held.settle(mapping)


def _show_key(held: Held) -> None:
    """The key of the codes: made here, kept by the reader, in no file and no link."""
    hashed = ", ".join(shorten(column) for column in held.mapping.hashed)
    with st.expander(as_markdown(f"Codes in the place of {hashed}: their key"), icon=":material/key:"):
        st.html(f'<p class="outcomes-caption">{KEY}</p>')
        key = st.text_input("Key", held.key, key=state.key_of_intake(held.n_taken, "key"), max_chars=200)
        if len(key) < LEAST_KEY:
            st.warning(f"The key needs {LEAST_KEY} characters or more; the one before is used.")
        elif key != held.key:
            held.key = key
            st.rerun()
