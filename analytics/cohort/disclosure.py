"""Disclosure control: a tally made from cells alone, each a set of patients with the noise of its key.

A cell is shown if its number, with and without noise, is not below the smallest cell; where one is not, the level goes that it
is of. Times are told by cumulative numbers on a grid of months or quarters, each of them a cell; other numbers by the bins of a
published grid. Whatever is computed from a tally (curve, test, sentence, file) can say no more than its cells do.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from analytics.cohort.engine import KEY
from analytics.cohort.grids import grid_of
from analytics.cohort.perturbation import CellKeys, IntArray
from analytics.dictionary import DAYS_PER_MONTH, Dictionary, Variable, load_words

MOST_GROUPING = 2  # coded columns, outcomes aside, whose every combination is counted
MONTHLY_FROM = 500  # patients from which times are told by the month, not the quarter
MOST_MONTHS = 600
MOST_PLACES = 10  # over which the patients of a bin are spread


class SuppressedError(ValueError):
    """Numbers that may not be given out; the message says why, and what would help."""


def say_too_few(smallest: int) -> str:
    """Why a selection is not answered, in the same words for a few and for none."""
    some = load_words().plural
    return (
        f"fewer than {smallest} {some}, or none, are selected, or are left out by one of the filters, or have one of the chosen "
        "levels or lie next to a chosen limit"
    )


@dataclass(frozen=True, slots=True)
class Hidden:
    """A level that is left out, because too few stand behind it; ``level`` is None for children without the value."""

    variable: str
    level: str | None


@dataclass(slots=True)
class _Axis:
    """A coded column: the code of each row, the last of ``size`` for a missing value, and which codes are still there."""

    name: str
    codes: IntArray
    values: list[Any]
    alive: NDArray[np.bool_]

    @property
    def size(self) -> int:
        return len(self.values)


@dataclass(slots=True)
class _Rows:
    """The rows of a true tally."""

    n: IntArray
    key: IntArray
    keys: CellKeys

    def show(self, axes: Sequence[_Axis], rows: NDArray[np.bool_]) -> IntArray:
        """Every combination of codes as it is shown, 0 where it is not."""
        shape = tuple(axis.size for axis in axes)
        place = (
            np.ravel_multi_index(tuple(axis.codes[rows] for axis in axes), shape) if axes else np.zeros(rows.sum(), int)
        )
        total = np.zeros((2, int(np.prod(shape))), dtype=np.int64)
        np.add.at(total[0], place, self.n[rows])
        np.add.at(total[1], place, self.key[rows])
        return self.keys.show(*total).reshape(shape)


def protect_tally(
    tally: pd.DataFrame,
    dictionary: Dictionary,
    keys: CellKeys,
    *,
    whole: bool = False,
    chosen: Collection[str] = (),
) -> tuple[pd.DataFrame, tuple[Hidden, ...]]:
    """A tally in which every number of patients is that of a cell with its noise.

    Parameters
    ----------
    tally
        Distinct combinations with their number ``n`` and the sum of their keys.
    whole
        True where what remains would be biased if a level were left out: nothing is shown then.
    chosen
        The variables of the filter: beside the levels that it chose there are no others.

    Returns
    -------
    The tally, its categoricals without the levels left out, and what was left out.

    Raises
    ------
    SuppressedError
        If nothing can be shown.
    """
    rows = _Rows(tally["n"].to_numpy(np.int64), tally[KEY].to_numpy(np.int64), keys)
    variables = [dictionary[str(name)] for name in tally.columns if name not in ("n", KEY)]
    of_kind = {kind: [v for v in variables if v.kind == kind] for kind in ("duration", "continuous")}
    causes = {endpoint.cause for endpoint in dictionary.competing}
    outcomes = [v for v in variables if v.kind == "event" or v.name in causes]
    groups = [v for v in variables if v.is_coded and v not in outcomes]
    if not variables:
        return _finish({"n": rows.show([], np.ones(len(tally), dtype=bool)).reshape(1)}, tally, keys), ()
    if len(of_kind["duration"]) > 1 or (whole and of_kind["duration"]):
        labels = " and ".join(v.label.lower() for v in of_kind["duration"])
        raise SuppressedError(f"{labels} are asked for together, {load_words().noun} by {load_words().noun}")
    numbers = of_kind["continuous"]
    if (
        len(groups) > MOST_GROUPING
        or len(outcomes) > 2
        or len(numbers) > 1
        or (numbers and (groups or of_kind["duration"]))
    ):
        raise SuppressedError(f"it would count {load_words().plural} by too many variables at once")
    # Who could not be counted anyway (without an outcome, without a time) may be left out without a word.
    known = np.ones(len(tally), dtype=bool)
    for v in (*outcomes, *of_kind["duration"]):
        known &= tally[v.name].notna().to_numpy(bool)
    of_outcome = [_axis_of(v, tally) for v in outcomes]
    of_group = [_axis_of(v, tally) for v in groups]
    of_group += [_merge_bins(v, tally, rows, of_outcome, known) for v in numbers]
    _hide_rare(of_group, of_outcome, rows, known, chosen)
    parts = [*_list_unknown(of_group, of_outcome, rows, ~known)]
    if of_kind["duration"]:
        time = tally[of_kind["duration"][0].name].to_numpy(float)
        parts += _list_times(of_kind["duration"][0].name, time, of_group, of_outcome, rows, known)
    else:
        parts += _list_cells(of_group, of_outcome, rows, known)
    found: dict[str, list[Any]] = {str(name): [] for name in tally.columns if name != KEY}
    for part in parts:
        for name, values in found.items():
            values.append(part.get(name, np.nan))
    for v in numbers:
        found = _spread(found, v.name)
    hidden = tuple(
        Hidden(axis.name, None if level is None else str(level))
        for axis in of_group
        if dictionary[axis.name].is_coded
        for level, is_there in zip(axis.values, axis.alive, strict=True)
        if not is_there
    )
    return without_levels(_finish(found, tally, keys), hidden), hidden


def _axis_of(variable: Variable, tally: pd.DataFrame) -> _Axis:
    column = tally[variable.name]
    if variable.is_coded:
        values: list[Any] = [*column.cat.categories, None]
        codes = column.cat.codes.to_numpy(np.int64)
    else:
        values, codes = [0.0, 1.0, None], column.fillna(-1).to_numpy(np.int64)
    return _Axis(variable.name, np.where(codes < 0, len(values) - 1, codes), values, np.ones(len(values), dtype=bool))


def _merge_bins(
    variable: Variable, tally: pd.DataFrame, rows: _Rows, outcomes: Sequence[_Axis], known: NDArray[np.bool_]
) -> _Axis:
    """The bins of a number's grid, neighbours joined until every one can be shown; a value of the axis is (low, high)."""
    grid, value = grid_of(variable), tally[variable.name].to_numpy(float)
    is_there = ~np.isnan(value)
    bins = np.clip(np.searchsorted(grid, value, side="right") - 1, 0, len(grid) - 2)
    edges = [0]
    for last in range(1, len(grid)):
        inside = known & is_there & (bins >= edges[-1]) & (bins < last)
        if _can_be_shown(outcomes, rows, inside):
            edges.append(last)
    if len(edges) < 3:
        raise SuppressedError(
            f"fewer than {rows.keys.smallest} {load_words().plural} lie between two limits of {variable.label}"
        )
    edges[-1] = len(grid) - 1
    limits: list[Any] = [(grid[a], grid[b]) for a, b in pairwise(edges)]
    codes = np.searchsorted(edges, bins, side="right") - 1
    codes = np.where(is_there, np.minimum(codes, len(limits) - 1), len(limits))
    return _Axis(variable.name, codes, [*limits, None], np.ones(len(limits) + 1, dtype=bool))


