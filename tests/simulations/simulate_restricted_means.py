"""How often restricted means of two alike groups differ with p < 0.05, by the events of the group that has fewer.

Writes ``tests/simulations/restricted_means.toml``; run it as ``python -m tests.simulations.simulate_restricted_means``
after a change of the restricted mean or of the thresholds in data/policy.toml.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from analytics.estimators.intervals import wilson
from analytics.estimators.restricted_mean import estimate_restricted_mean

TABLE_PATH = Path(__file__).parent / "restricted_means.toml"
SEED = 2014
BLOCK = 250
REPLICATIONS = 5000
HORIZON = 36.0
DESIGN = (
    "Months from relapse, two groups alike: a constant hazard by which the stated share has died at five years; follow-up ends "
    "evenly between 12 and 96 months; the mean up to 36 months. Data sets in which a group is not followed so long, or has no "
    "event, give no p."
)
# Patients of the two groups, and the share that has died at five years.
SETTINGS = ((45, 19, 0.25), (45, 19, 0.5), (32, 32, 0.25), (32, 32, 0.5), (100, 30, 0.3), (60, 15, 0.6))
BINS = ((1, 2), (3, 4), (5, 7), (8, 9), (10, 14), (15, 99))

Found = dict[tuple[int, int], list[int]]


def simulate(setting: tuple[int, int, float], numbers: Iterable[int]) -> Found:
    """Data sets, and those of them with p < 0.05, by the fewest events up to the horizon in a group."""
    first, second, share = setting
    n = first + second
    group = np.repeat(["a", "b"], [first, second])
    found: Found = defaultdict(lambda: [0, 0])
    for number in numbers:
        random = np.random.default_rng((SEED, first, second, round(100 * share), number))
        death = random.exponential(-60 / np.log(1 - share), n)
        end = random.uniform(12, 96, n)
        result = estimate_restricted_mean(np.minimum(death, end), death <= end, group=group, horizon=HORIZON)
        p_value = result.contrasts[0].p_difference
        fewest = min(mean.n_event for mean in result.groups)
        bounds = next((b for b in BINS if b[0] <= fewest <= b[1]), None)
        if p_value is None or bounds is None:
            continue
        found[bounds][0] += 1
        found[bounds][1] += p_value < 0.05
    return dict(found)


def simulate_block(start: int) -> Found:
    """All settings, for one block of replications."""
    total: Found = defaultdict(lambda: [0, 0])
    for setting in SETTINGS:
        for bounds, counts in simulate(setting, range(start, start + BLOCK)).items():
            total[bounds] = [a + b for a, b in zip(total[bounds], counts, strict=True)]
    return dict(total)


def write_table(path: Path) -> None:
    """Simulate everything and write the table."""
    with ProcessPoolExecutor() as pool:
        blocks = list(pool.map(simulate_block, range(0, REPLICATIONS, BLOCK)))
    lines = [
        "# How often restricted means of two alike groups differ with p < 0.05. Made by",
        "# python -m tests.simulations.simulate_restricted_means: do not edit.",
        "",
        f"seed = {SEED}",
        f"block = {BLOCK}",
        f'design = """\n{DESIGN}\n"""',
    ]
    for bounds in BINS:
        n, rejected = (sum(block.get(bounds, [0, 0])[i] for block in blocks) for i in (0, 1))
        interval = wilson(rejected, n)
        assert interval is not None
        lines += [
            "",
            "[[result]]",
            f"fewest_events = [{bounds[0]}, {bounds[1]}]",
            f"replications = {n}",
            f"share_below_0_05 = {rejected / n:.4f}",
            f"conf_low = {interval.low:.4f}",
            f"conf_high = {interval.high:.4f}",
            f"first_block = {blocks[0].get(bounds, [0, 0])}",
        ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_table(Path(sys.argv[1]) if len(sys.argv) > 1 else TABLE_PATH)
