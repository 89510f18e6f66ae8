"""From a click on a filter to the redrawn figure in the browser, beside the same click on a bare page."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Page, TimeoutError, sync_playwright

from analytics.analyses import HtmlFigure, load_analyses
from analytics.cohort import Cohort, open_cohort
from analytics.filters import Clause, CohortFilter
from tests.benchmarks.servers import BARE, DASHBOARD, serve

CHROMIUM = ("chromium", "google-chrome", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
SLUGS = (
    "survival-by-site",
    "relapse-predictors",
    "survival-by-treatment",
    "landmark",
    "hazard-ratios",
    "cumulative-incidence",
)
QUIET_MS = 400
LONGEST_MS = 10_000

# What is drawn, as text: it changes when, and only when, the reader sees another figure. Of several, the first counts,
# which is the main one.
PROBE = """
window.benchmark = (() => {
  const chart = '[data-testid="stPlotlyChart"]', forest = '.forest-box'
  const figure = () => document.querySelector(`${chart}, ${forest}`)
  const drawn = () => {
    const root = figure()
    if (!root) return ''
    if (root.matches(forest)) return root.innerHTML
    return [...root.querySelectorAll('.scatterlayer path, text')].map((e) => e.getAttribute('d') || e.textContent).join()
  }
  const state = { start: 0, before: '', last: '', seen: [], drawn }
  window.addEventListener('click', (event) => {
    if (!state.armed) return
    state.armed = false
    state.start = event.timeStamp
  }, { capture: true })
  new MutationObserver((records) => {
    const root = figure()
    if (!state.start || !root) return
    if (!records.some((r) => root.contains(r.target) || r.target.contains(root))) return
    const now = drawn()
    if (now === state.last || now === '') return
    state.last = now
    const entry = { drawn: now, time: 0 }
    state.seen.push(entry)
    requestAnimationFrame(() => { entry.time = performance.now() })
  }).observe(document, { subtree: true, childList: true, characterData: true, attributes: true })
  state.arm = () => { Object.assign(state, { armed: true, start: 0, before: drawn(), last: drawn(), seen: [] }) }
  state.settled = (quiet) => {
    const app = document.querySelector('[data-testid="stApp"]')
    const latest = state.seen[state.seen.length - 1]
    return app.dataset.testScriptState === 'notRunning' && latest && latest.time > 0 &&
      latest.drawn !== state.before && performance.now() - latest.time > quiet
  }
  // The figure may be drawn more than once: the time is that of the first frame that shows what stays.
  state.result = () => {
    const final = state.seen[state.seen.length - 1].drawn
    return state.seen.find((entry) => entry.drawn === final).time - state.start
  }
  return state
})()
"""


@dataclass(frozen=True, slots=True)
class Clicks:
    """Milliseconds from click to the redrawn figure, on the dashboard and on the bare page, one entry per click."""

    slug: str
    dashboard: tuple[float, ...]
    bare: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """Median of the dashboard divided by the median of the bare page."""
        return float(np.median(self.dashboard) / np.median(self.bare))


def chromium_path() -> str:
    """The installed browser; RuntimeError without one."""
    for name in CHROMIUM:
        if path := shutil.which(name):
            return path
    raise RuntimeError("Chromium or Google Chrome is needed: run `make chromium`.")


@contextmanager
def open_browser() -> Iterator[Browser]:
    """A headless browser in which pages that are not in front keep drawing."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium_path(),
            args=["--no-sandbox", "--disable-backgrounding-occluded-windows", "--disable-renderer-backgrounding"],
        )
        try:
            yield browser
        finally:
            browser.close()


def open_page(browser: Browser, address: str) -> Page:
    """A page in a window of its own, once its figure is drawn and the server is idle."""
    page = browser.new_context(viewport={"width": 1400, "height": 1000}).new_page()
    page.add_init_script(PROBE)
    page.goto(address)
    page.wait_for_function("benchmark.drawn() !== ''", timeout=120_000)
    page.wait_for_function(
        "document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'", timeout=120_000
    )
    page.wait_for_timeout(1500)
    return page


def time_click(page: Page, pill: Any) -> float | None:
    """Milliseconds from the click on a pill to the first frame of the figure that stays; None if no other one comes.

    Another filter may leave the same lines and numbers; nothing can then be timed.
    """
    page.bring_to_front()
    pill.scroll_into_view_if_needed()
    pill.hover()
    page.wait_for_timeout(200)
    page.evaluate("benchmark.arm()")
    pill.click()
    try:
        page.wait_for_function(f"benchmark.settled({QUIET_MS})", timeout=LONGEST_MS, polling=100)
    except TimeoutError:
        return None
    return float(page.evaluate("benchmark.result()"))