def _can_be_shown(outcomes: Sequence[_Axis], rows: _Rows, inside: NDArray[np.bool_]) -> bool:
    shown = rows.show(outcomes, inside)
    return bool(shown[_known_of(outcomes)].all())


def _known_of(outcomes: Sequence[_Axis]) -> tuple[Any, ...]:
    """The combinations of outcomes that are known: a missing value is the last code."""
    return tuple(slice(0, axis.size - 1) for axis in outcomes)


def _hide_rare(
    groups: Sequence[_Axis],
    outcomes: Sequence[_Axis],
    rows: _Rows,
    known: NDArray[np.bool_],
    chosen: Collection[str],
) -> None:
    """Let levels go until every combination that is left has every outcome often enough."""
    shown = rows.show([*groups, *outcomes], known)[(..., *_known_of(outcomes))]
    is_rare = (shown == 0).any(axis=tuple(range(len(groups), shown.ndim)))
    size = shown.sum(axis=tuple(range(len(groups), shown.ndim)))
    few = f"fewer than {rows.keys.smallest} {load_words().plural} of one kind have, or do not have, the event"
    while True:
        here = np.ix_(*(axis.alive for axis in groups)) if groups else ()
        if not np.any(is_rare[here]):
            break
        choices = []
        for i, axis in enumerate(groups):
            others = tuple(j for j in range(len(groups)) if j != i)
            share, patients = is_rare[here].mean(axis=others), size[here].sum(axis=others)
            choices += [(-share[k], patients[k], i, code) for k, code in enumerate(np.flatnonzero(axis.alive))]
        if not choices:
            raise SuppressedError(few)
        *_, i, code = min(choices)
        groups[i].alive[code] = False
    for axis in groups:
        if not axis.alive[:-1].any() or (axis.alive.sum() < 2 and axis.name not in chosen):
            raise SuppressedError(
                few if outcomes else f"fewer than {rows.keys.smallest} {load_words().plural} of one kind"
            )


