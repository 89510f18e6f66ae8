"""How true protected numbers are: curves, intervals and tests of drawn selections, with and without the noise of cell keys.

    python -m tests.simulations.simulate_protection [FOLDER]

draws cohorts with known survival and without any effect of the groups, protects tallies as the dashboard does, estimates from
them, and writes data/protection_simulation.toml, or a file of that name into the folder given. It takes some minutes.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.cohort.disclosure import SuppressedError, protect_tally
from analytics.cohort.engine import KEY
from analytics.cohort.perturbation import CellKeys
from analytics.dictionary import DAYS_PER_MONTH, Dictionary, open_dictionary
from analytics.estimators import estimate_odds_ratios, estimate_survival, logrank_test
from analytics.estimators.intervals import wilson
from analytics.frames import BinaryOutcome, TimeToEvent
from analytics.results import SurvivalCurve

TABLE_PATH = Path(__file__).parent.parent.parent / "data" / "protection_simulation.toml"
SEED = 2025
SIZES, SMALLEST = {400: 1000, 2000: 600, 20_000: 60}, (5, 11)  # patients of a cohort: how often it is drawn
MILESTONES = (12.0, 36.0, 60.0)
SURVIVAL_AT_5_YEARS = 0.6
DESIGN = (
    "Selections of 30 to 100 % of cohorts of so many {patients}, two groups alike (40 and 60 %): a constant hazard by which 40 % "
    "have died at five years, follow-up ending evenly between one and nine years, an event in 20 %. Curves at every point of the "
    "grid against the curves of the same {patients} without noise; intervals at one, three and five years and of the odds ratio "
    "against the truth by which they were drawn. Models of four factors that go together, odds ratios 1, 2, 1 and 2.7, the last "
    "not known of one in eight."
)
FACTORS = ("sex", "immunophenotype", "cns_status", "mrd_day19")
LOG_ODDS = {"T": np.log(2.0), "positive": 1.0}  # of all other levels 0
ALIKE = ("male", "CNS2", "CNS3")


@dataclass
class Found:
    """What was counted over the selections of one size."""

    n_points: int = 0
    n_shown: int = 0
    n_near: int = 0
    covered: list[bool] = field(default_factory=list)
    p_values: list[float] = field(default_factory=list)
    odds_covered: list[bool] = field(default_factory=list)
    odds_p_values: list[float] = field(default_factory=list)
    model_covered: list[bool] = field(default_factory=list)
    model_p_values: list[float] = field(default_factory=list)
    n_models: int = 0
    n_withheld: int = 0
    n_asked: int = 0


def draw_tally(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """A row for each patient of a selection, with the key that stands for it."""
    n = max(round(n * rng.uniform(0.3, 1.0)), 10)
    rate = -np.log(SURVIVAL_AT_5_YEARS) / (60 * DAYS_PER_MONTH)
    death, end = rng.exponential(1 / rate, n), rng.uniform(365, 9 * 365, n)
    frame = pd.DataFrame(
        {
            "os_days": np.ceil(np.minimum(death, end)),
            "os_event": (death <= end).astype(float),
            "relapsed": (rng.random(n) < 0.2).astype(float),
            "sex": pd.Categorical(rng.choice(["female", "male"], n, p=[0.4, 0.6]), categories=["female", "male"]),
        }
    )
    return frame.assign(n=1, **{KEY: rng.integers(0, 2**32, n)})


def look_at_curves(tally: pd.DataFrame, dictionary: Dictionary, keys: CellKeys, found: Found) -> None:
    """Curves by group and their test."""
    endpoint = next(
        e for e in dictionary.endpoints if e.time == "os_days" and e.event == "os_event" and e.entry is None
    )
    variable, columns = dictionary["sex"], ["os_days", "os_event", "sex", "n"]
    exact = TimeToEvent.from_tally(tally[columns], endpoint, variable)
    true = estimate_survival(exact.time, exact.event, group=exact.group, weight=exact.weight).curves
    grid = np.arange(3.0, 97.0, 3.0)
    found.n_points += len(true) * len(grid)
    found.n_asked += 1
    try:
        shown, _ = protect_tally(tally[[*columns, KEY]], dictionary, keys)
    except SuppressedError:
        found.n_withheld += 1
        return
    frame = TimeToEvent.from_tally(shown, endpoint, variable)
    given: dict[str, Any] = {"weight": frame.weight, "noise": frame.noise}
    curves = estimate_survival(frame.time, frame.event, group=frame.group, **given).curves
    for curve in curves:
        other = next(c for c in true if c.group == curve.group)
        at = grid[grid <= last_of(curve)]
        near = np.abs(value_at(curve, curve.estimate, at) - value_at(other, other.estimate, at)) <= 0.05
        found.n_shown += len(at)
        found.n_near += int(near.sum())
        for month in MILESTONES:
            if month <= last_of(curve):
                low, high = (value_at(curve, limits, np.array([month]))[0] for limits in (curve.low, curve.high))
                if np.isfinite(low) and np.isfinite(high):
                    found.covered.append(bool(low <= SURVIVAL_AT_5_YEARS ** (month / 60) <= high))
    test = logrank_test(frame.time, frame.event, frame.group, **given)
    if test.p_value is not None and len(curves) == 2:
        found.p_values.append(test.p_value)


def last_of(curve: SurvivalCurve) -> float:
    """Until when a curve is shown."""
    end = float(curve.time[-1]) if len(curve.time) else 0.0
    return end if curve.shown_until is None else min(end, curve.shown_until)


def value_at(curve: SurvivalCurve, values: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.float64]:
    """A step function of a curve at some times."""
    place = np.searchsorted(curve.time, at + 1e-6, side="right")
    return np.concatenate([[1.0], values])[place]


def look_at_odds(tally: pd.DataFrame, dictionary: Dictionary, keys: CellKeys, found: Found) -> None:
    """The odds ratio of two groups alike."""
    try:
        shown, _ = protect_tally(tally[["relapsed", "sex", "n", KEY]], dictionary, keys)
    except SuppressedError:
        return
    frame = BinaryOutcome.from_tally(shown, "relapsed", [dictionary["sex"]])
    model = estimate_odds_ratios(**frame.model(), noise=frame.noise)
    for term in model.terms:
        if not term.is_reference and term.p_value is not None and term.ratio.interval is not None:
            low, high = term.ratio.interval.low, term.ratio.interval.high
            found.odds_covered.append((low or 0) <= 1 <= (high if high is not None else np.inf))
            found.odds_p_values.append(term.p_value)


def draw_factors(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """A row for each patient of a selection with four factors that go together, two of them with an effect."""
    n = max(round(n * rng.uniform(0.3, 1.0)), 10)
    sex = rng.choice(["female", "male"], n, p=[0.4, 0.6])
    is_t = rng.random(n) < np.where(sex == "male", 0.25, 0.15)
    is_late = rng.random(n) < np.where(is_t, 0.55, 0.3)
    log_odds = -1.4 + LOG_ODDS["T"] * is_t + LOG_ODDS["positive"] * is_late
    values: dict[str, Any] = {
        "sex": sex,
        "immunophenotype": np.where(is_t, "T", "B"),
        "cns_status": rng.choice(["CNS1", "CNS2", "CNS3"], n, p=[0.65, 0.25, 0.1]),
        "mrd_day19": pd.Series(np.where(is_late, "positive", "negative")).mask(rng.random(n) < 0.125),
    }
    levels = open_dictionary()
    frame = pd.DataFrame({name: pd.Categorical(x, list(levels[name].levels)) for name, x in values.items()})
    relapsed = (rng.random(n) < 1 / (1 + np.exp(-log_odds))).astype(float)
    return frame.assign(relapsed=relapsed, n=1, **{KEY: rng.integers(0, 2**32, n)})


def look_at_models(tally: pd.DataFrame, dictionary: Dictionary, keys: CellKeys, found: Found) -> None:
    """The odds ratios of four factors together."""
    try:
        shown, _ = protect_tally(tally, dictionary, keys, main_effects=True)
    except SuppressedError:
        return
    frame = BinaryOutcome.from_tally(shown, "relapsed", [dictionary[name] for name in FACTORS])
    found.n_models += 1
    for term in estimate_odds_ratios(**frame.model(), noise=frame.noise).terms:
        if not term.is_reference and term.p_value is not None and term.ratio.interval is not None:
            low, high = term.ratio.interval.low, term.ratio.interval.high
            true = np.exp(LOG_ODDS.get(str(term.level), 0.0))
            found.model_covered.append(bool((low or 0) <= true <= (high if high is not None else np.inf)))
            if term.level in ALIKE:
                found.model_p_values.append(term.p_value)


def run(n: int, smallest: int, replications: int) -> Found:
    """What is found over so many selections."""
    rng, dictionary, found = np.random.default_rng((SEED, n, smallest)), open_dictionary(), Found()
    others = np.random.default_rng((SEED, n, smallest, 1))
    for i in range(replications):
        keys = CellKeys(smallest, f"secret of replication {i}")
        tally = draw_tally(rng, n)
        look_at_curves(tally, dictionary, keys, found)
        look_at_odds(tally, dictionary, keys, found)
        look_at_models(draw_factors(others, n), dictionary, keys, found)
    return found


def to_rows(n: int, smallest: int, found: Found) -> list[str]:
    """The entry of one size in the table."""

    def share(hits: Sequence[bool]) -> str:
        return f"{np.mean(hits):.4f}" if len(hits) else "nan"

    limits = wilson(sum(p < 0.05 for p in found.p_values), max(len(found.p_values), 1))
    low, high = (0.0, 1.0) if limits is None else (limits.low or 0.0, limits.high or 0.0)
    return [
        "[[result]]",
        f"n = {n}",
        f"smallest_cell = {smallest}",
        f"replications = {found.n_asked}",
        f"share_within_5_points = {found.n_near / max(found.n_shown, 1):.5f}",
        f"share_of_points_shown = {found.n_shown / max(found.n_points, 1):.4f}",
        f"n_points_shown = {found.n_shown}",
        f"coverage_of_survival = {share(found.covered)}",
        f"p_below_0_05_logrank = {share([p < 0.05 for p in found.p_values])}",
        f"conf_low = {low:.4f}",
        f"conf_high = {high:.4f}",
        f"coverage_of_odds_ratio = {share(found.odds_covered)}",
        f"p_below_0_05_odds_ratio = {share([p < 0.05 for p in found.odds_p_values])}",
        f"coverage_of_models = {share(found.model_covered)}",
        f"p_below_0_05_models = {share([p < 0.05 for p in found.model_p_values])}",
        f"n_coefficients = {len(found.model_covered)}",
        f"share_of_models_withheld = {1 - found.n_models / max(found.n_asked, 1):.4f}",
        f"share_of_selections_withheld = {found.n_withheld / max(found.n_asked, 1):.4f}",
        "",
    ]


def main(folder: Path | None = None) -> None:
    """Simulate everything and write the table."""
    lines = [
        "# How true protected numbers are. Made by",
        "# python -m tests.simulations.simulate_protection: do not edit.",
        "",
        f"seed = {SEED}",
        f'design = """\n{DESIGN}\n"""',
        "",
    ]
    for n, replications in SIZES.items():
        for smallest in SMALLEST:
            rows = to_rows(n, smallest, run(n, smallest, replications))
            print("\n".join(rows), flush=True)
            lines += rows
    # What was measured in a registry's export is not simulated again (see measure_registry).
    _, begin, measured = TABLE_PATH.read_text(encoding="utf-8").partition("[[registry]]")
    lines += (begin + measured).splitlines()
    path = TABLE_PATH if folder is None else folder / TABLE_PATH.name
    path.write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
