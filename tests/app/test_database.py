"""A database behind the pages: away at the start, away between two clicks, and back again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from analytics.cohort import postgres_engine
from pages.components.launch import prepare_first_pages
from tests.app.opening import hold, open_dashboard
from tests.cohort.postgres_server import PostgresServer

REFERENCE = Path(__file__).parents[2] / "data" / "reference_cohort.csv"


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A server with the reference cohort, which may be stopped."""
    server = PostgresServer()
    server.load("children", pd.read_csv(REFERENCE).head(200))
    yield server
    server.remove()


def test_a_database_that_goes_away_comes_back(server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_engine, "CONNECT_SECONDS", 2)
    monkeypatch.setenv("COHORT", server.address("children"))
    monkeypatch.delenv("SMALLEST_CELL", raising=False)

    def said() -> str:
        app.run()
        assert [e.value for e in app.exception] == []
        text = "".join(h.proto.body for h in app.get("html"))
        assert "s3cret" not in f"{text} {[m.value for m in app.markdown]} {app.query_params}"
        return text

    server.stop()
    prepare_first_pages()
    app = open_dashboard()
    assert "no server answers at this address" in said()
    assert "This database cannot be opened yet" in said()
    assert {b.key for b in app.button} == {"try_again", "show_reference", "open_own"}
    server.start()
    assert "Who is in this cohort" in said()
    server.stop()
    hold(app, {"sex": ["male"]})
    assert "the database does not answer" in said()
    server.start()
    assert "the database does not answer" not in said()
    assert "Who is in this cohort" in said()
