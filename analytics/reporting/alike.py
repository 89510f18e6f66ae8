"""Patients like one, in words: the steps to them, how the nearest differ, and what became of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from analytics.dictionary import DAYS_PER_MONTH, Endpoint, Variable, load_words
from analytics.formats import MISSING, format_count, format_percent, format_plain
from analytics.reporting.reasons import say_reason
from analytics.reporting.tables import Table
from analytics.reporting.wording import in_sentence
from analytics.results import Estimate
from analytics.speaking import word

OF = 10  # in how many of ten


def say_event(is_after: bool) -> str:
    """Whom the steps begin with."""
    return f"who {word('had_relapse')}" if is_after else f"all {load_words().plural}"


def say_step(variable: Variable, level: str) -> str:
    """What a step asks for."""
    return f"{in_sentence(variable.label)}: {variable.level_label(level)}"


def name_feature(variable: Variable) -> str:
    """What a variable is called, with its unit; times are in months."""
    unit = "months" if variable.kind == "duration" else variable.unit
    return f"{variable.label} ({unit})" if unit else variable.label


def describe_range(variable: Variable, values: pd.Series, n: pd.Series, own: str | float) -> str:
    """What some patients have: of a number from where to where, of levels how many have each, that of the patient first."""
    if not variable.is_coded:
        known = values.dropna().astype(float) / (DAYS_PER_MONTH if variable.kind == "duration" else 1.0)
        if known.empty:
            return MISSING
        low, high = format_plain(float(known.min()), 1), format_plain(float(known.max()), 1)
        return low if low == high else f"{low} to {high}"
    counts = n.groupby(values.astype(object).fillna(""), sort=False).sum()
    order = sorted(counts.index, key=lambda level: (level != own, -int(counts[level])))
    if len(order) == 1 and counts.sum() == 1:
        return variable.level_label(order[0] or None)
    return ", ".join(f"{format_count(int(counts[level]))} {variable.level_label(level or None)}" for level in order)


def tabulate_differences(differences: Sequence[tuple[str, str, str]], n: int) -> Table:
    """How the nearest differ from the patient, a row for each variable."""
    words = load_words()
    columns = ("What matters", f"This {words.noun}", f"The {format_count(n)} nearest")
    return Table("How the nearest differ", columns, tuple(differences), words=True)


def say_too_few(n: int, n_nearest: int, is_protected: bool) -> str:
    """That too few are alike, and who stands in for them; where small numbers are protected, that nobody does."""
    few = "Nobody is" if not n else f"Only {format_count(n)} {'is' if n == 1 else 'are'}"
    if is_protected:
        return f"{few} alike in all that matters. {say_no_nearest()}"
    if not n_nearest:
        return f"{few} alike in all that matters. Choose less."
    return (
        f"{few} alike: too few for a curve. Shown are the {format_count(n_nearest)} nearest by Gower’s "
        "distance (1971, doi:10.2307/2528823)."
    )


def say_no_nearest() -> str:
    """Why nobody stands in for those alike where small numbers are protected."""
    some = load_words().plural
    return (
        f"The nearest {some} are not looked for: small numbers are protected here, and the nearest are found by looking at "
        f"single {some}. Choose less that matters."
    )


def count_in_ten(estimate: Estimate) -> tuple[int, int] | None:
    """In how many of ten, from the interval, at least and at most; None without an interval."""
    interval = estimate.interval
    if estimate.value is None or interval is None:
        return None
    low = 0.0 if interval.low is None else interval.low
    high = 1.0 if interval.high is None else interval.high
    return math.floor(low * OF + 0.5), math.floor(high * OF + 0.5)


def say_in_ten(estimate: Estimate, endpoint: Endpoint, months: float, *, is_nearest: bool) -> str:
    """What became of those alike ("Of 10 children like these, 6 to 8 alive at 3 years (70 %, 95 % interval 58–83 %)")."""
    words, who = load_words(), "nearest to this one" if is_nearest else "like these"
    when = f"{months / 12.0:g} years after {endpoint.origin}"
    if estimate.value is None:
        return f"How many of 10 {words.plural} {who} were {endpoint.alive} {when} is not known: {say_reason(estimate.reason)}."
    counted = count_in_ten(estimate)
    share = format_percent(estimate.value)
    if counted is None:
        return f"{share} of {words.plural} {who} were {endpoint.alive} {when}; there is no interval."
    low, high = counted
    number = f"{low}" if low == high else f"{low} to {high}"
    return f"Of 10 {words.plural} {who}, {number} were {endpoint.alive} {when} ({share}{say_interval_of(estimate)})."


def say_interval_of(estimate: Estimate) -> str:
    """The interval behind a share, after a comma; "" without one."""
    interval = estimate.interval
    if interval is None:
        return ""
    low = format_percent(0.0 if interval.low is None else interval.low)
    high = format_percent(1.0 if interval.high is None else interval.high)
    return f", {interval.level:.0%} interval {low} to {high}".replace("%,", "\u00a0%,").replace("95%", "95\u00a0%")


def say_alike_caption(endpoint: Endpoint) -> str:
    """How to read the two curves."""
    return f"{endpoint.y_title} from {endpoint.origin}; those alike are part of everyone: no test compares them."


def say_treatments_of(text: str, n: int) -> str:
    """Of whom the outcomes by treatment are."""
    words = load_words()
    return f"Of {format_count(n)} {words.of(n)}: the last step to which enough are left ({text})."
