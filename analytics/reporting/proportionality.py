"""Whether differences and ratios stay the same over the follow-up, in notes and tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from analytics.dictionary import Variable
from analytics.formats import MISSING, format_count, format_number, format_p, format_p_phrase, join_words
from analytics.reporting.reasons import say_reason, say_why
from analytics.reporting.tables import Table
from analytics.reporting.wording import start_sentence
from analytics.results import Note, ProportionalHazardsResult, Reason, Result, TermTest

NON_PROPORTIONAL = 0.05
ALL = "All together"
Crossing = tuple[str, str, tuple[float, ...]]  # two groups, and the months at which their curves cross


@dataclass(frozen=True, slots=True)
class RatiosOverTime(Result):
    """Tests of both models of one cause: ``rate`` of its cause-specific hazard, ``share`` of its subdistribution hazard."""

    cause: str
    rate: ProportionalHazardsResult
    share: ProportionalHazardsResult


def note_changing_difference(crossings: Sequence[Crossing], test: TermTest) -> tuple[Note, ...]:
    """A caution where curves cross, or where the ratio of the hazards changes over time.

    ``test`` is that of a constant ratio; where it cannot be done the curves alone decide.
    """
    changes = test.p_value is not None and test.p_value < NON_PROPORTIONAL
    said = "" if test.p_value is None else f" (test of proportional hazards, {format_p_phrase(test.p_value)})"
    parts = []
    if crossings:
        chance = "" if changes else f" Small groups also cross by chance{said}."
        parts.append(f"The curves cross: {'; '.join(map(_say_crossing, crossings))}.{chance}")
    if changes:
        parts.append(
            f"The ratio of the hazards changes over time{said}: the groups differ more, or the other way, in one part of the "
            "follow-up."
        )
    if not parts:
        return ()
    parts.append("The log-rank test and a single hazard ratio average over this and may miss it.")
    return (
        Note(
            "non-proportional",
            "caution",
            " ".join(parts),
            "The page “Mean survival and differences” needs no constant ratio. Under Options, tests weigh early or late "
            "events more; chosen after seeing the curves, their p value is too small.",
        ),
    )


def _say_crossing(crossing: Crossing) -> str:
    one, other, months = crossing
    return f"{one} and {other} at {join_words([format_number(month, 1) for month in months])} months"


def note_proportionality(result: ProportionalHazardsResult, variables: Sequence[Variable]) -> tuple[Note, ...]:
    """A caution where a hazard ratio changes over the follow-up."""
    labels = {v.name: v.label for v in variables}
    drifting = [
        f"{labels[test.variable]} ({format_p_phrase(test.p_value)})"
        for test in result.tests
        if test.p_value is not None and test.p_value < NON_PROPORTIONAL
    ]
    overall = result.global_test.p_value
    if not drifting and (overall is None or overall >= NON_PROPORTIONAL):
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
        label = labels.get(test.variable, ALL)
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
            place="sure",
        ),
    )


def tabulate_ratios_over_time(found: RatiosOverTime, variables: Sequence[Variable], label: str) -> Table:
    """The p values of both tests, factor by factor; ``label`` is what a reader calls the event."""
    labels = {v.name: v.label for v in variables}
    tests = zip(*((*kind.tests, kind.global_test) for kind in (found.rate, found.share)), strict=True)
    return Table(
        title=f"Do the ratios stay the same over the follow-up? {start_sentence(label)}",
        columns=("Factor", "Cause-specific, p", "Subdistribution, p"),
        rows=tuple((labels.get(pair[0].variable, ALL), *map(_p_cell, pair)) for pair in tests),
        help=(
            "",
            "Score test against a cause-specific hazard ratio that changes with time (Grambsch and Therneau)",
            "Score test against a subdistribution hazard ratio that changes with time (Zhou, Fine and Laird)",
        ),
        caption="Both models take for granted that a ratio is the same at all times. If one of the two holds exactly, the "
        "other as a rule does not. A small p speaks against it: the ratio is then an average over the follow-up. A large one "
        "does not show that it holds: with few events only strong changes are found.",
    )


def _p_cell(test: TermTest) -> str:
    return format_p(test.p_value) if test.p_value is not None else f"not tested ({say_why(test.reason)})"


def ratios_over_time_frame(found: RatiosOverTime | None) -> pd.DataFrame:
    """One row per factor and kind of hazard, and one for all factors: ``cause model term statistic df p_value …``."""
    columns = ["cause", "model", "term", "statistic", "df", "p_value", "transform", "reason"]
    if found is None:
        return pd.DataFrame(columns=columns)
    kinds = (("cause-specific", found.rate), ("subdistribution", found.share))
    frames = [result.to_frame().assign(cause=found.cause, model=kind) for kind, result in kinds]
    return pd.DataFrame([row for frame in frames for row in frame.to_dict("records")], columns=columns)
