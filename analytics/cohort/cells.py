"""Cells: sets of patients by the codes of their columns, each with its number and the sum of its keys."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.cohort.engine import KEY
from analytics.cohort.grids import grid_of
from analytics.cohort.perturbation import CellKeys, IntArray
from analytics.dictionary import Variable, load_words


class SuppressedError(ValueError):
    """Numbers that may not be given out; the message says why, and what would help."""


@dataclass(frozen=True, slots=True)
class Hidden:
    """A level that is left out, because too few stand behind it; ``level`` is None for children without the value."""

    variable: str
    level: str | None


@dataclass(slots=True)
class Axis:
    """A coded column: the code of each row, the last of ``size`` for a missing value, and which codes are still there."""

    name: str
    codes: IntArray
    values: list[Any]
    alive: NDArray[np.bool_]

    @property
    def size(self) -> int:
        """How many codes there are, that of a missing value included."""
        return len(self.values)


@dataclass(slots=True)
class Rows:
    """The rows of a true tally."""

    n: IntArray
    key: IntArray
    keys: CellKeys

    def count(self, axes: Sequence[Axis], rows: NDArray[np.bool_]) -> IntArray:
        """The true number and the sum of the keys of every combination of codes, one after the other."""
        shape = tuple(axis.size for axis in axes)
        place = (
            np.ravel_multi_index(tuple(axis.codes[rows] for axis in axes), shape) if axes else np.zeros(rows.sum(), int)
        )
        total = np.zeros((2, int(np.prod(shape))), dtype=np.int64)
        np.add.at(total[0], place, self.n[rows])
        np.add.at(total[1], place, self.key[rows])
        return total.reshape(2, *shape)

    def show(self, axes: Sequence[Axis], rows: NDArray[np.bool_]) -> IntArray:
        """Every combination of codes as it is shown, 0 where it is not."""
        return self.keys.show(*self.count(axes, rows))


def axis_of(variable: Variable, tally: pd.DataFrame) -> Axis:
    """The codes of a coded column or of an event."""
    column = tally[variable.name]
    if variable.is_coded:
        values: list[Any] = [*column.cat.categories, None]
        codes = column.cat.codes.to_numpy(np.int64)
    else:
        values, codes = [0.0, 1.0, None], column.fillna(-1).to_numpy(np.int64)
    return Axis(variable.name, np.where(codes < 0, len(values) - 1, codes), values, np.ones(len(values), dtype=bool))


def merge_bins(
    variable: Variable, tally: pd.DataFrame, rows: Rows, outcomes: Sequence[Axis], known: NDArray[np.bool_]
) -> Axis:
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
    return Axis(variable.name, codes, [*limits, None], np.ones(len(limits) + 1, dtype=bool))


def _can_be_shown(outcomes: Sequence[Axis], rows: Rows, inside: NDArray[np.bool_]) -> bool:
    shown = rows.show(outcomes, inside)
    return bool(shown[_known_of(outcomes)].all())


def _known_of(outcomes: Sequence[Axis]) -> tuple[Any, ...]:
    """The combinations of outcomes that are known: a missing value is the last code."""
    return tuple(slice(0, axis.size - 1) for axis in outcomes)


def hide_rare(
    groups: Sequence[Axis],
    outcomes: Sequence[Axis],
    rows: Rows,
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


def to_frame(found: Mapping[str, Any], tally: pd.DataFrame, keys: CellKeys, counted: type = np.int64) -> pd.DataFrame:
    """A frame of the columns and types of a tally, sorted as it is, that says what noise is in it."""
    names = [str(name) for name in tally.columns if name not in ("n", KEY)]
    values: dict[str, Any] = {}
    for name in names:
        dtype: Any = tally[name].dtype
        is_coded = isinstance(dtype, pd.CategoricalDtype)
        values[name] = pd.Categorical(found[name], dtype=dtype) if is_coded else np.array(found[name], dtype=float)
    frame = pd.DataFrame(values)
    frame["n"] = np.array(found["n"], dtype=counted)
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
