"""How far a regression can be trusted: calibration, optimism, influence and shape."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.results.core import Estimate, FloatArray, Note, Reason, Result
from analytics.results.survival import TestResult


@dataclass(frozen=True, slots=True)
class FittedProbabilities(Result):
    """Each row's probability of the event by a logistic model, in the order of the rows.

    ``probability`` is NaN in rows that stand for no patient, and None exactly when ``reason`` is set. ``method`` is what
    was fitted ("ml" or "firth"); ``n_parameters`` excludes the intercept.
    """

    probability: FloatArray | None
    method: str
    n: int
    n_event: int
    n_parameters: int
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class CalibrationGroup(Result):
    """Patients whose predicted probability lies above ``low`` and at or below ``high`` (the first group: from ``low``).

    ``observed`` is the share of them with the event, ``predicted`` the mean of their probabilities; None where the policy on
    small numbers took it out.
    """

    low: float
    high: float
    observed: Estimate
    predicted: float | None


@dataclass(frozen=True, slots=True)
class CalibrationResult(Result):
    """How predicted probabilities agree with what happened.

    ``in_the_large`` is the log odds by which predictions have to be shifted so that they add up to the events (0 is
    perfect, above 0: too few were predicted); ``slope`` and ``intercept`` are those of a logistic model of the outcome
    on the log odds predicted (1 and 0 are perfect, a slope below 1: predictions too extreme). ``groups`` are ascending.
    """

    in_the_large: Estimate
    slope: Estimate
    intercept: Estimate
    groups: tuple[CalibrationGroup, ...]
    n: int
    n_event: int
    conf_level: float
    notes: tuple[Note, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per group: ``low high n n_event predicted estimate conf_low conf_high conf_level conf_type``.

        ``estimate`` is the share of patients with the event.
        """
        columns = ["low", "high", "n", "n_event", "predicted", "estimate", "conf_low", "conf_high"]
        columns += ["conf_level", "conf_type"]
        rows = []
        for g in self.groups:
            e, interval = g.observed, g.observed.interval
            limits = (interval.low, interval.high, interval.level, interval.method) if interval else (None,) * 4
            rows.append((g.low, g.high, e.n, e.n_event, g.predicted, e.value, *limits))
        return pd.DataFrame(rows, columns=columns)


@dataclass(frozen=True, slots=True)
class Optimism(Result):
    """How much better one measure looks in the patients that a model was fitted to than it would in new ones.

    ``apparent`` is the measure in these patients, ``optimism`` the mean over ``n_replicates`` resamples of the measure
    in the resample less that in all patients, ``corrected`` is ``apparent`` less ``optimism``. ``std_error`` is the
    Monte Carlo error of ``optimism``, None below two resamples; it says nothing about the patients' number. ``optimism``
    and ``corrected`` are None exactly when ``reason`` is set; ``apparent`` may exist without them.
    """

    measure: str
    apparent: float | None
    optimism: float | None
    corrected: float | None
    std_error: float | None
    n_replicates: int
    reason: Reason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected(Result):
    """What the corrections of all models say of their resamples.

    ``replicates`` resamples were asked for and ``n_drawn`` drawn (fewer if it was stopped); ``n_failed`` of these gave
    no model, and ``n_penalised`` models were fitted by Firth's penalised likelihood. ``method`` is what was fitted to
    all patients ("ml" or "firth"); ``n_parameters`` excludes the intercept.
    """

    method: str
    n: int
    n_event: int
    n_parameters: int
    replicates: int
    n_drawn: int
    n_failed: int
    n_penalised: int
    seed: int
    reason: Reason | None = None
    notes: tuple[Note, ...] = ()

    @property
    def measures(self) -> tuple[Optimism, ...]:
        """What was corrected."""
        return ()

    def to_frame(self) -> pd.DataFrame:
        """One row per measure: ``term estimate optimism corrected std_error n_replicates reason method n n_event``."""
        columns = ["term", "estimate", "optimism", "corrected", "std_error", "n_replicates", "reason"]
        rows = [
            (m.measure, m.apparent, m.optimism, m.corrected, m.std_error, m.n_replicates, m.reason)
            for m in self.measures
        ]
        return pd.DataFrame(rows, columns=columns).assign(method=self.method, n=self.n, n_event=self.n_event)


@dataclass(frozen=True, slots=True)
class OptimismResult(Corrected):
    """A logistic model's own performance and what is left of it after correction for optimism."""

    auc: Optimism
    slope: Optimism
    brier: Optimism

    @property
    def measures(self) -> tuple[Optimism, ...]:
        """The three measures."""
        return self.auc, self.slope, self.brier


@dataclass(frozen=True, slots=True)
class ConcordanceOptimismResult(Corrected):
    """A Cox model's own concordance and what is left of it after correction for optimism."""

    concordance: Optimism

    @property
    def measures(self) -> tuple[Optimism, ...]:
        """The concordance."""
        return (self.concordance,)


