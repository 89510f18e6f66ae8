"""A reader's session: its name, and what a reload in the same tab takes over from the one before."""

from __future__ import annotations

import streamlit as st

from analytics.cohort import Cohort
from pages.components import state
from pages.components.assets import address_of, serve_text
from pages.components.browser import TAB
from pages.components.cache import load_glossary_text
from pages.components.jobs import JOBS
from pages.components.kept_basket import take_over_basket
from pages.components.kept_ledger import take_over_ledger
from pages.components.language import read_language
from pages.components.link import list_selecting
from pages.components.own_cohort import OwnCohort
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
        "glossary": tell_glossary(cohort),
        "section": section,
        "selecting": list_selecting(cohort),
    }
    TAB(key=state.TAB, data=data, on_before_change=_take_over)


def tell_glossary(cohort: Cohort) -> str:
    """Where the browser finds the glossary in the language of the session, which it then keeps: no message has it.

    The glossary in the words of a reader's own file goes to that reader alone, as it is.
    """
    text = load_glossary_text(cohort, read_language())
    return text if isinstance(cohort, OwnCohort) else serve_text("glossary.json", text)


def _take_over() -> None:
    before = st.session_state[state.TAB].before
    if isinstance(before, str) and before not in ("", name_session()):
        st.session_state[state.BEFORE] = before
        take_over_ledger(before)
        take_over_basket(before)
        JOBS.pass_on(before, name_session())
