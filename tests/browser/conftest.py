"""A running dashboard and a browser: one server per module's cohort, a fresh context per test, no console errors allowed."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

START_SECONDS = 90
PROBES = re.compile(r"\d/[a-z-]+/_stcore/(health|host-config)$")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def start_server(root: Path, log: Path, cohort: str | None = None) -> tuple[subprocess.Popen[bytes], str]:
    """The process and address of a dashboard on a free port, as `make run` starts it, once it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {key: value for key, value in os.environ.items() if key != "COHORT"}
    if cohort is not None:
        environment["COHORT"] = cohort
    command = [sys.executable, "-m", "pages.components.launch", "run", "dashboard.py"]
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
def serve(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str | None], str]]:
    """A function that starts a dashboard with a cohort (None: the reference cohort) and returns its address."""
    running: list[subprocess.Popen[bytes]] = []

    def start(cohort: str | None) -> str:
        process, address = start_server(root, tmp_path_factory.mktemp("server") / "log.txt", cohort)
        running.append(process)
        return address

    yield start
    for process in running:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture(scope="session")
def address(serve: Callable[[str | None], str]) -> str:
    """The dashboard with the reference cohort."""
    return serve(None)


@pytest.fixture(scope="session")
def browser(chromium_path: str) -> Iterator[Browser]:
    """Chromium without a window."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium_path, args=FLAGS)
        yield running
        running.close()


@pytest.fixture
def new_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """A function that opens a page in a context of its own; any error in its console fails the test at the end."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def note(message: ConsoleMessage) -> None:
        # On a deep link Streamlit looks for its server under the page's own address first, and is told 404.
        if message.type == "error" and not PROBES.search(message.location.get("url", "")):
            errors.append(f"{message.text} ({message.location.get('url')})")

    def open_page(width: int = 1440, height: int = 900, scheme: str = "light") -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if scheme == "dark" else "light",
            permissions=["clipboard-read", "clipboard-write"],
            accept_downloads=True,
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", note)
        page.on("pageerror", lambda error: errors.append(str(error)))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not errors


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    """A page at 1440 by 900."""
    return new_page()
