"""Survival after relapse as lessons use it: the frame of a selection, and the figure in the language of the learner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.comparisons.choices import NO_STRATA, endpoint_control
from analytics.comparisons.survival import prepare_survival
from analytics.dictionary import Endpoint, Variable
from analytics.figures.curves.survival import plot_survival
from analytics.figures.taught import in_chinese
from analytics.figures.theme import Figure, style_of
from analytics.formats import format_count, format_percent, format_percent_interval
from analytics.frames import TimeToEvent
from analytics.languages import Language, Text
from analytics.learning.lesson import TooFewError
from analytics.learning.saying import both, fill
from analytics.reporting.tables import labels_of
from analytics.results import Estimate, SurvivalResult

FOLLOWED = ("relapse", "follow-up from relapse", "death after relapse")  # the roles that survival after relapse needs
ALL = Text("all {patients}", "全部患儿")
TOO_FEW = Text(
    "This lesson needs {least} {patients} with {relapse} and {events} deaths among them; the selection has {n} and {n_event}.",
    "本课至少需要 {least} 名复发患儿，其中 {events} 例死亡；当前所选为 {n} 名，{n_event} 例。",
)


def follow_patients(
    cohort: Cohort, cohort_filter: CohortFilter, variable: Variable | None = None, *, least: int = 20, events: int = 5
) -> TimeToEvent:
    """Survival after relapse of a selection, by a variable or of all together.

    Raises
    ------
    TooFewError
        If there are fewer than ``least`` patients, or fewer than ``events`` deaths.
    """
    endpoint = endpoint_control(cohort, after="relapse").default
    frame = prepare_survival(cohort, cohort_filter, {"endpoint": endpoint, "strata": NO_STRATA}, variable)
    if frame.n < least or frame.n_event < events:
        numbers = {"n": format_count(frame.n), "n_event": format_count(frame.n_event)}
        raise TooFewError(fill(TOO_FEW, least=str(least), events=str(events), **numbers))
    return frame


def draw_curves(
    result: SurvivalResult,
    endpoint: Endpoint,
    language: Language,
    *,
    variable: Variable | None = None,
    labels: Mapping[str, Text] | None = None,
    **options: Any,
) -> Figure:
    """The Kaplan–Meier figure with the counts under it; ``labels`` are the names of groups that a lesson made itself.

    ``options`` are those of `plot_survival`.
    """
    names = {level: label.said(language) for level, label in (labels or {}).items()} or dict(labels_of(variable))
    if variable is None and not labels:
        names = dict.fromkeys((curve.group for curve in result.curves), fill(ALL).said(language))
    in_english = language == "en"
    figure = plot_survival(
        result,
        labels=names,
        styles=style_of(list(names)),
        origin=endpoint.origin if in_english else "首次复发",
        y_title=endpoint.y_title if in_english else "总生存",
        endpoint=endpoint,
        **options,
    )
    return figure if in_english else in_chinese(figure)


def say_share(estimate: Estimate) -> Text:
    """A probability with its interval: "72.9 % (60.1–82.3)"."""
    share = format_percent(estimate.value)
    return both(share if estimate.interval is None else f"{share} ({format_percent_interval(estimate.interval)})")
