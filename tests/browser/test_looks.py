"""Every page at three widths and in the dark: nothing runs out of the window, and what matters is in sight."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from analytics.analyses import load_analyses
from tests.browser.reading import open_view

PAGES = ["", *(analysis.slug for analysis in load_analyses()), "methods"]
SIZES = [(1440, 900, "light"), (1440, 900, "dark"), (1024, 768, "light"), (390, 844, "light")]


@pytest.mark.parametrize(("width", "height", "scheme"), SIZES)
@pytest.mark.parametrize("path", PAGES)
def test_page_fits_its_window(
    path: str, width: int, height: int, scheme: str, new_page: Callable[..., Page], address: str, root: Path
) -> None:
    page = new_page(width, height, scheme)
    open_view(page, address, path)
    folder = root / "tests" / "browser" / "screenshots"
    folder.mkdir(exist_ok=True)
    page.screenshot(path=folder / f"{path or 'overview'}_{width}_{scheme}.png")
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    assert page.locator(".outcomes-chip").is_visible()
    if (width, height) == (1440, 900) and path:
        for css in ("[data-testid=cohort-sentence]", "[data-testid=headlines]"):
            if path == "methods":
                continue
            box = page.locator(css).bounding_box()
            assert box and box["y"] + box["height"] < height
    if path.startswith("survival") and width == 1440:
        axis = page.locator("[data-testid=stPlotlyChart] .xtitle").bounding_box()
        assert axis and axis["y"] + axis["height"] < height, "the curves with their axis are seen without scrolling"
    if path == "relapse-predictors" and width == 1440:
        last = page.locator(".forest tbody").last.bounding_box()
        assert last and last["y"] + last["height"] < height


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_figures_have_an_alternative_text(scheme: str, new_page: Callable[..., Page], address: str) -> None:
    page = new_page(scheme=scheme)
    open_view(page, address, "survival-by-site")
    figure = page.locator("[data-testid=stPlotlyChart]")
    expect(figure).to_have_attribute("aria-label", re.compile("Isolated marrow: 46 patients"))
    open_view(page, address, "relapse-predictors")
    assert "BCR::ABL1" in (page.locator(".forest-box").get_attribute("aria-label") or "")
