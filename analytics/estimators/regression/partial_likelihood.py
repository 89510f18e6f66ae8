"""The partial likelihood of a Cox model, plain or with Firth's penalty: its value, score and information.

Sources
-------
Cox (1972), Journal of the Royal Statistical Society B 34:187, doi:10.1111/j.2517-6161.1972.tb00899.x: the likelihood.
Efron (1977), Journal of the American Statistical Association 72:557, doi:10.1080/01621459.1977.10480613, and Breslow
(1974), Biometrics 30:89, doi:10.2307/2529620: tied event times.
Heinze & Schemper (2001), Biometrics 57:114, doi:10.1111/j.0006-341X.2001.00114.x: Firth's penalty for this likelihood.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from analytics.estimators.design import IntArray
from analytics.estimators.newton import Values, evaluate_each, inverse_of, inverses, some
from analytics.estimators.regression.risk_sets import RiskSets
from analytics.results import FloatArray

# Linear predictors that far apart belong to patients of whom the lower one no longer counts beside the higher one: the
# part of the information that is lost is below 1e-12 for values 1e11 times as large as the others.
_APART = 80.0
# Beyond this range of the linear predictor it is looked for such gaps, and beyond the second exp would underflow.
WIDE = 2.0 * _APART
WIDEST = 600.0
# Numbers up to which several coefficient vectors are evaluated in one go.
_MOST_STACKED = 2_000_000
# A column adds nothing if the share of its variance in the risk sets that earlier columns leave is below this.
_COLLINEAR_TOLERANCE = 1e-11


@dataclass(frozen=True, slots=True)
class Moments:
    """What coefficients make of each moment: the sums from which likelihood, score and information follow.

    Of several coefficient vectors in one go, these are the second axis of all but ``design``.

    With S the total hazard at risk, the tied patients' share u of it, and the weights 1/(1 - cu) of Efron's successive
    risk sets, their covariate means are ``risk_mean``/(1 - cu) - ``event_mean`` cu/(1 - cu). ``w01``, ``w02``, ``w03``
    are the sums over c of 1/(1 - cu) to the powers 1 to 3. ``design`` is that of the likelihood, less a constant for each
    set of patterns that are never compared with others (:func:`told_apart`).
    """

    hazard: FloatArray
    risk: FloatArray
    event: FloatArray
    risk_mean: FloatArray
    event_mean: FloatArray
    d: FloatArray
    w01: FloatArray
    w02: FloatArray
    w03: FloatArray
    design: FloatArray

    @property
    def w11(self) -> FloatArray:
        """Sum of cu/(1 - cu)."""
        return self.w01 - self.d

    @property
    def w12(self) -> FloatArray:
        """Sum of cu/(1 - cu)^2."""
        return self.w02 - self.w01

    @property
    def w22(self) -> FloatArray:
        """Sum of (cu/(1 - cu))^2."""
        return self.w02 - 2.0 * self.w01 + self.d

    @property
    def mean(self) -> FloatArray:
        """The mean of the covariate means of Efron's successive risk sets."""
        total = self.w01[:, None] * self.risk_mean - self.w11[:, None] * self.event_mean
        return np.asarray(total / self.d[:, None])

    def hazard_means(self) -> tuple[FloatArray, FloatArray]:
        """Sums over c of (1, c) times the covariate mean over the total hazard of each successive risk set."""
        r, e = self.risk_mean, self.event_mean
        everyone = (self.w02[..., None] * r - self.w12[..., None] * e) / self.risk[..., None]
        tied = (self.w12[..., None] * r - self.w22[..., None] * e) / self.event[..., None]
        return everyone, tied


@dataclass(frozen=True, slots=True)
class PartialValues:
    """Log-likelihood, score and information at one coefficient vector; penalised ones where there is a penalty."""

    log_likelihood: float
    score: FloatArray
    information: FloatArray


