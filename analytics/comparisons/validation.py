"""How far a logistic model can be trusted, as a reader sees it: what `Analysis.checks` of an analysis with odds ratios is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pandas as pd

from analytics.comparisons.regression import as_read
from analytics.dictionary import Variable
from analytics.document import Picture, Progress, Shown
from analytics.estimators.influence import MOST_REFITS, estimate_influence
from analytics.estimators.logistic import ConfType, Method, estimate_odds_ratios
from analytics.estimators.logistic_validation import (
    estimate_brier,
    estimate_calibration,
    estimate_discrimination,
    estimate_scaled_brier,
    fit_probabilities,
    optimism_by_bootstrap,
    variance_inflation,
)
from analytics.estimators.splines import SHOWN as SHOWN_QUANTILES
from analytics.estimators.splines import estimate_spline
from analytics.figures.calibration import describe_calibration, plot_calibration, say_groups
from analytics.figures.spline import describe_spline, plot_spline
from analytics.formats import (
    MISSING,
    format_children,
    format_count,
    format_interval,
    format_level,
    format_number,
    format_p_phrase,
    format_percent,
    format_ratio,
    format_signed,
    format_step,
)
from analytics.frames import BinaryOutcome
from analytics.reporting.reasons import say_reason, say_why
from analytics.reporting.tables import Table
from analytics.reporting.wording import in_sentence, join_words, start_sentence
from analytics.results import (
    CalibrationResult,
    Coefficient,
    Estimate,
    FittedProbabilities,
    FloatArray,
    InfluenceResult,
    Interval,
    OddsRatioResult,
    OptimismResult,
    Reason,
    Result,
    SplineResult,
    TestResult,
    VarianceInflation,
)

REPLICATES, SEED = 500, 20260131
MOST_GROUPS, GROUP_SIZE = 10, 20  # of the calibration plot: children per group if there are enough of them
MUCH_INFLATED = 2.0  # a generalised factor of 4 for one coefficient
MOST_NAMED = 3

NamePatients = Callable[[int], tuple[str, ...]]  # the identifiers of patients like that in a row of the frame


@dataclass(frozen=True, slots=True)
class EventPhrases:
    """How checks speak of the event: ``noun`` ("relapse"), ``had`` ("relapsed"), ``had_not`` ("did not relapse")."""

    noun: str
    had: str
    had_not: str


@dataclass(frozen=True, slots=True)
class Who:
    """Children who do the same to a model: ``n`` of them, ``event`` or not, and the names of some, where these may be
    given."""

    n: int
    event: bool
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Without(Result):
    """An odds ratio, per step of a number, without one child, and by how many standard errors it has moved."""

    who: Who
    ratio: float
    interval: Interval | None
    change: float

    no_rule: ClassVar[str] = "made only of an odds ratio that the model shows"


@dataclass(frozen=True, slots=True)
class Departure(Result):
    """One odds ratio and what it becomes without the child who lowers or raises it most.

    ``name`` is the factor with its level, ``label`` the same with the reference level or the step.
    ``lost`` are the first children without whom there is no such odds ratio, ``lost_reason`` says why, and ``n_lost``
    counts all of them.
    """

    coefficient: Coefficient
    name: str
    label: str
    ratio: float
    interval: Interval | None
    lowest: Without | None
    highest: Without | None
    lost: Who | None
    lost_reason: Reason | None
    n_lost: int

    no_rule: ClassVar[str] = "made only of an odds ratio that the model shows"

    @property
    def strongest(self) -> Without | None:
        """Where it has moved most."""
        found = [w for w in (self.lowest, self.highest) if w is not None]
        return max(found, key=lambda w: abs(w.change)) if found else None


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
    kept = np.flatnonzero(data.complete)
    outcome, covariates, weight = data.outcome[kept], data.covariates.iloc[kept], data.weight[kept]
    reason = why_no_checks(model)
    if reason is not None:
        # Of nobody, so that nothing of a model that is not shown is worked out.
        outcome, covariates, weight, kept = outcome[:0], covariates.iloc[:0], weight[:0], kept[:0]
    fitted = fit_probabilities(outcome, covariates, weight=weight, method=method)
    predicted = fitted.probability
    if predicted is None:
        reason = reason or fitted.reason
        none = np.zeros(0)
        y, p, n = none, none, none
    else:
        y, p, n = outcome, predicted, weight
    groups = max(2, min(MOST_GROUPS, int(n.sum()) // GROUP_SIZE))
    influence = estimate_influence(outcome, covariates, weight=weight, method=method)
    source = _Source(outcome, covariates, weight, kept, tuple(variables), conf_type, name_patients)
    return ModelChecks(
        model=model,
        variables=tuple(variables),
        fitted=fitted,
        weight=n,
        area=estimate_discrimination(y, p, weight=n),
        brier=estimate_brier(y, p, weight=n),
        scaled_brier=estimate_scaled_brier(y, p, weight=n),
        calibration=estimate_calibration(y, p, weight=n, groups=groups),
        inflation=variance_inflation(outcome, covariates, weight=weight, method=method),
        influence=influence,
        departures=_departures(model, influence, source),
        splines=_splines(model, source, method),
        reason=reason,
    )


@dataclass(frozen=True, slots=True)
class _Source:
    """The children of a model, with the rows of the frame in which they stand."""

    outcome: FloatArray
    covariates: pd.DataFrame
    weight: FloatArray
    kept: np.ndarray
    variables: tuple[Variable, ...]
    conf_type: ConfType
    name_patients: NamePatients

    def who(self, influence: InfluenceResult, kind: int) -> Who:
        names = self.name_patients(int(self.kept[influence.row[kind]]))
        return Who(int(influence.n[kind]), bool(influence.event[kind]), names)

    def without(self, influence: InfluenceResult, kind: int) -> OddsRatioResult:
        """The model without one child of a kind, as it is read."""
        weight = self.weight.copy()
        weight[influence.row[kind]] -= 1.0
        method: Method = "firth" if influence.method == "firth" else "ml"
        result = estimate_odds_ratios(
            self.outcome, self.covariates, weight=weight, method=method, conf_type=self.conf_type
        )
        return as_read(result, self.variables)


def _departures(model: OddsRatioResult, influence: InfluenceResult, source: _Source) -> tuple[Departure, ...]:
    """What single children do to every odds ratio that is shown."""
    known = {v.name: v for v in source.variables}
    terms = {(t.variable, t.level): t.odds_ratio for t in model.terms}
    references = {t.variable: t.level for t in model.terms if t.is_reference}
    refits: dict[int, OddsRatioResult] = {}
    whose: dict[int, Who] = {}
    found = []

    def who(kind: int) -> Who:
        if kind not in whose:
            whose[kind] = source.who(influence, kind)
        return whose[kind]

    for j, coefficient in enumerate(influence.coefficients):
        ratio = terms.get((coefficient.variable, coefficient.level))
        if ratio is None or ratio.value is None:
            continue
        variable = known[coefficient.variable]

        def without(kind: int, coefficient: Coefficient = coefficient, j: int = j) -> Without | None:
            if kind not in refits:
                refits[kind] = source.without(influence, kind)
            fitted = {(t.variable, t.level): t.odds_ratio for t in refits[kind].terms}
            again = fitted[coefficient.variable, coefficient.level]
            if again.value is None:
                return None
            return Without(who(kind), again.value, again.interval, float(influence.change[kind, j]))

        changes = influence.change[:, j]
        is_found = np.isfinite(changes)
        lost = np.flatnonzero(~is_found)
        order = np.flatnonzero(is_found)[np.argsort(changes[is_found], kind="stable")]
        found.append(
            Departure(
                coefficient,
                variable.label
                if coefficient.level is None
                else f"{variable.label}: {variable.level_label(coefficient.level)}",
                _label(variable, coefficient.level, references.get(variable.name)),
                ratio.value,
                ratio.interval,
                without(int(order[0])) if len(order) else None,
                without(int(order[-1])) if len(order) else None,
                who(int(lost[0])) if len(lost) else None,
                influence.reasons[lost[0]][j] if len(lost) else None,
                int(influence.n[lost].sum()),
            )
        )
    return tuple(found)


def _label(variable: Variable, level: str | None, reference: str | None) -> str:
    if level is None:
        return f"{variable.label}, per {format_step(variable.per, variable.unit)}"
    return f"{variable.label}: {variable.level_label(level)} against {variable.level_label(reference)}"


def _splines(model: OddsRatioResult, source: _Source, method: Method) -> tuple[SplineResult, ...]:
    """A curve for every number whose odds ratio is shown; its p value where that of the factor is."""
    shown = {t.variable for t in model.terms if t.level is None and t.odds_ratio.value is not None}
    tests = {t.variable: t for t in model.tests}
    found = []
    for variable in source.variables:
        if variable.name not in shown:
            continue
        spline = estimate_spline(source.outcome, source.covariates, variable.name, weight=source.weight, method=method)
        own = tests.get(variable.name)
        if own is not None and own.p_value is None and spline.test.p_value is not None:
            spline = replace(spline, test=TestResult(spline.test.method, None, None, None, reason=own.reason))
        found.append(spline)
    return tuple(found)


# What is shown


def show_checks(checks: ModelChecks, event: EventPhrases) -> tuple[Shown, ...]:
    """Each check with its figure, table and sentences; a sentence alone where there is no model."""
    if checks.reason is not None:
        return (Shown(sentences=(f"Nothing can be checked: {say_reason(checks.reason)}.",)),)
    return (
        _show_measures(checks, event),
        _show_calibration(checks, event),
        _show_influence(checks, event),
        _show_inflation(checks),
        _show_splines(checks, event),
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
        (
            "Events per parameter",
            format_number(model.events_per_parameter, 1),
            MISSING,
            "10 or more",
            MISSING,
        ),
    ]
    table = Table(
        title="How well it predicts, in the children it was made from",
        columns=("", "Here", f"{level} interval", "Perfect", "No information"),
        rows=tuple(rows),
        help=(
            "",
            "",
            "DeLong’s for the AUC, Wald’s for the calibration",
            "",
            "What a model would have that knows nothing",
        ),
    )
    return Shown(
        tables=(table,), sentences=(*_say_area(checks, event), *_say_brier(checks, event), _say_size(checks, event))
    )


def _with_limits(estimate: Estimate, digits: int = 2) -> tuple[str, str]:
    if estimate.value is None:
        return f"none ({say_reason(estimate.reason)})", MISSING
    return _plain(estimate.value, digits), format_interval(estimate.interval, digits) if digits != 2 else _limits(
        estimate
    )


def _limits(estimate: Estimate) -> str:
    interval = estimate.interval
    if interval is None or interval.low is None or interval.high is None:
        return MISSING
    return f"{_plain(interval.low)} to {_plain(interval.high)}"


def _plain(value: float, digits: int = 2) -> str:
    """A number with a minus sign where it is below 0, and none where it rounds to 0."""
    text = format_signed(value, digits)
    return text.removeprefix("+")


def _percent(estimate: Estimate) -> str:
    return f"none ({say_reason(estimate.reason)})" if estimate.value is None else format_percent(estimate.value)


def _say_area(checks: ModelChecks, event: EventPhrases) -> tuple[str, ...]:
    area = checks.area
    if area.value is None:
        return (f"There is no area under the ROC curve: {say_reason(area.reason)}.",)
    limits = f" ({format_level(area.interval.level)} interval {_limits(area)})" if area.interval else ""
    return (
        f"AUC {_plain(area.value)}{limits}: of a child who {event.had} and one who did not, the model gives the higher "
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
        f"Brier score {_plain(brier.value, 3)}: the mean squared distance between the predicted probability and what "
        f"happened (0 or 1); 0 is perfect.{against} It depends on how frequent {event.noun} is, so scores of different "
        "cohorts cannot be compared, and in the model’s own children it is too favourable, too.",
    )


def _say_size(checks: ModelChecks, event: EventPhrases) -> str:
    model = checks.model
    parameters = f"{model.n_parameters} {'odds ratio' if model.n_parameters == 1 else 'odds ratios'}"
    return (
        f"{format_count(model.n_event)} of {format_children(model.n)} {event.had}, for {parameters}: "
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


def _why_nobody_left_out(influence: InfluenceResult) -> str:
    return "no odds ratio is shown" if influence.reason is None else say_reason(influence.reason)


def _show_influence(checks: ModelChecks, event: EventPhrases) -> Shown:
    departures = checks.departures
    if not departures:
        return Shown(sentences=(f"No child was left out: {_why_nobody_left_out(checks.influence)}.",))
    rows = tuple(
        (
            d.name,
            format_ratio(d.ratio),
            _cell(d, d.lowest, event),
            _cell(d, d.highest, event) if d.lost is None else _lost_cell(d, event),
        )
        for d in departures
    )
    some = (
        f" Of {format_count(checks.influence.n_kinds)} kinds of children the {format_count(MOST_REFITS)} with the largest "
        "change in a first approximation were left out in turn."
        if checks.influence.n_kinds > MOST_REFITS
        else ""
    )
    table = Table(
        title="Odds ratios without one child",
        columns=("Factor", "All children", "Lowest, without", "Highest, without"),
        rows=rows,
        help=(
            "",
            "",
            "The model fitted again without each child in turn",
            "The model fitted again without each child in turn",
        ),
        caption="Every child was left out once and the model fitted again; children alike in every factor and in the outcome do "
        f"the same.{some}",
        words=True,
    )
    return Shown(tables=(table,), sentences=_say_influence(departures, event))


def _cell(departure: Departure, without: Without | None, event: EventPhrases) -> str:
    if without is None:
        return MISSING
    flips = "; " + _flip(departure, without) if _flip(departure, without) else ""
    return f"{format_ratio(without.ratio)} – {_name(without.who, event)}{flips}"


def _lost_cell(departure: Departure, event: EventPhrases) -> str:
    return f"no odds ratio – {_name(departure.lost, event)}" if departure.lost is not None else MISSING


def _name(who: Who, event: EventPhrases) -> str:
    """Who was left out ("SYN0117, relapsed", "one of 12 alike, no relapse: SYN0004, SYN0009, …")."""
    had = event.had if who.event else f"no {event.noun}"
    names = ", ".join(who.names[:MOST_NAMED]) + (", …" if who.names and who.n > MOST_NAMED else "")
    if who.n == 1:
        return f"{names or 'one child'}, {had}"
    return f"one of {format_count(who.n)} alike, {had}{f': {names}' if names else ''}"


def _flip(departure: Departure, without: Without) -> str:
    """How the interval's verdict changes without the child; "" if it does not."""
    if departure.interval is None or without.interval is None:
        return ""
    before, after = _excludes_one(departure.interval), _excludes_one(without.interval)
    if before == after:
        return ""
    return "interval then includes 1" if before else "interval then excludes 1"


