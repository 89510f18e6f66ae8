"""Test of proportional subdistribution hazards: does a log ratio of a Fine–Gray model change with time?

Sources
-------
Fine & Gray (1999), Journal of the American Statistical Association 94:496, doi:10.1080/01621459.1999.10474144: the model,
its residuals and the variance of its score.
Zhou, Fine & Laird (2013), Statistics in Medicine 32:3804, doi:10.1002/sim.5815: the score of a coefficient b + c g(t) as a
test of the model.
Boos (1992), The American Statistician 46:327, doi:10.1080/00031305.1992.10475921: score tests with a robust variance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc

from analytics.estimators.competing.subdistribution import MEASURE, estimate_subdistribution_hazard_ratios
from analytics.estimators.design import Design, check_covariates, read_covariates
from analytics.estimators.observations import CompetingObservations
from analytics.estimators.regression.partial_likelihood import (
    WIDE,
    closed_up,
    told_apart,
)
from analytics.results import FloatArray, HazardRatioResult, ProportionalHazardsResult, Reason, TermTest

GLOBAL, TRANSFORM = "GLOBAL", "incidence"
# A coefficient without an estimate of its own, beside which the others stay what they are.
_MADE_UP = ("collinear", "uninformative")
MOST_PAIRS = 200_000_000
PAIRS_AT_ONCE = 2_000_000
_NEGLIGIBLE = 1e-9


def proportional_subdistribution_hazards_test(
    time: ArrayLike,
    cause: ArrayLike,
    covariates: pd.DataFrame,
    *,
    of: int = 1,
    weight: ArrayLike | None = None,
    model: HazardRatioResult | None = None,
    conf_level: float = 0.95,
) -> ProportionalHazardsResult:
    """Score tests of proportional subdistribution hazards for each covariate of a Fine–Gray model and for all of them.

    Parameters
    ----------
    time, cause, covariates, of, weight
        As for :func:`~analytics.estimators.estimate_subdistribution_hazard_ratios`.
    model : HazardRatioResult, optional
        What that function gave for the same arguments, where it is at hand.
    conf_level : float
        Of the result, between 0 and 1; the tests do not depend on it.

    Returns
    -------
    ProportionalHazardsResult
        The score test of c = 0 in a model with coefficients b + c g(t), g(t) being the cumulative incidence of the cause just
        before t (``transform`` "incidence") and b estimated as without c. The variance of the score is that of the patients'
        contributions, to it and by way of the estimated weights, less what b takes away. The drifts of the other covariates
        are held at 0. A covariate without estimated coefficient gives a reason; so does everything without a model, with an
        infinite ratio, with one event time only, or with more than 200 million pairs of event times and rows. There are no
        ``coefficients`` over time.

    Raises
    ------
    ValueError
        If an argument is not as described.
    TypeError
        If ``covariates`` is no DataFrame or a column is of a kind that cannot be used.
    """
    fitted = model or estimate_subdistribution_hazard_ratios(
        time, cause, covariates, of=of, weight=weight, conf_level=conf_level
    )
    sample = CompetingObservations.from_arrays(time, cause, weight)
    check_covariates(covariates, len(sample.data.kept), "time")
    read = read_covariates(covariates, np.flatnonzero(sample.data.kept))
    is_event = sample.cause == of
    design = Design(read, is_event.astype(np.float64), sample.data.weight, measure=MEASURE, intercept=False)
    names = [covariate.name for covariate in design.covariates]

    def result(tests: list[TermTest], everything: TermTest, reason: Reason | None = None) -> ProportionalHazardsResult:
        n, n_event = int(design.n), int(design.n_event)
        return ProportionalHazardsResult(tuple(tests), everything, TRANSFORM, (), conf_level, n, n_event, reason)

    columns, beta, reasons, infinite = _coefficients(design, fitted)
    moments = np.unique(sample.data.time[is_event])
    reason = fitted.reason or infinite
    if reason is None and not columns:
        reason = Reason("no-coefficient")
    if reason is None and len(moments) < 2:
        reason = Reason("one-event-time")
    if reason is None and len(moments) * len(is_event) > MOST_PAIRS:
        reason = Reason.of("too-many-to-test", n=len(is_event), n_times=len(moments))
    if reason is not None:
        tests = [TermTest(name, None, None, None, reason) for name in names]
        return result(tests, TermTest(GLOBAL, None, None, None, reason), reason)
    x = design.matrix[design.patterns.of_row][:, columns]
    pieces = _Pieces.of(sample, of, x, beta)
    drift = pieces.sums(_incidence_before(sample, of, moments))
    plain = pieces.sums(np.ones(len(moments)))
    # What is left of the drift's score once the coefficients are estimated.
    share = np.linalg.solve(plain.information, drift.information).T
    parts = drift.contributions - plain.contributions @ share.T
    variance = (parts * sample.data.weight[:, None]).T @ parts
    tests = []
    for position, name in enumerate(names):
        places = [i for i, index in enumerate(columns) if design.columns[index].covariate == position]  # type: ignore[union-attr]
        if not places:
            tests.append(TermTest(name, None, None, None, reasons.get(position, Reason("no-coefficient"))))
        else:
            tests.append(_score_test(name, drift.score, variance, places))
    return result(tests, _score_test(GLOBAL, drift.score, variance, list(range(len(columns)))))


def _coefficients(
    design: Design, model: HazardRatioResult
) -> tuple[list[int], FloatArray, dict[int, Reason], Reason | None]:
    """The design's columns with an estimate and these, on the design's scale, and why covariates have none.

    Last comes why one is infinite, if any is: without it, the others would be those of another model.
    """
    terms = {(t.variable, t.level): t.ratio for t in model.terms}
    columns: list[int] = []
    beta: list[float] = []
    reasons: dict[int, Reason] = dict(design.single)
    infinite: Reason | None = None
    for index, column in enumerate(design.columns):
        assert column is not None
        covariate = design.covariates[column.covariate]
        level = None if column.level is None else covariate.levels[column.level]
        ratio = terms[covariate.name, level]
        if ratio.value is not None:
            columns.append(index)
            beta.append(math.log(ratio.value) * column.scale)
        else:
            reason = ratio.reason or Reason("no-coefficient")
            reasons[column.covariate] = reason
            if infinite is None and (reason.get("why") or reason).code not in _MADE_UP:
                infinite = reason
    return columns, np.array(beta), reasons, infinite


def _incidence_before(sample: CompetingObservations, of: int, at: FloatArray) -> FloatArray:
    """The cumulative incidence of the cause, of all patients, just before each of its times."""
    moments, place = np.unique(sample.data.time, return_inverse=True)
    n = sample.data.weight
    left = np.bincount(place, n, len(moments))
    at_risk = np.cumsum(left[::-1])[::-1]
    any_cause = np.bincount(place, n * (sample.cause > 0), len(moments)) / at_risk
    own = np.bincount(place, n * (sample.cause == of), len(moments)) / at_risk
    free = np.concatenate([[1.0], np.cumprod(1.0 - any_cause)[:-1]])
    before = np.concatenate([[0.0], np.cumsum(free * own)[:-1]])
    return np.asarray(before[np.searchsorted(moments, at)])


@dataclass(frozen=True, slots=True)
class _Sums:
    score: FloatArray
    information: FloatArray
    contributions: FloatArray


@dataclass(frozen=True, slots=True)
class _Pieces:
    """What the sums over the events need: rows in ``x`` with their relative ``hazard``, the ``moments`` of the cause's events.

    ``uncensored`` is the Kaplan–Meier estimate of being uncensored just before each moment, ``own`` that at a row's own time.
    """

    sample: CompetingObservations
    is_event: NDArray[np.bool_]
    is_competing: NDArray[np.bool_]
    x: FloatArray
    hazard: FloatArray
    moments: FloatArray
    n_event: FloatArray
    uncensored: FloatArray
    own: FloatArray

    @classmethod
    def of(cls, sample: CompetingObservations, of: int, x: FloatArray, beta: FloatArray) -> _Pieces:
        time, n = sample.data.time, sample.data.weight
        is_event = sample.cause == of
        moments, place = np.unique(time[is_event], return_inverse=True)
        grid, at = np.unique(time, return_inverse=True)
        at_risk = np.cumsum(np.bincount(at, n, len(grid))[::-1])[::-1]
        after = np.cumprod(1.0 - np.bincount(at, n * (sample.cause == 0), len(grid)) / at_risk)
        before = np.concatenate([[1.0], after[:-1]])
        if grid[0] == 0:
            # As in crr: patients without follow-up do not count as followed.
            before[0] = after[0]
        eta = x @ beta
        if len(eta) and float(np.ptp(eta)) > WIDE and (classes := told_apart(eta)).any():
            # Patients far below all they are compared with would vanish, and their risk sets with them.
            eta, x = closed_up(eta, x, beta, classes)
        return cls(
            sample=sample,
            is_event=is_event,
            is_competing=(sample.cause > 0) & ~is_event,
            x=x,
            hazard=np.exp(eta - eta.max()),
            moments=moments,
            n_event=np.bincount(place, n[is_event], len(moments)).astype(np.float64),
            uncensored=before[np.searchsorted(grid, moments)],
            own=before[at],
        )

    def sums(self, scale: FloatArray) -> _Sums:
        """Score, information and contributions with each event time counting ``scale`` times."""
        time, n = self.sample.data.time, self.sample.data.weight
        size = self.x.shape[1]
        score, information = np.zeros(size), np.zeros((size, size))
        contributions = np.zeros_like(self.x)
        mean = np.zeros((len(self.moments), size))
        rate = np.zeros(len(self.moments))
        stays = np.where(self.is_competing & (self.own > 0), 1.0 / np.where(self.own > 0, self.own, 1.0), 0.0)
        step = max(1, PAIRS_AT_ONCE // max(len(time), 1))
        for start in range(0, len(self.moments), step):
            block = slice(start, start + step)
            at, free = self.moments[block, None], self.uncensored[block, None]
            in_risk = np.where(time >= at, 1.0, free * stays) * self.hazard
            amount = in_risk * n
            total = amount.sum(axis=1)
            mean[block] = amount @ self.x / total[:, None]
            rate[block] = self.n_event[block] / total
            weighted = rate[block] * scale[block]
            exposure = weighted @ in_risk
            contributions -= self.x * exposure[:, None] - in_risk.T @ (weighted[:, None] * mean[block])
            information += (self.x * (exposure * n)[:, None]).T @ self.x
            information -= (mean[block] * (self.n_event[block] * scale[block])[:, None]).T @ mean[block]
        place = np.searchsorted(self.moments, time[self.is_event])
        own = (self.x[self.is_event] - mean[place]) * scale[place, None]
        contributions[self.is_event] += own
        score = n[self.is_event] @ own
        return _Sums(score, information, contributions + self._by_weights(mean, rate * scale))

    def _by_weights(self, mean: FloatArray, rate: FloatArray) -> FloatArray:
        """What each patient contributes by way of the weights of those with a competing event."""
        time, n = self.sample.data.time, self.sample.data.weight
        grid, at = np.unique(time, return_inverse=True)
        pieces = np.column_stack([rate, rate[:, None] * mean]) * self.uncensored[:, None]
        to_come = np.zeros((len(self.moments) + 1, pieces.shape[1]))
        to_come[:-1] = np.cumsum(pieces[::-1], axis=0)[::-1]
        to_come = to_come[np.searchsorted(self.moments, grid, side="left")]
        stays = self.is_competing & (self.own > 0)
        amount = np.zeros(len(time))
        amount[stays] = (n * self.hazard)[stays] / self.own[stays]
        sums = np.zeros((len(grid) + 1, 1 + self.x.shape[1]))
        np.add.at(sums, at + 1, np.column_stack([amount, amount[:, None] * self.x]))
        # Of those with a competing event before each time.
        sums = np.cumsum(sums, axis=0)[:-1]
        change = sums[:, 1:] * to_come[:, :1] - sums[:, :1] * to_come[:, 1:]
        at_risk = np.cumsum(np.bincount(at, n, len(grid))[::-1])[::-1]
        is_censored = self.sample.cause == 0
        effect = change / at_risk[:, None]
        censored = np.bincount(at, n * is_censored, len(grid)) / at_risk
        compensator = np.cumsum(effect * censored[:, None], axis=0)
        return np.asarray(effect[at] * is_censored[:, None] - compensator[at])


def _score_test(name: str, score: FloatArray, variance: FloatArray, places: list[int]) -> TermTest:
    block = variance[np.ix_(places, places)]
    spread = np.sqrt(np.maximum(np.diag(block), 0.0))
    if not (spread > 0).all() or np.linalg.eigvalsh(block / np.outer(spread, spread))[0] < _NEGLIGIBLE:
        return TermTest(name, None, None, None, Reason("nothing-about-change"))
    statistic = float(score[places] @ np.linalg.solve(block, score[places]))
    return TermTest(name, statistic, len(places), float(chdtrc(len(places), statistic)))
