"""Times to an event, or to the first of several, read and checked for every estimator of survival."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.results import FloatArray, Reason

IntArray = NDArray[np.intp]
BoolArray = NDArray[np.bool_]
EVERYONE = "everyone"
NO_PATIENTS = Reason("no-patients")
AT_RISK = "at risk"  # whom an estimate at a time counts
# Two times closer than this share of the mean time (or than this) are one time, and a probability this close to a
# quantile has reached it: computed in floating point, equal quantities differ by less.
TOLERANCE = math.sqrt(np.finfo(np.float64).eps)


@dataclass(frozen=True, slots=True)
class Labels:
    """A label per row: ``codes`` index ``names``, which keep the order of the groups; a name may have no row."""

    codes: IntArray
    names: tuple[str, ...]

    @classmethod
    def from_values(cls, name: str, values: Any, kept: BoolArray) -> Labels:
        """The labels of the rows that are ``kept``.

        A pandas Categorical keeps its category order and its empty categories; other values are sorted (numbers by
        value, text alphabetically) and only those that occur in kept rows count.

        Raises
        ------
        ValueError
            If the length differs from that of ``kept``, a label is missing in a kept row, labels cannot be sorted, or
            two of them read alike.
        """
        if isinstance(values, pd.Series | pd.Index):
            values = values.array
        if not isinstance(values, pd.Categorical):
            values = np.asarray(values)
            if values.ndim != 1:
                raise ValueError(f"{name} must have one dimension: it has {values.ndim}.")
        if len(values) != len(kept):
            raise ValueError(f"{name} must have one value per row: it has {len(values)} for {len(kept)} times.")
        if isinstance(values, pd.Categorical):
            codes = np.asarray(values.codes)[kept]
            levels = values.categories
        else:
            codes, levels = pd.factorize(values[kept], sort=False)
            try:
                order = np.argsort(levels, kind="stable")
            except TypeError as error:
                raise ValueError(
                    f"{name} mixes kinds of values that have no order. Give text, numbers or a pandas Categorical."
                ) from error
            levels = levels[order]
            rank = np.empty(len(order), dtype=np.intp)
            rank[order] = np.arange(len(order))
            codes = np.where(codes < 0, -1, rank[codes]) if len(order) else codes
        if (missing := codes < 0).any():
            row = int(np.flatnonzero(kept)[np.flatnonzero(missing)[0]])
            raise ValueError(
                f"{name} must be known: it is missing in {missing.sum()} of {len(codes)} rows (first at row {row}). "
                "Leave those patients out and say how many they are."
            )
        names = tuple(str(level) for level in levels)
        if len(set(names)) < len(names):
            raise ValueError(f"{name} has different values that read alike: {', '.join(names)}.")
        return cls(codes.astype(np.intp, copy=False), names)


@dataclass(frozen=True, slots=True)
class Observations:
    """Checked times to an event, one entry per row with a positive weight; ``kept`` marks those rows of the input.

    ``event`` is 1 or 0, ``weight`` a whole number of patients; a row is at risk in (``entry``, ``time``], from the
    start where ``entry`` is None.
    """

    time: FloatArray
    event: FloatArray
    weight: FloatArray
    entry: FloatArray | None
    kept: BoolArray

    @property
    def n(self) -> int:
        """Patients."""
        return int(self.weight.sum())

    @classmethod
    def from_arrays(cls, time: Any, event: Any, weight: Any = None, entry: Any = None) -> Observations:
        """The checked observations, with times merged that differ by rounding only.

        Two neighbouring times are merged into the earlier one where they differ by at most 1.5e-8, absolutely or as a
        share of the mean distinct time, as ``timefix`` does in R's survival package (Therneau, 2023).

        Raises
        ------
        ValueError
            If lengths differ, a time or an entry is not finite or negative, an event is not 0 or 1, a weight is not a
            whole number >= 0, or an entry is not before its time.
        """
        times = read_numbers("time", time)
        _check_length("event", events := read_numbers("event", event), times)
        require(
            "time",
            "finite and >= 0",
            times,
            np.isfinite(times) & (times >= 0),
            "Check that no date precedes the start.",
        )
        _check_events(events)
        weights = np.ones(len(times)) if weight is None else read_numbers("weight", weight)
        _check_length("weight", weights, times)
        require(
            "weight",
            "a whole number of patients >= 0",
            weights,
            np.isfinite(weights) & (weights >= 0) & (weights == np.floor(weights)),
            "A weight says how many patients share the row; weights that balance groups need another variance.",
        )
        entries = None
        if entry is not None:
            entries = read_numbers("entry", entry)
            _check_length("entry", entries, times)
            require("entry", "finite and >= 0", entries, np.isfinite(entries) & (entries >= 0), "Use 0 for no delay.")
        kept = weights > 0
        if not kept.all():
            times, events, weights = times[kept], events[kept], weights[kept]
            entries = None if entries is None else entries[kept]
        if entries is None:
            times = _merge_times(times)
        else:
            merged = _merge_times(np.concatenate([times, entries]))
            times, entries = merged[: len(times)], merged[len(times) :]
            require(
                "entry",
                "before time",
                entries,
                entries < times,
                "Who enters and leaves at the same moment was never at risk: leave them out or mend the dates.",
                np.flatnonzero(kept),
            )
        return cls(times, events, weights, entries, kept)


@dataclass(frozen=True, slots=True)
class CompetingObservations:
    """Checked times to the first of several causes, one entry per row with a positive weight.

    ``cause`` is 0 for censored, otherwise the number of the cause; ``data`` holds times, weights, entries and the rows
    kept, with ``event`` 1 for any cause.
    """

    data: Observations
    cause: NDArray[np.intp]

    @classmethod
    def from_arrays(cls, time: Any, cause: Any, weight: Any = None, entry: Any = None) -> CompetingObservations:
        """The checked observations; times are read as for Kaplan–Meier.

        Raises
        ------
        ValueError
            If a cause is not a whole number >= 0, or as for :meth:`Observations.from_arrays`.
        """
        values = cause.array if isinstance(cause, pd.Series | pd.Index) else cause
        try:
            causes = np.asarray(pd.Series(values).to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)
        except (TypeError, ValueError):
            raise ValueError(
                "cause must hold whole numbers: it holds text or other values. Code censored as 0 and the causes as "
                "1, 2, …, and name them in causes."
            ) from None
        is_right = np.isfinite(causes) & (causes >= 0) & (causes == np.floor(causes)) & (causes < 1e6)
        if not is_right.all():
            row = int(np.argmin(is_right))
            wrong = len(causes) - int(is_right.sum())
            raise ValueError(
                f"cause must be a whole number >= 0: {wrong} of {len(causes)} {'value is' if wrong == 1 else 'values are'} "
                f"not (first at row {row}: {causes[row]:g}). Code censored as 0 and the causes as 1, 2, …; leave out "
                "patients with an unknown status."
            )
        if len(causes) != (rows := np.size(time)):
            raise ValueError(f"cause must have one value per row: it has {len(causes)} for {rows} times.")
        data = Observations.from_arrays(time, causes > 0, weight, entry)
        return cls(data, causes[data.kept].astype(np.intp))


def check_cause(of: int) -> None:
    """An error unless ``of`` can be the number of a cause.

    Raises
    ------
    ValueError
        If it is not a whole number >= 1.
    """
    if isinstance(of, bool) or not isinstance(of, int | np.integer) or of < 1:
        raise ValueError(f"of must be the number of a cause (1, 2, …): it is {of!r}. 0 means censored.")


def time_tolerance(distinct: FloatArray) -> float:
    """How far apart two of these times may lie and still count as the same; 0 without times."""
    return TOLERANCE * max(1.0, float(distinct.mean())) if len(distinct) else 0.0


def _merge_times(times: FloatArray) -> FloatArray:
    distinct, position = np.unique(times, return_inverse=True)
    is_new = np.concatenate([[True], np.diff(distinct) > time_tolerance(distinct)])
    if len(distinct) == 0 or is_new.all():
        return times
    return np.asarray(distinct[is_new][np.cumsum(is_new)[position] - 1])


def read_numbers(name: str, values: Any) -> FloatArray:
    """The values as a row of floats, missing ones NaN; an error that names them if they are not numbers."""
    if isinstance(values, pd.Series | pd.Index):
        values = values.array
    if isinstance(values, pd.api.extensions.ExtensionArray) and not isinstance(values, pd.Categorical):
        array = values.to_numpy(dtype=object, na_value=np.nan) if values.dtype.kind in "biuf" else np.asarray(values)
    else:
        array = np.asarray(values)
    is_text = array.dtype.kind in "SUmM" or (array.dtype == object and any(isinstance(v, str) for v in array.flat))
    try:
        numbers = None if is_text else array.astype(np.float64)
    except (TypeError, ValueError):
        numbers = None
    if numbers is None:
        raise ValueError(f"{name} must hold numbers: it holds {array.dtype.name}. Convert it first.")
    if numbers.ndim > 1:
        raise ValueError(f"{name} must have one dimension: it has {numbers.ndim}.")
    return numbers


def _check_length(name: str, values: FloatArray, times: FloatArray) -> None:
    if len(values) != len(times):
        raise ValueError(f"{name} must have one value per row: it has {len(values)} for {len(times)} times.")


def require(
    name: str, what: str, values: FloatArray, is_right: BoolArray, remedy: str, rows: IntArray | None = None
) -> None:
    """An error that counts the values that are not ``is_right``, and says what they must be and what to do."""
    if is_right.all():
        return
    first = int(np.argmin(is_right))
    row = first if rows is None else int(rows[first])
    n = len(values) - int(is_right.sum())
    verb = "value is" if n == 1 else "values are"
    raise ValueError(
        f"{name} must be {what}: {n} of {len(values)} {verb} not (first at row {row}: {values[first]:g}). {remedy}"
    )


def _check_events(events: FloatArray) -> None:
    is_right = (events == 0) | (events == 1)
    if is_right.all():
        return
    if set(np.unique(events)) <= {1.0, 2.0}:
        remedy = "These look like 1 = censored and 2 = event: subtract 1."
    else:
        remedy = (
            "Code the event as 1, follow-up that ended without it as 0, and leave out patients with an unknown status."
        )
    require("event", "0 or 1", events, is_right, remedy)
