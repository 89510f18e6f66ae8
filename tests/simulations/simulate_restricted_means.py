"""How often restricted means of two alike groups differ with p < 0.05, by how many events each group must have for a p.

Writes ``tests/simulations/restricted_means.toml``; run it as ``python -m tests.simulations.simulate_restricted_means``
after a change of the restricted mean or of the thresholds in data/policy.toml.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from analytics.estimators import estimate_restricted_mean, wilson

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
LEAST = (1, 3, 5, 10)  # events that each group must have for a p value


@dataclass(frozen=True, slots=True)
class Answer:
    """What one data set gives: the fewest events in a group up to the horizon, and the p value, None without one."""

    fewest: int
    p_value: float | None


def simulate(setting: tuple[int, int, float], numbers: Iterable[int]) -> list[Answer]:
    """One data set per number."""
    first, second, share = setting
    n = first + second
    group = np.repeat(["a", "b"], [first, second])
    answers = []
    for number in numbers:
        random = np.random.default_rng((SEED, first, second, round(100 * share), number))
        death = random.exponential(-60 / np.log(1 - share), n)
        end = random.uniform(12, 96, n)
        result = estimate_restricted_mean(np.minimum(death, end), death <= end, group=group, horizon=HORIZON)
        (contrast,) = result.contrasts
        answers.append(Answer(min(mean.n_event for mean in result.groups), contrast.p_difference))
    return answers


def count(answers: Iterable[Answer], least: int) -> tuple[int, int]:
    """How many data sets have a p value where each group must have that many events, and how many have it below 0.05."""
    shown = [a.p_value for a in answers if a.p_value is not None and a.fewest >= least]
    return len(shown), sum(p < 0.05 for p in shown)


def simulate_setting(setting: tuple[int, int, float]) -> list[Answer]:
    """All replications of one setting."""
    return simulate(setting, range(REPLICATIONS))


def write_table(path: Path) -> None:
    """Simulate everything and write the table."""
    with ProcessPoolExecutor() as pool:
        found = list(pool.map(simulate_setting, SETTINGS))
    lines = [
        "# How often restricted means of two alike groups differ with p < 0.05. Made by",
        "# python -m tests.simulations.simulate_restricted_means: do not edit.",
        "",
        f"seed = {SEED}",
        f"block = {BLOCK}",
        f'design = """\n{DESIGN}\n"""',
    ]
    for setting, answers in zip(SETTINGS, found, strict=True):
        for least in LEAST:
            shown, rejected = count(answers, least)
            interval = wilson(rejected, shown)
            lines += [
                "",
                "[[result]]",
                f"patients = [{setting[0]}, {setting[1]}]",
                f"share_died = {setting[2]}",
                f"least_events = {least}",
                f"n_with_p = {shown}",
                f"below_0_05 = {rejected}",
                f"share_of_those = {rejected / shown if shown else 0:.4f}",
                f"share_of_all = {rejected / len(answers):.4f}",
            ]
            if interval is not None:
                lines += [f"conf_low = {interval.low:.4f}", f"conf_high = {interval.high:.4f}"]
            lines.append(f"first_block = {list(count(answers[:BLOCK], least))}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_table(Path(sys.argv[1]) if len(sys.argv) > 1 else TABLE_PATH)
