"""Simulated cohorts in a browser: drawn by pointer and keyboard, on a telephone too."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.reading import IDLE

expect.set_options(timeout=20_000)
HAPPENED, DRAWN = "[data-testid=happened]", "[data-testid=n-drawn]"


def open_simulated(page: Page, address: str, query: str = "") -> None:
    page.goto(f"{address}/simulated-cohorts{query}")
    expect(page.locator(HAPPENED)).to_be_visible(timeout=60_000)
    page.wait_for_function(IDLE, timeout=60_000)


def test_two_hundred_are_drawn_and_their_share_is_shown(page: Page, address: str) -> None:
    open_simulated(page, address)
    expect(page.locator(HAPPENED)).to_contain_text("Cohort 1: of 64")
    page.get_by_role("button", name="Draw 200").click()
    expect(page.locator(DRAWN)).to_have_text("Cohorts drawn: 200")
    expect(page.locator(HAPPENED)).to_have_text(re.compile(r"yet 1\d\d of 200 comparisons"))
    expect(page.get_by_role("heading", name="Share of cohorts with p < 0.05")).to_be_visible()
    expect(page).to_have_url(re.compile("simulated_drawn=200"))
    page.reload()
    expect(page.locator(DRAWN)).to_have_text("Cohorts drawn: 200", timeout=60_000)


def test_it_can_be_worked_by_the_keyboard(page: Page, address: str) -> None:
    open_simulated(page, address)
    page.get_by_role("button", name="Draw one cohort").press("Enter")
    expect(page.locator(DRAWN)).to_have_text("Cohorts drawn: 2")
    page.locator(".st-key-simulated_slider_hazard_ratio input[type=range]").focus()
    page.keyboard.press("ArrowLeft")
    expect(page).to_have_url(re.compile("simulated_ratio=95"))
    expect(page.locator(HAPPENED)).to_contain_text("The true hazard ratio is 0.95")
    page.get_by_role("button", name="Many looks").press("Enter")
    expect(page.locator(HAPPENED)).to_contain_text("of 10 labels that mean nothing")


def test_nothing_is_wider_than_a_telephone(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    open_simulated(page, address, "?simulated_drawn=200&lang=zh")
    expect(page.locator(HAPPENED)).to_contain_text("200 次比较")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
