"""Nothing leaves the machine: what the server's process and the browser ask for, by name or by address."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, Page, expect
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.browser.conftest import start_server
from tests.browser.dashboard import Dashboard

FOREIGN = "https://elsewhere.example"
# Python tells of every connection, UDP included, and of every name that is looked up, before it is made.
RECORD = """
import json, os, sys
seen = os.open({file!r}, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
def note(event, arguments):
    if event.startswith("socket.") and event != "socket.__new__":
        named = [a for a in arguments if isinstance(a, (str, bytes, int, tuple))]
        os.write(seen, (json.dumps([event, repr(named)]) + "\\n").encode())
sys.addaudithook(note)
from pages.components.launch import main
main()
"""
ASKS = ("socket.connect", "socket.getaddrinfo", "socket.gethostby", "socket.getnameinfo", "socket.send")


@dataclass(frozen=True)
class Watched:
    """A dashboard whose process writes down what it asks of the network."""

    address: str
    file: Path

    def asked(self) -> list[tuple[str, str]]:
        """Every connection and every name looked up: the event and whom it is about."""
        events = [json.loads(line) for line in self.file.read_text(encoding="utf-8").splitlines()]
        return [(event, about) for event, about in events if event.startswith(ASKS)]

    def asked_outside(self) -> list[tuple[str, str]]:
        """Those that are not about this machine itself."""
        return [(event, about) for event, about in self.asked() if not is_here(about)]


def is_here(about: str) -> bool:
    """True if what was asked names this machine's own loopback, or a socket that is a file."""
    if "localhost" in about or "'/" in about:
        return True
    for word in about.replace("'", " ").replace('"', " ").replace("(", " ").replace(",", " ").split():
        try:
            if ipaddress.ip_address(word).is_loopback:
                return True
        except ValueError:
            continue
    return False


@pytest.fixture(scope="module")
def watched(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder = tmp_path_factory.mktemp("watched")
    file = folder / "asked.txt"
    process, address = start_server(root, folder / "log.txt", program=("-c", RECORD.format(file=str(file))))
    yield Watched(address, file)
    process.terminate()
    process.wait(timeout=20)


def test_a_foreign_page_is_refused_and_nobody_is_asked(watched: Watched) -> None:
    with pytest.raises(InvalidStatus) as refused:
        connect(f"{watched.address.replace('http', 'ws', 1)}/_stcore/stream", origin=FOREIGN, open_timeout=20)
    assert refused.value.response.status_code == 403
    for path, method in (
        ("_stcore/health", "GET"),
        ("_stcore/host-config", "GET"),
        ("_stcore/upload_file/a/b", "OPTIONS"),
    ):
        asked = Request(f"{watched.address}/{path}", method=method, headers={"Origin": FOREIGN})
        try:
            with urlopen(asked, timeout=20) as answer:
                allowed = answer.headers.get("Access-Control-Allow-Origin")
        except HTTPError as error:
            allowed = error.headers.get("Access-Control-Allow-Origin")
        assert allowed != FOREIGN
    assert watched.asked_outside() == []


def test_a_page_asks_the_server_and_the_server_nobody(watched: Watched, new_page: Callable[..., Page]) -> None:
    page = new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url))
    tab = Dashboard(page, watched.address).open("survival-by-site")
    tab.choose("sex", "girls", says="Sex: girls")
    tab.csv("estimates")
    for title in ("Predictors of relapse", "Methods"):
        tab.turn_to(title)
    hosts = {urlsplit(url).netloc for url in asked if urlsplit(url).scheme not in ("data", "blob")}
    assert hosts == {urlsplit(watched.address).netloc}
    assert watched.asked_outside() == []


