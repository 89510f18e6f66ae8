"""The cohort of the tests, in every engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import pytest

from analytics.cohort import Cohort
from analytics.cohort.engine import Engine
from analytics.cohort.opening import open_patients
from analytics.dictionary import Dictionary
from tests.cohort.cohort_oracle import ROWS, SMALL, frame_of
from tests.cohort.sqlite_engine import SqliteEngine

OpenEngine = Callable[[pd.DataFrame, Dictionary], Cohort]
# What brings patients from the engine that reads files into each engine that counts.
ENGINES: dict[str, Callable[[Engine], Engine]] = {"duckdb": lambda engine: engine, "sqlite": SqliteEngine}


@pytest.fixture(scope="package", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> OpenEngine:
    """How a frame of patients becomes a cohort in one of the engines."""

    def open_engine(frame: pd.DataFrame, dictionary: Dictionary) -> Cohort:
        patients = open_patients(frame, dictionary)
        return replace(patients, engine=ENGINES[request.param](patients.engine)).to_cohort()

    return open_engine


@pytest.fixture(scope="package")
def cohort(engine: OpenEngine) -> Cohort:
    """300 patients, few of them alike."""
    return engine(frame_of(ROWS), SMALL)
