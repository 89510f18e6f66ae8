"""The weighted partial likelihood of Fine and Gray, its risk sets, and what each patient adds to its score.

A patient with a competing event stays in the risk set, with a weight that falls as censoring would have taken the
patient away. The weights are the Kaplan–Meier estimate of being uncensored; their own uncertainty is part of the
variance.

Sources
-------
Fine & Gray (1999), Journal of the American Statistical Association 94:496, doi:10.1080/01621459.1999.10474144: the
model, its weights and the variance.
Breslow (1974), Biometrics 30:89, doi:10.2307/2529620: events at one time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from analytics.estimators.design import BoolArray, Design, IntArray
from analytics.estimators.newton import Values, evaluate_each
from analytics.estimators.observations import CompetingObservations
from analytics.estimators.regression.partial_likelihood import (
    WIDE,
    WIDEST,
    closed_up,
    told_apart,
)
from analytics.results import FloatArray


@dataclass(frozen=True, slots=True)
class Subjects:
    """Rows of a model, ascending in time: ``kind`` 1 for the cause, 2 for a competing one, 0 for censored.

    ``uncensored`` is G just before each time of ``grid`` (the distinct times), one row per censoring group, and ``own``
    that of a row's group at its own time. ``place`` indexes the grid.
    """

    place: IntArray
    kind: IntArray
    weight: FloatArray
    group: IntArray
    x: FloatArray
    pattern: IntArray
    grid: FloatArray
    uncensored: FloatArray
    own: FloatArray

    @classmethod
    def from_sample(cls, sample: CompetingObservations, of: int, group: IntArray, design: Design) -> Subjects:
        """The subjects of a sample by rising time, for the cause ``of``."""
        order = np.argsort(sample.data.time, kind="stable")
        grid, place = np.unique(sample.data.time[order], return_inverse=True)
        cause, weight, group = sample.cause[order], sample.data.weight[order], group[order]
        size = int(group.max(initial=-1)) + 1
        kind = np.where(cause == of, 1, np.where(cause > 0, 2, 0)).astype(np.intp)
        uncensored = np.zeros((size, len(grid)))
        for code in range(size):
            rows = group == code
            if not rows.any():
                continue
            removed = np.bincount(place[rows], weight[rows], len(grid))
            censored = np.bincount(place[rows], weight[rows] * (kind[rows] == 0), len(grid))
            at_risk = np.cumsum(removed[::-1])[::-1]
            after = np.cumprod(1 - censored / np.where(at_risk > 0, at_risk, 1.0))
            uncensored[code] = np.concatenate([[1.0], after[:-1]])
            if grid[0] == 0:
                uncensored[code, 0] = after[0]
            uncensored[code, at_risk == 0] = 0.0
        pattern = design.patterns.of_row[order]
        return cls(
            place, kind, weight, group, design.matrix[pattern], pattern, grid, uncensored, uncensored[group, place]
        )


@dataclass(frozen=True, slots=True)
class _Staying:
    """Rows of one censoring group with a competing event, ascending in time: they stay in the risk sets.

    ``inverse`` is their 1 / G(X-), ``uncensored`` is G(t-) at the event times and ``share`` the part of the events at
    each that belongs to the group.
    """

    rows: IntArray
    inverse: FloatArray
    uncensored: FloatArray
    share: FloatArray

    def still_to_come(self, increment: FloatArray) -> FloatArray:
        """Sums of G(t-) times ``increment`` over the event times from each one on, and 0 after the last."""
        after = np.zeros((len(increment) + 1, increment.shape[1]))
        after[:-1] = np.cumsum((self.uncensored[:, None] * increment)[::-1], axis=0)[::-1]
        return after


@dataclass(frozen=True, slots=True)
class WeightedRiskSets:
    """The rows that are compared with one another, ascending in time, and the times at which they have events.

    ``first`` is the first row still under observation at each event time, ``seen`` the number of event times up to and
    including each row's own. ``staying`` has one entry per censoring group with competing events.
    """

    rows: IntArray
    weight: FloatArray
    is_event: BoolArray
    n_event: FloatArray
    moment: IntArray
    first: IntArray
    seen: IntArray
    staying: tuple[_Staying, ...]

    @classmethod
    def from_subjects(cls, subjects: Subjects, rows: IntArray) -> WeightedRiskSets:
        """The risk sets of some of the subjects."""
        place, kind, weight = subjects.place[rows], subjects.kind[rows], subjects.weight[rows]
        is_event = kind == 1
        moment, which = np.unique(place[is_event], return_inverse=True)
        n_event = np.bincount(which, weight[is_event], len(moment)).astype(np.float64)
        staying = []
        for code in np.unique(subjects.group[rows]):
            of_group = subjects.group[rows] == code
            own = np.flatnonzero((kind == 2) & of_group)
            if len(own):
                share = np.bincount(which, (weight * of_group)[is_event], len(moment)) / n_event
                staying.append(_Staying(own, 1 / subjects.own[rows[own]], subjects.uncensored[code, moment], share))
        return cls(
            rows=rows,
            weight=weight,
            is_event=is_event,
            n_event=n_event,
            moment=moment,
            first=np.searchsorted(place, moment, side="left"),
            seen=np.searchsorted(moment, place, side="right"),
            staying=tuple(staying),
        )

    def largest(self, own: FloatArray) -> FloatArray:
        """The largest of the rows' values in the risk set at each event time."""
        largest = np.maximum.accumulate(np.concatenate([own, [-math.inf]])[::-1])[::-1][self.first]
        for group in self.staying:
            reached = np.concatenate([[-math.inf], np.maximum.accumulate(own[group.rows])])
            before = reached[np.searchsorted(group.rows, self.first, side="left")]
            largest = np.where(group.uncensored > 0, np.maximum(largest, before), largest)
        return np.asarray(largest)

    def is_contradicted(self, predictor: FloatArray, classes: IntArray) -> bool:
        """True if at an event somebody at risk is in a higher class."""
        own = classes[self.rows]
        top = self.largest(own.astype(np.float64))
        return bool((own[self.is_event] < top[self.seen[self.is_event] - 1]).any())

    def sums(self, amount: FloatArray) -> FloatArray:
        """Weighted sums of ``amount`` (rows, columns) over the risk set at each event time."""
        later = np.zeros((len(amount) + 1, amount.shape[1]))
        later[:-1] = np.cumsum(amount[::-1], axis=0)[::-1]
        total = later[self.first]
        for group in self.staying:
            gone = np.zeros((len(group.rows) + 1, amount.shape[1]))
            gone[1:] = np.cumsum(amount[group.rows] * group.inverse[:, None], axis=0)
            total = total + group.uncensored[:, None] * gone[np.searchsorted(group.rows, self.first, side="left")]
        return np.asarray(total)

    def exposure(self, increment: FloatArray) -> FloatArray:
        """What each row gathers of ``increment`` (event times, columns) with its weight while it is in the risk set."""
        until = np.zeros((len(increment) + 1, increment.shape[1]))
        until[1:] = np.cumsum(increment, axis=0)
        gathered = until[self.seen]
        for group in self.staying:
            to_come = group.still_to_come(increment)[self.seen[group.rows]]
            gathered[group.rows] += group.inverse[:, None] * to_come
        return np.asarray(gathered)