def test_the_icon_of_the_page_comes_from_the_server_where_there_is_no_filter(
    root: Path, tmp_path: Path, browser: Browser
) -> None:
    """A browser that is told the icon of the menu's entry looks for it at a host of fonts."""
    bare = tmp_path / "bare.csv"
    bare.write_text("patient_id,os_days,os_event\nK1,400,1\nK2,500,0\nK3,600,1\n", encoding="utf-8")
    process, address = start_server(root, tmp_path / "log.txt", str(bare))
    try:
        with closing(browser.new_context()) as context:
            page = context.new_page()
            asked: list[str] = []
            page.on("request", lambda request: asked.append(request.url))
            for path in ("", "survival-by-variable", "methods"):
                page.goto(f"{address}/{path}")
                expect(page.locator("h1.outcomes-title")).to_have_count(1)
                Dashboard(page, address).settle()
                icon = page.locator("link[rel='shortcut icon']").get_attribute("href")
                assert icon is not None and icon.startswith("data:"), path
            hosts = {urlsplit(url).netloc for url in asked if urlsplit(url).scheme not in ("data", "blob")}
            assert hosts == {urlsplit(address).netloc}
    finally:
        process.terminate()
        process.wait(timeout=20)


def test_what_would_be_asked_is_recorded(watched: Watched) -> None:
    """The record does see what it is to see: the server binds its own port by the same means."""
    assert "socket.bind" in watched.file.read_text(encoding="utf-8")
    assert not is_here("[('8.8.8.8', 1)]") and not is_here("['checkip.amazonaws.com', 80]")
    assert is_here("[('127.0.0.1', 8501)]") and is_here("[('::1', 8501, 0, 0)]")


# Addresses


def test_the_first_link_to_a_server_that_streamlit_itself_starts_leads_to_its_page(
    root: Path, tmp_path: Path, browser: Browser
) -> None:
    """It takes the files of pages/ for the pages until the program has run once."""
    process, address = start_server(root, tmp_path / "log.txt", program=("-m", "streamlit"))
    try:
        with closing(browser.new_context()) as context:
            page = context.new_page()
            page.goto(f"{address}/landmark?sex=girls")
            expect(page.locator("h1.outcomes-title")).to_have_text("Landmark comparison", timeout=60_000)
            expect(page.get_by_test_id("cohort-sentence")).to_contain_text("Sex: girls")
            expect(page.get_by_role("dialog")).to_have_count(0)
    finally:
        process.terminate()
        process.wait(timeout=20)


def test_an_address_by_another_spelling_leads_to_its_page(watched: Watched, page: Page) -> None:
    for asked, path in (
        ("overview", "/"),
        ("Overview/?sex=girls", "/?sex=girls"),
        ("survival_by_site/", "/survival-by-site"),
        ("METHODS", "/methods"),
        ("methods", "/methods"),
        ("?sex=girls", "/?sex=girls"),
    ):
        with urlopen(Request(f"{watched.address}/{asked}", headers={"Accept": "text/html"}), timeout=20) as answer:
            assert (answer.status, answer.url) == (200, watched.address + path)
    tab = Dashboard(page, watched.address).open("Survival-By-Site?sex=girls")
    expect(page.locator("h1.outcomes-title")).to_have_text("Survival by site")
    expect(page.get_by_text("Page not found")).to_have_count(0)
    expect(tab.sentence).to_contain_text("Sex: girls")
    assert page.url == f"{watched.address}/survival-by-site?sex=girls"


def test_an_address_of_no_page_says_which_there_are(watched: Watched, browser: Browser) -> None:
    with closing(browser.new_context()) as context:  # whose console may say that it was answered by 404
        page = context.new_page()
        for asked in ("survival?sex=girls", "a/b?sex=girls", "<b>x<b>?sex=girls", "survival-by-site/x?sex=girls"):
            answer = page.goto(f"{watched.address}/{asked}")
            assert answer is not None and answer.status == 404
            expect(page.locator("h1")).to_contain_text("There is no page")
            assert page.locator("h1 b").count() == 0
        page.get_by_role("link", name="Survival by site").click()
        tab = Dashboard(page, watched.address)
        expect(tab.sentence).to_contain_text("Sex: girls")
        expect(page.locator("h1.outcomes-title")).to_have_text("Survival by site")
        tab.settle()
