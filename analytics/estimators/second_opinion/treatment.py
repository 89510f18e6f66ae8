"""Treatments that begin during follow-up: the rows that the view was made of, handed to the libraries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import chdtrc

from analytics.estimators.curves.zero_events import read_curve
from analytics.estimators.design import IntArray
from analytics.estimators.second_opinion.comparison import PatientRows, compare, not_offered
from analytics.estimators.second_opinion.curves import compare_curves, compare_pairs, compare_test
from analytics.estimators.second_opinion.hazards import compare_hazard_ratios, largest_likelihood
from analytics.estimators.second_opinion.questions import question
from analytics.estimators.treatment.history import SwitchingPatients
from analytics.results import (
    Estimate,
    FloatArray,
    HazardRatio,
    HazardRatioResult,
    LandmarkResult,
    Name,
    PairwiseTest,
    SubgroupEffect,
    SubgroupResult,
    SurvivalResult,
    TestResult,
)
from analytics.results.second_opinion import CANNOT, ESTIMATED_WEIGHTS, Compared, Model, Quantity

TREATMENT = "treatment"
Steps = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows of a comparison: as treatment changes, or each patient in one state, with ``entry`` None."""

    time: FloatArray
    event: FloatArray
    state: pd.Categorical
    weight: FloatArray
    row: IntArray
    entry: FloatArray | None = None

    @classmethod
    def of(cls, history: SwitchingPatients, landmark: float | None, ever: bool = False) -> _Rows:
        """As treatment changes, by the state at a ``landmark`` among those still followed then, or by the last state."""
        if landmark is None and not ever:
            rows = history.split()
            return cls(rows.time, rows.event, rows.state, rows.weight, rows.row, rows.entry)
        kept = np.ones(len(history.time), dtype=bool) if landmark is None else history.time > landmark
        codes = history.last_state() if landmark is None else history.state_at(landmark)
        state = history.states(codes[kept])
        return cls(history.time[kept], history.event[kept], state, history.weight[kept], history.row[kept])

    def of_patients(self, strata: Any) -> Any:
        """The strata of the rows; None for None."""
        return None if strata is None else np.asarray(strata, dtype=object)[self.row]


def compare_switching(
    curves: SurvivalResult,
    test: TestResult,
    months: Sequence[float],
    time: ArrayLike,
    event: ArrayLike,
    treated_at: Mapping[str, ArrayLike],
    *,
    weight: ArrayLike,
    untreated: str,
    strata: Any = None,
    entry: ArrayLike | None = None,
    landmark: float = 0.0,
) -> Iterator[Compared]:
    """Simon and Makuch's curves from ``landmark`` on, and the test of Mantel and Byar."""
    history = SwitchingPatients.from_arrays(time, event, treated_at, weight, entry, untreated)
    rows = history.split(landmark)
    milestones = [read_curve(curve, months) for curve in curves.curves]
    shared: dict[str, Any] = {"weight": rows.weight, "entry": rows.entry}
    yield from compare_curves(
        curves, milestones, months, rows.time, rows.event, group=rows.state, with_median=False, **shared
    )
    whole = _Rows.of(history, None)
    shared = {"weight": whole.weight, "entry": whole.entry, "strata": whole.of_patients(strata)}
    yield from compare_test(test, whole.time, whole.event, whole.state, **shared)


def compare_treatment_ratios(
    shown: HazardRatioResult,
    time: ArrayLike,
    event: ArrayLike,
    treated_at: Mapping[str, ArrayLike],
    *,
    weight: ArrayLike,
    untreated: str,
    covariates: pd.DataFrame | None = None,
    strata: Any = None,
    entry: ArrayLike | None = None,
    landmark: float | None = None,
    ever: bool = False,
    steps: Steps | None = None,
    model: Model = "",
) -> Iterator[Compared]:
    """A Cox model of treatment: as it changes, by the state at a ``landmark``, or (naively) by the last state."""
    history = SwitchingPatients.from_arrays(time, event, treated_at, weight, entry, untreated)
    rows = _Rows.of(history, landmark, ever)
    design = pd.DataFrame({TREATMENT: rows.state})
    if covariates is not None:
        others = covariates.iloc[rows.row].reset_index(drop=True)
        design = pd.concat([design, others], axis=1)
    options: dict[str, Any] = {"weight": rows.weight, "entry": rows.entry, "strata": rows.of_patients(strata)}
    yield from compare_hazard_ratios(shown, rows.time, rows.event, design, **options, steps=steps, model=model)


