"""Cumulative incidence by statsmodels, which is exact, and by lifelines, which moves tied times by chance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analytics.estimators.intervals import survival_limits
from analytics.estimators.observations import CompetingObservations, time_tolerance
from analytics.estimators.second_opinion.comparison import compare, names_of, not_offered
from analytics.estimators.second_opinion.questions import question
from analytics.results import Estimate, FloatArray, HazardRatioResult, IncidenceResult, Name, TestResult
from analytics.results import is_shown as is_drawn
from analytics.results.second_opinion import AT_ONE, AT_ZERO, JITTERED, Compared, Quantity

SEED = 20260131  # of the jitter, so that the same patients give the same numbers


@question
def compare_incidence_curves(
    shown: IncidenceResult,
    milestones: Sequence[Sequence[Estimate]],
    months: Sequence[float],
    time: ArrayLike,
    cause: ArrayLike,
    *,
    group: Any,
    weight: ArrayLike,
    variable: str = "",
    event: str = "",
) -> Iterator[Compared]:
    """Each curve where it differs most, its values at ``months`` by both libraries, and their limits.

    ``cause`` is 0 without an event and k for the k-th of the causes; ``variable`` and ``event`` name the columns of the
    groups and of the causes. The formula of the limits is ours, the standard error
    that goes into it is that of statsmodels.
    """
    sample = CompetingObservations.from_arrays(time, cause, weight)
    rows = np.repeat(np.arange(len(sample.data.time)), sample.data.weight.astype(int))
    times, causes = sample.data.time[rows], sample.cause[rows].astype(int)
    names = names_of(group, np.flatnonzero(sample.data.kept)[rows])
    for curve, values in zip(shown.curves, milestones, strict=True):
        mask, of = names == curve.group, shown.causes.index(curve.cause) + 1
        if not mask.any():
            continue
        names_of_curve: dict[str, Any] = {
            "variable": variable,
            "group": curve.group,
            "model": Name(event, curve.cause),
        }
        drawn = is_drawn(curve)
        exact = _by_statsmodels(times[mask], causes[mask], of)
        if drawn.any():
            theirs = _at(exact.time, exact.incidence, curve.time[drawn])
            worst = int(np.argmax(np.abs(theirs - curve.estimate[drawn])))
            at = Quantity("incidence curve", time=float(curve.time[drawn][worst]), **names_of_curve)
            yield compare(at, float(curve.estimate[drawn][worst]), float(theirs[worst]), "statsmodels")
        jittered = _by_lifelines(times[mask], causes[mask], of)
        for month, estimate in zip(months, values, strict=True):
            if estimate.value is None:
                continue
            at = Quantity("incidence", time=month, **names_of_curve)
            wanted = np.array([month])
            value, error = (_at(exact.time, values, wanted) for values in (exact.incidence, exact.std_error))
            yield compare(at, estimate.value, float(value[0]), "statsmodels")
            if jittered is not None:
                theirs = _at(jittered.time, jittered.incidence, wanted)
                yield compare(at, estimate.value, float(theirs[0]), "lifelines", JITTERED)
            if estimate.interval is not None:
                limits = survival_limits(value, error, shown.conf_level, shown.conf_type)  # type: ignore[arg-type]
                why = AT_ONE if estimate.value == 0 else AT_ZERO if np.isnan(error[0]) or estimate.value == 1 else None
                ours = (estimate.interval.low, estimate.interval.high)
                for part, own, limit in zip(("conf_low", "conf_high"), ours, limits, strict=True):
                    yield compare(at.of(part), own, float(limit[0]), "statsmodels", why)  # type: ignore[arg-type]


@question
def compare_gray(
    shown: TestResult,
    causes: Sequence[str],
    time: ArrayLike,
    cause: ArrayLike,
    *,
    group: Any,
    weight: ArrayLike,
    model: Name,
) -> Iterator[Compared]:
    """Gray's test of the cause that ``model`` names, which no library of Python has."""
    yield from not_offered(Quantity("Gray’s test", "p_value", model=model), shown.p_value)


@question
def compare_subdistribution(
    shown: HazardRatioResult,
    causes: Sequence[str],
    time: ArrayLike,
    cause: ArrayLike,
    covariates: pd.DataFrame,
    *,
    weight: ArrayLike,
    steps: Mapping[str, float],
    model: Name,
) -> Iterator[Compared]:
    """Fine and Gray's model of the cause that ``model`` names, which no library of Python has."""
    for term in shown.terms:
        if not term.is_reference:
            names: dict[str, Any] = {"variable": term.variable, "level": term.level, "model": model}
            yield from not_offered(Quantity("subdistribution hazard ratio", **names), term.ratio.value)


@dataclass(frozen=True, slots=True)
class _Curve:
    time: FloatArray
    incidence: FloatArray
    std_error: FloatArray


def _by_statsmodels(time: FloatArray, cause: np.ndarray, of: int) -> _Curve:
    from statsmodels.duration.survfunc import CumIncidenceRight

    if not (cause == of).any():
        return _Curve(np.zeros(1), np.zeros(1), np.zeros(1))
    # It numbers the causes that it finds.
    order = {number: place for place, number in enumerate(sorted(set(cause.tolist()) - {0}))}
    found = CumIncidenceRight(time, np.array([0 if c == 0 else order[c] + 1 for c in cause.tolist()]))
    return _Curve(
        *(np.asarray(v, dtype=np.float64) for v in (found.times, found.cinc[order[of]], found.cinc_se[order[of]]))
    )


def _by_lifelines(time: FloatArray, cause: np.ndarray, of: int) -> _Curve | None:
    from lifelines import AalenJohansenFitter

    if not (cause == of).any():
        return None
    fitter = AalenJohansenFitter(seed=SEED, calculate_variance=False)
    fitter.fit(time, cause, event_of_interest=of)
    found = fitter.cumulative_density_
    values = found.iloc[:, 0].to_numpy(dtype=np.float64)
    return _Curve(found.index.to_numpy(dtype=np.float64), values, np.full(len(values), np.nan))


def _at(moments: FloatArray, values: FloatArray, wanted: FloatArray) -> FloatArray:
    place = np.searchsorted(moments, wanted + time_tolerance(moments), side="right") - 1
    return np.where(place >= 0, values[np.maximum(place, 0)], 0.0)
