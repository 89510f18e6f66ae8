"""How far a regression model can be trusted, as a reader sees it: its checks, and the correction for optimism."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from analytics.analysis import Background, Params
from analytics.dictionary import Variable, load_words
from analytics.document import Picture, Progress, Shown
from analytics.estimators.validation.splines import SHOWN as SHOWN_QUANTILES
from analytics.figures.points.calibration import describe_calibration, plot_calibration, say_groups
from analytics.figures.ratios.spline import describe_spline, plot_spline
from analytics.formats import format_level, format_number, format_percent
from analytics.reporting.files import name_measure
from analytics.reporting.influence import say_influence, tabulate_influence
from analytics.reporting.model_checks import (
    Measure,
    say_calibration,
    say_inflation,
    say_measures,
    say_optimism,
    say_spline,
    tabulate_inflation,
    tabulate_measures,
    tabulate_optimism,
)
from analytics.reporting.reasons import say_reason
from analytics.reporting.relapse import EventPhrases
from analytics.results import Reason, SplineResult
from analytics.results.model_checks import ModelChecks
from analytics.speaking import word

SEED = 20260131
REPLICATES: dict[Measure, int] = {"odds ratio": 500, "hazard ratio": 200}


def list_checks(checks: ModelChecks, variables: Sequence[Variable], event: EventPhrases) -> tuple[Shown, ...]:
    """Each check of a logistic model with its figure, table and sentences; a sentence alone where there is no model."""
    if checks.reason is not None:
        return (Shown(sentences=(f"Nothing can be checked: {say_reason(checks.reason)}.",)),)
    influence = tabulate_influence(checks, variables, event), say_influence(checks, variables, event)
    inflation = tabulate_inflation(checks.inflation, variables), say_inflation(checks.inflation, variables)
    return (
        Shown(tables=(tabulate_measures(checks),), sentences=say_measures(checks, event)),
        _show_calibration(checks, event),
        *(Shown(tables=tables, sentences=said) for tables, said in (influence, inflation)),
        _show_splines(checks.splines, {v.name: v for v in variables}, event),
    )


def _show_calibration(checks: ModelChecks, event: EventPhrases) -> Shown:
    calibration, fitted, words = checks.calibration, checks.fitted, load_words()
    if fitted.probability is None:
        return Shown(sentences=(f"There is nothing to plot: {say_reason(fitted.reason)}.",))
    groups = [g for g in calibration.groups if g.observed.value is not None]
    picture = Picture(
        f"Calibration: observed against predicted {event.noun}",
        plot_calibration(calibration, fitted.probability, checks.weight, event=event.noun),
        describe_calibration(calibration, event.noun),
        f"{words.head} in {say_groups(len(groups))}; the larger the point, the more {words.plural}. Bars: "
        f"{format_level(calibration.conf_level)} intervals (Wilson). Below: how many {words.plural} have each prediction.",
    )
    return Shown(pictures=(picture,), sentences=say_calibration(checks))


def _show_splines(splines: Sequence[SplineResult], variables: Mapping[str, Variable], event: EventPhrases) -> Shown:
    if not splines:
        return Shown(
            sentences=(
                "Straight lines: no factor of the model is a number, so there is none whose straightness could be looked at. "
                f"A factor made of bands of a number{word('as a band')} takes the risk as the same throughout a band.",
            )
        )
    low, high = (format_percent(q, 1) for q in SHOWN_QUANTILES)
    pictures = []
    for spline in splines:
        variable = variables[spline.variable]
        label = f"{variable.label} ({variable.unit})" if variable.unit else variable.label
        how = (
            f"Odds of {event.noun} against those at the median, {format_number(spline.reference, 1)}, adjusted for the other "
            f"factors; restricted cubic spline with {len(spline.knots)} knots (triangles), drawn from the {low} to the {high} "
            "quantile."
        )
        title, alt = f"{variable.label}: curve or straight line?", describe_spline(spline, variable.label)
        pictures.append(Picture(title, plot_spline(spline, label=label), alt, how if spline.reason is None else ""))
    return Shown(
        pictures=tuple(pictures), sentences=tuple(say_spline(s, variables[s.variable], event) for s in splines)
    )


def checks_frames(checks: ModelChecks) -> Mapping[str, pd.DataFrame]:
    """Calibration groups, curves of numbers and variance inflation, for files."""
    splines = [spline.to_frame() for spline in checks.splines if spline.reason is None]
    none = pd.DataFrame(
        columns=["variable", "value", "estimate", "conf_low", "conf_high", "straight", "reference", "conf_level"]
    )
    inflation = [(v.variable, v.gvif, v.df, v.scaled, v.reason) for v in checks.inflation]
    return {
        "calibration": name_measure(checks.calibration.to_frame(), "observed").rename(
            columns={"low": "predicted_low", "high": "predicted_high"}
        ),
        "curves": name_measure(pd.concat(splines, ignore_index=True) if splines else none, "odds_ratio").rename(
            columns={"straight": "odds_ratio_straight", "reference": "value_reference"}
        ),
        "variance-inflation": pd.DataFrame(inflation, columns=["variable", "gvif", "df", "gvif_scaled", "reason"]),
    }


def to_optimism(
    measure: Measure,
    estimate: Callable[..., Any],
    why_not: Callable[[Any], Reason | None],
    *,
    name: str,
    worse: str,
    wait: str,
) -> Background:
    """The slow part that draws the patients of a model anew.

    Parameters
    ----------
    measure
        What the model estimates.
    estimate
        The resampling.
    why_not
        Why nothing of a result can be corrected; None if something can.
    name, worse, wait
        Its name, and how it is announced: what is worse in the actual patients, and how long it takes.
    """

    def run(result: Any, params: Params, progress: Progress) -> Any:
        replicates = REPLICATES[measure]
        return estimate(
            **result.frame.model(),
            method=params["fit"],
            replicates=replicates,
            seed=SEED,
            on_progress=lambda share: progress(round(share * replicates), replicates),
        )

    def show(result: Any, found: Any, params: Params) -> Shown:
        if found is None:
            return Shown()
        tables = () if found.reason is not None else (tabulate_optimism(found),)
        return Shown(notes=found.notes, tables=tables, sentences=say_optimism(found, measure))

    def refuse(result: Any, params: Params) -> str:
        reason = why_not(result)
        return "" if reason is None else f"Nothing can be corrected: {say_reason(reason)}."

    return Background(
        name=name,
        title="Corrected for optimism",
        about=f"Draws the {{patients}} anew {REPLICATES[measure]} times (with replacement), fits the model to each draw and "
        f"sees how much {worse} in the actual {{patients}} than in the draw. Takes {wait}, more with many factors.",
        button=f"Correct by {REPLICATES[measure]} resamples",
        run=run,
        show=show,
        refusal=refuse,
        files=("optimism",),
        downloads=lambda found: {"optimism": found.to_frame()},
    )
