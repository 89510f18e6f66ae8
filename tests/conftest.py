"""For all tests: their marks, the project's folder and an installed browser."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cohort.postgres_server import PostgresServer

# Wherever a test protects small numbers; it says nothing where none does.
os.environ.setdefault("CELL_KEY_SECRET", "a secret of the tests alone")


# What takes long for its kind; single tests that do are marked `slow` where they stand. `make test-fast` leaves all out.
MARKS = {
    "browser": "browser",
    "fuzz": "fuzz",
    "simulations": "slow",
    "exports/slides/test_rendered.py": "slow",
    "exports/slides/test_templates.py": "slow",
    "exports/slides/test_text_fits.py": "slow",
    "app/test_another_disease.py": "slow",
    "app/test_database.py": "slow",
    "app/test_glance.py": "slow",
    "app/test_ledger.py": "slow",
    "app/test_own_cohort.py": "slow",
    "app/test_protection.py": "slow",
    "app/test_two_files.py": "slow",
    "app/test_waiting.py": "slow",
    "app/test_your_patients.py": "slow",
    "cohort/test_derived_endpoints.py": "slow",
    "cohort/test_disclosure_attack.py": "attack",
    "cohort/test_examination.py": "slow",
    "cohort/test_hostile_files.py": "slow",
    "cohort/test_postgres.py": "slow",
    "cohort/test_spark_connect.py": "slow",
    "cohort/test_spark_folder.py": "slow",
    "exports/slides": "slow",
    "exports/test_scripts.py": "slow",
    "test_benchmarks.py": "slow",
    "test_engines.py": "slow",
    "test_import_contracts.py": "slow",
    "test_second_opinion.py": "slow",
}
SERVERS = {"postgres", "spark"}  # engines that a run must start first, Spark in half a minute
CHROMIUM = ("chromium", "google-chrome", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by the folder or file in which they stand, and as slow by the engine that they ask for."""
    here = Path(__file__).parent
    for item in items:
        path = item.path.relative_to(here).as_posix()
        for place, mark in MARKS.items():
            if path == place or path.startswith(f"{place}/"):
                item.add_marker(mark)
        asked = item.callspec.params.values() if isinstance(item, pytest.Function) and hasattr(item, "callspec") else ()
        if any(value in SERVERS for value in asked if isinstance(value, str)):
            item.add_marker("slow")


def pytest_collection_finish() -> None:
    """Let no collection of garbage look at what the imports have made: some libraries ask for one at every call."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    """Let the end of the interpreter find everything."""
    gc.unfreeze()


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return Path(__file__).parent.parent


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server of this run's own."""
    server = PostgresServer()
    try:
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Path of an installed Chromium or Chrome; without one the test fails, it is not skipped."""
    for name in CHROMIUM:
        if path := shutil.which(name):
            return path
    pytest.fail(f"None of {', '.join(CHROMIUM)} is installed: run `make chromium`, then the tests again.")
