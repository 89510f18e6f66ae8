"""Fixtures for all tests: the project's folder and an installed browser."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

CHROMIUM = ("chromium", "google-chrome", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return Path(__file__).parent.parent


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Path of an installed Chromium or Chrome; without one the test fails, it is not skipped."""
    for name in CHROMIUM:
        if path := shutil.which(name):
            return path
    pytest.fail(f"None of {', '.join(CHROMIUM)} is installed: run `make chromium`, then the tests again.")
