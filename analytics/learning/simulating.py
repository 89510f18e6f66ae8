"""Simulated cohorts: drawn to a design in which the truth is known, and compared as the dashboard compares patients.

A cohort has its number, and its number alone decides which random numbers it is drawn from: another design makes other
patients of the same chances, so that what changes is what the design changes, and more patients are the same ones and others.

Death follows the hazard of ``tests/simulations/simulate_immortal_time.py``: without treatment 15 % die within half a year and
40 % within five. It is lower in fitter patients, half of all, who are treated more often.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from analytics.estimators import (
    join_fits,
    label_p_values,
    list_wilson,
    mantel_byar_p_values,
    naive_ratios,
    time_dependent_ratios,
)
from analytics.estimators.treatment.batched import DrawnCohorts, RatioFits
from analytics.results import FloatArray, Interval, Result, read_only

BoolArray = NDArray[np.bool_]

SEED = 2025
MOST_PATIENTS = 400
MOST_LOOKS = 20
BLOCK = 100  # cohorts that are drawn and compared together
SIGNIFICANT = 0.05

HORIZON = 60.0  # months after which everybody's follow-up has ended
SHORTEST = 2.0  # months for which everybody is followed
EARLY_MONTHS = 6.0
DIE_EARLY, DIE_IN_FIVE_YEARS = 0.15, 0.40
EARLY = -np.log1p(-DIE_EARLY) / EARLY_MONTHS
LATE = np.log((1 - DIE_EARLY) / (1 - DIE_IN_FIVE_YEARS)) / (HORIZON - EARLY_MONTHS)
WAITING_SPREAD = 0.4  # standard deviation of the logarithm, cut off at half the median and at twice
SHARE_FITTER = 0.5

Comparison = Literal["naive", "switching", "adjusted"]
COMPARISONS: tuple[Comparison, ...] = get_args(Comparison)


@dataclass(frozen=True, slots=True)
class Design:
    """What is true of the cohorts that are drawn.

    ``n`` patients each; the hazard of death times ``hazard_ratio`` from treatment on; ``treated`` the share that treatment is
    meant for, after a median of ``waiting`` months; fitter patients have the hazard of the others divided by ``confounder``,
    and that share's odds multiplied by it (1: none); a share ``lost`` is not followed for five years; ``looks`` labels drawn by
    lot by which patients are compared.
    """

    n: int = 64
    hazard_ratio: float = 1.0
    treated: float = 0.78
    waiting: float = 5.0
    confounder: float = 1.0
    lost: float = 0.3
    looks: int = 1

    def __post_init__(self) -> None:
        within = {
            "n": 1 <= self.n <= MOST_PATIENTS,
            "hazard_ratio": self.hazard_ratio > 0,
            "treated": 0 <= self.treated <= 1,
            "waiting": self.waiting >= 0,
            "confounder": self.confounder >= 1,
            "lost": 0 <= self.lost <= 1,
            "looks": 1 <= self.looks <= MOST_LOOKS,
        }
        wrong = [name for name, is_fine in within.items() if not is_fine]
        if wrong:
            raise ValueError(
                f"a design cannot have {', '.join(f'{name} = {getattr(self, name):g}' for name in wrong)}."
            )

    @property
    def any_of_looks(self) -> float:
        """The probability that one or more of so many independent tests of nothing has p < 0.05."""
        return float(1 - (1 - SIGNIFICANT) ** self.looks)


@dataclass(frozen=True, slots=True)
class SimulatedCohort(Result):
    """One drawn cohort: times in months, ``treated_at`` infinite for who is not treated within follow-up.

    Of the labels that mean nothing, ``best_look`` is the place of the one with the smallest p value, ``has_label`` who has it.
    """

    no_rule: ClassVar[str] = "it is drawn, and nobody is in it."

    number: int
    time: FloatArray
    event: FloatArray
    treated_at: FloatArray
    is_fitter: BoolArray
    best_look: int
    has_label: BoolArray

    @property
    def n_treated(self) -> int:
        """How many were treated."""
        return int(np.isfinite(self.treated_at).sum())

    @property
    def n_event(self) -> int:
        """How many died."""
        return int(self.event.sum())


@dataclass(frozen=True, slots=True)
class Replicates(Result):
    """What each comparison finds in cohorts ``first`` and the following; arrays have one entry per cohort.

    ``naive`` is by ever treated, ``switching`` by treatment as it changes, ``adjusted`` the same for fitter and others alike;
    ``mantel_byar`` the p value of that test, and ``smallest`` the smallest p value of the looks.
    """

    no_rule: ClassVar[str] = "it is of drawn cohorts, in which nobody is."

    first: int
    naive: RatioFits
    switching: RatioFits
    adjusted: RatioFits
    mantel_byar: FloatArray
    smallest: FloatArray

    @property
    def n(self) -> int:
        """How many cohorts were drawn."""
        return len(self.smallest)

    def fits(self, comparison: Comparison) -> RatioFits:
        """What a comparison finds."""
        found: RatioFits = getattr(self, comparison)
        return found


@dataclass(frozen=True, slots=True)
class RunningShare(Result):
    """The share of findings among the first 1, 2, … cohorts, and Wilson's interval of the last."""

    no_rule: ClassVar[str] = "it is of drawn cohorts, in which nobody is."

    share: FloatArray
    low: FloatArray
    high: FloatArray
    n_found: int
    n: int

    @property
    def interval(self) -> Interval | None:
        """The 95 % interval of the share of all."""
        return list_wilson([self.n_found], [self.n])[0]