def _excludes_one(interval: Interval) -> bool:
    return (interval.low or 0) > 1 or (interval.high is not None and interval.high < 1)


def _say_influence(departures: Sequence[Departure], event: EventPhrases) -> tuple[str, ...]:
    said = []
    moved = [(d, w) for d in departures if (w := d.strongest) is not None]
    if moved:
        departure, without = max(moved, key=lambda pair: abs(pair[1].change))
        limits = f" ({_interval(without.interval)})" if without.interval is not None else ""
        said.append(
            f"Without {_who(without.who, event)}, the odds ratio of {_inside(departure.label)} would be "
            f"{format_ratio(without.ratio)}{limits} instead of {format_ratio(departure.ratio)}"
            f"{f' ({_interval(departure.interval)})' if departure.interval is not None else ''}. No other child moves any "
            f"odds ratio by more than this one: {abs(without.change):.1f} of its standard error."
        )
    for d in departures:
        for w in (d.lowest, d.highest):
            if w is not None and _flip(d, w):
                verdict = "include" if _excludes_one(d.interval) else "exclude"  # type: ignore[arg-type]
                said.append(
                    f"Without {_who(w.who, event)}, the interval of the odds ratio of {_inside(d.label)} would {verdict} 1, the "
                    "value of no difference: whether it does hangs on single children."
                )
                break
        if d.lost is not None:
            said.append(
                f"Without {_who(d.lost, event)}, there would be no odds ratio of {_inside(d.label)} "
                f"({say_why(d.lost_reason)})."
            )
    said.append(
        "A child who moves an odds ratio is not a wrong one, and none should be left out for it. It shows how much of the "
        "number rests on single children."
    )
    return tuple(said)


