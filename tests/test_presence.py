"""Which sessions are still there, by their names, and what the last ones leave for their tab."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from pages.components import presence
from pages.components.cache import Shelf
from pages.components.presence import GRACE_SECONDS, MOST_SESSIONS, Presence


class Server:
    """A server whose sessions come and go, and a clock."""

    def __init__(self) -> None:
        self.connected: set[str] = set()
        self.now = 100.0


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    server = Server()
    running = SimpleNamespace(is_active_session=lambda session_id: session_id in server.connected)
    monkeypatch.setattr(presence, "runtime", SimpleNamespace(exists=lambda: True, get_instance=lambda: running))
    monkeypatch.setattr(presence, "monotonic", lambda: server.now)
    return server


def test_a_session_is_missed_for_a_moment_before_it_is_gone(server: Server) -> None:
    sessions = Presence()
    sessions.enter("A", "1")
    server.connected.add("1")
    assert sessions.is_here("A")
    server.connected.clear()
    assert sessions.is_here("A"), "a connection may break off"
    server.now += GRACE_SECONDS - 1
    assert sessions.is_here("A")
    server.connected.add("1")
    assert sessions.is_here("A"), "back again"
    server.connected.clear()
    server.now += 5
    assert sessions.is_here("A"), "the moment begins anew"
    server.now += GRACE_SECONDS
    assert not sessions.is_here("A")


def test_nobody_is_gone_where_there_is_no_server_and_strangers_are(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = Presence()
    assert not sessions.is_here("nobody")
    monkeypatch.setattr(presence, "runtime", SimpleNamespace(exists=lambda: False))
    assert sessions.is_here("nobody")


def test_the_oldest_are_forgotten(server: Server) -> None:
    sessions = Presence()
    server.connected = {str(number) for number in range(MOST_SESSIONS + 1)}
    for number in range(MOST_SESSIONS + 1):
        sessions.enter(f"reader {number}", str(number))
    assert not sessions.is_here("reader 0")
    assert sessions.is_here("reader 1") and sessions.is_here(f"reader {MOST_SESSIONS}")


def test_the_last_sessions_leave_what_they_kept() -> None:
    shelf = Shelf(kept=2)
    for name in ("A", "B", "A", "C"):
        shelf.put(name, [name])
    assert shelf.get("A") == ["A"] and shelf.get("C") == ["C"]
    assert shelf.get("B") is None and shelf.get("unknown") is None