@dataclass(frozen=True, slots=True)
class VarianceInflation(Result):
    """How much the other covariates widen what is known of one covariate's coefficients.

    ``gvif`` is the generalised variance inflation factor (1: not at all) of its ``df`` coefficients, ``scaled`` is
    gvif^(1 / (2 df)), which compares covariates with different ``df``. All three are None exactly when ``reason`` is set.
    """

    variable: str
    gvif: float | None
    df: int | None
    scaled: float | None
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Coefficient(Result):
    """A log odds ratio of a model: that of a level against the reference, or per unit of a number (``level`` None)."""

    variable: str
    level: str | None
    log_odds_ratio: float
    std_error: float


@dataclass(frozen=True, slots=True)
class InfluenceResult(Result):
    """What every single patient does to a logistic model: the model fitted again without one patient of each kind.

    Patients with equal covariates and outcome are one kind. Arrays hold one entry per kind that was left out, or a row
    per kind and a column per coefficient: ``row`` is the first row of the input that shows the kind, ``n`` how many
    patients are of it, ``event`` 1 or 0; ``log_odds_ratio`` is what each coefficient becomes, NaN where it is lost, and
    ``reasons`` then says why; ``change`` is by how many standard errors (of the whole model) it moves. ``n_kinds`` counts
    all kinds; of very many, only those with the largest change in a first approximation were left out in turn.
    ``n_event`` of the ``n_patients`` had the event. ``reason`` is set, and everything empty, where there is no model.
    """

    coefficients: tuple[Coefficient, ...]
    row: NDArray[np.int64]
    n: FloatArray
    event: FloatArray
    log_odds_ratio: FloatArray
    change: FloatArray
    reasons: tuple[tuple[Reason | None, ...], ...]
    method: str
    n_patients: int
    n_kinds: int
    reason: Reason | None = None
    n_event: int | None = None

    def to_frame(self) -> pd.DataFrame:
        """One row per kind and coefficient: ``row n event variable level estimate without change reason``.

        ``estimate`` and ``without`` are odds ratios, of all patients and without one of the kind.
        """
        columns = ["row", "n", "event", "variable", "level", "estimate", "without", "change", "reason"]
        rows = []
        for i, (row, n, event) in enumerate(zip(self.row, self.n, self.event, strict=True)):
            for j, c in enumerate(self.coefficients):
                without, change = (_exp(self.log_odds_ratio[i, j]), self.change[i, j])
                known = without is not None
                shown = (_exp(c.log_odds_ratio), without, float(change) if known else None, self.reasons[i][j])
                rows.append((int(row), int(n), int(event), c.variable, c.level, *shown))
        return pd.DataFrame(rows, columns=columns)


def _exp(value: float) -> float | None:
    """The ratio of a logarithm; None for NaN and where a float holds no such number."""
    return math.exp(value) if abs(value) < 700 else None


@dataclass(frozen=True, slots=True)
class SplineResult(Result):
    """A number's association with the outcome as a restricted cubic spline beside a straight line, other factors in the model.

    ``knots`` and ``grid`` are in the number's unit. ``log_odds_ratio`` compares each value of the grid with ``reference``
    (the median), ``low`` and ``high`` are its limits; ``straight`` is the log odds ratio per unit of the straight line.
    ``test`` compares the two by likelihood ratio. Where ``reason`` is set, arrays are empty and ``reference`` and
    ``straight`` None. ``method`` is what the spline was fitted by ("ml" or "firth"); ``n_parameters`` counts those of the model
    with the straight line, without the intercept.
    """

    variable: str
    knots: FloatArray
    grid: FloatArray
    log_odds_ratio: FloatArray
    low: FloatArray
    high: FloatArray
    reference: float | None
    straight: float | None
    test: TestResult
    method: str
    conf_level: float
    n: int
    n_event: int
    reason: Reason | None = None
    n_parameters: int = 0

    def to_frame(self) -> pd.DataFrame:
        """One row per value of the grid: ``variable value reference estimate conf_low conf_high conf_level straight``.

        The three estimates are odds ratios; ``straight`` is that of the straight line.
        """
        straight = (self.straight or 0.0) * (self.grid - (self.reference or 0.0))
        columns = {"estimate": self.log_odds_ratio, "conf_low": self.low, "conf_high": self.high, "straight": straight}
        ratios = {name: [_exp(value) for value in values.tolist()] for name, values in columns.items()}
        frame = pd.DataFrame({"value": self.grid, **{name: pd.Series(v, dtype=float) for name, v in ratios.items()}})
        frame.insert(0, "variable", self.variable)
        return frame.assign(reference=self.reference, conf_level=self.conf_level)
