"""An estimate in a cell: the number with its interval, or the reason why there is none."""

from __future__ import annotations

from analytics.formats import (
    MISSING,
    MOST_DECIMALS,
    format_interval,
    format_percent,
    format_percent_interval,
    format_ratio_of,
    format_signed,
)
from analytics.reporting.reasons import say_reason
from analytics.results import Estimate


def format_probability(estimate: Estimate, digits: int = 1) -> str:
    """A survival probability with its interval ("72.9 % (55.9–84.2)"), or the reason why there is none."""
    if estimate.value is None:
        return say_reason(estimate.reason)
    if estimate.interval is None:
        return format_percent(estimate.value, digits)
    return f"{format_percent(estimate.value, digits)} ({format_percent_interval(estimate.interval, digits)})"


def format_difference(estimate: Estimate, digits: int = 1) -> str:
    """A difference with its interval ("−3.2 (−8.1 to +1.7)"), or the reason why there is none."""
    return _difference(estimate, digits, 1.0)


def format_percent_points(estimate: Estimate, digits: int = 1) -> str:
    """A difference of probabilities in percentage points with its interval, or the reason why there is none."""
    return _difference(estimate, digits, 100.0)


def _difference(estimate: Estimate, digits: int, factor: float) -> str:
    if estimate.value is None:
        return say_reason(estimate.reason)
    text, limits = format_signed(factor * estimate.value, digits), estimate.interval
    if limits is None:
        return text
    low, high = (None if limit is None else factor * limit for limit in (limits.low, limits.high))
    if (low or 0) > 0 or (high or 0) < 0:
        text = _signed_beside_none(factor * estimate.value, digits)
    return f"{text} ({_signed_beside_none(low, digits)} to {_signed_beside_none(high, digits)})"


def _signed_beside_none(value: float | None, digits: int) -> str:
    """A difference as :func:`format_signed`, with the decimals that tell on which side of no difference it lies."""
    texts = [format_signed(value, decimals) for decimals in range(digits, MOST_DECIMALS + 1)]
    return next((text for text in texts if text[0] in "+−"), texts[0])


def ratio_text(ratio: Estimate | None) -> str:
    """A ratio with its interval ("2.09 (1.04–4.17)"), the reason why there is none, or a dash."""
    if ratio is None:
        return MISSING
    if ratio.value is None:
        return say_reason(ratio.reason)
    limits = f" ({format_interval(ratio.interval)})" if ratio.interval else ""
    return f"{format_ratio_of(ratio)}{limits}"
