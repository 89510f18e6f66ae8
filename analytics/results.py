"""Frozen results: what an estimator returns and a figure, table, sentence or file is made from.

"Not estimable" is a result with a reason, never an exception and never a NaN in a scalar field.
Arrays inside results are read-only; in arrays alone, NaN marks a limit that is not defined.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Severity = Literal["info", "caution", "warning"]


def read_only(values: object) -> FloatArray:
    """A read-only float copy of ``values``, so that a shared result cannot be changed by its reader."""
    array = np.array(values, dtype=np.float64)
    array.setflags(write=False)
    return array


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence interval.

    ``low`` or ``high`` is None where the limit does not exist (a median whose upper limit is not reached,
    an odds ratio without finite limit). ``level`` is 0 to 1 (0.95), ``method`` names the formula ("log-log", "profile").

    Raises
    ------
    ValueError
        If a limit is not finite, or low > high, or the level is not between 0 and 1.
    """

    low: float | None
    high: float | None
    level: float
    method: str

    def __post_init__(self) -> None:
        for name, limit in (("low", self.low), ("high", self.high)):
            if limit is not None and not math.isfinite(limit):
                raise ValueError(f"{name} must be finite or None: it is {limit}.")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low must not exceed high: {self.low} > {self.high}.")
        if not 0 < self.level < 1:
            raise ValueError(f"level must lie between 0 and 1 (0.95, not 95): it is {self.level}.")


@dataclass(frozen=True, slots=True)
class Estimate:
    """One number with its interval and the patients it rests on; ``value`` is None exactly when ``reason`` is set.

    ``n`` patients, ``n_event`` of them with the event. ``reason`` is a short clause for the reader ("no events").
    """

    value: float | None
    interval: Interval | None = None
    n: int = 0
    n_event: int = 0
    reason: str | None = None
    std_error: float | None = None

    def __post_init__(self) -> None:
        if (self.value is None) != (self.reason is not None):
            raise ValueError("value must be None exactly when a reason is given.")
        if self.value is not None and not math.isfinite(self.value):
            raise ValueError(f"value must be finite: it is {self.value}. Give a reason instead.")


@dataclass(frozen=True, slots=True)
class Note:
    """A remark that travels with a result: ``text`` says what is so (with the numbers), ``remedy`` what to do.

    ``code`` is a stable lower-case word ("separation"), used by tests and for grouping, so that wording may improve.
    """

    code: str
    severity: Severity
    text: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class GroupCount:
    """Patients, observed and expected events of one group in a test."""

    group: str
    n: int
    observed: float
    expected: float


@dataclass(frozen=True, slots=True)
class TestResult:
    """A test: statistic, degrees of freedom and p; all three None, with a reason, where it cannot be done."""

    __test__ = False  # not a pytest class

    method: str
    statistic: float | None
    df: int | None
    p_value: float | None
    groups: tuple[GroupCount, ...] = ()
    reason: str | None = None
    notes: tuple[Note, ...] = ()

    @property
    def observed(self) -> tuple[float, ...]:
        """Observed events, in group order."""
        return tuple(group.observed for group in self.groups)

    @property
    def expected(self) -> tuple[float, ...]:
        """Expected events, in group order."""
        return tuple(group.expected for group in self.groups)

    def to_frame(self) -> pd.DataFrame:
        """One row per group: ``group n observed expected``, with the test's ``statistic df p_value`` repeated."""
        frame = pd.DataFrame(
            [(g.group, g.n, g.observed, g.expected) for g in self.groups],
            columns=["group", "n", "observed", "expected"],
        )
        return frame.assign(statistic=self.statistic, df=self.df, p_value=self.p_value)


@dataclass(frozen=True, slots=True)
class PairwiseTest:
    """The test of one pair of groups, from those two groups' patients alone; ``p_adjusted`` over all pairs."""

    group_a: str
    group_b: str
    test: TestResult
    p_adjusted: float | None
    adjust: str


