"""Small cohorts drawn at random: ties, zero times, single levels, all or no events, values a thousand times the others.

They are what a careful centre's file looks like on a bad day: nothing in them contradicts itself, so each must open.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.dictionary import Dictionary, open_dictionary

Rng = np.random.Generator
SIZES = (1, 2, 3, 4, 6, 9, 14, 25, 45, 80)
MISSING = (0.0, 0.0, 0.1, 0.4, 0.9)  # the share of a column's cells that are empty
CHANCES = (0.0, 0.1, 0.3, 0.6, 0.9, 1.0)
REFERENCE = Path(__file__).parents[2] / "data" / "reference_cohort.csv"
LONGEST = 4000  # days that a child is followed
CODED = ("sex", "immunophenotype", "bcr_abl1", "etv6_runx1", "tcf3_pbx1", "kmt2a_rearranged", "high_hyperdiploidy")
CODED += ("cns_status", "risk_group")
NUMBERS: dict[str, Callable[[Rng, int], NDArray[np.float64]]] = {
    "age_years": lambda rng, n: rng.uniform(0, 18, n),
    "white_cells": lambda rng, n: rng.lognormal(3, 1.2, n),
    "platelets": lambda rng, n: rng.lognormal(4, 0.8, n),
    "haemoglobin": lambda rng, n: rng.normal(80, 15, n).clip(25, 160),
    "mrd_day19_percent": lambda rng, n: rng.choice([0.0, 0.005, 0.01, 0.5, 12.0], n),
    "mrd_day46_percent": lambda rng, n: rng.choice([0.0, 0.005, 0.01, 0.5], n),
}
COUNTS = ("white_cells", "platelets")
# Columns that stand or fall together: a day without what it belongs to says nothing.
BLOCKS: tuple[tuple[str, ...], ...] = (
    *((name,) for name in (*CODED, *NUMBERS)),
    ("end_of_therapy_days",),
    ("os_days", "os_event"),
    ("cause_of_death",),
    ("relapse_site",),
    ("second_remission",),
    ("mrd_after_reinduction",),
    ("salvage_treatment", "salvage_days", "cart_days", "hsct_days"),
    ("second_relapse_days",),
    ("os_relapse_days", "os_relapse_event", "second_relapse_days"),
)


def draw_patients(rng: Rng, dictionary: Dictionary | None = None) -> pd.DataFrame:
    """The patients of one small cohort, one row each, under the names of the dictionary."""
    dictionary = dictionary or open_dictionary()
    if rng.random() < 0.3:
        return _draw_few(rng)
    n = int(rng.choice(SIZES))
    time = _draw_times(rng)
    prefix = str(rng.choice(["SYN", "C"]))
    frame: dict[str, NDArray[np.generic]] = {
        "patient_id": np.array([f"{prefix}{i:04d}" for i in range(n)], dtype=object)
    }
    for name in CODED:
        frame[name] = _draw_levels(rng, n, dictionary[name].levels)
    for name, draw in NUMBERS.items():
        frame[name] = _draw_numbers(rng, draw(rng, n))
        if name in COUNTS and rng.random() < 0.2:
            frame[name] = _draw_outlier(rng, frame[name])
    frame |= _draw_courses(rng, n, time, dictionary)
    patients = pd.DataFrame(frame)
    for name in (*CODED, *NUMBERS):
        patients[name] = patients[name].mask(rng.random(n) < rng.choice(MISSING))
    if rng.random() < 0.6:
        dropped = [name for block in BLOCKS if rng.random() < 0.15 for name in block]
        patients = patients.drop(columns=dropped, errors="ignore")
    return patients.sample(frac=1, random_state=int(rng.integers(2**31))).reset_index(drop=True)


def _draw_few(rng: Rng) -> pd.DataFrame:
    """A handful of the reference cohort, most of them with a relapse, and some of its columns."""
    patients = pd.read_csv(REFERENCE)
    chances = np.where(patients["relapsed"] == 1, rng.choice([1.0, 5.0, 50.0]), 1.0)
    rows = rng.choice(len(patients), int(rng.choice(SIZES[:8])), replace=False, p=chances / chances.sum())
    blocks = [block for block in BLOCKS if rng.random() < rng.choice([0.2, 0.7, 1.0])]
    kept = {"patient_id", "relapsed", "relapse_days", *(name for block in blocks for name in block)}
    return patients.loc[rows, [name for name in patients if name in kept]].reset_index(drop=True)


def _draw_levels(rng: Rng, n: int, levels: tuple[str, ...]) -> NDArray[np.object_]:
    """One level each, at times the same for all, at times one child's alone."""
    some = list(levels) if rng.random() < 0.7 else [str(rng.choice(levels))]
    found = rng.choice(np.array(some, dtype=object), n)
    if rng.random() < 0.2:
        found[:] = levels[0]
        found[int(rng.integers(n))] = levels[-1]
    return found