def _who(who: Who, event: EventPhrases) -> str:
    """Who was left out, inside a sentence ("SYN0117, who relapsed")."""
    had = f"who {event.had if who.event else event.had_not}"
    if who.n == 1:
        return f"{who.names[0]}, {had}" if who.names else f"one child {had}"
    named = f" ({', '.join(who.names[:MOST_NAMED])}{', …' if who.n > MOST_NAMED else ''})" if who.names else ""
    return f"any one of {format_count(who.n)} children alike{named}, {had}"


def _interval(interval: Interval | None) -> str:
    return f"{format_level(interval.level)} interval {format_interval(interval)}" if interval is not None else ""


def _inside(label: str) -> str:
    return in_sentence(label)


def _show_inflation(checks: ModelChecks) -> Shown:
    labels = {v.name: v.label for v in checks.variables}
    rows = tuple(
        (
            labels[v.variable],
            format_number(v.gvif) if v.gvif is not None else f"none ({say_reason(v.reason)})",
            format_count(v.df) if v.df is not None else MISSING,
            format_number(v.scaled),
        )
        for v in checks.inflation
    )
    table = Table(
        title="Factors that share information (variance inflation)",
        columns=("Factor", "GVIF", "Parameters", "GVIF^(1/2p)"),
        rows=rows,
        help=(
            "",
            "Generalised variance inflation factor",
            "",
            "Comparable between factors with p parameters; 1 is none",
        ),
    )
    known = [v for v in checks.inflation if v.scaled is not None]
    if not known:
        return Shown(tables=(table,), sentences=("No factor has a variance inflation factor.",))
    if len(checks.inflation) == 1:
        return Shown(
            sentences=(
                "Variance inflation: with a single factor in the model there is nothing to share information with.",
            )
        )
    worst = max(known, key=lambda v: v.scaled or 0.0)
    width = f"{worst.scaled:.2f}"
    if (worst.scaled or 0.0) >= MUCH_INFLATED:
        many = [in_sentence(labels[v.variable]) for v in known if (v.scaled or 0.0) >= MUCH_INFLATED]
        reading = (
            f"{start_sentence(join_words(many))} {'share' if len(many) > 1 else 'shares'} so much information with the other "
            "factors that the data can hardly tell their odds ratios apart; with one of them left out, the others may change "
            "a lot."
        )
    else:
        reading = "No factor is much harder to read for the presence of the others."
    return Shown(
        tables=(table,),
        sentences=(
            f"The interval of {in_sentence(labels[worst.variable])} is about {width} times as wide (on the log scale) as it "
            f"would be if it shared nothing with the others; a factor of {MUCH_INFLATED:g} is a common mark for too much. "
            f"{reading}",
            "Low values do not mean that the right factors are in the model.",
        ),
    )


