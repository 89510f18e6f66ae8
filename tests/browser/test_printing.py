"""What comes out of a printer: pages of A4 with what is said and shown, and nothing to press."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.dashboard import Dashboard

WIDTH, HEIGHT = 703, 1021  # CSS pixels of an A4 page within its margins
FOR_SCREENS = (
    "[data-testid=stSidebar], [data-testid=stHeader], [data-testid=stMain] button:visible:not(.forest button), .st-key-choices, "
    ".outcomes-save, [data-testid=stPopover]"
)


@pytest.mark.parametrize(
    ("slug", "figure"), [("survival-by-site", ".outcomes-figure"), ("relapse-predictors", ".forest")]
)
def test_paper_has_the_answer_and_whole_figures_alone(
    slug: str, figure: str, new_page: Callable[..., Page], address: str
) -> None:
    tab = Dashboard(new_page(scheme="dark"), address).open(slug, folded=True)
    printed = tab.page.pdf(prefer_css_page_size=True)
    assert 1 <= len(re.findall(rb"/Type /Page\b", printed)) <= 3
    tab.page.emulate_media(media="print", color_scheme="dark")
    tab.page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    for part in tab.page.locator(FOR_SCREENS).all():
        expect(part).not_to_be_visible()
    expect(tab.sentence).to_be_visible()
    expect(tab.page.get_by_test_id("answer")).to_be_visible()
    for drawn in tab.page.locator(figure).all():
        box = drawn.bounding_box()
        assert box and 0.9 * WIDTH < box["width"] <= WIDTH + 1 and box["height"] < HEIGHT
        assert drawn.evaluate("(e) => getComputedStyle(e).breakInside") == "avoid"
        inner = drawn.locator("text, td, th").evaluate_all("(all) => all.map((e) => e.getBoundingClientRect().right)")
        assert max(inner) <= WIDTH + 1, "nothing is cut off at the edge of the paper"
    colours = tab.page.evaluate(
        "() => ['.outcomes-cohort', '.outcomes-answer', '.stApp'].map((css) => {"
        " const look = getComputedStyle(document.querySelector(css)); return [look.color, look.backgroundColor] })"
    )
    assert {ink for ink, _ in colours} == {"rgb(27, 35, 48)"} and colours[-1][1] == "rgb(255, 255, 255)"
    scheme = tab.page.evaluate("() => getComputedStyle(document.querySelector('.stApp')).colorScheme")
    assert scheme == "light", "figures take the colours for white from it"
