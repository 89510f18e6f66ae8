"""How far a logistic model can be trusted, in words: its measures, calibration, curves, shared information and optimism."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from analytics.dictionary import Variable, load_words
from analytics.formats import (
    MISSING,
    format_count,
    format_interval,
    format_level,
    format_number,
    format_p_phrase,
    format_patients,
    format_percent,
    format_plain,
    format_step,
    join_words,
)
from analytics.reporting.reasons import say_reason
from analytics.reporting.relapse import EventPhrases
from analytics.reporting.tables import Table
from analytics.reporting.wording import in_sentence, start_sentence
from analytics.results import (
    ConcordanceOptimismResult,
    Estimate,
    Optimism,
    OptimismResult,
    SplineResult,
    VarianceInflation,
)
from analytics.results.model_checks import ModelChecks

Measure = Literal["odds ratio", "hazard ratio"]
MUCH_INFLATED = 2.0  # a generalised factor of 4 for one coefficient
NAMES = {
    "AUC": "Area under the ROC curve (AUC)",
    "calibration slope": "Calibration slope",
    "concordance": "Concordance",
}


def tabulate_measures(checks: ModelChecks) -> Table:
    """How well a model predicts in the patients it was made from, beside the best and the worst there can be."""
    share, calibration = checks.share, checks.calibration
    rows = (
        (NAMES["AUC"], *_with_limits(checks.area), "1", "0.5"),
        ("Brier score", *_with_limits(checks.brier, 3), "0", format_number(share * (1.0 - share), 3)),
        ("Brier score, share gained", _value(checks.scaled_brier, format_percent), MISSING, "100 %", "0 %"),
        (NAMES["calibration slope"], *_with_limits(calibration.slope), "1", "0"),
        ("Calibration intercept", *_with_limits(calibration.intercept), "0", MISSING),
        ("Events per parameter", format_number(checks.model.events_per_parameter, 1), MISSING, "10 or more", MISSING),
    )
    return Table(
        title=f"How well it predicts, in the {load_words().plural} it was made from",
        columns=("", "Here", f"{format_level(calibration.conf_level)} interval", "Perfect", "No information"),
        rows=rows,
        help=(
            *("", "", "DeLong’s for the AUC, Wald’s for the calibration", ""),
            "What a model would have that knows nothing",
        ),
    )


def _value(estimate: Estimate, form: Callable[[float], str]) -> str:
    return f"none ({say_reason(estimate.reason)})" if estimate.value is None else form(estimate.value)


def _with_limits(estimate: Estimate, digits: int = 2) -> tuple[str, str]:
    if estimate.value is None:
        return _value(estimate, str), MISSING
    limits = format_interval(estimate.interval, digits) if digits != 2 else _limits(estimate)
    return format_plain(estimate.value, digits), limits


def _limits(estimate: Estimate) -> str:
    interval = estimate.interval
    if interval is None or interval.low is None or interval.high is None:
        return MISSING
    return f"{format_plain(interval.low)} to {format_plain(interval.high)}"


def say_measures(checks: ModelChecks, event: EventPhrases) -> tuple[str, ...]:
    """What discrimination, the Brier score and the number of events say."""
    return _say_area(checks, event), _say_brier(checks, event), _say_size(checks, event)


def _say_area(checks: ModelChecks, event: EventPhrases) -> str:
    area, words = checks.area, load_words()
    if area.value is None:
        return f"There is no area under the ROC curve: {say_reason(area.reason)}."
    limits = f" ({format_level(area.interval.level)} interval {_limits(area)})" if area.interval else ""
    return (
        f"AUC {format_plain(area.value)}{limits}: of a {words.noun} who {event.had} and one who did not, the model gives the "
        f"higher probability to the one who {event.had} in {format_percent(area.value, 0)} of all such pairs; chance alone "
        "gives 50\u00a0%. It says nothing about whether the probabilities are right, and measured in the very "
        f"{words.plural} the model was made from it is too favourable."
    )


def _say_brier(checks: ModelChecks, event: EventPhrases) -> str:
    brier, scaled = checks.brier, checks.scaled_brier
    if brier.value is None:
        return f"There is no Brier score: {say_reason(brier.reason)}."
    against = ""
    if scaled.value is not None:
        share = checks.share
        against = (
            f" Predicting {format_percent(share)} for everybody would give {share * (1 - share):.3f}; the model’s is "
            f"{format_percent(abs(scaled.value), 0)} {'lower' if scaled.value >= 0 else 'higher'}."
        )
    return (
        f"Brier score {format_plain(brier.value, 3)}: the mean squared distance between the predicted probability and what "
        f"happened (0 or 1); 0 is perfect.{against} It depends on how frequent {event.noun} is, so scores of different "
        f"cohorts cannot be compared, and in the model’s own {load_words().plural} it is too favourable, too."
    )


def _say_size(checks: ModelChecks, event: EventPhrases) -> str:
    model = checks.model
    return (
        f"{format_count(model.n_event)} of {format_patients(model.n)} {event.had}, for {model.n_parameters} "
        f"{'odds ratio' if model.n_parameters == 1 else 'odds ratios'}: {format_number(model.events_per_parameter, 1)} events "
        f"(or {load_words().plural} without, if fewer) for each. The fewer, the more of what the model says is chance."
    )


def say_calibration(checks: ModelChecks) -> tuple[str, ...]:
    """What a calibration plot of a model in its own patients can show and what it cannot."""
    slope, plural = checks.calibration.slope, load_words().plural
    own = f"Calibration in the same {plural} is always flattering" + (
        ": maximum likelihood makes the predictions add up to the observed number, with a slope of exactly 1. Only the "
        f"corrected slope below, or other {plural}, can tell whether predictions hold."
        if checks.fitted.method == "ml"
        else ". Firth’s method draws the odds ratios towards 1, which shows as a slope above 1. Its intercept is estimated again "
        "(FLIC), so that the predictions add up to the observed number and are not drawn towards one half. Only the corrected "
        f"slope below, or other {plural}, can tell whether predictions hold."
    )
    if slope.value is None:
        return (f"There is no calibration slope: {say_reason(slope.reason)}.", own)
    return (
        own,
        "What the plot can show is a lack of fit between the ends: points that lie off the diagonal by more than their bars, "
        "several on the same side.",
    )


# Curves of numbers, and what factors share


def say_spline(spline: SplineResult, variable: Variable, event: EventPhrases) -> str:
    """Whether a curve fits better than the straight line that an odds ratio takes for granted."""
    label, test = variable.label, spline.test
    if spline.reason is not None:
        return f"{label}: no curve was fitted ({say_reason(spline.reason)})."
    if test.p_value is None:
        return f"{label}: the curve is not compared with a straight line by a test ({say_reason(test.reason)})."
    found = (
        f"{label}, curve against straight line: {test.method}, {format_p_phrase(test.p_value)} "
        f"({test.df} {'degree' if test.df == 1 else 'degrees'} of freedom)."
    )
    if test.p_value < 0.05:
        return (
            f"{found} The association bends more than chance alone would readily explain: the one odds ratio per "
            f"{format_step(variable)} is an average over a curve, and may be wrong at the ends."
        )
    return (
        f"{found} This does not show that the association is straight: with {format_patients(spline.n_event)} who "
        f"{event.had} only a marked bend would be found."
    )


def tabulate_inflation(inflation: Sequence[VarianceInflation], variables: Sequence[Variable]) -> tuple[Table, ...]:
    """How much wider the factors make one another's intervals; no table for a single factor that has one."""
    if len(inflation) == 1 and inflation[0].scaled is not None:
        return ()
    labels = {v.name: v.label for v in variables}
    rows = tuple(
        (
            labels[v.variable],
            format_number(v.gvif) if v.gvif is not None else f"none ({say_reason(v.reason)})",
            format_count(v.df) if v.df is not None else MISSING,
            format_number(v.scaled),
        )
        for v in inflation
    )
    scaled = "Comparable between factors with p parameters; 1 is none"
    return (
        Table(
            title="Factors that share information (variance inflation)",
            columns=("Factor", "GVIF", "Parameters", "GVIF^(1/2p)"),
            rows=rows,
            help=("", "Generalised variance inflation factor", "", scaled),
        ),
    )


