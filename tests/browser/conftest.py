"""A running dashboard and a browser, shared by all tests; windows are used again, and no console error is allowed."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

START_SECONDS = 90
PROBES = re.compile(r"\d/[a-z-]+/_stcore/(health|host-config)$")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
# A window that has shown so many tests is closed: what pages leave behind in it comes to a gigabyte, and slows the next.
MOST_TESTS = 15


LAUNCH = ("-m", "pages.components.launch")


def start_server(
    root: Path, log: Path, cohort: str | None = None, smallest_cell: str = "", program: Sequence[str] = LAUNCH
) -> tuple[subprocess.Popen[bytes], str]:
    """The process and address of a dashboard on a free port, as `make run` starts it, once it answers.

    ``program`` is what Python runs.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {key: value for key, value in os.environ.items() if key != "COHORT"} | {
        "SMALLEST_CELL": smallest_cell
    }
    if cohort is not None:
        environment["COHORT"] = cohort
    command = [sys.executable, *program, "run", "dashboard.py"]
    command += ["--server.port", str(port), "--server.headless", "true", "--server.address", "127.0.0.1"]
    process = subprocess.Popen(command, cwd=root, env=environment, stdout=log.open("wb"), stderr=subprocess.STDOUT)
    address = f"http://127.0.0.1:{port}"
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2):
                return process, address
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    process.terminate()
    pytest.fail(f"the dashboard did not start in {START_SECONDS} s: {log.read_text()}")


@pytest.fixture(scope="session")
def serve(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., str]]:
    """A function that starts a dashboard with a cohort (None: the reference cohort) and returns its address.

    Its second argument is the smallest cell, where small numbers are to be protected.
    """
    running: list[subprocess.Popen[bytes]] = []

    def start(cohort: str | None, smallest_cell: str = "") -> str:
        process, address = start_server(root, tmp_path_factory.mktemp("server") / "log.txt", cohort, smallest_cell)
        running.append(process)
        return address

    yield start
    for process in running:
        process.terminate()
        process.wait(timeout=90)


@pytest.fixture(scope="session")
def address(serve: Callable[..., str]) -> str:
    """The dashboard with the reference cohort."""
    return serve(None)


@pytest.fixture(scope="session")
def browser(chromium_path: str) -> Iterator[Browser]:
    """Chromium without a window."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium_path, args=FLAGS)
        yield running
        running.close()


@dataclass
class Window:
    """A window with a context of its own, and what its console has complained about since the test began."""

    page: Page
    errors: list[str] = field(default_factory=list)
    tests: int = 0

    def note(self, message: ConsoleMessage) -> None:
        # On a deep link Streamlit looks for its server under the page's own address first, and is told 404.
        if message.type == "error" and not PROBES.search(message.location.get("url", "")):
            self.errors.append(f"{message.text} ({message.location.get('url')})")


@pytest.fixture(scope="session")
def windows(browser: Browser) -> list[Window]:
    """Windows that were opened by a test before: the program's code need not be loaded into them again."""
    return []


@pytest.fixture
def new_page(browser: Browser, windows: list[Window]) -> Iterator[Callable[..., Page]]:
    """A function that gives a page in a context of its own; any error in its console fails the test at the end.

    Nothing is left in it of the test before but the code of the program: every page that is opened begins a new session.
    """
    used: list[Window] = []
    for window in [w for w in windows if w.tests >= MOST_TESTS]:
        window.page.context.close()
        windows.remove(window)

    def open_page(width: int = 1440, height: int = 900, scheme: Literal["light", "dark"] = "light") -> Page:
        window = next((w for w in windows if w not in used), None)
        if window is None:
            context = browser.new_context(permissions=["clipboard-read", "clipboard-write"], accept_downloads=True)
            window = Window(context.new_page())
            window.page.on("console", window.note)
            window.page.on("pageerror", lambda error: window.errors.append(str(error)))
            windows.append(window)
        else:
            if window.page.url.startswith("http"):  # a test that failed may have left another page
                window.page.evaluate("() => { localStorage.clear(); sessionStorage.clear() }")
            window.page.goto("about:blank")
        window.errors.clear()
        window.page.set_viewport_size({"width": width, "height": height})
        window.page.emulate_media(media="screen", color_scheme=scheme)
        window.page.mouse.move(0, 0)
        window.tests += 1
        used.append(window)
        return window.page

    yield open_page
    assert [error for window in used for error in window.errors] == []


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    """A page at 1440 by 900."""
    return new_page()
