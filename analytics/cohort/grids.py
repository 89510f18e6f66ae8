"""Published grids: where a number may be cut where small numbers are protected, whatever the patients' values are."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import replace

from analytics.cohort.filters import Clause, CohortFilter
from analytics.dictionary import Dictionary, Variable

LARGEST = 1e300
ANY_GRID = (0.0, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)


def grid_of(variable: Variable) -> tuple[float, ...]:
    """The limits that a number may be asked for: the dictionary's, or the steps of a 1-2-5 scale."""
    return variable.grid or ANY_GRID


def snap_limits(clause: Clause, variable: Variable) -> tuple[float, float]:
    """The limits of a range on the grid: outwards to the next ones; what lies beyond the grid counts to its ends."""
    grid = grid_of(variable)
    low = 0 if clause.low is None else min(max(bisect_right(grid, clause.low) - 1, 0), len(grid) - 2)
    high = len(grid) - 1 if clause.high is None else min(bisect_left(grid, clause.high), len(grid) - 1)
    return grid[low], grid[max(high, low + 1)]


def snap_filter(cohort_filter: CohortFilter, dictionary: Dictionary) -> CohortFilter:
    """The filter with every limit on its grid, the upper one just below it: a range is some of the bins of the grid.

    Like a band of a derived variable it does not hold its upper limit, so that the two do not differ by who has just that.
    """
    return replace(cohort_filter, clauses=tuple(_snap(clause, dictionary) for clause in cohort_filter.clauses))


def _snap(clause: Clause, dictionary: Dictionary) -> Clause:
    if not clause.is_range or clause.variable not in dictionary or dictionary[clause.variable].is_coded:
        return clause
    variable = dictionary[clause.variable]
    grid, (low, high) = grid_of(variable), snap_limits(clause, variable)
    if (low, high) == (grid[0], grid[-1]):
        # Everybody with a value: said with one limit that nobody is below, so that it stays a range.
        return replace(clause, low=-LARGEST, high=None)
    return replace(
        clause,
        low=low if low > grid[0] else None,
        high=math.nextafter(high, -math.inf) if high < grid[-1] else None,
    )


def list_parts(clause: Clause) -> Iterator[Clause]:
    """The levels that a clause lets through, and missing values, each as a clause."""
    if clause.keep_missing:
        yield Clause(clause.variable, keep_missing=True)
    for level in clause.levels:
        yield Clause(clause.variable, (level,))


def list_bins(clause: Clause, variable: Variable) -> Iterator[tuple[float | None, float | None]]:
    """The bins of the grid on either side of each limit of a snapped range, from the one (held) to the other (not held).

    They are what a selection would win or lose were the limit one step farther.
    """
    grid = grid_of(variable)
    for limit in (clause.low, clause.high):
        if limit is None or limit == -LARGEST:
            continue
        place = bisect_left(grid, limit)
        for low, high in ((place - 1, place), (place, place + 1)):
            yield grid[low] if low > 0 else None, grid[high] if high < len(grid) - 1 else None
