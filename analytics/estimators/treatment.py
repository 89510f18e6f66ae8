"""Treatments that begin during follow-up, compared without immortal-time bias.

A child transplanted five months after relapse has lived those five months. A comparison of "ever transplanted" with
"never transplanted" from relapse on gives these months, and only these, to transplantation: every early death falls to
the others, and a treatment without any effect seems to protect. Here patients count as untreated until they are
treated (curves with switching risk sets, the test of Mantel and Byar, Cox regression with time-dependent treatment),
or are classified by what they had received at a landmark, among those still followed then. The naive comparison is
offered beside them, to be shown as what it is.

Sources
-------
Mantel & Byar (1974), Journal of the American Statistical Association 69:81, doi:10.1080/01621459.1974.10480131: the
test, and risk sets among which patients move.
Simon & Makuch (1984), Statistics in Medicine 3:35, doi:10.1002/sim.4780030106, and Snapinn, Jiang & Iglewicz (2005),
The American Statistician 59:301, doi:10.1198/000313005X70371: the curves.
Anderson, Cain & Gelber (1983), Journal of Clinical Oncology 1:710, doi:10.1200/JCO.1983.1.11.710: the bias and the
landmark method.
Crowley & Hu (1977), Journal of the American Statistical Association 72:27, doi:10.1080/01621459.1977.10479903: the
Stanford heart transplant data, in which a death on the day of transplantation is one after it.
Therneau & Grambsch (2000), Modeling Survival Data, Springer, section 3.7: rows of a counting process.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analytics.estimators.cox import ConfType, Method, Ties, estimate_hazard_ratios
from analytics.estimators.design import check_covariates, counted, none_or_all, read_covariates, totals
from analytics.estimators.intervals import SurvivalConfType
from analytics.estimators.kaplan_meier import (
    IntArray,
    estimate_survival,
    survival_quantile,
)
from analytics.estimators.logrank import Weighting, logrank_test
from analytics.estimators.treatment_history import TREATED, UNTREATED, SwitchingPatients, TreatmentRows
from analytics.formats import format_count, format_months
from analytics.results import (
    FloatArray,
    HazardRatioResult,
    LandmarkResult,
    Note,
    SurvivalCurve,
    SurvivalResult,
    TestResult,
    read_only,
)

TREATMENT = "treatment"

TreatedAt = ArrayLike | Mapping[str, ArrayLike]


def split_at_treatment(
    time: ArrayLike,
    event: ArrayLike,
    treated_at: TreatedAt,
    *,
    weight: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    untreated: str = UNTREATED,
    treated: str = TREATED,
) -> TreatmentRows:
    """Counting-process rows: each patient's follow-up, cut where treatment begins.

    Parameters
    ----------
    time : array of shape (rows,)
        Time from the origin to the event or the end of follow-up, finite and >= 0; months in this product.
    event : array of shape (rows,)
        1 or True where the event happened at ``time``, 0 or False where follow-up ended without it.
    treated_at : array of shape (rows,), or mapping of state to such an array
        Time at which treatment begins, >= 0 in the unit of ``time``; missing or infinite for never. With several
        treatments, one array per state: a patient is in the state entered last and, of states entered at the same time,
        in the one that comes later in the mapping. A patient is treated from the day of treatment on: an event or the
        end of follow-up at the very time of the patient's own switch belongs to the state that it leads to (half-day
        rule, as in the Stanford heart transplant data), and a switch after the patient's own ``time`` did not happen
        within follow-up. At an event of somebody else at the time of a switch the patient still stands in the state
        before, since rows are at risk in (start, stop]. A switch at 0 means treated from the start.
    weight : array of shape (rows,), optional
        How many patients share the row, a whole number; a row with weight 0 is dropped. Default 1.
    entry : array of shape (rows,), optional
        Time from which the patient is observed, for delayed entry.
    untreated, treated : str
        Names of the two states. With a mapping, its keys are the names of the treated ones.

    Returns
    -------
    TreatmentRows
        Empty for empty input. So that a patient followed for no time is at risk at all, a ``time`` of 0 becomes half of
        the first positive moment in the data; a switch at the patient's own ``time`` moves half of the smallest step
        between two moments to before it. Both leave the order of events unchanged.

    Raises
    ------
    ValueError
        If an argument is not as described, a switch is negative, or two states have one name; the message says which
        values, where, and what to do.
    """
    return SwitchingPatients.from_arrays(time, event, treated_at, weight, entry, untreated, treated).split()


def ever_treated(
    time: ArrayLike,
    event: ArrayLike,
    treated_at: TreatedAt,
    *,
    untreated: str = UNTREATED,
    treated: str = TREATED,
) -> pd.Categorical:
    """Each patient's state at the end of follow-up: the classification of the naive comparison.

    Parameters are those of :func:`split_at_treatment`. It uses what was not known at the start of the clock: curves and
    tests by it suffer from immortal-time bias.
    """
    history = SwitchingPatients.from_arrays(time, event, treated_at, untreated=untreated, treated=treated)
    return history.states(history.last_state())


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
        As for :func:`analytics.estimators.kaplan_meier.estimate_survival`.

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
    _check_landmark(landmark)
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
        notes.append(
            Note(
                "switching-risk-sets",
                "info",
                f"{format_count(n_moving)} of {counted(n)} {'moves' if n_moving == 1 else 'move'} from one curve to another "
                "when treated, so no curve is the survival of a fixed group of patients.",
                "Read the curves as a description; compare with the Mantel–Byar test or at a landmark.",
            )
        )
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
        As for :func:`analytics.estimators.logrank.logrank_test`.

    Returns
    -------
    TestResult
        ``n`` of a group counts the patients who were ever in the state, so that a treated patient counts twice unless
        treated from the start. All None, with a reason, where nobody is treated within follow-up or there is no event.

    Raises
    ------
    ValueError
        As for :func:`split_at_treatment` and :func:`analytics.estimators.logrank.logrank_test`.

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


def time_dependent_hazard_ratio(
    time: ArrayLike,
    event: ArrayLike,
    treated_at: TreatedAt,
    *,
    covariates: pd.DataFrame | None = None,
    strata: Any = None,
    weight: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    ties: Ties = "efron",
    method: Method = "auto",
    conf_type: ConfType = "wald",
    conf_level: float = 0.95,
    untreated: str = UNTREATED,
    treated: str = TREATED,
) -> HazardRatioResult:
    """Hazard ratios of a Cox model in which treatment switches on when it begins.

    Parameters
    ----------
    time, event, treated_at, weight, entry, untreated, treated
        As for :func:`split_at_treatment`.
    covariates : DataFrame with one row per patient, optional
        Further covariates, known at the start of the clock, with names other than "treatment".
    strata, ties, method, conf_type, conf_level
        As for :func:`analytics.estimators.cox.estimate_hazard_ratios`.

    Returns
    -------
    HazardRatioResult
        First the variable "treatment" with the untreated state as reference, then the covariates. For a state, ``n``
        counts the patients who were ever in it and ``n_event`` the events while in it; all other counts are of patients.
        ``concordance`` is None, since patients with several rows do not make independent pairs.

    Raises
    ------
    ValueError
        As for :func:`split_at_treatment` and :func:`analytics.estimators.cox.estimate_hazard_ratios`, or if a covariate
        is named "treatment".
    TypeError
        If ``covariates`` is no DataFrame or a column is of a kind that cannot be used.
    """
    history = SwitchingPatients.from_arrays(time, event, treated_at, weight, entry, untreated, treated)
    rows = history.split()
    _check_covariates(covariates, history)
    strata = history.strata(strata)
    result = estimate_hazard_ratios(
        rows.time,
        rows.event,
        _design(rows.state, covariates, rows.row),
        entry=rows.entry,
        weight=rows.weight,
        strata=None if strata is None else strata[history.place_of(rows)],
        ties=ties,
        method=method,
        conf_type=conf_type,
        conf_level=conf_level,
    )
    return _count_patients(result, rows, history, covariates)


def naive_hazard_ratio(
    time: ArrayLike,
    event: ArrayLike,
    treated_at: TreatedAt,
    *,
    covariates: pd.DataFrame | None = None,
    strata: Any = None,
    weight: ArrayLike | None = None,
    ties: Ties = "efron",
    method: Method = "auto",
    conf_type: ConfType = "wald",
    conf_level: float = 0.95,
    untreated: str = UNTREATED,
    treated: str = TREATED,
) -> HazardRatioResult:
    """Hazard ratios of a Cox model by ever and never treated: biased by immortal time, to be shown beside a sound one.

    Parameters
    ----------
    time, event, treated_at, weight, untreated, treated
        As for :func:`split_at_treatment`.
    covariates, strata, ties, method, conf_type, conf_level
        As for :func:`time_dependent_hazard_ratio`.

    Returns
    -------
    HazardRatioResult
        First the variable "treatment", which is each patient's state at the end of follow-up, then the covariates.
        A note with the code "immortal-time" says what is wrong with it.

    Raises
    ------
    ValueError
        As for :func:`time_dependent_hazard_ratio`.
    TypeError
        If ``covariates`` is no DataFrame or a column is of a kind that cannot be used.
    """
    history = SwitchingPatients.from_arrays(time, event, treated_at, weight, None, untreated, treated)
    _check_covariates(covariates, history)
    codes = history.last_state()
    result = estimate_hazard_ratios(
        history.time,
        history.event,
        _design(history.states(codes), covariates, history.row),
        weight=history.weight,
        strata=history.strata(strata),
        ties=ties,
        method=method,
        conf_type=conf_type,
        conf_level=conf_level,
    )
    late = (codes > 0) & (history.switch.min(axis=1) > 0)
    if not late.any():
        return result
    n = round(float(history.weight @ late))
    note = Note(
        "immortal-time",
        "warning",
        f"{format_count(n)} {'patient counts' if n == 1 else 'patients count'} as treated from the start, although "
        "treatment began later: nobody who is to be treated can die while waiting, which favours treatment.",
        "Use treatment as it changes over time, or a landmark.",
    )
    return replace(result, notes=(note, *result.notes))


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
        The intervals of the curves, as for :func:`analytics.estimators.kaplan_meier.estimate_survival`.
    ratio_conf_type : {"wald", "profile"}
        Those of the hazard ratios, with the p values beside them, as ``conf_type`` of
        :func:`analytics.estimators.cox.estimate_hazard_ratios`.

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
    _check_landmark(landmark)
    history = SwitchingPatients.from_arrays(time, event, treated_at, weight, None, untreated, treated)
    _check_covariates(covariates, history)
    strata = history.strata(strata)
    options = _CoxOptions(ties, method, conf_level, ratio_conf_type)
    return _landmark(history, landmark, strata, covariates, options, conf_type, with_curves=True)


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
) -> tuple[LandmarkResult, ...]:
    """The landmark analysis at many landmarks, without curves: how far the answer depends on where it is put.

    Parameters
    ----------
    landmarks : sequence of shape (m,)
        Landmarks, finite and >= 0, in any order.
    time, event, treated_at, weight, strata, covariates, ties, method, conf_level, ratio_conf_type, untreated, treated
        As for :func:`landmark_survival`.

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
        _check_landmark(landmark)
    history = SwitchingPatients.from_arrays(time, event, treated_at, weight, None, untreated, treated)
    _check_covariates(covariates, history)
    strata = history.strata(strata)
    # Between two landmarks at which the same patients are followed in the same states, nothing has happened.
    known: dict[tuple[bytes, bytes], LandmarkResult] = {}
    profile = []
    for at in np.asarray(landmarks, dtype=np.float64).tolist():
        key = ((history.time > at).tobytes(), history.state_at(at).tobytes())
        if key not in known:
            options = _CoxOptions(ties, method, conf_level, ratio_conf_type)
            known[key] = _landmark(history, at, strata, covariates, options, "log-log", with_curves=False)
        profile.append(replace(known[key], landmark=at))
    return tuple(profile)


