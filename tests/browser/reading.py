"""What a reader sees of a page first, and waiting until it has changed."""

from __future__ import annotations

from playwright.sync_api import Locator, Page

TOLD = ".outcomes-filters [data-step]"
SENTENCE = "[data-testid=cohort-sentence]"
COUNT = "(name) => [...document.querySelectorAll(`[data-variable='${name}'] .of-n`)].map((n) => n.textContent)"
# Streamlit marks the app while a run is going on.
IDLE = """() => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'"""

DRAWN = """() => [...document.querySelectorAll('[data-testid=stPlotlyChart]')].every((e) => e.querySelector('.main-svg'))
  && (!document.querySelector('.st-key-fold_files') || document.querySelector('.js-plotly-plot .main-svg, .forest') !== null)"""


def open_view(page: Page, address: str, path: str = "") -> None:
    """Open a page of the dashboard and wait until it is drawn."""
    page.goto(f"{address}/{path}")
    page.wait_for_selector(f"{SENTENCE}, h1.outcomes-title", timeout=60_000)  # one page is about no selection
    # The filters' code is loaded once it is needed, like that of the figures.
    page.wait_for_selector(TOLD, state="attached")
    settle(page)


def settle(page: Page) -> None:
    """Wait until the run has ended and every figure is drawn."""
    page.wait_for_function(IDLE, timeout=30_000)
    page.wait_for_function(DRAWN)


def sentence(page: Page) -> str:
    """The active cohort in words."""
    return page.inner_text(SENTENCE)


def click_pill(page: Page, variable: str, label: str) -> None:
    """Click a filter's value and wait for the sentence to change."""
    before = sentence(page)
    pill = find_level(page, variable, label)
    pill.click()
    page.wait_for_function("([css, old]) => document.querySelector(css)?.innerText !== old", arg=[SENTENCE, before])
    settle(page)


def find_level(page: Page, variable: str, label: str) -> Locator:
    """A level beside a filter, brought into sight if its phase is folded or another way to ask the same is open."""
    level = page.locator(f"[data-variable='{variable}'] [data-text]").filter(has_text=label).first
    if not level.is_visible():
        phase = page.locator("details.of-phase", has=page.locator(f"[data-variable='{variable}']"))
        if phase.get_attribute("open") is None:
            phase.locator("summary").click()
        scheme = page.locator(f"[data-scheme='{variable}']")
        if scheme.count():
            scheme.click()
    level.scroll_into_view_if_needed()
    return level


def counts(page: Page, variable: str) -> list[str]:
    """The numbers behind the values of a filter."""
    return page.evaluate(COUNT, variable)
