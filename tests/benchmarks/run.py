"""`make bench`: times the stages and writes tests/benchmarks/results/latest.md.

Parts may be named (estimators, first-page, clicks); ``--quick`` takes small sizes and few clicks.
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

from tests.benchmarks.clicks import Clicks, measure_clicks  # noqa: E402
from tests.benchmarks.cohorts import REFERENCE, write_cohort  # noqa: E402
from tests.benchmarks.estimators import Timing, time_sizes  # noqa: E402
from tests.benchmarks.first_page import FirstPage, measure_first_page  # noqa: E402

PARTS = ("estimators", "first-page", "clicks")
RESULTS = Path(__file__).with_name("results") / "latest.md"
LIBRARIES = ("streamlit", "plotly", "duckdb", "ibis-framework", "numpy", "pandas", "lifelines", "statsmodels")
CLICK_TARGETS = {436: 1.3, 1_000_000: 1.5, 10_000_000: 2.0}
FIRST_PAGE_TARGET = 1.5
PEER_TARGET = 10.0


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
        ]
        for cohort, target, clicks in measured
    ]
    header = ("Patients, page", "Clicks", "Dashboard, ms (90 %)", "Bare, ms (90 %)", "Ratio", "Target")
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


def tabulate_timings(timings: Sequence[Timing]) -> str:
    """One row per size; peers that were left out stay empty."""

    def milliseconds(seconds: float | None) -> str:
        return "left out" if seconds is None else f"{1000 * seconds:,.1f}"

    rows = []
    for t in timings:
        peers = [peer for peer in (t.python, t.r) if peer is not None]
        ahead = min(peers) / t.own if peers else None
        at_target = t.n == 1_000_000 and ahead is not None
        rows.append(
            [
                f"{t.n:,}{', jittered' if t.jittered else ''}",
                f"{t.n_distinct:,}",
                f"{t.open:.1f}",
                f"{1000 * t.own_survival:.1f} + {1000 * t.own_odds:.1f}",
                milliseconds(t.python),
                milliseconds(t.r),
                "" if ahead is None else f"{ahead:.1f}",
                judge(ahead, PEER_TARGET, at_least=True) if at_target and ahead is not None else "",
                "" if t.largest_difference is None else f"{t.largest_difference:.0e}",
            ]
        )
    header = (
        "Patients", "Distinct rows", "Open, s", "Ours, ms (survival + odds ratios)", "lifelines + statsmodels, ms",
        "R, ms", "Faster peer ÷ ours", "Target", "Largest difference",
    )  # fmt: skip
    return to_markdown(header, rows)


def tabulate_growth(timings: Sequence[Timing]) -> str:
    """How our time and the engine's scan grow from each size to the next of the same kind."""
    rows = []
    for jittered in (False, True):
        kind = [t for t in timings if t.jittered is jittered]
        for small, large in pairwise(kind):
            own, scan = large.own / small.own, large.scan / small.scan
            rows.append(
                [
                    f"{small.n:,} to {large.n:,}{', jittered' if jittered else ''}",
                    f"{1000 * small.own:.1f} to {1000 * large.own:.1f} ms: × {own:.1f}",
                    f"{1000 * small.scan:.2f} to {1000 * large.scan:.2f} ms: × {scan:.1f}",
                    "met" if own <= scan else "not met",
                ]
            )
    return to_markdown(("Patients", "Ours", "Engine’s scan of the raw rows", "No faster growth than the scan"), rows)


def run_estimators(folder: Path, quick: bool) -> str:
    """The part on tally and estimators."""
    sizes = (1_000, 10_000) if quick else (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
    timings = time_sizes(folder, sizes, sizes, 1_000_000)
    return (
        "## Tally, Kaplan–Meier of three groups, log-rank test, odds ratios of six factors\n\n"
        f"{tabulate_timings(timings)}\n\n### Growth\n\n{tabulate_growth(timings)}\n"
    )


def run_first_page(folder: Path, quick: bool) -> str:
    """The part on the first page."""
    return f"## First page\n\n{tabulate_first_page(measure_first_page(folder, 1 if quick else 5))}\n"


def run_clicks(folder: Path, quick: bool) -> str:
    """The part on clicks."""
    cases: list[tuple[str, float | None, Path]] = [("436", CLICK_TARGETS[436], REFERENCE)]
    if not quick:
        for n in (1_000_000, 10_000_000):
            cases.append((f"{n:,}", CLICK_TARGETS[n], write_cohort(folder, n)))
        cases.append(("1,000,000, jittered", None, write_cohort(folder, 1_000_000, jittered=True)))
    measured = [
        (name, target, clicks)
        for name, target, file in cases
        for clicks in measure_clicks(file, folder, 3 if quick else 20)
    ]
    return f"## Click to redrawn figure\n\n{tabulate_clicks(measured)}\n"


def main() -> None:
    """Run the parts, print and save their tables."""
    parser = argparse.ArgumentParser(description="Times the stages of the dashboard.")
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], default=[], help="all without any")
    parser.add_argument("--quick", action="store_true", help="small sizes and few clicks")
    chosen = parser.parse_args()
    run = {"estimators": run_estimators, "first-page": run_first_page, "clicks": run_clicks}
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
