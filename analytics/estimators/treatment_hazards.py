"""Hazard ratios of a treatment that begins during follow-up: as it changes, and the naive one that is biased."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
from numpy.typing import ArrayLike

from analytics.estimators.cox import ConfType, Method, Ties, estimate_hazard_ratios
from analytics.estimators.design import counted, none_or_all, read_covariates, totals
from analytics.estimators.treatment_history import TREATED, UNTREATED, SwitchingPatients, TreatmentRows
from analytics.estimators.treatment_rows import TREATMENT, TreatedAt, check_treatment_covariates, design_of_treatment
from analytics.formats import format_count
from analytics.results import HazardRatioResult, Note


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
    check_treatment_covariates(covariates, history)
    strata = history.strata(strata)
    result = estimate_hazard_ratios(
        rows.time,
        rows.event,
        design_of_treatment(rows.state, covariates, rows.row),
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
    check_treatment_covariates(covariates, history)
    codes = history.last_state()
    result = estimate_hazard_ratios(
        history.time,
        history.event,
        design_of_treatment(history.states(codes), covariates, history.row),
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
