"""Whether a number acts on the odds as the straight line that its odds ratio takes it for, and what factors share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from analytics.comparisons.relapse import EventPhrases
from analytics.dictionary import Variable
from analytics.document import Picture, Shown
from analytics.estimators.logistic import Method
from analytics.estimators.splines import SHOWN as SHOWN_QUANTILES
from analytics.estimators.splines import estimate_spline
from analytics.figures.spline import describe_spline, plot_spline
from analytics.formats import MISSING, format_count, format_number, format_p_phrase, format_percent, format_step
from analytics.reporting.reasons import say_reason
from analytics.reporting.tables import Table
from analytics.reporting.wording import in_sentence, join_words, start_sentence
from analytics.results import OddsRatioResult, SplineResult, TestResult, VarianceInflation

MUCH_INFLATED = 2.0  # a generalised factor of 4 for one coefficient


def fit_splines(
    model: OddsRatioResult, arrays: Mapping[str, Any], variables: Sequence[Variable], method: Method
) -> tuple[SplineResult, ...]:
    """A curve for every number whose odds ratio is shown; its p value where that of the factor is."""
    shown = {t.variable for t in model.terms if t.level is None and t.odds_ratio.value is not None}
    tests = {t.variable: t for t in model.tests}
    found = []
    for variable in variables:
        if variable.name not in shown:
            continue
        spline = estimate_spline(variable=variable.name, **arrays, method=method)
        own = tests.get(variable.name)
        if own is not None and own.p_value is None and spline.test.p_value is not None:
            spline = replace(spline, test=TestResult(spline.test.method, None, None, None, reason=own.reason))
        found.append(spline)
    return tuple(found)


def show_splines(splines: Sequence[SplineResult], variables: Sequence[Variable], event: EventPhrases) -> Shown:
    """Each curve with what it says."""
    if not splines:
        return Shown(
            sentences=(
                "Straight lines: no factor of the model is a number, so there is none whose straightness could be looked at. "
                "A factor made of bands of a number (as thrombocytopenia is) takes the risk as the same throughout a band.",
            )
        )
    known = {v.name: v for v in variables}
    pictures, sentences = [], []
    low, high = (format_percent(q, 1) for q in SHOWN_QUANTILES)
    for spline in splines:
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


def show_inflation(inflation: Sequence[VarianceInflation], variables: Sequence[Variable]) -> Shown:
    """How much wider the factors make one another's intervals."""
    labels = {v.name: v.label for v in variables}
    rows = [
        (
            labels[v.variable],
            format_number(v.gvif) if v.gvif is not None else f"none ({say_reason(v.reason)})",
            format_count(v.df) if v.df is not None else MISSING,
            format_number(v.scaled),
        )
        for v in inflation
    ]
    table = Table(
        title="Factors that share information (variance inflation)",
        columns=("Factor", "GVIF", "Parameters", "GVIF^(1/2p)"),
        rows=tuple(rows),
        help=(
            "",
            "Generalised variance inflation factor",
            "",
            "Comparable between factors with p parameters; 1 is none",
        ),
    )
    known = {labels[v.variable]: v.scaled for v in inflation if v.scaled is not None}
    if not known:
        return Shown(tables=(table,), sentences=("No factor has a variance inflation factor.",))
    if len(inflation) == 1:
        alone = "Variance inflation: with a single factor in the model there is nothing to share information with."
        return Shown(sentences=(alone,))
    worst = max(known, key=lambda label: known[label])
    many = [in_sentence(label) for label, scaled in known.items() if scaled >= MUCH_INFLATED]
    reading = "No factor is much harder to read for the presence of the others."
    if many:
        reading = (
            f"{start_sentence(join_words(many))} {'share' if len(many) > 1 else 'shares'} so much information with the other "
            "factors that the data can hardly tell their odds ratios apart; with one of them left out, the others may change "
            "a lot."
        )
    return Shown(
        tables=(table,),
        sentences=(
            f"The interval of {in_sentence(worst)} is about {known[worst]:.2f} times as wide (on the log scale) as it "
            f"would be if it shared nothing with the others; a factor of {MUCH_INFLATED:g} is a common mark for too much. "
            f"{reading}",
            "Low values do not mean that the right factors are in the model.",
        ),
    )
