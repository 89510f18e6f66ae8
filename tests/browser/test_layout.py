"""Every page at three widths and in the dark: nothing runs out of the window, and what matters is in sight and legible."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from analytics.analyses import load_analyses
from analytics.analysis import SECTIONS
from analytics.speaking import word
from pages.components.registry import LEARN, load_pages
from tests.browser.accessibility import check_accessible
from tests.browser.dashboard import Dashboard

SLUGS = [analysis.slug for analysis in load_analyses()]
PAGES = {page.url_path if i else "": page for i, page in enumerate(load_pages())}
TEXT_CONTRAST = 4.5  # WCAG 2.2, success criterion 1.4.3
TABLE_IN_SIGHT = 0.5  # of a figure that is a table, whose rows the reader chooses

# The ratio of the text's luminance to that of everything painted behind it; what an element hangs outside of, as the
# value of a slider does above its thumb, is not behind it.
CONTRAST = """(elements) => {
  const pen = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true }), known = new Map()
  const rgba = (colour) => {
    if (!known.has(colour)) {
      pen.clearRect(0, 0, 1, 1); pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1)
      const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data
      known.set(colour, [r, g, b, a / 255])
    }
    return known.get(colour)
  }
  const over = (top, below) => top.slice(0, 3).map((c, i) => c * top[3] + below[i] * (1 - top[3]))
  const luminance = (colour) => {
    const [r, g, b] = colour.map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  return elements.filter((e) => e.textContent.trim() && e.getClientRects().length).map((element) => {
    const chain = []
    for (let e = element; e; e = e.parentElement) chain.unshift(e)
    let behind = [255, 255, 255], opacity = 1
    const own = element.getBoundingClientRect()
    const under = (box) => box.left < own.right && box.right > own.left && box.top < own.bottom && box.bottom > own.top
    for (const e of chain) {
      const style = getComputedStyle(e)
      const seen = e instanceof HTMLElement && (e.contains(document.body) || under(e.getBoundingClientRect()))
      if (seen) behind = over(rgba(style.backgroundColor), behind)
      opacity *= Number(style.opacity)
    }
    const style = getComputedStyle(element), drawn = element instanceof SVGElement
    const ink = rgba(drawn ? style.fill : style.color)
    const text = over([...ink.slice(0, 3), ink[3] * opacity * (drawn ? Number(style.fillOpacity) : 1)], behind)
    const [low, high] = [luminance(text), luminance(behind)].sort((a, b) => a - b)
    return { text: element.textContent.trim().slice(0, 40), contrast: (high + 0.05) / (low + 0.05) }
  })
}"""
# Of a line the ratio to the page, with its own opacity.
LINES = """(elements) => elements.filter((e) => getComputedStyle(e).stroke !== 'none').map((element) => {
  const pen = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true })
  const rgba = (colour) => {
    pen.clearRect(0, 0, 1, 1); pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1)
    const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data
    return [r, g, b, a / 255]
  }
  const luminance = (colour) => {
    const [r, g, b] = colour.map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const behind = rgba(getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor).slice(0, 3)
  let opacity = 1
  for (let e = element; e; e = e.parentElement) opacity *= Number(getComputedStyle(e).opacity)
  const style = getComputedStyle(element), ink = rgba(style.stroke)
  const part = ink[3] * opacity * Number(style.strokeOpacity)
  const seen = ink.slice(0, 3).map((c, i) => c * part + behind[i] * (1 - part))
  const [low, high] = [luminance(seen), luminance(behind)].sort((a, b) => a - b)
  return { text: style.stroke, contrast: (high + 0.05) / (low + 0.05) }
})"""
READ = (
    ".outcomes-chip, .outcomes-cohort, .outcomes-question, .outcomes-note, .outcomes-note .remedy, .outcomes-caption, "
    ".outcomes-headlines span, .outcomes-headlines b, .outcomes-table th, .outcomes-table td, .outcomes-says li, "
    ".forest-level th, .forest-level td, .forest-muted, .forest-limits, .forest-note, .forest td, .forest th, "
    ".of-phase summary span, .of-label, .of-n, .of-left, .of-family button, .outcomes-h2, .outcomes-more summary, "
    ".js-plotly-plot text, [data-testid=stTopNav] p, "
    ".oc-choice :is(button, select, summary, output), [data-testid=stExpander] p, "
    "[data-testid=stWidgetLabel] p"
)
# Whoever points at a part of the menu must meet the menu.
COVERED = """(parts) => parts.filter((part) => {
  const box = part.getBoundingClientRect()
  const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2)
  return !top || !part.contains(top)
}).map((part) => part.innerText)"""
SCROLL = "(part) => { const main = document.querySelector('[data-testid=stMain]'); main.scrollTo(0, part * main.scrollHeight) }"
MENU = "[data-testid=stTopNavLink], [data-testid=stTopNavSection]"


def bottom(page: Page, css: str) -> float:
    box = page.locator(css).first.bounding_box()
    assert box, css
    return box["y"] + box["height"]


def check_contrast(tab: Dashboard) -> None:
    measured: list[dict[str, Any]] = tab.page.locator(READ).evaluate_all(CONTRAST)
    assert len(measured) > 20
    assert [one for one in measured if one["contrast"] < TEXT_CONTRAST] == []


def check_fits(page: Page, width: int) -> None:
    """Nothing to the right of the window, in the page or in the part of it that scrolls."""
    for css in ("html", "[data-testid=stMain]"):
        assert page.locator(css).evaluate("(e) => e.scrollWidth - e.clientWidth") <= 0, (css, width)
    beyond = page.evaluate(
        """() => [...document.querySelectorAll('[data-testid=stMain] [data-testid=stElementContainer]')]
          .filter((e) => e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.className)"""
    )
    assert beyond == [], width


def resize(page: Page, width: int, height: int) -> None:
    """Another window, with the figures drawn again in it."""
    page.set_viewport_size({"width": width, "height": height})
    page.wait_for_function(
        """() => [...document.querySelectorAll('.js-plotly-plot')].every((plot) => {
          const drawn = plot.querySelector('.main-svg'), box = plot.closest('[data-testid=stPlotlyChart]')
          return drawn && Math.abs(drawn.getBoundingClientRect().width - box.getBoundingClientRect().width) < 3
        })"""
    )


@pytest.mark.parametrize("path", PAGES)
def test_page_at_every_size_and_in_the_dark(path: str, new_page: Callable[..., Page], address: str) -> None:
    tab = Dashboard(new_page(), address).open(path)
    page = tab.page
    check_fits(page, 1440)
    check_accessible(page)
    expect(page).to_have_title(f"{PAGES[path].title} – {word('title')}")
    section = page.locator("[data-testid=stTopNavSection][aria-current]").all_inner_texts()
    assert section == ([PAGES[path].section] if PAGES[path].section else [])
    assert page.get_by_test_id("stTopNavSection").all_inner_texts() == [*SECTIONS, LEARN]
    header = bottom(page, "[data-testid=stHeader]")
    title = page.locator("h1").bounding_box()
    assert title and title["y"] >= header
    if PAGES[path].needs_answer:
        expect(page.locator(".outcomes-chip")).to_be_visible()
        assert bottom(page, "[data-testid=cohort-sentence]") < 250
    if path in ("", *SLUGS):
        assert bottom(page, "[data-testid=headlines]") < 400
    if path in SLUGS:
        check_main_figure_in_sight(page)
        for figure in page.locator("[data-testid=stPlotlyChart], .forest-box").all():
            expect(figure).to_have_attribute("aria-label", re.compile(r"\w+ .*\d"))
    check_contrast(tab)
    for part in (1, 0):
        page.evaluate(SCROLL, part)
        assert page.locator(MENU).evaluate_all(COVERED) == []

    page.emulate_media(color_scheme="dark")
    page.wait_for_function(
        "() => getComputedStyle(document.querySelector('[data-testid=stApp]')).colorScheme === 'dark'"
    )
    tab.settle()
    check_contrast(tab)
    check_accessible(page)
    page.emulate_media(color_scheme="light")

    resize(page, 1024, 768)
    check_fits(page, 1024)
    assert page.locator(MENU).evaluate_all(COVERED) == []

    resize(page, 390, 844)
    expect(page.get_by_test_id("stExpandSidebarButton")).to_be_visible()
    page.wait_for_function("() => document.querySelector('[data-testid=stSidebar]').getBoundingClientRect().right <= 0")
    check_fits(page, 390)
    check_accessible(page)


def check_main_figure_in_sight(page: Page) -> None:
    """The curves with their axis, or at least half of a table, without scrolling."""
    window = page.viewport_size
    assert window
    axis = page.locator("[data-testid=stPlotlyChart]").first.locator(".xtitle, .x2title")
    if page.locator(".forest-box").count():
        box = page.locator(".forest-box").bounding_box()
        assert box and box["y"] + TABLE_IN_SIGHT * box["height"] < window["height"]
    else:
        box = axis.first.bounding_box()
        assert box and box["y"] + box["height"] < window["height"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["survival-by-site?immunophenotype=T-ALL", "cumulative-incidence", "landmark"])
def test_lines_and_what_the_pointer_reads_are_legible(
    path: str, scheme: str, new_page: Callable[..., Page], address: str
) -> None:
    page = Dashboard(new_page(scheme=scheme), address).open(path).page
    plot = page.locator(".js-plotly-plot").first
    lines = plot.locator(".js-line:not([style*='stroke-width: 0px'])")
    measured = lines.evaluate_all(LINES) + plot.locator(".xlines-above, .shapelayer path").evaluate_all(LINES)
    assert measured and [one for one in measured if one["contrast"] < TEXT_CONTRAST] == []
    names = plot.locator(".annotation-text b, .annotation-text [style*='font-weight']")
    assert names.count() and [one for one in names.evaluate_all(CONTRAST) if one["contrast"] < TEXT_CONTRAST] == []

    box = plot.locator(".nsewdrag").first.bounding_box()
    assert box
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"])
    read = page.locator(".hoverlayer .legend text")
    expect(read.first).to_be_visible()
    expect(read.filter(has_text="at risk").first).to_be_visible()
    values = page.locator(".hoverlayer .legend text, .hoverlayer .legend text tspan:not([style*='fill'])")
    assert [one for one in values.evaluate_all(CONTRAST) if one["contrast"] < TEXT_CONTRAST] == []
    if "T-ALL" in path:
        expect(read.filter(has_text="not shown").first).to_be_visible()


def test_the_menu_of_a_phone(new_page: Callable[..., Page], address: str) -> None:
    tab = Dashboard(new_page(390, 844), address).open("survival-by-site")
    page = tab.page
    page.get_by_test_id("stExpandSidebarButton").click()
    links = page.get_by_test_id("stSidebarNavLink")
    expect(links.filter(has_text="Hazard ratios")).to_be_visible()
    if (more := page.get_by_test_id("stSidebarNavViewButton")).count():
        more.click()
    for analysis in load_analyses():
        expect(links.filter(has_text=analysis.title)).to_be_visible()
    links.filter(has_text="Hazard ratios").click()
    expect(page.locator("h1.outcomes-title")).to_have_text("Hazard ratios")
    tab.settle()
    check_fits(page, 390)
    expect(page.locator(".forest-box")).to_be_visible()
