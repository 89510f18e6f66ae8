"""The risk of one patient by the models of a cohort: now, by given years, what moves it, and how such risks turned out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from analytics.analysis import Governed, Params
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.comparisons.relapse import COMPETING, RelapseData, competing_of_relapse
from analytics.estimators import (
    estimate_calibration,
    fit_probabilities,
    predict_hazard_risk,
    predict_incidence,
    predict_risk,
)
from analytics.frames import CompetingEvents, endpoint_columns
from analytics.patient.features import Features
from analytics.results import (
    CalibrationGroup,
    CalibrationResult,
    Estimate,
    Note,
    PredictedRisk,
    Reason,
    Result,
    RiskOverTime,
)

YEARS = (1, 3, 5)
GROUPS = 5  # of the calibration: in ten, too few of a small cohort would be in each


@dataclass(frozen=True, slots=True)
class RiskOfOne(Result):
    """The risk of one patient by the logistic model of a page, and over time by Cox and Fine and Gray with the same factors.

    ``calibration`` is that of the logistic model in the patients it was made of; None without a risk. ``over_time`` is empty
    where the times of the events are not known.
    """

    data: RelapseData
    predicted: PredictedRisk
    calibration: CalibrationResult | None
    over_time: tuple[RiskOverTime, ...]
    notes: tuple[Note, ...] = ()

    @property
    def group(self) -> CalibrationGroup | None:
        """The patients whose predicted risks are about that of this one; None where there are none to show."""
        risk = self.predicted.risk.value
        groups = () if self.calibration is None or risk is None else self.calibration.groups
        near = [g for g in groups if g.low <= risk <= g.high and g.observed.value is not None]  # type: ignore[operator]
        return near[0] if near else None


def assess_risk(
    cohort: Cohort, cohort_filter: CohortFilter, data: RelapseData, features: Features, params: Params
) -> RiskOfOne:
    """The risk of one patient by the models of a selection, ``data`` and ``params`` being those of the page of predictors.

    What the policy on small numbers does not show is taken out; where they are protected, or the model has weights for
    those not followed, there is a reason instead.
    """
    found: RiskOfOne = Governed(_assess)(cohort, cohort_filter, data, features, params)
    return found


def _assess(
    cohort: Cohort, cohort_filter: CohortFilter, data: RelapseData, features: Features, params: Params
) -> RiskOfOne:
    refused = Reason("risk-protected") if cohort.smallest_cell else None
    if refused is None and data.weighed is not None:
        refused = Reason("risk-weighted")
    if refused is not None:
        nothing = PredictedRisk(Estimate(None, reason=refused), None, (), "", 0, 0, 0)
        return RiskOfOne(data, nothing, None, ())
    one = {v.name: features[v.name] for v in data.variables if v.name in features}
    model = data.outcome.model()
    predicted = predict_risk(**model, one=one, method=params["fit"])
    calibration = None
    if predicted.risk.value is not None:
        fitted = fit_probabilities(**model, method=params["fit"]).probability
        if fitted is not None:
            calibration = estimate_calibration(model["outcome"], fitted, weight=model["weight"], groups=GROUPS)
    return RiskOfOne(data, predicted, calibration, _predict_over_time(cohort, cohort_filter, data, one))


def _predict_over_time(
    cohort: Cohort, cohort_filter: CohortFilter, data: RelapseData, one: dict[str, Any]
) -> tuple[RiskOverTime, ...]:
    endpoint = competing_of_relapse(cohort)
    if endpoint is None or not data.variables:
        return ()
    tally = cohort.tally(endpoint_columns(endpoint, *data.variables), cohort_filter)
    events = CompetingEvents.from_tally(tally, endpoint, data.dictionary[endpoint.cause], covariates=data.variables)
    if COMPETING not in events.causes or events.covariates is None:
        return ()
    of = events.causes.index(COMPETING) + 1
    known = events.covariates.notna().all(axis=1).to_numpy(bool)
    times = tuple(12.0 * years for years in YEARS)
    shared: dict[str, Any] = {
        "covariates": events.covariates[known],
        "one": one,
        "times": times,
        "weight": events.weight[known],
    }
    time, cause = events.time[known], events.cause[known]
    return (
        predict_hazard_risk(time, (cause == of).astype(float), **shared),
        predict_incidence(time, cause, of=of, **shared),
    )
