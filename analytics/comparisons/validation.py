"""How far a logistic model can be trusted, as a reader sees it: what `Analysis.checks` of an analysis with odds ratios is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from analytics.comparisons.influence import Departure, NamePatients, find_departures, show_influence
from analytics.comparisons.relapse import EventPhrases
from analytics.comparisons.shape import fit_splines, show_inflation, show_splines
from analytics.dictionary import Variable
from analytics.document import Picture, Shown
from analytics.estimators.influence import estimate_influence
from analytics.estimators.logistic import ConfType, Method
from analytics.estimators.logistic_validation import (
    estimate_brier,
    estimate_calibration,
    estimate_discrimination,
    estimate_scaled_brier,
    fit_probabilities,
    variance_inflation,
)
from analytics.figures.calibration import describe_calibration, plot_calibration, say_groups
from analytics.formats import (
    MISSING,
    format_count,
    format_interval,
    format_level,
    format_number,
    format_patients,
    format_percent,
    format_plain,
)
from analytics.frames import BinaryOutcome
from analytics.reporting.reasons import say_reason
from analytics.reporting.tables import Table
from analytics.results import (
    CalibrationResult,
    Estimate,
    FittedProbabilities,
    FloatArray,
    InfluenceResult,
    OddsRatioResult,
    Reason,
    Result,
    SplineResult,
    VarianceInflation,
)

MOST_GROUPS, GROUP_SIZE = 10, 20  # of the calibration plot: children per group if there are enough of them


@dataclass(frozen=True, slots=True)
class ModelChecks(Result):
    """What can be said of a logistic model from the children it was made from; nothing where there is a ``reason``."""

    model: OddsRatioResult
    variables: tuple[Variable, ...]
    fitted: FittedProbabilities
    weight: FloatArray
    area: Estimate
    brier: Estimate
    scaled_brier: Estimate
    calibration: CalibrationResult
    inflation: tuple[VarianceInflation, ...]
    influence: InfluenceResult
    departures: tuple[Departure, ...]
    splines: tuple[SplineResult, ...]
    reason: Reason | None = None

    no_rule: ClassVar[str] = "made only of a model that is shown; its parts have rules"

    @property
    def share(self) -> float:
        """The share of children with the event."""
        return self.model.n_event / self.model.n if self.model.n else 0.0


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
    data: BinaryOutcome,
    variables: Sequence[Variable],
    model: OddsRatioResult,
    method: Method,
    conf_type: ConfType,
    name_patients: NamePatients,
) -> ModelChecks:
    """All that is looked at without resampling.

    Parameters
    ----------
    data
        The children whom the model was made from, those among them with every factor known.
    variables
        The factors, in order.
    model
        The multivariable model as it is shown: what it does not show is not checked.
    method, conf_type
        How it was fitted.
    name_patients
        Gives the identifiers of children like that in a row of ``data``; none where they may not be given.
    """
    reason = why_no_checks(model)
    # Of nobody where there is a reason, so that nothing of a model that is not shown is worked out.
    kept = np.flatnonzero(data.complete) if reason is None else np.zeros(0, dtype=np.intp)
    arrays: dict[str, Any] = {
        "outcome": data.outcome[kept],
        "covariates": data.covariates.iloc[kept],
        "weight": data.weight[kept],
    }
    fitted = fit_probabilities(**arrays, method=method)
    y, p, n = arrays["outcome"], fitted.probability, arrays["weight"]
    if p is None:
        reason = reason or fitted.reason
        y = p = n = np.zeros(0)
    groups = max(2, min(MOST_GROUPS, int(n.sum()) // GROUP_SIZE))
    influence = estimate_influence(**arrays, method=method)
    return ModelChecks(
        model=model,
        variables=tuple(variables),
        fitted=fitted,
        weight=n,
        area=estimate_discrimination(y, p, weight=n),
        brier=estimate_brier(y, p, weight=n),
        scaled_brier=estimate_scaled_brier(y, p, weight=n),
        calibration=estimate_calibration(y, p, weight=n, groups=groups),
        inflation=variance_inflation(**arrays, method=method),
        influence=influence,
        departures=find_departures(
            *(model, influence, arrays, variables, conf_type), lambda row: name_patients(int(kept[row]))
        ),
        splines=fit_splines(model, arrays, variables, method),
        reason=reason,
    )


def show_checks(checks: ModelChecks, event: EventPhrases) -> tuple[Shown, ...]:
    """Each check with its figure, table and sentences; a sentence alone where there is no model."""
    if checks.reason is not None:
        return (Shown(sentences=(f"Nothing can be checked: {say_reason(checks.reason)}.",)),)
    return (
        _show_measures(checks, event),
        _show_calibration(checks, event),
        show_influence(checks.influence, checks.departures, event),
        show_inflation(checks.inflation, checks.variables),
        show_splines(checks.splines, checks.variables, event),
    )


def _show_measures(checks: ModelChecks, event: EventPhrases) -> Shown:
    model, share = checks.model, checks.share
    prevalence = share * (1.0 - share)
    level = format_level(checks.calibration.conf_level)
    slope, intercept = checks.calibration.slope, checks.calibration.intercept
    rows = [
        ("Area under the ROC curve (AUC)", *_with_limits(checks.area), "1", "0.5"),
        ("Brier score", *_with_limits(checks.brier, 3), "0", format_number(prevalence, 3)),
        ("Brier score, share gained", _percent(checks.scaled_brier), MISSING, "100 %", "0 %"),
        ("Calibration slope", *_with_limits(slope), "1", "0"),
        ("Calibration intercept", *_with_limits(intercept), "0", MISSING),
        ("Events per parameter", format_number(model.events_per_parameter, 1), MISSING, "10 or more", MISSING),
    ]
    table = Table(
        title="How well it predicts, in the children it was made from",
        columns=("", "Here", f"{level} interval", "Perfect", "No information"),
        rows=tuple(rows),
        help=(
            *("", "", "DeLong’s for the AUC, Wald’s for the calibration", ""),
            "What a model would have that knows nothing",
        ),
    )
    return Shown(
        tables=(table,), sentences=(*_say_area(checks, event), *_say_brier(checks, event), _say_size(checks, event))
    )


def _with_limits(estimate: Estimate, digits: int = 2) -> tuple[str, str]:
    if estimate.value is None:
        return f"none ({say_reason(estimate.reason)})", MISSING
    return format_plain(estimate.value, digits), format_interval(estimate.interval, digits) if digits != 2 else _limits(
        estimate
    )


def _limits(estimate: Estimate) -> str:
    interval = estimate.interval
    if interval is None or interval.low is None or interval.high is None:
        return MISSING
    return f"{format_plain(interval.low)} to {format_plain(interval.high)}"


def _percent(estimate: Estimate) -> str:
    return f"none ({say_reason(estimate.reason)})" if estimate.value is None else format_percent(estimate.value)


def _say_area(checks: ModelChecks, event: EventPhrases) -> tuple[str, ...]:
    area = checks.area
    if area.value is None:
        return (f"There is no area under the ROC curve: {say_reason(area.reason)}.",)
    limits = f" ({format_level(area.interval.level)} interval {_limits(area)})" if area.interval else ""
    return (
        f"AUC {format_plain(area.value)}{limits}: of a child who {event.had} and one who did not, the model gives the higher "
        f"probability to the one who {event.had} in {format_percent(area.value, 0)} of all such pairs; chance alone gives "
        "50\u00a0%. It says nothing about whether the probabilities are right, and measured in the very children the model "
        "was made from it is too favourable.",
    )


def _say_brier(checks: ModelChecks, event: EventPhrases) -> tuple[str, ...]:
    brier, scaled = checks.brier, checks.scaled_brier
    if brier.value is None:
        return (f"There is no Brier score: {say_reason(brier.reason)}.",)
    against = ""
    if scaled.value is not None:
        share = checks.share
        better = "lower" if scaled.value >= 0 else "higher"
        against = (
            f" Predicting {format_percent(share)} for everybody would give {share * (1 - share):.3f}; the model’s is "
            f"{format_percent(abs(scaled.value), 0)} {better}."
        )
    return (
        f"Brier score {format_plain(brier.value, 3)}: the mean squared distance between the predicted probability and what "
        f"happened (0 or 1); 0 is perfect.{against} It depends on how frequent {event.noun} is, so scores of different "
        "cohorts cannot be compared, and in the model’s own children it is too favourable, too.",
    )


def _say_size(checks: ModelChecks, event: EventPhrases) -> str:
    model = checks.model
    parameters = f"{model.n_parameters} {'odds ratio' if model.n_parameters == 1 else 'odds ratios'}"
    return (
        f"{format_count(model.n_event)} of {format_patients(model.n)} {event.had}, for {parameters}: "
        f"{format_number(model.events_per_parameter, 1)} events (or children without, if fewer) for each. The fewer, "
        "the more of what the model says is chance."
    )


def _show_calibration(checks: ModelChecks, event: EventPhrases) -> Shown:
    calibration, fitted = checks.calibration, checks.fitted
    if fitted.probability is None:
        return Shown(sentences=(f"There is nothing to plot: {say_reason(fitted.reason)}.",))
    groups = [g for g in calibration.groups if g.observed.value is not None]
    picture = Picture(
        f"Calibration: observed against predicted {event.noun}",
        plot_calibration(calibration, fitted.probability, checks.weight, event=event.noun),
        describe_calibration(calibration, event.noun),
        f"Children in {say_groups(len(groups))}; the larger the point, the more children. Bars: "
        f"{format_level(calibration.conf_level)} intervals (Wilson). Below: how many children have each prediction.",
    )
    return Shown(pictures=(picture,), sentences=_say_calibration(checks))


def _say_calibration(checks: ModelChecks) -> tuple[str, ...]:
    slope = checks.calibration.slope
    own = "Calibration in the same children is always flattering" + (
        ": maximum likelihood makes the predictions add up to the observed number, with a slope of exactly 1. Only the "
        "corrected slope below, or other children, can tell whether predictions hold."
        if checks.fitted.method == "ml"
        else ". Firth’s method draws the odds ratios towards 1, which shows as a slope above 1. Its intercept is estimated again "
        "(FLIC), so that the predictions add up to the observed number and are not drawn towards one half. Only the corrected "
        "slope below, or other children, can tell whether predictions hold."
    )
    if slope.value is None:
        return (f"There is no calibration slope: {say_reason(slope.reason)}.", own)
    return (
        own,
        "What the plot can show is a lack of fit between the ends: points that lie off the diagonal by more than their bars, "
        "several on the same side.",
    )


def checks_frames(checks: ModelChecks) -> Mapping[str, pd.DataFrame]:
    """Calibration groups, curves of numbers and variance inflation, for files."""
    splines = [spline.to_frame() for spline in checks.splines if spline.reason is None]
    none = pd.DataFrame(
        columns=["variable", "value", "estimate", "conf_low", "conf_high", "straight", "reference", "conf_level"]
    )
    inflation = [(v.variable, v.gvif, v.df, v.scaled, v.reason) for v in checks.inflation]
    return {
        "calibration": checks.calibration.to_frame(),
        "curves": pd.concat(splines, ignore_index=True) if splines else none,
        "variance-inflation": pd.DataFrame(inflation, columns=["variable", "gvif", "df", "scaled", "reason"]),
    }
