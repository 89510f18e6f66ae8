"""Tests of proportional hazards: does a log hazard ratio of a Cox model change with time?

Sources
-------
Grambsch & Therneau (1994), Biometrika 81:515, doi:10.1093/biomet/81.3.515: the test against a coefficient b + c g(t)
and the scaled Schoenfeld residuals.
Therneau & Grambsch (2000), Modeling Survival Data, Springer, chapter 6: the plot and its smooth curve.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import chdtrc

from analytics.estimators.design import Column
from analytics.estimators.intervals import normal_quantile
from analytics.estimators.regression.cox import (
    Ties,
    check_ties,
    fit_plainly,
)
from analytics.estimators.regression.cox_sample import CoxSample
from analytics.estimators.regression.partial_likelihood import Moments, PartialLikelihood
from analytics.estimators.regression.risk_sets import RiskRows
from analytics.estimators.survival.kaplan_meier import estimate_survival
from analytics.results import (
    CoefficientOverTime,
    FloatArray,
    Note,
    ProportionalHazardsResult,
    Reason,
    TermTest,
    read_only,
)

Transform = Literal["km", "identity", "rank", "log"]

GLOBAL = "GLOBAL"
_GRID = 40
_SPLINE_DF = 4


def proportional_hazards_test(
    time: ArrayLike,
    event: ArrayLike,
    covariates: pd.DataFrame,
    *,
    entry: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    strata: Any = None,
    ties: Ties = "efron",
    transform: Transform = "km",
    conf_level: float = 0.95,
) -> ProportionalHazardsResult:
    """Score tests of proportional hazards for each covariate of a Cox model and for all of them.

    Parameters
    ----------
    time, event, covariates, entry, weight, strata, ties
        As for :func:`analytics.estimators.estimate_hazard_ratios`.
    transform : {"km", "identity", "rank", "log"}
        The scale g(t) on which a coefficient may drift: 1 - S(t-) with the Kaplan–Meier estimate of all patients, time,
        its rank among all times, or its logarithm.
    conf_level : float
        Level of the band around the smooth curves, between 0 and 1.

    Returns
    -------
    ProportionalHazardsResult
        The score test of c = 0 in the model with coefficients b + c g(t), b being estimated as without c. ``df`` counts
        the coefficients of the covariate. A covariate without estimated coefficient gives a reason; so does everything
        without patients or events, with an infinite hazard ratio, or with one event time only. For the plot, the scaled
        Schoenfeld residuals plus the coefficient, and a natural cubic spline (4 degrees of freedom on the scale of g,
        inner knots at the tertiles of events and grid together) with a pointwise band.

    Raises
    ------
    ValueError
        If an argument is not as described.
    TypeError
        If ``covariates`` is no DataFrame or a column is of a kind that cannot be used.
    """
    check_ties(ties)
    normal_quantile(conf_level)
    if transform not in get_args(Transform):
        raise ValueError(f"transform must be one of {', '.join(get_args(Transform))}: it is {transform!r}.")
    sample = CoxSample.from_arrays(time, event, covariates, entry, weight, strata)
    fit = fit_plainly(sample, ties)
    design, notes = sample.design, tuple(sample.design.notes)
    reason = fit.reason
    scale = _scale(sample.rows, transform) if reason is None else None
    likelihood, optimum, kept = fit.likelihood, fit.optimum, fit.columns
    if scale is not None and not np.isfinite(scale.of(likelihood.risk.time)).all():
        reason = Reason("no-logarithm-of-0")
    if reason is not None or scale is None:
        tests = [TermTest(c.name, None, None, None, reason) for c in design.covariates]
        return _result(
            tests, TermTest(GLOBAL, None, None, None, reason), transform, (), conf_level, sample, reason, notes
        )
    at, _ = likelihood.moments(optimum.beta)
    risk = likelihood.risk
    g = scale.of(risk.time)
    g = g - float(g @ risk.n_event) / float(risk.n_event.sum())
    score = likelihood.score(at, g)
    plain, once, twice = likelihood.information(at), likelihood.information(at, g), likelihood.information(at, g**2)
    # What is left of the drift's information once the coefficients are known.
    variance = twice - once @ np.linalg.solve(plain, once) if len(kept) else plain
    tests = []
    for position, covariate in enumerate(design.covariates):
        places = [i for i, index in enumerate(kept) if index in set(design.of_covariate(position))]
        without = design.single.get(position, Reason("made-up-by-covariates-or-strata"))
        if not places:
            tests.append(TermTest(covariate.name, None, None, None, without))
        else:
            # The drifts of the other covariates are held at 0, not estimated.
            tests.append(_score_test(covariate.name, score, variance, twice, places))
    everything = (
        _score_test(GLOBAL, score, variance, twice, list(range(len(kept))))
        if kept
        else TermTest(GLOBAL, None, None, None, Reason("no-coefficient"))
    )
    columns = [design.columns[index] for index in kept]
    curves = _curves(likelihood, optimum.beta, at, plain, columns, scale, conf_level, sample)
    return _result(tests, everything, transform, curves, conf_level, sample, None, notes)


def _result(
    tests: list[TermTest],
    everything: TermTest,
    transform: str,
    curves: tuple[CoefficientOverTime, ...],
    conf_level: float,
    sample: CoxSample,
    reason: Reason | None,
    notes: tuple[Note, ...],
) -> ProportionalHazardsResult:
    n, n_event = int(sample.design.n), int(sample.design.n_event)
    return ProportionalHazardsResult(tuple(tests), everything, transform, curves, conf_level, n, n_event, reason, notes)


class _Scale:
    """A scale of time: ``of`` gives g at times, linear between the known ones where asked for ``time_of``."""

    def __init__(self, transform: str, time: FloatArray, value: FloatArray) -> None:
        self.transform = transform
        self.time = time
        self.value = value

    def of(self, times: FloatArray) -> FloatArray:
        """g at event times."""
        return np.asarray(self.value[np.searchsorted(self.time, times)])

    def time_of(self, values: FloatArray, times: FloatArray) -> FloatArray:
        """The times at given g, by linear interpolation between event ``times`` where g is known only there."""
        if self.transform == "identity":
            return values
        if self.transform == "log":
            return np.exp(values)
        return np.asarray(np.interp(values, self.of(times), times))


def _scale(rows: RiskRows, transform: str) -> _Scale:
    """The values of g at all distinct times."""
    distinct, place = np.unique(rows.time, return_inverse=True)
    if transform == "km":
        (curve,) = estimate_survival(rows.time, rows.event, weight=rows.n, entry=rows.entry).curves
        value = 1.0 - np.concatenate([[1.0], curve.estimate])[np.searchsorted(curve.time, distinct, side="left")]
    elif transform == "rank":
        count = np.bincount(place, rows.n, len(distinct))
        value = np.cumsum(count) - (count - 1.0) / 2.0
    elif transform == "log":
        with np.errstate(divide="ignore"):
            value = np.log(distinct)
    else:
        value = distinct
    return _Scale(transform, distinct, np.asarray(value, dtype=np.float64))


def _score_test(name: str, score: FloatArray, variance: FloatArray, total: FloatArray, places: list[int]) -> TermTest:
    block, own = variance[np.ix_(places, places)], score[places]
    size = np.sqrt(np.maximum(np.diag(total)[places], 0.0))
    if (size <= 0).any() or np.linalg.eigvalsh(block / np.outer(size, size))[0] <= 1e-10:
        return TermTest(name, None, None, None, Reason("few-varying-times"))
    statistic = float(own @ np.linalg.solve(block, own))
    return TermTest(name, statistic, len(places), float(chdtrc(len(places), statistic)))


def _smaller_side(sample: CoxSample, column: Column) -> int | None:
    """The number of patients of a level or of its reference, whichever is less; None for a number."""
    reference = sample.design.references[column.covariate]
    if column.level is None or reference is None:
        return None
    n, _ = sample.design.counts[column.covariate]
    return int(min(n[column.level], n[reference]))


def _curves(
    likelihood: PartialLikelihood,
    beta: FloatArray,
    at: Moments,
    information: FloatArray,
    columns: list[Column | None],
    scale: _Scale,
    conf_level: float,
    sample: CoxSample,
) -> tuple[CoefficientOverTime, ...]:
    """The scaled residuals of each coefficient over time with their smooth curves."""
    risk, design = likelihood.risk, at.design
    if not columns:
        return ()
    events = risk.events.tocoo()
    moment, pattern, count = events.row, events.col, np.rint(events.data)
    order = np.argsort(risk.time[moment], kind="stable")
    moment, pattern, count = moment[order], pattern[order], count[order]
    residual = design[pattern] - at.mean[moment]
    used = _events_where_varying(likelihood)
    shared = np.minimum(used[:, :, None], used[:, None, :]).sum(axis=0)
    mean_variance = information / np.where(shared > 0, shared, 1.0)
    scaled = np.full_like(residual, np.nan)
    for stratum, counts in enumerate(used):
        which = np.flatnonzero(counts)
        rows = np.flatnonzero(risk.stratum[moment] == stratum)
        if len(which) and len(rows):
            block = mean_variance[np.ix_(which, which)]
            scaled[np.ix_(rows, which)] = np.linalg.solve(block, residual[np.ix_(rows, which)].T).T
    spread = np.diag(np.linalg.inv(mean_variance))
    axis = _Axis.through(scale.of(risk.time[moment]), count)
    found = []
    for index, column in enumerate(columns):
        assert column is not None
        covariate = sample.design.covariates[column.covariate]
        known = np.isfinite(scaled[:, index])
        time, n_event = risk.time[moment[known]], count[known]
        value = (scaled[known, index] + beta[index]) / column.scale
        std_error = math.sqrt(max(float(spread[index]), 0.0)) / column.scale
        smooth, half = _spline(scale.of(time), value, n_event, axis, std_error * normal_quantile(conf_level))
        grid = scale.time_of(axis.grid, np.unique(risk.time)) if len(smooth) else smooth
        found.append(
            CoefficientOverTime(
                variable=covariate.name,
                level=None if column.level is None else covariate.levels[column.level],
                coefficient=float(beta[index] / column.scale),
                time=read_only(time),
                n_event=read_only(n_event),
                beta=read_only(value),
                grid=read_only(grid),
                smooth=read_only(smooth),
                low=read_only(smooth - half),
                high=read_only(smooth + half),
                reason=None if len(smooth) else Reason("few-times-for-curve"),
                n=_smaller_side(sample, column),
            )
        )
    return tuple(found)


def _events_where_varying(likelihood: PartialLikelihood) -> FloatArray:
    """For each stratum and column the number of events, 0 where the column has one value in the stratum."""
    rows, design = likelihood.risk.rows, likelihood.design
    strata = int(rows.stratum.max(initial=0)) + 1
    used = np.zeros((strata, likelihood.size))
    n_event = np.bincount(rows.stratum, rows.n * rows.event, strata)
    for stratum in range(strata):
        x = design[np.unique(rows.pattern[rows.stratum == stratum])]
        if len(x):
            used[stratum] = np.where((x != x[0]).any(axis=0), n_event[stratum], 0.0)
    return used


@dataclass(frozen=True, slots=True)
class _Axis:
    """Where the curves are drawn: an even ``grid`` of g over all events, and the inner ``knots`` of the splines."""

    grid: FloatArray
    knots: FloatArray

    @classmethod
    def through(cls, g: FloatArray, n_event: FloatArray) -> _Axis:
        """The axis for events at the values ``g``: the knots are the tertiles of events and grid together."""
        grid = np.linspace(g.min(), g.max(), _GRID)
        everything, counts = np.concatenate([grid, g]), np.concatenate([np.ones(_GRID), n_event])
        return cls(grid, _weighted_quantiles(everything, counts, [1 / 3, 2 / 3]))

    def basis(self, g: FloatArray) -> FloatArray:
        """The values at g of functions that span the natural cubic splines with these knots.

        With knots k_1 < ... < k_4, scaled to 0 and 1 at the ends, and d_j(x) = ((x - k_j)+^3 - (x - k_4)+^3) /
        (k_4 - k_j), they are 1, x, d_1 - d_3 and d_2 - d_3.
        """
        low, extent = self.grid[0], self.grid[-1] - self.grid[0]
        x, knots = (g - low) / extent, np.concatenate([[0.0], (self.knots - low) / extent])
        beyond = np.maximum(x - 1.0, 0.0) ** 3
        first, second, third = ((np.maximum(x - k, 0.0) ** 3 - beyond) / (1.0 - k) for k in knots)
        return np.column_stack([np.ones_like(x), x, first - third, second - third])


def _spline(
    g: FloatArray, value: FloatArray, n_event: FloatArray, axis: _Axis, half_width: float
) -> tuple[FloatArray, FloatArray]:
    """A natural cubic spline on the grid of the axis and the half width of its band; both empty if there is none."""
    empty = np.zeros(0)
    places = np.array([axis.grid[0], *axis.knots, axis.grid[-1]])
    if len(np.unique(g)) < _SPLINE_DF or np.diff(places).min() <= 1e-9 * np.ptp(places):
        return empty, empty
    root = np.sqrt(n_event)
    orthogonal, triangle = np.linalg.qr(axis.basis(g) * root[:, None])
    if np.abs(np.diag(triangle)).min() <= 1e-7 * np.abs(np.diag(triangle)).max():
        return empty, empty
    on_grid = np.linalg.solve(triangle.T, axis.basis(axis.grid).T).T
    smooth = on_grid @ (orthogonal.T @ (value * root))
    return smooth, half_width * np.sqrt((on_grid**2).sum(axis=1))


def _weighted_quantiles(values: FloatArray, count: FloatArray, shares: list[float]) -> FloatArray:
    """Quantiles of repeated values, linear between the order statistics at share (n - 1) + 1 (type 7)."""
    order = np.argsort(values, kind="stable")
    reach = np.cumsum(count[order])
    place = np.asarray(shares) * (reach[-1] - 1.0)
    below, above = (
        values[order][np.searchsorted(reach, step, side="right")] for step in (np.floor(place), np.ceil(place))
    )
    return np.asarray(below + (place - np.floor(place)) * (above - below))
