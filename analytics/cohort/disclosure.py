"""Disclosure control: a tally made from cells alone, each a set of patients with the noise of its key.

A cell is shown if its number, with and without noise, is not below the smallest cell; where one is not, the level goes that it
is of. Times are told by cumulative numbers on a grid of months or quarters, each of them a cell; other numbers by the bins of a
published grid. Whatever is computed from a tally (curve, test, sentence, file) can say no more than its cells do.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from analytics.cohort.cells import Axis, Rows, axis_of, hide_rare, merge_bins, to_frame, without_levels
from analytics.cohort.cells import Hidden as Hidden
from analytics.cohort.cells import SuppressedError as SuppressedError
from analytics.cohort.engine import KEY
from analytics.cohort.joint import fit_combinations
from analytics.cohort.perturbation import CellKeys, IntArray
from analytics.dictionary import DAYS_PER_MONTH, Dictionary, load_words

MOST_GROUPING = 2  # coded columns, outcomes aside, whose every combination is counted
MONTHLY_FROM = 500  # patients from which times are told by the month, not the quarter
MOST_MONTHS = 600
MOST_PLACES = 10  # over which the patients of a bin are spread


def say_too_few(smallest: int) -> str:
    """Why a selection is not answered, in the same words for a few and for none."""
    some = load_words().plural
    return (
        f"fewer than {smallest} {some}, or none, are selected, or are left out by one of the filters, or have one of the chosen "
        "levels or lie next to a chosen limit"
    )


def protect_tally(
    tally: pd.DataFrame,
    dictionary: Dictionary,
    keys: CellKeys,
    *,
    whole: bool = False,
    main_effects: bool = False,
    chosen: Collection[str] = (),
) -> tuple[pd.DataFrame, tuple[Hidden, ...]]:
    """A tally in which every number of patients is that of a cell with its noise.

    Parameters
    ----------
    tally
        Distinct combinations with their number ``n`` and the sum of their keys.
    whole
        True where what remains would be biased if a level were left out: nothing is shown then.
    main_effects
        True for a model of main effects, whose combinations may be made up (see `joint`).
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
    rows = Rows(tally["n"].to_numpy(np.int64), tally[KEY].to_numpy(np.int64), keys)
    variables = [dictionary[str(name)] for name in tally.columns if name not in ("n", KEY)]
    of_kind = {kind: [v for v in variables if v.kind == kind] for kind in ("duration", "continuous")}
    causes = {endpoint.cause for endpoint in dictionary.competing}
    outcomes = [v for v in variables if v.kind == "event" or v.name in causes]
    groups = [v for v in variables if v.is_coded and v not in outcomes]
    if not variables:
        return to_frame({"n": rows.show([], np.ones(len(tally), dtype=bool)).reshape(1)}, tally, keys), ()
    if len(of_kind["duration"]) > 1 or (whole and of_kind["duration"]):
        labels = " and ".join(v.label.lower() for v in of_kind["duration"])
        raise SuppressedError(f"{labels} are asked for together, {load_words().noun} by {load_words().noun}")
    numbers = of_kind["continuous"]
    if main_effects and len(outcomes) == 1 and len(groups) + len(numbers) > 1 and not of_kind["duration"]:
        return fit_combinations(tally, rows, outcomes[0], [*groups, *numbers], chosen)
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
    of_outcome = [axis_of(v, tally) for v in outcomes]
    of_group = [axis_of(v, tally) for v in groups]
    of_group += [merge_bins(v, tally, rows, of_outcome, known) for v in numbers]
    hide_rare(of_group, of_outcome, rows, known, chosen)
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
    return without_levels(to_frame(found, tally, keys), hidden), hidden


def _combinations(groups: Sequence[Axis], outcomes: Sequence[Axis]) -> Iterator[tuple[int, ...]]:
    codes = [np.flatnonzero(axis.alive).tolist() for axis in groups]
    yield from product(*codes, *(range(axis.size - 1) for axis in outcomes))


def _named(axes: Sequence[Axis], codes: Sequence[int]) -> dict[str, Any]:
    return {axis.name: axis.values[code] for axis, code in zip(axes, codes, strict=True)}


def _list_cells(
    groups: Sequence[Axis], outcomes: Sequence[Axis], rows: Rows, known: NDArray[np.bool_]
) -> Iterator[dict[str, Any]]:
    axes = [*groups, *outcomes]
    shown = rows.show(axes, known)
    for codes in _combinations(groups, outcomes):
        yield {**_named(axes, codes), "n": shown[codes]}


def _list_unknown(
    groups: Sequence[Axis], outcomes: Sequence[Axis], rows: Rows, unknown: NDArray[np.bool_]
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
    groups: Sequence[Axis],
    outcomes: Sequence[Axis],
    rows: Rows,
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
