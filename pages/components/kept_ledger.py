"""The ledger of comparisons as a session keeps it, and a reload takes it over."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from analytics.views.ledger import Comparison, Ledger
from pages.components import state
from pages.components.cache import LEDGERS
from pages.components.own_cohort import find_own_cohort
from pages.components.presence import name_session


def read_ledger() -> Ledger:
    """The comparisons of this session."""
    ledger: Ledger = st.session_state.get(state.LEDGER, Ledger())
    return ledger


def keep_ledger(ledger: Ledger) -> None:
    """Let this be the ledger of the session, for a reload too unless it tells of a reader's own patients."""
    st.session_state[state.LEDGER] = ledger
    if find_own_cohort() is None:
        LEDGERS.put(name_session(), ledger)


def enter_comparisons(seen: Sequence[Comparison]) -> None:
    """Enter what a view compares."""
    keep_ledger(read_ledger().with_comparisons(seen))


def take_over_ledger(session: str) -> None:
    """Let the ledger of another session of this tab go on in this one: what it listed comes first."""
    kept: Ledger | None = LEDGERS.get(session)
    if kept is not None:
        keep_ledger(kept.with_comparisons(read_ledger().comparisons))
