"""From a click on a filter to the redrawn figure in the browser, beside the same click on a bare page."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Page, TimeoutError, sync_playwright

from analytics.analyses import load_analyses
from analytics.cohort import Cohort, open_cohort
from analytics.cohort.filters import Clause, CohortFilter
from analytics.document import HtmlFigure
from tests.benchmarks.servers import BARE, DASHBOARD, serve

CHROMIUM = ("chromium", "google-chrome", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
SLUGS = (
    "survival-by-site",
    "relapse-predictors",
    "survival-by-treatment",
    "landmark",
    "hsct-cart-chemotherapy",
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
  const state = { start: 0, changed: 0, before: '', last: '', seen: [], drawn }
  window.addEventListener('click', (event) => {
    if (!state.armed) return
    state.armed = false
    state.start = event.timeStamp
  }, { capture: true })
  new MutationObserver((records) => {
    const root = figure()
    if (!state.start || !root) return
    if (records.some((r) => r.type !== 'attributes')) requestAnimationFrame(() => { state.changed = performance.now() })
    if (!records.some((r) => root.contains(r.target) || r.target.contains(root))) return
    const now = drawn()
    if (now === state.last || now === '') return
    state.last = now
    const entry = { drawn: now, time: 0 }
    state.seen.push(entry)
    requestAnimationFrame(() => { entry.time = performance.now() })
  }).observe(document, { subtree: true, childList: true, characterData: true, attributes: true })
  state.arm = () => { Object.assign(state, { armed: true, start: 0, changed: 0, before: drawn(), last: drawn(), seen: [] }) }
  state.settled = (quiet) => {
    const app = document.querySelector('[data-testid="stApp"]')
    const latest = state.seen[state.seen.length - 1]
    return app.dataset.testScriptState === 'notRunning' && latest && latest.time > 0 &&
      latest.drawn !== state.before && performance.now() - Math.max(latest.time, state.changed) > quiet
  }
  // The figure may be drawn more than once: the time is that of the first frame that shows what stays.
  state.result = () => {
    const final = state.seen[state.seen.length - 1].drawn
    const drawn = state.seen.find((entry) => entry.drawn === final).time
    return [drawn - state.start, Math.max(drawn, state.changed) - state.start]
  }
  return state
})()
"""


@dataclass(frozen=True, slots=True)
class Clicks:
    """Milliseconds from click to the redrawn figure, on the dashboard and on the bare page, one entry per click.

    ``settled`` and ``bare_settled`` are those until no element and no word of the page has changed any more.
    """

    slug: str
    dashboard: tuple[float, ...]
    bare: tuple[float, ...]
    settled: tuple[float, ...] = ()
    bare_settled: tuple[float, ...] = ()

    @property
    def ratio(self) -> float:
        """Median of the dashboard divided by the median of the bare page."""
        return float(np.median(self.dashboard) / np.median(self.bare))

    @property
    def settled_ratio(self) -> float:
        """The same of the whole page."""
        return float(np.median(self.settled) / np.median(self.bare_settled))


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
    page.evaluate("document.querySelectorAll('details.of-phase').forEach((phase) => { phase.open = true })")
    return page


def time_click(page: Page, pill: Any) -> tuple[float, float] | None:
    """Milliseconds from the click on a pill to the first frame of the figure that stays, and of the page that does.

    None if no other figure comes.

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
    figure, whole = page.evaluate("benchmark.result()")
    return float(figure), float(whole)


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


@dataclass(frozen=True, slots=True)
class Step:
    """A click on a pill of a variable, by its position among the levels, and the figure that is drawn after it."""

    variable: str
    position: int
    figure: Any
    changes: bool


def walk(cohort: Cohort, slug: str, most: int) -> tuple[Any, list[Step]]:
    """The figure of the whole cohort, and the steps until ``most`` of them have changed the figure.

    A step that changes nothing cannot be seen in the browser, but belongs to the walk: the next one starts from it.
    """
    analysis = next(a for a in load_analyses() if a.slug == slug)
    params = analysis.defaults(cohort)

    def draw(cohort_filter: CohortFilter) -> Any:
        return analysis.figure(analysis.estimate(analysis.prepare(cohort, cohort_filter, params), params), params)

    def text(figure: Any) -> str:
        return figure.html if isinstance(figure, HtmlFigure) else figure.to_json()

    first = draw(CohortFilter())
    steps: list[Step] = []
    before = text(first)
    for name, position, cohort_filter in filter_steps(cohort):
        figure = draw(cohort_filter)
        after = text(figure)
        steps.append(Step(name, position, figure, after != before))
        if sum(step.changes for step in steps) == most:
            break
        before = after
    return first, steps


def save_figures(figures: Sequence[Any], folder: Path) -> None:
    """The ready figures of the bare page, numbered in the order in which its pills show them."""
    folder.mkdir(parents=True, exist_ok=True)
    for i, figure in enumerate(figures):
        if isinstance(figure, HtmlFigure):
            (folder / f"{i:03}.html").write_text(figure.html, encoding="utf-8")
        else:
            (folder / f"{i:03}.json").write_text(figure.to_json(), encoding="utf-8")


def measure_clicks(cohort_file: Path, folder: Path, n_clicks: int, slugs: Sequence[str] = SLUGS) -> list[Clicks]:
    """Clicks on the dashboard and on the bare page, turn by turn in one browser, for each of the pages.

    The bare page has every figure ready before it starts, and draws with each click the one that the dashboard draws with
    its own: the ratio is what reading the filter, counting, estimating and the rest of the page cost.
    """
    cohort = open_cohort(cohort_file)
    # Some steps in reserve: a figure may differ in what is seen on hover alone.
    walks = {slug: walk(cohort, slug, 2 * n_clicks + 2) for slug in slugs}
    del cohort
    results = []
    with serve(DASHBOARD, {"COHORT": str(cohort_file)}) as dashboard, open_browser() as browser:
        for slug, (first, steps) in walks.items():
            figures = folder / f"figures-{slug}"
            save_figures([first, *(step.figure for step in steps)], figures)
            with serve(BARE, {"BENCHMARK_FIGURES": str(figures)}) as bare:
                address = f"{dashboard.address}/{slug}"
                results.append(_alternate(browser, address, bare.address, slug, steps, n_clicks))
    return results


def _alternate(
    browser: Browser, address: str, bare_address: str, slug: str, steps: Sequence[Step], n_clicks: int
) -> Clicks:
    page, bare = open_page(browser, address), open_page(browser, bare_address)
    times: list[tuple[float, float]] = []
    bare_times: list[tuple[float, float]] = []
    for i, step in enumerate(steps):
        pill = page.locator(f"[data-variable='{step.variable}'] [data-text]").nth(step.position)
        if not pill.is_visible():
            page.locator(f"[data-scheme='{step.variable}']").click()
        bare_pill = bare.locator(".st-key-chosen button[data-variant=pills]").nth(i + 1)
        if not step.changes:
            pill.click()
            bare_pill.click()
            page.wait_for_timeout(1000)
            continue
        ms, bare_ms = time_click(page, pill), time_click(bare, bare_pill)
        # The first click of each page warms the browser up and is not counted.
        if i and ms is not None and bare_ms is not None:
            times.append(ms)
            bare_times.append(bare_ms)
        if len(times) == n_clicks:
            break
    page.context.close()
    bare.context.close()
    (drawn, settled), (bare_drawn, bare_settled) = zip(*times, strict=True), zip(*bare_times, strict=True)
    return Clicks(slug, drawn, bare_drawn, settled, bare_settled)
