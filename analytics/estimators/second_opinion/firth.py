"""Firth's penalised models by firthmodels, searched to all digits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from analytics.estimators.second_opinion.columns import Columns
from analytics.estimators.second_opinion.comparison import PatientRows, compare, not_offered
from analytics.results import FloatArray, HazardRatioResult, OddsRatioResult
from analytics.results.second_opinion import CANNOT, FIRTH_ERROR, Compared, Model, Quantity

LIBRARY = "firthmodels"
TIGHT, MOST_STEPS = 1e-7, 500


@dataclass(frozen=True, slots=True)
class FirthFit:
    """Per column coefficient, limits of the profile, standard error and p values; NaN where it gave up."""

    coefficient: FloatArray
    limits: FloatArray
    std_error: FloatArray
    p_value: FloatArray
    p_value_wald: FloatArray


def compare_firth(
    shown: OddsRatioResult | HazardRatioResult, columns: Columns, found: FirthFit, *, model: Model, why: str | None
) -> Iterator[Compared]:
    """Each ratio with its limits and p value; ``why`` says why they may differ."""
    measure = "hazard ratio" if isinstance(shown, HazardRatioResult) else "odds ratio"
    for term in shown.terms:
        if term.is_reference or term.ratio.value is None:
            continue
        figure = Quantity(measure, model=model, variable=term.variable, level=term.level)
        if (term.variable, term.level) not in columns.names:
            yield compare(figure, term.ratio.value, None, LIBRARY, CANNOT)
            continue
        j = columns.names.index((term.variable, term.level))
        yield compare(figure, term.ratio.value, float(np.exp(found.coefficient[j])), LIBRARY, why)
        interval = term.ratio.interval
        if interval is not None:
            is_wald = interval.method == "wald"
            half = 1.959963984540054 * found.std_error[j]
            ends = (found.coefficient[j] - half, found.coefficient[j] + half) if is_wald else found.limits[j]
            for part, ours, end in zip(("conf_low", "conf_high"), (interval.low, interval.high), ends, strict=True):
                if ours is not None:
                    reason = FIRTH_ERROR if is_wald else why or (CANNOT if np.isnan(end) else None)
                    yield compare(figure.of(part), ours, np.exp(end), LIBRARY, reason)  # type: ignore[arg-type]
            if term.p_value is not None:
                theirs = found.p_value_wald[j] if is_wald else found.p_value[j]
                reason = FIRTH_ERROR if is_wald else why or (CANNOT if np.isnan(theirs) else None)
                yield compare(figure.of("p_value"), term.p_value, theirs, LIBRARY, reason)
    for test in shown.tests:
        if len(columns.of(test.variable)) > 1:
            figure = Quantity("test of a variable", "p_value", model=model, variable=test.variable)
            yield from not_offered(figure, test.p_value)


def fit_firth_cox(patients: PatientRows, columns: Columns) -> FirthFit:
    """Firth's Cox model of patients without strata and late entry; its ties are Breslow's."""
    from firthmodels import FirthCoxPH

    fitter = FirthCoxPH(gtol=TIGHT, xtol=TIGHT, max_iter=MOST_STEPS)
    fitter.fit(columns.matrix, (patients.event.astype(bool), patients.time))
    limits = fitter.conf_int(method="pl", max_iter=MOST_STEPS, tol=TIGHT)
    fitter.lrt()
    scale = columns.scale
    return FirthFit(
        fitter.coef_ / scale, limits / scale[:, None], fitter.bse_ / scale, fitter.lrt_pvalues_, fitter.pvalues_
    )


def fit_firth_logistic(outcome: FloatArray, columns: Columns) -> FirthFit:
    """Firth's logistic model with an intercept."""
    from firthmodels import FirthLogisticRegression

    fitter = FirthLogisticRegression(gtol=TIGHT, xtol=TIGHT, max_iter=MOST_STEPS)
    fitter.fit(columns.matrix, outcome.astype(int))
    places = list(range(len(columns.names)))
    limits = fitter.conf_int(method="pl", features=places, max_iter=MOST_STEPS, tol=TIGHT)
    fitter.lrt(features=places)
    k, scale = len(places), columns.scale
    return FirthFit(
        np.ravel(fitter.coef_) / scale,
        limits[:k] / scale[:, None],
        fitter.bse_[:k] / scale,
        fitter.lrt_pvalues_[:k],
        fitter.pvalues_[:k],
    )
