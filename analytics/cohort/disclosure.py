"""Disclosure control: a tally in which nobody can be counted alone, made from one in which everybody can.

Every number of children that comes out is a multiple of the smallest cell, and so is every sum and difference of such
numbers, within a table, along a curve, or between two selections. Whatever is computed from a protected tally (curve,
test, sentence, tooltip, file) can therefore say no more about fewer children than that: no page has to take care.

Two forms, after what a page reports. `protect_cells`: blocks of children who share every value, for curves and tables at
risk (microaggregation: Domingo-Ferrer and Mateo-Sanz 2002, doi:10.1109/69.979982). `protect_margins`: children counted
once, twice or not at all, so that each factor by outcome comes out rounded, for models of many factors (controlled
rounding: Cox and Ernst 1982, INFOR 20:423).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from analytics.dictionary import load_words
from analytics.formats import FewerThan

WEEK = 7.0  # days
# A treatment comes before the end of follow-up in the same week, as it does in every child.
EARLY_IN_WEEK, LATE_IN_WEEK = 0.25, 0.75
LEAST_CELL, LARGEST_CELL = 2, 100
MOST_CROSSED = 4  # coded columns whose every combination is looked at
SOLVER_SECONDS = 10.0
UNKNOWN = -1  # the code of a missing value

IntArray = NDArray[np.int64]
Level = TypeVar("Level", bound=Hashable)


class SuppressedError(ValueError):
    """Numbers that may not be given out; the message says why, and what would help."""


@dataclass(frozen=True, slots=True)
class Hidden:
    """A level that is left out, because too few stand behind it; ``level`` is None for children without the value."""

    variable: str
    level: str | None


def round_count(n: int, smallest: int) -> int | FewerThan:
    """A number of children as it may be given out: 0, a multiple of twice ``smallest``, or `FewerThan` ``smallest``.

    Coarser than the numbers of a tally and rounded from those (up to twice the smallest cell), so that no two answers about
    the same children add up to more than either says. The same number is never given out in two ways.
    """
    if n <= 0:
        return 0
    return FewerThan(smallest) if n < smallest else round_many(n, smallest)


def round_many(n: int, smallest: int) -> int:
    """A number of at least ``smallest`` children as it may be given out: a multiple of twice ``smallest``."""
    return (round_cell(n, smallest) // smallest + 1) // 2 * 2 * smallest


def round_cell(n: int, smallest: int) -> int:
    """A number of at least ``smallest`` children rounded to the nearest multiple of it, halves upwards."""
    return (2 * n + smallest) // (2 * smallest) * smallest


def limits_of(n: int, smallest: int) -> tuple[int, int]:
    """The least and the largest number of children that can be meant where ``n`` are counted, as finely as any answer does."""
    if n <= 0:
        return 0, 0
    if n < smallest:
        return 1, smallest - 1
    shown = round_cell(n, smallest)
    return max(smallest, shown - smallest // 2), shown + (smallest - 1) // 2


def leaves_open(total: int, others: Iterable[tuple[float, float]], smallest: int, room: int = 0) -> bool:
    """True if a small number, taken from its rounded total, can still be anything from 1 to ``smallest`` − 1.

    ``others`` are the least and the largest that each other number of the table can be. ``room`` is to be left at both
    ends, for what a reader knows of the total from elsewhere.
    """
    least, most = limits_of(total, smallest)
    limits = list(others)
    lowest = least - sum(high for _, high in limits)
    largest = most - sum(low for low, _ in limits)
    return lowest <= 1 - room and largest >= smallest - 1 + room


def round_table(counts: Mapping[Level, int], smallest: int) -> dict[Level, int | FewerThan]:
    """The numbers of a table, each as `round_count` has it, without those that would tell a small one.

    The total is known. Where it narrows a small number down (two children at two levels, nobody else; or a sum that
    rounding has moved far), further numbers are left out, the smallest first; where that does not help, all of them,
    the zeros, too: beside a number that is left out, a zero would say that the other is none.
    """
    present = sorted((n, i) for i, n in enumerate(counts.values()) if n > 0)
    n_small = sum(n < smallest for n, _ in present)
    small_ones = [(1, smallest - 1)] * (n_small - 1)
    total = sum(n for n, _ in present)
    rounded = {level: round_count(n, smallest) for level, n in counts.items()}
    if not n_small:
        return rounded
    if total < smallest or round_many(total, smallest) <= 2 * smallest:
        return {}
    for n_gone in range(len(present) - n_small + 1):
        gone, shown = present[n_small : n_small + n_gone], present[n_small + n_gone :]
        others = [*small_ones, *[(smallest, math.inf)] * n_gone, *(limits_of(n, smallest) for n, _ in shown)]
        if leaves_open(total, others, smallest, smallest // 2):
            places = {i for _, i in gone}
            return {level: n for i, (level, n) in enumerate(rounded.items()) if i not in places}
    return {}


def protect_cells(
    tally: pd.DataFrame,
    *,
    durations: Collection[str],
    numbers: Collection[str],
    outcomes: Collection[str],
    smallest: int,
    whole: bool = False,
) -> tuple[pd.DataFrame, tuple[Hidden, ...]]:
    """A tally every row of which stands for ``smallest`` children or a multiple, with their mean times and numbers.

    Parameters
    ----------
    tally
        Distinct combinations with their number ``n``. The columns that are neither ``durations`` (in days) nor
        ``numbers`` are coded: categoricals, and events as 0 and 1.
    outcomes
        Coded columns whose levels are never left out for being rare: without the deaths there is no survival. Where an
        outcome is too rare within a group, the group is left out, the survivors with it.
    smallest
        The smallest cell.
    whole
        True where what remains would be biased if a level were left out: nothing is shown then.

    Returns
    -------
    The tally, its categoricals without the levels left out, and what was left out. Within a combination of codes,
    neighbours in time form blocks of ``smallest`` children or a few more; a block has their mean, durations to the
    week and other numbers to two significant digits, and counts as ``smallest`` children. What is left over
    is rounded to the nearest block.

    Raises
    ------
    SuppressedError
        If nothing can be shown, or the combinations are too many to look at.
    """
    values = [name for name in tally.columns if name in durations or name in numbers]
    coded = [name for name in tally.columns if name not in values and name != "n"]
    if len(coded) > MOST_CROSSED:
        raise SuppressedError(f"it would count {load_words().plural} by too many variables at once")
    cells, of_row, counts = _count_codes(tally, coded, values)
    # Who could not be counted anyway (without an outcome, without a time) may be left out like a level.
    usable = np.ones(len(cells), dtype=bool)
    for i, name in enumerate((*coded, *values)):
        if name in outcomes or name in values[:1]:
            usable &= cells[:, i] != UNKNOWN
    fixed = [whole or name in outcomes for name in coded] + [whole] * len(values)
    kept, hidden = _hide_rare(cells, counts, usable, fixed, smallest)
    children = _children(tally, kept[of_row])
    block, n = _form_blocks(of_row[children], tally[values].to_numpy(float)[children], smallest)
    _, first = np.unique(block, return_index=True)
    within_week = {name: EARLY_IN_WEEK if i else LATE_IN_WEEK for i, name in enumerate(values) if name in durations}
    shown = {name: _shown(tally[name].to_numpy(float)[children], block, within_week.get(name)) for name in values}
    named = _named(hidden, [*coded, *values], tally)
    rows = tally.iloc[children[first]].assign(n=n, **shown)
    return without_levels(_tidied(rows, list(tally.columns)), named), named


def protect_margins(
    tally: pd.DataFrame, *, outcome: str, numbers: Collection[str], smallest: int
) -> tuple[pd.DataFrame, tuple[Hidden, ...]]:
    """A tally whose every level by outcome counts a multiple of ``smallest`` children.

    So does every level by outcome among the children in whom everything is known, and every pattern of what is not. As
    few children as possible are counted twice or left out for that.

    Parameters
    ----------
    tally
        Distinct combinations of ``outcome``, coded columns and ``numbers``, with their number ``n``.
    outcome, smallest
        As the outcomes of `protect_cells`, and there.

    Returns
    -------
    The tally, its categoricals without the levels left out, and what was left out. Numbers have two significant digits.

    Raises
    ------
    SuppressedError
        If nothing can be shown, or no such tally is found.
    """
    values = [name for name in tally.columns if name in numbers]
    coded = [name for name in tally.columns if name not in values and name not in ("n", outcome)]
    patterns, of_row, n = _count_codes(tally, [outcome, *coded], values)
    kept, hidden = _hide_rare_margins(patterns, n, smallest)
    counted = np.zeros(len(n), dtype=np.int64)
    counted[kept] = _round_margins(_margins(patterns[kept]), n[kept], smallest)
    children = _children(tally, kept[of_row])
    numbers_of = [tally[name].to_numpy(float)[children] for name in reversed(values)]
    order = np.lexsort((*numbers_of, of_row[children]))
    chosen = _resized(order, n[kept], counted[kept])
    rows = tally.assign(
        n=np.bincount(children[chosen], minlength=len(tally)),
        **{name: _two_digits(tally[name].to_numpy(float)) for name in values},
    )
    named = _named(hidden, [outcome, *coded, *values], tally)
    return without_levels(_tidied(rows[rows["n"] > 0], list(tally.columns)), named), named


def _children(tally: pd.DataFrame, kept: NDArray[np.bool_]) -> IntArray:
    """The row of each child of the rows that are kept."""
    rows = np.flatnonzero(kept)
    return np.repeat(rows, tally["n"].to_numpy(np.int64)[rows])


def _count_codes(
    tally: pd.DataFrame, coded: Sequence[str], values: Sequence[str]
) -> tuple[IntArray, IntArray, IntArray]:
    """The distinct combinations of codes in order, the one of each row, and how many children have each."""
    codes = _codes(tally, coded, values)
    if not codes.size:
        distinct, of_row = codes[:1], np.zeros(len(codes), dtype=np.int64)
    else:
        # As one number for each row they are sorted far faster than as rows.
        sizes = codes.max(axis=0) - UNKNOWN + 1
        joined = np.ravel_multi_index(tuple((codes - UNKNOWN).T), tuple(sizes.tolist()))
        _, first, of_row = np.unique(joined, return_index=True, return_inverse=True)
        distinct = codes[first]
    counts = np.bincount(of_row, weights=tally["n"].to_numpy(float), minlength=len(distinct))
    return distinct, of_row, counts.astype(np.int64)


def _codes(tally: pd.DataFrame, coded: Sequence[str], values: Sequence[str]) -> IntArray:
    """A column of codes per column: positions of levels, events, and of numbers only whether they are known (0)."""
    columns = []
    for name in coded:
        column = tally[name]
        if isinstance(column.dtype, pd.CategoricalDtype):
            columns.append(column.cat.codes.to_numpy(np.int64))
        else:
            columns.append(column.fillna(UNKNOWN).to_numpy(np.int64))
    columns += [np.where(tally[name].isna(), UNKNOWN, 0) for name in values]
    return np.column_stack(columns) if columns else np.zeros((len(tally), 0), dtype=np.int64)


def _hide_rare(
    cells: IntArray, counts: IntArray, usable: NDArray[np.bool_], fixed: Sequence[bool], smallest: int
) -> tuple[NDArray[np.bool_], list[tuple[int, int]]]:
    """The combinations that are left once none is rarer than ``smallest``, and the (column, code) left out for that."""
    left = np.ones(len(cells), dtype=bool)
    hidden: list[tuple[int, int]] = []
    while True:
        rare: int | None = None
        if (left & (counts < smallest)).any():
            rare = int(np.argmin(np.where(left, counts, np.iinfo(np.int64).max)))
            if not usable[rare]:
                # Only the number of those who could not be counted is lost.
                left[rare] = False
                continue
        elif _is_hidden_well(cells, counts, left, usable, smallest):
            break
        n_usable = counts[left & usable].sum()
        choices = []
        for column, code in {(j, int(c)) for row in cells[left if rare is None else [rare]] for j, c in enumerate(row)}:
            same = left & (cells[:, column] == code)
            # What remains without the larger part is another question's answer.
            if not fixed[column] and 2 * counts[same & usable].sum() < n_usable:
                choices.append((int(counts[same].sum()), column, code))
        if not choices:
            raise SuppressedError(
                f"fewer than {smallest} {load_words().plural} of one kind have, or do not have, the event"
            )
        _, column, code = min(choices)
        hidden.append((column, code))
        left &= cells[:, column] != code
    if usable.any() and not (left & usable).any():
        raise SuppressedError(f"fewer than {smallest} {load_words().plural}")
    return left, hidden


def _is_hidden_well(
    cells: IntArray, counts: IntArray, left: NDArray[np.bool_], usable: NDArray[np.bool_], smallest: int
) -> bool:
    """True if no rare combination left out can be told from those shown and the total of all, or of all of a code."""
    of_codes = (cells[:, j] == code for j in range(cells.shape[1]) for code in np.unique(cells[:, j]))
    everyone = np.ones(len(cells), dtype=bool)
    return all(_are_open(counts[of & left], counts[of & ~left & usable], smallest) for of in (everyone, *of_codes))


def _are_open(shown: IntArray, gone: IntArray, smallest: int) -> bool:
    """True if the smallest number of those ``gone`` cannot be told from the numbers ``shown`` and the total of all."""
    if not len(shown) or not len(gone) or gone.min() >= smallest:
        return True
    at_most = [(0, limits_of(n, smallest)[1]) for n in np.sort(gone)[1:].tolist()]
    total = int(shown.sum() + gone.sum())
    return leaves_open(total, [*at_most, *(limits_of(n, smallest) for n in shown.tolist())], smallest)


def _hide_rare_margins(
    patterns: IntArray, n: IntArray, smallest: int
) -> tuple[NDArray[np.bool_], list[tuple[int, int]]]:
    """The patterns left once no margin is rarer than ``smallest``, and the (column, code) left out; the outcome is first."""
    kept = np.ones(len(patterns), dtype=bool)
    known = patterns[:, 0] != UNKNOWN
    hidden: list[tuple[int, int]] = []
    while True:
        sizes = [(int(n[kept][m.rows].sum()), i, m) for i, m in enumerate(_margins(patterns[kept]))]
        rare = [size for size in sizes if size[0] < smallest]
        if not rare and _are_margins_hidden_well(patterns, n, kept, hidden, smallest):
            break
        levels = [(size, i, margin) for size, i, margin in sizes if margin.column or margin.code == UNKNOWN]
        margin = min(rare or levels, default=(0, 0, _Margin(np.zeros(0, dtype=bool), 0, 0)))[2]
        if margin.column is None:
            kept &= ~_lacking_alike(patterns, margin.lacking)
            continue
        same = patterns[:, margin.column] == margin.code
        is_known_outcome = margin.column == 0 and margin.code != UNKNOWN
        if is_known_outcome or 2 * n[same & kept & known].sum() >= n[kept & known].sum():
            raise SuppressedError(
                f"fewer than {smallest} {load_words().plural} of one kind have, or do not have, the event"
            )
        kept &= ~same
        if margin.column:
            hidden.append((margin.column, margin.code))
    if known.any() and not (kept & known).any():
        raise SuppressedError(f"fewer than {smallest} {load_words().plural} of each kind")
    return kept, hidden


def _are_margins_hidden_well(
    patterns: IntArray, n: IntArray, kept: NDArray[np.bool_], hidden: Sequence[tuple[int, int]], smallest: int
) -> bool:
    """True if nobody left out can be told by subtraction, within an outcome and a level or between the levels."""

    def count(of: NDArray[np.bool_]) -> int:
        return int(n[of].sum())

    for y in np.unique(patterns[:, 0][patterns[:, 0] != UNKNOWN]):
        of_outcome = patterns[:, 0] == y
        for j in range(1, patterns.shape[1]):
            gone_codes = [code for column, code in hidden if column == j]
            is_gone = np.isin(patterns[:, j], gone_codes)
            shown = [count(of_outcome & kept & (patterns[:, j] == code)) for code in np.unique(patterns[kept, j])]
            gone = [count(of_outcome & (patterns[:, j] == code)) for code in gone_codes]
            if not _are_open(np.array(shown), np.array([size for size in gone if size]), smallest):
                return False
            for code in np.unique(patterns[of_outcome & ~is_gone, j]):
                here = of_outcome & (patterns[:, j] == code)
                lost = [size for size in [count(here & ~kept)] if size]
                if not _are_open(np.array([count(here & kept)]), np.array(lost), smallest):
                    return False
    return True


@dataclass(frozen=True, slots=True)
class _Margin:
    """The patterns that one number counts: by the code of a column, or by what is not known (``column`` None)."""

    rows: NDArray[np.bool_]
    column: int | None = None
    code: int = UNKNOWN
    lacking: tuple[bool, ...] = ()


def _margins(patterns: IntArray) -> list[_Margin]:
    """What is counted of patterns whose first column is the outcome."""
    outcome, factors = patterns[:, 0], patterns[:, 1:]
    lacking = factors == UNKNOWN
    complete = ~lacking.any(axis=1)
    margins = []
    for y in np.unique(outcome):
        of_outcome = outcome == y
        margins.append(_Margin(of_outcome, 0, int(y)))
        for j in range(factors.shape[1]):
            for code in np.unique(factors[:, j]):
                for among in (np.ones(len(patterns), dtype=bool), complete):
                    rows = of_outcome & among & (factors[:, j] == code)
                    if rows.any():
                        margins.append(_Margin(rows, j + 1, int(code)))
        for kind in np.unique(lacking, axis=0):
            rows = of_outcome & (lacking == kind).all(axis=1)
            if rows.any():
                margins.append(_Margin(rows, None, UNKNOWN, tuple(kind.tolist())))
    return margins


def _lacking_alike(codes: IntArray, lacking: Sequence[bool]) -> NDArray[np.bool_]:
    return np.asarray(((codes[:, 1:] == UNKNOWN) == np.array(lacking, dtype=bool)).all(axis=1))


def _round_margins(margins: Sequence[_Margin], n: IntArray, smallest: int) -> IntArray:
    """Numbers per pattern, as near to ``n`` as possible, whose sum over each margin is a multiple of ``smallest``."""
    if not margins:
        return n
    size = len(n)
    member = csr_array(np.array([margin.rows for margin in margins], dtype=float))
    totals = member @ n
    # Added and taken away per pattern, and how many times the smallest cell each margin counts.
    equal = csr_array(np.hstack([member.toarray(), -member.toarray(), -smallest * np.eye(len(margins))]))
    # With no more than the nearest multiples allowed, two models of the same children would each tell half of the truth.
    for slack in (1, 2, 3):
        low = np.maximum(1, np.floor(totals / smallest) - slack)
        high = np.ceil(totals / smallest) + slack
        found = milp(
            c=np.concatenate([np.ones(2 * size), np.zeros(len(margins))]),
            constraints=LinearConstraint(equal, -totals, -totals),
            bounds=Bounds(np.concatenate([np.zeros(2 * size), low]), np.concatenate([n, n, high])),
            integrality=np.ones(2 * size + len(margins)),
            options={"time_limit": SOLVER_SECONDS, "mip_rel_gap": 0.2},
        )
        if found.success:
            change = np.rint(found.x).astype(np.int64)
            return np.asarray(n + change[:size] - change[size : 2 * size])
    raise SuppressedError("the numbers cannot be rounded so that they agree with each other: take fewer factors")


def _resized(order: IntArray, n: IntArray, counted: IntArray) -> IntArray:
    """Positions of the children of each pattern (``n`` each, one pattern after the other), taken ``counted`` times."""
    starts = np.cumsum(n) - n
    chosen = [
        order[start + (np.arange(m) * size + size // 2) // m]
        for start, size, m in zip(starts, n, counted, strict=True)
        if m
    ]
    return np.concatenate(chosen) if chosen else np.zeros(0, dtype=np.int64)


def _form_blocks(of_cell: IntArray, values: NDArray[np.float64], smallest: int) -> tuple[IntArray, IntArray]:
    """The block of each child, within its combination of codes, and for how many children each block counts."""
    block = np.zeros(len(of_cell), dtype=np.int64)
    weights = [np.zeros(0, dtype=np.int64)]
    order = np.argsort(of_cell, kind="stable")
    n_blocks = 0
    for members in np.split(order, np.flatnonzero(np.diff(of_cell[order])) + 1) if len(order) else []:
        within = _neighbours(values[members][:, ~np.isnan(values[members[0]])], smallest)
        size = int(within.max()) + 1
        block[members] = n_blocks + within
        units = round_cell(len(members), smallest) // smallest
        weight = np.full(size, units // size, dtype=np.int64)
        weight[(np.arange(units % size) * size + size // 2) // max(units % size, 1)] += 1
        weights.append(smallest * weight)
        n_blocks += size
    return block, np.concatenate(weights)


def _neighbours(values: NDArray[np.float64], smallest: int) -> IntArray:
    """Block numbers from 0 on, of ``smallest`` rows or a few more each, alike in every column of ``values``."""
    size, dimensions = values.shape
    n_blocks = max(size // smallest, 1)
    if dimensions == 0:
        return np.arange(size) * n_blocks // size
    order = np.argsort(values[:, -1], kind="stable")
    n_strips = n_blocks if dimensions == 1 else max(round(n_blocks ** (1 / dimensions)), 1)
    strip = np.empty(size, dtype=np.int64)
    strip[order] = np.arange(size) * n_strips // size
    if dimensions == 1:
        return strip
    block = np.empty(size, dtype=np.int64)
    offset = 0
    for i in range(n_strips):
        inside = strip == i
        block[inside] = offset + _neighbours(values[inside, :-1], smallest)
        offset = int(block[inside].max()) + 1
    return block


def _shown(values: NDArray[np.float64], block: IntArray, within_week: float | None) -> NDArray[np.float64]:
    """The mean of each block, as it may be given out; NaN where the block has none.

    ``within_week`` is the part of the week at which a duration is put, None for other numbers.
    """
    means = np.bincount(block, weights=values) / np.bincount(block)
    if within_week is None:
        return _two_digits(means)
    return np.where(means > 0, (np.floor(means / WEEK) + within_week) * WEEK, means)


def _two_digits(values: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(divide="ignore", invalid="ignore"):
        unit = 10.0 ** (np.floor(np.log10(np.abs(values))) - 1)
    rounded = np.rint(values / np.where(unit > 0, unit, 1)) * np.where(unit > 0, unit, 1)
    # Powers of ten leave traces in the last digits, by which equal numbers would differ.
    return np.where(np.isfinite(values), np.round(np.where(np.isfinite(rounded), rounded, 0), 9), np.nan)


def _tidied(rows: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Rows that are alike joined, sorted as a tally is."""
    names = [name for name in columns if name != "n"]
    if not names:
        return pd.DataFrame({"n": np.array([rows["n"].sum()], dtype=np.int64)})
    joined = rows.groupby(names, dropna=False, observed=True, sort=True)["n"].sum().reset_index()
    joined["n"] = joined["n"].astype(np.int64)
    return joined[list(columns)]


def _named(hidden: Sequence[tuple[int, int]], columns: Sequence[str], tally: pd.DataFrame) -> tuple[Hidden, ...]:
    found = []
    for column, code in hidden:
        name = columns[column]
        dtype = tally[name].dtype
        level = None
        if isinstance(dtype, pd.CategoricalDtype) and code != UNKNOWN:
            level = str(dtype.categories[code])
        found.append(Hidden(name, level))
    return tuple(dict.fromkeys(found))


def without_levels(tally: pd.DataFrame, hidden: Sequence[Hidden]) -> pd.DataFrame:
    """The tally, its categoricals without the levels left out: an empty level is a zero, a hidden one is not there."""
    levels: Mapping[str, list[str]] = {
        name: [h.level for h in hidden if h.variable == name and h.level is not None]
        for name in dict.fromkeys(h.variable for h in hidden)
    }
    return tally.assign(**{name: tally[name].cat.remove_categories(gone) for name, gone in levels.items() if gone})
