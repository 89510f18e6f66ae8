"""Whether the ratios of a model stay the same over the follow-up, as Cox’s and Fine and Gray’s models take for granted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.dictionary import Variable
from analytics.document import Picture
from analytics.estimators.proportional_hazards import proportional_hazards_test
from analytics.estimators.proportional_subdistribution import proportional_subdistribution_hazards_test
from analytics.figures.hazard_over_time import describe_hazard_over_time, plot_hazard_over_time
from analytics.formats import MISSING, format_count, format_number, format_p, format_p_phrase
from analytics.frames import CompetingEvents
from analytics.reporting.reasons import say_reason, say_why
from analytics.reporting.tables import Table
from analytics.reporting.wording import join_words, name_term, start_sentence
from analytics.results import HazardRatioResult, Note, ProportionalHazardsResult, Reason, Result, references_of

FEW = 0.05
MOST_PICTURES = 3


@dataclass(frozen=True, slots=True)
class RatiosOverTime(Result):
    """Tests of both models of one cause: ``rate`` of its cause-specific hazard, ``share`` of its subdistribution hazard."""

    cause: str
    rate: ProportionalHazardsResult
    share: ProportionalHazardsResult


def check_ratios_over_time(events: CompetingEvents, cause: str, of: int) -> RatiosOverTime | None:
    """Both tests for the cause of that number, on complete cases; None without covariates."""
    if events.covariates is None or events.complete is None:
        return None
    kept = events.complete
    arrays = (events.time[kept], events.cause[kept], events.covariates[kept])
    is_event = (arrays[1] == of).astype(np.float64)
    return RatiosOverTime(
        cause,
        proportional_hazards_test(arrays[0], is_event, arrays[2], weight=events.weight[kept]),
        proportional_subdistribution_hazards_test(*arrays, of=of, weight=events.weight[kept]),
    )


def tabulate_ratios_over_time(found: RatiosOverTime, variables: Sequence[Variable], label: str) -> Table:
    """The p values of both tests, factor by factor; ``label`` is what a reader calls the event."""
    labels = {v.name: v.label for v in variables}
    rows = []
    for rate, share in zip(
        (*found.rate.tests, found.rate.global_test), (*found.share.tests, found.share.global_test), strict=True
    ):
        cells = (
            format_p(test.p_value) if test.p_value is not None else f"not tested ({say_why(test.reason)})"
            for test in (rate, share)
        )
        rows.append((labels.get(rate.variable, "All together"), *cells))
    return Table(
        title=f"Do the ratios stay the same over the follow-up? {start_sentence(label)}",
        columns=("Factor", "Cause-specific, p", "Subdistribution, p"),
        rows=tuple(rows),
        help=(
            "",
            "Score test against a cause-specific hazard ratio that changes with time (Grambsch and Therneau)",
            "Score test against a subdistribution hazard ratio that changes with time (Zhou, Fine and Laird)",
        ),
        caption="Both models take for granted that a ratio is the same at all times. If one of the two holds exactly, the "
        "other as a rule does not. A small p speaks against it: the ratio is then an average over the follow-up. A large one "
        "does not show that it holds: with few events only strong changes are found.",
    )


def ratios_over_time_frame(found: RatiosOverTime | None) -> pd.DataFrame:
    """One row per factor and kind of hazard, and one for all factors: ``cause model term statistic df p_value …``."""
    if found is None:
        return pd.DataFrame(columns=["cause", "model", "term", "statistic", "df", "p_value", "transform", "reason"])
    frames = [
        result.to_frame().assign(cause=found.cause, model=kind)
        for kind, result in (("cause-specific", found.rate), ("subdistribution", found.share))
    ]
    rows = [row for frame in frames for row in frame.to_dict("records")]
    return pd.DataFrame(rows)[["cause", "model", "term", "statistic", "df", "p_value", "transform", "reason"]]


def note_proportionality(result: ProportionalHazardsResult, variables: Sequence[Variable]) -> tuple[Note, ...]:
    """A caution where a hazard ratio changes over the follow-up."""
    labels = {v.name: v.label for v in variables}
    drifting = [
        f"{labels[test.variable]} ({format_p_phrase(test.p_value)})"
        for test in result.tests
        if test.p_value is not None and test.p_value < FEW
    ]
    overall = result.global_test.p_value
    if not drifting and (overall is None or overall >= FEW):
        return ()
    which = f"for {join_words(drifting)}" if drifting else "for the model as a whole"
    return (
        Note(
            "non-proportional",
            "caution",
            f"Hazards are not proportional {which}; all factors together: {format_p_phrase(overall)}. The hazard ratio moves "
            "over the follow-up by more than chance would readily explain. The one number in the table is then an average over "
            "the follow-up, and would be another one with longer or shorter follow-up.",
            "Look at the figures of the hazard ratio over time below. A weighted log-rank test and the restricted mean survival "
            "time compare groups without this assumption.",
        ),
    )


def tabulate_proportionality(
    found: ProportionalHazardsResult, variables: Sequence[Variable], reason: Reason | None
) -> tuple[Table, ...]:
    """The test of every factor of a Cox model; nothing without factors, or where there is a reason for no model."""
    if reason is not None or not variables:
        return ()
    labels, rows = {v.name: v.label for v in variables}, []
    for test in (*found.tests, found.global_test):
        label = labels.get(test.variable, "All together")
        if test.p_value is not None:
            rows.append((label, format_number(test.statistic), format_count(test.df or 0), format_p(test.p_value)))
        else:
            rows.append((label, MISSING, MISSING, "not tested" if found.reason else say_reason(test.reason)))
    caption = (
        "Grambsch and Therneau’s test on the scale of the Kaplan–Meier curve, in the multivariable model by maximum "
        "likelihood. A small p speaks against proportional hazards. A large one does not show that they are proportional: with "
        "few events only strong changes are found."
    )
    if found.reason is not None:
        caption = f"Not tested: {say_why(found.reason)}. The test needs an estimate by maximum likelihood."
    return (
        Table(
            title="Does the hazard ratio stay the same over the follow-up?",
            columns=("Factor", "Chi-square", "df", "p"),
            rows=tuple(rows),
            help=("", "Score test against a hazard ratio that changes with time", "Hazard ratios of the factor", ""),
            caption=caption,
        ),
    )


def plot_coefficients(
    found: ProportionalHazardsResult, model: HazardRatioResult, variables: Sequence[Variable], origin: str
) -> tuple[Picture, ...]:
    """The coefficients of the factors whose hazard ratio moves most, by the p of their test; ``origin`` is that of time."""
    p_values = {test.variable: test.p_value for test in found.tests if test.p_value is not None}
    known, references = {v.name: v for v in variables}, references_of(model)
    drawn = sorted(
        (c for c in found.coefficients if c.variable in p_values),
        key=lambda c: p_values[c.variable],
    )
    pictures = []
    for number, coefficient in enumerate(drawn[:MOST_PICTURES]):
        variable = known[coefficient.variable]
        label = name_term(variable, coefficient.level, references.get(variable.name), ",")
        step = variable.per if coefficient.level is None else 1.0
        caption = (
            "Each dot is a time at which the event happened, in the scale of the hazard ratio; dots beyond "
            "the axis lie on its "
            "edge. Where the line leaves the broken one, the hazard ratio changes over the follow-up. The band is the 95 % "
            "interval of the line; at its ends it rests on few children."
            if number == 0
            else ""
        )
        pictures.append(
            Picture(
                f"Hazard ratio over time: {label} ({format_p_phrase(p_values[coefficient.variable])})",
                plot_hazard_over_time(coefficient, origin=origin, step=step, label=label),
                describe_hazard_over_time(
                    coefficient,
                    label,
                    found.conf_level,
                    step,
                    # The residuals are those of the plain model, whatever the table beside them was fitted by.
                    model="the one hazard ratio by maximum likelihood"
                    if model.method == "firth"
                    else "the model’s one hazard ratio",
                ),
                caption,
            )
        )
    return tuple(pictures)