def _draw_numbers(rng: Rng, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rounded, at times so that many tie or all are equal."""
    kind = rng.random()
    if kind < 0.15:
        values = np.full(len(values), values[0])
    elif kind < 0.4:
        values = np.round(values / 5) * 5 if values.max() > 5 else np.round(values, 1)
    else:
        values = np.round(values, 1 if values.max() > 20 else 3)
    return values


def _draw_outlier(rng: Rng, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """One value far from the others, as after a slip of the unit: a count of cells may reach 2000."""
    values = values / rng.choice([1.0, 1e3, 1e6, 1e9])
    values[int(rng.integers(len(values)))] = 1900.0
    return values


def _draw_times(rng: Rng) -> Callable[[int], NDArray[np.float64]]:
    """A way to draw days: of any length, tied, zero for some, or the same for all."""
    kind = rng.choice(["any", "tied", "few", "short", "same"])

    def draw(n: int) -> NDArray[np.float64]:
        if kind == "any":
            return np.floor(rng.exponential(700, n)).clip(0, LONGEST)
        if kind == "tied":
            return 100.0 * rng.integers(0, 12, n)
        if kind == "few":
            return rng.choice([0.0, 1.0, 30.0, 365.0, 1826.0], n)
        if kind == "short":
            return rng.integers(0, 20, n).astype(float)
        return np.full(n, 400.0)

    return draw


def _draw_courses(
    rng: Rng, n: int, time: Callable[[int], NDArray[np.float64]], dictionary: Dictionary
) -> dict[str, NDArray[np.generic]]:
    """Relapse, treatment, second relapse and death, each day no later than what ends it."""
    relapsed = rng.random(n) < rng.choice(CHANCES)
    to_relapse, after, other = time(n), time(n), time(n)
    died = rng.random(n) < rng.choice(CHANCES)
    os_days = np.where(relapsed, to_relapse + after, other)
    begun = relapsed & (rng.random(n) < 0.9)
    salvage = np.floor(after * rng.choice([0.0, 0.2, 1.0], n))
    cart = begun & (rng.random(n) < rng.choice(CHANCES))
    hsct = begun & (rng.random(n) < rng.choice(CHANCES))
    cart_days = salvage + np.floor((after - salvage) * rng.choice([0.0, 0.3, 1.0], n))
    hsct_days = cart_days + np.floor((after - cart_days) * rng.choice([0.0, 0.5, 1.0], n))
    again = relapsed & (rng.random(n) < rng.choice(CHANCES))
    again_days = np.floor(after * rng.choice([0.0, 0.4, 1.0], n))
    label = np.where(hsct, "HSCT", np.where(cart, "CAR-T", "chemotherapy")).astype(object)

    def some(name: str) -> NDArray[np.object_]:
        return _only(_draw_levels(rng, n, dictionary[name].levels), relapsed & (rng.random(n) < 0.9))

    return {
        "end_of_therapy_days": np.where(rng.random(n) < 0.8, np.floor(os_days * 0.5), np.nan),
        "relapsed": relapsed.astype(float),
        "relapse_days": _only(to_relapse, relapsed),
        "relapse_site": _only(_draw_levels(rng, n, dictionary["relapse_site"].levels), relapsed),
        "second_remission": some("second_remission"),
        "mrd_after_reinduction": some("mrd_after_reinduction"),
        "salvage_treatment": _only(label, begun),
        "salvage_days": _only(salvage, begun),
        "cart_days": _only(cart_days, cart),
        "hsct_days": _only(hsct_days, hsct),
        "second_relapse_days": _only(again_days, again),
        "os_relapse_days": _only(after, relapsed),
        "os_relapse_event": _only(died.astype(float), relapsed),
        "os_days": os_days,
        "os_event": died.astype(float),
        "cause_of_death": _only(
            _draw_levels(rng, n, dictionary["cause_of_death"].levels),
            died & (rng.random(n) < rng.choice([0.0, 0.7, 1.0])),
        ),
    }


def _only(values: NDArray[np.generic], where: NDArray[np.bool_]) -> NDArray[np.generic]:
    """The values of some patients, empty for all others."""
    return pd.Series(values).where(where).to_numpy()
