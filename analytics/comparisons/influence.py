"""What single children do to the odds ratios of a logistic model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import numpy as np

from analytics.comparisons.regression import as_read
from analytics.comparisons.relapse import EventPhrases
from analytics.dictionary import Variable
from analytics.document import Shown
from analytics.estimators.influence import MOST_REFITS
from analytics.estimators.logistic import ConfType, Method, estimate_odds_ratios
from analytics.formats import MISSING, format_count, format_ratio, say_interval
from analytics.reporting.reasons import say_reason, say_why
from analytics.reporting.tables import Table
from analytics.reporting.wording import in_sentence, name_term
from analytics.results import (
    Coefficient,
    Estimate,
    InfluenceResult,
    Interval,
    OddsRatioResult,
    Reason,
    Result,
    ratios_of,
    references_of,
)

MOST_NAMED = 3

NamePatients = Callable[[int], tuple[str, ...]]  # the identifiers of patients like that in a row of the frame


@dataclass(frozen=True, slots=True)
class Who:
    """Children who do the same to a model: ``n`` of them, ``event`` or not, and the names of some, where these may be
    given."""

    n: int
    event: bool
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Without(Result):
    """An odds ratio, per step of a number, without one child, and by how many standard errors it has moved."""

    who: Who
    ratio: float
    interval: Interval | None
    change: float

    no_rule: ClassVar[str] = "made only of an odds ratio that the model shows"


@dataclass(frozen=True, slots=True)
class Departure(Result):
    """One odds ratio and what it becomes without the child who lowers or raises it most.

    ``name`` is the factor with its level, ``label`` the same with the reference level or the step.
    ``lost`` are the first children without whom there is no such odds ratio, ``lost_reason`` says why, and ``n_lost``
    counts all of them.
    """

    coefficient: Coefficient
    name: str
    label: str
    ratio: float
    interval: Interval | None
    lowest: Without | None
    highest: Without | None
    lost: Who | None
    lost_reason: Reason | None
    n_lost: int

    no_rule: ClassVar[str] = "made only of an odds ratio that the model shows"

    @property
    def extremes(self) -> tuple[Without, ...]:
        """Where it is lowest and highest."""
        return tuple(w for w in (self.lowest, self.highest) if w is not None)

    @property
    def strongest(self) -> Without | None:
        """Where it has moved most."""
        return max(self.extremes, key=lambda w: abs(w.change), default=None)


def find_departures(
    model: OddsRatioResult,
    influence: InfluenceResult,
    arrays: Mapping[str, Any],
    variables: Sequence[Variable],
    conf_type: ConfType,
    name_patients: NamePatients,
) -> tuple[Departure, ...]:
    """What single children do to every odds ratio that is shown.

    Parameters
    ----------
    model
        The model as it is shown.
    influence
        What leaving out single children does to it.
    arrays
        Outcome, covariates and weight that it was fitted to.
    variables, conf_type
        Its factors, and the kind of its intervals.
    name_patients
        Gives the identifiers of children like that in a row of the arrays.
    """
    known = {v.name: v for v in variables}
    shown, references = ratios_of(model), references_of(model)
    method: Method = "firth" if influence.method == "firth" else "ml"

    @cache
    def who(kind: int) -> Who:
        names = name_patients(int(influence.row[kind]))
        return Who(int(influence.n[kind]), bool(influence.event[kind]), names)

    @cache
    def refit(kind: int) -> dict[tuple[str, str | None], Estimate]:
        """The odds ratios without one child of a kind, as they are read."""
        weight = arrays["weight"].copy()
        weight[influence.row[kind]] -= 1.0
        again = estimate_odds_ratios(**{**arrays, "weight": weight}, method=method, conf_type=conf_type)
        return ratios_of(as_read(again, variables))

    def without(kind: int, j: int) -> Without | None:
        coefficient = influence.coefficients[j]
        again = refit(kind)[coefficient.variable, coefficient.level]
        if again.value is None:
            return None
        return Without(who(kind), again.value, again.interval, float(influence.change[kind, j]))

    found = []
    for j, coefficient in enumerate(influence.coefficients):
        ratio = shown.get((coefficient.variable, coefficient.level))
        if ratio is None or ratio.value is None:
            continue
        variable, level = known[coefficient.variable], coefficient.level
        changes = influence.change[:, j]
        is_found = np.isfinite(changes)
        lost = np.flatnonzero(~is_found)
        order = np.flatnonzero(is_found)[np.argsort(changes[is_found], kind="stable")]
        found.append(
            Departure(
                coefficient,
                variable.label if level is None else f"{variable.label}: {variable.level_label(level)}",
                name_term(variable, level, references.get(variable.name)),
                ratio.value,
                ratio.interval,
                without(int(order[0]), j) if len(order) else None,
                without(int(order[-1]), j) if len(order) else None,
                who(int(lost[0])) if len(lost) else None,
                influence.reasons[lost[0]][j] if len(lost) else None,
                int(influence.n[lost].sum()),
            )
        )
    return tuple(found)


def show_influence(influence: InfluenceResult, departures: Sequence[Departure], event: EventPhrases) -> Shown:
    """Every odds ratio beside what it becomes without one child."""
    if not departures:
        why = "no odds ratio is shown" if influence.reason is None else say_reason(influence.reason)
        return Shown(sentences=(f"No child was left out: {why}.",))
    rows = [
        (
            d.name,
            format_ratio(d.ratio),
            _cell(d, d.lowest, event),
            _cell(d, d.highest, event) if d.lost is None else f"no odds ratio – {_name(d.lost, event)}",
        )
        for d in departures
    ]
    some = (
        f" Of {format_count(influence.n_kinds)} kinds of children the {format_count(MOST_REFITS)} with the largest "
        "change in a first approximation were left out in turn."
        if influence.n_kinds > MOST_REFITS
        else ""
    )
    table = Table(
        title="Odds ratios without one child",
        columns=("Factor", "All children", "Lowest, without", "Highest, without"),
        rows=tuple(rows),
        help=("", "", *["The model fitted again without each child in turn"] * 2),
        caption="Every child was left out once and the model fitted again; children alike in every factor and in the outcome do "
        f"the same.{some}",
        words=True,
    )
    return Shown(tables=(table,), sentences=_say_influence(departures, event))


def _cell(departure: Departure, without: Without | None, event: EventPhrases) -> str:
    if without is None:
        return MISSING
    flips = f"; interval then {_flip(departure, without)}s 1" if _flip(departure, without) else ""
    return f"{format_ratio(without.ratio)} – {_name(without.who, event)}{flips}"


def _name(who: Who, event: EventPhrases) -> str:
    """Who was left out ("SYN0117, relapsed", "one of 12 alike, no relapse: SYN0004, SYN0009, …")."""
    had = event.had if who.event else f"no {event.noun}"
    if who.n == 1:
        return f"{_list_names(who) or 'one child'}, {had}"
    return f"one of {format_count(who.n)} alike, {had}{f': {_list_names(who)}' if who.names else ''}"


def _list_names(who: Who) -> str:
    return ", ".join(who.names[:MOST_NAMED]) + (", …" if who.names and who.n > MOST_NAMED else "")


def _flip(departure: Departure, without: Without) -> str:
    """What the interval would do with 1 without the child ("include"); "" if it does so with the child."""
    if departure.interval is None or without.interval is None:
        return ""
    before, after = departure.interval.excludes(1), without.interval.excludes(1)
    return "" if before == after else "include" if before else "exclude"


def _say_influence(departures: Sequence[Departure], event: EventPhrases) -> tuple[str, ...]:
    said = []
    moved = [(d, w) for d in departures if (w := d.strongest) is not None]
    if moved:
        departure, without = max(moved, key=lambda pair: abs(pair[1].change))
        after, before = (f" ({say_interval(of.interval)})" if of.interval else "" for of in (without, departure))
        said.append(
            f"Without {_say_who(without.who, event)}, the odds ratio of {in_sentence(departure.label)} would be "
            f"{format_ratio(without.ratio)}{after} instead of {format_ratio(departure.ratio)}{before}. No other child moves any "
            f"odds ratio by more than this one: {abs(without.change):.1f} of its standard error."
        )
    for d in departures:
        flipping = next((w for w in d.extremes if _flip(d, w)), None)
        if flipping is not None:
            said.append(
                f"Without {_say_who(flipping.who, event)}, the interval of the odds ratio of {in_sentence(d.label)} would "
                f"{_flip(d, flipping)} 1, the value of no difference: whether it does hangs on single children."
            )
        if d.lost is not None:
            said.append(
                f"Without {_say_who(d.lost, event)}, there would be no odds ratio of {in_sentence(d.label)} "
                f"({say_why(d.lost_reason)})."
            )
    said.append(
        "A child who moves an odds ratio is not a wrong one, and none should be left out for it. It shows how much of the "
        "number rests on single children."
    )
    return tuple(said)


def _say_who(who: Who, event: EventPhrases) -> str:
    """Who was left out, inside a sentence ("SYN0117, who relapsed")."""
    had = f"who {event.had if who.event else event.had_not}"
    if who.n == 1:
        return f"{who.names[0]}, {had}" if who.names else f"one child {had}"
    named = f" ({_list_names(who)})" if who.names else ""
    return f"any one of {format_count(who.n)} children alike{named}, {had}"
