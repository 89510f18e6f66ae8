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
    "cohort/test_disclosure_attack.py": "attack",
    "cohort/test_hostile_files.py": "slow",
    "test_benchmarks.py": "slow",
    "test_import_contracts.py": "slow",
    "test_second_opinion.py": "slow",
}
CHROMIUM = ("chromium", "google-chrome", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by the folder or file in which they stand."""
    here = Path(__file__).parent
    for item in items:
        path = item.path.relative_to(here).as_posix()
        for place, mark in MARKS.items():
            if path == place or path.startswith(f"{place}/"):
                item.add_marker(mark)


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