def _combinations(groups: Sequence[_Axis], outcomes: Sequence[_Axis]) -> Iterator[tuple[int, ...]]:
    codes = [np.flatnonzero(axis.alive).tolist() for axis in groups]
    yield from product(*codes, *(range(axis.size - 1) for axis in outcomes))


def _named(axes: Sequence[_Axis], codes: Sequence[int]) -> dict[str, Any]:
    return {axis.name: axis.values[code] for axis, code in zip(axes, codes, strict=True)}


def _list_cells(
    groups: Sequence[_Axis], outcomes: Sequence[_Axis], rows: _Rows, known: NDArray[np.bool_]
) -> Iterator[dict[str, Any]]:
    axes = [*groups, *outcomes]
    shown = rows.show(axes, known)
    for codes in _combinations(groups, outcomes):
        yield {**_named(axes, codes), "n": shown[codes]}


def _list_unknown(
    groups: Sequence[_Axis], outcomes: Sequence[_Axis], rows: _Rows, unknown: NDArray[np.bool_]
) -> Iterator[dict[str, Any]]:
    """Those without an outcome or a time, as far as they are enough."""
    axes = [*groups, *outcomes]
    shown = rows.show(axes, unknown)
    for codes in zip(*np.nonzero(shown), strict=True) if unknown.any() else ():
        if all(axis.alive[code] for axis, code in zip(groups, codes, strict=False)):
            yield {**_named(axes, codes), "n": shown[codes]}