def compare_landmark(
    shown: LandmarkResult,
    months: Sequence[float],
    time: ArrayLike,
    event: ArrayLike,
    treated_at: Mapping[str, ArrayLike],
    *,
    weight: ArrayLike,
    untreated: str,
    covariates: pd.DataFrame | None = None,
    strata: Any = None,
    steps: Steps | None = None,
) -> Iterator[Compared]:
    """Curves, test and hazard ratios by the state at the landmark, among those still followed then."""
    history = SwitchingPatients.from_arrays(time, event, treated_at, weight, None, untreated)
    rows = _Rows.of(history, shown.landmark)
    arrays = rows.time, rows.event
    milestones = [read_curve(curve, months) for curve in shown.curves.curves]
    shared: dict[str, Any] = {"weight": rows.weight, "entry": np.full(len(rows.time), shown.landmark)}
    yield from compare_curves(shown.curves, milestones, months, *arrays, group=rows.state, with_median=False, **shared)
    yield from compare_test(shown.test, *arrays, rows.state, weight=rows.weight, strata=rows.of_patients(strata))
    yield from compare_treatment_ratios(
        shown.hazard_ratio,
        *(time, event, treated_at),
        weight=weight,
        untreated=untreated,
        covariates=covariates,
        strata=strata,
        landmark=shown.landmark,
        steps=steps,
    )


def compare_groups(
    shown: LandmarkResult,
    others: Sequence[HazardRatioResult],
    pairs: Sequence[PairwiseTest],
    months: Sequence[float],
    time: ArrayLike,
    event: ArrayLike,
    treated_at: Mapping[str, ArrayLike],
    *,
    weight: ArrayLike,
    untreated: str,
    covariates: pd.DataFrame | None = None,
    strata: Any = None,
    entry: ArrayLike | None = None,
    landmark: float | None = None,
    steps: Steps | None = None,
) -> Iterator[Compared]:
    """Groups at a ``landmark`` or as they change: curves, tests of all and of pairs, and ratios against each reference."""
    arrays = (time, event, treated_at)
    shared: dict[str, Any] = {"weight": weight, "untreated": untreated, "strata": strata}
    modelled = {**shared, "covariates": covariates, "steps": steps}
    history = SwitchingPatients.from_arrays(*arrays, weight, entry, untreated)
    if landmark is None:
        yield from compare_switching(shown.curves, shown.test, months, *arrays, **shared, entry=entry)
        yield from compare_treatment_ratios(shown.hazard_ratio, *arrays, **modelled, entry=entry)
    else:
        yield from compare_landmark(shown, months, *arrays, **modelled)
    rows = _Rows.of(history, landmark)
    options: dict[str, Any] = {"entry": rows.entry} if landmark is None else {}
    options |= {"weight": rows.weight, "strata": rows.of_patients(strata)}
    yield from compare_pairs(pairs, rows.time, rows.event, rows.state, **options)
    for model in others:
        reference = next(term.level for term in model.terms if term.is_reference)
        name = f"against {reference}"
        yield from compare_treatment_ratios(model, *arrays, **modelled, entry=entry, landmark=landmark, model=name)


@question
def compare_weighted_curves(
    shown: SurvivalResult,
    milestones: Sequence[Sequence[Any]],
    months: Sequence[float],
    time: FloatArray,
    event: FloatArray,
    group: pd.Categorical,
    share: FloatArray,
    *,
    weight: FloatArray,
    entry: FloatArray,
    model: Model = "",
) -> Iterator[Compared]:
    """Curves of patients who count for ``share`` each. lifelines takes shares for counts, so that its limits are others."""
    from lifelines import KaplanMeierFitter

    for curve, values in zip(shown.curves, milestones, strict=True):
        mask = np.asarray(group == curve.group) & (weight > 0)
        if not mask.any():
            continue
        fitter = KaplanMeierFitter(alpha=1 - shown.conf_level)
        fitter.fit(time[mask], event[mask], entry=entry[mask], weights=(weight * share)[mask])
        for month, estimate in zip(months, values, strict=True):
            if estimate.value is None:
                continue
            figure = Quantity("survival", group=curve.group, time=month, model=model)
            yield compare(figure, estimate.value, float(fitter.predict(month)), "lifelines")
            if estimate.interval is None:
                continue
            limits = fitter.confidence_interval_.loc[:month].iloc[-1].to_numpy()
            for part, ours, theirs in zip(
                ("conf_low", "conf_high"), (estimate.interval.low, estimate.interval.high), limits, strict=True
            ):
                yield compare(figure.of(part), ours, theirs, "lifelines", ESTIMATED_WEIGHTS)  # type: ignore[arg-type]


