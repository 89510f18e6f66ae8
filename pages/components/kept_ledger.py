"""The ledger of comparisons as a session keeps it, and a reload takes it over."""

from __future__ import annotations

import streamlit as st

from analytics.views.ledger import Ledger
from pages.components import state
from pages.components.cache import LEDGERS
from pages.components.own_cohort import find_own_cohort
from pages.components.presence import name_session


def read_ledger() -> Ledger:
    """The comparisons of this session."""
    return Ledger.from_plain(st.session_state.get(state.LEDGER, []))


def keep_ledger(ledger: Ledger) -> None:
    """Let this be the ledger of the session, for a reload too unless it tells of a reader's own patients."""
    rows = ledger.to_plain()
    st.session_state[state.LEDGER] = rows
    if find_own_cohort() is None:
        LEDGERS.put(name_session(), rows)


def take_over_ledger(session: str) -> None:
    """Let the ledger of another session of this tab go on in this one: what it listed comes first."""
    kept = LEDGERS.get(session)
    if kept is not None:
        keep_ledger(Ledger.from_plain(kept).with_comparisons(read_ledger().comparisons))