class _CoxOptions(NamedTuple):
    """How the hazard ratios after a landmark are estimated."""

    ties: Ties
    method: Method
    conf_level: float
    conf_type: ConfType


def _landmark(
    history: SwitchingPatients,
    landmark: float,
    strata: pd.Categorical | None,
    covariates: pd.DataFrame | None,
    options: _CoxOptions,
    conf_type: SurvivalConfType,
    *,
    with_curves: bool,
) -> LandmarkResult:
    followed = history.time > landmark
    time, event, weight = history.time[followed], history.event[followed], history.weight[followed]
    codes = history.state_at(landmark)[followed]
    state = history.states(codes)
    own_strata = None if strata is None else strata[followed]
    curves = SurvivalResult((), options.conf_level, conf_type)
    if with_curves:
        start = np.full(len(time), float(landmark))
        curves = estimate_survival(
            time, event, group=state, weight=weight, entry=start, conf_level=options.conf_level, conf_type=conf_type
        )
    test = logrank_test(time, event, state, weight=weight, strata=own_strata)
    hazard_ratio = estimate_hazard_ratios(
        time,
        event,
        _design(state, covariates, history.row[followed]),
        weight=weight,
        strata=own_strata,
        **options._asdict(),
    )
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
        hazard_ratio=hazard_ratio,
        reason=test.reason if len(time) else "no patient is followed beyond the landmark",
    )
    return replace(result, notes=_landmark_notes(result))