def compare_subgroups(
    shown: SubgroupResult,
    time: ArrayLike,
    event: ArrayLike,
    group: pd.Categorical,
    subgroup: pd.Categorical,
    *,
    weight: ArrayLike,
    entry: ArrayLike | None = None,
    strata: Any = None,
    variable: str,
    model: str,
) -> Iterator[Compared]:
    """The hazard ratios inside each subgroup, and the test that they are the same in all of them."""
    times, events, counts = (np.asarray(values, dtype=np.float64) for values in (time, event, weight))
    entries = None if entry is None else np.asarray(entry, dtype=np.float64)
    blocks = None if strata is None else np.asarray(strata, dtype=object)
    for level in dict.fromkeys(effect.subgroup for effect in shown.subgroups):
        here = np.asarray(subgroup == level)
        effects = [effect for effect in shown.subgroups if effect.subgroup == level]
        yield from compare_hazard_ratios(
            _as_model(effects, variable, shown.conf_level),
            times[here],
            events[here],
            pd.DataFrame({variable: group[here]}, index=np.flatnonzero(here)),
            weight=counts[here],
            entry=None if entries is None else entries[here],
            strata=None if blocks is None else blocks[here],
            model=Name(model, level),
        )
    yield from compare_interaction(
        shown,
        times,
        events,
        group,
        subgroup,
        weight=counts,
        entry=entries,
        strata=blocks,
        variable=variable,
        model=model,
    )


@question
def compare_interaction(
    shown: SubgroupResult,
    time: FloatArray,
    event: FloatArray,
    group: pd.Categorical,
    subgroup: pd.Categorical,
    *,
    weight: FloatArray,
    entry: FloatArray | None,
    strata: np.ndarray | None,
    variable: str,
    model: str,
) -> Iterator[Compared]:
    """The test that the hazard ratios between the groups are the same in all subgroups."""
    figure = Quantity("interaction", "p_value", model=model)
    test = shown.interaction
    if test.p_value is None or test.df is None:
        return
    patients = PatientRows.from_arrays(time, event, weight, entry)
    names = None if strata is None else strata[patients.row].astype(str)
    one, other = group.codes[patients.row], subgroup.codes[patients.row]
    apart = [[(one == i).astype(float) for i in np.unique(one)], [(other == i).astype(float) for i in np.unique(other)]]
    small = np.column_stack([*apart[0][1:], *apart[1][1:]])
    large = np.column_stack([small, *(a * b for a in apart[0][1:] for b in apart[1][1:])])
    sparse = any(e.n_event == 0 or e.n_event_reference == 0 for e in shown.subgroups)
    if sparse:
        # The largest likelihood lies at infinity, where a search by Newton's method does not come to an end.
        yield from not_offered(figure, test.p_value)
        return
    found = [largest_likelihood(patients, matrix, names) for matrix in (small, large)]
    df = found[1][1] - found[0][1]
    p_value = float(chdtrc(df, max(0.0, 2 * (found[1][0] - found[0][0])))) if df > 0 else None
    yield compare(figure, test.p_value, p_value, "statsmodels", None if df == test.df else CANNOT)


def _as_model(effects: Sequence[SubgroupEffect], variable: str, conf_level: float) -> HazardRatioResult:
    """The ratios within one subgroup in the form of a model."""
    first = effects[0]
    terms = (
        HazardRatio(
            *(variable, first.reference, True, first.n_reference, first.n_event_reference),
            Estimate(1.0),
            None,
        ),
        *(HazardRatio(variable, e.group, False, e.n, e.n_event, e.ratio, e.p_value) for e in effects),
    )
    n = first.n_reference + sum(e.n for e in effects)
    n_event = first.n_event_reference + sum(e.n_event for e in effects)
    options = ("efron", "model", "likelihood ratio", conf_level, "profile")
    return HazardRatioResult(terms, (), first.method, *options, n, n_event, len(effects), None)
