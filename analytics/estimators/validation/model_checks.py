"""How far a logistic model can be trusted: every check of it that needs no resampling, of what the model shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from analytics.estimators.regression.fitted_logistic import fit_probabilities
from analytics.estimators.regression.logistic import (
    ConfType,
    Method,
    estimate_odds_ratios,
)
from analytics.estimators.validation.calibration import estimate_calibration
from analytics.estimators.validation.collinearity import variance_inflation
from analytics.estimators.validation.discrimination import (
    estimate_brier,
    estimate_discrimination,
    estimate_scaled_brier,
)
from analytics.estimators.validation.influence import estimate_influence
from analytics.estimators.validation.splines import estimate_spline
from analytics.results import (
    Estimate,
    InfluenceResult,
    OddsRatioResult,
    Reason,
    SplineResult,
    TestResult,
    ratios_of,
    ratios_per_step,
)
from analytics.results.model_checks import Departure, ModelChecks, Who, Without

MOST_GROUPS, GROUP_SIZE = 10, 20  # of the calibration plot: patients per group if there are enough of them

NamePatients = Callable[[int], tuple[str, ...]]  # the identifiers of patients like that in a row of the arrays


def why_no_checks(model: OddsRatioResult) -> Reason | None:
    """Why nothing can be checked of a model as it is shown; None if something can."""
    if model.reason is not None:
        return model.reason
    ratios = [t.odds_ratio for t in model.terms if not t.is_reference]
    if not ratios:
        return Reason("no-factor")
    if all(ratio.value is None for ratio in ratios):
        return ratios[0].reason or Reason("no-odds-ratio")
    return None


def check_model(
    model: OddsRatioResult,
    arrays: Mapping[str, Any],
    steps: Mapping[str, float],
    method: Method,
    conf_type: ConfType,
    name_patients: NamePatients,
) -> ModelChecks:
    """All that is looked at without resampling.

    Parameters
    ----------
    model
        The model as it is shown: what it does not show is not checked.
    arrays
        ``outcome``, ``covariates`` and ``weight`` that it was fitted to, without missing values.
    steps
        Per covariate that is a number, the step of its odds ratio in ``model``.
    method, conf_type
        How it was fitted.
    name_patients
        Gives the identifiers of patients like that in a row of ``arrays``; none where they may not be given.
    """
    reason = why_no_checks(model)
    if reason is not None:
        # Of nobody, so that nothing of a model that is not shown is worked out.
        arrays = {name: values[:0] for name, values in arrays.items()}
    fitted = fit_probabilities(**arrays, method=method)
    y, p, n = arrays["outcome"], fitted.probability, arrays["weight"]
    if p is None:
        reason = reason or fitted.reason
        y = p = n = np.zeros(0)
    groups = max(2, min(MOST_GROUPS, int(n.sum()) // GROUP_SIZE))
    influence = estimate_influence(**arrays, method=method)
    return ModelChecks(
        model=model,
        fitted=fitted,
        weight=n,
        area=estimate_discrimination(y, p, weight=n),
        brier=estimate_brier(y, p, weight=n),
        scaled_brier=estimate_scaled_brier(y, p, weight=n),
        calibration=estimate_calibration(y, p, weight=n, groups=groups),
        inflation=variance_inflation(**arrays, method=method),
        influence=influence,
        departures=_find_departures(model, influence, arrays, steps, conf_type, name_patients),
        splines=_fit_splines(model, arrays, method),
        reason=reason,
    )


def _find_departures(
    model: OddsRatioResult,
    influence: InfluenceResult,
    arrays: Mapping[str, Any],
    steps: Mapping[str, float],
    conf_type: ConfType,
    name_patients: NamePatients,
) -> tuple[Departure, ...]:
    """What single patients do to every odds ratio that is shown; arguments as for :func:`check_model`.

    ``influence`` is what leaving out single patients does to the model.
    """
    shown = ratios_of(model)
    method: Method = "firth" if influence.method == "firth" else "ml"

    @cache
    def who(kind: int) -> Who:
        return Who(int(influence.n[kind]), bool(influence.event[kind]), name_patients(int(influence.row[kind])))

    @cache
    def refit(kind: int) -> dict[tuple[str, str | None], Estimate]:
        """The odds ratios without one patient of a kind, as they are read."""
        weight = arrays["weight"].copy()
        weight[influence.row[kind]] -= 1.0
        again = estimate_odds_ratios(**{**arrays, "weight": weight}, method=method, conf_type=conf_type)
        return ratios_of(ratios_per_step(again, steps))

    def without(kind: int, j: int) -> Without | None:
        coefficient = influence.coefficients[j]
        again = refit(kind)[coefficient.variable, coefficient.level]
        if again.value is None:
            return None
        return Without(who(kind), again.value, again.interval, float(influence.change[kind, j]))

    found = []
    for j, coefficient in enumerate(influence.coefficients):
        ratio = shown.get((coefficient.variable, coefficient.level))
        if ratio is None or ratio.value is None:
            continue
        changes = influence.change[:, j]
        is_found = np.isfinite(changes)
        lost = np.flatnonzero(~is_found)
        order = np.flatnonzero(is_found)[np.argsort(changes[is_found], kind="stable")]
        found.append(
            Departure(
                coefficient,
                ratio.value,
                ratio.interval,
                without(int(order[0]), j) if len(order) else None,
                without(int(order[-1]), j) if len(order) else None,
                who(int(lost[0])) if len(lost) else None,
                influence.reasons[lost[0]][j] if len(lost) else None,
                int(influence.n[lost].sum()),
            )
        )
    return tuple(found)


def _fit_splines(model: OddsRatioResult, arrays: Mapping[str, Any], method: Method) -> tuple[SplineResult, ...]:
    """A curve for every number whose odds ratio is shown; its p value where that of the covariate is."""
    shown = [t.variable for t in model.terms if t.level is None and t.odds_ratio.value is not None]
    tests = {t.variable: t for t in model.tests}
    found = []
    for name in shown:
        spline = estimate_spline(variable=name, **arrays, method=method)
        own = tests.get(name)
        if own is not None and own.p_value is None and spline.test.p_value is not None:
            spline = replace(spline, test=TestResult(spline.test.method, None, None, None, reason=own.reason))
        found.append(spline)
    return tuple(found)
