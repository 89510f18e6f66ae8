"""From a fit to its result, alike for odds ratios, hazard ratios and subdistribution hazard ratios.

One row per level with a reason wherever there is no ratio, one test per covariate, and notes on what the reader has to
know. The models differ in what they fit; what they say of it is said here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, TypeVar

import numpy as np
import pandas as pd
from scipy.special import chdtrc, ndtr

from analytics.estimators.design import BoolArray, Cell, Design, Solution
from analytics.estimators.intervals import normal_quantile
from analytics.results import (
    Estimate,
    FloatArray,
    HazardRatio,
    HazardRatioResult,
    Name,
    Note,
    OddsRatio,
    OddsRatioResult,
    Reason,
    Result,
    Severity,
    TermTest,
)

FEW_EVENTS_PER_PARAMETER = 5
SCARCE_EVENTS_PER_PARAMETER = 10
NO_EVENTS = Reason("no-events")
NOT_CONVERGED = Reason("not-converged")
# A variance this small beside that of the model, or an eigenvalue beside the largest, is rounding.
NEGLIGIBLE = 1e-9

Ratios = TypeVar("Ratios", OddsRatioResult, HazardRatioResult)


@dataclass(frozen=True, slots=True)
class Findings(Result):
    """What a fit found: ``columns`` are those of the design that ``solution`` speaks of.

    ``reasons`` say why a column has no estimate, ``reason`` why none has; ``rank`` is the number of parameters, the
    intercept included where the design has one.
    """

    no_rule: ClassVar[str] = "a step on the way to a model, which no analysis holds"

    method: str
    conf_type: str
    conf_level: float
    columns: Sequence[int] = ()
    solution: Solution | None = None
    tests: Sequence[TermTest] = ()
    reasons: Mapping[int, Reason] = field(default_factory=dict)
    reason: Reason | None = None
    rank: int = 0
    log_likelihood: float | None = None
    std_error_type: str = "model"
    test_type: str = "likelihood ratio"


def write_up_odds_ratios(design: Design, found: Findings) -> OddsRatioResult:
    """The result of a logistic model."""
    return OddsRatioResult(**_parts(design, found, OddsRatio))


def write_up_hazard_ratios(
    design: Design, found: Findings, ties: str, concordance: Estimate | None = None
) -> HazardRatioResult:
    """The result of a model of hazards."""
    return HazardRatioResult(**_parts(design, found, HazardRatio), ties=ties, concordance=concordance)


def _parts(design: Design, found: Findings, kind: type[OddsRatio] | type[HazardRatio]) -> dict[str, Any]:
    """The fields that both kinds of results have: one term per level, in order."""
    solution, reason = found.solution, found.reason
    rows = design.rows(found.columns, solution, found.reasons, reason, found.conf_type, found.conf_level)
    terms = tuple(kind(*row) for row in rows)
    tests, n_parameters = tuple(found.tests), 0
    if reason is not None:
        tests = tuple(TermTest(covariate.name, None, None, None, reason) for covariate in design.covariates)
    else:
        n_parameters = found.rank - design.has_intercept
        design.note_single_levels()
    _note_events_per_parameter(design, n_parameters)
    return {
        "terms": terms,
        "tests": tests,
        "method": found.method,
        "conf_level": found.conf_level,
        "conf_type": found.conf_type,
        "n": int(design.n),
        "n_event": int(design.n_event),
        "n_parameters": n_parameters,
        "log_likelihood": found.log_likelihood,
        "reason": reason,
        "notes": tuple(design.notes),
        "std_error_type": found.std_error_type,
        "test_type": found.test_type,
    }


def _note_events_per_parameter(design: Design, n_parameters: int) -> None:
    """A note if the rarer outcome, or the events of a model of hazards, are few for the parameters."""
    rarer, whose, without = design.n_event, "with-event", design.n - design.n_event
    if design.has_intercept and without < rarer:
        rarer, whose = without, "without-event"
    if not n_parameters or rarer / n_parameters >= SCARCE_EVENTS_PER_PARAMETER:
        return
    severity: Severity = "caution" if rarer / n_parameters < FEW_EVENTS_PER_PARAMETER else "info"
    ratio, measure = rarer / n_parameters, design.measure
    note = Note.of(
        "events-per-parameter", severity, whose, n=rarer, n_parameters=n_parameters, ratio=ratio, measure=measure
    )
    design.notes.append(note)


# Columns without an estimate


def leave_out_collinear(design: Design, kept: Sequence[int], makers: Callable[[int], list[int]]) -> dict[int, Reason]:
    """Reasons of the columns that others make up, with a note for each; ``makers`` names the others of a column."""
    left_out = sorted(set(range(design.has_intercept, len(design.columns))) - set(kept))
    return {index: design.note_collinear(index, makers(index)) for index in left_out}


def is_one_sided(design: Design, cell: Cell) -> bool:
    """True if a level alone has no finite coefficient: nobody in it has the event or, of an outcome, everybody."""
    return cell.is_one_sided if design.has_intercept else cell.n_event == 0


def infinite_reason(design: Design, index: int, otherwise: Reason) -> Reason:
    """Why maximum likelihood gives a coefficient no finite value; ``otherwise`` where no level alone explains it."""
    column = design.columns[index]
    assert column is not None
    for cell in design.cells:
        if cell.covariate == column.covariate and is_one_sided(design, cell):
            told = Reason.of("all-with-event" if cell.n_event else "none-with-event", n=round(cell.n))
            if column.level is None:
                return told.but(name=cell.name)
            if cell.level == column.level:
                return told
            if cell.level == design.references[column.covariate]:
                return Reason.of(f"{told.code}-in-reference", n=round(cell.n))
    return otherwise


def list_separation(
    design: Design, infinite: Sequence[int], by_others: Callable[[tuple[Name, ...], bool], Reason]
) -> tuple[Reason, ...]:
    """Which levels have no finite coefficient, each with its patients.

    ``by_others`` says it of the covariates of which no level explains it; True if levels of others are named before.
    """
    found: list[Reason] = []
    others = []
    for position, covariate in enumerate(design.covariates):
        if not set(design.of_covariate(position)) & set(infinite):
            continue
        own = [cell for cell in design.cells if cell.covariate == position and is_one_sided(design, cell)]
        found += [
            Reason.of(
                "level-all-with-event" if cell.n_event else "level-none-with-event", n=round(cell.n), name=cell.name
            )
            for cell in own
        ]
        if not own:
            others.append(Name(covariate.name))
    if others:
        found.append(by_others(tuple(others), bool(found)))
    return tuple(found)


def note_separation(design: Design, found: tuple[Reason, ...], then: str) -> None:
    """A note that maximum likelihood has no finite ratio, and what is done ``then``."""
    design.notes.append(Note.of("separation", "caution", then, found=found, measure=design.measure))


# Tests


def solve_with_covariance(
    beta: FloatArray, covariance: FloatArray, estimable: BoolArray, conf_level: float, log_likelihood: float
) -> Solution:
    """Wald's limits and p values by a covariance of the coefficients."""
    std_error = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    half = normal_quantile(conf_level) * std_error
    with np.errstate(divide="ignore", invalid="ignore"):
        p_value = 2.0 * ndtr(-np.abs(beta / std_error))
    return Solution(beta, std_error, beta - half, beta + half, p_value, estimable, log_likelihood)


