"""Who is reading: a name for every session, and whether its tab is still there."""

from __future__ import annotations

from collections import OrderedDict
from secrets import token_urlsafe
from threading import Lock
from time import monotonic

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pages.components import state

MOST_SESSIONS = 1024  # whose tabs can be looked for
GRACE_SECONDS = 20.0  # a tab that is loaded again, or whose connection breaks off, is back by then


class Presence:
    """The sessions by their names, and since when those are missed that are gone."""

    def __init__(self) -> None:
        self._ids: OrderedDict[str, str] = OrderedDict()
        self._missed: dict[str, float] = {}
        self._lock = Lock()

    def enter(self, name: str, session_id: str) -> None:
        """Note the session that bears a name."""
        with self._lock:
            self._ids[name] = session_id
            while len(self._ids) > MOST_SESSIONS:
                gone, _ = self._ids.popitem(last=False)
                self._missed.pop(gone, None)

    def is_here(self, name: str) -> bool:
        """True while the tab of a session is open, and for a moment after; always where there is no server to ask."""
        if not runtime.exists():
            return True
        with self._lock:
            session_id = self._ids.get(name)
            if session_id is not None and runtime.get_instance().is_active_session(session_id):
                self._missed.pop(name, None)
                return True
            return session_id is not None and monotonic() - self._missed.setdefault(name, monotonic()) < GRACE_SECONDS


PRESENCE = Presence()


def name_session() -> str:
    """The name of this session, which only its own tab knows."""
    if state.SESSION not in st.session_state:
        st.session_state[state.SESSION] = token_urlsafe(16)
        run = get_script_run_ctx()
        if run is not None:
            PRESENCE.enter(st.session_state[state.SESSION], run.session_id)
    name: str = st.session_state[state.SESSION]
    return name