def _landmark_notes(result: LandmarkResult) -> tuple[Note, ...]:
    notes = []
    if excluded := result.n_event_before + result.n_censored_before:
        text = (
            f"{counted(excluded)} of {format_count(result.n + excluded)} left out: {format_count(result.n_event_before)} "
            f"with the event up to the landmark, {format_count(result.n_censored_before)} not followed beyond it."
        )
        remedy = "The comparison speaks of patients who reach the landmark, not of all."
        notes.append(Note("excluded-before-landmark", "info", text, remedy))
    if n := result.n_switch_later:
        text = f"{counted(n)} {'changes' if n == 1 else 'change'} treatment after the landmark and {_keeps(n)} of then."
        remedy = "Such patients make the groups more alike: look at an earlier and a later landmark, too."
        notes.append(Note("switch-after-landmark", "info", text, remedy))
    return tuple(notes)


def _keeps(n: int) -> str:
    return "stays in the group" if n == 1 else "stay in the groups"


def _check_landmark(landmark: float) -> None:
    if not (np.isfinite(landmark) and landmark >= 0):
        raise ValueError(f"landmark must be finite and >= 0: it is {landmark:g}. Give a time after the origin.")


def _check_covariates(covariates: pd.DataFrame | None, history: SwitchingPatients) -> None:
    if covariates is None:
        return
    check_covariates(covariates, len(history.kept), "time")
    if TREATMENT in covariates.columns:
        raise ValueError(f"covariates must not be named {TREATMENT!r}: it is the name of the treatment. Rename it.")
    read_covariates(covariates, history.row)


