"""How a page grows with the number of patients: folders of Parquet files, opened and counted in a process of their own.

``python -m tests.benchmarks.scale [--memory 1.5] [--spark] 1e6 1e7 …`` prints a table, and a plot of growth in text.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

from tests.benchmarks.cohorts import write_folder

KINDS = ("resampled", "jittered")
PLOT_WIDTH = 40


@dataclass(frozen=True, slots=True)
class Scale:
    """Seconds to open a cohort, the median seconds of the questions of a click, and the most memory that it took, in GB."""

    kind: str
    n: int
    opening: float
    click: float
    peak: float


def measure(source: str) -> dict[str, float]:
    """Open a cohort and ask what three clicks on the most visited pages ask, none of which was asked before."""
    import resource

    from analytics.cohort import open_cohort
    from analytics.cohort.filters import Clause, CohortFilter

    begin = perf_counter()
    cohort = open_cohort(source)
    opening = perf_counter() - begin
    clicks = []
    for low in (1.0, 2.0, 3.0):
        chosen = CohortFilter((Clause("age_years", low=low, keep_missing=True), Clause("sex", ("male",))))
        begin = perf_counter()
        cohort.tally(["os_relapse_days", "os_relapse_event", "relapse_site_group"], chosen)
        cohort.tally(["relapsed", "thrombocytopenia", "bcr_abl1", "mrd_day19", "mrd_day46"], chosen)
        cohort.level_counts(chosen)
        cohort.funnel(chosen)
        clicks.append(perf_counter() - begin)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return {"n": cohort.n, "opening": opening, "click": median(clicks), "peak": peak}


def measure_apart(source: str, kind: str, gigabytes: float) -> Scale:
    """The same in a process of its own, whose engine may take two thirds of the memory."""
    done = run_apart(["tests.benchmarks.scale", "--one", source], gigabytes)
    return Scale(kind=kind, **json.loads(done.splitlines()[-1]))


def store_apart(place: Path, gigabytes: float) -> None:
    """Keep the patients of a folder beside it, as its owner would."""
    run_apart(["analytics.cohort.store", str(place)], gigabytes)


def run_apart(module: list[str], gigabytes: float) -> str:
    """What a module prints in a process of its own."""
    environment = {**os.environ, "COHORT_MEMORY": f"{gigabytes * 2 / 3:.2f}GB"}
    command = [sys.executable, "-m", *module]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def plot_growth(found: list[Scale]) -> str:
    """A bar for each cohort: the seconds of a click, on a logarithmic axis from 1 ms."""
    lines = []
    for s in found:
        bar = "█" * max(1, round(PLOT_WIDTH * math.log10(max(s.click, 0.001) / 0.001) / 5))
        lines.append(f"{s.kind:>16} {s.n:>11,} |{bar} {s.click:.3g} s")
    return "\n".join(
        [*lines, f"{'':>28} +{'-' * PLOT_WIDTH}", f"{'':>29}1 ms (logarithmic) {'100 s':>{PLOT_WIDTH - 19}}"]
    )


def main() -> None:
    """Measure each kind and size, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", type=float)
    parser.add_argument("--memory", type=float, default=1.5, help="gigabytes for the process")
    parser.add_argument("--folder", type=Path, help="where the folders of Parquet files are made, and stay")
    parser.add_argument("--spark", action="store_true", help="count in the Spark of the process as well")
    parser.add_argument("--store", action="store_true", help="store the patients as well, and open them from there")
    parser.add_argument("--one", metavar="SOURCE", help="measure this source in this process")
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(measure(asked.one)))
        return
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="scale"))
    found = []
    print("| Patients | | Open, s | Click, s | Peak, GB |\n|---|---|---:|---:|---:|")
    for kind in KINDS:
        for n in map(int, asked.sizes or (1e6, 1e7)):
            place = write_folder(folder, n, jittered=kind == "jittered")
            ways = [("", kind)]
            ways += [("spark://", f"{kind}, Spark")] if asked.spark else []
            ways += [("", f"{kind}, stored")] if asked.store else []
            for prefix, name in ways:
                if name.endswith("stored"):
                    store_apart(place, asked.memory)
                scale = measure_apart(f"{prefix}{place}", name, asked.memory)
                found.append(scale)
                print(f"| {n:,} | {name} | {scale.opening:.1f} | {scale.click:.3f} | {scale.peak:.2f} |", flush=True)
    print(f"\n{plot_growth(found)}")
    (folder / "scale.json").write_text(json.dumps([asdict(s) for s in found]), encoding="utf-8")
    if asked.folder is None:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
