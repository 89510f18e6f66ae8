"""The map of the pathway in the browser: reached and opened by the keyboard, and a list where a window is narrow."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.dashboard import Dashboard, plain

MAP = ".st-key-pathway .glance-box"


@pytest.fixture
def tab(new_page: Callable[..., Page], address: str) -> Dashboard:
    """The page, with what is folded away closed."""
    return Dashboard(new_page(), address).open("relapsed-all", folded=True)


def test_a_way_is_walked_to_and_opened_by_the_keyboard(tab: Dashboard) -> None:
    page = tab.page
    ways = page.locator(f"{MAP} a[href]")
    expect(ways.first).to_be_visible()
    ways.first.focus()
    names = []
    for _ in range(12):
        name = plain(page.evaluate("() => document.activeElement.getAttribute('aria-label')") or "")
        names.append(name)
        if name.startswith("combined, 6 of 64"):
            break
        page.keyboard.press("Tab")
    assert names[-1].startswith("combined, 6 of 64, 3 died"), names
    assert names[-1].endswith("opens “Survival by site”")
    outline = page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"  # the focus is seen
    page.keyboard.press("Enter")
    page.wait_for_url("**/survival-by-site?*")
    expect(tab.sentence).to_contain_text("6 of 436 synthetic children: Site of relapse, grouped: combined")
    page.go_back()
    expect(page.locator(f"{MAP} a[href]").first).to_be_visible()


def test_the_map_narrows_to_one_way_and_the_years_change(tab: Dashboard) -> None:
    page = tab.page
    page.get_by_role("link", name="map of these alone: very early").first.click()
    expect(tab.sentence).to_contain_text("24 of 436")
    tab.settle()
    expect(page.locator(f"{MAP} a[aria-label^='very early, 24 of 24']")).to_have_count(1)
    page.get_by_text("1 year", exact=True).first.click()
    expect(page.locator(f"{MAP} a[aria-label*='alive at 1 year']").first).to_be_visible()


def test_a_phone_has_the_list(new_page: Callable[..., Page], address: str) -> None:
    page = new_page(390, 844)
    tab = Dashboard(page, address).open("relapsed-all", folded=True)
    listed = page.get_by_test_id("pathway-list")
    expect(listed).to_be_visible()
    expect(page.locator(MAP)).to_be_hidden()
    assert "77.1 % (58.9–88.0)" in plain(listed.inner_text()).replace("\u2060", "")
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    listed.get_by_role("link", name="isolated CNS").first.click()
    page.wait_for_url("**/survival-by-site?*")
    expect(tab.sentence).to_contain_text("7 of 436")
