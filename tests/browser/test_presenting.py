"""Presenting: a link opens it, keys turn pages and end it, and everything fits a projector in type for a room."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.dashboard import Dashboard, plain

# The smallest and the largest type in sight, and whether anything reaches beyond the screen.
SIZES = """() => {
  const texts = document.createTreeWalker(document.querySelector('.stApp'), NodeFilter.SHOW_TEXT)
  const sizes = [], beyond = []
  while (texts.nextNode()) {
    const parent = texts.currentNode.parentElement, said = texts.currentNode.textContent.trim()
    if (!said || parent.closest('style, script') || !parent.checkVisibility({ visibilityProperty: true })) continue
    const box = parent.getBoundingClientRect()
    if (box.width < 2 || box.height < 2) continue
    sizes.push(parseFloat(getComputedStyle(parent).fontSize))
    if (box.right > innerWidth + 1 || box.bottom > innerHeight + 1 || box.left < -1) beyond.push(said)
  }
  const scrolls = [...document.querySelectorAll('*')].filter((e) => e.scrollTop !== 0
    || (['auto', 'scroll'].includes(getComputedStyle(e).overflowY) && e.checkVisibility() && e.scrollHeight > e.clientHeight + 1))
  return { smallest: Math.min(...sizes), largest: Math.max(...sizes), beyond, scrolls: scrolls.map((e) => e.className) }
}"""
FITS = {"beyond": [], "scrolls": []}


def measure(page: Page) -> tuple[float, float, dict[str, list[str]]]:
    found = page.evaluate(SIZES)
    return found.pop("smallest"), found.pop("largest"), found


def heading(page: Page) -> str:
    return plain(page.locator("h1.outcomes-title").inner_text())


def test_keys_lead_through_a_section_and_out_again(new_page: Callable[..., Page], address: str) -> None:
    page = new_page(1024, 768)
    tab = Dashboard(page, address).open("survival-by-site?present=1&sex=girls", folded=True)
    for hidden in ("[data-testid=stSidebar]", "header", ".st-key-choices", "[data-testid=stExpander]"):
        assert not page.locator(hidden).first.is_visible(), hidden
    expect(page.get_by_test_id("answer")).to_be_visible()
    expect(tab.sentence).to_contain_text("SYNTHETIC DATA")
    expect(page.locator(".outcomes-present [role=status]")).to_have_text("1 of 6")
    smallest, largest, found = measure(page)
    assert (smallest >= 18, largest <= 24, found) == (True, True, FITS)
    wide = page.locator(".outcomes-figure").bounding_box()
    assert wide and wide["width"] > 960 and wide["y"] + wide["height"] <= 768

    # A larger screen has room for the events and the censored, too.
    table = page.locator(".outcomes-figure .annotation-text").filter(has_text="Censored")
    expect(table).to_have_count(0)
    page.set_viewport_size({"width": 1920, "height": 1080})
    expect(table).to_have_count(3)
    assert measure(page)[2] == FITS
    page.set_viewport_size({"width": 1024, "height": 768})
    expect(table).to_have_count(0)

    page.keyboard.press("ArrowRight")
    expect(page.locator("h1.outcomes-title")).to_have_text("Survival by any variable")
    tab.settle()
    assert "present=1" in page.url and "sex=girls" in page.url
    expect(tab.sentence).to_contain_text("girls")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("h1.outcomes-title")).to_have_text("Survival by site")
    tab.settle()

    page.keyboard.press("Escape")
    expect(page.get_by_test_id("stExpander").first).to_be_visible()
    tab.settle()
    assert "present" not in page.url and heading(page) == "Survival by site"
    page.keyboard.press("ArrowRight")
    assert heading(page) == "Survival by site"
    page.get_by_role("button", name="Present").click()
    expect(page.get_by_test_id("stExpander").first).to_be_hidden()
    tab.settle()
    assert "present=1" in page.url and measure(page)[2] == FITS


def test_the_overview_is_presented_and_leads_on(new_page: Callable[..., Page], address: str) -> None:
    page = new_page(1024, 768)
    tab = Dashboard(page, address).open("?present=1", folded=True)
    status, pictures = page.locator(".outcomes-present [role=status]"), page.locator(".glance-picture")
    drawings = page.locator(":is(.flow, .swim)")
    expect(status).to_contain_text("part 1 of")
    expect(drawings).to_have_count(3)
    seen: set[str] = set()
    n_drawn = 0
    for part in range(int(status.inner_text().split()[-1])):
        expect(status).to_contain_text(f"part {part + 1} of")
        shown = set(pictures.filter(visible=True).locator("h3").all_inner_texts())
        smallest, largest, found = measure(page)
        assert (smallest >= 18, largest <= 24, found) == (True, True, FITS), part
        n_drawings = drawings.filter(visible=True).count()
        assert n_drawings == (0 if shown else 1) and not page.get_by_test_id("stExpander").first.is_visible()
        scales = drawings.filter(visible=True).evaluate_all("all => all.map((one) => one.getScreenCTM().a)")
        assert all(20.4 * scale >= 18 for scale in scales)
        seen, n_drawn = seen | shown, n_drawn + n_drawings
        page.keyboard.press("ArrowDown")
    assert len(seen) == pictures.count() and n_drawn == 3
    page.keyboard.press("ArrowRight")
    expect(page.locator("h1.outcomes-title")).to_have_text("Predictors of relapse")
    tab.settle()
    assert "present=1" in page.url


def test_a_long_forest_is_presented_part_by_part(new_page: Callable[..., Page], address: str) -> None:
    page = new_page(1024, 768)
    tab = Dashboard(page, address).open("subgroups?present=1", folded=True)
    status = page.locator(".outcomes-present [role=status]")
    expect(status).to_contain_text("part 1 of")
    rows, seen = page.locator(".forest tbody tr"), set()
    n_parts = int(status.inner_text().split()[-1])
    for part in range(n_parts):
        seen |= set(rows.filter(visible=True).all_inner_texts())
        assert measure(page)[0] >= 18 and measure(page)[2] == FITS, part
        page.keyboard.press("ArrowDown")
    assert len(seen) == rows.count()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("stExpander").first).to_be_visible()
    tab.settle()
    assert rows.filter(visible=True).count() == rows.count()
