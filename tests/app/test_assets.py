"""The style sheets and scripts of the pages: whole, used, and in the colours of the page."""

from __future__ import annotations

import re

import pytest

from analytics.figures.attrition import COLOURS
from analytics.figures.forest_svg import ACCENT
from pages.components import browser
from pages.components.assets import ASSETS, read_asset
from pages.components.style import STYLE


def test_every_file_is_used() -> None:
    assert browser.FOREST and browser.TOOLBAR and browser.TAB
    scripts = {"forest.js", "toolbar.js", "toolbar.css", "tab.js"}
    sheets = {path.name for path in ASSETS.iterdir() if path.suffix == ".css" and read_asset(path.name) in STYLE}
    assert {path.name for path in ASSETS.iterdir()} == scripts | sheets
    assert sheets == {"page.css", "forest.css", "attrition.css"}


@pytest.mark.parametrize("name", ["page.css", "forest.css", "attrition.css", "toolbar.css"])
def test_every_brace_of_a_style_sheet_is_closed(name: str) -> None:
    assert read_asset(name).count("{") == read_asset(name).count("}")


def test_figures_take_their_colours_from_the_page_or_from_the_palette() -> None:
    forest, attrition = read_asset("forest.css"), read_asset("attrition.css")
    assert "currentColor" in forest and "@container (max-width: 700px)" in forest
    assert not re.search(r"(?<!-)color:\s*#", forest)
    assert f"var(--forest-accent, {ACCENT})" in forest
    assert "color-mix(in srgb, currentColor" in attrition and "#fff" not in attrition and "#000" not in attrition
    assert set(re.findall(r"#[0-9a-f]{6}", attrition)) <= set(COLOURS.values())
