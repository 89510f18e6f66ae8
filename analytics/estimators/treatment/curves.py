"""Survival curves and the log-rank test of treatment as it changes: patients move from one risk set to another.

Sources
-------
Mantel & Byar (1974), Journal of the American Statistical Association 69:81, doi:10.1080/01621459.1974.10480131: the
test, and risk sets among which patients move.
Simon & Makuch (1984), Statistics in Medicine 3:35, doi:10.1002/sim.4780030106, and Snapinn, Jiang & Iglewicz (2005),
The American Statistician 59:301, doi:10.1198/000313005X70371: the curves.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from analytics.estimators.curves.survival_curve import survival_quantile
from analytics.estimators.intervals import SurvivalConfType
from analytics.estimators.multiplicity import Adjust
from analytics.estimators.survival.kaplan_meier import estimate_survival
from analytics.estimators.survival.logrank import (
    Weighting,
    logrank_test,
    pairwise_logrank,
)
from analytics.estimators.treatment.history import (
    TREATED,
    UNTREATED,
    SwitchingPatients,
)
from analytics.estimators.treatment.rows import TreatedAt, check_landmark
from analytics.results import Note, PairwiseTest, SurvivalCurve, SurvivalResult, TestResult, read_only


def simon_makuch(
    time: ArrayLike,
    event: ArrayLike,
    treated_at: TreatedAt,
    *,
    weight: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    landmark: float = 0.0,
    conf_level: float = 0.95,
    conf_type: SurvivalConfType = "log-log",
    untreated: str = UNTREATED,
    treated: str = TREATED,
) -> SurvivalResult:
    """Kaplan–Meier curves by treatment whose risk sets patients leave and enter as they are treated.

    Parameters
    ----------
    time, event, treated_at, weight, entry, untreated, treated
        As for :func:`split_at_treatment`.
    landmark : float
        Start the curves here, with the patients whose ``time`` is later, each in the state of this moment. Default 0:
        all patients, from the start.
    conf_level, conf_type
        As for :func:`analytics.estimators.estimate_survival`.

    Returns
    -------
    SurvivalResult
        One curve per state, the untreated one first. ``n`` counts the patients who were ever in the state, ``entry``
        and ``n_entry`` when they came into it, and ``n_censor`` who left it, by being treated or by the end of
        follow-up. A curve starts at 1 when its first patient comes in. It shows how patients fare while in a state; it
        is not the survival of any fixed group of patients.

    Raises
    ------
    ValueError
        As for :func:`split_at_treatment`, or if the landmark is not finite and >= 0.

    Notes
    -----
    Codes of notes: "switching-risk-sets"; "early-zero", where a curve falls to 0 because all of a small early risk set
    have the event while others come into the state later. A later ``landmark`` mends that.

    References
    ----------
    Simon & Makuch (1984), Statistics in Medicine 3:35, doi:10.1002/sim.4780030106; Snapinn, Jiang & Iglewicz (2005),
    The American Statistician 59:301, doi:10.1198/000313005X70371.
    """
    check_landmark(landmark)
    history = SwitchingPatients.from_arrays(time, event, treated_at, weight, entry, untreated, treated)
    rows = history.split(landmark)
    result = estimate_survival(
        rows.time,
        rows.event,
        group=rows.state,
        weight=rows.weight,
        entry=rows.entry,
        conf_level=conf_level,
        conf_type=conf_type,
    )
    curves = result.curves
    if landmark == 0 and (history.time == 0).any():
        curves = tuple(_from_zero(curve, history.start_of_time()) for curve in curves)
    notes = [_early_zero(curve) for curve in curves]
    n_moving = round(float(history.weight @ (history.moves_after(landmark) & (history.time > landmark))))
    if n_moving:
        n = round(float(history.weight @ ((history.time > landmark) | (landmark == 0))))
        notes.append(Note.of("switching-risk-sets", "info", n_moving=n_moving, n=n))
    return replace(result, curves=curves, notes=tuple(note for note in notes if note is not None))


def mantel_byar_test(
    time: ArrayLike,
    event: ArrayLike,
    treated_at: TreatedAt,
    *,
    weight: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    strata: Any = None,
    weighting: Weighting = "logrank",
    rho: float = 0,
    gamma: float = 0,
    untreated: str = UNTREATED,
    treated: str = TREATED,
) -> TestResult:
    """The log-rank test of treatment as it changes: at each event, patients count by the state they are in.

    Parameters
    ----------
    time, event, treated_at, weight, entry, untreated, treated
        As for :func:`split_at_treatment`.
    strata : array of shape (rows,), optional
        Patients are compared within their stratum only.
    weighting, rho, gamma
        As for :func:`analytics.estimators.logrank_test`.

    Returns
    -------
    TestResult
        ``n`` of a group counts the patients who were ever in the state, so that a treated patient counts twice unless
        treated from the start. All None, with a reason, where nobody is treated within follow-up or there is no event.

    Raises
    ------
    ValueError
        As for :func:`split_at_treatment` and :func:`analytics.estimators.logrank_test`.

    Notes
    -----
    It is the score test of the Cox model with time-dependent treatment and the discrete (exact) handling of ties.

    References
    ----------
    Mantel & Byar (1974), Journal of the American Statistical Association 69:81, doi:10.1080/01621459.1974.10480131.
    """
    history = SwitchingPatients.from_arrays(time, event, treated_at, weight, entry, untreated, treated)
    rows = history.split()
    strata = history.strata(strata)
    test = logrank_test(
        rows.time,
        rows.event,
        rows.state,
        weight=rows.weight,
        strata=None if strata is None else strata[history.place_of(rows)],
        entry=rows.entry,
        weighting=weighting,
        rho=rho,
        gamma=gamma,
    )
    if weighting == "logrank":
        method = "Mantel–Byar test" if strata is None else "stratified Mantel–Byar test"
    else:
        method = f"{test.method} with time-dependent treatment"
    return replace(test, method=method)


def pairwise_treatments(
    time: ArrayLike,
    event: ArrayLike,
    treated_at: TreatedAt,
    *,
    landmark: float | None = None,
    weight: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    strata: Any = None,
    untreated: str = UNTREATED,
    treated: str = TREATED,
    adjust: Adjust = "holm",
) -> tuple[PairwiseTest, ...]:
    """The test of every pair of states, each from the patients of these two alone, p adjusted for the number of pairs.

    Parameters
    ----------
    time, event, treated_at, weight, entry, untreated, treated
        As for :func:`split_at_treatment`.
    landmark : float, optional
        Patients are compared from here on by the state of this moment. Default: by their state as it changes.
    strata
        As for :func:`mantel_byar_test`.
    adjust
        As for :func:`analytics.estimators.pairwise_logrank`.

    Returns
    -------
    tuple of PairwiseTest
        In the order of the states; empty with fewer than two that have patients.

    Raises
    ------
    ValueError
        As for :func:`mantel_byar_test`, or if the landmark is not finite and >= 0.
    """
    history = SwitchingPatients.from_arrays(time, event, treated_at, weight, entry, untreated, treated)
    strata = history.strata(strata)
    if landmark is None:
        rows = history.split()
        patient = history.place_of(rows)
        arrays: tuple[Any, ...] = (rows.time, rows.event, rows.state)
        options: dict[str, Any] = {"weight": rows.weight, "entry": rows.entry}
    else:
        check_landmark(landmark)
        patient = np.flatnonzero(history.time > landmark)
        state = history.states(history.state_at(landmark)[patient])
        arrays, options = (history.time[patient], history.event[patient], state), {"weight": history.weight[patient]}
    own = None if strata is None else strata[patient]
    found = pairwise_logrank(*arrays, strata=own, adjust=adjust, **options)
    if landmark is not None:
        return found
    method = "Mantel–Byar test" if strata is None else "stratified Mantel–Byar test"
    return tuple(replace(pair, test=replace(pair.test, method=method)) for pair in found)


def _from_zero(curve: SurvivalCurve, moved: float) -> SurvivalCurve:
    """The curve with its first time put back to 0, from where it was moved to have patients at risk."""
    if not len(curve.time) or curve.time[0] != moved:
        return curve
    curve = replace(curve, time=read_only([0.0, *curve.time[1:]]))
    return replace(curve, median=survival_quantile(curve, 0.5))


def _early_zero(curve: SurvivalCurve) -> Note | None:
    """A note if the curve is 0 although patients come into the state later."""
    zero = np.flatnonzero(curve.estimate == 0)
    if not len(zero):
        return None
    at = zero[0]
    later = float(curve.n_entry[curve.entry >= curve.time[at]].sum())
    if not later:
        return None
    n = round(float(curve.n_risk[at]))
    return Note.of(
        "early-zero",
        "caution",
        group=curve.group,
        months=float(curve.time[at]),
        n=n,
        later=later,
    )