class PartialLikelihood:
    """The (penalised) log partial likelihood of a Cox model.

    At an event time with d tied patients, risk set hazard R and tied patients' hazard D, Efron's likelihood takes
    R - cD for c = 0, 1/d, ..., (d - 1)/d as successive denominators, each to the power of the mean weight of the tied
    patients; Breslow's takes R each time. The penalty is log|I|/2 with the information I; its score follows from the
    third cumulants of the covariates in the risk sets (Heinze & Schemper 2001, section 2).
    """

    def __init__(self, design: FloatArray, risk: RiskSets, ties: str, penalised: bool = False) -> None:
        self.design = design
        self.risk = risk
        self.ties = ties
        self.penalised = penalised
        self.n_event = risk.total
        self._ties = risk.tie_sums(ties)
        self._events = risk.of_pattern
        self._with_one = np.column_stack([np.ones(len(design)), design])
        # Where all who are at risk are alike, nothing depends on the coefficients: what is left of large covariates there
        # is rounding.
        self._compared: FloatArray | None = None
        self.has_far_value = float(np.abs(design).max(initial=0.0)) > WIDE
        if risk.table is not None and self.has_far_value:
            alike = (risk.table > 0).sum(axis=1) == 1
            self._compared = np.where(alike, 0.0, 1.0) if alike.any() else None

    @property
    def size(self) -> int:
        """Number of coefficients."""
        return int(self.design.shape[1])

    def with_columns(self, columns: Sequence[int], penalised: bool | None = None) -> PartialLikelihood:
        """The likelihood with some of the columns only."""
        chosen = self.penalised if penalised is None else penalised
        if chosen == self.penalised and list(columns) == list(range(self.size)):
            return self
        return PartialLikelihood(self.design[:, list(columns)], self.risk, self.ties, chosen)

    @cached_property
    def at_zero(self) -> tuple[Moments, FloatArray]:
        """The sums at coefficients of 0 and the information there."""
        at, _ = self._zero
        return at, self.information(at, self._compared)

    @cached_property
    def _zero(self) -> tuple[Moments, float]:
        return self.moments(np.zeros(self.size))

    def moments(self, beta: FloatArray) -> tuple[Moments, float]:
        """The sums at each moment and the log-likelihood without penalty (minus infinity where they underflow)."""
        eta, design, with_one = self.design @ beta, self.design, self._with_one
        is_order_kept = True
        shift, low = (float(eta.max()), float(eta.min())) if len(eta) else (0.0, 0.0)
        if shift - low > WIDE:
            classes = told_apart(eta)
            if classes.any():
                # Those with an event must be among the highest at risk: the others would add minus 80 or less.
                top, least, _ = self.risk.highest(eta)
                is_order_kept = bool((classes[top] == classes[least]).all())
                eta, design = closed_up(eta, design, beta, classes)
                with_one = np.column_stack([np.ones(len(design)), design])
                shift, low = float(eta.max()), float(eta.min())
            is_order_kept &= shift - low <= WIDEST
        hazard = np.exp(eta - shift)
        table = hazard[:, None] * with_one
        risk, event = self.risk.at_risk(table), self.risk.among_events(table)
        d, weight = self.risk.n_event, self.risk.mean_weight
        with np.errstate(divide="ignore", invalid="ignore"):
            u = np.minimum(event[:, 0] / risk[:, 0], 1.0)
            logs, w01, w02, w03 = self._ties.sums(u)
            value = float(self._events @ (eta - shift)) - float(weight @ (d * np.log(risk[:, 0]) + logs))
            found = Moments(
                hazard,
                risk[:, 0],
                event[:, 0],
                risk[:, 1:] / risk[:, :1],
                event[:, 1:] / event[:, :1],
                d,
                w01,
                w02,
                w03,
                design,
            )
        sound = is_order_kept and math.isfinite(value) and bool((event[:, 0] > 0).all())
        return found, value if sound else -math.inf

    def expected(self, at: Moments, factor: FloatArray | None = None) -> FloatArray:
        """The expected events of each pattern, each moment counted ``factor`` times."""
        weight = self.risk.mean_weight if factor is None else self.risk.mean_weight * factor
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            everyone = self.risk.over_time(weight * at.w01 / at.risk)
            return np.asarray(at.hazard * (everyone - self.risk.of_events(weight * at.w11 / at.event)))

    def score(self, at: Moments, factor: FloatArray | None = None, expected: FloatArray | None = None) -> FloatArray:
        """The score without penalty, each moment counted ``factor`` times; ``expected`` if it is known already."""
        observed = self._events if factor is None else self.risk.of_events(factor)
        return np.asarray((observed - (self.expected(at, factor) if expected is None else expected)) @ at.design)

    def information(
        self, at: Moments, factor: FloatArray | None = None, expected: FloatArray | None = None
    ) -> FloatArray:
        """The information, each moment counted ``factor`` times; ``expected`` if it is known already."""
        weight = self.risk.mean_weight if factor is None else self.risk.mean_weight * factor
        r, e = at.risk_mean, at.event_mean
        expected = self.expected(at, factor) if expected is None else expected
        total = (at.design * expected[:, None]).T @ at.design
        cross = (r * (weight * at.w12)[:, None]).T @ e
        total -= (r * (weight * at.w02)[:, None]).T @ r
        total -= (e * (weight * at.w22)[:, None]).T @ e
        total += cross + cross.T
        return np.asarray((total + total.T) / 2)

    def _penalty_score(self, at: Moments, inverse: FloatArray, expected: FloatArray) -> FloatArray:
        """Half the trace of V dI/db for V = I^-1.

        For each risk set with mean m it is half the mean of (x - m)'V(x - m) (x - m), expanded so that only sums over
        risk sets of x and x'Vx are needed. With a stack of V, a row for each of its coefficient vectors.
        """
        weight = self.risk.mean_weight
        if self._compared is not None:
            weight = weight * self._compared
        are_many = inverse.ndim == 3
        design, weight = (at.design[:, None], weight[:, None]) if are_many else (at.design, weight)

        def turn(rows: FloatArray) -> FloatArray:
            if not are_many:
                return np.asarray(rows @ inverse)
            return np.asarray((rows.swapaxes(0, 1) @ inverse).swapaxes(0, 1))

        turned = turn(design)
        square = np.vecdot(turned, design)
        hazard = at.hazard * square
        square_risk = self.risk.at_risk(hazard) / at.risk
        square_event = self.risk.among_events(hazard) / at.event
        r, e = at.risk_mean, at.event_mean
        everyone, tied = ((weight[..., None] * means).reshape(len(r), -1) for means in at.hazard_means())
        along = (self.risk.over_time(everyone) - self.risk.of_events(tied)).reshape(turned.shape)
        of_pattern = expected * square - 2.0 * at.hazard * np.vecdot(turned, along)
        turned_risk = turn(r)
        rr, re, ee = np.vecdot(turned_risk, r), np.vecdot(turned_risk, e), np.vecdot(turn(e), e)
        w12, w22 = at.w12, at.w22
        w13 = at.w03 - at.w02
        w23 = w13 - w12
        w33 = w23 - w22
        of_risk = 2.0 * (at.w03 * rr - 2.0 * w13 * re + w23 * ee) - at.w02 * square_risk + w12 * square_event
        of_event = 2.0 * (2.0 * w23 * re - w13 * rr - w33 * ee) + w12 * square_risk - w22 * square_event
        of_moment = ((weight * of_risk)[..., None] * r + (weight * of_event)[..., None] * e).sum(axis=0)
        return np.asarray(0.5 * (of_pattern.T @ at.design + of_moment))

    def at(self, beta: FloatArray) -> PartialValues:
        """All that a Newton step needs."""
        if beta.any():
            return self._values(*self.moments(beta))
        start = self._start
        return PartialValues(start.log_likelihood, start.score.copy(), start.information.copy())

    @cached_property
    def _start(self) -> PartialValues:
        """The values at coefficients of 0, from which every search begins whose first sums are known already."""
        return self._values(*self._zero, self.at_zero[1])

    def _values(self, at: Moments, value: float, information: FloatArray | None = None) -> PartialValues:
        if not math.isfinite(value):
            return PartialValues(-math.inf, np.zeros(self.size), np.eye(self.size))
        expected = self.expected(at, self._compared)
        score = self.score(at, self._compared, expected)
        information = self.information(at, self._compared, expected) if information is None else information
        if not math.isfinite(float(score.sum()) + float(information.sum())):
            return PartialValues(-math.inf, np.zeros(self.size), np.eye(self.size))
        if self.penalised and self.size:
            sign, log_determinant = np.linalg.slogdet(information)
            if sign <= 0 or not math.isfinite(log_determinant):
                return PartialValues(-math.inf, score, information)
            value += 0.5 * float(log_determinant)
            score = score + self._penalty_score(at, inverse_of(information), expected)
        return PartialValues(value, score, information)

    def evaluate(self, beta: FloatArray) -> Values:
        """All that Newton steps need, for each row of ``beta``."""
        if not 1 < len(beta) <= _MOST_STACKED / max(self._with_one.size, 1) or self._compared is not None:
            return evaluate_each(self.at, beta)
        eta = self.design @ beta.T
        if not len(eta):
            return evaluate_each(self.at, beta)
        spread = np.sort(eta, axis=0)
        gap, extent = np.diff(spread, axis=0).max(axis=0, initial=0.0), spread[-1] - spread[0]
        near = (extent <= WIDE) | ((gap <= _APART) & (extent <= WIDEST))
        if near.all():
            return self._together(eta)
        found = Values(np.empty(len(beta)), np.empty_like(beta), np.empty((*beta.shape, self.size)))
        found.put(np.flatnonzero(~near), evaluate_each(self.at, beta[~near]))
        if near.any():
            found.put(np.flatnonzero(near), self._together(eta[:, near]))
        return found

    def _together(self, eta: FloatArray) -> Values:
        """The same from linear predictors without wide gaps, in one go: an eighth of the time for eight.

        Axes are patterns or moments, coefficient vectors, coefficients.
        """
        eta = eta - eta.max(axis=0)
        n, hazard = eta.shape[1], np.exp(eta)
        table = (hazard[:, :, None] * self._with_one[:, None, :]).reshape(len(eta), -1)
        shape = (self.risk.size, n, self.size + 1)
        risk, event = (sums(table).reshape(shape) for sums in (self.risk.at_risk, self.risk.among_events))
        d, weight = self.risk.n_event[:, None], self.risk.mean_weight[:, None]

        def products(left: FloatArray, factor: FloatArray, right: FloatArray) -> FloatArray:
            return np.asarray((left * factor.T[:, :, None]).transpose(0, 2, 1) @ right)

        with np.errstate(divide="ignore", invalid="ignore"):
            total, tied = risk[:, :, 0], event[:, :, 0]
            logs, w01, w02, w03 = self._ties.sums(np.minimum(tied / total, 1.0))
            value = self._events @ eta - (weight * (d * np.log(total) + logs)).sum(axis=0)
            means = risk[:, :, 1:] / risk[:, :, :1], event[:, :, 1:] / event[:, :, :1]
            spared = self.risk.of_events(weight * (w01 - d) / tied)
            expected = hazard * (self.risk.over_time(weight * w01 / total) - spared)
            score = (self._events[:, None] - expected).T @ self.design
            r, e = (np.moveaxis(mean, 0, 1) for mean in means)
            cross = products(r, weight * (w02 - w01), e)
            information = products(self.design[None], expected, self.design) + cross + cross.transpose(0, 2, 1)
            information -= products(r, weight * w02, r) + products(e, weight * (w02 - 2.0 * w01 + d), e)
            information = (information + information.transpose(0, 2, 1)) / 2
        sound = np.isfinite(value + score.sum(axis=1) + information.sum(axis=(1, 2))) & (tied > 0).all(axis=0)
        if some(~sound):
            value[~sound], score[~sound], information[~sound] = -math.inf, 0.0, np.eye(self.size)
        if self.penalised and self.size:
            sign, log_determinant = np.linalg.slogdet(information)
            sound &= (sign > 0) & np.isfinite(log_determinant)
            value = np.where(sound, value + 0.5 * log_determinant, -math.inf)
            at = Moments(hazard, total, tied, *means, d, w01, w02, w03, self.design)
            with np.errstate(divide="ignore", invalid="ignore"):
                penalty = self._penalty_score(at, inverses(information), expected)
            score = np.where(sound[:, None], score + penalty, score)
        return Values(value, score, information)

    @property
    def learns(self) -> bool:
        """True with the penalty, whose second derivative is not computed."""
        return self.penalised

    def plain(self, beta: FloatArray) -> float:
        """The log-likelihood without penalty."""
        return self.moments(beta)[1]


