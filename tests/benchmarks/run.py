"""`make bench`: times the stages and writes tests/benchmarks/results/latest.md.

Parts may be named (estimators, first-page, clicks, sessions); ``--quick`` takes small sizes and few clicks.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path

# As in the launcher: matrices have a few rows, and threads only cost. numpy reads this when it is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
ROOT = Path(__file__).parents[2]
# This folder is no place to import from: its modules are tests.benchmarks.…
sys.path[0] = str(ROOT)

import numpy as np  # noqa: E402

from tests.benchmarks.clicks import SLUGS, Clicks, measure_clicks  # noqa: E402
from tests.benchmarks.cohorts import REFERENCE, write_cohort  # noqa: E402
from tests.benchmarks.estimators import (  # noqa: E402
    HAZARD_RATIOS,
    ODDS_RATIOS,
    SURVIVAL,
    Size,
    Timing,
    add_up,
    time_sizes,
)
from tests.benchmarks.first_page import FirstPage, measure_first_page  # noqa: E402
from tests.benchmarks.servers import DASHBOARD, serve  # noqa: E402
from tests.benchmarks.session import Visits, measure_visits  # noqa: E402

PARTS = ("estimators", "first-page", "clicks", "sessions")
RESULTS = Path(__file__).with_name("results") / "latest.md"
LIBRARIES = ("streamlit", "plotly", "duckdb", "sqlglot", "numpy", "pandas", "lifelines", "statsmodels")
MOST_VISITED = ("survival-by-site", "relapse-predictors")
CLICK_TARGET = 1.5  # of every page with the reference cohort, but for the following
CLICK_TARGETS = {436: 1.15, 1_000_000: 1.3, 10_000_000: 2.0}  # of the most visited, by the number of patients
JITTERED_TARGET = 1.7  # of the most visited, where all patients differ
SETTLED_TARGET = 1.4  # of the whole page, with the reference cohort
PROCESSOR_TARGET = 45.0  # ms of the server per click
MESSAGES_TARGET, BYTES_TARGET = 15, 25_000  # per click, where the figure allows
SESSIONS, THINK = 10, 2.0  # at once, and seconds between two clicks of each
SESSIONS_TARGET = 1.5  # 95 % quantile of ten sessions, against that of one
FIRST_PAGE_TARGET = 1.5
PEER_TARGET = 10.0
COX_TARGET = 1.0  # seconds after the tally, at 10,000,000 patients
CURVES_AND_ODDS = "survival and odds ratios"


def to_markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; the first column is text, the others are numbers."""
    rule = "|".join(["---", *["---:"] * (len(header) - 1)])
    return "\n".join([f"| {' | '.join(header)} |", f"|{rule}|", *(f"| {' | '.join(row)} |" for row in rows)])


def judge(value: float, target: float | None, *, at_least: bool = False) -> str:
    """The target and whether the value meets it; "no target" without one."""
    if target is None:
        return "no target"
    met = value >= target if at_least else value <= target
    return f"{'>=' if at_least else '<='} {target:g}: {'met' if met else 'not met'}"


def describe_machine() -> str:
    """Processor, memory, load, versions and date, as a list."""
    commit = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    load = f"; load at the start {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return (
        f"- {datetime.now():%Y-%m-%d %H:%M}, version {commit.stdout.strip() or 'unknown'}\n"
        f"- {platform.system()} {platform.machine()}, {os.cpu_count()} processors{load}\n"
        f"- Python {platform.python_version()}, {', '.join(f'{name} {version(name)}' for name in LIBRARIES)}\n"
    )


def tabulate_clicks(measured: Sequence[tuple[str, float | None, Clicks]]) -> str:
    """One row per cohort and page."""
    rows = [
        [
            f"{cohort}, {clicks.slug}",
            str(len(clicks.dashboard)),
            f"{np.median(clicks.dashboard):.0f} ({np.quantile(clicks.dashboard, 0.9):.0f})",
            f"{np.median(clicks.bare):.0f} ({np.quantile(clicks.bare, 0.9):.0f})",
            f"{clicks.ratio:.2f}",
            judge(clicks.ratio, target),
            f"{clicks.settled_ratio:.2f}",
            judge(clicks.settled_ratio, SETTLED_TARGET if cohort == "436" else None),
        ]
        for cohort, target, clicks in measured
    ]
    header = (
        "Patients, page",
        "Clicks",
        "Dashboard, ms (90 %)",
        "Bare, ms (90 %)",
        "Ratio",
        "Target",
        "Settled",
        "Target",
    )
    return to_markdown(header, rows)


