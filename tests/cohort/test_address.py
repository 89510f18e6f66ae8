"""An address in the place of a file: what is wrong, what can be opened, and that no password is told."""

from __future__ import annotations

import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from analytics.cohort import open_cohort, stamp_of
from analytics.cohort.address import describe_source, find_scheme, say_source
from analytics.cohort.problems import CohortError

REFERENCE = Path(__file__).parents[2] / "data" / "reference_cohort.csv"
ADDRESSES = {
    "postgresql://x": "the address cannot be read",
    "postgresql://anna:s3@cret/s3cret@db": "the address cannot be read",
    "postgresql://anna:s3/cret@db/all/s3cret": "the address cannot be read",
    "postgresql://anna:s3cret@db/all/s3cret@db": "the address cannot be read",
    "postgresql://anna:pass?s3cret@db/all/table": "the address cannot be read",
    "postgresql:/anna:s3cret@db.example/all": "the address cannot be read",
    "Postgres:anna:s3cret@db": "the address cannot be read",
    "duckdb:/s3cret": "the address cannot be read",
    "postgresql+psycopg://s3cret@db": "postgresql+psycopg:// is the address of a database of a kind that is not opened",
    "jdbc:postgresql://db?password=s3cret": "jdbc:postgresql:// is the address of a database",
    "jdbc:oracle:thin:anna/s3cret@db": "jdbc:oracle:// is the address of a database",
    "s3://bucket/patients.parquet?s3_secret_access_key=s3cret": "s3:// is an address in a network",
    "https://s3cret@example.org/patients.csv": "https:// is an address in a network",
    "file:///data/s3cret/patients.csv": "file:// begins an address",
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_that_is_not_opened_is_told_from_a_missing_file(address: str) -> None:
    with pytest.raises(CohortError) as error:
        open_cohort(address)
    (problem,) = error.value.problems
    assert problem.what.startswith(ADDRESSES[address])
    assert problem.where == f"{find_scheme(address)}://…"
    assert "path" in problem.remedy or "table" in problem.remedy
    said = "".join(traceback.format_exception(error.value))
    assert "s3cret" not in f"{said} {describe_source(address)} {say_source(address)}"
    if "kind" in problem.what or "network" in problem.what:
        assert "COHORT=patients.csv" in problem.remedy


def test_a_library_that_is_not_there_is_named_with_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg_pool", None)
    with pytest.raises(CohortError, match=r"needs the library psycopg_pool.*-r requirements-postgresql\.txt"):
        open_cohort("postgresql://anna:s3cret@127.0.0.1:1/all/table")


def test_a_folder_of_parquet_files_is_one_table(tmp_path: Path) -> None:
    whole = pd.read_csv(REFERENCE)
    for i in range(4):
        part = tmp_path / "all" / f"centre={i}" / f"part-{i}.parquet"
        part.parent.mkdir(parents=True)
        whole.iloc[i::4].to_parquet(part, index=False)
    (tmp_path / "all" / "_temporary").mkdir()
    (tmp_path / "all" / "_temporary" / "half.parquet").write_bytes(b"half a file")
    (tmp_path / "all" / "_SUCCESS").touch()
    cohort, reference = open_cohort(tmp_path / "all"), open_cohort(REFERENCE)
    assert (cohort.name, cohort.n) == ("all", 436)
    assert cohort.data_version == reference.data_version
    assert [note.text for note in cohort.notes] == ["1 column is not in the dictionary and was left out: centre."]
    pd.testing.assert_frame_equal(cohort.tally(["first_event", "sex"]), reference.tally(["first_event", "sex"]))
    before = stamp_of(str(tmp_path / "all"))
    (tmp_path / "all" / "centre=0" / "part-0.parquet").unlink()
    assert stamp_of(str(tmp_path / "all")) != before


@pytest.mark.parametrize(
    ("second", "what"),
    [(lambda frame: frame.drop(columns="sex"), "cannot be read"), (lambda frame: frame, "patient_id repeats")],
)
def test_files_of_a_folder_are_checked_as_one(
    tmp_path: Path, second: Callable[[pd.DataFrame], pd.DataFrame], what: str
) -> None:
    frame = pd.read_csv(REFERENCE)
    frame.to_parquet(tmp_path / "1.parquet")
    second(frame).to_parquet(tmp_path / "2.parquet")
    with pytest.raises(CohortError, match=what):
        open_cohort(tmp_path)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A DuckDB file with the reference cohort as a table, and as a view of another schema."""
    path = tmp_path / "it's all.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"CREATE TABLE children AS FROM read_csv('{REFERENCE}')")
        connection.execute(
            'CREATE SCHEMA clinic; CREATE VIEW clinic."Relapsed" AS FROM main.children WHERE relapsed = 1'
        )
        connection.execute("CREATE TABLE gone (i INTEGER); CREATE VIEW stale AS FROM gone; DROP TABLE gone")
    return path


def test_a_table_of_a_duckdb_file_is_opened(database: Path) -> None:
    cohort, reference = open_cohort(f"duckdb://{database}/children"), open_cohort(REFERENCE)
    assert (cohort.name, cohort.n, cohort.notes) == ("children", 436, ())
    assert cohort.data_version == reference.data_version
    relapsed = open_cohort(f"duckdb://{database}/clinic.Relapsed")
    assert relapsed.n == reference.tally(["relapsed"])["n"].tolist()[1]
    with duckdb.connect(str(database)) as connection:  # nobody holds the file any more
        connection.execute("DELETE FROM children WHERE relapsed = 1")
    assert relapsed.n > 0


@pytest.mark.parametrize(
    ("address", "what", "remedy"),
    [
        ("{}/child", "there is no table child", "Did you mean children?"),
        ("{}/relapsed", "there is no table relapsed", "Did you mean clinic.Relapsed?"),
        ("{}/x", "there is no table x", "Did you mean children or clinic.Relapsed or stale?"),
        ("{}/", "the address names no table", "Name one at the end: children or clinic.Relapsed or stale."),
        ("{}.old/children", "there is no file it's all.duckdb.old", "Did you mean it's all.duckdb?"),
        ("{}/stale", "it's all.duckdb cannot be read: Catalog Error", "The file may be damaged"),
        (f"{REFERENCE}/children", "reference_cohort.csv is no DuckDB file", "Give the path"),
        (f"{REFERENCE.parent}/children", "data is a folder", "Give"),
    ],
)
def test_a_table_that_is_not_there_is_told(database: Path, address: str, what: str, remedy: str) -> None:
    with pytest.raises(CohortError) as error:
        open_cohort("duckdb://" + address.format(database))
    (problem,) = error.value.problems
    assert problem.what.startswith(what)
    assert problem.remedy.startswith(remedy)


def test_a_duckdb_file_that_another_program_writes_is_told(database: Path) -> None:
    script = f"import duckdb; c = duckdb.connect({str(database)!r}); print('open', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"open\n"
        with pytest.raises(CohortError, match="Close the program that has it open"):
            open_cohort(f"duckdb://{database}/children")
        other.communicate(b"\n")


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