@dataclass(frozen=True, slots=True)
class SubdistributionLikelihood:
    """The weighted partial likelihood of the columns ``x`` in sets of rows that are compared among themselves."""

    subjects: Subjects
    sets: tuple[WeightedRiskSets, ...]
    x: FloatArray
    penalised = False
    learns = False

    @property
    def design(self) -> FloatArray:
        """The columns."""
        return self.x

    @property
    def size(self) -> int:
        """Number of coefficients."""
        return self.x.shape[1]

    def evaluate(self, beta: FloatArray) -> Values:
        """The values at each row of ``beta``."""
        return evaluate_each(self.at, beta)

    def at(self, beta: FloatArray) -> WeightedValues:
        """The logarithm of the likelihood, its gradient and its negative second derivative."""
        size = self.x.shape[1]
        value, score, information = 0.0, np.zeros(size), np.zeros((size, size))
        fitted = []
        whole, predictor = self.x, self.x @ beta
        if len(predictor) and float(np.ptp(predictor)) > WIDE:
            classes = told_apart(predictor)
            if classes.any():
                if any(risk.is_contradicted(predictor, classes) for risk in self.sets):
                    return WeightedValues(-math.inf, score, information, (), whole)
                predictor, whole = closed_up(predictor, self.x, beta, classes)
            if float(np.ptp(predictor)) > WIDEST:
                return WeightedValues(-math.inf, score, information, (), whole)
        for risk in self.sets:
            x = whole[risk.rows]
            eta = predictor[risk.rows]
            shift = float(eta.max(initial=-math.inf))
            hazard = np.exp(eta - shift)
            amount = (risk.weight * hazard)[:, None]
            sums = risk.sums(np.hstack([amount, amount * x]))
            # A risk set far below the largest predictor may vanish in rounding: the step was too long.
            if not (sums[:, 0] > 0).all():
                return WeightedValues(-math.inf, score, information, (), whole)
            mean = sums[:, 1:] / sums[:, :1]
            rate = risk.n_event / sums[:, 0]
            own = risk.weight * risk.is_event
            value += float(own @ eta) - float(risk.n_event @ (np.log(sums[:, 0]) + shift))
            score += own @ x - risk.n_event @ mean
            exposure = risk.exposure(rate[:, None])[:, 0]
            information += (x * (amount[:, 0] * exposure)[:, None]).T @ x - (mean * risk.n_event[:, None]).T @ mean
            fitted.append(_Fitted(hazard, rate, mean, exposure))
        if not (math.isfinite(value) and np.isfinite(score).all() and np.isfinite(information).all()):
            return WeightedValues(-math.inf, np.zeros(size), np.eye(size), (), whole)
        return WeightedValues(value, score, information, tuple(fitted), whole)

    def squares(self, value: WeightedValues) -> FloatArray:
        """Sums of squares of each column over the risk sets: what the variances in them are a rounded rest of."""
        total = np.zeros(self.x.shape[1])
        for risk, fit in zip(self.sets, value.fitted, strict=True):
            total += (risk.weight * fit.hazard * fit.exposure) @ self.x[risk.rows] ** 2
        return total

    def contributions(self, value: WeightedValues) -> FloatArray:
        """What each patient of a row adds to the score, directly and by way of the censoring weights."""
        subjects = self.subjects
        size = self.x.shape[1]
        own = np.zeros((len(subjects.place), size))
        # Sum over u of what censoring at u changes in the later weights: one row per censoring group and time.
        change = np.zeros((len(subjects.uncensored), len(subjects.grid), size))
        for risk, fit in zip(self.sets, value.fitted, strict=True):
            x = value.x[risk.rows]
            increment = fit.mean * fit.rate[:, None]
            part = -fit.hazard[:, None] * (x * fit.exposure[:, None] - risk.exposure(increment))
            at_event = risk.seen[risk.is_event] - 1
            part[risk.is_event] += x[risk.is_event] - fit.mean[at_event]
            own[risk.rows] += part
            pieces = np.hstack([fit.rate[:, None], increment])
            every = np.arange(len(subjects.grid))
            for group in risk.staying:
                # Censoring at u tells on the weights of those who had their event before u, at the events from u on.
                to_come = group.still_to_come(pieces * group.share[:, None])
                to_come = to_come[np.searchsorted(risk.moment, every, side="left")]
                amount = (risk.weight[group.rows] * fit.hazard[group.rows] * group.inverse)[:, None]
                sums = np.zeros((len(group.rows) + 1, size + 1))
                sums[1:] = np.cumsum(np.hstack([amount, amount * x[group.rows]]), axis=0)
                sums = sums[np.searchsorted(subjects.place[risk.rows[group.rows]], every, side="left")]
                code = subjects.group[risk.rows[group.rows[0]]]
                change[code] += sums[:, 1:] * to_come[:, :1] - sums[:, :1] * to_come[:, 1:]
        for code in range(len(change)):
            rows = subjects.group == code
            if not rows.any():
                continue
            place, weight = subjects.place[rows], subjects.weight[rows]
            is_censored = subjects.kind[rows] == 0
            at_risk = np.cumsum(np.bincount(place, weight, len(subjects.grid))[::-1])[::-1]
            at_risk = np.where(at_risk > 0, at_risk, 1.0)
            censored = np.bincount(place, weight * is_censored, len(subjects.grid))
            effect = change[code] / at_risk[:, None]
            compensator = np.cumsum(effect * (censored / at_risk)[:, None], axis=0)
            own[rows] += effect[place] * is_censored[:, None] - compensator[place]
        return own


@dataclass(frozen=True, slots=True)
class _Fitted:
    """Per row the relative hazard and its exposure; per event time the baseline increment and the mean covariates."""

    hazard: FloatArray
    rate: FloatArray
    mean: FloatArray
    exposure: FloatArray


@dataclass(frozen=True, slots=True)
class WeightedValues:
    """``x`` is the design less a constant for each set of rows that are never compared with others."""

    log_likelihood: float
    score: FloatArray
    information: FloatArray
    fitted: tuple[_Fitted, ...]
    x: FloatArray