def _design(state: pd.Categorical, covariates: pd.DataFrame | None, rows: IntArray) -> pd.DataFrame:
    """The treatment, followed by the covariates of the given rows of the input."""
    if covariates is None:
        return pd.DataFrame({TREATMENT: state})
    design = covariates.iloc[rows].reset_index(drop=True)
    design.insert(0, TREATMENT, pd.Series(state))
    return design


@dataclass(frozen=True, slots=True)
class _Cell:
    """A level of a covariate (or one of a number's two values): rows of the model in it, and patients."""

    variable: str
    level: str | None
    label: str
    n_rows: int
    n: int


def _cells(rows: TreatmentRows, history: SwitchingPatients, covariates: pd.DataFrame | None) -> list[_Cell]:
    cells = []
    patient = history.place_of(rows)
    for covariate in [] if covariates is None else read_covariates(covariates, history.row):
        size = len(covariate.levels or covariate.values)
        n_rows = totals(covariate.codes[patient], rows.weight, size)
        n = totals(covariate.codes, history.weight, size)
        labels = [f": {level}" for level in covariate.levels] or [f" = {value:g}" for value in covariate.values]
        for level, label, r, p in zip(covariate.levels or (None,) * size, labels, n_rows, n, strict=True):
            cells.append(_Cell(covariate.name, level, f"{covariate.name}{label}", round(float(r)), round(float(p))))
    return cells


