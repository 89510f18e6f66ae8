"""The page of missing values in a browser: imputation by a button, with progress, a way to stop, and its result."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.dashboard import NO_NUMBER, Dashboard

START, STOP = ".st-key-slow_imputation_start button", ".st-key-slow_imputation_stop button"
SLOW = "missing-values?imputations=100"  # long enough to be seen at work


@pytest.fixture
def dashboard(page: Page, address: str) -> Dashboard:
    return Dashboard(page, address)


def test_the_button_imputes_with_progress_and_the_result_stays(dashboard: Dashboard) -> None:
    page = dashboard.open("missing-values?sex=boys&imputations=30").page
    expect(page.get_by_test_id("slow-title").first).to_have_text("Does it matter?")
    forest = page.get_by_test_id("stMain").locator(".forest-comparison").last
    expect(forest).to_contain_text("Missing as own level")
    expect(forest).not_to_contain_text("Multiply imputed")
    start = page.locator(START)
    expect(start).to_contain_text("Impute 30 times")
    start.click()
    expect(page.get_by_test_id("stProgress")).to_contain_text(re.compile(r"\d+ of 30|Waiting"))
    expect(page.get_by_test_id("slow-sentences")).to_contain_text("From complete cases to imputation")
    expect(page.get_by_test_id("stProgress")).to_have_count(0)
    expect(start).to_have_count(0)
    expect(forest).to_contain_text("Multiply imputed")
    said = page.get_by_test_id("slow-sentences").inner_text()
    assert not NO_NUMBER.search(said + forest.inner_text())
    # Another selection has a result of its own; coming back, the first is there at once and the same.
    dashboard.choose("sex", "girls", says="girls")
    expect(start).to_be_visible()
    dashboard.choose("sex", "girls", says="Sex: boys")
    expect(page.get_by_test_id("slow-sentences")).to_have_text(said, use_inner_text=True)
    name, content = dashboard.save(".st-key-csv_imputation_imputed-estimates button")
    assert name.endswith("_imputed-estimates.csv") and b"fraction_missing" in content


def test_it_can_be_stopped_and_clicks_go_on_meanwhile(dashboard: Dashboard) -> None:
    page = dashboard.open(SLOW).page
    page.locator(START).click()
    expect(page.get_by_test_id("stProgress")).to_contain_text(re.compile(r"[1-9]\d* of 100"))
    dashboard.choose("sex", "girls", says="Sex: girls")
    expect(page.get_by_test_id("stProgress")).to_have_count(0)
    expect(page.locator(START)).to_be_visible()
    dashboard.pill("sex", "girls").click()
    expect(dashboard.sentence).to_contain_text("no filter")
    page.locator(STOP).click()
    expect(page.get_by_test_id("stProgress")).to_have_count(0)
    expect(page.locator(START)).to_be_enabled()
    expect(page.get_by_test_id("slow-sentences")).to_have_count(0)


def test_nothing_missing_cannot_be_imputed(dashboard: Dashboard) -> None:
    page = dashboard.open("missing-values?factors=Sex").page
    expect(page.get_by_test_id("slow-about").first).to_have_text("Nothing is missing in these variables.")
    expect(page.locator(START)).to_be_disabled()
    expect(dashboard.says).to_contain_text("Nothing is missing in these variables.")


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1024, 768), (390, 844)])
def test_nothing_runs_off_the_page(new_page: Callable[..., Page], address: str, width: int, height: int) -> None:
    page = new_page(width, height, "dark")
    Dashboard(page, address).open("missing-values")
    main = page.get_by_test_id("stMain")
    assert main.evaluate("(e) => e.scrollWidth <= e.clientWidth + 1")
    figure = page.locator(".js-plotly-plot").first
    boxes = figure.locator(".annotation-text").evaluate_all("(all) => all.map((e) => e.getBoundingClientRect().right)")
    assert boxes and max(boxes) <= width
    if (width, height) == (1440, 900):
        box = figure.bounding_box()
        assert box is not None and box["y"] + box["height"] <= height
