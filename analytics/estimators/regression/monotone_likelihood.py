"""Monotone likelihood: covariates that tell who has the event, so that a Cox model has no finite estimate.

The log partial likelihood is concave. It has no maximum exactly if some direction b of the coefficients never lowers
it and somewhere raises it, that is if at every event time those with the event have the largest x'b of all who are at
risk, and somewhere not all at risk share it (Jacobsen 1989; Bryson & Johnson 1981). That there is none is proved from
the score of a fit where that suffices. With few patterns of covariates the conditions are a short list of pairs, from
which everything follows (:class:`_Order`); with many, such a direction is found by linear programming.

Sources
-------
Bryson & Johnson (1981), Technometrics 23:381, doi:10.1080/00401706.1981.10487683: monotone likelihood.
Jacobsen (1989), Scandinavian Journal of Statistics 16:335: existence and uniqueness of the estimate.
Lawson & Hanson (1995), Solving Least Squares Problems, SIAM, chapter 23: least squares with coefficients >= 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog, nnls

from analytics.estimators.design import BoolArray, IntArray, NotSettled
from analytics.estimators.regression.partial_likelihood import (
    PartialLikelihood,
    independent_columns,
    told_apart,
)
from analytics.estimators.regression.partial_maximum import Optimum
from analytics.estimators.regression.risk_sets import RiskSets
from analytics.results import FloatArray

_SLACK = 1e-8
_LEVEL = 1e-6
# Columns with values beyond this, in units in which most lie within a few, are looked at twice.
_FAR = 1e3
_MAX_CUTS = 400
MOST_LISTED = 64  # Patterns up to this number are compared pair by pair.
_NEGLIGIBLE = 1e-9


def maximum_is_certain(likelihood: PartialLikelihood, optimum: Optimum) -> bool:
    """True if the score at the optimum proves that the likelihood is not monotone. False proves nothing.

    Let b be a direction as above, scaled so that the largest gap between the x'b of an event and of a patient at risk
    with it is 1. At any coefficients the derivative along b, U'b, adds up these gaps, each times the share of that
    patient in the hazard of the risk set: it is at least the smallest such share, v. But U'b <= |U| |b|; and since a
    variable with a range of 1 has a variance of at most 1/4, b'Ib <= D/4 with the D events, so that |b| <=
    sqrt(D / (4 lambda)) with the least eigenvalue lambda of the information. So |U| sqrt(D / (4 lambda)) < v leaves no
    room for such a direction. Rounding is added to the score.

    Where some patients' linear predictors are far below others', their share proves nothing. But a direction as above is
    one of the risk sets, too, from which they are left out, and by it nothing may change there: it is enough to look at
    those.
    """
    risk = likelihood.risk
    at, value = likelihood.moments(optimum.beta)
    if not math.isfinite(value) or not likelihood.size:
        return math.isfinite(value)
    if at.design is not likelihood.design:
        classes = told_apart(likelihood.design @ optimum.beta)
        inner = PartialLikelihood(at.design, risk.refined(classes - classes.min()), likelihood.ties)
        apart, _ = inner.moments(optimum.beta)
        return maximum_is_certain(inner, optimum) if apart.design is at.design else False
    design = likelihood.design
    each = risk.mean_weight * at.w01 / at.risk
    spared = risk.mean_weight * at.w11 / at.event
    if risk.table is not None:
        events = np.asarray(risk.events.toarray()) if risk.event_table is None else risk.event_table
        share = risk.table * each[:, None] - events * spared[:, None]
        smallest = float((share * at.hazard).min(where=risk.table > 0, initial=math.inf))
    else:
        weight = float((risk.rows.n * risk.rows.weight).min(initial=math.inf))
        smallest = float((each - spared).min(initial=math.inf) * at.hazard.min(initial=math.inf)) * weight
    eps = np.finfo(np.float64).eps
    # A diagonal scale of the coefficients changes nothing but how far from 0 the least eigenvalue is.
    unit = np.sqrt(np.maximum(np.diag(likelihood.information(at)), 0.0))
    if (unit <= 0).any():
        return False
    information = likelihood.information(at) / np.outer(unit, unit)
    lowest = float(np.linalg.eigvalsh(information)[0]) - 1000 * eps * float(np.trace(information))
    score = (np.abs(likelihood.score(at)) + 64 * eps * (likelihood.expected(at) @ np.abs(design))) / unit
    if lowest <= 0:
        return False
    return float(np.linalg.norm(score)) * math.sqrt(likelihood.n_event / (4.0 * lowest)) < smallest


@dataclass(frozen=True, slots=True)
class _Order:
    """Which patterns may not have the smaller x'b of two, if b never lowers the likelihood.

    ``above`` (patterns, patterns) is True where some patient of the first pattern has an event while one of the second
    is at risk. Patterns that are above each other, directly or through others, must have the same x'b: ``tied`` is the
    first pattern of those with which each is tied.
    """

    above: BoolArray
    tied: IntArray

    @classmethod
    def from_risk_sets(cls, risk: RiskSets) -> _Order | None:
        """The order that the events ask for; None if there are too many patterns to list it."""
        if risk.event_table is None or risk.table is None or risk.patterns > MOST_LISTED:
            return None
        above = (risk.event_table > 0).T.astype(np.float64) @ (risk.table > 0) > 0
        reach = _closure(above)
        return cls(above, np.argmax(reach & reach.T, axis=1))

    @property
    def strict(self) -> BoolArray:
        """Pairs of which the first is above the second but not tied with it: along b it may stay above forever."""
        return np.asarray(self.above & (self.tied[:, None] != self.tied))

    def is_free(self, columns: int) -> bool:
        """True if so many independent columns can give the patterns any scores at all.

        A constant may be added to the scores of all who are linked by being at risk together.
        """
        linked = _closure(self.above | self.above.T)
        return columns == len(linked) - len(np.unique(np.argmax(linked, axis=1)))

    def direction(self, design: FloatArray) -> FloatArray | None:
        """A direction that keeps the order and is not 0 on all of ``strict``; all 0 if there is none, None if not found.

        Within the directions that keep ties, let the rows of A be the differences of the strict pairs, of length 1, and
        let A'y be as short as it can be for y >= 1. If it is 0, any b with Ab >= 0 has y'Ab = 0 and so Ab = 0. If not,
        b = A'y is a direction: the conditions of the minimum are A(A'y) >= 0, and y'Ab > 0.
        """
        basis = _null_space(_of_length_one(design - design[self.tied]))
        first, second = np.nonzero(self.strict)
        apart = design[first] - design[second]
        pairs = apart @ basis
        length = np.linalg.norm(pairs, axis=1)
        moved = length > _NEGLIGIBLE * np.maximum(np.linalg.norm(apart, axis=1), 1e-300)
        if not moved.any():
            return np.zeros(design.shape[1])
        pairs = pairs[moved] / length[moved, None]
        shift = pairs.sum(axis=0)
        try:
            more, _ = nnls(pairs.T, -shift)
        except RuntimeError:  # It did not converge.
            return None
        found = pairs.T @ more + shift
        size = float(np.linalg.norm(found))
        if size <= _NEGLIGIBLE:
            return np.zeros(design.shape[1])
        if (pairs @ found < -_NEGLIGIBLE * size).any():
            return None
        direction = np.asarray(basis @ found)
        direction = direction / float(np.abs(direction).max())
        if np.abs(design).max(initial=0.0) > _FAR:
            # What is left of a coefficient that should be 0 would count beside a large covariate.
            direction = np.where(np.abs(direction) <= _LEVEL, 0.0, direction)
        fallen = design[second] @ direction - design[first] @ direction
        if (fallen > _SLACK * np.maximum(1.0, np.linalg.norm(apart[:, direction != 0], axis=1))).any():
            return None
        return direction


def _of_length_one(rows: FloatArray) -> FloatArray:
    """The rows with length 1, those of length 0 as they are: in which direction they point, whatever their size."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(length > 0, length, 1.0))


