"""The style sheets and scripts of the pages: whole, used, and in the colours of the page."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path

import pytest
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from analytics.figures.attrition import COLOURS
from analytics.figures.forest.svg import ACCENT
from analytics.figures.theme import TEXT_COLOUR
from pages.components import assets, browser
from pages.components.assets import ASSETS, KeptAssets, address_of, load_in_browser, read_asset
from pages.components.style import PRESENTED, STYLE


def test_every_file_is_used() -> None:
    assert browser.FIGURE and browser.FOREST and browser.GLANCE and browser.TOOLBAR and browser.TAB
    assert browser.SIDEBAR and browser.SIDEBAR_TOLD and browser.CHOICES and browser.PRESENTER
    assert browser.DRAWN and browser.PROGRESS and browser.PLAY
    scripts = {"figure.js", "saving.js", "drawing.js", "forest.js", "glance.js", "toolbar.js", "toolbar.css", "tab.js"}
    scripts |= {
        "filters.js",
        "filters.css",
        "filters_told.js",
        "filters_kept.js",
        "terms.js",
        "methods.js",
        "present.js",
        "choices.js",
        "drawn.js",
        "glossary.js",
        "play.js",
        "progress.js",
    }
    served = STYLE + PRESENTED
    sheets = {path.name for path in ASSETS.iterdir() if path.suffix == ".css" and read_asset(path.name) in served}
    assert {path.name for path in ASSETS.iterdir()} == scripts | sheets
    known = {
        "page.css",
        "figure.css",
        "forest.css",
        "attrition.css",
        "print.css",
        "glance.css",
        "intake.css",
        "terms.css",
        "present.css",
        "choices.css",
        "disease.css",
        "glossary.css",
        "lessons.css",
        "paper.css",
    }
    assert sheets == known


@pytest.mark.parametrize("name", sorted(path.name for path in ASSETS.glob("*.css")))
def test_every_brace_of_a_style_sheet_is_closed(name: str) -> None:
    assert read_asset(name).count("{") == read_asset(name).count("}")


def test_figures_take_their_colours_from_the_page_or_from_the_palette() -> None:
    forest, attrition = read_asset("forest.css"), read_asset("attrition.css")
    assert "currentColor" in forest and "@container (max-width: 700px)" in forest
    assert not re.search(r"(?<!-)color:\s*#", forest)
    assert f"var(--hue-1, {ACCENT})" in forest
    assert "color-mix(in srgb, currentColor" in attrition and "#fff" not in attrition and "#000" not in attrition
    assert set(re.findall(r"#[0-9a-f]{6}", attrition)) <= set(COLOURS.values())


def test_the_ink_of_figures_is_the_one_that_the_style_sheet_replaces() -> None:
    red, green, blue = (int(TEXT_COLOUR[i : i + 2], 16) for i in (1, 3, 5))
    assert read_asset("figure.css").count(f"rgb({red}, {green}, {blue})") == 3


def test_a_served_file_has_another_address_once_it_is_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = address_of("figure.js")
    assert before in load_in_browser("figure.js") and version("plotly") in before
    (tmp_path / "figure.js").write_text("export default () => {}")
    monkeypatch.setattr(assets, "ASSETS", tmp_path)
    address_of.cache_clear()
    assert address_of("figure.js") != before
    address_of.cache_clear()


def ask(path: str, query: str = "") -> dict[str, str]:
    """The headers of an answer, with what the browser takes packed, as the server behind ``KeptAssets`` sees it."""
    sent: list[Message] = []

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        asked = Headers(scope=scope)
        await PlainTextResponse("", headers={"packed": asked.get("accept-encoding", "none")})(scope, receive, send)

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError("nothing is sent to it")

    scope = {"type": "http", "method": "GET", "path": f"/base/{path}", "query_string": query.encode()}
    answering = KeptAssets(answer, "base")({**scope, "headers": [(b"accept-encoding", b"gzip")]}, receive, send)
    # It waits for nothing, and a browser that is driven beside has a loop of its own.
    with pytest.raises(StopIteration):
        answering.send(None)
    return dict(Headers(raw=sent[0]["headers"]))


def test_what_has_its_version_in_its_address_is_kept_by_the_browser() -> None:
    kept = ask("component/pages.components.assets.plotly/plotly.min.js", "v=7.1.0-abc")
    assert "immutable" in kept["cache-control"] and kept["packed"] == "none"
    for path, query in (
        ("component/pages.components.assets.plotly/plotly.min.js", ""),
        ("component/other.part/a.js", "v=1"),
        ("media/a.js", "v=1"),
    ):
        asked = ask(path, query)
        assert "cache-control" not in asked and asked["packed"] == "gzip"


def test_no_library_of_the_browser_lies_among_them() -> None:
    assert all(path.stat().st_size < 50_000 for path in ASSETS.iterdir())