def _count_patients(
    result: HazardRatioResult, rows: TreatmentRows, history: SwitchingPatients, covariates: pd.DataFrame | None
) -> HazardRatioResult:
    """The result with patients counted once where the model has counted each of their rows, in its words, too."""
    n = round(float(history.weight.sum()))
    cells = _cells(rows, history, covariates)
    n_of = {(cell.variable, cell.level): cell.n for cell in cells}
    said = [(f"among these {result.n} patients", f"among these {n} patients")]
    # One patient with two rows: the sentence for one is another.
    alone = [cell for cell in cells if cell.n == 1 < cell.n_rows]
    said += [
        (f"None of the {counted(c.n_rows)} with {c.label} had the event", f"The 1 patient with {c.label} had no event")
        for c in alone
    ]
    said += [
        (f"{counted(cell.n_rows)} with {cell.label} had", f"{counted(cell.n)} with {cell.label} had") for cell in cells
    ]
    terms = []
    for term in result.terms:
        if term.variable == TREATMENT:
            terms.append(term)
            continue
        count = n if term.level is None else n_of[term.variable, term.level]
        reason = term.hazard_ratio.reason
        if reason is not None:
            own = [cell for cell in cells if (cell.variable, cell.level) == (term.variable, term.level) and cell.level]
            reference = {t.variable: t.level for t in result.terms if t.is_reference}.get(term.variable)
            of_reference = [cell for cell in cells if (cell.variable, cell.level) == (term.variable, reference)]
            end = " of the reference level"
            reason = _reworded(
                reason,
                [
                    *((_none(c.n_rows, f" with {c.label}"), _none(c.n, f" with {c.label}")) for c in alone),
                    *said,
                    *((_none(c.n_rows), _none(c.n)) for c in own),
                    *((_none(c.n_rows, end), _none(c.n, end)) for c in of_reference),
                ],
            )
        terms.append(replace(term, n=count, hazard_ratio=replace(term.hazard_ratio, n=count, reason=reason)))
    notes = tuple(replace(note, text=_reworded(note.text, said)) for note in result.notes)
    return replace(result, terms=tuple(terms), n=n, notes=notes, concordance=None)


def _none(n: int, whom: str = "") -> str:
    return none_or_all(n, 0, whom)


def _reworded(text: str, changes: Sequence[tuple[str, str]]) -> str:
    for before, after in changes:
        text = text.replace(before, after)
    return text


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
    early = "the 1 patient" if n == 1 else f"all {format_count(n)} patients"
    return Note(
        "early-zero",
        "caution",
        f"The curve of {curve.group} falls to 0 at {format_months(float(curve.time[at]))}, where {early} then at risk had "
        f"the event, and stays there although {counted(later)} came into it later.",
        "Start the curves at a landmark by which more patients are in the state.",
    )
