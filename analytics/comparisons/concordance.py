"""How well a Cox model puts children in order of their hazard, as a reader sees it: in its own children, and corrected."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analytics.document import Progress, Shown
from analytics.estimators.concordance_optimism import concordance_optimism_by_bootstrap
from analytics.estimators.cox_model import Method
from analytics.formats import MISSING, format_count, format_interval, format_level, format_number, format_percent
from analytics.frames import TimeToEvent
from analytics.reporting.reasons import say_reason
from analytics.reporting.tables import Table
from analytics.results import ConcordanceOptimismResult, Estimate, HazardRatioResult, Reason

REPLICATES, SEED = 200, 20260131


def check_concordance(model: HazardRatioResult) -> Estimate:
    """The concordance of a model as it is shown; a reason where it is not."""
    if model.reason is not None:
        return Estimate(None, reason=model.reason)
    if model.concordance is None or not model.n_parameters:
        return Estimate(None, reason=Reason("no-coefficient"))
    return model.concordance


def show_concordance(found: Estimate) -> Shown:
    """What the concordance says, in a sentence."""
    if found.value is None:
        return Shown(sentences=(f"Nothing can be checked: {say_reason(found.reason)}.",))
    interval = found.interval
    limits = f" ({format_level(interval.level)} interval {format_interval(interval)})" if interval is not None else ""
    return Shown(
        sentences=(
            f"Concordance {format_number(found.value)}{limits}: of two children of whom one had the event while the other was "
            f"followed without it, the model gives the first the higher hazard in {format_percent(found.value, 0)} of all such "
            "pairs; chance alone gives 50\u00a0%. Measured in the very children the model was made from, it is too favourable.",
        )
    )


def resample_concordance(frame: TimeToEvent, method: Method, progress: Progress) -> ConcordanceOptimismResult:
    """The concordance of the model of complete cases, corrected for optimism; ``progress`` is told of every resample."""
    kept = np.flatnonzero(frame.weight > 0) if frame.complete is None else np.flatnonzero(frame.complete)
    covariates = pd.DataFrame(index=range(len(frame.time))) if frame.covariates is None else frame.covariates
    return concordance_optimism_by_bootstrap(
        frame.time[kept],
        frame.event[kept],
        covariates.iloc[kept],
        entry=None if frame.entry is None else frame.entry[kept],
        weight=frame.weight[kept],
        strata=None if frame.strata is None else frame.strata[kept],
        method=method,
        replicates=REPLICATES,
        seed=SEED,
        on_progress=lambda share: progress(round(share * REPLICATES), REPLICATES),
    )


def show_concordance_optimism(found: ConcordanceOptimismResult | None) -> Shown:
    """The concordance before and after the correction; nothing before it has run."""
    if found is None:
        return Shown()
    if found.reason is not None:
        return Shown(sentences=(f"No correction can be given: {say_reason(found.reason)}.",))
    m = found.concordance
    values = [MISSING if v is None else format_number(v) for v in (m.apparent, m.optimism, m.corrected)]
    table = Table(
        title=f"After {format_count(found.n_drawn)} resamples",
        columns=("", "In these children", "Optimism", "Corrected"),
        rows=(("Concordance", *values),),
        help=(
            "",
            "",
            "How much better a model looks in the children it was made from",
            "To be expected in new, like children",
        ),
    )
    said = (
        f"Concordance: {values[0]} in these children, {values[2]} after correction. That is about what the model would reach in "
        "new children of the same kind, treated and counted in the same way.",
        "The correction covers the fitting of these hazard ratios alone. It does not cover that factors, levels or the selection "
        "were chosen after looking at the data, nor other hospitals and other times.",
    )
    return Shown(notes=found.notes, tables=(table,), sentences=said)


def concordance_frames(found: ConcordanceOptimismResult) -> Mapping[str, pd.DataFrame]:
    """The concordance before and after the correction, for a file."""
    return {"optimism": found.to_frame()}