def draw_cohort(design: Design, number: int) -> SimulatedCohort:
    """The cohort of that number."""
    drawn, labels = _draw(design, [number]), _draw_labels(design, [number])
    p_values = label_p_values(drawn[0], drawn[1], labels)[0]
    best = int(np.argmin(np.where(np.isnan(p_values), np.inf, p_values)))
    (time,), (event,), (treated_at,), (is_fitter,) = drawn
    treated_at = np.where(treated_at <= time, treated_at, np.inf)
    patients = read_only(time), read_only(event), read_only(treated_at), is_fitter
    return SimulatedCohort(number, *patients, best, labels[0, best])


def compare_block(design: Design, block: int) -> Replicates:
    """The comparisons in the cohorts of a block: those numbered from 1, from 101, …

    Parameters
    ----------
    design : Design
        What the cohorts are drawn to.
    block : int
        From 0 on.

    Returns
    -------
    Replicates
        Always of a whole block, so that a cohort is the same whoever else is looked at.
    """
    first = block * BLOCK + 1
    numbers = range(first, first + BLOCK)
    time, event, treated_at, is_fitter = _draw(design, numbers)
    cohorts = DrawnCohorts(time, event, treated_at, is_fitter)
    looks = label_p_values(time, event, _draw_labels(design, numbers))
    return Replicates(
        first,
        naive_ratios(cohorts),
        time_dependent_ratios(cohorts),
        time_dependent_ratios(cohorts, adjusted=True),
        mantel_byar_p_values(cohorts),
        read_only(np.fmin.reduce(looks, axis=1)),
    )


def join_blocks(blocks: Sequence[Replicates], n: int) -> Replicates:
    """The first ``n`` cohorts of blocks that follow one another."""

    def join(name: Comparison) -> RatioFits:
        return join_fits([block.fits(name) for block in blocks], n)

    mantel_byar = np.concatenate([block.mantel_byar for block in blocks])[:n]
    smallest = np.concatenate([block.smallest for block in blocks])[:n]
    fits = join("naive"), join("switching"), join("adjusted")
    return Replicates(blocks[0].first, *fits, read_only(mantel_byar), read_only(smallest))


def follow_share(p_values: FloatArray) -> RunningShare:
    """How the share of p < 0.05 runs as cohort after cohort is drawn; a comparison that cannot be made finds nothing."""
    is_found = np.asarray(p_values) < SIGNIFICANT
    n = np.arange(1, len(is_found) + 1)
    n_found = np.cumsum(is_found)
    limits = list_wilson(n_found, n) if len(n) else ()
    low, high = ([getattr(limit, end) for limit in limits if limit is not None] for end in ("low", "high"))
    return RunningShare(read_only(n_found / n), read_only(low), read_only(high), int(is_found.sum()), len(is_found))


def _draw(design: Design, numbers: Sequence[int]) -> tuple[FloatArray, BoolArray, FloatArray, BoolArray]:
    """Times, deaths, days of treatment (infinite for never) and who is fitter, (cohorts, patients) each."""
    uniform = np.array([np.random.default_rng([SEED, k]).random((6, MOST_PATIENTS))[:, : design.n] for k in numbers])
    of_death, of_waiting, of_treatment, of_fitness, of_loss, of_end = np.moveaxis(uniform, 1, 0)
    is_fitter = of_fitness < SHARE_FITTER
    root = np.sqrt(design.confounder)
    times = np.where(is_fitter, 1 / root, root)  # the hazard of each, against one between
    odds = np.where(is_fitter, root, 1 / root)
    share = design.treated * odds / (1 - design.treated + design.treated * odds)
    treated_at = np.where(of_treatment < share, _wait(design, of_waiting), np.inf)
    cumulative = -np.log1p(-of_death) / times
    passed = _cumulative(np.minimum(treated_at, HORIZON))
    is_before = cumulative <= passed
    death = _invert(np.where(is_before, cumulative, passed + (cumulative - passed) / design.hazard_ratio))
    end = np.where(of_loss < design.lost, SHORTEST + (HORIZON - SHORTEST) * of_end, HORIZON)
    return np.minimum(death, end), death <= end, treated_at, is_fitter


def _wait(design: Design, uniform: FloatArray) -> FloatArray:
    low, high = ndtr(-np.log(2) / WAITING_SPREAD), ndtr(np.log(2) / WAITING_SPREAD)
    return np.asarray(design.waiting * np.exp(WAITING_SPREAD * ndtri(low + (high - low) * uniform)))


def _cumulative(time: FloatArray) -> FloatArray:
    """The cumulative hazard without treatment, between fitter patients and others."""
    return np.asarray(EARLY * np.minimum(time, EARLY_MONTHS) + LATE * np.maximum(time - EARLY_MONTHS, 0.0))


def _invert(cumulative: FloatArray) -> FloatArray:
    until = EARLY * EARLY_MONTHS
    return np.asarray(np.minimum(cumulative, until) / EARLY + np.maximum(cumulative - until, 0.0) / LATE)


def _draw_labels(design: Design, numbers: Sequence[int]) -> BoolArray:
    """Labels that mean nothing, (cohorts, labels, patients): half of the patients have each, by lot."""
    drawn = [np.random.default_rng([SEED, k, 1]).random((design.looks, MOST_PATIENTS))[:, : design.n] for k in numbers]
    return np.array(drawn) < 0.5
