"""A table of a PostgreSQL server: what may be read, what is wrong with an address, a server that goes away and returns."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from time import monotonic, sleep

import pandas as pd
import psycopg
import pytest

from analytics.cohort import open_cohort, postgres_engine, stamp_of
from analytics.cohort.address import read_address
from analytics.cohort.dialects import render
from analytics.cohort.opening import open_patients
from analytics.cohort.postgres_engine import PostgresEngine
from analytics.cohort.problems import CohortError, UnreachableError
from tests.cohort.cohort_oracle import ODD_TEXTS, ROWS, SMALL, frame_of, hash_odd_numbers
from tests.cohort.postgres_server import PostgresServer


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A server that may be stopped, with a table of 300 patients, a view of it and one that is nobody's to read."""
    server = PostgresServer()
    server.load("children", frame_of(ROWS))
    server.execute(
        "CREATE SCHEMA clinic",
        "CREATE VIEW clinic.\"Of one sex\" AS SELECT * FROM children WHERE sex = 'male'",
        "CREATE TABLE secret AS SELECT * FROM children",
        "CREATE FUNCTION nap() RETURNS text STABLE LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.1); RETURN 0; END'",
        "CREATE VIEW slow AS SELECT *, nap() || patient_id AS slept FROM children",
        'GRANT USAGE ON SCHEMA clinic TO reader; GRANT SELECT ON clinic."Of one sex", slow TO reader',
    )
    yield server
    server.remove()


def test_a_view_of_a_schema_is_opened(server: PostgresServer) -> None:
    cohort = open_cohort(server.address("clinic.Of%20one%20sex"), SMALL)
    assert (cohort.name, cohort.n) == ("clinic.Of one sex", sum(row["sex"] == "male" for row in ROWS))


@pytest.mark.parametrize(
    ("change", "what", "remedy"),
    [
        (("children", "child"), "there is no table child", "Did you mean children?"),
        (("children", "clinic.OneSex"), "there is no table clinic.OneSex", "Did you mean clinic.Of one sex?"),
        (("children", "secret"), "there is no table secret", "Did you mean children or clinic.Of one sex or slow?"),
        (("children", ""), "the address names no table", "Name one at the end: children or clinic.Of one sex or slow."),
        (("s3cret%2F", "s3cre"), "the server refuses the account or its password", "Check both"),
        (("reader", "anna"), "the server refuses the account or its password", "Check both"),
        (("registry", "Registry"), "the server has no database of that name", "Check the name"),
        (("127.0.0.1", "no-such-host.invalid"), "the name of the server is not known", "Check it"),
        (("children", "children?sslmode=require"), "the server and this machine do not agree on encryption", "Set"),
        (("children", "children?s3cret=s3cret"), "the address cannot be read", "Write postgresql://"),
    ],
)
def test_what_is_wrong_is_told_without_the_password(
    server: PostgresServer, change: tuple[str, str], what: str, remedy: str
) -> None:
    with pytest.raises(CohortError) as error:
        open_cohort(server.address("children").replace(*change), SMALL)
    (problem,) = error.value.problems
    assert (problem.what, problem.remedy[: len(remedy)]) == (what, remedy)
    assert "s3c" not in "".join(traceback.format_exception(error.value))


def test_numbers_are_hashed_as_in_a_file(server: PostgresServer) -> None:
    engine = PostgresEngine(read_address(server.address("children")))
    _, rows = engine.ask(render(ODD_TEXTS, "postgres"))
    engine.close()
    assert [(text, int(hashed)) for text, hashed in rows] == hash_odd_numbers()
    assert (
        open_cohort(server.address("children"), SMALL).data_version == open_cohort(frame_of(ROWS), SMALL).data_version
    )


def test_nothing_can_be_written(server: PostgresServer) -> None:
    server.execute("GRANT INSERT, DELETE ON children TO reader")
    engine = PostgresEngine(read_address(server.address("children?options=-c%20default_transaction_read_only%3Doff")))
    for sql in ("DELETE FROM children", "CREATE TABLE mine (i int)", "INSERT INTO children (patient_id) VALUES ('x')"):
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            engine.ask(sql)
    engine.close()


def test_a_query_that_takes_too_long_is_stopped(server: PostgresServer) -> None:
    patients = open_patients(server.address("slow?options=-c%20statement_timeout%3D500ms"), SMALL)
    with pytest.raises(UnreachableError, match="took longer than"):
        patients.engine.run(f"SELECT count(c{len(frame_of(ROWS).columns)}) AS n FROM raw")
    assert patients.engine.run("SELECT count(*) AS n FROM patients")["n"].tolist() == [300]


def test_a_server_that_goes_away_comes_back(server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_engine, "CONNECT_SECONDS", 2)
    monkeypatch.setattr(postgres_engine, "STAMP_SECONDS", 0)
    address = server.address("children")
    cohort = open_cohort(address, SMALL)
    told = cohort.tally(["sex"])
    stamp = stamp_of(address)
    server.stop()
    with pytest.raises(UnreachableError, match="the database does not answer") as error:
        cohort.tally(["mrd"])
    pd.testing.assert_frame_equal(cohort.tally(["sex"]), told)  # what was told before is remembered
    assert "s3c" not in "".join(traceback.format_exception(error.value))
    assert stamp_of(address) == stamp
    with pytest.raises(UnreachableError, match="no server answers at this address"):
        open_cohort(address, SMALL)
    server.start()
    pd.testing.assert_frame_equal(cohort.tally(["mrd"]), open_cohort(frame_of(ROWS), SMALL).tally(["mrd"]))


def test_a_column_that_is_taken_away_is_told(server: PostgresServer) -> None:
    server.load("shrinking", frame_of(ROWS))
    cohort = open_cohort(server.address("shrinking"), SMALL)
    server.execute("ALTER TABLE shrinking DROP COLUMN platelets")
    with pytest.raises(UnreachableError, match="the table has gone or changed"):
        cohort.tally(["mrd"])


def test_a_table_that_changes_is_opened_anew(server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_engine, "STAMP_SECONDS", 0)
    server.load("growing", frame_of(ROWS[:50]))
    server.execute("CREATE VIEW few AS SELECT * FROM growing; GRANT SELECT ON few TO reader")
    address = server.address("few")
    assert stamp_of(address) == ()
    first = open_cohort(address, SMALL)
    assert (first.n, stamp_of(address)) == (50, ())
    server.execute("DELETE FROM growing WHERE patient_id = (SELECT min(patient_id) FROM growing)")
    until = monotonic() + 10  # the server counts a little later
    while (stamp := stamp_of(address)) == () and monotonic() < until:
        sleep(0.1)
    assert stamp != ()
    second = open_cohort(address, SMALL)
    assert (second.n, stamp_of(address)) == (49, stamp)
    assert second.data_version != first.data_version