def _closure(linked: BoolArray) -> BoolArray:
    """Pairs that are linked directly or through others; each pattern is linked with itself."""
    reach = linked | np.eye(len(linked), dtype=bool)
    while True:
        step = reach.astype(np.float64)
        further = step @ step > 0
        if (further == reach).all():
            return reach
        reach = further


def _null_space(matrix: FloatArray) -> FloatArray:
    """An orthonormal basis, as columns, of the vectors that ``matrix`` sends to 0."""
    _, singular, right = np.linalg.svd(matrix, full_matrices=True)
    rank = int((singular > _NEGLIGIBLE * max(1.0, float(singular.max(initial=0.0)))).sum())
    return np.asarray(right[rank:].T)


def monotone_direction(likelihood: PartialLikelihood) -> FloatArray | None:
    """A direction b along which the likelihood rises forever; None if there is none.

    Along such a direction the derivative at 0 is positive, so it is made as large as it can be for coefficients of b
    within -1 and 1, under the conditions that the events have the largest x'b of those at risk. The conditions are
    added as they are found to be broken, the worst of each event time at once.
    """
    risk, design = likelihood.risk, likelihood.design
    if not likelihood.size or not risk.size:
        return None
    at, _ = likelihood.at_zero
    goal = likelihood.score(at)
    extent = float(np.abs(goal).sum())
    cuts = np.zeros((0, likelihood.size))
    before = -1
    for _ in range(_MAX_CUTS):
        solution = linprog(
            -goal / max(extent, 1e-300),
            A_ub=-cuts if len(cuts) else None,
            b_ub=np.zeros(len(cuts)) if len(cuts) else None,
            bounds=(-1.0, 1.0),
            method="highs",
            options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
        )
        if solution.x is None:
            raise NotSettled(
                f"The linear programme for a monotone likelihood failed on {len(cuts)} conditions: {solution.message} "
                "Check the covariates for numbers of very different size."
            )
        direction = np.asarray(solution.x)
        # What is left of a coefficient that should be 0 would count beside a large covariate.
        direction = np.where(np.abs(direction) <= _LEVEL * np.abs(direction).max(), 0.0, direction)
        if float(goal @ direction) <= 1e-9 * likelihood.n_event:
            return None
        score = design @ direction
        top, least, most = risk.highest(score)
        above, apart = score[top] - score[least], score[most] - score[least]
        added = []
        for gap, higher in ((above, top), (apart, most)):
            rows = design[least] - design[higher]
            broken = gap > _SLACK * np.maximum(1.0, np.linalg.norm(rows[:, direction != 0], axis=1))
            added.append(rows[broken])
        broken_rows = np.vstack(added)
        if not len(broken_rows):
            return direction
        cuts = np.unique(np.vstack([cuts, _of_length_one(broken_rows)]), axis=0)
        if len(cuts) == before:
            raise NotSettled("The search for a monotone likelihood came back to conditions that it had: rounding.")
        before = len(cuts)
    raise NotSettled(
        f"The search for a monotone likelihood did not end after {_MAX_CUTS} rounds. "
        "Check the covariates for numbers of very different size."
    )


