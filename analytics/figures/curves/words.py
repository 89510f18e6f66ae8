"""What is said beside and instead of figures of curves: in the legend, under the figure and to those who cannot see it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analytics.dictionary import Endpoint, Words, load_words
from analytics.estimators.curves.zero_events import METHOD
from analytics.figures.curves.steps import (
    begin_of,
    cut,
    is_drawn,
    is_shown,
)
from analytics.formats import format_count, format_level, format_patients, format_percent, format_percent_interval
from analytics.results import Estimate, FloatArray

EVENTS = Words("event", "events")  # where curves have no endpoint of their own
YEARS = (1, 3, 5)
LONGEST_KEY = 50  # characters of an entry of the legend in one line, at 390 pixels


def describe_curve(
    curve: Any, name: str, n_risk: Sequence[float] | FloatArray, read: Sequence[Estimate], more: str = ""
) -> str:
    """A curve in words: patients, events and, where patients are at risk, its value at each of ``YEARS``.

    ``n_risk`` and ``read`` have the patients at risk and the value at each; ``more`` follows the events.
    """
    parts = []
    for year, n, estimate in zip(YEARS, n_risk, read, strict=True):
        if n == 0 or estimate.value is None or not is_shown(curve, 12.0 * year):
            continue
        limits = ""
        if estimate.interval is not None:
            kind = f"{METHOD} limit" if estimate.interval.method == METHOD else "confidence interval"
            limits = f" ({format_level(estimate.interval.level)} {kind} {format_percent_interval(estimate.interval)})"
        parts.append(
            f"{format_percent(estimate.value)}{limits} at {year} {'year' if year == 1 else 'years'}, "
            f"{format_count(n)} still at risk"
        )
    nothing = "nobody followed for a year" if is_shown(curve, 12.0) else "too few for a curve after a year"
    if not is_drawn(cut(curve), begin_of(curve)):
        nothing = "not drawn, too few for a curve"
    events = f"{format_count(curve.n_event)} {'event' if curve.n_event == 1 else 'events'}"
    return f"{name}: {format_patients(curve.n)}, {events}{more}; {'; '.join(parts) or nothing}."


def say_bands(conf_level: float, conf_type: str, *, exact_limits: bool = True) -> str:
    """What the shading is, for the line under the figure."""
    exact = "; exact one-sided limit before a group’s first event" if exact_limits else ""
    return f"Shaded: pointwise {format_level(conf_level)} confidence interval ({conf_type}{exact})."


def name_undrawn(name: str, n: int, n_event: int, endpoint: Endpoint | None = None) -> str:
    """What the legend says of a group without a line ("combined: not drawn, 1 child, 1 died").

    In two lines where one would lose its end on a telephone: the legend breaks between its entries, not inside one.
    """
    counts = f"not drawn, {count_group(n, n_event, endpoint)}"
    return f"{name}:{'<br>' if len(name) + len(counts) > LONGEST_KEY else ' '}{counts}"


def count_group(n: int, n_event: int, endpoint: Endpoint | None = None) -> str:
    """A group's children and events in words ("1 child, 1 died", "2 children, no events")."""
    if endpoint is not None and endpoint.is_death:
        events = f"{format_count(n_event) if n_event else 'none'} {endpoint.had}"
    else:
        words = EVENTS if endpoint is None else endpoint.events
        events = f"{format_count(n_event) if n_event else 'no'} {words.of(n_event)}"
    return f"{format_count(n)} {load_words().of(n)}, {events}"
