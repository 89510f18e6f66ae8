"""Views collected by a click, given out as a report that reads and prints for everybody, and presented in their order."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.accessibility import check_accessible
from tests.browser.dashboard import Dashboard

HOSTILE = "<script>window.taken = 1</script> so few"


def collect(tab: Dashboard, comment: str) -> None:
    tab.page.get_by_role("button", name="Collect", exact=True).click()
    expect(tab.page.locator(".outcomes-collected p").first).to_contain_text("Collected: ")
    tab.page.keyboard.type(comment)
    tab.page.keyboard.press("Enter")
    tab.settle()


def test_views_are_collected_given_out_and_presented(
    new_page: Callable[..., Page], address: str, tmp_path: Path
) -> None:
    page = new_page(1024, 768)
    tab = Dashboard(page, address).open("survival-by-site?sex=girls", folded=True)
    collect(tab, HOSTILE)
    tab.open("survival-by-site?sex=boys", folded=True)  # loads the tab again: the basket goes on
    expect(page.get_by_role("button", name="Collect", exact=True)).to_be_visible()
    collect(tab, "Boys")
    page.get_by_role("button", name="Collected: 2 views").click()
    check_accessible(page)
    page.get_by_role("link", name="See all").click()
    expect(page.get_by_test_id("collected")).to_have_count(2)
    check_accessible(page)
    page.get_by_role("button", name="Make Report: HTML").click()
    with page.expect_download() as caught:
        page.get_by_role("button", name="Save Report: HTML").click()
    content = Path(caught.value.path()).read_text("utf-8")

    page.get_by_role("link", name="Present them").click()
    status = page.locator(".outcomes-present [role=status]")
    for place, key, comment in (("1", "ArrowRight", HOSTILE), ("2", "ArrowLeft", "Boys"), ("1", "Escape", HOSTILE)):
        expect(status).to_have_text(f"{place} of 2")
        expect(page.get_by_test_id("comment")).to_have_text(comment)
        tab.settle()
        assert f"basket={place}" in page.url
        page.keyboard.press(key)
    expect(page.get_by_test_id("comment")).to_have_count(0)
    tab.settle()
    assert "basket" not in page.url and "sex=girls" in page.url

    # The report needs no server: the tab shows it as it is, and prints it with its structure.
    page.goto("about:blank")
    page.set_content(content)
    expect(page.locator("figure > svg")).to_have_count(2)
    assert page.evaluate("window.taken") is None and HOSTILE in page.locator(".comment").first.inner_text()
    check_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    printed = page.pdf(tagged=True, outline=True)
    assert b"/StructTreeRoot" in printed and b"/Marked true" in printed