@dataclass(frozen=True, slots=True)
class SurvivalCurve:
    """A Kaplan–Meier curve of one group, one entry per distinct observed time (events and censorings), ascending.

    ``time`` is in the unit it was given in (months in this product); ``n_risk`` counts patients with time >= t just
    before t; ``estimate`` is the probability 0–1 of being event-free after t; ``std_error`` is Greenwood's, on the
    probability scale; ``low`` and ``high`` are NaN where the interval is not defined (as in R at an estimate of 0).
    The curve starts at 1 at time 0, which is not stored.
    """

    group: str
    n: int
    n_event: int
    time: FloatArray
    n_risk: FloatArray
    n_event_at: FloatArray
    n_censor: FloatArray
    estimate: FloatArray
    std_error: FloatArray
    low: FloatArray
    high: FloatArray
    conf_level: float
    conf_type: str
    median: Estimate


@dataclass(frozen=True, slots=True)
class SurvivalResult:
    """Kaplan–Meier curves in group order."""

    curves: tuple[SurvivalCurve, ...]
    conf_level: float
    conf_type: str
    notes: tuple[Note, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per group and time: ``group time n_risk n_event n_censor estimate std_error conf_low conf_high …``."""
        columns = ["group", "time", "n_risk", "n_event", "n_censor", "estimate", "std_error", "conf_low", "conf_high"]
        parts = [
            pd.DataFrame(
                dict(
                    zip(
                        columns,
                        (c.group, c.time, c.n_risk, c.n_event_at, c.n_censor, c.estimate, c.std_error, c.low, c.high),
                        strict=True,
                    )
                )
            )
            for c in self.curves
        ]
        frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
        return frame.assign(conf_level=self.conf_level, conf_type=self.conf_type)


@dataclass(frozen=True, slots=True)
class OddsRatio:
    """One level of one covariate (or one numeric covariate, with ``level`` None: per unit increase).

    ``n`` patients and ``n_event`` outcomes in that level. A reference row has an odds ratio of exactly 1 without
    interval or p. ``p_value`` is Wald's for maximum likelihood and the penalised likelihood-ratio p for Firth.
    """

    variable: str
    level: str | None
    is_reference: bool
    n: int
    n_event: int
    odds_ratio: Estimate
    p_value: float | None
    statistic: float | None = None


@dataclass(frozen=True, slots=True)
class TermTest:
    """The likelihood-ratio test of a whole covariate (all its levels at once)."""

    variable: str
    statistic: float | None
    df: int | None
    p_value: float | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class OddsRatioResult:
    """Odds ratios of one logistic model.

    ``method`` is what was fitted ("ml" or "firth"); ``terms`` has one entry per level in the order of the covariates;
    ``tests`` one per covariate; ``n`` and ``n_event`` count the patients used; ``n_parameters`` excludes the intercept.
    ``reason`` is set when nothing could be fitted (then every term says so too).
    """

    terms: tuple[OddsRatio, ...]
    tests: tuple[TermTest, ...]
    method: str
    conf_level: float
    conf_type: str
    n: int
    n_event: int
    n_parameters: int
    log_likelihood: float | None
    reason: str | None = None
    notes: tuple[Note, ...] = ()

    @property
    def events_per_parameter(self) -> float | None:
        """The smaller of events and non-events, per estimated parameter without the intercept; None without any."""
        return min(self.n_event, self.n - self.n_event) / self.n_parameters if self.n_parameters else None

    def to_frame(self) -> pd.DataFrame:
        """One row per level: ``term variable level is_reference reference n n_event estimate std_error conf_low …``.

        ``estimate`` is the odds ratio, ``std_error`` the standard error of its logarithm, ``statistic`` the Wald z.
        """
        reference = {t.variable: t.level for t in self.terms if t.is_reference}
        rows = []
        for t in self.terms:
            interval = t.odds_ratio.interval
            rows.append(
                {
                    "term": t.variable if t.level is None else f"{t.variable}: {t.level}",
                    "variable": t.variable,
                    "level": t.level,
                    "is_reference": t.is_reference,
                    "reference": reference.get(t.variable),
                    "n": t.n,
                    "n_event": t.n_event,
                    "estimate": t.odds_ratio.value,
                    "std_error": t.odds_ratio.std_error,
                    "conf_low": interval.low if interval else None,
                    "conf_high": interval.high if interval else None,
                    "conf_level": self.conf_level,
                    "conf_type": self.conf_type,
                    "statistic": t.statistic,
                    "p_value": t.p_value,
                    "method": self.method,
                    "reason": t.odds_ratio.reason,
                }
            )
        return pd.DataFrame(rows)
