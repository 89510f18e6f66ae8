"""Treatments compared at a landmark: patients are classified by what they had received by then, among those followed then.

Sources
-------
Anderson, Cain & Gelber (1983), Journal of Clinical Oncology 1:710, doi:10.1200/JCO.1983.1.11.710: the bias and the
landmark method.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analytics.estimators.intervals import SurvivalConfType
from analytics.estimators.regression.cox import (
    ConfType,
    Method,
    Ties,
)
from analytics.estimators.survival.kaplan_meier import estimate_survival
from analytics.estimators.survival.logrank import logrank_test
from analytics.estimators.treatment.history import (
    TREATED,
    UNTREATED,
    SwitchingPatients,
)
from analytics.estimators.treatment.rows import (
    TREATMENT,
    StateModel,
    TreatedAt,
    check_landmark,
)
from analytics.results import FloatArray, LandmarkResult, Note, Reason, SurvivalResult


def landmark_survival(
    time: ArrayLike,
    event: ArrayLike,
    treated_at: TreatedAt,
    *,
    landmark: float,
    weight: ArrayLike | None = None,
    strata: Any = None,
    covariates: pd.DataFrame | None = None,
    ties: Ties = "efron",
    method: Method = "auto",
    conf_level: float = 0.95,
    conf_type: SurvivalConfType = "log-log",
    ratio_conf_type: ConfType = "wald",
    untreated: str = UNTREATED,
    treated: str = TREATED,
    reference: str | None = None,
) -> LandmarkResult:
    """Survival after a landmark of the patients still followed then, by the treatment they had received until then.

    Parameters
    ----------
    time, event, treated_at, weight, untreated, treated
        As for :func:`split_at_treatment`.
    landmark : float
        The landmark, finite and >= 0, in the unit of ``time``; to be chosen before the data are seen.
    strata : array of shape (rows,), optional
        Strata of the test and of the Cox model.
    covariates, ties, method, conf_level
        As for :func:`time_dependent_hazard_ratio`.
    conf_type
        The intervals of the curves, as for :func:`analytics.estimators.estimate_survival`.
    ratio_conf_type : {"wald", "profile"}
        Those of the hazard ratios, with the p values beside them, as ``conf_type`` of
        :func:`analytics.estimators.estimate_hazard_ratios`.
    reference : str, optional
        The state that the hazard ratios compare the others with. Default: the untreated one.

    Returns
    -------
    LandmarkResult
        Patients with ``time`` > ``landmark``, in the state entered last at or before it; what happens to their treatment
        later changes nothing. Times count from the origin: the curves start at 1 at the landmark.

    Raises
    ------
    ValueError
        As for :func:`time_dependent_hazard_ratio`, or if the landmark is not finite and >= 0.
    TypeError
        If ``covariates`` is no DataFrame or a column is of a kind that cannot be used.

    Notes
    -----
    Codes of notes: "excluded-before-landmark", "switch-after-landmark".

    References
    ----------
    Anderson, Cain & Gelber (1983), Journal of Clinical Oncology 1:710, doi:10.1200/JCO.1983.1.11.710.
    """
    check_landmark(landmark)
    history = SwitchingPatients.from_arrays(time, event, treated_at, weight, None, untreated, treated)
    model = StateModel.of(history, covariates, strata, reference, ties, method, ratio_conf_type, conf_level)
    return _landmark(history, landmark, model, conf_type)


def landmark_profile(
    time: ArrayLike,
    event: ArrayLike,
    treated_at: TreatedAt,
    *,
    landmarks: Sequence[float] | FloatArray,
    weight: ArrayLike | None = None,
    strata: Any = None,
    covariates: pd.DataFrame | None = None,
    ties: Ties = "efron",
    method: Method = "auto",
    conf_level: float = 0.95,
    ratio_conf_type: ConfType = "wald",
    untreated: str = UNTREATED,
    treated: str = TREATED,
    reference: str | None = None,
    treatment_only: bool = False,
) -> tuple[LandmarkResult, ...]:
    """The landmark analysis at many landmarks, without curves: how far the answer depends on where it is put.

    Parameters
    ----------
    landmarks : sequence of shape (m,)
        Landmarks, finite and >= 0, in any order.
    time, event, treated_at, weight, strata, covariates, ties, method, conf_level, ratio_conf_type
    untreated, treated, reference
        As for :func:`landmark_survival`.
    treatment_only : bool
        True reports the hazard ratios of the treatment alone, adjusted for the covariates all the same.

    Returns
    -------
    tuple of m LandmarkResults
        In the order of ``landmarks``; ``curves`` has none. The analyses rest on largely the same patients, and no p value
        is adjusted: to choose a landmark by its p value is to test many times.

    Raises
    ------
    ValueError, TypeError
        As for :func:`landmark_survival`.
    """
    for landmark in landmarks:
        check_landmark(landmark)
    history = SwitchingPatients.from_arrays(time, event, treated_at, weight, None, untreated, treated)
    model = StateModel.of(history, covariates, strata, reference, ties, method, ratio_conf_type, conf_level)
    if treatment_only:
        model = model._replace(only=TREATMENT)
    # Between two landmarks at which the same patients are followed in the same states, nothing has happened.
    known: dict[tuple[bytes, bytes], LandmarkResult] = {}
    profile = []
    for at in np.asarray(landmarks, dtype=np.float64).tolist():
        key = ((history.time > at).tobytes(), history.state_at(at).tobytes())
        if key not in known:
            known[key] = _landmark(history, at, model)
        profile.append(replace(known[key], landmark=at))
    return tuple(profile)


def _landmark(
    history: SwitchingPatients,
    landmark: float,
    model: StateModel,
    conf_type: SurvivalConfType | None = None,
) -> LandmarkResult:
    """The comparison at one landmark; without curves where no intervals of them are named."""
    followed = history.time > landmark
    time, event, weight = history.time[followed], history.event[followed], history.weight[followed]
    codes = history.state_at(landmark)[followed]
    state = history.states(codes)
    own_strata = None if model.strata is None else model.strata[followed]
    curves = SurvivalResult((), model.conf_level, conf_type or "log-log")
    if conf_type is not None:
        start = np.full(len(time), float(landmark))
        curves = estimate_survival(
            time, event, group=state, weight=weight, entry=start, conf_level=model.conf_level, conf_type=conf_type
        )
    test = logrank_test(time, event, state, weight=weight, strata=own_strata)
    lost = ~followed * history.weight
    result = LandmarkResult(
        landmark=float(landmark),
        n=round(float(weight.sum())),
        n_event_before=round(float(lost @ history.event)),
        n_censored_before=round(float(lost @ (1 - history.event))),
        n_treated=round(float(weight @ (codes > 0))),
        n_untreated=round(float(weight @ (codes == 0))),
        n_switch_later=round(float(weight @ history.moves_after(landmark)[followed])),
        n_event=round(float(weight @ event)),
        curves=curves,
        test=test,
        hazard_ratio=model.fit(history, state, np.flatnonzero(followed)),
        reason=test.reason if len(time) else Reason("nobody-beyond-landmark"),
    )
    return replace(result, notes=_landmark_notes(result))


def _landmark_notes(result: LandmarkResult) -> tuple[Note, ...]:
    notes = []
    if excluded := result.n_event_before + result.n_censored_before:
        n_event, n_censored = result.n_event_before, result.n_censored_before
        n_all = result.n + excluded
        notes.append(
            Note.of("excluded-before-landmark", "info", n=excluded, n_all=n_all, n_event=n_event, n_censored=n_censored)
        )
    if n := result.n_switch_later:
        notes.append(Note.of("switch-after-landmark", "info", n=n))
    return tuple(notes)