def say_inflation(inflation: Sequence[VarianceInflation], variables: Sequence[Variable]) -> tuple[str, ...]:
    """Which factor's interval the others widen most, and whether any share too much to be told apart."""
    labels = {v.name: in_sentence(v.label) for v in variables}
    known = {labels[v.variable]: v.scaled for v in inflation if v.scaled is not None}
    if not known:
        return ("No factor has a variance inflation factor.",)
    if len(inflation) == 1:
        return ("Variance inflation: with a single factor in the model there is nothing to share information with.",)
    worst = max(known, key=lambda label: known[label])
    many = [label for label, scaled in known.items() if scaled >= MUCH_INFLATED]
    reading = "No factor is much harder to read for the presence of the others."
    if many:
        reading = (
            f"{start_sentence(join_words(many))} {'share' if len(many) > 1 else 'shares'} so much information with the other "
            "factors that the data can hardly tell their odds ratios apart; with one of them left out, the others may change "
            "a lot."
        )
    return (
        f"The interval of {worst} is about {known[worst]:.2f} times as wide (on the log scale) as it would be if it shared "
        f"nothing with the others; a factor of {MUCH_INFLATED:g} is a common mark for too much. {reading}",
        "Low values do not mean that the right factors are in the model.",
    )


# Correction for optimism


