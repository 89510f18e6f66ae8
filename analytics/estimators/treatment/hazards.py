"""Hazard ratios of a treatment that begins during follow-up: as it changes, and the naive one that is biased."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analytics.estimators.design import read_covariates, totals
from analytics.estimators.regression.cox import (
    ConfType,
    Method,
    Ties,
)
from analytics.estimators.treatment.history import (
    TREATED,
    UNTREATED,
    SwitchingPatients,
)
from analytics.estimators.treatment.rows import StateModel, TreatedAt
from analytics.results import TREATMENT, HazardRatioResult, Name, Note


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
    reference: str | None = None,
) -> HazardRatioResult:
    """Hazard ratios of a Cox model in which treatment switches on when it begins.

    Parameters
    ----------
    time, event, treated_at, weight, entry, untreated, treated
        As for :func:`split_at_treatment`.
    covariates : DataFrame with one row per patient, optional
        Further covariates, known at the start of the clock, with names other than "treatment".
    reference : str, optional
        The state that the others are compared with. Default: the untreated one.
    strata, ties, method, conf_type, conf_level
        As for :func:`analytics.estimators.estimate_hazard_ratios`.

    Returns
    -------
    HazardRatioResult
        First the variable "treatment" with its reference, then the covariates. For a state, ``n``
        counts the patients who were ever in it and ``n_event`` the events while in it; all other counts are of patients.
        ``concordance`` is None, since patients with several rows do not make independent pairs.

    Raises
    ------
    ValueError
        As for :func:`split_at_treatment` and :func:`analytics.estimators.estimate_hazard_ratios`, or if a covariate
        is named "treatment".
    TypeError
        If ``covariates`` is no DataFrame or a column is of a kind that cannot be used.
    """
    history = SwitchingPatients.from_arrays(time, event, treated_at, weight, entry, untreated, treated)
    rows = history.split()
    model = StateModel.of(history, covariates, strata, reference, ties, method, conf_type, conf_level)
    result = model.fit(history, rows.state, history.place_of(rows), rows)
    return _count_patients(result, history, covariates)


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
    reference: str | None = None,
) -> HazardRatioResult:
    """Hazard ratios of a Cox model by ever and never treated: biased by immortal time, to be shown beside a sound one.

    Parameters
    ----------
    time, event, treated_at, weight, untreated, treated
        As for :func:`split_at_treatment`.
    covariates, strata, ties, method, conf_type, conf_level, reference
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
    codes = history.last_state()
    model = StateModel.of(history, covariates, strata, reference, ties, method, conf_type, conf_level)
    result = model.fit(history, history.states(codes), np.arange(len(codes)))
    late = (codes > 0) & (history.switch.min(axis=1) > 0)
    if not late.any():
        return result
    n = round(float(history.weight @ late))
    note = Note.of("immortal-time", "warning", n=n)
    return replace(result, notes=(note, *result.notes))


def _cells(history: SwitchingPatients, covariates: pd.DataFrame | None) -> dict[Name, int]:
    """Patients, each once, in every level of the covariates (or one of a number's two values)."""
    cells: dict[Name, int] = {}
    for covariate in [] if covariates is None else read_covariates(covariates, history.row):
        n = totals(covariate.codes, history.weight, len(covariate.levels or covariate.values))
        names = [Name(covariate.name, level) for level in covariate.levels]
        names = names or [Name(covariate.name, value=float(value)) for value in covariate.values]
        cells |= {name: round(float(number)) for name, number in zip(names, n, strict=True)}
    return cells


def _count_patients(
    result: HazardRatioResult, history: SwitchingPatients, covariates: pd.DataFrame | None
) -> HazardRatioResult:
    """The result with patients counted once where the model has counted each of their rows, in its terms, too."""
    n = round(float(history.weight.sum()))
    cells = _cells(history, covariates)
    references = {t.variable: Name(t.variable, t.level) for t in result.terms if t.is_reference}
    terms = []
    for term in result.terms:
        if term.variable == TREATMENT:
            terms.append(term)
            continue
        own = Name(term.variable, term.level)
        count = n if term.level is None else cells[own]
        ratio = replace(term.hazard_ratio, n=count)
        if (reason := ratio.reason) is not None and reason.get("n") is not None:
            whose = reason.get("name") or (references[term.variable] if reason.code.endswith("in-reference") else own)
            ratio = replace(ratio, reason=reason.but(n=cells[whose]))
        terms.append(replace(term, n=count, hazard_ratio=ratio))
    notes = tuple(_recounted(note, n, cells) for note in result.notes)
    return replace(result, terms=tuple(terms), n=n, notes=notes, concordance=None)


def _recounted(note: Note, n: int, cells: Mapping[Name, int]) -> Note:
    """The note with patients in the place of rows."""
    if note.code == "collinear":
        return note.but(n=n)
    if note.code != "separation":
        return note
    found = note.get("found")
    return note.but(found=tuple(r.but(n=cells[r.get("name")]) if r.get("name") in cells else r for r in found))
