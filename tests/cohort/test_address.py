"""An address in the place of a file: what is wrong, what can be opened, and that no password is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from analytics.cohort import open_cohort
from analytics.cohort.address import describe_source, find_scheme
from analytics.cohort.problems import CohortError

ADDRESSES = {
    "postgresql://x": "postgresql:// is the address of a database",
    "postgresql://anna:s3cret@db.example/all?password=s3cret": "postgresql:// is the address of a database",
    "postgresql://anna:s3@cret/s3cret@db": "postgresql:// is the address of a database",
    " POSTGRES://s3cret@db": "postgres:// is the address of a database",
    "postgresql+psycopg://s3cret@db": "postgresql+psycopg:// is the address of a database",
    "jdbc:postgresql://db?password=s3cret": "jdbc:postgresql:// is the address of a database",
    "postgresql:/anna:s3cret@db.example/all": "postgresql:// is the address of a database",
    "Postgres:anna:s3cret@db": "postgres:// is the address of a database",
    "jdbc:oracle:thin:anna/s3cret@db": "jdbc:oracle:// is the address of a database",
    "sc://spark:15002/;token=s3cret": "sc:// is the address of a database",
    "s3://bucket/patients.parquet?s3_secret_access_key=s3cret": "s3:// is an address in a network",
    "https://s3cret@example.org/patients.csv": "https:// is an address in a network",
    "file:///data/s3cret/patients.csv": "file:// begins an address",
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_is_told_from_a_missing_file(address: str) -> None:
    with pytest.raises(CohortError) as error:
        open_cohort(address)
    (problem,) = error.value.problems
    assert problem.what.startswith(ADDRESSES[address])
    assert problem.where == f"{find_scheme(address)}://…"
    assert "path" in problem.remedy
    assert "s3cret" not in f"{error.value} {error.value.__cause__} {describe_source(address)}"
    if not address.startswith("file"):
        assert "only CSV and Parquet files on this machine can" in problem.what
        assert "COHORT=patients.csv" in problem.remedy


@pytest.mark.parametrize(
    "path",
    [
        "patients.csv",
        "/data/a://b/patients.csv",
        "C://patients/all.csv",
        Path("postgresql://x"),
        "a b://c.csv",
        "mysqlite:all.csv",
    ],
)
def test_a_path_is_no_address(path: str | Path) -> None:
    assert find_scheme(path) == ""
    assert describe_source(path) == str(path)
    with pytest.raises(CohortError, match="there is no "):
        open_cohort(path)