def tabulate_optimism(found: OptimismResult | ConcordanceOptimismResult) -> Table:
    """Every measure before and after the correction."""
    plural = load_words().plural
    rows = tuple(
        (NAMES.get(m.measure, m.measure), *(_measured(m, value) for value in (m.apparent, m.optimism, m.corrected)))
        for m in found.measures
    )
    return Table(
        title=f"After {format_count(found.n_drawn)} resamples",
        columns=("", f"In these {plural}", "Optimism", "Corrected"),
        rows=rows,
        help=(
            *("", "", f"How much better a model looks in the {plural} it was made from"),
            f"To be expected in new, like {plural}",
        ),
    )


def _measured(measure: Optimism, value: float | None) -> str:
    return MISSING if value is None else format_plain(value, 3 if measure.measure == "Brier score" else 2)


def say_optimism(found: OptimismResult | ConcordanceOptimismResult, of: Measure) -> tuple[str, ...]:
    """What is left of a model after the correction; ``of`` is what the model estimates."""
    if found.reason is not None:
        return (f"No correction can be given: {say_reason(found.reason)}.",)
    plural = load_words().plural
    said: list[str] = []
    for m in found.measures:
        before, after = _measured(m, m.apparent), _measured(m, m.corrected)
        if m.measure == "calibration slope":
            said += _say_slope(m)
        elif m.corrected is not None and m.apparent is not None:
            better = (
                " (lower is better)."
                if m.measure == "Brier score"
                else (
                    f". That is about what the model would reach in new {plural} of the same kind, treated and counted in the "
                    "same way."
                )
            )
            said.append(f"{start_sentence(m.measure)}: {before} in these {plural}, {after} after correction{better}")
    said.append(
        f"The correction covers the fitting of these {of}s alone. It does not cover that factors, levels or the selection "
        "were chosen after looking at the data, nor other hospitals and other times."
    )
    return tuple(said)


def _say_slope(slope: Optimism) -> tuple[str, ...]:
    if slope.corrected is None:
        return (
            () if slope.reason is None else (f"The calibration slope has no correction: {say_reason(slope.reason)}.",)
        )
    reading = (
        "would be too extreme, high ones too high and low ones too low"
        if slope.corrected < 0.995
        else "would be about as spread out as they should be"
    )
    return (
        f"Calibration slope after correction {format_plain(slope.corrected)} (1 is perfect): predictions for new "
        f"{load_words().plural} {reading}.",
    )