def filter_steps(cohort: Cohort) -> list[tuple[str, int, CohortFilter]]:
    """Pills to click one after another, each leading to a filter that was not there before: variable, position, filter.

    One pill is set, the next is set beside it, the first is released, and so on; no step comes back to an earlier one.
    """
    counts = cohort.level_counts()
    pills = [
        (v, level)
        for level_rank in (0, 1)
        for v in cohort.dictionary.filters
        if v.is_coded and v.phase in ("diagnosis", "induction") and v.name in cohort.variables
        for level in v.levels[level_rank : level_rank + 1]
        if 0.02 < counts[v.name][level] / cohort.n < 0.98
    ]
    steps: list[tuple[str, int, CohortFilter]] = []
    chosen: tuple[Clause, ...] = ()
    for previous, (variable, level) in zip([None, *pills], pills, strict=False):
        chosen = (*chosen, Clause(variable.name, (level,)))
        steps.append((variable.name, variable.levels.index(level), CohortFilter(chosen)))
        if previous is not None:
            chosen = chosen[1:]
            steps.append((previous[0].name, previous[0].levels.index(previous[1]), CohortFilter(chosen)))
    return steps


def changing_steps(cohort: Cohort, slug: str, most: int) -> list[tuple[str, int, Any]]:
    """The first steps, ``most`` of them, whose figure differs from the one before, with that figure.

    Others could not be seen in the browser.
    """
    analysis = next(a for a in load_analyses() if a.slug == slug)
    params = analysis.defaults(cohort)

    def draw(cohort_filter: CohortFilter) -> Any:
        return analysis.figure(analysis.estimate(analysis.prepare(cohort, cohort_filter, params), params), params)

    def text(figure: Any) -> str:
        return figure.html if isinstance(figure, HtmlFigure) else figure.to_json()

    steps: list[tuple[str, int, Any]] = []
    before = text(draw(CohortFilter()))
    for name, position, cohort_filter in filter_steps(cohort):
        figure = draw(cohort_filter)
        after = text(figure)
        if after != before:
            steps.append((name, position, figure))
        if len(steps) == most:
            break
        before = after
    return steps


def save_figures(figures: Sequence[Any], folder: Path) -> None:
    """The two ready figures of the bare page."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, figure in zip(("one", "two"), figures, strict=True):
        if isinstance(figure, HtmlFigure):
            (folder / f"{name}.html").write_text(figure.html, encoding="utf-8")
        else:
            (folder / f"{name}.json").write_text(figure.to_json(), encoding="utf-8")


def measure_clicks(cohort_file: Path, folder: Path, n_clicks: int, slugs: Sequence[str] = SLUGS) -> list[Clicks]:
    """Clicks on the dashboard and on the bare page, turn by turn in one browser, for each of the pages."""
    cohort = open_cohort(cohort_file)
    # Some steps in reserve: a figure may differ in what is seen on hover alone.
    steps = {slug: changing_steps(cohort, slug, 2 * n_clicks + 2) for slug in slugs}
    del cohort
    results = []
    with serve(DASHBOARD, {"COHORT": str(cohort_file)}) as dashboard, open_browser() as browser:
        for slug, changes in steps.items():
            figures = folder / f"figures-{slug}"
            save_figures([figure for _, _, figure in changes[:2]], figures)
            with serve(BARE, {"BENCHMARK_FIGURES": str(figures)}) as bare:
                results.append(
                    _alternate(browser, f"{dashboard.address}/{slug}", bare.address, slug, changes, n_clicks)
                )
    return results


def _alternate(
    browser: Browser, address: str, bare_address: str, slug: str, changes: Sequence[tuple[str, int, Any]], n_clicks: int
) -> Clicks:
    page, bare = open_page(browser, address), open_page(browser, bare_address)
    times: list[float] = []
    bare_times: list[float] = []
    # The first click of each page warms the browser up and is not counted.
    for i, ((name, position, _), choice) in enumerate(zip(changes, itertools.cycle((1, 0)), strict=False)):
        ms = time_click(page, page.locator(f".st-key-{name} button[data-variant=pills]").nth(position))
        bare_ms = time_click(bare, bare.locator(".st-key-chosen button[data-variant=pills]").nth(choice))
        if i and ms is not None and bare_ms is not None:
            times.append(ms)
            bare_times.append(bare_ms)
        if len(times) == n_clicks:
            break
    page.context.close()
    bare.context.close()
    return Clicks(slug, tuple(times), tuple(bare_times))
