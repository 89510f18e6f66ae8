"""A table of a Spark Connect server: the same counts, what is wrong with an address, and a server that is not there."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyspark
import pytest
from pyspark.errors import PySparkException
from pyspark.sql.connect.catalog import Catalog

from analytics.cohort import open_cohort
from analytics.cohort.address import read_address
from analytics.cohort.dialects import render
from analytics.cohort.problems import CohortError, UnreachableError
from analytics.cohort.spark_engine import SparkEngine
from tests.cohort.cohort_oracle import ODD_TEXTS, ROWS, SMALL, frame_of, hash_odd_numbers

HOME = Path(pyspark.__file__).parent
SERVER = "org.apache.spark.sql.connect.service.SparkConnectServer"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with a table of 60 patients."""
    folder = tmp_path_factory.mktemp("connect")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": port,
    }
    options = [part for key, value in settings.items() for part in ("--conf", f"{key}={value}")]
    jar = next((HOME / "jars").glob("spark-connect_*.jar"))
    environment = {**os.environ, "SPARK_HOME": str(HOME), "SPARK_LOCAL_IP": "127.0.0.1"}
    command = [HOME / "bin" / "spark-submit", *options, "--class", SERVER, jar]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        until = time.monotonic() + 200
        while socket.socket().connect_ex(("127.0.0.1", port)) and time.monotonic() < until:
            assert process.poll() is None, (folder / "log").read_text()
            time.sleep(0.5)
        frame_of(ROWS[:60]).to_parquet(folder / "children.parquet")
        from pyspark.sql.connect.session import SparkSession

        address = f"sc://127.0.0.1:{port}"
        session = SparkSession.builder.remote(address).create()
        session.sql(
            f"CREATE TABLE children USING parquet AS SELECT * FROM parquet.`{folder}/children.parquet`"
        ).collect()
        yield address
    finally:
        process.terminate()
        process.wait(timeout=60)


@pytest.mark.timeout(600)
def test_a_table_of_a_server_is_counted_there(server: str) -> None:
    cohort, reference = open_cohort(f"{server}/children", SMALL), open_cohort(frame_of(ROWS[:60]), SMALL)
    assert (cohort.name, cohort.n, cohort.synthetic, cohort.notes) == ("children", 60, True, reference.notes)
    assert cohort.data_version == reference.data_version
    columns = ["sex", "relapse_timing_bfm", "age_years"]
    pd.testing.assert_frame_equal(cohort.tally(columns), reference.tally(columns))
    assert cohort.level_counts() == reference.level_counts()
    for table, remedy in (
        ("childre", "Did you mean children"),
        ("", "Name one at the end"),
        ("no.x", "The account sees"),
    ):
        with pytest.raises(CohortError, match=remedy):
            open_cohort(f"{server}/{table}", SMALL)


@pytest.mark.timeout(600)
def test_numbers_are_hashed_as_in_a_file(server: str) -> None:
    _, rows = SparkEngine(read_address(f"{server}/children")).ask(render(ODD_TEXTS, "spark"))
    assert [(text, int(hashed)) for text, hashed in rows] == hash_odd_numbers()


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "failure", [RuntimeError("can't start new thread"), OSError("s3cret"), PySparkException("s3cret")]
)
def test_a_client_that_fails_is_told(server: str, failure: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise failure

    monkeypatch.setattr(Catalog, "tableExists", fail)
    with pytest.raises(UnreachableError, match=r"the Spark (client failed|server does not answer)") as error:
        open_cohort(f"{server}/children", SMALL)
    assert "s3cret" not in "".join(traceback.format_exception(error.value))


@pytest.mark.timeout(600)
def test_a_session_that_is_collected_meanwhile_does_no_harm(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    exists, failures = Catalog.tableExists, [RuntimeError("cannot schedule new futures after shutdown")]

    def fail_once(catalog: Catalog, *asked: str) -> bool:
        if failures:
            raise failures.pop()
        return exists(catalog, *asked)

    monkeypatch.setattr(Catalog, "tableExists", fail_once)
    engine = SparkEngine(read_address(f"{server}/children"))
    assert "sex" in engine.header and not failures


def test_a_server_that_is_not_there_is_told_without_its_token() -> None:
    token = "s3cret"
    with pytest.raises(UnreachableError, match="the Spark server does not answer") as error:
        open_cohort(f"sc://127.0.0.1:1/children;token={token};use_ssl=false", SMALL)
    assert token not in "".join(traceback.format_exception(error.value))
