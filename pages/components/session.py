"""A reader's session: its name, and what a reload in the same tab takes over from the one before."""

from __future__ import annotations

import streamlit as st

from analytics.cohort import Cohort
from analytics.reporting.glossary import to_browser
from pages.components import state
from pages.components.assets import address_of
from pages.components.browser import TAB
from pages.components.jobs import JOBS
from pages.components.kept_basket import take_over_basket
from pages.components.kept_ledger import take_over_ledger
from pages.components.link import list_selecting
from pages.components.presence import name_session


def keep_session(section: str, cohort: Cohort) -> None:
    """Let the tab keep the session's name, and give the session what that of the name before left behind.

    ``section`` is the part of the menu that the page stands in, "" for none: the tab marks it. Whom the address selects of the
    ``cohort`` it enters into its history.
    """
    data = {
        "name": name_session(),
        "before": st.session_state.get(state.BEFORE, ""),
        "terms": address_of("terms.js"),
        "methods": address_of("methods.js"),
        "glossary": to_browser(),
        "section": section,
        "selecting": list_selecting(cohort),
    }
    TAB(key=state.TAB, data=data, on_before_change=_take_over)


def _take_over() -> None:
    before = st.session_state[state.TAB].before
    if isinstance(before, str) and before not in ("", name_session()):
        st.session_state[state.BEFORE] = before
        take_over_ledger(before)
        take_over_basket(before)
        JOBS.pass_on(before, name_session())