def _searched(likelihood: PartialLikelihood) -> FloatArray | None:
    """As :func:`monotone_direction`, if need be without the columns that have a value far from all others.

    Beside such a value, what the other columns say of its patient is lost in rounding: with its coefficient at 0 it is
    not.
    """
    try:
        return monotone_direction(likelihood)
    except NotSettled:
        near = np.flatnonzero(np.abs(likelihood.design).max(axis=0, initial=0.0) <= _FAR)
        if len(near) == likelihood.size:
            raise
    found = monotone_direction(likelihood.with_columns(near.tolist()))
    if found is None:
        return None
    direction = np.zeros(likelihood.size)
    direction[near] = found
    return direction


def limiting_risk_sets(likelihood: PartialLikelihood) -> RiskSets | None:
    """The risk sets that are left of a monotone likelihood in the limit; None if it is not monotone.

    Far along such a direction only those at risk count who share the largest x'b with the events: the patients are
    stratified by x'b, and the same is asked of what is left.
    """
    risk = likelihood.risk
    found = False
    while True:
        order = _Order.from_risk_sets(risk)
        if order is not None and not order.strict.any():
            return risk if found else None
        reduced = PartialLikelihood(likelihood.design, risk, likelihood.ties)
        kept = independent_columns(reduced)
        if order is not None and order.is_free(len(kept)):
            return risk.refined(order.tied)
        design = likelihood.design[:, kept]
        direction = None if order is None else order.direction(design)
        if direction is None:
            direction = _searched(reduced.with_columns(kept))
        if direction is None or not direction.any():
            return risk if found else None
        found = True
        classes = _classes(design, direction)
        finer = risk.refined(classes)
        if int(finer.rows.stratum.max(initial=0)) == int(risk.rows.stratum.max(initial=0)):
            raise NotSettled("The direction of a monotone likelihood does not tell any patients apart: rounding.")
        risk = finer


def _classes(design: FloatArray, direction: FloatArray) -> IntArray:
    """Numbers for the distinct scores along a direction, those closer than rounding being one.

    What rounding may leave depends on the sizes that a score is the sum of. One coefficient alone leaves next to none.
    """
    score = design @ direction
    order = np.argsort(score, kind="stable")
    relative = _LEVEL if np.count_nonzero(direction) > 1 else 64 * float(np.finfo(np.float64).eps)
    rounding = relative * (np.abs(design[order]) @ np.abs(direction))
    floor = _LEVEL * float(np.abs(direction).max(initial=0.0)) if np.count_nonzero(direction) > 1 else 0.0
    steps = np.diff(score[order]) > np.maximum(np.maximum(rounding[1:], rounding[:-1]), floor)
    classes = np.empty(len(score), dtype=np.intp)
    classes[order] = np.concatenate([[0], np.cumsum(steps)])
    return classes


def columns_without_maximum(likelihood: PartialLikelihood, limiting: RiskSets) -> BoolArray:
    """True for the columns whose coefficients maximum likelihood sends to infinity.

    They are those that can change without changing the likelihood of the risk sets that are left in the limit.
    """
    left = PartialLikelihood(likelihood.design, limiting, likelihood.ties)
    values, vectors = np.linalg.eigh(left.at_zero[1])
    escape = vectors[:, values <= 1e-9 * max(likelihood.n_event, 1.0)]
    free = np.asarray(np.abs(escape).max(axis=1, initial=0.0) > 1e-6)
    # Beside large covariates, rounding may hide that a column is made up by others.
    free[np.setdiff1d(np.arange(likelihood.size), independent_columns(left))] = True
    return free
