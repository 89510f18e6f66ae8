"""What a reader sees of a page first, and waiting until it has changed."""

from __future__ import annotations

from playwright.sync_api import Page

SENTENCE = "[data-testid=cohort-sentence]"
COUNT = """(name) => [...document.querySelectorAll(`.st-key-${name} [data-variant=pills]`)].map(
  (pill) => getComputedStyle(pill, '::after').content.replaceAll('"', ''))"""
# Streamlit marks the app while a run is going on.
IDLE = """() => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'"""

DRAWN = """() => [...document.querySelectorAll('[data-testid=stPlotlyChart]')].every((e) => e.querySelector('.main-svg'))
  && (!document.querySelector('.st-key-fold_files') || document.querySelector('.js-plotly-plot .main-svg, .forest') !== null)"""


def open_view(page: Page, address: str, path: str = "") -> None:
    """Open a page of the dashboard and wait until it is drawn."""
    page.goto(f"{address}/{path}")
    page.wait_for_selector(SENTENCE, timeout=60_000)
    # The last thing that a first run draws is the button that clears the filters.
    page.wait_for_selector(".st-key-clear_filters button", state="attached")
    # Their code is loaded once it is needed, like that of the figures.
    page.wait_for_selector("[data-testid=stSidebar] [data-variant=pills]", state="attached")
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
    pill = page.locator(f".st-key-{variable} [data-variant=pills]").filter(has_text=label).first
    pill.scroll_into_view_if_needed()
    pill.click()
    page.wait_for_function("([css, old]) => document.querySelector(css)?.innerText !== old", arg=[SENTENCE, before])
    settle(page)


def counts(page: Page, variable: str) -> list[str]:
    """The numbers behind the values of a filter."""
    return page.evaluate(COUNT, variable)
