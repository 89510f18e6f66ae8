"""The combinations of many factors by an outcome, made up from cells of at most two factors that may be shown.

A model of main effects needs each factor by the outcome, and how the factors go together. Both are told by cells that a reader
may ask for one by one, with the same noise; of the combinations in which they occur none is looked at. They are those of
largest entropy among all that agree with these cells (iterative proportional fitting; Deming and Stephan 1940,
doi:10.1214/aoms/1177731829): with no other association than what two factors have, and with none of three with the outcome.
So a model says nothing that its cells do not say, however many models are asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.cohort.cells import Axis, Hidden, Rows, SuppressedError, axis_of, merge_bins, to_frame, without_levels
from analytics.cohort.perturbation import IntArray
from analytics.dictionary import Variable, load_words

ROUNDS = 40  # of fitting the combinations to their cells
MOST_COMBINATIONS = 60_000
LEAST_WEIGHT = 1e-6  # of a combination that is kept
FloatArray = NDArray[np.float64]


class _Target(NamedTuple):
    """What the combinations must add up to over all but some axes: NaN where it is not known, and what it is at most there."""

    axes: tuple[int, ...]
    aim: FloatArray
    most: FloatArray


def fit_combinations(
    tally: pd.DataFrame, rows: Rows, outcome: Variable, factors: Sequence[Variable], chosen: Collection[str]
) -> tuple[pd.DataFrame, tuple[Hidden, ...]]:
    """A tally of factors by an outcome whose combinations are made up from cells, weights that need not be whole.

    Raises
    ------
    SuppressedError
        If a factor has no level that can be shown by the outcome, or there would be too many combinations.
    """
    event = axis_of(outcome, tally)
    known = event.codes < event.size - 1
    axes = [axis_of(v, tally) if v.is_coded else merge_bins(v, tally, rows, [event], known) for v in factors]
    for axis in axes:
        axis.alive = np.all(rows.show([axis, event], known)[:, :-1] > 0, axis=1)
    while True:
        for variable, axis in zip(factors, axes, strict=True):
            if axis.alive[:-1].sum() < (1 if variable.name in chosen else 2):
                raise SuppressedError(
                    f"{variable.label}: fewer than {rows.keys.smallest} {load_words().plural} of one kind have, or do not "
                    "have, the event, or none: leave it out"
                )
        joined = [_join_hidden(axis) for axis in axes]
        weight = _make_up(joined, event, rows, known)
        rare = [_list_rare(i, joined, weight, rows.keys.smallest) for i in range(len(axes))]
        if not any(r.any() for r in rare):
            break
        for axis, is_rare in zip(axes, rare, strict=True):
            axis.alive[np.flatnonzero(axis.alive)[is_rare]] = False
    places = np.nonzero(weight > LEAST_WEIGHT)
    found = {axis.name: [axis.values[code] for code in place] for axis, place in zip(joined, places, strict=False)}
    for variable in factors:
        if not variable.is_coded:
            found[variable.name] = [np.nan if x is None else (x[0] + x[1]) / 2 for x in found[variable.name]]
    hidden = tuple(
        Hidden(axis.name, None if level is None else str(level))
        for variable, axis in zip(factors, axes, strict=True)
        if variable.is_coded
        for level, is_there in zip(axis.values, axis.alive, strict=True)
        if not is_there
    )
    counted = {outcome.name: places[-1].astype(float), "n": weight[places]}
    return without_levels(to_frame({**found, **counted}, tally, rows.keys, np.float64), hidden), hidden


def _make_up(axes: Sequence[Axis], event: Axis, rows: Rows, known: NDArray[np.bool_]) -> FloatArray:
    """The combinations of the levels that are shown, with the outcome as last axis."""
    if 2 * np.prod([axis.size for axis in axes]) > MOST_COMBINATIONS:
        raise SuppressedError(f"{len(axes)} factors have too many combinations: take fewer")
    targets = [t for pair in combinations(range(len(axes)), 2) for t in _list_pair(pair, axes, event, rows, known)]
    total = rows.show([event], known)[:-1].astype(float)
    targets += [_by_outcome(i, axis, event, rows, known, total) for i, axis in enumerate(axes)]
    weight = _fit([axis.size for axis in axes], [*targets * ROUNDS, *targets[-len(axes) :] * ROUNDS], total)
    # Who has a hidden level is in none of the numbers.
    return weight[tuple(slice(0, axis.size - 1) for axis in axes)]


def _list_rare(i: int, axes: Sequence[Axis], weight: FloatArray, smallest: int) -> NDArray[np.bool_]:
    """The levels of a factor that, among those of whom all factors are known, too few would have by the outcome."""
    complete = [[x is not None for x in axis.values[:-1]] for axis in axes]
    complete[i] = [True] * len(complete[i])
    inside = weight[np.ix_(*(np.flatnonzero(c) for c in complete), np.arange(2))]
    others = tuple(j for j in range(len(axes)) if j != i)
    is_known = np.array([x is not None for x in axes[i].values[:-1]])
    return np.asarray((np.rint(inside.sum(axis=others)) < smallest).any(axis=1) & is_known)


def _join_hidden(axis: Axis) -> Axis:
    """The axis with its hidden levels as one code, the last."""
    alive = np.flatnonzero(axis.alive)
    codes = np.full(axis.size, len(alive))
    codes[alive] = np.arange(len(alive))
    values = [*(axis.values[code] for code in alive), None]
    return Axis(axis.name, codes[axis.codes], values, np.append(np.ones(len(alive), dtype=bool), False))


def _by_outcome(i: int, axis: Axis, event: Axis, rows: Rows, known: NDArray[np.bool_], total: FloatArray) -> _Target:
    """A factor by the outcome, its hidden levels as what is left, made to add up to the same for every factor."""
    aim = rows.show([axis, event], known)[:, :-1].astype(float)
    left = np.clip(total - aim[:-1].sum(axis=0), 0, None)
    aim[-1] = np.where(aim[-1] > 0, aim[-1], left)
    return _Target((i, -1), aim * (total / aim.sum(axis=0)), np.full(aim.shape, np.inf))


def _list_pair(
    pair: tuple[int, int], axes: Sequence[Axis], event: Axis, rows: Rows, known: NDArray[np.bool_]
) -> list[_Target]:
    """Two factors together; by the outcome as well where one of them is not known, which a model leaves out."""
    both = [axes[i] for i in pair]
    counted = rows.count([*both, event], known)[..., :-1]
    missing = [np.array([x is None for x in axis.values[:-1]]) for axis in both]
    found = [_target(pair, counted.sum(axis=-1), rows, both)]
    if any(m.any() for m in missing):
        by_outcome = _target((*pair, -1), counted, rows, both)
        is_missing = np.zeros(by_outcome.aim.shape[:2], dtype=bool)
        is_missing[:-1, :-1] = missing[0][:, None] | missing[1]
        aim = np.where(is_missing[..., None], by_outcome.aim, np.nan)
        found.append(_Target((*pair, -1), aim, np.where(is_missing[..., None], by_outcome.most, np.inf)))
    return found


def _target(places: tuple[int, ...], counted: IntArray, rows: Rows, axes: Sequence[Axis]) -> _Target:
    """Cells as they would be shown to who chooses all of their levels but one: enough have it, and enough of the rest not."""
    n, key = counted
    shown = rows.keys.show(n, key).astype(float)
    is_shown = shown > 0
    for k in range(n.ndim):
        rest = n.sum(axis=k, keepdims=True) - n, key.sum(axis=k, keepdims=True) - key
        is_shown &= rows.keys.show(*rest) > 0
    for i, axis in enumerate(axes):
        is_shown &= np.expand_dims(axis.alive, [j for j in range(n.ndim) if j != i])
    few = np.where(shown > 0, np.inf, rows.keys.smallest - 1)
    return _Target(places, np.where(is_shown, shown, np.nan), few)


def _fit(sizes: Sequence[int], targets: Sequence[_Target], total: FloatArray) -> FloatArray:
    """The combinations of largest entropy that agree with the targets, one after the other."""
    weight = np.ones((*sizes, len(total))) * total / np.prod(sizes)
    n = weight.ndim
    for axes, aim, most in targets:
        kept = tuple(i % n for i in axes)
        others = tuple(i for i in range(n) if i not in kept)
        now = weight.sum(axis=others)
        is_told = ~np.isnan(aim)
        left = total.sum() - aim[is_told].sum()
        untold = now[~is_told].sum()
        # What is not told is what is left, each cell as it is but for the smallest that may stand there.
        scale = left / untold if untold > 0 and left > 0 and len(axes) == 2 else 1.0
        factor = np.where(is_told, aim, np.minimum(now * scale, most)) / np.where(now > 0, now, 1)
        weight *= np.expand_dims(factor, others)
    return weight
