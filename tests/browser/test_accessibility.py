"""What opens over a page, and what the keyboard leads to: each can be read, and the focus is seen wherever it is."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from pages.components.registry import load_pages
from tests.browser.accessibility import check_accessible
from tests.browser.dashboard import Dashboard

STOPS = 40
FOCUS_CONTRAST = 3.0  # WCAG 2.2, success criterion 1.4.11
# The outline of what has the focus, and its contrast to the page; a field of Streamlit's marks its border instead.
FOCUSED = """() => {
  let element = document.activeElement
  while (element.shadowRoot?.activeElement) element = element.shadowRoot.activeElement
  const pen = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true })
  const luminance = (colour) => {
    pen.clearRect(0, 0, 1, 1); pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1)
    const [r, g, b] = [...pen.getImageData(0, 0, 1, 1).data].map((c) => c / 255)
      .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const style = getComputedStyle(element), page = getComputedStyle(document.querySelector('[data-testid=stApp]'))
  const [low, high] = [luminance(style.outlineColor), luminance(page.backgroundColor)].sort((a, b) => a - b)
  return {
    what: `${element.tagName} ${element.getAttribute('aria-label') ?? element.innerText?.slice(0, 30)}`,
    isPage: element === document.body || element.matches('[data-testid=stMain], [data-testid=stMain] input'),
    width: style.outlineStyle === 'none' ? 0 : parseFloat(style.outlineWidth), contrast: (high + 0.05) / (low + 0.05),
  }
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_focus_is_seen_and_what_opens_is_accessible(
    scheme: str, new_page: Callable[..., Page], address: str
) -> None:
    tab = Dashboard(new_page(scheme=scheme), address).open("relapse-predictors", folded=True)
    page = tab.page
    page.get_by_test_id("stMain").focus()
    seen = []
    for _ in range(STOPS):
        page.keyboard.press("Tab")
        seen.append(page.evaluate(FOCUSED))
    assert [one for one in seen if not one["isPage"] and (one["width"] < 2 or one["contrast"] < FOCUS_CONTRAST)] == []
    assert len({one["what"] for one in seen}) > STOPS / 2

    page.get_by_role("button", name="Options").click()
    expect(page.get_by_test_id("stPopoverBody")).to_be_visible()
    check_accessible(page)
    tab.close_options()
    page.get_by_test_id("stTopNavSection").first.click()
    expect(page.locator("[data-testid=stTopNavDropdownLink][aria-current=page]")).to_contain_text(
        "Predictors of relapse"
    )
    check_accessible(page)


def test_a_changed_selection_is_said_once_also_on_a_phone(new_page: Callable[..., Page], address: str) -> None:
    tab = Dashboard(new_page(390, 844), address).open("survival-by-site")
    page = tab.page
    status = page.locator("#outcomes-status")
    expect(status).to_have_role("status")
    expect(status).to_have_text("")
    page.get_by_test_id("stExpandSidebarButton").click()
    # The foot of the sheet lies over what is not scrolled to.
    check_accessible(page, "target-size")
    tab.choose("sex", "girls", says="Sex: girls")
    expect(status).to_have_text("179 of 436 children; Sex: girls")
    expect(page.get_by_role("status").filter(has_text="179 of 436")).to_have_count(1)
    # Every page can be reached from here, and the one that is shown is marked.
    if (more := page.get_by_test_id("stSidebarNavViewButton")).count():
        more.click()
    links = page.get_by_test_id("stSidebarNavLink")
    for listed in [one for one in load_pages() if one.is_listed]:
        expect(links.filter(has_text=listed.title).first).to_be_visible()
    expect(page.locator("[data-testid=stSidebarNavLink][aria-current=page]")).to_contain_text("Survival by site")
