"""The cohort of the tests, in every engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import count

import pandas as pd
import pytest

from analytics.cohort import Cohort, open_cohort
from analytics.cohort.opening import open_patients
from analytics.dictionary import Dictionary
from tests.cohort.cohort_oracle import ROWS, SMALL, frame_of
from tests.cohort.copied_to_spark import CopiedToSpark
from tests.cohort.postgres_server import PostgresServer
from tests.cohort.sqlite_engine import SqliteEngine

OpenEngine = Callable[..., Cohort]  # of a frame and a dictionary, with a secret for the patients' keys or without
SECRET = "a secret that nobody knows"
QUICK = (
    "duckdb",
    "sqlite",
    "postgres",
)  # for what is drawn at random: Spark takes a tenth of a second and more for a question
ENGINES = (*QUICK, "spark")
_NUMBERS = count()


def open_in_sqlite(frame: pd.DataFrame, dictionary: Dictionary, *, secret: str = "") -> Cohort:
    """The patients of a frame, checked in DuckDB and counted in SQLite."""
    patients = open_patients(frame, dictionary, secret=secret)
    return replace(patients, engine=SqliteEngine(patients.engine)).to_cohort()


def open_in_spark(frame: pd.DataFrame, dictionary: Dictionary, *, secret: str = "") -> Cohort:
    """The patients of a frame, checked in DuckDB and counted in the Spark of this process."""
    patients = open_patients(frame, dictionary, secret=secret)
    return replace(patients, engine=CopiedToSpark(patients.engine)).to_cohort()


def open_in_postgres(
    server: PostgresServer, frame: pd.DataFrame, dictionary: Dictionary, *, secret: str = ""
) -> Cohort:
    """The patients of a frame, as a table of a server."""
    table = f"patients {next(_NUMBERS)}"
    server.load(table, frame)
    return open_cohort(server.address(table.replace(" ", "%20")), dictionary, secret=secret)


def find_engine(request: pytest.FixtureRequest) -> OpenEngine:
    """How a frame becomes a cohort in the engine that is asked for."""
    if request.param == "postgres":
        return partial(open_in_postgres, request.getfixturevalue("postgres"))
    return {"duckdb": open_cohort, "sqlite": open_in_sqlite, "spark": open_in_spark}[request.param]


@pytest.fixture(scope="package", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> OpenEngine:
    """How a frame of patients becomes a cohort in one of the engines."""
    return find_engine(request)


@pytest.fixture(scope="package", params=QUICK)
def quick_engine(request: pytest.FixtureRequest) -> OpenEngine:
    """The same, in the engines that answer at once."""
    return find_engine(request)


@pytest.fixture(scope="package")
def cohort(engine: OpenEngine) -> Cohort:
    """300 patients, few of them alike."""
    return engine(frame_of(ROWS), SMALL)


@pytest.fixture(scope="package")
def quick_cohort(quick_engine: OpenEngine) -> Cohort:
    """The same, in the engines that answer at once, with keys that nobody asks for unless small numbers are protected."""
    return quick_engine(frame_of(ROWS), SMALL, secret=SECRET)
