"""The simulation of treatments without any effect: how often each method finds one, read from the committed table."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from analytics.results import Estimate, Interval, Result

SIMULATION_PATH = Path(__file__).parents[2] / "data" / "immortal_time_simulation.toml"


@dataclass(frozen=True, slots=True)
class SimulatedMethod(Result):
    """One method at one size: the share of data sets with p < 0.05 (0.05 would be right), and the median hazard ratio.

    ``n`` patients in each data set, of whom ``mean_n_treated`` on average count as treated (by the landmark, where the
    method has one); ``share.n`` data sets; ``is_biased`` True for the methods shown as a warning.
    """

    label: str
    n: int
    is_biased: bool
    share: Estimate
    median_hazard_ratio: float | None
    mean_n_treated: float

    no_rule: ClassVar[str] = "of simulated patients, of whom there are as many as one likes"


@dataclass(frozen=True, slots=True)
class Simulation(Result):
    """What was simulated, in words, and what each method made of it."""

    design: str
    methods: tuple[SimulatedMethod, ...]


def open_simulation(path: Path = SIMULATION_PATH) -> Simulation:
    """The simulation of a TOML file.

    Raises
    ------
    KeyError
        If the file lacks an entry; the program in tests/simulations writes it anew.
    """
    with path.open("rb") as file:
        content = tomllib.load(file)
    methods = tuple(
        SimulatedMethod(
            label=entry["label"],
            n=entry["n"],
            is_biased=entry["biased"],
            share=Estimate(
                entry["share_below_0_05"],
                Interval(entry["conf_low"], entry["conf_high"], 0.95, "Wilson"),
                n=entry["replications"],
            ),
            median_hazard_ratio=entry.get("median_hazard_ratio"),
            mean_n_treated=entry["mean_n_treated"],
        )
        for entry in content["result"]
    )
    return Simulation(" ".join(content["design"].split()), methods)
