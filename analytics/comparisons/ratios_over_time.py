"""Whether the hazard ratios of competing events stay the same over the follow-up, as both their models take for granted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.dictionary import Variable
from analytics.estimators.proportional_hazards import proportional_hazards_test
from analytics.estimators.proportional_subdistribution import proportional_subdistribution_hazards_test
from analytics.formats import format_p
from analytics.frames import CompetingEvents
from analytics.reporting.reasons import say_why
from analytics.reporting.tables import Table
from analytics.reporting.wording import start_sentence
from analytics.results import ProportionalHazardsResult, Result


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
