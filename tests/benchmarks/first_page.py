"""From a server that answers to the first figure in a browser that has not seen the page, beside a bare page."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from pathlib import Path

from analytics.cohort import open_cohort
from tests.benchmarks.clicks import open_browser, save_figures, walk
from tests.benchmarks.cohorts import REFERENCE
from tests.benchmarks.servers import BARE, DASHBOARD, serve

SLUG = "survival-by-site"
FIGURE = '[data-testid="stPlotlyChart"] .scatterlayer path'
OVERVIEW = '[data-testid="headlines"]'


@dataclass(frozen=True, slots=True)
class FirstPage:
    """Seconds, one entry per start: from the command to an answering server, from there to what was waited for."""

    page: str
    start: tuple[float, ...]
    first: tuple[float, ...]

    @property
    def median_first(self) -> float:
        """Median from an answering server to the first page."""
        return statistics.median(self.first)

    @property
    def median_total(self) -> float:
        """Median from the command to the first page."""
        return statistics.median(s + f for s, f in zip(self.start, self.first, strict=True))


def measure_first_page(folder: Path, n_starts: int) -> list[FirstPage]:
    """The bare page, then two pages of the dashboard, each from a fresh server and a fresh browser, turn by turn."""
    first, _ = walk(open_cohort(REFERENCE), SLUG, 1)
    figures = folder / "figures-first-page"
    save_figures([first], figures)
    cases = {
        "bare page": (BARE, {"BENCHMARK_FIGURES": str(figures)}, "/", FIGURE),
        "survival by site": (DASHBOARD, {"COHORT": str(REFERENCE)}, f"/{SLUG}", FIGURE),
        "overview": (DASHBOARD, {"COHORT": str(REFERENCE)}, "/", OVERVIEW),
    }
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in cases}
    for _ in range(n_starts):
        for name, (command, environment, path, awaited) in cases.items():
            with open_browser() as browser, serve(command, environment) as server:
                page = browser.new_page(viewport={"width": 1400, "height": 1000})
                started = time.perf_counter()
                page.goto(server.address + path, wait_until="commit")
                # The frame after the element has come is the first one that shows it.
                page.locator(awaited).first.wait_for(state="attached", timeout=120_000)
                page.evaluate("() => new Promise((resolve) => requestAnimationFrame(resolve))")
                seconds[name].append((server.start_seconds, time.perf_counter() - started))
    return [FirstPage(name, tuple(s for s, _ in times), tuple(f for _, f in times)) for name, times in seconds.items()]
