"""What a next study of this size would find, in words, tables and files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from analytics.dictionary import Variable, Words, load_words
from analytics.formats import MISSING, format_count, format_patients, format_percent, format_ratio
from analytics.reporting.tables import Table
from analytics.reporting.wording import name_term
from analytics.results import HazardRatioResult, OddsRatioResult, references_of
from analytics.results.power import COLUMNS, POWER, Detectable, DetectedGroups, Term

HUNDREDFOLD = 100.0
MOST_SAID = 3
FOUR_IN_FIVE = "four times in five"


def say_detectable(
    found: DetectedGroups | None,
    names: Mapping[str, str],
    events: Words,
    setting: str = "in groups of this size",
    basis: str = "",
) -> tuple[str, ...]:
    """What a next study would find, as one sentence; none where the groups cannot be compared.

    ``names`` are the groups as a reader sees them, ``events`` the words for the event, ``setting`` what is held
    as it is beside the numbers; ``basis`` says the numbers in other words.
    """
    if found is None or not found.groups:
        return ()
    known = [(names.get(name, name), one) for name, one in found.known.items()]
    if not known:
        return ()
    measure, missed = known[0][1].measure, "smaller difference would often be missed"
    counted = f"{format_count(found.n_event)} {events.of(found.n_event)}"
    start = f"A next study with {basis or f'{counted} among {format_patients(found.n)}'} {setting} would"
    near = [(label, one) for label, one in known if _ranges(one) is not None]
    if not near:
        return (f"{start} often miss even a hundredfold {measure}.",)
    if len(found.groups) == 1:
        return (f"{start} find a {measure} of {_ranges(near[0][1])}, {FOUR_IN_FIVE}; a {missed}.",)
    if len(near) > MOST_SAID:
        order = sorted(near, key=lambda pair: -pair[1].information)
        near = [(f"at best {order[0][0]}", order[0][1]), (f"at worst {order[-1][0]}", order[-1][1])]
    listed = "; ".join(f"{label} {_ranges(one)}" for label, one in near)
    against = names.get(found.reference, found.reference)
    return (f"{start} find {FOUR_IN_FIVE} a {measure}, against {against}, of: {listed}. A {missed}.",)


def _ranges(found: Detectable) -> str | None:
    """Both directions in words ("0.36 or less, or 2.76 or more"); None where both lie beyond a hundredfold."""
    low = found.low if found.low is not None and found.low >= 1 / HUNDREDFOLD else None
    high = found.high if found.high is not None and found.high <= HUNDREDFOLD else None
    if low is None and high is None:
        return None
    below = f"{format_ratio(low)} or less" if low is not None else "none below 1"
    above = f"{format_ratio(high)} or more" if high is not None else "none above 1"
    return f"{below}, or {above}" if low is not None and high is not None else f"{below}, {above}"


def tabulate_detectable(
    model: OddsRatioResult | HazardRatioResult, found: Mapping[Term, Detectable], variables: Sequence[Variable]
) -> tuple[Table, ...]:
    """What a next study with the same factors would find; nothing without a model."""
    known = {v.name: v for v in variables}
    references = references_of(model)
    rows = []
    for term in model.terms:
        one = found.get((term.variable, term.level))
        if term.is_reference or one is None or (term.level is not None and not term.n):
            continue
        label = name_term(known[term.variable], term.level, references.get(term.variable))
        rows.append((label, f"{format_count(one.n_event)} of {format_count(one.n)}", *limit_cells(one)))
    if not rows or model.reason is not None:
        return ()
    measure, some = model.measure, load_words().plural
    return (
        Table(
            title="What a next study of this size would find",
            columns=("Factor", "Events", "Below 1", "Above 1"),
            rows=tuple(rows),
            help=(
                "",
                f"Of the {some} compared: those of the level and of the reference",
                f"{measure.capitalize()}s of this or less",
                f"{measure.capitalize()}s of this or more",
            ),
            caption=f"{measure.capitalize()}s that a next study with as many {some} and events, divided in the same way, "
            f"would find {FOUR_IN_FIVE} ({format_percent(POWER, 0)} power, p < 0.05); those nearer to 1 it would often miss.",
        ),
    )


def limit_cells(found: Detectable) -> tuple[str, str]:
    """Both detectable ratios for a table ("≤ 0.36", "≥ 2.76"); "none" where a side does not exist."""
    if found.reason is not None:
        return ("none", "none") if found.reason.code == "none-detectable" else (MISSING, MISSING)
    low = "none" if found.low is None else f"≤ {format_ratio(found.low)}" if found.low >= 0.01 else "<0.01"
    high = "none" if found.high is None else f"≥ {format_ratio(found.high)}" if found.high <= HUNDREDFOLD else ">100"
    return low, high


def tabulate_terms(found: Mapping[Term, Detectable]) -> pd.DataFrame:
    """The detectable ratios of a model's terms for a file, one row each."""
    rows = [one.to_row(variable=variable, level=level) for (variable, level), one in found.items()]
    return pd.DataFrame(rows, columns=["term", "variable", "level", *COLUMNS])


@dataclass(frozen=True, slots=True)
class Plan:
    """What a next study of this size would find, ready to be shown and saved."""

    sentences: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    frame: pd.DataFrame = field(default_factory=pd.DataFrame)


def plan_groups(
    found: DetectedGroups | None,
    names: Mapping[str, str],
    events: Words,
    setting: str = "in groups of this size",
    basis: str = "",
) -> Plan:
    """The plan of a comparison of groups, in a sentence and a file."""
    rows = [] if found is None else found.rows()
    frame = pd.DataFrame(rows, columns=["term", "group", "reference", *COLUMNS])
    return Plan(say_detectable(found, names, events, setting, basis), (), frame)


def plan_terms(
    model: OddsRatioResult | HazardRatioResult, found: Mapping[Term, Detectable], variables: Sequence[Variable]
) -> Plan:
    """The plan of a model of the same factors, in a table and a file."""
    return Plan(tables=tabulate_detectable(model, found, variables), frame=tabulate_terms(found))
