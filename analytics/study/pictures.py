"""A cohort at a glance: its patients at each level of a few variables, split by relapse, and what a click on each asks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import parse_qs, urlencode

import numpy as np
from numpy.typing import NDArray

from analytics.cohort import Cohort
from analytics.cohort.filters import Clause, CohortFilter
from analytics.dictionary import Dictionary, Variable
from analytics.figures.glance.breakdowns import Bar, Breakdown
from analytics.formats import format_number
from analytics.results import NOT_RECORDED

# Lists of the dictionary: a picture for each variable, but one for all of the second and one for all of the third, which are
# called after them: a bar for each variable, and a heading for each.
NUMBERS, LEVELS = "numbers at a glance", "levels at a glance"
TOGETHER, STACKED = "Genetics at diagnosis", "Measurable residual disease"
MOST_BINS = 20
STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
LOG_STEPS = (1.0, 2.0, 5.0)
DECADES = 4  # of a logarithmic axis that begins at 0
MOST_DECIMALS, FINEST = 3, 1e-6  # as ranges of a cohort tell them; the step of values with as many or more
HIDDEN = -1  # a number that may not be shown
IntArray = NDArray[np.int64]


def count_pictures(cohort: Cohort, cohort_filter: CohortFilter) -> tuple[Breakdown, ...]:
    """The pictures of a selection, in the order of the dictionary's lists; one whose column is not at hand is left out.

    Each counts under the clauses of all other variables, so that what is not chosen can be chosen still. Where small numbers
    are protected, numbers come in bands, and each picture shows what the door of a cohort gives out of the selection.
    """
    dictionary, relapse = cohort.dictionary, cohort.dictionary.roles.get("relapse")
    numbers, together, stacked, levels = (
        [dictionary[name] for name in dictionary.listed(title)] for title in (NUMBERS, TOGETHER, STACKED, LEVELS)
    )
    edges = _edges_of(cohort, numbers)
    if cohort.smallest_cell:
        edges = {}
        numbers = [band for number in numbers if (band := _band_of(number, dictionary)) is not None]
    else:
        numbers = [v for v in numbers if v.name in edges]
    names = [v.name for v in (*numbers, *together, *stacked, *levels)]
    counts = cohort.split_counts(names, cohort_filter, event=relapse, edges=edges)
    draw = _Drawer(cohort_filter, counts, dictionary, has_relapse=relapse is not None)
    drawn = [draw.bins(v, edges[v.name], _step_of(cohort, v)) if v.name in edges else draw.levels(v) for v in numbers]
    if together:
        drawn.append(draw.together(TOGETHER, together))
    if stacked:
        drawn.append(draw.stacked(STACKED, stacked))
    return tuple(picture for picture in (*drawn, *map(draw.levels, levels)) if picture.bars)


def list_edges(low: float, high: float, *, is_logarithmic: bool, least: float = 0.0) -> tuple[float, ...]:
    """The lower ends of equal bins, about 20 at most, on round numbers; of a logarithmic axis 1, 2 and 5 times tens.

    No bin is narrower than ``least``.
    """
    if is_logarithmic and high > 1e-9:
        last = math.ceil(math.log10(high))
        first = math.floor(math.log10(low)) if low > 0 else last - DECADES
        ticks = [step * 10.0**power for power in range(first, last + 1) for step in LOG_STEPS]
        ticks = [tick for tick in ticks if tick >= 2 * least] or ticks[-1:]
        below = [tick for tick in ticks if tick <= low][-1:] or ticks[:1]
        return tuple(tick for tick in ticks if below[0] <= tick <= high)[-MOST_BINS:] or (min(below[0], high),)
    width = max((high - low) / MOST_BINS, least, 1e-9)
    unit = 10.0 ** math.floor(math.log10(width))
    step = next(unit * step for step in STEPS if unit * step * (1 + 1e-9) >= width)
    first, last = math.floor(low / step + 1e-9), math.floor(high / step + 1e-9)
    return tuple(round(step * place, 10) for place in range(first, last + 1))


def say_unknown(variable: Variable) -> str:
    """What is written for those without a value who could have one."""
    return variable.missing_label if variable.population is None else NOT_RECORDED


def to_ask(dictionary: Dictionary, clauses: Sequence[Clause]) -> str:
    """What a click asks for, as the text of a link that `from_ask` reads; "" if one of its variables is no filter."""
    offered = {v.name for v in dictionary.filters}
    if not {c.variable for c in clauses} <= offered:
        return ""
    return urlencode(CohortFilter(tuple(clauses)).to_query(dictionary), doseq=True)


def from_ask(dictionary: Dictionary, text: str) -> tuple[Clause, ...]:
    """The clauses that a click asks for; what cannot be read is left out."""
    return CohortFilter.from_query(parse_qs(text), dictionary)[0].clauses


def toggle_clauses(cohort_filter: CohortFilter, clauses: Sequence[Clause]) -> CohortFilter:
    """The filter after a click on what asks for ``clauses``.

    One level comes or goes; a range that is clicked again goes, a bin beside the range widens it, and one within it is then
    asked for alone. Several clauses, as of a branch, come together, and go together where all are there.
    """
    if len(clauses) > 1:
        if all(cohort_filter.clause(c.variable) == c for c in clauses):
            for clause in clauses:
                cohort_filter = cohort_filter.without(clause.variable)
            return cohort_filter
        for clause in clauses:
            cohort_filter = cohort_filter.with_clause(clause)
        return cohort_filter
    (clause,) = clauses
    old = cohort_filter.clause(clause.variable)
    if old is None:
        return cohort_filter.with_clause(clause)
    if old == clause:
        return cohort_filter.without(clause.variable)
    if clause.is_range or old.is_range:
        return cohort_filter.with_clause(_widened(old, clause))
    levels = set(old.levels) ^ set(clause.levels)
    keeps = old.keep_missing != clause.keep_missing
    if not levels and not keeps:
        return cohort_filter.without(clause.variable)
    return cohort_filter.with_clause(Clause(clause.variable, tuple(levels), keep_missing=keeps))


def _widened(old: Clause, clicked: Clause) -> Clause:
    if not old.is_range or not clicked.is_range:
        return clicked
    inside, old_ends = _ends(clicked), _ends(old)
    if old_ends[0] <= inside[0] and inside[1] <= old_ends[1]:
        return clicked
    low = None if old.low is None or clicked.low is None else min(old.low, clicked.low)
    high = None if old.high is None or clicked.high is None else max(old.high, clicked.high)
    if low is None and high is None:
        return clicked
    return Clause(old.variable, low=low, high=high, keep_missing=old.keep_missing)


def _ends(clause: Clause) -> tuple[float, float]:
    return (
        -math.inf if clause.low is None else clause.low,
        math.inf if clause.high is None else clause.high,
    )


class _Drawer:
    """The pictures of some counts: of each variable by level, missing last, without relapse, with it, and not known."""

    def __init__(
        self, cohort_filter: CohortFilter, counts: dict[str, IntArray], dictionary: Dictionary, *, has_relapse: bool
    ) -> None:
        self._filter, self._split, self._dictionary, self._has_relapse = cohort_filter, counts, dictionary, has_relapse

    def levels(self, variable: Variable) -> Breakdown:
        """A bar for each level, and one for those without it if there are any."""
        bars = [self._bar(variable, level, i, variable.level_label(level)) for i, level in enumerate(variable.levels)]
        missing = self._bar(variable, None, len(variable.levels), say_unknown(variable))
        if missing.n or (missing.is_chosen and missing.ask):
            bars.append(missing)
        return Breakdown(
            variable.label,
            variable.unit,
            tuple(bars),
            is_split=self._has_relapse and variable.population is None,
            is_narrowed=self._filter.clause(variable.name) is not None,
        )

    def together(self, title: str, variables: Sequence[Variable]) -> Breakdown:
        """A bar for each variable: who has the level that is not its reference."""
        bars = []
        for variable in variables:
            place, level = next(
                (i, x) for i, x in reversed(list(enumerate(variable.levels))) if x != variable.reference
            )
            bars.append(self._bar(variable, level, place, variable.label))
        narrowed = any(self._filter.clause(v.name) is not None for v in variables)
        return Breakdown(title, "", tuple(bars), is_split=self._has_relapse, is_narrowed=narrowed)

    def stacked(self, title: str, variables: Sequence[Variable]) -> Breakdown:
        """The bars of each variable under its label."""
        pictures = [self.levels(variable) for variable in variables]
        bars = [
            replace(bar, heading=picture.title if i == 0 else "")
            for picture in pictures
            for i, bar in enumerate(picture.bars)
        ]
        narrowed = any(picture.is_narrowed for picture in pictures)
        return Breakdown(title, "", tuple(bars), is_split=self._has_relapse, is_narrowed=narrowed)

    def bins(self, variable: Variable, edges: Sequence[float], step: float) -> Breakdown:
        """A bar for each bin, from its lower end to the last value below the next."""
        bars = []
        ends = [*edges[1:], _next_edge(edges, is_logarithmic=variable.is_logarithmic)]
        clause = self._filter.clause(variable.name)
        for i, (low, high) in enumerate(zip(edges, ends, strict=True)):
            last = max(low, round(high - step, 9))
            limits = (low if i else None, last if i < len(edges) - 1 else None)
            ask = (
                to_ask(self._dictionary, [Clause(variable.name, low=limits[0], high=limits[1])]) if any(limits) else ""
            )
            n, n_event = self._numbers(variable, i)
            chosen = clause is not None and clause.is_range and _overlaps(clause, low, last)
            label = f"{format_number(low, _decimals(low))} to under {format_number(high, _decimals(high))}"
            bars.append(Bar(label, n, n_event, ask, chosen, low, high))
        missing = self._bar(variable, None, len(edges), variable.missing_label)
        return Breakdown(
            variable.label,
            variable.unit,
            tuple(bars),
            missing if missing.n else None,
            is_histogram=True,
            is_logarithmic=variable.is_logarithmic,
            is_split=self._has_relapse,
            is_narrowed=clause is not None,
        )

    def _bar(self, variable: Variable, level: str | None, place: int, label: str) -> Bar:
        n, n_event = self._numbers(variable, place)
        asked = Clause(variable.name, (level,)) if level is not None else Clause(variable.name, keep_missing=True)
        # Who lacks a value is asked for together with those who cannot have one: not those of the bar.
        is_other = level is None and variable.population is not None
        ask = to_ask(self._dictionary, [asked]) if variable.is_coded and not is_other else ""
        clause = self._filter.clause(variable.name)
        chosen = clause is not None and (clause.keep_missing if level is None else level in clause.levels)
        return Bar(label, n, n_event, ask, chosen)

    def _numbers(self, variable: Variable, place: int) -> tuple[int | None, int | None]:
        counted = self._split[variable.name][place]
        if (counted == HIDDEN).any():
            return None, None
        n_event = int(counted[1])
        # Who did not relapse has no site of relapse, and lacks none.
        n = int(counted.sum()) if variable.population is None or not self._has_relapse else n_event
        return n, n_event


def _overlaps(clause: Clause, low: float, last: float) -> bool:
    least, most = _ends(clause)
    return least <= last and most >= low


def _next_edge(edges: Sequence[float], *, is_logarithmic: bool) -> float:
    if len(edges) < 2:
        return edges[-1] + 1
    if not is_logarithmic:
        return round(2 * edges[-1] - edges[-2], 10)
    power = math.floor(math.log10(edges[-1]) + 1e-9)
    return min(step * 10.0**p for p in (power, power + 1) for step in LOG_STEPS if step * 10.0**p > edges[-1] * 1.001)


def _decimals(value: float) -> int:
    return next((d for d in range(4) if round(value, d) == round(value, 6)), 4)


def _edges_of(cohort: Cohort, numbers: Sequence[Variable]) -> dict[str, tuple[float, ...]]:
    ranges, edges = cohort.ranges(), {}
    for variable in numbers:
        limits = ranges.get(variable.name)
        if limits is not None and limits.low is not None and limits.high is not None:
            step = _step_of(cohort, variable)
            edges[variable.name] = list_edges(
                limits.low, limits.high, is_logarithmic=variable.is_logarithmic, least=step
            )
    return edges


def _step_of(cohort: Cohort, variable: Variable) -> float:
    """The least that two values of a number differ by; of values with more decimals than are counted, nearly none."""
    decimals = cohort.ranges()[variable.name].decimals
    return 10.0**-decimals if decimals < MOST_DECIMALS else FINEST


def _band_of(number: Variable, dictionary: Dictionary) -> Variable | None:
    """The variable of the bands of a number; None without one."""
    bands = [v for v in dictionary.groups if v.derivation is not None and v.derivation.rule == "cuts"]
    return next((v for v in bands if v.derivation is not None and v.derivation.source == (number.name,)), None)
