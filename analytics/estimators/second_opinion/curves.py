"""Kaplan–Meier curves, medians, restricted means and tests between groups, by lifelines and statsmodels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from analytics.estimators.intervals import SurvivalConfType, survival_limits
from analytics.estimators.observations import time_tolerance
from analytics.estimators.second_opinion.comparison import PatientRows, compare, has_value, names_of, not_offered
from analytics.estimators.second_opinion.questions import question
from analytics.estimators.survival.kaplan_meier import estimate_survival
from analytics.results import (
    Estimate,
    FloatArray,
    PairwiseTest,
    RestrictedMeanResult,
    SurvivalCurve,
    SurvivalDifference,
    SurvivalResult,
    TestResult,
)
from analytics.results import is_shown as is_drawn
from analytics.results.second_opinion import AT_ONE, AT_ZERO, CANNOT, PLATEAU, RISING, Compared, Model, Quantity

HALF = 0.5


class _Curve:
    """One group's curve by lifelines, with statsmodels' standard error where the interval is not log-log."""

    def __init__(self, patients: PatientRows, conf_level: float, conf_type: str) -> None:
        from lifelines import KaplanMeierFitter

        self.fitter = KaplanMeierFitter(alpha=1 - conf_level)
        self.fitter.fit(patients.time, patients.event, entry=patients.entry)
        self.time = self.fitter.survival_function_.index.to_numpy(dtype=np.float64)
        self.survival = self.fitter.survival_function_.iloc[:, 0].to_numpy(dtype=np.float64)
        self.library = "lifelines"
        if conf_type == "log-log":
            self.limits = self.fitter.confidence_interval_.to_numpy(dtype=np.float64).T
            return
        from statsmodels.duration.survfunc import SurvfuncRight

        # The formula of the interval is ours then; the standard error that goes into it is not.
        self.library = "statsmodels"
        found = SurvfuncRight(patients.time, patients.event, entry=patients.entry)
        at = np.searchsorted(found.surv_times, self.time, side="right") - 1
        survival = np.concatenate([[1.0], found.surv_prob])[at + 1]
        error = np.concatenate([[0.0], found.surv_prob_se])[at + 1]
        self.limits = np.array(survival_limits(survival, error, conf_level, conf_type))  # type: ignore[arg-type]

    def at(self, values: FloatArray, moments: ArrayLike) -> FloatArray:
        slack = time_tolerance(self.time)
        place = np.searchsorted(self.time, np.asarray(moments, dtype=np.float64) + slack, side="right") - 1
        return np.where(place >= 0, values[np.maximum(place, 0)], 1.0)


def fit_curves(
    shown: SurvivalResult, time: ArrayLike, event: ArrayLike, group: Any, weight: ArrayLike, entry: ArrayLike | None
) -> Mapping[str, _Curve | None]:
    """Per group of ``shown`` that has patients its curve by the libraries; None where lifelines refuses to draw it."""
    from lifelines.exceptions import StatError

    patients = PatientRows.from_arrays(time, event, weight, entry)
    names = None if group is None else names_of(group, patients.row)
    found: dict[str, _Curve | None] = {}
    for curve in shown.curves:
        mask = np.ones(len(patients.time), dtype=bool) if names is None else names == curve.group
        if not mask.any():
            continue
        try:
            found[curve.group] = _Curve(patients.only(mask), shown.conf_level, shown.conf_type)
        except StatError:  # with delayed entry, a curve that comes down to 0 before all have entered
            found[curve.group] = None
    return found


@question
def compare_curves(
    shown: SurvivalResult,
    milestones: Sequence[Sequence[Estimate]],
    months: Sequence[float],
    time: ArrayLike,
    event: ArrayLike,
    *,
    group: Any = None,
    weight: ArrayLike,
    entry: ArrayLike | None = None,
    with_median: bool = True,
    variable: str = "",
    model: Model = "",
) -> Iterator[Compared]:
    """Each curve where it differs most, its values at ``months`` with their limits, and its median with its limits.

    ``milestones`` has the values shown per curve; arrays are those that the curves were made of.
    """
    theirs = fit_curves(shown, time, event, group, weight, entry)
    for curve, values in zip(shown.curves, milestones, strict=True):
        if curve.group not in theirs:
            continue
        figure = Quantity("curve", group=curve.group, variable=variable, model=model)
        other = theirs[curve.group]
        if other is None:
            yield compare(figure, float(curve.estimate[-1]), None, "lifelines", CANNOT)
            continue
        yield from _compare_steps(figure, curve, other)
        for month, estimate in zip(months, values, strict=True):
            at = Quantity("survival", group=curve.group, time=month, variable=variable, model=model)
            yield from _compare_milestone(at, estimate, other, month)
        if with_median and has_value(curve.median):
            median = Quantity("median", group=curve.group, variable=variable, model=model)
            yield from _compare_median(median, curve.median, curve, other)


@question
def compare_follow_up(
    shown: Estimate,
    time: ArrayLike,
    event: ArrayLike,
    *,
    weight: ArrayLike,
    entry: ArrayLike | None = None,
    conf_type: SurvivalConfType = "log-log",
) -> Iterator[Compared]:
    """The median follow-up, by the curve of being under observation."""
    from lifelines.exceptions import StatError

    ended = 1 - np.asarray(event, dtype=np.float64)
    patients = PatientRows.from_arrays(time, ended, weight, entry)
    if not len(patients.time) or not has_value(shown):
        return
    (curve,) = estimate_survival(time, ended, weight=weight, entry=entry, conf_type=conf_type).curves
    figure = Quantity("median follow-up")
    try:
        other = _Curve(patients, curve.conf_level, conf_type)
    except StatError:
        yield compare(figure, shown.value, None, "lifelines", CANNOT)
        return
    yield from _compare_median(figure, shown, curve, other)


def _compare_steps(figure: Quantity, curve: SurvivalCurve, other: _Curve) -> Iterator[Compared]:
    drawn = is_drawn(curve) & (curve.time > 0)
    if not drawn.any():
        return
    moments, ours = curve.time[drawn], curve.estimate[drawn]
    theirs = other.at(other.survival, moments)
    worst = int(np.argmax(np.abs(ours - theirs)))
    at = replace(figure, time=float(moments[worst]))
    yield compare(at, float(ours[worst]), float(theirs[worst]), "lifelines")


def _compare_milestone(figure: Quantity, shown: Estimate, other: _Curve, month: float) -> Iterator[Compared]:
    if shown.value is None:
        return
    yield compare(figure, shown.value, float(other.at(other.survival, [month])[0]), "lifelines")
    limits = (None, None) if shown.interval is None else (shown.interval.low, shown.interval.high)
    end = AT_ONE if shown.value == 1 else AT_ZERO if shown.value == 0 else None
    for part, ours, values in zip(("conf_low", "conf_high"), limits, other.limits, strict=True):
        theirs = float(other.at(values, [month])[0])
        why = end if np.isnan(theirs) or theirs == shown.value else None
        yield compare(figure.of(part), ours, theirs, other.library, why)  # type: ignore[arg-type]


def _compare_median(figure: Quantity, shown: Estimate, curve: SurvivalCurve, other: _Curve) -> Iterator[Compared]:
    limits = (None, None) if shown.interval is None else (shown.interval.low, shown.interval.high)
    parts: tuple[tuple[str, float | None, FloatArray, Any, str], ...] = (
        ("estimate", shown.value, curve.estimate, other.survival, "lifelines"),
        ("conf_low", limits[0], curve.low, other.limits[0], other.library),
        ("conf_high", limits[1], curve.high, other.limits[1], other.library),
    )
    if shown.value is None and shown.interval is None:
        parts = parts[:1]
    for part, ours, own, values, library in parts:
        below = np.flatnonzero(np.nan_to_num(values, nan=1.0) <= HALF)
        theirs = float(other.time[below[0]]) if len(below) else None
        yield compare(figure.of(part), ours, theirs, library, _why_median(ours, theirs, curve.time, own))  # type: ignore[arg-type]


def _why_median(ours: float | None, theirs: float | None, time: FloatArray, values: FloatArray) -> str | None:
    """That the curve is level at a half where both read it, or has no limit any more where the library reads it."""
    known = ~np.isnan(values)
    level = np.flatnonzero(known & (np.abs(values - HALF) < 1e-7))
    if len(level) and ours is not None:
        start = time[level[0]]
        after = time[level[-1] + 1] if level[-1] + 1 < len(time) else np.inf
        ends = [start, after]
        if start - 1e-9 <= ours <= after + 1e-9 and (theirs is None or min(abs(theirs - e) for e in ends) < 1e-6):
            return PLATEAU
    if ours is None and theirs is not None and not known[np.searchsorted(time, theirs - 1e-9)]:
        return AT_ZERO
    if ours is not None and theirs is not None and (np.diff(values[known]) > 0).any():
        return RISING
    if ours is None and theirs is not None and len(level) and level[-1] == len(time) - 1:
        return PLATEAU
    return None


@question
def compare_means(
    means: RestrictedMeanResult,
    differences: Sequence[SurvivalDifference],
    curves: SurvivalResult,
    labels: Mapping[str, str],
    time: ArrayLike,
    event: ArrayLike,
    *,
    group: Any,
    weight: ArrayLike,
    entry: ArrayLike | None = None,
) -> Iterator[Compared]:
    """Restricted means and differences of survival; ``labels`` has what they call each group of ``curves``."""
    found = fit_curves(curves, time, event, group, weight, entry)
    theirs = {labels[name]: curve for name, curve in found.items()}
    yield from compare_restricted_means(means, theirs)
    yield from compare_differences(differences, theirs)


def compare_differences(shown: Sequence[SurvivalDifference], theirs: Mapping[str, _Curve | None]) -> Iterator[Compared]:
    """Differences of two curves at a time; no library has their interval by the limits of both."""
    for found in shown:
        one, reference = theirs.get(found.group), theirs.get(found.reference)
        if found.difference.value is None or one is None or reference is None:
            continue
        at = [found.time]
        value = float(one.at(one.survival, at)[0] - reference.at(reference.survival, at)[0])
        figure = Quantity("survival difference", group=found.group, reference=found.reference, time=found.time)
        yield compare(figure, found.difference.value, value, "lifelines")


def compare_restricted_means(shown: RestrictedMeanResult, theirs: Mapping[str, _Curve | None]) -> Iterator[Compared]:
    """Restricted means with differences and ratios. lifelines gives no standard error of a mean."""
    from lifelines.utils import restricted_mean_survival_time

    if shown.horizon is None:
        return
    means: dict[str, float] = {}
    for group, curve in theirs.items():
        if curve is not None:
            # It counts from the first entry on; until then everybody is free of the event.
            means[group] = float(restricted_mean_survival_time(curve.fitter, t=shown.horizon)) + float(curve.time[0])
    for mean in shown.groups:
        if mean.mean.value is not None and mean.group in means:
            figure = Quantity("restricted mean", group=mean.group, time=shown.horizon)
            yield compare(figure, mean.mean.value, means[mean.group], "lifelines")
    for contrast in shown.contrasts:
        if contrast.group not in means or contrast.reference not in means:
            continue
        one, reference = means[contrast.group], means[contrast.reference]
        pair = {"group": contrast.group, "reference": contrast.reference, "time": shown.horizon}
        if contrast.difference.value is not None:
            figure = Quantity("difference of restricted means", **pair)  # type: ignore[arg-type]
            yield compare(figure, contrast.difference.value, one - reference, "lifelines")
        if contrast.ratio.value is not None:
            figure = Quantity("ratio of restricted means", **pair)  # type: ignore[arg-type]
            yield compare(figure, contrast.ratio.value, one / reference, "lifelines")


@question
def compare_test(
    shown: TestResult | None,
    time: ArrayLike,
    event: ArrayLike,
    group: Any,
    *,
    weight: ArrayLike,
    strata: Any = None,
    entry: ArrayLike | None = None,
    weighting: str = "logrank",
    rho: float = 0,
    gamma: float = 0,
    model: Model = "",
) -> Iterator[Compared]:
    """The test between all groups: its chi-square and p value."""
    if shown is None or shown.p_value is None:
        return
    patients = PatientRows.from_arrays(time, event, weight, entry)
    test = _Test(patients, names_of(group, patients.row), strata, weighting, rho, gamma)
    figure = Quantity("test", "statistic", model=model)
    yield from test.compare(figure, shown)


@question
def compare_pairs(
    shown: Sequence[PairwiseTest],
    time: ArrayLike,
    event: ArrayLike,
    group: Any,
    *,
    weight: ArrayLike,
    strata: Any = None,
    entry: ArrayLike | None = None,
    weighting: str = "logrank",
    rho: float = 0,
    gamma: float = 0,
    variable: str = "",
) -> Iterator[Compared]:
    """The p value of each pair of groups, from their patients alone, and the p values adjusted by statsmodels."""
    if not shown:
        return
    patients = PatientRows.from_arrays(time, event, weight, entry)
    names = names_of(group, patients.row)
    for pair in shown:
        if pair.test.p_value is None:
            continue
        mask = (names == pair.group_a) | (names == pair.group_b)
        test = _Test(patients.only(mask), names[mask], strata, weighting, rho, gamma)
        figure = Quantity("test", "p_value", variable=variable, group=pair.group_b, reference=pair.group_a)
        yield from test.compare(figure, pair.test)
    if all(pair.p_adjusted is not None for pair in shown):
        from statsmodels.stats.multitest import multipletests

        method = {"holm": "holm", "bh": "fdr_bh"}[shown[0].adjust]
        adjusted = multipletests([pair.test.p_value for pair in shown], method=method)[1]
        for pair, theirs in zip(shown, adjusted, strict=True):
            figure = Quantity("test", "p_adjusted", variable=variable, group=pair.group_b, reference=pair.group_a)
            yield compare(figure, pair.p_adjusted, theirs, "statsmodels")


class _Test:
    """A test between groups by whichever library has it: lifelines without strata and late entry, else statsmodels."""

    def __init__(
        self, patients: PatientRows, names: np.ndarray, strata: Any, weighting: str, rho: float, gamma: float
    ) -> None:
        self.patients, self.names = patients, names
        self.strata = None if strata is None else names_of(strata, patients.row)
        self.weighting, self.rho, self.gamma = weighting, rho, gamma

    def compare(self, figure: Quantity, shown: TestResult) -> Iterator[Compared]:
        if self.strata is None and self.patients.entry is None:
            found: tuple[float, float] | None = self._by_lifelines()
            library = "lifelines"
        elif self.weighting in ("logrank", "tarone-ware") and (self.strata is None or self.patients.entry is None):
            found, library = self._by_statsmodels(), "statsmodels"
        else:
            yield from not_offered(figure.of("p_value"), shown.p_value)
            return
        n_groups = len(np.unique(self.names))
        why = None if found is not None and shown.df == n_groups - 1 else CANNOT
        statistic, p_value = found or (None, None)
        if figure.part == "statistic":
            yield compare(figure, shown.statistic, statistic, library, why)
        yield compare(figure.of("p_value"), shown.p_value, p_value, library, why)

    def _by_lifelines(self) -> tuple[float, float]:
        from lifelines.statistics import multivariate_logrank_test

        weighting = None if self.weighting == "logrank" else self.weighting
        powers = {"p": self.rho, "q": self.gamma} if weighting == "fleming-harrington" else {}
        patients = self.patients
        found = multivariate_logrank_test(patients.time, self.names, patients.event, weightings=weighting, **powers)
        return float(found.test_statistic), float(found.p_value)

    def _by_statsmodels(self) -> tuple[float, float] | None:
        from statsmodels.duration.survfunc import survdiff

        kind = None if self.weighting == "logrank" else "tw"
        patients = self.patients
        try:
            statistic, p_value = survdiff(patients.time, patients.event, self.names, kind, self.strata, patients.entry)
        except np.linalg.LinAlgError:
            return None
        return float(statistic), float(p_value)