def told_apart(eta: FloatArray) -> IntArray:
    """Numbers, ascending with the linear predictor, for sets of patterns with a wide gap between them; 0 for the largest.

    Beside a higher set in a risk set, a lower one does not count.
    """
    order = np.argsort(eta, kind="stable")
    classes = np.empty(len(eta), dtype=np.intp)
    classes[order] = np.concatenate([[0], np.cumsum(np.diff(eta[order]) > _APART)])
    return classes - np.argmax(np.bincount(classes))


def closed_up(
    eta: FloatArray, design: FloatArray, beta: FloatArray, classes: IntArray
) -> tuple[FloatArray, FloatArray]:
    """The linear predictor with all wide gaps just wide enough, and the design less a constant for each set.

    The sets being compared within themselves only, this changes nothing but the rounding: what is 1e11 times as large
    as all else would drown it. The set numbered 0 stays where it is.
    """
    design = design.copy()
    names, first = np.unique(classes, return_index=True)
    for name, place in zip(names.tolist(), first.tolist(), strict=True):
        if name:
            own = classes == name
            design[own] = design[own] - design[place]
    inner = np.where(classes == 0, eta, design @ beta)
    low, high = (
        f.reduceat(inner[np.argsort(classes, kind="stable")], _starts(classes)) for f in (np.minimum, np.maximum)
    )
    base = np.cumsum(np.concatenate([[0.0], _APART + high[:-1] - low[1:]]))
    base -= base[int(np.searchsorted(names, 0))]
    return inner + base[np.searchsorted(names, classes)], design