def _show_splines(checks: ModelChecks, event: EventPhrases) -> Shown:
    if not checks.splines:
        return Shown(
            sentences=(
                "Straight lines: no factor of the model is a number, so there is none whose straightness could be looked at. "
                "A factor made of bands of a number (as thrombocytopenia is) takes the risk as the same throughout a band.",
            )
        )
    known = {v.name: v for v in checks.variables}
    pictures, sentences = [], []
    low, high = (format_percent(q, 1) for q in SHOWN_QUANTILES)
    for spline in checks.splines:
        variable = known[spline.variable]
        label = f"{variable.label} ({variable.unit})" if variable.unit else variable.label
        pictures.append(
            Picture(
                f"{variable.label}: curve or straight line?",
                plot_spline(spline, label=label),
                describe_spline(spline, variable.label),
                f"Odds of {event.noun} against those at the median, {format_number(spline.reference, 1)}, adjusted for the "
                f"other factors; restricted cubic spline with {len(spline.knots)} knots (triangles), drawn from the {low} to "
                f"the {high} quantile."
                if spline.reason is None
                else "",
            )
        )
        sentences.append(_say_spline(spline, variable, event))
    return Shown(pictures=tuple(pictures), sentences=tuple(sentences))


def _say_spline(spline: SplineResult, variable: Variable, event: EventPhrases) -> str:
    if spline.reason is not None:
        return f"{variable.label}: no curve was fitted ({say_reason(spline.reason)})."
    test = spline.test
    if test.p_value is None:
        return (
            f"{variable.label}: the curve is not compared with a straight line by a test ({say_reason(test.reason)})."
        )
    found = (
        f"{variable.label}, curve against straight line: {test.method}, {format_p_phrase(test.p_value)} "
        f"({test.df} {'degree' if test.df == 1 else 'degrees'} of freedom)."
    )
    if test.p_value < 0.05:
        return (
            f"{found} The association bends more than chance alone would readily explain: the one odds ratio per "
            f"{format_step(variable.per, variable.unit)} is an average over a curve, and may be wrong at the ends."
        )
    return (
        f"{found} This does not show that the association is straight: with {format_count(spline.n_event)} children who "
        f"{event.had} only a marked bend would be found."
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


# Correction for optimism


def resample_model(data: BinaryOutcome, method: Method, progress: Progress) -> OptimismResult:
    """The model's performance corrected for optimism; ``progress`` is told of every resample."""
    kept = data.complete
    return optimism_by_bootstrap(
        data.outcome[kept],
        data.covariates[kept],
        weight=data.weight[kept],
        method=method,
        replicates=REPLICATES,
        seed=SEED,
        on_progress=lambda share: progress(round(share * REPLICATES), REPLICATES),
    )


def show_optimism(found: OptimismResult | None, event: EventPhrases) -> Shown:
    """The three measures before and after the correction; nothing before it has run."""
    if found is None:
        return Shown()
    names = {
        "AUC": "Area under the ROC curve (AUC)",
        "Brier score": "Brier score",
        "calibration slope": "Calibration slope",
    }
    rows = []
    for m in found.measures:
        digits = 3 if m is found.brier else 2
        values = [MISSING if v is None else _plain(v, digits) for v in (m.apparent, m.optimism, m.corrected)]
        rows.append((names[m.measure], *values))
    table = Table(
        title=f"After {format_count(found.n_drawn)} resamples",
        columns=("", "In these children", "Optimism", "Corrected"),
        rows=tuple(rows),
        help=(
            "",
            "",
            "How much better a model looks in the children it was made from",
            "To be expected in new, like children",
        ),
    )
    return Shown(notes=found.notes, tables=(table,), sentences=_say_optimism(found, event))


def optimism_frames(found: OptimismResult) -> Mapping[str, pd.DataFrame]:
    """The three measures, for a file."""
    return {"optimism": found.to_frame()}


def _say_optimism(found: OptimismResult, event: EventPhrases) -> tuple[str, ...]:
    if found.reason is not None:
        return (f"No correction can be given: {say_reason(found.reason)}.",)
    said = []
    auc, slope, brier = found.auc, found.slope, found.brier
    if auc.corrected is not None and auc.apparent is not None:
        said.append(
            f"AUC: {_plain(auc.apparent)} in these children, {_plain(auc.corrected)} after correction. That is about what "
            "the model would reach in new children of the same kind, treated and counted in the same way."
        )
    if slope.corrected is not None:
        reading = (
            "predictions for new children would be too extreme, high ones too high and low ones too low"
            if slope.corrected < 0.995
            else "predictions for new children would be about as spread out as they should be"
        )
        said.append(f"Calibration slope after correction {_plain(slope.corrected)} (1 is perfect): {reading}.")
    elif slope.reason is not None:
        said.append(f"The calibration slope has no correction: {say_reason(slope.reason)}.")
    if brier.corrected is not None and brier.apparent is not None:
        said.append(
            f"Brier score: {_plain(brier.apparent, 3)} in these children, {_plain(brier.corrected, 3)} after correction "
            "(lower is better)."
        )
    said.append(
        "The correction covers the fitting of these odds ratios alone. It does not cover that factors, levels or the selection "
        "were chosen after looking at the data, nor other hospitals and other times."
    )
    return tuple(said)
