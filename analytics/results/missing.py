"""Missing values, and estimates pooled over imputed data sets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy.special import stdtr, stdtrit

from analytics.results.core import Estimate, FloatArray, Reason, Result, read_only
from analytics.results.regression import OddsRatio, OddsRatioResult, TermTest


@dataclass(frozen=True, slots=True)
class MissingShare(Result):
    """How often one variable is missing, as shares of 0 to 1: among all, with the event and without it.

    ``n_event`` of each estimate counts the patients whose value is missing, ``n`` all of them. ``difference`` is the share
    among those with the event less that among those without; it and a share without patients give a reason.
    """

    variable: str
    everyone: Estimate
    with_event: Estimate
    without_event: Estimate
    difference: Estimate


@dataclass(frozen=True, slots=True)
class MissingPattern(Result):
    """Patients who lack exactly the variables in ``missing``: ``n`` of them, ``n_event`` with the event."""

    missing: tuple[str, ...]
    n: int
    n_event: int


@dataclass(frozen=True, slots=True)
class MissingResult(Result):
    """Missing values per variable, in the order of the columns, and per pattern, the complete one first, then by size.

    The complete pattern is always there, if need be with no patients.
    """

    variables: tuple[MissingShare, ...]
    patterns: tuple[MissingPattern, ...]
    n: int
    n_event: int
    conf_level: float

    @property
    def n_complete(self) -> int:
        """Patients with every variable known."""
        return self.patterns[0].n

    @property
    def n_missing(self) -> int:
        """Values that are missing, over all variables."""
        return sum(v.everyone.n_event for v in self.variables)

    def to_frame(self) -> pd.DataFrame:
        """Per variable: ``variable group n n_missing estimate conf_low conf_high conf_level reason``.

        ``group`` is "all", "with event", "without event" or "difference".
        """
        columns = ["variable", "group", "n", "n_missing", "estimate", "conf_low", "conf_high", "reason"]
        rows = []
        for v in self.variables:
            parts = {"all": v.everyone, "with event": v.with_event, "without event": v.without_event}
            for group, e in {**parts, "difference": v.difference}.items():
                low, high = (e.interval.low, e.interval.high) if e.interval else (None, None)
                rows.append((v.variable, group, e.n, e.n_event, e.value, low, high, e.reason))
        return pd.DataFrame(rows, columns=columns).assign(conf_level=self.conf_level)

    def patterns_to_frame(self) -> pd.DataFrame:
        """Per pattern: ``missing n_missing n n_event``; ``missing`` lists the variables, separated by spaces."""
        rows = [(" ".join(p.missing), len(p.missing), p.n, p.n_event) for p in self.patterns]
        return pd.DataFrame(rows, columns=["missing", "n_missing", "n", "n_event"])


@dataclass(frozen=True, slots=True)
class PooledEstimates(Result):
    """Estimates pooled over imputed data sets, one entry per coefficient.

    ``estimate`` is the mean over the sets; ``within`` the mean of their variances, ``between`` the variance of their
    estimates, ``total`` = within + (1 + 1/m) between. ``df`` are Barnard and Rubin's; ``fraction_missing`` is the share of
    the information about the coefficient that is missing, ``efficiency`` that of m sets relative to endlessly many.
    """

    estimate: FloatArray
    within: FloatArray
    between: FloatArray
    total: FloatArray
    df: FloatArray
    fraction_missing: FloatArray
    efficiency: FloatArray
    m: int

    no_rule: ClassVar[str] = "a step on the way to pooled ratios, which no analysis holds"

    @property
    def std_error(self) -> FloatArray:
        """Square roots of the total variances."""
        return read_only(np.sqrt(self.total))

    @property
    def p_value(self) -> FloatArray:
        """Two-sided p of each estimate against 0, from t with ``df`` degrees of freedom."""
        with np.errstate(divide="ignore"):
            return read_only(2.0 * stdtr(self.df, -np.abs(self.estimate) / np.sqrt(self.total)))

    def limits(self, conf_level: float = 0.95) -> tuple[FloatArray, FloatArray]:
        """Limits estimate ± t SE."""
        half = stdtrit(self.df, (1.0 + conf_level) / 2.0) * np.sqrt(self.total)
        return read_only(self.estimate - half), read_only(self.estimate + half)


@dataclass(frozen=True, slots=True)
class PooledTest(Result):
    """The test, pooled over imputed sets, that all coefficients of a covariate are 0.

    ``statistic`` is F with ``df`` and ``df_error`` degrees of freedom, the latter infinite where the sets do not differ and the
    complete data set no limit. All are None, with a reason, where there is no test.
    """

    variable: str
    statistic: float | None
    df: int | None
    df_error: float | None
    p_value: float | None
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class PooledRatio(Result):
    """The odds ratio of one level (or number) pooled over imputed sets.

    ``odds_ratio`` has the mean numbers of patients and events over the sets, rounded, and the standard error of its
    logarithm. ``df``, ``fraction_missing`` and ``efficiency`` are as in :class:`PooledEstimates`, None for a reference
    level and without an estimate. ``p_reason`` says why there is no p, where the policy on small numbers took it out.
    """

    variable: str
    level: str | None
    is_reference: bool
    odds_ratio: Estimate
    p_value: float | None = None
    df: float | None = None
    fraction_missing: float | None = None
    efficiency: float | None = None
    p_reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class PooledResult(Result):
    """Odds ratios pooled over ``m`` imputed sets of ``n`` patients each; ``method`` as in ``OddsRatioResult``.

    ``n_parameters`` excludes the intercept. ``tests`` has one entry per covariate, where they were asked for. ``reason`` is
    set where nothing could be pooled.
    """

    terms: tuple[PooledRatio, ...]
    method: str
    m: int
    n: int
    n_event: int
    n_parameters: int
    conf_level: float
    reason: Reason | None = None
    tests: tuple[PooledTest, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per level: ``variable level is_reference n n_event estimate std_error conf_low … df reason``."""
        columns = ["variable", "level", "is_reference", "n", "n_event", "estimate", "std_error", "conf_low"]
        columns += ["conf_high", "p_value", "df", "fraction_missing", "relative_efficiency", "reason"]
        rows = []
        for t in self.terms:
            e = t.odds_ratio
            low, high = (e.interval.low, e.interval.high) if e.interval else (None, None)
            numbers = (e.n, e.n_event, e.value, e.std_error, low, high, t.p_value, t.df)
            rows.append((t.variable, t.level, t.is_reference, *numbers, t.fraction_missing, t.efficiency, e.reason))
        return pd.DataFrame(rows, columns=columns).assign(
            conf_level=self.conf_level,
            conf_type="CLIP" if self.method == "firth" else "t",
            test="combined penalised profiles (CLIP)" if self.method == "firth" else "t test (Rubin’s rules)",
            method=self.method,
        )


def as_model(pooled: PooledResult) -> OddsRatioResult:
    """Pooled ratios in the form of a fitted model, so that they are shown, and withheld, as those of any model are."""
    terms = tuple(
        OddsRatio(
            t.variable,
            t.level,
            t.is_reference,
            t.odds_ratio.n,
            t.odds_ratio.n_event,
            t.odds_ratio,
            t.p_value,
            p_reason=t.p_reason,
        )
        for t in pooled.terms
    )
    tests = tuple(TermTest(t.variable, t.statistic, t.df, t.p_value, t.reason) for t in pooled.tests)
    numbers = (pooled.n, pooled.n_event, pooled.n_parameters)
    return OddsRatioResult(
        terms,
        tests,
        pooled.method,
        pooled.conf_level,
        "CLIP" if pooled.method == "firth" else "t",
        *numbers,
        None,
        pooled.reason,
    )