def wald_statistic(beta: FloatArray, covariance: FloatArray, places: Sequence[int]) -> float:
    """The Wald statistic of the coefficients at ``places``; NaN if their covariance is singular, 0 without any."""
    if not len(places):
        return 0.0
    own, block = beta[list(places)], covariance[np.ix_(places, places)]
    spread = np.sqrt(np.maximum(np.diag(block), 0.0))
    if not (spread > 0).all() or np.linalg.eigvalsh(block / np.outer(spread, spread))[0] < NEGLIGIBLE:
        return math.nan
    return float(own @ np.linalg.solve(block, own))


def test_by_wald(
    design: Design,
    position: int,
    columns: Sequence[int],
    beta: FloatArray,
    covariance: FloatArray,
    reasons: Mapping[int, Reason],
) -> TermTest:
    """The Wald test that all coefficients of a covariate are 0."""
    own = design.of_covariate(position)
    missing = [reasons[index] for index in own if index in reasons]
    if position in design.single or missing:
        return _no_test(design, position, missing[0] if missing else Reason("not-estimable"))
    places = [list(columns).index(index) for index in own]
    statistic = wald_statistic(beta, covariance, places)
    if not math.isfinite(statistic):
        return _no_test(design, position, Reason("singular-covariance"))
    return _test(design, position, statistic, len(places))


def test_from_statistic(
    design: Design, position: int, statistic: float, df: int, *, made_up: Reason, unsettled: Reason
) -> TermTest:
    """The test of a covariate by a statistic, NaN where it was not found; ``unsettled`` says why."""
    if df == 0:
        return _no_test(design, position, made_up)
    if position in design.single or not math.isfinite(statistic):
        return _no_test(design, position, unsettled)
    return _test(design, position, statistic, df)


def _test(design: Design, position: int, statistic: float, df: int) -> TermTest:
    return TermTest(design.covariates[position].name, statistic, df, float(chdtrc(df, statistic)))


def _no_test(design: Design, position: int, reason: Reason) -> TermTest:
    """No test, for a ``reason`` unless the covariate has one level left."""
    return TermTest(design.covariates[position].name, None, None, None, design.single.get(position, reason))


# One model per covariate


def fit_each(
    covariates: pd.DataFrame, patients: FloatArray, fit: Callable[[BoolArray, pd.DataFrame], Ratios]
) -> tuple[Ratios, ...]:
    """The result of each covariate alone, ``fit`` to the rows in which it is known; a note counts the other patients."""
    results: list[Ratios] = []
    for name in covariates.columns:
        known = np.asarray(covariates[name].notna(), dtype=bool)
        result: Ratios = fit(known, covariates[[name]])
        left_out = float(patients[~known].sum())
        if left_out:
            n_all, of = float(patients.sum()), Name(str(name))
            note = Note.of("missing-excluded", "info", n=left_out, n_all=n_all, name=of)
            result = replace(result, notes=(note, *result.notes))
        results.append(result)
    return tuple(results)
