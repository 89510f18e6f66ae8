"""What readers brought is forgotten for good once their tab has been away for longer than it can come back.

Streamlit keeps a session whose tab was closed until somebody else comes, and with it the files and the patients.
"""

from __future__ import annotations

import ctypes
import gc
import sys
from dataclasses import dataclass
from threading import Lock, Thread
from time import monotonic, sleep
from typing import Protocol
from weakref import ref

import pyarrow
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.state import SafeSessionState

AWAY_SECONDS = 125.0  # Streamlit takes a session up again within 120
LOOK_SECONDS = 10.0


class Brought(Protocol):
    """Something that a reader brought."""

    def forget(self) -> None:
        """Let go of everything in it."""


class Values(Protocol):
    """What a session holds."""

    def clear(self) -> None:
        """Forget it."""


class Leaving:
    """What was brought by which session, and since when those are missed that are gone."""

    def __init__(self) -> None:
        self._brought: dict[str, list[ref[Brought]]] = {}
        self._values: dict[str, Values] = {}
        self._missed: dict[str, float] = {}
        self._lock = Lock()
        self._is_watched = False

    def bring(self, session_id: str, brought: Brought, values: Values) -> None:
        """Forget something once its session is gone, and all that the session holds.

        A thread looks for that as long as there is anything to forget.
        """
        with self._lock:
            self._values[session_id] = values
            self._brought.setdefault(session_id, []).append(ref(brought))
            if not self._is_watched:
                self._is_watched = True
                Thread(target=self._watch, name="leaving", daemon=True).start()

    def look(self) -> bool:
        """Forget what sessions brought that are gone; False if nothing is left to forget."""
        server = runtime.get_instance() if runtime.exists() else None
        gone: list[str] = []
        with self._lock:
            for session_id, brought in list(self._brought.items()):
                if not any(one() is not None for one in brought):
                    del self._brought[session_id]
                elif server is None or server.is_active_session(session_id):
                    self._missed.pop(session_id, None)
                elif monotonic() - self._missed.setdefault(session_id, monotonic()) >= AWAY_SECONDS:
                    gone.append(session_id)
            held = [one() for session_id in gone for one in self._brought.pop(session_id)]
            values = [self._values[session_id] for session_id in gone]
            self._values = {key: kept for key, kept in self._values.items() if key in self._brought}
            self._missed = {key: since for key, since in self._missed.items() if key in self._brought}
            is_left = self._is_watched = bool(self._brought)
        for one in held:
            if one is not None:
                one.forget()
        for of_session in values:
            of_session.clear()
        if gone and server is not None:
            for session_id in gone:
                server.uploaded_file_mgr.remove_session_files(session_id)
                server.media_file_mgr.clear_session_refs(session_id)
            server.media_file_mgr.remove_orphaned_files()  # those that buttons would have made, with what they are made of
            gc.collect()
            _give_back_memory()
        return is_left

    def _watch(self) -> None:
        while True:
            sleep(LOOK_SECONDS)
            if not self.look():
                return


def _give_back_memory() -> None:
    """Hand memory that is free to the system, which wipes it; elsewhere than on Linux it is merely free."""
    pyarrow.default_memory_pool().release_unused()
    if sys.platform == "linux" and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:
        trim(0)


LEAVING = Leaving()


@dataclass(frozen=True)
class SessionValues:
    """All that a session of Streamlit holds: its state, what its widgets hold, and what their callbacks were given.

    Private names: Streamlit has no other way to let go of them.
    """

    kept: SafeSessionState

    def clear(self) -> None:
        """Forget it."""
        values = self.kept._state  # noqa: SLF001
        values.clear()
        values._new_widget_state.widget_metadata.clear()  # noqa: SLF001


def forget_with_session(brought: Brought) -> None:
    """Forget something for good once the tab of this session has gone, and all else that the session holds."""
    run = get_script_run_ctx()
    if run is not None:
        LEAVING.bring(run.session_id, brought, SessionValues(run.session_state))