def tabulate_visits(measured: Sequence[tuple[Visits, Visits]]) -> str:
    """One row for one session and for several, over all rounds, and how far the slow clicks of several are behind."""
    rows, slow = [], []
    for visits in zip(*measured, strict=True):
        answers = [answer for each in visits for answer in each.answers]
        ms = [1000 * answer.seconds for answer in answers]
        messages, n_bytes = np.median([a.n_messages for a in answers]), np.median([a.n_bytes for a in answers])
        processor = 1000 * float(np.median([each.processor for each in visits]))
        slow.append(float(np.quantile(ms, 0.95)))
        rows.append(
            [
                f"{visits[0].n_sessions}",
                f"{len(answers)}",
                f"{np.median(ms):.0f} ({slow[-1]:.0f})",
                f"{messages:.0f}, {judge(messages, MESSAGES_TARGET)}",
                f"{n_bytes / 1000:.1f}, {judge(n_bytes / 1000, BYTES_TARGET / 1000)}",
                f"{processor:.0f}, {judge(processor, PROCESSOR_TARGET)}",
                f"{slow[-1] / slow[0]:.2f}, {judge(slow[-1] / slow[0], SESSIONS_TARGET)}",
            ]
        )
    header = ("Sessions", "Clicks", "ms (95 %)", "Messages", "kB", "Processor, ms a click", "95 % against one session")
    return to_markdown(header, rows)


def tabulate_first_page(measured: Sequence[FirstPage]) -> str:
    """One row per page; the bare page first."""
    bare = measured[0]
    rows = [
        [
            first.page,
            str(len(first.first)),
            f"{first.median_first:.2f}",
            f"{first.median_first / bare.median_first:.2f}",
            f"{first.median_total:.1f}",
            "" if first is bare else judge(first.median_first / bare.median_first, FIRST_PAGE_TARGET),
        ]
        for first in measured
    ]
    header = ("Page", "Starts", "Answering server to page, s", "Ratio to bare", "Command to page, s", "Target (ratio)")
    return to_markdown(header, rows)


def tabulate_cohorts(timings: Sequence[Timing]) -> str:
    """One row per cohort."""
    sizes = dict.fromkeys(t.size for t in timings)
    rows = [[name_size(size), f"{size.n_distinct:,}", f"{size.open:.1f}", f"{1000 * size.scan:.2f}"] for size in sizes]
    return to_markdown(("Patients", "Distinct rows", "Open, s", "Engine’s scan of the raw rows, ms"), rows)


def name_size(size: Size) -> str:
    """The number of patients, and whether they were jittered."""
    return f"{size.n:,}{', jittered' if size.jittered else ''}"


def tabulate_timings(timings: Sequence[Timing]) -> str:
    """One row per task and size; peers that were left out, or have no such method, stay empty."""

    def milliseconds(seconds: float | None) -> str:
        return "" if seconds is None else f"{1000 * seconds:,.1f}"

    rows = []
    for t in timings:
        target = ""
        if t.task == CURVES_AND_ODDS and t.size.n == 1_000_000 and t.ahead is not None:
            target = f"ratio {judge(t.ahead, PEER_TARGET, at_least=True)}"
        if t.task == HAZARD_RATIOS and t.size.n == 10_000_000 and not t.size.jittered:
            target = f"estimate {judge(t.estimate, COX_TARGET)}"
        rows.append(
            [
                f"{t.task}, {name_size(t.size)}",
                f"{1000 * t.tally:,.1f} + {1000 * t.estimate:,.1f}",
                milliseconds(t.python),
                milliseconds(t.r),
                "" if t.ahead is None else f"{t.ahead:.1f}",
                target,
                "" if t.largest_difference is None else f"{t.largest_difference:.0e}",
            ]
        )
    header = (
        "Task, patients", "Ours, ms (tally + estimate)", "lifelines or statsmodels, ms", "R, ms",
        "Faster peer ÷ ours", "Target", "Largest difference",
    )  # fmt: skip
    return to_markdown(header, rows)


def tabulate_growth(timings: Sequence[Timing]) -> str:
    """How our time and the engine's scan grow from each size to the next of the same kind, task by task."""
    rows = []
    for kind in group_timings(timings):
        for small, large in pairwise(kind):
            own, scan = large.own / small.own, large.size.scan / small.size.scan
            rows.append(
                [
                    f"{small.task}, {small.size.n:,} to {name_size(large.size)}",
                    f"{1000 * small.own:,.1f} to {1000 * large.own:,.1f} ms: × {own:.1f}",
                    f"{1000 * small.size.scan:.2f} to {1000 * large.size.scan:.2f} ms: × {scan:.1f}",
                    "met" if own <= scan else "not met",
                ]
            )
    return to_markdown(
        ("Task, patients", "Ours", "Engine’s scan of the raw rows", "No faster growth than the scan"), rows
    )