def _starts(classes: IntArray) -> IntArray:
    """Where each class begins among the sorted ones."""
    ordered = np.sort(classes, kind="stable")
    return np.flatnonzero(np.concatenate([[True], np.diff(ordered) > 0]))


def independent_columns(likelihood: PartialLikelihood) -> list[int]:
    """Indices of the columns that earlier ones do not make up within the risk sets: the later column is left out.

    A combination of columns that is the same for all who are at risk together has no variance in any risk set, which
    is what the information at coefficients of 0 adds up.
    """
    at, left = likelihood.at_zero
    own = np.diag(left).copy()
    kept: list[int] = []
    # Sums of squares over those at risk, of which the variance is what is left once the means are taken off.
    rounding = 1e-2 * (likelihood.expected(at) @ likelihood.design**2) if len(likelihood.design) else own
    floor = _COLLINEAR_TOLERANCE * (own + rounding)
    for index in range(likelihood.size):
        pivot = float(left[index, index])
        if pivot > floor[index]:
            kept.append(index)
            left = left - np.outer(left[:, index], left[index]) / pivot
    return kept


def columns_making_up(likelihood: PartialLikelihood, index: int, kept: Sequence[int]) -> list[int]:
    """Indices of those ``kept`` columns before column ``index`` of which it is a combination within the risk sets."""
    _, information = likelihood.at_zero
    earlier = [column for column in kept if column < index]
    share = np.linalg.lstsq(information[np.ix_(earlier, earlier)], information[earlier, index], rcond=None)[0]
    return [column for column, part in zip(earlier, share, strict=True) if abs(part) > 1e-6]