def _list_times(
    name: str,
    time: NDArray[np.float64],
    groups: Sequence[_Axis],
    outcomes: Sequence[_Axis],
    rows: _Rows,
    known: NDArray[np.bool_],
) -> Iterator[dict[str, Any]]:
    """Each combination of codes with its times on the grid, as far as the smallest cell is still followed."""
    axes, keys = [*groups, *outcomes], rows.keys
    months = 1 if rows.show([], known) >= MONTHLY_FROM else 3
    days = np.arange(1, MOST_MONTHS // months + 1, dtype=np.float64) * (months * DAYS_PER_MONTH)
    inside = [np.flatnonzero(axis.alive).tolist() for axis in groups]
    for group in product(*inside):
        paths = {}
        for kind in product(*(range(axis.size - 1) for axis in outcomes)):
            here = known.copy()
            for axis, code in zip(axes, (*group, *kind), strict=True):
                here &= axis.codes == code
            paths[kind] = _follow(time[here], rows.n[here], rows.key[here], days, keys)
        left = sum(path[-1] - path for path in paths.values())
        # Of the last who are followed, fewer than the smallest cell, nothing is told but that they were there.
        enough = np.flatnonzero(left >= keys.smallest)
        last = int(enough[-1]) + 1 if len(enough) else 0
        for kind, path in paths.items():
            path[last:] = path[-1]
            steps = np.diff(path[: last + 1], prepend=0)
            for n, day in zip(steps.tolist(), days, strict=False):
                early = n // 2 if kind and not any(kind) else 0
                # Those who are no longer followed left in the middle of the interval, as in a life table.
                for part, when in ((early, day - months * DAYS_PER_MONTH / 2), (n - early, day)):
                    if part:
                        yield {**_named(axes, (*group, *kind)), name: when, "n": part}


def _follow(
    time: NDArray[np.float64], n: IntArray, key: IntArray, days: NDArray[np.float64], keys: CellKeys
) -> IntArray:
    """How many have come to their time by each day, each number a cell, made to ascend.

    A day is told once the smallest cell or more have come since the last that was; what is not known stands in the middle.
    """
    order = np.argsort(time, kind="stable")
    place = np.searchsorted(time[order], days, side="right")
    totals = [np.concatenate([[0], np.cumsum(values[order])]) for values in (n, key)]
    shown = keys.show(*(total[place] for total in totals))
    whole = int(keys.show(totals[0][-1], totals[1][-1]))
    path, come = np.empty(len(days)), totals[0][place]
    told, at = 0, keys.noise.unknown
    for i, number in enumerate(come.tolist()):
        if number >= told + keys.smallest and shown[i]:
            told, path[i] = number, shown[i]
            at = path[i] + keys.noise.untold
        else:
            path[i] = at
    path = np.minimum(path, whole)
    path[-1] = whole
    return np.rint(isotonic_regression(path).x).astype(np.int64)


def _spread(found: dict[str, list[Any]], name: str) -> dict[str, list[Any]]:
    """The rows with the patients of each bin of a number spread over it evenly."""
    spread: dict[str, list[Any]] = {column: [] for column in found}
    for i, limits in enumerate(found[name]):
        n = int(found["n"][i])
        places = min(n, MOST_PLACES) if isinstance(limits, tuple) else 1
        for k in range(places):
            row = {column: values[i] for column, values in found.items()}
            row["n"] = n * (k + 1) // places - n * k // places
            if isinstance(limits, tuple):
                row[name] = limits[0] + (k + 0.5) / places * (limits[1] - limits[0])
            for column, values in spread.items():
                values.append(row[column])
    return spread


def _finish(found: Mapping[str, Any], tally: pd.DataFrame, keys: CellKeys) -> pd.DataFrame:
    """A frame of the columns and types of a tally, sorted as it is, that says what noise is in it."""
    names = [str(name) for name in tally.columns if name not in ("n", KEY)]
    values: dict[str, Any] = {}
    for name in names:
        dtype: Any = tally[name].dtype
        is_coded = isinstance(dtype, pd.CategoricalDtype)
        values[name] = pd.Categorical(found[name], dtype=dtype) if is_coded else np.array(found[name], dtype=float)
    frame = pd.DataFrame(values)
    frame["n"] = np.array(found["n"], dtype=np.int64)
    if names:
        frame = frame.groupby(names, dropna=False, observed=True, sort=True)["n"].sum().reset_index()
    frame.attrs["noise"] = keys.noise
    return frame


def without_levels(tally: pd.DataFrame, hidden: Sequence[Hidden]) -> pd.DataFrame:
    """The tally, its categoricals without the levels left out: an empty level is a zero, a hidden one is not there."""
    gone: dict[str, list[str]] = {}
    for h in hidden:
        if h.level is not None:
            gone.setdefault(h.variable, []).append(h.level)
    noise = tally.attrs
    tally = tally.assign(**{name: tally[name].cat.remove_categories(levels) for name, levels in gone.items()})
    tally.attrs.update(noise)
    return tally
