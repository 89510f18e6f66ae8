"""The overview in the browser: a click on a bar, on a branch of the flow, and the lines of those who relapsed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.dashboard import Dashboard, plain

PICTURES, FLOW, LANES = ".st-key-pictures .glance-box", ".st-key-flow .glance-box", ".st-key-lanes .glance-box"


@pytest.fixture
def tab(new_page: Callable[..., Page], address: str) -> Dashboard:
    """The overview, with what is folded away closed."""
    return Dashboard(new_page(), address).open(folded=True)


def test_pictures_narrow_the_cohort_and_are_reached_by_the_keyboard(tab: Dashboard) -> None:
    page = tab.page
    high = page.locator(f"{PICTURES} [aria-label^='positive (≥ 0.01 %): 40 children, 19 relapsed']")
    # Answers and the first rows of pictures are in sight.
    expect(page.get_by_test_id("answers").get_by_role("link")).to_have_count(3)
    box = high.bounding_box()
    assert box is not None and box["y"] < 900
    high.click()
    expect(tab.sentence).to_contain_text("40 of 436 synthetic children: MRD on day 46: positive")
    tab.settle()
    expect(high).to_have_attribute("aria-pressed", "true")
    assert tab.headlines["Children"] == "40" and tab.headlines["Relapsed"].startswith("19")
    # The negative ones can still be added, by the keyboard: the focus has stayed where it was.
    assert page.evaluate("() => document.activeElement.getAttribute('aria-pressed')") == "true"
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(tab.sentence).to_contain_text("MRD on day 46: negative (< 0.01 %) or positive (≥ 0.01 %)")
    tab.settle()
    for key in ("Enter", "ArrowDown", "Enter"):
        page.keyboard.press(key)
        tab.settle()
    expect(tab.sentence).to_contain_text("All 436")
    # A bin of a number asks for its range, and each group of bars is one stop of the tab key.
    assert (
        page.locator(f"{PICTURES} [data-ask][tabindex='0']").count() == page.locator(f"{PICTURES} [role=group]").count()
    )
    page.locator(f"{PICTURES} [aria-label^='2 to under 3 years: 79 children']").click()
    expect(tab.sentence).to_contain_text("79 of 436")


def test_a_branch_narrows_the_flow_and_lines_are_sorted(tab: Dashboard) -> None:
    page = tab.page
    lanes = page.locator(f"{LANES} .swim-lane")
    expect(lanes).to_have_count(64)
    first = lanes.first.locator("title").text_content()
    order = page.locator(".st-key-lanes_order [role=combobox]")
    order.click()
    order.fill("Died")
    page.get_by_role("option", name="Died first").click()
    tab.settle()
    expect(lanes.first.locator("title")).to_contain_text("died at")
    assert first is not None and "alive at" in first
    branch = page.locator(f"{FLOW} .flow-branch").filter(has_text="isolated extramedullary, then late")
    said = plain(branch.locator("title").text_content() or "")
    branch.focus()
    page.keyboard.press("Enter")
    n = int(said.split(": ")[1].split(" ")[0])
    expect(tab.sentence).to_contain_text(f"{n} of 436")
    tab.settle()
    expect(lanes).to_have_count(n)
    page.locator(f"{FLOW} .flow-node[aria-pressed=true][data-ask$='=late']").click()
    expect(tab.sentence).to_contain_text("12 of 436")
