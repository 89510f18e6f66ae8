"""How much less well a model does in new children than in its own, by resampling: a slow part of its page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

from analytics.analysis import Background, Params
from analytics.document import Progress, Shown
from analytics.formats import MISSING, format_count, format_number, format_plain
from analytics.reporting.reasons import say_reason
from analytics.reporting.tables import Table
from analytics.results import ConcordanceOptimismResult, OptimismResult, Reason

Measure = Literal["odds ratio", "hazard ratio"]
SEED = 20260131
REPLICATES: dict[Measure, int] = {"odds ratio": 500, "hazard ratio": 200}
NAMES = {"AUC": "Area under the ROC curve (AUC)", "calibration slope": "Calibration slope"}
AS_NEW = (
    "That is about what the model would reach in new children of the same kind, treated and counted in the same way."
)


def to_optimism(
    measure: Measure,
    estimate: Callable[..., Any],
    show: Callable[[Any], Shown],
    why_not: Callable[[Any], Reason | None],
    *,
    name: str,
    worse: str,
    wait: str,
) -> Background:
    """The slow part that draws the children of a model anew.

    Parameters
    ----------
    measure
        What the model estimates.
    estimate, show
        The resampling, and what it gave in words.
    why_not
        Why nothing of a result can be corrected; None if something can.
    name, worse, wait
        Its name, and how it is announced: what is worse in the actual children, and how long it takes.
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

    def refuse(result: Any, params: Params) -> str:
        reason = why_not(result)
        return "" if reason is None else f"Nothing can be corrected: {say_reason(reason)}."

    return Background(
        name=name,
        title="Corrected for optimism",
        about=f"Draws the children anew {REPLICATES[measure]} times (with replacement), fits the model to each draw and sees how "
        f"much {worse} in the actual children than in the draw. Takes {wait}, more with many factors.",
        button=f"Correct by {REPLICATES[measure]} resamples",
        run=run,
        show=lambda result, found, params: Shown() if found is None else show(found),
        refusal=refuse,
        files=("optimism",),
        downloads=lambda found: {"optimism": found.to_frame()},
    )


def _tabulate(n_drawn: int, rows: Sequence[tuple[str, ...]]) -> tuple[Table, ...]:
    return (
        Table(
            title=f"After {format_count(n_drawn)} resamples",
            columns=("", "In these children", "Optimism", "Corrected"),
            rows=tuple(rows),
            help=(
                "",
                "",
                "How much better a model looks in the children it was made from",
                "To be expected in new, like children",
            ),
        ),
    )


def _say_limits(measure: Measure) -> str:
    return (
        f"The correction covers the fitting of these {measure}s alone. It does not cover that factors, levels or the selection "
        "were chosen after looking at the data, nor other hospitals and other times."
    )


def show_concordance_optimism(found: ConcordanceOptimismResult) -> Shown:
    """The concordance before and after the correction."""
    if found.reason is not None:
        return Shown(sentences=(f"No correction can be given: {say_reason(found.reason)}.",))
    m = found.concordance
    values = [MISSING if v is None else format_number(v) for v in (m.apparent, m.optimism, m.corrected)]
    return Shown(
        notes=found.notes,
        tables=_tabulate(found.n_drawn, [("Concordance", *values)]),
        sentences=(
            f"Concordance: {values[0]} in these children, {values[2]} after correction. {AS_NEW}",
            _say_limits("hazard ratio"),
        ),
    )


def show_optimism(found: OptimismResult) -> Shown:
    """The three measures of a logistic model before and after the correction."""
    rows = []
    for m in found.measures:
        digits = 3 if m is found.brier else 2
        values = [MISSING if v is None else format_plain(v, digits) for v in (m.apparent, m.optimism, m.corrected)]
        rows.append((NAMES.get(m.measure, m.measure), *values))
    return Shown(notes=found.notes, tables=_tabulate(found.n_drawn, rows), sentences=_say_optimism(found))


def _say_optimism(found: OptimismResult) -> tuple[str, ...]:
    if found.reason is not None:
        return (f"No correction can be given: {say_reason(found.reason)}.",)
    said = []
    auc, slope, brier = found.auc, found.slope, found.brier
    if auc.corrected is not None and auc.apparent is not None:
        before, after = format_plain(auc.apparent), format_plain(auc.corrected)
        said.append(f"AUC: {before} in these children, {after} after correction. {AS_NEW}")
    if slope.corrected is not None:
        reading = (
            "predictions for new children would be too extreme, high ones too high and low ones too low"
            if slope.corrected < 0.995
            else "predictions for new children would be about as spread out as they should be"
        )
        said.append(f"Calibration slope after correction {format_plain(slope.corrected)} (1 is perfect): {reading}.")
    elif slope.reason is not None:
        said.append(f"The calibration slope has no correction: {say_reason(slope.reason)}.")
    if brier.corrected is not None and brier.apparent is not None:
        said.append(
            f"Brier score: {format_plain(brier.apparent, 3)} in these children, {format_plain(brier.corrected, 3)} after "
            "correction (lower is better)."
        )
    return (*said, _say_limits("odds ratio"))