def group_timings(timings: Sequence[Timing]) -> list[list[Timing]]:
    """The timings of each task, resampled and jittered apart, in the order in which they first come."""
    kinds: dict[tuple[str, bool], list[Timing]] = {}
    for t in timings:
        kinds.setdefault((t.task, t.size.jittered), []).append(t)
    return list(kinds.values())


def with_sums(timings: Sequence[Timing]) -> list[Timing]:
    """Sorted by task, with curves, log-rank test and odds ratios together first: the pages of a first visit."""
    first = [
        add_up(CURVES_AND_ODDS, [t for t in timings if t.size == size and t.task in (SURVIVAL, ODDS_RATIOS)])
        for size in dict.fromkeys(t.size for t in timings)
    ]
    tasks = list(dict.fromkeys(t.task for t in timings))
    return [*first, *sorted(timings, key=lambda t: tasks.index(t.task))]


def run_estimators(folder: Path, quick: bool) -> str:
    """The part on tally and estimators."""
    sizes = (1_000, 10_000) if quick else (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
    timings = with_sums(time_sizes(folder, sizes, sizes, 1_000_000))
    return (
        f"## Tally and estimators\n\n{tabulate_cohorts(timings)}\n\n### Tasks\n\n{tabulate_timings(timings)}\n\n"
        f"### Growth\n\n{tabulate_growth(timings)}\n"
    )


def run_first_page(folder: Path, quick: bool) -> str:
    """The part on the first page."""
    return f"## First page\n\n{tabulate_first_page(measure_first_page(folder, 1 if quick else 5))}\n"


def run_clicks(folder: Path, quick: bool) -> str:
    """The part on clicks: every page with the reference cohort and with a large one of children who all differ."""
    cases: list[tuple[str, int | None, Path, Sequence[str]]] = [("436", 436, REFERENCE, SLUGS)]
    if not quick:
        for n in (1_000_000, 10_000_000):
            cases.append((f"{n:,}", n, write_cohort(folder, n), MOST_VISITED))
        cases.append(("1,000,000, jittered", None, write_cohort(folder, 1_000_000, jittered=True), SLUGS))

    def target_of(n: int | None, slug: str) -> float | None:
        if slug in MOST_VISITED:
            return JITTERED_TARGET if n is None else CLICK_TARGETS[n]
        return None if n is None else CLICK_TARGET

    measured = [
        (name, target_of(n, clicks.slug), clicks)
        for name, n, file, slugs in cases
        for clicks in measure_clicks(file, folder, 3 if quick else 20, slugs)
    ]
    return f"## Click to redrawn figure\n\n{tabulate_clicks(measured)}\n"


def run_sessions(folder: Path, quick: bool) -> str:
    """The part on sessions at once: one, then ten, again and again."""
    n_rounds, n_clicks = (1, 4) if quick else (3, 25)
    with serve(DASHBOARD, {"COHORT": str(REFERENCE)}) as server:
        measured = [
            (
                measure_visits(server, MOST_VISITED[0], 1, n_clicks, THINK, seed=2 * i),
                measure_visits(server, MOST_VISITED[0], SESSIONS, n_clicks, THINK, seed=2 * i + 1),
            )
            for i in range(n_rounds)
        ]
    return f"## Sessions at once\n\n{tabulate_visits(measured)}\n"


def main() -> None:
    """Run the parts, print and save their tables."""
    parser = argparse.ArgumentParser(description="Times the stages of the dashboard.")
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], default=[], help="all without any")
    parser.add_argument("--quick", action="store_true", help="small sizes and few clicks")
    chosen = parser.parse_args()
    run = {"estimators": run_estimators, "first-page": run_first_page, "clicks": run_clicks, "sessions": run_sessions}
    texts = [f"# Benchmarks\n\n{describe_machine()}"]
    RESULTS.parent.mkdir(exist_ok=True)
    print(texts[0], flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for part in chosen.parts or PARTS:
            texts.append(run[part](Path(folder), chosen.quick))
            print(texts[-1], flush=True)
            RESULTS.write_text("\n".join(texts), encoding="utf-8")
    print(f"Saved as {RESULTS.relative_to(ROOT)}.")


if __name__ == "__main__":
    main()
